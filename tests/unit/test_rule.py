"""The rule for one metric against the golden numbers of its specification."""

import math
import random

import pytest

from node.trial.profile import PRACTICE, PRACTICE_URGENT, REAL, URGENT
from node.trial.rule import Gauge, Metric

EXACT = 1e-9


def fed(*values: float) -> Metric:
    metric = Metric()
    for z in values:
        metric.add(z)
    return metric


class TestGoldenNumbers:
    @pytest.mark.parametrize(
        ("blocks", "ok"),
        [
            (1, 1.2077884987925693),
            (2, 1.5224153535015592),
            (5, 3.127863235587622),
            (12, 17.890523345061364),
            (18, 82.10388175745337),
            (19, 105.98913338711671),
            (20, 136.8646886370509),
        ],
    )
    def test_an_equal_candidate_gathers_evidence_at_the_stated_pace(self, blocks: int, ok: float) -> None:
        metric = fed(*[0.0] * blocks)

        assert metric.ok == pytest.approx(ok, rel=EXACT)
        assert metric.bad == pytest.approx(0.7, rel=EXACT)

    def test_an_equal_candidate_is_proven_first_after_19_blocks(self) -> None:
        assert fed(*[0.0] * 18).ok < 1 / REAL.alpha <= fed(*[0.0] * 19).ok

    @pytest.mark.parametrize(
        ("blocks", "bad"), [(1, 1.3), (12, 23.298085122481016), (26, 917.3333019326874), (27, 1192.5332925124937)]
    )
    def test_a_candidate_two_margins_worse_raises_the_alarm_at_the_stated_pace(self, blocks: int, bad: float) -> None:
        assert fed(*[2.0] * blocks).bad == pytest.approx(bad, rel=EXACT)

    def test_a_candidate_two_margins_worse_is_never_proven(self) -> None:
        assert fed(2.0).ok == pytest.approx(0.7445271567899401, rel=EXACT)
        assert fed(*[2.0] * 12).ok == pytest.approx(0.6431297737223728, rel=EXACT)

    def test_a_candidate_that_turns_bad_is_noticed_at_the_stated_pace(self) -> None:
        good = [0.0] * 30
        assert fed(*good, 5.0).ok == pytest.approx(177.8280688983999, rel=EXACT)
        assert fed(*good, 5.0).bad == pytest.approx(1.9, rel=EXACT)
        assert fed(*good, *[5.0] * 10).bad == pytest.approx(573.2084930398797, rel=EXACT)
        assert fed(*good, *[5.0] * 11).bad == pytest.approx(1023.586594714071, rel=EXACT)

    def test_mixed_blocks_are_clipped_and_summed_up_as_stated(self) -> None:
        metric = fed(0.2, -0.4, 1.5, 0.0, 0.7, -9.0, 9.0, 0.3)

        assert metric.n == 8
        assert metric.mean == pytest.approx(0.5375, rel=EXACT)
        assert metric.m2 == pytest.approx(20.71875, rel=EXACT)
        assert metric.c1 == pytest.approx(-10.714709467120182, rel=EXACT)
        assert metric.ok == pytest.approx(0.39722889294391894, rel=EXACT)
        assert metric.bad == pytest.approx(1.501, rel=EXACT)

    def test_the_shown_interval_is_that_of_growthbook(self) -> None:
        """60 blocks of variance 0.79567 give a half width of 0.35056, as their sequential interval does."""
        metric = Metric(n=60, mean=0.2793797229368329, m2=60 * 0.7956695737930517)
        low, high = metric.interval()

        assert (high - low) / 2 == pytest.approx(0.3505615686748387, rel=EXACT)
        assert (high + low) / 2 == pytest.approx(0.2793797229368329, rel=EXACT)


class TestTheRule:
    def test_before_five_blocks_no_interval_is_shown(self) -> None:
        assert fed(*[0.1, 0.2] * 2).interval() == (-math.inf, math.inf)
        assert all(math.isfinite(bound) for bound in fed(*[0.1, 0.2] * 3).interval())

    def test_no_single_block_bankrupts_or_decides(self) -> None:
        metric = fed(*[0.0] * 40)
        before = metric.ok
        metric.add(1e9)

        assert metric.ok >= 0.1 * before * math.exp(-1)
        assert metric.bad <= 1.9

    def test_a_candidate_at_the_margin_is_rarely_proven(self) -> None:
        """Ville: at most 1 in 100 ever; 300 runs of 168 blocks."""
        chance = random.Random(5)
        proven = 0
        for _ in range(300):
            metric = Metric()
            hit = False
            for _ in range(168):
                metric.add(chance.gauss(1.0, 1.0))
                hit |= metric.ok >= 1 / REAL.alpha
            proven += hit

        assert proven <= 7

    def test_a_block_without_a_value_is_refused(self) -> None:
        with pytest.raises(AssertionError):
            Metric().add(math.nan)

    def test_the_deviation_is_that_of_the_blocks(self) -> None:
        assert fed(0.0, 1.0).deviation() == pytest.approx(math.sqrt(0.5))
        assert fed(0.3).deviation() == 0.0


class TestTheGauge:
    def test_it_remembers_how_bad_it_was_since_it_became_bad_unclipped(self) -> None:
        gauge = Gauge()
        for x in [0.0] * 20 + [1.0] * 3:
            gauge.add(x, 0.1)

        assert gauge.mean_of_rise == pytest.approx(1.0)
        assert gauge.mean == pytest.approx(3 / 23)


class TestTheProfiles:
    def test_the_real_profile_has_the_numbers_of_the_specification(self) -> None:
        margins = REAL.margins.by_name()

        assert margins["p50"] == margins["cpu"] == margins["bytes"] == math.log(1.05)
        assert margins["tail"] == pytest.approx(0.10 * math.log(1.15))
        assert (margins["mem"], margins["leak"], margins["fail"]) == (math.log(1.10), 0.03, 0.01)
        assert (REAL.block_s, REAL.pairs_per_block_min, REAL.blocks_min) == (7200, 30, 12)
        assert (REAL.reads_min, REAL.restarts_min) == (3000, 3)
        assert (REAL.trial_s_min, REAL.trial_s_mean, REAL.trial_s_max) == (48 * 3600, 48 * 3600, 14 * 86400)
        assert (REAL.alpha, REAL.alarm, REAL.suspect) == (0.01, 1000, 20)
        assert (REAL.liar_share_max, REAL.peer_margin) == (0.40, math.log(1.25))
        assert sum(REAL.wave_shares) == pytest.approx(1.0)

    def test_no_more_neighbours_are_asked_for_than_share_chunks_with_both_twins(self) -> None:
        """Seven on average, four at least, in a network of any size; some of them are off, or too young."""
        assert (REAL.reporters_min, URGENT.reporters_min) == (4, 3)
        assert (REAL.reporters_s, URGENT.reporters_s) == (96 * 3600, 12 * 3600)
        for profile in (PRACTICE, PRACTICE_URGENT):
            assert profile.reporters_s > profile.trial_s_max

    def test_the_private_duration_starts_at_its_minimum_and_has_the_stated_mean(self) -> None:
        chance = random.Random(2)
        drawn = [PRACTICE.duration_s(chance.random()) for _ in range(5000)]

        assert min(drawn) >= PRACTICE.trial_s_min
        assert PRACTICE.duration_s(0.0) == PRACTICE.trial_s_min
        assert sum(drawn) / len(drawn) == pytest.approx(PRACTICE.trial_s_min + PRACTICE.trial_s_mean, abs=0.5)
