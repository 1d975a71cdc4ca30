"""An installation, a home with slots, and small programs in them that behave as they are told.

``PretendedSystem`` lets the launcher start them without a process and in no time: a program then does to the home
what its process would have done.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from installers.launcher import history, record
from installers.launcher.keeping import RESTART_CODE, Limits, Node
from installers.launcher.record import INSTALLED, Pair, Record
from installers.launcher.starting import Places
from node.vault.share.tree import tree_hash

Behaviour = Literal[
    "well", "crashes", "crashes_late", "hangs", "is_deaf", "states_a_failure", "is_busy", "is_misused", "is_killed",
    "is_interrupted", "is_told_to_end", "becomes_another", "wants_a_restart",
]  # fmt: skip

RAN: Final = "ran.txt"  # in the home: which programs have run, one a line
LATE_S: Final = 50.0
BECOMES_S: Final = 100.0
HEALTHY_S_MAX: Final = 180.0  # what a program has to say that it is well

_PROGRAM: Final = """
import json, os, signal, sys, time
BEHAVIOUR = {behaviour!r}
home = sys.argv[sys.argv.index("--home") + 1]
def main():
    with open(os.path.join(home, "ran.txt"), "a") as file:
        file.write({name!r} + "\\n")
    if BEHAVIOUR == "well":
        path = os.path.join(home, "slots", "programs.json")
        if os.path.exists(path):
            with open(path) as file:
                said = json.load(file)
            if said.get("format") == 1:
                known = {{name: said[name] for name in ("format", "current", "previous")}}
                with open(path + ".new", "w") as file:
                    json.dump(dict(known, starts=0, is_proven=True), file)
                os.replace(path + ".new", path)
        if not os.path.exists(os.path.join(home, "stays")):
            return 0
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        open(os.path.join(home, "up"), "w").write(str(os.getpid()))
        while True:
            signal.pause()
    if BEHAVIOUR == "is_deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if BEHAVIOUR in ("hangs", "is_deaf"):
        while True:
            time.sleep(60)
    if BEHAVIOUR == "crashes_late":
        time.sleep(0.2)
    if BEHAVIOUR == "is_killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if BEHAVIOUR == "is_busy":
        return 69
    if BEHAVIOUR == "states_a_failure":
        print("settings.json cannot be read.", file=sys.stderr)
        return 1
    raise RuntimeError("it cannot run here")
