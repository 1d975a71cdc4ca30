"""A file of 1 GiB put and fetched in a practice network of eight vaults: each process's memory, and the time."""

from __future__ import annotations

import asyncio
import filecmp
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.practice.network import PracticeNetwork, practice_folder
from node.practice.profile import PracticeProfile
from tests.benchmarks.rows import Row, at_most, printed

FILE_BYTES = 1 << 30
PIECE_BYTES = 1 << 20
VAULTS = 8
QUOTA_BYTES = 3 << 30  # five copies on eight vaults, unevenly spread, and a margin
RESIDENT_MB_MAX = 200
COMMAND_S_MAX = 1_200
LOOK_S = 0.2


def measure(file_bytes: int = FILE_BYTES) -> list[Row]:
    """Run it once; needs about nine times ``file_bytes`` on the disk."""
    with practice_folder(None, is_kept=False) as folder:
        return asyncio.run(_measure_in(folder, file_bytes))


async def _measure_in(folder: Path, file_bytes: int) -> list[Row]:
    profile = PracticeProfile(vaults=VAULTS, farms=1, quota_bytes=QUOTA_BYTES)
    source, target = folder / "source.bin", folder / "target.bin"
    await asyncio.to_thread(_make_file, source, file_bytes)
    async with PracticeNetwork(folder, profile) as network:
        await network.wait_until_it_stands()
        farm = network.farms[0]
        watched = {member.name: member.pid for member in network.members()} | {f"{farm.name}'s supervisor": farm.pid}
        with _watching(watched) as peaks:
            put, put_s = await asyncio.to_thread(_command, peaks, "put", str(source), farm.folder)
            get, get_s = await asyncio.to_thread(_command, peaks, "get", put["address"], farm.folder, "-o", str(target))
    is_same = await asyncio.to_thread(filecmp.cmp, source, target, shallow=False)
    assert get["length_bytes"] == file_bytes
    assert is_same, "what was fetched is not what was put"
    return [
        at_most(f"largest process while {file_bytes >> 20} MiB are put and fetched", max(peaks.values()),
                RESIDENT_MB_MAX, "MB resident", dict(sorted(peaks.items()))),
        _pace("put", put_s, file_bytes, {"holders_least": put["holders_least"], "chunks": put["chunks"]}),
        _pace("get", get_s, file_bytes, {}),
    ]  # fmt: skip


def _pace(what: str, seconds: float, file_bytes: int, detail: dict[str, float | str]) -> Row:
    in_all = {"mb_per_s": round(file_bytes / 1e6 / seconds, 2), **detail}
    return printed(f"{what} of {file_bytes >> 20} MiB", seconds, "s", in_all)


def _make_file(path: Path, file_bytes: int) -> None:
    with path.open("wb") as file:
        for _ in range(file_bytes // PIECE_BYTES):
            file.write(os.urandom(PIECE_BYTES))


def _command(peaks: dict[str, float], verb: str, what: str, home: Path, *more: str) -> tuple[dict[str, Any], float]:
    """Run ``perennial put`` or ``get`` to its end; returns what it printed and the seconds it took."""
    started_s = time.monotonic()
    with (
        subprocess.Popen(
            [sys.executable, "-I", "-m", "node.cli", verb, what, "--json", "--home", str(home), *more],
            stdout=subprocess.PIPE,
        ) as process,
        _watching({f"perennial {verb}": process.pid}) as own_peaks,
    ):
        printed_text, _ = process.communicate(timeout=COMMAND_S_MAX)
    seconds = time.monotonic() - started_s
    peaks.update(own_peaks)
    if process.returncode:
        raise SystemExit(f"perennial {verb} failed: {printed_text.decode()}")
    answer: dict[str, Any] = json.loads(printed_text)
    return answer, seconds


@contextmanager
def _watching(processes: dict[str, int]) -> Iterator[dict[str, float]]:
    """Keep the largest resident memory of each process, in MB, while the block runs."""
    peaks = dict.fromkeys(processes, 0.0)
    is_over = threading.Event()

    def watch() -> None:
        living = {name: psutil.Process(pid) for name, pid in processes.items()}
        while not is_over.wait(LOOK_S):
            for name, process in list(living.items()):
                try:
                    peaks[name] = max(peaks[name], round(process.memory_info().rss / 1e6, 1))
                except psutil.Error:
                    del living[name]

    thread = threading.Thread(target=watch, name="memory")
    thread.start()
    try:
        yield peaks
    finally:
        is_over.set()
        thread.join()


if __name__ == "__main__":
    for row in measure(int(sys.argv[1]) << 20 if len(sys.argv) > 1 else FILE_BYTES):
        print(row)
