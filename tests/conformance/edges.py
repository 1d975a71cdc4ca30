"""Where the client touches the world: files in a folder, and an HTTP server that nobody trusts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, ProxyHandler, build_opener

from node.vault.storage.filesystem import write_durably

WAIT_S_MAX: Final = 5.0  # for the next bytes
TRANSFER_S_MAX: Final = 30.0  # for a whole file, or a server that drips would hold the client for ever
PIECE_BYTES: Final = 64 << 10
ABSENT: Final = frozenset({403, 404})  # storage services say "forbidden" of what they do not have


class ClientError(Exception):
    """Something is not there, or not what was signed.  What was kept is as before; try again later."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files by name, each replaced as a whole."""

    path: Path

    def read(self, name: str, limit: int) -> bytes | None:
        """The content of a file; None if there is none, or it is over ``limit`` bytes.

        Raises:
            ClientError: It cannot be read.
        """
        try:
            with (self.path / name).open("rb") as file:
                content = file.read(limit + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ClientError(f"{name} cannot be read: {error.strerror}") from error
        return content if len(content) <= limit else None

    def write(self, name: str, content: bytes) -> None:
        """Keep the content; it survives a power cut once this returns.

        Raises:
            ClientError: It cannot be written.
        """
        try:
            write_durably(self.path / name, content)
        except OSError as error:
            raise ClientError(f"{name} cannot be written: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Site:
    """What a server offers below one address."""

    base_url: str

    def get(self, name: str, limit: int) -> bytes | None:
        """Fetch a file; None if the server has none.  Blocking, at most ``TRANSFER_S_MAX`` + ``WAIT_S_MAX``.

        Raises:
            ClientError: It cannot be had in time, or is over ``limit`` bytes.
        """
        try:
            with _opener().open(f"{self.base_url.rstrip('/')}/{name}", timeout=WAIT_S_MAX) as answer:
                return _body(answer, name, limit)
        except HTTPError as error:
            error.close()
            if error.code in ABSENT:
                return None
            raise ClientError(f"{name} cannot be fetched: the server answers {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:  # ValueError: the address cannot be one
            reason = error.reason if isinstance(error, URLError) else error
            raise ClientError(f"{name} cannot be fetched: {type(reason).__name__}") from error

    def must_get(self, name: str, limit: int) -> bytes:
        """Fetch a file that has to be there.

        Raises:
            ClientError: It is not, or ``get`` fails.
        """
        content = self.get(name, limit)
        if content is None:
            raise ClientError(f"the server does not have {name}")
        return content


def _opener() -> OpenerDirector:
    return build_opener(ProxyHandler({}))  # what the environment says of proxies is not for a test's own server


def _body(answer: HTTPResponse, name: str, limit: int) -> bytes:
    """Read what the server sends, never more than one piece over the limit."""
    content = bytearray()
    end_s = time.monotonic() + TRANSFER_S_MAX
    while piece := answer.read1(PIECE_BYTES):
        content += piece
        if len(content) > limit:
            raise ClientError(f"{name} is longer than the {limit} bytes that it may have")
        if time.monotonic() > end_s:
            raise ClientError(f"{name} did not come within {TRANSFER_S_MAX:.0f} seconds")
    return bytes(content)
