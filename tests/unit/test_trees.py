"""Trees that strangers filled: measured and removed, whatever lies in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.update.files.trees import remove_tree, size_of
from tests.other_user import at_work_as_nobody


@pytest.fixture
def own_folder() -> Iterator[Path]:
    with at_work_as_nobody() as folder:
        yield folder


class TestSizeOf:
    def test_it_is_the_sum_of_all_files_below(self, tmp_path: Path):
        (tmp_path / "a" / "b").mkdir(parents=True)
        (tmp_path / "a" / "one").write_bytes(b"1")
        (tmp_path / "a" / "b" / "two").write_bytes(b"22")

        assert size_of(tmp_path) == 3
        assert size_of(tmp_path / "a" / "one") == 1
        assert size_of(tmp_path / "absent") == 0

    def test_a_link_counts_as_itself_and_is_not_followed(self, tmp_path: Path):
        (tmp_path / "link").symlink_to("/usr")

        assert size_of(tmp_path) == len("/usr")

    def test_it_stops_counting_when_it_is_enough(self, tmp_path: Path):
        for number in range(100):
            (tmp_path / str(number)).touch()

        assert size_of(tmp_path) == 100
        assert size_of(tmp_path, enough_bytes=10) == 10

    @pytest.mark.long
    def test_folders_nested_without_end_cannot_stop_the_supervisor(self, tmp_path: Path):
        depth = _nest(tmp_path)
        try:
            assert size_of(tmp_path) == 0
        finally:
            _unnest(tmp_path, depth)


class TestRemoveTree:
    def test_a_folder_that_is_closed_even_to_its_owner_is_removed(self, own_folder: Path):
        (own_folder / "data" / "incoming").mkdir(parents=True)
        (own_folder / "data" / "incoming" / "closed").mkdir(mode=0)
        (own_folder / "data" / "incoming").chmod(0)

        remove_tree(own_folder / "data")

        assert list(own_folder.iterdir()) == []

    def test_what_a_link_leads_to_is_left_as_it_is(self, tmp_path: Path):
        (tmp_path / "elsewhere").mkdir(mode=0o755)
        (tmp_path / "elsewhere").chmod(0o755)
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")

        remove_tree(tmp_path / "data")

        assert [entry.name for entry in tmp_path.iterdir()] == ["elsewhere"]
        assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755

    @pytest.mark.long
    def test_folders_nested_without_end_are_an_error_of_the_disk_and_end_nothing(self, tmp_path: Path):
        depth = _nest(tmp_path)
        try:
            with pytest.raises(OSError, match="nested without end"):
                remove_tree(tmp_path)
        finally:
            _unnest(tmp_path, depth)


def _nest(folder: Path, depth: int = 3_000) -> int:
    """Make folders deeper than any path can name or any stack can follow."""
    before = Path.cwd()
    os.chdir(folder)
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    os.chdir(before)
    return depth


def _unnest(folder: Path, depth: int) -> None:
    before = Path.cwd()
    os.chdir(folder)
    for _ in range(depth):
        os.chdir("d")
    for _ in range(depth):
        os.chdir("..")
        Path("d").rmdir()
    os.chdir(before)
