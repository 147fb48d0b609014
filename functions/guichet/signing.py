"""Keyed hashes and tokens, made with the stack's secret: unguessable and irreversible."""

import base64
import hmac
import json
import unicodedata
from datetime import datetime

from guichet.addresses import mailbox, normalized

# Crockford's Base32, without lookalike letters. A lookalike that is typed is read as the character it resembles.
_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans("OILU", "011V")
CODE_LENGTH = 8
# Made once: `json.dumps` makes one for each call.
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def _mac(secret: str, purpose: str, parts: tuple[object, ...]) -> bytes:
    # The purpose is part of what is signed, and JSON keeps ("ab", "c") and ("a", "bc") apart.
    return hmac.digest(secret.encode(), _encode([purpose, *parts]).encode(), "sha256")


def keyed_hash(secret: str, purpose: str, *parts: object) -> str:
    """Return the HMAC-SHA-256 (RFC 2104) of a purpose and its JSON-like parts: 32 hexadecimal digits, 128 bits."""
    return _mac(secret, f"key/{purpose}", parts)[:16].hex()


def subscriber_id(secret: str, email: str) -> str:
    """Return the subscriber id of a parsed address, the same for all its spellings."""
    return keyed_hash(secret, "subscriber", normalized(email))


def mailbox_id(secret: str, email: str) -> str:
    """Return the id under which the mailbox of a parsed address is counted."""
    return keyed_hash(secret, "mailbox", mailbox(email))


def token(secret: str, purpose: str, subject: str, expires: datetime | None) -> str:
    """Return the token that proves a link: an HMAC-SHA-256 over purpose, subject and expiry, 43 URL-safe characters.

    `expires` counts in whole seconds; None is never.
    """
    seconds = None if expires is None else int(expires.timestamp())
    return base64.urlsafe_b64encode(_mac(secret, f"token/{purpose}", (subject, seconds))).rstrip(b"=").decode()


def verified(given: str, secret: str, purpose: str, subject: str, expires: datetime | None) -> bool:
    """Return, in constant time, whether a token matches purpose, subject and expiry. It may have expired."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token(secret, purpose, subject, expires).encode())


def code(secret: str, purpose: str, subject: str) -> str:
    """Return the code that proves a subject when it is typed: eight letters and digits, 40 bits of an HMAC."""
    bits = int.from_bytes(_mac(secret, f"code/{purpose}", (subject,))[:5])
    return "".join(_CODE_LETTERS[bits >> 5 * place & 31] for place in range(CODE_LENGTH))


def spaced(of_code: str) -> str:
    """Return a code in readable form: `XXXX-XXXX`."""
    return f"{of_code[: CODE_LENGTH // 2]}-{of_code[CODE_LENGTH // 2 :]}"


def typed_code(text: str) -> str:
    """Return the code that somebody typed, or an empty string if it is none.

    Upper or lower case, blanks, hyphens and lookalike letters are all accepted.
    """
    letters = (one for one in unicodedata.normalize("NFKC", text).upper() if one.isalnum())
    typed = "".join(letters).translate(_LOOK_ALIKES)
    return typed if len(typed) == CODE_LENGTH and set(typed) <= set(_CODE_LETTERS) else ""


def is_code(given: str, secret: str, purpose: str, subject: str) -> bool:
    """Return, in constant time, whether a typed code proves a subject."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), code(secret, purpose, subject).encode())
