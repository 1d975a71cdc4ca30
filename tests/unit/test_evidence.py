"""How pairs and samples become one number per metric."""

import math

import pytest

from node.trial import Ask, MetricName, Pair, Usage
from node.trial.evidence import PAIRS_PER_BLOCK_MAX, Block, History, quantile
from tests.trial_world import Outcome, told


def ask(latency_s: float = 0.01, wire_bytes: int = 1000, *, is_answered: bool = True) -> Ask:
    return Ask(is_answered, is_hash_ok=True, latency_s=latency_s, wire_bytes=wire_bytes)


def block(*pairs: tuple[Ask, Ask]) -> Block:
    made = Block()
    for i, (candidate, control) in enumerate(pairs):
        made.add(Pair(float(i), "get", i.to_bytes(32, "big"), candidate, control))
    return made


class TestTimeAndBytes:
    def test_the_median_is_that_of_the_ratios_of_pairs(self) -> None:
        pairs = [(ask(0.01 * 2 ** (i - 5)), ask(0.01)) for i in range(11)] + [(ask(900.0), ask(0.01))]
        found = block(*pairs).measure(History())

        assert found["p50"] == pytest.approx(0.5 * math.log(2))

    def test_pairs_that_one_twin_left_unanswered_count_as_failed_and_not_as_slow(self) -> None:
        good = [(ask(), ask())] * 12
        found = block(*good, (ask(5.0, is_answered=False), ask()), (ask(), ask(5.0, is_answered=False))).measure(
            History()
        )

        assert found["p50"] == 0.0
        assert found["fail"] == 0.0

    def test_the_failed_share_is_of_all_pairs(self) -> None:
        good = [(ask(), ask())] * 18
        bad = [(ask(5.0, is_answered=False), ask())] * 2

        assert block(*good, *bad).measure(History())["fail"] == pytest.approx(0.10)

    def test_wrong_or_refused_answers_are_failures_too(self) -> None:
        refused = told("refused", 0.01, 100)
        found = block(*[(ask(), ask())] * 18, *[(refused, ask())] * 2).measure(History())

        assert found["fail"] == pytest.approx(0.10)

    def test_bytes_are_those_of_the_pairs_that_both_answered(self) -> None:
        pairs = [(ask(wire_bytes=1100), ask(wire_bytes=1000))] * 10
        found = block(*pairs, (ask(wire_bytes=9999), ask(is_answered=False))).measure(History())

        assert found["bytes"] == pytest.approx(math.log(1.1))

    def test_too_few_answers_say_nothing_about_time_and_bytes(self) -> None:
        found = block(*[(ask(), ask())] * 9, *[(ask(is_answered=False), ask())] * 30).measure(History())

        assert set(found) == {"fail"}


class TestTheTail:
    def test_the_first_block_has_no_tail_because_there_is_nothing_to_measure_it_against(self) -> None:
        history = History()

        assert "tail" not in block(*[(ask(), ask())] * 30).measure(history)
        assert history.quantile_count == 1

    def test_it_is_the_mean_excess_over_the_controls_quantile_of_the_blocks_before(self) -> None:
        history = History(quantile_sum=2 * math.log(0.010), quantile_count=2)
        slow = [(ask(0.020), ask(0.010))] * 3
        found = block(*[(ask(0.002), ask(0.005))] * 27, *slow).measure(history)

        assert found["tail"] == pytest.approx(0.1 * math.log(2))

    def test_one_request_can_be_late_by_three_and_no_more(self) -> None:
        history = History(quantile_sum=math.log(0.001), quantile_count=1)
        found = block(*[(ask(0.001), ask(0.001))] * 29, (ask(3000.0), ask(0.001))).measure(history)

        assert found["tail"] == pytest.approx(3.0 / 30)


