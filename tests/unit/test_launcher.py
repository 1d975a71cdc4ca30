"""Whatever a program does that was to be started: a program that works is the one that runs in the end."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from installers.launcher import record, trees
from installers.launcher.choosing import REFUSALS_MAX, REFUSALS_S, STARTS_MAX
from installers.launcher.keeping import RESTART_CODE, STOPPED_CODE, Limits
from installers.launcher.record import INSTALLED, Pair, Record
from installers.launcher.starting import CACHE
from installers.launcher.trees import is_whole
from node.supervisor.launched import HEALTHY_S, LOOK_S
from node.update.files import programs
from tests.launcher_world import BECOMES_S, HEALTHY_S_MAX, LATE_S, Behaviour, PretendedSystem, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def short(pair: Pair) -> str:
    return pair.app[:8]


class TestAProgramThatFails:
    @pytest.mark.parametrize(
        "behaviour", ["crashes", "crashes_late", "is_killed", "hangs", "is_deaf", "states_a_failure"]
    )
    def test_is_left_for_the_one_before_after_three_starts(self, world: World, behaviour: Behaviour):
        bad, good = world.slot(behaviour, "bad"), world.slot("well", "good")
        world.point(bad, good, starts=0)
        system = PretendedSystem(world)

        assert world.launch(system) == 0

        assert system.started == [bad] * STARTS_MAX + [good]
        assert world.record == Record(good, None, 0, is_proven=True)
        why = "silent" if behaviour in {"hangs", "is_deaf"} else "failed"
        assert world.told == [(short(bad), short(good), why)]

    def test_is_left_for_the_installed_one_when_the_one_before_fails_too(self, world: World):
        bad, worse = world.slot("crashes", "bad"), world.slot("hangs", "worse")
        world.point(bad, worse)
        system = PretendedSystem(world)

        assert world.launch(system) == 0

        assert system.started == [bad] * STARTS_MAX + [worse] * STARTS_MAX + [INSTALLED]
        assert world.record == Record(INSTALLED, None, 0, is_proven=True)
        assert world.told == [(short(bad), short(worse), "failed"), (short(worse), "", "silent")]

    def test_is_given_the_time_in_which_it_may_say_that_it_is_well(self, world: World):
        late, slow = world.slot("crashes_late", "late"), world.slot("hangs", "slow")
        for bad, ran_s in ((late, LATE_S), (slow, HEALTHY_S_MAX)):
            world.point(bad, None, starts=STARTS_MAX - 1)
            system = PretendedSystem(world)
            world.launch(system)
            assert ran_s <= system.slept_s <= ran_s + 15.0

    def test_is_asked_to_end_and_ended_when_it_does_not_listen(self, world: World):
        for behaviour, ends in (("hangs", ["asked"]), ("is_deaf", ["asked", "killed"])):
            world.point(world.slot(behaviour, behaviour), None, starts=STARTS_MAX - 1)  # type: ignore[arg-type]
            system = PretendedSystem(world)
            world.launch(system)
            assert system.ended_by == ends

    def test_is_started_again_after_starts_that_nobody_saw_end(self, world: World):
        """As after power cuts and kills: what was counted counts."""
        bad, good = world.slot("crashes", "bad"), world.slot("well", "good")
        for starts in range(STARTS_MAX + 1):
            world.point(bad, good, starts=starts)
            system = PretendedSystem(world)
            world.launch(system)
            assert system.started == [bad] * (STARTS_MAX - starts) + [good]

    def test_and_is_the_last_one_ends_the_launcher_with_its_own_code(self, world: World):
        world.behaviours["app"] = "crashes"
        world.point(INSTALLED)
        system = PretendedSystem(world)
        assert world.launch(system) == 70
        assert system.started == [INSTALLED] * STARTS_MAX
        assert world.launch(system) == 70  # and once more whenever somebody asks
        assert system.started == [INSTALLED] * (STARTS_MAX + 1)

    def test_and_is_the_last_one_is_not_ended_because_it_says_nothing(self, world: World):
        world.behaviours["app"] = "hangs"
        world.point(INSTALLED)
        system = PretendedSystem(world)
        system.patience_s = 100 * HEALTHY_S_MAX
        world.launch(system)
        assert system.started == [INSTALLED] * STARTS_MAX
        assert system.ended_by == ["asked"] * (STARTS_MAX - 1)

    def test_is_not_ended_for_its_silence_where_somebody_sees_it_and_can_end_it(self, world: World):
        slow = world.slot("hangs", "slow")
        world.point(slow, world.slot("well", "good"), starts=STARTS_MAX - 1)
        system = PretendedSystem(world)
        system.patience_s = 10 * HEALTHY_S_MAX
        assert world.launch(system, is_watched=True) == STOPPED_CODE
        assert (system.started, system.ended_by) == ([slow], [])

    def test_after_it_was_well_is_started_again(self, world: World):
        world.point(world.slot("well", "good"), is_proven=True)
        world.launch()
        bad = world.slot("crashes_late", "bad")
        world.point(bad, None, is_proven=True)
        system = PretendedSystem(world)
        world.launch(system)
        assert system.started == [bad] * STARTS_MAX + [INSTALLED]

    def test_after_it_was_well_is_ended_and_left_when_it_never_says_so_again(self, world: World):
        hanging, good = world.slot("hangs", "hanging"), world.slot("well", "good")
        world.point(hanging, good, is_proven=True)
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [hanging] * STARTS_MAX + [good]
        assert world.told == [(short(hanging), short(good), "silent")]

    def test_is_left_for_one_that_has_to_say_anew_that_it_is_well(self, world: World):
        bad, good = world.slot("crashes", "bad"), world.slot("is_busy", "good")
        world.point(bad, good, is_proven=True)
        world.launch()
        assert world.record._replace(refusals=0, refused_s=0) == Record(good, None, 0, is_proven=False)

    def test_takes_its_byte_code_with_it(self, world: World):
        bad = world.slot("crashes", "bad")
        world.point(bad, None, starts=STARTS_MAX - 1)
        cache = world.places.cache(bad)
        cache.mkdir(parents=True)
        world.launch()
        assert not cache.exists()

    def test_is_not_started_again_at_once(self, world: World):
        world.point(world.slot("crashes", "bad"), world.slot("well", "good"))
        system = PretendedSystem(world)
        world.launch(system, Limits(look=0.0, retry=7.0))
        assert system.slept_s == 7.0 * STARTS_MAX

    def test_is_left_although_an_upgrade_has_taken_away_what_the_launcher_was_started_from(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        bad, good = world.slot("crashes", "bad"), world.slot("well", "good")
        world.point(bad, good)
        monkeypatch.setitem(sys.modules, "shutil", None)  # it is imported at the last moment
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [bad] * STARTS_MAX + [good]


class TestAnEndThatSaysNothingOfTheProgram:
    @pytest.mark.parametrize(
        ("behaviour", "code"), [("is_busy", 1), ("is_misused", 2), ("is_interrupted", 130), ("is_told_to_end", 143)]
    )
    def test_is_not_counted_and_not_tried_again(self, world: World, behaviour: Behaviour, code: int):
        asking = world.slot(behaviour, "asking")
        for _ in range(2 * STARTS_MAX):
            world.point(asking, None, starts=1)
            system = PretendedSystem(world)
            assert world.launch(system) == code
            assert (system.started, world.record.starts) == ([asking], 1)
        assert world.told == []

    def test_is_a_failure_that_a_program_states_which_has_run_here_before(self, world: World):
        lacking = world.slot("states_a_failure", "lacking")
        world.point(lacking, None, is_proven=True)
        system = PretendedSystem(world)
        assert world.launch(system) == 1
        assert system.started == [lacking]
        assert world.record[:4] == Record(lacking, None, 0, is_proven=True)[:4]

    def test_is_one_that_was_asked_for_before_it_was_well(self, world: World):
        slow = world.slot("hangs", "slow")
        world.point(slow, None, starts=0)
        system = PretendedSystem(world)
        start = system.start

        def start_and_stop(command: list[str], environ: dict[str, str]) -> object:
            system.is_stopping = True
            return start(command, environ)

        system.start = start_and_stop  # type: ignore[assignment, method-assign]
        world.launch(system)
        assert world.record.starts == 0


class TestAProgramThatAlwaysSaysThatItIsNotToBlame:
    """It may be right: a keyring is locked, a disk is full.  The program before would then say the same."""

    @pytest.fixture(autouse=True)
    def _a_launcher_is_started_once_a_day(self, monkeypatch: pytest.MonkeyPatch) -> None:
        times = itertools.count(1_000_000_000, REFUSALS_S)
        monkeypatch.setattr(time, "time", lambda: next(times))

    @pytest.mark.parametrize("behaviour", ["is_busy", "is_misused", "states_a_failure"])
    def test_is_left_for_the_one_before_where_that_one_runs(self, world: World, behaviour: Behaviour):
        before, closed = world.slot("well", "before"), world.slot(behaviour, "closed")
        world.point(closed, before, is_proven=True)
        for _ in range(REFUSALS_MAX - 1):
            world.launch()
            assert world.record.current == closed
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [closed, before]
        assert world.record == Record(before, None, 0, is_proven=True)
        assert world.told == [(short(closed), short(before), "failed")]

    @pytest.mark.parametrize("behaviour", ["is_busy", "crashes", "hangs", "states_a_failure"])
    def test_stays_where_the_one_before_fares_no_better(self, world: World, behaviour: Behaviour):
        before, closed = world.slot(behaviour, "before"), world.slot("is_busy", "closed")
        world.point(closed, before, is_proven=True)
        system = PretendedSystem(world)
        for _ in range(2 * REFUSALS_MAX):
            assert world.launch(system) != 0
            assert world.record[:4] == Record(closed, before, 0, is_proven=True)[:4]
        assert system.started.count(before) == 2
        assert world.told == []

    def test_stays_where_a_power_cut_has_left_that_open(self, world: World):
        before, closed = world.slot("well", "before"), world.slot("is_busy", "closed")
        doubted = Record(closed, before, 1, is_proven=False, refusals=REFUSALS_MAX, refused_s=1)
        record.write(world.slots, Record(before, None, 1, is_proven=False, instead_of=doubted))
        assert world.record.instead_of == doubted
        world.behaviours[closed.app] = "well"
        system = PretendedSystem(world)
        world.launch(system)
        assert system.started == [closed]
        assert world.record == Record(closed, before, 0, is_proven=True)

    def test_stays_for_the_first_day(self, world: World, monkeypatch: pytest.MonkeyPatch):
        before, closed = world.slot("well", "before"), world.slot("is_busy", "closed")
        world.point(closed, before, is_proven=True)
        monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
        for _ in range(2 * REFUSALS_MAX):
            world.launch()
        assert world.record[:4] == Record(closed, before, 0, is_proven=True)[:4]

    def test_stays_where_it_was_well_in_between(self, world: World):
        before, closed = world.slot("well", "before"), world.slot("is_busy", "closed")
        world.point(closed, before, is_proven=True)
        for _ in range(2 * REFUSALS_MAX):
            world.launch()
            record.write(world.slots, world.record._replace(starts=1))
            programs.mark_proven(world.slots)
        assert world.record == Record(closed, before, 0, is_proven=True)

    def test_stays_where_a_person_sees_what_it_says(self, world: World):
        before, closed = world.slot("well", "before"), world.slot("is_busy", "closed")
        world.point(closed, before, is_proven=True)
        for _ in range(2 * REFUSALS_MAX):
            world.launch(is_watched=True)
        assert world.record == Record(closed, before, 0, is_proven=True)


class TestAProgramThatChangesIntoAnother:
    def test_is_given_its_time_anew_and_left_when_it_never_says_that_it_is_well(self, world: World):
        new, old = world.slot("hangs", "new"), world.slot("becomes_another", "old")
        world.point(old, None)
        system = PretendedSystem(world)

        world.launch(system)

        assert system.started == [old, new, new, old]  # its first start was that of the process that became it
        assert system.slept_s >= BECOMES_S + STARTS_MAX * HEALTHY_S_MAX
        assert world.told == [(short(new), short(old), "silent")]

    def test_by_ending_is_followed_by_the_one_that_is_current_then_at_once(self, world: World):
        new, old = world.slot("well", "new"), world.slot("wants_a_restart", "old")
        world.point(old, None, is_proven=True)
        system = PretendedSystem(world)
        system.when_first_starts = lambda: world.point(new, old)
        assert world.launch(system) == 0
        assert system.started == [old, new]
        assert world.told == []

    def test_but_into_none_is_not_started_without_end(self, world: World):
        turning, good = world.slot("wants_a_restart", "turning"), world.slot("well", "good")
        world.point(turning, good)
        system = PretendedSystem(world)
        world.launch(system)
        assert system.started == [turning] * STARTS_MAX + [good]

        world.behaviours["app"] = "wants_a_restart"
        world.point(INSTALLED)
        system = PretendedSystem(world)
        assert world.launch(system) == RESTART_CODE
        assert system.started == [INSTALLED] * STARTS_MAX


def flip(slot: Path) -> None:
    path = slot / "node/cli/__init__.py"
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a flipped bit": flip,
    "a missing file": lambda slot: (slot / "gui/__init__.py").unlink(),
    "a file too many": lambda slot: (slot / "node/more.py").write_text(""),
    "an empty folder": lambda slot: (slot / "json").mkdir(),
    "a link": lambda slot: (slot / "json.py").symlink_to("/dev/null"),
    "a pipe, from which nothing ever comes": lambda slot: os.mkfifo(slot / "node/pipe"),
    "a file that may be started": lambda slot: (slot / "node/__init__.py").chmod(0o755),
    "nothing": lambda slot: slot.rename(slot.with_name("elsewhere")),
}


class TestADamagedSlot:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_is_never_started_and_passed_over_at_once(self, world: World, damage: str):
        bad, good = world.slot("well", "bad"), world.slot("well", "good")
        world.point(bad, good, is_proven=True)
        DAMAGES[damage](world.slots / "app" / bad.app)
        system = PretendedSystem(world)

        assert world.launch(system) == 0

        assert system.started == [good]
        assert world.told == [(short(bad), short(good), "damaged")]

    def test_of_a_runtime_is_found_before_an_unproven_start_and_after_a_failure(self, world: World):
        app, good = world.slot("well", "new"), world.slot("well", "good")
        damaged = Pair(app.app, "d" * 64)
        world.point(damaged, good, starts=0, is_proven=False)
        system = PretendedSystem(world)
        world.launch(system)
        assert system.started == [good]

    def test_of_a_runtime_is_found_in_the_program_that_would_be_next(self, world: World):
        bad, before = world.slot("well", "bad"), Pair(world.slot("well", "before").app, "d" * 64)
        world.point(bad, before, is_proven=True)
        flip(world.slots / "app" / bad.app)
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [INSTALLED]

    @pytest.mark.parametrize(("limit", "allowed"), [("FILES_MAX", 3), ("TREE_BYTES_MAX", 99)])
    def test_is_one_that_is_larger_than_any_may_be(
        self, world: World, monkeypatch: pytest.MonkeyPatch, limit: str, allowed: int
    ):
        pair = world.slot("well", "large")
        monkeypatch.setattr(trees, limit, allowed)
        assert not is_whole(world.slots / "app" / pair.app, pair.app)

    def test_is_told_from_a_whole_one_as_the_node_does(self, world: World):
        pair = world.slot("well", "good")
        assert is_whole(world.slots / "app" / pair.app, pair.app)
        assert not is_whole(world.slots / "app" / pair.app, "0" * 64)


def test_byte_code_is_kept_of_what_may_be_started_and_of_nothing_else(world: World):
    current, previous, old = (world.slot("well", name) for name in ("current", "previous", "old"))
    world.point(current, previous, is_proven=True)
    wanted = {world.places.cache(pair) for pair in (current, previous, INSTALLED)}
    for cache in (*wanted, world.places.cache(old)):
        cache.mkdir(parents=True)
    world.launch()
    assert set((world.slots / CACHE).iterdir()) == wanted


def test_a_program_that_is_well_has_the_time_to_say_so():
    assert (STARTS_MAX, Limits().healthy_max) == (3, HEALTHY_S_MAX)
    assert 2 * HEALTHY_S + LOOK_S + Limits().look <= HEALTHY_S_MAX


def test_a_folder_without_a_home_is_left_as_it_is(tmp_path: Path):
    world = World(tmp_path)
    for folder in (world.home / "slots", world.home / "state", world.home):
        folder.rmdir()
    system = PretendedSystem(world)
    assert world.launch(system) == 0
    assert system.started == [INSTALLED]
    assert not world.home.exists()
