"""Packages: made twice, and looked at; the .deb is also installed, used and removed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from installers import debian
from installers.linux import making
from tests.benchmarks.rows import Row, at_most, printed
from tests.installed import elsewhere
from tests.installed.runtime import counted

SAID_S_MAX: Final = 60
MB: Final = 1e6
# What a package brings besides its own folder.
BROUGHT: Final = (
    "/usr/bin/perennial",
    "/usr/share/applications/perennial.desktop",
    "/usr/share/icons/hicolor/48x48/apps/perennial.png",
    "/usr/share/metainfo/perennial.metainfo.xml",
    "/usr/lib/systemd/user/perennial.service",
)


def measure_deb(packages: Path, scratch: Path) -> Iterator[Row]:
    if os.geteuid() != 0:
        raise SystemExit("installing a package takes root")
    _provide()
    package, rows = _made("deb", packages, scratch, 45)
    yield from rows
    yield from elsewhere.rows(package, scratch / "layer")


def measure_rpm(packages: Path, scratch: Path) -> Iterator[Row]:
    _provide()
    package, rows = _made("rpm", packages, scratch, 60)
    yield from rows
    listed = said_by("rpm", "-qpl", str(package)).split("\n")
    own = tuple(f"/opt/perennial/{name}" for name in ("perennial", "runtime/bin/python3", "installed.json"))
    yield counted("files that the .rpm lacks", [path for path in (*BROUGHT, *own) if path not in listed])
    scripts = said_by("rpm", "-qp", "--scripts", str(package))
    yield counted("scripts that it lacks", [one for one in ("preuninstall", "postuninstall") if one not in scripts])


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=SAID_S_MAX, check=True).stdout


def _provide() -> None:
    if missing := debian.provide(["packages", "installed"]):
        raise SystemExit(debian.advice(missing))


def _made(kind: str, packages: Path, scratch: Path, mb_max: float) -> tuple[Path, list[Row]]:
    begun_s = time.monotonic()
    made = []
    for name, mask in (("one", 0o022), ("two", 0o077)):
        before = os.umask(mask)
        try:
            (scratch / name / "work").mkdir(parents=True)
            made.append(making.build(kind, scratch / name, packages, scratch / name / "work"))
            shutil.rmtree(scratch / name / "work")
        finally:
            os.umask(before)
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in made]
    return made[0], [
        printed(f"making a .{kind} twice", time.monotonic() - begun_s, "s", {"sha256": hashes[0]}),
        at_most(f"size of the .{kind}", made[0].stat().st_size / MB, mb_max, "MB", {"file": made[0].name}),
        at_most(f"another .{kind} under another umask", int(hashes[0] != hashes[1]), 0, "", {}),
    ]
