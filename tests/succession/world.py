"""A node of an installation that becomes another program while people read from its vault.

The installation is this checkout and the interpreter of the tests; other apps are copies of it in slots of the home.
A signal makes the node want another program, in place of an app release.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.api.client import ApiError, Client, NotRunning
from node.api.schema import Status
from node.practice.host import PlainVault
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.home import Home
from node.update.files import programs
from node.update.files.programs import Program
from node.update.files.starting import CACHE, LAUNCHER, Installation
from node.vault.control import Pace
from tests.benchmarks.vaults import Vaults
from tests.signed_world import World as SignedWorld

ROOT: Final = Path(__file__).parents[2]
QUOTA_BYTES: Final = 1 << 26
CHUNKS, CHUNK_BYTES = 20, 1 << 12
UP_S_MAX: Final = 60.0
READ_S: Final = 0.01  # between two reads
LOOK_S: Final = 0.02  # between two questions to the API
# Nobody repairs or audits: the reader stays empty.
PACE: Final = Pace(audit_s=3600.0, repair_delay_s=3600.0, repair_bytes_per_s=1 << 10, ping_s=1.0)

OTHER: Final = Program(app=hashlib.sha256(b"another app").hexdigest())

# Runs what ``perennial run`` runs, and becomes the program that the environment names when a signal comes.
WANTING: Final = """\
import asyncio, json, os, signal, sys
sys.path.insert(0, sys.argv.pop(1))
from node.supervisor.supervisor import Supervisor
from node.update.files import programs
run = Supervisor.run
async def wanting(self, hold_on):
    wanted = programs.Program(**json.loads(os.environ.pop("WANTED")))
    def want():
        programs.point(self.home.slots, wanted)
        self.become(wanted)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, want)
    await run(self, hold_on)
Supervisor.run = wanting
from node.cli import main
sys.exit(main())
"""


@dataclass(slots=True)
class Watch:
    """What people and the app noticed."""

    reads: int = 0
    failed_reads: int = 0
    wrong_reads: int = 0
    cpu_s: float = 0.0  # of the node's process, from the wish to become another program to its first answer
    silent_s_max: float = 0.0  # the longest time between two answers of the API
    last_answer_s: float = field(default_factory=time.monotonic)
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """``perennial run`` as a launcher starts it."""

    home: Home
    client: Client
    process: asyncio.subprocess.Process
    vault_pid: int

    def vaults(self) -> list[int]:
        """The pids of its children.  Blocking, but short."""
        pid = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]

    def cpu_s(self) -> float:
        """Blocking, but short."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # the clock of a whole process, clock_getcpuclockid(3)

    def is_other(self) -> bool:
        """Whether it has become OTHER.  Blocking, but short."""
        return OTHER.app.encode() in Path(f"/proc/{self.process.pid}/cmdline").read_bytes()


def installation_in(folder: Path) -> Installation:
    """An installation that is this checkout and the interpreter of the tests."""
    folder.mkdir()
    (folder / "app").symlink_to(ROOT)
    (folder / "runtime").symlink_to(sys.prefix)
    return Installation(folder)


def put_other(slots: Path, *, change: tuple[str, str, str] | None = None) -> None:
    """This checkout's ``node`` in the slot of OTHER; ``change``: a file, a passage of it, and what stands instead.

    Do it while the node runs: at its start it removes what nothing points to.
    """
    tree = slots / "app" / OTHER.app
    shutil.copytree(ROOT / "node", tree / "node", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "resources").symlink_to(ROOT / "resources")
    if change is not None:
        file = tree / "node" / change[0]
        text = file.read_text(encoding="utf-8")
        assert text.count(change[1]) == 1, change
        file.write_text(text.replace(change[1], change[2]), encoding="utf-8")


