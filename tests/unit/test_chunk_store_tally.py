"""The store's tally: it spares the listing at a start, and is never too small, whatever happens."""

from __future__ import annotations

import contextlib
import errno
import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vault.errors import QuotaExceeded, StorageError
from node.vault.share.tree import address_of
from node.vault.storage import account, chunk_store, tally
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.tally import TALLY, TALLY_NAME, Extent
from tests.sim_filesystem import PowerCut, SimFileSystem

QUOTA_BYTES = 1600
STEP_BYTES = QUOTA_BYTES // account.STEPS_PER_QUOTA
CHUNKS = [bytes([number]) * (30 + number) for number in range(12)]
WAIT_S = 10.0


class Unlisted(SimFileSystem):
    """A disk on which nobody may list the chunks."""

    def list_in_steps(self, directory: str, names_max: int) -> Iterator[Sequence[str]]:
        raise AssertionError(directory)


def store_on(disk: SimFileSystem, *, is_standby: bool = False) -> ChunkStore:
    return ChunkStore(disk, QUOTA_BYTES, is_standby=is_standby)


def count(store: ChunkStore) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for batch in store.inventory():
        found |= batch
    return found


def truth(disk: SimFileSystem) -> Extent:
    sizes = [disk.size_bytes(f"chunks/{name}") for name in disk.list("chunks")]
    return Extent(sum(sizes), len(sizes))


def unlisted(disk: SimFileSystem) -> Unlisted:
    copy = Unlisted()
    for path, file in disk.names.items():
        copy.plant(path, file.content)
    return copy


def expect_a_bound(world: SimFileSystem) -> None:
    """Whatever tally this disk has, and whatever a start makes of it, is not less than what lies there."""
    found = tally.load(world)
    assert found is None or found.covers(truth(world))
    store = store_on(world)
    assert store.used_bytes >= min(truth(world).used_bytes, QUOTA_BYTES)
    assert store.chunk_count >= truth(world).chunk_count or store.room() == 0
    count(store)
    assert Extent(store.used_bytes, store.chunk_count) == truth(world)


class TestAStart:
    def test_lists_no_chunk_when_there_is_a_tally(self) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNKS[0])
        store.close()

        again = store_on(unlisted(disk))
        assert (again.used_bytes, again.chunk_count) == (len(CHUNKS[0]), 1)
        assert not again.is_counted

    def test_after_a_crash_thinks_it_holds_a_little_more(self) -> None:
        disk = SimFileSystem()
        store_on(disk).put(CHUNKS[0])

        again = store_on(unlisted(disk))
        assert len(CHUNKS[0]) <= again.used_bytes <= len(CHUNKS[0]) + STEP_BYTES

    def test_a_standby_takes_over_without_a_listing(self) -> None:
        disk = SimFileSystem()
        store = store_on(disk)
        store.put(CHUNKS[0])
        store.close()

        standby = store_on(unlisted(disk), is_standby=True)
        standby.take_over()
        assert (standby.used_bytes, standby.chunk_count) == (len(CHUNKS[0]), 1)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"tally",
            bytes(56),
            b"x" * 56,
            pytest.param(None, id="none"),
            pytest.param("flipped", id="flipped"),
            pytest.param("absurd", id="absurd"),
        ],
    )
    def test_counts_when_no_tally_can_be_believed(self, content: Any) -> None:
        disk = SimFileSystem()
        store_on(disk).put(CHUNKS[0])
        if content == "flipped":
            disk.rot(TALLY, 9)
        elif content == "absurd":
            tally.save(disk, Extent(tally.USED_BYTES_MAX + 1, 1))
        elif content is None:
            disk.remove(TALLY)
        else:
            disk.plant(TALLY, content)

        store = store_on(disk)
        assert (store.used_bytes, store.chunk_count, store.is_counted) == (len(CHUNKS[0]), 1, True)
        assert store_on(unlisted(disk)).used_bytes >= len(CHUNKS[0])

    def test_of_a_version_that_knows_no_tally_leaves_none_that_is_too_small(self) -> None:
        disk = SimFileSystem()
        store_on(disk).close()
        for name in disk.list("incoming"):  # what that version does first
            disk.remove(f"incoming/{name}")
        disk.plant(f"chunks/{address_of(CHUNKS[1]).hex()}", CHUNKS[1])

        assert store_on(disk).used_bytes == len(CHUNKS[1])

    def test_counts_again_rather_than_keep_a_figure_that_no_tally_can_hold(self) -> None:
        disk = SimFileSystem()
        tally.save(disk, Extent(1 << 70, 1))

        assert tally.load(disk) is None


