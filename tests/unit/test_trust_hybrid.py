"""The root role's keys: Ed25519 and ML-DSA-65 under one id, both of which must verify."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Key, Signature, SSlibKey  # type: ignore[attr-defined]

from node.pod.parties import HybridSigner, Party
from node.pod.statements import heartbeat
from node.pod.writing import sign
from node.trust.chain import Chain
from node.trust.equivocation import Conflict, check_proof
from node.trust.errors import Equivocation, MalformedMetadata, NotEnoughSignatures, PolicyViolation
from node.trust.head import ROOT_BYTES_MAX, Head, encode
from node.trust.hybrid import (
    ED25519_SIGNATURE_BYTES,
    HYBRID_KEYTYPE,
    HYBRID_SCHEME,
    MLDSA65_SIGNATURE_BYTES,
    PREFIX,
    HybridKey,
)
from node.trust.metadata import Root, read
from node.trust.policy import PODS_FIELD, ROOT_KEYS_FIELD, is_hybrid, root_key_names
from node.trust.roots import holds_culprit
from node.vault.share.tree import address_of
from tests.signed_world import DAY, NOW, World, following, noted, party, unchanged

Change = Callable[[Any], None]
HALF = 2 * ED25519_SIGNATURE_BYTES  # in hex digits


def hybrid(number: int, name: str = "") -> Party:
    secret = b"".join(hashlib.sha256(bytes([number, part])).digest() for part in range(3))
    return Party.from_secret(name or f"pod-{number}", secret)


def hybrid_world(pods: int = 5) -> World:
    return World(pods=[hybrid(number) for number in range(1, pods + 1)])


def exchange_root_key(of: Party, new: Key) -> Change:
    """A change of a root: another key for the same pod."""

    def change(root: Any) -> None:
        old = of.root_signer.public_key.keyid
        root.roles["root"].keyids = [new.keyid if keyid == old else keyid for keyid in root.roles["root"].keyids]
        root.keys[new.keyid] = new
        del root.keys[old]
        root.unrecognized_fields[ROOT_KEYS_FIELD] = {
            (new.keyid if keyid == old else keyid): name for keyid, name in root_key_names(root).items()
        }

    return change


def genesis_after(change: Change, world: World) -> bytes:
    root = read(world.genesis, Root).metadata
    change(root.signed)
    root.signatures.clear()
    return sign(root, world.pods).to_bytes()


class TestKey:
    def verify(self, content: str, data: bytes = b"data") -> None:
        signer = hybrid(1).root_signer
        signer.public_key.verify_signature(Signature(signer.public_key.keyid, content), data)

    def test_what_both_halves_signed_verifies(self) -> None:
        signature = hybrid(1).root_signer.sign(b"data").signature

        self.verify(signature)
        assert len(bytes.fromhex(signature)) == ED25519_SIGNATURE_BYTES + MLDSA65_SIGNATURE_BYTES

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda mine, other: mine[:HALF] + other[HALF:],
            lambda mine, other: other[:HALF] + mine[HALF:],
            lambda mine, _other: mine[:HALF],
            lambda mine, _other: mine[HALF:],
            lambda mine, _other: mine[HALF:] + mine[:HALF],
            lambda mine, _other: mine + "00",
            lambda mine, _other: mine[:HALF] + "00" * MLDSA65_SIGNATURE_BYTES,
            lambda mine, _other: "00" * ED25519_SIGNATURE_BYTES + mine[HALF:],
            lambda _mine, _other: "",
            lambda _mine, _other: "zz",
        ],
        ids=range(10),
    )
    def test_one_half_alone_never_does(self, spoil: Callable[[str, str], str]) -> None:
        mine, other = hybrid(1).root_signer.sign(b"data").signature, hybrid(2).root_signer.sign(b"data").signature

        with pytest.raises(UnverifiedSignatureError):
            self.verify(spoil(mine, other))

    def test_it_is_of_the_bytes_that_were_signed(self) -> None:
        with pytest.raises(UnverifiedSignatureError):
            self.verify(hybrid(1).root_signer.sign(b"data").signature, b"other data")

    def test_a_half_means_nothing_as_a_signature_of_its_own(self) -> None:
        signer = hybrid(1).root_signer
        alone = SSlibKey("aa", "ed25519", "ed25519", {"public": signer.public_key.keyval["ed25519"]})
        half = Signature("aa", signer.sign(b"data").signature[:HALF])

        with pytest.raises(UnverifiedSignatureError):
            alone.verify_signature(half, b"data")
        alone.verify_signature(half, PREFIX + b"data")

    def test_it_comes_back_from_metadata_as_it_was(self) -> None:
        key = hybrid(1).root_signer.public_key

        assert Key.from_dict(key.keyid, key.to_dict()) == key

    @pytest.mark.parametrize(
        "keyval",
        [
            {},
            {"ed25519": "aa" * 32},
            {"ed25519": "aa" * 31, "mldsa65": "aa" * 1_952},
            {"ed25519": "aa" * 32, "mldsa65": "aa" * 1_951},
            {"ed25519": "aa" * 32, "mldsa65": "zz" * 1_952},
            {"ed25519": 7, "mldsa65": "aa" * 1_952},
            {"ed25519": "aa" * 32, "mldsa65": "aa" * 1_952, "public": "aa" * 32},
        ],
    )
    def test_anything_else_is_no_such_key(self, keyval: dict[str, Any]) -> None:
        with pytest.raises((ValueError, TypeError)):
            Key.from_dict("aa", {"keytype": HYBRID_KEYTYPE, "scheme": HYBRID_SCHEME, "keyval": keyval})


class TestRoot:
    def test_a_network_of_hybrid_pods_is_founded_and_releases(self) -> None:
        world = hybrid_world()
        world.accept()

        [release] = world.accept(world.release("0.1.1")).releases
        assert release.signers == ("pod-1", "pod-2", "pod-3")
        assert is_hybrid(read(world.genesis, Root).signed)

    def test_three_pods_cannot_sign_the_next_root_whatever_else_they_sign(self) -> None:
        world = hybrid_world()
        everyday = [party(number) for number in (4, 5)]

        with pytest.raises(NotEnoughSignatures, match="signed by 3 pods, 4 are needed"):
            world.verify(world.with_root(unchanged, by=[*world.pods[:3], *everyday]))

    def test_everyday_keys_sign_no_root(self) -> None:
        world = hybrid_world()
        root = following(read(world.genesis, Root).metadata)
        for pod in world.pods:
            root.sign(pod.signer, append=True)

        world.roots[address_of(root.to_bytes())] = root.to_bytes()
        with pytest.raises(NotEnoughSignatures, match="signed by 0 pods"):
            world.verify(msgspec.structs.replace(world.head, roots=(address_of(root.to_bytes()),)))

    @pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
    def test_a_hybrid_key_signs_roots_and_nothing_else(self, role: str) -> None:
        world = hybrid_world()

        def change(root: Any) -> None:
            root.roles[role].keyids[0] = world.pods[0].root_signer.public_key.keyid

        with pytest.raises(PolicyViolation, match="a key that is no pod's"):
            Chain.start(genesis_after(change, world))

    @pytest.mark.parametrize("role", ["targets", "snapshot"])
    def test_not_even_if_the_root_calls_it_an_everyday_key(self, role: str) -> None:
        world = hybrid_world()
        key = world.pods[0].root_signer.public_key

        def change(root: Any) -> None:
            root.add_key(key, role)
            root.unrecognized_fields[PODS_FIELD] = {
                (key.keyid if keyid == world.pods[0].keyid else keyid): name
                for keyid, name in root.unrecognized_fields[PODS_FIELD].items()
            }

        with pytest.raises(PolicyViolation, match="x-hybrid' is not allowed here"):
            Chain.start(genesis_after(change, world))

    def test_nor_may_targets_give_it_a_folder(self) -> None:
        world = hybrid_world()

        def change(targets: Any) -> None:
            targets.add_key(world.pods[0].root_signer.public_key, "vault")

        with pytest.raises(PolicyViolation, match="x-hybrid' is not allowed here"):
            world.verify(world.change("targets", change))

    @pytest.mark.parametrize(
        "halves",
        [
            lambda first, second: (first.halves()[0], second.halves()[1]),
            lambda first, second: (second.halves()[0], first.halves()[1]),
            lambda _first, second: (bytes.fromhex(party_key(1)), second.halves()[1]),
        ],
        ids=["the Ed25519 half of another pod", "the ML-DSA half of another pod", "an everyday key as a half"],
    )
    def test_no_half_appears_under_two_ids(self, halves: Callable[[Any, Any], tuple[bytes, bytes]]) -> None:
        world = hybrid_world()
        first, second = world.pods[0].root_signer.public_key, world.pods[1].root_signer.public_key
        ed25519, mldsa65 = (half.hex() for half in halves(first, second))
        new = HybridKey("ab" * 32, HYBRID_KEYTYPE, HYBRID_SCHEME, {"ed25519": ed25519, "mldsa65": mldsa65})

        with pytest.raises(PolicyViolation, match="one key under two ids"):
            world.verify(world.with_root(exchange_root_key(world.pods[1], new)))

    def test_once_all_are_hybrid_no_root_goes_back(self) -> None:
        world = hybrid_world()

        with pytest.raises(PolicyViolation, match="goes back to keys that are not hybrid"):
            world.verify(world.with_root(exchange_root_key(world.pods[0], party(40).signer.public_key)))

    def test_a_network_of_ed25519_keys_becomes_hybrid_pod_by_pod(self) -> None:
        world = World()
        for number, pod in enumerate(list(world.pods)):
            new = Party(pod.name, pod.signer, hybrid(number + 50).root_signer)
            change = keeping(pod, exchange_root_key(pod, new.root_signer.public_key))
            head = world.head = world.with_root(change, by=[*world.pods, new])
            world.pods[number] = new
            world.accept(head)
            assert is_hybrid(read(world.newest_root(head), Root).signed) == (number == 4)

    @pytest.mark.parametrize(
        "names",
        [
            lambda names: dict(list(names.items())[1:]),
            lambda names: {**names, "ab" * 32: "pod-6"},
            lambda names: dict(zip(names, ["pod-9", *list(names.values())[1:]], strict=True)),
            lambda names: dict.fromkeys(names, "pod-1"),
            list,
        ],
        ids=["one is missing", "one too many", "a name that is no pod's", "one name for all", "a list"],
    )
    def test_every_pod_has_one_root_key_under_its_own_name(self, names: Callable[[dict[str, str]], Any]) -> None:
        def change(root: Any) -> None:
            root.unrecognized_fields[ROOT_KEYS_FIELD] = names(root_key_names(root))

        with pytest.raises(PolicyViolation):
            Chain.start(genesis_after(change, hybrid_world()))

    def test_two_pods_do_not_exchange_their_keys_names(self) -> None:
        """One key cannot be the everyday key of one pod and the root key of another."""
        world = World()

        def change(root: Any) -> None:
            names = list(root_key_names(root).values())
            root.unrecognized_fields[ROOT_KEYS_FIELD] = dict(
                zip(root_key_names(root), [names[1], names[0], *names[2:]], strict=True)
            )

        with pytest.raises(PolicyViolation, match="belongs to two pods"):
            Chain.start(genesis_after(change, world))

    def test_the_largest_network_fits_into_its_limits(self) -> None:
        world = hybrid_world(pods=12)

        assert len(world.genesis) < ROOT_BYTES_MAX
        assert len(heartbeat(world.head, world.pods[0], NOW + DAY).timestamp) < 1 << 10
        assert len(encode(world.head)) < 60 << 10

    def test_another_signature_scheme_under_the_same_type_is_unknown(self) -> None:
        world = hybrid_world()
        content = world.genesis.replace(HYBRID_SCHEME.encode(), b"ed25519+ml-dsa-65/2")

        with pytest.raises(MalformedMetadata):
            Chain.start(content)


class TestContradiction:
    def proven(self, world: World, heads: list[Head]) -> Conflict:
        chain = world.accept(heads[0]).chain
        with pytest.raises(Equivocation) as caught:
            world.verify(heads[1])
        return check_proof(caught.value.proof, chain)

    def test_two_hybrid_roots_prove_who_signed_both(self) -> None:
        world = hybrid_world()

        conflict = self.proven(world, [world.with_root(noted("a")), world.with_root(noted("b"), by=world.pods[:4])])

        assert [culprit.name for culprit in conflict.culprits] == ["pod-1", "pod-2", "pod-3", "pod-4"]

    @pytest.mark.parametrize("is_of_roots", [True, False])
    @pytest.mark.parametrize("kept", ["root key", "everyday key"])
    def test_a_culprit_is_gone_when_both_of_its_keys_are(self, kept: str, is_of_roots: bool) -> None:
        world = hybrid_world()
        make = world.with_root if is_of_roots else lambda change: world.change("targets", change)
        conflict = self.proven(world, [make(noted("a")), make(noted("b"))])
        root = read(world.genesis, Root).signed
        one = replace(conflict, culprits=conflict.culprits[:1])

        [pod] = [pod for pod in world.pods if pod.name == one.culprits[0].name]
        keys = {"root key": pod.root_signer.public_key, "everyday key": pod.signer.public_key}
        for key in keys.values():
            del root.keys[key.keyid]
        for field in (PODS_FIELD, ROOT_KEYS_FIELD):
            root.unrecognized_fields[field] = {
                keyid: name for keyid, name in root.unrecognized_fields[field].items() if name != pod.name
            }
        assert not holds_culprit(root, one)
        root.keys["ab" * 32] = keys[kept]
        assert holds_culprit(root, one)


def test_a_signer_is_made_of_two_seeds() -> None:
    one, two = (HybridSigner(bytes(32), bytes([number]) * 32).public_key for number in (1, 2))

    assert one.keyid != two.keyid
    assert one.halves()[0] == two.halves()[0]


def party_key(number: int) -> str:
    return str(hybrid(number).signer.public_key.keyval["public"])


def keeping(pod: Party, change: Change) -> Change:
    """The change, but the pod's everyday key stays in the root."""

    def kept(root: Any) -> None:
        change(root)
        root.keys[pod.keyid] = pod.signer.public_key

    return kept
