"""The commands of `guichet`: their options and output. The modules of `infra.operate` do the work.

Each command or group is a module, imported only when it runs: importing them all takes over ten times as long as this
file, which is all that `guichet --help` needs. They share `options`, `listing`, `declared_forms`, `ids`, `sweeps`,
`exit_codes` and `failures`.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from infra.operate.checkout import find_forms, installed_version
from infra.operate.commands.exit_codes import INTERRUPTED

# Each command by name: its module and function, and the first sentence of its help.
_COMMANDS = {
    "adopt": ("adopt:adopt_table", "Create a stack around a table that was left behind."),
    "comments": ("comments:all_comments", "List, moderate, export and import comments."),
    "desk": ("desk:sign_in_at_desk", "Print a link that signs in at the desk."),
    "doctor": ("doctor:examine", "Find problems of mail, stack, alarms and site."),
    "export": ("export:export", "Export subscribers, messages or everything to a file."),
    "forget": ("forget:forget", "Erase or export everything stored about a person."),
    "forms": ("forms:own_forms", "List, check or print the site's own forms."),
    "import": ("import_:import_", "Import subscribers from a CSV file, or an archive."),
    "issue": ("issue:all_issues", "Write to the list: check, preview, send, follow."),
    "messages": ("messages:messages", "List, search, show, release, erase, or file as spam."),
    "notice": ("notice:write", "Write what your forms must tell people about their data."),
    "outbox": ("outbox:outbox_emails", "List waiting and failed emails, or send them now."),
    "subscribers": ("subscribers:subscribers", "List, count, show, unsubscribe or block subscribers."),
    "test-email": ("sample_email:send", "Send a test email to the owner."),
    "texts": ("texts:own_texts", "Check your own words for the emails."),
}
# The options of all commands, as in `options`, and how many words each takes.
_COMMON_WORDS = {"--local": 1, "--port": 2, "--stack": 2, "--region": 2, "--json": 1}


def load(name: str) -> click.Command:
    """Import a command by its name."""
    module, _, function = _COMMANDS[name][0].partition(":")
    command: click.Command = getattr(import_module(f"{__name__}.{module}"), function)
    return command


class _Root(click.Group):
    """The group of all commands, which also accepts the common options before a command: `guichet --local messages`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Move leading common options behind the command and its own arguments."""
        moved: list[str] = []
        while args and args[0].partition("=")[0] in _COMMON_WORDS:
            count = 1 if "=" in args[0] else _COMMON_WORDS[args[0]]
            moved, args = [*moved, *args[:count]], args[count:]
        if args and not args[0].startswith("-"):
            end = args.index("--") if "--" in args else len(args)
            args = [*args[:end], *moved, *args[end:]]
        return super().parse_args(context, args)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that runs. Help and suggestions only need its name and summary."""
        name, _, rest = super().resolve_command(context, args)
        return name, load(name) if name else None, rest


def _version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:  # noqa: FBT001  click's order
    if asked:
        click.echo(f"guichet {installed_version()}")
        context.exit()


@click.group(
    cls=_Root,
    commands={name: click.Command(name, help=summary) for name, (_, summary) in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
@click.pass_context
def guichet(context: click.Context) -> None:
    """Operate a Guichet stack: read messages, manage subscribers, write to them, inspect the outbox, find problems.

    By default a command uses the deployed stack `guichet`, with the credentials of the AWS CLI. --stack names another
    one; --local uses the stack that `make run` started on this machine. --json prints JSON for programs. These options
    go before or after the command.

    Exit codes: 0 done; 1 done, but something needs attention (bad lines, waiting or failed emails, a problem that
    doctor found); 2 wrong usage, or not found; 3 AWS is unreachable or refused; 130 interrupted.
    """
    # Files contain personal data, so other users of this machine cannot read them. Set after the command was imported,
    # so that its bytecode stays readable.
    before = os.umask(0o077)
    context.call_on_close(lambda: os.umask(before))
    find_forms()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit. Report an error as one sentence on standard error."""
    try:
        try:
            guichet.main(arguments, prog_name="guichet", standalone_mode=False)
        finally:
            # Otherwise, Python flushes on exit, after the errors below have been handled.
            print(end="", flush=True)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        _fail("stopped: interrupted, or not confirmed (to skip a question: --yes, or --count of an issue)", INTERRUPTED)
    except BrokenPipeError:
        # The reader closed the pipe. Without this, Python would report it again on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        # Imported late, because it loads botocore.
        from infra.operate.commands.failures import failure_of  # noqa: PLC0415

        failure = failure_of(error)
        if failure is None:
            raise
        _fail(*failure)


def _fail(sentence: str, code: int) -> None:
    # Imported late, because it loads rich and botocore.
    from infra.operate.output import printable, room, wrapped  # noqa: PLC0415

    click.echo(wrapped(printable(f"error: {sentence}"), room(sys.stderr)), err=True)
    sys.exit(code)
