"""A network in two worlds, because somebody signed two things in one place; and what chains tell each other of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest

from node.trust.chain import Chain, Verified, carried
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation
from node.trust.head import Head
from tests.signed_world import NOW, Change, World, all_of, drop_pod, resolving, unchanged


@dataclass
class Split:
    """A network in two worlds: pods 1 to 3 signed one release, pods 3 to 5 another one; pod-3 signed both."""

    one: World
    other: World
    proof: bytes
    identity: str

    @property
    def halted(self) -> Chain:
        """The chain of a farm that holds the one and has met the other."""
        return self.one.chain.halted_by(self.proof, NOW)

    @property
    def other_halted(self) -> Chain:
        return self.other.chain.halted_by(self.proof, NOW)

    def resolved(self, change: Change = unchanged, identity: str = "", gone: int = 2) -> Head:
        """What the pods publish to go on: without a culprit, numbered past both, the next number left out."""
        world = copy.deepcopy(self.one)
        culprit = world.pods.pop(gone)
        world.head = world.change("targets", drop_pod(culprit))
        world.head = world.change("vault", all_of(lambda s: setattr(s, "version", s.version + 1), withdraw))
        root = all_of(drop_pod(culprit), resolving(identity or self.identity), change)
        head = world.with_root(root, by=self.one.pods)
        self.one.roots |= world.roots
        self.other.roots |= world.roots
        return head


def withdraw(signed: Any) -> None:
    """Take the releases back that came from either branch."""
    signed.targets.clear()


def split_network() -> Split:
    one = World()
    one.accept()
    other = copy.deepcopy(one)
    one.accept(one.release("0.1.1", by=one.pods[:3]))
    other.accept(other.release("0.1.2", by=other.pods[2:]))
    proof = meet(one.chain, other)
    return Split(one, other, proof, check_proof(proof, one.chain).identity)


def meet(chain: Chain, world: World) -> bytes:
    """The proof that a chain finds in the head of another world."""
    with pytest.raises(Equivocation) as found:
        world.verify(chain=chain)
    assert found.value.proof
    return found.value.proof


def told(chain: Chain, by: Chain, world: World) -> Verified:
    """What a chain makes of that which another one carries."""
    return chain.verify(carried(by), NOW, world.roots)
