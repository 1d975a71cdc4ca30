"""A real disk that is filled while a release is tried out: a person is told, and it goes on when there is room."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.api import texts
from node.trust.head import encode
from node.update.driver import Updates
from node.update.trials import rehearsal
from node.vault.errors import QuotaExceeded
from node.vault.storage.filesystem import UNFINISHED, RealFileSystem
from tests.crashes.farm import Farm, folder_of, is_decided, pretended_trials
from tests.crashes.small_disk import NoSmallDisk, fill, is_full, make_room, small_disk
from tests.update_world import tree_of

pytestmark = pytest.mark.usefixtures("cheap_twins")

MEGABYTES = 8
FULL_S = 100.0


class SmallFarm(Farm):
    def put(self, content: bytes) -> None:
        with contextlib.suppress(QuotaExceeded):  # nobody was promised anything
            super().put(content)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Of each disk a gigabyte is left to the farmer, and so nothing would be stored here.
    monkeypatch.setattr(RealFileSystem, "free_bytes", lambda _: 100 << 30)
    monkeypatch.setattr(rehearsal, "RESERVE_BYTES", 0)
    try:
        with small_disk(tmp_path / "disk", MEGABYTES) as mounted:
            yield mounted
    except NoSmallDisk as error:
        pytest.skip(str(error))


@pytest.mark.long
@pytest.mark.parametrize("phase", ["announced", "on_trial", "rehearsing"])
def test_whenever_it_is_filled_the_release_comes_through_and_nothing_half_written_stays(disk: Path, phase: str):
    farm = SmallFarm(folder=folder_of(disk))
    farm.found()
    said: set[str] = set()
    filled_s: list[float] = []

    def entered(name: str) -> None:
        if name == phase and not filled_s:
            fill(disk)
            filled_s.append(asyncio.get_running_loop().time())

    def is_over(updates: Updates) -> bool:
        is_still_full = bool(filled_s) and (disk / "filler").exists()
        if is_still_full:
            said.add(updates.updates().trouble)
            if asyncio.get_running_loop().time() - filled_s[0] >= FULL_S:
                assert is_full(disk)
                assert not updates.updates().items[0].verdict
                make_room(disk)
        return not is_still_full and is_decided(updates) and not updates.updates().trouble

    farm.entered = entered
    with pretended_trials():
        farm.live(encode(farm.signed.release("2")), until=is_over)

    assert texts.updates_wait_for_disk("it is full").sentence in said
    assert farm.phases[-1] == "confirmed", farm.store.load().records[0].way.reason
    assert farm.slots.current("vault") == tree_of("2")
    assert farm.store.load().records[0].way.voids == 0
    assert list(farm.folder.rglob(f".*{UNFINISHED}")) == []
