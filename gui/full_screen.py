"""Whether something fills the screen: a film, a game, a talk.  Nobody is told anything then.

It can be known on an X server; elsewhere (Wayland, Windows, macOS) it is unknown here.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gui.stories.notifications import Look

_LIBRARY: Final = "libxcb.so.1"  # Qt's own way to the X server; with Xlib an error would end the process
_ANY_TYPE: Final = 0
_WORDS_MAX: Final = 64  # of one property; there are a dozen states a window can have
_VALUE_AT: Final = 32  # the bytes of a reply before its value
_ATOM_BYTES: Final = 4


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Screens(ctypes.Structure):
    _fields_ = (("data", ctypes.POINTER(ctypes.c_uint32)), ("rem", ctypes.c_int), ("index", ctypes.c_int))


def screen() -> Look:
    """How the screen is used now.  Blocking, for as long as the X server takes: call it in a thread."""
    if sys.platform != "linux" or not os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return "unknown"
    try:
        xcb = ctypes.CDLL(_LIBRARY)
    except OSError:
        return "unknown"
    _declare(xcb)
    with _connection(xcb) as server:
        return "unknown" if server is None else _look(_Server(xcb, server))


class _Server:
    """One connection, and the two questions that are put to it."""

    def __init__(self, xcb: ctypes.CDLL, connection: int) -> None:
        self._xcb = xcb
        self._connection = connection
        self._libc = ctypes.CDLL(None)
        self._libc.free.argtypes = (ctypes.c_void_p,)

    def root(self) -> int:
        screens = self._xcb.xcb_setup_roots_iterator(self._xcb.xcb_get_setup(self._connection))
        return int(screens.data[0])

    def atom(self, name: str) -> int:
        """The server's number for a name; 0 if nobody has ever used it."""
        cookie = self._xcb.xcb_intern_atom(self._connection, 1, len(name), name.encode())
        found = self._words(self._xcb.xcb_intern_atom_reply(self._connection, cookie, None), at_bytes=8, count=1)
        return found[0] if found else 0

    def property(self, window: int, name: int) -> list[int]:
        """A property of a window as 32-bit words; none if it has no such property, or is gone."""
        cookie = self._xcb.xcb_get_property(self._connection, 0, window, name, _ANY_TYPE, 0, _WORDS_MAX)
        reply = self._xcb.xcb_get_property_reply(self._connection, cookie, None)
        if not reply:
            return []
        count = ctypes.c_uint32.from_address(reply + 16).value
        is_words = ctypes.c_uint8.from_address(reply + 1).value == 8 * _ATOM_BYTES
        return self._words(reply, at_bytes=_VALUE_AT, count=min(count, _WORDS_MAX) if is_words else 0)

    def _words(self, reply: int | None, *, at_bytes: int, count: int) -> list[int]:
        if not reply:
            return []
        found = list((ctypes.c_uint32 * count).from_address(reply + at_bytes))
        self._libc.free(reply)
        return found


def _look(server: _Server) -> Look:
    active, state, full = (
        server.atom(name) for name in ("_NET_ACTIVE_WINDOW", "_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN")
    )
    windows = server.property(server.root(), active) if active else []
    if not windows:
        return "unknown"  # no window manager that tells
    return "full" if full and full in server.property(windows[0], state) else "free"


@contextmanager
def _connection(xcb: ctypes.CDLL) -> Iterator[int | None]:
    """A connection of our own; None if the server lets nobody in."""
    connection = xcb.xcb_connect(None, None)
    try:
        yield None if xcb.xcb_connection_has_error(connection) else connection
    finally:
        xcb.xcb_disconnect(connection)


def _declare(xcb: ctypes.CDLL) -> None:
    """Say what the functions take and give: without it a pointer would be cut to an int."""
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    xcb.xcb_connect.restype = pointer
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.POINTER(ctypes.c_int))
    xcb.xcb_connection_has_error.argtypes = (pointer,)
    xcb.xcb_disconnect.argtypes = (pointer,)
    xcb.xcb_disconnect.restype = None
    xcb.xcb_get_setup.argtypes = (pointer,)
    xcb.xcb_get_setup.restype = pointer
    xcb.xcb_setup_roots_iterator.argtypes = (pointer,)
    xcb.xcb_setup_roots_iterator.restype = _Screens
    xcb.xcb_intern_atom.argtypes = (pointer, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_char_p)
    xcb.xcb_intern_atom.restype = _Cookie
    xcb.xcb_get_property.argtypes = (pointer, ctypes.c_uint8, number, number, number, number, number)
    xcb.xcb_get_property.restype = _Cookie
    for name in ("xcb_intern_atom_reply", "xcb_get_property_reply"):
        reply = getattr(xcb, name)
        reply.argtypes = (pointer, _Cookie, pointer)
        reply.restype = pointer
