"""A secret in an open file that says whose it is, so that a copy in the wrong place is found out.

    JSON {"format", "kind", "name", "secret"}; bytes in base64

Every program of the account can read and change it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from node.keys.errors import KeyStoreError
from node.trust.errors import MalformedMetadata
from node.trust.strict import read_struct

FORMAT: Final = 1
KIND: Final = "perennial key, unprotected"
DAMAGED: Final = "this is no unprotected key, or a damaged one"


class BareFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content; ``name`` says whose secret it is."""

    format: int
    kind: str
    name: str
    secret: bytes


def write(secret: bytes, name: str) -> bytes:
    """The content of a new file."""
    return msgspec.json.format(msgspec.json.encode(BareFile(FORMAT, KIND, name, secret))) + b"\n"


def read(content: bytes) -> tuple[str, bytes]:
    """Whose secret the file holds, and the secret; the caller has bounded its length.

    Raises:
        KeyStoreError: It is no such file.
    """
    try:
        file = read_struct(content, BareFile)
    except MalformedMetadata as error:
        raise KeyStoreError(DAMAGED) from error
    if (file.format, file.kind) != (FORMAT, KIND):
        raise KeyStoreError(DAMAGED)
    return file.name, file.secret
