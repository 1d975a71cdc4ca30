"""The prober: what it asks, under which identity, and what it hands up."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from node.prober import __main__ as program
from node.prober.control import (
    Heard,
    Kind,
    Outcome,
    Probe,
    Question,
    Ready,
    Renew,
    Renewed,
    decode_order,
    decode_report,
)
from node.prober.prober import Prober
from node.vault.clock import SystemClock
from node.vault.core import codec
from node.vault.core.identity import PeerRecord, Signer, certify, make_record
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Chunk,
    FetchHead,
    Get,
    HeadContent,
    NotHeld,
    Ping,
    Pong,
    Put,
    Refused,
    Request,
    Stored,
)
from node.vault.core.proofs import AUDITED, HELD, NOT_HELD, audit_digest, check_answer, sign_answer, sign_receipt
from node.vault.errors import BadSignature, ControlError, Misdated, Unreachable
from node.vault.looks import Looks
from node.vault.ports import Answered

NOW_S = 1_700_000_000.0
HEAD = b"the newest head"
DIGEST = hashlib.sha256(HEAD).digest()
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
        self.asked_by: list[int] = []
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
                digest = audit_digest(nonce, self.signer.public_key, self.chunks[address])
                return Audited(sign_answer(self.signer, AUDITED, address, digest, nonce, NOW_S))
            case Get(address, nonce) | Audit(address, nonce):
                return NotHeld(sign_answer(self.signer, NOT_HELD, address, b"", nonce, NOW_S))
            case FetchHead(digest) if digest == DIGEST:
                return HeadContent(HEAD)
            case FetchHead():
                return Refused("not_held")
            case _:
                return Pong(DIGEST)


class Network:
    """Brings requests to the twins, under an identity of its own."""

    def __init__(self, identity: int, twins: Sequence[Twin]) -> None:
        self.identity = identity
        self._twins = {twin.record.transport_key: twin for twin in twins}
        self.counters: Counter[str] = Counter()
        self.is_closed = False

    async def request(self, peer: PeerRecord, content: bytes, timeout_s: float) -> Answered:
        assert not self.is_closed
        twin = self._twins[peer.transport_key]
        twin.asked_by.append(self.identity)
        return Answered(codec.encode(twin.answer(codec.decode_request(content))), "127.0.1.0/24", peer)

    async def ask_newer(self, peer: PeerRecord, kind: int, subject: bytes, timeout_s: float) -> bytes:
        raise Unreachable("all speak the same version here")

    async def send(self, peers: Sequence[PeerRecord], content: bytes, most: int) -> None:
        return None

    def looks(self, looks: Looks) -> Looks:
        return looks

    def watch(self, peers: Sequence[PeerRecord], silent: Callable[[PeerRecord], None]) -> None:
        return None

    async def close(self) -> None:
        self.is_closed = True


class World:
    """A prober and its two twins; the second one has the fault."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.twins = (Twin(1), Twin(2))
        if fault is not None:
            self.twins[1].fault = fault
        self.networks: list[Network] = []
        self.told: list[Any] = []

    async def connect(self) -> Network:
        self.networks.append(Network(len(self.networks), self.twins))
        return self.networks[-1]

    def give(self, *orders: Question | Renew) -> list[Any]:
        """Give the prober these orders; return what it said after Ready."""

        async def run() -> None:
            queue: asyncio.Queue[Question | Renew] = asyncio.Queue()
            for order in orders:
                queue.put_nowait(order)
            records = (self.twins[0].record, self.twins[1].record)
            running = asyncio.create_task(Prober(records, self.connect, Clock(), self.told.append).run(queue))
            while len(self.told) <= len(orders) and not running.done():
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait({running})

        asyncio.run(run())
        assert isinstance(self.told[0], Ready)
        return self.told[1:]


CONTENT = b"a chunk"
ADDRESS = hashlib.sha256(CONTENT).digest()
NONCE = b"n" * 16


def question(kind: Kind = "get", first: int = 0, number: int = 1) -> Question:
    return Question(number, kind, ADDRESS, CONTENT if kind == "put" else b"", NONCE, first)


