"""macOS, by its own interfaces.  Written from their descriptions and never tried on a real one."""

from __future__ import annotations

import ctypes
from typing import Final

from node.supervisor.surroundings.senses import is_on_battery

FRAMEWORK: Final = "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices"
COMBINED_SESSION: Final = 0  # kCGEventSourceStateCombinedSessionState
ANY_INPUT: Final = 0xFFFFFFFF  # kCGAnyInputEventType


class MacSenses:
    """Fulfils ``senses.Senses``.  Belongs to one thread."""

    def is_on_battery(self) -> bool | None:
        return is_on_battery()

    def is_metered(self) -> bool | None:
        """Known to the Network framework alone, which answers only by blocks of Objective-C."""
        return None

    def idle_s(self) -> float | None:
        try:
            since = ctypes.CDLL(FRAMEWORK).CGEventSourceSecondsSinceLastEventType
        except (OSError, AttributeError):
            return None
        since.argtypes, since.restype = [ctypes.c_int32, ctypes.c_uint32], ctypes.c_double
        idle_s = float(since(COMBINED_SESSION, ANY_INPUT))
        return idle_s if idle_s >= 0 else None
