"""Whether this computer has run out of memory: the kernel then ends whoever takes most of it, whosever fault it is."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

COUNTERS: Final = Path("/proc/vmstat")
COUNTER: Final = "oom_kill"  # of processes, those included that were ended for the limit of a group of them
COUNTERS_BYTES_MAX: Final = 64 << 10


def kills(counters: Path = COUNTERS) -> int:
    """How many processes this computer has ended for want of memory since it was started; 0 where it does not say.

    Source: proc_vmstat(5).  It is a file of the kernel's, and blocks as little as one can.
    """
    with contextlib.suppress(OSError, ValueError), counters.open(encoding="ascii") as file:
        for line in file.read(COUNTERS_BYTES_MAX).splitlines():
            name, _, count = line.partition(" ")
            if name == COUNTER:
                return int(count)
    return 0
