"""One succession rehearsal of a real candidate; all of them: ``python -m tests.succession rehearse``."""

from __future__ import annotations

import sys

import pytest

from tests.succession import rehearsals
from tests.succession.candidates import CANDIDATES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are held on Linux only")


@pytest.mark.long
def test_a_candidate_that_ends_as_soon_as_it_runs_is_refused_in_its_own_words() -> None:
    candidate = next(one for one in CANDIDATES if one.name == "crashes")
    assert rehearsals.complaint(candidate, rehearsals.play(candidate, print)) == ""
