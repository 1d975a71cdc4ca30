"""The store: durable puts against the same steps by hand, and a store of 100,000 chunks against one of 1,000."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from node.practice.host import PlainVault
from node.practice.profile import PACE
from node.supervisor.ports import Slot
from node.trust.chain import Chain
from node.update.files.slots import Slots
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import RealFileSystem
from tests.benchmarks.by_hand import Put, by_hand
from tests.benchmarks.rows import Detail, Row, at_least, at_most
from tests.signed_world import World as SignedWorld

THREADS = 8
ROUNDS = 15
PUTS_PER_ROUND = 64
FEW, MANY = 1_000, 100_000
SMALL_BYTES = 64
STARTS = 9
SINGLE_PUTS = 200
QUOTA_BYTES = 1 << 40


def measure() -> list[Row]:
    """Takes a minute or two and 1 GB of disk."""
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    try:
        few, many = (_filled(folder / f"{count}", count) for count in (FEW, MANY))
        return [_durable_put(folder), _start_up(folder, few, many), _p50_put(few, many)]
    finally:
        shutil.rmtree(folder)


def _durable_put(folder: Path) -> Row:
    """Rounds of both, turn by turn, so that a slow minute of the machine is one for both."""
    makers: dict[str, Callable[[Path], Put]] = {
        "by hand": by_hand,
        "store": lambda at: ChunkStore(RealFileSystem(at), QUOTA_BYTES).put,
        "store, hashing": lambda at: _hashing(ChunkStore(RealFileSystem(at), QUOTA_BYTES)),
    }
    rates: dict[str, list[float]] = {name: [] for name in makers}
    for number in range(ROUNDS):
        names = list(makers)
        for name in names[number % 3 :] + names[: number % 3]:
            at = folder / "round"
            contents = [os.urandom(CHUNK_BYTES_MAX) for _ in range(PUTS_PER_ROUND)]
            rates[name].append(_rate(makers[name](at), contents))
            shutil.rmtree(at)
    ratios = {name: _median_ratio(rates[name], rates["by hand"]) for name in ("store", "store, hashing")}
    detail: Detail = {f"{name}, MiB/s": round(statistics.median(values), 1) for name, values in rates.items()}
    detail["ratio when the store hashes too"] = ratios["store, hashing"]
    what = "durable put of 1 MiB, 8 at a time, against the same steps by hand"
    return at_least(what, ratios["store"], 0.8, "of it", detail)


def _start_up(folder: Path, few: Path, many: Path) -> Row:
    seconds = asyncio.run(_starts(folder, {FEW: few, MANY: many}))
    return at_most(
        "start of the process until it listens, 100,000 chunks against 1,000",
        _median_ratio(seconds[MANY], seconds[FEW]), 1.3, "x",
        {f"{count} chunks, s": round(statistics.median(values), 3) for count, values in seconds.items()},
    )  # fmt: skip


async def _starts(folder: Path, homes: dict[int, Path]) -> dict[int, list[float]]:
    """The first start of each home, which counts its chunks, is left out."""
    slots = Slots(folder / "slots")
    tree_hash = slots.fill_from_checkout()
    slot = Slot(tree_hash, slots.verify("vault", tree_hash), slots.pycache("vault", tree_hash))
    chain = Chain.start(SignedWorld().genesis)
    seconds: dict[int, list[float]] = {count: [] for count in homes}
    for number in range(STARTS + 1):
        for count, home in homes.items():
            vault = PlainVault("vault", home, "127.0.0.1:0", chain)
            started_s = time.perf_counter()
            try:
                await vault.start(slot, (), PACE, QUOTA_BYTES)
                if number > 0:
                    seconds[count].append(time.perf_counter() - started_s)
            finally:
                await vault.stop()
    return seconds


def _p50_put(few: Path, many: Path) -> Row:
    stores = {
        count: ChunkStore(RealFileSystem(home / "vault"), QUOTA_BYTES) for count, home in ((FEW, few), (MANY, many))
    }
    seconds: dict[int, list[float]] = {count: [] for count in stores}
    for _ in range(SINGLE_PUTS):
        content = os.urandom(CHUNK_BYTES_MAX)
        address = address_of(content)
        for count, store in stores.items():
            started_s = time.perf_counter()
            store.put(content, address)
            seconds[count].append(time.perf_counter() - started_s)
            store.remove(address)
    p50_ms = {count: 1000 * statistics.median(values) for count, values in seconds.items()}
    return at_most(
        "p50 of a durable put of 1 MiB, 100,000 chunks against 1,000", p50_ms[MANY] / p50_ms[FEW], 1.3, "x",
        {f"{count} chunks, ms": round(value, 2) for count, value in p50_ms.items()},
    )  # fmt: skip


def _filled(home: Path, count: int) -> Path:
    """A vault's home with so many small chunks, which nobody flushed: all that matters is how many there are."""
    for folder in ("incoming", "chunks"):
        (home / "vault" / folder).mkdir(parents=True)
    for number in range(count):
        content = number.to_bytes(SMALL_BYTES, "big")
        (home / "vault" / "chunks" / hashlib.sha256(content).hexdigest()).write_bytes(content)
    os.sync()
    return home


def _hashing(store: ChunkStore) -> Put:
    return lambda content, _: store.put(content)


def _rate(put: Put, contents: list[bytes]) -> float:
    addresses = [address_of(content) for content in contents]
    with ThreadPoolExecutor(THREADS) as threads:
        started_s = time.perf_counter()
        list(threads.map(put, contents, addresses))
        return len(contents) / (time.perf_counter() - started_s)


def _median_ratio(these: list[float], those: list[float]) -> float:
    return round(statistics.median(this / that for this, that in zip(these, those, strict=True)), 3)
