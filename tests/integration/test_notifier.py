"""Queued emails: sent once, kept while SES refuses, through the stream and the schedule."""

import json
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ReadTimeoutError

from guichet.mail import pace, ses
from guichet.outbox.sweep import sweep
from guichet.records.record import utc_now
from guichet.store import dynamodb, outbox, table
from guichet.store.outbox import SHARDS
from infra.local.functions import Context
from notifier.handler import settings
from tests.support.app import App
from tests.support.stack import text_of
from tests.support.wire import Wire, refusal, unreachable

GOOD = {"email": "a@example.org", "message": "Bonjour"}
TEMPORARY = [
    refusal(429, "TooManyRequestsException"),
    refusal(400, "LimitExceededException"),
    refusal(400, "SendingPausedException"),
    refusal(400, "AccountSuspendedException"),
    refusal(403, "AccessDeniedException"),
    refusal(503, "ServiceUnavailable"),
    refusal(400, "MessageRejected", message="Email address is not verified. The following identities failed: x"),
    refusal(400, "MessageRejected", message="Sending paused for this account."),
    unreachable,
]


def owed(app: App) -> list[dict[str, Any]]:
    return [email for email in app.items("email") if "outbox" in email]


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("temporary", TEMPORARY)
def test_what_ses_refuses_for_now_stays_owed_and_is_sent_once(
    app: App, monkeypatch: pytest.MonkeyPatch, temporary: Any
) -> None:
    # Pacing would take seconds: tests/integration/test_pace.py tests it.
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: 0, sleep=lambda _: None))
    wire = Wire(ses.client())
    wire.always(temporary)
    assert app.post("/contact", data=GOOD).status_code == 303
    app.play_stream()
    app.sweep()
    assert len(owed(app)) == 1
    assert app.mails() == []

    wire.always(None)
    app.sweep()
    app.sweep()
    assert len(app.mails()) == 1
    assert owed(app) == []


@pytest.mark.medium
@pytest.mark.parametrize("code", ["BadRequestException", "MessageRejected"])
def test_what_ses_refuses_of_one_message_has_failed_with_the_reason(app: App, code: str) -> None:
    wire = Wire(ses.client())
    wire.always(refusal(400, code))
    app.post("/contact", data=GOOD)
    app.play_stream()
    wire.always(None)
    app.sweep()

    (email,) = [item for item in app.items("email") if item["name"] == "contact-notification"]
    assert email["reason"].startswith(code)
    assert "outbox" not in email
    # A notice replaces it, and it is not sent again itself.
    assert ["Bonjour" in text_of(mail.as_string()) for mail in app.mails()] == [False]
    assert wire.operations == ["SendEmail"] * 2


def timed_out(request: Any) -> None:
    raise ReadTimeoutError(endpoint_url=request.url)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("in_doubt", [timed_out, refusal(500, "InternalFailure"), refusal(502, "BadGateway")])
def test_what_may_have_gone_out_is_not_tried_again_before_an_event_can_have_told(app: App, in_doubt: Any) -> None:
    wire = Wire(ses.client())
    wire.always(in_doubt)
    app.post("/contact", data=GOOD)
    app.play_stream()
    wire.always(None)
    app.sweep()
    with time_machine.travel(utc_now() + timedelta(minutes=59)):
        app.sweep()
    assert wire.operations == ["SendEmail"]

    with time_machine.travel(utc_now() + timedelta(minutes=61)):
        app.sweep()
    assert len(app.mails()) == 1


@pytest.mark.medium
def test_two_runs_send_one_email(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.post("/contact", data=GOOD)
    send = ses.send
    swept: list[Any] = []

    def send_while_the_schedule_comes(*arguments: Any) -> str:
        swept.append(app.sweep())
        return send(*arguments)

    monkeypatch.setattr(ses, "send", send_while_the_schedule_comes)
    app.play_stream()

    assert swept == [{"not ours": 1}]
    assert len(app.mails()) == 1


def test_the_mark_tells_when_and_as_which_message(app: App) -> None:
    app.post("/contact", data=GOOD)
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False):
        app.play_stream()
        end = int((utc_now() + timedelta(days=90)).timestamp())

    (email,) = app.items("email")
    assert email["sent_at"] == "2026-11-23T10:00:00.000000+00:00"
    assert len(email["message_id"]) > 10
    assert int(email["expires_at"]) == end
    assert not {"outbox", "claim", "claimed_until"} & set(email)


