"""What a release may do: what it can declare at all, what more of it costs, and who must have signed for it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from node.pod.parties import Party
from node.trust.anchor import ANCHOR_FIELD, GROWN_FIELD
from node.trust.capabilities import (
    FROZEN,
    FROZEN_MODULES,
    MODULES_MAX,
    TODAY,
    Capabilities,
    as_declared,
    cost,
    read_capabilities,
)
from node.trust.chain import Chain
from node.trust.errors import NotEnoughSignatures, PolicyViolation
from node.trust.metadata import Targets, read, time_text
from node.trust.release import RECALLED_FIELD, Release
from tests.signed_world import DAY, NOW, Change, World, all_of

WITH_TCP = replace(TODAY, tcp=True)
WITH_PSUTIL = replace(TODAY, tcp=True, modules=(*TODAY.modules[:3], "psutil", "zeroconf"))
MORE_MEMORY = replace(TODAY, memory_bytes=2 << 30)


def declares(version: str, capabilities: Any) -> Change:
    """A change by which a listed release declares something else."""
    return lambda signed: signed.targets[f"vault/{version}"].custom.update({"capabilities": capabilities})


def says(field: str, value: Any) -> Change:
    return lambda signed: signed.unrecognized_fields.update({field: value})


def anchors(version: str, capabilities: Capabilities) -> Change:
    return says(ANCHOR_FIELD, {"version": version, "capabilities": as_declared(capabilities)})


def only(world: World, now: datetime = NOW) -> Release:
    """The newest release, as the world's farm sees it, and as one that never saw anything sees it too."""
    late = world.verify(chain=Chain.start(world.genesis), now=now).releases[0]
    assert world.accept(now=now).releases[0] == late
    return late


def expect_refused_by_all(world: World, error: type[Exception], match: str, now: datetime = NOW) -> None:
    for chain in (world.chain, Chain.start(world.genesis)):
        with pytest.raises(error, match=match):
            world.verify(chain=chain, now=now)


