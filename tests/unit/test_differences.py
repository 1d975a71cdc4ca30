"""What one folder has and another has not, in however little memory."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator

import pytest

from node.update.files import differences
from node.update.files.differences import only_in

STEP = 10


class Folder:
    """Lists its names again and again."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.listings = 0

    def __call__(self) -> Iterator[Collection[str]]:
        self.listings += 1
        for start in range(0, len(self.names), STEP):
            yield self.names[start : start + STEP]


def names(count: int, seed: int = 0) -> list[str]:
    chance = random.Random(seed)
    return [f"{chance.getrandbits(64):016x}" for _ in range(count)]


def told(one: Folder, other: Folder) -> set[str]:
    parts = list(only_in(one, other, str))
    assert sum(map(len, parts)) == len(set().union(*parts))
    return set().union(*parts)


@pytest.mark.long
@pytest.mark.parametrize("remembered_max", [1, 20, 1_000_000])
def test_it_is_found_in_whatever_order_they_are_listed(remembered_max: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(differences, "REMEMBERED_MAX", remembered_max)
    both, left, right = names(300), names(40, 1), names(70, 2)
    one, other = Folder(both + left), Folder(right + both)
    random.Random(3).shuffle(one.names)

    assert told(one, other) == set(left)
    assert told(other, one) == set(right)
    assert told(one, Folder([])) == set(both + left)
    assert told(Folder([]), one) == set()


def test_what_is_listed_in_one_order_is_listed_once_however_little_can_be_remembered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(differences, "REMEMBERED_MAX", 2 * STEP)
    both = names(1_000)
    one, other = Folder([*both[:500], "0" * 16, *both[500:]]), Folder(both)

    assert told(one, other) == {"0" * 16}
    assert (one.listings, other.listings) == (1, 1)


def test_what_is_more_than_can_be_remembered_is_told_in_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(differences, "REMEMBERED_MAX", 50)
    one = Folder(names(400))

    parts = list(only_in(one, Folder([]), str))
    assert len(parts) >= 16
    assert all(len(part) <= 50 for part in parts)
