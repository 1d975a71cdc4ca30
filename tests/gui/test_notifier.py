"""Notifications over a bus: shown as the desktop wants them, a click comes back, what was told is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jeepney import HeaderFields, Message, MessageType, Parser, new_method_return, new_signal
from jeepney.wrappers import DBusAddress
from PySide6.QtCore import QSettings
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from gui.desktop_notes import DesktopNotes
from gui.handbook import icon_file
from gui.notifier import Desktop, Notifier, TrayNotes
from gui.stories.notifications import HOLD_S, Look, Note, NothingShown
from tests.gui.helper import on_loop, wait_until
from tests.gui.samples import NOW_S
from tests.gui.test_notifications import MISSING, needing

NOTE = Note("act", "disk", 'The disk "Archive" is missing', "Plug it back in <b>now</b> & wait.")
NOTIFICATIONS = DBusAddress("/org/freedesktop/Notifications", interface="org.freedesktop.Notifications")


class Bus:
    """A session bus with a notification service behind it, as far as a client can see."""

    def __init__(self, *, can: tuple[str, ...]) -> None:
        self._can = can
        self.number: tuple[str, object] | None = None  # what a notification is told to have instead of its own
        self.notes: list[tuple[Any, ...]] = []
        self.is_left = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer, parser = writer, Parser()
        await reader.readuntil(b"\r\n")
        writer.write(b"OK 0123456789abcdef0123456789abcdef\r\n")
        await reader.readuntil(b"BEGIN\r\n")
        while content := await reader.read(4096):
            parser.add_data(content)
            while (message := parser.get_next_message()) is not None:
                self._answer(message)
        self.is_left.set()
        writer.close()

    def _answer(self, message: Message) -> None:
        match message.header.fields[HeaderFields.member]:
            case "Hello":
                self._send(new_method_return(message, "s", (":1.1",)))
            case "GetCapabilities":
                self._send(new_method_return(message, "as", (list(self._can),)))
            case "Notify":
                self.notes.append(message.body)
                signature, number = self.number or ("u", len(self.notes))
                self._send(new_method_return(message, signature, (number,)))
            case _:
                self._send(new_method_return(message))

    def click(self, number: int, action: str = "default") -> None:
        self.tell("us", number, action)

    def tell(self, signature: str, *body: object) -> None:
        """Tell of a click, in whatever form."""
        self._send(new_signal(NOTIFICATIONS, "ActionInvoked", signature, body))

    def _send(self, message: Message) -> None:
        assert self._writer is not None
        message.header.serial = 7
        assert message.header.message_type in (MessageType.method_return, MessageType.signal)
        self._writer.write(message.serialise())


@asynccontextmanager
async def a_bus(folder: Path, patch: pytest.MonkeyPatch, *can: str) -> AsyncIterator[Bus]:
    bus = Bus(can=can)
    server = await asyncio.start_unix_server(bus.serve, folder / "bus")
    patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder / 'bus'}")
    try:
        yield bus
    finally:
        server.close()


def test_it_is_shown_by_the_desktop_and_a_click_on_it_opens_the_window(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clicks: list[bool] = []

    async def play() -> tuple[Any, ...]:
        async with a_bus(tmp_path, monkeypatch, "actions", "body") as bus:
            notes = DesktopNotes(lambda: clicks.append(True), icon_file())
            await notes.show(NOTE)
            bus.click(99)  # on somebody else's
            bus.click(1, "other")
            bus.click(1)
            await wait_until(lambda: bool(clicks))
            await notes.close()
            return bus.notes[0]

    app, _, icon, title, body, actions, hints, _ = on_loop(desk, play())

    assert (app, title, body) == ("Perennial", NOTE.title, NOTE.body)
    assert icon.startswith("file:///")
    assert actions == ["default", "Open"]
    assert hints["urgency"] == ("y", 1)
    assert clicks == [True]


def test_what_is_no_click_is_passed_over_and_the_next_one_is_heard(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clicks: list[bool] = []

    async def play() -> None:
        async with a_bus(tmp_path, monkeypatch, "actions") as bus:
            notes = DesktopNotes(lambda: clicks.append(True), icon_file())
            await notes.show(NOTE)
            bus.tell("")
            bus.tell("u", 1)
            bus.tell("ass", ["1"], "default")
            bus.tell("uas", 1, ["default"])
            bus.tell("uss", 1, "default", "again")
            bus.click(1)
            await wait_until(lambda: bool(clicks))
            await notes.close()

    on_loop(desk, play())

    assert clicks == [True]


def test_a_desktop_that_gives_a_notification_no_number_is_said_to_show_nothing(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def play() -> None:
        async with a_bus(tmp_path, monkeypatch, "actions") as bus:
            notes = DesktopNotes(lambda: None, icon_file())
            bus.number = ("as", ["1"])
            with pytest.raises(NothingShown):
                await notes.show(NOTE)

    on_loop(desk, play())


def test_where_the_desktop_reads_markup_our_words_are_none(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def play() -> str:
        async with a_bus(tmp_path, monkeypatch, "body-markup") as bus:
            notes = DesktopNotes(lambda: None, icon_file())
            await notes.show(NOTE)
            await notes.close()
            return str(bus.notes[0][4])

    assert on_loop(desk, play()) == "Plug it back in &lt;b&gt;now&lt;/b&gt; &amp; wait."


def test_a_desktop_without_a_bus_or_one_that_went_away_is_said_to_show_nothing(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def play() -> None:
        notes = DesktopNotes(lambda: None, icon_file())
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        with pytest.raises(NothingShown):
            await notes.show(NOTE)
        async with a_bus(tmp_path, monkeypatch) as bus:
            await notes.show(NOTE)
            assert bus._writer is not None
            bus._writer.close()
            await wait_until(lambda: notes._router is not None and notes._router._rcv_task.done())
        with pytest.raises(NothingShown):
            await notes.show(NOTE)
        (tmp_path / "bus").unlink(missing_ok=True)
        async with a_bus(tmp_path, monkeypatch) as again:
            await notes.show(NOTE)
            assert len(again.notes) == 1
            await notes.close()

    on_loop(desk, play())


def test_without_a_tray_the_tray_icon_shows_nothing_and_says_so(desk: QApplication):
    icon = QSystemTrayIcon(QIcon())  # offscreen there is no tray

    with pytest.raises(NothingShown):
        on_loop(desk, TrayNotes(lambda: icon).show(NOTE))


class Shelf:
    """A desktop that keeps what it was shown, or can show nothing."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.notes: list[Note] = []
        self.is_there = is_there

    async def show(self, note: Note) -> None:
        if not self.is_there:
            raise NothingShown
        self.notes.append(note)

    async def close(self) -> None:
        """Nothing is open."""


