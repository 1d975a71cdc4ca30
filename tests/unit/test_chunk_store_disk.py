"""The chunk store on a disk that is full, away, dying or lying."""

from __future__ import annotations

import errno

import pytest

from node.vault.errors import ChunkCorrupt, QuotaExceeded, StorageError
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.quota import RESERVE_BYTES
from node.vault.storage.tally import TALLY_NAME
from tests.sim_filesystem import SimFileSystem

CHUNK = b"a chunk of a peer"
OTHER = b"another chunk, of somebody else"
ADDRESS, OTHER_ADDRESS = address_of(CHUNK), address_of(OTHER)
PATH, OTHER_PATH = f"chunks/{ADDRESS.hex()}", f"chunks/{OTHER_ADDRESS.hex()}"
QUOTA_BYTES = 1 << 30


class DyingDisk(SimFileSystem):
    """``bad``: what cannot be read any more; ``unknown``: of what it does not even say how large it is."""

    bad: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    def size_bytes(self, path: str) -> int:
        if path in self.unknown:
            raise OSError(errno.EIO, "bad sector", path)
        return super().size_bytes(path)

    def read(self, path: str) -> bytes:
        if path in self.bad:
            raise OSError(errno.EIO, "bad sector", path)
        return super().read(path)


def store_on(disk: SimFileSystem, *, is_standby: bool = False) -> ChunkStore:
    return ChunkStore(disk, QUOTA_BYTES, is_standby=is_standby)


@pytest.mark.parametrize("has_mount_point", [False, True])
class TestAnUnpluggedDisk:
    def test_is_not_taken_for_one_without_chunks(self, has_mount_point: bool) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNK)
        disk.unplug(has_mount_point=has_mount_point)

        for ask in (store.get, store.remove):
            with pytest.raises(StorageError, match="the disk is not there"):
                ask(ADDRESS)
        for ask_all in (store.scan, lambda: list(store.inventory()), store.check):
            with pytest.raises(StorageError):
                ask_all()

    def test_takes_nothing_and_keeps_the_account(self, has_mount_point: bool) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNK)
        disk.unplug(has_mount_point=has_mount_point)

        with pytest.raises(StorageError):
            store.put(OTHER)
        store.close()
        assert disk.names == {} or not has_mount_point
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)

    def test_that_is_back_is_used_again_as_if_nothing_had_been(self, has_mount_point: bool) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNK)
        disk.unplug(has_mount_point=has_mount_point)
        with pytest.raises(StorageError):
            store.put(OTHER)
        disk.plug()

        store.check()
        assert store.put(OTHER) == OTHER_ADDRESS
        assert store.get(ADDRESS) == CHUNK
        assert store.scan() == (sorted([ADDRESS, OTHER_ADDRESS]), [])
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK) + len(OTHER), 2)

    def test_is_no_evidence_of_lost_chunks_for_a_standby(self, has_mount_point: bool) -> None:
        disk = SimFileSystem()
        store_on(disk).put(CHUNK)
        standby = store_on(disk, is_standby=True)
        disk.unplug(has_mount_point=has_mount_point)

        with pytest.raises(StorageError):
            standby.scan()


class TestAFullDisk:
    @pytest.mark.parametrize("left_bytes", range(len(OTHER)))
    def test_refuses_a_chunk_wherever_it_ends_and_keeps_the_rest(self, left_bytes: int) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNK)
        disk.capacity = left_bytes

        with pytest.raises(QuotaExceeded):
            store.put(OTHER)
        assert store.get(ADDRESS) == CHUNK
        assert disk.list("incoming") == [TALLY_NAME]
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)

    def test_takes_chunks_again_as_soon_as_there_is_room(self) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNK)
        disk.capacity = 0
        with pytest.raises(QuotaExceeded):
            store.put(OTHER)
        with pytest.raises(QuotaExceeded):
            store.check()
        store.remove(ADDRESS)
        disk.capacity = len(OTHER)

        store.check()
        assert store.put(OTHER) == OTHER_ADDRESS

    def test_does_not_keep_a_store_from_starting_and_serving(self) -> None:
        disk = SimFileSystem()
        disk.plant(PATH, CHUNK)
        disk.capacity = 0

        store = store_on(disk)
        assert store.get(ADDRESS) == CHUNK
        assert store.get(OTHER_ADDRESS) is None
        disk.capacity = None
        store.put(OTHER)
        assert disk.list("incoming") == [TALLY_NAME]


