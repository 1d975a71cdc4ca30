"""Who says two things at once is shown to everybody; who does not can be accused by nobody."""

from __future__ import annotations

import copy
import random
import zlib
from typing import Any, Final

import msgspec
import pytest

from node.pod.parties import Party
from node.pod.writing import sign
from node.trust import head as heads
from node.trust.chain import Chain
from node.trust.equivocation import check_proof, contradiction, prove
from node.trust.errors import Equivocation, MalformedMetadata, NotEnoughSignatures, PolicyViolation
from node.trust.head import Head
from node.trust.metadata import Root, Snapshot, Statement, Targets, read
from node.trust.policy import NETWORK_FIELD, PREVIOUS_FIELD, ROLE_FIELD
from tests.signed_world import DAY, NOW, Change, World, drop_pod, following, noted, unchanged

ROLES: Final = ("root", "targets", "vault", "app", "foundation", "snapshot")


@pytest.fixture
def world() -> World:
    return World()


def saying(world: World, role: str, text: str, by: list[Party] | None = None) -> Head:
    """The next head, in which a statement of the role says something that is in no other one."""
    if role == "root":
        return world.with_root(noted(text), by)
    if role == "snapshot":
        return world.with_snapshot(noted(text), by=by)
    return world.change(role, noted(text), by)


def caught(world: World, first: Head, second: Head) -> Equivocation:
    """What a farm that holds the first head says to the second."""
    chain = world.verify(first).chain
    with pytest.raises(Equivocation) as found:
        world.verify(second, chain=chain)
    return found.value


def vault(world: World, change: Change = unchanged, by: list[Party] | None = None) -> Statement[Targets]:
    """A statement of the vault role after the one that is published, signed by three pods."""
    metadata = following(read(world.head.delegated["vault"], Targets).metadata)
    change(metadata.signed)
    return read(sign(metadata, by or world.pods[:3]).to_bytes(), Targets)


def vault_proof(world: World, first: Statement[Targets], second: Statement[Targets], role: str = "vault") -> bytes:
    return prove(role, first, second, read(world.newest_root(), Root), read(world.head.targets, Targets))


def names(proof: bytes, chain: Chain) -> list[str]:
    return [culprit.name for culprit in check_proof(proof, chain).culprits]


class TestTheProof:
    @pytest.mark.parametrize("role", ROLES)
    def test_of_every_role_but_the_timestamp_it_convinces_who_knows_the_genesis_root_only(
        self, world: World, role: str
    ) -> None:
        found = caught(world, saying(world, role, "one"), saying(world, role, "other"))

        shown = check_proof(found.proof, Chain.start(world.genesis))

        assert (found.role, shown.role, shown.judge_version) == (role, role, 1)
        group = "founder-1" if role == "foundation" else "pod-"
        assert all(culprit.name.startswith(group) for culprit in shown.culprits)
        assert len(shown.culprits) == (3 if role == "foundation" else 5)

    def test_it_names_those_who_signed_both_and_nobody_else(self, world: World) -> None:
        first = saying(world, "vault", "one", world.pods[:3])

        found = caught(world, first, saying(world, "vault", "other", world.pods[2:]))

        [culprit] = check_proof(found.proof, world.chain).culprits
        assert culprit.name == "pod-3"
        assert culprit.public == (world.pods[2].signer.public_key.keyval["public"],)

    @pytest.mark.parametrize("role", ROLES)
    def test_it_is_small(self, world: World, role: str) -> None:
        for number in range(6):
            world.release(f"0.1.{number}")

        found = caught(world, saying(world, role, "one"), saying(world, role, "other"))

        assert len(found.proof) < 4 << 10

    def test_it_is_the_same_whichever_statement_was_seen_first(self, world: World) -> None:
        one, other = vault(world, noted("one")), vault(world, noted("other"))

        assert vault_proof(world, one, other) == vault_proof(world, other, one)

    def test_all_proofs_of_one_conflict_have_one_identity_whoever_signed_which_copy(self, world: World) -> None:
        one, other = vault(world, noted("one")), vault(world, noted("other"))
        more = read(sign(copy.deepcopy(other.metadata), world.pods[3:]).to_bytes(), Targets)

        first, second = vault_proof(world, one, other), vault_proof(world, one, more)

        assert first != second
        assert check_proof(first, world.chain).identity == check_proof(second, world.chain).identity

    def test_it_holds_under_the_root_that_was_in_force_also_when_pods_have_come_and_gone(self, world: World) -> None:
        found = caught(world, saying(world, "vault", "one"), saying(world, "vault", "other"))
        gone = world.pods[4]
        world.head = world.with_root(drop_pod(gone), head=world.change("targets", drop_pod(gone), world.pods[:4]))
        world.accept()

        assert "pod-5" in names(found.proof, world.chain)

    def test_it_is_found_in_a_head_whose_snapshot_and_timestamp_contradict_too(self, world: World) -> None:
        fork = copy.deepcopy(world)

        assert caught(world, world.release("0.1.1"), fork.release("0.1.2")).role == "vault"

    def test_it_is_found_in_a_head_that_is_older_by_its_timestamp(self, world: World) -> None:
        other = saying(world, "vault", "other")

        found = caught(world, world.with_snapshot(unchanged, saying(world, "vault", "one")), other)

        assert found.proof


