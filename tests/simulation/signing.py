"""Signatures that cost next to nothing, for worlds in which real ones would take most of the time.

A keyed hash under the public key: it tells the right signer and the right content from wrong ones, and anybody could
forge it.  Nothing but ``cheap_signatures`` puts it in the place of Ed25519, and only as long as its block lasts.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from node.vault.core import identity
from node.vault.core.identity import Signer
from node.vault.errors import BadSignature


class CheapSigner:
    """Looks like ``Signer``."""

    def __init__(self, seed: bytes) -> None:
        self.public_key = hashlib.sha256(b"public" + seed).digest()

    def sign(self, content: bytes) -> bytes:
        return hashlib.blake2b(content, key=self.public_key).digest()


def cheap_verify(public_key: bytes, signature: bytes, content: bytes) -> None:
    if hashlib.blake2b(content, key=public_key).digest() != signature:
        raise BadSignature("the signature does not fit")


def make_signer(seed: bytes, *, is_cheap: bool) -> Signer:
    return cast("Signer", CheapSigner(seed)) if is_cheap else Signer(seed)


@contextmanager
def cheap_everywhere() -> Iterator[None]:
    """Let every module of the program and of the tests sign and check so; nobody may keep a real signer from before."""
    real = identity.Signer
    patched = [module for _, module in sorted(sys.modules.items()) if getattr(module, "Signer", None) is real]
    try:
        for module in patched:
            module.Signer = CheapSigner  # type: ignore[attr-defined]
        with cheap_signatures():
            yield
    finally:
        for module in patched:
            module.Signer = real  # type: ignore[attr-defined]


@contextmanager
def cheap_signatures() -> Iterator[None]:
    """Let every module of the vault check by ``cheap_verify``."""
    real = identity.verify
    patched = [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("node.vault.") and getattr(module, "verify", None) is real
    ]
    try:
        for module in patched:
            module.verify = cheap_verify  # type: ignore[attr-defined]
        yield
    finally:
        for module in patched:
            module.verify = real  # type: ignore[attr-defined]
