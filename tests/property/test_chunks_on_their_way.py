"""Chunks that are put, read, rotten, given up and counted in any order: what was signed for and lies there is held."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from node.vault.core.events import (
    ChunkRead,
    ChunkRemoved,
    ChunkWritten,
    Counted,
    Effect,
    Event,
    ReadChunk,
    RemoveChunk,
    Reply,
    RequestReceived,
    Started,
    StoreChecked,
    Ticked,
    WriteChunk,
)
from node.vault.core.messages import Audit, Get, NotHeld, Put, Stored
from tests.unit.test_vault_attacks import NONCE, SUBNET, Peer
from tests.unit.test_vault_care import quiet
from tests.vault_world import World

CONTENTS: Final = [b"a" * 100, b"b" * 150]
ADDRESSES: Final = [hashlib.sha256(content).digest() for content in CONTENTS]
QUOTA_BYTES: Final = 400
NUMBERS: Final = st.integers(0, len(CONTENTS) - 1)
ANY: Final = st.integers(0, 9)


@dataclass(eq=False)
class Work:
    """What the disk is to do; ``outcome`` once it has done it, of which the vault may hear much later."""

    effect: WriteChunk | ReadChunk | RemoveChunk
    outcome: Event | None = None

    @property
    def is_change(self) -> bool:
        return not isinstance(self.effect, ReadChunk)


class ChunksOnTheirWay(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.actor = self.world.add(1, pace=quiet(), quota_bytes=QUOTA_BYTES)
        self.desk = self.actor.vault._desk
        self.disk: dict[bytes, bytes] = {}
        self.listed: dict[bytes, int] = {}  # by a count that began before all else
        self.works: list[Work] = []
        self.promised: set[bytes] = set()
        self.requests = 0

    @initialize(lying=st.sets(NUMBERS), rotten=st.sets(NUMBERS), is_counted=st.booleans())
    def start(self, lying: set[int], rotten: set[int], *, is_counted: bool) -> None:
        for number in sorted(lying):
            content = CONTENTS[number]
            self.disk[ADDRESSES[number]] = b"?" * len(content) if number in rotten else content
        self.listed = {address: len(content) for address, content in self.disk.items()}
        self.step(Started(self.world.now(), (self.actor.address,), {}, QUOTA_BYTES, is_counted=False))
        if is_counted:
            self.count()

    @rule(number=NUMBERS)
    def put(self, number: int) -> None:
        self.ask(Put(ADDRESSES[number], CONTENTS[number]))

    @rule(number=NUMBERS, is_audit=st.booleans())
    def read(self, number: int, *, is_audit: bool) -> None:
        self.ask(Audit(ADDRESSES[number], NONCE) if is_audit else Get(ADDRESSES[number], NONCE))

    @rule(number=NUMBERS)
    def rot(self, number: int) -> None:
        if ADDRESSES[number] in self.disk:
            self.disk[ADDRESSES[number]] = b"?" * len(CONTENTS[number])

    @rule(number=NUMBERS)
    def give_up(self, number: int) -> None:
        self.desk.remove_chunk(None, ADDRESSES[number])
        self.take(self.desk.take_effects())

    @rule(which=ANY, is_well=st.booleans())
    def work(self, which: int, *, is_well: bool) -> None:
        """The disk does one thing; changes of one chunk in their order, as the store does."""
        waiting = [work for work in self.works if work.outcome is None]
        changes = {work.effect.address: work for work in reversed(waiting) if work.is_change}
        able = [work for work in waiting if not work.is_change or changes[work.effect.address] is work]
        if able:
            self.do(able[which % len(able)], "" if is_well else "storage")

    def do(self, work: Work, code: str) -> None:
        now, token, address = self.world.now(), work.effect.token, work.effect.address
        match work.effect:
            case WriteChunk(_, _, content):
                if not code:
                    self.disk[address] = content
                work.outcome = ChunkWritten(now, token, code)
            case RemoveChunk():
                if not code:
                    self.disk.pop(address, None)
                work.outcome = ChunkRemoved(now, token, code)
            case ReadChunk():
                work.outcome = ChunkRead(now, token, self.disk[address] if self.is_whole(address) else None)

    @rule(which=ANY)
    def hear(self, which: int) -> None:
        done = [work for work in self.works if work.outcome is not None]
        if done:
            self.works.remove(work := done[which % len(done)])
            assert work.outcome is not None
            self.step(work.outcome)

    @precondition(lambda self: not self.desk.is_counted)
    @rule()
    def count(self) -> None:
        self.step(Counted(self.world.now(), dict(self.listed), is_counted=False))
        self.step(Counted(self.world.now(), {}, is_counted=True))

    @rule()
    def say_that_the_disk_is_well(self) -> None:
        self.step(StoreChecked(self.world.now(), ""))

    @rule(seconds=st.floats(0.1, 20.0))
    def wait(self, seconds: float) -> None:
        self.world.now_s += seconds
        self.step(Ticked(self.world.now()))

    @invariant()
    def all_that_is_used_is_held_in_pieces_or_on_its_way(self) -> None:
        desk = self.desk
        assert not set(desk.held) & set(desk.broken)
        if desk.is_counted:
            moving = sum(length for _, _, length in (*desk._writing.values(), *desk._removing.values()))
            assert desk.used_bytes == desk.held.sum_bytes + desk.broken.sum_bytes + moving

    def teardown(self) -> None:
        while self.works:
            self.work(0, is_well=True)
            self.hear(0)
        desk = self.desk
        waiting = [desk._reading, desk._writing, desk._removing, desk._delayed, desk.limits._pending]
        assert not any(waiting)
        kept = {address for address in self.promised if self.is_whole(address)}
        assert not desk.is_counted or kept <= set(desk.held)

    def ask(self, message: Put | Get | Audit) -> None:
        self.requests += 1
        self.step(RequestReceived(self.world.now(), self.requests, Peer(3).record, SUBNET, message))

    def step(self, event: Event) -> None:
        self.take(self.actor.vault.step(event))

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case RemoveChunk(_, address):
                    self.promised.discard(address)
                    self.works.append(Work(effect))
                case WriteChunk() | ReadChunk():
                    self.works.append(Work(effect))
                case Reply(_, Stored(receipt)):
                    self.promised.add(receipt.address)
                case Reply(_, NotHeld(answer)):
                    assert answer.address not in self.promised or not self.is_whole(answer.address)

    def is_whole(self, address: bytes) -> bool:
        return hashlib.sha256(self.disk.get(address, b"")).digest() == address


@pytest.mark.long
def test_what_was_signed_for_and_lies_there_is_held_and_never_denied():
    chosen = settings(max_examples=400, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(ChunksOnTheirWay, settings=chosen)
