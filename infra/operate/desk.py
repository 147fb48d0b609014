"""Sign in at the desk without an email, with the stack's AWS credentials."""

import secrets
from datetime import datetime
from typing import NamedTuple

from guichet.mail.emails import desk_sign_in
from guichet.records.record import utc_now
from guichet.records.sign_in import SIGN_IN_KEPT, SIGN_IN_VALID, SignIn
from guichet.signing import subscriber_id
from guichet.store import sign_ins
from infra.operate.connection import OperatorError, OperatorSettings

MINUTES = int(SIGN_IN_VALID.total_seconds() / 60)


class Made(NamedTuple):
    """A sign-in link: for which owner, and until when."""

    owner: str
    link: str
    until: datetime


def sign_in(settings: OperatorSettings, owner: str | None) -> Made:
    """Store a request to sign in as an owner, by default the first, and return its link. Raises OperatorError."""
    secret = settings.signing_secret
    given = subscriber_id(secret, owner or settings.owner_email[0])
    address = next((one for one in settings.owner_email if subscriber_id(secret, one) == given), None)
    if address is None:
        raise OperatorError(f"{owner} is not in OwnerEmail: {', '.join(settings.owner_email)}")
    now = utc_now()
    request = SignIn(
        id=secrets.token_hex(16),
        owner=given,
        base_url=settings.api_url,
        language=settings.default_language,
        asked_at=now,
        expires_at=now + SIGN_IN_KEPT,
    )
    sign_ins.make(settings.table_name, request, now)
    return Made(address, desk_sign_in.link(request, secret, desk_sign_in.OPERATORS_LINK), now + SIGN_IN_VALID)
