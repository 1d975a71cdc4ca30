"""The signals that tell a command to end in order."""

from __future__ import annotations

import signal
import sys


def told_to_end() -> tuple[signal.Signals, ...]:
    """Ctrl+C, SIGTERM, and that the terminal is gone, unless this was started to outlive it, as with nohup."""
    if sys.platform == "win32" or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return signal.SIGINT, signal.SIGTERM
    return signal.SIGINT, signal.SIGTERM, signal.SIGHUP
