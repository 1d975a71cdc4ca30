"""Meeting through routers, by a third vault: who asks for it, who passes it on, and who dials whom for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from node.vault import control
from node.vault.core.events import Ask, AskFailed, DialUnanswered, Effect, Event, Reply, RequestReceived, SeenAt, Send
from node.vault.core.identity import (
    ADDRESSES_MAX,
    CLOCK_SKEW_S,
    PeerRecord,
    Signer,
    certify,
    decode_record,
    make_record,
    subnet_of,
)
from node.vault.core.messages import Arrange, Meet, Ping, Pong, Refused, Request
from node.vault.core.rendezvous import GO_BETWEENS, MEETINGS_MAX, PAUSE_S, SUBNET_BURST, TARGET_BURST, TARGET_PER_S
from node.vault.core.routing_table import FAILURES_MAX
from tests.vault_world import START_S, World

OUTER = "44.200.1.1:4433"


class Here:
    """A vault behind a router, and strangers on the internet that it may know."""

    def __init__(self, outer: str = OUTER) -> None:
        self.world = World()
        self.actor = self.world.add(1)
        if outer:
            self.step(SeenAt(self.world.now(), (*self.actor.vault.record.addresses, outer)))
        self._count = 1000

    def step(self, event: Event) -> list[Effect]:
        return self.actor.vault.step(event)

    def stranger(self, number: int, *addresses: str) -> PeerRecord:
        chance = self.world.random
        transport = Signer(chance.randbytes(32))
        certificate = certify(Signer(chance.randbytes(32)), transport.public_key, serial=1, now_s=START_S)
        return make_record(transport, certificate, addresses or (f"44.0.{number}.1:4000",), START_S)

    def known(self, number: int, *addresses: str) -> PeerRecord:
        """One that has asked from subnet 44.0.``number``.0/24."""
        record = self.stranger(number, *addresses)
        self.asked(record, Ping(b""), f"44.0.{number}.0/24")
        return record

    def asked(self, peer: PeerRecord, message: Request, subnet: str = "") -> tuple[Any, list[Effect]]:
        """What it answers to this, and what else it does."""
        self._count += 1
        seen_from = subnet or subnet_of(peer.addresses[0])
        effects = self.step(RequestReceived(self.world.now(), self._count, peer, seen_from, message))
        (reply,) = [effect.message for effect in effects if isinstance(effect, Reply)]
        return reply, [effect for effect in effects if not isinstance(effect, Reply)]

    def unanswered(self, peer: PeerRecord) -> list[Send]:
        """What it sends because nobody answers there."""
        effects = self.step(DialUnanswered(self.world.now(), peer))
        return [effect for effect in effects if isinstance(effect, Send)]


class TestBeingSeen:
    def test_the_router_s_address_is_named_from_then_on(self):
        here = Here()
        told = here.step(SeenAt(here.world.now(), ("10.0.1.1:4000", OUTER)))
        assert here.actor.vault.record.addresses == ("10.0.1.1:4000", OUTER)
        (listening,) = [getattr(effect, "report", None) for effect in told]
        assert isinstance(listening, control.Listening)
        assert decode_record(listening.record, START_S).addresses == ("10.0.1.1:4000", OUTER)

    def test_it_belongs_to_the_subnet_in_which_others_see_it(self):
        here = Here("")
        desk = here.actor.vault._desk
        here.known(2)
        before = desk.own_place.subnet
        here.step(SeenAt(here.world.now(), ("10.0.1.1:4000", OUTER)))
        here.world.pass_time(60.0)
        assert (before, desk.own_place.subnet) == ("10.0.1.0/24", subnet_of(OUTER))
        assert desk.own_place in here.actor.vault._replicator._presence.places

    def test_a_computer_with_many_addresses_names_as_many_as_others_take_and_those_of_the_internet_first(self):
        here = Here()
        local = tuple(f"192.168.{number}.1:4000" for number in range(ADDRESSES_MAX + 4))
        here.step(SeenAt(here.world.now(), (*local, OUTER)))
        record = here.actor.vault.record
        assert record.addresses == (*local[: ADDRESSES_MAX - 1], OUTER)
        assert decode_record(msgspec.msgpack.encode(record), START_S) == record


class TestWhoCannotComeIn:
    def test_asks_those_next_to_the_peer_to_tell_it_to_dial(self):
        here = Here()
        others = [here.known(number) for number in range(2, 8)]
        peer = here.stranger(50)
        nearest = sorted(others, key=lambda other: other.position ^ peer.position)
        (send,) = here.unanswered(peer)
        assert (send.message, send.most) == (Arrange(peer.vault_id), GO_BETWEENS)
        assert send.peers[:GO_BETWEENS] == tuple(nearest[:GO_BETWEENS])

    def test_does_not_ask_the_peer_to_tell_itself(self):
        here = Here()
        peer, other = here.known(2), here.known(3)
        (send,) = here.unanswered(peer)
        assert send.peers == (other,)

    def test_asks_again_only_after_a_pause(self):
        here = Here()
        peer = here.stranger(50)
        assert here.unanswered(peer) == []  # nobody is known yet
        here.known(2)
        assert len(here.unanswered(peer)) == 1
        here.world.now_s += PAUSE_S - 1.0
        assert here.unanswered(peer) == []
        here.world.now_s += 1.0
        assert len(here.unanswered(peer)) == 1

    def test_asks_nobody_where_no_router_is_in_between(self):
        here = Here()
        here.known(2)
        assert here.unanswered(here.stranger(50, "10.0.7.1:4000")) == []

    def test_asks_nobody_while_it_could_not_be_dialled_either(self):
        here = Here(outer="")
        here.known(2)
        assert here.unanswered(here.stranger(50)) == []


class TestWhoIsInBetween:
    def test_tells_the_one_that_the_other_dials_it(self):
        here = Here()
        asking, wanted = here.known(2), here.known(3)
        reply, effects = here.asked(asking, Arrange(wanted.vault_id))
        assert isinstance(reply, Pong)
        assert effects == [Send((wanted,), Meet(asking), 1)]

    def test_tells_nobody_of_an_address_at_which_it_has_not_seen_the_one_that_asks(self):
        here = Here()
        wanted = here.known(3)
        asking = here.known(2, "44.99.99.1:4000")
        assert here.asked(asking, Arrange(wanted.vault_id), "44.0.2.0/24") == (Refused("not_known"), [])

    def test_passes_no_other_record_on_than_the_one_at_which_it_has_seen_the_one_that_asks(self):
        here = Here()
        owner, transport = (Signer(here.world.random.randbytes(32)) for _ in range(2))
        certificate = certify(owner, transport.public_key, serial=1, now_s=START_S)
        true = make_record(transport, certificate, ("44.0.2.1:4000",), START_S)
        false = make_record(transport, certificate, ("44.66.66.66:53",), START_S - 1.0)
        wanted = here.known(3)
        here.asked(true, Ping(b""))
        _, effects = here.asked(false, Arrange(wanted.vault_id), "44.0.2.0/24")
        assert effects == [Send((wanted,), Meet(true), 1)]

    def test_knows_nothing_of_strangers(self):
        here = Here()
        reply, effects = here.asked(here.known(2), Arrange(here.stranger(50).vault_id))
        assert (reply, effects) == (Refused("not_known"), [])

    def test_passes_on_no_more_than_a_few_for_one_subnet(self):
        here = Here()
        asking, wanted = here.known(2), here.known(3)
        replies = [here.asked(asking, Arrange(wanted.vault_id))[0] for _ in range(int(SUBNET_BURST) + 1)]
        assert replies[-2:] == [Pong(b""), Refused("busy")]


class TestWhoIsTold:
    def test_dials_the_one_that_waits(self):
        here = Here()
        go_between, waiting = here.known(2), here.stranger(50)
        reply, effects = here.asked(go_between, Meet(waiting))
        assert isinstance(reply, Pong)
        (ask,) = [effect for effect in effects if isinstance(effect, Ask)]
        assert (ask.peer, ask.message) == (waiting, Ping(b""))

    def test_asks_nobody_to_tell_that_one_in_turn(self):
        here = Here()
        go_between, waiting = here.known(2), here.stranger(50)
        here.asked(go_between, Meet(waiting))
        assert here.unanswered(waiting) == []

    def test_asks_nobody_where_it_was_before(self):
        here = Here()
        owner, transport = (Signer(here.world.random.randbytes(32)) for _ in range(2))
        certificate = certify(owner, transport.public_key, serial=1, now_s=START_S)
        before = make_record(transport, certificate, ("44.0.7.1:4000",), START_S - 1.0)
        now = make_record(transport, certificate, ("44.0.8.1:4000",), START_S)
        go_between = here.known(2)
        here.asked(now, Ping(b""))
        for _ in range(FAILURES_MAX):
            _, effects = here.asked(go_between, Meet(before))
            for ask in effects:
                if isinstance(ask, Ask):
                    here.step(AskFailed(here.world.now(), ask.ask_id, "peer.unreachable"))
        assert here.actor.vault._desk.table.get(now.vault_id) is not None

    def test_takes_the_word_of_no_client(self):
        here = Here()
        stranger = here.stranger(50, "10.0.7.1:4000")
        here.actor.vault._desk.table.remove(stranger.vault_id)
        client = make_record_without_addresses(here)
        assert here.asked(client, Meet(stranger), "44.0.9.0/24") == (Refused("not_known"), [])

    @pytest.mark.parametrize("addresses", [(), ("10.0.7.1:4000",)], ids=["none", "local"])
    def test_dials_nobody_who_names_no_address_on_the_internet(self, addresses: tuple[str, ...]):
        here = Here()
        waiting = here.stranger(50, *addresses) if addresses else make_record_without_addresses(here)
        assert here.asked(here.known(2), Meet(waiting)) == (Refused("not_known"), [])

    def test_blames_who_shows_a_record_that_nobody_signed(self):
        here = Here()
        go_between = here.known(2)
        forged = msgspec.structs.replace(here.stranger(50), addresses=("44.77.7.7:1",))
        reply, effects = here.asked(go_between, Meet(forged))
        assert (reply, effects) == (Refused("peer.signature"), [])
        assert here.actor.vault._desk.counters["blamed peer.signature"] == 1

    def test_blames_nobody_for_a_record_that_holds_by_the_clock_of_who_shows_it_only(self):
        here = Here()
        go_between = here.known(2)
        here.world.now_s -= CLOCK_SKEW_S + 1.0
        assert here.asked(go_between, Meet(here.stranger(50))) == (Refused("peer.signature"), [])
        standing = here.actor.vault._desk.ledger.standing(go_between.vault_id)
        assert standing is None or standing.faults == 0

    def test_dials_no_more_than_a_few_for_one_subnet(self):
        here = Here()
        go_between = here.known(2)
        many = range(50, 51 + int(SUBNET_BURST))
        replies = [here.asked(go_between, Meet(here.stranger(number)))[0] for number in many]
        assert replies[-2:] == [Pong(b""), Refused("busy")]

    def test_takes_nothing_from_subnets_into_which_it_does_not_dial(self):
        here = Here()
        go_between = here.known(2)
        many = tuple(f"44.0.{number}.1:4000" for number in range(50, 50 + ADDRESSES_MAX))
        for _ in range(int(TARGET_BURST)):
            here.asked(go_between, Meet(here.stranger(50, *many)))
        assert here.asked(go_between, Meet(here.stranger(50 + ADDRESSES_MAX - 1)))[0] == Pong(b"")

    def test_dials_no_more_than_a_few_at_once_however_many_subnets_say_so(self):
        here = Here()
        asks: list[Ask] = []
        for number in range(2, 3 + MEETINGS_MAX // int(SUBNET_BURST)):
            go_between = here.known(number)
            for place in range(int(SUBNET_BURST)):
                reply, effects = here.asked(go_between, Meet(here.stranger(1, f"45.{number}.{place}.1:4000")))
                asks += [effect for effect in effects if isinstance(effect, Ask)]
        assert (len(asks), reply) == (MEETINGS_MAX, Refused("busy"))
        here.step(AskFailed(here.world.now(), asks[0].ask_id, "peer.unreachable"))
        assert here.asked(here.known(100), Meet(here.stranger(200)))[0] == Pong(b"")

    def test_dials_into_one_subnet_seldom_whoever_says_that_somebody_waits_there(self):
        here = Here()
        go_betweens = [here.known(number) for number in range(2, 4 + int(TARGET_BURST))]
        replies = [here.asked(go_between, Meet(here.stranger(50)))[0] for go_between in go_betweens]
        assert replies[-2:] == [Refused("busy"), Refused("busy")]
        here.world.now_s += 1 / TARGET_PER_S
        assert here.asked(go_betweens[0], Meet(here.stranger(50)))[0] == Pong(b"")


def make_record_without_addresses(here: Here) -> PeerRecord:
    """A client: it asks, and cannot be asked."""
    transport = Signer(here.world.random.randbytes(32))
    certificate = certify(Signer(here.world.random.randbytes(32)), transport.public_key, serial=1, now_s=START_S)
    return make_record(transport, certificate, (), START_S)
