"""The form for writing an issue: what was typed, the issue parsed from it, and what is wrong with it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guichet.locales import LANGUAGES, Language
from guichet.newsletter.editions import (
    LARGEST_TEXT,
    LONGEST_ID,
    LONGEST_PREHEADER,
    LONGEST_SUBJECT,
    is_issue_id,
    is_web_address,
)
from guichet.records.issue import Edition

# The fields of an edition, each with the language behind it.
PARTS = ("subject", "preheader", "url", "text")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a field: the key of its sentence, and the values for it."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


def name_of(part: str, language: Language) -> str:
    """Return the name of a field."""
    return f"{part}_{language}"


def typed_of(editions: Mapping[Language, Edition]) -> dict[str, str]:
    """Return the form's values for a stored issue."""
    fields: dict[str, str] = {}
    for language, edition in editions.items():
        values = {
            "subject": edition.subject,
            "preheader": edition.preheader,
            "url": edition.url,
            "text": edition.markdown,
        }
        fields |= {name_of(part, language): value for part, value in values.items()}
    return fields


def read(fields: Mapping[str, str]) -> tuple[dict[Language, Edition], dict[str, Mistake]]:
    """Return the editions that were typed, and what is wrong with them by field. Languages left empty are left out."""
    editions: dict[Language, Edition] = {}
    mistakes: dict[str, Mistake] = {}
    for language in LANGUAGES:
        given = {part: fields.get(name_of(part, language), "") for part in PARTS}
        if any(given.values()):
            editions[language] = edition_of(fields, language)
            mistakes |= {name_of(part, language): mistake for part, mistake in _mistakes(given).items()}
    if not editions:
        mistakes[name_of("subject", LANGUAGES[0])] = Mistake("nothing_written")
    return editions, mistakes


def edition_of(fields: Mapping[str, str], language: Language) -> Edition:
    """Return an edition as it was typed, whatever is wrong with it."""
    return Edition(
        subject=fields.get(name_of("subject", language), ""),
        markdown=fields.get(name_of("text", language), ""),
        preheader=" ".join(fields.get(name_of("preheader", language), "").split()),
        url=fields.get(name_of("url", language), ""),
    )


def is_too_large(text: str) -> bool:
    """Return whether the text of an edition is too large to be stored."""
    return len(text.encode()) > LARGEST_TEXT


def _mistakes(given: Mapping[str, str]) -> dict[str, Mistake]:
    found: dict[str, Mistake] = {}
    subject, preheader = given["subject"], " ".join(given["preheader"].split())
    if not subject:
        found["subject"] = Mistake("subject_missing")
    elif len(subject.splitlines()) > 1:
        found["subject"] = Mistake("subject_lines")
    elif len(subject) > LONGEST_SUBJECT:
        found["subject"] = Mistake("too_long", {"most": LONGEST_SUBJECT, "length": len(subject)})
    if len(preheader) > LONGEST_PREHEADER:
        found["preheader"] = Mistake("too_long", {"most": LONGEST_PREHEADER, "length": len(preheader)})
    if given["url"] and not is_web_address(given["url"]):
        found["url"] = Mistake("url_wrong")
    if not given["text"]:
        found["text"] = Mistake("text_missing")
    elif is_too_large(given["text"]):
        size = round(len(given["text"].encode()) / 1024)
        found["text"] = Mistake("text_large", {"most": LARGEST_TEXT // 1024, "size": size})
    return found


def mistake_of_id(text: str) -> Mistake | None:
    """Return what is wrong with the name of a new issue, or None if nothing is."""
    if is_issue_id(text):
        return None
    return Mistake("name_wrong", {"most": LONGEST_ID, "example": _slug(text)})


def _slug(text: str) -> str:
    """Return the valid issue name that is closest to a text."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(one))
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-") or "2027-01"
