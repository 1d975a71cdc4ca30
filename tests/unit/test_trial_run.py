"""One trial end to end, with pretended twins: what is decided, what is left behind, and what nobody may know."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.prober.control import ChunkKind, Heard, Outcome, Question
from node.trial.events import ChunkLost, PairMeasured
from node.trial.evidence import LATENCY_S_MAX
from node.trial.profile import PRACTICE, Profile
from node.update.errors import HostFailed, TwinFailed
from node.update.ports import TwinOrder
from node.update.reasons import DOUBTED, OUT_OF_MEMORY
from node.update.trials.folders import copy_of
from node.update.trials.identities import DRAWS_MAX, draw_identities, shared_bits
from node.update.trials.observations import Measured, Neighbour, Neighbourhood, Observer, ProbeAnswer, reports_about
from node.update.trials.order import TrialOrder
from node.update.trials.rehearsal import TrialResult, WayBack, rehearse
from node.update.trials.run import HANDOVER_S, TrialRun
from node.update.trials.state import TrialFile
from node.vault.control import SCANNED_MAX
from node.vault.core.identity import Signer, position_of
from node.vault.storage.filesystem import CHUNKS
from node.vault.storage.quota import RESERVE_BYTES
from tests import virtual_time
from tests.twin_world import CANDIDATE, CONTROL, UTC_S, Nature, Reporter, World, trial_folders, utc_s

pytestmark = pytest.mark.usefixtures("cheap_twins")

PROFILE = replace(PRACTICE, reads_min=200, restarts_min=0)


def trial(
    world: World, folder: Path, profile: Profile = PROFILE, seed: int = 1,
    known_since: Callable[[bytes], float | None] = lambda _: None, quota_bytes: int = 1 << 20,
) -> TrialRun:  # fmt: skip
    order = TrialOrder(
        number=1, started_s=UTC_S, candidate=CANDIDATE, control=CONTROL, folders=trial_folders(folder),
        quota_bytes=quota_bytes, profile=profile, announced_s=UTC_S, known_since=known_since,
    )  # fmt: skip
    chance, file = random.Random(seed), TrialFile(folder / "state")
    return TrialRun(order, world, file, random=chance, entropy=chance.randbytes, utc_s=utc_s)


def hold(world: World, folder: Path, profile: Profile = PROFILE, quota_bytes: int = 1 << 20) -> TrialResult:
    async def main() -> TrialResult:
        return await trial(world, folder, profile, quota_bytes=quota_bytes).run()

    result = virtual_time.run(main())
    assert world.left_running == 0
    return result


def with_candidate(**nature: object) -> World:
    return World(natures={CANDIDATE: Nature(**nature), CONTROL: Nature()})  # type: ignore[arg-type]


def liar(world: World, every: int) -> Callable[[Question, Heard], Heard]:
    """A prober that finds fault with one answer of so many."""

    def told(question: Question, heard: Heard) -> Heard:
        if world.pairs % every:
            return heard
        answers = [msgspec.structs.replace(answer, outcome="not_held") for answer in heard.answers]
        return Heard(question.id, (answers[0], answers[1]))

    return told


class TestVerdicts:
    def test_an_equal_version_is_promoted_with_neighbours_votes(self, tmp_path: Path):
        result = hold(World(), tmp_path)

        assert (result.outcome, "rated by 6" in result.reason) == ("promote", True)
        assert len(result.acknowledged) > 50

    def test_without_neighbours_it_is_not_proven(self, tmp_path: Path):
        world = World(reporters=[])
        world.reporters = [Reporter(1)]
        result = hold(world, tmp_path, replace(PROFILE, reporters_min=2))
        assert result.outcome == "promote"  # the network has fewer subnets than that: waived
        assert "not rated by neighbours" in result.reason

    @pytest.mark.parametrize(
        ("nature", "words"),
        [
            ({"latency_s": 0.03}, "slower"),
            ({"loses_every": 20}, "lost"),
            ({"wrong_every": 50}, "wrong bytes"),
            ({"exits_after_s": 15.0}, "crashed (exit code 3)"),
            ({"rss_bytes": 100 << 20}, "memory"),
            ({"hoards_bytes": 1 << 30}, "took more of the disk than it was given"),
            ({"starts": False}, "did not start while its twin did: ImportError"),
            ({"serves_news": False}, "does not pass on news from the developers"),
            ({"names_news": False}, "does not pass on news from the developers"),
            ({"exit_code": -9}, "did not end by itself when it was told to (signal 9)"),
        ],
    )
    def test_a_bad_version_is_refused_for_what_it_did(self, tmp_path: Path, nature: dict[str, object], words: str):
        result = hold(with_candidate(**nature), tmp_path)
        assert result.outcome == "refuse"
        assert words in result.reason

    @pytest.mark.parametrize(
        "nature",
        [Nature(starts=False), Nature(exits_after_s=15.0), Nature(loses_every=20), Nature(hoards_bytes=1 << 30)],
    )
    def test_what_both_do_is_the_computers_fault(self, tmp_path: Path, nature: Nature):
        assert hold(World(natures={CANDIDATE: nature, CONTROL: nature}), tmp_path).outcome == "void"

    def test_that_the_memory_of_the_computer_has_run_out_is_held_against_nobody(self, tmp_path: Path):
        result = hold(with_candidate(exits_after_s=15.0, is_starved=True), tmp_path)
        assert (result.outcome, result.reason) == ("void", OUT_OF_MEMORY)

    def test_but_it_is_held_against_one_that_took_it(self, tmp_path: Path):
        """Else it would be void at each trial, and in the end be taken without a proof."""
        result = hold(with_candidate(exits_after_s=15.0, is_starved=True, rss_bytes=400 << 20), tmp_path)
        assert (result.outcome, "crashed" in result.reason) == ("refuse", True)

    def test_and_so_it_is_if_its_twin_had_to_end_for_that(self, tmp_path: Path):
        world = with_candidate(rss_bytes=400 << 20)
        world.natures[CONTROL] = Nature(exits_after_s=15.0, is_starved=True)
        result = hold(world, tmp_path)
        assert (result.outcome, "took the memory that its twin lacked" in result.reason) == ("refuse", True)

    def test_nor_if_that_happens_when_both_are_started_again(self, tmp_path: Path):
        result = hold(with_candidate(starves_at_scan=True), tmp_path, replace(PROFILE, restarts_min=1))
        assert (result.outcome, result.reason) == ("void", OUT_OF_MEMORY)

    def test_a_version_that_ends_no_better_than_the_one_in_use_may_take_its_place(self, tmp_path: Path):
        nature = Nature(exit_code=-9)
        assert hold(World(natures={CANDIDATE: nature, CONTROL: nature}), tmp_path).outcome == "promote"

    def test_a_version_that_passes_on_news_may_take_the_place_of_one_that_does_not(self, tmp_path: Path):
        world = World(natures={CANDIDATE: Nature(), CONTROL: Nature(serves_news=False)})
        assert hold(world, tmp_path).outcome == "promote"

    @pytest.mark.long
    def test_where_neither_passes_on_news_nothing_is_refused_or_promoted(self, tmp_path: Path):
        nature = Nature(serves_news=False)
        result = hold(World(natures={CANDIDATE: nature, CONTROL: nature}), tmp_path)
        assert result.outcome == "keep"
        assert "it was not seen to pass on news" in result.reason

    def test_a_version_that_came_too_late_is_started_once_more_when_its_twin_is_up(self, tmp_path: Path):
        world = with_candidate(late_starts=2)
        assert hold(world, tmp_path).outcome == "promote"

    def test_a_version_that_is_too_late_then_as_well_is_refused(self, tmp_path: Path):
        world = with_candidate(late_starts=3)
        result = hold(world, tmp_path)
        assert result.outcome == "refuse"
        assert result.reason == "it did not start while its twin did: it was not reachable within 30 seconds"
        assert [one.tree_hash for one in world.orders].count(CANDIDATE) == 3

    def test_a_version_that_does_not_start_for_another_reason_is_not(self, tmp_path: Path):
        world = with_candidate(starts=False)
        assert hold(world, tmp_path).outcome == "refuse"
        assert [one.tree_hash for one in world.orders].count(CANDIDATE) == 2

    def test_a_current_version_that_does_not_start_proves_nothing(self, tmp_path: Path):
        world = World(natures={CANDIDATE: Nature(), CONTROL: Nature(starts=False)})
        assert hold(world, tmp_path).outcome == "void"

    @pytest.mark.parametrize("is_standby", [False, True])
    def test_a_machine_that_cannot_start_a_twin_proves_nothing(self, tmp_path: Path, is_standby: bool):
        class Full(World):
            async def start_twin(self, order: TwinOrder):
                if order.tree_hash == CANDIDATE and order.is_standby == is_standby:
                    raise HostFailed("No space left on device")
                return await super().start_twin(order)

        world = Full()
        with pytest.raises((HostFailed, ExceptionGroup)):
            hold(world, tmp_path, replace(PROFILE, restarts_min=1))
        assert world.left_running == 0

    def test_a_prober_that_ends_is_started_again(self, tmp_path: Path):
        world = World(prober_dies_at=(100, 300))
        assert hold(world, tmp_path).outcome == "promote"
        assert len(world.probers) == 3

    def test_a_prober_that_ends_again_and_again_voids_the_trial(self, tmp_path: Path):
        result = hold(World(prober_dies_at=tuple(range(1, 99))), tmp_path)
        assert (result.outcome, result.reason) == ("void", "the prober failed 5 times")

    def test_a_prober_that_says_what_is_not_so_is_ended_and_another_one_started(self, tmp_path: Path):
        world = World()
        world.told = liar(world, every=400)
        result = hold(world, tmp_path)
        assert result.outcome == "promote"
        assert 2 <= len(world.probers) <= 5
        assert all(prober.exited.done() for prober in world.probers)

    def test_a_prober_that_does_so_again_and_again_voids_the_trial_and_harms_no_version(self, tmp_path: Path):
        world = World()
        world.told = liar(world, every=20)
        result = hold(world, tmp_path)
        assert (result.outcome, result.reason) == ("void", "the prober failed 5 times")

    @pytest.mark.long
    def test_a_version_that_is_good_only_to_the_prober_is_not_promoted_nor_refused_on_a_vaults_word(
        self, tmp_path: Path
    ):
        result = hold(with_candidate(is_for_clients_only=True), tmp_path)
        assert result.outcome == "keep"
        assert "gave another vault 0 right answers where its twin gave" in result.reason

    def test_a_version_that_signs_wrong_bytes_for_vaults_alone_is_refused(self, tmp_path: Path):
        class Flattering(World):
            async def ask_as_vault(self, twin: bytes, question: Question) -> bytes:
                vault = self.running(twin)
                vault.nature = replace(vault.nature, wrong_every=int(vault.order.tree_hash == CANDIDATE))
                try:
                    return await super().ask_as_vault(twin, question)
                finally:
                    vault.nature = replace(vault.nature, wrong_every=0)

        result = hold(Flattering(), tmp_path)
        assert result.outcome == "refuse"
        assert "wrong bytes" in result.reason

    def test_an_own_vault_that_cannot_ask_holds_nothing_up(self, tmp_path: Path):
        world = World(is_own_vault_away=True)
        assert hold(world, tmp_path).outcome == "promote"


class TestTwinsThatKeepEachOtherBusy:
    def with_natures(self, candidate: Nature, control: Nature) -> World:
        return World(natures={CANDIDATE: candidate, CONTROL: control})

    def test_a_version_that_floods_its_twin_is_not_promoted_nor_refused_on_its_twins_word(self, tmp_path: Path):
        result = hold(with_candidate(asks_twin_per_s=300.0), tmp_path)
        assert (result.outcome, result.reason) == ("keep", "it kept its twin busy")

    def test_a_current_version_that_does_so_voids_the_trial(self, tmp_path: Path):
        result = hold(self.with_natures(Nature(), Nature(asks_twin_per_s=300.0)), tmp_path)
        assert (result.outcome, result.reason) == ("void", "the current version kept the twin beside it busy")

    def test_a_version_that_does_so_and_says_the_same_of_its_twin_is_not_promoted_all_the_same(self, tmp_path: Path):
        flooding = Nature(asks_twin_per_s=300.0)
        assert hold(self.with_natures(flooding, flooding), tmp_path).outcome == "keep"

    def test_proofs_of_every_chunk_that_they_hold_are_no_flood(self, tmp_path: Path):
        nature = Nature(asks_twin_per_s=30.0)
        world = self.with_natures(nature, nature)
        assert hold(world, tmp_path).outcome == "promote"

    def test_where_others_ask_as_much_nobody_is_kept_busy_by_its_twin(self, tmp_path: Path):
        world = with_candidate(asks_twin_per_s=300.0)
        world.crowd_asks_per_s = 310.0
        assert hold(world, tmp_path).outcome == "promote"

    def test_a_current_version_too_old_to_tell_holds_nothing_up(self, tmp_path: Path):
        nature = Nature(tells_load=False)
        assert hold(self.with_natures(nature, nature), tmp_path).outcome == "promote"


class TestWhoIsOldEnough:
    """A vault forgets whom it knew when it is started again, as most are each day; the farm's book does not."""

    SINCE_THIS_MORNING_S = 8 * 3600.0
    AGED = replace(PROFILE, reporter_age_s_min=7 * 86_400.0)

    def world(self) -> World:
        class SwitchedOffAtNight(World):
            async def neighbourhood(self, around: Collection[bytes] = ()) -> Neighbourhood:
                found = await super().neighbourhood(around)
                young = tuple(replace(one, known_s=TestWhoIsOldEnough.SINCE_THIS_MORNING_S) for one in found.neighbours)
                return replace(found, neighbours=young)

        return SwitchedOffAtNight()

    def held(self, folder: Path, known_since: Callable[[bytes], float | None]) -> TrialResult:
        async def main() -> TrialResult:
            return await trial(self.world(), folder, self.AGED, known_since=known_since).run()

        return virtual_time.run(main())

    def test_whom_the_book_has_known_for_long_enough_counts_though_the_vault_was_started_today(self, tmp_path: Path):
        result = self.held(tmp_path, lambda _: UTC_S - 8 * 86_400.0)
        assert (result.outcome, "rated by 6" in result.reason) == ("promote", True)

    @pytest.mark.long
    def test_whom_neither_has_known_for_so_long_does_not(self, tmp_path: Path):
        known_since: tuple[Callable[[bytes], float | None], ...] = (lambda _: None, lambda _: UTC_S - 6 * 86_400.0)
        for number, one in enumerate(known_since):
            result = self.held(tmp_path / str(number), one)
            assert (result.outcome, "neighbours rated it" in result.reason) == ("keep", True)


