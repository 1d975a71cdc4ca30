"""What the vault in use is made of and stands in, as protocols: the tests put a small world in their place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from node.sandbox.report import SandboxReport
from node.sandbox.usage import Usage
from node.supervisor.keys import RunKey
from node.supervisor.succession import HandedRun
from node.trust.capabilities import TODAY, Capabilities
from node.vault import control
from node.vault.limiting import NO_LIMITS, Limits
from node.vault.noting import Met

ASK_S: Final = 5.0  # for what a vault answers from memory


@dataclass(frozen=True, slots=True)
class Slot:
    """A vault version on disk, and what it may do.  ``pycache`` holds byte code that we compiled, never the vault."""

    tree_hash: str
    path: Path
    pycache: Path | None
    capabilities: Capabilities = TODAY


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a run is given to work with."""

    network: bytes
    bind: str
    quota_bytes: int
    contacts: tuple[bytes, ...]
    head: bytes
    pace: control.Pace
    is_standby: bool
    introductions: tuple[bytes, ...] = ()
    is_discovering: bool = False
    limits: Limits = NO_LIMITS


class Run(Protocol):
    """A running vault.  Every call raises VaultUnavailable once it has ended."""

    key: RunKey

    @property
    def pid(self) -> int: ...

    @property
    def report(self) -> SandboxReport: ...

    @property
    def exited(self) -> asyncio.Future[int]: ...

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = ASK_S) -> control.Report: ...

    async def drain(self, handover_s: float = 0.0) -> None: ...

    async def hand_on(self) -> HandedRun:
        """Let go of the vault, which goes on.  Raises VaultUnavailable when that cannot be."""
        ...

    def kill(self) -> None: ...

    def usage(self) -> Usage: ...

    def last_words(self) -> str: ...


class Launcher(Protocol):
    """Starts runs."""

    async def start(
        self, slot: Slot, key: RunKey, assignment: Assignment, on_report: Callable[[control.Report], None]
    ) -> Run: ...

    async def take_over(self, handed: HandedRun, on_report: Callable[[control.Report], None]) -> Run:
        """Go on with the run of the program before.  Raises VaultUnavailable when that cannot be; it is ended then."""
        ...


class Surroundings(Protocol):
    """What the vault in use needs of the rest of the supervisor, and tells it."""

    def whole_slot(self, tree_hash: str) -> str:
        """``tree_hash`` if its slot is undamaged, else the version to run instead.  Blocking.  Raises UpdateError."""
        ...

    def slot(self, tree_hash: str) -> Slot:
        """The slot, undamaged, with its byte code.  Blocking.  Raises UpdateError."""
        ...

    def assignment(self, *, bind: str, is_standby: bool) -> Assignment: ...

    async def store_rests(self, tree_hash: str) -> None:
        """No vault is at the store, and one of that version is about to be.  Never raises."""
        ...

    def save_record(self, record: bytes) -> None:
        """Keep where the vault can be reached.  Blocking.  Raises StateError."""
        ...

    def head_seen(self, seen: control.HeadSeen) -> None: ...

    def met(self, seen: Met) -> None: ...

    async def listening(self, given: Assignment | None) -> bool:
        """The vault became reachable: tell it what changed since it was ``given`` its assignment, None if by others.

        Returns whether it answered to all of it; else this is called again.  Never raises.
        """
        ...

    async def leaving(self) -> None:
        """The vault is about to be ended for good: take from it what the next start needs.  Never raises."""
        ...

    def vault_failed(self, reason: str, *, is_late: bool) -> None:
        """The vault ended unasked or did not start, and it was not this machine's fault.

        ``is_late``: it was still starting when the time for that was over.
        """
        ...

    def changed(self) -> None:
        """Something that the status tells may have changed."""
        ...
