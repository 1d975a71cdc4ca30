"""What a new version removes comes back with the way back, whenever the power fails, and takes no room for ever."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.update.files import kept as module
from node.update.files.kept import GENERATIONS_MAX, KEPT, Kept
from node.update.files.links import LinkingFileSystem
from node.vault.storage import tally
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import CHUNKS, RealFileSystem
from node.vault.storage.tally import Extent
from tests.sim_filesystem import PowerCut, SimFileSystem

DATA = "vault"
STORE, STORE_TALLY = f"{DATA}/{CHUNKS}", f"{DATA}/{tally.TALLY}"

OLD, NEW, NEWER = "0" * 64, "1" * 64, "2" * 64
FIRST, SECOND, LATE = b"first", b"second", b"stored while the switch was prepared"


def address(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def with_chunks(*contents: bytes) -> SimFileSystem:
    disk = SimFileSystem()
    say(disk, Extent(sum(map(len, contents)), len(contents)))
    for content in contents:
        store(disk, content)
    return disk


def say(disk: SimFileSystem, amount: Extent) -> None:
    """A vault has left this tally on the platter."""
    elsewhere = SimFileSystem()
    tally.save(elsewhere, amount)
    disk.plant(STORE_TALLY, elsewhere.read(tally.TALLY))


def store(disk: SimFileSystem, content: bytes) -> None:
    """A vault acknowledges a chunk: it is on the platter."""
    disk.plant(f"{STORE}/{address(content)}", content)


def remove(disk: SimFileSystem, *contents: bytes) -> None:
    for content in contents:
        disk.remove(f"{STORE}/{address(content)}")
    disk.fsync_directory(STORE)


def chunks(disk: SimFileSystem) -> set[bytes]:
    return {disk.read(f"{STORE}/{name}") for name in disk.list(STORE)}


def extent(disk: SimFileSystem) -> Extent:
    return Extent(sum(map(len, chunks(disk))), len(chunks(disk)))


def promote(disk: SimFileSystem, tree_hash: str = NEW) -> Kept:
    """A version takes over, all of what the store holds being kept."""
    kept = Kept(disk, DATA)
    kept.keep(tree_hash)
    kept.before_run(tree_hash)
    return kept


class TestTheWayBack:
    def test_what_the_new_version_removed_is_there_before_the_old_one_runs(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        remove(disk, FIRST)

        assert kept.before_run(OLD) == 1
        assert chunks(disk) == {FIRST, SECOND}

    def test_what_was_acknowledged_between_keeping_and_switching_comes_back_too(self):
        disk = with_chunks(FIRST)
        kept = Kept(disk, DATA)
        kept.keep(NEW)
        store(disk, LATE)
        kept.before_run(NEW)
        remove(disk, LATE)

        kept.before_run(OLD)
        assert chunks(disk) == {FIRST, LATE}

    def test_a_start_of_the_new_version_gives_nothing_back_and_keeps_what_came_since(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        remove(disk, FIRST)
        store(disk, LATE)

        assert kept.before_run(NEW) == 0
        assert chunks(disk) == {SECOND, LATE}
        remove(disk, LATE)
        kept.before_run(OLD)
        assert chunks(disk) == {FIRST, SECOND, LATE}

    def test_what_the_old_version_removes_afterwards_stays_removed(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        kept.before_run(OLD)
        remove(disk, FIRST)

        assert kept.before_run(OLD) == 0
        assert chunks(disk) == {SECOND}

    def test_what_the_old_version_removes_before_the_new_one_takes_over_once_more_stays_removed(self):
        """As when this computer has failed the switch, so that it is tried out again, for days."""
        disk = with_chunks(FIRST, SECOND)
        promote(disk).before_run(OLD)
        remove(disk, FIRST)
        kept = promote(disk)
        remove(disk, SECOND)

        kept.before_run(OLD)
        assert chunks(disk) == {SECOND}

    def test_what_is_not_given_back_yet_is_kept_when_the_new_one_takes_over_once_more(self):
        disk = with_chunks(FIRST, SECOND)
        promote(disk)
        remove(disk, FIRST)

        promote(disk).before_run(OLD)
        assert chunks(disk) == {FIRST, SECOND}

    def test_a_version_that_never_ran_makes_nothing_come_back(self):
        disk = with_chunks(FIRST, SECOND)
        Kept(disk, DATA).keep(NEW)
        remove(disk, FIRST)

        assert Kept(disk, DATA).before_run(OLD) == 0
        assert chunks(disk) == {SECOND}

    def test_a_version_that_runs_again_after_a_way_back_that_failed_is_guarded_again(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        kept.before_run(OLD)
        kept.before_run(NEW)
        remove(disk, FIRST)

        kept.before_run(OLD)
        assert chunks(disk) == {FIRST, SECOND}

    def test_of_two_versions_in_a_row_only_what_the_later_one_removed_comes_back_to_the_earlier(self):
        disk = with_chunks(FIRST, SECOND, LATE)
        promote(disk)
        remove(disk, FIRST)
        kept = promote(disk, NEWER)
        remove(disk, SECOND)

        kept.before_run(NEW)
        assert chunks(disk) == {SECOND, LATE}
        kept.before_run(OLD)
        assert chunks(disk) == {FIRST, SECOND, LATE}

    def test_what_earlier_files_removed_once_a_release_brought_them_back_is_given_back_to_the_version_between(self):
        disk = with_chunks(FIRST, SECOND, LATE)
        promote(disk)
        promote(disk, NEWER)
        kept = promote(disk, NEW)
        remove(disk, FIRST, SECOND, LATE)

        assert kept.before_run(NEWER) == 3
        assert chunks(disk) == {FIRST, SECOND, LATE}

    def test_what_was_prepared_for_such_a_release_hides_nothing_from_the_way_back_to_the_same_files(self):
        disk = with_chunks(FIRST, SECOND)
        promote(disk)
        kept = promote(disk, NEWER)
        kept.keep(NEW)
        remove(disk, FIRST)

        assert kept.before_run(NEW) == 1
        assert kept.before_run(NEW) == 0
        assert chunks(disk) == {FIRST, SECOND}

    def test_a_chunk_that_the_new_version_replaced_comes_back_in_its_place(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        disk.plant(f"{STORE}/{address(FIRST)}", b"other bytes")

        assert kept.before_run(OLD) == 1
        assert chunks(disk) == {FIRST, SECOND}

    def test_one_that_it_healed_stays(self):
        disk = with_chunks(FIRST)
        disk.rot(f"{STORE}/{address(FIRST)}")
        kept = promote(disk)
        disk.plant(f"{STORE}/{address(FIRST)}", FIRST)

        assert kept.before_run(OLD) == 0
        assert chunks(disk) == {FIRST}

    def test_bytes_that_are_no_longer_the_chunk_are_left_where_they_are(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        disk.rot(f"{STORE}/{address(FIRST)}")
        remove(disk, FIRST, SECOND)

        assert kept.before_run(OLD) == 1
        assert chunks(disk) == {SECOND}

    def test_beyond_what_can_be_read_in_time_only_the_size_is_looked_at(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(module, "HASHED_BYTES_MAX", 0)
        disk = with_chunks(FIRST)
        kept = promote(disk)
        disk.rot(f"{STORE}/{address(FIRST)}")
        remove(disk, FIRST)

        assert kept.before_run(OLD) == 1  # the store itself never answers with what has another hash

    def test_the_tally_covers_what_comes_back_before_it_comes_so_that_no_start_has_to_count_first(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        remove(disk, FIRST)
        say(disk, Extent(len(SECOND), 1))
        start = disk.change_count

        assert kept.before_run(OLD) == 1
        assert tally.load(disk, STORE_TALLY) == extent(disk)
        for cut_at in range(start, disk.change_count):
            world = with_chunks(FIRST, SECOND)
            promote(world)
            remove(world, FIRST)
            say(world, Extent(len(SECOND), 1))
            world.cut_at = cut_at
            with pytest.raises(PowerCut):
                Kept(world, DATA).before_run(OLD)
            for after in world.worlds_after_power_cut():
                found = tally.load(after, STORE_TALLY)
                assert found is not None
                assert found.covers(extent(after))

    @pytest.mark.parametrize("is_there", [True, False])
    def test_a_tally_that_cannot_be_read_is_taken_away_before_it_could_be_too_small(self, is_there: bool):
        disk = with_chunks(FIRST)
        kept = promote(disk)
        disk.plant(STORE_TALLY, b"in a form of its own") if is_there else disk.remove(STORE_TALLY)
        remove(disk, FIRST)

        assert kept.before_run(OLD) == 1
        assert STORE_TALLY not in disk.names

    def test_one_that_cannot_be_written_is_taken_away_too(self):
        disk = with_chunks(FIRST)
        kept = promote(disk)
        remove(disk, FIRST)
        disk.fail(errno.ENOSPC)

        assert kept.before_run(OLD) == 1
        assert STORE_TALLY not in disk.names

    def test_one_chunk_that_the_disk_refuses_keeps_no_other_away_and_is_tried_again(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        remove(disk, FIRST, SECOND)
        disk.fail(errno.EIO, skip=4)  # the first link, after the tally is written for good

        assert kept.before_run(OLD) == 1
        assert kept.before_run(OLD) == 1
        assert chunks(disk) == {FIRST, SECOND}


class TestRoom:
    def test_what_the_store_has_too_takes_none(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        assert kept.alone_bytes() == 0
        remove(disk, SECOND)
        assert kept.alone_bytes() == len(SECOND)

    def test_what_two_generations_keep_counts_once(self):
        disk = with_chunks(FIRST)
        promote(disk)
        kept = promote(disk, NEWER)
        remove(disk, FIRST)
        assert kept.alone_bytes() == len(FIRST)

    def test_the_oldest_is_given_up_first_and_no_more_than_needed(self):
        disk = with_chunks(FIRST)
        promote(disk)
        remove(disk, FIRST)
        store(disk, SECOND)
        kept = promote(disk, NEWER)
        remove(disk, SECOND)

        assert kept.give_up(1) == len(FIRST)
        assert kept.alone_bytes() == len(SECOND)
        kept.before_run(OLD)
        assert chunks(disk) == {SECOND}

    def test_nothing_that_the_store_has_is_given_up(self):
        disk = with_chunks(FIRST)
        kept = promote(disk)
        assert kept.give_up(1) == 0
        remove(disk, FIRST)
        assert kept.before_run(OLD) == 1

    def test_of_chunks_that_the_store_has_too_none_is_looked_at(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        remove(disk, SECOND)
        looked: list[str] = []
        look = disk.look
        disk.look = lambda path: looked.append(path) or look(path)  # type: ignore[method-assign, func-returns-value]

        assert kept.alone_bytes() == len(SECOND)
        assert [path.rpartition("/")[2] for path in looked] == [address(SECOND)]

    def test_generations_are_few(self):
        disk = with_chunks(FIRST)
        for number in range(GENERATIONS_MAX + 2):
            promote(disk, f"{number:064x}")
        assert len([name for name in disk.list(KEPT) if "." not in name]) == GENERATIONS_MAX


class TestDropping:
    def test_once_the_version_is_there_for_good_all_of_it_goes_and_the_store_stays(self):
        disk = with_chunks(FIRST, SECOND)
        kept = promote(disk)
        remove(disk, FIRST)
        kept.drop(NEW, [], is_for_good=True)
        assert (disk.list(KEPT), chunks(disk)) == ([], {SECOND})

    def test_until_then_it_stays(self):
        disk = with_chunks(FIRST)
        kept = promote(disk)
        kept.drop(NEW, [], is_for_good=False)
        kept.drop(NEW, [NEW], is_for_good=True)
        remove(disk, FIRST)
        assert kept.before_run(OLD) == 1

    def test_after_the_way_back_all_of_it_goes(self):
        disk = with_chunks(FIRST)
        kept = promote(disk)
        remove(disk, FIRST)
        kept.before_run(OLD)
        kept.drop(OLD, [], is_for_good=False)
        assert (disk.list(KEPT), chunks(disk)) == ([], {FIRST})

    def test_what_was_not_given_back_yet_stays(self):
        disk = with_chunks(FIRST)
        kept = promote(disk)
        remove(disk, FIRST)
        kept.drop(OLD, [], is_for_good=True)
        assert kept.before_run(OLD) == 1

    def test_what_was_kept_for_a_version_that_never_ran_goes(self):
        disk = with_chunks(FIRST)
        kept = Kept(disk, DATA)
        kept.keep(NEW)
        kept.drop(OLD, [NEW], is_for_good=True)
        assert disk.list(KEPT) != []
        kept.drop(OLD, [], is_for_good=False)
        assert disk.list(KEPT) == []


Step = Callable[[SimFileSystem], object]

# What happens one after the other.
PROMOTION: tuple[Step, ...] = (
    lambda disk: Kept(disk, DATA).keep(NEW),
    lambda disk: store(disk, LATE),
    lambda disk: Kept(disk, DATA).before_run(NEW),
    lambda disk: remove(disk, FIRST, LATE),
)
RETURN: tuple[Step, ...] = (
    lambda disk: Kept(disk, DATA).before_run(OLD),
    lambda disk: Kept(disk, DATA).drop(OLD, [], is_for_good=False),
)


def cuts(*steps: Step) -> Iterator[tuple[int, SimFileSystem]]:
    """Each step that the power may fail in, with every disk that may be left."""
    for cut_at in itertools.count():
        disk = with_chunks(FIRST, SECOND)
        disk.cut_at = cut_at
        at = 0
        try:
            for at, step in enumerate(steps):  # noqa: B007 - the last one is what was cut
                step(disk)
        except PowerCut:
            for world in disk.worlds_after_power_cut():
                yield at, world
        else:
            return


class TestAPowerCutAnywhere:
    """The old version starts after it, as the pointer still, or again, names it."""

    def test_loses_no_chunk_and_leaves_nothing_for_ever(self):
        count = 0
        for at, world in cuts(*PROMOTION, *RETURN):
            count += 1
            acknowledged = {FIRST, SECOND, LATE} if at > 1 else {FIRST, SECOND}
            kept = Kept(world, DATA)
            kept.before_run(OLD)
            assert chunks(world) == acknowledged, at
            kept.drop(OLD, [], is_for_good=False)
            assert (world.list(KEPT), chunks(world)) == ([], acknowledged), at
        assert count > 50

    def test_loses_no_chunk_either_when_nothing_came_between_keeping_and_switching(self):
        for at, world in cuts(PROMOTION[0], PROMOTION[2], lambda disk: remove(disk, FIRST)):
            Kept(world, DATA).before_run(OLD)
            assert chunks(world) == {FIRST, SECOND}, at

    def test_lets_the_switch_be_repeated_with_the_same_promise(self):
        for at, world in cuts(*PROMOTION):
            kept = Kept(world, DATA)
            kept.before_run(OLD)
            for step in (*PROMOTION, *RETURN):
                step(world)
            assert (world.list(KEPT), chunks(world)) == ([], {FIRST, SECOND, LATE}), at

    def test_on_the_way_back_lets_the_new_version_run_again_as_guarded_as_before(self):
        for at, world in cuts(*PROMOTION, *RETURN[:1]):
            if at < len(PROMOTION):
                continue
            kept = Kept(world, DATA)
            kept.before_run(NEW)
            remove(world, *chunks(world))
            kept.before_run(OLD)
            assert chunks(world) == {FIRST, SECOND, LATE}

    def test_loses_no_chunk_when_a_release_has_brought_earlier_files_back(self):
        def promoted_twice(disk: SimFileSystem) -> None:
            promote(disk)
            promote(disk, NEWER)

        steps: tuple[Step, ...] = (
            lambda disk: Kept(disk, DATA).keep(NEW),
            lambda disk: Kept(disk, DATA).before_run(NEW),
            lambda disk: remove(disk, FIRST, SECOND),
        )
        for at, world in cuts(promoted_twice, *steps):
            if at == 0:
                continue
            Kept(world, DATA).before_run(NEWER)
            assert chunks(world) == {FIRST, SECOND}, at

    def test_while_it_is_dropped_for_good_leaves_the_store_alone(self):
        def drop(disk: SimFileSystem) -> None:
            Kept(disk, DATA).drop(NEW, [], is_for_good=True)

        for at, world in cuts(*PROMOTION, drop):
            if at < len(PROMOTION):
                continue
            kept = Kept(world, DATA)
            kept.before_run(NEW)
            assert chunks(world) == {SECOND}
            drop(world)
            assert (world.list(KEPT), chunks(world)) == ([], {SECOND})


def home(folder: Path) -> tuple[ChunkStore, Kept]:
    (folder / "vault").mkdir()
    return ChunkStore(RealFileSystem(folder / "vault"), 1 << 20), Kept(LinkingFileSystem(folder), DATA)


class TestOnARealDisk:
    def test_chunks_come_back_and_the_next_store_counts_them(self, tmp_path: Path):
        old, kept = home(tmp_path)
        addresses = [old.put(bytes([number]) * 100) for number in range(20)]
        kept.keep(NEW)
        old.close()
        kept.before_run(NEW)
        new = ChunkStore(RealFileSystem(tmp_path / "vault"), 1 << 20)
        for gone in addresses[:15]:
            new.remove(gone)
        new.close()
        assert kept.alone_bytes() == 1500

        assert kept.before_run(OLD) == 15
        back = ChunkStore(RealFileSystem(tmp_path / "vault"), 1 << 20)
        assert back.scan() == (sorted(addresses), [])
        assert (back.used_bytes, back.is_counted) == (2000, False)
        list(back.inventory())
        assert (back.used_bytes, back.chunk_count) == (2000, 20)
        assert kept.alone_bytes() == 0

        kept.drop(OLD, [], is_for_good=False)
        assert list((tmp_path / KEPT).iterdir()) == []

    def test_a_version_that_stands_by_while_they_come_back_counts_them_too(self, tmp_path: Path):
        old, kept = home(tmp_path)
        lost = old.put(b"lost")
        kept.keep(NEW)
        kept.before_run(NEW)
        old.remove(lost)
        old.close()
        standby = ChunkStore(RealFileSystem(tmp_path / "vault"), 1 << 20, is_standby=True)
        assert tally.load(RealFileSystem(tmp_path / "vault")) is not None

        kept.before_run(OLD)
        standby.take_over()
        assert (standby.get(lost), standby.used_bytes, standby.is_counted) == (b"lost", 4, False)

    def test_where_there_are_no_links_nothing_is_kept_and_everything_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", refuse)
        old, kept = home(tmp_path)
        first, second = old.put(b"first"), old.put(b"second")
        kept.keep(NEW)
        kept.before_run(NEW)
        old.remove(first)

        assert kept.before_run(OLD) == 0
        assert old.addresses() == [second]
        kept.drop(OLD, [], is_for_good=False)
        assert list((tmp_path / KEPT).iterdir()) == []

    def test_a_disk_that_refuses_is_no_reason_to_fail(self, tmp_path: Path):
        old, kept = home(tmp_path)
        old.put(b"first")
        (tmp_path / KEPT).write_bytes(b"somebody's file")

        kept.keep(NEW)
        assert (kept.before_run(NEW), kept.alone_bytes(), kept.give_up(1)) == (0, 0, 0)
        kept.drop(NEW, [], is_for_good=True)
