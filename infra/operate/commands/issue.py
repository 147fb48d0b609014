"""`guichet issue`: write to the list. Issues are files of Markdown; the function `Issues` sends them."""

import csv
import functools
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import click

from guichet.locales import LANGUAGES, Language, locale
from guichet.mail.emails import issue_test
from guichet.newsletter.plan import Plan, account_of
from guichet.records.issue import Issue, IssueState, Reader, ReaderState
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.spreadsheet import cell
from guichet.store import issues, readers
from guichet.store.table import key
from infra.operate.commands.exit_codes import INCOMPLETE
from infra.operate.commands.listing import Listing
from infra.operate.commands.options import common_options, connect, on_stack, without_stack
from infra.operate.commands.sweeps import of_sweep
from infra.operate.connection import Connection, OperatorError, OperatorSettings
from infra.operate.issue_files import IssueFileError, IssueFiles, Problem, id_of, new_files, read_all
from infra.operate.issue_plan import duration, in_words, moment, must_send, sentences
from infra.operate.output import Output, counted
from infra.operate.queries import blocks, by_keys
from infra.template import Template

_STATES = get_args(ReaderState)
# How many readers' addresses are looked up at once.
_BLOCK = 100
# The period over which the sending rate of an issue is measured.
_LATELY = timedelta(minutes=5)
# What a paused issue waits for.
_PAUSED_FOR = {
    "owner": "you to resume it: it was paused by you",
    "bounces": "you: more than 5 % of its copies bounced",
    "complaints": "you: too many readers reported it as spam",
    "late": "you: it was due more than an hour ago, and not sent",
    "sandbox": "you: SES is in its sandbox",
    "changed": "you: its text differs from the one that was to be sent",
    "refused": "you: SES refused one copy after another",
}
_WAITS_FOR = {
    "quota": "room in the daily quota of SES",
    "ses": "SES, which accepts no mail now",
    "answer": "SES's events about copies that are in doubt",
    "owner": "you",
}

Function = Callable[..., int | None]
Command = Callable[..., None]

_files = click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
_offline = click.option("--offline", is_flag=True, help="Do not ask whether the links work.")
_count = click.option(
    "--count",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="The number of readers, for scripts: nothing is asked.",
)


