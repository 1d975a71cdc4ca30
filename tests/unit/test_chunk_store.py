"""The chunk store, told as its promises; each on a real disk and on a simulated one."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

import pytest

from node.vault.errors import ChunkCorrupt, QuotaExceeded, StorageError
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import RealFileSystem
from node.vault.storage.quota import RESERVE_BYTES
from node.vault.storage.tally import TALLY, TALLY_NAME
from tests.sim_filesystem import SimFileSystem

CHUNK = b"a chunk of a peer"
OTHER = b"another chunk, of somebody else"
ADDRESS, OTHER_ADDRESS = address_of(CHUNK), address_of(OTHER)
PATH = f"chunks/{ADDRESS.hex()}"
QUOTA_BYTES = 1000
WAIT_S = 10.0

Disk = RealFileSystem | SimFileSystem


@pytest.fixture(params=["real", "simulated"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    """Both disks must keep the same promises."""
    return RealFileSystem(tmp_path) if request.param == "real" else SimFileSystem()


def store_on(disk: Disk) -> ChunkStore:
    return ChunkStore(disk, QUOTA_BYTES)


def counted(store: ChunkStore) -> ChunkStore:
    """A store that has looked at all of its chunks since it was opened."""
    for _ in store.inventory():
        pass
    return store


def plant(disk: Disk, path: str, content: bytes) -> None:
    """Put a file on the disk by another hand than the store's."""
    if isinstance(disk, SimFileSystem):
        disk.plant(path, content)
    else:
        (disk._root / path).write_bytes(content)


class TestStoring:
    def test_a_chunk_is_found_under_the_hash_of_its_content(self, disk: Disk) -> None:
        assert store_on(disk).put(CHUNK) == ADDRESS

        assert store_on(disk).get(ADDRESS) == CHUNK

    def test_a_chunk_that_was_never_stored_is_absent(self, disk: Disk) -> None:
        assert store_on(disk).get(ADDRESS) is None

    def test_the_largest_chunk_fits(self, disk: Disk) -> None:
        store = ChunkStore(disk, CHUNK_BYTES_MAX)

        assert store.get(store.put(b"x" * CHUNK_BYTES_MAX)) == b"x" * CHUNK_BYTES_MAX

    def test_storing_twice_uses_the_room_once(self, disk: Disk) -> None:
        store = store_on(disk)
        store.put(CHUNK)
        store.put(CHUNK)

        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)

    def test_all_addresses_are_listed_in_order(self, disk: Disk) -> None:
        store = store_on(disk)
        store.put(CHUNK)
        store.put(OTHER)

        assert store.addresses() == sorted([ADDRESS, OTHER_ADDRESS])

    def test_a_store_that_is_opened_again_knows_what_it_holds(self, disk: Disk) -> None:
        store_on(disk).put(CHUNK)
        store_on(disk).put(OTHER)

        store = counted(store_on(disk))
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK) + len(OTHER), 2)

    def test_nothing_stays_behind_in_incoming(self, disk: Disk) -> None:
        store_on(disk).put(CHUNK)

        assert disk.list("incoming") == [TALLY_NAME]


class TestRemoving:
    def test_a_removed_chunk_is_gone_and_its_room_free(self, disk: Disk) -> None:
        store = store_on(disk)
        store.put(CHUNK)
        store.remove(ADDRESS)

        assert store.get(ADDRESS) is None
        assert (store.used_bytes, store.chunk_count) == (0, 0)

    def test_removing_what_is_not_there_is_no_failure(self, disk: Disk) -> None:
        store = store_on(disk)
        store.remove(ADDRESS)

        assert (store.used_bytes, store.chunk_count) == (0, 0)


class TestRoom:
    def test_a_full_store_refuses_and_changes_nothing(self, disk: Disk) -> None:
        store = ChunkStore(disk, len(CHUNK) - 1)

        with pytest.raises(QuotaExceeded):
            store.put(CHUNK)
        assert (store.used_bytes, store.chunk_count) == (0, 0)
        assert (disk.list("incoming"), disk.list("chunks")) == ([TALLY_NAME], [])

    def test_the_last_byte_of_the_quota_may_be_used(self, disk: Disk) -> None:
        store = ChunkStore(disk, len(CHUNK))
        store.put(CHUNK)

        assert store.room() == 0

    def test_a_full_store_still_confirms_what_it_has(self, disk: Disk) -> None:
        store = ChunkStore(disk, len(CHUNK))
        store.put(CHUNK)

        assert store.put(CHUNK) == ADDRESS

    def test_a_lowered_quota_refuses_new_chunks_and_keeps_the_old_ones(self, disk: Disk) -> None:
        store = store_on(disk)
        store.put(CHUNK)
        store.set_quota(1)

        assert (store.quota_bytes, store.room()) == (1, 0)
        with pytest.raises(QuotaExceeded):
            store.put(OTHER)
        assert store.get(ADDRESS) == CHUNK

    def test_the_disks_last_bytes_stay_free_whatever_the_quota_says(self) -> None:
        disk = SimFileSystem()
        store = store_on(disk)

        disk.free = RESERVE_BYTES + len(CHUNK) - 1
        with pytest.raises(QuotaExceeded):
            store.put(CHUNK)
        disk.free = RESERVE_BYTES + len(CHUNK)
        assert store.put(CHUNK) == ADDRESS


