"""The self-test: run inside the sandbox as a vault would be, it tries what must work and what must fail.

Standard input holds the bait as one JSON object: ``parent_pid``, ``secret`` (a private file), ``folder`` (where it
lies), ``stream`` and ``datagram`` (paths of Unix sockets), ``abstract`` (name of one), ``tcp`` (a listening port),
``may`` (its capabilities).  Standard output gets one JSON list of outcomes, and then the line EXECUTED if a
foreign program could be started.  Every attempt is harmless where it succeeds: signal 0, values set to what they are.

Standard library only.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from node.sandbox import linux, seccomp
from node.sandbox.agreed import EXECUTED
from node.sandbox.probe_network import connect, listen, own_addresses, send, sockets

PTRACE_SEIZE: Final = 0x4206
CLONE_NEWUSER: Final = 0x10000000
KEYCTL_GET_KEYRING_ID, KEY_SESSION = 0, -3
IPC_CREATE, IPC_REMOVE = 0o1000, 0
AT_CURRENT_FOLDER: Final = -100
F_SETOWN: Final = 8

Probe = tuple[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; ``kind`` is what it would breach: work, files, others, kernel, tcp, udp or memory."""

    kind: str
    name: str
    is_allowed: bool
    detail: str


class _IoVector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def main() -> None:
    """Read the bait, try everything, print the outcomes."""
    bait = json.load(sys.stdin)
    may = bait["may"]
    groups: dict[str, list[Probe]] = {
        "work": work(),
        "files": [*foreign_files(bait), *attributes(bait), *stored_chunks()],
        "others": others(bait["parent_pid"]),
        "kernel": [*kernel(), *sockets(bait)],
        "tcp": [("listen by TCP", listen)],
        "udp": [],
        "memory": memory(may["memory_bytes"], may["file_bytes"], may["open_files"]),
    }
    groups["work" if may["udp"] else "udp"] += [("send by UDP", send), ("learn its own addresses", own_addresses)]
    groups["work" if may["tcp"] else "tcp"].append(("connect by TCP", lambda: connect(bait["tcp"])))
    outcomes = [attempt(kind, name, action) for kind, probes in groups.items() for name, action in probes]
    print(json.dumps([asdict(outcome) for outcome in outcomes]), flush=True)  # noqa: T201  its output
    try:  # last, because it ends this program where it succeeds
        os.execv("/bin/sh", ["/bin/sh", "-c", f"echo {EXECUTED}"])  # noqa: S606  that is the attempt
    except OSError:
        sys.exit(0)


def attempt(kind: str, name: str, action: Callable[[], object]) -> Outcome:
    """Try one thing."""
    try:
        result = action()
    except (OSError, MemoryError, RuntimeError) as error:
        return Outcome(kind, name, is_allowed=False, detail=f"{type(error).__name__} {error}"[:80])
    return Outcome(kind, name, is_allowed=True, detail=repr(result)[:80])


def call(name: str, *arguments: object) -> int:
    """Make a system call by its name.

    Raises:
        OSError: The kernel refused, or this machine has no such call.
    """
    column = ("x86_64", "aarch64").index(os.uname().machine)
    number = {**seccomp.REFUSED, **seccomp.GUARDED}[name][column]
    return linux.system_call(1 << 20 if number is None else number, *arguments)


def stored_chunk() -> Path:
    """A new chunk, stored as a vault does."""
    name = f"probe-{os.urandom(8).hex()}"
    return incoming_file(name).rename(Path("chunks", name))


def incoming_file(name: str) -> Path:
    """A file that a vault is about to store."""
    path = Path("incoming", name)
    path.write_bytes(b"stored")
    return path


