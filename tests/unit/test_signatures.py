"""What a vault believes of signed answers and receipts, and that it looks at each of them before it counts anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from node.vault import control
from node.vault.core.events import Ask, ChunkRead, Now, ReadChunk
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Get,
    HeldReceipt,
    NotHeld,
    Ping,
    Put,
    Receipt,
    SignedAnswer,
    Stored,
)
from node.vault.core.proofs import (
    ANSWER_AGE_S_MAX,
    AUDITED,
    HELD,
    LEASE_S_MIN,
    NOT_HELD,
    audit_digest,
    check_answer,
    check_content,
    check_receipt,
    sign_answer,
    sign_receipt,
    takers_digest,
)
from node.vault.core.proving import Proof
from node.vault.errors import BadSignature, ChunkMismatch
from tests.unit.test_takers import signed_for, taken
from tests.unit.test_vault_attacks import ADDRESS, CHUNK, NONCE, Peer, answer, ask, of
from tests.vault_world import START_S, World

SIGNER = Peer(1)
OTHER = Peer(2)
TAKERS = (taken(OTHER),)


def signed(
    kind: str = AUDITED, address: bytes = ADDRESS, digest: bytes = b"", nonce: bytes = NONCE, at_s: float = START_S
) -> SignedAnswer:
    digest = digest or audit_digest(nonce, SIGNER.signer.public_key, CHUNK)
    return sign_answer(SIGNER.signer, kind, address, digest, nonce, at_s)


def is_believed(given: SignedAnswer, kind: str = AUDITED, *, takers: Any = ()) -> bool:
    try:
        check_answer(
            given, SIGNER.signer.public_key, kind=kind, address=ADDRESS, nonce=NONCE, utc_s=START_S, takers=takers
        )
    except BadSignature:
        return False
    return True


class TestAnAnswer:
    def test_one_to_this_question_signed_now_is_believed(self):
        assert is_believed(signed())

    @pytest.mark.parametrize(
        "given",
        [signed(kind=HELD), signed(address=bytes(32)), signed(nonce=b"m" * 16)],
        ids=["of another kind", "about another chunk", "to an older question"],
    )
    def test_one_to_another_question_is_not(self, given: SignedAnswer):
        assert not is_believed(given)

    @pytest.mark.parametrize("off_s", [-ANSWER_AGE_S_MAX - 1.0, ANSWER_AGE_S_MAX + 1.0])
    def test_one_of_another_time_is_not(self, off_s: float):
        assert not is_believed(signed(at_s=START_S + off_s))

    @pytest.mark.parametrize("off_s", [-ANSWER_AGE_S_MAX, ANSWER_AGE_S_MAX])
    def test_clocks_may_differ_by_a_quarter_of_an_hour(self, off_s: float):
        assert abs(off_s) == 900.0
        assert is_believed(signed(at_s=START_S + off_s))

    @pytest.mark.parametrize(
        "change", [{"digest": bytes(32)}, {"at_s": START_S + 1.0}, {"signature": b""}, {"signature": bytes(64)}]
    )
    def test_one_that_was_changed_after_it_was_signed_is_not(self, change: dict[str, Any]):
        assert not is_believed(msgspec.structs.replace(signed(), **change))

    def test_one_signed_by_somebody_else_is_not(self):
        digest = audit_digest(NONCE, OTHER.signer.public_key, CHUNK)
        assert not is_believed(sign_answer(OTHER.signer, AUDITED, ADDRESS, digest, NONCE, START_S))

    def test_a_denial_is_bound_to_the_takers_that_it_came_with(self):
        denial = signed(NOT_HELD, digest=takers_digest(TAKERS))
        assert is_believed(denial, NOT_HELD, takers=TAKERS)
        assert not is_believed(denial, NOT_HELD)

    def test_what_an_audit_asks_for_is_another_one_for_each_nonce_each_prover_and_each_content(self):
        key, other = SIGNER.signer.public_key, OTHER.signer.public_key
        asked_for = {
            audit_digest(NONCE, key, CHUNK),
            audit_digest(b"m" * 16, key, CHUNK),
            audit_digest(NONCE, other, CHUNK),
            audit_digest(NONCE, key, CHUNK[:-1]),
        }
        assert len(asked_for) == 4

    def test_no_bytes_of_one_part_of_what_an_audit_asks_for_can_be_taken_for_those_of_another(self):
        key = SIGNER.signer.public_key
        digest = audit_digest(NONCE, key, CHUNK)
        shifted = (
            audit_digest(NONCE + key[:1], key[1:], CHUNK),
            audit_digest(NONCE[:-1], NONCE[-1:] + key, CHUNK),
            audit_digest(NONCE, key + CHUNK[:1], CHUNK[1:]),
            audit_digest(NONCE + key[:16], key[16:] + CHUNK[:16], CHUNK[16:]),
        )
        assert digest not in shifted
        assert digest not in (hashlib.sha256(CHUNK).digest(), hashlib.sha256(NONCE + key + CHUNK).digest())

    def test_bytes_that_the_peer_did_not_sign_and_bytes_that_do_not_fit_are_told_apart(self):
        digest = hashlib.sha256(CHUNK).digest()
        check_content(CHUNK, signed(HELD, digest=digest))
        with pytest.raises(BadSignature):
            check_content(b"other", signed(HELD, digest=digest))
        with pytest.raises(ChunkMismatch):
            check_content(b"other", signed(HELD, digest=hashlib.sha256(b"other").digest()))


class TestAReceipt:
    def test_one_for_this_chunk_signed_now_is_believed(self):
        check_receipt(sign_receipt(SIGNER.signer, ADDRESS, 1, START_S), SIGNER.signer.public_key, ADDRESS, START_S)

    @pytest.mark.parametrize(
        "receipt",
        [
            sign_receipt(SIGNER.signer, bytes(32), 1, START_S),
            sign_receipt(SIGNER.signer, ADDRESS, 1, START_S - ANSWER_AGE_S_MAX - 1.0),
            sign_receipt(SIGNER.signer, ADDRESS, 1, START_S + ANSWER_AGE_S_MAX + 1.0),
            signed_for(SIGNER.signer, Receipt(ADDRESS, 1, START_S, LEASE_S_MIN - 1.0)),
            sign_receipt(OTHER.signer, ADDRESS, 1, START_S),
            msgspec.structs.replace(sign_receipt(SIGNER.signer, ADDRESS, 1, START_S), length=2),
        ],
        ids=["another chunk", "long ago", "of the future", "for less than a day", "another vault's", "changed"],
    )
    def test_any_other_one_is_not(self, receipt: Receipt):
        with pytest.raises(BadSignature):
            check_receipt(receipt, SIGNER.signer.public_key, ADDRESS, START_S)


def forged(given: Answer) -> Answer:
    """The same answer, but what the peer says about the chunk is not signed by it."""
    assert isinstance(given, Audited | NotHeld)
    return msgspec.structs.replace(given, answer=msgspec.structs.replace(given.answer, signature=bytes(64)))


def with_forged_receipt(given: Answer) -> Answer:
    assert isinstance(given, Audited | Stored)
    assert given.receipt is not None
    return msgspec.structs.replace(given, receipt=msgspec.structs.replace(given.receipt, length=99))


def proof_of(nonce: bytes) -> Audited:
    return Audited(signed(nonce=nonce), sign_receipt(SIGNER.signer, ADDRESS, len(CHUNK), START_S))


def denial(nonce: bytes) -> NotHeld:
    return NotHeld(sign_answer(SIGNER.signer, NOT_HELD, ADDRESS, b"", nonce, START_S))


def receipt() -> Stored:
    return Stored(sign_receipt(SIGNER.signer, ADDRESS, len(CHUNK), START_S))


class Story:
    """A vault that holds the chunk, knows one peer, and has just asked it to prove the chunk."""

    def __init__(self) -> None:
        self.world = World()
        self.world.now_s = 10.0  # the line has been idle
        self.actor = self.world.add(1)
        self.desk = self.actor.vault._desk
        self.desk.add_held({ADDRESS: len(CHUNK)})
        ask(self.world, self.actor, Peer(1, "10.0.99.1:4000").record, Ping(b""))
        self.asked: Ask
        self.desk.take_effects()
        self.begin()
        (read,) = of(ReadChunk, self.desk.take_effects())
        (self.asked,) = of(Ask, self.actor.vault.step(ChunkRead(self.world.now(), read.token, CHUNK)), Audit)

    def begin(self) -> None:
        raise NotImplementedError

    @property
    def nonce(self) -> bytes:
        assert isinstance(self.asked.message, Audit)
        return self.asked.message.nonce

    def say(self, given: Answer) -> list[Any]:
        """The peer answers; what the vault does next."""
        effects = answer(self.world, self.actor, self.asked, given)
        self.asked = next(iter(of(Ask, effects, Put)), self.asked)
        return effects

    def set_clock(self, ahead_s: float) -> None:
        """The vault's calendar is ahead of the peer's from now on."""
        now = self.world.now()
        self.world.now = lambda: Now(now.monotonic_s, now.utc_s + ahead_s)  # type: ignore[method-assign]

    @property
    def has_counted(self) -> bool:
        """Whether the vault took anything of it for a proof or a promise."""
        raise NotImplementedError

    @property
    def has_blamed(self) -> bool:
        return self.desk.counters["blamed peer.signature"] > 0

    @property
    def has_receipt(self) -> bool:
        known = self.desk.table.get(SIGNER.vault_id)
        return known is not None and self.actor.vault._auditor.receipt(known.record, ADDRESS) is not None


class AuditStory(Story):
    def begin(self) -> None:
        self.actor.vault._auditor.tick(self.desk)

    @property
    def has_counted(self) -> bool:
        standing = self.desk.ledger.standing(SIGNER.vault_id)
        return self.has_receipt or (standing is not None and standing.audits_passed > 0)


class ProofStory(Story):
    def begin(self) -> None:
        vault = self.actor.vault
        self.proof = Proof(
            ADDRESS, list(self.desk.table), line=vault._line, auditor=vault._auditor,
            beyond=lambda _desk, _proof: [], finished=lambda _desk, _proof: None,
        )  # fmt: skip
        self.proof.begin(self.desk)

    @property
    def has_counted(self) -> bool:
        return self.has_receipt or bool(self.proof.proven)


@pytest.mark.parametrize("begin", [AuditStory, ProofStory], ids=["audit", "repair"])
class TestWhoeverAsks:
    def test_a_proof_is_counted_and_its_receipt_kept(self, begin: Callable[[], Story]):
        story = begin()
        story.say(proof_of(story.nonce))
        assert (story.has_counted, story.has_receipt, story.has_blamed) == (True, True, False)

    def test_a_proof_that_is_not_signed_counts_nothing_and_is_blamed(self, begin: Callable[[], Story]):
        story = begin()
        story.say(forged(proof_of(story.nonce)))
        assert (story.has_counted, story.has_blamed) == (False, True)

    def test_a_proof_that_was_made_for_an_older_question_counts_nothing(self, begin: Callable[[], Story]):
        story = begin()
        story.say(proof_of(b"m" * 16))
        assert (story.has_counted, story.has_blamed) == (False, True)

    def test_a_proof_that_another_holder_made_for_the_same_question_counts_nothing(self, begin: Callable[[], Story]):
        story = begin()
        digest = audit_digest(story.nonce, OTHER.signer.public_key, CHUNK)
        effects = story.say(Audited(signed(digest=digest, nonce=story.nonce), receipt().receipt))
        assert (story.has_counted, story.has_receipt) == (False, False)
        assert of(Ask, effects, Get)  # it is asked for the chunk itself before it is blamed

    @pytest.mark.parametrize("ahead_s", [-7200.0, 7200.0])
    def test_a_proof_counts_nothing_where_the_clocks_differ_and_nobody_is_blamed(
        self, begin: Callable[[], Story], ahead_s: float
    ):
        story = begin()
        story.set_clock(ahead_s)
        story.say(proof_of(story.nonce))
        assert (story.has_counted, story.has_blamed) == (False, False)

    def test_a_receipt_counts_nothing_where_the_clocks_differ_and_nobody_is_blamed(self, begin: Callable[[], Story]):
        story = begin()
        story.say(denial(story.nonce))
        story.set_clock(7200.0)
        story.say(receipt())
        assert (story.has_counted, story.has_blamed) == (False, False)

    def test_a_receipt_that_is_not_signed_is_not_kept_and_is_blamed(self, begin: Callable[[], Story]):
        story = begin()
        story.say(with_forged_receipt(proof_of(story.nonce)))
        assert (story.has_receipt, story.has_blamed) == (False, True)

    def test_a_denial_is_answered_with_the_chunk_and_its_receipt_is_kept(self, begin: Callable[[], Story]):
        story = begin()
        assert of(Ask, story.say(denial(story.nonce)), Put)
        story.say(receipt())
        assert (story.has_receipt, story.has_blamed) == (True, False)

    def test_a_denial_that_is_not_signed_brings_no_chunk(self, begin: Callable[[], Story]):
        story = begin()
        assert not of(Ask, story.say(forged(denial(story.nonce))), Put)
        assert story.has_blamed

    def test_a_receipt_for_a_chunk_that_was_given_counts_only_when_it_is_signed(self, begin: Callable[[], Story]):
        story = begin()
        story.say(denial(story.nonce))
        story.say(with_forged_receipt(receipt()))
        assert (story.has_counted, story.has_blamed) == (False, True)


def test_a_put_counts_no_receipt_that_is_not_signed_and_passes_its_signer_over():
    world = World()
    actors = world.grow(7)
    liar = actors[3]
    liar.tamper = lambda given: with_forged_receipt(given) if isinstance(given, Stored) else given
    asker = next(actor for actor in actors if actor is not liar)

    contents = [b"%d" % number for number in range(8)]
    stored = [world.command(asker, partial(control.PutChunk, content=content)) for content in contents]

    signers = [msgspec.msgpack.decode(one, type=HeldReceipt) for report in stored for one in report.receipts]
    assert all(len(report.receipts) == 5 for report in stored)
    assert liar.vault_id not in {signer.certificate.vault_id for signer in signers}
    assert asker.vault._desk.counters["blamed peer.signature"] > 0
