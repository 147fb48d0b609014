"""Everything stored about a person: found, erased, redacted in what others wrote; and what stays."""

import json
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.store import dynamodb, subscribers, table
from guichet.store.erasure import ERASED, NotFinishedError, Person, erase, find_data
from infra.operate.erasure import remains
from tests.support.app import START, App, isolated, resolve
from tests.support.feedback import feedback
from tests.support.newsletter import (
    READER,
    SECRET,
    link_in_last_mail,
    local,
    open_link,
    press,
    subscribe,
    subscriber,
    unsubscribe_url,
)
from tests.support.wire import Wire, unreachable

KEPT = timedelta(days=1095)
READER_ = Person(READER, SECRET)


def contact(app: App, **fields: str) -> None:
    assert app.post("/contact", json={"email": "other@example.org", "message": "Hello", **fields}).status_code == 200


def everything(app: App) -> str:
    return json.dumps(app.items(), ensure_ascii=False)


@pytest.mark.parametrize(
    "text",
    [
        "reader@example.org",
        "Write to READER@Example.ORG.",
        "<reader@example.org>, mailto:reader@example.org",
        "'reader@example.org'",
        "/page?email=reader@example.org&x=1",
        "/page?email=reader%40example.org",
        "/page?q%3Dreader%40example.org%26x",
        "-reader@example.org-",
        "...reader@example.org...",
        "été:reader@example.org?",
        "_reader@example.org_",
        "**reader@example.org**",
        "__reader@example.org__",
        "reader@example.org_",
        "联系reader@example.org谢谢",
        "écrireàreader@example.org",
        "éreader@example.org",
        "reader@example.orgé",
        "@reader@example.org",
        "l'adresse d'reader@example.org",
        "reader@example.org-2026-11-25",
        "reader@example.org_2026",
        "reader@example.org2",
        "Voici...reader@example.org...Merci",
        "reader@example.org,reader@example.org",
        "reader@example.org_reader@example.org",
        "reader@example.org.reader@example.org",
        "reader@example.orgreader@example.org",
        "/page?q=hello+reader%40example.org",
        "/page?next=%2Fp%3Femail%3Dreader%2540example.org",
        "/page?q=a%20%2Breader%40example.org",
    ],
)
def test_an_address_is_found_in_a_text(text: str) -> None:
    struck = READER_.redacted(text)
    assert ERASED in struck
    assert "reader" not in struck.lower()


@pytest.mark.parametrize(
    "text",
    [
        "areader@example.org",
        "jo.reader@example.org",
        "jo+reader@example.org",
        "jo-reader@example.org",
        "jo_reader@example.org",
        "@jo.reader@example.org",
        "ereader@example.org",
        "/page?email=x%2Breader%40example.org",
        "/page?email=jo.reader%40example.org",
        "reader@example.org.uk",
        "reader@example.org.uk.",
        "reader@example.org.xn--p1ai",
        "reader@example.organic",
        "reader@example.organic_",
        "reader@example.org-x.com",
        "reader@example.org2.fr",
        "reader@example.org.uk--merci",
        "reader at example.org",
        "reader@example",
    ],
)
def test_another_address_is_left_alone(text: str) -> None:
    assert READER_.redacted(text) == text


def test_a_domain_with_accents_is_found_in_both_of_its_spellings() -> None:
    person = Person("ann@xn--exmple-cua.org", SECRET)
    for text in (
        "ann@exämple.org",
        "Ann@xn--exmple-cua.org",
        "ANN@EXÄMPLE.ORG",
        "ann@exa\u0308mple.org",
        "ann%40ex%C3%A4mple.org",
    ):
        assert person.redacted(text) == ERASED


def test_a_domain_that_stands_for_no_characters_is_found_as_it_is(app: App) -> None:
    address = "ann@xn--0.org"
    contact(app, email=address)
    contact(app, message=address)
    assert erase("table", Person(address, SECRET), KEPT).redacted == 1
    assert address not in everything(app)


@pytest.mark.parametrize("text", ["o'ann+x@example.org", "o%27ann%2Bx%40example.org", "o'ann%2Bx%40example.org"])
def test_an_address_with_signs_is_found_however_they_are_encoded(text: str) -> None:
    person = Person("o'ann+x@example.org", SECRET)
    assert person.redacted(f"?email={text}&x") == f"?email={ERASED}&x"


