"""A plan with its statements and the signatures that they have so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from node.pod.capabilities import needed
from node.pod.errors import PodError
from node.pod.known import KnownNetwork
from node.pod.parties import Party
from node.pod.plans import Plan, stamped_anew
from node.pod.statements import first_head_of, following_head
from node.pod.writing import NOTHING_PASSED, Numbers, Statements, sign
from node.trust.head import Head
from node.trust.layers import ROLES
from node.trust.metadata import Metadata, Root, Snapshot, Targets, read, signed_hash
from node.trust.policy import names_in


@dataclass(frozen=True, slots=True)
class Count:
    """Who signed a statement as one role demands it, and how many must."""

    role: str
    signers: tuple[str, ...]
    need: int

    @property
    def missing(self) -> int:
        return max(0, self.need - len(self.signers))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What pods are asked to sign.  A value: signing and merging return another one.

    ``published`` is what it builds on, None for the founding of a network; ``passed`` are the numbers it leaves out,
    ``fork`` is the last root before two that contradict each other, if it resolves that.
    """

    plan: Plan
    at: datetime
    stamped_at: datetime
    published: KnownNetwork | None
    statements: Statements
    passed: Numbers = field(default_factory=lambda: NOTHING_PASSED)
    fork: Root | None = None

    def head(self) -> Head:
        """The head that it makes, signed by enough or not."""
        if self.published is None:
            return first_head_of(self.statements)
        return following_head(self.published.head, self.statements)

    def outcome(self) -> KnownNetwork:
        """The network as it is once this is published, signed by enough or not."""
        root = [self.statements["root"].to_bytes()] if "root" in self.statements else []
        if self.published is None:
            return KnownNetwork(root[0], (), self.head())
        return KnownNetwork(self.published.genesis, (*self.published.roots, *root), self.head())

    def identity(self) -> tuple[bytes, dict[str, str]]:
        """What all copies of one signing file have in common, whoever signed them and whenever they were stamped."""
        hashes = {role: self.hash_of(role) for role in self.statements if role != "timestamp"}
        return msgspec.json.encode(self.plan), {**hashes, "network": self.published.network if self.published else ""}

    def hash_of(self, role: str) -> str:
        return signed_hash(self.statements[role])

    def counts(self) -> tuple[Count, ...]:
        """How far every statement is.  A root is counted twice: by the root before, and by itself.

        Where roots contradict each other it is counted a third time, by the last root before both.
        """
        found = []
        for what, role, judge in self._judged():
            metadata = self.statements[role]
            result = judge.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
            signers = sorted(self._names()[keyid] for keyid in result.signed)
            need = result.threshold
            if role in ROLES and self.published is not None:
                need = max(need, needed(role, self.statements, self.published.head))
            found.append(Count(what, tuple(signers), need))
        return tuple(found)

    @property
    def is_complete(self) -> bool:
        return not any(count.missing for count in self.counts())

    def check_signatures(self) -> None:
        """Check that every signature is right and of somebody who may sign.

        Raises:
            PodError: One is not.
        """
        for role, metadata in self.statements.items():
            keys = self._keys(role)
            for keyid, signature in metadata.signatures.items():
                one = {keyid: signature}
                if (
                    keyid not in keys
                    or not keys[keyid].get_verification_result(role, metadata.signed_bytes, one).signed
                ):
                    name = self._names().get(keyid, "somebody else")
                    raise PodError(f"the {role} carries a signature of {name} that is not valid")

    def signed_by(self, party: Party) -> Proposal:
        """The proposal with the signatures of ``party`` on everything that it may sign.

        One signature is enough for a timestamp: the first pod's.

        Raises:
            PodError: The party may sign nothing of this.
        """
        statements, may = {}, False
        for role, metadata in self.statements.items():
            keyid = party.root_signer.public_key.keyid if role == "root" else party.keyid
            statements[role] = metadata
            if keyid in self._keys(role):
                may = True
                if role != "timestamp" or not metadata.signatures:
                    statements[role] = sign(Metadata(metadata.signed, dict(metadata.signatures)), [party])
        if not may:
            raise PodError(f"{party.name} is neither a pod nor a founder that may sign anything here")
        return replace(self, statements=statements)

    def with_signatures_of(self, other: Proposal) -> Proposal:
        """The proposal with the signatures of another copy added; of the timestamp's one is kept."""
        statements: Statements = {}
        for role, metadata in self.statements.items():
            copies = [metadata, *([other.statements[role]] if other.hash_of(role) == self.hash_of(role) else [])]
            # Two signatures of one key may differ and both be right; which one stays must not depend on the order.
            found = sorted(
                (s for copy in copies for s in copy.signatures.values()), key=lambda s: s.signature, reverse=True
            )
            signatures = {signature.keyid: signature for signature in found}
            kept = sorted(signatures)[:1] if role == "timestamp" else sorted(signatures)
            statements[role] = Metadata(metadata.signed, {keyid: signatures[keyid] for keyid in kept})
        return replace(self, statements=statements)

    def restamped(self, published: KnownNetwork, now: datetime) -> Proposal:
        """The proposal after heartbeats: on top of what is published now, its timestamp made anew and unsigned."""
        snapshot = self.statements.get("snapshot") or read(published.head.snapshot, Snapshot).metadata
        root = self.statements["root"].signed if "root" in self.statements else None
        stamp = stamped_anew(self.plan, published, snapshot, root, now)
        return replace(self, published=published, stamped_at=now, statements={**self.statements, "timestamp": stamp})

    def _judged(self) -> Iterator[tuple[str, str, Root | Targets]]:
        """What a person calls it, role, and whoever says who must sign it; of every statement."""
        root, targets = self._root(), self._targets()
        for role in self.statements:
            if role == "root":
                yield from ((what, role, judge) for what, judge in self._before().items())
            yield role, role, root if role in root.roles else targets

    def _before(self) -> dict[str, Root]:
        """The earlier roots that must allow a root."""
        if self.published is None:
            return {}
        forked = {"root, for the last one before both branches": self.fork} if self.fork else {}
        return {"root, for the one before": self.published.root.signed, **forked}

    def _keys(self, role: str) -> dict[str, Root | Targets]:
        """Who may sign the statement of ``role``, with who says so."""
        judges = [judge for _, name, judge in self._judged() if name == role]
        return {keyid: judge for judge in judges for keyid in judge.get_delegated_role(role).keyids}

    def _names(self) -> dict[str, str]:
        """Key id -> name, of everybody who may sign anything here."""
        names = [names_in(root) for root in (*reversed(self._before().values()), self._root())]
        return {keyid: name for known in names for keyid, name in known.items()}

    def _root(self) -> Root:
        """The root that is in force once all this is published."""
        if "root" not in self.statements:
            assert self.published is not None, "a founding without a root"
            return self.published.root.signed
        signed: Root = self.statements["root"].signed
        return signed

    def _targets(self) -> Targets:
        if "targets" not in self.statements:
            assert self.published is not None, "a founding without targets"
            return read(self.published.head.targets, Targets).signed
        signed: Targets = self.statements["targets"].signed
        return signed
