"""The switch of the app slot: what people, neighbours and the app notice of it.

A whole node of an installation becomes another program some times, each time a node of its own, after its byte code has
been prepared as before a real switch.  A vault of somebody else reads from the node's all the time, and an app asks
its API.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from node.supervisor.warming import HELP, warm
from tests.benchmarks.rows import Row, at_most
from tests.succession import world
from tests.succession.world import Watch

SWITCHES: Final = 3
SILENT_S_MAX: Final = 2.0
READS: Final = 100  # before, and after


def measure() -> list[Row]:
    """Blocking, about half a minute."""
    watches = [asyncio.run(_switch()) for _ in range(SWITCHES)]
    silent_s = sorted(watch.silent_s_max for watch in watches)
    reads, failed = sum(watch.reads for watch in watches), sum(watch.failed_reads for watch in watches)
    return [
        at_most(
            "time in which the API did not answer while the app slot was switched", silent_s[-1], SILENT_S_MAX, "s",
            {
                "switches": SWITCHES,
                "median_s": round(silent_s[SWITCHES // 2], 2),
                "processor_s": round(sorted(watch.cpu_s for watch in watches)[SWITCHES // 2], 2),
            },
        ),
        at_most("reads from the vault that failed meanwhile", failed, 0, "", {"reads": reads}),
        at_most("reads that gave wrong bytes", sum(watch.wrong_reads for watch in watches), 0, "", {}),
    ]  # fmt: skip


async def _switch() -> Watch:
    with tempfile.TemporaryDirectory(prefix="perennial-succession-") as name:
        folder = Path(name)
        home, installation = world.made_home(folder / "home"), world.installation_in(folder / "installation")
        async with world.running(home.path, installation) as node:
            addresses = await world.stored(node.client)
            world.put_other(home.slots)
            await warm(installation.command(home.slots, world.OTHER, HELP))
            async with world.watched(folder, node, addresses) as watch:
                await world.until(lambda: watch.reads >= READS)
                watch.silent_s_max, begun_s = 0.0, node.cpu_s()
                world.become(node)
                await world.until(node.is_other)
                await world.answered(node.client)
                watch.cpu_s = node.cpu_s() - begun_s
                reads = watch.reads
                await world.until(lambda: watch.reads >= reads + READS)
                await world.answered(node.client)
                if node.vaults() != [node.vault_pid]:
                    raise AssertionError("another vault runs after the switch")
                return watch
