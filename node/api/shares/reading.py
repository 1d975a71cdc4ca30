"""A share as it lies in the network: its root, and its pieces in order, fetched ahead."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

from node.api.shares import texts
from node.api.shares.errors import NoShare
from node.api.shares.transfer import IN_FLIGHT, Courier
from node.vault.errors import MalformedMessage
from node.vault.share.blob import SHAPE, Blob, Shape, Span
from node.vault.share.listing import FOLDER, Entry, Folders, ListingReader, folders_max
from node.vault.share.root import Root, decode_root


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of a file, in the share's order; without a span an empty file or folder."""

    entry: Entry
    span: Span | None

    @property
    def is_first(self) -> bool:
        return self.span is None or self.span.offset == 0

    @property
    def is_last(self) -> bool:
        return self.span is None or self.span.offset + self.span.length == self.entry.content.length


async def find_root(courier: Courier, address: bytes) -> Root:
    """The root of the share at ``address``.

    Raises:
        NoShare: The address leads to something else.
        NotFetched: It cannot be had.
    """
    content = await courier.fetch_first(address)
    try:
        return decode_root(content)
    except MalformedMessage as error:
        raise NoShare(texts.not_a_share(address.hex())) from error


class Reading:
    """Reads one share.  Each call raises MalformedMessage where the share breaks the rules, NotFetched as a courier."""

    def __init__(self, courier: Courier, root: Root, shape: Shape = SHAPE) -> None:
        self._courier = courier
        self._root = root
        self._shape = shape

    async def steps(self) -> AsyncIterator[Step]:
        """All pieces of all files, and what is empty, in the share's order."""
        async for entry in self._entries():
            if not entry.content.length:
                yield Step(entry, None)
            async for span in self._leaves(entry.content):
                yield Step(entry, span)

    async def fetch(self, span: Span) -> bytes:
        """The bytes of a piece."""
        content = await self._courier.fetch(span.address)
        if len(content) != span.length:
            raise MalformedMessage(f"a chunk has {len(content)} bytes where {span.length} are due")
        return content

    async def _entries(self) -> AsyncIterator[Entry]:
        """All files and empty folders, no more than the root has promised."""
        root = self._root
        if root.kind != FOLDER:
            yield Entry("", root.kind, root.content)
            return
        reader, folders = ListingReader(), Folders()
        length = files = entries = 0
        async for span in self._leaves(root.content):
            for entry in reader.feed(await self.fetch(span)):
                length, files, entries = length + entry.content.length, files + (entry.kind != FOLDER), entries + 1
                folders.add(entry.path)
                if length > root.length or files > root.files or entries > root.entries:
                    raise MalformedMessage("it holds more than it says")
                if folders.count > folders_max(root.entries):
                    raise MalformedMessage("it holds too many folders for what lies in them")
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


async def in_order(
    steps: AsyncIterator[Step], obtain: Callable[[str, Span], Awaitable[bytes | None]]
) -> AsyncGenerator[tuple[Step, bytes | None], None]:
    """Yield each step with what ``obtain`` gives for it, IN_FLIGHT of them asked for ahead.  Close it at the end."""
    ahead: deque[tuple[Step, asyncio.Future[bytes | None] | None]] = deque()
    try:
        async for step in steps:
            task = None if step.span is None else asyncio.ensure_future(obtain(step.entry.path, step.span))
            ahead.append((step, task))
            if len(ahead) >= IN_FLIGHT:
                first, due = ahead.popleft()
                yield first, None if due is None else await due
        while ahead:
            first, due = ahead.popleft()
            yield first, None if due is None else await due
    finally:
        waiting = [due for _, due in ahead if due is not None]
        for due in waiting:
            due.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
