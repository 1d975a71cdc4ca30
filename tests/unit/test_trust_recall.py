"""What a statement says of recalled releases and of the floor, and what may follow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from node.trust.chain import Chain
from node.trust.errors import NotEnoughSignatures, PolicyViolation
from node.trust.metadata import Targets, read
from node.trust.release import FLOOR_FIELD, RECALLED_FIELD, RECALLED_MAX, floor_of, recalled_in
from tests.signed_world import NOW, World, unchanged

Change = Callable[[Any], None]


def released(*versions: str) -> World:
    """A world in which these were released one after the other."""
    world = World()
    for version in versions:
        world.accept(world.release(version))
    return world


def says(field: str, value: Any) -> Change:
    return lambda statement: statement.unrecognized_fields.update({field: value})


def recalls(*names: str) -> Change:
    def change(statement: Any) -> None:
        for name in names:
            statement.targets.pop(name, None)
        statement.unrecognized_fields[RECALLED_FIELD] = sorted({*recalled_in(statement), *names})

    return change


def goes_on(world: World, change: Change, role: str = "vault") -> None:
    """Let the world publish a next statement, and its farm accept it."""
    world.head = world.change(role, change)
    world.accept()


def vault_of(world: World) -> Targets:
    return read(world.head.delegated["vault"], Targets).signed


class TestRecall:
    def test_a_statement_without_the_fields_recalls_nothing_and_has_no_floor(self) -> None:
        statement = vault_of(released("0.1.1"))

        assert (recalled_in(statement), floor_of(statement)) == ((), 0)

    def test_a_recalled_release_is_gone_and_the_one_before_is_the_newest(self) -> None:
        world = released("0.1.1", "0.1.2")
        goes_on(world, recalls("vault/0.1.2"))

        assert [release.name for release in world.verify().releases] == ["vault/0.1.1"]
        assert recalled_in(vault_of(world)) == ("vault/0.1.2",)

    def test_it_takes_three_pods(self) -> None:
        world = released("0.1.1")

        with pytest.raises(NotEnoughSignatures, match="vault: signed by 2 pods, 3 are needed"):
            world.verify(world.change("vault", recalls("vault/0.1.1"), by=world.pods[:2]))
        assert world.verify(world.change("vault", recalls("vault/0.1.1"), by=world.pods[:3])).is_news

    def test_the_next_release_keeps_saying_what_was_recalled(self) -> None:
        world = released("0.1.1", "0.1.2")
        goes_on(world, recalls("vault/0.1.2"))
        world.accept(world.release("0.1.3"))

        assert recalled_in(vault_of(world)) == ("vault/0.1.2",)

    def test_a_recall_is_never_taken_back(self) -> None:
        world = released("0.1.1", "0.1.2")
        goes_on(world, recalls("vault/0.1.2"))

        for change in (says(RECALLED_FIELD, []), lambda statement: statement.unrecognized_fields.pop(RECALLED_FIELD)):
            with pytest.raises(PolicyViolation, match="takes a recall back"):
                world.verify(world.change("vault", change))

    def test_a_recalled_name_never_comes_back_also_for_a_late_joiner(self) -> None:
        world = released("0.1.1", "0.1.2")
        target = vault_of(world).targets["vault/0.1.2"]
        goes_on(world, recalls("vault/0.1.2"))
        back = world.change("vault", lambda statement: statement.targets.update({"vault/0.1.2": target}))

        for chain in (world.chain, Chain.start(world.genesis)):
            with pytest.raises(PolicyViolation, match="lists a release that was recalled"):
                world.verify(back, chain=chain)

    def test_pods_recall_a_release_of_the_foundation(self) -> None:
        world = released("0.1.1")
        world.accept(world.release("0.1.2", role="foundation"))
        goes_on(world, recalls("foundation/0.1.2"))

        assert recalled_in(vault_of(world)) == ("foundation/0.1.2",)
        assert [release.name for release in world.verify().releases] == ["vault/0.1.1"]

    def test_the_foundation_recalls_no_release_of_the_pods(self) -> None:
        world = released("0.1.1")

        with pytest.raises(PolicyViolation, match="not its own"):
            world.verify(world.change("foundation", recalls("vault/0.1.1")))

    @pytest.mark.parametrize(
        "value",
        [
            None,
            "vault/0.1.1",
            {"vault/0.1.1": 1},
            [7],
            ["0.1.1"],
            ["apps/0.1.1"],
            ["vault/"],
            ["vault/../x"],
            ["vault/0.1.1\n"],
            ["vault/2", "vault/1"],
            ["vault/1", "vault/1"],
            [f"vault/{number:04}" for number in range(RECALLED_MAX + 1)],
        ],
        ids=range(12),
    )
    def test_anything_but_a_sorted_list_of_releases_is_refused(self, value: Any) -> None:
        world = released("0.2.0")

        with pytest.raises(PolicyViolation, match="recalled"):
            world.verify(world.change("vault", says(RECALLED_FIELD, value)))


class TestFloor:
    def test_a_release_may_raise_it_and_the_next_one_keeps_it(self) -> None:
        world = released("0.1.1", "0.1.2")
        goes_on(world, says(FLOOR_FIELD, 2))
        world.accept(world.release("0.1.3"))

        assert floor_of(vault_of(world)) == 2

    @pytest.mark.parametrize("change", [says(FLOOR_FIELD, 1), says(FLOOR_FIELD, 0)])
    def test_it_never_falls(self, change: Change) -> None:
        world = released("0.1.1", "0.1.2")
        goes_on(world, says(FLOOR_FIELD, 2))

        with pytest.raises(PolicyViolation, match="lowers the floor"):
            world.verify(world.change("vault", change))

    def test_it_does_not_vanish(self) -> None:
        world = released("0.1.1")
        goes_on(world, says(FLOOR_FIELD, 1))

        with pytest.raises(PolicyViolation, match="lowers the floor"):
            world.verify(world.change("vault", lambda statement: statement.unrecognized_fields.pop(FLOOR_FIELD)))

    def test_it_is_never_above_every_release(self) -> None:
        world = released("0.1.1")

        with pytest.raises(PolicyViolation, match="above all its releases"):
            world.verify(world.change("vault", says(FLOOR_FIELD, 2)))

    @pytest.mark.parametrize("value", [None, -1, True, "1", [1], 1 << 53])
    def test_anything_but_a_number_in_range_is_refused(self, value: Any) -> None:
        world = released("0.1.1")

        with pytest.raises(PolicyViolation, match="the floor is no number"):
            world.verify(world.change("vault", says(FLOOR_FIELD, value)))

    def test_a_statement_that_changes_nothing_of_it_may_follow(self) -> None:
        world = released("0.1.1")
        goes_on(world, says(FLOOR_FIELD, 1))
        goes_on(world, unchanged)

        assert world.verify(now=NOW).releases
