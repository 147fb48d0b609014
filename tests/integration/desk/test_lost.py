"""What was typed into a form whose session has ended is shown, to be copied, to whoever typed it alone."""

import re
from html import unescape

import pytest

from desk import words
from guichet.locales import LANGUAGES, Language
from guichet.store import dynamodb
from tests.support.app import App
from tests.support.desk import Browser
from tests.support.wire import Wire, unreachable

TYPED = "An hour of work,\nwith </textarea><b>markup</b> & “quotes”"


def texts_of(page: str) -> list[str]:
    """Return what stands in the text areas of a page."""
    return [unescape(text) for text in re.findall(r"<textarea readonly[^>]*>\n(.*?)</textarea>", page, re.DOTALL)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_typed_is_shown_when_the_session_has_ended(app: App, language: Language) -> None:
    browser = Browser(app, language=language)
    reply = browser.post("settings", {"token": "x" * 43, "text": TYPED, "name": "short", "code": "1" * 30})
    assert reply.status_code == 403
    assert texts_of(reply.text) == [TYPED]
    assert "<b>markup" not in reply.text
    assert f'lang="{language}"' in reply.text
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


def test_what_cannot_be_read_is_no_failure(app: App) -> None:
    reply = Browser(app).post("settings", {})
    assert (reply.status_code, texts_of(reply.text)) == (403, [])
