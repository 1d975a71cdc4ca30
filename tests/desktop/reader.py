"""What a screen reader is told: every running program as a tree of named things, over the desktop's own bus for it.

A thing is found by its name, the more so as whoever cannot see the window has nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jeepney import DBusAddress, MessageType, Properties, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

ANSWER_S_MAX: Final = 5.0
DEPTH_MAX: Final = 40
CHILDREN_MAX: Final = 400
_A11Y: Final = "org.a11y.atspi."
_SHOWING, _SENSITIVE = 25, 24  # numbers of states
_SCREEN: Final = 0  # coordinates on the whole screen


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing on the screen, as it was a moment ago."""

    bus: str
    path: str
    name: str
    role: str
    states: frozenset[int]
    description: str = ""

    @property
    def is_showing(self) -> bool:
        return _SHOWING in self.states

    @property
    def is_enabled(self) -> bool:
        return _SENSITIVE in self.states


class Reader:
    """Reads the screen of one desktop; ``close`` it."""

    def __init__(self, bus: str) -> None:
        with open_dbus_connection(bus) as session:
            launcher = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
            # As a screen reader does: programs tell what they show only to those who want to hear it.
            status = launcher.with_interface("org.a11y.Status")
            for name in ("IsEnabled", "ScreenReaderEnabled"):
                session.send_and_get_reply(Properties(status).set(name, "b", True), timeout=ANSWER_S_MAX)
            reply = session.send_and_get_reply(new_method_call(launcher, "GetAddress"), timeout=ANSWER_S_MAX)
        self._bus: DBusConnection = open_dbus_connection(reply.body[0])

    def close(self) -> None:
        self._bus.close()

    def programs(self) -> list[Thing]:
        return self._children("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")

    def things(self, program: str, pid: int = 0) -> Iterator[Thing]:
        """All that a program shows now, from the top to the bottom."""
        for one in self.programs():
            if one.name == program and (not pid or self._pid(one) == pid):
                yield from self._below(one, 0)

    def text(self, thing: Thing) -> str:
        return str(self._call(thing.bus, thing.path, "Text", "GetText", "ii", (0, -1)) or "")

    def value(self, thing: Thing) -> float:
        return float(self._get(thing.bus, thing.path, "Value", "CurrentValue") or 0.0)

    def place(self, thing: Thing) -> tuple[int, int, int, int]:
        """Left, top, width and height on the screen."""
        x, y, wide, high = self._call(thing.bus, thing.path, "Component", "GetExtents", "u", (_SCREEN,))
        return x, y, wide, high

    def _below(self, thing: Thing, depth: int) -> Iterator[Thing]:
        for child in self._children(thing.bus, thing.path):
            if not child.is_showing:
                continue
            yield child
            if depth < DEPTH_MAX:
                yield from self._below(child, depth + 1)

    def _children(self, bus: str, path: str) -> list[Thing]:
        found = self._call(bus, path, "Accessible", "GetChildren") or []
        return [self._thing(*one) for one in found[:CHILDREN_MAX]]

    def _thing(self, bus: str, path: str) -> Thing:
        name, description = (str(self._get(bus, path, "Accessible", what) or "") for what in ("Name", "Description"))
        role = str(self._call(bus, path, "Accessible", "GetRoleName") or "")
        low, high = self._call(bus, path, "Accessible", "GetState") or (0, 0)
        states = frozenset(i for i in range(64) if (low | high << 32) >> i & 1)
        return Thing(bus, path, name, role, states, description)

    def _pid(self, thing: Thing) -> int:
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        asked = new_method_call(bus, "GetConnectionUnixProcessID", "s", (thing.bus,))
        return int(self._bus.send_and_get_reply(asked, timeout=ANSWER_S_MAX).body[0])

    def _get(self, bus: str, path: str, interface: str, name: str) -> Any:
        asked = Properties(DBusAddress(path, bus, _A11Y + interface)).get(name)
        answer = self._bus.send_and_get_reply(asked, timeout=ANSWER_S_MAX)
        return None if answer.header.message_type == MessageType.error else answer.body[0][1]

    def _call(
        self, bus: str, path: str, interface: str, method: str, form: str = "", words: tuple[Any, ...] = ()
    ) -> Any:
        """What it answers; None when the thing is gone or cannot do that."""
        asked = new_method_call(DBusAddress(path, bus, _A11Y + interface), method, form, words)
        answer = self._bus.send_and_get_reply(asked, timeout=ANSWER_S_MAX)
        return None if answer.header.message_type == MessageType.error else answer.body[0]
