"""A minor version of Qt: what a farm fetches of it that has the one before.  The wheels come from the package index.

What counts is what the app loads of Qt, as a runtime holds it.  It takes some minutes: everything is packed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Final

from node.pod.build import build_tree, write
from tests.benchmarks.install_client import fetched_in_order
from tests.benchmarks.rows import Row, at_most, printed
from tests.benchmarks.vaults import temporary_folder

FETCHED_BYTES_MAX: Final = 8_000_000
DOWNLOAD_S_MAX: Final = 600.0
PLATFORM: Final = "linux-x86_64"
PACKAGE: Final = "PySide6-Essentials"
LIBRARIES: Final = ("Core", "DBus", "Gui", "Network", "WaylandClient", "Widgets", "XcbQpa")
KEPT: Final = (
    *(f"PySide6/Qt/lib/libQt6{name}.so.6" for name in LIBRARIES),
    *(f"PySide6/Qt{name}.abi3.so" for name in ("Core", "Gui", "Network", "Widgets")),
    *("PySide6/*.py", "PySide6/libpyside6.abi3.so.*", "PySide6/Qt/lib/libicu*", "PySide6/Qt/plugins/platforms/*"),
    *("PySide6/Qt/plugins/platforminputcontexts/*", "PySide6/Qt/plugins/platformthemes/*", "shiboken6/*"),
)


def measure() -> list[Row]:
    with temporary_folder() as folder:
        used = version(PACKAGE)
        following = _unpack(f"{PACKAGE}>{used}", folder / "new")
        if following == used:
            return [printed("no Qt version follows the one in use", 0.0, "bytes", {"version": used})]
        _unpack(f"{PACKAGE}=={used}", folder / "old")
        old = build_tree(folder / "old", used, layer="runtime", platform=PLATFORM)
        new = build_tree(folder / "new", following, layer="runtime", platform=PLATFORM, before=[old])
        write(old, folder / "a")
        write(new, folder / "b")
        first, later = fetched_in_order(folder / "home/slots", folder / "a", folder / "b")
    detail: dict[str, float | str] = {
        **later, "from": used, "to": following, "tree_bytes": sum(file.length for file in new.files),
        "first_bytes": first["fetched_bytes"], "first_grown_mb": first["grown_mb"],
    }  # fmt: skip
    what = "Qt minor version in the runtime"
    return [at_most(f"{what}, fetched", later["fetched_bytes"], FETCHED_BYTES_MAX, "bytes", detail)]


def _unpack(wanted: str, tree: Path) -> str:
    """What the app loads of that version of Qt, as a tree; which version it is."""
    wheels = tree.with_name(f"{tree.name}.wheels")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "-d", str(wheels)]
    subprocess.run([*command, wanted], check=True, timeout=DOWNLOAD_S_MAX)
    (tree / "bin").mkdir(parents=True)
    (tree / "bin/python3").write_bytes(b"#!/bin/sh\n")
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as files:
            for name in files.namelist():
                if any(fnmatchcase(name, pattern) for pattern in KEPT) and not name.endswith((".pyi", "/")):
                    files.extract(name, tree)
    found = next(wheels.glob("pyside6_essentials-*")).name.split("-")[1]
    shutil.rmtree(wheels)
    return found
