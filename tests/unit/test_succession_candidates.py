"""The candidate apps of the succession rehearsals: their changes fit the app as it is today."""

from __future__ import annotations

import pytest

from tests.succession.candidates import CANDIDATES, Candidate
from tests.succession.world import ROOT


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_each_change_finds_its_passage_once(candidate: Candidate):
    for change in candidate.changes:
        assert (ROOT / change.file).read_text().count(change.old) == 1, change.file
