"""Releases of the app on their way: through a rehearsal, into the next program, and back from it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.api.schema import RolloutView, Update, Updates
from node.supervisor.app_updating import Rules
from node.trial.waves import ORDINARY
from node.trust.recall import Recalls
from node.trust.release import Release
from node.update import app_jobs, app_store, events
from node.update.app_jobs import AppMeans
from node.update.app_ports import Shown
from node.update.app_store import AppStore
from node.update.apps import Apps, Policy
from node.update.errors import FetchFailed, SlotDamaged
from node.update.files import programs
from node.update.files.chunks import GetChunk
from node.update.files.programs import INSTALLED, Program
from node.update.noted import NOT_YET
from node.update.reasons import NO_WAY_BACK, UNSEEN
from node.update.store import Record
from tests.note_world import Notes, rollouts_of
from tests.unit.test_update_rollout import stand
from tests.virtual_time import VirtualTimeLoop, run

UTC_S = 1.8e9
INSTALLED_TREE = "11" * 32
GRAIN_S = 0.01


def release(number: int, **changes: object) -> Release:
    name, tree = f"app/0.1.{number}", f"{number:02x}" * 32
    first = Release(name, "app", f"0.1.{number}", tree, bytes([number]) * 32, 100, ("ash",), "", number)
    return replace(first, **changes)  # type: ignore[arg-type]


class World:
    """One home, its launcher, and the program that runs, all of which outlive each program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "slots").mkdir(parents=True)
        (folder / "state").mkdir()
        self.platform = "linux-x86_64"
        self.program = INSTALLED
        self.left: set[Program] = set()
        self.shown: list[Shown | Exception] = []
        self.rehearsed: list[Path] = []
        self.fetched: list[str] = []
        self.rotten: set[str] = set()  # until it is fetched anew
        self.is_fetchable = True
        self.is_warm = True
        self.hold = self.halt = ""
        self.is_seen = True
        self.under_way: tuple[str, ...] = ()
        self.becoming = asyncio.Event()
        self.releases: tuple[Release, ...] = ()
        self.is_head_in_force = True
        self.is_lapsed = False
        self.recalled: tuple[str, ...] = ()
        self.floor = 0
        self.said: list[str] = []  # by this farm, to others
        self.rollout: Callable[[str], RolloutView | None] = lambda _name: None
        self.slots: Any = self
        self.get_chunk: GetChunk | None = None

    # AppHost.

    def running(self) -> Program:
        return self.program

    def installed_app(self) -> str:
        return INSTALLED_TREE

    def was_left(self, program: Program, since_s: float) -> bool:
        return program in self.left

    async def rehearse(self, app: Path, runtime: Path | None) -> Shown:
        self.rehearsed.append(app)
        await asyncio.sleep(120.0)
        shown = self.shown.pop(0) if self.shown else Shown("passed", "")
        if isinstance(shown, Exception):
            raise shown
        return shown

    async def warm(self, program: Program) -> None:
        if not self.is_warm:
            raise OSError("it does not even say how it is used")

    def become(self, program: Program) -> None:
        assert programs.read(self.folder / "slots").current == program, "nobody would start it after a power cut"
        self.program = program
        self.becoming.set()

    async def moved(self, *records: object) -> None:
        before = records[0]
        after = records[1] if len(records) > 1 else before
        assert isinstance(after, Record)
        if after.said is not None and (not self.said or self.said[-1] != after.said):
            self.said.append(after.said)

    # Slots, as far as they are asked.

    def verify(self, layer: str, tree: str) -> Path:
        if tree in self.rotten:
            raise SlotDamaged(f"slot {tree[:8]} is damaged")
        return self.folder / "slots" / layer / tree

    # One program after the other.

    def apps(self) -> Apps:
        means = AppMeans(
            host=self, slots=self.slots, root=self.folder / "slots", get_chunk=self.get_chunk,  # type: ignore[arg-type]
            utc_s=lambda: UTC_S, on_change=lambda: None,
        )  # fmt: skip
        policy = Policy(
            stagger=lambda: 600.0,
            hold=lambda record: "" if record.release.is_reaffirmed else self.hold,
            halt=lambda record: "" if record.release.is_reaffirmed else self.halt,
            is_seen=lambda: self.is_seen,
            is_under_way=lambda record: record.release.name in self.under_way,
            recalls=lambda: Recalls(frozenset(self.recalled), app_floor=self.floor),
            is_lapsed=lambda: self.is_lapsed,
            rollout=self.rollout,
            moved=self.moved,
            catch_up=self.moved,
        )
        return Apps(AppStore(self.folder / "state"), means, policy, events.REAL)

    async def pass_by(self, seconds: float) -> None:
        """Let so much time pass; whenever a program wants to become another one, it does."""
        deadline_s = asyncio.get_running_loop().time() + seconds
        while (left_s := deadline_s - asyncio.get_running_loop().time()) > GRAIN_S:
            self.becoming = asyncio.Event()
            apps = self.apps()
            running = asyncio.create_task(apps.run())
            if self.is_head_in_force:
                await apps.learn(self.releases)
            becoming = asyncio.create_task(self.becoming.wait())
            await asyncio.wait({becoming, running}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            for task in (running, becoming):
                task.cancel()
            await asyncio.gather(running, becoming, return_exceptions=True)

    def told(self, name: str) -> Update:
        async def items() -> tuple[Update, ...]:
            return self.apps().added_to(Updates((), ())).items

        return next(item for item in run(items()) if item.release == name)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path / "home")

    async def fetch(app: Release, *_: object, **__: object) -> None:
        made.fetched.append(app.name)
        if not made.is_fetchable:
            raise FetchFailed("nobody has it")
        made.rotten.discard(app.tree_hash)

    monkeypatch.setattr(app_jobs, "fetch_program", fetch)
    for module in (app_store, programs):  # days pass here, and no disk is waited for
        monkeypatch.setattr(module, "write_durably", Path.write_bytes)
    return made


