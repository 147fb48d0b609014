"""How containers reach this machine: `sam local` runs the functions in containers."""

import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Docker Desktop's name for its host. Traffic to it arrives at the loopback interface.
_DESKTOP = "host.docker.internal"
_BRIDGE = b"docker0"
# Linux: "get the address of an interface", and where the IPv4 address lies in its answer (netdevice(7)).
_SIOCGIFADDR = 0x8915
_ADDRESS = slice(20, 24)


@dataclass(frozen=True)
class Containers:
    """Where to listen for this machine's containers, and the name or address by which they reach it."""

    listen: str
    host: str

    @classmethod
    def asked_for(cls, environment: Mapping[str, str]) -> Self | None:
        """Return what `CONTAINERS` asks for, or None if it is not set.

        On Linux, containers reach the address of Docker's bridge, to which no other machine has a route by default.
        Docker Desktop runs them in a virtual machine and has a name for this one instead.
        """
        if not environment.get("CONTAINERS"):
            return None
        address = bridge_address()
        return cls(address, address) if address else cls(LOOPBACK[0], _DESKTOP)

    def reach(self, address: str) -> str:
        """Return the URL of an engine, such as `http://127.0.0.1:8001`, as containers must write it."""
        parts = urlsplit(address)
        if parts.hostname not in LOOPBACK:
            return address
        port = "" if parts.port is None else f":{parts.port}"
        return parts._replace(netloc=f"{self.host}{port}").geturl()


def bridge_address() -> str | None:
    """Return the IPv4 address of Docker's bridge, such as `172.17.0.1`, or None if this machine has no bridge."""
    if sys.platform != "linux":
        return None
    import fcntl  # noqa: PLC0415  not on every system

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFADDR, struct.pack("256s", _BRIDGE))
        except OSError:
            return None
    return socket.inet_ntoa(answer[_ADDRESS])
