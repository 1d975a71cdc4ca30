"""A peer that has passed an audit: now and then it is asked for the chunk itself, as any reader might.

One whose audits are right and whose reads are wrong would else wait for a reader, and where everybody holds what he
reads none may come for long.  What it signs for other bytes is the proof, as when a reader is served them.

    audit passed, and drawn -> Get -> signed for other bytes -> blamed, with that as evidence
                                      anything else          -> as when a reader is answered so

Only audits at the vault's own pace are drawn from: those of a sweep are so many that reading after a part of them would
make it twice as dear.
"""

from __future__ import annotations

from typing import Final

from node.vault.core.desk import TRANSFER_TIMEOUT_S, Asked, Desk
from node.vault.core.fetch import served
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import Answer, Get

AUDITS_PER_SAMPLE: Final = 16  # at one audit a minute 90 chunks a day, which are 1.1 kB a second if all are full


class Sample:
    """One chunk, one peer.  A peer that does not serve it now is not blamed for that: it has just proven the chunk."""

    def begin(self, desk: Desk, peer: PeerRecord, address: bytes) -> None:
        desk.ask(self, peer, Get(address, desk.nonce()), TRANSFER_TIMEOUT_S)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        if served(desk, asked, message) is not None:
            desk.counters["sample read"] += 1

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        desk.counters["sample unread"] += 1


def is_drawn(desk: Desk) -> bool:
    """Whether this passed audit is one to be followed by a read."""
    return desk.random.randrange(AUDITS_PER_SAMPLE) == 0
