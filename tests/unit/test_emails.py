"""The emails: each a module with what the outbox needs, and a pair of templates for all languages."""

import inspect
import re
import subprocess
import sys
from dataclasses import replace
from email.header import decode_header, make_header
from html import unescape
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import html5lib
import pytest

from guichet.locales import LANGUAGES, Language, locale
from guichet.mail import emails, mime
from guichet.mail.emails import acknowledgement, issue, issue_paused
from guichet.mail.mime import compose
from guichet.outbox.eligibility import pool_of, stranger_mail_per_day
from guichet.records.issue import Issue, Reason
from guichet.records.outbox import AUDIENCES, QueuedEmail
from guichet.settings import NotifierSettings
from tests.support import issues
from tests.support.emails import AT, NAMES, email
from tests.support.typography import faults

TEMPLATES = Path(mime.__file__).parent / "templates"
# Templates that others are made of, and those of the emails with the owner's own words.
PARTS = {"layout.html", "row.html", "button.html", "own.html", "own.txt"}


# Emails that do not go to the owner.
ADDRESSEES = {
    "acknowledgement": "sender",
    "comments-link": "author",
    "confirmation-request": "signed_up",
    "form-notification": "recipients",
    "issue": "subscriber",
    "renewal": "subscriber",
    "welcome": "new_subscriber",
}


def decoded(header: str) -> str:
    """Return a header as a mail program shows it."""
    return str(make_header(decode_header(header)))


def due(record: Any) -> emails.Due[Any]:
    """Return an email whose turn has come."""
    claimed: Any = None
    return emails.Due(claimed, record, NotifierSettings.from_environment())


@pytest.mark.parametrize("acknowledge", ["on", "off"])
def test_strangers_get_no_more_emails_of_all_kinds_than_the_setting_says(acknowledge: Literal["on", "off"]) -> None:
    settings = NotifierSettings.from_environment().model_copy(
        update={"stranger_mail_per_day": 500, "acknowledge": acknowledge}
    )
    mailed = {name for name in NAMES if emails.named(name).STRANGER_SHARE is not None}
    if acknowledge == "off":
        mailed.remove(acknowledgement.NAME)
    pools = {pool_of(name) for name in mailed}
    assert sum(stranger_mail_per_day(pool, settings) for pool in pools) == 500


@pytest.mark.parametrize("name", NAMES)
def test_an_email_is_a_module_that_is_found_by_its_name(name: str) -> None:
    module = emails.named(name)
    assert name == module.NAME
    assert module.AUDIENCE in AUDIENCES
    addressee = ADDRESSEES.get(name, "owner")
    assert (module.ADDRESSEE, module.AUDIENCE == "owner") == (addressee, addressee in {"owner", "recipients"})
    # The owner is not a stranger.
    assert module.STRANGER_SHARE is None or (module.AUDIENCE == "visitor" and 0 < module.STRANGER_SHARE <= 1)
    for function in (module.ineligible, *(emails.offered(name, what) for what in get_args(emails.Offered))):
        if function:
            inspect.signature(function).bind("the email that is due")
    inspect.signature(module.content).bind("its record", "fr", "the settings")
    if name == issue.NAME:
        # It is sent from its own rows, and never waits in the outbox.
        assert not hasattr(module, "queued")
        assert module.ineligible(due(issues.written("fr")))
    else:
        # Its parameters are specific to it.
        assert get_type_hints(getattr(module, "queued"))["return"] is QueuedEmail  # noqa: B009


@pytest.mark.parametrize("name", ["nobody", "", "..", "a.b", "welcome.x", "../welcome", "__init__.x"])
def test_what_is_no_email_is_not_found(name: str) -> None:
    with pytest.raises(ImportError):
        emails.named(name)


def test_each_email_has_its_two_templates_and_there_is_no_other() -> None:
    pairs = {f"{name}.{ending}" for name in NAMES for ending in ("txt", "html")}
    assert {path.name for path in TEMPLATES.iterdir()} == pairs | PARTS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_email_can_be_written_in_every_language(name: str, language: Language) -> None:
    mail = email(name, language)
    text, html = (part.get_content() for part in mail.iter_parts())
    assert mail["Subject"]
    assert f'<html lang="{language}">' in html
    # Strict: it raises on anything that a validator would call a parse error.
    html5lib.HTMLParser(strict=True).parse(html)
    for written in (mail["Subject"], text, re.sub("<style>.*</style>", "", html, flags=re.DOTALL)):
        # No placeholder of a sentence or a template is left.
        assert not re.search("[{}]", written)
    # Both parts have the same content.
    for url in re.findall(r"https://[^\s<>]+", text):
        assert url in html.replace("&amp;", "&")


@pytest.mark.parametrize("name", NAMES)
def test_every_french_email_is_typeset(name: str) -> None:
    mail = email(name, "fr")
    text, html = (part.get_content() for part in mail.iter_parts())
    shown = unescape(re.sub("<style>.*</style>|<[^>]*>", " ", html, flags=re.DOTALL))
    for written in (decoded(mail["Subject"]), text, shown):
        assert faults(written) == []


@pytest.mark.medium
def test_no_two_languages_write_the_same_email() -> None:
    for name in NAMES:
        written = [email(name, language) for language in LANGUAGES]
        assert len({part.get_content() for mail in written for part in mail.iter_parts()}) == 2 * len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", get_args(Reason))
