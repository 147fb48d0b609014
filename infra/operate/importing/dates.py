"""Dates as mailing tools and spreadsheets write them."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

# Whether 05/06/2024 is 5 June or May 6.
Order = Literal["day-first", "month-first"]

# How tools write "never".
_NEVER = re.compile(r"0+[-/.]0+[-/.]0+([ T]0+:0+(:0+)?)?|1970-01-01([ T]00:00(:00)?)?Z?|0001-01-01 00:00:00 \+0000 UTC")
# Every date format has one of these: three numbers, many digits, or a name with a day and a year.
_MAYBE = re.compile(r"\d\D+\d+\D+\d|\d{8}|[^\W\d]{3}.*\d{4}")
_EPOCH = re.compile(r"(\d{9,10})(\d{3})?(\.\d+)?")
_MONTHS = (
    ("jan",), ("feb", "fev"), ("mar",), ("apr", "avr"), ("may", "mai"), ("jun", "juin"), ("jul", "juil"),
    ("aug", "aou"), ("sep",), ("oct",), ("nov",), ("dec",),
)  # fmt: skip
_TIME = (
    r"(?:[ ,T]*(?:at|à|a)?[ ,T]*(?P<hour>\d{1,2})[:h](?P<minute>\d{2})?(?::(?P<second>\d{2})(?:[.,](?P<part>\d+))?)?"
    r" ?(?P<half>[ap]\.?m\.?)?)?"
    # Go writes both, as in `+0200 CEST` and `+0000 +0000`.
    r" ?(?P<zone>Z|(?:UTC|GMT)[+-]\d(?!\d)|(?:UTC|GMT)?[+-]\d{2}:?(?:\d{2})?(?: (?:[A-Z]{2,5}|[+-]\d{2,4}))?"
    r"|[A-Z]{3,4}(?![a-z]))?"
    r"(?: ?\([^)]*\))?"
)
_NUMBERS = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<between>[-/.])(?P<two>\d{{1,2}})(?P=between)(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}", re.IGNORECASE)
_DAY = r"(?P<day>\d{1,2})(?:er|st|nd|rd|th)?"
_WEEKDAY = r"(?:[^\W\d]{2,9}\.?,? )?"
_DAY_AND_NAME = re.compile(
    rf"{_WEEKDAY}{_DAY}[ -](?P<name>[^\W\d]{{3,9}})\.?,?[ -](?P<year>\d{{4}}){_TIME}", re.IGNORECASE
)
_NAME_AND_DAY = re.compile(rf"{_WEEKDAY}(?P<name>[^\W\d]{{3,9}})\.? {_DAY},? (?P<year>\d{{4}}){_TIME}", re.IGNORECASE)
# CST and others are ambiguous without a country. These are as mail software reads them (RFC 5322, 4.3).
_ZONES = {
    **dict.fromkeys(("Z", "UTC", "GMT", "WET"), 0), **dict.fromkeys(("CET", "BST", "WEST"), 1), "CEST": 2,
    "EDT": -4, **dict.fromkeys(("EST", "CDT"), -5), **dict.fromkeys(("CST", "MDT"), -6),
    **dict.fromkeys(("MST", "PDT"), -7), "PST": -8,
}  # fmt: skip
_SERIAL = re.compile(r"([2-5]\d{4})(?:[.,](\d+))?")
# Day 0 in spreadsheets, which have a 29 February 1900.
_DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
_NOON = 12
_CENTURY = 2000
_ACCENTS = str.maketrans("éèêûôÉÈÊÛÔ", "eeeuoEEEUO")


def never(text: str) -> bool:
    """Return whether a date cell says "never", in one of the ways that databases write it."""
    return bool(_NEVER.fullmatch(text.strip()))


def order_of(text: str) -> Order | Literal["either"] | None:
    """Return the order of day and month that a date proves, `either` if it is ambiguous, or None if it has none."""
    found = _NUMBERS.fullmatch(text.strip())
    if found is None:
        return None
    one, two = int(found["one"]), int(found["two"])
    # Nobody writes dots with the month first.
    if one > _NOON or found["between"] == ".":
        return "day-first"
    if two > _NOON or found["half"]:
        return "month-first"
    return None if one == two else "either"


def parse(text: str, order: Order | None = "day-first") -> datetime | None:
    """Return the time that a text gives, in UTC, or None if it is not a date. Without a zone, UTC is assumed.

    `order` decides ambiguous dates; if it is None, they are not read.
    """
    # OverflowError: in UTC, the time is before year 1 or after year 9999.
    with suppress(ValueError, OverflowError):
        text = " ".join(text.split())
        if _MAYBE.search(text):
            return _parsed(text, order)
    return None


def _parsed(text: str, order: Order | None) -> datetime | None:
    if found := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]), UTC)
    if not text.isdigit() or len(text) == len("20240531"):
        with suppress(ValueError):
            given = datetime.fromisoformat(text)
            return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    if found := _NUMBERS.fullmatch(text):
        return _by_numbers(found, text, order)
    if found := _YEAR_FIRST.fullmatch(text):
        return _at(found, int(found["year"]), int(found["month"]), int(found["day"]))
    if found := _DAY_AND_NAME.fullmatch(text) or _NAME_AND_DAY.fullmatch(text):
        return _at(found, int(found["year"]), _month(found["name"]), int(found["day"]))
    return None


def _by_numbers(found: re.Match[str], text: str, order: Order | None) -> datetime | None:
    sure = order_of(text)
    used = order if sure == "either" else sure or "day-first"
    if used is None:
        return None
    day, month = (found["one"], found["two"])[:: 1 if used == "day-first" else -1]
    year = int(found["year"]) + (_CENTURY if len(found["year"]) == len("24") else 0)
    return _at(found, year, int(month), int(day))


def _at(found: re.Match[str], year: int, month: int, day: int) -> datetime:
    hour = int(found["hour"] or 0)
    if half := found["half"]:
        hour = hour % _NOON + (_NOON if half[0] in "pP" else 0)
    at = datetime(
        year, month, day, hour, int(found["minute"] or 0), int(found["second"] or 0), _microsecond(found),
        tzinfo=timezone(_offset((found["zone"] or "Z").upper())),
    )  # fmt: skip
    return at.astimezone(UTC)


def _microsecond(found: re.Match[str]) -> int:
    return int((found["part"] or "0").ljust(6, "0")[:6])


def _offset(text: str) -> timedelta:
    """Return a zone's offset from UTC. Raises ValueError for an unknown zone."""
    if zone := re.search(r"([+-])(\d{1,2}):?(\d{2})?", text):
        offset = timedelta(hours=int(zone[2]), minutes=int(zone[3] or 0))
        return -offset if zone[1] == "-" else offset
    if text not in _ZONES:
        raise ValueError(text)
    return timedelta(hours=_ZONES[text])


def serial(text: str) -> datetime | None:
    """Return the time of a spreadsheet's serial date, such as 45443 for 2024-05-31, or None if it is not one."""
    found = _SERIAL.fullmatch(text.strip())
    if found is None:
        return None
    return (_DAY_ZERO + timedelta(days=int(found[1]) + float(f"0.{found[2] or 0}"))).replace(microsecond=0)


def _month(name: str) -> int:
    """Return a month's number by its English or French name, full or abbreviated. Raises ValueError."""
    plain = name.lower().translate(_ACCENTS)
    for number, beginnings in enumerate(_MONTHS, 1):
        if any(plain.startswith(one) for one in beginnings):
            return number
    raise ValueError(name)
