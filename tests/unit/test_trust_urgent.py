"""A release that is urgent, or that pods reaffirm: only the high threshold can say so, and farms of any age agree."""

from __future__ import annotations

from typing import Any

import pytest

from node.trust.chain import Chain
from node.trust.errors import NotEnoughSignatures, PolicyViolation
from node.trust.head import Head
from node.trust.release import REAFFIRMED_FIELD, URGENT_FIELD, Release
from tests.signed_world import Change, World
from tests.unit.test_trust_capabilities import expect_refused_by_all, only, says
from tests.unit.test_trust_recall import recalls


def urgent(version: str, value: Any = True) -> Change:
    return lambda signed: signed.targets[f"vault/{version}"].custom.update({URGENT_FIELD: value})


def newest(world: World, head: Head) -> Release:
    return world.verify(head, chain=Chain.start(world.genesis)).releases[0]


class TestUrgent:
    def test_four_of_five_pods_can_say_so(self) -> None:
        world = World()
        world.release("1", by=world.pods[:4], is_urgent=True)
        assert only(world).is_urgent

    def test_three_cannot(self) -> None:
        world = World()
        world.release("1", by=world.pods[:3], is_urgent=True)
        expect_refused_by_all(world, NotEnoughSignatures, "signed by 3 pods, 4 are needed")

    def test_a_release_that_does_not_say_so_is_not(self) -> None:
        world = World()
        world.release("1")
        assert not only(world).is_urgent

    @pytest.mark.parametrize("value", [False, None, 1, "yes"])
    def test_nothing_else_may_stand_there(self, value: Any) -> None:
        world = World()
        world.release("1")
        world.head = world.change("vault", urgent("1", value))
        expect_refused_by_all(world, PolicyViolation, "urgent")

    def test_the_foundation_cannot_say_so_though_all_founders_sign(self) -> None:
        world = World()
        world.release("1", role="foundation")

        def change(signed: Any) -> None:
            signed.targets["foundation/1"].custom[URGENT_FIELD] = True

        world.head = world.change("foundation", change)
        expect_refused_by_all(world, PolicyViolation, "only pods can say that a release is urgent")

    def test_nobody_can_make_a_release_urgent_that_is_out_already(self) -> None:
        world = World()
        world.release("1")
        world.accept()
        with pytest.raises(PolicyViolation, match="already another release"):
            world.verify(world.change("vault", urgent("1")))

    def test_once_something_newer_is_released_three_are_enough_again_and_it_is_urgent_no_longer(self) -> None:
        world = World()
        world.release("1", by=world.pods[:4], is_urgent=True)
        world.accept()
        world.release("2", by=world.pods[:3])

        assert {release.name: release.is_urgent for release in world.accept().releases} == {
            "vault/2": False, "vault/1": False,
        }  # fmt: skip

    def test_nor_is_it_when_the_newer_one_is_recalled_by_three(self) -> None:
        world = World()
        world.release("1", by=world.pods[:4], is_urgent=True)
        world.release("2", by=world.pods[:3])
        world.head = world.change("vault", recalls("vault/2"), by=world.pods[:3])

        assert not only(world).is_urgent

    def test_three_recall_it(self) -> None:
        world = World()
        world.release("1", by=world.pods[:4], is_urgent=True)
        world.head = world.change("vault", recalls("vault/1"), by=world.pods[:3])

        assert world.accept().releases == ()


class TestReaffirmed:
    def test_four_of_five_pods_can_stand_by_a_release(self) -> None:
        world = World()
        world.release("1")
        world.accept()
        world.head = world.change("vault", says(REAFFIRMED_FIELD, "vault/1"), by=world.pods[:4])
        assert only(world).is_reaffirmed

    def test_three_cannot(self) -> None:
        world = World()
        world.release("1")
        world.accept()
        world.head = world.change("vault", says(REAFFIRMED_FIELD, "vault/1"), by=world.pods[:3])
        expect_refused_by_all(world, NotEnoughSignatures, "signed by 3 pods, 4 are needed")

    def test_it_holds_for_the_release_that_is_named_and_no_other(self) -> None:
        world = World()
        world.release("1")
        world.release("2")
        world.head = world.change("vault", says(REAFFIRMED_FIELD, "vault/2"))
        found = world.verify().releases
        assert {release.name: release.is_reaffirmed for release in found} == {"vault/2": True, "vault/1": False}

    def test_pods_can_stand_by_a_release_of_the_foundation(self) -> None:
        world = World()
        world.release("1", role="foundation")
        assert newest(world, world.change("vault", says(REAFFIRMED_FIELD, "foundation/1"))).is_reaffirmed

    def test_the_foundation_stands_by_none(self) -> None:
        world = World()
        world.release("1", role="foundation")
        world.head = world.change("foundation", says(REAFFIRMED_FIELD, "foundation/1"))
        expect_refused_by_all(world, PolicyViolation, "only pods can")

    @pytest.mark.parametrize("value", ["", "1", "apps/1", 7, None, ["vault/1"]])
    def test_what_names_no_release_is_refused(self, value: Any) -> None:
        world = World()
        world.release("1")
        world.head = world.change("vault", says(REAFFIRMED_FIELD, value))
        expect_refused_by_all(world, PolicyViolation, "reaffirmed is no release")
