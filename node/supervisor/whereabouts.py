"""Where this computer stands in the networks around it.

A vault names its new addresses by itself, but its connections, and its search of the local network, are still those
of the place where it started.  So when the computer is somewhere else (another Wi-Fi, awake in another house, another
prefix from the provider), it is started anew, by a handover to the same version, which keeps the store and the port.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.supervisor.errors import SwitchFailed
from node.supervisor.launch import NO_HOST
from node.supervisor.switching import IN_USE
from node.supervisor.vault_child import VaultChild

LOOK_S: Final = 60.0
REST_S: Final = 600.0  # after a new start: addresses that come and go must not keep the vault busy
PREFIX_BITS: Final = 64  # of IPv6; the rest of an address changes daily, and the older ones stay good for a while

log = logging.getLogger(__name__)
Look = Callable[[], frozenset[str]]


def is_anywhere(bind: str) -> bool:
    """Whether a vault that binds there is reached at every address of the computer."""
    return bind.rpartition(":")[0] in NO_HOST


def places_now() -> frozenset[str]:
    """The places of this computer at this moment.  Blocking, but short.

    Raises:
        OSError: The system does not say.
    """
    families = {socket.AF_INET, socket.AF_INET6}
    found = psutil.net_if_addrs().values()
    return places_of(entry.address for entries in found for entry in entries if entry.family in families)


def places_of(addresses: Iterable[str]) -> frozenset[str]:
    """What others could reach among ``addresses``: IPv4 addresses, and the networks of IPv6 ones."""
    places = set()
    for address in addresses:
        ip = ipaddress.ip_address(address.partition("%")[0])
        if ip.is_loopback or ip.is_link_local or ip.is_unspecified:
            continue
        bits = PREFIX_BITS if ip.version == 6 else ip.max_prefixlen
        places.add(str(ipaddress.ip_network((ip, bits), strict=False)))
    return frozenset(places)


async def follow(vault: VaultChild, moved: Callable[[], None], look: Look = places_now) -> None:
    """Start the vault anew when the computer has moved, and tell ``moved`` so, until cancelled.

    Only when two looks in a row agree: a network that comes up changes its addresses several times.  While there is
    no address at all it waits: most computers come back to the ones that they had.
    """
    await vault.wait_until_settled()
    told = last = await _look(look)
    while True:
        await asyncio.sleep(LOOK_S)
        here = await _look(look)
        is_steady, last = here == last, here
        if not here or here == told or not is_steady or not vault.is_listening:
            continue
        log.info("addresses changed from=%d to=%d", len(told), len(here))
        try:
            await vault.switch(IN_USE)
        except SwitchFailed as error:
            log.warning("vault not started anew reason=%s", error)
            continue
        told = here
        moved()
        await asyncio.sleep(REST_S)


async def _look(look: Look) -> frozenset[str]:
    try:
        return await asyncio.to_thread(look)
    except OSError as error:
        log.warning("addresses not known reason=%s", error)
        return frozenset()
