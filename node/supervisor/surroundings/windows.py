"""Windows, by its own interfaces.  Written from their descriptions and never tried on a real one."""

from __future__ import annotations

import ctypes
import sys
import uuid
from typing import Final

from node.supervisor.surroundings.senses import is_on_battery

assert sys.platform == "win32"

CLSCTX_ALL: Final = 0x17
LIST_MANAGER: Final = uuid.UUID("DCB00C01-570F-4A9B-8D69-199FDBA5723B")  # CLSID_NetworkListManager
COST_MANAGER: Final = uuid.UUID("DCB00008-570F-4A9B-8D69-199FDBA5723B")  # IID_INetworkCostManager
RELEASE, GET_COST = 2, 3  # places in the table of its methods
UNRESTRICTED: Final = 0x1
PAID: Final = 0x2 | 0x4  # NLM_CONNECTION_COST_FIXED, _VARIABLE
MILLISECONDS_MAX: Final = 1 << 32  # then the counter begins again


class _LastInput(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint), ("time_ms", ctypes.c_uint))


class WindowsSenses:
    """Fulfils ``senses.Senses``.  Belongs to one thread."""

    def is_on_battery(self) -> bool | None:
        return is_on_battery()

    def is_metered(self) -> bool | None:
        try:
            return _is_paid(_cost())
        except OSError:
            return None

    def idle_s(self) -> float | None:
        last = _LastInput(ctypes.sizeof(_LastInput))
        if not ctypes.windll.user32.GetLastInputInfo(ctypes.byref(last)):
            return None
        now_ms: int = ctypes.windll.kernel32.GetTickCount()
        return ((now_ms - last.time_ms) % MILLISECONDS_MAX) / 1000


def _is_paid(cost: int) -> bool | None:
    return True if cost & PAID else False if cost & UNRESTRICTED else None


def _cost() -> int:
    """What INetworkCostManager says of the whole computer.

    Raises:
        OSError: It is not there, or says nothing.
    """
    ole = ctypes.OleDLL("ole32")
    ole.CoInitializeEx(None, 0)
    manager = ctypes.c_void_p()
    ole.CoCreateInstance(
        LIST_MANAGER.bytes_le, None, CLSCTX_ALL, COST_MANAGER.bytes_le, ctypes.byref(manager)
    )  # fmt: skip
    table = ctypes.cast(manager, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    cost = ctypes.c_uint()
    try:
        get_cost = ctypes.WINFUNCTYPE(ctypes.HRESULT, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
            table[GET_COST]
        )
        get_cost(manager, ctypes.byref(cost), None)
    finally:
        ctypes.WINFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)(table[RELEASE])(manager)
    return cost.value
