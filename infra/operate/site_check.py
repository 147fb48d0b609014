"""`guichet forms check SITE`: compare the forms of a built site with the forms that Guichet serves.

It reports mistakes that lose, refuse or garble an answer, or leave a visitor without a label or the information notice.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from textwrap import shorten
from typing import get_args
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import TypeAdapter

from comments.form import CommentForm
from contact.form import ContactForm
from guichet.definitions.definition import Definition, Field, FieldType, OtherFields
from guichet.definitions.forms_file import LONGEST
from guichet.forms.field_types import UNTICKED
from guichet.forms.fields import AS_LINE, Email
from guichet.locales import LANGUAGES, Language
from guichet.locales import known as known_language
from guichet.model import Model
from infra.operate.site_pages import NOTICE_CLASS, Control, Place, SiteForm, Target, forms_of, pages_of, plain
from newsletter.form import NewsletterForm

HONEYPOT = "_gotcha"
# Control fields of every form. Others that begin with an underscore are dropped.
_CONTROLS = ("_next", "_language", "_subject", "_id", "_charset_", "_replyto", "altcha")
# How similar a name and a misspelt one must be, from 0 to 1.
_ALIKE = 0.8
_SHORT_PATHS = {"/contact": "contact", "/newsletter": "newsletter", "/comments": "comments"}
_FORM_PATH = "/f/"
# Hosts that AWS gives to APIs.
_API_HOST = ".execute-api."
# Input types that accept any text, or that a page fills in.
_FREE = ("text", "search", "textarea", "hidden")
_OFFERS = ("select", "radio", "hidden")
# The controls that can hold what the server accepts.
_FITTING: Mapping[str, Collection[str]] = {
    "text": (*_FREE, "tel", "email", "url", "number", "range", "date", "time", "month", "week", "datetime-local",
             "select", "radio", "checkbox", "color", "password"),
    "long_text": (*_FREE, "select", "radio", "checkbox"),
    "email": ("email", "hidden", "select", "radio"),
    "phone": (*_FREE, "tel", "select", "radio"),
    "url": (*_FREE, "url", "select", "radio"),
    "number": (*_FREE, "number", "range", "tel", "select", "radio"),
    "date": (*_FREE, "date", "select", "radio"),
    "choice": _OFFERS,
    "choices": (*_OFFERS, "checkbox"),
    # Anything else that it posts, even "refuse", would count as ticked.
    "consent": ("checkbox",),
}  # fmt: skip
_BEST: Mapping[str, str] = {
    "text": '<input type="text">',
    "long_text": "<textarea>",
    "email": '<input type="email">',
    "phone": '<input type="tel">',
    "url": '<input type="url">',
    "number": '<input type="number">',
    "date": '<input type="date">',
    "choice": '<select>, or an <input type="radio"> per choice',
    "choices": 'an <input type="checkbox"> per choice, or <select multiple>',
    "consent": '<input type="checkbox">',
}
_LONGEST_SHOWN = 200
# Says next to a label whether its field is required.
_MARK = re.compile(
    r"\A\*\s*|(?:\s*(?:\*|\((?:obligatoire|requis|required|facultatif|optionnel|optional)\))){1,3}\Z", re.IGNORECASE
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def built_in(model: type[Model], other_fields: OtherFields) -> Definition:
    """Return the definition of a built-in form, from its model."""
    kinds = {name: kind for name, kind in model.model_fields().items() if name != _COLLECTED}
    fields = {}
    for name, kind in kinds.items():
        as_type = _type_of(kind)
        longest = TypeAdapter(kind).json_schema().get("maxLength", LONGEST[as_type])
        required = not hasattr(model, name)
        fields[name] = Field(name, as_type, dict.fromkeys(LANGUAGES, name), required, max=str(longest))
    form = model.__module__.partition(".")[0]
    return Definition(form, dict.fromkeys(LANGUAGES, form), fields, other_fields=other_fields)


def _type_of(kind: object) -> FieldType:
    if kind == Email:
        return "email"
    return "text" if AS_LINE in get_args(kind) else "long_text"


# The attribute in which a model collects other fields.
_COLLECTED = "extra"
# The forms that need no definition.
BUILT_IN: Mapping[str, Definition] = {
    form.name: form
    for form in (
        built_in(ContactForm, "keep"),
        built_in(NewsletterForm, "drop"),
        built_in(CommentForm, "drop"),
    )
}


@dataclass(frozen=True)
class Mistake:
    """A mistake in a form of the site: what is wrong, what to do about it, and where it is, in all pages."""

    form: str
    field: str
    message: str
    remedy: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Checked:
    """The outcome of a check: pages read, forms in them that post to Guichet, and mistakes."""

    pages: int
    forms: int
    mistakes: tuple[Mistake, ...]


def check_site(folder: Path, definitions: Mapping[str, Definition], honeypot: str = HONEYPOT) -> Checked:
    """Check all pages in a folder. A form that is on many pages is reported once, with all its places."""
    pages = list(pages_of(folder))
    forms = [form for page in pages for form in forms_of(page, folder)]
    known = {**BUILT_IN, **definitions}
    hosts = {target.host for form in forms for target in form.targets if _form_of(target) is not None and target.host}
    meant = [form for form in forms if form.marked or any(_is_meant(target, hosts) for target in form.targets)]
    found: dict[tuple[str, str, str], Mistake] = {}
    for form in meant:
        for mistake in _mistakes(form, known, hosts, honeypot):
            key = (mistake.form, mistake.field, mistake.message)
            before = found.get(key)
            places = (*before.places, *mistake.places) if before else mistake.places
            found[key] = replace(mistake, places=tuple(dict.fromkeys(places)))
    ordered = sorted(found.values(), key=lambda mistake: (mistake.places[0].file, mistake.places[0].line))
    return Checked(len(pages), len(meant), tuple(ordered))


def _form_of(target: Target) -> str | None:
    """Return the name of the form that an address belongs to, or None if forms are not posted to such a path."""
    path = unquote(target.path)
    if path.startswith(_FORM_PATH):
        return path.removeprefix(_FORM_PATH)
    return _SHORT_PATHS.get(path)


def _is_meant(target: Target, hosts: Collection[str]) -> bool:
    """Return whether an address is Guichet's: by its path, or by the host that other forms post to."""
    if not target.host and target.method == "get" and unquote(target.path) in _SHORT_PATHS:
        # A page of the site with that name.
        return False
    # A search form on the site's own host does not post.
    known_host = _API_HOST in target.host or (target.host in hosts and target.method == "post")
    return _form_of(target) is not None or known_host


