"""Bad candidates in a practice network of real processes, one after the other: a few of the matrix, in every run."""

from __future__ import annotations

import asyncio

import pytest

from node.practice.profile import PracticeProfile
from tests.candidates.catalogue import ROWS
from tests.candidates.matrix import play_all

PLAYED = ("lies-in-audits", "loses-1-in-40")
PROFILE = PracticeProfile(vaults=6, farms=1)  # as few as a close group and a vote need


@pytest.mark.timeout(300)
def test_each_is_refused_for_what_it_does_and_leaves_the_farm_as_it_was():
    found: dict[str, list[str]] = {}
    rows = [row for row in ROWS if row.name in PLAYED]
    asyncio.run(
        play_all(rows, 1, PROFILE, lambda _line: None, lambda row, _ends, said, _s: found.update({row.name: said}))
    )
    assert found == {name: [] for name in PLAYED}
