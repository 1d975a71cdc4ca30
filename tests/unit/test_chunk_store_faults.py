"""The chunk store when the power or the disk fails: at every step, with every disk that may result."""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vault.errors import QuotaExceeded, StorageError
from node.vault.share.tree import address_of
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.tally import TALLY_NAME
from tests.sim_filesystem import PowerCut, SimFileSystem

CHUNK = b"a chunk of a peer"
OTHER = b"another chunk, of somebody else"
ADDRESS = address_of(CHUNK)
PATH = f"chunks/{ADDRESS.hex()}"


def store_on(disk: SimFileSystem) -> ChunkStore:
    return ChunkStore(disk, quota_bytes=1000)


def counted(disk: SimFileSystem) -> ChunkStore:
    """A store that has looked at all of its chunks since it was opened."""
    store = store_on(disk)
    for _ in store.inventory():
        pass
    assert store.is_counted
    return store


# What a vault may be in the middle of when the power fails.  ``promise(address, content)`` notes what was promised:
# the content, None for "gone", or EITHER while nothing is.
Promise = Callable[[bytes, bytes | None], None]
Life = Callable[[SimFileSystem, Promise], None]
EITHER = b""


def put_one(disk: SimFileSystem, promise: Promise) -> None:
    promise(store_on(disk).put(CHUNK), CHUNK)


def put_twice(disk: SimFileSystem, promise: Promise) -> None:
    store = store_on(disk)
    for _ in range(2):
        promise(store.put(CHUNK), CHUNK)


def put_two(disk: SimFileSystem, promise: Promise) -> None:
    store = store_on(disk)
    promise(store.put(CHUNK), CHUNK)
    promise(store.put(OTHER), OTHER)


def put_and_open_again(disk: SimFileSystem, promise: Promise) -> None:
    put_one(disk, promise)
    put_one(disk, promise)


def put_and_remove(disk: SimFileSystem, promise: Promise) -> None:
    store = store_on(disk)
    promise(store.put(OTHER), OTHER)
    promise(store.put(CHUNK), CHUNK)
    promise(ADDRESS, EITHER)
    store.remove(ADDRESS)
    promise(ADDRESS, None)


def put_remove_and_put(disk: SimFileSystem, promise: Promise) -> None:
    put_and_remove(disk, promise)
    promise(ADDRESS, EITHER)
    put_one(disk, promise)


LIVES: list[Life] = [put_one, put_twice, put_two, put_and_open_again, put_and_remove, put_remove_and_put]


def cut_everywhere(
    life: Life, start: SimFileSystem, promised: dict[bytes, bytes | None]
) -> Iterator[tuple[SimFileSystem, dict[bytes, bytes | None]]]:
    """Live on that disk, each time with the power failing one change later; yield every disk that may result."""
    for cut_at in itertools.count():
        disk, promises = start.copy(cut_at=cut_at), dict(promised)
        is_cut = False
        try:
            life(disk, promises.__setitem__)
        except PowerCut:
            is_cut = True
        for world in disk.worlds_after_power_cut():
            yield world, promises
        if not is_cut:
            return  # that was the cut after the last change


def start_only(disk: SimFileSystem, promise: Promise) -> None:
    store_on(disk)


def check(world: SimFileSystem, promises: dict[bytes, bytes | None]) -> None:
    """Start once more: every promise is kept, and on a disk with links no chunk is corrupt.

    Before the chunks are counted the store may think that it holds more, never less.
    """
    store = store_on(world)
    sizes = [world.size_bytes(f"chunks/{name}") for name in world.list("chunks")]
    assert store.used_bytes >= sum(sizes)
    assert store.chunk_count >= len(sizes)
    store = counted(world)
    held, corrupt = store.scan()
    for address, content in promises.items():
        assert content == EITHER or (store.get(address) if address in held else None) == content
        assert content == EITHER or address not in corrupt
    assert corrupt == [] or not world.has_links
    assert (store.used_bytes, store.chunk_count) == (sum(sizes), len(sizes))
    assert world.list("incoming") == [TALLY_NAME]


