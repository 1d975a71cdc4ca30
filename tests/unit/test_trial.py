"""The trial of a release: what promotes, refuses or keeps it, and that it always ends."""

import math
import re
from dataclasses import replace

import msgspec
import pytest

from node.trial import (
    METRICS,
    PRACTICE,
    REAL,
    Ask,
    ChunkLost,
    MetricName,
    PeersRated,
    Profile,
    Rescanned,
    Ticked,
    Trial,
    VaultExited,
    VaultStarted,
)
from node.trial.evidence import Pair
from node.trial.faults import Tally
from node.trial.profile import URGENT
from tests.trial_world import GOOD, LATE, ON_ITS_OWN, World, reports, running

A = b"a" * 32
REFUSED = Ask(is_answered=True, is_hash_ok=True, latency_s=0.01, wire_bytes=100, code="refused")


def real_world() -> World:
    """Two hours a block, 200 pairs a block, in a network too small for neighbours to count."""
    return World(profile=REAL, duration_s=48 * 3600.0, step_s=36.0)


def seconds_to_prove() -> float:
    """When 20 blocks are closed (the tail has no first one), the warm-up and one pair per block included."""
    return PRACTICE.warmup_s + 20 * (PRACTICE.block_s + 0.05)


class TestPromotion:
    def test_an_equal_candidate_is_promoted_when_its_private_time_is_over(self) -> None:
        world = World(duration_s=60.0).start().rate()

        assert world.go_on(59.0).outcome == "open"
        assert world.go_on(3.0).outcome == "promote"
        assert world.verdict is not None
        assert world.verdict.evidence.seconds >= 60.0
        assert (
            world.reason == "as good as the current version in 27 comparisons, 921 reads checked, rated by 6 neighbours"
        )

    def test_not_before_the_evidence_is_in_however_short_the_private_time(self) -> None:
        world = World(duration_s=0.0).start().rate()

        assert world.go_on(seconds_to_prove() - 3.0).outcome == "open"
        assert world.go_on(4.0).outcome == "promote"

    def test_a_faster_candidate_is_promoted(self) -> None:
        fast = replace(GOOD, latency_s=0.005)

        assert World(candidate=fast).start().rate().go_on(70.0).outcome == "promote"

    def test_it_is_decided_once_and_nothing_changes_afterwards(self) -> None:
        world = World().start().rate().go_on(70.0)
        before = world.trial.dump()
        world.tell(ChunkLost(world.now_s, "candidate", A), Ticked(world.now_s + 1e6), VaultExited(1e6, "control", 1))

        assert len(world.verdicts) == 1
        assert world.trial.dump() == before

    def test_all_equal_on_a_real_farm_is_promoted_at_block_24(self) -> None:
        """The golden number of a whole trial: private time 48 h, restarts at blocks 8, 12 and 16."""
        world = real_world().start()
        world.tell(PeersRated(world.now_s, (), (), subnets_known=0))
        for _ in range(40):
            before = world.trial.comparison.blocks
            world.go_on(7200.0)
            if world.trial.comparison.blocks in {8, 12, 16} and before != world.trial.comparison.blocks:
                world.tell(Rescanned(world.now_s))
            if world.verdict:
                break

        assert (world.outcome, world.trial.progress().blocks) == ("promote", 24)
        assert world.reason.endswith("not rated by neighbours")

    @pytest.mark.parametrize("name", [name for name in METRICS if name != "leak"])
    def test_every_metric_must_be_proven(self, name: MetricName) -> None:
        world = World(duration_s=0.0).start().rate().go_on(30.0)
        world.trial.comparison.gauges[name].metric.ok = 1e-6

        assert world.go_on(20.0).outcome == "open"

    def test_a_metric_under_suspicion_holds_the_promotion(self) -> None:
        world = World(duration_s=0.0).start().rate().go_on(30.0)
        world.trial.comparison.gauges["leak"].metric.bad = PRACTICE.alarm * 0.99
        world.go_on(seconds_to_prove() - 30.0 + 1.0)

        assert world.outcome == "open"


