"""Issues of the newsletter in a run: started, paused, resumed and cancelled while their readers come and go."""

from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from guichet.http.links import unsubscribe_link
from guichet.locales import Language
from guichet.records.issue import Edition, Issue, Reader
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import dynamodb, issues, readers, subscribers
from infra.local import moto_patches
from infra.local.streams import schedule_event, stream_event, wanted
from tests.faults.aws import Killed, Sent
from tests.support.app import ACCOUNT, REGION
from tests.support.feedback import event_about
from tests.support.newsletter import SECRET, imported, local

if TYPE_CHECKING:
    from tests.faults.world import World

TABLE = "table"
ISSUES = ("one", "two")
# What SES reports about the account.
QUOTA: dict[str, float] = moto_patches._QUOTA  # noqa: SLF001
EDITIONS: dict[Language, Edition] = {
    "fr": Edition(subject="Novembre à l’atelier", markdown="Les *cyanotypes* sont prêts."),
    "en": Edition(subject="November in the studio", markdown="The *cyanotypes* are ready."),
}
# How often something happens between two requests of a run of the function Issues.
MEANWHILE = 0.03
# How long a run may be frozen, in seconds: beyond its lease, and up to its time-out.
_FROZEN = (0, 1, 10, 245)
# The first steps of a run are too short for an unanswered call to be retried.
LATER = (960, 3700, 22_000)
# The final outcomes of copies, except for those that arrive.
_OUTCOMES = ("bounce-permanent", "bounce-transient", "complaint", "reject")


@dataclass
class Owner:
    """What the owner of the list did, by the number of the next request.

    Whether an unanswered action happened is not known.
    """

    # Issues that were cancelled, and the times when each was paused, until it was resumed.
    cancelled: dict[str, int] = field(default_factory=dict)
    paused: dict[str, list[list[int]]] = field(default_factory=dict)


