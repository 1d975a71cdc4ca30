"""A look-up finds the close group of those who live, asks three at a time, and passes over whom this vault shuns."""

from __future__ import annotations

import random
from collections.abc import Collection

import pytest

from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, REACH_SUBNETS
from node.vault.core.events import AnswerReceived, Ask, AskFailed, Effect, Event, Reply
from node.vault.core.identity import CERTIFICATE_S, CLOCK_SKEW_S, PeerRecord, certify, distance, make_record
from node.vault.core.lookup import ASKED_MAX, Candidate, Lookup
from node.vault.core.messages import FindVaults, Refused, Vaults
from node.vault.core.ranking import DATA_FAULTS_MAX
from tests.unit.test_vault_attacks import Peer, answer, ask, of, peers
from tests.vault_world import START_S, Actor, World

TARGET = bytes(32)


def by_distance(count: int) -> list[Peer]:
    return sorted(peers(count, "10.{}.1.1:4000"), key=lambda peer: distance(peer.record.position, TARGET))


def begun(actor: Actor, known: list[Peer], *, is_for_room: bool = False) -> list[list[Candidate]]:
    """What a lookup will have found that begins with these; its questions are the effects of the vault."""
    for peer in known:
        actor.vault._neighbourhood.met(actor.vault._desk, peer.record, subnet(peer))
    actor.vault._desk.take_effects()
    found: list[list[Candidate]] = []
    Lookup(TARGET, lambda _desk, near: found.append(near), is_for_room=is_for_room).begin(actor.vault._desk)
    return found


def look_up(
    world: World, actor: Actor, known: list[Peer], named: list[Peer], full: Collection[Peer] = ()
) -> tuple[list[Candidate], list[int], list[FindVaults]]:
    """What is found when every vault names the same ones, how many were asked at the same time, and what."""
    found = begun(actor, known, is_for_room=bool(full))
    asked: list[Ask] = of(Ask, actor.vault._desk.take_effects(), FindVaults)
    at_once, questions = [len(asked)], []
    by_key = {peer.record.transport_key: peer for peer in [*known, *named]}
    while asked:
        question = asked.pop(0)
        peer = by_key[question.peer.transport_key]
        assert isinstance(question.message, FindVaults)
        questions.append(question.message)
        message = Vaults(tuple(one.record for one in named), peer in full)
        effects = answer(world, actor, question, message, subnet(peer))
        asked += of(Ask, effects, FindVaults)
        at_once.append(len(asked))
    (near,) = found
    return near, at_once, questions


def subnet(peer: Peer) -> str:
    return peer.addresses[0].rpartition(".")[0] + ".0/24"


def test_it_finds_the_whole_group_nearest_first_also_when_only_far_ones_were_known():
    world = World()
    all_peers = by_distance(12)
    near, _, _ = look_up(world, world.add(1), all_peers[-3:], all_peers[:9])
    assert [one.vault_id for one in near] == [peer.vault_id for peer in all_peers[:CLOSE_GROUP_SUBNETS]]


def test_three_are_asked_at_a_time():
    world = World()
    all_peers = by_distance(12)
    _, at_once, _ = look_up(world, world.add(1), all_peers, all_peers)
    assert max(at_once) == 3


def test_one_that_was_caught_too_often_is_not_found_whoever_names_it():
    world = World()
    actor = world.add(1)
    all_peers = by_distance(12)
    caught = all_peers[1]
    for _ in range(DATA_FAULTS_MAX):
        actor.vault._desk.blame(caught.record, "peer.lost_chunk")
    near, _, _ = look_up(world, actor, all_peers[6:], all_peers[:6])
    assert [one.vault_id for one in near] == [
        peer.vault_id for peer in all_peers[: CLOSE_GROUP_SUBNETS + 1] if peer is not caught
    ]


