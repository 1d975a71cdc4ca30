"""A share out of the network: fetched ahead in order, checked, written, and put in place when it is whole."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import msgspec

from node.api.shares import texts
from node.api.shares.errors import BadTarget, NoShare, ShareError
from node.api.shares.part import Part
from node.api.shares.putting import Progress
from node.api.shares.transfer import IN_FLIGHT, Courier
from node.vault.errors import MalformedMessage
from node.vault.share.blob import SHAPE, Blob, Shape, Span
from node.vault.share.listing import FOLDER, Entry, ListingReader
from node.vault.share.names import is_possible_on_windows
from node.vault.share.root import Root, decode_root

ADDRESS_DIGITS: Final = 64

P = ParamSpec("P")
T = TypeVar("T")


class Fetched(msgspec.Struct, frozen=True):
    """A share that stands in its place.  ``chunks_known`` of its files' chunks were there from an earlier try."""

    address: str
    path: str
    name: str
    kind: str  # "file" or "folder"
    files: int
    length_bytes: int
    chunks_known: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A piece of a file, in the share's order; without a span an empty file or folder."""

    entry: Entry
    span: Span | None

    @property
    def is_first(self) -> bool:
        return self.span is None or self.span.offset == 0

    @property
    def is_last(self) -> bool:
        return self.span is None or self.span.offset + self.span.length == self.entry.content.length


async def get(
    courier: Courier, address: str, out: Path | None, folder: Path, progress: Progress, shape: Shape = SHAPE
) -> Fetched:
    """Fetch the share at ``address``, 64 hex digits, to ``out``, or under its own name into ``folder``.

    Raises:
        NoShare: The address leads to something else, or to a share that breaks the rules; nothing is left.
        NotFetched: A chunk cannot be had.
        BadTarget: The target cannot be written, or exists.
    """
    assert len(address) == ADDRESS_DIGITS, address
    if out is not None:  # said before anything is fetched
        await asyncio.to_thread(Part(out, address).check_free)
    content = await courier.fetch_first(bytes.fromhex(address))
    try:
        root = decode_root(content)
    except MalformedMessage as error:
        raise NoShare(texts.not_a_share(address)) from error
    if out is None and sys.platform == "win32" and not is_possible_on_windows(root.name):
        raise BadTarget(texts.no_name_here(root.name))  # C:name leads to another drive
    target = out or folder / root.name
    part = Part(target, address)
    getting = _Getting(courier, root, part, progress, shape)
    await _fetch_into(part, root, getting, progress)
    kind = "folder" if root.kind == FOLDER else "file"
    return Fetched(address, str(target), root.name, kind, root.files, root.length, getting.chunks_known)


async def _fetch_into(part: Part, root: Root, getting: _Getting, progress: Progress) -> None:
    """Fill the part and put it in place; after a failure leave no more than a second try can use, and say where."""
    is_usable = False
    try:
        await _to_the_end(part.open, root.kind, root.length, root.entries)
        await getting.run()
        await _to_the_end(part.finish)
    except MalformedMessage as error:
        raise NoShare(texts.broken_share(str(error))) from error
    except ShareError as error:
        is_usable = (part.is_continued or getting.has_whole_chunk) and part.is_there()
        if is_usable:
            raise type(error)(f"{error} {texts.part_kept(part.folder)}") from error
        raise
    except asyncio.CancelledError:
        is_usable = (part.is_continued or getting.has_whole_chunk) and part.is_there()
        if is_usable:
            progress.kept(part.folder)
        raise
    finally:
        if not is_usable:
            part.remove()
        part.close()


class _Getting:
    def __init__(self, courier: Courier, root: Root, part: Part, progress: Progress, shape: Shape) -> None:
        self._courier = courier
        self._root = root
        self._part = part
        self._progress = progress
        self._shape = shape
        self.has_whole_chunk = False
        self.chunks_known = 0

    async def run(self) -> None:
        """Fetch IN_FLIGHT pieces ahead, and write them in order.

        Raises:
            MalformedMessage: The share breaks the rules.
            NotFetched, BadTarget: It cannot go on.
        """
        self._progress.begin(self._root.name, self._root.files, self._root.length)
        ahead: deque[tuple[_Step, asyncio.Task[bytes | None] | None]] = deque()
        try:
            async for step in self._steps():
                task = None if step.span is None else asyncio.create_task(self._obtain(step.entry.path, step.span))
                ahead.append((step, task))
                if len(ahead) >= IN_FLIGHT:
                    await self._land(*ahead.popleft())
            while ahead:
                await self._land(*ahead.popleft())
        finally:
            tasks = [task for _, task in ahead if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _steps(self) -> AsyncIterator[_Step]:
        async for entry in self._entries():
            if not entry.content.length:
                yield _Step(entry, None)
            async for span in self._leaves(entry.content):
                yield _Step(entry, span)

    async def _entries(self) -> AsyncIterator[Entry]:
        """All files and empty folders, no more than the root has promised."""
        root = self._root
        if root.kind != FOLDER:
            yield Entry("", root.kind, root.content)
            return
        reader = ListingReader()
        length = files = entries = 0
        async for span in self._leaves(root.content):
            for entry in reader.feed(await self._fetch(span)):
                length, files, entries = length + entry.content.length, files + (entry.kind != FOLDER), entries + 1
                if length > root.length or files > root.files or entries > root.entries:
                    raise MalformedMessage("it holds more than it says")
                yield entry
        reader.finish()
        if (length, files, entries) != (root.length, root.files, root.entries):
            raise MalformedMessage("it holds less than it says")

    async def _leaves(self, blob: Blob) -> AsyncIterator[Span]:
        """The chunks of a blob, in order; one index chunk per level is kept."""
        top = self._shape.top(blob)
        levels: list[Iterator[Span]] = [] if top is None else [iter([top])]
        while levels:
            span = next(levels[-1], None)
            if span is None:
                levels.pop()
            elif span.depth:
                levels.append(self._shape.below(span, await self._courier.fetch(span.address)))
            else:
                yield span

    async def _obtain(self, path: str, span: Span) -> bytes | None:
        """The bytes of a piece, or None when an earlier try has left them."""
        if self._part.is_continued and await asyncio.to_thread(
            self._part.has, path, span.offset, span.length, span.address
        ):
            return None
        return await self._fetch(span)

    async def _fetch(self, span: Span) -> bytes:
        content = await self._courier.fetch(span.address)
        if len(content) != span.length:
            raise MalformedMessage(f"a chunk has {len(content)} bytes where {span.length} are due")
        return content

    async def _land(self, step: _Step, task: asyncio.Task[bytes | None] | None) -> None:
        """Write a piece as soon as it is there."""
        content = None if task is None else await task
        await _to_the_end(self._write, step, content)
        if step.span is not None:
            self.has_whole_chunk = True
            self.chunks_known += content is None
            self._progress.moved(step.span.length)

    def _write(self, step: _Step, content: bytes | None) -> None:
        if step.is_first:
            self._part.begin(step.entry)
        if step.span is not None and content is not None:
            self._part.write(step.span.offset, content)
        if step.is_last and step.entry.kind != FOLDER:
            self._part.end()


async def _to_the_end(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in a thread; whoever is cancelled meanwhile still waits until it is done."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
