"""One rehearsal, in a process of its own: ``python -m node.rehearsal --app DIR --home DIR --work DIR``.

``--runtime DIR`` is what it runs on, if not on the interpreter that runs here; ``--limits JSON`` are other ``Limits``.
The last line of its output is the ``Outcome`` as JSON; before it one line for each part.  It ends when its input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from argparse import ArgumentParser
from pathlib import Path

import msgspec

from node.rehearsal import orphans
from node.rehearsal.limits import LIMITS, Limits
from node.rehearsal.rehearse import Order, Outcome, rehearse
from node.sandbox.namespace import shut_off
from node.supervisor.errors import HomeError
from node.supervisor.home import Home


def main(words: list[str] | None = None) -> int:
    """Hold one rehearsal; the exit code is 0 whatever came of it."""
    parser = ArgumentParser(prog="python -m node.rehearsal")
    for option in ("--app", "--home", "--work"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--runtime", type=Path)
    parser.add_argument("--brief", action="store_true", help="hold no rehearsal within this one")
    parser.add_argument("--limits", type=lambda text: msgspec.json.decode(text, type=Limits), default=LIMITS)
    arguments = parser.parse_args(words)
    orphans.adopt()
    is_shut_off = shut_off()  # before any thread is started
    _say(f"it has {'a network of its own' if is_shut_off else 'the network of this computer'}")
    try:
        home = Home.read(arguments.home)
    except HomeError as error:
        outcome = Outcome("void", str(error))
    else:
        order = Order(arguments.app, home, arguments.work, arguments.runtime, arguments.limits, arguments.brief)
        outcome = asyncio.run(_until_input_ends(order))
    if not orphans.end_all():
        _say("something that it has started does not end")
    _say(msgspec.json.encode(outcome).decode())
    return 0


async def _until_input_ends(order: Order) -> Outcome:
    """Whoever started this holds its input open as long as the outcome is wanted."""
    loop, rehearsing = asyncio.get_running_loop(), asyncio.create_task(rehearse(order, _say))

    def wait() -> None:
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the loop has ended before
            while os.read(0, 1024):
                continue
            loop.call_soon_threadsafe(rehearsing.cancel)

    threading.Thread(target=wait, name="input", daemon=True).start()
    try:
        return await rehearsing
    except asyncio.CancelledError:
        return Outcome("void", "nobody wants to know any longer")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
