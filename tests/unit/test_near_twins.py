"""Real vault cores: what becomes of a trial's chunks in a network that is larger than a close group."""

from __future__ import annotations

import hashlib
import os
import random

import pytest

from node.prober.control import Question
from node.prober.judging import is_handed_over, judge
from node.update.trials import plan as plans
from node.update.trials.plan import Plan
from node.vault import control
from node.vault.core import codec
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS
from node.vault.core.identity import position_of
from node.vault.core.messages import Get, NotHeld, Put, Stored
from node.vault.core.replication import MARGIN_SUBNETS
from tests.vault_world import START_S, Actor, World

# A holder looks after seconds, and not after minutes and then once a day, whether a chunk is still its own.
PACE = control.Pace(audit_s=120.0, ping_s=60.0, refresh_s=30.0, sweep_s=40.0)
LOOKED_S = 220.0  # by then it has, a few times
QUOTA_BYTES = 64 << 20
VAULTS = 100
CHUNKS = 12


@pytest.fixture
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "CHUNK_BYTES_MAX", 200)
    monkeypatch.setattr(plans, "LONG_SHARE", 0.0)


class Trial:
    """Two twins of one subnet beside each other in a network of so many vaults, each of a subnet of its own."""

    def __init__(self, count: int) -> None:
        self.world, self.others = World(5), list[Actor]()
        for number in range(1, count + 1):
            known = random.Random(number).sample(self.others, min(4, len(self.others)))
            contacts = [*self.others[:1], *known]
            self.others.append(self.world.add(number, contacts=contacts, pace=PACE, quota_bytes=QUOTA_BYTES))
        self.world.pass_time(20.0)
        mark = hashlib.sha256(b"where the twins lie").digest()
        self.twins = [
            self.world.add(255, host=host, contacts=self.others[:5], near=mark, pace=PACE, quota_bytes=QUOTA_BYTES)
            for host in (1, 2)
        ]
        self.world.pass_time(20.0)

    def size_seen_by(self, actor: Actor) -> int:
        """About how many vaults there are, as a vault tells its supervisor."""
        return actor.vault._desk.table.network_size

    def put(self, chunks_for: int, count: int) -> list[bytes]:
        """Chunks as they are drawn for a network of that size, which both twins have taken."""
        plan = Plan(position_of(self.twins[0].vault_id), chunks_for, random.Random(7), random.Random(8).randbytes)
        taken: list[bytes] = []
        while len(taken) < count:
            draw = plan.next()
            answers = [self.world.ask(self.others[0], twin, Put(draw.address, draw.content)) for twin in self.twins]
            plan.given_up(draw.address)
            assert all(isinstance(answer, Stored) for answer in answers)
            taken.append(draw.address)
        return taken

    def held(self, chunks: list[bytes]) -> list[int]:
        return [sum(address in twin.chunks for address in chunks) for twin in self.twins]


@pytest.mark.long
@pytest.mark.usefixtures("short_chunks")
def test_chunks_as_they_are_drawn_for_its_size_stay_with_both_twins_and_others_do_not():
    trial = Trial(VAULTS)
    size = trial.size_seen_by(trial.others[0])
    near, far = trial.put(size, CHUNKS), trial.put(1, CHUNKS)

    trial.world.pass_time(LOOKED_S)

    assert VAULTS / 3 < size < 3 * VAULTS
    assert trial.held(near) == [CHUNKS, CHUNKS]
    assert max(trial.held(far)) < CHUNKS


@pytest.mark.long
@pytest.mark.usefixtures("short_chunks")
def test_a_twin_that_hands_a_chunk_over_says_so_and_it_is_no_loss():
    trial = Trial(12)
    world, twin = trial.world, trial.twins[0]
    content = next(content for content in (b"chunk %d" % number for number in range(9999)) if is_far(trial, content))
    address = hashlib.sha256(content).digest()
    for one in trial.twins:
        assert isinstance(world.ask(trial.others[0], one, Put(address, content)), Stored)
    world.pass_time(LOOKED_S)
    assert address not in twin.chunks

    question = Question(0, "get", address, b"", os.urandom(16), 0)
    answer = world.ask(trial.others[0], twin, Get(address, question.nonce))

    assert isinstance(answer, NotHeld)
    encoded, key = codec.encode(answer), twin.vault.record.certificate.transport_key
    assert judge(question, key, encoded, world.now().utc_s) == "not_held"
    assert is_handed_over(encoded, [one.vault_id for one in trial.twins], START_S)


def is_far(trial: Trial, content: bytes) -> bool:
    """Whether so many vaults are nearer to it than the twins that these take it and soon give it up."""
    target = int.from_bytes(hashlib.sha256(content).digest(), "big")
    return all(
        sum(position_of(other.vault_id) ^ target < position_of(twin.vault_id) ^ target for other in trial.others)
        > CLOSE_GROUP_SUBNETS + MARGIN_SUBNETS
        for twin in trial.twins
    )
