"""The rehearsal before a child is started in a container, and what becomes of the child if it does not end well.

Windows is played: what it would start in the container is started here, with the same pipes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from node.sandbox import contained, container, inside, windows
from node.sandbox.errors import STAY_OPEN
from node.sandbox.report import UNTRIED
from node.sandbox.spec import SandboxSpec
from node.sandbox.start import Started, start_on_windows, wake_contained
from tests.unit.test_sandbox_windows import Kernel

BARE = [sys.executable, "-I", "-S", "-c"]
HELLO = "import sys; sys.stdout.write(sys.stdin.readline())"


class Played(Kernel):
    """The kernel of a Windows whose container is no container; ``fails`` are its functions that do not work."""

    def __init__(self, *fails: str) -> None:
        super().__init__()
        self.fails = fails
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def OpenProcess(self, _access: int, _is_inherited: int, _pid: int) -> int:  # noqa: N802
        return self._handle("open")

    def spawn(self, _parts: Any, command: Sequence[str], *, handles: Sequence[int], **_: Any) -> container.Asleep:
        if "spawn" in self.fails:
            raise OSError("CreateProcess failed with 5")
        process = subprocess.Popen(command, stdin=handles[0], stdout=handles[1], stderr=handles[2])
        self.processes[process.pid] = process
        self.open.add(process.pid)
        self.calls.append("spawn")
        return container.Asleep(process.pid, process.pid)

    def keys(self, *_: Any) -> tuple[bytes, ...]:
        if "keys" in self.fails:
            raise OSError("SetNamedSecurityInfo failed with 5")
        return (b"key",)

    def load(self) -> container.Libraries:
        if "load" in self.fails:
            raise OSError("this Windows lacks it")
        return container.Libraries(self, self, self)

    def WaitForSingleObject(self, process: int, _milliseconds: int) -> int:  # noqa: N802
        self.processes[process].wait()
        return 0

    def GetExitCodeProcess(self, process: int, code: Any) -> int:  # noqa: N802
        code._obj.value = self.processes[process].returncode
        return 1

    def TerminateProcess(self, process: int, _code: int) -> int:  # noqa: N802
        self.calls.append("terminate")
        self.processes[process].kill()
        return 1


@pytest.fixture
def spec(tmp_path: Path) -> SandboxSpec:
    return SandboxSpec(slot=tmp_path / "slot", data=tmp_path / "data", module="node.vault")


def pipes() -> contained.Pipes:
    ours: list[Any] = []
    theirs: list[Any] = []
    for is_input in (True, False, False):
        reading, writing = os.pipe()
        mine, other = (writing, reading) if is_input else (reading, writing)
        ours.append(os.fdopen(mine, "wb" if is_input else "rb", 0))
        theirs.append(os.fdopen(other, "rb" if is_input else "wb", 0))
    return contained.Pipes((ours[0], ours[1], ours[2]), (theirs[0], theirs[1], theirs[2]))


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch, spec: SandboxSpec) -> Callable[..., tuple[Started, str]]:
    """Start a child that says what it hears, on a Windows that is played; return what came of it."""

    def begin(
        kernel: Played, rehearsal: str = "", *, wake: Callable[[], None] = lambda: None, **changes: Any
    ) -> tuple[Started, str]:
        monkeypatch.setattr(container, "spawn", kernel.spawn)
        monkeypatch.setattr(container, "hand_out_keys", kernel.keys)
        monkeypatch.setattr(contained, "rehearsal", lambda _: [*BARE, rehearsal])
        monkeypatch.setattr(SandboxSpec, "command", lambda _: [*BARE, HELLO])
        found: Any = lambda _: type("Found", (), {"resume": lambda _: wake()})()  # noqa: E731
        waking = lambda process: wake_contained(process, 1 << 30, kernel, found)  # noqa: E731

        async def free() -> asyncio.subprocess.Process:
            kernel.calls.append("free")
            pipe = asyncio.subprocess.PIPE
            return await asyncio.create_subprocess_exec(*BARE, HELLO, stdin=pipe, stdout=pipe, stderr=pipe)

        async def scene() -> tuple[Started, str]:
            wanted = SandboxSpec(slot=spec.slot, data=spec.data, module=spec.module, **changes)
            started = await start_on_windows(wanted, kernel.load, pipes, waking, free)
            assert started.process.stdin is not None
            assert started.process.stdout is not None
            started.process.stdin.write(b"heard\n")
            said = await started.process.stdout.read()
            assert await started.process.wait() == 0
            started.let_go()
            return started, said.decode()

        return asyncio.run(scene())

    return begin


def test_after_a_rehearsal_that_ends_well_the_child_runs_in_the_container_and_its_pipes_are_ours(begin: Any) -> None:
    kernel = Played()
    started, said = begin(kernel)
    assert said == "heard\n"
    assert kernel.calls.count("spawn") == 2
    assert "free" not in kernel.calls
    assert started.report.files
    assert started.report.reasons[:2] == (UNTRIED, container.TCP_STAYS_OPEN)
    assert kernel.open == set()


def test_both_sleep_until_a_job_holds_them(begin: Any) -> None:
    kernel = Played()
    begin(kernel, wake=lambda: kernel.calls.append("wake"))
    order = [call for call in kernel.calls if call in {"spawn", "assign", "wake"}]
    assert order == ["spawn", "assign", "wake"] * 2


@pytest.mark.parametrize(
    ("rehearsal", "why"),
    [
        (
            "import sys; sys.exit('first\\nin the container C:/Users can be read')",
            "in the container C:/Users can be read",
        ),
        ("raise PermissionError(13, 'no loop')", r"PermissionError: [Errno 13] no loop"),
        ("import sys; sys.exit(7)", "its rehearsal ended with 0x7"),
        ("import sys; sys.stderr.write('\\x1b[31m' + 'x' * 300 + '\\n'); sys.exit(1)", "?[31m" + "x" * 195),
    ],
    ids=["open", "closed", "silent", "noise"],
)
def test_after_one_that_does_not_the_child_runs_with_the_job_alone_and_the_report_says_why(
    begin: Any, rehearsal: str, why: str
) -> None:
    kernel = Played()
    started, said = begin(kernel, rehearsal)
    assert said == "heard\n"
    assert (kernel.calls.count("spawn"), kernel.calls.count("free")) == (1, 1)
    assert not started.report.files
    assert started.report.reasons == (UNTRIED, f"AppContainer: {why}", windows.OPEN_ON_WINDOWS)
    assert kernel.open == set()


@pytest.mark.parametrize("rehearsal", ["input()", "import sys\nwhile True: sys.stderr.write('x' * 1000)"])
def test_a_rehearsal_that_takes_too_long_is_ended_whatever_it_says(
    begin: Any, monkeypatch: pytest.MonkeyPatch, rehearsal: str
) -> None:
    monkeypatch.setattr(contained, "REHEARSAL_S_MAX", 0.2)
    kernel = Played()
    started, said = begin(kernel, rehearsal)
    assert said == "heard\n"
    assert "took longer than 0.2 s" in started.report.reasons[1]
    assert kernel.calls.count("terminate") == 1
    assert all(process.poll() is not None for process in kernel.processes.values())
    assert kernel.open == set()


@pytest.mark.parametrize("fails", ["load", "keys", "spawn"])
def test_where_windows_has_no_container_the_child_runs_with_the_job_alone(begin: Any, fails: str) -> None:
    kernel = Played(fails)
    started, said = begin(kernel)
    assert said == "heard\n"
    assert "spawn" not in kernel.calls
    assert started.report.reasons[1].startswith("AppContainer: ")
    assert started.report.reasons[-1] == windows.OPEN_ON_WINDOWS
    assert kernel.open == set()


def test_a_child_that_cannot_be_started_after_a_good_rehearsal_runs_with_the_job_alone(begin: Any) -> None:
    kernel = Played()
    started, said = begin(kernel, wake=lambda: kernel.__setattr__("fails", ("spawn",)))
    assert said == "heard\n"
    assert kernel.calls.count("spawn") == 1
    assert started.report.reasons[1] == "AppContainer: CreateProcess failed with 5"


def test_one_that_cannot_be_woken_in_the_container_is_ended_and_started_without(begin: Any) -> None:
    kernel = Played()
    troubles = [psutil.NoSuchProcess(1)]

    def wake() -> None:
        if troubles:
            raise troubles.pop()

    started, said = begin(kernel, wake=wake)
    assert said == "heard\n"
    assert "woken" in started.report.reasons[1]
    assert "terminate" in kernel.calls


def test_what_must_be_shut_off_is_not_started_without_the_container(begin: Any) -> None:
    kernel = Played()
    with pytest.raises(PermissionError, match=f"{STAY_OPEN}: its rehearsal ended with 0x7"):
        begin(kernel, "import sys; sys.exit(7)", must_shut_off=True)
    assert "free" not in kernel.calls
    assert begin(Played(), must_shut_off=True)[0].report.files


def test_a_process_that_has_ended_cannot_be_killed_once_more() -> None:
    kernel = Played()

    async def scene() -> None:
        with contextlib.ExitStack() as ends:
            both = pipes()
            for end in (*both.ours, *both.theirs):
                ends.callback(end.close)
            asleep = kernel.spawn(None, [*BARE, "input()"], handles=[end.fileno() for end in both.theirs])
            process = contained.Contained(kernel, asleep)
            process.kill()
            assert await process.wait() == process.returncode == (1 << 32) - 9
        with pytest.raises(ProcessLookupError):
            process.kill()

    asyncio.run(scene())


def test_the_command_of_the_rehearsal_tells_it_what_is_the_childs_and_what_is_not(spec: SandboxSpec) -> None:
    *start, program, order = contained.rehearsal(spec)
    assert start == [sys.executable, "-I", "-B", "-c"]
    assert program == Path(inside.__file__).read_text()
    for path in (spec.slot / "rehearsal", spec.data / "rehearsal", spec.data / "chunks", Path.home()):
        assert f'"{path}"' in order
    assert len(subprocess.list2cmdline([*start, program, order])) < 1 << 14  # half of what Windows takes
    done = subprocess.run([*start, program, order], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (1, "this is no Windows\n")


class Inside:
    """The kernel as a rehearsal sees it: ``is_open`` can be opened."""

    def __init__(self, *is_open: str) -> None:
        self._is_open = is_open

    def OpenProcess(self, right: int, _is_inherited: int, pid: int) -> int | None:  # noqa: N802
        return 1 if f"{pid} for {right:#x}" in self._is_open else None

    def OpenThread(self, right: int, _is_inherited: int, number: int) -> int | None:  # noqa: N802
        is_first = number == os.getpid()
        return 1 if f"{'first' if is_first else 'other'} thread for {right:#x}" in self._is_open else None


@pytest.fixture
def rehearse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Rehearse in a place where all is as it should be, but for the changes."""
    for name in ("slot", "incoming", "chunks"):
        (tmp_path / name).mkdir()

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    def only_shown(action: Callable[[Any], Any], path: Any) -> Any:
        if "hidden" in str(path):
            raise PermissionError(13, "access is denied")
        return action(path)

    monkeypatch.setattr(inside, "subprocess", SimpleNamespace(run=refuse))
    monkeypatch.setattr(inside, "names_in", partial(only_shown, inside.names_in))
    monkeypatch.setattr(inside, "write_and_remove", partial(only_shown, inside.write_and_remove))
    order = {
        "modules": ["json", "iroh"],
        "udp": True,
        "shown": [str(tmp_path / "slot")],
        "folders": [str(tmp_path / "incoming"), str(tmp_path / "chunks")],
        "hidden": [str(tmp_path / "hidden")],
        "forbidden": [str(tmp_path / "hidden" / "rehearsal")],
        "others": [7],
    }
    return lambda *is_open, **changes: inside.main(order | changes, Inside(*is_open))


