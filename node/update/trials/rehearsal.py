"""The way back, rehearsed before the way forward: the version in use opens what the candidate left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from node.api import texts
from node.trial.verdict import Outcome
from node.update.errors import HostFailed, TwinFailed
from node.update.files.links import LinkingFileSystem, copy_data
from node.update.files.trees import remove_tree
from node.update.ports import Process, TrialPorts, TwinOrder, TwinVault
from node.update.reasons import DOUBTED, OUT_OF_MEMORY
from node.update.trials.folders import copy_of
from node.update.waiting import to_its_end
from node.vault import control
from node.vault.core.identity import KEY_BYTES
from node.vault.ports import Entropy
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of
from node.vault.storage.filesystem import CHUNKS
from node.vault.storage.quota import RESERVE_BYTES

SCAN_S_MAX: Final = 600.0
SCANS_MAX: Final = 64  # answers of one vault about its store; so four million chunks
CHUNKS_MAX: Final = SCANS_MAX * control.SCANNED_MAX
STOP_S_MAX: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial ended.  ``candidate_data`` holds, or should hold, the ``acknowledged`` chunks."""

    outcome: Outcome
    reason: str
    candidate_data: Path
    acknowledged: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the current version found of the chunks that the candidate had acknowledged."""

    checked: int
    missing: int
    corrupt: int


@dataclass(frozen=True, slots=True)
class Held:
    """What of some chunks lies whole in a vault's store, and how many of all are corrupt."""

    whole: frozenset[bytes]
    corrupt: int


async def rehearse(current: str, result: TrialResult, quota_bytes: int, ports: TrialPorts, entropy: Entropy) -> WayBack:
    """Let the version in use open a copy of the data that the candidate left, and look for every acknowledged chunk.

    It is started in standby, under an identity of its own, so it binds nothing and meets nobody.  Whatever it does to
    the copy, the candidate's data stay as they are, for another look.

    What is found wrong counts only if this program finds some chunk missing or damaged too: a version in use that lies,
    or has gone bad, must not have all its successors refused.

    Raises:
        TwinFailed: It did not start or did not answer, or the candidate had acknowledged nothing.
        HostFailed: This machine could not make the copy, could not start it, or had no memory left for it; or the
            version in use finds fault with chunks that are whole.
    """
    if not result.acknowledged:
        raise TwinFailed("the candidate had acknowledged no chunk that could be looked for")
    copy = copy_of(result.candidate_data)
    try:
        await to_its_end(partial(_make_copy, result.candidate_data, copy, quota_bytes))
        order = TwinOrder(
            tree_hash=current, data=copy, seed=entropy(KEY_BYTES), quota_bytes=quota_bytes, is_standby=True
        )  # fmt: skip
        vault = await ports.start_twin(order)
        async with ended(vault):
            held = await scan(vault, result.acknowledged)
    except TwinFailed as error:
        if await _is_found_whole(result):
            raise HostFailed(DOUBTED) from error
        raise
    finally:
        await to_its_end(partial(remove_tree, copy, is_best_effort=True))
    missing = sum(address not in held.whole for address in result.acknowledged)
    if (missing or held.corrupt) and await _is_found_whole(result):
        raise HostFailed(DOUBTED)
    return WayBack(len(result.acknowledged), missing, held.corrupt)


async def _is_found_whole(result: TrialResult) -> bool:
    found: list[bool] = []
    await to_its_end(lambda: found.append(is_whole(result)))
    return found == [True]


def is_whole(result: TrialResult) -> bool:
    """Whether all chunks that the candidate left are whole, and those are there that it had acknowledged.  Blocking."""
    disk = LinkingFileSystem(result.candidate_data)
    try:
        names = set(disk.list(CHUNKS))
        if len(names) > CHUNKS_MAX or not names.issuperset(address.hex() for address in result.acknowledged):
            return False
        return all(_is_chunk(disk, name) for name in names)
    except OSError:
        return False


def _is_chunk(disk: LinkingFileSystem, name: str) -> bool:
    path = f"{CHUNKS}/{name}"
    return 1 <= disk.look(path).size_bytes <= CHUNK_BYTES_MAX and address_of(disk.read(path)).hex() == name


def _make_copy(data: Path, copy: Path, room_bytes: int) -> None:
    """Copy the data, by links as far as there are such, else within the room that a twin has.  Blocking.

    Raises:
        HostFailed: It could not be done; a part may be there.
    """
    free_bytes = 0
    try:
        remove_tree(copy)
        free_bytes = max(0, shutil.disk_usage(data).free - RESERVE_BYTES)
        copy_data(data, copy, min(room_bytes, free_bytes))
    except OSError as error:
        failed = HostFailed(f"what the trial left could not be copied: {error.strerror or error}")
        if error.errno in texts.DISK_FULL and free_bytes > room_bytes:
            raise failed from None  # the disk is not full: more room on it would not help
        raise failed from error


async def scan(vault: TwinVault, wanted: Collection[bytes]) -> Held:
    """Have a vault read its whole store, and look for the ``wanted`` chunks in it.

    It is not told which they are.  Anyone may give it more chunks than fit into one answer, so that they may not be
    held against it.

    Raises:
        TwinFailed: It did not answer, or answered something else.
    """
    looked_for, whole, corrupt, after = frozenset(wanted), set[bytes](), 0, b""
    for _ in range(SCANS_MAX):
        report = await vault.ask(partial(_scan_after, after), SCAN_S_MAX)
        if not isinstance(report, control.Scanned):
            raise TwinFailed(f"it answered a scan with {type(report).__name__}")
        whole |= looked_for.intersection(report.held).difference(report.corrupt)
        corrupt += len(report.corrupt)
        before, after = after, max((*report.held, *report.corrupt), default=b"")
        if len(report.held) + len(report.corrupt) < control.SCANNED_MAX or after <= before:
            return Held(frozenset(whole), corrupt)
    raise TwinFailed("it names chunks without end")


@contextlib.asynccontextmanager
async def ended(vault: TwinVault) -> AsyncIterator[None]:
    """See the vault end after this.

    Raises:
        HostFailed: In place of a TwinFailed, if no memory was left for it.
    """
    try:
        try:
            yield
        finally:
            await stop(vault)
    except TwinFailed as error:
        if vault.was_starved:
            raise HostFailed(OUT_OF_MEMORY) from error
        raise


def _scan_after(after: bytes, number: int) -> control.Scan:
    return control.Scan(number, after)


async def stop(process: Process, handover_s: float = 0.0) -> None:
    """End a process; a port that breaks its promise to be quick is not waited for."""
    try:
        async with asyncio.timeout(STOP_S_MAX):
            await process.stop(handover_s)
    except TimeoutError:
        log.error("a process of a trial did not end in time")
