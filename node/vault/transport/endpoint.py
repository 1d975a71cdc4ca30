"""Requests over QUIC by iroh: one connection for each pair of vaults, one stream for each request.

    dial or accept -> Hello both ways, under a time limit -> a session -> streams: request in, answer out

iroh proves the transport key; Hello brings the certificate and record that lead to the vault id.  Relays are off.  All
time limits are ours: iroh itself notices a dead peer only after 30 s, and that cannot be set from Python.  Nor can its
windows be set before a connection stands: up to 1.25 MB of each stream that nobody has read yet lie in our memory.
Hence streams, connections and subnets are counted, and whoever goes over a limit is cut off or turned away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

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
WRITE_TIMEOUT_S: Final = 30.0  # a peer that takes no answer must not keep it in our memory
ACCEPTED_MAX: Final = 256  # connections made by peers; about 100 kB of memory each
ACCEPTED_PER_SUBNET_MAX: Final = 16
DIALLED_MAX: Final = 128  # connections made by us; then the one that was of use longest ago is closed
UNPROVEN_MAX: Final = 32  # handshakes at once; then a peer must first prove that its address is its own
UNPROVEN: Final = "unproven"
ASKING_MAX: Final = 8  # requests to one peer at once
STREAMS_OPEN_MAX: Final = 2 * ASKING_MAX  # of one peer; ours never has so many
SERVING_PER_SUBNET_MAX: Final = 32  # requests at once, each up to 1 MiB in and 1 MiB out
REPLACED_S: Final = 20.0  # how long requests may go on over a connection that a newer one has replaced
REFUSED_CODE: Final = 400
TOO_LONG: Final = "TooLong"  # how iroh says that it would not read more

logger = logging.getLogger(__name__)
Greeting = Callable[[str], Hello]  # the own Hello for a peer that is seen at this address


@dataclass(slots=True, eq=False)
class _Session:
    """One live connection to a peer whose vault id is proven.  ``told``: the own record that the peer was shown."""

    connection: iroh.Connection
    peer: PeerRecord
    subnet: str
    told: PeerRecord
    serving: asyncio.Semaphore  # shared by all sessions of the subnet
    asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ASKING_MAX))
    streams_open: int = 0
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
        self._accepted: Counter[str] = Counter()  # connections made by peers, by subnet
        self._dialled: set[_Session] = set()
        self._serving: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # by subnet
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
                tasks.create_task(self._receive(incoming))

    async def close(self) -> None:
        for session in [*self._sessions.values(), *self._dialled]:
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
        return Answered(answer, session.subnet, session.peer)

    def watch(self, peers: Sequence[PeerRecord], silent: Callable[[PeerRecord], None]) -> None:
        """Nothing yet."""

    async def _session_with(self, peer: PeerRecord) -> _Session:
        lock = self._dialling.setdefault(peer.transport_key, asyncio.Lock())
        try:
            async with lock:  # one connection for each pair, however many requests wait for it
                session = self._sessions.get(peer.transport_key)
                if session is None or session.connection.close_reason() is not None:
                    return await self._dial(peer)
                if session.told != self._greeting("").record and peer.addresses:
                    # The own certificate was renewed: only a new Hello shows it to the peer.
                    newer = await self._dial(peer)
                    asyncio.get_running_loop().call_later(REPLACED_S, self._forget, session)
                    return newer
                return session
        finally:
            if not lock.locked():
                self._dialling.pop(peer.transport_key, None)

    async def _dial(self, peer: PeerRecord) -> _Session:
        if not peer.addresses:
            raise Unreachable("the peer has no address")
        assert self._tasks is not None, "requests need run()"
        target = iroh.EndpointAddr(iroh.EndpointId.from_bytes(peer.transport_key), None, list(peer.addresses))
        connection = await self._endpoint.connect(target, ALPN)
        own = self._greeting("")
        try:
            answer = codec.decode_answer(await _exchange(connection, codec.encode(own), codec.ENVELOPE_BYTES_MAX))
            seen_at = next((str(path.remote_addr) for path in connection.paths()), peer.addresses[0])
            session = self._admit(connection, own, answer, seen_at)
            if peer.vault_id and session.peer.vault_id != peer.vault_id:
                raise BadSignature("the peer has another vault id than its record says")
        except (PeerError, IrohError, asyncio.CancelledError):
            connection.close(REFUSED_CODE, b"")
            raise
        self._make_room()
        self._dialled.add(session)
        self._sessions[session.peer.transport_key] = session
        self._tasks.create_task(self._serve(session))
        return session

    def _make_room(self) -> None:
        """Peers can lure us to ever more vaults: of the connections that we made, only the useful ones are kept."""
        while len(self._dialled) >= DIALLED_MAX:
            useless = min(self._dialled, key=lambda session: session.answered_s)
            self._dialled.discard(useless)
            self._forget(useless)

    async def _receive(self, incoming: iroh.Incoming) -> None:
        """A peer connects.  Until its address is proven to be its own, it takes up no place of that subnet."""
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                seen_at = _address_of(await incoming.remote_addr())
                subnet = subnet_of(seen_at)
                is_proven = await incoming.remote_addr_validated()
                if not is_proven and self._accepted[UNPROVEN] >= UNPROVEN_MAX:
                    self.counters["address to be proven"] += 1
                    await incoming.retry()  # it comes again with a proof
                    return
                if not self._has_room(subnet):
                    await incoming.refuse()
                    return
                with self._place(subnet if is_proven else UNPROVEN):
                    connection = await (await incoming.accept()).connect()
        except (IrohError, PeerError, TimeoutError):
            self.counters["connection refused broken"] += 1
            return
        if self._has_room(subnet):
            with self._place(subnet):
                await self._accept(connection, seen_at)
        else:
            connection.close(REFUSED_CODE, b"")

    def _has_room(self, subnet: str) -> bool:
        has_room = self._accepted[subnet] < ACCEPTED_PER_SUBNET_MAX and self._accepted.total() < ACCEPTED_MAX
        self.counters["connection over limit"] += not has_room
        return has_room

    @contextlib.contextmanager
    def _place(self, subnet: str) -> Iterator[None]:
        self._accepted[subnet] += 1
        try:
            yield
        finally:
            self._accepted[subnet] -= 1
            self._accepted += Counter()  # drops the subnets that have none left

    async def _accept(self, connection: iroh.Connection, seen_at: str) -> None:
        """Greet a peer that has connected, then serve it."""
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                stream = await connection.accept_bi()
                hello = codec.decode_request(await _read_whole(stream, codec.ENVELOPE_BYTES_MAX))
                own = self._greeting(seen_at)
                session = self._admit(connection, own, hello, seen_at)
                await _send(stream, codec.encode(own))
        except (IrohError, PeerError, TimeoutError) as error:
            self.counters[f"connection refused {getattr(error, 'code', 'broken')}"] += 1
            connection.close(REFUSED_CODE, b"")
            return
        self._sessions[session.peer.transport_key] = session
        await self._serve(session)

    def _admit(self, connection: iroh.Connection, own: Hello, hello: object, seen_at: str) -> _Session:
        """Check the other's Hello against the key that QUIC has proven."""
        if not isinstance(hello, Hello):
            raise MalformedMessage("the first message is no Hello")
        if hello.network != own.network:
            raise WrongNetwork("the peer belongs to another network")
        if not set(hello.wire_versions) & set(own.wire_versions):
            raise WrongNetwork("the peer speaks no common version")
        if hello.record.transport_key != connection.remote_id().to_bytes():
            raise BadSignature("the record is another vault's")
        check_record(hello.record, self._clock.utc_s())
        subnet = subnet_of(seen_at)
        serving = self._serving.setdefault(subnet, asyncio.Semaphore(SERVING_PER_SUBNET_MAX))
        return _Session(connection, hello.record, subnet, own.record, serving, answered_s=self._clock.monotonic_s())

    async def _serve(self, session: _Session) -> None:
        """Answer the peer's streams until the connection ends."""
        try:
            async with asyncio.TaskGroup() as streams:
                streams.create_task(self._watch_other_streams(session))
                while True:
                    stream = await session.connection.accept_bi()
                    if session.streams_open >= STREAMS_OPEN_MAX:
                        self._cut_off(session, "peer over stream limit")
                        break
                    session.streams_open += 1
                    streams.create_task(self._answer(session, stream))
        except* IrohError:
            self.counters["connection ended"] += 1
        finally:
            self._dialled.discard(session)
            self._forget(session)

    async def _watch_other_streams(self, session: _Session) -> None:
        """Requests come on streams of two directions; others would only fill the memory."""
        await session.connection.accept_uni()
        self._cut_off(session, "peer with odd streams")

    def _cut_off(self, session: _Session, why: str) -> None:
        self.counters[why] += 1
        session.connection.close(REFUSED_CODE, b"")

    async def _answer(self, session: _Session, stream: iroh.BiStream) -> None:
        try:
            async with session.serving:
                async with asyncio.timeout(READ_TIMEOUT_S):
                    content = await _read_whole(stream, codec.MESSAGE_BYTES_MAX)
                answer = await self._handler(session.peer, session.subnet, content)
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await _send(stream, answer)
        except (IrohError, TimeoutError):
            self.counters["request broken off"] += 1
            with contextlib.suppress(IrohError):
                await stream.send().reset(REFUSED_CODE)
        finally:
            session.streams_open -= 1

    def _forget(self, session: _Session) -> None:
        if self._sessions.get(session.peer.transport_key) is session:
            del self._sessions[session.peer.transport_key]
        session.connection.close(0, b"")


