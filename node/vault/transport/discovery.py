"""Vaults of the same network on the local one: announced and found by DNS-SD over multicast, with no server.

    announced: <name>._perennial._udp.local.  port, IPv4 addresses, TXT: network, key
    found:     name -> bounded queue -> looked up, one at a time -> Introduction

What is heard is a hint whom to dial and nothing more: a peer proves its key and its network when it is met.
``zeroconf`` is loaded only here, and only when asked for: most vaults never need it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from node.vault.core.identity import ADDRESSES_MAX, KEY_BYTES, Introduction, check_address
from node.vault.errors import MalformedMessage

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

TYPE: Final = "_perennial._udp.local."
NETWORK_BYTES: Final = 8  # of the network's hash; enough to tell networks apart, and the hello compares it all
NAME_BYTES: Final = 16  # of the transport key, for a name that nobody has by chance
NAME_CHARACTERS_MAX: Final = 255
WAITING_MAX: Final = 32  # names heard and not looked up yet; more are not listened to
LOOK_UP_MS: Final = 3000
PAUSE_S: Final = 0.25  # between two look-ups, so that a noisy network costs next to nothing
TOLD_MAX: Final = 256  # keys that are not told a second time
CLOSE_S: Final = 1.0
Announced = tuple[Mapping[bytes, bytes | None], Sequence[str], int | None]  # TXT, hosts, port

logger = logging.getLogger(__name__)


async def discover(network: bytes, key: bytes, addresses: Sequence[str], found: Callable[[Introduction], None]) -> None:
    """Announce the vault, and tell ``found`` of others of its network, until cancelled.

    Never raises: where multicast is not possible it says so once and returns.
    """
    try:
        await _discover(network, key, addresses, found)
    except Exception as error:  # noqa: BLE001 - a foreign library on a strange network: whatever fails, the vault goes on
        logger.warning("the local network is not searched: %s", type(error).__name__)


async def _discover(
    network: bytes, key: bytes, addresses: Sequence[str], found: Callable[[Introduction], None]
) -> None:
    hosts, port = local_hosts(addresses)
    if not hosts:
        logger.info("the local network is not searched: no IPv4 address")
        return
    from zeroconf import IPVersion  # noqa: PLC0415 - costs memory that most vaults do not need to spend
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf  # noqa: PLC0415

    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # it would write neighbours' names and addresses
    finder = _Finder(network, key, found)
    zeroconf = AsyncZeroconf(interfaces=hosts, ip_version=IPVersion.V4Only)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, TYPE, handlers=[finder.heard])
    try:
        own = AsyncServiceInfo(
            TYPE, finder.own_name, port=port, parsed_addresses=hosts, server=f"{key.hex()[: 2 * NAME_BYTES]}.local.",
            properties={"network": network[:NETWORK_BYTES].hex(), "key": key.hex()},
        )  # fmt: skip
        await (await zeroconf.async_register_service(own, cooperating_responders=True))
        logger.info("the local network is searched for vaults")
        await finder.look_up(lambda name: _look_up(zeroconf, AsyncServiceInfo(TYPE, name)))
    finally:
        async with asyncio.timeout(CLOSE_S):
            await browser.async_cancel()
            await zeroconf.async_close()


async def _look_up(zeroconf: AsyncZeroconf, info: AsyncServiceInfo) -> Announced | None:
    from zeroconf import IPVersion  # noqa: PLC0415 - it is loaded already

    if not await info.async_request(zeroconf.zeroconf, LOOK_UP_MS):
        return None
    return info.properties, info.parsed_addresses(IPVersion.V4Only), info.port


class _Finder:
    """Takes the names that are heard, at most WAITING_MAX at a time, and finds out who stands behind them."""

    def __init__(self, network: bytes, key: bytes, found: Callable[[Introduction], None]) -> None:
        self.own_name = f"{key.hex()[: 2 * NAME_BYTES]}.{TYPE}"
        self._network = network
        self._key = key
        self._found = found
        self._names: asyncio.Queue[str] = asyncio.Queue(WAITING_MAX)
        self._told: dict[Introduction, None] = {}

    def heard(self, *, name: str, **_: Any) -> None:
        """A service appeared, changed or went; foreign input."""
        is_vault = name.endswith(f".{TYPE}") and name != self.own_name
        if is_vault and len(name) <= NAME_CHARACTERS_MAX and not self._names.full():
            self._names.put_nowait(name)

    async def look_up(self, ask: Callable[[str], Awaitable[Announced | None]]) -> None:
        """Ask after one name after the other, until cancelled."""
        while True:
            name = await self._names.get()
            try:
                announced = await ask(name)
                introduction = None if announced is None else introduction_of(announced, self._network)
            except Exception as error:  # noqa: BLE001 - a foreign library reads what strangers send: it ends nothing here
                logger.info("a name on the local network is passed over: %s", type(error).__name__)
            else:
                self._tell(introduction)
            await asyncio.sleep(PAUSE_S)

    def _tell(self, introduction: Introduction | None) -> None:
        if introduction is None or introduction.transport_key == self._key or introduction in self._told:
            return
        self._told[introduction] = None
        if len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]
        self._found(introduction)


def local_hosts(addresses: Sequence[str]) -> tuple[list[str], int]:
    """The own IPv4 hosts on local networks, and their port, from ``ip:port``; a router's outside comes last."""
    found: list[tuple[bool, str, int]] = []
    for address in addresses:
        host, _, digits = address.rpartition(":")
        ip = ipaddress.ip_address(host.strip("[]").partition("%")[0])
        if ip.version == 4 and not ip.is_unspecified:
            found.append((not ip.is_private, host, int(digits)))
    if not found:
        return [], 0
    bound = min(found, key=lambda one: one[0])[2]
    return [host for _, host, port in found if port == bound][:ADDRESSES_MAX], bound


def introduction_of(announced: Announced, network: bytes) -> Introduction | None:
    """Whom an announcement introduces; None if it is malformed or of another network."""
    properties, hosts, port = announced
    if (properties.get(b"network") or b"") != network[:NETWORK_BYTES].hex().encode():
        return None
    try:
        key = bytes.fromhex((properties.get(b"key") or b"").decode("ascii"))
        addresses = tuple(f"{host}:{port}" for host in hosts[:ADDRESSES_MAX])
        for address in addresses:
            check_address(address)
    except (ValueError, MalformedMessage):  # UnicodeError is one
        return None
    return Introduction(key, addresses) if len(key) == KEY_BYTES and addresses else None
