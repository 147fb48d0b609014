"""What an owner does with comments, at the desk or by a command: only while each is still as the owner saw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from guichet.comments.public import public_part
from guichet.locales import Language
from guichet.mail.emails import comment_notification
from guichet.records.comment import Comment, CommentState
from guichet.records.record import utc_now
from guichet.store import comments

Action = Literal["approve", "refuse", "spam", "release", "delete"]
ACTIONS: tuple[Action, ...] = get_args(Action)
# `already` counts as success: the comment is in the desired state.
Outcome = Literal["done", "already", "changed", "parent waits", "gone"]
# The actions that each state allows. Nothing can be edited.
POSSIBLE: Mapping[CommentState, tuple[Action, ...]] = {
    "pending": ("approve", "refuse", "spam", "delete"),
    "approved": ("refuse", "spam", "delete"),
    "refused": ("approve", "spam", "delete"),
    "spam": ("release", "delete"),
}
_BECOMES: Mapping[Action, CommentState] = {
    "approve": "approved",
    "refuse": "refused",
    "spam": "spam",
    "release": "pending",
}


class _Moderates(Protocol):
    """The settings that moderation needs: the desk's, or the operator's."""

    @property
    def table_name(self) -> str:
        """The table."""

    @property
    def signing_secret(self) -> str:
        """The secret of the stack."""

    @property
    def default_language(self) -> Language:
        """The language of the owner."""

    @property
    def deploy_hook(self) -> Literal["on", "off"]:
        """Whether the site is rebuilt when its public comments change."""


@dataclass(frozen=True)
class Moderated:
    """The result of an action: its outcome, and the state that the comment was read in."""

    id: str
    outcome: Outcome
    state: CommentState | None = None


def moderate(settings: _Moderates, comment_id: str, action: Action, seen: CommentState) -> Moderated:
    """Act on a comment, if it is still in the state in which the owner saw it. Idempotent."""
    known = comments.comment(settings.table_name, comment_id)
    if known is None:
        return Moderated(comment_id, "already" if action == "delete" else "gone")
    if known.state != seen or action not in POSSIBLE[seen]:
        already = _BECOMES.get(action) == known.state
        return Moderated(comment_id, "already" if already else "changed", known.state)
    return Moderated(comment_id, _done(settings, known, action), known.state)


def moderate_all(settings: _Moderates, seen: Mapping[str, CommentState], action: Action) -> list[Moderated]:
    """Act on several comments, each as the owner saw it. Comments come before their replies.

    A reply to a comment that still waits after that is left alone.
    """
    found = comments.read(settings.table_name, list(seen))
    gone: Outcome = "already" if action == "delete" else "gone"
    results = [Moderated(one, gone) for one in seen.keys() - {comment.id for comment in found}]
    left: Sequence[str] = [comment.id for comment in sorted(found, key=_age)]
    while left:
        tried = [moderate(settings, one, action, seen[one]) for one in left]
        waiting = [one.id for one in tried if one.outcome == "parent waits"]
        # An imported reply may be older than the comment it answers.
        again = waiting if len(waiting) < len(left) else []
        results += [one for one in tried if one.id not in again]
        left = again
    return results


def _age(comment: Comment) -> tuple[str, str]:
    return comment.received_at.isoformat(), comment.id


def _done(settings: _Moderates, known: Comment, action: Action) -> Outcome:
    table, secret, at = settings.table_name, settings.signing_secret, utc_now()
    hook = settings.deploy_hook == "on"
    match action:
        case "approve":
            approved = comments.approve(table, secret, known, public_part(known), at, hook=hook)
            if approved == "already":
                # Somebody else was faster, perhaps with another action.
                now = comments.comment(table, known.id)
                return "already" if now and now.state == "approved" else "changed"
            return "done" if approved == "approved" else approved
        case "release":
            # As for a message: owners who are not at the desk are notified as well.
            email = comment_notification.queued(settings.default_language, released=True)
            done = comments.release(table, secret, known, email, at)
        case "delete":
            done = comments.delete(table, secret, known, at, hook=hook, why="owner")
        case "refuse" | "spam":
            state: comments.Withdrawn = "refused" if action == "refuse" else "spam"
            done = comments.withdraw(table, secret, known, state, at, hook=hook)
    return "done" if done else "changed"
