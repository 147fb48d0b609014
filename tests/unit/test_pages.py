"""The pages of documentation, each compared with its subject; and rules for all of them."""

import dataclasses
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from typing import get_args

import botocore.session
import click
import pytest
import yaml
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from pydantic import TypeAdapter

from comments.form import CommentForm
from contact.form import ContactForm
from guichet.definitions.definition import Definition, FieldType, OtherFields
from guichet.definitions.forms_file import parse
from guichet.forms.parse import PROOF_FIELD
from guichet.locales import LANGUAGES, locale
from guichet.model import Model
from infra.operate.commands.exit_codes import INCOMPLETE, INTERRUPTED, INVALID, UNAVAILABLE
from infra.template import TEMPLATE, Template, parameters
from newsletter.form import NewsletterForm
from tests.support.app import App, resolve
from tests.support.commands import ROOT, commands_of
from tests.support.operate import every
from tests.support.pages import PAGES, anchors, blocks, links, names_in, read, rows

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DECLARED = Template.load().document["Parameters"]
FORMS = read("forms.md")
# The commands of `guichet` by path: `("messages", "list")`.
COMMANDS = dict(every())
each_page = pytest.mark.parametrize("page", PAGES)


# --- all pages --------------------------------------------------------------------------------------------------------


@each_page
def test_its_lines_are_short_but_for_tables(page: str) -> None:
    long = [line for line in PAGES[page].splitlines() if len(line) > 120 and not line.startswith("|")]
    assert long == []


@each_page
def test_each_of_its_tables_is_one(page: str) -> None:
    for table in re.findall(r"(?:^\|.*\n?)+", PAGES[page], re.MULTILINE):
        heading, rule, *lines = table.splitlines()
        assert re.fullmatch(r"\|(---\|)+", rule)
        # A bar within code would begin another cell.
        assert {line.count("|") for line in (heading, *lines)} == {rule.count("|")}, heading


@each_page
def test_each_of_its_links_leads_somewhere(page: str) -> None:
    for target in links(PAGES[page]):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        found = (ROOT / page).parent / name if name else ROOT / page
        assert found.exists(), target
        assert found.resolve().is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(found.read_text(encoding="utf-8")), target


@each_page
def test_every_file_that_it_names_is_there(page: str) -> None:
    # For a language that does not exist: languages.md says how to add it.
    invented = {"functions/guichet/locales/de/", "infra/site/de/index.html"}
    # The site's own.
    invented |= {"functions/forms.toml", "functions/texts.toml"}
    named = re.findall(r"`((?:functions|guichet|notifier|infra|tests|\.github)/[A-Za-z./_-]*)`", PAGES[page])
    for name in set(named) - invented:
        assert any((root / name).exists() for root in (ROOT, ROOT / "functions")), name


@each_page
def test_every_target_that_it_names_is_one(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert {"run", "test", "check"} <= targets
    assert set(re.findall(r"(?:`|^|\s|=\S+ )make ([a-z-]+)(?=[`\s])", _code(PAGES[page]))) <= targets


@each_page
def test_every_variable_that_it_gives_to_make_is_one(page: str) -> None:
    read_somewhere = MAKEFILE + "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "infra" / "local").glob("*.py")
    )
    for command in re.findall(r"^.*\bmake .*$", _code(PAGES[page]), re.MULTILINE):
        for name in re.findall(r"(?:^| )([A-Z_]+)=", re.sub(r'"[^"]*"', '""', command)):
            assert re.search(rf"\$[({{]?{name}\b|\"{name}\"|^{name} ", read_somewhere, re.MULTILINE), name


@each_page
def test_every_example_of_parameters_is_allowed(page: str) -> None:
    # Anything left out (…) or made by the shell ($) is not a value.
    examples = re.findall(r'(?:PARAMETERS=|--before )"([^"$…]+)"', _code(PAGES[page]))
    single = re.findall(r"`([A-Z][a-z]+[A-Z]\w+=[^`\s]+)`", PAGES[page])
    for example in (*examples, *single):
        given = parameters(re.sub(r" *\\\n *", " ", example))
        assert given.items() <= resolve(**given).parameters.items()


def test_there_are_examples_of_parameters() -> None:
    assert len(re.findall(r'PARAMETERS="[^"$…]+"', "".join(PAGES.values()))) > 5


@each_page
def test_every_command_of_guichet_is_one_with_its_options(page: str) -> None:
    for words in _calls(PAGES[page], "guichet"):
        path: tuple[str, ...] = ()
        while words and (*path, words[0]) in COMMANDS:
            path = (*path, words.pop(0))
        command = COMMANDS.get((*path, "list"), COMMANDS[path])
        if isinstance(command, click.Group):
            # `guichet COMMAND --help`, or the command as a whole.
            assert not words or words[0] in ("COMMAND", "--help"), words
        known = {option for param in command.params for option in param.opts} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, (command.name, words)


