"""A person's file or folder into the network, chunk by chunk; its address is known once all of it lies there."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from node.api.shares import texts
from node.api.shares.errors import BadSource
from node.api.shares.journal import Journal
from node.api.shares.transfer import Courier, Flight
from node.api.shares.walk import Found, Tally, Totals, name_of, scan, walk
from node.vault.share.blob import EMPTY, SHAPE, Blob, BlobBuilder, Shape
from node.vault.share.listing import FILE, FOLDER, Entry, Kind, encode_entry
from node.vault.share.root import MARK, Root, encode_root
from node.vault.share.tree import address_of

# A file that has become a pipe since it was looked at must not be waited for.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Stored(msgspec.Struct, frozen=True):
    """A share that lies in the network.  ``chunks`` counts all; ``chunks_known`` those stored by an earlier try."""

    address: str
    name: str
    kind: str  # "file" or "folder"
    files: int
    length_bytes: int
    chunks: int
    chunks_known: int
    holders_least: int | None  # of the chunks stored by this try; None if there were none
    links_outside: int  # how many links in the folder led outside of it, and were followed


class Progress(Protocol):
    """Is told how far it is; must return at once."""

    def begin(self, name: str, files: int, length: int) -> None: ...

    def moved(self, length: int) -> None: ...

    def kept(self, part: Path) -> None:
        """It is being stopped, and what has come so far waits in ``part``."""
        ...


async def put(
    courier: Courier, home: Path, source: Path, progress: Progress, clock: Callable[[], float], shape: Shape = SHAPE
) -> Stored:
    """Store the file or folder ``source``, an absolute path.  ``home`` keeps what is acknowledged, for a second try.

    Raises:
        BadSource: Something in it cannot be read or shared, or it changed meanwhile.
        NotStored: The network did not take a chunk.
    """
    name = name_of(source)
    is_folder = await asyncio.to_thread(os.path.isdir, source)
    totals = await _scanned(source, home)
    progress.begin(name, totals.files, totals.length)
    journal = await asyncio.to_thread(Journal.open, home, source, clock)
    putting = _Putting(courier, journal, progress, shape)
    try:
        root = await putting.put_all(source, home, name, totals, is_folder=is_folder)
        address = await putting.put_root(encode_root(root))
        await asyncio.to_thread(journal.remove)
    finally:
        await putting.flight.abort()
        journal.close()
    return Stored(
        address=address.hex(), name=name, kind="folder" if is_folder else "file", files=totals.files,
        length_bytes=totals.length, chunks=putting.chunks, chunks_known=putting.chunks_known,
        holders_least=putting.holders_least, links_outside=totals.links_outside,
    )  # fmt: skip


class _Putting:
    def __init__(self, courier: Courier, journal: Journal, progress: Progress, shape: Shape) -> None:
        self._courier = courier
        self._journal = journal
        self._progress = progress
        self._shape = shape
        self.flight = Flight()
        self.chunks = self.chunks_known = 0
        self.holders_least: int | None = None

    async def put_all(self, source: Path, home: Path, name: str, totals: Totals, *, is_folder: bool) -> Root:
        """Store all content; returns the root that leads to it."""
        tally, listing = Tally(), Cutter(self._shape)
        blob: Blob = EMPTY
        kind: Kind = FILE
        found_all = walk(source, home, tally.led_outside)
        while (found := await asyncio.to_thread(next, found_all, None)) is not None:
            tally.add(found)
            blob, kind = await self._put_file(found), found.kind
            if is_folder:
                await self._put_pieces(listing, listing.add(encode_entry(Entry(found.path, kind, blob))))
        if tally.totals != totals:
            raise BadSource(texts.changed(source))
        if not is_folder:
            return _root(kind, name, totals, blob)
        await self._put_pieces(listing, listing.rest())
        return _root(FOLDER, name, totals, await self._finish(listing.builder))

    async def put_root(self, content: bytes) -> bytes:
        """Store the root after everything else; returns the share's address."""
        await self.flight.land()
        await self._put(content, address_of(content), 0)
        await self.flight.land()
        return address_of(content)

    async def _put_file(self, found: Found) -> Blob:
        if found.kind == FOLDER:
            return EMPTY
        builder = BlobBuilder(self._shape)
        file = await asyncio.to_thread(_opened, found)
        try:
            left = found.length
            while left:
                content, address = await asyncio.to_thread(_read, file, found, min(left, self._shape.chunk_bytes))
                left -= len(content)
                await self._put(content, address, len(content))
                await self._put_indexes(builder.add(address, len(content)))
            await asyncio.to_thread(_check_end, file, found)
        finally:
            file.close()
        return await self._finish(builder)

    async def _finish(self, builder: BlobBuilder) -> Blob:
        await self._put_indexes(builder.finish())
        return builder.blob()

    async def _put_pieces(self, listing: Cutter, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            address = address_of(piece)
            await self._put(piece, address, 0)
            await self._put_indexes(listing.builder.add(address, len(piece)))

    async def _put_indexes(self, indexes: Iterator[bytes]) -> None:
        for content in indexes:
            await self._put(content, address_of(content), 0)

    async def _put(self, content: bytes, address: bytes, file_bytes: int) -> None:
        """Store a chunk, unless it was acknowledged before.  ``file_bytes`` of it are a person's."""
        number = self.chunks
        self.chunks += 1
        if self._journal.has(number, address):
            self.chunks_known += 1
            self._progress.moved(file_bytes)
            return
        await self.flight.add(self._store(number, content, address, file_bytes))

    async def _store(self, number: int, content: bytes, address: bytes, file_bytes: int) -> None:
        holders = await self._courier.store(content)
        self.holders_least = min(holders, self.holders_least or holders)
        self._journal.acknowledged(number, address)
        self._progress.moved(file_bytes)


class Cutter:
    """Cuts what is added, of any lengths, into chunks."""

    def __init__(self, shape: Shape) -> None:
        self.builder = BlobBuilder(shape)
        self._chunk_bytes = shape.chunk_bytes
        self._waiting = bytearray()

    def add(self, content: bytes) -> Iterator[bytes]:
        self._waiting += content
        while len(self._waiting) >= self._chunk_bytes:
            yield bytes(self._waiting[: self._chunk_bytes])
            del self._waiting[: self._chunk_bytes]

    def rest(self) -> Iterator[bytes]:
        if self._waiting:
            yield bytes(self._waiting)


async def _scanned(source: Path, home: Path) -> Totals:
    """Look at everything.  Whoever is cancelled leaves no thread behind that goes on, for which the end would wait."""
    is_given_up = threading.Event()
    try:
        return await asyncio.to_thread(scan, source, home, is_given_up.is_set)
    finally:
        is_given_up.set()


def _root(kind: Kind, name: str, totals: Totals, content: Blob) -> Root:
    return Root(
        mark=MARK, kind=kind, name=name, length=totals.length, files=totals.files,
        entries=totals.entries if kind == FOLDER else 0, content=content,
    )  # fmt: skip


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _FLAGS)


