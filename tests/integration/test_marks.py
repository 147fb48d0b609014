"""Strangers' text is marked in the owner's emails: it cannot pass for Guichet's own words and links."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guichet.http.origins import page_of
from guichet.http.request import Request
from guichet.mail.strangers import one_line, quoted, unpadded
from guichet.settings import ContactSettings
from tests.support.app import SITE, App
from tests.support.marks import BLANKS, FORGED, Unmarked, check, parts
from tests.support.newsletter import subscribe
from tests.support.samples import sample


@pytest.mark.quick_cases(7)
@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("field", ["name", "subject", "phone", "_subject", "message", "ville", "field name"])
def test_no_field_of_a_form_can_forge_a_line(app: App, field: str, blank: str) -> None:
    forged = f"Zoé{BLANKS[blank]}{FORGED}"
    fields = {forged[:64]: "x https://evil.example"} if field == "field name" else {field: forged}
    if field == "_subject":
        # It is only in the subject.
        fields["message"] = forged
    app.post("/contact", json={"email": "a@example.org", "message": "Bonjour", **fields})
    app.play_stream()

    (mail,) = app.mails()
    check(mail)
    subject = str(mail["Subject"])
    assert subject.isprintable()
    assert not re.search("[\u2800\u3164\u115f\u1160\uffa0\u200b\u202a-\u202e\u2066-\u2069]|  ", subject)


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("field", ["name", "comment", "page"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_field_of_a_comment_can_forge_a_line(make_app: Any, field: str, blank: str, language: str) -> None:
    app = make_app(DefaultLanguage=language, SpamFilter="off")
    # Names and pages are short.
    forged = f"Zoé{BLANKS[blank] if field == 'comment' else BLANKS[blank][:24]}{FORGED}"
    fields = {"page": "/articles/", "name": "Zoé", "email": "a@example.org", "comment": "Bonjour"}
    fields[field] = forged if field != "page" else f"/articles/{quote(forged.replace('/', ''))}/"
    reply = app.post("/comments", json=fields)
    app.play_stream()
    if reply.status_code == 422 and field == "page":
        # It has a control character, so it is no page.
        assert app.mails() == []
        return

    (mail,) = app.mails()
    check(mail)
    subject = str(mail["Subject"])
    assert subject.isprintable()
    assert not re.search("[\u2800\u3164\u115f\u1160\uffa0\u200b\u202a-\u202e\u2066-\u2069]|  ", subject)
    (replied,) = mail["Reply-To"].addresses
    assert replied.addr_spec == "a@example.org"


def test_two_comments_by_different_people_are_two_threads_named_in_the_subject(app: App) -> None:
    for name in ("Zoé", "Léa [1]"):
        app.post("/comments", json={"page": "/a/", "name": name, "email": "a@example.org", "comment": f"By {name}"})
    app.play_stream()
    assert sorted(str(mail["Subject"]) for mail in app.mails()) == [
        "[Atelier Bellevue] Commentaire de Léa (1)",
        "[Atelier Bellevue] Commentaire de Zoé",
    ]


@pytest.mark.parametrize("blank", BLANKS)
def test_no_page_can_forge_a_line(app: App, blank: str) -> None:
    event = sample("contact-json.json")
    event["headers"]["referer"] = f"{SITE}/blog/{BLANKS[blank]}{FORGED}"
    assert app.functions["Contact"](event)["statusCode"] == 200
    app.play_stream()

    (message,) = app.items("message")
    assert re.fullmatch(r"https://atelier\.example/blog/(?:[!-~])*", message["page"])
    (mail,) = app.mails()
    text, html = parts(mail)
    assert [line.startswith("> Page\xa0: https://") for line in text.split("\n") if "/blog/" in line] == [True]
    assert "/blog/" not in Unmarked(html).words


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("field", ["source", "name"])
def test_no_source_and_no_name_of_a_subscriber_can_forge_a_line(make_app: Any, field: str, blank: str) -> None:
    app = make_app(SpamFilter="off")
    subscribe(app, **{field: f"Zoé{BLANKS[blank]}{FORGED}"})

    (mail,) = [mail for mail in app.mails() if mail["To"] == "owner@atelier.example"]
    check(mail)


def test_a_page_is_kept_as_browsers_write_it() -> None:
    event = sample("contact-json.json")
    for path in ("/là/a b", "/l%C3%A0/a%20b", "/%zz"):
        event["headers"]["referer"] = f"{SITE}{path}?token=secret"
        request = Request.from_event(event, "fr")
        page = page_of(request, ContactSettings.from_environment())
        assert page in (f"{SITE}/l%C3%A0/a%20b", f"{SITE}/%25zz")
    event["headers"]["referer"] = f"{SITE}/{'é' * 300}"
    page = page_of(Request.from_event(event, "fr"), ContactSettings.from_environment())
    assert len(page) <= 500
    assert re.fullmatch(rf"{SITE}/(%C3%A9)+(%C3)?", page)


@pytest.mark.medium
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@example("\u2800\u200b")
@example("👩\u200d👩\u200d👧 e\u0301 می\u200cخواهم \U0001f3f4\U000e0067\U000e0062\U000e007f")
@given(st.text(st.characters(codec="utf-8")))
def test_a_line_is_one_line_of_what_can_be_seen(text: str) -> None:
    line = one_line(text)
    assert one_line(line) == line
    assert len(line.splitlines()) <= 1
    assert not re.search(r"\s\s|^\s|\s$", line)
    # Whatever has letters keeps them.
    assert re.sub(r"[\W_]", "", line) == re.sub(r"[\W_]|[\u115f\u1160\u3164\uffa0]", "", text)


@pytest.mark.medium
@settings(max_examples=300)
@given(st.text(st.sampled_from(" \t\n\u2800\u200b\u2028ax\r"), max_size=200))
def test_each_line_of_several_is_marked_and_none_is_padded(text: str) -> None:
    lines = re.split("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]", quoted(text))
    assert all(line.startswith("> ") for line in lines)
    assert not re.search("[ \t\u2800\u200b]{21}", unpadded(text))
    assert re.findall(r"\w", unpadded(text)) == re.findall(r"\w", text)


def test_emoji_and_persian_keep_what_joins_them(app: App) -> None:
    name = "👩\u200d👩\u200d👧 می\u200cخواهم ❤\ufe0f"
    app.post("/contact", json={"email": "a@example.org", "message": "Bonjour", "name": name})
    app.play_stream()
    (mail,) = app.mails()
    assert mail["Subject"] == f"[Atelier Bellevue] Message de {name}"
    assert f"> Nom\xa0: {name}" in parts(mail)[0].split("\n")


@pytest.mark.parametrize("name", ["\u200b", "\u2800 \u3164", "\u200d\ufe0f", "\u202e"])
def test_a_name_of_which_nothing_shows_is_none(app: App, name: str) -> None:
    app.post("/contact", json={"email": "a@example.org", "message": "Bonjour", "name": name})
    app.play_stream()
    (mail,) = app.mails()
    assert mail["Subject"] == "[Atelier Bellevue] Message de a@example.org"
    assert mail["Reply-To"] == "a@example.org"
    assert "Nom" not in parts(mail)[0]


@pytest.mark.slow
def test_two_visitors_with_one_subject_are_two_threads(app: App) -> None:
    # Gmail threads equal subjects, ignoring text in brackets.
    people = [{"name": "Zoé"}, {"name": "[Zoé]"}, {"name": ""}, {"name": "Z" * 1000}, {"email": "b@example.org"}]
    for field in ("subject", "_subject", None):
        subject = {field: "Devis " + "x" * 500} if field else {}
        for person in people:
            app.post("/contact", json={"email": "a@example.org", "message": f"{field}", **subject, **person})
    app.play_stream()
    subjects = [re.sub(r"\[.*?\]", "", str(mail["Subject"])) for mail in app.mails()]
    assert len(subjects) == 15
    assert len(set(subjects)) == 10
    for read in subjects:
        assert re.search(r"(Zoé|\(Zoé\)|[ab]@example\.org|Z{59}…)$", read)


@pytest.mark.medium
def test_two_subscribers_are_two_threads(app: App) -> None:
    for address in ("one@example.org", "two@example.org"):
        subscribe(app, email=address)
    subjects = [str(mail["Subject"]) for mail in app.mails() if mail["To"] == "owner@atelier.example"]
    told = "[Atelier Bellevue] Nouvel abonnement à la newsletter\xa0:"
    assert subjects == [f"{told} one@example.org", f"{told} two@example.org"]


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("reply_to", ["", "Bonjour@atelier.example"])
def test_replies_of_visitors_go_where_the_parameter_says(make_app: Any, reply_to: str) -> None:
    app = make_app(ReplyToEmail=reply_to, Acknowledge="on")
    subscribe(app)
    app.post("/contact", json={"email": "a@example.org", "message": "Bonjour"})
    app.play_stream()

    mails = app.mails()
    assert len(mails) == 5
    for mail in mails:
        if mail["To"] == "owner@atelier.example":
            assert mail["Auto-Submitted"] is None
            assert mail["Reply-To"] == ("a@example.org" if "Message" in mail["Subject"] else None)
        else:
            assert mail["Auto-Submitted"] == "auto-generated"
            assert mail["Reply-To"] == (reply_to or None)
