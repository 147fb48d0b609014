"""One run: visitors post and click, the stream and the schedule call the notifier, SES reports, and all of it fails."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, Literal

import botocore.session
import pytest
import time_machine
from botocore.exceptions import ClientError
from werkzeug.test import TestResponse

import issues.worker
from guichet.mail import pace, ses
from guichet.outbox.delivery import WITHOUT_ANSWER
from guichet.records.record import utc_now
from guichet.store import comments, dynamodb, outbox
from infra.local import functions, moto_patches
from infra.local.ses_events import events_of, sns_event
from infra.local.streams import schedule_event, stream_event, wanted
from tests.faults.aws import ADDRESS, KILLED, KINDS, SES, FaultyServer, Killed, Kind, Weather
from tests.faults.issue_judge import judge_issues
from tests.faults.issues import LATER, Newsletter, finish, shards_for_a_run
from tests.faults.judge import VISITOR, Run, Told, judge
from tests.support.app import START, App, isolated, resolve
from tests.support.clients import bare
from tests.support.newsletter import SECRET, local, open_link, press
from tests.support.threads import public

# What visitors are promised, in seconds, within API Gateway's 30 s and the functions' time-outs.
PROMISED = 10
# Acknowledgements are promised mail, too.
PARAMETERS = {"Acknowledge": "on"}
EVEN: Mapping[Kind, float] = dict.fromkeys(KINDS, 1.0)
QUIET = 36.0
# A small table is quick in moto.
_MESSAGES = 2
# Those of the visitors with the numbers after the subscriber's.
_FIRST_COMMENT, _COMMENTS = 3, 2
# Which of SES's events come: all of them, though late, twice and in any order; not all; none.
Events = Literal["all", "some", "none"]
_READER = VISITOR.partition("@")[0]
_STEPS = 10
_STORM = 4
_DELIVERED_AGAIN = 0.7
# SES's events: how late they come, in seconds, how many of them are lost, and how many come twice. Together with what a
# step takes, the latest is within the hour that the notifier waits for it.
_LATE = (0, 0, 1, 60, 600, 2000)
_LOST, _TWICE = 0.1, 0.2
# How often and after how long Lambda calls a function again that failed (AWS: "How Lambda handles errors and retries
# with asynchronous invocation").
_AGAIN = (60, 120)
# Before this much time passes, in seconds, everything in transit arrives.
_LONG = 400


class World:
    """The app, its visitors and its callers at AWS, in the weather."""

    def __init__(self, run: Run, app: App, weather: Weather) -> None:
        self.run = run
        self.app = app
        self.weather = weather
        self.random = weather.random
        self.told = Told()
        self.newsletter: Newsletter | None = None
        self.has_comments = False
        # Which comment each commenter answers, if any.
        self._parents: dict[int, str] = {}
        self._due: list[dict[str, Any]] = []
        # SES's events in transit: when each arrives, and how often its delivery failed.
        self._events: list[tuple[float, int, dict[str, Any]]] = []

    # --- visitors --------------------------------------------------------------------------------------------------

    def ask(self, what: str, post: Callable[[], TestResponse]) -> TestResponse | None:
        """Post, and return the response, or None if the function was killed."""
        self.run.posts += 1
        start = time.time()
        # Contact and Newsletter have the same one.
        self.weather.deadline = start + self.app.functions["Contact"].function.timeout
        try:
            reply = post()
        except Killed:
            self.weather.tell(f"{what}: killed")
            if time.time() > self.weather.deadline:
                self.run.problems.append(f"{what}: ended by the function's time-out")
            return None
        took = time.time() - start
        self.weather.tell(f"{what}: {reply.status_code}")
        self.run.longest = max(self.run.longest, took)
        self.run.unavailable += reply.status_code == 503
        if took >= PROMISED:
            self.run.problems.append(f"{what}: answered after {took:.1f} s")
        return reply

    def post(self, path: str, fields: dict[str, str], number: int) -> TestResponse | None:
        """Post a form, and remember what the visitor was told."""
        caller = {"REMOTE_ADDR": f"203.0.113.{number}"}
        reply = self.ask(
            f"{path} {fields['email']}", lambda: self.app.post(path, json=fields, environ_overrides=caller)
        )
        if reply is not None and reply.status_code not in (200, 503):
            self.run.problems.append(f"{path}: answered {reply.status_code}")
        if reply is not None and reply.status_code == 200:
            kind = {"/contact": "message", "/comments": "comment"}.get(path, "request")
            self.told.kept.add(f"{kind}#{(reply.json or {})['id']}")
        return reply

    def write(self, number: int) -> TestResponse | None:
        """Send a message, or the same one again."""
        token = f"token-{number}"
        fields = {"email": f"{token}@example.org", "_id": token, "message": f"Bonjour {token}"}
        return self.post("/contact", fields, number)

    def comment(self, number: int) -> TestResponse | None:
        """Comment on a page, or the same again; from the second one on as a reply to the first existing one."""
        token = f"token-{number}"
        fields = {"page": "/", "name": "Zoé", "email": f"{token}@example.org", "_id": token, "comment": token}
        first = next(iter(sorted(self._comments())), "") if number > _FIRST_COMMENT else ""
        # A repeated post is identical.
        parent = self._parents.setdefault(number, first)
        return self.post("/comments", fields | ({"parent": parent} if parent else {}), number)

    def _comments(self) -> list[str]:
        return [pk.partition("#")[2] for pk in self.told.kept if pk.startswith("comment#")]

    def moderate(self) -> None:
        """Approve a comment as an owner, or take it back."""
        known = sorted(self._comments())
        if not known:
            return
        chosen = self.random.choice(known)
        self.told.moderated.add(f"comment#{chosen}")
        self.weather.deadline = time.time() + self.app.functions["Desk"].function.timeout
        what = "moderation"
        try:
            with dynamodb.retry_budget():
                found = comments.comment("table", chosen)
                if found is None:
                    self.run.problems.append(f"{chosen} is gone")
                elif found.state == "approved":
                    what = f"withdrawn: {comments.withdraw('table', SECRET, found, 'pending', utc_now())}"
                else:
                    what = f"approved: {comments.approve('table', SECRET, found, public('<p>x</p>'), utc_now())}"
        except (Killed, ClientError, dynamodb.UnavailableError) as error:
            what = f"moderation: {type(error).__name__}"
        self.weather.tell(what)

    def sign_up(self) -> TestResponse | None:
        """Sign up for the newsletter, or again."""
        return self.post("/newsletter", {"email": VISITOR}, _MESSAGES)

    def open(self) -> TestResponse | None:
        """Open the confirmation link of the last mail that has one."""
        link = self._link("confirmation-request")
        self.weather.deadline = time.time() + self.app.functions["Newsletter"].function.timeout
        try:
            return open_link(self.app, link) if link else None
        except Killed:
            return None

    def confirm(self, page: TestResponse | None = None) -> TestResponse | None:
        """Press the button of a page, or of the one that the last mail leads to. If the link does not work, sign up."""
        page = page or self.open()
        if page is None or page.status_code != 200:
            return self.sign_up()
        if "<button" not in page.text:
            # The link was used, and its page says so.
            return page
        return self._change("confirmed", lambda: press(self.app, page), refused=410)

    def leave(self) -> TestResponse | None:
        """Unsubscribe through the welcome's link, or confirm if there was no welcome yet."""
        link = self._link("welcome")
        return self._change("unsubscribed", lambda: self.app.post(local(link))) if link else self.confirm()

    def _change(self, what: str, post: Callable[[], TestResponse], refused: int = 0) -> TestResponse | None:
        reply = self.ask(what, post)
        status = reply.status_code if reply is not None else None
        if status not in (200, 503, refused, None):
            self.run.problems.append(f"{what}: answered {status}")
        if status != refused:
            self.told.changes.append((what, status == 200))
        return reply

    def _link(self, name: str) -> str:
        mails = (sent for sent in reversed(self.weather.log) if sent.acted and sent.email.startswith(name))
        return next((sent.link for sent in mails), "")

    # --- AWS -------------------------------------------------------------------------------------------------------

    def notify(self, event: dict[str, Any]) -> Any:
        """Call the notifier and return its answer, or None if it raised something or was killed."""
        notifier = self.app.functions["Notifier"]
        self.weather.deadline = time.time() + notifier.function.timeout
        try:
            answer = notifier(event)
        except (Killed, Exception) as error:  # noqa: BLE001
            self.weather.tell(f"notifier: {type(error).__name__}")
            return None
        failures = answer.get("batchItemFailures")
        self.weather.tell(f"notifier: {answer if failures is None else f'{len(failures)} failed'}")
        return answer

    def deliver(self) -> None:
        """Deliver some stream records: late, out of order, twice, or never."""
        (mapping,) = self.app.functions["Notifier"].function.streams
        found = self.app.stream_records("Notifier")
        self._due += [record for record in found if wanted(record, mapping.patterns)]
        self.random.shuffle(self._due)
        batch = self._due[: self.random.randint(0, len(self._due))]
        self._due = self._due[len(batch) :]
        lost = [record for record in batch if self.random.random() < 0.2]
        batch = [record for record in batch if record not in lost]
        self._due += [record for record in batch if self.random.random() < 0.3]
        if batch:
            answer = self.notify(stream_event(batch, self.app.stream_arn))
            failed = first_failed(answer, batch)
            # The mapping redelivers unfinished records a few times, and then gives up.
            if failed is not None and self.random.random() < _DELIVERED_AGAIN:
                self._due += batch[failed:]

    def note(self, mail: Any) -> None:
        """Queue SES's events about a mail it accepted: late, in any order, twice, or not at all."""
        lost = self.random.random() < (_LOST if self.run.loses_events else 0)
        events = list(events_of(mail))
        if self.newsletter:
            events = self.newsletter.outcome(mail, events)
        for event in events:
            # Events of a mail are lost together, or the second one would reveal what the first did.
            if lost:
                self._lose(event)
                continue
            for _ in range(1 + (self.random.random() < _TWICE)):
                self._events.append((time.time() + self.random.choice(_LATE), 0, event))

    def tell(self, until: float = 0) -> None:
        """Deliver the events that are due, or due by a given time, in any order."""
        while due := [event for event in self._events if event[0] <= max(until, time.time())]:
            self.random.shuffle(due)
            for event in due:
                self._events.remove(event)
                self._feedback(*event)

    def _feedback(self, _at: float, tried: int, event: dict[str, Any]) -> None:
        feedback = self.app.functions["Feedback"]
        self.weather.deadline = time.time() + feedback.function.timeout
        what = f"event {event['eventType']}"
        try:
            feedback(sns_event(event))
        except (Killed, Exception) as error:  # noqa: BLE001
            self.weather.tell(f"{what}: {type(error).__name__}")
            if tried < len(_AGAIN):
                self._events.append((time.time() + _AGAIN[tried], tried + 1, event))
            else:
                # It is in the failure queue, which nobody reads here.
                self._lose(event)
        else:
            self.weather.tell(f"{what}: taken")

    def _lose(self, event: dict[str, Any]) -> None:
        self.run.events_lost += 1
        if self.newsletter:
            self.newsletter.lost.update(event["mail"]["tags"].get("guichet-claim", []))

    def pass_time(self, seconds: float) -> None:
        """Pass some time. Before a long time passes, everything in transit arrives."""
        if seconds >= _LONG:
            self.weather.land()
            self.tell(until=time.time() + seconds if seconds > _LONG else 0)
        self.weather.clock.shift(seconds)
        self.tell()


