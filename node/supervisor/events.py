"""What changed, numbered without gaps, for those who listen.

The newest events are kept in a ring.  Whoever asks for an older one is told to read everything anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from node.api.schema import Event, Settings, Status, TrialView, Updates

EVENTS_KEPT: Final = 256
NUMBERS_PER_SECOND: Final = 1_000_000  # a run begins above all that the one before could use until it ended
PUBLISH_S: Final = 0.5  # between two looks at what changed
LOOK_S: Final = 10.0  # even if nobody said that something changed: silence is news too

Data = Status | Updates | TrialView | Settings | None


class EventLog:
    """The newest EVENTS_KEPT events.  Belongs to one event loop.

    Numbers start at the calendar time in microseconds, so that those of one run are never mistaken for those of
    an earlier one: a client that read the old ones sees a gap and reads all anew.
    """

    def __init__(self, now_s: float, above: int = 0) -> None:
        """``above``: the number of the last event that the program before has told in this process."""
        self._newest = max(int(now_s * NUMBERS_PER_SECOND), above + 1)
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._last: dict[str, Data] = {}
        self._happened = asyncio.Event()

    @property
    def newest(self) -> int:
        """The number of the newest event."""
        return self._newest

    def publish(self, kind: str, data: Data, now_s: float) -> None:
        """Add an event, unless the object is the same as at the last event of its kind."""
        compared = msgspec.structs.replace(data, last_event=0) if isinstance(data, Status) else data
        if kind in self._last and self._last[kind] == compared:
            return
        self._last[kind] = compared
        self._newest += 1
        if isinstance(data, Status):
            data = msgspec.structs.replace(data, last_event=self._newest)
        self._events.append(Event(self._newest, now_s, kind, data))  # type: ignore[arg-type]
        self._happened.set()
        self._happened = asyncio.Event()

    def since(self, number: int) -> tuple[Event, ...] | None:
        """The events after ``number``, oldest first; ``None`` if they are not all known (any more)."""
        missing = self._newest - number
        if missing < 0 or missing > len(self._events):
            return None
        return tuple(self._events)[len(self._events) - missing :]

    async def wait_after(self, number: int) -> None:
        """Return once there is an event after ``number``.  Safe to cancel."""
        while self._newest == number:
            await self._happened.wait()


class Told(Protocol):
    """A node that tells how it stands."""

    @property
    def events(self) -> EventLog: ...

    def updates(self) -> Updates: ...

    def trial(self) -> TrialView | None: ...

    def settings(self) -> Settings: ...

    def status(self) -> Status: ...


async def publish_changes(node: Told, changed: asyncio.Event, utc_s: Callable[[], float]) -> None:
    """Publish what is new each time that ``changed`` is set, until cancelled."""
    while True:
        changed.clear()
        now_s = utc_s()
        node.events.publish("updates", node.updates(), now_s)
        node.events.publish("trial", node.trial(), now_s)
        node.events.publish("settings", node.settings(), now_s)
        node.events.publish("status", node.status(), now_s)
        await asyncio.sleep(PUBLISH_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await changed.wait()