@pytest.mark.medium
def test_a_lost_stream_is_made_good_by_the_schedule(app: App) -> None:
    for number in range(3):
        app.post("/contact", data=GOOD | {"message": str(number)})

    assert app.sweep() == {"sent": 3}
    assert len(app.mails()) == 3
    app.play_stream()
    assert len(app.mails()) == 3


@pytest.mark.medium
def test_the_owners_mail_goes_first_and_the_oldest_before_the_rest(app: App) -> None:
    times = ["2026-11-23T10:02:00Z", "2026-11-23T10:00:00Z", "2026-11-23T10:01:00Z"]
    for path, at in zip(("/contact", "/newsletter", "/contact"), times, strict=True):
        with time_machine.travel(at):
            app.post(path, data=GOOD | {"message": at, "name": at[11:16]})
    with time_machine.travel("2026-11-23T10:05:00Z"):
        app.sweep()

    assert [mail["Subject"][-5:] for mail in app.mails()] == ["10:01", "10:02", "vue\xa0»"]


@pytest.mark.medium
def test_a_sweep_does_not_hammer_a_service_that_refuses(app: App) -> None:
    for number in range(12):
        app.post("/contact", data=GOOD | {"message": str(number)})
    wire = Wire(ses.client())
    wire.always(unreachable)

    # Three of the oldest and three of the newest.
    assert app.sweep() == {"postponed": 6}
    assert wire.operations == ["SendEmail"] * 6


@pytest.mark.medium
def test_an_address_that_the_sandbox_does_not_know_does_not_hold_up_the_others(app: App) -> None:
    for number in range(4):
        app.post("/contact", data=GOOD | {"message": str(number)})
    unverified = refusal(400, "MessageRejected", message="Email address is not verified. The following: x")
    Wire(ses.client()).plan(unverified, unverified, unverified)

    assert app.sweep() == {"unverified": 3, "sent": 1}
    assert app.sweep() == {"sent": 3}


def test_a_sweep_ends_before_its_time_is_up(app: App) -> None:
    app.post("/contact", data=GOOD)

    assert sweep(settings(), Context("Notifier", 19)) == {}
    assert len(owed(app)) == 1


@pytest.mark.medium
def test_an_email_that_cannot_be_written_does_not_hold_up_the_others(
    app: App, monkeypatch: pytest.MonkeyPatch, written: Callable[[], str]
) -> None:
    from guichet.mail.mime import compose  # noqa: PLC0415

    def broken_for_one(name: Any, language: Any, record: Any, settings: Any) -> Any:
        if record.message == "poison":
            raise ValueError(record.message)
        return compose(name, language, record, settings)

    monkeypatch.setattr("guichet.outbox.delivery.compose", broken_for_one)
    for text in ("poison", "fine"):
        app.post("/contact", data=GOOD | {"message": text})
    assert app.sweep() == {"unexpected": 1, "sent": 1}
    app.play_stream()

    assert len(app.mails()) == 1
    assert len(owed(app)) == 1
    assert "poison" not in written()

    monkeypatch.setattr("guichet.outbox.delivery.compose", compose)
    with time_machine.travel(utc_now() + timedelta(minutes=6)):
        assert app.sweep() == {"sent": 1}


def test_an_email_whose_message_is_gone_is_dropped(app: App) -> None:
    app.post("/contact", data=GOOD)
    (message,) = app.items("message")
    key = dynamodb.marshalled(table.key_at(message["pk"]))
    dynamodb.client().delete_item(TableName="table", Key=key)
    app.sweep()

    (email,) = app.items("email")
    assert "erased" in email["reason"]
    assert app.mails() == []


def test_the_stream_is_told_which_record_failed(app: App) -> None:
    app.post("/contact", data=GOOD)
    Wire(ses.client()).always(unreachable)
    record = {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {name: {"S": app.items("email")[0][name]} for name in ("pk", "sk")},
            "SequenceNumber": "42",
        },
    }

    reply = app.functions["Notifier"]({"Records": [record]})

    assert reply == {"batchItemFailures": [{"itemIdentifier": "42"}]}


