"""Whether a disk can hold a home at all, found out by doing in it what every home needs.

Not every file system keeps what one needs: exFAT, FAT, most mounts of NTFS and many network disks mark each file
executable or none, let everybody in, and know no Unix sockets.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from pathlib import Path
from typing import Final

from node.api import door

TRIED: Final = ".fitting"
REFUSES: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS, errno.EACCES}


def is_fit(folder: Path, sock: Path) -> bool:
    """Whether files in ``folder`` keep their mode, and ``sock`` can be a socket.

    ``sock`` is removed, whatever it was.  That files can be renamed shows when the first one is written.  Blocking.

    Raises:
        OSError: That could not be found out, as on a full disk.
    """
    return keeps_modes(folder) and (not door.HAS_UNIX_SOCKETS or _knows_sockets(sock))


def keeps_modes(folder: Path) -> bool:
    """Whether a file in ``folder`` is executable, and closed to others, as is said.  Blocking; may raise OSError.

    Of a version each file's executable bit is part of its name, and who may enter a home may use its node.
    """
    if sys.platform == "win32":
        return True
    tried = folder / TRIED
    try:
        tried.unlink(missing_ok=True)
        os.close(os.open(tried, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return all(_mode_after(tried, mode) == mode for mode in (0o700, 0o600))
    except OSError as error:
        if error.errno in REFUSES:
            return False
        raise
    finally:
        tried.unlink(missing_ok=True)


def _mode_after(file: Path, mode: int) -> int:
    file.chmod(mode)
    return stat.S_IMODE(file.stat().st_mode)


def _knows_sockets(path: Path) -> bool:
    path.unlink(missing_ok=True)
    try:
        with door.reachable(path) as name, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
            tried.bind(name)
    except OSError as error:
        if error.errno in REFUSES:
            return False
        raise
    finally:
        path.unlink(missing_ok=True)
    return True
