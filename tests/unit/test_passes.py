"""What newcomers mean for the chunks that are held: those who come one after the other share the reading."""

from __future__ import annotations

from collections import Counter

import pytest

from node.vault.core.close_group import Place, is_in_group
from node.vault.core.passes import BATCHES_MAX, Pass
from tests.vault_world import World

FULL: frozenset[bytes] = frozenset()


class Walk:
    """A pass in a network of eight, and how often it has said of whom that he must prove which chunk."""

    def __init__(self, seed: int, held: int = 200) -> None:
        self._random = World(seed).random
        self._count = 0
        self.places = [self.drawn() for _ in range(8)]
        self.held = [self._random.randbytes(32) for _ in range(held)]
        self.found: Counter[tuple[bytes, bytes]] = Counter()
        self.order: list[bytes] = []

    def drawn(self) -> Place:
        self._count += 1
        return Place(bytes([self._count]), self._random.randrange(1 << 256), f"subnet {self._count}")

    def come(self, count: int = 1) -> list[Place]:
        joined = [self.drawn() for _ in range(count)]
        self.places = [*self.places, *joined]
        return joined

    def begin(self) -> Pass:
        joined = self.come()
        return Pass(list(self.held), self.places, joined, [])

    def go(self, one: Pass, steps: int | None = None) -> None:
        left = steps
        while not one.is_over and (left is None or left > 0):
            left = left if left is None else left - 1
            finding = one.next()
            if finding is not None:
                self.order.append(finding.address)
                self.found.update((finding.address, place.vault_id) for place in finding.members)

    def concerns(self, place: Place) -> set[bytes]:
        targets = {address: int.from_bytes(address, "big") for address in self.held}
        return {one for one, target in targets.items() if is_in_group(place, self.places, target)}

    def asked(self, place: Place) -> set[bytes]:
        return {address for address, vault_id in self.found if vault_id == place.vault_id}


@pytest.mark.long
def test_who_comes_during_either_lap_is_asked_for_all_that_it_should_hold_in_the_same_pass():
    for seed in range(20):
        walk = Walk(seed)
        one = walk.begin()
        walk.go(one, 70)
        second = walk.come(2)
        one.add(walk.places, second, [], FULL)
        walk.go(one, 250)
        third = walk.come()
        one.add(walk.places, third, [], FULL)
        walk.go(one)

        for place in [*second, *third]:
            assert walk.concerns(place) <= walk.asked(place)


def test_nobody_is_asked_twice_for_a_chunk_because_others_have_joined():
    for seed in range(20):
        walk = Walk(seed)
        one = walk.begin()
        for steps in (120, 300):
            walk.go(one, steps)
            one.add(walk.places, walk.come(), [], FULL)
        # An own vault that has moved out of a group asks all of it.
        own, inside = walk.places[0], set(walk.concerns(walk.places[0]))
        walk.go(one)

        assert own.vault_id not in {vault_id for _, vault_id in walk.found}
        assert {count for (address, _), count in walk.found.items() if address in inside} == {1}


def test_what_is_to_be_looked_at_besides_comes_next():
    walk = Walk(0)
    one = walk.begin()
    walk.go(one, 100)
    more = [walk._random.randbytes(32) for _ in range(200)]
    before = len(walk.order)
    walk.held += more
    second = walk.come()

    one.add(walk.places, second, more, FULL)
    walk.go(one, len(more))

    assert len(walk.order) > before
    assert set(walk.order[before:]) <= set(more)
    walk.go(one)
    assert walk.concerns(second[0]) <= walk.asked(second[0])


def test_a_pass_comes_to_its_end_however_many_come():
    walk = Walk(4)
    one = walk.begin()
    steps = 0
    while not one.is_over and steps < 10_000:
        if one.takes_more:
            one.add(walk.places, walk.come(), [], FULL)
        walk.go(one, 1)
        steps += 1
    assert one.is_over
    assert len(walk.places) == 8 + BATCHES_MAX