class TestStatementsOfUnequalVersion:
    def test_two_that_name_the_same_predecessor_contradict_each_other(self, world: World) -> None:
        first = vault(world)
        second = vault(world, lambda signed: setattr(signed, "version", 4))

        assert names(vault_proof(world, first, second), world.chain) == ["pod-1", "pod-2", "pod-3"]

    def test_one_that_names_another_predecessor_than_the_one_before_it_contradicts_that_one(self, world: World) -> None:
        known, hidden = vault(world, noted("known")), vault(world, noted("hidden"))
        next_one = following(hidden.metadata)
        after_hidden = read(sign(next_one, world.pods[2:]).to_bytes(), Targets)

        proof = vault_proof(world, known, after_hidden)

        assert names(proof, world.chain) == ["pod-3"]
        assert check_proof(proof, world.chain).identity == contradiction(known, hidden)

    def test_a_farm_that_meets_it_in_a_head_has_the_proof(self, world: World) -> None:
        fork = copy.deepcopy(world)
        fork.head = saying(fork, "vault", "hidden")

        found = caught(world, saying(world, "vault", "known"), saying(fork, "vault", "later"))

        assert len(names(found.proof, world.chain)) == 5

    def test_the_next_one_that_names_the_one_before_it_is_no_contradiction(self, world: World) -> None:
        first = vault(world)
        second = read(sign(following(first.metadata), world.pods[:3]).to_bytes(), Targets)

        with pytest.raises(MalformedMetadata, match="do not contradict"):
            check_proof(vault_proof(world, first, second), world.chain)

    def test_one_much_later_is_no_contradiction(self, world: World) -> None:
        def much_later(signed: Any) -> None:
            signed.version = 9
            signed.unrecognized_fields[PREVIOUS_FIELD] = "0" * 64

        with pytest.raises(MalformedMetadata, match="do not contradict"):
            check_proof(vault_proof(world, vault(world), vault(world, much_later)), world.chain)


