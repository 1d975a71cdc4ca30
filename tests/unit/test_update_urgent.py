"""An urgent release is tried out for hours instead of days, and spared no gate that protects data."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from node.trial.profile import REAL, URGENT
from node.trial.waves import DAY_S
from node.trial.waves import URGENT as PLAN
from node.update.driver import Updates
from node.update.events import REAL as REAL_LIMITS
from tests.twin_world import Nature
from tests.update_world import (
    PROFILE,
    SENDER,
    Farm,
    live,
    tell,
    tree_of,
    wait_until,
)
from tests.update_world import (
    URGENT as TRIED,
)

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def urgent(farm: Farm, version: str, nature: Nature | None = None) -> bytes:
    return farm.publish(version, nature, pods=4, is_urgent=True)


class TestTheNumbers:
    def test_it_is_tried_out_for_six_hours_and_a_random_time_of_six_hours_on_average(self):
        assert (URGENT.trial_s_min, URGENT.trial_s_mean) == (6 * 3600.0, 6 * 3600.0)

    def test_its_waves_and_soaks_are_those_of_its_profile_and_a_halt_ends_after_two_days(self):
        assert (PLAN.shares, PLAN.soak_s, PLAN.silence_s) == (
            URGENT.wave_shares, URGENT.wave_soak_s, URGENT.wave_silence_s
        )  # fmt: skip
        assert (PLAN.report_s_min, PLAN.halt_s) == (URGENT.trial_s_min, 2 * DAY_S)

    def test_data_is_checked_as_often_as_in_any_trial(self):
        assert (URGENT.reads_min, URGENT.restarts_min, URGENT.blocks_min) == (
            REAL.reads_min, REAL.restarts_min, REAL.blocks_min
        )  # fmt: skip

    def test_six_hours_can_give_what_is_asked_of_them(self):
        pairs = URGENT.pairs_per_s_min * URGENT.trial_s_min
        assert pairs * 0.75 >= URGENT.reads_min  # a quarter of the questions stores
        assert URGENT.trial_s_min / URGENT.block_s >= URGENT.blocks_min
        assert URGENT.pairs_per_s_min * URGENT.block_s >= URGENT.pairs_per_block_min

    def test_no_margin_and_no_alarm_is_weaker(self):
        for name in ("margins", "alarm", "suspect", "lost_tries", "liar_share_max", "reporter_age_s_min"):
            assert getattr(URGENT, name) == getattr(REAL, name)

    def test_it_waits_for_minutes_before_its_trial_not_for_hours(self):
        assert REAL_LIMITS.urgent_stagger_s_max <= 900.0 < REAL_LIMITS.stagger_s_max


class TestItsTrial:
    def test_it_is_shorter_and_still_rehearsed_before_it_is_taken(self, farm: Farm):
        update = tell(farm, urgent(farm, "2"))["vault/2"]

        assert (update.phase, update.is_urgent) == ("confirmed", True)
        assert TRIED.trial_s_min <= update.seconds["on_trial"] < PROFILE.trial_s_min
        assert update.seconds["rehearsing"] > 0.0
        assert update.reason.startswith("urgent, and not seen to be worse than the current version in ")

    def test_efficiency_that_is_not_proven_does_not_keep_it(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(Farm.open.__globals__, "URGENT", replace(TRIED, alpha=1e-30))

        update = tell(farm, urgent(farm, "2"))["vault/2"]

        assert update.phase == "confirmed"
        assert update.trial is not None
        assert not any(metric.is_proven for metric in update.trial.metrics if metric.name != "leak")

    @pytest.mark.long
    def test_a_release_that_is_not_urgent_is_kept_by_it(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(Farm.open.__globals__, "PROFILE", replace(PROFILE, alpha=1e-30))
        assert tell(farm, farm.publish("2"))["vault/2"].phase == "not_proven"

    @pytest.mark.parametrize(
        ("nature", "words"),
        [
            (Nature(loses_every=20), "lost"),
            (Nature(wrong_every=50), "gave wrong bytes"),
            (Nature(exits_after_s=8.0), "crashed"),
            (Nature(latency_s=0.1), "slower"),
            (Nature(starts=False), "did not start"),
        ],
    )
    def test_every_veto_and_every_alarm_still_refuses_it(self, farm: Farm, nature: Nature, words: str):
        update = tell(farm, urgent(farm, "2", nature))["vault/2"]

        assert update.phase == "refused"
        assert words in update.reason
        assert farm.switches == []

    def test_without_witnesses_it_is_not_even_tried(self, farm: Farm):
        farm.witnesses, head = 2, urgent(farm, "2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await asyncio.sleep(600.0)
            assert updates.updates().items[0].phase == "announced"

        live(farm, story)
        assert farm.orders == []

    def test_it_is_not_taken_when_the_way_back_is_not_open(self, farm: Farm):
        farm.natures[farm.own].hides_at_scan = 1
        update = tell(farm, urgent(farm, "2"))["vault/2"]
        assert (update.phase, "the way back is not open" in update.reason) == ("refused", True)


class TestBesideAnother:
    @pytest.mark.long
    def test_it_does_not_wait_for_the_end_of_an_older_ones_trial(self, farm: Farm):
        older, head = farm.publish("2"), urgent(farm, "3")

        async def story(updates: Updates) -> None:
            await updates.offered(older, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "on_trial", 20.0)
            assert {item.release: item.phase for item in updates.updates().items}["vault/2"] == "not_proven"
            await wait_until(updates, lambda items: items["vault/3"].phase == "confirmed")

        live(farm, story)
        assert farm.switches == [tree_of("3")]

    def test_one_that_nobody_else_shows_ends_no_trial(self, farm: Farm):
        older, head = farm.publish("2"), urgent(farm, "3")

        async def story(updates: Updates) -> None:
            await updates.offered(older, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            farm.witnesses = 2
            await updates.offered(head, SENDER)
            await asyncio.sleep(10.0)
            assert {item.release: item.phase for item in updates.updates().items}["vault/2"] == "on_trial"

        live(farm, story)
