"""`guichet forms`: the site's own forms, as declared in `functions/forms.toml`. No command calls AWS."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from guichet.definitions import lookup
from guichet.definitions.definition import Definition
from guichet.locales import LANGUAGES, Language
from infra.operate.commands.declared_forms import FILE, declared, name_of_file, use_forms
from infra.operate.commands.exit_codes import INCOMPLETE
from infra.operate.commands.listing import Listing
from infra.operate.commands.options import without_stack
from infra.operate.connection import OperatorError, OperatorSettings, connect_local
from infra.operate.output import Output, printable

# The placeholder for the API's address.
_API = "https://YOUR-API"
_CONTACT = "owner@example.org"

# Eager, since the name of a form is looked up in it.
_forms = click.option(
    "--forms",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    is_eager=True,
    expose_value=False,
    callback=use_forms,
    help=f"The file that declares the forms. Default: {FILE}.",
)


@click.group("forms", cls=Listing)
def own_forms() -> None:
    """List, check or print the site's own forms.

    They are declared in functions/forms.toml of the checkout that the current folder is in, or in --forms FILE. No
    command needs a stack: --local fills in the API's address.

    Without a command, `list` runs; `guichet forms list --help` shows its options.
    """


def _local_settings() -> OperatorSettings | None:
    """Return the settings of the local stack, with --local."""
    given = click.get_current_context().params
    return connect_local(given["port"]).settings if given["local"] else None


@own_forms.command("list")
@_forms
@without_stack
def list_forms(output: Output) -> None:
    """List the declared forms.

    For each: its title, its fields, who gets it, and how long its answers are kept.
    """
    forms = declared()
    for own in forms.values():
        fields = _fields_of(own)
        output.show(fields if output.as_json else {**fields, **_in_words(own)})
        output.say("")
    if not forms:
        output.say("The site declares no forms of its own: contact and newsletter need no declaration.")


def _fields_of(own: Definition) -> dict[str, Any]:
    """Return a form's properties, by their names in functions/forms.toml."""
    fields = asdict(own)
    return {
        "name": fields.pop("name"),
        "posted_to": f"/f/{own.name}" if own.name != "contact" else "/contact",
        **fields,
    }


def _in_words(own: Definition) -> dict[str, Any]:
    """Return a more readable version of the properties, by the same names."""
    return {
        "title": list(dict.fromkeys(own.title.values())),
        "fields": [_field_line(own, name) for name in own.fields],
        "recipients": list(own.recipients) or "the owner",
        "retention_days": own.retention_days or "as the parameter RetentionDays says",
        "reply": list(dict.fromkeys(own.reply.values())) if own.reply else "none",
        "route": [f"{own.route.field} = {value}: {', '.join(to)}" for value, to in own.route.to.items()]
        if own.route
        else "none",
    }


def _field_line(own: Definition, name: str) -> str:
    field = own.fields[name]
    return f"{name} ({field.type}{', required' if field.required else ''})"


