"""``python -m tests.routers [--homes N] [--symmetric]``: do homes behind routers meet, and hold each other's chunks?

Three public computers and some homes, each with a real vault at the pace of real life.  The exit code is 1 when not
every home knows every other one, or a chunk that one put cannot be read by another.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec

from tests.routers.bed import NoBed, internet, namespace
from tests.routers.home import Begin, Order, Said
from tests.signed_world import World as SignedWorld

PUBLIC: Final = 3
PORT: Final = 4477
MEET_S_MAX: Final = 120.0
LOOK_S: Final = 1.0
ANSWER_S_MAX: Final = 60.0


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


@contextlib.asynccontextmanager
async def started(name: str, folder: Path) -> AsyncIterator[Home]:
    process = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", namespace(name), sys.executable, "-m", "tests.routers.home", str(folder / name),
        f"0.0.0.0:{PORT}", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 22,
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


async def play(homes: int, *, is_symmetric: bool) -> bool:
    root = SignedWorld().genesis
    with tempfile.TemporaryDirectory() as place:
        async with internet(PUBLIC, homes, is_symmetric=is_symmetric), contextlib.AsyncExitStack() as stack:
            names = [f"public-{n + 1}" for n in range(PUBLIC)] + [f"home-{n + 1}" for n in range(homes)]
            contacts: list[bytes] = []
            everyone = []
            for name in names:
                home = await stack.enter_async_context(started(name, Path(place)))
                said = await home.ask(Begin(root, tuple(contacts[:PUBLIC])))
                contacts.append(said.record)
                everyone.append(home)
            return await _look(everyone)


async def _look(everyone: list[Home]) -> bool:
    begun_s = time.monotonic()
    behind = everyone[PUBLIC:]
    while True:
        said = [await home.ask(Order()) for home in everyone]
        met_s = time.monotonic() - begun_s
        if all(one.peers == len(everyone) - 1 for one in said) or met_s > MEET_S_MAX:
            break
        await asyncio.sleep(LOOK_S)
    for home, one in zip(everyone, said, strict=True):
        is_outer = any(address.startswith("44.") for address in one.addresses)
        arranged = {name: count for name, count in one.counters.items() if name.startswith("meeting")}
        print(f"{home.name}: knows {one.peers} of {len(everyone) - 1}, names an outer address: {is_outer}, {arranged}")
    content = os.urandom(1 << 16)
    put = await behind[-1].ask(Order(put=content))
    got = await behind[0].ask(Order(get=hashlib.sha256(content).digest()))
    print(f"after {met_s:.0f} s; put by {behind[-1].name}: {put.copies} copies {put.failure}")
    print(f"read by {behind[0].name}: {'as it was' if got.content == content else 'NOT AS IT WAS'} {got.failure}")
    return met_s <= MEET_S_MAX and got.content == content


def main() -> int:
    command = argparse.ArgumentParser(prog="python -m tests.routers", description=__doc__)
    command.add_argument("--homes", type=int, default=4)
    command.add_argument("--symmetric", action="store_true", help="routers that take another port for each peer")
    arguments = command.parse_args()
    try:
        return 0 if asyncio.run(play(arguments.homes, is_symmetric=arguments.symmetric)) else 1
    except NoBed as error:
        print(f"skipped: {error}")
        return 0


if __name__ == "__main__":
    sys.exit(main())
