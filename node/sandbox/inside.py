"""What a program tries in an AppContainer before a child is started in it: what a vault needs, and what must fail.

Its text is handed to an interpreter (``-c``) with an order as its argument; standard library only.  Its last words
say what went wrong; it ends with 0 when nothing did.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

WAIT_S: Final = 2.0
# To end a process or thread, to read or write its memory, to take its handles, to change or halt it, or its list.
PROCESS_RIGHTS: Final = (0x1, 0x8, 0x10, 0x20, 0x40, 0x200, 0x800, 0x40000)
THREAD_RIGHTS: Final = (0x1, 0x2, 0x10, 0x20, 0x40000)


def main(order: dict[str, Any], kernel: Any) -> None:
    """Try all of it.

    Raises:
        Exception: Something that a vault needs does not work.
        SystemExit: Something is open that must not be; the message says what.
    """
    loaded = {name: importlib.import_module(name) for name in order["modules"]}
    for folder in order["shown"]:
        names_in(folder)
    store([Path(folder) for folder in order["folders"]])
    asyncio.run(asyncio.sleep(0))  # on Windows a loop speaks to itself over TCP
    if order["udp"]:
        send_a_datagram()
    if order["udp"] and "iroh" in loaded:
        asyncio.run(bind(loaded["iroh"]))
    for folder in order["hidden"]:
        must_fail(f"{folder} can be read", partial(names_in, folder))
    for path in order["forbidden"]:
        must_fail(f"{path} can be written", partial(write_and_remove, Path(path)))
    start = partial(subprocess.run, [sys.executable, "-c", ""], check=False)
    must_fail("a program can be started", start, OSError)  # the job says no, not the container
    must_be_closed(kernel, (os.getpid(), *order["others"]))


def names_in(folder: str) -> list[Path]:
    return [*Path(folder).iterdir()]


def store(folders: list[Path]) -> None:
    """Write a file, move it to where chunks lie, read it there, remove it."""
    first, last = folders[0] / "rehearsal", folders[-1] / "rehearsal"
    with first.open("wb") as file:
        file.write(b"x")
        os.fsync(file.fileno())
    first.rename(last)
    last.read_bytes()
    last.unlink()


def send_a_datagram() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        two.bind(("127.0.0.1", 0))
        two.settimeout(WAIT_S)
        one.sendto(b"x", two.getsockname())
        two.recv(1)


async def bind(iroh: Any) -> None:
    """Bind an endpoint as a vault's transport does: it asks the system for more than a socket."""
    options = iroh.EndpointOptions(
        preset=iroh.preset_minimal(),
        relay_mode=iroh.RelayMode.disabled(),
        bind_addr="127.0.0.1:0",
        alpns=[b"rehearsal"],
    )
    await (await iroh.Endpoint.bind(options)).close()


def must_fail(what: str, action: Callable[[], object], refusal: type[OSError] = PermissionError) -> None:
    """What fails for another reason shows nothing, and is raised."""
    try:
        action()
    except refusal:
        return
    sys.exit(f"in the container {what}")


def write_and_remove(path: Path) -> None:
    path.touch(exist_ok=False)
    path.unlink()


def must_be_closed(kernel: Any, processes: Iterable[int]) -> None:
    """Its own process and threads are tried by number, as another vault in the same container would."""
    for pid in processes:
        if is_open(kernel.OpenProcess, pid, PROCESS_RIGHTS):
            sys.exit(f"in the container process {pid} can be opened")

    def own_thread() -> bool:
        return is_open(kernel.OpenThread, threading.get_native_id(), THREAD_RIGHTS)

    with ThreadPoolExecutor(1) as another:
        if own_thread() or another.submit(own_thread).result(WAIT_S):
            sys.exit("in the container threads of a vault can be opened")


def is_open(call: Callable[[int, int, int], int | None], number: int, rights: Iterable[int]) -> bool:
    return any(call(right, 0, number) for right in rights)


if __name__ == "__main__":
    if sys.platform != "win32":
        sys.exit("this is no Windows")
    windows = ctypes.WinDLL("kernel32")
    windows.OpenProcess.restype = windows.OpenThread.restype = ctypes.c_void_p
    main(json.loads(sys.argv[1]), windows)