@own_forms.command("check")
@click.argument("site", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--honeypot", metavar="NAME", default="_gotcha", show_default=True, help="The parameter HoneypotField.")
@_forms
@without_stack
def check(output: Output, *, site: Path | None, honeypot: str) -> int:
    """Check the declared forms, or those of a built site.

    Without SITE, every mistake in functions/forms.toml is named. With SITE, the folder of a built site, every form in
    it that posts to Guichet is checked: the form exists, each required field is there and labelled, no name is
    misspelt, the rules match the server's, and the information notice is present. Forms that only a script creates are
    not seen. The exit code is 1 if anything is wrong.
    """
    if site is not None:
        return _check_site(output, site, honeypot)
    from guichet.definitions.forms_file import FormsFileError, read  # noqa: PLC0415

    if not lookup.SOURCE.exists():
        output.say("There is no functions/forms.toml: contact and newsletter are the forms.")
        return 0
    try:
        forms = read(lookup.SOURCE)
    except FormsFileError as error:
        for problem in error.problems:
            output.say(problem)
            if output.as_json:
                output.show({"problem": problem})
        return INCOMPLETE
    if output.as_json:
        output.show({"forms": len(forms)})
    output.say("1 form is right." if len(forms) == 1 else f"{len(forms)} forms are right.")
    return 0


def _check_site(output: Output, site: Path, honeypot: str) -> int:
    # Only this command pays for the parser.
    from infra.operate.site_check import check_site, where  # noqa: PLC0415

    checked = check_site(site, declared(), honeypot)
    if not checked.pages:
        raise OperatorError(f"{site} has no HTML files: build the site, and give the folder that it is built into")
    for mistake in checked.mistakes:
        if output.as_json:
            output.show(asdict(mistake))
            continue
        named = f"form {mistake.form}" if mistake.form else "a form"
        field = f", field {mistake.field}" if mistake.field else ""
        output.say(f"{where(mistake.places)}: {named}{field}: {mistake.message}")
        output.say(f"  → {mistake.remedy}")
    pages = "1 page" if checked.pages == 1 else f"{checked.pages:,} pages"
    if not checked.forms:
        output.say(f"No form of {pages} posts to Guichet. A script may.")
    elif not checked.mistakes:
        forms = "1 form posts" if checked.forms == 1 else f"{checked.forms:,} forms post"
        output.say(f"{forms} to Guichet from {pages}, without a mistake.")
    return INCOMPLETE if checked.mistakes else 0


def _known_form(_context: click.Context, _parameter: click.Parameter, name: str) -> Definition:
    forms = declared()
    if name not in forms:
        known = f"it declares {', '.join(forms)}" if forms else "it declares none"
        raise click.BadParameter(f"{name_of_file()} has no form {name}: {known}")
    return forms[name]


@own_forms.command("html")
@click.argument("form", metavar="NAME", callback=_known_form)
@click.option("--language", type=click.Choice(LANGUAGES), default="fr", show_default=True, help="Of labels and texts.")
@click.option("--api", metavar="URL", help="The API's address, the stack's output Endpoint. --local fills it in.")
@click.option("--site", metavar="NAME", help="The parameter SiteName, as the information notice names it.")
@click.option("--contact", metavar="ADDRESS", help="The address for questions about personal data.")
@_forms
@without_stack
def html(  # noqa: PLR0913  its options
    output: Output,
    *,
    form: Definition,
    language: Language,
    api: str | None,
    site: str | None,
    contact: str | None,
) -> None:
    """Print a form as HTML to paste.

    It has labels, the server's rules, places for errors, and the information notice.
    """
    from infra.operate.form_html import render  # noqa: PLC0415

    settings = _local_settings()
    text = render(
        form,
        language,
        api=(api or (settings.api_url if settings else _API)).rstrip("/"),
        site=site or (settings.site_name if settings else "YOUR SITE"),
        contact=contact or (settings.owner_email[0] if settings else _CONTACT),
        retention_days=form.retention_days or (settings.retention_days if settings else _retention_days()),
    )
    _write(output, {"html": text}, text)


def _retention_days() -> int:
    """Return how many days the template keeps messages by default."""
    from infra.template import Template  # noqa: PLC0415

    return int(Template.load().document["Parameters"]["RetentionDays"]["Default"])


@own_forms.command("openapi")
@_forms
@without_stack
def openapi(output: Output) -> None:
    """Print the API's description, with the forms.

    It is OpenAPI 3.1: YAML, or JSON with --json.
    """
    # Only this command pays for it.
    from infra.operate import form_openapi  # noqa: PLC0415

    forms, settings = declared(), _local_settings()
    described = form_openapi.description(forms, settings.api_url if settings else None)
    if output.as_json:
        sys.stdout.write(json.dumps(described, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(form_openapi.as_yaml(described))


def _write(output: Output, fields: Mapping[str, str], text: str) -> None:
    if output.as_json:
        output.show(fields)
    else:
        # Printed directly: the console would wrap it.
        sys.stdout.write(printable(text if text.endswith("\n") else f"{text}\n"))
