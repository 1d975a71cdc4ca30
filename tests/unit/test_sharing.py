"""Chunks that people store and fetch: they take their turns, so that the vault can always be asked anything else."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from node.sandbox.child import ASKS_MAX
from node.supervisor.errors import VaultUnavailable
from node.supervisor.ports import ASK_S
from node.supervisor.sharing import PUT_S, Sharing
from node.vault import control
from tests.virtual_time import run


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


def in_use() -> Any:
    return Asked()


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
    assert ended_s <= PUT_S  # nobody waits any longer because others do


def test_the_vaults_word_for_what_a_chunk_holds_is_not_enough():
    async def scene() -> None:
        with pytest.raises(VaultUnavailable):
            await Sharing(in_use()).get(hashlib.sha256(b"chunk").digest())

    run(scene())
