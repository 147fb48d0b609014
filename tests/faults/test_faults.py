"""Nothing lost and nothing needlessly repeated; and the experiment notices deliberate damage to the code."""

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError
from werkzeug.test import TestResponse

import comments.handler
import feedback.handler
import newsletter.handler
from guichet.lambda_runtime import FunctionError
from guichet.mail import pace, ses
from guichet.mail.emails import issue_paused, issue_sent
from guichet.mail.mime import compose
from guichet.outbox import delivery
from guichet.records.outbox import ClaimedEmail
from guichet.records.record import utc_now
from guichet.store import dynamodb, issues, limits, outbox, readers, subscribers
from guichet.store.dynamodb import ConditionFailedError
from infra.local.streams import schedule_event, stream_event, wanted
from issues import worker
from notifier import handler
from tests.faults.__main__ import main
from tests.faults.aws import KILLED, KINDS, FaultyServer, Kind, Plan, wire
from tests.faults.judge import Run, judge
from tests.faults.world import EVEN, PROMISED, Events, World, experiment, live, living
from tests.support.app import START, App
from tests.support.calls import LOG
from tests.support.stack import text_of
from tests.support.wire import Wire, refusal

GOOD = {"email": "a@example.org", "message": "Bonjour"}
# More than are ever needed to detect the damage below.
SEEDS = range(120)
# Seeds whose runs together include every fault and all rare outcomes. Trying them first saves time; the tests do not
# depend on them.
RARE = (71, 81, 87, 92, 98)
# The faults that pass, and that the caller survives.
FAILING: list[Kind] = [kind for kind in KINDS if kind not in KILLED | {"slow"}]


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with wire() as serving:
        yield serving


def problems(server: FaultyServer, quiet: float = 6, weights: Mapping[Kind, float] = EVEN) -> str:
    """Return the problems of the first run that has any, or nothing."""
    done = (experiment(server, seed, weights, quiet) for seed in SEEDS)
    return next((" ".join(run.problems) for run in done if run.problems), "")


# --- what must hold ------------------------------------------------------------------------------------------------


def all_was_tried(done: Sequence[Run]) -> bool:
    """Return whether every fault occurred, visitors were told of it, and every legitimate consequence occurred."""
    told = {line.split(" ", 1)[1] for run in done for line in run.story}
    return (
        {kind for run in done for kind in run.faults} == set(KINDS)
        and all(any(getattr(run, what) for run in done) for what in ("dropped", "twice"))
        and {"confirmed: 200", "confirmed: 503", "unsubscribed: 200", "confirmed: killed"} <= told
    )


def test_nothing_is_lost_and_nothing_stays_owed_whatever_fails(server: FaultyServer) -> None:
    # `make faults` does a thousand. Here, there are as many as it takes until everything was tried.
    done: list[Run] = []
    for seed in dict.fromkeys([*RARE, *SEEDS]):
        # Without SES's events something is mailed twice, and must not be lost.
        done.append(experiment(server, seed, events="none" if seed % 3 else "some"))
        assert done[-1].problems == [], seed
        assert done[-1].lost == 0, seed
        if len(done) >= 12 and all_was_tried(done):
            break
    assert all_was_tried(done)
    assert sum(run.accepted for run in done) > 2 * len(done)
    assert sum(run.unavailable for run in done) > len(done) / 2


def test_a_link_that_ses_took_days_late_counts_for_whoever_asked_again(server: FaultyServer) -> None:
    # The caps had allowed the first one. It went out two days late, replacing those requested since.
    run = experiment(server, 887029238, events="some", with_issues=True)
    assert run.dropped == 3
    assert (run.lost, run.problems) == (0, [])


def test_no_reader_of_an_issue_is_passed_over_whatever_fails(server: FaultyServer) -> None:
    done: list[Run] = []
    # The first of them leaves an email in doubt.
    for seed in dict.fromkeys([21, *SEEDS]):
        done.append(experiment(server, seed, events="none" if seed % 3 else "some", with_issues=True))
        assert done[-1].problems == [], seed
        assert done[-1].lost == done[-1].skipped == 0, seed
        # As many as it takes until something stays in doubt to the end.
        if len(done) >= 6 and any(run.unknown for run in done):
            break
    assert any(run.unknown for run in done)
    assert sum(run.copies for run in done) > 2 * len(done)


