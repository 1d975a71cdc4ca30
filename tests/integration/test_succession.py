"""A process becomes another program, and its vault goes on: with real processes, and people who read all the time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.integration.stand_in import make_spec
from tests.succession import world
from tests.succession.world import ROOT, UP_S_MAX, Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a vault cannot be handed on")

READS = 40
STORY_S_MAX = 150.0
ENDING = ("cli/run.py", "def _go_on(", "def _go_on(*_: object) -> None:\n    sys.exit(3)\n\n\ndef _gone_on(")

# A program that starts a child, leaves an ask unanswered and half a frame unread, and becomes the next one.
BEFORE = """
import asyncio, msgspec, os, sys
from pathlib import Path
from node.sandbox.child import Child
from node.sandbox.spec import SandboxSpec
from node.supervisor.succession import _seal
from node.vault import control
from tests.integration.stand_in import configure

async def main(slot, data, log, after):
    heard = []
    spec = SandboxSpec(slot=Path(slot), data=Path(data), module="node.vault")
    child = await Child.start(spec, configure=configure, decode=control.decode_report, on_report=heard.append,
                              log=Path(log), name="stand-in")
    asking = asyncio.create_task(child.ask(control.Scan, 60.0))
    await asyncio.sleep(0)  # it is the first one
    await child.ask(control.GetState, 60.0)
    handed = await child.hand_on()
    for descriptor in handed.process.descriptors():
        os.set_inheritable(descriptor, True)
    memory = _seal(msgspec.msgpack.encode(handed))
    os.set_inheritable(memory, True)
    (unanswered,) = await asyncio.gather(asking, return_exceptions=True)
    print(type(unanswered).__name__, flush=True)
    os.execv(sys.executable, [sys.executable, "-c", Path(after).read_text(), log, str(memory)])

asyncio.run(main(*sys.argv[1:]))
"""
AFTER = """
import asyncio, msgspec, os, sys
from pathlib import Path
from node.sandbox.child import Child
from node.sandbox.piped import HandedChild
from node.vault import control

async def main(log, memory):
    heard = []
    with os.fdopen(int(memory), "rb") as file:
        file.seek(0)
        handed = msgspec.msgpack.decode(file.read(), type=HandedChild)
    child = await Child.take_over(handed, decode=control.decode_report, on_report=heard.append, log=Path(log),
                                  name="stand-in")
    answer = await child.ask(control.Scan, 60.0)
    print(answer, [report.record for report in heard], child.counters["answers_late"], child.report.level == "none")
    print(await child.stop(60.0), child.fault)

asyncio.run(main(*sys.argv[1:]))
"""
CHILD = """
hello()
unanswered = order()
frame = control.encode(control.Listening(b"half of it comes later"))
second = order()
raw(control.encode(control.Done(second.id)) + frame[:7])
third = order()
raw(frame[7:])
say(control.Done(unanswered.id))
say(control.Done(third.id))
assert order() is None
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Byte code, which would else be compiled for each program of each test."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.long
def test_a_child_is_handed_on_with_half_a_frame_and_an_answer_that_is_still_to_come(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, textwrap.dedent(CHILD))
    after = tmp_path / "after.py"
    after.write_text(AFTER, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", BEFORE, str(spec.slot), str(spec.data), str(tmp_path / "log"), str(after)],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=STORY_S_MAX, check=False,
    )  # fmt: skip
    assert ended.stdout.splitlines() == [
        "ChildGone",
        "Done(id=3) [b'half of it comes later'] 1 False",
        "0 None",
    ], ended.stderr


def test_the_vault_serves_on_while_the_node_becomes_another_program(tmp_path: Path, cache: Path) -> None:
    async def story() -> tuple[Watch, list[int], int]:
        home, installation = world.made_home(tmp_path / "home", cache), world.installation_in(tmp_path / "installation")
        async with world.running(home.path, installation) as node:
            addresses = await world.stored(node.client)
            async with world.watched(tmp_path, node, addresses) as watch:
                before = (await world.answered(node.client)).last_event
                world.put_other(home.slots)
                world.become(node)
                await world.until(node.is_other)
                reads, status = watch.reads, await world.answered(node.client)
                assert status.last_event > before
                assert status.space.chunk_count in (0, world.CHUNKS)  # 0 until the vault was asked
                await world.until(lambda: watch.reads >= reads + READS)
                return watch, node.vaults(), node.vault_pid

    async def timed() -> tuple[Watch, list[int], int]:
        async with asyncio.timeout(STORY_S_MAX):
            return await story()

    watch, vaults, vault = asyncio.run(timed())
    assert (watch.failed_reads, watch.wrong_reads) == (0, 0)
    assert vaults == [vault]


@pytest.mark.long
def test_a_program_that_fails_at_once_leaves_every_chunk_to_the_one_before(tmp_path: Path, cache: Path) -> None:
    async def story() -> None:
        home, installation = world.made_home(tmp_path / "home", cache), world.installation_in(tmp_path / "installation")
        async with world.running(home.path, installation) as node:
            addresses = await world.stored(node.client)
            world.put_other(home.slots, change=ENDING)
            world.become(node)
            assert await asyncio.wait_for(node.process.wait(), UP_S_MAX) == 3
        async with world.running(home.path, installation) as node:
            await world.until_listening(node.client)
            for address in addresses:
                await node.client.get_chunk(address.hex())

    async def timed() -> None:
        async with asyncio.timeout(STORY_S_MAX):
            await story()

    asyncio.run(timed())
