"""Field types that forms share. Their errors carry the codes of the contract."""

from typing import Annotated

from pydantic_core import PydanticCustomError

from guichet.addresses import parse
from guichet.model import After, Before, Limit
from guichet.visible import without_unseen_ends


def required(value: object) -> object:
    """Refuse an empty answer (`REQUIRED_FIELD_EMPTY`)."""
    if value == "":
        raise PydanticCustomError("REQUIRED_FIELD_EMPTY", "empty")
    return value


def email_address(text: str) -> str:
    """Return the address in an answer, or refuse it (`TYPE_EMAIL`)."""
    address = parse(without_unseen_ends(text))
    if address is None:
        raise PydanticCustomError("TYPE_EMAIL", "no email address")
    return address


def line(text: str) -> str:
    """Return an answer as a single line."""
    return " ".join(text.split())


# A deliverable email address (`TYPE_EMAIL`).
Email = Annotated[str, After(email_address), Before(required)]
LONGEST_LINE = 1000
AS_LINE = After(line)
# A single line of text.
Line = Annotated[str, Limit(max_length=LONGEST_LINE), AS_LINE]
