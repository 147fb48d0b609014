"""`guichet comments import`: comments from elsewhere, each in its place, once."""

import gzip
import json
import sqlite3
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from guichet.comments.plain import HIDDEN
from guichet.store import comments
from infra.operate import comments_import
from infra.operate.comments_sources import source_of
from tests.support.app import App
from tests.support.discussion import Discussion
from tests.support.imported_comments import CAFE, DISQUS, PAIN, SITEMAP, WORDPRESS, outline, thread, words
from tests.support.operate import Operate, Said


@pytest.fixture
def sitemap(tmp_path: Path) -> Path:
    path = tmp_path / "sitemap.xml"
    path.write_text(SITEMAP, encoding="utf-8")
    return path


# --- each tool --------------------------------------------------------------------------------------------------------


def test_disqus_comes_over_with_every_reply_in_its_place(
    discussion: Discussion, operate: Operate, sitemap: Path
) -> None:
    said = operate(
        discussion.app, "comments", "import", str(DISQUS), "--sitemap", str(sitemap),
        "--map", "https://ancien.example/?p=59=/articles/café/", "--json",
    )  # fmt: skip

    assert outline(discussion.app, PAIN) == [
        # The third level is moved to the second, in chronological order.
        ("Aurélie Géraud", ["Atelier Bellevue", "Chloé", "Bruno"]),
        ("deleted", ["David"]),
        # Of one second, as in the file; and from a second thread of the same page.
        ("Élodie", []),
        ("Fanny <b>", []),
    ]
    assert outline(discussion.app, "/articles/café/") == [("Gilles", [])]
    first = thread(discussion.app, PAIN)[0]
    assert first["time"] == "2014-03-01T09:00:00+00:00"
    assert first["html"] == (
        "<p>Merci pour <em>cette</em> recette&nbsp;!</p>\n"
        '<p>Voir <a href="https://pain.example/levain/naturel/" rel="nofollow ugc noopener">'
        "https://pain.example/levain/naturel/</a></p>\n"
    )
    everything = json.dumps(thread(discussion.app, PAIN))
    assert "alert" not in everything
    assert "lecteur.example" not in everything
    # Comments without a page are reported, and not imported.
    assert said.code == 1
    assert words(said)["unmatched"] == {"http://localhost:4000/brouillon/": 1}
    assert words(said)["left_out"] == {"deleted": 1, "spam": 1}
    assert words(said)["imported"] == 8
    kept = next(item for item in discussion.app.items("comment") if item["name"] == "Aurélie Géraud")
    assert (kept["email"], kept["state"], kept["imported"]) == ("aurelie@lecteur.example", "approved", "disqus:1001")
    assert "198.51.100.7" not in json.dumps(discussion.app.items(), default=str)


def test_wordpress_comes_over_with_every_reply_in_its_place(discussion: Discussion, operate: Operate) -> None:
    said = operate(
        discussion.app, "comments", "import", str(WORDPRESS), "--map", "ancien.example/2014/03/*=/articles/*", "--json"
    )

    assert outline(discussion.app, PAIN) == [("Tom & Léa", ["Atelier Bellevue", "Léa"])]
    first = thread(discussion.app, PAIN)[0]
    assert first["html"] == (
        "<p>Bonjour,<br>\nune <strong>question</strong> :</p>\n<p>1. combien de temps ?</p>\n"
        "<blockquote>\n<p>24 heures</p>\n</blockquote>\n"
    )
    assert first["time"] == "2014-03-01T10:00:00+00:00"
    assert words(said)["left_out"] == {
        "trash": 1, "pingback": 1, "spam": 1, "page is private": 1, "page has a password": 1
    }  # fmt: skip
    assert words(said)["unmatched"] == {"": 1}
    assert said.code == 1
    # A comment that was pending there is pending here, and keeps its place: the comment that it answers is gone.
    (waiting,) = [item for item in discussion.app.items("comment") if item["state"] == "pending"]
    assert waiting["name"] == "Marc"
    discussion.approve(waiting["id"])
    assert outline(discussion.app, PAIN) == [("Tom & Léa", ["Atelier Bellevue", "Léa"]), ("deleted", ["Marc"])]


