"""A version that finds nobody although others can be reached is at fault; one whose line is broken is not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

from node.update.loneliness import Loneliness
from node.update.ports import Host

LOOK_S, LONELY_S = 10.0, 50.0


@dataclass(frozen=True)
class Looks:
    """So many looks in a row, and what the vault in use and the line are like meanwhile."""

    count: int
    known: int | None = 0
    are_others_there: bool = True
    release: str = "vault/2"
    every_s: float = LOOK_S


class Node:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.looks = Looks(0)
        self.greeted_s: list[float] = []

    def neighbours(self) -> int | None:
        return self.looks.known

    async def reaches_others(self) -> bool:
        self.greeted_s.append(self.now_s)
        return self.looks.are_others_there

    def fault_s(self, *story: Looks) -> float | None:
        """When the version was found to be at fault; None if it never was."""
        loneliness = Loneliness(cast("Host", self), LONELY_S, LOOK_S, lambda: self.now_s)

        async def main() -> float | None:
            for self.looks in story:
                for _ in range(self.looks.count):
                    self.now_s += self.looks.every_s
                    if await loneliness.is_at_fault(self.looks.release):
                        return self.now_s
            return None

        return asyncio.run(main())


def test_it_is_at_fault_when_others_are_reached_twice_and_it_finds_nobody_in_between():
    node = Node()
    assert node.fault_s(Looks(30)) == LOOK_S + 2 * LONELY_S
    assert node.greeted_s == [LOOK_S + LONELY_S, LOOK_S + 2 * LONELY_S]


def test_a_broken_line_is_nobodys_fault():
    node = Node()
    assert node.fault_s(Looks(100, are_others_there=False)) is None
    assert len(node.greeted_s) > 10


def test_a_line_that_has_just_come_back_leaves_it_time_to_find_others():
    assert Node().fault_s(Looks(8, are_others_there=False), Looks(7), Looks(50, known=3)) is None


def test_a_line_that_comes_and_goes_proves_nothing():
    story = [Looks(5, are_others_there=bool(number % 2)) for number in range(20)]
    assert Node().fault_s(*story) is None


def test_whoever_knows_somebody_is_left_alone_and_nobody_is_greeted():
    node = Node()
    assert node.fault_s(*[Looks(5), Looks(1, known=1)] * 20) is None
    assert node.greeted_s == []


def test_a_vault_that_does_not_run_or_has_not_said_yet_knows_nobody_for_another_reason():
    node = Node()
    assert node.fault_s(*[Looks(5), Looks(1, known=None)] * 20) is None
    assert node.greeted_s == []


def test_the_time_of_one_version_is_not_held_against_the_next():
    assert Node().fault_s(*[Looks(8), Looks(8, release="vault/3")] * 9) is None


def test_what_was_before_a_sleep_does_not_count():
    assert Node().fault_s(*[Looks(8), Looks(1, every_s=3600.0)] * 9) is None