class TestALargeStoreWithoutATally:
    """As one that comes from a backup, or whose tally was damaged: no start waits until all of it is counted."""

    @pytest.fixture
    def disk(self, monkeypatch: pytest.MonkeyPatch) -> SimFileSystem:
        monkeypatch.setattr(chunk_store, "BATCH_CHUNKS", 2)
        monkeypatch.setattr(chunk_store, "BATCHES_AT_START", 2)
        disk = SimFileSystem()
        for chunk in CHUNKS[:8]:
            disk.plant(f"chunks/{address_of(chunk).hex()}", chunk)
        return disk

    @pytest.mark.parametrize("is_standby", [False, True])
    def test_starts_after_a_part_of_the_count_and_serves_what_it_has(
        self, disk: SimFileSystem, is_standby: bool
    ) -> None:
        steps = 0

        class Watched(SimFileSystem):
            def list_in_steps(self, directory: str, names_max: int) -> Iterator[Sequence[str]]:
                nonlocal steps
                for names in super().list_in_steps(directory, names_max):
                    steps += 1
                    yield names

        watched = Watched()
        watched.names = disk.names
        store = store_on(watched, is_standby=is_standby)
        assert (steps, store.is_counted, store.get(address_of(CHUNKS[7]))) == (2, False, CHUNKS[7])

    def test_stores_nothing_before_it_is_counted_whatever_the_quota(self, disk: SimFileSystem) -> None:
        store = store_on(disk)
        store.set_quota(10 * QUOTA_BYTES)
        assert (store.room(), store.used_bytes) == (0, 10 * QUOTA_BYTES)
        with pytest.raises(QuotaExceeded):
            store.put(CHUNKS[9])
        assert store.put(CHUNKS[0]) == address_of(CHUNKS[0])  # it is here

        count(store)
        assert Extent(store.used_bytes, store.chunk_count) == truth(disk)
        store.put(CHUNKS[9])

    def test_leaves_a_tally_only_once_it_is_counted(self, disk: SimFileSystem) -> None:
        store = store_on(disk)
        store.remove(address_of(CHUNKS[0]))
        store.close()
        assert tally.load(disk) is None

        store = store_on(disk)
        count(store)
        assert store_on(unlisted(disk)).used_bytes >= truth(disk).used_bytes

    def test_at_any_power_cut_leaves_none_that_is_too_small(self, disk: SimFileSystem) -> None:
        for cut_at in itertools.count():
            world = SimFileSystem(cut_at=cut_at)
            for path, file in disk.names.items():
                world.plant(path, file.content)
            is_cut = False
            try:
                store = store_on(world)
                store.remove(address_of(CHUNKS[0]))
                count(store)
                store.put(CHUNKS[9])
                store.close()
            except PowerCut:
                is_cut = True
            for after in world.worlds_after_power_cut():
                expect_a_bound(after)
            if not is_cut:
                break
        assert cut_at > 10


class TestTheInventory:
    def test_comes_in_batches_and_corrects_a_wrong_tally(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chunk_store, "BATCH_CHUNKS", 5)
        disk = SimFileSystem()
        store_on(disk)
        for chunk in CHUNKS:
            disk.plant(f"chunks/{address_of(chunk).hex()}", chunk)

        store = store_on(disk)
        batches = list(store.inventory())
        assert [len(batch) for batch in batches] == [5, 5, 2]
        assert store.is_counted
        assert Extent(store.used_bytes, store.chunk_count) == truth(disk)
        found = tally.load(disk)
        assert found is not None
        assert found.covers(truth(disk))

    def test_that_was_not_finished_is_no_count(self) -> None:
        disk = SimFileSystem()
        store_on(disk).put(CHUNKS[0])
        store = store_on(disk)
        next(store.inventory())

        assert not store.is_counted

    def test_that_finds_an_unplugged_disk_is_no_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chunk_store, "BATCH_CHUNKS", 1)
        disk = SimFileSystem()
        for chunk in CHUNKS[:3]:
            store_on(disk).put(chunk)
        store = store_on(disk)
        batches = store.inventory()
        next(batches)
        disk.unplug()

        with pytest.raises(StorageError):
            list(batches)
        assert not store.is_counted

    @pytest.mark.parametrize("old_bytes", [None, 7, 100])
    @pytest.mark.parametrize("deed", ["put", "remove"])
    def test_that_ends_within_a_put_or_removal_counts_its_chunk_once(self, old_bytes: int | None, deed: str) -> None:
        class Busy(SimFileSystem):
            while_flushing: Callable[[], object] = staticmethod(lambda: None)

            def fsync_directory(self, directory: str) -> None:
                self.while_flushing()
                super().fsync_directory(directory)

        disk = Busy()
        if old_bytes is not None:
            disk.plant(f"chunks/{address_of(CHUNKS[0]).hex()}", bytes(old_bytes))
        store = store_on(disk)
        store.put(CHUNKS[1])
        disk.while_flushing = lambda: count(store)
        store.put(CHUNKS[0]) if deed == "put" else store.remove(address_of(CHUNKS[0]))

        assert Extent(store.used_bytes, store.chunk_count) == truth(disk)

    @pytest.mark.long
    @given(data=st.data())
    def test_is_right_whatever_is_put_and_removed_meanwhile(self, data: st.DataObject) -> None:
        deeds = st.lists(st.tuples(st.booleans(), st.sampled_from(CHUNKS)), max_size=4)
        disk = SimFileSystem()
        for chunk in data.draw(st.lists(st.sampled_from(CHUNKS))):
            disk.plant(f"chunks/{address_of(chunk).hex()}", chunk[: data.draw(st.sampled_from([0, 5, 100]))])
        store = store_on(disk)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunk_store, "BATCH_CHUNKS", 2)
            for _ in store.inventory():
                for is_put, chunk in data.draw(deeds):
                    store.put(chunk) if is_put else store.remove(address_of(chunk))

        assert Extent(store.used_bytes, store.chunk_count) == truth(disk)


