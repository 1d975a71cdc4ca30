"""What a system can be asked about itself; whatever cannot be told is None, and nothing is guessed."""

from __future__ import annotations

import sys
from typing import Protocol

import psutil  # type: ignore[import-untyped]  # it ships no types


class Senses(Protocol):
    """Every call blocks, for about a second at most where the system answers at all, and never raises."""

    def is_on_battery(self) -> bool | None: ...

    def is_metered(self) -> bool | None: ...

    def idle_s(self) -> float | None:
        """Since the last key or movement of the mouse."""
        ...


def is_on_battery() -> bool | None:
    """As psutil tells it on every system; None without a battery."""
    try:
        battery = psutil.sensors_battery()
    except (OSError, RuntimeError, AttributeError, ValueError):  # by the system: not there, or not understood
        return None
    plugged = None if battery is None else battery.power_plugged
    return None if plugged is None else not plugged


def senses_here() -> Senses:
    """Those of this system.  It opens nothing before it is asked."""
    if sys.platform == "win32":
        from node.supervisor.surroundings.windows import WindowsSenses  # noqa: PLC0415 - only there

        return WindowsSenses()
    if sys.platform == "darwin":
        from node.supervisor.surroundings.macos import MacSenses  # noqa: PLC0415 - only there

        return MacSenses()
    from node.supervisor.surroundings.linux import LinuxSenses  # noqa: PLC0415 - it needs D-Bus

    return LinuxSenses()
