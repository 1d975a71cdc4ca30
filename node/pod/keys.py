"""The keys of pods and founders: made where their owner sits, kept there, and never handed on.

in the keyring of the operating system, under the owner's name
in a file behind a passphrase (``node.keys.sealed``)
in a practice network as plain files, which say so: whoever reads one has the key
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from node.keys import keyring, sealed
from node.keys.errors import KeyStoreError
from node.keys.keyring import Keyring
from node.pod.errors import PodError
from node.pod.files import pretty, read_file, write_new
from node.pod.parties import SECRET_BYTES, Party
from node.trust.errors import MalformedMetadata
from node.trust.strict import read_struct

PRACTICE_FORMAT: Final = 2
PRACTICE_KIND: Final = "perennial key, unprotected: for practice networks only"
KEY_BYTES_MAX: Final = 4_096
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")

Entropy = Callable[[int], bytes]


class PracticeKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the key file of a practice network says; the secret in hex."""

    format: int
    kind: str
    name: str
    secret: str


def make_in_keyring(name: str, entropy: Entropy, backend: Callable[[], Keyring] | None = None) -> Party:
    """Make a key and keep it in the keyring.  Blocking: a locked keyring asks the person.

    Raises:
        PodError: The name is not allowed or taken, or the keyring keeps nothing.
    """
    check_name(name)
    secret = entropy(SECRET_BYTES)
    try:
        if asyncio.run(keyring.find(_entry(name), SECRET_BYTES, backend)) is not None:
            raise PodError(f"the keyring holds a key of {name} already, and it is not overwritten")
        asyncio.run(keyring.keep(_entry(name), secret, backend))
    except KeyStoreError as error:
        raise PodError(f"{error} With --file the key is kept in a file behind a passphrase instead.") from error
    return Party.from_secret(name, secret)


def make_in_file(file: Path, name: str, passphrase: str, entropy: Entropy) -> Party:
    """Make a key and keep it in the new file ``file`` behind a passphrase.  Blocking.

    Raises:
        PodError: The name or the passphrase is not allowed, or the file exists or cannot be written.
    """
    check_name(name)
    secret = entropy(SECRET_BYTES)
    try:
        content = sealed.seal(secret, name, passphrase, entropy)
    except KeyStoreError as error:
        raise PodError(str(error)) from error
    write_new(file, content)
    return Party.from_secret(name, secret)


def make_for_practice(file: Path, name: str, entropy: Entropy) -> Party:
    """Make a key that lies open in the new file ``file``, in a folder of its own.  Raises PodError or OSError."""
    secret = entropy(SECRET_BYTES)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(file, pretty(PracticeKey(PRACTICE_FORMAT, PRACTICE_KIND, name, secret.hex())))
    return Party.from_secret(name, secret)


def load(
    key: str,
    passphrase: Callable[[], str],
    backend: Callable[[], Keyring] | None = None,
    *,
    for_practice: bool = True,
) -> Party:
    """A pod or founder with its key.  Blocking.

    Args:
        key: A key file, or else the name of a key in the keyring.
        passphrase: Asked only if the file wants one.
        backend: Returns the keyring; by default the operating system's.
        for_practice: Whether the key may be one that lies open in a file.

    Raises:
        PodError: There is no such key, it cannot be read, or the passphrase is wrong.
    """
    file = Path(key)
    if not file.is_file():
        return _in_keyring(key, backend)
    content = read_file(file, KEY_BYTES_MAX, "a key")
    try:
        if sealed.is_sealed(content):
            name, secret = sealed.unseal(content, passphrase())
        elif for_practice:
            practice = read_struct(content, PracticeKey)
            if (practice.format, practice.kind) != (PRACTICE_FORMAT, PRACTICE_KIND):
                raise PodError(f"{file} is a key of another kind")
            name, secret = practice.name, bytes.fromhex(practice.secret)
        else:
            raise PodError(f"{file} is no key behind a passphrase; only such a key may become part of a network")
    except (KeyStoreError, MalformedMetadata, ValueError) as error:
        raise PodError(f"{file}: {error}") from error
    if len(secret) != SECRET_BYTES:
        raise PodError(f"{file} is a key of another kind")
    check_name(name)
    return Party.from_secret(name, secret)


def check_name(name: str) -> None:
    """Check what a pod or founder wants to be called.

    Raises:
        PodError: It is not allowed.
    """
    if not NAME.fullmatch(name):
        raise PodError(f"{name[:40]!r} is no name: letters, digits and . _ - are allowed, at most 40")


def _in_keyring(name: str, backend: Callable[[], Keyring] | None) -> Party:
    if not NAME.fullmatch(name):
        raise PodError(f"{name[:200]} is no key file, and no name under which the keyring could hold a key")
    try:
        secret = asyncio.run(keyring.find(_entry(name), SECRET_BYTES, backend))
    except KeyStoreError as error:
        raise PodError(f"there is no key file {name}. {error}") from error
    if secret is None:
        raise PodError(f"there is no key file {name}, and the keyring holds no key of that name")
    return Party.from_secret(name, secret)


def _entry(name: str) -> str:
    """Under which name a pod's key is kept, beside those of farms."""
    return f"pod {name}"