@each_page
def test_every_command_of_aws_is_one_with_its_options(page: str) -> None:
    session = botocore.session.Session()
    everywhere = {"--query", "--output", "--region", "--cli-binary-format"}
    for words in _calls(PAGES[page], "aws"):
        service, operation, *rest = words
        if (service, operation) == ("logs", "tail"):
            # The CLI's own.
            continue
        try:
            model = session.get_service_model(service)
        except UnknownServiceError:
            pytest.fail(f"no service {service}")
        if operation == "wait":
            waiters = session.get_waiter_model(service)
            operation = next(
                xform_name(waiters.get_waiter(name).operation, "-")
                for name in waiters.waiter_names
                if xform_name(name, "-") == rest[0]
            )
        operations = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
        assert operation in operations, words
        shape = operations[operation].input_shape
        assert shape is not None
        known = {f"--{xform_name(name, '-')}" for name in shape.members} | everywhere
        options = {re.sub(r"^--no-", "--", word) for word in rest if word.startswith("--")}
        assert options <= known, (words, options - known)
        required = {f"--{xform_name(name, '-')}" for name in shape.required_members}
        assert "…" in words or not options or required <= options, words


@each_page
def test_the_shell_can_read_every_block_of_commands(page: str) -> None:
    for block in blocks(PAGES[page], "sh"):
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)  # noqa: S607
        assert (done.returncode, done.stderr) == (0, ""), block