def test_isso_comes_over_with_every_reply_in_its_place(discussion: Discussion, operate: Operate, isso: Path) -> None:
    before = isso.read_bytes()
    said = operate(discussion.app, "comments", "import", str(isso), "--json")

    assert said.code == 0, said.err
    assert outline(discussion.app, PAIN) == [("Hugo", ["Anonyme"]), ("deleted", ["Ida"])]
    assert outline(discussion.app, CAFE) == [("Karl", [])]
    first, second = thread(discussion.app, PAIN)
    assert first["html"] == "<p>Bonjour <strong>à tous</strong> : <code>a &lt; b</code></p>\n"
    assert second["replies"][0]["html"] == "<p>Venu de Disqus, <em>autrefois</em>.</p>\n"
    assert first["time"] == "2014-03-01T10:00:00+00:00"
    (waiting,) = [item for item in discussion.app.items("comment") if item["state"] == "pending"]
    discussion.approve(waiting["id"])
    assert outline(discussion.app, PAIN)[1] == ("deleted", ["Ida", "Jean"])
    assert isso.read_bytes() == before


# --- importing once, and changes since
# -------------------------------------------------------------------------------------


def imports(isso: Path) -> list[list[str]]:
    return [[str(DISQUS)], [str(WORDPRESS)], [str(isso)]]


def test_done_twice_it_changes_nothing_and_nobody_is_written_to(
    discussion: Discussion, operate: Operate, isso: Path
) -> None:
    for given in imports(isso):
        first = words(operate(discussion.app, "comments", "import", *given, "--json"))
        before = discussion.app.items()
        again = words(operate(discussion.app, "comments", "import", *given, "--json"))
        assert discussion.app.items() == before
        assert (again["imported"], again["already"]) == (0, first["imported"])
    discussion.app.play_stream()
    discussion.app.sweep()
    assert discussion.app.mails() == []
    assert discussion.app.items("email") == []


def test_what_the_owner_did_since_stays_done(discussion: Discussion, operate: Operate, isso: Path) -> None:
    operate(discussion.app, "comments", "import", str(isso))
    (hugo,) = [item["id"] for item in discussion.app.items("comment") if item["name"] == "Hugo"]
    (jean,) = [item["id"] for item in discussion.app.items("comment") if item["name"] == "Jean"]
    discussion.withdraw(hugo)
    discussion.approve(jean)
    before = thread(discussion.app, PAIN)
    operate(discussion.app, "comments", "import", str(isso))
    assert thread(discussion.app, PAIN) == before
    assert discussion.read(hugo).state == "refused"


