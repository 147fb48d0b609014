"""Ports of this machine: when they open, and whom they serve."""

import json
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

# This machine's names. Under another name that resolves to it, a page could read what is served (DNS rebinding).
HOSTS = frozenset({"127.0.0.1", "localhost"})
_BACKLOG = 128
# In seconds.
_LOOK = 0.5


class Port:
    """A port of this machine: reserved once created, open once served. Raises OSError if it is in use."""

    def __init__(self, number: int, address: str = "127.0.0.1") -> None:
        self._socket = socket.socket()
        try:
            # A server that has just stopped does not block it.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((address, number))
        except OSError:
            self._socket.close()
            raise
        self._served: tuple[BaseWSGIServer, threading.Thread] | None = None
        self.address, self.number = self._socket.getsockname()

    def serve(self, application: Application, hosts: Collection[str] = HOSTS, *, threaded: bool = True) -> None:
        """Open it, only for requests to one of the hosts. Raises OSError if somebody else has opened it meanwhile."""
        self._socket.listen(_BACKLOG)
        application = for_hosts(application, hosts)
        server = make_server(self.address, self.number, application, threaded=threaded, fd=self._socket.fileno())
        # When idle, all it does is check at this interval whether to stop.
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK,), daemon=True, name=f"port {self.number}")
        self._served = server, thread
        thread.start()

    def close(self) -> None:
        """Close it. Idempotent."""
        if self._served:
            server, thread = self._served
            server.shutdown()
            # Closing the server is its last action.
            thread.join()
        self._socket.close()


def for_hosts(application: Application, hosts: Collection[str] = HOSTS) -> Application:
    """Return the application, restricted to requests for one of these hosts; others get 403."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").partition(":")[0].lower() not in hosts:
            return refusal(f"this port is only for {' and '.join(sorted(hosts))}")(environ, start_response)
        return application(environ, start_response)

    return answer


def for_own_pages(application: Application) -> Application:
    """Return the application, restricted to requests that do not come from another origin's page; others get 403."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if from_another_page(environ):
            return refusal("pages of other origins are not served")(environ, start_response)
        return application(environ, start_response)

    return answer


def from_another_page(environ: Mapping[str, str]) -> bool:
    """Return whether another origin's page makes a request. Browsers say so; other programs send neither header."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        return origin != f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
    # Images, frames and links send no `Origin`.
    return environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin")


def refusal(message: str) -> Response:
    """Return a 403 that says why."""
    return Response(json.dumps({"message": message}), status=403, content_type="application/json")
