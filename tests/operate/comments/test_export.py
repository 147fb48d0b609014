"""`guichet comments export`: approved comments, as files that static site generators read."""

import json
import re
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import html5lib
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guichet.store import comments, dynamodb
from infra.operate import comments_export
from infra.operate.comments_export import MANIFEST, file_name, language_of
from infra.operate.comments_feed import feed
from infra.operate.comments_html import fragment, initials
from tests.support.app import SITE, App
from tests.support.discussion import Discussion
from tests.support.operate import Operate

ATOM = "{http://www.w3.org/2005/Atom}"
ARTICLE = "/blog/2026/café/"
SPELLED = "/blog/2026/caf%C3%A9/"


def files(folder: Path) -> dict[str, bytes]:
    """Return what is in a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def data_of(folder: Path, page: str) -> Any:
    return json.loads((folder / f"{file_name(page)}.json").read_text(encoding="utf-8"))


def entries_of(feed_file: Path) -> list[ET.Element]:
    return ET.fromstring(feed_file.read_bytes()).findall(f"{ATOM}entry")  # noqa: S314


def test_a_page_has_a_file_with_its_thread_in_two_levels_as_the_api_shows_it(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    first = discussion.say(ARTICLE, "Bonjour *à tous*", "Aurélie <b>Géraud</b>")
    reply = discussion.say(ARTICLE, "Merci", "Bob", parent=first)
    discussion.say(ARTICLE, "De rien", "Aurélie", parent=reply)
    discussion.post(ARTICLE, "Not approved")

    said = operate(discussion.app, "comments", "export", str(tmp_path))

    assert said.code == 0, said.err
    data = data_of(tmp_path, SPELLED)
    read = discussion.app.http.get("/comments", query_string={"page": ARTICLE}).json
    assert read is not None
    assert data["comments"] == read["comments"]
    assert (data["page"], data["url"], data["count"]) == (SPELLED, f"{SITE}{SPELLED}", 3)
    assert [one["name"] for one in data["comments"][0]["replies"]] == ["Bob", "Aurélie"]
    assert "Not approved" not in json.dumps(data)
    everything = b"".join(files(tmp_path).values())
    assert b"anne@reader.example" not in everything


def test_html_has_the_same_thread_in_the_documented_markup(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    first = discussion.say(ARTICLE, "Bonjour *à tous*", "Aurélie <b>Géraud</b>")
    reply = discussion.say(ARTICLE, "Merci", "bob", parent=first)
    gone = discussion.say(ARTICLE, "Oups", "Carl")
    below = discussion.say(ARTICLE, "Quoi ?", "Dan", parent=gone)
    discussion.delete(gone)

    operate(discussion.app, "comments", "export", str(tmp_path), "--format", "html")

    text = (tmp_path / f"{file_name(SPELLED)}.html").read_text(encoding="utf-8")
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parseFragment(text)
    (whole,) = tree.findall("ol")
    assert whole.get("class") == "guichet-comments"
    one, stub = whole.findall("li")
    assert one.get("id") == f"comment-{first}"
    header = one.find("article/header")
    assert header.find("span").attrib == {"class": "guichet-initials", "aria-hidden": "true"}
    assert header.find("span").text == "AB"
    assert header.find("b[@class='guichet-name']").text == "Aurélie <b>Géraud</b>"
    assert header.find("a").get("href") == f"#comment-{first}"
    assert datetime.fromisoformat(header.find("a/time").get("datetime")).tzinfo
    assert re.fullmatch(r"1er \w+ \d{4}|\d+ \w+ \d{4}", header.find("a/time").text)
    assert one.find("article/div[@class='guichet-text']/p/em").text == "à tous"
    assert [li.get("id") for li in one.findall("ol/li")] == [f"comment-{reply}"]
    assert (stub.get("id"), stub.get("class")) == (f"comment-{gone}", "guichet-deleted")
    assert stub.find("p").text == "Ce commentaire a été supprimé."
    assert [li.get("id") for li in stub.findall("ol/li")] == [f"comment-{below}"]
    # The data holds the same.
    operate(discussion.app, "comments", "export", str(tmp_path / "data"))
    assert data_of(tmp_path / "data", SPELLED)["html"] == text


def test_nothing_in_the_html_is_a_template_to_any_generator(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    written = "{{ site.secret }} {% include /etc/passwd %} {# #} `{{7*7}}` https://a.example/{{7*7}}"
    discussion.say(ARTICLE, written, "{{ 7*7 }}{% raw")

    operate(discussion.app, "comments", "export", str(tmp_path), "--format", "html", "--format", "json")

    text = (tmp_path / f"{file_name(SPELLED)}.html").read_text(encoding="utf-8")
    assert "{" not in text
    assert "{" not in data_of(tmp_path, SPELLED)["html"]
    (item,) = html5lib.parseFragment(text, namespaceHTMLElements=False).findall("ol/li")
    assert item.find("article/header/b").text == "{{ 7*7 }}{% raw"
    assert "{{ site.secret }} {% include /etc/passwd %} {# #}" in "".join(item.find("article/div").itertext())


def test_yaml_says_the_same_as_json(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    discussion.say("/a/", "no\n\n- 0o7", "0o7")
    operate(discussion.app, "comments", "export", str(tmp_path), "--format", "json", "--format", "yaml")

    text = (tmp_path / f"{file_name('/a/')}.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == data_of(tmp_path, "/a/")
    # YAML 1.2 reads this as a number unless it is quoted, and YAML 1.1 does not.
    assert '"name": "0o7"' in text
    pages = yaml.safe_load((tmp_path / "pages.yaml").read_text(encoding="utf-8"))
    assert pages == json.loads((tmp_path / "pages.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("generator", "folders"),
    [
        ("hugo", ("data/guichet", "static/comments.xml")),
        ("jekyll", ("_data/guichet", "comments.xml")),
        ("eleventy", ("_data/guichet", "comments.xml")),
        ("astro", ("src/data/guichet", "public/comments.xml")),
    ],
)
def test_each_generator_finds_files_where_it_looks_for_them(
    discussion: Discussion, operate: Operate, tmp_path: Path, generator: str, folders: tuple[str, str]
) -> None:
    data, feed_file = folders
    discussion.say(ARTICLE, "Bonjour")
    operate(discussion.app, "comments", "export", str(tmp_path), "--for", generator)

    assert set(files(tmp_path)) == {
        f"{data}/{file_name(SPELLED)}.json",
        f"{data}/pages.json",
        feed_file,
        MANIFEST,
    }
    index = json.loads((tmp_path / data / "pages.json").read_text(encoding="utf-8"))
    # However a generator spells the page's path: encoded or not, with the folder that the site is in or without, with
    # one end or another.
    entry = {"file": file_name(SPELLED), "count": 1}
    bases = [f"{folder}/2026/{name}" for folder in ("", "/blog") for name in ("café", "caf%C3%A9")]
    assert index == {f"{base}{end}": entry for base in bases for end in ("", "/", ".html")}
    own = ET.fromstring((tmp_path / feed_file).read_bytes()).find(f"{ATOM}link[@rel='self']")  # noqa: S314
    assert own is not None
    assert own.get("href") == f"{SITE}/blog/comments.xml"


def test_what_is_in_data_is_not_asked_for_again_as_a_file(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    said = operate(discussion.app, "comments", "export", str(tmp_path), "--for", "hugo", "--format", "html")
    assert said.code == 2
    assert "json or yaml" in said.told
    assert not files(tmp_path)


def test_only_pages_that_changed_are_read_and_only_files_that_changed_are_written(
    discussion: Discussion, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = discussion.say("/a/", "Un")
    discussion.say("/b/", "Deux")
    operate(discussion.app, "comments", "export", str(tmp_path))
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in files(tmp_path)}
    inodes = {path: (tmp_path / path).stat().st_ino for path in files(tmp_path)}
    read: list[str] = []
    real = comments.thread

    def thread(*given: Any, **more: Any) -> Any:
        read.append(given[2])
        return real(*given, **more)

    monkeypatch.setattr(comments, "thread", thread)

    said = operate(discussion.app, "comments", "export", str(tmp_path), "--json")

    assert said.rows[0]["written"] == said.rows[0]["read"] == read == []
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in files(tmp_path)} == before

    discussion.say("/a/", "Trois", parent=first)
    said = operate(discussion.app, "comments", "export", str(tmp_path), "--json")

    assert read == said.rows[0]["read"] == ["/a/"]
    assert set(said.rows[0]["written"]) == {f"{file_name('/a/')}.json", "pages.json", "comments.xml"}
    untouched = f"{file_name('/b/')}.json"
    assert (tmp_path / untouched).stat().st_ino == inodes[untouched]
    assert data_of(tmp_path, "/a/")["count"] == 2


def test_a_file_that_was_lost_or_altered_is_written_again(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    for page in ("/a/", "/b/", "/c/"):
        discussion.say(page, "Bonjour")
    operate(discussion.app, "comments", "export", str(tmp_path))
    before = files(tmp_path)
    (tmp_path / f"{file_name('/a/')}.json").unlink()
    (tmp_path / f"{file_name('/b/')}.json").write_text("{}", encoding="utf-8")

    said = operate(discussion.app, "comments", "export", str(tmp_path), "--json")

    assert sorted(said.rows[0]["read"]) == ["/a/", "/b/"]
    assert files(tmp_path) == before


def test_files_of_pages_without_comments_are_removed_and_no_others(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    only = discussion.say("/a/", "Un")
    discussion.say("/b/", "Deux")
    operate(discussion.app, "comments", "export", str(tmp_path))
    mine = tmp_path / "mine-0123456789abcdef.json"
    mine.write_text("{}", encoding="utf-8")
    discussion.withdraw(only)

    said = operate(discussion.app, "comments", "export", str(tmp_path), "--json")

    assert said.rows[0]["removed"] == [f"{file_name('/a/')}.json"]
    assert mine.exists()
    assert set(json.loads((tmp_path / "pages.json").read_text(encoding="utf-8"))) == {"/b", "/b/", "/b.html"}
    assert len(entries_of(tmp_path / "comments.xml")) == 1


def test_what_an_erasure_strikes_out_of_another_s_comment_is_exported_and_built_anew(
    make_app: Callable[..., App], operate: Operate, tmp_path: Path
) -> None:
    """A fediverse handle is shown, and may be spelled like an email address."""
    discussion = Discussion(make_app(DeployHookUrl="https://host.example/hook"))

    def hook() -> Any:
        return next(one for one in discussion.app.items("email") if one["name"] == "deploy-hook")

    discussion.say(ARTICLE, "As @zoe@example.org wrote")
    operate(discussion.app, "comments", "export", str(tmp_path))
    assert "zoe" in data_of(tmp_path, SPELLED)["comments"][0]["html"]
    before = hook()

    operate(discussion.app, "forget", "zoe@example.org", "--yes")

    after = hook()
    assert after["queued_at"] > before["queued_at"]
    operate(discussion.app, "comments", "export", str(tmp_path))
    assert not [path for path, content in files(tmp_path).items() if b"zoe" in content]
    assert data_of(tmp_path, SPELLED)["count"] == 1


def test_another_format_takes_the_place_of_the_one_before(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    discussion.say("/a/", "Un")
    operate(discussion.app, "comments", "export", str(tmp_path))
    operate(discussion.app, "comments", "export", str(tmp_path), "--format", "yaml", "--no-feed")

    assert set(files(tmp_path)) == {f"{file_name('/a/')}.yaml", "pages.yaml", MANIFEST}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    discussion.say("/a/", "Un")
    folder = tmp_path / "site"
    said = operate(discussion.app, "comments", "export", str(folder), "--dry-run")

    assert said.code == 0
    assert f"write {file_name('/a/')}.json" in said.out
    assert not folder.exists()


def test_an_interrupted_export_leaves_whole_files_and_the_next_one_ends_it(
    discussion: Discussion, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [discussion.say(page, "Un") for page in ("/a/", "/b/", "/c/")]
    real, written = comments_export._replace, []

    def stops(path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) == 4:
            raise KeyboardInterrupt
        real(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(comments_export, "_replace", stops)
        with pytest.raises(KeyboardInterrupt):
            comments_export.export(tmp_path, comments_export.Options(None, ("json",)), _settings(discussion))
    for content in files(tmp_path).values():
        json.loads(content)
    # What it wrote is known, although it was interrupted: the page loses its comments, and the file is removed.
    discussion.delete(gone[0])
    operate(discussion.app, "comments", "export", str(tmp_path))

    assert set(files(tmp_path)) == {
        f"{file_name('/b/')}.json", f"{file_name('/c/')}.json", "pages.json", "comments.xml", MANIFEST
    }  # fmt: skip


def _settings(discussion: Discussion) -> Any:
    from tests.support.operate import connection_to  # noqa: PLC0415

    return connection_to(discussion.app).settings


def test_a_feed_of_somebody_else_is_not_overwritten(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    discussion.say("/a/", "Un")
    (tmp_path / "comments.xml").write_text("<rss/>", encoding="utf-8")

    said = operate(discussion.app, "comments", "export", str(tmp_path))
    assert said.code == 2
    assert "--no-feed" in said.told
    assert files(tmp_path) == {"comments.xml": b"<rss/>"}
    assert operate(discussion.app, "comments", "export", str(tmp_path), "--feed", "feeds/c.xml").code == 0
    assert (tmp_path / "feeds" / "c.xml").exists()
    for outside in ("../c.xml", "/tmp/c.xml", ".hidden", "a/../b"):  # noqa: S108
        assert operate(discussion.app, "comments", "export", str(tmp_path), "--feed", outside).code == 2


def test_a_manifest_removes_nothing_outside_its_folder(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    discussion.say("/a/", "Un")
    folder, outside = tmp_path / "site", tmp_path / "precious"
    outside.write_text("mine", encoding="utf-8")
    operate(discussion.app, "comments", "export", str(folder))
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for path in ("../precious", str(outside)):
        (folder / MANIFEST).write_text(json.dumps({**manifest, "files": {path: ""}}), encoding="utf-8")
        assert operate(discussion.app, "comments", "export", str(folder)).code == 2
        assert outside.exists()
    (folder / MANIFEST).write_text("{", encoding="utf-8")
    assert operate(discussion.app, "comments", "export", str(folder)).code == 2


def test_the_comments_of_another_stack_are_not_mixed_in(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    discussion.say("/a/", "Un")
    operate(discussion.app, "comments", "export", str(tmp_path))
    manifest = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    (tmp_path / MANIFEST).write_text(json.dumps({**manifest, "table": "another"}), encoding="utf-8")
    assert operate(discussion.app, "comments", "export", str(tmp_path)).code == 2


def test_it_only_reads_and_asks_no_more_than_it_says(
    discussion: Discussion, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    discussion.say("/a/", "Un")
    asked: list[tuple[str, dict[str, Any]]] = []
    real = dynamodb.call

    def call(name: str, **given: Any) -> Any:
        asked.append((name, given))
        return real(name, **given)

    monkeypatch.setattr(dynamodb, "call", call)
    operate(discussion.app, "comments", "export", str(tmp_path))
    assert {name for name, _ in asked} == {"query", "batch_get_item"}
    # What the manifest calls exported must be there: a thread is read in its current state.
    of_threads = [given for name, given in asked if name == "query" and "IndexName" not in given]
    assert of_threads
    assert all(given["ConsistentRead"] for given in of_threads)


def test_whoever_serves_the_site_may_read_the_files(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    discussion.say("/a/", "Un")
    operate(discussion.app, "comments", "export", str(tmp_path / "site"), "--for", "hugo")
    for path in (tmp_path / "site").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644), path


def test_a_thread_of_many_parts_is_whole(
    discussion: Discussion, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments_export, "_PER_QUERY", 2)
    first = discussion.say("/a/", "0")
    for number in range(1, 6):
        discussion.say("/a/", str(number), parent=first)
    operate(discussion.app, "comments", "export", str(tmp_path))
    (thread,) = data_of(tmp_path, "/a/")["comments"]
    assert [one["html"] for one in thread["replies"]] == [f"<p>{number}</p>\n" for number in range(1, 6)]


# --- the feed ---------------------------------------------------------------------------------------------------------


def assert_is_atom(text: str) -> ET.Element:
    """Assert what RFC 4287 requires of a feed document."""
    root = ET.fromstring(text.encode())  # noqa: S314
    assert root.tag == f"{ATOM}feed"
    for one in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{name}")) == 1, name
        updated = one.findtext(f"{ATOM}updated") or ""
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", updated)
        assert re.match("https?://", one.findtext(f"{ATOM}id") or "")
        assert len(one.findall(f"{ATOM}link[@rel='alternate']")) == 1
    for entry in root.findall(f"{ATOM}entry"):
        assert (entry.findtext(f"{ATOM}author/{ATOM}name") or "").strip()
        content = entry.find(f"{ATOM}content")
        assert content is not None
        assert content.get("type") == "html"
        # Escaped: actual markup would be content of type xhtml.
        assert len(content) == 0
    ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    return root


def test_the_feed_is_atom_and_has_the_newest_first_with_the_pages_addresses(
    discussion: Discussion, operate: Operate, tmp_path: Path
) -> None:
    first = discussion.say(ARTICLE, "Un *deux*", "A & B <c>")
    second = discussion.say("/b/", "Trois")
    operate(discussion.app, "comments", "export", str(tmp_path))

    root = assert_is_atom((tmp_path / "comments.xml").read_text(encoding="utf-8"))
    newest, oldest = root.findall(f"{ATOM}entry")
    assert newest.findtext(f"{ATOM}id") == f"{SITE}/b/#comment-{second}"
    link = oldest.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"{SITE}{SPELLED}#comment-{first}"
    assert oldest.findtext(f"{ATOM}author/{ATOM}name") == "A & B <c>"
    assert oldest.findtext(f"{ATOM}title") == f"A & B <c>, sur {ARTICLE}"
    assert oldest.findtext(f"{ATOM}content") == "<p>Un <em>deux</em></p>\n"


def test_the_name_of_a_page_turns_nothing_around_in_the_feed() -> None:
    comment = {"id": "0" * 32, "page": "/a%E2%80%AEb/", "name": "A", "time": "2026-11-26T10:00:00+00:00", "html": ""}
    text = feed(
        [comment], site_name="A", site_url=f"{SITE}/", origin=SITE, address="",
        updated="2026-11-26T10:00:00.000000+00:00", language="fr",
    )  # fmt: skip
    assert assert_is_atom(text).findtext(f"{ATOM}entry/{ATOM}title") == "A, sur /ab/"


def test_the_feed_is_full_again_when_newer_comments_go(
    discussion: Discussion, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments_export, "NEWEST", 2)
    old = discussion.say("/a/", "Un")
    middle = discussion.say("/b/", "Deux")
    new = discussion.say("/c/", "Trois")
    operate(discussion.app, "comments", "export", str(tmp_path))
    discussion.delete(new)
    said = operate(discussion.app, "comments", "export", str(tmp_path), "--json")

    found = [entry.findtext(f"{ATOM}id") for entry in entries_of(tmp_path / "comments.xml")]
    assert found == [f"{SITE}/b/#comment-{middle}", f"{SITE}/a/#comment-{old}"]
    # The unchanged page was only read for the feed, and its own file was left alone.
    assert said.rows[0]["read"] == ["/a/"]
    assert set(said.rows[0]["written"]) == {"pages.json", "comments.xml"}


@given(name=st.text(max_size=60), html=st.text(max_size=200), page=st.text(max_size=40))
def test_whatever_somebody_writes_the_feed_is_one(name: str, html: str, page: str) -> None:
    comment = {"id": "0" * 32, "page": f"/{page}", "name": name, "time": "2026-11-26T10:00:00+00:00", "html": html}
    text = feed(
        [comment], site_name="A & B", site_url=f"{SITE}/", origin=SITE, address=f"{SITE}/comments.xml",
        updated="2026-11-26T10:00:00.000000+00:00", language="fr",
    )  # fmt: skip
    assert_is_atom(text.encode("utf-8", "replace").decode())


# --- names ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=5, unique=True))
def test_names_of_files_are_safe_everywhere_and_different(pages: list[str]) -> None:
    names = [file_name(f"/{page}") for page in pages]
    for name in names:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert len(name) <= 64
    # On a file system that ignores case, too.
    assert len({name.casefold() for name in names}) == len(names)


@pytest.mark.parametrize(
    ("page", "begins"),
    [
        ("/", "home-"),
        (SPELLED, "blog-2026-cafe-"),
        ("/%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82/", "page-"),
        ("/" + "a" * 499, "a" * 40 + "-"),
        ("/con", "con-"),
        ("/nul.html", "nul-html-"),
    ],
)
def test_names_of_files_tell_the_page(page: str, begins: str) -> None:
    assert re.fullmatch(re.escape(begins) + "[0-9a-f]{16}", file_name(page))


def test_pages_that_differ_in_case_or_a_slash_have_files_of_their_own() -> None:
    pages = ["/About/", "/about/", "/about", "/about.html", "/a-bout/", "/about-/"]
    assert len({file_name(page) for page in pages}) == len(pages)


@pytest.mark.parametrize(
    ("page", "language"),
    [
        ("/blog/en/a/", "en"),
        ("/en/a/", "en"),
        ("/blog/en", "en"),
        ("/blog/fr/", "fr"),
        ("/blog/english/", "fr"),
        ("/", "fr"),
    ],
)
def test_a_page_below_a_languages_folder_is_in_that_language(page: str, language: str) -> None:
    assert language_of(page, f"{SITE}/blog/", "fr") == language


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anne Bouchard", "AB"), ("anne-marie de la tour", "AT"), ("Anne", "A"), ("«élodie» (Lyon)", "ÉL"), ("…", ""),
        ("42", "4"), ("😀 Bob", "B"), ("ßa x", "SSX"),
    ],
)  # fmt: skip
def test_initials_are_of_the_first_and_the_last_word(name: str, expected: str) -> None:
    assert initials(name) == expected


def test_an_english_page_says_days_and_stubs_in_english() -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    reply = {"id": "1" * 32, "name": "Bob", "time": "2026-11-26T23:30:00+00:00", "html": "<p>Hi</p>"}
    text = fragment([{"id": "0" * 32, "deleted": True, "replies": [reply]}], "en", ZoneInfo("Europe/Paris"))
    assert "This comment was deleted." in text
    # In the time zone of the site.
    assert ">27 November 2026</time>" in text