def _mistakes(
    form: SiteForm, known: Mapping[str, Definition], hosts: Collection[str], honeypot: str
) -> Iterator[Mistake]:
    targets = [target for target in form.targets if form.marked or _is_meant(target, hosts)]
    if not targets:
        message = f"has data-guichet, but {_quoted_action(form)}"
        yield Mistake("", "", message, _addresses(known), (form.place,))
    for target in targets:
        name = _form_of(target)
        if name is None:
            message = f"posts to {_shown(target)}, where no form is served"
            yield Mistake("", "", message, _addresses(known), (form.place,))
        elif name not in known:
            close = get_close_matches(name.lower().strip("/"), known, 1, _ALIKE)
            remedy = (
                f"use {_path(close[0])}"
                if close
                else f"define [{name}] in functions/forms.toml, or {_addresses(known)}"
            )
            yield Mistake(name, "", f"posts to {_shown(target)}, but no form has that name", remedy, (form.place,))
        if target.method != "post":
            message = f"has the method {target.method}, so its answers are not sent to Guichet"
            yield Mistake(name or "", "", message, 'use method="post"', (form.place,))
        if target.enctype == "text/plain":
            message = "is sent as text/plain, which is refused"
            yield Mistake(name or "", "", message, "remove enctype", (form.place,))
    for name in dict.fromkeys(map(_form_of, targets)):
        definition = known.get(name or "")
        if definition is not None:
            yield from _Fields(form, definition, honeypot).mistakes()


def _quoted_action(form: SiteForm) -> str:
    return f'its action "{form.action}" leads to no form' if form.action else "no action"


def _addresses(known: Collection[str]) -> str:
    return f"let its action lead to the API's {', '.join(map(_path, sorted(known)))}"


def _path(name: str) -> str:
    return f"/{name}" if name in BUILT_IN else f"{_FORM_PATH}{name}"


def _shown(target: Target) -> str:
    return target.url if target.host else target.path


