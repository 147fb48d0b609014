"""`guichet comments import`: import comments from other tools."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from infra.operate.commands.exit_codes import INCOMPLETE
from infra.operate.commands.options import on_stack
from infra.operate.connection import Connection
from infra.operate.output import Output, counted


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--sitemap", metavar="FILE|URL", help="The site's sitemap: only comments of the pages in it are imported."
)
@click.option(
    "--map",
    "rules",
    multiple=True,
    metavar="OLD=NEW",
    help="The page of an old address or path, such as 'https://old.example/?p=59=/hello/'; 'OLD*=/new/*' for all that "
    "start with OLD. May be given more than once: the first match counts.",
)
@click.option(
    "--pending", is_flag=True, help="Let approved comments wait for you as well, so that none is public at once."
)
@click.option(
    "--bring-back",
    is_flag=True,
    help="Also import comments that you deleted or refused here. Those that their authors deleted stay deleted.",
)
@click.option("--dry-run", is_flag=True, help="Import nothing: count what would be imported.")
@on_stack
def import_comments(  # noqa: PLR0913  the options of a command
    connection: Connection,
    output: Output,
    *,
    file: Path,
    sitemap: str | None,
    rules: tuple[str, ...],
    bring_back: bool,
    pending: bool,
    dry_run: bool,
) -> int | None:
    """Import the comments of Disqus, WordPress or Isso.

    FILE is Disqus's export (XML, or XML.GZ as it comes), WordPress's (Tools, Export, all content) or Isso's database
    (comments.db). Comments keep their names, times and places; a reply to a reply is shown next to it. Approved
    comments are public here at once; pending ones wait here too, and no email announces them. Disqus's export does not
    say which are pending: decide on those there first, or use --pending. Deleted comments and spam are not imported.
    Only you see email addresses. Text becomes Markdown; HTML is never used directly.

    Only the path of an address counts, not its domain: --map says where a page has moved. Addresses that match no page
    of the site are listed, and their comments are not imported. It is idempotent. Comments that were deleted or
    refused here since are left out; --bring-back imports those that you deleted or refused yourself. The exit code is
    1 if anything could not be imported.
    """
    from infra.operate import comments_import, comments_pages, comments_sources  # noqa: PLC0415  only this command pays for them

    source = comments_sources.source_of(file)
    known = comments_pages.pages_of_sitemap(sitemap) if sitemap else None
    pages = comments_pages.Pages(rules, known)
    with output.progress("comments read", None) as advance:
        result = comments_import.run(
            source, pages, connection.settings, advance, dry_run=dry_run, bring_back=bring_back, pending=pending
        )
    _tell_of_import(result, output, dry_run=dry_run)
    return INCOMPLETE if result.unmatched or result.bad else None


def _tell_of_import(result: Any, output: Output, *, dry_run: bool) -> None:
    rows = ({"page": page, **asdict(one)} for page, one in sorted(result.pages.items()))
    output.rows(rows, ("page", "approved", "pending", "replies", "already"), "It has no comments on pages of the site.")
    unmatched = result.unmatched.most_common()
    if unmatched:
        output.say("Addresses that match no page of the site (--map says where they are now):")
        rows = ({"address": address or "(none)", "comments": number} for address, number in unmatched)
        output.rows(rows, ("address", "comments"), "")
    for bad in result.bad:
        output.advise(f"comment {bad.id} {bad.why}")
    if result.may_come_back:
        output.advise(f"--bring-back also imports those that you deleted or refused here: {result.may_come_back:,}.")
    left_out = ", ".join(f"{number:,} {why}" for why, number in sorted(result.left_out.items()))
    output.tell(
        f"{'Would import' if dry_run else 'Imported'} {counted(result.imported, 'comment')} "
        f"of {result.tool} on {counted(len(result.pages), 'page')}; {result.already:,} were there already"
        + (f"; left out: {left_out}" if left_out else "")
        + (f"; {result.unmatched.total():,} of unknown addresses" if result.unmatched else "")
        + (f"; {len(result.bad):,} could not be read" if result.bad else "")
        + ".",
        tool=result.tool,
        imported=result.imported,
        already=result.already,
        left_out=dict(result.left_out),
        unmatched=dict(unmatched),
        bad=[asdict(one) for one in result.bad],
        dry_run=dry_run,
    )
