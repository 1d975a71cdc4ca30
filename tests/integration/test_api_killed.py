"""A node that is killed and started again: numbers of events begin elsewhere, and whoever listens reads all anew."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from gui.feed import Feed
from gui.stories.home import Seen
from node.api import client as client_module
from node.api.client import Client, Reload
from node.api.schema import Event, Settings
from node.supervisor.events import EventLog

ROOT = Path(__file__).parents[2]
SERVER = """
import asyncio, sys
from pathlib import Path
from node.api.server import ApiServer
from node.supervisor.events import EventLog
from tests.api_world import FakeNode

async def main(home, started_s, sentence):
    node = FakeNode()
    node.events, node.sentence = EventLog(float(started_s)), sentence
    await ApiServer(node, Path(home) / "api.sock").start()
    for number in range(3):
        node.publish(number)
    print("up", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        node.publish(int(line))

asyncio.run(main(*sys.argv[1:]))
"""


async def started(home: Path, started_s: float, sentence: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(home), str(started_s), sentence, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"up\n"
    return process


async def killed(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert process.stdin is not None
    process.stdin.close()


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="it is a Unix socket that is left behind")
def test_a_killed_node_that_is_back_is_read_anew_by_client_and_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client_module, "RETRY_S_MIN", 0.02)

    async def main() -> None:
        shown: asyncio.Queue[Seen] = asyncio.Queue()

        async def wait_for(sentence: str) -> None:
            while (seen := await shown.get()).status is None or seen.status.sentence != sentence:
                pass

        first = await started(tmp_path, 1000.0, "before")
        feed = asyncio.create_task(Feed(tmp_path, shown.put_nowait, wall_s=time.time).run())
        async with asyncio.timeout(60), Client(tmp_path) as client, aclosing(client.events(1_000_000_000)) as events:  # type: ignore[type-var]  # it is a generator
            heard = [await anext(events) for _ in range(3)]
            assert [event.number for event in heard if isinstance(event, Event)] == [
                1_000_000_001, 1_000_000_002, 1_000_000_003,
            ]  # fmt: skip
            await wait_for("before")
            await killed(first)
            assert isinstance(await anext(events), Reload)
            second = await started(tmp_path, 1000.5, "after")
            back_s = time.monotonic()
            try:
                await wait_for("after")
                assert time.monotonic() - back_s < 2.0
                # The connection is back, and what was missed is not known.
                assert [await anext(events), await anext(events)] == [Reload(), Reload()]
                assert second.stdin is not None
                second.stdin.write(b"777\n")
                event = await anext(events)
                assert isinstance(event, Event)
                assert event.data == Settings(777)
                assert event.number == 1_000_500_004  # of the second run, whose first three were only heard of
            finally:
                feed.cancel()
                await asyncio.gather(feed, return_exceptions=True)
                await killed(second)

    asyncio.run(main())


def test_a_run_begins_above_all_numbers_of_the_one_before_even_within_a_second():
    before = EventLog(1000.0)
    later = EventLog(1000.05)
    assert later.newest > before.newest + 10_000
    assert later.since(before.newest) is None
