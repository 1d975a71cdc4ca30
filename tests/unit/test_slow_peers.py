"""Peers that answer as late as they may: they cost time in their own lane, and nobody else's copies wait for them."""

from __future__ import annotations

import hashlib
from functools import partial

import msgspec
import pytest

from node.vault import control
from node.vault.core import replication
from node.vault.core.close_group import Place, close_group
from node.vault.core.desk import Desk
from node.vault.core.events import CommandReceived
from node.vault.core.lanes import PAUSE_S, PAUSE_S_MAX, SUBNET_AT_ONCE, Lanes
from node.vault.core.messages import Answer, Audit, Audited, NotHeld, Put, Refused, Stored
from node.vault.core.passes import Pass
from node.vault.core.proving import ROUND, Line
from node.vault.core.reading import BYTES_PER_S, Purpose, Reads
from node.vault.core.replication import REPAIRS_AT_ONCE
from node.vault.core.works import ROOM, Kind, Work, Works
from tests.unit.test_handover import leave, shrink
from tests.unit.test_replication import PACE, asks, give, group, missing
from tests.vault_world import Actor, World

LEAVE_S = 20.0  # what a vault is given when its farmer quits
FEW = 100
NEWCOMERS = 5  # more than can be served at once
LATE_AUDIT_S = 4.9  # just before the asker gives up
LATE_PUT_S = 9.9


def network(count: int, chunks: int = FEW, pace: control.Pace = PACE) -> tuple[World, list[Actor], list[bytes]]:
    world = World(4)
    actors = world.grow(count, pace=pace)
    for number in range(chunks):
        world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(1_000 + number, b"%d" % number)))
        if number % 20 == 19:
            world.pass_time(2.0)
    world.pass_time(10.0)
    return world, actors, [report.address for report in actors[0].reports(control.Stored)]


def late(answer: Answer) -> float:
    if isinstance(answer, Audited | NotHeld):
        return LATE_AUDIT_S
    return LATE_PUT_S if isinstance(answer, Stored | Refused) else 0.0


def after(seconds: float, _answer: Answer) -> float:
    return seconds


def just_not_late(answer: Answer) -> float:
    return 1.9 if isinstance(answer, Audited | NotHeld) else 0.0


def add_crowd(world: World, actors: list[Actor], late_s: object = late, quota_bytes: int = 0) -> list[Actor]:
    """Four identities behind one address that take their time."""
    crowd = [world.add(99, host=host, contacts=actors[:3], pace=PACE, quota_bytes=quota_bytes) for host in (1, 2, 3, 4)]
    for each in crowd:
        each.late_s = late_s  # type: ignore[assignment]
    return crowd


def owed(actors: list[Actor], crowd: list[Actor], addresses: list[bytes]) -> int:
    """Copies that are missing where they are owed, the crowd's apart."""
    return sum(
        address not in actor.chunks
        for address in addresses
        for actor in group([*actors, *crowd], address)
        if actor not in crowd
    )


