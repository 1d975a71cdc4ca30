"""Looking after the truth of what the farmer is told: others' clocks, an answer that checks, what auditors say.

    few clocks heard lately ----> a question about no chunk in particular -> a signed "not held", with its time
    somebody audits this vault -> its signed rank table, and once more a little later --> it counts one more audit
                                                                                         passed, or a fault

No message of the network says "you have passed", but every vault shows what it holds of others, signed: the asker's own
table is the end of the way, where this vault's own belief that it has answered well would only be the middle.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from typing import Final, TypeVar

from node.vault.core.clocks import Clocks
from node.vault.core.desk import Asked, Desk
from node.vault.core.identity import PeerRecord, is_public
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Chunk,
    FetchRanks,
    Get,
    NotHeld,
    Pong,
    Ranks,
    Request,
    Stored,
    Vaults,
)
from node.vault.core.proofs import NOT_HELD, check_answer
from node.vault.core.ranking import decode_table
from node.vault.core.routing_table import Peer
from node.vault.errors import BadSignature, PeerError
from node.vault.looks import Looks

FIRST_PART: Final = 6  # of the pause between two questions, before the first one
SUBNETS_WANTED: Final = 3  # whose clock was heard within FRESH_S; with so many no question is asked
FRESH_S: Final = 300.0
VERDICT_S: Final = 5.0  # in which an asker has looked at the answer
TABLE_S: Final = 120.0  # between two auditors whose tables are asked for; making one takes its maker a while
SUBNET_TABLE_S: Final = 480.0  # between two of one subnet: two that audit all the time leave as many turns to others
OUTCOMES_S: Final = 600.0  # an older word of an auditor says nothing of today
KEPT_MAX: Final = 256  # subnets, or reporters, that something is known of


K = TypeVar("K")
V = TypeVar("V")


class Lookout:
    """Asks one peer at a time, of those subnets first that were asked longest ago."""

    def __init__(self, question_s: float) -> None:
        self._question_s = question_s  # between two questions
        self.clocks = Clocks()
        self._question_at_s = math.inf
        self._table_at_s = -math.inf
        self._asked_s: OrderedDict[str, float] = OrderedDict()  # by subnet
        self._table_s: OrderedDict[str, float] = OrderedDict()  # by subnet
        self._counts: OrderedDict[bytes, tuple[int, int]] = OrderedDict()  # audits passed and faults, by reporter
        self._outcomes: OrderedDict[str, tuple[float, bool]] = OrderedDict()  # when, and whether passed, by subnet
        self._passed_s: float | None = None

    @property
    def due_s(self) -> float:
        return self._question_at_s

    def start(self, desk: Desk) -> None:
        self._question_at_s = desk.now.monotonic_s + self._question_s / FIRST_PART

    def tick(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        if now_s < self._question_at_s:
            return
        self._question_at_s = now_s + self._question_s
        fresh = self.clocks.fresh(now_s - FRESH_S)
        peer = self._next(desk, fresh) if len(fresh) < SUBNETS_WANTED else None
        if peer is not None:
            _keep(self._asked_s, peer.subnet, now_s)
            address = hashlib.sha256(nonce := desk.nonce()).digest()  # of no chunk that anybody has
            desk.ask(self, peer.record, Get(address, nonce))

    def heard(self, desk: Desk, asked: Asked, subnet: str, message: Answer) -> None:
        """An answer came from there; if it says when it was made, its maker's clock is known to the second."""
        known = desk.table.get(asked.peer.vault_id)
        if known is not None and isinstance(message, (Pong, Vaults)):
            known.latency_s = desk.now.monotonic_s - asked.at_s
        at_s = _made_at_s(message)
        if at_s is not None and subnet != desk.own_place.subnet:
            ahead_s = at_s - desk.now.utc_s
            self.clocks.heard(subnet, ahead_s, ahead_s, desk.now.monotonic_s)

    def asked_for(self, desk: Desk, record: PeerRecord, message: Request) -> None:
        """A peer asks this vault; if for a proof of what it holds, hear soon what it made of the answer."""
        now_s, peer = desk.now.monotonic_s, desk.table.get(record.vault_id)
        if not isinstance(message, Audit) or message.address not in desk.held or peer is None:
            return
        is_due = now_s >= self._table_at_s and now_s - self._table_s.get(peer.subnet, -math.inf) >= SUBNET_TABLE_S
        if is_due and peer.subnet != desk.own_place.subnet:
            self._table_at_s = now_s + TABLE_S
            _keep(self._table_s, peer.subnet, now_s)
            if record.vault_id not in self._counts:
                desk.ask(self, record, FetchRanks())
            desk.call_in(VERDICT_S, lambda desk: desk.ask(self, record, FetchRanks()))

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        try:
            match asked.message, message:
                case Get(address, nonce), NotHeld(answer, takers):
                    key, own_s = asked.peer.transport_key, answer.at_s  # its time is looked at by itself
                    check_answer(answer, key, kind=NOT_HELD, address=address, nonce=nonce, utc_s=own_s, takers=takers)
                    desk.checked()
                case FetchRanks(), Ranks(content):
                    self._take_table(desk, asked, content)
                case _:
                    desk.counters["look refused"] += 1
        except BadSignature as error:
            desk.blame_for(asked.peer, error)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        """Whoever is silent is noticed elsewhere."""

    def looks(self, desk: Desk) -> Looks:
        now_s = desk.now.monotonic_s
        lately = [is_passed for at_s, is_passed in self._outcomes.values() if now_s - at_s <= OUTCOMES_S]
        return Looks(
            answer_age_s=_age_s(desk.checked_s, now_s),
            passed_age_s=_age_s(self._passed_s, now_s),
            passed=sum(lately),
            failed=len(lately) - sum(lately),
            clocks=self.clocks.told(now_s),
            outside_subnets=len({peer.seen_in for peer in desk.table if is_public(peer.seen_in)}),
        )

    def _next(self, desk: Desk, fresh: set[str]) -> Peer | None:
        passed_over = {*fresh, desk.own_place.subnet}
        peers = [peer for peer in desk.table if peer.subnet not in passed_over and not peer.failures]
        return min(peers, key=lambda peer: self._asked_s.get(peer.subnet, -math.inf), default=None)

    def _take_table(self, desk: Desk, asked: Asked, content: bytes) -> None:
        reporter, own_id = asked.peer, desk.record.vault_id
        try:
            table = decode_table(content, desk.now.utc_s)
        except PeerError:
            return  # perhaps only its clock, or the own one, which is looked at by itself
        entry = next((entry for entry in table.entries if entry.vault_id == own_id), None)
        if entry is None or table.certificate.transport_key != reporter.transport_key:
            return
        before, now = self._counts.get(reporter.vault_id), (entry.audits_passed, entry.faults)
        _keep(self._counts, reporter.vault_id, now)
        is_passed = _outcome(before, now)
        if is_passed is None:
            return
        _keep(self._outcomes, asked.subnet, (desk.now.monotonic_s, is_passed))
        if is_passed:
            self._passed_s = desk.now.monotonic_s


def _outcome(before: tuple[int, int] | None, now: tuple[int, int]) -> bool | None:
    """What a reporter made of its last audits, by its counts of those passed and of faults.

    None: it does not show, as of one that is heard for the first time or was started anew.
    """
    passed, faults = now
    if before is None or passed < before[0] or faults < before[1]:
        return None
    if faults > before[1]:
        return False
    return True if passed > before[0] else None


def _keep(known: OrderedDict[K, V], key: K, value: V) -> None:
    """Remember it as the newest; at most KEPT_MAX are."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > KEPT_MAX:
        known.popitem(last=False)


def _made_at_s(message: Answer) -> float | None:
    match message:
        case Chunk(_, answer) | Audited(answer) | NotHeld(answer):
            return answer.at_s
        case Stored(receipt):
            return receipt.at_s
    return None


def _age_s(at_s: float | None, now_s: float) -> float | None:
    return None if at_s is None else max(0.0, now_s - at_s)
