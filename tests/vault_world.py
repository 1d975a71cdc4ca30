"""A small world of vault cores: no sockets, no disk, no clock; time passes when a test says so."""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec

from node.vault import control
from node.vault.__main__ import Process
from node.vault.core.desk import Asked, Desk
from node.vault.core.events import (
    AnswerReceived,
    Ask,
    AskFailed,
    CheckStore,
    ChunkRead,
    ChunkRemoved,
    ChunkWritten,
    CommandReceived,
    Effect,
    Event,
    Now,
    ReadChunk,
    RemoveChunk,
    Reply,
    RequestReceived,
    Started,
    StoreChecked,
    Tell,
    Ticked,
    WriteChunk,
)
from node.vault.core.identity import PeerRecord, Signer, certify, distance, position_of, subnet_of
from node.vault.core.messages import Answer, Audit, Audited, Request
from node.vault.core.proofs import AUDITED, sign_answer
from node.vault.core.vault import Vault, VaultConfig
from node.vault.limiting import NO_LIMITS, Limits

START_S = 1_700_000_000.0
LATENCY_S = 0.01
NEAR_BITS = 8
QUOTA_BYTES = 1 << 20
PACE = control.Pace(audit_s=1.0, ping_s=5.0, refresh_s=10.0)


@dataclass
class Actor:
    """One vault core with what its driver and its disk would be."""

    name: str
    owner: Signer
    signer: Signer
    vault: Vault
    address: str
    told: list[control.Report] = field(default_factory=list)
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    is_dead: bool = False
    tamper: Callable[[Answer], Answer] | None = None
    late_s: Callable[[Answer], float] | None = None  # how much later than others it gives an answer
    effects: list[Effect] = field(default_factory=list)

    @property
    def vault_id(self) -> bytes:
        return self.vault.record.vault_id

    def reports(self, kind: type[Any]) -> list[Any]:
        return [report for report in self.told if isinstance(report, kind)]


def proving_other_bytes(liar: Actor) -> Callable[[Answer], Answer]:
    """How ``liar`` tampers with its answers: every audit that it signs is that of other bytes."""

    def lie(answer: Answer) -> Answer:
        if not isinstance(answer, Audited):
            return answer
        said = answer.answer
        wrong = sign_answer(liar.signer, AUDITED, said.address, bytes(32), said.nonce, said.at_s)
        return msgspec.structs.replace(answer, answer=wrong)

    return lie


def handing_on(world: World, liar: Actor, holder: Actor) -> Callable[[Answer], Answer]:
    """How ``liar`` tampers with its answers: every audit goes on to ``holder``, whose digest it signs as its own."""

    def lie(answer: Answer) -> Answer:
        if not isinstance(answer, Audited):
            return answer
        said, request_id = answer.answer, -1
        question = Audit(said.address, said.nonce)
        asked = RequestReceived(world.now(), request_id, liar.vault.record, subnet_of(liar.address), question)
        (read,) = (effect for effect in holder.vault.step(asked) if isinstance(effect, ReadChunk))
        effects = holder.vault.step(ChunkRead(world.now(), read.token, holder.chunks[said.address]))
        (given,) = (effect.message for effect in effects if isinstance(effect, Reply))
        assert isinstance(given, Audited), given
        signed = sign_answer(liar.signer, AUDITED, said.address, given.answer.digest, said.nonce, said.at_s)
        return msgspec.structs.replace(answer, answer=signed)

    return lie


class _Heard:
    """Asks for a test."""

    def __init__(self) -> None:
        self.answer: Answer | None = None

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        self.answer = message

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        pass


