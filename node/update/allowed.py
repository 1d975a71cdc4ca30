"""What the files in use may do, and how they come to do less when their newest release declares less."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from node.trust.capabilities import TODAY, Capabilities
from node.trust.release import Release
from node.update.errors import SlotDamaged
from node.update.files.slots import Slots

log = logging.getLogger(__name__)


async def capabilities_of(slots: Slots, in_use: str) -> Capabilities:
    """What these files may do; if that cannot be read, what any vault may."""
    try:
        return await asyncio.to_thread(slots.capabilities, "vault", in_use)
    except SlotDamaged:
        return TODAY


async def lessen(slots: Slots, releases: Iterable[Release], in_use: str | None) -> None:
    """Let the files in use do no more, from their next start on, than their newest release declares.

    ``releases`` are the newest first.
    """
    newest = next((release for release in releases if release.tree_hash == in_use), None)
    if newest is None:
        return
    try:
        await asyncio.to_thread(slots.lessen, "vault", newest.tree_hash, newest.capabilities)
    except (SlotDamaged, OSError) as error:  # it is tried again with the next head and at the next start
        log.warning("what is in use keeps what it may do release=%s reason=%s", newest.name, error)
