"""The page of a comment: refused if it is not the site's, and the same however it is written."""

import re
import unicodedata
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from guichet.page_paths import LONGEST_PAGE, folded, path_of
from guichet.settings import CommentsSettings
from guichet.store.comments import thread_key
from tests.support.app import PARAMETERS, SITE, isolated

with isolated():
    SETTINGS = CommentsSettings.from_environment()
SECRET = PARAMETERS["SigningSecret"]
# Parts of a path: all kinds of letters, but nothing that ends a path or means another folder.
PARTS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\?#%"), min_size=1, max_size=9)
PATHS = st.lists(PARTS, max_size=4).map(lambda parts: "/" + "/".join(parts))


def path(text: str) -> str | None:
    return path_of(text, SETTINGS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/", "/"),
        ("/articles/hello/", "/articles/hello/"),
        ("/articles/hello", "/articles/hello"),
        ("/articles/hello.html", "/articles/hello.html"),
        ("/articles/hello/index.html", "/articles/hello/"),
        ("/articles/hello/INDEX.HTM?a=b#c", "/articles/hello/"),
        ("/index.html", "/"),
        ("  /a/ \n", "/a/"),
        ("/café/", "/caf%C3%A9/"),
        ("/caf%c3%a9/", "/caf%C3%A9/"),
        ("/%41%2d%7E/", "/A-~/"),
        ("/100%25/", "/100%25/"),
        ("/a b/", "/a%20b/"),
        (SITE, "/"),
        (f"{SITE}/a/?b#c", "/a/"),
        ("https://WWW.atelier.example:443/a", "/a"),
        ("//atelier.example/a", None),
        ("http://atelier.example/a", None),
        ("https://atelier.example:8443/a", None),
        ("https://atelier.example.evil.example/a", None),
        ("https://evil.example/a", None),
        ("//evil.example/a", None),
        ("/\\evil.example/a", None),
        ("https:/a", None),
        ("https://[a", None),
        ("https://atelier.example:99999/", None),
        ("javascript:alert(1)", None),
        ("articles/hello/", None),
        ("?page", None),
        ("#top", None),
        ("", None),
        (" ", None),
        ("/a//b", None),
        ("/%2F/b", None),
        ("/a/../b", None),
        ("/a/%2e%2e/b", None),
        ("/./a", None),
        ("/a%00", None),
        ("/a%0d%0aSet-Cookie:x", None),
        ("/a\tb", None),
        ("/a%5cb", None),
        ("/caf%e9/", None),
        ("/\ud800", None),
        ("/" + "x" * (LONGEST_PAGE - 1), "/" + "x" * (LONGEST_PAGE - 1)),
        ("/" + "x" * LONGEST_PAGE, None),
        ("/" + "é" * (LONGEST_PAGE // 6), "/" + "%C3%A9" * (LONGEST_PAGE // 6)),
        ("/" + "é" * (LONGEST_PAGE // 6 + 1), None),
    ],
)
def test_a_page_is_a_path_of_the_site_in_one_spelling(text: str, expected: str | None) -> None:
    assert path(text) == expected


@pytest.mark.parametrize(
    "same",
    [
        ("/a", "/a/", "/a.html", "/a.htm", "/a.HTML", "/a/index.html", "/a/index.htm", f"{SITE}/a?b#c"),
        ("/", "/index.html", SITE, f"{SITE}/?page=2"),
        ("/café/", "/cafe\u0301/", "/caf%C3%A9", "/cafe%cc%81.html"),
        ("/v1.2/", "/v1.2"),
    ],
)
def test_one_page_has_one_thread(same: tuple[str, ...]) -> None:
    assert len({thread_key(SECRET, path(one) or one) for one in same}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a/", "/A/"),
        ("/a/", "/b/"),
        ("/", "/a"),
        ("/a/b/", "/a-b/"),
        ("/a.html", "/a.xhtml"),
        ("/html", "/"),
        ("/.html", "/"),
        ("/a%25/", "/a%2525/"),
        ("/a/", "/a/b"),
    ],
)
def test_other_pages_have_other_threads(one: str, other: str) -> None:
    assert thread_key(SECRET, path(one) or "") != thread_key(SECRET, path(other) or "")


@pytest.mark.medium
@given(st.text(max_size=80) | PATHS)
@example("/cafe\u0301")
def test_whatever_is_given_the_path_is_safe_anywhere_and_stays_as_it_is(text: str) -> None:
    found = path(text)
    if found is None:
        return
    assert re.fullmatch(r"/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*", found)
    assert not found.startswith("//")
    assert path(found) == path(SITE + found) == found
    assert {".", ".."}.isdisjoint(unquote(found).split("/"))
    assert folded(found) == folded(path(quote(unquote(found), safe="/")) or "")


@pytest.mark.medium
@given(PATHS, st.sampled_from(("", "/", ".html", ".htm", ".HTML", "/index.html")), st.booleans(), st.booleans())
def test_a_page_is_the_same_however_it_is_written(plain: str, end: str, encoded: bool, apart: bool) -> None:  # noqa: FBT001
    first = path(plain)
    assume(
        first is not None and plain == plain.strip() and plain != "/" and not re.search(r"/index\.html?\Z|[?#]", plain)
    )
    assume(not re.search(r"(?i)\.html?\Z|/index\Z", plain))
    written = unicodedata.normalize("NFD" if apart else "NFC", plain) + end
    other = path(quote(written, safe="/") if encoded else written)
    assume(other is not None)
    assert thread_key(SECRET, str(other)) == thread_key(SECRET, str(first))


NEARLY = st.lists(st.sampled_from(("a", "A", "/", ".html", ".htm", "index", "e", "é", "\u0301", ".")), max_size=6).map(
    lambda parts: "/" + "".join(parts)
)


@pytest.mark.slow
@settings(max_examples=500)
@given(NEARLY, NEARLY)
def test_two_pages_are_one_for_no_other_reason(one: str, other: str) -> None:
    first, second = path(one), path(other)
    if first is None or second is None:
        return

    def bare(text: str) -> str:
        text = unicodedata.normalize("NFC", unquote(text)).removesuffix("/")
        name = re.sub(r"(?i)\.html?\Z", "", text)
        return text if name.endswith("/") else name

    assert (folded(first) == folded(second)) == (bare(first) == bare(second))
