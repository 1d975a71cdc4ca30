"""Three public computers and some homes, each with a real vault at the pace of real life: whether they meet."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tests.routers.bed import OUTSIDE, internet, namespace
from tests.routers.home import Begin, Order, Said
from tests.signed_world import World as SignedWorld

PUBLIC: Final = 3
HOLDERS: Final = 5
PORT: Final = 4477
MEET_S_MAX: Final = 60.0
LOOK_S: Final = 0.5
ANSWER_S_MAX: Final = 60.0
LINE_BYTES_MAX: Final = 1 << 22
CHUNK_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Met:
    """What a home says at the end: how many others it knows, and how often it met one by way of a third."""

    name: str
    peers: int
    is_outer_named: bool
    meetings: dict[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """``unknown``: how many pairs have not met, each counted from both sides.  ``after_s``: the last one was there."""

    homes: tuple[Met, ...]
    unknown: int
    after_s: float
    copies: int
    is_read: bool


class Home:
    """A vault in a namespace."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    async def ask(self, order: Order | Begin) -> Said:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        async with asyncio.timeout(ANSWER_S_MAX):
            return msgspec.json.decode(await self._process.stdout.readline(), type=Said)


async def play(homes: int, *, is_symmetric: bool = False) -> Found:
    """Play it.

    Raises:
        NoBed: There can be no namespaces here.
    """
    root = SignedWorld().genesis
    with tempfile.TemporaryDirectory() as place:
        async with internet(PUBLIC, homes, is_symmetric=is_symmetric), contextlib.AsyncExitStack() as stack:
            names = [*(f"public-{n + 1}" for n in range(PUBLIC)), *(f"home-{n + 1}" for n in range(homes))]
            contacts: list[bytes] = []
            everyone = []
            for name in names:
                home = await stack.enter_async_context(_started(name, Path(place)))
                said = await home.ask(Begin(root, tuple(contacts[:PUBLIC])))
                contacts.append(said.record)
                everyone.append(home)
            return await _look(everyone)


@contextlib.asynccontextmanager
async def _started(name: str, folder: Path) -> AsyncIterator[Home]:
    process = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", namespace(name), sys.executable, "-m", "tests.routers.home", str(folder / name),
        f"0.0.0.0:{PORT}", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES_MAX,
    )  # fmt: skip
    try:
        yield Home(name, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _look(everyone: list[Home]) -> Found:
    begun_s, others = time.monotonic(), len(everyone) - 1
    while True:
        said = [await home.ask(Order()) for home in everyone]
        after_s, unknown = time.monotonic() - begun_s, sum(others - one.peers for one in said)
        if unknown == 0 or after_s > MEET_S_MAX:
            break
        await asyncio.sleep(LOOK_S)  # other processes can only be asked again
    content = os.urandom(CHUNK_BYTES)
    first, last = everyone[PUBLIC], everyone[-1]
    put = await last.ask(Order(put=content))
    got = await first.ask(Order(get=hashlib.sha256(content).digest()))
    homes = tuple(
        Met(
            home.name, one.peers, any(address.startswith(OUTSIDE) for address in one.addresses),
            {name: count for name, count in one.counters.items() if name.startswith("meeting")},
        )
        for home, one in zip(everyone, said, strict=True)
    )  # fmt: skip
    return Found(homes, unknown, after_s, put.copies, got.content == content)
