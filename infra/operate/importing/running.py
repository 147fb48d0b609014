"""Import a whole file: first the people who left, then the others."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from guichet.mail.pace import Pace
from guichet.records.subscriber import State
from guichet.store.dynamodb import UnavailableError
from infra.operate.connection import OperatorSettings
from infra.operate.importing import writing
from infra.operate.importing.reader import BadLine, Line, Read, Reader
from infra.operate.importing.standings import Standings, standings
from infra.operate.importing.vocabulary import LEFT
from infra.operate.importing.writing import OF_STATE, Outcome
from infra.operate.queries import Advance, blocks

# Rows written in parallel. DynamoDB takes far more; this is enough for a home connection.
THREADS = 8
BLOCK = 200
INTERRUPTED = "interrupted"
UNAVAILABLE = "the table is unreachable"
FULL = "today's email limit is reached: continue tomorrow"
UNCLEAR = "from line {} on, it is unclear where a cell ends: fix its quotes, and run the command again"

_Row = TypeVar("_Row")


@dataclass
class Summary:
    """The result of an import: rows by outcome, the last line done, and why it stopped early, if it did."""

    outcomes: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    done_until: int = 1
    stopped: str = ""


class Steps(Protocol):
    """Shows the progress of each step of an import."""

    def __call__(self, what: str, total: int | None) -> AbstractContextManager[Advance]:
        """Begin a step, given what it counts and the total."""


class Import(Protocol):
    """What an import does with rows: with people who left, and with the others."""

    asking: bool

    def left(self, lines: list[Line]) -> Iterable[tuple[Outcome, State]]:
        """Record that these left the list. Return the outcomes and the states that they have here."""

    def others(self, lines: list[Line]) -> Iterable[Outcome]:
        """Import these. Return the outcomes: fewer than the lines if today's limit is reached."""


@dataclass
class Confirmed:
    """An import of addresses that confirmed elsewhere, in parallel."""

    file: str
    statement: str
    settings: OperatorSettings
    pool: ThreadPoolExecutor
    asking: bool = False

    def left(self, lines: list[Line]) -> list[tuple[Outcome, State]]:
        """Keep that these left the list."""
        return list(
            self.pool.map(lambda one: writing.import_left(one, self.file, self.statement, self.settings), lines)
        )

    def others(self, lines: list[Line]) -> list[Outcome]:
        """Subscribe these."""
        return list(self.pool.map(lambda one: writing.import_confirmed(one, self.statement, self.settings), lines))


@dataclass
class Requests:
    """An import that asks each address to confirm, at a steady pace, until today's limit is reached."""

    file: str
    settings: OperatorSettings
    pool: ThreadPoolExecutor
    pace: Pace
    room: int
    asking: bool = True

    def left(self, lines: list[Line]) -> list[tuple[Outcome, State]]:
        """Keep that these left the list."""
        return list(self.pool.map(lambda one: writing.import_left(one, self.file, "", self.settings), lines))

    def others(self, lines: list[Line]) -> Iterator[Outcome]:
        """Ask these, one by one."""
        for line in lines:
            if not self.room:
                return
            outcome = writing.import_request(line, self.settings)
            if outcome == "asked":
                self.room -= 1
                self.pace.wait()
            yield outcome


@dataclass
class DryRun:
    """An import that writes nothing."""

    settings: OperatorSettings
    asking: bool

    def left(self, lines: list[Line]) -> list[tuple[Outcome, State]]:
        """Look up what recording these would do."""
        return list(writing.look_up_left(lines, self.settings))

    def others(self, lines: list[Line]) -> Iterator[Outcome]:
        """Look up what importing these would do."""
        return writing.look_up(lines, asking=self.asking, settings=self.settings)


