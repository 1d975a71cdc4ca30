"""One app per home.  The second start asks the first to show its window, or to quit, and ends.

Where the first is about to end, which its node may take some time for, the second takes its place.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

import platformdirs
from PySide6.QtCore import QDeadlineTimer, QLockFile
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from gui.disk import answer_now

MARKER: Final = "home.json"  # a folder with it is a home
MAKING: Final = "home.json.making"  # one with this and without that is a home whose making was cut off
ANSWER_MS_MAX: Final = 3000
AGAIN_MS: Final = 2000
END_MS_MAX: Final = 90_000  # an app that ends lets its node hand over first
_RAISE: Final = b"raise\n"
_QUIT: Final = b"quit\n"
_DONE: Final = b"done\n"
_ENDING: Final = b"ending\n"  # it will show no window any more
_BYTES_MAX: Final = 64


def is_home(folder: Path) -> bool:
    """Whether a home is there.  One on a disk that fails to be read is not.  Blocking."""
    try:
        return (folder / MARKER).is_file()
    except OSError:  # such as of a disk that was pulled out: it is still there, and every answer of it an error
        return False


def may_become_home(folder: Path) -> bool:
    """Whether the node would make a home there: nothing lies in it, or what is left of a making that was cut off.

    Blocking.  Raises OSError if the folder cannot be looked into.
    """
    if not folder.exists() or (folder / MAKING).is_file():
        return True
    return all(entry.name.startswith(f".{MAKING}.") for entry in folder.iterdir())


def meeting_folder() -> Path:
    """A folder of this user's own in which the apps of one session find each other.

    Raises:
        OSError: It cannot be made, or nothing can be made in it.
    """
    if sys.platform == "win32" or os.environ.get("XDG_RUNTIME_DIR"):
        folder = platformdirs.user_runtime_path("perennial", appauthor=False)
    else:  # what would stand in for it is shared with other users
        folder = platformdirs.user_cache_path("perennial", appauthor=False)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return folder


class Instance:
    """The claim of one app on one home, held until ``release`` or the end of the process."""

    def __init__(self, home: Path, folder: Path) -> None:
        place = answer_now(home.resolve, otherwise=home)
        name = f"tray-{hashlib.sha256(os.fsencode(place)).hexdigest()[:16]}"
        # Unix: a socket in our own folder.  Windows: the name of a pipe.
        self._address = name if sys.platform == "win32" else str(folder / f"{name}.sock")
        self._lock = QLockFile(str(folder / f"{name}.lock"))
        self._lock.setStaleLockTime(0)  # only a dead process loses it, never a slow one
        self._server: QLocalServer | None = None
        self.is_ending: Callable[[], bool] = lambda: False  # whether this app is about to let go of the home

    def claim(self, on_raise: Callable[[], None], on_quit: Callable[[], None] | None = None) -> bool:
        """Be the one app of this home.

        ``on_raise`` is called when another start asks for the window, ``on_quit`` when one asks for an end.

        Returns False when another app has the home already.
        """
        if not self._lock.tryLock(0):
            return False
        QLocalServer.removeServer(self._address)  # left over from an app that died; we hold the lock
        server = QLocalServer()
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(lambda: self._welcome({_RAISE: on_raise, _QUIT: on_quit}))
        server.listen(self._address)
        self._server = server
        return True

    def meet_first(self) -> Literal["shown", "ended", "silent"]:
        """Ask the app that has the home to show its window; wait for the end of one that is ending.

        Blocking, up to 3 x ANSWER_MS_MAX, and up to END_MS_MAX where it is ending.
        """
        answer = self._ask(_RAISE)
        if answer == _DONE:
            return "shown"
        if not self._lock.tryLock(END_MS_MAX if answer == _ENDING else 0):
            return "silent"
        self._lock.unlock()
        return "ended"

    def end_first(self) -> bool:
        """Ask the app that has the home to quit, and wait until it has.  Blocking, up to END_MS_MAX and a little.

        Returns whether no app has the home any more.
        """
        left = QDeadlineTimer(END_MS_MAX)
        has_ended = self._lock.tryLock(0)
        while not has_ended and not left.hasExpired():
            self._ask(_QUIT)  # again and again: an app that starts may hear nothing yet
            has_ended = self._lock.tryLock(AGAIN_MS)
        if has_ended:
            self._lock.unlock()
        return has_ended

    def _ask(self, what: bytes) -> bytes:
        """What it answers; b"" for nothing."""
        socket = QLocalSocket()
        socket.connectToServer(self._address)
        if not socket.waitForConnected(ANSWER_MS_MAX):
            return b""
        socket.write(what)
        socket.waitForBytesWritten(ANSWER_MS_MAX)
        answer = bytes(socket.read(_BYTES_MAX).data()) if socket.waitForReadyRead(ANSWER_MS_MAX) else b""
        socket.disconnectFromServer()
        return answer

    def release(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _welcome(self, heard: Mapping[bytes, Callable[[], None] | None]) -> None:
        if self._server is None or (socket := self._server.nextPendingConnection()) is None:
            return

        def answer() -> None:
            asked = bytes(socket.read(_BYTES_MAX).data())
            is_late = asked == _RAISE and self.is_ending()
            called = None if is_late else heard.get(asked)
            if is_late or called is not None:
                socket.write(_ENDING if is_late else _DONE)
                socket.flush()
            socket.disconnectFromServer()
            if called is not None:  # last, for it may be the end of this server
                called()

        socket.disconnected.connect(socket.deleteLater)
        socket.readyRead.connect(answer)
        if socket.bytesAvailable():
            answer()