def play(world: World, *releases: Release, seconds: float = 3 * 3600.0) -> None:
    world.releases = (*releases, *world.releases)
    run(world.pass_by(seconds))


def phase(world: World, number: int = 2) -> str:
    return world.told(f"app/0.1.{number}").phase


def test_a_good_one_is_rehearsed_becomes_the_program_and_is_confirmed(world: World):
    play(world, release(2))
    assert world.rehearsed == [world.verify("app", release(2).tree_hash)]
    assert world.program == Program(app=release(2).tree_hash)
    assert phase(world) == "confirmed"
    assert programs.read(world.folder / "slots").previous == INSTALLED
    assert world.said == ["on_trial", "pass"]


def test_it_waits_for_its_random_time_before_the_rehearsal(world: World):
    play(world, release(2), seconds=599.0)
    assert (phase(world), world.rehearsed) == ("staged", [])


def test_the_time_of_many_short_sessions_adds_up(world: World):
    play(world, release(2), seconds=300.0)
    for _ in range(3):
        play(world, seconds=300.0)
    assert phase(world) == "probation"


def test_one_that_shows_that_it_cannot_be_replaced_is_refused_and_the_program_stays(world: World):
    world.shown = [Shown("refused", "it did not go back")]
    play(world, release(2))
    assert (phase(world), world.told("app/0.1.2").reason) == ("refused", "it did not go back")
    assert world.program == INSTALLED
    assert world.said == ["on_trial", "fail"]


def test_one_whose_head_too_few_show_at_the_end_of_its_rehearsal_waits_and_needs_no_second(world: World):
    world.releases = (release(2),)

    async def story() -> None:
        passing = asyncio.create_task(world.pass_by(3 * 3600.0))
        await asyncio.sleep(660.0)
        world.is_seen = False
        await asyncio.sleep(1800.0)
        (waiting,) = AppStore(world.folder / "state").load()
        assert (waiting.record.way.phase, waiting.record.way.reason) == ("rehearsing", UNSEEN)
        world.is_seen = True
        await passing

    run(story())
    assert (phase(world), len(world.rehearsed)) == ("confirmed", 1)


