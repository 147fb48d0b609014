"""The newsletter's issues at the desk: written, previewed, tested, scheduled, sent by typing the number, followed."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from html import unescape
from typing import Any, cast

import html5lib
import pytest
import time_machine
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata
from werkzeug.test import TestResponse

from desk import issues as desk_issues
from desk.issue_words import Words
from guichet.locales import LANGUAGES, Language
from guichet.mail import ses
from guichet.mail.emails import issue_paused
from guichet.newsletter import plan
from guichet.newsletter.plan import Audience
from guichet.records.issue import Issue, Tally
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import dynamodb, issues, readers, table
from tests.support import many
from tests.support.app import START, App
from tests.support.desk import Browser, forms_of
from tests.support.feedback import taken, tell
from tests.support.issues import SAMPLE
from tests.support.newsletter import SECRET
from tests.support.sending import TABLE, add, copies, play, the, to
from tests.support.wire import Wire

NAME = "2027-01"
TYPED = {
    "name": NAME,
    "subject_en": "Spring",
    "text_en": "# Hello\n\nThe **workshop** opens: [all about it](https://atelier.example/spring).",
}
FRENCH = {"subject_fr": "Le printemps", "text_fr": "Bonjour, l’atelier *rouvre*."}

BOTH: tuple[Language, ...] = ("fr", "en")


@pytest.fixture
def desk(app: App) -> Browser:
    """Return the owner's browser, signed in."""
    return Browser(app).signed_in()


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker send ten thousand a second."""
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(10_000.0, None, None))


def form_of(page: TestResponse, ending: str) -> dict[str, str]:
    """Return the fields of the form that posts to a page."""
    (form,) = [form for form in forms_of(page) if form["action"].endswith(ending)]
    fields: dict[str, str] = form["fields"]
    return fields


def write(desk: Browser, **typed: str) -> TestResponse:
    """Write a new issue, and save it."""
    page = desk.get("issues/_new")
    return desk.post("issues/_new", {**form_of(page, "/_new"), **TYPED, **typed})


def rewrite(desk: Browser, page: TestResponse, **typed: str) -> TestResponse:
    """Save another text, from a page with the form."""
    return desk.post(f"issues/{NAME}/write", {**form_of(page, "/write"), "show": "", **TYPED, **typed})


def preview(desk: Browser, show: str = "en html", **typed: str) -> TestResponse:
    """Press a button of the form that previews."""
    fields = form_of(desk.get("issues/_new"), "/_new")
    return desk.post("issues/_preview", {**fields, **TYPED, **typed, "show": show})


def acted(desk: Browser, what: str, **typed: str) -> TestResponse:
    """Press a button on the page of the issue."""
    return desk.post(f"issues/{NAME}/{what}", {**form_of(desk.get(f"issues/{NAME}"), f"/{what}"), **typed})


def to_start(desk: Browser, how: str = "send", **typed: str) -> TestResponse:
    """Type the number into the page of sending, or scheduling."""
    return desk.post(f"issues/{NAME}/{how}", {**form_of(desk.get(f"issues/{NAME}/{how}"), f"/{how}"), **typed})


def said(page: TestResponse) -> str:
    """Return what a page says."""
    root = html5lib.parse(page.text, namespaceHTMLElements=False)
    return " ".join("".join(root.find("body").itertext()).split())


def kept() -> Issue | None:
    return issues.find(TABLE, NAME)


# --- the whole life ---------------------------------------------------------------------------------------------------


def body(html: str) -> list[Any]:
    """Return a document as an independent parser reads it: every element of the body, its attributes, its text."""
    root = html5lib.parse(html, namespaceHTMLElements=False)
    return [(part.tag, dict(part.attrib), part.text, part.tail) for part in root.find("body").iter()]


def without_links(text: str) -> str:
    """Return a text without the tokens of unsubscribe links, which differ by reader."""
    return re.sub(r"subscriber=\w+&(amp;)?token=[\w-]+", "", text)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


@pytest.mark.slow
def test_an_issue_is_written_looked_at_tested_and_sent_once_to_all_by_typing_their_number(
    app: App, desk: Browser
) -> None:
    add("ann", "ben")
    add("cat", language="en")
    empty = desk.get("issues")
    assert "There is no issue yet" in said(empty)
    # Additional languages have no sample.
    samples = {language: SAMPLE[language] for language in BOTH}
    typed = {
        f"{name}_{language}": value
        for language, edition in samples.items()
        for name, value in {
            "subject": edition.subject, "preheader": edition.preheader, "url": edition.url,
            "text": edition.markdown.replace("<b>Lyon</b>", "Lyon"),
        }.items()
    }  # fmt: skip
    shown = {language: preview(desk, f"{language} html", **typed) for language in BOTH}
    as_text = {language: preview(desk, f"{language} text", **typed) for language in BOTH}
    assert kept() is None
    page = desk.follow(write(desk, **typed))
    assert "The text is saved. Nothing was sent." in said(page)
    assert "No mistake was found" in said(page)
    stored = {language: desk.get(f"issues/{NAME}/mail/{language}") for language in BOTH}

    page = desk.follow(acted(desk, "test"))
    assert "The test is on its way, only to you" in said(page)
    play(app)
    subjects = {edition.subject: language for language, edition in samples.items()}
    tests = {subjects[re.sub(r"^\[\w+\] ", "", mail["Subject"])]: mail for mail in app.mails()}
    assert {mail["To"] for mail in tests.values()} == {"owner@atelier.example"}

    page = desk.get(f"issues/{NAME}/send")
    assert "It goes to 3 readers: 2 in French, 1 in English." in said(page)
    assert "It costs less than a cent" in said(page)
    assert "It takes less than a minute" in said(page)
    page = desk.follow(to_start(desk, typed="3"))
    assert "The issue is being sent." in said(page)
    assert copies(app) == []
    play(app)
    assert to(app) == {"ann@example.org": 1, "ben@example.org": 1, "cat@example.org": 1}
    page = desk.get(f"issues/{NAME}")
    assert "State Sent" in said(page)
    assert "The copies of 3 readers" in said(page)
    assert the(NAME).counts == Tally(sent=3)

    # What was shown is what arrives, to the owner and to each reader.
    readers_copies = {subjects[mail["Subject"]]: mail for mail in copies(app)}
    for language in BOTH:
        for mail in (tests[language], readers_copies[language]):
            arrived = without_links(part(mail, "html"))
            assert body(without_links(shown[language].text)) == body(arrived)
            assert body(without_links(stored[language].text)) == body(arrived)
            assert without_links(as_text[language].text).strip() == without_links(part(mail, "plain")).strip()
    # It is sent once.
    again = desk.get(f"issues/{NAME}/send")
    assert again.status_code == 409
    assert "An issue is sent once" in said(again)


@pytest.mark.medium
def test_a_preview_keeps_nothing_and_runs_and_loads_nothing_but_images(desk: Browser) -> None:
    for reply in (preview(desk), preview(desk, "en text"), preview(desk, subject_en="", text_en="")):
        assert reply.status_code == 200
        policy = dict(part.strip().partition(" ")[::2] for part in reply.headers["Content-Security-Policy"].split(";"))
        assert policy["sandbox"] == "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
        assert policy["default-src"] == policy["form-action"] == "'none'"
        assert policy["frame-ancestors"] == "'self'"
        assert not {"script-src", "connect-src", "frame-src"} & set(policy)
        assert reply.headers["Cache-Control"] == "no-store"
    assert desk.app.items("issue") == desk.app.items("edition") == []
    assert preview(desk, "tlh html").status_code == 404
    form = desk.get("issues/_new")
    parent = form.headers["Content-Security-Policy"]
    assert "frame-src 'self'; script-src 'sha256-" in parent
    assert "unsafe" not in parent
    (script,) = re.findall(r"<script>(.*?)</script>", form.text, re.DOTALL)
    assert len(script) < 1200
    assert desk_issues._script()[1] in parent  # noqa: SLF001


HOSTILE = (
    "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[a](javascript:alert(1)) [b](data:text/html,x)\n\n"
    "![x](javascript:alert(1)) <iframe src=https://evil.example></iframe>\n\n</body></html><base href=//evil.example>"
)


@pytest.mark.medium
def test_what_is_hostile_stays_text(desk: Browser) -> None:
    subject = "</title><script>alert(2)</script>\"'><img src=x onerror=alert(3)>"
    page = preview(desk, subject_en=subject, preheader_en=subject, text_en=HOSTILE, url_en="javascript:alert(4)")
    root = html5lib.parse(page.text, namespaceHTMLElements=False)
    tags = [element.tag for element in root.iter() if isinstance(element.tag, str)]
    assert not {"script", "iframe", "img", "object", "embed", "form"} & set(tags)
    assert [dict(base.attrib) for base in root.iter("base")] == [{"target": "_blank"}]
    assert all(link.attrib["href"].startswith("https://") for link in root.iter("a"))
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    assert "<script>alert(1)</script>" in "".join(root.itertext())
    # On the pages, too.
    reply = write(desk, subject_en=subject, text_en=HOSTILE)
    for shown in (desk.follow(reply), desk.get(f"issues/{NAME}/write"), desk.get(f"issues/{NAME}/send")):
        assert shown.status_code == 200
        assert "alert(2)" in said(shown) or "alert(2)" in unescape(shown.text)
        found = html5lib.parse(shown.text, namespaceHTMLElements=False)
        assert not list(found.iter("img"))
        assert all("alert" not in "".join(one.itertext()) for one in found.iter("script"))
        assert not [name for element in found.iter() for name in element.attrib if name.startswith("on")]


@pytest.mark.slow
@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["subject_en", "preheader_en", "text_en", "url_en"]))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_whatever_is_typed_is_shown_or_refused_and_never_markup(desk: Browser, one: str, other: str, name: str) -> None:
    fields = {"token": form_of(desk.get("issues/_new"), "/_new")["token"], "name": "", **TYPED}
    for reply in (
        desk.post("issues/_preview", {**fields, "show": "en html", name: f"{one}<i>{other}"}),
        desk.post("issues/_new", {**fields, "name": f"{one}<i>{other}", name: f"{one}<i>{other}"}),
    ):
        assert reply.status_code in {200, 422}
        root = html5lib.parse(reply.text, namespaceHTMLElements=False)
        assert not list(root.iter("i"))
    assert desk.app.items("issue") == []


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"name": "Spring 2027!"}, "name", "For example: spring-2027"),
        ({"name": "é"}, "name", "For example: e"),
        ({"name": "a" * 65}, "name", "at most 64"),
        ({"name": "_new"}, "name", "For example: new"),
        ({"subject_en": ""}, "subject_en", "Write a subject."),
        ({"subject_en": "a\nb"}, "subject_en", "on one line"),
        ({"subject_en": "a" * 151}, "subject_en", "151 characters; the maximum is 150"),
        ({"preheader_en": "a" * 251}, "preheader_en", "251 characters; the maximum is 250"),
        ({"url_en": "atelier.example/spring"}, "url_en", "Write the full address"),
        ({"url_en": "javascript:alert(1)"}, "url_en", "Write the full address"),
        ({"text_en": ""}, "text_en", "Write the text."),
        ({"text_en": "é" * 150_000}, "text_en", "This text has 293 KB; the maximum is 256 KB."),
        ({"subject_en": "", "text_en": ""}, "subject_fr", "in at least one language"),
        ({"subject_fr": "Le printemps"}, "text_fr", "Write the text."),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_what_was_typed_is_kept(
    desk: Browser, typed: dict[str, str], field: str, words: str
) -> None:
    reply = write(desk, **typed)
    assert reply.status_code == 422
    root = html5lib.parse(reply.text, namespaceHTMLElements=False)
    (found,) = [one for one in root.iter() if one.attrib.get("id") == field]
    assert found.attrib["aria-invalid"] == "true"
    beside = {one.attrib.get("id"): "".join(one.itertext()) for one in root.iter()}
    assert words in beside[found.attrib["aria-describedby"].split()[-1]]
    stands = {one.attrib.get("name"): one.attrib.get("value", "") if one.tag == "input" else "".join(one.itertext())
              for one in root.iter() if one.tag in {"input", "textarea"}}  # fmt: skip
    for name, value in {**TYPED, **typed}.items():
        assert stands[name].replace("\n", "") == value.replace("\n", "")
    assert desk.app.items("issue") == []


@pytest.mark.slow
def test_a_large_issue_is_taken_and_one_beyond_all_measure_is_refused(desk: Browser) -> None:
    large = "\n\n".join(["Une phrase écrite à la main, avec des accents."] * 5_000)
    assert 200_000 < len(large.encode()) < 256 * 1024
    fields = {**form_of(desk.get("issues/_new"), "/_new"), **TYPED, "text_en": large, "text_fr": large}
    fields["subject_fr"] = "Le printemps"
    # As browsers post the form: urlencoded, it would be three times as large.
    content, kind = encode_multipart_formdata(fields)
    assert len(content) < 600_000
    reply = desk.post("issues/_new", cast("Any", content), **{"Content-Type": kind})
    assert reply.status_code == 303
    assert issues.editions(TABLE, NAME)["fr"].markdown == large
    page = desk.get(f"issues/{NAME}")
    assert "Gmail cuts it off at 102" in said(page)
    assert "/send" not in page.text
    refused = desk.get(f"issues/{NAME}/send")
    assert "It has errors" in said(refused)
    assert "Type the number" not in said(refused)
    assert desk.post("issues/_new", {**fields, "text_fr": large * 4}).status_code == 413


@pytest.mark.medium
def test_two_tabs_never_overwrite_each_other_unseen(desk: Browser) -> None:
    desk.follow(write(desk))
    first, second = desk.get(f"issues/{NAME}/write"), desk.get(f"issues/{NAME}/write")
    assert rewrite(desk, first, text_en="From the first tab").status_code == 303
    reply = rewrite(desk, second, text_en="From the second tab")
    assert reply.status_code == 409
    assert "changed meanwhile, in another tab" in said(reply)
    assert "From the second tab" in reply.text
    assert issues.editions(TABLE, NAME)["en"].markdown == "From the first tab"
    # After reading that, they may replace it.
    assert rewrite(desk, reply, text_en="From the second tab").status_code == 303
    assert issues.editions(TABLE, NAME)["en"].markdown == "From the second tab"
    # A second press of the same button finds what it wrote.
    assert rewrite(desk, reply, text_en="From the second tab").status_code == 303


@pytest.mark.medium
def test_a_name_is_given_once_and_a_text_that_is_gone_is_kept_anew(desk: Browser) -> None:
    desk.follow(write(desk))
    reply = write(desk, text_en="Another")
    assert reply.status_code == 409
    assert "There is already an issue of this name" in said(reply)
    assert issues.editions(TABLE, NAME)["en"].markdown == TYPED["text_en"]
    page = desk.get(f"issues/{NAME}/write")
    for sk in ("issue", "edition#en"):
        dynamodb.call("delete_item", TableName=TABLE, Key=dynamodb.marshalled({"pk": f"issue#{NAME}", "sk": sk}))
    reply = rewrite(desk, page)
    assert reply.status_code == 409
    assert "no longer stored" in said(reply)
    assert rewrite(desk, reply).status_code == 303
    assert kept()


@pytest.mark.medium
def test_a_language_that_is_emptied_is_left_out_and_said_to_be_missing(desk: Browser) -> None:
    add("ann", "ben")
    add("cat", language="en")
    desk.follow(write(desk, **FRENCH))
    assert the(NAME).languages == ("en", "fr")
    page = desk.get(f"issues/{NAME}/write")
    page = desk.follow(rewrite(desk, page, **dict.fromkeys(FRENCH, "")))
    assert the(NAME).languages == ("en",)
    assert "The issue is not in French, which 2 of 3 readers chose: they get English." in said(page)
    assert desk.get(f"issues/{NAME}/mail/fr").status_code == 404
    assert "Of these, 2 readers chose French" in said(desk.get(f"issues/{NAME}/send"))


@pytest.mark.medium
def test_what_is_wrong_is_said_with_its_line_in_both_languages(app: App, desk: Browser) -> None:
    text = (
        "Hello\n\n[a](/spring)\n\n![](https://atelier.example/a.png)\n\n![b](http://atelier.example/b.png)\n\n<b>c</b>"
    )
    page = desk.follow(write(desk, text_en=text))
    told = said(page)
    assert "Error: English, line 3: The link /spring leads nowhere in an email." in told
    assert "English, line 5: The image https://atelier.example/a.png has no words" in told
    assert "English, line 7: The image http://atelier.example/b.png is over http" in told
    assert "English, line 9: The HTML <b> arrives as text." in told
    french = Browser(app, language="fr").signed_in().get(f"issues/{NAME}")
    assert "Erreur\xa0: anglais, ligne 3\xa0: Le lien /spring ne mène nulle part".replace("\xa0", " ") in said(french)


@pytest.mark.medium
def test_a_started_issue_is_never_written_again(desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    page = desk.get(f"issues/{NAME}/write")
    assert to_start(desk, typed="1").status_code == 303
    reply = rewrite(desk, page, text_en="Another")
    assert reply.status_code == 409
    assert "can no longer be changed" in said(reply)
    assert "Another" in reply.text
    assert desk.get(f"issues/{NAME}/write").status_code == 409
    assert issues.editions(TABLE, NAME)["en"].markdown == TYPED["text_en"]


# --- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("typed", ["2", "", "one", "11", "-1", "1e0"])
def test_a_number_that_is_not_the_readers_sends_nothing(desk: Browser, typed: str) -> None:
    add("ann")
    desk.follow(write(desk))
    reply = to_start(desk, typed=typed)
    assert reply.status_code == 422
    assert "That is not the number of readers, so nothing was sent." in said(reply)
    assert the(NAME).state == "draft"


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("typed", ["1,234", "1 234", "1\u202f234", "1’234", " 1234 "])
def test_the_number_is_typed_as_people_write_it(desk: Browser, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(issues, "audience", lambda _: {"en": 1234})
    desk.follow(write(desk))
    assert to_start(desk, typed=typed).status_code == 303
    assert the(NAME).state == "sending"


@pytest.mark.medium
def test_readers_who_come_meanwhile_are_counted_again(desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    page = desk.get(f"issues/{NAME}/send")
    add("ben")
    for typed in ("1", "2"):
        reply = desk.post(f"issues/{NAME}/send", {**form_of(page, "/send"), "typed": typed})
        assert reply.status_code == 409
        assert "changed meanwhile, from 1 to 2, so nothing was sent" in said(reply)
    assert the(NAME).state == "draft"
    assert desk.post(f"issues/{NAME}/send", {**form_of(reply, "/send"), "typed": "2"}).status_code == 303


@pytest.mark.medium
def test_what_is_sent_is_what_was_shown(desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    page = desk.get(f"issues/{NAME}/send")
    rewrite(desk, desk.get(f"issues/{NAME}/write"), text_en="Another text")
    reply = desk.post(f"issues/{NAME}/send", {**form_of(page, "/send"), "typed": "1"})
    assert reply.status_code == 409
    assert "changed while you were looking at it, so nothing was done" in said(reply)
    assert the(NAME).state == "draft"


@pytest.mark.medium
def test_two_owners_who_press_send_at_once_send_it_once(app: App, desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    other = Browser(app).signed_in()
    fields = [form_of(browser.get(f"issues/{NAME}/send"), "/send") for browser in (desk, other)]
    replies = [
        browser.post(f"issues/{NAME}/send", {**given, "typed": "1"})
        for browser, given in zip((desk, other), fields, strict=True)
    ]
    assert [reply.status_code for reply in replies] == [303, 409]
    play(app)
    assert to(app) == {"ann@example.org": 1}


@pytest.mark.medium
def test_a_change_between_the_page_s_read_and_the_start_is_seen(desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann")
    desk.follow(write(desk))
    monkeypatch.setattr(issues, "begin", lambda *_: False)
    reply = to_start(desk, typed="1")
    assert reply.status_code == 409
    assert "so nothing was done" in said(reply)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"in_production": False}, "SES is in its sandbox"),
        ({"sends": False}, "SES has paused the account"),
        ({"per_day": 0.0}, "SES has paused the account"),
    ],
)
def test_an_account_that_cannot_send_stops_it(
    desk: Browser, monkeypatch: pytest.MonkeyPatch, account: dict[str, Any], words: str
) -> None:
    add("ann")
    desk.follow(write(desk))
    page = desk.get(f"issues/{NAME}/send")
    usual = {"per_second": 14.0, "per_day": None, "used": 0.0, "in_production": True, "sends": True, "plan": ""}
    monkeypatch.setattr(plan, "account_of", lambda _: plan.Account(**{**usual, **account}))
    reply = desk.post(f"issues/{NAME}/send", {**form_of(page, "/send"), "typed": "1"})
    assert reply.status_code == 409
    assert words in said(reply)
    assert "Type the number" not in said(desk.get(f"issues/{NAME}/send"))
    assert the(NAME).state == "draft"
    change_state("paused")
    assert words in said(acted(desk, "resume"))
    assert the(NAME).state == "paused"


@pytest.mark.medium
def test_where_ses_does_not_answer_it_can_be_sent_all_the_same(desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="ses")

    add("ann")
    desk.follow(write(desk))
    monkeypatch.setattr(plan, "account_of", silent)
    page = desk.get(f"issues/{NAME}/send")
    assert "SES does not answer now" in said(page)
    assert "It costs" not in said(page)
    assert to_start(desk, typed="1").status_code == 303


def test_to_an_empty_list_nothing_is_sent(desk: Browser) -> None:
    desk.follow(write(desk))
    page = desk.get(f"issues/{NAME}/send")
    assert "nobody has confirmed" in said(page)
    assert "Type the number" not in said(page)


def change_state(state: str, **more: Any) -> None:
    """Give the issue a state that a run would give it."""
    values = {":state": state, **{f":{name}": value for name, value in more.items()}}
    setting = ", ".join(["#state = :state", *(f"{name} = :{name}" for name in more)])
    dynamodb.call(
        "update_item",
        TableName=TABLE,
        Key=dynamodb.marshalled(table.key(Issue, NAME)),
        UpdateExpression=f"SET {setting}",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues=dynamodb.marshalled(values),
    )


@pytest.mark.medium
def test_what_sending_means_is_said_in_french_too(app: App) -> None:
    add("ann", "ben")
    desk = Browser(app, language="fr").signed_in()
    assert desk.follow(write(desk, **FRENCH)).status_code == 200
    told = said(desk.get(f"issues/{NAME}/send"))
    assert "Il est envoyé à 2 lecteurs : 2 en français." in told
    assert "Il coûte moins d’un centime : SES facture 0,10 à 0,16 dollar les 1 000 emails, selon la formule" in told
    assert "L’envoi dure moins d’une minute : 11,2 emails par seconde, les quatre cinquièmes" in told


@pytest.mark.parametrize(
    ("readers_by_language", "told"),
    [
        ({"fr": 2, "en": 1}, "It goes to 3 readers: 2 in French, 1 in English."),
        ({"en": 1}, "It goes to 1 reader: 1 in English."),
        ({}, "It goes to 0 readers: 0 in French, 0 in English."),
    ],
)
def test_a_language_without_readers_is_left_out_unless_there_are_none(
    readers_by_language: dict[Language, int], told: str
) -> None:
    assert list(Words("en").audience(Audience(readers_by_language, BOTH))) == [told]


# --- scheduling -------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as clock:
        yield clock


@pytest.mark.slow
def test_a_scheduled_issue_starts_after_its_time_in_the_stack_s_time_zone(
    app: App, clock: time_machine.Traveller
) -> None:
    add("ann")
    desk = Browser(app).signed_in()
    desk.follow(write(desk))
    page = desk.follow(to_start(desk, "schedule", date="2026-11-23", time="18:00", typed="1"))
    assert "The issue is scheduled." in said(page)
    assert "Monday" in said(page)
    assert the(NAME).scheduled_for == datetime.fromisoformat("2026-11-23T17:00:00Z")
    # Another time, instead of the current one.
    page = desk.get(f"issues/{NAME}/schedule")
    assert form_of(page, "/schedule")["time"] == "18:00"
    desk.follow(to_start(desk, "schedule", date="2026-11-23", time="18:30", typed="1"))
    app.sweep("Issues")
    clock.shift(timedelta(hours=7, minutes=31))
    desk.signed_in()
    app.sweep("Issues")
    play(app)
    assert to(app) == {"ann@example.org": 1}


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("date", "time", "words"),
    [
        ("2026-11-23", "10:59", "That is past: Monday 23 November 2026 at 10:59 (Europe/Paris)."),
        ("2027-12-24", "08:00", "more than 330 days ahead"),
        # Browsers accept this as a date, too.
        ("0001-01-01", "00:00", "That is past: "),
        ("9999-12-31", "23:59", "more than 330 days ahead"),
        ("2027-03-28", "02:30", "the clocks go forward. Choose Sunday 28 March 2027 at 03:30 (Europe/Paris)"),
        ("", "08:00", "Choose a day and a time."),
        ("2026-12-24", "", "Choose a day and a time."),
        ("2026-12-24", "25:00", "Choose a day and a time."),
        ("<b>", "<i>", "Choose a day and a time."),
    ],
)
def test_what_is_no_time_to_come_is_said_beside_it(
    app: App, clock: time_machine.Traveller, date: str, time: str, words: str
) -> None:
    del clock
    add("ann")
    desk = Browser(app).signed_in()
    desk.follow(write(desk))
    reply = to_start(desk, "schedule", date=date, time=time, typed="1")
    assert reply.status_code == 422
    assert words in said(reply)
    assert the(NAME).state == "draft"


@pytest.mark.medium
@pytest.mark.parametrize(("fold", "at"), [("0", "2027-10-31T00:30:00Z"), ("1", "2027-10-31T01:30:00Z")])
def test_of_an_hour_that_comes_twice_one_is_chosen(app: App, fold: str, at: str) -> None:
    with time_machine.travel(datetime.fromisoformat("2027-09-01T10:00:00Z"), tick=True):
        add("ann")
        desk = Browser(app).signed_in()
        desk.follow(write(desk))
        reply = to_start(desk, "schedule", date="2027-10-31", time="02:30", typed="1")
        assert reply.status_code == 422
        assert "occurs twice in Europe/Paris" in said(reply)
        fields = {**form_of(reply, "/schedule"), "fold": fold, "typed": "1"}
        assert desk.post(f"issues/{NAME}/schedule", fields).status_code == 303
        assert the(NAME).scheduled_for == datetime.fromisoformat(at)


@pytest.mark.slow
def test_a_scheduled_issue_is_taken_back_written_and_scheduled_again(app: App, desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    tomorrow = f"{utc_now() + timedelta(days=2):%Y-%m-%d}"
    desk.follow(to_start(desk, "schedule", date=tomorrow, time="08:00", typed="1"))
    assert desk.get(f"issues/{NAME}/write").status_code == 409
    page = desk.follow(acted(desk, "draft"))
    assert "The issue is a draft again." in said(page)
    assert (the(NAME).state, the(NAME).scheduled_for) == ("draft", None)
    assert rewrite(desk, desk.get(f"issues/{NAME}/write"), text_en="Another").status_code == 303
    # Or one that was cancelled before it began, and is sent after all.
    page = desk.follow(to_start(desk, "schedule", date=tomorrow, time="08:00", typed="1"))
    assert "Its text stays: you can change it and send it another time." in said(page)
    assert "it cannot be sent again" not in said(page)
    assert "The issue is cancelled." in said(desk.follow(acted(desk, "cancel", name=NAME)))
    assert to_start(desk, typed="1").status_code == 303
    play(app)
    assert to(app) == {"ann@example.org": 1}


# --- while it is sent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["1", "50", "999999999999"])
def test_beyond_the_end_of_the_list_is_its_last_page(desk: Browser, start: str) -> None:
    desk.follow(write(desk))
    page = said(desk.get(f"issues?from={start}"))
    assert NAME in page
    assert "There is no issue yet." not in page


@pytest.mark.medium
def test_an_issue_is_paused_resumed_and_cancelled_with_its_name(app: App, desk: Browser) -> None:
    add("ann", "ben")
    desk.follow(write(desk))
    desk.follow(to_start(desk, typed="2"))
    page = desk.get(f"issues/{NAME}")
    assert "the list of its readers to be stored" in said(page)
    assert "it cannot be sent again" in said(page)
    page = desk.follow(acted(desk, "pause"))
    assert "you: it was paused by you" in said(page)
    play(app)
    assert copies(app) == []
    assert "Nobody gets it twice." in said(desk.follow(acted(desk, "resume")))
    assert the(NAME).state == "sending"
    reply = acted(desk, "cancel", name="another")
    assert reply.status_code == 422
    assert f"type {NAME}" in said(reply)
    assert the(NAME).state == "sending"
    page = desk.follow(acted(desk, "cancel", name=NAME))
    assert "The issue is cancelled." in said(page)
    play(app)
    assert copies(app) == []
    page = desk.get(f"issues/{NAME}")
    assert "State Cancelled" in said(page)
    assert not {"/pause", "/resume", "/cancel", "/send"} & {form["action"][-7:] for form in forms_of(page)}
    assert desk.get(f"issues/{NAME}/send").status_code == 409


@pytest.mark.medium
def test_what_was_paused_for_another_reason_than_the_page_shows_is_not_resumed(desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    desk.follow(to_start(desk, typed="1"))
    desk.follow(acted(desk, "pause"))
    shown = form_of(desk.get(f"issues/{NAME}"), "/resume")
    desk.follow(acted(desk, "resume"))
    assert issues.pause_itself(TABLE, the(NAME), "complaints", issue_paused.queued("en", "complaints"), utc_now())
    reply = desk.post(f"issues/{NAME}/resume", shown)
    assert (reply.status_code, the(NAME).state) == (409, "paused")
    assert "so nothing was done" in said(reply)
    assert desk.follow(acted(desk, "resume")).status_code == 200
    assert the(NAME).state == "sending"


@pytest.mark.medium
def test_what_was_scheduled_for_another_day_than_the_page_shows_is_not_acted_on(desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    first, second = (f"{utc_now() + timedelta(days=days):%Y-%m-%d}" for days in (2, 3))
    desk.follow(to_start(desk, "schedule", date=first, time="08:00", typed="1"))
    shown = form_of(desk.get(f"issues/{NAME}"), "/draft")
    desk.follow(to_start(desk, "schedule", date=second, time="08:00", typed="1"))
    reply = desk.post(f"issues/{NAME}/draft", shown)
    assert (reply.status_code, the(NAME).state) == (409, "scheduled")


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("what", ["pause", "cancel", "test"])
def test_what_the_page_no_longer_shows_is_not_acted_on(app: App, desk: Browser, what: str) -> None:
    add("ann")
    desk.follow(write(desk))
    if what != "test":
        desk.follow(to_start(desk, typed="1"))
    page = desk.get(f"issues/{NAME}")
    fields = {**form_of(page, f"/{what}"), "name": NAME}
    if what == "test":
        rewrite(desk, desk.get(f"issues/{NAME}/write"), text_en="Another")
    play(app)
    before = the(NAME)
    reply = desk.post(f"issues/{NAME}/{what}", fields)
    assert reply.status_code == 409
    assert "so nothing was done" in said(reply)
    assert the(NAME) == before
    assert not [mail for mail in app.mails() if mail["Subject"] == "Spring" and "owner" in mail["To"]]


@pytest.mark.medium
def test_a_running_issue_tells_its_pace_its_end_and_reloads_only_when_asked(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        desk = Browser(app).signed_in()
        desk.follow(write(desk))
        change_state("sending")
        since = (START - timedelta(seconds=100)).isoformat()
        change_state("sending", audience=1000, tally={"waiting": 890, "claimed": 10, "sent": 95, "refused": 5},
                     started_at=since, changed_at=since)  # fmt: skip
        page = desk.get(f"issues/{NAME}")
        assert "Pace 1.0 a second" in said(page)
        assert "in about 15 minutes" in said(page)
        assert "Refresh" not in page.headers
        page = desk.get(f"issues/{NAME}?follow=1&told=started")
        assert page.headers["Refresh"] == f"10; url=https://api.example/desk/issues/{NAME}?follow=1"
        # Counting restarted when it was resumed.
        change_state("sending", resumed_at={"sent": 75, "refused": 5})
        assert "Pace 0.2 a second" in said(desk.get(f"issues/{NAME}"))
        change_state("sending", not_before=(START + timedelta(minutes=14)).isoformat(), waits_for="quota")
        page = desk.get(f"issues/{NAME}")
        assert "room in SES’s daily quota" in said(page)
        assert "Pace" not in said(page)
        change_state("paused", reason="bounces")
        page = desk.get(f"issues/{NAME}?follow=1")
        assert "more than 5 % of its copies bounced" in said(page)
        assert "Refresh" not in page.headers
        del clock


def test_of_no_issue_there_is_no_page(desk: Browser) -> None:
    for page in ("issues/nothing", "issues/nothing/send", "issues/Nothing", "issues/_x", "issues/nothing/mail/fr"):
        assert desk.get(page).status_code == 404
    desk.follow(write(desk))
    assert desk.get(f"issues/{NAME}/pause").status_code == 405
    assert desk.get(f"issues/{NAME}/text/de").status_code == 404


@pytest.mark.medium
def test_no_get_changes_anything(app: App, desk: Browser) -> None:
    add("ann")
    desk.follow(write(desk))
    before = app.items()
    for page in ("issues", "issues/_new", f"issues/{NAME}", f"issues/{NAME}/write", f"issues/{NAME}/send",
                 f"issues/{NAME}/schedule", f"issues/{NAME}/mail/en", f"issues/{NAME}/text/en",
                 f"issues/{NAME}/readers"):  # fmt: skip
        assert desk.get(page).status_code == 200
    assert app.items() == before


# --- who got it -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_reader_is_listed_by_state_with_the_reason(app: App, desk: Browser) -> None:
    add("ann", "ben", "cat")
    desk.follow(write(desk))
    desk.follow(to_start(desk, typed="3"))
    play(app)
    mail = next(mail for mail in taken() if mail.to == ["ann@example.org"])
    tell(app, "bounce-permanent", mail)
    page = desk.get(f"issues/{NAME}")
    assert "Bounced 1" in said(page)
    page = desk.get(f"issues/{NAME}/readers")
    assert {"ben@example.org", "cat@example.org"} <= set(said(page).split())
    # Only the key of an address that bounced is kept.
    assert "ann@example.org" not in said(page)
    assert subscriber_id(SECRET, "ann@example.org") in said(page)
    page = desk.get(f"issues/{NAME}/readers?state=bounced")
    assert said(page).count("bounced:") == 1
    assert "ben@example.org" not in said(page)
    assert "No reader on this page" in said(desk.get(f"issues/{NAME}/readers?state=unknown"))
    assert desk.get(f"issues/{NAME}/readers?state=nothing").status_code == 404
    assert desk.get(f"issues/{NAME}/readers?after=<b>").status_code == 404


def many_readers(count: int) -> Issue:
    """Return an issue that was sent to many, written directly into moto's table."""
    issue = Issue(
        id=NAME,
        state="sent",
        languages=("en",),
        content="c",
        changed_at=START,
        started_at=START,
        ended_at=START,
        audience=count,
        tally=Tally(sent=count),
        expires_at=utc_now() + timedelta(days=300),
    )
    many.put(table.item_of(issue, list="issues#rest"))
    many.write_down(issue, range(count))
    return issue


