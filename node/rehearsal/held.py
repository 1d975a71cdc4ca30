"""The candidate's program on a home that is thrown away: held, and asked as any node would be."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import psutil  # type: ignore[import-untyped]  # it ships no types

from node.api.client import ApiError, NotRunning
from node.api.schema import SettingsPatch
from node.practice.farm import Farm
from node.rehearsal.limits import Limits
from node.sandbox.program import ProgramSpec
from node.update.files import programs
from node.update.files.starting import INSTALLED_FILE, LAUNCHER, Installation, Installed

POLL_S: Final = 0.3
NODE: Final = "node.cli"
WINDOW: Final = "gui.__main__"
WORDS_CHARACTERS_MAX: Final = 200
LOG_BYTES: Final = 4096

T = TypeVar("T")


class CandidateFailed(Exception):
    """The candidate did not do what every app must; the message is a clause about it."""


@dataclass(frozen=True, slots=True)
class Program:
    """An app in its folder; ``runtime`` and ``hidden`` as in ``ProgramSpec``.  ``work`` is for what is thrown away.

    ``installation``: where it is told that it is installed; None: nowhere, so that it takes no release of an app.
    """

    app: Path
    work: Path
    runtime: Path | None = None
    hidden: Path | None = None
    installation: Installation | None = None

    def installed(self, tree_hash: str = "") -> Program:
        """The same as an installed one, of a tree that may be unknown.  Blocking.  Raises OSError."""
        folder = self.work / f"installation{tree_hash}"
        folder.mkdir()
        (folder / "app").symlink_to(self.app)
        (folder / "runtime").symlink_to(self.runtime or Path(sys.prefix))
        (folder / INSTALLED_FILE).write_bytes(msgspec.json.encode(Installed(app=tree_hash)))
        return dataclasses.replace(self, installation=Installation(folder))

    def spec(self, home: Path) -> ProgramSpec:
        cache = self.work / "cache"
        cache.mkdir(exist_ok=True)
        facts = self.work / f"{home.name}.held"
        installation = self.installation
        return ProgramSpec(
            app=self.app, home=home, cache=cache, facts=facts, runtime=self.runtime, hidden=self.hidden,
            shown=installation.folder if installation is not None else None,
            variables={LAUNCHER: str(installation.launcher)} if installation is not None else {},
        )  # fmt: skip


class HeldFarm(Farm):
    """A farm that the candidate runs."""

    def __init__(self, name: str, folder: Path, program: Program, limits: Limits) -> None:
        super().__init__(name, folder)
        self._program = program
        self._limits = limits
        # Not in its home: what it has put there, a link say, would lead this program wherever the candidate likes.
        self._log = program.work / f"{folder.name}.said"

    async def start_again(self) -> None:
        """Start the candidate on the home that is there.

        Raises:
            OSError: This computer could not.
        """
        spec = self._program.spec(self.folder)
        command = spec.command(NODE, ("run", "--until-eof", "--home", str(self.folder)))
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )

    async def until_up(self) -> None:
        """Return when its API answers.

        Raises:
            CandidateFailed: It does not, or it has ended.
            OSError: It could not be kept from the farmer's files.
        """
        await self.until(self.client.status, lambda _: True, self._limits.up_s, "it did not come up")
        if not self._program.spec(self.folder).is_held():
            raise OSError("a program cannot be kept from the files of this computer")

    async def until(
        self, ask: Callable[[], Awaitable[T]], is_so: Callable[[T], bool], limit_s: float, failing: str
    ) -> T:
        """Ask again and again; return the first answer that is so.

        Raises:
            CandidateFailed: None came in time, or it has ended; ``failing`` is what to say.
        """
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    if self.is_over:
                        raise CandidateFailed(f"{failing}: it ended by itself, with {self.words()!r}")
                    self._check_door(failing)
                    with contextlib.suppress(NotRunning, ApiError, msgspec.ValidationError):
                        if is_so(answer := await ask()):
                            return answer
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise CandidateFailed(f"{failing} within {limit_s:.0f} s") from error

    async def change_settings(self, patch: SettingsPatch) -> None:
        """Raises CandidateFailed: It does not let itself be told."""
        self._check_door("it does not change the settings")
        try:
            await self.client.patch_settings(patch)
        except (ApiError, NotRunning) as error:
            raise CandidateFailed(f"it does not change the settings: {error}") from error

    def _check_door(self, failing: str) -> None:
        """Who asks it must not ask the farmer's node instead, let alone change that one's settings."""
        if (self.folder / "api.sock").is_symlink():
            raise CandidateFailed(f"{failing}: in the place of its API is a link")

    @property
    def is_over(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def end(self) -> None:
        """Ask it to end, and see it end.

        Raises:
            CandidateFailed: It does not, or not as it should.
        """
        await self.client.close()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(self._limits.stop_s):
                code = await process.wait()
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise CandidateFailed(f"asked to end, it did not within {self._limits.stop_s:.0f} s") from error
        if code:
            raise CandidateFailed(f"asked to end, it ended with code {code}")

    async def open_pages(self) -> None:
        """Let the candidate's window show every page of this home.

        Raises:
            CandidateFailed: It did not, or not in time.
        """
        command = self._program.spec(self.folder).command(WINDOW, ("--check-pages", "--home", str(self.folder)))
        code = await run_to_its_end(command, self._log, self._limits.pages_s)
        if code is None:
            raise CandidateFailed(f"its window did not open every page within {self._limits.pages_s:.0f} s")
        if code:
            raise CandidateFailed(f"its window could not open every page: {self.words()!r}")

    def is_app(self, tree_hash: str) -> bool:
        """Whether its process is that app from its slot, and the file says that a start would be.  Blocking, but short.

        What it tells of itself is not asked.
        """
        slots = self.folder / "slots"
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
            is_run = str(slots / "app" / tree_hash).encode() in command
            return is_run and programs.read(slots).current.app == tree_hash
        return False

    def is_installed_app(self) -> bool:
        """The same of the one that was installed."""
        assert self._program.installation is not None
        slots = self.folder / "slots"
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes()
            return str(slots / "app").encode() not in command and programs.read(slots).current == programs.INSTALLED
        return False

    def vault_pid(self) -> int:
        """The oldest of its children: no trial runs now.  Blocking, but short; 0 for none."""
        children = psutil.Process(self.pid).children()
        return min(children, key=psutil.Process.create_time).pid if children else 0

    def words(self) -> str:
        """The last line that it said, made harmless.  Blocking, but short."""
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - LOG_BYTES))
            lines = [line for line in file.read(LOG_BYTES).decode(errors="replace").splitlines() if line.strip()]
            last = lines[-1].strip() if lines else ""
            return "".join(c if c.isprintable() else "?" for c in last)[:WORDS_CHARACTERS_MAX]
        return ""


async def run_to_its_end(command: Sequence[str], log: Path, limit_s: float) -> int | None:
    """The exit code; None if it took longer and was killed."""
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        async with asyncio.timeout(limit_s):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
