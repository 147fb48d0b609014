"""The README, held against the template, the routes, the targets and the forms."""

import re
from pathlib import Path

import pytest
import yaml

from contact.form import ContactForm
from guichet.locales import LANGUAGES
from infra.template import TEMPLATE
from newsletter.form import NewsletterForm
from tests.support.app import App, resolve

README = (TEMPLATE.parent / "README.md").read_text(encoding="utf-8")
MAKEFILE = (TEMPLATE.parent / "Makefile").read_text(encoding="utf-8")


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the table with a heading."""
    table = README.split(f"| {heading} |")[1].split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def test_every_parameter_is_there_with_its_default() -> None:
    declared = _parameters()
    shown = {
        name: default.strip("`")
        for names, default, _ in _rows("parameter | default | what it is")
        for name in _names(names)
    }
    assert set(shown) == set(declared)
    wordings = {f"ConsentText{language.capitalize()}" for language in LANGUAGES}
    assert {name: text for name, text in shown.items() if name not in wordings} == {
        name: str(rules.get("Default", "")) for name, rules in declared.items() if name not in wordings
    }


def _parameters() -> dict[str, dict[str, object]]:
    # A second reader than the stack's own, blind to CloudFormation's tags.
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    parameters: dict[str, dict[str, object]] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)["Parameters"]  # noqa: S506
    return parameters


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_route_is_there() -> None:
    shown = {route for routes, _ in _rows("route | what it does") for route in _names(routes)}
    assert shown == {route for function in resolve().functions.values() for route in function.routes}


def test_every_command_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)) <= targets
    assert {"run", "test", "check"} <= targets


def test_every_known_field_is_there() -> None:
    for model in (ContactForm, NewsletterForm):
        for field in set(model.model_fields()) - {"labelled", "extra"}:
            assert f"`{field}`" in README


@pytest.mark.parametrize("form", re.findall(r"<form action=.*?</form>", README, re.DOTALL))
def test_the_forms_to_paste_are_taken(app: App, form: str) -> None:
    (action,) = re.findall(r'action="https://YOUR-API(/[a-z]+)" method="post"', form)
    names = re.findall(r'name="([a-z]+)"', form)
    reply = app.post(action, data=dict.fromkeys(names, "a@example.org"))
    assert reply.status_code == 303


def test_the_parameters_of_the_deploy_command_are_all_that_a_deploy_needs() -> None:
    command = README.split("make deploy PARAMETERS=")[1].split("```")[0]
    given = set(re.findall(r"\b([A-Z][A-Za-z]+)=", command))
    assert given == {name for name, rules in _parameters().items() if "Default" not in rules}


@pytest.mark.parametrize("page", ["README.md", "infra/docs/runbook.md", "infra/docs/limits.md"])
def test_the_examples_of_parameters_are_allowed(page: str) -> None:
    text = (TEMPLATE.parent / page).read_text(encoding="utf-8")
    examples = re.findall(r'PARAMETERS="([^"$]+)"', text)
    assert examples
    for example in examples:
        given = dict(part.split("=") for part in example.split())
        assert given.items() <= resolve(**given).parameters.items()


def test_every_file_that_is_named_is_there() -> None:
    for name in re.findall(r"`((?:functions|guichet|notifier|infra)/[A-Za-z./]*)`", README):
        assert any((Path(root) / name).exists() for root in (TEMPLATE.parent, TEMPLATE.parent / "functions")), name


def test_the_screenshots_are_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(shown) == 2
    for name in shown:
        assert (TEMPLATE.parent / name).read_bytes().startswith(b"\x89PNG")


def test_every_test_that_the_threat_table_names_is_there() -> None:
    table = (TEMPLATE.parent / "SECURITY.md").read_text(encoding="utf-8")
    tests = {
        name
        for file in (TEMPLATE.parent / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", table))
    assert len(named) > 20
    assert named <= tests
