"""What is finished lets go of its chunks at once: each may be 1 MiB, and the collector of cycles comes late."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from node.api.shares import streams
from node.api.shares.errors import NotStored
from node.api.shares.transfer import IN_FLIGHT
from node.supervisor.errors import RequestRefused
from node.vault import control
from node.vault.share.blob import Shape
from tests.unit.test_handover import leave
from tests.unit.test_replication import RESTORED_S, address_of, group, network

LARGE = b"x" * 10_000


@contextmanager
def what_only_cycles_keep() -> Iterator[list[Any]]:
    """Filled at the end with all that nothing refers to any more, and that is still there."""
    left: list[Any] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield left
        gc.collect()
        left += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def bytes_of(one: Any) -> list[bytes]:
    return [two for two in gc.get_referents(one) if isinstance(two, bytes)]


class TestFinishedWork:
    @pytest.mark.long
    def test_keeps_no_chunk_in_a_cycle(self):
        world, actors, addresses = network()
        with what_only_cycles_keep() as left:
            world.command(actors[1], lambda number: control.PutChunk(number, LARGE))
            world.command(actors[1], lambda number: control.GetChunk(number, address_of(LARGE)))
            leave(world, actors[3], 60.0)
            group(actors, addresses[0])[0].is_dead = True
            world.add(100, contacts=actors[1:3])
            world.pass_time(RESTORED_S)
            assert sum(actor.vault._desk.counters["repair copies"] for actor in actors) > 0
            contents = {content for actor in actors for content in actor.chunks.values()}

        keepers = [type(one) for one in left if not contents.isdisjoint(bytes_of(one))]

        assert keepers == []


class FullNode:
    """Refuses one chunk, and is busy with the others for ever."""

    def __init__(self, refused: int) -> None:
        self._refused = bytes([refused]) * len(LARGE)

    async def put_chunk(self, content: bytes) -> Any:
        if content != self._refused:
            await asyncio.Event().wait()
        raise RequestRefused("resource.quota", "The network is full.")

    async def get_chunk(self, address: bytes) -> bytes:
        raise NotImplementedError


async def parts() -> AsyncIterator[bytes]:
    for number in range(IN_FLIGHT):
        yield bytes([number]) * len(LARGE)


class TestARefusedShare:
    @pytest.mark.long
    @pytest.mark.parametrize("number", range(IN_FLIGHT))
    def test_keeps_no_chunk_in_a_cycle(self, number: int):
        async def refused() -> None:
            with pytest.raises(NotStored):
                await streams.put(FullNode(number), "seeds", parts(), Shape(len(LARGE), 16))

        with asyncio.Runner() as runner, what_only_cycles_keep() as left:
            runner.run(refused())

        assert [type(one) for one in left if any(len(two) == len(LARGE) for two in bytes_of(one))] == []
