"""The limits as they are in a running vault, in figures: ten times as much would be another vault."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter

import pytest

from node.vault.core.events import ChunkRead, ChunkWritten, Effect, ReadChunk, Reply, RequestReceived, WriteChunk
from node.vault.core.limits import IDENTITIES_KEPT, SUBNETS_KEPT, RequestLimits, StorageShares
from node.vault.core.messages import Get, Ping, Put, Refused, Request
from node.vault.transport.limits import UNPROVEN, Attempts, Places, Requests, Signs
from tests.unit.test_vault_attacks import NONCE, ask, of, peers
from tests.unit.test_vault_limits import CLIENT, FLOOD, OTHER, crowded, fill
from tests.vault_world import Actor, World

MIB = 1 << 20


class TestConnections:
    def test_a_subnet_has_16_places_and_twenty_that_take_all_they_get_leave_some_to_others(self):
        places = Places(Counter())
        with contextlib.ExitStack() as held:
            for number in range(20):
                while places.has_room(str(number)):
                    held.enter_context(places.take(str(number)))
            assert max(places.taken.values()) == 16
            assert places.taken.total() < 256 - 20
            assert places.has_room("a newcomer")

    def test_however_many_they_are_all_together_have_no_more_than_256(self):
        places = Places(Counter())
        with contextlib.ExitStack() as held:
            for number in range(1_000):
                if places.has_room(str(number)):
                    held.enter_context(places.take(str(number)))
            assert 240 < places.taken.total() <= 256

    def test_with_32_strangers_shaking_hands_the_next_one_proves_its_address(self):
        places = Places(Counter())
        with contextlib.ExitStack() as held:
            for _ in range(31):
                held.enter_context(places.take(UNPROVEN))
            assert not places.is_crowded
            held.enter_context(places.take(UNPROVEN))
            assert places.is_crowded

    def test_a_subnet_tries_32_times_at_once_and_4_times_a_second(self):
        attempts = Attempts()
        assert sum(attempts.is_allowed("a", 0.0) for _ in range(100)) == 32
        assert sum(attempts.is_allowed("a", 10.0) for _ in range(100)) == 40 - 8  # no more than at once
        assert sum(attempts.is_allowed("a", 11.0) for _ in range(100)) == 4

    def test_4096_subnets_that_tried_are_remembered(self):
        attempts = Attempts()
        for number in range(5_000):
            attempts.is_allowed(str(number), 0.0)
        assert len(attempts._level) == 4_096

    def test_64_signs_of_life_a_second_are_no_flood(self):
        signs = Signs()
        assert [signs.is_flood(0.5) for _ in range(65)] == [False] * 64 + [True]
        assert not signs.is_flood(1.5)


class TestRequestsThatArrive:
    def test_64_of_one_subnet_and_128_in_all_which_is_160_mb_at_most(self):
        requests = Requests()
        with contextlib.ExitStack() as held:
            for number in range(20):
                while requests.has_room(str(number)):
                    held.enter_context(requests.take(str(number)))
            assert requests._begun["0"] == 64
            assert 120 < requests._begun.total() <= 128

    def test_32_of_one_subnet_are_answered_at_once(self):
        assert Requests().serving("a")._value == 32


class TestQuestionsToTheCore:
    def test_an_identity_asks_2000_times_at_once_and_400_times_a_second(self):
        limits = RequestLimits()
        assert sum(limits.admits(b"a", "subnet", 0.0) for _ in range(2_500)) == 2_000
        assert sum(limits.admits(b"a", "subnet", 1.0) for _ in range(2_500)) == 400

    def test_a_subnet_asks_3000_times_at_once_and_600_times_a_second(self):
        limits = RequestLimits()
        assert sum(limits.admits(b"%d" % (number % 40), "subnet", 0.0) for number in range(4_000)) == 3_000
        assert sum(limits.admits(b"%d" % (number % 40), "subnet", 1.0) for number in range(4_000)) == 600

    def test_4096_identities_and_subnets_are_remembered(self):
        limits = RequestLimits()
        for number in range(5_000):
            limits.admits(b"%d" % number, str(number), 0.0)
        assert (IDENTITIES_KEPT, SUBNETS_KEPT) == (len(limits._identities), len(limits._subnets)) == (4_096, 4_096)

    def test_64_of_a_subnet_wait_for_the_disk_and_256_in_all(self):
        limits = RequestLimits()
        for number in range(64):
            assert limits.admits(b"a", "crowd", 0.0)
            assert limits.begin(10_000 + number, "crowd")
        assert not limits.admits(b"a", "crowd", 0.0)
        assert sum(limits.begin(number, str(number)) for number in range(2_000)) == 192
        assert len(limits._pending) == 256


@pytest.mark.parametrize("is_put", [True, False])
def test_whoever_waits_for_the_disk_takes_a_place_until_it_is_answered(is_put: bool):
    world = World()
    actor = world.add(1, quota_bytes=MIB)
    contents = [b"%d" % number for number in range(64)]
    addresses = [hashlib.sha256(content).digest() for content in contents]
    actor.vault._desk.held.update(dict.fromkeys(addresses, 1))
    messages = [Put(*pair) if is_put else Get(pair[0], NONCE) for pair in zip(addresses, contents, strict=True)]
    waiting = []
    for number, message in enumerate(messages):
        effects = request(world, actor, number, message)
        waiting += [*of(WriteChunk, effects), *of(ReadChunk, effects)]
    assert len(waiting) == 64

    (refused,) = of(Reply, request(world, actor, 100, Ping(b"")))
    assert refused.message == Refused("busy")
    first = waiting[0]
    actor.vault.step(
        ChunkWritten(world.now(), first.token) if is_put else ChunkRead(world.now(), first.token, contents[0])
    )

    (reply,) = of(Reply, request(world, actor, 101, Ping(b"")))
    assert reply.message != Refused("busy")


def request(world: World, actor: Actor, number: int, message: Request) -> list[Effect]:
    return actor.vault.step(RequestReceived(world.now(), number, CLIENT, FLOOD, message))


class TestRoom:
    def test_a_subnet_fills_a_quarter_at_once_and_another_one_in_a_day(self):
        world = World()
        actor = crowded(world, 30)
        assert fill(world, actor, 40).count("share") == 15
        world.now_s += 12 * 3600.0
        assert fill(world, actor, 65).count("share") == 65 - 25 - 12

    def test_in_a_network_of_ten_subnets_and_more_there_are_shares(self):
        world = World()
        assert fill(world, crowded(world, 7), 30) == []
        assert fill(World(), crowded(World(), 8), 30).count("share") == 5

    def test_who_brings_copies_back_is_believed_after_ten_minutes(self):
        believed = []
        for known_s in (599.0, 600.0):
            world = World()
            actor = crowded(world, 30)
            near = min(peers(200), key=lambda peer: peer.record.position ^ actor.vault.record.position)
            ask(world, actor, near.record, Ping(b""), FLOOD)
            world.now_s += known_s
            believed.append(not fill(world, actor, 40, FLOOD, near))
        assert believed == [False, True]

    def test_half_of_the_quota_is_for_one_subnets_copies_and_of_the_last_eighth_a_sixty_fourth(self):
        def take(room_bytes: int, *, is_restoring: bool) -> int:
            shares = StorageShares()
            return sum(
                shares.take(
                    OTHER, 1_000, is_restoring=is_restoring, room_bytes=room_bytes, quota_bytes=640_000, now_s=0.0
                )
                for _ in range(1_000)
            )

        assert take(640_000, is_restoring=False) == 160
        assert take(640_000, is_restoring=True) == 320 + 160
        assert take(80_000, is_restoring=True) == 10
        assert take(81_000, is_restoring=False) == 160
