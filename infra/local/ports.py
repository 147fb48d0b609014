"""The ports of this machine: when they open, and whom they serve."""

import json
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

# The names of this machine. A page of another name that leads here could read what is served (DNS rebinding).
HOSTS = frozenset({"127.0.0.1", "localhost"})
_BACKLOG = 128
# In seconds.
_LOOK = 0.5


class Port:
    """A port of this machine: held as soon as it is made, open once it is served. Raises OSError if it is taken."""

    def __init__(self, number: int, address: str = "127.0.0.1") -> None:
        self._socket = socket.socket()
        try:
            # What served here a moment ago does not keep it.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((address, number))
        except OSError:
            self._socket.close()
            raise
        self._served: tuple[BaseWSGIServer, threading.Thread] | None = None
        self.address, self.number = self._socket.getsockname()

    def serve(self, application: Application, hosts: Collection[str] = HOSTS, *, threaded: bool = True) -> None:
        """Open it, for requests to one of the hosts alone. Raises OSError if somebody else has opened it meanwhile."""
        self._socket.listen(_BACKLOG)
        application = for_hosts(application, hosts)
        server = make_server(self.address, self.number, application, threaded=threaded, fd=self._socket.fileno())
        # How often it looks whether it is to end is all that it does at rest.
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK,), daemon=True, name=f"port {self.number}")
        self._served = server, thread
        thread.start()

    def close(self) -> None:
        """Close it. Idempotent."""
        if self._served:
            server, thread = self._served
            server.shutdown()
            # Its last deed is to close the server.
            thread.join()
        self._socket.close()


def for_hosts(application: Application, hosts: Collection[str] = HOSTS) -> Application:
    """Return the application for requests that name one of these hosts; others get 403."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").partition(":")[0].lower() not in hosts:
            return refusal(f"this is for {' and '.join(sorted(hosts))} alone")(environ, start_response)
        return application(environ, start_response)

    return answer


def for_own_pages(application: Application) -> Application:
    """Return the application for requests that no web page of another origin makes; others get 403."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if from_another_page(environ):
            return refusal("pages of other origins are not served")(environ, start_response)
        return application(environ, start_response)

    return answer


def from_another_page(environ: Mapping[str, str]) -> bool:
    """Tell whether a web page of another origin makes a request. Browsers tell; other programs send neither header."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        return origin != f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
    # Images, frames and links send no origin.
    return environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin")


def refusal(message: str) -> Response:
    """Return a 403 that says why."""
    return Response(json.dumps({"message": message}), status=403, content_type="application/json")
