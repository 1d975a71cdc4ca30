"""Shares through the local API: a file while it comes, a share while it goes, and never half of one for the whole."""

from __future__ import annotations

import asyncio
import io
import tarfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import msgspec
import pytest

from node.api import handlers, server
from node.api.schema import StoredShare
from node.api.server import ApiServer
from node.api.shares import transfer
from node.api.shares.getting import get
from node.api.shares.putting import put
from node.api.shares.transfer import Courier
from node.supervisor.errors import RequestRefused
from node.vault.share.tree import CHUNK_BYTES_MAX
from tests.api_world import raw, refusal
from tests.share_world import ChunkNode

CONTENT = Random(1).randbytes(2 * CHUNK_BYTES_MAX + 12_345)


class Quiet:
    def begin(self, name: str, files: int, length: int) -> None: ...

    def moved(self, length: int) -> None: ...

    def kept(self, part: Path) -> None: ...


class Afar:
    """The node as the commands know it."""

    def __init__(self, node: ChunkNode) -> None:
        self._node = node
        self.put_chunk = node.put_chunk

    async def get_chunk(self, address: str) -> bytes:
        return await self._node.get_chunk(bytes.fromhex(address))


Talk = Callable[[aiohttp.ClientSession, ChunkNode, ApiServer], Awaitable[None]]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Talk], ChunkNode]:
    monkeypatch.setattr(transfer, "PAUSES_S", (0.0,))

    def run(talk: Talk) -> ChunkNode:
        async def main() -> ChunkNode:
            node = ChunkNode()
            api = ApiServer(node, tmp_path / "api.sock")
            await api.start()
            try:
                async with asyncio.timeout(30), raw(tmp_path) as session:
                    await talk(session, node, api)
            finally:
                await api.stop()
            return node

        return asyncio.run(main())

    return run


async def post(session: aiohttp.ClientSession, content: Any, name: str = "a b.bin") -> StoredShare:
    body = io.BytesIO(content) if isinstance(content, bytes) else content
    async with session.post("http://x/v1/shares", params={"name": name}, data=body) as answer:
        assert answer.status == 200, await answer.text()
        return msgspec.json.decode(await answer.read(), type=StoredShare)


def home_in(folder: Path) -> Path:
    (folder / "home").mkdir()
    return folder / "home"


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1, len(CONTENT)])
def test_a_file_comes_back_as_it_went(serve: Callable[[Talk], ChunkNode], length: int):
    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        stored = await post(session, CONTENT[:length])
        assert (stored.name, stored.length_bytes, stored.holders_least) == ("a b.bin", length, 5)
        assert stored.chunks == len(node.puts)
        async with session.get(f"http://x/v1/shares/{stored.address}") as answer:
            assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20b.bin"
            assert answer.content_length == length
            assert await answer.read() == CONTENT[:length]

    serve(talk)


def test_it_is_the_same_share_as_that_of_the_command(serve: Callable[[Talk], ChunkNode], tmp_path: Path):
    source = tmp_path / "a b.bin"
    source.write_bytes(CONTENT)

    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        courier = Courier(Afar(node), lambda _: None)
        by_command = await put(courier, home_in(tmp_path), source, Quiet(), time.time)
        by_api = await post(session, CONTENT)
        assert by_api.address == by_command.address
        await get(courier, by_api.address, tmp_path / "back", tmp_path, Quiet())
        assert (tmp_path / "back").read_bytes() == CONTENT

    serve(talk)


def test_a_folder_comes_as_an_archive_with_all_that_is_in_it(serve: Callable[[Talk], ChunkNode], tmp_path: Path):
    garden = tmp_path / "garden"
    (garden / "beds" / "empty").mkdir(parents=True)
    (garden / "beds" / "seeds.bin").write_bytes(CONTENT)
    (garden / ("long-" * 30)).write_bytes(b"x")
    (garden / "tool").write_bytes(b"#!")
    (garden / "tool").chmod(0o755)

    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        stored = await put(Courier(Afar(node), lambda _: None), home_in(tmp_path), garden, Quiet(), time.time)
        async with session.get(f"http://x/v1/shares/{stored.address}") as answer:
            assert answer.content_type == "application/x-tar"
            assert answer.headers["Content-Disposition"].endswith("garden.tar")
            content = await answer.read()
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(tmp_path / "out", filter="data")
        for path in ("beds/seeds.bin", "long-" * 30, "tool"):
            assert (tmp_path / "out" / path).read_bytes() == (garden / path).read_bytes()
        assert (tmp_path / "out/beds/empty").is_dir()
        assert (tmp_path / "out/tool").stat().st_mode & 0o100

    serve(talk)


