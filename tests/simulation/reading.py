"""People who get chunks, and insist when somebody in reach has what they do not get."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from node.vault import control
from tests.simulation.network import Nat

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.world import World

INSIST_S: Final = 90.0
PAUSE_S: Final = 5.0


class Readers:
    """Each get is by any farm that runs."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def get(self, address: bytes) -> bool:
        """Whether it came at once; if not, somebody insists."""
        up = [host for host in self._world.hosts if host.is_up]
        if not up:
            return False
        host = up[self._world.chance.randrange(len(up))]
        if await self.get_by(host, address):
            return True
        if self._world.tasks is not None and not self._world.is_over:
            self._world.tasks.create_task(self._insist(host, address))
        return False

    async def _insist(self, host: Host, address: bytes) -> None:
        """What could not be got must be within INSIST_S, of which somebody in reach had it all the time."""
        process, begun_s = host.process, self._world.loop.now_s
        while self._world.loop.now_s - begun_s < INSIST_S and not self._world.is_over:
            await asyncio.sleep(PAUSE_S)
            if not host.is_up or host.process is not process or process is None or process.is_leaving:
                return
            if not self._is_in_reach(host, address):
                begun_s = self._world.loop.now_s
            if await self.get_by(host, address):
                return
        if not self._world.is_over:
            self._world.checkers.fail(f"{host.name} cannot get {address.hex()[:8]} within {INSIST_S:.0f} s")

    def _is_in_reach(self, host: Host, address: bytes) -> bool:
        """Whether a vault that is up, can be dialled and hears this one has the chunk, whole."""
        content = self._world.checkers.acknowledged[address]
        for other in self._world.hosts:
            file = other.disk.chunks().get(address.hex())
            if file is None or not file.gives(content) or not other.is_up or other.disk.is_unplugged:
                continue
            assert other.process is not None
            network = self._world.network
            is_old = self._world.loop.now_s - other.process.started_s > 60.0 and not other.process.is_leaving
            there, back = (host.address, other.address), (other.address, host.address)
            if is_old and other.nat is Nat.OPEN and network.can_pass(*there) and network.can_pass(*back):
                return True
        return False

    async def get_by(self, host: Host, address: bytes) -> bool:
        assert host.process is not None
        try:
            report = await host.process.order(lambda number: control.GetChunk(number, address))
        except ConnectionError:
            return False
        is_there = self._world.checkers.got(address, report)
        self._world.checkers.counts["gets" if is_there else "gets failed"] += 1
        return is_there
