"""The kinds of records: what each is called, which fields are personal, and what erasing one means.

Storage, erasure, export and the operator's commands iterate over it, so that none forgets a kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from guichet.records.cap_reached import CapReached
from guichet.records.comment import Comment
from guichet.records.digest import Digest
from guichet.records.erasure import Erasure
from guichet.records.issue import Issue, WrittenIssue
from guichet.records.link_request import LinkRequest
from guichet.records.message import Message
from guichet.records.session import Session
from guichet.records.sign_in import SignIn
from guichet.records.sign_up import SignUp
from guichet.records.spam_note import OpenedSpamNote, SpamNote
from guichet.records.subscriber import Subscriber

# A record that emails report.
Owner = (
    Message
    | SignUp
    | Subscriber
    | Comment
    | LinkRequest
    | Digest
    | SpamNote
    | CapReached
    | Erasure
    | Issue
    | SignIn
    | Session
)
# What its email is written from.
Reported = Owner | OpenedSpamNote | WrittenIssue


@dataclass(frozen=True)
class Kind:
    """A kind of record.

    `name` is the item's `kind`, and the first part of its key; `plural` what people call several of them. `of_person`
    tells whether such a record belongs to the person at its `email`. `erasing` says what becomes of it when that person
    is erased: it is deleted, or reduced to its keyed hash and its state, so that nobody writes to them again.
    """

    name: str
    model: type[Owner]
    plural: str
    of_person: bool
    erasing: Literal["delete", "reduce"] = "delete"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("message", Message, "messages", of_person=True),
        Kind("request", SignUp, "sign-ups", of_person=True),
        Kind("subscriber", Subscriber, "subscription", of_person=True, erasing="reduce"),
        Kind("comment", Comment, "comments", of_person=True),
        Kind("link-request", LinkRequest, "requests to see their comments", of_person=True),
        Kind("digest", Digest, "digests", of_person=False),
        Kind("spam-note", SpamNote, "notes about spam", of_person=False),
        Kind("cap-reached", CapReached, "notices of caps", of_person=False),
        # It has the address of whom it erases, until it has ended: not theirs, or it would erase itself first.
        Kind("erasure", Erasure, "erasures", of_person=False),
        # Of its readers it has keyed hashes alone.
        Kind("issue", Issue, "issues", of_person=False),
        # Of the owner's address they have the keyed hash alone, and of what a stranger typed no more.
        Kind("sign-in", SignIn, "sign-ins at the desk", of_person=False),
        Kind("session", Session, "sessions at the desk", of_person=False),
    )
}
# What stands beside the records of a person, and what people call it. It is found with them, and goes with them, but
# for the counts: they name nobody.
BESIDE: Mapping[str, str] = {
    "email": "outbox rows",
    "cap": "email counts",
    # What everybody sees of a comment, and by what its author finds it.
    "entry": "comments as shown",
    "authored": "marks of their comments",
}
# What belongs to nobody in particular: it has no address, and keyed hashes at most.
OF_NOBODY = frozenset(
    {"thread", "deleted", "renewals", "told", "caller", "proof", "mailboxes", "edition", "run", "feedback", "reader"}
)
_BY_MODEL = {kind.model: kind for kind in KINDS.values()}


def kind_of(model: type[Owner]) -> Kind:
    """Return the kind of a class of records."""
    return _BY_MODEL[model]