class World:
    """Vaults that talk to each other with a constant latency; everything is drawn from one seed."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.now_s = 0.0
        self.actors: dict[bytes, Actor] = {}  # by transport key
        self.sent: Counter[str] = Counter()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._requests: dict[int, tuple[Actor, int, Actor]] = {}

    def now(self) -> Now:
        return Now(self.now_s, START_S + self.now_s)

    def add(
        self, number: int, *, contacts: list[Actor] | None = None, quota_bytes: int = QUOTA_BYTES, host: int = 1,
        head: bytes = b"", pace: control.Pace = PACE, near: bytes = b"", limits: Limits = NO_LIMITS,
        again: Actor | None = None, chunks: Mapping[bytes, bytes] | None = None,
    ) -> Actor:  # fmt: skip
        """Start a vault in subnet 10.0.``number``.0/24; ``near`` an address, as anyone can who draws enough keys.

        ``again``: the vault of one that is dead.  ``chunks`` are what lies on its disk.
        """
        owner, transport = Signer(self.random.randbytes(32)), Signer(self.random.randbytes(32))
        owner = owner if again is None else again.owner
        while near and distance(position_of(owner.public_key), near) >> (256 - NEAR_BITS):
            owner = Signer(self.random.randbytes(32))
        serial = 1 if again is None else again.vault.record.certificate.serial + 1
        certificate = certify(owner, transport.public_key, serial=serial, now_s=START_S)
        config = VaultConfig(
            transport,
            PeerRecord(certificate, (), START_S),
            quota_bytes,
            tuple(contact.vault.record for contact in contacts or []),
            head,
            pace,
            limits,
        )
        vault = Vault(config, random.Random(self.random.random()), self.random.randbytes)
        actor = Actor(f"vault {number}.{host}", owner, transport, vault, f"10.0.{number}.{host}:4000")
        self.actors[transport.public_key] = actor
        actor.chunks |= chunks or {}
        held = {address: len(content) for address, content in actor.chunks.items()}
        self.feed(actor, Started(self.now(), (actor.address,), held))
        return actor

    def grow(self, count: int, **options: Any) -> list[Actor]:
        """A network of ``count`` vaults that have come to know each other."""
        actors: list[Actor] = []
        for number in range(1, count + 1):
            actors.append(self.add(number, contacts=actors[:3], **options))
        self.pass_time(30.0)
        return actors

    def feed(self, actor: Actor, event: Event) -> list[Effect]:
        effects = actor.vault.step(event)
        actor.effects += effects
        for effect in effects:
            self._perform(actor, effect)
        return effects

    def command(self, actor: Actor, make: Callable[[int], control.Command]) -> Any:
        """Give an order, let ten seconds pass, return its answer."""
        number = 1 + sum(1 for report in actor.told if hasattr(report, "id"))
        self.feed(actor, CommandReceived(self.now(), make(number)))
        self.pass_time(10.0)
        return next(r for r in reversed(actor.told) if getattr(r, "id", None) == number)

    def ask(self, asker: Actor, asked: Actor, message: Request) -> Answer | None:
        """Let one vault ask another one, out of turn; what it answered within two seconds."""
        heard = _Heard()
        asker.vault._desk.ask(heard, asked.vault.record, message)
        for effect in asker.vault._desk.take_effects():
            self._perform(asker, effect)
        self.pass_time(2.0)
        return heard.answer

    def pass_time(self, seconds: float) -> None:
        """Let the clock run; every vault ticks four times a second."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._run_until(self.now_s + 0.25)
            for actor in list(self.actors.values()):
                if not actor.is_dead:
                    self.feed(actor, Ticked(self.now()))
        self._run_until(end_s)

    def _run_until(self, end_s: float) -> None:
        while self._queue and self._queue[0][0] <= end_s:
            self.now_s, _, action = heapq.heappop(self._queue)
            action()
        self.now_s = end_s

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now_s + delay_s, self._count, action))

    def _perform(self, actor: Actor, effect: Effect) -> None:
        match effect:
            case Ask():
                self._ask(actor, effect)
            case Reply(request_id, message):
                asker, ask_id, answerer = self._requests.pop(request_id)
                answer = answerer.tamper(message) if answerer.tamper else message
                subnet, record = subnet_of(answerer.address), answerer.vault.record
                late_s = answerer.late_s(answer) if answerer.late_s else 0.0
                self._later(
                    LATENCY_S + late_s,
                    lambda: self._arrive(asker, lambda: AnswerReceived(self.now(), ask_id, subnet, answer, record)),
                )
            case WriteChunk(token, address, content):
                actor.chunks[address] = content
                self._later(0.002, lambda: self._arrive(actor, lambda: ChunkWritten(self.now(), token)))
            case ReadChunk(token, address):
                found = actor.chunks.get(address)
                whole = found if found is not None and hashlib.sha256(found).digest() == address else None
                self._later(0.001, lambda: self._arrive(actor, lambda: ChunkRead(self.now(), token, whole)))
            case RemoveChunk(token, address):
                actor.chunks.pop(address, None)
                self._later(0.002, lambda: self._arrive(actor, lambda: ChunkRemoved(self.now(), token)))
            case CheckStore():
                self._later(0.002, lambda: self._arrive(actor, lambda: StoreChecked(self.now(), "")))
            case Tell(report):
                actor.told.append(report)

    def _ask(self, actor: Actor, effect: Ask) -> None:
        self.sent[type(effect.message).__name__] += 1
        peer = self.actors.get(effect.peer.transport_key)
        if peer is None or peer.is_dead or peer.late_s:
            failed = lambda: AskFailed(self.now(), effect.ask_id, "peer.unreachable")  # noqa: E731
            self._later(effect.timeout_s, lambda: self._arrive(actor, failed))
        if peer is None or peer.is_dead:
            return
        self._count += 1
        request_id = self._count
        self._requests[request_id] = (actor, effect.ask_id, peer)
        record, subnet = actor.vault.record, subnet_of(actor.address)
        self._later(
            LATENCY_S,
            lambda: self._arrive(peer, lambda: RequestReceived(self.now(), request_id, record, subnet, effect.message)),
        )

    def _arrive(self, actor: Actor, make: Callable[[], Event]) -> None:
        if not actor.is_dead:
            self.feed(actor, make())


def frames_told(control_version: int, *reports: control.Report) -> list[bytes]:
    """What a vault process sends of these reports to a supervisor that speaks this version of their contract."""
    sent: list[bytes] = []
    channel: Any = SimpleNamespace(send=sent.append)
    process = Process(channel)
    process._control_version = control_version
    for report in reports:
        process._tell(report)
    return sent
