"""The network between the simulated vaults: what QUIC would make of lines that are slow, lossy, cut or behind a NAT.

    request -> session with the transport key (dialled first, if there is none) -> message -> handler -> answer

Content really is bytes, and every message has a delay of its own, so that messages overtake each other.  What is lost
is sent again after a while, as QUIC does; so a cut shows as silence, and a lossy line as a slow one.  A session dies
with either process; the other end notices by silence alone, as after a real power cut, unless it was closed in order.

Signs of life are not simulated one by one: whoever watches a peer is told of its silence some time after it died,
was cut off or broke the session, which is all that the beats would have brought.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
import random
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from node.vault.core.identity import PeerRecord, check_record, subnet_of
from node.vault.errors import BadSignature, PeerError, Unreachable
from node.vault.looks import Looks
from node.vault.ports import Answered, Clock, Handler
from tests.simulation.loop import Owner, SimLoop, current_owner

RESEND_S: Final = 0.3  # after the first loss; doubled with each further one
SEND_S: Final = 5.0
MAPPING_S: Final = 30.0  # after which a router forgets through which port a silent vault can be dialled
RESENDS_MAX: Final = 7  # then the line is dead for QUIC too
DOOR_S: Final = 0.5  # without an answer, before the vault is told
SILENT_BEATS: Final = 3.0
SESSIONS_MAX: Final = 384  # as a real vault: 256 accepted, 128 dialled

Silent = Callable[[PeerRecord], None]


class Nat(Enum):
    """What stands between a vault and the world."""

    OPEN = auto()
    CONE = auto()  # can be dialled while its router remembers that it has sent something
    RESTRICTED = auto()  # can be dialled only by whom it has sent something lately
    SYMMETRIC = auto()  # nobody can dial it: it is reached over sessions that it has made


@dataclass(frozen=True, slots=True)
class LineOptions:
    """What the lines are like; ``loss`` and the two others are shares of messages."""

    latency_s_min: float = 0.01
    latency_s_mean: float = 0.04  # above the least
    loss: float = 0.01
    repeated: float = 0.0  # requests that arrive twice, as when their sender tries again
    broken: float = 0.0  # answers whose session breaks before they arrive
    bytes_per_s: float = 4e6


class Session:
    """What two endpoints know of each other.  Either end may forget it alone."""

    __slots__ = ("is_closed", "other", "peer", "told")

    def __init__(self, other: Endpoint, peer: PeerRecord, told: PeerRecord) -> None:
        self.other = other
        self.peer = peer  # the other's record, as proven when the session was made
        self.told = told  # the own record that the other was shown
        self.is_closed = False


class SimNetwork:
    """All endpoints, and which of them cannot hear which."""

    def __init__(self, loop: SimLoop, seed: str) -> None:
        self.loop = loop
        self.chance = random.Random(f"{seed}/network")
        self.options = LineOptions()
        self.endpoints: dict[str, Endpoint] = {}  # by address
        self.message_count = 0
        self._sides: list[frozenset[str]] = []  # addresses, each of which and all others do not hear each other
        self._deaf: dict[tuple[str, str], int] = {}  # (from, to) that do not get through, and how often so

    def can_pass(self, source: str, target: str) -> bool:
        if self._sides and any((source in side) != (target in side) for side in self._sides):
            return False
        return not self._deaf or (source, target) not in self._deaf

    def divide(self, side: frozenset[str]) -> None:
        """From now on those of ``side`` and all others do not hear each other, until ``unite``."""
        self._sides.append(side)
        self._look_for_silence()

    def unite(self, side: frozenset[str]) -> None:
        self._sides.remove(side)

    def cut(self, source: str, target: str) -> None:
        self._deaf[source, target] = self._deaf.get((source, target), 0) + 1
        self._look_for_silence()

    def mend(self, source: str, target: str) -> None:
        left = self._deaf.pop((source, target)) - 1
        if left:
            self._deaf[source, target] = left

    def delay_s(self, length: int) -> float:
        """How long a message takes; lost ones are sent again."""
        options, chance = self.options, self.chance
        delay_s = options.latency_s_min - options.latency_s_mean * math.log(1.0 - chance.random())
        resend_s = RESEND_S
        while options.loss and chance.random() < options.loss:
            delay_s += resend_s
            resend_s *= 2
        return delay_s + length / options.bytes_per_s

    def _look_for_silence(self) -> None:
        for endpoint in list(self.endpoints.values()):
            endpoint.look_for_silence()


class Endpoint:
    """Fulfils ``ports.Network`` for one run of a vault."""

    def __init__(
        self, network: SimNetwork, owner: Owner, address: str, nat: Nat, clock: Clock, record: Callable[[], PeerRecord],
        handler: Handler, beat_s: float, unanswered: Callable[[PeerRecord], None] = lambda _peer: None,
    ) -> None:  # fmt: skip
        self.address = address
        self.addresses = (address,)
        self.subnet = subnet_of(address)
        self.is_open = True
        self.counters: Counter[str] = Counter()
        self._network = network
        self._loop = network.loop
        self._owner = owner
        # Whoever brings news to this process, and be it by dying: what comes of it belongs to this one.
        self._context = contextvars.copy_context()
        self._context.run(current_owner.set, owner)
        self._nat = nat
        self._sent_s = -math.inf  # the last time that a router learned a port from
        self._sent_to_s: dict[str, float] = {}  # as much for each address, where the router minds it
        self._dialling: dict[asyncio.Future[Session], bytes] = {}  # who waits for which transport key
        self._unanswered = unanswered
        self._clock = clock
        self._record = record
        self._handler = handler
        self._beat_s = beat_s
        self._sessions: dict[bytes, Session] = {}  # by transport key
        self._watched: dict[bytes, PeerRecord] = {}  # by transport key
        self._silent: Silent | None = None
        self._watchers: dict[Endpoint, None] = {}  # who watches this one
        network.endpoints[address] = self

    @property
    def transport_key(self) -> bytes:
        return self._record().transport_key

    async def request(self, peer: PeerRecord, content: bytes, timeout_s: float) -> Answered:
        session: Session | None = None
        answer: asyncio.Future[bytes] = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, _time_out, answer)
        try:
            session = self._sessions.get(peer.transport_key)
            if session is None or session.is_closed or session.told is not self._record():
                session = await self._dial(peer, answer)
            self._send(session, content, answer)
            received = await answer
        except TimeoutError as error:
            if session is not None and self._sessions.get(session.peer.transport_key) is session:
                del self._sessions[session.peer.transport_key]  # the next request dials anew
                self._listen_to(session.peer.transport_key)
            raise Unreachable("no answer in time") from error
        finally:
            timer.cancel()
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # it is told by now, or nobody is left to be told
        return Answered(received, session.other.subnet, session.peer)

    async def ask_newer(self, peer: PeerRecord, kind: int, subject: bytes, timeout_s: float) -> bytes:
        raise Unreachable("all speak the same version here")

    async def send(self, peers: Sequence[PeerRecord], content: bytes, most: int) -> None:
        live = [peer for peer in peers if self._hears(peer.transport_key)]
        for peer in live[:most]:
            with contextlib.suppress(Unreachable):
                await self.request(peer, content, SEND_S)

    def looks(self, looks: Looks) -> Looks:
        return looks

    def watch(self, peers: Sequence[PeerRecord], silent: Silent) -> None:
        self._silent = silent
        for key in self._watched:
            other = self._endpoint_of(key)
            if other is not None:
                other._watchers.pop(self, None)
        known, self._watched = self._watched, {peer.transport_key: peer for peer in peers}
        for key in self._watched:
            other = self._endpoint_of(key)
            if other is not None:
                other._watchers[self] = None
            if key not in known:
                self._listen_to(key)

    async def close(self) -> None:
        """In order: whoever has a session learns of it at once."""
        if self.is_open:
            for session in list(self._sessions.values()):
                back = session.other._sessions.get(self.transport_key)
                if back is not None:
                    back.is_closed = True
            self.vanish()

    def vanish(self) -> None:
        """The process died: no word to anybody."""
        self.is_open = False
        if self._network.endpoints.get(self.address) is self:
            del self._network.endpoints[self.address]
        self._sessions.clear()
        for key in self._watched:
            other = self._endpoint_of(key)
            if other is not None:
                other._watchers.pop(self, None)
        self._watched = {}
        for watcher in list(self._watchers):
            watcher._listen_to(self.transport_key)

    def look_for_silence(self) -> None:
        for key in self._watched:
            if not self._hears(key):
                self._listen_to(key)

    def fall_silent(self, chance: random.Random) -> None:
        """Take a watched peer for silent although it is not: enough beats were lost."""
        peers = list(self._watched.values())
        if peers and self._silent is not None and self.is_open:
            self._context.run(self._say_silent, peers[chance.randrange(len(peers))])

    def forget_mappings(self) -> None:
        """The router starts anew: what comes over an old session finds nobody, and this vault has to dial again."""
        if self._nat is not Nat.OPEN:
            self._sent_s = -math.inf
            self._sent_to_s.clear()
            for session in list(self._sessions.values()):
                session.other._sessions.pop(self.transport_key, None)
                session.other._listen_to(self.transport_key)
                self._listen_to(session.peer.transport_key)
            self._sessions.clear()

    def _listen_to(self, key: bytes) -> None:
        delay_s = self._beat_s * (SILENT_BEATS + self._network.chance.random() / 4)
        self._loop.call_later(delay_s, self._listened, key, context=self._context)

    def _listened(self, key: bytes) -> None:
        peer = self._watched.get(key)
        if peer is not None and self.is_open and not self._hears(key):
            self._say_silent(peer)

    def _say_silent(self, peer: PeerRecord) -> None:
        assert self._silent is not None
        self._loop.trace(f"silent {peer.addresses[:1]} for {self.address}")
        self._silent(peer)

    def _hears(self, key: bytes) -> bool:
        """Whether beats of this peer arrive: over a live session, in both directions."""
        session = self._sessions.get(key)
        if session is None or session.is_closed or not session.other.is_open:
            return False
        address = session.other.address
        return self._network.can_pass(self.address, address) and self._network.can_pass(address, self.address)

    def _endpoint_of(self, key: bytes) -> Endpoint | None:
        session = self._sessions.get(key)
        return session.other if session is not None else None

    async def _dial(self, peer: PeerRecord, answer: asyncio.Future[bytes]) -> Session:
        """Connect and greet, while ``answer`` may still come; a time-out of it ends this too."""
        if not peer.addresses:
            raise Unreachable("the peer has no address")
        waiter: asyncio.Future[Session] = self._loop.create_future()
        answer.add_done_callback(lambda _answer: _time_out(waiter))
        self._dialling[waiter] = peer.transport_key
        self._has_sent_to(peer.addresses[0])
        delay_s = self._network.delay_s(0) + self._network.delay_s(0)  # one round trip; the second carries the message
        self._loop.call_later(delay_s, self._connect, peer, waiter, 0)
        door = self._loop.call_later(DOOR_S, self._unanswered, peer)
        try:
            return await waiter
        finally:
            door.cancel()
            del self._dialling[waiter]

    def _connect(self, peer: PeerRecord, waiter: asyncio.Future[Session], tried: int) -> None:
        if waiter.done() or not self.is_open:
            return
        network, address = self._network, peer.addresses[0]
        other = network.endpoints.get(address)
        self._has_sent_to(address)
        is_reached = (
            other is not None and other._can_be_dialled(self.address) and other.transport_key == peer.transport_key
        )
        if other is None or not is_reached or not network.can_pass(self.address, address) or not network.can_pass(
            address, self.address
        ):  # fmt: skip
            if tried < RESENDS_MAX:  # until then nobody knows: it may come back
                self._loop.call_later(RESEND_S * 2**tried, self._connect, peer, waiter, tried + 1)
            return
        try:
            self._greet(peer, other)  # whoever waits for it is told
        except PeerError as error:
            waiter.set_exception(error)

    def _greet(self, peer: PeerRecord, other: Endpoint) -> Session:
        """Hello both ways: each checks the other's record by its own calendar."""
        own, theirs = self._record(), other._record()
        try:
            check_record(own, other._clock.utc_s())
        except PeerError as error:
            other.counters[f"connection refused {error.code}"] += 1
            raise Unreachable("the peer has closed the connection") from error
        check_record(theirs, self._clock.utc_s())
        if peer.vault_id and theirs.vault_id != peer.vault_id:
            raise BadSignature("the peer has another vault id than its record says")
        session = Session(other, theirs, own)
        self._keep(theirs.transport_key, session)
        other._keep(own.transport_key, Session(self, own, theirs))
        self._loop.trace(f"session {self.address} {other.address}")
        return session

    def _keep(self, key: bytes, session: Session) -> None:
        self._sessions.pop(key, None)
        self._sessions[key] = session
        if len(self._sessions) > SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]
        if key in self._watched:
            session.other._watchers[self] = None
        for waiter, wanted in self._dialling.items():
            if wanted == key and not waiter.done():
                waiter.set_result(session)

    def _has_sent_to(self, address: str) -> None:
        self._sent_s = self._loop.now_s
        if self._nat is Nat.RESTRICTED:
            self._sent_to_s[address] = self._loop.now_s

    def _can_be_dialled(self, by: str) -> bool:
        if self._nat is Nat.RESTRICTED:
            return self._loop.now_s - self._sent_to_s.get(by, -math.inf) < MAPPING_S
        if self._nat is Nat.CONE and any(self._hears(key) for key in self._watched):
            self._sent_s = self._loop.now_s  # it sends signs of life all the time
        is_known = self._loop.now_s - self._sent_s < MAPPING_S
        return self._nat is Nat.OPEN or (self._nat is Nat.CONE and is_known)

    def _send(self, session: Session, content: bytes, answer: asyncio.Future[bytes]) -> None:
        network, loop = self._network, self._loop
        self._sent_s = loop.now_s
        loop.call_later(network.delay_s(len(content)), self._arrive, session, content, answer, 0)
        if network.options.repeated and network.chance.random() < network.options.repeated:
            loop.call_later(network.delay_s(len(content)), self._arrive, session, content, answer, 0)

    def _arrive(self, session: Session, content: bytes, answer: asyncio.Future[bytes], tried: int) -> None:
        """The request is at the other end, or has to be sent again."""
        other, loop = session.other, self._loop
        if not other.is_open or not self.is_open:
            return  # nobody is there: the time-out of the request tells
        if not self._network.can_pass(self.address, other.address):
            if tried < RESENDS_MAX:
                loop.call_later(RESEND_S * 2**tried, self._arrive, session, content, answer, tried + 1)
            return
        if self.transport_key not in other._sessions:
            session.is_closed = True  # the other end has given it up
            return
        self._network.message_count += 1
        loop.trace(f"request {self.address} {other.address} {len(content)} {zlib.crc32(content)}")
        loop.spawn(other._owner, other._serve(session, self, content, answer))

    async def _serve(self, session: Session, asker: Endpoint, content: bytes, answer: asyncio.Future[bytes]) -> None:
        """Let the handler answer a request of ``asker``.  Runs as a task of the answering process."""
        reply = await self._handler(session.told, asker.subnet, content, is_here=False)
        options, chance = self._network.options, self._network.chance
        if options.broken and chance.random() < options.broken:
            session.is_closed = True
            return
        self._loop.call_later(self._network.delay_s(len(reply)), self._come_back, asker, reply, answer, 0)

    def _come_back(self, asker: Endpoint, reply: bytes, answer: asyncio.Future[bytes], tried: int) -> None:
        if answer.done() or not asker.is_open or not self.is_open:
            return
        if not self._network.can_pass(self.address, asker.address):
            if tried < RESENDS_MAX:
                self._loop.call_later(RESEND_S * 2**tried, self._come_back, asker, reply, answer, tried + 1)
            return
        self._network.message_count += 1
        self._loop.trace(f"answer {self.address} {asker.address} {len(reply)} {zlib.crc32(reply)}")
        answer.set_result(reply)


def _time_out(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())
