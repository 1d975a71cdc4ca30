"""What the launcher makes of a command line, and how it starts what was asked for."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs
import pytest

import installers.launcher
from installers.launcher import keeping, record, starting
from installers.launcher.arguments import Asked, Kind, asked, default_home
from installers.launcher.keeping import RESTART_CODE, Limits, Window, carry_out
from installers.launcher.lock import held
from installers.launcher.processes import System
from installers.launcher.record import INSTALLED, Pair
from node.update.files import programs
from node.update.files.starting import UNKEPT, Installation
from tests.launcher_world import Behaviour, PretendedSystem, World

LAUNCHER = Path(installers.launcher.__file__).parent
MAY_IMPORT = {
    "__future__", "collections", "contextlib", "ctypes", "fcntl", "hashlib", "json", "msvcrt", "os", "pathlib", "re",
    "select", "shutil", "signal", "stat", "subprocess", "sys", "time", "typing",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class TestACommandLine:
    @pytest.mark.parametrize(
        ("arguments", "kind"),
        [
            ("", "window"), ("--hidden", "window"), ("--home /h --hidden --look dark --language=de", "window"),
            ("run", "node"), ("--home /h run", "node"), ("run --json --home /h", "node"), ("--json run", "node"),
            ("status", "other"), ("--home run status", "other"), ("--version", "other"), ("--help", "other"),
            ("--json", "other"), ("put run", "other"), ("practice --keep", "other"),
        ],
    )  # fmt: skip
    def test_is_a_window_a_node_or_something_else(self, arguments: str, kind: Kind):
        assert asked(arguments.split(), {}, "linux", Path("/person")).kind == kind

    @pytest.mark.parametrize(
        "arguments",
        ["run --home /h", "--home=/h run", "--json --home /h put --public x", "--home /h --look dark", "run --home ~"],
    )
    def test_names_the_home(self, arguments: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("HOME", "/h")
        assert asked(arguments.split(), {}, "linux", Path("/person")).home == Path("/h")

    def test_without_a_home_means_the_one_that_the_program_means(self, monkeypatch: pytest.MonkeyPatch):
        for configured in ("", " ", "/else/where"):
            monkeypatch.setenv("XDG_DATA_HOME", configured)
            expected = platformdirs.user_data_path("perennial", appauthor=False)
            assert default_home(os.environ, sys.platform, Path.home()) == expected
        assert default_home({}, "darwin", Path("/p")) == Path("/p/Library/Application Support/perennial")
        assert default_home({"LOCALAPPDATA": "/l"}, "win32", Path("/p")) == Path("/l/perennial")


class TestTheCommandOfAProgram:
    def test_is_the_same_for_the_launcher_and_for_a_supervisor_that_becomes_it(self, world: World):
        (world.installation / "installed.json").write_text(f'{{"format": 1, "app": "{"c" * 64}", "runtime": ""}}')
        here = Installation(world.installation)
        for pair in (INSTALLED, Pair("a" * 64), Pair("a" * 64, "b" * 64)):
            own = starting.command(world.places, pair, "node", ("run", "--json"))
            assert tuple(own) == here.command(world.slots, programs.Program(*pair), ("run", "--json"))
            assert str(world.places.launcher) == str(here.launcher)

    def test_tells_the_program_of_its_own_launcher_whatever_started_that(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv(starting.LAUNCHER, "/another/perennial")
        assert starting.environ(world.places)[starting.LAUNCHER] == str(world.installation / "perennial")

    def test_tells_the_program_whether_a_launcher_waits_for_it_whatever_started_that(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv(UNKEPT, "1")
        assert UNKEPT not in starting.environ(world.places)
        assert starting.environ(world.places, is_kept=False)[UNKEPT] == "1"
        assert starting.UNKEPT == UNKEPT

    def test_keeps_no_byte_code_where_there_is_no_home(self, world: World):
        world.slots.rmdir()
        assert "-B" in starting.command(world.places, INSTALLED, "other", ())

    def test_never_uses_byte_code_of_an_app_that_was_installed_before_at_the_same_place(self, world: World):
        caches = set()
        for tree in ("c" * 64, "d" * 64):
            (world.installation / "installed.json").write_text(f'{{"app": "{tree}", "runtime": ""}}')
            caches.add(world.places.cache(INSTALLED))
        assert len(caches) == 2


class TestAWindow:
    def kept(self, world: World, system: PretendedSystem, limits: Limits | None = None) -> int:
        return Window(world.places, (), limits or Limits(), system).keep()  # type: ignore[arg-type]

    @pytest.mark.parametrize("behaviour", ["crashes", "is_killed"])
    def test_that_fails_at_once_is_followed_by_the_one_from_before_for_this_time(
        self, world: World, behaviour: Behaviour
    ):
        bad, good = world.slot(behaviour, "bad"), world.slot("well", "good")
        world.point(bad, good, is_proven=True)
        before = (world.slots / record.NAME).read_bytes()
        world.behaviours[good.app] = "states_a_failure"  # a window that ends is no failure
        system = PretendedSystem(world)
        assert self.kept(world, system) == 1
        assert system.started == [bad, good]
        assert (world.slots / record.NAME).read_bytes() == before  # whether a node runs, a window does not decide

    def test_that_wants_to_be_started_anew_is_followed_by_what_is_current_then(self, world: World):
        old, new = world.slot("wants_a_restart", "old"), world.slot("states_a_failure", "new")
        world.point(old, None, is_proven=True)
        system = PretendedSystem(world)
        system.when_first_starts = lambda: world.point(new, old)
        assert self.kept(world, system) == 1
        assert system.started == [old, new]

    def test_that_wants_it_at_once_and_always_is_not_started_without_end(self, world: World):
        turning = world.slot("wants_a_restart", "turning")
        world.point(turning, None, is_proven=True)
        world.behaviours["app"] = "states_a_failure"
        system = PretendedSystem(world)
        assert self.kept(world, system) == 1
        assert system.started == [turning, INSTALLED]

    def test_that_was_shown_for_a_while_may_want_to_be_started_anew_as_it_is(self, world: World):
        same = world.slot("wants_a_restart", "same")
        world.point(same, None, is_proven=True)
        system = PretendedSystem(world)
        start = system.start

        def start_and_content(command: Sequence[str], environ: Mapping[str, str]) -> object:
            if system.started:
                world.behaviours[same.app] = "well"
            return start(command, environ)

        system.start = start_and_content  # type: ignore[assignment, method-assign]
        assert self.kept(world, system, Limits(window_young=0.0)) == 0
        assert system.started == [same, same]

    @pytest.mark.parametrize("behaviour", ["crashes", "wants_a_restart"])
    def test_is_not_started_again_once_somebody_wants_an_end(self, world: World, behaviour: Behaviour):
        bad = world.slot(behaviour, "bad")
        world.point(bad, world.slot("well", "good"), is_proven=True)
        system = PretendedSystem(world, is_stopping=True)
        self.kept(world, system)
        assert system.started == [bad]

    def test_that_fails_where_nothing_is_behind_it_ends_the_launcher(self, world: World):
        world.behaviours["app"] = "crashes"
        system = PretendedSystem(world)
        assert self.kept(world, system) == 70
        assert system.started == [INSTALLED]

    def test_is_that_of_the_installed_program_where_this_is_in_use_whatever_was_before(self, world: World):
        world.point(INSTALLED, world.slot("well", "before"), is_proven=True)
        world.behaviours["app"] = "states_a_failure"
        system = PretendedSystem(world)
        self.kept(world, system)
        assert system.started == [INSTALLED]

    def test_of_a_damaged_slot_is_never_shown(self, world: World):
        bad, good = world.slot("well", "bad"), world.slot("states_a_failure", "good")
        (world.slots / "app" / bad.app / "gui/more.py").write_text("")
        world.point(bad, good, is_proven=True)
        system = PretendedSystem(world)
        self.kept(world, system)
        assert system.started == [good]


class TestAQuestionToANode:
    def test_is_put_by_the_installed_program_where_the_one_in_use_cannot_be_started(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        world.point(Pair(world.slot("well", "good").app, "d" * 64), None, is_proven=True)
        tried: list[str] = []

        def become(command: Sequence[str], _environ: Mapping[str, str]) -> int:
            tried.append(command[0])
            if "d" * 64 in command[0]:
                raise FileNotFoundError(2, "No such file or directory", command[0])
            return 0

        monkeypatch.setattr(keeping, "become", become)
        assert carry_out(Asked("other", world.home), world.places, ("status",), Limits()) == 0
        assert tried[1:] == [str(world.installation / "runtime/bin/python3")]


class TestASecondLauncherOnAHome:
    def test_asks_the_program_and_counts_nothing(self, world: World, monkeypatch: pytest.MonkeyPatch):
        current = world.slot("well", "good")
        world.point(current, None, starts=1)
        became: list[Sequence[str]] = []

        def become(command: Sequence[str], environ: Mapping[str, str]) -> int:
            became.append(command)
            assert environ[UNKEPT]
            return 1

        monkeypatch.setattr(keeping, "become", become)

        with held(world.slots) as is_ours:
            assert is_ours
            assert carry_out(Asked("node", world.home), world.places, ("run",), Limits()) == 1

        (command,) = became
        assert str(world.slots / "app" / current.app) in command
        assert world.record.starts == 1

    def test_is_the_first_one_when_that_has_ended(self, world: World):
        for _ in range(2):
            with held(world.slots) as is_ours:
                assert is_ours


class TestAHomeOfAnotherPerson:
    """Root may ask of it, or a person whose environment still names it; its owner alone is to start what lies there."""

    @pytest.mark.parametrize("arguments", ["status", "run", "", "--version"])
    def test_starts_nothing_that_lies_there(self, world: World, arguments: str, monkeypatch: pytest.MonkeyPatch):
        theirs = world.slot("states_a_failure", "theirs")
        world.point(theirs, None, is_proven=True)
        cache = world.slots / starting.CACHE
        cache.mkdir()
        before = sorted(world.home.rglob("*"))
        started: list[Sequence[str]] = []

        def start(_self: object, command: Sequence[str], _environ: Mapping[str, str]) -> None:
            started.append(command)
            raise FileNotFoundError

        def become(command: Sequence[str], _environ: Mapping[str, str]) -> int:
            started.append(command)
            return 0

        monkeypatch.setattr(System, "start", start)
        monkeypatch.setattr(System, "rest", lambda *_: None)
        monkeypatch.setattr(keeping, "become", become)
        monkeypatch.setattr(keeping, "__file__", str(world.installation / "launcher" / "keeping.py"))
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

        keeping.main([*arguments.split(), "--home", str(world.home)])

        assert started
        for command in started:
            assert str(world.installation / "app") in command
            assert not any(str(world.home) in part for part in command[:-1])  # the last one is what was asked for
        assert sorted(world.home.rglob("*")) == before
        assert world.record == record.Record(theirs, None, 0, is_proven=True)


class TestTheDoor:
    @pytest.mark.long
    def test_becomes_what_was_asked_for_whatever_links_lead_to_it(self, world: World, tmp_path: Path):
        shutil.copytree(LAUNCHER, world.installation / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(LAUNCHER / "perennial.sh", world.installation / "perennial")
        (tmp_path / "link").symlink_to(world.installation / "perennial")
        for door in (world.installation / "perennial", tmp_path / "link"):
            said = subprocess.run(
                [door, "status", "--home", world.home], capture_output=True, text=True, timeout=60, check=False
            )
            assert (said.returncode, said.stderr) == (0, "")
        assert world.ran == ["installed"] * 2
        assert not list(world.installation.rglob("*.pyc"))  # it is another's, and read-only

    def test_needs_nothing_but_pythons_own_modules(self):
        modules = list(LAUNCHER.glob("*.py"))
        assert modules
        for path in modules:
            for item in ast.walk(ast.parse(path.read_text())):
                if isinstance(item, ast.Import):
                    assert {name.name.partition(".")[0] for name in item.names} <= MAY_IMPORT, path
                if isinstance(item, ast.ImportFrom) and item.level == 0:
                    assert (item.module or "").partition(".")[0] in MAY_IMPORT, path


def test_the_code_of_a_restart_is_no_shells_own():
    assert RESTART_CODE not in {0, 1, 2, 126, 127, 130, 143}
