"""`guichet forget`: erase or export everything stored about a person."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

import click

from guichet.store.erasure import Erased, Person, erase, find_data
from infra.operate import elsewhere, erasure, queries
from infra.operate.commands.exit_codes import INCOMPLETE
from infra.operate.commands.options import address_of, on_stack
from infra.operate.connection import Connection
from infra.operate.output import Output, counted


@click.command()
@click.argument("address", callback=address_of)
@click.option(
    "--access",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Erase nothing: write the stored data to a new JSON file.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@on_stack
def forget(connection: Connection, output: Output, *, address: str, access: Path | None, yes: bool) -> int | None:
    """Erase or export everything stored about a person.

    Erases their messages, sign-ups, subscription and emails, including the spam folder and the outbox, and redacts
    their address in what others wrote. Removes the address from SES's suppression list. Events about it in the failure
    queue are processed, so that no complaint is lost, and deleted. Reports what remains, and why. Reads the whole
    table.
    """
    if access and yes:
        raise click.UsageError("--access erases nothing: leave out --yes.")
    settings = connection.settings
    person = Person(address, settings.signing_secret, settings.former_signing_secret)
    table = settings.table_name
    events = elsewhere.failed_events(connection, person)
    if access:
        with _new_file(access) as file, output.progress("items read", queries.size(table)) as advance:
            found = find_data(table, person, advance)
            listed = elsewhere.suppressed_by_ses(connection, address)
            report = erasure.report(person, found) | {
                "suppressed by SES": listed,
                "events that could not be processed": [event.payload for event in events],
            }
            json.dump(report, file, ensure_ascii=False, indent=2)
        kinds = erasure.counts(found)
        output.tell(
            f"Wrote what is stored about {address} to {access} ({erasure.summary(found)}).", file=str(access), **kinds
        )
        return None
    if not yes:
        with output.progress("items read", queries.size(table)) as advance:
            found = find_data(table, person, advance)
        listed = elsewhere.suppressed_by_ses(connection, address)
        summary = [
            *([erasure.summary(found)] if erasure.erasable(found) else []),
            *([f"on SES's suppression list ({listed})"] if listed else []),
            *([counted(len(events), "event") + " in the failure queue"] if events else []),
        ]
        output.advise(f"Stored about {person.address}: {', '.join(summary) or 'nothing to erase'}.")
        if not (erasure.erasable(found) or listed or events):
            return None
        if not click.confirm("Erase all of it?", err=True):
            output.advise("Nothing was erased.")
            return None
    left = elsewhere.replay(connection, events)
    with output.progress("items read", queries.size(table)) as advance:
        done = erase(
            table, person, timedelta(days=settings.retention_days), tell=advance, hook=settings.deploy_hook == "on"
        )
    taken_off = elsewhere.take_off_list(connection, address)
    remains = erasure.remains(done)
    if left:
        remains.append(f"{counted(left, 'event')} in the failure queue that still fails: see FeedbackAlarm")
    output.tell(
        told_of(address, done, remains, taken_off=taken_off, events=len(events) - left),
        erased=done.erased,
        struck_out_elsewhere=done.redacted,
        taken_off_suppression_list=taken_off,
        events_taken_out_of_the_failure_queue=len(events) - left,
        remains=remains,
    )
    return INCOMPLETE if left else None


def told_of(address: str, done: Erased, remains: list[str], *, taken_off: bool, events: int) -> Iterator[str]:
    """Yield what was erased about a person, and what remains."""
    if done.erased:
        yield f"Erased {counted(done.erased, 'record')} about {address}."
    if done.redacted:
        yield f"Redacted the address in {counted(done.redacted, 'record')} of others."
    if taken_off:
        yield "Took the address off SES's suppression list."
    if events:
        yield f"Took {counted(events, 'event')} out of the failure queue."
    if not (done.erased or done.redacted or taken_off or events):
        yield f"Nothing was left to erase about {address}."
    yield "What remains:"
    yield from (f"- {one}" for one in remains)


@contextmanager
def _new_file(path: Path) -> Iterator[IO[str]]:
    """Open a new file first, so that a bad path fails early; remove the file again on any error."""
    with path.open("x", encoding="utf-8") as file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise
