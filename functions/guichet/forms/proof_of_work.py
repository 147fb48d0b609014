"""Proof of work (ALTCHA, protocol version 2): issue challenges, verify solutions."""

from datetime import timedelta
from typing import Any

from altcha import create_challenge, verify_solution
from altcha.v2 import Payload

from guichet.records.limits import Solved
from guichet.records.record import utc_now
from guichet.signing import keyed_hash

# About a second of work for a phone, and two milliseconds to verify.
_ALGORITHM = "PBKDF2/SHA-256"
_COST = 5000
# Long enough to write a long message.
VALID = timedelta(hours=1)


def challenge(secret: str) -> dict[str, Any]:
    """Return a new challenge in the ALTCHA widget's format."""
    made = create_challenge(_ALGORITHM, _COST, expires_at=utc_now() + VALID, hmac_secret=_key(secret))
    return made.to_dict()


def solved(text: str, secret: str) -> Solved | None:
    """Return the challenge solved by the `altcha` field, or None if it is expired, not ours, or wrong.

    Whether it was used before is checked when the submission is stored.
    """
    try:
        payload = Payload.from_base64(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    parameters = payload.challenge.parameters
    # The signature is the same for 5000 and 5000.0, which are equal in JavaScript, but the hash accepts only one.
    if not all(type(number) is int for number in (parameters.cost, parameters.key_length)):
        return None
    if not verify_solution(payload, _key(secret)).verified:
        return None
    # The signature identifies the challenge, however its solution is encoded.
    return Solved(key=str(payload.challenge.signature), until=utc_now() + VALID)


def _key(secret: str) -> str:
    return keyed_hash(secret, "altcha")
