"""Two farms in one home, and a farm and its twins, are one holder to each other, as they are to everybody else."""

from __future__ import annotations

import hashlib

from node.vault import control
from node.vault.core.events import SeenAt
from node.vault.core.identity import subnet_of
from tests.vault_world import Actor, World

OUTER, LATER = "44.200.1.1:4433", "44.201.1.1:4433"  # of the home's router
CHUNK = b"held in the own home twice"


def at_home(outer: str = "") -> tuple[World, Actor, Actor]:
    """A vault and its neighbour in one home, who know each other, and at which address others see the first one."""
    world = World()
    neighbour = world.add(1, host=2)
    here = world.add(1, contacts=[neighbour])
    world.pass_time(2.0)
    if outer:
        seen_at(world, here, outer)
    return world, here, neighbour


def seen_at(world: World, here: Actor, *outer: str) -> None:
    world.feed(here, SeenAt(world.now(), (here.address, *outer)))


def subnets(here: Actor) -> set[str]:
    """In which it and those whom it knows count as holders."""
    desk = here.vault._desk
    return {desk.own_place.subnet, *(peer.subnet for peer in desk.table)}


def somewhere(world: World, here: Actor, number: int) -> Actor:
    """A vault on the internet that both know."""
    other = world.add(number, contacts=[here])
    other.address = f"44.0.{number}.1:4000"
    seen_at(world, other, other.address)
    return other


class TestWhereTheyStand:
    def test_a_neighbour_stands_where_the_own_router_is_seen_as_soon_as_that_is_known(self):
        world, here, _ = at_home()
        assert subnets(here) == {"10.0.1.0/24"}
        seen_at(world, here, OUTER)
        assert subnets(here) == {subnet_of(OUTER)}

    def test_one_that_is_met_later_does_so_too(self):
        world, here, _ = at_home(OUTER)
        world.add(7, contacts=[here])  # in another one of the home's own networks
        world.pass_time(2.0)
        assert len(here.vault._desk.table) == 2
        assert subnets(here) == {subnet_of(OUTER)}

    def test_it_goes_along_to_the_next_address_and_back_to_none(self):
        world, here, _ = at_home(OUTER)
        seen_at(world, here, LATER)
        assert subnets(here) == {subnet_of(LATER)}
        seen_at(world, here)
        assert subnets(here) == {"10.0.1.0/24"}

    def test_who_is_seen_on_the_internet_stands_there(self):
        world, here, _ = at_home(OUTER)
        somewhere(world, here, 2)
        world.pass_time(2.0)
        assert subnets(here) == {subnet_of(OUTER), "44.0.2.0/24"}

    def test_where_no_address_is_one_of_the_internet_each_network_counts(self):
        world, here, _ = at_home()
        world.add(7, contacts=[here])
        world.pass_time(2.0)
        assert subnets(here) == {"10.0.1.0/24", "10.0.7.0/24"}

    def test_it_still_is_where_it_says(self):
        _, here, neighbour = at_home(OUTER)
        known = here.vault._desk.table.get(neighbour.vault.record.vault_id)
        assert known is not None
        assert known.is_where_it_says
        assert here.vault._lookout.looks(here.vault._desk).outside_subnets == 0


def test_a_chunk_in_two_homes_only_is_not_stored_although_one_of_them_holds_it_twice():
    world, here, neighbour = at_home(OUTER)
    others = [somewhere(world, here, number) for number in range(2, 6)]
    world.pass_time(20.0)
    for other in others[1:]:
        other.is_dead = True
    told = world.command(here, lambda number: control.PutChunk(number, CHUNK))
    address = hashlib.sha256(CHUNK).digest()
    assert [address in actor.chunks for actor in (here, neighbour, others[0])] == [True, True, True]
    assert isinstance(told, control.Failed)
    assert told.message.startswith("2 holders took the chunk, 3 are needed")
