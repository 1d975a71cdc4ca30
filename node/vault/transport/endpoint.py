"""Requests over QUIC by iroh: one connection for each pair of vaults, a few streams on it that carry the requests.

    dial or accept -> Hello both ways, under a time limit -> a session -> streams: request in, answer out, and again

iroh proves the transport key; Hello brings the certificate and record that lead to the vault id.  Relays are off.  All
time limits are ours: iroh itself notices a dead peer only after 30 s, and that cannot be set from Python.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Final
from weakref import WeakValueDictionary

import iroh
from iroh import IrohError

from node.vault.core import codec, late
from node.vault.core.events import Now
from node.vault.core.identity import PeerRecord, addresses_to_dial, check_record, subnet_of
from node.vault.core.messages import Hello, Refused
from node.vault.errors import (
    BadSignature,
    MalformedMessage,
    Misdated,
    PeerError,
    Unreachable,
    WrongNetwork,
    WrongVersion,
)
from node.vault.limiting import Limits
from node.vault.looks import Looks
from node.vault.ports import BESIDE, Answered, Clock, Handler
from node.vault.transport import binding
from node.vault.transport.beside import watch_other_streams, watch_signs
from node.vault.transport.dialling import Diallings, Listener, Nobody
from node.vault.transport.heartbeat import BEAT_S, Heartbeat
from node.vault.transport.latecomers import Latecomers
from node.vault.transport.limits import UNPROVEN, Attempts, Places, Requests
from node.vault.transport.seen import CONNECTION, DATAGRAMS, STREAM, Origin, Seen
from node.vault.transport.sessions import STREAMS_OPEN_MAX, Session, Sessions
from node.vault.transport.streams import BROKEN_CODE, FrameStream
from node.vault.transport.throttle import Meter, Throttle

ALPN: Final = b"perennial/1"
HELLO_TIMEOUT_S: Final = 5.0
SEND_S: Final = 5.0
PIECE_S: Final = 5.0  # for PIECE_BYTES of a request; nobody waits longer for the answer to a small one
CLOSE_S: Final = 0.2  # goodbyes leave at once; a connection that nobody answers would be waited for for 3 s
FAREWELL_S: Final = 1.0  # for who is refused to read why
WRITE_TIMEOUT_S: Final = 30.0  # a peer that takes no answer must not keep it in our memory
LOOK_S: Final = 60.0  # between two looks at the own addresses
ANSWER_S_MAX: Final = 8.0  # that an answer may need on our own line: others wait ten for a chunk, and then in vain
BUSY: Final = codec.encode(Refused("busy"))

Greeting = Callable[[str], Hello]  # the own Hello for a peer that is seen at this address


class IrohNetwork:
    """Fulfils ``ports.Network`` and serves peers' requests while ``run`` runs."""

    def __init__(
        self, endpoint: iroh.Endpoint, greeting: Greeting, handler: Handler, clock: Clock, *, beat_s: float,
        listener: Listener,
    ) -> None:  # fmt: skip
        self._endpoint = endpoint
        self._greeting = greeting
        self._listener = listener
        self._handler = handler
        self._clock = clock
        self._dialling: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._tasks: asyncio.TaskGroup | None = None
        self.counters: Counter[str] = Counter()
        self._seen = Seen(self.addresses)
        self._sessions = Sessions()
        self._diallings = Diallings()
        self._places = Places(self.counters, lambda subnet: self._sessions.let_idle_go(subnet, clock.monotonic_s()))
        self._attempts = Attempts()
        self._requests = Requests()
        self._sending, self._receiving = Throttle(), Throttle()
        self._latecomers = Latecomers(
            endpoint, network=lambda: greeting("").network, handler=handler, requests=self._requests, clock=clock,
            seen=self._seen, counters=self.counters, listener=listener, meter_of=self._meter_of,
        )  # fmt: skip
        self._heartbeat = Heartbeat(self._sessions, self._session_with, self._spawn, beat_s)

    @classmethod
    async def bind(
        cls, seed: bytes, address: str, greeting: Greeting, handler: Handler, clock: Clock, *, beat_s: float = BEAT_S,
        listener: Listener | None = None,
    ) -> IrohNetwork:  # fmt: skip
        """Bind a UDP port under the transport key of ``seed``.

        Raises:
            OSError: The address or port cannot be used.
        """
        endpoint = await binding.bind(seed, address, ALPN, late.PROTOCOL)
        return cls(endpoint, greeting, handler, clock, beat_s=beat_s, listener=listener or Nobody())

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the endpoint can be dialled now, as ``addresses_of`` orders them."""
        return binding.addresses_of(self._endpoint)

    async def run(self) -> None:
        """Accept connections until cancelled or closed."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            looking = tasks.create_task(self._look_where_it_is())
            while (incoming := await self._endpoint.accept_next()) is not None:
                tasks.create_task(self._receive(incoming))
            looking.cancel()

    async def close(self) -> None:
        """Say goodbye to all; waits for CLOSE_S at most, however many are being dialled that never answer."""
        self._heartbeat.stop()
        self._diallings.close()
        self._latecomers.close()
        self._sessions.close()
        self._sending.close()
        self._receiving.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._endpoint.close()

    def set_limits(self, limits: Limits) -> None:
        """Keep to these from now on, for all that goes to other computers and comes from them."""
        self._sending.set(limits.upload_bytes_per_s)
        self._receiving.set(limits.download_bytes_per_s)

    async def request(self, peer: PeerRecord, content: bytes, timeout_s: float) -> Answered:
        session: Session | None = None
        started_s = self._clock.monotonic_s()
        try:
            async with asyncio.timeout(timeout_s) as limit:
                session = await self._session_with(peer)
                answer = await session.ask(content, codec.MESSAGE_BYTES_MAX, limit)
        except (IrohError, TimeoutError) as error:
            # A broken stream is a sign of life, and a broken connection is forgotten by who serves it.
            if session is not None and isinstance(error, TimeoutError) and session.answered_s <= started_s:
                self._sessions.forget(session)  # nothing has come over it since: the next request dials anew
            raise Unreachable(binding.say(error)) from error
        session.answered_s = session.used_s = self._clock.monotonic_s()
        return Answered(answer, session.subnet, session.peer)

    async def ask_newer(self, peer: PeerRecord, kind: int, subject: bytes, timeout_s: float) -> bytes:
        return await self._latecomers.ask(peer, kind, subject, timeout_s)

    async def send(self, peers: Sequence[PeerRecord], content: bytes, most: int) -> None:
        sessions = (self._sessions.get(peer.transport_key) for peer in peers)
        live = (session for session in sessions if session is not None)
        for session in itertools.islice(live, most):
            with contextlib.suppress(IrohError, TimeoutError):
                async with asyncio.timeout(SEND_S) as limit:
                    await session.ask(content, codec.MESSAGE_BYTES_MAX, limit)

    def watch(self, peers: Sequence[PeerRecord], silent: Callable[[PeerRecord], None]) -> None:
        self._heartbeat.watch(peers, silent)

    def looks(self, looks: Looks) -> Looks:
        came = self._endpoint.stats().get(DATAGRAMS)
        self.counters[BESIDE] = self._seen.beside(came.value if came is not None else 0)
        return self._seen.added_to(looks, self.addresses, self._clock.monotonic_s())

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        assert self._tasks is not None, "requests need run()"
        return self._tasks.create_task(work)

    async def _look_where_it_is(self) -> None:
        """Where few vaults are known, nobody is dialled for hours, and addresses change all the same."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._say_where_it_is()

    def _say_where_it_is(self) -> None:
        moved = self._seen.moved(self.addresses, self._clock.monotonic_s())
        if moved is not None:
            self._listener.seen_at(moved)

    async def _session_with(self, peer: PeerRecord) -> Session:
        session = await self._any_session_with(peer)
        session.check_is(peer)
        return session

    async def _any_session_with(self, peer: PeerRecord) -> Session:
        """The one under the peer's transport key: two vault ids may have certified the same."""
        session = self._sessions.get(peer.transport_key)
        if session is not None and session.told == self._greeting("").record:
            return session
        lock = self._dialling.setdefault(peer.transport_key, asyncio.Lock())
        async with lock:  # one connection for each pair, however many requests wait for it
            session = self._sessions.get(peer.transport_key)
            if session is None or (session.told != self._greeting("").record and peer.addresses):
                # A renewed own record: only a new Hello shows it to the peer.
                return await self._dial(peer)
            return session

    async def _dial(self, peer: PeerRecord) -> Session:
        if not peer.addresses:
            raise Unreachable("the peer has no address")
        dialled = addresses_to_dial(peer.addresses, self.addresses)
        self._seen.called(dialled, self._clock.monotonic_s())
        target = iroh.EndpointAddr(iroh.EndpointId.from_bytes(peer.transport_key), None, list(dialled))
        came = self._sessions.coming(peer.transport_key)
        return await self._diallings.first(self._reach(peer, target), came, lambda: self._listener.unanswered(peer))

    async def _reach(self, peer: PeerRecord, target: iroh.EndpointAddr) -> Session:
        try:
            connection = await self._endpoint.connect(target, ALPN)
        except IrohError:
            self._latecomers.suspect(peer.transport_key, peer.addresses)
            raise
        own = self._greeting("")
        try:
            stream = FrameStream(await connection.open_bi())
            await stream.write(codec.encode(own))
            answer = codec.decode_answer(await stream.read(codec.ENVELOPE_BYTES_MAX))
            seen_at = binding.reached_at(connection, peer.addresses)
            session = self._admit(connection, own, answer, seen_at, is_dialled=True)
            session.check_is(peer)
        except (PeerError, IrohError, asyncio.CancelledError) as error:
            connection.close(BROKEN_CODE, b"")
            if isinstance(error, MalformedMessage | WrongVersion | IrohError):
                self._latecomers.suspect(peer.transport_key, peer.addresses)
            raise
        stream.meter = session.meter
        session.idle.append(stream)
        kept = self._sessions.add(session)
        self._spawn(self._serve(session))
        return kept

    async def _receive(self, incoming: iroh.Incoming) -> None:
        """A peer connects.  Until its address is proven to be its own, it takes up no place of that subnet."""
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                subnet = subnet_of(seen_at := binding.address_of(await incoming.remote_addr()))
                is_proven = await incoming.remote_addr_validated()
                # Anybody can name another's address: what is not proven does not count against its owner.
                is_allowed = self._attempts.is_allowed(f"{is_proven} {subnet}", self._clock.monotonic_s())
                if not is_proven and (self._places.is_crowded or not is_allowed or not self._places.has_room(subnet)):
                    self.counters["address to be proven"] += 1
                    await incoming.retry()  # it comes again with a proof
                    return
                if not is_allowed:
                    self.counters["connections too often"] += 1
                    await incoming.ignore()
                    return
                if not self._places.makes_room(subnet):
                    await incoming.refuse()
                    return
                self._seen.took(CONNECTION)
                with self._places.take(subnet if is_proven else UNPROVEN):
                    connection = await (await incoming.accept()).connect()
        except (IrohError, PeerError, TimeoutError):
            self.counters["connection refused broken"] += 1
            return
        if self._places.makes_room(subnet):
            serve = self._latecomers.serve if connection.alpn() == late.PROTOCOL else self._accept
            with self._places.take(subnet):
                await serve(connection, seen_at)
        else:
            connection.close(BROKEN_CODE, b"")

    async def _accept(self, connection: iroh.Connection, seen_at: str) -> None:
        """Greet a peer that has connected, then serve it."""
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                stream = FrameStream(await connection.accept_bi())
                hello = codec.decode_request(await stream.read(codec.ENVELOPE_BYTES_MAX))
                own = self._greeting(seen_at)
                try:
                    session = self._admit(connection, own, hello, seen_at, is_dialled=False)
                except Misdated:
                    # One of the two clocks is wrong.  Whoever has the wrong one learns of it by nothing else.
                    await stream.write(codec.encode(own))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(FAREWELL_S):
                            await connection.closed()
                    raise
                await stream.write(codec.encode(own))
        except (IrohError, PeerError, TimeoutError) as error:
            self.counters[f"connection refused {getattr(error, 'code', 'broken')}"] += 1
            connection.close(BROKEN_CODE, b"")
            if isinstance(error, MalformedMessage | WrongVersion):
                self._latecomers.suspect(connection.remote_id().to_bytes(), (seen_at,))
            return
        stream.meter = session.meter
        self._sessions.add(session)
        await self._serve(session, stream)

    def _admit(
        self, connection: iroh.Connection, own: Hello, hello: object, seen_at: str, *, is_dialled: bool
    ) -> Session:
        """Check the other's Hello against the key that QUIC has proven."""
        if not isinstance(hello, Hello):
            raise MalformedMessage("the first message is no Hello")
        if hello.network != own.network:
            raise WrongNetwork("the peer belongs to another network")
        if not set(hello.wire_versions) & set(own.wire_versions):
            raise WrongVersion("the peer speaks no common version")
        if hello.record.transport_key != connection.remote_id().to_bytes():
            raise BadSignature("the record is another vault's")
        subnet, now_s = subnet_of(seen_at), self._clock.monotonic_s()
        try:
            check_record(hello.record, self._clock.utc_s())
        except Misdated:
            if is_dialled:  # of strangers that come a few would be enough to put any clock in the wrong
                self._seen.misdated(subnet, hello.record, Now(now_s, self._clock.utc_s()))
            raise
        self._listener.greeted(hello.record, hello.head)
        origin: Origin = ""
        if is_dialled:
            self._seen.told(subnet, hello.seen_at)
            self._say_where_it_is()
        elif all(other.subnet != subnet for other in self._sessions.dialled):
            origin = self._seen.origin(subnet, self.addresses, now_s)
            self._seen.came(origin, now_s)
        serving = self._requests.serving(subnet)
        return Session(
            connection=connection,
            peer=hello.record,
            subnet=subnet,
            told=own.record,
            serving=serving,
            is_dialled=is_dialled,
            since_s=now_s,
            answered_s=now_s,
            used_s=now_s,
            meter=self._meter_of(seen_at),
            origin=origin,
        )

    def _meter_of(self, address: str) -> Meter | None:
        """None for who is seen on this computer: what they exchange takes nothing of the farmer's line."""
        is_here = address.rpartition(":")[0] in {own.rpartition(":")[0] for own in self.addresses}
        return None if is_here else Meter(self._sending, self._receiving, subnet_of(address))

    async def _serve(self, session: Session, first: FrameStream | None = None) -> None:
        """Answer what comes on the peer's streams until the connection ends.  ``first``: the one of its Hello."""
        self._seen.opened(session.connection)
        try:
            async with asyncio.TaskGroup() as streams:
                streams.create_task(watch_other_streams(session, self._cut_off))
                streams.create_task(watch_signs(session, self._cut_off, self._clock, self._seen))
                if first is not None:
                    session.streams_open += 1
                    streams.create_task(self._converse(session, first))
                while True:
                    stream = await session.connection.accept_bi()
                    if session.streams_open >= STREAMS_OPEN_MAX:
                        self._cut_off(session, "peer over stream limit")
                        break
                    session.streams_open += 1
                    streams.create_task(self._converse(session, FrameStream(stream, session.meter)))
        except* IrohError:
            self.counters["connection ended"] += 1
        finally:
            self._seen.closed(session.connection)
            self._sessions.forget(session)

    def _cut_off(self, session: Session, why: str) -> None:
        self.counters[why] += 1
        session.close(BROKEN_CODE)

    async def _converse(self, session: Session, stream: FrameStream) -> None:
        """Answer one request after the other.  A stream that waits for the next one costs no place."""
        self._seen.took(STREAM)
        try:
            while not stream.is_spent and await stream.wait():
                if not self._requests.has_room(session.subnet):
                    self.counters["request over limit"] += 1
                    await stream.break_off()
                    return
                with self._requests.take(session.subnet), session.at_work():
                    await self._answer(session, stream)
            await stream.finish()
        except (IrohError, TimeoutError):
            if session.connection.close_reason() is None:
                self.counters["request broken off"] += 1
                await stream.break_off()
        finally:
            session.streams_open -= 1

    async def _answer(self, session: Session, stream: FrameStream) -> None:
        async with session.serving:
            content = await stream.read(codec.MESSAGE_BYTES_MAX, PIECE_S)
            session.used_s = self._clock.monotonic_s()
            self._seen.came(session.origin, session.used_s)
            answer = await self._handler(session.peer, session.subnet, content, is_here=session.is_here)
            if session.meter is not None and session.meter.would_last(len(answer), ANSWER_S_MAX):
                self.counters["answer too long for the line"] += 1
                answer = BUSY
            async with asyncio.timeout(WRITE_TIMEOUT_S) as limit:
                await stream.write(answer, limit)
            session.used_s = self._clock.monotonic_s()  # it has waited, and still has to reach the peer