class TestReading:
    def test_what_is_written_is_read(self) -> None:
        assert read_capabilities(as_declared(WITH_PSUTIL)) == WITH_PSUTIL

    def test_what_is_not_declared_is_not_possible(self) -> None:
        said = as_declared(TODAY)
        for kind in ("udp", "tcp", "modules"):
            del said[kind]

        assert read_capabilities(said) == replace(TODAY, udp=False, tcp=False, modules=())

    def test_a_release_that_does_not_say_may_do_what_todays_may(self) -> None:
        world = World()
        world.release("1")

        assert "capabilities" not in read(world.head.delegated["vault"], Targets).signed.targets["vault/1"].custom
        assert only(world).capabilities == TODAY

    @pytest.mark.parametrize("custom", ["capabilities", ["capabilities"], 5, 0, True, "", []])
    def test_what_is_no_description_at_all_is_refused_for_good(self, custom: Any) -> None:
        world = World()
        world.release("1")

        def describe(signed: Any) -> None:
            signed.targets["vault/1"].unrecognized_fields["custom"] = custom

        world.head = world.change("vault", describe, by=world.pods[:3])
        expect_refused_by_all(world, PolicyViolation, "no description")

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("memory_bytes", 0),
            ("memory_bytes", -1),
            ("memory_bytes", (4 << 30) + 1),
            ("memory_bytes", 1 << 80),
            ("memory_bytes", True),
            ("memory_bytes", "1"),
            ("memory_bytes", None),
            ("file_bytes", 1),
            ("file_bytes", 65 << 20),
            ("open_files", 3),
            ("open_files", 1 << 20),
            ("udp", 1),
            ("udp", None),
            ("tcp", "yes"),
            ("tcp", [443]),
            ("modules", None),
            ("modules", "iroh"),
            ("modules", ["iroh", "iroh"]),
            ("modules", ["msgspec", "iroh"]),
            ("modules", ["../iroh"]),
            ("modules", ["iroh.x"]),
            ("modules", ["iroh\n"]),
            ("modules", [""]),
            ("modules", [7]),
            ("modules", [f"m{number:02}" for number in range(MODULES_MAX + 1)]),
            ("camera", True),
            ("camera", False),
        ],
    )
    def test_anything_else_is_refused(self, kind: str, value: Any) -> None:
        world = World()
        world.release("1")
        world.head = world.change("vault", declares("1", as_declared(TODAY) | {kind: value}))

        expect_refused_by_all(world, PolicyViolation, "capabilities|modules")

    @pytest.mark.parametrize("value", [None, [], "all", 1, {}, {"udp": True}])
    def test_what_is_no_list_of_capabilities_is_refused(self, value: Any) -> None:
        with pytest.raises(PolicyViolation, match="capabilities"):
            read_capabilities(value)

    @pytest.mark.parametrize("value", [True, False, 1, ["anything"]])
    @pytest.mark.parametrize("kind", sorted(FROZEN))
    def test_what_no_release_may_ever_do_is_refused_though_all_pods_sign(self, kind: str, value: Any) -> None:
        world = World()
        world.release("1")
        world.head = world.change("vault", declares("1", as_declared(TODAY) | {kind: value}))

        expect_refused_by_all(world, PolicyViolation, f"no vault release may ever {FROZEN[kind]}")

    @pytest.mark.parametrize("module", [*sorted(FROZEN_MODULES), "Keyring"])
    def test_nor_by_way_of_a_module(self, module: str) -> None:
        world = World()
        world.release("1")
        world.head = world.change("vault", declares("1", as_declared(TODAY) | {"modules": [module]}))

        expect_refused_by_all(world, PolicyViolation, "no vault release may ever")

    @pytest.mark.parametrize("kind", sorted(FROZEN))
    def test_nor_by_way_of_an_anchor(self, kind: str) -> None:
        world = World()
        said = {"version": "1", "capabilities": as_declared(TODAY) | {kind: True}}
        world.head = world.change("targets", says(ANCHOR_FIELD, said))

        expect_refused_by_all(world, PolicyViolation, "no vault release may ever")

    @pytest.mark.parametrize(
        "said",
        [
            None,
            {},
            [],
            {"version": "1"},
            {"version": 1, "capabilities": as_declared(TODAY)},
            {"version": "", "capabilities": as_declared(TODAY)},
            {"version": "a/b", "capabilities": as_declared(TODAY)},
            {"version": "1", "capabilities": None},
            {"version": "1", "capabilities": as_declared(TODAY), "more": 1},
        ],
        ids=range(9),
    )
    def test_an_anchor_that_is_none_is_refused(self, said: Any) -> None:
        world = World()
        world.head = world.change("targets", says(ANCHOR_FIELD, said))

        expect_refused_by_all(world, PolicyViolation, "anchor|capabilities")


class TestPrice:
    def test_three_small_steps_cost_little_each_and_much_together(self) -> None:
        steps = (TODAY, TODAY, WITH_TCP, WITH_PSUTIL)

        assert [cost(before, after) for before, after in itertools.pairwise(steps)] == [0, 2, 2]
        assert [cost(steps[0], step) for step in steps[1:]] == [0, 2, 4]

    @pytest.mark.parametrize(
        ("new", "price"),
        [
            (MORE_MEMORY, 1),
            (replace(TODAY, file_bytes=TODAY.file_bytes + 1), 1),
            (replace(TODAY, open_files=TODAY.open_files + 1), 1),
            (replace(TODAY, modules=("a", "b", *TODAY.modules)), 4),
            (replace(TODAY, memory_bytes=1 << 28, udp=False, modules=()), 0),
            (replace(TODAY, memory_bytes=2 << 30, udp=False, modules=()), 1),
        ],
    )
    def test_every_kind_has_its_price_and_having_less_is_free(self, new: Capabilities, price: int) -> None:
        assert cost(TODAY, new) == price

    def test_udp_costs_whoever_did_without_it(self) -> None:
        assert cost(replace(TODAY, udp=False), TODAY) == 2


