"""The power fails at file operations of an update's whole way; after it a farm is as if nothing had been.

Here one disk in five that may be left, which is at least one of each few operations, and fewer of ways that are like
others for the most part; ``python -m tests.crashes --cuts`` plays every one, and ``--twice`` every second cut too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crashes.farm import folder_of
from tests.crashes.trials import TRIALS, play_trial
from tests.crashes.ways import DISKS_MIN, WAYS, play, play_twice

pytestmark = pytest.mark.usefixtures("cheap_twins")

EVERY = 5
OF_A_TRIAL = 60
TWICE = (90, 61)
SELDOM = {"refused by its trial": 60, "not proven": 60, "withdrawn on trial": 20}


@pytest.mark.parametrize("name", WAYS)
def test_a_power_cut_at_any_file_operation_changes_nothing_in_the_end(name: str, tmp_path: Path):
    every = SELDOM.get(name, EVERY)

    played, of = play(name, folder_of(tmp_path), every)

    assert played == -(-of // every) > DISKS_MIN // every


@pytest.mark.parametrize("name", ["not proven"])
def test_a_second_power_cut_while_it_goes_on_from_the_first_changes_nothing_either(name: str, tmp_path: Path):
    played, of = play_twice(name, folder_of(tmp_path), *TWICE)

    assert 2 <= played < of


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_that_is_cut_off_at_any_file_operation_is_judged_on_what_was_written_and_nothing_else(
    name: str, tmp_path: Path
):
    played, of = play_trial(name, folder_of(tmp_path), OF_A_TRIAL)

    assert played == -(-of // OF_A_TRIAL)
