"""After a release is confirmed it is watched: a veto takes the farm back by itself, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node.api.schema import Update
from node.trust.head import encode
from node.update.driver import Updates
from node.update.events import Limits, Resumed, Returned, Succeeded, SwitchBack, Ticked, VaultFailed, Vetoed
from node.update.files.pointers import POINTERS
from node.update.lifecycle import Lifecycle
from node.update.watch import Watch
from node.update.watching import LITTERED
from tests import update_world
from tests.refused import RefusedReads
from tests.twin_world import Nature
from tests.unit.test_lifecycle import LIMITS, OLD, TO_PROBATION, last, play
from tests.unit.test_trust_recall import recalls
from tests.update_world import (
    LIMITS as FARM_LIMITS,
)
from tests.update_world import (
    SENDER,
    Farm,
    PowerCut,
    live,
    tell,
    tree_of,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("cheap_twins")

TO_CONFIRMED = (*TO_PROBATION, Ticked(172.0))


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def watch_of(way: Lifecycle) -> Watch:
    assert way.watch is not None
    return way.watch


class TestTheWay:
    def test_one_veto_leads_back_to_what_was_in_use_before(self):
        veto = Vetoed(500.0, "wrong bytes")
        assert last(*TO_CONFIRMED, veto) == ("returning", (SwitchBack(OLD),))
        state, _ = play(*TO_CONFIRMED, veto, Returned(501.0))
        assert (state.phase, state.verdict, state.reason) == ("rolled_back", "rolled back", "wrong bytes")

    def test_three_failures_close_together_lead_back_and_two_do_not(self):
        failed = [VaultFailed(at_s, "exit code 1") for at_s in (200.0, 240.0, 280.0)]
        assert last(*TO_CONFIRMED, *failed[:2]) == ("confirmed", ())
        assert last(*TO_CONFIRMED, *failed) == ("returning", (SwitchBack(OLD),))
        state, _ = play(*TO_CONFIRMED, *failed)
        assert state.reason == "it failed 3 times in short succession: exit code 1"

    def test_a_start_too_late_counts_only_when_none_is_in_time_for_long(self):
        late = [VaultFailed(200.0 + n, "not reachable", is_late=True) for n in range(4)]
        assert last(*TO_CONFIRMED, *late[:3]) == ("confirmed", ())
        assert last(*TO_CONFIRMED, *late[:3], Ticked(250.0), *late[:3]) == ("confirmed", ())
        is_off = (Ticked(250.0, is_idle=True), Resumed(0.0))
        state, effects = play(*TO_CONFIRMED, *late[:3], *is_off, late[3])
        assert (state.phase, effects[-1]) == ("returning", SwitchBack(OLD))
        assert state.reason == "it started too late 4 times in a row: not reachable"

    def test_failures_that_lie_far_apart_are_no_reason(self):
        failed = [VaultFailed(at_s, "exit code 1") for at_s in (200.0, 251.0, 302.0, 353.0)]
        assert last(*TO_CONFIRMED, *failed) == ("confirmed", ())

    def test_one_that_ends_every_half_hour_is_left_within_a_day(self):
        limits, failures, why = Limits(), 0, ""
        watch: Watch | None = Watch()
        while not why:
            assert watch is not None, "it was watched to its end"
            watch, why = watch.step(VaultFailed(1805.0 * (failures + 1), "exit code 1"), 1805.0 * failures, limits)
            failures += 1
        assert (failures, why) == (24, "it failed 24 times in short succession: exit code 1")

    def test_one_that_ends_less_than_once_an_hour_is_not_left(self):
        limits, watch = Limits(), Watch()
        for number in range(300):
            going_on, why = watch.step(VaultFailed(3800.0 * (number + 1), "exit code 1"), 3800.0 * number, limits)
            assert going_on is not None
            watch = going_on
            assert (why, len(watch.failed_s) < limits.day_failures_max) == ("", True)

    def test_the_watch_ends_after_its_time_and_a_veto_after_that_changes_nothing(self):
        assert last(*TO_CONFIRMED, Ticked(1171.0), Vetoed(1171.5, "late"))[0] == "returning"
        state, _ = play(*TO_CONFIRMED, Ticked(1172.0))
        assert (state.phase, state.watch) == ("confirmed", None)
        assert state.step(Vetoed(1173.0, "late"), LIMITS) == (state, ())

    def test_the_time_in_which_the_computer_was_off_is_not_watched_and_separates_no_failures(self):
        state, _ = play(*TO_CONFIRMED, Ticked(200.0), Resumed(100_000.0), Ticked(100_010.0))
        assert watch_of(state).spent_s == 38.0
        failed = [VaultFailed(at_s, "exit code 1") for at_s in (200.0, 100_001.0, 100_002.0)]
        assert last(*TO_CONFIRMED, failed[0], Resumed(100_000.0), *failed[1:])[0] == "returning"

    def test_a_clock_that_starts_anew_takes_no_watched_time_back(self):
        state, _ = play(*TO_CONFIRMED, Ticked(200.0), Resumed(0.0), Ticked(10.0))
        assert watch_of(state).spent_s == 38.0

    def test_what_comes_late_behind_others_counts_no_time_twice(self):
        late = VaultFailed(180.0, "exit code 1")
        state, _ = play(*TO_CONFIRMED, Ticked(300.0), late, Ticked(300.0), late, Ticked(310.0))
        assert watch_of(state).spent_s == 310.0 - 172.0

    def test_a_newer_release_that_takes_over_ends_it(self):
        state, _ = play(*TO_CONFIRMED, Succeeded(300.0))
        assert state.step(Vetoed(301.0, "late"), LIMITS) == (state, ())

    def test_a_way_back_from_it_that_is_cut_off_is_asked_for_again(self):
        resumed = last(*TO_CONFIRMED, Vetoed(500.0, "wrong bytes"), Resumed(0.0))
        assert resumed == ("returning", (SwitchBack(OLD, is_insisted=True),))

    def test_by_itself_it_lasts_thirty_days(self):
        assert Limits().watch_s == 30 * 86_400.0


def release(farm: Farm, version: str, nature: Nature | None = None) -> bytes:
    """An urgent one: its trial is short, and what comes after it is the same."""
    return farm.publish(version, nature, pods=4, is_urgent=True)


def confirm(farm: Farm, *versions: str) -> None:
    for version in versions:
        tell(farm, release(farm, version), of=f"vault/{version}")


def hear(farm: Farm, story: Callable[[Updates], Awaitable[None]], for_s: float = 60.0) -> dict[str, Update]:
    """Let the farm live on while ``story`` happens, and some time after that; the history."""
    found: dict[str, Update] = {}

    async def main(updates: Updates) -> None:
        await asyncio.sleep(1.0)
        await story(updates)
        await asyncio.sleep(for_s)
        found.update({item.release: item for item in updates.updates().items})

    live(farm, main)
    return found


def watched_s(updates: Updates) -> float:
    """For how long the second release has been watched."""
    return watch_of(updates._records["vault/2"].way).spent_s


async def nothing(_: Updates) -> None:
    pass


class TestADiskThatShowsNotWhatIsInUse:
    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["probation", "confirmed"])
    def test_is_held_against_no_release_and_no_slot_goes(self, farm: Farm, monkeypatch: pytest.MonkeyPatch, phase: str):
        head, refused = release(farm, "2"), RefusedReads(monkeypatch, POINTERS)

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            refused.times = 3
            await wait_until(updates, lambda _: refused.times == 0)

        found = hear(farm, story, for_s=FARM_LIMITS.probation_s)
        assert found["vault/2"].phase == "confirmed"
        assert (farm.slots.current("vault"), farm.slots.previous("vault")) == (tree_of("2"), farm.own)
        assert farm.slots.has("vault", tree_of("2"))
        assert farm.slots.has("vault", farm.own)


class TestADiskThatIsPulledOut:
    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["probation", "confirmed"])
    def test_is_held_against_no_release_and_counts_in_no_watch(self, tmp_path: Path, phase: str):
        disk, pulled = tmp_path / "disk", tmp_path / "pulled"
        (disk / "home").mkdir(parents=True)
        farm = Farm(folder=disk / "home")
        head = release(farm, "2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            disk.rename(pulled)
            await asyncio.sleep(120.0)
            pulled.rename(disk)
            await asyncio.sleep(20.0)
            assert updates.updates().items[0].phase == phase
            assert phase == "probation" or watched_s(updates) < 60.0

        found = hear(farm, story, for_s=FARM_LIMITS.probation_s)
        assert found["vault/2"].phase == "confirmed"
        assert (farm.slots.current("vault"), farm.slots.previous("vault")) == (tree_of("2"), farm.own)


class TestAProof:
    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["probation", "confirmed"])
    def test_a_wrong_answer_that_it_signed_takes_the_farm_back(self, farm: Farm, phase: str):
        head = release(farm, "2")
        back: list[float] = []

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            farm.convict(serial=farm.last_serial)
            began_s = asyncio.get_running_loop().time()
            await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back", 30.0)
            back.append(asyncio.get_running_loop().time() - began_s)
            item = updates.updates().items[0]
            assert item.reason == "gave wrong answers under its own signature, as 1 neighbour proved"
            assert (item.verdict, item.watched_until_s) == ("rolled back", None)

        live(farm, story)
        assert farm.slots.current("vault") == farm.own
        assert back[0] < (FARM_LIMITS.probation_look_s if phase == "probation" else FARM_LIMITS.watch_look_s) + 3.0

    @pytest.mark.long
    def test_what_a_run_before_it_signed_is_not_held_against_it(self, farm: Farm):
        farm.last_serial = 7

        async def story(_: Updates) -> None:
            farm.convict(serial=7)

        confirm(farm, "2")
        found = hear(farm, story)

        assert found["vault/2"].phase == "confirmed"
        assert farm.last_serial == 8

    @pytest.mark.long
    def test_in_the_watch_the_neighbours_are_seldom_asked(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        confirm(farm, "2")
        asked: list[float] = []
        ask = farm.neighbourhood

        async def counted():
            asked.append(asyncio.get_running_loop().time())
            return await ask()

        monkeypatch.setattr(farm, "neighbourhood", counted)
        hear(farm, nothing, for_s=100.0)
        assert 9 <= len(asked) <= 11

    def test_when_nothing_could_be_left_they_are_not_asked_at_all(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        asked = []
        monkeypatch.setattr(farm, "neighbourhood", lambda: asked.append("neighbours"))
        hear(farm, nothing, for_s=100.0)
        assert asked == []


class TestFoundAtFault:
    def left_for(self, farm: Farm, phase: str, befall: Callable[[Updates], None]) -> str:
        """Let something befall a release in that phase; why the farm has gone back from it."""
        head, reasons = release(farm, "2"), list[str]()

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            befall(updates)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back", 60.0)
            reasons.append(updates.updates().items[0].reason)

        live(farm, story)
        assert farm.slots.current("vault") == farm.own
        return reasons[0]

    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["probation", "confirmed"])
    def test_a_version_that_finds_nobody_although_others_can_be_reached_is_left(self, farm: Farm, phase: str):
        def left_alone(_updates: Updates) -> None:
            farm.known, farm.are_others_there = 0, True

        assert self.left_for(farm, phase, left_alone) == "it finds nobody although others can be reached"

    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["probation", "confirmed"])
    def test_a_version_that_is_found_at_fault_is_left(self, farm: Farm, phase: str):
        def littered(updates: Updates) -> None:
            updates.watching.found_at_fault(LITTERED)

        assert self.left_for(farm, phase, littered) == "it filled the disk with files of its own"

    @pytest.mark.long
    def test_where_nobody_can_be_reached_nothing_happens(self, farm: Farm):
        confirm(farm, "2")
        farm.known = 0
        assert hear(farm, nothing, for_s=250.0)["vault/2"].phase == "confirmed"


class TestWhenNoVaultRuns:
    @pytest.mark.long
    def test_probation_goes_on_when_it_runs_again(self, farm: Farm):
        head = release(farm, "2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            farm.known = None  # the keyring is locked, say
            await asyncio.sleep(500.0)
            assert updates.updates().items[0].phase == "probation"
            farm.known = 5
            await asyncio.sleep(120.0)
            assert updates.updates().items[0].phase == "confirmed"

        live(farm, story)


class TestTheVaultInUse:
    @pytest.mark.long
    def test_one_that_fails_again_and_again_is_left_and_never_taken_up_again(self, farm: Farm):
        confirm(farm, "2")

        async def story(updates: Updates) -> None:
            for _ in range(3):
                updates.vault_failed("exit code 1")

        found = hear(farm, story)

        assert (found["vault/2"].phase, farm.slots.current("vault")) == ("rolled_back", farm.own)
        assert hear(farm, nothing)["vault/2"].phase == "rolled_back"
        assert farm.switches == [tree_of("2"), farm.own]

    @pytest.mark.long
    def test_failures_are_remembered_over_a_restart(self, farm: Farm):
        confirm(farm, "2")

        async def twice(updates: Updates) -> None:
            for _ in range(2):
                updates.vault_failed("exit code 1")

        async def once_more(updates: Updates) -> None:
            updates.vault_failed("exit code 1")

        assert hear(farm, twice, for_s=5.0)["vault/2"].phase == "confirmed"
        assert hear(farm, once_more)["vault/2"].phase == "rolled_back"

    @pytest.mark.long
    def test_late_starts_at_every_log_in_are_forgotten_as_soon_as_it_answers(self, farm: Farm):
        confirm(farm, "2")

        async def log_in(updates: Updates) -> None:
            farm.known = None
            for _ in range(3):
                updates.vault_failed("not reachable", is_late=True)
                await asyncio.sleep(31.0)
            farm.known = 5

        for _ in range(5):
            assert hear(farm, log_in, for_s=35.0)["vault/2"].phase == "confirmed"

    @pytest.mark.long
    def test_one_that_never_starts_in_time_any_more_is_left_whatever_is_restarted(self, farm: Farm):
        confirm(farm, "2")
        farm.known = None

        async def late(updates: Updates) -> None:
            for _ in range(2):
                updates.vault_failed("not reachable", is_late=True)
                await asyncio.sleep(31.0)

        assert hear(farm, late, for_s=5.0)["vault/2"].phase == "confirmed"
        found = hear(farm, late)["vault/2"]
        assert (found.phase, found.reason) == ("rolled_back", "it started too late 4 times in a row: not reachable")

    @pytest.mark.long
    def test_a_computer_in_trouble_is_not_held_against_it(self, farm: Farm):
        confirm(farm, "2")

        async def story(updates: Updates) -> None:
            for _ in range(5):
                updates.vault_failed("no space left on device", is_hosts_fault=True)

        assert hear(farm, story)["vault/2"].phase == "confirmed"

    @pytest.mark.long
    def test_switching_the_computer_off_again_and_again_is_no_failure(self, farm: Farm):
        confirm(farm, "2")
        for _ in range(5):
            assert hear(farm, nothing, for_s=1.0)["vault/2"].phase == "confirmed"

    @pytest.mark.long
    def test_one_whose_files_are_damaged_is_left(self, farm: Farm):
        confirm(farm, "2")

        async def story(_: Updates) -> None:
            farm.slots.point_back("vault", farm.own, 0.0)  # as whoever starts the vault does, on finding it damaged

        item = hear(farm, story)["vault/2"]
        assert (item.phase, item.reason) == ("rolled_back", "its files were damaged")


class TestBesideANewerOne:
    @pytest.mark.long
    def test_a_trial_beside_it_begins_anew_against_what_is_gone_back_to(self, farm: Farm):
        confirm(farm, "2")
        head = release(farm, "3")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "on_trial")
            farm.convict(serial=farm.last_serial)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back", 30.0)
            await wait_until(updates, lambda items: items["vault/3"].phase == "confirmed")

        hear(farm, story)
        assert farm.switches == [tree_of("2"), farm.own, tree_of("3")]
        assert farm.slots.previous("vault") == farm.own

    @pytest.mark.long
    def test_once_the_newer_one_has_taken_over_only_that_one_is_watched(self, farm: Farm):
        confirm(farm, "2")
        first = farm.last_serial
        confirm(farm, "3")

        async def story(updates: Updates) -> None:
            items = {item.release: item for item in updates.updates().items}
            assert items["vault/2"].watched_until_s is None
            assert items["vault/3"].watched_until_s is not None
            farm.convict(serial=first)

        found = hear(farm, story)
        assert [found[f"vault/{version}"].phase for version in (2, 3)] == ["confirmed", "confirmed"]

    @pytest.mark.long
    def test_the_way_back_leads_from_the_newer_to_the_older(self, farm: Farm):
        confirm(farm, "2", "3")
        assert farm.slots.has("vault", tree_of("2"))

        async def story(_: Updates) -> None:
            farm.convict(serial=farm.last_serial)

        found = hear(farm, story)
        assert (found["vault/3"].phase, found["vault/2"].phase) == ("rolled_back", "confirmed")
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    def test_a_newer_one_that_fails_in_probation_takes_neither_its_watch_nor_its_way_back_away(self, farm: Farm):
        confirm(farm, "2")
        head = release(farm, "3")
        left_s: list[float] = []

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "probation")
            began_s = watched_s(updates)
            await asyncio.sleep(30.0)
            farm.convict(serial=farm.last_serial)
            await wait_until(updates, lambda items: items["vault/3"].phase == "rolled_back", 60.0)
            left_s.append(watched_s(updates) - began_s)
            await asyncio.sleep(60.0)  # what proves the newer one's fault is told again and again
            assert {item.release: item.phase for item in updates.updates().items}["vault/2"] == "confirmed"
            farm.convict(serial=farm.last_serial)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back", 60.0)

        hear(farm, story)
        assert farm.switches == [tree_of(version) for version in ("2", "3", "2")] + [farm.own]
        assert left_s == [0.0]  # what others see of another version's hour tells nothing of this one

    @pytest.mark.long
    def test_once_that_has_failed_a_recall_still_leads_back_to_what_was_before(self, farm: Farm):
        confirm(farm, "2", "3")
        tell(farm, release(farm, "4"), of="vault/4", until_phase=("probation",))
        assert farm.slots.current("vault") == tree_of("4")

        async def story(updates: Updates) -> None:
            for _ in range(3):
                updates.vault_failed("exit code 1")

        assert hear(farm, story)["vault/4"].phase == "rolled_back"
        assert (farm.slots.current("vault"), farm.slots.previous("vault")) == (tree_of("3"), tree_of("2"))
        farm.signed.head = farm.signed.change("vault", recalls("vault/3"))
        assert tell(farm, encode(farm.signed.head), until_phase=("recalled",), of="vault/3")
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    def test_a_newer_one_that_is_just_taking_over_goes_on(self, farm: Farm):
        confirm(farm, "2")
        head = release(farm, "3")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "promoting")
            for _ in range(3):
                updates.vault_failed("exit code 1")
            await wait_until(updates, lambda items: items["vault/3"].phase == "confirmed")

        hear(farm, story)
        assert farm.switches == [tree_of("2"), tree_of("3")]


def store(farm: Farm) -> None:
    """Let the vault in use hold a chunk."""
    chunks = farm.folder / "vault" / "chunks"
    chunks.mkdir(parents=True)
    (farm.folder / "vault" / "incoming").mkdir()
    (chunks / ("c" * 64)).write_bytes(b"a chunk")


class TestTheStoreFromBefore:
    @pytest.mark.long
    def test_it_is_kept_as_long_as_the_version_in_use_is_watched(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        profile = replace(update_world.PROFILE, way_back_s=-1e9)  # as if the calendar were far ahead
        monkeypatch.setattr(update_world, "PROFILE", profile)
        store(farm)

        confirm(farm, "2")
        tell(farm, release(farm, "3", Nature(starts=False)), of="vault/3")
        assert len(farm.kept_names()) == 1

        hear(farm, nothing, for_s=400.0)
        tell(farm, release(farm, "4", Nature(starts=False)), of="vault/4")
        assert farm.kept_names() == []

    @pytest.mark.long
    def test_it_is_removed_when_the_watch_ends_on_a_farm_that_is_always_on_and_hears_of_nothing_new(self, farm: Farm):
        store(farm)
        head = release(farm, "2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")
            await asyncio.sleep(FARM_LIMITS.watch_s - 60.0)
            assert len(farm.kept_names()) == 1

        hear(farm, story, for_s=120.0)
        assert farm.kept_names() == []

    @pytest.mark.long
    def test_nothing_is_taken_from_a_trial_that_is_held_when_the_watch_ends(self, farm: Farm):
        store(farm)
        heads = [release(farm, "2"), farm.publish("3")]

        async def story(updates: Updates) -> None:
            await updates.offered(heads[0], SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")
            await asyncio.sleep(FARM_LIMITS.watch_s - 10.0)
            await updates.offered(heads[1], SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "on_trial")
            await wait_until(updates, lambda items: items["vault/2"].watched_until_s is None)
            await asyncio.sleep(1.0)
            assert (updates.updates().items[0].phase, farm.kept_names()) == ("on_trial", [])
            await wait_until(updates, lambda items: items["vault/3"].phase == "confirmed")

        hear(farm, story)
        assert sum(not order.is_standby for order in farm.orders) == 4, "all twins were started once"


class TestTold:
    @pytest.mark.long
    def test_until_when_it_is_watched_counts_the_time_that_is_left_and_ends(self, farm: Farm):
        confirm(farm, "2")
        until: list[float | None] = []

        async def story(updates: Updates) -> None:
            for _ in range(3):
                until.append(updates.updates().items[0].watched_until_s)
                await asyncio.sleep(100.0)

        found = hear(farm, story, for_s=30.0)
        assert until[0] is not None
        assert until == [until[0]] * 3
        assert found["vault/2"].watched_until_s is None


class TestPowerCuts:
    @pytest.mark.long
    def test_after_a_cut_at_any_write_of_the_way_back_the_old_version_is_in_use(self, tmp_path: Path):
        cuts = 0
        for writes in range(1, 30):
            farm = Farm(folder=tmp_path / str(writes))
            confirm(farm, "2")
            farm.power.writes_left = writes

            async def story(updates: Updates, farm: Farm = farm) -> None:
                farm.convict(serial=farm.last_serial)
                await wait_until(
                    updates, lambda items: farm.power.is_out or items["vault/2"].phase == "rolled_back", 60.0
                )

            with contextlib.suppress(PowerCut, BaseExceptionGroup, AssertionError):
                live(farm, story)
            is_cut, farm.power.writes_left = farm.power.is_out, 10**9
            if not is_cut:
                break
            cuts += 1

            item = hear(farm, nothing)["vault/2"]

            assert (item.phase, item.verdict) == ("rolled_back", "rolled back"), writes
            assert farm.slots.current("vault") == farm.own
        assert cuts >= 3

    @pytest.mark.long
    def test_a_cut_at_any_write_around_the_newer_ones_promotion_leaves_one_of_them_watched(self, tmp_path: Path):
        # One write in six, with whole trials between them; every file operation is cut in ``tests/crashes``.
        for writes in range(1, 60, 6):
            farm = Farm(folder=tmp_path / str(writes))
            confirm(farm, "2")
            head = release(farm, "3")
            farm.power.writes_left = writes

            async def story(updates: Updates, farm: Farm = farm, head: bytes = head) -> None:
                await updates.offered(head, SENDER)
                await wait_until(
                    updates,
                    lambda items: farm.power.is_out or ("vault/3" in items and items["vault/3"].phase == "confirmed"),
                )

            with contextlib.suppress(PowerCut, BaseExceptionGroup, AssertionError):
                live(farm, story)
            is_cut, farm.power.writes_left = farm.power.is_out, 10**9
            for process in farm.processes:  # off is off
                if not process.exited.done():
                    process.exited.cancel()
            if not is_cut:
                break

            async def again(updates: Updates, head: bytes = head) -> None:
                await updates.offered(head, SENDER)
                await wait_until(updates, lambda items: "vault/3" in items and items["vault/3"].phase == "confirmed")

            found = hear(farm, again, for_s=5.0)

            watched = [name for name, item in found.items() if item.watched_until_s is not None]
            assert (found["vault/2"].phase, watched) == ("confirmed", ["vault/3"]), writes
            assert farm.slots.current("vault") == tree_of("3")