class TestTerms:
    def test_who_gains_nothing_needs_the_threshold_and_a_normal_trial(self) -> None:
        world = World()
        world.release("1", capabilities=replace(TODAY, modules=()))

        assert only(world).trial_factor == 1

    @pytest.mark.parametrize("capabilities", [WITH_TCP, MORE_MEMORY])
    def test_a_small_gain_needs_one_signature_more_and_a_trial_of_twice_the_length(
        self, capabilities: Capabilities
    ) -> None:
        world = World()
        world.release("1", by=world.pods[:3], capabilities=capabilities)
        expect_refused_by_all(world, NotEnoughSignatures, "vault: signed by 3 pods, 4 are needed")

        world = World()
        world.release("1", by=world.pods[:4], capabilities=capabilities)
        assert (only(world).trial_factor, only(world).capabilities) == (2, capabilities)

    def test_where_all_must_sign_anyway_a_small_gain_needs_no_more(self) -> None:
        world = World(pods=World().pods[:3])
        world.release("1", by=world.pods, capabilities=MORE_MEMORY)

        assert only(world).trial_factor == 2

    def test_a_statement_that_still_lists_it_needs_them_too_and_one_that_recalls_it_does_not(self) -> None:
        world = World()
        world.accept(world.release("1", by=world.pods[:4], capabilities=WITH_TCP))
        world.release("2", by=world.pods[:3])
        expect_refused_by_all(world, NotEnoughSignatures, "4 are needed")

        def recall(signed: Any) -> None:
            signed.targets.pop("vault/1")
            signed.unrecognized_fields[RECALLED_FIELD] = ["vault/1"]

        world = World()
        world.accept(world.release("1", by=world.pods[:4], capabilities=WITH_TCP))
        world.head = world.change("vault", recall, by=world.pods[:3])
        assert world.accept().releases == ()

    def test_a_large_gain_is_refused_though_all_sign_unless_it_becomes_the_anchor(self) -> None:
        world = World()
        world.release("1")
        change = all_of(declares("1", as_declared(WITH_PSUTIL)), says(GROWN_FIELD, time_text(NOW)))
        world.head = world.change("vault", change, by=world.pods)

        expect_refused_by_all(world, PolicyViolation, "must become the anchor")

    def test_the_anchor_needs_the_high_threshold_and_its_release_a_trial_of_four_times_the_length(self) -> None:
        world = World()
        world.release("1", by=world.pods[:3], capabilities=WITH_PSUTIL)
        expect_refused_by_all(world, NotEnoughSignatures, "targets: signed by 3 pods, 4 are needed")

        world = World()
        world.release("1", by=world.pods[:4], capabilities=WITH_PSUTIL)
        assert only(world).trial_factor == 4

    def test_after_it_the_same_costs_nothing(self) -> None:
        world = World()
        world.accept(world.release("1", by=world.pods[:4], capabilities=WITH_PSUTIL))
        world.release("2", by=world.pods[:3], capabilities=WITH_PSUTIL)

        assert (only(world).version, only(world).trial_factor) == ("2", 1)

    def test_three_small_steps_end_at_the_anchor_however_far_they_lie_apart(self) -> None:
        world, day = World(), NOW
        for version, capabilities, factor in (("1", TODAY, 1), ("2", WITH_TCP, 2), ("3", WITH_PSUTIL, 4)):
            world.release(version, by=world.pods[:4], now=day, capabilities=capabilities)
            assert only(world, day).trial_factor == factor
            assert (ANCHOR_FIELD in targets_of(world).unrecognized_fields) == (factor == 4)
            day += 60 * DAY

    def test_the_release_that_the_anchor_names_may_do_nothing_else(self) -> None:
        world = World()
        world.release("1")
        world.head = world.change("targets", anchors("1", replace(TODAY, modules=())))

        expect_refused_by_all(world, PolicyViolation, "is the anchor, and yet may do something else")

    def test_an_anchor_in_the_statement_that_three_may_sign_is_none(self) -> None:
        world = World()
        world.release("1")
        change = all_of(
            declares("1", as_declared(WITH_PSUTIL)), anchors("1", WITH_PSUTIL), says(GROWN_FIELD, time_text(NOW))
        )
        world.head = world.change("vault", change)

        expect_refused_by_all(world, PolicyViolation, "must become the anchor")

    def test_the_foundation_gains_nothing_whoever_signs(self) -> None:
        world = World()
        world.release("1", role="foundation", capabilities=MORE_MEMORY)
        expect_refused_by_all(world, PolicyViolation, "only pods can allow that")

        world = World()
        world.head = world.change("targets", anchors("0", WITH_PSUTIL))
        world.head = world.change("vault", says(GROWN_FIELD, time_text(NOW)))
        world.release("1", role="foundation", capabilities=WITH_PSUTIL)
        assert only(world).trial_factor == 1

    def test_no_release_changes_what_it_may_do(self) -> None:
        world = World()
        world.accept(world.release("1"))
        world.head = world.change("vault", declares("1", as_declared(replace(TODAY, udp=False))))

        with pytest.raises(PolicyViolation, match="already another release"):
            world.verify()


