"""A minimal, fast HTTP server for tests, in place of AWS or of Lambda's Runtime API."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar


class Handler(BaseHTTPRequestHandler, ABC):
    """A request: its body is read and its reply written in one go. It logs nothing, as tests report what they saw."""

    protocol_version = "HTTP/1.1"
    # Otherwise each reply waits 40 ms for the acknowledgement of its headers.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()

    def do_OPTIONS(self) -> None:
        self.answer()

    @abstractmethod
    def answer(self) -> None:
        """Answer the request."""

    def body(self) -> bytes:
        """Return the body, sent with its length or in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def reply(self, status: int, headers: Mapping[str, str], content: bytes, length: int | None = None) -> None:
        """Send a reply, with another `Content-Length` than the content's if one is given."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """A server on a free port of this machine."""

    daemon_threads = True

    def __init__(self, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def address(self) -> str:
        """Where it listens, `127.0.0.1:40123`."""
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a caller that has disconnected."""


_AnyServer = TypeVar("_AnyServer", bound=Server)


@contextmanager
def serving(server: _AnyServer, *, poll_interval: float = 0.01) -> Iterator[_AnyServer]:
    """Run a server for the duration of the block, which it polls for its end."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": poll_interval}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
