"""In which order the sweep comes by, and how soon: homes are on for some hours a day, and hold many chunks."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping

import msgspec
import pytest

from node.vault.core import reading
from node.vault.core.close_group import Place
from node.vault.core.desk import Desk
from node.vault.core.events import Ask, Now
from node.vault.core.fresh import FRESH_S, TURN_S
from node.vault.core.messages import CHUNK_BYTES_MAX, Audit
from node.vault.core.proving import Line
from node.vault.core.reading import BYTES_PER_S, READ_BYTES_MIN, Purpose
from node.vault.core.sweep import Sweep
from node.vault.limiting import Limits
from tests.unit.test_fresh import brought
from tests.unit.test_replication import PACE, missing, network
from tests.vault_world import Actor, World

DAY_S = 24 * 3600.0
STEP_S = 60.0


def desk_with(count: int) -> Desk:
    world = World()
    desk = world.add(1).vault._desk
    desk.add_held({world.random.randbytes(32): 1 for _ in range(count)}, is_counted=True)
    return desk


def swept(sweep: Sweep, desk: Desk, from_s: float, seconds: float, room: int = 1_000) -> list[bytes]:
    taken: list[bytes] = []
    for step in range(int(seconds / STEP_S)):
        desk.now = Now(from_s + step * STEP_S, 0.0)
        if sweep.due_s <= desk.now.monotonic_s:
            taken += sweep.take(desk, room)
    return taken


class TestARound:
    def test_comes_by_each_chunk_once_spread_over_its_time(self):
        desk = desk_with(720)
        sweep = Sweep(DAY_S)
        half = swept(sweep, desk, 0.0, DAY_S / 2)
        whole = half + swept(sweep, desk, DAY_S / 2, DAY_S / 2)
        assert 350 < len(half) < 370
        assert sorted(whole) == sorted(desk.held)

    def test_is_followed_by_one_in_the_same_order(self):
        desk = desk_with(720)
        sweep = Sweep(DAY_S)
        first, second = (swept(sweep, desk, day * DAY_S, DAY_S) for day in range(2))
        assert first == second

    def test_begins_elsewhere_after_each_start_so_that_a_home_that_is_on_for_a_third_of_the_day_comes_to_all(self):
        desk = desk_with(720)
        days = [swept(Sweep(DAY_S), desk, day * DAY_S, DAY_S / 3) for day in range(14)]
        assert all(len(day) < 250 for day in days)
        assert len(set().union(*days)) > 700

    def test_that_is_hurried_goes_on_from_where_the_sweep_was_and_takes_only_what_there_is_room_for(self):
        desk = desk_with(720)
        sweep = Sweep(DAY_S)
        before = swept(sweep, desk, 0.0, DAY_S / 4)

        sweep.hurry()
        hurried = swept(sweep, desk, DAY_S / 4, 10 * STEP_S, room=72)
        after = swept(sweep, desk, DAY_S / 4 + 10 * STEP_S, DAY_S / 2)

        assert len(hurried) == len(set(hurried)) == 720
        assert set(hurried[-len(before) :]) == set(before)
        assert after == hurried[: len(after)]
        assert 350 < len(after) < 370


def started_again(world: World, actors: list[Actor], kept: Mapping[bytes, bytes]) -> Actor:
    """The fourth one, which all others have missed, with these chunks."""
    actors[3].is_dead = True
    world.pass_time(PACE.repair_delay_s + 30.0)
    actors[3] = world.add(4, contacts=actors[:3], pace=PACE, again=actors[3], chunks=kept, quota_bytes=1 << 24)
    return actors[3]


def many(count: int) -> dict[bytes, bytes]:
    contents = [b"only here %d" % number for number in range(count)]
    return {hashlib.sha256(content).digest(): content for content in contents}


def audited(actor: Actor) -> list[tuple[bytes, bytes]]:
    """Whom it has asked to prove which chunk."""
    asks = (effect for effect in actor.effects if isinstance(effect, Ask))
    return [(ask.peer.vault_id, ask.message.address) for ask in asks if isinstance(ask.message, Audit)]


class TestAVaultThatIsStarted:
    """With a sweep that takes eleven days, so that what is seen here is what the start brings about."""

    @pytest.mark.long
    def test_gives_up_what_is_far_outside_of_its_groups(self):
        world, actors, addresses = network(count=14)
        places = [Place(actor.vault_id, actor.vault.record.position, actor.address) for actor in actors]
        far = next(
            address
            for address in addresses
            if actors[3].vault_id in [place.vault_id for place in sorted(places, key=nearness(address))[-5:]]
        )
        content = next(actor.chunks[far] for actor in actors if far in actor.chunks)

        back = started_again(world, actors, {**actors[3].chunks, far: content})
        world.pass_time(60.0)

        assert far not in back.chunks
        assert missing(actors, addresses) == 0

    @pytest.mark.long
    def test_has_what_came_lately_proven_though_it_is_not_through_with_what_it_held_and_somebody_has_come(
        self, monkeypatch
    ):
        world, actors, _ = network(count=6, chunks=0)
        back = started_again(world, actors, many(2_000))
        world.pass_time(40.0)  # in which it is through with enough that the newcomer is to be given
        monkeypatch.setitem(reading.BYTES_PER_S, Purpose.UPKEEP, READ_BYTES_MIN)
        world.add(50, contacts=actors[:3], pace=PACE)
        content = b"brought by somebody who goes away"
        address = hashlib.sha256(content).digest()
        brought(world, actors[0], back, content)

        world.pass_time(FRESH_S + 6 * TURN_S)

        assert len({vault_id for vault_id, asked in audited(back) if asked == address}) >= 4
        assert len(back.vault._replicator) > 1_000

    @pytest.mark.long
    def test_is_as_soon_through_with_what_it_held_though_somebody_is_found_who_was_switched_on_later(self, monkeypatch):
        world, actors, _ = network(count=6, chunks=0, quota_bytes=1 << 24)
        monkeypatch.setitem(reading.BYTES_PER_S, Purpose.UPKEEP, READ_BYTES_MIN)
        held = many(240)
        back = started_again(world, actors, held)
        world.pass_time(40.0)
        newcomer = world.add(50, contacts=actors[:3], pace=PACE, quota_bytes=1 << 24)
        world.pass_time(250.0)

        asked = {address for _, address in audited(back)}
        assert asked == held.keys()
        assert missing([*actors, newcomer], list(held)) == 0

    @pytest.mark.long
    def test_asks_nobody_for_more_in_a_second_than_it_reads_itself(self):
        world, actors, _ = network(count=9, chunks=0)
        back = started_again(world, actors, many(600))
        reads_max = BYTES_PER_S[Purpose.UPKEEP] // READ_BYTES_MIN
        world.pass_time(15.0)
        for _ in range(6):
            back.effects.clear()
            world.pass_time(5.0)
            asked = Counter(vault_id for vault_id, _ in audited(back))
            assert 5 * reads_max / 2 < max(asked.values()) <= 6 * reads_max

    def test_asks_about_full_chunks_as_fast_over_a_thin_line_as_over_any_other(self):
        content = bytes(CHUNK_BYTES_MAX)
        world, actors, _ = network(count=5, chunks=0, quota_bytes=1 << 24)
        for actor in actors:
            actor.chunks[hashlib.sha256(content).digest()] = content
        pace = msgspec.structs.replace(PACE, repair_bytes_per_s=2_000)
        actors[3].is_dead = True
        back = world.add(4, contacts=actors[:3], pace=pace, again=actors[3], chunks=actors[3].chunks)
        world.pass_time(20.0)
        assert len({vault_id for vault_id, _ in audited(back)}) == 4


def test_in_a_pause_an_eighth_is_read():
    def read_in_a_minute(limits: Limits) -> int:
        line, now_s = Line(1 << 20), 1_000.0
        line.keep_to(limits)
        end_s, count = now_s + 60.0, 0
        while now_s < end_s:
            line.reads.spend(Purpose.UPKEEP, CHUNK_BYTES_MAX, now_s)
            now_s, count = max(now_s, line.reads.free_at_s(Purpose.UPKEEP)), count + 1
        return count

    assert (read_in_a_minute(Limits()), read_in_a_minute(Limits(is_taking=False))) == (61, 8)


def nearness(address: bytes) -> Callable[[Place], int]:
    return lambda place: place.position ^ int.from_bytes(address, "big")
