"""Field types that forms share, as pydantic types. Their errors carry the codes of the contract."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from guichet.addresses import parse


def required(value: object) -> object:
    """Refuse an empty answer (`REQUIRED_FIELD_EMPTY`)."""
    if value == "":
        raise PydanticCustomError("REQUIRED_FIELD_EMPTY", "empty")
    return value


def _email(text: str) -> str:
    address = parse(text)
    if address is None:
        raise PydanticCustomError("TYPE_EMAIL", "no email address")
    return address


# A deliverable email address (`TYPE_EMAIL`).
Email = Annotated[str, AfterValidator(_email), BeforeValidator(required)]
# A single line of text.
Line = Annotated[str, StringConstraints(max_length=1000), AfterValidator(lambda text: " ".join(text.split()))]