def work() -> list[Probe]:
    """What a vault cannot live without."""

    def thread() -> None:
        started = threading.Thread(target=bool)
        started.start()
        started.join()

    return [
        ("read the slot", Path(__file__).read_bytes),
        ("write in incoming", lambda: Path("incoming", "new").write_bytes(b"x")),
        ("remove in incoming", Path("incoming", "new").unlink),
        ("store a chunk", stored_chunk),
        ("read a stored chunk", lambda: stored_chunk().read_bytes()),
        ("list the chunks", lambda: list(Path("chunks").iterdir())),
        ("sync the chunks", lambda: _sync("chunks")),
        ("remove a stored chunk", lambda: stored_chunk().unlink()),
        ("use /dev/null", lambda: os.close(os.open("/dev/null", os.O_RDWR))),
        ("run an event loop", lambda: asyncio.run(asyncio.sleep(0))),
        ("start a thread", thread),
        ("signal itself", lambda: os.kill(os.getpid(), 0)),
        ("lower its own priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0))),
        ("read its own limits", lambda: resource.prlimit(0, resource.RLIMIT_NOFILE)),
    ]


def foreign_files(bait: dict[str, Any]) -> list[Probe]:
    """Files that are not the vault's."""
    secret, folder = Path(bait["secret"]), Path(bait["folder"])
    return [
        ("read a private file", secret.read_bytes),
        ("list a foreign folder", lambda: list(folder.iterdir())),
        ("write a foreign file", lambda: os.close(os.open(secret, os.O_WRONLY))),
        ("make a foreign file", lambda: (folder / "made").write_bytes(b"x")),
        ("open a foreign file for nothing", lambda: os.close(os.open(secret, os.O_ACCMODE))),
        ("truncate a foreign file by path", lambda: os.truncate(folder / "spare", 1)),
        ("truncate a foreign file by opening", lambda: os.close(os.open(folder / "spare", os.O_ACCMODE | os.O_TRUNC))),
        ("remove a foreign file", (folder / "spare").unlink),
        ("change the slot", lambda: os.close(os.open(__file__, os.O_WRONLY))),
        ("read /etc/passwd", lambda: len(Path("/etc/passwd").read_bytes())),
        ("read the parent's environment", Path(f"/proc/{bait['parent_pid']}/environ").read_bytes),
        ("read the parent's memory map", Path(f"/proc/{bait['parent_pid']}/maps").read_bytes),
        ("open the terminal", lambda: os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))),
        ("make a file beside incoming", lambda: Path("beside").write_bytes(b"x")),
        ("make a folder beside incoming", lambda: Path("folder").mkdir()),
        ("make a folder in incoming", lambda: Path("incoming", "folder").mkdir()),
        ("make a symbolic link", lambda: Path("incoming", "symbolic").symlink_to(secret)),
        ("make a pipe", lambda: os.mkfifo("incoming/pipe")),
    ]


def attributes(bait: dict[str, Any]) -> list[Probe]:
    """What Landlock does not look at: modes, owners, times, attributes of any file of the user."""
    secret = bait["secret"]
    return [
        ("change a file's mode", lambda: Path(secret).chmod(0o600)),
        ("change a file's mode by descriptor", lambda: os.fchmod(1, 0o600)),
        ("change a file's owner", lambda: os.chown(secret, os.getuid(), os.getgid())),
        ("change a file's times", lambda: os.utime(secret)),
        ("set an extended attribute", lambda: os.setxattr(secret, "user.probe", b"x")),
        ("remove an extended attribute", lambda: os.removexattr(secret, "user.probe")),
    ]


def stored_chunks() -> list[Probe]:
    """Bytes that were acknowledged."""

    def back(chunk: Path) -> object:
        return chunk.rename(Path("incoming", chunk.name))

    return [
        ("overwrite a stored chunk", lambda: os.close(os.open(stored_chunk(), os.O_WRONLY))),
        ("append to a stored chunk", lambda: os.close(os.open(stored_chunk(), os.O_WRONLY | os.O_APPEND))),
        ("truncate a stored chunk by path", lambda: os.truncate(stored_chunk(), 1)),
        ("truncate a stored chunk by reading", lambda: os.close(os.open(stored_chunk(), os.O_RDONLY | os.O_TRUNC))),
        ("truncate a stored chunk by opening", lambda: os.close(os.open(stored_chunk(), os.O_ACCMODE | os.O_TRUNC))),
        ("move a stored chunk back", lambda: back(stored_chunk())),
        ("link a stored chunk back", lambda: os.link(stored_chunk(), "incoming/alias")),
        ("keep a second name of a chunk", lambda: os.link(incoming_file("second"), "chunks/second")),
        ("write straight into chunks", lambda: Path("chunks", "straight").write_bytes(b"x")),
    ]


