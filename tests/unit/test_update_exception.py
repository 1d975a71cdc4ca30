"""A release that a farm cannot prove is taken as a written exception, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from node.api.schema import Update
from node.trust.head import encode
from node.trust.release import REAFFIRMED_FIELD
from node.update.driver import Updates
from node.update.reasons import NO_TRIAL
from node.update.records import NOT_HELD
from node.update.trials.overuse import KEPT_BUSY
from tests import update_world
from tests.twin_world import Nature
from tests.unit.test_trust_capabilities import says
from tests.unit.test_trust_recall import recalls
from tests.unit.test_update_rollout import states
from tests.unit.test_update_way_back import rot
from tests.update_world import PROFILE, SENDER, Farm, PowerCut, live, tree_of

pytestmark = pytest.mark.usefixtures("cheap_twins")

NEVER = replace(PROFILE, alpha=1e-30, trial_s_max=60.0)  # nothing is ever proven


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


@pytest.fixture
def open_farm(farm: Farm) -> Farm:
    """A farm on a computer that cannot shut a vault off, with a release that everyone else has taken."""
    farm.is_shut_off = False
    farm.rolled_out = {"vault/2"}
    return farm


def reaffirmed(farm: Farm, version: str = "2", nature: Nature | None = None) -> bytes:
    farm.publish(version, nature)
    return reaffirmed_now(farm, version)


def reaffirmed_now(farm: Farm, version: str = "2") -> bytes:
    """The pods stand by what they have released before."""
    change = says(REAFFIRMED_FIELD, f"vault/{version}")
    farm.signed.head = farm.signed.change("vault", change, by=farm.signed.pods[:4])
    return encode(farm.signed.head)


def hear(farm: Farm, *heads: bytes, for_s: float = 400.0) -> Update:
    found: list[Update] = []

    async def story(updates: Updates) -> None:
        for head in heads:
            assert (await updates.offered(head, SENDER)).outcome != "refused"
        await asyncio.sleep(for_s)
        found.append(updates.updates().items[0])

    live(farm, story)
    return found[0]


class TestAVersionInUseThatLies:
    def test_of_being_kept_busy_stops_no_successor_for_ever(self, farm: Farm):
        farm.natures[farm.own] = Nature(accuses_twin=True)
        farm.rolled_out = {"vault/2"}

        update = hear(farm, farm.publish("2"))
        assert (update.phase, update.reason) == ("not_proven", KEPT_BUSY)

        update = hear(farm, reaffirmed_now(farm))
        assert (update.phase, farm.slots.current("vault")) == ("confirmed", tree_of("2"))


class TestWithoutASandbox:
    def test_no_trial_ever_runs_and_the_release_says_why_it_waits(self, farm: Farm):
        farm.is_shut_off = False
        update = hear(farm, farm.publish("2"))
        assert (update.phase, update.reason, update.exception) == ("announced", NO_TRIAL, "")
        assert (farm.orders, farm.switches) == ([], [])

    def test_a_trial_that_is_under_way_when_the_sandbox_is_gone_is_not_gone_on_with(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await update_world.wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")

        live(farm, story)
        orders = len(farm.orders)
        farm.is_shut_off = False
        assert hear(farm).phase == "announced"
        assert len(farm.orders) == orders

    @pytest.mark.long
    def test_when_the_sandbox_is_there_again_it_is_tried_like_any_other(self, farm: Farm):
        farm.is_shut_off = False
        hear(farm, farm.publish("2"))
        farm.is_shut_off = True
        update = hear(farm)
        assert (update.phase, update.exception) == ("confirmed", "")
        assert "on_trial" in update.seconds

    def test_what_pods_reaffirmed_is_taken_after_the_last_wave_and_written_down_as_an_exception(self, open_farm: Farm):
        update = hear(open_farm, reaffirmed(open_farm), for_s=100.0)
        assert (update.phase, update.exception) == ("confirmed", NO_TRIAL)
        assert update.reason == f"taken without a proof, as an exception, because {NO_TRIAL}"
        assert "on_trial" not in update.seconds
        assert open_farm.slots.current("vault") == tree_of("2")
        assert update.watched_until_s is not None

    def test_files_that_rot_before_its_self_test_come_anew(self, open_farm: Farm):
        head, found = reaffirmed(open_farm), []

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await update_world.wait_until(updates, lambda items: items["vault/2"].phase == "staged")
            rot(open_farm, "2")
            await asyncio.sleep(100.0)
            found.append(updates.updates().items[0])

        live(open_farm, story)
        assert [(one.phase, one.exception) for one in found] == [("confirmed", NO_TRIAL)]

    @pytest.mark.parametrize("lacking", ["reaffirmation", "waves", "witnesses"])
    def test_not_while_one_of_the_others_is_missing(self, open_farm: Farm, lacking: str):
        head = open_farm.publish("2") if lacking == "reaffirmation" else reaffirmed(open_farm)
        if lacking == "waves":
            open_farm.rolled_out = set()
        if lacking == "witnesses":
            open_farm.witnesses = 2
        assert hear(open_farm, head).phase == "announced"
        assert open_farm.switches == []

    def test_it_is_taken_when_pods_reaffirm_it_later(self, open_farm: Farm):
        first = open_farm.publish("2")
        assert hear(open_farm, first).phase == "announced"
        later = open_farm.signed.change("vault", says(REAFFIRMED_FIELD, "vault/2"), by=open_farm.signed.pods[:4])
        assert hear(open_farm, encode(later)).phase == "confirmed"

    def test_what_was_recalled_is_never_an_exception(self, open_farm: Farm):
        head = reaffirmed(open_farm)
        open_farm.signed.head = open_farm.signed.change("vault", recalls("vault/2"))
        open_farm.witnesses = 0
        hear(open_farm, head, for_s=5.0)
        open_farm.witnesses = 3
        assert hear(open_farm, encode(open_farm.signed.head)).phase == "refused"
        assert open_farm.switches == []


class TestItsSelfTest:
    @pytest.mark.parametrize(
        ("nature", "words"),
        [
            (Nature(starts=False), "no module named cleverness"),
            (Nature(wrong_every=10), "not every answer was right (get: wrong_bytes)"),
            (Nature(loses_every=5), "not every answer was right"),
            (Nature(exits_after_s=2.0), "not every answer was right"),
            (Nature(hides_at_scan=1), "when it was restarted"),
        ],
    )
    def test_one_that_does_not_pass_is_refused_and_never_in_use(self, open_farm: Farm, nature: Nature, words: str):
        update = hear(open_farm, reaffirmed(open_farm, nature=nature))
        assert (update.phase, update.exception) == ("refused", NO_TRIAL)
        assert update.reason.startswith("it did not pass its self-test: ")
        assert words.replace("get", "") in update.reason.replace("get", "").replace("audit", "")
        assert open_farm.switches == []

    @pytest.mark.long
    @pytest.mark.parametrize("nature", [Nature(serves_news=False), Nature(names_news=False)])
    def test_one_that_passes_on_no_news_is_refused(self, open_farm: Farm, nature: Nature):
        update = hear(open_farm, reaffirmed(open_farm, nature=nature), for_s=1200.0)
        assert update.phase == "refused"
        assert update.reason.endswith("it was not seen to pass on news from the developers")
        assert open_farm.switches == []

    def test_one_whose_data_the_version_in_use_does_not_find_is_refused(self, open_farm: Farm):
        open_farm.natures[open_farm.own].hides_at_scan = 1
        update = hear(open_farm, reaffirmed(open_farm))
        assert (update.phase, "the way back is not open" in update.reason) == ("refused", True)
        assert open_farm.switches == []


class TestWhatTrialsCouldNotProve:
    @pytest.fixture(autouse=True)
    def _unprovable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(update_world, "PROFILE", NEVER)
        monkeypatch.setattr(update_world, "LIMITS", replace(update_world.LIMITS, full_trials_max=2))

    @pytest.mark.long
    def test_after_two_full_trials_it_is_taken_as_an_exception(self, farm: Farm):
        farm.rolled_out = {"vault/2"}
        update = hear(farm, reaffirmed(farm))
        assert (update.phase, update.exception) == ("confirmed", "full trials could not prove it here")
        assert update.seconds["on_trial"] == pytest.approx(2 * NEVER.trial_s_max, rel=0.2)
        assert states(farm) == ["on_trial", "not_proven"]  # nobody here has proven it

    @pytest.mark.long
    @pytest.mark.parametrize("lacking", ["reaffirmation", "waves"])
    def test_not_while_one_of_the_others_is_missing(self, farm: Farm, lacking: str):
        farm.rolled_out = {"vault/2"} if lacking == "reaffirmation" else set()
        update = hear(farm, farm.publish("2") if lacking == "reaffirmation" else reaffirmed(farm))
        assert (update.phase, update.exception) == ("not_proven", "")

    @pytest.mark.long
    def test_one_full_trial_is_not_enough(self, farm: Farm):
        farm.rolled_out = {"vault/2"}
        update = hear(farm, reaffirmed(farm), for_s=85.0)
        assert update.phase in ("staged", "on_trial")
        assert farm.switches == []

    def test_what_a_trial_refused_is_never_an_exception(self, farm: Farm):
        farm.rolled_out = {"vault/2"}
        update = hear(farm, reaffirmed(farm, nature=Nature(loses_every=20)))
        assert (update.phase, update.exception) == ("refused", "")


class TestWhereNoTrialComesToItsEnd:
    """A version in use that spoils each trial must not be able to stay for ever: no release judges its successor."""

    SPOILERS = pytest.mark.parametrize("spoiler", [Nature(starts=False), Nature(exits_after_s=5.0)])

    @pytest.mark.long
    @SPOILERS
    def test_after_as_many_void_ones_as_are_tried_it_is_taken_as_an_exception(self, farm: Farm, spoiler: Nature):
        farm.rolled_out = {"vault/2"}
        farm.natures[farm.own] = spoiler

        async def story(updates: Updates) -> None:
            await updates.offered(reaffirmed(farm), SENDER)
            await update_world.wait_until(updates, lambda items: items["vault/2"].exception == NOT_HELD)
            farm.natures[farm.own] = Nature()  # what it is in use, and opens the candidate's data with
            await update_world.wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    @SPOILERS
    def test_not_while_pods_have_not_reaffirmed_it(self, farm: Farm, spoiler: Nature):
        farm.rolled_out = {"vault/2"}
        farm.natures[farm.own] = spoiler
        update = hear(farm, farm.publish("2"))
        assert (update.phase, update.exception) == ("not_proven", "")
        assert farm.switches == []


class TestPowerCuts:
    @pytest.mark.long
    def test_after_a_cut_at_any_write_the_exception_ends_the_same(self, tmp_path: Path):
        for writes in range(1, 40):
            farm = Farm(folder=tmp_path / str(writes), is_shut_off=False, rolled_out={"vault/2"})
            head = reaffirmed(farm)
            farm.power.writes_left = writes

            async def story(updates: Updates, farm: Farm = farm, head: bytes = head) -> None:
                await updates.offered(head, SENDER)
                await update_world.wait_until(
                    updates, lambda items: farm.power.is_out or items["vault/2"].phase == "confirmed"
                )

            with contextlib.suppress(PowerCut, BaseExceptionGroup, AssertionError):
                live(farm, story)
            is_cut, farm.power.writes_left = farm.power.is_out, 10**9
            for process in farm.processes:  # off is off
                if not process.exited.done():
                    process.exited.cancel()
            if not is_cut:
                break

            update = hear(farm, head)

            assert (update.phase, update.exception) == ("confirmed", NO_TRIAL), writes
        assert writes > 8
