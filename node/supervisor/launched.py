"""What a node owes the launcher that started it: a mark once it is well, and an exit code that blames the right one.

    API answers, vault reachable, updates taken  --HEALTHY_S without a break-->  marked as proven; never unmarked by
                                                                                 itself

A program that has run here before, or was fallen back to, need not have its vault reachable, nor take updates: what
ails them then is the vault's, or this computer's, and no other program would mend it.  A new one that cannot read what
was kept of updates would be the last one here.  Without a launcher nothing of this happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from node.api.schema import Status
from node.supervisor.errors import HomeInUse, KeyUnavailable
from node.update.files import programs
from node.update.files.programs import Program
from node.update.files.starting import BUSY_CODE, Installation

HEALTHY_S: Final = 60.0
LOOK_S: Final = 5.0
FAILED_CODE: Final = 1
# With these no other program would fare better: only a person can end the other node, or open the key.
NOBODYS_FAULT: Final = (HomeInUse, KeyUnavailable)

log = logging.getLogger(__name__)


def exit_code(error: Exception, installation: Installation | None) -> int:
    """With which a node ends that stated this failure."""
    is_kept = installation is not None and installation.is_kept
    return BUSY_CODE if is_kept and isinstance(error, NOBODYS_FAULT) else FAILED_CODE


@dataclass(frozen=True, slots=True)
class Signs:
    """What a look found."""

    is_answered: bool  # by the local API, which has read what was kept
    is_vault_reachable: bool
    is_updating: bool
    is_hosts_fault: bool  # if one of the two is not: the disk's, say


@dataclass(frozen=True, slots=True)
class Proving:
    """When a program has shown that it runs here.  Pure."""

    has_run_here: bool
    well_since_s: float | None = None

    def look(self, now_s: float, signs: Signs) -> Proving:
        is_whole = signs.is_vault_reachable and signs.is_updating
        is_well = signs.is_answered and (self.has_run_here or is_whole or signs.is_hosts_fault)
        if not is_well:
            return replace(self, well_since_s=None)
        return self if self.well_since_s is not None else replace(self, well_since_s=now_s)

    def is_proven(self, now_s: float) -> bool:
        return self.well_since_s is not None and now_s - self.well_since_s >= HEALTHY_S


async def prove(
    slots: Path,
    ask: Callable[[], Awaitable[Status | None]],
    is_reachable: Callable[[], bool],
    is_updating: Callable[[], bool],
) -> None:
    """Look until this program has shown that it runs here, write that down, and return.

    ``ask`` gets the status by way of the local API, None if it does not answer.  A disk that shows no program, or takes
    no mark, is asked again.  Cancellation-safe.
    """
    if not (slots / programs.PROGRAMS).exists():
        return  # no program but the installed one was ever in use: there is nothing to be left for
    now_s = asyncio.get_running_loop().time
    kept = await _read(slots)
    proving = Proving(has_run_here=kept.is_proven or kept.previous is None)
    while True:
        status = await ask()
        signs = Signs(status is not None, is_reachable(), is_updating(), _is_disks_fault(status))
        proving = proving.look(now_s(), signs)
        if proving.is_proven(now_s()) and await asyncio.to_thread(_mark, slots, kept.current):
            return
        await asyncio.sleep(LOOK_S)


async def _read(slots: Path) -> programs.Programs:
    while True:
        try:
            return await asyncio.to_thread(programs.read, slots)
        except OSError as error:
            log.warning("which program is to be proven cannot be read yet reason=%s", error)
        await asyncio.sleep(LOOK_S)


def _mark(slots: Path, program: Program) -> bool:
    """Whether there is nothing more to be marked: this program is, or another one is about to take its place."""
    try:
        if programs.read(slots).current != program:
            return True
        programs.mark_proven(slots)
    except OSError as error:
        log.warning("program not marked as proven yet reason=%s", error)
        return False
    log.info("program proven")
    return True


def _is_disks_fault(status: Status | None) -> bool:
    return status is not None and any(check.name == "disk" and check.result == "bad" for check in status.checks)