class _Fields:
    """The fields of a form of the site, next to those of its definition."""

    def __init__(self, form: SiteForm, definition: Definition, honeypot: str) -> None:
        self._form = form
        self._definition = definition
        self._honeypot = honeypot.lower()
        self._language = _language_of(form)
        spelled = {name.lower(): name for name in definition.fields}
        # Names are case-insensitive.
        self._controls: dict[str, list[Control]] = {}
        for control in form.controls:
            self._controls.setdefault(spelled.get(control.name.lower(), control.name), []).append(control)

    def mistakes(self) -> Iterator[Mistake]:
        """Yield the mistakes."""
        misspelt: set[str] = set()
        for name, controls in self._controls.items():
            field = self._definition.fields.get(name)
            files = [control for control in controls if control.type == "file"]
            if files:
                yield self._mistake(name, "is a file, which forms do not accept", "ask for a link instead", files)
            elif field is not None:
                yield from self._wrong(field, controls)
            elif (close := self._meant(name)) is not None:
                misspelt.add(close)
                required = close in self._definition.fields and self._definition.fields[close].required
                message = f"is not a field of this form{f', and the required {close} is missing' if required else ''}"
                yield self._mistake(name, message, f'did you mean name="{close}"?', controls)
            elif not self._is_control(name):
                yield from self._unknown(name, controls)
        for field in self._definition.fields.values():
            if field.required and not self._has(field.name) and field.name not in misspelt:
                printed = self._definition.name not in BUILT_IN
                remedy = f"add it{f', as `guichet forms html {self._definition.name}` has it' if printed else ''}"
                yield self._mistake(field.name, "is required, and the form does not send it", remedy, ())
        yield from self._no_language()
        if not self._form.has_notice:
            yield self._mistake(
                "",
                "has no information notice: who gets the answers, why, for how long, and what rights people have",
                f'add one in or beside the form, with class="{NOTICE_CLASS}", or a link to your privacy policy',
                (),
            )

    def _mistake(self, field: str, message: str, remedy: str, controls: Sequence[Control]) -> Mistake:
        places = (controls[0].place,) if controls else (self._form.place,)
        return Mistake(self._definition.name, field, message, remedy, places)

    def _has(self, name: str) -> bool:
        # An alias that npm form clients use.
        is_address = name == self._definition.email_field
        return name in self._controls or (is_address and "_replyto" in map(str.lower, self._controls))

    def _is_control(self, name: str) -> bool:
        return name.startswith("_") or name.lower() in ("altcha", self._honeypot)

    def _meant(self, name: str) -> str | None:
        """Return the field that a name is likely to mean, if the form has it under no other name, or None."""
        if name.lower() in (*_CONTROLS, self._honeypot):
            return None
        candidates = _CONTROLS if name.startswith("_") else tuple(self._definition.fields)
        likeness = {one: _likeness(name, one) for one in candidates if not self._has(one)}
        closest = max(likeness, key=lambda one: likeness[one], default=None)
        if closest is None or likeness[closest] < _ALIKE:
            return None
        field = self._definition.fields.get(closest)
        # `sujet` is not a misspelt `subject`, but a different word.
        same_length = abs(len(_letters(name)) - len(_letters(closest))) <= 1
        return closest if same_length or field is None or field.required else None

    def _unknown(self, name: str, controls: Sequence[Control]) -> Iterator[Mistake]:
        fields = f"its fields are {', '.join(self._definition.fields)}"
        match self._definition.other_fields:
            case "refuse":
                yield self._mistake(name, "is not a field of this form, which refuses others", fields, controls)
            case "drop":
                yield self._mistake(name, "is not a field of this form, which does not keep others", fields, controls)

    def _wrong(self, field: Field, controls: Sequence[Control]) -> Iterator[Mistake]:
        """Yield what is wrong with the controls of a field."""
        unfit = [control for control in controls if not _fits(field, control)]
        if unfit:
            message = f"is {_called(unfit[0])}, but the field is of type {field.type}"
            yield self._mistake(field.name, message, f"use {_BEST[field.type]}", unfit)
        elif field.type in ("choice", "choices"):
            yield from self._wrong_choices(field, controls)
        elif field.type == "consent":
            yield from self._wrong_consent(field, controls)
        else:
            for control in controls:
                yield from self._wrong_limits(field, control)
        unlabelled = [control for control in controls if control.type != "hidden" and not control.label]
        if unlabelled:
            remedy = "wrap it in a <label> with text, or add <label for> with its id; a placeholder is not a label"
            yield self._mistake(field.name, "has no label", remedy, unlabelled)

    def _wrong_choices(self, field: Field, controls: Sequence[Control]) -> Iterator[Mistake]:
        # An empty value means that nothing is chosen.
        offered = [value for control in controls for value in control.offered if value]
        choices = [choice.value for choice in field.choices]
        for value in dict.fromkeys(offered):
            if value not in choices:
                close = get_close_matches(value, choices, 1, _ALIKE)
                remedy = f'use value="{close[0]}"' if close else f"the choices are {', '.join(choices)}"
                where = [control for control in controls if value in control.offered]
                yield self._mistake(field.name, f'offers "{value}", which is refused', remedy, where)
        missing = [choice for choice in choices if choice not in offered]
        if missing and any(control.type != "hidden" for control in controls) and set(offered) <= set(choices):
            message = f"does not offer {', '.join(missing)}"
            yield self._mistake(field.name, message, "add it, or take it out of functions/forms.toml", controls)

    def _wrong_consent(self, field: Field, controls: Sequence[Control]) -> Iterator[Mistake]:
        boxes = [control for control in controls if control.type == "checkbox"]
        unticked = [box for box in boxes if box.offered[0].lower() in UNTICKED]
        if unticked:
            message = f'has the value "{unticked[0].offered[0]}", which counts as not ticked'
            yield self._mistake(field.name, message, 'use value="yes"', unticked)
        if ticked := [box for box in boxes if "checked" in box.attributes]:
            yield self._mistake(field.name, "is ticked in advance, which is not consent", "remove checked", ticked)
        stored = [field.label[self._language]] if self._language else list(dict.fromkeys(field.label.values()))
        other = [box for box in boxes if box.label and _wording(box.label) not in map(_wording, stored)]
        if other:
            agreed = " or ".join(f"“{label}”" for label in stored)
            said = shorten(other[0].label, _LONGEST_SHOWN, placeholder=" …")
            message = f"says “{said}”, and {agreed} is stored as the agreed wording"
            remedy = "write the same on the page and as the label in functions/forms.toml"
            yield self._mistake(field.name, message, remedy, other)

    def _no_language(self) -> Iterator[Mistake]:
        """Report a form that does not say its language although a consent's wording, stored as the proof, needs it."""
        fields = [self._definition.fields[name] for name in self._controls if name in self._definition.fields]
        consents = [field for field in fields if field.type == "consent" and len({*field.label.values()}) > 1]
        if self._language is not None or not consents:
            return
        shown = {_wording(control.label) for field in consents for control in self._controls[field.name]}
        languages = [
            tag for tag in LANGUAGES if any(_wording(field.label[tag]) in shown for field in consents)
        ] or LANGUAGES
        names = ", ".join(field.name for field in consents)
        there = any(control.name.lower() == "_language" for control in self._form.controls)
        wrong = f"is not a hidden field with {' or '.join(LANGUAGES)}" if there else "is missing"
        message = f"{wrong}, so that the visitor's browser decides which wording of {names} is stored"
        remedy = " or ".join(f'<input type="hidden" name="_language" value="{tag}">' for tag in languages)
        yield self._mistake(
            "_language", message, f"use {remedy}" if there else f"add {remedy}", self._controls[consents[0].name]
        )

    def _wrong_limits(self, field: Field, control: Control) -> Iterator[Mistake]:
        texts = field.type not in ("number", "date")
        names = ("minlength", "maxlength") if texts else ("min", "max")
        for name, limit, sign in zip(names, (field.min, field.max), (1, -1), strict=True):
            given = _limit(field.type, control.attributes.get(name, ""))
            allowed = _limit(field.type, limit or "")
            if given is None or allowed is None:
                continue
            if (given < allowed) if sign > 0 else (given > allowed):  # type: ignore[operator]  # of one kind
                message = f"allows {name} {control.attributes[name].strip()}, but the server {limit}"
                yield self._mistake(field.name, message, f'use {name}="{limit}"', [control])


