"""What `guichet import` recognises in columns, cells, dates and encodings, and what it asks about."""

import codecs
import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import assume, given
from hypothesis import strategies as st

from guichet.locales import locale
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import subscribers
from infra.operate import importing
from infra.operate.connection import OperatorError
from infra.operate.importing import dates
from infra.operate.importing.meaning import state_of
from infra.operate.importing.vocabulary import LEFT
from tests.support.app import START, App, isolated, resolve
from tests.support.feedback import feedback
from tests.support.newsletter import READER, subscribe, subscriber
from tests.support.operate import Operate, connection_to

PROOF = ("--consent", "Our old list")


def written(folder: Path, *lines: str, name: str = "list.csv", encoding: str = "utf-8", end: str = "\n") -> str:
    file = folder / name
    file.write_bytes((end.join(lines) + end).encode(encoding))
    return str(file)


def states(app: App) -> dict[str, str]:
    return {item.get("email", item["id"]): item["state"] for item in app.items("subscriber")}


def state_of_address(app: App, address: str) -> str:
    known = subscriber_id(connection_to(app).settings.signing_secret, address)
    return next((str(item["state"]) for item in app.items("subscriber") if item["id"] == known), "")


# --- what columns say -------------------------------------------------------------------------------------------------


# Columns and cells that say that somebody left.
LEAVING: Sequence[tuple[str, str]] = (
    ("Unsubscribed", "yes"),
    ("Unsubscribed", "X"),
    ("UNSUBSCRIBED", "TRUE"),
    ("unsubscribed_at", "2024-05-31 10:00:00"),
    ("unsubscribedAt", "31/05/2024"),
    ("Unsubscribe date", "5/6/2024"),
    ("unsub_time", "1717149600"),
    ("Unsubscribe reason", "too many emails, like spam"),
    ("Date de désinscription", "31 mai 2024"),
    ("Désinscrit", "vrai"),
    ("Désabonné(e)", "Oui"),
    ("DESABONNE", "1"),
    ("Opt-out", "1"),
    ("optOut", "true"),
    ("email_opt_out", "Y"),
    ("OptOut_Date", "20110122T111244"),
    ("Do not email", "yes"),
    ("Ne pas contacter", "oui"),
    ("Plus de mails", "oui"),
    ("is_deleted", "true"),
    ("deleted_at", "2024-01-01"),
    ("Supprimé le", "01/02/2024"),
    ("archived", "1"),
    ("Blacklist", "oui"),
    ("Liste noire", "x"),
    ("blocked", "t"),
    ("suppressed", "yes"),
    ("email_disabled", "true"),
    ("IsExcludedFromCampaigns", "True"),
    ("Résilié le", "1er juin 2023"),
    ("Dés-inscrit", "oui"),
    ("DésInscrit", "oui"),
    ("dés-abonné(e) ?", "Oui"),
    ("Ex-abonné", "oui"),
    ("Ancien abonné", "oui"),
    ("Not subscribed", "yes"),
    ("unsubscribe source", "link in a mail"),
    ("unsub_ip", "192.0.2.1"),
    ("unsubscribed", "1.0"),
    ("subscribed", "0.0"),
    ("Email address status", "opted out"),
    ("Delivery status", "blocked"),
    ("left_at", "May 31, 2024"),
    ("subscribed", "false"),
    ("is_subscribed", "0"),
    ("Subscribed?", "No"),
    ("subscribed_to_emails", "FALSE"),
    ("Abonné", "non"),
    ("Inscrit à la newsletter", "Non"),
    ("Newsletter", "faux"),
    ("Accepts Marketing", "no"),
    ("Consentement", "Non"),
    ("opt_in", "False"),
    ("Active", "0"),
    ("Actif", "non"),
    ("enabled", "f"),
    ("Status", "unsubscribed"),
    ("status", "Opted Out"),
    ("STATUS", "inactive"),
    ("Statut", "Désinscrit"),
    ("Statut", "désabonnée"),
    ("Statut", "Supprimé"),
    ("Statut email", "Résilié"),
    ("État", "Bloqué"),
    ("Email status", "do not mail"),
    ("subscription_status", "cancelled"),
    ("state", "Archived"),
    ("state", "not subscribed"),
    ("state", "n'est plus abonné"),
    ("Member status", "Deleted"),
    ("subscriber_type", "removed"),
    # The name says nothing, but the cells do.
    ("Zustand", "unsubscribed"),
    ("champ3", "désinscrit"),
    ("group", "blocklisted; 2024"),
    # No, in other words.
    ("Abonné", "0,00"),
    ("Newsletter", "Non merci"),
    ("Newsletter", "✘ 2023"),
    ("Reçoit la lettre", "nope"),
    ("Opt-in", "out"),
    ("opt", "out"),
    ("Abonnement", "terminé"),
    ("Consent", "Not given"),
    ("Marketing permissions", "None"),
    ("Sub", "no"),
    ("abo", "non"),
    ("Emailing", "non"),
    ("NL", "0"),
    ("send_me_updates", "False"),
    ("Sans mail", "oui"),
    # When, how, and in notes.
    ("Démission", "31/05/2024"),
    ("Date de fin", "31/05/2024"),
    ("Désinscrit le", "2023"),
    ("Désinscrit le", "45443"),
    ("Stop method", "link"),
    ("Quarantined", "yes"),
    ("Remarque", "STOP"),
    ("Commentaire", "demande de retrait"),
    ("Notes", "asked to be removed"),
    ("Tag", "NPAI"),
    ("Groupe", "Anciens abonnés"),
    ("Nom", "Roy (désinscrit)"),
    ("First name", "Ann - ne plus contacter"),
    ("Commentaires", "a demandé à ne plus recevoir la lettre"),
    ("Commentaires", "désinscription demandée le 12/03"),
    ("Commentaires", "adresse invalide"),
    ("Comment", "please take me off your list"),
    ("Comment", "hard bounce"),
    ("Comment", "deceased"),
    ("Send email", "Never"),
    ("sendable", "false"),
    ("Weekly", "no"),
    ("closed_at", "2024-05-31"),
    ("ban", "1"),
    ("Motif", "trop de mails"),
    ("ancien", "oui"),
)


@pytest.mark.parametrize(("column", "cell"), LEAVING)
def test_who_left_is_kept_as_unsubscribed(app: App, operate: Operate, tmp_path: Path, column: str, cell: str) -> None:
    lines = (f"email;{column}", f'left@example.org;"{cell}"', "stays@example.org;")
    said = operate(app, "import", written(tmp_path, *lines), *PROOF)
    if said.code == 2:
        # A tag is only asked about.
        assert "may say that somebody left" in said.told
        assert app.items() == []
        return
    assert states(app) == {"left@example.org": "unsubscribed", "stays@example.org": "confirmed"}


