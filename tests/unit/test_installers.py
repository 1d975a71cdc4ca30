"""The set-up of a checkout: cut at any step, made by another Python, in the way of something foreign."""

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from installers import checks, debian, lock, python_version, start
from installers.environment import Environment, Group, SetupError, clean_environ

STEPS = 3  # make the environment, install the locks, install the project


class Cut(BaseException):
    """The process ends here: Ctrl+C, a kill, the power."""


class Machine:
    """Stands in for venv and pip: each step leaves what the real one leaves, or half of it."""

    def __init__(self, *, cut_at: int | None = None, fails_at: int | None = None) -> None:
        self.commands: list[list[str]] = []
        self._cut_at = cut_at
        self._fails_at = fails_at

    def execute(self, command: list[str], folder: Path, lock: int | None) -> int:
        self.commands.append(command)
        programs = folder / ".venv" / "bin"
        programs.mkdir(exist_ok=True)
        if len(self.commands) - 1 == self._cut_at:
            raise Cut
        if len(self.commands) - 1 == self._fails_at:
            return 1
        (programs / ("perennial" if "-e" in command else "python")).touch()
        return 0


@pytest.fixture
def checkout(tmp_path: Path):
    (tmp_path / "installers").mkdir()
    for name in ("pyproject.toml", "installers/requirements.txt", "installers/requirements-test.txt"):
        (tmp_path / name).write_text(f"content of {name}")
    return tmp_path


def prepare(checkout: Path, group: Group = "run", *, cut_at: int | None = None, fails_at: int | None = None) -> Machine:
    machine = Machine(cut_at=cut_at, fails_at=fails_at)
    Environment(checkout, machine.execute).prepare(group)
    return machine


class TestAnEnvironment:
    def test_is_made_from_hashed_locks_and_without_an_address(self, checkout: Path):
        machine = prepare(checkout)

        assert len(machine.commands) == STEPS
        assert machine.commands[0][1:3] == ["-m", "venv"]
        assert {"--require-hashes", "--no-deps", ":all:"} <= set(machine.commands[1])
        assert {"--no-index", "--no-build-isolation", "-e"} <= set(machine.commands[2])
        assert not [word for command in machine.commands for word in command if "://" in word]

    def test_that_stands_is_not_touched_again(self, checkout: Path):
        prepare(checkout)

        assert prepare(checkout).commands == []

    def test_is_brought_up_to_date_when_a_lock_changes(self, checkout: Path):
        prepare(checkout)
        (checkout / "installers/requirements.txt").write_text("another content")

        assert len(prepare(checkout).commands) == STEPS - 1

    def test_for_the_app_lacks_the_tests_tools_but_not_the_other_way_round(self, checkout: Path):
        prepare(checkout)
        assert len(prepare(checkout, "test").commands) == STEPS - 1

        assert prepare(checkout).commands == []

    def test_that_lost_its_programs_is_repaired(self, checkout: Path):
        prepare(checkout)
        (checkout / ".venv/bin/perennial").unlink()

        assert len(prepare(checkout).commands) == STEPS - 1

    def test_of_another_python_is_made_anew(self, checkout: Path):
        prepare(checkout)
        path = checkout / ".venv/set-up.json"
        path.write_text(path.read_text().replace("cpython 3.", "cpython 2."))
        (checkout / ".venv/rest").touch()

        assert len(prepare(checkout).commands) == STEPS
        assert not (checkout / ".venv/rest").exists()


class TestASetUpThatIsCutShort:
    @pytest.mark.parametrize("step", range(STEPS))
    def test_is_begun_anew_by_the_next_start(self, checkout: Path, step: int):
        with pytest.raises(Cut):
            prepare(checkout, cut_at=step)
        (checkout / ".venv/half a package").touch()

        assert not Environment(checkout).is_ready("run")
        assert len(prepare(checkout).commands) == STEPS
        assert not (checkout / ".venv/half a package").exists()
        assert Environment(checkout).is_ready("run")

    @pytest.mark.parametrize("step", range(STEPS - 1))
    def test_while_it_was_brought_up_to_date_is_begun_anew_too(self, checkout: Path, step: int):
        prepare(checkout)
        (checkout / "pyproject.toml").write_text("another content")
        with pytest.raises(Cut):
            prepare(checkout, cut_at=step)

        assert len(prepare(checkout).commands) == STEPS

    def test_before_its_mark_was_whole_is_begun_anew(self, checkout: Path):
        with pytest.raises(Cut):
            prepare(checkout, cut_at=1)
        (checkout / ".venv/set-up.json").write_text('{"is_compl')

        assert len(prepare(checkout).commands) == STEPS

    @pytest.mark.parametrize("step", range(STEPS))
    def test_by_a_step_that_fails_says_so_and_is_begun_anew(self, checkout: Path, step: int):
        with pytest.raises(SetupError, match="the next start takes the set-up up again"):
            prepare(checkout, fails_at=step)

        assert len(prepare(checkout).commands) == STEPS

    def test_before_its_first_mark_had_a_name_is_begun_anew(self, checkout: Path):
        (checkout / ".venv").mkdir()
        (checkout / ".venv/set-up.json.new").write_text("{")

        assert len(prepare(checkout).commands) == STEPS

    def test_while_the_last_one_was_removed_is_begun_anew(self, checkout: Path, monkeypatch: pytest.MonkeyPatch):
        with pytest.raises(Cut):
            prepare(checkout, cut_at=2)
        with monkeypatch.context() as patch, pytest.raises(Cut):
            patch.setattr("shutil.rmtree", cut)
            prepare(checkout)

        assert len(prepare(checkout).commands) == STEPS


