"""The files that a site adds to its checkout: its forms, and its own words for emails. Tests ignore them."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from guichet.definitions import lookup
from guichet.mail import texts
from infra.template import TEMPLATE

# Where this process would read them. `leave_out` changes that.
OWN_FILES = (lookup.SOURCE, texts.FILE)


def leave_out() -> None:
    """Make this process ignore a site's own files. A test that needs such a file writes one."""
    lookup.SOURCE, texts.FILE = (Path(__file__).with_name("no-such-folder") / file.name for file in OWN_FILES)
    lookup.forget()
    texts.texts.cache_clear()


def copy_into(folder: Path) -> Path:
    """Copy what a stack runs into a folder, without them, and return the folder."""
    # With the bytecode. A file that is still being written has a number at the end of its name.
    ignored = shutil.ignore_patterns("*.pyc.*")
    for name in ("functions", "infra"):
        shutil.copytree(TEMPLATE.parent / name, folder / name, ignore=ignored)
    shutil.copy(TEMPLATE, folder)
    for file in OWN_FILES:
        (folder / file.relative_to(TEMPLATE.parent)).unlink(missing_ok=True)
    return folder


@cache
def _copy() -> TemporaryDirectory[str]:
    # It is deleted when this process ends.
    copy = TemporaryDirectory()
    copy_into(Path(copy.name))
    return copy


def checkout() -> Path:
    """Return a checkout without these files for another process to run: this one, or a copy if it has any."""
    return Path(_copy().name) if any(file.exists() for file in OWN_FILES) else TEMPLATE.parent
