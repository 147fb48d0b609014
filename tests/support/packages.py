"""The packages of this environment, for builds that need not install their own."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import infra.build


def copy_packages(names: Iterable[str], into: Path) -> None:
    """Copy packages of this environment into a folder, as pip would install them there."""
    for name in names:
        for file in distribution(name).files or ():
            # Scripts are installed outside the folder.
            if ".." not in file.parts and file.suffix != ".pyc":
                (into / file.parent).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), into / file)


@contextmanager
def packages_of_this_environment() -> Iterator[None]:
    """Let builds copy the functions' packages from this environment. Installing them is most of a build."""

    def install(requirements: Path, into: Path, *_: Any) -> None:
        lines = requirements.read_text(encoding="utf-8").splitlines()
        pins = [Requirement(line.rstrip(" \\")) for line in lines if "==" in line]
        pins = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
        for pin in pins:
            assert version(pin.name) in pin.specifier, f"{pin} is not what this environment has"
        copy_packages([pin.name for pin in pins], into)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(infra.build, "install", install)
        yield
