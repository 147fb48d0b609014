"""`guichet notice`: the information notices of the forms, for a stack's settings or those of a planned one."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import click
from pydantic_core import ValidationError

from guichet.definitions.lookup import definitions
from guichet.locales import LANGUAGES, Language
from infra.operate import notice
from infra.operate.commands.declared_forms import telling_of_wrong_forms
from infra.operate.commands.options import common_options, connect
from infra.operate.connection import OperatorError, OperatorSettings, region_of
from infra.operate.notice import Facts, Format
from infra.operate.output import Output, printable
from infra.template import Template, parameters

_BESIDE, _PAGE = "beside", "page"


@click.command("notice")
@click.argument("forms", metavar="[FORM]...", nargs=-1)
@click.option("--language", type=click.Choice(LANGUAGES), help="Only this one. Default: all.")
@click.option("--part", type=click.Choice((_BESIDE, _PAGE)), help="Only the text next to a form, or the page.")
@click.option(
    "--format", "form", type=click.Choice(get_args(Format)), default="html", show_default=True, help="As what."
)
@click.option("--controller", metavar="NAME", help="Who is responsible: name and address. Default: SiteName.")
@click.option("--contact", metavar="ADDRESS", help="The contact, email or web. Default: ReplyToEmail, or OwnerEmail.")
@click.option("--dpo", metavar="ADDRESS", help="The data protection officer's, if there is one.")
@click.option("--before", metavar="PARAMETERS", help="Before the first deploy, with the parameters for `make deploy`.")
@common_options
def write(  # noqa: PLR0913  its options
    *,
    forms: Sequence[str],
    language: Language | None,
    part: str | None,
    form: Format,
    controller: str | None,
    contact: str | None,
    dpo: str | None,
    before: str | None,
    region: str | None,
    as_json: bool,
    **stack: Any,
) -> None:
    """Write what your forms must tell people about their data.

    Follows article 13 of the GDPR and the examples of CNIL, with the values of the stack: who, why, on what legal
    basis, for whom, for how long, where, and which rights. In two layers: a few sentences to paste next to each
    FORM, and the full text for the page that PrivacyUrl names. FORM is contact, newsletter, or one of
    functions/forms.toml; default: all.
    """
    output = Output(as_json=as_json)
    own = {"controller": controller, "contact": contact, "dpo": dpo}
    with telling_of_wrong_forms():
        if before is None:
            connection = connect(region=region, **stack)
            known = notice.facts(
                connection.settings, notice.parameters_of(connection), connection.region, definitions(), **own
            )
        else:
            known = _before(before, region_of(region), **own)
    if unknown := sorted(set(forms) - set(known.names)):
        raise OperatorError(f"there is no form {unknown[0]}: there are {', '.join(known.names)}")
    for one in [language] if language else LANGUAGES:
        for of, text in _parts(known, list(forms) or known.names, one, form, part):
            _write(output, one, of, text, form)
    for sentence in _advice(known, controller, contact):
        output.advise(sentence)
    sys.exit(0)


def _before(given: str, region: str, **own: str | None) -> Facts:
    """Return the data for notices from the parameters of a planned stack."""
    # Notices do not contain the API's address.
    stack = Template.load().resolve(parameters(given), {"Api.ApiEndpoint": "https://api.invalid"})
    try:
        settings = OperatorSettings.model_validate(dict(stack.environment))
    except ValidationError as error:
        wrong = ", ".join(sorted({str(part["loc"][0]) for part in error.errors(include_input=False)}))
        raise OperatorError(f"these parameters cannot be used: {wrong}") from None
    values = {name: str(value) for name, value in stack.parameters.items()}
    return notice.facts(settings, values, region, definitions(), **own)


def _parts(
    known: Facts, forms: Sequence[str], language: Language, form: Format, part: str | None
) -> Iterator[tuple[str, str]]:
    """Yield each part by the form that it belongs to, and the page by an empty name."""
    if part != _PAGE:
        for name in forms:
            text = notice.rendered(notice.beside(known, name, language), language, form)
            # By this class, `guichet forms check` finds it.
            yield name, f'<div class="guichet-notice" lang="{language}">\n{text}</div>\n' if form == "html" else text
    if part != _BESIDE:
        text = notice.rendered(notice.page(known, language, forms), language, form)
        yield "", f'<section class="guichet-privacy" lang="{language}">\n{text}</section>\n' if form == "html" else text


def _write(output: Output, language: Language, of: str, text: str, form: Format) -> None:
    if output.as_json:
        output.show({"language": language, "part": _BESIDE if of else _PAGE, "form": of, "text": text})
        return
    where = f"{language}: next to the form {of}" if of else f"{language}: for the page about personal data"
    # Printed directly: the console would wrap it.
    sys.stdout.write(printable(f"=== {where} ===\n" if form == "text" else f"<!-- {where} -->\n"))
    sys.stdout.write(printable(f"{text}\n"))


def _advice(known: Facts, controller: str | None, contact: str | None) -> Iterator[str]:
    """Yield hints about what only the owner can know or do."""
    if controller is None:
        yield f"{known.controller} is named as responsible: --controller names a person or organisation."
    if contact is None:
        yield f"{known.contact} is published as the address for questions: --contact names another one."
    if not known.privacy_url:
        yield "PrivacyUrl is not set, so the text next to a form does not link to the page: set it to where that is."
    if not notice.is_known(known.region):
        yield f"The location of the region {known.region} is unknown: name the country yourself."
    yield (
        "Read it before you publish it. It only covers these forms, not what else your site does, and your "
        "mailbox keeps its copies until you delete them."
    )
