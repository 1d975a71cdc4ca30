"""How an endpoint of iroh gets its port, and where it can be dialled."""

from __future__ import annotations

import iroh
from iroh import IrohError

from node.vault.transport import iroh_bytes


async def bind(seed: bytes, address: str, alpn: bytes) -> iroh.Endpoint:
    """An endpoint under the transport key of ``seed``, without relays.

    Raises:
        OSError: The address or port cannot be used.
    """
    iroh_bytes.repair()
    options = iroh.EndpointOptions(
        preset=iroh.preset_minimal(), relay_mode=iroh.RelayMode.disabled(), bind_addr=address, alpns=[alpn],
        secret_key=seed,
    )  # fmt: skip
    try:
        return await iroh.Endpoint.bind(options)
    except IrohError as error:
        raise OSError(f"cannot use {address}: {say(error)}") from error


def addresses_of(endpoint: iroh.Endpoint) -> tuple[str, ...]:
    """Where it can be dialled, ``ip:port``: at this computer, IPv4 first, and then where a router has opened a port."""
    ports = {_port(socket) for socket in endpoint.bound_sockets()}
    found = (str(address) for address in endpoint.addr().direct_addresses())
    return tuple(sorted(found, key=lambda address: _port(address) not in ports))


def say(error: BaseException) -> str:
    """One line: iroh's own message runs over several."""
    return " ".join(error.message().split()) if isinstance(error, IrohError) else "no answer in time"


def _port(address: str) -> str:
    return address.rpartition(":")[2]
