"""What a pod or founder hands over to become part of a network: its public keys, signed with each of them.

The signatures show that whoever hands it over has the keys, so no mistake in copying and nobody else's key gets into a
root.  That it comes from the right people is for people to check: they compare the fingerprint by voice.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, Self

import msgspec
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature  # type: ignore[attr-defined]  # documented there, not listed

from node.pod.errors import PodError
from node.pod.files import read_as
from node.pod.keys import check_name
from node.pod.parties import Member, Party
from node.trust.hybrid import HybridKey

FORMAT: Final = 1
KIND: Final = "perennial pod, public keys"
BYTES_MAX: Final = 64 << 10
FINGERPRINT_DIGITS: Final = 32


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file; keys and signatures in hex.  ``key`` is the everyday key, the other two make up the root key."""

    format: int
    kind: str
    name: str
    key: str
    root_ed25519: str
    root_mldsa65: str
    signature: str = ""
    root_signature: str = ""

    @classmethod
    def of(cls, party: Party) -> Self:
        """The invitation of somebody whose key is at hand.

        Raises:
            PodError: The key is not one that becomes part of new networks.
        """
        root_key = party.root_signer.public_key
        if not isinstance(root_key, HybridKey):
            raise PodError(f"the key of {party.name} has no hybrid part")
        ed25519, mldsa65 = (half.hex() for half in root_key.halves())
        told = cls(FORMAT, KIND, party.name, party.signer.public_key.keyval["public"], ed25519, mldsa65)
        return msgspec.structs.replace(
            told,
            signature=party.signer.sign(told.signed_bytes).signature,
            root_signature=party.root_signer.sign(told.signed_bytes).signature,
        )

    @property
    def signed_bytes(self) -> bytes:
        return b"perennial invitation\n" + msgspec.json.encode(
            msgspec.structs.replace(self, signature="", root_signature="")
        )

    @property
    def fingerprint(self) -> str:
        """What two people compare by voice: 128 bits of a hash over name and keys, in groups of four digits."""
        digits = hashlib.sha256(self.signed_bytes).hexdigest()[:FINGERPRINT_DIGITS]
        return " ".join(digits[start : start + 4] for start in range(0, FINGERPRINT_DIGITS, 4))

    def member(self) -> Member:
        """Who it is, once the signatures were checked.

        Raises:
            PodError: It was damaged or changed, or is of another kind.
        """
        if (self.format, self.kind) != (FORMAT, KIND):
            raise PodError("this is an invitation of another kind")
        check_name(self.name)
        try:
            halves = (bytes.fromhex(self.root_ed25519), bytes.fromhex(self.root_mldsa65))
            member = Member.from_public(self.name, bytes.fromhex(self.key), halves)
            for key, signature in ((member.key, self.signature), (member.root_key, self.root_signature)):
                key.verify_signature(Signature(key.keyid, signature), self.signed_bytes)
        except (UnverifiedSignatureError, ValueError) as error:
            raise PodError(f"the invitation of {self.name} was damaged or changed") from error
        return member


def read_invitation(file: Path) -> Invitation:
    """An invitation that somebody handed over, checked.

    Raises:
        PodError: It is none, or was damaged.
    """
    invitation = read_as(file, Invitation, BYTES_MAX, "an invitation")
    invitation.member()
    return invitation
