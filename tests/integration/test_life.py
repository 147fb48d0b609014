"""The newsletter's life after the first confirmation: caps, links, leaving, coming back, feedback."""

import json
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest
import time_machine

from feedback.event import event_of
from guichet.http.links import unsubscribe_link
from guichet.mail import ses
from guichet.records.outbox import EmailKey
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import dynamodb, limits, outbox
from guichet.telemetry import FunctionError
from tests.support.app import START, Counter
from tests.support.feedback import event_text, feedback, wrapped
from tests.support.newsletter import (
    READER,
    SECRET,
    events_of,
    link_in_last_mail,
    local,
    open_link,
    press,
    sign_up,
    subjects_to,
    subscribe,
    subscriber,
    unsubscribe_url,
    welcome,
)
from tests.support.wire import Wire, unreachable

# --- the welcome and its link -----------------------------------------------------------------------------------


def test_who_confirms_is_welcomed_with_a_link_to_leave(counter: Counter) -> None:
    subscribe(counter)

    mail = welcome(counter)
    assert mail["To"] == READER
    assert mail["Subject"] == "Bienvenue dans la newsletter « Atelier Bellevue »"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = unsubscribe_url(counter)
    assert url.startswith("https://api.example/newsletter/unsubscribe?")
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert url in unescape(body.get_content())


@pytest.mark.parametrize(
    "arguments",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"data": {"List-Unsubscribe": "One-Click"}, "content_type": "multipart/form-data"},
        {},
        {"data": b"\xff", "content_type": "application/x-www-form-urlencoded"},
        {"data": b"x", "content_type": "text/plain"},
    ],
)
def test_one_click_unsubscribes_at_once_whatever_the_body(counter: Counter, arguments: dict[str, Any]) -> None:
    subscribe(counter)

    for _ in range(2):
        reply = counter.post(local(unsubscribe_url(counter)), **arguments)
        assert reply.status_code == 200
        assert "set-cookie" not in reply.headers
        assert "Vous êtes désabonné(e)" in reply.text
    item = subscriber(counter)
    assert item["state"] == "unsubscribed"
    assert events_of(item) == ["confirmed", "unsubscribed"]
    assert "list" not in item


def test_the_unsubscribe_page_has_one_button_and_changes_nothing(counter: Counter) -> None:
    subscribe(counter)
    before = counter.items()
    page = open_link(counter, unsubscribe_url(counter))

    assert page.status_code == 200
    assert page.text.count("<button>") == 1
    assert counter.items() == before
    assert "Vous êtes désabonné(e)" in press(counter, page).text
    assert subscriber(counter)["state"] == "unsubscribed"


def test_the_unsubscribe_link_never_expires(counter: Counter) -> None:
    subscribe(counter)
    url = unsubscribe_url(counter)
    with time_machine.travel(utc_now() + timedelta(days=3650)):
        assert counter.post(local(url)).status_code == 200
    assert subscriber(counter)["state"] == "unsubscribed"


def test_a_token_of_another_purpose_or_subscriber_is_refused(counter: Counter) -> None:
    subscribe(counter)
    confirm = parse_qs(urlsplit(link_in_mail_to_reader(counter)).query)
    leave = parse_qs(urlsplit(unsubscribe_url(counter)).query)
    other = unsubscribe_link("", subscriber_id(SECRET, "other@example.org"), "fr", SECRET)
    tricks = [
        {"subscriber": leave["subscriber"][0], "token": confirm["token"][0]},
        {"subscriber": confirm["request"][0], "token": confirm["token"][0]},
        {"subscriber": leave["subscriber"][0], "token": parse_qs(urlsplit(other).query)["token"][0]},
        {"subscriber": leave["subscriber"][0]},
        {},
    ]
    for query in tricks:
        assert counter.post("/newsletter/unsubscribe", query_string=query).status_code == 403
        assert counter.http.get("/newsletter/unsubscribe", query_string=query).status_code == 403
    expires = confirm["expires"][0]
    for request in (leave["subscriber"][0], confirm["request"][0]):
        query = {"request": request, "expires": expires, "token": leave["token"][0]}
        assert counter.post("/newsletter/confirm", query_string=query).status_code == 403
    assert subscriber(counter)["state"] == "confirmed"


