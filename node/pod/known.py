"""A network as one of its pods knows it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from node.trust.chain import BEGINNING, Chain, Verified
from node.trust.errors import MalformedMetadata
from node.trust.head import Head, encode
from node.trust.metadata import Root, Snapshot, Statement, Timestamp, read
from node.vault.share.tree import address_of


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """A network as a pod knows it: the genesis root, the files of its successors, and the head over them."""

    genesis: bytes
    roots: tuple[bytes, ...]
    head: Head

    @property
    def network(self) -> str:
        """What names the network: SHA-256 of its genesis root, in hex."""
        return hashlib.sha256(self.genesis).hexdigest()

    @property
    def root(self) -> Statement[Root]:
        """The root that is in force.  Raises TrustError."""
        return read(self.roots[-1] if self.roots else self.genesis, Root)

    def root_of(self, version: int) -> Statement[Root]:
        """The root of that version, which must exist.  Raises TrustError."""
        return read(self.roots[version - 2] if version > 1 else self.genesis, Root)

    def chunks(self) -> dict[bytes, bytes]:
        """The files of the roots by address, as they travel beside the head."""
        return {address_of(root): root for root in self.roots}

    def verified(self) -> Verified:
        """What a farm that knows the genesis root only would see at the time at which pods signed.

        Raises:
            TrustError: A farm would refuse it.
        """
        return self._verified(BEGINNING)

    def check_followed_by(self, later: KnownNetwork) -> None:
        """Check that ``later`` is this one, or may follow it.

        Raises:
            TrustError: A farm would refuse it.
        """
        self.verified().chain.verify(encode(later.head), BEGINNING, later.chunks())

    def check_fresh(self, now: datetime) -> None:
        """Check that a farm that hears of it for the first time takes it now.

        Raises:
            TrustError: It does not.
        """
        self._verified(now)

    def outstamps(self, other: KnownNetwork) -> bool:
        """Whether nothing but heartbeats went out since ``other``, which may be anything.  Raises TrustError."""
        mine, others = read(self.head.snapshot, Snapshot), read(other.head.snapshot, Snapshot)
        stamps = [read(head.timestamp, Timestamp).signed.version for head in (self.head, other.head)]
        return (
            mine.signed_hash == others.signed_hash
            and len(self.head.roots) == len(other.head.roots)
            and stamps[0] > stamps[1]
        )

    def stamped(self, timestamp: bytes) -> KnownNetwork:
        """The same under another timestamp."""
        return replace(self, head=msgspec.structs.replace(self.head, timestamp=timestamp))

    def _verified(self, now: datetime) -> Verified:
        if tuple(self.chunks()) != self.head.roots:
            raise MalformedMetadata("the roots are not those that the head names")
        return Chain.start(self.genesis).verify(encode(self.head), now, self.chunks())
