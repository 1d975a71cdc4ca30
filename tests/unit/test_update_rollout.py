"""A release waits for its wave, is halted by votes for a while, and what this farm found of it is told to others."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from node.trial.notes import decode_note
from node.trial.waves import ORDINARY, WITHOUT_WAVES, Rollout, Standing
from node.update.driver import Updates
from node.update.noted import HALTED, NOT_YET
from node.update.store import Saved
from tests.twin_world import Nature
from tests.unit.test_update_release import withdrawing
from tests.update_world import SENDER, Farm, PowerCut, fail_in_probation, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def states(farm: Farm) -> list[str]:
    """What the farm's notes said, one after the other."""
    found = [decode_note(note.content).state for given in farm.notes.given for note in given]
    return [state for state, before in zip(found, ["", *found], strict=False) if state != before]


@pytest.mark.long
@pytest.mark.parametrize("phase", ["promoting", "probation"])
def test_what_was_withdrawn_in_use_is_not_said_to_have_failed(farm: Farm, phase: str):
    head, withdrawn = farm.publish("2"), withdrawing(farm)

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == phase)
        await updates.offered(withdrawn, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")
        await asyncio.sleep(1.0)

    live(farm, story)

    assert states(farm) == ["on_trial", "pass"]


def stand(monkeypatch: pytest.MonkeyPatch, **what: object) -> None:
    """Let every rollout stand like this from now on."""
    usual = Standing(
        may_begin=True, may_promote=True, own_wave=2, open_wave=2, wave_count=3, is_slow=False, halted_s=0.0,
        enrolled=30, passes=4, fails=20,
    )  # fmt: skip
    monkeypatch.setattr(Rollout, "_standing", lambda _self: replace(usual, **what))  # type: ignore[arg-type]


@pytest.mark.long
def test_a_release_waits_for_its_wave_and_says_so(farm: Farm):
    farm.plan = replace(ORDINARY, shares=(0.01, 0.01, 0.98), first_nodes_min=0, silence_s=900.0)
    head = farm.publish("2")

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await asyncio.sleep(1700.0)
        (item,) = updates.updates().items
        assert (item.phase, item.reason) == ("announced", NOT_YET)
        assert item.rollout is not None
        assert (item.rollout.own_wave, item.rollout.open_wave, item.rollout.since_s) == (3, 2, item.announced_s)
        await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed", 3 * 3600.0)

    live(farm, story)


@pytest.mark.long
def test_one_that_is_halted_by_votes_goes_back_to_wait_and_goes_on_when_the_halt_is_over(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
):
    head = farm.publish("2")
    farm.plan = ORDINARY
    stand(monkeypatch)

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
        stand(monkeypatch, may_begin=False, may_promote=False, halted_s=3600.0)
        await wait_until(updates, lambda items: items["vault/2"].phase == "announced", 60.0)
        await asyncio.sleep(3600.0)
        (item,) = updates.updates().items
        assert (item.phase, item.reason) == ("announced", HALTED)
        assert item.rollout is not None
        assert item.rollout.sentence == (
            "It is halted for 1 hour more, by what others say. "
            "Of 30 other farms that tried it out, 4 found it good and 20 bad."
        )
        stand(monkeypatch)
        await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

    live(farm, story)
    assert farm.switches == [tree_of("2")]


@pytest.mark.long
def test_what_is_in_use_stays_when_votes_halt_it(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    head = farm.publish("2")
    farm.plan = ORDINARY
    stand(monkeypatch)

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
        stand(monkeypatch, may_begin=False, may_promote=False, halted_s=3600.0)
        await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

    live(farm, story)
    assert farm.switches == [tree_of("2")]


@pytest.mark.long
def test_a_trial_that_begins_while_many_refuse_the_release_lasts_twice_as_long(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
):
    seconds = {}
    for is_slow in (False, True):
        slowly = Farm(folder=farm.folder / str(is_slow), plan=ORDINARY)
        stand(monkeypatch, is_slow=is_slow)
        seconds[is_slow] = tell(slowly, slowly.publish("2"))["vault/2"].seconds["on_trial"]
    assert seconds[True] > 1.5 * seconds[False]


@pytest.mark.long
def test_a_farm_tells_others_that_it_tries_a_release_out_and_then_what_it_found(farm: Farm):
    tell(farm, farm.publish("2"))
    assert states(farm) == ["on_trial", "pass"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("phase", "wrong_every", "said"),
    [("on_trial", 0, "pass"), ("promoting", 0, "pass"), ("refused", 50, "fail"), ("on_trial", 50, "fail")],
)
def test_when_the_power_fails_between_a_step_and_its_note_the_note_follows_at_the_next_start(
    farm: Farm, phase: str, wrong_every: int, said: str
):
    head, save = farm.publish("2", Nature(wrong_every=wrong_every)), farm.store.save

    def cut(saved: Saved) -> None:
        save(saved)
        if saved.records and saved.records[-1].way.phase == phase:
            farm.power.writes_left = 0
            raise PowerCut

    farm.store.save = cut  # type: ignore[method-assign]
    with contextlib.suppress(TimeoutError, AssertionError):
        tell(farm, head)
    assert farm.power.is_out
    for process in farm.processes:
        if not process.exited.done():
            process.exited.cancel()
    farm.power.writes_left, farm.store.save = 10**9, save  # type: ignore[method-assign]

    tell(farm)

    assert states(farm) == ["on_trial", said]


@pytest.mark.long
def test_a_release_that_fails_its_trial_or_in_use_is_told_to_have_failed(farm: Farm, tmp_path: Path):
    tell(farm, farm.publish("2", Nature(wrong_every=50)))
    assert states(farm) == ["on_trial", "fail"]

    failing = Farm(folder=tmp_path / "in use")
    head = failing.publish("2")

    async def story(updates: Updates) -> None:
        await fail_in_probation(updates, head)

    live(failing, story)
    assert states(failing) == ["on_trial", "pass", "fail"]


@pytest.mark.long
def test_the_numbers_in_the_note_are_those_of_the_trial(farm: Farm):
    update = tell(farm, farm.publish("2"))["vault/2"]
    note = decode_note(farm.notes.given[-1][0].content)
    assert update.trial is not None
    assert note.numbers.verified_reads <= update.trial.verified_reads < 2 * note.numbers.verified_reads
    assert note.numbers.subnets_rated == update.trial.neighbours_rated == 6
    assert farm.plan == WITHOUT_WAVES
