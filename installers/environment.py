"""The virtual environment of a checkout: made once, known to be whole, made anew when it is not.

    absent ---> begun ---> complete --- lock files changed ---> begun ---> complete
                  |
                  `--- found at a start: the last set-up was cut short ---> removed, made anew

The state stands in .venv/set-up.json.  It is written before the first package is touched and after the
last one is on the disk, so that no cut, not even of the power, leaves half an environment that looks whole.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

if sys.platform != "win32":
    import fcntl

Group = Literal["run", "test"]

LOCKS: dict[Group, tuple[str, ...]] = {
    "run": ("installers/requirements.txt",),
    "test": ("installers/requirements.txt", "installers/requirements-test.txt"),
}
MARK = "set-up.json"
MARK_NEW = "set-up.json.new"
SPACE_BYTES = 900 << 20  # .venv with the tests' tools, pip's cache and what it unpacks on the way
STEP_S_MAX = 1800  # 130 MB over a slow line
LOCK_S_MAX = 1800
MISLEADING = ("PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONUSERBASE", "PIP_TARGET", "PIP_PREFIX", "PIP_USER")


class SetupError(Exception):
    """Set-up cannot go on.  The message is for the person at the keyboard."""


def say(line: str) -> None:
    """Tell the person; on standard error, because standard output belongs to the program that is started."""
    print(line, file=sys.stderr, flush=True)


def clean_environ() -> dict[str, str]:
    """Return the environment without what would lead Python past .venv or switch assertions off."""
    return {name: value for name, value in os.environ.items() if name not in MISLEADING}


@dataclass(frozen=True, slots=True)
class State:
    """What set-up.json says.  ``digests`` holds, per group, what was installed from."""

    is_complete: bool
    is_ours: bool  # made here, so it may be removed here
    base: str
    digests: dict[str, str]


def execute(command: list[str], folder: Path, lock: int | None) -> int:
    """Run one step of a set-up and return its exit code.  Blocking, up to minutes.

    The child holds the lock too: should this process be killed, nobody removes the folder under pip's hands.

    Raises:
        SetupError: It did not end in time; it is killed.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=clean_environ(),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=() if lock is None else (lock,),
            timeout=STEP_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{command[0]} took more than {STEP_S_MAX} s") from error
    return done.returncode


