"""Signing in as a state machine: anybody does anything in any order; only owners get in, and they always can."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from guichet.records.sign_in import MOST_TRIES
from guichet.store.limits import DESK_MAIL_PER_DAY
from infra.operate import desk as command
from tests.support.app import START, App, isolated, resolve
from tests.support.desk import Browser, code_and_link, deploy
from tests.support.operate import connection_to

OWNERS = ("one@atelier.example", "two@atelier.example")
IN, ASKED = "__Host-guichet-desk", "__Host-guichet-desk-sign-in"
# Each has a laptop and a phone. The stranger has two, too, in the networks of the owners.
BROWSERS = ("one's laptop", "one's phone", "two's laptop", "stranger's laptop", "stranger's phone")
VALID = timedelta(minutes=15)

browsers = st.sampled_from(BROWSERS)
owners = st.sampled_from(OWNERS)
often = st.sampled_from([True, True, False])


@dataclass
class Asked:
    """A browser's request, as an observer sees it."""

    browser: str
    address: str
    at: datetime
    remember: bool
    sent_at: datetime | None = None
    tries: int = 0
    used: bool = False


@dataclass
class Inside:
    """A session that should be."""

    owner: str
    until: datetime


class Desk(RuleBasedStateMachine):
    """Plays all parts, and tracks who should be signed in."""

    def __init__(self) -> None:
        super().__init__()
        self._end = isolated()
        self._end.__enter__()
        self._clock = time_machine.travel(START, tick=False)
        self.time = self._clock.start()
        self.app = App(resolve(OwnerEmail=",".join(OWNERS)))
        self.owners = set(OWNERS)
        networks = ["198.51.100.1", "192.0.2.1", "203.0.113.1", "198.51.100.1", "203.0.114.1"]
        self.browsers = {name: Browser(self.app, at) for name, at in zip(BROWSERS, networks, strict=True)}
        # By id, of all that asked.
        self.asked: dict[str, Asked] = {}
        self.inside: dict[str, Inside] = {}
        # Codes and links that were mailed or printed, by the id of their request.
        self.codes: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.read = 0
        self.steps = 0

    def teardown(self) -> None:
        """End the world of this run."""
        self._clock.stop()
        self._end.__exit__(None, None, None)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def mine(self, name: str) -> list[str]:
        """Return the requests that a browser's cookie names, the latest first."""
        cookie = self.browsers[name].cookies.get(ASKED, "")
        return [part.partition(".")[0] for part in cookie.split("~") if part]

    def works(self, request: str) -> bool:
        one = self.asked[request]
        in_time = one.sent_at is not None and self.now() < one.sent_at + VALID
        return in_time and not one.used and one.address in self.owners

    def entered(self, name: str, owner: str, *, remember: bool) -> None:
        until = self.now() + (timedelta(days=30) if remember else timedelta(hours=12))
        self.inside[name] = Inside(owner, until)
        assert ASKED not in self.browsers[name].cookies

    @initialize()
    def the_owners_have_been_here(self) -> None:
        for owner in OWNERS:
            name = f"{owner.partition('@')[0]}'s laptop"
            self.somebody_asks(name, owner, remember=True, mail="at once")
            self.somebody_types_the_code_of(name, self.mine(name)[0])

    @rule(
        name=browsers,
        address=st.sampled_from((*OWNERS, *OWNERS, "nobody@example.org")),
        remember=st.booleans(),
        mail=st.sampled_from(["at once", "later"]),
    )
    def somebody_asks(self, name: str, address: str, *, remember: bool, mail: str) -> None:
        browser = self.browsers[name]
        reply = browser.post("sign-in", {"address": address, **({"remember": "yes"} if remember else {})})
        # The cap per network is the only other answer.
        assert reply.status_code in {303, 429}
        if reply.status_code == 303:
            self.asked[self.mine(name)[0]] = Asked(name, address, self.now(), remember)
        if mail == "at once":
            self.the_emails_go_out()

    @rule()
    def the_emails_go_out(self) -> None:
        self.app.play_stream("Notifier")
        mails = self.app.mails()
        for mail in mails[self.read :]:
            code, link = code_and_link(mail)
            request = parse_qs(urlsplit(link).query)["id"][0]
            one = self.asked[request]
            assert mail["To"] == one.address
            assert one.address in self.owners
            assert self.now() < one.at + VALID
            assert one.sent_at is None
            one.sent_at = self.now()
            self.codes[request], self.links[request] = code, link
        self.read = len(mails)

    def drawn(self, data: Any, name: str, *, own: bool) -> tuple[str, str]:
        """Return a browser and one of the latest requests that were mailed: its own, or anybody's."""
        request = data.draw(st.sampled_from(list(self.codes)[-4:]))
        return (self.asked[request].browser if own else name), request

    @rule(name=browsers, data=st.data(), own=often, right=often)
    def somebody_types_a_code(self, name: str, data: Any, *, own: bool, right: bool) -> None:
        """Type a code of an email, or a wrong one: the stranger may have read an owner's screen."""
        name, request = self.drawn(data, name, own=own)
        if name in self.browsers:
            self.somebody_types_the_code_of(name, request if right else "")

    def somebody_types_the_code_of(self, name: str, request: str) -> None:
        mine = self.mine(name)
        open_ = [one for one in mine if self.asked[one].tries < MOST_TRIES and not self.asked[one].used]
        # It is compared with the latest first, and each comparison counts as an attempt.
        right = request in open_ and self.works(request)
        sent_at = self.asked[request].sent_at if request in open_ else None
        found = sent_at is not None and self.now() < sent_at + VALID
        for one in open_[: open_.index(request) + 1] if found else open_:
            self.asked[one].tries += 1
        reply = self.browsers[name].post("sign-in/code", {"code": self.codes.get(request, "AAAA-AAAA")})
        assert (reply.status_code == 303) is right
        if right:
            self.asked[request].used = True
            self.entered(name, self.asked[request].address, remember=self.asked[request].remember)

    @rule(name=browsers, data=st.data(), own=often, press=often)
    def somebody_opens_a_link(self, name: str, data: Any, *, own: bool, press: bool) -> None:
        name, request = self.drawn(data, name, own=own)
        if name in self.browsers:
            self.somebody_opens_the_link_of(name, request, press=press)

    @rule(
        name=browsers,
        other=st.one_of(st.none(), browsers),
        address=owners,
        wrong=st.integers(0, MOST_TRIES + 1),
        wait=st.sampled_from([0, 0, 14, 15]),
        by_link=st.booleans(),
    )
    def somebody_asks_and_this_or_another_browser_enters(  # noqa: PLR0913  the parts of a story
        self, name: str, other: str | None, address: str, wrong: int, wait: int, *, by_link: bool
    ) -> None:
        self.somebody_asks(name, address, remember=True, mail="at once")
        request = next(iter(self.mine(name)), "")
        self.time.shift(timedelta(minutes=wait))
        if request not in self.codes:
            return
        for _ in range(wrong):
            self.somebody_types_the_code_of(name, "")
        if by_link:
            self.somebody_opens_the_link_of(other or name, request, press=True)
        else:
            self.somebody_types_the_code_of(other or name, request)

    def somebody_opens_the_link_of(self, name: str, request: str, *, press: bool) -> None:
        right = request in self.mine(name) and self.works(request)
        browser = self.browsers[name]
        assert browser.get(self.links[request]).status_code == (200 if right else 403)
        if not press:
            return
        fields = {key: values[0] for key, values in parse_qs(urlsplit(self.links[request]).query).items()}
        assert browser.post("sign-in/link", fields).status_code == (303 if right else 403)
        if right:
            self.asked[request].used = True
            self.entered(name, self.asked[request].address, remember=self.asked[request].remember)

    @rule(
        name=st.sampled_from(BROWSERS[:3]),
        owner=owners,
        then=st.sampled_from([timedelta(0), timedelta(minutes=14), VALID]),
    )
    def the_operator_prints_a_link(self, name: str, owner: str, then: timedelta) -> None:
        if owner not in self.owners:
            return
        made = command.sign_in(connection_to(self.app).settings, owner)
        self.time.shift(then)
        fields = {key: values[0] for key, values in parse_qs(urlsplit(made.link).query).items()}
        in_time = then < VALID
        assert self.browsers[name].get(made.link).status_code == (200 if in_time else 403)
        assert self.browsers[name].post("sign-in/link", fields).status_code == (303 if in_time else 403)
        # Once.
        assert self.browsers["stranger's phone"].post("sign-in/link", fields).status_code == 403
        if in_time:
            self.entered(name, owner, remember=False)

    @rule(name=browsers)
    def somebody_signs_out(self, name: str) -> None:
        assert self.browsers[name].post("sessions/sign-out").status_code == 303
        self.inside.pop(name, None)

    @rule(name=browsers, victim=browsers)
    def the_stranger_plants_or_steals_what_asks(self, name: str, victim: str) -> None:
        """Steal or plant the cookie of a request, which is worth nothing without its email."""
        if name.startswith("stranger") and ASKED in self.browsers[victim].cookies:
            self.browsers[name].cookies[ASKED] = self.browsers[victim].cookies[ASKED]

    @rule(owner=owners)
    def an_owner_is_removed_or_comes_back(self, owner: str) -> None:
        if owner not in self.owners:
            self.owners.add(owner)
        elif len(self.owners) > 1:
            self.owners.remove(owner)
        deploy(OWNER_EMAIL=",".join(sorted(self.owners)))
        for name in BROWSERS:
            self.is_in_as_they_ought(name)

    @rule(minutes=st.sampled_from([1, 1, 7, 14, 15, 12 * 60]))
    def time_goes_by(self, minutes: int) -> None:
        self.time.shift(timedelta(minutes=minutes))

    @rule(which=st.sampled_from([0, 1]), times=st.integers(1, 5))
    def an_owner_can_get_in(self, which: int, times: int) -> None:
        """Sign in with a browser that this owner has signed in with before, whatever strangers did."""
        name, owner = BROWSERS[2 * which], OWNERS[which]
        if owner not in self.owners:
            return
        # Only this browser's own requests count: 20 an hour, and a number of emails a day.
        self.time.shift(timedelta(hours=1))
        counted = [item for item in self.app.items("cap") if item["sk"] == f"cap#known#{self.now().date()}"]
        if sum(int(item["counted"]) for item in counted) > DESK_MAIL_PER_DAY - times:
            return
        for _ in range(times):
            self.somebody_asks(name, owner, remember=False, mail="at once")
            request = self.mine(name)[0]
            assert self.asked[request].at == self.asked[request].sent_at == self.now()
            self.asked[request].tries += 1
            assert self.browsers[name].post("sign-in/code", {"code": self.codes[request]}).status_code == 303
            self.asked[request].used = True
            self.entered(name, owner, remember=False)

    @rule(address=owners, networks=st.integers(1, 4))
    def strangers_ask_again_and_again(self, address: str, networks: int) -> None:
        for network in range(networks):
            for _ in range(3):
                stranger = Browser(self.app, f"203.0.{network}.9")
                assert stranger.post("sign-in", {"address": address}).status_code in {303, 429}
                if ASKED in stranger.cookies:
                    request = stranger.cookies[ASKED].partition(".")[0]
                    self.asked[request] = Asked("somebody's", address, self.now(), remember=False)

    @invariant()
    def whoever_is_in_ought_to_be(self) -> None:
        # One at a time: those who got in stay signed in for a while.
        self.steps += 1
        self.is_in_as_they_ought(BROWSERS[self.steps % len(BROWSERS)])

    def is_in_as_they_ought(self, name: str) -> None:
        ought, browser = self.inside.get(name), self.browsers[name]
        if ought is None and IN not in browser.cookies:
            return
        let_in = ought is not None and self.now() <= ought.until and ought.owner in self.owners
        reply = browser.get("sessions")
        assert reply.status_code == (200 if let_in else 303), name
        if let_in and ought is not None:
            assert ought.owner in reply.text


TestDesk = pytest.mark.slow(Desk.TestCase)
TestDesk.settings = settings(
    max_examples=8,
    stateful_step_count=30,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