@pytest.mark.parametrize(
    ("column", "cell", "state"),
    [
        ("Bounced", "yes", "bounced"),
        ("bounced_at", "2024-05-31", "bounced"),
        ("Bounce type", "Permanent", "bounced"),
        ("hard_bounce", "1", "bounced"),
        ("Cleaned", "true", "bounced"),
        ("status", "Cleaned", "bounced"),
        ("Statut", "NPAI", "bounced"),
        ("Statut", "Adresse invalide", "bounced"),
        ("status", "undeliverable", "bounced"),
        ("complained", "1", "complained"),
        ("complaint_date", "2024-05-31", "complained"),
        ("Plainte", "oui", "complained"),
        ("status", "Marked as spam", "complained"),
        ("status", "abuse", "complained"),
        ("IsSpamComplaining", "true", "complained"),
    ],
)
def test_of_who_bounced_or_complained_only_the_hash_is_kept(  # noqa: PLR0913, PLR0917
    app: App, operate: Operate, tmp_path: Path, column: str, cell: str, state: str
) -> None:
    lines = (f"email,{column}", f"gone@example.org,{cell}", "stays@example.org,")
    assert operate(app, "import", written(tmp_path, *lines), *PROOF).code == 0
    assert state_of_address(app, "gone@example.org") == state
    assert "gone@example.org" not in str(app.items())
    assert state_of_address(app, "stays@example.org") == "confirmed"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("status", "pending"),
        ("status", "Unconfirmed"),
        ("status", "nonsubscribed"),
        ("Statut", "En attente de confirmation"),
        ("Confirmed", "no"),
        ("Confirmé", "non"),
        ("email_verified", "false"),
        ("double_optin", "0"),
        ("unconfirmed", "yes"),
    ],
)
def test_who_never_confirmed_is_skipped_and_may_be_asked(
    app: App, operate: Operate, tmp_path: Path, column: str, cell: str
) -> None:
    file = written(tmp_path, f"email,{column}", f"new@example.org,{cell}")
    said = operate(app, "import", file, *PROOF)
    assert (said.code, app.items()) == (0, [])
    assert "1 never confirmed there and skipped" in said.out
    assert operate(app, "import", file, "--ask", "--json").rows[0]["asked"] == 1


@pytest.mark.parametrize(("column", "tick"), [("Newsletter", "Oui"), ("Newsletter", "x"), ("Accepts marketing", "yes")])
def test_who_has_not_ticked_a_box_that_others_have_is_skipped(
    app: App, operate: Operate, tmp_path: Path, column: str, tick: str
) -> None:
    operate(app, "import", written(tmp_path, f"Mail;{column}", f"a@example.org;{tick}", "b@example.org;"), *PROOF)
    assert states(app) == {"a@example.org": "confirmed"}


def test_no_date_of_confirmation_among_others_is_no_confirmation(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, "email,confirmed_at", "a@example.org,2024-05-31", "b@example.org,")
    operate(app, "import", file, *PROOF)
    assert states(app) == {"a@example.org": "confirmed"}


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("Notes", ("left a message at the fair", "asked to be removed from the other list, stays on this one")),
        ("tags", ("vip, inactive in spring", "archive")),
        ("Country", ("FR", "NO")),
        ("Open rate", ("0", "0.5")),
        ("LEID", ("0", "1")),
        ("Days active (30d)", ("0", "1")),
        ("Cleaned Title", ("", "")),
        ("SMS subscriber status", ("Unsubscribed", "Never subscribed")),
        ("sms_blacklisted", ("1", "0")),
        ("Member rating", ("1", "0")),
        ("unsubscribe_url", ("https://example.org/u?1", "https://example.org/u?2")),
        ("complimentary_plan", ("false", "true")),
        ("VIP", ("no", "yes")),
        ("Gender", ("f", "m")),
        ("Lieu d'inscription", ("Sidebar block", "Popup")),
        ("Address 1 - State/Region", ("NY", "CA")),
        ("Soft bounces", ("3", "0")),
        ("email_client", ("Apple Mail", "Outlook")),
        ("payment_status", ("", "past_due")),
        ("Score", ("0", "1")),
        ("Emails (all)", ("0", "12")),
        ("html_email", ("0", "1")),
        ("State", ("OK", "NY")),
        ("Origine", ("Opt-in bloc", "salon")),
        ("Consent text", ("I agree to get the newsletter", "")),
        ("Exclusive offers", ("yes", "yes")),
        ("Signup form", ("Newsletter Block", "Footer")),
        ("Company", ("Blocked Drains Ltd", "Left Bank Books")),
    ],
)
def test_harmless_columns_raise_no_alarm(
    app: App, operate: Operate, tmp_path: Path, column: str, cells: Sequence[str]
) -> None:
    lines = (f"E-mail;{column};Zip", *(f'a{number}@example.org;"{cell}";' for number, cell in enumerate(cells)))
    said = operate(app, "import", written(tmp_path, *lines), *PROOF)
    assert said.code == 0, said.err
    assert set(states(app).values()) == {"confirmed"}
    assert len(states(app)) == len(cells)


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("Status", ("subscribed", "gold")),
        ("Unsubscribed?", ("maybe", "")),
        ("Unsubscribe code", ("12", "")),
        ("Newsletter", ("weekly", "no")),
        ("Pas de newsletter", ("oui", "")),
        ("Abonné jusqu’au", ("01/02/2024", "")),
        ("Mail", ("oui", "non")),
        ("email_ok", ("1", "0")),
        ("Email wish", ("weekly", "no")),
        ("Favourite colour", ("clean white", "spam pink")),
        ("Cancelled at", ("perhaps", "")),
        ("Not unsubscribed", ("yes", "no")),
        ("bounces", ("4", "0")),
        ("Kind", ("unsubscribed", "Berlin")),
        ("Newsletter", ("weekly", "unsubscribed")),
        ("Confirmed", ("yes", "perhaps")),
        ("Notes", ("Unsubscribed", "")),
        ("Tags", ("blog, unsubscribed", "")),
    ],
)
def test_what_may_say_that_somebody_left_is_asked_about_before_anything_is_written(
    app: App, operate: Operate, tmp_path: Path, column: str, cells: Sequence[str]
) -> None:
    lines = (f"E-mail;{column}", *(f'a{number}@example.org;"{cell}"' for number, cell in enumerate(cells)))
    file = written(tmp_path, *lines)
    for arguments in (PROOF, ("--ask",), (*PROOF, "--dry-run")):
        said = operate(app, "import", file, *arguments)
        assert (said.code, app.items()) == (2, [])
        assert f"`{column}`" in said.told
        assert f'--column "{column}=ignore"' in said.told
    assert not Path(f"{file}.bad.csv").exists()
    assert operate(app, "import", file, *PROOF, "--column", f"{column}=ignore").code == 0
    assert set(states(app).values()) == {"confirmed"}