class TestRot:
    @pytest.mark.parametrize("content", [b"rotten", b"", CHUNK + b"!", CHUNK[:-1] + b"?"])
    def test_rot_is_reported_and_never_served(self, disk: Disk, content: bytes) -> None:
        plant(disk, PATH, content)

        with pytest.raises(StorageError, match="corrupt"):
            store_on(disk).get(ADDRESS)

    def test_a_scan_goes_on_where_the_one_before_it_ended(self, disk: Disk) -> None:
        store, found, after = store_on(disk), list[bytes](), b""
        put = sorted(store.put(b"chunk %d" % number) for number in range(7))
        while part := store.scan(after, 3)[0]:
            assert len(part) <= 3
            found, after = found + part, part[-1]
        assert found == put

    def test_a_scan_tells_whole_chunks_from_corrupt_ones(self, disk: Disk) -> None:
        store_on(disk).put(OTHER)
        plant(disk, PATH, b"rotten")

        assert store_on(disk).scan() == ([OTHER_ADDRESS], [ADDRESS])

    def test_storing_a_corrupt_chunk_again_heals_it(self, disk: Disk) -> None:
        plant(disk, PATH, CHUNK[:-1] + b"?")
        store = store_on(disk)
        store.put(CHUNK)

        assert store.get(ADDRESS) == CHUNK
        assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)

    def test_a_corrupt_chunk_can_be_removed(self, disk: Disk) -> None:
        plant(disk, PATH, b"rotten")
        store = store_on(disk)
        store.remove(ADDRESS)

        assert store.scan() == ([], [])
        assert (store.used_bytes, store.chunk_count) == (0, 0)

    def test_files_of_others_are_neither_counted_nor_touched(self, disk: Disk) -> None:
        for name in ("desktop.ini", ADDRESS.hex().upper(), ADDRESS.hex()[:-1], ADDRESS.hex() + "\n"):
            plant(disk, f"chunks/{name}", CHUNK)
        store = store_on(disk)

        assert (store.used_bytes, store.addresses(), store.scan()) == (0, [], ([], []))
        assert len(disk.list("chunks")) == 4

    def test_a_file_that_cannot_be_a_chunk_is_not_read_into_memory(self, tmp_path: Path) -> None:
        disk = RealFileSystem(tmp_path)
        with (tmp_path / PATH).open("wb") as file:
            file.truncate(1 << 40)  # a file of holes takes no room

        assert store_on(disk).scan() == ([], [ADDRESS])
        with pytest.raises(StorageError):
            store_on(disk).get(ADDRESS)

    def test_a_folder_in_the_place_of_a_chunk_is_the_loss_of_this_chunk_and_no_trouble_of_the_disk(
        self, tmp_path: Path
    ) -> None:
        disk = RealFileSystem(tmp_path)
        (tmp_path / PATH).mkdir()
        (tmp_path / PATH / "thesis.txt").write_text("years of work")
        store = store_on(disk)

        for refused in (lambda: store.get(ADDRESS), lambda: store.put(CHUNK)):
            with pytest.raises(ChunkCorrupt):
                refused()
        store.remove(ADDRESS)
        store.put(OTHER)
        assert (counted(store).used_bytes, store.chunk_count) == (len(OTHER), 1)
        assert store.scan() == ([OTHER_ADDRESS], [ADDRESS])
        assert disk.list("incoming") == [TALLY_NAME]
        assert (tmp_path / PATH / "thesis.txt").read_text() == "years of work"

    def test_a_machine_without_free_descriptors_is_not_taken_for_lost_chunks(self, tmp_path: Path) -> None:
        class Exhausted(RealFileSystem):
            def read(self, path: str) -> bytes:
                raise OSError(errno.EMFILE, "too many open files", path)

        store_on(RealFileSystem(tmp_path)).put(CHUNK)
        store = store_on(Exhausted(tmp_path))

        with pytest.raises(StorageError, match="too many"):
            store.scan()


