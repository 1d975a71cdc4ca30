"""Where a vault says that it can be reached: whom that is told, and what is dialled of it."""

from __future__ import annotations

import pytest

from node.vault.core.events import AnswerReceived, Ask, AskFailed, DialUnanswered, Reply, SeenAt, VaultFound
from node.vault.core.identity import (
    ADDRESSES_MAX,
    LOCAL_DIALLED_MAX,
    PUBLIC_DIALLED_MAX,
    Introduction,
    PeerRecord,
    addresses_to_dial,
    addresses_to_name,
    decode_record,
    is_public,
    subnet_of,
)
from node.vault.core.messages import RECORDS_MAX, FindVaults, Meet, Ping, Pong, Vaults
from tests.unit.test_vault_attacks import TARGET, Peer, ask, of, peers
from tests.vault_world import START_S, Actor, World

HOME = "203.0.113.0/24"


@pytest.mark.parametrize(
    ("address", "is_on_the_internet"),
    [
        ("44.200.1.1:4433", True),
        ("[2a02:8388:1:2::3]:4433", True),
        ("127.0.7.1:4000", False),
        ("[::1]:4433", False),  # where a computer has no other address of IPv6, its vault names this one
        ("[fe80::1]:4433", False),
        ("[fd12:3456:789a::1]:4433", False),
        ("100.64.0.1:4433", False),
    ],
)
def test_which_addresses_are_of_the_internet(address: str, is_on_the_internet: bool):
    assert is_public(subnet_of(address)) == is_on_the_internet


def named(world: World, actor: Actor, subnet: str = "10.0.99.0/24") -> list[tuple[str, ...]]:
    """The addresses of all vaults that somebody in this subnet is told of."""
    (reply,) = of(Reply, ask(world, actor, Peer(500).record, FindVaults(TARGET), subnet))
    return [record.addresses for record in reply.message.records]


@pytest.mark.parametrize(
    ("addresses", "seen_from"),
    [
        (("203.0.113.7:4000",), HOME),
        (("192.168.1.7:4000", "203.0.113.7:4000"), HOME),  # behind a router that passes its port on
        (("192.168.1.7:4000",), "192.168.1.0/24"),  # a neighbour on the local network
        (("10.8.0.2:4000", "192.168.1.7:4000"), "192.168.1.0/24"),
        (("127.0.7.1:4000",), "127.0.7.0/24"),  # a practice network
        (("[2001:db8:1:2::3]:4000",), "2001:db8:1::/48"),
    ],
)
def test_a_vault_is_named_that_is_seen_where_it_says_that_it_is(addresses, seen_from):
    world = World()
    actor = world.add(1)
    ask(world, actor, Peer(1, *addresses).record, Ping(b""), seen_from)
    assert named(world, actor) == [addresses]


def test_nobody_is_sent_to_addresses_that_the_vault_was_not_seen_at():
    world = World()
    actor = world.add(1)
    victims = tuple(f"203.0.113.{number}:443" for number in range(1, 9))
    ask(world, actor, Peer(1, *victims).record, Ping(b""), "198.51.100.0/24")
    assert named(world, actor) == []


def test_two_behind_one_router_are_told_of_each_other():
    world = World()
    actor = world.add(1)
    ask(world, actor, Peer(1, "192.168.1.7:4000").record, Ping(b""), HOME)
    assert named(world, actor) == []
    assert named(world, actor, HOME) == [("192.168.1.7:4000",)]


def test_vaults_that_may_not_be_named_take_no_place_of_those_that_may():
    world = World()
    actor = world.add(1)
    known = sorted(peers(2 * RECORDS_MAX), key=lambda peer: peer.record.position ^ int.from_bytes(TARGET, "big"))
    for number, peer in enumerate(known):
        ask(world, actor, peer.record, Ping(b""), HOME if number < RECORDS_MAX else "10.9.9.0/24")
    in_table = [peer for peer in known[RECORDS_MAX:] if actor.vault._desk.table.get(peer.vault_id) is not None]
    assert len(named(world, actor)) == len(in_table) > RECORDS_MAX / 2