def link_in_mail_to_reader(counter: Counter) -> str:
    body = counter.mails()[0].get_body(("plain",))
    assert body is not None
    return str(re.findall(r"https://\S+", body.get_content())[0])


def test_to_unsubscribe_who_never_was_is_success_and_makes_nobody(counter: Counter) -> None:
    link = unsubscribe_link("", subscriber_id(SECRET, READER), "en", SECRET)
    reply = counter.post(link)

    assert reply.status_code == 200
    assert "You are unsubscribed" in reply.text
    assert counter.items() == []


def test_an_unsubscribed_address_is_kept_as_long_as_the_parameter_says(make_counter: Any) -> None:
    counter = make_counter(RetentionDays="30")
    with time_machine.travel(START, tick=False):
        subscribe(counter)
        counter.post(local(unsubscribe_url(counter)))
    assert int(subscriber(counter)["expires_at"]) == int((START + timedelta(days=30)).timestamp())


def test_who_left_before_the_welcome_went_out_gets_none(counter: Counter) -> None:
    sign_up(counter)
    press(counter, open_link(counter, link_in_last_mail(counter)))
    counter.post(unsubscribe_link("", subscriber_id(SECRET, READER), "fr", SECRET))
    counter.play_stream()

    assert len(subjects_to(counter, READER)) == 1
    assert len(subjects_to(counter, "owner@atelier.example")) == 1


# --- coming back ------------------------------------------------------------------------------------------------


def test_coming_back_is_a_new_request_and_keeps_the_history(counter: Counter) -> None:
    with time_machine.travel(START):
        subscribe(counter)
        counter.post(local(unsubscribe_url(counter)))
        first = open_link(counter, link_in_mail_to_reader(counter))
        # The link of before brings nobody back.
        assert press(counter, first).status_code == 410
        assert subscriber(counter)["state"] == "unsubscribed"
    with time_machine.travel(START + timedelta(minutes=20)):
        subscribe(counter)
        counter.sweep()

    item = subscriber(counter)
    assert item["state"] == "confirmed"
    assert events_of(item) == ["confirmed", "unsubscribed", "confirmed"]
    assert not {"expires_at", "left_at"} & set(item)
    assert len(subjects_to(counter, "owner@atelier.example")) == 2
    assert subjects_to(counter, READER).count("Bienvenue dans la newsletter « Atelier Bellevue »") == 2
    # Each is a row of its own: the first ones say when they were sent, and for which day the digest counts them.
    emails = [email for email in counter.items("email") if email["pk"] == item["pk"]]
    assert sorted(email["name"] for email in emails) == ["new-subscriber"] * 2 + ["welcome"] * 2
    assert all("sent_at" in email for email in emails)


