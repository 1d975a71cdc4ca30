"""Auditing peers: "prove that you hold this chunk", one at a time, the one audited longest ago first.

The auditor holds the chunk itself, draws a fresh nonce, and asks for a digest that names the peer: the answer can
neither be prepared nor copied from another holder.  A peer of the close group that signs "not held" is given the chunk
again; if it had signed a receipt before, it has convicted itself, unless it shows who took the chunk over: then those
are looked at (``hearing``).  A passed audit renews the receipt, and now and then the chunk is read after it
(``sample``).
"""

from __future__ import annotations

from typing import Final

from node.vault.core.caught import Caught
from node.vault.core.close_group import is_in_group
from node.vault.core.codec import encode
from node.vault.core.desk import Asked, Desk
from node.vault.core.hearing import Hearing
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Evidence,
    HeldReceipt,
    NotHeld,
    Put,
    Receipt,
    Refused,
    SignedAnswer,
    Stored,
    Takers,
)
from node.vault.core.proofs import (
    AUDITED,
    NOT_HELD,
    audit_digest,
    check_answer,
    check_receipt,
    is_binding,
    is_convicting,
    takers_of,
)
from node.vault.core.receipts import Receipts
from node.vault.core.routing_table import Peer
from node.vault.core.sample import Sample, is_drawn
from node.vault.errors import BadSignature
from node.vault.ports import Entropy

TRIES: Final = 16  # chunks looked at to find one that the peer should hold
PEERS_TRIED: Final = 8  # in one turn; each costs a look through the routing table for every try
HEARINGS_MAX: Final = 8  # at once; each may hold a chunk, and wait for vaults that do not exist


class Auditor:
    """Asks one peer at a time; keeps the receipts that peers signed for what this vault gave them."""

    def __init__(self, entropy: Entropy) -> None:
        self._audited_s: dict[bytes, float] = {}
        self._receipts = Receipts(entropy)
        self._current: _OneAudit | None = None
        self._hearings: dict[bytes, Hearing] = {}  # by the vault id of the peer: one of each at once

    def tick(self, desk: Desk) -> None:
        """Start the next audit, unless the last one still runs."""
        self._receipts.tick(desk.now.utc_s)
        if self._current is not None and not self._current.is_done:
            return
        peers = sorted(desk.table, key=lambda peer: self._audited_s.get(peer.vault_id, 0.0))
        self._audited_s = {p.vault_id: self._audited_s[p.vault_id] for p in peers if p.vault_id in self._audited_s}
        for peer in peers[:PEERS_TRIED]:
            self._audited_s[peer.vault_id] = desk.now.monotonic_s
            address = _shared_chunk(desk, peer)
            if address is not None:
                self._current = _OneAudit(self, peer.record, address)
                desk.read_chunk(self._current, address)
                return

    def keep_receipt(self, peer: PeerRecord, receipt: HeldReceipt) -> None:
        self._receipts.keep(peer.vault_id, receipt)

    def receipt(self, peer: PeerRecord, address: bytes) -> HeldReceipt | None:
        """What the peer signed for this chunk with the key that it uses now, if it is among those that are kept."""
        kept = self._receipts.get(peer.vault_id, address)
        return kept if kept is not None and kept.certificate.transport_key == peer.transport_key else None

    def missing(self, desk: Desk, peer: PeerRecord, address: bytes, message: NotHeld) -> None:
        """The peer has signed that it does not hold the chunk, the signature fits: hold its own receipt against it.

        What would convict it before anyone is blamed at once.  Takers that acquit it on paper are looked at first;
        a peer for which there is no hearing now keeps its receipt, and is asked again.
        """
        kept, answer = self.receipt(peer, address), message.answer
        if kept is None or answer.at_s < kept.receipt.at_s:
            return  # it has promised nothing, or only since: two questions may cross on their way
        if is_binding(kept.receipt, answer.at_s):
            # The newest certificate: that of the receipt may have expired since.
            evidence = Evidence(peer.certificate, answer, kept.receipt, message.takers)
            if is_convicting(evidence, peer.vault_id):
                desk.blame(peer, "peer.lost_chunk", encode(evidence))
            elif self._may_hear(peer.vault_id):
                takers = takers_of(message.takers, peer.vault_id, kept.receipt, answer.at_s)
                self._hearings[peer.vault_id] = hearing = Hearing(peer, kept.receipt, self.keep_receipt)
                hearing.begin(desk, takers)
            else:
                return
        self._receipts.forget(peer.vault_id, address)

    def _may_hear(self, vault_id: bytes) -> bool:
        self._hearings = {key: hearing for key, hearing in self._hearings.items() if not hearing.is_over}
        return vault_id not in self._hearings and len(self._hearings) < HEARINGS_MAX


