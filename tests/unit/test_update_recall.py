"""A release is recalled: farms that run it go back to what they ran before, or say that they cannot, and serve on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from node.api import schema
from node.api.schema import Update
from node.trust.head import encode
from node.trust.layers import Layer
from node.trust.recall import Recalls
from node.trust.release import FLOOR_FIELD
from node.update.developers import trouble
from node.update.driver import Updates
from node.update.files.slots import Slots
from node.vault.storage.filesystem import RealFileSystem
from tests import signed_world
from tests.twin_world import Nature
from tests.unit.test_trust_recall import Change, recalls, says
from tests.update_world import SENDER, Farm, PowerCut, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def next_head(farm: Farm, change: Change, role: str = "vault") -> bytes:
    farm.signed.head = farm.signed.change(role, change)
    return encode(farm.signed.head)


def runs(farm: Farm, *versions: str) -> None:
    """Let the farm take these into use, one after the other."""
    for version in versions:
        tell(farm, farm.publish(version))


def hear(farm: Farm, *heads: bytes, for_s: float = 30.0) -> dict[str, Update]:
    """Offer the heads and let some time pass; the history."""
    found: dict[str, Update] = {}

    async def story(updates: Updates) -> None:
        for head in heads:
            assert (await updates.offered(head, SENDER)).outcome == "accepted"
        await asyncio.sleep(for_s)
        found.update({item.release: item for item in updates.updates().items})

    live(farm, story)
    return found


class FullDisk:
    """Everything that is written from now on meets a full disk, until room is made on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, farm: Farm) -> None:
        self.is_full, self.refused = True, 0
        farm.make_room, writes = self.make_room, RealFileSystem.write

        def write(filesystem: RealFileSystem, path: str, content: bytes) -> None:
            if self.is_full:
                self.refused += 1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            writes(filesystem, path, content)

        monkeypatch.setattr(RealFileSystem, "write", write)

    def make_room(self) -> bool:
        self.is_full = False
        return True


