"""`guichet texts`: check the owner's own words for the emails."""

import sys
from pathlib import Path

import click

from guichet.mail import texts
from infra.operate.checkout import of_the_site
from infra.operate.commands.exit_codes import INVALID
from infra.operate.output import Output, printable


@click.group("texts")
def own_texts() -> None:
    """Check your own words for the emails."""


@own_texts.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
def check_texts(*, file: Path | None, as_json: bool) -> None:
    """Check the file of your own words, and list them.

    FILE defaults to functions/texts.toml, which `make deploy` uses. Each mistake is named, with its email and language,
    and what was expected. The exit code is 2 if there is any.
    """
    output, path = Output(as_json=as_json), file or of_the_site(texts.FILE)
    if not path.exists():
        output.say(f"There is no {path.name}: all emails have Guichet's own text.")
        return
    try:
        found = texts.read(path.read_bytes())
    except texts.TextsError as error:
        for mistake in str(error).splitlines():
            click.echo(printable(f"{path.name}: {mistake}"), err=True)
        sys.exit(INVALID)
    rows = ({"email": email, "language": language, "subject": subject} for email, language, subject in found.subjects)
    output.rows(rows, ("email", "language", "subject"), "It has no words of your own.")
