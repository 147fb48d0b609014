"""The daily note about spam: whom it names, how often it is sent, and that it reports everything caught."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine

from guichet.mail import ses
from guichet.mail.emails import contact_notification
from guichet.records.message import Message
from guichet.store import comments, dynamodb, spam_notes, submissions, table
from tests.support.app import PARAMETERS, App
from tests.support.contact import contact
from tests.support.marks import BLANKS, FORGED, Unmarked, check
from tests.support.races import just_before
from tests.support.site_forms import site_forms
from tests.support.wire import Wire, refusal

MIDNIGHT = datetime.fromisoformat("2026-11-24T00:00:00Z")
DUE = MIDNIGHT + timedelta(minutes=5)
Make = Callable[..., App]


def notes(app: App) -> list[EmailMessage]:
    return [mail for mail in app.mails() if "lassés comme spam" in mail["Subject"] or "Caught" in mail["Subject"]]


def text(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return unescape(str(body.get_content())).replace("\r\n", "\n")


def kept(message_id: str) -> Message:
    message = submissions.message("table", message_id)
    assert message is not None
    return message


def release(message_id: str) -> None:
    email = contact_notification.queued("fr", released=True)
    assert submissions.release_message("table", kept(message_id), email, timedelta(days=90))


def sweep_at(app: App, at: datetime) -> None:
    with time_machine.travel(at):
        app.sweep()
        app.play_stream()


def test_nothing_caught_is_no_note(app: App) -> None:
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        contact(app)
    for at in (DUE, DUE + timedelta(hours=12), DUE + timedelta(days=1)):
        sweep_at(app, at)
    assert notes(app) == []
    assert app.items("spam-note") == []


@pytest.mark.medium
@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        (
            "fr",
            "[Atelier Bellevue] Classés comme spam le lundi 23 novembre 2026\xa0: 2",
            (
                "Envois classés comme spam par «\xa0Atelier Bellevue\xa0» le lundi 23 novembre 2026 (UTC)\xa0: 2.",
                "Ils restent 30\xa0jours dans le dossier de spam, puis sont effacés.",
                "> Nom\xa0: Zoé",
                "> Email\xa0: zoe@example.org",
                "> Message\xa0: Casino viagra, enfin presque.",
                "Reçu le lundi 23 novembre 2026 à 22\xa0h\xa000 (Europe/Paris)",
                "> Email\xa0: robot@example.org",
                "Inscription à la newsletter",
            ),
        ),
        (
            "en",
            "[Atelier Bellevue] Caught as spam on Monday 23 November 2026: 2",
            (
                "Submissions that Atelier Bellevue caught as spam on Monday 23 November 2026 (UTC): 2.",
                "They stay in the spam folder for 30 days and are then erased.",
                "> Name: Zoé",
                "> Email: zoe@example.org",
                "> Message: Casino viagra, enfin presque.",
                "Received on Monday 23 November 2026 at 22:00 (Europe/Paris)",
                "> Email: robot@example.org",
                "Newsletter sign-up",
            ),
        ),
    ],
)
def test_it_names_who_wrote_the_first_words_and_how_to_get_them_back(
    make_app: Make, language: str, subject: str, words: tuple[str, ...]
) -> None:
    app = make_app(DefaultLanguage=language)
    with time_machine.travel(MIDNIGHT - timedelta(hours=3), tick=False):
        caught = contact(app, name="Zoé", message="Casino viagra,\nenfin presque.", subject="https://x.example")
        app.post("/newsletter", json={"email": "robot@example.org", "_gotcha": "x"})
        # It reaches the owner as usual.
        contact(app, message="Bonjour")
        app.play_stream()
    sweep_at(app, DUE)

    (mail,) = notes(app)
    assert mail["Subject"] == subject
    assert mail["To"] == "owner@atelier.example"
    assert mail["Reply-To"] is None
    lines = text(mail).split("\n")
    assert [line for line in words if line not in lines] == []
    for line in words:
        assert line.removeprefix("> ").rpartition(": ")[2] in text(mail, "html")
    assert "Bonjour" not in text(mail)
    # What may be genuine comes first.
    assert text(mail).index("zoe@") < text(mail).index("robot@")
    for kind in ("plain", "html"):
        assert caught in text(mail, kind)
        assert "https://api.example/desk/messages/spam" in text(mail, kind)
        for item in (*app.items("message"), *app.items("request")):
            assert (f"https://api.example/desk/messages/{item['id']}" in text(mail, kind)) == ("spam" in item)


@pytest.mark.slow
def test_it_goes_out_once_a_day_and_each_day_tells_its_own(app: App) -> None:
    for number, (at, sent) in enumerate(
        (
            (MIDNIGHT - timedelta(seconds=1), 0),
            (MIDNIGHT + timedelta(minutes=1), 0),
            (DUE, 1),
            (DUE + timedelta(minutes=15), 1),
            (DUE + timedelta(hours=23), 1),
            (DUE + timedelta(days=1), 2),
            (DUE + timedelta(days=2), 3),
            (DUE + timedelta(days=3), 4),
            (DUE + timedelta(days=4), 5),
            (DUE + timedelta(days=5), 6),
        )
    ):
        with time_machine.travel(at, tick=False):
            contact(app, message=f"number {number}.", _gotcha="x")
        sweep_at(app, at)
        assert len(notes(app)) == sent, at
    told = [sorted(line for line in text(mail).split("\n") if "number" in line) for mail in notes(app)]
    assert [len(lines) for lines in told] == [1, 4, 1, 1, 1, 1]
    assert len({line for lines in told for line in lines}) == 9


@pytest.mark.slow
def test_after_an_outage_of_the_schedule_one_note_tells_of_all_days(app: App) -> None:
    sweep_at(app, DUE)
    for day in range(10):
        with time_machine.travel(MIDNIGHT + timedelta(days=day, hours=1)):
            contact(app, message=f"day {day}.", _gotcha="x")
    sweep_at(app, DUE + timedelta(days=10))
    (mail,) = notes(app)
    assert "du mardi 24 novembre 2026 au jeudi 3 décembre 2026 (UTC)\xa0: 10." in text(mail)
    for day in range(10):
        assert f"> Message\xa0: day {day}." in text(mail).split("\n")
    sweep_at(app, DUE + timedelta(days=40))
    sweep_at(app, DUE + timedelta(days=100))
    assert len(notes(app)) == 1


@pytest.mark.medium
def test_an_outage_of_ses_delays_it(app: App) -> None:
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        contact(app, _gotcha="x")
    wire = Wire(ses.client())
    wire.always(refusal(400, "SendingPausedException"))
    for day in range(3):
        sweep_at(app, DUE + timedelta(days=day))
    wire.always(None)
    sweep_at(app, DUE + timedelta(days=3))
    assert len(notes(app)) == 1


@pytest.mark.medium
def test_what_the_owner_filed_or_released_or_erased_is_not_told(app: App) -> None:
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        filed, released = contact(app, message="mine"), contact(app, message="good", _gotcha="x")
        submissions.mark_spam("table", kept(filed), MIDNIGHT)
    sweep_at(app, MIDNIGHT - timedelta(hours=2))
    with time_machine.travel(MIDNIGHT - timedelta(hours=1)):
        release(released)
    sweep_at(app, DUE)
    assert notes(app) == []
    # Queued, but not sent: its only message is released meanwhile.
    with time_machine.travel(DUE + timedelta(hours=1)):
        late = contact(app, message="late", _gotcha="x")
    Wire(ses.client()).plan(refusal(400, "SendingPausedException"))
    with time_machine.travel(DUE + timedelta(days=1)):
        app.sweep()
        release(late)
        app.play_stream()
        app.sweep()
    assert notes(app) == []
    assert [row.get("reason") for row in app.items("email") if row["name"] == "spam-note"] == [
        "nothing that it names is in the spam folder any more"
    ]


def test_it_keeps_nobody_s_words(app: App) -> None:
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        contact(app, name="Zoé", message="Secret words", _gotcha="x")
    sweep_at(app, DUE)
    (note,) = app.items("spam-note")
    assert not [word for word in ("Zo", "zoe@", "Secret") if word in str(note)]
    assert int(note["expires_at"]) == int((DUE + timedelta(days=30)).timestamp())


@pytest.mark.slow
def test_a_flood_is_counted_and_twenty_are_named_the_likeliest_first(make_app: Make) -> None:
    app = make_app(CallerHourlyCap="1000")
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        for number in range(120):
            contact(app, message=f"number {number}.", _gotcha="x")
    sweep_at(app, DUE)
    with time_machine.travel(MIDNIGHT + timedelta(hours=3)):
        for number in range(30):
            contact(app, message=f"number {number}.", _gotcha="x")
        contact(app, message="Casino viagra.", subject="https://x.example")
    wire = Wire(dynamodb.client())
    sweep_at(app, DUE + timedelta(days=1))
    flood, day = notes(app)
    assert flood["Subject"].endswith(": 120")
    assert text(flood).count("> Message\xa0:") == 20
    for kind in ("plain", "html"):
        assert "Il y en a d’autres\xa0: 100. Le dossier de spam les contient tous." in text(flood, kind)
    assert day["Subject"].endswith(": 31")
    assert text(day).count("> Message\xa0:") == 20
    assert "> Message\xa0: Casino viagra." in text(day)
    assert wire.operations.count("GetItem") < 100


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("field", ["name", "message"])
@pytest.mark.parametrize("blank", BLANKS)
def test_no_stranger_can_forge_a_line_of_it(app: App, field: str, blank: str) -> None:
    forged = f"Zoé{BLANKS[blank]}{FORGED}"
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        contact(app, **{field: forged, "_gotcha": "x"})
        app.post("/newsletter", json={"email": "robot@example.org", "name": forged, "_gotcha": "x"})
    sweep_at(app, DUE)
    (mail,) = notes(app)
    check(mail)
    assert "Zoé" not in Unmarked(text(mail, "html")).words


@pytest.mark.medium
def test_two_sweeps_at_once_queue_one(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        contact(app, _gotcha="x")
    just_before(monkeypatch, spam_notes, "add", app.sweep)
    sweep_at(app, DUE)
    assert len(notes(app)) == 1


@pytest.mark.medium
def test_a_note_that_cannot_be_made_holds_up_no_other_mail(
    app: App, monkeypatch: pytest.MonkeyPatch, written: Callable[[], str]
) -> None:
    def broken(*_: Any) -> int:
        raise dynamodb.UnavailableError("query")

    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        contact(app, message="spam", _gotcha="x")
    with time_machine.travel(DUE):
        contact(app)
        with monkeypatch.context() as patch:
            patch.setattr(table, "count_list", broken)
            assert app.sweep() == {"sent": 1}
    assert '"Unexpected"' in written()
    sweep_at(app, DUE + timedelta(minutes=15))
    assert len(notes(app)) == 1


@pytest.mark.medium
def test_the_digest_counts_what_the_notes_told(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on")
    for day in (5, 3):
        with time_machine.travel(MIDNIGHT - timedelta(days=day, hours=3)):
            contact(app, message=f"day {day}.", _gotcha="x")
        sweep_at(app, DUE - timedelta(days=day))
    assert [mail["Subject"].rpartition(" ")[2] for mail in notes(app)] == ["1", "1"]
    sweep_at(app, MIDNIGHT - timedelta(days=1) + timedelta(hours=6))
    *_, digest = [mail for mail in app.mails() if "semaine" in mail["Subject"]]
    assert "Classés comme spam\xa0: 2" in text(digest)
    assert "Le détail de ce qui est classé comme spam vous parvient le lendemain, dans un autre email." in text(digest)


@pytest.mark.medium
def test_of_a_form_of_the_sites_own_its_title_and_first_answers_are_told(app: App, tmp_path: Path) -> None:
    survey = """
