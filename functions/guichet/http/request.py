"""A request as API Gateway's HTTP API hands it over, payload format 2.0, or as `sam local start-api` makes it up."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self

from guichet.http.refusal import refuse
from guichet.locales import Language, choose

JSON_TYPE = "application/json"
HTML_TYPE = "text/html"
# As seconds, the year 5138; as milliseconds, 1973.
_LAST_SECOND = 100_000_000_000


@dataclass
class Request:
    """The parts of a request that handlers use. Header names are lower case, `body` is decoded.

    Only `language` can change: a form may ask for another language than the browser's.
    """

    id: str
    route: str
    headers: dict[str, str]
    query: dict[str, str]
    caller: str
    base_url: str
    language: Language
    event: dict[str, Any]

    @classmethod
    def from_event(cls, event: dict[str, Any], default_language: Language) -> Self:
        """Read an event (AWS: "Working with AWS Lambda proxy integrations for HTTP APIs", format 2.0).

        API Gateway writes header names in lower case; the SAM CLI leaves them as the client wrote them.
        """
        context = event["requestContext"]
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        query = event.get("queryStringParameters") or {}
        return cls(
            id=context["requestId"],
            route=event["routeKey"],
            headers=headers,
            query=query,
            caller=context["http"]["sourceIp"],
            base_url=_base_url(event, headers),
            language=choose(query.get("language", ""), headers.get("accept-language", ""), default_language),
            event=event,
        )

    @property
    def path(self) -> dict[str, str]:
        """The parameters in the path, such as `form` of `/f/{form}`."""
        return self.event.get("pathParameters") or {}

    @property
    def content_type(self) -> str:
        """The media type of the body, lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def wants_json(self) -> bool:
        """Whether to respond with JSON: `Accept` names it, the body was JSON, or a script asks.

        Scripts in pages cannot follow a redirect to another origin, so a stored form would look refused to them.
        """
        accepted = [part.partition(";")[0].strip().lower() for part in self.headers.get("accept", "").split(",")]
        return JSON_TYPE in accepted or self.content_type == JSON_TYPE or self._is_of_script(accepted)

    def _is_of_script(self, accepted: list[str]) -> bool:
        """Return whether a script made the request (Fetch Metadata Request Headers, `Sec-Fetch-Mode`).

        Old browsers do not send that header. Apps that show web pages put their name into `X-Requested-With`.
        """
        mode = self.headers.get("sec-fetch-mode", "").strip().lower()
        requested_with = self.headers.get("x-requested-with", "").strip().lower()
        if mode == "navigate" or not (mode == "cors" or requested_with):
            return False
        return requested_with == "xmlhttprequest" or HTML_TYPE not in accepted

    @cached_property
    def at(self) -> datetime:
        """When the gateway received the request, by its clock.

        API Gateway gives it in milliseconds, the SAM CLI in seconds.
        """
        epoch = self.event.get("requestContext", {}).get("timeEpoch")
        if not isinstance(epoch, int):
            return datetime.now(UTC)
        return datetime.fromtimestamp(epoch / 1000 if epoch > _LAST_SECOND else epoch, UTC)

    def body(self) -> bytes:
        """Return the body. Raises Refusal (400) if it claims to be base64 and is not."""
        body = self.event.get("body") or ""
        if not self.event.get("isBase64Encoded"):
            return str(body).encode("utf-8", "surrogatepass")
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise refuse(400, "BAD_REQUEST") from None


def _base_url(event: dict[str, Any], headers: dict[str, str]) -> str:
    """Return the URL under which the caller reached the API, without a trailing slash.

    Anything before the route's own path (a stage, a base path of a custom domain) is part of it.
    """
    route_path = event["routeKey"].partition(" ")[2]
    own, greedy, _ = route_path.partition("/{page+}")
    # A greedy variable matches several segments of a path.
    matched = event["pathParameters"]["page"].rstrip("/") if greedy else ""
    further = matched.count("/") + 1 if matched else 0
    prefix = event["rawPath"].rstrip("/").split("/")[: -(own.count("/") + further) or None]
    # On AWS the gateway sets this header itself, and it is https; only a local stack speaks http.
    scheme = "http" if headers.get("x-forwarded-proto") == "http" else "https"
    return f"{scheme}://{_host(event['requestContext'].get('domainName', ''), headers)}{'/'.join(prefix)}"


def _host(domain_name: str, headers: dict[str, str]) -> str:
    """Return the host under which the caller reached the API, with its port where it has one.

    On AWS that is `domainName`, which the gateway sets: the Host header is the caller's. Locally, only that header has
    the host that the caller used: emulators put `localhost` (the SAM CLI) or a subdomain of it, without a port, into
    `domainName`. No API on AWS has such a name, which RFC 6761 reserves for the local machine.
    """
    if domain_name and domain_name.rpartition(".")[2] != "localhost":
        return domain_name
    return headers.get("host") or domain_name
