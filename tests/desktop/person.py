"""Eyes and hands: what stands on the screen, clicks, keys, pictures.

What is clicked is found by the name that a screen reader would say, and clicked where it lies on the screen.
"""

from __future__ import annotations

import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage

from tests.desktop import tray
from tests.desktop.reader import Reader, Thing
from tests.desktop.session import Session, wait

APP: Final = "Perennial"
SEEN_S_MAX: Final = 30.0
STILL_S: Final = 0.15
_XWD: Final = struct.Struct(">25I")  # header size, ..., width, height, ..., bytes per line, ..., number of colours
_XWD_COLOUR_BYTES: Final = 12


class Person:
    """Someone at this desktop.  ``folder``: where the pictures go."""

    def __init__(self, desk: Session, folder: Path) -> None:
        self.desk = desk
        self.folder = folder
        self.reader = Reader(desk.bus)

    def things(self, program: str = APP) -> list[Thing]:
        return list(self.reader.things(program))

    def names(self, program: str = APP) -> list[str]:
        """Everything that can be read now."""
        return [thing.name for thing in self.things(program) if thing.name]

    def find(self, name: str, *roles: str, program: str = APP) -> Thing | None:
        """What has this name; with ``roles`` only what is one of these."""
        for thing in self.reader.things(program):
            if thing.name == name and (not roles or thing.role in roles):
                return thing
        return None

    def sees(self, *names: str, program: str = APP, seconds: float = SEEN_S_MAX) -> float:
        """Wait until all these can be read; return after how many seconds they could."""
        try:
            return wait(lambda: set(names) <= set(self.names(program)), f"{names} on the screen", seconds)
        except AssertionError as error:
            error.add_note(f"{self.shoot('missed')} shows it; what can be read: {self.names(program)}")
            raise

    def sees_like(self, is_it: Callable[[str], bool], what: str, *, seconds: float = SEEN_S_MAX) -> str:
        """Wait until something of this kind can be read; return it."""
        found: list[str] = []

        def look() -> bool:
            found[:] = [name for name in self.names() if is_it(name)]
            return bool(found)

        wait(look, what, seconds)
        return found[0]

    def click(self, name: str, *roles: str, program: str = APP, seconds: float = SEEN_S_MAX) -> None:
        """Click on the middle of what has this name, once it is there and can be clicked."""
        found: list[Thing] = []

        def look() -> bool:
            one = self.find(name, *roles, program=program)
            found[:] = [one] if one is not None and one.is_enabled else []
            return bool(found)

        wait(look, f"{name} to click on", seconds)
        self.click_at(*self._middle(found[0]))

    def click_at(self, x: int, y: int, button: int = 1) -> None:
        self.desk.run("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def keys(self, *keys: str) -> None:
        self.desk.run("xdotool", "key", *keys)

    def type(self, text: str) -> None:
        self.desk.run("xdotool", "type", "--delay", "4", text)

    def tray_place(self) -> QRect:
        """Where in the panel the tray is: the narrow part without a window or a clock."""
        for thing in self.reader.things("xfce4-panel"):
            x, y, wide, high = self.reader.place(thing)
            if thing.role == "panel" and 16 <= wide <= 60 and x > self.picture().width() // 2:
                return QRect(x, y, wide, high)
        raise AssertionError("the panel shows no tray")

    def tray_tone(self) -> str:
        """The tone of the sign that is to be seen in the tray."""
        return tray.tone_on(self.picture().copy(self.tray_place()))

    def tray_lines(self) -> list[str]:
        """What the tray's menu says."""
        return [entry.text for entry in tray.menu(self.desk)]

    def choose(self, *path: str) -> None:
        """Open the tray's menu with the right button, and go through it with the keys."""
        keys = tray.steps(tray.menu(self.desk), path)
        self.open_tray()
        self.shoot(f"menu-{path[0].split()[0].lower()}")
        self.keys(*keys)

    def open_tray(self) -> None:
        """Open the tray's menu."""
        before = self.picture()
        middle = self.tray_place().center()
        self.click_at(middle.x(), middle.y(), button=3)
        wait(lambda: self.picture().copy(_below(middle)) != before.copy(_below(middle)), "the tray's menu")

    def window(self) -> Thing:
        """The app's window, without its frame."""
        return next(self.reader.things(APP))

    def picture(self) -> QImage:
        """The screen as it is now."""
        return picture(self.desk.screen)

    def rests(self) -> None:
        """Wait until nothing moves on the screen any more."""
        before, since_s = self.picture(), time.monotonic()

        def look() -> bool:
            nonlocal before, since_s
            now = self.picture()
            if now != before:
                before, since_s = now, time.monotonic()
            return time.monotonic() - since_s >= STILL_S

        wait(look, "a screen on which nothing moves")

    def shoot(self, name: str, part: Thing | None = None) -> Path:
        """Take a picture of the screen, or of the part of it where something lies."""
        whole = self.picture()
        path = self.folder / f"{name}.png"
        taken = whole if part is None else whole.copy(QRect(*self.reader.place(part)))
        assert taken.save(str(path))
        return path

    def windows(self) -> list[str]:
        """The titles of the windows that are open."""
        search = ["xdotool", "search", "--onlyvisible", "--name", APP]
        done = subprocess.run(search, env=self.desk.environ, capture_output=True, text=True, check=False)
        return done.stdout.split()

    def _middle(self, thing: Thing) -> tuple[int, int]:
        x, y, wide, high = self.reader.place(thing)
        return x + wide // 2, y + high // 2


def _below(place: QPoint) -> QRect:
    """Where a menu opens."""
    return QRect(place.x() - 60, place.y() + 30, 50, 50)


def picture(xwd: Path) -> QImage:
    """The screen as it is now."""
    content = xwd.read_bytes()
    words = _XWD.unpack_from(content)
    header_bytes, wide, high, line_bytes, colours = words[0], words[4], words[5], words[12], words[19]
    begin = header_bytes + colours * _XWD_COLOUR_BYTES
    pixels = content[begin : begin + line_bytes * high]
    return QImage(pixels, wide, high, line_bytes, QImage.Format.Format_RGB32).copy()