def _issue_id(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Return the id of an issue, which may also be given as its file name."""
    name = Path(text.strip()).name
    try:
        return id_of(Path(name if name.lower().endswith(".md") else f"{name}.md"))
    except IssueFileError:
        raise click.BadParameter(f"{text!r} is not the id of an issue: `guichet issue` lists them") from None


_issue = click.argument("issue_id", metavar="ID", callback=_issue_id)


@click.group("issue", cls=Listing)
def all_issues() -> None:
    """Write to the list: check, preview, send, follow.

    An issue is a file of Markdown with front matter, or one for each language: letter.fr.md and letter.en.md. Its name
    is the issue's ID.

    Without a command, `list` runs; `guichet issue list --help` shows its options.
    """


def _with_stack_if_any(function: Function) -> Command:
    """Add the common options to a command, and call it with its output and the connection, or None without a stack."""

    @common_options
    @functools.wraps(function)
    def run(*, local: bool, port: int, stack: str, region: str | None, as_json: bool, **given: Any) -> None:
        output = Output(as_json=as_json)
        connection: Connection | None = None
        try:
            connection = connect(local=local, port=port, stack=stack, region=region)
        except OperatorError as error:
            output.advise(f"No stack was found, so its settings and its list are unknown: {error}.")
        sys.exit(function(connection, output, **given) or 0)

    return run


def _settings(connection: Connection | None) -> OperatorSettings:
    """Return the stack's settings, or the template's defaults with an example name and address."""
    if connection is not None:
        return connection.settings
    given = {
        "SiteName": "Your site",
        "SiteUrl": "https://example.org",
        "OwnerEmail": "owner@example.org",
        "FromEmail": "owner@example.org",
        "SigningSecret": "no-secret-" + "0" * 32,
    }
    stack = Template.load().resolve(given, {"Api.ApiEndpoint": "https://YOUR-API", "Table": "none"})
    return OperatorSettings.model_validate(stack.environment)


# --- writing ----------------------------------------------------------------------------------------------------------


@all_issues.command("new")
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--language", type=click.Choice(LANGUAGES), default="fr", show_default=True, help="Its language.")
@click.option("--both", is_flag=True, help=f"A file for each language: {' and '.join(LANGUAGES)}.")
@without_stack
def new(output: Output, *, name: Path, language: Language, both: bool) -> None:
    """Create the file of an issue, with an example.

    NAME is the name of the file, and the issue's ID: lower-case letters, digits and hyphens. Nothing is overwritten.
    """
    files = new_files(name, LANGUAGES if both else (language,), both=both)
    for path in files:
        if path.exists():
            raise OperatorError(f"{path} exists: nothing was written")
    for path, text in files.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    names = [str(path) for path in files]
    output.tell(
        [*(f"Wrote {name}" for name in names), f"Next: guichet issue check {' '.join(names)}"],
        id=id_of(next(iter(files))),
        files=names,
    )


@all_issues.command("check")
@_files
@_offline
@_with_stack_if_any
def check(connection: Connection | None, output: Output, *, files: tuple[Path, ...], offline: bool) -> int:
    """Find what is wrong with an issue.

    Checks the front matter; broken, relative and dead links; images over http or without alternative text; HTML, which
    arrives as text; whether Gmail would clip the email; and whether a language of the list is missing (if a stack is
    found). The exit code is 1 if there is an error. Warnings do not keep it from being sent.
    """
    settings = _settings(connection)
    try:
        issue = read_all(files, settings.default_language)
    except IssueFileError as error:
        return _tell(output, error.problems)
    audience = issues.audience(connection.settings.table_name) if connection else None
    return _tell(output, _problems(issue, settings, audience, offline=offline))


def _problems(
    issue: IssueFiles, settings: OperatorSettings, audience: Mapping[Language, int] | None, *, offline: bool
) -> list[Problem]:
    # Imported late: only `check`, `send` and `schedule` need the Markdown parser and the templates.
    from infra.operate import issue_check  # noqa: PLC0415

    return issue_check.check(issue, settings, readers=audience, offline=offline)


def _tell(output: Output, problems: Sequence[Problem]) -> int:
    """Print what is wrong, and return the exit code."""
    for problem in problems:
        if output.as_json:
            output.show(asdict(problem))
            continue
        output.say(f"{problem.severity:7} {problem.place}: {problem.message}", indent=" " * 8)
        if problem.remedy:
            output.say(f"{'':7} → {problem.remedy}", indent=" " * 10)
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    found = [counted(number, what) for number, what in ((errors, "error"), (warnings, "warning")) if number]
    output.say(f"{' and '.join(found)}." if found else "No error and no warning.")
    return INCOMPLETE if errors else 0


@all_issues.command("preview")
@_files
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Default: a new folder."
)
@_with_stack_if_any
def preview(connection: Connection | None, output: Output, *, files: tuple[Path, ...], into: Path | None) -> None:
    """Write an issue as HTML and as text, as readers get it.

    With the stack's name, colour and logo; without a stack, with the defaults.
    """
    from guichet.newsletter.preview import compose, html_part, text_part  # noqa: PLC0415  the templates

    settings = _settings(connection)
    issue = read_all(files, settings.default_language)
    _advise(output, issue.warnings)
    folder = into or Path(tempfile.mkdtemp(prefix="guichet-"))
    folder.mkdir(parents=True, exist_ok=True)
    for language in issue.files:
        message = compose(issue.id, issue.editions, language, settings)
        parts = {"html": html_part(message), "txt": text_part(message)}
        paths = {ending: folder / f"{issue.id}.{language}.{ending}" for ending in parts}
        for ending, path in paths.items():
            path.write_text(parts[ending], encoding="utf-8", newline="\n")
        output.tell(
            [f"Wrote {path}" for path in paths.values()],
            id=issue.id,
            language=language,
            subject=str(message["Subject"]),
            html=str(paths["html"]),
            text=str(paths["txt"]),
            html_bytes=len(parts["html"].encode()),
        )


def _advise(output: Output, problems: Sequence[Problem]) -> None:
    for problem in problems:
        output.advise(f"{problem.severity}: {problem.place}: {problem.message}: {problem.remedy}")


@all_issues.command("test")
@_files
@on_stack
def test(connection: Connection, output: Output, *, files: tuple[Path, ...]) -> int:
    """Send an issue only to the owner, now.

    One email per language. The unsubscribe link works, but unsubscribes nobody.
    """
    settings, now = connection.settings, utc_now()
    issue = read_all(files, settings.default_language)
    _advise(output, issue.warnings)
    content = issues.content_hash(settings.signing_secret, issue.editions)
    state = issues.save(settings.table_name, issue.id, issue.editions, content, now, ("draft", "cancelled"))
    kept = issues.find(settings.table_name, issue.id)
    if kept is None or kept.content != content:
        raise OperatorError(_frozen(issue.id, kept, settings.time_zone))
    if state is not None:
        output.advise(f"{issue.id} is {state}, with the same text: that is what you get.")
    for language in issue.files:
        # Every request sends it.
        email = issue_test.queued(language, uuid.uuid4().hex)
        issues.queue_test(settings.table_name, kept, email, now)
    outcomes = connection.sweep()
    counts = {outcome.replace(" ", "_"): count for outcome, count in outcomes.items()}
    # "not ours", or nothing: the stream is sending it at the same time, or has sent it.
    waiting = {outcome: count for outcome, count in outcomes.items() if outcome not in {"sent", "dropped", "not ours"}}
    output.tell(
        [
            f"The test is on its way to {', '.join(settings.owner_email)}.",
            *(of_sweep(0, waiting) if waiting else ()),
        ],
        id=issue.id,
        languages=list(issue.files),
        to=list(settings.owner_email),
        **counts,
    )
    return INCOMPLETE if waiting else 0


def _frozen(issue_id: str, kept: Issue | None, zone: str) -> str:
    """Return why an issue's text can no longer be changed."""
    if kept is None:
        return f"{issue_id} was removed meanwhile: run the command again"
    if kept.state == "scheduled" and kept.scheduled_for:
        when = in_words(kept.scheduled_for, zone)
        return f"{issue_id} is scheduled for {when} with another text: `guichet issue schedule` replaces it"
    return f"{issue_id} {_what_became(kept, zone)} with another text: give this one another name"


def _what_became(issue: Issue, zone: str) -> str:
    """Return the state of a started issue, in words."""
    match issue.state:
        case "sent":
            return f"was sent on {in_words(issue.started_at or issue.changed_at, zone)}"
        case "cancelled":
            return f"was cancelled on {in_words(issue.changed_at, zone)}"
        case "paused":
            return f"has been paused since {in_words(issue.changed_at, zone)}"
        case "scheduled":
            return f"is scheduled for {in_words(issue.scheduled_for or issue.changed_at, zone)}"
        case "sending":
            return f"has been sending since {in_words(issue.started_at or issue.changed_at, zone)}"
        case _:
            return "is a draft"


# --- sending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ready:
    """An issue that may be started: its files, its stored state, and what sending it means."""

    issue: IssueFiles
    content: str
    plan: Plan


@all_issues.command("send")
@_files
@_count
@_offline
@on_stack
def send(
    connection: Connection, output: Output, *, files: tuple[Path, ...], count: int | None, offline: bool
) -> int | None:
    """Send an issue to all readers.

    It is checked first: an error stops it. Then you see how many readers get it, in which language, what it costs and
    about how long it takes; to confirm, type the number of readers. An issue is sent once: another text needs another
    name.
    """
    settings = connection.settings
    ready = _prepare(connection, output, files, offline=offline, starts="now")
    if isinstance(ready, int):
        return ready
    _confirm(ready.plan, count)
    issue = _keep(connection, ready)
    if not issues.begin(settings.table_name, issue, utc_now()):
        raise _changed_meanwhile(issue.id)
    output.tell(
        [
            f"{issue.id} is being sent to {counted(ready.plan.count, 'reader')}.",
            f"Follow it with `guichet issue status {issue.id}`, stop it with `guichet issue pause {issue.id}`.",
        ],
        id=issue.id,
        now="sending",
        **_facts(ready.plan),
    )
    return None


@all_issues.command("schedule")
@_files
@click.option("--at", "at_text", required=True, metavar='"YYYY-MM-DD HH:MM"', help="In the stack's TimeZone.")
@_count
@_offline
@on_stack
def schedule(  # noqa: PLR0913  its options
    connection: Connection,
    output: Output,
    *,
    files: tuple[Path, ...],
    at_text: str,
    count: int | None,
    offline: bool,
) -> int | None:
    """Send an issue to all readers at a time.

    It starts within 15 minutes of that time, to those who are readers then. Scheduling it again replaces its text and
    its time. If clocks go back and an hour occurs twice, add the offset from UTC, as in "2026-10-25 02:30+01:00".
    """
    settings = connection.settings
    at = moment(at_text, settings.time_zone, utc_now())
    ready = _prepare(connection, output, files, offline=offline, starts="later")
    if isinstance(ready, int):
        return ready
    output.advise(f"It starts on {in_words(at, settings.time_zone)}.")
    _confirm(ready.plan, count)
    issue = _keep(connection, ready)
    if not issues.schedule(settings.table_name, issue, at, utc_now()):
        raise _changed_meanwhile(issue.id)
    output.tell(
        [
            f"{issue.id} is scheduled for {in_words(at, settings.time_zone)}.",
            f"`guichet issue cancel {issue.id}` takes that back.",
        ],
        id=issue.id,
        now="scheduled",
        scheduled_for=at,
        **_facts(ready.plan),
    )
    return None


def _changed_meanwhile(issue_id: str) -> OperatorError:
    return OperatorError(f"{issue_id} changed meanwhile: `guichet issue status {issue_id}` shows it")


def _prepare(
    connection: Connection, output: Output, files: Sequence[Path], *, offline: bool, starts: str
) -> _Ready | int:
    """Return an issue that may be started, after explaining what that means; otherwise the exit code.

    Raises OperatorError if it was started before, or SES would not send it.
    """
    settings = connection.settings
    issue = read_all(files, settings.default_language)
    content = issues.content_hash(settings.signing_secret, issue.editions)
    known = issues.find(settings.table_name, issue.id)
    if known and known.state == "sending" and known.content == content and starts == "now":
        output.tell(f"{issue.id} is already being sent.", id=issue.id, now="sending", changed=False)
        return 0
    _may_start(issue.id, known, settings.time_zone)
    account = account_of(connection.client("sesv2"))
    must_send(account)
    audience = issues.audience(settings.table_name)
    if not audience:
        raise OperatorError("the list has no readers: nobody has confirmed")
    problems = _problems(issue, settings, audience, offline=offline)
    if any(problem.severity == "error" for problem in problems):
        _tell(output, problems)
        output.advise("Nothing was sent.")
        return INCOMPLETE
    _advise(output, problems)
    languages = [language for language in LANGUAGES if language in issue.files]
    plan = Plan(audience, languages, account)
    for edition in (issue.files[language].edition for language in languages):
        output.advise(f"{issue.id}: {edition.subject}")
    if known and known.state == "scheduled" and known.scheduled_for:
        what = "It is sent now, and no longer" if starts == "now" else "So far it was scheduled for"
        output.advise(f"{what} {'on ' if starts == 'now' else ''}{in_words(known.scheduled_for, settings.time_zone)}.")
    for sentence in sentences(plan):
        output.advise(sentence)
    return _Ready(issue, content, plan)


def _may_start(issue_id: str, known: Issue | None, zone: str) -> None:
    """Raise OperatorError if an issue was started before, or is on its way."""
    if known is None or known.state in ("draft", "scheduled"):
        return
    if known.state == "cancelled" and known.started_at is None:
        return
    became = f"{issue_id} {_what_became(known, zone)}"
    if known.state == "paused":
        raise OperatorError(f"{became}: `guichet issue resume {issue_id}` continues it")
    if known.state == "sending":
        raise OperatorError(f"{became}: `guichet issue status {issue_id}` follows it; another text needs another name")
    if known.state == "cancelled":
        copies = known.tally.sent if known.tally else 0
        became += f", after {counted(copies, 'copy', 'copies')}" if copies else ""
    raise OperatorError(f"{became}, and an issue is sent once: another one needs another name")


def _confirm(plan: Plan, count: int | None) -> None:
    """Ask for the number of readers. Raises OperatorError if it does not match."""
    if count is None:
        typed = _typed()
        text = typed.strip().replace(",", "").replace(" ", "")
        if text != str(plan.count):
            raise OperatorError("that is not the number of readers: nothing was sent")
    elif count != plan.count:
        raise OperatorError(f"the list has {counted(plan.count, 'reader')}, not {count:,}: nothing was sent")


def _typed() -> str:
    try:
        return str(click.prompt("Type the number of readers to continue", default="", show_default=False, err=True))
    except click.Abort as stopped:
        if isinstance(stopped.__context__, EOFError):
            raise OperatorError("nobody can type the number here, so nothing was sent: give it with --count") from None
        raise


def _keep(connection: Connection, ready: _Ready) -> Issue:
    """Save the text of an issue, and return the saved issue. Raises OperatorError if it was started meanwhile."""
    settings = connection.settings
    table, issue = settings.table_name, ready.issue
    # A scheduled issue that has not started gets the new text.
    replacing: tuple[IssueState, ...] = ("draft", "scheduled", "cancelled")
    issues.save(table, issue.id, issue.editions, ready.content, utc_now(), replacing)
    kept = issues.find(table, issue.id)
    if kept is None or kept.content != ready.content or kept.state not in ("draft", "scheduled"):
        raise _changed_meanwhile(issue.id)
    return kept


def _facts(plan: Plan) -> dict[str, Any]:
    low, high = plan.dollars
    return {
        "readers": plan.count,
        "by_language": plan.by_language,
        "in_another_language": sum(plan.other_language.values()),
        "seconds": round(plan.seconds),
        "dollars": [round(low, 4), round(high, 4)],
    }


# --- while it is sent -------------------------------------------------------------------------------------------------


def _known(connection: Connection, issue_id: str) -> Issue:
    issue = issues.find(connection.settings.table_name, issue_id)
    if issue is None:
        raise OperatorError(f"there is no issue {issue_id}: `guichet issue` lists them")
    return issue


@all_issues.command("pause")
@_issue
@on_stack
def pause(connection: Connection, output: Output, *, issue_id: str) -> None:
    """Pause an issue that is being sent or scheduled.

    What SES already has goes out.
    """
    settings = connection.settings
    _known(connection, issue_id)
    done = issues.pause(settings.table_name, issue_id, utc_now())
    issue = _known(connection, issue_id)
    if not done and issue.state != "paused":
        raise OperatorError(f"{issue_id} {_what_became(issue, settings.time_zone)}: there is nothing to pause")
    output.tell(
        f"{issue_id} is paused. `guichet issue resume {issue_id}` continues it."
        if done
        else f"{issue_id} is paused already.",
        id=issue_id,
        now="paused",
        changed=done,
    )


@all_issues.command("resume")
@_issue
@on_stack
def resume(connection: Connection, output: Output, *, issue_id: str) -> None:
    """Resume a paused issue.

    Nobody gets it twice. The counts that paused it, such as bounces, start again.
    """
    settings = connection.settings
    issue = _known(connection, issue_id)
    if issue.state == "paused":
        must_send(account_of(connection.client("sesv2")))
    done = issues.resume(settings.table_name, issue, utc_now())
    issue = _known(connection, issue_id)
    if not done and issue.state not in ("sending", "scheduled"):
        raise OperatorError(f"{issue_id} {_what_became(issue, settings.time_zone)}: there is nothing to resume")
    now = f"{issue_id} {_what_became(issue, settings.time_zone)}"
    output.tell(f"{now}." if done else f"Nothing to do: {now}.", id=issue_id, now=issue.state, changed=done)


@all_issues.command("cancel")
@_issue
@on_stack
def cancel(connection: Connection, output: Output, *, issue_id: str) -> None:
    """End an issue that is scheduled, being sent or paused, for good.

    What SES already has goes out; nobody else gets it.
    """
    settings = connection.settings
    _known(connection, issue_id)
    done = issues.cancel(settings.table_name, issue_id, utc_now())
    issue = _known(connection, issue_id)
    if not done and issue.state != "cancelled":
        raise OperatorError(f"{issue_id} {_what_became(issue, settings.time_zone)}: there is nothing to cancel")
    output.tell(
        f"{issue_id} is cancelled." if done else f"{issue_id} was cancelled already.",
        id=issue_id,
        now="cancelled",
        changed=done,
    )


@all_issues.command("list")
@on_stack
def list_issues(connection: Connection, output: Output) -> None:
    """List issues, most recently changed first."""
    found = issues.all_issues(connection.settings.table_name)
    columns = ("changed_at", "id", "state", "languages", "readers", "sent")
    output.rows(map(_row, found), columns, "No issues: `guichet issue new NAME` begins one.", _shown)


def _row(issue: Issue) -> dict[str, Any]:
    tally = issue.tally
    return {
        "id": issue.id,
        "state": issue.state,
        "languages": list(issue.languages),
        "readers": issue.audience,
        "sent": tally.sent if tally else None,
        "changed_at": issue.changed_at,
        "scheduled_for": issue.scheduled_for,
        "started_at": issue.started_at,
        "ended_at": issue.ended_at,
        "reason": issue.reason,
    }


def _shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "languages": ", ".join(row["languages"])}