def test_an_upload_that_breaks_off_is_no_share(serve: Callable[[Talk], ChunkNode], tmp_path: Path):
    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        _, writer = await asyncio.open_unix_connection(str(tmp_path / "api.sock"))
        writer.write(b"POST /v1/shares?name=a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(CONTENT))
        writer.write(CONTENT[:-1])
        await writer.drain()
        while len(node.puts) < 2:
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        while api.handlers._shares:
            await asyncio.sleep(0)
        assert len(node.puts) == 2  # neither the rest nor a root that leads to it

    serve(talk)


def test_a_share_that_cannot_be_had_to_its_end_ends_early(serve: Callable[[Talk], ChunkNode]):
    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        stored = await post(session, CONTENT)
        del node.chunks[node.puts[2]]
        async with session.get(f"http://x/v1/shares/{stored.address}") as answer:
            assert answer.status == 200  # the first chunks were there
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    serve(talk)


def test_a_chunk_that_is_not_the_one_is_never_passed_on(serve: Callable[[Talk], ChunkNode]):
    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        stored = await post(session, b"true")
        node.chunks[node.puts[0]] = b"fake"
        async with session.get(f"http://x/v1/shares/{stored.address}") as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    serve(talk)


def test_a_fault_inside_in_the_middle_of_a_share_is_never_taken_for_its_end(serve: Callable[[Talk], ChunkNode]):
    """The answer has begun: one more, about the fault, would come as bytes of the file."""

    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        stored = await post(session, CONTENT[: CHUNK_BYTES_MAX + 10])
        get_chunk = node.get_chunk

        async def fail_at_the_last(address: bytes) -> bytes:
            if address == node.puts[1]:
                raise RuntimeError("a fault inside")
            return await get_chunk(address)

        node.get_chunk = fail_at_the_last  # type: ignore[method-assign]
        async with session.get(f"http://x/v1/shares/{stored.address}") as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    serve(talk)


def test_whoever_goes_away_leaves_nothing_behind_that_is_still_fetched(
    serve: Callable[[Talk], ChunkNode], tmp_path: Path
):
    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        stored = await post(session, CONTENT)
        get_chunk, asked = node.get_chunk, 0

        async def hang(address: bytes) -> bytes:
            nonlocal asked
            if address != node.puts[2]:
                return await get_chunk(address)
            asked += 1
            try:
                await asyncio.Event().wait()
            finally:
                asked -= 1
            raise AssertionError

        node.get_chunk = hang  # type: ignore[method-assign]
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "api.sock"))
        writer.write(f"GET /v1/shares/{stored.address} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readline()
        assert asked == 1
        writer.close()
        await writer.wait_closed()
        while api.handlers._shares:
            await asyncio.sleep(0)
        assert asked == 0

    serve(talk)


def test_what_cannot_be_stored_or_found_says_why(serve: Callable[[Talk], ChunkNode]):
    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        for name in ("", "a/b", "..", "con", "x" * 256):
            async with session.post("http://x/v1/shares", params={"name": name}, data=b"x") as answer:
                assert await refusal(answer) == (409, "share.source")
        node.put_troubles = [RequestRefused("resource.quota", "The network is full.")]
        async with session.post("http://x/v1/shares", params={"name": "a"}, data=b"x") as answer:
            assert await refusal(answer) == (409, "share.not_stored")
        assert len(node.puts) == 1  # and no root that leads to what is not there
        async with session.get(f"http://x/v1/shares/{'ab' * 32}") as answer:
            assert await refusal(answer) == (409, "share.not_fetched")
        chunk = await node.put_chunk(b"no root")
        async with session.get(f"http://x/v1/shares/{chunk.address}") as answer:
            assert await refusal(answer) == (409, "share.malformed")

    serve(talk)


def test_no_more_is_in_memory_than_what_is_on_its_way(
    serve: Callable[[Talk], ChunkNode], monkeypatch: pytest.MonkeyPatch
):
    """A network that takes nothing stops the upload: no more of it is read than is in flight."""
    monkeypatch.setattr(transfer, "IN_FLIGHT", 2)
    monkeypatch.setattr(server, "SHUTDOWN_S", 0.01)  # nothing is read, so that the end of the upload is not noticed

    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        node.accepts_chunks_max, node.is_hanging = 0, True
        given = [0]

        async def parts() -> AsyncIterator[bytes]:
            while True:
                given[0] += CHUNK_BYTES_MAX
                yield bytes(CHUNK_BYTES_MAX - 8) + given[0].to_bytes(8, "big")

        uploading = asyncio.create_task(post(session, parts()))
        while len(node.puts) < 2:
            await asyncio.sleep(0)
        last = -1
        while given[0] != last:  # until nothing more is taken
            last = given[0]
            for _ in range(100):
                await asyncio.sleep(0)
        assert len(node.puts) == 2
        assert given[0] <= (2 + 4) * CHUNK_BYTES_MAX
        uploading.cancel()
        await asyncio.gather(uploading, return_exceptions=True)

    serve(talk)


def test_there_is_a_limit_to_shares_at_once(serve: Callable[[Talk], ChunkNode], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(handlers, "SHARES_MAX", 1)

    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        gate = asyncio.Event()

        async def parts() -> AsyncIterator[bytes]:
            yield b"x"
            await gate.wait()

        uploading = asyncio.create_task(post(session, parts()))
        while not api.handlers._shares:
            await asyncio.sleep(0)
        async with session.get(f"http://x/v1/shares/{'ab' * 32}") as answer:
            assert await refusal(answer) == (503, "api.busy")
        gate.set()
        await uploading

    serve(talk)


def test_an_upload_that_stops_coming_is_ended(serve: Callable[[Talk], ChunkNode], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(handlers, "SHARE_S_MAX", 0.05)

    async def talk(session: aiohttp.ClientSession, node: ChunkNode, api: ApiServer) -> None:
        async def parts() -> AsyncIterator[bytes]:
            yield b"x"
            await asyncio.Event().wait()

        async with session.post("http://x/v1/shares", params={"name": "a"}, data=parts()) as answer:
            assert await refusal(answer) == (408, "api.slow")
        assert node.puts == []

    serve(talk)
