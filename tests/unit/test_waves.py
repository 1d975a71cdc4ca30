"""How a release comes to the farms one wave after the other: others delay, and only for so long."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import msgspec
import pytest

from node.trial.membership import REVEAL_BYTES
from node.trial.notes import NOTE_VERSION, RULE_VERSION, Note, Numbers, State
from node.trial.waves import (
    DAY_S,
    GAP_S_MAX,
    HALT_S,
    HOUR_S,
    ORDINARY,
    STATE_BYTES_MAX,
    SUBNET_CHARACTERS_MAX,
    URGENT,
    VOTES_MAX,
    WITHOUT_WAVES,
    Plan,
    Rollout,
    Seen,
    Standing,
    UnreadableRollout,
    shares_in,
)

HEARD_S = 1.7e9
LONG_AGO_S = HEARD_S - 30 * DAY_S
WEEK_S = 7 * DAY_S


def note_of(place: float, state: State) -> Note:
    """A note whose position is near ``place``: reveals are tried until one fits."""
    for i in itertools.count():
        revealed = i.to_bytes(REVEAL_BYTES // 2, "big") + bytes(REVEAL_BYTES // 2)
        said = Note(
            NOTE_VERSION, b"d" * 32, b"b" * 32, "vault", 7, revealed, state, "", "linux", RULE_VERSION, Numbers(1)
        )
        if abs(said.position - place) < 0.005:
            return said
    raise AssertionError


PLACES = {0: note_of(0.01, "on_trial"), 1: note_of(0.1, "on_trial"), 2: note_of(0.6, "on_trial")}


def seen(number: int, state: State, wave: int = 0, subnet: str = "", known_since_s: float = LONG_AGO_S) -> Seen:
    note = msgspec.structs.replace(PLACES[wave], state=state)
    return Seen(number.to_bytes(32, "big"), subnet or f"10.{number // 256}.{number % 256}.0/24", known_since_s, note)


def many(counts: dict[State, int], wave: int = 0) -> list[Seen]:
    """So many notes of each state, of as many subnets."""
    states = [state for state, count in counts.items() for _ in range(count)]
    return [seen(10_000 * wave + i, state, wave) for i, state in enumerate(states)]


@dataclass
class Farm:
    """A farm that looks every two hours."""

    place: float = 0.6
    plan: Plan = ORDINARY
    shares: tuple[float, ...] = ORDINARY.shares
    now_s: float = HEARD_S
    answered: int = 0
    rollout: Rollout = field(init=False)
    standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self.rollout = Rollout(plan=self.plan, shares=self.shares, position=self.place, heard_s=self.now_s)
        self.look()

    def look(self, *notes: Seen, is_reaffirmed: bool = False) -> Standing:
        self.standing = self.rollout.step(self.now_s, notes, answered=self.answered, is_reaffirmed=is_reaffirmed)
        return self.standing

    def wait(self, seconds: float) -> Standing:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(end_s, self.now_s + 2 * HOUR_S)
            self.look()
        return self.standing

    def hours_until_wave(self, wave: int) -> float:
        begun_s = self.now_s
        while self.standing.open_wave < wave:
            self.wait(2 * HOUR_S)
            assert self.now_s < begun_s + 365 * DAY_S, "it never opens"
        return (self.now_s - begun_s) / HOUR_S


class TestAWaveOpens:
    def test_the_first_one_at_once(self):
        assert Farm(0.01).standing.may_begin
        assert not Farm(0.1).standing.may_begin

    def test_the_next_one_a_soak_after_most_of_it_have_passed(self):
        farm = Farm()
        farm.wait(100 * HOUR_S)
        farm.look(*many({"pass": 12, "on_trial": 8}))

        assert farm.hours_until_wave(1) == 48

    @pytest.mark.parametrize(
        "counts",
        [{"pass": 9}, {"pass": 11, "on_trial": 9}, {"pass": 10, "fail": 2, "not_proven": 9}, {"fail": 3}, {}],
    )
    def test_after_the_silence_at_the_latest_when_too_few_have_passed(self, counts):
        farm = Farm()
        farm.wait(100 * HOUR_S)
        farm.look(*many(counts))

        passes, reports = counts.get("pass", 0), sum(counts.values()) - counts.get("on_trial", 0)
        assert farm.hours_until_wave(1) == 240 * (1 if 2 * passes >= reports else 2) - 100

    def test_only_when_those_who_should_be_in_it_have_reported(self):
        farm = Farm(shares=(0.5, 0.1, 0.4), answered=100)
        farm.wait(100 * HOUR_S)
        farm.look(*many({"pass": 29}))
        farm.wait(48 * HOUR_S)
        assert farm.standing.open_wave == 0

        farm.look(seen(29, "pass"))
        assert farm.hours_until_wave(1) == 48

    def test_no_sooner_than_an_honest_pass_can_come(self):
        farm = Farm()
        farm.look(*many({"pass": 40}))

        assert farm.hours_until_wave(1) == 48 + 48

    def test_only_when_the_passes_last_through_the_soak(self):
        farm = Farm()
        farm.wait(100 * HOUR_S)
        farm.look(*many({"pass": 12}))
        farm.wait(30 * HOUR_S)
        farm.look(*[seen(500 + i, "on_trial") for i in range(18)])
        farm.wait(10 * HOUR_S)
        farm.look(*[seen(500 + i, "pass") for i in range(18)])

        assert farm.hours_until_wave(1) == 48

    def test_for_a_farm_of_its_own_and_all_before(self):
        farm = Farm(0.1)
        farm.hours_until_wave(1)

        assert farm.standing.may_begin
        assert not Farm(0.6).standing.may_begin

    def test_by_time_alone_when_nobody_says_anything(self):
        assert Farm().hours_until_wave(2) == 480

    def test_whatever_others_say_within_a_time_that_can_be_told(self):
        farm = Farm()
        worst: list[Seen] = []
        for wave in (0, 1, 2):
            worst += many({"fail": 100}, wave)
        farm.look(*worst)

        assert farm.hours_until_wave(2) * HOUR_S <= 2 * 2 * ORDINARY.silence_s + HALT_S + 4 * HOUR_S


class TestAVote:
    def test_counts_once_for_each_subnet(self):
        farm = Farm()
        farm.look(*[seen(i, "fail", subnet="10.0.0.0/24") for i in range(50)], seen(60, "pass"))

        assert (farm.standing.enrolled, farm.standing.fails, farm.standing.passes) == (2, 1, 1)

    def test_is_that_of_the_vault_that_is_known_longest(self):
        farm = Farm()
        farm.look(seen(1, "fail", subnet="a", known_since_s=LONG_AGO_S))
        farm.look(seen(2, "pass", subnet="a", known_since_s=LONG_AGO_S + 1))
        assert (farm.standing.fails, farm.standing.passes) == (1, 0)

        farm.look(seen(3, "pass", subnet="a", known_since_s=LONG_AGO_S - 1))
        assert (farm.standing.fails, farm.standing.passes) == (0, 1)

    def test_of_a_vault_that_moved_still_counts_once(self):
        farm = Farm()
        farm.look(seen(1, "on_trial", subnet="a"))
        farm.look(seen(1, "fail", subnet="b"))

        assert (farm.standing.enrolled, farm.standing.fails) == (1, 1)

    def test_counts_only_from_who_was_known_a_week_before_the_release(self):
        farm = Farm()
        farm.look(seen(1, "pass", known_since_s=HEARD_S - WEEK_S + 1), seen(2, "pass", known_since_s=HEARD_S))
        assert farm.standing.passes == 0

        farm.look(seen(1, "pass", known_since_s=HEARD_S - WEEK_S))
        assert farm.standing.passes == 1

    def test_stays_when_its_author_comes_with_another_commitment(self):
        farm = Farm()
        farm.look(seen(1, "pass"))
        farm.look(seen(1, "fail", known_since_s=HEARD_S))

        assert (farm.standing.passes, farm.standing.fails) == (1, 0)

    def test_changes_from_enrolled_to_passed_to_failed_and_never_back(self):
        farm = Farm()
        told: list[tuple[int, int, int]] = []
        states: tuple[State, ...] = ("on_trial", "pass", "on_trial", "fail", "pass")
        for state in states:
            standing = farm.look(seen(1, state))
            told.append((standing.enrolled, standing.passes, standing.fails))

        assert told == [(1, 0, 0), (1, 1, 0), (1, 1, 0), (1, 0, 1), (1, 0, 1)]

    def test_that_is_void_counts_for_nothing_until_the_trial_is_held_again(self):
        farm = Farm()
        assert farm.look(seen(1, "void")).enrolled == 0
        assert farm.look(seen(1, "on_trial")).enrolled == 1
        assert farm.look(seen(1, "void")).enrolled == 0

    def test_is_not_taken_beyond_the_limit(self):
        farm = Farm()
        farm.look(*[seen(i, "fail") for i in range(VOTES_MAX)], seen(VOTES_MAX, "pass"))

        assert (farm.standing.enrolled, farm.standing.passes) == (VOTES_MAX, 0)
        assert farm.look(seen(0, "fail"), seen(5, "fail")).enrolled == VOTES_MAX


class TestAHalt:
    def halted(self, wave: int = 0) -> Farm:
        farm = Farm(0.01)
        farm.wait(50 * HOUR_S)
        farm.look(*many({"fail": 9, "on_trial": 11}, wave))
        return farm

    def test_begins_above_forty_percent_of_those_enrolled(self):
        farm = Farm(0.01)
        farm.wait(50 * HOUR_S)
        assert farm.look(*many({"fail": 8, "on_trial": 12})).may_promote

        standing = farm.look(seen(8, "fail"))
        assert (standing.may_begin, standing.may_promote, standing.halted_s) == (False, False, HALT_S)

    def test_needs_twenty_that_enrolled(self):
        farm = Farm(0.01)
        farm.wait(50 * HOUR_S)

        assert farm.look(*many({"fail": 19})).may_promote
        assert not farm.look(seen(19, "fail")).may_promote

    def test_does_not_hear_liars_in_a_wave_that_is_not_open_or_only_just(self):
        farm = Farm()
        farm.wait(50 * HOUR_S)
        assert farm.look(*many({"fail": 30}, wave=1), *many({"fail": 30}, wave=2)).may_promote

        farm.hours_until_wave(1)
        assert farm.wait(ORDINARY.report_s_min - 2 * HOUR_S).may_promote
        assert not farm.wait(2 * HOUR_S).may_promote

    def test_does_not_come_from_liars_who_began_before_all_others(self):
        """Of a hundred that answer half are in the first wave, and only the liars among those are done."""
        farm = Farm(0.01, shares=(0.5, 0.1, 0.4), answered=100)
        farm.wait(50 * HOUR_S)
        assert farm.look(*many({"fail": 20})).may_promote

        assert not farm.look(seen(20, "fail")).may_promote

    def test_is_judged_in_each_wave_alone(self):
        """Those that came later and know nothing yet must not thin out the fails of the first wave."""
        farm = Farm()
        farm.wait(50 * HOUR_S)

        assert not farm.look(*many({"fail": 20}), *many({"on_trial": 500}, wave=1)).may_promote

    def test_ends_by_itself_and_never_comes_back(self):
        farm = self.halted()
        assert not farm.wait(HALT_S - 2 * HOUR_S).may_promote
        assert farm.wait(2 * HOUR_S).may_begin

        farm.look(*many({"fail": 500}))
        assert farm.wait(30 * DAY_S).may_promote

    def test_ends_when_the_developers_stand_by_the_release_and_stays_ended(self):
        farm = self.halted()
        farm.look(is_reaffirmed=True)

        assert (farm.standing.may_begin, farm.standing.may_promote, farm.standing.halted_s) == (True, True, 0)
        assert farm.wait(2 * HOUR_S).may_promote

    def test_does_not_begin_once_the_developers_stand_by_the_release(self):
        farm = Farm(0.01)
        farm.look(is_reaffirmed=True)
        farm.wait(50 * HOUR_S)

        assert farm.look(*many({"fail": 100})).may_promote

    def test_opens_no_wave_meanwhile(self):
        farm = Farm()
        farm.wait(239 * HOUR_S)
        farm.look(*many({"fail": 20}))
        farm.look(*many({"fail": 20}), is_reaffirmed=False)

        assert farm.wait(HALT_S - 2 * HOUR_S).open_wave == 0

    def test_of_no_length_is_none(self):
        farm = Farm(plan=WITHOUT_WAVES, shares=())
        farm.wait(60.0)

        assert farm.look(*many({"fail": 100})).may_promote


class TestSlow:
    def test_begins_above_fifteen_percent_and_doubles_the_soak(self):
        farm = Farm()
        farm.wait(100 * HOUR_S)
        assert not farm.look(*many({"fail": 3, "pass": 17})).is_slow

        assert farm.look(*many({"fail": 3, "pass": 17}), seen(100, "fail")).is_slow
        assert farm.hours_until_wave(1) == 96

    def test_doubles_the_silence(self):
        farm = Farm()
        farm.wait(100 * HOUR_S)
        farm.look(*many({"fail": 4, "pass": 4, "on_trial": 14}))

        assert farm.hours_until_wave(1) == 480 - 100


class TestTime:
    def test_passes_only_while_the_farm_runs(self):
        farm = Farm()
        farm.now_s += 60 * DAY_S
        farm.look()

        assert farm.rollout.waited_s == GAP_S_MAX

    def test_does_not_pass_backwards(self):
        farm = Farm()
        farm.wait(10 * HOUR_S)
        farm.now_s -= 60 * DAY_S
        farm.look()

        assert farm.rollout.waited_s == 10 * HOUR_S
        assert farm.hours_until_wave(1) == 230


class TestAPlan:
    def test_has_the_numbers_of_the_specification(self):
        assert (ORDINARY.shares, ORDINARY.first_nodes_min, ORDINARY.enrolled_min) == ((0.02, 0.18, 0.80), 20, 20)
        assert (ORDINARY.soak_s, ORDINARY.silence_s) == (48 * HOUR_S, 10 * DAY_S)
        assert (ORDINARY.halt_share, ORDINARY.slow_share) == (0.40, 0.15)
        assert (ORDINARY.reported_share, ORDINARY.passed_share, ORDINARY.age_s_min) == (0.60, 0.50, WEEK_S)
        assert (URGENT.shares, URGENT.soak_s) == ((0.10, 0.90), 6 * HOUR_S)
        assert (URGENT.silence_s, URGENT.halt_s, HALT_S) == (2 * DAY_S, 2 * DAY_S, 14 * DAY_S)
        assert (WITHOUT_WAVES.shares, WITHOUT_WAVES.age_s_min) == ((), 0.0)

    def test_gives_the_first_wave_twenty_vaults_at_least(self):
        assert shares_in(ORDINARY, 10_000) == ORDINARY.shares
        first, second, third = shares_in(ORDINARY, 100)
        assert first == 0.2
        assert first + second + third == pytest.approx(1.0)
        assert third / second == pytest.approx(0.80 / 0.18)
        assert shares_in(ORDINARY, 20) == shares_in(ORDINARY, 0) == ()

    def test_of_a_practice_network_has_no_waves(self):
        assert shares_in(WITHOUT_WAVES, 10_000) == ()
        assert Farm(0.999, WITHOUT_WAVES, ()).standing.may_begin


class TestTheState:
    def test_goes_on_after_a_restart_as_if_nothing_had_been(self):
        farm, other = Farm(), Farm()
        for each in (farm, other):
            each.wait(100 * HOUR_S)
            each.look(*many({"pass": 10, "fail": 4, "on_trial": 3}))
        other.rollout = Rollout.load(other.rollout.dump())

        assert other.rollout == farm.rollout
        assert (other.wait(60 * HOUR_S), other.hours_until_wave(2)) == (
            farm.wait(60 * HOUR_S), farm.hours_until_wave(2)
        )  # fmt: skip

    def test_fits_when_it_is_as_full_as_can_be(self):
        farm = Farm()
        long = [seen(i, "not_proven", subnet=f"{i:>{SUBNET_CHARACTERS_MAX}}") for i in range(VOTES_MAX)]
        farm.look(*long)

        assert len(farm.rollout.dump()) <= STATE_BYTES_MAX

    def test_that_is_damaged_or_of_another_version_is_refused(self):
        farm = Farm()
        whole = farm.rollout.dump()
        farm.rollout.state_version = 99
        for bad in (b"", whole[:-1], b"\xc1" * 9, farm.rollout.dump(), bytes(STATE_BYTES_MAX + 1)):
            with pytest.raises(UnreadableRollout):
                Rollout.load(bad)
