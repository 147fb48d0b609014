"""The weekly digest: when, how often, with which figures, and that it delays nothing else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
import time_machine

from guichet.mail import ses
from guichet.records.digest import Digest
from guichet.store import digests as stored_digests
from guichet.store import dynamodb, table
from guichet.store.outbox import SHARDS
from tests.support.app import App
from tests.support.newsletter import subscribe
from tests.support.races import just_before
from tests.support.wire import Wire, refusal

# A Monday, by UTC.
MONDAY = datetime.fromisoformat("2026-11-23T00:00:00Z")
DUE = MONDAY + timedelta(hours=6)
Make = Callable[..., App]


def contact(app: App, message: str = "Bonjour", **fields: str) -> None:
    answers = {"email": "zoe@example.org", "message": message, **fields}
    assert app.post("/contact", json=answers).status_code == 200


def digests(app: App) -> list[EmailMessage]:
    return [mail for mail in app.mails() if "semaine" in mail["Subject"] or "The week" in mail["Subject"]]


def text(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return unescape(str(body.get_content()))


def test_it_is_off_by_default(app: App) -> None:
    with time_machine.travel(DUE):
        app.sweep()
    assert (app.mails(), app.items("digest"), app.items("email")) == ([], [], [])


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fr",
            (
                "Du lundi 16 novembre 2026 au dimanche 22 novembre 2026 (UTC), «\xa0Atelier Bellevue\xa0» a reçu\xa0:",
                "Messages\xa0: 3",
                "Nouveaux abonnés\xa0: 1",
                "Classés comme spam\xa0: 2",
                "Aucun email n’est en attente.",
            ),
        ),
        (
            "en",
            (
                "From Monday 16 November 2026 to Sunday 22 November 2026 (UTC), Atelier Bellevue received:",
                "Messages: 3",
                "New subscribers: 1",
                "Caught as spam: 2",
                "No email is waiting.",
            ),
        ),
    ],
)
def test_it_tells_what_the_week_brought(make_app: Make, language: str, words: tuple[str, ...]) -> None:
    app = make_app(WeeklyDigest="on", DefaultLanguage=language)
    second = timedelta(seconds=1)
    # On either side of the week's ends, and within it.
    for number, at in enumerate(
        (
            MONDAY - timedelta(days=7) - second,
            MONDAY - timedelta(days=7) + second,
            MONDAY - timedelta(days=3),
            MONDAY - second,
            MONDAY + second,
        )
    ):
        with time_machine.travel(at):
            contact(app, message=f"number {number}")
    with time_machine.travel(MONDAY - timedelta(days=2)):
        subscribe(app)
        contact(app, message="spam", _gotcha="x")
        app.post("/newsletter", json={"email": "robot@example.org", "_gotcha": "x"})
        app.play_stream()
    with time_machine.travel(DUE):
        app.sweep()
        app.play_stream()
    (mail,) = digests(app)
    assert mail["To"] == "owner@atelier.example"
    for line in words:
        assert line in text(mail)
    assert words[0] in text(mail, "html")
    for figure in ("3", "1", "2"):
        assert f">{figure}</td>" in text(mail, "html")


@pytest.mark.medium
def test_it_goes_out_once_a_week_from_monday_at_six_on(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on")
    # The one for the previous week, when it is switched on.
    with time_machine.travel(MONDAY - timedelta(hours=1)):
        app.sweep()
    assert len(digests(app)) == 1
    for at, sent in (
        (DUE - timedelta(minutes=1), 1),
        (DUE, 2),
        (DUE + timedelta(minutes=15), 2),
        (DUE + timedelta(days=6), 2),
        (MONDAY + timedelta(days=7, hours=5), 2),
        (MONDAY + timedelta(days=7, hours=7), 3),
    ):
        with time_machine.travel(at):
            app.sweep()
            app.play_stream()
        assert len(digests(app)) == sent, at
    assert sorted(item["pk"] for item in app.items("digest")) == [
        table.key(Digest, week)["pk"] for week in ("2026-W46", "2026-W47", "2026-W48")
    ]


@pytest.mark.medium
def test_the_weeks_of_a_year_s_end_are_told_apart(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on")
    for day in ("2026-12-28", "2027-01-04", "2027-01-11"):
        with time_machine.travel(datetime.fromisoformat(f"{day}T07:00:00Z")):
            app.sweep()
    weeks = [item["pk"].partition("#")[2] for item in app.items("digest")]
    assert sorted(weeks) == ["2026-W52", "2026-W53", "2027-W01"]


@pytest.mark.medium
def test_what_is_owed_is_told_with_what_to_do(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on")
    with time_machine.travel(MONDAY - timedelta(days=2)):
        contact(app)
    with time_machine.travel(DUE - timedelta(minutes=1)):
        # This one is being sent.
        contact(app, message="A moment ago")
    with time_machine.travel(DUE):
        app.sweep()
    (mail,) = digests(app)
    assert (
        "Emails en attente d’envoi\xa0: 1, "
        "le plus ancien depuis le samedi 21 novembre 2026 à 1\xa0h\xa000 (Europe/Paris)" in text(mail)
    )
    assert "https://api.example/desk/outbox\r\n" in text(mail)
    assert 'href="https://api.example/desk/outbox"' in text(mail, "html")


@pytest.mark.slow
def test_after_three_weeks_without_ses_only_the_latest_goes_out(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on")
    wire = Wire(ses.client())
    wire.always(refusal(400, "SendingPausedException"))
    for week in range(3):
        with time_machine.travel(DUE + timedelta(days=7 * week)):
            contact(app, message=f"week {week}")
            app.sweep()
    wire.always(None)
    with time_machine.travel(DUE + timedelta(days=14, hours=1)):
        app.sweep()
    (mail,) = digests(app)
    assert "lundi 30 novembre 2026" in mail["Subject"]
    # The messages themselves are still announced.
    assert len(app.mails()) == 4


@pytest.mark.medium
def test_two_sweeps_at_once_owe_one(make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(WeeklyDigest="on")
    just_before(monkeypatch, stored_digests, "add", app.sweep)
    with time_machine.travel(DUE):
        app.sweep()
        app.play_stream()
    assert len(digests(app)) == 1


@pytest.mark.medium
def test_figures_that_cannot_be_had_hold_up_no_other_mail(
    make_app: Make, monkeypatch: pytest.MonkeyPatch, written: Callable[[], str]
) -> None:
    app = make_app(WeeklyDigest="on")

    def broken(*_: Any) -> int:
        raise dynamodb.UnavailableError("query")

    with time_machine.travel(DUE):
        contact(app)
        with monkeypatch.context() as patch:
            patch.setattr(table, "count_list", broken)
            assert app.sweep() == {"sent": 1}
        assert '"Unexpected"' in written()
        # The next sweep catches up.
        app.sweep()
    assert len(digests(app)) == 1


@pytest.mark.medium
@pytest.mark.all_shards
def test_a_sweep_that_owes_none_reads_one_item_for_it(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on")
    with time_machine.travel(DUE):
        app.sweep()
        wire = Wire(dynamodb.client())
        app.sweep()
    # The one of the digest, that of the note about spam, one query for what is held, and for each shard of each
    # audience, and the one of the renewals.
    assert wire.operations == ["GetItem", "GetItem", "Query", *["Query"] * 2 * SHARDS, "GetItem"]


def test_a_list_of_more_than_a_page_is_counted_whole(make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(WeeklyDigest="on")
    with time_machine.travel(MONDAY - timedelta(days=1)):
        for number in range(5):
            contact(app, message=str(number))
    original = dynamodb.call

    def by_twos(operation: str, **parameters: Any) -> Any:
        return original(operation, **parameters, **({"Limit": 2} if parameters.get("Select") else {}))

    monkeypatch.setattr(dynamodb, "call", by_twos)
    assert table.count_list("table", "messages", MONDAY - timedelta(days=1)) == 5


@pytest.mark.medium
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "Commentaires en attente de votre approbation\xa0: 2. Lisez-les sur votre bureau Guichet\xa0: "),
        ("en", "Comments waiting for your approval: 2. You can read them on your Guichet desk: "),
    ],
)
def test_it_tells_how_many_comments_wait_and_counts_those_that_are_spam(
    make_app: Make, language: str, words: str
) -> None:
    app = make_app(WeeklyDigest="on", DefaultLanguage=language)
    fields = {"page": "/chairs/", "name": "Zoé", "email": "zoe@example.org"}
    for days, further in ((20, {}), (2, {}), (20, {"_gotcha": "x"}), (2, {"_gotcha": "x"})):
        with time_machine.travel(MONDAY - timedelta(days=days)):
            comment = fields | further | {"comment": f"{days} days"}
            assert app.post("/comments", json=comment).status_code == 200
            app.play_stream()
    with time_machine.travel(DUE):
        app.sweep()
        app.play_stream()
    (mail,) = digests(app)
    assert f"{words}https://api.example/desk/comments" in text(mail)
    assert "https://api.example/desk/comments" in text(mail, "html")
    assert ("Classés comme spam\xa0: 1" if language == "fr" else "Caught as spam: 1") in text(mail)


def test_it_says_nothing_of_comments_where_none_waits(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on")
    with time_machine.travel(DUE):
        app.sweep()
        app.play_stream()
    (mail,) = digests(app)
    assert "ommentaire" not in text(mail) + text(mail, "html")
