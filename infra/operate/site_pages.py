"""The forms in the pages of a built site, as a browser would read and post them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib

SUFFIXES = (".html", ".htm", ".xhtml")
# Where a page is served does not matter: only paths and the hosts of other sites are compared.
_SITE = "https://site.invalid/"
# A page without any of these has no form for Guichet, and is not parsed.
_WORTH_PARSING = re.compile(rb"<form\b", re.IGNORECASE)
# Attributes that the parser adds: a tag's line, a form's number, and the number of the form that owns a tag.
_LINE, _NUMBER, _OWNER = ":line", ":number", ":owner"
_CONTROLS = ("input", "select", "textarea", "button")
_INPUT_TYPES = (
    "hidden", "text", "search", "tel", "url", "email", "password", "date", "month", "week", "time", "datetime-local",
    "number", "range", "color", "checkbox", "radio", "file", "submit", "image", "reset", "button",
)  # fmt: skip
# These post nothing.
_NEVER_POSTED = ("reset", "button")
_SUBMITTING = ("submit", "image")
# Their text labels nothing.
_NO_TEXT = ("script", "style", "template", "select", "textarea", "datalist")
# Their text is on separate lines.
_BREAKING = (
    "br", "hr", "p", "div", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6",
)  # fmt: skip
# The rest of a page: a link to the privacy policy there is on every page, and does not belong to a form.
_ELSEWHERE = ("header", "footer", "nav", "aside")
_SECTIONS = ("main", "article", "section", "body", "html")
NOTICE_CLASS = "guichet-notice"
_PRIVACY = re.compile(
    r"privacy|confidentialite|vie privee|donnees (?:a caractere )?personnel|protection des donnees|data protection|"
    r"personal data|\brgpd\b|\bgdpr\b"
)


@dataclass(frozen=True)
class Place:
    """A line of a file of the site."""

    file: str
    line: int


@dataclass(frozen=True)
class Control:
    """A control of a form that posts something.

    `type` is that of an input, or `select`, `textarea` or `submit`. `offered` are the values that can be posted, if the
    control offers any. `label` is its label's text, with single spaces.
    """

    name: str
    type: str
    place: Place
    attributes: Mapping[str, str]
    offered: tuple[str, ...] = ()
    multiple: bool = False
    label: str = ""


@dataclass(frozen=True)
class Target:
    """Where and how a form is posted: its own target, or that of one of its buttons."""

    url: str
    method: str
    enctype: str

    @property
    def path(self) -> str:
        """The path of the address."""
        return urlsplit(self.url).path

    @property
    def host(self) -> str:
        """The host of the address, or an empty string if it is the site's own."""
        host = urlsplit(self.url).netloc.lower()
        return "" if host == urlsplit(_SITE).netloc else host


@dataclass(frozen=True)
class SiteForm:
    """A form of a page."""

    place: Place
    # Empty if it has no action, or one that is not HTTP.
    targets: tuple[Target, ...]
    action: str
    # Whether it has the attribute `data-guichet`.
    marked: bool
    controls: tuple[Control, ...]
    has_notice: bool


def pages_of(folder: Path) -> Iterator[Path]:
    """Yield the pages in a folder, in the order of their paths."""
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file())


def forms_of(page: Path, folder: Path) -> list[SiteForm]:
    """Return the forms of a page."""
    source = page.read_bytes()
    return _Page(source, page.relative_to(folder).as_posix()).forms() if _WORTH_PARSING.search(source) else []


class _Tree(html5lib.getTreeBuilder("etree")):  # type: ignore[misc]  # it has no types
    """Records each tag's line, and the form that owns it: in a misnested page, a form does not enclose its controls."""

    parser: html5lib.HTMLParser

    def __init__(self, namespace_elements: object) -> None:
        super().__init__(namespace_elements)
        self._numbers = count()

    def insertElementNormal(self, token: dict[str, Any]) -> Any:  # noqa: N802  html5lib's name
        """Insert an element."""
        return super().insertElementNormal(self._noted(token))

    def createElement(self, token: dict[str, Any]) -> Any:  # noqa: N802  html5lib's name
        """Create an element."""
        return super().createElement(self._noted(token))

    def _noted(self, token: dict[str, Any]) -> dict[str, Any]:
        # Elements made for a missing tag have none.
        if self.parser.tokenizer is not None:
            token["data"][_LINE] = str(self.parser.tokenizer.stream.position()[0])
        if token["name"] == "form":
            token["data"].setdefault(_NUMBER, str(next(self._numbers)))
        if self.formPointer is not None:
            token["data"][_OWNER] = self.formPointer.attributes[_NUMBER]
        return token


