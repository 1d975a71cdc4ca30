"""A vault asks another one what its supervisor wants to know, and brings the answer as it came."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from node.prober.control import Question
from node.supervisor.assigning import Assigning
from node.supervisor.bootstrap import Bootstrap
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.supervisor.keys import RunKey
from node.supervisor.launch import UNKNOWN_COMMAND, VaultRun
from node.update.errors import TwinFailed
from node.update.trials.observations import Neighbour, Neighbourhood
from node.vault import CONTROL_VERSIONS, control
from node.vault.core import codec
from node.vault.core.identity import encode_record
from node.vault.core.messages import Audited, Chunk, NotHeld
from node.vault.core.proofs import AUDITED, HELD, NOT_HELD, audit_digest, check_answer
from node.vault.rating import FetchRankTables, NeighbourTable, RankTables
from tests.vault_world import START_S, Actor, World

CHUNK = b"a chunk of a trial"
ADDRESS = hashlib.sha256(CHUNK).digest()
NONCE = b"drawn by the supervisor"


def ask(world: World, asker: Actor, asked: Actor, address: bytes = ADDRESS, *, is_audit: bool = False) -> Any:
    record = encode_record(asked.vault.record)
    return world.command(asker, lambda number: control.AskVault(number, record, address, NONCE, is_audit))


class TestInTheVault:
    def world(self) -> tuple[World, Actor, Actor]:
        world = World()
        asker, asked, *_ = world.grow(3)
        world.command(asker, lambda number: control.PutChunk(number, CHUNK))
        return world, asker, asked

    def test_it_brings_the_chunk_with_the_signature_of_who_was_asked(self):
        world, asker, asked = self.world()
        message = codec.decode_answer(ask(world, asker, asked).answer)

        assert isinstance(message, Chunk)
        assert message.content == CHUNK
        check_answer(
            message.answer, asked.vault.record.transport_key, kind=HELD, address=ADDRESS, nonce=NONCE,
            utc_s=START_S + world.now_s,
        )  # fmt: skip

    def test_it_brings_the_proof_of_an_audit(self):
        world, asker, asked = self.world()
        message = codec.decode_answer(ask(world, asker, asked, is_audit=True).answer)

        assert isinstance(message, Audited)
        digest = audit_digest(NONCE, asked.vault.record.transport_key, CHUNK)
        assert (message.answer.kind, message.answer.digest) == (AUDITED, digest)

    def test_a_chunk_that_it_holds_itself_is_asked_for_all_the_same(self):
        world, asker, asked = self.world()
        assert ADDRESS in asker.chunks
        del asked.chunks[ADDRESS]

        message = codec.decode_answer(ask(world, asker, asked).answer)

        assert isinstance(message, NotHeld)
        assert message.answer.kind == NOT_HELD

    def test_a_vault_that_does_not_answer_is_named_unreachable(self):
        world, asker, asked = self.world()
        asked.is_dead = True
        assert ask(world, asker, asked).code == "peer.unreachable"


class Channel:
    """What is left of a child: it takes every command."""

    def __init__(self) -> None:
        self.sent: list[control.Command] = []

    async def ask(self, make: Any, timeout_s: float) -> control.Report:
        self.sent.append(make(1))
        return control.Asked(1, b"the answer")


class TestTheVersionOfTheContract:
    def run_of(self, version: int) -> tuple[VaultRun, Channel]:
        channel = Channel()
        return VaultRun(channel, RunKey(b"", b"", b"", 0.0), Path("log"), version), channel  # type: ignore[arg-type]

    def test_an_older_vault_is_not_sent_what_it_would_end_for(self):
        run, channel = self.run_of(1)
        with pytest.raises(RequestRefused) as refused:
            asyncio.run(run.ask(lambda number: control.AskVault(number, b"", ADDRESS, NONCE, is_audit=False)))
        assert refused.value.code == UNKNOWN_COMMAND
        assert channel.sent == []

    def test_an_older_vault_is_sent_all_that_it_knows(self):
        run, channel = self.run_of(1)
        asyncio.run(run.ask(control.GetState))
        assert channel.sent == [control.GetState(1)]

    def test_an_older_vault_is_asked_for_all_of_its_store_at_once_and_this_one_part_by_part(self):
        for version in CONTROL_VERSIONS:
            run, channel = self.run_of(version)
            asyncio.run(run.ask(lambda number: control.Scan(number, b"")))
            assert channel.sent == [control.Scan(1, b"" if version >= 5 else None)]
        assert b"after" not in control.encode(control.Scan(1))

    def test_an_older_vault_is_asked_for_the_tables_of_those_it_knows_and_this_one_for_those_of_others_too(self):
        around = (bytes(32), b"\1" * 32)
        for version in CONTROL_VERSIONS:
            run, channel = self.run_of(version)
            asyncio.run(run.ask(lambda number: FetchRankTables(number, around)))
            assert channel.sent == [FetchRankTables(1, around if version >= 6 else ())]
        assert b"around" not in control.encode(FetchRankTables(1))

    def test_this_one_knows_it(self):
        run, channel = self.run_of(CONTROL_VERSIONS[0])
        asyncio.run(run.ask(lambda number: control.AskVault(number, b"", ADDRESS, NONCE, is_audit=False)))
        assert len(channel.sent) == 1


class InUse:
    """The vault in use, with one answer to everything."""

    record = b""

    def __init__(self, answer: control.Report | Exception) -> None:
        self._answer = answer

    async def ask(self, make: Any, timeout_s: float) -> control.Report:
        self.asked = make(1)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def host_of(folder: Path, vault: InUse) -> UpdateHost:
    home = Home.make(folder / "home", kind="practice", root=b"{}", bind="127.0.1.1:0", quota_bytes=1 << 30)
    return UpdateHost(home, vault, print, os.urandom, lambda: 1.0, Assigning(home, Bootstrap(home), lambda: True))  # type: ignore[arg-type]


class TestTheNeighbourhood:
    def around(self, folder: Path, tables: RankTables) -> tuple[Neighbourhood, list[Any]]:
        """What the supervisor makes of a vault that knows seven others, and what that one was asked."""
        asked: list[Any] = []

        class Knowing(InUse):
            async def ask(self, make: Any, timeout_s: float = 0.0) -> control.Report:
                asked.append(make(1))
                return control.State(1, 0, 0, 0, 7, 6, {}) if isinstance(asked[-1], control.GetState) else tables

        return asyncio.run(host_of(folder, Knowing(tables)).neighbourhood((ADDRESS,))), asked

    def test_those_around_an_address_are_asked_for_by_the_vault_in_use(self, tmp_path: Path):
        found, asked = self.around(tmp_path, RankTables(1, (NeighbourTable("10.0.1.0/24", 0.0, b"table"),), 5000))

        assert FetchRankTables(1, (ADDRESS,)) in asked
        assert (found.network_size, found.subnet_count) == (5000, 6)
        assert found.neighbours == (Neighbour("10.0.1.0/24", 0.0, b"table"),)

    def test_a_network_is_as_large_as_the_table_of_an_older_vault_which_says_nothing_else(self, tmp_path: Path):
        assert self.around(tmp_path, RankTables(1, ()))[0].network_size == 8


class TestInTheSupervisor:
    QUESTION = Question(0, "audit", ADDRESS, b"", NONCE, 0)

    def ask(self, folder: Path, answer: control.Report | Exception) -> tuple[bytes, InUse]:
        vault = InUse(answer)
        return asyncio.run(host_of(folder, vault).ask_as_vault(b"record", self.QUESTION)), vault

    def test_the_question_goes_to_the_vault_in_use_with_the_nonce_that_was_drawn(self, tmp_path: Path):
        answer, vault = self.ask(tmp_path, control.Asked(1, b"the answer"))
        assert answer == b"the answer"
        assert vault.asked == control.AskVault(1, b"record", ADDRESS, NONCE, is_audit=True)

    def test_what_a_twin_did_not_answer_is_nothing(self, tmp_path: Path):
        answer, _ = self.ask(tmp_path, RequestRefused("peer.unreachable", "the vault gave no answer"))
        assert answer == b""

    @pytest.mark.parametrize(
        "trouble",
        [VaultUnavailable("not there"), RequestRefused(UNKNOWN_COMMAND, "too old"), control.Content(1, b"")],
    )
    def test_a_vault_in_use_that_cannot_ask_says_nothing_of_the_twin(self, tmp_path: Path, trouble: Any):
        with pytest.raises(TwinFailed):
            self.ask(tmp_path, trouble)
