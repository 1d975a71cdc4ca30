"""How much faster than real time real vaults are simulated at the pace of a real home, and what memory each takes.

Only the steady state is timed: growing a network out of nothing asks far more of it.  Processor time is counted, so
that whatever else runs on the machine does not matter; and on one processor, where the system can be told: a world of a
thousand vaults that was moved between two of them ran 10.3 times as fast as real time, on one 15.3 (2026-11-30).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from typing import Any, Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.vault import control
from tests.benchmarks.rows import Row, at_least, printed
from tests.simulation.signing import cheap_signatures
from tests.simulation.world import Scenario, World

SETTLE_S: Final = 600.0
TIMED_S: Final = 300.0
CHUNKS: Final = 100
RUN_S_MAX: Final = 3600
MANY: Final = 1_000
SOME: Final = 50


def measure() -> list[Row]:
    """Each world in a process of its own."""
    rows = []
    for vaults, limit, kind in ((SOME, 100, "real signatures"), (MANY, 10, "cheap signatures")):
        ended = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.simulation", str(vaults)],
            capture_output=True, text=True, timeout=RUN_S_MAX, check=True,
        )  # fmt: skip
        told = json.loads(ended.stdout)
        detail = {"signatures": kind} | told
        rows += [
            at_least(f"{vaults} vaults in the simulation, times real time", told["speed"], limit, "x", detail),
            printed(f"{vaults} vaults in the simulation, memory of each", told["kib_each"], "KiB", detail),
        ]
    return rows


def simulate(vaults: int) -> dict[str, Any]:
    """Grow, put some chunks, let it settle, then let time pass and look at what that cost."""
    before_bytes = psutil.Process().memory_info().rss
    world = World(Scenario(1, vaults, pace=control.Pace(), is_cheap=vaults > SOME, is_shuffling=False))
    told: dict[str, Any] = {}

    async def story() -> None:
        await world.grow(vaults)
        await asyncio.sleep(SETTLE_S)
        for _ in range(CHUNKS):
            await world.put(world.chance.randbytes(1000))
        await asyncio.sleep(SETTLE_S)
        gc.collect()
        gc.freeze()
        messages, begun_s, began_s = world.network.message_count, time.process_time(), time.monotonic()
        await asyncio.sleep(TIMED_S)
        cpu_s, wall_s = time.process_time() - begun_s, time.monotonic() - began_s
        told["speed"] = round(TIMED_S / cpu_s, 1)
        told["speed_by_the_clock"] = round(TIMED_S / wall_s, 1)
        told["messages_per_s"] = round((world.network.message_count - messages) / TIMED_S, 1)
        told["kib_each"] = round((psutil.Process().memory_info().rss - before_bytes) / 1024 / vaults, 1)
        for host in world.hosts:
            host.kill()
        await asyncio.sleep(0.0)

    signatures = cheap_signatures() if vaults > SOME else nullcontext()
    with signatures, asyncio.Runner(loop_factory=lambda: world.loop) as runner:
        runner.run(story())
    return told


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(simulate(int(sys.argv[1]))))