class TestTwinsThatOthersFill:
    """A stranger needs some kilobytes and half an hour to give a young vault more chunks than one frame can name."""

    CROWDED = pytest.mark.parametrize("chunks", [SCANNED_MAX, 2 * SCANNED_MAX + 7])

    @pytest.mark.long
    @CROWDED
    def test_a_candidate_that_strangers_have_filled_with_small_chunks_is_not_refused_for_that(
        self, tmp_path: Path, chunks: int
    ):
        """Here the candidate alone; whoever fills either of the twins meets it in every other farm."""
        result = hold(with_candidate(strangers_chunks=chunks), tmp_path, replace(PROFILE, restarts_min=1))
        assert (result.outcome, "rated by 6" in result.reason) == ("promote", True)

    @pytest.mark.long
    def test_nor_is_its_trial_void_if_they_have_filled_both(self, tmp_path: Path):
        crowded = Nature(strangers_chunks=SCANNED_MAX)
        world = World(natures={CANDIDATE: crowded, CONTROL: crowded})
        assert hold(world, tmp_path, replace(PROFILE, restarts_min=1)).outcome == "promote"

    @pytest.mark.long
    @CROWDED
    def test_nor_is_the_way_back_closed(self, tmp_path: Path, chunks: int):
        async def main() -> WayBack:
            world = World()
            result = await trial(world, tmp_path).run()
            world.natures[CONTROL] = Nature(strangers_chunks=chunks)  # what it finds in the candidate's data
            return await rehearse(CONTROL, result, 1 << 30, world, os.urandom)

        found = virtual_time.run(main())
        assert (found.checked > 50, found.missing, found.corrupt) == (True, 0, 0)

    @pytest.mark.long
    def test_a_chunk_that_is_gone_is_found_among_them_all_the_same(self, tmp_path: Path):
        world = with_candidate(strangers_chunks=2 * SCANNED_MAX, hides_at_scan=1)
        result = hold(world, tmp_path, replace(PROFILE, restarts_min=1))
        assert (result.outcome, "lost 1" in result.reason) == ("refuse", True)


