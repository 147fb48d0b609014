"""An environment with only some requirements installed, derived from one with more."""

import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

# Read by Python at its start, from PYTHONPATH (the module `site`).
_CUSTOMIZE = """
import sys

MISSING = {missing!r}


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in MISSING:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None


sys.meta_path.insert(0, Finder)
"""

# Slow, as it reads the file list of every installed package.
_distributions = cache(packages_distributions)


def with_only(requirements: Path, folder: Path) -> str:
    """Return a PYTHONPATH with which only packages that the requirements install can be imported."""
    pins = re.findall(r"^([a-z0-9-]+)==", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    missing = {
        package
        for package, distributions in _distributions().items()
        if not {re.sub(r"[-_.]+", "-", name).lower() for name in distributions} & {*pins, "guichet", "pip"}
    }
    (folder / "sitecustomize.py").write_text(_CUSTOMIZE.format(missing=missing), encoding="utf-8")
    return str(folder)