class TestHowManySubnetsTheNetworkHas:
    def test_a_contact_that_was_met_counts_where_it_is_seen_and_not_once_more_where_it_says_that_it_is(self):
        world = World()
        met, away = (world.add(number) for number in (2, 3))
        met.address = "44.0.2.1:4000"
        here = world.add(1, contacts=[met, away])
        away.is_dead = True
        world.pass_time(10.0)
        assert {peer.subnet for peer in here.vault._desk.table} == {"44.0.2.0/24"}
        assert here.vault._neighbourhood.known_subnets(here.vault._desk) == 3  # the own one, and the two others

    def test_one_that_was_met_and_is_silent_now_counts_where_it_was_seen(self):
        world = World()
        here, met = world.add(1), world.add(2)
        met.address = "44.0.1.1:4000"
        ask(world, here, met.vault.record, Ping(b""), "44.0.1.0/24")
        desk, peer = here.vault._desk, here.vault._desk.table.get(met.vault.record.vault_id)
        assert peer is not None
        desk.table.remove(peer.vault_id)
        here.vault._neighbourhood.lost(peer)
        seen_at = SeenAt(world.now(), (here.address, "44.0.1.2:4000"))  # two behind one router
        here.vault.step(seen_at)
        assert here.vault._neighbourhood.known_subnets(desk) == 1


class TestWhatIsDialled:
    def test_of_many_addresses_on_the_internet_two(self):
        many = tuple(f"203.0.{number}.1:443" for number in range(ADDRESSES_MAX))
        assert addresses_to_dial(many, ()) == many[:PUBLIC_DIALLED_MAX]

    def test_of_one_subnet_one(self):
        assert addresses_to_dial(("8.8.8.1:1", "8.8.8.2:1", "8.8.8.2:2"), ()) == ("8.8.8.1:1",)

    def test_of_both_ip_versions_one(self):
        both = ("8.8.8.8:1", "9.9.9.9:1", "[2600::1]:1", "[2700::1]:1")
        assert addresses_to_dial(both, ()) == ("8.8.8.8:1", "[2600::1]:1")

    def test_local_ones_beside_those_on_the_internet(self):
        assert addresses_to_dial(("192.168.1.7:1", "8.8.8.8:1"), ()) == ("8.8.8.8:1", "192.168.1.7:1")

    def test_of_many_local_ones_those_of_the_own_networks_first(self):
        bridges = tuple(f"172.{number}.0.1:1" for number in range(16, 22))
        dialled = addresses_to_dial((*bridges, "192.168.1.7:1"), ("192.168.1.9:5", "10.0.0.1:5"))
        assert dialled == ("192.168.1.7:1", *bridges[: LOCAL_DIALLED_MAX - 1])

    def test_the_only_one_there_is(self):
        for address in ("127.0.7.1:4000", "[fe80::1%2]:4000", "8.8.8.8:1"):
            assert addresses_to_dial((address,), ()) == (address,)

    def test_of_two_computers_with_containers_at_home_the_home_address_of_the_other_first(self):
        bridges = tuple(f"172.{number}.0.1" for number in range(17, 20))
        named = (*(f"{host}:4" for host in bridges), "192.168.178.20:4")
        own = (*(f"{host}:5" for host in bridges), "192.168.178.21:5")
        assert addresses_to_dial(named, own)[0] == "192.168.178.20:4"

    def test_in_another_part_of_a_local_network_its_bridges_last(self):
        bridges = tuple(f"172.{number}.0.1:4" for number in range(17, 20))
        assert addresses_to_dial((*bridges, "192.168.2.20:4"), ("192.168.1.9:5",))[0] == "192.168.2.20:4"

    def test_two_vaults_on_one_computer_find_each_other_all_the_same(self):
        hosts = ("172.17.0.1", "192.168.178.20")
        named, own = (tuple(f"{host}:{port}" for host in hosts) for port in (4, 5))
        assert set(addresses_to_dial(named, own)) == set(named)


