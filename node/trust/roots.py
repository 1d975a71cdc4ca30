"""The way from the genesis root to the newest one, each root signed by the pods of the one before and by its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from node.trust.equivocation import Conflict, contradiction, halves_in
from node.trust.errors import MalformedMetadata, MissingRoots
from node.trust.head import ROOT_BYTES_MAX
from node.trust.metadata import Root, Statement, Targets, TrustedSet, is_signed, public_halves, read
from node.trust.policy import check_root, founder_halves, is_foundation_over, names_in, resolved_conflict
from node.vault.share.tree import address_of

ORIGINS_KEPT: Final = 8  # a node knows one network; tests know more


@dataclass(frozen=True, slots=True)
class Fork:
    """The first place where other roots leave those that are held; ``judge`` is the last root that both share."""

    judge: Statement[Root]
    held: Statement[Root]
    new: Statement[Root]


@dataclass(frozen=True, slots=True)
class Climb:
    """Roots that were followed: ``files`` are all successors of the genesis root, ``new`` those that were not held."""

    trusted: TrustedSet
    files: tuple[bytes, ...]
    new: tuple[Statement[Root], ...]
    fork: Fork | None


def climb(
    genesis: bytes,
    held: tuple[bytes, ...],
    named: Sequence[bytes],
    given: Mapping[bytes, bytes],
    now: datetime,
    *,
    is_past_forks: bool = False,
) -> Climb:
    """Follow the roots that a head names; those that are held need no second look.  Some milliseconds for each root.

    Args:
        genesis: The genesis root.
        held: Its successors that were verified before.
        named: The addresses of those that the head names.
        given: Files that were fetched, by address; those that are not what their address says count as absent.
        now: By which the rest of the head is judged afterwards; a root may have expired on the way.
        is_past_forks: Whether to go on behind a fork, instead of ending there.

    Raises:
        MissingRoots: Some are neither held nor given; all that stand before the first of them are right.
        TrustError: One of them may not follow the one before.
    """
    files = {address_of(file): file for file in held}
    shared = _shared(tuple(files), named)
    files |= {address: file for address, file in given.items() if address_of(file) == address}
    trusted = TrustedSet(held[shared - 1] if shared else genesis, now)
    new: list[Statement[Root]] = []
    fork: Fork | None = None
    for index, address in enumerate(named[shared:], start=shared):
        if address not in files:
            raise MissingRoots(tuple(other for other in named[index:] if other not in files))
        if len(files[address]) > ROOT_BYTES_MAX:
            raise MalformedMetadata(f"a root of {len(files[address])} bytes is over {ROOT_BYTES_MAX}")
        before = trusted.root
        after = trusted.add_root(files[address])
        check_root(after.signed, before)
        new.append(after)
        known = read(held[index], Root) if index < len(held) and fork is None else after
        if known.signed_hash != after.signed_hash:
            fork = Fork(before, known, after)
            if not is_past_forks:
                break
    climbed = named[: shared + len(new)]
    return Climb(trusted, tuple(files[address] for address in climbed), tuple(new), fork)


def resolving_root(climbed: Climb, conflict: Conflict) -> Statement[Root] | None:
    """The root that resolves this very conflict; None if there is none.

    It names the conflict, and neither it nor any root after it knows a culprit's key.  When the way leads from one of
    two contradicting roots to the other, their successors' signatures prove nothing against each other: then the last
    root before both must allow it.
    """
    root = _first_free(_since(climbed.files, conflict), conflict, conflict.identity)
    if root is None or climbed.fork is None or not is_of(climbed.fork, conflict):
        return root
    return root if is_signed("root", root, climbed.fork.judge.signed) else None


def is_of(fork: Fork, conflict: Conflict) -> bool:
    """Whether the conflict is the one between the two roots of the fork."""
    return contradiction(fork.held, fork.new) == conflict.identity


def is_resolved(climbed: Climb, conflict: Conflict) -> bool:
    """Whether roots have resolved the conflict for who is halted by it and follows them now.

    That is asked as of who is told of it when these roots are known, so that all come to the same end, whenever they
    were told.  But nobody changes to the other branch of a fork by a root that does not name it.
    """
    if climbed.fork is not None and is_of(climbed.fork, conflict):
        return resolving_root(climbed, conflict) is not None
    return is_settled(climbed.files, conflict)


def is_settled(roots: Sequence[bytes], conflict: Conflict) -> bool:
    """Whether a root has resolved some conflict since this one, and no culprit of this one has held a key since.

    It need not name this very conflict: who was shown to sign twice and was dropped for it can halt nobody again with
    one more pair of old statements.
    """
    return _first_free(_since(roots, conflict), conflict, "") is not None


def has_left(newest: Root, targets: Targets | None, conflict: Conflict, now: datetime) -> bool:
    """Whether a conflict can mislead nobody who knows this newest root, because nobody is left who could use it.

    Statements below the root are signed anew under each newest root, or no head can hold them.  So two of them that
    nobody who holds a key there has both signed never lie in two heads again, however many such pairs somebody makes
    with old keys.  After their date the keys of founders open nothing; before it they stand in ``targets`` alone, for
    the root knows founders by their ids.

    Roots are different: what follows stands on them, whoever has left since.  A second one is a second network, and its
    makers could drop their keys right after it, in both: so two roots halt until a root resolves that.
    """
    if conflict.role == "root":
        return False
    if conflict.role == "foundation" and is_foundation_over(newest, now):
        return True
    return not still_holds_key(newest, targets, conflict, now)


def still_holds_key(newest: Root, targets: Targets | None, conflict: Conflict, now: datetime) -> bool:
    """Whether a culprit holds a key under this newest root, or as a founder, whatever its id is."""
    founders = frozenset() if targets is None or is_foundation_over(newest, now) else founder_halves(targets)
    return holds_culprit(newest, conflict) or not founders.isdisjoint(halves_in(conflict))


def holds_culprit(root: Root, conflict: Conflict) -> bool:
    """Whether a culprit's key stands in the root, under its own id or another, or its id among the founders."""
    named, known = names_in(root), public_halves(root)
    return any(culprit.keyid in named for culprit in conflict.culprits) or not known.isdisjoint(halves_in(conflict))


@lru_cache(maxsize=ORIGINS_KEPT)
def origin_of(genesis: bytes) -> bytes:
    """How the statements of a network name it: SHA-256 of what its genesis root says.

    Not of the file, by which farms name it: who signs the genesis root is not known yet when the first statements are
    written, because all of them are signed together.
    """
    return bytes.fromhex(read(genesis, Root).signed_hash)


def _shared(held: Sequence[bytes], named: Sequence[bytes]) -> int:
    """How many addresses are the same in both, from the beginning."""
    shared = 0
    while shared < min(len(held), len(named)) and held[shared] == named[shared]:
        shared += 1
    return shared


def _since(roots: Sequence[bytes], conflict: Conflict) -> Iterator[Statement[Root]]:
    """The roots that can speak of the conflict, newest first."""
    since = conflict.version if conflict.role == "root" else conflict.judge_version
    return (read(file, Root) for file in reversed(roots[since - 1 :]))


def _first_free(newest_first: Iterable[Statement[Root]], conflict: Conflict, identity: str) -> Statement[Root] | None:
    """The newest root that resolves ``identity`` ("": any conflict), if no culprit holds a key in it or after it."""
    for root in newest_first:
        if holds_culprit(root.signed, conflict):
            return None
        resolved = resolved_conflict(root.signed)
        if resolved and identity in ("", resolved):
            return root
    return None
