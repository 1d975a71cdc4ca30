"""People with a computer each, all of them on this machine: real nodes, each with a home of its own."""

from __future__ import annotations

import hashlib
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Final

import pytest

from tests.architecture.sources import ROOT
from tests.village import Village

CHAPTER: Final = ROOT / "resources" / "handbook" / "found-a-network.md"
CEREMONY: Final = ROOT / "resources" / "handbook" / "pods.md"
PACKAGE: Final = "## Installers that carry the network"
FIRST_RELEASE: Final = "## The first release"
NEWCOMER: Final = "rowan"
# Where this machine gets packages from, as far as it stands in the folder of whoever started this.
PIP_SETTINGS: Final = Path.home() / ".config" / "pip" / "pip.conf"
WORD_S_MAX: Final = 60.0  # until a node says that it runs
COMMAND_S_MAX: Final = 120.0
BUILD_S_MAX: Final = 1_800.0
LEAVE_S_MAX: Final = 2.0
END_S_MAX: Final = 60.0


class Town(Village):
    """``checkout``: the files of which everybody has a copy.  Close it: it ends all nodes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.nodes: dict[str, subprocess.Popen[str]] = {}
        programs = folder / "programs"
        programs.mkdir()
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from node.cli import main; main()"
        typed = shlex.join((sys.executable, "-I", "-c", program))
        (programs / "perennial").write_text(f'#!/bin/sh\nexec {typed} "$@"\n')
        (programs / "perennial").chmod(0o755)

    def settle(self, home: Path) -> None:
        subprocess.run(("git", "clone", "--quiet", ROOT, home / "checkout"), check=True, timeout=COMMAND_S_MAX)

    def type(self, name: str, command: str) -> None:
        for variable, value in self._environ(name).items():
            if variable.startswith(("HOME", "XDG_")):
                self.monkeypatch.setenv(variable, value)
        super().type(name, command)

    def run(self, name: str, command: str) -> None:
        command = command.removeprefix("sudo ").replace("FINGERPRINT", self._fingerprint(name))
        if command.endswith(" &"):
            self._start(name, command.removesuffix(" &"))
            return
        limit_s = BUILD_S_MAX if "installers/" in command or "apt-get" in command else COMMAND_S_MAX
        done = subprocess.run(
            ("sh", "-c", command), cwd=self.home(name), env=self._environ(name), timeout=limit_s, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}$ {command}\n{done.stdout}{done.stderr}"
        self.said[name, command] = done.stdout

    def close(self) -> None:
        for node in self.nodes.values():
            node.terminate()
        for node in self.nodes.values():
            try:
                node.wait(LEAVE_S_MAX)
            except subprocess.TimeoutExpired:
                node.send_signal(signal.SIGINT)  # so a node stops to hand its chunks over: there is nobody to take them
        for node in self.nodes.values():
            node.wait(END_S_MAX)
            assert node.stdout
            node.stdout.close()
        self.nodes.clear()

    def _start(self, name: str, command: str) -> None:
        """Start a node, and return once it has said that it runs, as somebody would wait who watches the terminal."""
        node = subprocess.Popen(
            ("sh", "-c", f"exec {command}"), cwd=self.home(name), env=self._environ(name),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.nodes[name] = node
        lines: queue.Queue[str] = queue.Queue()
        assert node.stdout
        threading.Thread(target=_pass_on, args=(node.stdout, lines), daemon=True).start()
        first = lines.get(timeout=WORD_S_MAX)
        assert "Perennial runs on" in first, f"{name}$ {command}\n{first}"

    def _fingerprint(self, name: str) -> str:
        root = self.home(name) / "network" / "root.json"
        return hashlib.sha256(root.read_bytes()).hexdigest() if root.is_file() else ""

    def _environ(self, name: str) -> dict[str, str]:
        home = self.home(name)
        environ = {variable: value for variable, value in os.environ.items() if not variable.startswith("XDG_")}
        path = environ["PATH"] if name == NEWCOMER else f"{self.folder / 'programs'}{os.pathsep}{environ['PATH']}"
        known = {"PIP_CONFIG_FILE": str(PIP_SETTINGS)} if PIP_SETTINGS.is_file() else {}
        return {**environ, **known, "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": path}


def _pass_on(said: IO[str], lines: queue.Queue[str]) -> None:
    for line in said:
        lines.put(line)


def sections() -> tuple[str, str, str, str]:
    """The ceremony; the chapter until the package; about the package; the release and what comes after."""
    _, _, ceremony = CEREMONY.read_text(encoding="utf-8").partition("\n## Keys\n")
    ceremony, _, _ = ceremony.partition("\n## Releasing\n")
    first, found, rest = CHAPTER.read_text(encoding="utf-8").partition(PACKAGE)
    package, also_found, release = rest.partition(FIRST_RELEASE)
    assert ceremony, "the chapter of the pods is divided otherwise"
    assert found, "the chapter is divided otherwise"
    assert also_found, "the chapter is divided otherwise"
    return ceremony, first, package, release


def without(name: str, text: str) -> str:
    """The text without what that person does."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(f"{name}$"))


def take_away(folder: Path, *, is_installed: bool) -> None:
    """Remove the folders, and the package if it was installed."""
    if is_installed:
        subprocess.run(("dpkg", "--purge", "perennial"), check=False, timeout=COMMAND_S_MAX)
    shutil.rmtree(folder, ignore_errors=True)
