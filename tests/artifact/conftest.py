"""The artifact, built for this machine and this Python, and its functions as separate processes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

import infra.build
from tests.support.artifact import Deployed
from tests.support.packages import packages_of_this_environment
from tests.support.runtime_api import Runtime, copy_client, start
from tests.support.site_forms import QUOTE


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the site's own forms."""
    file = tmp_path_factory.mktemp("forms") / "forms.toml"
    file.write_text(QUOTE, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def artifact(forms: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the artifact, built for this machine. Only the two native wheels differ from Lambda's.

    The packages are those of this environment. CI makes a complete build.
    """
    folder = tmp_path_factory.mktemp("artifact") / "functions"
    with packages_of_this_environment():
        infra.build.build(folder, sys.executable, None, forms=forms)
    return folder


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Lambda's runtime client and nothing else."""
    pytest.importorskip("awslambdaric", reason="Lambda's runtime client is for Linux")
    return copy_client(tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Return the address of a server of moto. It has the same tables and mails as the moto of the tests."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def deployed(artifact: Path, client: Path, endpoint: str, tmp_path: Path) -> Iterator[Deployed]:
    """Return the stack with the functions of the artifact."""
    stack = Deployed(artifact, client, endpoint, tmp_path)
    yield stack
    stack.close()


@pytest.fixture
def run(artifact: Path, client: Path, tmp_path: Path) -> Iterator[Callable[..., Runtime]]:
    """Return a function that starts a handler of the artifact with an environment."""
    with ExitStack() as processes:
        yield lambda handler, environment, code=artifact: processes.enter_context(
            start(code, handler, environment, client, tmp_path / "log")
        )
