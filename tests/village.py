"""Chapters of the handbook done word by word: everybody in a folder of their own, with a keyring of their own.

A line is either ``NAME$ COMMAND``, which NAME types, or ``GIVER -> TAKER TAKER: FILE as OTHER``, a copy handed over.
Commands of the pods run in this process, where a keyring can be put in the place of the system's.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from node.cli import pod as pod_commands
from node.keys import keyring as keyring_module
from tests.unit.test_pod_keys import FakeKeyring

PODS: Final = ("ash", "birch", "cedar", "elm", "fir")
FOUNDERS: Final = ("ivy", "moss", "fern")
EVERYBODY: Final = {"pods": PODS, "founders": FOUNDERS, "each": (*PODS, *FOUNDERS)}
PASSPHRASE: Final = "a passphrase of several words"
HANDED_OVER: Final = re.compile(r"(\w+) -> ([\w ]+): (\S+)(?: as (\S+))?")
TYPED: Final = re.compile(r"(\w+)\$ (.+)")
OF_PODS: Final = "perennial pod "


class Village:
    """Everybody's folder, and what they type."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.keyrings: dict[str, FakeKeyring] = {}
        self.said: dict[tuple[str, str], str] = {}  # who typed what -> what it printed last

    def follow(self, text: str) -> None:
        """Do what a part of a chapter says, line by line."""
        for line in commands(text):
            if found := TYPED.fullmatch(line):
                for name in EVERYBODY.get(found[1], (found[1],)):
                    self.type(name, re.sub(r"\bNAME\b", name, found[2]))
            else:
                handed = HANDED_OVER.fullmatch(line)
                assert handed, f"nobody can do this: {line}"
                self.hand_over(*handed.groups())

    def home(self, name: str) -> Path:
        """The folder of a person; made when that person first does something."""
        home = self.folder / name
        if not home.exists():
            home.mkdir()
            self.settle(home)
        return home

    def settle(self, home: Path) -> None:
        """Put into a new folder what its owner has from elsewhere."""

    def type(self, name: str, command: str) -> None:
        home = self.home(name)
        if not command.startswith(OF_PODS):
            self.run(name, command)
            return
        self.monkeypatch.chdir(home)
        keyring = self.keyrings.setdefault(name, FakeKeyring())
        self.monkeypatch.setattr(keyring_module, "system_keyring", lambda: keyring)
        arguments = shlex.split(command.removeprefix(OF_PODS))
        asked = f"{PASSPHRASE}\n" if f"{name}.key" in arguments else ""
        result = CliRunner().invoke(pod_commands.pod, arguments, input=f"{asked}y\n")
        assert result.exit_code == 0, f"{name}$ {command}\n{result.output}"
        self.said[name, command] = result.output

    def run(self, name: str, command: str) -> None:
        """Do what is no command of the pods."""
        raise AssertionError(f"{name} cannot do this: {command}")

    def hand_over(self, giver: str, takers: str, what: str, name: str | None) -> None:
        source = self.home(giver) / what
        for taker in takers.split():
            target = self.home(taker) / (name or what)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)


def commands(text: str) -> list[str]:
    """The lines of all blocks, in order."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]
