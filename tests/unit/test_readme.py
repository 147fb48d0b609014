"""The README: short, its links, its forms and commands; and the threat table of SECURITY.md."""

import re

import pytest

from infra.template import Template
from tests.support.app import App
from tests.support.commands import ROOT
from tests.support.pages import FOLDER, PAGES, links, read, rows, without_blocks

README = read("README.md")


def test_it_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= 150


def test_its_table_links_to_every_page_once() -> None:
    listed = [target for name, _ in rows(README, "page | what it is for") for target in links(name)]
    assert sorted(listed) == sorted(set(PAGES) - {"README.md"})


def test_every_page_is_named_in_lower_case_and_begins_with_its_title() -> None:
    for name, text in PAGES.items():
        if name.startswith(FOLDER):
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.md", name.removeprefix(f"{FOLDER}/"))
        assert re.match(r"# \S", text), name
        assert len(re.findall(r"^# ", without_blocks(text), re.MULTILINE)) == 1, name


@pytest.mark.medium
@pytest.mark.parametrize("form", re.findall(r"<form action=.*?</form>", README, re.DOTALL))
def test_the_forms_to_paste_are_taken(app: App, form: str) -> None:
    (action,) = re.findall(r'action="https://YOUR-API(/[a-z]+)" method="post"', form)
    names = re.findall(r'name="([a-z]+)"', form)
    reply = app.post(action, data=dict.fromkeys(names, "a@example.org"))
    assert reply.status_code == 303


@pytest.mark.parametrize("page", ["README.md", "deploying.md"])
def test_the_parameters_of_the_deploy_command_are_all_that_a_deploy_needs(page: str) -> None:
    command = read(page).split("make deploy PARAMETERS=")[1].split("```")[0]
    given = set(re.findall(r"\b([A-Z][A-Za-z]+)=", command))
    assert given == {name for name, rules in Template.load().document["Parameters"].items() if "Default" not in rules}


def test_the_screenshots_are_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(shown) == 4
    for name in shown:
        assert (ROOT / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.medium
def test_every_test_that_the_threat_table_names_is_there() -> None:
    tests = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", read("SECURITY.md")))
    assert len(named) > 20
    assert named <= tests
