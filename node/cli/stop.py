"""``perennial stop``: end the node that runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from node.api import texts
from node.api.client import ApiError, Client, NotRunning
from node.cli.common import fail, print_json, say, shared_options, tell
from node.supervisor.errors import HomeInUse, SupervisorError
from node.supervisor.home import Home, Lock

END_S_MAX: Final = 90.0  # handing over takes up to 20 s, then a trial's twins and the disk may take theirs
POLL_S: Final = 0.3


@click.command()
@shared_options
def stop(home: Path, is_json: bool) -> None:
    """End the node, whoever has started it.

    It hands what it holds to others first, which takes up to 20 seconds.  Nothing is deleted.
    """
    try:
        opened = Home.read(home)
        asyncio.run(end(opened.path, tell=not_told if is_json else tell))
        locked(opened).release()
    except (ApiError, SupervisorError) as error:
        fail(error, is_json=is_json)
    if is_json:
        print_json({"home": str(opened.path), "is_running": False})
        return
    say(str(texts.not_running(opened.path)))


async def end(home: Path, *, tell: Callable[[str], None]) -> None:
    """Let the node end, if one runs; ``tell`` at once what it says of that, and its last word, if it differs."""
    first = last = ""
    async with Client(home) as client:
        with contextlib.suppress(NotRunning):
            await client.stop()
            deadline_s = time.monotonic() + END_S_MAX
            while time.monotonic() < deadline_s:
                last = (await client.status()).sentence
                if not first:
                    tell(first := last)
                await asyncio.sleep(POLL_S)
    if last != first:
        tell(last)


def not_told(_sentence: str) -> None:
    """For programs, which are told only what came of it."""


def locked(home: Home) -> Lock:
    """Take the home once the node has let go of it.

    Raises:
        HomeInUse: It does not.
        HomeError: The disk lets nobody take it.
    """
    deadline_s = time.monotonic() + END_S_MAX
    while True:
        try:
            return home.lock()
        except HomeInUse:
            if time.monotonic() > deadline_s:
                raise
        time.sleep(POLL_S)
