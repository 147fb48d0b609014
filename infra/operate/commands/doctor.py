"""`guichet doctor`: print what the checks find, offer the fixes, and look again."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from infra.operate import doctor, received_email
from infra.operate.commands.exit_codes import INCOMPLETE
from infra.operate.commands.options import common_options, connect
from infra.operate.connection import region_of
from infra.operate.inspection import Finding, Inspection
from infra.operate.output import Output, printable
from infra.template import parameters


@click.command("doctor")
@click.option("--before", metavar="PARAMETERS", help="Before the first deploy, with the parameters for `make deploy`.")
@click.option("--fix", is_flag=True, help="Offer to fix, one by one, what AWS calls can fix.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
@click.option(
    "--received",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Check the signature of an email as it arrived; needs no stack.",
)
@common_options
def examine(  # noqa: PLR0913  the options of the command
    *,
    before: str | None,
    fix: bool,
    yes: bool,
    received: Path | None,
    region: str | None,
    as_json: bool,
    **stack: Any,
) -> None:
    """Find problems of mail, stack, alarms and site.

    Says how to fix each. The exit code is 1 if anything is wrong, needs attention, or could not be checked.

    --fix offers to fix what AWS calls can, asks about each, and checks again. It changes no DNS, loses no data, and
    starts nothing that costs more than a stack of Guichet does anyway.

    --received reads an email that `guichet test-email` sent you, saved as the mailbox received it ("Show original",
    "Download message", .eml): who signed it, and whether the signature covers the one-click headers.
    """
    output = Output(as_json=as_json)
    if sum([before is not None, received is not None, fix]) > 1:
        raise click.UsageError("--before, --received and --fix exclude one another")
    if yes and not fix:
        raise click.UsageError("--yes goes with --fix")
    if as_json and fix and not yes:
        raise click.UsageError("--json --fix needs --yes, because it cannot ask")
    if received is not None:
        with received.open("rb") as file:
            raw = file.read(received_email.LONGEST + 1)
        findings = list(_found(output, received_email.examine(raw)))
        sys.exit(0 if all(one.state == "ok" for one in findings) else INCOMPLETE)
    if before is None:
        inspection = doctor.inspection_of(connect(region=region, **stack))
    else:
        inspection = doctor.inspection_before(parameters(before), region_of(region))
    findings = list(_found(output, doctor.examine(inspection)))
    fixable = [one for one in findings if one.fix]
    if fix:
        findings = _fixed(output, inspection, findings, ask=not yes)
    elif fixable and before is None:
        words = "one of these" if len(fixable) == 1 else f"{len(fixable)} of these"
        output.advise(f"`guichet doctor --fix` can fix {words}, and asks first.")
    sys.exit(0 if all(one.state == "ok" for one in findings) else INCOMPLETE)


def _found(output: Output, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Print findings as they come, and pass them on."""
    for finding in findings:
        if output.as_json:
            output.show(finding.fields)
        else:
            output.say(f"{finding.state:8} {finding.check}: {finding.message}", indent=" " * 9)
            if finding.remedy:
                # A command or a DNS record is to be copied, so only the terminal may break the line.
                copied = any(mark in finding.remedy for mark in ("aws ", "add to DNS: ", ' TXT "'))
                output.say(f"{'':8} → {finding.remedy}", indent=None if copied else " " * 11)
        yield finding


def _fixed(output: Output, inspection: Inspection, findings: Sequence[Finding], *, ask: bool) -> list[Finding]:
    """Offer the fixes of findings, apply the chosen ones, and check again. Return the findings afterwards."""
    applied: set[str] = set()
    for found in findings:
        if not found.fix:
            continue
        try:
            wanted = not ask or click.confirm(printable(f"{found.check}: {found.fix.action}?"), err=True)
        except click.Abort:
            # Ctrl-C, or no terminal to answer.
            if applied:
                output.advise("What was fixed so far stays fixed; run `guichet doctor` to check again.")
            raise
        if not wanted:
            continue
        output.advise(f"{found.check}: {found.fix.action} …")
        if failure := doctor.apply(found.fix):
            output.advise(f"It failed: {failure}.")
        else:
            applied.add(found.check)
    if not applied:
        output.advise("Nothing was fixed.")
        return list(findings)
    output.say("\nLooked again:")
    # Other problems may have been consequences: unsigned mail passes no policy.
    checks = applied | {one.check for one in findings if one.state != "ok"}
    again = list(_found(output, doctor.look_again(inspection, checks)))
    return [*(one for one in findings if one.check not in checks), *again]
