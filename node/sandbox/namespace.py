"""A network and a view of the disk of a process's own: nothing that is tried out reaches anybody.

In the network there is nobody but its children.  Of the disk folders are hidden in which others listen: whoever may
connect to a socket there is asked by the file's mode alone, not by Landlock, and the session bus would hand out the
keyring's secrets or start any program.

Linux only.  It needs no privilege where the system lets an ordinary user have namespaces; some do not.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import stat
import struct
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

CLONE_NEWNS: Final = 0x0002_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000
GET_FLAGS, SET_FLAGS, IS_UP = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
INTERFACE: Final = b"lo"
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC = 0x2, 0x4, 0x1000, 0x4000
MNT_DETACH: Final = 0x2
STEP_S_MAX: Final = 10  # a child that takes longer over a few system calls is ended by its own alarm
FOLDER_MODE: Final = 0o755
# Where services and programs of a person listen; a person's own folder may lie elsewhere.
LISTENED_IN: Final = ("/run", "/tmp", "/var/tmp", "/home", "/root")  # noqa: S108  nothing is made there


def shut_off() -> bool:
    """Leave the network of this computer for an empty one; whether that could be.

    Call it before any thread is started; it concerns this process and all that it starts from then on.
    """
    # Who has left cannot come back, and some systems let one leave only to be powerless in a network that is down.  So
    # that a process of its own tries it before.
    if sys.platform != "linux" or not _is_done_by_another(_into_an_empty_network):
        return False
    try:
        _into_an_empty_network()
    except OSError:
        return False
    return True


def hide(folders: Collection[str], kept: Collection[str]) -> None:
    """Let these folders look empty but for the paths that are kept.  Linux only.

    Call it before any thread is started, and enter a folder anew afterwards: by the old one all is still to be seen.

    Raises:
        OSError: The system refused; nothing is hidden.
    """
    _leave(CLONE_NEWNS)
    tops = _outermost(os.path.realpath(folder) for folder in folders if Path(folder).is_dir())
    opened = list(_opened(tops, kept))
    hidden: list[str] = []
    try:
        for top in tops:
            _mount("none", top, "tmpfs", MS_NOSUID | MS_NODEV)
            hidden.append(top)
        for place, descriptor in opened:
            _put_back(place, descriptor)
    except OSError:
        for top in reversed(hidden):
            _libc().umount2(os.fsencode(top), MNT_DETACH)
        raise
    finally:
        for _, descriptor in opened:
            os.close(descriptor)


def _leave(what: int) -> None:
    """Have a namespace of one's own instead of the common one.  Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    _check(_libc().unshare(CLONE_NEWUSER | what))
    with contextlib.suppress(OSError):  # whoever is nobody to the system can still open what is theirs
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _into_an_empty_network() -> None:
    """Raises OSError, and may have left then."""
    _leave(CLONE_NEWNET)
    _bring_up()


def _is_done_by_another(step: Callable[[], None]) -> bool:
    """Whether a step that changes a process for good goes well in a child that ends with it.  Before any thread."""
    try:
        child = os.fork()
    except OSError:
        return False
    if child == 0:
        exit_code = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(STEP_S_MAX)
            step()
            exit_code = 0
        finally:
            os._exit(exit_code)  # nothing else of the parent's is to run here
    return os.waitpid(child, 0)[1] == 0


def _bring_up() -> None:
    """Let this computer reach itself in it."""
    import fcntl  # noqa: PLC0415  # not there on Windows

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        request = struct.pack("16sH14x", INTERFACE, 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(asking, GET_FLAGS, request))[1]
        fcntl.ioctl(asking, SET_FLAGS, struct.pack("16sH14x", INTERFACE, flags | IS_UP))


def _outermost(paths: Iterator[str]) -> list[str]:
    """Those that lie in none of the others, sorted."""
    found: list[str] = []
    for path in sorted(paths):
        if not _is_below(path, found):
            found.append(path)
    return found


def _is_below(path: str, tops: Collection[str]) -> bool:
    return any(path == top or path.startswith(f"{top}/") for top in tops)


def _opened(tops: Collection[str], kept: Collection[str]) -> Iterator[tuple[str, int]]:
    """What is kept of the folders, held open before they are hidden: by its own path, and by those that lead to it."""
    named = {os.path.realpath(path) for path in kept} | {os.path.normpath(path) for path in kept}
    for place in _outermost(path for path in named if _is_below(path, tops)):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            yield place, os.open(place, os.O_PATH | os.O_CLOEXEC)


def _put_back(place: str, descriptor: int) -> None:
    path, is_folder = Path(place), stat.S_ISDIR(os.fstat(descriptor).st_mode)
    (path if is_folder else path.parent).mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    if not is_folder:
        path.touch()
    _mount(f"/proc/self/fd/{descriptor}", place, "", MS_BIND | MS_REC)


def _mount(what: str, where: str, kind: str, flags: int) -> None:
    named = (os.fsencode(what), os.fsencode(where), os.fsencode(kind))
    _check(_libc().mount(*named, ctypes.c_ulong(flags), None))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
