"""The keyring of the operating system, if it is one that encrypts."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeVar, cast

from node.api import texts
from node.keys.errors import KeyStoreError

KEYRING_S_MAX: Final = 60.0  # a locked keyring asks the person for a password
SERVICE: Final = "Perennial"
NOBODY: Final = "nobody"  # a name that nothing is kept under, to ask whether the keyring answers
# Backends that encrypt.  Others (a plain file above all) would be chosen in silence where these are missing.
BACKENDS: Final = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)

# One at a time in this program: a thread that answers late must not remove what the next one kept under the same name.
_KEEPING: Final = threading.Lock()

T = TypeVar("T")


class Keyring(Protocol):
    """The part of a ``keyring`` backend that is used.  Every call blocks and may raise anything."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


def system_keyring() -> Keyring:
    """The operating system's keyring.

    Raises:
        KeyStoreError: It has none that encrypts.
    """
    import keyring  # noqa: PLC0415 - only real homes and pods need it, and it costs memory and start-up time

    backend = keyring.get_keyring()
    candidates = getattr(backend, "backends", [backend])  # a chain of several, best first
    for candidate in candidates:
        if f"{type(candidate).__module__}.{type(candidate).__qualname__}" in BACKENDS:
            return candidate  # type: ignore[no-any-return]
    raise KeyStoreError(texts.no_keyring())


async def find(name: str, length: int, keyring: Callable[[], Keyring] | None = None) -> bytes | None:
    """The secret of ``length`` bytes that is kept under ``name``; None if nothing is.

    Args:
        name: What it is called within ``SERVICE``.
        length: How many bytes it must have.
        keyring: Returns the backend; by default the operating system's, if it is one that encrypts.

    Raises:
        KeyStoreError: The keyring cannot be asked, or something else is kept under the name.
    """
    kept = await _in_time(lambda: (keyring or system_keyring)().get_password(SERVICE, name))
    return None if kept is None else _decoded(kept, name, length)


async def check(keyring: Callable[[], Keyring] | None = None) -> None:
    """Find out whether there is a keyring, and it answers; a locked one asks the person.

    Raises:
        KeyStoreError: A key could not be kept.
    """
    await _in_time(lambda: (keyring or system_keyring)().get_password(SERVICE, NOBODY))


async def keep(name: str, secret: bytes, keyring: Callable[[], Keyring] | None = None) -> None:
    """Keep a secret under a name that nothing is kept under yet.

    Raises:
        KeyStoreError: It was not kept, and is not when the keyring answers later.
    """
    text = base64.b64encode(secret).decode()
    settled = threading.Lock()  # taken by who is first: the thread that kept it, or whoever no longer waits for that

    def set_and_get() -> str | None:
        backend = (keyring or system_keyring)()
        with _KEEPING:
            backend.set_password(SERVICE, name, text)
            kept = backend.get_password(SERVICE, name)  # what cannot be read back was not kept
            if kept == text and not settled.acquire(blocking=False):
                backend.delete_password(SERVICE, name)  # it was said not to be kept
            return kept

    try:
        kept = await _in_time(set_and_get)
    except (KeyStoreError, asyncio.CancelledError) as error:
        if settled.acquire(blocking=False) or isinstance(error, asyncio.CancelledError):
            raise
        return  # it was kept at the last moment
    if _decoded(kept or "", name, len(secret)) != secret:
        raise KeyStoreError(texts.keyring_damaged(name))


async def forget(name: str, keyring: Callable[[], Keyring] | None = None) -> None:
    """Remove what is kept under a name; nothing happens if nothing is.

    Raises:
        KeyStoreError: It may still be there.
    """

    def get_and_delete() -> None:
        backend = (keyring or system_keyring)()
        if backend.get_password(SERVICE, name) is not None:  # else backends raise, each an error of its own
            backend.delete_password(SERVICE, name)

    await _in_time(get_and_delete)


def _decoded(kept: str, name: str, length: int) -> bytes:
    try:
        secret = base64.b64decode(kept, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != length:
        raise KeyStoreError(texts.keyring_damaged(name))
    return secret


async def _in_time(call: Callable[[], T]) -> T:
    """Run ``call`` in a thread that cannot hold up the end of the process, for at most KEYRING_S_MAX.

    ``asyncio.to_thread`` would: the interpreter waits for its threads, and a keyring may wait for a person.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(found: T | None, failed: KeyStoreError | None) -> None:
        if not done.done():
            done.set_exception(failed) if failed else done.set_result(cast("T", found))

    def work() -> None:
        found, failed = None, None
        try:
            found = call()
        except KeyStoreError as error:
            failed = error
        except Exception as error:  # noqa: BLE001 - backends raise whatever their system raises
            failed = KeyStoreError(texts.keyring_failed(str(error) or type(error).__name__))
        with contextlib.suppress(RuntimeError):  # the loop may have been closed meanwhile
            loop.call_soon_threadsafe(settle, found, failed)

    threading.Thread(target=work, name="keyring", daemon=True).start()
    try:
        async with asyncio.timeout(KEYRING_S_MAX):
            return await done
    except TimeoutError as error:
        raise KeyStoreError(texts.keyring_slow(KEYRING_S_MAX)) from error
