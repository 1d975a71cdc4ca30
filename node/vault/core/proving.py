"""One chunk, some peers: each proves that it holds the chunk, or is given it and signs for it.

    own copy read -> audit with a fresh nonce -> passed ------------------> proven
                              `----------------> "not held" -> given -> receipt -'
                               anything else, at any step -> failed

Only that counts as a copy; nobody is believed that somebody else holds something.  All that is sent for this goes
through a ``Line``, so that what nobody asked for leaves room for what somebody waits for.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.vault.core.audit import Auditor
from node.vault.core.desk import Asked, Desk
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import Answer, Audit, Audited, HeldReceipt, NotHeld, Put, Receipt, Refused, Stored
from node.vault.core.proofs import AUDITED, NOT_HELD, audit_digest, check_answer, check_receipt
from node.vault.errors import BadSignature

TRANSFER_TIMEOUT_S: Final = 10.0
BURST_S: Final = 1.0  # what a line may catch up after it was idle
# An audit moves next to nothing, but both disks read a whole chunk: it costs a part of it, so that they rest too.
AUDIT_PART: Final = 16
AUDIT_BYTES_MIN: Final = 512
REFUSALS: Final = ("busy", "not_mine", "resource", "resource.quota", "storage")  # told apart; others are "refused"
FAULTS: Final = ("peer.failed_audit", "peer.signature", "peer.malformed")  # of the peer: trying again helps nothing


class Line:
    """A budget of bytes per second; who has to send waits in a queue, as short as there are Proofs at work."""

    def __init__(self, bytes_per_s: int) -> None:
        self.bytes_per_s = max(1, bytes_per_s)
        self._free_at_s = 0.0
        self._waiting: deque[tuple[int, Callable[[Desk], None]]] = deque()

    @property
    def due_s(self) -> float:
        return self._free_at_s if self._waiting else math.inf

    def send(self, desk: Desk, cost_bytes: int, action: Callable[[Desk], None]) -> None:
        """Do it when it is its turn: at once when the line is free."""
        self._waiting.append((cost_bytes, action))
        self.tick(desk)

    def tick(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        while self._waiting and self._free_at_s <= now_s:
            cost_bytes, action = self._waiting.popleft()
            self._free_at_s = max(self._free_at_s, now_s - BURST_S) + cost_bytes / self.bytes_per_s
            action(desk)


@dataclass(frozen=True, slots=True)
class Proven:
    """A peer holds the chunk: seen from which subnet, and what it signed to keep it, if it did."""

    subnet: str
    receipt: HeldReceipt | None


class Proof:
    """Goes through its members one by one.

    Invariant: each ends up in ``proven`` or in ``failed`` (with the code of why); then ``finished`` is called, once.
    """

    def __init__(
        self, address: bytes, members: list[PeerRecord], *, line: Line, auditor: Auditor,
        finished: Callable[[Desk, Proof], None],
    ) -> None:  # fmt: skip
        self.address = address
        self.proven: dict[bytes, Proven] = {}
        self.failed: dict[bytes, str] = {}
        self.is_lost = False  # the own copy: there is nothing to prove or to give
        self.copies = 0  # that were really given away
        self._members = deque(members)
        self._line = line
        self._auditor = auditor
        self._finished = finished
        self._content = b""
        self._nonce = b""

    def begin(self, desk: Desk) -> None:
        desk.read_chunk(self, self.address)

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None:
        if content is None:
            self.is_lost = not code
            self.failed = {member.vault_id: code or "own copy" for member in self._members}
            self._finished(desk, self)
            return
        self._content = content
        self._next(desk)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        peer = asked.peer
        member = self._members[0]
        if peer.vault_id != member.vault_id:
            self._fail(desk, "peer.signature")  # someone else answers under that key: nothing is proven
            return
        try:
            match message:
                case Audited(answer, receipt):
                    check_answer(answer, peer.transport_key, kind=AUDITED, address=self.address, nonce=self._nonce,
                                 utc_s=desk.now.utc_s)  # fmt: skip
                    if answer.digest != audit_digest(self._nonce, self._content):
                        desk.blame(peer, "peer.failed_audit")
                        self._fail(desk, "peer.failed_audit")
                    else:
                        self._prove(desk, asked, receipt)
                case NotHeld(answer, takers) if isinstance(asked.message, Audit):
                    check_answer(answer, peer.transport_key, kind=NOT_HELD, address=self.address, nonce=self._nonce,
                                 utc_s=desk.now.utc_s, takers=takers)  # fmt: skip
                    self._auditor.missing(desk, peer, self.address, message)
                    self._line.send(desk, len(self._content), self._give)
                case Stored(receipt) if isinstance(asked.message, Put):
                    self.copies += 1
                    self._prove(desk, asked, receipt)
                case Refused(code):
                    self._fail(desk, code if code in REFUSALS else "refused")
                case _:
                    desk.blame(peer, "peer.malformed")
                    self._fail(desk, "peer.malformed")
        except BadSignature as error:
            desk.blame(peer, error.code)
            self._fail(desk, error.code)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._fail(desk, code)

    def _next(self, desk: Desk) -> None:
        if self._members:
            self._line.send(desk, AUDIT_BYTES_MIN + len(self._content) // AUDIT_PART, self._ask)
        else:
            self._content = b""
            self._finished(desk, self)

    def _ask(self, desk: Desk) -> None:
        self._nonce = desk.nonce()
        desk.ask(self, self._members[0], Audit(self.address, self._nonce))

    def _give(self, desk: Desk) -> None:
        desk.ask(self, self._members[0], Put(self.address, self._content), TRANSFER_TIMEOUT_S)

    def _prove(self, desk: Desk, asked: Asked, receipt: Receipt | None) -> None:
        held = None
        if receipt is not None:
            check_receipt(receipt, asked.peer.transport_key, self.address, desk.now.utc_s)
            held = HeldReceipt(asked.peer.certificate, receipt)
            self._auditor.keep_receipt(asked.peer, held)
        # The latency is not counted for the peer's rank: under repair it tells of the load, not of the peer.
        self.proven[self._members.popleft().vault_id] = Proven(asked.subnet, held)
        self._next(desk)

    def _fail(self, desk: Desk, code: str) -> None:
        desk.counters[f"proof failed {code}"] += 1
        self.failed[self._members.popleft().vault_id] = code
        self._next(desk)
