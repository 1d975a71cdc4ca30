"""How an endpoint of iroh gets its port, and where it can be dialled."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Sequence
from typing import Final

import iroh
from iroh import IrohError

from node.vault.errors import MalformedMessage
from node.vault.transport import iroh_bytes

ONLY_HERE: Final = "[::1]:"
INSIDE: Final = "127."  # as the vaults of practice and rehearsal, each in a subnet of its own
ANYWHERE: Final = ("0.0.0.0", "[::]")  # noqa: S104 - a vault is to be reached at every address of the computer

logger = logging.getLogger(__name__)


async def bind(seed: bytes, address: str, *alpns: bytes) -> iroh.Endpoint:
    """An endpoint under the transport key of ``seed``, without relays, which speaks these protocols.

    One that is reached at every address has the same port for IPv4 and IPv6: it is the one that a farmer opens, and
    the one that is asked for at the next start.  Where IPv6 cannot have it, IPv6 gets any other.

    Raises:
        OSError: The address or port cannot be used.
    """
    iroh_bytes.repair()
    host, _, port = address.rpartition(":")
    if host in ANYWHERE:
        try:
            shared = _free_port() if port == "0" else port
            return await _bind(seed, alpns, *(f"{each}:{shared}" for each in ANYWHERE))
        except OSError as error:
            logger.info("no port for both versions of IP: %s", error)
    return await _bind(seed, alpns, address)


async def _bind(seed: bytes, alpns: tuple[bytes, ...], *addresses: str) -> iroh.Endpoint:
    try:
        builder = iroh.EndpointBuilder()  # type: ignore[no-untyped-call]  # its makers left this one untyped
        builder.apply_minimal()
        for address in addresses:
            builder.bind_addr(address)
        builder.relay_mode(iroh.RelayMode.disabled())
        builder.alpns(list(alpns))
        builder.secret_key(seed)
        return await builder.bind()
    except IrohError as error:
        raise OSError(f"cannot use {' and '.join(addresses)}: {say(error)}") from error


def _free_port() -> str:
    """One that the system gives for IPv4; another program may take it before it is bound again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ANYWHERE[0], 0))
        return str(probe.getsockname()[1])


def addresses_of(endpoint: iroh.Endpoint) -> tuple[str, ...]:
    """Where it can be dialled, ``ip:port``: at this computer, IPv4 first, and then where a router has opened a port."""
    ports = {_port(socket) for socket in endpoint.bound_sockets()}
    found = worth_naming(str(address) for address in endpoint.addr().direct_addresses())
    return tuple(sorted(found, key=lambda address: _port(address) not in ports))


def reached_at(connection: iroh.Connection, dialled: Sequence[str]) -> str:
    """Where the other side is; one at a 127 address of this computer is there, though iroh changed over to ``::1``."""
    path = next((str(path.remote_addr) for path in connection.paths()), dialled[0])
    inside = [address for address in dialled if address.startswith(INSIDE)]
    return inside[0] if inside and path.startswith(ONLY_HERE) else path


def worth_naming(addresses: Iterable[str]) -> list[str]:
    """All but ``::1``, which iroh adds where a computer has no other address of IPv6, unless there is nothing else.

    Nobody else can dial that; and the vaults of a rehearsal, which stand in subnets of their own on a computer without
    a network, came to stand in one for whom they happened to reach there: too few witnesses for any release.
    """
    found = list(addresses)
    return [address for address in found if not address.startswith(ONLY_HERE)] or found


def address_of(source: iroh.IncomingAddr) -> str:
    """Raises MalformedMessage when it is no IP address."""
    if not isinstance(source, iroh.IncomingAddr.IP):
        raise MalformedMessage("the connection came by no IP address")
    return source.addr


def say(error: BaseException) -> str:
    """One line: iroh's own message runs over several."""
    return " ".join(error.message().split()) if isinstance(error, IrohError) else "no answer in time"


def _port(address: str) -> str:
    return address.rpartition(":")[2]
