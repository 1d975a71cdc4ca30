"""What a process has used, as its operating system counts it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

OWN_MEMORY: Final = ("RssAnon", "RssShmem", "VmSwap")


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time since the start of a process, and the memory that it holds now.

    On Linux that is what ``held_bytes`` says, on other systems what is resident.
    """

    cpu_ns: int
    rss_bytes: int


def usage_of(pid: int) -> Usage:
    """Raises OSError or psutil.Error once the process has ended."""
    if sys.platform == "linux":
        cpu_ns = time.clock_gettime_ns((~pid << 3) | 2)  # the clock of a whole process, clock_getcpuclockid(3)
        return Usage(cpu_ns, held_bytes(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")))
    process = psutil.Process(pid)
    times = process.cpu_times()
    return Usage(int((times.user + times.system) * 1e9), process.memory_info().rss)


def held_bytes(status: str) -> int:
    """Memory of its own that a process has, resident or swapped out; where that is not told apart, what is resident.

    What the kernel reclaims changes nothing of it.  Of two equal twins it is chance whose pages are swapped out, or,
    if they are of files, dropped until they are read again; these are more than half of what is resident of a vault.
    ``status`` is the text of /proc/PID/status.  Source: proc_pid_status(5).
    """
    lines = (line.partition(":") for line in status.splitlines())
    sizes = {name: int(size.split()[0]) * 1024 for name, _, size in lines if name in (*OWN_MEMORY, "VmRSS")}
    if "RssAnon" not in sizes:
        return sizes.get("VmRSS", 0)
    return sum(sizes.get(name, 0) for name in OWN_MEMORY)