class TestWhatIsNamed:
    def test_bridges_to_containers_do_not_push_out_the_address_at_home(self):
        home, line = "192.168.178.20:4", ("[2a02:aaaa:1:2::5]:9", "[2a02:aaaa:1:2:7::1]:9")
        bridges = ("172.17.0.1:4", "172.18.0.1:4", "172.19.0.1:4", "172.20.0.1:4", "192.168.122.1:4")
        named = addresses_to_name(("10.8.0.2:4", *bridges, home, *line))
        assert named == ("10.8.0.2:4", *bridges[:4], home, *line)

    def test_few_addresses_stay_as_they_are(self):
        few = ("172.17.0.1:4", "192.168.178.20:4", "8.8.8.8:1")
        assert addresses_to_name(few) == few


class TestWhoIsNamedFirstAmongContacts:
    def world(self) -> tuple[World, Actor, list[Peer]]:
        """A vault that knows four homes: two came by themselves, two were dialled, the last one in vain at first."""
        world = World()
        here = world.add(1)
        homes = [Peer(number, f"44.0.{number}.1:4000") for number in range(4)]
        for home in homes[:2]:
            ask(world, here, home.record, Ping(b""), subnet_of(home.addresses[0]))
        for home in homes[2:]:
            self.dialled(world, here, home, is_at_once=home is homes[2])
        return world, here, homes

    def dialled(self, world: World, here: Actor, home: Peer, *, is_at_once: bool) -> None:
        introduction = Introduction(home.signer.public_key, home.addresses)
        (asked,) = of(Ask, here.vault.step(VaultFound(world.now(), introduction)))
        if not is_at_once:
            here.vault.step(DialUnanswered(world.now(), asked.peer))
        seen_in = subnet_of(home.addresses[0])
        here.vault.step(AnswerReceived(world.now(), asked.ask_id, seen_in, Vaults((), is_full=False), home.record))

    def contacts(self, here: Actor) -> list[PeerRecord]:
        desk, neighbourhood = here.vault._desk, here.vault._neighbourhood
        return [decode_record(record, START_S) for record in neighbourhood.contacts(desk)]

    def test_one_that_was_dialled_by_a_stranger_and_answered_at_once(self):
        _, here, homes = self.world()
        assert self.contacts(here) == [home.record for home in (homes[2], homes[0], homes[1], homes[3])]

    def test_none_that_dials_too_because_it_was_told_to(self):
        world, here, homes = self.world()
        last = Peer(9, "44.0.9.1:4000")
        here.vault.step(SeenAt(world.now(), (here.address, "44.200.1.1:4433")))
        told = ask(world, here, homes[0].record, Meet(last.record), "44.0.0.0/24")
        (asked,) = of(Ask, told)
        here.vault.step(AnswerReceived(world.now(), asked.ask_id, "44.0.9.0/24", Pong(b""), last.record))
        assert self.contacts(here)[-1] == last.record

    def test_but_none_that_is_silent_now(self):
        world, here, homes = self.world()
        here.vault._desk.ask(here.vault._carrier, homes[2].record, Ping(b""))
        (asked,) = of(Ask, here.vault._desk.take_effects())
        here.vault.step(AskFailed(world.now(), asked.ask_id, "peer.unreachable"))
        assert self.contacts(here)[-1] == homes[2].record

    def test_where_all_are_silent_it_is_the_first_to_be_asked_whether_the_line_is_alive(self):
        _, here, homes = self.world()
        for home in homes:
            here.vault._neighbourhood.silent(here.vault._desk, home.record)
        assert self.contacts(here) == [home.record for home in (homes[2], homes[3], homes[1], homes[0])]

    def test_in_a_network_of_one_computer_all_are_named_as_long_as_they_are_known(self):
        world = World()
        here = world.add(1)
        first, second = Peer(1, "127.0.1.1:4000"), Peer(2, "127.0.2.1:4000")
        ask(world, here, first.record, Ping(b""), "127.0.1.0/24")
        self.dialled(world, here, second, is_at_once=True)
        assert self.contacts(here) == [first.record, second.record]
