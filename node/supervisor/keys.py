"""The vault id's private key, and the certificates that it gives to each run of a vault.

The key itself never enters a vault.  A real home keeps it in the keyring of the operating system; a
practice home keeps it in a file and says so.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from node.api import texts
from node.keys.errors import KeyStoreError
from node.keys.keyring import Keyring, find, keep
from node.supervisor.errors import KeyUnavailable
from node.supervisor.home import Home
from node.supervisor.state import Serial, StateFile
from node.vault.core.identity import KEY_BYTES, Signer, certify
from node.vault.ports import Entropy
from node.vault.storage.filesystem import write_durably


@dataclass(frozen=True, slots=True)
class RunKey:
    """What one run of a vault gets: the seed of its transport key, and the certificate for it."""

    seed: bytes
    transport_key: bytes
    certificate: bytes
    expires_s: float


class Keys:
    """Signs for the vault id; gives out certificates with ever higher serials."""

    def __init__(self, seed: bytes, serials: StateFile[Serial], entropy: Entropy) -> None:
        self._signer = Signer(seed)
        self._serials = serials
        self._entropy = entropy
        self._serial = 0
        self._lock = threading.Lock()

    @property
    def vault_id(self) -> bytes:
        return self._signer.public_key

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
        certificate = certify(self._signer, transport_key, serial=self._next_serial(now_s), now_s=now_s)
        return RunKey(seed, transport_key, msgspec.msgpack.encode(certificate), certificate.expires_s)

    def _next_serial(self, now_s: float) -> int:
        """A serial above every one before, kept on disk before it is used.

        It is at least the time in seconds: so it rises even if the file was lost.
        """
        with self._lock:
            kept = self._serials.load()
            self._serial = max(self._serial, kept.serial if kept else 0, int(now_s) - 1) + 1
            self._serials.save(Serial(self._serial))
            return self._serial


async def load(home: Home, entropy: Entropy, keyring: Callable[[], Keyring] | None = None) -> Keys:
    """Return the home's keys; make the vault id's key at the first start.

    Args:
        home: Whose keys.
        entropy: Where a new key comes from.
        keyring: Returns the backend; by default the operating system's, if it is one that encrypts.

    Raises:
        KeyUnavailable: There is no key and none can be kept, it is gone, or it cannot be read.
        StateError: The serial of the last certificate cannot be read.
    """
    serials = StateFile(home.state / "serial.json", Serial)
    is_new = await asyncio.to_thread(serials.load) is None

    def make() -> bytes:
        if not is_new:  # certificates were issued, so there was a key: a new one would be another vault
            raise KeyUnavailable(texts.key_gone(home.path))
        return entropy(KEY_BYTES)

    if home.is_practice:
        seed = await asyncio.to_thread(_seed_in_file, home.state / "vault_id.key", make)
    else:
        seed = await _seed_in_keyring(home.marker.name, make, keyring)
    return Keys(seed, serials, entropy)


def _seed_in_file(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        if not path.exists():
            write_durably(path, make())
            path.chmod(0o600)
        with path.open("rb") as file:
            seed = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise KeyUnavailable(texts.unusable(path, error)) from error
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
        raise KeyUnavailable(str(error)) from error
    return seed
