"""What the developers say of the app may come to its end while the rest holds: that takes nothing back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from node.supervisor.app_updating import Rules
from node.trust.head import encode
from node.update.app_jobs import AppMeans
from node.update.app_store import AppStore
from node.update.apps import UNSETTLED, Apps
from node.update.driver import Updates
from node.update.events import REAL
from node.update.files.programs import INSTALLED, Program
from tests import twin_world
from tests.signed_world import DAY, NOW, built
from tests.twin_world import utc_s
from tests.unit.test_update_apps import World, phase, play, release, world
from tests.update_world import SENDER, Farm, live, wait_until
from tests.virtual_time import run

__all__ = ["world"]  # a fixture

APP = "app/0.1.2"


def lapse(world: World) -> None:
    world.releases, world.is_lapsed = (), True
    world.hold = world.halt = UNSETTLED


def renew(world: World) -> None:
    world.releases, world.is_lapsed = (release(2),), False
    world.hold = world.halt = ""


@pytest.mark.parametrize("phase_before", ["announced", "staged", "on_trial"])
def test_one_that_waits_or_is_tried_out_is_held_and_goes_on_when_they_sign_anew(world: World, phase_before: str):
    world.hold = "a pause" if phase_before == "announced" else ""
    play(world, release(2), seconds=660.0 if phase_before == "on_trial" else 300.0)
    assert phase(world) == phase_before

    lapse(world)
    run(world.pass_by(3 * 3600.0))
    assert (phase(world), world.told(APP).reason, world.program) == ("announced", UNSETTLED, INSTALLED)

    renew(world)
    run(world.pass_by(3 * 3600.0))
    assert (phase(world), world.program) == ("confirmed", Program(release(2).tree_hash))


def test_one_in_probation_does_not_go_back(world: World):
    play(world, release(2), seconds=1_500.0)
    assert phase(world) == "probation"

    lapse(world)
    run(world.pass_by(3 * 3600.0))

    assert (phase(world), world.program) == ("confirmed", Program(release(2).tree_hash))


def test_a_recall_meanwhile_is_heeded_all_the_same(world: World):
    play(world, release(2), seconds=300.0)

    lapse(world)
    world.recalled = (APP,)
    run(world.pass_by(600.0))

    assert phase(world) == "refused"


def test_a_farm_knows_that_what_it_was_told_has_lapsed_from_what_was_withdrawn(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cheap_twins: None
):
    """With the real statements: that of the app ends ten days before all others."""
    farm, passed_s, opened = Farm(folder=tmp_path / "farm"), [0.0], list[Updates]()
    monkeypatch.setattr(twin_world, "utc_s", lambda: utc_s() + passed_s[0])
    policy = Rules(farm.rollouts(), lambda: world.hold, lambda: opened[0], lambda: 600.0).policy()
    means = AppMeans(
        host=world, slots=world, root=world.folder / "slots", get_chunk=farm.get_chunk,  # type: ignore[arg-type]
        utc_s=utc_s, on_change=lambda: None,
    )  # fmt: skip
    farm.apps = Apps(AppStore(world.folder / "state"), means, policy, REAL)
    opened.append(farm.open())
    pods, made = farm.signed.pods[:4], msgspec.structs.replace(built("0.1.2", role="app").release, layer="app")
    farm.signed.release("", pods, role="app", release=made)
    farm.signed.head = farm.signed.change("app", lambda signed: setattr(signed, "expires", NOW + 10 * DAY))
    first = encode(farm.signed.head)
    anew = encode(farm.signed.change("app", lambda signed: setattr(signed, "expires", NOW + 90 * DAY)))
    world.hold = "a pause"

    async def story(updates: Updates) -> None:
        await updates.offered(first, SENDER)
        await wait_until(updates, lambda items: items[APP].reason == "a pause")
        passed_s[0], world.hold = (10 * DAY).total_seconds(), ""
        await wait_until(updates, lambda items: items[APP].reason == UNSETTLED)
        await asyncio.sleep(3_600.0)
        assert [(item.phase, item.reason) for item in updates.updates().items] == [("announced", UNSETTLED)]
        assert updates.judge.is_current
        await updates.offered(anew, SENDER)
        await wait_until(updates, lambda items: items[APP].phase == "staged")

    live(farm, story, opened[0])