class TestNobodyKnows:
    def test_both_get_the_same_but_version_identity_and_random_folder(self, tmp_path: Path):
        world = World()
        hold(world, tmp_path)

        first, second = world.orders[:2]

        assert {first.tree_hash, second.tree_hash} == {CANDIDATE, CONTROL}
        assert (first.quota_bytes, first.is_standby) == (second.quota_bytes, second.is_standby)
        assert first.data.parent == second.data.parent
        assert len(first.data.name) == len(second.data.name)
        assert all(int(order.data.name, 16) >= 0 for order in (first, second))

    @pytest.mark.long
    def test_who_starts_first_and_who_comes_first_to_the_prober_is_drawn(self, tmp_path: Path):
        async def beginning(seed: int) -> tuple[str, str]:
            world = World(natures={CANDIDATE: Nature(), CONTROL: Nature()})
            running = asyncio.create_task(trial(world, tmp_path / str(seed), seed=seed).run())
            await asyncio.sleep(3.0)
            running.cancel()
            await asyncio.wait({running})
            return world.orders[0].tree_hash, world.probers[0].twins[0].order.tree_hash

        seen = {virtual_time.run(beginning(seed)) for seed in range(30)}

        assert len(seen) == 4

    def test_the_twins_lie_next_to_each_other(self, tmp_path: Path):
        world = World()
        hold(world, tmp_path)
        first, second = (position_of(Signer(order.seed).public_key) for order in world.orders[:2])
        assert shared_bits(first, second) >= 6

    def test_those_who_stand_around_them_are_asked_what_they_saw_and_not_told_of_whom(self, tmp_path: Path):
        world = World()
        hold(world, tmp_path)
        twins = [position_of(Signer(order.seed).public_key) for order in world.orders[:2]]
        first, *later = world.looked_around
        assert first == ()  # to learn how large the network is, before they are drawn

        ((around,),) = set(later)
        shared = [shared_bits(int.from_bytes(around, "big"), twin) for twin in twins]
        assert shared_bits(*twins) <= min(shared) <= max(shared) < 100

    def test_identities_are_drawn_at_most_so_often(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("node.update.trials.identities.DRAWS_MAX", 20)
        drawn = []

        def entropy(n: int) -> bytes:
            drawn.append(n)
            return os.urandom(n)

        one, other = draw_identities(entropy, 10**15)

        assert len(drawn) == 20 < DRAWS_MAX
        assert one != other


class TestNothingIsLeftRunning:
    @pytest.mark.parametrize("after_s", [0.1, 0.4, 0.9, 1.5, *[5.0 + 0.4 * n for n in range(80)]])
    def test_when_it_is_cancelled_at_any_time(self, tmp_path: Path, after_s: float):
        world = World()

        async def main() -> None:
            running = asyncio.create_task(trial(world, tmp_path, replace(PROFILE, restarts_min=4)).run())
            await asyncio.sleep(after_s)
            running.cancel()
            await asyncio.wait({running})
            assert running.cancelled()

        virtual_time.run(main())

        assert world.left_running == 0

    def test_when_a_port_breaks(self, tmp_path: Path):
        class Breaking(World):
            async def neighbourhood(self, around: Collection[bytes] = ()) -> Neighbourhood:
                if asyncio.get_running_loop().time() > 10.0:
                    raise ZeroDivisionError
                return await super().neighbourhood(around)

        world = Breaking()
        with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
            hold(world, tmp_path)
        assert world.left_running == 0


class TestRestartsOnPurpose:
    @pytest.mark.long
    def test_both_are_restarted_and_searched_for_all_they_acknowledged(self, tmp_path: Path):
        world = World()
        result = hold(world, tmp_path, replace(PROFILE, restarts_min=2))

        assert result.outcome == "promote"
        assert len(world.vaults) == 6
        assert len({order.data for order in world.orders}) == 2
        assert [vault.exited.result() for vault in world.vaults[:2]] == [-9, -9]

    @pytest.mark.long
    def test_only_at_the_end_do_twins_give_back_what_they_held(self, tmp_path: Path):
        world = World()
        hold(world, tmp_path, replace(PROFILE, restarts_min=2))
        assert [vault.handover_s for vault in world.vaults] == [0.0] * 4 + [HANDOVER_S] * 2

    def test_a_chunk_that_is_gone_after_it_refuses_the_version(self, tmp_path: Path):
        result = hold(with_candidate(hides_at_scan=3), tmp_path, replace(PROFILE, restarts_min=1))
        assert result.outcome == "refuse"
        assert "lost 3 of" in result.reason

    def test_a_chunk_that_it_deletes_as_it_takes_its_store_over_refuses_the_version_at_once(self, tmp_path: Path):
        world = with_candidate(forgets_when_active=3)
        result = hold(world, tmp_path, replace(PROFILE, restarts_min=1))
        assert result.outcome == "refuse"
        assert "lost 3 of" in result.reason
        assert len(world.probers) == 2  # the other one asked only whether they had been handed over

    def test_a_chunk_that_is_not_seen_in_standby_refuses_the_version_though_it_comes_again(self, tmp_path: Path):
        result = hold(with_candidate(hides_in_standby=3), tmp_path, replace(PROFILE, restarts_min=1))
        assert result.outcome == "refuse"
        assert "lost 3 of" in result.reason

    def test_a_version_that_does_not_come_back_is_refused(self, tmp_path: Path):
        class OnlyOnce(World):
            async def start_twin(self, order: TwinOrder):
                if order.tree_hash == CANDIDATE and order.is_standby:
                    raise TwinFailed("it does not open its own data")
                return await super().start_twin(order)

        result = hold(OnlyOnce(), tmp_path, replace(PROFILE, restarts_min=1))

        assert result.outcome == "refuse"
        assert "not up within" in result.reason


def with_files(result: TrialResult) -> TrialResult:
    """What the candidate left, as files."""
    folder = result.candidate_data / CHUNKS
    folder.mkdir()
    for number in range(10):
        content = b"%d" % number
        (folder / hashlib.sha256(content).hexdigest()).write_bytes(content)
    return result


class TestTheRehearsal:
    def way_back(
        self, folder: Path, world: World, change: Callable[[TrialResult], TrialResult] = lambda result: result
    ) -> WayBack:
        data = folder / "data"
        data.mkdir()

        async def main() -> WayBack:
            addresses = [hashlib.sha256(b"%d" % n).digest() for n in range(10)]
            world.stores[str(data)] = dict.fromkeys(addresses, True)
            result = change(TrialResult("promote", "", data, tuple(addresses)))
            return await rehearse(CONTROL, result, 1 << 20, world, os.urandom)

        try:
            return virtual_time.run(main())
        finally:
            assert world.left_running == 0
            assert list(folder.iterdir()) == [data]  # of the copy nothing is left

    def test_the_version_in_use_finds_every_chunk_in_standby_and_in_a_copy(self, tmp_path: Path):
        world = World()
        assert self.way_back(tmp_path, world) == WayBack(checked=10, missing=0, corrupt=0)
        (order,) = world.orders
        assert (order.tree_hash, order.is_standby, order.data) == (CONTROL, True, copy_of(tmp_path / "data"))

    def test_that_no_memory_is_left_for_it_is_this_computers_fault(self, tmp_path: Path):
        world = World(natures={CANDIDATE: Nature(), CONTROL: Nature(starves_at_scan=True)})
        with pytest.raises(HostFailed, match=OUT_OF_MEMORY):
            self.way_back(tmp_path, world)

    def test_missing_and_damaged_chunks_are_counted(self, tmp_path: Path):
        world = World(natures={CONTROL: Nature(hides_at_scan=2, corrupt=1)})
        assert self.way_back(tmp_path, world) == WayBack(checked=10, missing=3, corrupt=1)

    @pytest.mark.parametrize("nature", [Nature(hides_at_scan=2), Nature(corrupt=1), Nature(starts=False)])
    def test_what_it_finds_wrong_with_chunks_that_are_whole_is_not_held_against_the_candidate(
        self, tmp_path: Path, nature: Nature
    ):
        with pytest.raises(HostFailed, match=DOUBTED):
            self.way_back(tmp_path, World(natures={CONTROL: nature}), with_files)

    @pytest.mark.parametrize("nature", [Nature(hides_at_scan=1), Nature(starts=False)])
    def test_one_chunk_that_is_missing_or_damaged_is(self, tmp_path: Path, nature: Nature):
        for number, content in enumerate((None, b"other bytes", b"")):

            def spoiled(result: TrialResult, content: bytes | None = content) -> TrialResult:
                file = next((with_files(result).candidate_data / CHUNKS).iterdir())
                file.unlink() if content is None else file.write_bytes(content)
                return result

            folder = tmp_path / str(number)
            folder.mkdir()
            world = World(natures={CONTROL: nature})
            if nature.starts:
                assert self.way_back(folder, world, spoiled).missing == 1
            else:
                with pytest.raises(TwinFailed):
                    self.way_back(folder, world, spoiled)

    def test_a_current_version_that_does_not_start_on_the_data_shows_nothing(self, tmp_path: Path):
        with pytest.raises(TwinFailed):
            self.way_back(tmp_path, World(natures={CONTROL: Nature(starts=False)}))

    def test_data_that_cannot_be_copied_are_this_computers_fault(self, tmp_path: Path):
        with pytest.raises(HostFailed, match="could not be copied: No such file"):
            self.way_back(tmp_path, World(), lambda result: replace(result, candidate_data=tmp_path / "gone"))

    @pytest.mark.parametrize(("free_bytes", "is_the_disk_full"), [(RESERVE_BYTES, True), (RESERVE_BYTES << 1, False)])
    def test_that_there_was_no_room_for_a_copy_is_a_full_disk_unless_a_twin_may_have_no_more(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, is_the_disk_full: bool
    ):
        usage = shutil.disk_usage(tmp_path)._replace(free=free_bytes)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

        def too_large(result: TrialResult) -> TrialResult:
            (result.candidate_data / "tally").write_bytes(bytes(3 << 20))
            return result

        with pytest.raises(HostFailed, match="No space left on device") as failed:
            self.way_back(tmp_path, World(), too_large)

        assert isinstance(failed.value.__cause__, OSError) == is_the_disk_full

    def test_a_way_back_for_no_chunk_at_all_shows_nothing(self, tmp_path: Path):
        with pytest.raises(TwinFailed):
            self.way_back(tmp_path, World(), lambda result: replace(result, acknowledged=()))


class TestObservations:
    ADDRESS = b"a" * 32

    def see(self, *reads: tuple[float, Outcome, Outcome], kind: ChunkKind = "get") -> list[ChunkLost]:
        """Reads of one chunk: when, and what the candidate and the control answered."""
        observer, lost = Observer(replace(PRACTICE, lost_tries=3, lost_retry_s=10.0)), []
        for at_s, candidate, control in reads:
            answers = (ProbeAnswer(control, 0.01, 10), ProbeAnswer(candidate, 0.01, 10))
            events = observer.measured(Measured(kind, self.ADDRESS, answers), ("control", "candidate"), at_s)
            lost += [event for event in events if isinstance(event, ChunkLost)]
        return lost

    def test_a_question_asked_before_the_computer_slept_for_a_night_counts_as_the_slowest(self):
        answers = (ProbeAnswer("ok", 0.1, 10), ProbeAnswer("ok", 30_000.0, 10))
        (event,) = Observer(PRACTICE).measured(Measured("get", self.ADDRESS, answers), ("control", "candidate"), 1.0)
        assert isinstance(event, PairMeasured)
        assert (event.pair.candidate.latency_s, event.pair.control.latency_s) == (LATENCY_S_MAX, 0.1)

    def test_each_answer_reaches_the_right_twin(self):
        answers = (ProbeAnswer("ok", 0.1, 10), ProbeAnswer("refused", 0.2, 20))
        (event,) = Observer(PRACTICE).measured(Measured("put", self.ADDRESS, answers), ("control", "candidate"), 1.0)
        assert isinstance(event, PairMeasured)
        assert (event.pair.control.latency_s, event.pair.candidate.latency_s) == (0.1, 0.2)
        assert (event.pair.control.is_good, event.pair.candidate.is_good) == (True, False)

    def test_a_chunk_is_lost_after_three_tries_some_time_apart(self):
        assert self.see((0, "not_held", "ok"), (1, "not_held", "ok"), (10, "not_held", "ok")) == []
        assert self.see((0, "not_held", "ok"), (10, "not_held", "ok"), (20, "not_held", "ok")) == [
            ChunkLost(20, "candidate", self.ADDRESS)
        ]

    def test_a_chunk_that_is_served_in_between_is_not_lost(self):
        assert self.see((0, "not_held", "ok"), (10, "ok", "ok"), (20, "not_held", "ok"), (30, "not_held", "ok")) == []

    def test_a_twin_that_answers_nothing_has_not_lost_that_chunk(self):
        assert self.see(*[(10.0 * n, "failed", "ok") for n in range(9)]) == []

    @pytest.mark.parametrize("word", ["failed", "refused", "bad_signature"])
    def test_what_the_own_vault_alone_says_of_a_twin_is_held_against_nobody(self, word: Outcome):
        observer = Observer(replace(PRACTICE, lost_tries=1, lost_retry_s=0.0))
        answers = (ProbeAnswer("ok", 0.01, 10), ProbeAnswer(word, 0.01, 10))
        (event,) = observer.measured(
            Measured("get", self.ADDRESS, answers, is_relayed=True), ("control", "candidate"), 1
        )

        assert isinstance(event, PairMeasured)
        assert not event.pair.candidate.is_good
        assert not event.pair.candidate.is_violation
        assert event.pair.is_relayed

    def test_what_a_twin_signed_counts_whoever_asked(self):
        observer = Observer(replace(PRACTICE, lost_tries=1, lost_retry_s=0.0))
        answers = (ProbeAnswer("ok", 0.01, 10), ProbeAnswer("not_held", 0.01, 10))
        events = observer.measured(Measured("get", self.ADDRESS, answers, is_relayed=True), ("control", "candidate"), 1)

        assert ChunkLost(1, "candidate", self.ADDRESS) in events

    def test_the_controls_loss_is_told_first(self):
        lost = self.see(*[(10.0 * n, "not_held", "not_held") for n in range(3)])
        assert [event.twin for event in lost] == ["control", "candidate"]

    def test_impossible_numbers_are_no_pair(self):
        answers = (ProbeAnswer("ok", -1.0, 10), ProbeAnswer("ok", 0.1, 10))
        with pytest.raises(ValueError):
            Observer(PRACTICE).measured(Measured("get", self.ADDRESS, answers), ("control", "candidate"), 1.0)

    def test_neighbours_tables_become_reports_and_nobody_judges_in_its_own_cause(self):
        async def main():
            reporters = [Reporter(number) for number in range(3)]
            ids = (reporters[0].signer.public_key, b"x" * 32)
            neighbours = [reporter.table([*ids]) for reporter in reporters]
            neighbours += [replace(neighbours[1], table=b"garbage"), Neighbour("s", 1.0, b"")]
            return reports_about(ids, neighbours, utc_s=utc_s(), announced_s=utc_s() - 5.0), reporters

        (first, second), reporters = virtual_time.run(main())

        assert [report.reporter for report in first] == [reporter.signer.public_key for reporter in reporters[1:]]
        assert [report.subnet for report in second] == ["127.0.1.0/24", "127.0.2.0/24"]
        assert all(report.answers >= 3 and not report.has_proof for report in first)
        assert first[0].age_s == pytest.approx(1e9 - 5.0)
