r"""The chain of all heads verified so far: what a new head must follow.

    genesis root -> root 2 -> ... -> newest root      signed by the pods of the root before and of its own
                                          |
                                      timestamp       one pod: "this is still the newest"
                                          |
                                      snapshot        which statements belong together
                                          |
                                       targets        who may release what
                                      /   |   \
                                 vault   app   foundation

A chain is a value: ``verify`` returns the next one and leaves this one as it is, so whoever persists it decides when a
head counts as known.  Time comes in; it is never read here.

A chain is halted by a proof that the developers' signatures contradict each other, while anybody who signed both holds
a key in its newest root.  From then on it follows no head, until one ends in a root in which none of them does; if two
roots contradict each other, a root since then must name a conflict too, and this very one for who is to leave its
branch.  A proof that comes meanwhile and shows more is kept as well, and all of them must be over at once.  What the
pods release next must be numbered past both branches, so that farms on either can follow, with a number left out in
the role that was in conflict: else it would contradict one of the two statements itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Self

import msgspec

from node.trust.equivocation import (
    PROOFS_MAX,
    Conflict,
    check_proof,
    joined,
    judge_of,
    proofs_in,
    prove,
    shows_more,
)
from node.trust.errors import Equivocation, MalformedMetadata, MissingRoots, Rollback, TrustError
from node.trust.halting import check_consistent, is_over
from node.trust.head import PROOF_BYTES_MAX, ROOT_BYTES_MAX, ROOTS_MAX, Head, decode, encode
from node.trust.metadata import Root, Targets, TrustedSet, read
from node.trust.policy import check_root
from node.trust.release import Release
from node.trust.roots import Climb, climb, has_left, is_of, is_settled, origin_of, resolving_root, still_holds_key
from node.trust.state import check_follows, read_state, releases_of, verify_state
from node.vault.control import HEAD_BYTES_MAX
from node.vault.share.tree import address_of

STATE_FORMAT: Final = 2
STATE_BYTES_MAX: Final = ROOTS_MAX * ROOT_BYTES_MAX + 2 * HEAD_BYTES_MAX + PROOFS_MAX * PROOF_BYTES_MAX
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
NO_ROOTS: Final[Mapping[bytes, bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Verified:
    """A head that passed every check, or one that carries a proof.

    ``is_newer``: the head supersedes the one that the chain held, so it is worth carrying and passing on.
    ``is_news``: what it releases is not what was released before; a mere heartbeat is newer and no news.
    ``proof``: the head carries this, one proof or several, which hold and which nothing has resolved; ``chain`` is
    halted.  Then the rest of the head may be anything, and nothing of it was taken over, unless it resolves all that
    halted the chain before.
    """

    chain: Chain
    digest: bytes
    releases: tuple[Release, ...]
    is_news: bool
    is_newer: bool
    proof: bytes = b""


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    format: int
    genesis: bytes
    head: bytes
    floor_s: int
    released: bytes
    roots: tuple[bytes, ...]
    proof: bytes
    halted_s: int | None
    resolved: tuple[str, ...]
    more: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """What is known of one network: its roots and the newest head that was verified.

    Invariants: no statement in ``head`` is ever replaced by an older one, nor by another of the same version.  The one
    exception is TUF's own: a timestamp that no longer verifies, because the newest root dropped the pod that signed
    it, binds nothing; without it one bad pod could number the timestamp so high that no honest one could follow.
    ``head`` changes only while ``proof`` is empty, or with roots that end what all ``proofs`` show.  The roots that
    ``head`` names are the first ones of ``roots``.
    """

    genesis: bytes
    head: bytes  # encoded; empty before the first one
    clock_floor: datetime  # the latest time at which a threshold of pods is known to have signed
    released: bytes  # digest of what the newest head releases
    roots: tuple[bytes, ...] = ()  # the files of the successors of the genesis root, oldest first
    proof: bytes = b""  # what halts the chain; empty if nothing does
    halted_at: datetime | None = None
    resolved: tuple[str, ...] = ()  # the identities of the conflicts that have halted it before
    more: tuple[bytes, ...] = ()  # proofs that came while it was halted, each showing what those before it did not

    @classmethod
    def start(cls, genesis: bytes) -> Self:
        """Start at the genesis root, which comes with the app or with the network's file.

        Raises:
            TrustError: It is no root that signs itself, or one that policy would refuse.
        """
        if len(genesis) > ROOT_BYTES_MAX:
            raise MalformedMetadata(f"a root of {len(genesis)} bytes is over {ROOT_BYTES_MAX}")
        check_root(TrustedSet(genesis, BEGINNING).root.signed, None)
        return cls(genesis, b"", BEGINNING, _digest_of(()))

    @property
    def network(self) -> bytes:
        """What names the network: SHA-256 of its genesis root."""
        return hashlib.sha256(self.genesis).digest()

    @property
    def origin(self) -> bytes:
        """How the network's statements name it: SHA-256 of what its genesis root says, whoever signed that."""
        return origin_of(self.genesis)

    @property
    def proofs(self) -> tuple[bytes, ...]:
        """Everything that halts the chain."""
        return (self.proof, *self.more) if self.proof else ()

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What the proofs show.  Some milliseconds for each."""
        return tuple(check_proof(proof, self) for proof in self.proofs)

    def root(self, version: int) -> bytes | None:
        """The file of the verified root of that version; None if there is none."""
        if version == 1:
            return self.genesis
        return self.roots[version - 2] if 1 < version < len(self.roots) + 2 else None

    def verify(self, head: bytes, now: datetime, roots: Mapping[bytes, bytes] = NO_ROOTS) -> Verified:
        """Verify a head from anyone.  CPU-bound, some tens of milliseconds; changes nothing.

        A proof in the head comes first: if it holds, nothing else that is wrong with the head raises.

        Args:
            head: Bytes from a stranger.
            now: This computer's time.  A clock that was set back does not make old metadata fresh: what pods are known
                to have signed bounds it from below.  BEGINNING: at whatever time; then no number is too high either.
            roots: Root files that were fetched for this head, by address.

        Raises:
            MissingRoots: It names root files that are neither known nor given.
            Equivocation: It contradicts what is known; if the error has a proof, ``halted_by`` it, with the error's
                roots, is the chain to keep.
            TrustError: One of its branches says what is wrong; nothing else is ever raised for what is in ``head``.
        """
        assert now.tzinfo is not None, "a time without its zone"
        try:
            return self._verify(head, now, roots)
        except (TrustError, MemoryError):
            raise
        except Exception as error:  # enough parties may have signed what no check has thought of
            raise MalformedMetadata(f"the head cannot be understood: {type(error).__name__}") from error

    def _verify(self, head: bytes, now: datetime, roots: Mapping[bytes, bytes]) -> Verified:
        files = decode(head)
        if not files.proof:
            return self._followed(head, files, now, roots)
        bare, digest = encode(msgspec.structs.replace(files, proof=b"")), hashlib.sha256(head).digest()
        proofs = proofs_in(files.proof)
        found = self._resolved_by(bare, now, roots) if self.proof else None
        if found is not None:
            chain = found.chain
            for proof in proofs:
                chain = chain.halted_by(proof, now, found.chain.roots)
            return replace(found, chain=chain, digest=digest, proof=joined(chain.proofs))
        warned = self._warned_by(files, proofs, now, roots)
        found = Verified(warned, digest, (), is_news=False, is_newer=False)
        if not self.proof:  # else it was looked at above
            try:
                found = warned.verify(bare, now, roots)
            except TrustError as error:
                # A proof that misleads nobody any more must not hide one that does.
                if isinstance(error, Equivocation) and error.proof and not warned.proof:
                    raise
        return replace(found, digest=digest, proof=files.proof if found.chain.proof else b"")

    def halted_by(self, proof: bytes, now: datetime, roots: tuple[bytes, ...] = ()) -> Chain:
        """This chain, halted; or as it is, if the conflict misleads nobody any more.

        A chain that is halted already keeps the proof beside the others, if it shows more than they do; up to
        PROOFS_MAX.

        Args:
            proof: From anyone.
            now: This computer's time.
            roots: Where the proof was found: the files of all successors of the genesis root, oldest first.  Who signed
                twice under a root that is not known here yet is judged by them, and they are kept with the proof.

        Raises:
            NotEnoughSignatures, MalformedMetadata: It is no proof: nobody is halted by it.
            TrustError: The roots do not follow those that are known.
        """
        chain = self if self._knows_judge(proof) else self._knowing(roots, now)
        conflict = check_proof(proof, chain)
        now, newest = max(now, self.clock_floor), read(chain.roots[-1] if chain.roots else self.genesis, Root).signed
        targets = read(decode(self.head).targets, Targets).signed if self.head else None
        # Another copy of a proof that was resolved may show more of those who signed both: hence the last question.
        is_resolved = conflict.identity in self.resolved or is_settled(chain.roots, conflict)
        is_over = is_resolved and not still_holds_key(newest, targets, conflict, now)
        if is_over or has_left(newest, targets, conflict, now):
            return self
        if not self.proof:
            return replace(chain, proof=proof, halted_at=now.replace(microsecond=0))
        if len(self.proofs) == PROOFS_MAX or not shows_more(conflict, self.conflicts):
            return self
        return replace(chain, more=(*self.more, proof))

    def _knows_judge(self, proof: bytes) -> bool:
        version, signed_hash = judge_of(proof)
        judge = self.root(version)
        return judge is not None and read(judge, Root).signed_hash == signed_hash

    def _knowing(self, roots: tuple[bytes, ...], now: datetime) -> Chain:
        """This chain with more roots than its head names."""
        addresses = tuple(map(address_of, roots))
        climbed = climb(self.genesis, self.roots, addresses, dict(zip(addresses, roots, strict=True)), now)
        return self if climbed.fork else replace(self, roots=self.roots + climbed.files[len(self.roots) :])

    def _resolved_by(self, head: bytes, now: datetime, given: Mapping[bytes, bytes]) -> Verified | None:
        """What a head without a proof comes to if it resolves what halts this chain; None if it does not.

        Raises:
            MissingRoots: Whether it does cannot be said before they are given.
        """
        try:
            found = self.verify(head, now, given)
        except MissingRoots:
            raise
        except TrustError:
            return None
        return None if found.chain.proof else found

    def _warned_by(self, files: Head, proofs: Sequence[bytes], now: datetime, given: Mapping[bytes, bytes]) -> Chain:
        """This chain, halted by the proofs in a head if there is a reason to halt."""
        warned, foreign = self, [proof for proof in proofs if not self._knows_judge(proof)]
        for proof in proofs:
            warned = warned if proof in foreign else warned.halted_by(proof, now)
        # What can be judged by known roots waits for no others; who carries the rest will show it again.
        if warned is not self or not foreign:
            return warned
        climbed = self._climbed(files, now, given)
        if climbed.fork is not None:
            return self  # what roots on another branch judge is known once all that halts this chain is over
        for proof in foreign:
            warned = warned.halted_by(proof, now, climbed.files)
        return warned

    def _followed(self, head: bytes, files: Head, now: datetime, given: Mapping[bytes, bytes]) -> Verified:
        """Verify a head that carries no proof."""
        clock, now = None if now == BEGINNING else now, max(now, self.clock_floor)
        climbed = self._climbed(files, now, given)
        root = climbed.trusted.root.signed
        state = verify_state(climbed.trusted, files, now, self.origin, clock)
        held_files = decode(self.head) if self.head else None
        is_newer = held_files is None or len(files.roots) > len(held_files.roots)
        if held_files is not None:
            held = read_state(held_files)
            newest = self.roots[-1] if self.roots else self.genesis
            check_consistent(state, held, climbed, newest, replace(self, roots=climbed.files))
            is_newer |= check_follows(state, held, root)
        releases, resolved, digest = releases_of(state, root), self.resolved, hashlib.sha256(head).digest()
        if self.proof:
            conflicts = self.conflicts
            if not all(is_over(conflict, climbed, state, now) for conflict in conflicts):
                return Verified(self, digest, releases, is_news=False, is_newer=False)
            named = dict.fromkeys(one.identity for one in conflicts if resolving_root(climbed, one))
            resolved, is_newer = (*resolved, *named), True
        released, floor = _digest_of(releases), max(self.clock_floor, state.signed_at)
        chain = replace(
            self, clock_floor=floor, released=released, proof=b"", more=(), halted_at=None, resolved=resolved
        )
        if is_newer:
            chain = replace(chain, head=head, roots=climbed.files)
        return Verified(chain, digest, releases, released != self.released, is_newer)

    def _climbed(self, files: Head, now: datetime, given: Mapping[bytes, bytes]) -> Climb:
        """Follow the head's roots; onto the other branch of a fork only if that resolves what halts this chain."""
        climbed = climb(self.genesis, self.roots, files.roots, given, now, is_past_forks=self.proof != b"")
        fork = climbed.fork
        if fork is not None and not any(is_of(fork, one) and resolving_root(climbed, one) for one in self.conflicts):
            proof = prove("root", fork.held, fork.new, fork.judge, None)
            raise Equivocation("root", fork.new.signed.version, fork.held.content, fork.new.content, proof)
        if len(climbed.files) < len(self.roots):
            raise Rollback(f"the head ends at root {climbed.trusted.root.signed.version}, a later one is known")
        return climbed

    def dump(self) -> bytes:
        """The chain as bytes, to be kept by whoever owns a disk; at most STATE_BYTES_MAX."""
        saved = _Saved(
            format=STATE_FORMAT,
            genesis=self.genesis,
            head=self.head,
            floor_s=int(self.clock_floor.timestamp()),
            released=self.released,
            roots=self.roots,
            proof=self.proof,
            halted_s=None if self.halted_at is None else int(self.halted_at.timestamp()),
            resolved=self.resolved,
            more=self.more,
        )
        return msgspec.msgpack.encode(saved)

    @classmethod
    def load(cls, content: bytes) -> Self:
        """The chain that ``dump`` gave; the content comes from this computer's own disk.

        Its roots are followed from the genesis root once more, some milliseconds for each: whoever starts at the newest
        one later starts at one that is known to belong there.

        Raises:
            MalformedMetadata: It is damaged.  Never start anew from the genesis root then without telling the farmer:
                a chain without its history can be rolled back.
        """
        try:
            saved = msgspec.msgpack.decode(content, type=_Saved)
            if saved.format != STATE_FORMAT:
                raise MalformedMetadata(f"the kept chain has format {saved.format}")
            start = cls.start(saved.genesis)
            addresses = tuple(map(address_of, saved.roots))
            climb(saved.genesis, (), addresses, dict(zip(addresses, saved.roots, strict=True)), BEGINNING)
            floor = datetime.fromtimestamp(saved.floor_s, UTC)
            halted_at = None if saved.halted_s is None else datetime.fromtimestamp(saved.halted_s, UTC)
            chain = cls(
                genesis=start.genesis, head=saved.head, clock_floor=floor, released=saved.released, roots=saved.roots,
                proof=saved.proof, halted_at=halted_at, resolved=saved.resolved, more=saved.more,
            )  # fmt: skip
            _check_kept(chain, addresses)
        except (
            msgspec.DecodeError,
            TrustError,
            RecursionError,
            UnicodeError,
            OverflowError,
            ValueError,
            OSError,
        ) as error:
            raise MalformedMetadata(f"the kept chain cannot be read: {error}") from error
        return chain


