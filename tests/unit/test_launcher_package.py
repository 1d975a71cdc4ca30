"""A newer package that a person installs is what runs from the next start on; nothing else takes a program's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from installers.launcher import package, record
from installers.launcher.choosing import STARTS_MAX, first_whole
from installers.launcher.record import INSTALLED, Pair, Record
from node.update.files import programs
from node.update.files.programs import Program
from tests.crashes.platter import Platter, put_down
from tests.launcher_world import Behaviour, PretendedSystem, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def took(world: World, version: str, behaviour: Behaviour = "well", *, is_proven: bool = True) -> Pair:
    """A farm that has taken an app of that version from the network, as its supervisor writes that down."""
    app = world.slot(behaviour, f"from the network {version}")
    programs.point(world.slots, Program(app.app), version=version)
    if is_proven:
        programs.mark_proven(world.slots)
    return app


def started(world: World) -> list[Pair]:
    system = PretendedSystem(world)
    world.launch(system)
    return system.started


@pytest.mark.parametrize(("taken", "version"), [("1.4.0", "1.5.0"), ("1.9", "1.10"), ("1.4", "1.4.1")])
def test_a_newer_package_runs_and_what_ran_before_stays_the_way_back(
    world: World, taken: str, version: str, capsys: pytest.CaptureFixture[str]
):
    app = took(world, taken)
    world.install(version)

    assert started(world) == [INSTALLED]

    assert world.record == Record(INSTALLED, app, 0, is_proven=True)
    assert first_whole(world.record, lambda _: True) == INSTALLED  # the window, too
    assert "was installed" in capsys.readouterr().err
    assert world.told == []
    assert programs.read(world.slots).is_installed_anew
    assert started(world) == [INSTALLED]


@pytest.mark.parametrize("version", ["1.4.0", "1.4", "1.3.9", "2.0.0-rc1", "", "1." * 40, "9" * 10])
def test_a_package_that_is_no_newer_takes_nobodys_place(world: World, version: str):
    app = took(world, "1.4.0")
    world.install(version)
    assert started(world) == [app]
    assert world.record == Record(app, INSTALLED, 0, is_proven=True)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"versions": []}', b'{"versions": {}}', b"[" * 70_000])
def test_where_the_version_in_use_cannot_be_read_it_stays(world: World, content: bytes):
    app = took(world, "1.4.0")
    (world.slots / package.VERSIONS).write_bytes(content)
    world.install("1.5.0")
    assert started(world) == [app]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": "9.0"}', b'{"version": 9, "app": "", "runtime": ""}'])
def test_an_installation_that_cannot_be_read_takes_nobodys_place(world: World, content: bytes):
    app = took(world, "1.4.0")
    (world.installation / "installed.json").write_bytes(content)
    assert started(world) == [app]


@pytest.mark.parametrize("behaviour", ["crashes", "hangs"])
def test_a_newer_package_that_does_not_run_is_left_for_what_ran_before_until_there_is_another_one(
    world: World, behaviour: Behaviour
):
    app = took(world, "1.4.0")
    world.install("1.5.0", behaviour)

    assert started(world) == [INSTALLED] * STARTS_MAX + [app]
    assert world.record == Record(app, None, 0, is_proven=True)
    assert world.told == [("", app.app[:8], "silent" if behaviour == "hangs" else "failed")]
    assert started(world) == [app]

    world.install("1.5.1", tree="3" * 64)
    assert started(world) == [INSTALLED]


def test_one_that_was_never_well_is_no_way_back_from_a_newer_package(world: World):
    took(world, "1.4.0", "crashes", is_proven=False)
    world.install("1.5.0")
    assert started(world) == [INSTALLED]
    assert world.record == Record(INSTALLED, None, 0, is_proven=True)


def test_what_the_network_brings_after_a_newer_package_runs_as_ever(world: World):
    took(world, "1.4.0")
    world.install("1.5.0")
    started(world)
    app = took(world, "1.6.0")
    assert started(world) == [app]
    assert world.record == Record(app, INSTALLED, 0, is_proven=True)


def test_wherever_the_power_fails_the_newer_package_runs_in_the_end(world: World):
    took(world, "1.4.0")
    world.install("1.5.0")
    platter = Platter(world.home, lambda: None)
    with platter.watched():
        assert world.launch() == 0

    for disk in platter.moments:
        put_down(disk, world.home)
        assert record.read(world.slots)[1] == ""
        assert started(world)[-1] == INSTALLED
        assert world.record.current == INSTALLED
