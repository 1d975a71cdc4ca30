"""The switch: what people and neighbours notice of a handover, and how soon a version that keeps failing has made way.

A whole node (supervisor and vault, in its sandbox) among four others; each chunk lies with all five.  A sixth vault
that holds nothing reads chunks all the time, and a client knocks at the node's vault many times a second, while the
node hands over to and fro between two versions.  The rollback is that of a practice network, from its log.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import math
import os
import random
import re
import statistics
import time
from datetime import datetime
from typing import Any, Final

from node.practice.candidate import Candidate
from node.practice.host import PlainVault
from node.practice.network import PracticeNetwork, practice_folder
from node.practice.profile import PracticeProfile
from node.practice.scenario import Scenario
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.supervisor import Supervisor
from node.vault.control import Pace
from node.vault.core.identity import decode_record
from node.vault.errors import PeerError
from tests.benchmarks.one_node import STAND_S_MAX, running_node, staged, until
from tests.benchmarks.rows import Row, at_most, figures_of, tell
from tests.benchmarks.vaults import Vaults, temporary_folder
from tests.candidates.catalogue import ROWS, write_source
from tests.integration.endpoint_world import PING, Host

HANDOVERS: Final = 50
GAP_S_MAX: Final = 0.5
ROLLBACK_S_MAX: Final = 10.0
LOG_STEP_S: Final = 1.0  # the log tells whole seconds
HOLDERS: Final = 5
CHUNKS, CHUNK_BYTES = 60, 1 << 16
QUOTA_BYTES: Final = 1 << 28
KNOCK_S: Final = 0.02
KNOCK_S_MAX: Final = 1.0
REST_S: Final = 0.5  # between two handovers
# Nobody repairs or audits: the sixth vault is to stay empty.
PACE: Final = Pace(audit_s=3600.0, repair_delay_s=3600.0, repair_bytes_per_s=1 << 10)
NEXT: Final = "9.9.9"
RELAPSING: Final = "good-until-promoted"


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--handovers", type=int, default=HANDOVERS)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rows = [*asyncio.run(_handovers(arguments.handovers)), asyncio.run(_rollback())]
    return figures_of([tell(row) for row in rows])


async def _handovers(count: int) -> list[Row]:
    with temporary_folder() as folder:
        async with Vaults(folder, PACE, QUOTA_BYTES) as vaults:
            for number in range(2, HOLDERS + 1):
                await vaults.add(number)
            contacts = tuple(vault.record for vault in vaults.all.values())
            async with running_node(folder / "home", contacts, QUOTA_BYTES, PACE) as node:
                await until(lambda: node.status().peer_count == HOLDERS - 1)
                addresses = [await _put(vaults.all[2]) for _ in range(CHUNKS)]
                reader = await vaults.add(HOLDERS + 1)
                await until(lambda: node.status().peer_count == HOLDERS)
                first = node.slots.current("vault")
                assert first is not None
                other = await asyncio.to_thread(staged, node.slots, folder / "source", NEXT)
                return await _hand_over_and_watch(node, reader, addresses, (other, first), count)


async def _hand_over_and_watch(
    node: Supervisor, reader: PlainVault, addresses: list[bytes], versions: tuple[str, str], count: int
) -> list[Row]:
    reads, knocks = _Reads(reader, addresses), _Knocks(node)
    await knocks.host.bind(9)
    knocks.host.renew(())  # without an address it is nobody's neighbour
    seconds, gaps_s = [], []
    async with asyncio.TaskGroup() as tasks:
        watchers = [tasks.create_task(work()) for work in (knocks.host.network.run, reads.run, knocks.run)]
        for number in range(count):
            await asyncio.sleep(REST_S)
            begun_s = time.monotonic()
            await node.vault.switch(versions[number % 2])
            seconds.append(time.monotonic() - begun_s)
            await knocks.heard_again()
            gaps_s.append(knocks.longest_gap_s(begun_s))
        for watcher in watchers:
            watcher.cancel()
    await knocks.host.network.close()
    gaps_s.sort()
    detail: dict[str, float | str] = {
        "handovers": count,
        "median_s": round(statistics.median(gaps_s), 3),
        "longest_s": round(gaps_s[-1], 3),
        "median_of_a_whole_handover_s": round(statistics.median(seconds), 2),
    }
    p99_s = gaps_s[min(count - 1, round(0.99 * count))]
    return [
        at_most("reads from the network that failed during handovers", reads.failed, 0, "", {"reads": reads.good}),
        at_most("reads that gave wrong bytes", reads.wrong, 0, "", {}),
        at_most("time in which the vault itself did not answer, p99", p99_s, GAP_S_MAX, "s", detail),
    ]


class _Reads:
    """Reads one chunk after the other, in a random order, until it is cancelled."""

    def __init__(self, reader: PlainVault, addresses: list[bytes]) -> None:
        self._reader, self._addresses = reader, addresses
        self.good = self.failed = self.wrong = 0

    async def run(self) -> None:
        while True:
            address = random.choice(self._addresses)  # not for secrets
            try:
                content = await self._reader.get(address)
            except (RequestRefused, VaultUnavailable):
                self.failed += 1
            else:
                self.good += 1
                self.wrong += hashlib.sha256(content).digest() != address


class _Knocks:
    """Knocks at the node's vault every KNOCK_S, wherever it is, and notes when it knocked and was answered."""

    def __init__(self, node: Supervisor) -> None:
        self._node = node
        self.host = Host(node.home.network)
        self._knocked_s: list[float] = []  # those that were answered
        self._again = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._knock())
                await asyncio.sleep(KNOCK_S)

    async def _knock(self) -> None:
        at_s = time.monotonic()
        with contextlib.suppress(PeerError):
            record = decode_record(self._node.vault.record, time.time())
            await self.host.network.request(record, PING, KNOCK_S_MAX)
            self._knocked_s.append(at_s)
            self._again.set()

    async def heard_again(self) -> None:
        """Return once a knock from now on has been answered."""
        now_s = time.monotonic()
        async with asyncio.timeout(STAND_S_MAX):
            while not self._knocked_s or self._knocked_s[-1] < now_s:
                self._again.clear()
                await self._again.wait()

    def longest_gap_s(self, since_s: float) -> float:
        """Between two knocks that were answered, one after the other; the first of them may be before ``since_s``."""
        times_s = sorted(self._knocked_s)
        return max(b - a for a, b in itertools.pairwise(times_s) if b >= since_s)


