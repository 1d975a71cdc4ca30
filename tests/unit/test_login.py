"""Whether it starts at login is what the system says, whoever said it to the system."""

from __future__ import annotations

import errno
import os
import plistlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from node.supervisor import login
from node.supervisor.errors import SettingsError
from node.supervisor.login import DesktopEntry, LaunchAgent, LoginStart, Nowhere, login_start, start_command
from node.update.files.starting import LAUNCHER, Installation

COMMAND = (sys.executable, "-m", "gui", "--home", '/home/o"hara/$5 100%')


def test_an_entry_is_there_or_not_and_that_is_what_is_shown(tmp_path: Path):
    entry = DesktopEntry(tmp_path, "ab", COMMAND)
    path = tmp_path / "autostart/perennial-ab.desktop"
    assert not entry.is_on()
    entry.set(True)
    assert entry.is_on()
    path.unlink()
    assert not entry.is_on()
    entry.set(False)
    entry.set(True)
    entry.set(False)
    assert not path.exists()


def test_its_command_is_read_as_it_was_meant(tmp_path: Path):
    DesktopEntry(tmp_path, "ab", COMMAND).set(True)
    lines = (tmp_path / "autostart/perennial-ab.desktop").read_text().splitlines()
    said = next(line for line in lines if line.startswith("Exec="))[5:]
    value = said.replace("\\\\", "\\")  # the value of a key first, then its arguments
    assert "%" not in value.replace("%%", "")  # else it would be a field code
    arguments = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
    assert tuple(re.sub(r"\\(.)", r"\1", argument).replace("%%", "%") for argument in arguments) == COMMAND


def test_it_starts_nothing_once_the_program_is_removed(tmp_path: Path):
    DesktopEntry(tmp_path, "ab", ("/opt/a b/c\\d", "--hidden")).set(True)
    lines = (tmp_path / "autostart/perennial-ab.desktop").read_text().splitlines()
    assert "TryExec=/opt/a b/c\\\\d" in lines  # a desktop starts what is there, and a backslash is written twice


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false", "hidden = True"])
def test_one_that_the_desktop_switched_off_is_off(tmp_path: Path, line: str):
    entry = DesktopEntry(tmp_path, "ab", COMMAND)
    entry.set(True)
    with (tmp_path / "autostart/perennial-ab.desktop").open("a") as file:
        file.write(f"{line}\n")
    assert not entry.is_on()


