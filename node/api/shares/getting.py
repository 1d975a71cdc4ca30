"""A share out of the network: fetched ahead in order, checked, written, and put in place when it is whole."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import msgspec

from node.api.shares import texts
from node.api.shares.errors import BadTarget, NeverHere, NoShare, ShareError
from node.api.shares.part import Part
from node.api.shares.putting import Progress
from node.api.shares.reading import Reading, Step, find_root, in_order
from node.api.shares.transfer import Courier
from node.vault.errors import MalformedMessage
from node.vault.share.blob import SHAPE, Shape, Span
from node.vault.share.listing import FOLDER
from node.vault.share.names import is_possible_on_windows
from node.vault.share.root import Root

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


async def get(
    courier: Courier, address: str, out: Path | None, folder: Path, progress: Progress, shape: Shape = SHAPE
) -> Fetched:
    """Fetch the share at ``address``, 64 hex digits, to ``out``, or under its own name into ``folder``.

    Raises:
        NoShare: The address leads to something else, or to a share that breaks the rules; nothing is left.
        NotFetched: A chunk cannot be had.
        BadTarget: The target cannot be written, or exists; or its own name is none to be taken over unseen.
    """
    assert len(address) == ADDRESS_DIGITS, address
    if out is not None:  # said before anything is fetched
        await asyncio.to_thread(Part(out, address).check_free)
    root = await find_root(courier, bytes.fromhex(address))
    if out is None:
        _check_name(root.name)
    target = out or folder / root.name
    part = Part(target, address)
    getting = _Getting(courier, root, part, progress, shape)
    await _fetch_into(part, root, getting, progress)
    kind = "folder" if root.kind == FOLDER else "file"
    return Fetched(
        address=address, path=str(target), name=root.name, kind=kind, files=root.files, length_bytes=root.length,
        chunks_known=getting.chunks_known,
    )  # fmt: skip


def _check_name(name: str) -> None:
    """Check that a stranger may give this name to what then stands in a person's folder.

    Raises:
        BadTarget: It is no name here, or one such as .bash_profile, which programs heed and nobody sees.
    """
    if sys.platform == "win32" and not is_possible_on_windows(name):
        raise BadTarget(texts.no_name_here(name))  # C:name leads to another drive
    if name.startswith("."):
        raise BadTarget(texts.hidden_name(name))


async def _fetch_into(part: Part, root: Root, getting: _Getting, progress: Progress) -> None:
    """Fill the part and put it in place; after a failure leave no more than a second try can use, and say where."""
    is_usable = False
    try:
        await _to_the_end(part.open, root.kind, root.length, root.entries)
        await getting.run()
        await _to_the_end(part.finish)
    except MalformedMessage as error:
        raise NoShare(texts.broken_share(str(error))) from error
    except NeverHere:
        raise  # no second try could use what is there
    except ShareError as error:
        is_usable = (part.is_continued or getting.has_whole_chunk) and part.is_there()
        if is_usable:
            raise type(error)(f"{error} {texts.part_kept(part.folder)}") from error
        raise
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if part.is_finished and task is not None:  # too late: to say that it was stopped would not be true
            task.uncancel()
            return
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
        self._reading = Reading(courier, root, shape)
        self._root = root
        self._part = part
        self._progress = progress
        self.has_whole_chunk = False
        self.chunks_known = 0

    async def run(self) -> None:
        """Fetch what is missing, and write it in order.

        Raises:
            MalformedMessage: The share breaks the rules.
            NotFetched, BadTarget: It cannot go on.
        """
        self._progress.begin(self._root.name, self._root.files, self._root.length)
        async with aclosing(in_order(self._reading.steps(), self._obtain)) as pieces:
            async for step, content in pieces:
                await self._land(step, content)

    async def _obtain(self, path: str, span: Span) -> bytes | None:
        """The bytes of a piece, or None when an earlier try has left them."""
        if self._part.is_continued and await asyncio.to_thread(
            self._part.has, path, span.offset, span.length, span.address
        ):
            return None
        return await self._reading.fetch(span)

    async def _land(self, step: Step, content: bytes | None) -> None:
        await _to_the_end(self._write, step, content)
        if step.span is not None:
            self.has_whole_chunk = True
            self.chunks_known += content is None
            self._progress.moved(step.span.length)

    def _write(self, step: Step, content: bytes | None) -> None:
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
