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
from guichet.lambda_runtime import FunctionError
from guichet.mail import ses
from guichet.records.outbox import EmailKey
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import dynamodb, limits, outbox
from tests.support.app import START, App
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


@pytest.mark.medium
def test_who_confirms_is_welcomed_with_a_link_to_leave(app: App) -> None:
    subscribe(app)

    mail = welcome(app)
    assert mail["To"] == READER
    assert mail["Subject"] == "Bienvenue dans la newsletter «\xa0Atelier Bellevue\xa0»"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = unsubscribe_url(app)
    assert url.startswith("https://api.example/newsletter/unsubscribe?")
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert url in unescape(body.get_content())


@pytest.mark.quick_cases(2)
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
def test_one_click_unsubscribes_at_once_whatever_the_body(app: App, arguments: dict[str, Any]) -> None:
    subscribe(app)

    for _ in range(2):
        reply = app.post(local(unsubscribe_url(app)), **arguments)
        assert reply.status_code == 200
        assert "set-cookie" not in reply.headers
        assert "Désabonnement confirmé" in reply.text
    item = subscriber(app)
    assert item["state"] == "unsubscribed"
    assert events_of(item) == ["confirmed", "unsubscribed"]
    assert item["list"] == "subscribers#unsubscribed"


@pytest.mark.medium
def test_the_unsubscribe_page_has_one_button_and_changes_nothing(app: App) -> None:
    subscribe(app)
    before = app.items()
    page = open_link(app, unsubscribe_url(app))

    assert page.status_code == 200
    assert page.text.count("<button>") == 1
    assert app.items() == before
    assert "Désabonnement confirmé" in press(app, page).text
    assert subscriber(app)["state"] == "unsubscribed"


@pytest.mark.medium
def test_the_unsubscribe_link_never_expires(app: App) -> None:
    subscribe(app)
    url = unsubscribe_url(app)
    with time_machine.travel(utc_now() + timedelta(days=3650)):
        assert app.post(local(url)).status_code == 200
    assert subscriber(app)["state"] == "unsubscribed"


@pytest.mark.medium
def test_a_token_of_another_purpose_or_subscriber_is_refused(app: App) -> None:
    subscribe(app)
    confirm = parse_qs(urlsplit(link_in_mail_to_reader(app)).query)
    leave = parse_qs(urlsplit(unsubscribe_url(app)).query)
    other = unsubscribe_link("", subscriber_id(SECRET, "other@example.org"), "fr", SECRET)
    tricks = [
        {"subscriber": leave["subscriber"][0], "token": confirm["token"][0]},
        {"subscriber": confirm["request"][0], "token": confirm["token"][0]},
        {"subscriber": leave["subscriber"][0], "token": parse_qs(urlsplit(other).query)["token"][0]},
        {"subscriber": leave["subscriber"][0]},
        {},
    ]
    for query in tricks:
        assert app.post("/newsletter/unsubscribe", query_string=query).status_code == 403
        assert app.http.get("/newsletter/unsubscribe", query_string=query).status_code == 403
    expires = confirm["expires"][0]
    for request in (leave["subscriber"][0], confirm["request"][0]):
        query = {"request": request, "expires": expires, "token": leave["token"][0]}
        assert app.post("/newsletter/confirm", query_string=query).status_code == 403
    assert subscriber(app)["state"] == "confirmed"


def link_in_mail_to_reader(app: App) -> str:
    body = app.mails()[0].get_body(("plain",))
    assert body is not None
    return str(re.findall(r"https://\S+", body.get_content())[0])


def test_to_unsubscribe_who_never_was_is_success_and_makes_nobody(app: App) -> None:
    link = unsubscribe_link("", subscriber_id(SECRET, READER), "en", SECRET)
    reply = app.post(link)

    assert reply.status_code == 200
    assert "You are unsubscribed" in reply.text
    assert app.items() == []


@pytest.mark.medium
def test_an_unsubscribed_address_is_kept_as_long_as_the_parameter_says(make_app: Any) -> None:
    app = make_app(RetentionDays="30")
    with time_machine.travel(START, tick=False):
        subscribe(app)
        app.post(local(unsubscribe_url(app)))
    assert int(subscriber(app)["expires_at"]) == int((START + timedelta(days=30)).timestamp())


