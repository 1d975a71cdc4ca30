"""What peers may try who keep to no rules: many identities, few subnets, odd numbers, the worst moment."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.vault import control
from node.vault.core import operations, ranking
from node.vault.core.close_group import SUBNET_VAULTS_MAX, Place, close_group
from node.vault.core.events import (
    AnswerReceived,
    Ask,
    AskFailed,
    ChunkRead,
    CommandReceived,
    PeerMisbehaved,
    ReadChunk,
    Reply,
    RequestReceived,
    Started,
    Tell,
    Ticked,
    VaultFound,
    WriteChunk,
)
from node.vault.core.identity import (
    Certificate,
    Introduction,
    PeerRecord,
    Signer,
    certify,
    check_record,
    encode_record,
    make_record,
    subnet_of,
)
from node.vault.core.messages import (
    FetchHead,
    FetchRanks,
    FindVaults,
    Get,
    Ping,
    Pong,
    Put,
    Ranks,
    Receipt,
    Refused,
    Stored,
    Vaults,
)
from node.vault.core.proofs import HELD, LEASE_S, _signed_part, check_answer, check_receipt, sign_answer
from node.vault.core.ranking import (
    DATA_FAULTS_MAX,
    PEERS_KEPT_MAX,
    SHUN_S,
    Ledger,
    RankEntry,
    RankTable,
    Shunned,
    decode_table,
)
from node.vault.core.ranking import _signed_part as signed_part_of_table
from node.vault.core.routing_table import BUCKET_PEERS_MAX, FAILURES_MAX, RoutingTable
from node.vault.errors import BadSignature, MalformedMessage, PeerError
from node.vault.rating import FetchRankTables
from tests.vault_world import START_S, Actor, World

CHUNK = b"a chunk of a peer"
ADDRESS = hashlib.sha256(CHUNK).digest()
NONCE = b"n" * 16
SUBNET = "10.0.99.0/24"
DAY_S = 24 * 3600.0
TARGET = b"\xff" * 32


class Peer:
    """An identity that a test made, with its keys."""

    def __init__(self, number: int, *addresses: str, now_s: float = START_S) -> None:
        chance = random.Random(f"peer {number}")
        self.owner, self.signer = Signer(chance.randbytes(32)), Signer(chance.randbytes(32))
        self.addresses = addresses
        self.certificate = certify(self.owner, self.signer.public_key, serial=1, now_s=now_s)
        self.record = make_record(self.signer, self.certificate, addresses, now_s)

    @property
    def vault_id(self) -> bytes:
        return self.record.vault_id

    def renewed(self, serial: int, now_s: float = START_S) -> PeerRecord:
        """A record under another transport key of the same vault."""
        signer = Signer(bytes([serial]) * 32)
        certificate = certify(self.owner, signer.public_key, serial=serial, now_s=now_s)
        return make_record(signer, certificate, self.addresses, now_s)


def peers(count: int, address: str = "10.9.9.9:{}") -> list[Peer]:
    return [Peer(number, address.format(number + 1)) for number in range(count)]


def ask(world: World, actor: Actor, peer: PeerRecord, message: Any, subnet: str = SUBNET) -> list[Any]:
    return list(actor.vault.step(RequestReceived(world.now(), 1, peer, subnet, message)))


def answer(world: World, actor: Actor, asked: Ask, message: Any, subnet: str = SUBNET) -> list[Any]:
    return list(actor.vault.step(AnswerReceived(world.now(), asked.ask_id, subnet, message, asked.peer)))


def of(kind: type[Any], effects: list[Any], message: type[Any] = object) -> list[Any]:
    return [e for e in effects if isinstance(e, kind) and isinstance(getattr(e, "message", None), message)]


class TestOddNumbers:
    @pytest.mark.parametrize(
        "address",
        ["1.2.3.4:abc", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:٣", "0.0.0.0:5", "224.0.0.1:9",
         "255.255.255.255:9", "[ff02::1]:9", "[::ffff:224.0.0.1]:9", "x:1", ""],
    )  # fmt: skip
    def test_a_record_names_only_addresses_at_which_one_machine_could_be(self, address):
        with pytest.raises(MalformedMessage):
            check_record(Peer(1, address).record, START_S)

    @pytest.mark.parametrize("address", ["1.2.3.4:1", "[2001:db8::1]:65535", "[fe80::1%2]:4000"])
    def test_common_addresses_are_good(self, address):
        check_record(Peer(1, address).record, START_S)

    @pytest.mark.parametrize("issued_s", [math.nan, math.inf, START_S + 3600.0])
    def test_a_record_of_the_future_is_refused(self, issued_s):
        peer = Peer(1, "1.2.3.4:5")
        with pytest.raises(BadSignature):
            check_record(make_record(peer.signer, peer.certificate, peer.addresses, issued_s), START_S)

    def test_an_answer_without_a_time_is_no_answer_as_it_could_convict_nobody(self):
        peer = Peer(1)
        signed = sign_answer(peer.signer, HELD, ADDRESS, ADDRESS, NONCE, math.nan)
        with pytest.raises(BadSignature):
            check_answer(signed, peer.signer.public_key, kind=HELD, address=ADDRESS, nonce=NONCE, utc_s=START_S)

    @pytest.mark.parametrize(
        ("at_s", "lease_s"), [(math.nan, LEASE_S), (START_S, math.nan), (START_S, 1e-9), (START_S, -math.inf)]
    )
    def test_a_receipt_that_binds_to_nothing_is_no_receipt(self, at_s, lease_s):
        peer = Peer(1)
        blank = Receipt(ADDRESS, len(CHUNK), at_s, lease_s)
        receipt = msgspec.structs.replace(blank, signature=peer.signer.sign(_signed_part(b"receipt", blank)))
        with pytest.raises(BadSignature):
            check_receipt(receipt, peer.signer.public_key, ADDRESS, START_S)

    def test_a_rank_table_without_a_time_is_refused_as_it_could_be_shown_for_ever(self):
        peer = Peer(1)
        blank = RankTable(peer.certificate, math.nan, ())
        table = msgspec.structs.replace(blank, signature=peer.signer.sign(signed_part_of_table(blank)))
        with pytest.raises(BadSignature):
            decode_table(msgspec.msgpack.encode(table), START_S)


class TestManyIdentities:
    def test_no_more_than_a_few_vaults_of_a_subnet_are_in_a_close_group(self):
        places = [Place(b"", position, "crowd") for position in range(100)]
        places += [Place(b"", position, str(position)) for position in range(200, 210)]
        group = close_group(places, bytes(32))
        assert [p.subnet for p in group] == ["crowd"] * SUBNET_VAULTS_MAX + ["200", "201", "202", "203"]

    def test_a_crowd_in_a_full_bucket_gives_way_to_another_subnet(self):
        table, (*crowd, honest) = full_bucket("crowd")
        assert table.met(honest.record, "honest", 1.0)
        assert len(table) == BUCKET_PEERS_MAX
        assert table.get(crowd[0].vault_id) is not None

    def test_peers_of_different_subnets_give_way_to_nobody(self):
        table, (*_, late) = full_bucket("subnet {}")
        assert not table.met(late.record, "another subnet", 1.0)

    def test_strangers_do_not_wash_away_what_is_known_of_a_peer(self):
        friend = b"a friend"
        ledger = Ledger(lambda vault_id: vault_id == friend)
        ledger.answered(friend, 0.0)
        for number in range(PEERS_KEPT_MAX + 10):
            ledger.blame(number.to_bytes(32, "big"), 1.0)
        standing = ledger.standing(friend)
        assert standing is not None
        assert standing.answers == 1

    def test_a_subnet_that_has_its_identities_caught_washes_neither_a_liar_nor_a_friend_away(self):
        world = World()
        actor = world.add(1)
        ledger = actor.vault._desk.ledger
        friend, liar, bad = Peer(5_000, "10.3.3.3:1"), Peer(5_001, "10.9.9.9:1"), Put(bytes(32), b"no")
        ask(world, actor, friend.record, Ping(b""), "10.3.3.0/24")
        ledger.passed_audit(friend.vault_id, world.now_s, 0.01)
        for peer in (liar, *peers(PEERS_KEPT_MAX + 50)):
            world.now_s += 0.25
            for _ in range(DATA_FAULTS_MAX):
                ask(world, actor, peer.record, bad)
        assert actor.vault._desk.is_shunned(liar.vault_id)
        standing = ledger.standing(friend.vault_id)
        assert standing is not None
        assert standing.audits_passed == 1
        assert not ledger.is_shunned(liar.vault_id, 0.25 + SHUN_S)

    def test_a_crowd_that_is_shunned_washes_its_own_record_away_and_not_that_of_other_subnets(self):
        ledger = Ledger(lambda _vault_id: False)
        liars = [b"liar %d" % number for number in range(3)]
        for number, liar in enumerate(liars):
            shun(ledger, liar, f"subnet {number}", evidence=b"a proof" if number == 2 else b"")
        for number in range(PEERS_KEPT_MAX + 50):
            shun(ledger, number.to_bytes(32, "big"), "subnet 2")
        assert all(ledger.standing(liar) is not None for liar in liars)
        assert ledger.standing(bytes(32)) is None

    def test_a_crowd_that_is_shunned_does_not_wash_away_what_is_proven_of_others(self):
        ledger = Ledger(lambda _vault_id: False)
        ledger.blame(b"liar", 1.0, b"a proof", is_data_fault=True, subnet="elsewhere")
        for number in range(PEERS_KEPT_MAX + 50):
            shun(ledger, number.to_bytes(32, "big"), "subnet")
        assert ledger.standing(b"liar") is not None

    def test_whoever_is_caught_while_it_is_shunned_is_so_for_an_hour_more_though_its_record_is_gone(self):
        ledger = Ledger(lambda _vault_id: False)
        for number in range(PEERS_KEPT_MAX + 1):
            shun(ledger, number.to_bytes(32, "big"), "subnet")
        assert ledger.standing(bytes(32)) is None
        ledger.blame(bytes(32), SHUN_S, is_data_fault=True)
        assert ledger.is_shunned(bytes(32), 2 * SHUN_S - 1)

    def test_of_more_peers_than_can_be_kept_the_one_seen_longest_ago_is_forgotten(self):
        ledger = Ledger()
        for number in range(PEERS_KEPT_MAX + 1):
            ledger.answered(number.to_bytes(32, "big"), float(number))
        assert ledger.standing(bytes(32)) is None
        assert ledger.standing((1).to_bytes(32, "big")) is not None

    def test_a_fault_is_written_down_with_the_subnet_that_it_came_from(self):
        world = World()
        actor = world.add(1)
        client = Peer(1)
        ask(world, actor, client.record, Put(bytes(32), b"no"), "10.5.5.0/24")
        standing = actor.vault._desk.ledger.standing(client.vault_id)
        assert standing is not None
        assert standing.subnet == "10.5.5.0/24"

    def test_whoever_is_shunned_is_kept_within_bounds_and_those_of_the_largest_crowd_go_first(self, monkeypatch):
        monkeypatch.setattr(ranking, "SHUNNED_MAX", 10)
        shunned = Shunned()
        shunned.add(b"liar", "quiet", 0.0)
        for number in range(100):
            shunned.add(bytes([number]), "crowd", 1.0)
        assert len(shunned) == 10
        assert shunned.is_shunned(b"liar", 2.0)
        assert not shunned.is_shunned(bytes([0]), 2.0)
        shunned.add(b"late", "quiet", 1.0 + SHUN_S)
        assert len(shunned) == 1

    def test_what_is_known_of_peers_and_proven_of_liars_comes_first_in_the_table(self, monkeypatch):
        monkeypatch.setattr(ranking, "EVIDENCE_ENTRIES_MAX", 1)
        monkeypatch.setattr(ranking, "ENTRIES_MAX", 3)
        friend, reporter = bytes(32), Peer(1)
        ledger = Ledger(lambda vault_id: vault_id == friend)
        ledger.blame(friend, 0.0, b"a slip")
        shun(ledger, b"l" * 32, "subnet", evidence=b"a proof")
        for number in range(1, 20):
            shun(ledger, number.to_bytes(32, "big"), "subnet")
            ledger.blame(bytes([number]) * 32, 1.0, b"a stranger's")
        table = decode_table(ledger.table(reporter.signer, reporter.certificate, now_s=2.0, utc_s=START_S), START_S)
        assert [(entry.vault_id, entry.evidence) for entry in table.entries][:2] == [
            (friend, b"a slip"),
            (b"l" * 32, b""),
        ]
        assert table.entries[2].vault_id == bytes([19]) * 32

    def test_strangers_do_not_push_a_peer_out_of_the_table_that_is_handed_on(self):
        friend, reporter = bytes(32), Peer(1)
        ledger = Ledger(lambda vault_id: vault_id == friend)
        ledger.answered(friend, 0.0)
        for number in range(1, 500):
            ledger.blame(number.to_bytes(32, "big"), 1.0)
        table = decode_table(ledger.table(reporter.signer, reporter.certificate, now_s=2.0, utc_s=START_S), START_S)
        assert friend in {entry.vault_id for entry in table.entries}

    @pytest.mark.parametrize("code", ["peer.unreachable", "peer.malformed"])
    def test_an_introduction_that_leads_to_nobody_spoils_no_rank_table(self, code):
        world = World()
        actor = world.add(1)
        introduction = Introduction(b"k" * 32, ("10.0.7.7:4000",))
        (asked,) = of(Ask, actor.vault.step(VaultFound(world.now(), introduction)))
        actor.vault.step(AskFailed(world.now(), asked.ask_id, code))
        (reply,) = of(Reply, ask(world, actor, Peer(1).record, FetchRanks()))
        assert decode_table(reply.message.table, START_S).entries == ()

    def test_silence_where_a_vault_was_before_says_nothing_of_it_where_it_is(self):
        world = World()
        actor = world.add(1)
        peer = Peer(1, "10.0.99.1:4000")
        anew = peer.renewed(2)
        (first,) = of(Ask, ask(world, actor, peer.record, Ping(b"")), Ping)
        ask(world, actor, anew, Ping(b""))
        for number in range(FAILURES_MAX):
            actor.vault._desk.ask(actor.vault._carrier, first.peer, Ping(b""))
            (asked,) = of(Ask, actor.vault._desk.take_effects())
            actor.vault.step(AskFailed(world.now(), asked.ask_id, ("peer.unreachable", "peer.malformed")[number % 2]))
        assert actor.vault._desk.table.get(peer.vault_id) is not None
        assert actor.vault._desk.ledger.standing(peer.vault_id) is None

    def test_a_rank_table_is_not_made_anew_for_everyone_who_asks(self):
        world = World()
        actor = world.add(1)
        tables = [
            of(Reply, ask(world, actor, Peer(number).record, FetchRanks()))[0].message.table for number in range(20)
        ]
        assert all(table is tables[0] for table in tables)
        world.now_s += 2.0
        assert of(Reply, ask(world, actor, Peer(1).record, FetchRanks()))[0].message.table is not tables[0]

    def test_bloated_rank_tables_do_not_crowd_out_others(self):
        world = World()
        actor = world.add(1)
        liars, honest = peers(6), Peer(50, "10.3.3.3:1")
        for peer in (*liars, honest):
            ask(world, actor, peer.record, Ping(b""))
        told = []
        questions = of(Ask, actor.vault.step(CommandReceived(world.now(), FetchRankTables(1))), FetchRanks)
        for question in sorted(questions, key=lambda question: question.peer is honest.record):
            peer = next(peer for peer in (*liars, honest) if peer.record == question.peer)
            table = table_of(peer) if peer is honest else table_of(peer, bloat=b"x" * 200_000)
            told += of(Tell, answer(world, actor, question, Ranks(table)))
        assert sum(len(given.table) for given in told[0].report.tables) > 5 * 200_000
        assert table_of(honest) in {given.table for given in told[0].report.tables}

    @pytest.mark.parametrize("copy", ["as it is", "signed anew", "garbage"])
    def test_the_rank_table_of_another_vault_is_not_taken_from_who_hands_it_on_as_its_own(self, copy: str):
        world = World()
        actor = world.add(1)
        honest, *liars = Peer(50, "10.3.3.3:1"), *peers(6)
        for peer in (honest, *liars):
            ask(world, actor, peer.record, Ping(b""), subnet_of(peer.addresses[0]))
        told = []
        questions = of(Ask, actor.vault.step(CommandReceived(world.now(), FetchRankTables(1))), FetchRanks)
        for question in sorted(questions, key=lambda question: question.peer != honest.record):
            peer = next(peer for peer in (honest, *liars) if peer.record == question.peer)
            vouched = certify(honest.owner, peer.signer.public_key, serial=2, now_s=START_S)
            handed_on = {"as it is": table_of(honest), "signed anew": table_of(peer, certificate=vouched)}
            table = table_of(honest) if peer is honest else handed_on.get(copy, b"garbage")
            subnet = subnet_of(question.peer.addresses[0])
            told += of(Tell, answer(world, actor, question, Ranks(table), subnet))
        assert [(given.subnet, given.table) for given in told[0].report.tables] == [("10.3.3.0/24", table_of(honest))]

    def test_when_not_all_can_be_asked_every_subnet_is(self, monkeypatch):
        monkeypatch.setattr(operations, "TABLES_PEERS_MAX", 10)
        world = World()
        actor = world.add(1)
        for peer in peers(100):
            ask(world, actor, peer.record, Ping(b""))
        honest = Peer(500, "10.3.3.3:1")
        ask(world, actor, honest.record, Ping(b""), "10.3.3.0/24")
        questions = of(Ask, actor.vault.step(CommandReceived(world.now(), FetchRankTables(1))), FetchRanks)
        assert len(actor.vault._desk.table) > len(questions) == 10
        assert honest.record in {question.peer for question in questions}


def table_of(peer: Peer, bloat: bytes = b"", certificate: Certificate | None = None) -> bytes:
    """What a peer says of one other; ``bloat`` makes it longer than any evidence is."""
    entry = RankEntry(bytes(32), 1.0, 1, 0, 0, 3, 0.5, bloat)
    blank = RankTable(certificate or peer.certificate, START_S, (entry,))
    signature = peer.signer.sign(signed_part_of_table(blank))
    return msgspec.msgpack.encode(msgspec.structs.replace(blank, signature=signature))


def shun(ledger: Ledger, vault_id: bytes, subnet: str, evidence: bytes = b"") -> None:
    for _ in range(DATA_FAULTS_MAX):
        ledger.blame(vault_id, 1.0, evidence, is_data_fault=True, subnet=subnet)


def full_bucket(subnet: str) -> tuple[RoutingTable, list[Peer]]:
    """A table with one full bucket, and the peers of that bucket; the last one is not in it yet."""
    own = Peer(1_000)
    table, found = RoutingTable(own.vault_id), []
    for peer in peers(200):
        if (own.record.position ^ peer.record.position).bit_length() == 256:
            found.append(peer)
            if len(found) <= BUCKET_PEERS_MAX:
                assert table.met(peer.record, subnet.format(len(found)), 0.0)
            else:
                break
    return table, found


class TestReplacedKeys:
    def test_a_record_with_a_lower_serial_never_takes_the_place_of_a_higher_one(self):
        peer, table = Peer(1, "10.1.1.1:1"), RoutingTable(bytes(32))
        table.met(peer.renewed(3), "new", 0.0)
        table.met(peer.renewed(2, START_S + 300.0), "old", 0.0)
        kept = table.get(peer.vault_id)
        assert kept is not None
        assert (kept.record.certificate.serial, kept.subnet) == (3, "new")

    def test_whoever_has_a_replaced_key_is_neither_served_nor_able_to_disgrace_its_vault(self):
        world = World()
        actor, peer = world.add(1), Peer(1, "10.1.1.1:1")
        old = peer.renewed(2)
        ask(world, actor, peer.renewed(3), Ping(b""))
        assert ask(world, actor, old, Get(ADDRESS, NONCE)) == [Reply(1, Refused("peer.signature"))]
        actor.vault.step(PeerMisbehaved(world.now(), old, "peer.malformed"))
        standing = actor.vault._desk.ledger.standing(peer.vault_id)
        assert standing is None or standing.faults == 0

    def test_a_record_that_has_expired_is_not_handed_on(self):
        world = World()
        actor, peer = world.add(1), Peer(1, "10.1.1.1:1")
        ask(world, actor, peer.record, Ping(b""))
        named = [of(Reply, ask(world, actor, Peer(2).record, FindVaults(TARGET)))[0].message.records]
        world.now_s += DAY_S
        named += [of(Reply, ask(world, actor, Peer(2).record, FindVaults(TARGET)))[0].message.records]
        assert named == [(peer.record,), ()]


class TestLookups:
    def start(self, world: World, actor: Actor, liar: Peer) -> list[Ask]:
        """``actor`` knows only the liar, and looks for holders of a chunk."""
        ask(world, actor, liar.record, Ping(b""))
        return of(Ask, actor.vault.step(CommandReceived(world.now(), control.PutChunk(1, CHUNK))), FindVaults)

    def test_a_vault_stands_where_it_is_seen_and_not_where_it_says(self, monkeypatch):
        monkeypatch.setattr(RoutingTable, "_make_room", lambda *_: not peers_met)  # full but for the first
        peers_met: list[bool] = []
        world = World()
        actor, liar = world.add(1), Peer(0, "10.9.9.9:1")
        waiting = self.start(world, actor, liar)
        peers_met.append(True)
        crowd = tuple(Peer(number, f"10.{number}.1.1:1").record for number in range(1, 21))
        puts = []
        while waiting:
            effects = answer(world, actor, waiting.pop(), Vaults(crowd))
            waiting += of(Ask, effects, FindVaults)
            puts += of(Ask, effects, Put)
        assert 0 < len(puts) <= SUBNET_VAULTS_MAX

    @pytest.mark.parametrize("is_answering", [True, False])
    def test_a_liar_who_invents_vaults_without_end_cannot_keep_a_lookup_going(self, is_answering):
        world = World()
        actor, liar = world.add(1), Peer(0, "10.9.9.9:1")
        waiting, asked, told = self.start(world, actor, liar), 0, []
        for number in range(1, 1_000):
            if not waiting:
                break
            question = waiting.pop(0)
            asked += 1
            if question.peer == liar.record or is_answering:
                invented = [Peer(20 * number + k, f"10.{number % 250}.{k}.1:1").record for k in range(20)]
                invented.sort(key=lambda record: record.position ^ int.from_bytes(ADDRESS, "big"))
                effects = answer(world, actor, question, Vaults(tuple(invented)), f"10.{number % 250}.7.0/24")
            else:
                effects = list(actor.vault.step(AskFailed(world.now(), question.ask_id, "peer.unreachable")))
            waiting += of(Ask, effects, FindVaults)
            told += of(Ask, effects, Put) + of(Tell, effects)
        assert not waiting
        assert told or actor.vault._desk._writing  # the put went on
        assert asked <= (100 if is_answering else 10)


class TestHeads:
    def test_the_head_of_a_stranger_is_not_asked_for(self):
        world = World()
        actor = world.add(1)
        assert of(Ask, ask(world, actor, Peer(1).record, Ping(TARGET)), FetchHead) == []

    def test_a_crowd_that_offers_heads_and_never_delivers_does_not_keep_others_out(self):
        world = World()
        actor = world.add(1)
        fetched = []
        for number, peer in enumerate(peers(30)):
            fetched += of(Ask, ask(world, actor, peer.record, Ping(number.to_bytes(32, "big"))), FetchHead)
        assert len(fetched) == 1
        honest = ask(world, actor, Peer(99, "10.3.3.3:1").record, Ping(TARGET), "10.3.3.0/24")
        assert of(Ask, honest, FetchHead) != []

    def test_a_subnet_whose_head_was_refused_must_wait(self):
        world = World()
        actor = world.add(1)
        liar, other = peers(2)
        (question,) = of(Ask, ask(world, actor, liar.record, Ping(TARGET)), FetchHead)
        answer(world, actor, question, Pong(b""))
        actor.vault.step(CommandReceived(world.now(), control.RefuseHead(1, TARGET, liar.vault_id)))
        counts = []
        for _ in range(2):
            counts.append(len(of(Ask, ask(world, actor, other.record, Ping(ADDRESS)), FetchHead)))
            world.now_s += 11.0
        assert counts == [0, 1]


class TestDoubt:
    def hold(self, world: World, actor: Actor) -> None:
        actor.vault.step(Started(world.now(), (actor.address,), {ADDRESS: len(CHUNK)}))

    def test_a_receipt_for_a_chunk_that_is_held_already_is_given_by_the_disk_too(self):
        world = World()
        actor = world.add(1, quota_bytes=len(CHUNK))
        self.hold(world, actor)
        assert len(of(WriteChunk, ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK)))) == 1
        assert actor.vault._desk.held == {ADDRESS: len(CHUNK)}

    @pytest.mark.parametrize(("code", "is_kept"), [("storage", True), ("", False)])
    def test_a_disk_that_cannot_tell_makes_no_vault_deny_its_chunk(self, code, is_kept):
        world = World()
        actor = world.add(1)
        self.hold(world, actor)
        (read,) = of(ReadChunk, ask(world, actor, Peer(1).record, Get(ADDRESS, NONCE)))
        (reply,) = of(Reply, list(actor.vault.step(ChunkRead(world.now(), read.token, None, code))))
        assert isinstance(reply.message, Refused) is is_kept
        assert (ADDRESS in actor.vault._desk.held) is is_kept

    @pytest.mark.parametrize(
        "make",
        [
            lambda number: control.PutChunk(number, b""),
            lambda number: control.PutChunk(number, bytes((1 << 20) + 1)),
            lambda number: control.GetChunk(number, b"short"),
            lambda number: control.AskVault(number, b"", b"short", bytes(16), is_audit=False),
            lambda number: control.AskVault(number, b"no record", ADDRESS, bytes(16), is_audit=False),
        ],
    )
    def test_an_order_that_cannot_be_carried_out_is_refused_and_asks_nobody(self, make: Callable[[int], Any]):
        world = World()
        actors = world.grow(3)
        world.sent.clear()
        assert isinstance(world.command(actors[0], make), control.Failed)
        assert not world.sent.keys() & {"Put", "Get"}

    def test_a_computer_without_a_network_starts_all_the_same(self):
        world = World()
        actor = world.add(1)
        effects = actor.vault.step(Started(world.now(), (), {}))
        assert isinstance(effects[0], Tell)
        actor.vault.step(Ticked(world.now()))


def test_nothing_that_a_peer_answers_ends_the_vault():
    world = World()
    actor, liar = world.add(1), Peer(1, "10.9.9.9:1")
    ask(world, actor, liar.record, Ping(b""))
    impossible = PeerRecord(msgspec.structs.replace(liar.certificate, serial=2**64 - 1), ("x",) * 9, math.nan)
    odd = [
        Refused("x" * 64),
        Pong(b"short"),
        Vaults((impossible,) * 20),
        Stored(Receipt(ADDRESS, -(2**63), math.inf, math.nan, b"")),
    ]
    orders: list[control.Command] = [
        control.PutChunk(1, CHUNK),
        control.GetChunk(2, ADDRESS),
        FetchRankTables(3),
        control.AskVault(4, encode_record(liar.record), ADDRESS, bytes(16), is_audit=True),
    ]
    for message in odd:
        for order in orders:
            waiting = of(Ask, list(actor.vault.step(CommandReceived(world.now(), order))))
            for _ in range(50):
                if waiting:
                    waiting += of(Ask, answer(world, actor, waiting.pop(), message))
    with pytest.raises(PeerError):
        check_record(impossible, START_S)
