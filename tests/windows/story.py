"""What a person would do with the installer, step by step, and what must be so after each step."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from node.pod.network import found
from tests.windows.checks import RUN_KEY, UNINSTALL_KEY, ask, files_below, third_party, tree_of
from tests.windows.wine import Running, Windows

UP_S_MAX: Final = 240.0
SETTLE_S_MAX: Final = 120.0
MEET_S_MAX: Final = 240.0
LOOK_S: Final = 1.0
QUOTA: Final = "1GB"
OTHER_HOME: Final = "C:\\other"

PLAYED: Final = Path(__file__).parent / "played.py"


class Wrong(Exception):
    """Something is not as it must be."""


def must(is_so: object, otherwise: str) -> None:
    """Raises Wrong with what is ``otherwise``."""
    if not is_so:
        raise Wrong(otherwise)


class Story:
    """One person's Windows.  Each step builds on those before it; ``play`` goes through all of them."""

    def __init__(self, windows: Windows, installer: Path) -> None:
        self._windows = windows
        self._installer = installer
        self._installed = windows.local / "Programs/Perennial"
        self._home = windows.local / "perennial"
        self._network = windows.folder / "network"
        self._node: Running | None = None

    def play(self) -> int:
        """Go through all steps; return how many went wrong.  After one that did, the later ones may do so, too."""
        steps: tuple[Callable[[], str], ...] = (
            self.installed, self.asked_in_a_terminal, self.imported, self.contained_as_far_as_wine_goes,
            self.run_without_a_window, self.asked_by_its_api, self.met_by_another, self.started_at_login,
            self.shown_in_the_tray, self.replaced_while_it_runs, self.killed, self.taken_away,
            self.damaged_and_taken_away, self.given_back,
        )  # fmt: skip
        wrong = 0
        for step in steps:
            begun_s = time.monotonic()
            try:
                said, mark = step(), "ok   "
            except (Wrong, OSError, LookupError, ValueError) as error:
                said, mark, wrong = f"{type(error).__name__}: {error}", "WRONG", wrong + 1
            print(f"{mark} {time.monotonic() - begun_s:5.0f} s  {step.__name__.replace('_', ' ')}: {said}", flush=True)
            if mark != "ok   " and step == self.installed:
                break  # nothing else can be tried
        return wrong

    def installed(self) -> str:
        self._windows.make()
        found(self._network)
        begun_s = time.monotonic()
        self._install()
        took_s = time.monotonic() - begun_s
        said = json.loads((self._installed / "installed.json").read_bytes())
        must(tree_of(self._installed / "app") == said["app"], "app/ is not what installed.json says")
        must(tree_of(self._installed / "runtime") == said["runtime"], "runtime/ is not what installed.json says")
        must((self._menu / "Perennial.lnk").is_file(), "nothing is in the Start menu")
        must("DisplayName" in self._windows.registry(UNINSTALL_KEY), "Windows does not list it")
        must(not self._logins(), "it starts at login, though nobody has asked for that")
        must(not self._home.exists(), "there is a home before anybody wanted one")
        size_bytes = sum((self._installed / name).stat().st_size for name in files_below(self._installed))
        return f"{size_bytes / 1e6:.1f} MB in {len(files_below(self._installed))} files, {took_s:.1f} s"

    def asked_in_a_terminal(self) -> str:
        begun_s = time.monotonic()
        done = self._perennial("status")
        took_s = time.monotonic() - begun_s
        must(done[0] == 1 and "does not run" in done[1], f"status: {done}")
        must(self._perennial("status", "--nonsense")[0] == 2, "wrong usage is not code 2")
        helped = self._perennial("--help")
        must(helped[0] == 0 and helped[1].startswith("Usage:"), f"--help: {helped}")
        return f"status answers after {took_s:.1f} s, with the code of its failure"

    def imported(self) -> str:
        """Everything that the app can need is in the runtime."""
        listed = "; ".join(f"import {name}" for name in sorted(third_party(self._installed / "app")))
        # Nothing there says where the interpreter's packages lie but its own search path.
        done = self._windows.run(
            str(self._installed / "runtime/python.exe"), "-I", "-B", "-c", f"{listed}; print('all')"
        )
        must(done.said.strip() == "all", done.said[-600:])
        return f"{listed.count('import ')} modules of others"

    def contained_as_far_as_wine_goes(self) -> str:
        """A rehearsal does all that a vault does, and then finds what it must: that nothing is shut off here."""
        done = self._windows.run(str(self._installed / "runtime/python.exe"), "-I", "-B", str(PLAYED))
        rehearsal, *others = done.said.splitlines() or [""]
        must(rehearsal.startswith("rehearsal: in the container ") and rehearsal.endswith(" can be read"), done.said)
        must([line.rstrip() for line in others] == ["child: Hello", "ended: 1"], done.said)  # it was told nothing
        return rehearsal

    def run_without_a_window(self) -> str:
        node, took_s = self._run("Perennial.exe", "--keys", "keyring")
        said = json.loads(node.first_line(0.0))
        status = self._status()
        must(status["farm"] == said["vault_id"][:8], "another farm answers than was started")
        must(not (self._home / "key.json").exists(), "its key lies in a file")
        must(status["key_place"] == "keyring", f"its key is in {status['key_place']}")
        must(status["sandbox"] == "partial" and not status["is_sandbox_tried"], f"contained: {status['sandbox']}")
        why = str(status["sandbox_reasons"])
        must("AppContainer: this Windows lacks it" in why, f"wine has no AppContainer, and that is not said: {why}")
        return f"{status['sentence']} First line after {took_s:.1f} s; sandbox {status['sandbox']}, said to be untried"

    def asked_by_its_api(self) -> str:
        must(ask(self._home)[0] == 200, "it does not answer who has its token")
        must(ask(self._home, token="")[0] == 401, "it answers without a token")
        must(ask(self._home, host="perennial.example")[0] == 403, "it answers a page that calls itself this computer")
        return "200 with the token, 401 without it, 403 for another host's name"

    def met_by_another(self) -> str:
        invitation = json.loads(self._perennial("invite", "--json")[1])["text"]
        node, _ = self._run("Perennial.com", "--keys", "unprotected", home=OTHER_HOME)
        joined = self._perennial("join", invitation, "--home", OTHER_HOME)
        must(joined[0] == 0, f"join: {joined}")
        deadline_s = time.monotonic() + MEET_S_MAX
        while (met := self._status()["peer_count"]) == 0:
            must(time.monotonic() < deadline_s, "they do not find each other")
            time.sleep(LOOK_S)
        must(self._perennial("stop", "--home", OTHER_HOME)[0] == 0, "the other one does not end")
        must(node.wait(SETTLE_S_MAX) == 0, f"it ended with {node.process.returncode}")
        return f"{met} vault known, and it ends when it is told to"

    def started_at_login(self) -> str:
        done = self._perennial("settings", "set", "starts_at_login", "on")
        must(done[0] == 0, f"settings: {done}")
        (line,) = self._logins()
        begin = f'"{self._there(self._installed)}\\Perennial.exe" '
        must(line.lower().startswith(begin.lower()), f"at login starts {line}")
        must("slots" not in line and "python" not in line, f"at login starts {line}")
        return line

    def shown_in_the_tray(self) -> str:
        tray = self._windows.start(str(self._installed / "Perennial.exe"), "--hidden")
        must(tray.wait(20.0) is None, f"it ends by itself: {tray.lines[-3:]}")
        second = self._windows.run(str(self._installed / "Perennial.exe"), "--quit")
        must(second.code == 0, f"--quit: {second}")
        must(tray.wait(SETTLE_S_MAX) == 0, f"it ended with {tray.process.returncode}: {tray.lines[-3:]}")
        must(self._status()["farm"] != "", "the node has ended, which was not the tray's")
        return "offscreen, until another start tells it to quit; the node goes on"

    def replaced_while_it_runs(self) -> str:
        before = files_below(self._installed)
        node = self._node
        must(node is not None and node.wait(0.0) is None, "no node runs")
        assert node is not None
        tray = self._windows.start(str(self._installed / "Perennial.exe"), "--hidden")
        must(tray.wait(10.0) is None, f"no tray: {tray.lines[-3:]}")
        self._install()
        must(tray.wait(SETTLE_S_MAX) == 0, "the tray still runs, or was killed")
        must(node.wait(SETTLE_S_MAX) == 0, f"the node ended with {node.process.returncode}: {node.lines[-3:]}")
        must(files_below(self._installed) == before, "it is not the same afterwards")
        must(len(self._logins()) == 1, "it no longer starts at login")
        _, took_s = self._run("Perennial.exe")
        return f"tray and node ended in order; started again, the home answers after {took_s:.1f} s"

    def killed(self) -> str:
        """Nobody can tell Perennial.exe to end there, only end it; what it stands for must not go on behind it."""
        must(self._node is not None, "no node runs")
        assert self._node is not None
        self._node.process.kill()
        deadline_s = time.monotonic() + SETTLE_S_MAX
        while self._perennial("status")[0] == 0:
            must(time.monotonic() < deadline_s, "the node goes on without what started it")
        _, took_s = self._run("Perennial.exe")
        return f"its node ends with it; started again, the home answers after {took_s:.1f} s"

    def taken_away(self) -> str:
        neighbour = self._installed / "letter.txt"
        neighbour.write_text("a person's own")
        held = files_below(self._home)
        self._uninstall()
        must(files_below(self._installed) == {"letter.txt"}, f"left: {sorted(files_below(self._installed))[:5]}")
        must(not (self._menu / "Perennial.lnk").exists(), "it is still in the Start menu")
        must(not self._windows.registry(UNINSTALL_KEY), "Windows still lists it")
        must(not self._logins(), "it still starts at login")
        must((self._home / "home.json").is_file(), "the home is gone, and nobody said so")
        neighbour.unlink()
        return f"nothing is left but a person's own file beside it, and the home with its {len(held)} files"

    def damaged_and_taken_away(self) -> str:
        self._install()
        (self._installed / "runtime/python313.dll").unlink()
        self._uninstall()
        must(not self._installed.exists(), f"left: {sorted(files_below(self._installed))[:5]}")
        must((self._home / "home.json").is_file(), "the home is gone, and nobody said so")
        return "an installation that cannot start goes, too"

    def given_back(self) -> str:
        self._install()
        unmarked = self._windows.local / "perennial-old"
        unmarked.mkdir()
        (unmarked / "letter.txt").write_text("a person's own")
        self._run("Perennial.exe")
        self._uninstall("/GIVEBACK")
        must(not self._installed.exists(), f"left: {sorted(files_below(self._installed))[:5]}")
        must(not self._home.exists(), f"left of the home: {sorted(files_below(self._home))[:5]}")
        must(files_below(unmarked) == {"letter.txt"}, "a folder without the marker was touched")
        return "the node ends, the home goes with its key, nothing else does"

    @property
    def _menu(self) -> Path:
        return self._windows.local.parent / "Roaming/Microsoft/Windows/Start Menu/Programs"

    def _there(self, path: Path) -> PureWindowsPath:
        """What Windows calls a path of its drive."""
        return PureWindowsPath("C:\\", *path.relative_to(self._windows.drive).parts)

    def _install(self) -> None:
        done = self._windows.run(str(self._installer), "/S", seconds=UP_S_MAX)
        must(done.code == 0, f"the installer ended with {done}")

    def _uninstall(self, *options: str) -> None:
        """The uninstaller works from a copy of itself, so its own end says nothing."""
        self._windows.run(str(self._installed / "Uninstall.exe"), "/S", *options)
        deadline_s = time.monotonic() + UP_S_MAX
        while (self._installed / "Uninstall.exe").exists():
            must(time.monotonic() < deadline_s, "the uninstaller does not come to its end")
            time.sleep(LOOK_S)
        time.sleep(LOOK_S)

    def _perennial(self, *arguments: str) -> tuple[int, str]:
        done = self._windows.run(str(self._installed / "Perennial.com"), *arguments)
        return done.code, done.said

    def _run(self, program: str, *options: str, home: str = "") -> tuple[Running, float]:
        """Start a node and wait until it says how it is; return it, and how long that took."""
        begun_s = time.monotonic()
        network = f"Z:{self._network / 'root.json'}".replace("/", "\\")
        fingerprint = hashlib.sha256((self._network / "root.json").read_bytes()).hexdigest()
        made = ("--network", network, "--fingerprint", fingerprint, "--quota", QUOTA)
        place = ("--home", home) if home else ()
        node = self._windows.start(str(self._installed / program), "run", "--json", *made, *options, *place)
        if not home:
            self._node = node
        line = node.first_line(UP_S_MAX)
        must(line.startswith("{"), f"it says {node.lines[-3:]}")
        must("status" in json.loads(line), line)
        return node, time.monotonic() - begun_s

    def _status(self) -> dict[str, Any]:
        code, said = self._perennial("status", "--json")
        must(code == 0, said)
        return dict(json.loads(said))

    def _logins(self) -> list[str]:
        return list(self._windows.registry(RUN_KEY).values())
