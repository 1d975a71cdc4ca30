"""What one identity or one subnet may take of a vault, so that something is left for everyone else."""

from __future__ import annotations

import hashlib

from node.vault.core.events import ChunkWritten, Reply, RequestReceived, Started, Ticked, WriteChunk
from node.vault.core.limits import (
    FILL_SHARE,
    IDENTITY_BURST,
    KNOWN_S,
    LAST_ROOM,
    LAST_SHARE,
    PENDING_MAX,
    PENDING_SUBNET_MAX,
    RESTORE_SHARE,
    SMALL_NETWORK_SUBNETS,
    SUBNET_BURST,
    Buckets,
    RequestLimits,
)
from node.vault.core.messages import Get, Ping, Pong, Put, Refused
from node.vault.core.room import PLACE_BYTES, PLACES_MIN
from tests.unit.test_vault_attacks import NONCE, Peer, ask, of, peers
from tests.vault_world import Actor, World

FLOOD = "10.66.0.0/24"
OTHER = "10.77.0.0/24"
CLIENT = Peer(900).record


def answers(world: World, actor: Actor, identities: list[Peer], subnet: str, count: int) -> list[bool]:
    """Whether each of ``count`` pings was answered."""
    replies = []
    for number in range(count):
        effects = ask(world, actor, identities[number % len(identities)].record, Ping(b""), subnet)
        replies += [isinstance(reply.message, Pong) for reply in of(Reply, effects)]
    return replies


def test_a_flood_from_one_identity_leaves_the_others_their_share():
    world = World()
    actor = world.add(1)
    flooding = answers(world, actor, [Peer(1)], FLOOD, int(IDENTITY_BURST) + 100)
    assert flooding == [True] * int(IDENTITY_BURST) + [False] * 100
    assert answers(world, actor, [Peer(2)], FLOOD, 10) == [True] * 10
    assert answers(world, actor, [Peer(3)], OTHER, 10) == [True] * 10


def test_a_flood_from_many_identities_of_one_subnet_leaves_other_subnets_theirs():
    world = World()
    actor = world.add(1)
    flooding = answers(world, actor, [Peer(number) for number in range(40)], FLOOD, int(SUBNET_BURST) + 100)
    assert sum(flooding) == int(SUBNET_BURST)
    assert answers(world, actor, [Peer(50)], OTHER, 10) == [True] * 10


def test_a_fast_reader_is_never_held_up():
    world = World()
    actor, reader = world.add(1), Peer(1).record
    for number in range(20 * 250):
        world.now_s = number / 250
        (reply,) = of(Reply, ask(world, actor, reader, Ping(b""), FLOOD))
        assert isinstance(reply.message, Pong)


def test_questions_of_one_subnet_do_not_occupy_the_whole_disk():
    world = World()
    actor = world.add(1)
    actor.vault.step(Started(world.now(), (actor.address,), {}, 0, is_counted=False))
    limits = actor.vault._desk.limits
    for number in range(PENDING_SUBNET_MAX):
        limits.begin(number, FLOOD)
    (refused,) = of(Reply, ask(world, actor, CLIENT, Get(bytes(32), NONCE), FLOOD))
    assert refused.message == Refused("busy")
    assert of(Reply, ask(world, actor, CLIENT, Get(bytes(32), NONCE), OTHER)) == []  # it is being read
    limits.end(0)
    assert of(Reply, ask(world, actor, Peer(5).record, Get(bytes(32), NONCE), FLOOD)) == []


