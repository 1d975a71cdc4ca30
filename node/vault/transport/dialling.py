"""Dialling a peer that may stand behind a router: it answers, or it comes by itself because others told it to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final, Protocol

from node.vault.core.identity import PeerRecord
from node.vault.transport.sessions import Session

DOOR_S: Final = 0.5  # without an answer, before others are asked to tell the peer
LEFT_S: Final = 5.0  # that a dialling goes on for which nobody waits any more


class Listener(Protocol):
    """Who is told what the network notices.  Called in the event loop; must not wait."""

    def greeted(self, peer: PeerRecord, head: bytes) -> None:
        """A peer has said Hello, and which head it carries."""

    def unanswered(self, peer: PeerRecord) -> None:
        """A peer is being dialled, and nobody has answered for DOOR_S."""

    def newer(self, peer: PeerRecord, subnet: str, head: bytes) -> None:
        """A vault that speaks no version in common carries the head of this digest; ``peer`` stands in for it."""

    def seen_at(self, addresses: tuple[str, ...]) -> None:
        """Where this vault can be dialled from now on, with the address of its router."""


class Nobody:
    """For who only asks."""

    def greeted(self, peer: PeerRecord, head: bytes) -> None: ...

    def unanswered(self, peer: PeerRecord) -> None: ...

    def newer(self, peer: PeerRecord, subnet: str, head: bytes) -> None: ...

    def seen_at(self, addresses: tuple[str, ...]) -> None: ...


class Diallings:
    """Diallings that go on although the peer has come by itself; both ends agree on one of two connections."""

    def __init__(self) -> None:
        self._left: set[asyncio.Task[Session]] = set()

    async def first(
        self, dialling: Coroutine[None, None, Session], came: asyncio.Future[Session], unanswered: Callable[[], None]
    ) -> Session:
        """The session that is there first, by dialling or because the peer ``came``.  Safe to cancel.

        ``unanswered`` is called once, if there is none after DOOR_S; who comes before that is no answer yet: two that
        dial each other shall not both give up.

        Raises:
            Whatever the dialling raises, if nobody came.
        """
        task = asyncio.ensure_future(dialling)
        try:
            await asyncio.wait((task,), timeout=DOOR_S)
            if not task.done():
                unanswered()
                await asyncio.wait((task, came), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait((task,))
            raise
        finally:
            self._leave(task)
            came.cancel()
        is_dialled = task.done() and (came.cancelled() or task.exception() is None)
        return task.result() if is_dialled else came.result()

    def close(self) -> None:
        for task in self._left:
            task.cancel()

    def _leave(self, task: asyncio.Task[Session]) -> None:
        if not task.done():
            self._left.add(task)
            timer = asyncio.get_running_loop().call_later(LEFT_S, task.cancel)
            task.add_done_callback(lambda _: timer.cancel())
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Session]) -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # it is told by now, or nobody needs it any more