@all_issues.command("status")
@_issue
@on_stack
def status(connection: Connection, output: Output, *, issue_id: str) -> None:
    """Show the progress of an issue.

    How many copies are in each state, how fast they are sent, what it waits for, and about when it ends.
    """
    settings, now = connection.settings, utc_now()
    issue = _known(connection, issue_id)
    counts: dict[str, int] = dict.fromkeys((*_STATES, "bounced", "complained"), 0)
    lately = 0
    since = max(now - _LATELY, issue.started_at or now)
    for reader in readers.all_of(settings.table_name, issue_id):
        for name in readers.counted(reader):
            counts[name] += 1
        lately += reader.settled_at is not None and reader.settled_at >= since
    left = counts["waiting"] + counts["claimed"]
    a_second = lately / max(1.0, (now - since).total_seconds()) if issue.state == "sending" else 0.0
    ends = now + timedelta(seconds=left / a_second) if a_second and left else None
    texts = issues.editions(settings.table_name, issue_id)
    shown: dict[str, Any] = {
        "id": issue.id,
        "state": issue.state,
        "subject": {language: texts[language].subject for language in LANGUAGES if language in texts},
        "readers": issue.audience,
        **(counts if issue.started_at else {}),
        "emails_a_second": round(a_second, 1) if a_second else None,
        "waits_for": waits(issue, now, settings.time_zone),
        "ends_about": ends.replace(microsecond=0) if ends else None,
        "scheduled_for": issue.scheduled_for,
        "started_at": issue.started_at,
        "ended_at": issue.ended_at,
    }
    if output.as_json:
        output.show(shown)
        return
    zone = settings.time_zone
    times = {name: in_words(value, zone) for name, value in shown.items() if isinstance(value, datetime)}
    if ends:
        times["ends_about"] = f"{times['ends_about']}, in {duration((ends - now).total_seconds())}"
    output.show({**shown, **times})


