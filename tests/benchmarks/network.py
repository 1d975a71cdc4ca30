"""Storing in and fetching from a whole network of real vaults, against a TLS copy of the same bytes.

Five vault processes in their sandboxes, each in a subnet of its own, so that all five hold every chunk, durably.  One
of them is given all orders, as a person gives them to the own vault.  What is fetched is asked of a sixth vault that
joins after everything was stored and holds nothing: each byte travels from vault to vault, and the row says how many
chunks the sixth held at the end.  The copy is one TLS 1.3 stream for the large file, and one connection for each of
those at a time for the small ones.  Copy and network take turns.

The same bytes also go over bare QUIC streams without any vault (``bare``): once only moved, once hashed and kept
durably by hand as well.  No network that keeps chunks over this transport can be faster than the latter.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from node.practice.host import PlainVault
from node.vault.control import Pace
from tests.benchmarks.bare import bare_streams
from tests.benchmarks.rows import Row, at_most, printed
from tests.benchmarks.tls import TlsCopy, tls_copy
from tests.benchmarks.vaults import Vaults, temporary_folder

HOLDERS = 5
ROUNDS = 5
CHUNK_BYTES = 1 << 20
LARGE_CHUNKS, LARGE_AT_A_TIME = 100, 16
FILES, FILES_AT_A_TIME = 200, 8
QUOTA_BYTES = 1 << 33
# Nothing that a vault does by itself falls into the seconds of a run; the newcomer is to stay empty for them, too.
PACE = Pace(audit_s=3600.0, repair_delay_s=3600.0, repair_bytes_per_s=1 << 10)

Times = dict[str, list[float]]


def measure() -> list[Row]:
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    rows = []
    with temporary_folder() as folder:
        for name, chunks, at_a_time, connections, limits in (
            ("100 MiB", LARGE_CHUNKS, LARGE_AT_A_TIME, 1, (6.0, 2.5)),
            ("200 files of 1 MiB", FILES, FILES_AT_A_TIME, FILES_AT_A_TIME, (10.0, 3.0)),
        ):
            place = folder / str(chunks)
            place.mkdir()
            async with Vaults(place, PACE, QUOTA_BYTES) as vaults, tls_copy(place, connections) as copy:
                times = await _rounds(vaults, copy, chunks, at_a_time, is_one=connections == 1)
            async with bare_streams(HOLDERS - 1, place) as bare:
                for _ in range(ROUNDS):
                    contents = [os.urandom(CHUNK_BYTES) for _ in range(chunks)]
                    times["put bare"].append(await bare.move(chunks * (HOLDERS - 1)))
                    times["put by hand"].append(await bare.put(contents, at_a_time))
                    times["get bare"].append(await bare.move(chunks))
                    times["get by hand"].append(await bare.move(chunks, is_hashed=True))
            rows += _rows(name, chunks, at_a_time, connections, limits, times)
    return rows


async def _rounds(vaults: Vaults, copy: TlsCopy, chunks: int, at_a_time: int, *, is_one: bool) -> Times:
    """Seconds of each round by what was done."""
    times: Times = {f"{kind}{by}": [] for kind in ("put", "get") for by in ("", " copy", " bare", " by hand")}
    times["held by the sixth"] = []
    for number in range(1, HOLDERS + 1):
        await vaults.add(number)
    await vaults.wait_until_known(HOLDERS - 1)
    own = vaults.all[1]
    rounds = [[os.urandom(CHUNK_BYTES) for _ in range(chunks)] for _ in range(ROUNDS)]
    for contents in rounds:
        copies = [contents] if is_one else [[content] for content in contents]
        times["put copy"].append(await copy.put(copies))
        times["put"].append(await _together(contents, at_a_time, lambda content: _put(own, content)))
        print(f"put {times['put'][-1]:.2f} s, copy {times['put copy'][-1]:.2f} s", file=sys.stderr, flush=True)
    newcomer = await vaults.add(HOLDERS + 1)
    async with asyncio.timeout(60):
        while (await newcomer.state()).peer_count < HOLDERS:
            await asyncio.sleep(0.1)
    for contents in rounds:
        copies = [contents] if is_one else [[content] for content in contents]
        addresses = [hashlib.sha256(content).digest() for content in contents]
        times["get copy"].append(await copy.get(copies))
        times["get"].append(await _together(addresses, at_a_time, newcomer.get))
        print(f"get {times['get'][-1]:.2f} s, copy {times['get copy'][-1]:.2f} s", file=sys.stderr, flush=True)
        for content in contents:  # what came is what was stored; asked once more, outside of the time taken
            assert await newcomer.get(hashlib.sha256(content).digest()) == content
    times["held by the sixth"].append((await newcomer.state()).chunk_count)
    return times


async def _put(vault: PlainVault, content: bytes) -> None:
    copies = await vault.put(content)
    assert copies == HOLDERS, f"{copies} vaults signed for a chunk"


async def _together(what: Sequence[bytes], at_a_time: int, do: Callable[[bytes], Awaitable[Any]]) -> float:
    """Seconds for doing something with each, ``at_a_time`` of them at once."""
    left = iter(what)

    async def work() -> None:
        for one in left:
            await do(one)

    started_s = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_a_time)))
    return time.perf_counter() - started_s


def _rows(
    name: str, chunks: int, at_a_time: int, connections: int, limits: tuple[float, float], times: Times
) -> list[Row]:
    rows = []
    for kind, limit in zip(("put", "get"), limits, strict=True):
        seconds, copy_s = statistics.median(times[kind]), statistics.median(times[f"{kind} copy"])
        detail: dict[str, float | str] = {
            "vaults": HOLDERS,
            "in_flight": at_a_time,
            "tls_connections": connections,
            "median_s": round(seconds, 3),
            "median_copy_s": round(copy_s, 3),
            "mib_per_s": round(chunks * CHUNK_BYTES / (1 << 20) / seconds, 1),
            "rounds_s": " ".join(f"{value:.2f}" for value in times[kind]),
            "rounds_copy_s": " ".join(f"{value:.2f}" for value in times[f"{kind} copy"]),
        }
        if kind == "get":
            detail["chunks_held_by_the_asked"] = times["held by the sixth"][0]
        what = f"{kind} of {name}"
        rows.append(at_most(f"{what} through {HOLDERS} vaults, by a TLS copy", seconds / copy_s, limit, "x", detail))
        for by, meaning in ((" bare", "alone"), (" by hand", "with hashes and durable copies by hand")):
            bare_s = statistics.median(times[f"{kind}{by}"])
            bare_detail: dict[str, float | str] = {
                "median_s": round(bare_s, 3),
                "vaults_by_it": round(seconds / bare_s, 2),
            }
            text = f"{what}, the bytes by bare QUIC streams {meaning}, by a TLS copy"
            rows.append(printed(text, bare_s / copy_s, "x", bare_detail))
    return rows
