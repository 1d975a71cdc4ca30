"""Shares as bytes that come and go, on the node's side: nothing is kept but what is on its way.

A file that comes is cut into chunks and stored; its root is stored last, so that what broke off is no share.  A share
that goes is fetched ahead, each chunk checked against its address; a folder goes as a tar archive.
"""

from __future__ import annotations

import tarfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, Protocol
from urllib.parse import quote

from node.api import texts as api_texts
from node.api.client import ApiError
from node.api.schema import StoredChunk, StoredShare
from node.api.shares import texts
from node.api.shares.errors import BadSource, NoShare
from node.api.shares.putting import Cutter
from node.api.shares.reading import Reading, find_root, in_order
from node.api.shares.transfer import Courier, Flight
from node.vault.errors import MalformedMessage
from node.vault.share.blob import BLOB_BYTES_MAX, SHAPE, Shape
from node.vault.share.listing import EXECUTABLE, FILE, FOLDER, Entry
from node.vault.share.names import fault_of_name
from node.vault.share.root import MARK, Root, encode_root
from node.vault.share.tree import address_of

TAR_BLOCK_BYTES: Final = tarfile.BLOCKSIZE
TAR_END: Final = bytes(2 * TAR_BLOCK_BYTES)


class Node(Protocol):
    """What is needed of the node itself.  Its errors have a ``code``."""

    async def put_chunk(self, content: bytes) -> StoredChunk: ...

    async def get_chunk(self, address: bytes) -> bytes: ...


class _Near:
    """The node as a courier knows it from afar: what it refuses is an ApiError."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def put_chunk(self, content: bytes) -> StoredChunk:
        try:
            return await self._node.put_chunk(content)
        except Exception as error:
            raise _refusal(error) from error

    async def get_chunk(self, address: str) -> bytes:
        try:
            return await self._node.get_chunk(bytes.fromhex(address))
        except Exception as error:
            raise _refusal(error) from error


def _refusal(error: Exception) -> Exception:
    code = getattr(error, "code", None)
    return ApiError(code, api_texts.refusal(code, str(error))) if isinstance(code, str) else error


def _courier(node: Node) -> Courier:
    return Courier(_Near(node), lambda _: None)


async def put(node: Node, name: str, parts: AsyncIterator[bytes], shape: Shape = SHAPE) -> StoredShare:
    """Store a file called ``name`` whose bytes come in ``parts``.

    Raises:
        BadSource: It cannot be called so, or is too long.
        NotStored: The network did not take a chunk.
    """
    fault = fault_of_name(name)
    if fault is not None:
        raise BadSource(texts.no_name(fault))
    storing = _Storing(_courier(node), shape)
    try:
        async for part in parts:
            await storing.add(part)
        return await storing.finish(name)
    finally:
        await storing.flight.abort()


class _Storing:
    def __init__(self, courier: Courier, shape: Shape) -> None:
        self._courier = courier
        self._cutter = Cutter(shape)
        self.flight = Flight()
        self._length = self._chunks = 0
        self._holders_least: int | None = None

    async def add(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > BLOB_BYTES_MAX:
            raise BadSource(texts.stream_too_long(BLOB_BYTES_MAX))
        for piece in self._cutter.add(part):
            await self._put_piece(piece)

    async def finish(self, name: str) -> StoredShare:
        for piece in self._cutter.rest():
            await self._put_piece(piece)
        for index in self._cutter.builder.finish():
            await self._put(index)
        await self.flight.land()  # the root leads to nothing that is not there
        content = self._cutter.builder.blob()
        share = Root(mark=MARK, kind=FILE, name=name, length=self._length, files=1, entries=0, content=content)
        root = encode_root(share)
        await self._put(root)
        await self.flight.land()
        return StoredShare(address_of(root).hex(), name, self._length, self._chunks, self._holders_least or 0)

    async def _put_piece(self, piece: bytes) -> None:
        await self._put(piece)
        for index in self._cutter.builder.add(address_of(piece), len(piece)):
            await self._put(index)

    async def _put(self, content: bytes) -> None:
        self._chunks += 1
        await self.flight.add(self._store(content))

    async def _store(self, content: bytes) -> None:
        holders = await self._courier.store(content)
        self._holders_least = holders if self._holders_least is None else min(holders, self._holders_least)


class Share:
    """A share that was found, ready to be read once."""

    def __init__(self, courier: Courier, root: Root, shape: Shape) -> None:
        self._reading = Reading(courier, root, shape)
        self._root = root
        self.is_folder = root.kind == FOLDER
        self.length = root.length
        self.quoted_name = f"UTF-8''{quote(root.name + ('.tar' if self.is_folder else ''), safe='')}"

    async def content(self) -> AsyncGenerator[bytes, None]:
        """The file's bytes, or the folder's as a tar archive.  Close it at the end, with what is fetched ahead.

        Raises:
            NotFetched: A chunk cannot be had; what came so far is not whole.
            NoShare: The share breaks the rules; likewise.
        """
        try:
            async with aclosing(in_order(self._reading.steps(), lambda _, span: self._reading.fetch(span))) as pieces:
                async for step, content in pieces:
                    if self.is_folder and step.is_first:
                        yield _header(step.entry)
                    if content is not None:
                        yield content
                    if self.is_folder and step.is_last:
                        yield bytes(-step.entry.content.length % TAR_BLOCK_BYTES)
            if self.is_folder:
                yield TAR_END
        except MalformedMessage as error:
            raise NoShare(texts.broken_share(str(error))) from error


async def find(node: Node, address: bytes, shape: Shape = SHAPE) -> Share:
    """The share at ``address``.

    Raises:
        NoShare: The address leads to something else.
        NotFetched: It cannot be had.
    """
    courier = _courier(node)
    return Share(courier, await find_root(courier, address), shape)


def _header(entry: Entry) -> bytes:
    """What stands before a file, or for an empty folder, in a tar archive."""
    found = tarfile.TarInfo(entry.path)
    if entry.kind == FOLDER:
        found.type = tarfile.DIRTYPE
    found.mode = 0o755 if entry.kind in (EXECUTABLE, FOLDER) else 0o644
    found.size = entry.content.length
    return found.tobuf(tarfile.PAX_FORMAT)
