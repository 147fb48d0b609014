"""How fast to send: at the account's rate, and slower when SES throttles."""

import threading
import time
from collections.abc import Callable

# In seconds: the gap after a first refusal if the rate is unknown, and the longest gap, half the sandbox's rate.
_FIRST_GAP = 0.1
_LONGEST_GAP = 2.0
# After this many emails without a refusal, the gap is halved again, down to the account's rate.
_WELL = 50


class Pace:
    """Spaces out the emails of one run. `rate` returns how many a second the account may send, or None if unknown.

    `rate` is only called for the second email, as most runs have one. Threads may share a `Pace`.
    """

    def __init__(self, rate: Callable[[], float | None]) -> None:
        self._rate = rate
        self._gap: float | None = None
        self._next: float | None = None
        # The gap at the account's rate, how often it was doubled, and how many emails have succeeded since.
        self._usual: float | None = None
        self._slowed = self._well = 0
        self._lock = threading.Lock()

    def wait(self) -> int:
        """Wait until the next email may be sent. Return how often the pace was slowed down before."""
        with self._lock:
            now, slowed = time.monotonic(), self._slowed
            if self._next is None:
                self._next = now
                return slowed
            self._well += 1
            if self._slowed and self._well > _WELL:
                self._gap, self._well = max(self._known_gap() / 2, self._usual or 0.0), 0
            # Unused time is not saved up.
            self._next = max(self._next + self._known_gap(), now)
            pause = self._next - now
        time.sleep(pause)
        return slowed

    def slower(self, slowed: int | None = None) -> bool:
        """Double the gap: SES refused an email because it came too soon. Return False if it is at its maximum already.

        Given what `wait` returned for that email, the gap stays if another email has doubled it since.
        """
        with self._lock:
            before = self._known_gap()
            if slowed is not None and slowed < self._slowed:
                return True
            self._gap = min(2 * before or _FIRST_GAP, _LONGEST_GAP)
            self._slowed, self._well = self._slowed + 1, 0
            return self._gap > before

    @property
    def gap(self) -> float:
        """The seconds between two emails, if known."""
        return self._gap or 0.0

    def _known_gap(self) -> float:
        if self._gap is None:
            per_second = self._rate()
            self._gap = self._usual = 1 / per_second if per_second else 0.0
        return self._gap