class TestACheck:
    def test_leaves_nothing_behind(self) -> None:
        disk = SimFileSystem()
        store_on(disk).check()

        assert disk.list("incoming") == [TALLY_NAME]

    @pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ENODEV, errno.ESTALE, errno.EACCES])
    @pytest.mark.parametrize("skip", [0, 1])
    def test_finds_that_the_disk_takes_nothing(self, number: int, skip: int) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        disk.fail(number, skip=skip)

        with pytest.raises(StorageError):
            store.check()
        disk.obey()
        store.check()
        assert disk.list("incoming") == [TALLY_NAME]

    def test_finds_that_no_chunk_has_room(self) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        disk.free = RESERVE_BYTES + CHUNK_BYTES_MAX - 1
        with pytest.raises(QuotaExceeded):
            store.check()
        disk.free += 1
        store.check()

    def test_does_not_take_a_quota_that_is_nearly_used_up_for_a_disk_that_takes_nothing(self) -> None:
        store = ChunkStore(SimFileSystem(), len(CHUNK))
        store.put(CHUNK)

        store.check()

    def test_gives_the_room_back_of_chunks_that_another_hand_has_removed(self) -> None:
        disk = SimFileSystem()
        store = ChunkStore(disk, len(CHUNK))
        store.put(CHUNK)
        for _ in store.inventory():
            pass
        disk.remove(PATH)
        with pytest.raises(QuotaExceeded):
            store.put(CHUNK)

        store.check()

        store.put(CHUNK)
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)


class TestADyingDisk:
    def test_with_a_bad_sector_has_lost_that_chunk_alone(self) -> None:
        disk = DyingDisk()
        store = store_on(disk)
        store.put(CHUNK)
        store.put(OTHER)
        disk.bad = frozenset([PATH])

        with pytest.raises(ChunkCorrupt):
            store.get(ADDRESS)
        assert store.scan() == ([OTHER_ADDRESS], [ADDRESS])

    def test_that_does_not_say_how_large_one_file_is_is_counted_all_the_same(self) -> None:
        disk = DyingDisk()
        store = store_on(disk)
        for chunk in (CHUNK, OTHER):
            store.put(chunk)
        disk.unknown = frozenset([PATH])

        assert list(store.inventory()) == [{OTHER_ADDRESS: len(OTHER)}]
        assert (store.used_bytes, store.is_counted) == (len(OTHER), True)
        for refused in (lambda: store.put(CHUNK), lambda: store.remove(ADDRESS)):
            with pytest.raises(ChunkCorrupt):
                refused()
        assert store.put(OTHER) == OTHER_ADDRESS

    def test_that_is_full_besides_has_lost_the_bad_chunk_all_the_same(self) -> None:
        disk = DyingDisk()
        store = store_on(disk)
        store.put(CHUNK)
        disk.bad = frozenset([PATH])
        disk.capacity = 0

        with pytest.raises(ChunkCorrupt):
            store.get(ADDRESS)

    def test_that_gives_and_takes_nothing_has_not_lost_its_chunks(self) -> None:
        disk = DyingDisk()
        store = store_on(disk)
        store.put(CHUNK)
        disk.bad = frozenset([PATH])
        disk.fail(errno.EIO, times=100)

        with pytest.raises(StorageError) as refused:
            store.get(ADDRESS)
        assert not isinstance(refused.value, ChunkCorrupt)
        with pytest.raises(StorageError, match="cannot read"):
            store.scan()

    def test_whose_bad_chunk_is_written_anew_has_it_again(self) -> None:
        disk = DyingDisk()
        store = store_on(disk)
        store.put(CHUNK)
        disk.bad = frozenset([PATH])
        before = disk.names[PATH]

        store.put(CHUNK)
        assert disk.names[PATH] is not before

    @pytest.mark.parametrize("skip", [3, 4])  # the flush of one folder or the other
    def test_that_fails_once_does_not_take_a_chunk_with_it_that_was_acknowledged(self, skip: int) -> None:
        disk = DyingDisk()
        store = store_on(disk)
        store.put(CHUNK)
        disk.bad = frozenset([PATH])
        disk.fail(errno.EIO, skip=skip)

        with pytest.raises(StorageError):
            store.put(CHUNK)
        disk.bad = frozenset()
        assert store.get(ADDRESS) == CHUNK
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)
        for world in disk.worlds_after_power_cut():
            assert store_on(world).get(ADDRESS) == CHUNK
        disk.fail(errno.EIO)
        with pytest.raises(StorageError):  # no receipt without a flush
            store.put(CHUNK)
        assert store.put(CHUNK) == ADDRESS
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)
        assert disk.list("incoming") == [TALLY_NAME]


class TestALyingDisk:
    @pytest.mark.parametrize("at", [0, len(CHUNK) - 1])
    def test_that_turns_a_bit_is_found_out_and_the_chunk_replaced(self, at: int) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNK)
        disk.rot(PATH, at)

        with pytest.raises(ChunkCorrupt):
            store.get(ADDRESS)
        store.put(CHUNK)
        assert store.get(ADDRESS) == CHUNK
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)

    def test_that_writes_to_the_wrong_place_is_found_out_at_both(self) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNK)
        disk.misdirect(PATH)
        store.put(OTHER)

        assert store.scan() == ([], sorted([ADDRESS, OTHER_ADDRESS]))
        store.remove(ADDRESS)
        store.put(OTHER)
        assert store.scan() == ([OTHER_ADDRESS], [])

    def test_a_wrong_address_of_the_caller_makes_a_corrupt_chunk_and_no_wrong_bytes(self) -> None:
        store = store_on(SimFileSystem())
        assert store.put(OTHER, ADDRESS) == ADDRESS

        with pytest.raises(ChunkCorrupt):
            store.get(ADDRESS)
