"""A node that only remembers what it was asked, and the real server of the local API before it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec

from node.api import schema
from node.api.client import Client
from node.api.server import ApiServer
from node.supervisor.errors import InvitationError, RequestRefused, SettingsError
from node.supervisor.events import EventLog

STATUS = schema.Status(
    state="fine", sentence="All is well.", is_practice=True, space=schema.Space(1, 2, 3), peer_count=7,
    subnet_count=7, in_use=None, sandbox="full", farm="01234567", last_event=0,
)  # fmt: skip

NETWORK = schema.NetworkView(
    vault_count=7, subnet_count=5, neighbours=(schema.Neighbour("01234567", "slow", True, 1_800_000_000.0),),
    traffic=(schema.Traffic(1_800_000_000.0, 5, 7),), reach=schema.Reach("closed", "Nobody.", None, "Let them."),
)  # fmt: skip


class FakeNode:
    """A node that remembers what it was asked."""

    def __init__(self) -> None:
        self.events = EventLog(1_800_000_000.0)
        self.quota_bytes = 100_000_000
        self.api_port = 0
        self.sentence = STATUS.sentence
        self.chunks: list[bytes] = []
        self.heads: list[bytes] = []
        self.trouble: Exception | None = None
        self.paused: list[str] = []
        self.ends = 0
        self.advice = ""
        self.gate: asyncio.Event | None = None

    def status(self) -> schema.Status:
        if self.trouble is not None:
            raise self.trouble
        return msgspec.structs.replace(STATUS, sentence=self.sentence)

    def updates(self) -> schema.Updates:
        return schema.Updates((), (schema.RefusedHead("ab", "too few signatures", 1.0),))

    def trial(self) -> schema.TrialView | None:
        return None

    def settings(self) -> schema.Settings:
        return schema.Settings(self.quota_bytes, api_port=self.api_port)

    async def patch_settings(self, patch: schema.SettingsPatch) -> schema.Settings:
        if not isinstance(patch.quota_bytes, int):
            self.api_port = patch.api_port if isinstance(patch.api_port, int) else self.api_port
            return self.settings()
        if patch.quota_bytes < 1000:
            raise SettingsError("The disk limit must be at least 1 kB.")
        self.quota_bytes = patch.quota_bytes
        return self.settings()

    async def pause(self, lasts: str) -> schema.Status:
        self.paused.append(lasts)
        return msgspec.structs.replace(STATUS, state="paused")

    async def resume(self) -> schema.Status:
        self.paused.append("")
        return STATUS

    def stop(self) -> None:
        self.ends += 1

    async def network(self) -> schema.NetworkView:
        return NETWORK

    async def put_chunk(self, content: bytes) -> schema.StoredChunk:
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        self.chunks.append(content)
        return schema.StoredChunk(hashlib.sha256(content).hexdigest(), 5)

    async def get_chunk(self, address: bytes) -> bytes:
        for content in self.chunks:
            if hashlib.sha256(content).digest() == address:
                return content
        raise RequestRefused("peer.not_found", "none of 7 vaults has the chunk")

    async def invitation(self, at: str = "") -> schema.Invitation:
        return schema.Invitation(f"PERENNIAL-1-ABC{at}", self.advice)

    async def join(self, text: str) -> schema.Joined:
        if text != "PERENNIAL-1-ABC":
            raise InvitationError("This is no invitation.")
        return schema.Joined(2, "Perennial tries.")

    def head(self) -> bytes:
        return b"".join(self.heads)

    async def offer_head(self, content: bytes) -> schema.HeadAnswer:
        self.heads.append(content)
        return schema.HeadAnswer("refused", "2 signatures where 3 are needed")

    def counters(self) -> dict[str, int]:
        return {"request over limit": 2}

    async def diagnostics(self) -> bytes:
        return b"All is well."

    def publish(self, number: int) -> None:
        self.events.publish("settings", schema.Settings(number), 1.0)


Talk = Callable[[Client, FakeNode, ApiServer], Awaitable[None]]


def serve(folder: Path, talk: Talk) -> FakeNode:
    """Serve a fake node in ``folder`` while ``talk`` happens; return the node."""

    async def main() -> FakeNode:
        node = FakeNode()
        api = ApiServer(node, folder / "api.sock")
        await api.start()
        try:
            async with asyncio.timeout(30), Client(folder) as client:
                await talk(client, node, api)
        finally:
            await api.stop()
        return node

    return asyncio.run(main())


@contextlib.asynccontextmanager
async def raw(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(folder / "api.sock"))) as session:
        yield session


async def refusal(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    """The status and code of a failure; its body is an ErrorAnswer without anything of the inside."""
    text = await answer.text()
    assert "Traceback" not in text
    assert ".py" not in text
    found = json.loads(text)
    assert set(found) - {"said"} == {"code", "message"}
    assert found["message"].endswith(".")
    return answer.status, found["code"]
