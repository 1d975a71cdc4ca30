"""What must hold at every moment, looked up in the disks and inside of the vaults, and what must hold in the end."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from node.vault import control
from node.vault.core.close_group import REACH_SUBNETS, close_group
from node.vault.core.identity import position_of, subnet_of
from node.vault.core.messages import HeldReceipt
from node.vault.core.room import held_back_bytes
from tests.simulation.disk import SimDisk
from tests.simulation.host import Host, Process
from tests.simulation.network import Nat
from tests.simulation.sizes import sizes

FAILURES_NAMED_MAX: Final = 20
HARDLY_PART: Final = 8  # of a quota: with less than that left a vault may say already that it is full
MESSAGES_PER_S_MAX: Final = 10.0  # of each vault, at the quick pace; twice what the worst hours take (2026-11-28)


class Place(NamedTuple):
    """Where a host stands, as ``close_group`` wants it."""

    position: int
    subnet: str
    host: Host


@dataclass(slots=True)
class Checkers:
    """Collects failures; each is told once, with the virtual time.  ``acknowledged``: content by address."""

    hosts: list[Host]
    acknowledged: dict[bytes, bytes] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    spoiled: set[tuple[str, str]] = field(default_factory=set)  # (host, chunk) that a fault destroyed
    losers: set[str] = field(default_factory=set)  # hosts of which a fault has destroyed something
    shrinking: set[str] = field(default_factory=set)  # hosts whose limit was lowered and is not kept yet
    counts: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)  # the largest size of each queue
    _signed: dict[tuple[str, str], bytes] = field(default_factory=dict)  # (host, chunk) -> its acknowledged content

    def fail(self, what: str) -> None:
        if what not in self.failures and len(self.failures) < FAILURES_NAMED_MAX:
            now_s = self.hosts[0].around.loop.now_s if self.hosts else 0.0
            self.failures.append(f"{what} at {now_s:.3f} s")

    def stored(self, content: bytes, report: control.Stored, begun_s: float) -> int:
        """A put was acknowledged: every signer must have the chunk, durably.  Returns how many have."""
        address = hashlib.sha256(content).digest()
        if report.address != address:
            self.fail("a put was acknowledged under a wrong address")
        by_id = {host.owner.public_key: host for host in self.hosts}
        holders = 0
        for encoded in report.receipts:
            certificate = msgspec.msgpack.decode(encoded, type=HeldReceipt).certificate
            host, name = by_id[certificate.vault_id], address.hex()
            is_same_run = host.is_up and host.process is not None and host.process.started_s <= begun_s
            file = host.disk.chunks().get(name)
            is_whole = file is not None and file.gives(content)
            holders += is_whole
            if is_whole and host.disk.is_durable(name):
                self.spoiled.discard((host.name, name))  # it was written anew
            if (host.name, name) in self.spoiled or host.name in self.shrinking or not is_same_run:
                continue
            if not is_whole or not host.disk.is_durable(name):
                self.fail(f"{host.name} signed for a chunk that would not survive a power cut")
            self._signed[host.name, name] = content
        self.acknowledged[address] = content
        return holders

    def removed(self, host: Host, name: str) -> None:
        """It has given the chunk up; what it signed before says nothing of a copy that comes later."""
        self._signed.pop((host.name, name), None)

    def wiped(self, host: Host) -> None:
        """Its disk is another one: nothing on it was ever signed for."""
        self.losers.add(host.name)
        self._signed = {key: content for key, content in self._signed.items() if key[0] != host.name}

    def power_cut(self, host: Host, before: SimDisk, after: SimDisk) -> None:
        """What a vault has signed for and not removed since is there after the cut."""
        for name, file in before.chunks().items():
            content = self._signed.get((host.name, name))
            if content is None or not file.gives(content) or (host.name, name) in self.spoiled:
                continue
            kept = after.chunks().get(name)
            if kept is None or not kept.gives(content):
                self.fail(f"{host.name} lost a chunk that it signed for in a power cut")

    def got(self, address: bytes, report: control.Report) -> bool:
        """Whether the chunk came; wrong bytes never may."""
        if not isinstance(report, control.Content):
            return False
        if hashlib.sha256(report.content).digest() != address:
            self.fail("a get brought wrong bytes")
        return True

    def copies(self) -> Counter[bytes]:
        """How many disks hold each acknowledged chunk, whole; also of hosts that are down for a while."""
        found: Counter[bytes] = Counter(dict.fromkeys(self.acknowledged, 0))
        for host in self.hosts:
            if not host.is_gone:
                found.update(self.whole(host))
        return found

    def whole(self, host: Host) -> Iterable[bytes]:
        """The acknowledged chunks that lie whole on the disk of ``host``."""
        for name, file in host.disk.chunks().items():
            address = bytes.fromhex(name)
            content = self.acknowledged.get(address)
            if content is not None and file.gives(content):
                yield address

    def all_the_time(self) -> None:
        self.counts["checks"] += 1
        for address, count in self.copies().items():
            if not count:
                self.fail(f"the acknowledged chunk {address.hex()[:8]} is lost")
        for host in self.hosts:
            if host.process is not None and host.is_up:
                self._limits(host, host.process)
            self._outlived(host)

    def _limits(self, host: Host, process: Process) -> None:
        assert process.store is not None
        assert process.vault is not None
        used_bytes = host.disk.used_bytes()
        if used_bytes > host.quota_bytes and host.name not in self.shrinking:
            self.fail(f"{host.name} uses {used_bytes} bytes of {host.quota_bytes}")
        if used_bytes > process.store.used_bytes:
            self.fail(f"{host.name} accounts for {process.store.used_bytes} bytes and uses {used_bytes}")
        largest = self.most
        for name, size, most in sizes(process):
            if size > largest.get(name, -1):
                largest[name] = size
            if size > most:
                self.fail(f"{host.name} has {size} {name}, {most} are allowed")

    def _outlived(self, host: Host) -> None:
        """A cancelled task needs a turn or two of the loop; at the next check it must be over."""
        host.ended = [process for process in host.ended if process.tasks]
        latest = [host.process] if host.process is not None and not host.process.is_alive else []
        for process in (*host.ended, *latest):
            if process.tasks and process.is_buried:
                self.fail(f"{len(process.tasks)} tasks of {host.name} outlive it")
            process.is_buried = True

    def in_the_end(self, messages: int) -> None:
        """Nobody who lost nothing was convicted, and nobody has talked without end."""
        now_s = self.hosts[0].around.loop.now_s
        if messages > MESSAGES_PER_S_MAX * now_s * len(self.hosts):
            self.fail(f"{messages} messages of {len(self.hosts)} vaults are too many")
        by_id = {host.owner.public_key: host for host in self.hosts}
        for host in self.hosts:
            desk: Any = (
                host.process.vault._desk if host.process is not None and host.process.vault is not None else None
            )
            for vault_id, standing in desk.ledger._standings.items() if desk is not None else ():
                if standing.evidence and by_id[vault_id].name not in self.losers:
                    self.fail(f"{host.name} has convicted {by_id[vault_id].name}, which has lost nothing")

    def missing(self, addresses: Iterable[bytes] | None = None) -> list[tuple[bytes, Host]]:
        """The copies that the network still owes: each chunk at every vault of its true close group.

        Of all acknowledged chunks, or of those at ``addresses``.  Those of a group that neither hold the chunk nor have
        room for it are passed over, and the next nearest stand in.
        """
        places = [
            Place(position_of(host.owner.public_key), subnet_of(host.address), host)
            for host in self.hosts
            if host.is_up and not (host.process is not None and host.process.is_leaving)
        ]
        return [
            (address, host)
            for address in (self.acknowledged if addresses is None else addresses)
            for host in self._owing(places, address, self.acknowledged[address])
        ]

    def _owing(self, places: list[Place], address: bytes, content: bytes) -> list[Host]:
        """Who has yet to get this chunk.

        A full vault farther out than the fifth subnet is never asked: passed over all the same, it would move the end
        of the group outwards, and a second vault of a subnet that is counted already would owe a copy.
        """
        in_reach = close_group(places, address, REACH_SUBNETS)
        while True:
            lacking = [place for place in close_group(in_reach, address) if not _holds(place.host, address, content)]
            full = [place for place in lacking if not self._could_hold(place.host, content)]
            if not full:
                return [place.host for place in lacking]
            in_reach = [place for place in in_reach if place not in full]

    def _could_hold(self, host: Host, content: bytes) -> bool:
        """Whom nobody can dial, and who has hardly any room, owes nothing."""
        others_bytes = host.quota_bytes - held_back_bytes(host.quota_bytes)
        room_bytes = others_bytes - others_bytes // HARDLY_PART - host.disk.used_bytes()
        return host.nat is not Nat.SYMMETRIC and len(content) <= room_bytes


def _holds(host: Host, address: bytes, content: bytes) -> bool:
    file = host.disk.chunks().get(address.hex())
    return file is not None and file.gives(content)
