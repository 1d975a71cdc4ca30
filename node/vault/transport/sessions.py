"""Live connections to peers whose vault id is proven, and which of them is used.

Both ends agree on the one to use.  The newer one wins: its Hello shows a renewed certificate, or the peer has lost the
older one.  Two vaults that dial each other at the same moment have two that show the same; then the one dialled by the
smaller transport key wins.  Whoever dialled the other one closes it once the requests on it have come to their end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import iroh

from node.vault.core.identity import PeerRecord
from node.vault.errors import BadSignature
from node.vault.transport.limits import Signs
from node.vault.transport.seen import Origin
from node.vault.transport.streams import LENGTH_BYTES, OWN_LINE_S_MAX, FrameStream, Passage, passage
from node.vault.transport.throttle import Meter

ASKING_MAX: Final = 8  # requests to one peer at once
STREAMS_OPEN_MAX: Final = 2 * ASKING_MAX  # of one peer; ours never has so many
IDLE_STREAMS_MAX: Final = 4  # kept for the next requests; each costs the peer a task
ACCEPTED_KEPT: Final = 224  # connections made by peers; then one of no use gives way to the next
OF_SUBNET_KEPT: Final = 12  # of these, of one subnet
IDLE_S: Final = 60.0  # without a request either way
DIALLED_MAX: Final = 128  # connections made by us; then the one that was of use longest ago is closed
REPLACED_S: Final = 20.0  # then, and again after as long, a replaced connection without requests is closed
CROSSED_S: Final = 5.0  # two connections that stand within this time may have been dialled at the same moment


@dataclass(slots=True, eq=False)
class Session:
    """One live connection to a peer whose vault id is proven.  ``told``: the own record that the peer was shown."""

    connection: iroh.Connection
    peer: PeerRecord
    subnet: str
    told: PeerRecord
    serving: asyncio.Semaphore  # shared by all sessions of the subnet
    is_dialled: bool  # by us
    since_s: float
    answered_s: float
    used_s: float  # when either side asked something last
    meter: Meter | None = None  # None: no limit holds, as with who runs on this computer
    asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ASKING_MAX))
    signs: Signs = field(default_factory=Signs)
    idle: list[FrameStream] = field(default_factory=list)
    streams_open: int = 0  # by the peer
    under_way: int = 0  # requests, either way; they may wait for our own line for minutes
    is_open: bool = True
    is_watched: bool = False  # by us, for signs of life
    origin: Origin = ""  # where it came from by itself

    def is_in_use(self, now_s: float) -> bool:
        return self.is_watched or self.under_way > 0 or now_s - self.used_s < IDLE_S

    @property
    def is_here(self) -> bool:
        """Whether the peer runs on this computer."""
        return self.meter is None

    def check_is(self, peer: PeerRecord) -> None:
        """Raises BadSignature when somebody else than ``peer`` has answered."""
        if peer.vault_id and self.peer.vault_id != peer.vault_id:
            raise BadSignature("the peer has another vault id than its record says")

    async def ask(self, content: bytes, answer_bytes_max: int, limit: asyncio.Timeout) -> bytes:
        """One request and its answer.  Raises IrohError; safe to cancel.

        ``limit`` stands still while our own line is waited for; so long, too, others may ask the peer.
        """
        size_bytes = LENGTH_BYTES + len(content)
        with self.at_work():
            way = passage(self.meter, size_bytes, limit, is_out=True)
            first_bytes = await way.some(size_bytes)
            async with self.asking:
                return await self._ask(content, way, first_bytes, answer_bytes_max, limit)

    async def _ask(
        self, content: bytes, way: Passage, first_bytes: int, answer_bytes_max: int, limit: asyncio.Timeout
    ) -> bytes:
        stream = self.idle.pop() if self.idle else FrameStream(await self.connection.open_bi(), self.meter)
        try:
            await stream.send(content, way, first_bytes)
            answer = await stream.read(answer_bytes_max, limit=limit)
        except (iroh.IrohError, asyncio.CancelledError):
            # An unknown part has been written or read: nothing after it may be taken for a frame.
            await asyncio.shield(stream.break_off())
            raise
        if stream.is_spent:
            await stream.break_off()
        elif len(self.idle) < IDLE_STREAMS_MAX:
            self.idle.append(stream)
        else:
            await stream.finish()
        return answer

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """It is of use for as long as this request is under way, and so gives way to no other."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def close(self, code: int = 0) -> None:
        self.is_open = False
        self.idle.clear()
        self.connection.close(code, b"")


