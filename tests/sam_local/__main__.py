"""`make sam-local`, or `python -m tests.sam_local`: the SAM CLI's local commands in containers, as the page says.

The commands are read from infra/docs/local-sam.md and run verbatim. Without a container engine, and without the means
to start one, it says so and skips; if the environment has `CI`, it fails.
"""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.build import BuildError, interpreter
from infra.local.sam import architecture
from infra.template import Template
from tests.sam_local.engine import Engine, NoEngineError, engine
from tests.sam_local.report import Report
from tests.sam_local.walk import Walk, commands_of_page
from tests.support.commands import ROOT, Commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.sam_local", description="Walk the SAM CLI's local commands.")
    parser.add_argument("--sam", type=Path, default=ROOT / ".venv-sam" / "bin", help="the folder of the SAM CLI")
    parser.add_argument("--python", help="an interpreter of the version that Lambda runs")
    given = parser.parse_args(arguments)
    # So that anything that ends this also ends what it has started.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    runtime = str(Template.load().defaults("Function")["Runtime"])
    version = tuple(map(int, runtime.removeprefix("python").split(".")))
    # No real account is involved, and the stack has exactly the page's settings.
    for name in list(os.environ):
        if name.startswith("AWS_") or name in ("PORT", "SITE_PORT", "ENGINE_PORT", "CONTAINERS", "PARAMETERS"):
            del os.environ[name]
    try:
        python = interpreter(version, given.python or None)
        with engine(given.sam, python, runtime, architecture(), ROOT / "requirements-dev.txt") as found:
            return walk(found, given.sam, python)
    except (BuildError, NoEngineError) as error:
        if os.environ.get("CI"):
            print(f"error: {error}", file=sys.stderr)
            return 1
        print(f"{error}\nskipped: nothing was run")
        return 0


def walk(found: Engine, sam: Path, python: str) -> int:
    """Walk with an engine; return the exit code."""
    print(f"With {found.told}.\n")
    # It may be a name on the path.
    folder = Path(shutil.which(python) or python).absolute().parent
    path = os.pathsep.join((str(folder), str(sam.resolve()), os.environ["PATH"]))
    variables = {**os.environ, **found.variables, "PATH": path, "SAM_CLI_TELEMETRY": "0"}
    report = Report()
    with report.check("the walk came to its end"):
        Walk(Commands(commands_of_page(), variables), sam, report, found.outside).walk()
    for failure in report.failed:
        print(f"\n{failure}", file=sys.stderr)
    print(f"\n{report.checked} checks, {len(report.failed)} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
