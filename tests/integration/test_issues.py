"""An issue of the newsletter: started, sent once to each entitled reader, paused, resumed, cancelled, ended."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from time_machine import Traveller

from guichet.locales import Language
from guichet.mail import ses
from guichet.mail.series import Series
from guichet.records.issue import Edition, Issue, Tally
from guichet.records.record import utc_now
from guichet.records.subscriber import MOST_SOFT_BOUNCES
from guichet.signing import subscriber_id
from guichet.store import dynamodb, issues, readers, subscribers
from infra.local.functions import Context
from issues import worker
from tests.support.app import PARAMETERS, START, App
from tests.support.feedback import event_about, taken, tell, told
from tests.support.newsletter import SECRET, local
from tests.support.sending import TABLE, add, copies, play, the, to

EDITIONS: Mapping[Language, Edition] = {
    "fr": Edition(subject="Novembre à l’atelier", markdown="# Bonjour\n\nLes *cyanotypes* sont prêts."),
    "en": Edition(subject="November in the studio", markdown="# Hello\n\nThe *cyanotypes* are ready."),
}


def save(name: str = "novembre", editions: Mapping[Language, Edition] = EDITIONS) -> Issue:
    assert issues.save(TABLE, name, editions, issues.content_hash(SECRET, editions), utc_now()) is None
    return the(name)


def start(name: str = "novembre", editions: Mapping[Language, Edition] = EDITIONS) -> None:
    assert issues.begin(TABLE, save(name, editions), utc_now())


def to_owner(app: App) -> list[str]:
    return [mail["Subject"] for mail in app.mails() if "atelier.example" in mail["To"]]


def states(name: str = "novembre") -> Counter[str]:
    return Counter(row.state for row in readers.all_of(TABLE, name))


def row_of(address: str, name: str = "novembre") -> Any:
    return readers.at(TABLE, readers.key_of(name, subscriber_id(SECRET, address)))


def change(sk: str, attribute: str, value: object) -> None:
    """Change an attribute of an item of the issue."""
    dynamodb.call(
        "update_item",
        TableName=TABLE,
        Key=dynamodb.marshalled({"pk": "issue#novembre", "sk": sk}),
        UpdateExpression=f"SET {attribute} = :value",
        ExpressionAttributeValues=dynamodb.marshalled({":value": value}),
    )


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make SES accept ten thousand a second, unless a test says otherwise."""
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(10_000.0, None, None))


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(START, tick=True) as clock:
        yield clock


@pytest.mark.slow
def test_each_reader_gets_their_copy_once_in_their_language(app: App) -> None:
    add("ann", "ben")
    add("cat", language="en")
    start()
    play(app)
    assert to(app) == {"ann@example.org": 1, "ben@example.org": 1, "cat@example.org": 1}
    subjects = {mail["To"]: mail["Subject"] for mail in copies(app)}
    assert subjects["ann@example.org"] == "Novembre à l’atelier"
    assert subjects["cat@example.org"] == "November in the studio"
    issue = the()
    assert (issue.state, issue.audience, issue.counts) == ("sent", 3, Tally(sent=3))
    assert states() == {"sent": 3}
    # And the owner is notified, once.
    assert len(to_owner(app)) == 1


