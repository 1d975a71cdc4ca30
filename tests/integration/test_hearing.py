"""Real twins in a real network: who hears of the newest head from a peer, hands it up and then hands it out."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.practice.host import PlainVault
from node.practice.profile import PACE
from node.prober.control import Heard, Question
from node.supervisor.assigning import Assigning
from node.supervisor.bootstrap import Bootstrap
from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.supervisor.ports import Slot
from node.trust.chain import Chain
from node.update.files.slots import Slots
from node.update.files.trees import read_vault_layer
from node.update.ports import TwinOrder
from node.vault import control
from node.vault.share.tree import manifest_of
from tests.candidates.catalogue import ROWS, write_source
from tests.signed_world import World as SignedWorld

HEAD = b"the newest head, which is for the vaults nothing but bytes"
QUOTA_BYTES = 1 << 26
HEARD_S = 30.0
EQUAL, DEAF, SILENT = "equal", "hears-no-news", "serves-no-news"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hearing-") as made:
        yield Path(made)


def slot_of(slots: Slots, folder: Path, name: str) -> Slot:
    """The vault as one of the candidates has it."""
    (row,) = (row for row in ROWS if row.name == name)
    package = folder / name / "node"
    write_source(row, package / "vault", "1.0")
    (package / "__init__.py").touch()
    files = read_vault_layer(package)
    contents = {hashlib.sha256(content).hexdigest(): content for _, _, content in files}
    tree_hash = slots.stage("vault", manifest_of(files)[0], contents.__getitem__).name
    return Slot(tree_hash, slots.verify("vault", tree_hash), slots.pycache("vault", tree_hash))


async def serves(host: UpdateHost, records: list[bytes]) -> list[bool]:
    """Who of them hands the newest head out; asked until the last one does, or for a while."""
    asked = Question(0, "head", hashlib.sha256(HEAD).digest(), b"", b"", 0)
    prober = await host.start_prober((records[0], records[1]))
    try:
        async with asyncio.timeout(HEARD_S):
            while True:
                heard = await prober.ask(asked)
                assert isinstance(heard, Heard)
                served = [answer.outcome == "ok" for answer in heard.answers]
                if served[-1]:
                    return served
                await asyncio.sleep(0.1)
    finally:
        await prober.stop()


@pytest.mark.long
@pytest.mark.parametrize(("name", "is_brought"), [(DEAF, False), (SILENT, True)])
def test_a_twin_carries_what_it_has_heard_and_one_that_does_not_hear_or_hand_out_is_told_from_it(
    folder: Path, name: str, is_brought: bool
):
    signed, slots = SignedWorld(), Slots(folder / "slots")
    network = Chain.start(signed.genesis)
    home = Home.make(
        folder / "home", kind="practice", root=signed.genesis, bind="127.0.220.1:0", quota_bytes=1 << 30, pace=PACE
    )

    async def scene() -> None:
        kept = {slot.tree_hash: slot for slot in (slot_of(slots, folder, one) for one in (EQUAL, name))}
        own = PlainVault("own", folder / "own", "127.0.221.1:0", network)
        equal, bad = kept
        await own.start(kept[equal], (), PACE, QUOTA_BYTES)
        in_use: Any = SimpleNamespace(record=own.record, run=None)
        assigning = Assigning(home, Bootstrap(home), lambda: False)
        host = UpdateHost(home, in_use, kept.__getitem__, os.urandom, time.time, assigning)
        host.head = HEAD
        twins = []
        try:
            assert own._run is not None
            await own._run.ask(partial(control.SetHead, content=HEAD))
            for tree_hash in (bad, equal):
                order = TwinOrder(
                    tree_hash=tree_hash, data=home.vaults / tree_hash[:16], seed=tree_hash[:32].encode(),
                    quota_bytes=QUOTA_BYTES,
                )  # fmt: skip
                twins.append(await host.start_twin(order))
            assert await serves(host, [twin.record for twin in twins]) == [False, True]
            told = [host._hearings[tree_hash[:32].encode()].head for tree_hash in (bad, equal)]
            assert told == [HEAD if is_brought else b"", HEAD]
        finally:
            for twin in twins:
                twin.kill()
                await twin.exited
            own.kill()
            await own.stop()

    asyncio.run(scene())
