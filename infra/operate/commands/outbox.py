"""`guichet outbox`: list waiting and failed emails, or send them now."""

from collections.abc import Sequence
from dataclasses import asdict

import click

from infra.operate import outbox, queries
from infra.operate.commands.exit_codes import INCOMPLETE
from infra.operate.commands.ids import ambiguous
from infra.operate.commands.listing import Listing
from infra.operate.commands.options import on_stack
from infra.operate.commands.sweeps import of_sweep
from infra.operate.connection import Connection, OperatorError
from infra.operate.output import Output


@click.group(name="outbox", cls=Listing)
def outbox_emails() -> None:
    """List waiting and failed emails, or send them now.

    Without a command, `list` runs; `guichet outbox list --help` shows its options.
    """


@outbox_emails.command("list")
@on_stack
def list_outbox(connection: Connection, output: Output) -> int:
    """List waiting, held and failed emails, newest first, and why.

    Held emails wait until the owner's mailbox accepts mail again. Emails that the owner's mailbox answered with an
    automatic reply are listed as `replied`; they were delivered, and need no action.
    """
    table = connection.settings.table_name
    with output.progress("items read to find failed emails", queries.size(table)) as advance:
        emails = list(outbox.listed(table, advance))
    columns = ("waiting_since", "id", "state", "kind", "why")
    output.rows(map(asdict, emails), columns, "No email is waiting, and none has failed.")
    return INCOMPLETE if any(one.state != "replied" for one in emails) else 0


@outbox_emails.command("send")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="Also send all failed emails again.")
@on_stack
def send_outbox(connection: Connection, output: Output, *, ids: tuple[str, ...], failed: bool) -> int:
    """Send waiting emails now, and failed ones on request.

    Waiting emails are sent automatically within 15 minutes. A failed email is sent again only with --failed, or if its
    ID is given; an ID may be shortened to its first characters, as in the list. If the owner's mailbox accepts no mail,
    one of the held emails tries it now; once that is delivered, the others follow.
    """
    table = connection.settings.table_name
    outbox.try_mailboxes(table)
    known: list[outbox.UnsentEmail] = []
    if failed or ids:
        with output.progress("items read to find failed emails", queries.size(table)) as advance:
            known = list(outbox.listed(table, advance))
    chosen = {one.key for begun in ids for one in _begun_by(begun, known)}
    again = [one for one in known if one.state == "failed" and (failed or one.key in chosen)]
    queued_again = sum(outbox.retry(table, one) for one in again)
    outcomes = connection.sweep()
    counts = {outcome.replace(" ", "_"): count for outcome, count in outcomes.items()}
    output.tell(of_sweep(queued_again, outcomes), queued_again=queued_again, **counts)
    # "not ours": the stream is sending it at the same time.
    return INCOMPLETE if set(outcomes) - {"sent", "dropped", "not ours"} else 0


def _begun_by(prefix: str, known: Sequence[outbox.UnsentEmail]) -> list[outbox.UnsentEmail]:
    """Return the emails of a record by its id or a prefix of it, or one email by its whole key.

    Raises OperatorError if there is none, or if several records have such an id.
    """
    found = [one for one in known if one.key == prefix]
    found = found or [one for one in known if prefix and one.id.casefold().startswith(prefix.casefold())]
    if not found:
        raise OperatorError(f"no waiting or failed email has the id {prefix}: `guichet outbox` lists them")
    if len(records := {one.id for one in found}) > 1:
        raise OperatorError(ambiguous(prefix, records))
    return found
