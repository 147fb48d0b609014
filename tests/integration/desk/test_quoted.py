"""An email to the owner, quoted whole by a stranger: its links are URLs, and grant no access."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from html import unescape

import pytest
import time_machine

from tests.support.app import PARAMETERS, START, App
from tests.support.contact import contact
from tests.support.desk import ORIGIN, Browser
from tests.support.emails import NAMES, email
from tests.support.newsletter import subscribe

_LINK = re.compile(r"""https://api\.example/[^\s"'<>]+""")


def links(mail: EmailMessage) -> set[str]:
    """Return the links of an email that lead to the API."""
    return {link for part in mail.iter_parts() for link in _LINK.findall(unescape(part.get_content()))}


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_link_of_the_owners_emails_does_nothing_and_tells_nothing_without_a_session(
    make_app: Callable[..., App], language: str
) -> None:
    app = make_app(DefaultLanguage=language)
    with time_machine.travel(START) as clock:
        subscribe(app)
        contact(app)
        contact(app, message="Spam", _gotcha="x")
        app.play_stream()
        clock.shift(timedelta(days=1))
        app.sweep()
        app.play_stream()
        mails = [mail for mail in app.mails() if mail["To"] == PARAMETERS["OwnerEmail"]]
        found = set().union(*map(links, mails))
        kinds = {re.sub("[0-9a-f]{32}", "<id>", link) for link in found}
        assert kinds == {f"{ORIGIN}/desk/{page}" for page in ("messages/<id>", "subscribers/<id>", "messages/spam")}
        stranger, before = Browser(app, address="198.51.100.9"), app.items()
        for link in found:
            nobody = re.sub("[0-9a-f]{32}", "0" * 32, link)
            for opened in (stranger.get, stranger.post):
                replies = [opened(one.removeprefix(f"{ORIGIN}/desk/")) for one in (link, nobody)]
                told = [
                    (reply.status_code, reply.headers.get("Location", "").partition("?")[0], reply.text)
                    for reply in replies
                ]
                assert told[0] == told[1]
                assert told[0][0] == (303 if opened == stranger.get else 403)
        for link in (link for link in found if "/desk/messages/" in link):
            for button in ("spam", "release"):
                assert stranger.post(f"{link.removeprefix(f'{ORIGIN}/desk/')}/{button}").status_code == 403
        assert app.items() == before


@pytest.mark.parametrize("name", [name for name in NAMES if name != "desk-sign-in"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_link_to_the_desk_has_a_key_in_it(name: str, language: str) -> None:
    mail = email(name, language)  # type: ignore[arg-type]
    desk = {link for link in links(mail) if "/desk" in link}
    assert [link for link in desk if "?" in link] == []
    # Emails to visitors do not link there.
    assert not desk or mail["To"] == PARAMETERS["OwnerEmail"]
    assert "/owner/" not in mail.as_string()
