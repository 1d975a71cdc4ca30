"""Chunks that people store and fetch: they take their turns, so that the vault can always be asked anything else."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from node.api import client, server
from node.api.handlers import SHARES_MAX
from node.api.shares.streams import put
from node.sandbox.child import ASKS_MAX
from node.supervisor.errors import VaultBusy, VaultUnavailable
from node.supervisor.ports import ASK_S
from node.supervisor.sharing import GET_S, PUT_S, TURN_S, Sharing
from node.vault import control
from node.vault.share.blob import Shape
from tests.virtual_time import run

CHUNKS = 24  # of each share
CHUNK_BYTES = 1 << 10
COPIES_S = 5 * (1 << 20) / 250_000  # a chunk's way to five others over a line of the eased default


class Asked:
    """A vault in use that is asked no more than a child ever is at a time; it never finds room for a chunk."""

    def __init__(self) -> None:
        self._asking = asyncio.Semaphore(ASKS_MAX)

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = ASK_S) -> control.Report:
        try:
            async with asyncio.timeout(timeout_s), self._asking:
                match make(1):
                    case control.PutChunk():
                        await asyncio.sleep(timeout_s)
                    case control.GetChunk():
                        return control.Content(1, b"another chunk")
                return control.State(1, 0, 0, 0, 0, 0, {})
        except TimeoutError as error:
            raise VaultUnavailable("it did not answer in time") from error


class SlowLine:
    """A vault whose chunks pass its line one after the other, also those that nobody waits for any more."""

    def __init__(self, chunk_s: float) -> None:
        self.sent: list[bytes] = []
        self._chunk_s = chunk_s
        self._free_at_s = 0.0

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = ASK_S) -> control.Report:
        command = make(1)
        assert isinstance(command, control.PutChunk)
        address = hashlib.sha256(command.content).digest()
        self.sent.append(address)
        loop = asyncio.get_running_loop()
        self._free_at_s = max(self._free_at_s, loop.time()) + self._chunk_s
        wait_s = self._free_at_s - loop.time()
        await asyncio.sleep(min(wait_s, timeout_s))
        if wait_s > timeout_s:
            raise VaultUnavailable("it did not answer in time")
        return control.Stored(1, address, (b"",) * 5)


class Afar:
    """What a share needs of the node."""

    def __init__(self, sharing: Sharing) -> None:
        self.put_chunk, self.get_chunk = sharing.put, sharing.get


async def parts(mark: int) -> AsyncIterator[bytes]:
    for number in range(CHUNKS):
        yield bytes([mark, number]) * (CHUNK_BYTES // 2)


def in_use() -> Any:
    return Asked()


def test_as_many_shares_as_may_be_put_at_once_are_stored_over_a_slow_line_and_no_chunk_is_sent_twice():
    line: Any = SlowLine(COPIES_S)

    async def scene() -> None:
        node, shape = Afar(Sharing(line)), Shape(CHUNK_BYTES, 16)
        await asyncio.gather(*(put(node, f"share {mark}", parts(mark), shape) for mark in range(SHARES_MAX)))

    run(scene())
    assert len(line.sent) == len(set(line.sent)) > SHARES_MAX * CHUNKS


def test_who_fetches_does_not_wait_for_those_who_store():
    async def scene() -> float:
        vault = in_use()
        sharing = Sharing(vault)
        puts = [asyncio.create_task(sharing.put(b"chunk")) for _ in range(ASKS_MAX)]
        await asyncio.sleep(1.0)
        await sharing.get(hashlib.sha256(b"another chunk").digest())
        fetched_s = asyncio.get_running_loop().time()
        await asyncio.gather(*puts, return_exceptions=True)
        return fetched_s

    assert run(scene()) == 1.0


def test_who_has_had_no_turn_is_told_that_the_vault_is_busy_and_the_vault_was_asked_nothing():
    line: Any = SlowLine(10 * PUT_S)

    async def scene() -> list[BaseException | None]:
        sharing = Sharing(line)
        puts = [asyncio.create_task(sharing.put(bytes([number]))) for number in range(ASKS_MAX)]
        await asyncio.wait(puts)
        return [put.exception() for put in puts]

    errors = run(scene())
    assert sum(isinstance(error, VaultBusy) for error in errors) == ASKS_MAX - len(line.sent) > 0
    assert all(isinstance(error, VaultUnavailable) for error in errors)


def test_whoever_asks_the_node_waits_for_the_turn_and_for_the_work():
    assert max(PUT_S, GET_S) + TURN_S < server.QUEUED_S_MAX < client.CHUNK_S_MAX


def test_however_many_chunks_people_store_at_once_the_vault_can_be_asked_how_it_stands():
    async def scene() -> tuple[control.Report, float]:
        vault = in_use()
        sharing = Sharing(vault)
        puts = [asyncio.create_task(sharing.put(b"chunk")) for _ in range(3 * ASKS_MAX)]
        await asyncio.sleep(1.0)

        state = await vault.ask(control.GetState)

        await asyncio.gather(*puts, return_exceptions=True)
        assert all(isinstance(put.exception(), VaultUnavailable) for put in puts)
        return state, asyncio.get_running_loop().time()

    state, ended_s = run(scene())
    assert isinstance(state, control.State)
    assert ended_s <= TURN_S + PUT_S  # nobody waits for ever because others do


def test_the_vaults_word_for_what_a_chunk_holds_is_not_enough():
    async def scene() -> None:
        with pytest.raises(VaultUnavailable):
            await Sharing(in_use()).get(hashlib.sha256(b"chunk").digest())

    run(scene())
