"""An archive: `guichet export everything`, and `guichet import` of it into another stack of the same owner."""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.dynamodb.models import table as moto_table

from guichet.mail import ses
from guichet.records.digest import Digest
from guichet.records.record import utc_now
from guichet.records.registry import KINDS
from guichet.records.subscriber import Confirmation, Imported, Leaving, State, Subscriber
from guichet.signing import subscriber_id
from guichet.store import dynamodb, renewals, subscribers, table
from infra.operate import archive, carrying
from infra.operate.archive import Secrets, plain_item, wire_item
from tests.support import many
from tests.support.app import PARAMETERS, START, App, isolated, resolve
from tests.support.archives import (
    FOREIGN,
    OTHER,
    SAME,
    TARGETS,
    brought,
    brought_as_planned,
    exported,
    id_of,
    stack,
    stored,
)
from tests.support.contact import contact
from tests.support.desk import Browser, forms_of
from tests.support.feedback import feedback
from tests.support.newsletter import (
    READER,
    SECRET,
    imported,
    link_in_last_mail,
    open_link,
    press,
    refusal_in_last_mail,
    sign_up,
    subscribe,
)
from tests.support.operate import Operate, Said
from tests.support.renewal import LAP, asked, days
from tests.support.renewal import START as DUE
from tests.support.wire import Wire, refusal


def place_of(subscriber: str) -> tuple[str, str]:
    """Return the place of a subscriber among what is stored, by their id."""
    key = table.key(Subscriber, subscriber)
    return key["pk"], key["sk"]


# --- the format -----------------------------------------------------------------------------------------------------


def test_every_kind_of_item_is_decided_about_once() -> None:
    """Every new kind in the table's list, or in the registry, must be either carried or left behind deliberately."""
    assert table.__doc__ is not None
    documented = {row.strip() for row in re.findall(r"^\| ([a-z-]+) +\|", table.__doc__, re.MULTILINE)} - {"kind"}
    assert {"subscriber", "email", "run", "proof"} < documented | set(KINDS)
    assert documented | set(KINDS) <= set(carrying.CARRIED) | carrying.LEFT_BEHIND
    assert not set(carrying.CARRIED) & carrying.LEFT_BEHIND


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NAMES = TEXTS.filter(bool) | st.sampled_from(["$SS", "$M", "$B", "$N", "$"])
NUMBERS = st.integers().map(str) | st.sampled_from(["1.5", "-0", "1E+3", "007", "3.10"])
VALUES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    TEXTS.map(lambda text: {"S": text})
    | NUMBERS.map(lambda text: {"N": text})
    | st.booleans().map(lambda value: {"BOOL": value})
    | st.just({"NULL": True})
    | st.binary(max_size=5).map(lambda raw: {"B": raw})
    | st.sets(TEXTS, min_size=1, max_size=3).map(lambda texts: {"SS": sorted(texts)})
    | st.sets(NUMBERS, min_size=1, max_size=3).map(lambda texts: {"NS": sorted(texts)})
    | st.sets(st.binary(min_size=1, max_size=5), min_size=1, max_size=3).map(lambda raw: {"BS": sorted(raw)}),
    lambda parts: (
        st.lists(parts, max_size=3).map(lambda found: {"L": found})
        | st.dictionaries(NAMES, parts, max_size=3).map(lambda found: {"M": found})
    ),
    max_leaves=8,
)


