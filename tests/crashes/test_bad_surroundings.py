"""Around the switch a clock jumps, the computer sleeps for days, the disk has no links: each ends as it would have."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from node.trust.head import encode
from node.update.driver import Updates
from tests import twin_world, update_world
from tests.crashes.farm import FAILURES, Farm, folder_of, is_decided, pretended_trials
from tests.update_world import LIMITS, tree_of
from tests.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.usefixtures("cheap_twins")

DAY_S: Final = 86_400.0
RELEASE: Final = "vault/2"


@dataclass
class Calendar:
    """What the computer's clock shows, ``wrong_s`` beside what passes."""

    wrong_s: float = 0.0

    def utc_s(self) -> float:
        return twin_world.UTC_S + asyncio.get_running_loop().time() + self.wrong_s


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    made = Calendar()
    monkeypatch.setattr(twin_world, "utc_s", made.utc_s)
    return made


def new_farm(tmp_path: Path) -> tuple[Farm, bytes]:
    farm = Farm(folder=folder_of(tmp_path))
    farm.found()
    return farm, encode(farm.signed.release("2"))


def sleep_for(seconds: float) -> None:
    """Let the loop find that so much time has passed, as on a system whose clock goes on while the computer sleeps."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop._jumping.now_s += seconds


@pytest.mark.parametrize("phase", ["fetching", "staged", "on_trial", "rehearsing", "promoting", "probation"])
@pytest.mark.parametrize("jump_s", [10 * DAY_S, -10 * DAY_S])
def test_a_clock_that_jumps_on_the_way_changes_nothing(tmp_path: Path, calendar: Calendar, phase: str, jump_s: float):
    farm, head = new_farm(tmp_path)

    def jump(entered: str) -> None:
        calendar.wrong_s = jump_s if entered == phase else calendar.wrong_s

    farm.entered = jump
    with pretended_trials():
        farm.live(head, until=is_decided)

    assert phase in farm.phases or phase == "rehearsing"
    assert farm.phases[-1] == "confirmed"
    assert farm.slots.current("vault") == tree_of("2")
    assert farm.vault is not None
    assert set(farm.acknowledged) <= set(farm.vault.addresses())


@pytest.mark.long
@pytest.mark.parametrize("jump_s", [10 * DAY_S, -10 * DAY_S])
def test_a_clock_that_jumps_in_the_middle_of_a_trial_is_held_against_nobody(
    tmp_path: Path, calendar: Calendar, jump_s: float
):
    farm = update_world.Farm(folder=tmp_path)
    head = farm.publish("2")

    async def story(updates: Updates) -> None:
        await updates.offered(head, update_world.SENDER)
        await update_world.wait_until(updates, lambda items: items[RELEASE].phase == "on_trial")
        await asyncio.sleep(9.0)
        calendar.wrong_s = jump_s
        await update_world.wait_until(updates, lambda items: items[RELEASE].phase == "confirmed")

    update_world.live(farm, story)


def test_a_clock_that_was_ahead_at_the_promotion_and_is_right_again_closes_no_way_back(
    tmp_path: Path, calendar: Calendar
):
    farm, head = new_farm(tmp_path)
    farm.is_bad = True

    def jump(entered: str) -> None:
        calendar.wrong_s = {"promoting": 400 * DAY_S, "probation": 0.0}.get(entered, calendar.wrong_s)

    farm.entered = jump
    with pretended_trials():
        farm.live(head, until=is_decided)

    assert farm.phases[-1] == "rolled_back"
    assert farm.vault is not None
    assert set(farm.acknowledged) <= set(farm.vault.addresses())


@pytest.mark.parametrize("phase", ["fetching", "staged", "on_trial", "probation"])
def test_a_computer_that_sleeps_for_days_has_watched_nothing_meanwhile(tmp_path: Path, phase: str):
    farm, head = new_farm(tmp_path)
    woken_s: list[float] = []
    ended_s: list[float] = []

    def sleep(entered: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if entered == phase and not woken_s:
            sleep_for(3 * DAY_S)
            woken_s.append(now_s + 3 * DAY_S)
        if entered == "confirmed":
            ended_s.append(now_s)

    farm.entered = sleep
    with pretended_trials():
        farm.live(head, until=is_decided)

    assert farm.phases[-1] == "confirmed"
    assert woken_s
    assert ended_s[0] - woken_s[0] >= LIMITS.probation_s - 10.0


@pytest.mark.parametrize("is_bad", [False, True])
def test_where_the_disk_has_no_links_the_whole_way_and_the_way_back_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_bad: bool
):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    farm, head = new_farm(tmp_path)
    farm.is_bad = is_bad
    monkeypatch.setattr(os, "link", refuse)
    with pretended_trials():
        farm.live(head, until=is_decided)

    assert farm.phases[-1] == ("rolled_back" if is_bad else "confirmed")
    assert farm.slots.current("vault") == (farm.own if is_bad else tree_of("2"))
    assert farm.kept_names() == []
    assert farm.vault is not None
    stored = set(farm.vault.addresses())
    assert is_bad or set(farm.acknowledged) <= stored
    assert stored  # what a version removes without a link to it is gone (decision 0040)


def acts(*actions: Callable[[Updates], object], end: str) -> Callable[[Updates], bool]:
    """One action after the other, a second apart, and then until the oldest release is at its end."""
    left = list(actions)

    def is_over(updates: Updates) -> bool:
        if left:
            left.pop(0)(updates)
            return False
        return is_decided(updates) and updates.updates().items[-1].phase == end

    return is_over


def fails(updates: Updates) -> None:
    for _ in range(FAILURES):
        updates.vault_failed("exit code 1")


class TestInTheWatch:
    @pytest.fixture
    def farm(self, tmp_path: Path, calendar: Calendar) -> Farm:
        farm, head = new_farm(tmp_path)
        with pretended_trials():
            farm.live(head, until=is_decided)
        assert farm.phases[-1] == "confirmed"
        return farm

    def test_a_computer_that_sleeps_for_days_has_watched_nothing_meanwhile(self, farm: Farm):
        with pretended_trials():
            farm.live(until=acts(lambda _: sleep_for(3 * DAY_S), fails, end="rolled_back"))

        assert farm.slots.current("vault") == farm.own

    @pytest.mark.parametrize("jump_s", [400 * DAY_S, -400 * DAY_S])
    def test_a_clock_that_jumps_closes_no_way_back_and_loses_no_chunk(
        self, farm: Farm, calendar: Calendar, jump_s: float
    ):
        assert farm.vault is not None
        farm.vault.remove(next(iter(farm.acknowledged)))
        calendar.wrong_s = jump_s
        with pretended_trials():
            farm.live(until=acts(lambda _: None, end="confirmed"))  # cleans up at its start
            farm.live(until=acts(fails, end="rolled_back"))

        assert farm.slots.current("vault") == farm.own
        assert set(farm.acknowledged) <= set(farm.vault.addresses())
