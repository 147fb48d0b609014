"""To an owner's address that somebody typed at the desk: link and code to sign in, or a fresh code."""

from urllib.parse import urlencode

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_in import SIGN_IN_VALID, SignIn
from guichet.settings import MailSettings
from guichet.signing import code, spaced, subscriber_id, token

NAME = "desk-sign-in"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None

# What the token of a link is for: the browser that asked, or any browser where the operator's command made it.
LINK, OPERATORS_LINK = "desk-link", "desk-operators-link"
_MANY = "too many asked to sign in as this owner today: ask again from a browser known to the desk, or tomorrow"
_SHARE = "its network has asked to sign in as this owner too often today"
_MINUTES = SIGN_IN_VALID.total_seconds() / 60


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def recipients(sign_in: SignIn, owners: tuple[str, ...], secret: str) -> tuple[str, ...]:
    """Return which of the owner's addresses was typed, or nothing if none was."""
    return tuple(address for address in owners if subscriber_id(secret, address) == sign_in.owner)


def ineligible(due: Due[SignIn]) -> str | None:
    """Return why it is no longer to be sent, or None: then its link and code count from now."""
    if due.record.used_at:
        return "it was used"
    if due.record.is_late(utc_now()):
        return "it would come too late: ask again"
    if not recipients(due.record, due.settings.owner_email, due.settings.signing_secret):
        return "the address that was typed is not the owner's"
    return _over_cap(due)


def _over_cap(due: Due[SignIn]) -> str | None:
    """Count it against the caps, or return why they do not allow it.

    One that waited for them would come too late, so it is not to be sent at all.
    """
    # Only the notifier pays for the imports.
    from guichet.store import limits, sign_ins  # noqa: PLC0415
    from guichet.telemetry import count  # noqa: PLC0415

    table_name, sign_in, now = due.settings.table_name, due.record, utc_now()
    if due.email.allowed_at:
        sign_ins.note_sent(table_name, sign_in.id, now)
        return None
    of_browser: limits.DeskPool = "known" if sign_in.known else "strangers"
    pool: limits.DeskPool = "download" if sign_in.session else of_browser
    further = [sign_ins.sent(table_name, sign_in.id, now)]
    verdict = limits.allow_at_desk(table_name, due.email, sign_in.owner, pool, further)
    if verdict == "allowed":
        return None
    count("DeskCapReached")
    return _MANY if verdict == "many" else _SHARE


def link(sign_in: SignIn, secret: str, purpose: str = LINK) -> str:
    """Return the URL of the page with the button that signs in, at the host that the browser used."""
    fields = {"id": sign_in.id, "token": token(secret, purpose, sign_in.id, None)}
    return f"{sign_in.base_url}/desk/sign-in/link?{urlencode(fields)}"


def content(sign_in: SignIn, _language: Language, settings: MailSettings) -> Content:
    """Return the content, with nothing that the requester wrote. A fresh code has no link: that would sign in."""
    values = {
        "sign_in": sign_in,
        "code": spaced(code(settings.signing_secret, sign_in.purpose, sign_in.id)),
        "link": link(sign_in, settings.signing_secret) if sign_in.purpose == "sign-in" else "",
        "minutes": int(_MINUTES),
    }
    return Content(recipients(sign_in, settings.owner_email, settings.signing_secret), values)
