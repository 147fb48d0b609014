"""The GitHub Actions workflows: the commands exist, trusted actions are pinned, and permissions are minimal."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.template import TEMPLATE

FOLDER = TEMPLATE.parent / ".github" / "workflows"
WORKFLOWS = {path.name: path for path in sorted(FOLDER.glob("*.yml"))}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in load(path)["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("path", WORKFLOWS.values(), ids=WORKFLOWS)
def test_every_action_is_pinned_by_its_hash_with_its_version_beside(path: Path) -> None:
    named = re.findall(r"uses: (\S+)(.*)", path.read_text(encoding="utf-8"))
    foreign = [(action, rest) for action, rest in named if not action.startswith("./")]
    assert foreign
    for action, rest in foreign:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", rest), action


@pytest.mark.parametrize("path", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_more(path: Path) -> None:
    assert load(path)["permissions"] == {"contents": "read"}


def test_only_the_deployment_gets_a_token_and_holds_no_key() -> None:
    jobs = load(WORKFLOWS["deploy.yml"])["jobs"]
    assert {name for name, job in jobs.items() if "id-token" in job.get("permissions", {})} == {"deploy"}
    assert jobs["deploy"]["needs"] == "ci"
    assert "AWS_SECRET_ACCESS_KEY" not in WORKFLOWS["deploy.yml"].read_text(encoding="utf-8").upper()


def test_what_they_run_is_there() -> None:
    makefile = (TEMPLATE.parent / "Makefile").read_text(encoding="utf-8")
    commands = [step["run"] for path in WORKFLOWS.values() for step in steps(path) if "run" in step]
    assert sorted(commands) == ["bash .ci/run", "make deploy"]
    assert "\ndeploy: " in makefile
    assert (TEMPLATE.parent / ".ci" / "run").is_file()
