"""Commands that put and get shares, and a node that keeps chunks in memory behind the real local API, in a thread.

The commands have event loops of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node.api import schema
from node.api.server import ApiServer
from node.api.shares import transfer
from node.cli.tray import perennial
from node.supervisor.errors import RequestRefused
from node.supervisor.events import EventLog
from node.vault.share.blob import Blob, BlobBuilder
from node.vault.share.listing import Entry, encode_entry
from node.vault.share.root import MARK, Root, encode_root
from node.vault.share.tree import address_of

MIB = 1 << 20
GOES_ON = "the same command goes on from there."


class ChunkNode:
    """Stores and serves chunks, and fails as it is told."""

    def __init__(self) -> None:
        self.events = EventLog(1.0)
        self.chunks: dict[bytes, bytes] = {}
        self.puts: list[bytes] = []  # every attempt
        self.gets: list[bytes] = []
        self.put_troubles: list[Exception] = []  # one for each of the next attempts
        self.get_troubles: list[Exception] = []
        self.accepts_chunks_max = 10**9
        self.gives_chunks_max = 10**9
        self.is_full = threading.Event()  # set when a chunk over these limits was asked for
        self.is_hanging = False  # then over the limits there is no answer instead of a refusal

    def status(self) -> schema.Status:
        return schema.Status(
            state="fine", sentence="All is well.", is_practice=True, space=schema.Space(1, 2, 3), peer_count=7,
            subnet_count=7, in_use=None, sandbox="full", farm="01234567", last_event=0,
        )  # fmt: skip

    def updates(self) -> schema.Updates:
        return schema.Updates((), ())

    def trial(self) -> schema.TrialView | None:
        return None

    def settings(self) -> schema.Settings:
        return schema.Settings(1)

    async def patch_settings(self, patch: schema.SettingsPatch) -> schema.Settings:
        return self.settings()

    async def pause(self, lasts: str) -> schema.Status:
        raise NotImplementedError

    async def resume(self) -> schema.Status:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    async def put_chunk(self, content: bytes) -> schema.StoredChunk:
        address = hashlib.sha256(content).digest()
        self.puts.append(address)
        if self.put_troubles:
            raise self.put_troubles.pop(0)
        if len(self.chunks) >= self.accepts_chunks_max:
            await self._refuse(RequestRefused("resource.quota", "The network is full."))
        self.chunks[address] = content
        return schema.StoredChunk(address.hex(), 5)

    async def get_chunk(self, address: bytes) -> bytes:
        self.gets.append(address)
        if self.get_troubles:
            raise self.get_troubles.pop(0)
        if len(self.gets) > self.gives_chunks_max:
            await self._refuse(RequestRefused("control.malformed", "The network has gone."))
        if address not in self.chunks:
            raise RequestRefused("peer.not_found", "none of 7 vaults has the chunk")
        return self.chunks[address]

    async def _refuse(self, error: Exception) -> None:
        self.is_full.set()
        if self.is_hanging:
            await asyncio.Event().wait()
        raise error

    async def network(self) -> schema.NetworkView:
        raise NotImplementedError

    async def invitation(self, at: str = "") -> schema.Invitation:
        raise NotImplementedError

    async def join(self, text: str) -> schema.Joined:
        raise NotImplementedError

    def head(self) -> bytes:
        raise NotImplementedError

    async def offer_head(self, content: bytes) -> schema.HeadAnswer:
        raise NotImplementedError

    def counters(self) -> dict[str, int]:
        raise NotImplementedError

    async def diagnostics(self) -> bytes:
        raise NotImplementedError


@contextlib.contextmanager
def serving(home: Path) -> Iterator[ChunkNode]:
    """Let a node sit in ``home``."""
    node = ChunkNode()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def make() -> ApiServer:
        api = ApiServer(node, home / "api.sock")
        await api.start()
        return api

    api = asyncio.run_coroutine_threadsafe(make(), loop).result(10)
    try:
        yield node
    finally:
        asyncio.run_coroutine_threadsafe(api.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class World:
    """A folder in which somebody works, and in it the home of the node."""

    folder: Path
    home: Path
    node: ChunkNode

    def call(self, *arguments: str) -> Result:
        return CliRunner().invoke(perennial, [*arguments, "--home", str(self.home)])

    def put(self, source: Path) -> dict[str, Any]:
        result = self.call("put", str(source), "--json")
        assert result.exit_code == 0, result.output
        stored: dict[str, Any] = json.loads(result.stdout)
        return stored

    def get(self, address: str, name: str = "out") -> Path:
        result = self.call("get", address, "-o", str(self.folder / name))
        assert result.exit_code == 0, result.output
        return self.folder / name

    def fail(self, *arguments: str) -> str:
        """What a command that must fail says, in its last line; standard output stays empty."""
        result = self.call(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), result.output
        assert "Traceback" not in result.stderr
        return result.stderr.splitlines()[-1]

    def left(self) -> set[str]:
        """What stands beside the home."""
        return {path.name for path in self.folder.iterdir()} - {"home"}

    def keep(self, content: bytes) -> bytes:
        self.node.chunks[address_of(content)] = content
        return address_of(content)

    def keep_blob(self, content: bytes) -> Blob:
        builder = BlobBuilder()
        for start in range(0, len(content), MIB):
            piece = content[start : start + MIB]
            for index in builder.add(self.keep(piece), len(piece)):
                self.keep(index)
        for index in builder.finish():
            self.keep(index)
        return builder.blob()

    def keep_folder(self, *entries: Entry, length: int, files: int, count: int | None = None) -> str:
        listing = self.keep_blob(b"".join(map(encode_entry, entries)))
        root = Root(MARK, "d", "garden", length, files, len(entries) if count is None else count, listing)
        return self.keep(encode_root(root)).hex()


@contextlib.contextmanager
def sharing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Let a node sit below ``folder``, and nobody wait before it is asked again."""
    monkeypatch.setattr(transfer, "PAUSES_S", (0.0, 0.0, 0.0))
    home = folder / "home"
    home.mkdir()
    with serving(home) as node:
        yield World(folder, home, node)


def content_of(length: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(length)


def made_file(world: World, length: int, name: str = "seeds.bin") -> Path:
    path = world.folder / name
    path.write_bytes(content_of(length))
    return path


def made_garden(world: World) -> Path:
    garden = world.folder / "garden"
    (garden / "beds" / "north").mkdir(parents=True)
    (garden / "fallow").mkdir()
    (garden / "beds" / "north" / "Grüße 🌱.txt").write_text("hello")
    (garden / "beds" / "big.bin").write_bytes(content_of(2 * MIB + 7))
    (garden / "beds-plan").write_bytes(b"")
    (garden / "water").write_text("#!/bin/sh\n")
    (garden / "water").chmod(0o755)
    return garden


def tree_of(folder: Path) -> dict[str, tuple[bool, bytes | None]]:
    return {
        str(path.relative_to(folder)): (bool(path.stat().st_mode & stat.S_IXUSR), None)
        if path.is_dir()
        else (bool(path.stat().st_mode & stat.S_IXUSR), path.read_bytes())
        for path in folder.rglob("*")
    }
