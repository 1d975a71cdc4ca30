"""Whether those who a peer says took its chunk over exist and hold it: no evidence shows that, but a vault finds out.

the takers it names, one by one:  known here, or looked up and met -> asked for a proof -> no denial: counts
                                  gave it up since -> does not count, but those do whom it names, looked at likewise
                                  nowhere to be met now: counts where this vault heard it last, if ever in this run
                                  denies it: does not count
HOLDERS_MIN subnets apart from its own count -> excused;  all looked at, too few -> blamed, without evidence

Source: resources/handbook/decisions/0025-who-may-take-a-promise-over.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from node.vault.core.close_group import HOLDERS_MIN
from node.vault.core.codec import encode
from node.vault.core.desk import Asked, Desk
from node.vault.core.identity import PeerRecord, position_of
from node.vault.core.lookup import Candidate, Lookup
from node.vault.core.messages import (
    TAKERS_MAX,
    Answer,
    Audit,
    Audited,
    Evidence,
    HeldReceipt,
    NotHeld,
    Receipt,
    Refused,
    Takers,
)
from node.vault.core.proofs import (
    AUDITED,
    NOT_HELD,
    audit_digest,
    check_answer,
    check_receipt,
    is_convicting,
    takers_of,
)
from node.vault.core.routing_table import Peer
from node.vault.errors import BadSignature

LOOKED_AT_MAX: Final = 2 * TAKERS_MAX  # those whom the peer names, and those whom they name


class Hearing:
    """One peer, one chunk that is held here.  ``promise``: the receipt for it that the peer has not kept.

    Who was counted on may have given the chunk up a moment later, to three others in turn.  These count only if the
    peer might have named them itself: if their receipts fit its own ``promise``.

    A taker that is known here and does not answer now counts all the same: it is not the peer's fault.  So does one
    that this vault has heard before and that nobody meets now: in the evening the very departures for which the peer is
    asked take its takers away.  Without the own copy nothing can be asked, and nobody is blamed.
    """

    def __init__(
        self, peer: PeerRecord, promise: Receipt, keep_receipt: Callable[[PeerRecord, HeldReceipt], None]
    ) -> None:
        self.is_over = False
        self._peer = peer
        self._promise = promise
        self._address = promise.address
        self._named: dict[bytes, None] = {}  # all that were, by vault id
        self._takers: deque[HeldReceipt] = deque()
        self._keep_receipt = keep_receipt
        self._known: dict[bytes, Peer] = {}  # those takers that were in the table when they were named
        self._peer_subnet = ""
        self._subnets: set[str] = set()
        self._seen_from = ""  # the subnet of the taker that is looked at
        self._content = b""
        self._nonce = b""

    def begin(self, desk: Desk, takers: Takers) -> None:
        """``takers``: whose receipts would acquit the peer on paper."""
        self._name(desk, takers)
        peer = desk.table.get(self._peer.vault_id)
        self._peer_subnet = peer.subnet if peer is not None else ""
        desk.read_chunk(self, self._address)

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None:
        if content is None:
            self.is_over = True
            return
        self._content = content
        self._go_on(desk)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        try:
            is_counted = self._is_confirmed(desk, asked, message)
        except BadSignature as error:
            desk.blame_for(asked.peer, error)
            is_counted = False
        self._looked_at(desk, asked.subnet if is_counted else None)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._looked_at(desk, self._seen_from)

    def _name(self, desk: Desk, takers: Takers) -> None:
        """These are to be looked at, each vault once."""
        for taker in takers:
            vault_id = taker.certificate.vault_id
            if vault_id in self._named or len(self._named) == LOOKED_AT_MAX:
                continue
            self._named[vault_id] = None
            self._takers.append(taker)
            known = desk.table.get(vault_id)
            if known is not None:
                self._known[vault_id] = known

    def _go_on(self, desk: Desk) -> None:
        """Look at the next taker, or come to an end."""
        if len(self._subnets - {self._peer_subnet}) >= HOLDERS_MIN:
            desk.counters["excused"] += 1
            self.is_over = True
        elif not self._takers:
            desk.blame(self._peer, "peer.lost_chunk")
            self.is_over = True
        else:
            self._look_at(desk, self._takers[0].certificate.vault_id)

    def _look_at(self, desk: Desk, vault_id: bytes) -> None:
        known = self._known.get(vault_id)
        if vault_id == desk.record.vault_id:
            self._looked_at(desk, desk.own_place.subnet)
        elif known is not None:
            self._ask(desk, known.record, known.subnet)
        else:
            Lookup(position_of(vault_id).to_bytes(32, "big"), self._found).begin(desk)

    def _found(self, desk: Desk, near: list[Candidate]) -> None:
        vault_id = self._takers[0].certificate.vault_id
        met = next((candidate for candidate in near if candidate.record.vault_id == vault_id), None)
        if met is None:
            heard_in = desk.ledger.heard_in(vault_id, desk.now.monotonic_s)
            self._looked_at(desk, desk.table.stands_in(heard_in) if heard_in else None)
        else:
            self._ask(desk, met.record, met.subnet)

    def _ask(self, desk: Desk, taker: PeerRecord, subnet: str) -> None:
        self._seen_from, self._nonce = subnet, desk.nonce()
        desk.ask(self, taker, Audit(self._address, self._nonce))

    def _looked_at(self, desk: Desk, subnet: str | None) -> None:
        """``subnet`` is None for a taker that does not count."""
        self._takers.popleft()
        if subnet is not None:
            self._subnets.add(subnet)
        self._go_on(desk)

    def _is_confirmed(self, desk: Desk, asked: Asked, message: Answer) -> bool:
        """Whether the taker counts after this answer.

        Raises:
            BadSignature: What it signed does not fit the question.
        """
        taker, peer = self._takers[0], asked.peer
        if peer.vault_id != taker.certificate.vault_id:
            return False
        key, utc_s = peer.transport_key, desk.now.utc_s
        match message:
            case Audited(answer, receipt):
                check_answer(answer, key, kind=AUDITED, address=self._address, nonce=self._nonce, utc_s=utc_s)
                if answer.digest != audit_digest(self._nonce, key, self._content):
                    desk.blame(peer, "peer.failed_audit")
                    return False
                if receipt is not None:
                    check_receipt(receipt, key, self._address, utc_s)
                    self._keep_receipt(peer, HeldReceipt(peer.certificate, receipt))
                return True
            case NotHeld(answer, takers):
                check_answer(
                    answer, key, kind=NOT_HELD, address=self._address, nonce=self._nonce, utc_s=utc_s, takers=takers
                )
                evidence = Evidence(peer.certificate, answer, taker.receipt, takers)
                if is_convicting(evidence, peer.vault_id):
                    desk.blame(peer, "peer.lost_chunk", encode(evidence))
                else:
                    self._name(desk, takers_of(takers, self._peer.vault_id, self._promise, answer.at_s))
                return False
            case Refused():
                return True
            case _:
                desk.blame(peer, "peer.malformed")
                return False
