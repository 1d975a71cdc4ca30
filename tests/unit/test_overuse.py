"""What a twin takes of the disk: its quota, twice that in short chunks, and no more, however short its files are.

And what strangers take of it: that is told to the trial, and refuses no release.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.update.trials import overuse
from node.update.trials.overuse import stock_of
from node.vault.core.room import PLACE_BYTES
from tests.unit.test_trial_run import hold, with_candidate

QUOTA_BYTES = 1 << 20
SPARE_BYTES = 64 << 10


@pytest.fixture(autouse=True)
def little_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overuse, "SPARE_BYTES", SPARE_BYTES)


def write(folder: Path, count: int, length: int) -> None:
    for number in range(count):
        (folder / f"{length}-{number}").write_bytes(bytes(length))


def test_a_twin_that_is_full_of_the_shortest_chunks_keeps_to_its_quota(tmp_path: Path):
    write(tmp_path, QUOTA_BYTES // PLACE_BYTES, 1)
    write(tmp_path, 16, QUOTA_BYTES // 16 - QUOTA_BYTES // PLACE_BYTES // 16)
    assert not stock_of(tmp_path, QUOTA_BYTES).is_too_much


def test_files_of_one_byte_without_end_are_found_before_they_fill_the_disk(tmp_path: Path):
    write(tmp_path, (2 * QUOTA_BYTES + SPARE_BYTES) // PLACE_BYTES, 1)
    assert stock_of(tmp_path, QUOTA_BYTES).is_too_much


def test_so_are_empty_folders(tmp_path: Path):
    for number in range((2 * QUOTA_BYTES + SPARE_BYTES) // PLACE_BYTES):
        (tmp_path / str(number)).mkdir()
    assert stock_of(tmp_path, QUOTA_BYTES).is_too_much


def test_long_files_may_take_the_quota_once(tmp_path: Path):
    write(tmp_path, 1, QUOTA_BYTES)
    assert not stock_of(tmp_path, QUOTA_BYTES).is_too_much
    write(tmp_path, 1, SPARE_BYTES)
    assert stock_of(tmp_path, QUOTA_BYTES).is_too_much


def test_no_more_is_looked_at_than_shows_that_it_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    looked = 0
    scandir = os.scandir

    def counted(folder: str) -> object:
        nonlocal looked
        looked += 1
        return scandir(folder)

    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, (2 * QUOTA_BYTES + SPARE_BYTES) // PLACE_BYTES, 1)
    monkeypatch.setattr(os, "scandir", counted)

    assert stock_of(tmp_path, QUOTA_BYTES).is_too_much
    assert looked == 2


@pytest.mark.usefixtures("cheap_twins")
class TestStrangers:
    QUOTA_BYTES = 16 << 20

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("asks_per_s", "work_per_s", "outcome"),
        [(0.0, 0.0, "refuse"), (200.0, 0.0, "keep"), (0.0, 220.0, "keep"), (200.0, 20.0, "refuse")],
    )
    def test_processor_time_that_strangers_may_have_taken_refuses_nothing(
        self, tmp_path: Path, asks_per_s: float, work_per_s: float, outcome: str
    ):
        world = with_candidate(cpu_share=0.3, strangers_ask_per_s=asks_per_s, work_per_s=work_per_s)
        result = hold(world, tmp_path)

        assert result.outcome == outcome
        assert "processor time" in result.reason

    @pytest.mark.long
    @pytest.mark.parametrize(("lies_there_bytes", "outcome"), [(0, "refuse"), (14 << 20, "keep")])
    def test_a_twin_that_strangers_have_filled_may_refuse_what_its_twin_takes(
        self, tmp_path: Path, lies_there_bytes: int, outcome: str
    ):
        world = with_candidate(refuses_puts=True, hoards_bytes=lies_there_bytes)
        assert hold(world, tmp_path, quota_bytes=self.QUOTA_BYTES).outcome == outcome

    def test_it_is_short_of_room_when_its_places_are_taken_as_well(self, tmp_path: Path):
        """By chunks of one byte, say."""
        write(tmp_path, 256, 1)
        assert not stock_of(tmp_path, 4 << 20).is_short_of_room
        write(tmp_path, 256, 2)
        assert stock_of(tmp_path, 4 << 20).is_short_of_room