def test_an_answer_says_what_a_column_is(app: App, operate: Operate, tmp_path: Path) -> None:
    lines = ("Kontakt;Qui;Encore là;Rang", "a@example.org;Ann;ja;gold", "b@example.org;Bob;nein;gold")
    file = written(tmp_path, *lines)
    columns = ("Kontakt=email", "qui=name", "Encore là=subscribed", "Rang=ignore")
    given = [word for column in columns for word in ("--column", column)]
    assert operate(app, "import", file, *PROOF, *given).code == 0
    assert states(app) == {"a@example.org": "confirmed", "b@example.org": "unsubscribed"}
    names = {item["email"]: item.get("name") for item in app.items("subscriber")}
    assert names["a@example.org"] == "Ann"


def test_a_state_that_is_not_understood_rejects_its_row_if_the_operator_says_so(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    file = written(tmp_path, "email,status", "a@example.org,subscribed", "b@example.org,gold", "c@example.org,left")
    said = operate(app, "import", file, *PROOF, "--column", "status=state")
    assert said.code == 1
    assert "line 3: its state is 'gold', which is not understood" in said.told
    assert states(app) == {"a@example.org": "confirmed", "c@example.org": "unsubscribed"}


@pytest.mark.parametrize(
    ("column", "words"),
    [("status", "write NAME=WHAT"), ("status=gone", "write NAME=WHAT"), ("nope=ignore", "has no column nope")],
)
def test_an_answer_that_fits_nothing_is_told(
    app: App, operate: Operate, tmp_path: Path, column: str, words: str
) -> None:
    said = operate(app, "import", written(tmp_path, "email,status", "a@example.org,"), *PROOF, "--column", column)
    assert (said.code, app.items()) == (2, [])
    assert words in said.told


def test_several_columns_combine_to_the_strictest(app: App, operate: Operate, tmp_path: Path) -> None:
    lines = (
        "email,status,unsubscribed_at,complained,subscribed",
        "a@example.org,subscribed,2024-05-31,,true",
        "b@example.org,active,,,false",
        "c@example.org,unsubscribed,,1,true",
        "d@example.org,confirmed,,,true",
        "e@example.org,pending,2024-05-31,no,true",
    )
    operate(app, "import", written(tmp_path, *lines), *PROOF)
    found = {name: state_of_address(app, f"{name}@example.org") for name in "abcde"}
    assert found == {"a": "unsubscribed", "b": "unsubscribed", "c": "complained", "d": "confirmed", "e": "unsubscribed"}


def test_the_row_of_who_left_is_kept_whatever_else_is_wrong_with_it(app: App, operate: Operate, tmp_path: Path) -> None:
    lines = (
        "email,name,language,consented_at,unsubscribed_at",
        f"a@example.org,{'x' * 2000},tlh,yesterday,2999-01-01",
        "b@example.org,,,,2024-99-99",
    )
    said = operate(app, "import", written(tmp_path, *lines), *PROOF, "--column", "unsubscribed_at=unsubscribed")
    assert (said.code, states(app)) == (0, {"a@example.org": "unsubscribed", "b@example.org": "unsubscribed"})


def test_cells_that_slipped_out_of_their_columns_subscribe_nobody(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, "email,name,status", "a@example.org,Lee, Ann,unsubscribed", "b@example.org,Bob,active")
    said = operate(app, "import", file, *PROOF)
    assert said.code == 1
    assert "line 2: it has more cells than the first line" in said.told
    assert states(app) == {"b@example.org": "confirmed"}


def test_addresses_are_found_without_their_name(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, "Kontakt;Stadt", "a@example.org;Bern", "b@example.org;Wien")
    assert operate(app, "import", file, *PROOF).code == 0
    assert set(states(app)) == {"a@example.org", "b@example.org"}
    # Its first line is not a heading, and would be lost.
    said = operate(app, "import", written(tmp_path, "c@example.org;Bern", "d@example.org;Wien"), *PROOF)
    assert said.code == 2
    assert "no column of addresses" in said.told


def test_a_word_deep_in_a_long_file_counts(app: App, operate: Operate, tmp_path: Path) -> None:
    rows = [f"a{number}@example.org,plan {number}" for number in range(300)]
    file = written(tmp_path, "email,Newsletter", *rows, "z@example.org,has unsubscribed from all of them")
    said = operate(app, "import", file, *PROOF)
    assert (said.code, app.items()) == (2, [])
    assert "`Newsletter`" in said.told


# --- the name of the file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("unsubscribers.csv", "unsubscribed"),
        ("Désinscrits 2024.csv", "unsubscribed"),
        ("bounces.csv", "bounced"),
        ("complaints.csv", "complained"),
    ],
)
def test_a_file_of_those_who_left_needs_no_column(
    app: App, operate: Operate, tmp_path: Path, name: str, state: str
) -> None:
    said = operate(app, "import", written(tmp_path, "email", "a@example.org", name=name), *PROOF)
    assert said.code == 0
    assert f"everybody in it is {state}" in said.told
    assert state_of_address(app, "a@example.org") == state


def test_a_name_that_may_mean_it_is_asked_about(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, "email", "a@example.org", name="without-unsubscribed.csv")
    said = operate(app, "import", file, *PROOF)
    assert (said.code, app.items()) == (2, [])
    assert "--state" in said.told
    assert operate(app, "import", file, *PROOF, "--state", "subscribed").code == 0
    assert states(app) == {"a@example.org": "confirmed"}


# --- repeated, in any order, and with known addresses -----------------------------------------------------------------


@pytest.mark.parametrize("first", ["left", "subscribed"])
def test_no_later_file_brings_back_who_left(app: App, operate: Operate, tmp_path: Path, first: str) -> None:
    left = written(tmp_path, "email,status", "A@example.org,unsubscribed", "b@example.org,cleaned", name="one.csv")
    subscribed = written(tmp_path, "email", "a@example.org", "b@example.org", "c@example.org", name="two.csv")
    for file in (left, subscribed, left) if first == "left" else (subscribed, left, subscribed):
        assert operate(app, "import", file, *PROOF).code == 0
    found = {name: state_of_address(app, f"{name}@example.org") for name in "abc"}
    assert found == {"a": "unsubscribed", "b": "bounced", "c": "confirmed"}
    assert operate(app, "import", subscribed, "--ask", "--json").rows[0].get("asked", 0) == 0


