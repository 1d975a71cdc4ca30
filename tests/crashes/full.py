"""The disk is full at one write of an update's way, and has room again after a while: it goes on by itself, unhurt.

Every call that makes a file or folder grow may be the first that is refused, from the newest head to the end of a way;
a write that is refused leaves half of its content behind.  While it is full a person is told so.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from node.api import texts
from node.update.driver import Updates
from tests.crashes.farm import Farm, pretended_trials, words_of
from tests.crashes.ways import WAYS, Way, before_it, check_words, ended_well, ends_as, heads_of
from tests.signed_world import World
from tests.update_world import SENDER

FULL_S: Final = 70.0  # more than taking over, or fetching, may last
GROWING: Final = ("open", "write", "mkdir", "link", "replace", "fsync")
FOLDERS: Final = ("state", "slots")
WRITES_MIN: Final = 20  # of each way: else nothing was seen
SAYS_SO: Final = texts.updates_wait_for_disk("it is full").sentence
TOLD: Final = (SAYS_SO, os.strerror(errno.ENOSPC))


@dataclass
class FullDisk:
    """Counts the calls that make something below ``root`` grow.  From call ``full_at`` on there is no room.

    ``folders``: those in it that are looked at, with all below them.
    """

    root: Path
    full_at: int = -1
    folders: tuple[str, ...] = FOLDERS
    calls: int = 0
    is_full: bool = False
    refused: list[str] = field(default_factory=list)  # names of files

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        paths: dict[int, str] = {}  # of what is open
        with pytest.MonkeyPatch.context() as patch:
            for name in GROWING:
                patch.setattr(os, name, self._seeing(name, getattr(os, name), paths))
            yield

    def make_room(self) -> None:
        self.is_full = False

    def _seeing(self, name: str, usual: Callable[..., Any], paths: dict[int, str]) -> Callable[..., Any]:
        def seen(*args: Any, **options: Any) -> Any:
            path = paths.get(args[0], "") if isinstance(args[0], int) else str(args[-1 if name == "replace" else 0])
            is_growing = bool(args[1] & os.O_CREAT) if name == "open" else not (name == "mkdir" and Path(path).exists())
            if is_growing and self._is_ours(path):
                self.calls += 1
                self.is_full |= self.calls == self.full_at
                if self.is_full:
                    self.refused.append(Path(path).name)
                    if name == "write":
                        usual(args[0], bytes(args[1])[: len(args[1]) // 2])
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            done = usual(*args, **options)
            if name == "open":
                paths[done] = path
            return done

        return seen

    def _is_ours(self, path: str) -> bool:
        return any(path.startswith(str(self.root / folder) + "/") for folder in self.folders)


@dataclass
class Onlooker:
    """Makes room after a while, offers what the disk has let nobody keep, and hears what a person is told meanwhile."""

    disk: FullDisk
    head: bytes
    full_since_s: float | None = None
    told: set[str] = field(default_factory=set)
    offers: list[asyncio.Task[Any]] = field(default_factory=list)

    def look(self, updates: Updates) -> None:
        now_s = asyncio.get_running_loop().time()
        if not self.offers:
            self._offer(updates)
        if self.disk.is_full:
            self.full_since_s = now_s if self.full_since_s is None else self.full_since_s
            found = updates.updates()
            self.told.update((found.trouble, *(item.reason for item in found.items)))
            if now_s - self.full_since_s >= FULL_S:
                self.disk.make_room()
                self._offer(updates)  # as a peer does

    def _offer(self, updates: Updates) -> None:
        self.offers.append(asyncio.ensure_future(updates.offered(self.head, SENDER)))

    def has_told(self) -> bool:
        return any(sentence in told for told in self.told for sentence in TOLD)


def live_with(disk: FullDisk, folder: Path, way: Way, signed: World, heads: list[bytes]) -> tuple[Farm, Onlooker]:
    """The whole way on that disk."""
    farm = before_it(folder, way, signed, heads)
    onlooker = Onlooker(disk, heads[-1])

    def is_over(updates: Updates) -> bool:
        onlooker.look(updates)
        return not disk.is_full and ends_as(updates, way.end) and not updates.updates().trouble

    with disk.watched():
        farm.live(until=is_over)
    return farm, onlooker


def play_full(name: str, folder: Path, every: int) -> tuple[int, int]:
    """Play the way, with the disk full from each ``every``-th call on that lets something grow; how many, of how many.

    Raises:
        AssertionError: One of them does not go on as if nothing had been; a note says which.
    """
    way, signed = WAYS[name], World()
    heads = heads_of(way, signed)
    with pretended_trials():
        roomy = FullDisk(folder / "0")
        roomy.root.mkdir()
        live_with(roomy, roomy.root, way, signed, heads)
        assert roomy.calls > WRITES_MIN
        chosen = range(1, roomy.calls + 1, every)
        for full_at in chosen:
            disk = FullDisk(folder / str(full_at), full_at)
            disk.root.mkdir()
            try:
                farm, onlooker = live_with(disk, disk.root, way, signed, heads)
                check_full(farm, onlooker, way)
            except BaseException as error:
                error.add_note(f"full from call {full_at} on; refused: {disk.refused}")
                raise
    return len(chosen), roomy.calls


def check_full(farm: Farm, onlooker: Onlooker, way: Way) -> None:
    refused = set(onlooker.disk.refused)
    assert refused
    ended_well(farm, way)
    check_words(words_of(farm), way.word)
    assert farm.store.load().records[-1].way.voids == 0
    is_told_at_once = any("chain" in name for name in refused)  # by the answer to whoever brought it
    is_over = onlooker.full_since_s is None  # it was refused after the end
    assert is_told_at_once or is_over or onlooker.has_told(), onlooker.told
