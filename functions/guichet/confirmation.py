"""The link of a confirmation email: what the notifier writes and the newsletter reads."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from guichet.languages import Language
from guichet.records import SignUp
from guichet.signing import token, verified

_PURPOSE = "confirm"


def confirmation_fields(request: SignUp, secret: str) -> dict[str, str]:
    """Return the fields that prove that a confirmation email was read."""
    expires = request.confirmable_until
    return {
        "request": request.id,
        "expires": str(int(expires.timestamp())),
        "token": token(secret, _PURPOSE, request.id, expires),
    }


def confirmation_link(api_url: str, request: SignUp, language: Language, secret: str) -> str:
    """Return the address of the confirmation page of a request. To open it changes nothing."""
    return f"{api_url}/newsletter/confirm?{urlencode({**confirmation_fields(request, secret), 'language': language})}"


def proven(fields: dict[str, str], secret: str) -> tuple[str, datetime] | None:
    """Return the request id and the expiry that the fields of a link prove, None where they prove nothing.

    Needs no read. Whether the link has expired is for the caller to say.
    """
    request_id, expires = fields.get("request", ""), fields.get("expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= len("9999999999")):
        return None
    until = datetime.fromtimestamp(int(expires), UTC)
    return (request_id, until) if verified(fields.get("token", ""), secret, _PURPOSE, request_id, until) else None
