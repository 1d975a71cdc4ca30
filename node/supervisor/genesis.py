"""The genesis root for a new home, from a network's file: taken once, and only under the fingerprint a person brings.

Whoever hands out the file could hand out another network's.  So the fingerprint comes another way, from people whom the
farmer trusts, and is typed in whole: the file's own is not shown before, or it would only be copied.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Final

from node.api import texts
from node.api.schema import KeyPlace
from node.keys import keyring
from node.keys.errors import KeyStoreError
from node.supervisor.errors import HomeError, KeyUnavailable
from node.supervisor.home import Home
from node.supervisor.settings import QUOTA_BYTES_DEFAULT
from node.trust.chain import Chain
from node.trust.errors import TrustError
from node.trust.head import ROOT_BYTES_MAX

ANY_PORT: Final = "0.0.0.0:0"
GROUP: Final = 8  # hex digits, as a fingerprint is printed
FINGERPRINT_CHARACTERS_MAX: Final = 200


def fingerprint(root: bytes) -> str:
    """SHA-256 of the genesis root in hex, in groups that can be read out."""
    digits = hashlib.sha256(root).hexdigest()
    return " ".join(digits[start : start + GROUP] for start in range(0, len(digits), GROUP))


def read_network(file: Path, told: str) -> bytes:
    """The genesis root in ``file``, if it is the one whose fingerprint was ``told``.  Blocking.

    Raises:
        HomeError: It cannot be read, is no genesis root, or has another fingerprint; the message says which.
    """
    try:
        with file.open("rb") as opened:
            root = opened.read(ROOT_BYTES_MAX + 1)
        if len(root) > ROOT_BYTES_MAX:
            raise HomeError(texts.no_network_file(file, f"it is over {ROOT_BYTES_MAX} bytes"))
        Chain.start(root)
    except OSError as error:
        raise HomeError(texts.unusable(file, error)) from error
    except TrustError as error:
        raise HomeError(texts.no_network_file(file, str(error))) from error
    digits = "".join(told[:FINGERPRINT_CHARACTERS_MAX].split()).lower()
    if digits != hashlib.sha256(root).hexdigest():
        raise HomeError(texts.other_fingerprint(file))
    return root


def open_or_make(folder: Path, file: Path, told: str, key_place: KeyPlace = "keyring") -> Home:
    """The home of that network in ``folder``; made, if there is none, and its key can be kept.  Blocking.

    ``key_place`` is where a home that is made keeps its key; for one that is there ``keys.check_place`` compares it.

    Raises:
        HomeError: As ``read_network``; or the folder holds a home of another network, which nothing can change.
        KeyUnavailable: No key can be kept for a new home; nothing was made.
    """
    root = read_network(file, told)
    try:
        home = Home.open(folder)
    except HomeError:
        if key_place == "keyring":
            _check_keyring()
        return Home.make(
            folder, kind="real", root=root, bind=ANY_PORT, quota_bytes=QUOTA_BYTES_DEFAULT, key_place=key_place
        )
    if home.root != root:
        raise HomeError(texts.home_of_another_network(home.path))
    return home


def _check_keyring() -> None:
    try:
        asyncio.run(keyring.check())
    except KeyStoreError as error:
        raise KeyUnavailable(texts.other_key_places(str(error))) from error
