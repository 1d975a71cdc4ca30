"""In which order the sweep comes by, and how soon: homes are on for some hours a day, and hold many chunks."""

from __future__ import annotations

from node.vault.core.desk import Desk
from node.vault.core.events import Now
from node.vault.core.sweep import Sweep
from tests.vault_world import World

DAY_S = 24 * 3600.0
STEP_S = 60.0


def desk_with(count: int) -> Desk:
    world = World()
    desk = world.add(1).vault._desk
    desk.add_held({world.random.randbytes(32): 1 for _ in range(count)}, is_counted=True)
    return desk


def swept(sweep: Sweep, desk: Desk, from_s: float, seconds: float, room: int = 1_000) -> list[bytes]:
    taken: list[bytes] = []
    for step in range(int(seconds / STEP_S)):
        desk.now = Now(from_s + step * STEP_S, 0.0)
        if sweep.due_s <= desk.now.monotonic_s:
            taken += sweep.take(desk, room)
    return taken


class TestARound:
    def test_comes_by_each_chunk_once_spread_over_its_time(self):
        desk = desk_with(720)
        sweep = Sweep(DAY_S)
        half = swept(sweep, desk, 0.0, DAY_S / 2)
        whole = half + swept(sweep, desk, DAY_S / 2, DAY_S / 2)
        assert 350 < len(half) < 370
        assert sorted(whole) == sorted(desk.held)

    def test_is_followed_by_one_in_the_same_order(self):
        desk = desk_with(720)
        sweep = Sweep(DAY_S)
        first, second = (swept(sweep, desk, day * DAY_S, DAY_S) for day in range(2))
        assert first == second

    def test_begins_elsewhere_after_each_start_so_that_a_home_that_is_on_for_a_third_of_the_day_comes_to_all(self):
        desk = desk_with(720)
        days = [swept(Sweep(DAY_S), desk, day * DAY_S, DAY_S / 3) for day in range(14)]
        assert all(len(day) < 250 for day in days)
        assert len(set().union(*days)) > 700
