"""What the transport sees of how this vault stands in the network: who comes in, whose time is another, how much flows.

A router that lets nobody in lets answers in all the same, for some minutes after the last packet that went out.  So
whoever was called, or belongs to the subnet of one that was, proves nothing by coming.
"""

from __future__ import annotations

import ipaddress
import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, Literal, Protocol

import msgspec

from node.vault.core.clocks import Clocks
from node.vault.core.events import Now
from node.vault.core.identity import CLOCK_SKEW_S, PeerRecord, check_address, check_record, is_public, subnet_of
from node.vault.errors import MalformedMessage, PeerError
from node.vault.looks import CLOCKS_MAX, Looks

CALLED_S: Final = 600.0  # longer than any router holds a way open on which nothing is sent
CALLED_KEPT: Final = 4_096  # subnets
TOLD_KEPT: Final = 64  # subnets whose word on the own address is kept
AGREEING_MIN: Final = 2  # of them, before an address is taken for the own one
OUTER_S: Final = 600.0  # before other addresses are named: everybody is greeted anew for them
NEWEST: Final = 8  # of those words, by each version of IP; a line gets another address now and then
# What anyone can have a vault do beside requests, each in the work of ``node.vault.load``.  To greet a newcomer took
# 7 ms of processor time, a stream without a request 1.5, a sign of life 0.8, and a datagram that belongs to no
# connection 0.08 (2026-12-01, 2 cores).
CONNECTION, STREAM, SIGN, STRAY = 2.0, 1 / 2, 1 / 4, 1 / 32
DATAGRAMS: Final = "socket:recv_datagrams"  # as iroh calls all that has come

Origin = Literal["outside", "nearby", ""]  # where somebody came from by himself; "": perhaps only through an open door


class Stats(Protocol):
    udp_tx_bytes: int
    udp_rx_bytes: int
    udp_rx_datagrams: int


class Metered(Protocol):
    """A connection that counts its bytes and what they came in."""

    def stats(self) -> Stats: ...


