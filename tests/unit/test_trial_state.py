"""What a trial remembers: blocks, late and repeated events, a reboot, and what it tells about itself."""

import math
import time
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from node.trial import (
    METRICS,
    PRACTICE,
    REAL,
    ChunkLost,
    Event,
    HostFault,
    NewsAsked,
    Pair,
    PairMeasured,
    PeersRated,
    Rescanned,
    Resumed,
    Started,
    Ticked,
    Trial,
    UnreadableTrial,
    Usage,
    UsageSampled,
    VaultExited,
    VaultStarted,
)
from node.trial.comparison import Comparison
from node.trial.rule import Metric
from node.trial.trial import STATE_BYTES_MAX
from tests.trial_world import GOOD, LATE, World, reports, running

A = b"a" * 32
PAST_WINDOW_S = PRACTICE.fault_window_s + 0.5


class TestBlocks:
    def test_the_warm_up_gives_no_blocks_and_counts_reads(self) -> None:
        world = World().start().go_on(PRACTICE.warmup_s - 0.2)
        progress = world.trial.progress()

        assert (progress.blocks, progress.pairs) == (0, 0)
        assert progress.verified_reads > 80

    def test_after_a_restart_both_warm_up_again(self) -> None:
        world = running()
        world.tell(VaultExited(world.now_s, "control", -9, is_intended=True), VaultStarted(world.now_s, "control"))
        before = world.trial.progress().pairs

        assert world.go_on(PRACTICE.warmup_s - 0.2).trial.progress().pairs == before
        assert world.go_on(1.0).trial.progress().pairs > before

    def test_one_sample_of_usage_per_block_is_enough(self) -> None:
        comparison = Comparison()
        for block in range(1, 4):
            for i in range(PRACTICE.pairs_per_block_min):
                comparison.add(Pair(0.0, "get", bytes([i]), GOOD, GOOD))
            comparison.add_usage(Usage(block * 200, 50), Usage(block * 100, 50))
            comparison.pass_time(PRACTICE.block_s)
            comparison.close_block(PRACTICE)

        assert {noise.name: noise.n for noise in comparison.noise()}["cpu"] == 2

    def test_a_block_stays_open_until_it_has_its_pairs(self) -> None:
        world = World(step_s=0.2).start().go_on(PRACTICE.warmup_s + 5.5)
        assert world.trial.progress().blocks == 0

        assert world.go_on(1.0).trial.progress().blocks == 1

    def test_a_fault_of_the_computer_voids_the_open_block_only(self) -> None:
        world = running()
        before = world.go_on(1.0).trial.progress()
        world.tell(HostFault(world.now_s, "suspend"))

        assert world.trial.progress().blocks == before.blocks
        assert world.trial.progress().pairs < before.pairs

    def test_time_in_which_a_twin_was_down_does_not_count(self) -> None:
        world = running()
        before = world.trial.ran_s
        world.tell(VaultExited(world.now_s, "control", 1))
        world.wait(30.0)
        world.tell(VaultStarted(world.now_s, "control"))
        world.wait(1.0, tick_s=0.5)

        assert world.trial.ran_s == pytest.approx(before + 1.0)

    def test_after_a_sleep_of_the_computer_no_time_was_run_and_what_came_just_before_it_does_not_count(self) -> None:
        world = running().go_on(1.0)
        before = world.trial.ran_s
        world.now_s += 100.0
        world.tell(Ticked(world.now_s))

        assert world.outcome == "open"
        assert world.trial.comparison.block.pairs == 0
        assert world.trial.ran_s <= before + PRACTICE.gap_s_max


def sleep(world: World) -> None:
    world.now_s += 3600.0
    world.tell(Ticked(world.now_s))


def switch_off(world: World) -> None:
    world.trial, world.now_s = Trial.load(world.trial.dump()), 3.0
    world.tell(Resumed(3.0), *(VaultStarted(3.0, twin) for twin in ("candidate", "control")))


def shut_down(world: World) -> None:
    """It ends a twin before the node."""
    world.tell(VaultExited(world.now_s, "control", -15))
    switch_off(world)