@pytest.mark.medium
def test_readers_are_paged_nobody_left_out_and_nobody_twice(desk: Browser) -> None:
    many_readers(230)
    seen: list[str] = []
    page = desk.get(f"issues/{NAME}/readers")
    for _ in range(30):
        seen += re.findall(r'<th scope="row" dir="auto">(\w+)</th>', page.text)
        after = re.search(r'<a rel="next" href="([^"]+)"', page.text)
        if not after:
            break
        page = desk.get(after[1])
    assert len(seen) == 230
    assert len(set(seen)) == 230


@pytest.mark.slow
def test_rare_readers_are_found_page_by_page_among_many(desk: Browser) -> None:
    many_readers(3_000)
    for number in (7, 1_700, 2_999):
        key = readers.key_of(NAME, subscriber_id(SECRET, many.address(number)))
        many.put({"pk": key.record, "sk": key.email, "kind": "reader", "state": "unknown", "version": 1})
    found, pages = 0, 0
    page = desk.get(f"issues/{NAME}/readers?state=unknown")
    while True:
        pages += 1
        found += len(re.findall(r'<th scope="row" dir="auto">', page.text))
        assert re.search(r"[\d,]+ of 3,000 readers were examined", said(page))
        after = re.search(r'<a rel="next" href="([^"]+)"', page.text)
        if not after:
            break
        page = desk.get(after[1])
    assert found == 3
    assert 1 < pages <= 4