@pytest.mark.medium
def test_who_left_before_the_welcome_went_out_gets_none(app: App) -> None:
    sign_up(app)
    press(app, open_link(app, link_in_last_mail(app)))
    app.post(unsubscribe_link("", subscriber_id(SECRET, READER), "fr", SECRET))
    app.play_stream()

    assert len(subjects_to(app, READER)) == 1
    assert len(subjects_to(app, "owner@atelier.example")) == 1


# --- coming back ------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_coming_back_is_a_new_request_and_keeps_the_history(app: App) -> None:
    with time_machine.travel(START):
        sign_up(app)
        link = link_in_last_mail(app)
        first = open_link(app, link)
        assert press(app, first).status_code == 200
        app.play_stream()
        app.post(local(unsubscribe_url(app)))
        # The earlier link brings nobody back, and no longer has a button.
        assert press(app, first).status_code == 410
        assert open_link(app, link).status_code == 410
        assert subscriber(app)["state"] == "unsubscribed"
    with time_machine.travel(START + timedelta(minutes=20)):
        subscribe(app)
        app.sweep()

    item = subscriber(app)
    assert item["state"] == "confirmed"
    assert events_of(item) == ["confirmed", "unsubscribed", "confirmed"]
    assert not {"expires_at", "left_at"} & set(item)
    assert len(subjects_to(app, "owner@atelier.example")) == 2
    assert subjects_to(app, READER).count("Bienvenue dans la newsletter «\xa0Atelier Bellevue\xa0»") == 2
    # Each is a separate row: the earlier ones say when they were sent, and for which day the digest counts them.
    emails = [email for email in app.items("email") if email["pk"] == item["pk"]]
    assert sorted(email["name"] for email in emails) == ["new-subscriber"] * 2 + ["welcome"] * 2
    assert all("sent_at" in email for email in emails)


@pytest.mark.medium
def test_a_request_from_before_leaving_that_is_still_owed_is_dropped(app: App) -> None:
    with time_machine.travel(START):
        subscribe(app)
    with time_machine.travel(START + timedelta(minutes=20)):
        wire = Wire(ses.client())
        wire.always(unreachable)
        app.post("/newsletter", data={"email": READER}, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
        app.post(local(unsubscribe_url(app)))
        wire.always(None)
        before = len(app.mails())
        app.sweep()
    assert len(app.mails()) == before


@pytest.mark.medium
def test_signing_up_again_tells_and_changes_nothing_of_a_subscriber(app: App) -> None:
    with time_machine.travel(START):
        subscribe(app)
        before = subscriber(app)
    with time_machine.travel(START + timedelta(hours=1)):
        reply = app.post("/newsletter", data={"email": "READER@Example.org", "name": "Mallory"})
        app.play_stream()

    assert reply.status_code == 303
    assert subscriber(app) == before
    assert len(subjects_to(app, READER)) == 2


@pytest.mark.medium
def test_an_expired_link_offers_a_new_one(app: App) -> None:
    with time_machine.travel(START):
        sign_up(app, name="Zoé", source="/blog")
    later = START + timedelta(days=3)
    with time_machine.travel(later):
        page = open_link(app, link_in_last_mail(app))
        assert page.status_code == 410
        assert page.text.count("<button>") == 1
        assert app.items("subscriber") == []
        again = press(app, page)
        app.play_stream()
        assert again.status_code == 200
        assert "Consultez vos emails" in again.text
        assert len(app.mails()) == 2
        assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
    item = subscriber(app)
    assert (item["name"], item["history"][0]["M"]["page"]["S"]) == ("Zoé", "/blog")


@pytest.mark.medium
def test_to_ask_again_says_the_same_for_any_input(app: App) -> None:
    with time_machine.travel(START):
        sign_up(app)
        link = parse_qs(urlsplit(link_in_last_mail(app)).query)
        fields = {name: link[name][0] for name in ("request", "expires", "token")}
    with time_machine.travel(START + timedelta(days=3)):
        known = app.post("/newsletter/confirm/again", data=fields)
        forged = app.post("/newsletter/confirm/again", data=fields | {"token": "x"})
        nothing = app.post("/newsletter/confirm/again")
        app.play_stream()
        # From a caller who has posted enough in this hour.
        for number in range(20):
            app.post("/newsletter", data={"email": f"a{number}@example.org"})
        assert app.post("/newsletter", data={"email": "b@example.org"}).status_code == 429
        over = app.post("/newsletter/confirm/again", data=fields)
    with time_machine.travel(START + timedelta(days=8)):
        gone = app.post("/newsletter/confirm/again", data=fields)

    replies = [known, forged, nothing, over, gone]
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.data for reply in replies}) == 1
    assert len(app.mails()) == 2


