"""The links in emails to visitors: signed by the notifier, verified by the pages behind them, without a read."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from guichet import signing
from guichet.locales import Language
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp, link_expiry
from guichet.signing import token, verified

Fields = dict[str, str]

# The subscriber id in the unsubscribe link of an issue's test email: nobody's.
TEST_SUBSCRIBER = "test"

_CONFIRM = "confirm"
_UNSUBSCRIBE = "unsubscribe"
_UNDO = "undo"
_REFUSE = "refuse"
_RENEW = "renew"
_COMMENTS = "comments"
# An email may be forwarded, and its recipient must not be able to end somebody's mail forever.
_REFUSAL_VALID = timedelta(days=30)
# Unix times have ten digits until the year 2286.
_DIGITS = 10


def confirmation_link(
    api_url: str, request: SignUp, language: Language, secret: str, expires: datetime | None = None
) -> str:
    """Return the URL of the confirmation page for a request. Unless `expires` is given, its validity starts now."""
    expires = expires or link_expiry(utc_now())
    fields = _fields_until(_CONFIRM, "request", request.id, expires, secret)
    return f"{api_url}/newsletter/confirm?{urlencode(fields | {'language': language})}"


def proven_request(fields: Fields, secret: str) -> tuple[str, datetime] | None:
    """Return the request that a valid link names, with its expiry (possibly past), or None."""
    return _proven_until(fields, _CONFIRM, "request", secret)


def unsubscribe_link(api_url: str, subscriber_id: str, language: Language, secret: str) -> str:
    """Return the unsubscribe URL: GET shows a page, POST unsubscribes at once (RFC 8058). It never expires."""
    return f"{api_url}/newsletter/unsubscribe?{_of_subscriber(_UNSUBSCRIBE, subscriber_id, language, secret)}"


def proven_subscriber(fields: Fields, secret: str) -> str | None:
    """Return the subscriber that a valid link names, or None."""
    return _proven_of_subscriber(fields, _UNSUBSCRIBE, secret)


def renewal_link(api_url: str, subscriber_id: str, language: Language, secret: str) -> str:
    """Return the URL of the page with the button to stay subscribed. Like the unsubscribe link, it never expires.

    What the button does depends on the subscriber: it never resubscribes someone who left by themselves.
    """
    return f"{api_url}/newsletter/renew?{_of_subscriber(_RENEW, subscriber_id, language, secret)}"


def proven_renewal(fields: Fields, secret: str) -> str | None:
    """Return the subscriber that a valid renewal link names, or None."""
    return _proven_of_subscriber(fields, _RENEW, secret)


def undo_fields(subscriber_id: str, until: datetime, secret: str) -> Fields:
    """Return the fields of the button that undoes unsubscribing, valid until a time in whole seconds."""
    return _fields_until(_UNDO, "subscriber", subscriber_id, until, secret)


def proven_undo(fields: Fields, secret: str) -> tuple[str, datetime] | None:
    """Return the subscriber that a valid undo button names, with its expiry (possibly past), or None."""
    return _proven_until(fields, _UNDO, "subscriber", secret)


def refusal_link(api_url: str, address: str, language: Language, secret: str) -> str:
    """Return the URL of the page that ends all mail to an address that somebody else typed."""
    subject, until = signing.subscriber_id(secret, address), utc_now() + _REFUSAL_VALID
    fields = _fields_until(_REFUSE, "subscriber", subject, until, secret)
    return f"{api_url}/newsletter/refuse?{urlencode(fields | {'language': language})}"


def proven_refusal(fields: Fields, secret: str) -> tuple[str, datetime] | None:
    """Return the subscriber id that a valid link to end all mail names, with its expiry (possibly past), or None."""
    return _proven_until(fields, _REFUSE, "subscriber", secret)


def _of_subscriber(purpose: str, subscriber_id: str, language: Language, secret: str) -> str:
    """Return the query string of a subscriber's link that never expires."""
    given = token(secret, purpose, subscriber_id, None)
    return urlencode({"subscriber": subscriber_id, "token": given, "language": language})


def _proven_of_subscriber(fields: Fields, purpose: str, secret: str) -> str | None:
    subscriber = fields.get("subscriber", "")
    return subscriber if verified(fields.get("token", ""), secret, purpose, subscriber, None) else None


def comments_link(api_url: str, address: str, language: Language, secret: str, until: datetime) -> str:
    """Return the URL of the page that shows an address its comments, valid until a time in whole seconds."""
    fields = _fields_until(_COMMENTS, "author", signing.subscriber_id(secret, address), until, secret)
    return f"{api_url}/comments/mine?{urlencode(fields | {'language': language})}"


def proven_author(fields: Fields, secret: str) -> tuple[str, datetime] | None:
    """Return the keyed hash of the address that a valid link names, with its expiry (possibly past), or None."""
    return _proven_until(fields, _COMMENTS, "author", secret)


def _fields_until(purpose: str, name: str, subject: str, until: datetime, secret: str) -> Fields:
    """Return the fields that prove a subject, which is in the field `name`, until a time in whole seconds."""
    return {name: subject, "expires": str(int(until.timestamp())), "token": token(secret, purpose, subject, until)}


def _proven_until(fields: Fields, purpose: str, name: str, secret: str) -> tuple[str, datetime] | None:
    """Return the subject in the field `name` and the expiry, if the token proves both."""
    subject, until = fields.get(name, ""), _until(fields)
    if until is None or not verified(fields.get("token", ""), secret, purpose, subject, until):
        return None
    return subject, until


def _until(fields: Fields) -> datetime | None:
    expires = fields.get("expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) == _DIGITS):
        return None
    return datetime.fromtimestamp(int(expires), UTC)
