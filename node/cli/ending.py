"""The signals that tell a command to end in order, and what it means when one comes again."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Final

# Whoever ends a session or removes the program tells all processes at once, and some of them tell each other: what
# comes sooner than this after the first is still the same wish.
SAME_WISH_S: Final = 5.0


def told_to_end() -> tuple[signal.Signals, ...]:
    """Ctrl+C, SIGTERM, and that the terminal is gone, unless this was started to outlive it, as with nohup."""
    if sys.platform == "win32" or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return signal.SIGINT, signal.SIGTERM
    return signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def once_for_each_wish(stop: Callable[[], None], now_s: Callable[[], float]) -> Callable[[int], None]:
    """What is to be called with the number of each such signal: ``stop`` is called once for each wish to end.

    A wish of its own is the first signal, each later Ctrl+C, which is a person's, and any that comes SAME_WISH_S after
    the first.
    """
    first_s: float | None = None

    def told(number: int) -> None:
        nonlocal first_s
        told_s = now_s()
        if first_s is None:
            first_s = told_s
        elif number != signal.SIGINT and told_s - first_s < SAME_WISH_S:
            return
        stop()

    return told
