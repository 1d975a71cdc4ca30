"""The power fails at file operations of an update's whole way; after it a farm is as if nothing had been.

Here one disk in five that may be left, which is at least one of each few operations; ``python -m tests.crashes --cuts``
plays every one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crashes.farm import folder_of
from tests.crashes.ways import DISKS_MIN, WAYS, play

pytestmark = pytest.mark.usefixtures("cheap_signing")

EVERY = 5


@pytest.mark.parametrize("name", WAYS)
def test_a_power_cut_at_any_file_operation_changes_nothing_in_the_end(name: str, tmp_path: Path):
    played, of = play(name, folder_of(tmp_path), EVERY)

    assert played == -(-of // EVERY) > DISKS_MIN // EVERY