def test_a_stream_record_without_keys_is_a_failure_not_a_success(app: App) -> None:
    record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "43"}}

    reply = app.functions["Notifier"]({"Records": [record]})

    assert reply == {"batchItemFailures": [{"itemIdentifier": "43"}]}


@pytest.mark.medium
def test_logs_and_metrics_hold_no_personal_data(app: App, written: Callable[[], str]) -> None:
    app.post("/contact", data=GOOD | {"message": "very private", "name": "Zoé"})
    app.post("/contact", data=GOOD | {"email": "wrong@", "message": "very private"})
    app.post("/newsletter", data={"email": "reader@example.org"})
    comment = {"page": "/private/", "name": "Zoé", "email": "a@example.org", "comment": "very private"}
    app.post("/comments", data=comment)
    app.post("/comments", data=comment | {"page": "private"})
    app.http.get("/comments?page=/private/")
    app.play_stream()
    Wire(ses.client()).always(refusal(400, "BadRequestException", message="a@example.org is bad"))
    app.post("/contact", data=GOOD | {"message": "very private 2"})
    app.sweep()

    text = written()
    lines = [json.loads(line) for line in text.splitlines()]
    assert {line["message"] for line in lines if "message" in line} >= {
        "accepted",
        "refused",
        "sent",
        "failed",
        "swept",
    }
    metrics = {
        metric["Name"] for line in lines if "_aws" in line for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert metrics >= {"Accepted", "Refused", "EmailSent", "EmailFailed", "OldestQueuedAge"}
    for private in ("example.org", "wrong@", "private", "Zoé", "203.0.113.7"):
        assert private not in text


def test_the_age_of_the_oldest_owed_email_is_measured(app: App, written: Callable[[], str]) -> None:
    Wire(ses.client()).always(unreachable)
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False):
        app.post("/contact", data=GOOD)
    written()
    with time_machine.travel("2026-11-23T11:00:00Z", tick=False):
        app.sweep()

    lines = [json.loads(line) for line in written().splitlines()]
    assert [line["OldestQueuedAge"] for line in lines if "OldestQueuedAge" in line] == [[3600.0]]


@pytest.mark.medium
def test_mail_to_the_owner_and_to_visitors_go_by_their_own_configuration_sets(app: App) -> None:
    wire = Wire(ses.client())
    app.post("/contact", data=GOOD)
    app.post("/newsletter", data=GOOD)
    app.play_stream()

    sets = [json.loads(body)["ConfigurationSetName"] for body in wire.bodies]
    assert sets == ["guichet-OwnerMail", "guichet-VisitorMail"]


@pytest.mark.parametrize(
    ("language", "at", "words"),
    [
        ("fr", "2026-11-01T08:05:00Z", "Reçu le dimanche 1er novembre 2026 à 9\xa0h\xa005 (Europe/Paris)"),
        ("fr", "2027-02-22T23:59:59Z", "Reçu le mardi 23 février 2027 à 0\xa0h\xa059 (Europe/Paris)"),
        ("en", "2026-08-05T08:05:00Z", "Received on Wednesday 5 August 2026 at 10:05 (Europe/Paris)"),
    ],
)
def test_a_time_is_said_in_the_readers_words(make_app: Any, language: str, at: str, words: str) -> None:
    app = make_app(DefaultLanguage=language)
    with time_machine.travel(at, tick=False):
        app.post("/contact", data=GOOD)
        app.play_stream()

    (mail,) = app.mails()
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert words in body.get_content()


@pytest.mark.slow
@pytest.mark.all_shards
def test_emails_are_spread_over_the_shards_of_the_index_and_swept_oldest_first(app: App) -> None:
    names = [f"visitor{number:02}@example.org" for number in range(40)]
    with time_machine.travel(utc_now(), tick=False) as clock:
        for number, name in enumerate(names):
            caller = {"REMOTE_ADDR": f"203.0.113.{number}"}
            app.post("/contact", data=GOOD | {"email": name}, environ_overrides=caller)
            clock.shift(1)
        assert len({email["outbox"] for email in owed(app)}) > SHARDS / 2
        newest = [key for _, key in outbox.waiting("table", "owner", newest_first=True)]
        assert newest == [key for _, key in outbox.waiting("table", "owner")][::-1]
        assert app.sweep() == {"sent": 40}
    assert [mail["Reply-To"] for mail in app.mails()] == names