@contextlib.asynccontextmanager
async def running(folder: Path, installation: Installation, wanted: Program = OTHER) -> AsyncIterator[Node]:
    """The installed program, which becomes ``wanted`` when it is told to; ended with all that it became."""
    home = Home.open(folder)
    command = list(installation.command(home.slots, programs.INSTALLED, ("run", "--home", str(folder), "--until-eof")))
    command[command.index("-c") + 1] = WANTING
    with (home.logs / "supervisor.out").open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out,
            env=os.environ | {LAUNCHER: str(installation.launcher), "WANTED": f'{{"app": "{wanted.app}"}}'},
        )  # fmt: skip
    try:
        async with Client(folder) as client:
            node = Node(home, client, process, 0)
            await answered(client)
            await until(lambda: (home.state / "record").exists() and node.vaults() != [])
            yield Node(home, client, process, node.vaults()[0])
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UP_S_MAX):
                await process.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; raises TimeoutError after UP_S_MAX."""
    async with asyncio.timeout(UP_S_MAX):
        while not is_so():  # other processes can only be looked at again
            await asyncio.sleep(LOOK_S)


async def answered(client: Client) -> Status:
    """The status, as soon as the API answers."""
    async with asyncio.timeout(UP_S_MAX):
        while True:
            with contextlib.suppress(NotRunning, ApiError):
                return await client.status()
            await asyncio.sleep(LOOK_S)


async def until_listening(client: Client) -> None:
    """Return when the vault can be reached."""
    async with asyncio.timeout(UP_S_MAX):
        while (await client.status()).space.chunk_count == 0:  # it has said nothing yet
            await asyncio.sleep(LOOK_S)


async def stored(client: Client) -> list[bytes]:
    """Chunks that nobody but this node holds yet, by their addresses."""
    addresses = []
    for number in range(CHUNKS):
        content = bytes([number]) * CHUNK_BYTES
        with contextlib.suppress(ApiError):  # one vault is too few for all receipts
            await client.put_chunk(content)
        addresses.append(hashlib.sha256(content).digest())
    async with asyncio.timeout(UP_S_MAX):
        while (await client.status()).space.chunk_count < CHUNKS:
            await asyncio.sleep(LOOK_S)
    return addresses


async def read_on(reader: PlainVault, addresses: list[bytes], watch: Watch) -> None:
    """Read one chunk after the other from the network, until cancelled."""
    for address in itertools.cycle(addresses):
        try:
            content = await reader.get(address)
        except (RequestRefused, VaultUnavailable):
            watch.failed_reads += 1
        else:
            watch.reads += 1
            watch.wrong_reads += hashlib.sha256(content).digest() != address
        await asyncio.sleep(READ_S)


async def look_on(client: Client, watch: Watch) -> None:
    """Ask the API again and again, until cancelled."""
    while True:
        with contextlib.suppress(NotRunning, ApiError):
            watch.status = await client.status()
            now_s = time.monotonic()
            watch.silent_s_max = max(watch.silent_s_max, now_s - watch.last_answer_s)
            watch.last_answer_s = now_s
        await asyncio.sleep(LOOK_S)


@contextlib.asynccontextmanager
async def watched(folder: Path, node: Node, addresses: list[bytes]) -> AsyncIterator[Watch]:
    """Somebody else's vault reads from the node's, and an app asks its API, all the time."""
    async with Vaults(folder, PACE, QUOTA_BYTES) as vaults:
        vaults.all[1] = known = PlainVault("the node's", folder, "127.0.1.1:0", vaults.chain)
        known.record = (node.home.state / "record").read_bytes()
        reader = await vaults.add(2)
        del vaults.all[1]
        async with asyncio.timeout(UP_S_MAX):
            while (await reader.state()).peer_count < 1:
                await asyncio.sleep(LOOK_S)
        watch = Watch()
        async with asyncio.TaskGroup() as tasks:
            watching = [
                tasks.create_task(read_on(reader, addresses, watch)),
                tasks.create_task(look_on(node.client, watch)),
            ]
            yield watch
            for task in watching:
                task.cancel()


def become(node: Node) -> None:
    node.process.send_signal(signal.SIGUSR1)


def made_home(folder: Path, cache: Path | None = None) -> Home:
    """``cache``: for the byte code of several homes."""
    home = Home.make(
        folder, kind="practice", root=SignedWorld().genesis, bind="127.0.1.1:0", quota_bytes=QUOTA_BYTES, pace=PACE
    )
    if cache is not None:
        (home.slots / CACHE).symlink_to(cache)
    return home
