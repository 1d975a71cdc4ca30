"""What vaults say to each other: one request, one answer.

A stream carries one request and its answer, then the next ones.  The first request of a connection is ``Hello``, both
ways; it settles who the other is, so no other message names its sender.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from node.vault.control import HEAD_BYTES_MAX
from node.vault.core.identity import Certificate, PeerRecord
from node.vault.noting import NOTE_BYTES_MAX

CHUNK_BYTES_MAX: Final = 1 << 20
TABLE_BYTES_MAX: Final = 1 << 18
RECORDS_MAX: Final = 20
RECORDS_WIDE_MAX: Final = 40  # when it is asked for those beyond the nearest too
WIRE_VERSIONS_MAX: Final = 8
TAKERS_MAX: Final = 5

Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
MaybeHash = Annotated[bytes, Meta(max_length=32)]
Signature = Annotated[bytes, Meta(max_length=64)]
Nonce = Annotated[bytes, Meta(min_length=16, max_length=32)]
ChunkBytes = Annotated[bytes, Meta(min_length=1, max_length=CHUNK_BYTES_MAX)]
Code = Annotated[str, Meta(max_length=64)]


class _Message(msgspec.Struct, frozen=True, tag=True, array_like=True, forbid_unknown_fields=True):
    pass


class Receipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The holder keeps the chunk ``address`` from ``at_s`` for ``lease_s`` seconds; signed by its transport key."""

    address: Hash
    length: int
    at_s: float
    lease_s: float
    signature: Signature = b""


class SignedAnswer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a vault answered about a chunk, signed by its transport key, so that it can be shown to others.

    ``digest``: of the content served (kind ``held``), of nonce, signer and content (``audited``), of the receipts of
    those that took the chunk over (``not_held``; empty without any).
    """

    kind: Annotated[str, Meta(max_length=8)]
    address: Hash
    digest: MaybeHash
    nonce: Nonce
    at_s: float
    signature: Signature = b""


class HeldReceipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A receipt together with the certificate that leads from its key to the holder's vault id."""

    certificate: Certificate
    receipt: Receipt


Takers = Annotated[tuple[HeldReceipt, ...], Meta(max_length=TAKERS_MAX)]


class Evidence(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A signed answer that contradicts its address, or the signer's own earlier receipt.

    ``takers`` are those that the answer came with; without them a "not held" that has some convicts nobody.
    """

    certificate: Certificate
    answer: SignedAnswer
    receipt: Receipt | None = None
    takers: Takers = ()


# Requests.


class Hello(_Message, frozen=True):
    """Who I am.  ``seen_at`` tells the other from which address it is seen; empty when dialling.

    ``head`` is the digest of the head that the vault carries, empty for none: whoever meets it hears of a newer one.
    """

    network: Hash
    wire_versions: Annotated[tuple[int, ...], Meta(min_length=1, max_length=WIRE_VERSIONS_MAX)]
    record: PeerRecord
    seen_at: Annotated[str, Meta(max_length=64)] = ""
    head: MaybeHash = b""


class Ping(_Message, frozen=True):
    """Are you there?  ``head`` is the digest of the head that the asking vault carries, empty for none.

    ``is_full``: it takes no new chunks, and says so before anybody sends it one.
    """

    head: MaybeHash
    is_full: bool = False


class FindVaults(_Message, frozen=True):
    """Asks for the vaults that the other knows nearest to ``target``; ``is_wide``: more of them than usual."""

    target: Hash
    is_wide: bool = False


class Put(_Message, frozen=True):
    address: Hash
    content: ChunkBytes


class Get(_Message, frozen=True):
    address: Hash
    nonce: Nonce


class Audit(_Message, frozen=True):
    """Prove that you hold ``address``: ``proofs.audit_digest`` of the nonce, your own transport key and the content."""

    address: Hash
    nonce: Nonce


class FetchHead(_Message, frozen=True):
    digest: Hash


class FetchRanks(_Message, frozen=True):
    """What do you think of all your peers?  It names nobody, so that nobody learns who is on trial."""


class GetNote(_Message, frozen=True):
    """Asks for what the farm says of the release with this digest."""

    release: Hash


class Arrange(_Message, frozen=True):
    """Nobody answers where this vault says that it is.  Tell it to dial me, while I dial it."""

    vault_id: Hash


class Meet(_Message, frozen=True):
    """This vault dials you, and cannot come in: dial it."""

    record: PeerRecord


class Leaving(_Message, frozen=True):
    """I am going down on purpose; ``is_for_good``: do not wait for me, others shall hold my chunks from now on."""

    is_for_good: bool = False


# Answers.


class Pong(_Message, frozen=True):
    """As Ping."""

    head: MaybeHash
    is_full: bool = False


class Vaults(_Message, frozen=True):
    """``is_full``: the vault that answers would not take a chunk with the address that was asked for."""

    records: Annotated[tuple[PeerRecord, ...], Meta(max_length=RECORDS_WIDE_MAX)]
    is_full: bool = False


class Stored(_Message, frozen=True):
    receipt: Receipt


class Chunk(_Message, frozen=True):
    content: ChunkBytes
    answer: SignedAnswer


class Audited(_Message, frozen=True):
    """``receipt`` renews the lease: what is proven to be held now is promised anew."""

    answer: SignedAnswer
    receipt: Receipt | None = None


class NotHeld(_Message, frozen=True):
    """``takers``: receipts of others that took the chunk over from this one, if it ever had it.

    ``is_full``: it would not take the chunk now either.
    """

    answer: SignedAnswer
    takers: Takers = ()
    is_full: bool = False


class HeadContent(_Message, frozen=True):
    content: Annotated[bytes, Meta(max_length=HEAD_BYTES_MAX)]


class Ranks(_Message, frozen=True):
    table: Annotated[bytes, Meta(max_length=TABLE_BYTES_MAX)]


class NoteContent(_Message, frozen=True):
    """A note of the farm, signed by its vault id and unread by its vault; empty: it has none on that release."""

    content: Annotated[bytes, Meta(max_length=NOTE_BYTES_MAX)]


class Refused(_Message, frozen=True):
    """``code``: why, or one of ``node.vault.errors``.

    ``not_mine``: too far from the address; ``share``: the putter's subnet has filled its part; ``busy``.
    """

    code: Code


Request = Hello | Ping | FindVaults | Put | Get | Audit | FetchHead | FetchRanks | GetNote | Arrange | Meet | Leaving
Answer = Hello | Pong | Vaults | Stored | Chunk | Audited | NotHeld | HeadContent | Ranks | NoteContent | Refused
