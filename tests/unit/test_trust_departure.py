"""Two statements with the keys of those who left halt nobody who knows that they left."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from node.trust.chain import Chain, carried
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation
from node.trust.head import decode, encode
from node.trust.metadata import Root, Targets, read
from node.trust.policy import FOUNDERS_FIELD
from tests.signed_world import DAY, NOW, World, add_pod, all_of, drop_pod, noted, party, resolving, unchanged
from tests.split_world import meet, told


class TestThoseWhoLeft:
    """Pods 1 to 3 have left; with their keys thieves sign two releases in the place where the pods had one."""

    @pytest.fixture
    def left(self) -> World:
        return handed_over(World(), 3)

    @pytest.fixture
    def behind(self) -> Chain:
        """The chain of a farm that knows the first head and nothing later."""
        return World().accept().chain

    def test_their_proof_does_not_halt_who_knows_that_they_left(self, left: World, behind: Chain) -> None:
        chain = left.accept().chain

        assert chain.halted_by(stolen_proof(behind), NOW) == chain

    def test_it_halts_who_does_not_know_it_yet(self, behind: Chain) -> None:
        proof = stolen_proof(behind)

        assert behind.halted_by(proof, NOW).proof == proof

    @pytest.mark.parametrize("knows_nothing", [False, True])
    def test_who_was_halted_goes_on_with_the_root_without_them_and_leaves_the_proof_behind(
        self, left: World, behind: Chain, knows_nothing: bool
    ) -> None:
        start = Chain.start(left.genesis) if knows_nothing else behind
        halted = Chain.load(start.halted_by(stolen_proof(behind), NOW).dump())

        verified = left.verify(chain=halted)

        assert verified.is_newer
        assert (verified.chain.proof, verified.chain.halted_at, verified.chain.head) == (b"", None, encode(left.head))
        assert decode(carried(verified.chain)).proof == b""
        assert verified.chain.halted_by(halted.proof, NOW) == verified.chain

    def test_who_is_told_of_the_proof_and_of_the_root_at_once_does_not_halt(self, left: World, behind: Chain) -> None:
        head = msgspec.structs.replace(left.head, proof=stolen_proof(behind))

        verified = left.verify(head, chain=behind)

        assert (verified.proof, verified.chain.proof) == (b"", b"")
        assert verified.is_newer

    def test_what_a_halted_farm_carries_is_no_reason_to_blame_it(self, left: World, behind: Chain) -> None:
        chain = left.accept().chain
        halted = behind.halted_by(stolen_proof(behind), NOW)

        verified = told(chain, halted, left)

        assert (verified.chain, verified.proof, verified.is_newer) == (chain, b"", False)

    def test_one_of_them_who_stayed_still_halts(self, behind: Chain) -> None:
        chain, proof = handed_over(World(), 2).accept().chain, stolen_proof(behind)

        assert [culprit.name for culprit in check_proof(proof, chain).culprits] == ["pod-1", "pod-2", "pod-3"]
        assert chain.halted_by(proof, NOW).proof == proof

    def test_one_who_comes_back_halts_again(self, left: World, behind: Chain) -> None:
        back, makes_place = party(1), left.pods[0]
        swap = all_of(add_pod(back), drop_pod(makes_place))
        left.head = left.with_root(swap, by=[*left.pods, back])
        left.pods[0] = back
        left.head = left.change("targets", swap)

        assert left.accept().chain.halted_by(stolen_proof(behind), NOW).proof

    def test_two_roots_halt_however_long_those_have_left_who_signed_both(self) -> None:
        """A second root is a second network; its makers could drop their keys in both."""
        genuine = handed_over(World(), 5).accept().chain
        thieves = World()
        head = thieves.with_root(noted("theirs"), by=thieves.pods)

        with pytest.raises(Equivocation) as found:
            thieves.verify(head, chain=genuine)

        assert genuine.halted_by(found.value.proof, NOW).proof == found.value.proof

    @pytest.mark.parametrize(("day", "halts"), [(0, True), (179, True), (181, False)])
    def test_two_statements_of_the_foundation_halt_before_its_date_alone(self, day: int, halts: bool) -> None:
        one = World()
        one.accept()
        other = copy.deepcopy(one)
        one.accept(one.release("0.1.1", role="foundation"))
        other.release("0.1.2", role="foundation")
        proof = meet(one.chain, other)

        assert (one.chain.halted_by(proof, NOW + day * DAY).proof == proof) is halts

    @pytest.mark.parametrize("is_named", [False, True])
    @pytest.mark.parametrize(("day", "halts"), [(0, True), (181, False)])
    def test_founders_under_other_ids_are_the_same_founders(self, day: int, halts: bool, is_named: bool) -> None:
        one = World()
        one.accept()
        other = copy.deepcopy(one)
        one.accept(one.release("0.1.1", role="foundation"))
        other.release("0.1.2", role="foundation")
        proof = meet(one.chain, other)
        halted, now = one.chain.halted_by(proof, NOW), NOW + day * DAY
        name = resolving(check_proof(proof, halted).identity) if is_named else unchanged
        world = copy.deepcopy(one)
        world.head = world.change("vault", unchanged, now=now)
        world.head = world.change("app", unchanged, now=now)
        world.head = world.change("targets", renamed_founders, now=now)
        head = world.change("foundation", lambda signed: setattr(signed, "version", signed.version + 1), now=now)
        statement = read(head.delegated["foundation"], Targets).metadata
        for signature in [*statement.signatures.values()]:
            signature.keyid = signature.keyid[::-1]
            statement.signatures[signature.keyid] = statement.signatures.pop(signature.keyid[::-1])
        head.delegated["foundation"] = statement.to_bytes()
        head = world.with_root(all_of(renamed_founders, name), head=head)

        chain = world.verify(head, now, halted).chain

        assert (chain.proof == proof) is halts
        known = world.verify(head, now, Chain.start(world.genesis)).chain
        assert (known.halted_by(proof, now).proof == proof) is halts

    def test_their_proof_hides_no_other_one(self, left: World, behind: Chain) -> None:
        other = copy.deepcopy(left)
        left.accept()
        left.accept(left.release("1.0.1", by=left.pods[:3]))
        head = msgspec.structs.replace(other.release("1.0.2", by=other.pods[2:]), proof=stolen_proof(behind))

        with pytest.raises(Equivocation) as found:
            left.verify(head)

        assert left.chain.halted_by(found.value.proof, NOW).proof


def renamed_founders(signed: Any) -> None:
    """Give every founder another id for the same key."""
    if isinstance(signed, Root):
        founders = signed.unrecognized_fields[FOUNDERS_FIELD]
        signed.unrecognized_fields[FOUNDERS_FIELD] = {keyid[::-1]: name for keyid, name in founders.items()}
        return
    for keyid in [*signed.delegations.roles["foundation"].keyids]:
        key = copy.deepcopy(signed.delegations.keys[keyid])
        key.keyid = keyid[::-1]
        signed.revoke_key(keyid, "foundation")
        signed.add_key(key, "foundation")


def handed_over(world: World, count: int) -> World:
    """The world after so many pods, the first ones, have made place for new ones."""
    gone, new = world.pods[:count], [party(60 + number, f"new-{number}") for number in range(count)]
    swap = all_of(*map(add_pod, new), *map(drop_pod, gone))
    world.head = world.with_root(swap, by=[*world.pods, *new])
    world.pods = [*new, *world.pods[count:]]
    for role in ("targets", "vault", "app"):
        world.head = world.change(role, swap if role == "targets" else unchanged)
    return world


def stolen_proof(behind: Chain) -> bytes:
    """Two releases in one place, under the genesis root, with the keys of pods 1 to 3."""
    one, other = World(), World()
    held = one.verify(one.release("0.9.1", by=one.pods[:3]), chain=behind).chain
    other.release("0.9.2", by=other.pods[:3])
    return meet(held, other)