def cut(path: Path) -> None:
    """Remove the files of the folder, as a removal does that is cut before it comes to the folders."""
    for file in path.iterdir():
        if file.is_file():
            file.unlink()
    raise Cut


class TestWhatWasNotMadeHere:
    def test_is_never_removed(self, checkout: Path):
        (checkout / ".venv").mkdir()
        (checkout / ".venv/letters").touch()

        with pytest.raises(SetupError, match="move it away"):
            prepare(checkout)
        assert (checkout / ".venv/letters").exists()

    def test_is_used_when_it_is_an_environment_that_works(self, checkout: Path):
        adopt_this_python(checkout)

        assert len(prepare(checkout).commands) == STEPS - 1
        assert prepare(checkout).commands == []

    def test_is_not_removed_after_a_cut_either(self, checkout: Path):
        adopt_this_python(checkout)
        with pytest.raises(Cut):
            prepare(checkout, cut_at=0)

        with pytest.raises(SetupError, match="move it away"):
            prepare(checkout)
        assert (checkout / ".venv/pyvenv.cfg").exists()


def adopt_this_python(checkout: Path) -> None:
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/pyvenv.cfg").touch()
    (checkout / ".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (checkout / ".venv/bin/python").chmod(0o700)


def test_the_mark_is_on_the_disk_before_the_first_step(checkout: Path):
    with pytest.raises(Cut):
        prepare(checkout, cut_at=0)

    mark = json.loads((checkout / ".venv/set-up.json").read_text())
    assert mark["is_complete"] is False
    assert mark["is_ours"] is True


def test_a_disk_without_room_is_refused_before_anything_is_made(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("installers.environment.SPACE_BYTES", 1 << 80)

    with pytest.raises(SetupError, match="of disk"):
        prepare(checkout)
    assert not (checkout / ".venv").exists()


def test_nothing_leads_python_past_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    monkeypatch.setenv("HOME", "/home/farmer")

    assert not {"PYTHONPATH", "PYTHONOPTIMIZE"} & set(clean_environ())
    assert clean_environ()["HOME"] == "/home/farmer"


class TestWhatIsStarted:
    def test_with_a_screen_it_is_the_tray_app(self):
        assert start.what_to_start([], {"DISPLAY": ":0"}, "linux") == []
        assert start.what_to_start([], {"WAYLAND_DISPLAY": "wayland-0"}, "linux") == []
        assert start.what_to_start([], {}, "win32") == []
        assert start.what_to_start([], {}, "darwin") == []

    def test_without_a_screen_it_is_the_practice_network(self):
        assert start.what_to_start([], {"DISPLAY": ""}, "linux") == ["practice"]

    def test_arguments_are_passed_on_as_they_are(self):
        assert start.what_to_start(["status", "--json"], {"DISPLAY": ":0"}, "linux") == ["status", "--json"]


class TestThePythonThatStartsIt:
    @pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 0)])
    def test_is_turned_away_in_one_sentence(self, version: tuple[int, ...]):
        sentence = python_version.refusal(version)

        assert sentence is not None
        assert "3.11 to 3.13" in sentence
        assert "\n" not in sentence

    def test_is_told_of_another_one_that_would_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "python3.12").touch(0o700)
        monkeypatch.setenv("PATH", str(tmp_path))

        assert "start this with python3.12" in (python_version.refusal((3, 14)) or "")