class TestACrowdThatIsLate:
    @pytest.mark.long
    @pytest.mark.parametrize("late_s", [late, just_not_late])
    def test_it_does_not_hold_up_what_others_are_to_be_given_after_deaths(self, late_s):
        world, actors, addresses = network(12)
        crowd = add_crowd(world, actors, late_s)
        world.pass_time(60.0)
        for dead in actors[2:5]:
            dead.is_dead = True
        assert owed(actors, crowd, addresses) > 10
        world.pass_time(60.0)  # noticed after three pings, then the delay, then the copies
        assert owed(actors, crowd, addresses) == 0

    @pytest.mark.long
    @pytest.mark.parametrize("late_s", [late, just_not_late])
    def test_it_does_not_keep_a_vault_from_handing_over_in_time(self, late_s):
        world, actors, _ = network(7)
        add_crowd(world, actors, late_s)
        world.pass_time(5.0)
        leave(world, actors[3], LEAVE_S)
        last = actors[3].reports(control.HandedOver)[-1]
        assert (last.done, last.left) == (len(actors[3].chunks), 0)

    @pytest.mark.long
    @pytest.mark.parametrize("late_s", [late, just_not_late])
    def test_it_does_not_keep_a_vault_from_giving_room_back(self, late_s):
        world, actors, _ = network(7)
        add_crowd(world, actors, late_s)
        world.pass_time(5.0)
        shrink(world, actors[3], 0)
        world.pass_time(120.0)
        assert actors[3].chunks == {}
        assert actors[3].vault._desk.counters["removed unproven"] == 0

    @pytest.mark.long
    def test_it_is_asked_a_few_things_at_a_time_and_seldom(self):
        world, actors, _ = network(7)
        crowd = add_crowd(world, actors)
        for actor in actors:
            actor.effects.clear()
        world.pass_time(120.0)
        ids = {each.vault_id for each in crowd}
        for actor in actors:
            asked = [ask for ask in asks(actor) if isinstance(ask.message, Audit | Put) and ask.peer.vault_id in ids]
            assert 0 < len(asked) <= 2 * SUBNET_AT_ONCE + 2 * 120.0 / PAUSE_S

    @pytest.mark.long
    def test_it_gets_its_copies_once_it_answers_in_time(self):
        world, actors, addresses = network(7, chunks=20)
        crowd = add_crowd(world, actors, quota_bytes=1 << 20)
        for each in crowd:
            each.tamper = lambda answer: answer if not isinstance(answer, Stored) else Refused("busy")
        world.pass_time(60.0)
        assert all(actor.vault._desk.counters["proof failed busy"] for actor in actors if actor.chunks)
        for each in crowd:
            each.late_s = each.tamper = None
        world.pass_time(2 * PAUSE_S_MAX)
        assert missing([*actors, *crowd], addresses) == 0


@pytest.mark.long
def test_a_slow_vault_that_takes_its_copies_gets_all_of_them():
    world, actors, addresses = network(7, chunks=20)
    slow = world.add(99, contacts=actors[:3], pace=PACE)
    slow.late_s = lambda answer: 3.0 if isinstance(answer, Audited | NotHeld | Stored) else 0.0
    world.pass_time(180.0)
    assert slow.chunks
    assert missing([*actors, slow], addresses) == 0


def test_a_leaving_vault_waits_for_all_who_are_in_time():
    world, actors, addresses = network(9, chunks=20)
    others = [actor for actor in actors if actor is not actors[3]]
    for number, actor in enumerate(others):
        actor.late_s = partial(after, 0.05 * number)
    leave(world, actors[3], 5.0)  # nobody else has taken the departure up by then
    assert missing(others, addresses) == 0


@pytest.mark.long
def test_what_was_to_be_repaired_does_not_take_the_line_from_a_vault_that_leaves():
    pace = msgspec.structs.replace(PACE, repair_bytes_per_s=2_000)
    world, actors, _ = network(7, pace=pace)
    for number in range(3):
        world.add(90 + number, contacts=actors[:3], pace=pace)
    world.pass_time(7.0)
    waiting = len(actors[3].vault._replicator)
    assert waiting > 3 * REPAIRS_AT_ONCE
    leave(world, actors[3], LEAVE_S)
    assert len(actors[3].vault._replicator) >= waiting - REPAIRS_AT_ONCE


@pytest.mark.long
def test_copies_that_a_departure_has_made_necessary_overtake_those_for_a_newcomer():
    world = World()
    pace = control.Pace(
        audit_s=1e6, ping_s=5.0, refresh_s=10.0, scrub_s=1e6, sweep_s=1e6, repair_delay_s=5.0, repair_bytes_per_s=5_000
    )
    actors = world.grow(7, pace=pace, quota_bytes=1 << 24)
    contents = [world.random.randbytes(10_000) for _ in range(300)]
    addresses = [hashlib.sha256(content).digest() for content in contents]
    for address, content in zip(addresses, contents, strict=True):
        for actor in group(actors, address):
            give(actor, address, content)
    newcomers = [world.add(50 + n, contacts=actors[:2], pace=pace, quota_bytes=1 << 24) for n in range(NEWCOMERS)]
    world.pass_time(15.0)
    actors[3].is_dead = True
    alive = [actor for actor in actors if not actor.is_dead]
    lost = owed(alive, newcomers, addresses)
    world.pass_time(100.0)
    assert lost > 20
    assert owed(alive, newcomers, addresses) == 0
    assert missing([*alive, *newcomers], addresses) > 100