def _opened(found: Found) -> BinaryIO:
    try:
        file: BinaryIO = open(found.source, "rb", buffering=0, opener=_open)  # noqa: SIM115  # the caller closes
    except OSError as error:
        raise BadSource(texts.unreadable(found.source, error)) from error
    try:
        _check_unchanged(file, found)
    except BadSource:
        file.close()
        raise
    return file


def _read(file: BinaryIO, found: Found, length: int) -> tuple[bytes, bytes]:
    """The next ``length`` bytes and their address."""
    content = b""
    try:
        while len(content) < length and (part := file.read(length - len(content))):
            content += part
    except OSError as error:
        raise BadSource(texts.unreadable(found.source, error)) from error
    if len(content) < length:
        raise BadSource(texts.changed(found.source))
    return content, address_of(content)


def _check_end(file: BinaryIO, found: Found) -> None:
    """Check that all of it has been read, and that it is as it was."""
    try:
        is_more = bool(file.read(1))
    except OSError as error:
        raise BadSource(texts.unreadable(found.source, error)) from error
    _check_unchanged(file, found)
    if is_more:  # the kernel's own files say that they are empty, and so do some on disks in the cloud
        raise BadSource(texts.hiding_length(found.source))


def _check_unchanged(file: BinaryIO, found: Found) -> None:
    """Check that the file is as it was when it was looked at."""
    now = os.fstat(file.fileno())
    if not stat.S_ISREG(now.st_mode) or (now.st_size, now.st_mtime_ns) != (found.length, found.changed_ns):
        raise BadSource(texts.changed(found.source))
