"""A node that keeps chunks in memory behind the real local API, in a thread: commands have event loops of their own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

from node.api import schema
from node.api.server import ApiServer
from node.supervisor.errors import RequestRefused
from node.supervisor.events import EventLog


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

    async def invitation(self) -> schema.Invitation:
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
