"""The launcher is cut off, by the power or by a kill, at every change that it makes: what is left starts and works."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from installers.launcher import record
from installers.launcher.choosing import REFUSALS_MAX, STARTS_MAX
from installers.launcher.record import INSTALLED, Record
from tests.crashes.full import FullDisk
from tests.crashes.launching import WAIT_S_MAX, launched, play_kill
from tests.crashes.platter import Platter, put_down
from tests.launcher_world import Behaviour, PretendedSystem, World

HANGS_S: Final = 2.5  # more than a program that is well takes to say so, on a busy computer
KILLED_AT: Final = (4, 13, 22, 31, 40)  # every one of them by ``python -m tests.crashes --launcher``


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def two_that_fail(world: World) -> None:
    """A program that crashes before one that says nothing, and a damaged one before both."""
    damaged = world.slot("well", "damaged")
    (world.slots / "app" / damaged.app / "gui/__init__.py").unlink()
    world.point(damaged, world.slot("crashes", "bad"))


def test_every_disk_that_a_power_cut_may_leave_starts_a_program_that_works(world: World):
    two_that_fail(world)
    platter = Platter(world.home, lambda: None)
    with platter.watched():
        assert world.launch() == 0
    assert world.record == Record(INSTALLED, None, 0, is_proven=True)
    assert platter.change_count >= 20

    for disk in platter.moments:
        put_down(disk, world.home)
        assert record.read(world.slots)[1] == ""  # it holds what it held, or what was written
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started[-1] == INSTALLED
        assert len(system.started) <= STARTS_MAX + 1
        assert record.read(world.slots) == (Record(INSTALLED, None, 0, is_proven=True), "")
        assert "damaged" not in world.ran


def test_a_power_cut_while_a_program_is_doubted_blames_nobody_and_keeps_nobody(world: World):
    before, closed = world.slot("well", "before"), world.slot("is_busy", "closed")
    record.write(world.slots, Record(closed, before, 0, is_proven=True, refusals=REFUSALS_MAX, refused_s=1))
    platter = Platter(world.home, lambda: None)
    with platter.watched():
        assert world.launch() == 0
    assert world.record.current == before

    for disk in platter.moments:
        put_down(disk, world.home)
        assert world.launch() == 0
        assert record.read(world.slots) == (Record(before, None, 0, is_proven=True), "")


@pytest.mark.parametrize("full_at", range(1, 24, 2))
def test_a_disk_that_is_full_from_any_write_on_starts_a_program_that_works(world: World, full_at: int):
    two_that_fail(world)
    disk = FullDisk(world.home, full_at, folders=("",))
    system = PretendedSystem(world)
    with disk.watched():
        assert world.launch(system) == 0
    assert system.started[-1] == INSTALLED
    assert len(system.started) == STARTS_MAX + 1
    assert record.read(world.slots)[1] == ""
    disk.make_room()
    assert world.launch(system) == 0


@pytest.mark.long
@pytest.mark.parametrize("killed_at", KILLED_AT)
def test_a_launcher_that_is_killed_leaves_a_home_that_starts(tmp_path: Path, killed_at: int):
    assert play_kill(tmp_path / "world", killed_at)


def test_a_program_outlives_its_launcher_and_the_next_one_says_that_it_runs(world: World):
    world.point(world.slot("well", "good"))
    (world.home / "stays").touch()
    first = launched(world)
    pid = int(appears(world.home / "up"))
    second = launched(world)  # while the first one has the home
    (world.home / "up").unlink()
    appears(world.home / "up")
    first.kill()
    first.wait(WAIT_S_MAX)

    os.kill(pid, 0)  # else it would be gone
    assert world.record == Record(world.record.current, None, 0, is_proven=True)
    second.terminate()
    assert second.wait(WAIT_S_MAX) == 0
    os.kill(pid, signal.SIGTERM)


def test_a_launcher_passes_the_wish_to_stop_on_and_ends_with_its_program(world: World):
    world.point(world.slot("well", "good"))
    (world.home / "stays").touch()
    launcher = launched(world)
    pid = int(appears(world.home / "up"))

    launcher.terminate()

    assert launcher.wait(WAIT_S_MAX) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert world.ran == ["good"]


def test_a_launcher_ends_neither_by_ctrl_c_which_its_program_hears_nor_by_a_terminal_that_was_to_be_outlived(
    world: World,
):
    world.point(world.slot("well", "good"))
    (world.home / "stays").touch()
    launcher = launched(world, by=("nohup",))
    appears(world.home / "up")

    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        launcher.send_signal(number)

    assert launcher.wait(WAIT_S_MAX) == 0


@pytest.mark.long
def test_a_real_program_that_says_nothing_is_left_within_its_time(world: World):
    world.point(world.slot("is_deaf", "bad"), world.slot("well", "good"), starts=STARTS_MAX - 1)
    assert launched(world, healthy_s_max=HANGS_S).wait(WAIT_S_MAX) == 0
    assert world.ran[-1] == "good"
    assert world.told[0][2] == "silent"


@pytest.mark.long
@pytest.mark.parametrize("behaviour", ["crashes_late", "is_killed", "states_a_failure"])
def test_a_real_program_that_fails_is_left(world: World, behaviour: Behaviour):
    world.point(world.slot(behaviour, "bad"), world.slot("well", "good"), starts=STARTS_MAX - 1)
    assert launched(world).wait(WAIT_S_MAX) == 0
    assert world.ran == ["bad", "good"]
    assert world.told[0][2] == "failed"


@pytest.mark.long
def test_a_real_program_that_only_ever_wants_a_person_is_left_where_another_one_wants_none(world: World):
    closed, good = world.slot("is_busy", "closed"), world.slot("well", "good")
    record.write(world.slots, Record(closed, good, 0, is_proven=True, refusals=REFUSALS_MAX, refused_s=1))
    assert launched(world).wait(WAIT_S_MAX) == 0
    assert world.ran == ["closed", "good"]
    assert world.record == Record(good, None, 0, is_proven=True)


def appears(path: Path) -> str:
    deadline_s = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < deadline_s:
        if path.exists() and (content := path.read_text()):
            return content
        time.sleep(0.01)
    raise TimeoutError(path)
