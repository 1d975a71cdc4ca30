"""Faults of the candidate refuse it, faults of the computer void the trial or its open block."""

from collections.abc import Callable

import pytest

from node.trial import (
    PRACTICE,
    ChunkLost,
    Denied,
    Event,
    HostFault,
    Rescanned,
    Twin,
    VaultExited,
    VaultStarted,
)
from tests.trial_world import LATE, Outcome, World, running, told

A, B = b"a" * 32, b"b" * 32
PAST_WINDOW_S = PRACTICE.fault_window_s + 0.5
WITHIN_WINDOW_S = PRACTICE.fault_window_s / 2


def seconds_to_prove() -> float:
    """When 20 blocks are closed (the tail has no first one), the warm-up and one pair per block included."""
    return PRACTICE.warmup_s + 20 * (PRACTICE.block_s + 0.05)


class TestData:
    @pytest.mark.parametrize(
        ("outcome", "sentence"),
        [
            ("wrong_bytes", "gave wrong bytes in 1 of "),
            ("bad_signature", "broke the protocol: an answer without a valid signature (peer.signature)"),
        ],
    )
    def test_one_bad_answer_refuses_at_once_however_good_the_rest(self, outcome: Outcome, sentence: str) -> None:
        world = running().pair(candidate=told(outcome, 0.001))

        assert world.outcome == "refuse"
        assert world.reason.startswith(sentence)

    def test_a_lost_chunk_is_told_with_the_number_of_stored_ones(self) -> None:
        world = running(20.6)
        world.tell(ChunkLost(world.now_s, "candidate", A))
        stored = world.trial.tally.stored

        assert stored > 50
        assert world.wait(PAST_WINDOW_S).reason == f"lost 1 of {stored} stored pieces"

    def test_not_held_once_is_no_loss(self) -> None:
        assert running().pair(candidate=told("not_held", 0.001, 100)).wait(PAST_WINDOW_S).outcome == "open"

    def test_the_same_fault_in_the_same_pair_is_the_computers(self) -> None:
        wrong = told("wrong_bytes", 0.01, 1000)
        world = running().pair(candidate=wrong, control=wrong).wait(PAST_WINDOW_S)

        assert (world.outcome, world.reason) == (
            "void",
            "the computer is to blame: its twin showed the same fault (wrong) at the same time",
        )

    @pytest.mark.parametrize("order", [("candidate", "control"), ("control", "candidate")])
    @pytest.mark.parametrize(
        "fault",
        [
            lambda s, twin: ChunkLost(s, twin, A),
            lambda s, twin: Denied(s, twin, "connect"),
            lambda s, twin: VaultExited(s, twin, -9),
        ],
        ids=["lost", "denied", "crash"],
    )
    def test_the_same_fault_of_the_twin_at_the_same_time_voids_in_either_order(
        self, fault: Callable[[float, Twin], Event], order: tuple[Twin, Twin]
    ) -> None:
        world = running()
        world.tell(fault(world.now_s, order[0]))
        world.wait(WITHIN_WINDOW_S, tick_s=0.5)
        world.tell(fault(world.now_s, order[1]))

        assert world.outcome == "void"

    def test_a_fault_of_the_candidate_alone_refuses_after_the_twin_had_time_to_show_it(self) -> None:
        world = running()
        world.tell(Denied(world.now_s, "candidate", "connect\n" + "x" * 200))

        assert world.outcome == "open"
        assert world.wait(PAST_WINDOW_S).outcome == "refuse"
        assert world.reason.startswith("tried what it may not do: connect xxx")
        assert len(world.reason) < 120

    def test_a_fault_of_the_twin_long_before_is_no_excuse(self) -> None:
        world = running()
        world.tell(ChunkLost(world.now_s, "control", A))
        world.wait(PAST_WINDOW_S)
        world.tell(ChunkLost(world.now_s, "candidate", B))

        assert world.wait(PAST_WINDOW_S).outcome == "refuse"

    def test_another_fault_of_the_twin_is_no_excuse(self) -> None:
        world = running()
        world.tell(ChunkLost(world.now_s, "candidate", A), Denied(world.now_s, "control", "connect"))

        assert world.wait(PAST_WINDOW_S).outcome == "refuse"

    def test_no_fault_of_the_computer_excuses_bad_data(self) -> None:
        world = running()
        world.tell(HostFault(world.now_s, "disk full"), ChunkLost(world.now_s, "candidate", A))
        world.tell(HostFault(world.now_s, "disk full"))

        assert world.wait(PAST_WINDOW_S).outcome == "refuse"

    def test_faults_of_the_twin_alone_are_not_the_candidates(self) -> None:
        world = running()
        world.tell(ChunkLost(world.now_s, "control", A))
        world.pair(control=told("wrong_bytes"))

        assert world.wait(PAST_WINDOW_S).go_on(60.0).outcome == "promote"

    def test_an_open_doubt_holds_the_promotion(self) -> None:
        world = World(duration_s=0.0).start().rate().go_on(seconds_to_prove() - 1.0)
        world.tell(ChunkLost(world.now_s, "candidate", A))

        assert world.go_on(WITHIN_WINDOW_S + 0.5).outcome == "open"
        assert world.trial.progress().blocks == 20
        assert world.go_on(PAST_WINDOW_S).outcome == "refuse"

    def test_a_doubt_at_the_end_of_time_refuses(self) -> None:
        world = World(duration_s=1e6).start().wait(PRACTICE.trial_s_max - 0.5, tick_s=0.5)
        world.tell(ChunkLost(world.now_s, "candidate", A))

        assert world.wait(0.5, tick_s=0.5).outcome == "refuse"

    def test_faults_before_the_warm_up_is_over_count(self) -> None:
        world = World().start().pair(candidate=told("wrong_bytes", 0.01, 100))

        assert world.outcome == "refuse"

    def test_a_restart_that_loses_a_chunk_refuses_at_once(self) -> None:
        world = running()
        world.tell(Rescanned(world.now_s, candidate_lost=(A, B)))

        assert world.outcome == "refuse"
        assert world.reason.startswith("lost 2 of ")

    def test_a_restart_that_loses_chunks_of_both_voids(self) -> None:
        world = running()
        world.tell(Rescanned(world.now_s, candidate_lost=(A,), control_lost=(B,)))

        assert world.outcome == "void"


