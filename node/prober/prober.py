"""Puts each question to both twins, one after the other, and hands up what they answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from node.prober.control import ASK_TIMEOUT_S, GREET_TRIES, Answered, Heard, Outcome, Question, Ready, Renew, Renewed
from node.prober.judging import judge, request_of
from node.vault.core import codec
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import Ping
from node.vault.errors import Misdated, PeerError, Unreachable
from node.vault.ports import Clock, Network


class Prober:
    """Asks two twins.  ``connect`` gives a network under an identity that nobody has seen; ``tell`` reports."""

    def __init__(
        self,
        twins: tuple[PeerRecord, PeerRecord],
        connect: Callable[[], Awaitable[Network]],
        clock: Clock,
        tell: Callable[[Ready | Heard | Renewed], None],
    ) -> None:
        self._twins = twins
        self._connect = connect
        self._clock = clock
        self._tell = tell

    async def run(self, orders: asyncio.Queue[Question | Renew]) -> None:
        """Greet both twins, say so, then do what is ordered, one after the other, until cancelled.

        Raises:
            OSError: No port can be bound.
        """
        network = await self._meet()
        try:
            self._tell(Ready())
            while True:
                order = await orders.get()
                if isinstance(order, Question):
                    self._tell(await self._pair(network, order))
                else:
                    # Both know the new identity before the old one goes, so that no question pays for the change.
                    left, network = network, await self._meet()
                    await left.close()
                    self._tell(Renewed(order.id))
        finally:
            await network.close()

    async def _meet(self) -> Network:
        network = await self._connect()
        await asyncio.gather(*(self._greet(network, twin) for twin in self._twins))
        return network

    async def _greet(self, network: Network, twin: PeerRecord) -> None:
        """Make the connection, so that no first question pays for it; a twin that cannot be greeted is asked too."""
        for _ in range(GREET_TRIES):
            try:
                await network.request(twin, codec.encode(Ping(b"")), ASK_TIMEOUT_S)
            except PeerError:
                continue  # whatever is wrong with it will show in its answers
            return

    async def _pair(self, network: Network, question: Question) -> Heard:
        answers = [Answered("failed", 0.0, 0.0, b"")] * 2
        for twin in (question.first, 1 - question.first):
            answers[twin] = await self._ask(network, self._twins[twin], question)
        return Heard(question.id, (answers[0], answers[1]))

    async def _ask(self, network: Network, twin: PeerRecord, question: Question) -> Answered:
        request = codec.encode(request_of(question))
        started_s = self._clock.monotonic_s()
        try:
            content = (await network.request(twin, request, ASK_TIMEOUT_S)).content
        except PeerError as error:
            latency_s = self._clock.monotonic_s() - started_s
            outcome: Outcome = "failed" if isinstance(error, Unreachable | Misdated) else "bad_signature"
            return Answered(outcome, latency_s, self._clock.utc_s(), b"")
        latency_s, at_s = self._clock.monotonic_s() - started_s, self._clock.utc_s()
        return Answered(judge(question, twin.transport_key, content, at_s), latency_s, at_s, content)