class TestSystemPackages:
    def test_a_library_that_no_loader_finds_is_missing(self):
        assert not debian.Package("libnone1", "libnone-at-all.so.1").is_present()
        assert not debian.Package("nothing", "no-such-program").is_present()
        assert not debian.Package("python3-none", "import:no_such_module").is_present()
        assert not debian.Package("fonts-none", "/no/such/folder").is_present()

    def test_what_is_there_is_not_missing(self):
        assert debian.Package("python3", "import:json").is_present()
        assert debian.Package("dash", "sh").is_present()
        assert debian.Package("base-files", "/").is_present()

    def test_are_named_with_the_exact_command(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/apt-get")

        advice = debian.advice([debian.Package("libegl1", "libEGL.so.1"), debian.Package("libgl1", "libGL.so.1")])
        assert advice.endswith("sudo apt-get install -y --no-install-recommends libegl1 libgl1")

    @pytest.mark.parametrize(("ci", "is_refused"), [("", False), ("true", True)])
    def test_without_a_desktop_the_checks_run_and_say_so_but_not_where_a_change_is_judged(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        ci: str,
        is_refused: bool,
    ):
        def provide(groups: tuple[str, ...]) -> list[debian.Package]:
            return [debian.Package("xvfb", "Xvfb")] if "desktop" in groups else []

        monkeypatch.setattr(debian, "provide", provide)
        monkeypatch.setattr(Environment, "prepare", lambda *_: None)
        monkeypatch.setenv("CI", ci)

        with pytest.raises(SetupError, match=r"(?i)xvfb") if is_refused else nullcontext():
            checks.prepare(Environment(tmp_path))

        assert is_refused or "xvfb" in capsys.readouterr().err.lower()

    def test_are_named_by_their_libraries_where_there_is_no_apt(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("shutil.which", lambda _: None)

        assert debian.advice([debian.Package("libegl1", "libEGL.so.1")]).endswith("libEGL.so.1")


class TestTheClosingLine:
    def test_names_every_check_that_passed_and_what_pytest_said(self):
        outcomes = [checks.Outcome("ruff check", 0), checks.Outcome("pytest", 0, "7 passed in 1.0s")]

        line = checks.closing_line(outcomes, took_s=12.4)
        assert line == "== PASSED: ruff check, pytest (7 passed in 1.0s; 12 s in all)"

    def test_names_what_failed_even_when_pytest_passed(self):
        outcomes = [checks.Outcome("ruff check", 1), checks.Outcome("pytest", 0, "7 passed in 1.0s")]

        assert checks.closing_line(outcomes, took_s=1).startswith("== FAILED: ruff check (7 passed")


class TestTheOutputOfPytest:
    def test_is_passed_on_and_its_last_line_kept(self, capfdbinary: pytest.CaptureFixture[bytes]):
        assert checks.pass_through(["sh", "-c", "echo one; echo '== 3 passed in 1s =='; exit 1"], 20) == (
            1,
            "3 passed in 1s",
        )
        assert b"one\n== 3 passed" in capfdbinary.readouterr().out

    def test_is_not_waited_for_when_only_a_left_process_holds_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(checks, "READER_S_MAX", 0.2)
        gate = tmp_path / "gate"
        os.mkfifo(gate)

        assert checks.pass_through(["sh", "-c", f"cat '{gate}' & echo 3 passed"], 20) == (0, "3 passed")
        gate.open("w").close()  # the process that was left ends

    def test_is_cut_off_when_it_takes_too_long(self):
        assert checks.pass_through(["sleep", "60"], 0.1) == (checks.TIMED_OUT, "")


class TestAMarkerInTheLock:
    def test_is_left_out_where_everybody_needs_the_package(self):
        everywhere = [(python, system) for python in lock.PYTHONS for system in lock.SYSTEMS]

        assert lock.marker_of(everywhere) == ""

    def test_says_which_pythons_and_systems_need_it(self):
        assert lock.marker_of([("3.11", system) for system in lock.SYSTEMS]) == 'python_version < "3.12"'
        assert lock.marker_of([(python, "win32") for python in lock.PYTHONS]) == 'sys_platform == "win32"'
        only_old_linux = 'python_version < "3.12" and sys_platform == "linux"'
        assert lock.marker_of([("3.11", "linux")]) == only_old_linux

    def test_that_would_say_too_much_is_refused(self):
        with pytest.raises(AssertionError):
            lock.marker_of([("3.11", "linux"), ("3.12", "win32")])


class TestTheLockFiles:
    def test_without_what_writes_them_it_is_said_what_is_lacking(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        monkeypatch.setattr(sys, "version_info", (*python_version.OLDEST, 0))
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        monkeypatch.setattr(lock, "compile_lock", lambda _requirements: pytest.fail("it went on"))

        assert lock.main() == 2
        assert "pip install pip-tools" in capsys.readouterr().err


class TestWhatIsRun:
    def test_every_test_is_in_one_group(self):
        side_by_side, *others = checks.TEST_GROUPS
        ignored = [given.removeprefix("--ignore=") for given in side_by_side if given.startswith("--ignore=")]
        taken = [given for group in others for given in group if given.startswith("tests/")]

        assert sorted(taken) == sorted(set(ignored))
        assert [tests for tests in ignored if not (checks.ROOT / tests).exists()] == []

    def test_a_change_is_judged_by_all_that_does_not_take_long(self):
        assert checks.pytest_arguments([]) == [["-m", "not long", *group] for group in checks.TEST_GROUPS]

    def test_whoever_asks_for_it_has_all_run(self):
        assert checks.pytest_arguments(["--long"]) == [list(group) for group in checks.TEST_GROUPS]

    def test_whoever_names_tests_has_them_run_however_long_they_take(self):
        assert checks.pytest_arguments(["tests/unit", "-x"]) == [["tests/unit", "-x"]]
