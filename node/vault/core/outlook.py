"""Who is round this vault, as it knows by its own pings and requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from node.vault.core.close_group import close_group
from node.vault.core.desk import Desk
from node.vault.core.routing_table import Peer
from node.vault.looks import NEIGHBOURS_MAX, KnownVault, Neighbours

SLOW_S: Final = 1.0  # for a small answer: several times what the far side of the earth takes


def neighbours(desk: Desk, former: Iterable[Peer], command_id: int) -> Neighbours:
    """The nearest known vaults in the order of their distance, at most NEIGHBOURS_MAX.

    ``former``: those that fell silent; they are told as such, and count for nothing.
    """
    own, now_s = desk.own_place, desk.now.monotonic_s
    known = [peer for peer in desk.table if not peer.failures]
    close = {peer.vault_id for peer in close_group(known, own.position.to_bytes(32, "big"))}
    gone = [peer for peer in former if desk.table.get(peer.vault_id) is None]
    told = [
        KnownVault(
            peer.vault_id,
            is_close=peer.vault_id in close,
            is_silent=peer.failures > 0 or desk.table.get(peer.vault_id) is None,
            is_slow=peer.latency_s > SLOW_S,
            age_s=max(0.0, now_s - peer.seen_s),
        )
        for peer in sorted((*desk.table, *gone), key=lambda peer: peer.position ^ own.position)[:NEIGHBOURS_MAX]
    ]
    return Neighbours(command_id, len(known), len({peer.subnet for peer in known}), tuple(told))
