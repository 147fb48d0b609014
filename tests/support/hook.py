"""A site's host on this machine that accepts the deploy hook, over https with a certificate that nobody else trusts."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Answer = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, **headers: str) -> Answer:
    """Return a handler that answers with a status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


@dataclass
class Host:
    """The host: its hook's URL, the requests it received (method, path, headers, body), and how it answers."""

    url: str
    certificate: Path
    answer: Answer = field(default_factory=lambda: status(200))
    got: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@cache
def _certificate() -> bytes:
    """Return a key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    # Valid however a test moves the clock.
    begin = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=2100))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem)


@contextmanager
def host(folder: Path, path: str = "/hooks/secret-1?b=2") -> Iterator[Host]:
    """Serve a host until the block ends."""
    certificate = folder / "host.pem"
    certificate.write_bytes(_certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            known.got.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            known.answer(self)

        do_GET = do_POST  # noqa: N815  the library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Ignore a client that does not trust the certificate."""

    server = Server(("127.0.0.1", 0), Handler)
    # The handshake happens in each request's thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    known = Host(f"https://127.0.0.1:{server.server_port}{path}", certificate)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield known
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def trust(monkeypatch: pytest.MonkeyPatch, known: Host) -> None:
    """Make this process trust the host's certificate like the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(known.certificate))
