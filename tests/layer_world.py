"""Small apps and runtimes, built as pods build them, and a network that holds their chunks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from node.pod.build import Built, build_tree
from node.trust.layers import Layer
from node.trust.release import Offer, Release
from node.update.files.fetching import Fetched, fetch_release
from node.update.files.slots import Slots
from node.vault.share.tree import address_of
from tests import virtual_time

LINUX = "linux-x86_64"
WINDOWS = "windows-x86_64"
TEXT = b"".join(b"line %d says %d\n" % (number, number * number) for number in range(300))
APP = {
    "node/__init__.py": b"",
    "node/cli/__init__.py": b"def main(): ...\n",
    "node/vault/__init__.py": b"",
    "node/vault/__main__.py": b"print('vault')\n",
    "gui/__init__.py": b"",
    "gui/__main__.py": b"print('gui')\n",
    "gui/window.py": TEXT,
    "resources/icons/vault.svg": b"<svg/>\n",
}
RUNTIME = {"bin/python3": b"#!/bin/sh\n", "lib/os.py": TEXT, "lib/libqt.so": b"\x7fELF" + TEXT[::-1]}
ON_WINDOWS = {"python.exe": b"MZ", "lib/os.py": TEXT}

Files = dict[str, bytes]


def lay(folder: Path, files: Files) -> Path:
    """Write the files below a new folder; what lies in ``bin`` is executable."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        (folder / path).chmod(0o755 if path.startswith("bin/") else 0o644)
    return folder


class Workshop:
    """Builds releases below ``folder``, each from a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def app(self, version: str, files: Files = APP, before: Sequence[Built] = (), **options: object) -> Built:
        return self._build(version, files, "app", before, **options)

    def runtime(
        self, version: str, files: Files = RUNTIME, before: Sequence[Built] = (), platform: str = LINUX
    ) -> Built:
        return self._build(version, files, "runtime", before, platform=platform)

    def source(self, files: Files) -> Path:
        self._count += 1
        return lay(self.folder / f"source-{self._count}", files)

    def _build(self, version: str, files: Files, layer: Layer, before: Sequence[Built], **options: object) -> Built:
        return build_tree(self.source(files), version, layer=layer, before=before, **options)  # type: ignore[arg-type]


class Network:
    """Chunks of releases by address; it writes down what it is asked for."""

    def __init__(self, *releases: Built) -> None:
        self.chunks: dict[bytes, bytes] = {}
        self.asked: list[bytes] = []
        for built in releases:
            self.chunks |= {**built.objects, address_of(built.manifest): built.manifest}

    async def get_chunk(self, address: bytes) -> bytes:
        self.asked.append(address)
        return self.chunks[address]

    def fetch(self, built: Built | Release, slots: Slots) -> Fetched:
        self.asked.clear()
        release = signed(built) if isinstance(built, Built) else built
        return virtual_time.run(fetch_release(release, slots, self.get_chunk))


def signed(built: Built) -> Release:
    """The release as trust would hand it on."""
    told = built.release
    offers = tuple(Offer(tree, bytes.fromhex(address), length) for tree, (address, length) in told.deltas.items())
    return Release(
        told.name, told.layer, told.version, told.tree, bytes.fromhex(told.manifest), told.manifest_length,
        ("ash",), told.notes, 1, platform=told.platform, runtimes=tuple(sorted(told.runtimes.items())), deltas=offers,
    )  # fmt: skip


def read_back(folder: Path) -> Files:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