@pytest.mark.usefixtures("short_blocks")
@pytest.mark.parametrize("apart", [0, 45])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("arguments", [PROOF, ("--ask",)])
def test_within_a_file_the_strictest_row_counts(  # noqa: PLR0913
    app: App, operate: Operate, tmp_path: Path, *, apart: int, turned: bool, arguments: tuple[str, ...]
) -> None:
    rows = ["a@example.org,subscribed", *[f"x{one}@example.org,unsubscribed" for one in range(apart)]]
    rows += ["A@example.org,unsubscribed", "a@example.org,bounced", "b@example.org,unsubscribed"]
    rows += ["b@example.org,subscribed"] * 20
    file = written(tmp_path, "email,status", *(reversed(rows) if turned else rows))
    (dry,) = operate(app, "import", file, *arguments, "--dry-run", "--json").rows
    (done,) = operate(app, "import", file, *arguments, "--json").rows
    app.play_stream()
    assert app.mails() == []
    assert app.items("request") == []
    assert (state_of_address(app, "a@example.org"), state_of_address(app, "b@example.org")) == (
        "bounced",
        "unsubscribed",
    )
    assert dry == {**done, "dry_run": True}


def test_a_resumed_import_still_knows_who_left_above(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, "email,status", "a@example.org,unsubscribed", "a@example.org,subscribed")
    operate(app, "import", file, *PROOF, "--from-line", "3")
    assert states(app) == {"a@example.org": "unsubscribed"}


@pytest.mark.parametrize(
    ("left_at", "state"),
    [("", "confirmed"), ("2020-01-01", "confirmed"), ("before", "confirmed"), ("after", "unsubscribed")],
)
def test_who_confirmed_here_later_stays(app: App, operate: Operate, tmp_path: Path, left_at: str, state: str) -> None:
    with time_machine.travel(START):
        subscribe(app)
    moments = {"before": START - timedelta(days=1), "after": START + timedelta(days=1)}
    text = moments[left_at].isoformat() if left_at in moments else left_at
    with time_machine.travel(START + timedelta(days=2)):
        file = written(tmp_path, "email,status,unsubscribed_at", f"{READER},unsubscribed,{text}")
        for _ in range(2):
            operate(app, "import", file, *PROOF)
    assert subscriber(app)["state"] == state
    assert len(subscriber(app)["history"]) == (1 if state == "confirmed" else 2)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_day_that_may_be_read_in_two_ways_is_not_taken_for_the_earlier_one(
    make_app: Any, operate: Operate, tmp_path: Path, language: str
) -> None:
    app = make_app(DefaultLanguage=language)
    with time_machine.travel(START.replace(month=3, day=1)):
        subscribe(app)
    # The 4th of February, or the 2nd of April.
    text = "04/02/2026" if language == "en" else "02/04/2026"
    with time_machine.travel(START.replace(month=6, day=1)):
        operate(app, "import", written(tmp_path, "email,unsubscribed_at", f"{READER},{text}"), *PROOF)
    assert subscriber(app)["state"] == "unsubscribed"


def test_who_left_there_comes_back_by_themselves_alone(app: App, operate: Operate, tmp_path: Path) -> None:
    with time_machine.travel(START):
        operate(app, "import", written(tmp_path, "email,status", f"{READER},unsubscribed"), *PROOF)
    with time_machine.travel(START + timedelta(days=1)):
        subscribe(app)
    assert subscriber(app)["state"] == "confirmed"


def test_a_suppression_of_here_outranks_and_a_worse_one_of_there_counts(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    operate(app, "import", written(tmp_path, "email", READER), *PROOF)
    feedback(app, "bounce-permanent")
    operate(app, "import", written(tmp_path, "email,status", f"{READER},unsubscribed"), *PROOF)
    assert state_of_address(app, READER) == "bounced"
    operate(app, "import", written(tmp_path, "email,status", f"{READER},spam"), *PROOF)
    assert state_of_address(app, READER) == "complained"
    operate(app, "subscribers", "lift", READER)
    operate(app, "import", written(tmp_path, "email,status", f"{READER},spam"), *PROOF)
    assert state_of_address(app, READER) == "lifted"


def test_the_record_of_consent_names_the_import(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, "email,unsubscribed_at", f"{READER},2024-05-31T10:00:00+02:00", name="old list.csv")
    operate(app, "import", file, *PROOF)
    (row,) = operate(app, "subscribers", "show", READER, "--json").rows
    (event,) = row["history"]
    assert (row["state"], row["left_at"]) == ("unsubscribed", "2024-05-31T08:00:00Z")
    assert (event["event"], event["file"], event["left_there_at"], event["statement"]) == (
        "unsubscribed",
        "old list.csv",
        "2024-05-31T08:00:00Z",
        "Our old list",
    )
    said = operate(app, "subscribers", "show", READER)
    assert "old list.csv" in said.out


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-05-31", "2024-05-31T00:00:00"),
        ("2024-05-31 10:00:00", "2024-05-31T10:00:00"),
        ("2024-05-31 10:00:00 UTC", "2024-05-31T10:00:00"),
        ("2024-05-31T10:00:00Z", "2024-05-31T10:00:00"),
        ("2024-05-31T10:00:00.123Z", "2024-05-31T10:00:00.123000"),
        ("2024-05-31T10:00:00+02:00", "2024-05-31T08:00:00"),
        ("2024-05-31 10:00:00+00", "2024-05-31T10:00:00"),
        ("2024/05/31", "2024-05-31T00:00:00"),
        ("20240531", "2024-05-31T00:00:00"),
        ("20110122T111244", "2011-01-22T11:12:44"),
        ("31/05/2024", "2024-05-31T00:00:00"),
        ("31/05/2024 10:00", "2024-05-31T10:00:00"),
        ("31/05/2024 à 10h30", "2024-05-31T10:30:00"),
        ("31/05/24", "2024-05-31T00:00:00"),
        ("31.05.24", "2024-05-31T00:00:00"),
        ("31-05-2024", "2024-05-31T00:00:00"),
        ("1/2/2024", "2024-02-01T00:00:00"),
        ("05/31/2024 03:22 PM", "2024-05-31T15:22:00"),
        ("05/31/2024 12:22 a.m.", "2024-05-31T00:22:00"),
        ("05/31/2024", "2024-05-31T00:00:00"),
        ("1717149600", "2024-05-31T10:00:00"),
        ("1717149600123", "2024-05-31T10:00:00"),
        ("May 31, 2024", "2024-05-31T00:00:00"),
        ("May 31st, 2024 3:22 pm", "2024-05-31T15:22:00"),
        ("31 May 2024", "2024-05-31T00:00:00"),
        ("31 mai 2024", "2024-05-31T00:00:00"),
        ("1er févr. 2024", "2024-02-01T00:00:00"),
        ("vendredi 31 août 2023", "2023-08-31T00:00:00"),
        ("Fri, 31 May 2024 10:00:00 +0200", "2024-05-31T08:00:00"),
        ("Fri May 31 2024 10:00:00 GMT+0200 (CEST)", "2024-05-31T08:00:00"),
        # Go, Constant Contact, Google Forms
        ("2024-05-31 10:00:00.123456 +0000 UTC", "2024-05-31T10:00:00.123456"),
        ("2024-05-31 10:00:00.5 +0000 +0000", "2024-05-31T10:00:00.500000"),
        ("2024-05-31 12:00:00 +0200 CEST", "2024-05-31T10:00:00"),
        ("2024-05-31 10:00:00 EDT", "2024-05-31T14:00:00"),
        ("2024/05/31 7:01:33 PM GMT+2", "2024-05-31T17:01:33"),
    ],
)
def test_dates_are_read_as_tools_write_them(text: str, at: str) -> None:
    found = dates.parse(text)
    assert found is not None
    assert found.isoformat() == f"{at}+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024",
        "31/31/2024",
        "2024-13-01",
        "0000-00-00",
        "12",
        "1.5",
        "32 mai 2024",
        "2024-05-31 10:00 XYZ",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert dates.parse(text) is None


