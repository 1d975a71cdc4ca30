"""The files in a package, in memory one after the other; nothing of a package is ever run or installed.  All blocks."""

from __future__ import annotations

import posixpath
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from node.pod.errors import PodError

LINKS_MAX: Final = 8  # one after the other
FILE_BYTES_MAX: Final = 256 << 20

PackedFile = tuple[str, bytes]  # path without a leading /, content


def debian_files(package: Path) -> Iterator[PackedFile]:
    """The files of a Debian package; a link is the file that it leads to, if that is in the package.

    Raises:
        PodError: The package cannot be read.
    """
    try:
        with (
            subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as unpacking,
            tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive,
        ):
            links: dict[str, str] = {}
            contents: dict[str, bytes] = {}
            for member in archive:
                path = member.name.removeprefix("./")
                if member.issym():
                    links[path] = posixpath.normpath(posixpath.join(posixpath.dirname(path), member.linkname))
                elif member.islnk():
                    links[path] = member.linkname.removeprefix("./")
                elif member.isreg() and (file := archive.extractfile(member)) is not None:
                    contents[path] = file.read(FILE_BYTES_MAX)
    except (OSError, tarfile.TarError) as error:
        raise PodError(f"{package.name} cannot be unpacked: {error}") from error
    if unpacking.returncode != 0:
        raise PodError(f"{package.name} cannot be unpacked by dpkg-deb")
    yield from contents.items()
    for path in links:
        target = path
        for _ in range(LINKS_MAX):
            target = links.get(target, target)
        if target in contents:
            yield path, contents[target]


def wheel_files(wheel: Path) -> Iterator[PackedFile]:
    """The files of a wheel.

    Raises:
        PodError: The wheel cannot be read.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield entry.filename, archive.read(entry)
    except (OSError, zipfile.BadZipFile) as error:
        raise PodError(f"{wheel.name} cannot be unpacked: {error}") from error
