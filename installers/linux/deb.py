r"""A .deb of an installation: an ``ar`` archive of three members, the same bytes for the same files.

    debian-binary     "2.0\n"
    control.tar.xz    what dpkg should know
    data.tar.xz       the files

It is written here and not by dpkg-deb, because packing machine code as such (a filter of xz that dpkg reads and does
not write) saves 3 MB of 45, measured 2026-11-29, and because how dpkg-deb packs depends on its version and the machine.
Source: deb(5).
"""

import contextlib
import hashlib
import io
import lzma
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from installers.linux.staging import FILES, Staged

MAINTAINER: Final = "The Perennial developers <perennial@localhost>"
# What a node needs of the host, and what the window needs besides: node/pod/runtime/contents.py, HOST.
NODE_NEEDS: Final = ("libc6 (>= 2.35)", "libexpat1", "libgcc-s1", "libstdc++6", "zlib1g")
WINDOW_NEEDS: Final = (
    *("fontconfig-config", "libbrotli1", "libdbus-1-3", "libegl1", "libfontconfig1", "libfreetype6", "libgl1"),
    *("libglib2.0-0 | libglib2.0-0t64", "libgssapi-krb5-2", "libwayland-client0", "libx11-6", "libx11-xcb1", "libxcb1"),
    *("libxcb-randr0", "libxcb-render0", "libxcb-shm0", "libxcb-sync1", "libxcb-xfixes0", "libzstd1", "xkb-data"),
)
SCRIPTS: Final = {"prerm": "before-removal", "postrm": "after-removal"}
# Machine code first made alike, then packed; as much memory as the dictionary is needed to unpack it.
FILTERS: Final = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 64 << 20}]


def pack(staged: Staged, out: Path, scratch: Path) -> Path:
    """Pack what is staged.  Blocking, for a minute or two.

    Raises:
        OSError: The disk refused.
    """
    control, data = scratch / "control.tar.xz", scratch / "data.tar.xz"
    with _archive(data) as archive:
        for path, name in _paths(staged.root):
            _add_path(archive, path, name, staged.time_s)
    with _archive(control) as archive:
        for name, content, mode in _control_files(staged):
            _add(archive, _entry(name, tarfile.REGTYPE, mode, staged.time_s), content)
    package = out / f"perennial_{staged.version}_amd64.deb"
    with package.open("wb") as file:
        file.write(b"!<arch>\n")
        _member(file, "debian-binary", io.BytesIO(b"2.0\n"), 4, staged.time_s)
        for path in (control, data):
            with path.open("rb") as packed:
                _member(file, path.name, packed, path.stat().st_size, staged.time_s)
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


def _control_files(staged: Staged) -> Iterator[tuple[str, bytes, int]]:
    yield "./control", control_text(staged).encode(), 0o644
    yield "./md5sums", "".join(_sums(staged.root)).encode(), 0o644
    for name, file in SCRIPTS.items():
        yield f"./{name}", (FILES / file).read_bytes(), 0o755


def _sums(root: Path) -> Iterator[str]:
    """What dpkg --verify compares."""
    for path, name in _paths(root):
        if path.is_file() and not path.is_symlink():
            yield f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {name.removeprefix('./')}\n"


def _paths(root: Path) -> list[tuple[Path, str]]:
    """Everything below ``root`` and its name in the archive, folders before what is in them."""
    found = [(root, "./"), *((path, f"./{path.relative_to(root).as_posix()}") for path in root.rglob("*"))]
    return sorted(found, key=lambda pair: pair[1])


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    with (
        lzma.open(path, "wb", format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=FILTERS) as packing,
        tarfile.open(fileobj=packing, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        yield archive


def _add_path(archive: tarfile.TarFile, path: Path, name: str, time_s: int) -> None:
    if path.is_symlink():
        entry = _entry(name, tarfile.SYMTYPE, 0o777, time_s)
        entry.linkname = str(path.readlink())
        archive.addfile(entry)
    elif path.is_dir():
        archive.addfile(_entry(name, tarfile.DIRTYPE, 0o755, time_s))
    else:
        mode = 0o755 if os.access(path, os.X_OK) else 0o644
        _add(archive, _entry(name, tarfile.REGTYPE, mode, time_s), path.read_bytes())


def _entry(name: str, kind: bytes, mode: int, time_s: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, time_s
    entry.uname = entry.gname = "root"
    return entry


def _add(archive: tarfile.TarFile, entry: tarfile.TarInfo, content: bytes) -> None:
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _member(file: IO[bytes], name: str, content: IO[bytes], size: int, time_s: int) -> None:
    file.write(f"{name:<16}{time_s:<12}{0:<6}{0:<6}{'100644':<8}{size:<10}`\n".encode("ascii"))
    while part := content.read(1 << 20):
        file.write(part)
    file.write(b"\n" * (size % 2))
