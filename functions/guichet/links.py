"""The links in emails to subscribers: what the notifier writes and the newsletter reads, without the table."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from guichet.languages import Language
from guichet.records import SignUp
from guichet.signing import token, verified

Fields = dict[str, str]

_CONFIRM = "confirm"
_UNSUBSCRIBE = "unsubscribe"
# Seconds since 1970 have ten digits until the year 2286.
_DIGITS = 10


def confirmation_link(api_url: str, request: SignUp, language: Language, secret: str) -> str:
    """Return the address of the confirmation page of a request."""
    expires = request.confirmable_until
    fields = {
        "request": request.id,
        "expires": str(int(expires.timestamp())),
        "token": token(secret, _CONFIRM, request.id, expires),
        "language": language,
    }
    return f"{api_url}/newsletter/confirm?{urlencode(fields)}"


def proven_request(fields: Fields, secret: str) -> tuple[str, datetime] | None:
    """Return the request that a link proves and its expiry, None where it proves nothing. It may have expired."""
    request_id, expires = fields.get("request", ""), fields.get("expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) == _DIGITS):
        return None
    until = datetime.fromtimestamp(int(expires), UTC)
    return (request_id, until) if verified(fields.get("token", ""), secret, _CONFIRM, request_id, until) else None


def unsubscribe_link(api_url: str, subscriber_id: str, language: Language, secret: str) -> str:
    """Return the address that unsubscribes: a page by GET, at once by POST (RFC 8058). It never expires."""
    fields = {
        "subscriber": subscriber_id,
        "token": token(secret, _UNSUBSCRIBE, subscriber_id, None),
        "language": language,
    }
    return f"{api_url}/newsletter/unsubscribe?{urlencode(fields)}"


def proven_subscriber(fields: Fields, secret: str) -> str | None:
    """Return the subscriber that a link proves, None where it proves nothing."""
    subscriber = fields.get("subscriber", "")
    return subscriber if verified(fields.get("token", ""), secret, _UNSUBSCRIBE, subscriber, None) else None
