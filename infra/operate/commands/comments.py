"""`guichet comments`: list, show and moderate comments, as at the desk.

Export and import have modules of their own.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import click

from guichet.comments.markdown import html
from guichet.comments.moderation import Action, Moderated, moderate_all
from guichet.page_paths import folded, normalized
from guichet.records.comment import STATES, Comment, CommentState
from guichet.store import comments
from infra.operate.commands.comments_export import export_comments
from infra.operate.commands.comments_import import import_comments
from infra.operate.commands.exit_codes import INCOMPLETE
from infra.operate.commands.ids import WHOLE_ID, ambiguous
from infra.operate.commands.listing import Listing
from infra.operate.commands.options import on_stack
from infra.operate.connection import Connection, OperatorError
from infra.operate.output import Output, counted, short
from infra.operate.queries import blocks

_PER_BATCH = 100
_DONE: dict[Action, str] = {
    "approve": "Approved {id}.",
    "refuse": "Refused {id}.",
    "spam": "Filed {id} as spam.",
    "release": "Released {id}: it waits for approval, and its email is queued.",
    "delete": "Deleted {id}.",
}
_NOW: dict[Action, str] = {
    "approve": "approved", "refuse": "refused", "spam": "spam", "release": "pending", "delete": "deleted",
}  # fmt: skip
# The fields that describe a comment.
_ALONE = {"page", "name", "email", "comment"}


@click.group("comments", cls=Listing)
def all_comments() -> None:
    """List, moderate, export and import comments.

    Without a command, `list` runs; `guichet comments list --help` shows its options.
    """


@all_comments.command("list")
@click.option("--state", type=click.Choice(STATES), default="pending", show_default=True, help="Those in this state.")
@click.option("--page", metavar="PATH", help="Only those on this page, such as /articles/chairs/.")
@click.option("--search", metavar="TEXT", help="Only those that contain this text, ignoring case.")
@click.option("--count", is_flag=True, help="Count them, by state.")
@on_stack
def list_comments(  # noqa: PLR0913  the options of a list
    connection: Connection, output: Output, *, state: Any, page: str | None, search: str | None, count: bool
) -> None:
    """List comments, by default those that wait.

    Those that wait are listed oldest first, the others newest first.
    """
    table = connection.settings.table_name
    if count:
        output.show({one: len(comments.in_state(table, one)) for one in STATES})
        return
    path = _path(page) if page else None

    def found() -> Iterator[dict[str, Any]]:
        entries = comments.in_state(table, cast("CommentState", state))
        if state == "pending":
            entries.reverse()
        for batch in blocks((comment_id for _, comment_id in entries), _PER_BATCH):
            for record in comments.read(table, batch):
                text = "\n".join(str(value) for value in record.model_dump(include=_ALONE).values())
                if record.state != state or (path is not None and folded(record.page) != path):
                    continue
                if not search or search.casefold() in text.casefold():
                    yield fields_of(record)

    output.rows(found(), ["received_at", "id", "page", "name", "comment"], f"No comment is {state}.")


def _path(text: str) -> str:
    path = normalized(text)
    if path is None:
        raise click.BadParameter(f"{text!r} is not the path of a page, such as /articles/chairs/")
    return folded(path)


def fields_of(record: Comment) -> dict[str, Any]:
    """Return the fields of a comment by name."""
    fields = record.model_dump(exclude={"entry"})
    return {"id": fields.pop("id"), "state": fields.pop("state"), **fields}


@all_comments.command("show")
@click.argument("id")
@on_stack
def show_comment(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002  the name of the argument
    """Show one comment.

    Shows it as it was written, and the HTML that everybody sees once it is approved.
    """
    (record,) = _found(connection, [id])
    output.show({**fields_of(record), "html": html(record.comment)})


def _found(connection: Connection, ids: Sequence[str]) -> list[Comment]:
    """Return comments by their ids or unique prefixes. Raises OperatorError if none or several match."""
    table = connection.settings.table_name
    given = [one.strip().lower() for one in ids]
    known = (
        [comment_id for state in STATES for _, comment_id in comments.in_state(table, state)]
        if any(len(one) < WHOLE_ID for one in given)
        else []
    )
    whole = [_whole(one, known) for one in given]
    found = comments.read(table, list(dict.fromkeys(whole)))
    missing = set(whole) - {one.id for one in found}
    if missing:
        raise OperatorError(_unknown(min(missing)))
    return found


def _whole(given: str, known: Sequence[str]) -> str:
    if len(given) >= WHOLE_ID:
        return given
    begun = {one for one in known if given and one.startswith(given)}
    if not begun:
        raise OperatorError(_unknown(given))
    if len(begun) > 1:
        raise OperatorError(ambiguous(given, begun))
    return begun.pop()


def _unknown(comment_id: str) -> str:
    return f"no comment has the id {comment_id}: `guichet comments` lists them"


def _acting(action: Action, told: str) -> click.Command:
    """Return the command that applies an action to comments, each only in the state in which it was found."""

    @click.command(action, help=told)
    @click.argument("ids", nargs=-1, required=True, metavar="ID...")
    @on_stack
    def act(connection: Connection, output: Output, *, ids: tuple[str, ...]) -> int:
        found = _found(connection, ids)
        return _tell(output, action, moderate_all(connection.settings, {one.id: one.state for one in found}, action))

    return act


def _tell(output: Output, action: Action, results: Sequence[Moderated]) -> int:
    for one in results:
        changed = one.outcome == "done"
        match one.outcome:
            case "done":
                told = _DONE[action].format(id=short(one.id))
            case "already":
                told = f"{short(one.id)} is {_NOW[action]} already."
            case "parent waits":
                told = f"{short(one.id)} answers a comment that waits: approve or refuse that first."
            case _:
                told = f"{short(one.id)} is {one.state or 'gone'}, so it was left as it is."
        output.tell(told, id=one.id, outcome=one.outcome, now=_NOW[action] if changed else one.state, changed=changed)
    return 0 if all(one.outcome in {"done", "already"} for one in results) else INCOMPLETE


@all_comments.command("delete")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@on_stack
def delete_comments(connection: Connection, output: Output, *, ids: tuple[str, ...], yes: bool) -> int | None:
    """Delete comments for good.

    If a comment has replies, a note says that it was deleted. To hide a comment without deleting it, refuse it instead.
    """
    found, settings = _found(connection, ids), connection.settings
    if not yes:
        for one in found:
            output.advise(f"{short(one.id)}, {one.state}, on {one.page}, by {one.name}")
        answered = sum(comments.is_answered(settings.table_name, settings.signing_secret, one) for one in found)
        if answered:
            output.advise(f"Others have answered {counted(answered, 'of them', 'of them')}: a note stays in its place.")
        what = "it" if len(found) == 1 else f"all {len(found):,}"
        if not click.confirm(f"Delete {what} for good?", err=True):
            output.advise("Nothing was deleted.")
            return None
    return _tell(output, "delete", moderate_all(settings, {one.id: one.state for one in found}, "delete"))


_HELP: dict[Action, str] = {
    "approve": """Approve comments: everybody sees them on their pages.

An ID may be shortened to its first characters. Comments are approved before their replies, whatever the order
given.""",
    "refuse": """Refuse comments, or take approved ones off their pages.

They are erased after 30 days.""",
    "spam": """File comments as spam.

They are erased after 30 days.""",
    "release": """Release comments from the spam folder.

They wait for approval like the others, and each is mailed to the owner.""",
}
for _command in (*(_acting(action, told) for action, told in _HELP.items()), export_comments, import_comments):
    all_comments.add_command(_command)
