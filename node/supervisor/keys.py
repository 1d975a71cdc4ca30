"""The vault id's private key, and the certificates that it gives to each run of a vault.

The key itself never enters a vault.  A real home keeps it in the keyring of the operating system; a
practice home keeps it in a file and says so.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from node.api import texts
from node.supervisor.errors import KeyUnavailable
from node.supervisor.home import Home
from node.supervisor.state import Serial, StateFile
from node.vault.core.identity import KEY_BYTES, Signer, certify
from node.vault.ports import Entropy
from node.vault.storage.filesystem import write_durably

KEYRING_S_MAX: Final = 60.0  # a locked keyring asks the person for a password
KEYRING_SERVICE: Final = "Perennial"
# Backends that encrypt.  Others (a plain file above all) would be chosen in silence where these are missing.
KEYRING_BACKENDS: Final = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)


class Keyring(Protocol):
    """The part of a ``keyring`` backend that is used.  Every call blocks and may raise anything."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...


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
        seed = await _in_thread(lambda: _seed_in_keyring((keyring or _system_keyring)(), home.marker.name, make))
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


def _seed_in_keyring(keyring: Keyring, name: str, make: Callable[[], bytes]) -> bytes:
    kept = keyring.get_password(KEYRING_SERVICE, name)
    if kept is None:
        keyring.set_password(KEYRING_SERVICE, name, base64.b64encode(make()).decode())
        kept = keyring.get_password(KEYRING_SERVICE, name)  # what cannot be read back was not kept
    try:
        seed = base64.b64decode(kept or "", validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != KEY_BYTES:
        raise KeyUnavailable(texts.keyring_damaged(name))
    return seed


def _system_keyring() -> Keyring:
    import keyring  # noqa: PLC0415 - only real homes need it, and it costs memory and start-up time

    backend = keyring.get_keyring()
    candidates = getattr(backend, "backends", [backend])  # a chain of several, best first
    for candidate in candidates:
        if f"{type(candidate).__module__}.{type(candidate).__qualname__}" in KEYRING_BACKENDS:
            return candidate  # type: ignore[no-any-return]
    raise KeyUnavailable(texts.no_keyring())


async def _in_thread(call: Callable[[], bytes]) -> bytes:
    """Run ``call`` in a thread that cannot hold up the end of the process, for at most KEYRING_S_MAX.

    ``asyncio.to_thread`` would: the interpreter waits for its threads, and a keyring may wait for a person.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bytes] = loop.create_future()

    def settle(seed: bytes | None, error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(seed or b"")

    def work() -> None:
        seed, failed = None, None
        try:
            seed = call()
        except KeyUnavailable as error:
            failed = error
        except Exception as error:  # noqa: BLE001 - backends raise whatever their system raises
            failed = KeyUnavailable(texts.keyring_failed(str(error) or type(error).__name__))
        with contextlib.suppress(RuntimeError):  # the loop may have been closed meanwhile
            loop.call_soon_threadsafe(settle, seed, failed)

    threading.Thread(target=work, name="keyring", daemon=True).start()
    try:
        async with asyncio.timeout(KEYRING_S_MAX):
            return await done
    except TimeoutError as error:
        raise KeyUnavailable(texts.keyring_slow(KEYRING_S_MAX)) from error
