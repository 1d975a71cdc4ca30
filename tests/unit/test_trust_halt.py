"""A chain halts on a proof, takes nothing newer meanwhile, and says so to others."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from node.pod.statements import heartbeat
from node.trust.chain import Chain, carried
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation, MalformedMetadata, MissingRoots, NotEnoughSignatures
from node.trust.head import PROOF_BYTES_MAX, ROOTS_MAX, Head, decode, encode
from node.vault.control import HEAD_BYTES_MAX
from tests.signed_world import NOW, World, add_pod, all_of, drop_pod, party, unchanged
from tests.split_world import Split, meet, split_network, told


@pytest.fixture
def split() -> Split:
    return split_network()


class TestHalting:
    def test_the_halted_chain_holds_the_proof_and_since_when_and_the_same_head(self, split: Split) -> None:
        assert (split.halted.proof, split.halted.halted_at) == (split.proof, NOW)
        assert split.halted.head == split.one.chain.head
        assert split.one.chain.proof == b""

    def test_it_is_the_same_after_it_was_kept(self, split: Split) -> None:
        assert Chain.load(split.halted.dump()) == split.halted

    @pytest.mark.parametrize("change", [{"proof": b"x"}, {"proof": b""}, {"halted_at": None}])
    def test_a_halted_chain_that_was_damaged_on_disk_is_no_chain(self, split: Split, change: dict[str, Any]) -> None:
        with pytest.raises(MalformedMetadata):
            Chain.load(replace(split.halted, **change).dump())

    def test_under_a_root_that_is_not_known_yet_it_halts_and_keeps_the_root_with_the_proof(self) -> None:
        one = World()
        one.accept()
        other = copy.deepcopy(one)
        new, gone = party(40, "new"), other.pods[4]
        swap = all_of(add_pod(new), drop_pod(gone))
        other.head = other.with_root(swap, by=[*other.pods, new])
        other.head = other.change("targets", swap, by=other.pods[:4])
        one.accept(one.release("0.1.1", by=one.pods[:3]))
        other.release("0.1.2", by=[*other.pods[2:4], new])  # only the second root knows three of them

        with pytest.raises(Equivocation) as found:
            other.verify(chain=one.chain)
        halted = one.chain.halted_by(found.value.proof, NOW, found.value.roots)

        assert [culprit.name for culprit in check_proof(halted.proof, halted).culprits] == ["pod-3"]
        assert halted.roots == (other.newest_root(),)
        assert Chain.load(halted.dump()) == halted
        assert told(Chain.start(one.genesis), halted, other).proof == halted.proof
        with pytest.raises(MalformedMetadata):
            one.chain.halted_by(found.value.proof, NOW)

    def test_what_is_no_proof_halts_nobody(self, split: Split) -> None:
        for nothing in (b"", b"x", split.proof[:-1]):
            with pytest.raises(MalformedMetadata):
                split.one.chain.halted_by(nothing, NOW)


class TestWhileHalted:
    def test_no_head_is_newer(self, split: Split) -> None:
        world = split.one
        for head in (
            heartbeat(world.head, world.pods[0], NOW),
            world.change("vault", unchanged),
            world.with_root(unchanged),
            world.with_root(drop_pod(world.pods[3]), head=world.change("targets", drop_pod(world.pods[3]))),
        ):
            verified = world.verify(head, chain=split.halted)

            assert not verified.is_newer
            assert not verified.is_news
            assert verified.chain == split.halted

    def test_a_head_is_still_checked_and_its_sender_can_be_blamed(self, split: Split) -> None:
        with pytest.raises(NotEnoughSignatures):
            split.one.verify(split.one.release("0.1.9", by=split.one.pods[:2]), chain=split.halted)

    def test_what_runs_is_still_known(self, split: Split) -> None:
        assert [release.name for release in split.one.verify(chain=split.halted).releases] == ["vault/0.1.1"]


class TestTellingOthers:
    def test_a_chain_that_is_not_halted_carries_its_head_as_it_is(self, split: Split) -> None:
        assert carried(split.one.chain) == split.one.chain.head
        assert carried(World().chain) == b""

    def test_who_holds_either_branch_or_none_halts(self, split: Split) -> None:
        for chain in (split.one.chain, split.other.chain, Chain.start(split.one.genesis)):
            verified = told(chain, split.halted, split.one)

            assert verified.proof == split.proof
            assert verified.chain.proof == split.proof
            assert verified.chain.head == chain.head
            assert (verified.is_newer, verified.is_news) == (False, False)

    def test_the_next_one_is_told_by_those_who_were_told(self, split: Split) -> None:
        first = told(Chain.start(split.one.genesis), split.halted, split.one).chain
        second = told(split.other.chain, first, split.one).chain

        assert second.proof == split.proof

    @pytest.mark.parametrize(
        "change", [{"timestamp": b"x"}, {"targets": b""}, {"delegated": {}}, {"roots": (b"r" * 32,)}]
    )
    def test_the_proof_counts_whatever_is_wrong_with_the_rest(self, split: Split, change: dict[str, Any]) -> None:
        head = encode(msgspec.structs.replace(decode(carried(split.halted)), **change))

        verified = split.other.chain.verify(head, NOW)

        assert (verified.proof, verified.chain.proof) == (split.proof, split.proof)
        assert verified.chain.head == split.other.chain.head

    def test_a_bad_proof_is_held_against_the_sender_however_good_the_rest_is(self, split: Split) -> None:
        for bad in (b"x", split.proof[:-1]):
            head = msgspec.structs.replace(split.one.head, proof=bad)

            with pytest.raises(MalformedMetadata):
                split.one.verify(head)

    def test_the_same_proof_again_is_nothing_new(self, split: Split) -> None:
        verified = told(split.halted, split.halted, split.one)

        assert verified.chain == split.halted
        assert not verified.is_newer

    def test_a_proof_that_was_resolved_is_no_reason_to_halt_and_none_to_blame(self, split: Split) -> None:
        going_on = split.one.verify(split.resolved(), chain=split.halted).chain

        verified = told(going_on, split.halted, split.one)

        assert (verified.proof, verified.chain) == (b"", going_on)

    def test_a_head_that_resolves_the_proof_which_somebody_left_in_it_is_followed(self, split: Split) -> None:
        head = msgspec.structs.replace(split.resolved(), proof=split.proof)

        verified = split.one.verify(head, chain=split.one.chain)

        assert (verified.proof, verified.chain.proof) == (b"", b"")
        assert verified.is_newer
        assert decode(verified.chain.head).proof == b""

    def test_a_proof_under_roots_that_are_not_known_yet_is_judged_by_those_of_the_head(self) -> None:
        world = World()
        world.head = world.with_root(unchanged)
        world.accept()
        fork = copy.deepcopy(world)
        world.accept(world.release("0.1.1"))
        fork.release("0.1.2")
        halted = world.chain.halted_by(meet(world.chain, fork), NOW)
        behind = Chain.start(world.genesis)

        with pytest.raises(MissingRoots):
            behind.verify(carried(halted), NOW)
        first = told(behind, halted, world).chain
        second = told(behind, Chain.load(first.dump()), world).chain

        assert first.proof == second.proof == halted.proof
        assert first.roots == second.roots == halted.roots

    def test_the_longest_head_carries_the_longest_proof(self, split: Split) -> None:
        roots = tuple(number.to_bytes(32, "big") for number in range(ROOTS_MAX))
        files = {"r" * 39 + str(number): bytes(40 << 10) for number in range(8)}
        head = Head(roots, bytes(64 << 10), bytes(64 << 10), b"", files, bytes(PROOF_BYTES_MAX))

        assert len(encode(head)) <= HEAD_BYTES_MAX
