"""Signs of life: one datagram to each watched peer that was still for a beat, acknowledged by its QUIC, not its Python.

    a beat:    something has come since the last one -> alive
               nothing has come                      -> one sign is sent
               nor since that sign                   -> quiet: one more sign, looked at once more after MARGIN_S
    the look:  still nothing                         -> silent: told once, its connection closed
    no connection (it ended, or never was)           -> dialled; a failure is silence too

Only what has come counts, so our own repetitions prove nothing; iroh's own signs come every 5 s, too seldom.  Of two
that watch each other one sends, for its sign shows the other that it is there.  A vault that is killed right after a
sign of life is known to be silent after three beats and the margin.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Final

from iroh import IrohError

from node.vault.core.identity import PeerRecord
from node.vault.errors import PeerError
from node.vault.transport.sessions import Session, Sessions

BEAT_S: Final = 1.35  # between two looks at what has come; no slower, whatever the pace
MARGIN_S: Final = 0.5  # what an answer may take beyond the beat
DIAL_S: Final = 2.5
DIALS_MAX: Final = 16  # at once
SIGN: Final = b"."

Silent = Callable[[PeerRecord], None]
Dial = Callable[[PeerRecord], Coroutine[None, None, Session]]
Spawn = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]


@dataclass(slots=True)
class _Watched:
    """``received``: packets that had come over ``session`` by the last beat; ``is_asked``: that beat sent a sign."""

    peer: PeerRecord
    session: Session | None = None
    received: int = 0
    is_asked: bool = False
    is_quiet: bool = False
    dial: asyncio.Task[None] | None = None

    def change_to(self, session: Session | None) -> None:
        """The one before may give way to others from now on."""
        if self.session is not None:
            self.session.is_watched = False
        if session is not None:
            session.is_watched = True
        self.session = session


class Heartbeat:
    """Watches some peers with one timer for all of them."""

    def __init__(self, sessions: Sessions, dial: Dial, spawn: Spawn, beat_s: float) -> None:
        self._sessions = sessions
        self._dial = dial
        self._spawn = spawn
        self._beat_s = min(beat_s, BEAT_S)
        self._watched: dict[bytes, _Watched] = {}  # by transport key
        self._silent: Silent | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._dials = asyncio.Semaphore(DIALS_MAX)

    def watch(self, peers: Sequence[PeerRecord], silent: Silent) -> None:
        """Watch exactly these from now on; ``silent`` is never called before this returns."""
        self._silent = silent
        wanted = {peer.transport_key: peer for peer in peers}
        for key in self._watched.keys() - wanted.keys():
            self._drop(key)
        for key, peer in wanted.items():
            if key in self._watched:
                self._watched[key].peer = peer
            else:
                self._watched[key] = _Watched(peer)
        if self._watched and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._beat_s, self._beat)
        elif not self._watched:
            self.stop()

    def stop(self) -> None:
        for key in list(self._watched):
            self._drop(key)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self, key: bytes) -> None:
        watched = self._watched.pop(key)
        if watched.dial is not None:
            watched.dial.cancel()
        watched.change_to(None)

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._beat_s, self._beat)
        for watched in list(self._watched.values()):
            if watched.dial is None:
                self._beat_one(watched)
        if any(watched.is_quiet for watched in self._watched.values()):
            self._timer.cancel()
            self._timer = loop.call_later(min(MARGIN_S, self._beat_s / 2), self._look)

    def _beat_one(self, watched: _Watched) -> None:
        session = self._sessions.get(watched.peer.transport_key)
        if session is None:
            watched.change_to(None)
            watched.is_asked = watched.is_quiet = False
            watched.dial = self._spawn(self._reach(watched))
            return
        received = session.connection.stats().udp_rx_datagrams
        is_still = session is watched.session and received == watched.received
        watched.is_quiet = is_still and watched.is_asked
        watched.is_asked = is_still
        watched.change_to(session)
        watched.received = received
        if is_still:
            self._send_sign(session)

    def _send_sign(self, session: Session) -> None:
        with contextlib.suppress(IrohError):  # it has just ended: the next beat finds that out
            session.connection.send_datagram(SIGN)
            if session.meter is not None:
                session.meter.sending.count(len(SIGN))

    def _look(self) -> None:
        """Only at those that were quiet in the last beat."""
        self._timer = asyncio.get_running_loop().call_later(self._beat_s - min(MARGIN_S, self._beat_s / 2), self._beat)
        for watched in list(self._watched.values()):
            session = watched.session
            if watched.is_quiet and session is not None:
                watched.is_quiet = False
                if session.is_open and session.connection.stats().udp_rx_datagrams == watched.received:
                    self._sessions.forget(session)
                    self._tell(watched)

    async def _reach(self, watched: _Watched) -> None:
        try:
            async with self._dials, asyncio.timeout(DIAL_S):
                await self._dial(watched.peer)
        except (IrohError, PeerError, TimeoutError):
            self._tell(watched)
        finally:
            watched.dial = None

    def _tell(self, watched: _Watched) -> None:
        """Once for each that falls silent: whoever wants it watched again says so."""
        key = watched.peer.transport_key
        if self._watched.get(key) is watched:
            del self._watched[key]
            assert self._silent is not None, "who is watched is watched for somebody"
            self._silent(watched.peer)