def test_what_waits_for_a_disk_that_does_not_answer_is_bounded_however_many_ask():
    """Each chunk that waits to be written lies in memory, also when nobody waits for the answer any more."""
    world = World()
    actor = world.add(1, quota_bytes=1 << 40)
    subnets = [f"10.8.{number}.0/24" for number in range(PENDING_MAX // PENDING_SUBNET_MAX + 2)]
    writes, number = 0, 0
    for subnet in subnets:
        for _ in range(PENDING_SUBNET_MAX):
            content, number = b"%d" % number, number + 1
            message = Put(hashlib.sha256(content).digest(), content)
            effects = actor.vault.step(RequestReceived(world.now(), number, CLIENT, subnet, message))
            writes += len(of(WriteChunk, effects))
    assert writes <= PENDING_MAX
    assert effects == [Reply(number, Refused("busy"))]
    pong = actor.vault.step(RequestReceived(world.now(), number + 1, CLIENT, OTHER, Ping(b"")))
    assert isinstance(of(Reply, pong)[0].message, Pong)


def test_no_table_of_limits_grows_for_ever():
    buckets, limits = Buckets(10), RequestLimits()
    for number in range(3 * PENDING_MAX):
        buckets.take(str(number), 0.0, cost=1.0, per_s=1.0, burst=1.0)
        assert limits.begin(number, str(number)) is (number < PENDING_MAX)
    assert len(buckets) == 10
    assert len(limits._pending) == len(limits._pending_counts) == PENDING_MAX


def fill(
    world: World, actor: Actor, count: int, subnet: str = FLOOD, who: Peer | None = None, length: int = 8000
) -> list[str]:
    """Put chunks that are the actor's to hold; return the codes of those that were refused."""
    codes, number = [], 0
    while count:
        number += 1
        content = f"{subnet} {number}".encode().ljust(length, b".")
        address = hashlib.sha256(content).digest()
        if not actor.vault._desk.is_mine(address):
            continue
        count -= 1
        effects = ask(world, actor, who.record if who else CLIENT, Put(address, content), subnet)
        codes += [reply.message.code for reply in of(Reply, effects)]
        for write in of(WriteChunk, effects):
            actor.vault.step(ChunkWritten(world.now(), write.token))
    return codes


def crowded(world: World, subnets: int) -> Actor:
    """A vault with room for 100 chunks of 8,000 bytes that others bring, and that knows so many subnets."""
    actor = world.add(1, quota_bytes=1_066_666)
    for number, peer in enumerate(peers(subnets)):
        ask(world, actor, peer.record, Ping(b""), f"10.1.{number}.0/24")
    return actor


def test_one_subnet_fills_no_more_than_its_share_and_others_still_find_room():
    world = World()
    actor = crowded(world, 2 * SMALL_NETWORK_SUBNETS)
    assert fill(world, actor, 40) == ["share"] * (40 - 100 // FILL_SHARE)
    assert fill(world, actor, 20, OTHER) == []
    assert actor.vault._desk.counters["put over share"] == 40 - 100 // FILL_SHARE


def test_after_a_day_a_subnet_may_fill_a_share_again():
    world = World()
    actor = crowded(world, 2 * SMALL_NETWORK_SUBNETS)
    fill(world, actor, 25)
    world.now_s += 24 * 3600.0
    assert fill(world, actor, 75) == ["share"] * 25  # the first third of them lies there already


def test_in_a_small_network_one_person_may_fill_everything():
    world = World()
    actor = crowded(world, SMALL_NETWORK_SUBNETS - 4)
    assert fill(world, actor, 60) == []


def test_an_identity_made_to_fit_the_close_group_is_not_believed_to_restore_copies_before_it_is_known():
    world = World()
    actor = crowded(world, 2 * SMALL_NETWORK_SUBNETS)
    near = min(peers(200), key=lambda peer: peer.record.position ^ actor.vault.record.position)
    ask(world, actor, near.record, Ping(b""), FLOOD)
    assert "share" in fill(world, actor, 40, FLOOD, near)
    world.now_s += KNOWN_S
    codes = fill(world, actor, 60, FLOOD, near)
    assert codes.count("share") < 10


def neighbours_of(actor: Actor, count: int) -> list[Peer]:
    """Identities made to stand next to the vault."""
    return sorted(peers(1_000), key=lambda peer: peer.record.position ^ actor.vault.record.position)[:count]


def test_a_known_neighbour_that_says_it_restores_copies_leaves_room_for_others():
    world = World()
    actor = crowded(world, 2 * SMALL_NETWORK_SUBNETS)
    (near,) = neighbours_of(actor, 1)
    ask(world, actor, near.record, Ping(b""), FLOOD)
    world.now_s += KNOWN_S
    fill(world, actor, 200, FLOOD, near)
    assert actor.vault._desk.used_bytes <= 800_000 / RESTORE_SHARE + 800_000 / FILL_SHARE
    assert fill(world, actor, 10, OTHER) == []


def test_the_last_room_is_nobodys_alone_however_many_say_that_they_restore_copies():
    world = World()
    actor = crowded(world, 2 * SMALL_NETWORK_SUBNETS)
    crowd = neighbours_of(actor, 4)
    for number, near in enumerate(crowd):
        ask(world, actor, near.record, Ping(b""), f"10.66.{number}.0/24")
    world.now_s += KNOWN_S
    for number, near in enumerate(crowd):
        fill(world, actor, 60, f"10.66.{number}.0/24", near)
    assert actor.vault._desk.used_bytes <= 800_000 * (1 - 1 / LAST_ROOM + 4 / LAST_SHARE)
    assert fill(world, actor, 1, OTHER) == []


def test_a_chunk_finds_room_in_a_small_quota_too():
    world = World()
    actor = crowded(world, 2 * SMALL_NETWORK_SUBNETS)
    actor.vault._desk.quota_bytes = 4_000  # of which others fill 3,000
    assert fill(world, actor, 2, length=1_000) == ["share"]


def test_chunks_of_a_few_bytes_take_places_too_so_that_the_disk_gives_no_more_than_was_lent():
    world = World()
    actor = crowded(world, SMALL_NETWORK_SUBNETS - 4)
    desk = actor.vault._desk
    desk.quota_bytes = 2 * PLACES_MIN * PLACE_BYTES
    desk.held.update({number.to_bytes(32, "big"): 1 for number in range(2 * PLACES_MIN * 3 // 4 - 1)})
    assert not desk.is_full
    assert fill(world, actor, 1) == []
    assert desk.is_full
    assert not desk.has_room(bytes(32 * [7]), 1)
    assert desk.has_room((0).to_bytes(32, "big"), 1)  # it lies there already


def test_one_subnet_fills_no_more_than_its_share_of_the_places_with_chunks_of_a_few_bytes():
    world = World()
    actor = crowded(world, 2 * SMALL_NETWORK_SUBNETS)
    places = 2 * PLACES_MIN
    actor.vault._desk.quota_bytes = places * PLACE_BYTES
    accepted = places * 3 // 4 // FILL_SHARE
    assert fill(world, actor, 2 * accepted, length=0) == ["share"] * accepted
    for number in range(3):
        fill(world, actor, accepted, f"10.66.{number}.0/24", length=0)
    assert len(actor.vault._desk.held) <= places * (1 - 1 / LAST_ROOM + 3 / LAST_SHARE)
    assert fill(world, actor, 1, OTHER, length=0) == []


def test_a_refused_flood_costs_no_signature_and_no_look_at_the_disk():
    world = World()
    actor = world.add(1)
    answers(world, actor, [Peer(1)], FLOOD, int(IDENTITY_BURST))
    effects = ask(world, actor, Peer(1).record, Put(bytes(32), b"x"), FLOOD)
    assert effects == [Reply(1, Refused("busy"))]
    actor.vault.step(Ticked(world.now()))