def _address_of(source: iroh.IncomingAddr) -> str:
    if not isinstance(source, iroh.IncomingAddr.IP):
        raise MalformedMessage("the connection came by no IP address")
    return source.addr


async def _exchange(
    connection: iroh.Connection, content: bytes, answer_bytes_max: int = codec.MESSAGE_BYTES_MAX
) -> bytes:
    stream = await connection.open_bi()
    try:
        await _send(stream, content)
        return await _read_whole(stream, answer_bytes_max)
    except asyncio.CancelledError:
        # An unknown part has been written: the stream must not end as if it were whole.
        with contextlib.suppress(IrohError):
            await asyncio.shield(stream.send().reset(REFUSED_CODE))
        raise


async def _read_whole(stream: iroh.BiStream, bytes_max: int) -> bytes:
    """What the peer sends.  Empty when it is longer: no message is, so whoever decodes it blames the sender."""
    try:
        return await stream.recv().read_to_end(bytes_max)
    except IrohError as error:
        if error.message() != TOO_LONG:
            raise
        return b""


async def _send(stream: iroh.BiStream, content: bytes) -> None:
    await stream.send().write_all(content)
    await stream.send().finish()


def _say(error: BaseException) -> str:
    """One line: iroh's own message runs over several."""
    return " ".join(error.message().split()) if isinstance(error, IrohError) else "no answer in time"
