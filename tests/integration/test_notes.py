"""Real vaults carry farms' notes: one is given a note, another meets it, asks for it, and its farm counts it."""

from __future__ import annotations

import asyncio
import os
import random
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.practice.host import PlainVault
from node.supervisor.errors import RequestRefused
from node.supervisor.home import Home
from node.supervisor.ports import Slot
from node.supervisor.supervisor import Supervisor
from node.trial import membership
from node.trial.notes import Numbers, State, encode_note, make_note
from node.trial.waves import WITHOUT_WAVES
from node.trust.release import Release
from node.update.events import Ticked
from node.update.lifecycle import Lifecycle
from node.update.noted import subject_of
from node.update.rollouts import Asking, Author, Rollouts
from node.update.store import Record
from node.vault import control
from node.vault.core.identity import Signer
from node.vault.noting import AskNote, Met, NoteSeen, OwnNote, SetNotes
from tests.integration.test_supervisor import running, wait_until
from tests.integration.test_vault_process import Network, folder, play
from tests.signed_world import World as SignedWorld

__all__ = ["folder"]  # the fixture

RELEASE = Release("vault/2", "vault", "2", "a" * 64, bytes(32), 1, (), "", 2)
SUBJECT = subject_of(RELEASE)


class FarmVault(PlainVault):
    """A vault whose farm can enrol; fulfils ``NoteHost``."""

    def __init__(self, network: Network, number: int) -> None:
        super().__init__(f"vault {number}", network.folder / f"{number}", f"127.0.{number}.1:0", network.chain)
        self.seed = os.urandom(membership.SEED_BYTES)
        self._signer = self.signer = Signer(os.urandom(32))
        self._commitment = membership.commitment(self.seed)
        self.rollouts: Rollouts | None = None

    def note(self, state: State) -> bytes:
        note = make_note(
            SUBJECT, state, Numbers(started_day=20_000), self.signer.sign, vault_id=self.vault_id, seed=self.seed,
            baseline=bytes(32), platform="linux",
        )  # fmt: skip
        return encode_note(note)

    async def ask_note(self, vault_id: bytes, release: bytes) -> NoteSeen:
        return await self._ask(lambda number: AskNote(number, vault_id, release), NoteSeen)

    async def set_notes(self, notes: tuple[OwnNote, ...]) -> None:
        await self._ask(lambda number: SetNotes(number, notes), control.Done)

    def peer_count(self) -> int:
        return 3

    def _reported(self, report: control.Report) -> None:
        if isinstance(report, Met) and self.rollouts is not None:
            self.rollouts.met(report.vaults)
        super()._reported(report)


async def add(network: Network, slot: Slot, number: int) -> FarmVault:
    vault = FarmVault(network, number)
    contacts = tuple(other.record for other in network.vaults)
    network.vaults.append(vault)
    await vault.start(slot, contacts, control.Pace(audit_s=1.0, ping_s=1.0, refresh_s=2.0), 1 << 26)
    return vault


@pytest.mark.long
def test_a_note_is_set_asked_for_and_counted_and_a_borrowed_one_is_not(folder: Path, slot: Slot):
    async def story(network: Network) -> None:
        asker = await add(network, slot, 1)
        asker.rollouts = Rollouts(
            folder, Author(vault_id=asker.vault_id, seed=asker.seed, sign=asker.signer.sign, platform="linux"), asker,
            plan=WITHOUT_WAVES, asking=Asking(round_s=0.5, pause_s_min=0.1, idle_s=0.1), random=random.Random(1),
            utc_s=time.time, on_change=lambda: None,
        )  # fmt: skip
        author, borrower = await add(network, slot, 2), await add(network, slot, 3)
        await author.set_notes((OwnNote(SUBJECT.digest, author.note("on_trial")),))
        await borrower.set_notes((OwnNote(SUBJECT.digest, author.note("fail")),))
        record = Record(RELEASE, Lifecycle("vault/2", "a" * 64, 0.0, 0.0), time.time() + 60.0)

        async def until(enrolled: int, passed: int) -> None:
            async with asyncio.timeout(30.0):
                while True:
                    assert asker.rollouts is not None
                    assert asker.rollouts.hold(record) == ""
                    view = asker.rollouts.view("vault/2")
                    assert view is not None
                    assert view.failed == 0
                    if (view.enrolled, view.passed) == (enrolled, passed):
                        return
                    await asyncio.sleep(0.1)

        running = asyncio.create_task(asker.rollouts.run())
        try:
            await until(1, 0)
            await author.set_notes((OwnNote(SUBJECT.digest, author.note("pass")),))
            await until(1, 1)
            assert (await asker.ask_note(borrower.vault_id, SUBJECT.digest)).subnet == "127.0.3.0/24"
            with pytest.raises(RequestRefused, match="cannot be found"):
                await asker.ask_note(os.urandom(32), SUBJECT.digest)
        finally:
            running.cancel()
            await asyncio.wait({running})

    play(folder, slot, story)


@pytest.mark.long
def test_two_whole_nodes_learn_what_the_other_one_found(tmp_path: Path):
    genesis = SignedWorld().genesis

    def home(number: int, contacts: tuple[bytes, ...] = ()) -> Home:
        return Home.make(
            tmp_path / f"{number}", kind="practice", root=genesis, bind=f"127.0.{number}.1:0", quota_bytes=64 << 20,
            contacts=contacts, pace=control.Pace(audit_s=1.0, ping_s=1.0, refresh_s=1.0),
        )  # fmt: skip

    def rollouts_of(node: Supervisor) -> Rollouts:
        assert node._updates is not None
        return node._updates._means.rollouts

    async def story() -> None:
        async with asyncio.timeout(100), running(home(1)) as first:
            await wait_until(lambda: first.vault.is_listening)
            async with running(home(2, (first.vault.record,))) as second:
                asker, author = rollouts_of(first), rollouts_of(second)
                await wait_until(lambda: len(asker._book) == 1)
                (entry,) = asker._book
                committed = membership.commitment(second.keys.membership_seed)
                assert (entry.vault_id, entry.commitment) == (second.keys.vault_id, committed)
                assert entry.subnet == "127.0.2.0/24"

                staged = Record(RELEASE, Lifecycle("vault/2", "a" * 64, 0.0, 0.0, "staged", "b" * 64), time.time())
                tried = msgspec.structs.replace(staged, way=replace(staged.way, phase="on_trial"))
                await wait_until(lambda: second.vault.is_listening)
                await author.moved(staged, tried, Ticked(0.0), None)
                await wait_until(lambda: asker.hold(staged) == "")
                await wait_until(lambda: (view := asker.view("vault/2")) is not None and view.enrolled == 1)

    asyncio.run(story())
