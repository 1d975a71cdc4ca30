"""A home that was copied runs twice under one vault id: the run that nobody counts any more finds it out."""

from __future__ import annotations

import msgspec
import pytest

from node.vault import CONTROL_VERSIONS, control
from node.vault.core.events import CommandReceived
from node.vault.core.identity import CERTIFICATE_S, PeerRecord, Signer, certify, make_record
from node.vault.core.messages import Answer, FindVaults, Ping, Refused, Vaults
from tests.vault_world import START_S, Actor, World, frames_told


def newer_age_s(world: World, actor: Actor) -> float | None:
    world.feed(actor, CommandReceived(world.now(), control.GetState(9_000)))
    found = actor.reports(control.State)[-1]
    assert isinstance(found, control.State)
    return found.newer_age_s


def naming(record: PeerRecord):
    """How one tampers with its answers: whom it names is this one."""

    def tamper(answer: Answer) -> Answer:
        return Vaults((record,)) if isinstance(answer, Vaults) else answer

    return tamper


def own_record(actor: Actor, *, serial: int, now_s: float = START_S, owner: Signer | None = None) -> PeerRecord:
    """Of a run of the vault, or what somebody else says is one."""
    transport = Signer(bytes(31) + b"7")
    certificate = certify(owner or actor.owner, transport.public_key, serial=serial, now_s=now_s)
    certificate = msgspec.structs.replace(certificate, vault_id=actor.vault_id)
    return make_record(transport, certificate, ("10.0.77.1:4000",), now_s)


class TestAHomeThatRunsTwice:
    def test_the_run_that_is_not_counted_any_more_tells_so_and_the_newer_one_does_not(self):
        world = World()
        older, *others = world.grow(6)
        assert newer_age_s(world, older) is None

        newer = world.add(50, contacts=others[:3], again=older)
        world.pass_time(60.0)

        age_s = newer_age_s(world, older)
        assert age_s is not None
        assert age_s <= 20.0
        assert newer_age_s(world, newer) is None
        assert all(newer_age_s(world, other) is None for other in others)

    def test_what_was_seen_ages_once_the_other_run_is_over(self):
        world = World()
        older, *others = world.grow(6)
        newer = world.add(50, contacts=others[:3], again=older)
        world.pass_time(60.0)
        newer.is_dead = True
        world.pass_time(300.0)

        age_s = newer_age_s(world, older)
        assert age_s is not None
        assert age_s >= 100.0

    def test_who_is_older_is_refused_all_but_the_newer_record(self):
        world = World()
        older, *others = world.grow(6)
        newer = world.add(50, contacts=others[:3], again=older)
        world.pass_time(60.0)

        asked = next(one for one in others if one.vault._desk.table.has_newer(older.vault.record))
        assert world.ask(older, asked, FindVaults(bytes(32))) == Vaults((newer.vault.record,))
        assert world.ask(older, asked, Ping(b"")) == Refused("peer.signature")

    def test_two_that_meet_on_one_network_find_it_out_at_once(self):
        world = World()
        older, *_ = world.grow(6)
        newer = world.add(50, again=older)
        world.ask(newer, older, FindVaults(bytes(32)))
        assert newer_age_s(world, older) is not None
        assert newer_age_s(world, newer) is None


def test_a_newer_record_is_seen_whoever_names_it():
    world = World()
    actor, *others = world.grow(4)
    record = own_record(actor, serial=9)
    others[-1].tamper = naming(record)
    world.pass_time(60.0)
    assert newer_age_s(world, actor) is not None


@pytest.mark.parametrize(
    "named",
    [
        pytest.param(lambda actor: own_record(actor, serial=0), id="an earlier run's"),
        pytest.param(lambda actor: actor.vault.record, id="its own"),
        pytest.param(lambda actor: own_record(actor, serial=9, owner=Signer(bytes(32))), id="a forged one"),
        pytest.param(
            lambda actor: own_record(actor, serial=9, now_s=START_S + CERTIFICATE_S),
            id="one from before a clock went back",
        ),
        pytest.param(lambda actor: own_record(actor, serial=9, now_s=START_S - 2 * CERTIFICATE_S), id="an expired one"),
    ],
)
def test_a_record_that_proves_no_other_run_is_none(named):
    world = World()
    actor, *others = world.grow(4)
    record = named(actor)
    for other in others:
        other.tamper = naming(record)
    world.pass_time(60.0)
    assert newer_age_s(world, actor) is None


@pytest.mark.parametrize("version", CONTROL_VERSIONS)
def test_a_supervisor_of_an_older_version_is_not_told_what_it_could_not_read(version: int):
    sent = frames_told(version, control.State(1, 0, 0, 0, 0, 0, {}, newer_age_s=3.0))
    assert [b"newer_age_s" in frame for frame in sent] == [version >= 7]
