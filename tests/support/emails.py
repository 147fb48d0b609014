"""Every existing email, with a record of the kind that it is about."""

import pkgutil
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any, get_type_hints

from guichet.locales import Language
from guichet.mail import emails
from guichet.mail.mime import compose
from guichet.records.cap_reached import CapReached
from guichet.records.comment import Comment
from guichet.records.digest import Digest
from guichet.records.erasure import Erasure
from guichet.records.issue import Issue, WrittenIssue
from guichet.records.link_request import LinkRequest
from guichet.records.message import Message
from guichet.records.sign_in import SignIn
from guichet.records.sign_up import SignUp
from guichet.records.spam_note import OpenedSpamNote, SpamNote
from guichet.records.subscriber import Confirmation, Subscriber
from guichet.settings import NotifierSettings
from guichet.signing import subscriber_id
from guichet.store.table import key
from tests.support import issues
from tests.support.app import PARAMETERS

MODULES = [module.name for module in pkgutil.iter_modules(emails.__path__)]
NAMES = [module.replace("_", "-") for module in MODULES]
AT = datetime(2026, 11, 1, 8, 5, tzinfo=UTC)
READER = "camille@example.org"
CONSENT = Confirmation(
    event="confirmed",
    at=AT,
    wording_version="1",
    wording_language="fr",
    wording="I agree",
    request_id="r",
    asked_at=AT,
    page="https://atelier.example/a",
)
# One record of each kind, with everything that an email may mention.
RECORDS: dict[type, Any] = {
    Message: Message(
        id="m",
        email=READER,
        message="One.\nTwo.",
        name="Camille",
        subject="Chairs",
        phone="+33 1 23 45 67 89",
        extra=(("Budget", "1"), ("Place", "a\nb")),
        page="https://atelier.example/a",
        language="fr",
        received_at=AT,
        expires_at=AT + timedelta(days=9),
    ),
    Comment: Comment(
        id="c",
        page="/articles/chairs/",
        email=READER,
        name="Camille",
        comment="One.\n\nTwo **chairs**.",
        state="pending",
        language="fr",
        received_at=AT,
    ),
    LinkRequest: LinkRequest(id="l", email=READER, language="fr", asked_at=AT, expires_at=AT + timedelta(days=7)),
    SignUp: SignUp(id="r", email=READER, language="fr", asked_at=AT, expires_at=AT + timedelta(days=7)),
    Subscriber: Subscriber(
        id="s", state="confirmed", email=READER, name="Camille", confirmed_at=AT, history=(CONSENT,)
    ),
    CapReached: CapReached(
        id="2026-11-01-all-confirmation-request",
        what="all",
        email_name="confirmation-request",
        per_day=500,
        reached_at=AT,
        expires_at=AT,
    ),
    Digest: Digest(
        id="2026-W44",
        since=AT - timedelta(days=7),
        until=AT,
        messages=1,
        spam=2,
        confirmed=3,
        waiting=4,
        comments_waiting=5,
        oldest_waiting_since=AT,
        made_at=AT,
        expires_at=AT,
    ),
    Erasure: Erasure(id="s", kept_days=9, asked_at=AT, done_at=AT, expires_at=AT),
    Issue: issues.ISSUE,
    SignIn: SignIn(
        id="s",
        owner=subscriber_id(PARAMETERS["SigningSecret"], PARAMETERS["OwnerEmail"]),
        base_url="https://api.example",
        language="fr",
        asked_with="Firefox, Windows",
        asked_at=AT,
        expires_at=AT + timedelta(days=2),
    ),
}
SIGN_UP = RECORDS[SignUp]
RECORDS[OpenedSpamNote] = OpenedSpamNote(
    SpamNote(
        id="2026-10-31",
        since=AT - timedelta(days=3),
        until=AT,
        caught=9,
        named=tuple(key(model, "x")["pk"] for model in (Message, SignUp, Comment)),
        made_at=AT,
        expires_at=AT,
    ),
    (RECORDS[Message], SIGN_UP, RECORDS[Comment]),
)


def record_of(name: str, language: Language) -> Any:
    """Return a record of the kind that an email is about: the first argument of its `content`."""
    kind, *_ = get_type_hints(emails.named(name).content).values()
    if kind is WrittenIssue:
        return issues.written(language)
    # Some are about any kind.
    return RECORDS.get(kind, RECORDS[Message])


def email(name: str, language: Language, **changes: object) -> EmailMessage:
    """Return an email as it leaves, with some settings changed."""
    settings = NotifierSettings.from_environment().model_copy(update=changes)
    return compose(name, language, record_of(name, language), settings)
