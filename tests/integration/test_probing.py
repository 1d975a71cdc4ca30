"""A real prober and real vaults: what it hands up, under which identities, and the same asked by a vault."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from node.practice.host import PlainVault
from node.practice.profile import PACE
from node.prober.control import Heard, Kind, Probe, ProberReport, Question, Ready
from node.prober.judging import judge
from node.sandbox.child import Child
from node.supervisor.ports import Slot
from node.supervisor.probing import ProberProcess, copy_program, start_prober
from node.trust.chain import Chain
from node.update.errors import ProberFailed
from node.vault import control
from node.vault.core.identity import decode_record
from tests.signed_world import World as SignedWorld

CHUNK = os.urandom(20_000)
ADDRESS = hashlib.sha256(CHUNK).digest()
HEAD = b"the newest head, which is for the vaults nothing but bytes"
QUOTA_BYTES = 1 << 26


def question(kind: Kind, first: int = 0) -> Question:
    if kind in ("ping", "head"):
        return Question(0, kind, hashlib.sha256(HEAD).digest(), b"", b"", first)
    return Question(0, kind, ADDRESS, CHUNK if kind == "put" else b"", os.urandom(16), first)


class Scene:
    """Two vaults that are asked and one that asks, with a prober on the two."""

    def __init__(self, vaults: list[PlainVault], prober: ProberProcess) -> None:
        self.vaults, self.prober = vaults, prober

    async def outcomes(self, kind: Kind) -> list[str]:
        """What both answers are worth, judged here; the prober says the same of them."""
        asked = question(kind)
        heard = await self.prober.ask(asked)
        assert isinstance(heard, Heard)
        judged = [
            judge(asked, decode_record(vault.record, time.time()).transport_key, answer.content, answer.at_s)
            for vault, answer in zip(self.vaults, heard.answers, strict=False)
        ]
        assert judged == [answer.outcome for answer in heard.answers]
        return [str(outcome) for outcome in judged]


def play(slot: Slot, folder: Path, story: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        chain = Chain.start(SignedWorld().genesis)
        vaults: list[PlainVault] = []
        try:
            for number in (1, 2, 3):
                vault = PlainVault(f"vault {number}", folder / str(number), f"127.0.{210 + number}.1:0", chain)
                vaults.append(vault)
                await vault.start(slot, tuple(other.record for other in vaults[:-1]), PACE, QUOTA_BYTES)
            copy_program(folder / "app")
            probe = Probe(0, chain.network, (vaults[0].record, vaults[1].record), "127.0.210.1:0")
            prober = await start_prober(folder / "app", folder / "prober", probe, folder / "log")
            try:
                await story(Scene(vaults, prober))
            finally:
                await prober.stop()
        finally:
            for vault in vaults:
                vault.kill()
            await asyncio.gather(*(vault.stop() for vault in vaults))

    asyncio.run(run())


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="probing-") as made:
        yield Path(made)


@pytest.mark.long
def test_answers_come_up_as_they_were_given_also_under_another_identity(folder: Path, slot: Slot):
    async def story(scene: Scene) -> None:
        assert await scene.outcomes("put") == ["ok", "ok"]
        assert await scene.outcomes("get") == ["ok", "ok"]
        await scene.prober.renew()
        assert await scene.outcomes("audit") == ["ok", "ok"]
        await scene.prober.renew()
        assert await scene.outcomes("get") == ["ok", "ok"]
        await scene.prober.stop()
        assert scene.prober.exited.result() == 0

    play(slot, folder, story)


@pytest.mark.long
def test_who_carries_the_newest_head_names_it_and_hands_it_out(folder: Path, slot: Slot):
    async def story(scene: Scene) -> None:
        runs = [vault._run for vault in scene.vaults[:2]]
        for run, head in zip(runs, (HEAD, b"an older head"), strict=True):
            assert run is not None
            await run.ask(partial(control.SetHead, content=head))
        assert await scene.outcomes("ping") == ["ok", "not_held"]
        assert await scene.outcomes("head") == ["ok", "refused"]

    play(slot, folder, story)


@pytest.mark.long
def test_a_vault_asks_another_one_by_name_and_brings_what_it_said(folder: Path, slot: Slot):
    async def story(scene: Scene) -> None:
        assert await scene.outcomes("put") == ["ok", "ok"]
        asked = question("get")
        record = scene.vaults[0].record
        run = scene.vaults[2]._run
        assert run is not None
        answer = await run.ask(lambda number: control.AskVault(number, record, ADDRESS, asked.nonce, is_audit=False))
        assert isinstance(answer, control.Asked)
        key = decode_record(record, time.time()).transport_key
        assert judge(asked, key, answer.answer, time.time()) == "ok"
        assert judge(question("get"), key, answer.answer, time.time()) == "bad_signature"

    play(slot, folder, story)


@pytest.mark.long
def test_a_prober_that_has_ended_answers_nothing_more(folder: Path, slot: Slot):
    async def story(scene: Scene) -> None:
        scene.prober.kill()
        await scene.prober.exited
        with pytest.raises(ProberFailed):
            await scene.prober.ask(question("get"))
        with pytest.raises(ProberFailed):
            await scene.prober.renew()

    play(slot, folder, story)


def test_cancelled_just_when_it_has_greeted_both_it_is_ended_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    class Started:
        """A child that has said hello; it is greeted and ended at once, or left alone."""

        def __init__(self) -> None:
            self.fault = ""
            self.is_killed = False
            self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def kill(self) -> None:
            self.is_killed = True

    async def scene() -> bool:
        begun: asyncio.Future[Callable[[ProberReport], None]] = asyncio.get_running_loop().create_future()
        child = Started()

        async def begin(*_: object, on_report: Callable[[ProberReport], None], **__: object) -> Started:
            begun.set_result(on_report)
            return child

        monkeypatch.setattr(Child, "start", begin)
        starting = asyncio.create_task(start_prober(folder, folder / "data", Probe(0, b"", (b"", b""), ""), folder))
        hear = await begun
        for _ in range(10):
            await asyncio.sleep(0)
        hear(Ready())
        await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait({starting})
        return starting.cancelled() and child.is_killed

    assert asyncio.run(scene())
