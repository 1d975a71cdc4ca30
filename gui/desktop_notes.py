"""Notifications by the desktop's own service, over D-Bus (Linux).

A click on one comes back as its default action.  One connection is kept from the first notification on, since the
service tells of the click only to whom it knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from jeepney import DBusAddress, DBusErrorResponse, MatchRule, Message, message_bus, new_method_call
from jeepney.io.asyncio import DBusRouter, Proxy, open_dbus_router
from jeepney.io.common import RouterClosed
from jeepney.wrappers import unwrap_msg

from gui.stories.notifications import Note, NothingShown
from gui.texts import notification as words

ANSWER_S_MAX: Final = 5.0
CLICKS_MAX: Final = 8  # that wait to be taken; more clicks open no second window
_NAME: Final = "org.freedesktop.Notifications"
_SERVICE: Final = DBusAddress("/org/freedesktop/Notifications", _NAME, _NAME)
_APP: Final = "Perennial"
_FOR_THE_SERVICE_TO_CHOOSE: Final = -1  # how long it stays
_URGENCY: Final = {"act": 1, "news": 0}
# What a bus that is not there, or goes away, makes the library raise; no address at all is a KeyError.
_GONE: Final = (OSError, EOFError, KeyError, ValueError, RuntimeError, TimeoutError, RouterClosed, DBusErrorResponse)


class DesktopNotes:
    """Belongs to one event loop; ``close`` it there."""

    def __init__(self, on_click: Callable[[], None], icon: Path) -> None:
        self._on_click = on_click
        self._icon = icon
        self._stack = AsyncExitStack()
        self._opener: open_dbus_router | None = None
        self._router: DBusRouter | None = None
        self._has_markup = False
        self._shown: set[int] = set()
        self._listener: asyncio.Task[None] | None = None

    async def show(self, note: Note) -> None:
        """Show a notification.

        Raises:
            NothingShown: It could not be shown; nothing is left open.
        """
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                router = self._router or await self._open()
                body = html.escape(note.body, quote=False) if self._has_markup else note.body
                hints = {"urgency": ("y", _URGENCY[note.kind]), "desktop-entry": ("s", "perennial")}
                what = (
                    _APP, 0, self._icon.as_uri(), note.title, body, ["default", words.OPEN], hints,
                    _FOR_THE_SERVICE_TO_CHOOSE,
                )  # fmt: skip
                call = new_method_call(_SERVICE, "Notify", "susssasa{sv}i", what)
                (number,) = unwrap_msg(await router.send_and_get_reply(call))
                if not isinstance(number, int):
                    raise ValueError(number)  # noqa: TRY004  (told as a bus that is no use)
        except _GONE as error:
            await self.close()
            raise NothingShown(str(error)) from error
        self._shown.add(number)

    async def close(self) -> None:
        """Close the connection.  May be called more than once; ``show`` opens it again.

        Cancelled meanwhile, it closes all the same, and is cancelled then.
        """
        # Gathered: the library, as we do, awaits what it has cancelled, and takes another's wish to end for that.
        await asyncio.gather(self._close())

    async def _close(self) -> None:
        listener, self._listener, self._router = self._listener, None, None
        if listener is not None:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener
        with contextlib.suppress(*_GONE):
            await self._stack.aclose()
        opener, self._opener = self._opener, None
        if opener is not None and opener.conn is not None:
            with contextlib.suppress(*_GONE):  # the library leaves it open when the bus went away first
                await opener.conn.close()

    async def _open(self) -> DBusRouter:
        self._opener = open_dbus_router()
        router: DBusRouter = await self._stack.enter_async_context(self._opener)
        rule = MatchRule(type="signal", interface=_NAME, member="ActionInvoked", path=_SERVICE.object_path)
        await Proxy(message_bus, router).AddMatch(rule)
        clicks: asyncio.Queue[Message] = asyncio.Queue(CLICKS_MAX)
        self._stack.enter_context(router.filter(rule, queue=clicks))
        asked = await router.send_and_get_reply(new_method_call(_SERVICE, "GetCapabilities"))
        (can,) = unwrap_msg(asked)
        self._has_markup = isinstance(can, list) and "body-markup" in can
        self._listener = asyncio.create_task(self._listen(clicks))
        self._router = router
        return router

    async def _listen(self, clicks: asyncio.Queue[Message]) -> None:
        while True:
            clicked = await clicks.get()
            match clicked.body:  # others' clicks are told to everybody, and anybody may tell of one
                case (int(number), "default") if number in self._shown:
                    self._on_click()
