"""`guichet forms`: the declared forms listed and checked, one printed as HTML, all of them as OpenAPI."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from guichet.definitions import lookup
from guichet.definitions.definition import Definition
from infra.operate.checkout import PACKAGED
from infra.operate.commands import forms as command
from infra.template import TEMPLATE
from tests.support.app import App
from tests.support.installed import with_only
from tests.support.operate import Said, connection_to
from tests.support.own_files import checkout
from tests.support.site_forms import QUOTE, site_forms

Run = Callable[..., Said]


@pytest.fixture
def run(offline: Run) -> Run:
    """Return a function that runs a command about forms."""
    return partial(offline, "forms")


def test_the_forms_are_listed_with_their_fields_recipients_and_how_long_they_are_kept(run: Run, tmp_path: Path) -> None:
    with site_forms(tmp_path):
        said = run()
        (listed,) = run("--json").rows
    for words in (
        "devis", "/f/devis", "Demande de devis", "email (email, required)", "rooms (choices)", "grands@example.org",
        "365",
    ):  # fmt: skip
        assert words in said.out
    # One name for each thing, in the same order.
    headings = [line.partition("  ")[0] for line in said.out.splitlines() if line[:1].strip()]
    assert headings == [name.replace("_", " ") for name in listed]
    assert (listed["posted_to"], listed["recipients"]) == ("/f/devis", ["devis@example.org"])
    assert said.code == 0
    assert (listed["name"], listed["retention_days"], list(listed["fields"])[:2]) == ("devis", 365, ["name", "email"])


def test_without_a_file_there_is_nothing_to_list_or_to_check(run: Run, tmp_path: Path) -> None:
    with site_forms(tmp_path):
        lookup.SOURCE.unlink()
        lookup.forget()
        assert "declares no form" in run().out
        said = run("check")
    assert said.code == 0
    assert "There is no functions/forms.toml" in said.out


def test_forms_that_are_right_are_counted(run: Run, tmp_path: Path) -> None:
    form = '[f{n}]\nfields.email = {{ type = "email" }}\n'
    with site_forms(tmp_path, "".join(form.format(n=number) for number in range(12))):
        said = run("check")
        assert (said.code, said.out) == (0, "12 forms are right.\n")
        assert run("check", "--json").rows == [{"forms": 12}]
    (tmp_path / "one").mkdir()
    with site_forms(tmp_path / "one", form.format(n=1)):
        assert run("check").out == "1 form is right.\n"


def test_every_mistake_of_the_file_is_told_at_once(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "forms"
    folder.mkdir()
    wrong = '[devis]\nfields.a = { type = "texte" }\nfields.b = { type = "choice" }\n[Autre]\n'
    with site_forms(folder, wrong):
        said = run("check")
        problems = [row["problem"] for row in run("check", "--json").rows]
        others = {command: run(*command) for command in ((), ("html", "devis"), ("openapi",), ("check", str(tmp_path)))}
    assert said.code == 1
    # Wrapped, for people.
    assert said.out.split() == " ".join(problems).split()
    assert [problem.partition(":")[0] for problem in problems] == [
        "[devis] fields.a.type",
        "[devis] fields.b",
        "[Autre]",
    ]
    for other in others.values():
        assert other.code == 2
        assert "functions/forms.toml has 3 mistakes: `guichet forms check` names them" in other.told


@pytest.mark.slow
def test_a_site_is_checked_with_what_make_install_installs(tmp_path: Path) -> None:
    path = os.pathsep.join((with_only(TEMPLATE.parent / "requirements-run.txt", tmp_path), "functions"))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text('<form action="/contact" method="post"></form>', encoding="utf-8")
    command = [sys.executable, "-m", "infra.operate", "forms", "check", str(site)]
    done = subprocess.run(
        command, cwd=checkout(), env=plain | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "index.html:1: form contact, field email: is required" in done.stdout


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the requests to the renderer of forms."""
    asked: dict[str, Any] = {}

    def render(form: Definition, language: str, **how: Any) -> str:
        asked.update(form=form.name, language=language, **how)
        return "<form>\u202e</form>"

    module = ModuleType("infra.operate.form_html")
    module.render = render  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return asked


