"""Linux: the battery by the kernel, the connection by NetworkManager, keys and mouse by whoever knows of them.

Of keys and mouse know, in this order: Mutter (GNOME, on X and Wayland), the X server where there is no Wayland, and
logind, which is told by some desktops when the screen is locked or nobody has been there for long: it is believed
that nobody is there, never that somebody is.  ``org.freedesktop.ScreenSaver`` is not asked: its answer is in seconds
or milliseconds, as the desktop likes, and always 0 on some.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from jeepney import DBusAddress, MessageFlag, Properties, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.wrappers import DBusErrorResponse, unwrap_msg

from node.supervisor.surroundings.senses import is_on_battery

CALL_S: Final = 0.5
LONG_IDLE_S: Final = 3600.0  # said where it is only known that nobody is there
METERED: Final = {1: True, 2: False, 3: True, 4: False}  # NMMetered: yes, no, probably, probably not; 0: unknown
NETWORK_MANAGER: Final = DBusAddress(
    "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "org.freedesktop.NetworkManager"
)
MUTTER: Final = DBusAddress(
    "/org/gnome/Mutter/IdleMonitor/Core", "org.gnome.Mutter.IdleMonitor", "org.gnome.Mutter.IdleMonitor"
)
LOGIND: Final = DBusAddress(
    "/org/freedesktop/login1/user/self", "org.freedesktop.login1", "org.freedesktop.login1.User"
)
SESSION: Final = "org.freedesktop.login1.Session"


class Bus(Protocol):
    """One message bus.  Both calls raise OSError or ValueError when there is no answer that is one."""

    def call(self, address: DBusAddress, method: str) -> Any: ...

    def get(self, address: DBusAddress, name: str) -> Any: ...


class RealBus:
    """``name`` is SESSION or SYSTEM.  Connected when it is first needed, and anew after a failure."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._connection: DBusConnection | None = None

    def call(self, address: DBusAddress, method: str) -> Any:
        return _first(self._ask(new_method_call(address, method)))

    def get(self, address: DBusAddress, name: str) -> Any:
        return _last(_first(self._ask(Properties(address).get(name))))

    def _ask(self, message: Any) -> Any:
        message.header.flags |= MessageFlag.no_auto_start  # nothing is started because we ask
        try:
            if self._connection is None:
                self._connection = open_dbus_connection(_address(self._name), auth_timeout=CALL_S)
            return unwrap_msg(self._connection.send_and_get_reply(message, timeout=CALL_S))
        except DBusErrorResponse as error:
            raise ValueError(error.name) from error
        except Exception as error:  # whatever the connection is in, an answer to the next question must not be to this
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            raise OSError(str(error)) from error


class LinuxSenses:
    """Fulfils ``senses.Senses``.  Belongs to one thread."""

    def __init__(
        self, session: Bus | None = None, system: Bus | None = None, x_idle: Callable[[], float | None] | None = None
    ) -> None:
        self._session = session or RealBus("SESSION")
        self._system = system or RealBus("SYSTEM")
        self._x_idle = x_idle or XScreenSaver().idle_s

    def is_on_battery(self) -> bool | None:
        return is_on_battery()

    def is_metered(self) -> bool | None:
        with contextlib.suppress(OSError, ValueError):
            told = self._system.get(NETWORK_MANAGER, "Metered")
            return METERED.get(told) if isinstance(told, int) else None
        return None

    def idle_s(self) -> float | None:
        with contextlib.suppress(OSError, ValueError):
            idle_ms = self._session.call(MUTTER, "GetIdletime")
            if isinstance(idle_ms, int) and idle_ms >= 0:
                return idle_ms / 1000
        idle_s = self._x_idle()
        return idle_s if idle_s is not None else self._long_idle_s()

    def _long_idle_s(self) -> float | None:
        with contextlib.suppress(OSError, ValueError, TypeError, IndexError):
            display = self._system.get(LOGIND, "Display")  # the user's graphical session: its id and path
            session = DBusAddress(display[1], LOGIND.bus_name, SESSION)
            if self._system.get(session, "LockedHint") is True or self._system.get(session, "IdleHint") is True:
                return LONG_IDLE_S
        return None


class _Info(ctypes.Structure):
    """XScreenSaverInfo of X11/extensions/scrnsaver.h."""

    _fields_ = (
        ("window", ctypes.c_ulong),
        ("state", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("til_or_since_ms", ctypes.c_ulong),
        ("idle_ms", ctypes.c_ulong),
        ("event_mask", ctypes.c_ulong),
    )


class XScreenSaver:
    """The X server's own count.

    Each look is a connection of its own: Xlib ends the process whose server goes away while it is connected, and the
    shorter it is, the less can happen.
    """

    def __init__(self, environment: Callable[[str], str | None] = os.environ.get) -> None:
        self._environment = environment
        self._libraries: tuple[ctypes.CDLL, ctypes.CDLL] | None = None

    def idle_s(self) -> float | None:
        """None without an X server, or where it sees only a part of the keys, as under Wayland."""
        if not self._environment("DISPLAY") or self._environment("WAYLAND_DISPLAY"):
            return None
        try:
            x11, extension = self._libraries = self._libraries or _load()
        except OSError:
            return None
        display = x11.XOpenDisplay(None)
        if not display:
            return None
        info = _Info()
        try:
            is_known = extension.XScreenSaverQueryInfo(display, x11.XDefaultRootWindow(display), ctypes.byref(info))
        finally:
            x11.XCloseDisplay(display)
        return info.idle_ms / 1000 if is_known else None


def _load() -> tuple[ctypes.CDLL, ctypes.CDLL]:
    """Raises OSError where they are not installed."""
    x11, extension = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXss.so.1")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.argtypes, x11.XDefaultRootWindow.restype = [ctypes.c_void_p], ctypes.c_ulong
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    extension.XScreenSaverQueryInfo.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.POINTER(_Info)]
    return x11, extension


def _first(answer: tuple[Any, ...]) -> Any:
    """Of the values of an answer; any program of this user may give one.  Raises ValueError when it has none."""
    if not answer:
        raise ValueError("no value")
    return answer[0]


def _last(variant: Any) -> Any:
    """The value of a variant, beside its signature.  Raises ValueError when it is no variant."""
    match variant:
        case (_, value):
            return value
    raise ValueError("no variant")


def _address(name: str) -> str:
    """Where a session bus lies even for who was started without being told."""
    bus = Path(f"/run/user/{os.getuid()}/bus")
    if name == "SESSION" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and bus.exists():
        return f"unix:path={bus}"
    return name
