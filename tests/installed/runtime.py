"""A runtime: made twice, looked at, started."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from node.pod.runtime import contents, fetching
from node.pod.runtime.making import DEBIAN_LOCK, WHEEL_LOCK, Made, make
from node.pod.runtime.pins import read_debian, read_wheels
from tests.benchmarks.rows import Row, at_most, printed
from tests.installed.looking import lacking, liars, sources_of, strangers, two_of_a_kind

ROOT: Final = Path(__file__).resolve().parents[2]
RUN_S_MAX: Final = 120.0
ELSEWHERE: Final = frozenset({"msvcrt", "winreg"})  # modules of Windows
# Under another hash seed, time zone and umask, in a process of its own.
_MAKE: Final = """
import os, sys
from pathlib import Path
from node.pod.runtime.making import make
os.umask(0o077)
print(make(*map(Path, sys.argv[1:2]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])).tree)
"""
# Every page of the window, and which libraries came into the process.
_WINDOW: Final = """
import json, sys
app, *modules = sys.argv[1:]
sys.path.insert(0, app)
import importlib
for module in modules:
    importlib.import_module(module)
from pathlib import Path
from PySide6.QtWidgets import QApplication
qapp = QApplication(["perennial"])
from gui.window import Window
nothing = type("Nothing", (), {"__getattr__": lambda self, name: lambda *given: None})()
window = Window(nothing)
window.show()
for page in range(window.pages.count()):
    window.pages.setCurrentIndex(page)
    qapp.processEvents()
    image = window.grab().toImage()
    assert not image.isNull() and image.width() > 300, (page, image.width(), image.height())
lines = [line.split(maxsplit=5) for line in open("/proc/self/maps")]
print(json.dumps(sorted({line[5].strip() for line in lines if len(line) == 6 and ".so" in line[5]})))
"""


def measure(packages: Path, scratch: Path) -> Iterator[Row]:
    begun_s = time.monotonic()
    made = make(ROOT, contents.PLATFORM, packages, scratch / "one")
    took_s = time.monotonic() - begun_s
    yield printed("making a runtime", took_s, "s", {"files": made.files, "packages": len(made.sources.packages)})
    yield at_most("size of the runtime", made.size_bytes / 1e6, 190, "MB", {"tree": made.tree})
    yield at_most(
        "another tree in another folder, process, umask, hash seed", _differs(made, packages, scratch), 0, "", {}
    )
    yield from _looks(scratch / "one", packages)
    yield from starts(scratch / "one", ROOT)


def counted(what: str, offences: Iterable[str]) -> Row:
    found = list(offences)
    return at_most(what, len(found), 0, "", {str(number): one for number, one in enumerate(found[:20])})


def _differs(made: Made, packages: Path, scratch: Path) -> int:
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _MAKE, str(ROOT), contents.PLATFORM, str(packages), str(scratch / "a" / "nother")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=True)
    return int(done.stdout.strip() != made.tree)


def _looks(root: Path, packages: Path) -> Iterator[Row]:
    sources = sources_of(root)
    debian, wheels = read_debian((ROOT / DEBIAN_LOCK).read_text("utf-8")), (ROOT / WHEEL_LOCK).read_text("utf-8")
    pins = read_wheels(wheels, contents.PYTHON, contents.SYSTEM)
    files = {f"debian/{name}": file for name, file in fetching.debian_packages(debian, packages / "debian").items()}
    files |= {f"wheel/{name}": file for name, file in fetching.wheels(pins, packages / contents.PLATFORM).items()}
    yield counted("binaries that come from no package", strangers(root, sources))
    yield counted("binaries that are not in the package named for them", liars(sources, files))
    yield counted("needs that not every host fulfils", lacking(root))
    yield counted("libraries that the host gives, too", two_of_a_kind(root))


def starts(root: Path, app: Path) -> Iterator[Row]:
    """Import all that the app imports, open its window, and see which libraries came from where."""
    modules = sorted(foreign_modules(app) - ELSEWHERE)
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    command = [str(root / contents.INTERPRETER), "-I", "-B", "-c", _WINDOW, str(app), *modules]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_S_MAX, check=False)
    said = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    yield counted(f"failures to import {len(modules)} modules and to show the window", said)
    if not said:
        own = {path.name for path in root.rglob("*.so*")}
        own |= {library for _, libraries in contents.LIBRARY_PACKAGES.values() for library in libraries}
        mapped = [path for path in json.loads(done.stdout) if not path.startswith(f"{root}/")]
        # What is mapped is named in full, such as libffi.so.8.1.2.
        taken = [one for one in mapped if any(f"{Path(one).name}.".startswith(f"{name}.") for name in own)]
        yield counted("libraries of its own that it took from the host", taken)


def foreign_modules(app: Path) -> set[str]:
    """Every module that the app imports anywhere and that is not its own."""
    found: set[str] = set()
    for path in (path for top in ("node", "gui") for path in (app / top).rglob("*.py")):
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(item, ast.Import):
                found |= {alias.name for alias in item.names}
            elif isinstance(item, ast.ImportFrom) and item.module and not item.level:
                found.add(item.module)
    return {name for name in found if name.split(".")[0] not in {"node", "gui", "__future__"}}
