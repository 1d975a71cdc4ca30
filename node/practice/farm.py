"""A full farm of the practice network: a home of its own, and ``perennial run`` on it in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

import node
from node.api.client import ApiError, Client, NotRunning
from node.api.schema import Status, Update, Updates
from node.practice.releases import PracticeError
from node.supervisor.home import Home
from node.vault.control import Pace
from node.vault.core.identity import decode_record

POLL_S: Final = 0.3
STOP_S: Final = 20.0
LOG: Final = "supervisor.log"
# The code that runs here, wherever it lies: what is installed is no package of its Python.
_CODE: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from node.cli import main; main()"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """One vault of the network, as scripts want to know it."""

    name: str
    id: str  # vault id, hex
    pid: int
    address: str  # IP
    folder: str


class Farm:
    """One farm.  Its process is started and asked just as a person's would be.

    It has a session of its own, so that a Ctrl+C in the terminal does not make each farm hand its chunks to others
    that end as well: the network ends them all.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.client = Client(folder)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *, root: bytes, bind: str, quota_bytes: int, contacts: tuple[bytes, ...], pace: Pace) -> None:
        """Make the home and start the node on it.

        Raises:
            HomeError: The home cannot be made.
        """
        await asyncio.to_thread(
            Home.make, self.folder, kind="practice", root=root, bind=bind, quota_bytes=quota_bytes,
            contacts=contacts, pace=pace,
        )  # fmt: skip
        await self.start_again()

    async def start_again(self) -> None:
        """Start the node on the home that is there; the one from before has ended."""
        with (self.folder / "logs" / LOG).open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_command(), "run", "--until-eof", "--home", str(self.folder),
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def member(self) -> Member:
        """The farm's own vault: the only child of its supervisor as long as no trial runs.  Blocking, but short."""
        record = decode_record((self.folder / "state" / "record").read_bytes(), time.time())
        (vault,) = psutil.Process(self.pid).children()
        address = record.addresses[0].rpartition(":")[0]
        return Member(f"{self.name}'s vault", record.vault_id.hex(), vault.pid, address, str(self.folder))

    async def wait_until_up(self, peers: int, timeout_s: float) -> Status:
        """Return the status as soon as the farm's vault knows ``peers`` others.

        Raises:
            PracticeError: The process ended, or it took longer than ``timeout_s``.
        """
        status: Status | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while status is None or status.peer_count < peers:
                    if self._process is not None and self._process.returncode is not None:
                        raise PracticeError(f"{self.name} ended while it started: {self.words()}")
                    await asyncio.sleep(POLL_S)
                    with contextlib.suppress(NotRunning, ApiError):
                        status = await self.client.status()
        except TimeoutError as error:
            known = 0 if status is None else status.peer_count
            raise PracticeError(f"{self.name} knows {known} of {peers} vaults after {timeout_s:.0f} s") from error
        return status

    async def updates(self) -> Updates:
        """The farm's history; an empty one while it does not answer."""
        try:
            return await self.client.updates()
        except (NotRunning, ApiError) as error:
            logger.info("%s does not answer: %s", self.name, error)
            return Updates((), ())

    async def update(self, release: str) -> Update | None:
        return next((item for item in (await self.updates()).items if item.release == release), None)

    async def ended(self) -> int:
        """Wait until the process has ended, whatever ends it; its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End the farm as a part of the network that ends: it hands nothing over."""
        await self.client.close()
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            logger.warning("%s does not stop and is killed", self.name)
            process.kill()
            await process.wait()

    def words(self) -> str:
        """The last line that it said.  Blocking, but short."""
        lines = (self.folder / "logs" / LOG).read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"


def _command() -> tuple[str, ...]:
    """What starts ``perennial`` with the code that runs here; byte code is kept where it is kept for this process."""
    kept = ("-X", f"pycache_prefix={sys.pycache_prefix}") if sys.pycache_prefix else ("-B",)
    return (sys.executable, "-I", *kept, "-c", _CODE, str(Path(str(node.__file__)).parents[1]))
