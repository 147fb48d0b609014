"""The same action by many at once: one of them takes effect, and nobody gets an error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from guichet.records.comment import Comment
from guichet.signing import subscriber_id
from guichet.store import comments
from tests.faults.load import Account, account, main
from tests.support import threads
from tests.support.app import START, App
from tests.support.feedback import feedback
from tests.support.newsletter import (
    READER,
    SECRET,
    events_of,
    link_in_last_mail,
    local,
    open_link,
    press,
    sign_up,
    subscribe,
    subscriber,
    unsubscribe_url,
)

MANY = 8


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls simultaneously, and return their results."""
    gate = Barrier(len(calls))

    def make(call: Callable[[], Any]) -> Any:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def test_parallel_confirmations_are_one(app: App) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    replies = at_once(*[lambda: press(app, page).status_code] * MANY)
    app.play_stream()
    assert replies == [200] * MANY
    assert events_of(subscriber(app)) == ["confirmed"]
    assert sorted(mail["To"] for mail in app.mails()[1:]) == ["owner@atelier.example", READER]


def test_to_confirm_and_to_leave_at_once_ends_in_the_state_that_the_record_tells(app: App) -> None:
    subscribe(app)
    leave = local(unsubscribe_url(app))
    ask = {"json": {"email": READER}}
    pair = (lambda: app.post(leave).status_code, lambda: app.post("/newsletter", **ask).status_code)
    replies = at_once(*pair * (MANY // 2))
    assert replies == [200] * MANY
    assert events_of(subscriber(app)) == ["confirmed", "unsubscribed"]
    assert subscriber(app)["state"] == "unsubscribed"


def test_a_confirmation_beside_a_departure_is_one_after_the_other(app: App) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    from guichet.http.links import unsubscribe_link  # noqa: PLC0415

    leave = unsubscribe_link("", subscriber_id(SECRET, READER), "fr", SECRET)
    replies = at_once(*[lambda: press(app, page).status_code, lambda: app.post(leave).status_code] * (MANY // 2))
    assert set(replies) <= {200, 410}
    events = events_of(subscriber(app))
    # Either way, the state is what happened last, and nothing is there twice.
    assert events in (["confirmed"], ["confirmed", "unsubscribed"])
    assert subscriber(app)["state"] == events[-1]


def test_parallel_sign_ups_of_one_address_send_it_one_email(app: App) -> None:
    def post(number: int) -> int:
        caller = {"REMOTE_ADDR": f"203.0.113.{number}"}
        return app.post("/newsletter", json={"email": READER}, environ_overrides=caller).status_code

    replies = at_once(*[lambda number=number: post(number) for number in range(MANY)])
    at_once(app.sweep, app.sweep, app.play_stream)
    assert replies == [200] * MANY
    assert len(app.items("request")) == MANY
    assert [mail["To"] for mail in app.mails()] == [READER]


def test_parallel_feedback_of_one_bounce_ends_mail_once(app: App) -> None:
    subscribe(app)
    at_once(*[lambda: feedback(app, "bounce-permanent")] * MANY)
    assert events_of(subscriber(app)) == ["confirmed", "bounced"]


def test_parallel_runs_of_the_notifier_send_every_email_once(app: App) -> None:
    for number in range(6):
        app.post("/contact", json={"email": "a@example.org", "message": str(number)})
    at_once(*[app.sweep] * 4)
    assert len(app.mails()) == 6


def settled(app: App) -> None:
    """Check that a page shows and counts what is approved, each once."""
    approved = sorted(item["entry"] for item in app.items("comment") if item["state"] == "approved")
    assert sorted(item["sk"].removeprefix("entry#") for item in app.items("entry")) == approved
    assert threads.read(app)["count"] == len(approved)


def test_owners_who_approve_one_comment_at_once_approve_it_once(app: App) -> None:
    comment_id = threads.post(app)
    seen = threads.stored(comment_id)
    became = at_once(*[lambda: comments.approve("table", SECRET, seen, threads.public("<p>x</p>"), START)] * MANY)
    assert sorted(became) == ["already"] * (MANY - 1) + ["approved"]
    assert threads.outline(threads.read(app)) == [(comment_id, [])]
    settled(app)


def _approved(seen: Comment) -> bool:
    return comments.approve("table", SECRET, seen, threads.public("<p>x</p>"), START) == "approved"


def test_owners_who_do_different_things_to_one_comment_at_once_do_one_of_them(app: App) -> None:
    for number in range(4):
        first = threads.shown(app, comment=f"first {number}")
        seen = threads.stored(first)
        done = at_once(
            partial(comments.withdraw, "table", SECRET, seen, "refused", START),
            partial(comments.delete, "table", SECRET, seen, START),
            partial(comments.withdraw, "table", SECRET, seen, "spam", START),
            partial(_approved, seen),
        )
        assert sorted(done) == [False, False, False, True]
        settled(app)


def test_answers_that_are_approved_while_their_comment_goes_are_shown_and_counted_once_each(app: App) -> None:
    first = threads.shown(app)
    answers = [threads.post(app, parent=first, comment=f"answer {number}") for number in range(MANY - 1)]
    seen = threads.stored(first)
    became = at_once(
        *[partial(threads.approve, one) for one in answers],
        lambda: comments.delete("table", SECRET, seen, START),
    )
    assert became == ["approved"] * (MANY - 1) + [True]
    part = threads.read(app)
    shown = [one["id"] for one in part["comments"] if "html" in one]
    shown += [reply["id"] for one in part["comments"] for reply in one["replies"]]
    assert sorted(shown) == sorted(answers)
    settled(app)


def test_a_comment_that_is_posted_again_while_it_is_approved_is_one(app: App) -> None:
    comment_id = threads.post(app)
    became = at_once(*[lambda: threads.post(app), lambda: threads.approve(comment_id)] * (MANY // 2))
    assert became[::2] == [comment_id] * (MANY // 2)
    assert became[1::2].count("approved") == 1
    settled(app)


def test_a_load_is_accounted_for_to_the_last_post() -> None:
    done = account(60, seed=1)
    assert (done.posts, done.told) == (60, 60)
    assert 40 < len(done.accepted) < 60
    assert sorted(done.accepted) == sorted(done.stored) == sorted(done.mailed)


def test_the_load_command_prints_the_account_and_fails_where_it_is_not_exact(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.load.account", lambda _: Account(3, 3, ["a", "b"], ["b", "a"], ["a", "b"]))
    assert main(["--posts", "3"]) == 0
    assert "| 3 | 3 | 2 | 2 | 2 |" in capsys.readouterr().out
    # One lost and one duplicated give the right total.
    monkeypatch.setattr("tests.faults.load.account", lambda _: Account(3, 3, ["a", "b"], ["a", "b"], ["a", "a"]))
    assert main(["--posts", "3"]) == 1
