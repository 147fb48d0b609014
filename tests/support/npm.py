"""The npm packages that tests use, fetched once per lock file."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.support.stack import missing

CLIENTS = Path(__file__).parents[1] / "clients"
# The Node version that the packages require.
OLDEST = (20, 19)


@cache
def node() -> str:
    """Return Node's path, once its packages are installed. Skips or fails if Node is missing or too old."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        missing("Node with npm")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST:
        missing(f"Node {'.'.join(map(str, OLDEST))} or newer (only {version.strip()})")
    installed = CLIENTS / "node_modules" / ".installed"
    with (CLIENTS / "package-lock.json").open("rb") as lock:
        # Another test process may be fetching them at this moment.
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = lock.read()
        if not installed.exists() or installed.read_bytes() != wanted:
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            fetched = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, check=False)
            if fetched.returncode:
                missing(f"what npm was to fetch ({fetched.stderr.strip()[-200:]})")
            installed.write_bytes(wanted)
    return found


def bundle(entry: Path) -> str:
    """Return a module of JSX and all that it imports as one script for browsers."""
    node()
    command = [
        str(CLIENTS / "node_modules" / ".bin" / "esbuild"),
        str(entry),
        "--bundle",
        "--jsx=automatic",
        "--loader:.js=jsx",
        '--define:process.env.NODE_ENV="production"',
        "--log-level=error",
    ]
    environment = {"NODE_PATH": str(CLIENTS / "node_modules"), "PATH": str(Path(node()).parent)}
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout


def built(folder: Path, sources: Mapping[str, str]) -> Path:
    """Build a site with Eleventy from files by their names, and return the folder that it is in."""
    for name, text in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    eleventy = [node(), str(CLIENTS / "node_modules" / "@11ty" / "eleventy" / "cmd.cjs")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    run = subprocess.run(
        [*eleventy, "--quiet", "--input=.", "--output=_site"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "_site"