def test_html_is_printed_for_the_site_and_api_that_are_named(
    run: Run, rendered: dict[str, Any], tmp_path: Path
) -> None:
    with site_forms(tmp_path):
        said = run(
            "html", "devis", "--language", "en", "--api", "https://api.example/", "--site", "Atelier",
            "--contact", "me@example.org",
        )  # fmt: skip
    assert (said.code, said.out) == (0, "<form>�</form>\n")
    assert rendered == {
        "form": "devis",
        "language": "en",
        "api": "https://api.example",
        "site": "Atelier",
        "contact": "me@example.org",
        "retention_days": 365,
    }


def test_html_has_placeholders_and_the_default_retention_where_nothing_is_named(
    run: Run, rendered: dict[str, Any], tmp_path: Path
) -> None:
    with site_forms(tmp_path, '[avis]\nfields.email = { type = "email" }'):
        (row,) = run("html", "avis", "--json").rows
    assert row == {"html": "<form>\u202e</form>"}
    assert (rendered["language"], rendered["retention_days"]) == ("fr", 1095)
    assert rendered["api"].startswith("https://")


def test_html_takes_the_running_local_stacks_names(
    app: App, run: Run, rendered: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "connect_local", lambda _: connection_to(app))
    with site_forms(tmp_path):
        run("html", "devis", "--local")
        assert rendered["api"] == app.stack.environment["API_URL"]
        assert rendered["site"] == "Atelier Bellevue"
        assert rendered["contact"] == "owner@atelier.example"
        # Explicit options take precedence.
        named = {"api": "https://api.example.org", "site": "Mine", "contact": "me@example.org"}
        run("html", "devis", "--local", *(word for name, value in named.items() for word in (f"--{name}", value)))
        assert {name: rendered[name] for name in named} == named


def test_a_form_that_is_not_declared_is_not_printed(run: Run, tmp_path: Path) -> None:
    with site_forms(tmp_path):
        said = run("html", "devi")
    assert said.code == 2
    assert "functions/forms.toml has no form devi: it declares devis" in said.told


def test_the_forms_of_the_current_folder_s_checkout_are_taken_or_those_of_a_file_that_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # As in a command's own process. Its choice of file ends with the test.
    monkeypatch.setattr(lookup, "SOURCE", PACKAGED / "forms.toml")
    (tmp_path / "functions").mkdir()
    (tmp_path / "template.yaml").touch()
    (tmp_path / "deeper").mkdir()
    forms = '[{}]\nfields.a = {{ type = "text" }}\n'
    (tmp_path / "functions/forms.toml").write_text(forms.format("here"), encoding="utf-8")
    named = tmp_path / "mine.toml"
    named.write_text(forms.format("mine"), encoding="utf-8")
    monkeypatch.chdir(tmp_path / "deeper")
    assert [row["name"] for row in run("--json").rows] == ["here"]
    assert [row["name"] for row in run("--forms", str(named), "--json").rows] == ["mine"]
    assert "/f/mine" in run("html", "mine", "--forms", str(named)).out
    assert "mine.toml has no form here: it declares mine" in run("html", "here", "--forms", str(named)).told
    named.write_text("[", encoding="utf-8")
    assert "mine.toml has a mistake" in run("openapi", "--forms", str(named)).told
    lookup.forget()


# --- OpenAPI ----------------------------------------------------------------------------------------------------------

_OTHERS = """
[drop]
other_fields = "drop"
fields.name = { type = "text", required = true, min = 2 }
[job-application]
other_fields = "refuse"
fields.courriel = { type = "email" }
fields.days = { type = "choices", choices = ["Mon", "Tue"], required = true }
fields.rate = { type = "number", min = 0.5, required = true }
"""
_GOOD: dict[str, list[dict[str, Any]]] = {
    "devis": [
        {"email": "a@example.org", "budget": "plus", "accord": True},
        {"_replyto": "a@example.org", "budget": "< 1 000 €", "accord": "on", "date": "2026-12-31", "surface": 12.5,
         "rooms": ["Salon", "Cuisine, salle"], "site": "https://example.org", "phone": "04 78 00 00 00", "other": "x"},
    ],
    "drop": [{"name": "Zo", "other": "dropped"}],
    "job-application": [{"days": ["Mon"], "rate": 0.5, "_next": "merci"}],
}  # fmt: skip
_BAD: dict[str, list[dict[str, Any]]] = {
    "devis": [
        {"budget": "plus", "accord": True},
        *({"email": "a@example.org", "budget": "plus", "accord": True} | wrong for wrong in (
            {"budget": "?"}, {"accord": False}, {"accord": "non"}, {"rooms": ["Salon", "Chambre", "Cuisine, salle"]},
            {"rooms": ["?"]}, {"surface": 0}, {"surface": "wide"}, {"date": "soon"}, {"name": "x" * 61},
            {"site": "nowhere"}, {"email": "a"},
        )),
    ],
    "drop": [{"name": "Z"}, {"name": "\t\t\t"}, {"other": "x"}],
    "job-application": [
        {"days": ["Mon"], "rate": 0.4},
        {"days": [], "rate": 1},
        {"days": ["Mon"], "rate": 1, "phone": "x"},
        {"days": ["Mon"]},
    ],
}  # fmt: skip


