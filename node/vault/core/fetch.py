"""Fetching a chunk that this vault does not have: nearest known peers -> whoever a lookup finds -> everyone known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.vault.core.codec import encode
from node.vault.core.desk import Asked, Desk
from node.vault.core.identity import PeerRecord
from node.vault.core.lookup import Candidate, Lookup
from node.vault.core.messages import Answer, Chunk, Evidence, Get, NotHeld, Refused
from node.vault.core.proofs import HELD, NOT_HELD, check_answer, check_content
from node.vault.errors import BadSignature, ChunkMismatch

FIRST_PEERS: Final = 3
ASK_PEERS_MAX: Final = 40  # whom a get asks before it gives up
TRANSFER_TIMEOUT_S: Final = 10.0

Fetched = Callable[[Desk, bytes | None], None]


class Fetch:
    """One chunk, one peer after the other.  ``done`` is called once, with bytes that fit the address or with None."""

    def __init__(self, address: bytes, done: Fetched) -> None:
        self.asked_count = 0
        self._address = address
        self._done = done
        self._to_ask: list[PeerRecord] = []
        self._asked: set[bytes] = set()
        self._has_looked_up = False
        self._nonce = b""

    def begin(self, desk: Desk) -> None:
        self._to_ask = [peer.record for peer in desk.table.nearest(self._address, FIRST_PEERS)]
        self._ask_next(desk)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        peer = asked.peer
        try:
            match message:
                case Chunk(content, answer):
                    check_answer(answer, peer.transport_key, kind=HELD, address=self._address, nonce=self._nonce,
                                 utc_s=desk.now.utc_s)  # fmt: skip
                    try:
                        check_content(content, answer)
                    except ChunkMismatch as error:
                        desk.blame(peer, error.code, encode(Evidence(peer.certificate, answer)))
                    else:
                        self._done(desk, content)
                        return
                case NotHeld(answer, takers):
                    check_answer(answer, peer.transport_key, kind=NOT_HELD, address=self._address,
                                 nonce=self._nonce, utc_s=desk.now.utc_s, takers=takers)  # fmt: skip
                case Refused():
                    desk.counters["get refused"] += 1
                case _:
                    desk.blame(peer, "peer.malformed")
        except BadSignature as error:
            desk.blame(peer, error.code)
        self._ask_next(desk)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._ask_next(desk)

    def _looked_up(self, desk: Desk, near: list[Candidate]) -> None:
        others = [peer.record for peer in desk.table.nearest(self._address, ASK_PEERS_MAX)]
        self._to_ask = [candidate.record for candidate in near] + others
        self._ask_next(desk)

    def _ask_next(self, desk: Desk) -> None:
        while self._to_ask:
            peer = self._to_ask.pop(0)
            if peer.vault_id not in self._asked and len(self._asked) < ASK_PEERS_MAX:
                self._asked.add(peer.vault_id)
                self.asked_count += 1
                self._nonce = desk.nonce()
                desk.ask(self, peer, Get(self._address, self._nonce), TRANSFER_TIMEOUT_S)
                return
        if not self._has_looked_up:
            self._has_looked_up = True
            Lookup(self._address, self._looked_up).begin(desk)
        else:
            self._done(desk, None)
