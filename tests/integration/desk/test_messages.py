"""The owner reads messages at the desk: by form and day, in the spam folder, by search, and one by one."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from desk import messages, reasons, words
from guichet.forms import spam
from guichet.records.message import Message
from guichet.records.sign_up import SignUp
from guichet.store import dynamodb, message_lists, outbox, table
from guichet.store.message_lists import Entry, Lists, Place
from tests.support.app import START, App
from tests.support.contact import contact
from tests.support.desk import Browser, forms_of
from tests.support.many import put
from tests.support.newsletter import READER, subscribe
from tests.support.site_forms import site_forms
from tests.support.wire import Wire, refusal

Make = Callable[..., App]


def message(at: datetime, text: str = "Bonjour", **fields: Any) -> str:
    """Put a message into the table, and return its id."""
    record = Message(
        id=secrets.token_hex(16),
        message=text,
        received_at=at,
        expires_at=at + timedelta(days=1095),
        **({"email": "zoe@example.org", "language": "fr"} | fields),
    )
    put(table.item_of(record, list=table.day_list("spam" if record.spam else "messages", at)))
    return record.id


def sign_up(at: datetime) -> str:
    """Put a sign-up that was caught as spam into the table, and return its id."""
    end = at + timedelta(days=30)
    record = SignUp(id=secrets.token_hex(16), email=READER, language="en", asked_at=at, spam="honeypot", expires_at=end)
    put(table.item_of(record, list=table.day_list("spam", at)))
    return record.id


def shown(page: TestResponse) -> list[str]:
    """Return the ids that a list links to, in its order."""
    assert page.status_code == 200
    return re.findall(r'<a href="https://api\.example/desk/messages/([0-9a-f]{32})', page.text)


def link(page: TestResponse, rel: str) -> str:
    """Return where a page's link to the page before or after leads, or an empty string."""
    found = re.search(rf'<a rel="{rel}" href="([^"]+)"', page.text)
    return unescape(found[1]) if found else ""


def told(page: TestResponse) -> str:
    found = re.search('<p class="told" role="status">([^<]*)</p>', page.text)
    return unescape(found[1]) if found else ""


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_messages_stand_by_day_in_the_owners_time_zone_newest_first(make_app: Make) -> None:
    app = make_app(TimeZone="America/New_York")
    with time_machine.travel(START):
        # In UTC, they are on two days.
        ids = [message(START - timedelta(hours=hours)) for hours in (1, 5, 9, 11, 13)]
        page = Browser(app).signed_in().get("messages")
    assert shown(page) == ids
    assert re.findall(r"<h2[^>]*><time[^>]*>([^<]+)</time></h2>", page.text) == [
        "Monday 23 November 2026",
        "Sunday 22 November 2026",
    ]
    assert re.findall(r'<h2[^>]*><time datetime="([^"]+)"', page.text) == ["2026-11-23", "2026-11-22"]
    assert re.findall(r"<time[^>]*>(\d\d:\d\d)</time>", page.text) == ["04:00", "00:00", "20:00", "18:00", "16:00"]


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(minutes=st.lists(st.integers(0, 60 * 24 * 200), min_size=1, max_size=30), often=st.booleans())
def test_pages_back_and_on_have_each_message_once_in_the_order_of_time(
    app: App, monkeypatch: pytest.MonkeyPatch, minutes: list[int], *, often: bool
) -> None:
    monkeypatch.setattr(messages, "PER_PAGE", 4)
    with time_machine.travel(START, tick=False):
        for item in app.items("message"):
            dynamodb.call("delete_item", TableName="table", Key=dynamodb.marshalled(table.key_at(item["pk"])))
        # Several may come at the same time, with and without parts of a second.
        times = [
            START - timedelta(minutes=number // (1440 if often else 1), microseconds=number % 2) for number in minutes
        ]
        ids = {message(at): at for at in times}
        wanted = sorted(ids, key=lambda one: (ids[one], table.key(Message, one)["pk"]), reverse=True)
        desk = Browser(app).signed_in()
        page, back = desk.get("messages"), []
        while True:
            back += shown(page)
            if len(back) >= len(wanted) or not link(page, "next"):
                break
            page = desk.get(link(page, "next"))
        assert back == wanted
        on = shown(page)
        while link(page, "prev"):
            page = desk.get(link(page, "prev"))
            on = shown(page) + on
        assert on == wanted


@pytest.mark.slow
@pytest.mark.all_days
def test_a_site_with_a_message_a_month_reads_on_from_where_a_page_ends(app: App) -> None:
    with time_machine.travel(START, tick=False):
        ids = [message(START - timedelta(days=30 * number)) for number in range(1, 13)]
        desk = Browser(app).signed_in()
        first = desk.get("messages")
        assert shown(first) == ids[:4]
        assert "Looked back to Saturday 25 July 2026." in first.text
        assert "Look further back" in first.text
        assert shown(desk.get(link(first, "next"))) == ids[4:8]
        # Or at once to a month.
        assert 'value="2025-12"' in first.text
        month = desk.get("messages?month=2025-12")
        assert shown(month) == ids[10:]
        assert shown(desk.get(link(month, "prev"))) == ids[6:10]
        assert '<option value="2025-12" selected>' in month.text


@pytest.mark.all_days
@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "No messages yet. To try it, send a message through a form"),
        ("fr", "Aucun message pour l’instant. Pour essayer, envoyez un message"),
    ],
)
def test_an_empty_list_says_what_to_do_once_there_is_nothing_further_back(
    make_app: Make, language: str, said: str
) -> None:
    app = make_app(RetentionDays="90")
    with time_machine.travel(START, tick=False):
        desk = Browser(app, language=language).signed_in()
        text = " ".join(re.sub("<[^>]+>", " ", desk.get("messages").text).split())
        assert said in text
        assert link(desk.get("messages"), "next") == ""
        folder = desk.get("messages/spam").text
        assert {"en": "The spam folder is empty.", "fr": "Le dossier de spam est vide."}[language] in folder
        message(START)
        form = desk.get("messages?form=devis").text
        assert {"en": "No message came through this form.", "fr": "Aucun message n’est venu par ce"}[language] in form


