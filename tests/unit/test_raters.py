"""Who can say anything of twins on trial, in a network of hundreds of homes, and how the own vault finds them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
import pytest

from node.supervisor.host import TABLES_S
from node.trial import REAL, Report
from node.trial.peers import score
from node.trial.profile import URGENT
from node.update.trials.identities import between, draw_identities, shared_bits
from node.update.trials.observations import Neighbour, reports_about
from node.vault.core import operations
from node.vault.core.close_group import Place, close_group
from node.vault.core.events import AnswerReceived, Ask, AskFailed, CommandReceived, Effect, Tell, Ticked, Withdraw
from node.vault.core.identity import PeerRecord, Signer, certify, make_record, position_of
from node.vault.core.messages import Answer, FetchRanks, FindVaults, Pong, Ranks, Vaults
from node.vault.core.ranking import DATA_FAULTS_MAX, RankEntry, RankTable, _signed_part
from node.vault.core.routing_table import RoutingTable
from node.vault.rating import COLLECTING_S, FetchRankTables, NeighbourTable, RankTables
from tests.unit.test_vault_attacks import of
from tests.vault_world import START_S, Actor, World

HOMES = 600
NAMED = 20  # vaults in one answer
DAY_S = 24 * 3600.0
ANNOUNCED_S = START_S - DAY_S
MONTH_AGO_S = START_S - 30 * DAY_S


class Home:
    """One of the others, with a routing table of all that it may have met."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.owner, self.signer = Signer(chance.randbytes(32)), Signer(chance.randbytes(32))
        self.subnet = f"10.{1 + number // 200}.{number % 200}.0/24"
        self.certificate = certify(self.owner, self.signer.public_key, serial=1, now_s=START_S)
        self.record = make_record(self.signer, self.certificate, (self.subnet.replace(".0/24", ".1:4000"),), START_S)
        self.vault_id = self.owner.public_key
        self.position = position_of(self.vault_id)
        self.place = Place(self.vault_id, self.position, self.subnet)

    def table(self, rated: tuple[bytes, ...]) -> bytes:
        """Its rank table: what it says of those whom it has audited."""
        entries = tuple(RankEntry(vault_id, 3600.0, 50, 0, 0, 9, 0.0) for vault_id in rated)
        blank = RankTable(self.certificate, START_S, entries)
        signature = self.signer.sign(_signed_part(blank))
        return msgspec.msgpack.encode(msgspec.structs.replace(blank, signature=signature))


