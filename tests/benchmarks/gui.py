"""The app: how soon it is there, what it costs while nothing happens, and whether it stays fluid when much does.

The real app in a process of its own, offscreen, beside a node that only talks: what it says is made up, the API over
which it says it is the real one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from node.api.schema import Neighbour, NetworkView, Reach, Status, Traffic, TrialView
from node.supervisor.events import Data, EventLog
from tests.benchmarks.rows import Detail, Row, at_most, figures_of, tell
from tests.benchmarks.vaults import temporary_folder
from tests.gui.fake_node import FakeNode
from tests.gui.samples import LATE, live, samples, status

START_S_MAX: Final = 1.5
WINDOW_S_MAX: Final = 0.1
IDLE_PERCENT_MAX: Final = 0.2
IDLE_MB_MAX: Final = 110.0
STALL_S_MAX: Final = 0.05
CURRENT_S_MAX: Final = 2.0
STARTS, OPENS = 6, 20
IDLE_S: Final = 30.0
TRIAL_S: Final = 15.0
TRIAL_STEP_S: Final = 0.25
EVENTS, BATCH = 10_000, 100
BATCH_S: Final = 0.1
VAULTS: Final = 2_000
HOUR_MINUTES: Final = 60
ANSWER_S_MAX: Final = 30.0
UPDATES_PAGE, NETWORK_PAGE = 1, 3


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--idle", type=float, default=IDLE_S, help="for how many seconds nothing happens")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    return figures_of(asyncio.run(_measure(arguments.idle)))


async def _measure(idle_s: float) -> list[Row]:
    with temporary_folder() as folder:
        node = BusyNode(folder / "home")
        await node.start()
        try:
            return [
                tell(await _start(node.home)),
                *map(tell, await _idle(node.home, idle_s)),
                *map(tell, await _window_and_trial(node)),
                *map(tell, await _flood(node)),
            ]
        finally:
            await node.stop()


class RealEvents(EventLog):
    """As a node keeps them, told as a fake one tells them."""

    def add(self, kind: str, data: Data) -> None:
        self.publish(kind, data, time.time())


class BusyNode(FakeNode):
    """A node with as many neighbours as a large network; its events are kept as a real one keeps them."""

    events: RealEvents  # type: ignore[assignment]

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.home = home
        self.events = RealEvents(time.time())
        self._status = status("fine", "All is well.")

    def change(self, data: Status | TrialView) -> None:
        if isinstance(data, Status):
            self._status = data
            self.events.add("status", data)
        else:
            self._trial = data
            self.events.add("trial", data)

    async def network(self) -> NetworkView:
        now_s = time.time()
        states = ("answers", "answers", "answers", "slow", "silent")
        neighbours = tuple(Neighbour(f"{n:08x}", states[n % 5], n < 5, now_s) for n in range(VAULTS))  # type: ignore[arg-type]
        traffic = tuple(Traffic(now_s - 60 * n, 1_000 * n, 2_000 * n) for n in range(HOUR_MINUTES, 0, -1))
        return NetworkView(VAULTS, VAULTS, neighbours, traffic, Reach("open", "Others reach this computer.", now_s))


class Child:
    """The app's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def ask(self, word: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        return await self.line()

    async def line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(ANSWER_S_MAX):
            return (await self._process.stdout.readline()).decode().strip()

    async def connected(self) -> None:
        async with asyncio.timeout(ANSWER_S_MAX):
            while not (await self.ask("link")).startswith("connected"):
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def app(home: Path, *options: str) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.gui_app", str(home), *options,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(home.parent / "config")},
    )  # fmt: skip
    try:
        yield Child(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _start(home: Path) -> Row:
    """The first one is not counted: after it all files are in memory, and byte code is there."""
    took_s = []
    for _ in range(STARTS):
        begun_s = time.perf_counter()
        async with app(home, "--hidden") as child:
            assert await child.line() == "shown"
            took_s.append(time.perf_counter() - begun_s)
    counted = took_s[1:]
    detail: Detail = {"first": round(took_s[0], 3), "slowest": round(max(counted), 3), "starts": len(counted)}
    return at_most("from the start of the process to the tray's icon, warm", statistics.median(counted), START_S_MAX,
                   "s", detail)  # fmt: skip


async def _idle(home: Path, seconds: float) -> list[Row]:
    async with app(home, "--hidden") as child:
        await child.line()
        await child.connected()
        await asyncio.sleep(3.0)  # what a start leaves to do
        before_ns, begun_s = _cpu_ns(child.pid), time.perf_counter()
        await asyncio.sleep(seconds)
        percent = 100 * (_cpu_ns(child.pid) - before_ns) / 1e9 / (time.perf_counter() - begun_s)
        megabytes = _resident_bytes(child.pid) / 1e6
    return [
        at_most("the app while nothing happens, window closed", percent, IDLE_PERCENT_MAX, "% of a core",
                {"seconds": seconds}),
        at_most("its resident memory", megabytes, IDLE_MB_MAX, "MB", {}),
    ]  # fmt: skip


async def _window_and_trial(node: BusyNode) -> list[Row]:
    trying = next(
        sample.seen for sample in samples() if sample.seen.trial is not None and sample.seen.link == "connected"
    )
    node.say(trying)
    async with app(node.home) as child:
        await child.line()
        await child.connected()
        opened_s = sorted([float(await child.ask("open")) for _ in range(OPENS)])
        await child.ask(f"page {UPDATES_PAGE}")
        await child.ask("stall")
        await asyncio.sleep(1.0)
        quiet_s = float(await child.ask("stall"))
        steps = round(TRIAL_S / TRIAL_STEP_S)
        for step in range(steps):
            node.change(replace(LATE, blocks=step + 1, verified_reads=60 * step, pairs=30 * step))
            await asyncio.sleep(TRIAL_STEP_S)
        stall_s = float(await child.ask("stall"))
    return [
        at_most("window from the tray, once it runs", opened_s[-2], WINDOW_S_MAX, "s",
                {"median": round(statistics.median(opened_s), 4), "slowest": round(opened_s[-1], 4), "times": OPENS}),
        at_most("longest stall of the event loop while a trial runs", stall_s, STALL_S_MAX, "s",
                {"without": round(quiet_s, 4), "changes": steps}),
    ]  # fmt: skip


async def _flood(node: BusyNode) -> list[Row]:
    fine = live(status("fine", "All is well."))
    node.say(fine)
    assert fine.status is not None
    async with app(node.home) as child:
        await child.line()
        await child.connected()
        await child.ask(f"page {NETWORK_PAGE}")
        await asyncio.sleep(4.0)  # the page asks every few seconds
        await child.ask("stall")
        for number in range(EVENTS):
            space = replace(fine.status.space, used_bytes=1 + number)
            node.change(replace(fine.status, space=space))
            if number % BATCH == BATCH - 1:
                await asyncio.sleep(BATCH_S)
        ended_s = time.perf_counter()
        async with asyncio.timeout(ANSWER_S_MAX):
            while await child.ask("link") != f"connected {EVENTS}":
                await asyncio.sleep(0.02)
        current_s = time.perf_counter() - ended_s
        stall_s = float(await child.ask("stall"))
    detail: Detail = {"events": EVENTS, "vaults": VAULTS}
    return [
        at_most("longest stall with events and the page of a large network", stall_s, STALL_S_MAX, "s", detail),
        at_most("after the last event until the app knows it", current_s, CURRENT_S_MAX, "s", detail),
    ]


def _cpu_ns(pid: int) -> int:
    """Of all its threads."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