Execute = Callable[[list[str], Path, int | None], int]


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment in ``root/.venv``.  Everything here blocks; ``prepare`` for minutes, the first time."""

    root: Path
    execute: Execute = execute

    @property
    def folder(self) -> Path:
        return self.root / ".venv"

    def program(self, name: str) -> Path:
        if sys.platform == "win32":
            return self.folder / "Scripts" / f"{name}.exe"
        return self.folder / "bin" / name

    def is_ready(self, group: Group) -> bool:
        """Return whether everything of this group stands, installed from the present lock files."""
        state = self._read()
        return (
            state is not None
            and state.is_complete
            and state.base == self._base()
            and state.digests.get(group) == self._digest(group)
            and self.program("python").exists()
            and self.program("perennial").exists()
        )

    def prepare(self, group: Group) -> bool:
        """Make the environment ready; return whether there was anything to do.

        Raises:
            SetupError: It cannot be made; the next call begins anew.
        """
        if self.is_ready(group):
            return False
        try:
            with self._lock() as lock:
                if not self.is_ready(group):  # another set-up may just have ended
                    self._make(group, lock)
        except OSError as error:
            raise SetupError(f"set-up stopped: {error}. The next start takes it up again.") from error
        return True

    def _make(self, group: Group, lock: int | None) -> None:
        state = self._usable()
        if state is None:
            self._create(lock)
            state = State(is_complete=False, is_ours=True, base=self._base(), digests={})
        self._write(State(is_complete=False, is_ours=state.is_ours, base=self._base(), digests={}))
        say("Installing the locked requirements; the first time this takes a minute or two.")
        locks = [word for name in LOCKS[group] for word in ("-r", str(self.root / name))]
        # --no-deps: the lock is the whole truth.  --only-binary: nobody's build script runs on this machine.
        self._pip(lock, "--require-hashes", "--no-deps", "--only-binary", ":all:", *locks)
        self._pip(lock, "--no-deps", "--no-index", "--no-build-isolation", "-e", str(self.root))
        digests = {**state.digests, group: self._digest(group)}
        if group == "test":
            digests["run"] = self._digest("run")
        if sys.platform != "win32":
            os.sync()  # the packages before the mark that says that they are there
        self._write(State(is_complete=True, is_ours=state.is_ours, base=self._base(), digests=digests))

    def _usable(self) -> State | None:
        """Return the state of an environment that can be built upon; remove one of ours that cannot.

        Raises:
            SetupError: Something is in the way that was not made here.
        """
        if self._is_absent():
            return None
        state = self._read()
        if state is None and self._is_foreign_but_works():
            say(".venv was made by somebody else; using it.")
            return State(is_complete=True, is_ours=False, base=self._base(), digests={})
        if state is not None and state.is_complete and state.base == self._base() and self.program("python").exists():
            return state
        if state is not None and state.is_ours and not self.folder.is_symlink():
            say("The last set-up was cut short or was made by another Python; making .venv anew.")
            self._remove()
            return None
        raise SetupError(f"{self.folder} is in the way and was not made by this script; move it away and start again")

    def _is_absent(self) -> bool:
        if self.folder.is_symlink():
            return False
        # Empty but for a mark that never got its name: a cut before the first step or in the last one of a removal.
        return not self.folder.exists() or {path.name for path in self.folder.iterdir()} <= {MARK_NEW}

    def _remove(self) -> None:
        """Remove everything, the mark last: a removal that is cut short must not make the rest look foreign."""
        for path in self.folder.iterdir():
            if path.name != MARK:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        (self.folder / MARK).unlink()
        self.folder.rmdir()

    def _is_foreign_but_works(self) -> bool:
        if not (self.folder / "pyvenv.cfg").is_file():
            return False
        question = "import sys, pip; print(sys.version_info[:2])"
        try:
            answer = subprocess.run(
                [self.program("python"), "-I", "-c", question], capture_output=True, text=True, timeout=60, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return answer.stdout.strip() == str(sys.version_info[:2])

    def _create(self, lock: int | None) -> None:
        free_bytes = shutil.disk_usage(self.root).free
        if free_bytes < SPACE_BYTES:
            raise SetupError(f"set-up needs {SPACE_BYTES >> 20} MB of disk; {free_bytes >> 20} MB are free")
        say(f"Making the virtual environment {self.folder}")
        self.folder.mkdir(exist_ok=True)
        # First of all the mark: whatever happens from here on, the next start knows whose folder this is.
        self._write(State(is_complete=False, is_ours=True, base=self._base(), digests={}))
        self._step(lock, [base_python(), "-m", "venv", str(self.folder)], "the virtual environment could not be made")

    def _pip(self, lock: int | None, *arguments: str) -> None:
        pip = [str(self.program("python")), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        self._step(lock, [*pip, "-qq", *arguments], "pip could not install what is locked (its message is above)")

    def _step(self, lock: int | None, command: list[str], failure: str) -> None:
        if self.execute(command, self.root, lock) != 0:
            raise SetupError(f"{failure}; the next start takes the set-up up again")

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int | None]:
        """Hold the checkout for one set-up.  The lock is on the folder itself, so nothing is left behind."""
        if sys.platform == "win32":
            yield None  # a folder cannot be locked there; two set-ups at once are the person's to avoid
            return
        descriptor = os.open(self.root, os.O_RDONLY)
        try:
            self._wait_for(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    @staticmethod
    def _wait_for(descriptor: int) -> None:
        if sys.platform == "win32":
            return
        deadline_s = time.monotonic() + LOCK_S_MAX
        is_told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline_s:
                    raise SetupError(f"another set-up has been at work here for {LOCK_S_MAX} s") from error
            else:
                return
            if not is_told:
                say("Another set-up is at work in this checkout; waiting for it to end.")
                is_told = True
            time.sleep(0.2)

    def _base(self) -> str:
        """Name the Python and the place that the environment is bound to; a patch release changes neither."""
        version = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
        return f"{version} of {Path(sys.base_prefix).resolve()} in {self.root}"

    def _digest(self, group: Group) -> str:
        digest = hashlib.sha256()
        for name in (*LOCKS[group], "pyproject.toml"):
            content = (self.root / name).read_bytes()
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()

    def _read(self) -> State | None:
        try:
            content = json.loads((self.folder / MARK).read_text(encoding="utf-8"))
            return State(
                is_complete=content["is_complete"] is True,
                is_ours=content["is_ours"] is True,
                base=str(content["base"]),
                digests=dict(content["digests"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            # Half written: only a set-up that was cut short leaves this, and only in a folder of its own.
            return State(is_complete=False, is_ours=(self.folder / MARK).is_file(), base="", digests={})

    def _write(self, state: State) -> None:
        content = {
            "is_complete": state.is_complete,
            "is_ours": state.is_ours,
            "base": state.base,
            "digests": state.digests,
        }
        temporary = self.folder / MARK_NEW
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / MARK)


def base_python() -> str:
    """Return the Python outside of any virtual environment; this one may be inside the one to be made anew."""
    return getattr(sys, "_base_executable", None) or sys.executable
