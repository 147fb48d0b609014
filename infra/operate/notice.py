"""The information notices of the site's forms for a stack, after article 13 of the GDPR and CNIL's examples.

In two layers: a text next to each form, and the page about personal data for all of them. Every duration is the one
after which records really expire, and every statement follows from the stack's values.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from guichet.definitions.definition import Definition
from guichet.locales import LANGUAGES, Language, say
from guichet.records.comment import REFUSED_KEPT
from guichet.records.issue import READERS_KEPT
from guichet.records.link_request import LINK_VALID
from guichet.records.message import SPAM_KEPT
from guichet.records.outbox import SENT_EMAIL_KEPT
from guichet.records.sign_up import CONFIRMATION_VALID, REQUEST_KEPT
from guichet.records.subscriber import RENEWAL_VALID
from guichet.store.limits import CAPS_KEPT, SLOT_KEPT
from infra.operate.connection import Connection, OperatorSettings
from infra.operate.words import places, sentences
from infra.template import Template

Format = Literal["html", "markdown", "text"]

CNIL = "https://www.cnil.fr/fr/plaintes"
_DAYS_A_YEAR = 365
# How far back DynamoDB's point-in-time recovery goes, unless a table sets less.
BACKUPS_KEPT = timedelta(days=35)
_WITHIN_EU = {"eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"}
# Countries with an adequacy decision of the European Commission (GDPR, article 45) that covers companies such as AWS.
# The latest is Brazil: decision (EU) 2026/179.
_ADEQUATE = {
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ca-central-1", "ca-west-1", "eu-central-2", "eu-west-2",
    "il-central-1", "sa-east-1",
}  # fmt: skip
# The parameters that are not among the commands' settings.
_FURTHER = ("LogRetentionDays", "RenewalMonths")


@dataclass(frozen=True)
class Facts:
    """The data for the notices: values of a stack, and who is responsible for it."""

    site: str
    # The data controller: a person or an organisation.
    controller: str
    # The contact for questions about personal data: an email or web address.
    contact: str
    # The data protection officer's address, if there is one.
    dpo: str
    privacy_url: str
    region: str
    owners: tuple[str, ...]
    retention_days: int
    log_retention_days: int
    # 0 if subscribers are not asked whether they want to stay.
    renewal_months: int
    keep_caller_address: bool
    acknowledge: bool
    # The logo that emails show, if there is one.
    logo: str
    consent: Mapping[Language, str]
    consent_version: str
    forms: Mapping[str, Definition]

    @property
    def names(self) -> list[str]:
        """The names of all forms: contact, newsletter and comments, then the site's own."""
        return [*dict.fromkeys(("contact", "newsletter", "comments", *self.forms))]

    def days(self, form: str) -> int:
        """Return how many days a form's messages are kept."""
        own = self.forms.get(form)
        return (own.retention_days if own else None) or self.retention_days


def facts(  # noqa: PLR0913  what the owner alone knows
    settings: OperatorSettings,
    parameters: Mapping[str, str],
    region: str,
    forms: Mapping[str, Definition],
    *,
    controller: str | None = None,
    contact: str | None = None,
    dpo: str | None = None,
) -> Facts:
    """Return the data for notices from a stack's settings and its other parameters."""
    return Facts(
        site=settings.site_name,
        controller=_in_a_line(controller) or settings.site_name,
        contact=_in_a_line(contact) or settings.reply_to_email or settings.owner_email[0],
        dpo=_in_a_line(dpo),
        privacy_url=settings.privacy_url,
        region=region,
        owners=settings.owner_email,
        retention_days=settings.retention_days,
        log_retention_days=int(parameters["LogRetentionDays"]),
        renewal_months=int(parameters.get("RenewalMonths", 0)),
        keep_caller_address=settings.keep_caller_address,
        acknowledge=settings.acknowledge == "on",
        logo=settings.logo,
        consent={language: settings.consent_text(language) for language in LANGUAGES},
        consent_version=settings.consent_version,
        forms=forms,
    )


def _in_a_line(given: str | None) -> str:
    # An address is often pasted as several lines, and a blank line would end the paragraph.
    return " ".join((given or "").split())


def parameters_of(connection: Connection) -> dict[str, str]:
    """Return the parameters of a stack that are not among the commands' settings. A local stack has only variables."""
    declared = Template.load().document["Parameters"]
    found: dict[str, str] = {}
    for name in _FURTHER:
        variable = re.sub("(?<!^)(?=[A-Z])", "_", name).upper()
        given = connection.parameters.get(name) or connection.variables.get(variable)
        # If a deployed stack lacks one, it has another version.
        if given is None and name in declared and not connection.parameters:
            given = str(declared[name]["Default"])
        if given is not None:
            found[name] = given
    return found


