"""`guichet import`: subscribers from a CSV file, or an archive."""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from guichet.mail import ses
from guichet.mail.pace import Pace
from guichet.records.registry import KINDS
from guichet.spreadsheet import cell
from infra.operate import carrying, importing
from infra.operate.archive import Archive, Secrets, is_archive
from infra.operate.commands.exit_codes import INCOMPLETE, INTERRUPTED, UNAVAILABLE
from infra.operate.commands.options import on_stack
from infra.operate.connection import Connection, OperatorSettings
from infra.operate.output import Output, counted

# The outcomes of an import: as done, and as planned in a dry run.
IMPORTED = {
    "imported": ("imported", "will be imported"),
    "asked": ("asked to confirm", "will be asked to confirm"),
    "confirmed already": ("already confirmed", "will stay confirmed"),
    "asked already": ("already asked", "will not be asked again"),
    "left": ("unsubscribed earlier", "will stay unsubscribed"),
    "suppressed": ("suppressed", "will stay suppressed"),
    "unsubscribed": ("left there and kept as unsubscribed", "left there and will be kept as unsubscribed"),
    "bounced": ("bounced there and kept as suppressed", "bounced there and will be kept as suppressed"),
    "complained": ("complained there and kept as suppressed", "complained there and will be kept as suppressed"),
    "never confirmed": ("never confirmed there and skipped", "never confirmed there and will be skipped"),
}
# The names of items in an archive that are not records.
_THINGS = {
    "deleted": "marks of deleted comments",
    "edition": "texts of issues",
    "email": "emails, sent and waiting",
    "feedback": "counts of bounces",
    "reader": "readers of issues",
    "subscriber": "subscribers and suppressions",
    "told": "times of spam reports",
}
# What else is reported about items of an archive, after their number.
_TOLD = {
    "left by hash": ("subscriber", "of this stack, gone or suppressed at the old one: {will}ended here, too."),
    "stays left": ("subscriber", "of the archive, gone or suppressed here: unchanged."),
    "waits here": ("email", "to you {will}sent from here. The old stack sends it, too, if it still can."),
    "not sent here": ("email", "to visitors still waits at the old stack, and only that one sends it."),
    "paused": ("issue", "under way {will}paused here. Cancel it at the old stack before you resume it."),
    "another issue": ("item", "left out: this stack has another issue of that name."),
    "deleted here": ("comment", "left out: deleted or refused since, here or at the old stack."),
    "erased here": ("item", "left out: this stack has erased the person since."),
    "expired": ("item", "left out: it has expired."),
}