# --- what it costs ----------------------------------------------------------------------------------------------------


class Reads:
    """The read units that pages take from the current table, by the sizes of the items read."""

    def __init__(self, app: App) -> None:
        self._items = app.items()
        self._by_key = {(item["pk"], item["sk"]): item for item in self._items}
        self.wire = Wire(dynamodb.client())
        self._read = 0

    def units(self) -> float:
        """Return the units since the last time."""
        asked = list(zip(self.wire.operations, self.wire.bodies, strict=True))[self._read :]
        self._read += len(asked)
        return sum(self._of(operation, json.loads(body)) for operation, body in asked)

    def _of(self, operation: str, asked: dict[str, Any]) -> float:
        if operation == "GetItem":
            return self._units([self._at(asked["Key"])], consistent=asked["ConsistentRead"])
        if operation == "BatchGetItem":
            (keys,) = (table["Keys"] for table in asked["RequestItems"].values())
            return sum(self._units([self._at(key)], consistent=False) for key in keys)
        assert operation == "Query", operation
        values = {next(iter(value.values())) for value in asked["ExpressionAttributeValues"].values()}
        if asked.get("IndexName") == "lists":
            # Each page of the engine is requested separately: the first represents all.
            if "ExclusiveStartKey" in asked:
                return 0
            wanted = ("pk", "sk", "list", "confirmed_at", "language", "received_at", "form")
            listed = [item for item in self._items if item.get("list") in values]
            return self._units([{name: item[name] for name in wanted if name in item} for item in listed])
        begins = next((one for one in values if one == "edition#"), "")
        found = sorted((item for item in self._items if item["pk"] in values and item["sk"].startswith(begins)),
                       key=lambda item: str(item["sk"]))  # fmt: skip
        after = asked.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        rows = [item for item in found if item["sk"] > after][: asked.get("Limit")]
        return self._units(rows, consistent=asked["ConsistentRead"])

    def _at(self, key: dict[str, Any]) -> dict[str, Any]:
        return self._by_key.get((key["pk"]["S"], key["sk"]["S"]), {})

    @staticmethod
    def _units(items: list[dict[str, Any]], *, consistent: bool = False) -> float:
        size = sum(len(f"{name}{value}".encode()) for item in items for name, value in item.items())
        return max(1, -(-size // 4096)) * (1.0 if consistent else 0.5)


@pytest.mark.slow
def test_pages_take_few_read_units_of_a_list_of_three_thousand(app: App, desk: Browser) -> None:
    many.subscribe(range(3_000), START)
    everywhere = {f"{name}_{language}": "Spring" for name in ("subject", "text") for language in LANGUAGES}
    desk.follow(write(desk, **everywhere))
    reads = Reads(app)
    page = desk.get(f"issues/{NAME}/send")
    assert "It goes to 3,000 readers: 2,000 in French, 1,000 in English." in said(page)
    assert reads.units() <= 12 + 40.5 * len(LANGUAGES)
    # An issue in all languages does not need the list.
    desk.get(f"issues/{NAME}")
    assert reads.units() <= 10
    desk.get("issues")
    assert reads.units() <= 5
    issue = many_readers(3_000)
    reads = Reads(app)
    desk.get(f"issues/{issue.id}")
    assert reads.units() <= 10
    desk.get(f"issues/{issue.id}/readers")
    assert reads.units() <= 40
    desk.get(f"issues/{issue.id}/readers?state=unknown")
    assert reads.units() <= 50
    assert "Scan" not in reads.wire.operations