def as_sent(value: dict[str, Any]) -> dict[str, Any]:
    """Return a value of DynamoDB as JSON sends it: bytes in Base64."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {"B": b64encode(content).decode()}
        case "BS":
            return {"BS": sorted(b64encode(raw).decode() for raw in content)}
        case "L":
            return {"L": [as_sent(part) for part in content]}
        case "M":
            return {"M": {name: as_sent(part) for name, part in content.items()}}
        case _:
            return value


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_every_type_of_dynamodb_survives_json(item: dict[str, Any]) -> None:
    line = archive.line(plain_item(item))
    assert line.count(b"\n") == 1
    assert wire_item(json.loads(line)) == {name: as_sent(value) for name, value in item.items()}


def test_what_is_stored_in_another_type_than_ours_is_carried_as_it_is(operate: Operate, tmp_path: Path) -> None:
    odd = {
        "pk": {"S": "message#1"},
        "sk": {"S": "message"},
        "kind": {"S": "message"},
        "bytes": {"B": b64encode(b"\x00\xff").decode()},
        "many": {"BS": [b64encode(b"\x01").decode()]},
        "numbers": {"NS": ["1", "2.5"]},
        "half": {"N": "0.5"},
        "nothing": {"NULL": True},
        "map": {"M": {"$SS": {"L": []}}},
    }
    with stack(SAME) as app:
        dynamodb.call("put_item", TableName="table", Item=odd)
        before = dynamodb.call("scan", TableName="table")["Items"]
        file = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        assert brought(app, operate, file)["carried"] == 1
        assert dynamodb.call("scan", TableName="table")["Items"] == before


# --- what is refused ------------------------------------------------------------------------------------------------


def cut(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def cut_within_the_last(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], lines[-1][:-9]]


def changed(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"blocked"', b'"confirmed"') for line in lines]


def one_less(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def one_twice(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], *lines[1:]]


def longer(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[1]]


def other_line_ends(lines: list[bytes]) -> list[bytes]:
    return [line.rstrip(b"\n") + b"\r\n" for line in lines]


def another_version(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"version": 1', b'"version": 2'), *lines[1:]]


def no_head(lines: list[bytes]) -> list[bytes]:
    return [b'{"guichet": "archive"}\n', *lines[1:]]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut, "is truncated"),
        (cut_within_the_last, "is truncated"),
        (changed, "was changed"),
        (one_less, "was changed"),
        (one_twice, "was changed"),
        (longer, "was changed"),
        (other_line_ends, "was changed"),
        (another_version, "another version"),
        (no_head, "is not an archive"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused_before_anything_is_written(
    operate: Operate, tmp_path: Path, damage: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    with stack(SAME) as app:
        contact(app)
        operate(app, "subscribers", "block", READER)
        file = exported(app, operate, tmp_path)
    file.write_bytes(b"".join(damage(file.read_bytes().splitlines(keepends=True))))
    with stack(SAME) as app:
        for options in ((), ("--dry-run",)):
            said = operate(app, "import", str(file), *options)
            assert (said.code, stored()) == (2, {})
            assert words in said.told


def test_the_archive_of_another_secret_is_refused_until_this_stack_knows_it(operate: Operate, tmp_path: Path) -> None:
    with stack(SAME) as app:
        operate(app, "subscribers", "block", READER)
        file = exported(app, operate, tmp_path)
        assert SECRET not in file.read_text(encoding="utf-8")
    for parameters in ({"SigningSecret": OTHER}, {"SigningSecret": OTHER, "FormerSigningSecret": f"not {SECRET}"}):
        with stack(parameters) as app:
            said = operate(app, "import", str(file))
            assert (said.code, stored()) == (2, {})
            assert "Deploy this stack with FormerSigningSecret set to that stack's SigningSecret" in said.told
    # From there, it can only be imported into a stack that knows both secrets.
    with stack(FOREIGN) as app:
        brought(app, operate, file)
        further = exported(app, operate, tmp_path)
    third = "a third secret for tests, 32 characters"
    with stack({"SigningSecret": third, "FormerSigningSecret": OTHER}) as app:
        said = operate(app, "import", str(further))
        assert (said.code, stored()) == (2, {})
        assert "has a FormerSigningSecret" in said.told
    with stack(FOREIGN) as app:
        assert brought(app, operate, further)["carried"] == 1


def test_an_item_of_a_kind_that_this_version_does_not_know_is_refused(operate: Operate, tmp_path: Path) -> None:
    with stack(SAME) as app:
        contact(app)
        many.put({"pk": "later#1", "sk": "later", "kind": "later"})
        file = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        said = operate(app, "import", str(file))
        assert (said.code, stored()) == (2, {})
        assert "of another version of Guichet (later)" in said.told


def test_an_archive_takes_no_proof(app: App, operate: Operate, tmp_path: Path) -> None:
    file = exported(app, operate, tmp_path)
    for options in (("--ask",), ("--consent", "yes")):
        said = operate(app, "import", str(file), *options)
        assert (said.code, "contains each proof" in said.told) == (2, True)


# --- what is carried ------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(1)
@TARGETS
def test_a_stack_that_lived_is_carried_and_twice_changes_nothing(
    operate: Operate, tmp_path: Path, parameters: dict[str, str]
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        with stack(SAME) as app:
            contact(app, message="Bonjour", name="Zoé", ville="Lyon")
            contact(app, message="Achetez", _gotcha="x")
            subscribe(app, source="/blog", name="Camille")
            subscribe(app, email="left@example.org")
            operate(app, "subscribers", "unsubscribe", "left@example.org")
            operate(app, "subscribers", "block", "blocked@example.org")
            subscribe(app, email="soft@example.org")
            subscribers.count_soft_bounce("table", id_of("soft@example.org", SAME), "one", utc_now())
            subscribers.count_soft_bounce("table", id_of("soft@example.org", SAME), "two", utc_now())
            Browser(app).sign_in()
            app.sweep()
            # It expires before it is exported.
            many.put({**table.key(Digest, "2026-W01"), "kind": "digest", "id": "2026-W01", "expires_at": 1})
            clock.shift(timedelta(minutes=1))
            before = stored()
            file = exported(app, operate, tmp_path)
        with stack(parameters) as app:
            done = brought_as_planned(app, operate, file)
            after = stored()
            new_id = {
                place_of(id_of(email, SAME))[0]: place_of(id_of(email, parameters))[0]
                for email in (READER, "left@example.org", "soft@example.org")
            }
            expected = {}
            for (pk, sk), item in before.items():
                kept = item["kind"] not in carrying.LEFT_BEHIND and pk.partition("#")[0] not in carrying.LEFT_BEHIND
                if kept and item.get("expires_at", 2) > 1:
                    moved = {"pk": new_id.get(pk, pk)}
                    moved |= {"id": table.id_at(moved["pk"])} if item["kind"] == "subscriber" else {}
                    expected[moved["pk"], sk] = {**item, **moved}
            assert after == expected
            assert {item["kind"] for item in after.values()} == {"message", "request", "subscriber", "email", "told"}
            assert after[place_of(id_of("soft@example.org", parameters))]["soft_bounces"] == {"$SS": ["one", "two"]}
            again = brought(app, operate, file)
            assert stored() == after
            assert again["there_already"] == done["carried"]
            assert "carried" not in again
            # Nobody gets mail, then or later.
            app.play_stream()
            clock.shift(timedelta(days=1))
            app.sweep()
            assert [mail["To"] for mail in app.mails() if mail["To"] != PARAMETERS["OwnerEmail"]] == []


@pytest.mark.quick_cases(2)
@TARGETS
@pytest.mark.parametrize("how", ["refused", "complained", "bounced", "blocked"])
def test_a_suppressed_address_that_signs_up_at_the_new_stack_gets_no_mail_until_it_is_lifted(
    operate: Operate, tmp_path: Path, parameters: dict[str, str], how: str
) -> None:
    with stack(SAME) as app:
        if how == "refused":
            sign_up(app)
            press(app, open_link(app, refusal_in_last_mail(app)))
        elif how == "blocked":
            operate(app, "subscribers", "block", READER)
        else:
            subscribe(app)
            feedback(app, "complaint" if how == "complained" else "bounce-permanent")
        (before,) = stored("subscriber").values()
        file = exported(app, operate, tmp_path)
    with stack(parameters) as app:
        brought(app, operate, file)
        (carried,) = stored("subscriber").values()
        assert carried == before
        sign_up(app)
        assert app.mails() == []
        # The operator and the desk find it by its address, and can lift it.
        (shown,) = operate(app, "subscribers", "show", READER, "--json").rows
        assert shown["state"] == carried["state"]
        desk = Browser(app)
        desk.sign_in()
        page = desk.press(desk.get("subscribers"), "Find", address=READER)
        assert f"subscribers/{carried['id']}/lift" in page.text
        sent = len(app.mails())
        sure = desk.get(f"subscribers/{carried['id']}/lift")
        (lifting,) = [form for form in forms_of(sure) if form["action"].endswith("/lift")]
        if how in {"refused", "bounced"}:
            wrong = desk.post(lifting["action"], {**lifting["fields"], "address": "other@example.org"})
            assert (wrong.status_code, stored("subscriber").popitem()[1]) == (422, carried)
            assert desk.post(lifting["action"], {**lifting["fields"], "address": READER}).status_code == 303
        else:
            assert operate(app, "subscribers", "lift", READER).code == 0
        sign_up(app)
        subscribe(app, name="Again")
        assert len(app.mails()) > sent
        assert reader_here(parameters)["state"] == "confirmed"


def test_a_link_from_before_confirms_nobody_whom_a_former_hash_keeps_out(operate: Operate, tmp_path: Path) -> None:
    with stack(SAME) as app:
        operate(app, "subscribers", "block", READER)
        file = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app:
        sign_up(app)
        page = open_link(app, link_in_last_mail(app))
        brought(app, operate, file)
        # The page was open already: the write itself checks as well.
        assert press(app, page).status_code == 410
        assert open_link(app, link_in_last_mail(app)).status_code == 410
        assert [item["state"] for item in stored("subscriber").values()] == ["blocked"]


def test_an_address_known_by_a_former_hash_is_found_when_it_is_to_be_forgotten(
    operate: Operate, tmp_path: Path
) -> None:
    with stack(SAME) as app:
        subscribe(app)
        feedback(app, "complaint")
        file = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app:
        brought(app, operate, file)
        access = tmp_path / "access.json"
        operate(app, "forget", READER, "--access", str(access))
        (subscription,) = json.loads(access.read_text(encoding="utf-8"))["subscription"]
        assert subscription["history"]
        assert operate(app, "forget", READER, "--yes").code == 0
        (left,) = stored("subscriber").values()
        assert (left["state"], "history" in left) == ("complained", False)


@pytest.mark.slow
def test_what_waits_for_the_owner_goes_out_here_and_what_waits_for_visitors_does_not(
    operate: Operate, tmp_path: Path
) -> None:
    with stack(SAME) as app:
        Wire(ses.client()).always(refusal(400, "SendingPausedException"))
        contact(app, message="Bonjour")
        sign_up(app)
        app.sweep()
        file = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app:
        said = operate(app, "import", str(file))
        assert "1 email to you sent from here" in said.out
        assert "1 email to visitors still waits at the old stack" in said.out
        app.play_stream()
        app.sweep()
        (mail,) = app.mails()
        assert (mail["To"], "Bonjour" in mail.as_string()) == (PARAMETERS["OwnerEmail"], True)
        assert operate(app, "outbox").code == 0
        # The visitor may still confirm for a week, or ask again.
        (request,) = stored("request").values()
        assert 6 < (request["expires_at"] - utc_now().timestamp()) / 86400 <= 7
        assert operate(app, "import", str(file), "--json").rows[0]["there_already"] > 0
        app.sweep()
        assert len(app.mails()) == 1


@time_machine.travel(START, tick=False)
def test_what_the_old_stack_sent_meanwhile_is_not_sent_here_once_more(operate: Operate, tmp_path: Path) -> None:
    with stack(SAME) as app:
        Wire(ses.client()).always(refusal(400, "SendingPausedException"))
        contact(app, message="Bonjour")
        app.play_stream()
        first = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        # The same message, as stored at the old stack once it has sent the email.
        contact(app, message="Bonjour")
        app.play_stream()
        brought(app, operate, first)
        second = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        Wire(ses.client()).always(refusal(400, "SendingPausedException"))
        brought(app, operate, first)
        app.play_stream()
        assert operate(app, "outbox").code == 1
        done = brought(app, operate, second)
        assert (done["updated"], operate(app, "outbox").code) == (1, 0)


@pytest.mark.quick_cases(1)
@TARGETS
def test_an_issue_under_way_is_paused_here_and_nobody_gets_it_twice(
    operate: Operate, tmp_path: Path, parameters: dict[str, str]
) -> None:
    from guichet.records.issue import Edition  # noqa: PLC0415
    from guichet.store import issues, readers  # noqa: PLC0415

    now = datetime.fromisoformat("2026-11-23T10:00:00+00:00")
    with time_machine.travel(now, tick=False) as clock:
        with stack(SAME) as app:
            many.subscribe(range(30), now - timedelta(days=2))
            texts = {"fr": Edition(subject="Bonjour", markdown="Un texte.")}
            for name in ("under-way", "draft", "later"):
                content = issues.content_hash(SECRET, texts)  # type: ignore[arg-type]
                issues.save("table", name, texts, content, now)  # type: ignore[arg-type]
            later = issues.find("table", "later")
            assert later is not None
            issues.schedule("table", later, now + timedelta(days=3), now)
            issue = issues.find("table", "under-way")
            assert issue is not None
            issues.begin("table", issue, now)
            begun = issues.find("table", "under-way")
            assert begun is not None
            for number in range(30):
                readers.add("table", begun, id_of(many.address(number), SAME))
            rows = sorted(readers.all_of("table", "under-way"), key=lambda row: row.subscriber_id)
            got = {row.subscriber_id for row in rows[:10]}
            for row in rows[:10]:
                readers.claim("table", "under-way", row, "c", now, now + timedelta(hours=1))
            for row in rows[:9]:
                readers.mark("table", "under-way", row, "sent", now, claim_id="c", message_id="m")
            file = exported(app, operate, tmp_path)
        with stack(parameters) as app:
            said = operate(app, "import", str(file))
            assert "2 issues under way paused here" in said.out
            states = {issue.id: issue.state for issue in issues.all_issues("table")}
            assert states == {"under-way": "paused", "draft": "draft", "later": "paused"}
            assert Counter(row.state for row in readers.all_of("table", "under-way")) == {
                "sent": 9, "unknown": 1, "waiting": 20
            }  # fmt: skip
            app.play_stream()
            app.sweep("Issues")
            assert app.mails() == []
            paused = issues.find("table", "under-way")
            assert paused is not None
            assert issues.resume("table", paused, utc_now())
            for _ in range(10):
                app.play_stream("Issues")
                clock.shift(timedelta(minutes=15))
                app.sweep("Issues")
            ended = issues.find("table", "under-way")
            assert ended is not None
            assert (ended.state, ended.counts.sent, ended.counts.unknown) == ("sent", 29, 1)
            to = Counter(str(mail["To"]) for mail in app.mails())
            known = {id_of(many.address(number), SAME): many.address(number) for number in range(30)}
            assert to == Counter(address for one, address in known.items() if one not in got)
            # An older archive does not undo it.
            brought(app, operate, file)
            assert issues.find("table", "under-way") == ended


def test_an_issue_of_the_same_name_here_keeps_its_readers(operate: Operate, tmp_path: Path) -> None:
    from guichet.records.issue import Edition  # noqa: PLC0415
    from guichet.store import issues, readers  # noqa: PLC0415

    def started(text: str, numbers: range) -> None:
        texts = {"fr": Edition(subject="Bonjour", markdown=text)}
        issues.save("table", "one", texts, issues.content_hash(SECRET, texts), utc_now())  # type: ignore[arg-type]
        issue = issues.find("table", "one")
        assert issue is not None
        many.write_down(issue, numbers)

    with stack(SAME) as app:
        started("There", range(5))
        file = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        started("Here", range(5, 8))
        before = stored()
        assert brought(app, operate, file)["another_issue"] == 7
        assert stored() == before
        assert readers.count("table", "one") == 3


def test_an_erasure_under_way_goes_on_here(operate: Operate, tmp_path: Path) -> None:
    from guichet.mail.emails import erasure_done  # noqa: PLC0415
    from guichet.records.erasure import Erasure  # noqa: PLC0415
    from guichet.store import erasures  # noqa: PLC0415

    with stack(SAME) as app:
        contact(app, email=READER)
        now = utc_now()
        erasure = Erasure(
            id=id_of(READER, SAME),
            email=READER,
            kept_days=30,
            asked_at=now,
            read_up_to=("~", "~"),
            expires_at=now + timedelta(days=30),
        )
        erasures.add("table", erasure, erasure_done.queued("fr", erasure))
        file = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app:
        brought(app, operate, file)
        app.play_stream()
        app.sweep()
        assert READER not in json.dumps(list(stored().values()))
        done = erasures.erasure("table", id_of(READER, FOREIGN))
        assert done is not None
        assert done.done_at is not None
        # An older file brings nobody back.
        assert brought(app, operate, file)["erased_here"] == 1
        assert READER not in json.dumps(list(stored().values()))


# --- both sides know somebody ---------------------------------------------------------------------------------------

DAY = timedelta(days=1)
CAME = datetime.fromisoformat("2026-01-01T10:00:00+00:00")
STATES: tuple[State, ...] = ("confirmed", "unsubscribed", "bounced", "complained", "blocked", "lifted")


def somebody(  # noqa: PLR0913  what there is to know of somebody
    email: str, state: State, day: int, secret: str, *, erased: bool = False, by_click: bool = True
) -> dict[str, Any]:
    """Return the item of a subscriber who confirmed or was imported, and entered their state on a day."""
    at = CAME + day * DAY
    began = at if state == "confirmed" else CAME - DAY
    proof: Confirmation | Imported = Imported(event="imported", at=began, statement="at the fair")
    if by_click:
        proof = Confirmation(
            event="confirmed",
            at=began,
            wording_version="1",
            wording_language="fr",
            wording="J’accepte",
            request_id="r",
            asked_at=began,
        )
    left = [] if state == "confirmed" else [Leaving(event=state, at=at)]
    kept = state == "confirmed" or (state == "unsubscribed" and not erased)
    subscriber = Subscriber(
        id=subscriber_id(secret, email),
        state=state,
        email=email if kept else "",
        name="Ann" if kept else "",
        confirmed_at=began if kept else None,
        left_at=None if state == "confirmed" else at,
        history=() if state == "blocked" else (proof, *left),
    )
    end = {"expires_at": table.seconds(at + 3650 * DAY)} if state in {"unsubscribed", "lifted"} else {}
    lifted = {"lifted_at": table.stamp(at)} if state == "lifted" else {}
    return table.item_of(subscriber, list=table.subscribers_list(state), **end, **lifted)


PEOPLE = st.lists(
    st.tuples(st.sampled_from(STATES), st.integers(0, 9), st.booleans(), st.booleans()), min_size=1, max_size=3
)


@pytest.mark.slow
def test_whoever_left_on_either_side_stays_so_in_whatever_order(operate: Operate, tmp_path: Path) -> None:
    # One world for all examples: creating one takes longer than everything that happens in it.
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(PEOPLE, st.none() | PEOPLE), min_size=1, max_size=4), st.sampled_from([SAME, FOREIGN]))
    def check(people: list[tuple[Any, Any]], parameters: dict[str, str]) -> None:
        secret = parameters.get("SigningSecret", SECRET)
        there, here = {}, {}
        for number, (one, other) in enumerate(people):
            state, day, erased, by_click = one[0]
            there[number] = somebody(many.address(number), state, day, SECRET, erased=erased, by_click=by_click)
            if other:
                state, day, erased, by_click = other[0]
                here[number] = somebody(many.address(number), state, day, secret, erased=erased, by_click=by_click)
        with stack(SAME) as app:
            for item in there.values():
                many.put(item)
            file = exported(app, operate, tmp_path)
        with stack(parameters) as app:
            for item in here.values():
                many.put(item)
            brought_as_planned(app, operate, file)
            after = stored()
            brought(app, operate, file)
            assert stored() == after
            for number, item in there.items():
                check_person(number, item, here.get(number), parameters, app, operate)
        file.unlink()

    check()


def check_person(  # noqa: PLR0913, PLR0917  a person on both sides
    number: int,
    there: dict[str, Any],
    here: dict[str, Any] | None,
    parameters: dict[str, str],
    app: App,
    operate: Operate,
) -> None:
    email = many.address(number)
    ids = [id_of(email, parameters), id_of(email, SAME)]
    found = {one: item for one in ids if (item := subscribers.subscriber("table", one))}
    known = subscribers.known("table", ids)
    assert known is not None
    both = [item for item in (there, here) if item]
    suppressed = [item for item in both if item["state"] in {"bounced", "complained", "blocked"}]
    left = [item for item in both if item["state"] in {"unsubscribed", "lifted"}]
    if any(item["state"] == "blocked" for item in both):
        assert known.state == "blocked" or (here and here["state"] in {"complained", "bounced"})
    lifted_later = False
    if here and here["state"] == "lifted" and "left_at" in there:
        lifted_later = datetime.fromisoformat(here["lifted_at"]) >= datetime.fromisoformat(there["left_at"])
    if suppressed and not lifted_later:
        assert known.state in {"bounced", "complained", "blocked"}
    if any(item.state == "confirmed" for item in found.values()):
        # Only those who never left, or clicked here afterwards.
        assert not suppressed
        clicked = here and here["state"] == "confirmed" and here["history"][0]["event"] == "confirmed"
        assert not left or (clicked and here and here["confirmed_at"] > max(one["left_at"] for one in left))
    (shown,) = operate(app, "subscribers", "show", email, "--json").rows
    assert shown["state"] == known.state


@TARGETS
@pytest.mark.parametrize("left", ["unsubscribed", "complained"])
def test_who_left_there_after_the_first_import_leaves_here_with_the_next(
    operate: Operate, tmp_path: Path, parameters: dict[str, str], left: State
) -> None:
    with stack(SAME) as app:
        many.put(somebody(READER, "confirmed", 1, SECRET))
        first = exported(app, operate, tmp_path)
        many.put(somebody(READER, left, 3, SECRET))
        second = exported(app, operate, tmp_path)
    with stack(parameters) as app:
        brought(app, operate, first)
        assert [item["state"] for item in stored("subscriber").values()] == ["confirmed"]
        brought(app, operate, second)
        assert {item["state"] for item in stored("subscriber").values()} == {left}
        after = stored()
        # Neither brings them back.
        for file in (first, second):
            brought(app, operate, file)
            assert stored() == after


@TARGETS
def test_no_race_brings_a_leaver_back(
    operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]
) -> None:
    with stack(SAME) as app:
        many.put(somebody(READER, "confirmed", 1, SECRET))
        file = exported(app, operate, tmp_path)
    with stack(parameters) as app:
        read = carrying.Carrier._read  # noqa: SLF001  in between is where it happens
        blocked: list[bool] = []

        def and_then_block(self: carrying.Carrier, keys: Any) -> Any:
            found = read(self, keys)
            if keys and not blocked:
                blocked.append(subscribers.block("table", id_of(READER, parameters), utc_now()))
            return found

        monkeypatch.setattr(carrying.Carrier, "_read", and_then_block)
        done = brought(app, operate, file)
        assert (blocked, done.get("carried"), done["stays_left"]) == ([True], None, 1)
        assert [item["state"] for item in stored("subscriber").values()] == ["blocked"]


def test_what_dynamodb_leaves_out_of_a_batch_is_asked_for_again(
    operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stack(SAME) as app:
        many.put(somebody(READER, "confirmed", 1, SECRET))
        file = exported(app, operate, tmp_path)
        call = dynamodb.call
        left_out: list[Any] = []

        def throttled(operation: str, **parameters: Any) -> dict[str, Any]:
            if operation == "batch_get_item" and not left_out:
                left_out.append(parameters["RequestItems"])
                return {"Responses": {}, "UnprocessedKeys": parameters["RequestItems"]}
            return call(operation, **parameters)

        monkeypatch.setattr(dynamodb, "call", throttled)
        assert brought(app, operate, file)["there_already"] == 1
        assert left_out
        monkeypatch.setattr(dynamodb, "_FIRST_WAIT", 1e9)
        left_out.clear()
        said = operate(app, "import", str(file))
        assert (said.code, "unreachable" in said.told + said.out) == (3, True)


def test_an_interrupted_import_goes_on(operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stack(SAME) as app:
        for number in range(12):
            many.put(somebody(many.address(number), "confirmed", 1, SECRET))
        before = stored()
        file = exported(app, operate, tmp_path)
    monkeypatch.setattr(carrying, "BLOCK", 5)
    with stack(SAME) as app:
        carry_block = carrying.Carrier._carry_block  # noqa: SLF001

        def stop(self: carrying.Carrier, *arguments: Any, **options: Any) -> Any:
            yield from carry_block(self, *arguments, **options)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(carrying.Carrier, "_carry_block", stop)
            said: Said = operate(app, "import", str(file))
        assert (said.code, len(stored())) == (130, 5)
        assert "run the same command again" in said.told
        assert brought(app, operate, file)["there_already"] == 5
        assert stored() == before


# --- hundreds ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@TARGETS
def test_hundreds_in_all_states_are_the_same_afterwards(
    operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]
) -> None:
    # Several pages of the export, and several blocks of the import.
    monkeypatch.setattr(moto_table, "RESULT_SIZE_LIMIT", 50_000)
    people = range(500)
    states = {number: (STATES[number % 10] if number % 10 < len(STATES) else "confirmed") for number in people}
    with stack(SAME) as app:
        for number, state in states.items():
            erased = number % 20 == 1
            many.put(somebody(many.address(number), state, number % 9, SECRET, erased=erased, by_click=number % 3 > 0))
        before = stored("subscriber")
        file = exported(app, operate, tmp_path)
    with stack(parameters) as app:
        done = brought(app, operate, file)
        assert done["carried"] == len(people)
        after = stored("subscriber")
        for item in before.values():
            new = id_of(item["email"], parameters) if "email" in item else item["id"]
            # Including consent and times: only the id differs.
            assert after.pop(place_of(new)) == {**item, "id": new, **table.key(Subscriber, new)}
        assert after == {}
        whole = stored()
        assert brought(app, operate, file)["there_already"] == len(people)
        assert stored() == whole
        # What each may still do: a sample from every state signs up.
        for number in range(20):
            sign_up(app, email=many.address(number))
        mailed = {str(mail["To"]) for mail in app.mails()}
        for number in range(20):
            assert (many.address(number) in mailed) == (states[number] in {"unsubscribed", "lifted"})
        counts = operate(app, "subscribers", "--count", "--json").rows[0]
        assert {state: counts[state] for state in STATES} == Counter(states.values())


def test_secrets_know_their_marks() -> None:
    both = Secrets(OTHER, SECRET)
    assert set(both.by_mark.values()) == {OTHER, SECRET}
    assert Secrets(OTHER, OTHER).former == ""


# --- renewals -------------------------------------------------------------------------------------------------------


def reader_here(parameters: dict[str, str]) -> dict[str, Any]:
    return stored("subscriber")[place_of(id_of(READER, parameters))]


@pytest.mark.quick_cases(1)
@TARGETS
@pytest.mark.parametrize("sent", [False, True], ids=["waits", "sent"])
def test_nobody_carried_in_the_midst_of_a_renewal_is_forgotten_or_ended_unheard(
    operate: Operate, tmp_path: Path, parameters: dict[str, str], *, sent: bool
) -> None:
    with time_machine.travel(DUE, tick=False) as clock:
        with isolated():
            app = App(resolve())
            subscribers.add_imported("table", imported(READER, DUE - 4 * 365 * DAY))
            while "renewal_queued_at" not in reader_here(SAME):
                clock.shift(DAY)
                app.sweep()
            if sent:
                app.play_stream()
            assert bool(asked(app)) == sent
            file = exported(app, operate, tmp_path)
        with stack(parameters) as app:
            brought(app, operate, file)
            carried = reader_here(parameters)
            days(app, clock, renewals.PARTS + 1)
            # With the same secret, the link works here as well; otherwise, this stack asks itself.
            assert len(asked(app)) == (0 if sent and parameters is SAME else 1)
            assert ("renewal_sent_at" in carried or "renewal_queued_at" in carried) == (sent and parameters is SAME)
            clock.shift(31 * DAY)
            days(app, clock, renewals.PARTS + 1)
            assert reader_here(parameters)["left_for"] == "no_answer"
            before = stored()
            brought(app, operate, file)
            assert stored() == before


@pytest.mark.quick_cases(1)
@TARGETS
@pytest.mark.parametrize("ended", [False, True], ids=["asked here", "ended here"])
def test_an_answer_at_the_old_stack_counts_here_with_the_next_archive(
    operate: Operate, tmp_path: Path, parameters: dict[str, str], *, ended: bool
) -> None:
    with time_machine.travel(DUE, tick=False) as clock, isolated():
        app = App(resolve())
        subscribers.add_imported("table", imported(READER, DUE - 4 * 365 * DAY))
        days(app, clock, renewals.PARTS + 1)
        assert len(asked(app)) == 1
        first = exported(app, operate, tmp_path)
        clock.shift(DAY)
        subscribers.renew("table", subscriber_id(SECRET, READER), utc_now())
        answered = exported(app, operate, tmp_path)
        with stack(parameters) as app:
            brought(app, operate, first)
            days(app, clock, renewals.PARTS + 1)
            if ended:
                clock.shift(31 * DAY)
                days(app, clock, renewals.PARTS + 1)
                assert reader_here(parameters)["state"] == "unsubscribed"
            brought(app, operate, answered)
            here = reader_here(parameters)
            assert (here["state"], here["history"][-1]["event"]) == ("confirmed", "renewed")
            assert not {"renewal_queued_at", "renewal_sent_at", "left_for", "expires_at"} & set(here)
            before = stored()
            brought(app, operate, answered)
            brought(app, operate, first)
            assert stored() == before


@pytest.mark.quick_cases(1)
@TARGETS
@pytest.mark.parametrize("answered", ["nowhere", "here by the button", "here by another page", "by leaving there"])
def test_whoever_the_old_stack_ended_unanswered_stays_if_they_answered_here(
    operate: Operate, tmp_path: Path, parameters: dict[str, str], answered: str
) -> None:
    one = id_of(READER, parameters)
    with time_machine.travel(DUE, tick=False) as clock, isolated():
        app = App(resolve())
        subscribers.add_imported("table", imported(READER, DUE - 4 * 365 * DAY))
        days(app, clock, renewals.PARTS + 1)
        first = exported(app, operate, tmp_path)
        clock.shift(31 * DAY)
        days(app, clock, renewals.PARTS + 1)
        ended = exported(app, operate, tmp_path)
        assert reader_here(SAME)["left_for"] == "no_answer"
        subscribers.unsubscribe("table", subscriber_id(SECRET, READER), utc_now(), DAY * 30)
        left = exported(app, operate, tmp_path)
        clock.move_to(DUE + LAP + 5 * DAY)
        with stack(parameters) as app:
            brought(app, operate, first)
            if answered == "here by the button":
                subscribers.renew("table", one, utc_now())
            elif answered == "here by another page":
                subscribers.note_life("table", one, utc_now())
            clock.shift(60 * DAY)
            brought(app, operate, ended)
            here = reader_here(parameters)
            if answered.startswith("here"):
                assert here["state"] == "confirmed"
            else:
                assert (here["state"], here["left_for"], here["history"][-1]["reason"]) == (
                    "unsubscribed", "no_answer", "no_answer",
                )  # fmt: skip
            brought(app, operate, ended)
            assert reader_here(parameters) == here
            if answered == "by leaving there":
                brought(app, operate, left)
                # An old link does not bring back anyone who pressed the button to leave.
                assert "left_for" not in reader_here(parameters)
                assert subscribers.renew("table", one, utc_now()) == ("unsubscribed", False)
