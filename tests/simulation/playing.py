"""Playing a plan of faults in a world, and mending everything afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, assert_never

from node.vault import control
from tests.simulation import faults
from tests.simulation.disk import NEVER, SimDisk
from tests.simulation.faults import Fault, Timed
from tests.simulation.network import LineOptions

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.world import World

SHRUNK_S_MAX: Final = 600.0  # within which a lowered limit must be kept
ERRORS_S: Final = 30.0
FEW: Final = 4  # farms below which nobody leaves for good


class Player:
    """Does what the plan says, each fault at its time.  Whatever ends by itself is a task of the world.

    Of several faults that last at the same time each has its own end; nothing is well before the last of them is over.
    """

    def __init__(self, world: World, tasks: asyncio.TaskGroup) -> None:
        self._world = world
        self._tasks = tasks
        self._lasting: set[asyncio.Task[None]] = set()
        self._bad_lines: list[LineOptions] = []  # all that are in force; the latest counts
        self._in_force: Counter[tuple[str, str]] = Counter()  # by host and what is wrong with it

    async def play(self, plan: list[Timed], end_s: float) -> None:
        for timed in plan:
            await asyncio.sleep(max(0.0, timed.at_s - self._world.loop.now_s))
            self._do(timed.fault)
        await asyncio.sleep(max(0.0, end_s - self._world.loop.now_s))

    async def mend(self) -> None:
        """Wait until every fault has ended by itself, then start whoever is down."""
        while self._lasting:
            await asyncio.wait(set(self._lasting))
        world = self._world
        for host in world.hosts:
            host.disk.cut_in = host.disk.misdirect_in = NEVER
            world.start(host)
        await asyncio.sleep(1.0)

    def _do(self, fault: Fault) -> None:
        world = self._world
        world.loop.trace(repr(fault))
        world.checkers.counts[type(fault).__name__] += 1
        match fault:
            case faults.Join():
                world.start(world.add())
            case faults.Divide():
                self._last(self._divide(fault))
            case faults.Lines():
                self._last(self._lines(fault))
            case _:
                up = [host for host in world.hosts if host.is_up]
                if up:
                    self._do_to(up[fault.host % len(up) if not isinstance(fault, faults.OneWay) else 0], fault)

    def _do_to(self, host: Host, fault: Any) -> None:
        world = self._world
        match fault:
            case faults.Kill():
                self._last(self._down(host, fault.for_s))
            case faults.PowerCut():
                self._last(self._cut(host, fault))
            case faults.CutAtStart():
                self._last(self._cut_at_start(host, fault))
            case faults.Wipe():
                self._last(self._wipe(host, fault.for_s))
            case faults.Vanish():
                if self._are_enough() and world.may_wipe(host):
                    host.is_gone = True
                    host.kill()
            case faults.Depart():
                if self._are_enough():
                    self._last(self._depart(host, fault.handover_s))
            case faults.Rot() | faults.BadSectors():
                self._spoil(host, fault)
            case faults.Misdirect():
                host.disk.misdirect_in = fault.write
            case faults.Unplug() | faults.Full():
                self._last(self._bad_disk(host, fault))
            case faults.DiskErrors():
                self._last(self._disk_errors(host, fault))
            case faults.OneWay():
                self._last(self._one_way(fault))
            case faults.Silence():
                if host.process is not None and host.process.endpoint is not None:
                    host.process.endpoint.fall_silent(world.chance)
            case faults.Shrink():
                self._last(self._shrink(host, fault))
            case faults.Step():
                host.clock.step_s = fault.by_s
            case faults.Reboot():
                if host.process is not None and host.process.endpoint is not None:
                    host.process.endpoint.forget_mappings()
            case _:
                assert_never(fault)

    def _last(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.create_task(work)
        self._lasting.add(task)
        task.add_done_callback(self._lasting.discard)

    def _are_enough(self) -> bool:
        return sum(host.is_up for host in self._world.hosts) > FEW

    async def _down(self, host: Host, for_s: float) -> None:
        host.kill()
        await asyncio.sleep(for_s)
        self._world.start(host)

    async def _cut(self, host: Host, fault: faults.PowerCut) -> None:
        if not fault.change:
            host.cut_power()
        else:
            await self._arm(host, fault.change)
        await asyncio.sleep(fault.for_s)
        self._world.start(host)

    async def _cut_at_start(self, host: Host, fault: faults.CutAtStart) -> None:
        host.cut_power()
        if not host.is_gone:
            self._world.start(host)
            await self._arm(host, fault.change)
            await asyncio.sleep(fault.for_s)
            self._world.start(host)

    async def _arm(self, host: Host, change: int) -> None:
        disk = host.disk
        disk.cut_in = change
        await asyncio.sleep(faults.BAD_S_MAX)  # a vault with nothing to do changes nothing
        disk.cut_in = NEVER

    async def _wipe(self, host: Host, for_s: float) -> None:
        world = self._world
        if world.may_wipe(host):
            host.kill()
            host.disk = SimDisk(host.disk.chance, world.contents, world.loop.trace)
            world.checkers.wiped(host)
        else:
            host.kill()
        await asyncio.sleep(for_s)
        world.start(host)

    async def _depart(self, host: Host, handover_s: float) -> None:
        """Once all is handed over the disk may go; else only if the atlas allows it, and it comes back if not."""
        world, process = self._world, host.process
        assert process is not None
        await process.drain(handover_s)
        told = process.handed_over
        is_done = told is not None and told.is_over and not told.left
        world.checkers.counts["hand-overs done" if is_done else "hand-overs cut short"] += 1
        if is_done or world.may_wipe(host):
            host.is_gone = True
        else:
            world.start(host)

    def _spoil(self, host: Host, fault: faults.Rot | faults.BadSectors) -> None:
        world = self._world
        for _ in range(fault.chunks):
            names = sorted(host.disk.chunks())
            if not names or not world.may_spoil(host, name := names[world.chance.randrange(len(names))]):
                continue
            if isinstance(fault, faults.Rot):
                host.disk.rot(name)
            else:
                host.disk.chunks()[name].is_bad = True

    async def _bad_disk(self, host: Host, fault: faults.Unplug | faults.Full) -> None:
        if isinstance(fault, faults.Unplug):
            host.disk.is_unplugged = True
        else:
            host.disk.spare_bytes = fault.spare_bytes
        if await self._is_over(host, fault, fault.for_s):
            if isinstance(fault, faults.Unplug):
                host.disk.is_unplugged = False
            else:
                host.disk.spare_bytes = None
        self._world.start(host)  # it may have failed to start meanwhile

    async def _disk_errors(self, host: Host, fault: faults.DiskErrors) -> None:
        host.disk.errors_left += fault.count
        if await self._is_over(host, fault, ERRORS_S):
            host.disk.errors_left = 0
        self._world.start(host)

    async def _is_over(self, host: Host, fault: Fault, for_s: float) -> bool:
        """Wait so long; return whether no other fault of this kind is in force on the host then."""
        name = host.name, type(fault).__name__
        self._in_force[name] += 1
        await asyncio.sleep(for_s)
        self._in_force[name] -= 1
        return not self._in_force[name]

    async def _divide(self, fault: faults.Divide) -> None:
        world = self._world
        side = frozenset(host.address for host in world.hosts if world.chance.random() < fault.share)
        world.network.divide(side)
        await asyncio.sleep(fault.for_s)
        world.network.unite(side)

    async def _lines(self, fault: faults.Lines) -> None:
        network = self._world.network
        network.options = fault.options
        self._bad_lines.append(fault.options)
        await asyncio.sleep(fault.for_s)
        self._bad_lines.remove(fault.options)
        network.options = self._bad_lines[-1] if self._bad_lines else LineOptions()

    async def _one_way(self, fault: faults.OneWay) -> None:
        hosts, network = self._world.hosts, self._world.network
        source, target = hosts[fault.source % len(hosts)].address, hosts[fault.target % len(hosts)].address
        if source != target:
            network.cut(source, target)
            await asyncio.sleep(fault.for_s)
            network.mend(source, target)

    async def _shrink(self, host: Host, fault: faults.Shrink) -> None:
        """A lowered limit is kept as soon as enough others hold what is over it: not while many shrink at once."""
        world, begun_s = self._world, self._world.loop.now_s
        if host.name in world.checkers.shrinking:
            return
        less = int(fault.share * host.disk.used_bytes())
        world.checkers.shrinking.add(host.name)
        await self._set_quota(host, less)
        while not host.is_gone and host.disk.used_bytes() > less and world.loop.now_s - begun_s < SHRUNK_S_MAX:
            await asyncio.sleep(5.0)
        if not host.is_gone and host.disk.used_bytes() > less and len(world.checkers.shrinking) == 1:
            world.checkers.fail(f"{host.name} does not shrink within {SHRUNK_S_MAX:.0f} s")
        await asyncio.sleep(fault.for_s)
        await self._set_quota(host, host.lent_bytes)
        world.checkers.shrinking.discard(host.name)

    async def _set_quota(self, host: Host, quota_bytes: int) -> None:
        host.quota_bytes = quota_bytes
        if host.process is not None and host.is_up:
            try:
                await host.process.order(lambda number: control.SetQuota(number, quota_bytes))
            except ConnectionError:
                return  # it died meanwhile, and starts again with the new limit