class TestNobodyElseCanMakeOne:
    def test_with_too_few_signatures_it_is_none(self, world: World) -> None:
        first, second = vault(world, noted("one")), vault(world, noted("other"), world.pods[:2])

        with pytest.raises(NotEnoughSignatures) as refused:
            check_proof(vault_proof(world, first, second), world.chain)
        assert (refused.value.have, refused.value.need) == (2, 3)

    def test_one_statement_twice_is_none_even_with_other_signatures(self, world: World) -> None:
        first, second = vault(world, by=world.pods[:3]), vault(world, by=world.pods[2:])

        with pytest.raises(MalformedMetadata, match="do not contradict"):
            check_proof(vault_proof(world, first, second), world.chain)

    def test_statements_of_two_roles_are_none_although_the_same_pods_signed_both(self, world: World) -> None:
        app = read(world.head.delegated["app"], Targets)

        for role in ("vault", "app"):
            with pytest.raises(MalformedMetadata, match="of this role and network"):
                check_proof(vault_proof(world, read(world.head.delegated["vault"], Targets), app, role), world.chain)

    def test_statements_of_two_networks_are_none_although_the_same_pods_signed_both(self, world: World) -> None:
        other = World(founders=[])
        assert other.pods[0].keyid == world.pods[0].keyid

        with pytest.raises(MalformedMetadata, match="of this role and network"):
            check_proof(vault_proof(world, vault(world, noted("one")), vault(other, noted("other"))), world.chain)

    def test_a_proof_of_another_network_is_none(self, world: World) -> None:
        other = World(founders=[])
        found = caught(other, saying(other, "vault", "one"), saying(other, "vault", "other"))

        with pytest.raises(MalformedMetadata, match="never in force"):
            check_proof(found.proof, world.chain)

    def test_keys_that_were_never_in_force_prove_nothing(self, world: World) -> None:
        strangers = World(pods=world.founders, founders=[])
        found = caught(strangers, saying(strangers, "root", "one"), saying(strangers, "root", "other"))

        with pytest.raises(MalformedMetadata, match="never in force"):
            check_proof(found.proof, world.chain)

    def test_a_root_that_is_not_known_yet_judges_nothing(self, world: World) -> None:
        world.head = world.with_root(unchanged)
        found = caught(world, saying(world, "vault", "one"), saying(world, "vault", "other"))

        with pytest.raises(MalformedMetadata, match="never in force"):
            check_proof(found.proof, Chain.start(world.genesis))

    def test_targets_that_too_few_signed_name_nobodys_keys(self, world: World) -> None:
        metadata = read(world.head.targets, Targets).metadata
        metadata.signatures = dict(list(metadata.signatures.items())[:3])
        targets, judge = read(metadata.to_bytes(), Targets), read(world.genesis, Root)

        with pytest.raises(NotEnoughSignatures, match="targets"):
            check_proof(
                prove("vault", vault(world, noted("one")), vault(world, noted("other")), judge, targets), world.chain
            )

    def test_targets_of_another_network_are_no_judge_although_the_same_pods_signed_them(self, world: World) -> None:
        targets, judge = read(World(founders=[]).head.targets, Targets), read(world.genesis, Root)
        made = [vault(world, noted(text)) for text in ("one", "other")]

        with pytest.raises(MalformedMetadata, match="of this role and network"):
            check_proof(prove("vault", made[0], made[1], judge, targets), world.chain)

    def test_targets_that_let_a_single_pod_release_are_no_judge(self, world: World) -> None:
        metadata = following(read(world.head.targets, Targets).metadata)
        metadata.signed.delegations.roles["vault"].threshold = 1
        targets, judge = read(sign(metadata, world.pods).to_bytes(), Targets), read(world.genesis, Root)
        alone = [vault(world, noted(text), world.pods[:1]) for text in ("one", "other")]

        with pytest.raises(MalformedMetadata, match="floor"):
            check_proof(prove("vault", alone[0], alone[1], judge, targets), world.chain)

    def test_roots_are_judged_by_the_root_that_they_follow(self, world: World) -> None:
        world.head = world.with_root(unchanged)
        first, second = (read(world.newest_root(saying(world, "root", text)), Root) for text in ("one", "other"))

        with pytest.raises(MalformedMetadata, match="do not follow"):
            check_proof(prove("root", first, second, read(world.genesis, Root), None), world.accept().chain)

    def test_roots_that_do_not_satisfy_themselves_are_none(self, world: World) -> None:
        def only_strangers(signed: Any) -> None:
            for pod in world.pods:
                signed.revoke_key(pod.keyid, "root")
            for founder in world.founders:
                signed.add_key(founder.signer.public_key, "root")

        made = []
        for text in ("one", "other"):
            metadata = following(read(world.genesis, Root).metadata)
            noted(text)(metadata.signed)
            only_strangers(metadata.signed)
            made.append(read(sign(metadata, world.pods).to_bytes(), Root))

        with pytest.raises(NotEnoughSignatures):
            check_proof(prove("root", made[0], made[1], read(world.genesis, Root), None), world.chain)

    def test_two_timestamps_are_none(self, world: World) -> None:
        first = read(world.with_timestamp(noted("one")).snapshot, Snapshot)
        proof = prove("timestamp", first, first, read(world.genesis, Root), None)

        with pytest.raises(MalformedMetadata, match="role that has none"):
            check_proof(proof, world.chain)


