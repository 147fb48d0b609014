"""Proof of work (ALTCHA, version 2 of its protocol): a challenge for the browser, and whether it was solved."""

from datetime import timedelta
from typing import Any

from altcha import create_challenge, verify_solution
from altcha.v2 import Payload

from guichet.records.limits import Solved
from guichet.records.record import utc_now
from guichet.signing import keyed_hash

# About a second of a phone's work, and two milliseconds of ours.
_ALGORITHM = "PBKDF2/SHA-256"
_COST = 5000
# Time enough to write a long message.
VALID = timedelta(hours=1)


def challenge(secret: str) -> dict[str, Any]:
    """Return a new challenge as the ALTCHA widget takes it."""
    made = create_challenge(_ALGORITHM, _COST, expires_at=utc_now() + VALID, hmac_secret=_key(secret))
    return made.to_dict()


def solved(text: str, secret: str) -> Solved | None:
    """Return the challenge that the text of the field `altcha` solves; None where it is expired, foreign or wrong.

    Whether it was used before is for the table to say.
    """
    if not verify_solution(text, _key(secret)).verified:
        return None
    parameters = Payload.from_base64(text).challenge
    # The signature is one for each challenge, however its solution is written down.
    return Solved(key=str(parameters.signature), until=utc_now() + VALID)


def _key(secret: str) -> str:
    return keyed_hash(secret, "altcha")