def test_a_paused_issue_says_why_and_where_to_go_on(reason: Reason, language: Language) -> None:
    paused = issues.ISSUE.model_copy(update={"state": "paused", "reason": reason})
    if reason == "owner":
        assert issue_paused.ineligible(due(paused)) == "the owner paused it"
        return
    assert issue_paused.ineligible(due(paused)) is None
    assert issue_paused.ineligible(due(paused.model_copy(update={"state": "sending"})))
    mail = compose("issue-paused", language, paused, NotifierSettings.from_environment())
    text, html = (part.get_content() for part in mail.iter_parts())
    assert faults(text) == [] or language != "fr"
    for written in (text, unescape(html)):
        assert "https://api.example/desk/issues/2026-12-atelier" in written
        # A changed text cannot be sent.
        assert bool(re.search("Resume it|Reprenez", written)) == (reason != "changed")
        # Counted since it was last resumed.
        assert ("55" in written, "780" in written) == ((reason == "bounces"), (reason in {"bounces", "complaints"}))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["sent", "cancelled"])
def test_an_ended_issue_tells_its_counts(state: str, language: Language) -> None:
    ended = issues.ISSUE.model_copy(update={"state": state})
    mail = compose("issue-sent", language, ended, NotifierSettings.from_environment())
    text, html = (part.get_content() for part in mail.iter_parts())
    # Readable numbers, even in thousands.
    assert locale(language).number("1000") in text
    assert locale(language).number("1000") in html
    counts = [1000, 880, 2, 10, 7, 60, 3]
    if state == "cancelled":
        # Those that waited, or were about to go.
        counts.insert(5, 101)
    text, html = (re.sub(r"(?<=\d)[,\u202f](?=\d{3})", "", part) for part in (text, html))
    cells = re.findall(r'class="value[^>]*>([^<]*)<', html)
    assert cells[: len(counts)] == [str(count) for count in counts]
    lines = [line.rpartition(" ")[2] for line in text.splitlines()]
    assert [line for line in lines if line.isdigit()] == [str(count) for count in counts]
    assert len(cells) == len(counts) + 2
    assert "https://api.example/desk/issues/2026-12-atelier" in text


def test_an_issue_that_never_began_can_be_cancelled() -> None:
    never = Issue(**issues.ISSUE.model_dump(include={"id", "languages", "content", "changed_at", "expires_at"}))
    cancelled = never.model_copy(update={"state": "cancelled", "ended_at": AT})
    mail = compose("issue-sent", "en", cancelled, NotifierSettings.from_environment())
    text, _ = (part.get_content() for part in mail.iter_parts())
    assert "Readers: 0\nSent: 0\n" in text
    assert "Started" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_test_of_an_issue_is_the_issue_itself_with_another_subject(language: Language) -> None:
    look = {"privacy_url": "https://atelier.example/privacy", "logo_url": "https://atelier.example/logo.png"}
    tried, sent = email("issue-test", language, **look), email("issue", language, **look)
    assert [part.get_content() for part in tried.iter_parts()] == [part.get_content() for part in sent.iter_parts()]
    subject = issues.written(language).edition.subject
    assert decoded(sent["Subject"]) == subject
    assert re.fullmatch(rf"\[\w+\] {re.escape(subject)}", decoded(tried["Subject"]))
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post"):
        assert tried[name] == sent[name] != ""


def test_an_issue_shows_its_preheader_and_its_subject_once_each() -> None:
    edition = issues.SAMPLE["fr"]
    settings = NotifierSettings.from_environment()

    def html_of(markdown: str) -> str:
        changed = edition.model_copy(update={"markdown": markdown})
        reader = issues.written("fr")
        _, html = compose("issue", "fr", replace(reader, edition=changed), settings).iter_parts()
        return str(html.get_content())

    assert re.findall(r'<div style="display:none[^>]*>([^<]*)</div>', html_of("Bonjour")) == [edition.preheader]
    assert re.findall("<h1[^>]*>(.*?)</h1>", html_of("Bonjour\n\n## Un")) == [edition.subject]
    # An author's own title replaces it.
    assert re.findall("<h1[^>]*>(.*?)</h1>", html_of("# Un\n\nBonjour")) == ["Un"]


@pytest.mark.medium
def test_the_notifier_starts_without_what_reads_markdown() -> None:
    code = "import sys, notifier.handler; print(*sys.modules)"
    functions = Path(emails.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=functions, check=True, capture_output=True, text=True)
    loaded = done.stdout.split()
    assert "guichet.mail.mime" in loaded
    assert {"markdown_it", "guichet.mail.markdown"}.isdisjoint(loaded)


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("handler", ["contact", "newsletter", "comments", "desk", "feedback"])
def test_a_handler_that_sends_no_email_starts_without_what_writes_one_and_without_any_language(handler: str) -> None:
    code = f"import sys, {handler}.handler; print(*sys.modules)"
    functions = Path(emails.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=functions, check=True, capture_output=True, text=True)
    loaded = done.stdout.split()
    assert "guichet.locales" in loaded
    unwanted = {
        "jinja2",
        "markdown_it",
        "nh3",
        "guichet.mail.mime",
        "guichet.mail.ses",
        *(f"guichet.locales.{tag}" for tag in LANGUAGES),
    }
    assert unwanted.isdisjoint(loaded)