def _import_archive(  # noqa: PLR0913  what an archive is carried with
    connection: Connection, output: Output, file: Path, *, dry_run: bool, others: bool, bring_back: bool
) -> int:
    """Import an archive of another stack of the same owner, as written by `guichet export everything`."""
    if others:
        raise click.UsageError("This is an archive, which contains each proof: leave out --consent and --ask.")
    settings = connection.settings
    secrets = Secrets(settings.signing_secret, settings.former_signing_secret)
    carrier = carrying.Carrier(Archive(file, secrets), settings, secrets, bring_back=bring_back)
    with output.progress("items carried", carrier.total) as advance:
        summary = carrier.carry(advance, dry_run=dry_run)
    outcomes = sorted({outcome for _, outcome in summary.outcomes})
    output.tell(
        _carried(summary, dry_run=dry_run),
        dry_run=dry_run,
        items=carrier.total,
        **{outcome.replace(" ", "_"): summary.count(outcome) for outcome in outcomes},
        stopped=summary.stopped,
    )
    if summary.stopped:
        output.advise("To resume, run the same command again: nothing is written twice.")
        return INTERRUPTED if summary.stopped == carrying.INTERRUPTED else UNAVAILABLE
    return 0


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--consent", metavar="TEXT", help="They have consented: say where, when and to what. Kept as proof.")
@click.option("--ask", is_flag=True, help="They have not consented yet: mail each one a confirmation link.")
@click.option("--dry-run", is_flag=True, help="Say what will happen, and change nothing.")
@click.option("--from-line", type=click.IntRange(min=2), default=2, metavar="NUMBER", help="Skip the lines before it.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=WHAT",
    help=f"What a column means, if it is not recognised: {', '.join(importing.KINDS)}. May be repeated.",
)
@click.option(
    "--dates",
    type=click.Choice(["day-first", "month-first"]),
    help="How to read dates such as 05/06/2024, if the file leaves it unclear.",
)
@click.option(
    "--state",
    type=click.Choice(importing.STANDINGS),
    metavar="STATE",
    help=f"The minimum standing of everybody in the file: {', '.join(importing.STANDINGS)}. Default: by file name.",
)
@click.option(
    "--bring-back", is_flag=True, help="For an archive: include comments that you deleted or refused yourself."
)
@on_stack
def import_(  # noqa: PLR0913  the options of an import
    connection: Connection,
    output: Output,
    *,
    file: Path,
    consent: str | None,
    ask: bool,
    dry_run: bool,
    from_line: int,
    columns: tuple[str, ...],
    dates: Any,
    state: Any,
    bring_back: bool,
) -> int:
    """Import subscribers from a CSV file, or an archive.

    An archive, as written by `guichet export everything`, is imported whole: subscribers, suppressions, messages,
    issues. This stack's own data stays, and anyone who left or is suppressed on either side stays so.

    A CSV file may come straight from another tool or a spreadsheet. Its first line names the columns. Only `email` is
    required; names, language, date of consent and source are imported if present. Columns that say who left, bounced,
    complained or never confirmed are recognised in English and French. If the meaning of one is unclear, nothing is
    imported, and the command asks for --column.

    With --consent, addresses are subscribed at once, and nothing is mailed. With --ask, each is mailed a confirmation
    link, at the SES account's sending rate and within what is left of StrangerMailPerDay; run the same command again
    tomorrow for the rest.

    Those who left there are kept as unsubscribed, and those who bounced or complained as suppressed, whatever other
    rows say, so that no later file subscribes them, unless they have confirmed here since. Those who never confirmed
    there are skipped or, with --ask, mailed the link. Nobody who unsubscribed, bounced or complained here is
    resubscribed.

    Bad lines are copied to FILE.bad.csv, with their numbers and reasons. It is safe to import the same file again.
    """
    if is_archive(file):
        others = bool(consent) or ask
        return _import_archive(connection, output, file, dry_run=dry_run, others=others, bring_back=bring_back)
    _check_of_list(consent, ask=ask, bring_back=bring_back)
    settings = connection.settings
    reader = importing.Reader(file, settings.default_language, importing.answers(columns, dates, state))
    for note in reader.notes:
        output.advise(note)
    if reader.unused:
        output.advise(f"Ignored columns: {', '.join(reader.unused)}")
    bad_file = Path(f"{file}.bad.csv")
    may_ask = importing.room_today(settings) if ask else 0
    with (
        ThreadPoolExecutor(importing.THREADS) as pool,
        bad_file.open("w" if from_line == 2 else "a", encoding="utf-8", newline="") as rejected,  # noqa: PLR2004
    ):
        writer = csv.writer(rejected, delimiter=reader.separator)

        def reject(line: importing.BadLine) -> None:
            output.advise(f"line {line.number}: {line.reason}")
            writer.writerow([line.number, cell(line.reason), cell(line.text)])

        into = _importer(file, consent, settings, pool, None if dry_run else may_ask, asking=ask)
        # Asking is paced, so it takes one line at a time: Ctrl-C must not wait for a whole block.
        size = 1 if ask and not dry_run else importing.BLOCK
        summary = importing.run(reader, into, reject, output.progress, first=from_line, size=size)
    _tell_only_hashed(reader, output)
    # It may contain bad lines from an earlier part of the import.
    if not bad_file.stat().st_size:
        bad_file.unlink()
    output.tell(
        _imported(summary, str(bad_file), may_ask if ask else None, dry_run=dry_run),
        dry_run=dry_run,
        **{outcome.replace(" ", "_"): count for outcome, count in summary.outcomes.items()},
        **({"may_be_asked_today": may_ask} if ask else {}),
        bad_lines=summary.bad,
        bad_lines_are_in=str(bad_file) if summary.bad else "",
        done_until_line=summary.done_until,
        stopped=summary.stopped,
    )
    if summary.stopped:
        output.advise(f"To resume, run the same command again; --from-line {summary.done_until + 1} saves time.")
    if summary.stopped == importing.INTERRUPTED:
        return INTERRUPTED
    if summary.stopped == importing.UNAVAILABLE:
        return UNAVAILABLE
    return INCOMPLETE if summary.stopped or summary.bad else 0