@pytest.mark.medium
def test_the_link_of_a_copy_unsubscribes_its_reader_alone(app: App) -> None:
    add("ann", "ben")
    start()
    play(app)
    (copy,) = (mail for mail in copies(app) if mail["To"] == "ann@example.org")
    assert copy["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(copy["List-Unsubscribe"]).strip("<>")
    text, html = (copy.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert link in text.get_content()
    assert link.replace("&", "&amp;") in html.get_content()
    assert app.post(local(link), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    left = {item["email"]: item["state"] for item in app.items("subscriber")}
    assert left == {"ann@example.org": "unsubscribed", "ben@example.org": "confirmed"}


@pytest.mark.medium
def test_a_language_that_an_issue_lacks_gets_the_other(app: App) -> None:
    add("cat", language="en")
    start(editions={"fr": EDITIONS["fr"]})
    play(app)
    (copy,) = copies(app)
    assert copy["Subject"] == "Novembre à l’atelier"


@pytest.mark.medium
def test_nothing_is_sent_twice_whatever_is_repeated(app: App) -> None:
    add("ann", "ben")
    start()
    play(app)
    assert not issues.begin(TABLE, the(), utc_now())
    assert not issues.resume(TABLE, the(), utc_now())
    assert issues.save(TABLE, "novembre", EDITIONS, the().content, utc_now()) == "sent"
    app.sweep("Issues")
    play(app)
    assert set(to(app).values()) == {1}
    assert len(to_owner(app)) == 1


@pytest.mark.medium
def test_whoever_leaves_before_their_turn_gets_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben", "cat")
    start()
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(14.0, 200.0, 40.0))
    play(app)
    # All but a fifth of the day's quota is used up.
    assert (states(), the().waits_for) == ({"waiting": 3}, "quota")
    subscribers.unsubscribe(TABLE, subscriber_id(SECRET, "ann@example.org"), utc_now(), timedelta(days=30))
    subscribers.suppress(TABLE, subscriber_id(SECRET, "cat@example.org"), "complained", utc_now())
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(14.0, 200.0, 200.0))
    app.sweep("Issues")
    # It is not due until the sweep after the next.
    assert to(app) == {}
    with time_machine.travel(utc_now() + timedelta(minutes=15)):
        app.sweep("Issues")
    assert to(app) == {"ben@example.org": 1}
    assert row_of("ann@example.org").reason == "unsubscribed"
    assert row_of("cat@example.org").reason == "complained"
    assert the().counts == Tally(sent=1, left=2)


@pytest.mark.slow
def test_whoever_confirms_after_the_start_gets_the_next_issue(app: App) -> None:
    add("ann")
    start()
    with time_machine.travel(utc_now() + timedelta(seconds=1)):
        add("late")
    play(app)
    assert to(app) == {"ann@example.org": 1}
    start("decembre")
    with time_machine.travel(utc_now() + timedelta(seconds=2)):
        assert issues.resume(TABLE, the("decembre"), utc_now()) is False
        play(app)


@pytest.mark.medium
def test_whoever_confirmed_within_the_second_of_the_start_gets_it(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        add("ann")
        clock.shift(0.5)
        start()
        play(app)
    assert to(app) == {"ann@example.org": 1}


@pytest.mark.medium
def test_an_issue_without_readers_ends_at_once(app: App) -> None:
    start()
    play(app)
    assert (the().state, the().audience, the().counts) == ("sent", 0, Tally())


@pytest.mark.medium
def test_paused_it_waits_and_resumed_it_goes_on(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben", "cat", "dan")
    start()
    # One per page, and the owner pauses it after the first.
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(1.0, None, None))
    send = ses.send

    def send_and_pause(*arguments: Any) -> str:
        message_id = send(*arguments)
        issues.pause(TABLE, "novembre", utc_now())
        return message_id

    monkeypatch.setattr(ses, "send", send_and_pause)
    play(app)
    assert (the().state, sum(to(app).values()), the().counts.sent) == ("paused", 1, 1)
    app.sweep("Issues")
    assert sum(to(app).values()) == 1
    monkeypatch.setattr(ses, "send", send)
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(10_000.0, None, None))
    assert issues.resume(TABLE, the(), utc_now())
    play(app)
    assert (the().state, set(to(app).values()), len(to(app))) == ("sent", {1}, 4)
    # The owner, who paused it, was only notified of the end.
    assert len(to_owner(app)) == 1


@pytest.mark.medium
def test_cancelled_it_ends_and_says_how_many_did_not_get_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben")
    start()
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(14.0, 200.0, 41.0))
    play(app)
    assert issues.cancel(TABLE, "novembre", utc_now())
    play(app)
    assert (the().state, the().counts, sum(to(app).values())) == ("cancelled", Tally(sent=1, waiting=1), 1)
    assert not issues.cancel(TABLE, "novembre", utc_now())
    assert not issues.resume(TABLE, the(), utc_now())
    assert len(to_owner(app)) == 1


