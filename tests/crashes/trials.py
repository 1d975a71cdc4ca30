"""The power fails at every file operation of a running trial: it goes on with what was written, neither less nor more.

A whole trial with pretended twins is kept in real files.  Each disk that a cut may leave is put down, and the trial
goes on: with one of the states that were just being written, with exactly the chunks that belong to it, and to the same
end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from node.trial.trial import Trial
from node.trial.verdict import Outcome
from node.update.trials import keeping
from node.update.trials import state as trial_state
from node.update.trials.state import KeptTrial, Log, TrialFile
from tests.crashes.platter import Disk, Platter, put_down
from tests.twin_world import CANDIDATE, Nature, World
from tests.unit import test_trial_cut
from tests.unit.test_trial_cut import Node
from tests.unit.test_trial_run import PROFILE

KEEP_S: Final = 9.0  # so that a trial is written a few times
PAGE_RECORDS: Final = 150  # so that it fills pages
RESTARTED: Final = replace(PROFILE, restarts_min=1, lost_retry_s=1000.0)  # so that a restart finds what is lost
DISKS_MIN: Final = 25

Stores = dict[str, dict[bytes, bool]]
Chunks = frozenset[tuple[Log, bytes]]


@dataclass(frozen=True)
class Trying:
    """How a candidate behaves, and so how its trial ends."""

    nature: Nature
    end: Outcome


TRIALS: Final = {
    "a trial that promotes": Trying(Nature(), "promote"),
    "a trial that refuses": Trying(Nature(loses_every=10), "refuse"),
}


@dataclass(frozen=True)
class Running:
    """What must hold of a disk that is left at some change: the states that may be found, and what the twins hold."""

    states: tuple[bytes, bytes]  # as it was written down last, and as it just was being; b"" for none
    stores: Stores


class SeenFile(TrialFile):
    """Tells what is being written."""

    seen: Seen

    def save(self, kept: KeptTrial, news: Iterable[tuple[Log, bytes]]) -> None:
        told, seen = tuple(news), self.seen
        seen.coming = kept.trial
        seen.chunks[kept.trial] = seen.chunks[seen.kept] | frozenset(told)
        super().save(kept, told)
        seen.kept = kept.trial


class Seen:
    """What a trial was like whenever it was written down; ``chunks``: what its twins had acknowledged then."""

    def __init__(self) -> None:
        self.kept = self.coming = b""
        self.chunks: dict[bytes, Chunks] = {b"": frozenset()}


def lived(folder: Path, trying: Trying) -> tuple[Seen, World, dict[Disk, list[Running]]]:
    """The whole trial without a power cut; every disk that one would have left, with what must hold of it."""
    node, seen = node_of(folder, trying), Seen()

    def look() -> Running:
        return Running((seen.kept, seen.coming), {data: dict(store) for data, store in node.world.stores.items()})

    SeenFile.seen = seen
    platter = Platter(folder, look)
    with pytest.MonkeyPatch.context() as patch, platter.watched():
        patch.setattr(test_trial_cut, "TrialFile", SeenFile)
        result = node.live()
    assert result is not None
    assert result.outcome == trying.end
    return seen, node.world, platter.moments


def node_of(folder: Path, trying: Trying) -> Node:
    node = Node(World(), folder, RESTARTED)
    node.world.natures[CANDIDATE] = trying.nature
    return node


def goes_on(disk: Disk, left: list[Running], seen: Seen, contents: dict[bytes, bytes], node: Node, end: str) -> None:
    put_down(disk, node.folder)
    cut = node.cut()
    state = b"" if cut is None else cut.kept.trial
    moments = [each for each in left if state in each.states]
    assert moments, "a state that nobody wrote"
    if cut is not None:
        found = {(twin, address) for twin, chunks in cut.acknowledged.items() for address in chunks}
        assert found == seen.chunks[state]
        node.world.stores = {data: dict(store) for data, store in moments[-1].stores.items()}
        node.world.contents = dict(contents)
    else:
        node.order().folders.remove_all()  # as before every trial that begins
    before = Trial.load(state) if state else Trial(profile=RESTARTED)

    result = node.live()

    assert result is not None
    assert result.outcome == end, result.reason
    after = node.kept()
    asked = node.world.pairs + node.world.relayed // 2
    assert before.progress().pairs <= after.progress().pairs <= before.progress().pairs + asked
    assert before.tally.reads <= after.tally.reads <= before.tally.reads + asked
    assert after.ran_s >= before.ran_s
    assert after.restarts == 1 or (after.restarts, end) == (0, "refuse")  # what is lost is found at any start
    lost = {address for store in node.world.stores.values() for address, is_there in store.items() if not is_there}
    assert set(after.tally.lost) <= lost
    TrialFile(node.folder / "state").drop()
    assert list((node.folder / "state").iterdir()) == []


def play_trial(name: str, folder: Path, every: int) -> tuple[int, int]:
    """Play the trial, and on from each ``every``-th disk that a cut would have left; return how many, of how many.

    Raises:
        AssertionError: One of them does not go on as if nothing had been; a note says which.
    """
    trying = TRIALS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)  # which disk is left is decided by ``Platter``
        patch.setattr(keeping, "KEEP_S", KEEP_S)
        patch.setattr(trial_state, "PAGE_RECORDS", PAGE_RECORDS)
        patch.setattr(trial_state, "PAGE_BYTES", PAGE_RECORDS * trial_state.RECORD_BYTES)
        seen, world, moments = lived(folder, trying)
        assert len(moments) > DISKS_MIN
        chosen = list(enumerate(moments.items()))[::every]
        for number, (disk, left) in chosen:
            try:
                goes_on(disk, left, seen, world.contents, node_of(folder, trying), trying.end)
            except BaseException as error:
                error.add_note(f"disk {number}: {[(path, len(content or b'')) for path, _, content in disk]}")
                raise
    return len(chosen), len(moments)