class Seen:
    """Invariant: nothing here grows with the number of those who connect.  ``own``: what is named from the start."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        self._clocks = Clocks()
        self._called_s: OrderedDict[str, float] = OrderedDict()  # by subnet
        self._told: OrderedDict[str, str] = OrderedDict()  # by subnet
        self._own, self._outer = tuple(own), ""  # as they are named: the own addresses, and that of the router
        self._own_until_s = self._outer_until_s = 0.0
        self._came_s: dict[Origin, float] = {}
        self._open: dict[Metered, tuple[int, int, int]] = {}  # sent, received, in how many pieces, as last counted
        self._sent_bytes, self._received_bytes, self._datagrams = 0, 0, 0  # over connections that have ended
        self._beside = 0.0

    # Who comes.

    def called(self, addresses: Iterable[str], now_s: float) -> None:
        """This vault sends something there, or has just now."""
        for address in addresses:
            subnet = subnet_of(address)
            self._called_s[subnet] = now_s
            self._called_s.move_to_end(subnet)
            if len(self._called_s) > CALLED_KEPT:
                self._called_s.popitem(last=False)

    def origin(self, subnet: str, own: Iterable[str], now_s: float) -> Origin:
        """Where a peer comes from that connects now; ``own``: the addresses of this vault."""
        if now_s - self._called_s.get(subnet, -math.inf) <= CALLED_S:
            return ""
        is_outside = is_public(subnet) and subnet not in {subnet_of(address) for address in own}
        return "outside" if is_outside else "nearby"

    def came(self, origin: Origin, now_s: float) -> None:
        """Something came over a connection of that origin."""
        if origin:
            self._came_s[origin] = now_s

    # What they say.

    def told(self, subnet: str, seen_at: str) -> None:
        """A peer in ``subnet`` says at which address it sees this vault: one that others would dial, or it is no word.

        Whom it sees by one version of IP, it cannot see at an address of the other one.
        """
        try:
            check_address(seen_at)
            seen_in = subnet_of(seen_at)
        except MalformedMessage:
            return
        is_of_one_version = _is_ipv6(subnet) == _is_ipv6(seen_in)
        if "%" in seen_at or not (is_of_one_version and is_public(subnet) and is_public(seen_in)):
            return
        self._told[subnet] = seen_at
        self._told.move_to_end(subnet)
        if len(self._told) > TOLD_KEPT:
            self._told.popitem(last=False)

    def outer(self, own: Iterable[str]) -> str:
        """The address and port at which several subnets of the internet see this vault; "" if it has that itself.

        Of the newest words of each version of IP the most: where they name one of the own addresses, a few who name
        another one say nothing of a router.  One that takes another port for each peer is seen at as many addresses:
        then there is none.
        """
        hosts = {_host(address) for address in own}
        for is_ipv6 in (False, True):
            newest = [at for subnet, at in self._told.items() if _is_ipv6(subnet) is is_ipv6][-NEWEST:]
            address, count = next(iter(Counter(newest).most_common(1)), ("", 0))
            if count >= AGREEING_MIN and _host(address) not in hosts:
                return address
        return ""

    def moved(self, own: Sequence[str], now_s: float) -> tuple[str, ...] | None:
        """Where this vault can be dialled from now on, with the address of its router; None: as it was named last.

        The ``own`` addresses change while it runs: a router opens a port, a line comes up, an IPv6 address is for some
        days only.  What a router opened stands beside the own ones, and so its outer address is looked for among those
        that are named.  A computer without any address waits: most come back to those that they had.
        """
        is_new = bool(own) and tuple(own) != self._own and now_s >= self._own_until_s
        if is_new:
            self._own, self._own_until_s = tuple(own), now_s + OUTER_S
        outer = self.outer(self._own)
        if outer != self._outer and (is_new or now_s >= self._outer_until_s):
            self._outer, self._outer_until_s, is_new = outer, now_s + OUTER_S, True
        if not is_new:
            return None
        return (*self._own, self._outer) if self._outer else self._own

    def misdated(self, subnet: str, record: PeerRecord, now: Now) -> None:
        """A peer has shown a record in which all fits but the time.

        By its own clock its certificate holds, and its record is not of the future; so much is known of its clock.
        """
        low_s, high_s = record.issued_s - now.utc_s, record.certificate.expires_s - now.utc_s
        try:
            check_record(record, record.issued_s)
        except PeerError:
            return  # it is valid at no time
        if low_s > CLOCK_SKEW_S or high_s < -CLOCK_SKEW_S:
            self._clocks.heard(subnet, low_s, high_s, now.monotonic_s)

    # How much.

    def took(self, part: float) -> None:
        """Somebody had the vault do something beside requests: one of those above."""
        self._beside += part

    def beside(self, datagrams: int) -> int:
        """The work of all that came beside requests so far, of so many datagrams in all."""
        for connection in self._open:
            self._count(connection)
        strays = datagrams - self._datagrams - sum(count for _, _, count in self._open.values())
        return int(self._beside + STRAY * max(0, strays))

    def opened(self, connection: Metered) -> None:
        self._open[connection] = (0, 0, 0)

    def closed(self, connection: Metered) -> None:
        self._count(connection)
        sent_bytes, received_bytes, datagrams = self._open.pop(connection)
        self._sent_bytes += sent_bytes
        self._received_bytes += received_bytes
        self._datagrams += datagrams

    def added_to(self, looks: Looks, own: Iterable[str], now_s: float) -> Looks:
        """What the core saw, and what was seen here."""
        for connection in self._open:
            self._count(connection)
        hosts = {_host(address) for address in own}
        seen_at, count = next(iter(Counter(map(_host, self._told.values())).most_common(1)), ("", 0))
        ages_s = {origin: max(0.0, now_s - at_s) for origin, at_s in self._came_s.items()}
        clocks = sorted((*looks.clocks, *self._clocks.told(now_s)), key=lambda clock: clock.age_s)
        return msgspec.structs.replace(
            looks,
            outside_age_s=ages_s.get("outside"),
            nearby_age_s=ages_s.get("nearby"),
            clocks=tuple(clocks[:CLOCKS_MAX]),
            seen_at=seen_at if count >= AGREEING_MIN else "",
            is_seen_own=seen_at in hosts,
            sent_bytes=self._sent_bytes + sum(sent for sent, _, _ in self._open.values()),
            received_bytes=self._received_bytes + sum(received for _, received, _ in self._open.values()),
        )

    def _count(self, connection: Metered) -> None:
        """A connection that has ended may not know its figures any more; they never become less."""
        stats, (sent_bytes, received_bytes, datagrams) = connection.stats(), self._open[connection]
        self._open[connection] = (
            max(sent_bytes, stats.udp_tx_bytes),
            max(received_bytes, stats.udp_rx_bytes),
            max(datagrams, stats.udp_rx_datagrams),
        )


def _host(address: str) -> str:
    return str(ipaddress.ip_network(address.rpartition(":")[0].strip("[]").partition("%")[0]).network_address)


def _is_ipv6(subnet: str) -> bool:
    return ":" in subnet