class Clock:
    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def notifier(memory: Path, clock: Clock, *desktops: Desktop, screen: Look = "free") -> Notifier:
    settings = QSettings(str(memory), QSettings.Format.IniFormat)
    return Notifier(settings, lambda: desktops, screen=lambda: screen, wall_s=clock)


async def look_at(one: Notifier, clock: Clock, *after_s: float) -> None:
    one.hear(needing(MISSING))
    for seconds in after_s:
        clock.now_s += seconds
        await one.look()


def test_what_was_told_is_remembered_across_a_restart(desk: QApplication, tmp_path: Path):
    shelf, clock = Shelf(), Clock()

    async def play() -> None:
        for _ in range(3):  # each one a run of its own
            await look_at(notifier(tmp_path / "tray.ini", clock, shelf), clock, 3600, 3600)

    on_loop(desk, play())

    assert [note.cause for note in shelf.notes] == ["disk"]


def test_a_memory_that_makes_no_sense_is_none(desk: QApplication, tmp_path: Path):
    memory, shelf, clock = tmp_path / "tray.ini", Shelf(), Clock()
    memory.write_text('[told]\nnotifications="{\\"causes\\": 7}"\n')

    on_loop(desk, look_at(notifier(memory, clock, shelf), clock, 0, HOLD_S, 3600))

    assert len(shelf.notes) == 1  # after the quiet hour of what is a first start again


def test_the_next_way_is_tried_where_one_shows_nothing_and_what_nobody_showed_was_not_told(
    desk: QApplication, tmp_path: Path
):
    first, second, clock = Shelf(is_there=False), Shelf(is_there=False), Clock()

    async def play() -> None:
        one = notifier(tmp_path / "tray.ini", clock, first, second)
        await look_at(one, clock, 0, 3600, 3600)
        second.is_there = True
        await look_at(one, clock, 20, 20)

    on_loop(desk, play())

    assert (len(first.notes), len(second.notes)) == (0, 1)


def test_the_screen_is_looked_at_only_when_there_is_something_to_tell(desk: QApplication, tmp_path: Path):
    asked: list[bool] = []

    def screen() -> Look:
        asked.append(True)
        return "full"

    async def play() -> None:
        settings, clock = QSettings(str(tmp_path / "tray.ini"), QSettings.Format.IniFormat), Clock()
        one = Notifier(settings, lambda: (Shelf(),), screen=screen, wall_s=clock)
        one.hear(replace(needing(), settings=None))
        await one.look()
        assert asked == []
        await look_at(one, clock, 0)

    on_loop(desk, play())

    assert asked == [True]