def _parsed(source: bytes) -> Element:
    parser = html5lib.HTMLParser(_Tree, namespaceHTMLElements=False)
    parser.tree.parser = parser
    root: Element = parser.parse(source, likely_encoding="utf-8")
    return root


class _Page:
    def __init__(self, source: bytes, file: str) -> None:
        self._file = file
        self._root = _parsed(source)
        # As the parser counts them.
        self._lines = re.split(r"\r\n|\r|\n", source.decode("utf-8", "replace").lower())
        self._elements = [element for element in self._root.iter() if isinstance(element.tag, str)]

    @cached_property
    def _parents(self) -> dict[Element, Element]:
        return {child: parent for parent in self._root.iter() for child in parent}

    @cached_property
    def _by_id(self) -> dict[str, Element]:
        # The first one counts.
        return {element.get("id", ""): element for element in reversed(self._elements) if element.get("id")}

    @cached_property
    def _labels(self) -> dict[str, list[Element]]:
        labels: dict[str, list[Element]] = {}
        for element in self._elements:
            if element.tag == "label" and element.get("for"):
                labels.setdefault(element.get("for", ""), []).append(element)
        return labels

    @cached_property
    def _base(self) -> str:
        address = _joined(_SITE, self._file)
        bases = (element.get("href", "") for element in self._elements if element.tag == "base" and element.get("href"))
        return _joined(address, next(bases, ""))

    def forms(self) -> list[SiteForm]:
        """Return the forms of the page, in its order."""
        forms = [element for element in self._elements if element.tag == "form"]
        owned: dict[Element, list[Element]] = {form: [] for form in forms}
        by_number = {form.get(_NUMBER): form for form in forms}
        for element in self._elements:
            if element.tag in _CONTROLS:
                named = element.get("form")
                owner = self._by_id.get(named) if named is not None else by_number.get(element.get(_OWNER))
                if owner in owned:
                    owned[owner].append(element)
        return [self._form(form, elements) for form, elements in owned.items()]

    def _form(self, form: Element, elements: list[Element]) -> SiteForm:
        return SiteForm(
            self._place(form),
            tuple(dict.fromkeys(self._targets(form, elements))),
            _attribute(form, "action"),
            form.get("data-guichet") is not None,
            tuple(self._control(element) for element in elements if _name(element) and self._is_posted(element)),
            self._has_notice(form),
        )

    def _place(self, element: Element) -> Place:
        # The parser knows where a tag ends. It begins on that line or an earlier one.
        end = min(int(element.get(_LINE, "1")), len(self._lines))
        begins = (line for line in range(end, 0, -1) if f"<{element.tag}" in self._lines[line - 1])
        line = next(begins, end)
        return Place(self._file, line)

    def _targets(self, form: Element, elements: list[Element]) -> Iterator[Target]:
        buttons = [element for element in elements if _type(element) in _SUBMITTING and self._is_posted(element)]
        own = [button for button in buttons if button.get("formaction") or button.get("formmethod")]
        for button in own if buttons and len(own) == len(buttons) else [None, *own]:
            given = {
                name: (_attribute(button, f"form{name}") if button is not None else "") or _attribute(form, name)
                for name in ("action", "method", "enctype")
            }
            url = _joined(self._base, given["action"]) if given["action"] else ""
            if urlsplit(url).scheme in ("http", "https"):
                yield Target(url, given["method"].lower() or "get", given["enctype"].lower())

    def _is_posted(self, element: Element) -> bool:
        """Return whether a control is posted: it is neither a plain button nor disabled."""
        if _type(element) in _NEVER_POSTED or element.get("disabled") is not None:
            return False
        child = element
        while (parent := self._parents.get(child)) is not None:
            if parent.tag == "fieldset" and parent.get("disabled") is not None:
                # Controls in its first legend are not disabled.
                legend = next((part for part in parent if part.tag == "legend"), None)
                if child is not legend:
                    return False
            child = parent
        return True

    def _control(self, element: Element) -> Control:
        kind = _type(element)
        offered: tuple[str, ...] = ()
        if kind == "select":
            enabled = (option for option in element.iter("option") if option.get("disabled") is None)
            offered = tuple(_attribute(option, "value", _single_spaced(_text(option))) for option in enabled)
        elif kind in ("radio", "checkbox"):
            offered = (_attribute(element, "value", "on"),)
        elif kind == "hidden":
            offered = (_attribute(element, "value"),)
        attributes = {name: value for name, value in element.items() if not str(name).startswith(":")}
        multiple = kind == "select" and element.get("multiple") is not None
        return Control(_name(element), kind, self._place(element), attributes, offered, multiple, self._label(element))

    def _label(self, element: Element) -> str:
        """Return the label of a control, or an empty string. Visible labels come first."""
        referred = [self._by_id[name] for name in element.get("aria-labelledby", "").split() if name in self._by_id]
        # With a pattern, a title describes the pattern (HTML, "The pattern attribute").
        title = "" if element.get("pattern") else _attribute(element, "title")
        return (
            _joined_text(self._labels_of(element))
            or _joined_text(referred)
            or _single_spaced(_attribute(element, "aria-label") or title)
        )

    def _labels_of(self, element: Element) -> list[Element]:
        identifier = element.get("id", "")
        labels = [*self._labels.get(identifier, [])] if self._by_id.get(identifier) is element else []
        around = next((parent for parent in self._ancestors(element) if parent.tag == "label"), None)
        # It labels the first control in it.
        if (
            around is not None
            and around.get("for") is None
            and next((part for part in around.iter() if part.tag in _CONTROLS), None) is element
        ):
            labels.append(around)
        return labels

    def _ancestors(self, element: Element) -> Iterator[Element]:
        parent = self._parents.get(element)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent)

    def _has_notice(self, form: Element) -> bool:
        described = [self._by_id[name] for name in form.get("aria-describedby", "").split() if name in self._by_id]
        return any(map(_is_notice, (form, *described, *self._beside(form))))

    def _beside(self, form: Element) -> Iterator[Element]:
        """Yield the elements directly before and after a form, or those that wrap only the form."""
        element = form
        while (parent := self._parents.get(element)) is not None and element.tag not in _SECTIONS:
            siblings = [child for child in parent if isinstance(child.tag, str)]
            at = siblings.index(element)
            yield from (one for one in siblings[max(0, at - 1) : at + 2] if one.tag not in _ELSEWHERE)
            if len(siblings) > 1:
                return
            element = parent


