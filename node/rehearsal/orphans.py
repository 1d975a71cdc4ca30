"""What a candidate has started ends with its rehearsal, also what has let go of its parent.

Linux only; elsewhere no program is held, and so none is rehearsed.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

ROUNDS_MAX: Final = 20  # one that is about to end may start another one
ROUND_S_MAX: Final = 1.0


def adopt() -> None:
    """Become the parent of whatever loses its own among all that this process starts from now on."""
    if sys.platform == "linux":
        from node.sandbox import linux  # noqa: PLC0415 - only there

        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)


def end_all() -> bool:
    """Kill everything that this process has started or adopted, and see it end; whether nothing is left.  Blocking."""
    for _ in range(ROUNDS_MAX):
        left = psutil.Process().children(recursive=True)
        if not left:
            return True
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, ROUND_S_MAX)  # and so none is left as a zombie
    return False
