"""Chunks that people store and fetch, through the vault in use.

Each waits for the network, over a slow line for minutes, and nothing says how many people ask for at once.  So they
take turns: what else the vault is asked, how it stands or to make way for another one, never waits behind them.  The
vault cannot be told that nobody waits for a chunk any more, so that it is given no more than it can carry in time.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from node.api import schema, texts
from node.supervisor.errors import VaultBusy, VaultUnavailable
from node.supervisor.vault_child import VaultChild
from node.vault import control

# Eight chunks at once pass the slowest line in 42 s, and with the copies of each in 210 s; half of that line the vault
# may need for others.
GET_S: Final = 90.0
PUT_S: Final = 480.0
AT_ONCE_MAX: Final = 8  # to be stored, and as many to be fetched; a share alone has as many on their way
TURN_S: Final = 3 * PUT_S  # behind three other shares: the local API carries four at once


class Sharing:
    """Belongs to the event loop of its vault."""

    def __init__(self, vault: VaultChild) -> None:
        self._vault = vault
        self._puts, self._gets = asyncio.Semaphore(AT_ONCE_MAX), asyncio.Semaphore(AT_ONCE_MAX)

    async def put(self, content: bytes) -> schema.StoredChunk:
        """Store a chunk; that takes PUT_S at most, and TURN_S until it is its turn.

        Raises:
            VaultBusy: It had no turn; the vault was not asked.
            VaultUnavailable, RequestRefused: It could not be stored.
        """
        async with _turn(self._puts):
            answer = await self._vault.ask(lambda number: control.PutChunk(number, content), PUT_S)
        if not isinstance(answer, control.Stored) or answer.address != hashlib.sha256(content).digest():
            raise VaultUnavailable(texts.odd_answer())
        return schema.StoredChunk(answer.address.hex(), len(answer.receipts))

    async def get(self, address: bytes) -> bytes:
        """Fetch a chunk; that takes GET_S at most, and TURN_S until it is its turn.

        Raises:
            VaultBusy: It had no turn; the vault was not asked.
            VaultUnavailable, RequestRefused: It cannot be had now.
        """
        async with _turn(self._gets):
            answer = await self._vault.ask(lambda number: control.GetChunk(number, address), GET_S)
        if not isinstance(answer, control.Content) or hashlib.sha256(answer.content).digest() != address:
            raise VaultUnavailable(texts.odd_answer())  # the vault's word is not enough
        return answer.content


@asynccontextmanager
async def _turn(turns: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(TURN_S):
            await turns.acquire()
    except TimeoutError as error:
        raise VaultBusy(texts.vault_busy()) from error
    try:
        yield
    finally:
        turns.release()
