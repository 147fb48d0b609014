"""Formspree's own clients, unchanged, pointed at the app, in this folder's Node tests."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.npm import CLIENTS, node
from tests.support.stack import LocalStack, local_stack


@pytest.fixture(scope="module")
def generous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack that accepts any number of posts."""
    node()
    with local_stack(tmp_path_factory.mktemp("generous"), PARAMETERS="CallerHourlyCap=100000") as stack:
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def strict(generous: LocalStack, tmp_path: Path) -> Iterator[LocalStack]:
    """Return one that accepts one post an hour, requires a proof of work, and serves the same site."""
    origin = f"http://127.0.0.1:{generous.site_port}"
    given = f"CallerHourlyCap=1 ProofOfWork=on AllowedOrigins={origin}"
    with local_stack(tmp_path, PARAMETERS=given) as stack:
        stack.wait_until_ready()
        yield stack


@pytest.mark.parametrize("client", ["core", "ajax", "react"])
def test_the_client_gets_what_it_expects(client: str, generous: LocalStack, strict: LocalStack) -> None:
    before = len(generous.logged("accepted"))
    addresses = {
        "API": f"http://127.0.0.1:{generous.port}",
        "STRICT": f"http://127.0.0.1:{strict.port}",
        "SITE": f"http://127.0.0.1:{generous.site_port}",
    }
    run = subprocess.run(
        [node(), "--test", f"{client}.test.mjs"],
        cwd=CLIENTS,
        env=os.environ | addresses,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# skipped 0" in run.stdout.replace("ℹ", "#")
    assert len(generous.logged("accepted")) >= before + 2