@given(st.datetimes(min_value=START.replace(year=1990, tzinfo=None), max_value=START.replace(tzinfo=None)))
def test_every_day_is_read_in_both_orders(at: Any) -> None:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    orders: Mapping[dates.Order, str] = {"day-first": "%d/%m/%Y", "month-first": "%m/%d/%Y"}
    for order, form in orders.items():
        text = at.strftime(form)
        assert dates.order_of(text) in (order, "either", None)
        found = dates.parse(text, order)
        assert found is not None
        assert found.replace(tzinfo=None) == day


@pytest.mark.parametrize(
    ("cells", "more", "read"),
    [
        (("05/06/2024", "31/05/2024"), (), "2024-06-05"),
        (("05/06/2024", "05/31/2024"), (), "2024-05-06"),
        (("05/06/2024", "06/07/2024"), (), "2024-06-05"),
        (("05/06/2024", "06/07/2024"), ("--dates", "month-first"), "2024-05-06"),
        (("05/06/2024 03:22 PM", ""), (), "2024-05-06"),
        (("05.06.2024", ""), (), "2024-06-05"),
    ],
)
def test_other_rows_decide_between_day_and_month(  # noqa: PLR0913, PLR0917
    app: App, operate: Operate, tmp_path: Path, cells: Sequence[str], more: tuple[str, ...], read: str
) -> None:
    lines = ("email;date", *(f"a{number}@example.org;{cell}" for number, cell in enumerate(cells)))
    said = operate(app, "import", written(tmp_path, *lines), *PROOF, *more)
    assert said.code == 0
    first = next(item for item in app.items("subscriber") if item["email"] == "a0@example.org")
    assert first["confirmed_at"].startswith(read)
    assert ("read with the day first" in said.told) == (cells[1] == "06/07/2024" and not more)


def test_where_nothing_decides_it_is_asked_on_an_english_site(make_app: Any, operate: Operate, tmp_path: Path) -> None:
    app = make_app(DefaultLanguage="en")
    file = written(tmp_path, "email,date", "a@example.org,05/06/2024")
    said = operate(app, "import", file, *PROOF)
    assert (said.code, app.items()) == (2, [])
    assert "--dates day-first" in said.told
    assert operate(app, "import", file, *PROOF, "--dates", "month-first").code == 0
    # When somebody left is not worth a question: that they did is clear.
    file = written(tmp_path, "email,unsubscribed_at", "b@example.org,05/06/2024")
    assert operate(app, "import", file, *PROOF).code == 0
    assert state_of_address(app, "b@example.org") == "unsubscribed"


