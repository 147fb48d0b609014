# ruff: noqa: INP001  Python imports it automatically, by this name
"""Names beneath `localhost` mean this machine (RFC 6761, section 6.3), where the C library does not know that."""

import socket
from typing import Any

_ask = socket.getaddrinfo


def _getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
    beneath = isinstance(host, str) and host.endswith(".localhost")
    return _ask("127.0.0.1" if beneath else host, *arguments, **named)


socket.getaddrinfo = _getaddrinfo
