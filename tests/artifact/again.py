"""Builds the artifact in a separate process: `python -m tests.artifact.again FOLDER FORMS`."""

import sys
from pathlib import Path

from infra.build import build
from tests.support.own_files import leave_out
from tests.support.packages import packages_of_this_environment

if __name__ == "__main__":
    leave_out()
    with packages_of_this_environment():
        build(Path(sys.argv[1]), sys.executable, None, forms=Path(sys.argv[2]))