class TestEfficiency:
    @pytest.mark.parametrize(
        ("about", "sentence"),
        [
            (
                {"candidate": replace(GOOD, latency_s=0.021)},
                "slower: requests take 2.1 times as long (at most 1.35 allowed)",
            ),
            ({"cpu_ratio": 3.0}, "needs 3 times the processor time (at most 1.35 allowed)"),
            ({"memory_ratio": 2.0}, "needs 2 times the memory (at most 1.25 allowed)"),
            ({"candidate": replace(GOOD, wire_bytes=1500)}, "sends 1.5 times the bytes (at most 1.1 allowed)"),
        ],
    )
    def test_a_worse_candidate_is_refused_with_the_number(self, about: dict[str, Ask | float], sentence: str) -> None:
        world = World(**about).start().rate().go_on(100.0)  # type: ignore[arg-type]  # one field each

        assert (world.outcome, world.reason) == ("refuse", sentence)

    def test_a_candidate_that_fails_now_and_then_is_refused(self) -> None:
        world = World().start().rate()
        while not world.verdict and world.now_s < 1100.0:
            world.pair(candidate=LATE).go_on(0.45)

        assert world.outcome == "refuse"
        assert world.reason.startswith("fails more often: ")
        assert world.reason.endswith("% more of its requests than its twin (at most 5 % allowed)")

    def test_a_tail_that_grows_is_refused_though_the_median_is_equal(self) -> None:
        world = World().start().rate()
        while not world.verdict and world.now_s < 1100.0:
            world.pair(candidate=replace(GOOD, latency_s=0.080)).go_on(0.35)

        assert world.outcome == "refuse"
        assert world.reason.startswith("slower: its late requests lengthen the mean by ")

    def test_memory_that_keeps_growing_is_refused(self) -> None:
        world = World(duration_s=140.0).start().rate()
        while not world.verdict and world.now_s < 1140.0:
            world.memory_ratio *= 1.0025 if world.memory_ratio < 1.24 else 1.02
            world.go_on(0.5)

        assert world.outcome == "refuse"
        assert "memory" in world.reason

    def test_a_candidate_that_turns_bad_late_is_refused_with_what_it_has_become(self) -> None:
        world = World(duration_s=140.0).start().rate().go_on(80.0)
        world.candidate = replace(GOOD, latency_s=0.030)
        world.go_on(50.0)

        assert world.reason == "slower: requests take 3 times as long (at most 1.35 allowed)"

    def test_a_slowness_within_the_margin_is_promoted(self) -> None:
        assert World(candidate=replace(GOOD, latency_s=0.0105)).start().rate().go_on(100.0).outcome == "promote"


class TestWhatIfNothingEverHappens:
    def test_a_trial_that_is_never_started_ends(self) -> None:
        world = World().wait(PRACTICE.start_s_max + 1)

        assert (world.outcome, world.reason) == ("void", "could not be compared: the twins were not both up for 60 s")

    def test_twins_that_are_up_and_never_join_end_it(self) -> None:
        world = World()
        world.tell(VaultStarted(world.now_s, "control"), VaultStarted(world.now_s, "candidate"))

        assert world.wait(PRACTICE.start_s_max + 1).outcome == "void"

    def test_the_time_before_the_start_does_not_count(self) -> None:
        world = World().wait(PRACTICE.start_s_max - 10.0).start().rate().wait(PRACTICE.trial_s_max - 1.0)

        assert world.outcome == "open"
        assert world.wait(1.0).outcome == "keep"

    def test_without_a_single_pair_the_current_version_is_kept(self) -> None:
        world = World().start().wait(PRACTICE.trial_s_max + 1)

        assert world.outcome == "keep"
        assert world.reason == (
            "not proven within 280 s: 0 of 12 comparisons, 0 of 600 checked reads, 0 of 4 neighbours rated it"
        )

    @pytest.mark.parametrize("profile", [PRACTICE, REAL])
    def test_time_that_the_computer_sleeps_through_does_not_end_it_where_clocks_go_on_meanwhile(
        self, profile: Profile
    ) -> None:
        world = World(profile=profile).start()
        world.tell(Ticked(world.now_s + profile.trial_s_max))

        assert world.outcome == "open"

    @pytest.mark.parametrize(("profile", "days"), [(PRACTICE, 100), (REAL, 100), (URGENT, 30)])
    def test_but_a_computer_that_is_hardly_ever_on_ends_it_by_the_calendar(self, profile: Profile, days: int) -> None:
        world = World(profile=profile).start()
        world.tell(Ticked(world.now_s + 1.0, calendar_s=days * 86_400.0 - 1.0))
        assert world.outcome == "open"

        world.tell(Ticked(world.now_s + 2.0, calendar_s=days * 86_400.0))
        assert (world.outcome, world.reason.partition(":")[0]) == ("keep", f"not proven within {days} days")

    @pytest.mark.long
    def test_a_computer_that_is_suspended_each_night_has_as_much_time_as_one_that_is_always_on(self) -> None:
        world = World(profile=REAL, duration_s=300 * 3600.0, step_s=36.0).start()
        world.tell(PeersRated(world.now_s, (), (), subnets_known=0))
        for day in range(60):
            world.go_on(8 * 3600.0)
            if day in {2, 3, 4}:
                world.tell(Rescanned(world.now_s))
            world.now_s += 16 * 3600.0
            if world.verdict:
                break

        assert (world.outcome, world.trial.ran_s >= 300 * 3600.0) == ("promote", True)

    def test_without_any_report_of_neighbours_the_current_version_is_kept(self) -> None:
        world = World().start().go_on(PRACTICE.trial_s_max + 1)

        assert (world.outcome, world.reason) == ("keep", "not proven within 280 s: 0 of 4 neighbours rated it")

    def test_too_few_neighbours_keep_the_current_version(self) -> None:
        world = World().start().rate(3).go_on(PRACTICE.trial_s_max + 1)

        assert world.reason == "not proven within 280 s: 3 of 4 neighbours rated it"

    def test_where_next_to_nothing_could_be_stored_the_current_version_is_kept(self) -> None:
        """All reads are right, but of chunks so few that hardly any loss would have been seen."""
        profile = replace(ON_ITS_OWN, readable_min=100_000)
        world = World(profile=profile).start().rate().go_on(PRACTICE.trial_s_max + 1)

        assert world.outcome == "keep"
        assert re.fullmatch(r"not proven within 280 s: [\d,]+ of 100,000 pieces to read", world.reason)

    def test_a_chunk_that_only_one_of_both_took_is_none_to_read(self) -> None:
        tally = Tally()
        for candidate, control in ((GOOD, GOOD), (GOOD, REFUSED), (REFUSED, GOOD)):
            tally.count(Pair(1.0, "put", A, candidate, control))

        assert (tally.stored, tally.readable) == (2, 1)

    def test_a_network_with_fewer_neighbours_than_that_waives_them(self) -> None:
        world = World().start()
        world.tell(PeersRated(world.now_s, reports(2), reports(2), subnets_known=3))

        assert world.go_on(70.0).outcome == "promote"
        assert world.reason.endswith("not rated by neighbours")

    @pytest.mark.parametrize("silent", [0, 3])
    def test_neighbours_that_say_nothing_delay_it_and_no_longer_than_their_time(self, silent: int) -> None:
        """Nobody can stop a release for ever: where too few can rate it, or will, its own evidence decides."""
        world = World(profile=replace(ON_ITS_OWN, reporters_s=90.0)).start().rate(silent).go_on(85.0)
        assert world.outcome == "open"

        assert world.go_on(10.0).outcome == "promote"
        assert world.reason.endswith("not rated by neighbours")

    def test_what_neighbours_said_in_their_time_counts_after_it_too(self) -> None:
        profile = replace(ON_ITS_OWN, reporters_s=90.0)
        assert (
            World(profile=profile, duration_s=100.0)
            .start()
            .rate(4)
            .go_on(120.0)
            .reason.endswith("rated by 4 neighbours")
        )
        held = World(profile=profile).start().rate(log_ratio=math.log(5.0)).go_on(PRACTICE.trial_s_max + 1)
        assert (held.outcome, held.reason[:19]) == ("keep", "neighbours disagree")

    def test_a_trial_that_was_kept_before_neighbours_had_a_time_gives_them_four_days(self) -> None:
        kept = msgspec.msgpack.decode(World(profile=REAL).start().trial.dump())
        del kept["profile"]["reporters_s"]
        assert Trial.load(msgspec.msgpack.encode(kept)).profile.reporters_s == 96 * 3600

    def test_a_network_that_was_once_larger_waives_nothing(self) -> None:
        world = World().start()
        for known in (9, 2):
            world.tell(PeersRated(world.now_s, reports(2), reports(2), subnets_known=known))

        assert world.go_on(PRACTICE.trial_s_max + 1).outcome == "keep"

    def test_without_samples_of_usage_it_is_not_proven(self) -> None:
        world = World().start().rate()
        while not world.verdict:
            world.now_s += 0.05
            world.pair()

        assert (world.outcome, world.reason) == (
            "keep",
            "not proven within 280 s: processor time and memory still undecided",
        )

    def test_a_private_time_beyond_the_end_keeps(self) -> None:
        world = World(duration_s=1e6).start().rate().go_on(PRACTICE.trial_s_max + 1)

        assert world.reason == "not proven within 280 s: its private time was not over"