async def _rollback() -> Row:
    """From the third failure in probation until the version from before answers again."""
    with practice_folder(None, is_kept=False) as folder:
        (row,) = (row for row in ROWS if row.name == RELAPSING)
        source = await asyncio.to_thread(write_source, row, folder / RELAPSING, NEXT)
        async with PracticeNetwork(folder, PracticeProfile(vaults=6, farms=1)) as network:
            await network.wait_until_it_stands()
            for _ in range(CHUNKS):
                await network.plain[0].put(os.urandom(CHUNK_BYTES))
            outcome = await Scenario(network, lambda _line: None).play(Candidate("relapsing", 3, "any", source=source))
            farm = network.farms[0]
            log = (farm.folder / "logs" / "supervisor.log").read_text(encoding="utf-8")
    (decided,) = outcome.farms
    detail: dict[str, float | str] = {"verdict": decided.verdict, "reason": decided.reason}
    return at_most("rollback, from the third failure", _rolled_back_s(log), ROLLBACK_S_MAX, "s", detail)


def _rolled_back_s(log: str) -> float:
    """At most so long after the failure after which the log names no other one the version from before was back."""
    failed = re.findall(r"(?m)^(\S+) .*vault failed ", log)
    back = re.findall(r"(?m)^(\S+) .*phase=rolled_back", log)
    if not failed or not back:
        return math.inf
    return (_time(back[-1]) - _time(failed[-1])).total_seconds() + LOG_STEP_S


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


async def _put(vault: PlainVault) -> bytes:
    content = os.urandom(CHUNK_BYTES)
    assert await vault.put(content) == HOLDERS
    return hashlib.sha256(content).digest()
