"""A vault tells whom it has met, answers with its farm's notes, and finds whoever shall be asked for one."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest

from node.vault import control
from node.vault.__main__ import Process
from node.vault.core.events import Reply, RequestReceived
from node.vault.core.identity import PeerRecord, Signer, certify, make_record
from node.vault.core.messages import GetNote, NoteContent, Ping, Pong, Refused
from node.vault.core.notes import GATHER_S, MET_AGAIN_S, MET_PAUSE_S, PENDING_PER_SUBNET
from node.vault.errors import ControlError
from node.vault.noting import MET_MAX, NOTE_BYTES_MAX, NOTES_MAX, AskNote, Met, MetVault, NoteSeen, OwnNote, SetNotes
from tests.vault_world import START_S, Actor, World

RELEASE, OTHER = b"r" * 32, b"o" * 32
NOTE = b"a note, signed elsewhere"


class FakeChannel:
    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


def stranger(number: int, *, commitment: bytes = b"", is_client: bool = False) -> PeerRecord:
    seed = number.to_bytes(4, "big")
    owner, transport = Signer(seed * 8), Signer((b"tran" + seed) * 4)
    certificate = certify(owner, transport.public_key, serial=1, now_s=START_S, commitment=commitment)
    return make_record(transport, certificate, () if is_client else ("10.9.9.9:4000",), START_S)


def meet(world: World, actor: Actor, peer: PeerRecord, subnet: str = "10.9.9.0/24") -> None:
    actor.vault.step(RequestReceived(world.now(), 1, peer, subnet, Ping(b"")))


def asking(author: Actor, release: bytes, number: int) -> AskNote:
    return AskNote(number, author.vault_id, release)


def lone() -> tuple[World, Actor]:
    world = World()
    return world, world.add(1)


def told(actor: Actor) -> list[MetVault]:
    return [vault for report in actor.reports(Met) for vault in report.vaults]


def set_notes(world: World, actor: Actor, **notes: bytes) -> None:
    given = tuple(OwnNote({"release": RELEASE, "other": OTHER}[name], note) for name, note in notes.items())
    assert isinstance(world.command(actor, lambda number: SetNotes(number, given)), control.Done)


class TestWhomItHasMet:
    def test_it_tells_of_everyone_it_meets_from_where_it_really_sees_them(self):
        world = World()
        first, second, third = world.grow(3)
        world.pass_time(2 * MET_PAUSE_S)
        seen = {vault.vault_id: vault for vault in told(first)}
        assert seen[second.vault_id].subnet == "10.0.2.0/24"
        assert seen.keys() == {second.vault_id, third.vault_id}

    def test_it_tells_under_which_commitment(self):
        world, actor = lone()
        meet(world, actor, stranger(1, commitment=b"c" * 32))
        world.pass_time(2 * GATHER_S)
        assert [vault.commitment for vault in told(actor)] == [b"c" * 32]

    def test_a_client_is_nobody_to_tell_of(self):
        world, actor = lone()
        meet(world, actor, stranger(1, is_client=True))
        world.pass_time(MET_PAUSE_S)
        assert told(actor) == []

    def test_it_tells_of_the_same_vault_again_after_hours_or_under_another_commitment(self):
        world, actor = lone()
        for commitment in (b"c" * 32, b"c" * 32, b"d" * 32):
            meet(world, actor, stranger(1, commitment=commitment))
            world.pass_time(2 * MET_PAUSE_S)
        assert [vault.commitment for vault in told(actor)] == [b"c" * 32, b"d" * 32]
        world.now_s += MET_AGAIN_S
        meet(world, actor, stranger(1, commitment=b"d" * 32))
        world.pass_time(2 * GATHER_S)
        assert len(told(actor)) == 3

    @pytest.mark.long
    def test_a_flood_of_identities_is_told_a_few_of_each_subnet_and_one_batch_in_a_while(self):
        world, actor = lone()
        for number in range(200):
            meet(world, actor, stranger(number), "10.9.9.0/24")
        meet(world, actor, stranger(1_001), "10.8.8.0/24")
        world.pass_time(2 * GATHER_S)
        assert [vault.subnet for vault in told(actor)] == ["10.9.9.0/24"] * PENDING_PER_SUBNET + ["10.8.8.0/24"]
        for number in range(1_000):
            meet(world, actor, stranger(2_000 + number), f"10.{number // 250}.{number % 250}.0/24")
            world.pass_time(0.25)
        assert all(len(report.vaults) <= MET_MAX for report in actor.reports(Met))
        assert len(actor.reports(Met)) < 8 + 250.0 / MET_PAUSE_S

    @pytest.mark.long
    def test_looking_around_makes_it_meet_vaults_far_from_its_own_place(self):
        world = World(3)
        actors = world.grow(30)
        world.pass_time(180.0)
        assert len({vault.vault_id for vault in told(actors[-1])}) == 29


class TestTheOwnNotes:
    def test_whoever_asks_is_given_the_note_on_that_release_and_no_other(self):
        world = World()
        asker, author = world.grow(2)
        set_notes(world, author, release=NOTE)
        for release, expected in ((RELEASE, NOTE), (OTHER, b"")):
            seen = world.command(asker, partial(asking, author, release))
            assert isinstance(seen, NoteSeen)
            assert (seen.content, seen.subnet) == (expected, "10.0.2.0/24")

    def test_new_notes_take_the_place_of_all_old_ones(self):
        world, author = lone()
        set_notes(world, author, release=NOTE)
        set_notes(world, author, other=b"new")
        answers = {}
        for release in (RELEASE, OTHER):
            effects = author.vault.step(RequestReceived(world.now(), 1, stranger(1), "10.9.9.0/24", GetNote(release)))
            answers[release] = next(effect.message for effect in effects if isinstance(effect, Reply))
        assert answers == {RELEASE: NoteContent(b""), OTHER: NoteContent(b"new")}

    @pytest.mark.parametrize(
        "command",
        [
            SetNotes(1, (OwnNote(RELEASE, bytes(NOTE_BYTES_MAX + 1)),)),
            SetNotes(1, (OwnNote(RELEASE, b""),) * (NOTES_MAX + 1)),
            SetNotes(1, (OwnNote(b"short", b""),)),
            AskNote(1, b"short", RELEASE),
            AskNote(1, RELEASE, b"short"),
        ],
    )
    def test_an_order_outside_its_limits_is_none(self, command):
        with pytest.raises(ControlError):
            control.decode_order(msgspec.msgpack.encode(command))


class TestAskingForANote:
    def test_a_vault_outside_the_table_is_found_by_its_position(self):
        world = World()
        actors = world.grow(6)
        asker, author = actors[0], actors[-1]
        set_notes(world, author, release=NOTE)
        asker.vault._desk.table.remove(author.vault_id)
        seen = world.command(asker, lambda number: AskNote(number, author.vault_id, RELEASE))
        assert isinstance(seen, NoteSeen)
        assert seen.content == NOTE

    def test_one_that_nobody_knows_is_said_not_to_be_found(self):
        world = World()
        asker, _ = world.grow(2)
        failed = world.command(asker, lambda number: AskNote(number, b"x" * 32, RELEASE))
        assert isinstance(failed, control.Failed)
        assert failed.code == "peer.not_found"

    def test_one_that_is_gone_is_said_to_be_unreachable(self):
        world = World()
        asker, author = world.grow(2)
        author.is_dead = True
        failed = world.command(asker, lambda number: AskNote(number, author.vault_id, RELEASE))
        assert isinstance(failed, control.Failed)
        assert failed.code == "peer.unreachable"

    @pytest.mark.parametrize(
        ("answer", "code", "blamed"),
        [(Refused("busy"), "peer.refused", 0), (Pong(b""), "peer.malformed", 1)],
    )
    def test_whoever_answers_something_else_gives_no_note(self, answer, code, blamed):
        world = World()
        asker, author = world.grow(2)
        author.tamper = lambda given: answer if isinstance(given, NoteContent) else given
        failed = world.command(asker, lambda number: AskNote(number, author.vault_id, RELEASE))
        assert isinstance(failed, control.Failed)
        assert failed.code == code
        assert world.command(asker, control.GetState).counters.get("blamed peer.malformed", 0) == blamed


class TestAnOlderSupervisor:
    @pytest.mark.parametrize(("version", "sent"), [(1, 0), (2, 1)])
    def test_it_is_told_nothing_that_it_does_not_know(self, version, sent):
        channel = FakeChannel()
        process = Process(channel)  # type: ignore[arg-type]  # all that it needs of one here
        process._control_version = version
        process._tell(control.Listening(b""))
        process._tell(Met(()))
        assert len(channel.frames) == 1 + sent
