"""Real vaults, killed at random: no acknowledged chunk may be lost, and no wrong byte come back.

Twelve vault processes in their sandboxes, each in a subnet of its own.  Every 20 s four of them, drawn by the seed, are
killed (signal 9) and started again DEAD_S later: with the data that they had, and with a new transport key, as a
supervisor does it.  Chunks are put and fetched all the while, through any vault that runs.  After the
last restart the network has SETTLE_S, until every disk that should hold a chunk does; then every acknowledged chunk
is fetched through one vault after the other, by turns, and compared.

    python -m tests.benchmarks.kill [--minutes 5] [--vaults 12] [--chunks 500] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import hashlib
import itertools
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.vault.control import Pace
from tests.benchmarks.rows import Row, at_least, at_most
from tests.benchmarks.vaults import Vaults, temporary_folder

PACE = Pace(audit_s=5.0, ping_s=10.0, refresh_s=10.0, repair_delay_s=30.0, repair_bytes_per_s=4 << 20)
CHUNK_BYTES_MIN, CHUNK_BYTES_MAX = 64 << 10, 1 << 20
QUOTA_BYTES = 1 << 33
HOLDERS_WANTED = 5
SETTLE_S = 60.0
GET_TRIES = 3
PAUSE_S = 0.1
USERS = 8  # who put, and as many who get
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One kill test; seconds count from when all vaults know each other."""

    vaults: int = 12
    chunks: int = 500
    victims: int = 4
    every_s: float = 20.0
    dead_s: float = 5.0
    run_s: float = 300.0
    settle_s: float = SETTLE_S
    seed: int = 1
    chunk_bytes_max: int = CHUNK_BYTES_MAX
    pace: Pace = PACE


@dataclass(slots=True)
class Summary:
    """What has come of it; ``lost`` and ``wrong`` are addresses that were acknowledged."""

    kills: int = 0
    restarts: int = 0
    acknowledged: int = 0
    puts_failed: int = 0
    gets_ok: int = 0
    gets_failed: int = 0
    final_ok: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    replicated_after_s: float | None = None  # since the last restart; None: not within settle_s
    fewest_holders: int = 0  # disks on which a chunk lies at the end
    fewest_receipts: int = 0  # with which a chunk was acknowledged
    on_fewer_disks_than_signed: int = 0


