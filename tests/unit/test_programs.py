"""Which program runs is written down so that a launcher of any age finds something that starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from node.update.files import programs
from node.update.files.programs import INSTALLED, PROGRAMS, Program, Programs
from tests.crashes.full import FullDisk
from tests.crashes.platter import Platter, put_down
from tests.refused import RefusedReads

ONE, TWO, THREE = (Program(letter * 64, letter * 64) for letter in "abc")


@pytest.fixture
def slots(tmp_path: Path) -> Path:
    folder = tmp_path / "slots"
    folder.mkdir()
    return folder


def proven(slots: Path, *those: Program) -> None:
    for program in those:
        programs.point(slots, program)
        programs.mark_proven(slots)


def test_before_anything_is_written_the_installed_program_runs_and_has_nothing_to_prove(slots: Path):
    assert programs.read(slots) == Programs(INSTALLED, None, 0, is_proven=True)


def test_a_file_that_cannot_be_read_now_says_nothing_and_nothing_is_forgotten(
    slots: Path, monkeypatch: pytest.MonkeyPatch
):
    proven(slots, ONE, TWO)
    refused = RefusedReads(monkeypatch, PROGRAMS)
    for work in (programs.read, programs.mark_proven, programs.trees, lambda slots: programs.point(slots, THREE)):
        refused.times = 1
        with pytest.raises(OSError, match="open files"):
            work(slots)
    assert programs.read(slots) == Programs(TWO, ONE, 0, is_proven=True)


def test_nor_does_a_folder_that_is_gone_with_its_disk(slots: Path, tmp_path: Path):
    proven(slots, ONE, TWO)
    slots.rename(tmp_path / "pulled")
    for work in (programs.read, programs.mark_proven, programs.trees, lambda slots: programs.point(slots, THREE)):
        with pytest.raises(FileNotFoundError):
            work(slots)
    (tmp_path / "pulled").rename(slots)
    assert programs.read(slots) == Programs(TWO, ONE, 0, is_proven=True)


def test_a_new_program_has_started_once_and_must_prove_itself_against_the_one_before(slots: Path):
    proven(slots, ONE)
    programs.point(slots, TWO)
    assert programs.read(slots) == Programs(TWO, ONE, 1, is_proven=False)
    programs.mark_proven(slots)
    assert programs.read(slots) == Programs(TWO, ONE, 0, is_proven=True)


def test_one_that_was_made_current_and_never_ran_makes_way_for_what_runs_which_has_nothing_to_prove(slots: Path):
    proven(slots, ONE)
    programs.point(slots, TWO)
    assert programs.forget(slots, TWO, ONE) == programs.read(slots) == Programs(ONE, None, 0, is_proven=True)


def test_one_that_failed_is_not_what_is_fallen_back_to_either(slots: Path):
    programs.write(slots, Programs(INSTALLED, ONE, 1, is_proven=False))
    assert programs.forget(slots, TWO, INSTALLED).previous == ONE
    assert programs.forget(slots, ONE, INSTALLED) == Programs(INSTALLED, None, 1, is_proven=False)


def test_what_the_releases_of_its_programs_are_called_can_be_read_beside_them_and_others_are_forgotten(slots: Path):
    for number, letter in enumerate("abcd"):
        programs.point(slots, Program(letter * 64), version=f"0.1.{number}")
        programs.mark_proven(slots)

    said = json.loads((slots / programs.VERSIONS).read_bytes())

    assert said == {"format": 1, "versions": {"b" * 64: "0.1.1", "c" * 64: "0.1.2", "d" * 64: "0.1.3"}}


def test_one_that_the_launcher_shall_start_has_not_started_yet(slots: Path):
    programs.point(slots, TWO, starts=0)
    assert programs.read(slots) == Programs(TWO, INSTALLED, 0, is_proven=False)


def test_one_that_never_proved_itself_is_not_what_is_fallen_back_to(slots: Path):
    proven(slots, ONE)
    programs.point(slots, TWO)
    programs.point(slots, THREE)
    assert programs.read(slots).previous == ONE


def test_one_is_never_what_is_fallen_back_to_from_itself(slots: Path):
    proven(slots, ONE)
    programs.point(slots, TWO)
    programs.point(slots, ONE)
    assert programs.read(slots) == Programs(ONE, None, 1, is_proven=False)


def test_going_back_to_the_one_in_use_forgets_what_was_before_it(slots: Path):
    proven(slots, ONE, TWO)
    programs.point_back(slots, TWO)
    assert programs.read(slots) == Programs(TWO, None, 1, is_proven=False)


def test_the_installed_program_proves_itself_without_a_word_and_another_one_once(slots: Path):
    programs.mark_proven(slots)
    assert list(slots.iterdir()) == []
    proven(slots, ONE)
    before = (slots / PROGRAMS).stat().st_ino
    programs.mark_proven(slots)
    assert (slots / PROGRAMS).stat().st_ino == before


def test_after_going_back_the_one_that_was_left_is_forgotten(slots: Path):
    proven(slots, ONE, TWO)
    programs.point_back(slots, ONE)
    assert programs.read(slots) == Programs(ONE, None, 1, is_proven=False)


def test_repeating_a_step_after_a_power_cut_changes_nothing(slots: Path):
    proven(slots, ONE)
    assert programs.point(slots, TWO) == programs.point(slots, TWO, starts=0)
    assert programs.point_back(slots, ONE) == programs.point_back(slots, ONE, starts=0)
    assert programs.mark_proven(slots) == programs.mark_proven(slots)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"\0" * 200, b"[]", b'{"format": 1, "current": {"app": "../../../tmp", "runtime": ""}}'),
        *(b'{"format": 1, "starts": -1}', b'{"format": 1, "starts": "many"}', b'{"format": 0}', b"[" * 90_000),
        b'{"format": 1, "current": {"app": "' + b"A" * 64 + b'", "runtime": ""}}',
        b'{"current": {"app": "' + b"a" * 64 + b'"}, "more": "' + b"m" * programs.PROGRAMS_BYTES_MAX + b'"}',
    ],
)
def test_a_damaged_file_names_the_installed_program_and_is_mended_by_the_next_step(slots: Path, content: bytes):
    (slots / PROGRAMS).write_bytes(content)
    assert programs.read(slots) == Programs()
    programs.mark_proven(slots)
    assert json.loads((slots / PROGRAMS).read_bytes())["current"] == {"app": "", "runtime": ""}


def test_a_file_of_a_newer_format_is_left_as_it_is_by_a_program_that_only_proved_itself(slots: Path):
    newer = b'{"format": 2, "pairs": []}'
    (slots / PROGRAMS).write_bytes(newer)
    assert programs.read(slots) == Programs()
    programs.mark_proven(slots)
    assert (slots / PROGRAMS).read_bytes() == newer


def test_a_power_cut_at_any_change_leaves_the_step_before_or_the_step_after(slots: Path):
    steps = [Programs()]
    platter = Platter(slots, lambda: len(steps) - 1)
    with platter.watched():
        steps.append(programs.point(slots, ONE))
        steps.append(programs.mark_proven(slots))
        steps.append(programs.point(slots, TWO))
        steps.append(programs.point_back(slots, ONE))

    assert platter.change_count >= 4 * 4
    for disk, done in platter.moments.items():
        put_down(disk, slots)
        assert all(programs.read(slots) in steps[count : count + 2] for count in done)


@pytest.mark.parametrize("full_at", range(1, 4))
def test_a_full_disk_leaves_the_program_that_was_current_so(slots: Path, full_at: int):
    proven(slots, ONE)
    disk = FullDisk(slots, full_at, folders=("",))
    with disk.watched(), pytest.raises(OSError, match="No space left"):
        programs.point(slots, TWO)
    assert programs.read(slots) in (Programs(ONE, INSTALLED), Programs(TWO, ONE, 1, is_proven=False))
    disk.make_room()
    programs.point(slots, TWO)
    assert programs.read(slots).current == TWO