def test_a_thread_that_changes_during_a_long_import_never_looks_as_it_did_before(
    discussion: Discussion, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export decides by the time of its last change whether it must read it again."""
    real, seen = comments.bring, []

    def bring(*given: Any, **more: Any) -> None:
        real(*given, **more)
        (thread,) = comments.threads("table")
        seen.append(thread.changed_at)

    monkeypatch.setattr(comments, "bring", bring)
    operate(discussion.app, "comments", "import", str(large(tmp_path, 75)))
    assert len(seen) == 4
    assert seen == sorted(set(seen))


def test_an_interrupted_import_is_simply_run_again(
    discussion: Discussion, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments_import, "_BLOCK", 3)
    real, count = comments.bring, [0]

    def stops(*given: Any, **more: Any) -> None:
        count[0] += 1
        if count[0] == 3:
            raise KeyboardInterrupt
        real(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(comments, "bring", stops)
        assert operate(discussion.app, "comments", "import", str(DISQUS)).code == 130
    operate(discussion.app, "comments", "import", str(DISQUS))
    # The file spells the page with a slash at its end, and without.
    for page in (PAIN, PAIN.rstrip("/")):
        assert outline(discussion.app, page) == [
            ("Aurélie Géraud", ["Atelier Bellevue", "Chloé", "Bruno"]), ("deleted", ["David"]), ("Élodie", []),
            ("Fanny <b>", []),
        ]  # fmt: skip
    assert len(discussion.app.items("thread")) == 2


def test_a_dry_run_counts_by_page_and_writes_nothing(discussion: Discussion, operate: Operate, sitemap: Path) -> None:
    said = operate(discussion.app, "comments", "import", str(DISQUS), "--sitemap", str(sitemap), "--dry-run", "--json")
    assert said.code == 1
    assert said.rows[0] == {"page": PAIN, "approved": 7, "pending": 0, "already": 0, "replies": 4}
    assert words(said)["unmatched"] == {"https://ancien.example/?p=59": 1, "http://localhost:4000/brouillon/": 1}
    assert discussion.app.items() == []
    for_people = operate(discussion.app, "comments", "import", str(DISQUS), "--sitemap", str(sitemap), "--dry-run")
    assert "Would import 7 comments of disqus on 1 page" in for_people.out
    assert "https://ancien.example/?p=59" in for_people.out


def test_an_import_asks_for_one_build(make_app: Callable[..., App], operate: Operate, isso: Path) -> None:
    app = make_app(DeployHookUrl="https://host.example/hook")
    operate(app, "comments", "import", str(isso))
    (row,) = app.items("email")
    assert row["name"] == "deploy-hook"
    assert "outbox" in row


def test_an_imported_comment_is_found_by_its_author_and_exported_with_the_others(
    discussion: Discussion, operate: Operate, isso: Path, tmp_path: Path
) -> None:
    from guichet.signing import subscriber_id  # noqa: PLC0415

    operate(discussion.app, "comments", "import", str(isso))
    address = subscriber_id(discussion.settings.signing_secret, "hugo@lecteur.example")
    assert [one.name for one in comments.of_author("table", address)] == ["Hugo"]
    operate(discussion.app, "comments", "export", str(tmp_path / "site"))
    pages = json.loads((tmp_path / "site" / "pages.json").read_text(encoding="utf-8"))
    assert {page: one["count"] for page, one in pages.items() if page.endswith("/")} == {
        PAIN: 3, CAFE: 1, "/articles/café/": 1
    }  # fmt: skip


def test_the_count_of_a_page_is_right_after_a_large_import(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    operate(discussion.app, "comments", "import", str(large(tmp_path, 75)))
    answer = discussion.app.http.get("/comments", query_string={"page": "/long/"}).json
    assert answer is not None
    assert answer["count"] == 75
    shown = comments.thread("table", discussion.settings.signing_secret, "/long/", 1000).entries
    assert len(shown) == 75
    assert len({one.root for one in shown}) == 1


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["http://localhost:4000/brouillon/=/articles/pain/"], 1),
        (["/brouillon/=/articles/pain/"], 1),
        (["localhost:4000/*=/articles/*"], 0),
        (["https://LOCALHOST:4000/brou*=/articles/*"], 0),
    ],
)
def test_a_rule_tells_where_a_page_is_now(
    discussion: Discussion, operate: Operate, sitemap: Path, rules: list[str], expected: int
) -> None:
    given = [word for rule in rules for word in ("--map", rule)]
    said = operate(
        discussion.app, "comments", "import", str(DISQUS), "--sitemap", str(sitemap), "--dry-run", "--json", *given
    )
    assert ("http://localhost:4000/brouillon/" not in words(said)["unmatched"]) == bool(expected)


@pytest.mark.parametrize("rule", ["/a/", "=/b/", "/a/=", "/a/=b", "/a/*=/b/", "/a/=/b/*"])
def test_a_rule_that_is_none_is_refused(discussion: Discussion, operate: Operate, rule: str) -> None:
    said = operate(discussion.app, "comments", "import", str(DISQUS), "--map", rule)
    assert said.code == 2
    assert "is not a rule" in said.told


def test_a_sitemap_may_be_an_index_and_compressed(
    discussion: Discussion, operate: Operate, sitemap: Path, tmp_path: Path
) -> None:
    (tmp_path / "part.xml.gz").write_bytes(gzip.compress(SITEMAP.encode()))
    index = tmp_path / "index.xml"
    index.write_text(
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>https://atelier.example/sitemaps/part.xml.gz</loc></sitemap></sitemapindex>",
        encoding="utf-8",
    )
    said = operate(discussion.app, "comments", "import", str(DISQUS), "--sitemap", str(index), "--dry-run", "--json")
    assert said.rows[0]["page"] == PAIN
    assert operate(discussion.app, "comments", "import", str(DISQUS), "--sitemap", str(DISQUS)).code == 2
    assert operate(discussion.app, "comments", "import", str(DISQUS), "--sitemap", str(tmp_path / "none")).code == 2
    del sitemap


class _Site(BaseHTTPRequestHandler):
    """A site with an index of sitemaps, one of which is compressed."""

    def do_GET(self) -> None:
        host = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        index = f"<sitemapindex><sitemap><loc>{host}/part.xml.gz</loc></sitemap></sitemapindex>"
        found = {"/sitemap.xml": index.encode(), "/part.xml.gz": gzip.compress(SITEMAP.encode()), "/page": b"<p>a<br>b"}
        content = found.get(self.path)
        self.send_response(404 if content is None else 200)
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_sitemap_may_be_an_address(discussion: Discussion, operate: Operate) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread_of_server = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread_of_server.start()
    host = f"http://127.0.0.1:{server.server_port}"

    def imported(path: str) -> Said:
        given = ("--sitemap", f"{host}{path}", "--dry-run", "--json")
        return operate(discussion.app, "comments", "import", str(DISQUS), *given)

    try:
        assert imported("/sitemap.xml").rows[0]["page"] == PAIN
        assert imported("/none.xml").code == 2
        assert imported("/page").code == 2
    finally:
        server.shutdown()
        thread_of_server.join()
        server.server_close()
    assert imported("/sitemap.xml").code == 3


# --- invalid, large or hostile files ----------------------------------------------------------------------------------


def large(folder: Path, number: int, text: str = "Bonjour") -> Path:
    """Write an export of Disqus with many replies."""
    path = folder / "large.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">'
            '<thread dsq:id="1"><link>https://x.example/long/</link></thread>'
        )
        for one in range(number):
            parent = '<parent dsq:id="0"/>' if one else ""
            file.write(
                f'<post dsq:id="{one}"><message><![CDATA[<p>{text} {one}</p>]]></message>'
                f"<createdAt>2014-03-01T09:00:00Z</createdAt><author><name>Ann</name></author>"
                f'<thread dsq:id="1"/>{parent}</post>'
            )
        file.write("</disqus>")
    return path


def test_a_compressed_file_is_read_as_it_comes(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    path = tmp_path / "all.xml.gz"
    path.write_bytes(gzip.compress(DISQUS.read_bytes()))
    assert words(operate(discussion.app, "comments", "import", str(path), "--dry-run", "--json"))["imported"] == 8


def test_memory_stays_flat_for_a_large_file(tmp_path: Path) -> None:
    source = source_of(large(tmp_path, 3000, "x" * 10_000))
    assert source_of(large(tmp_path, 3000, "x" * 10_000)).tool == "disqus"
    tracemalloc.start()
    count = sum(1 for _ in source.posts())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3000
    # The file has 30 MB.
    assert peak < 3_000_000


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE disqus [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + ']><disqus xmlns="http://disqus.com"><thread><link>&j;</link></thread></disqus>'
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (BOMB.encode(), "entities"),
        (b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel>&x;</channel></rss>', "entities"),
        (b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd"><rss><channel><item>&x;</item></channel></rss>', "entities"),
        (b"<disqus xmlns='http://disqus.com'><thread>", "line 1"),
        (b"<html></html>", "neither"),
        (b"", "is empty"),
        (b"PK\x03\x04", "unpack it"),
        (b"SQLite format 3\x00 and no more", "not an Isso database"),
        (b"\x1f\x8b broken", "download it again"),
        (
            b"<disqus xmlns='http://disqus.com'><post><message>" + b"x" * 5_000_000 + b"</message></post></disqus>",
            "long",
        ),
        (b"<disqus xmlns='http://disqus.com'><post>" + b"<a>" * 20_000, "long"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    discussion: Discussion, operate: Operate, tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    said = operate(discussion.app, "comments", "import", str(path))
    assert said.code == 2, said.told
    assert told in said.told
    assert discussion.app.items() == []


def test_control_characters_of_wordpress_do_not_end_an_import(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(WORDPRESS.read_bytes().replace(b"Une nuit.", b"Une\x0b \x02nuit.\x1b"))
    operate(discussion.app, "comments", "import", str(path), "--map", "ancien.example/2014/03/*=/articles/*")
    assert thread(discussion.app, PAIN)[0]["replies"][0]["html"] == "<p>Une nuit.</p>\n"


def test_comments_that_answer_one_another_in_a_circle_are_shown(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    path = large(tmp_path, 2)
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            '<thread dsq:id="1"/></post>', '<thread dsq:id="1"/><parent dsq:id="1"/></post>'
        ),
        encoding="utf-8",
    )
    operate(discussion.app, "comments", "import", str(path))
    assert sum(1 + len(replies) for _, replies in outline(discussion.app, "/long/")) == 2


@pytest.mark.parametrize("time", ["yesterday", "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_comment_without_a_time_or_text_is_named_and_the_others_come(
    discussion: Discussion, operate: Operate, tmp_path: Path, time: str
) -> None:
    path = large(tmp_path, 3)
    text = path.read_text(encoding="utf-8").replace("Bonjour 1", " ").replace("2014-03-01T09:00:00Z", time, 1)
    path.write_text(text, encoding="utf-8")
    said = operate(discussion.app, "comments", "import", str(path), "--json")
    assert said.code == 1
    assert {one["id"]: one["why"] for one in words(said)["bad"]} == {"0": "has no valid time", "1": "has no text"}
    assert words(said)["imported"] == 1


def test_a_public_name_shows_no_address(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    path = large(tmp_path, 1)
    named = path.read_text(encoding="utf-8").replace("<name>Ann<", "<name>Ann, ann@example.org<")
    path.write_text(named, encoding="utf-8")
    assert words(operate(discussion.app, "comments", "import", str(path), "--json"))["imported"] == 1
    (entry,) = discussion.app.items("entry")
    assert entry["name"] == f"Ann, {HIDDEN}"


@pytest.mark.parametrize("mode", [1, 2])
def test_a_comment_whose_html_no_item_takes_is_named_and_the_others_come(
    discussion: Discussion, operate: Operate, isso: Path, mode: int
) -> None:
    """Approved there or not: the table would refuse a pending one when the owner approves it."""
    quotes = (">" * 10 + "\n\n") * 2400
    with closing(sqlite3.connect(isso)) as database:
        database.execute("UPDATE comments SET text = ?, mode = ? WHERE id = 6", (quotes, mode))
        database.commit()
    said = operate(discussion.app, "comments", "import", str(isso), "--json")
    assert said.code == 1
    assert words(said)["bad"] == [{"id": "6", "why": "is too long"}]
    assert len(discussion.app.items("comment")) == 4


def test_what_somebody_else_imports_at_the_same_moment_is_not_counted_twice(
    discussion: Discussion, operate: Operate, isso: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operate(discussion.app, "comments", "import", str(isso))
    before = discussion.app.items()
    monkeypatch.setattr(comments_import, "by_keys", lambda *_: iter(()))
    operate(discussion.app, "comments", "import", str(isso))
    assert discussion.app.items() == before
