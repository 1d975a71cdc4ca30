"""The prober: what it asks, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from node.prober.control import Measured, Probe, Ready, decode_probe, decode_report
from node.prober.plan import CHUNKS_KEPT_MAX, NEAR_BITS, READABLE_MIN, Plan, Question
from node.prober.prober import Prober
from node.vault.core import codec
from node.vault.core.identity import PeerRecord, Signer, certify, distance, make_record
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Chunk,
    Get,
    NotHeld,
    Ping,
    Pong,
    Put,
    Refused,
    Request,
    Stored,
)
from node.vault.core.proofs import AUDITED, HELD, NOT_HELD, audit_digest, sign_answer, sign_receipt
from node.vault.errors import BadSignature, ControlError, Unreachable
from node.vault.ports import Answered

NOW_S = 1_700_000_000.0
Fault = Callable[["Twin", Request, Answer], Answer]


class Clock:
    """A clock that goes forward a millisecond with every look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic_s(self) -> float:
        self.now_s += 0.001
        return self.now_s

    def utc_s(self) -> float:
        return NOW_S


class Twin:
    """An honest vault in memory, unless ``fault`` changes what it answers."""

    def __init__(self, number: int) -> None:
        self.signer = Signer(bytes([number]) * 32)
        certificate = certify(Signer(bytes([number + 100]) * 32), self.signer.public_key, serial=1, now_s=NOW_S)
        self.record = make_record(self.signer, certificate, (f"127.0.1.1:{4000 + number}",), NOW_S)
        self.chunks: dict[bytes, bytes] = {}
        self.asked: list[Request] = []
        self.fault: Fault = lambda _twin, _request, answer: answer

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.fault(self, request, self._honest(request))

    def _honest(self, request: Request) -> Answer:
        match request:
            case Put(address, content):
                self.chunks[address] = content
                return Stored(sign_receipt(self.signer, address, len(content), NOW_S))
            case Get(address, nonce) if address in self.chunks:
                content = self.chunks[address]
                digest = hashlib.sha256(content).digest()
                return Chunk(content, sign_answer(self.signer, HELD, address, digest, nonce, NOW_S))
            case Audit(address, nonce) if address in self.chunks:
                digest = audit_digest(nonce, self.chunks[address])
                return Audited(sign_answer(self.signer, AUDITED, address, digest, nonce, NOW_S))
            case Get(address, nonce) | Audit(address, nonce):
                return NotHeld(sign_answer(self.signer, NOT_HELD, address, b"", nonce, NOW_S))
            case _:
                return Pong(b"")


class Network:
    """Brings requests to the twins."""

    def __init__(self, *twins: Twin) -> None:
        self._twins = {twin.record.transport_key: twin for twin in twins}
        self.counters: Counter[str] = Counter()

    async def request(self, peer: PeerRecord, content: bytes, timeout_s: float) -> Answered:
        answer = self._twins[peer.transport_key].answer(codec.decode_request(content))
        return Answered(codec.encode(answer), "127.0.1.0/24", peer)

    def watch(self, peers: Sequence[PeerRecord], silent: Callable[[PeerRecord], None]) -> None:
        return None

    async def close(self) -> None:
        return None


def probe(pairs: int, fault: Fault | None = None) -> tuple[list[Measured], Twin, Twin]:
    """Let the prober measure so many pairs; the second twin has the fault."""
    first, second = Twin(1), Twin(2)
    if fault is not None:
        second.fault = fault
    told: list[Any] = []
    order = Probe(1, bytes(32), (b"", b""), "127.0.1.1:0", 100_000.0, 2000)

    async def run() -> None:
        chance = random.Random(1)
        twins = (first.record, second.record)
        prober = Prober(order, twins, Network(first, second), Clock(), chance, chance.randbytes, told.append)
        running = asyncio.create_task(prober.run())
        while len(told) <= pairs:
            await asyncio.sleep(0)
        running.cancel()

    asyncio.run(run())
    assert isinstance(told[0], Ready)
    return told[1 : pairs + 1], first, second


class TestAsking:
    def test_both_twins_are_greeted_and_then_asked_the_same(self):
        _, first, second = probe(100)
        assert isinstance(first.asked[0], Ping)
        assert [type(request) for request in first.asked[1:101]] == [type(request) for request in second.asked[1:101]]

    def test_honest_twins_pass_in_every_kind(self):
        measured, _, _ = probe(300)
        assert {one.kind for one in measured} == {"put", "get", "audit"}
        assert {answer.outcome for one in measured for answer in one.answers} == {"ok"}

    def test_each_twin_is_asked_first_about_as_often(self):
        measured, _, _ = probe(400)
        assert 140 < sum(one.first for one in measured) < 260

    def test_only_what_both_acknowledged_is_read(self):
        def refuse_all(_twin: Twin, request: Request, answer: Answer) -> Answer:
            return Refused("not_mine") if isinstance(request, Put) else answer

        measured, _, _ = probe(50, refuse_all)
        assert {one.kind for one in measured} == {"put"}