def _check_of_list(consent: str | None, *, ask: bool, bring_back: bool) -> None:
    """Check the options for a CSV file. Raises UsageError."""
    if bring_back:
        raise click.UsageError("--bring-back is only for archives, and this file is not one.")
    if bool(consent and consent.strip()) == ask:
        raise click.UsageError("Give either --consent with the proof, or --ask.")


def _tell_only_hashed(reader: importing.Reader, output: Output) -> None:
    if reader.only_hashed:
        output.advise(
            f"{counted(len(reader.only_hashed), 'row')} of people who left, without an address: these cannot be "
            "kept. Guichet's own exports have such rows for suppressed people; to move these as well, use an archive."
        )


def _importer(  # noqa: PLR0913  what an import needs
    file: Path,
    consent: str | None,
    settings: OperatorSettings,
    pool: ThreadPoolExecutor,
    may_ask: int | None,
    *,
    asking: bool,
) -> importing.DryRun | importing.Requests | importing.Confirmed:
    """Return the handler for an import's rows; for a dry run if `may_ask` is None."""
    if may_ask is None:
        return importing.DryRun(settings, asking)
    if asking:
        return importing.Requests(file.name, settings, pool, Pace(ses.send_rate), may_ask)
    return importing.Confirmed(file.name, consent or "", settings, pool)


def _imported(summary: importing.Summary, bad_file: str, room: int | None, *, dry_run: bool) -> Iterator[str]:
    """Yield what an import did, or in a dry run will do. `room` is how many may be asked today."""
    counts = summary.outcomes
    done = [f"{counts[outcome]:,} {words[dry_run]}" for outcome, words in IMPORTED.items() if counts[outcome]]
    if summary.bad:
        done.append(f"{summary.bad:,} will be rejected" if dry_run else counted(summary.bad, "bad line"))
    yield f"{'Dry run: ' if dry_run else ''}{', '.join(done) or 'the file has no addresses'}."
    if room is not None and dry_run and counts["asked"] > room:
        yield f"Today's limit leaves room for {room:,}. The others will follow when you run it again tomorrow."
    if counts["never confirmed"]:
        yield "--ask mails a confirmation link to those who never confirmed."
    if summary.bad:
        yield f"The bad lines are in {bad_file}"
    if summary.stopped:
        yield f"Stopped after line {summary.done_until:,}: {summary.stopped}."


def _carried(summary: carrying.Summary, *, dry_run: bool) -> Iterator[str]:
    """Yield the outcome of importing an archive, or in a dry run the expected one."""
    will = "will be " if dry_run else ""
    count = summary.count
    written = sum(map(count, carrying.WRITTEN))
    done = [f"{written:,} {will}carried", *([f"{count('updated'):,} {will}updated"] if count("updated") else [])]
    yield f"{'Dry run: ' if dry_run else ''}{', '.join(done)}, {count('there already'):,} there already."
    for kind in sorted({kind for kind, outcome in summary.outcomes if outcome in carrying.WRITTEN}):
        number = sum(count(outcome, kind) for outcome in carrying.WRITTEN)
        yield f"- {_THINGS.get(kind) or KINDS[kind].plural}: {number:,}"
    for outcome, (thing, words) in _TOLD.items():
        if number := count(outcome):
            yield f"{counted(number, thing)} {words.format(will=will)}"
    if summary.stopped:
        yield f"Stopped: {summary.stopped}."