class Newsletter:
    """The owner of the list, its readers, and the callers of the function Issues."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.weather = world.weather
        self.random = world.random
        self.owner = Owner()
        # When each reader was told that they had left, by the number of the next request.
        self.left: dict[str, int] = {}
        # Claims whose events were lost, and those of copies that SES rejected.
        self.lost: set[str] = set()
        self.rejected: set[str] = set()
        self.too_early: list[str] = []
        self._asked_for: set[str] = set()
        self._readers = 0
        self._runs = 0
        self._due: list[dict[str, Any]] = []
        self._nested = False
        self._silent = self.random.random() < 0.25
        self._angry = self.random.random() < 0.15
        self._often = 0.3 if self._angry else self.random.choice((0.0, 0.1))
        self.weather.fairer = self.random.choice((1.0, 5.0, 25.0))
        self.weather.meanwhile = self.meanwhile
        self.weather.acted = self._look_at_the_end
        for _ in range(self.random.randint(3, 9)):
            self.join()
        self._started = self.random.sample(ISSUES, self.random.choice((1, 1, 2)))

    # --- readers ---------------------------------------------------------------------------------------------------

    def join(self) -> None:
        """Subscribe somebody, without faults: other runs test those."""
        number, plan = self._readers, self.weather.plan
        self._readers += 1
        with suppress(dynamodb.UnavailableError), self.weather.running("", 60):
            self.weather.plan = lambda _: None
            language: Language = "en" if number % 3 == 0 else "fr"
            subscribers.add_imported(TABLE, imported(f"reader{number}@example.org", utc_now(), language))
        self.weather.plan = plan

    def leave(self) -> None:
        """Unsubscribe a reader by their link."""
        reader = subscriber_id(SECRET, f"reader{self.random.randrange(self._readers)}@example.org")
        link = unsubscribe_link("", reader, "fr", SECRET)
        with self.weather.running("", 60):
            reply = self.world.ask("a reader leaves", lambda: self.world.app.post(local(link)))
        if reply is not None and reply.status_code == 200:
            self.left.setdefault(reader, len(self.weather.log))

    def outcome(self, mail: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the events of a mail, of which some copies of an issue bounce, or are rejected or reported."""
        # The judge of forms checks those who sign up here.
        if not mail.to[0].startswith("reader") or self.random.random() >= self._often:
            return events
        name = "complaint" if self._angry else self.random.choice(_OUTCOMES)
        event = event_about(name, mail)
        if name == "reject":
            self.rejected.update(mail.tags["guichet-claim"])
            return [*events[:1], event]
        return [*events, event] if name == "complaint" else [*events[:1], event]

    # --- the owner -------------------------------------------------------------------------------------------------

    def do_something(self) -> None:
        """Do something with one of the issues, as the owner."""
        issue_id = self.random.choice(self._started)
        deeds = [*[self.pause] * 3, *[self.resume] * 3, self.cancel]
        fresh = issue_id not in self._asked_for or self.random.random() < 0.2
        self._asked_for.add(issue_id)
        self.let_owner(self.start if fresh else self.random.choice(deeds), issue_id)

    def let_owner(self, deed: Callable[[str], None], issue_id: str) -> None:
        """Let the owner give a command, which may fail."""
        plan = self.weather.plan
        # They repeat it until they see the result, or give up.
        self.weather.plan = plan if self.random.random() < 0.4 else lambda _: None
        with self.weather.running("", 60):
            try:
                deed(issue_id)
            except (Killed, Exception) as error:  # noqa: BLE001
                self.weather.tell(f"the owner: {deed.__name__} {issue_id}: {type(error).__name__}")
        self.weather.plan = plan

    def start(self, issue_id: str) -> None:
        """Save an issue, and start it, or schedule it."""
        now = utc_now()
        issues.save(TABLE, issue_id, EDITIONS, issues.content_hash(SECRET, EDITIONS), now)
        issue = issues.find(TABLE, issue_id)
        if issue is None:
            return
        if self.random.random() < 0.25:
            done = issues.schedule(TABLE, issue, now + timedelta(seconds=self.random.choice((1, 300, 900))), now)
        else:
            done = issues.begin(TABLE, issue, now)
        self.weather.tell(f"the owner: start {issue_id}: {done}")

    def pause(self, issue_id: str) -> None:
        """Pause an issue."""
        done = issues.pause(TABLE, issue_id, utc_now())
        if done:
            self.owner.paused.setdefault(issue_id, []).append([len(self.weather.log)])
        self.weather.tell(f"the owner: pause {issue_id}: {done}")

    def resume(self, issue_id: str) -> None:
        """Resume an issue."""
        for since in self.owner.paused.get(issue_id, ()):
            if len(since) == 1:
                since.append(len(self.weather.log))
        issue = issues.find(TABLE, issue_id)
        done = issue is not None and issues.resume(TABLE, issue, utc_now())
        self.weather.tell(f"the owner: resume {issue_id}: {done}")

    def cancel(self, issue_id: str) -> None:
        """Cancel an issue."""
        done = issues.cancel(TABLE, issue_id, utc_now())
        if done:
            self.owner.cancelled[issue_id] = len(self.weather.log)
        self.weather.tell(f"the owner: cancel {issue_id}: {done}")

    # --- AWS -------------------------------------------------------------------------------------------------------

    def run(self, event: dict[str, Any]) -> bool:
        """Call the function Issues. Return whether it finished."""
        function = self.world.app.functions["Issues"]
        self._runs += 1
        with self.weather.running(f"Issues {self._runs}", function.function.timeout):
            try:
                answer = function(event)
            except (Killed, Exception) as error:  # noqa: BLE001
                self.weather.tell(f"issues: {type(error).__name__}")
                return False
        self.weather.tell(f"issues: {answer}")
        return True

    def sweep(self) -> None:
        """Call the function as its schedule does."""
        self.run(schedule_event())

    def deliver(self) -> None:
        """Deliver some stream records, each on its own: late, out of order, twice, or never."""
        (mapping,) = self.world.app.functions["Issues"].function.streams
        found = self.world.app.stream_records("Issues")
        self._due += [] if self._silent else [record for record in found if wanted(record, mapping.patterns)]
        self.random.shuffle(self._due)
        batch, self._due = self._due, []
        for record in batch:
            chance = self.random.random()
            if chance < 0.1:
                continue
            if chance < 0.2:
                self._due.append(record)
                continue
            done = self.run(stream_event([record], self.world.app.stream_arn))
            if self.random.random() < (0.3 if done else 0.7):
                self._due.append(record)

    def change_quota(self) -> None:
        """Use up all but a little of the account's daily quota by other mail, or begin a new day."""
        left = self.random.choice((None, None, 0, 1, 3))
        used = 0.0 if left is None else 0.8 * QUOTA["Max24HourSend"] - left
        QUOTA["SentLast24Hours"] = used

    def meanwhile(self) -> None:
        """Between two requests of a run of the function Issues, let something else happen, now and then."""
        if self._nested or not self.weather.caller or self.weather.calm or self.random.random() >= MEANWHILE:
            return
        self._nested = True
        try:
            # Nothing else knows what the run holds in memory.
            Context().run(self._happen)
        finally:
            self._nested = False

    def _happen(self) -> None:
        frozen = self.random.choice(_FROZEN)
        self.weather.tell(f"meanwhile, after {frozen} s:")
        # A frozen run finds out only later.
        self.weather.clock.shift(frozen)
        self.random.choice([*[self.sweep] * 2, *[self.do_something] * 3, self.deliver, self.leave, self.join])()
        self.weather.tell("so far for the meanwhile")

    # --- what is stored --------------------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Return all items as plain values, directly from moto."""
        found = dynamodb_backends[ACCOUNT][REGION].get_table(TABLE).all_items()
        return [dynamodb.unmarshalled(item.to_json()["Attributes"]) or {} for item in found]

    def _look_at_the_end(self, sent: Sent) -> None:
        """Note an issue that is reported as sent while a copy is unsettled."""
        if sent.operation != "TransactWriteItems" or b":ended_at" not in sent.body:
            return
        items = self.items()
        for issue in (Issue.model_validate(item) for item in items if item["kind"] == "issue"):
            left = [row.state for row in rows_of(items, issue.id) if row.state in {"waiting", "claimed"}]
            if issue.state == "sent" and left:
                self.too_early.append(f"{issue.id} is said to be sent: {len(left)} are in between")


