"""The tray icon as the panel has it: what its menu offers, and the colours that are to be seen on the bar.

The panel draws the menu in a process whose windows no screen reader is told of; so it is opened with the mouse, read
where the panel itself reads it, and walked through with the keys.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from jeepney import DBusAddress, new_method_call
from PySide6.QtGui import QColor, QImage

from gui.widgets.signs import TONES
from tests.desktop.session import WATCHER, Session, ask, call

_ITEM: Final = "org.kde.StatusNotifierItem"
_MENU: Final = "com.canonical.dbusmenu"
_PIXELS_MIN: Final = 12  # of one colour, so that it is a sign and not the edge of another


@dataclass(frozen=True, slots=True)
class Entry:
    """``below``: the menu behind it."""

    text: str
    is_enabled: bool
    below: tuple[Entry, ...]


def items(desk: Session) -> list[DBusAddress]:
    """Every icon that this desktop's tray has."""
    known = ask(desk.bus, WATCHER, "RegisteredStatusNotifierItems")
    found = []
    for one in known if isinstance(known, list) else []:
        bus, _, path = one.partition("/")
        found.append(DBusAddress(f"/{path}", bus, _ITEM))
    return found


def menu(desk: Session) -> tuple[Entry, ...]:
    """What the menu of the first icon offers now, from the top to the bottom; nothing while there is no icon."""
    for item in items(desk):
        path = ask(desk.bus, item, "Menu")
        where = DBusAddress(str(path), item.bus_name, _MENU)
        # The panel does the same before it shows the menu, so that the program can renew it.
        call(desk.bus, new_method_call(where, "AboutToShow", "i", (0,)))
        layout = call(desk.bus, new_method_call(where, "GetLayout", "iias", (0, -1, [])), nth=1)
        return _entries(layout)
    return ()


def steps(entries: tuple[Entry, ...], path: tuple[str, ...]) -> list[str]:
    """The keys that lead through an open menu to an entry, and choose it."""
    keys: list[str] = []
    for text in path:
        enabled = [entry for entry in entries if entry.is_enabled]
        (at,) = [i for i, entry in enumerate(enabled) if entry.text == text]
        keys += ["Down"] * (at + 1 if not keys else at)
        entries = enabled[at].below
        keys.append("Right" if entries else "Return")
    return keys


def tone_on(bar: QImage) -> str:
    """The tone of the sign that is to be seen in this part of the bar; "" if none is."""
    seen = Counter(bar.pixel(x, y) & 0xFFFFFF for x in range(bar.width()) for y in range(bar.height()))
    tone = max(TONES.values(), key=lambda tone: seen[QColor(tone).rgb() & 0xFFFFFF])
    return tone if seen[QColor(tone).rgb() & 0xFFFFFF] >= _PIXELS_MIN else ""


def _entries(layout: Any) -> tuple[Entry, ...]:
    """The entries that are to be seen of what the bus says of a menu."""
    _, _, children = layout
    found = []
    for _, (number, properties, below) in children:
        said = {name: value for name, (_, value) in properties.items()}
        if said.get("visible", True) and said.get("type") != "separator":
            entry = Entry(said.get("label", ""), said.get("enabled", True), _entries((number, properties, below)))
            found.append(entry)
    return tuple(found)
