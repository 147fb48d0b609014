"""What is wrong with an issue before it is sent: links and images, both syntax and responses; HTML; size."""

import socket
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from guichet.newsletter.check import GMAIL_CUTS_AT
from guichet.newsletter.preview import compose, html_part
from infra.operate import issue_check
from infra.operate.connection import OperatorSettings
from infra.operate.issue_check import ask, check
from infra.operate.issue_files import IssueFiles, Problem, read_all
from tests.support.app import resolve

# The line of a text below it.
HEAD = '---\nsubject: "Spring"\nlanguage: en\n---\n\n'
FIRST = 6


def mail_settings() -> OperatorSettings:
    """Return the settings of the tests' stack."""
    return OperatorSettings.model_validate(dict(resolve().environment))


def issue(folder: Path, text: str, head: str = HEAD) -> IssueFiles:
    """Return an issue with a text."""
    file = folder / "spring.md"
    file.write_text(head + text, encoding="utf-8")
    return read_all([file], "en")


def found(folder: Path, text: str, head: str = HEAD) -> list[Problem]:
    """Return what is wrong with a text, without checking its links."""
    return check(issue(folder, text, head), mail_settings(), offline=True)


def test_of_what_is_right_nothing_is_said(tmp_path: Path) -> None:
    text = (
        "# Spring\n\n[a](https://example.org/a?b=c&d=e#f), <https://example.org/>, <me@example.org>,\n"
        "[mail](mailto:me@example.org,you%40example.org?subject=Hello), [ref], <https://bücher.example.org:8443/>,\n"
        "<https://8.8.8.8/>, <https://[2001:4860:4860::8888]/> and ![A garden](https://atelier.example/a.png) and "
        "![A hedge](https://img.atelier.example/b.png?v=2)\n\n"
        "`<b>` and `[a](b)`, 1 < 2, \\<b> and \\[a](b) are text, as [x] is, and [é](https://example.org/été).\n\n"
        "    <div>code</div>\n\n```html\n<img src=x>\n[a](b)\n```\n\n[ref]: https://example.org/ref\n"
    )
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "line", "severity", "words"),
    [
        # links
        ("One\n\ntwo\n[a](/spring)", 3, "error", "the relative link /spring"),
        ("[a](spring.html)", 0, "error", "the relative link spring.html"),
        ("[a](#below)", 0, "error", "the relative link #below"),
        ("[a](//example.org/)", 0, "error", "the relative link //example.org/"),
        ("[a](?b=c)", 0, "error", "the relative link ?b=c"),
        ("- one\n- [a](../b)", 1, "error", "the relative link ../b"),
        ("> [a][r]\n\n[r]: /b", 0, "error", "the relative link /b"),
        ("| a |\n|---|\n| [a](b) |", 2, "error", "the relative link b"),
        ("[a]()", 0, "error", "a link without an address"),
        ("[a](https://)", 0, "error", "the broken link https://"),
        ("[a](https:///b)", 0, "error", "the broken link https:///b"),
        ("[a](https://example.org:99999/)", 0, "error", "the broken link"),
        ("[a](https://[::1/)", 0, "error", "the broken link"),
        ("[a](<https://exa mple.org/>)", 0, "error", "the broken link"),
        ("[a](https://-example.org/)", 0, "error", "the broken link"),
        ("[a](https://example..org/)", 0, "error", "the broken link"),
        ("[a](https://me@/)", 0, "error", "the broken link"),
        ("[a](https:example.org)", 0, "error", "the broken link https:example.org"),
        ("[a](mailto:me)", 0, "error", "mailto:me, which is not an address"),
        ("[a](mailto:)", 0, "error", "mailto:, which is not an address"),
        ("[a](mailto:me@example.org,you)", 0, "error", "which is not an address"),
        ("[a](tel:+33199001234)", 0, "error", "only https, http and mailto"),
        ("[a](ftp://example.org)", 0, "error", "only https, http and mailto"),
        ("[a](javascript:alert(1))", 0, "error", "only https, http and mailto"),
        ("[a](http://example.org/)", 0, "warning", "a link over http"),
        ("[a](https://localhost:8000/)", 0, "warning", "nobody can open outside your machine"),
        ("[a](https://127.0.0.1/)", 0, "warning", "nobody can open outside your machine"),
        ("[a](https://[::1]:8000/)", 0, "warning", "nobody can open outside your machine"),
        ("[a](https://192.168.1.5/)", 0, "warning", "nobody can open outside your machine"),
        ("[a](https://example/)", 0, "warning", "nobody can open outside your machine"),
        ("![A](https://nas.local/a.png)", 0, "warning", "nobody can open outside your machine"),
        # text meant as a link
        ("One\n[a](https://example.org/a b)", 1, "error", "is not a link and arrives as text"),
        ("[a][nobody]", 0, "error", "[a][nobody], which is not a link"),
        # images
        ("![](https://example.org/a.png)", 0, "error", "a.png without alternative text"),
        ("![ ](https://example.org/a.png)", 0, "error", "a.png without alternative text"),
        ("![A garden](http://example.org/a.png)", 0, "error", "an image over http"),
        ("![A garden](a.png)", 0, "error", "the image a.png, which is not shown"),
        ("![A garden](//example.org/a.png)", 0, "error", "which is not shown"),
        ("![A garden](data:image/png;base64,AAAA)", 0, "error", "which is not shown"),
        ("![A garden](cid:garden)", 0, "error", "which is not shown"),
        ("[![A garden](https://atelier.example/a.png)](b)", 0, "error", "the relative link b"),
        ("One\n\n![A garden](https://pixels.example/a.gif)", 2, "warning", "pixels.example learns when and where"),
        ("![A](https://notatelier.example/a.gif)", 0, "warning", "notatelier.example/a.gif from another"),
        ("![A](https://atelier.example.pixels.example/a.gif)", 0, "warning", "from another site"),
        # HTML
        ("One\n\n<div>\nHello\n</div>", 2, "error", "the HTML <div>, which arrives as text"),
        ("One\ntwo<br>three", 1, "error", "the HTML <br>"),
        ("Hello <b>you</b>", 0, "error", "the HTML <b>"),
        ("<!-- a note to myself -->", 0, "error", "the HTML <!-- a note to myself -->"),
        ("Hello <!-- a note --> you", 0, "error", "the HTML <!-- a note -->"),
        ("<script>\nalert(1)\n</script>", 0, "error", "the HTML <script>"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, line: int, severity: str, words: str) -> None:
    (problem,) = found(tmp_path, text)
    assert (problem.line, problem.severity) == (FIRST + line, severity)
    assert words in problem.message
    assert problem.remedy


def test_the_lines_are_those_of_the_file_in_whatever_order_things_are_found(tmp_path: Path) -> None:
    problems = found(tmp_path, "\n\n[a](b)\n\n<hr>\n\n![](https://example.org/a.png)\n\n[c](d)\n")
    assert [problem.line for problem in problems] == [8, 10, 12, 14]


def test_a_url_over_http_is_warned_of(tmp_path: Path) -> None:
    head = HEAD.replace("language", "url: http://example.org/spring\nlanguage")
    (problem,) = found(tmp_path, "Hello", head)
    assert (problem.severity, problem.message) == ("warning", "has a url over http")


# --- its size ---------------------------------------------------------------------------------------------------------


def of_size(folder: Path, wanted: int) -> IssueFiles:
    """Return an issue whose HTML part is of a size, in bytes."""
    empty = len(html_part(compose("spring", issue(folder, "x").editions, "en", mail_settings())).encode())
    return issue(folder, "x" * (wanted - empty + 1))


@pytest.mark.parametrize(
    ("size", "severity"),
    [(GMAIL_CUTS_AT * 8 // 10, None), (GMAIL_CUTS_AT * 8 // 10 + 1, "warning"), (GMAIL_CUTS_AT, "warning"),
     (GMAIL_CUTS_AT + 1, "error")],
)  # fmt: skip
def test_an_email_that_gmail_cuts_off_is_an_error_and_nearly_one_a_warning(
    tmp_path: Path, size: int, severity: str | None
) -> None:
    large = of_size(tmp_path, size)
    assert len(html_part(compose("spring", large.editions, "en", mail_settings())).encode()) == size
    problems = check(large, mail_settings(), offline=True)
    assert [problem.severity for problem in problems] == ([severity] if severity else [])
    assert all("Gmail cuts it off at 102" in problem.message for problem in problems)


# --- its readers ------------------------------------------------------------------------------------------------------


def test_a_language_of_the_list_that_it_does_not_have_is_warned_of(tmp_path: Path) -> None:
    problems = check(issue(tmp_path, "Hello"), mail_settings(), readers={"fr": 20, "en": 1300}, offline=True)
    (problem,) = problems
    assert problem.severity == "warning"
    assert problem.message == "is an issue without fr, and 20 of 1,320 readers asked for that: they get en"
    assert check(issue(tmp_path, "Hello"), mail_settings(), readers={"en": 1}, offline=True) == []


# --- responses --------------------------------------------------------------------------------------------------------


class Site:
    """A site on this machine that answers according to the path, and records its requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append(f"{request.method} {request.path}")
        kind, _, rest = request.path.strip("/").partition("/")
        response = Response("Hello")
        if kind == "moved":
            response = Response(status=301, headers={"Location": f"/{rest}"})
        elif kind == "round":
            response = Response(status=302, headers={"Location": "/round"})
        elif kind == "get":
            response = Response(status=405 if request.method == "HEAD" else 200)
        elif kind.isdecimal():
            response = Response(status=int(kind))
        return response(environ, start_response)

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.port}"

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    """Return a site that runs."""
    running = Site()
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("path", "state", "words"),
    [
        ("/ok", None, ""),
        ("/get/a", None, ""),
        ("/moved/ok", None, ""),
        ("/moved/moved/moved/ok", None, ""),
        ("/404", "dead", "it answers 404"),
        ("/410", "dead", "it answers 410"),
        ("/moved/404", "dead", "it answers 404"),
        ("/round", "dead", "redirects endlessly"),
        ("/403", "unknown", "it answers 403 to this command"),
        ("/429", "unknown", "it answers 429 to this command"),
        ("/500", "unknown", "it answers 500 to this command"),
    ],
)
def test_an_address_is_asked_and_its_answer_judged(site: Site, path: str, state: str | None, words: str) -> None:
    (answer,) = ask([site.address + path]).values()
    assert (answer[0] if answer else None) == state
    assert words in (answer[1] if answer else "")


def test_a_page_is_not_fetched_where_its_head_is_enough(site: Site) -> None:
    ask([f"{site.address}/ok", f"{site.address}/404"])
    assert sorted(site.asked) == ["GET /404", "HEAD /404", "HEAD /ok"]


def test_where_nothing_answers_a_link_is_dead() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, unknown = f"http://127.0.0.1:{port}/", "http://nobody.invalid/"
    answers = ask([url, unknown])
    assert answers[url] == ("dead", "nothing answers there")
    assert (answers[unknown] or ("",))[0] == "dead"
    assert "--offline" in (answers[unknown] or ("", ""))[1]


def test_what_answers_too_late_is_not_called_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issue_check, "_TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (answer,) = ask([f"http://127.0.0.1:{silent.getsockname()[1]}/"]).values()
    assert answer
    assert answer[0] == "unknown"
    assert "no answer within" in answer[1]


def test_many_addresses_are_asked_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(8, timeout=30)
    monkeypatch.setattr(issue_check, "_ask", lambda *_: together.wait() * 0 or None)
    assert len(ask([f"https://example.org/{number}" for number in range(8)])) == 8


def test_a_dead_link_is_an_error_once_and_one_that_may_work_a_warning(site: Site, tmp_path: Path) -> None:
    text = (
        f"[a]({site.address}/404)\n\n[b]({site.address}/404)\n\n[c]({site.address}/ok)\n\n"
        f"![d]({site.address}/403)\n\n[e](/relative) <me@example.org>\n"
    )
    problems = check(issue(tmp_path, text), mail_settings())
    dead = [problem for problem in problems if "dead link" in problem.message]
    assert [(problem.line, problem.severity) for problem in dead] == [(FIRST, "error")]
    (doubt,) = [problem for problem in problems if "may or may not work" in problem.message]
    assert (doubt.line, doubt.severity) == (FIRST + 6, "warning")
    assert not any("relative" in asked for asked in site.asked)


def test_the_url_of_the_front_matter_is_asked_too(site: Site, tmp_path: Path) -> None:
    head = HEAD.replace("language", f"url: {site.address}/404\nlanguage")
    assert any("dead link" in problem.message for problem in check(issue(tmp_path, "Hello", head), mail_settings()))


def test_offline_nothing_is_asked(site: Site, tmp_path: Path) -> None:
    check(issue(tmp_path, f"[a]({site.address}/404)"), mail_settings(), offline=True)
    assert site.asked == []


# --- any text ---------------------------------------------------------------------------------------------------------

_PIECE = st.sampled_from(
    [
        "[a](",
        "](",
        "![",
        "]",
        ")",
        "<",
        ">",
        "https://",
        "mailto:",
        "//",
        "\n",
        "> ",
        "- ",
        "`",
        "[r]: ",
        "\\",
        "&amp;",
        "|",
    ]
)


@given(st.lists(st.one_of(_PIECE, st.text(max_size=5)), max_size=25).map("".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_whatever_is_written_is_checked(tmp_path: Path, text: str) -> None:
    markdown = "".join(one for one in text if one in "\n\t" or (ord(one) >= 32 and ord(one) != 127)).replace("\r", "")
    for problem in found(tmp_path, f"Hello\n\n{markdown}"):
        assert problem.message
        assert problem.line is None or problem.line >= FIRST