@pytest.mark.parametrize("has_links", [True, False])
class TestAPowerCut:
    @pytest.mark.parametrize("life", LIVES)
    def test_at_any_moment_leaves_every_promise_kept(self, life: Life, has_links: bool) -> None:
        worlds = 0
        for world, promises in cut_everywhere(life, SimFileSystem(has_links=has_links), {}):
            check(world, promises)
            worlds += 1
        assert worlds >= 20

    def test_during_the_start_after_a_power_cut_does_no_harm(self, has_links: bool) -> None:
        for first, promises in cut_everywhere(put_remove_and_put, SimFileSystem(has_links=has_links), {}):
            for second, _ in cut_everywhere(start_only, first, promises):
                check(second, promises)

    def test_while_a_corrupt_chunk_is_replaced_leaves_the_old_or_the_new(self, has_links: bool) -> None:
        disk = SimFileSystem(has_links=has_links)
        disk.plant(PATH, b"rotten")

        for world, promises in cut_everywhere(put_one, disk, {}):
            held, corrupt = store_on(world).scan()
            assert held + corrupt == [ADDRESS]
            assert held == [ADDRESS] or not promises

    def test_after_the_process_was_killed_keeps_what_the_next_one_promises(self, has_links: bool) -> None:
        is_killed = True
        for killed_at in itertools.count():
            if not is_killed:
                break
            disk = SimFileSystem(has_links=has_links, cut_at=killed_at)
            is_killed = False
            try:
                store_on(disk).put(CHUNK)
            except PowerCut:
                is_killed = True
            disk.cut_at = -1  # the power stays; the kernel knows what the process left unflushed

            store_on(disk).put(CHUNK)
            for world in disk.worlds_after_power_cut():
                check(world, {ADDRESS: CHUNK})

    @pytest.mark.long
    @given(data=st.data())
    def test_whatever_was_done_before_leaves_every_promise_kept(self, has_links: bool, data: st.DataObject) -> None:
        deeds = data.draw(st.lists(st.tuples(st.booleans(), st.sampled_from([CHUNK, OTHER, b"x"])), max_size=8))
        disk = SimFileSystem(has_links=has_links, cut_at=data.draw(st.integers(0, 40)))
        promises: dict[bytes, bytes | None] = {}
        with contextlib.suppress(PowerCut):
            store = store_on(disk)
            for is_put, content in deeds:
                address = address_of(content)
                if is_put:
                    if promises.get(address) is None:
                        promises[address] = EITHER
                    store.put(content)
                    promises[address] = content
                else:
                    promises[address] = EITHER
                    store.remove(address)
                    promises[address] = None

        for world in disk.worlds_after_power_cut():
            check(world, promises)


class TestAFailingDisk:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            (errno.ENOSPC, QuotaExceeded),
            (errno.EDQUOT, QuotaExceeded),
            (errno.EIO, StorageError),
            (errno.EROFS, StorageError),
        ],
    )
    def test_leaves_nothing_half_written_whichever_step_fails(self, number: int, expected: type[Exception]) -> None:
        for skip in itertools.count():
            disk = SimFileSystem()
            store = store_on(disk)
            disk.fail(number, skip=skip)
            try:
                store.put(CHUNK)
            except expected:
                assert (disk.list("incoming"), disk.list("chunks")) == ([TALLY_NAME], [])
                assert (store.used_bytes, store.chunk_count) == (0, 0)
                assert store.put(CHUNK) == ADDRESS
                assert (store.used_bytes, store.chunk_count) == (len(CHUNK), 1)
                check(disk, {ADDRESS: CHUNK})
            else:
                break
        assert skip == 5  # write, flush, rename, flush, flush

    def test_that_refuses_even_to_clean_up_gets_no_receipt_until_the_chunk_is_safe(self) -> None:
        for skip in range(5):
            disk = SimFileSystem()
            store = store_on(disk)
            disk.fail(errno.EIO, skip=skip, times=100)
            with pytest.raises(StorageError):
                store.put(CHUNK)
            disk.obey()

            store.put(CHUNK)
            for world in disk.worlds_after_power_cut():
                assert store_on(world).get(ADDRESS) == CHUNK

    def test_that_refuses_to_remove_keeps_the_account_right(self) -> None:
        for skip in range(2):
            disk = SimFileSystem()
            store = store_on(disk)
            store.put(CHUNK)
            disk.fail(errno.EIO, skip=skip)

            with pytest.raises(StorageError):
                store.remove(ADDRESS)
            check(disk, {})
            assert store.chunk_count == len(disk.list("chunks"))
            store.remove(ADDRESS)
            assert (store.used_bytes, store.chunk_count) == (0, 0)

    def test_that_fails_at_the_start_is_reported(self) -> None:
        disk = SimFileSystem()
        disk.fail(errno.EIO)

        with pytest.raises(StorageError):
            store_on(disk)

    def test_that_fails_to_heal_leaves_the_corrupt_chunk_to_be_reported(self) -> None:
        disk = SimFileSystem()
        disk.plant(PATH, b"rotten")
        store = store_on(disk)
        disk.fail(errno.ENOSPC)

        with pytest.raises(QuotaExceeded):
            store.put(CHUNK)
        assert store.scan() == ([], [ADDRESS])
        assert (store.used_bytes, store.chunk_count) == (len(b"rotten"), 1)