@pytest.mark.medium
@pytest.mark.all_days
def test_where_more_may_be_kept_an_empty_page_does_not_say_that_there_is_none(app: App) -> None:
    with time_machine.travel(START, tick=False):
        page, folder = (Browser(app).signed_in().get(one) for one in ("messages", "messages/spam"))
    assert "No messages yet" not in page.text
    assert "To try it, send a message through a form" in page.text
    assert "Only an older message that you filed yourself is further back." in folder.text
    assert '<a href="https://api.example/desk/people">' in page.text
    assert "Nothing from Saturday 25 July 2026 to Monday 23 November 2026." in page.text
    assert "before=20260725T" in link(page, "next")


def test_what_has_expired_or_was_erased_is_not_shown(app: App) -> None:
    with time_machine.travel(START, tick=False):
        kept = message(START)
        gone = message(START - timedelta(hours=1))
        dynamodb.call("delete_item", TableName="table", Key=dynamodb.marshalled(table.key(Message, gone)))
        message(START - timedelta(days=1096))
        expired = message(START - timedelta(hours=2))
        change(expired, expires_at=table.seconds(START) - 1)
        desk = Browser(app).signed_in()
        assert shown(desk.get("messages")) == [kept]
        assert desk.get(f"messages/{expired}").status_code == desk.get(f"messages/{gone}").status_code == 404


def change(record_id: str, **values: Any) -> None:
    """Change attributes of a message in the table."""
    names = {f"#{name}": name for name in values}
    dynamodb.call(
        "update_item",
        TableName="table",
        Key=dynamodb.marshalled(table.key(Message, record_id)),
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=dynamodb.marshalled({f":{name}": value for name, value in values.items()}),
    )


@pytest.mark.medium
def test_a_form_of_the_sites_own_is_a_list_of_its_own_with_its_title_and_labels(app: App, tmp_path: Path) -> None:
    with site_forms(tmp_path):
        contact(app)
        answers = {"name": "Zoé", "email": READER, "budget": "plus", "date": "2027-12-31", "accord": "on", "other": "x"}
        app.post("/f/devis", data=MultiDict(answers | {"rooms": "Salon"}))
        app.play_stream()
        quote = next(item["id"] for item in app.items("message") if item.get("form") == "devis")
        desk = Browser(app, language="fr").signed_in()
        page = desk.get("messages?form=devis")
        assert shown(page) == [quote]
        assert '<option value="devis" selected>Demande de devis</option>' in page.text
        assert "· Demande de devis" in page.text
        assert len(shown(desk.get("messages"))) == 2
        one = unescape(desk.get(f"messages/{quote}").text)
    rows = re.findall(r'<dt dir="auto">([^<]*)</dt>\n<dd dir="auto">([^<]*)</dd>', one)
    assert rows == [
        ("Votre nom", "Zoé"),
        ("Votre email", READER),
        ("Date souhaitée", "vendredi 31 décembre 2027"),
        ("Pièces", "Salon"),
        ("Budget", "Davantage"),
        ("Accepté", "J’accepte d’être rappelé."),
        ("other", "x"),
    ]
    # A form keeps its own as long as it says, and its recipients got the email.
    assert "Notification d’un envoi de formulaire" in one
    assert "Accusé de réception d’un message" in one


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    "searched",
    [
        "été",
        "ETE",
        "coeur chene",
        "ZOÉ",
        "example.org",
        "dupont",
        "grand  été",
        "01 99",
        "ville paris",
        "l'ete",
        "2000",
    ],
)
def test_words_are_found_in_every_field_whatever_their_accents_and_case(app: App, searched: str) -> None:
    with time_machine.travel(START, tick=False):
        message(START, "Autre chose", email="anna@other.example")
        found = message(
            START,
            "Un chêne, au cœur de l’été",
            name="Zoé",
            subject="Grand",
            phone="01 99 00 00 00",
            form_subject="Dupont",
            extra=(("Ville", "Paris"), ("Budget", "2000")),
        )
        page = Browser(app).signed_in().get(f"messages?q={searched.replace(' ', '+')}")
        assert shown(page) == [found]
        # The search words are still there, to be changed.
        assert unescape(page.text).count(f'value="{" ".join(searched.split())}"') == 1