# --- caps -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_address_gets_one_confirmation_in_15_minutes_and_three_a_day_whoever_asks(app: App) -> None:
    spellings = ["reader@münchen.example", "READER@xn--mnchen-3ya.example", "Reader+x@MÜNCHEN.example"]
    sent: list[int] = []
    for number in range(9):
        minutes = [0, 1, 14, 15, 20, 30, 45, 60, 24 * 60][number]
        with time_machine.travel(START + timedelta(minutes=minutes, seconds=number)):
            email, caller = spellings[number % 3], f"198.51.100.{number}"
            app.post("/newsletter", data={"email": email}, environ_overrides={"REMOTE_ADDR": caller})
            app.play_stream()
        sent.append(len(app.mails()))
        assert len([email for email in app.items("email") if "outbox" in email]) <= 1

    assert sent == [1, 1, 1, 2, 2, 3, 3, 3, 4]
    assert [email for email in app.items("email") if "outbox" in email] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "spellings",
    [
        [f"victim+{number}@example.org" for number in range(1, 31)],
        ["victim@gmail.com", "v.ictim@gmail.com", "vi.c.tim+x@googlemail.com", "VICTIM@GoogleMail.com"] * 5,
    ],
)
def test_the_spellings_of_one_mailbox_share_its_caps(make_app: Any, spellings: list[str]) -> None:
    app = make_app(Acknowledge="on")
    with time_machine.travel(START) as clock:
        for number, email in enumerate(spellings):
            caller = {"REMOTE_ADDR": f"198.51.{number}.9"}
            app.post("/newsletter", data={"email": email}, environ_overrides=caller)
            app.post("/contact", data={"email": email, "message": "x"}, environ_overrides=caller)
            app.play_stream()
            clock.shift(60)
            app.sweep()
    to_strangers = [mail["Subject"] for mail in app.mails() if mail["To"] != OWNER]
    # One at once, and one more as the quarters of an hour pass; of each kind.
    most = 2 * min(3, 1 + len(spellings) // 15)
    assert len(to_strangers) <= most
    assert {mail["To"] for mail in app.mails()} <= {*spellings, OWNER}


@pytest.mark.medium
def test_two_people_of_one_domain_are_counted_apart(app: App) -> None:
    for email in ("re.ader@example.org", "reader@example.org", "+tag@example.org", "+other@example.org"):
        app.post("/newsletter", data={"email": email})
    app.play_stream()
    assert len(app.mails()) == 4
    # A tag is only ignored for counting: each is a separate subscriber.
    assert subscriber_id(SECRET, "reader+a@example.org") != subscriber_id(SECRET, "reader@example.org")


@pytest.mark.medium
def test_a_cap_does_not_stop_the_email_that_it_let_through(app: App) -> None:
    with time_machine.travel(START):
        wire = Wire(ses.client())
        wire.always(unreachable)
        app.post("/newsletter", data={"email": READER})
        app.play_stream()
        app.sweep()
        wire.always(None)
        app.sweep()

    assert len(app.mails()) == 1
    counted = {item["sk"]: item.get("counted") for item in app.items("cap")}
    assert counted == {
        "cap#confirmation-request#latest": None,
        "cap#confirmation-request#2026-11-23": "1",
        # For all strangers, and for the network.
        "cap#2026-11-23": "1",
    }


@pytest.mark.medium
def test_nor_does_it_after_midnight(app: App) -> None:
    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with time_machine.travel(midnight - timedelta(minutes=1), tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(unreachable)
        app.post("/newsletter", data={"email": READER})
        app.play_stream()
        assert app.mails() == []
        wire.always(None)
        clock.shift(timedelta(minutes=2))
        app.sweep()
    assert len(subjects_to(app, READER)) == 1


@pytest.mark.slow
def test_strangers_share_a_daily_cap_and_the_owner_does_not(make_app: Any) -> None:
    app = make_app(StrangerMailPerDay="2")
    with time_machine.travel(START):
        for number in range(4):
            data = {"email": f"a{number}@example.org", "message": "Bonjour"}
            caller = {"REMOTE_ADDR": f"198.51.{number}.9"}
            app.post("/newsletter", data=data, environ_overrides=caller)
            app.post("/contact", data=data, environ_overrides=caller)
        app.sweep()
        assert len(subjects_to(app, OWNER)) == 4
        assert len(app.mails()) == 6
        app.sweep()
        # The owner is notified, too.
        assert len(subjects_to(app, OWNER)) == 5
        assert len(app.mails()) == 7
    with time_machine.travel(START + timedelta(days=1)):
        app.sweep()
    assert len(app.mails()) == 9


def test_a_cap_of_zero_mails_no_stranger(make_app: Any) -> None:
    app = make_app(StrangerMailPerDay="0")
    sign_up(app)
    assert app.mails() == []


# --- acknowledgement --------------------------------------------------------------------------------------------


def test_an_acknowledgement_is_off_by_default_and_never_quotes_the_visitor(make_app: Any) -> None:
    data = {
        "email": READER,
        "name": "BUY!",
        "message": "BUY! http://evil.example",
        "_subject": "BUY!",
        "_language": "en",
    }
    app = make_app(Acknowledge="on")
    app.post("/contact", data=data)
    app.play_stream()

    mail = next(mail for mail in app.mails() if mail["To"] == READER)
    assert mail["Subject"] == "Your message to Atelier Bellevue"
    assert mail["Reply-To"] is None
    # No token has a "!".
    assert "BUY!" not in mail.as_string()
    assert "evil" not in mail.as_string()
    assert len(subjects_to(app, "owner@atelier.example")) == 1


@pytest.mark.medium
def test_acknowledgements_are_capped_like_other_mail_to_strangers(make_app: Any) -> None:
    app = make_app(Acknowledge="on")
    for number in range(3):
        app.post("/contact", data={"email": READER, "message": str(number)})
    app.play_stream()

    assert len(subjects_to(app, READER)) == 1
    assert len(subjects_to(app, "owner@atelier.example")) == 3


# --- feedback ---------------------------------------------------------------------------------------------------

ENDING = {
    "bounce-permanent": "bounced",
    "bounce-suppressed": "bounced",
    "complaint": "complained",
}
HARMLESS = ["bounce-transient", "bounce-undetermined", "complaint-not-spam", "delivery", "send", "reject", "open"]


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("name", ENDING)
def test_what_ends_an_address_ends_all_mail_to_it(make_app: Any, name: str) -> None:
    app = make_app(Acknowledge="on")
    with time_machine.travel(START):
        subscribe(app)
        before = app.mails()
        for _ in range(2):
            feedback(app, name)
    item = subscriber(app)
    assert item["state"] == ENDING[name]
    assert events_of(item) == ["confirmed", ENDING[name]]
    assert item["list"] == f"subscribers#{ENDING[name]}"
    assert not {"email", "name", "expires_at"} & set(item)

    with time_machine.travel(START + timedelta(hours=1)):
        reply = app.post("/newsletter", data={"email": "Reader@EXAMPLE.org"})
        app.post("/contact", data={"email": READER, "message": "Bonjour"})
        app.post(unsubscribe_link("", item["id"], "fr", SECRET))
        app.play_stream()
    assert reply.status_code == 303
    assert subjects_to(app, READER) == [mail["Subject"] for mail in before if mail["To"] == READER]
    assert len(subjects_to(app, "owner@atelier.example")) == 2
    assert subscriber(app)["state"] == ENDING[name]


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("name", HARMLESS)
def test_what_ends_nothing_changes_nothing(app: App, name: str) -> None:
    subscribe(app)
    before = app.items()
    feedback(app, name)
    assert app.items() == before


@pytest.mark.medium
def test_a_bounce_of_an_acknowledgement_ends_mail_to_who_never_subscribed(make_app: Any) -> None:
    app = make_app(Acknowledge="on")
    with time_machine.travel(START):
        app.post("/contact", data={"email": READER, "message": "1"})
        app.play_stream()
        feedback(app, "bounce-permanent", ADDRESS=f"Reader <{READER.upper()}>")
    with time_machine.travel(START + timedelta(hours=1)):
        app.post("/contact", data={"email": READER, "message": "2"})
        sign_up(app)

    assert len(subjects_to(app, READER)) == 1
    assert READER not in json.dumps(app.items("subscriber"))


def test_a_complaint_outweighs_a_bounce_in_whichever_order_they_come(app: App) -> None:
    for first, second in (("bounce-permanent", "complaint"), ("complaint", "bounce-permanent")):
        address = f"{first}@example.org"
        feedback(app, first, ADDRESS=address)
        feedback(app, second, ADDRESS=address)
    assert [item["state"] for item in app.items("subscriber")] == ["complained", "complained"]


def test_the_owner_is_never_silenced_but_an_alarm_is_raised(app: App, written: Any) -> None:
    for name in ("bounce-permanent", "complaint"):
        feedback(app, name, ADDRESS="owner@atelier.example", SET="guichet-OwnerMail")
    assert app.items() == []
    lines = [json.loads(line) for line in written().splitlines()]
    assert [line["OwnerUnreachable"] for line in lines if "OwnerUnreachable" in line] == [[1.0], [1.0]]
    (metrics, _) = [line["_aws"]["CloudWatchMetrics"][0] for line in lines if "OwnerUnreachable" in line]
    alarm = app.stack.of_type("AWS::CloudWatch::Alarm")["OwnerUnreachableAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (metrics["Namespace"], "OwnerUnreachable")

    app.post("/contact", data={"email": READER, "message": "Bonjour"})
    app.play_stream()
    assert len(app.mails()) == 1


@pytest.mark.parametrize("name", ["bounce-permanent", "complaint"])
@pytest.mark.parametrize("lost", ["mail", "timestamp", "emailAddress"])
def test_an_event_that_cannot_be_read_is_raised_without_a_word_of_it_so_that_it_comes_again(
    app: App, written: Any, name: str, lost: str
) -> None:
    text = re.sub(rf'"{lost}"', '"lost"', event_text(name))
    with pytest.raises(FunctionError, match=lost) as raised:
        app.functions["Feedback"](wrapped(text))
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
def test_what_is_no_event_of_ses_is_passed_over_and_counted(app: App, written: Any, message: str) -> None:
    event = wrapped(message)
    assert app.functions["Feedback"](event) is None
    assert app.items() == []
    said = written()
    assert '"FeedbackPassedOver":[1.0]' in said.replace(" ", "")
    assert '"Unexpected"' not in said


@pytest.mark.parametrize("configuration_set", ["", "another-stack-VisitorMail"])
def test_an_event_of_another_stack_s_mail_is_passed_over_and_counted(
    app: App, written: Any, configuration_set: str
) -> None:
    feedback(app, "bounce-permanent", SET=configuration_set)
    assert app.items() == []
    assert '"FeedbackPassedOver":[1.0]' in written().replace(" ", "")


def test_an_address_that_was_never_written_to_is_passed_over(app: App) -> None:
    feedback(app, "bounce-permanent", ADDRESS="MAILER-DAEMON")
    assert app.items() == []


def test_an_event_tells_its_configuration_set_or_none() -> None:
    (record,) = wrapped(json.dumps({"eventType": "Bounce", "mail": {"messageId": "x"}}))["Records"]
    event = event_of(record)
    assert event is not None
    assert event.configuration_set == ""
    assert event.ended() is None


def test_mail_to_the_owner_ignores_the_suppression_list_and_mail_to_visitors_does_not(app: App) -> None:
    sets = app.stack.of_type("AWS::SES::ConfigurationSet")
    assert sets["OwnerMail"]["SuppressionOptions"]["SuppressedReasons"] == []
    assert sets["VisitorMail"]["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    destinations = app.stack.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    assert {part["ConfigurationSetName"] for part in destinations} == {"guichet-OwnerMail", "guichet-VisitorMail"}
    for part in destinations:
        assert part["EventDestination"]["SnsDestination"]["TopicARN"] in app.stack.functions["Feedback"].topics


@pytest.mark.medium
def test_the_owner_is_not_told_of_a_subscriber_whose_address_is_kept_no_more(app: App) -> None:
    sign_up(app)
    press(app, open_link(app, link_in_last_mail(app)))
    feedback(app, "complaint")
    app.play_stream()

    assert len(app.mails()) == 1
    reasons = {email["sk"].split("#")[1]: email.get("reason") for email in app.items("email")}
    assert reasons["welcome"] == "the subscriber has left"
    assert reasons["new-subscriber"] == "the address must not be written to, and is not kept"


def test_a_run_whose_claim_has_lapsed_counts_nothing_against_the_caps(app: App) -> None:
    app.post("/newsletter", data={"email": READER})
    (row,) = app.items("email")
    table_name = "table"
    key = EmailKey(record=row["pk"], email=row["sk"])
    slow = outbox.claim(table_name, key)
    with time_machine.travel(utc_now() + timedelta(minutes=6)):
        quick = outbox.claim(table_name, key)
        assert slow is not None
        assert quick is not None
        with pytest.raises(dynamodb.ConditionFailedError):
            limits.allow(table_name, slow, "x", known=limits.Slot(), pool=limits.Pool(500, 0))
    assert app.items("cap") == []


# --- proof, and what is kept ------------------------------------------------------------------------------------


@pytest.mark.medium
@pytest.mark.parametrize("keep", [False, True])
def test_the_callers_address_is_kept_only_where_the_parameter_says(make_app: Any, keep: bool) -> None:  # noqa: FBT001
    app = make_app(KeepCallerAddress=str(keep).lower())
    subscribe(app)

    proof = subscriber(app)["history"][0]["M"]
    kept = {name: proof[name]["S"] for name in ("asked_from", "confirmed_from") if name in proof}
    assert kept == ({"asked_from": "203.0.113.7", "confirmed_from": "203.0.113.7"} if keep else {})
    assert ("203.0.113.7" in json.dumps(app.items())) is keep


# --- headers ----------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_every_email_passes_a_check_of_its_headers(make_app: Any) -> None:
    app = make_app(Acknowledge="on", SiteName="Élan & Cie 🎉")
    text = "é 🎉 \u202eשלום\u202c"
    sign_up(app, name=text)
    press(app, open_link(app, link_in_last_mail(app)))
    app.post("/contact", data={"email": "b@example.org", "message": text, "subject": text, "name": text})
    app.play_stream()

    mails = app.mails()
    assert len(mails) == 5
    for mail in mails:
        raw = mail.as_bytes()
        assert raw.isascii()
        assert max(map(len, raw.splitlines())) <= 998
        # RFC 6376, section 5.4.1: what a signature covers appears once.
        for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Reply-To"):
            assert len(mail.get_all(name, [])) == (0 if name == "Reply-To" and mail["To"] != OWNER else 1) or (
                name == "Reply-To" and "Message" not in mail["Subject"]
            )
        assert abs(parsedate_to_datetime(mail["Date"]) - utc_now()) < timedelta(minutes=1)
        assert re.fullmatch(r"<[^<>@\s]+@atelier\.example>", mail["Message-ID"].strip())
        assert mail["From"].addresses[0].display_name == "Élan & Cie 🎉"
        assert mail["Auto-Submitted"] == (None if mail["To"] == OWNER else "auto-generated")
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert {part["Content-Transfer-Encoding"] for part in mail.iter_parts()} == {"quoted-printable"}
        html = mail.get_body(("html",))
        assert html is not None
        # Strict: it raises on anything that a validator would call a parse error.
        html5lib.HTMLParser(strict=True).parse(html.get_content())
        to_subscriber = "Bienvenue" in mail["Subject"]
        assert (mail["List-Unsubscribe"] is not None) is to_subscriber
        assert (mail["List-Unsubscribe-Post"] is not None) is to_subscriber
    # Except for characters that would reverse the rest of the line.
    assert any("é 🎉 שלום" in mail["Subject"] for mail in mails)


OWNER = "owner@atelier.example"