def others(parent_pid: int) -> list[Probe]:
    """Other processes of the same user: the supervisor, the twin."""
    none = ctypes.c_void_p(0)

    def own_signals() -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            return fcntl.fcntl(own, F_SETOWN, parent_pid)

    def limits() -> object:
        kind = resource.RLIMIT_NOFILE
        return resource.prlimit(parent_pid, kind, resource.prlimit(parent_pid, kind))

    def affinity() -> None:
        os.sched_setaffinity(parent_pid, os.sched_getaffinity(parent_pid))

    def scheduler() -> None:
        os.sched_setscheduler(parent_pid, os.sched_getscheduler(parent_pid), os.sched_getparam(parent_pid))

    def priority(which: int, who: int) -> Callable[[], object]:
        return lambda: os.setpriority(which, who, os.getpriority(which, who))

    return [
        ("signal the parent", lambda: os.kill(parent_pid, 0)),
        ("signal a thread of the parent", lambda: call("tgkill", parent_pid, parent_pid, 0)),
        ("signal a thread by its number", lambda: call("tkill", parent_pid, 0)),
        ("signal everybody", lambda: os.kill(-1, 0)),
        ("signal a group", lambda: os.kill(0, 0)),
        ("get a handle of the parent", lambda: os.close(os.pidfd_open(parent_pid))),
        ("have the kernel signal the parent", own_signals),
        # Without an option the parent is let go when this process ends.
        ("trace the parent", lambda: call("ptrace", PTRACE_SEIZE, parent_pid, none, none)),
        ("read the parent's memory", lambda: _read_memory(parent_pid)),
        ("limit the parent", limits),
        ("set the parent's priority", priority(os.PRIO_PROCESS, parent_pid)),
        ("set a group's priority", priority(os.PRIO_PGRP, 0)),
        ("set the parent's processors", affinity),
        ("set the parent's scheduler", scheduler),
        ("set the parent's disk priority", lambda: call("ioprio_set", 1, parent_pid, 0)),
        ("start a process", lambda: _leave(os.fork())),
        ("start a process by the old call", lambda: _leave(call("fork"))),
        ("outlive the parent", lambda: linux.prctl(linux.PR_SET_PDEATHSIG, 0)),
        ("watch a foreign folder", lambda: call("inotify_init1", 0)),
    ]


def kernel() -> list[Probe]:
    """Broad ways into the kernel and around the sandbox."""

    def page() -> object:
        return ctypes.create_string_buffer(4096)

    def shared_memory() -> None:
        call("shmctl", call("shmget", 0, ctypes.c_size_t(4096), IPC_CREATE | 0o600), IPC_REMOVE, None)

    return [
        ("enter a user namespace", lambda: call("unshare", CLONE_NEWUSER)),
        ("read the kernel's keyring", lambda: call("keyctl", KEYCTL_GET_KEYRING_ID, KEY_SESSION, 0)),
        ("queue calls past the filter", lambda: os.close(call("io_uring_setup", 8, page()))),
        ("load a kernel program", lambda: call("bpf", 0, page(), 0)),
        ("share memory with other programs", shared_memory),
        ("open by a structure", lambda: call("openat2", AT_CURRENT_FOLDER, b".", page(), ctypes.c_size_t(24))),
        ("read the kernel's log", lambda: call("syslog", 3, page(), 64)),
        ("watch performance counters", lambda: call("perf_event_open", page(), 0, -1, -1, 0)),
        ("have capabilities", _use_capability),
    ]


def memory(memory_bytes: int, file_bytes: int, open_files: int) -> list[Probe]:
    """More than the limits."""

    def big_file() -> None:
        with Path("incoming", "big").open("wb") as file:
            file.truncate(file_bytes + 1)

    def many_files() -> None:
        files: list[int] = []
        try:
            while len(files) < open_files:
                files.append(os.open(os.devnull, os.O_RDONLY))
        finally:
            for file in files:
                os.close(file)

    return [
        ("take more memory than allowed", lambda: len(bytearray(memory_bytes))),
        ("take memory that no limit counts", lambda: os.close(os.memfd_create("probe"))),
        ("make a huge file", big_file),
        ("open too many files", many_files),
    ]


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def _read_memory(pid: int) -> int:
    buffer = ctypes.create_string_buffer(16)
    vector = _IoVector(ctypes.addressof(buffer), 16)
    # Nothing lies at that address for certain, but a refusal comes before the look.
    count, none = ctypes.c_ulong(1), ctypes.c_ulong(0)
    try:
        return call("process_vm_readv", pid, ctypes.byref(vector), count, ctypes.byref(vector), count, none)
    except OSError as error:
        if error.errno == 14:  # EFAULT: it was allowed to look
            return 0
        raise


def _leave(pid: int) -> int:
    """End the new process at once; in the old one, wait for that."""
    if pid == 0:
        os._exit(0)
    return os.waitpid(pid, 0)[0]


def _use_capability() -> None:
    """Ask the kernel which capabilities this process has.

    Raises:
        PermissionError: There are none.
    """
    header = (ctypes.c_uint32 * 2)(linux.CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capget(header, data) == 0 and not any(data):
        raise PermissionError("no capabilities")


if __name__ == "__main__":
    main()