def rows_of(items: list[dict[str, Any]], issue_id: str) -> list[Reader]:
    """Return the rows of an issue's readers."""
    return [
        Reader.model_validate({**item, "subscriber_id": item["sk"].partition("#")[2]})
        for item in items
        if item["kind"] == "reader" and item["pk"].split("#")[1] == issue_id
    ]


def finish(newsletter: Newsletter) -> None:
    """Run the schedule until all issues have ended, once all faults have. Paused ones are resumed."""
    world = newsletter.world
    QUOTA["SentLast24Hours"] = 0.0
    for seconds in (960, 960, 3700, 960, 22_000, 960, 960, 960):
        paused = {item["pk"] for item in newsletter.items() if item["kind"] == "issue" and item["state"] == "paused"}
        for issue_id in ISSUES:
            if f"issue#{issue_id}" in paused:
                newsletter.let_owner(newsletter.resume, issue_id)
        newsletter.sweep()
        world.pass_time(seconds)
    newsletter.sweep()


def shards_for_a_run(patch: Any, worker: Any) -> None:
    """Spread readers over a few shards only, and send one copy after the other, so that a seed gives the same run."""
    patch.setattr(readers, "SHARDS", 3)
    patch.setattr(worker, "SHARDS", 3)
    patch.setattr(worker, "MOST_AT_ONCE", 1)
