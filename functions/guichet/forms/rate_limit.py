"""Rate limits per caller, without storing who the caller is."""

from datetime import datetime, timedelta

from guichet.http.request import Request
from guichet.records.limits import Caller
from guichet.settings import FormSettings
from guichet.signing import keyed_hash


def network(address: str) -> str:
    """Return the network a source address counts as: an IPv4 address itself, an IPv6 subscriber's /64 (RFC 6177)."""
    if ":" not in address:
        return address
    # Imported late, so that IPv4 does not pay for it.
    import ipaddress  # noqa: PLC0415

    return str(ipaddress.ip_network((address, 64), strict=False))


def _wider_network(address: str) -> str:
    """Return the network that takes one share of mail to strangers: an IPv4 /24, an IPv6 /48."""
    if ":" not in address:
        return address.rpartition(".")[0]
    # Imported late, so that IPv4 does not pay for it.
    import ipaddress  # noqa: PLC0415

    return str(ipaddress.ip_network((address, 48), strict=False))


def caller_of(request: Request, form: str, at: datetime, settings: FormSettings) -> Caller:
    """Return the caller of a form in this clock hour, as a keyed hash that cannot be linked to other hours."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    key = keyed_hash(settings.signing_secret, "caller", form, network(request.caller), hour.isoformat())
    network_id = keyed_hash(settings.signing_secret, "network", _wider_network(request.caller))
    return Caller(key=key, cap=settings.caller_hourly_cap, until=hour + timedelta(hours=1), network_id=network_id)