@pytest.mark.parametrize("fault", [Shown("void", "the disk is full"), OSError("no process can be started")])
def test_a_rehearsal_that_could_not_be_held_is_held_again_the_next_day_and_blames_nobody(
    world: World, fault: Shown | Exception
):
    world.shown = [fault]
    play(world, release(2), seconds=events.REAL.void_pause_s)
    assert len(world.rehearsed) == 1
    play(world, seconds=3 * 3600.0)
    assert len(world.rehearsed) == 2
    assert phase(world) == "confirmed"


def test_one_that_does_not_start_and_was_left_by_the_launcher_is_gone_back_from(world: World):
    become = world.become

    def fails(program: Program) -> None:
        become(program)
        world.program, world.left = INSTALLED, {program}  # as the launcher does after some starts
        programs.point_back(world.folder / "slots", INSTALLED)

    world.become = fails  # type: ignore[method-assign]
    play(world, release(2))
    assert phase(world) == "rolled_back"
    assert "did not start" in world.told("app/0.1.2").reason


def test_files_that_rot_before_it_is_become_come_anew_and_it_is_not_blamed(world: World):
    rehearse = world.rehearse

    async def rots(app: Path, runtime: Path | None) -> Shown:
        if not world.rehearsed:
            world.rotten.add(release(2).tree_hash)
        return await rehearse(app, runtime)

    world.rehearse = rots  # type: ignore[method-assign]
    play(world, release(2), seconds=events.REAL.void_pause_s + 3 * 3600.0)

    assert (phase(world), world.fetched) == ("confirmed", ["app/0.1.2", "app/0.1.2"])


def test_one_that_this_program_cannot_become_is_not_started_later_either(world: World):
    before = programs.Programs(INSTALLED, None, 0, is_proven=True)
    programs.write(world.folder / "slots", before)

    def stays(program: Program) -> None:
        assert programs.read(world.folder / "slots").current == program

    world.become = stays  # type: ignore[method-assign]
    play(world, release(2))
    assert (phase(world), world.program) == ("rolled_back", INSTALLED)
    assert programs.read(world.folder / "slots") == before


def test_one_that_is_left_in_its_first_hour_is_gone_back_from(world: World):
    play(world, release(2), seconds=1500.0)
    assert phase(world) == "probation"
    world.program = INSTALLED
    run(world.pass_by(120.0))
    assert phase(world) == "rolled_back"


def test_one_that_is_left_is_gone_back_from_also_while_another_one_waits(world: World):
    play(world, release(2), seconds=1500.0)
    world.program = INSTALLED
    play(world, release(3), seconds=120.0)
    assert phase(world) == "rolled_back"


@pytest.mark.parametrize("used_s", [1500.0, 2 * 3600.0])
def test_one_that_is_left_for_an_earlier_one_from_the_network_is_gone_back_from(world: World, used_s: float):
    slots, before = world.folder / "slots", Program(app=release(2).tree_hash)
    play(world, release(2))
    play(world, release(3), seconds=used_s)
    programs.write(slots, programs.Programs(before, None, 1, is_proven=False))  # as the launcher does
    world.program = before
    run(world.pass_by(3600.0))
    assert (phase(world, 2), phase(world, 3), world.program) == ("confirmed", "rolled_back", before)
    assert world.said[-1] == "fail"


@pytest.mark.parametrize("used_s", [1500.0, 86_400.0])
def test_one_in_whose_place_a_person_installed_a_newer_one_is_watched_no_longer_and_not_gone_back_from(
    world: World, used_s: float
):
    slots = world.folder / "slots"
    play(world, release(2), seconds=used_s)
    programs.write(slots, programs.Programs(INSTALLED, programs.read(slots).current, 0, is_proven=True))
    world.program = INSTALLED
    run(world.pass_by(2 * 3600.0))
    assert (phase(world), world.program) == ("confirmed", INSTALLED)
    assert world.told("app/0.1.2").watched_until_s is None


