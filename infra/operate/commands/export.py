"""`guichet export`: subscribers, messages or everything, into a file."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import click

from guichet.definitions.lookup import definition
from guichet.http.links import unsubscribe_link
from guichet.locales import locale
from guichet.records.subscriber import State, Subscriber
from guichet.store.dynamodb import UnavailableError
from infra.operate import exporting, importing, leaving, queries
from infra.operate.archive import Secrets
from infra.operate.commands.exit_codes import INTERRUPTED, UNAVAILABLE
from infra.operate.commands.options import on_stack
from infra.operate.connection import Connection
from infra.operate.output import Output, counted


@click.command()
@click.argument("what", type=click.Choice(list(exporting.KINDS)), required=False)
@click.option("--everything", is_flag=True, help="The same as `everything`.")
@click.option(
    "--output",
    "-o",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to create. Default: standard output, also as `-`.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "jsonl"]),
    help="Default: csv. With `everything`, or --json on standard output: jsonl.",
)
@click.option(
    "--separator",
    type=click.Choice(list(importing.SEPARATORS)),
    metavar="NAME",
    help=f"For CSV: {', '.join(importing.SEPARATORS)}. Default: semicolon for a French site, as Excel expects; "
    "otherwise comma.",
)
@click.option(
    "--state",
    type=click.Choice([*get_args(State), "all"]),
    default="confirmed",
    metavar="STATE",
    help=f"For subscribers: {', '.join(get_args(State))} or all. Default: confirmed.",
)
@click.option(
    "--for",
    "tool",
    type=click.Choice(list(leaving.FORMATS)),
    help="For subscribers: in this tool's import format, as two files: the confirmed ones and, in "
    "FILE-unsubscribed.csv, those who left.",
)
@click.option("--spam", is_flag=True, help="For messages: include the spam folder.")
@click.option("--form", metavar="NAME", help="For messages: only this form's, with a column for each of its fields.")
@on_stack
def export(  # noqa: PLR0913  the options of an export
    connection: Connection,
    output: Output,
    *,
    what: exporting.What | None,
    everything: bool,
    file: Path | None,
    file_format: str | None,
    separator: str | None,
    state: str,
    tool: leaving.Tool | None,
    spam: bool,
    form: str | None,
) -> int | None:
    """Export subscribers, messages or everything to a file.

    Subscribers and messages are written as CSV for a spreadsheet, or as JSON Lines. `everything` is always JSON Lines,
    with each item as it is stored in the table: an archive, which `guichet import` carries into another stack. To
    resume an interrupted export, run the same command again.

    With --for, subscribers are written in another tool's import format. Those who bounced or complained no longer have
    an address here: SES's suppression list has it.
    """
    if (everything and what not in (None, "everything")) or not (everything or what):
        raise click.UsageError(f"Say what to export: {', '.join(exporting.KINDS)}.")
    what = what or "everything"
    file = None if file == Path("-") else file
    if tool:
        _check_for_tool(what, file, file_format, separator, state)
    lines = what == "everything" or (output.as_json and file is None)
    if lines and file_format == "csv":
        raise click.UsageError("This output is JSON Lines: drop --format or --json, or write to a file with --output.")
    if (form or spam) and what != "messages":
        raise click.UsageError(f"{'--form' if form else '--spam'} is for messages.")
    own = definition(form) if form else None
    if form and form != "contact" and own is None:
        output.advise(f"functions/forms.toml declares no form {form}: its fields have no columns of their own.")
    table = connection.settings.table_name
    default_separator = locale(connection.settings.default_language).SEPARATOR
    options = exporting.Options(
        table=table,
        what=what,
        format="jsonl" if lines or file_format == "jsonl" else "csv",
        separator=importing.SEPARATORS[separator] if separator else default_separator,
        state="" if state == "all" else state,
        spam=spam,
        form=form or "",
        fields=list(own.fields) if own else [],
        tool=tool or "",
    )
    if file is None or not tool:
        return _export(connection, output, options, file)
    # Those who left go first, so that nobody has the confirmed ones without them.
    left = file.with_name(f"{file.stem}-unsubscribed{file.suffix}")
    # It already exists if the other one was interrupted.
    if not (left.exists() and exporting.interrupted(options, file)):
        code = _export(connection, output, replace(options, state="unsubscribed"), left)
        if code:
            return code
    return _export(connection, output, options, file)


def _check_for_tool(what: str, file: Path | None, file_format: str | None, separator: str | None, state: str) -> None:
    """Refuse options that a tool's format already determines."""
    if what != "subscribers" or file_format == "jsonl" or separator or state != "confirmed":
        raise click.UsageError("--for is for subscribers, and takes neither --format nor --separator nor --state.")
    if file is None:
        raise click.UsageError("--for writes two files: name the first one with --output.")


def _export(connection: Connection, output: Output, options: exporting.Options, file: Path | None) -> int | None:
    settings, table = connection.settings, connection.settings.table_name

    def unsubscribe(one: Subscriber) -> str:
        return unsubscribe_link(settings.api_url, one.id, one.language, settings.signing_secret)

    secrets = Secrets(settings.signing_secret, settings.former_signing_secret)
    progress = exporting.interrupted(options, file) if file else None
    if progress:
        output.advise(f"Resuming the export begun at {progress.begun_at}. To start over, remove {file}.part.")
    with output.progress("items read", queries.size(table)) as advance:
        if file is None:
            exporting.export_to_stream(options, sys.stdout.buffer, unsubscribe, advance, secrets)
            return None
        try:
            rows = exporting.export_to_file(options, file, progress, unsubscribe, advance, secrets)
        except (KeyboardInterrupt, UnavailableError) as error:
            output.advise(f"Stopped. The rows so far are in {file}.part; run the same command again to resume.")
            return INTERRUPTED if isinstance(error, KeyboardInterrupt) else UNAVAILABLE
    output.tell(f"Exported {counted(rows, 'row')} to {file}", file=str(file), rows=rows)
    return None