@pytest.mark.slow
def test_a_search_says_how_far_it_looked_and_goes_on_from_there(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_LOOKED_AT", 10)
    with time_machine.travel(START, tick=False):
        ids = [message(START - timedelta(hours=6 * n), f"numéro {n}" + " rare" * (n in {3, 14, 30})) for n in range(40)]
        desk = Browser(app).signed_in()
        page, looked, found = desk.get("messages?q=rare"), [], []
        while True:
            found += shown(page)
            looked += re.findall(r"Looked at (\d+) messages, back to (\w+)", page.text)
            if not link(page, "next") or len(looked) == 4:
                break
            page = desk.get(link(page, "next"))
        assert found == [ids[3], ids[14], ids[30]]
        assert looked == [("10", "Saturday"), ("10", "Wednesday"), ("10", "Monday"), ("10", "Friday")]
        assert "rare" in link(page, "next")
        # It searches one form's messages, in one folder.
        assert shown(desk.get("messages?q=rare&form=devis")) == shown(desk.get("messages/spam?q=rare")) == []


@pytest.mark.medium
def test_a_search_reads_no_more_text_than_it_may_and_loses_none(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_TEXT", 30_000)
    monkeypatch.setattr(messages, "PER_PAGE", 3)
    with time_machine.travel(START, tick=False):
        ids = [message(START - timedelta(minutes=n), f"{'mot ' * 2000} x") for n in range(8)]
        desk = Browser(app).signed_in()
        page, found = desk.get("messages?q=mot"), []
        while True:
            found += shown(page)
            if len(found) == len(ids):
                break
            page = desk.get(link(page, "next"))
    assert found == ids


@pytest.mark.medium
@pytest.mark.all_days
def test_a_search_without_a_hit_says_so_and_whether_that_was_everything(make_app: Make) -> None:
    app = make_app(RetentionDays="60")
    with time_machine.travel(START, tick=False):
        message(START)
        page = Browser(app, language="fr").signed_in().get("messages?q=absent")
        assert "Aucun des messages parcourus ne contient tous ces mots." in page.text
        assert re.search("Un message parcouru, jusqu’au [^.]+. C’est tout.", page.text)
        assert link(page, "next") == ""


# --- one message ------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_a_page_has_all_of_a_message(app: App) -> None:
    with time_machine.travel(START):
        subscribe(app, email=READER)
        identifier = contact(
            app,
            email=READER,
            name="Zoé",
            subject="Chaises",
            phone="+33 1 99 00 00 00",
            message="Un.\n\n  Deux.",
            Ville="Paris",
            _subject="[Site] Contact",
        )
        app.play_stream()
        page = Browser(app).signed_in().get(f"messages/{identifier}")
    text = unescape(page.text)
    assert re.findall(r'<dt dir="auto">([^<]*)</dt>\n<dd dir="auto">([^<]*)</dd>', text) == [
        ("Name", "Zoé"),
        ("Email", READER),
        ("Phone", "+33 1 99 00 00 00"),
        ("Subject", "Chaises"),
        ("Message", "Un.\n\n  Deux."),
        ("Ville", "Paris"),
        ("Subject set by the form", "[Site] Contact"),
    ]
    assert "<dd>Contact</dd>" in text
    assert "Monday 23 November 2026 at 11:00 (Europe/Paris)" in text
    assert "Thursday 22 November 2029, unless something happens before" in text
    assert f"people?message={identifier}" in text
    (subscriber,) = app.items("subscriber")
    assert f"https://api.example/desk/subscribers/{subscriber['id']}" in text
    assert re.search(r"<li>Notification of a message – <span[^>]*>Sent on Monday 23 November 2026 at 11:00", text)


def test_a_reply_goes_to_the_address_alone_and_its_subject_is_not_the_visitors(app: App) -> None:
    with time_machine.travel(START, tick=False):
        evil = "a?bcc=b%40evil.example&body=x@example.org"
        identifier = message(START, email=evil, subject="x\r\nBcc: c@evil.example", language="en")
        page = Browser(app, language="fr").signed_in().get(f"messages/{identifier}")
    (mailto,) = re.findall(r'href="(mailto:[^"]+)"', page.text)
    to, _, query = unescape(mailto).removeprefix("mailto:").partition("?")
    assert to == "a%3Fbcc%3Db%2540evil.example%26body%3Dx@example.org"
    # In the visitor's language.
    assert parse_qs(query) == {"subject": ["Your message to Atelier Bellevue (Monday 23 November 2026)"]}


@pytest.mark.slow
def test_the_neighbours_are_those_in_time_and_of_the_form_that_is_looked_at(app: App) -> None:
    with time_machine.travel(START, tick=False):
        hours = (0, 1, 30, 31, 24 * 20)
        ids = [message(START - timedelta(hours=h), form="devis" if h in {1, 31} else "contact") for h in hours]
        caught = message(START - timedelta(hours=2), spam="honeypot")
        far = message(START - timedelta(days=400))
        desk = Browser(app).signed_in()

        def around(record: str, query: str = "") -> tuple[str, str]:
            page = desk.get(f"messages/{record}{query}")
            return tuple(urlsplit(link(page, rel)).path.rpartition("/")[2] for rel in ("prev", "next"))  # type: ignore[return-value]

        assert around(ids[0]) == ("", ids[1])
        assert around(ids[2]) == (ids[1], ids[3])
        assert around(ids[3], "?form=devis") == (ids[1], "messages")
        # The list continues beyond four months.
        page = desk.get(f"messages/{ids[4]}")
        assert "Older messages" in page.text
        assert f"before=20261103T100000000000-message-{ids[4]}" in link(page, "next")
        assert around(far)[0] == "messages"
        assert around(caught) == ("", "spam")


def test_a_message_that_nobody_sent_an_email_about_says_so(app: App) -> None:
    with time_machine.travel(START, tick=False):
        page = Browser(app).signed_in().get(f"messages/{message(START)}")
    assert "No email was sent about it." in page.text


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"outbox": "owner#00"}, "En attente depuis le lundi 23 novembre 2026"),
        ({"outbox": "owner#00"}, "Il vient d’être ajouté"),
        (
            {"outbox": "held", "waits_for": "the owner's mailbox takes no mail: 5.2.2 full"},
            "L’une de vos boîtes a refusé un email définitivement.",
        ),
        ({"failed_at": START.isoformat(), "reason": "MessageRejected: virus"}, "Échec le lundi 23 novembre 2026"),
        ({"failed_at": START.isoformat(), "reason": "MessageRejected: virus"}, "MessageRejected: virus"),
        ({"dropped_at": "x", "reason": "it was filed as spam"}, "Non envoyé\xa0: le message a été classé comme spam"),
        ({"sent_at": START.isoformat(), "message_id": "1"}, "Envoyé le lundi 23 novembre 2026"),
        ({"sent_at": START.isoformat(), "outbox": "held", "waits_for": "x"}, "attend encore un autre destinataire."),
    ],
)
def test_the_state_of_its_emails_is_told_in_words(app: App, row: dict[str, str], said: str) -> None:
    with time_machine.travel(START, tick=False):
        identifier = message(START)
        end = table.seconds(START + timedelta(days=9))
        fixed = {"kind": "email", "name": "contact-notification", "queued_at": START.isoformat(), "expires_at": end}
        key = outbox.row_key(table.key(Message, identifier)["pk"], "contact-notification")
        put({"pk": key.record, "sk": key.email, **fixed, **row})
        page = Browser(app, language="fr").signed_in().get(f"messages/{identifier}")
    assert said in unescape(page.text)


