"""Nothing ever goes back, and yet thieves of enough keys can number nothing so high that nobody could follow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from node.pod.writing import sign
from node.trust.chain import BEGINNING
from node.trust.errors import NumberedAhead, Rollback
from node.trust.head import Head, encode
from node.trust.metadata import NAMED_FIELD, VERSION_MAX, MetaFile, Targets, read, time_text
from node.trust.numbers import AHEAD_MAX
from node.trust.policy import SIGNED_AT_FIELD
from node.trust.release import SEQUENCE_FIELD
from node.update.driver import Updates
from tests.signed_world import DAY, NOW, Change, World, add_pod, all_of, drop_pod, following, party, unchanged
from tests.update_world import SENDER, Farm, live

BOUND = int((NOW + AHEAD_MAX).timestamp())
SECOND = timedelta(seconds=1)


def snapshot(world: World, number: int) -> Head:
    return world.with_snapshot(numbered(number), by=world.pods[:3])


def vault(world: World, number: int) -> Head:
    return world.change("vault", numbered(number), by=world.pods[:3])


def released(world: World, number: int) -> Head:
    return world.change("vault", lambda signed: signed.unrecognized_fields.update({SEQUENCE_FIELD: number}))


def timestamp(world: World, number: int) -> Head:
    return world.with_timestamp(numbered(number))


def listed(world: World, number: int) -> Head:
    """A role that there is not yet has a number in the snapshot already."""
    meta = MetaFile(number, unrecognized_fields={NAMED_FIELD: "0" * 64})
    return world.with_snapshot(lambda signed: signed.meta.update({"later.json": meta}), by=world.pods[:3])


def numbered(number: int) -> Change:
    return lambda signed: setattr(signed, "version", number)


KINDS = pytest.mark.parametrize("jump", [snapshot, vault, released, timestamp, listed])
Jump = Callable[[World, int], Head]


@pytest.fixture
def world() -> World:
    world = World()
    world.accept(world.release("0.1.1"))
    return world


def rotate(world: World, vault_change: Change = unchanged) -> None:
    """The owners of three stolen keys change them; everything is signed anew, each statement numbered one higher."""
    gone, new = world.pods[:3], [party(number) for number in (21, 22, 23)]
    change = all_of(*map(add_pod, new), *map(drop_pod, gone))
    world.head = world.with_root(change, by=[*world.pods, *new])
    world.pods = [*world.pods[3:], *new]
    statements = {}
    for role in ("targets", "vault", "app"):
        content = world.head.targets if role == "targets" else world.head.delegated[role]
        statements[role] = following(read(content, Targets).metadata)
    change(statements["targets"].signed)
    vault_change(statements["vault"].signed)
    for statement in statements.values():
        sign(statement, world.pods)
    world.head = world.joined(statements)


@KINDS
@pytest.mark.parametrize("number", [BOUND + 1, VERSION_MAX])
def test_what_three_pods_number_ahead_of_time_is_refused(world: World, jump: Jump, number: int):
    with pytest.raises(NumberedAhead):
        world.verify(jump(world, number))


@KINDS
def test_what_thieves_number_as_high_as_they_can_is_followed_once_a_root_drops_them(world: World, jump: Jump):
    honest = world.head
    world.head = jump(world, BOUND)
    world.accept()
    with pytest.raises(Rollback):
        world.verify(honest)

    def count(signed: Any) -> None:
        signed.unrecognized_fields[SEQUENCE_FIELD] += 1

    rotate(world, count if jump is released else unchanged)
    assert world.accept(now=NOW + SECOND).is_newer
    assert [release.name for release in world.verify(now=NOW + SECOND).releases] == ["vault/0.1.1"]


def test_what_thieves_say_of_the_time_lifts_no_bound(world: World):
    def later(signed: Any) -> None:
        signed.unrecognized_fields[SIGNED_AT_FIELD] = time_text(NOW + 5 * DAY)

    world.head = world.with_snapshot(later, by=world.pods[:3])
    world.accept()
    assert world.chain.clock_floor == NOW + 5 * DAY
    with pytest.raises(NumberedAhead):
        world.verify(snapshot(world, BOUND + 1))


def test_a_farm_whose_clock_is_behind_takes_what_is_numbered_as_usual(world: World):
    assert world.verify(world.release("0.1.2"), now=BEGINNING + SECOND).is_newer


def test_who_asks_at_whatever_time_takes_every_number(world: World):
    assert world.verify(snapshot(world, VERSION_MAX), now=BEGINNING).is_newer


@pytest.mark.usefixtures("cheap_twins")
def test_a_farm_keeps_nothing_of_it_blames_nobody_and_takes_it_when_its_time_has_come(tmp_path: Path):
    farm = Farm(folder=tmp_path)
    ahead = encode(snapshot(farm.signed, BOUND + 60))

    async def story(updates: Updates) -> None:
        assert (await updates.offered(ahead, SENDER)).outcome == "refused"
        assert (updates.head, farm.blamed, updates.updates().refused_heads) == (b"", [], ())

    async def later(updates: Updates) -> None:
        await asyncio.sleep(60.0)
        assert (await updates.offered(ahead, SENDER)).outcome == "accepted"

    live(farm, story)
    live(farm, later)