# --- what is said -----------------------------------------------------------------------------------------------------


class Link(NamedTuple):
    """A link within a sentence."""

    text: str
    url: str


Value = str | Link


class Sentence(NamedTuple):
    """A sentence by its key, and the values in it."""

    key: str
    values: Mapping[str, Value]


class Block(NamedTuple):
    """A paragraph, with the key of its label, if it has one; or a heading of a level."""

    sentences: tuple[Sentence, ...]
    label: str = ""
    level: int = 0


def link(address: str) -> Value:
    """Return an email or web address as a link. Anything else is text."""
    if re.match("https?://", address):
        return Link(address, address)
    return Link(address, f"mailto:{address}") if re.fullmatch(r"[^\s@]+@[^\s@]+", address) else address


def duration(days: int, language: Language) -> str:
    """Return a number of days in words, in years if it is whole years."""
    count, unit = (days, "day") if days % _DAYS_A_YEAR else (days // _DAYS_A_YEAR, "year")
    return sentences("notice", language)[unit if count == 1 else f"{unit}s"].format(count=count)


def beside_own(
    definition: Definition, language: Language, *, controller: str, contact: str, days: int
) -> Iterator[Block]:
    """Yield the text next to a form of the site's own."""
    fields = definition.fields.values()
    consents = any(field.type == "consent" for field in fields)
    yield _paragraph(_say("required" if any(field.required for field in fields) else "optional"))
    yield _paragraph(
        # Without a field for an address, no reply is possible.
        _say(
            "who" if definition.email_field else "who_unanswered",
            controller=controller,
            title=definition.title[language],
        ),
        _say("basis_consent" if consents else "basis"),
        _say("recipients"),
        _say("kept", duration=duration(days, language)),
    )
    yield _paragraph(_say("rights_consent" if consents else "rights", contact=link(contact)))


def beside(known: Facts, form: str, language: Language) -> list[Block]:
    """Return the text next to a form: the first layer, which links to the page if there is one."""
    kept = duration(known.days(form), language)
    about = {"controller": known.controller, "site": known.site}
    if form == "newsletter":
        blocks = [
            _paragraph(_say("newsletter_required")),
            _paragraph(
                _say("newsletter_who", **about),
                _say("newsletter_basis"),
                _say("newsletter_recipients"),
                _say("newsletter_kept", duration=kept),
            ),
            _paragraph(_say("newsletter_leave"), _say("newsletter_rights", contact=link(known.contact))),
        ]
    elif form == "comments":
        blocks = [
            _paragraph(_say("comments_required")),
            _paragraph(_say("comments_who", **about), _say("comments_basis"), _say("comments_recipients")),
            _paragraph(_say("comments_kept", refused=duration(REFUSED_KEPT.days, language))),
            _paragraph(_say("comments_mine"), _say("rights", contact=link(known.contact))),
        ]
    elif own := known.forms.get(form):
        of_form = {"controller": known.controller, "contact": known.contact}
        blocks = list(beside_own(own, language, days=known.days(form), **of_form))
    else:
        blocks = [
            _paragraph(_say("contact_required")),
            _paragraph(_say("contact_who", **about), _say("basis"), _say("recipients"), _say("kept", duration=kept)),
            _paragraph(_say("rights", contact=link(known.contact))),
        ]
    if known.privacy_url:
        blocks.append(_paragraph(_say("more", privacy=link(known.privacy_url))))
    return blocks


def page(known: Facts, language: Language, forms: Sequence[str] = ()) -> list[Block]:
    """Return the page about personal data for forms, by default all of them: the second layer."""
    blocks = [
        _heading(2, _say("page", site=known.site)),
        _paragraph(
            _say("controller", controller=known.controller, contact=link(known.contact)),
            *([_say("dpo", dpo=link(known.dpo))] if known.dpo else ()),
        ),
    ]
    for form in forms or known.names:
        match form:
            case "newsletter":
                blocks += _newsletter(known, language)
            case "comments":
                blocks += _comments(known, language)
            case _:
                blocks += _messages(known, form, language)
    return [*blocks, *_all_forms(known, language)]


def _messages(known: Facts, form: str, language: Language) -> Iterator[Block]:
    own = known.forms.get(form)
    # As the function decides it: for the contact form, the setting applies as well.
    acknowledged = (own is not None and own.reply is not None) or (form == "contact" and known.acknowledge)
    if own is None:
        yield _heading(3, _say("contact_title"))
    else:
        yield _heading(3, _say("own_title", title=own.title[language]))
        acknowledged = acknowledged and bool(own.email_field)
    answered = own is None or bool(own.email_field)
    purpose = "purpose_acknowledged" if acknowledged else "purpose" if answered else "purpose_unanswered"
    yield _paragraph(_say(purpose), label="purpose_label")
    consents = [field.label[language] for field in own.fields.values() if field.type == "consent"] if own else []
    yield _paragraph(
        _say("page_basis"),
        *([_say("page_basis_consent", fields=_listed(consents))] if consents else ()),
        label="basis_label",
    )
    yield _paragraph(_required(own, language), _say("answers_besides"), label="answers_label")
    yield _paragraph(*_recipients(known, own), label="recipients_label")
    days = known.days(form)
    yield _paragraph(
        _say("kept_page", duration=duration(days, language)),
        _say("kept_spam", duration=duration(min(days, SPAM_KEPT.days), language)),
        _say("kept_mailbox"),
        label="kept_label",
    )


def _required(own: Definition | None, language: Language) -> Sentence:
    if own is None:
        return _say("answers_contact")
    required = [field.label[language] for field in own.fields.values() if field.required]
    if not required:
        return _say("answers_optional")
    # If other fields are accepted, the page may ask for more than is declared.
    every = len(required) == len(own.fields) and own.other_fields != "keep"
    return _say("answers_all_required" if every else "answers_required", fields=_listed(required))


def _recipients(known: Facts, own: Definition | None) -> Iterator[Sentence]:
    # Without recipients, and for an answer that routes to nobody, it is the owner.
    own_recipients = own.all_recipients if own else ()
    everybody = own_recipients if own and own.recipients else (*own_recipients, *known.owners)
    yield _people("recipients", tuple(dict.fromkeys(everybody)))
    # Owners see everything at the desk.
    if not set(known.owners) <= set(everybody):
        yield _say("recipients_owner")


def _people(key: str, addresses: Sequence[str]) -> Sentence:
    """Say how many people get something, and their mailboxes' domains: no address is published."""
    domains = ", ".join(dict.fromkeys(address.rpartition("@")[2] for address in addresses))
    if len(addresses) == 1:
        return _say(f"{key}_one", domains=domains)
    return _say(f"{key}_many", count=str(len(addresses)), domains=domains)


def _newsletter(known: Facts, language: Language) -> Iterator[Block]:
    yield _heading(3, _say("newsletter_title"))
    yield _paragraph(_say("newsletter_purpose", site=known.site), label="purpose_label")
    wording = {"version": known.consent_version, "wording": known.consent[language]}
    yield _paragraph(_say("newsletter_page_basis", **wording), label="basis_label")
    callers = "newsletter_callers" if known.keep_caller_address else "newsletter_no_callers"
    yield _paragraph(_say("newsletter_answers"), _say(callers), label="answers_label")
    yield _paragraph(_people("newsletter_owner", known.owners), label="recipients_label")
    renewal = {"months": str(known.renewal_months), "answer": str(RENEWAL_VALID.days)}
    yield _paragraph(
        _say(
            "newsletter_asked",
            request=duration(REQUEST_KEPT.days, language),
            hours=str(int(CONFIRMATION_VALID.total_seconds() / 3600)),
            failed=duration(SENT_EMAIL_KEPT.days, language),
            spam=duration(SPAM_KEPT.days, language),
        ),
        _say("newsletter_subscribed"),
        *([_say("newsletter_renewal", **renewal)] if known.renewal_months else ()),
        _say("newsletter_left", duration=duration(known.retention_days, language)),
        _say("newsletter_suppressed"),
        _say("newsletter_erased", duration=duration(known.retention_days, language)),
        _say("newsletter_copies", copies=duration(READERS_KEPT.days, language)),
        label="kept_label",
    )


def _comments(known: Facts, language: Language) -> Iterator[Block]:
    yield _heading(3, _say("comments_title"))
    yield _paragraph(_say("comments_purpose", site=known.site), label="purpose_label")
    yield _paragraph(_say("comments_page_basis"), label="basis_label")
    yield _paragraph(_say("comments_answers"), label="answers_label")
    yield _paragraph(_say("comments_public"), _people("comments_owner", known.owners), label="recipients_label")
    yield _paragraph(
        _say("comments_shown"),
        _say("comments_refused", refused=duration(REFUSED_KEPT.days, language)),
        _say(
            "comments_link",
            hours=str(int(LINK_VALID.total_seconds() / 3600)),
            request=duration(REQUEST_KEPT.days, language),
        ),
        _say("kept_mailbox"),
        label="kept_label",
    )


def _all_forms(known: Facts, language: Language) -> Iterator[Block]:
    yield _heading(3, _say("common_title"))
    host = urlsplit(known.logo).hostname or ""
    yield _paragraph(
        _say("tracking"),
        *([_say("tracking_logo", host=host)] if known.logo else ()),
        _say("tracking_images"),
        label="tracking_label",
    )
    yield _paragraph(
        _say("abuse", slot=duration(max(CAPS_KEPT, SLOT_KEPT).days, language)),
        label="abuse_label",
    )
    yield _paragraph(
        _say(
            "logs",
            logs=duration(known.log_retention_days, language),
            rows=duration(SENT_EMAIL_KEPT.days, language),
            backups=duration(BACKUPS_KEPT.days, language),
        ),
        label="logs_label",
    )
    yield _paragraph(*_hosting(known.region, language), label="hosting_label")
    yield _paragraph(
        _say("page_rights", contact=link(known.contact)),
        _say("complaint", cnil=Link("www.cnil.fr/fr/plaintes", CNIL)),
        label="rights_label",
    )


def _hosting(region: str, language: Language) -> Iterator[Sentence]:
    place = places(language).get(region)
    if place is None:
        yield _say("hosting_unknown", region=region)
        yield _say("unknown")
        return
    yield _say("hosting", region=region, place=place)
    yield _say("within" if region in _WITHIN_EU else "adequate" if region in _ADEQUATE else "outside")


def is_known(region: str) -> bool:
    """Return whether a region's location is known."""
    return region in places("en")


def _say(key: str, **values: Value) -> Sentence:
    return Sentence(key, values)


def _paragraph(*said: Sentence, label: str = "") -> Block:
    return Block(said, label)


def _heading(level: int, said: Sentence) -> Block:
    return Block((said,), level=level)


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(label.rstrip(".") for label in labels)


# --- how it is written ------------------------------------------------------------------------------------------------

# Characters with a meaning in Markdown anywhere in a line.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&])")
# At the beginning of a paragraph, this would start a list.
_LIST = re.compile(r"\A(\d*)([-+.)])(?=\s)")


def rendered(blocks: Sequence[Block], language: Language, form: Format) -> str:
    """Return blocks in a format, ready to be pasted into a page."""
    if form == "html":
        return "\n".join(map(str, html(blocks, language))) + "\n"
    return "\n\n".join(_plain(block, language, form) for block in blocks) + "\n"


def html(blocks: Sequence[Block], language: Language) -> Iterator[Markup]:
    """Yield each block as an element of HTML."""
    words = sentences("notice", language)
    for block in blocks:
        inside = paragraph(block, language)
        if block.label:
            inside = Markup("<strong>{}</strong> ").format(say("label", language, name=words[block.label])) + inside
        tag = f"h{block.level}" if block.level else "p"
        yield Markup("<{0}>{1}</{0}>").format(Markup(tag), inside)  # noqa: S704  one of two


def paragraph(block: Block, language: Language) -> Markup:
    """Return the sentences of a block as HTML, without an element around them."""
    words = sentences("notice", language)

    def value(of: Value) -> Markup:
        return Markup('<a href="{1}">{0}</a>').format(*of) if isinstance(of, Link) else escape(of)

    return Markup(" ").join(
        escape(words[key]).format(**{name: value(of) for name, of in values.items()}) for key, values in block.sentences
    )


def _plain(block: Block, language: Language, form: Format) -> str:
    words = sentences("notice", language)
    quote: Callable[[str], str] = _in_markdown if form == "markdown" else str

    def value(of: Value) -> str:
        if not isinstance(of, Link):
            return quote(of)
        if form == "markdown":
            return f"[{quote(of.text)}](<{of.url}>)"
        return of.text if of.url.endswith(of.text) else f"{of.text} ({of.url})"

    text = " ".join(
        quote(words[key]).format(**{name: value(of) for name, of in values.items()}) for key, values in block.sentences
    )
    label = say("label", language, name=words[block.label]) if block.label else ""
    if form == "markdown":
        text = _LIST.sub(r"\1\\\2", text)
        return f"{'#' * block.level} {text}" if block.level else f"**{label}** {text}" if label else text
    return f"{text}\n{'=-'[block.level - 2] * len(text)}" if block.level else f"{label} {text}".strip()


def _in_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)