def waits(issue: Issue, now: datetime, zone: str) -> str:
    """Return what an issue waits for, in words; empty if it waits for nothing."""
    if issue.state == "paused":
        return f"{_PAUSED_FOR[issue.reason or 'owner']}; `guichet issue resume {issue.id}` continues it"
    if issue.state == "scheduled":
        return "its time"
    if issue.state == "cancelled" and issue.started_at and not issue.ended_at:
        return "the outcome of the last copies"
    if issue.state != "sending":
        return ""
    if issue.not_before and issue.not_before > now:
        reason = _WAITS_FOR[issue.waits_for] if issue.waits_for else "its next try"
        return f"{reason}; the next try is after {in_words(issue.not_before, zone)}"
    return "the list of its readers to be stored" if issue.audience is None else ""


@all_issues.command("who")
@_issue
@click.option(
    "--state",
    type=click.Choice([*_STATES, "bounced", "complained"]),
    metavar="STATE",
    help=f"One of {', '.join(_STATES)}, bounced, complained. Default: all.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for a spreadsheet.")
@on_stack
def who(connection: Connection, output: Output, *, issue_id: str, state: str | None, as_csv: bool) -> None:
    """List the readers of an issue, and the outcome of each copy.

    If a reader's address is no longer stored, the keyed hash is shown.
    """
    if as_csv and output.as_json:
        raise click.UsageError("Give either --csv or --json.")
    issue = _known(connection, issue_id)
    table = connection.settings.table_name
    chosen = (one for one in readers.all_of(table, issue_id) if state is None or state in readers.counted(one))
    rows = _who(table, chosen)
    if as_csv:
        _write_csv(rows, locale(connection.settings.default_language).SEPARATOR)
        return
    what = f"readers in the state {state}" if state else "readers yet" if issue.started_at is None else "readers"
    output.rows(rows, ("settled_at", "state", "email", "why"), f"{issue_id} has no {what}.", _reader_shown)


