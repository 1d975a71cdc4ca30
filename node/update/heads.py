"""A head verified together with the root files that it names, which come from the network.

Anyone can name a thousand roots.  So they are fetched in order, twice as many each time as were found right before,
and the first wrong one ends it: who names roots that are none costs this node one file of them, and some seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from node.trust.chain import Chain, Verified
from node.trust.errors import MissingRoots
from node.vault.share.tree import address_of

ROOTS_AT_ONCE_MAX: Final = 64
ROOT_S_MAX: Final = 20.0  # for the files of one batch, which come at the same time

GetChunk = Callable[[bytes], Awaitable[bytes]]

log = logging.getLogger(__name__)


async def verify_head(chain: Chain, head: bytes, now: datetime, get_chunk: GetChunk) -> Verified:
    """Verify a head from anyone, and fetch the roots that ``chain`` lacks for it.  Safe to cancel.

    Args:
        chain: What is known.
        head: Bytes from a stranger.
        now: This computer's time.
        get_chunk: Returns a chunk by its address, from any peer; raises anything if it cannot.

    Raises:
        MissingRoots: Some roots could not be had now.
        TrustError: As ``Chain.verify`` says.
    """
    roots: dict[bytes, bytes] = {}
    while True:
        try:
            return await asyncio.to_thread(chain.verify, head, now, roots)
        except MissingRoots as error:
            wanted = error.addresses[: max(1, min(len(roots), ROOTS_AT_ONCE_MAX))]
            fetched = await _fetch(wanted, get_chunk)
            if wanted[0] not in fetched:
                raise
            roots |= fetched


async def _fetch(addresses: tuple[bytes, ...], get_chunk: GetChunk) -> dict[bytes, bytes]:
    """The files that came in time, under their real addresses."""
    async with asyncio.TaskGroup() as tasks:
        fetching = [tasks.create_task(_fetch_one(address, get_chunk)) for address in addresses]
    files = [task.result() for task in fetching]
    return {address_of(file): file for file in files if file is not None}


async def _fetch_one(address: bytes, get_chunk: GetChunk) -> bytes | None:
    try:
        async with asyncio.timeout(ROOT_S_MAX):
            return await get_chunk(address)
    except Exception as error:  # noqa: BLE001 - whatever fails in the network is one root that could not be had
        log.info("root not fetched address=%s reason=%s", address.hex()[:8], error or type(error).__name__)
        return None
