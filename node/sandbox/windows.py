"""What Windows holds every child to: a job object.

NEVER TRIED: nobody has run this on Windows yet.  The limits and the order of the calls are tested, Windows is not.

A job limits memory, lets no second process be started, closes the clipboard and the like, and ends the child with
the supervisor.  It does not shut off files or other processes of the same account: that takes an AppContainer
(``container.py``).  So the report never says more than ``partial``.

Source: "Job Objects", JOBOBJECT_EXTENDED_LIMIT_INFORMATION and AssignProcessToJobObject in the Windows API reference.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from typing import Any, Final

from node.sandbox.report import UNTRIED, SandboxReport

CREATE_SUSPENDED: Final = 0x4  # so that nothing of the child runs outside its job
CREATE_NO_WINDOW: Final = 0x08000000
PROCESS_TERMINATE: Final = 0x1
PROCESS_SET_QUOTA: Final = 0x100
BASIC_UI_RESTRICTIONS: Final = 4  # classes of information
EXTENDED_LIMIT_INFORMATION: Final = 9
LIMIT_ACTIVE_PROCESS: Final = 0x8
LIMIT_PROCESS_MEMORY: Final = 0x100
LIMIT_DIE_ON_UNHANDLED_EXCEPTION: Final = 0x400  # no dialogue that waits for a person
LIMIT_KILL_ON_JOB_CLOSE: Final = 0x2000
# Handles of others, clipboard both ways, system settings, display settings, global atoms, desktops, logging off.
UI_ALL: Final = 0xFF

OPEN_ON_WINDOWS: Final = "a job object alone: files and other programs of this account stay open to it"


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("working_set_min", ctypes.c_size_t),
        ("working_set_max", ctypes.c_size_t),
        ("processes_max", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION: 144 bytes on 64-bit Windows."""

    _fields_ = (
        ("basic", _BasicLimits),
        ("io_counters", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("process_memory_peak", ctypes.c_size_t),
        ("job_memory_peak", ctypes.c_size_t),
    )


def limits(memory_bytes: int, processes_max: int) -> ExtendedLimits:
    """What a child's job is limited to.  Nothing in it lets a process break away, and the processor is not capped."""
    flags = LIMIT_ACTIVE_PROCESS | LIMIT_PROCESS_MEMORY | LIMIT_DIE_ON_UNHANDLED_EXCEPTION | LIMIT_KILL_ON_JOB_CLOSE
    basic = _BasicLimits(flags=flags, processes_max=processes_max)
    return ExtendedLimits(basic=basic, process_memory=memory_bytes)


@dataclass(frozen=True, slots=True)
class Job:
    """A process is held for as long as this is open; closing it ends the process."""

    kernel: Any
    handle: int
    report: SandboxReport

    def close(self) -> None:
        """End what is left of it."""
        self.kernel.CloseHandle(self.handle)


def hold(kernel: Any, pid: int, memory_bytes: int, processes_max: int) -> Job:
    """Put a process that has not run yet into a job of its own.

    A supervisor that is in a job itself hands that on, and Windows lets no job inside another one restrict what is
    on the screen: then it is done without.

    Raises:
        OSError: It is held by nothing.
    """
    try:
        return _hold(kernel, pid, memory_bytes, processes_max, has_ui_limits=True)
    except OSError:
        return _hold(kernel, pid, memory_bytes, processes_max, has_ui_limits=False)


def free(error: OSError) -> SandboxReport:
    """The report for a child that no job could be made for."""
    return SandboxReport("none", is_tried=False, reasons=(UNTRIED, str(error)))


def processes_max() -> int:
    """One; in a virtual environment two, for there the interpreter starts the real one."""
    return 1 if sys.prefix == sys.base_prefix else 2


def load_kernel() -> Any:
    """The part of Windows that is used here."""
    if sys.platform != "win32":
        raise NotImplementedError("this is no Windows")
    kernel = ctypes.WinDLL("kernel32")
    handle, number = ctypes.c_void_p, ctypes.c_uint32
    kernel.CreateJobObjectW.argtypes, kernel.CreateJobObjectW.restype = (handle, ctypes.c_wchar_p), handle
    kernel.SetInformationJobObject.argtypes = (handle, ctypes.c_int, handle, number)
    kernel.OpenProcess.argtypes, kernel.OpenProcess.restype = (number, ctypes.c_int, number), handle
    kernel.AssignProcessToJobObject.argtypes = (handle, handle)
    kernel.CloseHandle.argtypes = (handle,)
    return kernel


def _hold(kernel: Any, pid: int, memory_bytes: int, processes_max: int, *, has_ui_limits: bool) -> Job:
    handle = kernel.CreateJobObjectW(None, None)
    _check(kernel, handle, "CreateJobObject")
    is_held = False
    try:
        _inform(kernel, handle, EXTENDED_LIMIT_INFORMATION, limits(memory_bytes, processes_max))
        if has_ui_limits:
            _inform(kernel, handle, BASIC_UI_RESTRICTIONS, ctypes.c_uint32(UI_ALL))
        process = kernel.OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, 0, pid)
        _check(kernel, process, "OpenProcess")
        try:
            _check(kernel, kernel.AssignProcessToJobObject(handle, process), "AssignProcessToJobObject")
            is_held = True
        finally:
            kernel.CloseHandle(process)
    finally:
        if not is_held:
            kernel.CloseHandle(handle)
    reasons = [UNTRIED, OPEN_ON_WINDOWS] + ([] if has_ui_limits else ["the clipboard stays open to it"])
    return Job(kernel, handle, SandboxReport("partial", memory_bytes=memory_bytes, is_tried=False, reasons=(*reasons,)))


def _inform(kernel: Any, handle: int, kind: int, structure: Any) -> None:
    done = kernel.SetInformationJobObject(handle, kind, ctypes.byref(structure), ctypes.sizeof(structure))
    _check(kernel, done, "SetInformationJobObject")


def _check(kernel: Any, result: object, call: str) -> None:
    if not result:
        raise OSError(f"{call} failed with {kernel.GetLastError()}")
