"""Archives: exported from one stack of an owner, and imported into another, with the same or another secret."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from guichet.signing import subscriber_id
from infra.operate.archive import plain_item
from tests.support.app import ACCOUNT, REGION, App, isolated, resolve
from tests.support.newsletter import SECRET
from tests.support.operate import Operate

OTHER = "another secret for tests, 32 characters"
# The same secret as before; another one.
SAME: dict[str, str] = {}
FOREIGN = {"SigningSecret": OTHER, "FormerSigningSecret": SECRET}
TARGETS = pytest.mark.parametrize("parameters", [SAME, FOREIGN], ids=["same secret", "other secret"])


def exported(app: App, operate: Operate, folder: Path) -> Path:
    """Return the archive of a stack."""
    file = folder / f"{len(list(folder.iterdir()))}.jsonl"
    assert operate(app, "export", "everything", "-o", str(file)).code == 0
    return file


@contextmanager
def stack(parameters: dict[str, str]) -> Iterator[App]:
    """Enter a world with an empty stack."""
    with isolated():
        yield App(resolve(**parameters))


def brought(app: App, operate: Operate, file: Path, *options: str) -> dict[str, Any]:
    """Import an archive into a stack, and return the command's output."""
    said = operate(app, "import", str(file), "--json", *options)
    assert said.code == 0, said.err
    return said.rows[0]


def brought_as_planned(app: App, operate: Operate, file: Path) -> dict[str, Any]:
    """Bring an archive to a stack, after a dry run that changed nothing and said the same."""
    before = stored()
    plan = brought(app, operate, file, "--dry-run")
    assert stored() == before
    done = brought(app, operate, file)
    assert {**plan, "dry_run": False} == done
    return done


def id_of(email: str, parameters: dict[str, str]) -> str:
    """Return the id of an address at a stack with these parameters."""
    return subscriber_id(parameters.get("SigningSecret", SECRET), email)


def stored(kind: str | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the items by key, as in an archive. Directly from moto's memory: scanning ten thousand is slow."""
    found = dynamodb_backends[ACCOUNT][REGION].get_table("table").all_items()
    items = [plain_item(item.to_json()["Attributes"]) for item in found]
    return {(item["pk"], item["sk"]): item for item in items if kind in {None, item.get("kind")}}