def test_the_default_language_decides_whether_the_day_comes_first(
    make_app: Any, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(DefaultLanguage="en")
    monkeypatch.setattr(locale("en"), "DAY_FIRST", True)
    said = operate(app, "import", written(tmp_path, "email,date", "a@example.org,05/06/2024"), *PROOF)
    assert "read with the day first, as in English." in said.told
    (person,) = app.items("subscriber")
    assert person["confirmed_at"].startswith("2024-06-05")


# --- encodings, line ends, separators ---------------------------------------------------------------------------------


def encoded(text: str, encoding: str) -> bytes:
    marks = {"utf-8-sig": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    return marks.get(encoding, b"") + text.encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("sep", [False, True])
def test_a_file_is_read_however_it_is_written(
    tmp_path: Path, encoding: str, end: str, separator: str, *, sep: bool
) -> None:
    rows = [
        ["É-mail", "Prénom", "NOM", "Désabonné"],
        ["a@example.org", "Zoé", 'L’Hôte; d\'Or, "x"', ""],
        ["b@example.org", "Léo", f"two{end}lines", "oui"],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    file = tmp_path / "list.csv"
    file.write_bytes(encoded((f"sep={separator}{end}" if sep else "") + text.getvalue(), encoding))
    reader = importing.Reader(file, "fr")
    assert reader.separator == separator
    first, second = (read.row for read in reader.rows())
    assert isinstance(first, importing.Line)
    assert (first.number, first.email, first.name) == (2 + sep, "a@example.org", 'Zoé L’Hôte; d\'Or, "x"')
    assert isinstance(second, importing.Line)
    assert (second.number, second.standing) == (3 + sep, "unsubscribed")


def test_a_broken_letter_in_a_file_of_utf_8_is_a_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("email,name\na@example.org,Zoé\nb@example.org,".encode() + b"caf\xe9\n")
    first, second = (read.row for read in importing.Reader(file, "fr").rows())
    assert isinstance(first, importing.Line)
    assert isinstance(second, importing.BadLine)
    assert (second.reason, second.text) == (
        "it is not UTF-8: save the file as CSV UTF-8",
        r"b@example.org,caf\xe9",
    )


def test_the_csv_of_our_own_export_is_imported_in_all_states(operate: Operate, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    with isolated():
        app = App(resolve())
        listed = ("a,subscribed", "b,unsubscribed", "c,bounced", "d,complained", "e,subscribed", "f,bounced")
        rows = ("email,status", *(one.replace(",", "@example.org,") for one in listed))
        operate(app, "import", written(tmp_path, *rows), *PROOF)
        subscribe(app)
        secret = connection_to(app).settings.signing_secret
        subscribers.block("table", subscriber_id(secret, "e@example.org"), utc_now())
        subscribers.lift("table", subscriber_id(secret, "f@example.org"), utc_now(), timedelta(days=9))
        assert operate(app, "export", "subscribers", "--state", "all", "-o", str(file)).code == 0
    assert len(file.read_text().splitlines()) == 8
    with isolated():
        app = App(resolve())
        for dry_run in (("--dry-run",), ()):
            said = operate(app, "import", str(file), *PROOF, *dry_run, "--json")
            assert (said.code, said.rows[0]["bad_lines"]) == (0, 0)
            assert "4 rows of people who left, without an address" in said.err
        assert states(app) == {
            "a@example.org": "confirmed", READER: "confirmed", "b@example.org": "unsubscribed",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (("email,uNsUbScRiBeD", "a@example.org,TrUe"), True),
        (("email,subscribed", "a@example.org,\ufefffalse\u200b", "b@example.org,true"), True),
        (("email,isexcludedfromcampaigns", "a@example.org,true"), True),
        (("email,inActive", "a@example.org,yes"), True),
        (("Mail;Abonné(e)", "a@example.org;non"), True),
        (("Mail;Statut", "a@example.org;Désabonné(e)"), True),
        (("Mail;Statut", "a@example.org;Désinscrit·e·s"), True),
        (("Mail;RGPD", "b@example.org;OK", "a@example.org;KO"), True),
        (("Mail;Radié", "b@example.org;", "a@example.org;oui"), True),
        (("Mail;À retirer", "b@example.org;", "a@example.org;x"), True),
        (("Mail;Décédée", "b@example.org;", "a@example.org;x"), True),
        (("Mail,Exit date", "b@example.org,", "a@example.org,2024-01-01"), True),
        (("Mail,Consent to track,State", "a@example.org,No,Active", "b@example.org,Unchanged,Active"), False),
        (("Mail,digest_enabled,email_disabled", "a@example.org,false,false"), False),
        (("Mail,Email status,Email status date", "a@example.org,subscribed,2024-05-31T10:00:00Z"), False),
        (("Mail,Email permission status", "a@example.org,Express", "b@example.org,Implied"), False),
        (("Mail,Marketing contact status", "a@example.org,Marketing contact"), False),
        (("Mail,Attendee Status", "a@example.org,Attending"), False),
        (("Mail;Statut", "a@example.org;Abonné(e)", ";", ";;"), False),
        (("Courriel;Newsletter;Optin partenaires", "a@example.org;Oui;Non", "b@example.org;Oui;Oui"), False),
        (("Horodateur;Mail;Voulez-vous la lettre ?", "31/05/2024 10:00:00;a@example.org;Non"), True),
        # PrestaShop's block of newsletters
        (
            ("id;shop_name;gender;email;subscribed;subscribed_on", "1;Shop;Mme;a@example.org;1;2024-05-31 10:00:00"),
            False,
        ),
        (("Mail,Subscriptions gifted", "a@example.org,0", "b@example.org,1"), False),
        # HelloAsso, PrestaShop's customers in French, HubSpot
        (("Statut de la commande;Email payeur;Souhaitez-vous la lettre ?", "Validé;a@example.org;Non"), True),
        (("Adresse e-mail;Activé;Lettre d'informations;Offres des partenaires", "a@example.org;1;1;0"), False),
        (("Email,Marketing emails delivered,Unsubscribed from all email", "a@example.org,0,FALSE"), False),
        # Brevo, as its lists of contacts show the states
        (("EMAIL;EMAIL_MARKETING;SMS_MARKETING", "a@example.org;Subscribed;Blocklisted"), False),
        (("EMAIL;EMAIL_MARKETING;SMS_MARKETING", "a@example.org;Unsubscribed;", "b@example.org;Subscribed;"), True),
        (("EMAIL;_SUBSCRIBED;_BLOCKLISTED", "a@example.org;;[email_marketing]"), True),
        # AWeber, Constant Contact, Klaviyo, phpList, Keila
        (
            ("Email,Status,Stopped Date,Stop Method", "b@example.org,subscribed,,", "a@example.org,,2024-06-01,link"),
            True,
        ),
        (
            (
                "Mail,Confirmed Opt-Out Date,Confirmed Opt-Out Source",
                "a@example.org,2024-06-01 10:00:00 EDT,Contact",
                "b@example.org,,",
            ),
            True,
        ),
        (("Email,Email Suppressions", "a@example.org,[UNSUBSCRIBE]", "b@example.org,[]"), True),
        (("Email\tIs this subscriber blacklisted\tList Membership", "a@example.org\t1\tnews; test; "), True),
        (("Email\tNumber of bounces\tList Membership", "a@example.org\t0\tnews; test; "), False),
        (("Email,Data,Status", 'a@example.org,"{""a"": 1}",active', "b@example.org,,unreachable"), False),
        (("email|statut", "a@example.org|désabonné"), True),
        (("email,statut", "a@example.org,abonné", "email,statut", "b@example.org,abonné"), False),
        (("email,statut", "b@example.org,abonné", "email,statut", "a@example.org,désabonné"), True),
        (("Liste au 31/05/2024;;", ";;", "Mail;Statut;", "a@example.org;désabonné;"), True),
        (("Mes contacts", "Mail;Statut", "a@example.org;abonné"), False),
        (("email;statut", '"b@example.org; a@example.org";désabonné', "a@example.org;abonné"), True),
        (("email;statut", "Ann <a@example.org>;désabonné", "a@example.org;abonné"), True),
    ],
)
def test_more_lists_are_understood(
    app: App, operate: Operate, tmp_path: Path, lines: Sequence[str], *, left: bool
) -> None:
    said = operate(app, "import", written(tmp_path, *lines), *PROOF)
    assert said.code == 0, said.err
    assert states(app)["a@example.org"] == ("unsubscribed" if left else "confirmed")


@pytest.mark.parametrize(
    "lines",
    [
        ("email,confirmed,blacklisted,optedin", "b@example.org,1,0,0", "a@example.org,1,0,0"),
        ("Mail,Email frequency", "b@example.org,weekly", "a@example.org,Never"),
        ("Mail,Newsletters", "b@example.org,Weekly", "a@example.org,None"),
        ("Mail,Accord", "b@example.org,oui", "a@example.org,sans suite"),
        ("Mail,send", "b@example.org,yes", "a@example.org,no"),
        ("Mail,contact ok", "b@example.org,1", "a@example.org,0"),
        ("Mail,Notes", "a@example.org,please stop e-mailing"),
        ("Mail,Notes", "a@example.org,unsubscribed by phone last spring"),
        ("Mail;Erreur", "b@example.org;", "a@example.org;550 user unknown"),
        ("Mail;Number of bounces", "b@example.org;0", "a@example.org;1"),
        # Perhaps a figure, with zeros for everybody: unsubscribing by mistake is permanent.
        ("Mail,Active subscriptions", "b@example.org,1", "a@example.org,0"),
        ("Mail,subscribed", "b@example.org,0", "a@example.org,0"),
        ("ID,user_email,user_status", "1,a@example.org,0"),
        ("Mail,Marketing emails bounced", "b@example.org,0", "a@example.org,1"),
        # PrestaShop's customers: `optin` is about its partners.
        ("email;newsletter;optin", "a@example.org;1;0"),
        ("Mail;Désabonnés", "b@example.org;a@example.org"),
        ("Mail", "b@example.org", "désinscrit <a@example.org>"),
    ],
)
def test_more_of_what_may_mean_leaving_is_asked_about(
    app: App, operate: Operate, tmp_path: Path, lines: Sequence[str]
) -> None:
    said = operate(app, "import", written(tmp_path, *lines), *PROOF)
    assert (said.code, states(app)) == (2, {})
    assert "not understood" in said.err


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("DNM", "unsubscribed"),
        ("mauvaise adresse", "bounced"),
        ("inexistante", "bounced"),
        ("retour mail", "bounced"),
        ("dropped", "bounced"),
        ("User unknown", "bounced"),
        ("Feedback loop", "complained"),
        ("requires_verification", ""),
        ("DOI sent", ""),
        ("upcoming", ""),
    ],
)
def test_more_states_are_understood(app: App, operate: Operate, tmp_path: Path, cell: str, state: str) -> None:
    said = operate(app, "import", written(tmp_path, "Mail;Statut", f"a@example.org;{cell}", "b@example.org;"), *PROOF)
    assert said.code == 0, said.err
    assert state_of_address(app, "a@example.org") == state
    assert state_of_address(app, "b@example.org") == "confirmed"


def test_addresses_are_read_as_people_write_them(app: App, operate: Operate, tmp_path: Path) -> None:
    lines = (
        "email",
        "Ann Lee <a1@example.org>",
        '"""Roy, Bob"" <a2@example.org>"',
        "<a3@example.org>",
        "mailto:a4@example.org",
        "MAILTO:A5@EXAMPLE.ORG?subject=hello",
        "a6@example.org;",
        "a7@example.org.",
        '"=HYPERLINK(""mailto:a8@example.org"",""a8@example.org"")"',
        '" a9@example.org\u00a0"',
        "b1@example.org; b2@example.org",
        "b3@example.org b4",
    )
    said = operate(app, "import", written(tmp_path, *lines), *PROOF, "--json")
    assert {address.lower() for address in states(app)} == {f"a{number}@example.org" for number in range(1, 10)}
    names = {item["email"]: item.get("name", "") for item in app.items("subscriber")}
    assert (names["a1@example.org"], names["a2@example.org"], names["a3@example.org"]) == ("Ann Lee", "Roy, Bob", "")
    assert said.rows[0]["bad_lines"] == 2
    assert "line 11: it has several email addresses: write each in a row of its own" in said.told


def test_a_row_without_an_address_says_so(app: App, operate: Operate, tmp_path: Path) -> None:
    said = operate(app, "import", written(tmp_path, "email,phone", "a@example.org,", ",+33100000000"), *PROOF)
    assert (said.code, states(app)) == (1, {"a@example.org": "confirmed"})
    assert "line 3: it has no email address" in said.told


@pytest.mark.parametrize("title", ["Désabonnés;", "--- Unsubscribed ---;", ";NPAI", "Bounces;"])
def test_a_title_over_people_who_left_stops_the_import(app: App, operate: Operate, tmp_path: Path, title: str) -> None:
    lines = ("email;nom", "a@example.org;Lee", title, "b@example.org;Roy")
    said = operate(app, "import", written(tmp_path, *lines), *PROOF)
    assert (said.code, states(app)) == (2, {})
    assert "Line 3" in said.told or "`nom`" in said.told


def test_lines_above_the_headings_are_left_out_and_told(app: App, operate: Operate, tmp_path: Path) -> None:
    lines = ("Contacts of 2024", "", "name,email", "Ann,a@example.org", "Bob,bad")
    said = operate(app, "import", written(tmp_path, *lines), *PROOF)
    assert states(app) == {"a@example.org": "confirmed"}
    assert "Line 3 is taken for the headings" in said.told
    assert "line 5: 'bad' is not a valid email address" in said.told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "save it as CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as CSV UTF-8"),
        (b"%PDF-1.7", "export the list as CSV"),
        (b"\x1f\x8b\x08", "unpack it"),
        (b"a@example.org\nb@example.org\n", "Add a line above it that names the columns"),
        (b"Ann,a@example.org\n", "Add a line above it that names the columns"),
        (b"name;phone\nx;y\n", "no column of addresses"),
        (b"", "no column of addresses"),
        (b'"email\n', "must name the columns"),
    ],
)
def test_what_is_no_such_list_is_told_with_what_to_do(
    app: App, operate: Operate, tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    said = operate(app, "import", str(file), *PROOF)
    assert (said.code, states(app)) == (2, {})
    assert words in said.told


def test_days_that_a_spreadsheet_counts_are_dates(app: App, operate: Operate, tmp_path: Path) -> None:
    lines = ("email;Date d'inscription", "a@example.org;45443", "b@example.org;45443,5")
    assert operate(app, "import", written(tmp_path, *lines), *PROOF).code == 0
    at = {item["email"]: item["confirmed_at"] for item in app.items("subscriber")}
    assert at == {"a@example.org": "2024-05-31T00:00:00Z", "b@example.org": "2024-05-31T12:00:00Z"}


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("uuid,email,name,attributes,status,created_at,updated_at", "who unsubscribed from a list"),
        ("CONTACT ID,EMAIL,OPT_IN,ADDED_TIME,MODIFIED_TIME", "does not say who is blocklisted"),
        # MailPoet's fields are chosen one by one.
        ("Email,Confirmation time,List", "No column of this file says who left"),
        ("email", "No column of this file says who left"),
        ("Email,Start date,Emails received (6mo)", "who has switched emails off"),
        ("EMAIL,ADDED_TIME,MODIFIED_TIME,EMAIL_BLACKLISTED", ""),
        ("EMAIL,ADDED_TIME,MODIFIED_TIME,EMAIL_MARKETING", ""),
        ("EMAIL,ADDED_TIME,MODIFIED_TIME,_SUBSCRIBED", ""),
        ("Email,List status", ""),
        ("email,unsubscribed_at", ""),
    ],
)
def test_a_file_without_a_word_of_who_left_is_told(
    app: App, operate: Operate, tmp_path: Path, heading: str, words: str
) -> None:
    columns = heading.split(",")
    row = ",".join("a@example.org" if name.lower() == "email" else "" for name in columns)
    said = operate(app, "import", written(tmp_path, heading, row), *PROOF, "--dry-run")
    assert said.code == 0
    assert words in said.told
    assert words or "--state" not in said.told
    # Everybody in it left, as the operator says.
    said = operate(app, "import", written(tmp_path, heading, row), *PROOF, "--dry-run", "--state", "unsubscribed")
    assert "--state" not in said.told


