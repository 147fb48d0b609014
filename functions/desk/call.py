"""What the areas of the desk are called with."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from guichet.http.body import MAX_BODY, fields_of
from guichet.http.request import Request
from guichet.http.responses import Response
from guichet.locales import Language, locale
from guichet.records.session import Session
from guichet.settings import DeskSettings
from guichet.signing import subscriber_id

# What a record's id may look like. DynamoDB rejects keys of more than 2,048 bytes, which is not our failure.
ID = re.compile("[A-Za-z0-9_-]{1,128}")
# The largest post of an owner, in bytes: an issue in two languages. All of it is shown again if something is wrong with
# it, and a Lambda response has room for six times as much.
LARGEST_BODY = 1024 * 1024


class DeskError(Exception):
    """Answered with an error page of the desk: the HTTP status, and the key of its sentence."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Visit:
    """A request to the desk, signed in or not."""

    request: Request
    settings: DeskSettings

    @property
    def method(self) -> str:
        """GET or POST."""
        return self.request.route.partition(" ")[0]

    @property
    def page(self) -> str:
        """The path below /desk, without slashes at its ends: empty for /desk itself."""
        return self.request.path.get("page", "").strip("/")

    @property
    def language(self) -> Language:
        """The language of the pages: what the browser prefers."""
        return self.request.language

    @property
    def table_name(self) -> str:
        """The table."""
        return self.settings.table_name

    def number(self, number: int) -> str:
        """Return a number formatted for the language."""
        return locale(self.language).number(str(number))

    def url(self, page: str = "", **query: str) -> str:
        """Return the URL of a page of the desk. Empty query values are left out."""
        given = {name: value for name, value in query.items() if value}
        path = f"{self.request.base_url}/desk{f'/{page}' if page else ''}"
        return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True)
class Call(Visit):
    """A request to an area, with its path variables and, except for signing in, its session."""

    path: dict[str, str]
    session: Session | None

    @cached_property
    def fields(self) -> dict[str, str]:
        """The posted fields: cleaned texts by name. Raises Refusal if the body cannot be parsed."""
        largest = MAX_BODY if self.session is None else LARGEST_BODY
        return {name: value for name, value in fields_of(self.request, largest).items() if isinstance(value, str)}

    @property
    def signed_in(self) -> Session:
        """The session. Only signing in has none."""
        if self.session is None:
            raise DeskError(403, "signed_out")
        return self.session

    @property
    def owner_address(self) -> str:
        """The owner's address that the session belongs to."""
        secret = self.settings.signing_secret
        return next(
            address for address in self.settings.owner_email if subscriber_id(secret, address) == self.signed_in.owner
        )


Route = Callable[[Call], Response]