@pytest.mark.parametrize("has_links", [True, False])
class TestAPowerCut:
    def test_at_any_moment_leaves_no_tally_that_is_too_small(self, has_links: bool) -> None:
        raised = 0
        for cut_at in itertools.count():
            disk = SimFileSystem(cut_at=cut_at, has_links=has_links)
            is_cut = False
            try:
                store = store_on(disk)
                for chunk in CHUNKS[:4]:  # more than one step
                    store.put(chunk)
                store.remove(address_of(CHUNKS[0]))
                count(store)
                store.close()
                store.put(CHUNKS[5])
            except PowerCut:
                is_cut = True
            for world in disk.worlds_after_power_cut():
                found = tally.load(world)
                raised += found is not None and found.used_bytes > STEP_BYTES
                expect_a_bound(world)
            if not is_cut:
                break
        assert raised > 10

    def test_on_a_disk_that_fails_at_any_step_leaves_none_either(self, has_links: bool) -> None:
        for skip, times in itertools.product(range(24), [1, 2, 50]):
            disk = SimFileSystem(has_links=has_links)
            store = store_on(disk)
            store.put(CHUNKS[0])
            disk.fail(errno.EIO, skip=skip, times=times)
            for deed in (
                store.close,
                lambda store=store: store.put(CHUNKS[1]),
                lambda store=store: store.remove(address_of(CHUNKS[0])),
                lambda store=store: store.put(CHUNKS[2]),
                lambda store=store: store.put(CHUNKS[3]),
            ):
                with contextlib.suppress(StorageError):
                    deed()
                for world in disk.worlds_after_power_cut():
                    expect_a_bound(world)
            disk.obey()
            count(store)
            assert store.chunk_count == truth(disk).chunk_count

    def test_counts_a_removal_that_the_disk_did_not_confirm(
        self, has_links: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(account, "STEP_CHUNKS", 0)
        for cut_in in range(12):
            disk = SimFileSystem(has_links=has_links)
            store = store_on(disk)
            store.put(CHUNKS[0])
            store.close()
            disk.fail(errno.EIO, skip=1)
            with pytest.raises(StorageError, match="for good"):
                store.remove(address_of(CHUNKS[0]))
            assert (store.used_bytes, store.chunk_count) == (0, 0)
            disk.cut_at = disk.change_count + cut_in
            with contextlib.suppress(PowerCut):
                store.put(b"x" * len(CHUNKS[0]))

            for world in disk.worlds_after_power_cut():
                expect_a_bound(world)

    def test_after_much_was_removed_the_tally_has_followed(self, has_links: bool) -> None:
        disk = SimFileSystem(has_links=has_links)
        store = store_on(disk)
        for chunk in CHUNKS:
            store.put(chunk)
        for chunk in CHUNKS:
            store.remove(address_of(chunk))

        for world in disk.worlds_after_power_cut():
            assert store_on(world).used_bytes <= 3 * STEP_BYTES


class Turns:
    """Lets one of several threads run from each step of the disk to the next, as ``choose`` says."""

    def __init__(self, choose: Callable[[list[int]], int]) -> None:
        self._choose = choose
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._running: int | None = None
        self._left = 0
        self._own = threading.local()

    def run(self, *deeds: Callable[[], object]) -> None:
        threads = [threading.Thread(target=self._live, args=(me, deed)) for me, deed in enumerate(deeds)]
        self._left = len(threads)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
            assert not thread.is_alive()

    def step(self) -> None:
        """Wait until it is this thread's turn again."""
        me: int | None = getattr(self._own, "me", None)
        if me is None:
            return
        with self._changed:
            self._waiting.add(me)
            self._running = None
            self._pass_on()
            assert self._changed.wait_for(lambda: self._running == me, WAIT_S)

    def _live(self, me: int, deed: Callable[[], object]) -> None:
        self._own.me = me
        self.step()
        with contextlib.suppress(PowerCut):
            deed()
        with self._changed:
            self._left -= 1
            self._running = None
            self._pass_on()

    def _pass_on(self) -> None:
        if self._left and len(self._waiting) == self._left:
            self._running = self._choose(sorted(self._waiting))
            self._waiting.discard(self._running)
            self._changed.notify_all()


class Interleaved(SimFileSystem):
    """Every change is a step, and after the power was cut nobody changes anything."""

    turns: Turns | None = None

    def size_bytes(self, path: str) -> int:
        if self.turns is not None:
            self.turns.step()
        return super().size_bytes(path)

    def _change(self) -> None:
        if self.turns is not None:
            self.turns.step()
        if 0 <= self.cut_at < self.change_count:
            raise PowerCut
        super()._change()


class SteppingLock:
    """A lock whose waiters let others have their turn."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._is_held = turns, False

    def acquire(self, timeout: float) -> bool:
        assert timeout > 0
        while self._is_held:
            self._turns.step()
        self._is_held = True
        return True

    def release(self) -> None:
        self._is_held = False


@pytest.mark.parametrize("seed", range(150))
def test_two_threads_in_any_order_break_no_promise_and_leave_no_tally_that_is_too_small(seed: int) -> None:
    chance = random.Random(seed)
    disk = Interleaved(has_links=bool(seed % 2))
    store = store_on(disk)
    store.put(CHUNKS[11])
    store.close()
    turns = Turns(chance.choice)
    store._account._turn = SteppingLock(turns)  # type: ignore[assignment]
    disk.turns, disk.cut_at = turns, disk.change_count + chance.randrange(30)
    promised: dict[bytes, bytes | None] = {}

    def put_two() -> None:
        for chunk in CHUNKS[:2]:
            promised[store.put(chunk)] = chunk

    def put_and_remove() -> None:
        promised[store.put(CHUNKS[10])] = CHUNKS[10]
        store.remove(address_of(CHUNKS[11]))
        promised[address_of(CHUNKS[11])] = None

    turns.run(put_two, put_and_remove)
    disk.turns = None

    for world in disk.worlds_after_power_cut():
        expect_a_bound(world)
        again = store_on(world)
        for address, chunk in promised.items():
            assert again.get(address) == chunk
        assert world.list("incoming") == [TALLY_NAME]


@pytest.mark.parametrize("seed", range(150))
def test_an_inventory_between_any_steps_of_others_comes_to_the_truth(seed: int) -> None:
    chance = random.Random(seed)
    disk = Interleaved()
    for chunk in CHUNKS[:4]:
        disk.plant(f"chunks/{address_of(chunk).hex()}", chunk[: chance.choice([7, 100])])
    store = store_on(disk)
    disk.turns = turns = Turns(lambda waiting: chance.choice(waiting + waiting[1:] * (seed % 5)))
    store._account._turn = SteppingLock(turns)  # type: ignore[assignment]
    if seed % 3 == 0:
        disk.fail(errno.EIO, skip=chance.randrange(12))

    def do(*deeds: Callable[[], object]) -> None:
        for deed in deeds:
            with contextlib.suppress(StorageError):
                deed()

    def remove(chunk: bytes) -> Callable[[], None]:
        return lambda: store.remove(address_of(chunk))

    turns.run(
        lambda: count(store),
        lambda: do(lambda: store.put(CHUNKS[0]), remove(CHUNKS[1])),
        lambda: do(remove(CHUNKS[2]), lambda: store.put(CHUNKS[5]), remove(CHUNKS[5])),
    )
    disk.turns = None

    assert store.is_counted
    assert Extent(store.used_bytes, store.chunk_count) == truth(disk)
