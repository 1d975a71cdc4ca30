"""A halted chain goes on with nothing but a root that resolves the conflict, and does not halt on it again."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

import msgspec
import pytest

from node.pod.writing import sign
from node.trust.chain import Chain
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation, NotEnoughSignatures, TrustError
from node.trust.metadata import Root, Targets, read
from node.trust.policy import FOUNDERS_FIELD, PODS_FIELD, RESOLVES_FIELD
from tests.signed_world import NOW, World, all_of, drop_pod, resolving, unchanged
from tests.split_world import Split, meet, split_network


@pytest.fixture
def split() -> Split:
    return split_network()


class TestResolving:
    def test_farms_on_both_branches_go_on(self, split: Split) -> None:
        head = split.resolved()

        for world, halted in ((split.one, split.halted), (split.other, split.other_halted)):
            verified = world.verify(head, chain=Chain.load(halted.dump()))
            assert verified.is_newer
            assert (verified.chain.proof, verified.chain.halted_at) == (b"", None)
            assert verified.chain.resolved == (split.identity,)
            assert Chain.load(verified.chain.dump()) == verified.chain

    def test_a_later_root_of_the_same_way_will_do(self, split: Split) -> None:
        head = split.one.with_root(unchanged, head=split.resolved())

        assert split.one.verify(head, chain=split.halted).is_newer

    def test_a_root_that_names_another_conflict_ends_this_one_all_the_same_if_the_culprit_has_left(
        self, split: Split
    ) -> None:
        head = split.resolved(identity="0" * 64)

        verified = split.one.verify(head, chain=split.halted)

        assert verified.is_newer
        assert (verified.chain.proof, verified.chain.resolved) == (b"", ())

    @pytest.mark.parametrize("value", ["", "0" * 63, "x" * 64, 7, None])
    def test_a_root_that_names_nothing_is_refused(self, split: Split, value: object) -> None:
        head = split.resolved(lambda signed: signed.unrecognized_fields.update({RESOLVES_FIELD: value}))

        with pytest.raises(TrustError, match="not named by a hash"):
            split.one.verify(head, chain=split.halted)

    def test_a_root_that_keeps_the_culprit_resolves_nothing(self, split: Split) -> None:
        head = split.resolved(gone=0)

        assert split.one.verify(head, chain=split.halted).chain == split.halted

    def test_a_culprit_under_another_key_id_is_the_same_culprit(self, split: Split) -> None:
        def come_back(signed: Root) -> None:
            key = copy.deepcopy(split.one.pods[2].signer.public_key)
            key.keyid = "ab" * 32
            for role in ("root", "targets", "snapshot", "timestamp"):
                signed.add_key(key, role)
            signed.unrecognized_fields[PODS_FIELD][key.keyid] = "new-pod"

        head = split.resolved(come_back)

        assert split.one.verify(head, chain=split.halted).chain == split.halted

    def test_a_culprit_whose_key_is_written_otherwise_is_the_same_culprit(self, split: Split) -> None:
        def come_back(signed: Root) -> None:
            key = copy.deepcopy(split.one.pods[2].signer.public_key)
            key.keyid, key.keyval["public"] = "ab" * 32, bytes.fromhex(key.keyval["public"]).hex(" ").upper()
            for role in ("root", "targets", "snapshot", "timestamp"):
                signed.add_key(key, role)
            signed.unrecognized_fields[PODS_FIELD][key.keyid] = "new-pod"

        head = split.resolved(come_back)

        assert split.one.verify(head, chain=split.halted).chain == split.halted

    def test_a_culprit_does_not_come_back_as_a_founder(self, split: Split) -> None:
        def make_founder(signed: Root) -> None:
            signed.unrecognized_fields[FOUNDERS_FIELD][split.one.pods[2].keyid] = "founder-9"

        head = split.resolved(make_founder)

        assert split.one.verify(head, chain=split.halted).chain == split.halted

    def test_a_culprit_may_not_stay_in_any_delegated_role(self, split: Split) -> None:
        def keep_in_foundation(signed: Any) -> None:
            key = copy.deepcopy(split.one.pods[2].signer.public_key)
            key.keyid = split.one.founders[0].keyid
            signed.delegations.keys[key.keyid] = key

        head = split.resolved()
        world = copy.deepcopy(split.one)
        world.head, world.pods = head, [pod for number, pod in enumerate(world.pods) if number != 2]

        assert world.verify(world.change("targets", unchanged), chain=split.halted).is_newer
        assert world.verify(world.change("targets", keep_in_foundation), chain=split.halted).chain == split.halted

    def test_a_later_root_that_brings_the_culprit_back_takes_the_resolution_back(self, split: Split) -> None:
        def bring_back(signed: Root) -> None:
            signed.add_key(split.one.pods[2].signer.public_key, "timestamp")
            signed.add_key(split.one.pods[2].signer.public_key, "root")
            signed.unrecognized_fields[PODS_FIELD][split.one.pods[2].keyid] = "pod-3"

        head = split.one.with_root(bring_back, head=split.resolved())

        assert split.one.verify(head, chain=split.halted).chain == split.halted

    def test_a_root_that_too_few_signed_resolves_nothing(self, split: Split) -> None:
        head = split.resolved()
        root = read(split.one.newest_root(head), Root).metadata
        root.signatures = dict(list(root.signatures.items())[:3])
        address = hashlib.sha256(root.to_bytes()).digest()
        split.one.roots[address] = root.to_bytes()

        with pytest.raises(NotEnoughSignatures):
            split.one.verify(msgspec.structs.replace(head, roots=(address,)), chain=split.halted)

    def test_while_a_branch_keeps_its_number_those_on_the_other_cannot_follow(self, split: Split) -> None:
        world = copy.deepcopy(split.one)
        culprit = world.pods.pop(2)
        vault = sign(read(world.head.delegated["vault"], Targets).metadata, world.pods)
        world.head.delegated["vault"] = vault.to_bytes()
        world.head = world.change("targets", drop_pod(culprit))
        head = world.with_root(all_of(drop_pod(culprit), resolving(split.identity)))

        assert world.verify(head, chain=split.halted).is_newer
        with pytest.raises(Equivocation):
            world.verify(head, chain=split.other_halted)


class TestResolved:
    @pytest.fixture
    def chain(self, split: Split) -> Chain:
        return split.one.verify(split.resolved(), chain=split.halted).chain

    def test_another_copy_of_the_proof_does_not_halt_again(self, split: Split, chain: Chain) -> None:
        first, other = World(), World()
        first.accept()
        first.accept(first.release("0.1.1", by=first.pods[1:4]))
        other.release("0.1.2", by=[other.pods[number] for number in (0, 2, 4)])
        copied = meet(first.chain, other)
        assert copied != split.proof
        assert check_proof(copied, chain).identity == split.identity

        assert chain.halted_by(copied, NOW) == chain

    def test_but_one_that_shows_more_of_those_who_signed_both_does_while_they_hold_keys(
        self, split: Split, chain: Chain
    ) -> None:
        """Who signs both can leave signatures out of the copies that are met first, and hide behind one of them."""
        first = World()
        first.accept()
        fork = copy.deepcopy(first)
        first.accept(first.release("0.1.1", by=first.pods[:4]))
        fork.release("0.1.2", by=fork.pods[1:])
        richer = meet(first.chain, fork)
        shown = check_proof(richer, chain)
        assert (shown.identity, len(shown.culprits)) == (split.identity, 3)

        assert chain.halted_by(richer, NOW).proof == richer

    def test_who_was_away_meanwhile_is_not_halted_by_the_old_proof(self, split: Split) -> None:
        away = split.one.verify(split.resolved(), chain=Chain.start(split.one.genesis)).chain

        assert away.halted_by(split.proof, NOW) == away

    def test_a_dropped_culprit_cannot_halt_anybody_with_one_more_pair_of_old_statements(self, split: Split) -> None:
        away = split.one.verify(split.resolved(), chain=Chain.start(split.one.genesis)).chain
        third = World()
        third.release("0.1.3", by=[third.pods[number] for number in (2, 3, 4)])
        another = meet(split.one.chain, third)
        assert check_proof(another, away).identity != split.identity

        assert away.halted_by(another, NOW) == away

    def test_but_one_who_still_holds_a_key_does(self, split: Split) -> None:
        away = split.one.verify(split.resolved(), chain=Chain.start(split.one.genesis)).chain
        third = World()
        third.release("0.1.3", by=[third.pods[number] for number in (1, 2, 3)])

        assert away.halted_by(meet(split.one.chain, third), NOW).proof

    def test_a_root_that_names_a_conflict_before_anyone_has_seen_it_and_keeps_the_culprit_settles_nothing(
        self, split: Split
    ) -> None:
        world = World()
        world.head = world.with_root(resolving(split.identity))
        chain = world.accept().chain

        assert chain.halted_by(split.proof, NOW).proof == split.proof