@pytest.mark.parametrize("cut", [sleep, switch_off, shut_down])
class TestABlockThatIsCut:
    """At home, where a block takes two hours, and few computers are on for so long in one go."""

    def test_goes_on_afterwards_without_the_last_minute_before(self, cut: Callable[[World], None]) -> None:
        world = at_home().go_on(110 * 60.0)
        seconds, pairs = world.trial.comparison.block.seconds, world.trial.comparison.block.pairs
        cut(world)

        block = world.trial.comparison.block
        assert 60.0 <= seconds - block.seconds <= 120.0
        assert 2 <= pairs - block.pairs <= 4
        assert len(block.candidate.logs) == len(block.control.logs) == block.pairs
        assert world.go_on(14 * 60.0).trial.comparison.blocks == 1

    def test_what_it_measures_is_that_of_both_parts(self, cut: Callable[[World], None]) -> None:
        world = at_home(cpu_ratio=1.5).go_on(90 * 60.0)
        world.candidate = replace(GOOD, latency_s=1.0)  # in the last minute
        world.go_on(40.0)
        world.candidate = GOOD
        cut(world)
        world.cpu_ns = 0  # it counts anew
        world.go_on(60.0)
        world.cpu_ns += 10**15
        cut(world)  # just when this was to be told
        world.go_on(40 * 60.0)

        found = {name: gauge.mean for name, gauge in world.trial.comparison.gauges.items()}
        assert world.trial.comparison.blocks == 1
        assert found["p50"] == pytest.approx(0.0, abs=1e-9)
        assert found["fail"] == 0.0
        assert found["cpu"] == pytest.approx(math.log(1.5), rel=0.01)

    def test_loses_nothing_more_when_it_is_cut_again_at_once(self, cut: Callable[[World], None]) -> None:
        world = at_home().go_on(3600.0)
        cut(world)
        before = msgspec.msgpack.encode(world.trial.comparison.block)
        for _ in range(3):
            world.go_on(40.0)
            cut(world)

        assert msgspec.msgpack.encode(world.trial.comparison.block) == before

    def test_is_void_when_it_was_a_fault_of_the_computer(self, cut: Callable[[World], None]) -> None:
        world = at_home().go_on(3600.0)
        world.tell(HostFault(world.now_s, "the disk is full"))
        cut(world)

        assert world.trial.comparison.block.pairs == 0

    def test_does_not_take_a_request_that_was_on_its_way_meanwhile(self, cut: Callable[[World], None]) -> None:
        world = at_home().go_on(3600.0)
        cut(world)
        before = world.trial.comparison.block.pairs
        world.pair(candidate=LATE)
        assert world.trial.comparison.block.pairs == before
        world.pair()
        assert world.trial.comparison.block.pairs == before + 1

    def test_so_a_computer_that_is_never_on_for_two_hours_proves_a_release(self, cut: Callable[[World], None]) -> None:
        world = at_home()
        for session in range(200):
            world.go_on(110 * 60.0)
            if world.verdict:
                break
            if session in {8, 12, 16}:
                world.tell(Rescanned(world.now_s))
            cut(world)

        assert (world.outcome, world.trial.progress().blocks) == ("promote", 24)


DISTURBANCES: dict[str, Callable[[float], Event]] = {
    "the vault in use ends": lambda now_s: HostFault(now_s, "it ended", is_brief=True),
    "the newest head is too new for both": lambda now_s: NewsAsked(now_s, candidate=False, control=False),
}


@pytest.mark.parametrize("disturbance", DISTURBANCES.values(), ids=DISTURBANCES.keys())
def test_what_disturbs_both_twins_every_hour_keeps_no_release_off(disturbance: Callable[[float], Event]) -> None:
    """Else whoever can end the vault in use, or one pod that signs heads all day, stops whatever mends that."""
    world = at_home()
    for hour in range(336):
        world.go_on(3600.0)
        if world.verdict:
            break
        if hour in {10, 20, 30}:
            world.tell(Rescanned(world.now_s))
        world.tell(disturbance(world.now_s))

    assert world.outcome == "promote"


@pytest.mark.parametrize("disturbance", DISTURBANCES.values(), ids=DISTURBANCES.keys())
def test_of_what_disturbs_both_twins_the_last_minute_counts_no_more(disturbance: Callable[[float], Event]) -> None:
    world = at_home().go_on(3600.0)
    pairs = world.trial.comparison.block.pairs
    world.tell(disturbance(world.now_s))

    assert 2 <= pairs - world.trial.comparison.block.pairs <= 4


def at_home(cpu_ratio: float = 1.0) -> World:
    world = World(profile=REAL, duration_s=48 * 3600.0, step_s=36.0, cpu_ratio=cpu_ratio).start()
    world.tell(PeersRated(world.now_s, (), (), subnets_known=0))
    return world


