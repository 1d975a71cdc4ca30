"""Signatures of pods that contradict each other, as a pod's tool gets hold of them and looks into them.

What a halted farm carries is its head with the proof; with the files of its roots beside it, it is one file:

    JSON {"format", "kind", "branch": {"head", "roots"}}

Nothing in such a file is believed: the proof is checked against the genesis root that is known here, and a head beside
it counts only if a farm would have accepted it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final, Protocol

import msgspec

from node.pod.errors import PodError
from node.pod.files import pretty, read_as
from node.pod.known import KnownNetwork
from node.trust.chain import BEGINNING, Chain
from node.trust.equivocation import (
    OF_THE_ROOT,
    Conflict,
    Culprit,
    Provable,
    check_proof,
    contradiction,
    proofs_in,
    prove,
    statements_in,
)
from node.trust.errors import TrustError
from node.trust.head import Head, decode, encode
from node.trust.metadata import Root, Statement, Targets, read
from node.trust.roots import is_settled
from node.trust.state import State, contradictions, read_state
from node.vault.share.tree import address_of

FORMAT: Final = 1
KIND: Final = "perennial conflict"
BYTES_MAX: Final = 16 << 20  # as of a signing file
BRANCHES_MAX: Final = 8  # that are brought to one rotation


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a halted farm carries, and the files of the roots that its head names."""

    head: Head
    roots: tuple[bytes, ...]


class ConflictFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content."""

    format: int
    kind: str
    branch: Branch


@dataclass(frozen=True, slots=True)
class Dispute:
    """A conflict that nothing has resolved, as all branches together show it.

    ``conflicts`` are what the single proofs show: the same conflict, maybe with other culprits.  ``besides`` are those
    that other proofs show, and those of other statements of the same branches: farms stay halted, or could be halted
    again, by who signed those twice.  ``pair`` are the two statements that contradict each other, ``proven`` those of
    all proofs with their roles, ``chains`` the halted farms that the branches come from, and ``states`` what those
    farms hold, as far as it stands by itself.
    """

    conflicts: tuple[Conflict, ...]
    besides: tuple[Conflict, ...]
    pair: tuple[Provable, Provable]
    proven: tuple[tuple[str, Provable], ...]
    chains: tuple[Chain, ...]
    states: tuple[State, ...]

    @property
    def role(self) -> str:
        return self.conflicts[0].role

    @property
    def version(self) -> int:
        return self.conflicts[0].version

    @property
    def identity(self) -> str:
        return self.conflicts[0].identity

    @property
    def names(self) -> list[str]:
        """Who signed twice, as the root of that time calls them."""
        return sorted({culprit.name for culprit in self.culprits})

    @property
    def culprits(self) -> list[Culprit]:
        return [culprit for conflict in (*self.conflicts, *self.besides) for culprit in conflict.culprits]

    @property
    def halves(self) -> frozenset[str]:
        """The public halves of all keys of those who signed twice."""
        return frozenset(half for culprit in self.culprits for half in culprit.public)

    def targets_of(self, role: str) -> list[Statement[Targets]]:
        """The statements of a role that are known from any branch."""
        found = [state.targets if role == "targets" else state.delegated.get(role) for state in self.states]
        return [one for one in (*found, *self._proven(role)) if one is not None and isinstance(one.signed, Targets)]

    def numbers_of(self, role: str) -> list[int]:
        """The numbers that the branches are known to have reached, of the snapshot or the timestamp."""
        tops = [state.timestamp if role == "timestamp" else state.snapshot for state in self.states]
        return [one.signed.version for one in (*tops, *self._proven(role))]

    def _proven(self, role: str) -> list[Provable]:
        return [statement for proven_role, statement in self.proven if proven_role == role]


def look_into(branches: Sequence[Branch], known: KnownNetwork) -> Dispute:
    """What the branches show to a pod that knows the network as ``known``.

    Raises:
        PodError: There is nothing to resolve in them, or not on top of ``known``.
    """
    if not 0 < len(branches) <= BRANCHES_MAX:
        raise PodError(f"a conflict is resolved by what 1 to {BRANCHES_MAX} farms carry, not {len(branches)}")
    chains = tuple(_halted(branch, known.genesis) for branch in branches)
    shown = [(proof, check_proof(proof, chain)) for chain in chains for proof in chain.proofs]
    named = _to_be_named([chain.conflicts for chain in chains], known)
    conflicts = tuple(conflict for _, conflict in shown if conflict.identity == named)
    for chain in chains:
        _check_goes_on(chain, known, is_fork=conflicts[0].role == "root")
    states = tuple(read_state(decode(chain.head)) for chain in chains if chain.head)
    besides = [conflict for _, conflict in shown if conflict.identity != named]
    besides += _besides((*states, read_state(known.head)), (*chains, known.verified().chain), named)
    proven = tuple((one.role, statement) for proof, one in shown for statement in statements_in(proof))
    pair = next(statements_in(proof) for proof, one in shown if one.identity == named)
    return Dispute(conflicts, _once(besides), pair, proven, chains, states)


def _to_be_named(shown: Sequence[Sequence[Conflict]], known: KnownNetwork) -> str:
    """The identity of the conflict that the root must name: one that all branches show, between two roots if any is.

    Raises:
        PodError: There is none.
    """
    left = [conflict for conflicts in shown for conflict in conflicts if not is_settled(known.roots, conflict)]
    if not left:
        raise PodError("this conflict has been resolved")
    common = set[str].intersection(*({conflict.identity for conflict in conflicts} for conflicts in shown))
    for conflict in sorted(left, key=lambda one: one.role != "root"):
        if conflict.identity in common:
            return conflict.identity
    raise PodError("these show different conflicts; resolve one after the other")


def check_resolved_by(branches: Sequence[Branch], known: KnownNetwork, later: KnownNetwork) -> None:
    """Check that farms on every branch, and those that follow ``known``, go on with ``later``.

    Raises:
        TrustError: One would refuse it.
        PodError: One would stay halted.
    """
    dispute = look_into(branches, known)
    own = known.verified().chain
    for chain in (*dispute.chains, own, *(_told(own, chain.proofs) for chain in dispute.chains)):
        if chain.verify(encode(later.head), BEGINNING, later.chunks()).chain.proof:
            raise PodError("farms would stay halted: this does not resolve the conflict")


class Node(Protocol):
    """What is needed of ``node.api.client.Client``."""

    async def head(self) -> bytes: ...

    async def get_chunk(self, address: str) -> bytes: ...


async def ask_branch(node: Node, roots: Mapping[bytes, bytes]) -> Branch:
    """What a running node carries; ``roots`` are those at hand, by address.

    Raises:
        PodError: It carries nothing that halts it.
        ApiError, NotRunning: The node could not be reached, or could not get hold of a root.
    """
    content = await node.head()
    try:
        head = decode(content) if content else None
    except TrustError as error:
        raise PodError(f"the node carries a head that cannot be read: {error}") from error
    if head is None or not head.proof:
        raise PodError("this node knows of no contradicting signatures")
    files = [roots[address] if address in roots else await node.get_chunk(address.hex()) for address in head.roots]
    return Branch(head, tuple(files))


def encode_branch(branch: Branch) -> bytes:
    """The branch as a file."""
    return pretty(ConflictFile(FORMAT, KIND, branch))


def read_branch(file: Path) -> Branch:
    """A branch from anyone's file; whether it shows anything, ``look_into`` says.

    Raises:
        PodError: It cannot be read, or is no such file.
    """
    told = read_as(file, ConflictFile, BYTES_MAX, "a file of 'perennial pod conflict'")
    if (told.format, told.kind) != (FORMAT, KIND):
        raise PodError(f"{file} is a file of another kind than 'perennial pod conflict' writes")
    return told.branch


def _halted(branch: Branch, genesis: bytes) -> Chain:
    """The chain of the farm that carries this, or one that holds the proof and no head if the head is worth nothing."""
    if not branch.head.proof:
        raise PodError("there is no proof in it: the farm was not halted")
    chain = Chain.start(genesis)
    given = {address_of(root): root for root in branch.roots}
    try:
        bare = msgspec.structs.replace(branch.head, proof=b"")
        chain = chain.verify(encode(bare), BEGINNING, given).chain
    except TrustError:
        chain = Chain.start(genesis)  # a farm keeps roots with a proof that its statements are not under: see carried()
    try:
        halted = _told(chain, proofs_in(branch.head.proof), branch.roots)
    except TrustError as error:
        raise PodError(f"it proves nothing in this network: {error}") from error
    if not halted.proof:
        raise PodError("this conflict has been resolved")
    return halted


def _besides(states: Sequence[State], chains: Sequence[Chain], known: str) -> list[Conflict]:
    """What is proven by the statements that farms hold now, but for the conflict with the identity ``known``.

    The pairs before them are not at hand: of a branch only what it came to is carried.
    """
    found: list[Conflict] = []
    for one, other in combinations(states, 2):
        for role, first, second in contradictions(one, other):
            if contradiction(first, second) == known:
                continue
            for chain in chains:
                judge = read(chain.roots[-1] if chain.roots else chain.genesis, Root)
                for targets in (None,) if role in OF_THE_ROOT else (one.targets, other.targets):
                    with contextlib.suppress(TrustError):  # they are proven by the root that allowed both, if one did
                        found.append(check_proof(prove(role, first, second, judge, targets), chain))
    return found


def _once(conflicts: Sequence[Conflict]) -> tuple[Conflict, ...]:
    return tuple({(conflict.identity, conflict.culprits): conflict for conflict in conflicts}.values())


def _told(chain: Chain, proofs: Sequence[bytes], roots: tuple[bytes, ...] = ()) -> Chain:
    """The chain after it was told of proofs; ``roots`` are those where they were found."""
    for proof in proofs:
        chain = chain.halted_by(proof, BEGINNING, roots)
    return chain


def _check_goes_on(chain: Chain, known: KnownNetwork, *, is_fork: bool) -> None:
    """Check that roots which follow those of ``known`` can be followed from a branch too."""
    hashes = [[read(root, Root).signed_hash for root in roots] for roots in (chain.roots, known.roots)]
    is_behind = hashes[0] == hashes[1][: len(hashes[0])]
    # A farm on the other side of a fork takes no fewer roots than it has, and the next one is made here.
    if not (is_behind or (is_fork and len(hashes[0]) <= len(hashes[1]) + 1)):
        raise PodError(
            f"a farm has roots up to number {len(hashes[0]) + 1} that the network's folder does not know; "
            "begin with the folder of a pod that published them"
        )
