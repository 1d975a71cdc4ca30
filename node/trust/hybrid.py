"""The key type of the root role: Ed25519 and ML-DSA-65 under one key id, and both halves must verify.

Two key ids for one pod would not do: TUF counts ids, so a threshold could be met by Ed25519 signatures alone.

    public key   {"ed25519": 64 hex digits, "mldsa65": 3,904 hex digits}
    signature    hex of 64 bytes of Ed25519, then 3,309 bytes of ML-DSA-65, both over PREFIX and the signed bytes

Importing this module makes the type known to securesystemslib, and so to whatever reads a root.

Source: FIPS 204 (ML-DSA), RFC 8032 (Ed25519).
"""

from __future__ import annotations

from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # documented there, not listed for type checkers
    KEY_FOR_TYPE_AND_SCHEME,
    Key,
    Signature,
)

HYBRID_KEYTYPE: Final = "x-hybrid"
HYBRID_SCHEME: Final = "ed25519+ml-dsa-65/1"
PREFIX: Final = b"x-hybrid ed25519+ml-dsa-65/1\n"  # so that no half of a signature means anything by itself
ED25519_BYTES: Final = 32
ED25519_SIGNATURE_BYTES: Final = 64
MLDSA65_BYTES: Final = 1_952
MLDSA65_SIGNATURE_BYTES: Final = 3_309


class HybridKey(Key):
    """The public halves of one pod's root key."""

    @classmethod
    def from_dict(cls, keyid: str, key_dict: dict[str, Any]) -> Self:
        """Read it from metadata.

        Raises:
            ValueError, TypeError, KeyError: There is something else in it.
        """
        key = cls(keyid, *cls._from_dict(key_dict), key_dict)
        key.halves()
        return key

    def to_dict(self) -> dict[str, Any]:
        return dict(self._to_dict())

    def halves(self) -> tuple[bytes, bytes]:
        """The raw public keys, Ed25519 first.

        Raises:
            ValueError: They are not what such a key consists of.
        """
        if set(self.keyval) != {"ed25519", "mldsa65"} or self.unrecognized_fields:
            raise ValueError("a hybrid key has two halves and nothing else")
        ed25519, mldsa65 = (bytes.fromhex(self.keyval[half]) for half in ("ed25519", "mldsa65"))
        if (len(ed25519), len(mldsa65)) != (ED25519_BYTES, MLDSA65_BYTES):
            raise ValueError("a half of a hybrid key has the wrong length")
        return ed25519, mldsa65

    def verify_signature(self, signature: Signature, data: bytes) -> None:
        """Check both halves.

        Raises:
            UnverifiedSignatureError: One of them does not verify; nothing else is ever raised.
        """
        try:
            ed25519, mldsa65 = self.halves()
            content = bytes.fromhex(signature.signature)
            if len(content) != ED25519_SIGNATURE_BYTES + MLDSA65_SIGNATURE_BYTES:
                raise UnverifiedSignatureError("a hybrid signature of another length")
            Ed25519PublicKey.from_public_bytes(ed25519).verify(content[:ED25519_SIGNATURE_BYTES], PREFIX + data)
            MLDSA65PublicKey.from_public_bytes(mldsa65).verify(content[ED25519_SIGNATURE_BYTES:], PREFIX + data)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError) as error:
            raise UnverifiedSignatureError(f"a hybrid signature does not verify: {type(error).__name__}") from error


KEY_FOR_TYPE_AND_SCHEME[HYBRID_KEYTYPE, HYBRID_SCHEME] = HybridKey
