"""Fetching a chunk that this vault does not have.

    nearest known peers -> the close group -> whoever stands beyond it, up to REACH_SUBNETS -> everyone known

One peer is asked at a time; one that does not answer soon is not waited for, the next one is asked beside it.  Once the
chunk is there, those who are still at it are told to stop: a busy line would be busier for each of them.  Of each
subnet one is asked before a second one of any: late ones in a crowd hold nobody up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Final

from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, REACH_SUBNETS, in_turns
from node.vault.core.codec import encode
from node.vault.core.desk import TRANSFER_TIMEOUT_S, Asked, Desk
from node.vault.core.identity import PeerRecord
from node.vault.core.lookup import Candidate, Lookup
from node.vault.core.messages import CHUNK_BYTES_MAX, Answer, Chunk, Evidence, Get, NotHeld, Refused
from node.vault.core.proofs import HELD, NOT_HELD, check_answer, check_content
from node.vault.core.routing_table import Peer
from node.vault.errors import BadSignature, ChunkMismatch

FIRST_PEERS: Final = 3
ASK_PEERS_MAX: Final = 40  # whom a get asks before it gives up
NEAR_PEERS_MAX: Final = ASK_PEERS_MAX // 2  # of them before those by chance, for what is carried
PATIENCE_S: Final = 3.0  # a chunk of 1 MiB at 3 Mbit/s, and what the own line needs; then one more is asked
ASKED_AT_ONCE_MAX: Final = 4

Fetched = Callable[[Desk, bytes | None], None]


class Fetch:
    """One chunk.  ``done`` is called once, with bytes that fit the address or with None.

    One that ``is_carried`` may be had of any vault where it is the newest, and those who surround its address may want
    to hide it: of them who are asked in the beginning and at the end, each is drawn by chance.
    """

    def __init__(self, address: bytes, done: Fetched, *, is_carried: bool = False) -> None:
        self.asked_count = 0
        self.has_answer = False  # of anybody
        self._address = address
        self._done = done
        self._is_carried = is_carried
        self._is_over = False
        self._to_ask: list[PeerRecord] = []
        self._asked: set[bytes] = set()
        self._waiting: set[bytes] = set()  # vault ids of those who have not answered yet
        self._still_to_look = [CLOSE_GROUP_SUBNETS, REACH_SUBNETS]  # so far out, one after the other
        self._is_looking_up = False

    def begin(self, desk: Desk) -> None:
        self._to_ask = [peer.record for peer in self._known(desk)[:FIRST_PEERS]]
        self._ask_next(desk)

    def _known(self, desk: Desk) -> list[Peer]:
        """Whom to ask of those that this vault knows, the most promising first."""
        if not self._is_carried:
            return in_turns(desk.table.nearest(self._address, ASK_PEERS_MAX))
        peers = list(desk.table)
        desk.random.shuffle(peers)
        return in_turns(peers)[:ASK_PEERS_MAX]

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        self._waiting.discard(asked.peer.vault_id)
        self.has_answer = True
        content = served(desk, asked, message)
        if content is not None:
            self._end(desk, content)
        else:
            self._ask_next(desk)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._waiting.discard(asked.peer.vault_id)
        self._ask_next(desk)

    def _looked_up(self, desk: Desk, near: list[Candidate]) -> None:
        self._is_looking_up = False
        candidates = [one for one in in_turns(near) if one.record.vault_id not in self._asked]
        if self._is_carried:
            candidates = candidates[: max(0, NEAR_PEERS_MAX - len(self._asked))]
        self._to_ask += [candidate.record for candidate in candidates]
        if not self._still_to_look:
            self._to_ask += [peer.record for peer in self._known(desk)]
        if not self._is_over:
            self._ask_next(desk)

    def _ask_next(self, desk: Desk) -> None:
        while self._to_ask:
            peer = self._to_ask.pop(0)
            if peer.vault_id not in self._asked and len(self._asked) < ASK_PEERS_MAX:
                self._asked.add(peer.vault_id)
                self.asked_count += 1
                self._waiting.add(peer.vault_id)
                desk.ask(self, peer, Get(self._address, desk.nonce()), TRANSFER_TIMEOUT_S)
                own_line_s = desk.asked_for(Get) * CHUNK_BYTES_MAX / desk.download_bytes_per_s
                desk.call_in(PATIENCE_S + own_line_s, partial(self._lose_patience, peer.vault_id))
                return
        if self._still_to_look and not self._is_looking_up:
            self._is_looking_up = True
            Lookup(self._address, self._looked_up, subnets=self._still_to_look.pop(0)).begin(desk)
        elif not self._waiting and not self._is_looking_up:
            self._end(desk, None)

    def _lose_patience(self, vault_id: bytes, desk: Desk) -> None:
        """This peer was asked a while ago; it may have answered since."""
        if not self._is_over and vault_id in self._waiting and len(self._waiting) < ASKED_AT_ONCE_MAX:
            self._ask_next(desk)

    def _end(self, desk: Desk, content: bytes | None) -> None:
        self._is_over = True
        desk.withdraw(self)
        self._done(desk, content)


def served(desk: Desk, asked: Asked, message: Answer) -> bytes | None:
    """The chunk, if that is what came; whoever sent something else than he may is blamed."""
    peer = asked.peer
    assert isinstance(asked.message, Get)
    address, nonce, utc_s = asked.message.address, asked.message.nonce, desk.now.utc_s
    try:
        match message:
            case Chunk(content, answer):
                check_answer(answer, peer.transport_key, kind=HELD, address=address, nonce=nonce, utc_s=utc_s)
                try:
                    check_content(content, answer)
                except ChunkMismatch as error:
                    desk.blame(peer, error.code, encode(Evidence(peer.certificate, answer)))
                else:
                    desk.checked()
                    return content
            case NotHeld(answer, takers):
                check_answer(answer, peer.transport_key, kind=NOT_HELD, address=address, nonce=nonce,
                             utc_s=utc_s, takers=takers)  # fmt: skip
                desk.checked()
            case Refused():
                desk.counters["get refused"] += 1
            case _:
                desk.blame(peer, "peer.malformed")
    except BadSignature as error:
        if isinstance(message, Chunk) and hashlib.sha256(message.content).digest() != address:
            desk.blame(peer, error.code)  # whatever the time
        else:
            desk.blame_for(peer, error)
    return None
