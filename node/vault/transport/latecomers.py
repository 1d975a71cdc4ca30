"""Speaking with vaults that have no version in common, under an ALPN of its own; what is said is in ``core.late``.

    a handshake fails, whoever began it -> the peer is asked which head it carries -> the listener is told
    somebody connects under PROTOCOL ----> his questions become those of a stranger that cannot be asked itself

A connection of this kind is no session: nothing is asked over it from here, and it ends after SERVED_S.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

import iroh
from iroh import IrohError

from node.vault.core import codec, late
from node.vault.core.ahead import stand_in
from node.vault.core.identity import Introduction, PeerRecord, addresses_to_dial, subnet_of
from node.vault.core.messages import (
    Answer,
    Chunk,
    FetchHead,
    FindVaults,
    Get,
    HeadContent,
    NotHeld,
    Ping,
    Pong,
    Refused,
    Vaults,
)
from node.vault.errors import MalformedMessage, PeerError, Unreachable
from node.vault.ports import Clock, Handler
from node.vault.transport import binding
from node.vault.transport.dialling import Listener
from node.vault.transport.limits import Requests
from node.vault.transport.seen import STREAM, Seen
from node.vault.transport.streams import BROKEN_CODE, FrameStream
from node.vault.transport.throttle import Meter

SERVED_S: Final = 120.0  # then it may come again
PIECE_S: Final = 5.0
WRITE_TIMEOUT_S: Final = 30.0
ANSWER_S_MAX: Final = 8.0  # that an answer may need on our own line
QUESTION_S: Final = 5.0
SUSPECTED_S: Final = 600.0  # before one of the same subnet is asked again after a handshake that failed
SUSPECTED_KEPT: Final = 1_024  # subnets
LOOKING_MAX: Final = 4  # such questions at once
DIALLED_MAX: Final = 32  # connections kept for the next question; the one that was of use longest ago is closed
NONCE: Final = bytes(16)  # no answer is shown to anybody: what comes is known by its digest


class Latecomers:
    """Belongs to one event loop.

    ``network`` says which the own one is, ``meter_of`` what counts the bytes of an address.
    """

    def __init__(
        self, endpoint: iroh.Endpoint, network: Callable[[], bytes], handler: Handler, requests: Requests, clock: Clock,
        seen: Seen, counters: Counter[str], listener: Listener, meter_of: Callable[[str], Meter | None],
    ) -> None:  # fmt: skip
        self._endpoint = endpoint
        self._network = network
        self._handler = handler
        self._requests = requests
        self._clock = clock
        self._seen = seen
        self._counters = counters
        self._listener = listener
        self._meter_of = meter_of
        self._suspected_s: OrderedDict[str, float] = OrderedDict()  # by subnet, when last
        self._looking: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._dialled: OrderedDict[bytes, tuple[iroh.Connection, str]] = OrderedDict()  # by key, and where it is seen

    # Answering.

    async def serve(self, connection: iroh.Connection, seen_at: str) -> None:
        """Answer its questions, one after the other, until it has had its time."""
        connection.set_max_concurrent_uni_streams(0)
        peer = stand_in(connection.remote_id().to_bytes(), ())
        subnet, meter = subnet_of(seen_at), self._meter_of(seen_at)
        self._seen.opened(connection)
        try:
            async with asyncio.timeout(SERVED_S):
                while True:
                    stream = FrameStream(await connection.accept_bi(), meter)
                    self._seen.took(STREAM)
                    if not self._requests.has_room(subnet):
                        self._counters["request over limit"] += 1
                        break
                    with self._requests.take(subnet):
                        async with self._requests.serving(subnet):
                            await self._answer(stream, peer, subnet)
        except (IrohError, TimeoutError):
            self._counters["latecomer left"] += 1
        finally:
            self._seen.closed(connection)
            connection.close(BROKEN_CODE, b"")

    async def _answer(self, stream: FrameStream, peer: PeerRecord, subnet: str) -> None:
        content = await stream.read(late.QUESTION_BYTES_MAX, PIECE_S)
        meter = stream.meter
        answer = await self._answer_to(content, peer, subnet, is_here=meter is None)
        if meter is not None and meter.would_last(len(answer), ANSWER_S_MAX):
            self._counters["answer too long for the line"] += 1
            answer = late.encode_answer(late.NOT_NOW)
        async with asyncio.timeout(WRITE_TIMEOUT_S) as limit:
            await stream.write(answer, limit)
        await stream.finish()

    async def _answer_to(self, content: bytes, peer: PeerRecord, subnet: str, *, is_here: bool) -> bytes:
        try:
            question = late.decode_question(content)
        except MalformedMessage:
            return late.encode_answer(late.NOT_NOW)
        if question.network != self._network():
            return late.encode_answer(late.NOT_HERE)
        match question.kind:
            case late.WHICH:
                request: Ping | FetchHead | Get | FindVaults = Ping(b"")
            case late.HEAD:
                request = FetchHead(question.subject)
            case late.FILE:
                request = Get(question.subject, NONCE)
            case late.NEAR:
                request = FindVaults(question.subject)
            case _:
                return late.encode_answer(late.NOT_NOW)
        answered = await self._handler(peer, subnet, codec.encode(request), is_here=is_here)
        return _said(codec.decode_answer(answered))

    # Asking.

    async def ask(self, peer: PeerRecord, kind: int, subject: bytes, timeout_s: float) -> bytes:
        """What ``ports.Network.ask_newer`` promises."""
        return (await self._ask(peer, kind, subject, timeout_s))[0]

    def suspect(self, transport_key: bytes, addresses: tuple[str, ...]) -> None:
        """The handshake with this peer failed: perhaps for its version alone."""
        now_s, subnet = self._clock.monotonic_s(), subnet_of(addresses[0])
        is_too_soon = now_s - self._suspected_s.get(subnet, -SUSPECTED_S) < SUSPECTED_S
        if self._is_closed or is_too_soon or len(self._looking) >= LOOKING_MAX:
            return
        self._suspected_s[subnet] = now_s
        if len(self._suspected_s) > SUSPECTED_KEPT:
            self._suspected_s.popitem(last=False)
        task = asyncio.create_task(self._look(stand_in(transport_key, addresses)), name="look at a newer vault")
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    def close(self) -> None:
        self._is_closed = True
        for task in self._looking:
            task.cancel()
        for transport_key in list(self._dialled):
            self._forget(transport_key)

    async def _look(self, peer: PeerRecord) -> None:
        try:
            head, subnet = await self._ask(peer, late.WHICH, late.NOTHING, QUESTION_S)
        except PeerError:
            return
        if len(head) == late.SUBJECT_BYTES:
            self._listener.newer(peer, subnet, head)

    async def _ask(self, peer: PeerRecord, kind: int, subject: bytes, timeout_s: float) -> tuple[bytes, str]:
        """The answer, and the subnet from which the peer is really seen."""
        question = late.encode_question(late.Question(kind, self._network(), subject))
        try:
            async with asyncio.timeout(timeout_s) as limit:
                connection, seen_at = await self._connected(peer)
                stream = FrameStream(await connection.open_bi(), self._meter_of(seen_at))
                await stream.write(question, limit)
                answer = await stream.read(late.ANSWER_BYTES_MAX, limit=limit)
                await stream.finish()
        except (IrohError, TimeoutError) as error:
            self._forget(peer.transport_key)
            raise Unreachable(binding.say(error)) from error
        return late.content_of(answer), subnet_of(seen_at)

    async def _connected(self, peer: PeerRecord) -> tuple[iroh.Connection, str]:
        known = self._open_one(peer.transport_key)
        if known is not None:
            return known
        dialled = addresses_to_dial(peer.addresses, binding.addresses_of(self._endpoint))
        self._seen.called(dialled, self._clock.monotonic_s())
        target = iroh.EndpointAddr(iroh.EndpointId.from_bytes(peer.transport_key), None, list(dialled))
        connection = await self._endpoint.connect(target, late.PROTOCOL)
        seen_at = binding.reached_at(connection, peer.addresses)
        known = self._open_one(peer.transport_key)
        if known is not None:  # another question was faster, and is on it now
            connection.close(0, b"")
            return known
        self._dialled[peer.transport_key] = connection, seen_at
        self._seen.opened(connection)
        if len(self._dialled) > DIALLED_MAX:
            self._forget(next(iter(self._dialled)))
        return connection, seen_at

    def _open_one(self, transport_key: bytes) -> tuple[iroh.Connection, str] | None:
        known = self._dialled.get(transport_key)
        if known is not None and known[0].close_reason() is not None:
            self._forget(transport_key)
            return None
        if known is not None:
            self._dialled.move_to_end(transport_key)
        return known

    def _forget(self, transport_key: bytes) -> None:
        connection, _ = self._dialled.pop(transport_key, (None, ""))
        if connection is not None:
            self._seen.closed(connection)
            with contextlib.suppress(IrohError):
                connection.close(0, b"")


def _said(answer: Answer) -> bytes:
    match answer:
        case Pong(head) if head:
            return late.encode_answer(late.HERE, head)
        case HeadContent(content) | Chunk(content):
            return late.encode_answer(late.HERE, content)
        case Vaults(records):
            known = (Introduction(one.transport_key, one.addresses) for one in records if one.addresses)
            return late.encode_answer(late.HERE, late.encode_vaults(known))
        case Pong() | NotHeld() | Refused("not_held"):
            return late.encode_answer(late.NOT_HERE)
        case _:
            return late.encode_answer(late.NOT_NOW)