def test_a_request_from_before_leaving_that_is_still_owed_is_dropped(counter: Counter) -> None:
    with time_machine.travel(START):
        subscribe(counter)
    with time_machine.travel(START + timedelta(minutes=20)):
        wire = Wire(ses.client())
        wire.always(unreachable)
        counter.post("/newsletter", data={"email": READER}, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
        counter.post(local(unsubscribe_url(counter)))
        wire.always(None)
        before = len(counter.mails())
        counter.sweep()
    assert len(counter.mails()) == before


def test_signing_up_again_tells_and_changes_nothing_of_a_subscriber(counter: Counter) -> None:
    with time_machine.travel(START):
        subscribe(counter)
        before = subscriber(counter)
    with time_machine.travel(START + timedelta(hours=1)):
        reply = counter.post("/newsletter", data={"email": "READER@Example.org", "name": "Mallory"})
        counter.play_stream()

    assert reply.status_code == 303
    assert subscriber(counter) == before
    assert len(subjects_to(counter, READER)) == 2


def test_an_expired_link_offers_a_new_one(counter: Counter) -> None:
    with time_machine.travel(START):
        sign_up(counter, name="Zoé", source="/blog")
    later = START + timedelta(days=3)
    with time_machine.travel(later):
        page = open_link(counter, link_in_last_mail(counter))
        assert page.status_code == 410
        assert page.text.count("<button>") == 1
        assert counter.items("subscriber") == []
        again = press(counter, page)
        counter.play_stream()
        assert again.status_code == 200
        assert "Regardez vos emails" in again.text
        assert len(counter.mails()) == 2
        assert press(counter, open_link(counter, link_in_last_mail(counter))).status_code == 200
    item = subscriber(counter)
    assert (item["name"], item["history"][0]["M"]["page"]["S"]) == ("Zoé", "/blog")


def test_to_ask_again_says_the_same_for_any_input(counter: Counter) -> None:
    with time_machine.travel(START):
        sign_up(counter)
        link = parse_qs(urlsplit(link_in_last_mail(counter)).query)
        fields = {name: link[name][0] for name in ("request", "expires", "token")}
    with time_machine.travel(START + timedelta(days=3)):
        known = counter.post("/newsletter/confirm/again", data=fields)
        forged = counter.post("/newsletter/confirm/again", data=fields | {"token": "x"})
        nothing = counter.post("/newsletter/confirm/again")
        counter.play_stream()
        # From a caller who has posted enough in this hour.
        for number in range(20):
            counter.post("/newsletter", data={"email": f"a{number}@example.org"})
        assert counter.post("/newsletter", data={"email": "b@example.org"}).status_code == 429
        over = counter.post("/newsletter/confirm/again", data=fields)
    with time_machine.travel(START + timedelta(days=8)):
        gone = counter.post("/newsletter/confirm/again", data=fields)

    replies = [known, forged, nothing, over, gone]
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.data for reply in replies}) == 1
    assert len(counter.mails()) == 2


# --- caps -------------------------------------------------------------------------------------------------------


def test_an_address_gets_one_confirmation_in_15_minutes_and_three_a_day_whoever_asks(counter: Counter) -> None:
    spellings = ["reader@münchen.example", "READER@xn--mnchen-3ya.example", "Reader@MÜNCHEN.example"]
    sent: list[int] = []
    for number in range(9):
        minutes = [0, 1, 14, 15, 20, 30, 45, 60, 24 * 60][number]
        with time_machine.travel(START + timedelta(minutes=minutes, seconds=number)):
            email, caller = spellings[number % 3], f"198.51.100.{number}"
            counter.post("/newsletter", data={"email": email}, environ_overrides={"REMOTE_ADDR": caller})
            counter.play_stream()
        sent.append(len(counter.mails()))

    assert sent == [1, 1, 1, 2, 2, 3, 3, 3, 4]
    assert [email for email in counter.items("email") if "outbox" in email] == []


def test_a_cap_does_not_stop_the_email_that_it_let_through(counter: Counter) -> None:
    with time_machine.travel(START):
        wire = Wire(ses.client())
        wire.always(unreachable)
        counter.post("/newsletter", data={"email": READER})
        counter.play_stream()
        counter.sweep()
        wire.always(None)
        counter.sweep()

    assert len(counter.mails()) == 1
    counted = {item["sk"]: item.get("counted") for item in counter.items("cap")}
    assert counted == {
        "cap#confirmation-request#latest": None,
        "cap#confirmation-request#2026-11-23": "1",
        "cap#2026-11-23": "1",
    }


def test_strangers_share_a_daily_cap_and_the_owner_does_not(make_counter: Any) -> None:
    counter = make_counter(StrangerMailPerDay="2")
    with time_machine.travel(START):
        for number in range(4):
            data = {"email": f"a{number}@example.org", "message": "Bonjour"}
            counter.post("/newsletter", data=data)
            counter.post("/contact", data=data)
        counter.sweep()
        assert len(subjects_to(counter, "owner@atelier.example")) == 4
        assert len(counter.mails()) == 6
        counter.sweep()
        assert len(counter.mails()) == 6
    with time_machine.travel(START + timedelta(days=1)):
        counter.sweep()
    assert len(counter.mails()) == 8


def test_a_cap_of_zero_mails_no_stranger(make_counter: Any) -> None:
    counter = make_counter(StrangerMailPerDay="0")
    sign_up(counter)
    assert counter.mails() == []


