"""A node that only talks: the real API server with scripted words behind it.

In a test it runs on the test's own loop.  As a process it obeys one word per line on stdin, the name of a sample:

    python -m tests.gui.fake_node HOME      sits down in HOME, prints "ready", then "done NAME" after each word
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import msgspec

from gui.patching import applied
from gui.stories.home import Seen
from node.api import invitation_texts
from node.api.schema import (
    Event,
    HeadAnswer,
    Invitation,
    Joined,
    NetworkView,
    PauseLasts,
    Settings,
    SettingsPatch,
    Status,
    StoredChunk,
    TrialView,
    Updates,
)
from node.api.server import ApiServer
from node.api.told import Told, ToldError
from tests.gui.samples import paused, samples, status

EVENTS_KEPT = 50


class FakeEvents:
    def __init__(self, newest: int = 0) -> None:
        self.newest = newest
        self._kept: list[Event] = []
        self._happened = asyncio.Event()

    def since(self, number: int) -> tuple[Event, ...] | None:
        missing = self.newest - number
        if missing < 0 or missing > len(self._kept):
            return None
        return tuple(self._kept[len(self._kept) - missing :])

    async def wait_after(self, number: int) -> None:
        while self.newest == number:
            await self._happened.wait()

    def add(self, kind: str, data: Status | Updates | TrialView | Settings | None) -> None:
        self.newest += 1
        self._kept = [*self._kept, Event(self.newest, 0.0, kind, data)][-EVENTS_KEPT:]  # type: ignore[arg-type]
        self._happened.set()
        self._happened = asyncio.Event()

    def forget(self) -> None:
        """Lose what was said: whoever listens must read all anew."""
        self._kept = []
        self.newest += 5
        self._happened.set()
        self._happened = asyncio.Event()


class Refused(ToldError):
    code = "settings"


class FakeNode:
    """Says what it is told to say."""

    def __init__(self, home: Path) -> None:
        self.events = FakeEvents()
        self._status, self._updates = status("starting", "The vault is starting."), Updates((), ())
        self._trial: TrialView | None = None
        self._settings = Settings(quota_bytes=256_000_000)
        self.asked = 0
        self.wishes: list[object] = []  # what was asked for, in order
        self.refuses: Told | str = ""  # if it is not "", every wish is refused with it
        self._home = home
        self._server: ApiServer | None = None

    async def start(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        (self._home / "home.json").write_text("{}")
        self._server = ApiServer(self, self._home / "api.sock")
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
            self._server = None

    def say(self, seen: Seen) -> None:
        """Change to all that was seen, and tell it as events."""
        assert seen.status is not None
        if seen.updates is not None and seen.updates != self._updates:
            self._updates = seen.updates
            self.events.add("updates", seen.updates)
        if seen.trial != self._trial:
            self._trial = seen.trial
            self.events.add("trial", seen.trial)
        if seen.settings is not None and seen.settings != self._settings:
            self._settings = seen.settings
            self.events.add("settings", seen.settings)
        if seen.status != self._status:
            self._status = seen.status
            self.events.add("status", seen.status)

    def status(self) -> Status:
        self.asked += 1
        return msgspec.structs.replace(self._status, last_event=self.events.newest)

    def updates(self) -> Updates:
        return self._updates

    def trial(self) -> TrialView | None:
        return self._trial

    def settings(self) -> Settings:
        return self._settings

    async def patch_settings(self, patch: SettingsPatch) -> Settings:
        self._hear(patch)
        self._settings = applied(self._settings, patch)
        self.events.add("settings", self._settings)
        return self._settings

    async def pause(self, lasts: PauseLasts) -> Status:
        self._hear(lasts)
        return self._change(state="paused", sentence="Paused.", pauses=(paused("asked"),))

    async def resume(self) -> Status:
        self._hear("resume")
        return self._change(state="fine", sentence="All is well.", pauses=())

    def _hear(self, wish: object) -> None:
        self.wishes.append(wish)
        if self.refuses:
            raise Refused(self.refuses)

    def _change(self, **changed: object) -> Status:
        self._status = msgspec.structs.replace(self._status, **changed)
        self.events.add("status", self._status)
        return self.status()

    async def put_chunk(self, content: bytes) -> StoredChunk:
        raise NotImplementedError

    async def get_chunk(self, address: bytes) -> bytes:
        raise NotImplementedError

    async def network(self) -> NetworkView:
        raise NotImplementedError

    async def invitation(self, at: str = "") -> Invitation:
        raise NotImplementedError

    async def join(self, text: str) -> Joined:
        self._hear(text)
        return Joined(2, invitation_texts.joining(2).sentence)

    def head(self) -> bytes:
        raise NotImplementedError

    async def offer_head(self, content: bytes) -> HeadAnswer:
        raise NotImplementedError

    def counters(self) -> dict[str, int]:
        raise NotImplementedError

    async def diagnostics(self) -> bytes:
        raise NotImplementedError


async def obey(home: Path) -> None:
    """Run as a process of its own until stdin ends."""
    node = FakeNode(home)
    await node.start()
    told = {sample.name: sample.seen for sample in samples() if sample.seen.status is not None}
    if "--practice" in sys.argv:  # what the practice network prints first
        print(json.dumps({"vaults": [], "farms": [{"home": str(home)}]}), flush=True)
        node.say(told["fine"])
    else:
        print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        node.say(told[line])
        print("done", line, flush=True)
    if "--practice" in sys.argv:
        await asyncio.Event().wait()  # until it is ended by a signal
    await node.stop()


if __name__ == "__main__":
    asyncio.run(obey(Path(sys.argv[1])))
