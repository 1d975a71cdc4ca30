"""The ways to the local API: its socket in the home, and over TCP where ``api.json`` says, with the token it asks for.

Of TCP: whoever can read the home may ask; the token is new at every start, so that one which was seen once is worth
nothing later.  A web page cannot: it knows no token, its ``Origin`` is refused, and so is a name that only leads here.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

FILE: Final = "api.json"
FILE_BYTES_MAX: Final = 4 << 10
HOST: Final = "127.0.0.1"
NAMES: Final = (HOST, "localhost", "[::1]")
TOKEN_BYTES: Final = 32
PORT_MAX: Final = 65_535
SCHEME: Final = "bearer"
HAS_UNIX_SOCKETS: Final = sys.platform != "win32"
SOCKET_PATH_BYTES_MAX: Final = 100  # of a Unix socket: 107 on Linux, 103 on macOS
REACHES_LONG_PATHS: Final = sys.platform == "linux"


class Door(msgspec.Struct, frozen=True):
    """What ``api.json`` says."""

    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """What a Unix socket at ``path`` is bound and connected to by: on Linux a path of any length will do.

    It holds as long as the context, and leads to the folder that was there at first.

    Raises:
        OSError: The path is long, and its folder is not there or closed.
    """
    if sys.platform != "linux" or len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def token_of(chance: bytes) -> str:
    """``chance``: TOKEN_BYTES drawn for this one start."""
    assert len(chance) == TOKEN_BYTES, len(chance)
    return base64.urlsafe_b64encode(chance).decode().rstrip("=")


def save(home: Path, door: Door) -> None:
    """Write ``api.json``, from the first moment for this account only.  Blocking.

    Raises:
        OSError: It cannot be written.
    """
    making = home / f"{FILE}.making"
    making.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(making, flags, 0o600), "wb") as file:  # noqa: PTH123  # a path cannot say the mode
        file.write(msgspec.json.encode(door))
    making.replace(home / FILE)


def load(home: Path) -> Door | None:
    """What ``api.json`` says; None where there is none, or none that could be right.  Blocking, but short."""
    try:
        with (home / FILE).open("rb") as file:
            found = msgspec.json.decode(file.read(FILE_BYTES_MAX), type=Door)
    except (OSError, msgspec.DecodeError, UnicodeError):
        return None
    is_possible = 0 < found.port <= PORT_MAX and found.token.isascii() and found.token.isprintable()
    return found if is_possible else None


def remove(home: Path) -> None:
    """Take ``api.json`` away: nobody serves there any more."""
    with contextlib.suppress(OSError):  # a home that has gone needs none
        (home / FILE).unlink(missing_ok=True)


def fault(headers: Mapping[str, str], door: Door) -> str | None:
    """The code of what is wrong with a request that came over TCP; None if nothing is."""
    if headers.get("Host", "").lower() not in {f"{name}:{door.port}" for name in NAMES}:
        return "api.host"
    if "Origin" in headers:
        return "api.origin"
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    is_right = hmac.compare_digest(token.strip().encode(errors="replace"), door.token.encode())
    return None if scheme.lower() == SCHEME and is_right else "api.token"
