"""The folders of trials: alike, beside the own store, and removable without ever touching that or anything else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from node.update.trials import folders as module
from node.update.trials.folders import NOTED_MAX, TrialFolders, copy_of

OWN = "0123456789abcdef"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The data folder of the vault in use, with a chunk in it."""
    folder = tmp_path / "vaults" / OWN
    (folder / "chunks").mkdir(parents=True)
    (folder / "chunks" / "one").write_bytes(b"a chunk")
    return folder


@pytest.fixture
def trial(own: Path, tmp_path: Path) -> TrialFolders:
    return TrialFolders(own, tmp_path / "folders.json")


def names(own: Path) -> set[str]:
    return {entry.name for entry in own.parent.iterdir()}


def test_they_lie_beside_the_own_one_and_are_called_like_it(trial: TrialFolders, own: Path):
    made = [trial.make(os.urandom) for _ in range(2)]
    made += [copy_of(folder) for folder in made]

    assert {folder.parent for folder in made} == {own.parent}
    assert len({folder.name for folder in (*made, own)}) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", folder.name) for folder in (*made, own))


def test_all_that_was_made_is_removed_with_its_copies_and_nothing_else(trial: TrialFolders, own: Path):
    made = trial.make(os.urandom)
    copy_of(made).mkdir()
    (copy_of(made) / "chunk").write_bytes(b"")
    (own.parent / "f").mkdir()
    (own.parent / ("f" * 16)).mkdir()  # somebody else's, though its name has the form

    trial.remove_all()

    assert names(own) == {OWN, "f", "f" * 16}
    assert (own / "chunks" / "one").read_bytes() == b"a chunk"


def test_what_was_made_before_a_power_cut_is_removed_after_it(trial: TrialFolders, own: Path, tmp_path: Path):
    trial.make(os.urandom)
    trial.make(os.urandom)

    TrialFolders(own, tmp_path / "folders.json").remove_all()

    assert names(own) == {OWN}


def test_a_folder_is_noted_before_it_is_made(trial: TrialFolders, own: Path, monkeypatch: pytest.MonkeyPatch):
    def cut(*_: object) -> None:
        assert names(own) == {OWN}
        raise OSError("the power went")

    monkeypatch.setattr(module, "write_durably", cut)
    with pytest.raises(OSError, match="the power went"):
        trial.make(os.urandom)
    assert names(own) == {OWN}


def test_a_name_that_is_taken_is_not_noted(trial: TrialFolders, own: Path):
    with pytest.raises(FileExistsError):
        trial.make(lambda _: bytes.fromhex(OWN))
    trial.remove_all()
    assert (own / "chunks" / "one").exists()


def test_not_even_a_note_that_names_it_has_the_own_store_removed(trial: TrialFolders, own: Path, tmp_path: Path):
    made = trial.make(os.urandom)
    (tmp_path / "folders.json").write_text(f'["{OWN}", "../state", ".", "{made.name}"]')

    trial.remove_all()

    assert names(own) == {OWN}
    assert (own / "chunks" / "one").exists()


def test_nor_a_copy_that_would_be_called_like_it(tmp_path: Path):
    own = copy_of(tmp_path / OWN)
    own.mkdir()
    trial = TrialFolders(own, tmp_path / "folders.json")
    trial.make(lambda _: bytes.fromhex(OWN))

    trial.remove_all()

    assert own.is_dir()


@pytest.mark.parametrize("damaged", [b"", b"{}", b"\xff", b"[1]"])
def test_by_a_damaged_note_nothing_is_removed_and_the_next_trial_can_be_held(
    trial: TrialFolders, own: Path, tmp_path: Path, damaged: bytes
):
    before = trial.make(os.urandom)
    (tmp_path / "folders.json").write_bytes(damaged)

    trial.remove_all()
    after = trial.make(os.urandom)

    assert names(own) == {OWN, before.name, after.name}


def test_there_is_an_end_to_them(trial: TrialFolders):
    for _ in range(NOTED_MAX):
        trial.make(os.urandom)
    with pytest.raises(OSError, match="too many"):
        trial.make(os.urandom)