[sondage]
title = { fr = "Sondage d’été", en = "Survey" }
fields.couleur = { type = "choice", choices = [{ value = "b", label = { fr = "Bleu", en = "Blue" } }] }
fields.note = { type = "number" }
fields.courriel = { type = "email" }
fields.message = { type = "long_text" }
"""
    with site_forms(tmp_path, survey):
        with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
            posts = (
                {"couleur": "b", "note": "1 234,5", "ville": "Lyon"},
                {"courriel": "a@example.org", "message": "Oui"},
            )
            for fields in posts:
                assert app.post("/f/sondage", json=fields | {"_gotcha": "x"}).status_code == 200
        sweep_at(app, DUE)
        (note,) = notes(app)
    plain, html = (text(note, kind).replace("\u202f", " ") for kind in ("plain", "html"))
    assert "Sondage d’été\xa0: Bleu · 1 234,5 · Lyon" in plain
    assert "Sondage d’été\xa0: Oui" in plain
    # A visitor who gave no address has no line for one.
    assert plain.count("Email\xa0:") == 1
    assert "a@example.org" in plain
    assert "Message\xa0:" not in plain
    for words in ("Sondage d’été", "Bleu · 1 234,5 · Lyon", "a@example.org"):
        assert words in html


def test_of_a_form_that_is_gone_from_the_file_its_name_and_answers_are_told(app: App, tmp_path: Path) -> None:
    survey = '[sondage]\nfields.note = { type = "number" }'
    with site_forms(tmp_path, survey), time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        app.post("/f/sondage", json={"note": "3", "_gotcha": "x"})
    sweep_at(app, DUE)
    (note,) = notes(app)
    assert "sondage\xa0: 3" in text(note)


@pytest.mark.medium
@pytest.mark.parametrize(("language", "word"), [("fr", "Commentaire\xa0"), ("en", "Comment")])
def test_it_names_comments_with_their_page_and_where_to_get_them_back(make_app: Make, language: str, word: str) -> None:
    app = make_app(DefaultLanguage=language)
    fields = {"page": "/chairs/", "name": "Zoé", "email": "zoe@example.org", "comment": "Casino,\nperhaps."}
    with time_machine.travel(MIDNIGHT - timedelta(hours=3), tick=False):
        caught = app.post("/comments", json=fields | {"_gotcha": "x"}).get_json()["id"]
        good = app.post("/comments", json=fields).get_json()["id"]
        filed = app.post("/comments", json=fields | {"comment": "mine"}).get_json()["id"]
        app.play_stream()
        known = comments.comment("table", filed)
        assert known is not None
        assert comments.withdraw("table", PARAMETERS["SigningSecret"], known, "spam", MIDNIGHT)
    sweep_at(app, DUE)
    (mail,) = notes(app)
    assert mail["Subject"].endswith(": 1")
    for kind in ("plain", "html"):
        assert f"https://api.example/desk/comments/{caught}" in text(mail, kind)
        assert good not in text(mail, kind)
        assert filed not in text(mail, kind)
    lines = text(mail).split("\n")
    assert f"> {word}: Casino, perhaps." in lines
    assert "> Page: /chairs/" in [line.replace("\xa0", "") for line in lines]
    # The next one only reports its own day.
    with time_machine.travel(MIDNIGHT + timedelta(hours=3), tick=False):
        late = app.post("/comments", json=fields | {"_gotcha": "y"}).get_json()["id"]
    sweep_at(app, DUE + timedelta(days=1))
    *_, second = notes(app)
    assert (late in text(second), caught in text(second)) == (True, late == caught)
    sweep_at(app, DUE + timedelta(days=2))
    assert len(notes(app)) == 2


@pytest.mark.slow
def test_a_flood_of_comments_hides_no_message_and_the_other_way_round(make_app: Make) -> None:
    app = make_app(CallerHourlyCap="1000")
    fields = {"page": "/chairs/", "name": "Zoé", "email": "zoe@example.org"}
    with time_machine.travel(MIDNIGHT - timedelta(hours=3), tick=False):
        for number in range(110):
            app.post("/comments", json=fields | {"comment": f"comment {number}", "_gotcha": "x"})
        contact(app, message="Casino viagra.", subject="https://x.example")
    sweep_at(app, DUE)
    (mail,) = notes(app)
    assert mail["Subject"].endswith(": 111")
    assert "Casino viagra." in text(mail)
    with time_machine.travel(MIDNIGHT + timedelta(hours=3), tick=False):
        for number in range(110):
            contact(app, message=f"number {number}.", _gotcha="x")
        text_of_it = "casino viagra " + " ".join(f"https://shop{number}.example/" for number in range(9))
        app.post("/comments", json=fields | {"comment": text_of_it})
    sweep_at(app, DUE + timedelta(days=1))
    *_, second = notes(app)
    assert second["Subject"].endswith(": 111")
    assert "casino viagra" in text(second)


@pytest.mark.parametrize("blank", BLANKS)
def test_no_commenter_can_forge_a_line_of_it(app: App, blank: str) -> None:
    fields = {"page": "/chairs/", "name": "Zoé", "email": "zoe@example.org", "_gotcha": "x"}
    with time_machine.travel(MIDNIGHT - timedelta(hours=3)):
        reply = app.post("/comments", json=fields | {"comment": f"Zoé{BLANKS[blank]}{FORGED}"})
        assert reply.status_code == 200
    sweep_at(app, DUE)
    (mail,) = notes(app)
    check(mail)
    assert "Zoé" not in Unmarked(text(mail, "html")).words