def test_where_room_is_wanted_the_full_ones_are_passed_over_and_more_are_asked_for():
    world = World()
    all_peers = by_distance(30)
    full = all_peers[0:12:2]
    near, _, questions = look_up(world, world.add(1), all_peers[:5], all_peers[5:], full)
    assert [one.vault_id for one in near] == [peer.vault_id for peer in all_peers[1:11:2]]
    assert [question.is_wide for question in questions[:3]] == [False] * 3
    assert questions[-1].is_wide


def test_nobody_stands_in_farther_out_than_a_get_looks():
    world = World()
    all_peers = by_distance(REACH_SUBNETS + 9)
    near, _, _ = look_up(world, world.add(1), all_peers[:9], all_peers, all_peers[: REACH_SUBNETS - 2])
    assert [one.vault_id for one in near] == [peer.vault_id for peer in all_peers[REACH_SUBNETS - 2 : REACH_SUBNETS]]


@pytest.mark.parametrize(("is_wide", "count"), [(False, 20), (True, 40)])
def test_a_vault_names_twenty_others_or_forty(is_wide: bool, count: int):
    world = World()
    actor = world.add(1)
    for peer in peers(200, "10.{}.1.1:4000"):
        actor.vault._desk.table.met(peer.record, subnet(peer), 0.0)
    (reply,) = of(Reply, ask(world, actor, Peer(900).record, FindVaults(TARGET, is_wide)))
    assert len(reply.message.records) == count


@pytest.mark.parametrize("behind_s", [-CERTIFICATE_S - CLOCK_SKEW_S, 1.0])
def test_who_names_one_whose_record_holds_by_its_own_clock_only_is_not_blamed(behind_s: float):
    world = World()
    actor = world.add(1)
    honest, stranger = by_distance(2)
    dated = make_record(stranger.signer, stranger.certificate, stranger.addresses, START_S + CLOCK_SKEW_S)
    world.now_s -= behind_s
    found = begun(actor, [honest])
    (question,) = of(Ask, actor.vault._desk.take_effects(), FindVaults)
    answer(world, actor, question, Vaults((dated,)), subnet(honest))
    assert [one.vault_id for one in found[0]] == [honest.vault_id]
    standing = actor.vault._desk.ledger.standing(honest.vault_id)
    assert standing is not None
    assert standing.faults == 0


@pytest.mark.parametrize("is_named_late", [False, True])
def test_one_that_was_started_anew_is_found_though_somebody_names_its_former_run_first(is_named_late: bool):
    world = World()
    actor = world.add(1)
    restarted, first, second = by_distance(3)
    anew = restarted.renewed(2)
    found = begun(actor, [first, second])
    one, other = of(Ask, actor.vault._desk.take_effects(), FindVaults)
    (former,) = of(Ask, answer(world, actor, one, Vaults((restarted.record,)), subnet(first)), FindVaults)
    failed = AskFailed(world.now(), former.ask_id, "peer.unreachable")
    effects = actor.vault.step(failed) if is_named_late else []
    effects += answer(world, actor, other, Vaults((restarted.record, anew)), subnet(second))
    effects += actor.vault.step(failed) if not is_named_late else []
    (question,) = of(Ask, effects, FindVaults)
    assert question.peer == anew
    answer(world, actor, question, Vaults(()), subnet(restarted))
    assert [one.record for one in found[0]] == [anew, first.record, second.record]


@pytest.mark.parametrize("is_older", [False, True])
def test_one_that_refuses_and_shows_another_record_than_was_named_is_done_without(is_older: bool):
    world = World()
    actor = world.add(1)
    near, first = by_distance(2)
    shown = make_record(near.signer, near.certificate, near.addresses, START_S + (-1.0 if is_older else 1.0))
    found = begun(actor, [first])
    (one,) = of(Ask, actor.vault._desk.take_effects(), FindVaults)
    (other,) = of(Ask, answer(world, actor, one, Vaults((near.record,)), subnet(first)), FindVaults)
    assert other.peer == near.record
    actor.vault.step(AnswerReceived(world.now(), other.ask_id, subnet(near), Refused("busy"), shown))
    assert [[one.record for one in group] for group in found] == [[first.record]]