class _OneAudit:
    """One chunk, one peer:  read it here -> ask -> compare -> give it again when it is missing there."""

    def __init__(self, auditor: Auditor, peer: PeerRecord, address: bytes) -> None:
        self.is_done = False
        self._auditor = auditor
        self._peer = peer
        self._address = address
        self._content = b""
        self._nonce = b""

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None:
        if content is None:
            self.is_done = True
            return
        self._content, self._nonce = content, desk.nonce()
        desk.ask(self, self._peer, Audit(address, self._nonce))

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        self.is_done = True
        try:
            match message:
                case Audited(answer, receipt) if isinstance(asked.message, Audit):
                    self._check(desk, AUDITED, answer)
                    if answer.digest != audit_digest(self._nonce, self._peer.transport_key, self._content):
                        Caught().begin(desk, asked.peer, self._address)
                        desk.not_proved(self._peer, self._address)
                        return
                    desk.proved(self._peer)
                    latency_s = desk.now.monotonic_s - asked.at_s
                    desk.ledger.passed_audit(self._peer.vault_id, desk.now.monotonic_s, latency_s)
                    if receipt is not None:
                        self._keep(desk, receipt)
                    if is_drawn(desk):
                        Sample().begin(desk, asked.peer, self._address)
                case NotHeld(answer, takers) if isinstance(asked.message, Audit):
                    self._check(desk, NOT_HELD, answer, takers)
                    self._missing(desk, message)
                case Stored(receipt) if isinstance(asked.message, Put):
                    self._keep(desk, receipt)
                case Refused():
                    desk.counters["audit refused"] += 1
                    desk.not_proved(self._peer, self._address)
                case _:
                    desk.blame(self._peer, "peer.malformed")
                    desk.not_proved(self._peer, self._address)
        except BadSignature as error:
            desk.blame_for(self._peer, error)
            desk.not_proved(self._peer, self._address)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self.is_done = True
        desk.not_proved(self._peer, self._address)

    def _keep(self, desk: Desk, receipt: Receipt) -> None:
        check_receipt(receipt, self._peer.transport_key, self._address, desk.now.utc_s)
        self._auditor.keep_receipt(self._peer, HeldReceipt(self._peer.certificate, receipt))

    def _check(self, desk: Desk, kind: str, answer: SignedAnswer, takers: Takers = ()) -> None:
        check_answer(
            answer,
            self._peer.transport_key,
            kind=kind,
            address=self._address,
            nonce=self._nonce,
            utc_s=desk.now.utc_s,
            takers=takers,
        )

    def _missing(self, desk: Desk, message: NotHeld) -> None:
        self._auditor.missing(desk, self._peer, self._address, message)
        if message.is_full:
            desk.not_proved(self._peer, self._address)
            return
        self.is_done = False
        desk.ask(self, self._peer, Put(self._address, self._content))


def _shared_chunk(desk: Desk, peer: Peer) -> bytes | None:
    """A chunk held here that the peer should hold too, drawn at random; None when a few draws find none."""
    # One that is left out takes no place from the others, but is audited as if it had its own: it may come back.
    places, wanted = desk.places(peer), peer.place
    for _ in range(min(TRIES, len(desk.held))):
        address = desk.held.at(desk.random.randrange(len(desk.held)))
        if is_in_group(wanted, places, int.from_bytes(address, "big")):
            return address
    return None
