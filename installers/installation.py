"""What every installation has, on whichever system: app/, launcher/, runtime/, installed.json.

The app is what a release of this checkout would hold, so that both have the same tree hash.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from node.pod.sources import SourceFile, source_files

FORMAT: Final = 1
FILE_TIME_S: Final = 1_767_225_600  # 2026-01-01: of every file, unless somebody says otherwise


def version(checkout: Path) -> str:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def app_files(checkout: Path) -> Iterator[SourceFile]:
    """The files of the app, by their paths in it.

    Raises:
        PodError: A release could not be made of them.
    """
    return source_files("app", checkout)


def launcher_files(checkout: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each module of the launcher.  Raises OSError."""
    for path in sorted((checkout / "installers" / "launcher").glob("*.py")):
        yield path.name, path.read_bytes()


def installed_json(version: str, platform: str, app: str, runtime: str) -> bytes:
    """What ``installed.json`` says, for the launcher and for the node.  ``app`` and ``runtime`` are tree hashes."""
    said = {"format": FORMAT, "version": version, "platform": platform, "app": app, "runtime": runtime}
    return f"{json.dumps(said)}\n".encode()
