"""What a twin takes of the disk: its quota, twice that in short chunks, and no more, however short its files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.update.trials import overuse
from node.update.trials.overuse import is_too_much
from node.vault.core.desk import PLACE_BYTES

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
    assert not is_too_much(tmp_path, QUOTA_BYTES)


def test_files_of_one_byte_without_end_are_found_before_they_fill_the_disk(tmp_path: Path):
    write(tmp_path, (2 * QUOTA_BYTES + SPARE_BYTES) // PLACE_BYTES, 1)
    assert is_too_much(tmp_path, QUOTA_BYTES)


def test_so_are_empty_folders(tmp_path: Path):
    for number in range((2 * QUOTA_BYTES + SPARE_BYTES) // PLACE_BYTES):
        (tmp_path / str(number)).mkdir()
    assert is_too_much(tmp_path, QUOTA_BYTES)


def test_long_files_may_take_the_quota_once(tmp_path: Path):
    write(tmp_path, 1, QUOTA_BYTES)
    assert not is_too_much(tmp_path, QUOTA_BYTES)
    write(tmp_path, 1, SPARE_BYTES)
    assert is_too_much(tmp_path, QUOTA_BYTES)


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

    assert is_too_much(tmp_path, QUOTA_BYTES)
    assert looked == 2
