"""How often the prober of a trial may fail: what lies a day back counts no more."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from node.update.errors import ProberFailed
from node.update.trials.interview import Chance
from node.update.trials.plan import Plan
from node.update.trials.probing import FAILURES_MAX, Probing
from node.update.trials.sides import Side, Twins
from tests import virtual_time
from tests.twin_world import CANDIDATE, CONTROL, PretendedProber, World, utc_s

HOUR_S = 3600.0
pytestmark = pytest.mark.usefixtures("cheap_twins")


class Failing(World):
    """Each prober ends by itself after that time."""

    def __init__(self, lasts_s: float) -> None:
        super().__init__()
        self.lasts_s = lasts_s
        self.started = 0

    async def start_prober(self, twins: tuple[bytes, bytes]) -> PretendedProber:
        self.started += 1
        await asyncio.sleep(self.lasts_s)
        for vault in self.vaults:
            vault.record = vault.own_record()  # as renewed each day
        raise ProberFailed("it has ended")


def asked_until_s(lasts_s: float, give_up_s: float) -> tuple[float, int]:
    """When it was given up, or nobody waits any longer, and how many probers there were."""

    async def main() -> tuple[float, int]:
        loop, world, chance = asyncio.get_running_loop(), Failing(lasts_s), random.Random(1)
        twins = Twins(world, 1 << 20, chance)
        for name, tree_hash in (("candidate", CANDIDATE), ("control", CONTROL)):
            side = Side(name, tree_hash, Path(name), chance.randbytes(32))  # type: ignore[arg-type]
            twins.sides[side.name] = side
            await twins.start(side, is_standby=False)
        made = Chance(chance, chance.randbytes, utc_s)
        probing = Probing(twins, world, made, utc_s(), lambda: None, lambda _found, _order: None)
        probing.plan = Plan(0, 8, chance, chance.randbytes)
        begun_s = loop.time()
        keeping = asyncio.create_task(probing.keep(1.0))
        await asyncio.wait({keeping}, timeout=give_up_s)
        keeping.cancel()
        await asyncio.wait({keeping})
        return loop.time() - begun_s, world.started

    return virtual_time.run(main())


def test_a_prober_that_fails_once_in_a_few_hours_is_started_anew_for_ever():
    seconds, started = asked_until_s(7 * HOUR_S, give_up_s=1000 * HOUR_S)
    assert (seconds, started > 100) == (1000 * HOUR_S, True)


@pytest.mark.parametrize("lasts_s", [0.0, 300.0, 4 * HOUR_S])
def test_one_that_fails_so_often_within_a_day_is_given_up(lasts_s: float):
    """Whatever ends it hides a pair each time, so a steady run alone forgives nothing."""
    seconds, started = asked_until_s(lasts_s, give_up_s=1000 * HOUR_S)
    assert started == FAILURES_MAX
    assert seconds < FAILURES_MAX * (lasts_s + 2.0)