def run(  # noqa: PLR0913  the parts of an import
    reader: Reader,
    into: Import,
    reject: Callable[[BadLine], None],
    steps: Steps,
    *,
    first: int,
    size: int,
) -> Summary:
    """Run an import from a given line, in blocks of `size` rows. A bad row does not stop the others.

    The first step records everyone in the file who left; the second imports the others. If it is interrupted, or the
    table is unreachable, the summary gives the last line that is done.
    """
    summary = Summary(done_until=first - 1)
    try:
        with standings() as strictest, _interruptible() as until_interrupted:
            with steps("bytes scanned for who left", reader.size) as advance:
                for block in until_interrupted(blocks(reader.rows(), BLOCK)):
                    _collect(block, strictest, asking=into.asking)
                    advance(block[-1].bytes_read)
            _keep_left(into, strictest, summary, until_interrupted, steps)
            with steps("bytes imported", reader.size) as advance:
                for block in until_interrupted(blocks(reader.rows(first), size)):
                    if not _import_others(block, into, strictest, summary, reject):
                        break
                    advance(block[-1].bytes_read)
    except KeyboardInterrupt:
        summary.stopped = INTERRUPTED
    except UnavailableError:
        summary.stopped = UNAVAILABLE
    return summary


def _collect(block: list[Read], strictest: Standings, *, asking: bool) -> None:
    """Note who in a block left, and who never confirmed, unless these are asked."""
    lines = [read.row for read in block if isinstance(read.row, Line)]
    strictest.add((line for line in lines if line.standing in LEFT), "left")
    if not asking:
        strictest.add((line for line in lines if line.standing == "pending"), "never confirmed")


def _keep_left(
    into: Import,
    strictest: Standings,
    summary: Summary,
    until_interrupted: "Blocks",
    steps: Steps,
) -> None:
    """Record that the noted addresses left, each once."""
    done = 0
    with steps("addresses recorded as left", strictest.count_left()) as advance:
        for lines in until_interrupted(strictest.left(BLOCK)):
            results = list(into.left(lines))
            summary.outcomes.update(outcome for outcome, _ in results)
            strictest.settle((line.email, OF_STATE[state]) for line, (_, state) in zip(lines, results, strict=True))
            done += len(lines)
            advance(done)


def _import_others(
    block: list[Read], into: Import, strictest: Standings, summary: Summary, reject: Callable[[BadLine], None]
) -> bool:
    """Import the people in a block who did not leave. Return whether today's limit left room for all of them."""
    lines = [read.row for read in block if isinstance(read.row, Line) and read.row.standing not in LEFT]
    found = [strictest.outcome(line.email) for line in lines]
    good = [line for line, one in zip(lines, found, strict=True) if one is None]
    outcomes = list(into.others(good))
    # If there was no room for all of them, the rest is not done, bad rows included.
    room = len(outcomes) == len(good)
    end = block[-1].last if room else good[len(outcomes)].number - 1
    summary.outcomes.update(outcomes)
    summary.outcomes.update(
        one for line, one in zip(lines, found, strict=True) if one is not None and line.number <= end
    )
    for read in block:
        if isinstance(read.row, BadLine) and read.last <= end:
            reject(read.row)
            summary.bad += 1
            if read.row.unclear:
                end = read.row.number - 1
                summary.stopped = UNCLEAR.format(read.row.number)
    summary.done_until = end
    if not room:
        summary.stopped = FULL
    return room


class Blocks(Protocol):
    """Yields blocks until Ctrl-C."""

    def __call__(self, all_blocks: Iterable[list[_Row]]) -> Iterator[list[_Row]]:
        """Yield the blocks. Raises KeyboardInterrupt."""


@contextmanager
def _interruptible() -> Iterator[Blocks]:
    """Make Ctrl-C stop after the current block. Pressed again, it interrupts at once.

    The second press counts only after a second. The blocks raise KeyboardInterrupt if any are left.
    """
    pressed: list[float] = []

    def press(*_: object) -> None:
        pressed.append(time.monotonic())
        # A shell may signal a whole process group, and so the same process twice.
        if pressed[-1] - pressed[0] > 1:
            raise KeyboardInterrupt

    def until_interrupted(all_blocks: Iterable[list[_Row]]) -> Iterator[list[_Row]]:
        for block in all_blocks:
            if pressed:
                raise KeyboardInterrupt
            yield block

    before = signal.signal(signal.SIGINT, press)
    try:
        yield until_interrupted
    finally:
        signal.signal(signal.SIGINT, before)
