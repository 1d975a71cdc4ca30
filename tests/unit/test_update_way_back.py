"""A version that fails in probation is left for the one before, with the store that was kept for it."""

from __future__ import annotations

import asyncio
import errno
from functools import partial
from pathlib import Path

import pytest

from node.api.schema import Update
from node.supervisor.errors import StateError
from node.trust.layers import Layer
from node.update.driver import Updates
from tests.twin_world import Nature
from tests.unit.test_update_rollout import states
from tests.update_world import DONE, PROFILE, SENDER, CutSlots, Farm, fail_in_probation, live, tell, tree_of, wait_until
from tests.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def rot(farm: Farm, version: str) -> None:
    file = farm.slots.path("vault", tree_of(version)) / "node/vault/__init__.py"
    file.chmod(0o600)
    file.write_bytes(b"rot")


class TestATakeOverThatTakesTooLong:
    @pytest.mark.long
    def test_is_tried_again_later_and_says_when(self, farm: Farm):
        head, waits = farm.publish("2"), []
        farm.late_switches = 2

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            for number in (1, 2):
                await wait_until(updates, lambda items: items["vault/2"].again_s is not None)
                waits.append(updates.updates().items[0])
                assert farm.switches.count(tree_of("2")) == number
                await wait_until(updates, lambda items: items["vault/2"].again_s is None)
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

        assert [(one.phase, one.verdict) for one in waits] == [("rehearsing", "")] * 2
        assert farm.slots.current("vault") == tree_of("2")
        assert farm.switches.count(tree_of("2")) == 3
        assert states(farm)[-1] == "pass"

    @pytest.mark.long
    def test_again_and_again_is_its_own_fault(self, farm: Farm):
        farm.late_switches = 99
        found = tell(farm, farm.publish("2"))["vault/2"]
        assert (found.phase, found.reason) == ("rolled_back", "it did not take over: it did not answer in time")
        assert farm.switches.count(tree_of("2")) == 3
        assert farm.slots.current("vault") == farm.own