class Entrant:
    """Remembers what became of it."""

    def __init__(self) -> None:
        self.became = ""

    def admitted(self, desk: Desk) -> None:
        self.became = "admitted"

    def passed_over(self, desk: Desk) -> None:
        self.became = "passed over"


class TestALane:
    def test_as_many_as_may_are_admitted_and_the_next_when_one_leaves(self):
        lanes, desk, entrants = opened()
        enter(lanes, desk, entrants)
        assert [each.became for each in entrants] == ["admitted"] * SUBNET_AT_ONCE + [""] * 4
        lanes.leave(desk, "a", spent_s=1.0, is_proven=False)
        assert entrants[SUBNET_AT_ONCE].became == "admitted"
        assert entrants[SUBNET_AT_ONCE + 1].became == ""

    def test_other_subnets_have_lanes_of_their_own(self):
        lanes, desk, entrants = opened()
        enter(lanes, desk, entrants)
        other = Entrant()
        lanes.enter(desk, "b", other)
        assert other.became == "admitted"

    def test_one_that_ends_late_and_unproven_lets_all_who_wait_be_passed_over(self):
        lanes, desk, entrants = opened()
        enter(lanes, desk, entrants)
        lanes.leave(desk, "a", spent_s=5.0, is_proven=False)
        assert [each.became for each in entrants[SUBNET_AT_ONCE:]] == ["passed over"] * 4
        late = Entrant()
        lanes.enter(desk, "a", late)
        assert late.became == "passed over"

    def test_those_who_end_late_together_pause_it_once(self):
        lanes, desk, entrants = opened()
        enter(lanes, desk, entrants[:SUBNET_AT_ONCE])
        for _ in range(SUBNET_AT_ONCE):
            lanes.leave(desk, "a", spent_s=5.0, is_proven=False)
        assert lanes.is_paused("a", PAUSE_S - 0.1)
        assert not lanes.is_paused("a", PAUSE_S)

    def test_after_a_pause_one_at_a_time_is_admitted_until_one_has_proven_something(self):
        lanes, desk, entrants = opened()
        enter(lanes, desk, entrants[:1])
        lanes.leave(desk, "a", spent_s=5.0, is_proven=False)
        pass_to(desk, PAUSE_S)
        enter(lanes, desk, entrants[1:])
        assert [each.became for each in entrants[1:]] == ["admitted"] + [""] * (len(entrants) - 2)
        lanes.leave(desk, "a", spent_s=1.0, is_proven=False)
        assert [each.became for each in entrants[2:]] == ["admitted"] + [""] * (len(entrants) - 3)
        lanes.leave(desk, "a", spent_s=5.0, is_proven=True)
        assert [each.became for each in entrants[3:]] == ["admitted"] * SUBNET_AT_ONCE + [""]

    def test_each_pause_is_twice_as_long_up_to_a_limit(self):
        lanes, desk, _ = opened()
        lasted = []
        for _ in range(6):
            enter(lanes, desk, [Entrant()])
            lanes.leave(desk, "a", spent_s=5.0, is_proven=False)
            begun_s = desk.now.monotonic_s
            pause_s = next(s for s in range(1_000) if not lanes.is_paused("a", begun_s + s))
            lasted.append(pause_s)
            pass_to(desk, begun_s + pause_s)
        assert lasted == [10, 20, 40, 80, 120, 120]

    def test_who_withdraws_is_neither_admitted_nor_passed_over(self):
        lanes, desk, entrants = opened()
        enter(lanes, desk, entrants)
        lanes.withdraw("a", entrants[SUBNET_AT_ONCE])
        lanes.leave(desk, "a", spent_s=0.0, is_proven=True)
        assert [each.became for each in entrants[SUBNET_AT_ONCE:]] == ["", "admitted", "", ""]


