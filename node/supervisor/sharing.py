"""Chunks that people store and fetch, through the vault in use.

Each waits for the network, over a slow line for minutes, and nothing says how many people ask for at once.  So they
take turns: what else the vault is asked, how it stands or to make way for another one, never waits behind them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

from node.api import schema, texts
from node.supervisor.errors import VaultUnavailable
from node.supervisor.vault_child import VaultChild
from node.vault import control

# Eight chunks at once, as shares are carried, pass the slowest line in 42 s, and with the copies of each in 210 s; half
# of that line the vault may need for others.
GET_S: Final = 90.0
PUT_S: Final = 480.0
AT_ONCE_MAX: Final = 48  # of the 64 asks that a child has at a time; as many as all shares together need


class Sharing:
    """Belongs to the event loop of its vault."""

    def __init__(self, vault: VaultChild) -> None:
        self._vault = vault
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def put(self, content: bytes) -> schema.StoredChunk:
        """Store a chunk.

        Raises:
            VaultUnavailable, RequestRefused: It could not be stored.
        """
        answer = await self._ask(lambda number: control.PutChunk(number, content), PUT_S)
        if not isinstance(answer, control.Stored) or answer.address != hashlib.sha256(content).digest():
            raise VaultUnavailable(texts.odd_answer())
        return schema.StoredChunk(answer.address.hex(), len(answer.receipts))

    async def get(self, address: bytes) -> bytes:
        """Fetch a chunk.

        Raises:
            VaultUnavailable, RequestRefused: It cannot be had now.
        """
        answer = await self._ask(lambda number: control.GetChunk(number, address), GET_S)
        if not isinstance(answer, control.Content) or hashlib.sha256(answer.content).digest() != address:
            raise VaultUnavailable(texts.odd_answer())  # the vault's word is not enough
        return answer.content

    async def _ask(self, make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
        try:
            async with asyncio.timeout(timeout_s), self._turns:
                return await self._vault.ask(make, timeout_s)
        except TimeoutError as error:
            raise VaultUnavailable(texts.vault_slow(timeout_s)) from error