# --- acknowledgement --------------------------------------------------------------------------------------------


def test_an_acknowledgement_is_off_by_default_and_never_quotes_the_visitor(make_counter: Any) -> None:
    data = {"email": READER, "name": "BUY", "message": "BUY http://evil.example", "_subject": "BUY", "_language": "en"}
    counter = make_counter(Acknowledge="on")
    counter.post("/contact", data=data)
    counter.play_stream()

    mail = next(mail for mail in counter.mails() if mail["To"] == READER)
    assert mail["Subject"] == "Your message to Atelier Bellevue"
    assert mail["Reply-To"] is None
    assert "BUY" not in mail.as_string()
    assert "evil" not in mail.as_string()
    assert len(subjects_to(counter, "owner@atelier.example")) == 1


def test_acknowledgements_are_capped_like_other_mail_to_strangers(make_counter: Any) -> None:
    counter = make_counter(Acknowledge="on")
    for number in range(3):
        counter.post("/contact", data={"email": READER, "message": str(number)})
    counter.play_stream()

    assert len(subjects_to(counter, READER)) == 1
    assert len(subjects_to(counter, "owner@atelier.example")) == 3


# --- feedback ---------------------------------------------------------------------------------------------------

ENDING = {
    "bounce-permanent": "bounced",
    "bounce-suppressed": "bounced",
    "complaint": "complained",
}
HARMLESS = ["bounce-transient", "bounce-undetermined", "complaint-not-spam", "delivery", "send", "reject", "open"]


@pytest.mark.parametrize("name", ENDING)
def test_what_ends_an_address_ends_all_mail_to_it(make_counter: Any, name: str) -> None:
    counter = make_counter(Acknowledge="on")
    with time_machine.travel(START):
        subscribe(counter)
        before = counter.mails()
        for _ in range(2):
            feedback(counter, name)
    item = subscriber(counter)
    assert item["state"] == ENDING[name]
    assert events_of(item) == ["confirmed", ENDING[name]]
    assert not {"email", "name", "list", "expires_at"} & set(item)

    with time_machine.travel(START + timedelta(hours=1)):
        reply = counter.post("/newsletter", data={"email": "Reader@EXAMPLE.org"})
        counter.post("/contact", data={"email": READER, "message": "Bonjour"})
        counter.post(unsubscribe_link("", item["id"], "fr", SECRET))
        counter.play_stream()
    assert reply.status_code == 303
    assert subjects_to(counter, READER) == [mail["Subject"] for mail in before if mail["To"] == READER]
    assert len(subjects_to(counter, "owner@atelier.example")) == 2
    assert subscriber(counter)["state"] == ENDING[name]


@pytest.mark.parametrize("name", HARMLESS)
def test_what_ends_nothing_changes_nothing(counter: Counter, name: str) -> None:
    subscribe(counter)
    before = counter.items()
    feedback(counter, name)
    assert counter.items() == before


def test_a_bounce_of_an_acknowledgement_ends_mail_to_who_never_subscribed(make_counter: Any) -> None:
    counter = make_counter(Acknowledge="on")
    with time_machine.travel(START):
        counter.post("/contact", data={"email": READER, "message": "1"})
        counter.play_stream()
        feedback(counter, "bounce-permanent", ADDRESS=f"Reader <{READER.upper()}>")
    with time_machine.travel(START + timedelta(hours=1)):
        counter.post("/contact", data={"email": READER, "message": "2"})
        sign_up(counter)

    assert len(subjects_to(counter, READER)) == 1
    assert READER not in json.dumps(counter.items("subscriber"))


def test_a_complaint_outweighs_a_bounce_in_whichever_order_they_come(counter: Counter) -> None:
    for first, second in (("bounce-permanent", "complaint"), ("complaint", "bounce-permanent")):
        address = f"{first}@example.org"
        feedback(counter, first, ADDRESS=address)
        feedback(counter, second, ADDRESS=address)
    assert [item["state"] for item in counter.items("subscriber")] == ["complained", "complained"]


