"""Requests over QUIC by iroh: one connection for each pair of vaults, one stream for each request.

    dial or accept -> Hello both ways, under a time limit -> a session -> streams: request in, answer out

iroh proves the transport key; Hello brings the certificate and record that lead to the vault id.  Relays are off.  All
time limits are ours: iroh itself notices a dead peer only after 30 s, and that cannot be set from Python.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import iroh
from iroh import IrohError

from node.vault.core import codec
from node.vault.core.identity import PeerRecord, check_record, subnet_of
from node.vault.core.messages import Hello
from node.vault.errors import BadSignature, MalformedMessage, PeerError, Unreachable, WrongNetwork
from node.vault.ports import Answered, Clock, Handler
from node.vault.transport import iroh_bytes

ALPN: Final = b"perennial/1"
HELLO_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 15.0
CONNECTIONS_MAX: Final = 256  # about 100 kB of memory each
STREAMS_PER_PEER_MAX: Final = 32
REFUSED_CODE: Final = 400

logger = logging.getLogger(__name__)
Greeting = Callable[[str], Hello]  # the own Hello for a peer that is seen at this address


@dataclass(slots=True, eq=False)
class _Session:
    """One live connection to a peer whose vault id is proven."""

    connection: iroh.Connection
    peer: PeerRecord
    subnet: str
    asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STREAMS_PER_PEER_MAX))
    serving: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STREAMS_PER_PEER_MAX))
    answered_s: float = 0.0


class IrohNetwork:
    """Fulfils ``ports.Network`` and serves peers' requests while ``run`` runs."""

    def __init__(self, endpoint: iroh.Endpoint, greeting: Greeting, handler: Handler, clock: Clock) -> None:
        self._endpoint = endpoint
        self._greeting = greeting
        self._handler = handler
        self._clock = clock
        self._sessions: dict[bytes, _Session] = {}  # by transport key
        self._dialling: dict[bytes, asyncio.Lock] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._connections = 0
        self.counters: Counter[str] = Counter()

    @classmethod
    async def bind(cls, seed: bytes, address: str, greeting: Greeting, handler: Handler, clock: Clock) -> IrohNetwork:
        """Bind a UDP port under the transport key of ``seed``.

        Raises:
            OSError: The address or port cannot be used.
        """
        iroh_bytes.repair()
        options = iroh.EndpointOptions(
            preset=iroh.preset_minimal(), relay_mode=iroh.RelayMode.disabled(), bind_addr=address, alpns=[ALPN],
            secret_key=seed,
        )  # fmt: skip
        try:
            endpoint = await iroh.Endpoint.bind(options)
        except IrohError as error:
            raise OSError(f"cannot use {address}: {_say(error)}") from error
        return cls(endpoint, greeting, handler, clock)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the endpoint can be dialled, ``ip:port``, IPv4 first."""
        return tuple(str(address) for address in self._endpoint.addr().direct_addresses())

    async def run(self) -> None:
        """Accept connections until cancelled or closed."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            while (incoming := await self._endpoint.accept_next()) is not None:
                if self._connections >= CONNECTIONS_MAX:
                    self.counters["connection over limit"] += 1
                    await incoming.refuse()
                    continue
                tasks.create_task(self._accept(incoming))

    async def close(self) -> None:
        for session in self._sessions.values():
            session.connection.close(0, b"")
        await self._endpoint.close()

    async def request(self, peer: PeerRecord, content: bytes, timeout_s: float) -> Answered:
        session: _Session | None = None
        started_s = self._clock.monotonic_s()
        try:
            async with asyncio.timeout(timeout_s):
                session = await self._session_with(peer)
                async with session.asking:
                    answer = await _exchange(session.connection, content)
        except (IrohError, TimeoutError) as error:
            if session is not None and session.answered_s <= started_s:
                self._forget(session)  # nothing has come over it since: the next request dials anew
            raise Unreachable(_say(error)) from error
        session.answered_s = self._clock.monotonic_s()
        return Answered(answer, session.subnet)

    async def _session_with(self, peer: PeerRecord) -> _Session:
        lock = self._dialling.setdefault(peer.transport_key, asyncio.Lock())
        try:
            async with lock:  # one connection for each pair, however many requests wait for it
                session = self._sessions.get(peer.transport_key)
                if session is None or session.connection.close_reason() is not None:
                    session = await self._dial(peer)
                return session
        finally:
            if not lock.locked():
                self._dialling.pop(peer.transport_key, None)

    async def _dial(self, peer: PeerRecord) -> _Session:
        if not peer.addresses:
            raise Unreachable("the peer has no address")
        target = iroh.EndpointAddr(iroh.EndpointId.from_bytes(peer.transport_key), None, list(peer.addresses))
        connection = await self._endpoint.connect(target, ALPN)
        try:
            answer = codec.decode_answer(await _exchange(connection, codec.encode(self._greeting(""))))
            seen_at = next((str(path.remote_addr) for path in connection.paths()), peer.addresses[0])
            session = self._admit(connection, answer, seen_at)
            if session.peer.vault_id != peer.vault_id:
                raise BadSignature("the peer has another vault id than its record says")
        except PeerError:
            connection.close(REFUSED_CODE, b"")
            raise
        self._start_serving(session)
        return session

    async def _accept(self, incoming: iroh.Incoming) -> None:
        connection: iroh.Connection | None = None
        self._connections += 1
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                seen_at = _address_of(await incoming.remote_addr())
                connection = await (await incoming.accept()).connect()
                stream = await connection.accept_bi()
                hello = codec.decode_request(await stream.recv().read_to_end(codec.ENVELOPE_BYTES_MAX))
                session = self._admit(connection, hello, seen_at)
                await _send(stream, codec.encode(self._greeting(seen_at)))
            await self._serve(session)
        except (IrohError, PeerError, TimeoutError) as error:
            self.counters[f"connection refused {getattr(error, 'code', 'broken')}"] += 1
            if connection is not None:
                connection.close(REFUSED_CODE, b"")
        finally:
            self._connections -= 1

    def _admit(self, connection: iroh.Connection, hello: object, seen_at: str) -> _Session:
        """Check the other's Hello against the key that QUIC has proven."""
        own = self._greeting("")
        if not isinstance(hello, Hello):
            raise MalformedMessage("the first message is no Hello")
        if hello.network != own.network:
            raise WrongNetwork("the peer belongs to another network")
        if not set(hello.wire_versions) & set(own.wire_versions):
            raise WrongNetwork("the peer speaks no common version")
        if hello.record.transport_key != connection.remote_id().to_bytes():
            raise BadSignature("the record is another vault's")
        check_record(hello.record, self._clock.utc_s())
        session = _Session(connection, hello.record, subnet_of(seen_at))
        self._sessions[hello.record.transport_key] = session
        return session

    def _start_serving(self, session: _Session) -> None:
        assert self._tasks is not None, "requests need run()"
        self._connections += 1
        self._tasks.create_task(self._serve_dialled(session))

    async def _serve_dialled(self, session: _Session) -> None:
        try:
            await self._serve(session)
        except IrohError:
            self.counters["connection ended"] += 1
        finally:
            self._connections -= 1

    async def _serve(self, session: _Session) -> None:
        """Answer the peer's streams until the connection ends."""
        try:
            async with asyncio.TaskGroup() as streams:
                while True:
                    stream = await session.connection.accept_bi()
                    await session.serving.acquire()
                    streams.create_task(self._answer(session, stream))
        except* IrohError:
            self.counters["connection ended"] += 1
        finally:
            self._forget(session)

    async def _answer(self, session: _Session, stream: iroh.BiStream) -> None:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                content = await stream.recv().read_to_end(codec.MESSAGE_BYTES_MAX)
            await _send(stream, await self._handler(session.peer, session.subnet, content))
        except (IrohError, TimeoutError):
            self.counters["request broken off"] += 1
            with contextlib.suppress(IrohError):
                await stream.send().reset(REFUSED_CODE)
        finally:
            session.serving.release()

    def _forget(self, session: _Session) -> None:
        if self._sessions.get(session.peer.transport_key) is session:
            del self._sessions[session.peer.transport_key]
        session.connection.close(0, b"")


def _address_of(source: iroh.IncomingAddr) -> str:
    if not isinstance(source, iroh.IncomingAddr.IP):
        raise MalformedMessage("the connection came by no IP address")
    return source.addr


async def _exchange(connection: iroh.Connection, content: bytes) -> bytes:
    stream = await connection.open_bi()
    try:
        await _send(stream, content)
        return await stream.recv().read_to_end(codec.MESSAGE_BYTES_MAX)
    except asyncio.CancelledError:
        # An unknown part has been written: the stream must not end as if it were whole.
        with contextlib.suppress(IrohError):
            await asyncio.shield(stream.send().reset(REFUSED_CODE))
        raise


async def _send(stream: iroh.BiStream, content: bytes) -> None:
    await stream.send().write_all(content)
    await stream.send().finish()


def _say(error: BaseException) -> str:
    """One line: iroh's own message runs over several."""
    return " ".join(error.message().split()) if isinstance(error, IrohError) else "no answer in time"
