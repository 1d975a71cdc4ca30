"""Puts the same questions to both twins, by way of a prober, and checks every answer itself.

    draw a question and a fresh nonce -> the prober asks both -> what they answered -> judged here -> a pair
    now and then: the farm's own vault asks both, as any vault may; the prober takes on another identity,
                  or asks both for the newest head: whether they name it to who greets them, and hand it out

The prober and the vault read what strangers send, so neither is believed: a pair counts when both answers are what was
said of them.  Who says what is not so is of no use any more, and the pair is nobody's fault.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from node.prober.control import Answered, NewsKind, Outcome, Question
from node.prober.judging import is_handed_over, judge, request_of
from node.update.errors import ProberFailed, TwinFailed
from node.update.ports import Prober, TrialPorts
from node.update.trials.observations import Measured, NewsServed, ProbeAnswer, Worth
from node.update.trials.plan import Draw, Plan
from node.update.waiting import to_its_end
from node.vault.core import codec
from node.vault.core.desk import NONCE_BYTES
from node.vault.core.identity import decode_record
from node.vault.core.messages import Audited
from node.vault.core.proofs import audit_digest
from node.vault.errors import PeerError
from node.vault.ports import Entropy, Random

RELAYED_PER_PAIR: Final = 0.25  # reads by way of the own vault beside each pair: a quarter of all reads
NEWS_PER_PAIR: Final = 0.05  # so at 60 pairs an hour three times an hour
NEWS_KINDS: Final[tuple[NewsKind, ...]] = ("ping", "head")
NEWS_BYTES_MAX: Final = 512 << 10  # both answers fit one report; no head without a proof of contradiction is longer
RENEWALS_PER_PAIR: Final = 0.01  # so at 60 pairs an hour an identity lasts for 100 minutes on average
CATCH_UP_S: Final = 1.0  # after a hold-up
REPORT_AGE_S_MAX: Final = 60.0  # between the moment at which an answer is said to have come and its report
WITHOUT_ANSWER: Final = ("failed", "bad_signature")  # what may be said where nothing came
NOT_SERVED: Final = ("not_held", "refused", "failed")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chance:
    """Where chance, secrets and the calendar come from."""

    random: Random
    entropy: Entropy
    utc_s: Callable[[], float]


Hear = Callable[[Measured | NewsServed], None]


class Interview:
    """Asks two twins as long as one prober lasts, and each of their runs.  ``hear`` is told each pair.

    ``records`` returns their encoded records as they are now: the certificates in them are renewed each day.
    ``since_s``: when they were asked to keep a chunk for the first time (UTC).
    """

    def __init__(
        self,
        records: Callable[[], tuple[bytes, bytes]],
        plan: Plan,
        ports: TrialPorts,
        chance: Chance,
        hear: Hear,
        since_s: float,
    ) -> None:
        """Raises TwinFailed: What a twin gave is no record of a vault."""
        try:
            first, second = (decode_record(record, chance.utc_s()) for record in records())
        except PeerError as error:
            raise TwinFailed(f"its record is none: {error}") from error
        self._records = records
        self._keys = (first.transport_key, second.transport_key)
        self._vault_ids = (first.vault_id, second.vault_id)
        self._plan = plan
        self._ports = ports
        self._chance = chance
        self._hear = hear
        self._since_s = since_s

    async def run(self, prober: Prober, pairs_per_s: float) -> None:
        """Ask at that pace until the prober has ended.

        Raises:
            ProberFailed: It ended in the middle of a question, or what it said cannot be.
        """
        random, next_s = self._chance.random, self._now()
        while not prober.exited.done():
            await self._pair(prober, await self._drawn())
            if self._plan.can_read and random.random() < RELAYED_PER_PAIR:
                await self._relayed_pair(self._plan.next_read())
            if random.random() < NEWS_PER_PAIR:
                await self._news(prober)
            if random.random() < RENEWALS_PER_PAIR:
                await prober.renew()
            next_s = max(next_s, self._now() - CATCH_UP_S) + (0.5 + random.random()) / pairs_per_s
            await asyncio.wait({prober.exited}, timeout=max(0.0, next_s - self._now()))

    async def about(self, prober: Prober, addresses: Iterable[bytes]) -> None:
        """Ask both for each of these chunks, once.

        Raises:
            ProberFailed: As ``run``.
        """
        for address in addresses:
            await self._pair(prober, Draw("get", address, b"", self._chance.random.randrange(2)))

    async def _drawn(self) -> Draw:
        drawn: list[Draw] = []
        await to_its_end(lambda: drawn.append(self._plan.next()))
        return drawn[0]

    async def _pair(self, prober: Prober, draw: Draw) -> None:
        is_taken = False
        try:
            first, second = await self._ask(prober, self._question(draw))
            is_taken = draw.kind == "put" and first.outcome == second.outcome == "ok"
        finally:
            if draw.kind == "put" and not is_taken:
                self._plan.given_up(draw.address)
        if is_taken:
            self._plan.acknowledged(draw.address)
        self._take(draw, (first, second), is_relayed=False)

    async def _news(self, prober: Prober) -> None:
        """Ask both for the newest head.  If another one is the newest meanwhile, the answers say nothing."""
        head = self._ports.head
        if not 0 < len(head) <= NEWS_BYTES_MAX:
            return
        digest, is_first_good, is_second_good = hashlib.sha256(head).digest(), True, True
        for kind in NEWS_KINDS:
            first, second = await self._ask(
                prober, Question(0, kind, digest, b"", b"", self._chance.random.randrange(2))
            )
            is_first_good &= first.outcome == "ok"
            is_second_good &= second.outcome == "ok"
        if self._ports.head == head:
            self._hear(NewsServed((is_first_good, is_second_good)))

    async def _ask(self, prober: Prober, question: Question) -> tuple[ProbeAnswer, ProbeAnswer]:
        """What both answer the prober, checked.

        Raises:
            ProberFailed: It has ended, or what it said cannot be.
        """
        asked_s = self._now()
        heard = (await prober.ask(question)).answers
        self._check_times(heard, self._now() - asked_s)
        first, second = (self._checked(question, key, one) for key, one in zip(self._keys, heard, strict=True))
        return first, second

    async def _relayed_pair(self, draw: Draw) -> None:
        """Let the own vault ask both; a vault that cannot do it now says nothing of them."""
        question, answers = self._question(draw), [ProbeAnswer("failed", 0.0, 0)] * 2
        for twin in (draw.first, 1 - draw.first):
            asked_s = self._now()
            try:
                content = await self._ports.ask_as_vault(self._records()[twin], question)
            except TwinFailed as error:
                log.info("the own vault did not ask a twin reason=%s", error)
                return
            latency_s = self._now() - asked_s
            outcome = judge(question, self._keys[twin], content, self._chance.utc_s()) if content else "failed"
            answers[twin] = self._weighed(question, self._keys[twin], outcome, latency_s, content)
        self._take(draw, (answers[0], answers[1]), is_relayed=True)

    def _take(self, draw: Draw, answers: tuple[ProbeAnswer, ProbeAnswer], *, is_relayed: bool) -> None:
        is_served = all(answer.outcome not in NOT_SERVED for answer in answers)
        if draw.kind != "put" and not is_served and not is_relayed:
            self._plan.doubt(draw.address)
        if any(answer.outcome == "handed_over" for answer in answers):
            self._plan.forget(draw.address)
        self._hear(Measured(draw.kind, draw.address, answers, is_relayed))

    def _question(self, draw: Draw) -> Question:
        return Question(0, draw.kind, draw.address, draw.content, self._chance.entropy(NONCE_BYTES), draw.first)

    # Checking.

    def _check_times(self, answers: tuple[Answered, Answered], passed_s: float) -> None:
        """The times are the prober's word alone; at least they must be possible."""
        utc_s = self._chance.utc_s()
        if not all(0.0 <= answer.latency_s <= passed_s for answer in answers):  # nor is NaN
            raise ProberFailed("it named a time that cannot be")
        if sum(answer.latency_s for answer in answers) > passed_s:
            raise ProberFailed("it asked both for longer than the time that passed")
        if not all(abs(answer.at_s - utc_s) <= REPORT_AGE_S_MAX for answer in answers):
            raise ProberFailed("it handed up answers of another time")

    def _checked(self, question: Question, key: bytes, answer: Answered) -> ProbeAnswer:
        """What the answer is worth, by the bytes themselves.

        Raises:
            ProberFailed: It is not what it was said to be.
        """
        outcome = answer.outcome
        if answer.content:
            outcome = judge(question, key, answer.content, answer.at_s)
        if outcome != answer.outcome or (not answer.content and outcome not in WITHOUT_ANSWER):
            raise ProberFailed(f"it said {answer.outcome} of an answer that is {outcome if answer.content else 'none'}")
        return self._weighed(question, key, outcome, answer.latency_s, answer.content)

    def _weighed(
        self, question: Question, key: bytes, outcome: Outcome, latency_s: float, content: bytes
    ) -> ProbeAnswer:
        worth: Worth = outcome
        if outcome == "ok" and question.kind == "audit" and not self._is_proof(question, key, content):
            worth = "wrong_bytes"
        is_denial = outcome == "not_held" and question.kind in ("get", "audit")
        if is_denial and is_handed_over(content, self._vault_ids, self._since_s):
            worth = "handed_over"
        return ProbeAnswer(worth, latency_s, len(codec.encode(request_of(question))) + len(content))

    def _is_proof(self, question: Question, key: bytes, content: bytes) -> bool:
        """Whether the audit's digest is the twin's own, of the chunk that is made again for this."""
        message = codec.decode_answer(content)
        assert isinstance(message, Audited)
        return message.answer.digest == audit_digest(question.nonce, key, self._plan.content_of(question.address))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
