"""The time of day where the computer is."""

from __future__ import annotations

import time
from datetime import datetime


def now() -> datetime:
    """With its zone; a process would else keep the one in which it was started, wherever it is carried."""
    if hasattr(time, "tzset"):
        time.tzset()
    return datetime.now().astimezone()
