"""The desk's page of what waits in the outbox: for how long, for whom, and why, in words."""

import pkgutil
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from desk import words
from guichet.locales import LANGUAGES, say
from guichet.mail import emails, ses
from guichet.outbox import reasons
from guichet.records.issue import Issue
from guichet.records.message import Message
from guichet.records.outbox import EmailKey, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.store import dynamodb, mailboxes, outbox, table
from tests.support import many
from tests.support.app import PARAMETERS, START, App
from tests.support.contact import contact
from tests.support.desk import Browser, forms_of
from tests.support.feedback import tell
from tests.support.newsletter import READER, sign_up, subscribe
from tests.support.threads import post
from tests.support.wire import Wire, refusal, unreachable


def shown(app: App, language: str = "en", page: str = "outbox") -> str:
    reply = Browser(app, language=language).signed_in().get(page)
    assert reply.status_code == 200
    return reply.text


def queued(number: int, name: str = "contact-notification", recipient: Any = "owner", **more: Any) -> None:
    """Put a row into the outbox."""
    email = QueuedEmail(name=name, recipient=recipient, language="fr")
    at = START + timedelta(seconds=number // 2)
    many.put({**outbox.row(table.key(Message, f"{number:032x}")["pk"], email, at, at + timedelta(days=99)), **more})


@pytest.mark.medium
def test_with_nothing_waiting_it_says_so(app: App) -> None:
    contact(app)
    app.play_stream()
    assert "No email is waiting." in shown(app)
    assert "Aucun email n’attend." in shown(app, "fr")
    assert "failed for good" not in shown(app)


@pytest.mark.medium
def test_what_waits_is_told_with_its_record_and_without_anybody_s_address(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        contact(app, message="Bonjour <b>", name="Anne")
        app.post("/newsletter", data={"email": READER})
        (message,) = app.items("message")
        Wire(ses.client()).always(
            refusal(400, "SendingPausedException", message="Sending is paused for ann@example.org")
        )
        app.sweep()
        clock.shift(timedelta(hours=3))
        page = shown(app)
    assert "Emails waiting: 2." in page
    assert "To you, or to the recipients of a form: 1" in page
    assert "To visitors and subscribers: 1" in page
    assert "Amazon SES has paused the account · 2" in page
    assert page.count("for 3 h") == 2
    assert f'/desk/messages/{message["id"]}">Notification of a message</a>' in page
    assert "Request to confirm a subscription" in page
    assert "To an address that signed up" in page
    assert "Sending is paused for …" in page
    assert not re.search("reader@|ann@|Bonjour|Anne", page)


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("code", "message", "why"),
    [
        ("MessageRejected", "Email address is not verified: x@example.org", "sandbox"),
        ("LimitExceededException", "", "quota"),
        ("TooManyRequestsException", "Daily message quota exceeded", "quota"),
        ("TooManyRequestsException", "Maximum sending rate exceeded", "rate"),
        ("AccountSuspendedException", "", "paused"),
        ("NotFoundException", "no such set", "ses"),
    ],
)
def test_what_ses_says_is_told_apart(app: App, code: str, message: str, why: str) -> None:
    contact(app)
    Wire(ses.client()).always(refusal(400, code, message=message))
    app.sweep()
    for language in LANGUAGES:
        page = shown(app, language)
        assert words.say(f"outbox.why_{why}", language, tries=0) in page
        assert "x@example.org" not in page


@pytest.mark.medium
def test_what_the_caps_hold_back_is_told_as_that(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="1")
    with time_machine.travel(START, tick=False) as clock:
        sign_up(app)
        clock.shift(timedelta(minutes=11))
        sign_up(app)
        sign_up(app, email="other@example.org")
        page = shown(app)
    assert "The same mailbox had one a moment ago · 1" in page
    assert "The next try is after" in page
    assert re.search("limit for strangers is reached · 1|share of that limit is used up · 1", page)


@pytest.mark.medium
def test_a_link_to_ones_comments_that_waits_is_told_as_that(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="1")
    sign_up(app)
    post(app, email="ann@example.org")
    app.post("/comments/mine", data={"email": "ann@example.org"})
    app.play_stream()
    page = shown(app)
    assert "Link to their own comments" in page
    assert "To an address that asked for its comments" in page
    assert "ann@example.org" not in page


@pytest.mark.medium
def test_one_that_may_have_gone_out_is_told_as_that(app: App) -> None:
    with time_machine.travel(START) as clock:
        contact(app)
        wire = Wire(ses.client())
        wire.plan(unreachable)
        wire.always(refusal(500, "InternalFailure"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ses, "_NOT_SENT", ())
            app.sweep()
        assert "has not answered (tries: 1)" in shown(app)
        clock.shift(timedelta(minutes=61))
        assert "ended before there was an answer" in shown(app)


@pytest.mark.medium
def test_a_dead_mailbox_is_named_and_can_be_tried_at_once(app: App) -> None:
    with time_machine.travel(START) as clock:
        contact(app)
        app.play_stream()
        tell(app, "bounce-permanent", status="5.1.1")
        contact(app, message="Another")
        app.sweep()
        page = Browser(app, language="en").signed_in().get("outbox")
        assert "Held, because your mailbox accepts no mail: " in page.text
        assert f"<bdi>{PARAMETERS['OwnerEmail']}</bdi>" in page.text
        clock.shift(timedelta(hours=1))
        (dead,) = mailboxes.mailboxes("table").dead.values()
        assert dead.probe_at > utc_now().timestamp()
        browser = Browser(app).signed_in()
        before = app.items("mailboxes")
        page = browser.get("outbox")
        assert app.items("mailboxes") == before
        done = browser.press(page, "Try it with the next emails")
        assert "Within 15 minutes" in done.text
        (dead,) = mailboxes.mailboxes("table").dead.values()
        assert dead.probe_at <= utc_now().timestamp()
        sent = len(app.mails())
        app.sweep()
        assert len(app.mails()) == sent + 1


def test_every_reason_and_every_email_has_words() -> None:
    # The issue itself has its own rows.
    names = {module.name for module in pkgutil.iter_modules(emails.__path__)} - {"issue"}
    for language in LANGUAGES:
        for why in reasons.WHYS:
            assert words.say(f"outbox.why_{why}", language, tries=1)
            assert words.say(f"outbox.short_{why}", language)
        for name in names:
            assert say(f"{name}_called", language)
        for addressee in get_args(emails.Addressee):
            assert words.say(f"outbox.to_{addressee}", language)


def test_an_email_of_another_version_is_called_by_its_name(app: App) -> None:
    queued(1, "of-the-future")
    queued(2, "of-the-past", recipient="visitor")
    page = shown(app)
    assert "Email “of-the-future”" in page
    assert "Email “of-the-past”" in page
    assert "To you" in page
    assert "To a visitor" in page


@pytest.mark.medium
@pytest.mark.all_shards
def test_a_long_outbox_is_shown_whole_oldest_first(app: App) -> None:
    # Pairs were queued at the same moment, in different shards or in the same one.
    for number in range(130):
        queued(
            number, recipient="visitor" if number % 3 else "owner", **({"outbox": "held"} if number % 7 == 0 else {})
        )
    browser = Browser(app).signed_in()
    page = browser.get("outbox")
    assert "Emails waiting: 130." in page.text
    assert "Held, because your mailbox accepts no mail: 19" in page.text
    found: list[int] = []
    while True:
        found += [int(one, 16) for one in re.findall(r"/desk/messages/([0-9a-f]{32})\"", page.text)]
        following = re.findall('<a rel="next" href="([^"]+)"', page.text)
        if not following:
            break
        page = browser.get(following[0])
        assert page.status_code == 200
    assert sorted(found) == list(range(130))
    assert [number // 2 for number in found] == sorted(number // 2 for number in found)
    assert "Back to the oldest" in page.text


_TEXTS = st.text(max_size=30)


@pytest.mark.slow
@given(
    at=_TEXTS | st.sampled_from(["2026-11-23T10:00:00+00:00", "2026-11-23"]),
    shard=_TEXTS | st.sampled_from(["held", "owner#00", "owner#99"]),
    key=_TEXTS | st.sampled_from(["a/b", "/", "a/", "a/b/c"]),
)
@how(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
def test_any_place_in_the_url_shows_a_page(app: App, at: str, shard: str, key: str) -> None:
    browser = Browser(app).signed_in()
    assert browser.get(f"outbox?{urlencode({'at': at, 'list': shard, 'email': key})}").status_code == 200


@pytest.mark.medium
@given(text=st.text(max_size=60), held=st.booleans(), until=st.integers(0, 2_000_000_000))
def test_whatever_stands_in_a_row_has_a_reason(text: str, held: bool, until: int) -> None:  # noqa: FBT001
    row = {"waits_for": text, "outbox": "held" if held else "owner#00", "not_before": until}
    assert reasons.reason_of(row, START).why in reasons.WHYS


@pytest.mark.medium
@pytest.mark.all_shards
def test_a_page_of_many_takes_few_reads_and_no_scan(app: App) -> None:
    for number in range(300):
        queued(number, recipient="visitor" if number % 2 else "owner")
    browser = Browser(app).signed_in()
    wire = Wire(dynamodb.client())
    assert "Emails waiting: 300." in browser.get("outbox").text
    # The session, one query for each index key, the rows that are shown, the list of what failed, and how many comments
    # wait.
    assert Counter(wire.operations) == {"GetItem": 1, "BatchGetItem": 1, "Query": 35}


@pytest.mark.medium
def test_an_issue_and_a_subscriber_are_linked(app: App) -> None:
    subscribe(app)
    at = utc_now()
    for key in (table.key(Subscriber, "a" * 32), table.key(Issue, "one"), table.key(SignUp, "x")):
        many.put(
            outbox.row(
                key["pk"], QueuedEmail(name="welcome", recipient="visitor", language="fr"), at, at + timedelta(1)
            )
        )
    page = shown(app)
    assert f'/desk/subscribers/{"a" * 32}"' in page
    assert '/desk/issues/one"' in page
    assert "request" not in re.findall("<ol.*</ol>", page, re.DOTALL)[0]


@pytest.mark.slow
def test_what_failed_for_good_is_listed_and_sent_again_by_a_button(make_app: Callable[..., App]) -> None:
    app = make_app(Acknowledge="on")
    contact(app)
    app.post("/newsletter", data={"email": READER})
    Wire(ses.client()).plan(*[refusal(400, "MessageRejected", message="Bad content for ann@example.org")] * 3)
    app.sweep()
    # The notice that replaces the owner's email.
    app.sweep()
    listed = shown(app)
    assert listed.count("Send it again") == 3
    assert "MessageRejected: Bad content for …" in listed
    assert "ann@" not in listed
    browser = Browser(app, language="fr").signed_in()
    before = len(app.mails())
    while "Le renvoyer" in (page := browser.get("outbox")).text:
        form = next(form for form in forms_of(page) if "Le renvoyer" in form["buttons"])
        done = browser.follow(browser.post(form["action"], form["fields"]))
        assert "de nouveau en attente" in done.text
        again = browser.follow(browser.post(form["action"], form["fields"]))
        assert "Rien n’a changé" in again.text
    assert app.sweep() == {"sent": 3}
    assert len(app.mails()) == before + 3
    assert not any(item.get("list") == "failed" for item in app.items("email"))


@pytest.mark.usefixtures("app")
def test_a_failed_one_that_the_digest_counts_is_counted_still_and_can_be_sent_again() -> None:
    at = utc_now()
    email = QueuedEmail(name="new-subscriber", recipient="owner", language="fr", listed="confirmed")
    row = outbox.row(table.key(Subscriber, "x")["pk"], email, at, at + timedelta(days=9))
    many.put(row)
    key = EmailKey(record=row["pk"], email=row["sk"])
    claimed = outbox.claim("table", key)
    assert claimed is not None
    outbox.mark_failed("table", claimed, "why")
    assert (outbox.row_at("table", key) or {})["list"] == row["list"]
    assert outbox.retry("table", key, "owner")
    assert (outbox.row_at("table", key) or {})["list"] == row["list"]
    assert not outbox.retry("table", key, "owner")


@pytest.mark.parametrize("key", [{}, {"record": "message#x"}, {"record": "message#x", "email": "message"}])
def test_only_an_email_s_row_can_be_sent_again(app: App, key: dict[str, str]) -> None:
    browser = Browser(app).signed_in()
    token = forms_of(browser.get("outbox"))[-1]["fields"]["token"]
    assert browser.post("outbox/retry", {"token": token, **key}).status_code == 404
