"""What real endpoints see: a clock that is two years off, who came in by himself, how much flowed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import iroh
import pytest

from node.api import checks
from node.api.schema import Check, CheckName
from node.supervisor.launch import same_port
from node.vault.core.events import Now
from node.vault.core.identity import Signer, certify, encode_record, make_record
from node.vault.errors import PeerError
from node.vault.looks import Looks
from node.vault.transport import endpoint as endpoint_module
from node.vault.transport import seen as seen_module
from node.vault.transport.dialling import Nobody
from node.vault.transport.endpoint import IrohNetwork
from node.vault.transport.seen import CALLED_S, NEWEST, OUTER_S, TOLD_KEPT, Seen
from tests.integration.endpoint_world import Host, play, wait_until
from tests.unit.test_checks import WELL
from tests.unit.test_health import GOOD, how_it_stands

TWO_YEARS_S = 2 * 365.25 * 86_400.0
HOME, FAR, OTHER = "192.168.1.0/24", "93.184.216.0/24", "8.8.8.0/24"


def looks(host: Host) -> Looks:
    return host.network.looks(Looks())


def told(found: Looks, name: CheckName, **changes: object) -> Check:
    evidence = replace(WELL, looks=found, **changes)  # type: ignore[arg-type]
    return next(check for check in checks.checks(evidence) if check.name == name)


@pytest.mark.parametrize(("off_s", "words"), [(-TWO_YEARS_S, "2 years behind"), (TWO_YEARS_S, "2 years ahead")])
def test_whoever_is_refused_for_his_clock_learns_that_it_is_the_clock(off_s: float, words: str):
    async def story(hosts: list[Host]) -> None:
        wrong, *right = hosts
        for other in right:
            with pytest.raises(PeerError):
                await wrong.ping(other)
        evidence = replace(WELL, looks=looks(wrong), peer_count=0)
        state, sentence = how_it_stands(replace(GOOD, peer_count=0, checks=checks.checks(evidence)))
        assert state == "attention"
        assert sentence.startswith(f"The clock of this computer is about {words}; so say 3 other computers. Set date")
        assert not right[0].asked_by
        assert told(looks(right[0]), "clock").result == "wait"

    play(4, story, first_off_s=off_s)


def test_a_right_clock_is_not_blamed_by_a_single_wrong_one():
    async def story(hosts: list[Host]) -> None:
        wrong, right = hosts
        with pytest.raises(PeerError):
            await right.ping(wrong)
        check = told(looks(right), "clock")
        assert (check.result, "which of them is wrong is not known" in check.sentence) == ("wait", True)

    play(2, story, first_off_s=TWO_YEARS_S)


def test_strangers_that_come_put_no_clock_in_the_wrong_however_many_they_are():
    async def story(hosts: list[Host]) -> None:
        own, *strangers = hosts
        for stranger in strangers:
            stranger.clock.off_s = TWO_YEARS_S
            stranger.renew(stranger.network.addresses)
            with pytest.raises(PeerError):
                await stranger.ping(own)
        await wait_until(lambda: own.network.counters["connection refused peer.signature"] == len(strangers))
        assert looks(own).clocks == ()

    play(4, story)


def test_who_came_by_himself_counts_and_who_was_called_before_does_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seen_module, "is_public", lambda _subnet: True)  # as if this computer were the internet

    async def story(hosts: list[Host]) -> None:
        own, called, stranger = hosts
        await own.ping(called)
        await called.network.close()
        await called.bind(181)
        running = asyncio.create_task(called.network.run())
        await asyncio.sleep(0)
        await called.ping(own)
        assert looks(own).outside_age_s is None
        assert told(looks(own), "reach").result == "wait"

        await stranger.ping(own)
        assert looks(own).outside_age_s is not None
        assert told(looks(own), "reach").sentence == "Others on the internet reach this computer by themselves."
        running.cancel()

    play(3, story)


def test_on_one_computer_nobody_comes_from_the_internet():
    async def story(hosts: list[Host]) -> None:
        await hosts[0].ping(hosts[1])
        found = looks(hosts[1])
        assert found.outside_age_s is None
        assert found.nearby_age_s is not None
        assert told(found, "reach", is_practice=True).result == "ok"

    play(2, story)


def test_what_flowed_is_counted_and_stays_counted_when_connections_end():
    async def story(hosts: list[Host]) -> None:
        first, second = hosts
        await first.ping(second)
        before = looks(first)
        assert before.sent_bytes > 500
        assert before.received_bytes > 500
        for _ in range(20):
            await first.ping(second)
        during = looks(first)
        assert during.sent_bytes > before.sent_bytes + 20 * 50
        await second.network.close()
        await wait_until(lambda: not first.network._seen._open)
        assert looks(first).sent_bytes >= during.sent_bytes

    play(2, story)


def test_an_address_that_comes_while_a_vault_runs_is_in_its_record(monkeypatch: pytest.MonkeyPatch):
    async def story(hosts: list[Host]) -> None:
        own, other = hosts
        found = (*own.network.addresses, "77.1.2.3:45010")
        monkeypatch.setattr(IrohNetwork, "addresses", property(lambda _network: found))
        await own.ping(other)
        assert own.record.addresses == found

    play(2, story)


def test_an_address_that_comes_while_nobody_is_dialled_is_in_the_record_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endpoint_module, "LOOK_S", 0.01)

    async def story(hosts: list[Host]) -> None:
        found = (*hosts[0].network.addresses, "77.1.2.3:45010")
        monkeypatch.setattr(IrohNetwork, "addresses", property(lambda _network: found))
        await wait_until(lambda: hosts[0].record.addresses == found)

    play(1, story)


def test_a_vault_asks_for_its_own_port_again_whatever_port_a_router_opened():
    found = ["44.5.5.1:45010", "192.168.7.12:60720", "[2a02:aaaa:1:2::5]:60720"]  # as iroh says it, by number
    endpoint = SimpleNamespace(
        addr=lambda: SimpleNamespace(direct_addresses=lambda: found),
        bound_sockets=lambda: ["0.0.0.0:60720", "[::]:60720"],
    )
    host = Host()
    network = IrohNetwork(
        cast("iroh.Endpoint", endpoint), host._greet, host._answer, host.clock, beat_s=2.0, listener=Nobody()
    )
    assert network.addresses == (found[1], found[2], found[0])
    host.renew(network.addresses)
    assert same_port("0.0.0.0:0", encode_record(host.record)) == "0.0.0.0:60720"


class TestSeen:
    def test_a_door_is_held_open_only_for_who_was_called_and_for_a_while(self):
        seen = Seen()
        seen.called(["93.184.216.34:4000"], 1000.0)
        assert seen.origin(FAR, (), 1000.0 + CALLED_S) == ""
        assert seen.origin(FAR, (), 1001.0 + CALLED_S) == "outside"
        assert seen.origin(OTHER, (), 1000.0) == "outside"

    def test_the_own_home_is_not_outside_whatever_its_address(self):
        seen = Seen()
        assert seen.origin(HOME, (), 0.0) == "nearby"
        assert seen.origin(FAR, ("93.184.216.9:1",), 0.0) == "nearby"

    def test_a_router_between_is_known_when_several_see_an_address_that_is_not_the_own_one(self):
        seen, own = Seen(), ("192.168.1.5:4433",)
        seen.told(FAR, "77.1.2.3:4433")
        assert seen.added_to(Looks(), own, 0.0).seen_at == ""
        seen.told(OTHER, "77.1.2.3:51000")
        found = seen.added_to(Looks(), own, 0.0)
        assert (found.seen_at, found.is_seen_own) == ("77.1.2.3", False)
        assert told(found, "reach").sentence.startswith("Your router lets nobody in")
        assert seen.added_to(Looks(), ("77.1.2.3:4433",), 0.0).is_seen_own

    def test_the_router_s_address_is_the_one_that_the_most_of_the_newest_words_name(self):
        seen, own = Seen(), ("192.168.1.5:4433",)
        seen.told(FAR, "77.1.2.3:4433")
        assert seen.outer(own) == ""
        seen.told(OTHER, "77.1.2.3:4433")
        assert seen.outer(own) == "77.1.2.3:4433"
        for number in range(NEWEST):
            seen.told(f"93.184.{number}.0/24", "77.9.9.9:4433")
        assert seen.outer(own) == "77.9.9.9:4433"

    def test_another_address_is_named_only_after_a_while(self):
        own = ("192.168.1.5:4433",)
        seen = Seen(own)
        assert seen.moved(own, 0.0) is None
        seen.told(FAR, "77.1.2.3:4433")
        seen.told(OTHER, "77.1.2.3:4433")
        assert seen.moved(own, 0.0) == (*own, "77.1.2.3:4433")
        for number in range(NEWEST):
            seen.told(f"93.184.{number}.0/24", "77.9.9.9:4433")
        assert seen.moved(own, OUTER_S - 1.0) is None
        assert seen.moved(own, OUTER_S) == (*own, "77.9.9.9:4433")
        assert seen.moved(own, 3 * OUTER_S) is None

    def test_what_a_router_opens_later_is_named_and_its_other_port_no_more(self):
        inner, opened = "192.168.7.12:60720", "77.1.2.3:45010"
        seen = Seen((inner,))
        seen.told(FAR, "77.1.2.3:60720")
        seen.told(OTHER, "77.1.2.3:60720")
        assert seen.moved((inner,), 0.0) == (inner, "77.1.2.3:60720")
        assert seen.moved((inner, opened), 1.0) == (inner, opened)
        assert seen.moved((inner, opened), 9 * OUTER_S) is None

    def test_an_own_address_that_went_is_named_no_more_and_others_only_after_a_while(self):
        first, second, third = (("192.168.1.5:4433", f"[2a01:4f8::{number}]:4433") for number in (1, 2, 3))
        seen = Seen(first)
        assert seen.moved(second, 0.0) == second
        assert seen.moved(third, OUTER_S - 1.0) is None
        assert seen.moved(third, OUTER_S) == third

    def test_a_new_own_address_does_not_keep_back_that_of_the_router(self):
        inner, bridge = "192.168.1.5:4433", "172.17.0.1:4433"
        seen = Seen((inner,))
        assert seen.moved((bridge, inner), 0.0) == (bridge, inner)
        seen.told(FAR, "77.1.2.3:4433")
        seen.told(OTHER, "77.1.2.3:4433")
        assert seen.moved((bridge, inner, "77.1.2.3:45010"), 2.0) == (bridge, inner, "77.1.2.3:4433")
        assert seen.moved((bridge, inner, "77.1.2.3:45010"), OUTER_S) == (bridge, inner, "77.1.2.3:45010")

    def test_a_line_that_comes_up_late_is_named_and_one_that_is_down_for_a_while_stays_so(self):
        seen = Seen()
        assert seen.moved((), 0.0) is None
        assert seen.moved(("77.1.2.3:4433",), 1.0) == ("77.1.2.3:4433",)
        assert seen.moved((), 9 * OUTER_S) is None

    def test_a_router_that_shows_another_port_to_each_has_no_address_to_name(self):
        seen = Seen()
        seen.told(FAR, "77.1.2.3:4433")
        seen.told(OTHER, "77.1.2.3:51000")
        assert seen.outer(()) == ""

    def test_an_address_that_the_computer_has_itself_hides_no_router_s(self):
        seen, own = Seen(), ("192.168.1.5:4433", "[2a01:4f8::5]:4433")
        for number in range(NEWEST):
            seen.told(f"2a01:{number}::/48", "[2a01:4f8::5]:4433")
        seen.told(FAR, "77.1.2.3:4433")
        seen.told(OTHER, "77.1.2.3:4433")
        assert seen.outer(own) == "77.1.2.3:4433"

    @pytest.mark.parametrize("word", ["", "nonsense", "10.0.0.1:1", "77.1.2.3"])
    def test_a_word_that_is_no_public_address_is_none(self, word: str):
        seen = Seen()
        for subnet in (FAR, OTHER):
            seen.told(subnet, word)
        assert seen.added_to(Looks(), (), 0.0).seen_at == ""

    @pytest.mark.parametrize(
        "word", ["77.1.2.3:99999", "77.1.2.3:0", "77.1.2.3%x:4433", "[2a01:4f8::5]:4433", "[2a01:4f8::5%a b]:4433"]
    )
    def test_a_word_that_nobody_could_dial_or_that_cannot_be_true_is_none(self, word: str):
        own = ("192.168.1.5:4433",)
        seen = Seen(own)
        for subnet in (FAR, OTHER):
            seen.told(subnet, word)
        assert seen.moved(own, 0.0) is None

    def test_a_few_cannot_make_a_vault_on_the_internet_name_somebody_else_s_address(self):
        seen, own = Seen(), ("77.1.2.3:4433",)
        for number in range(NEWEST):
            seen.told(f"93.184.{number}.0/24", "77.1.2.3:4433")
        for subnet in (FAR, OTHER):
            seen.told(subnet, "77.66.66.66:53")
        assert seen.outer(own) == ""

    def test_nobody_who_lives_at_home_says_how_the_internet_sees_it(self):
        seen = Seen()
        seen.told(HOME, "77.1.2.3:1")
        seen.told("10.0.0.0/24", "77.1.2.3:1")
        assert seen.added_to(Looks(), (), 0.0).seen_at == ""

    def test_nothing_grows_with_those_who_come(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(seen_module, "CALLED_KEPT", 70)
        seen = Seen()
        for number in range(100):
            subnet = f"8.8.{number}.0"
            seen.called([f"{subnet}:1"], float(number))
            seen.told(f"{subnet}/24", "77.1.2.3:1")
        assert (len(seen._called_s), len(seen._told)) == (70, TOLD_KEPT)

    @pytest.mark.parametrize(("signer", "count"), [(b"t", 1), (b"x", 0)])
    def test_a_record_that_is_valid_at_no_time_says_nothing_of_any_clock(self, signer: bytes, count: int):
        owner, transport = Signer(b"o" * 32), Signer(b"t" * 32)
        certificate = certify(owner, transport.public_key, serial=1, now_s=0.0)
        record = make_record(Signer(signer * 32), certificate, (), 0.0)
        seen = Seen()
        seen.misdated(FAR, record, Now(5.0, TWO_YEARS_S))
        assert len(seen.added_to(Looks(), (), 5.0).clocks) == count
