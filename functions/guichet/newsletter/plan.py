"""What sending an issue means: how many readers, in which language, what it costs, and about how long it takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Literal
from zoneinfo import ZoneInfo

from guichet.locales import Language

# An issue's share of the account's rate and daily quota, as in the function Issues.
SHARE = 0.8
# The most copies per second that this function can send, whatever SES allows.
MOST_A_SECOND = 160.0
# SES's price for a thousand emails, in US dollars, by the plan that GetAccount returns. Without a plan, the price from
# before July 2026 applies.
_PRICES = {"NONE": (0.10, 0.10), "ESSENTIALS": (0.16, 0.16)}
_UNKNOWN_PRICE = (0.10, 0.16)
# The price of Lambda and DynamoDB for a thousand readers, in US dollars, rounded up: six write units each (the row, its
# claim, its outcome, SES's events) at 0.625 dollars a million, a tenth of a second of a run, and two SES events.
BESIDES = 0.01
_MINUTE, _HOUR, DAY = 60, 3600, 86_400

Unit = Literal["minute", "hour", "day"]


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
        """What a thousand emails cost, in US dollars: the lowest and the highest possible price."""
        return _PRICES.get(self.plan, _UNKNOWN_PRICE)

    @property
    def is_paused(self) -> bool:
        """Whether SES has paused all sending."""
        return not self.sends or self.per_second <= 0 or self.per_day == 0


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


@dataclass(frozen=True)
class Audience:
    """Who gets an issue: its readers by preferred language, and the issue's languages."""

    readers: Mapping[Language, int]
    languages: Sequence[Language]

    @property
    def count(self) -> int:
        """How many readers get it."""
        return sum(self.readers.values())

    @property
    def other(self) -> Language:
        """The language for readers whose own is missing, as the function Issues chooses it."""
        return min(self.languages)

    @property
    def by_language(self) -> dict[Language, int]:
        """How many readers get it in each language: their own or, if the issue lacks it, the other one."""
        counts: Counter[Language] = Counter()
        for language, count in self.readers.items():
            counts[language if language in self.languages else self.other] += count
        return {language: counts[language] for language in self.languages}

    @property
    def read_in(self) -> dict[Language, int]:
        """`by_language` without the languages that nobody reads, unless there are no readers at all."""
        return {language: count for language, count in self.by_language.items() if count or not self.count}

    @property
    def other_language(self) -> dict[Language, int]:
        """How many readers get it in a language other than their own, by their own language."""
        return {language: count for language, count in self.readers.items() if language not in self.languages}


@dataclass(frozen=True)
class Plan(Audience):
    """An issue that may be sent: who gets it, and the account that sends it."""

    account: Account

    @property
    def pace(self) -> float:
        """How many copies go out per second: four fifths of the rate, or as many as the function Issues can send."""
        return min(self.account.per_second * SHARE, MOST_A_SECOND)

    @property
    def seconds(self) -> float:
        """About how long it takes, at its pace and with four fifths of the 24-hour quota."""
        by_rate = self.count / self.pace
        if self.account.per_day is None:
            return by_rate
        a_day = self.account.per_day * SHARE
        beyond = self.count - max(0.0, a_day - self.account.used)
        # The quota covers a sliding 24 hours, so that whatever exceeds it waits for days.
        return max(by_rate, ceil(beyond / a_day) * DAY if beyond > 0 and a_day > 0 else 0)

    @property
    def a_day(self) -> float | None:
        """The most that go out in 24 hours, if that quota is what makes it take so long."""
        if self.account.per_day is None or self.seconds < DAY:
            return None
        return self.account.per_day * SHARE

    @property
    def dollars(self) -> tuple[float, float]:
        """What it costs, in US dollars: the lowest and the highest possible price."""
        low, high = (self.count * (price + BESIDES) / 1000 for price in self.account.prices)
        return low, high


def rounded(seconds: float) -> tuple[int, Unit] | None:
    """Return a duration, rounded as people would say it, or None if it is less than a minute."""
    if seconds < _MINUTE:
        return None
    units: tuple[tuple[int, Unit], ...] = ((DAY, "day"), (_HOUR, "hour"))
    for size, name in units:
        # Anything below two units uses the smaller unit: 90 minutes, 36 hours.
        if seconds >= 2 * size:
            return round(seconds / size), name
    return max(1, round(seconds / _MINUTE)), "minute"


# --- when -------------------------------------------------------------------------------------------------------------

# Any later, the text would expire before it is sent.
FARTHEST = timedelta(days=330)


class NoTimeError(Exception):
    """A time at which an issue cannot start. `times` are the times for a sentence about it, in the time zone.

    `past` and `far` have the time itself, `missing` an existing time after the clocks go forward, `twice` both times
    when the clocks go back.
    """

    def __init__(self, code: Literal["past", "far", "missing", "twice"], *times: datetime) -> None:
        super().__init__(code)
        self.code = code
        self.times = times


def start_at(given: datetime, zone_name: str, now: datetime) -> datetime:
    """Return, in UTC, the time at which an issue starts. `given` is in the time zone unless it has an offset.

    Raises NoTimeError.
    """
    zone = ZoneInfo(zone_name)
    try:
        at = given.astimezone(UTC) if given.tzinfo else _local(given, zone)
    except OverflowError:
        # On the first or the last day that datetime supports; browsers accept both.
        raise NoTimeError("past" if given.year < now.year else "far", given.replace(tzinfo=zone)) from None
    if at <= now:
        raise NoTimeError("past", at.astimezone(zone))
    if at - now > FARTHEST:
        raise NoTimeError("far", at.astimezone(zone))
    return at


def _local(given: datetime, zone: ZoneInfo) -> datetime:
    first, second = (given.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != given:
        # The clocks go forward: the time does not exist.
        raise NoTimeError("missing", first.astimezone(UTC).astimezone(zone))
    raise NoTimeError("twice", first, second)