def test_a_former_run_that_refuses_says_nothing_of_the_one_that_was_named_meanwhile():
    world = World()
    actor = world.add(1)
    restarted, first, second = by_distance(3)
    anew = restarted.renewed(2)
    found = begun(actor, [first, second])
    one, other = of(Ask, actor.vault._desk.take_effects(), FindVaults)
    (former,) = of(Ask, answer(world, actor, one, Vaults((restarted.record,)), subnet(first)), FindVaults)
    (question,) = of(Ask, answer(world, actor, other, Vaults((anew,)), subnet(second)), FindVaults)
    answer(world, actor, former, Refused("busy"), subnet(restarted))
    assert found == []
    answer(world, actor, question, Vaults(()), subnet(restarted))
    assert [one.record for one in found[0]] == [anew, first.record, second.record]


class TestWhateverPeersAnswer:
    """Each vault has a few runs, and each run several records; anybody names, shows and refuses what he likes."""

    def records(self, chance: random.Random, peer: Peer) -> list[PeerRecord]:
        records = []
        for serial in (1, 2, 3):
            run = chance.choice([peer, Peer(10_000 + serial)])  # a renewed certificate, or another run
            certificate = certify(peer.owner, run.signer.public_key, serial=serial, now_s=START_S)
            records += [
                make_record(run.signer, certificate, peer.addresses, START_S + second) for second in (-1.0, 0.0, 1.0)
            ]
        return records

    def event(self, chance: random.Random, world: World, question: Ask, records: list[PeerRecord]) -> Event:
        if chance.random() < 0.2:
            return AskFailed(world.now(), question.ask_id, "peer.unreachable")
        shown = chance.choice([one for one in records if one.transport_key == question.peer.transport_key])
        named = Vaults(tuple(chance.sample(records, 5)))
        message = named if chance.random() < 0.5 else Refused("busy")
        return AnswerReceived(world.now(), question.ask_id, f"10.{chance.randrange(9)}.1.0/24", message, shown)

    @pytest.mark.parametrize("seed", range(100))
    def test_a_look_up_ends_once_when_no_question_is_on_its_way(self, seed: int):
        world, chance = World(), random.Random(seed)
        desk = (actor := world.add(1)).vault._desk
        everybody = peers(8, "10.{}.1.1:4000")
        records = [record for peer in everybody for record in self.records(chance, peer)]
        for record in records[:: len(records) // 2]:
            actor.vault._neighbourhood.met(desk, record, "10.99.1.0/24")
        desk.take_effects()
        found: list[list[Candidate]] = []
        Lookup(TARGET, lambda _desk, near: found.append(near), is_for_room=bool(seed % 2)).begin(desk)

        asked: list[Ask] = of(Ask, desk.take_effects(), FindVaults)
        count = len(asked)
        while asked:
            question = asked.pop(chance.randrange(len(asked)))
            effects: list[Effect] = actor.vault.step(self.event(chance, world, question, records))
            asked += (new := of(Ask, effects, FindVaults))
            count += len(new)

        assert len(found) == 1
        assert count <= ASKED_MAX


def test_those_who_are_not_met_yet_are_told_apart_by_where_others_see_them():
    world = World()
    here = world.add(1)
    homes = [Peer(number, "172.17.0.1:4000", f"44.0.{number}.1:4000") for number in range(12)]
    teller = Peer(500, "44.9.9.9:4000")
    here.vault._neighbourhood.met(here.vault._desk, teller.record, "44.9.9.0/24")
    here.vault._desk.take_effects()
    lookup = Lookup(TARGET, lambda _desk, _near: None)
    lookup.begin(here.vault._desk)
    (asked,) = of(Ask, here.vault._desk.take_effects(), FindVaults)
    answer(world, here, asked, Vaults(tuple(home.record for home in homes), is_full=False), "44.9.9.0/24")
    assert {one.subnet for one in lookup._candidates.values()} == {
        "44.9.9.0/24",
        *(f"44.0.{number}.0/24" for number in range(12)),
    }
