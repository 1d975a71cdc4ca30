"""Whether others can be reached: who is worth asking, and what counts as an answer."""

from __future__ import annotations

import asyncio
import os

from node.prober.control import Answered, Heard, Question
from node.supervisor.greeting import GREETED_MAX, is_anyone_there, worth_greeting
from node.update.errors import ProberFailed
from node.vault.core.identity import CERTIFICATE_S, encode_record
from tests.unit.test_vault_attacks import Peer
from tests.vault_world import START_S

OWN = encode_record(Peer(0, "10.0.0.1:4000").record)


def contact(number: int, *addresses: str) -> bytes:
    return encode_record(Peer(number, *(addresses or (f"10.0.{number}.1:4000",))).record)


class Prober:
    """Two contacts of which some answer."""

    def __init__(self, pair: tuple[bytes, bytes], there: set[bytes]) -> None:
        self.pair, self.there = pair, there
        self.is_stopped = False

    async def ask(self, question: Question) -> Heard:
        assert (question.kind, len(question.address)) == ("get", 32)
        first, second = (
            Answered("not_held", 0.01, 0.0, b"x") if one in self.there else Answered("failed", 5.0, 0.0, b"")
            for one in self.pair
        )
        return Heard(question.id, (first, second))

    async def stop(self, handover_s: float = 0.0) -> None:
        self.is_stopped = True


def greet(contacts: list[bytes], there: set[bytes], failing: int = 0) -> tuple[bool, list[Prober]]:
    """Whether anyone is there, and the probers that were started; the first ``failing`` do not start."""
    started: list[Prober] = []
    tries = iter(range(failing))

    async def start(pair: tuple[bytes, bytes]) -> Prober:
        if next(tries, None) is not None:
            raise ProberFailed("it greeted nobody")
        started.append(Prober(pair, there))
        return started[-1]

    found = asyncio.run(is_anyone_there(contacts, start, os.urandom))  # type: ignore[arg-type]  # all that is needed
    assert all(prober.is_stopped for prober in started)
    return found, started


class TestWhoIsAsked:
    def test_a_few_whose_records_are_valid_still(self):
        contacts = [contact(number) for number in range(1, 9)]
        assert worth_greeting([b"no record", *contacts], OWN, START_S) == contacts[:GREETED_MAX]
        assert worth_greeting(contacts, OWN, START_S + CERTIFICATE_S + 3600.0) == []

    def test_nobody_behind_the_own_address_and_no_two_behind_one(self):
        twin, first, second = contact(1, "10.0.0.1:5000"), contact(2, "10.0.7.1:1"), contact(3, "10.0.7.2:1")
        assert worth_greeting([twin, contact(4), first, second], OWN, START_S) == [contact(4), first]

    def test_where_a_vault_is_says_its_address_on_the_internet_and_not_that_of_a_bridge_which_all_have(self):
        own = encode_record(Peer(0, "172.17.0.1:1", "44.5.5.1:1").record)
        others = [contact(number, "172.17.0.1:1", f"44.6.{number}.1:1") for number in range(1, 4)]
        twin, second = contact(4, "192.168.7.1:1", "44.5.5.1:2"), contact(5, "192.168.7.1:1", "44.6.1.9:1")
        assert worth_greeting([twin, *others, second], own, START_S) == others


class TestWhetherAnyoneIsThere:
    def test_one_answer_is_enough_and_then_no_more_are_asked(self):
        contacts = [contact(number) for number in range(1, 5)]
        found, started = greet(contacts, {contacts[1]})
        assert (found, len(started)) == (True, 1)

    def test_when_nobody_answers_all_were_asked(self):
        contacts = [contact(number) for number in range(1, 4)]
        found, started = greet(contacts, set())
        assert not found
        assert [prober.pair for prober in started] == [(contacts[0], contacts[1]), (contacts[2], contacts[2])]

    def test_a_prober_that_fails_has_reached_nobody(self):
        contacts = [contact(number) for number in range(1, 4)]
        assert greet(contacts, set(contacts), failing=2) == (False, [])
        assert greet(contacts, set(contacts), failing=1)[0]

    def test_nobody_known_is_nobody_there(self):
        assert greet([], set()) == (False, [])
