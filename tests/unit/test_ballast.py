"""Room that is held back on the disk: it is really taken, and really given up."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.supervisor.ballast import BALLAST_BYTES, SPARE_BYTES, Ballast


def held(folder: Path) -> Ballast:
    return Ballast(folder / "ballast", os.urandom)


def with_free(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))


def test_the_room_is_taken_on_the_disk_and_let_go_once(tmp_path: Path):
    ballast = held(tmp_path)

    ballast.lay()
    taken_bytes = (tmp_path / "ballast").stat().st_blocks * 512

    assert taken_bytes >= BALLAST_BYTES
    assert [ballast.give_up(), ballast.give_up()] == [True, False]
    assert not (tmp_path / "ballast").exists()


def test_what_is_held_back_already_is_left_alone(tmp_path: Path):
    held(tmp_path).lay()
    before = (tmp_path / "ballast").read_bytes()

    held(tmp_path).lay()

    assert (tmp_path / "ballast").read_bytes() == before


def test_what_a_power_cut_left_half_done_is_made_whole(tmp_path: Path):
    (tmp_path / "ballast").write_bytes(b"half")

    held(tmp_path).lay()

    assert (tmp_path / "ballast").stat().st_size == BALLAST_BYTES


@pytest.mark.parametrize(("free_bytes", "is_laid"), [(BALLAST_BYTES + SPARE_BYTES, True), (SPARE_BYTES, False)])
def test_a_disk_that_is_nearly_full_is_not_filled_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, is_laid: bool
):
    with_free(monkeypatch, free_bytes)

    held(tmp_path).lay()

    assert (tmp_path / "ballast").exists() == is_laid


def test_a_disk_that_refuses_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    ballast = held(tmp_path)
    monkeypatch.setattr(os, "open", refuse)
    ballast.lay()
    monkeypatch.undo()

    assert not ballast.give_up()
