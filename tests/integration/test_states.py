"""The newsletter as a state machine: anybody does anything in any order, and three things must never happen."""

import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from guichet.http.links import unsubscribe_link
from guichet.signing import subscriber_id
from tests.support.app import PARAMETERS, App, isolated, resolve
from tests.support.feedback import EVENTS

SECRET = PARAMETERS["SigningSecret"]
SPELLINGS = {
    "a@example.org": ["a@example.org", "A@Example.ORG", " a@example.org "],
    "b@xn--mnchen-3ya.example": ["b@münchen.example", "B@xn--mnchen-3ya.EXAMPLE"],
}
addresses = st.sampled_from(sorted(SPELLINGS))


class Newsletter(RuleBasedStateMachine):
    """Plays all parts, and tracks what each address did itself."""

    def __init__(self) -> None:
        super().__init__()
        self._end = isolated()
        self._end.__enter__()
        self._clock = time_machine.travel(datetime(2026, 11, 23, 10, tzinfo=UTC), tick=False)
        self.time = self._clock.start()
        self.app = App(resolve())
        # By address: when it last asked, whether it is subscribed or barred by its own doing, and its links.
        self.asked: dict[str, datetime] = {}
        self.subscribed: dict[str, bool] = defaultdict(bool)
        self.barred: set[str] = set()
        self.left: dict[str, datetime] = {}
        self.confirmations: dict[str, int] = defaultdict(int)
        self.links: dict[str, list[str]] = defaultdict(list)
        self.refusals: dict[str, str] = {}
        self.read = 0

    def teardown(self) -> None:
        """End the world of this run."""
        self._clock.stop()
        self._end.__exit__(None, None, None)

    def tick(self, **delta: float) -> None:
        self.time.shift(timedelta(**delta) if delta else timedelta(seconds=1))

    def now(self) -> datetime:
        return datetime.now(UTC)

    @rule(address=addresses, spelling=st.integers(0, 2), caller=st.integers(1, 3), path=st.sampled_from(["", "/f"]))
    def somebody_signs_up(self, address: str, spelling: int, caller: int, path: str) -> None:
        self.tick()
        before = self.subscribers()
        email = SPELLINGS[address][spelling % len(SPELLINGS[address])]
        reply = self.app.post(
            f"{path}/newsletter",
            json={"email": email, "name": "somebody"},
            environ_overrides={"REMOTE_ADDR": f"203.0.113.{caller}"},
        )
        # The cap per caller is the only other reply.
        assert reply.status_code in (200, 429)
        if reply.status_code == 200:
            self.asked[address] = self.now()
        assert self.subscribers() == before

    @rule(by_stream=st.booleans())
    def the_emails_go_out(self, by_stream: bool) -> None:  # noqa: FBT001
        self.tick()
        if by_stream:
            self.app.play_stream()
        else:
            self.app.sweep()
        self.read_mails()

    def read_mails(self) -> None:
        """Read what was mailed, and check of each that its address asked for it and has not left."""
        mails = self.app.mails()
        for mail in mails[self.read :]:
            to = mail["To"]
            if to == "owner@atelier.example":
                continue
            body = mail.get_body(("plain",))
            assert body is not None
            (link,) = re.findall(r"https://\S+/newsletter/(?:confirm|unsubscribe)\?\S+", body.get_content())
            address = to.lower()
            assert address not in self.barred
            if "/confirm" in link:
                assert address in self.asked
                assert not self.subscribed[address]
                assert address not in self.left or self.asked[address] > self.left[address]
                self.links[address].append(link)
                (self.refusals[address],) = re.findall(r"https://\S+/newsletter/refuse\?\S+", body.get_content())
            else:
                assert self.subscribed[address]
        self.read = len(mails)

    @precondition(lambda self: self.links)
    @rule(data=st.data(), press=st.booleans())
    def the_address_uses_one_of_its_links(self, data: Any, press: bool) -> None:  # noqa: FBT001
        self.tick()
        address = data.draw(st.sampled_from(sorted(self.links)))
        link = data.draw(st.sampled_from(self.links[address]))
        fields = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        before = self.subscribers()
        assert self.app.http.get("/newsletter/confirm", query_string=fields).status_code in (200, 410)
        assert self.subscribers() == before
        if not press:
            return
        expired = self.now() > datetime.fromtimestamp(int(fields["expires"]), UTC)
        asked_at = datetime.fromtimestamp(int(fields["expires"]), UTC) - timedelta(hours=48)
        stale = address in self.left and asked_at <= self.left[address]
        reply = self.app.post("/newsletter/confirm", data=fields | {"wording": "1"})
        refused = expired or address in self.barred or (stale and not self.subscribed[address])
        assert reply.status_code == (410 if refused else 200)
        if not refused and not self.subscribed[address]:
            self.subscribed[address] = True
            self.confirmations[address] += 1

    @rule(address=addresses)
    def the_address_unsubscribes(self, address: str) -> None:
        self.tick()
        link = unsubscribe_link("", subscriber_id(SECRET, address), "fr", SECRET)
        assert self.app.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        if self.subscribed[address]:
            self.left[address] = self.now()
        self.subscribed[address] = False

    @rule(address=addresses, name=st.sampled_from(["bounce-permanent", "bounce-transient", "complaint", "delivery"]))
    def ses_tells_something(self, address: str, name: str) -> None:
        self.tick()
        text = (EVENTS / f"{name}.json").read_text(encoding="utf-8").replace("@ADDRESS@", address)
        text = text.replace("@SET@", "guichet-VisitorMail").replace("@AT@", self.now().isoformat())
        self.app.functions["Feedback"]({"Records": [{"Sns": {"Message": text}}]})
        if name in ("bounce-permanent", "complaint"):
            self.barred.add(address)
            self.subscribed[address] = False

    @precondition(lambda self: self.refusals)
    @rule(data=st.data())
    def the_address_says_that_it_was_somebody_else(self, data: Any) -> None:
        self.tick()
        address = data.draw(st.sampled_from(sorted(self.refusals)))
        link = urlsplit(self.refusals[address])
        fields = {name: values[0] for name, values in parse_qs(link.query).items()}
        assert self.app.http.get(link.path, query_string=fields).status_code in (200, 410)
        reply = self.app.post(link.path, data=fields)
        expired = self.now() > datetime.fromtimestamp(int(fields["expires"]), UTC)
        assert reply.status_code == (410 if expired else 200)
        if not expired:
            self.barred.add(address)
            self.subscribed[address] = False

    @rule(hours=st.sampled_from([0.3, 1, 24, 49, 24 * 8]))
    def time_goes_by(self, hours: float) -> None:
        self.tick(hours=hours)

    @rule(address=addresses)
    def somebody_forges_a_link(self, address: str) -> None:
        self.tick()
        before = self.subscribers()
        subscriber = subscriber_id("x" * 32, address)
        for path, name in (("confirm", "request"), ("unsubscribe", "subscriber")):
            fields = {name: subscriber, "expires": "1999999999", "token": "x" * 43, "wording": "1"}
            assert self.app.post(f"/newsletter/{path}", data=fields).status_code == 403
        assert self.subscribers() == before

    def subscribers(self) -> list[dict[str, Any]]:
        return sorted(self.app.items("subscriber"), key=lambda item: str(item["pk"]))

    @invariant()
    def every_state_is_the_addresss_own_doing(self) -> None:
        states = {item["id"]: item for item in self.app.items("subscriber")}
        for address in SPELLINGS:
            item = states.pop(subscriber_id(SECRET, address), None)
            confirmed = item is not None and item["state"] == "confirmed"
            assert confirmed is self.subscribed[address]
            if item is not None:
                # Each state has its list: the audience of an issue, and the tabs of the desk.
                assert item["list"] == f"subscribers#{item['state']}"
            if item is not None and confirmed:
                assert item["email"].lower() == address
            if address in self.barred:
                assert item is not None
                assert address not in json.dumps(item)
        assert states == {}

    @invariant()
    def the_owner_is_told_once_of_each_confirmation(self) -> None:
        told = [mail for mail in self.app.mails() if mail["To"] == "owner@atelier.example"]
        assert len(told) <= sum(self.confirmations.values())
        owed = [item for item in self.app.items("email") if item["name"] == "new-subscriber"]
        assert len(owed) == sum(self.confirmations.values())


TestNewsletter = pytest.mark.slow(Newsletter.TestCase)
TestNewsletter.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
