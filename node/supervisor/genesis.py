"""The genesis root for a new home: the one that the program was made for, or from a network's file.

It is taken once, and from a file only under the fingerprint that a person brings.  Whoever hands out the file
could hand out another network's.  So the fingerprint comes another way, from people whom the farmer trusts, and is
typed in whole: the file's own is not shown before, or it would only be copied.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
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
SHIPPED: Final = Path(__file__).parents[2] / "resources" / "root.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person may choose for a home that is made: the place of its key, and how much of the disk it may take."""

    key_place: KeyPlace = "keyring"
    quota_bytes: int = QUOTA_BYTES_DEFAULT


WANTED: Final = Wanted()


def fingerprint(root: bytes) -> str:
    """SHA-256 of the genesis root in hex, in groups that can be read out."""
    digits = hashlib.sha256(root).hexdigest()
    return " ".join(digits[start : start + GROUP] for start in range(0, len(digits), GROUP))


def read_network(file: Path, told: str) -> bytes:
    """The genesis root in ``file``, if it is the one whose fingerprint was ``told``.  Blocking.

    Raises:
        HomeError: It cannot be read, is no genesis root, or has another fingerprint; the message says which.
    """
    root = _read(file)
    digits = "".join(told[:FINGERPRINT_CHARACTERS_MAX].split()).lower()
    if digits != hashlib.sha256(root).hexdigest():
        raise HomeError(texts.other_fingerprint(file))
    return root


def shipped_network(file: Path = SHIPPED) -> bytes:
    """The genesis root of the network that this program was made for.  Blocking.

    It needs no fingerprint: who could put another one here could replace the program as well.

    Raises:
        HomeError: It was made for none, or the file is damaged.
    """
    if not file.exists():
        raise HomeError(texts.no_shipped_network())
    return _read(file)


def has_shipped_network() -> bool:
    """Whether ``shipped_network`` has one.  Blocking."""
    try:
        shipped_network()
    except HomeError:
        return False
    return True


def open_or_make(folder: Path, root: bytes, wanted: Wanted = WANTED) -> Home:
    """The home of that network in ``folder``; made, if there is none, and its key can be kept.  Blocking.

    ``wanted`` is for a home that is made; of one that is there ``keys.check_place`` compares the place of the key.

    Raises:
        HomeError: The folder holds a home of another network, which nothing can change; or it cannot be made there.
        SettingsError: The limit is out of range; nothing was made.
        KeyUnavailable: No key can be kept for a new home; nothing was made.
    """
    try:
        home = Home.open(folder)
    except HomeError:
        if wanted.key_place == "keyring":
            _check_keyring()
        return Home.make(
            folder, kind="real", root=root, bind=ANY_PORT, quota_bytes=wanted.quota_bytes, key_place=wanted.key_place
        )
    if home.root != root:
        raise HomeError(texts.home_of_another_network(home.path))
    return home


def _check_keyring() -> None:
    try:
        asyncio.run(keyring.check())
    except KeyStoreError as error:
        raise KeyUnavailable(texts.other_key_places(error.told)) from error


def _read(file: Path) -> bytes:
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
    return root
