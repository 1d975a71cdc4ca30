"""Write the lock files: ``.venv/bin/python -m installers.lock``.

Needs pip-tools, and the oldest supported Python on Linux, because that one needs the most packages; which of
them other Pythons and systems need as well follows from what the packages say of themselves.  The
hashes are those of all files of a version, so that one lock serves every platform.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installers.python_version import NEWEST, OLDEST

ROOT = Path(__file__).resolve().parent.parent
STEP_S_MAX = 900
PYTHONS = [f"{OLDEST[0]}.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
WINDOWS = (PYTHONS[-1], "win32")  # what the installer for Windows brings

# Needed on systems on which this script does not run.
ELSEWHERE = ("colorama", "pywin32-ctypes")
# From 10.2 on it brings a package that hooks into every import of the process that holds the keys.
HELD_BACK = ("importlib-metadata<10.2",)

HEADER = """\
# Written by installers/lock.py; do not edit.  Installed with --require-hashes --no-deps.
"""

Setting = tuple[str, str]  # Python, system


@dataclass(frozen=True, slots=True)
class Locked:
    name: str
    version: str
    hashes: tuple[str, ...]


def main() -> int:
    if sys.version_info[:2] != OLDEST or sys.platform != "linux":
        print(f"the lock files are made by Python {PYTHONS[0]} on Linux", file=sys.stderr)
        return 2
    if importlib.util.find_spec("piptools") is None:
        print("the lock files are made by pip-tools: .venv/bin/pip install pip-tools", file=sys.stderr)
        return 2
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    tools = project["project"]["optional-dependencies"]["test"]
    run = compile_lock([*needed, *ELSEWHERE, *HELD_BACK])
    both = compile_lock([*(f"{lock.name}=={lock.version}" for lock in run), *tools])
    metadata = read_metadata(both)
    run_markers = markers(run, needed, metadata)
    # What a tool needs on more systems than the app does, the second file names a second time, with its own marker.
    test_markers = markers(both, [*needed, *tools], metadata)
    tests_only = [lock for lock in both if test_markers.get(lock.name) != run_markers.get(lock.name)]
    write(ROOT / "installers/requirements.txt", run, run_markers)
    write(ROOT / "installers/requirements-test.txt", tests_only, test_markers)
    write_for_windows(run, metadata)
    return 0


def write_for_windows(run: Iterable[Locked], metadata: dict[str, dict[str, Any]]) -> None:
    """Write what the installer for Windows brings of what the app is locked to.

    Without markers: pip judges them for the system that it runs on, and the installer is built on another one.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    on_windows = reach(WINDOWS, project["project"]["dependencies"], metadata)
    write(ROOT / "installers/windows/requirements.txt", run, dict.fromkeys(on_windows, ""))


def compile_lock(requirements: list[str]) -> list[Locked]:
    """Let pip-compile choose versions and collect hashes, from the indexes that this machine's pip is set up with."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "requirements.in"), Path(folder, "requirements.txt")
        source.write_text("\n".join(requirements), encoding="utf-8")
        options = "--generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras"
        quiet = "--quiet --no-annotate --no-header --allow-unsafe"
        command = [sys.executable, "-m", "piptools", "compile", *options.split(), *quiet.split()]
        subprocess.run([*command, "-o", target, source], check=True, timeout=STEP_S_MAX, stdin=subprocess.DEVNULL)
        return list(parse(target.read_text(encoding="utf-8")))


def parse(text: str) -> Iterator[Locked]:
    """Yield what a lock file pins; markers are not read."""
    for line in text.replace("\\\n", " ").splitlines():
        words = line.partition("#")[0].split()
        if words:
            name, _, version = words[0].partition("==")
            hashes = [word.removeprefix("--hash=") for word in words if word.startswith("--hash=")]
            yield Locked(canonicalize_name(name), version, tuple(sorted(hashes)))


def read_metadata(locks: Iterable[Locked]) -> dict[str, dict[str, Any]]:
    """Ask pip what each locked version says of its own needs, without installing anything."""
    pins = [f"{lock.name}=={lock.version}" for lock in locks]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
    done = subprocess.run(
        [*command, "--report", "-", *pins], check=True, timeout=STEP_S_MAX, stdout=subprocess.PIPE, text=True
    )
    found = [item["metadata"] for item in json.loads(done.stdout)["install"]]
    return {canonicalize_name(metadata["name"]): metadata for metadata in found}


def markers(locks: Iterable[Locked], roots: list[str], metadata: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return for each package that the roots lead to the marker under which they do; "" means always."""
    settings = [(python, system) for python in PYTHONS for system in SYSTEMS]
    reached = {setting: reach(setting, roots, metadata) for setting in settings}
    found = {}
    for lock in locks:
        needing = [setting for setting in settings if lock.name in reached[setting]]
        if needing:
            found[lock.name] = marker_of(needing)
    return found


def marker_environment(python: str, system: str) -> dict[str, str]:
    """Return what markers are told there; ``system`` is a value of sys.platform."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_system": SYSTEMS[system],
        "os_name": "nt" if system == "win32" else "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def reach(setting: Setting, roots: list[str], metadata: dict[str, dict[str, Any]]) -> set[str]:
    environment = marker_environment(*setting)
    seen: set[str] = set()
    waiting = [Requirement(text) for text in roots]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        is_needed = requirement.marker is None or Marker(str(requirement.marker)).evaluate(environment)
        if is_needed and name not in seen:
            seen.add(name)
            waiting += [Requirement(text) for text in metadata[name].get("requires_dist", [])]
    return seen


def marker_of(needing: list[Setting]) -> str:
    """Return the marker that is true in exactly these settings."""
    pythons = [python for python in PYTHONS if any(setting[0] == python for setting in needing)]
    systems = [system for system in SYSTEMS if any(setting[1] == system for setting in needing)]
    assert len(needing) == len(pythons) * len(systems), f"no simple marker says {needing}"
    assert pythons == PYTHONS[: len(pythons)], f"needed by newer Pythons only: {needing}"
    parts = []
    if pythons != PYTHONS:
        parts.append(f'python_version < "{PYTHONS[len(pythons)]}"')
    if len(systems) == 1:
        parts.append(f'sys_platform == "{systems[0]}"')
    elif len(systems) < len(SYSTEMS):
        parts += [f'sys_platform != "{system}"' for system in SYSTEMS if system not in systems]
    return " and ".join(parts)


def write(path: Path, locks: Iterable[Locked], conditions: dict[str, str]) -> None:
    lines = [HEADER]
    for lock in sorted(locks, key=lambda lock: lock.name):
        assert lock.hashes, f"{lock.name} has no hash"
        if lock.name in conditions:
            condition = f" ; {conditions[lock.name]}" if conditions[lock.name] else ""
            hashes = "".join(f" \\\n    --hash={value}" for value in lock.hashes)
            lines.append(f"{lock.name}=={lock.version}{condition}{hashes}\n")
    path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