class TestWindow:
    """At most one gain in 60 days."""

    def grown(self) -> World:
        world = World()
        world.accept(world.release("1", by=world.pods[:4], capabilities=MORE_MEMORY))
        return world

    @pytest.mark.parametrize("capabilities", [replace(MORE_MEMORY, tcp=True), WITH_PSUTIL], ids=["small", "anchor"])
    def test_a_second_gain_waits(self, capabilities: Capabilities) -> None:
        world, soon = self.grown(), NOW + 60 * DAY - timedelta(seconds=1)
        grows(world, soon, capabilities)
        with pytest.raises(PolicyViolation, match="at most once in 60 days"):
            world.verify(now=soon)

        world, later = self.grown(), NOW + 60 * DAY
        grows(world, later, capabilities)
        assert world.accept(now=later).releases[0].capabilities == capabilities

    def test_what_gains_nothing_does_not_wait(self) -> None:
        world = self.grown()
        world.release("2", by=world.pods[:4], now=NOW + DAY, capabilities=MORE_MEMORY)

        assert only(world, NOW + DAY).version == "2"

    def test_who_saw_nothing_before_goes_by_the_signed_time_from_there_on(self) -> None:
        world = self.grown()
        world.chain = world.verify(chain=Chain.start(world.genesis)).chain
        grows(world, NOW + 59 * DAY, WITH_PSUTIL)

        with pytest.raises(PolicyViolation, match="at most once"):
            world.verify(now=NOW + 59 * DAY)

    def test_a_gain_must_say_when_it_came(self) -> None:
        world = self.grown()
        world.head = world.change("vault", lambda signed: signed.unrecognized_fields.pop(GROWN_FIELD))
        expect_refused_by_all(world, PolicyViolation, "does not say when its capabilities grew")

    @pytest.mark.parametrize("value", [None, 7, "soon", time_text(NOW + DAY)])
    def test_and_name_a_time_that_has_come(self, value: Any) -> None:
        world = self.grown()
        world.head = world.change("vault", says(GROWN_FIELD, value))

        expect_refused_by_all(world, PolicyViolation, "does not say when its capabilities grew")

    def test_that_time_never_goes_back(self) -> None:
        world = self.grown()
        world.head = world.change("vault", says(GROWN_FIELD, time_text(NOW - DAY)))

        with pytest.raises(PolicyViolation, match="takes back"):
            world.verify()

    def test_a_gain_is_not_dated_back_so_that_the_next_one_may_come_sooner(self) -> None:
        world, now = World(), NOW + 100 * DAY
        world.accept(world.release("1", now=now), now)
        world.release("2", by=world.pods[:4], now=now, capabilities=MORE_MEMORY)
        world.head = world.change("vault", says(GROWN_FIELD, time_text(NOW)), now=now)

        with pytest.raises(PolicyViolation, match="grew now"):
            world.verify(now=now)


def targets_of(world: World) -> Targets:
    return read(world.head.targets, Targets).signed


def grows(world: World, now: datetime, capabilities: Capabilities, by: Sequence[Party] | None = None) -> None:
    world.release("2", by=by or world.pods[:4], now=now, capabilities=capabilities)
