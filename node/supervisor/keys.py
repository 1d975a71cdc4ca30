"""The vault id's private key, and the certificates that it gives to each run of a vault.

From it follows the seed of the farm's place in the waves of every release; each certificate carries the commitment to
that.  Key and seed never enter a vault.  Where a real home keeps the key, a person chose when the home was made:

    keyring       the keyring of the operating system
    passphrase    state/vault_id.sealed, a file behind a passphrase that is asked for at every start
    unprotected   state/vault_id.key, open to every program of this account; so the node starts unattended

A practice home always keeps it unprotected, and says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, assert_never

import msgspec

from node.api import texts
from node.api.schema import KeyPlace
from node.keys import bare
from node.keys import keyring as keyrings
from node.keys.errors import KeyStoreError, WrongPassphrase
from node.keys.keyring import Keyring, find, keep
from node.keys.sealed import FILE_BYTES_MAX, seal, unseal
from node.supervisor.ballast import Ballast
from node.supervisor.errors import KeyGone, KeyUnavailable, NewPassphraseWanted, PassphraseWanted
from node.supervisor.home import Home
from node.supervisor.state import Serial, StateFile
from node.trial import membership
from node.vault.core.identity import KEY_BYTES, Signer, certify
from node.vault.ports import Entropy
from node.vault.storage.filesystem import write_durably

MEMBERSHIP_DOMAIN: Final = b"perennial/1 membership seed\0"


@dataclass(frozen=True, slots=True)
class RunKey:
    """What one run of a vault gets: the seed of its transport key, and the certificate for it."""

    seed: bytes
    transport_key: bytes
    certificate: bytes
    expires_s: float


class Keys:
    """Signs for the vault id; gives out certificates with ever higher serials.

    ``seed`` is for the program that this process becomes next, and for nobody else.  ``highest_release`` gives the
    highest number of any release that is known: certificates commit the farm to its places in those after it.
    """

    def __init__(self, seed: bytes, serials: StateFile[Serial], entropy: Entropy) -> None:
        self._signer = Signer(seed)
        self.seed = seed
        self.membership_seed = hashlib.sha256(MEMBERSHIP_DOMAIN + seed).digest()
        self.highest_release: Callable[[], int] = lambda: 0
        self._serials = serials
        self._entropy = entropy
        self._serial = 0
        self._lock = threading.Lock()

    @property
    def vault_id(self) -> bytes:
        return self._signer.public_key

    def sign(self, content: bytes) -> bytes:
        """Sign with the vault id's key; ``content`` begins with a word for its kind."""
        return self._signer.sign(content)

    def newest_serial(self) -> int:
        """Of the certificate that was given out last, also before this start; 0 before the first one.  Blocking.

        Raises:
            StateError: It cannot be read.
        """
        with self._lock:
            kept = self._serials.load()
            return max(self._serial, kept.serial if kept else 0)

    def new_run(self, now_s: float) -> RunKey:
        """Make a fresh transport key and certify it.  Blocking.

        Raises:
            StateError: The serial could not be kept; nothing was issued.
        """
        seed = self._entropy(KEY_BYTES)
        return self._certified(seed, Signer(seed).public_key, now_s)

    def renew(self, run: RunKey, now_s: float) -> RunKey:
        """Certify the same transport key for another day.  Blocking.

        Raises:
            StateError: The serial could not be kept; nothing was issued.
        """
        return self._certified(run.seed, run.transport_key, now_s)

    def _certified(self, seed: bytes, transport_key: bytes, now_s: float) -> RunKey:
        commitment = membership.commitment(self.membership_seed, self.highest_release())
        certificate = certify(
            self._signer, transport_key, serial=self._next_serial(now_s), now_s=now_s, commitment=commitment
        )
        return RunKey(seed, transport_key, msgspec.msgpack.encode(certificate), certificate.expires_s)

    def _next_serial(self, now_s: float) -> int:
        """A serial above every one before, kept on disk before it is used.

        It is at least the time in milliseconds: so it rises even if the file was lost, and is like a twin's.
        """
        with self._lock:
            kept = self._serials.load()
            self._serial = max(self._serial, kept.serial if kept else 0, serial_at(now_s) - 1) + 1
            self._serials.save(Serial(self._serial))
            return self._serial


def serial_at(now_s: float) -> int:
    """The serial of a certificate that is issued at that time (UTC), if it need not be above an earlier one."""
    return int(now_s * 1000)


def check_place(home: Home, asked: KeyPlace | None) -> None:
    """Check that the home keeps its key where a person asks for; None asks for nothing.

    Raises:
        KeyUnavailable: It keeps it elsewhere, which nothing changes.
    """
    if asked is not None and asked != home.key_place:
        raise KeyUnavailable(texts.key_kept_elsewhere(home.path, home.key_place, asked))


def wanted_passphrase(home: Home) -> Literal["", "new", "known"]:
    """Which passphrase ``load`` needs: none, a new one, or the one that was chosen.  Blocking, but short.

    Raises:
        KeyUnavailable: The key is gone, so that none would open it.
        StateError: The serial of the last certificate cannot be read.
    """
    if home.key_place != "passphrase":
        return ""
    if _sealed_file(home).exists():
        return "known"
    _check_first_start(home, _serials(home).load())
    return "new"


