"""A network of a process's own, in which there is nobody but its children: nothing that is tried out reaches anybody.

Linux only.  It needs no privilege where the system lets an ordinary user have namespaces; some do not.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Final

CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000
GET_FLAGS, SET_FLAGS, IS_UP = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
INTERFACE: Final = b"lo"


def shut_off() -> bool:
    """Leave the network of this computer for an empty one; whether that could be.

    Call it before any thread is started; it concerns this process and all that it starts from then on.
    """
    if sys.platform != "linux":
        return False
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0:
        return False
    with contextlib.suppress(OSError):  # whoever is nobody to the system can still open what is theirs
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    try:
        _bring_up()
    except OSError:
        return False
    return True


def _bring_up() -> None:
    """Let this computer reach itself in it."""
    import fcntl  # noqa: PLC0415  # not there on Windows

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        request = struct.pack("16sH14x", INTERFACE, 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(asking, GET_FLAGS, request))[1]
        fcntl.ioctl(asking, SET_FLAGS, struct.pack("16sH14x", INTERFACE, flags | IS_UP))
