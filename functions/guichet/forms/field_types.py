"""The field types of a site's own forms: how each checks an answer, and what it stores.

Checks raise errors named after the codes of the contract. The patterns hold in Python and as `pattern` in HTML, which
reads them as JavaScript does with the flag `v`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from guichet.definitions.definition import Field
from guichet.forms.fields import email_address
from guichet.http.body import parts_of
from guichet.http.request import Request
from guichet.locales import LANGUAGES, Language, locale
from guichet.visible import without_unseen_ends

if TYPE_CHECKING:
    from decimal import Decimal

# Digits and what people write between them, and an extension. Numbers have 15 digits at most (ITU-T E.164).
PHONE_PATTERN = (
    r"(?=(?:[^0-9]*[0-9]){3,21}[^0-9]*$)\+?[0-9 \(\)\.\/\-]+(?:,? ?(?:[xX]|[eE]xt|EXT|[pP]oste|[pP])\.? ?[0-9]{1,6})?"
)
URL_PATTERN = r"[hH][tT][tT][pP][sS]?:\/\/[^\s\/?#\\]\S*"
# Other characters for a hyphen or a space, as found in copied numbers.
_PLAIN = str.maketrans(
    {**dict.fromkeys("\u00a0\u2007\u2009\u202f", " "), **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"), "’": "'"}
)
_BARE_URL = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?:[/?#:]\S*)?")
_CURRENCIES = "€$£ "
_NUMBER = re.compile(r"([+-]?)([0-9][0-9 '.,]*|[.,][0-9]+)(?:[eE]([+-]?0*[0-9]{1,3}))?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([ '.,])[0-9]{3})(?:\1[0-9]{3})*")
_ENGLISH_GROUPS = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")
_LONGEST_NUMBER = 60
# With more digits than this before or after the point, a number is stored with an exponent.
_MOST_DIGITS = 30
_ISO_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_DAY_IN_FIGURES = re.compile(r"([0-9]{1,2}) ?([/. -]) ?([0-9]{1,2}) ?\2 ?([0-9]{4})")
_DAY_IN_WORDS = re.compile(r"([0-9]{1,2})(?: ?er|st|nd|rd|th)?\.?[ -](?:of )?([^\W\d_]{3,})\.?,?[ -]([0-9]{4})")
_DAY_AFTER_MONTH = re.compile(r"([^\W\d_]{3,})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")
_MONTHS_A_YEAR = 12
# The values that an unticked box may post.
UNTICKED = ("", "0", "n", "no", "non", "off", "false", "refuse", "refusé", "refuser", "decline", "declined", "disagree")


def check(field: Field, request: Request, value: object) -> str:
    """Return the value to store for an answer, or an empty string.

    Raises PydanticCustomError with a code of the contract. `context` of the error has the values of its sentence.
    """
    if not isinstance(value, str):
        raise _wrong("TYPE_TEXT")
    if not value:
        if field.required:
            raise _wrong("REQUIRED_FIELD_EMPTY")
        return ""
    checked = _CHECKS[field.type](field, value, request)
    if field.required and not checked:
        raise _wrong("REQUIRED_FIELD_EMPTY")
    return checked


def shown(field: Field, value: str, language: Language) -> str:
    """Return a stored answer for display: choices by their labels, days and numbers formatted for the language.

    Several choices are on one line each.
    """
    words = locale(language)
    match field.type:
        case "choice" | "choices":
            return "\n".join(field.label_of(part, language) for part in value.split("\n"))
        case "date":
            found = _ISO_DAY.fullmatch(value)
            day = _made(found[1], found[3], found[4]) if found else None
            return words.day(datetime(day.year, day.month, day.day)) if day else value  # noqa: DTZ001  a day has no zone
        case "number":
            return words.number(value)
        case _:
            return value


def _wrong(code: str, **values: object) -> PydanticCustomError:
    return PydanticCustomError(code, "see its code", values)


def _text(field: Field, value: str, _request: Request) -> str:
    _check_length(field, value)
    return " ".join(value.split())


def _long_text(field: Field, value: str, _request: Request) -> str:
    _check_length(field, value)
    return value


def _check_length(field: Field, value: str) -> None:
    # As browsers count `maxlength` (HTML Living Standard: "length" is in UTF-16 code units).
    length = len(value) + sum(character > "\uffff" for character in value)
    if field.max and length > int(field.max):
        raise _wrong("TOO_LONG", limit=int(field.max))
    if field.min and length < int(field.min):
        raise _wrong("TOO_SHORT", limit=int(field.min))


def _email(_field: Field, value: str, _request: Request) -> str:
    return email_address(value)


def _phone(field: Field, value: str, _request: Request) -> str:
    number = " ".join(without_unseen_ends(value).translate(_PLAIN).split())
    if len(number) > int(field.max or len(number)) or not re.fullmatch(PHONE_PATTERN, number):
        raise _wrong("TYPE_PHONE")
    return number


def _url(field: Field, value: str, _request: Request) -> str:
    url = without_unseen_ends(value)
    if field.max and len(url) > int(field.max):
        raise _wrong("TOO_LONG", limit=int(field.max))
    if _BARE_URL.fullmatch(url):
        # As people write it.
        url = f"https://{url}"
    if not re.fullmatch(URL_PATTERN, url):
        raise _wrong("TYPE_URL")
    return url


def _number(field: Field, value: str, request: Request) -> str:
    # Only such fields pay for the import.
    from decimal import Decimal  # noqa: PLC0415

    number = _read_number(value, request.language)
    if number is None:
        raise _wrong("TYPE_NUMERIC")
    if field.min is not None and number < Decimal(field.min):
        raise _wrong("NUMBER_TOO_SMALL", limit=locale(request.language).number(field.min))
    if field.max is not None and number > Decimal(field.max):
        raise _wrong("NUMBER_TOO_LARGE", limit=locale(request.language).number(field.max))
    return _plain_number(number)


def _read_number(text: str, language: Language) -> "Decimal | None":
    """Return the number that a text such as `1 234,50` or `$1,234.50` means, or None if it is not a number.

    A single point or comma starts the decimals, as in what a browser's own number field posts; but in a language with a
    decimal point, such as English, `1,234` is more than a thousand.
    """
    from decimal import Decimal  # noqa: PLC0415

    plain = without_unseen_ends(text).translate(_PLAIN).strip(_CURRENCIES)
    found = _NUMBER.fullmatch(plain) if len(plain) <= _LONGEST_NUMBER else None
    if found is None:
        return None
    sign, digits, exponent = found.groups()
    # Pounds and dollars imply English thousands separators.
    english = "." in locale(language).number("0.5") or any(currency in text for currency in "$£")
    mark = max((",", "."), key=digits.rfind)
    groups_only = digits.count(mark) > 1 or (mark == "," and english and _ENGLISH_GROUPS.fullmatch(digits) is not None)
    whole, _, decimals = (digits, "", "") if groups_only or mark not in digits else digits.rpartition(mark)
    grouped = _GROUPED.fullmatch(whole)
    if (whole and not whole.isdigit() and not grouped) or (decimals and not decimals.isdigit()):
        return None
    if grouped and grouped[1] == mark and not groups_only:
        return None
    whole = "".join(filter(str.isdigit, whole))
    return Decimal(f"{sign}{whole or '0'}.{decimals or '0'}e{exponent or 0}")


def _plain_number(number: "Decimal") -> str:
    """Return a number with a point, without groups or needless zeros: `1234.5`."""
    if not number:
        return "0"
    if not -_MOST_DIGITS <= number.adjusted() <= _MOST_DIGITS:
        return str(number)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _date(field: Field, value: str, request: Request) -> str:
    day = _read_day(" ".join(without_unseen_ends(value).translate(_PLAIN).split()), request)
    if day is None:
        raise _wrong("TYPE_DATE")
    if field.min and day < date.fromisoformat(field.min):
        raise _wrong("DATE_TOO_EARLY", limit=shown(field, field.min, request.language))
    if field.max and day > date.fromisoformat(field.max):
        raise _wrong("DATE_TOO_LATE", limit=shown(field, field.max, request.language))
    return day.isoformat()


def _read_day(text: str, request: Request) -> date | None:
    """Return the day that a text means, or None if it is not a day, or is ambiguous."""
    text = _without_weekday(text)
    if found := _ISO_DAY.fullmatch(text):
        return _made(found[1], found[3], found[4])
    if found := _DAY_IN_FIGURES.fullmatch(text):
        first, _, second, year = found.groups()
        day_first, month_first = _made(year, second, first), _made(year, first, second)
        if day_first and month_first and day_first != month_first:
            return {"day": day_first, "month": month_first}.get(_first_in_dates(request))
        return day_first or month_first
    if found := _DAY_IN_WORDS.fullmatch(text):
        return _made(found[3], _month(found[2]), found[1])
    if found := _DAY_AFTER_MONTH.fullmatch(text):
        return _made(found[3], _month(found[1]), found[2])
    return None


def _without_weekday(text: str) -> str:
    """Return the text of a day without a leading `le` and weekday: `le jeudi 31 décembre 2026`."""
    first, _, rest = text.removeprefix("le ").partition(" ")
    names = {folded(name) for language in LANGUAGES for name in locale(language).WEEKDAYS}
    return rest if folded(first.rstrip(",")) in names else text.removeprefix("le ")


def _first_in_dates(request: Request) -> str:
    """Return what comes first in a visitor's numeric date: `day`, `month`, or an empty string if unknown.

    In English it depends on the country, which the browser may or may not tell.
    """
    if locale(request.language).DAY_FIRST:
        return "day"
    tag = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip().lower()
    return {"en-us": "month", "en-ph": "month", "en": "", "": ""}.get(tag, "day")


def _made(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _month(name: str) -> str:
    """Return the number of a month by its name in any language, accents optional, possibly abbreviated, or `0`."""
    begin = folded(name)
    months = [[folded(month) for month in locale(language).MONTHS] for language in LANGUAGES]
    for names in months:
        found = [number for number, month in enumerate(names, 1) if month.startswith(begin)]
        if len(found) == 1:
            return str(found[0])
    # `Sept` is a prefix of September; other usual abbreviations are not prefixes of their month.
    return "0"


def folded(text: str) -> str:
    """Return a text in lower case, without accents and other non-ASCII characters."""
    # Only texts that ask for it pay for the import.
    from unicodedata import normalize  # noqa: PLC0415

    return normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()


def _choice(field: Field, value: str, _request: Request) -> str:
    if value not in {choice.value for choice in field.choices}:
        raise _wrong("NOT_A_CHOICE")
    return value


def _choices(field: Field, value: str, _request: Request) -> str:
    made = set(parts_of(value))
    # In the form's order, not the answer's.
    known = [choice.value for choice in field.choices if choice.value in made]
    if len(known) < len(made):
        raise _wrong("NOT_A_CHOICE")
    if field.min and len(known) < int(field.min):
        raise _wrong("TOO_FEW_CHOICES", limit=int(field.min))
    if field.max and len(known) > int(field.max):
        raise _wrong("TOO_MANY_CHOICES", limit=int(field.max))
    return "\n".join(known)


def _consent(field: Field, value: str, request: Request) -> str:
    """Return the wording that was agreed to, in the language in which the visitor read it."""
    return "" if all(part.lower() in UNTICKED for part in parts_of(value)) else field.label[request.language]


_CHECKS: Mapping[str, Callable[[Field, str, Request], str]] = {
    "text": _text,
    "long_text": _long_text,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "number": _number,
    "date": _date,
    "choice": _choice,
    "choices": _choices,
    "consent": _consent,
}


def schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the core schema for answers to these fields, for pydantic-core. The request is the validation context."""
    return {
        "type": "typed-dict",
        "fields": {
            name: {"type": "typed-dict-field", "required": field.required, "schema": _checked(field)}
            for name, field in fields.items()
        },
    }


def _checked(field: Field) -> dict[str, Any]:
    def function(value: object, info: Any) -> str:
        return check(field, info.context, value)

    return {"type": "function-plain", "function": {"type": "with-info", "function": function}}