def _is_notice(element: Element) -> bool:
    return any(
        NOTICE_CLASS in part.get("class", "").split()
        or (part.tag == "a" and _PRIVACY.search(plain(f"{_text(part)} {part.get('href', '')}")))
        for part in element.iter()
        if isinstance(part.tag, str)
    )


def plain(text: str) -> str:
    """Return a text in lower case, without accents, with blanks in place of anything between words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(
        r"[\W_]+", " ", "".join(character for character in decomposed if not unicodedata.combining(character))
    )


def _type(element: Element) -> str:
    match element.tag:
        case "input":
            given = element.get("type", "text").strip().lower()
            return given if given in _INPUT_TYPES else "text"
        case "button":
            given = element.get("type", "submit").strip().lower()
            return given if given in _NEVER_POSTED else "submit"
        case tag:
            return tag


def _name(element: Element) -> str:
    name = _attribute(element, "name")
    return f"{name}.x" if name and _type(element) == "image" else name


def _attribute(element: Element, name: str, otherwise: str = "") -> str:
    return element.get(name, otherwise).strip()


def _joined_text(elements: Iterable[Element]) -> str:
    return _single_spaced(" ".join(map(_text, elements)))


def _single_spaced(text: str) -> str:
    # This includes no-break spaces.
    return " ".join(text.split())


def _text(element: Element) -> str:
    return "".join(_texts(element))


def _texts(element: Element) -> Iterable[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _NO_TEXT and child.get("hidden") is None:
            around = " " if child.tag in _BREAKING else ""
            yield around
            yield from [child.get("alt", "")] if child.tag == "img" else _texts(child)
            yield around
        yield child.tail or ""


def _joined(base: str, address: str) -> str:
    """Return an address as seen from a page. An invalid address leads nowhere."""
    try:
        joined = urljoin(base, address)
        urlsplit(joined).port  # noqa: B018  reading it is the check
    except ValueError:
        return ""
    return joined