class TestMalformed:
    @pytest.fixture
    def proof(self, world: World) -> bytes:
        return vault_proof(world, vault(world, noted("one")), vault(world, noted("other")))

    def content(self, proof: bytes, **changes: Any) -> bytes:
        return zlib.compress(msgspec.msgpack.encode(msgspec.msgpack.decode(zlib.decompress(proof)) | changes))

    @pytest.mark.parametrize(
        "content", [b"", b"x", zlib.compress(b""), zlib.compress(b"\x80"), zlib.compress(b"\x91" * 5_000)]
    )
    def test_garbage_is_no_proof(self, world: World, content: bytes) -> None:
        with pytest.raises(MalformedMetadata):
            check_proof(content, world.chain)

    def test_a_proof_that_is_cut_off_or_goes_on_is_none(self, world: World, proof: bytes) -> None:
        for broken in (proof[:-1], proof + b"x"):
            with pytest.raises(MalformedMetadata, match="no proof"):
                check_proof(broken, world.chain)

    def test_what_unpacks_to_more_than_a_proof_may_hold_is_cut_off(self, world: World) -> None:
        with pytest.raises(MalformedMetadata, match="longer than it may be"):
            check_proof(zlib.compress(bytes(100 << 20)), world.chain)

    @pytest.mark.parametrize(
        "changes",
        [
            {"role": ""}, {"role": "../vault"}, {"role": "v" * 50}, {"role": "nobody"}, {"role": "targets"},
            {"judge_version": 0}, {"judge_version": -1}, {"judge_version": 2**63}, {"judge": b""}, {"judge": bytes(32)},
            {"targets": b""}, {"targets": b" " * (heads.TARGETS_BYTES_MAX + 1)}, {"more": 1}, {"first": "text"},
            {"first": b" " * (heads.TARGETS_BYTES_MAX + 1)}, {"first": b""}, {"second": b"[" * 9_000},
        ],
    )  # fmt: skip
    def test_no_changed_part_makes_it_another_proof(self, world: World, proof: bytes, changes: dict[str, Any]) -> None:
        with pytest.raises((MalformedMetadata, NotEnoughSignatures)):
            check_proof(self.content(proof, **changes), world.chain)


class TestLimits:
    def test_the_longest_statements_of_any_role_that_cannot_be_packed_make_a_proof_that_fits(
        self, world: World
    ) -> None:
        chance = random.Random(1)
        for kind, limit, targets_bytes in (
            ("root", heads.ROOT_BYTES_MAX, 0),
            ("vault", heads.TARGETS_BYTES_MAX, heads.TARGETS_BYTES_MAX),
        ):
            root, targets = read(world.genesis, Root), read(world.head.targets, Targets)
            large = [
                Statement(chance.randbytes(limit), root.metadata, root.signed, b"", signed * 64)
                for signed in ("1", "2")
            ]
            judge = Statement(chance.randbytes(targets_bytes), targets.metadata, targets.signed, b"", "3" * 64)

            proof = prove(kind, large[0], large[1], root, judge if targets_bytes else None)

            assert len(proof) <= heads.PROOF_BYTES_MAX, kind


class TestRoleAndNetwork:
    @pytest.mark.parametrize("role", ["targets", "vault", "app", "foundation", "snapshot"])
    @pytest.mark.parametrize("field", [ROLE_FIELD, NETWORK_FIELD])
    @pytest.mark.parametrize("value", ["", "other", None])
    def test_a_statement_must_say_of_what_role_and_network_it_is(
        self, world: World, role: str, field: str, value: object
    ) -> None:
        change: Change = lambda signed: signed.unrecognized_fields.update({field: value})  # noqa: E731
        head = world.with_snapshot(change) if role == "snapshot" else world.change(role, change)

        with pytest.raises(PolicyViolation, match="of this role and network"):
            world.verify(head, NOW + DAY)
