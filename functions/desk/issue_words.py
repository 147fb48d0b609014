"""What is known of an issue, in the words of the desk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desk import words
from guichet.locales import Language, locale, name_of
from guichet.newsletter.check import Finding
from guichet.newsletter.plan import BESIDES, FARTHEST, MOST_A_SECOND, Account, Audience, NoTimeError, Plan, rounded
from guichet.records.issue import Issue, Reader, Tally

_CENT = 0.01
# The reasons for not sending a reader's copy that are states of the subscriber.
_LEFT = {"unsubscribed", "bounced", "complained", "blocked", "lifted", "erased"}


@dataclass(frozen=True)
class Words:
    """The words in a language."""

    language: Language

    def say(self, key: str, **values: object) -> str:
        """Return a sentence."""
        return words.say(key, self.language, **values)

    def number(self, value: float, decimals: int = 0) -> str:
        """Return a number formatted for the language."""
        return locale(self.language).number(f"{value:.{decimals}f}")

    def readers(self, count: int) -> str:
        """Return a number of readers."""
        return self.say("issues.one_reader" if count == 1 else "issues.several_readers", count=self.number(count))

    def name_of(self, language: Language) -> str:
        """Return the name of a language."""
        return name_of(language, self.language)

    def languages(self, given: Sequence[Language]) -> str:
        """Return the names of languages."""
        return ", ".join(self.name_of(language) for language in given)

    # --- what is wrong with it ---

    def finding(self, finding: Finding) -> str:
        """Return what is wrong, where, and what to do."""
        values = dict(finding.values)
        for name in ("missing", "other"):
            if name in values:
                values[name] = self.name_of(values[name])
        if "all" in values:
            values |= {"count": self.number(values["count"]), "all": self.readers(values["all"])}
        said = self.say(f"issues.finding_{finding.code}", **values)
        if finding.language is None:
            return said
        name = self.name_of(finding.language)
        if finding.line is None:
            return self.say("issues.of_language", name=name, said=said)
        return self.say("issues.at_line", name=name, line=finding.line + 1, said=said)

    # --- what sending it means ---

    def audience(self, audience: Audience) -> Iterator[str]:
        """Yield who gets it, in which language."""
        parts = [
            self.say("issues.in_language", count=self.number(count), name=self.name_of(language))
            for language, count in audience.read_in.items()
        ]
        yield self.say("issues.goes_to", readers=self.readers(audience.count), parts=", ".join(parts))
        for language, count in audience.other_language.items():
            yield self.say(
                "issues.other_language",
                readers=self.readers(count),
                name=self.name_of(language),
                other=self.name_of(audience.other),
            )

    def plan(self, plan: Plan) -> Iterator[str]:
        """Yield what it costs and how long it takes."""
        low, high = plan.dollars
        if high < _CENT:
            cost = self.say("issues.less_than_a_cent")
        elif f"{low:.2f}" == f"{high:.2f}":
            cost = self.say("issues.about_dollars", dollars=self.number(high, 2))
        else:
            cost = self.say("issues.dollars_between", low=self.number(low, 2), high=self.number(high, 2))
        yield self.say("issues.costs", cost=cost, prices=self._prices(plan.account), besides=self.number(BESIDES, 2))
        yield self.say("issues.takes", duration=self.duration(plan.seconds), pace=self._pace(plan))

    def _prices(self, account: Account) -> str:
        low, high = account.prices
        if low == high:
            return self.say("issues.price", price=self.number(low, 2))
        return self.say("issues.price_between", low=self.number(low, 2), high=self.number(high, 2))

    def _pace(self, plan: Plan) -> str:
        if plan.a_day is not None:
            return self.say("issues.pace_a_day", count=self.number(plan.a_day), used=self.number(plan.account.used))
        key = "pace_share" if plan.pace < MOST_A_SECOND else "pace_most"
        return self.say(f"issues.{key}", pace=self.number(plan.pace, 0 if plan.pace == int(plan.pace) else 1))

    def duration(self, seconds: float) -> str:
        """Return about how long something takes."""
        about = rounded(seconds)
        if about is None:
            return self.say("issues.less_than_a_minute")
        count, unit = about
        return self.say(f"issues.one_{unit}" if count == 1 else f"issues.several_{unit}s", count=self.number(count))

    def no_time(self, error: NoTimeError, zone: str) -> str:
        """Return why an issue cannot start at a time."""
        at = locale(self.language).when(error.times[0])
        return self.say(f"issues.time_{error.code}", at=at, zone=zone, days=FARTHEST.days)

    # --- how far it is ---

    def state(self, issue: Issue) -> str:
        """Return the state of an issue."""
        return self.say(f"issues.state_{issue.state}")

    def waits_for(self, issue: Issue, now: datetime) -> str:
        """Return what an issue waits for; empty if it waits for nothing."""
        if issue.state == "paused":
            return self.say(f"issues.paused_{issue.reason or 'owner'}")
        if issue.state == "cancelled" and issue.started_at and not issue.ended_at:
            return self.say("issues.waits_last")
        if issue.state != "sending":
            return ""
        if issue.not_before and issue.not_before > now:
            return self.say(f"issues.waits_{issue.waits_for or 'next'}")
        return self.say("issues.waits_readers") if issue.audience is None else ""

    def why(self, reader: Reader) -> str:
        """Return why a reader's copy is in its state, if known. SES's own words are not translated."""
        parts = [self.say(f"issues.why_{reader.reason}") if reader.reason in _LEFT else reader.reason]
        if reader.bounced_at:
            parts.append(
                self.say("issues.why_bounce", reason=reader.bounce)
                if reader.bounce
                else self.say("issues.state_bounced")
            )
        if reader.complained_at:
            parts.append(self.say("issues.state_complained"))
        return "; ".join(filter(None, parts))


def pace_of(issue: Issue, now: datetime) -> tuple[float, timedelta | None]:
    """Return how many copies a second were settled since an issue was last started or resumed, and when it should end.

    Zero and None if it is not known.
    """
    if issue.state != "sending" or (issue.not_before and issue.not_before > now):
        return 0.0, None
    done, seconds = (
        _settled(issue.counts) - _settled(issue.resumed_at or Tally()),
        (now - issue.changed_at).total_seconds(),
    )
    left = issue.counts.waiting + issue.counts.claimed
    if done <= 0 or seconds < 1:
        return 0.0, None
    a_second = done / seconds
    return a_second, timedelta(seconds=left / a_second) if left else None


def _settled(tally: Tally) -> int:
    return tally.sent + tally.refused + tally.left + tally.unknown
