"""``perennial put`` and ``get`` end cleanly when they are stopped, and go on later."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.api.client import Client
from node.api.shares.getting import Fetched, get
from node.api.shares.part import Part
from node.api.shares.transfer import Courier
from node.cli.sharing import Silence
from tests.share_world import GOES_ON, MIB, World, content_of, made_file, sharing


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with sharing(tmp_path, monkeypatch) as world:
        yield world


class TestStopping:
    def stopped(self, world: World, number: signal.Signals, *arguments: str) -> tuple[int, str, str]:
        """Start a command, wait until the node hangs on it, send the signal."""
        world.node.is_hanging = True
        with subprocess.Popen(
            [sys.executable, "-m", "node.cli", *arguments, "--home", str(world.home)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert world.node.is_full.wait(60)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        world.node.is_hanging = False
        assert "Traceback" not in err
        return process.returncode, out, err.splitlines()[-1] if err else ""

    @pytest.mark.long
    @pytest.mark.usefixtures("hangup_heard")
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
    def test_a_put_ends_cleanly_and_goes_on_later(self, world: World, name: str):
        number = signal.Signals[name]
        source = made_file(world, 12 * MIB)
        world.node.accepts_chunks_max = 2
        ended = self.stopped(world, number, "put", str(source))
        assert ended == (128 + number, "", "Stopped; the same command goes on from there.")
        world.node.accepts_chunks_max = 10**9
        assert world.put(source)["chunks_known"] == 2

    @pytest.mark.long
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_get_ends_cleanly_says_where_the_part_waits_and_goes_on_later(self, world: World, number: signal.Signals):
        source = made_file(world, 12 * MIB)
        address = world.put(source)["address"]
        world.node.gives_chunks_max = 11  # root, index, and the first chunks of all
        code, out, said = self.stopped(world, number, "get", address, "-o", str(world.folder / "out"))
        assert (code, out) == (128 + number, "")
        (part,) = world.folder.glob(".out.*.part")
        assert said == f"Stopped. What is there so far waits in {part}; {GOES_ON}"
        assert not (world.folder / "out").exists()
        world.node.gives_chunks_max = 10**9
        result = world.call("get", address, "-o", str(world.folder / "out"), "--json")
        assert json.loads(result.stdout)["chunks_known"] > 0
        assert (world.folder / "out").read_bytes() == source.read_bytes()

    @pytest.mark.long
    def test_a_get_that_has_nothing_yet_leaves_nothing(self, world: World):
        address = world.put(made_file(world, 12 * MIB))["address"]
        world.node.gives_chunks_max = 2  # root and index
        arguments = ("get", address, "-o", str(world.folder / "out"), "--json")
        code, out, said = self.stopped(world, signal.SIGTERM, *arguments)
        assert (code, said) == (143, "")
        assert json.loads(out) == {"code": "interrupted", "message": "Stopped; nothing had come yet in this try."}
        assert world.left() == {"seeds.bin"}

    def test_whoever_stops_a_get_when_the_share_stands_in_its_place_is_told_so(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        address = world.put(made_file(world, 2 * MIB))["address"]
        out, finish = world.folder / "out", Part.finish

        async def stop_late() -> Fetched:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None

            async def stop() -> None:
                task.cancel()

            def finish_and_stop(part: Part) -> None:
                finish(part)
                asyncio.run_coroutine_threadsafe(stop(), loop).result(30)

            monkeypatch.setattr(Part, "finish", finish_and_stop)
            async with Client(world.home) as client:
                return await get(Courier(client, lambda _: None), address, out, world.folder, Silence())

        assert asyncio.run(stop_late()).path == str(out)
        assert out.read_bytes() == content_of(2 * MIB)
        assert world.left() == {"seeds.bin", "out"}
