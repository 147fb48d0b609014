"""`make deployed`, or `python -m tests.deployed`: deploy the stack to an emulator of AWS, and use it.

The functions are built for this machine's processor. The template is translated as SAM does it, adapted (adapter.py),
and deployed by `sam deploy` to ministack, which enforces IAM. The checks then use the stack over HTTP, as a site, a
reader, an owner and an operator do. Each permission is also taken from its role, and each workaround from the template,
to see that it is missed. What was built and deployed, and the emulator's log, stay in `.aws-sam/deployed`.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from infra.build import build
from infra.template import TEMPLATE
from tests.deployed import adapter
from tests.deployed.checks import comments, desk, mail, newsletter, operator, reader, site, stack
from tests.deployed.emulator import REGION, ROOT, Emulator, emulator
from tests.deployed.missed import (
    Check,
    gaps_are_there,
    permissions_are_missed,
    title,
    what_is_not_enforced_is_not_missed,
    workarounds_are_missed,
)
from tests.deployed.report import Report
from tests.deployed.world import Site, World, parameters_for
from tests.deployed.world import site as serve_site
from tests.support.own_files import leave_out
from tests.support.site_forms import QUOTE

FOLDER = ROOT / ".aws-sam" / "deployed"
OF_THE_STACK: Sequence[Check] = (
    *site.CHECKS,
    *reader.CHECKS,
    *comments.CHECKS,
    *desk.CHECKS,
    *mail.CHECKS,
    *operator.CHECKS,
    *newsletter.CHECKS,
    *mail.LATER,
)


def build_here(folder: Path) -> dict[str, Any]:
    """Build the functions for this machine, and return the template that SAM makes of ours, next to its code."""
    forms = folder / "forms.toml"
    forms.write_text(QUOTE, encoding="utf-8")
    leave_out()
    build(folder / "functions", str(ROOT / ".venv-deployed" / "bin" / "python"), None, forms=forms)
    translated = folder / "translated.json"
    subprocess.run(
        [str(ROOT / ".venv-sam" / "bin" / "python"), "-m", "infra.translate", str(TEMPLATE), str(translated)],
        check=True,
        cwd=ROOT,
        env={"AWS_DEFAULT_REGION": REGION},
    )
    template: dict[str, Any] = json.loads(translated.read_text(encoding="utf-8"))
    # Each start of a function unpacks it, so it is not compressed.
    with zipfile.ZipFile(folder / "functions.zip", "w") as archive:
        for path in (folder / "functions").rglob("*"):
            archive.write(path, path.relative_to(folder / "functions"))
    return adapter.with_code(template, "functions.zip")


def deploy(run: Emulator, its_site: Site, template: dict[str, Any], without: str) -> World:
    """Deploy the adapted template by `sam deploy`, and put the form that it prints on the site's page."""
    path = run.folder / "template.json"
    adapted = adapter.adapted(template, without=without)
    # For one function, SAM zips the folder, as for `make deploy`. It would zip it again for each of the others.
    as_folder = adapter.with_code(adapted, "functions")["Resources"]["Contact"]
    path.write_text(json.dumps({**adapted, "Resources": {**adapted["Resources"], "Contact": as_folder}}), "utf-8")
    adapter.make_bucket(run)
    made = run.deploy(path, overrides=parameters_for(its_site))
    adapter.complete(made, without=without)
    its_site.page = made.outputs["FormSnippet"]
    path.write_text(json.dumps(adapted), encoding="utf-8")
    return World(made, its_site, path)


def check_all(report: Report, world: World, template: dict[str, Any]) -> None:
    """Do all checks of a deployed stack; those about other stacks run in parallel."""

    def do(checks: Sequence[Check]) -> None:
        for check in checks:
            report.check(title(check), partial(check, world))

    def section(checks: Callable[..., None], *further: Any) -> None:
        report.section(checks.__name__.replace("_", " "), partial(checks, report, world, *further))

    def do_others() -> None:
        do(stack.CHECKS)
        section(workarounds_are_missed, template)
        section(gaps_are_there, template)

    with ThreadPoolExecutor(1) as beside:
        others = beside.submit(do_others)
        with what_is_not_enforced_is_not_missed(report, world):
            do(OF_THE_STACK)
        section(permissions_are_missed)
        do(mail.LAST)
        others.result()


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy, check, print the table, and return 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.deployed", description="Deploy to an emulator, and use it.")
    parser.add_argument("--only", default="", metavar="TEXT", help="only checks whose name contains a text")
    parser.add_argument(
        "--without",
        choices=[workaround.name for workaround in adapter.WORKAROUNDS],
        default="",
        help="leave a workaround out, to see what fails without it",
    )
    options = parser.parse_args(arguments)
    # So that the emulator ends, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    report = Report(options.only)
    template: dict[str, Any] = {}
    worlds: list[World] = []

    with serve_site() as its_site, emulator(FOLDER) as run:
        if report.require("the functions are built", lambda: template.update(build_here(FOLDER))) and report.require(
            "sam deploy makes the stack",
            lambda: worlds.append(deploy(run, its_site, template, options.without)),
        ):
            with run.in_forks():
                check_all(report, worlds[0], template)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
