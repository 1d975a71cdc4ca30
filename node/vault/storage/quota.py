"""How much may still be stored: what is left of the space that the farmer lends, and of the disk itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from node.vault.ports import FileSystem

RESERVE_BYTES: Final = 1 << 30  # the disk's last bytes belong to the farmer: a full system disk breaks a computer


class Disk(FileSystem, Protocol):
    """A file system that knows how full it is, and lists large folders little by little."""

    def list_in_steps(self, directory: str, names_max: int) -> Iterator[Sequence[str]]:
        """Names in ``directory``, in any order, so many with each step.

        What is there all the time is named once; what comes or goes meanwhile may be.
        """
        ...

    def free_bytes(self) -> int:
        """Bytes that this user may still write.  Blocks; may raise ``OSError``."""
        ...


def room(*, quota_bytes: int, used_bytes: int, free_bytes: int) -> int:
    """Bytes that may still be stored; 0 also when more is used than the quota allows, as after it was lowered."""
    return max(0, min(quota_bytes - used_bytes, free_bytes - RESERVE_BYTES))
