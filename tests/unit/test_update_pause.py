"""Releases during a pause: none begins, one that is being tried out goes on, and afterwards all is as before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from node.api.pauses import no_trial
from node.update.driver import Updates
from tests import update_world
from tests.update_world import SENDER, Farm, live, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def test_no_release_is_taken_up_and_its_history_says_why_until_the_pause_is_over(farm: Farm):
    farm.hold = no_trial()

    async def story(updates: Updates) -> None:
        await updates.offered(farm.publish("2"), SENDER)
        await asyncio.sleep(600.0)
        (item,) = updates.updates().items
        assert (item.phase, item.reason, item.bytes_fetched) == ("announced", no_trial(), 0)
        farm.hold = ""
        await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")

    live(farm, story)


def test_one_that_waits_for_its_trial_waits_on(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(update_world, "LIMITS", replace(update_world.LIMITS, stagger_s_max=1000.0))

    async def story(updates: Updates) -> None:
        await updates.offered(farm.publish("2"), SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "staged")
        farm.hold = no_trial()
        await asyncio.sleep(2000.0)
        assert updates.updates().items[0].phase == "announced"
        farm.hold = ""
        await wait_until(updates, lambda items: items["vault/2"].phase == "staged")

    live(farm, story)


def test_a_trial_that_runs_goes_on(farm: Farm):
    async def story(updates: Updates) -> None:
        await updates.offered(farm.publish("2"), SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
        farm.hold = no_trial()
        await asyncio.sleep(10.0)
        before = updates.trial()
        await asyncio.sleep(10.0)
        after = updates.trial()
        assert before is not None
        assert after is not None
        assert (after.phase, after.pairs > before.pairs) == ("on_trial", True)

    live(farm, story)


@pytest.mark.long
def test_no_decoy_begins_and_one_that_runs_ends(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(update_world, "LIMITS", replace(update_world.LIMITS, decoy_every_s=1.0))

    async def story(updates: Updates) -> None:
        async with asyncio.timeout(3600.0):
            while not updates._decoys.is_running:
                await asyncio.sleep(1.0)
        farm.hold = no_trial()
        await asyncio.sleep(120.0)
        assert not updates._decoys.is_running
        assert updates.updates().measured_itself == ()

    live(farm, story)