@pytest.mark.medium
def test_a_copy_in_doubt_of_a_cancelled_issue_is_not_sent_again(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    lost = in_doubt(app, monkeypatch, sent=False)
    assert issues.cancel(TABLE, "novembre", utc_now())
    clock.shift(timedelta(hours=2))
    app.sweep("Issues")
    assert (the().state, the().counts, len(lost), to(app)) == ("cancelled", Tally(unknown=1), 1, {})
    assert row_of("ann@example.org").reason == "SES gave no answer, and no event told of it"


@pytest.mark.medium
def test_a_refusal_of_one_copy_is_that_readers_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben")
    start()
    send = ses.send

    def refuse_ann(message: bytes, *arguments: Any) -> str:
        if arguments[2] == ["ann@example.org"]:
            raise ses.RejectedError("MessageRejected: ann@example.org is suspicious")
        return send(message, *arguments)

    monkeypatch.setattr(ses, "send", refuse_ann)
    play(app)
    assert the().counts == Tally(sent=1, refused=1)
    assert row_of("ann@example.org").reason == "MessageRejected: … is suspicious"


def in_doubt(app: App, monkeypatch: pytest.MonkeyPatch, *, sent: bool, times: int = 1) -> list[str]:
    """Send an issue to Ann, and lose SES's answers to the first calls, accepted or not. Return their recipients."""
    add("ann")
    start()
    send = ses.send
    lost: list[str] = []

    def lose(message: bytes, *arguments: Any) -> str:
        if len(lost) >= times:
            return send(message, *arguments)
        lost.append(arguments[2][0])
        if sent:
            send(message, *arguments)
        raise ses.PostponedError("ReadTimeoutError", certain=False)

    monkeypatch.setattr(ses, "send", lose)
    play(app)
    return lost


@pytest.mark.medium
def test_a_call_without_an_answer_is_settled_by_the_event(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    in_doubt(app, monkeypatch, sent=True)
    assert (the().state, states()) == ("sending", {"claimed": 1})
    tell(app, "send")
    assert states() == {"sent": 1}
    clock.shift(timedelta(minutes=15))
    app.sweep("Issues")
    assert (the().state, to(app)) == ("sent", {"ann@example.org": 1})


@pytest.mark.medium
def test_a_second_call_that_ses_refuses_for_now_leaves_the_first_in_doubt(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    in_doubt(app, monkeypatch, sent=True)
    (mail,) = taken()

    def refuse(*_: Any) -> str:
        raise ses.PostponedError("SendingPausedException: ", certain=True)

    clock.shift(timedelta(hours=2))
    with monkeypatch.context() as patch:
        patch.setattr(ses, "send", refuse)
        app.sweep("Issues")
    assert states() == {"claimed": 1}
    tell(app, "send", mail)
    clock.shift(timedelta(hours=2))
    app.sweep("Issues")
    assert (the().state, to(app)) == ("sent", {"ann@example.org": 1})


@pytest.mark.medium
def test_without_answer_and_event_it_is_sent_again_once_then_unknown(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    lost = in_doubt(app, monkeypatch, sent=False, times=9)
    for minutes, calls in ((30, 1), (35, 2), (300, 2), (65, 2)):
        clock.shift(timedelta(minutes=minutes))
        app.sweep("Issues")
        assert len(lost) == calls, minutes
    assert (the().state, the().counts) == ("sent", Tally(unknown=1))
    assert row_of("ann@example.org").reason
    # None of it is tried afterwards.
    clock.shift(timedelta(days=1))
    app.sweep("Issues")
    assert len(lost) == 2


@pytest.mark.medium
def test_an_event_that_comes_after_the_end_corrects_the_counts(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    in_doubt(app, monkeypatch, sent=True, times=9)
    for _ in range(2):
        clock.shift(timedelta(hours=7))
        app.sweep("Issues")
    assert the().counts == Tally(unknown=1)
    for _ in range(2):
        tell(app, "send")
    assert (states(), the().counts) == ({"sent": 1}, Tally(sent=1))


@pytest.mark.medium
def test_someone_in_doubt_who_left_is_unknown(app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller) -> None:
    lost = in_doubt(app, monkeypatch, sent=False)
    subscribers.unsubscribe(TABLE, subscriber_id(SECRET, "ann@example.org"), utc_now(), timedelta(days=30))
    clock.shift(timedelta(hours=2))
    app.sweep("Issues")
    assert (len(lost), the().counts) == (1, Tally(unknown=1))


@pytest.mark.slow
def test_ses_that_takes_no_mail_is_left_alone_until_the_next_sweep(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    add(*(f"reader{number}" for number in range(40)))
    start()
    send, calls = ses.send, []

    def paused(*arguments: Any) -> str:
        calls.append(arguments)
        raise ses.PostponedError("MessageRejected: sending is paused", certain=True)

    monkeypatch.setattr(ses, "send", paused)
    play(app)
    assert len(calls) <= 32
    assert (the().state, the().waits_for, states()) == ("sending", "ses", {"waiting": 40})
    monkeypatch.setattr(ses, "send", send)
    clock.shift(timedelta(minutes=15))
    app.sweep("Issues")
    assert (the().state, len(to(app)), set(to(app).values())) == ("sent", 40, {1})


@pytest.mark.medium
def test_the_sandbox_pauses_an_issue_and_the_owner_is_told(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben", "cat", "dan")
    start()
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(1.0, None, None))
    send = ses.send

    def unverified(message: Any, *arguments: Any) -> str:
        if arguments[2:] and "example.org" in arguments[2][0]:
            raise ses.PostponedError("MessageRejected: not verified", certain=True, of_recipient=True)
        return send(message, *arguments)

    monkeypatch.setattr(ses, "send", unverified)
    play(app)
    assert (the().state, the().reason, states()) == ("paused", "sandbox", {"waiting": 4})
    assert len(to_owner(app)) == 1


def event_of(app: App, name: str, address: str, **bounce: str | None) -> None:
    (mail,) = (mail for mail in taken() if mail.to == [address])
    told(app, event_about(name, mail, **bounce))


@pytest.mark.medium
def test_bounces_and_complaints_are_written_down_and_suppress(app: App) -> None:
    add("ann", "ben", "cat")
    start()
    play(app)
    for _ in range(2):
        event_of(app, "bounce-permanent", "ann@example.org")
        event_of(app, "complaint", "ben@example.org")
        event_of(app, "delivery", "cat@example.org")
    assert issues.feedback_of(TABLE, "novembre") == (1, 1)
    assert readers.tally_of(TABLE, "novembre") == Tally(sent=3, bounced=1, complained=1)
    assert row_of("ann@example.org").bounce
    assert {item["state"] for item in app.items("subscriber")} == {"bounced", "complained", "confirmed"}


@pytest.mark.medium
def test_a_rejection_outranks_that_it_was_sent(app: App) -> None:
    add("ann")
    start()
    play(app)
    assert the().counts == Tally(sent=1)
    for _ in range(2):
        event_of(app, "reject", "ann@example.org")
        event_of(app, "send", "ann@example.org")
    assert (states(), the().counts) == ({"refused": 1}, Tally(refused=1))


@pytest.mark.medium
def test_an_automatic_reply_is_no_bounce(app: App) -> None:
    add("ann")
    start()
    play(app)
    event_of(app, "delivery", "ann@example.org")
    event_of(app, "bounce-transient", "ann@example.org", bounceType="Transient", status=None, diagnosticCode=None)
    assert readers.tally_of(TABLE, "novembre") == Tally(sent=1)


@pytest.mark.medium
def test_soft_bounces_of_copies_count_until_one_is_delivered(app: App, clock: Traveller) -> None:
    add("ann", "ben")
    for name in ("ann", "ben"):
        for number in range(MOST_SOFT_BOUNCES - 1):
            subscribers.count_soft_bounce(TABLE, subscriber_id(SECRET, f"{name}@example.org"), f"{number}", utc_now())
    start()
    play(app)
    clock.shift(timedelta(hours=1))
    event_of(app, "delivery", "ann@example.org")
    for name in ("ann", "ben"):
        event_of(app, "bounce-transient", f"{name}@example.org")
    left = {item["state"]: item.get("email") for item in app.items("subscriber")}
    assert left == {"confirmed": "ann@example.org", "bounced": None}


@pytest.mark.medium
def test_an_event_of_a_claim_that_is_not_the_rows_changes_nothing(app: App) -> None:
    add("ann")
    start()
    play(app)
    mail = taken()[0]
    forged = event_about("reject", mail)
    forged["mail"]["tags"]["guichet-claim"] = ["0" * 32]
    told(app, forged)
    assert states() == {"sent": 1}


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    ("told", "reason"),
    [((11, 0), "bounces"), ((10, 0), None), ((0, 3), "complaints"), ((0, 2), None)],
)
def test_too_many_bounces_or_complaints_pause_it(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller, told: tuple[int, int], reason: str | None
) -> None:
    add(*(f"reader{number}" for number in range(3)))
    start()
    monkeypatch.setattr(issues, "feedback_of", lambda *_: told)
    with monkeypatch.context() as used_up:
        used_up.setattr(ses, "quota", lambda: ses.Quota(14.0, 200.0, 0.0))
        play(app)
    change("issue", "tally.sent", 199)
    clock.shift(timedelta(minutes=15))
    app.sweep("Issues")
    play(app)
    assert (the().state, the().reason) == (("paused", reason) if reason else ("sent", None))
    assert len(to_owner(app)) == 1


@pytest.mark.medium
def test_what_pauses_it_is_counted_anew_once_it_is_resumed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben")
    start()
    monkeypatch.setattr(issues, "feedback_of", lambda *_: (0, 3))
    play(app)
    assert the().reason == "complaints"
    assert issues.resume(TABLE, the(), utc_now())
    play(app)
    assert (the().state, set(to(app).values()), len(to(app))) == ("sent", {1}, 2)


@pytest.mark.medium
def test_bounces_are_counted_anew_once_it_is_resumed(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    add("ann", "ben")
    start()
    monkeypatch.setattr(issues, "feedback_of", lambda *_: (11, 0))
    with monkeypatch.context() as used_up:
        used_up.setattr(ses, "quota", lambda: ses.Quota(14.0, 200.0, 0.0))
        play(app)
    # One per page.
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(1.0, None, None))
    change("issue", "tally.sent", 199)
    clock.shift(timedelta(minutes=15))
    app.sweep("Issues")
    assert (the().state, the().reason, len(to(app))) == ("paused", "bounces", 1)
    assert issues.resume(TABLE, the(), utc_now())
    # As if 200 copies had been sent since, of which none bounced.
    change("issue", "tally.sent", 400)
    play(app)
    assert (the().state, set(to(app).values()), len(to(app))) == ("sent", {1}, 2)


@pytest.mark.medium
def test_another_text_than_the_one_that_was_started_is_not_sent(app: App) -> None:
    add("ann")
    start()
    change("edition#fr", "markdown", "Other words.")
    play(app)
    assert (the().state, the().reason, to(app)) == ("paused", "changed", {})


@pytest.mark.medium
def test_it_starts_with_the_first_sweep_after_its_time(app: App, clock: Traveller) -> None:
    add("ann")
    assert issues.schedule(TABLE, save(), utc_now() + timedelta(hours=3), utc_now())
    play(app)
    clock.shift(timedelta(hours=2))
    app.sweep("Issues")
    assert to(app) == {}
    add("ben")
    clock.shift(timedelta(hours=1, minutes=10))
    app.sweep("Issues")
    play(app)
    # To those who are confirmed when it starts.
    assert (the().state, len(to(app))) == ("sent", 2)


@pytest.mark.medium
def test_more_than_an_hour_late_it_is_held_and_the_owner_asked(app: App, clock: Traveller) -> None:
    add("ann")
    assert issues.schedule(TABLE, save(), utc_now() + timedelta(hours=3), utc_now())
    clock.shift(timedelta(hours=4, minutes=1))
    app.sweep("Issues")
    play(app)
    assert (the().state, the().reason, to(app)) == ("paused", "late", {})
    assert len(to_owner(app)) == 1
    assert issues.resume(TABLE, the(), utc_now())
    play(app)
    assert (the().state, to(app)) == ("sent", {"ann@example.org": 1})


def test_a_draft_is_replaced_and_its_other_language_goes(app: App) -> None:
    save()
    assert the().languages == ("en", "fr")
    save(editions={"fr": EDITIONS["fr"]})
    assert (the().languages, set(issues.editions(TABLE, "novembre"))) == (("fr",), {"fr"})
    assert len(app.items("edition")) == 1


@pytest.mark.usefixtures("app")
def test_only_the_text_that_was_read_is_started_or_scheduled() -> None:
    read = save()
    save(editions={**EDITIONS, "fr": Edition(subject="Autre", markdown="Un autre texte.")})
    assert not issues.begin(TABLE, read, utc_now())
    assert not issues.schedule(TABLE, read, utc_now() + timedelta(hours=1), utc_now())
    assert the().state == "draft"


@pytest.mark.usefixtures("app")
def test_the_text_of_a_started_issue_is_not_replaced_once_it_is_cancelled() -> None:
    start()
    assert issues.cancel(TABLE, "novembre", utc_now())
    others: Mapping[Language, Edition] = {"fr": EDITIONS["fr"]}
    assert issues.save(TABLE, "novembre", others, "another", utc_now(), ("draft", "cancelled")) == "cancelled"
    assert issues.editions(TABLE, "novembre") == EDITIONS


@pytest.mark.medium
def test_two_runs_at_once_send_each_copy_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add(*(f"reader{number}" for number in range(12)))
    start()
    send = ses.send
    nested: list[bool] = []

    def send_with_another_run(*arguments: Any) -> str:
        if not nested:
            nested.append(True)
            # The lease keeps the other away.
            assert app.sweep("Issues") == {"novembre": "busy"}
        return send(*arguments)

    monkeypatch.setattr(ses, "send", send_with_another_run)
    play(app)
    assert (set(to(app).values()), len(to(app))) == ({1}, 12)


@pytest.mark.medium
def test_a_run_that_lost_its_lease_sends_no_further_page(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    add("ann", "ben", "cat")
    start()
    # One per page.
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(1.0, None, None))
    send = ses.send

    def send_too_late(*arguments: Any) -> str:
        clock.shift(timedelta(minutes=5))
        assert issues.lease(TABLE, "novembre", "another", utc_now(), utc_now() + timedelta(minutes=4))
        return send(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ses, "send", send_too_late)
        play(app)
    assert (sum(to(app).values()), the().counts) == (1, Tally(waiting=3))
    clock.shift(timedelta(minutes=15))
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(10_000.0, None, None))
    app.sweep("Issues")
    assert (the().state, the().counts, set(to(app).values())) == ("sent", Tally(sent=3), {1})


@pytest.mark.medium
def test_a_run_that_lost_its_lease_pauses_nothing(app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller) -> None:
    add("ann")
    start()
    monkeypatch.setattr(worker, "_ENOUGH", 1)

    def refuse_too_late(*_: Any) -> str:
        clock.shift(timedelta(minutes=5))
        assert issues.lease(TABLE, "novembre", "another", utc_now(), utc_now() + timedelta(minutes=4))
        raise ses.PostponedError("MessageRejected: not verified", certain=True, of_recipient=True)

    monkeypatch.setattr(ses, "send", refuse_too_late)
    app.functions["Issues"](_run_event())
    assert (the().state, to_owner(app)) == ("sending", [])


@pytest.mark.medium
def test_resumed_it_does_not_wait_for_the_lease_of_a_run_that_was_killed(app: App) -> None:
    add("ann")
    start()
    assert issues.lease(TABLE, "novembre", "killed", utc_now(), utc_now() + timedelta(minutes=4))
    assert issues.pause(TABLE, "novembre", utc_now())
    assert issues.resume(TABLE, the(), utc_now())
    play(app)
    assert (the().state, to(app)) == ("sent", {"ann@example.org": 1})


@pytest.mark.medium
def test_a_run_that_is_late_to_write_its_readers_down_resets_none(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    add("ann")
    start()
    subscribers_after = issues.subscribers_after

    def found_too_late(*arguments: Any) -> Any:
        found = subscribers_after(*arguments)
        monkeypatch.setattr(issues, "subscribers_after", subscribers_after)
        clock.shift(timedelta(minutes=5))
        assert app.sweep("Issues") == {"novembre": "sent"}
        return found

    monkeypatch.setattr(issues, "subscribers_after", found_too_late)
    play(app)
    assert (states(), to(app)) == ({"sent": 1}, {"ann@example.org": 1})


def _run_event() -> dict[str, Any]:
    return {"Records": [{"dynamodb": {"Keys": {"pk": {"S": "issue#novembre"}, "sk": {"S": "run"}}}}]}


@pytest.mark.slow
def test_a_run_that_was_killed_is_resumed_by_the_schedule(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    add(*(f"reader{number}" for number in range(6)))
    start()
    send, calls = ses.send, []

    class Killed(BaseException):
        pass

    def die(*arguments: Any) -> str:
        calls.append(arguments)
        if len(calls) == 3:
            raise Killed
        return send(*arguments)

    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(1.0, None, None))
    monkeypatch.setattr(ses, "send", die)
    monkeypatch.setattr(issues, "release", lambda *_, **__: None)
    with pytest.raises(Killed):
        app.functions["Issues"](_run_event())
    monkeypatch.undo()
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(10_000.0, None, None))
    for minutes in (15, 60, 15):
        clock.shift(timedelta(minutes=minutes))
        app.sweep("Issues")
    play(app)
    assert (the().state, set(to(app).values()), len(to(app))) == ("sent", {1}, 6)


def test_the_test_of_an_issue_goes_to_the_owner_alone_and_unsubscribes_nobody(app: App) -> None:
    from guichet.mail.emails import issue_test  # noqa: PLC0415

    add("ann")
    issue = save()
    issues.queue_test(TABLE, issue, issue_test.queued("en", "en-1"), utc_now())
    play(app)
    (mail,) = app.mails()
    assert (mail["To"], mail["Subject"]) == (PARAMETERS["OwnerEmail"], "[Test] November in the studio")
    link = str(mail["List-Unsubscribe"]).strip("<>")
    assert app.http.get(local(link)).status_code == 200
    page = app.post(local(link), data={})
    assert page.status_code == 200
    assert "nobody was unsubscribed" in page.text
    assert app.post(local(link), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert [item["state"] for item in app.items("subscriber")] == ["confirmed"]


@pytest.mark.medium
def test_the_rows_end_a_year_after_the_start_and_the_issue_when_they_are_gone(app: App) -> None:
    add("ann")
    start()
    play(app)
    for kind, days in (("reader", 365), ("edition", 395), ("run", 395), ("issue", 395)):
        for item in app.items(kind):
            end = datetime.fromtimestamp(int(item["expires_at"]), tz=utc_now().tzinfo)
            assert timedelta(days=days - 1) < end - utc_now() <= timedelta(days=days), kind


@pytest.mark.slow
def test_an_issue_of_the_same_name_may_be_sent_once_the_other_is_gone(app: App, clock: Traveller) -> None:
    add("ann")
    start()
    play(app)
    clock.shift(timedelta(days=370))
    assert issues.save(TABLE, "novembre", EDITIONS, the().content, utc_now()) == "sent"
    clock.shift(timedelta(days=30))
    # By then, DynamoDB has deleted its rows.
    for item in app.items("reader"):
        key = dynamodb.marshalled({"pk": item["pk"], "sk": item["sk"]})
        dynamodb.client().delete_item(TableName=TABLE, Key=key)
    add("ben")
    start(editions={"fr": EDITIONS["fr"]})
    play(app)
    assert (the().state, to(app)) == ("sent", {"ann@example.org": 2, "ben@example.org": 1})


def test_a_scheduled_text_is_kept_until_it_is_sent(app: App, clock: Traveller) -> None:
    save()
    clock.shift(timedelta(days=300))
    assert issues.schedule(TABLE, the(), utc_now() + timedelta(days=320), utc_now())
    for item in app.items("edition"):
        assert int(item["expires_at"]) > (utc_now() + timedelta(days=320)).timestamp()


@pytest.mark.medium
def test_what_a_run_logs_names_nobody(app: App, monkeypatch: pytest.MonkeyPatch, written: Callable[[], str]) -> None:
    add("ann", "ben", "cat")
    start()
    send = ses.send

    def refuse_some(message: bytes, *arguments: Any) -> str:
        address = arguments[2][0]
        if address == "ann@example.org":
            raise ses.RejectedError(f"MessageRejected: {address}")
        if address == "ben@example.org":
            raise ValueError(f"not {address}")
        return send(message, *arguments)

    monkeypatch.setattr(ses, "send", refuse_some)
    play(app)
    logged = written()
    assert "worked" in logged
    assert "unexpected" in logged
    assert "@" not in logged
    assert "cyanotypes" not in logged


@pytest.mark.medium
def test_cancelled_within_a_run_nothing_goes_out_after_the_end_is_told(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(*(f"reader{number}" for number in range(8)))
    start()
    monkeypatch.setattr(ses, "quota", lambda: ses.Quota(1.0, None, None))
    send = ses.send

    def cancel_after(*arguments: Any) -> str:
        if issues.cancel(TABLE, "novembre", utc_now()):
            # The stream starts a run at once, while this one is still running.
            app.functions["Issues"](_run_event())
            assert the().ended_at is None
        return send(*arguments)

    monkeypatch.setattr(ses, "send", cancel_after)
    play(app)
    assert (the().state, the().counts) == ("cancelled", Tally(sent=1, waiting=7))
    assert (states(), sum(to(app).values())) == ({"sent": 1, "waiting": 7}, 1)


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(("sent_before", "refused"), [(0, 5), (30, 20)])
def test_ses_that_refuses_copy_after_copy_pauses_it(
    app: App, monkeypatch: pytest.MonkeyPatch, sent_before: int, refused: int
) -> None:
    add(*(f"reader{number}" for number in range(60)))
    start()
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 1)
    send = ses.send
    calls = [0]

    def refuse(message: Any, *arguments: Any) -> str:
        calls[0] += 1
        if calls[0] > sent_before and "example.org" in arguments[2][0]:
            raise ses.RejectedError("BadRequestException: no")
        return send(message, *arguments)

    monkeypatch.setattr(ses, "send", refuse)
    play(app)
    assert (the().state, the().reason) == ("paused", "refused")
    assert states() == Counter(sent=sent_before, refused=refused, waiting=60 - sent_before - refused)
    assert len(to_owner(app)) == 1


@pytest.mark.medium
@pytest.mark.parametrize(
    "refusal", [ses.PostponedError("ReadTimeoutError", certain=False), ses.RejectedError("MessageRejected: no")]
)
def test_refusals_that_are_not_in_a_row_stop_nothing(
    app: App, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    add(*(f"reader{number}" for number in range(8)))
    start()
    for name, value in {"MOST_AT_ONCE": 1, "_ENOUGH": 2, "_REFUSED_FIRST": 2, "_REFUSED_IN_A_ROW": 2}.items():
        monkeypatch.setattr(worker, name, value)
    send, calls = ses.send, []

    def refuse_every_other(message: Any, *arguments: Any) -> str:
        calls.append(arguments)
        if len(calls) % 2 and "example.org" in arguments[2][0]:
            raise refusal
        return send(message, *arguments)

    monkeypatch.setattr(ses, "send", refuse_every_other)
    play(app)
    assert (states()["sent"], states()["waiting"]) == (4, 0)


@pytest.mark.medium
def test_a_copy_that_cannot_be_written_is_refused_and_the_issue_ends(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben", "cat")
    start()
    addressed = Series.addressed

    def write(series: Series, address: str, link: str) -> bytes:
        if address == "ann@example.org":
            raise ValueError("not an address")
        return addressed(series, address, link)

    monkeypatch.setattr(Series, "addressed", write)
    play(app)
    assert (the().state, the().counts) == ("sent", Tally(sent=2, refused=1))
    assert row_of("ann@example.org").reason == "it could not be written: ValueError"


@pytest.mark.medium
def test_what_is_refused_after_a_call_in_doubt_is_unknown(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    in_doubt(app, monkeypatch, sent=False)

    def refuse(*_: Any) -> str:
        raise ses.RejectedError("MessageRejected: no")

    monkeypatch.setattr(ses, "send", refuse)
    clock.shift(timedelta(hours=2))
    app.sweep("Issues")
    assert the().counts == Tally(unknown=1)


@pytest.mark.medium
def test_an_event_while_it_ends_is_counted(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann", "ben")
    start()
    finish = issues.finish
    told_once: list[bool] = []

    def finish_late(*arguments: Any) -> bool:
        if not told_once:
            told_once.append(True)
            event_of(app, "reject", "ann@example.org")
        return finish(*arguments)

    monkeypatch.setattr(issues, "finish", finish_late)
    play(app)
    assert (the().state, the().counts) == ("sent", Tally(sent=1, refused=1))


@pytest.mark.medium
def test_cancelled_while_it_ends_it_is_cancelled(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann")
    start()
    finish = issues.finish

    def finish_late(*arguments: Any) -> bool:
        issues.cancel(TABLE, "novembre", utc_now())
        return finish(*arguments)

    monkeypatch.setattr(issues, "finish", finish_late)
    play(app)
    assert (the().state, the().counts, len(to_owner(app))) == ("cancelled", Tally(sent=1), 1)


@pytest.mark.medium
def test_an_event_that_comes_twice_at_once_is_counted_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann")
    start()
    play(app)
    settle = issues.settle_by_event

    def after_the_same(*arguments: Any) -> None:
        monkeypatch.setattr(issues, "settle_by_event", settle)
        event_of(app, "bounce-permanent", "ann@example.org")
        settle(*arguments)

    monkeypatch.setattr(issues, "settle_by_event", after_the_same)
    event_of(app, "bounce-permanent", "ann@example.org")
    assert issues.feedback_of(TABLE, "novembre") == (1, 0)


def test_a_due_issue_starts_however_long_another_takes(
    app: App, monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    add("ann")
    start("avril")
    assert issues.schedule(TABLE, save("zodiaque"), utc_now() + timedelta(minutes=1), utc_now())
    clock.shift(timedelta(minutes=2))

    def take_all_the_time(*_: Any, **__: Any) -> str:
        monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 0)
        return "sending"

    monkeypatch.setattr(worker, "work", take_all_the_time)
    app.sweep("Issues")
    assert the("zodiaque").state == "sending"


@pytest.mark.slow
def test_a_throttled_copy_at_the_end_of_a_run_goes_on_at_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ann")
    start()
    send = ses.send
    left = [300_000]
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: left[0])

    def throttled(*arguments: Any) -> str:
        if left[0] == 300_000:
            left[0] = 1_000
            raise ses.PostponedError("TooManyRequestsException: ", certain=True, too_fast=True)
        return send(*arguments)

    monkeypatch.setattr(ses, "send", throttled)
    app.functions["Issues"](_run_event())
    assert (states(), the().waits_for, the().not_before) == ({"waiting": 1}, None, None)
    left[0] = 290_000
    play(app)
    assert (the().state, to(app)) == ("sent", {"ann@example.org": 1})
