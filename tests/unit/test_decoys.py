"""Decoy trials: when one is held, what is kept of it, and that it is in every way like a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node.api import schema
from node.api.schema import SelfMeasurement
from node.update.driver import Updates
from node.update.errors import TwinFailed
from node.update.events import PRACTICE as PRACTICE_LIMITS
from node.update.ports import TwinOrder
from tests import update_world
from tests.twin_world import Nature
from tests.update_world import SENDER, Farm, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")

NOW_AND_THEN = replace(update_world.LIMITS, decoy_every_s=120.0)


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Farm:
    """A farm that measures itself every other minute of idle time, on average."""
    monkeypatch.setattr(update_world, "LIMITS", NOW_AND_THEN)
    return Farm(folder=tmp_path)


def idle(farm: Farm, seconds: float, until: Callable[[Updates], bool] = lambda _: False) -> tuple[SelfMeasurement, ...]:
    """Run without any release, for so long or until something; the figures that are told then."""
    told: list[schema.Updates] = []

    async def story(updates: Updates) -> None:
        for _ in range(int(seconds)):
            if until(updates):
                break
            await asyncio.sleep(1.0)
        told.append(updates.updates())
        assert updates.trial() is None

    live(farm, story)
    assert told[0].items == ()
    return told[0].measured_itself


def has_measured(updates: Updates) -> bool:
    return bool(updates.updates().measured_itself)


@pytest.mark.long
def test_now_and_then_the_version_in_use_is_held_beside_itself(farm: Farm):
    (figures,) = idle(farm, 7200.0, has_measured)

    assert (figures.outcome, figures.tree_hash) == ("promote", farm.own)
    assert figures.blocks >= 12
    assert {"p50", "cpu", "mem"} <= set(figures.noise)
    assert {order.tree_hash for order in farm.orders} == {farm.own}


@pytest.mark.long
def test_nothing_comes_of_it_but_figures(farm: Farm):
    idle(farm, 7200.0, has_measured)
    assert farm.switches == []
    assert farm.slots.current("vault") == farm.own


@pytest.mark.long
def test_its_figures_survive_a_restart_and_the_newest_come_first(farm: Farm):
    (first,) = idle(farm, 7200.0, has_measured)
    newest, oldest = idle(farm, 7200.0, lambda updates: len(updates.updates().measured_itself) == 2)
    assert oldest == first
    assert farm.store.load_decoys() == (newest, oldest)


def test_damaged_figures_are_none_and_stop_nothing(farm: Farm):
    (farm.folder / "state" / "decoys.json").write_bytes(b"rot")
    assert idle(farm, 1.0) == ()


def test_nothing_of_it_is_left_behind(farm: Farm):
    async def story(updates: Updates) -> None:
        while not has_measured(updates):
            await asyncio.sleep(1.0)
        await asyncio.sleep(0.5)

    live(farm, story)
    for folder in (farm.folder / "trial", farm.folder / "state" / "decoy"):
        assert list(folder.iterdir()) == []


def is_under_way(farm: Farm) -> Callable[[Updates], bool]:
    return lambda updates: updates._decoys.is_running and (farm.folder / "state" / "decoy" / "run.bin").exists()


def left_of_it(farm: Farm) -> list[str]:
    return [path.name for folder in ("trial", "state/decoy") for path in (farm.folder / folder).iterdir()]


@pytest.mark.long
def test_one_that_is_cut_off_goes_on_as_a_trial_does(farm: Farm):
    """Else none would ever end on a computer that is switched off every night."""
    idle(farm, 7200.0, is_under_way(farm))
    begun = len(farm.orders)

    for _ in range(3):
        idle(farm, 20.0)
    brought_back = farm.orders[begun:]
    (figures,) = idle(farm, 7200.0, has_measured)

    assert figures.outcome == "promote"
    assert len(brought_back) == 2 * 3
    assert all(order.is_standby for order in brought_back)
    assert left_of_it(farm) == []


def test_one_that_is_cut_off_goes_on_only_where_a_trial_could_begin(farm: Farm):
    idle(farm, 7200.0, is_under_way(farm))
    begun = len(farm.orders)
    farm.witnesses = 2
    idle(farm, 60.0)
    assert len(farm.orders) == begun


@pytest.mark.parametrize("damage", [b"rot", b""])
def test_what_was_kept_of_one_and_is_of_no_use_is_dropped(farm: Farm, damage: bytes):
    idle(farm, 7200.0, is_under_way(farm))
    (farm.folder / "state" / "decoy" / "run.bin").write_bytes(damage)
    idle(farm, 5.0)
    assert left_of_it(farm) == []


@pytest.mark.long
def test_one_that_is_cut_off_does_not_go_on_with_another_version(farm: Farm):
    idle(farm, 7200.0, is_under_way(farm))
    tell(farm, farm.publish("2"))
    begun = len(farm.orders)

    async def story(updates: Updates) -> None:
        await asyncio.sleep(5.0)
        assert len(farm.orders) == begun
        assert updates.updates().measured_itself == ()

    live(farm, story)
    assert left_of_it(farm) == []


@pytest.mark.long
def test_a_release_on_its_way_ends_it_at_once_without_figures(farm: Farm):
    head = farm.publish("2")

    async def story(updates: Updates) -> None:
        while not farm.vaults:
            await asyncio.sleep(1.0)
        await asyncio.sleep(5.0)
        assert farm.left_running > 0
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "fetching")
        assert farm.left_running == 0
        await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")
        assert updates.updates().measured_itself == ()

    live(farm, story)
    assert farm.slots.current("vault") == tree_of("2")


@pytest.mark.long
def test_none_is_held_while_a_release_is_on_its_way(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(update_world, "LIMITS", replace(NOW_AND_THEN, decoy_every_s=1e-6))
    tell(farm, farm.publish("2"), until_phase=("probation",))
    trees = [order.tree_hash for order in farm.orders if order.tree_hash == tree_of("2")]
    assert trees
    assert all(vault.exited.done() for vault in farm.vaults)


def test_none_is_held_where_no_release_could_be_tried_out(farm: Farm):
    """Where nobody shows the newest head, a real trial would not begin, so a decoy would be known for what it is."""
    farm.witnesses = 2
    idle(farm, 7200.0)
    assert farm.orders == []


def test_a_practice_network_holds_none(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(update_world, "LIMITS", PRACTICE_LIMITS)
    idle(farm, 7200.0)
    assert farm.orders == []


def test_equal_twins_that_a_disturbance_sets_apart_are_measured_too(farm: Farm):
    """A refusal of equal code is a false alarm: it is what one wants to know of."""
    farm.natures[farm.own] = Nature(starts=True, exits_after_s=30.0)
    (figures,) = idle(farm, 7200.0, has_measured)
    assert figures.outcome in ("void", "refuse")
    assert farm.switches == []


@pytest.mark.long
def test_a_machine_that_can_start_no_twin_holds_none(farm: Farm):
    async def refuse(order: TwinOrder) -> None:
        raise TwinFailed("no")

    farm.start_twin = refuse  # type: ignore[assignment, method-assign]
    assert idle(farm, 3600.0) == ()


@pytest.mark.long
@pytest.mark.parametrize("every_s", [60.0, 600.0])
def test_they_come_about_as_often_as_they_should(farm: Farm, monkeypatch: pytest.MonkeyPatch, every_s: float):
    monkeypatch.setattr(update_world, "LIMITS", replace(NOW_AND_THEN, decoy_every_s=every_s))
    farm.natures[farm.own] = Nature(starts=False)  # over at once, so that all of the time is idle
    idle(farm, 40 * every_s)
    begun = len(farm.orders) / 4  # two twins, two tries each
    assert 20 <= begun <= 60