class Network:
    """The homes, one vault core among them, and twins under fresh identities from the same computer."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World(seed)
        self.actor: Actor = self.world.add(1)
        self.homes = {home.vault_id: home for home in homes()}
        self.fill(self.actor.vault._desk.table)
        network_size = self.actor.vault._desk.table.network_size
        self.seeds = draw_identities(self.chance.randbytes, network_size)
        first, second = (Signer(seed).public_key for seed in self.seeds)
        self.twins = first, second
        self.raters = self.who_shares_with_both()

    def fill(self, table: RoutingTable) -> RoutingTable:
        """Let it meet everyone; it has no place for most."""
        met = list(self.homes.values())
        self.chance.shuffle(met)
        for home in met:
            table.met(home.record, home.subnet, 0.0)
        return table

    def who_shares_with_both(self) -> set[bytes]:
        """The homes that are, with each of the twins, in the close group of some chunk."""
        own = "10.0.1.0/24"
        twins = [Place(twin, position_of(twin), own) for twin in self.twins]
        places = [*(home.place for home in self.homes.values()), *twins]
        near = sorted(places, key=lambda place: place.position ^ twins[0].position)[:60]
        sharing: tuple[set[bytes], set[bytes]] = (set(), set())
        for _ in range(2000):
            address = (twins[0].position ^ self.chance.getrandbits(256 - 4)).to_bytes(32, "big")
            group = close_group(near, address)
            for twin, found in zip(twins, sharing, strict=True):
                if twin in group:
                    found |= {place.vault_id for place in group}
        return sharing[0] & sharing[1] - set(self.twins)

    def answer(self, ask: Ask) -> Answer | None:
        home = self.homes.get(ask.peer.vault_id)
        match ask.message:
            case _ if home is None:
                return None
            case FindVaults(target):
                table = self.fill(RoutingTable(home.vault_id))
                return Vaults(tuple(peer.record for peer in table.nearest(target, NAMED)))
            case FetchRanks():
                return Ranks(home.table(self.twins if home.vault_id in self.raters else ()))
            case _:
                return Pong(b"")

    def fetch(self, *around: bytes) -> RankTables:
        return fetched(self.world, self.actor, around, self.answer)

    def rated(self, tables: RankTables, **known: Any) -> int:
        """How many subnets rated both twins, as the rule counts them."""
        return score(*self.reports(tables, **known), REAL).rated

    def reports(self, tables: RankTables, **known: Any) -> tuple[tuple[Report, ...], tuple[Report, ...]]:
        neighbours = [Neighbour(given.subnet, given.known_s, given.table) for given in tables.tables]
        return reports_about(self.twins, neighbours, utc_s=START_S, announced_s=ANNOUNCED_S, **known)


@cache
def homes() -> tuple[Home, ...]:
    chance = random.Random(1)
    return tuple(Home(number, chance) for number in range(HOMES))


def fetched(world: World, actor: Actor, around: tuple[bytes, ...], answer: Any) -> RankTables:
    """Give the order, answer all that the vault asks for it, and return what it tells."""
    waiting = actor.vault.step(CommandReceived(world.now(), FetchRankTables(1, around)))
    while waiting:
        effect = waiting.pop(0)
        if isinstance(effect, Tell) and isinstance(effect.report, RankTables):
            return effect.report
        if isinstance(effect, Ask):
            waiting += actor.vault.step(heard(world, effect, answer(effect)))
    raise AssertionError("it tells nothing")


def heard(world: World, ask: Ask, message: Answer | None) -> AnswerReceived | AskFailed:
    if message is None:
        return AskFailed(world.now(), ask.ask_id, "peer.unreachable")
    return AnswerReceived(world.now(), ask.ask_id, subnet_of(ask.peer), message, ask.peer)


def told_tables(effects: Iterable[Effect]) -> list[RankTables]:
    return [told.report for told in of(Tell, list(effects)) if isinstance(told.report, RankTables)]


def subnet_of(record: PeerRecord) -> str:
    return record.addresses[0].rpartition(".")[0] + ".0/24"


class TestInANetworkOfHundreds:
    SEEDS = range(4)

    @staticmethod
    @cache
    def network(seed: int) -> tuple[Network, RankTables]:
        network = Network(seed)
        return network, network.fetch(between(network.seeds))

    @staticmethod
    @cache
    def rated(seed: int, *, is_looked_up: bool) -> int:
        network, tables = TestInANetworkOfHundreds.network(seed)
        asked = tables if is_looked_up else Network(seed).fetch()
        return network.rated(asked, known_since=lambda _: MONTH_AGO_S)

    @pytest.mark.long
    def test_the_own_vault_knows_hardly_any_of_those_who_can_rate_its_twins(self):
        known = [self.rated(seed, is_looked_up=False) for seed in self.SEEDS]
        assert sum(count >= REAL.reporters_min for count in known) <= 1
        assert sum(known) < len(known) * URGENT.reporters_min / 2

    def test_whom_it_looks_up_around_them_rate_them_in_as_many_subnets_as_a_promotion_needs(self):
        found = [self.rated(seed, is_looked_up=True) for seed in self.SEEDS]
        could = [len(self.network(seed)[0].raters) for seed in self.SEEDS]

        assert min(found) >= REAL.reporters_min >= URGENT.reporters_min
        assert sum(found) >= 0.9 * sum(could)

    def test_who_is_met_for_the_first_time_has_no_vote_whatever_it_says(self):
        network, tables = self.network(0)
        assert network.rated(tables) == network.rated(tables, known_since=lambda _: START_S - 60.0) == 0

    def test_of_those_around_only_whom_the_book_has_known_for_long_enough_has_one(self):
        network, tables = self.network(0)
        old = sorted(network.raters)[:3]
        book = dict.fromkeys(network.raters, ANNOUNCED_S - REAL.reporter_age_s_min + 1.0)
        book |= dict.fromkeys(old, ANNOUNCED_S - REAL.reporter_age_s_min)

        about, _ = network.reports(tables, known_since=book.get)

        assert network.rated(tables, known_since=book.get) == len(old)
        assert {one.reporter for one in about if one.age_s >= REAL.reporter_age_s_min} == set(old)

    def test_the_twins_lie_as_near_to_each_other_as_the_real_size_wants(self):
        for seed in self.SEEDS:
            first, second = map(position_of, self.network(seed)[0].twins)
            assert shared_bits(first, second) >= 11  # the table alone has some 110 places: it would be ten


class TestWhomItAsks:
    def world(self) -> tuple[World, Actor, list[Home]]:
        world = World()
        return world, world.add(1), list(homes()[:40])

    def asked(
        self, around: tuple[bytes, ...], *, known: list[Home], named: list[Home]
    ) -> tuple[list[bytes], RankTables]:
        """Who is asked for its table, in that order, where the known ones name others, and what came of it."""
        world, actor, _ = self.world()
        desk = actor.vault._desk
        for home in known:
            desk.table.met(home.record, home.subnet, 0.0)
        order: list[bytes] = []
        by_id = {home.vault_id: home for home in (*known, *named)}

        def answer(ask: Ask) -> Answer | None:
            match ask.message:
                case FindVaults():
                    return Vaults(tuple(home.record for home in named[:NAMED]))
                case FetchRanks():
                    order.append(ask.peer.vault_id)
                    return Ranks(by_id[ask.peer.vault_id].table(()))
                case _:
                    return Pong(b"")

        return order, fetched(world, actor, around, answer)

    def test_those_around_before_those_it_knows(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(operations, "TABLES_PEERS_MAX", 15)
        known, named = list(homes()[:20]), list(homes()[20:40])
        target = named[0].place.position.to_bytes(32, "big")
        near = {home.vault_id for home in close_group([*known, *named], target, operations.AROUND_SUBNETS)}

        order, tables = self.asked((target,), known=known, named=named)

        assert len(order) == len(tables.tables) == 15
        assert set(order[: len(near)]) == near

    def test_without_addresses_only_those_it_knows_as_ever(self):
        known, named = list(homes()[:5]), list(homes()[20:40])
        order, tables = self.asked((), known=known, named=named)
        assert sorted(order) == sorted(home.vault_id for home in known)
        assert len(tables.tables) == 5

    def test_each_of_them_once_however_many_addresses_it_stands_at(self):
        known, named = list(homes()[:5]), list(homes()[20:40])
        order, _ = self.asked((bytes(32), b"\1" * 32, b"\xff" * 32), known=known, named=named)
        assert len(order) == len(set(order))

    def test_whom_it_has_met_only_now_it_has_known_for_no_time(self):
        known, named = list(homes()[:5]), list(homes()[20:40])
        world, actor, _ = self.world()
        for home in known:
            actor.vault._desk.table.met(home.record, home.subnet, 0.0)
        world.now_s = 3600.0
        by_id = {home.vault_id: home for home in (*known, *named)}

        def answer(ask: Ask) -> Answer:
            if isinstance(ask.message, FindVaults):
                return Vaults(tuple(home.record for home in named))
            return Ranks(by_id[ask.peer.vault_id].table(())) if isinstance(ask.message, FetchRanks) else Pong(b"")

        tables = fetched(world, actor, (bytes(32),), answer).tables

        assert {given.known_s for given in tables if is_one_of(given, known)} == {3600.0}
        assert {given.known_s for given in tables if not is_one_of(given, known)} == {0.0}

    def test_whoever_has_answered_in_time_though_others_were_named_who_never_do(self):
        """Else one liar near the twins could keep the word of all others away, and what they prove."""
        world, actor, _ = self.world()
        known, named = list(homes()[:5]), list(homes()[20:40])
        for home in known:
            actor.vault._desk.table.met(home.record, home.subnet, 0.0)
        silent = {home.vault_id for home in named[:10]}
        waiting, asked = actor.vault.step(CommandReceived(world.now(), FetchRankTables(1, (bytes(32),)))), []
        for is_late in (False, True):
            if is_late:
                world.now_s += operations.AROUND_S
                waiting = actor.vault.step(Ticked(world.now()))
            while waiting:
                effect = waiting.pop(0)
                if isinstance(effect, Ask) and isinstance(effect.message, FetchRanks):
                    asked.append(effect.peer.vault_id)
                elif isinstance(effect, Ask) and not is_late and effect.peer.vault_id not in silent:
                    names = Vaults(tuple(home.record for home in named))
                    message = names if isinstance(effect.message, FindVaults) else Pong(b"")
                    waiting += actor.vault.step(heard(world, effect, message))
            assert bool(asked) is is_late

        assert {home.vault_id for home in known} <= set(asked)
        assert set(asked) & {home.vault_id for home in named[10:]}
        assert not set(asked) & silent
        assert len(asked) == len(set(asked))

    def test_whose_table_has_come_in_time_though_others_keep_the_line_busy_for_longer(self):
        """How long our own line is waited for is held against no peer, so large tables could keep all others away."""
        world, actor, some = self.world()
        for home in some:
            actor.vault._desk.table.met(home.record, home.subnet, 0.0)
        asked = of(Ask, actor.vault.step(CommandReceived(world.now(), FetchRankTables(1))))
        heard_of = asked[:5]
        tables = {home.vault_id: home.table(()) for home in some}
        for ask in heard_of:
            assert not told_tables(actor.vault.step(heard(world, ask, Ranks(tables[ask.peer.vault_id]))))

        world.now_s += COLLECTING_S
        effects = list(actor.vault.step(Ticked(world.now())))

        (told,) = told_tables(effects)
        assert len(told.tables) == len(heard_of)
        assert {effect.ask_id for effect in of(Withdraw, effects)} == {ask.ask_id for ask in asked[5:]}
        assert COLLECTING_S < TABLES_S

    def test_who_asked_is_told_once(self):
        world, actor, some = self.world()
        for home in some:
            actor.vault._desk.table.met(home.record, home.subnet, 0.0)
        assert fetched(world, actor, (), lambda _ask: None).tables == ()
        world.now_s += COLLECTING_S
        assert not told_tables(actor.vault.step(Ticked(world.now())))

    def test_nobody_where_nobody_answers_and_it_says_so(self):
        world, actor, some = self.world()
        for home in some:
            actor.vault._desk.table.met(home.record, home.subnet, 0.0)
        assert fetched(world, actor, (bytes(32),), lambda _ask: None).tables == ()

    def test_nobody_that_was_caught_too_often(self):
        world, actor, (liar, *honest) = self.world()
        desk = actor.vault._desk
        for home in (liar, *honest[:5]):
            desk.table.met(home.record, home.subnet, 0.0)
        by_id = {home.vault_id: home for home in (liar, *honest)}

        def answer(ask: Ask) -> Answer:
            if isinstance(ask.message, FetchRanks):
                if ask.peer.vault_id == liar.vault_id:  # it is caught while its answer is on its way
                    for _ in range(DATA_FAULTS_MAX):
                        desk.blame(liar.record, "peer.chunk_mismatch")
                return Ranks(by_id[ask.peer.vault_id].table(()))
            return Vaults(()) if isinstance(ask.message, FindVaults) else Pong(b"")

        assert not [given for given in fetched(world, actor, (), answer).tables if is_one_of(given, [liar])]


def is_one_of(given: NeighbourTable, some: list[Home]) -> bool:
    return given.subnet in {home.subnet for home in some}


class TestTheAddressBetweenTwins:
    def test_it_is_as_near_to_both_as_they_are_to_each_other_and_names_neither(self):
        for number in range(10):
            seeds = draw_identities(random.Random(number).randbytes, 1000)
            first, second = (position_of(Signer(seed).public_key) for seed in seeds)
            address = int.from_bytes(between(seeds), "big")
            shared = [shared_bits(address, twin) for twin in (first, second)]

            assert shared_bits(first, second) <= min(shared) <= max(shared) < 64
            assert between(seeds) == between(seeds) != between(seeds[::-1])
