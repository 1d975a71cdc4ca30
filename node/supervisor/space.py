"""What the home takes of the disk, whether it can be written, and how much of the limit is left for the vault.

The farmer's limit is on the whole home: chunks, versions, logs, trials.  The vault gets what the rest leaves.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.api import texts
from node.supervisor.home import Home
from node.update.files.trees import remove_tree, size_of
from node.vault.storage.filesystem import CHUNKS, INCOMING
from node.vault.storage.quota import RESERVE_BYTES
from node.vault.storage.tally import TALLY_NAME

PROBE_BYTES: Final = 4096
GRAIN_BYTES: Final = 1 << 20  # the vault's share changes in such steps, so that a growing log is no news to it
TOLD_BYTES: Final = 100_000_000  # free room is told in such steps, so that not every file on the disk is news
ROOM_BYTES_MAX: Final = 1 << 30  # for new chunks, which nothing that is kept for the way back may take
ROOM_PARTS: Final = 16  # of the limit
FREE_BYTES_MIN: Final = 16 << 20  # with less the node itself cannot keep its state
TALLY_BYTES_MAX: Final = 1 << 16  # whatever a later version's says
BLOCK_BYTES: Final = 4096  # that the smallest file takes, on most disks
LITTER_BYTES_MAX: Final = 64 << 20  # twice what a vault's threads can be writing at one moment


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk as it was at one moment.  ``trouble`` is "" while it can be written.

    ``litter_bytes`` were written by the vault and are no chunks; with more than LITTER_BYTES_MAX not all are counted.
    """

    rest_bytes: int  # all of the home but the vault's chunks, and but what is kept of them for the way back
    total_bytes: int
    free_bytes: int
    trouble: str
    litter_bytes: int = 0

    @property
    def is_littered(self) -> bool:
        return self.litter_bytes > LITTER_BYTES_MAX

    @property
    def is_at_fault(self) -> bool:
        """Whether the disk may be why a vault failed; not if the vault itself has filled it."""
        return self.trouble != "" and not self.is_littered

    @property
    def told_free_bytes(self) -> int | None:
        """The free room in round figures, never more than there is; None: the disk did not say."""
        return self.free_bytes // TOLD_BYTES * TOLD_BYTES if self.total_bytes else None


def measure(home: Home) -> Disk:
    """Look at the home's disk.  Blocking."""
    try:
        entries = (*home.path.iterdir(), *home.vaults.iterdir())
        rest = sum(size_of(entry) for entry in entries if entry not in (home.vaults, home.vault, home.kept))
        usage = shutil.disk_usage(home.vault)
        return Disk(rest, usage.total, usage.free, trouble(home), _litter_bytes(home))
    except OSError as error:
        return Disk(0, 0, 0, texts.reason(error))


def remove_litter(home: Home) -> None:
    """Remove what a vault has written that is neither a chunk nor their tally, while none runs.  Blocking.

    Raises:
        OSError: Something is left; a later call tries again.
    """
    for entry in list(_beside_chunks(home)):  # a folder must not change while it is being read
        remove_tree(entry)


def trouble(home: Home) -> str:
    """Why the node cannot keep its state on the home's disk, nor vaults their data; "" if they can.  Blocking."""
    try:
        folders = (home.path, home.vaults) if home.vaults.is_dir() else (home.path,)
        free_bytes = min(shutil.disk_usage(folder).free for folder in folders)
        _probe(home.state / "probe")
    except OSError as error:
        return refusal(home.path, error)
    return texts.disk_low(free_bytes) if free_bytes < FREE_BYTES_MIN else ""


def refusal(folder: Path, error: OSError) -> str:
    """Why the disk of ``folder`` takes nothing, as it has just said.  Blocking."""
    try:
        has_room = shutil.disk_usage(folder).free >= FREE_BYTES_MIN
    except OSError:
        has_room = False
    return texts.disk_refuses(error, has_room=has_room)


def stored_bytes(home: Home) -> int:
    """What really lies in the vault's store, whatever it says.  Blocking: it looks at every chunk."""
    return size_of(home.vault / CHUNKS)


def share_bytes(quota_bytes: int, taken_bytes: int) -> int:
    """What of the farmer's limit is left for the vault's chunks, when all else takes so much."""
    return max(0, quota_bytes - taken_bytes) // GRAIN_BYTES * GRAIN_BYTES


def too_much_kept_bytes(kept_bytes: int, quota_bytes: int, used_bytes: int, disk: Disk) -> int:
    """What of that which is kept for the way back stands in the way of the chunks in use, or of the farmer's disk.

    The vault keeps some room for new chunks, and the disk its reserve.
    """
    if disk.total_bytes == 0:
        return 0  # the disk did not say
    room_bytes = min(ROOM_BYTES_MAX, quota_bytes // ROOM_PARTS)
    over_limit = disk.rest_bytes + used_bytes + room_bytes + kept_bytes - quota_bytes
    over_disk = RESERVE_BYTES + room_bytes - disk.free_bytes
    return min(kept_bytes, max(0, over_limit, over_disk))


def _litter_bytes(home: Home) -> int:
    """No more is looked at than shows that it is too much: there may be millions of files."""
    found_bytes = 0
    for entry in _beside_chunks(home):
        found_bytes += size_of(entry, LITTER_BYTES_MAX + 1, least_bytes=BLOCK_BYTES)
        if found_bytes > LITTER_BYTES_MAX:
            break
    return found_bytes


def _beside_chunks(home: Home) -> Iterator[Path]:
    """What a vault has written that is no chunk yet, but for the tally of them.

    It may write in ``incoming`` alone, and nothing in there outlives a start.  What else lies in its folder, or on the
    disk to which that leads, may be somebody's.
    """
    incoming = home.vault / INCOMING
    if incoming.is_symlink() or not incoming.is_dir():
        return
    with os.scandir(incoming) as entries:
        for entry in entries:
            if not _is_tally(Path(entry.path)):
                yield Path(entry.path)


def _is_tally(file: Path) -> bool:
    return file.name == TALLY_NAME and file.is_file() and file.lstat().st_size <= TALLY_BYTES_MAX


def _probe(path: Path) -> None:
    """Write and remove a small file: a disk may be full, or read-only since an error.  Not flushed, to let it sleep."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if os.write(descriptor, bytes(PROBE_BYTES)) < PROBE_BYTES:
            raise OSError(texts.disk_low(0))
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)  # another thread may be at the same
