"""Puts each question to both twins, one after the other, and reports what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from node.prober.control import Measured, Outcome, Probe, ProbeAnswer, Ready
from node.prober.plan import Plan, Question
from node.vault.core import codec
from node.vault.core.desk import NONCE_BYTES
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Chunk,
    Get,
    NotHeld,
    Ping,
    Put,
    Refused,
    Request,
    Stored,
)
from node.vault.core.proofs import AUDITED, HELD, NOT_HELD, audit_digest, check_answer, check_content, check_receipt
from node.vault.errors import ChunkMismatch, PeerError, Unreachable
from node.vault.ports import Clock, Entropy, Network, Random

ASK_TIMEOUT_S: Final = 5.0
GREET_TRIES: Final = 10
NOT_SERVED: Final = ("not_held", "refused", "failed")
CONTENTS_KEPT_MAX: Final = 400  # chunks whose content is kept to check audits with


class Prober:
    """Asks two twins.  ``tell`` reports; the caller ends the run by cancelling it."""

    def __init__(
        self, order: Probe, twins: tuple[PeerRecord, PeerRecord], network: Network, clock: Clock, random: Random,
        entropy: Entropy, tell: Callable[[Ready | Measured], None],
    ) -> None:  # fmt: skip
        self._order = order
        self._twins = twins
        self._network = network
        self._clock = clock
        self._random = random
        self._entropy = entropy
        self._tell = tell
        self._plan = Plan(twins[0].position, order.chunk_bytes_max, random)
        self._contents: dict[bytes, bytes] = {}

    async def run(self) -> None:
        """Greet both twins, say so, then ask at the ordered pace for ever."""
        await asyncio.gather(*(self._greet(twin) for twin in self._twins))
        self._tell(Ready())
        next_s = self._clock.monotonic_s()
        while True:
            await self._pair(self._plan.next())
            next_s = max(next_s, self._clock.monotonic_s() - 1.0)  # after a hold-up, catch up for a second at most
            next_s += (0.5 + self._random.random()) / self._order.pairs_per_s
            await asyncio.sleep(max(0.0, next_s - self._clock.monotonic_s()))

    async def _greet(self, twin: PeerRecord) -> None:
        """Make the connection, so that no first question pays for it; a twin that cannot be greeted is asked too."""
        for _ in range(GREET_TRIES):
            try:
                await self._network.request(twin, codec.encode(Ping(b"")), ASK_TIMEOUT_S)
            except PeerError:
                continue  # whatever is wrong with it will show in its answers
            return

    async def _pair(self, question: Question) -> None:
        nonce = self._entropy(NONCE_BYTES)
        answers: list[ProbeAnswer] = [ProbeAnswer("failed", 0.0, 0)] * 2
        for twin in (question.first, 1 - question.first):
            answers[twin] = await self._ask(self._twins[twin], question, nonce)
        if question.kind != "put" and any(answer.outcome in NOT_SERVED for answer in answers):
            self._plan.doubt(question.address)
        if question.kind == "put" and all(answer.outcome == "ok" for answer in answers):
            self._plan.acknowledged(question.address)
            self._contents[question.address] = question.content
            while len(self._contents) > CONTENTS_KEPT_MAX:
                del self._contents[next(iter(self._contents))]
        self._tell(Measured(question.kind, question.address, question.first, (answers[0], answers[1])))

    async def _ask(self, twin: PeerRecord, question: Question, nonce: bytes) -> ProbeAnswer:
        request = codec.encode(_request(question, nonce))
        started_s = self._clock.monotonic_s()
        try:
            answered = await self._network.request(twin, request, ASK_TIMEOUT_S)
        except PeerError as error:
            outcome: Outcome = "failed" if isinstance(error, Unreachable) else "bad_signature"
            return ProbeAnswer(outcome, self._clock.monotonic_s() - started_s, len(request))
        latency_s = self._clock.monotonic_s() - started_s
        wire_bytes = len(request) + len(answered.content)
        try:
            outcome = self._judge(twin, question, nonce, codec.decode_answer(answered.content))
        except ChunkMismatch:
            outcome = "wrong_bytes"
        except PeerError:
            outcome = "bad_signature"
        return ProbeAnswer(outcome, latency_s, wire_bytes)

    def _judge(self, twin: PeerRecord, question: Question, nonce: bytes, message: Answer) -> Outcome:
        """Check the answer's signature and content; raises PeerError for what does not fit."""
        key, utc_s, address = twin.transport_key, self._clock.utc_s(), question.address
        match message:
            case Stored(receipt) if question.kind == "put":
                check_receipt(receipt, key, address, utc_s)
            case Chunk(content, answer) if question.kind == "get":
                check_answer(answer, key, kind=HELD, address=address, nonce=nonce, utc_s=utc_s)
                check_content(content, answer)
            case Audited(answer) if question.kind == "audit":
                check_answer(answer, key, kind=AUDITED, address=address, nonce=nonce, utc_s=utc_s)
                known = self._contents.get(address)
                if known is not None and answer.digest != audit_digest(nonce, known):
                    return "wrong_bytes"
            case NotHeld(answer, takers) if question.kind != "put":
                check_answer(answer, key, kind=NOT_HELD, address=address, nonce=nonce, utc_s=utc_s, takers=takers)
                return "not_held"
            case Refused():
                return "refused"
            case _:
                return "bad_signature"
        return "ok"


def _request(question: Question, nonce: bytes) -> Request:
    match question.kind:
        case "put":
            return Put(question.address, question.content)
        case "get":
            return Get(question.address, nonce)
        case "audit":
            return Audit(question.address, nonce)