class TestTheStart:
    def test_leftovers_in_incoming_are_removed(self, disk: Disk) -> None:
        plant(disk, "incoming/0", CHUNK[:3])

        assert store_on(disk).used_bytes == 0
        assert disk.list("incoming") == [TALLY_NAME]

    def test_a_folder_in_incoming_is_somebodys_and_keeps_no_store_from_starting(self, tmp_path: Path) -> None:
        disk = RealFileSystem(tmp_path)
        (tmp_path / "incoming/0").mkdir()
        (tmp_path / "incoming/0/thesis.txt").write_text("years of work")
        plant(disk, "incoming/1", CHUNK[:3])

        store = store_on(disk)

        store.put(CHUNK)
        assert store.get(ADDRESS) == CHUNK
        assert disk.list("incoming") == ["0", TALLY_NAME]
        assert (tmp_path / "incoming/0/thesis.txt").read_text() == "years of work"

    def test_contents_are_not_read(self, tmp_path: Path) -> None:
        class Unreadable(RealFileSystem):
            def read(self, path: str) -> bytes:
                assert path == TALLY, path
                return super().read(path)

        store_on(RealFileSystem(tmp_path)).put(CHUNK)

        assert counted(store_on(Unreadable(tmp_path))).used_bytes == len(CHUNK)

    def test_a_standby_reads_and_does_not_disturb_the_one_that_writes(self, disk: Disk) -> None:
        store_on(disk).put(CHUNK)
        plant(disk, "incoming/0", b"half of wha")

        standby = ChunkStore(disk, QUOTA_BYTES, is_standby=True)
        assert standby.get(ADDRESS) == CHUNK
        assert disk.list("incoming") == ["0", TALLY_NAME]
        with pytest.raises(AssertionError):
            standby.put(OTHER)

    def test_a_standby_that_takes_over_counts_what_was_stored_meanwhile(self, disk: Disk) -> None:
        writer = store_on(disk)
        standby = ChunkStore(disk, QUOTA_BYTES, is_standby=True)
        writer.put(CHUNK)

        writer.close()

        standby.take_over()
        assert (standby.used_bytes, standby.chunk_count) == (len(CHUNK), 1)
        assert standby.put(OTHER) == OTHER_ADDRESS

    def test_a_name_that_another_process_uses_is_left_to_it(self, disk: Disk) -> None:
        store = store_on(disk)
        plant(disk, "incoming/0", b"half of wha")

        assert store.put(CHUNK) == ADDRESS
        assert disk.read("incoming/0") == b"half of wha"


class TestSeveralThreads:
    def test_that_store_the_same_chunks_all_succeed_and_use_the_room_once(self, tmp_path: Path) -> None:
        store = ChunkStore(RealFileSystem(tmp_path), 1 << 20)
        contents = [bytes([number]) * 1000 for number in range(10)]
        with ThreadPoolExecutor(8) as threads:
            addresses = list(threads.map(store.put, contents * 8))

        assert addresses == [address_of(content) for content in contents] * 8
        assert (store.used_bytes, store.chunk_count) == (10 * 1000, 10)
        assert store.scan() == (sorted(addresses[:10]), [])

    def test_never_exceed_the_quota_together(self, tmp_path: Path) -> None:
        store = ChunkStore(RealFileSystem(tmp_path), 3_500)

        def is_stored(number: int) -> bool:
            try:
                store.put(bytes([number]) * 1000)
            except QuotaExceeded:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(is_stored, range(40))) == 3
        assert (store.used_bytes, store.chunk_count) == (3_000, 3)

    def test_that_store_and_remove_the_same_chunk_leave_a_right_account(self, tmp_path: Path) -> None:
        store = ChunkStore(RealFileSystem(tmp_path), 1 << 20)

        def store_or_remove(number: int) -> None:
            store.put(CHUNK) if number % 2 else store.remove(ADDRESS)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(store_or_remove, range(80)))
        fresh = counted(ChunkStore(RealFileSystem(tmp_path), 1 << 20))
        assert (store.used_bytes, store.chunk_count) == (fresh.used_bytes, fresh.chunk_count)

    def test_get_no_receipt_for_what_another_thread_has_not_flushed(self, tmp_path: Path) -> None:
        class Slow(RealFileSystem):
            is_flushing = threading.Event()
            may_flush = threading.Event()

            def fsync_directory(self, directory: str) -> None:
                if self.list("chunks"):
                    self.is_flushing.set()
                    assert self.may_flush.wait(WAIT_S)
                super().fsync_directory(directory)

        disk = Slow(tmp_path)
        store = store_on(disk)
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(store.put, CHUNK)
            assert disk.is_flushing.wait(WAIT_S)
            second = threads.submit(store.put, CHUNK)
            with pytest.raises(NotYet):
                second.result(timeout=0.2)
            disk.may_flush.set()
            assert first.result(WAIT_S) == second.result(WAIT_S) == ADDRESS
