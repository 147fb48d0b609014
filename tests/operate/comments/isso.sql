-- comments.db as Isso makes it (its `isso/db`), as `sqlite3 comments.db .dump` writes it.
PRAGMA user_version = 5;
CREATE TABLE preferences (    key VARCHAR PRIMARY KEY, value VARCHAR);
INSERT INTO preferences VALUES('session-key','0123456789abcdef0123456789abcdef');
CREATE TABLE threads (    id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256));
INSERT INTO threads VALUES(1,'/articles/pain/','Le pain au levain');
INSERT INTO threads VALUES(2,'/articles/café/','Le café');
CREATE TABLE comments (    tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER,    created FLOAT NOT NULL, modified FLOAT, mode INTEGER, remote_addr VARCHAR,    text VARCHAR NOT NULL, author VARCHAR, email VARCHAR, website VARCHAR,    likes INTEGER DEFAULT 0, dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL,    notification INTEGER DEFAULT 0);
INSERT INTO comments VALUES(1,1,NULL,1393668000.25,NULL,1,'198.51.0.0','Bonjour **à tous** : `a < b`','Hugo','hugo@lecteur.example','https://hugo.example',2,0,X'00',0);
INSERT INTO comments VALUES(1,2,1,1393668100.5,1393669000.0,1,'198.51.0.0','Merci !',NULL,NULL,NULL,0,0,X'00',0);
INSERT INTO comments VALUES(1,3,NULL,1393668200.0,NULL,4,'198.51.0.0','',NULL,NULL,NULL,0,0,X'00',0);
INSERT INTO comments VALUES(1,4,3,1393668300.0,NULL,1,'198.51.0.0','<p>Venu de Disqus, <em>autrefois</em>.</p>','Ida','ida@lecteur.example',NULL,0,0,X'00',0);
INSERT INTO comments VALUES(1,5,3,1393668400.0,NULL,2,'198.51.0.0','En attente','Jean',NULL,NULL,0,0,X'00',0);
INSERT INTO comments VALUES(2,6,NULL,1393668500.0,NULL,1,'198.51.0.0','Un café ?','Karl',NULL,NULL,0,0,X'00',0);
CREATE TRIGGER remove_stale_threads AFTER DELETE ON comments BEGIN     DELETE FROM threads WHERE id NOT IN (SELECT tid FROM comments); END;
