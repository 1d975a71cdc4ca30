"""Fetching when chunks cannot be had, or the disk is full: it ends, or waits, and says why."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.trust.release import Release
from node.update.app_jobs import AppJob, AppMeans
from node.update.app_store import AppRecord
from node.update.disk_wait import PAUSE_S, DiskWait
from node.update.errors import FetchFailed, StageFailed
from node.update.events import Event, Fetch, Fetched
from node.update.files.chunks import CHUNKS_AT_ONCE, Counter, Source
from node.update.files.objects import Objects
from node.update.files.slots import Slots
from node.update.lifecycle import Lifecycle
from node.update.store import Record
from node.vault.share.tree import address_of
from tests.layer_world import LINUX, Network, Workshop, signed
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


def test_what_came_to_a_full_disk_waits_there_and_is_not_asked_for_again_and_again(disk: Full):
    asked: list[bytes] = []

    async def counted(address: bytes) -> bytes:
        asked.append(address)
        return CHUNKS[address]

    async def story() -> None:
        disk.refusals = 1_000_000
        wait = DiskWait(lambda: None)
        fetching = asyncio.create_task(Source(disk, counted, Counter(), wait).get_all(CHUNKS))
        await asyncio.sleep(3600.0)
        assert (len(asked), bool(wait.why)) == (CHUNKS_AT_ONCE, True)
        disk.refusals = 1  # that one has to wait for a little longer than the others
        await asyncio.sleep(PAUSE_S)
        assert wait.why
        await fetching
        assert (len(asked), wait.why) == (len(CHUNKS), "")

    run(story())


def test_a_release_for_which_there_is_no_room_yet_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    built = Workshop(tmp_path).app("1")
    network, slots = Network(built), Slots(tmp_path / "home/slots")
    means = AppMeans(
        host=SimpleNamespace(platform=LINUX), slots=slots, root=tmp_path, get_chunk=network.get_chunk,
        utc_s=lambda: 0.0, on_change=lambda: None,
    )  # fmt: skip
    record = Record(signed(built), Lifecycle("app/1", built.release.tree, 0.0, 0.0), 0.0)

    async def listed() -> tuple[Release, ...]:
        return (signed(built),)

    job = AppJob(Fetch(), AppRecord(record), listed, means)

    async def story() -> Event:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Path, "write_bytes", full)
            doing = asyncio.create_task(job.do())
            await asyncio.sleep(3600.0)
        assert (len(network.asked), bool(job.disk_trouble)) == (1, True)  # of all its chunks the first
        return await doing

    assert isinstance(run(story()), Fetched)
    assert len(network.asked) == len(set(network.asked))


def test_a_full_disk_is_found_among_several_things_that_went_wrong_at_once():
    refused = StageFailed("no room")
    refused.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    failures = [ExceptionGroup("at once", [FetchFailed("nobody has it"), refused])]

    async def work() -> float:
        if failures:
            raise failures.pop()
        return PAUSE_S

    assert run(DiskWait(lambda: None).while_full(work)) == PAUSE_S


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
