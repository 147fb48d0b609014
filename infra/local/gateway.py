"""API Gateway's HTTP API, as the functions and the clients see it (AWS: "Working with HTTP APIs", format 2.0)."""

import base64
import json
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from guichet.settings import is_allowed
from infra.template import PSEUDO_PARAMETERS

Invoke = Callable[[dict[str, Any]], dict[str, Any]]

LARGEST_BODY = 10 * 1024 * 1024
LARGEST_HEAD = 10_240
# What the gateway passes on as text; every other body is base64, including forms.
_TEXT_TYPES = ("application/json", "application/javascript", "application/xml")
_STAGE = "$default"


class Gateway:
    """The API: routes to functions, and the CORS configuration. A WSGI application."""

    def __init__(self, routes: Mapping[str, Invoke], cors: Mapping[str, Any]) -> None:
        self._routes = routes
        self._cors = cors

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        """Answer a request: the preflight, a route's function, or the gateway's own refusal."""
        origin = request.headers.get("Origin", "")
        if request.method == "OPTIONS" and origin and "Access-Control-Request-Method" in request.headers:
            return Response(status=204, headers=self._preflight_headers(origin))
        response = self._routed(request)
        for name, value in self._cors_headers(origin).items():
            if name == "vary":
                response.vary.add(value)  # in addition to what the function's reply varies with
            else:
                response.headers[name] = value
        return response

    def _routed(self, request: Request) -> Response:
        head = len(request.full_path) + sum(len(name) + len(value) for name, value in request.headers.items())
        if head > LARGEST_HEAD:
            return _refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large")
        match = match_route(self._routes, request.method, request.path)
        if match is None:
            return _refusal(HTTPStatus.NOT_FOUND, "Not Found")
        route, parameters = match
        request.max_content_length = LARGEST_BODY
        try:
            event = event_of(request, route, parameters)
        except RequestEntityTooLarge:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        except (BadRequest, OSError):
            # A body that breaks off, or is chunked wrongly.
            return _refusal(HTTPStatus.BAD_REQUEST, "Bad Request")
        try:
            return _response(self._routes[route](event))
        except Exception:
            logging.getLogger(__name__).exception("the function behind %s failed", route)
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")

    def _cors_headers(self, origin: str) -> dict[str, str]:
        if not is_allowed(origin, self._cors.get("allowOrigins", [])):
            return {}
        headers = {"access-control-allow-origin": origin, "vary": "origin"}
        if exposed := self._cors.get("exposeHeaders"):
            headers["access-control-expose-headers"] = ",".join(exposed)
        return headers

    def _preflight_headers(self, origin: str) -> dict[str, str]:
        headers = self._cors_headers(origin)
        if headers:
            headers["access-control-allow-methods"] = ",".join(self._cors["allowMethods"])
            headers["access-control-allow-headers"] = ",".join(self._cors["allowHeaders"])
            headers["access-control-max-age"] = str(self._cors["maxAge"])
        return headers


def match_route(routes: Iterable[str], method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """Return the route of a request and the variables of its path.

    A full match comes before one with variables, and a greedy variable, which takes the rest of a path, comes last
    (AWS: "Create routes for HTTP APIs").
    """
    parts = path.split("/")
    candidates: list[tuple[int, str, dict[str, str]]] = []
    for route in routes:
        route_method, _, route_path = route.partition(" ")
        wanted = route_path.split("/")
        if wanted[-1].endswith("+}"):
            start, rest = parts[: len(wanted) - 1], "/".join(parts[len(wanted) - 1 :])
            if route_method == method and start == wanted[:-1] and rest:
                candidates.append((len(parts) + 1, route, {wanted[-1].strip("{+}"): rest}))
            continue
        if route_method != method or len(wanted) != len(parts):
            continue
        variables: dict[str, str] = {}
        for want, part in zip(wanted, parts, strict=True):
            if want.startswith("{") and part:
                variables[want.strip("{}")] = part
            elif want != part:
                break
        else:
            candidates.append((len(variables), route, variables))
    if not candidates:
        return None
    _, route, variables = min(candidates, key=lambda candidate: candidate[0])
    return route, variables


def event_of(request: Request, route: str, path_parameters: dict[str, str]) -> dict[str, Any]:
    """Return the event of a request, payload format 2.0."""
    headers: dict[str, list[str]] = defaultdict(list)
    for name, value in request.headers.items():
        if name.lower() != "cookie":
            headers[name.lower()].append(value)
    address = request.remote_addr or "127.0.0.1"
    joined = {name: ",".join(values) for name, values in headers.items()}
    port = request.host.partition(":")[2] or ("443" if request.scheme == "https" else "80")
    # The caller's claims come first; only the last address is set by the gateway.
    forwarded = ", ".join(filter(None, (joined.get("x-forwarded-for"), address)))
    joined |= {"x-forwarded-for": forwarded, "x-forwarded-proto": request.scheme, "x-forwarded-port": port}
    now = datetime.now(UTC)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": joined,
        "requestContext": {
            "accountId": PSEUDO_PARAMETERS["AWS::AccountId"],
            "apiId": "local",
            "domainName": request.host,
            "domainPrefix": request.host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
                "sourceIp": address,
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": route,
            "stage": _STAGE,
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if request.headers.get("Cookie"):
        event["cookies"] = [part.strip() for part in request.headers["Cookie"].split(";")]
    if request.args:
        event["queryStringParameters"] = {name: ",".join(values) for name, values in request.args.lists()}
    if path_parameters:
        event["pathParameters"] = path_parameters
    if body := request.get_data():
        event |= _body(body, request.mimetype)
    return event


def _body(body: bytes, media_type: str) -> dict[str, Any]:
    if media_type.startswith("text/") or media_type in _TEXT_TYPES:
        return {"body": body.decode("utf-8", "replace"), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _response(reply: dict[str, Any]) -> Response:
    """Turn a function's reply into a response without its own CORS headers, which the gateway drops."""
    body = reply.get("body") or ""
    content = base64.b64decode(body) if reply.get("isBase64Encoded") else body
    response = Response(content, status=reply["statusCode"])
    response.headers.clear()
    for name, value in reply.get("headers", {}).items():
        if not name.lower().startswith("access-control-"):
            response.headers[name] = str(value)
    for cookie in reply.get("cookies", []):
        response.headers.add("set-cookie", cookie)
    # The URL is already absolute, or deliberately relative.
    response.autocorrect_location_header = False
    return response


def _refusal(status: HTTPStatus, message: str) -> Response:
    return Response(json.dumps({"message": message}), status=status, content_type="application/json")