class TestJudging:
    @pytest.mark.parametrize(
        ("outcome", "fault"),
        [
            ("refused", lambda _t, r, a: Refused("busy") if isinstance(r, Get) else a),
            ("bad_signature", lambda _t, r, a: Chunk(a.content, a.answer.__class__(
                HELD, r.address, a.answer.digest, r.nonce, NOW_S, bytes(64))) if isinstance(a, Chunk) else a),
            ("wrong_bytes", lambda t, r, a: Chunk(b"other", sign_answer(
                t.signer, HELD, r.address, hashlib.sha256(b"other").digest(), r.nonce, NOW_S))
                if isinstance(a, Chunk) else a),
            ("wrong_bytes", lambda t, r, a: Audited(sign_answer(
                t.signer, AUDITED, r.address, bytes(32), r.nonce, NOW_S)) if isinstance(a, Audited) else a),
            ("not_held", lambda t, r, a: NotHeld(sign_answer(
                t.signer, NOT_HELD, r.address, b"", r.nonce, NOW_S)) if isinstance(r, Get) else a),
            ("bad_signature", lambda _t, r, a: Pong(b"") if isinstance(r, Audit) else a),
            ("bad_signature", lambda t, r, a: Stored(sign_receipt(
                t.signer, bytes(32), 5, NOW_S)) if isinstance(r, Put) and len(t.chunks) > 20 else a),
        ],
    )  # fmt: skip
    def test_a_fault_is_seen_in_the_twin_that_has_it_and_only_there(self, outcome, fault):
        measured, _, _ = probe(300, fault)
        assert {one.answers[0].outcome for one in measured} == {"ok"}
        assert {one.answers[1].outcome for one in measured} == {"ok", outcome}

    def test_silence_is_a_failure_and_no_fault_of_the_data(self):
        def silent(_twin: Twin, request: Request, answer: Answer) -> Answer:
            if isinstance(request, Audit):
                raise Unreachable("no answer in time")
            return answer

        measured, _, _ = probe(300, silent)
        assert {one.answers[1].outcome for one in measured if one.kind == "audit"} == {"failed"}

    def test_a_twin_that_shows_another_identity_is_asked_all_the_same_and_seen_through(self):
        def masked(_twin: Twin, _request: Request, _answer: Answer) -> Answer:
            raise BadSignature("the record is another vault's")

        measured, first, _ = probe(20, masked)
        assert isinstance(first.asked[0], Ping)
        assert {one.answers[1].outcome for one in measured} == {"bad_signature"}

    def test_a_chunk_that_was_not_served_is_asked_for_again_soon(self):
        def forget(twin: Twin, request: Request, answer: Answer) -> Answer:
            if isinstance(request, Put) and sum(isinstance(asked, Put) for asked in twin.asked) == 40:
                del twin.chunks[request.address]
            return answer

        measured, _, _ = probe(1500, forget)
        missing = [one for one in measured if one.answers[1].outcome == "not_held"]
        assert len({one.address for one in missing}) == 1
        assert len(missing) > 20


class TestPlan:
    def plan(self) -> tuple[Plan, int]:
        position = int.from_bytes(hashlib.sha256(b"twin").digest(), "big")
        return Plan(position, 1000, random.Random(2)), position

    def test_chunks_lie_so_near_that_both_twins_should_hold_them(self):
        plan, position = self.plan()
        for _ in range(50):
            question = plan.next()
            assert question.address == hashlib.sha256(question.content).digest()
            assert distance(position, question.address).bit_length() <= 256 - NEAR_BITS

    def test_nothing_is_read_before_enough_is_stored(self):
        plan, _ = self.plan()
        for _ in range(READABLE_MIN):
            question = plan.next()
            assert question.kind == "put"
            plan.acknowledged(question.address)
        assert {plan.next().kind for _ in range(200)} == {"put", "get", "audit"}

    def test_a_full_plan_stores_no_more(self):
        plan, _ = self.plan()
        for number in range(CHUNKS_KEPT_MAX):
            plan.acknowledged(number.to_bytes(32, "big"))
        kinds: list[Question] = [plan.next() for _ in range(100)]
        assert "put" not in {question.kind for question in kinds}


@pytest.mark.parametrize("decode", [decode_report, decode_probe])
@pytest.mark.parametrize("garbage", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa4type\xa6Nobody"])
def test_garbage_on_the_channel_is_a_broken_contract(decode, garbage):
    with pytest.raises(ControlError):
        decode(garbage)