class TestCrashes:
    @pytest.mark.parametrize(("code", "how"), [(1, "exit code 1"), (-11, "signal 11")])
    def test_a_crash_while_the_twin_goes_on_refuses(self, code: int, how: str) -> None:
        world = running()
        world.tell(VaultExited(world.now_s, "candidate", code))

        assert world.outcome == "open"
        assert world.wait(PAST_WINDOW_S).outcome == "refuse"
        assert world.reason == f"crashed ({how}) while its twin went on"

    def test_even_an_exit_with_code_0_is_a_crash(self) -> None:
        world = running()
        world.tell(VaultExited(world.now_s, "candidate", 0))

        assert world.wait(PAST_WINDOW_S).outcome == "refuse"

    def test_a_restart_by_the_supervisor_is_none(self) -> None:
        world = running()
        for twin in ("candidate", "control"):
            world.tell(VaultExited(world.now_s, twin, -9, is_intended=True), VaultStarted(world.now_s + 1.0, twin))
        world.now_s += 1.0

        assert world.go_on(70.0).outcome == "promote"

    @pytest.mark.parametrize("is_first", [True, False])
    def test_a_fault_of_the_computer_excuses_a_crash(self, is_first: bool) -> None:
        world = running()
        events: list[Event] = [HostFault(world.now_s, "out of memory"), VaultExited(world.now_s, "candidate", -9)]
        world.tell(*(events if is_first else reversed(events)))
        world.wait(PAST_WINDOW_S)
        world.tell(VaultStarted(world.now_s, "candidate"))

        assert world.go_on(80.0).outcome == "promote"

    def test_too_many_excuses_void_the_trial(self) -> None:
        world = running()
        for _ in range(PRACTICE.excuses_max + 1):
            world.tell(HostFault(world.now_s, "out of memory"), VaultExited(world.now_s, "candidate", -9))
            world.tell(VaultStarted(world.now_s, "candidate"))
            world.wait(PAST_WINDOW_S)

        assert world.outcome == "void"
        assert world.reason == "the computer is to blame: 4 crashes fell together with its own faults"

    def test_an_excused_candidate_that_nobody_starts_again_voids(self) -> None:
        world = running()
        world.tell(HostFault(world.now_s, "power"), VaultExited(world.now_s, "candidate", -9))

        assert world.wait(PRACTICE.start_s_max + 1).outcome == "void"

    def test_a_candidate_that_answers_nothing_while_its_twin_does_hangs(self) -> None:
        world = running()
        world.candidate = LATE
        world.go_on(PRACTICE.hang_s + 1.0)

        assert world.outcome == "refuse"
        assert world.reason.startswith("stopped answering: ")
        assert world.reason.endswith("requests in 10 s that its twin answered")

    def test_a_few_unanswered_requests_are_no_hang_however_far_apart(self) -> None:
        world = running()
        world.candidate, world.step_s = LATE, 2.5

        assert world.go_on(PRACTICE.hang_s + 5.0).outcome == "open"

    def test_a_hang_is_seen_before_the_trial_is_over_although_every_request_waits_for_its_time_limit(self) -> None:
        world = running()
        world.candidate, world.step_s = LATE, LATE.latency_s

        assert world.go_on(PRACTICE.trial_s_min).reason.startswith("stopped answering: ")

    def test_silence_of_both_is_no_hang(self) -> None:
        world = running()
        world.candidate = world.control = LATE

        assert world.go_on(PRACTICE.hang_s + 5.0).outcome == "open"

    def test_a_candidate_that_never_comes_up_is_refused(self) -> None:
        world = World()
        world.tell(VaultStarted(world.now_s, "control"))

        assert world.wait(PRACTICE.start_s_max + 1).outcome == "refuse"
        assert world.reason == "was not up within 60 s while its twin was"

    def test_a_candidate_that_dies_at_its_start_is_refused(self) -> None:
        world = World()
        world.tell(VaultStarted(world.now_s, "control"), VaultExited(world.now_s, "candidate", 1))

        assert world.wait(PAST_WINDOW_S).reason == "crashed (exit code 1) while its twin went on"

    def test_a_candidate_that_does_not_come_back_from_a_restart_is_refused(self) -> None:
        world = running()
        for twin in ("candidate", "control"):
            world.tell(VaultExited(world.now_s, twin, -9, is_intended=True))
        world.tell(VaultStarted(world.now_s, "control"))

        assert world.wait(PRACTICE.start_s_max + 1).outcome == "refuse"

    def test_a_control_that_does_not_come_back_voids(self) -> None:
        world = running()
        world.tell(VaultExited(world.now_s, "control", 1))

        assert world.wait(PRACTICE.start_s_max + 1).outcome == "void"