def test_one_in_whose_place_a_person_installed_a_newer_one_is_not_blamed_for_a_disk_that_is_pulled_out(world: World):
    slots = world.folder / "slots"
    play(world, release(2), seconds=1500.0)
    programs.write(slots, programs.Programs(INSTALLED, programs.read(slots).current, 0, is_proven=True))
    world.program = INSTALLED

    async def story() -> None:
        passing = asyncio.create_task(world.pass_by(600.0))
        await asyncio.sleep(60.0)
        slots.rename(world.folder / "pulled")
        await asyncio.sleep(120.0)
        (world.folder / "pulled").rename(slots)
        await passing

    run(story())
    assert (phase(world), world.said[-1]) == ("probation", "pass")


def test_one_that_is_recalled_makes_way_for_the_program_from_before(world: World):
    play(world, release(2))
    world.recalled, world.releases = ("app/0.1.2",), ()
    run(world.pass_by(600.0))
    assert (phase(world), world.program) == ("recalled", INSTALLED)
    assert programs.read(world.folder / "slots").current == INSTALLED


def test_a_recall_of_what_ran_before_changes_nothing(world: World):
    play(world, release(2))
    play(world, release(3))
    world.recalled, world.releases = ("app/0.1.2",), (release(3),)
    run(world.pass_by(600.0))
    assert (phase(world), phase(world, 3)) == ("confirmed", "confirmed")
    assert world.program == Program(app=release(3).tree_hash)


@pytest.mark.parametrize(("also", "floor"), [(("app/0.1.2",), 0), ((), 3)])
def test_a_recall_leads_to_nothing_that_was_recalled_too_or_is_below_the_floor(
    world: World, also: tuple[str, ...], floor: int
):
    play(world, release(2))
    play(world, release(3))
    world.recalled, world.floor, world.releases = (*also, "app/0.1.3"), floor, ()
    run(world.pass_by(600.0))
    assert world.program == Program(app=release(3).tree_hash)
    assert (phase(world, 3), world.told("app/0.1.3").reason) == ("confirmed", NO_WAY_BACK)


@pytest.mark.parametrize("is_rotten", [True, False])
def test_a_way_back_to_a_program_that_does_not_run_any_more_is_not_tried_for_ever(world: World, is_rotten: bool):
    slots, before, became = world.folder / "slots", Program(app=release(2).tree_hash), list[Program]()
    play(world, release(2))
    play(world, release(3))
    world.rotten = {before.app} if is_rotten else set()

    def becomes(program: Program) -> None:
        became.append(program)
        assert len(became) < 10
        world.program = program
        if program == before:
            programs.write(slots, programs.Programs(INSTALLED, None, 1, is_proven=False))  # as the launcher does
            world.program, world.left = INSTALLED, {before}
        world.becoming.set()

    world.become = becomes  # type: ignore[method-assign]
    world.recalled, world.releases = ("app/0.1.3",), (release(2),)
    run(world.pass_by(3600.0))
    assert became == [INSTALLED if is_rotten else before]
    assert (phase(world, 3), world.program) == ("recalled", INSTALLED)


def test_one_that_is_recalled_when_it_is_just_to_be_started_is_started_by_nobody_later(world: World):
    slots = world.folder / "slots"

    def becomes(program: Program) -> None:
        assert programs.read(slots).current == program

    async def story() -> None:
        passing = asyncio.create_task(world.pass_by(3600.0))
        while programs.read(slots).current == INSTALLED:
            await asyncio.sleep(1.0)
        world.recalled = ("app/0.1.2",)
        await passing

    world.become = becomes  # type: ignore[method-assign]
    world.releases = (release(2),)
    run(story())
    assert (phase(world), world.program) == ("rolled_back", INSTALLED)
    assert programs.read(slots) == programs.Programs(INSTALLED, None, 0, is_proven=True)


def test_one_that_was_recalled_before_it_was_used_is_never_used(world: World):
    play(world, release(2), seconds=300.0)
    world.recalled, world.releases = ("app/0.1.2",), ()
    run(world.pass_by(3600.0))
    assert (phase(world), world.program, world.rehearsed) == ("refused", INSTALLED, [])