def carried(chain: Chain) -> bytes:
    """What a vault carries and passes on for this chain: its head, and the proofs while it is halted; b"" for nothing.

    The proofs travel in the head, so that whoever passes heads on passes proofs on too.
    """
    if not chain.proof:
        return chain.head
    files = decode(chain.head) if chain.head else Head((), b"", b"", b"", {})
    return encode(msgspec.structs.replace(files, roots=tuple(map(address_of, chain.roots)), proof=joined(chain.proofs)))


def _check_kept(chain: Chain, addresses: tuple[bytes, ...]) -> None:
    if chain.head:
        files = decode(chain.head)
        read_state(files)
        if files.roots != addresses[: len(files.roots)]:
            raise MalformedMetadata("the head is not under the roots that were kept with it")
    if (chain.proof == b"") != (chain.halted_at is None):
        raise MalformedMetadata("the chain is halted without a proof or without a time")
    if len(chain.more) >= PROOFS_MAX or (chain.more and not chain.proof):
        raise MalformedMetadata("the chain is halted by more proofs than it may keep")
    for proof in chain.proofs:
        check_proof(proof, chain)


def _digest_of(releases: tuple[Release, ...]) -> bytes:
    """What is released, without who signed it: copies of a statement may carry different signatures."""
    rows = [(release.name, release.tree_hash, release.manifest, release.sequence) for release in releases]
    return hashlib.sha256(msgspec.msgpack.encode(rows)).digest()
