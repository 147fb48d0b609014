"""Exports from other versions, other tools and broken downloads: read as a whole, or refused with an explanation."""

import gzip
import re
import sqlite3
from contextlib import closing, suppress
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guichet.comments import markdown
from infra.operate.comments_markdown import markdown_of
from infra.operate.comments_pages import pages_of_sitemap
from infra.operate.comments_sources import Markup, Post, source_of
from infra.operate.connection import OperatorError
from tests.support.app import App, isolated, resolve
from tests.support.discussion import Discussion
from tests.support.imported_comments import CAFE, DISQUS, PAIN, SITEMAP, WORDPRESS, outline, thread, words
from tests.support.operate import Operate

MAP = ("--map", "ancien.example/2014/03/*=/articles/*")
WXR = WORDPRESS.read_text(encoding="utf-8")


def read(folder: Path, content: bytes) -> list[Post]:
    """Return the comments of a file with some content."""
    path = folder / "file"
    path.write_bytes(content)
    return list(source_of(path).posts())


def refused(folder: Path, content: bytes) -> str:
    """Return the error with which a file with some content is refused."""
    with pytest.raises(OperatorError) as error:
        read(folder, content)
    return str(error.value)


def declared(encoding: str) -> str:
    """Return WordPress's export as if it were in an encoding."""
    return re.sub('encoding="[^"]*"', f'encoding="{encoding}"', WXR, count=1)


def test_with_pending_nothing_is_public_until_it_is_approved_and_then_all_is_in_its_place(
    discussion: Discussion, operate: Operate
) -> None:
    """Disqus's export does not say which comments are pending there."""
    app = discussion.app
    told = operate(app, "comments", "import", str(DISQUS), "--pending", "--json")
    assert told.rows[-1]["imported"] == len(app.items("comment"))
    assert {item["state"] for item in app.items("comment")} == {"pending"}
    assert outline(app, PAIN) == []
    assert operate(app, "comments", "import", str(DISQUS), "--json").rows[-1]["imported"] == 0
    ids = [item["id"] for item in app.items("comment")]
    operate(app, "comments", "approve", *ids)
    approved = outline(app, PAIN)
    with isolated():
        other = App(resolve())
        operate(other, "comments", "import", str(DISQUS))
        assert approved == outline(other, PAIN) != []


# --- WordPress --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["https://wordpress.org/export/1.2/", "http://wordpress.org/export/1.0"])
def test_the_other_ways_to_write_wordpresss_namespace_are_known(tmp_path: Path, namespace: str) -> None:
    """The test data of WordPress's themes says https. An unknown one would look like an export without comments."""
    text = re.sub('xmlns:wp="[^"]*"', f'xmlns:wp="{namespace}"', WXR)
    assert f'"{namespace}"' in text
    assert read(tmp_path, text.encode()) == list(source_of(WORDPRESS).posts())


def test_a_feed_is_no_export_without_comments(tmp_path: Path) -> None:
    feed = b"<rss version='2.0'><channel><link>https://x.example</link><item><link>/a/</link></item></channel></rss>"
    assert "Tools, Export" in refused(tmp_path, feed)


@pytest.mark.parametrize(
    "before",
    ["\n\n", "\ufeff", "\ufeff \n", "<br />\n<b>Warning</b>: Undefined variable in <b>/x.php</b> on line 3<br />\n"],
)
def test_what_wordpress_says_before_the_document_is_skipped(tmp_path: Path, before: str) -> None:
    """Plug-ins and themes print blank lines and warnings, and XML allows neither before its declaration."""
    assert read(tmp_path, (before + WXR).encode()) == list(source_of(WORDPRESS).posts())
    told = refused(tmp_path, (before + WXR.replace("</title>", "</titel>", 1)).encode())
    line = 1 + (before + WXR).partition("</title>")[0].count("\n")
    assert f"line {line}: mismatched tag" in told


def test_a_declaration_of_xml_in_a_text_is_text(tmp_path: Path) -> None:
    text = WXR.partition("?>")[2].replace("Une nuit.", "Une <?xml version='1.0'?> nuit.")
    assert len(read(tmp_path, text.encode())) == len(list(source_of(WORDPRESS).posts()))


