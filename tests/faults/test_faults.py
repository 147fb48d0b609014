"""Nothing lost and nothing needlessly twice; and the experiment sees it when the code is damaged on purpose."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from guichet import dynamodb
from guichet.records import ClaimedEmail
from guichet.storage import Store
from infra.local.streams import schedule_event, stream_event, wanted
from notifier import delivery, handler, pace, ses
from notifier.compose import compose
from tests import conftest
from tests.conftest import Counter
from tests.faults import world
from tests.faults.__main__ import main
from tests.faults.world import EVEN, KINDS, Kind, World, experiment, wire
from tests.integration.test_life import START
from tests.wire import Wire, refusal, unreachable

GOOD = {"email": "a@example.org", "message": "Bonjour"}
# More than are ever needed to see the damages below.
SEEDS = range(40)


@pytest.fixture
def server() -> Iterator[world.FaultyServer]:
    with wire() as serving:
        yield serving


def problems(server: world.FaultyServer, quiet: float = 6) -> str:
    """Return what the first run that shows a problem shows, or nothing."""
    done = (experiment(server, seed, EVEN, quiet) for seed in SEEDS)
    return next((" ".join(run.problems) for run in done if run.problems), "")


# --- what must hold ------------------------------------------------------------------------------------------------


def test_nothing_is_lost_and_nothing_stays_owed_whatever_fails(server: world.FaultyServer) -> None:
    # `make faults` does a thousand.
    done = [experiment(server, seed) for seed in range(20)]
    assert [(run.seed, run.problems) for run in done if run.problems] == []
    assert sum(run.lost for run in done) == 0
    assert sum(run.accepted for run in done) > 2 * len(done)
    # All of it was tried.
    assert {kind for run in done for kind in run.faults} == set(KINDS)


def test_without_faults_every_email_goes_out_just_once(server: world.FaultyServer) -> None:
    for seed in range(10):
        run = experiment(server, seed, EVEN, quiet=1e9)
        assert (run.accepted, run.stored, run.mailed, run.lost, run.twice) == (4, 4, 4, 0, 0) or run.accepted < 4
        assert run.twice == run.lost == 0


def test_a_seed_gives_the_same_run_again(server: world.FaultyServer) -> None:
    first, second = (experiment(server, 7) for _ in range(2))
    assert (first.faults, first.posts, first.stored) == (second.faults, second.posts, second.stored)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("killed")])
def test_a_visitor_is_answered_within_ten_seconds_whatever_is_down(counter: Counter, kind: Kind) -> None:
    with wire(patient=True) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{server.server_port}")
        dynamodb.client.cache_clear()
        server.world = World(0, counter, {kind: 1.0}, 0)
        start = time.monotonic()
        reply = counter.post("/contact", json=GOOD)
        # The promise to the visitor, of which API Gateway's 30 s and the function's 15 s leave room.
        assert time.monotonic() - start < 10
    if kind == "slow":
        assert reply.status_code == 200
        return
    assert reply.status_code == 503
    assert json.loads(reply.text)["errors"][0]["code"] == "UNAVAILABLE"
    assert int(reply.headers["Retry-After"]) > 0


# --- deliberate damage ---------------------------------------------------------------------------------------------


def _one_by_one(actions: Any) -> None:
    for action in actions:
        ((kind, parameters),) = action.items()
        dynamodb.call({"Put": "put_item", "Update": "update_item"}[kind], **parameters)


def test_a_dropped_transaction_is_seen(server: world.FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "transact", _one_by_one)
    # What the damaged function asks of AWS is none of its role's business.
    monkeypatch.setattr(conftest, "ASKED", set())
    monkeypatch.setattr(conftest, "OPERATIONS_ASKED", {})
    assert "stored and not mailed" in problems(server)


def test_taking_an_email_from_the_queue_before_it_is_sent_is_seen(
    server: world.FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = Store.claim

    def acknowledge(store: Store, key: Any) -> ClaimedEmail | None:
        email = claim(store, key)
        if email:
            store._end(email, {})  # noqa: SLF001
        return email

    monkeypatch.setattr(Store, "claim", acknowledge)
    monkeypatch.setattr(Store, "mark_sent", lambda *_: None)
    assert "stored and not mailed" in problems(server)


def test_a_swallowed_error_of_the_write_is_seen(server: world.FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    transact = dynamodb.transact

    def swallow(actions: Any) -> None:
        try:
            transact(actions)
        except (ClientError, dynamodb.UnavailableError):
            return

    monkeypatch.setattr(dynamodb, "transact", swallow)
    assert "accepted and not stored" in problems(server, quiet=1)


def test_marking_before_sending_is_seen(server: world.FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: Callable[..., Any] = delivery._sent  # noqa: SLF001

    def marked_first(email: ClaimedEmail, record: Any, store: Store, settings: Any) -> Any:
        store.mark_sent(email, "not yet")
        return sent(email, record, store, settings)

    monkeypatch.setattr(delivery, "_sent", marked_first)
    assert "stored and not mailed" in problems(server)


_ANYWAY = "attribute_exists(pk) OR claimed_until < :now OR claim = :claim"


def test_sending_without_a_claim_is_seen(server: world.FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    update = Store._update_email  # noqa: SLF001

    def unconditional(store: Store, key: Any, expression: str, condition: str, values: Any) -> Any:
        taking = expression.startswith("SET claim")
        return update(store, key, expression, _ANYWAY if taking else condition, values)

    monkeypatch.setattr(Store, "_update_email", unconditional)
    assert "mailed again after it was marked" in problems(server, quiet=100)


# --- long outages --------------------------------------------------------------------------------------------------


def test_after_a_week_without_ses_all_that_is_owed_goes_out_by_itself(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: None))
    away = Wire(ses.client())
    away.always(refusal(503, "ServiceUnavailable"))
    with time_machine.travel(START, tick=False) as clock:
        for hour in range(7 * 24):
            if hour % 24 == 0:
                day, caller = hour // 24, {"REMOTE_ADDR": f"203.0.113.{hour // 24}"}
                counter.post("/newsletter", json={"email": f"day{day}@example.org"}, environ_overrides=caller)
                message = GOOD | {"email": f"visitor{day}@example.org"}
                counter.post("/contact", json=message, environ_overrides=caller)
                counter.play_stream()
            clock.shift(timedelta(hours=1))
            counter.sweep()
        assert counter.mails() == []
        assert counter.items("message")
        away.always(None)
        outcomes = counter.sweep()
    # Of the confirmations only those are sent whose links still work.
    assert outcomes == {"sent": 9, "dropped": 5}
    mails = counter.mails()
    assert [mail["To"] for mail in mails] == ["owner@atelier.example"] * 7 + ["day5@example.org", "day6@example.org"]
    assert [mail["Reply-To"] for mail in mails[:7]] == [f"visitor{day}@example.org" for day in range(7)]
    assert [item for item in counter.items("email") if "owed" in item] == []


def test_what_the_stream_never_delivers_the_schedule_sends(counter: Counter) -> None:
    for number in range(5):
        counter.post("/contact", json=GOOD | {"message": str(number)})
    assert counter.sweep() == {"sent": 5}


def test_a_notifier_that_a_deployment_broke_sends_all_once_it_is_mended(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        with monkeypatch.context() as broken:
            broken.setattr(handler, "Store", lambda _: (_ for _ in ()).throw(ImportError("no module")))
            for number in range(5):
                counter.post("/contact", json=GOOD | {"message": str(number)})
                with pytest.raises(ImportError):
                    counter.sweep()
                clock.shift(timedelta(days=1))
        assert counter.sweep() == {"sent": 5}
    assert len(counter.mails()) == 5


def owed_records(counter: Counter) -> list[dict[str, Any]]:
    (mapping,) = counter.functions["Notifier"].function.streams
    return [record for record in counter._reader.read() if wanted(record, mapping.patterns)]  # noqa: SLF001


def test_records_delivered_twice_late_and_in_any_order_send_one_email_each(counter: Counter) -> None:
    for number in range(3):
        counter.post("/contact", json=GOOD | {"message": str(number)})
    records = owed_records(counter)
    notifier = counter.functions["Notifier"]
    for order in itertools.permutations(records):
        notifier(stream_event([*order, *order], counter._stream_arn))  # noqa: SLF001
        notifier(schedule_event())
    assert len(counter.mails()) == 3


def test_a_poison_row_stays_owed_and_holds_nobody_up(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def poisoned(name: Any, language: Any, record: Any, settings: Any) -> Any:
        if record.message == "poison":
            raise ZeroDivisionError
        return compose(name, language, record, settings)

    monkeypatch.setattr("notifier.delivery.compose", poisoned)
    for message in ("before", "poison", "after"):
        counter.post("/contact", json=GOOD | {"message": message})
    counter.play_stream()
    assert len(counter.mails()) == 2
    monkeypatch.undo()
    with time_machine.travel(START + timedelta(days=3650), tick=False):
        assert len([item for item in counter.items("email") if "owed" in item]) == 1


def test_the_schedule_beside_the_stream_on_one_row_sends_one_email(counter: Counter) -> None:
    counter.post("/contact", json=GOOD)
    inner: list[Any] = []
    send = ses.send

    def in_between(*arguments: Any) -> str:
        # While the one run is at SES, the other one comes along.
        inner.append(counter.sweep())
        return send(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ses, "send", in_between)
        counter.play_stream()
    assert inner == [{"not ours": 1}]
    assert len(counter.mails()) == 1


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_prints_its_seed_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "2", "--seed", "5", "--workers", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "seeds 5 to 6"
    assert printed[3].startswith("| all together | 2 |")


def test_the_command_tells_how_to_do_a_failed_run_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = world.Run(9, problems=["stored and not mailed: x"])
    monkeypatch.setattr("tests.faults.__main__.runs", lambda *_: [failed])
    assert main(["--runs", "1", "--seed", "9"]) == 1
    assert 'make faults FAULTS="--runs 1 --seed 9": stored and not mailed: x' in capsys.readouterr().out


def test_unreachable_engines_are_no_success(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "PATIENCE", 0.1)
    Wire(dynamodb.client()).always(unreachable)
    assert counter.post("/contact", json=GOOD).status_code == 503
