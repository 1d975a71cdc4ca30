"""A client in a process of its own that fetches one release after the other, as a farm that has been there for long.

``python -m tests.benchmarks.install_client SLOTS RELEASE...``: prints one JSON object for each release, of what it took
to fetch it from its folder, which stands for the network, into a slot.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.pod.files import read_as
from node.pod.release_file import ReleaseFile
from node.trust.release import Offer, Release
from node.update.files.fetching import fetch_release
from node.update.files.slots import Slots

CLIENT_S_MAX: Final = 600.0
RELEASE_FILE_BYTES_MAX: Final = 64 << 10


def fetched_in_order(slots: Path, *releases: Path) -> list[dict[str, float]]:
    """Fetch these in a new process; what each of them took."""
    command = [sys.executable, "-m", "tests.benchmarks.install_client", str(slots), *map(str, releases)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=CLIENT_S_MAX)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(slots_folder: str, *folders: str) -> None:
    slots = Slots(Path(slots_folder))
    for folder in map(Path, folders):
        print(json.dumps(asyncio.run(_fetch(folder, slots))), flush=True)


async def _fetch(folder: Path, slots: Slots) -> dict[str, Any]:
    release = _release_in(folder)

    async def get_chunk(address: bytes) -> bytes:
        if address == release.manifest:
            return (folder / "manifest").read_bytes()
        return (folder / "objects" / address.hex()).read_bytes()

    _forget_peak()
    before_bytes = psutil.Process().memory_info().rss
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    fetched = await fetch_release(release, slots, get_chunk)
    return {
        "fetched_bytes": fetched.bytes_fetched,
        "chunks": fetched.objects_fetched,
        "took_s": round(time.perf_counter() - started_s, 3),
        "cpu_s": round(time.process_time() - started_cpu_s, 3),
        "grown_mb": round((_peak_bytes() - before_bytes) / 1e6, 1),
        "peak_mb": round(_peak_bytes() / 1e6, 1),
    }


def _release_in(folder: Path) -> Release:
    told = read_as(folder / "release.json", ReleaseFile, RELEASE_FILE_BYTES_MAX, "a release")
    offers = tuple(Offer(tree, bytes.fromhex(address), length) for tree, (address, length) in told.deltas.items())
    return Release(
        told.name, told.layer, told.version, told.tree, bytes.fromhex(told.manifest), told.manifest_length, (),
        told.notes, 1, platform=told.platform, deltas=offers,
    )  # fmt: skip


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(*sys.argv[1:])
