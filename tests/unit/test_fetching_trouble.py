"""Fetching when chunks cannot be had, or the disk is full: it ends, or waits, and says why."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from node.update.disk_wait import PAUSE_S, DiskWait
from node.update.errors import FetchFailed, StageFailed
from node.update.files.chunks import Counter, Source
from node.update.files.objects import Objects
from node.vault.share.tree import address_of
from tests.virtual_time import run

CHUNKS = {address_of(b"chunk %d" % number): b"chunk %d" % number for number in range(40)}


class Full(Objects):
    """A folder on a disk that refuses the first so many chunks."""

    refusals = 0

    def keep(self, content: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StageFailed("no room") from OSError(errno.ENOSPC, "No space left on device")
        super().keep(content)


async def get_chunk(address: bytes) -> bytes:
    return CHUNKS[address]


@pytest.fixture
def disk(tmp_path: Path) -> Full:
    return Full(tmp_path)


def test_chunks_that_nobody_has_end_a_fetch_that_would_wait_for_the_disk(disk: Full):
    source = Source(disk, get_chunk, Counter())

    with pytest.raises(FetchFailed, match="could not be had"):
        run(DiskWait(lambda: None).while_full(lambda: source.get_all([b"\0" * 32, b"\1" * 32])))


def test_chunks_for_which_there_is_no_room_are_waited_for_and_the_reason_is_told(disk: Full):
    source, told = Source(disk, get_chunk, Counter()), list[str]()
    disk.refusals = 1
    wait = DiskWait(lambda: told.append(wait.why))

    run(wait.while_full(lambda: source.get_all(CHUNKS)))

    assert all(disk.get(address) for address in CHUNKS)
    assert (len(told), told[-1], bool(told[0])) == (2, "", True)


def test_a_full_disk_is_found_among_several_things_that_went_wrong_at_once():
    refused = StageFailed("no room")
    refused.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    failures = [ExceptionGroup("at once", [FetchFailed("nobody has it"), refused])]

    async def work() -> float:
        if failures:
            raise failures.pop()
        return PAUSE_S

    assert run(DiskWait(lambda: None).while_full(work)) == PAUSE_S
