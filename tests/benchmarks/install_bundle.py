"""A bundle of 60 MB in which 3 files of 20 kB change: to publish, to fetch, and what the client needs for it.

The bundle is made up: 8 libraries of 5 MB and 900 modules of 20 kB, of words, so that they pack about as code does.
The fastest of some runs counts: other programs on this machine make none faster.
"""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Final

from node.pod.build import Built, build_tree, load, write
from node.pod.network import found
from node.pod.publish import bundle
from node.pod.sign import sign
from tests.benchmarks.install_client import fetched_in_order
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.vaults import temporary_folder

FETCHED_BYTES_MAX: Final = 75_000
CLIENT_S_MAX: Final = 0.5
CLIENT_MB_MAX: Final = 80.0
PUBLISHED_S_MAX: Final = 2.0
LIBRARIES, LIBRARY_BYTES = 8, 5 << 20
MODULES, MODULE_BYTES = 900, 20_000
FOLDERS: Final = 60
CHANGED: Final = (5, 305, 705)
RUNS: Final = 3
PLATFORM: Final = "linux-x86_64"


def measure() -> list[Row]:
    with temporary_folder() as folder:
        source, chance = folder / "bundle", Random(1)
        write_bundle(source, chance)
        write(_built(source, "1"), folder / "old")
        for number in CHANGED:
            _module(source, number).write_bytes(_words(chance, MODULE_BYTES))
        found(folder / "net", 5, 0)
        publishing = min((_publish(folder, run) for run in range(RUNS)), key=lambda one: one["took_s"])
        homes = [folder / f"home-{run}/slots" for run in range(RUNS)]
        clients = [fetched_in_order(home, folder / "old", folder / "new-0") for home in homes]
        size_bytes = sum(file.stat().st_size for file in source.rglob("*") if file.is_file())
    first, client = min(clients, key=lambda both: both[1]["took_s"])
    detail: dict[str, float | str] = {
        **client, "bundle_bytes": size_bytes, "whole_fetched_bytes": first["fetched_bytes"],
        "whole_grown_mb": first["grown_mb"], "runs": RUNS,
    }  # fmt: skip
    what = "a bundle of 60 MB with 3 files of 20 kB changed"
    return [
        at_most(f"{what}, fetched", client["fetched_bytes"], FETCHED_BYTES_MAX, "bytes", detail),
        at_most(f"{what}, client's time", client["took_s"], CLIENT_S_MAX, "s", detail),
        at_most(f"{what}, client's resident growth at its peak", client["grown_mb"], CLIENT_MB_MAX, "MB", detail),
        at_most(f"{what}, publishing", publishing["took_s"], PUBLISHED_S_MAX, "s", dict(publishing)),
    ]


def _publish(folder: Path, run: int) -> dict[str, float]:
    """Build the next release beside the one before, let one pod sign it, and make ready what a node is handed."""
    out = folder / f"new-{run}"
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    write(_built(folder / "bundle", "2", load(folder / "old")), out)
    built_s = time.perf_counter() - started_s
    sign(out, folder / "net", "ash")
    bundle(out, folder / "net")
    return {
        "took_s": round(time.perf_counter() - started_s, 3),
        "cpu_s": round(time.process_time() - started_cpu_s, 3),
        "built_s": round(built_s, 3),
    }


def write_bundle(source: Path, chance: Random) -> None:
    (source / "bin").mkdir(parents=True)
    (source / "bin/python3").write_bytes(b"#!/bin/sh\n")
    for number in range(LIBRARIES):
        (source / f"lib{number}.so").write_bytes(_words(chance, LIBRARY_BYTES))
    for number in range(MODULES):
        module = _module(source, number)
        module.parent.mkdir(exist_ok=True)
        module.write_bytes(_words(chance, MODULE_BYTES))


def _built(source: Path, version: str, *before: Built) -> Built:
    return build_tree(source, version, layer="runtime", platform=PLATFORM, before=before)


def _module(source: Path, number: int) -> Path:
    return source / f"package{number % FOLDERS}" / f"module{number}.py"


def _words(chance: Random, length: int) -> bytes:
    words = [f"{chance.getrandbits(40):x} ".encode() for _ in range(1_000)]
    return b"".join(chance.choices(words, k=length // 6))[:length]