class TestLateAndRepeatedEvents:
    def test_a_repeated_pair_counts_once(self) -> None:
        world = running()
        before = world.trial.progress()
        last = world.now_s
        world.pair()
        world.pairs -= 1
        world.pair()

        assert world.now_s == last
        assert world.trial.progress().pairs == before.pairs + 1

    def test_time_never_goes_back(self) -> None:
        world = running()
        before = world.trial.clock.awake_s
        world.tell(Ticked(world.now_s - 3.0), Ticked(world.now_s))

        assert world.trial.clock.awake_s == before

    def test_a_repeated_start_changes_nothing(self) -> None:
        world = running()
        before = world.trial.dump()
        world.tell(Started(world.now_s, 1.0))

        assert world.trial.dump() == before

    def test_a_repeated_exit_after_the_vault_is_up_again_is_no_second_crash(self) -> None:
        world = running()
        gone = VaultExited(world.now_s, "candidate", -9, is_intended=True)
        world.tell(gone, VaultStarted(world.now_s + 0.5, "candidate"), gone)

        assert world.trial.candidate.is_up

    def test_a_repeated_restart_counts_once(self) -> None:
        world = running()
        world.tell(Rescanned(world.now_s), Rescanned(world.now_s))
        world.wait(1.0)
        world.tell(Rescanned(world.now_s - 1.0))

        assert world.trial.progress().restarts == 1

    def test_a_late_report_of_neighbours_does_not_replace_the_newest(self) -> None:
        world = running().rate(log_ratio=math.log(5.0))
        world.tell(PeersRated(world.now_s - 1.0, reports(6), reports(6)))

        assert world.trial.neighbours.hold == "slower"

    def test_a_late_sample_of_usage_is_left_out(self) -> None:
        world = running()
        newest = Usage(world.cpu_ns + 10**9, 50_000_000)
        world.tell(UsageSampled(world.now_s, newest, newest))
        world.tell(UsageSampled(world.now_s - 0.5, Usage(world.cpu_ns, 1), Usage(world.cpu_ns, 1)))

        assert world.trial.comparison.block.candidate.counted == newest

    def test_a_clock_that_starts_anew_stops_nothing(self) -> None:
        world = running()
        world.now_s = 5.0

        assert world.go_on(70.0).outcome == "promote"


class TestAfterAReboot:
    def test_the_trial_goes_on_where_it_was(self) -> None:
        world = running(30.0)
        blocks, content = world.trial.progress().blocks, world.trial.dump()

        world.trial, world.now_s = Trial.load(content), 3.0
        world.tell(Resumed(world.now_s), VaultStarted(world.now_s, "candidate"), VaultStarted(world.now_s, "control"))

        assert world.trial.progress().blocks == blocks
        assert world.go_on(35.0).outcome == "promote"

    def test_a_crash_just_before_the_computer_went_down_is_excused(self) -> None:
        world = running()
        world.tell(VaultExited(world.now_s, "candidate", -9))
        world.trial = Trial.load(world.trial.dump())
        world.tell(Resumed(3.0), VaultStarted(3.0, "candidate"), VaultStarted(3.0, "control"))
        world.now_s = 3.0

        assert world.go_on(70.0).outcome == "promote"

    def test_a_lost_chunk_just_before_it_is_not(self) -> None:
        world = running()
        world.tell(ChunkLost(world.now_s, "candidate", A))
        world.trial = Trial.load(world.trial.dump())
        world.tell(Resumed(3.0), Ticked(3.0 + PAST_WINDOW_S))

        assert world.outcome == "refuse"

    def test_one_that_an_earlier_version_of_the_app_kept_goes_on_without_its_open_block(self) -> None:
        world = running(30.0)
        kept = msgspec.msgpack.decode(world.trial.dump())
        kept["clock"]["elapsed_s"] = kept["clock"].pop("began_s")
        del kept["profile"]["calendar_s_max"]
        for name in ("sound", "latest", "is_cut"):
            del kept["comparison"][name]
        kept["comparison"]["block"]["is_cut"] = False
        for twin in ("candidate", "control"):
            side = kept["comparison"]["block"][twin]
            side["cpu_ns_first"], side["cpu_ns_last"] = side.pop("cpu_ns"), side.pop("counted")["cpu_ns"]
            side["asked_first"], side["asked_last"] = None, side.pop("asked")
        blocks = world.trial.progress().blocks

        world.trial = Trial.load(msgspec.msgpack.encode(kept))
        switch_off(world)

        assert (world.trial.progress().blocks, world.trial.comparison.block.pairs) == (blocks, 0)
        assert world.go_on(35.0).outcome == "promote"

    @pytest.mark.parametrize(
        "content", [b"", b"\x00", b"\x93\x01\x02\x03", b"\x80", b"x" * 300_000, b"\x81" * 5000], ids=range(6)
    )
    def test_a_damaged_state_is_refused(self, content: bytes) -> None:
        with pytest.raises(UnreadableTrial):
            Trial.load(content)

    def test_a_state_of_another_version_is_refused(self) -> None:
        trial = Trial(profile=PRACTICE, state_version=99)

        with pytest.raises(UnreadableTrial, match="99"):
            Trial.load(trial.dump())

    def test_the_largest_state_fits(self) -> None:
        world = World(step_s=0.0005, profile=replace(PRACTICE, block_s=1e6, warmup_s=0.0)).start().rate(12)
        world.go_on(2.2)
        world.tell(*(ChunkLost(world.now_s, "control", bytes([i % 256]) * 32) for i in range(300)))
        world.trial.tally.note_lost(tuple(i.to_bytes(64, "big") for i in range(999)))
        for i in range(999):
            world.trial.tally.note_wrong(i.to_bytes(64, "big"))

        assert world.trial.comparison.block.pairs == 2000
        assert len(world.trial.dump()) < 0.75 * STATE_BYTES_MAX