def test_no_comment_is_lost_or_shown_twice_whatever_fails(server: FaultyServer) -> None:
    done: list[Run] = []
    wanted_of_all = {"approved: approved", "withdrawn: True", "moderation: UnavailableError"}
    # The first two show all of these.
    for seed in dict.fromkeys([12, 33, *SEEDS]):
        done.append(experiment(server, seed, quiet=12, events="none" if seed % 3 else "some", with_comments=True))
        assert done[-1].problems == [], seed
        assert done[-1].lost == 0, seed
        told = {line.split(" ", 1)[1] for run in done for line in run.story}
        if len(done) >= 6 and wanted_of_all <= told:
            break
    assert wanted_of_all <= told
    assert sum(line.split(" ", 1)[1].startswith("/comments") for run in done for line in run.story) > len(done)


# Each with a seed whose run mails something twice without SES's events.
@pytest.mark.parametrize(
    ("kind", "first"), [("reset after", 1), ("killed after", 29), ("killed during", 1), ("denied", 3)]
)
def test_nothing_is_mailed_twice_if_ses_s_events_come_however_late_and_in_whichever_order(
    server: FaultyServer, kind: Kind, first: int
) -> None:
    twice: dict[Events, int] = {"none": 0, "all": 0}
    for number, seed in enumerate(dict.fromkeys([first, *SEEDS])):
        # As many as it takes until something was in doubt.
        if number >= 3 and twice["none"]:
            break
        for events in twice:
            # Events can only repair what goes wrong without them.
            if events == "all" and number >= 3 and not twice["none"]:
                break
            run = experiment(server, seed, {kind: 1.0}, 3.0, events)
            assert run.problems == [], seed
            assert run.lost == 0
            if not run.events_lost:
                twice[events] += run.twice
    # The events are what makes the difference.
    assert twice["all"] == 0 < twice["none"]


def test_events_that_settle_nothing_are_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback.handler, "_settle", lambda *_: None)
    done = (experiment(server, seed, {"reset after": 1.0}, 3.0, "all") for seed in dict.fromkeys([1, *SEEDS]))
    assert "mailed twice although SES reported" in next(" ".join(run.problems) for run in done if run.problems)


def test_without_faults_every_email_goes_out_just_once(server: FaultyServer) -> None:
    for seed in range(1, 4):
        with living(server, seed, weights={}) as world:
            live(world)
            run = world.run
            sent = [one.email for one in world.weather.log if one.operation == "SendEmail"]
            judge(run, world.app.items(), world.weather.log, world.told)
        assert run.problems == []
        assert run.accepted == run.stored > 0
        assert run.owed == run.mailed + run.dropped
        assert len(sent) == run.mailed
        assert run.unavailable == run.twice == run.lost == 0


def test_a_seed_gives_the_same_run_again_to_the_last_request(server: FaultyServer) -> None:
    first, second = (experiment(server, 8, with_issues=True, with_comments=True) for _ in range(2))
    assert first.issues
    assert first.story == second.story
    assert first == second


# --- how long a visitor waits --------------------------------------------------------------------------------------


def deeds(world: World) -> dict[str, Callable[[], TestResponse | None]]:
    """Return what a visitor can post, ready to be posted: the confirmation page is already open."""
    world.weather.plan = lambda _: None
    world.sign_up()
    world.notify(schedule_event())
    # After the quarter of an hour in which another sign-up is a repeat.
    world.weather.clock.shift(1000)
    page = world.open()
    return {"contact": lambda: world.write(0), "newsletter": world.sign_up, "confirm": lambda: world.confirm(page)}


DEEDS = ("contact", "newsletter", "confirm")


def answered(world: World, deed: str, plan: Plan) -> TestResponse:
    """Post in the given weather, and return the response."""
    post = deeds(world)[deed]
    world.weather.plan = plan
    world.run.longest = 0
    reply = post()
    assert reply is not None
    assert 0 < world.run.longest < PROMISED
    return reply


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("kind", FAILING)
def test_a_visitor_is_told_within_ten_seconds_that_nothing_works(server: FaultyServer, deed: str, kind: Kind) -> None:
    with living(server, 0) as world:
        reply = answered(world, deed, lambda _: kind)
    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) > 0
    if deed != "confirm":
        assert json.loads(reply.text)["errors"][0]["code"] == "UNAVAILABLE"


