"""The kinds of records: what each is called, which fields are personal, and what erasing one means.

Storage, erasure, export and the operator's commands iterate over it, so none of them can miss a kind.
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

    `name` is the item's `kind`, and the first part of its key; `plural` is the word for several of them. `of_person`
    says whether the record belongs to the person at its `email`. `erasing` says what happens to it when that person is
    erased: it is deleted, or reduced to its keyed hash and state, so that they get no more mail. `carried` says whether
    an import of an archive takes it into another stack.
    """

    name: str
    model: type[Owner]
    plural: str
    of_person: bool
    carried: bool
    erasing: Literal["delete", "reduce"] = "delete"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("message", Message, "messages", of_person=True, carried=True),
        Kind("request", SignUp, "sign-ups", of_person=True, carried=True),
        Kind("subscriber", Subscriber, "subscription", of_person=True, carried=True, erasing="reduce"),
        Kind("comment", Comment, "comments", of_person=True, carried=True),
        Kind("link-request", LinkRequest, "requests to see their comments", of_person=True, carried=False),
        Kind("digest", Digest, "digests", of_person=False, carried=True),
        Kind("spam-note", SpamNote, "notes about spam", of_person=False, carried=True),
        Kind("cap-reached", CapReached, "notices of caps", of_person=False, carried=True),
        # Until it has ended, it holds the address that it erases. Not `of_person`, or it would erase itself first.
        Kind("erasure", Erasure, "erasures", of_person=False, carried=True),
        # It has only the keyed hashes of its readers.
        Kind("issue", Issue, "issues", of_person=False, carried=True),
        # They have only the keyed hash of the owner's address, or of what a stranger typed.
        Kind("sign-in", SignIn, "sign-ins at the desk", of_person=False, carried=False),
        Kind("session", Session, "sessions at the desk", of_person=False, carried=False),
    )
}
# Items that accompany a person's records, and the words for them. They are found and erased together, except the
# counts, which name nobody.
BESIDE: Mapping[str, str] = {
    "email": "outbox rows",
    "cap": "email counts",
    # The public entry of a comment, and the item by which its author finds it.
    "entry": "comments as shown",
    "authored": "marks of their comments",
}
# Items that belong to nobody in particular: without addresses, with keyed hashes at most.
OF_NOBODY = frozenset(
    {"thread", "deleted", "renewals", "told", "caller", "proof", "mailboxes", "edition", "run", "feedback", "reader"}
)
_BY_MODEL = {kind.model: kind for kind in KINDS.values()}


def kind_of(model: type[Owner]) -> Kind:
    """Return the kind of a class of records."""
    return _BY_MODEL[model]