def test_every_reason_that_is_translated_is_given_somewhere_and_every_sign_of_spam_is() -> None:
    functions = Path(reasons.__file__).parents[1]
    code = "".join(path.read_text(encoding="utf-8") for path in functions.rglob("*.py") if path.parent.name != "desk")
    of_parts = {"the address bounced": "the address {", "the address complained": "the address {"}
    assert [reason for reason in reasons.WHOLE if of_parts.get(reason, reason) not in code] == []
    assert [reason for reason in reasons.PARTS if reason not in code] == []
    for reason in (*reasons.WHOLE, *reasons.PARTS):
        assert reasons.why(reason, "fr") != reason
    signs = set(re.findall(r'signs\["([^"]+)"\]', Path(spam.__file__).read_text(encoding="utf-8")))
    assert len(signs) == 7
    assert set(messages._SIGNS) == signs | {"owner", "honeypot"}  # noqa: SLF001


# --- spam or not ------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("folder", ["messages", "messages/spam"])
def test_what_is_no_name_of_a_form_is_not_shown(app: App, folder: str) -> None:
    page = Browser(app).signed_in().get(f"{folder}?form=Your+account+was+hacked")
    assert page.status_code == 200
    assert "hacked" not in page.text
    assert "a-form-that-is-gone" in Browser(app).signed_in().get(f"{folder}?form=a-form-that-is-gone").text


