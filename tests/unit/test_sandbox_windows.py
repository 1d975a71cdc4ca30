"""What is asked of Windows: the limits of the job, and the order of the calls.  No Windows has answered."""

import ctypes
from types import SimpleNamespace
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from node.sandbox import windows
from node.sandbox.report import UNTRIED
from node.sandbox.start import wake_contained

MEMORY_BYTES = 1 << 30


class Kernel:
    """Stands for kernel32, hence the names.  Notes every call.

    A call in ``failing`` fails; with a number there, only for that class of information, or with (1) and without (0)
    restrictions of the screen.
    """

    def __init__(self, *failing: tuple[str, int | None]) -> None:
        self.calls: list[str] = []
        self.open: set[int] = set()
        self.ui = 0
        self.limits = windows.ExtendedLimits()
        self.has_ui = False
        self._failing = failing
        self._next = 100

    def _call(self, name: str, kind: int | None = None) -> bool:
        self.calls.append(name)
        return (name, kind) not in self._failing

    def _handle(self, name: str) -> int:
        if not self._call(name):
            return 0
        self._next += 1
        self.open.add(self._next)
        return self._next

    def CreateJobObjectW(self, attributes: None, name: None) -> int:  # noqa: N802
        assert attributes is name is None  # nobody else can open it, no child inherits it
        self.has_ui = False
        return self._handle("create")

    def SetInformationJobObject(self, job: int, kind: int, structure: Any, length: int) -> int:  # noqa: N802
        assert job in self.open
        content = structure._obj
        assert length == ctypes.sizeof(content)
        if kind == windows.EXTENDED_LIMIT_INFORMATION:
            self.limits = content
        else:
            assert kind == windows.BASIC_UI_RESTRICTIONS
            self.ui, self.has_ui = content.value, True
        return int(self._call("inform", kind))

    def OpenProcess(self, access: int, is_inherited: int, pid: int) -> int:  # noqa: N802
        assert (access, is_inherited, pid) == (0x101, 0, 42)
        return self._handle("open")

    def AssignProcessToJobObject(self, job: int, process: int) -> int:  # noqa: N802
        assert {job, process} <= self.open
        return int(self._call("assign", int(self.has_ui)))

    def CloseHandle(self, handle: int) -> int:  # noqa: N802
        self.open.remove(handle)
        return 1

    def GetLastError(self) -> int:  # noqa: N802
        return 5


def hold(kernel: Kernel) -> windows.Job:
    return windows.hold(kernel, 42, MEMORY_BYTES, 1)


def test_the_structures_are_as_long_as_windows_expects_them_on_64_bits() -> None:
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert ctypes.sizeof(windows._BasicLimits) == 64
        assert ctypes.sizeof(windows.ExtendedLimits) == 144
        assert windows._BasicLimits.flags.offset == 16
        assert windows._BasicLimits.processes_max.offset == 40
        assert windows.ExtendedLimits.process_memory.offset == 112


def test_a_job_limits_memory_and_processes_ends_with_its_handle_and_lets_nobody_break_away() -> None:
    kernel = Kernel()
    hold(kernel)
    flags = kernel.limits.basic.flags
    assert kernel.limits.process_memory == MEMORY_BYTES
    assert kernel.limits.basic.processes_max == 1
    assert flags & 0x2108 == 0x2108  # kill on close, memory, active processes
    assert flags & 0x1800 == 0  # breaking away, silently or not
    assert flags & 0x6 == 0  # time
    assert kernel.ui == 0xFF


def test_a_job_that_holds_a_process_is_partial_and_says_what_stays_open() -> None:
    kernel = Kernel()
    job = hold(kernel)
    assert job.report.level == "partial"
    assert not job.report.is_tried
    assert job.report.reasons[0] == UNTRIED
    assert any("files" in reason for reason in job.report.reasons)
    assert (job.report.files, job.report.signals, job.report.tcp) == (False, False, False)
    assert kernel.open == {job.handle}
    job.close()
    assert kernel.open == set()


def test_inside_another_job_what_is_on_the_screen_stays_open_and_that_is_said() -> None:
    kernel = Kernel(("assign", 1))
    job = hold(kernel)
    assert not kernel.has_ui
    assert any("clipboard" in reason for reason in job.report.reasons)
    assert kernel.open == {job.handle}


@pytest.mark.parametrize("failing", [("create", None), ("inform", 9), ("open", None)])
def test_a_job_that_cannot_be_made_leaves_no_handle_behind(failing: tuple[str, int | None]) -> None:
    kernel = Kernel(failing)
    with pytest.raises(OSError, match="failed with 5"):
        hold(kernel)
    assert kernel.open == set()


def started(kernel: Kernel, resume: Any = lambda: None) -> tuple[Any, list[str]]:
    """What becomes of a process that was started asleep, and what was done to it, in order."""

    def wake() -> None:
        kernel.calls.append("wake")
        resume()

    process: Any = SimpleNamespace(pid=42, kill=lambda: kernel.calls.append("kill"))
    found: Any = SimpleNamespace(resume=wake)
    return wake_contained(process, MEMORY_BYTES, kernel, {42: found}.__getitem__), kernel.calls


def test_a_process_sleeps_until_its_job_holds_it() -> None:
    result, calls = started(Kernel())
    assert calls[-2:] == ["assign", "wake"]
    assert result.report.level == "partial"


def test_without_a_job_it_is_woken_all_the_same_and_the_report_says_none() -> None:
    result, calls = started(Kernel(("open", None)))
    assert calls[-1] == "wake"
    assert result.report.level == "none"
    assert result.report.reasons[0] == UNTRIED
    result.let_go()


def test_a_process_that_cannot_be_woken_is_killed_and_nothing_of_it_is_kept() -> None:
    def fail() -> None:
        raise psutil.NoSuchProcess(42)

    kernel = Kernel()
    with pytest.raises(OSError, match="woken"):
        started(kernel, fail)
    assert kernel.calls[-1] == "kill"
    assert kernel.open == set()