def test_a_rehearsal_in_which_all_is_as_it_should_be_ends_well_and_leaves_nothing(
    rehearse: Any, tmp_path: Path
) -> None:
    rehearse()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["chunks", "incoming", "slot"]


@pytest.mark.parametrize(
    ("is_open", "words"),
    [
        ("itself for 0x1", "process"),  # ending it
        ("itself for 0x40", "process"),  # taking its handles
        ("7 for 0x40000", "process 7"),  # changing who may
        ("first thread for 0x10", "threads"),
        ("other thread for 0x10", "threads"),
    ],
)
def test_a_rehearsal_that_could_come_near_another_process_does_not_end_well(
    rehearse: Any, is_open: str, words: str
) -> None:
    with pytest.raises(SystemExit, match=words):
        rehearse(is_open.replace("itself", str(os.getpid())))


def test_a_rehearsal_that_could_read_or_write_elsewhere_does_not_end_well_and_leaves_nothing(
    rehearse: Any, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="can be read"):
        rehearse(hidden=[str(tmp_path)])
    with pytest.raises(SystemExit, match="can be written"):
        rehearse(forbidden=[str(tmp_path / "beside")])
    assert not (tmp_path / "beside").exists()


@pytest.mark.parametrize("which", ["hidden", "forbidden"])
def test_what_is_not_there_shows_nothing_of_what_is_shut_off(rehearse: Any, tmp_path: Path, which: str) -> None:
    with pytest.raises(FileNotFoundError):
        rehearse(**{which: [str(tmp_path / "nowhere" / "file")]})


def test_a_rehearsal_that_could_start_a_program_does_not_end_well(
    rehearse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "subprocess", SimpleNamespace(run=lambda *_, **__: None))
    with pytest.raises(SystemExit, match="program can be started"):
        rehearse()


@pytest.mark.parametrize(
    "changes", [{"modules": ["nowhere"]}, {"shown": ["/nowhere"]}, {"folders": ["/nowhere", "/nowhere"]}]
)
def test_a_rehearsal_that_cannot_do_what_a_vault_needs_does_not_end_well(rehearse: Any, changes: Any) -> None:
    with pytest.raises((ImportError, OSError)):
        rehearse(**changes)


@pytest.mark.parametrize("lacking", ["send_a_datagram", "bind"])
def test_it_needs_its_network_only_if_it_declares_it(
    rehearse: Any, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(inside, lacking, refuse)
    with pytest.raises(OSError, match="no network"):
        rehearse()
    rehearse(udp=False)
