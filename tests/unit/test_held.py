"""What a vault holds, however much: a mapping in order of the addresses, gone through a bounded part at a time."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vault.core.close_group import Place
from node.vault.core.desk import Desk
from node.vault.core.events import Now
from node.vault.core.held import RECENT_KEPT, SIZE_BYTES_MAX, Held, Lap, latest
from node.vault.core.room import PLACE_BYTES, PLACES_MAX, Room
from node.vault.core.sweep import Sweep
from node.vault.core.tour import PART, Tour
from node.vault.storage.account import Census
from tests.vault_world import World

MANY = 20_000


def address_of(number: int) -> bytes:
    """Near to each other, as those that one vault holds."""
    return b"\x5a" * 30 + number.to_bytes(2, "big")


CHANGES = st.lists(st.tuples(st.integers(0, 1_000), st.one_of(st.none(), st.integers(0, SIZE_BYTES_MAX))), max_size=400)


def held_with(count: int, seed: int = 1) -> Held:
    drawn = random.Random(seed)
    return Held({drawn.randbytes(32): 1_000 for _ in range(count)})


def place(number: int) -> Place:
    drawn = random.Random(number)
    return Place(bytes([number]), drawn.randrange(1 << 256), f"subnet {number}")


@pytest.mark.long
@given(CHANGES, st.integers(0, 1_000), st.integers(1, 700))
def test_behaves_as_a_dict_that_is_sorted(changes: list[tuple[int, int | None]], first: int, repeat: int):
    held, plain = Held(), dict[bytes, int]()
    for number in range(0, repeat * 2, 2):  # so many that there are several blocks
        held[address_of(number)] = plain[address_of(number)] = number
    for number, size in changes:
        address = address_of(number)
        if size is None:
            assert held.pop(address, None) == plain.pop(address, None)
        else:
            held[address] = plain[address] = size
        assert held.get(address) == plain.get(address)
        assert (address in held) is (address in plain)

    ordered = sorted(plain)
    beyond = [address for address in ordered if address >= address_of(first)]
    assert (list(held), dict(held), len(held), held.sum_bytes) == (ordered, plain, len(plain), sum(plain.values()))
    assert [held.at(index) for index in range(len(held))] == ordered
    assert held.following(address_of(first), 300) == beyond[:300]
    assert held.recent() == list(reversed(plain))


@given(
    st.lists(st.integers(0, 5_000), unique=True, min_size=1, max_size=600), st.integers(0, 5_000), st.integers(1, 99)
)
def test_a_lap_comes_by_each_once_from_where_it_began(numbers: list[int], first: int, count: int):
    held, begin = Held({address_of(number): 1 for number in numbers}), address_of(first)
    lap, taken = Lap(begin), list[bytes]()
    while not lap.is_over(held):
        assert {address for address in held if lap.is_ahead(address)} == set(held) - set(taken)
        part = lap.take(held, count)
        assert 0 < len(part) <= count
        taken += part
    assert taken == sorted(held, key=lambda address: (address < begin, address))


@pytest.mark.long
def test_which_came_last_is_known_of_some_only():
    held = Held()
    for number in range(3 * RECENT_KEPT):
        held[random.Random(number).randbytes(32)] = 1
    newest = [random.Random(number).randbytes(32) for number in range(3 * RECENT_KEPT - 1, 2 * RECENT_KEPT - 1, -1)]
    assert held.recent() == newest
    assert latest(held, RECENT_KEPT) == newest
    assert latest(held, RECENT_KEPT + 1) is None
    assert not held.has_all_recent


def test_those_that_came_last_are_named_without_a_search_for_each():
    """20,000 searches took 0.1 to 0.3 s, whenever a neighbour came or left, in which no peer was answered."""

    class Unsearched(Held):
        def _find(self, address: bytes) -> tuple[int, int, bool]:
            assert not self.is_closed, "searched for one"
            return super()._find(address)

        is_closed = False

    held = Unsearched({address_of(number): 1 for number in range(500)})
    del held[address_of(7)]
    held[address_of(3)] = 2  # which is no newer for that
    held.is_closed = True
    assert held.recent(3) == [address_of(number) for number in (499, 498, 497)]
    assert held.recent()[-5:] == [address_of(number) for number in (4, 3, 2, 1, 0)]
    assert len(held.recent()) == len(held) == 499


@pytest.mark.long
def test_a_chunk_takes_less_than_fifty_bytes_and_an_empty_vault_next_to_nothing():
    def taken_bytes(count: int) -> int:
        tracemalloc.start()
        held = held_with(count)
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(held) == count
        return taken

    # The addresses of those that came last are kept once more, in a dict.
    assert taken_bytes(MANY) < 50 * MANY + 150 * RECENT_KEPT
    assert taken_bytes(0) < 2_000


class Counting(Held):
    """Knows how many addresses were named in one step."""

    __slots__ = ("named",)

    def following(self, first: bytes, count: int, before: bytes | None = None) -> list[bytes]:
        found = super().following(first, count, before)
        self.named = getattr(self, "named", 0) + len(found)
        return found

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("all of it is walked over at once")


def many_at_a_desk() -> tuple[Desk, Counting]:
    desk = World().add(1).vault._desk
    desk.held = held = Counting(dict(held_with(MANY)))
    desk.is_counted = True
    return desk, held


def test_a_step_of_the_sweep_looks_at_no_more_than_there_is_room_for_however_much_is_held():
    desk, held = many_at_a_desk()
    sweep, steps = Sweep(24 * 3600.0), list[int]()
    sweep.hurry()
    taken: list[bytes] = []
    for number in range(MANY // 100):
        held.named, desk.now = 0, Now(float(number), 0.0)
        taken += sweep.take(desk, 100)
        steps.append(held.named)
    assert max(steps) <= 104
    assert len(taken) == len(set(taken)) == MANY


@pytest.mark.long
def test_who_comes_while_a_large_vault_is_toured_is_led_around_once_a_part_at_a_time():
    held = held_with(3 * PART)
    places = [place(number) for number in range(1, 5)]  # in so small a network each chunk concerns everybody
    tour = Tour(held.recent(PART), places, places[1:2], [], are_all=False, full=frozenset())
    found = {one.vault_id: list[bytes]() for one in places}
    late, parts = place(9), 0
    found[late.vault_id] = []
    while not tour.is_over:
        assert len(tour.addresses) <= PART
        while not tour.needs_part:
            finding = tour.next()
            for one in finding.members if finding is not None else ():
                found[one.vault_id].append(finding.address if finding is not None else b"")
        tour.go_on(held)
        parts += 1
        if parts == 2:
            tour.add([*places, late], [late], [], frozenset())

    assert sorted(found[places[1].vault_id]) == sorted(found[late.vault_id]) == list(held)


def test_a_vault_that_holds_as_many_chunks_as_its_memory_carries_says_that_it_is_full_however_much_is_lent():
    lent_bytes = 100 * PLACES_MAX * PLACE_BYTES
    assert not Room(lent_bytes, PLACES_MAX // 2, PLACES_MAX // 2).is_full
    full = Room(lent_bytes, PLACES_MAX, PLACES_MAX)
    assert full.is_full
    assert not full.fits(1)
    assert full.fits(1, instead_bytes=1)
    assert full.left_bytes <= 0
    more = Room(lent_bytes, 2 * PLACES_MAX, 2 * PLACES_MAX)  # that an earlier version took
    assert more.is_full
    assert not more.fits(1, is_here=True)


def test_a_census_notes_what_changes_while_it_counts():
    census = Census()
    census.note(address_of(1), 5)
    census.note(address_of(2), 7)
    census.note(address_of(1), None)
    assert (dict(census.sizes), census.gone) == ({address_of(2): 7}, {address_of(1)})