class KillTest:
    """Kills, puts and gets at once; ``run`` returns what became of the chunks."""

    def __init__(self, plan: Plan, vaults: Vaults) -> None:
        self._plan, self._vaults = plan, vaults
        self._chance = random.Random(plan.seed)
        self._chance_of_users = random.Random(plan.seed + 1)  # what they do depends on time, whom to kill must not
        self._numbers = itertools.count()
        self._started_s = 0.0
        self._up: set[int] = set()
        self._kept: dict[bytes, int] = {}  # the receipts of each address that was acknowledged
        self._summary = Summary()

    async def run(self) -> Summary:
        plan = self._plan
        for number in range(1, plan.vaults + 1):
            await self._vaults.add(number)
            self._up.add(number)
        await self._vaults.wait_until_known(plan.vaults - 1)
        self._say(f"{plan.vaults} vaults stand")
        self._started_s = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            using = [tasks.create_task(work()) for work in USERS * (self._put_all, self._get_some)]
            await self._kill_some()
            for task in using:
                task.cancel()
        await self._settle()
        await self._compare_all()
        return self._summary

    async def _kill_some(self) -> None:
        """Kill and start again until the time is over; at its end all vaults run."""
        for turn in range(1, max(1, int(self._plan.run_s // self._plan.every_s)) + 1):
            await self._until(self._started_s + turn * self._plan.every_s - self._plan.dead_s)
            victims = self._chance.sample(range(1, self._plan.vaults + 1), self._plan.victims)
            for victim in victims:
                self._up.discard(victim)
                self._vaults.all[victim].kill()
                self._summary.kills += 1
            await asyncio.gather(*(self._vaults.all[victim].stop() for victim in victims))
            self._say(f"killed {victims}")
            await self._until(self._started_s + turn * self._plan.every_s)
            for victim in victims:
                await self._vaults.add(victim)
                self._up.add(victim)
                self._summary.restarts += 1

    async def _put_all(self) -> None:
        """Put the chunks, spread over the time of the kills; others instead of those whose put fails."""
        while self._summary.acknowledged < self._plan.chunks:
            number = next(self._numbers)
            await self._until(self._started_s + number * 0.7 * self._plan.run_s / self._plan.chunks)
            content = content_of(self._plan, number)
            vault = self._vaults.all[self._chance_of_users.choice(sorted(self._up))]
            try:
                receipts = await vault.put(content)
            except (RequestRefused, VaultUnavailable):
                self._summary.puts_failed += 1
            else:
                self._kept[hashlib.sha256(content).digest()] = receipts
                self._summary.acknowledged += 1

    async def _get_some(self) -> None:
        chance = self._chance_of_users
        while True:
            await asyncio.sleep(PAUSE_S)
            if self._kept:
                address, number = chance.choice(list(self._kept)), chance.choice(sorted(self._up))
                is_there = await self._is_fetched(address, number)
                self._summary.gets_ok += is_there
                self._summary.gets_failed += not is_there

    async def _is_fetched(self, address: bytes, number: int) -> bool:
        try:
            content = await self._vaults.all[number].get(address)
        except (RequestRefused, VaultUnavailable):
            return False
        if hashlib.sha256(content).digest() != address:
            self._summary.wrong.append(address.hex())
        return True

    async def _settle(self) -> None:
        """Wait until every chunk lies on as many disks as it should, for at most ``settle_s``."""
        started_s = time.monotonic()
        while True:
            holders = await asyncio.to_thread(self._holders)
            self._summary.fewest_holders = min((holders[address.hex()] for address in self._kept), default=0)
            self._summary.fewest_receipts = min(self._kept.values(), default=0)
            fewer = [address for address, receipts in self._kept.items() if holders[address.hex()] < receipts]
            self._summary.on_fewer_disks_than_signed = len(fewer)
            if self._summary.fewest_holders >= min(HOLDERS_WANTED, self._plan.vaults):
                self._summary.replicated_after_s = round(time.monotonic() - started_s, 1)
                return
            if time.monotonic() - started_s > self._plan.settle_s:
                return
            await asyncio.sleep(POLL_S)

    def _holders(self) -> Counter[str]:
        return Counter(
            file.name for vault in self._vaults.all.values() for file in (vault.folder / "vault" / "chunks").iterdir()
        )

    async def _compare_all(self) -> None:
        """Fetch every acknowledged chunk, from one vault after the other until one of GET_TRIES has it."""
        for place, address in enumerate(self._kept):
            numbers = [(place + turn) % self._plan.vaults + 1 for turn in range(GET_TRIES)]
            for number in numbers:
                if await self._is_fetched(address, number):
                    self._summary.final_ok += 1
                    break
            else:
                self._summary.lost.append(address.hex())

    @staticmethod
    async def _until(moment_s: float) -> None:
        await asyncio.sleep(max(0.0, moment_s - time.monotonic()))

    def _say(self, what: str) -> None:
        done = self._summary
        print(
            f"{what}; acknowledged {done.acknowledged}, gets {done.gets_ok} ok, {done.gets_failed} failed",
            file=sys.stderr, flush=True,
        )  # fmt: skip


def content_of(plan: Plan, number: int) -> bytes:
    chance = random.Random(f"{plan.seed} {number}")
    return chance.randbytes(chance.randint(min(CHUNK_BYTES_MIN, plan.chunk_bytes_max), plan.chunk_bytes_max))


async def run(plan: Plan, folder: Path) -> Summary:
    async with Vaults(folder, plan.pace, QUOTA_BYTES) as vaults:
        return await KillTest(plan, vaults).run()


def measure(plan: Plan | None = None) -> list[Row]:
    plan = plan or Plan()
    with temporary_folder() as folder:
        summary = asyncio.run(run(plan, folder))
    detail: dict[str, float | str] = {
        "vaults": plan.vaults, "victims": plan.victims, "every_s": plan.every_s, "run_s": plan.run_s, "seed": plan.seed,
        "kills": summary.kills, "restarts": summary.restarts, "acknowledged": summary.acknowledged,
        "puts_failed": summary.puts_failed, "gets_ok": summary.gets_ok, "gets_failed": summary.gets_failed,
        "final_ok": summary.final_ok, "lost": len(summary.lost), "wrong": len(summary.wrong),
        "fully_replicated_after_s": "not in time" if summary.replicated_after_s is None else summary.replicated_after_s,
        "fewest_holders": summary.fewest_holders, "fewest_receipts": summary.fewest_receipts,
        "on_fewer_disks_than_signed": summary.on_fewer_disks_than_signed,
    }  # fmt: skip
    what = f"kill -9 of {plan.victims} of {plan.vaults} vaults every {plan.every_s:g} s: acknowledged chunks"
    return [
        at_most(f"{what} lost", len(summary.lost), 0, "", detail),
        at_most(f"{what} wrong", len(summary.wrong), 0, "", {}),
        at_least(f"{what}", summary.acknowledged, plan.chunks, "", {}),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kill", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--vaults", type=int, default=12)
    parser.add_argument("--chunks", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    plan = Plan(vaults=arguments.vaults, chunks=arguments.chunks, run_s=60 * arguments.minutes, seed=arguments.seed)
    rows = measure(plan)
    print(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
