"""Formspree's own clients, unchanged, pointed at the counter: the tests in this folder that Node runs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.npm import CLIENTS, node
from tests.support.stack import LocalStack, local_stack


@pytest.fixture
def stacks(tmp_path: Path) -> Iterator[tuple[LocalStack, LocalStack]]:
    """Return a generous stack, and one that takes one post an hour and a proof of work; both serve the same site."""
    node()
    for name in ("open", "strict"):
        (tmp_path / name).mkdir()
    with local_stack(tmp_path / "open", PARAMETERS="CallerHourlyCap=100000") as generous:
        generous.wait_until_ready()
        origin = f"http://127.0.0.1:{generous.site_port}"
        given = f"CallerHourlyCap=1 ProofOfWork=on AllowedOrigins={origin}"
        with local_stack(tmp_path / "strict", PARAMETERS=given) as strict:
            strict.wait_until_ready()
            yield generous, strict


@pytest.mark.parametrize("client", ["core", "ajax", "react"])
def test_the_client_gets_what_it_expects(client: str, stacks: tuple[LocalStack, LocalStack]) -> None:
    generous, strict = stacks
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
    assert len(generous.logged("accepted")) >= 2
