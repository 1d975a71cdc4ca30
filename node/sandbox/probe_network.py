"""The self-test's part on the network and on what can be talked to: see ``probe``.

Standard library only.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from node.sandbox import seccomp

IPPROTO_ICMP: Final = 1
NETLINK_SOCK_DIAG, NETLINK_GENERIC = 4, 16
RTM_DELADDR, RTM_GETADDR = 21, 22
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR: Final = 2


def sockets(bait: dict[str, Any]) -> list[tuple[str, Callable[[], object]]]:
    """Ways to other programs: the session bus hands out secrets, the journal takes lies."""

    def unix(address: str) -> Callable[[], object]:
        def connect() -> None:
            with socket.socket(socket.AF_UNIX) as own:
                own.connect(address)

        return connect

    def through_a_pair() -> int:
        first, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with first, second:
            return first.sendto(b"x", bait["datagram"])

    return [
        ("reach a Unix socket", unix(bait["stream"])),
        ("reach an abstract Unix socket", unix("\0" + bait["abstract"])),
        ("reach a Unix socket through a pair", through_a_pair),
        ("change the computer's addresses", change_addresses),
        ("list the connections of others", lambda: _netlink(NETLINK_SOCK_DIAG).close()),
        ("talk to drivers of the kernel", lambda: _netlink(NETLINK_GENERIC).close()),
        ("send pings", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, IPPROTO_ICMP).close()),
    ]


def send() -> int:
    """A datagram to itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        return own.sendto(b"x", own.getsockname())


def own_addresses() -> int:
    """What the kernel says of the addresses of this computer, in bytes."""
    return ask_routes(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, bytes(8))


def change_addresses() -> int:
    """Take an address from a device that does not exist: who may do that is told that there is none."""
    try:
        return ask_routes(
            RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK, struct.pack("=BBBBI", socket.AF_INET, 0, 0, 0, 1 << 30)
        )
    except OSError as error:
        if error.errno in {errno.ENODEV, errno.EADDRNOTAVAIL, errno.EINVAL}:
            return 0
        raise


def ask_routes(kind: int, flags: int, content: bytes) -> int:
    """Ask the kernel of addresses and routes; return the length of its first answer.

    Raises:
        OSError: It refused.
    """
    with _netlink(seccomp.NETLINK_ROUTE) as own:
        own.settimeout(2)
        own.bind((0, 0))
        own.send(struct.pack("=IHHII", 16 + len(content), kind, flags, 1, 0) + content)
        answer = own.recv(1 << 16)
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR and (code := struct.unpack_from("=i", answer, 16)[0]):
        raise OSError(-code, os.strerror(-code))
    return len(answer)


def connect(port: int) -> None:
    """To a program on this computer."""
    socket.create_connection(("127.0.0.1", port), 2).close()


def listen() -> None:
    """For others to connect."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        own.listen()


def _netlink(protocol: int) -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
