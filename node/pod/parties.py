"""Pods and founders: what everybody sees of them, and what they are at the moment of signing.

A secret is three independent seeds of 32 bytes: of the everyday key (Ed25519, for every role but root), and of the two
halves of the root key (Ed25519, ML-DSA-65).  No half of one key is a half of another: policy refuses that.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from securesystemslib.signer import (  # type: ignore[attr-defined]  # documented there, not listed for type checkers
    CryptoSigner,
    Key,
    Signature,
    Signer,
    SSlibKey,
)

from node.trust.hybrid import HYBRID_KEYTYPE, HYBRID_SCHEME, PREFIX, HybridKey

SEED_BYTES: Final = 32
SECRET_BYTES: Final = 3 * SEED_BYTES


@dataclass(frozen=True, slots=True)
class Member:
    """A pod or founder as everybody sees it.  Where roots are signed with everyday keys, ``root_key`` is ``key``."""

    name: str
    key: Key
    root_key: Key

    @classmethod
    def from_public(cls, name: str, key: bytes, halves: tuple[bytes, bytes]) -> Self:
        """From raw public keys: the everyday one, and the two halves of the root key."""
        return cls(name, SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(key)), _hybrid_key(*halves))

    @property
    def keyids(self) -> tuple[str, str]:
        return self.key.keyid, self.root_key.keyid


@dataclass(frozen=True, slots=True)
class Party:
    """A pod or a founder at the moment of signing."""

    name: str
    signer: CryptoSigner
    root_signer: Signer

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """One Ed25519 key for everything, roots too: for networks whose roots are not hybrid."""
        signer = CryptoSigner(Ed25519PrivateKey.from_private_bytes(seed))
        return cls(name, signer, signer)

    @classmethod
    def from_secret(cls, name: str, secret: bytes) -> Self:
        """An everyday key, and a hybrid one for roots."""
        assert len(secret) == SECRET_BYTES, len(secret)
        everyday, *halves = (secret[start : start + SEED_BYTES] for start in range(0, SECRET_BYTES, SEED_BYTES))
        signer = CryptoSigner(Ed25519PrivateKey.from_private_bytes(everyday))
        return cls(name, signer, HybridSigner(*halves))

    @property
    def keyid(self) -> str:
        return self.signer.public_key.keyid

    @property
    def member(self) -> Member:
        return Member(self.name, self.signer.public_key, self.root_signer.public_key)


class HybridSigner(Signer):
    """Signs with both halves of a root key."""

    def __init__(self, ed25519_seed: bytes, mldsa65_seed: bytes) -> None:
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(ed25519_seed)
        self._mldsa65 = MLDSA65PrivateKey.from_seed_bytes(mldsa65_seed)
        halves = (self._ed25519.public_key().public_bytes_raw(), self._mldsa65.public_key().public_bytes_raw())
        self._public_key = _hybrid_key(*halves)

    @property
    def public_key(self) -> HybridKey:
        return self._public_key

    def sign(self, payload: bytes) -> Signature:
        content = self._ed25519.sign(PREFIX + payload) + self._mldsa65.sign(PREFIX + payload)
        return Signature(self._public_key.keyid, content.hex())

    @classmethod
    def from_priv_key_uri(cls, *_: Any) -> NoReturn:
        raise NotImplementedError("a pod's key is never named by an address")


def _hybrid_key(ed25519: bytes, mldsa65: bytes) -> HybridKey:
    keyval = {"ed25519": ed25519.hex(), "mldsa65": mldsa65.hex()}
    keyid = hashlib.sha256(ed25519 + mldsa65).hexdigest()
    return HybridKey(keyid, HYBRID_KEYTYPE, HYBRID_SCHEME, keyval)
