"""How fast to send: at the account's rate, and slower when SES throttles."""

import threading
import time
from collections.abc import Callable

# In seconds: the gap after a first refusal if the rate is unknown, and the longest one, half the sandbox's rate.
_FIRST_GAP = 0.1
_LONGEST_GAP = 2.0


class Pace:
    """Spaces out the emails of one run. `rate` returns how many a second the account may send, or None if unknown.

    It is called for the second email: most runs have one. Several threads may share one.
    """

    def __init__(self, rate: Callable[[], float | None]) -> None:
        self._rate = rate
        self._gap: float | None = None
        self._next: float | None = None
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until the next email may be sent."""
        with self._lock:
            now = time.monotonic()
            if self._next is None:
                self._next = now
                return
            # What was not used in time is not saved up.
            self._next = max(self._next + self._known_gap(), now)
            pause = self._next - now
        time.sleep(pause)

    def slower(self) -> bool:
        """Double the gap: SES refused an email because it came too soon. Return False if it is the longest already."""
        before = self._known_gap()
        self._gap = min(max(2 * before, _FIRST_GAP), _LONGEST_GAP)
        return self._gap > before

    def _known_gap(self) -> float:
        if self._gap is None:
            per_second = self._rate()
            self._gap = 1 / per_second if per_second else 0.0
        return self._gap
