"""Dialling a peer that may stand behind a router: it answers, or it comes by itself because others told it to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final, Protocol

import iroh

from node.vault.core.identity import PeerRecord
from node.vault.transport.sessions import Session

DOOR_S: Final = 0.5  # without an answer, before others are asked to tell the peer


class Listener(Protocol):
    """Who is told what the network notices.  Called in the event loop; must not wait."""

    def greeted(self, peer: PeerRecord, head: bytes) -> None:
        """A peer has said Hello, and which head it carries."""

    def unanswered(self, peer: PeerRecord) -> None:
        """A peer is being dialled, and nobody has answered for DOOR_S."""

    def seen_at(self, addresses: tuple[str, ...]) -> None:
        """Where this vault can be dialled from now on, with the address of its router."""


class Nobody:
    """For who only asks."""

    def greeted(self, peer: PeerRecord, head: bytes) -> None: ...

    def unanswered(self, peer: PeerRecord) -> None: ...

    def seen_at(self, addresses: tuple[str, ...]) -> None: ...


async def connected(
    dialling: Coroutine[None, None, iroh.Connection], came: asyncio.Future[Session], unanswered: Callable[[], None]
) -> iroh.Connection | Session:
    """A new connection, or the session ``came`` that the peer has made meanwhile.  Safe to cancel.

    ``unanswered`` is called once, if neither is there after DOOR_S.

    Raises:
        IrohError: It cannot be dialled, and has not come.
    """
    task = asyncio.ensure_future(dialling)
    try:
        done, _ = await asyncio.wait((task, came), timeout=DOOR_S, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            unanswered()
            await asyncio.wait((task, came), return_when=asyncio.FIRST_COMPLETED)
        is_dialled = task.done() and (not came.done() or task.exception() is None)
        return task.result() if is_dialled else came.result()
    finally:
        came.cancel()
        task.cancel()
        await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # it is told by now, or nobody needs it any more
