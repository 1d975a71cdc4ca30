"""Windows: a node ends with its launcher, which is the only one of the two that others can end there."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes

    EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
    KILL_ON_CLOSE = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE

    class _Limits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION, of which only the flags are set."""

        _fields_ = (
            ("times", ctypes.c_int64 * 2),
            ("flags", ctypes.c_uint32),
            ("working_set", ctypes.c_size_t * 2),
            ("active", ctypes.c_uint32),
            ("affinity", ctypes.c_size_t),
            ("classes", ctypes.c_uint32 * 2),
            ("io", ctypes.c_uint64 * 6),
            ("memory", ctypes.c_size_t * 4),
        )

    def tie(process_handle: int) -> None:
        """Let that process end when this one does, however; where the system refuses, it goes on."""
        kernel = ctypes.WinDLL("kernel32")
        handle = ctypes.c_void_p
        kernel.CreateJobObjectW.argtypes, kernel.CreateJobObjectW.restype = (handle, ctypes.c_wchar_p), handle
        kernel.SetInformationJobObject.argtypes = (handle, ctypes.c_int, handle, ctypes.c_uint32)
        kernel.AssignProcessToJobObject.argtypes = (handle, handle)
        job = kernel.CreateJobObjectW(None, None)  # closed by the end of this process, and by nothing else
        limits = _Limits(flags=KILL_ON_CLOSE)
        if job and kernel.SetInformationJobObject(job, EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)):
            kernel.AssignProcessToJobObject(job, process_handle)
