"""The page about `sam local`, as far as it can be checked without containers: `make sam-local` runs it."""

import re

from infra.local.__main__ import ENGINE_PORT
from tests.sam_local.held import STACK
from tests.sam_local.walk import PAGE, START_API, START_LAMBDA, commands_of_page
from tests.support.app import resolve
from tests.support.commands import ROOT, commands_of
from tests.support.pages import rows
from tests.support.samples import FOLDER, HTTP

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_of_events_has_each_with_the_function_that_takes_it() -> None:
    told = {
        name: function.strip("`") for function, names in rows(TEXT, "function | events") for name in names_in(names)
    }
    functions = resolve().functions
    taken = {
        name: function
        for name, (route, _) in HTTP.items()
        for function, described in functions.items()
        if route in described.routes
    }
    others = {"outbox-stream.json": "Notifier", "schedule.json": "Notifier", "feedback-bounce.json": "Feedback"}
    assert {f"{name}.json": function for name, function in told.items()} == taken | others
    assert {f"{name}.json" for name in told} == set(FOLDER)


def names_in(cell: str) -> list[str]:
    """Return the text between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def test_the_ports_are_those_that_things_listen_at() -> None:
    defaults = {
        name.strip("`"): default.strip("`") for name, default, _ in rows(TEXT, "variable | default | what it is")
    }
    assert defaults == {"CONTAINERS": "", "ENGINE_PORT": str(ENGINE_PORT)}
    named = set(map(int, re.findall(r"(?:--port |localhost:)(\d+)", "\n".join(commands_of_page()))))
    assert named == {STACK, START_API, START_LAMBDA}


def test_each_file_that_a_command_reads_is_there_or_was_made_by_one_before() -> None:
    made: set[str] = set()
    for command in commands_of_page():
        made |= set(re.findall(r"-o (\S+)", command))
        made |= {f"{folder}/template.yaml" for folder in re.findall(r"--build-dir (\S+)", command)}
        read = re.findall(r"(?:--template |--event |-d @)(\S+)", command)
        assert all(name in made or (ROOT / name).is_file() for name in read), command


def test_the_commands_of_a_section_are_taken_without_their_comments() -> None:
    text = "\n## Before\n```sh\none\n```\n## This\n\n```sh\ntwo -d 'a=#b'  # twice\n\nthree\n```\nx\n```html\nno\n```\n"
    text += "\n## After\n```sh\nfour\n```\n"
    assert commands_of(text, "This") == ["two -d 'a=#b'", "three"]
    assert commands_of("```sh\nfive \\\n  six\n```\n") == ["five six"]
    assert commands_of(text) == ["one", "two -d 'a=#b'", "three", "four"]


def test_the_page_has_commands_of_each_kind() -> None:
    commands = commands_of_page()
    for words in ("make run", "sam build", "sam local invoke", "sam local start-api", "sam local start-lambda"):
        assert [command for command in commands if words in command]