class TestProgress:
    def test_before_anything_happened_nothing_is_claimed(self) -> None:
        progress = Trial(profile=PRACTICE).progress()

        assert (progress.blocks, progress.pairs, progress.neighbours_needed) == (0, 0, 4)
        assert all(metric.estimate is metric.low is metric.high is None for metric in progress.metrics)
        assert not any(metric.is_proven or metric.is_alarming for metric in progress.metrics)

    def test_metrics_are_told_as_factors_with_their_limits(self) -> None:
        world = World(candidate=replace(GOOD, latency_s=0.011)).start().rate(5).go_on(30.0)
        progress = world.trial.progress()
        told = {metric.name: metric for metric in progress.metrics}

        assert tuple(told) == METRICS
        assert told["p50"].estimate == pytest.approx(1.1)
        assert told["p50"].limit == pytest.approx(1.35)
        assert told["tail"].limit == pytest.approx(3.0**0.1)
        assert told["p50"].low is not None
        assert told["p50"].high is not None
        assert told["p50"].low <= 1.1001
        assert told["p50"].high >= 1.0999
        assert progress.neighbours_rated == 5

    def test_a_refused_metric_is_alarming_and_proven_ones_are_proven(self) -> None:
        world = World(cpu_ratio=2.0).start().rate().go_on(100.0)
        assert world.verdict is not None
        told = {metric.name: metric for metric in world.verdict.evidence.metrics}

        assert told["cpu"].is_alarming
        assert not told["cpu"].is_proven

    def test_the_noise_of_every_metric_is_told_in_margins(self) -> None:
        world = running(30.0)
        noise = {each.name: each for each in world.trial.progress().noise}

        assert set(noise) == set(METRICS)
        assert noise["p50"].n == world.trial.progress().blocks
        assert noise["p50"].mean == pytest.approx(0.0, abs=1e-9)
        assert noise["p50"].sd == pytest.approx(0.0, abs=1e-9)

    def test_the_verdict_carries_the_evidence(self) -> None:
        verdict = World().start().rate().go_on(70.0).verdict
        assert verdict is not None

        assert (verdict.blocks, verdict.neighbours_rated) == (verdict.evidence.blocks, 6)
        assert verdict.pairs >= 30 * verdict.blocks
        assert verdict.verified_reads >= PRACTICE.reads_min


def test_an_event_takes_microseconds() -> None:
    """Measured 5 microseconds on a shared 2-core machine, 2026-11-22; the limit leaves room for a busy one."""
    trial = Trial(profile=PRACTICE)
    trial.step(Started(0.0, 1e6))
    pairs = [Pair(i * 1e-3, "get", i.to_bytes(32, "big"), GOOD, GOOD) for i in range(8000)]
    started_s = time.perf_counter()
    for pair in pairs:
        trial.step(PairMeasured(pair.at_s, pair))

    assert (time.perf_counter() - started_s) / len(pairs) < 200e-6


def test_one_block_of_one_metric_takes_less_than_twenty_microseconds() -> None:
    """Measured 2 microseconds; the best of five, for the machine is shared."""
    metric, best_s = Metric(), math.inf
    for _ in range(5):
        started_s = time.perf_counter()
        for i in range(2000):
            metric.add(i % 3 / 2)
        best_s = min(best_s, time.perf_counter() - started_s)

    assert best_s / 2000 < 20e-6