@pytest.mark.medium
def test_filed_as_spam_and_back_is_what_the_command_does(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        identifier = contact(app)
        app.play_stream()
        assert len(app.mails()) == 1
        clock.shift(timedelta(days=3))
        desk = Browser(app).signed_in()
        page = desk.get(f"messages/{identifier}")
        filed = desk.press(page, "This is spam")
        assert told(filed) == "Filed as spam. It will be erased in 30 days at the latest."
        (item,) = app.items("message")
        assert (item["spam"], item["list"]) == ("owner", "spam#2026-11-23")
        assert int(item["expires_at"]) == table.seconds(START + timedelta(days=33))
        assert "<dd>filed by you</dd>" in filed.text
        assert shown(desk.get("messages")) == []
        assert shown(desk.get("messages/spam")) == [identifier]

        back = desk.press(filed, "Not spam")
        assert told(back) == "Released from the spam folder. Its email is on its way."
        (item,) = app.items("message")
        assert ("spam" in item, item["list"]) == (False, "messages#2026-11-23")
        assert int(item["expires_at"]) == table.seconds(START + timedelta(days=1095))
        assert shown(desk.get("messages")) == [identifier]
        app.play_stream()
        assert len(app.mails()) == 2
        assert "Notification, after it was released" in desk.get(f"messages/{identifier}").text


@pytest.mark.medium
def test_a_message_of_a_form_goes_back_for_as_long_as_its_form_says(app: App) -> None:
    with time_machine.travel(START, tick=False):
        identifier = message(START, spam="links (4), link markup (3)", retention_days=60, form="devis")
        desk = Browser(app).signed_in()
        page = desk.get(f"messages/{identifier}")
        assert "many links (4 points), links written as markup (3 points)" in page.text
        desk.press(page, "Not spam")
        (item,) = app.items("message")
        assert int(item["expires_at"]) == table.seconds(START + timedelta(days=60))
        (row,) = app.items("email")
        assert row["name"] == "form-notification"


@pytest.mark.medium
def test_a_sign_up_in_the_spam_folder_gets_its_link_when_it_is_released(app: App) -> None:
    with time_machine.travel(START, tick=False):
        caught, identifier = message(START, spam="honeypot"), sign_up(START - timedelta(hours=1))
        desk = Browser(app).signed_in()
        folder = desk.get("messages/spam")
        assert shown(folder) == [caught, identifier]
        assert shown(desk.get("messages/spam?form=newsletter")) == [identifier]
        assert "the hidden field, which only programs fill in, was filled in" in folder.text
        page = desk.get(f"messages/{identifier}")
        assert "This is spam" not in page.text
        assert "mailto:" not in page.text
        assert desk.post(f"messages/{identifier}/spam", forms_of(page)[0]["fields"]).status_code == 404
        after = desk.press(page, "Not spam")
        assert told(after) == "Released from the spam folder. Its email is on its way."
        assert shown(after) == [caught]
        app.play_stream()
        (mail,) = app.mails()
        assert mail["To"] == READER
        # It is up to the visitor now.
        assert desk.get(f"messages/{identifier}").status_code == 404


@pytest.mark.slow
def test_two_owners_and_two_presses_change_nothing_twice(make_app: Make) -> None:
    app = make_app(OwnerEmail="owner@atelier.example,second@atelier.example")
    with time_machine.travel(START, tick=False):
        identifier = contact(app)
        app.play_stream()
        one, other = Browser(app).signed_in(), Browser(app).signed_in("second@atelier.example")
        pages = [desk.get(f"messages/{identifier}") for desk in (one, other)]
        one.press(pages[0], "This is spam")
        before = app.items("message")
        filed = other.press(pages[1], "This is spam")
        assert told(filed) == "It was in the spam folder already."
        assert app.items("message") == before
        one.press(one.get(f"messages/{identifier}"), "Not spam")
        rows = app.items("email")
        assert told(other.press(filed, "Not spam")) == "It was not in the spam folder any more."
        assert app.items("email") == rows


def test_what_was_erased_meanwhile_is_not_made_anew(app: App) -> None:
    with time_machine.travel(START, tick=False):
        ids = message(START), message(START, spam="honeypot")
        desk = Browser(app).signed_in()
        pages = [desk.get(f"messages/{identifier}") for identifier in ids]
        for identifier in ids:
            dynamodb.call("delete_item", TableName="table", Key=dynamodb.marshalled(table.key(Message, identifier)))
        for page, label in zip(pages, ("This is spam", "Not spam"), strict=True):
            after = desk.press(page, label)
            assert after.status_code == 404
            assert "it was erased, or it has expired" in after.text
        assert app.items("message") == []
        assert app.items("email") == []


@pytest.mark.medium
def test_erased_between_reading_and_filing_it_stays_erased(app: App) -> None:
    with time_machine.travel(START, tick=False):
        identifier = message(START)
        desk = Browser(app).signed_in()
        page = desk.get(f"messages/{identifier}")
        wire = Wire(dynamodb.client())
        # The session and the message are read; then it is gone.
        wire.plan(lambda _: None, lambda _: None, refusal(400, "ConditionalCheckFailedException"))
        assert told(desk.press(page, "This is spam")) == "It was in the spam folder already."


# --- strangers --------------------------------------------------------------------------------------------------------


_NASTY = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("<>&\"'\u202e\u2066/"), max_size=60)


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=_NASTY, text=_NASTY, subject=_NASTY, label=_NASTY, value=_NASTY)
def test_what_a_stranger_wrote_is_text_and_in_no_url(  # noqa: PLR0913, PLR0917
    make_app: Make, name: str, text: str, subject: str, label: str, value: str
) -> None:
    # A list does not go further back than messages are kept.
    app = make_app(RetentionDays="30")
    marked = "<script>q</script>"
    with time_machine.travel(START, tick=False):
        identifier = message(
            START,
            f"{marked}{text}",
            name=f"{marked}{name}",
            subject=f"{marked}{subject}",
            extra=((f"{marked}{label}", f"{marked}{value}"),),
            page="https://atelier.example/<b>",
        )
        desk = Browser(app).signed_in()
        for page in (
            desk.get("messages"),
            desk.get(f"messages/{identifier}"),
            desk.get(f"people?message={identifier}"),
        ):
            assert "<script>" not in page.text
            for url in re.findall(r'(?:href|action)="([^"]*)"', page.text):
                assert "script" not in url
                assert "zoe" not in url or url.startswith("mailto:")
        dynamodb.call("delete_item", TableName="table", Key=dynamodb.marshalled(table.key(Message, identifier)))


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    query=st.fixed_dictionaries(
        {},
        optional={
            "before": st.text(max_size=20)
            | st.just("99991231T235959999999")
            | st.just("00010101T000000000000-message-0"),
            "after": st.text(max_size=20) | st.just("00010101T000000000000") | st.just("20261399T000000000000"),
            "month": st.text(max_size=8) | st.sampled_from(["9999-12", "0000-01", "0001-01", "2026-11"]),
            "form": st.text(max_size=20),
            "q": st.text(max_size=300),
            "told": st.text(max_size=10),
        },
    ),
    page=st.sampled_from(["messages", "messages/spam", "messages/x", "messages/%00", "messages/message%23x"]),
)
def test_no_query_ends_in_an_error(make_app: Make, query: dict[str, str], page: str) -> None:
    app = make_app(RetentionDays="30")
    with time_machine.travel(START, tick=False):
        desk = Browser(app).signed_in()
        reply = desk._http.open(  # noqa: SLF001
            f"/desk/{page}",
            query_string=query,
            base_url="https://api.example",
            headers={"Cookie": f"__Host-guichet-desk={desk.cookies['__Host-guichet-desk']}", "Accept": "text/html"},
        )
    assert reply.status_code in {200, 404}
    # Only the desk's own messages are shown.
    assert 'class="told"' not in reply.text or query["told"].startswith("released")


def test_a_place_is_read_as_it_was_written() -> None:
    message_key, request_key = table.key(Message, "ab")["pk"], table.key(SignUp, "0")["pk"]
    for place in (Place(START), Place(START + timedelta(microseconds=1), message_key), Place(START, request_key)):
        assert Place.of(str(place)) == place
    for wrong in ("", "x", "20261123T1000000000", "20261323T100000000000", "20261123T100000000000-other-ab"):
        assert Place.of(wrong) is None


@pytest.mark.all_days
def test_a_walk_reads_no_day_twice_and_goes_no_further_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(_: str, name: str) -> list[Entry]:
        read.append(name)
        return []

    monkeypatch.setattr(message_lists, "_list", noted)
    lists = Lists("table", "messages")
    back = list(lists.walk(Place(START), START - timedelta(days=1000), back=True))
    on = list(lists.walk(Place(START - timedelta(days=4)), START, back=False))
    assert len(read) == len(set(read)) == sum(message_lists.DAYS_AT_ONCE)
    assert [stretch.is_last for stretch in (*back, *on)] == [False] * 4 + [False, True]
    assert back[-1].reached.at == datetime.fromisoformat("2026-07-25T00:00:00Z")
    assert words.say("messages.title", "en") == "Messages"
