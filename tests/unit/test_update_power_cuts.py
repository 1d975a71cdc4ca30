"""A farm whose power fails during an update comes to the same end, and does nothing before its state is kept."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from dataclasses import replace
from pathlib import Path

import pytest

from node.api.schema import Update
from node.update.driver import Updates
from node.update.store import Saved
from node.update.trials import keeping
from tests import update_world, virtual_time
from tests.twin_world import Nature
from tests.update_world import DONE, SENDER, Farm, PowerCut, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


class TestPowerCuts:
    def cut_after(self, farm: Farm, writes: int, head: bytes) -> bool:
        """Live until the n-th write of the state; whether the power failed at all."""
        farm.power.writes_left = writes

        async def main() -> None:
            updates = farm.open()
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(updates.run())
                await updates.offered(head, SENDER)
                await wait_until(
                    updates,
                    lambda items: farm.power.is_out or all(item.phase in DONE for item in items.values()),
                )
                running.cancel()

        with contextlib.suppress(PowerCut, BaseExceptionGroup):
            virtual_time.run(main())
        try:
            return farm.power.is_out
        finally:
            farm.power.writes_left = 10**9
            for process in farm.processes:  # off is off
                if not process.exited.done():
                    process.exited.cancel()

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("nature", "switches", "end", "cuts_least"),
        [
            (Nature(), True, "confirmed", 4),
            (Nature(loses_every=20), True, "refused", 2),
            (Nature(), False, "rolled_back", 4),
        ],
    )
    def test_after_a_cut_at_any_write_it_ends_the_same(
        self, tmp_path: Path, nature: Nature, switches: bool, end: str, cuts_least: int, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(keeping, "KEEP_S", 15.0)  # so that a trial is written a few times, not dozens
        cuts = 0
        # One write in four, with whole trials between them; every file operation is cut in ``tests/crashes``.
        for writes in range(1, 100, 4):
            farm = Farm(folder=tmp_path / str(writes))
            farm.switch_fails = lambda tree: not switches and tree == tree_of("2")
            head = farm.publish("2", nature)
            if not self.cut_after(farm, writes, head):
                break
            cuts += 1

            update = tell(farm)["vault/2"]

            assert update.phase == end, (writes, update.reason)
            assert farm.slots.current("vault") == (tree_of("2") if end == "confirmed" else farm.own)
            assert farm.switches.count(tree_of("2")) <= (0 if end == "refused" else 2)
            assert farm.switches.count(tree_of("2")) >= (0 if end == "refused" else 1)
            assert list((farm.folder / "trial").iterdir()) == []
        assert cuts >= cuts_least

    @pytest.mark.long
    def test_nothing_is_done_before_its_state_is_kept(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        head, save, is_full = farm.publish("2"), farm.store.save, False

        def refusing(saved: Saved) -> None:
            if is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            save(saved)

        async def story(updates: Updates) -> None:
            nonlocal is_full
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "staged")
            is_full = True
            await asyncio.sleep(300.0)
            assert farm.orders == []
            is_full = False
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        monkeypatch.setattr(farm.store, "save", refusing)
        live(farm, story)

    @pytest.mark.long
    def test_what_a_trial_left_is_found_again_for_the_rehearsal(self, farm: Farm):
        head = farm.publish("2")

        async def first(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rehearsing")

        live(farm, first)
        trials = sum(order.tree_hash == tree_of("2") for order in farm.orders)
        assert tell(farm)["vault/2"].phase == "confirmed"
        assert sum(order.tree_hash == tree_of("2") for order in farm.orders) == trials

    @pytest.mark.long
    def test_a_version_in_probation_whose_files_rotted_is_left(self, farm: Farm):
        head = farm.publish("2")

        async def first(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")

        live(farm, first)
        file = farm.slots.path("vault", tree_of("2")) / "node/vault/__init__.py"
        file.chmod(0o600)
        file.write_bytes(b"rot")
        assert farm.slots.choose("vault", 0.0) == farm.own  # as the supervisor does at its start

        update = tell(farm)["vault/2"]

        assert (update.phase, update.reason) == ("rolled_back", "its files were damaged")

    @pytest.mark.long
    def test_a_version_whose_files_are_damaged_in_probation_is_never_called_confirmed(self, farm: Farm):
        head = farm.publish("2")
        ended: list[Update] = []

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: [item.phase for item in items.values()] == ["probation"])
            farm.slots.point_back("vault", farm.own, 0.0)  # as whoever starts the vault does, on finding it damaged
            await wait_until(updates, lambda items: all(item.phase in DONE for item in items.values()))
            ended.extend(updates.updates().items)

        live(farm, story)

        assert [(item.phase, item.reason) for item in ended] == [("rolled_back", "its files were damaged")]


class TestTimeThatOnlyPasses:
    """In it the whole history of years is written once more, so it is written seldom."""

    @pytest.mark.long
    def test_is_kept_every_ten_minutes_and_when_the_node_stops(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(update_world, "LIMITS", replace(update_world.LIMITS, probation_s=7200.0))
        head, kept, written = farm.publish("2"), list[float](), list[int]()

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            for _ in range(7):
                written.append(farm.power.writes_left)
                kept.append(farm.store.load().records[0].way.spent_s)
                await asyncio.sleep(600.0 - 5.0)

        live(farm, story)

        assert 5 <= written[0] - written[-1] <= 7
        assert kept[-1] >= 3600.0 - 5.0 * 7 - 600.0
        assert farm.store.load().records[0].way.spent_s >= 7 * 595.0 - 30.0