class Sessions:
    """The session to use with each peer, by transport key; besides, all that were made and still stand.

    Whoever dialled keeps a connection for as long as it likes, and vaults that many know would soon have no place for
    newcomers.  So those of no use give way before all places are taken, and where their subnet has none left; they dial
    anew when they want something.
    """

    def __init__(self) -> None:
        self.by_key: dict[bytes, Session] = {}
        self.dialled: set[Session] = set()
        self.accepted: set[Session] = set()
        self._coming: dict[bytes, asyncio.Future[Session]] = {}  # of peers that are being dialled

    def coming(self, transport_key: bytes) -> asyncio.Future[Session]:
        """The session that this peer makes by itself from now on; cancel it when nobody waits for it any more."""
        came: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._coming[transport_key] = came
        came.add_done_callback(lambda _: self._forget_coming(transport_key, came))
        return came

    def _forget_coming(self, transport_key: bytes, came: asyncio.Future[Session]) -> None:
        if self._coming.get(transport_key) is came:
            del self._coming[transport_key]

    def get(self, transport_key: bytes) -> Session | None:
        session = self.by_key.get(transport_key)
        return session if session is not None and session.is_open else None

    def add(self, session: Session) -> Session:
        """Take in a new one; return the one to be used with its peer from now on."""
        if session.is_dialled:
            self._make_room()
            self.dialled.add(session)
        else:
            self._make_room_beside(session)
            self.accepted.add(session)
        key = session.peer.transport_key
        old = self.get(key)
        kept = session if old is None or not _is_outdone(session, old) else old
        self.by_key[key] = kept
        came = self._coming.get(key)
        if came is not None and not session.is_dialled and not came.done():
            came.set_result(kept)
        other = old if kept is session else session
        if other is not None and other.is_dialled:
            loop = asyncio.get_running_loop()
            loop.call_later(REPLACED_S, self._retire, other, loop.time() + OWN_LINE_S_MAX)
        return kept

    def _retire(self, session: Session, until_s: float) -> None:
        """Close one that is replaced, once no request is under way on it, or when ``until_s`` has come."""
        loop = asyncio.get_running_loop()
        if session.is_open and session.under_way and loop.time() < until_s:
            loop.call_later(REPLACED_S, self._retire, session, until_s)
        else:
            self.forget(session)

    def forget(self, session: Session) -> None:
        """Close it; the next request dials anew."""
        if self.by_key.get(session.peer.transport_key) is session:
            del self.by_key[session.peer.transport_key]
        self.dialled.discard(session)
        self.accepted.discard(session)
        session.close()

    def close(self) -> None:
        for session in [*self.by_key.values(), *self.dialled, *self.accepted]:
            session.close()

    def let_idle_go(self, subnet: str, now_s: float) -> bool:
        """Close the connection that a peer of this subnet made and that was of use longest ago, if one is of none."""
        return self._let_one_go(self._of(subnet), now_s)

    def _make_room_beside(self, newcomer: Session) -> None:
        crowd = self._of(newcomer.subnet)
        if len(crowd) >= OF_SUBNET_KEPT:
            self._let_one_go(crowd, newcomer.since_s)
        elif len(self.accepted) >= ACCEPTED_KEPT:
            self._let_one_go(list(self.accepted), newcomer.since_s)

    def _of(self, subnet: str) -> list[Session]:
        return [session for session in self.accepted if session.subnet == subnet]

    def _let_one_go(self, crowd: list[Session], now_s: float) -> bool:
        idle = [session for session in crowd if not session.is_in_use(now_s)]
        if idle:
            self.forget(min(idle, key=lambda session: session.used_s))
        return bool(idle)

    def _make_room(self) -> None:
        """Peers can lure us to ever more vaults: of the connections that we made, only the useful ones are kept."""
        while len(self.dialled) >= DIALLED_MAX:
            self.forget(min(self.dialled, key=lambda session: (session.under_way > 0, session.answered_s)))


def _is_outdone(session: Session, old: Session) -> bool:
    """Whether both were dialled at the same moment, and the older one by the smaller key."""
    are_crossed = (
        session.is_dialled != old.is_dialled
        and session.since_s - old.since_s < CROSSED_S
        and (session.peer, session.told) == (old.peer, old.told)
    )
    own_key, peer_key = session.told.transport_key, session.peer.transport_key
    return are_crossed and old.is_dialled == (own_key < peer_key)