def test_the_owner_is_never_silenced_but_an_alarm_is_raised(counter: Counter, written: Any) -> None:
    for name in ("bounce-permanent", "complaint"):
        feedback(counter, name, ADDRESS="owner@atelier.example", SET="guichet-OwnerMail")
    assert counter.items() == []
    lines = [json.loads(line) for line in written().splitlines()]
    assert [line["OwnerUnreachable"] for line in lines if "OwnerUnreachable" in line] == [[1.0], [1.0]]
    (metrics, _) = [line["_aws"]["CloudWatchMetrics"][0] for line in lines if "OwnerUnreachable" in line]
    alarm = counter.stack.of_type("AWS::CloudWatch::Alarm")["OwnerUnreachableAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (metrics["Namespace"], "OwnerUnreachable")

    counter.post("/contact", data={"email": READER, "message": "Bonjour"})
    counter.play_stream()
    assert len(counter.mails()) == 1


@pytest.mark.parametrize("name", ["bounce-permanent", "complaint"])
@pytest.mark.parametrize("lost", ["mail", "timestamp", "emailAddress"])
def test_an_event_that_cannot_be_read_is_raised_without_a_word_of_it_so_that_it_comes_again(
    counter: Counter, written: Any, name: str, lost: str
) -> None:
    text = re.sub(rf'"{lost}"', '"lost"', event_text(name))
    with pytest.raises(FunctionError, match=lost) as raised:
        counter.functions["Feedback"](wrapped(text))
    assert READER not in str(raised.value) + written()


# The first is published when the topic is made the destination of a configuration set. AWS: "Set up an Amazon SNS
# event destination for Amazon SES event publishing"; the next two by the identity's own notifications.
NOT_EVENTS = {
    "the line that SES writes first": "Successfully validated SNS topic for Amazon SES event publishing.",
    "a notification of an identity": json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded"}),
    "a bounce told by an identity": json.dumps(
        {"notificationType": "Bounce", "mail": {"messageId": "x"}, "bounce": {"bounceType": "Permanent"}}
    ),
    "nothing": "",
    "another JSON": json.dumps([{"eventType": "Bounce"}]),
    "an alarm": json.dumps({"AlarmName": "somebody's", "NewStateValue": "ALARM"}),
}


@pytest.mark.parametrize("message", NOT_EVENTS.values(), ids=NOT_EVENTS)
def test_what_is_no_event_of_ses_is_passed_over_and_counted(counter: Counter, written: Any, message: str) -> None:
    event = wrapped(message)
    assert counter.functions["Feedback"](event) is None
    assert counter.items() == []
    said = written()
    assert '"FeedbackPassedOver":[1.0]' in said.replace(" ", "")
    assert '"Unexpected"' not in said


@pytest.mark.parametrize("configuration_set", ["", "another-stack-VisitorMail"])
def test_an_event_of_another_stack_s_mail_is_passed_over_and_counted(
    counter: Counter, written: Any, configuration_set: str
) -> None:
    feedback(counter, "bounce-permanent", SET=configuration_set)
    assert counter.items() == []
    assert '"FeedbackPassedOver":[1.0]' in written().replace(" ", "")


def test_an_address_that_was_never_written_to_is_passed_over(counter: Counter) -> None:
    feedback(counter, "bounce-permanent", ADDRESS="MAILER-DAEMON")
    assert counter.items() == []


def test_an_event_tells_its_configuration_set_or_none() -> None:
    (record,) = wrapped(json.dumps({"eventType": "Bounce", "mail": {"messageId": "x"}}))["Records"]
    event = event_of(record)
    assert event is not None
    assert event.configuration_set == ""
    assert event.ended() is None


def test_mail_to_the_owner_ignores_the_suppression_list_and_mail_to_visitors_does_not(counter: Counter) -> None:
    sets = counter.stack.of_type("AWS::SES::ConfigurationSet")
    assert sets["OwnerMail"]["SuppressionOptions"]["SuppressedReasons"] == []
    assert sets["VisitorMail"]["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    destinations = counter.stack.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    assert {part["ConfigurationSetName"] for part in destinations} == {"guichet-OwnerMail", "guichet-VisitorMail"}
    for part in destinations:
        assert part["EventDestination"]["MatchingEventTypes"] == ["BOUNCE", "COMPLAINT"]
        assert part["EventDestination"]["SnsDestination"]["TopicARN"] in counter.stack.functions["Feedback"].topics


def test_the_owner_is_not_told_of_a_subscriber_whose_address_is_kept_no_more(counter: Counter) -> None:
    sign_up(counter)
    press(counter, open_link(counter, link_in_last_mail(counter)))
    feedback(counter, "complaint")
    counter.play_stream()

    assert len(counter.mails()) == 1
    reasons = {email["sk"].split("#")[1]: email.get("reason") for email in counter.items("email")}
    assert reasons["welcome"] == "the subscriber has left"
    assert reasons["new-subscriber"] == "the address must not be written to, and is not kept"


def test_a_run_whose_claim_has_lapsed_counts_nothing_against_the_caps(counter: Counter) -> None:
    counter.post("/newsletter", data={"email": READER})
    (row,) = counter.items("email")
    table_name = "table"
    key = EmailKey(record=row["pk"], email=row["sk"])
    slow = outbox.claim(table_name, key)
    with time_machine.travel(utc_now() + timedelta(minutes=6)):
        quick = outbox.claim(table_name, key)
        assert slow is not None
        assert quick is not None
        with pytest.raises(dynamodb.ConditionFailedError):
            limits.allow(table_name, slow, "x", 500)
    assert counter.items("cap") == []


# --- proof, and what is kept ------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [False, True])
def test_the_callers_address_is_kept_only_where_the_parameter_says(make_counter: Any, keep: bool) -> None:  # noqa: FBT001
    counter = make_counter(KeepCallerAddress=str(keep).lower())
    subscribe(counter)

    proof = subscriber(counter)["history"][0]["M"]
    kept = {name: proof[name]["S"] for name in ("asked_from", "confirmed_from") if name in proof}
    assert kept == ({"asked_from": "203.0.113.7", "confirmed_from": "203.0.113.7"} if keep else {})
    assert ("203.0.113.7" in json.dumps(counter.items())) is keep


# --- headers ----------------------------------------------------------------------------------------------------


def test_every_email_passes_a_check_of_its_headers(make_counter: Any) -> None:
    counter = make_counter(Acknowledge="on", SiteName="Élan & Cie 🎉")
    text = "é 🎉 \u202eשלום\u202c"
    sign_up(counter, name=text)
    press(counter, open_link(counter, link_in_last_mail(counter)))
    counter.post("/contact", data={"email": "b@example.org", "message": text, "subject": text, "name": text})
    counter.play_stream()

    mails = counter.mails()
    assert len(mails) == 5
    for mail in mails:
        raw = mail.as_bytes()
        assert raw.isascii()
        assert max(map(len, raw.splitlines())) <= 998
        # RFC 6376, section 5.4.1: what a signature covers stands once.
        for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Reply-To"):
            assert len(mail.get_all(name, [])) == (0 if name == "Reply-To" and mail["To"] != OWNER else 1) or (
                name == "Reply-To" and "Message" not in mail["Subject"]
            )
        assert abs(parsedate_to_datetime(mail["Date"]) - utc_now()) < timedelta(minutes=1)
        assert re.fullmatch(r"<[^<>@\s]+@atelier\.example>", mail["Message-ID"].strip())
        assert mail["From"].addresses[0].display_name == "Élan & Cie 🎉"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert {part["Content-Transfer-Encoding"] for part in mail.iter_parts()} == {"quoted-printable"}
        html = mail.get_body(("html",))
        assert html is not None
        # Strict: it raises at whatever a validator would call a parse error.
        html5lib.HTMLParser(strict=True).parse(html.get_content())
        to_subscriber = "Bienvenue" in mail["Subject"]
        assert (mail["List-Unsubscribe"] is not None) is to_subscriber
        assert (mail["List-Unsubscribe-Post"] is not None) is to_subscriber
    assert any(text in mail["Subject"] for mail in mails)


OWNER = "owner@atelier.example"