@pytest.mark.parametrize("deed", DEEDS)
def test_a_visitor_is_answered_within_ten_seconds_while_aws_is_slow(server: FaultyServer, deed: str) -> None:
    with living(server, 0) as world:
        assert answered(world, deed, lambda _: "slow").status_code == 200


# Each kind as the first failure, each as the second, and the slowest of both.
PAIRS: list[tuple[Kind, Kind]] = [
    *((kind, "throttled") for kind in FAILING),
    *(("throttled", kind) for kind in FAILING if kind != "throttled"),
    ("time-out before", "time-out before"),
]


@pytest.mark.parametrize(("first", "then"), PAIRS)
def test_a_first_call_that_succeeds_at_last_leaves_no_more_time_for_the_second(
    server: FaultyServer, first: Kind, then: Kind
) -> None:
    with living(server, 0) as world:
        end = time.time() + 1002

        def plan(operation: str) -> Kind | None:
            if operation != "GetItem":
                return then
            # A refusal that is never retried would end it at once.
            return "slow" if time.time() > end or first == "denied" else first

        assert answered(world, "confirm", plan).status_code == 503
        # The second call was made, too, and the budget was one for both.
        assert world.weather.log[-1].operation == "TransactWriteItems"
        assert world.run.longest < dynamodb.RETRY_BUDGET + dynamodb.READ_TIMEOUT


# --- deliberate damage ---------------------------------------------------------------------------------------------


def _one_by_one(actions: Any) -> None:
    for action in actions:
        ((kind, parameters),) = action.items()
        dynamodb.call({"Put": "put_item", "Update": "update_item"}[kind], **parameters)


def test_a_dropped_transaction_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "transact", _one_by_one)
    # The damaged function's calls to AWS must not count for its role.
    monkeypatch.setattr(LOG, "folder", None)
    assert "stored and owes no email" in problems(server)


def test_taking_an_email_from_the_queue_before_it_is_sent_is_seen(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = outbox.claim

    def acknowledge(table_name: str, key: Any) -> ClaimedEmail | None:
        email = claim(table_name, key)
        if email:
            outbox.mark_reached(table_name, email)
        return email

    monkeypatch.setattr(outbox, "claim", acknowledge)
    monkeypatch.setattr(outbox, "begin_call", lambda _table, email, *_: email)
    monkeypatch.setattr(outbox, "mark_sent", lambda *_: None)
    assert "stored and not mailed" in problems(server)


def test_a_swallowed_error_of_the_write_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    transact = dynamodb.transact

    def swallow(actions: Any) -> None:
        try:
            transact(actions)
        except ClientError:
            return

    monkeypatch.setattr(dynamodb, "transact", swallow)
    assert "accepted and not stored" in problems(server, quiet=1, weights={"denied": 1})


def test_a_confirmation_that_owes_no_email_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newsletter.handler, "_confirmed_emails", lambda *_: [])
    assert "stored and owes no email: subscriber#" in problems(server, quiet=100)


def test_a_button_that_says_confirmed_and_does_nothing_is_seen(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribers, "confirm", lambda *_, **__: "confirmed")
    assert "confirmed and not stored" in problems(server, quiet=100)


def test_an_email_that_is_let_go_of_without_a_reason_is_seen(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "allow", lambda *_: "often")
    assert "stored and not mailed" in problems(server, quiet=100)


def test_patience_that_keeps_a_visitor_waiting_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 12)
    assert "ended by the function's time-out" in problems(server)


def test_marking_before_sending_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: Callable[..., Any] = delivery._sent  # noqa: SLF001

    def marked_first(ready: delivery.Ready, *others: Any) -> Any:
        outbox.mark_reached(ready.due.settings.table_name, ready.due.email)
        return sent(ready, *others)

    monkeypatch.setattr(delivery, "_sent", marked_first)
    assert "stored and not mailed" in problems(server)


