"""The owner's own words for emails to visitors and subscribers: `texts.toml`, beside the functions' packages.

Only the notifier, which composes the emails, and the checks of the file import this. What an email must say (why it
comes, how to leave, what if it was somebody else) follows this text and cannot be changed by it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic_core import ValidationError

from guichet import toml_file
from guichet.locales import LANGUAGES, Language
from guichet.model import After, Limit, Model
from guichet.records.outbox import module_of

FILE = Path(__file__).parents[2] / "texts.toml"
# The emails whose text can be replaced, by their names in the file, with the prefix of their sentences' keys.
EMAILS = {
    "confirmation": "confirmation_request",
    "welcome": "welcome",
    "renewal": "renewal",
    "acknowledgement": "acknowledgement",
}
LONGEST_SUBJECT = 150
LONGEST_BODY = 5000

_LINK, _SITE = "{link}", "{site}"
# What looks like a placeholder. A lone brace is just a brace.
_PLACEHOLDER = re.compile(r"\{[^{}\n]*\}")
# Neither typed nor visible, except for the line break.
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


class TextsError(Exception):
    """The file cannot be used. The text names each mistake, by email and language, and says what was expected."""


class Words(NamedTuple):
    """The owner's text for one email: subject, text, and the text's paragraphs around the link, by line.

    And the keys of the sentences with them: why the email comes, what to do if it was somebody else, what the button
    says and until when it works, and how to leave. An email has only those that it needs.
    """

    subject: str
    text: str
    before: tuple[tuple[str, ...], ...]
    after: tuple[tuple[str, ...], ...]
    why: str
    ignore: str
    button: str
    until: str
    leave: str


def _plain(text: str) -> str:
    if found := _CONTROL.search(text):
        raise ValueError(f"expected plain text, but it has the character U+{ord(found[0]):04X}")
    if not text.strip():
        raise ValueError("expected text, but it is empty")
    return text


def _placeholders(text: str, *allowed: str) -> str:
    for found in _PLACEHOLDER.findall(text):
        if found not in allowed:
            raise ValueError(f"expected no placeholder except {' and '.join(allowed)}, but it has {found}")
    return text


def _subject(text: str) -> str:
    if "\n" in text or text != text.strip():
        raise ValueError("expected one line without blanks at its ends")
    return _placeholders(_plain(text), _SITE)


def _body(text: str) -> str:
    return _placeholders(_plain(text), _SITE).strip("\n")


def _body_with_link(text: str) -> str:
    _placeholders(_plain(text), _SITE, _LINK)
    if (count := text.count(_LINK)) != 1:
        raise ValueError(f"expected {_LINK} once, where the link belongs, but it is there {count} times")
    return text.strip("\n")


Subject = Annotated[str, Limit(min_length=1, max_length=LONGEST_SUBJECT), After(_subject)]
Body = Annotated[str, Limit(min_length=1, max_length=LONGEST_BODY), After(_body)]
BodyWithLink = Annotated[str, Limit(min_length=1, max_length=LONGEST_BODY), After(_body_with_link)]


class Text(Model, extra="forbid", strict=True):
    """The words of an email, in one language."""

    subject: Subject
    body: Body


class TextWithLink(Model, extra="forbid", strict=True):
    """The words of an email that is sent for its link, in one language."""

    subject: Subject
    body: BodyWithLink


class Texts(Model, extra="forbid", strict=True):
    """The file: for each email, the languages that have the owner's own words."""

    confirmation: dict[Language, TextWithLink] = {}  # noqa: RUF012  pydantic copies it
    welcome: dict[Language, Text] = {}  # noqa: RUF012
    renewal: dict[Language, TextWithLink] = {}  # noqa: RUF012
    acknowledgement: dict[Language, Text] = {}  # noqa: RUF012

    @property
    def subjects(self) -> list[tuple[str, Language, str]]:
        """The emails and languages whose words are the owner's, and their subjects."""
        own = ((email, language, getattr(self, email).get(language)) for email in EMAILS for language in LANGUAGES)
        return [(email, language, text.subject) for email, language, text in own if text]


def read(content: bytes) -> Texts:
    """Return what a file says. Raises TextsError."""
    try:
        document = toml_file.parse(content)
    except toml_file.EncodingError as error:
        raise TextsError(f"expected UTF-8, but byte {error.at} is not") from None
    except toml_file.SyntaxFaultError as error:
        raise TextsError(f"expected TOML: {error}") from None
    except toml_file.TooDeepError:
        raise TextsError("expected TOML of two levels, such as [welcome.fr]") from None
    try:
        return Texts.model_validate(document)
    except ValidationError as error:
        raise TextsError("\n".join(_told(error))) from None


@cache
def texts() -> Texts:
    """Return the owner's texts, without any if there is no file. Raises TextsError, which names the file."""
    try:
        return read(FILE.read_bytes())
    except FileNotFoundError:
        return Texts()
    except TextsError as error:
        raise TextsError("; ".join(f"{FILE.name}: {mistake}" for mistake in str(error).splitlines())) from None


def words(name: str, language: Language, site: str, link: str) -> Words | None:
    """Return the owner's text for an email of the outbox in a language, with site and link filled in.

    None means Guichet's own text.
    """
    sentences = module_of(name)
    own = next((getattr(texts(), email).get(language) for email, known in EMAILS.items() if known == sentences), None)
    if own is None:
        return None
    placed = {_SITE: site, _LINK: link}

    def place(text: str) -> str:
        # All at once, as a site's name may contain a placeholder.
        return _PLACEHOLDER.sub(lambda found: placed[found[0]], text)

    before, _, after = own.body.partition(_LINK)
    return Words(
        subject=place(own.subject),
        text=place(own.body),
        before=_paragraphs(place(before)),
        after=_paragraphs(place(after)),
        why=f"{sentences}_why",
        ignore=f"{sentences}_ignore",
        button=f"{sentences}_button",
        until=f"{sentences}_until",
        leave=f"{sentences}_leave",
    )


def _paragraphs(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the lines of each paragraph. Blank lines are between them."""
    parts = _BLANK_LINES.split(text.strip("\n"))
    return tuple(tuple(part.split("\n")) for part in parts if part.strip())


def _told(error: ValidationError) -> Iterator[str]:
    """Yield each mistake: where it is, in the file's own notation, and what was expected there."""
    for part in error.errors(include_url=False):
        email, language, field = (*map(str, part["loc"]), "", "", "")[:3]
        place = f"[{email}.{language}]" if language else f"[{email}]"
        is_key = field == "[key]"
        yield f"{place}{f' {field}' if field and not is_key else ''}: {_expected(part, is_key=is_key)}"


def _expected(part: Any, *, is_key: bool) -> str:
    depth = len(part["loc"])
    if is_key:
        return f"there is no such language; expected {' or '.join(LANGUAGES)}"
    of: Mapping[str, Callable[[], str]] = {
        "extra_forbidden": lambda: (
            f"there is no such email; expected {', '.join(EMAILS)}" if depth == 1 else "expected only subject and body"
        ),
        "missing": lambda: "expected text, but it is missing",
        "string_type": lambda: "expected text in quotes",
        "string_too_short": lambda: "expected text, but it is empty",
        "string_too_long": lambda: (
            f"expected at most {part['ctx']['max_length']} characters, but it has {len(part['input'])}"
        ),
        "value_error": lambda: str(part["ctx"]["error"]),
    }
    otherwise = "expected a table with subject and body" if depth > 1 else "expected a table for each language"
    return of.get(part["type"], lambda: otherwise)()
