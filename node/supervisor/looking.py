"""Looking whether all is well, end to end: at the disk by itself, at the network through what the vault has seen.

What a vault saw holds on when it is followed by another run: the network stays the same.  Each proof is kept with the
time at which it was had, by a clock that never jumps and goes on while the computer sleeps: who wakes somewhere else
knows nothing yet.  The vault's own clock stands still meanwhile, so what it saw before is not taken for new.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import msgspec

from node.api import checks, health, schema
from node.api.told import Told
from node.supervisor import disk_look
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.home import Home
from node.supervisor.traffic import TrafficLog
from node.supervisor.vault_child import VaultChild
from node.supervisor.waking import Waking
from node.vault import control
from node.vault.core.identity import CERTIFICATE_S, PeerRecord
from node.vault.looks import GetNeighbours, KnownVault, Looks, Neighbours
from node.vault.ports import Entropy

DISK_S: Final = 60.0  # between two looks
DISK_FAILED_S: Final = 5.0  # and while it fails: whoever has just plugged it in waits for the answer
DISK_ANSWER_S: Final = 30.0  # more than a disk needs that has slept, or is busy
SAMPLE_S: Final = 5.0  # as often as the vault in use is asked for its state
PORT: Final = re.compile("[0-9]{1,5}")
AGES: Final = ("answer_age_s", "outside_age_s", "nearby_age_s", "passed_age_s")

log = logging.getLogger(__name__)


class Looking:
    """Keeps the newest proof of each kind."""

    def __init__(
        self,
        home: Home,
        vault: VaultChild,
        entropy: Entropy,
        utc_s: Callable[[], float],
        changed: Callable[[], None],
        waking: Waking | None = None,
    ) -> None:
        self._home = home
        self._vault = vault
        self._entropy = entropy
        self._utc_s = utc_s
        self._changed = changed
        self.is_back: Callable[[], None] = lambda: None  # called where it works again
        self._waking = waking or Waking()
        self._disk: tuple[float, checks.DiskFault, str] | None = None
        self._disk_asked_s: float | None = None  # since when, awake, a look at the disk goes on
        self._state: control.State | None = None
        self._seen_s: dict[str, float] = {}  # by the name of its age
        self._looks: tuple[float, Looks] | None = None
        self._newer_seen_s: float | None = None  # another run of the same vault id, in this one of the vault
        self._traffic = TrafficLog()

    async def run(self, hold_on: Callable[[], Awaitable[None]]) -> None:
        """Look again and again, until cancelled.  ``hold_on`` is called whenever the disk works."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_at_disk_again(hold_on))
            while True:
                self.sample()
                await asyncio.sleep(SAMPLE_S)

    def sample(self) -> None:
        """Take what the vault has told since the last time."""
        state, now_s = self._vault.state, self._waking.now_s()
        if state is None or state is self._state:
            return
        self._state, looks = state, state.looks
        self._looks = None
        self._sample_newer(state.newer_age_s, now_s)
        if looks is None:
            return
        up_s = now_s - self._waking.woke_s
        clocks = tuple(clock for clock in looks.clocks if clock.age_s < up_s)
        self._looks = now_s, msgspec.structs.replace(looks, clocks=clocks)
        for name in AGES:
            age_s = getattr(looks, name)
            if age_s is not None and age_s < up_s:
                self._seen_s[name] = max(now_s - age_s, self._seen_s.get(name, now_s - age_s))
        self._traffic.take(self._vault.run, looks.sent_bytes, looks.received_bytes, self._utc_s())

    def _sample_newer(self, age_s: float | None, now_s: float) -> None:
        if age_s is None:
            self._newer_seen_s = None
        elif age_s < now_s - self._waking.woke_s:
            self._newer_seen_s = max(now_s - age_s, self._newer_seen_s or 0.0)

    async def look_at_disk(self, hold_on: Callable[[], Awaitable[None]]) -> None:
        """Never raises for what the disk does."""
        self._disk_asked_s = self._waking.awake_s()
        fault, reason = await asyncio.to_thread(disk_look.look, self._home.vault, self._entropy)
        if not fault:
            await hold_on()
        self._disk_asked_s = None
        if fault and (self._disk is None or self._disk[1] != fault):
            log.warning("disk not usable fault=%s reason=%s", fault, reason)
        if not fault and self._disk is not None and self._disk[1]:
            self.is_back()
        self._disk = self._waking.now_s(), fault, reason
        self._changed()

    def added_to(self, found: health.Health) -> health.Health:
        """What else is known of how it stands, with what was looked at."""
        evidence = self.evidence(health.store_fault(found))
        if found.disk_trouble and evidence.disk is not None and not evidence.disk.fault:
            look = replace(evidence.disk, fault="refused", reason=found.disk_trouble)
            evidence = replace(evidence, disk=look)
        return replace(
            found, checks=checks.checks(evidence), ahead_subnets=evidence.ahead_subnets, is_doubled=evidence.is_doubled
        )

    def evidence(self, store_fault: Told | None = None) -> checks.Evidence:
        now_s, state = self._waking.now_s(), self._vault.state
        looks = self._looks_now(now_s) if state is not None else None
        named = dict(_addresses(self._vault.record))
        return checks.Evidence(
            now_s=self._utc_s(),
            disk=self._disk_now(now_s),
            store_fault=store_fault,
            looks=looks,
            up_s=min(self._vault.up_s(), now_s - self._waking.woke_s),
            peer_count=state.peer_count if state else 0,
            chunk_count=state.chunk_count if state else 0,
            # Who shows the newest head and is no neighbour speaks no version of the vault's.
            ahead_subnets=state.head_subnets if state and not state.peer_count else 0,
            is_practice=self._home.is_practice,
            port=_port(self._vault.record, looks.seen_at if looks else ""),
            is_announced=looks is not None and bool(looks.seen_at) and looks.seen_at in named,
            is_public=any(map(_is_public, named)),
            is_doubled=state is not None and self._is_doubled(now_s),
        )

    async def network(self) -> schema.NetworkView:
        """What is known of the network; while no vault can be asked, nobody is named."""
        self.sample()
        found: control.Report | None = None
        try:
            found = await self._vault.ask(GetNeighbours)
        except (VaultUnavailable, RequestRefused) as error:
            log.info("neighbours not known reason=%s", error)
        now_s, reach = self._utc_s(), checks.reach(self.evidence())
        vaults, state = found if isinstance(found, Neighbours) else None, self._vault.state
        return schema.NetworkView(
            vault_count=vaults.vault_count if vaults else state.peer_count if state else 0,
            subnet_count=vaults.subnet_count if vaults else state.subnet_count if state else 0,
            neighbours=tuple(_neighbour(vault, now_s) for vault in vaults.vaults) if vaults else (),
            traffic=self._traffic.minutes(now_s),
            reach=reach,
        )

    async def _look_at_disk_again(self, hold_on: Callable[[], Awaitable[None]]) -> None:
        await self._vault.wait_until_settled()  # it makes the folders
        while True:
            await self.look_at_disk(hold_on)
            is_faulty = self._disk is not None and self._disk[1]
            await asyncio.sleep(DISK_FAILED_S if is_faulty else DISK_S)

    def _disk_now(self, now_s: float) -> checks.DiskLook | None:
        asked_s = None if self._disk_asked_s is None else self._waking.awake_s() - self._disk_asked_s
        if asked_s is not None and asked_s > DISK_ANSWER_S:
            return checks.DiskLook(asked_s, "silent")
        return None if self._disk is None else checks.DiskLook(now_s - self._disk[0], *self._disk[1:])

    def _is_doubled(self, now_s: float) -> bool:
        """By turns each of two is the newer one, whenever it renews its certificate; so it is true for as long."""
        return self._newer_seen_s is not None and now_s - self._newer_seen_s <= CERTIFICATE_S

    def _looks_now(self, now_s: float) -> Looks | None:
        if self._looks is None:
            return None
        told_s, looks = self._looks
        clocks = tuple(msgspec.structs.replace(clock, age_s=clock.age_s + now_s - told_s) for clock in looks.clocks)
        ages = {name: now_s - at_s for name, at_s in self._seen_s.items()}
        return msgspec.structs.replace(looks, clocks=clocks, **ages)


def _neighbour(vault: KnownVault, now_s: float) -> schema.Neighbour:
    state: schema.NeighbourState = "silent" if vault.is_silent else "slow" if vault.is_slow else "answers"
    seen_s = None if vault.age_s is None else now_s - vault.age_s
    return schema.Neighbour(vault.vault_id.hex()[:8], state, vault.is_close, seen_s)


def _addresses(record: bytes) -> tuple[tuple[str, str], ...]:
    """Host and port of each that the vault's record names; none while it names none."""
    try:
        addresses = msgspec.msgpack.decode(record, type=PeerRecord).addresses
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return ()
    split = (address.rpartition(":") for address in addresses)
    return tuple((host.strip("[]"), port) for host, _, port in split)


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return False


def _port(record: bytes, host: str) -> str:
    """At which the vault listens, at the address ``host`` if that is one of its own; "" while that is not known.

    It stands in a sentence for the farmer, and the record is the vault's own word: nothing but a number is taken.
    """
    addresses = _addresses(record)
    at_host = (known_port for known, known_port in addresses if known == host)
    port = next(at_host, addresses[0][1] if addresses else "")
    return port if PORT.fullmatch(port) else ""
