"""Looking back a year: what steps add up to, how far one looks, and what holds a promotion."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.api.schema import Phase
from node.trial.ratchet import STEPS_MAX, YEAR_S, Estimate, Estimates, Step, distances, worst
from node.trust.release import Release
from node.update.driver import RECORDS_MAX, Updates
from node.update.lifecycle import Lifecycle
from node.update.records import already_in_use, is_still_needed
from node.update.store import Record, Saved
from node.update.trials.drift import distances_of
from node.update.watch import Watch
from tests.trial_world import World
from tests.twin_world import UTC_S
from tests.update_world import SENDER, Farm, live, wait_until

NOW_S = 10 * YEAR_S
SLOWER: Estimates = {"p50": Estimate(0.6, 0.01)}


def chain(*means: float, first_s: float = NOW_S - 1e6) -> list[Step]:
    """v1 replaced v0, v2 replaced v1, and so on; each so much slower."""
    return [
        Step(f"v{n + 1}", f"v{n}", first_s + n, {"p50": Estimate(mean, 0.01), "cpu": Estimate(0.0, 0.01)})
        for n, mean in enumerate(means)
    ]


class TestDistances:
    def test_steps_add_up_and_so_does_what_is_not_known_of_them(self):
        found = distances("v3", chain(0.5, -0.25, 0.75), NOW_S)
        assert [one["p50"].mean for one in found] == [0.75, 0.5, 1.0]
        assert [one["p50"].variance for one in found] == pytest.approx([0.01, 0.02, 0.03])

    def test_the_order_in_which_they_are_told_does_not_matter(self):
        steps = chain(0.5, -0.25, 0.75)
        assert distances("v3", reversed(steps), NOW_S) == distances("v3", steps, NOW_S)

    def test_a_version_that_came_by_itself_has_nothing_before_it(self):
        assert distances("v9", chain(0.5, 0.5), NOW_S) == ()
        assert len(distances("v3", chain(0.5, 0.5, 0.5)[1:], NOW_S)) == 2

    def test_nobody_looks_back_further_than_a_year(self):
        steps = chain(0.5, 0.5, 0.5)
        late = steps[-1].taken_s + YEAR_S
        assert [len(distances("v3", steps, late + more_s)) for more_s in (-2.5, -1.5, -0.5, 0.5)] == [3, 2, 1, 0]

    def test_what_one_step_did_not_measure_is_unknown_across_it(self):
        steps = chain(0.5, 0.5, 0.5)
        steps[1] = Step("v2", "v1", steps[1].taken_s, {"cpu": Estimate(0.1, 0.01)})
        assert [set(one) for one in distances("v3", steps, NOW_S)] == [{"p50", "cpu"}, {"cpu"}, {"cpu"}]

    def test_a_history_that_runs_in_a_circle_ends(self):
        steps = [Step("v1", "v2", NOW_S, SLOWER), Step("v2", "v1", NOW_S, SLOWER)]
        assert len(distances("v1", steps, NOW_S)) == 2

    def test_a_history_without_end_is_cut(self):
        assert len(distances("v500", chain(*[0.1] * 500), NOW_S)) == STEPS_MAX


class TestWorst:
    def test_what_is_proven_over_a_margin_is_told(self):
        past = distances("v1", chain(0.8), NOW_S)
        assert worst({"p50": Estimate(0.8, 0.01)}, past, 0.01) == {"p50": pytest.approx(1.6)}

    def test_what_is_over_a_margin_but_not_proven_is_not(self):
        past = distances("v1", chain(0.8), NOW_S)
        assert worst({"p50": Estimate(0.5, 0.01)}, past, 0.01) == {}

    def test_without_a_past_nothing_holds(self):
        assert worst({"p50": Estimate(0.99, 0.0)}, (), 0.01) == {}

    def test_the_best_of_all_versions_counts(self):
        """v1 was slower than v0, v2 as fast again: beside v1 the candidate would be fine, beside v0 it is not."""
        past = distances("v2", chain(2.0, -0.5), NOW_S)
        assert worst({"p50": Estimate(0.5, 0.01)}, past, 0.01) == {"p50": pytest.approx(2.0)}

    def test_a_version_faster_than_before_makes_room_only_against_slower_ones(self):
        past = distances("v2", chain(0.0, -2.0), NOW_S)
        assert worst({"p50": Estimate(0.9, 0.001)}, past, 0.01) == {}


class TestTheTrial:
    def world(self, mean: float) -> World:
        world = World()
        world.trial.distances = distances("v1", chain(mean), NOW_S)
        return world.start().rate()

    def test_a_drift_that_is_proven_holds_the_promotion_and_says_why(self):
        world = self.world(3.0).go_on(300.0)
        assert (world.outcome, "beside the best version of the last year" in world.reason) == ("keep", True)
        assert "slower: requests take 2.46 times as long (at most 1.35 allowed)" in world.reason

    def test_a_drift_within_the_margin_does_not(self):
        assert self.world(0.4).go_on(200.0).outcome == "promote"

    def test_the_trend_of_memory_is_no_step(self):
        assert "leak" not in World().start().rate().go_on(60.0).trial.comparison.estimates()


def test_only_what_is_in_use_or_led_to_it_is_a_step():
    def record(tree: str, baseline: str, phase: str, decided_s: float | None = NOW_S) -> Record:
        release = Release(f"vault/{tree}", "vault", tree, tree, bytes(32), 1, (), "", 1)
        way = Lifecycle(release.name, tree, 0.0, 0.0, phase=phase, baseline=baseline)  # type: ignore[arg-type]
        return Record(release, way, 0.0, decided_s, estimates={"p50": Estimate(0.5, 0.01)})

    rolled_back = record("v2", "v1", "rolled_back")
    assert len(distances_of("v1", [record("v1", "v0", "confirmed"), rolled_back], NOW_S)) == 1
    assert distances_of("v2", [rolled_back], NOW_S) == ()
    assert (
        len(distances_of("v3", [record("v3", "v1", "confirmed"), rolled_back, record("v1", "v0", "confirmed")], NOW_S))
        == 2
    )
    assert distances_of("v1", [record("v1", "v0", "refused"), record("v1", "v0", "confirmed", None)], NOW_S) == ()


@pytest.mark.parametrize(
    ("phase", "decided_s", "watch", "is_needed"),
    [
        ("not_proven", NOW_S, None, False), ("refused", NOW_S, None, False), ("announced", None, None, True),
        ("confirmed", NOW_S - YEAR_S - 1.0, None, False), ("confirmed", NOW_S - YEAR_S, None, True),
        ("confirmed", NOW_S - YEAR_S - 1.0, Watch(), True),
    ],
)  # fmt: skip
def test_however_many_releases_come_a_step_of_the_last_year_is_not_forgotten(
    phase: Phase, decided_s: float | None, watch: Watch | None, is_needed: bool
):
    way = Lifecycle("vault/1", "v1", 0.0, 0.0, phase=phase, baseline="v0", watch=watch)
    release = Release("vault/1", "vault", "1", "v1", bytes(32), 1, (), "", 1)
    assert is_still_needed(Record(release, way, 0.0, decided_s, estimates=SLOWER), NOW_S) == is_needed


class TestTheSameFilesAgain:
    """Pods may release files anew that are in use: to let them do less, or because the foundation did before."""

    def record(self, name: str, tree: str, baseline: str, decided_s: float, estimates: Estimates) -> Record:
        release = Release(name, "vault", "1", tree, bytes(32), 1, (), "", 1)
        way = Lifecycle(name, tree, 0.0, 0.0, phase="confirmed", baseline=baseline)
        return Record(release, way, 0.0, decided_s, estimates=estimates)

    def test_that_its_files_are_released_once_more_makes_nobody_forget_what_a_version_has_cost(self):
        taken = self.record("vault/1", "v1", "v0", NOW_S - 3.0, SLOWER)
        again = Record(
            Release("vault/2", "vault", "2", "v1", bytes(32), 2, (), "", 1),
            already_in_use("vault/2", "v1", 0.0, is_gaining=False), NOW_S - 2.0, NOW_S - 2.0,
        )  # fmt: skip
        assert distances_of("v1", [taken, again], NOW_S) == distances_of("v1", [taken], NOW_S) != ()

    def test_neither_does_a_step_back_to_files_that_were_in_use_before(self):
        steps = [
            Step("v1", "v0", NOW_S - 3.0, SLOWER), Step("v2", "v1", NOW_S - 2.0, SLOWER),
            Step("v1", "v2", NOW_S - 1.0, {"p50": Estimate(-0.6, 0.01)}),
        ]  # fmt: skip
        found = distances("v1", steps, NOW_S)
        assert [one["p50"].mean for one in found] == pytest.approx([-0.6, 0.0, 0.6])
        assert distances("v1", reversed(steps), NOW_S) == found


@pytest.mark.usefixtures("cheap_twins")
def test_a_farm_forgets_what_was_set_aside_before_what_later_releases_are_compared_with(tmp_path: Path):
    farm = Farm(folder=tmp_path)

    def record(number: int, phase: Phase) -> Record:
        name, tree = f"vault/0.{number}", f"{number:064x}"
        way = Lifecycle(name, tree, 0.0, 0.0, phase=phase, baseline="0" * 64)
        release = Release(name, "vault", "1", tree, bytes(32), 1, (), "", 1)
        return Record(release, way, 0.0, UTC_S, estimates=SLOWER)

    aside = [record(number, "not_proven") for number in range(1, RECORDS_MAX + 5)]
    farm.store.save(Saved(records=(record(0, "confirmed"), *aside)))

    async def story(updates: Updates) -> None:
        await updates.offered(farm.publish("2"), SENDER)
        await wait_until(updates, lambda items: "vault/2" in items)

    live(farm, story)
    names = {record.release.name for record in farm.store.load().records}
    assert ("vault/0.0" in names, "vault/0.1" in names) == (True, False)