def test_ids_that_begin_anew_on_each_page_are_told_apart(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    """WordPress numbers all its comments. Tools that write its format, for Disqus to read, often do not."""
    comment = (
        "<wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_author>{name}</wp:comment_author>"
        "<wp:comment_date_gmt>2014-03-01 10:0{id}:00</wp:comment_date_gmt><wp:comment_content>a</wp:comment_content>"
        "<wp:comment_approved>1</wp:comment_approved><wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"
    )
    rows = [(1, "0"), (2, "1"), (3, "0"), (4, "3")]
    items = "".join(
        f"<item><link>https://x.example/{page}/</link>"
        + "".join(comment.format(id=one, name=f"{page}{one}", parent=parent) for one, parent in rows)
        + "</item>"
        for page in "ab"
    )
    path = tmp_path / "export.xml"
    path.write_text(f'<rss xmlns:wp="http://wordpress.org/export/1.0/"><channel>{items}</channel></rss>', "utf-8")
    said = operate(discussion.app, "comments", "import", str(path), "--json")
    assert words(said)["imported"] == 8
    assert outline(discussion.app, "/a/") == [("a1", ["a2"]), ("a3", ["a4"])]
    assert outline(discussion.app, "/b/") == [("b1", ["b2"]), ("b3", ["b4"])]
    assert words(operate(discussion.app, "comments", "import", str(path), "--json"))["already"] == 8


def test_the_reviews_of_a_shop_are_comments(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    path = tmp_path / "shop.xml"
    path.write_text(WXR.replace("pingback", "review"), encoding="utf-8")
    before = words(operate(discussion.app, "comments", "import", str(WORDPRESS), *MAP, "--dry-run", "--json"))
    after = words(operate(discussion.app, "comments", "import", str(path), *MAP, "--dry-run", "--json"))
    assert after["imported"] == before["imported"] + before["left_out"]["pingback"]


# --- Disqus -----------------------------------------------------------------------------------------------------------


def test_posts_may_stand_before_their_threads(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    """Disqus writes threads first. Other tools that write its format, or add to it, do not always do so."""
    text = DISQUS.read_text(encoding="utf-8")
    posts = re.findall(r"<post .*?</post>", text, re.DOTALL)
    rest = re.sub(r"<post .*?</post>", "", text, flags=re.DOTALL)
    path = tmp_path / "mixed.xml"
    path.write_text(re.sub(r"(<disqus[^>]*>)", lambda root: root[1] + "".join(posts), rest), encoding="utf-8")
    assert [post.id for post in source_of(path).posts()] == [post.id for post in source_of(DISQUS).posts()]
    assert list(source_of(path).posts()) == list(source_of(DISQUS).posts())
    operate(discussion.app, "comments", "import", str(path))
    assert outline(discussion.app, PAIN)[0] == ("Aurélie Géraud", ["Atelier Bellevue", "Chloé", "Bruno"])


def test_a_post_without_disquss_id_has_the_sites(tmp_path: Path) -> None:
    text = DISQUS.read_text(encoding="utf-8")
    assert '<post dsq:id="1001">' in text
    found = read(tmp_path, text.replace('<post dsq:id="1001">', "<post><id>wp-7</id>").encode())
    assert [post.id for post in found][:2] == ["own wp-7", [*source_of(DISQUS).posts()][1].id]


def test_a_post_that_names_no_thread_is_of_no_page(tmp_path: Path) -> None:
    """It is not of the page without a Disqus id, in the format of its manual's sample."""
    post = "<message>m</message><createdAt>2014-03-01T10:00:00Z</createdAt>"
    text = (
        '<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">'
        "<thread><id>7</id><link>https://x.example/a/</link></thread><thread><link>https://x.example/b/</link></thread>"
        f"<post><id>1</id>{post}<thread>7</thread></post><post><id>2</id>{post}</post>"
        f'<post dsq:id="3">{post}<thread/></post><post dsq:id="4">{post}<thread dsq:id="9"/></post></disqus>'
    )
    assert [one.address for one in read(tmp_path, text.encode())] == ["https://x.example/a/", "", "", ""]


def test_the_sample_of_disquss_manual_names_threads_and_parents_by_their_own_ids(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    path = tmp_path / "sample.xml"
    path.write_text(
        """<?xml version="1.0"?>
        <disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
        <category dsq:id="1"><forum>dev</forum><title>General</title></category>
        <thread dsq:id="2"><id>1</id><link>https://x.example/a/</link><title/><message/></thread>
        <thread dsq:id="1"><id>9</id><link>https://x.example/b/</link><title/><message/></thread>
        <post><id>7</id><message>a</message><thread>1</thread><createdAt>2012-12-12T12:12:12</createdAt>
        <author><name>A</name></author></post>
        <post><id>8</id><message>b</message><parent>7</parent><thread>1</thread>
        <createdAt>2012-12-12T12:12:13</createdAt><author><name>B</name></author></post>
        </disqus>""",
        encoding="utf-8",
    )
    operate(discussion.app, "comments", "import", str(path))
    assert outline(discussion.app, "/a/") == [("A", ["B"])]
    assert thread(discussion.app, "/a/")[0]["time"] == "2012-12-12T12:12:12+00:00"


# --- Isso -------------------------------------------------------------------------------------------------------------


def change(path: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement, values in statements:
            database.execute(statement, values)
        database.commit()


def test_isso_keeps_names_and_addresses_as_html(discussion: Discussion, operate: Operate, isso: Path) -> None:
    change(
        isso, ("UPDATE comments SET author = ?, email = ? WHERE id = 1", ("Tom &amp; Léa &lt;3", "a&amp;b@x.example"))
    )
    operate(discussion.app, "comments", "import", str(isso))
    assert thread(discussion.app, PAIN)[0]["name"] == "Tom & Léa <3"
    (kept,) = [item for item in discussion.app.items("comment") if item["name"] == "Tom & Léa <3"]
    assert kept["email"] == "a&b@x.example"


@pytest.mark.parametrize("rule", ["mt:1949=/articles/pain/", "mt:*=/articles/pain/*"])
def test_a_page_of_isso_may_be_called_anything(discussion: Discussion, operate: Operate, isso: Path, rule: str) -> None:
    """A page that sets `data-isso-id` is identified by it, not by its path."""
    change(isso, ("UPDATE threads SET uri = 'mt:1949' WHERE id = 2", ()))
    said = operate(discussion.app, "comments", "import", str(isso), "--dry-run", "--json")
    assert words(said)["unmatched"] == {"mt:1949": 1}
    said = operate(discussion.app, "comments", "import", str(isso), "--map", rule, "--dry-run", "--json")
    assert words(said)["unmatched"] == {}


# As Isso made it until version 0.12.
EARLY = (
    "CREATE TABLE comments (tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT NOT NULL,"
    " modified FLOAT, text VARCHAR, author VARCHAR, email VARCHAR, website VARCHAR, mode INTEGER, remote_addr VARCHAR,"
    " likes INTEGER DEFAULT 0, dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL)"
)


def test_a_database_of_an_early_isso_has_three_levels_and_fewer_columns(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    path = tmp_path / "comments.db"
    rows = [(1, None, 1), (2, 1, 1), (3, 2, 1), (4, 3, 2), (5, None, 4), (6, 5, 1)]
    change(
        path,
        ("CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR UNIQUE, title VARCHAR)", ()),
        (EARLY, ()),
        ("INSERT INTO threads VALUES (1, '/articles/pain/', 'Pain')", ()),
        *(
            (
                "INSERT INTO comments (tid, id, parent, created, mode, text, author, voters) VALUES (1,?,?,?,?,?,?,?)",
                (one, parent, 1.4e9 + one, mode, f"Texte {one}" if mode != 4 else None, f"A{one}", b"\xff\x00" * 128),
            )
            for one, parent, mode in rows
        ),
    )  # fmt: skip
    operate(discussion.app, "comments", "import", str(path))
    assert outline(discussion.app, PAIN) == [("A1", ["A2", "A3"]), ("deleted", ["A6"])]


def test_a_comment_of_isso_without_a_thread_is_told(discussion: Discussion, operate: Operate, isso: Path) -> None:
    change(isso, ("UPDATE comments SET tid = 99 WHERE id = 6", ()))
    said = operate(discussion.app, "comments", "import", str(isso), "--json")
    assert said.code == 1
    assert words(said)["unmatched"] == {"": 1}
    assert "(none)" in operate(discussion.app, "comments", "import", str(isso), "--dry-run").out


def test_a_text_of_isso_that_is_no_utf_8_does_not_end_an_import(
    discussion: Discussion, operate: Operate, isso: Path
) -> None:
    change(isso, ("UPDATE comments SET text = CAST(? AS TEXT) WHERE id = 6", (b"caf\xe9",)))
    said = operate(discussion.app, "comments", "import", str(isso), "--json")
    assert said.code == 0, said.told
    assert thread(discussion.app, "/articles/café/")[0]["html"] == "<p>caf\ufffd</p>\n"


def test_a_copy_of_a_database_that_was_cut_is_refused(tmp_path: Path, isso: Path) -> None:
    assert "copied while Isso was writing" in refused(tmp_path, isso.read_bytes()[:5000])


def test_a_database_whose_words_are_no_text_is_refused(tmp_path: Path, isso: Path) -> None:
    """SQLite's own error contains them."""
    content = isso.read_bytes().replace(b"CREATE TABLE comments (", b"CREATE \xff\xff\xff\xff\xff comments (")
    assert content != isso.read_bytes()
    assert "not an Isso database" in refused(tmp_path, content)


# --- encodings and damage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("UTF-8", "utf-16"),
        # A file that an editor has converted keeps its declaration.
        ("UTF-16", "utf-8"),
        ("windows-1252", "cp1252"),
        # Its quotes are those of windows-1252, whatever the declared name.
        ("ISO-8859-1", "cp1252"),
        ("gb18030", "gb18030"),
        ("GBK", "gbk"),
        ("Shift_JIS", "shift_jis"),
    ],
)
def test_an_export_may_be_in_any_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    text = declared(name).replace("Une nuit.", "Une ’nuit’ 一夜 à l’œuvre.")
    found = read(tmp_path, text.encode(encoding, "xmlcharrefreplace"))
    # Characters that an encoding lacks are written as references, which CDATA does not have.
    expected = [unescape(post.text) for post in read(tmp_path, text.encode("utf-16"))]
    assert [unescape(post.text) for post in found] == expected
    assert any("’nuit’ 一夜 à l’œuvre" in text for text in expected)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 65_536])
def test_characters_that_xml_has_not_are_dropped_wherever_a_part_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("infra.operate.comments_sources._CHUNK", size)
    content = WXR.partition("<item>")[0] + "<item>" + WXR.partition("<item>")[2].partition("</item>")[0]
    content += "</item></channel></rss>"
    expected = read(tmp_path, content.encode())
    odd = content.encode().replace(b"Une nuit.", b"Une\x0b\xef\xbf\xbf n\xed\xa0\x80uit.\xef\xbf\xbe")
    assert odd != content.encode()
    if size > 7:
        assert read(tmp_path, odd) == expected
    else:
        # A declaration must stand in the first part.
        body = odd.partition(b"?>")[2].lstrip()
        assert read(tmp_path, body) == expected


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (declared("klingon").encode(), "unknown encoding, klingon"),
        (declared("hex").encode(), "unknown encoding, hex"),
        (declared("idna").encode(), "unknown encoding, idna"),
        (declared("undefined").encode(), "unknown encoding, undefined"),
        (declared("unicode_escape").encode(), "unknown encoding, unicode_escape"),
        (WXR.encode("latin-1", "ignore"), "line 14: that is not utf-8: convert the file to UTF-8"),
        (WXR[: len(WXR) // 2].encode(), "ends too early"),
        (WXR.partition("</rss>")[0].encode(), "ends too early"),
        (gzip.compress(WXR.encode())[:900], "ends too early: download it again"),
        ((WXR + WXR).encode(), "import each export separately"),
        ((WXR + "<br /><b>Notice</b>").encode(), "delete what follows"),
        (WXR.replace("</title>", "a & b</title>", 1).encode(), "line 12: not well-formed"),
        (b"<!DOCTYPE html><html><body>Please sign in", "is a web page"),
        (b'[{"comments": []}]', "neither"),
        (gzip.compress(gzip.compress(WXR.encode())), "neither"),
        (b"\x89PNG\r\n\x1a\n\x00", "neither"),
        (b" \n", "is empty"),
        (gzip.compress(b"<disqus xmlns='http://disqus.com'><!--" + b"x" * 40_000_000), "no comment is that long"),
    ],
)
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path, content: bytes, told: str) -> None:
    assert told in refused(tmp_path, content)


def test_no_damage_of_a_compressed_file_ends_in_a_traceback(tmp_path: Path) -> None:
    whole = gzip.compress(WXR.encode() + bytes(one * one % 251 for one in range(80_000)))
    for place in range(10, len(whole), 997):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        assert refused(tmp_path, bytes(broken))


SAMPLES = [WXR.encode(), DISQUS.read_bytes(), gzip.compress(DISQUS.read_bytes()), WXR.encode("utf-16")]
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 20_000),
        st.integers(0, 40),
        st.binary(max_size=8)
        | st.sampled_from([b"<", b"]]>", b"<!DOCTYPE x>", b"encoding='utf-7'", b"<post>", b"\xff\xfe"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample=st.sampled_from(SAMPLES), changes=CHANGES)
def test_no_change_of_a_file_ends_in_a_traceback(
    tmp_path: Path, sample: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    content = bytearray(sample)
    for place, length, new in changes:
        begin = place % (len(content) + 1)
        content[begin : begin + length] = new
    with suppress(OperatorError):
        assert all(isinstance(post, Post) for post in read(tmp_path, bytes(content)))


# --- texts ------------------------------------------------------------------------------------------------------------


def html_of(text: str, markup: Markup) -> str:
    """Return the HTML made of another tool's text."""
    return markdown.html(markdown_of(text, markup)).replace("\n", "")


def link(address: str, words: str = "") -> str:
    return f'<p><a href="{address}" rel="nofollow ugc noopener">{words or address}</a></p>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # WordPress makes one break of both, and only interprets character references that end in a semicolon.
        ("a<br />\nb<br>\r\nc\n\nd", "<p>a<br>b<br>c</p><p>d</p>"),
        ("R&D &times; &timestamp &#8217;", "<p>R&amp;D × &amp;timestamp ’</p>"),
        (
            "http://x.example/?a=1&region=3&copy=4",
            link("http://x.example/?a=1&amp;region=3&amp;copy=4"),
        ),
        (
            '<a href="http://x.example/?a=1&region=3">x</a>',
            link("http://x.example/?a=1&amp;region=3", "x"),
        ),
        # One emphasis that Markdown lacks, or one email address, does not remove the rest of the formatting.
        (
            "<b>(a)</b>b <code>c</code> <blockquote><em>d</em></blockquote>",
            "<p>(a)b <code>c</code></p><blockquote><p>d</p></blockquote>",
        ),
        ('<a href="mailto:a@x.example">a</a> <em>b</em>', "<p>a <em>b</em></p>"),
    ],
)
def test_texts_of_wordpress_look_as_they_did(text: str, expected: str) -> None:
    assert html_of(text, "lines") == expected