def _fits(field: Field, control: Control) -> bool:
    if control.type in ("submit", "image"):
        return field.type in ("text", "choice")
    if field.type == "choice" and control.multiple:
        return False
    return control.type in _FITTING[field.type]


def _language_of(form: SiteForm) -> Language | None:
    """Return the language that a form says it is in, or None if that is left to the browser."""
    said = [control for control in form.controls if control.name.lower() == "_language"]
    if said:
        return known_language(said[0].offered[0]) if len(said) == 1 and said[0].type == "hidden" else None
    asked = {
        known_language("".join(parse_qs(urlsplit(target.url).query).get("language", ()))) for target in form.targets
    }
    return asked.pop() if len(asked) == 1 else None


def _wording(text: str) -> str:
    """Return a wording for comparison, without the mark for required fields, and independent of typography."""
    plain_text = " ".join(unicodedata.normalize("NFC", text).replace("’", "'").split())
    return _MARK.sub("", plain_text)


def _called(control: Control) -> str:
    if control.type in ("select", "textarea"):
        return f"a <{control.type}{' multiple' if control.multiple else ''}>"
    return f'an <input type="{control.type}">' if control.type != "submit" else "a button"


def _limit(kind: str, text: str) -> Decimal | str | None:
    """Return a limit of a field or a control for comparison, or None if there is none."""
    text = text.strip()
    if kind == "date":
        return text if _DAY.fullmatch(text) else None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _likeness(name: str, other: str) -> float:
    return SequenceMatcher(None, _letters(name), _letters(other)).ratio()


def _letters(name: str) -> str:
    """Return the letters and digits of a name, without accents, in lower case."""
    return plain(name).replace(" ", "")


def where(places: Iterable[Place], most: int = 3) -> str:
    """Return places as `contact.html:12`, with the number of those beyond the first few."""
    listed = [f"{place.file}:{place.line}" for place in places]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return f"{', '.join(listed[:most])}{more}"