def first_failed(answer: Any, batch: list[dict[str, Any]]) -> int | None:
    """Return from which record on a batch is redelivered (AWS: "Partial batch response"), or None if it is done."""
    if answer is None:
        return 0
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    numbers = [number for number, record in enumerate(batch) if record["dynamodb"]["SequenceNumber"] in failed]
    return min(numbers, default=None)


def live(world: World) -> None:
    """Let visitors and AWS act in random order, then end all faults."""
    chance, weather = world.random, world.weather
    deeds: list[Callable[[], Any]] = [*(partial(world.write, number) for number in range(_MESSAGES)), world.sign_up]
    deeds += [world.confirm] * 2 + [world.leave]
    if world.has_comments:
        deeds += [*(partial(world.comment, _FIRST_COMMENT + number) for number in range(_COMMENTS)), world.moderate] * 2
    storm = _storm(world)
    stormy = range(start := chance.randrange(_STEPS - _STORM), start + _STORM) if storm else range(0)
    # Long enough for a link to expire.
    leap = chance.randrange(_STEPS) if chance.random() < 0.125 else None
    for step in range(_STEPS):
        weather.plan = storm if storm and step in stormy else weather.chance
        chance.choice(deeds)()
        if chance.random() < 0.5:
            world.deliver()
        if chance.random() < 0.2:
            world.notify(schedule_event())
        if world.newsletter:
            _publish(world, world.newsletter, step)
        world.pass_time(49 * 3600 if step == leap else chance.choice([0, 1, 60, _LONG]))
    if world.newsletter and chance.random() < 0.5:
        # Long enough for emails in doubt to be retried, in the same weather.
        weather.plan = weather.chance
        for _ in range(4):
            world.newsletter.sweep()
            world.pass_time(chance.choice(LATER))
    weather.clear()
    if world.newsletter:
        finish(world.newsletter)
    for _ in range(4):
        # Longer than the wait of an email that may have gone out.
        world.pass_time((WITHOUT_ANSWER[-1] + timedelta(seconds=1)).total_seconds())
        world.notify(schedule_event())
    world.tell()


