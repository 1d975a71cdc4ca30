"""One chunk, some peers: each proves that it holds the chunk, or is given it and signs for it.

    own copy read -> admitted to its lane -> audit with a fresh nonce -> passed ---------> proven
                               |                        `-> "not held" -> given -> receipt -'
                               |                                 `-> but full -> the next nearest in its place
                               `- the lane is paused, or anything else at any step -> failed

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
from node.vault.core.caught import FAILED_AUDIT, Caught
from node.vault.core.desk import TRANSFER_TIMEOUT_S, Asked, Desk, is_trouble
from node.vault.core.lanes import Lanes
from node.vault.core.messages import Answer, Audit, Audited, HeldReceipt, NotHeld, Put, Receipt, Refused, Stored
from node.vault.core.proofs import AUDITED, NOT_HELD, audit_digest, check_answer, check_receipt
from node.vault.core.reading import Reads
from node.vault.core.routing_table import Peer
from node.vault.core.sparing import PAUSED_PART, own_bytes_per_s
from node.vault.errors import BadSignature
from node.vault.limiting import Limits

BURST_S: Final = 1.0  # what a line may catch up after it was idle
ROUND: Final = 4  # turns, the last of which is not for the urgent
AUDIT_BYTES: Final = 512  # on the line; what it costs the disks is bounded by who begins a proof (``reading``)
# Told apart; all others are "refused".
REFUSALS: Final = ("busy", "not_mine", "share", "resource", "resource.quota", "storage")
FAULTS: Final = (FAILED_AUDIT, "peer.signature", "peer.malformed")  # of the peer: trying again helps nothing
FULL: Final = "resource.quota"
SHARE: Final = "share"
LATE: Final = "peer.late"  # was not asked: its subnet has been late too often
UNFINISHED: Final = "unfinished"  # not waited for any more: enough others have proven it
PATIENCE_S: Final = 1.0  # with those who have not proven the chunk when enough others have


class Line:
    """A budget of bytes per second, with lanes; who has to send waits in a queue, as short as there are turns.

    ``reads``: what may be read for that, for whoever begins a proof to ask and to spend.

    ``bytes_per_s_max`` holds over it: what the farmer leaves of the line.
    """

    def __init__(self, bytes_per_s: int) -> None:
        self.bytes_per_s = max(1, bytes_per_s)
        self.bytes_per_s_max = math.inf
        self.lanes = Lanes()
        self.reads = Reads()
        self._free_at_s = 0.0
        self._waiting: dict[bool, deque[tuple[int, Callable[[Desk], None]]]] = {True: deque(), False: deque()}
        self._turns = 0
        self._is_at_work = False

    @property
    def due_s(self) -> float:
        return self._free_at_s if any(self._waiting.values()) else math.inf

    def send(self, desk: Desk, cost_bytes: int, action: Callable[[Desk], None], *, is_urgent: bool) -> None:
        """Do it when it is its turn: at once when the line is free; what is urgent overtakes the rest."""
        self._waiting[is_urgent].append((cost_bytes, action))
        self.tick(desk)

    def keep_to(self, limits: Limits) -> None:
        """Leave so much to the farmer, and read less in a pause."""
        is_taking = limits.is_taking
        self.bytes_per_s_max = own_bytes_per_s(self.bytes_per_s, limits.upload_bytes_per_s, is_taking=is_taking)
        self.reads.slowness = 1 if is_taking else PAUSED_PART

    def widen(self, factor: int) -> None:
        """So many times as much from now on, whatever the farmer leaves; what was sent before holds nothing up."""
        self.bytes_per_s *= factor
        self.bytes_per_s_max = math.inf
        self._free_at_s = 0.0
        self.reads.widen(factor)

    def tick(self, desk: Desk) -> None:
        if self._is_at_work:
            return  # what one turn sends comes after it, not within it: the stack is shorter than the queue may be
        self._is_at_work = True
        try:
            self._work(desk)
        finally:
            self._is_at_work = False

    def _work(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        while any(self._waiting.values()) and self._free_at_s <= now_s:
            queue = self._waiting[is_urgent_turn(self._turns)] or self._waiting[not is_urgent_turn(self._turns)]
            self._turns += 1
            cost_bytes, action = queue.popleft()
            bytes_per_s = min(self.bytes_per_s, self.bytes_per_s_max)
            self._free_at_s = max(self._free_at_s, now_s - BURST_S) + cost_bytes / bytes_per_s
            action(desk)


def is_urgent_turn(number: int) -> bool:
    """Whether an urgent one comes first this time: not always, as there may be urgent ones without end."""
    return number % ROUND < ROUND - 1


@dataclass(frozen=True, slots=True)
class Proven:
    """A peer holds the chunk: seen from which subnet, and what it signed to keep it, if it did."""

    subnet: str
    receipt: HeldReceipt | None


class Proof:
    """Goes to all of its members, each in the lane of its subnet.

    Invariant: each ends up in ``proven`` or in ``failed`` (with the code of why); then ``finished`` is called, once.
    Those who neither hold the chunk nor have room for it are ``passed_over`` besides; ``beyond`` names the members that
    the proof has without them.
    With ``is_enough``, which says whether enough have proven the chunk, those who have not are waited for PATIENCE_S
    more; what still comes from them later is looked at all the same.
    """

    def __init__(
        self, address: bytes, members: list[Peer], *, line: Line, auditor: Auditor,
        beyond: Callable[[Desk, Proof], list[Peer]], finished: Callable[[Desk, Proof], None],
        is_enough: Callable[[Desk, Proof], bool] | None = None,
        is_urgent: bool = False,
    ) -> None:  # fmt: skip
        self.address = address
        self.content = b""  # once it was read
        self.proven: dict[bytes, Proven] = {}
        self.failed: dict[bytes, str] = {}
        self.passed_over: dict[bytes, None] = {}  # in this order: that of a set is another one in each process
        self.is_lost = False  # the own copy: there is nothing to prove or to give
        self.is_over = False
        self.given: set[bytes] = set()  # to whom it really was
        self.is_urgent = is_urgent
        self.line = line
        self.auditor = auditor
        self._turns = {member.vault_id: _Turn(self, member) for member in members}
        self._beyond = beyond
        self._finished = finished
        self._is_enough = is_enough
        self._is_hurried = False

    def begin(self, desk: Desk) -> None:
        assert self._turns, "nobody to prove it"
        for turn in self._turns.values():
            self.line.lanes.enter(desk, turn.subnet, turn)
        desk.read_chunk(self, self.address)

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None:
        if content is None:
            self.is_lost = not code
            self._end(desk, code or "own copy")
            return
        self.content = content
        for turn in self._turns.values():
            turn.go_on(desk)
        self._look(desk)

    def ended(self, desk: Desk, vault_id: bytes, proven: Proven | None, code: str) -> None:
        """One turn is over."""
        if self.is_over:
            return
        if proven is not None:
            self.proven[vault_id] = proven
        else:
            desk.counters[f"proof failed {code}"] += 1
            self.failed[vault_id] = code
        if self.content:  # else the reading of it goes on first
            self._look(desk)

    def pass_over(self, desk: Desk, vault_id: bytes) -> None:
        """This member has no room; its turn is about to end."""
        if self.is_over:
            return
        self.passed_over[vault_id] = None
        for peer in self._beyond(desk, self):
            if peer.vault_id not in self._turns:
                self._turns[peer.vault_id] = turn = _Turn(self, peer)
                self.line.lanes.enter(desk, turn.subnet, turn)

    def _look(self, desk: Desk) -> None:
        if self.is_over:
            return
        if len(self.proven) + len(self.failed) == len(self._turns):
            self._end(desk, UNFINISHED)
        elif self._is_enough is not None and not self._is_hurried and self._is_enough(desk, self):
            self._is_hurried = True
            desk.call_in(PATIENCE_S, self._lose_patience)

    def _lose_patience(self, desk: Desk) -> None:
        if not self.is_over:
            self._end(desk, UNFINISHED)

    def _end(self, desk: Desk, code: str) -> None:
        """``code``: for those who have neither proven the chunk nor failed."""
        self.is_over = True
        for vault_id, turn in self._turns.items():
            if vault_id not in self.proven and vault_id not in self.failed:
                self.failed[vault_id] = code
            turn.drop(desk)
        self._turns = {}  # each knows the proof: together they would keep its chunk until the collector of cycles comes
        self._finished(desk, self)


class _Turn:
    """One member:  admitted and read -> audited -> given it when it is missing there -> over.

    Invariant: what the lane admits leaves it again, once.
    """

    def __init__(self, proof: Proof, member: Peer) -> None:
        self.subnet = member.subnet
        self._proof = proof
        self._peer = member.record
        self._nonce = b""
        self._spent_s = 0.0  # waiting for its answers
        self._is_admitted = False
        self._is_sending = False  # waits for the line or for an answer
        self._is_over = False

    def admitted(self, desk: Desk) -> None:
        self._is_admitted = True
        self.go_on(desk)

    def passed_over(self, desk: Desk) -> None:
        self._end(desk, None, LATE)

    def go_on(self, desk: Desk) -> None:
        """Begin, once it is admitted and the chunk is read."""
        content = self._proof.content
        if self._is_admitted and content and not self._is_over:
            self._is_sending = True
            self._send(desk, AUDIT_BYTES, self._audit)

    def drop(self, desk: Desk) -> None:
        """It is not waited for any more; a question on its way still gets its answer."""
        if not self._is_sending and not self._is_over:
            self._proof.line.lanes.withdraw(self.subnet, self)
            self._end(desk, None, UNFINISHED)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        self._spent_s += desk.now.monotonic_s - asked.at_s
        try:
            self._answered(desk, asked, message)
        except BadSignature as error:
            desk.blame_for(asked.peer, error)
            self._fail(desk, error.code)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._spent_s += desk.now.monotonic_s - asked.at_s
        self._fail(desk, code)

    def _send(self, desk: Desk, cost_bytes: int, action: Callable[[Desk], None]) -> None:
        self._proof.line.send(desk, cost_bytes, action, is_urgent=self._proof.is_urgent)

    def _audit(self, desk: Desk) -> None:
        if self._proof.is_over:
            self._end(desk, None, UNFINISHED)
            return
        self._nonce = desk.nonce()
        desk.ask(self, self._peer, Audit(self._proof.address, self._nonce))

    def _give(self, desk: Desk) -> None:
        if self._proof.is_over:
            self._end(desk, None, UNFINISHED)
            return
        desk.ask(self, self._peer, Put(self._proof.address, self._proof.content), TRANSFER_TIMEOUT_S)

    def _answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        peer, address, content = asked.peer, self._proof.address, self._proof.content
        match message:
            case Audited(answer, receipt) if isinstance(asked.message, Audit):
                check_answer(answer, peer.transport_key, kind=AUDITED, address=address, nonce=self._nonce,
                             utc_s=desk.now.utc_s)  # fmt: skip
                if answer.digest != audit_digest(self._nonce, peer.transport_key, content):
                    Caught().begin(desk, peer, address)
                    self._fail(desk, FAILED_AUDIT)
                else:
                    desk.proved(peer)
                    self._prove(desk, asked, receipt)
            case NotHeld(answer, takers) if isinstance(asked.message, Audit):
                check_answer(answer, peer.transport_key, kind=NOT_HELD, address=address, nonce=self._nonce,
                             utc_s=desk.now.utc_s, takers=takers)  # fmt: skip
                self._proof.auditor.missing(desk, peer, address, message)
                if message.is_full:
                    self._pass_over(desk, FULL)
                else:
                    self._send(desk, len(content), self._give)
            case Stored(receipt) if isinstance(asked.message, Put):
                self._proof.given.add(self._peer.vault_id)
                self._prove(desk, asked, receipt)
            case Refused(code) if isinstance(asked.message, Put) and (is_trouble(code) or code == SHARE):
                # Who is nearly full takes little from each subnet, and not from this one: as good as full to it.
                desk.fullness.refused(peer.vault_id, desk.now.monotonic_s)
                self._pass_over(desk, code if code in REFUSALS else FULL)
            case Refused(code):
                self._fail(desk, code if code in REFUSALS else "refused")
            case _:
                desk.blame(peer, "peer.malformed")
                self._fail(desk, "peer.malformed")

    def _prove(self, desk: Desk, asked: Asked, receipt: Receipt | None) -> None:
        held = None
        if receipt is not None:
            check_receipt(receipt, asked.peer.transport_key, self._proof.address, desk.now.utc_s)
            held = HeldReceipt(asked.peer.certificate, receipt)
            self._proof.auditor.keep_receipt(asked.peer, held)
        # The latency is not counted for the peer's rank: under repair it tells of the load, not of the peer.
        self._end(desk, Proven(asked.subnet, held), "")

    def _pass_over(self, desk: Desk, code: str) -> None:
        self._proof.pass_over(desk, self._peer.vault_id)
        self._fail(desk, code)

    def _fail(self, desk: Desk, code: str) -> None:
        desk.not_proved(self._peer, self._proof.address)
        self._end(desk, None, code)

    def _end(self, desk: Desk, proven: Proven | None, code: str) -> None:
        assert not self._is_over
        self._is_over, self._is_sending = True, False
        if self._is_admitted:
            self._proof.line.lanes.leave(desk, self.subnet, spent_s=self._spent_s, is_proven=proven is not None)
        self._proof.ended(desk, self._peer.vault_id, proven, code)
