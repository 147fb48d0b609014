"""Who calls, without keeping who it is."""

from datetime import datetime, timedelta

from guichet.http.request import Request
from guichet.records.limits import Caller
from guichet.settings import FormSettings
from guichet.signing import keyed_hash


def network(address: str) -> str:
    """Return what a source address counts as: itself, or the /64 that one IPv6 subscriber has to itself (RFC 6177)."""
    if ":" not in address:
        return address
    # Only IPv6 pays for the import.
    import ipaddress  # noqa: PLC0415

    return str(ipaddress.ip_network((address, 64), strict=False))


def caller_of(request: Request, form: str, at: datetime, settings: FormSettings) -> Caller:
    """Return the caller of a form in this clock hour, as a keyed hash that says nothing in another one."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    key = keyed_hash(settings.signing_secret, "caller", form, network(request.caller), hour.isoformat())
    return Caller(key=key, cap=settings.caller_hourly_cap, until=hour + timedelta(hours=1))
