"""The installation as it will lie on a Linux system, and what tells the system of it.  All blocks.

/opt/perennial/perennial        starts the launcher
/opt/perennial/launcher/        from installers/launcher
/opt/perennial/runtime/         as it was made
/opt/perennial/app/             node/, gui/, resources/ of the checkout
/opt/perennial/installed.json   what it is
/usr/...                        the command, the menu entry, icons, AppStream data, the unit for a node without a screen
"""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installers.installation import FILE_TIME_S, app_files, installed_json, launcher_files
from node.pod.runtime.contents import PLATFORM
from node.pod.runtime.wheels import LICENCES
from node.vault.share.tree import tree_hash

INSTALLATION: Final = "opt/perennial"
FILES: Final = Path(__file__).resolve().parent / "files"
_OTHER_LICENCES: Final = f"""
Python, Qt and the other parts of the runtime have licences of their own: /{INSTALLATION}/runtime/{LICENCES}.
"""
ICON_SIZES: Final = (16, 22, 24, 32, 48, 64, 128, 256)


class NotBuilt(Exception):
    """A tool is missing or has refused; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Staged:
    """All of a package below ``root``.  ``app`` and ``runtime`` are tree hashes, ``time_s`` the time of every file."""

    root: Path
    version: str
    app: str
    runtime: str
    size_bytes: int
    time_s: int


def time_of_files() -> int:
    """The time that every file in a package has.

    Raises:
        NotBuilt: SOURCE_DATE_EPOCH is no time.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given and not given.isdigit():
        raise NotBuilt(f"SOURCE_DATE_EPOCH is {given!r}, which is no number of seconds")
    return int(given) if given else FILE_TIME_S


def stage(checkout: Path, version: str, runtime: Path, runtime_tree: str, root: Path, time_s: int) -> Staged:
    """Lay everything out in the new folder ``root``; ``runtime`` is moved there.

    Raises:
        PodError: The checkout is none of which a release could be made.
        OSError: The disk refused.
    """
    installation = root / INSTALLATION
    installation.mkdir(parents=True)
    runtime.rename(installation / "runtime")
    entries = []
    for path, is_executable, content in app_files(checkout):
        entries.append((path, is_executable, hashlib.sha256(content).hexdigest()))
        _write(installation / "app" / path, content, is_executable=is_executable)
    app = tree_hash(entries)
    for name, content in launcher_files(checkout):
        _write(installation / "launcher" / name, content)
    _copy(checkout / "installers" / "launcher" / "perennial.sh", installation / "perennial", is_executable=True)
    _write(installation / "installed.json", installed_json(version, PLATFORM, app, runtime_tree))
    _tell_the_system(checkout, version, root / "usr", time_s)
    return Staged(root, version, app, runtime_tree, _settle(root, time_s), time_s)


def put_down(staged: Staged, out: Path, scratch: Path) -> Path:
    """Give the folder itself, for recipes that pack it in their own way.

    Raises:
        OSError: There is one already, or the disk refused.
    """
    del scratch
    folder = out / f"perennial-{staged.version}"
    staged.root.rename(folder)
    return folder


def _tell_the_system(checkout: Path, version: str, usr: Path, time_s: int) -> None:
    (usr / "bin").mkdir(parents=True)
    (usr / "bin" / "perennial").symlink_to(f"/{INSTALLATION}/perennial")
    share, icons = usr / "share", checkout / "resources" / "icons"
    _copy(FILES / "perennial.desktop", share / "applications" / "perennial.desktop")
    _copy(FILES / "perennial.service", usr / "lib" / "systemd" / "user" / "perennial.service")
    licence = (checkout / "LICENSE").read_bytes()
    _write(share / "doc" / "perennial" / "copyright", licence + _OTHER_LICENCES.encode())
    for size in ICON_SIZES:
        target = share / "icons" / "hicolor" / f"{size}x{size}" / "apps" / "perennial.png"
        _copy(icons / f"perennial-{size}.png", target)
    _copy(icons / "perennial.svg", share / "icons" / "hicolor" / "scalable" / "apps" / "perennial.svg")
    described = (FILES / "perennial.metainfo.xml").read_text(encoding="utf-8")
    date = time.strftime("%Y-%m-%d", time.gmtime(time_s))
    described = described.replace("@VERSION@", version).replace("@DATE@", date)
    _write(share / "metainfo" / "perennial.metainfo.xml", described.encode())


def _copy(source: Path, target: Path, *, is_executable: bool = False) -> None:
    _write(target, source.read_bytes(), is_executable=is_executable)


def _write(target: Path, content: bytes, *, is_executable: bool = False) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o755 if is_executable else 0o644)


def _settle(root: Path, time_s: int) -> int:
    """Give everything its time and mode, whatever the umask was; return the bytes of all files."""
    size_bytes = 0
    for folder, _, names in os.walk(root, topdown=False):
        for path in (Path(folder, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
                size_bytes += path.stat().st_size
            os.utime(path, (time_s, time_s), follow_symlinks=False)
        Path(folder).chmod(0o755)
        os.utime(folder, (time_s, time_s))
    return size_bytes