def _code(text: str) -> str:
    """Return all code of a page, one command or span per line."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    spans = (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", prose))
    return "\n".join((*commands_of(text), *spans))


def _calls(text: str, program: str) -> Iterator[list[str]]:
    """Yield the words after a program's name, for each time that a page's code calls it."""
    for line in _code(text).splitlines():
        for call in re.findall(rf"(?:^|\$\(|&& |; |\|\| |do )(?:\.venv/bin/)?{program}(?: +(.*))?$", line):
            try:
                words = shlex.split(call, comments=True)
            except ValueError:
                words = call.split()
            yield words


def test_there_are_calls_of_each_program() -> None:
    assert sum(1 for text in PAGES.values() for _ in _calls(text, "guichet")) > 60
    assert sum(1 for text in PAGES.values() for _ in _calls(text, "aws")) > 25


def test_the_calls_of_a_page_are_found() -> None:
    text = "See `guichet x --y`.\n```sh\n.venv/bin/guichet a \\\n  'b c'  # says\ncd x && aws s3 ls\n```\n"
    assert list(_calls(text, "guichet")) == [["a", "b c"], ["x", "--y"]]
    assert list(_calls(text, "aws")) == [["s3", "ls"]]


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_every_parameter_is_there_with_its_default() -> None:
    declared = _parameters()
    shown = {
        name: default.strip("`")
        for names, default, _ in rows(read("settings.md"), "parameter | default | what it is")
        for name in names_in(names)
    }
    assert set(shown) == set(declared)
    wordings = {f"ConsentText{language.capitalize()}" for language in LANGUAGES}
    assert {name: text for name, text in shown.items() if name not in wordings} == {
        name: str(rules.get("Default", "")) for name, rules in declared.items() if name not in wordings
    }


def _parameters() -> dict[str, dict[str, object]]:
    # A reader independent of the stack's own, which ignores CloudFormation's tags.
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    declared: dict[str, dict[str, object]] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)["Parameters"]  # noqa: S506
    return declared


def test_what_one_wants_is_set_by_parameters() -> None:
    named = {
        name.partition("=")[0] for _, cell in rows(read("settings.md"), "you want | set") for name in names_in(cell)
    }
    values = {"on", "off", "required", "false", "true"}
    assert named - values <= set(DECLARED)


def test_the_parameters_to_choose_first_are_those_without_a_default() -> None:
    named = {names_in(cell)[0] for cell, _ in rows(read("deploying.md"), "parameter | how to choose it")}
    assert named == {name for name, rules in DECLARED.items() if "Default" not in rules}


# --- forms ------------------------------------------------------------------------------------------------------------


def test_every_route_is_there() -> None:
    shown = {route for routes, _ in rows(FORMS, "route | what it does") for route in names_in(routes)}
    assert shown == {route for function in resolve().functions.values() for route in function.routes}


def test_every_known_field_is_there() -> None:
    shown: dict[str, set[str]] = {"contact": set(), "newsletter": set(), "comments": set()}
    for form, fields, _ in rows(FORMS, "form | field | what it is"):
        shown[form.strip("`")] |= set(names_in(fields))
    assert shown["contact"] == set(ContactForm.model_fields()) - {"extra"}
    assert shown["newsletter"] == set(NewsletterForm.model_fields())
    assert shown["comments"] == set(CommentForm.model_fields())


def test_every_field_that_controls_a_form_is_there() -> None:
    shown = {name for cell, _ in rows(FORMS, "field | what it does") for name in names_in(cell)}
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "functions").rglob("*.py"))
    taken = {name for source in sources for name in re.findall(r'control\.get\("(_\w+)"', source)}
    assert shown == taken | {str(DECLARED["HoneypotField"]["Default"]), PROOF_FIELD}


@pytest.mark.parametrize("model", [ContactForm, CommentForm])
def test_the_limit_of_every_known_field_is_as_told(model: type[Model]) -> None:
    limits = {name: rule.get("maxLength") for name, rule in TypeAdapter(model).json_schema()["properties"].items()}
    form = f"`{model.__module__.partition('.')[0]}`"
    told = {
        name: int(limit[1].replace(",", ""))
        for of, fields, what in rows(FORMS, "form | field | what it is")
        if of == form and (limit := re.search(r"up to ([0-9,]+) characters", what))
        for name in names_in(fields)
    }
    assert told
    assert told == {name: limits[name] for name in told}


@pytest.mark.parametrize(("field", "longest"), [("message", 20_000), ("name", 1_000), ("anything", 5_000)])
def test_the_limits_of_fields_are_as_told(app: App, field: str, longest: int) -> None:
    assert f"{longest:,} characters" in FORMS
    fields = {"email": "camille@example.org", "message": "Bonjour"}
    assert app.post("/contact", data=fields | {field: "x" * longest}).status_code == 303
    assert app.post("/contact", data=fields | {field: "x" * (longest + 1)}).status_code == 422


def test_the_number_of_other_fields_is_as_told(app: App) -> None:
    (most,) = map(int, re.findall(r"stored and shown to you: up to (\d+)", FORMS))
    fields = {"email": "camille@example.org", "message": "Bonjour"}
    more = {f"field {number}": "x" for number in range(most)}
    assert app.post("/contact", data=fields | more).status_code == 303
    assert app.post("/contact", data=fields | more | {"one more": "x"}).status_code == 422


def test_every_code_is_there_with_its_status() -> None:
    shown = {
        code: int(status)
        for status, codes, _ in rows(FORMS, "status | code | what is wrong")
        for code in names_in(codes)
    }
    assert set(shown) == {key for key in locale("en").SENTENCES if key.isupper()}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "functions").rglob("*.py"))
    refused = re.findall(r'(?:refuse\(|Refusal\()(\d{3}), (?:Problem\()?"([A-Z_]+)"', sources)
    assert len(refused) > 15
    assert {(code, shown[code]) for code in shown} >= {(code, int(status)) for status, code in refused}
    # All others are about a field.
    assert {shown[code] for code in set(shown) - {code for _, code in refused}} == {422}


# --- pasting, deploying, operating -----------------------------------------------------------------------------------


def test_the_form_that_it_declares_is_one_and_each_setting_is_told() -> None:
    page = PAGES["infra/docs/own-forms.md"]
    example = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]
    assert set(parse(example)) == {"quote"}
    for told in (
        *get_args(FieldType),
        *get_args(OtherFields),
        *(field.name for field in dataclasses.fields(Definition)),
    ):
        assert f"`{told}`" in page or f'"{told}"' in page or told in ("name", "keep")
    for told in ("required", "label", "help", "choices"):
        assert f"`{told}`" in page


def test_every_option_of_guichet_js_is_one() -> None:
    source = (ROOT / "infra" / "site" / "guichet.js").read_text(encoding="utf-8")
    options = [name for cell, _ in rows(read("pasting.md"), "in your page | what it does") for name in names_in(cell)]
    attributes = {name.partition("=")[0] for name in options if name.startswith("data-")}
    assert attributes == {f"data-{name}" for name in _attributes(source)}
    assert {name for name in options if name.startswith("--")} == set(re.findall(r"var\((--[a-z-]+)\)", source))
    assert {name[1:] for name in options if name.startswith(".")} <= set(re.findall(r"guichet-\w+", source))
    assert {name for name in options if name.startswith("guichet:")} == {
        f"guichet:{name}" for name in re.findall(r"fire\('(\w+)'", source)
    }
    assert "export function enhance(form)" in source


def test_every_option_of_comments_js_is_one() -> None:
    source = (ROOT / "infra" / "site" / "comments.js").read_text(encoding="utf-8")
    options = [name for cell, _ in rows(read("comments.md"), "in your page | what it does") for name in names_in(cell)]
    told = {name.partition("=")[0] for name in options if name.startswith("data-")}
    assert told == {"data-guichet-comments", "data-page"}
    assert "[data-guichet-comments]" in source
    assert re.search(r"\{ guichetComments, page = .* \} = section\.dataset", source)
    classes = {name[1:] for name in options if name.startswith(".")}
    markup = {"guichet-comments", "guichet-deleted", "guichet-initials", "guichet-name", "guichet-text"}
    # The last one is that of guichet.js.
    assert classes | markup | {"guichet-status"} == set(re.findall(r"guichet-(?!comments\])[a-z]+", source))
    assert "export function comments(section)" in source


def _attributes(source: str) -> set[str]:
    """Return the attributes of a page that a script reads, without `data-`."""
    read_by_name = re.findall(r"dataset\.(\w+)", source)
    selected = re.findall(r"\[data-([a-z-]+)\]", source)
    return {re.sub("([A-Z])", r"-\1", name).lower() for name in read_by_name} | set(selected)


@pytest.mark.medium
def test_every_output_that_it_speaks_of_is_printed() -> None:
    outputs = set(Template.load().document["Outputs"])
    named = {name for text in PAGES.values() for name in re.findall(r"`(DnsRecord\d|Endpoint)`", text)}
    assert named
    assert named <= outputs


def test_the_exit_codes_are_those_of_the_command() -> None:
    told = {int(code) for code, _ in rows(read("operating.md"), "exit code | what it means")}
    assert told == {0, INCOMPLETE, INVALID, UNAVAILABLE, INTERRUPTED}


# --- troubleshooting --------------------------------------------------------------------------------------------------


def test_every_refusal_that_it_quotes_is_one() -> None:
    statuses = {
        code: status for status, codes, _ in rows(FORMS, "status | code | what is wrong") for code in names_in(codes)
    }
    page = read("troubleshooting.md")
    quoted = re.findall(r"^\| `([A-Z][^`]+)` \((\d+)(?:, `([A-Z_]+)`)?\)", page, re.MULTILINE)
    assert len(quoted) >= 8
    sentences = {key: text for key, text in locale("en").SENTENCES.items() if key.isupper()}
    for sentence, status, code in quoted:
        meant = {key for key, text in sentences.items() if text.startswith(sentence)}
        assert meant, sentence
        assert not code or code in meant
        assert {statuses[key] for key in meant} == {status}


def test_what_it_quotes_of_a_terminal_is_said_there() -> None:
    page = read("troubleshooting.md")
    sources = MAKEFILE + (ROOT / "infra" / "local" / "__main__.py").read_text(encoding="utf-8")
    for said in ("port 3000 is taken", "Python 3.11 or newer is required"):
        assert f"| `{said}` |" in page
        assert said.replace("3000", "{number}") in sources


# --- running locally, contributing, upgrading, the changelog ----------------------------------------------------------


def test_the_settings_of_the_local_stack_are_those_that_it_reads() -> None:
    source = (ROOT / "infra" / "local" / "__main__.py").read_text(encoding="utf-8")
    shown = {
        name.strip("`"): default.strip("`")
        for name, default, _ in rows(read("running-locally.md"), "variable | default | what it is")
    }
    ports = dict(re.findall(r'_port\(environment, "([A-Z_]+)", (\d+)\)', source))
    others = set(re.findall(r'environment\.get\("([A-Z_]+)"', source)) - set(ports)
    assert shown == ports | dict.fromkeys(others, "")


def test_what_the_local_stack_serves_itself_is_there() -> None:
    source = (ROOT / "infra" / "local" / "__main__.py").read_text(encoding="utf-8")
    served = set(re.findall(r'"(?:GET|POST) (/_local/[a-z.]+)"', source))
    named = set(re.findall(r"(/_local/[a-z.]+)", read("running-locally.md")))
    assert {"/_local/inbox", "/_local/inbox.json", "/_local/sweep"} <= named <= served


def test_every_target_is_described_where_one_contributes() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    # Everyday targets, which other pages cover.
    elsewhere = {"help", "install", "build", "deploy", "clean"}
    assert targets - elsewhere <= set(re.findall(r"make ([a-z-]+)", read("contributing.md")))


def test_every_folder_that_it_describes_is_one() -> None:
    for folder, _ in rows(read("contributing.md"), "folder | what is in it"):
        assert (ROOT / folder.strip("`")).is_dir()


def test_the_newest_entry_of_the_changelog_is_about_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = next(line for line in read("changelog.md").splitlines() if line.startswith("## "))
    assert version in newest
    assert f"version {version}" in read("README.md")
