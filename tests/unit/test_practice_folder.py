"""The folder of a practice network: what is removed, and what is left alone."""

from __future__ import annotations

import os
import stat
import tempfile

import pytest

from node.practice.network import MARKER, practice_folder, remove_folder
from node.practice.releases import PracticeError
from node.supervisor.errors import HomeInUse


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path):
    """A practice network's folder with a read-only slot in it."""
    made = tmp_path / "net"
    (made / "slots" / "vault").mkdir(parents=True)
    (made / MARKER).write_text("{}")
    (made / "slots" / "vault" / "code.py").write_text("x = 1")
    (made / "slots" / "vault").chmod(0o555)
    tmp_path.chmod(0o755)
    return made


def test_a_folder_with_read_only_slots_is_removed_whole(folder):
    remove_folder(folder)
    assert not folder.exists()


def test_nothing_above_the_folder_changes_even_if_the_removal_fails(folder, monkeypatch):
    def busy(*_arguments: object, **_options: object):
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr(os, "rmdir", busy)
    remove_folder(folder)
    assert mode_of(folder.parent) == 0o755


def test_without_the_marker_nothing_is_removed(folder):
    (folder / MARKER).unlink()
    remove_folder(folder)
    assert (folder / "slots" / "vault" / "code.py").exists()


def test_what_an_earlier_network_left_is_removed_at_the_start_and_all_at_the_end(folder):
    with practice_folder(folder, is_kept=False) as used:
        assert sorted(path.name for path in used.iterdir()) == ["lock", MARKER]
    assert not folder.exists()


def test_a_folder_that_is_kept_stays(folder):
    with practice_folder(folder, is_kept=True) as used:
        (used / "farm-1").mkdir()
    assert (folder / "farm-1").is_dir()


def test_a_second_network_in_the_same_folder_is_refused_and_harms_nothing(folder):
    with practice_folder(folder, is_kept=True) as used:
        (used / "farm-1").mkdir()
        with pytest.raises(HomeInUse), practice_folder(folder, is_kept=False):
            pytest.fail("two networks in one folder")
        assert (used / "farm-1").is_dir()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PracticeError, match="is not a folder"), practice_folder(tmp_path / "file", is_kept=False):
        pytest.fail("a network in a file")


def test_the_temporary_folder_of_a_killed_network_is_removed_and_that_of_a_running_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with practice_folder(None, is_kept=False) as running:
        killed = tmp_path / "perennial-killed"
        killed.mkdir()
        (killed / MARKER).write_text("{}")
        with practice_folder(None, is_kept=False):
            assert not killed.exists()
            assert running.is_dir()