class TestAnEntryThatWouldStartSomethingElse:
    """The home was moved, or the program that it was written by is gone."""

    def command(self, folder: Path, home: str, program: str = "perennial") -> tuple[str, ...]:
        (folder / "perennial").touch(mode=0o700)
        return (str(folder / program), "--hidden", "--home", str(folder / home))

    def entries(self, folder: Path, *command: str) -> tuple[LoginStart, ...]:
        return DesktopEntry(folder, "ab", command), LaunchAgent(folder, "ab", command)

    @pytest.mark.parametrize(("home", "program"), [("old", "perennial"), ("new", "gone/perennial")])
    def test_is_shown_as_off_and_written_anew_when_a_node_starts(self, tmp_path: Path, home: str, program: str):
        before = self.entries(tmp_path, *self.command(tmp_path, home, program))
        for old, new in zip(before, self.entries(tmp_path, *self.command(tmp_path, "new")), strict=True):
            old.set(True)
            assert not new.is_on()
            new.renew()
            assert new.is_on()

    def test_keeps_what_a_person_has_written_beside_it(self, tmp_path: Path):
        DesktopEntry(tmp_path, "ab", self.command(tmp_path, "old")).set(True)
        path = tmp_path / "autostart/perennial-ab.desktop"
        with path.open("a") as file:
            file.write("X-GNOME-Autostart-Delay=60\n")
        DesktopEntry(tmp_path, "ab", self.command(tmp_path, "new")).renew()
        assert path.read_text().splitlines()[-1] == "X-GNOME-Autostart-Delay=60"
        assert str(tmp_path / "new") in path.read_text()
        assert str(tmp_path / "old") not in path.read_text()

    def test_stays_off_where_it_was_switched_off(self, tmp_path: Path):
        DesktopEntry(tmp_path, "ab", self.command(tmp_path, "old")).set(True)
        with (tmp_path / "autostart/perennial-ab.desktop").open("a") as file:
            file.write("Hidden=true\n")
        entry, agent = self.entries(tmp_path, *self.command(tmp_path, "new"))
        entry.renew()
        agent.renew()
        assert (entry.is_on(), agent.is_on()) == (False, False)

    def test_another_program_that_is_there_and_starts_this_home_is_left_alone(self, tmp_path: Path):
        DesktopEntry(tmp_path, "ab", self.command(tmp_path, "new")).set(True)
        path = tmp_path / "autostart/perennial-ab.desktop"
        before = path.read_text()
        entry = DesktopEntry(tmp_path, "ab", (sys.executable, "-P", "-m", "gui", "--home", str(tmp_path / "new")))
        entry.renew()
        assert (entry.is_on(), path.read_text()) == (True, before)

    def test_what_cannot_be_written_anew_is_shown_as_off(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        def refuse(*_: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        DesktopEntry(tmp_path, "ab", self.command(tmp_path, "old")).set(True)
        monkeypatch.setattr(login, "write_durably", refuse)
        entry = DesktopEntry(tmp_path, "ab", self.command(tmp_path, "new"))
        entry.renew()
        assert not entry.is_on()


def test_two_homes_do_not_switch_each_other_off(tmp_path: Path):
    one, other = DesktopEntry(tmp_path, "ab", COMMAND), DesktopEntry(tmp_path, "cd", COMMAND)
    one.set(True)
    other.set(True)
    other.set(False)
    assert one.is_on()


@pytest.mark.skipif(sys.platform != "linux", reason="an autostart entry is Linux's")
def test_no_module_in_the_folder_where_it_starts_takes_the_place_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    login_start(tmp_path / "home", "ab", is_practice=False).set(True)
    lines = (tmp_path / "autostart/perennial-ab.desktop").read_text().splitlines()
    command = shlex.split(next(line for line in lines if line.startswith("Exec="))[5:])
    (tmp_path / "gui.py").write_text("raise SystemExit('of a stranger')")

    said = subprocess.run(
        [*command, "--help"], cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=60, check=False
    )

    assert (said.returncode, said.stderr) == (0, "")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "autostart").write_text("a file where a folder should be")
    with pytest.raises(SettingsError, match="starts when you log in could not be changed"):
        DesktopEntry(tmp_path, "ab", COMMAND).set(True)


def test_an_agent_of_macos_names_the_command(tmp_path: Path):
    agent = LaunchAgent(tmp_path, "ab", COMMAND)
    agent.set(True)
    said = plistlib.loads((tmp_path / "LaunchAgents/perennial.ab.plist").read_bytes())
    assert (tuple(said["ProgramArguments"]), said["RunAtLoad"]) == (COMMAND, True)


def test_a_practice_home_never_starts_at_login():
    with pytest.raises(SettingsError, match="practice home"):
        Nowhere().set(True)
    Nowhere().set(False)
    assert not Nowhere().is_on()


def test_what_is_installed_is_started_by_its_launcher_and_never_from_a_slot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home, launcher = tmp_path / "home", tmp_path / "installation/perennial"
    monkeypatch.setattr(sys, "executable", str(home / "slots/runtime/abc/bin/python3"))
    monkeypatch.setenv(LAUNCHER, str(launcher))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert start_command(home, Installation.here()) == (str(launcher), "--hidden", "--home", str(home))
    login_start(home, "ab", is_practice=False).set(True)
    (written,) = [entry for entry in tmp_path.rglob("*") if entry.suffix in {".desktop", ".plist"}]
    assert str(launcher) in written.read_text()
    assert "slots" not in written.read_text()


def test_a_checkout_is_started_as_it_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(LAUNCHER, raising=False)
    assert start_command(Path("/h"), Installation.here())[0] == sys.executable