def test_a_pause_keeps_it_waiting(world: World):
    world.hold = "a pause"
    play(world, release(2))
    assert (phase(world), world.told("app/0.1.2").reason, world.fetched) == ("announced", "a pause", [])
    world.hold = ""
    run(world.pass_by(3 * 3600.0))
    assert phase(world) == "confirmed"


def test_one_that_waits_for_its_wave_says_which_is_open_and_not_that_its_rehearsal_would_last_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    stand(monkeypatch, may_begin=False, own_wave=2, open_wave=0, is_slow=True)
    notes = rollouts_of(world.folder / "rollouts", Notes(), lambda: UTC_S, plan=ORDINARY)
    world.rollout = Rules(notes, str, lambda: pytest.fail("nobody asks for it"), lambda: 0.0).policy().rollout
    world.hold = "not yet"

    async def story() -> None:
        await world.pass_by(60.0)
        (one,) = AppStore(world.folder / "state").load()
        assert notes.hold(one.record) == NOT_YET

    world.releases = (release(2),)
    run(story())

    rollout = world.told("app/0.1.2").rollout
    assert rollout is not None
    assert (rollout.open_wave, rollout.own_wave, rollout.waves, rollout.is_slow) == (1, 3, 3, False)
    assert rollout.sentence.startswith("Wave 1 of 3 is open, this farm is in wave 3.")
    assert "twice" not in rollout.sentence


def test_one_whose_rollout_is_under_way_goes_through_before_a_newer_one(world: World):
    world.hold, world.under_way = "its wave", ("app/0.1.2",)
    play(world, release(2))
    play(world, release(3))
    assert (phase(world, 2), phase(world, 3)) == ("announced", "announced")
    assert world.told("app/0.1.3").reason == "app/0.1.2 has its turn first"
    world.hold = ""
    run(world.pass_by(6 * 3600.0))
    assert (phase(world, 2), phase(world, 3)) == ("confirmed", "confirmed")


def test_what_too_few_others_show_is_not_begun_with(world: World):
    world.is_seen = False
    play(world, release(2))
    assert (phase(world), world.fetched) == ("announced", [])


def test_votes_of_others_keep_one_on_its_way_from_being_used(world: World):
    play(world, release(2), seconds=300.0)
    world.halt = world.hold = "other farms found it bad"
    run(world.pass_by(3 * 3600.0))
    assert (phase(world), world.program) == ("announced", INSTALLED)


def test_a_newer_one_takes_the_place_of_one_that_waits(world: World):
    play(world, release(2), seconds=300.0)
    play(world, release(3))
    assert (phase(world), phase(world, 3)) == ("not_proven", "confirmed")


def test_an_older_one_than_the_program_is_not_even_tried(world: World):
    installed = release(int(INSTALLED_TREE[:2], 16))
    play(world, installed, release(2))
    assert (phase(world, installed.sequence), phase(world)) == ("confirmed", "not_proven")
    assert (world.program, world.rehearsed) == (INSTALLED, [])


def test_one_that_is_withdrawn_while_it_waits_leaves_the_rehearsal_of_another_alone(world: World):
    async def story() -> None:
        apps = world.apps()
        running = asyncio.create_task(apps.run())
        await apps.learn((release(2),))
        await asyncio.sleep(650.0)
        await apps.learn((release(3), release(2)))
        await apps.learn((release(2),))
        await asyncio.wait_for(world.becoming.wait(), 3600.0)
        running.cancel()
        await asyncio.wait({running})

    run(story())
    assert (phase(world), phase(world, 3), len(world.rehearsed)) == ("promoting", "refused", 1)


def test_one_that_is_reaffirmed_later_is_held_up_by_votes_no_longer(world: World):
    world.halt = world.hold = "other farms found it bad"
    play(world, release(2))
    world.releases = (release(2, is_reaffirmed=True),)
    run(world.pass_by(3 * 3600.0))
    assert (phase(world), world.program) == ("confirmed", Program(release(2).tree_hash))