def _publish(world: World, newsletter: Newsletter, step: int) -> None:
    """Act on issues as the owner of the list, its readers or AWS."""
    chance = world.random
    deeds = [newsletter.do_something] * 6 + [newsletter.leave, newsletter.join, newsletter.change_quota]
    chance.choice(deeds if step else deeds[:1])()
    if chance.random() < 0.5:
        newsletter.deliver()
    if chance.random() < 0.5:
        newsletter.sweep()


def _storm(world: World) -> Callable[[str], Kind | None] | None:
    """In a quarter of all runs, return what happens while DynamoDB, SES or both are away; None in the others."""
    weather = world.weather
    lasting = [kind for kind in weather.kinds if kind not in KILLED | {"slow"}]
    if world.run.seed % 4 or not lasting:
        return None
    kind = world.random.choice(lasting)
    away = world.random.choice([{True}, {False}, {True, False}])
    return lambda operation: kind if (operation in SES) in away else weather.chance(operation)


@contextmanager
def living(  # noqa: PLR0913  what a run may differ in
    server: FaultyServer,
    seed: int,
    weights: Mapping[Kind, float] = EVEN,
    quiet: float = QUIET,
    events: Events = "some",
    *,
    with_issues: bool = False,
    with_comments: bool = False,
) -> Iterator[World]:
    """Make a world with its own clock, on which the functions' time-outs and retry budgets are real."""
    with isolated(), time_machine.travel(START, tick=False) as clock, pytest.MonkeyPatch.context() as patch:
        virtual = SimpleNamespace(monotonic=time.time, sleep=clock.shift)
        for module in (dynamodb, pace, functions):
            patch.setattr(module, "time", virtual)
        patch.setattr(dynamodb, "random", random.Random(seed))  # noqa: S311
        # Two are enough to test merging, and every sweep queries each one.
        patch.setattr(outbox, "SHARDS", 2)
        shards_for_a_run(patch, issues.worker)
        app = App(resolve(**PARAMETERS))
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", ADDRESS)
        patch.setenv("AWS_ENDPOINT_URL_SESV2", ADDRESS)
        patch.setattr(botocore.session, "get_session", lambda: SimpleNamespace(create_client=bare))
        dynamodb.client.cache_clear()
        ses.client.cache_clear()
        server.weather = Weather(seed, clock, weights, quiet)
        world = World(Run(seed, loses_events=events == "some"), app, server.weather)
        if events != "none":
            patch.setattr(moto_patches, "told_of_mail", [world.note])
        if with_issues:
            world.newsletter = Newsletter(world)
        world.has_comments = with_comments
        yield world


def experiment(  # noqa: PLR0913  what a run may differ in
    server: FaultyServer,
    seed: int,
    weights: Mapping[Kind, float] = EVEN,
    quiet: float = QUIET,
    events: Events = "some",
    *,
    with_issues: bool = False,
    with_comments: bool = False,
) -> Run:
    """Do one run. Faults are drawn by their weights, relative to the weight of no fault."""
    with living(server, seed, weights, quiet, events, with_issues=with_issues, with_comments=with_comments) as world:
        live(world)
        run, weather = world.run, world.weather
        if world.newsletter:
            judge_issues(run, world.newsletter, ses_tells=events != "none")
        judge(run, world.app.items(), weather.log, world.told, ses_tells=events != "none")
        run.faults, run.story = weather.faults, weather.story
        return run