async def load(
    home: Home, entropy: Entropy, keyring: Callable[[], Keyring] | None = None, passphrase: str = ""
) -> Keys:
    """Return the home's keys; make the vault id's key at the first start.

    Args:
        home: Whose keys.
        entropy: Where a new key comes from.
        keyring: Returns the backend; by default the operating system's, if it is one that encrypts.
        passphrase: The one that ``wanted_passphrase`` speaks of.

    Raises:
        PassphraseWanted, NewPassphraseWanted: The passphrase is none that can be taken; nothing changed.
        KeyUnavailable: There is no key and none can be kept, it is gone, or it cannot be read.
        StateError: The serial of the last certificate cannot be read.
    """
    serials = _serials(home)
    last = await asyncio.to_thread(serials.load)

    def make() -> bytes:
        _check_first_start(home, last)
        return entropy(KEY_BYTES)

    match home.key_place:
        case "unprotected":
            seed = await asyncio.to_thread(_seed_in_file, home, make)
        case "passphrase":
            seed = await asyncio.to_thread(_seed_behind_passphrase, home, make, entropy, passphrase)
        case "keyring":
            seed = await _seed_in_keyring(home.marker.name, make, keyring)
        case _:
            assert_never(home.key_place)
    return Keys(seed, serials, entropy)


def inherited(home: Home, seed: bytes, entropy: Entropy) -> Keys:
    """The keys of a home, of which the program before has handed on the vault id's seed."""
    return Keys(seed, _serials(home), entropy)


def _serials(home: Home) -> StateFile[Serial]:
    """Without a new one no vault starts, and none stays longer than a day: so room is held back for it."""
    return StateFile(home.state / "serial.json", Serial, Ballast.of(home).give_up)


def _check_first_start(home: Home, last: Serial | None) -> None:
    """Check that a key may be made.

    Raises:
        KeyGone: Certificates were issued, so there was a key: a new one would be another vault.
    """
    if last is not None:
        raise KeyGone(texts.key_gone(home.path))


async def forget(home: Home, keyring: Callable[[], Keyring] | None = None) -> None:
    """Remove the key of a home that is gone from where nothing of the home's folder is.

    Raises:
        KeyStoreError: It may still be there.
    """
    if home.key_place == "keyring":
        await keyrings.forget(home.marker.name, keyring)


def _sealed_file(home: Home) -> Path:
    return home.state / "vault_id.sealed"


def _seed_behind_passphrase(home: Home, make: Callable[[], bytes], entropy: Entropy, passphrase: str) -> bytes:
    return _seed_at(
        _sealed_file(home),
        home,
        make=lambda: seal(make(), home.marker.name, passphrase, entropy),
        read=lambda content: unseal(content, passphrase),
    )


def _seed_in_file(home: Home, make: Callable[[], bytes]) -> bytes:
    path = home.state / "vault_id.key"
    _bind(path, home)
    return _seed_at(path, home, make=lambda: bare.write(make(), home.marker.name), read=bare.read)


def _bind(path: Path, home: Home) -> None:
    """Let a key file that was made before such files said whose they are say that it is this home's."""
    try:
        content = path.read_bytes() if path.exists() and path.stat().st_size == KEY_BYTES else b""
        if content:
            write_durably(path, bare.write(content, home.marker.name))
            path.chmod(0o600)
    except OSError as error:
        raise KeyUnavailable(texts.unusable(path, error)) from error


def _seed_at(path: Path, home: Home, *, make: Callable[[], bytes], read: Callable[[bytes], tuple[str, bytes]]) -> bytes:
    """The seed in a file that says whose it is; the file is made if there is none."""
    try:
        if not path.exists():
            write_durably(path, make())
            path.chmod(0o600)
        with path.open("rb") as file:
            name, seed = read(file.read(FILE_BYTES_MAX))
    except OSError as error:
        raise KeyUnavailable(texts.unusable(path, error)) from error
    except WrongPassphrase as error:
        wanted = PassphraseWanted if path.exists() else NewPassphraseWanted
        raise wanted(texts.key_file_bad(path, str(error))) from error
    except KeyStoreError as error:
        raise KeyUnavailable(texts.key_file_bad(path, str(error))) from error
    if name != home.marker.name:  # two nodes under one vault id would contradict each other
        raise KeyUnavailable(texts.key_of_another_home(path))
    if len(seed) != KEY_BYTES:
        raise KeyUnavailable(texts.damaged(path, f"a key has {KEY_BYTES} bytes"))
    return seed


async def _seed_in_keyring(name: str, make: Callable[[], bytes], keyring: Callable[[], Keyring] | None) -> bytes:
    try:
        seed = await find(name, KEY_BYTES, keyring)
        if seed is None:
            seed = make()
            await keep(name, seed, keyring)
    except KeyStoreError as error:
        raise KeyUnavailable(error.told) from error
    return seed
