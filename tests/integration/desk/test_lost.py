"""Text typed into a form whose session has ended is shown for copying, only to the person who typed it."""

import json
import re
from html import unescape

import pytest

from desk import access, words
from guichet.locales import LANGUAGES, Language
from guichet.newsletter.editions import LARGEST_TEXT
from guichet.store import dynamodb
from tests.support.app import START, App
from tests.support.desk import ORIGIN, Browser
from tests.support.wire import Wire, unreachable

TYPED = "An hour of work,\nwith </textarea><b>markup</b> & “quotes”"


def texts_of(page: str) -> list[str]:
    """Return the contents of a page's text areas."""
    return [unescape(text) for text in re.findall(r"<textarea readonly[^>]*>\n(.*?)</textarea>", page, re.DOTALL)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_typed_is_shown_when_the_session_has_ended(app: App, language: Language) -> None:
    browser = Browser(app, language=language)
    reply = browser.post("settings", {"token": "x" * 43, "text": TYPED, "name": "short", "code": "1" * 30})
    assert reply.status_code == 403
    assert texts_of(reply.text) == [TYPED]
    assert "<b>markup" not in reply.text
    assert f'lang="{language}"' in reply.text
    # Otherwise, the text would be lost with the page.
    link = f'<a href="{ORIGIN}/desk" target="_blank">{words.say("common.other_tab", language)}</a>'
    assert link in reply.text
    assert link not in browser.post("settings", {"text": "short"}).text
    assert reply.headers["cache-control"] == "no-store"


def test_so_it_is_when_the_page_was_of_another_session(app: App) -> None:
    first, second = Browser(app).signed_in(), Browser(app).signed_in()
    (token,) = set(re.findall('name="token" value="([^"]+)"', first.get("settings").text))
    reply = second.post("people", {"token": token, "address": TYPED})
    assert (reply.status_code, texts_of(reply.text)) == (403, [TYPED])


def test_another_site_s_form_is_not_shown(app: App) -> None:
    for origin in ("https://evil.example", "null", ""):
        reply = Browser(app).post("settings", {"text": TYPED}, Origin=origin)
        assert (reply.status_code, texts_of(reply.text)) == (403, [])
        assert "An hour of work" not in reply.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_when_the_database_is_away_the_owner_is_told_so_and_loses_no_text(
    app: App, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    browser = Browser(app, language=language).signed_in()
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    Wire(dynamodb.client()).always(unreachable)
    opened, posted = browser.get("settings"), browser.post("settings", {"token": "x" * 43, "text": TYPED})
    assert [texts_of(reply.text) for reply in (opened, posted)] == [[], [TYPED]]
    for reply in (opened, posted):
        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "5"
        assert words.say("common.unavailable", language) in unescape(reply.text)


@pytest.mark.medium
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_issue_is_shown_when_the_session_has_ended(app: App, language: Language) -> None:
    text = "é".rjust(LARGEST_TEXT // 2, "a") + "\n<end>"
    reply = Browser(app, language=language).post("issues/_new", {"text_fr": text, "text_en": text})
    assert (reply.status_code, texts_of(reply.text)) == (403, [text, text])
    assert words.say("common.typed_cut", language) not in unescape(reply.text)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_too_large_is_shown_as_far_as_a_response_has_room(app: App, language: Language) -> None:
    browser = Browser(app, language=language).signed_in()
    reply = browser.post("issues/_new", {"text_fr": "short and sweet, but kept", "text_en": "<é\n" * 500_000})
    assert reply.status_code == 413
    assert words.say("common.too_large", language) in unescape(reply.text)
    assert words.say("common.typed_cut", language) in unescape(reply.text)
    first, second = texts_of(reply.text)
    assert first == "short and sweet, but kept"
    assert second == ("<é\n" * 500_000)[: len(second)]
    assert len(second) > 500_000
    # Lambda's limit, as the runtime writes a response.
    assert len(json.dumps(reply.text, ensure_ascii=False).encode()) < 6_000_000


FORM = "application/x-www-form-urlencoded"
UNREADABLE = [
    (b"", FORM, 422, "not_read"),
    (b"<a/>", "text/xml", 415, "not_read"),
    (b"{", "application/json", 400, "not_read"),
    (b"a=%ff&" * 300, FORM, 422, "not_read"),
    (b"--x", "multipart/form-data; boundary=y", 400, "not_read"),
    (b"a=" + b"b" * (1024 * 1024), FORM, 413, "too_large"),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["sign-in", "people"])
def test_what_is_not_taken_is_told_in_the_desk_s_words(app: App, language: Language, page: str) -> None:
    browser = Browser(app, language=language).signed_in()
    for body, content_type, status, code in UNREADABLE:
        reply = browser.post(page, body, **{"Content-Type": content_type, "Accept": "application/json"})
        assert reply.status_code == status
        assert words.say(f"common.{code}", language) in unescape(reply.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_of_ours_is_told_in_the_desk_s_words_and_loses_no_text(
    app: App, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    browser = Browser(app, language=language).signed_in()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(access, "session_of", fail)
    opened, posted = browser.get("settings"), browser.post("settings", {"text": TYPED})
    assert [texts_of(reply.text) for reply in (opened, posted)] == [[], [TYPED]]
    for reply in (opened, posted):
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
        assert words.say("common.failed", language) in unescape(reply.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_preview_says_in_its_frame_that_the_session_has_ended(app: App, language: Language) -> None:
    browser = Browser(app, language=language)
    ended = browser.post("issues/_preview", {"show": "en html", "text_en": TYPED})
    none = browser.signed_in().get("issues/_preview")
    for reply, status, code in ((ended, 403, "signed_out"), (none, 404, "no_such_page")):
        assert (reply.status_code, reply.text) == (status, words.say(f"common.{code}", language))
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'self'; sandbox" in reply.headers["content-security-policy"]
    foreign = browser.post("issues/_preview", {"text_en": TYPED}, Origin="https://evil.example")
    assert foreign.text == words.say("common.other_origin", language)


def test_what_the_page_itself_posts_is_not_shown(app: App) -> None:
    key = "0123456789abcdef" * 2
    hidden = {
        "content": key,
        "message": key,
        "subscriber": key,
        "id": key,
        "permit": "x" * 43,
        "changed": START.isoformat(),
    }
    hidden |= {"record": f"message#{key}", "email": "email#contact-notification"}
    assert texts_of(Browser(app).post("settings", {**hidden, "text": TYPED}).text) == [TYPED]


def test_what_cannot_be_read_is_no_failure(app: App) -> None:
    reply = Browser(app).post("settings", {})
    assert (reply.status_code, texts_of(reply.text)) == (403, [])


@pytest.mark.parametrize("page", ["messages/0", "nothing"])
def test_a_page_that_is_not_there_reports_nothing(app: App, page: str) -> None:
    browser = Browser(app).signed_in()
    assert 'class="told"' in browser.get("messages?told=released").text
    reply = browser.get(f"{page}?told=released")
    assert (reply.status_code, 'class="told"' in reply.text) == (404, False)