_WHO = ("email", "subscriber_id", "state", "why", "settled_at", "bounced_at", "complained_at", "message_id")


def _who(table: str, rows: Iterator[Reader]) -> Iterator[dict[str, Any]]:
    for block in blocks(rows, _BLOCK):
        keys = [key(Subscriber, one.subscriber_id) for one in block]
        addresses = {item["id"]: str(item.get("email", "")) for item in by_keys(table, keys)}
        for one in block:
            yield {
                "email": addresses.get(one.subscriber_id, ""),
                "subscriber_id": one.subscriber_id,
                "state": one.state,
                "why": "; ".join(filter(None, (one.reason, _later(one)))),
                "settled_at": one.settled_at,
                "bounced_at": one.bounced_at,
                "complained_at": one.complained_at,
                "message_id": one.message_id,
            }


def _later(reader: Reader) -> str:
    """Return what was reported about a copy after it was sent."""
    bounced = f"bounced: {reader.bounce}".removesuffix(": ") if reader.bounced_at else ""
    return ", ".join(filter(None, (bounced, "reported as spam" if reader.complained_at else "")))


def _reader_shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "email": row["email"] or row["subscriber_id"], "settled_at": row["settled_at"] or ""}


def _write_csv(rows: Iterator[Mapping[str, Any]], separator: str) -> None:
    writer = csv.writer(sys.stdout, delimiter=separator, lineterminator="\n")
    writer.writerow(_WHO)
    for row in rows:
        writer.writerow([cell(_plain(row[name])) for name in _WHO])


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return "" if value is None else " ".join(str(value).split())