class TestTheWayBack:
    @pytest.mark.long
    def test_a_version_that_fails_three_times_in_probation_is_left(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await fail_in_probation(updates, head)
            item = updates.updates().items[0]
            assert (item.verdict, item.reason) == ("rolled back", "it failed 3 times in probation: exit code 1")

        live(farm, story)

        assert farm.switches == [tree_of("2"), farm.own]
        assert (farm.slots.current("vault"), farm.slots.previous("vault")) == (farm.own, None)

    @pytest.mark.long
    def test_two_failures_do_not_end_it(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            updates.vault_failed("long before")
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            updates.vault_failed("exit code 1")
            updates.vault_failed("exit code 1")
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

    @pytest.mark.long
    def test_a_version_that_does_not_take_over_is_left(self, farm: Farm):
        farm.switch_fails = lambda tree: tree == tree_of("2")
        update = tell(farm, farm.publish("2"))["vault/2"]
        assert (update.phase, update.reason) == ("rolled_back", "it did not take over: the port is in use")
        assert farm.slots.current("vault") == farm.own

    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["on_trial", "rehearsing"])
    def test_files_that_rot_before_the_switch_are_never_started_but_come_anew_and_nobody_is_blamed(
        self, farm: Farm, phase: str
    ):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            rot(farm, "2")
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

        assert farm.switches == [farm.own, tree_of("2")]
        assert states(farm) == ["on_trial", "pass"]

    @pytest.mark.long
    def test_a_version_that_this_computer_could_not_even_start_is_tried_out_again_and_not_blamed(self, farm: Farm):
        farm.cannot_switch = lambda tree: farm.switches == [tree]
        assert tell(farm, farm.publish("2"))["vault/2"].phase == "confirmed"
        assert farm.switches == [tree_of("2"), farm.own, tree_of("2")]
        assert states(farm) == ["on_trial", "pass"]

    @pytest.mark.long
    def test_nor_is_one_that_took_over_when_this_computer_cannot_read_its_own_file(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        def serial() -> int:
            if farm.switches == [tree_of("2")]:
                raise StateError("the file of serial numbers cannot be read")
            return farm.last_serial

        monkeypatch.setattr(farm, "serial", serial)
        assert tell(farm, farm.publish("2"))["vault/2"].phase == "confirmed"
        assert states(farm) == ["on_trial", "pass"]

    @pytest.mark.long
    def test_a_way_back_that_fails_is_tried_again_and_left_to_the_pointer(self, farm: Farm):
        farm.switch_fails = lambda _: True
        update = tell(farm, farm.publish("2"))["vault/2"]
        assert update.phase == "rolled_back"
        assert farm.slots.current("vault") == farm.own
        assert farm.switches == [tree_of("2"), farm.own, farm.own, farm.own]

    @pytest.mark.long
    def test_while_the_pointer_cannot_be_written_it_goes_back_all_the_same_and_comes_to_no_end(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        """As on Windows, where another program may hold the file open."""
        head, may_write_s, point_back = farm.publish("2"), [0.0], CutSlots.point_back

        def refused(self: CutSlots, layer: Layer, tree_hash: str, now_s: float, previous: str = "") -> None:
            if asyncio.get_running_loop().time() < may_write_s[0]:
                raise PermissionError(errno.EACCES, "Permission denied")
            point_back(self, layer, tree_hash, now_s, previous)

        monkeypatch.setattr(CutSlots, "point_back", refused)

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            began_s = asyncio.get_running_loop().time()
            may_write_s[0] = began_s + 600.0
            for _ in range(3):
                updates.vault_failed("exit code 1")
            await asyncio.sleep(300.0)
            item, trouble = updates.updates().items[0], updates.updates().trouble
            assert (item.phase, farm.switches[-1], "Permission denied" in trouble) == ("probation", farm.own, True)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")
            assert asyncio.get_running_loop().time() > may_write_s[0]

        live(farm, story)
        assert (farm.slots.current("vault"), farm.switches) == (farm.own, [tree_of("2"), farm.own])

    @pytest.mark.long
    def test_from_the_first_step_back_nobody_starts_the_version_that_failed(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await fail_in_probation(updates, head)

        live(farm, story)
        assert (farm.switches, farm.pointed_at) == ([tree_of("2"), farm.own], [farm.own, farm.own])

    @pytest.mark.long
    def test_a_slot_that_rots_before_its_trial_comes_anew_and_is_tried_out_then(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "staged")
            rot(farm, "2")
            await wait_until(updates, lambda items: items["vault/2"].phase in DONE)
            assert updates.updates().items[0].phase == "confirmed"

        live(farm, story)
        assert states(farm) == ["on_trial", "pass"]

    @pytest.mark.long
    def test_a_version_in_use_that_rots_before_the_next_ones_trial_gives_way_and_the_next_is_tried_beside_the_other(
        self, farm: Farm
    ):
        tell(farm, farm.publish("2"))
        head = farm.publish("3")

        async def story(updates: Updates) -> None:
            await asyncio.sleep(400.0)  # nothing watches the version in use any more
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "staged")
            rot(farm, "2")
            assert farm.slots.choose("vault", 1.0) == farm.own  # as the vault's next start does
            await wait_until(updates, lambda items: items["vault/3"].phase in DONE)
            assert updates.updates().items[0].phase == "confirmed"

        live(farm, story)


class TestTheStoreThatIsKept:
    CHUNK = "c" * 64

    @pytest.fixture
    def store(self, farm: Farm) -> Path:
        store = farm.folder / "vault" / "chunks"
        store.mkdir(parents=True)
        (farm.folder / "vault" / "incoming").mkdir()
        (store / self.CHUNK).write_bytes(b"a chunk")
        return store

    @pytest.mark.long
    def test_it_is_kept_before_the_switch_and_until_the_way_back_is_closed(self, farm: Farm, store: Path):
        heads = [farm.publish("2"), farm.publish("3", Nature(starts=False)), farm.publish("4", Nature(starts=False))]

        def is_decided(name: str, items: dict[str, Update]) -> bool:
            return name in items and items[name].phase in DONE

        async def story(updates: Updates) -> None:
            for number, pause_s, kept in ((0, 0.0, 1), (1, 0.0, 1), (2, PROFILE.way_back_s, 0)):
                await asyncio.sleep(pause_s)
                await updates.offered(heads[number], SENDER)
                await wait_until(updates, partial(is_decided, f"vault/{number + 2}"))
                await asyncio.sleep(1.0)  # for what is done after the end
                assert len(farm.kept_names()) == kept, number

        live(farm, story)
        assert (farm.switches, farm.kept_at_switch) == ([tree_of("2")], [self.CHUNK])
        assert [path.name for path in store.iterdir()] == [self.CHUNK]

    @pytest.mark.long
    def test_a_store_that_takes_long_to_keep_is_not_held_against_the_release(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        keep = farm.kept.keep

        def keeps(tree_hash: str) -> None:
            keep(tree_hash)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualTimeLoop)
            loop.take(400.0)

        monkeypatch.setattr(farm.kept, "keep", keeps)
        assert tell(farm, farm.publish("2"))["vault/2"].phase == "confirmed"
        assert farm.switches == [tree_of("2")]

    @pytest.mark.long
    def test_after_the_way_back_nothing_of_it_is_left(self, farm: Farm, store: Path):
        farm.switch_fails = lambda tree: tree == tree_of("2")
        assert tell(farm, farm.publish("2"))["vault/2"].phase == "rolled_back"
        assert (farm.kept_at_switch, farm.kept_names()) == ([self.CHUNK], [])