class TestAsking:
    def test_both_twins_are_greeted_and_then_asked_the_same_in_the_order_that_was_drawn(self):
        world = World()
        asked: list[Twin] = []

        def note(twin: Twin, request: Request, answer: Answer) -> Answer:
            asked.extend([twin] * (not isinstance(request, Ping)))
            return answer

        for twin in world.twins:
            twin.fault = note

        world.give(question("put", 0), question("get", 1), question("audit", 1))

        first, second = world.twins
        assert first.asked == second.asked
        assert first.asked == [Ping(b""), Put(ADDRESS, CONTENT), Get(ADDRESS, NONCE), Audit(ADDRESS, NONCE)]
        assert asked == [first, second, second, first, second, first]

    def test_each_answer_is_handed_up_as_it_came_under_the_questions_number(self):
        world = World()
        put, get = world.give(question("put", number=7), question("get", number=9))

        assert (put.id, get.id) == (7, 9)
        for twin, answer in zip(world.twins, get.answers, strict=True):
            message = codec.decode_answer(answer.content)
            assert isinstance(message, Chunk)
            assert message.content == CONTENT
            check_answer(
                message.answer, twin.record.transport_key, kind=HELD, address=ADDRESS, nonce=NONCE, utc_s=NOW_S
            )
        assert all(0.0 < answer.latency_s < 1.0 and answer.at_s == NOW_S for answer in get.answers)

    def test_honest_twins_pass_in_every_kind(self):
        heard = World().give(question("put"), question("get"), question("audit"))
        assert {answer.outcome for one in heard for answer in one.answers} == {"ok"}


class TestTheDevelopersNews:
    @staticmethod
    def asked(fault: Fault | None = None) -> list[Outcome]:
        """What it makes of the second twin's answers: which head it carries, and that head."""
        world = World(fault)
        heard = world.give(Question(1, "ping", DIGEST, b"", b"", 0), Question(2, "head", DIGEST, b"", b"", 1))
        assert world.twins[0].asked == world.twins[1].asked == [Ping(b""), Ping(b""), FetchHead(DIGEST)]
        assert [one.answers[0].outcome for one in heard] == ["ok", "ok"]
        return [one.answers[1].outcome for one in heard]

    def test_who_names_the_newest_head_and_hands_it_out_passes(self):
        assert self.asked() == ["ok", "ok"]

    def test_who_names_another_one_does_not(self):
        assert self.asked(lambda _t, _r, a: Pong(bytes(32)) if isinstance(a, Pong) else a) == ["not_held", "ok"]

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [(Refused("not_held"), "refused"), (HeadContent(HEAD + b" "), "wrong_bytes"), (Pong(DIGEST), "bad_signature")],
    )
    def test_who_hands_out_something_else_does_not(self, answer: Answer, outcome: Outcome):
        assert self.asked(lambda _t, r, a: answer if isinstance(r, FetchHead) else a) == ["ok", outcome]

    def test_a_chunk_is_no_head_and_a_head_no_chunk(self):
        given = World(lambda _t, r, a: HeadContent(CONTENT) if isinstance(r, Get) else a).give(
            question("put"), question("get")
        )
        assert given[1].answers[1].outcome == "bad_signature"