class TestUsage:
    def use(self, made: Block, *samples: tuple[int, int, int, int]) -> Block:
        for candidate_ns, control_ns, candidate_rss, control_rss in samples:
            made.add_usage(Usage(candidate_ns, candidate_rss), Usage(control_ns, control_rss))
        return made

    def test_processor_time_is_what_was_used_in_the_block(self) -> None:
        made = self.use(block((ask(), ask())), (10**9, 5 * 10**9, 1, 1), (10**9 + 300, 5 * 10**9 + 200, 1, 1))

        assert made.measure(History())["cpu"] == pytest.approx(math.log(1.5))

    def test_the_next_block_goes_on_where_this_one_ended(self) -> None:
        made = self.use(block((ask(), ask())), (100, 100, 1, 1), (200, 200, 1, 1)).next()
        made.add(Pair(9.0, "get", b"x", ask(), ask()))
        self.use(made, (400, 300, 1, 1))

        assert made.measure(History())["cpu"] == pytest.approx(math.log(2))

    def test_a_twin_that_was_restarted_counts_anew_and_what_both_used_before_and_after_is_added_up(self) -> None:
        made = block((ask(), ask()))
        self.use(made, (100, 100, 1, 1), (300, 200, 1, 1), (5, 900, 1, 1), (505, 1000, 1, 1))

        assert made.measure(History())["cpu"] == pytest.approx(math.log((200 + 500) / (100 + 100)))

    def test_nor_is_the_time_between_two_runs_counted_when_the_later_one_has_used_more(self) -> None:
        made = self.use(block((ask(), ask())), (100, 100, 1, 1), (300, 200, 1, 1))
        made.begin_runs()
        self.use(made, (5000, 900, 1, 1), (5200, 1000, 1, 1))

        assert made.measure(History())["cpu"] == pytest.approx(math.log(2))

    def test_memory_is_the_ratio_of_the_highest_samples(self) -> None:
        made = self.use(block((ask(), ask())), (1, 1, 40, 50), (2, 2, 60, 50), (3, 3, 30, 40))

        assert made.measure(History())["mem"] == pytest.approx(math.log(60 / 50))

    def test_a_leak_is_measured_from_the_seventh_block_on_against_all_before(self) -> None:
        history, found = History(), list[dict[MetricName, float]]()
        for i in range(8):
            made = self.use(block((ask(), ask())), (1, 1, 100 if i < 7 else 110, 100))
            found.append(made.measure(history))

        assert ["leak" in values for values in found] == [False] * 6 + [True] * 2
        assert found[6]["leak"] == pytest.approx(0.0)
        assert found[7]["leak"] == pytest.approx(math.log(1.1))

    def test_without_samples_nothing_is_said_about_them(self) -> None:
        assert not {"cpu", "mem", "leak"} & set(block((ask(), ask())).measure(History()))


class TestForeignNumbers:
    @pytest.mark.parametrize("latency_s", [math.nan, math.inf, -0.001, 3601.0])
    def test_an_impossible_latency_is_refused(self, latency_s: float) -> None:
        with pytest.raises(ValueError, match="latency"):
            ask(latency_s)

    @pytest.mark.parametrize("wire_bytes", [-1, 1 << 31])
    def test_an_impossible_size_is_refused(self, wire_bytes: int) -> None:
        with pytest.raises(ValueError, match="bytes"):
            ask(wire_bytes=wire_bytes)

    def test_an_impossible_usage_is_refused(self) -> None:
        with pytest.raises(ValueError, match="usage"):
            Usage(-1, 5)

    def test_a_long_code_or_address_is_refused(self) -> None:
        with pytest.raises(ValueError, match="code"):
            Ask(is_answered=False, is_hash_ok=True, latency_s=1.0, wire_bytes=1, code="x" * 65)
        with pytest.raises(ValueError, match="address"):
            Pair(0.0, "get", b"x" * 65, ask(), ask())

    def test_a_latency_of_nothing_stays_finite(self) -> None:
        found = block(*[(ask(0.0), ask(0.01))] * 30).measure(History())

        assert math.isfinite(found["p50"])

    def test_a_block_holds_a_bounded_number_of_pairs(self) -> None:
        made = block(*[(ask(), ask())] * (PAIRS_PER_BLOCK_MAX + 5))

        assert made.pairs == len(made.control.logs) == PAIRS_PER_BLOCK_MAX

    @pytest.mark.parametrize(
        ("outcome", "is_good", "is_wrong", "is_violation"),
        [
            ("ok", True, False, False),
            ("failed", False, False, False),
            ("refused", False, False, False),
            ("not_held", False, False, False),
            ("wrong_bytes", False, True, False),
            ("bad_signature", False, False, True),
        ],
    )
    def test_the_probers_words_are_understood(
        self, outcome: Outcome, is_good: bool, is_wrong: bool, is_violation: bool
    ) -> None:
        answer = told(outcome)

        assert (answer.is_good, answer.is_wrong, answer.is_violation) == (is_good, is_wrong, is_violation)


def test_quantiles_are_interpolated() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert quantile([float(i) for i in range(11)], 0.9) == 9.0
    assert quantile([7.0], 0.9) == 7.0