def test_what_is_urgent_overtakes_the_rest_on_the_line_but_not_without_end():
    _, desk, _ = opened()
    line, sent = Line(1), list[bool]()
    for _ in range(2 * ROUND):
        for is_urgent in (False, True):
            line.send(desk, 1, lambda _desk, is_urgent=is_urgent: sent.append(is_urgent), is_urgent=is_urgent)  # type: ignore[misc]
    sent.clear()
    for second in range(1, ROUND + 2):
        pass_to(desk, float(second))
        line.tick(desk)
    assert sent[-ROUND:].count(True) == ROUND - 1


def test_a_turn_that_ends_at_once_and_lets_the_next_one_in_may_be_followed_by_any_number_of_them():
    _, desk, _ = opened()
    line, ended = Line(1 << 20), list[int]()

    def end(desk: Desk, number: int) -> None:
        ended.append(number)
        if number < 2_000:
            line.send(desk, 0, partial(end, number=number + 1), is_urgent=True)

    line.send(desk, 0, partial(end, number=1), is_urgent=True)
    assert ended == list(range(1, 2_001))


@pytest.fixture
def _room_for_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "RETRIES_LATE_MAX", 8)


@pytest.mark.long
@pytest.mark.usefixtures("_room_for_few")
def test_what_is_to_be_tried_again_with_a_late_crowd_leaves_room_for_others():
    world, actors, _ = network(7)
    add_crowd(world, actors)
    world.pass_time(60.0)
    retrying = [actor.vault._replicator._works.retrying for actor in actors]
    assert 0 < max(retrying) <= 8 + SUBNET_AT_ONCE + REPAIRS_AT_ONCE


def test_one_pass_finds_who_has_come_and_another_who_has_moved_up():
    chance = World(6).random
    for _ in range(50):
        before = [place(n, chance.randrange(1 << 256)) for n in range(12)]
        joined = [place(20 + n, chance.randrange(1 << 256)) for n in range(3)]
        left, after = before[3:5], [*before[:3], *before[5:], *joined]
        addresses = [chance.randbytes(32) for _ in range(10)]
        come = findings(Pass(addresses, after, joined, []))
        moved = findings(Pass(addresses, after, joined, left, is_of_left=True))
        for address in addresses:
            was, now = close_group(before, address), close_group(after, address)
            newcomers = {one.vault_id for one in now if one not in was and one is not after[0]}
            ids = {one.vault_id for one in joined}
            others = {one.vault_id for one in now if one is not after[0]}
            assert come.get(address, set()) == (
                others if stands_in(after[0], now, joined, address) else newcomers & ids
            )
            limit = after[0].position ^ int.from_bytes(address, "big")
            has_nearer_left = any(one.position ^ int.from_bytes(address, "big") < limit for one in left)
            is_outside = after[0] not in was and has_nearer_left
            assert moved.get(address, set()) == (others if is_outside else newcomers - ids)


def stands_in(own: Place, now: list[Place], joined: list[Place], address: bytes) -> bool:
    """Whether the own vault holds the chunk from outside of the group, and one who has come is nearer."""
    target = int.from_bytes(address, "big")
    nearer = [one for one in joined if one.position ^ target < own.position ^ target]
    return own not in now and any(one not in now for one in nearer)


def place(number: int, position: int) -> Place:
    return Place(bytes([number]), position, f"subnet {number}")


def findings(walk: Pass) -> dict[bytes, set[bytes]]:
    found: dict[bytes, set[bytes]] = {}
    while not walk.is_over:
        finding = walk.next()
        if finding is not None:
            found[finding.address] = {member.vault_id for member in finding.members}
    return found


