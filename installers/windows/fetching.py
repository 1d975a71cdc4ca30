"""The pinned packages on disk: fetched by pip from where this machine's people have told it to.  All blocks.

Every file is compared with the hash in its lock.  CPython comes in a source distribution, and to fetch one pip asks
its build script for a name; here it asks one of ours instead, so that no code of the package is ever run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from installers.windows.contents import PYTHON, SYSTEM
from node.pod.runtime import fetching
from node.pod.runtime.pins import read_wheels

FETCH_S_MAX: Final = 900.0  # 100 MB over a slow line
WHEEL_LOCK: Final = Path(__file__).with_name("requirements.txt")
PYTHON_LOCK: Final = Path(__file__).with_name("python.txt")
PLATFORMS: Final = ("win_amd64",)

# Stands in for setuptools while pip looks at the source distribution; it knows no more than the lock says.
_ANSWER: Final = """\
import os
import sys

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    made = os.path.join(folder, {folder!r})
    os.mkdir(made)
    with open(os.path.join(made, "METADATA"), "w") as file:
        file.write({metadata!r})
    return {folder!r}

__legacy__ = sys.modules[__name__]  # asked for this where the package names no builder
"""


class NotFetched(Exception):
    """pip could not bring what is locked; what it said stands above."""


def fetch(into: Path) -> tuple[Path, dict[str, Path]]:
    """Bring what is missing into the folder; CPython's source distribution, and each distribution's wheel.

    What else lies there, of another version, is passed over.

    Raises:
        NotFetched, PodError: Something is missing.
    """
    folder = into / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    pins = read_wheels(WHEEL_LOCK.read_text(encoding="utf-8"), PYTHON, SYSTEM)
    wheels = fetching.wheels(pins, folder, python=PYTHON, platforms=PLATFORMS)
    name, version = pinned(PYTHON_LOCK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as own:
        stand_in = Path(own, "setuptools")
        stand_in.mkdir()
        (stand_in / "__init__.py").touch()
        (stand_in / "build_meta.py").write_text(answer(name, version), encoding="utf-8")
        _download(into / "python", {"PYTHONPATH": own})
    return into / "python" / f"{_as_file(name, version)}.tar.gz", wheels


def pinned(lock: str) -> tuple[str, str]:
    """Name and version of the one line of a lock."""
    (line,) = [line for line in lock.splitlines() if line and line[0] not in "# "]
    name, _, version = line.split()[0].partition("==")
    return name, version


def answer(name: str, version: str) -> str:
    """What pip finds in the place of the build script: its name and version, and nothing else."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return _ANSWER.format(folder=f"{_as_file(name, version)}.dist-info", metadata=metadata)


def _as_file(name: str, version: str) -> str:
    return f"{name.replace('-', '_')}-{version}"


def _download(into: Path, environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "-q"]
    command += ["--no-deps", "--require-hashes", "--no-binary", ":all:", "--no-build-isolation", "--use-pep517"]
    command += ["-r", str(PYTHON_LOCK), "-d", str(into)]
    try:
        done = subprocess.run(
            command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=FETCH_S_MAX, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise NotFetched(f"fetching took longer than {FETCH_S_MAX:.0f} s") from error
    if done.returncode != 0:
        raise NotFetched(done.stderr.strip()[-2000:])
