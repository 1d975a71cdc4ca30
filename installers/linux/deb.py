"""A .deb of an installation, by dpkg-deb."""

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Final

from installers.linux.staging import FILES, INSTALLATION, NotBuilt, Staged

PACK_S_MAX: Final = 1200
SAID_BYTES_MAX: Final = 1000
MAINTAINER: Final = "The Perennial developers <perennial@localhost>"
# What a node needs of the host, and what the window needs besides: node/pod/runtime/contents.py, HOST.
NODE_NEEDS: Final = ("libc6 (>= 2.35)", "libexpat1", "libgcc-s1", "libstdc++6", "zlib1g")
WINDOW_NEEDS: Final = (
    *("fontconfig-config", "libbrotli1", "libdbus-1-3", "libegl1", "libfontconfig1", "libfreetype6", "libgl1"),
    *("libglib2.0-0 | libglib2.0-0t64", "libgssapi-krb5-2", "libwayland-client0", "libx11-6", "libx11-xcb1", "libxcb1"),
    *("libxcb-randr0", "libxcb-render0", "libxcb-shm0", "libxcb-sync1", "libxcb-xfixes0", "libzstd1", "xkb-data"),
)
SCRIPTS: Final = {"prerm": "before-removal", "postrm": "after-removal"}


def pack(staged: Staged, out: Path, scratch: Path) -> Path:
    """Pack what is staged; its control files are put beside it.  Blocking, for a minute or two.

    Raises:
        NotBuilt: dpkg-deb is missing or has refused.
        OSError: The disk refused.
    """
    del scratch
    control = staged.root / "DEBIAN"
    control.mkdir(mode=0o755)
    (control / "md5sums").write_text("".join(_sums(staged.root)), encoding="utf-8")
    (control / "control").write_text(control_text(staged), encoding="utf-8")
    for name, file in SCRIPTS.items():
        (control / name).write_bytes((FILES / file).read_bytes())
        (control / name).chmod(0o755)
    for path in (*control.iterdir(), control, staged.root):
        if path.name not in SCRIPTS:
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (staged.time_s, staged.time_s))
    package = out / f"perennial_{staged.version}_amd64.deb"
    # One thread: with more of them, how it is packed would depend on the machine.
    run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--threads-max=1", "--build", str(staged.root), str(package)],
        {"SOURCE_DATE_EPOCH": str(staged.time_s)},
    )
    return package


def control_text(staged: Staged) -> str:
    """A node needs no screen: what the window needs is recommended, so that apt brings it unless told otherwise."""
    return f"""\
Package: perennial
Version: {staged.version}
Architecture: amd64
Maintainer: {MAINTAINER}
Installed-Size: {-(-staged.size_bytes // 1024)}
Depends: {", ".join(NODE_NEEDS)}
Recommends: {", ".join(WINDOW_NEEDS)}
Section: net
Priority: optional
Description: storage node that keeps itself up to date
 Lends some of this computer's disk to a network of home computers that keep each other's data. New versions come
 through the network itself, and are tried out beside the one in use before they take over.
"""


def run(command: list[str], environment: dict[str, str]) -> None:
    """Run a tool.

    Raises:
        NotBuilt: It is missing, has refused, or takes too long.
    """
    try:
        done = subprocess.run(
            command, env={**os.environ, **environment, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PACK_S_MAX, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(f"{Path(command[0]).name}: {error}") from error
    if done.returncode != 0:
        raise NotBuilt(done.stdout[-SAID_BYTES_MAX:].decode(errors="replace").strip())


def _sums(root: Path) -> list[str]:
    """What dpkg --verify compares."""
    found = []
    for top in (INSTALLATION, "usr"):
        for path in sorted((root / top).rglob("*")):
            if path.is_file() and not path.is_symlink():
                digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
                found.append(f"{digest}  {path.relative_to(root).as_posix()}\n")
    return found