_ANYWAY = "attribute_exists(pk) OR claimed_until < :now OR claim = :claim"


def test_sending_without_a_claim_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    update = outbox._update  # noqa: SLF001

    def unconditional(table_name: str, key: Any, expression: str, condition: str, values: Any) -> Any:
        taking = expression.startswith("SET claim =")
        return update(table_name, key, expression, _ANYWAY if taking else condition, values)

    monkeypatch.setattr(outbox, "_update", unconditional)
    assert "mailed again after it was marked" in problems(server, quiet=100)


def commented(server: FaultyServer, problem: str) -> bool:
    """Return whether a run with comments shows a problem."""
    done = (experiment(server, seed, with_comments=True, quiet=12) for seed in SEEDS)
    return any(problem in " ".join(run.problems) for run in done)


def test_a_comment_that_owes_no_email_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments.handler, "COMMENTS", replace(comments.handler.COMMENTS, emails=lambda *_: []))
    assert commented(server, "stored and owes no email: comment#")


def test_a_comment_that_is_counted_by_a_write_of_its_own_is_seen(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = dynamodb.transact

    def in_two(actions: Any) -> None:
        counts = [one for one in actions if "#count" in json.dumps(one)]
        transact([one for one in actions if one not in counts])
        if counts:
            transact(counts)

    monkeypatch.setattr(dynamodb, "transact", in_two)
    assert commented(server, "counted")


# --- deliberate damage to issues -----------------------------------------------------------------------------------


def shows(server: FaultyServer, problem: str, weights: Mapping[Kind, float] = EVEN, first: int = 0) -> bool:
    """Return whether a run with issues shows a problem. Damage may show in more than one way.

    `first` is a seed that is known to show it, to save time.
    """
    done = (experiment(server, seed, weights, with_issues=True) for seed in dict.fromkeys([first, *SEEDS]))
    return any(re.search(problem, " ".join(run.problems)) for run in done)


def test_without_faults_every_reader_gets_one_copy_unless_the_owner_stops_it(server: FaultyServer) -> None:
    copies = 0
    for seed in range(1, 4):
        run = experiment(server, seed, {}, events="all", with_issues=True)
        assert run.problems == []
        assert run.copied_twice == run.skipped == run.unknown == 0
        copies += run.copies
    assert copies


def test_marking_a_copy_before_it_is_sent_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = readers.claim

    def marked_first(*given: Any) -> bool:
        table, issue_id, row, claim_id, now, _ = given
        return claim(*given) and readers.mark(table, issue_id, row, "sent", now, claim_id=claim_id)

    monkeypatch.setattr(readers, "claim", marked_first)
    assert shows(server, "is sent: nothing was sent")


def claim_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = readers.mark

    def marked(*arguments: Any, **named: Any) -> bool:
        return mark(*arguments, **{**named, "claim_id": ""})

    monkeypatch.setattr(readers, "claim", lambda *_: True)
    monkeypatch.setattr(readers, "mark", marked)


def ignore_the_lease(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grant every lease. Returns a list that collects the issues whose lease would have been refused."""
    leased, refused = issues._leased, []  # noqa: SLF001

    def anyhow(*lease: Any) -> Any:
        try:
            return leased(*lease)
        except ConditionFailedError:
            table, issue_id, holder, changes, *_ = lease
            refused.append(issue_id)
            return leased(table, issue_id, holder, changes, "started_at > :never", {":never": ""})

    monkeypatch.setattr(issues, "_leased", anyhow)
    return refused


def test_sending_copies_without_a_claim_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    claim_nothing(monkeypatch)
    assert shows(server, "got it . times, and the first was known to be sent", first=4)


def test_sending_copies_without_lease_and_claim_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    claim_nothing(monkeypatch)
    ignore_the_lease(monkeypatch)
    assert shows(server, "got it . times, and the first was known to be sent", first=3)


def test_without_a_lease_nobody_gets_two_copies_still(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = ignore_the_lease(monkeypatch)
    for seed in (7, 9, 13):
        run = experiment(server, seed, with_issues=True)
        assert not [problem for problem in run.problems if "got it" in problem], seed
    # Otherwise the lease would not have mattered.
    assert refused


def test_a_place_that_is_moved_early_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Any = worker._Run  # noqa: SLF001

    def send_all(self: Any) -> None:
        for shard in range(readers.SHARDS):
            rows = readers.next_of("table", self.issue.id, shard, self.held.place(shard), 100)
            self._advance(places=self.held.places_with(shard, None))
            self._send_page([row for row in rows if row.state == "waiting"], worker._one_after_the_other)  # noqa: SLF001

    monkeypatch.setattr(run, "_send_all", send_all)
    # Otherwise, reading all rows at the end would repair it.
    monkeypatch.setattr(run, "_settle", lambda self: self._end(readers.tally_of("table", self.issue.id), 0))
    assert shows(server, "is waiting: nothing becomes of it.* is said to be sent")


def test_readers_who_are_written_down_again_are_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Any = worker._Run  # noqa: SLF001
    go_on = run.go_on

    def written_down_again(self: Any) -> None:
        anew = self.issue.model_copy(update={"audience": None, "started_at": utc_now()})
        self.held = replace(self.held, issue=anew, audience_after="")
        go_on(self)

    monkeypatch.setattr(run, "go_on", written_down_again)
    assert shows(server, "was not confirmed when it started and is among its readers")


def test_a_copy_to_somebody_who_has_left_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    subscriber = subscribers.subscriber

    def as_once(*arguments: Any) -> Any:
        found = subscriber(*arguments)
        return found and found.model_copy(update={"state": "confirmed"})

    monkeypatch.setattr(subscribers, "subscriber", as_once)
    assert shows(server, "had left and got it", first=3)


def test_copies_after_the_owner_stopped_an_issue_are_seen(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Any = worker._Run  # noqa: SLF001

    def advance(self: Any, **changes: Any) -> None:
        self.held = issues.advance("table", self.held, utc_now() + timedelta(minutes=4), **changes)
        self.held = replace(self.held, issue=self.issue.model_copy(update={"state": "sending"}))

    monkeypatch.setattr(run, "_advance", advance)
    monkeypatch.setattr("tests.faults.issues.MEANWHILE", 0.1)
    assert shows(server, "got it after the owner stopped it", weights={}, first=14)


def test_counts_that_are_not_those_of_the_rows_are_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "counted", lambda _: ["sent"])
    assert shows(server, "its counts are")


def test_an_owner_who_is_not_told_of_the_end_is_seen(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issue_sent, "queued", lambda language: issue_paused.queued(language, "1"))
    assert shows(server, "the owner was not told of the end")


# --- long outages --------------------------------------------------------------------------------------------------


def test_after_a_week_without_ses_all_that_is_owed_goes_out_by_itself(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: None))
    away = Wire(ses.client())
    away.always(refusal(503, "ServiceUnavailable"))
    with time_machine.travel(START, tick=False) as clock:
        for hour in range(0, 7 * 24, 12):
            if hour % 24 == 0:
                day, caller = hour // 24, {"REMOTE_ADDR": f"203.0.113.{hour // 24}"}
                app.post("/newsletter", json={"email": f"day{day}@example.org"}, environ_overrides=caller)
                message = GOOD | {"email": f"visitor{day}@example.org"}
                app.post("/contact", json=message, environ_overrides=caller)
                app.play_stream()
            clock.shift(timedelta(hours=12))
            app.sweep()
        assert app.mails() == []
        assert app.items("message")
        away.always(None)
        outcomes = app.sweep()
    # The links count from when their emails are sent.
    assert outcomes == {"sent": 14}
    mails = app.mails()
    assert [mail["To"] for mail in mails] == [
        *["owner@atelier.example"] * 7,
        *(f"day{day}@example.org" for day in range(7)),
    ]
    assert [mail["Reply-To"] for mail in mails[:7]] == [f"visitor{day}@example.org" for day in range(7)]
    assert [item for item in app.items("email") if "outbox" in item] == []


def test_a_notifier_that_a_deployment_broke_sends_all_once_it_is_mended(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        with monkeypatch.context() as broken:
            broken.setattr(handler, "sweep", lambda *_: (_ for _ in ()).throw(ImportError("no module")))
            broken.setattr(handler, "deliver_or_leave", lambda *_: (_ for _ in ()).throw(ImportError("no module")))
            for number in range(5):
                app.post("/contact", json=GOOD | {"message": str(number)})
                with pytest.raises(FunctionError, match="ImportError"):
                    app.sweep()
                # The mapping retries a few times, and then gives up for good.
                app.play_stream()
                clock.shift(timedelta(days=1))
        assert app.mails() == []
        app.play_stream()
        assert app.sweep() == {"sent": 5}
    assert len(app.mails()) == 5


def owed_records(app: App) -> list[dict[str, Any]]:
    (mapping,) = app.functions["Notifier"].function.streams
    return [record for record in app.stream_records("Notifier") if wanted(record, mapping.patterns)]


def test_records_delivered_twice_late_and_in_any_order_send_one_email_each(app: App) -> None:
    for number in range(3):
        app.post("/contact", json=GOOD | {"message": str(number)})
    records = owed_records(app)
    notifier = app.functions["Notifier"]
    for order in itertools.permutations(records):
        notifier(stream_event([*order, *order], app.stream_arn))
        notifier(schedule_event())
    assert len(app.mails()) == 3


def told(app: App) -> list[str]:
    """Return the messages that the owner was mailed."""
    return [re.findall("before|after|poison|day [0-9]", text_of(mail.as_string()))[0] for mail in app.mails()]


def test_a_poison_row_stays_owed_and_holds_nobody_up(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def poisoned(name: Any, language: Any, record: Any, settings: Any) -> Any:
        if record.message == "poison":
            raise ZeroDivisionError
        return compose(name, language, record, settings)

    monkeypatch.setattr("guichet.outbox.delivery.compose", poisoned)
    with time_machine.travel(START, tick=False) as clock:
        for message in ("before", "poison", "after"):
            app.post("/contact", json=GOOD | {"message": message})
        app.play_stream()
        assert told(app) == ["before", "after"]
        # No sweep gives up on it, and each continues with those behind it.
        for day in range(3):
            clock.shift(timedelta(days=1))
            app.post("/contact", json=GOOD | {"message": f"day {day}"})
            app.sweep()
        assert told(app) == ["before", "after", "day 0", "day 1", "day 2"]
        (owed,) = [item for item in app.items("email") if "outbox" in item]
        (poison,) = [item for item in app.items("message") if item["message"] == "poison"]
        assert owed["pk"] == poison["pk"]
        monkeypatch.undo()
        clock.shift(timedelta(days=1))
        app.sweep()
    assert told(app)[-1] == "poison"
    assert [item for item in app.items("email") if "outbox" in item] == []


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_prints_its_seed_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "2", "--seed", "5", "--workers", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "seeds 5 to 6"
    assert printed[3].startswith("| all together | 2 |")


@pytest.mark.parametrize(("arguments", "kind"), [([], ""), (["--kind", "reset after"], ' --kind "reset after"')])
def test_the_command_tells_how_to_do_a_failed_run_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], kind: str
) -> None:
    failed = Run(9, problems=["stored and not mailed: x"])
    monkeypatch.setattr("tests.faults.__main__.runs", lambda *_: [failed])
    assert main(["--runs", "1", "--seed", "9", *arguments]) == 1
    printed = capsys.readouterr().out
    assert f"make faults FAULTS='--runs 1 --seed 9{kind}': stored and not mailed: x" in printed


def test_the_table_tells_of_each_kind_of_fault_how_long_it_takes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.__main__.runs", lambda *_: [Run(9, longest=4.06, story=["a request"])])
    assert main(["--runs", "1", "--table", "--story"]) == 0
    printed = capsys.readouterr().out
    rows = {line.split(" | ")[0][2:]: line.split(" | ")[-1] for line in printed.splitlines() if line.startswith("| ")}
    assert "| twice if events are lost | twice without events | answered within |" in printed
    assert list(rows) == ["fault", "all together", *KINDS]
    assert (rows["fault"], rows["503"]) == ("answered within |", "4.1 s |")
    assert rows["killed during"] == "10 s, the function's time-out |"
    assert "a request" in printed
