"""`guichet import` of other tools' exports: the outcome of every row, without any --column."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from guichet.signing import subscriber_id
from tests.support.app import App
from tests.support.operate import Operate, connection_to

EXPORTS = Path(__file__).with_name("exports")
PROOF = ("--consent", "Exported from our old tool, where they had confirmed")
LEFT, BOUNCED, COMPLAINED = "unsubscribed", "bounced", "complained"
# Never confirmed there: nothing about them is stored.
SKIPPED = ""


class Subscribed(NamedTuple):
    """What is known about a subscriber."""

    name: str
    confirmed_at: str = ""
    language: str = "fr"


ROWS: Mapping[str, Mapping[str, Subscribed | str]] = {
    "subscribed_members_export_0a1b2c.csv": {
        "ann.mc@example.org": Subscribed("Ann Lee", "2021-03-14T09:14:00Z"),
        "bob.mc@example.org": Subscribed("Bob", "2019-11-05T17:38:27Z"),
    },
    "unsubscribed_members_export_0a1b2c.csv": {
        "left.mc@example.org": LEFT,
        "admin.mc@example.org": LEFT,
        "abuse.mc@example.org": COMPLAINED,
    },
    "cleaned_members_export_0a1b2c.csv": {"gone.mc@example.org": BOUNCED},
    "nonsubscribed_members_export_0a1b2c.csv": {"buyer.mc@example.org": SKIPPED},
    "brevo.csv": {
        "ann.br@example.org": Subscribed("Ann Lee", "2024-05-31T00:00:00Z"),
        "bob.br@example.org": Subscribed("Bob Roy", "2024-06-13T00:00:00Z"),
        "blocked.br@example.org": LEFT,
        "left.br@example.org": LEFT,
        "never.br@example.org": SKIPPED,
        "no.br@example.org": LEFT,
        "none.br@example.org": SKIPPED,
    },
    "sendinblue.csv": {
        "ann.sib@example.org": Subscribed("Ann Lee", "2019-05-31T09:30:00Z"),
        "leo.sib@example.org": Subscribed("Léo Prévôt", "2020-02-03T10:00:00Z"),
        "parti.sib@example.org": LEFT,
        "oui.sib@example.org": LEFT,
    },
    "substack.csv": {
        "free.ss@example.org": Subscribed("", "2025-01-01T08:00:00Z"),
        "paid.ss@example.org": Subscribed("", "2024-02-01T08:00:00Z"),
        "off.ss@example.org": LEFT,
    },
    "substack-dashboard.csv": {
        "cat.ss@example.org": Subscribed("Cat Ray", "2024-06-13T08:00:00Z"),
        "dog.ss@example.org": Subscribed("Dog Ray", "2024-01-13T08:00:00Z"),
    },
    "ghost-members.csv": {
        "ann.gh@example.org": Subscribed("Ann Lee", "2024-05-31T10:00:00Z"),
        "off.gh@example.org": LEFT,
        "gone.gh@example.org": LEFT,
    },
    "buttondown.csv": {
        "regular.bd@example.org": Subscribed("", "2024-05-31T10:00:00.123456Z"),
        "premium.bd@example.org": Subscribed("", "2024-05-31T10:00:00Z"),
        "unpaid.bd@example.org": Subscribed("", "2024-05-31T10:00:00Z"),
        "never.bd@example.org": SKIPPED,
        "left.bd@example.org": LEFT,
        "removed.bd@example.org": LEFT,
        "complained.bd@example.org": COMPLAINED,
        "dead.bd@example.org": BOUNCED,
        "paused.bd@example.org": SKIPPED,
        "due.bd@example.org": Subscribed("", "2024-05-31T10:00:00Z"),
        "soon.bd@example.org": SKIPPED,
        "blocked.bd@example.org": LEFT,
    },
    "listmonk.csv": {
        "ann.lm@example.org": Subscribed("Ann Lee", "2024-05-31T10:00:00.123456Z"),
        "off.lm@example.org": LEFT,
        "blocked.lm@example.org": LEFT,
    },
    # listmonk's export of those who unsubscribed from a list says so only by its name.
    "unsubscribed-listmonk.csv": {"un.lm@example.org": LEFT},
    "mailjet.csv": {
        "ann.mj@example.org": Subscribed("Ann Lee", "2024-05-31T10:00:00Z"),
        "out.mj@example.org": LEFT,
        "un.mj@example.org": LEFT,
        "spam.mj@example.org": COMPLAINED,
        "wait.mj@example.org": SKIPPED,
    },
    "wix-contacts.csv": {
        "ann.wx@example.org": Subscribed("Ann Lee", "2024-05-31T10:00:00Z"),
        "un.wx@example.org": LEFT,
        "never.wx@example.org": SKIPPED,
        "notset.wx@example.org": SKIPPED,
    },
    "mailerlite.csv": {
        "ann.ml@example.org": Subscribed("Ann Lee", "2024-05-31T10:00:00Z"),
        "un.ml@example.org": LEFT,
    },
    "kit.csv": {
        "ann.kt@example.org": Subscribed("Ann", "2024-05-31T10:00:00Z"),
        "un.kt@example.org": LEFT,
        "bounce.kt@example.org": BOUNCED,
        "spam.kt@example.org": COMPLAINED,
        "idle.kt@example.org": LEFT,
    },
    "beehiiv.csv": {
        "ann.bh@example.org": Subscribed("Ann Lee", "2024-05-31T10:00:00Z"),
        "gold.bh@example.org": Subscribed("", "2024-05-31T10:00:00Z"),
        "un.bh@example.org": LEFT,
        "idle.bh@example.org": LEFT,
        "wait.bh@example.org": SKIPPED,
    },
    "mailpoet.csv": {
        "ann.mp@example.org": Subscribed("Ann Lee", "2024-05-31T10:00:00Z"),
        "un.mp@example.org": LEFT,
        "all.mp@example.org": LEFT,
        "dead.mp@example.org": BOUNCED,
        "wait.mp@example.org": SKIPPED,
        # Never confirmed, as WordPress's users are not.
        "user.mp@example.org": SKIPPED,
    },
    "squarespace.csv": {
        "ann.sq@example.org": Subscribed("Ann Lee", "2024-05-31T15:22:00Z"),
        "no.sq@example.org": LEFT,
    },
    "tableur.csv": {
        "ann.tb@example.org": Subscribed("Ann Lee", "2024-05-31T00:00:00Z"),
        "leo.tb@example.org": LEFT,
        "zoe.tb@example.org": Subscribed("Zoé", "2024-05-31T00:00:00Z"),
    },
}


def kept(app: App, address: str) -> Subscribed | str:
    """Return what is stored about an address."""
    known = subscriber_id(connection_to(app).settings.signing_secret, address)
    found = next((item for item in app.items("subscriber") if item["id"] == known), None)
    if found is None:
        return SKIPPED
    if found["state"] != "confirmed":
        # Only for those who unsubscribed is the address kept.
        assert ("email" in found) == (found["state"] == LEFT)
        return str(found["state"])
    return Subscribed(found.get("name", ""), found["confirmed_at"], found.get("language", "fr"))


def test_each_file_is_in_the_table() -> None:
    assert {file.name for file in EXPORTS.iterdir()} == set(ROWS)


@pytest.mark.parametrize("file", list(ROWS))
def test_every_row_of_a_tool_has_the_right_outcome(app: App, operate: Operate, file: str) -> None:
    path = str(EXPORTS / file)
    dry = operate(app, "import", path, *PROOF, "--dry-run", "--json")
    assert app.items() == []
    said = operate(app, "import", path, *PROOF, "--json")
    assert (said.code, said.rows[0]["bad_lines"], said.rows[0]["stopped"]) == (0, 0, ""), said.err
    assert dry.rows[0] == {**said.rows[0], "dry_run": True}
    assert {address: kept(app, address) for address in ROWS[file]} == ROWS[file]
    assert len(app.items("subscriber")) == sum(one != SKIPPED for one in ROWS[file].values())

    # Once more, it changes nothing.
    before = app.items()
    assert operate(app, "import", path, *PROOF).code == 0
    assert app.items() == before


@pytest.mark.parametrize("file", list(ROWS))
def test_only_who_never_left_is_asked(app: App, operate: Operate, file: str) -> None:
    operate(app, "import", str(EXPORTS / file), "--ask")
    asked = {item["email"].lower() for item in app.items("request")}
    assert asked == {one for one, what in ROWS[file].items() if what == SKIPPED or isinstance(what, Subscribed)}
