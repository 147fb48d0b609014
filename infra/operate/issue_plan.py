"""What sending an issue means, and when it may start, in words for the commands."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from guichet.newsletter.plan import BESIDES, FARTHEST, MOST_A_SECOND, Account, NoTimeError, Plan, rounded, start_at
from infra.operate.connection import OperatorError
from infra.operate.output import counted

_CENT = 0.01


def sentences(plan: Plan) -> Iterator[str]:
    """Yield what sending an issue means, for people."""
    parts = [f"{count:,} in {language}" for language, count in plan.read_in.items()]
    yield f"It goes to {counted(plan.count, 'reader')}: {', '.join(parts)}."
    for language, count in plan.other_language.items():
        yield f"Of these, {count:,} asked for {language}, which it does not have: they get {plan.other}."
    yield f"It costs {_dollars(*plan.dollars)}: {_prices(plan.account)}, Lambda and DynamoDB {BESIDES:.2f}."
    yield f"It takes {duration(plan.seconds)}: {_pace(plan)}."


def _prices(account: Account) -> str:
    low, high = account.prices
    if low == high:
        return f"SES bills {low:.2f} for 1,000 emails"
    if account.plan:
        return f"SES bills {low:.2f} to {high:.2f} for 1,000 emails, or more with the plan {account.plan}"
    return f"SES bills {low:.2f} to {high:.2f} for 1,000 emails, by the account's plan"


def _pace(plan: Plan) -> str:
    if plan.a_day is not None:
        return (
            f"{plan.a_day:,.0f} emails in 24 hours, four fifths of what SES allows, less {plan.account.used:,.0f} sent"
        )
    why = "four fifths of what SES allows" if plan.pace < MOST_A_SECOND else "as many as the function Issues can"
    return f"{plan.pace:g} emails a second, {why}"


def must_send(account: Account) -> None:
    """Raise OperatorError if SES sends to nobody, or to verified addresses only."""
    if not account.in_production:
        raise OperatorError(
            "SES is in its sandbox, and sends to verified addresses only: ask AWS for production access, as `guichet "
            "doctor` says"
        )
    if account.is_paused:
        raise OperatorError("SES has paused the account: `guichet doctor` says where to see why")


def duration(seconds: float) -> str:
    """Return about how long something takes, in words."""
    about = rounded(seconds)
    return f"about {counted(*about)}" if about else "less than a minute"


def _dollars(low: float, high: float) -> str:
    if high < _CENT:
        return "less than a cent"
    if f"{low:,.2f}" == f"{high:,.2f}":
        return f"about {high:,.2f} US dollars"
    return f"about {low:,.2f} to {high:,.2f} US dollars"


# --- when -------------------------------------------------------------------------------------------------------------


def moment(text: str, zone_name: str, now: datetime) -> datetime:
    """Return a time that was given as `YYYY-MM-DD HH:MM`, in a time zone. Raises OperatorError if it is not one.

    When clocks go back, an hour occurs twice: then the offset from UTC says which, as in `02:30+01:00`.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        given = None
    # A date alone would mean midnight.
    if given is None or ":" not in text:
        raise OperatorError(f'{text!r} is not a time: write it as "2026-12-24 08:00"')
    try:
        return start_at(given, zone_name, now)
    except NoTimeError as error:
        raise OperatorError(_why(error, given, zone_name)) from None


def _why(error: NoTimeError, given: datetime, zone_name: str) -> str:
    first = error.times[0]
    match error.code:
        case "past":
            return f"{in_words(first, zone_name)} is past"
        case "far":
            return f"{in_words(first, zone_name)} is more than {FARTHEST.days} days ahead: schedule it later"
        case "missing":
            return (
                f"{given:%Y-%m-%d %H:%M} does not exist in {zone_name}, where the clocks go forward: "
                f'write "{first:%Y-%m-%d %H:%M}", say'
            )
        case "twice":
            once, again = (f'"{one:%Y-%m-%d %H:%M}{_offset(one)}"' for one in error.times)
            return (
                f"{given:%Y-%m-%d %H:%M} occurs twice in {zone_name}, where the clocks go back: write {once} or {again}"
            )


def _offset(at: datetime) -> str:
    text = at.strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def in_words(at: datetime, zone_name: str) -> str:
    """Return a time in a time zone, with its offset from UTC, since it may occur twice."""
    local = at.astimezone(ZoneInfo(zone_name))
    return f"{local:%Y-%m-%d %H:%M} ({zone_name}, UTC{_offset(local)})"