"""


@dataclass
class World:
    """``folder`` holds an installation, whose program is well, and a home."""

    folder: Path
    behaviours: dict[str, Behaviour] = field(default_factory=dict)  # by the app folder's name

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        (self.home / "slots").mkdir()
        (self.home / "state").mkdir()
        runtime = self.installation / "runtime/bin"
        runtime.mkdir(parents=True)
        (runtime / "python3").symlink_to(sys.executable)
        for name, content in _files("well", "installed").items():
            _write(self.installation / "app" / name, content)
        self.behaviours["app"] = "well"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def installation(self) -> Path:
        return self.folder / "installation"

    @property
    def slots(self) -> Path:
        return self.home / "slots"

    @property
    def places(self) -> Places:
        return Places(self.installation, self.slots)

    @property
    def record(self) -> Record:
        return record.read(self.slots)[0]

    @property
    def ran(self) -> list[str]:
        """The programs that have run, in their order."""
        path = self.home / RAN
        return path.read_text().split() if path.exists() else []

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """What the history says: which app was left, for which, and why."""
        path = self.home / "state" / history.NAME
        entries = json.loads(path.read_bytes())["entries"] if path.exists() else []
        return [(one["program"]["app"][:8], one["to"]["app"][:8], one["why"]) for one in entries]

    def install(self, version: str, behaviour: Behaviour = "well", tree: str = "1" * 64) -> None:
        """As a package does, over the one from before."""
        said = {"format": 1, "version": version, "platform": "linux-x86_64", "app": tree, "runtime": "2" * 64}
        (self.installation / "installed.json").write_text(json.dumps(said))
        self.behaviours["app"] = behaviour

    def slot(self, behaviour: Behaviour, name: str) -> Pair:
        """Stage an app that behaves so."""
        files = _files(behaviour, name)
        tree = tree_hash((path, False, hashlib.sha256(text.encode()).hexdigest()) for path, text in files.items())
        for path, text in files.items():
            _write(self.slots / "app" / tree / path, text)
        self.behaviours[tree] = behaviour
        return Pair(tree)

    def point(self, current: Pair, previous: Pair | None = None, *, starts: int = 0, is_proven: bool = False) -> None:
        record.write(self.slots, Record(current, previous, starts, is_proven=is_proven))

    def launch(
        self, system: PretendedSystem | None = None, limits: Limits | None = None, *, is_watched: bool = False
    ) -> int:
        """Let the launcher keep a node, with processes that are pretended; ``is_watched`` by somebody at a terminal."""
        system = system or PretendedSystem(self)
        node = Node(self.places, ("run", "--home", str(self.home)), limits or Limits(), system)  # type: ignore[arg-type]
        node.is_watched_by_person = is_watched
        return node.keep()


@dataclass
class PretendedSystem:
    """Fulfils ``processes.System``; ``started`` are the apps whose programs were started, ``slept_s`` all the time."""

    world: World
    started: list[Pair] = field(default_factory=list)
    is_stopping: bool = False
    slept_s: float = 0.0
    ended_by: list[str] = field(default_factory=list)  # how programs had to be ended
    when_first_starts: Callable[[], object] = lambda: None  # what happens just before that
    patience_s: float = math.inf  # after so long somebody ends the program that runs, not the launcher

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> PretendedProcess:
        app = Path(command[command.index("-c") + 2])
        if not app.is_dir():
            raise FileNotFoundError(2, "No such file or directory", str(app))
        if not self.started:
            self.when_first_starts()
        self.started.append(INSTALLED if app.name == "app" else Pair(app.name))
        return PretendedProcess(self, app.name, self.world.behaviours[app.name])

    def rest(self, seconds: float) -> None:
        self.slept_s += seconds


class PretendedProcess:
    def __init__(self, system: PretendedSystem, name: str, behaviour: Behaviour) -> None:
        self._system = system
        self._name = name
        self._behaviour = behaviour
        self._ran_s = 0.0
        self._code: int | None = None

    def tie(self) -> None:
        pass

    def wait(self, seconds: float) -> int | None:
        if self._code is None:
            self._live(seconds)
        return self._code

    def stop(self) -> None:
        self._system.ended_by.append("asked")
        if self._behaviour != "is_deaf":
            self._code = 0

    def kill(self) -> None:
        self._system.ended_by.append("killed")
        self._code = -9

    def _live(self, seconds: float) -> None:
        codes: dict[Behaviour, int] = {
            "crashes": 70, "states_a_failure": 1, "is_busy": 69, "is_misused": 2, "is_killed": -9,
            "is_interrupted": 130, "is_told_to_end": -15,
        }  # fmt: skip
        self._system.slept_s += seconds
        self._ran_s += seconds
        slots = self._system.world.slots
        if self._system.slept_s > self._system.patience_s:
            self._code = -15
        elif self._behaviour == "well":
            found, trouble = record.read(slots)
            if not trouble:
                with contextlib.suppress(OSError):
                    record.write(slots, Record(found.current, found.previous, 0, is_proven=True))
            self._code = 0
        elif self._behaviour == "becomes_another" and self._ran_s >= BECOMES_S:
            self._system.world.behaviours[self._name] = "well"  # it does not try that again
            self._behaviour = "hangs"  # as the other one, which the record names from now on
            found = self._system.world.record
            others = [name for name in self._system.world.behaviours if name not in {"app", self._name}]
            record.write(slots, Record(Pair(others[0]), found.current, 1, is_proven=False))
        elif self._behaviour == "wants_a_restart":
            self._code = RESTART_CODE
        elif self._behaviour == "crashes_late":
            self._code = 70 if self._ran_s >= LATE_S else None
        else:
            self._code = codes.get(self._behaviour)


def _files(behaviour: Behaviour, name: str) -> dict[str, str]:
    program = _PROGRAM.format(behaviour=behaviour, name=name)
    return {"node/__init__.py": "", "node/cli/__init__.py": program, "gui/__init__.py": "", "gui/__main__.py": program}


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
