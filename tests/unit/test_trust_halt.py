"""A chain halts on a proof, says so to others, and goes on with nothing but a root that resolves it."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from node.pod.statements import heartbeat
from node.pod.writing import sign
from node.trust.chain import Chain, Verified, carried
from node.trust.equivocation import check_proof
from node.trust.errors import (
    Equivocation,
    MalformedMetadata,
    MissingRoots,
    NotEnoughSignatures,
    Rollback,
    TrustError,
)
from node.trust.head import PROOF_BYTES_MAX, ROOTS_MAX, Head, decode, encode
from node.trust.metadata import Root, Targets, read
from node.trust.policy import FOUNDERS_FIELD, PODS_FIELD, RESOLVES_FIELD
from node.vault.control import HEAD_BYTES_MAX
from tests.signed_world import (
    DAY,
    NOW,
    Change,
    World,
    add_pod,
    all_of,
    drop_pod,
    noted,
    party,
    resolving,
    unchanged,
)


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


@pytest.fixture
def split() -> Split:
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