class TestNeighbours:
    def test_a_hold_delays_and_ends_as_disagreement(self) -> None:
        world = World().start().rate(log_ratio=math.log(5.0)).go_on(PRACTICE.trial_s_max + 1)

        assert (world.outcome, world.reason) == (
            "keep",
            "neighbours disagree: they see it slower than the current version",
        )

    def test_a_hold_by_alleged_faults_never_refuses(self) -> None:
        world = World().start().rate(faults=9).go_on(PRACTICE.trial_s_max + 1)

        assert (world.outcome, world.reason) == ("keep", "neighbours disagree: most of them report faults")

    def test_a_hold_that_is_lifted_promotes(self) -> None:
        world = World().start().rate(log_ratio=math.log(5.0)).go_on(80.0)

        assert world.outcome == "open"
        assert world.rate().go_on(5.0).outcome == "promote"

    def test_silence_lifts_no_hold(self) -> None:
        world = World().start().rate(log_ratio=math.log(5.0)).rate(0).go_on(80.0)

        assert world.outcome == "open"

    def test_one_proof_refuses_at_once(self) -> None:
        world = running().rate(proofs=1, faults=1)

        assert world.outcome == "refuse"
        assert world.reason == "gave wrong answers under its own signature, as 1 neighbour proved"

    def test_proofs_against_both_twins_void(self) -> None:
        world = running()
        world.tell(PeersRated(world.now_s, reports(6, proofs=1), reports(6, proofs=2)))

        assert world.outcome == "void"

    def test_the_best_votes_promote_nothing_that_is_slow_at_home(self) -> None:
        world = World(candidate=replace(GOOD, latency_s=0.02)).start().rate(log_ratio=-2.0).go_on(100.0)

        assert world.outcome == "refuse"
