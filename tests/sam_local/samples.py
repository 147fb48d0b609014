"""What is expected of each sample event: the function's reply, and its effects."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.sam_local.held import STACK, LocalStack
from tests.support.commands import ROOT
from tests.support.stack import ask, wait_for

EVENTS = ROOT / "infra" / "events"
_SUBSCRIBER = "camille@example.org"
_AGAIN = "Encore une fois"

Expectation = Callable[[Any], None]


def function_of(name: str, functions: Mapping[str, Any]) -> str:
    """Return the function that a sample event calls; `functions` are the resources of the SAM CLI's template."""
    event = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    if "routeKey" not in event:
        return "Feedback" if name.startswith("feedback") else "Notifier"
    for function, resource in functions.items():
        for route in resource["Properties"].get("Events", {}).values():
            if "{Method} {Path}".format_map(route["Properties"]) == event["routeKey"]:
                return function
    raise AssertionError(f"no function serves {event['routeKey']}")


class Samples:
    """The sample events, in an order in which all expectations hold."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack

    def expectations(self) -> dict[str, Expectation]:
        """Return what is expected of each event, by its name. They raise AssertionError."""
        return {
            "contact-form": lambda reply: self._kept(reply, 303, "boulangerie"),
            "contact-json": lambda reply: self._kept(reply, 200, "pour l'atelier"),
            "contact-multipart": lambda reply: self._kept(reply, 303, "librairie"),
            "comments-form": lambda reply: self._answered(reply, 303),
            "comments-page": lambda reply: self._answered(reply, 200),
            "comments-mine": lambda reply: self._answered(reply, 303),
            "comments-mine-page": self._is_page,
            "newsletter-form": self._signed_up,
            "confirm-page": self._has_button,
            "desk-sign-in-page": self._has_button,
            "desk-sign-in": self._sign_in_asked,
            "desk-messages": self._leads_to_signing_in,
            "desk-spam": self._refused,
            # Nobody has confirmed it.
            "renew-page": self._works_no_more,
            "renew": self._works_no_more,
            "unsubscribe-page": self._has_button,
            "unsubscribe-one-click": self._is_page,
            "outbox-stream": self._delivered,
            "schedule": self._mailed,
            "feedback-bounce": self._suppressed,
            "refuse-page": self._has_button,
            "refuse": self._blocked,
        }

    def _kept(self, reply: Any, status: int, words: str) -> None:
        assert reply["statusCode"] == status
        assert len(self._stack.messages(words)) == 1
        wait_for("the email", lambda: self._stack.mails(words))

    @staticmethod
    def _answered(reply: Any, status: int) -> None:
        assert reply["statusCode"] == status

    def _signed_up(self, reply: Any) -> None:
        assert reply["statusCode"] == 303
        wait_for("the email", lambda: self._stack.mails("/newsletter/confirm?", _SUBSCRIBER))

    def _is_page(self, reply: Any) -> None:
        assert reply["statusCode"] == 200
        assert reply["body"].startswith("<!doctype html>")

    def _has_button(self, reply: Any) -> None:
        self._is_page(reply)
        assert "<button" in reply["body"]

    def _works_no_more(self, reply: Any) -> None:
        assert reply["statusCode"] == 410
        assert reply["body"].startswith("<!doctype html>")

    def _sign_in_asked(self, reply: Any) -> None:
        assert (reply["statusCode"], len(reply["cookies"])) == (303, 1)
        assert len(self._stack.items("sign-in")) == 1
        wait_for("the email", lambda: self._stack.mails("/desk/sign-in/link?"))

    def _leads_to_signing_in(self, reply: Any) -> None:
        assert reply["statusCode"] == 303
        assert reply["headers"]["location"].endswith("/desk/sign-in?next=messages")

    def _refused(self, reply: Any) -> None:
        """Its session is not in the table."""
        assert reply["statusCode"] == 403
        assert [item for item in self._stack.messages("pour l'atelier") if item.get("spam")] == []

    def _delivered(self, reply: Any) -> None:
        assert reply == {"batchItemFailures": []}
        # So that the next event, the schedule's, has something to send.
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        ask(STACK, "POST", "/contact", f"email=lou@example.org&message={_AGAIN}".encode(), form)
        wait_for("the email", lambda: self._stack.mails(_AGAIN))
        wait_for("its row", lambda: [item for item in self._stack.items("email") if "outbox" not in item])
        self._stack.owe_again(_AGAIN)

    def _mailed(self, reply: Any) -> None:
        assert reply == {"sent": 1}
        assert len(self._stack.mails(_AGAIN)) == 2

    def _blocked(self, reply: Any) -> None:
        self._is_page(reply)
        assert "blocked" in [item["state"] for item in self._stack.items("subscriber")]

    def _suppressed(self, reply: Any) -> None:
        assert reply is None
        assert [item["state"] for item in self._stack.items("subscriber")] == ["bounced"]