def test_a_last_name_may_be_called_name(app: App, operate: Operate, tmp_path: Path) -> None:
    # As Mailjet's contact properties are, and languages as people choose them from a list.
    lines = (
        "email,firstname,name,language",
        "a@example.org,Ann,Lee,English (US)",
        "b@example.org,Zoé,Zoé Roy,Français",
    )
    operate(app, "import", written(tmp_path, *lines), *PROOF)
    known = {item["email"]: (item["name"], item.get("language", "fr")) for item in app.items("subscriber")}
    assert known == {"a@example.org": ("Ann Lee", "en"), "b@example.org": ("Zoé Roy", "fr")}


def test_who_renewed_here_later_stays(app: App, operate: Operate, tmp_path: Path) -> None:
    one = subscriber_id(connection_to(app).settings.signing_secret, READER)
    with time_machine.travel(START):
        operate(app, "import", written(tmp_path, "email,confirmed_at", f"{READER},2020-01-01"), *PROOF)
        subscribers.renew("table", one, utc_now())
    for day, state in ((-1, "confirmed"), (1, "unsubscribed")):
        with time_machine.travel(START + timedelta(days=2)):
            left_at = (START + timedelta(days=day)).isoformat()
            operate(app, "import", written(tmp_path, "email,unsubscribed_at", f"{READER},{left_at}"), *PROOF)
        assert subscriber(app)["state"] == state