class TestAFullDisk:
    @pytest.mark.long
    def test_a_recall_is_heeded_all_the_same(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        runs(farm, "2", "3")
        head, disk = next_head(farm, recalls("vault/3")), FullDisk(monkeypatch, farm)

        found = hear(farm, head)

        assert (found["vault/3"].phase, disk.refused > 0) == ("recalled", True)
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    def test_one_that_fills_while_the_farm_goes_back_holds_nothing_up(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        runs(farm, "2", "3")
        head, disk = next_head(farm, recalls("vault/3")), FullDisk(monkeypatch, farm)
        disk.is_full, point_back = False, Slots.point_back

        def fills(slots: Slots, *given: Any) -> None:
            disk.is_full = disk.refused == 0
            point_back(slots, *given)

        monkeypatch.setattr(Slots, "point_back", fills)
        found = hear(farm, head)

        assert (found["vault/3"].phase, disk.refused > 0) == ("recalled", True)
        assert farm.slots.current("vault") == tree_of("2")


class TestADiskThatShowsNotWhatRanBefore:
    @pytest.mark.long
    def test_is_asked_again_before_the_farm_goes_back(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        runs(farm, "2", "3")
        refused, previous = list[str](), Slots.previous

        def shows(slots: Slots, layer: Layer) -> str | None:
            if not refused:
                refused.append(layer)
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return previous(slots, layer)

        monkeypatch.setattr(Slots, "previous", shows)
        found = hear(farm, next_head(farm, recalls("vault/3")), for_s=60.0)

        assert (found["vault/3"].phase, refused) == ("recalled", ["vault"])
        assert farm.slots.current("vault") == tree_of("2")


class TestWhatIsInUse:
    @pytest.mark.long
    def test_the_farm_goes_back_to_what_it_ran_before(self, farm: Farm):
        runs(farm, "2", "3")

        found = hear(farm, next_head(farm, recalls("vault/3")))

        assert (found["vault/3"].phase, found["vault/3"].verdict) == ("recalled", "recalled")
        assert found["vault/3"].reason == "the developers recalled it"
        assert farm.slots.current("vault") == tree_of("2")
        assert farm.switches[-1] == tree_of("2")

    @pytest.mark.long
    def test_before_the_first_release_that_is_what_came_with_the_program(self, farm: Farm):
        runs(farm, "2")

        hear(farm, next_head(farm, recalls("vault/2")))

        assert farm.slots.current("vault") == farm.own

    @pytest.mark.long
    def test_it_is_never_taken_up_again_and_the_next_release_is_tried(self, farm: Farm):
        runs(farm, "2", "3")
        hear(farm, next_head(farm, recalls("vault/3")))

        found = tell(farm, farm.publish("4"), of="vault/4")

        assert found["vault/4"].phase == "confirmed"
        assert found["vault/3"].phase == "recalled"
        assert farm.slots.previous("vault") == tree_of("2")

    @pytest.mark.long
    @pytest.mark.parametrize("writes", range(1, 6))
    def test_a_power_cut_on_the_way_back_does_not_keep_it_in_use(self, farm: Farm, writes: int):
        runs(farm, "2", "3")
        head = next_head(farm, recalls("vault/3"))
        farm.power.writes_left = writes

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await asyncio.sleep(30.0)

        with contextlib.suppress(PowerCut, BaseExceptionGroup, AssertionError):
            live(farm, story)
        assert farm.power.is_out
        farm.power.writes_left = 10**9

        assert hear(farm)["vault/3"].phase == "recalled"
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    def test_at_the_last_try_it_is_insisted_on(self, farm: Farm):
        runs(farm, "2", "3")
        farm.switch_fails = lambda tree_hash: tree_hash == tree_of("2")

        found = hear(farm, next_head(farm, recalls("vault/3")), for_s=600.0)

        assert found["vault/3"].phase == "recalled"
        assert farm.insisted == [tree_of("2")]
        assert farm.switches[-3:] == [tree_of("2")] * 3

    @pytest.mark.long
    def test_a_recall_of_what_ran_before_changes_nothing(self, farm: Farm):
        runs(farm, "2", "3", "4")

        found = hear(farm, next_head(farm, recalls("vault/2", "vault/3")))

        assert farm.slots.current("vault") == tree_of("4")
        assert [found[f"vault/{version}"].is_recalled for version in (2, 3)] == [False, False]


class TestOneThatMadeWay:
    @pytest.mark.long
    @pytest.mark.parametrize("how", ["recalled", "withdrawn"])
    def test_for_a_newer_release_that_is_taken_back_has_its_turn_after_all(self, farm: Farm, how: str):
        first, second = farm.publish("2"), farm.publish("3")
        if how == "recalled":
            taken_back = next_head(farm, recalls("vault/3"))
        else:
            farm.signed.head = farm.signed.change("vault", lambda signed: signed.targets.pop("vault/3"))
            taken_back = encode(farm.signed.head)

        async def story(updates: Updates) -> None:
            await updates.offered(first, SENDER)
            await updates.offered(second, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "on_trial")
            await updates.offered(taken_back, SENDER)
            await asyncio.sleep(400.0)

        live(farm, story)

        assert farm.slots.current("vault") == tree_of("2")


class TestNoWayBack:
    def check_stays(self, farm: Farm, found: dict[str, Update]) -> None:
        assert (found["vault/3"].phase, found["vault/3"].is_recalled) == ("confirmed", True)
        assert "nothing from before may be gone back to" in found["vault/3"].reason
        assert farm.slots.current("vault") == tree_of("3")
        told = trouble(schema.Updates(tuple(found.values()), ()), tree_of("3")).sentence
        assert told.startswith("The developers have recalled version 3, and no version from before may take its place;")

    @pytest.mark.long
    def test_the_floor_is_above_what_ran_before(self, farm: Farm):
        runs(farm, "2", "3")
        floored = signed_world.all_of(recalls("vault/3"), says(FLOOR_FIELD, 2))

        self.check_stays(farm, hear(farm, next_head(farm, floored)))

    @pytest.mark.long
    def test_the_floor_is_not_above_it(self, farm: Farm):
        runs(farm, "2", "3")
        hear(farm, next_head(farm, signed_world.all_of(recalls("vault/3"), says(FLOOR_FIELD, 1))))

        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    def test_what_came_with_the_program_is_below_every_floor(self, farm: Farm):
        runs(farm, "3")

        self.check_stays(
            farm, hear(farm, next_head(farm, signed_world.all_of(recalls("vault/3"), says(FLOOR_FIELD, 1))))
        )

    @pytest.mark.long
    def test_what_ran_before_was_recalled_too(self, farm: Farm):
        runs(farm, "2", "3")

        self.check_stays(farm, hear(farm, next_head(farm, recalls("vault/2", "vault/3"))))

    @pytest.mark.long
    def test_the_log_says_so(self, farm: Farm, caplog: pytest.LogCaptureFixture):
        caplog.set_level("INFO", "node.update.driver")
        runs(farm, "2", "3")

        hear(farm, next_head(farm, recalls("vault/2", "vault/3")))

        assert [text for text in caplog.messages if "vault/3" in text and "may be gone back to" in text]

    @pytest.mark.long
    def test_what_ran_before_is_damaged(self, farm: Farm):
        runs(farm, "2", "3")
        file = farm.slots.path("vault", tree_of("2")) / "node" / "vault" / "version.py"
        file.chmod(0o644)
        file.write_text("rotten")

        self.check_stays(farm, hear(farm, next_head(farm, recalls("vault/3"))))

    @pytest.mark.long
    def test_the_release_that_mends_it_is_tried_all_the_same(self, farm: Farm):
        runs(farm, "2", "3")
        hear(farm, next_head(farm, recalls("vault/2", "vault/3")))

        assert tell(farm, farm.publish("4"), of="vault/4")["vault/4"].phase == "confirmed"


def test_files_of_which_one_name_was_recalled_are_gone_back_to_under_no_name():
    recalled = Recalls(frozenset({"vault/2"}), floor=0)

    assert not recalled.leads_to({"vault/2": 2, "foundation/2": 1})
    assert recalled.leads_to({"vault/1": 1, "foundation/1": 1})


class TestOnTheWay:
    def test_what_is_on_trial_is_thrown_away(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(next_head(farm, recalls("vault/2")), SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "refused")
            assert updates.updates().items[0].reason == "the developers recalled it"

        live(farm, story)
        assert farm.switches == []

    @pytest.mark.long
    def test_what_has_just_taken_over_makes_way_at_once(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            await updates.offered(next_head(farm, recalls("vault/2")), SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "recalled", 10.0)

        live(farm, story)
        assert farm.switches == [tree_of("2"), farm.own]

    @pytest.mark.long
    def test_a_trial_of_the_next_one_begins_anew_against_what_is_gone_back_to(self, farm: Farm):
        runs(farm, "2", "3")
        head = farm.publish("4")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/4"].phase == "on_trial")
            await updates.offered(next_head(farm, recalls("vault/3")), SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "recalled", 10.0)
            await wait_until(updates, lambda items: items["vault/4"].phase == "on_trial")
            assert updates._records["vault/4"].way.baseline == tree_of("2")

        live(farm, story)

    @pytest.mark.long
    def test_one_on_trial_that_is_recalled_with_it_does_not_hold_the_way_back_up(self, farm: Farm):
        runs(farm, "2", "3")
        head = farm.publish("4")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/4"].phase == "on_trial")
            await updates.offered(next_head(farm, recalls("vault/3", "vault/4")), SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "recalled", 10.0)
            assert {item.release: item.phase for item in updates.updates().items}["vault/4"] == "refused"

        live(farm, story)
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["promoting", "probation"])
    def test_what_takes_over_from_it_goes_on_and_it_is_gone_back_from_when_that_fails(self, farm: Farm, phase: str):
        runs(farm, "2", "3")
        head = farm.publish("4")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/4"].phase == phase)
            await updates.offered(next_head(farm, recalls("vault/3")), SENDER)
            await asyncio.sleep(5.0)
            assert farm.slots.current("vault") == tree_of("4")
            for _ in range(3):
                updates.vault_failed("exit code 1")
            await wait_until(updates, lambda items: items["vault/4"].phase == "rolled_back", 10.0)
            await asyncio.sleep(5.0)

        live(farm, story)
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    def test_what_was_decided_against_before_is_not_looked_at_again_and_again(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        runs(farm, "2", "3")
        tell(farm, farm.publish("4", Nature(starts=False)), of="vault/4")
        looked, verify = [], Slots.verify

        def counts(slots: Slots, layer: Layer, tree_hash: str) -> Path:
            looked.append(tree_hash)
            return verify(slots, layer, tree_hash)

        monkeypatch.setattr(Slots, "verify", counts)
        found = hear(farm, next_head(farm, recalls("vault/4")), for_s=1200.0)

        assert found["vault/4"].phase == "refused"
        assert looked.count(tree_of("2")) == 1, "for those who fetch it, as what is listed has changed"


class TestWhoMayRecall:
    @pytest.mark.long
    def test_two_pods_recall_nothing(self, farm: Farm):
        runs(farm, "2", "3")
        forged = encode(farm.signed.change("vault", recalls("vault/3"), by=farm.signed.pods[:2]))

        async def story(updates: Updates) -> None:
            assert (await updates.offered(forged, SENDER)).outcome == "refused"
            await asyncio.sleep(30.0)

        live(farm, story)
        assert farm.slots.current("vault") == tree_of("3")

    @pytest.mark.long
    def test_a_recall_leads_nowhere_that_this_farm_has_not_been(self, farm: Farm):
        """A recall is no way to make farms run an old release with a known hole."""
        runs(farm, "3")
        head = farm.publish("4")
        tell(farm, head, of="vault/4")

        hear(farm, next_head(farm, recalls("vault/4")))

        assert farm.slots.current("vault") == tree_of("3")
