"""What the operator's commands show about renewals, and that erasing leaves nothing of them."""

from datetime import datetime

from guichet.store import renewals
from tests.support.app import App
from tests.support.newsletter import READER, subscriber
from tests.support.operate import Operate
from tests.support.renewal import LINK, days, due, month, sent_at


def test_the_terminal_shows_it_too(app: App, operate: Operate) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        (row,) = operate(app, "subscribers", "show", READER, "--json").rows
        assert datetime.fromisoformat(row["renewal_sent_at"]) == sent_at(app)
        assert [event["event"] for event in row["history"]] == ["imported", "asked_to_renew"]
        month(app, clock)
        (row,) = operate(app, "subscribers", "show", READER, "--json").rows
        assert row["history"][-1]["reason"] == row["left_for"] == "no_answer"


def test_erasing_leaves_nothing_of_it(app: App, operate: Operate) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        assert operate(app, "forget", READER, "--yes").code == 0
        assert set(subscriber(app)) <= {"pk", "sk", "kind", "id", "state", "list", "left_at", "expires_at"}
        assert app.items("email") == []
        month(app, clock)
        assert app.post(LINK).status_code == 410