def test_a_recall_is_heeded_after_a_restart_even_if_the_head_that_said_it_has_lapsed_meanwhile(world: World):
    play(world, release(2))
    world.recalled, world.is_head_in_force = ("app/0.1.2",), False
    run(world.pass_by(600.0))
    assert (phase(world), world.program) == ("recalled", INSTALLED)


def test_one_that_is_tried_out_beside_a_program_that_must_be_left_begins_anew_beside_what_comes_back(world: World):
    play(world, release(2))
    play(world, release(3), seconds=660.0)
    assert phase(world, 3) == "on_trial"
    world.program, world.left = INSTALLED, {Program(release(2).tree_hash)}  # as the launcher does after some starts
    run(world.pass_by(2 * 3600.0))
    assert (phase(world), phase(world, 3)) == ("rolled_back", "confirmed")
    newest = next(one for one in AppStore(world.folder / "state").load() if one.record.release == release(3))
    assert (newest.before, newest.record.way.baseline) == (INSTALLED, INSTALLED_TREE)


def test_days_that_the_computer_slept_through_count_in_no_watch(world: World):
    play(world, release(2))

    async def story() -> None:
        passing = asyncio.create_task(world.pass_by(40 * 86_400.0 + 7200.0))
        await asyncio.sleep(3600.0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.sleep_through(40 * 86_400.0)
        await passing

    run(story())
    (one,) = AppStore(world.folder / "state").load()
    assert one.record.way.watch is not None
    assert one.record.way.watch.spent_s < 86_400.0


@pytest.mark.parametrize("recalled", [("app/0.1.3",), ()])
def test_one_that_made_way_for_a_newer_one_that_is_taken_back_has_its_turn_after_all(
    world: World, recalled: tuple[str, ...]
):
    play(world, release(3), release(2), seconds=300.0)
    assert phase(world) == "not_proven"
    world.recalled, world.releases = recalled, (release(2),)
    run(world.pass_by(3 * 3600.0))
    assert (phase(world), world.program) == ("confirmed", Program(app=release(2).tree_hash))


def test_the_files_of_one_that_was_withdrawn_are_tried_under_another_name(world: World):
    play(world, release(2), seconds=300.0)
    world.releases = ()
    run(world.pass_by(60.0))
    play(world, release(3, tree_hash=release(2).tree_hash))
    assert (phase(world), phase(world, 3)) == ("refused", "confirmed")


def test_one_after_the_other_each_is_what_the_next_goes_back_to(world: World):
    play(world, release(2))
    play(world, release(3))
    said = programs.read(world.folder / "slots")
    assert (said.current, said.previous) == (Program(release(3).tree_hash), INSTALLED)  # nobody has proven the first
    assert (phase(world), phase(world, 3)) == ("confirmed", "confirmed")


def test_the_runtime_that_it_needs_comes_with_it(world: World):
    play(world, release(2, runtimes=(("linux-x86_64", "ab" * 32),)))
    assert world.program == Program(release(2).tree_hash, "ab" * 32)


def test_the_files_of_one_that_failed_are_not_tried_under_another_name(world: World):
    world.shown = [Shown("refused", "it did not go back")]
    play(world, release(2))
    play(world, release(3, tree_hash=release(2).tree_hash))
    assert phase(world, 3) == "refused"
    assert len(world.rehearsed) == 1


def test_one_that_does_not_even_say_how_it_is_used_is_never_become(world: World):
    world.is_warm = False
    play(world, release(2))
    assert (phase(world), world.program) == ("rolled_back", INSTALLED)
    assert programs.read(world.folder / "slots").current == INSTALLED


@pytest.mark.long
def test_wherever_the_power_fails_it_comes_to_the_same_end(world: World, tmp_path: Path):
    for cut_s in itertools.chain(range(1, 1200, 97), (1200, 3000, 4300)):
        other = World(tmp_path / str(cut_s))
        play(other, release(2), seconds=float(cut_s))
        run(other.pass_by(3 * 3600.0))
        assert (phase(other), other.program) == ("confirmed", Program(release(2).tree_hash)), cut_s