@pytest.mark.parametrize(
    "text",
    [
        '<iframe width="420" src="//videos.example/embed/a_b?x=1" allowfullscreen></iframe>',
        '<iframe src="https://videos.example/embed/a_b?x=1">a browser without frames</iframe>',
        '<object><param name="movie" value="x"></param><embed src="https://videos.example/embed/a_b?x=1"></embed></object>',
        '<video controls><source src="https://videos.example/embed/a_b?x=1" type="video/mp4"></video>',
        '<audio src="https://videos.example/embed/a_b?x=1"/>',
    ],
)
def test_of_what_plays_the_address_is_kept(text: str) -> None:
    """Such a comment often has no other words, and would be lost."""
    assert html_of(text, "lines") == link("https://videos.example/embed/a_b?x=1")
    assert html_of(text.replace("https://videos.example/", "javascript:/").replace("//v", "data:v"), "lines") == ""


def test_pictures_in_the_text_itself_are_not_taken_for_words() -> None:
    assert html_of('<p>a <img src="data:image/png;base64,AAAA"> <img src="/b.png"></p>', "html") == "<p>a  /b.png</p>"


def test_indented_code_of_isso_stays_code() -> None:
    """Comments here have no indented code in their Markdown: it would lose its spaces."""
    assert html_of("a\n\n    b = *c*\n      d\n\ne", "markdown") == (
        "<p>a</p><pre><code>b = *c*  d</code></pre><p>e</p>"
    )
    assert markdown_of("a\n    b", "markdown") == "a\n    b"


# --- sitemaps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [slice(0, 60), slice(0, 20)])
def test_a_damaged_sitemap_of_a_site_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, damage: slice) -> None:
    whole = gzip.compress(SITEMAP.encode())
    flipped = bytearray(whole)
    flipped[30] ^= 0xFF
    for content in (whole[damage], bytes(flipped)):
        answer = urllib3.HTTPResponse(BytesIO(content), status=200, preload_content=False)
        monkeypatch.setattr(urllib3, "request", lambda *_, answer=answer, **__: answer)
        with pytest.raises(OperatorError, match="is damaged"):
            pages_of_sitemap("https://x.example/sitemap.xml.gz")


def test_a_sitemap_may_begin_with_blank_lines(tmp_path: Path) -> None:
    """Sitemaps come from templates, too."""
    path = tmp_path / "sitemap.xml"
    path.write_text("\n\n" + SITEMAP, encoding="utf-8")
    assert pages_of_sitemap(str(path)) == {PAIN, CAFE}