def validator(described: dict[str, Any], name: str) -> Draft202012Validator:
    """Return the validator for the body of a form's path, which is the same in all media types."""
    body = described["paths"][f"/f/{name}"]["post"]["requestBody"]["$ref"].rpartition("/")[2]
    content = described["components"]["requestBodies"][body]["content"]
    assert set(content) == {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
    (schema,) = {json.dumps(one["schema"]) for one in content.values()}
    components = {"components": described["components"]}
    return Draft202012Validator({"allOf": [json.loads(schema)], **components}, validate_formats=True)


@pytest.mark.slow
def test_the_openapi_description_has_each_form_and_what_it_says_is_true(app: App, run: Run, tmp_path: Path) -> None:
    with site_forms(tmp_path, QUOTE + _OTHERS):
        described = yaml.safe_load(run("openapi").out)
        (as_json,) = run("openapi", "--json").rows
        for path, forms, status in (("accepted", _GOOD, 200), ("refused", _BAD, 422)):
            for name, bodies in forms.items():
                for number, body in enumerate(bodies):
                    said = validator(described, name).is_valid(body)
                    assert said is (status == 200), (path, name, body)
                    reply = app.post(f"/f/{name}", json=body | {"_id": str(number)})
                    assert reply.status_code == status, (path, name, body, reply.text)
    assert as_json == described
    assert [error.message for error in OpenAPIV31SpecValidator(described).iter_errors()] == []
    paths = list(described["paths"])
    assert paths.index("/f/devis") < paths.index("/f/{form}")
    assert set(described["paths"]["/f/{form}"]["post"]["responses"]) == {"404", "413", "429", "431", "503"}
    operations = [one["operationId"] for item in described["paths"].values() for one in item.values()]
    assert len(operations) == len(set(operations))
    assert "form_job_application" in operations


def test_a_contact_form_of_the_sites_own_is_described_in_its_place(
    app: App, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "connect_local", lambda _: connection_to(app))
    with site_forms(tmp_path, '[contact]\nfields.question = { type = "text", required = true }'):
        described = yaml.safe_load(run("openapi", "--local").out)
    assert described["servers"] == [{"url": app.stack.environment["API_URL"]}]
    assert set(described["components"]["schemas"]["Contact"]["properties"]) >= {"question", "_next", "altcha"}
    assert described["components"]["schemas"]["Contact"]["required"] == ["question"]
    assert [path for path in described["paths"] if path.startswith("/f/")] == [
        "/f/contact",
        "/f/newsletter",
        "/f/comments",
        "/f/{form}",
    ]
    assert [error.message for error in OpenAPIV31SpecValidator(described).iter_errors()] == []


def test_what_html_prints_has_no_mistakes_for_check(run: Run, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    with site_forms(tmp_path, QUOTE + _OTHERS):
        for form in ("devis", "drop", "job-application"):
            for language in ("fr", "en"):
                said = run("html", form, "--language", language, "--api", "https://api.example")
                (site / f"{form}.{language}.html").write_text(f"<main>{said.out}</main>", encoding="utf-8")
        said = run("check", str(site))
        assert (said.code, said.out) == (0, "6 forms post to Guichet from 6 pages, without a mistake.\n")
        for page in site.iterdir():
            page.write_text(page.read_text(encoding="utf-8").replace('"_gotcha"', '"website"'), encoding="utf-8")
        # One of the forms refuses other fields.
        assert run("check", str(site)).code == 1
        assert run("check", str(site), "--honeypot", "website").code == 0