def test_the_address_of_who_wrote_is_another_one_whatever_it_begins_with(app: App) -> None:
    contact(app, email=f"_{READER}", message="Hello")
    before = everything(app)
    assert erase("table", READER_, KEPT).redacted == 0
    assert everything(app) == before


@pytest.mark.medium
def test_a_subscription_from_before_the_secret_was_changed_is_found(app: App) -> None:
    subscribe(app)
    done = erase("table", Person(READER, f"another {SECRET}"), KEPT)
    assert (done.redacted, done.remains) == (0, "unsubscribed")
    assert READER not in everything(app)


@pytest.mark.medium
def test_a_long_text_is_looked_through_in_no_time() -> None:
    # As much as a post may contain.
    for text in (f"{READER}_", f"{READER}.", f"{READER}a.", f"_{READER}" + ".a" * 120, "a.", "a@"):
        started = time.monotonic()
        READER_.redacted(text * (65536 // len(text)))
        assert time.monotonic() - started < 2, text


@pytest.mark.medium
def test_nothing_of_a_person_is_left_and_nothing_of_others_is_gone(app: App) -> None:
    subscribe(app, name="Secret Name")
    contact(app, email=READER.upper(), message="Secret words", ville="Secret town")
    contact(app, email=READER, message="Secret spam", _gotcha="x")
    contact(app, message=f"I know {READER}, and joreader@example.org", ville=f"near {READER}", subject=READER)
    contact(app, email="joreader@example.org")
    app.play_stream()
    found = find_data("table", READER_)
    assert {item["kind"] for item in found.own} == {"message", "request", "subscriber", "email", "cap"}
    (mention,) = found.mentions
    assert mention["email"] == "other@example.org"

    done = erase("table", READER_, KEPT)
    # Everything except the counts against the caps.
    own = [item for item in found.own if item["kind"] != "cap"]
    assert (done.erased, done.redacted, done.remains) == (len(own), 1, "unsubscribed")
    left = everything(app)
    assert READER not in left.lower().replace("joreader@example.org", "")
    assert "secret" not in left.lower()
    other, jo = sorted(app.items("message"), key=lambda item: str(item["email"]), reverse=True)
    assert (other["message"], other["subject"]) == (f"I know {ERASED}, and joreader@example.org", ERASED)
    assert ERASED in json.dumps(other["extra"])
    assert jo["email"] == "joreader@example.org"


@pytest.mark.medium
def test_to_erase_again_changes_nothing(app: App) -> None:
    subscribe(app)
    contact(app, message=READER)
    erase("table", READER_, KEPT)
    before = everything(app)
    with time_machine.travel(START + timedelta(days=365)):
        assert erase("table", READER_, KEPT).remains == "unsubscribed"
    assert everything(app) == before


@pytest.mark.medium
def test_of_a_subscriber_the_hash_stays_so_that_they_alone_can_come_back(app: App) -> None:
    with time_machine.travel(START, tick=False):
        subscribe(app)
        erase("table", READER_, KEPT)
    item = subscriber(app)
    assert set(item) == {"pk", "sk", "kind", "id", "state", "list", "left_at", "expires_at"}
    assert (item["state"], item["list"]) == ("unsubscribed", "subscribers#unsubscribed")
    assert int(item["expires_at"]) == int((START + KEPT).timestamp())
    with time_machine.travel(START + timedelta(days=1)):
        app.post("/newsletter", data={"email": READER})
        app.play_stream()
        assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
    assert subscriber(app)["state"] == "confirmed"


@pytest.mark.medium
@pytest.mark.parametrize("how", ["unsubscribed", "complained"])
def test_who_left_or_complained_stays_so(app: App, how: str) -> None:
    subscribe(app)
    if how == "complained":
        feedback(app, "complaint")
    else:
        app.post(local(unsubscribe_url(app)))
    before = subscriber(app)
    done = erase("table", READER_, KEPT)
    assert done.remains == how
    assert ("no import" if how == "unsubscribed" else "never mailed") in remains(done)[0]
    after = subscriber(app)
    assert "history" not in after
    assert {**after} == {name: before[name] for name in after}


@pytest.mark.medium
def test_who_was_lifted_stays_so_and_that_is_told_as_what_it_is(app: App) -> None:
    subscribe(app)
    feedback(app, "complaint")
    assert subscribers.lift("table", READER_.subscriber_id, utc_now(), KEPT)
    done = erase("table", READER_, KEPT)
    assert subscriber(app)["state"] == done.remains == "lifted"
    assert "no import" in remains(done)[0]


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("event", ["complaint", "unsubscribed", "gone"])
def test_what_becomes_of_a_subscriber_meanwhile_is_not_lost(
    app: App, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    subscribe(app)
    key = dynamodb.marshalled(table.key(Subscriber, READER_.subscriber_id))
    original = dynamodb.call
    happen: dict[str, Any] = {
        "complaint": lambda: feedback(app, "complaint"),
        "unsubscribed": lambda: app.post(local(unsubscribe_url(app))),
        "gone": lambda: original("delete_item", TableName="table", Key=key),
    }

    def racing(operation: str, **parameters: Any) -> Any:
        if operation == "update_item" and parameters["Key"] == key:
            monkeypatch.setattr(dynamodb, "call", original)
            happen[event]()
        return original(operation, **parameters)

    monkeypatch.setattr(dynamodb, "call", racing)
    with pytest.raises(NotFinishedError):
        erase("table", READER_, KEPT)
    after = {"complaint": "complained", "unsubscribed": "unsubscribed", "gone": None}[event]
    assert erase("table", READER_, KEPT).remains == after
    assert [item["state"] for item in app.items("subscriber")] == ([after] if after else [])
    assert READER not in everything(app)


@pytest.mark.medium
def test_a_write_whose_answer_is_lost_is_sent_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(app)
    contact(app, message=f"I know {READER}", subject=READER)
    original = dynamodb.client().update_item
    answers = iter([unreachable, None] * 2)

    def losing(**parameters: Any) -> Any:
        answer = original(**parameters)
        if lost := next(answers):
            lost(SimpleNamespace(url="https://dynamodb.example"))
        return answer

    monkeypatch.setattr(dynamodb.client(), "update_item", losing)
    done = erase("table", READER_, KEPT)
    assert (done.redacted, done.remains) == (1, "unsubscribed")
    assert READER not in everything(app)


def test_of_nobody_nothing_is_made(app: App) -> None:
    contact(app)
    before = everything(app)
    assert erase("table", READER_, KEPT).remains is None
    assert everything(app) == before


def test_what_has_expired_and_is_still_there_is_erased(app: App) -> None:
    with time_machine.travel(START):
        contact(app, email=READER, _gotcha="x")
    with time_machine.travel(START + timedelta(days=60)):
        assert erase("table", READER_, KEPT).erased == 1
    assert app.items("message") == []


def test_what_was_just_written_is_read(app: App) -> None:
    contact(app, email=READER)
    wire = Wire(dynamodb.client())
    erase("table", READER_, KEPT)
    reads = [json.loads(body) for name, body in zip(wire.operations, wire.bodies, strict=True) if name != "DeleteItem"]
    assert {"Scan", "Query"} <= set(wire.operations)
    assert all(read["ConsistentRead"] for read in reads)


def test_who_wrote_more_than_one_erasure_can_read_is_erased_bit_by_bit(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        contact(app, email=READER, message=str(number))
    wire = Wire(dynamodb.client())
    # A call takes a second, and nothing else takes time: reading everything of theirs takes seven.
    monkeypatch.setattr(time, "monotonic", lambda: float(len(wire.operations)))
    until = time.monotonic() + 6.5
    with pytest.raises(NotFinishedError):
        erase("table", READER_, KEPT, until=until)
    assert 0 < len(app.items("message")) < 4
    erase("table", READER_, KEPT)
    assert app.items("message") == []


@pytest.mark.medium
def test_it_goes_on_where_it_stopped_and_reads_nothing_twice(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        contact(app, message=f"{number} {READER}", email=READER if number % 3 == 0 else f"other{number}@example.org")
    wire = Wire(dynamodb.client())
    # A call takes a second, and nothing else takes time: how often it stops does not depend on the machine.
    monkeypatch.setattr(time, "monotonic", lambda: float(len(wire.operations)))
    call = dynamodb.call
    monkeypatch.setattr(
        dynamodb,
        "call",
        lambda operation, **named: call(operation, **named, **({"Limit": 4} if operation == "scan" else {})),
    )
    after, starts = None, []
    for _ in range(20):
        try:
            erase("table", READER_, KEPT, until=time.monotonic() + 3.5, after=after)
        except NotFinishedError as stopped:
            after = stopped.read_up_to
            starts.append(after)
        else:
            break
    assert len(starts) > 3
    assert starts == sorted(starts, key=str)
    assert READER not in everything(app)
    assert len(app.items("message")) == 6


def test_it_stops_when_its_time_is_up_and_what_changed_meanwhile_is_left_for_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact(app, message=f"first {READER}")
    with pytest.raises(NotFinishedError):
        erase("table", READER_, KEPT, until=time.monotonic() - 1)
    assert READER in everything(app)

    original = dynamodb.call

    def racing(operation: str, **parameters: Any) -> Any:
        if operation == "update_item":
            monkeypatch.setattr(dynamodb, "call", original)
            original(
                "update_item",
                TableName="table",
                Key=parameters["Key"],
                UpdateExpression="SET message = :new",
                ExpressionAttributeValues={":new": {"S": f"changed {READER}"}},
            )
        return original(operation, **parameters)

    monkeypatch.setattr(dynamodb, "call", racing)
    with pytest.raises(NotFinishedError):
        erase("table", READER_, KEPT)
    assert erase("table", READER_, KEPT).redacted == 1
    (item,) = app.items("message")
    assert item["message"] == f"changed {ERASED}"


_OTHERS = (
    "joreader@example.org",
    "jo.reader@example.org",
    "jo_reader@example.org",
    "jo-reader@example.org",
    "jo+reader@example.org",
    "jo.reader%40example.org",
    "reader@example.org.uk",
    "reader@example.organic",
)
_SPELLINGS = (READER, READER.upper(), "Reader@Example.org", "reader%40example.org")
_WORDS = ("é", "谢谢", "—", "_", "*", " ", "_ Merci _", ", ", "<", "\n")
# Addresses with anything between them but a letter, a digit or a dot: nobody could tell where one would end.
_PIECES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(_WORDS), max_size=3).map("".join),
        st.sampled_from(_SPELLINGS + _OTHERS),
        st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3).map("".join),
    ),
    min_size=1,
    max_size=6,
)
_TEXTS = _PIECES.map(lambda pieces: "".join(map("".join, pieces)))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(pieces=_PIECES)
def test_whatever_adjoins_them_their_address_is_struck_and_those_of_others_stay(
    pieces: list[tuple[str, str, str]],
) -> None:
    struck = [(before, ERASED if found in _SPELLINGS else found, after) for before, found, after in pieces]
    assert READER_.redacted("".join(map("".join, pieces))) == "".join(map("".join, struck))


_POSTS = st.fixed_dictionaries(
    {
        "email": st.sampled_from([READER, READER.title(), "joreader@example.org", "other@example.org"]),
        "message": _TEXTS,
    },
    optional={"name": _TEXTS, "subject": _TEXTS, "phone": _TEXTS, "ville": _TEXTS, "_gotcha": st.just("x")},
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(posts=st.lists(_POSTS, min_size=1, max_size=5), sign_ups=st.lists(_POSTS, max_size=2))
def test_no_item_holds_the_address_afterwards(posts: list[dict[str, str]], sign_ups: list[dict[str, str]]) -> None:
    with isolated():
        app = App(resolve())
        for number, post in enumerate(posts):
            app.post("/contact", json={**post, "_id": str(number)})
        for post in sign_ups:
            app.post("/newsletter", json={"email": post["email"], "name": post["message"], "source": "/blog"})
        others = [
            item["pk"] for item in app.items() if item.get("email") in {"joreader@example.org", "other@example.org"}
        ]
        erase("table", READER_, KEPT)
        left = everything(app).lower()
        for other in _OTHERS:
            left = left.replace(other, "")
        assert "reader@example.org" not in left
        assert "reader%40example.org" not in left
        assert {item["pk"] for item in app.items()} >= set(others)


@pytest.mark.slow
def test_who_is_erased_again_and_again_is_not_mailed_the_more(app: App) -> None:
    for number in range(4):
        caller = {"REMOTE_ADDR": f"203.0.113.{number}"}
        app.post("/newsletter", json={"email": READER}, environ_overrides=caller)
        app.play_stream()
        erase("table", READER_, KEPT)
    assert len(app.mails()) == 1
    assert not [item for item in app.items() if READER in str(item)]