class TestAnotherIdentity:
    def test_both_twins_see_the_same_identities_in_the_same_order(self):
        world = World()
        *_, renewed, heard = world.give(question("put"), Renew(5), question("get"), Renew(6), question("audit"))

        assert isinstance(heard, Heard)
        assert renewed == Renewed(6)
        assert world.twins[0].asked_by == world.twins[1].asked_by == [0, 0, 1, 1, 2, 2]

    def test_a_new_identity_has_greeted_both_before_it_asks_and_the_old_one_is_closed(self):
        world = World()
        world.give(question("put"), Renew(5), question("get"))

        assert [type(request) for request in world.twins[0].asked] == [Ping, Put, Ping, Get]
        assert world.networks[0].is_closed


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
            ("bad_signature", lambda t, r, a: Audited(sign_answer(
                t.signer, AUDITED, r.address, bytes(32), b"o" * 16, NOW_S)) if isinstance(a, Audited) else a),
            ("not_held", lambda t, r, a: NotHeld(sign_answer(
                t.signer, NOT_HELD, r.address, b"", r.nonce, NOW_S)) if isinstance(r, Get) else a),
            ("bad_signature", lambda _t, r, a: Pong(b"") if isinstance(r, Audit) else a),
            ("bad_signature", lambda t, r, a: Stored(sign_receipt(
                t.signer, bytes(32), 5, NOW_S)) if isinstance(r, Put) else a),
        ],
    )  # fmt: skip
    def test_a_fault_is_seen_in_the_twin_that_has_it_and_only_there(self, outcome, fault):
        heard = World(fault).give(question("put"), question("get"), question("audit"))
        assert {one.answers[0].outcome for one in heard} == {"ok"}
        assert {one.answers[1].outcome for one in heard} == {"ok", outcome}

    @pytest.mark.parametrize(("outcome", "content"), [("failed", CONTENT), ("wrong_bytes", b"other")])
    def test_an_answer_of_another_time_is_none_in_time_but_wrong_bytes_are_wrong_at_any(self, outcome, content):
        """The computer has slept between the two, or its clock was set: nobody's fault."""

        def late(twin: Twin, request: Request, answer: Answer) -> Answer:
            then_s, digest = NOW_S - 8 * 3600.0, hashlib.sha256(content).digest()
            if isinstance(request, Put):
                return Stored(sign_receipt(twin.signer, request.address, 5, then_s)) if content == CONTENT else answer
            if isinstance(request, Get):
                signed = sign_answer(twin.signer, HELD, request.address, digest, request.nonce, then_s)
                return Chunk(content, signed)
            return answer

        heard = World(late).give(question("put"), question("get"), question("audit"))
        assert {one.answers[1].outcome for one in heard} == {"ok", outcome}

    def test_so_is_a_greeting_of_another_time(self):
        def late(_twin: Twin, _request: Request, _answer: Answer) -> Answer:
            raise Misdated("the certificate is not valid now")

        (heard,) = World(late).give(question("get"))
        assert (heard.answers[1].outcome, heard.answers[1].content) == ("failed", b"")

    def test_silence_is_a_failure_and_no_fault_of_the_data(self):
        def silent(_twin: Twin, request: Request, answer: Answer) -> Answer:
            if isinstance(request, Audit):
                raise Unreachable("no answer in time")
            return answer

        _, audit = World(silent).give(question("put"), question("audit"))
        assert (audit.answers[1].outcome, audit.answers[1].content) == ("failed", b"")

    def test_a_twin_that_shows_another_identity_is_asked_all_the_same_and_seen_through(self):
        def masked(_twin: Twin, _request: Request, _answer: Answer) -> Answer:
            raise BadSignature("the record is another vault's")

        world = World(masked)
        (heard,) = world.give(question("get"))
        assert Get(ADDRESS, NONCE) in world.twins[1].asked
        assert heard.answers[1].outcome == "bad_signature"


def test_a_prober_that_can_bind_no_port_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    class Given:
        """A channel on which the parent orders two twins to be probed, and goes on."""

        def send(self, _frame: bytes) -> None: ...

        def flush_and_close(self, _timeout_s: float) -> None: ...

        def start_reading(self, _loop: asyncio.AbstractEventLoop) -> asyncio.Queue[bytes | None]:
            twins = tuple(msgspec.msgpack.encode(twin.record) for twin in World().twins)
            contents: asyncio.Queue[bytes | None] = asyncio.Queue()
            contents.put_nowait(msgspec.msgpack.encode(Probe(1, bytes(32), (twins[0], twins[1]), "127.0.0.1:0")))
            return contents

    async def refused(*_: object) -> None:
        raise OSError("no port is left")

    monkeypatch.setattr(program, "Channel", Given)
    monkeypatch.setattr(program, "_connect", refused)
    monkeypatch.setattr(SystemClock, "utc_s", lambda _: NOW_S)

    assert program.main() == 1
    assert caplog.messages[-1] == "the prober ends: no port is left"


@pytest.mark.parametrize("decode", [decode_report, decode_order])
@pytest.mark.parametrize("garbage", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa4type\xa6Nobody"])
def test_garbage_on_the_channel_is_a_broken_contract(decode, garbage):
    with pytest.raises(ControlError):
        decode(garbage)