# --- any file ---------------------------------------------------------------------------------------------------------

_LEAVING: dict[str, list[str]] = {
    "status": [
        "unsubscribed",
        "Désinscrit",
        "OPTED OUT",
        "cleaned",
        "bounced",
        "spam",
        "deleted",
        "Bloqué",
        "inactive",
    ],
    "Unsubscribed": ["yes", "TRUE", "1", "oui", "vrai", "31/05/2024", "2024-05-31 10:00", "May 31, 2024", "1717149600"],
    "UNSUB_TIME": ["2024-05-31 10:00:00", "05/31/2024 03:22 PM"],
    "Désinscrit le": ["31/05/2024", "31.05.24", "31 mai 2024"],
    "subscribed": ["no", "FALSE", "0", "non", "faux"],
    "email_disabled": ["true", "Yes"],
    "Statut": ["Désabonné", "résilié", "supprimée", "NPAI", "archivé"],
    "bounced_at": ["2024-05-31"],
}
for _column, _cell in LEAVING:
    _LEAVING.setdefault(_column, []).append(_cell)
_STAYING: Mapping[str, Sequence[str]] = {
    "status": ("subscribed", "active", ""),
    "Unsubscribed": ("no", "", "0"),
    "UNSUB_TIME": ("", "0000-00-00 00:00:00"),
    "Désinscrit le": ("",),
    "subscribed": ("yes", "1"),
    "email_disabled": ("false",),
    "Statut": ("Abonné", ""),
    "bounced_at": ("",),
}
_UNKNOWN = st.text(st.characters(codec="cp1252", exclude_characters='"\\'), max_size=8)


@pytest.mark.slow
@given(st.data())
def test_nobody_is_subscribed_whose_row_says_that_they_left(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever the columns, their order, the cells, the addresses, the titles, the encoding and the separator."""
    names = data.draw(st.lists(st.sampled_from(list(_LEAVING)), min_size=1, max_size=4, unique=True))
    others = data.draw(st.lists(_UNKNOWN, max_size=2))
    order = data.draw(st.permutations(["email", *names, *others]))
    rows: list[list[str]] = []
    left: set[str] = set()
    for number in range(data.draw(st.integers(1, 6))):
        address = f"a{number}@example.org"
        leaving = data.draw(st.sets(st.sampled_from(names)))
        if leaving:
            left.add(address)
        form = data.draw(st.sampled_from(["{}", "{};", "mailto:{}", "<{}>", "Ann Lee <{}>", "{}; x@example.org"]))
        cells = {"email": form.format(address)}
        for name in names:
            cell = data.draw(st.sampled_from(_LEAVING[name] if name in leaving else _STAYING.get(name, ("",))))
            cells[name] = data.draw(st.sampled_from(["{}", " {}", "{} "])).format(
                data.draw(st.sampled_from([cell, cell.upper(), cell.lower()]))
            )
        rows.append([cells[name] if name in cells else data.draw(_UNKNOWN) for name in order])
    separator = data.draw(st.sampled_from(",;\t|"))
    titles = data.draw(st.lists(st.sampled_from([["Contacts"], ["", ""], ["Au 31/05/2024", ""]]), max_size=2))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"]))
    text = io.StringIO(newline="")
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([*titles, order, *rows])
    file = tmp_path_factory.mktemp("any") / "list.csv"
    # Crosses such as ✘ are not in windows-1252.
    assume(encoding != "cp1252" or "✘" not in text.getvalue())
    file.write_bytes(encoded(text.getvalue(), encoding))
    try:
        reader = importing.Reader(file, "fr")
    except OperatorError:
        # It asks, and nothing is imported.
        return
    for read in reader.rows():
        if isinstance(read.row, importing.Line) and read.row.email in left:
            assert read.row.standing in LEFT


_SPELLINGS = (
    str, str.upper, str.lower, str.title, str.swapcase,
    lambda text: "".join(one.upper() if place % 2 else one.lower() for place, one in enumerate(text)),
    lambda text: "\u00a0" + text.replace(" ", "\u00a0"),
    lambda text: f"\ufeff{text}\u200b",
    lambda text: unicodedata.normalize("NFD", text),
)  # fmt: skip


@given(st.sampled_from(LEAVING), st.sampled_from(_SPELLINGS), st.sampled_from(_SPELLINGS))
def test_who_left_is_not_subscribed_however_it_is_spelled(
    tmp_path_factory: pytest.TempPathFactory, said: tuple[str, str], of_name: Any, of_cell: Any
) -> None:
    file = tmp_path_factory.mktemp("any") / "list.csv"
    rows = [["email", of_name(said[0])], ["a@example.org", of_cell(said[1])], ["b@example.org", ""]]
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows(rows)
    try:
        first = next(importing.Reader(file, "fr").rows()).row
    except OperatorError:
        return
    assert isinstance(first, importing.BadLine) or first.standing in LEFT


@given(st.text(max_size=80))
def test_any_text_is_a_state_or_none(text: str) -> None:
    assert state_of(text) in (None, "subscribed", "pending", *LEFT)
    at = dates.parse(text)
    assert at is None or at.tzinfo is not None
    assert utc_now() is not None
