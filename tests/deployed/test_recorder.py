"""The recorder before SES: what it passes on, what it keeps, and when it is away."""

import base64
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.deployed.recorder import ACCOUNT, SEND, Recorder
from tests.support.server import Handler, Server, serving

RAW = "Subject: été\r\n\r\nBonjour".encode()
MAIL = {
    "Destination": {"ToAddresses": ["owner@atelier.example"]},
    "Content": {"Raw": {"Data": base64.b64encode(RAW).decode()}},
    "ConfigurationSetName": "OwnerMail",
}


class Ses(Server):
    """An SES that records its requests' headers, and gives the answers that it is told to."""

    def __init__(self) -> None:
        super().__init__(_Asked)
        self.status = 200
        self.asked: list[dict[str, str]] = []


class _Asked(Handler):
    server: Ses

    def answer(self) -> None:
        self.server.asked.append(dict(self.headers.items()))
        self.body()
        self.reply(self.server.status, {"Content-Type": "application/json"}, b'{"MessageId": "1"}')


@contextmanager
def recording() -> Iterator[tuple[Ses, Recorder]]:
    with serving(Ses()) as ses, serving(Recorder(ses.server_port)) as recorder:
        yield ses, recorder


def ask(recorder: Recorder, operation: str, body: Any = None) -> tuple[int, bytes]:
    method, path = operation.split(" ")
    connection = http.client.HTTPConnection("127.0.0.1", recorder.server_port, timeout=10)
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"Authorization": "a signature"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_a_mail_is_passed_on_as_it_was_signed_and_kept_as_it_was_sent() -> None:
    with recording() as (ses, recorder):
        assert ask(recorder, SEND, MAIL) == (200, b'{"MessageId": "1"}')
        (asked,) = ses.asked
        (mail,) = recorder.mails
    assert (asked["Host"], asked["Authorization"]) == (recorder.address, "a signature")
    assert (mail.raw, mail.to, mail.configuration_set) == (RAW, ["owner@atelier.example"], "OwnerMail")
    assert mail.message_id == "1"


def test_a_mail_that_ses_refuses_was_not_sent() -> None:
    with recording() as (ses, recorder):
        ses.status = 403
        assert ask(recorder, SEND, MAIL)[0] == 403
        assert (recorder.mails, recorder.calls(SEND)) == ([], [403])


def test_calls_are_told_apart_by_operation_and_recipient() -> None:
    with recording() as (_, recorder):
        ask(recorder, SEND, MAIL)
        ask(recorder, ACCOUNT)
        assert recorder.calls(ACCOUNT) == [200]
        assert recorder.calls(SEND, "owner@atelier.example") == [200]
        assert recorder.calls(SEND, "other@atelier.example") == []


def test_ses_is_away_for_a_recipient_as_long_as_it_is_wanted() -> None:
    with recording() as (ses, recorder):
        with recorder.away("owner@atelier.example"), recorder.away("owner@atelier.example"):
            assert ask(recorder, SEND, MAIL)[0] == 503
        with recorder.away("other@atelier.example"):
            assert ask(recorder, SEND, MAIL)[0] == 200
        assert len(ses.asked) == 1
        assert recorder.calls(SEND) == [503, 200]
