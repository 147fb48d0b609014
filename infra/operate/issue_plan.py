"""What sending an issue means: to how many readers, in which language, for how much, and about how long it takes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from guichet.locales import LANGUAGES, Language
from guichet.records.subscriber import Subscriber
from infra.operate.connection import OperatorError
from infra.operate.output import counted
from infra.operate.queries import Advance, records

# What an issue takes of the account's rate and daily quota. The function Issues has the same.
SHARE = 0.8
# How many copies a second that function sends at most, however many SES allows.
MOST_A_SECOND = 160.0
# What SES bills for a thousand emails, in US dollars, by the plan that GetAccount tells. Without a plan it is the price
# of before July 2026.
_PRICES = {"NONE": (0.10, 0.10), "ESSENTIALS": (0.16, 0.16)}
_UNKNOWN_PRICE = (0.10, 0.16)
# What Lambda and DynamoDB bill for a thousand readers, in US dollars, rounded up: six write units each (their row, its
# claim, its mark, SES's events) at 0.625 dollars a million, a tenth of a second of a run, and two events of SES.
_BESIDES = 0.01
_CENT = 0.01
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Account:
    """What SES allows the account (SES API v2, GetAccount). None means unlimited."""

    per_second: float
    per_day: float | None
    used: float
    in_production: bool
    sends: bool
    plan: str

    @property
    def prices(self) -> tuple[float, float]:
        """What a thousand emails cost, in US dollars: at least and at most, as far as is known."""
        return _PRICES.get(self.plan, _UNKNOWN_PRICE)


def account_of(client: Any) -> Account:
    """Return what SES allows the account."""
    found = client.get_account()
    quota = found.get("SendQuota", {})
    per_day = float(quota.get("Max24HourSend", -1))
    return Account(
        per_second=float(quota.get("MaxSendRate", 1)),
        per_day=None if per_day < 0 else per_day,
        used=float(quota.get("SentLast24Hours", 0)),
        in_production=bool(found.get("ProductionAccessEnabled")),
        sends=bool(found.get("SendingEnabled", True)),
        plan=str(found.get("PricingAttributes", {}).get("CurrentPlan", "")),
    )


def readers_by_language(table: str, advance: Advance) -> dict[Language, int]:
    """Count the confirmed subscribers by language. Reads the whole table."""
    counts = Counter(one.language for one in records(table, Subscriber, advance) if one.state == "confirmed")
    return {language: counts[language] for language in LANGUAGES if counts[language]}


@dataclass(frozen=True)
class Plan:
    """An issue that may be sent: its readers by their own language, its editions, and the account."""

    readers: Mapping[Language, int]
    languages: Sequence[Language]
    account: Account

    @property
    def count(self) -> int:
        """How many readers get it."""
        return sum(self.readers.values())

    @property
    def other(self) -> Language:
        """The language for those whose own it does not have, as the function Issues chooses it."""
        return min(self.languages)

    @property
    def by_language(self) -> dict[Language, int]:
        """How many readers get it, by the language in which they do: their own or, where it has none, the other."""
        counts: Counter[Language] = Counter()
        for language, count in self.readers.items():
            counts[language if language in self.languages else self.other] += count
        return {language: counts[language] for language in self.languages}

    @property
    def other_language(self) -> dict[Language, int]:
        """How many readers get it in another language than their own, by their own."""
        return {language: count for language, count in self.readers.items() if language not in self.languages}

    @property
    def pace(self) -> float:
        """How many copies go out a second: four fifths of the rate, or what the function Issues can do."""
        return min(self.account.per_second * SHARE, MOST_A_SECOND)

    @property
    def seconds(self) -> float:
        """About how long it takes: at its pace, and at four fifths of the quota of 24 hours."""
        by_rate = self.count / self.pace
        if self.account.per_day is None:
            return by_rate
        a_day = self.account.per_day * SHARE
        beyond = self.count - max(0.0, a_day - self.account.used)
        # The quota is counted over the last 24 hours, so that what is beyond it waits for days.
        return max(by_rate, ceil(beyond / a_day) * _DAY if beyond > 0 and a_day > 0 else 0)

    @property
    def dollars(self) -> tuple[float, float]:
        """What it costs, in US dollars: at least and at most, as far as is known."""
        low, high = (self.count * (price + _BESIDES) / 1000 for price in self.account.prices)
        return low, high

    def sentences(self) -> Iterator[str]:
        """Yield what sending it means, for people."""
        parts = [f"{count:,} in {language}" for language, count in self.by_language.items()]
        yield f"It goes to {counted(self.count, 'reader')}: {', '.join(parts)}."
        for language, count in self.other_language.items():
            yield f"Of these, {count:,} asked for {language}, which it does not have: they get {self.other}."
        yield f"It costs {_dollars(*self.dollars)}: {self._prices()}, Lambda and DynamoDB {_BESIDES:.2f}."
        yield f"It takes {duration(self.seconds)}: {self._pace()}."

    def _prices(self) -> str:
        low, high = self.account.prices
        if low == high:
            return f"SES bills {low:.2f} for 1,000 emails"
        if self.account.plan:
            return f"SES bills {low:.2f} to {high:.2f} for 1,000 emails, or more with the plan {self.account.plan}"
        return f"SES bills {low:.2f} to {high:.2f} for 1,000 emails, by the account's plan"

    def _pace(self) -> str:
        why = "four fifths of what SES allows" if self.pace < MOST_A_SECOND else "as many as the function Issues can"
        rate = f"{self.pace:g} emails a second, {why}"
        if self.account.per_day is None or self.seconds < _DAY:
            return rate
        a_day = self.account.per_day * SHARE
        return f"{a_day:,.0f} emails in 24 hours, four fifths of what SES allows, less {self.account.used:,.0f} sent"


def must_send(account: Account) -> None:
    """Raise OperatorError if SES sends to nobody, or to verified addresses only."""
    if not account.in_production:
        raise OperatorError(
            "SES is in its sandbox, and sends to verified addresses only: ask AWS for production access, as `guichet "
            "doctor` says"
        )
    if not account.sends or account.per_second <= 0 or account.per_day == 0:
        raise OperatorError("SES has paused the account: `guichet doctor` says where to see why")


def duration(seconds: float) -> str:
    """Return about how long something takes, in words."""
    if seconds < _MINUTE:
        return "less than a minute"
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        # Up to two units are told in the smaller one: 90 minutes, 36 hours.
        if seconds >= 2 * unit or unit == _MINUTE:
            return f"about {counted(max(1, round(seconds / unit)), name)}"
    raise AssertionError


def _dollars(low: float, high: float) -> str:
    if high < _CENT:
        return "less than a cent"
    if f"{low:,.2f}" == f"{high:,.2f}":
        return f"about {high:,.2f} US dollars"
    return f"about {low:,.2f} to {high:,.2f} US dollars"


# --- when -------------------------------------------------------------------------------------------------------------

# Later, the text would be gone before it is sent.
FARTHEST = timedelta(days=330)


def moment(text: str, zone_name: str, now: datetime) -> datetime:
    """Return a time that was given as `YYYY-MM-DD HH:MM`, in a time zone. Raises OperatorError if it is not one.

    Where clocks are put back, an hour comes twice: then the offset from UTC says which, as in `02:30+01:00`.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        given = None
    # A day alone would be midnight.
    if given is None or ":" not in text:
        raise OperatorError(f'{text!r} is no time: write it as "2026-12-24 08:00"')
    zone = ZoneInfo(zone_name)
    at = given.astimezone(UTC) if given.tzinfo else _local(given, zone)
    if at <= now:
        raise OperatorError(f"{in_words(at, zone_name)} is past")
    if at - now > FARTHEST:
        raise OperatorError(f"{in_words(at, zone_name)} is more than {FARTHEST.days} days ahead: schedule it later")
    return at


def _local(given: datetime, zone: ZoneInfo) -> datetime:
    first, second = (given.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != given:
        # Clocks are put forward: the time does not exist.
        later = first.astimezone(UTC).astimezone(zone)
        raise OperatorError(
            f"{given:%Y-%m-%d %H:%M} does not exist in {zone.key}, where clocks are put forward: "
            f'write "{later:%Y-%m-%d %H:%M}", say'
        )
    once, again = (f'"{one:%Y-%m-%d %H:%M}{_offset(one)}"' for one in (first, second))
    raise OperatorError(
        f"{given:%Y-%m-%d %H:%M} comes twice in {zone.key}, where clocks are put back: write {once} or {again}"
    )


def _offset(at: datetime) -> str:
    text = at.strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def in_words(at: datetime, zone_name: str) -> str:
    """Return a time in a time zone, with its offset from UTC, since it may come twice."""
    local = at.astimezone(ZoneInfo(zone_name))
    return f"{local:%Y-%m-%d %H:%M} ({zone_name}, UTC{_offset(local)})"
