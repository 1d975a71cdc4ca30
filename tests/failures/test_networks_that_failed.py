"""How whole networks of others have failed because all changed at once: each test bears the number of its row."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from unittest.mock import patch

from node.trial import membership
from node.trial.waves import DAY_S, HOUR_S
from tests.farms.model import Release
from tests.farms.network import CHAIN, Network, Scenario, run

FARMS: Final = 120
FIRST_WAVE_MAX: Final = 30  # farms; twenty are drawn on average
NETWORK: Final = Scenario(Release(), farms=FARMS, book=100)


def most_within(moments: list[float], length_s: float) -> int:
    return max(sum(first <= at < first + length_s for at in moments) for first in moments)


def test_row_8_in_no_hour_does_one_vault_in_twenty_restart_for_a_release():
    """After a Windows update the computers of Skype restarted together, and it was gone for two days (2007)."""
    with patch.object(membership, "CHAIN_LENGTH", CHAIN):
        network = Network(NETWORK, 1)
        outcome = network.run()

    assert outcome.promoted == FARMS
    moments = [farm.promoted_s for farm in network.farms]
    assert most_within(moments, HOUR_S) < FARMS / 20
    assert most_within(moments, 6 * HOUR_S) <= FARMS / 10


def test_row_9_a_version_that_ends_everywhere_on_one_day_takes_the_first_wave_with_it_and_nobody_else():
    """One version of Skype, in use with half of all people, crashed, and took the network with it (2010)."""
    bad = replace(NETWORK, release=Release(bad_on_day_s=7 * DAY_S), recall_s=DAY_S)

    waves, at_once = run(bad, 1), run(replace(bad, is_all_at_once=True), 1)

    assert 0 < waves.hurt <= FIRST_WAVE_MAX
    assert at_once.hurt > FARMS / 2


def test_row_11_a_loss_that_one_farm_in_twenty_can_see_is_found_by_all_of_them_together():
    """An update of Windows 10 deleted the files of one person in ten thousand; few had told of it before (2018)."""
    rare = replace(NETWORK, release=Release(wrong=0.01, missed=0.95), recall_s=2 * DAY_S)

    waves, at_once = run(rare, 1), run(replace(rare, is_all_at_once=True), 1)

    assert waves.refused > 0
    assert waves.hurt <= FIRST_WAVE_MAX
    assert at_once.hurt > 1.5 * waves.hurt
