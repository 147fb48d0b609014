"""`guichet comments export`: write the approved comments into a site."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from infra.operate.commands.options import on_stack
from infra.operate.connection import Connection
from infra.operate.output import Output, counted

_FEED = re.compile(r"(?!.*(?:^|/)\.)[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


def _feed(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    if not _FEED.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not the name of a file in the folder, such as comments.xml")
    return text


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--for",
    "generator",
    type=click.Choice(["hugo", "jekyll", "eleventy", "astro"]),
    help="DIR is the top of such a site: put the files where it reads them.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["json", "yaml", "html"]),
    multiple=True,
    help="Data as JSON (default) or YAML, or fragments of HTML. Without --for, it may be given more than once.",
)
@click.option("--feed", default="comments.xml", show_default=True, callback=_feed, help="The name of the Atom feed.")
@click.option("--no-feed", is_flag=True, help="Write no feed.")
@click.option("--dry-run", is_flag=True, help="Write nothing: show what would be written and removed.")
@on_stack
def export_comments(  # noqa: PLR0913  the options of a command
    connection: Connection,
    output: Output,
    *,
    folder: Path,
    generator: Any,
    formats: tuple[Any, ...],
    feed: str,
    no_feed: bool,
    dry_run: bool,
) -> None:
    """Write the approved comments into a site.

    DIR gets a file for each page with comments, which has the thread as data and as HTML; an index of them, `pages`;
    and an Atom feed of the newest 50. It is incremental: only pages whose comments have changed are read, only files
    that change are written, and files of pages without comments are removed. Nothing else in DIR is touched.

    It only reads from the stack. The permissions it needs are CloudFormation's DescribeStacks and ListStackResources,
    Lambda's GetFunctionConfiguration, and DynamoDB's Query and BatchGetItem.
    """
    from infra.operate import comments_export  # noqa: PLC0415  only this command pays for it

    chosen = tuple(dict.fromkeys(formats)) or ("json",)
    if generator and (len(chosen) > 1 or "html" in chosen):
        raise click.UsageError("With --for, --format is json or yaml: the data includes the HTML.")
    options = comments_export.Options(generator, chosen, "" if no_feed else feed)
    done = comments_export.export(folder, options, connection.settings, dry_run=dry_run)
    output.tell(list(_told(done, folder, dry_run=dry_run)), **asdict(done), dry_run=dry_run)


def _told(done: Any, folder: Path, *, dry_run: bool) -> Iterator[str]:
    has, wrote, removed = ("would have", "would write", "remove") if dry_run else ("has", "wrote", "removed")
    yield f"{folder} {has} {counted(done.comments, 'comment')} on {counted(done.pages, 'page')}."
    yield (
        f"It read {counted(len(done.read), 'page')}, {wrote} {counted(len(done.written), 'file')}, "
        f"{removed} {len(done.removed):,}, and left {done.unchanged:,} as they were."
    )
    if dry_run:
        yield from (f"- write {path}" for path in done.written)
        yield from (f"- remove {path}" for path in done.removed)
