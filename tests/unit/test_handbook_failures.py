"""The handbook's chapter on the failures of others has all 23 rows, and names tests that exist."""

from __future__ import annotations

import re
from typing import Final

from tests.architecture.sources import ROOT
from tests.unit.test_handbook_threats import defined

CHAPTER: Final = ROOT / "resources" / "handbook" / "failures-of-others.md"
ROWS: Final = 23
REASON_CHARACTERS_MIN: Final = 80  # of a row without a test: why it cannot happen


def rows() -> dict[int, list[str]]:
    """The cells of each row behind its number."""
    lines = re.findall(r"^\| (\d+) \|(.*)\|$", CHAPTER.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number): [cell.strip() for cell in cells.split("|")] for number, cells in lines}


def test_there_is_a_row_for_each_failure_with_what_stops_it() -> None:
    assert list(rows()) == list(range(1, ROWS + 1))
    assert all(len(cells) == 3 and all(cells) for cells in rows().values())


def test_each_row_names_tests_that_exist_or_says_why_it_cannot_happen() -> None:
    existing = set(defined("tests/"))
    for number, (_, _, shown) in rows().items():
        named = re.findall(r"\btest_\w+", shown)
        assert named or len(shown) >= REASON_CHARACTERS_MIN, number
        assert set(named) <= existing, number


def test_each_story_that_is_played_again_is_in_its_row() -> None:
    named = {name: number for number, (_, _, shown) in rows().items() for name in re.findall(r"\btest_\w+", shown)}
    for name in defined("tests/failures/"):
        assert f"test_row_{named[name]}_" in name
