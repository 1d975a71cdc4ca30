"""Two roots in one place: chains on both branches halt, and go on with one root that resolves them."""

from __future__ import annotations

import copy

import pytest

from node.trust.chain import Chain
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation, Rollback
from node.trust.head import Head
from tests.signed_world import NOW, World, add_pod, all_of, drop_pod, noted, party, resolving, unchanged
from tests.split_world import Split, meet, told


class TestForkedRoots:
    """Two roots after the genesis root; a farm may have to leave the branch that it has taken."""

    @pytest.fixture
    def fork(self) -> Split:
        one = World()
        one.accept()
        other = copy.deepcopy(one)
        one.head = one.with_root(noted("one"), by=one.pods[:4])
        other.head = other.with_root(noted("other"), by=other.pods[1:])
        one.accept()
        other.accept()
        other.roots |= one.roots
        one.roots |= other.roots
        proof = meet(one.chain, other)
        return Split(one, other, proof, check_proof(proof, one.chain).identity)

    def resolved(self, fork: Split, branch: World | None = None) -> Head:
        return self.after(fork, branch).head

    def after(self, fork: Split, branch: World | None = None) -> World:
        """Pods 2, 3 and 4 signed both and make place for new ones; a third root says so."""
        world = copy.deepcopy(branch or fork.one)
        gone, new = world.pods[1:4], [party(30 + number, f"new-{number}") for number in range(3)]
        swap = all_of(*map(add_pod, new), *map(drop_pod, gone))
        world.head = world.with_root(all_of(swap, resolving(fork.identity)), by=[*world.pods, *new])
        world.pods = [world.pods[0], world.pods[4], *new]
        for role, change in (("targets", swap), ("vault", unchanged), ("app", unchanged)):
            world.head = world.change(role, change)
        fork.one.roots |= world.roots
        fork.other.roots |= world.roots
        return world

    def test_they_halt(self, fork: Split) -> None:
        assert [culprit.name for culprit in check_proof(fork.proof, fork.one.chain).culprits] == [
            "pod-2", "pod-3", "pod-4"
        ]  # fmt: skip
        assert fork.halted.proof == fork.proof

    def test_a_root_that_resolves_them_is_followed_from_both_branches(self, fork: Split) -> None:
        head = self.resolved(fork)

        for world, halted in ((fork.one, fork.halted), (fork.other, fork.other_halted)):
            verified = world.verify(head, chain=halted)
            assert verified.is_newer
            assert verified.chain.proof == b""
            assert verified.chain.roots == fork.one.verify(head, chain=fork.halted).chain.roots
            assert Chain.load(verified.chain.dump()) == verified.chain

    def test_a_root_that_drops_who_signed_both_without_a_word_of_it_resolves_nothing(self, fork: Split) -> None:
        world = copy.deepcopy(fork.one)
        gone, new = world.pods[1:4], [party(30 + number, f"new-{number}") for number in range(3)]
        swap = all_of(*map(add_pod, new), *map(drop_pod, gone))
        world.head = world.with_root(swap, by=[*world.pods, *new])
        world.pods = [world.pods[0], world.pods[4], *new]
        for role, change in (("targets", swap), ("vault", unchanged), ("app", unchanged)):
            world.head = world.change(role, change)

        assert world.verify(chain=fork.halted).chain == fork.halted

    @pytest.mark.parametrize("is_other", [False, True])
    def test_a_second_conflict_after_the_resolution_halts_who_was_halted_by_the_first(
        self, fork: Split, is_other: bool
    ) -> None:
        world = self.after(fork)
        world.chain = Chain.start(world.genesis)
        world.accept()
        later = copy.deepcopy(world)
        world.accept(world.release("0.1.1", by=world.pods[:3]))
        later.release("0.1.2", by=later.pods[2:])
        second = meet(world.chain, later)
        halted = fork.other_halted if is_other else fork.halted

        verified = told(halted, world.chain.halted_by(second, NOW), world)

        assert verified.is_newer
        assert (verified.proof, verified.chain.proof) == (second, second)
        assert (verified.chain.head, verified.chain.resolved) == (world.chain.head, (fork.identity,))
        assert Chain.load(verified.chain.dump()) == verified.chain

    def test_whoever_holds_enough_keys_on_both_branches_ends_the_halt_on_each_and_then_each_refuses_the_other(
        self, fork: Split
    ) -> None:
        """Not stopped: then there are two networks, and all that a farm shows of it is the head that it refuses."""
        heads = [self.resolved(fork, branch) for branch in (fork.one, fork.other)]
        chains = [
            world.verify(head, chain=halted).chain
            for world, head, halted in zip((fork.one, fork.other), heads, (fork.halted, fork.other_halted), strict=True)
        ]
        assert [chain.proof for chain in chains] == [b"", b""]

        for chain, head in zip(chains, heads[::-1], strict=True):
            with pytest.raises(
                Equivocation, match="root version 2 contradicts another one that was validly signed too"
            ):
                fork.one.verify(head, chain=chain)
            assert chain.halted_by(fork.proof, NOW) == chain

    def test_a_branch_that_gave_everything_to_strangers_cannot_resolve_by_their_signatures(self, fork: Split) -> None:
        taken, strangers = World(), [party(50 + number, f"stranger-{number}") for number in range(5)]
        take_over = all_of(*map(add_pod, strangers), *map(drop_pod, taken.pods))
        taken.head = taken.with_root(take_over, by=[*taken.pods[:4], *strangers])
        proof = meet(fork.other.chain, taken)
        taken.pods = strangers
        head = taken.with_root(resolving(check_proof(proof, fork.other.chain).identity))

        with pytest.raises(Equivocation):
            taken.verify(head, chain=fork.other.chain.halted_by(proof, NOW))

    def test_another_fork_than_the_proven_one_is_not_followed(self, fork: Split) -> None:
        third = World()
        third.head = third.with_root(noted("third"))
        head = self.resolved(fork, third)

        with pytest.raises(Equivocation):
            fork.one.verify(head, chain=fork.halted)

    def test_a_resolution_that_ends_before_the_newest_known_root_goes_back(self, fork: Split) -> None:
        for _ in range(3):
            fork.other.head = fork.other.with_root(unchanged)
        fork.other.accept()
        head = self.resolved(fork)

        with pytest.raises(Rollback):
            fork.other.verify(head, chain=fork.other_halted)
