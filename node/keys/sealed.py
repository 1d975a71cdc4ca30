"""A secret in a file behind a passphrase.

    JSON {"format", "kind", "name", "memory_kib", "passes", "lanes", "salt", "nonce", "sealed"}; bytes in base64

``sealed`` is the secret under ChaCha20-Poly1305; its key comes from the passphrase by Argon2id with the stated cost.
Everything else in the file is authenticated with it, so no part can be changed unseen.

Source: RFC 9106 (Argon2id), RFC 8439 (ChaCha20-Poly1305).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from node.api.schema import PASSPHRASE_CHARACTERS_MAX, PASSPHRASE_CHARACTERS_MIN
from node.keys.errors import KeyStoreError, WrongPassphrase
from node.trust.errors import MalformedMetadata
from node.trust.strict import read_struct

FORMAT: Final = 1
KIND: Final = "perennial key, sealed"
FILE_BYTES_MAX: Final = 4_096
MEMORY_KIB: Final = 128 << 10
PASSES: Final = 3
LANES: Final = 2
# A file from elsewhere must not eat the machine.
MEMORY_KIB_MIN, MEMORY_KIB_MAX = 8 << 10, 1 << 20
PASSES_MAX: Final = 16
LANES_MAX: Final = 8
KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
LENGTH: Final = f"a passphrase has {PASSPHRASE_CHARACTERS_MIN} to {PASSPHRASE_CHARACTERS_MAX} characters"
DAMAGED: Final = "this is no key behind a passphrase, or a damaged one"


class SealedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content; ``name`` says whose secret it is."""

    format: int
    kind: str
    name: str
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    nonce: bytes
    sealed: bytes


def seal(secret: bytes, name: str, passphrase: str, entropy: Callable[[int], bytes]) -> bytes:
    """The content of a new file.  Takes a third of a second and 128 MiB.

    Raises:
        WrongPassphrase: It is too short or too long.
    """
    if not PASSPHRASE_CHARACTERS_MIN <= len(passphrase) <= PASSPHRASE_CHARACTERS_MAX:
        raise WrongPassphrase(LENGTH)
    salt, nonce = entropy(SALT_BYTES), entropy(NONCE_BYTES)
    header = SealedFile(
        format=FORMAT, kind=KIND, name=name, memory_kib=MEMORY_KIB, passes=PASSES, lanes=LANES, salt=salt, nonce=nonce,
        sealed=b"",
    )  # fmt: skip
    sealed = _cipher(header, passphrase).encrypt(nonce, secret, msgspec.json.encode(header))
    return msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(header, sealed=sealed))) + b"\n"


def unseal(content: bytes, passphrase: str) -> tuple[str, bytes]:
    """Whose secret the file holds, and the secret.

    Raises:
        WrongPassphrase: The passphrase is another one, or longer than any, or the file was changed.
        KeyStoreError: It is no such file.
    """
    try:
        file = read_struct(content, SealedFile)
    except MalformedMetadata as error:
        raise KeyStoreError(DAMAGED) from error
    is_bounded = (
        MEMORY_KIB_MIN <= file.memory_kib <= MEMORY_KIB_MAX
        and 1 <= file.passes <= PASSES_MAX
        and 1 <= file.lanes <= LANES_MAX
        and (len(file.salt), len(file.nonce)) == (SALT_BYTES, NONCE_BYTES)
    )
    if (file.format, file.kind) != (FORMAT, KIND) or not is_bounded:
        raise KeyStoreError(DAMAGED)
    if len(passphrase) > PASSPHRASE_CHARACTERS_MAX:
        raise WrongPassphrase(LENGTH)
    header = msgspec.json.encode(msgspec.structs.replace(file, sealed=b""))
    try:
        secret = _cipher(file, passphrase).decrypt(file.nonce, file.sealed, header)
    except InvalidTag as error:
        raise WrongPassphrase(
            f"the passphrase does not open the key of {file.name!r}, or the file was changed"
        ) from error
    return file.name, secret


def is_sealed(content: bytes) -> bool:
    """Whether this is the content of such a file, whole or not."""
    try:
        return read_struct(content, SealedFile).kind == KIND
    except MalformedMetadata:
        return False


def _cipher(file: SealedFile, passphrase: str) -> ChaCha20Poly1305:
    # One passphrase has several spellings in Unicode; which one is typed depends on the system.
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    derived = Argon2id(
        salt=file.salt, length=KEY_BYTES, iterations=file.passes, lanes=file.lanes, memory_cost=file.memory_kib
    )
    return ChaCha20Poly1305(derived.derive(text))