class TestTheWorks:
    def test_urgent_ones_are_taken_first_but_not_without_end(self):
        works = Works(Lanes(), Reads())
        for number in range(10):
            works.push(0.0, Work(bytes([number]), None, Kind.SWEEP))
            works.push(0.0, Work(bytes([100 + number]), None, Kind.URGENT))
        taken = [works.take(1.0) for _ in range(2 * ROUND)]
        assert [work.is_urgent for work in taken if work] == [True, True, True, False] * 2

    def test_what_waits_for_a_lane_is_taken_as_soon_as_there_is_room(self):
        lanes, desk, entrants = opened()
        enter(lanes, desk, entrants[:SUBNET_AT_ONCE])
        works = Works(lanes, Reads())
        works.park("a", Work(b"parked", None, Kind.SWEEP))
        assert works.take(1.0) is None
        assert works.due_s(1.0) > 1.0
        lanes.leave(desk, "a", spent_s=0.0, is_proven=True)
        assert works.due_s(1.0) == 1.0
        assert works.take(1.0) == Work(b"parked", None, Kind.SWEEP)
        assert len(works) == 0

    def test_neither_those_for_an_open_lane_nor_the_others_wait_for_ever(self):
        works = Works(Lanes(), Reads())
        for number in range(20):
            works.park("a", Work(bytes([number]), None, Kind.SWEEP))
            works.push(0.0, Work(bytes([100 + number]), None, Kind.SWEEP))
        taken = {work.address[0] >= 100 for _ in range(2 * ROUND) if (work := works.take(1.0))}
        assert taken == {True, False}

    @pytest.mark.parametrize("full", Kind)
    def test_each_kind_has_room_of_its_own_and_is_taken_however_much_there_is_of_another(self, full: Kind):
        works = Works(Lanes(), Reads())
        while works.room(full):
            works.push(0.0, Work(b"one of many", None, full))
        others = [kind for kind in Kind if kind is not full]
        assert [works.room(kind) for kind in others] == [ROOM[kind] for kind in others]
        for kind in others:
            works.push(1.0, Work(b"%d" % kind.value, None, kind))
        taken = [works.take(1.0) for _ in range(3 * ROUND)]
        assert {work.kind for work in taken if work} == set(Kind)

    def test_what_came_lately_is_taken_before_what_is_only_looked_at_now_and_then(self):
        works = Works(Lanes(), Reads())
        for number in range(10):
            for kind in (Kind.SWEEP, Kind.ARRIVAL, Kind.FRESH):
                works.push(0.0, Work(bytes([number]), None, kind))
        taken = [work.kind for _ in range(2 * ROUND) if (work := works.take(1.0))]
        assert [kind is Kind.FRESH for kind in taken] == [True, True, True, False] * 2
        assert set(taken) == {Kind.FRESH, Kind.SWEEP, Kind.ARRIVAL}

    def test_the_disk_is_read_for_so_much_in_a_second_and_what_is_urgent_does_not_wait_for_the_rest(self):
        reads = Reads()
        works = Works(Lanes(), reads)
        for _ in range(2):
            works.push(0.0, Work(b"swept", None, Kind.SWEEP))
        reads.spend(Purpose.UPKEEP, 3 * BYTES_PER_S[Purpose.UPKEEP], 1.0)
        assert (works.take(1.0), works.due_s(1.0)) == (None, 3.0)
        works.push(0.0, Work(b"urgent", None, Kind.URGENT))
        assert (work := works.take(1.0)) is not None
        assert work.is_urgent
        assert works.take(3.0) is not None


def opened() -> tuple[Lanes, Desk, list[Entrant]]:
    desk = World().add(1).vault._desk
    pass_to(desk, 0.0)
    return Lanes(), desk, [Entrant() for _ in range(SUBNET_AT_ONCE + 4)]


def enter(lanes: Lanes, desk: Desk, entrants: list[Entrant]) -> None:
    for entrant in entrants:
        lanes.enter(desk, "a", entrant)


def pass_to(desk: Desk, now_s: float) -> None:
    world = World()
    world.now_s = now_s
    desk.now = world.now()
