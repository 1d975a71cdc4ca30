"""What a threshold of signatures cannot make allowed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from node.pod.parties import Party
from node.pod.writing import sign
from node.trust.chain import Chain
from node.trust.errors import PolicyViolation
from node.trust.metadata import Root, read, time_text
from node.trust.policy import FOUNDERS_FIELD, PODS_FIELD, PREVIOUS_FIELD, UNTIL_FIELD, high_threshold, majority
from tests.signed_world import DAY, NOW, World, party

Change = Callable[[Any], None]


def set_threshold(role: str, threshold: int) -> Change:
    return lambda root: setattr(root.roles[role], "threshold", threshold)


def set_field(field: str, value: Any) -> Change:
    return lambda signed: signed.unrecognized_fields.update({field: value})


def add_key(key: Any, role: str) -> Change:
    return lambda signed: signed.add_key(key, role)


def alias(of: Party) -> SSlibKey:
    """The same key under another id, in capital letters."""
    key = of.signer.public_key
    return SSlibKey("aa" * 32, key.keytype, key.scheme, {"public": key.keyval["public"].upper()})


def test_the_thresholds_of_five_pods_are_those_of_the_design() -> None:
    assert (high_threshold(5), majority(5)) == (4, 3)


@pytest.mark.parametrize("pods", range(3, 13))
def test_two_groups_without_a_common_pod_are_never_both_enough(pods: int) -> None:
    assert 2 * majority(pods) > pods
    assert majority(pods) <= high_threshold(pods) <= pods


class TestRoot:
    @pytest.mark.parametrize(
        "change",
        [
            set_threshold("root", 3),
            set_threshold("targets", 3),
            set_threshold("snapshot", 2),
            set_field(UNTIL_FIELD, time_text(NOW + 181 * DAY)),
            set_field(UNTIL_FIELD, "soon"),
            set_field(UNTIL_FIELD, 7),
            lambda root: root.unrecognized_fields.pop(UNTIL_FIELD),
            set_field(PREVIOUS_FIELD, "0" * 64),
            lambda root: root.unrecognized_fields.pop(PREVIOUS_FIELD),
            lambda root: root.unrecognized_fields.pop(PODS_FIELD),
            set_field(PODS_FIELD, ["ash"]),
            set_field(FOUNDERS_FIELD, {"aa": "ash\n"}),
            set_field(FOUNDERS_FIELD, {"aa": "pod-1"}),
            set_field(FOUNDERS_FIELD, {"aa": 1}),
            add_key(party(30).signer.public_key, "timestamp"),
            add_key(party(30).signer.public_key, "root"),
            add_key(alias(party(1)), "root"),
            add_key(alias(party(1)), "timestamp"),
            lambda root: root.roles["root"].keyids.pop(),
        ],
        ids=range(19),
    )
    def test_a_root_signed_by_all_pods_cannot_weaken_what_protects_the_farms(self, change: Change) -> None:
        world = World()

        with pytest.raises(PolicyViolation):
            world.verify(world.with_root(change))

    def test_a_new_pod_may_join(self) -> None:
        world, sixth = World(), party(6)

        def join(root: Any) -> None:
            for role in root.roles:
                root.add_key(sixth.signer.public_key, role)
            root.unrecognized_fields[PODS_FIELD][sixth.keyid] = sixth.name
            for role, threshold in (("root", 5), ("targets", 5), ("snapshot", 4)):
                root.roles[role].threshold = threshold

        assert world.verify(world.with_root(join, by=[*world.pods, sixth])).is_newer

    def test_the_names_of_pods_differ(self) -> None:
        world = World()
        names = dict.fromkeys((pod.keyid for pod in world.pods), "ash")

        with pytest.raises(PolicyViolation, match="different names"):
            world.verify(world.with_root(set_field(PODS_FIELD, names)))

    @pytest.mark.parametrize("change", [set_threshold("root", 1), add_key(alias(party(1)), "root")])
    def test_policy_holds_for_the_genesis_root_too(self, change: Change) -> None:
        root = read(World().genesis, Root).metadata
        change(root.signed)
        root.signatures.clear()
        sign(root, World().pods)

        with pytest.raises(PolicyViolation):
            Chain.start(root.to_bytes())


class TestDelegations:
    @staticmethod
    def role(name: str, **fields: Any) -> Change:
        def change(targets: Any) -> None:
            for field, value in fields.items():
                setattr(targets.delegations.roles[name], field, value)

        return change

    @staticmethod
    def rename_key(targets: Any) -> None:
        """Give the first pod's key a second id, and that id a vote."""
        second = alias(party(1))
        targets.delegations.keys[second.keyid] = second
        targets.delegations.roles["vault"].keyids.append(second.keyid)

    @pytest.mark.parametrize("name", ["vault", "app", "foundation"])
    def test_no_role_may_need_fewer_signatures(self, name: str) -> None:
        world = World()

        def lower(targets: Any) -> None:
            targets.delegations.roles[name].threshold -= 1

        with pytest.raises(PolicyViolation, match="floor"):
            world.verify(world.change("targets", lower))

    @pytest.mark.parametrize(
        ("name", "paths"),
        [
            ("vault", ["*/*"]),
            ("vault", ["v*/*"]),
            ("vault", ["vault/*", "app/*"]),
            ("vault", ["vault/*", "extra/*"]),
            ("vault", ["vault"]),
            ("vault", []),
            ("foundation", ["vault/*"]),
            ("foundation", ["foundation/*", "vault/*"]),
            ("foundation", ["runtime/*"]),
            ("app", ["app/*", "app/*/*"]),
            ("app", ["foundation/*"]),
        ],
    )
    def test_every_role_keeps_to_its_own_folders(self, name: str, paths: list[str]) -> None:
        world = World()

        with pytest.raises(PolicyViolation):
            world.verify(world.change("targets", self.role(name, paths=paths)))

    def test_a_new_role_cannot_take_a_folder_of_a_role_that_is_gone(self) -> None:
        world = World()

        def swap(targets: Any) -> None:
            role = targets.delegations.roles.pop("foundation")
            role.name = "later"
            targets.delegations.roles["later"] = role

        head = world.change("targets", swap)
        head.delegated["later"] = head.delegated.pop("foundation")

        with pytest.raises(PolicyViolation, match="given the folder"):
            world.verify(head)

    def test_one_key_under_two_ids_does_not_count_twice(self) -> None:
        world = World()

        with pytest.raises(PolicyViolation, match="two ids"):
            world.verify(world.change("targets", self.rename_key))

    def test_one_id_stands_for_one_key(self) -> None:
        world = World()

        def swap(targets: Any) -> None:
            keyid = world.pods[0].keyid
            targets.delegations.keys[keyid] = copy.deepcopy(targets.delegations.keys[keyid])
            targets.delegations.keys[keyid].keyval["public"] = party(40).signer.public_key.keyval["public"]

        with pytest.raises(PolicyViolation, match="stands for two keys"):
            world.verify(world.change("targets", swap))

    def test_founders_do_not_sign_for_pods_nor_pods_for_founders(self) -> None:
        for role, stranger in (("vault", World().founders[0]), ("foundation", World().pods[0])):
            world = World()

            with pytest.raises(PolicyViolation, match=r"no (pod|founder)'s"):
                world.verify(world.change("targets", add_key(stranger.signer.public_key, role)))

    @pytest.mark.parametrize("name", ["vault", "app"])
    def test_vault_and_app_are_always_delegated(self, name: str) -> None:
        world = World()

        with pytest.raises(PolicyViolation, match="not delegated"):
            world.verify(world.change("targets", lambda targets: targets.delegations.roles.pop(name)))

    def test_top_level_targets_release_nothing(self) -> None:
        world = World()
        world.release("0.1.1")
        listed: dict[str, Any] = {}
        world.change("vault", lambda signed: listed.update(signed.targets))

        with pytest.raises(PolicyViolation, match="top-level"):
            world.verify(world.change("targets", lambda targets: targets.targets.update(listed)))

    def test_no_role_delegates_further(self) -> None:
        world = World()
        given: list[Any] = []
        world.change("targets", lambda targets: given.append(targets.delegations))

        with pytest.raises(PolicyViolation, match="further"):
            world.verify(world.change("vault", lambda signed: setattr(signed, "delegations", given[0])))

    def test_a_network_without_a_foundation_cannot_get_one_later(self) -> None:
        world = World(founders=[])
        founders = {founder.keyid: founder.name for founder in World().founders}

        with pytest.raises(PolicyViolation, match="only shrink"):
            world.verify(
                world.with_root(
                    lambda root: root.unrecognized_fields.update(
                        {FOUNDERS_FIELD: founders, UNTIL_FIELD: time_text(NOW + DAY)}
                    )
                )
            )


class TestSnapshot:
    @pytest.mark.parametrize("value", [None, 5, "yesterday", time_text(NOW + 4_000 * DAY)])
    def test_a_snapshot_says_when_it_was_signed(self, value: Any) -> None:
        world = World()

        with pytest.raises(PolicyViolation, match="when it was signed"):
            world.verify(world.with_snapshot(set_field("x-signed-at", value)))
