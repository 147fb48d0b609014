"""Rate limits per caller, without storing who the caller is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from guichet.http.request import Request
from guichet.records.limits import Caller
from guichet.records.record import utc_now
from guichet.settings import FormSettings
from guichet.signing import keyed_hash
from guichet.store.submissions import OverCapError


class OverCap:
    """The latest callers that this process has refused for being over their cap, up to a maximum number.

    A refused write costs as much as an accepted one, so these are refused without a write until their hour is over.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._until: dict[str, datetime] = {}
        # The local stack serves several requests at once.
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many callers are remembered."""
        return len(self._until)

    def remember(self, caller: Caller) -> None:
        """Remember a caller, replacing the oldest one if there are too many."""
        with self._lock:
            self._until[caller.key] = caller.until
            while len(self._until) > self._most:
                del self._until[next(iter(self._until))]

    def knows(self, caller: Caller) -> bool:
        """Return whether a caller is remembered, and their hour is not over."""
        with self._lock:
            until = self._until.get(caller.key)
        return until is not None and utc_now() < until

    def clear(self) -> None:
        """Forget everybody."""
        with self._lock:
            self._until.clear()


# A caller takes some 250 bytes.
OVER_CAP = OverCap(4096)


@contextmanager
def capped(caller: Caller) -> Iterator[None]:
    """Enforce a caller's cap around the write that counts them. Raises OverCapError."""
    if OVER_CAP.knows(caller):
        raise OverCapError(caller.until)
    try:
        yield
    except OverCapError:
        OVER_CAP.remember(caller)
        raise


def network(address: str) -> str:
    """Return the network of a source address: an IPv4 address itself, or an IPv6 subscriber's /64 (RFC 6177)."""
    if ":" not in address:
        return address
    # Imported late, so that IPv4 does not pay for it.
    import ipaddress  # noqa: PLC0415

    return str(ipaddress.ip_network((address, 64), strict=False))


def _wider_network(address: str) -> str:
    """Return the network that gets one share of mail to strangers: an IPv4 /24, an IPv6 /48."""
    if ":" not in address:
        return address.rpartition(".")[0]
    # Imported late, so that IPv4 does not pay for it.
    import ipaddress  # noqa: PLC0415

    return str(ipaddress.ip_network((address, 48), strict=False))


def caller_of(request: Request, form: str, at: datetime, settings: FormSettings) -> Caller:
    """Return the caller of a form in this clock hour, as a keyed hash that cannot be linked to other hours."""
    return caller(request, form, at, settings.signing_secret, settings.caller_hourly_cap)


def caller(request: Request, what: str, at: datetime, secret: str, cap: int) -> Caller:
    """Return the caller of anything that is counted per hour."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    key = keyed_hash(secret, "caller", what, network(request.caller), hour.isoformat())
    network_id = keyed_hash(secret, "network", _wider_network(request.caller))
    return Caller(key=key, cap=cap, until=hour + timedelta(hours=1), network_id=network_id)
