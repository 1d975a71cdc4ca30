"""What comes over a connection beside requests: signs of life, and what has no place there."""

from __future__ import annotations

from collections.abc import Callable

from node.vault.ports import Clock
from node.vault.transport.limits import SIGN_BYTES_MAX
from node.vault.transport.seen import SIGN, Seen
from node.vault.transport.sessions import Session

CutOff = Callable[[Session, str], None]


async def watch_other_streams(session: Session, cut_off: CutOff) -> None:
    """Requests come on streams of two directions; others would only fill the memory."""
    await session.connection.accept_uni()
    cut_off(session, "peer with odd streams")


async def watch_signs(session: Session, cut_off: CutOff, clock: Clock, seen: Seen) -> None:
    """Signs of life are answered by QUIC; they are read so that they fill no memory."""
    while True:
        datagram = await session.connection.read_datagram()
        if len(datagram) > SIGN_BYTES_MAX or session.signs.is_flood(clock.monotonic_s()):
            cut_off(session, "peer with too many signs of life")
            return
        session.used_s = clock.monotonic_s()
        seen.took(SIGN)
        seen.came(session.origin, session.used_s)
        if session.meter is not None:
            session.meter.receiving.count(len(datagram))
