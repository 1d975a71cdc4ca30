"""Releases carried through on one farm: a good one is taken into use, a bad one refused, the newest comes first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.trust.capabilities import Capabilities
from node.trust.head import encode
from node.update import allowed, driver
from node.update.driver import Updates
from node.update.files.slots import Slots
from tests import signed_world
from tests.twin_world import Nature
from tests.update_world import LIMITS, SENDER, Farm, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


class TestAGoodRelease:
    @pytest.mark.long
    def test_it_is_fetched_tried_rehearsed_and_taken_into_use(self, farm: Farm):
        update = tell(farm, farm.publish("2"))["vault/2"]

        assert (update.phase, update.verdict) == ("confirmed", "promoted")
        assert farm.switches == [tree_of("2")]
        assert farm.slots.current("vault") == tree_of("2")
        assert farm.slots.previous("vault") == farm.own
        assert "neighbours" in update.reason

    @pytest.mark.long
    def test_its_history_tells_signers_times_bytes_and_evidence(self, farm: Farm):
        update = tell(farm, farm.publish("2"))["vault/2"]

        assert update.signers == ("pod-1", "pod-2", "pod-3")
        assert update.bytes_fetched == sum(len(content) for content in farm.chunks.values())
        assert list(update.seconds) == [
            "announced", "fetching", "staged", "on_trial", "rehearsing", "promoting", "probation", "confirmed"
        ][:7]  # fmt: skip
        assert update.seconds["probation"] == pytest.approx(60.0, abs=0.2)
        assert update.decided_s == pytest.approx(update.announced_s + sum(update.seconds.values()), abs=0.5)
        assert update.trial is not None
        assert (update.trial.phase, update.trial.neighbours_rated) == ("confirmed", 6)
        assert update.trial.verified_reads > 200
        assert all(metric.is_proven for metric in update.trial.metrics if metric.name != "leak")

    def test_the_trial_can_be_watched(self, farm: Farm):
        head, seen = farm.publish("2"), []

        async def story(updates: Updates) -> None:
            assert updates.trial() is None
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            for _ in range(3):
                await asyncio.sleep(8.0)
                view = updates.trial()
                assert view is not None
                seen.append((view.phase, view.pairs))

        live(farm, story)

        assert [phase for phase, _ in seen] == ["on_trial"] * 3
        assert seen[0][1] < seen[1][1] < seen[2][1]
        assert farm.changes > 20

    @pytest.mark.long
    def test_nothing_of_the_trial_and_no_unused_slot_is_left(self, farm: Farm):
        tell(farm, farm.publish("2"))
        assert list((farm.folder / "trial").iterdir()) == []
        kept = {name for tree in (farm.own, tree_of("2")) for name in (tree, f"{tree}.json")}
        assert {entry.name for entry in (farm.folder / "slots/vault").iterdir()} == kept

    def test_the_private_times_are_told_to_nobody(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await asyncio.sleep(10.0)
            told = msgspec.json.encode([updates.updates(), updates.trial()])
            assert b"stagger" not in told
            assert b"duration" not in told

        live(farm, story)


class TestABadRelease:
    @pytest.mark.long
    @pytest.mark.parametrize(
        ("nature", "words"),
        [
            (Nature(latency_s=0.03), "slower"),
            (Nature(loses_every=20), "lost"),
            (Nature(exits_after_s=10.0), "crashed"),
            (Nature(starts=False), "did not start"),
        ],
    )
    def test_it_is_refused_with_the_reason_and_never_run_by_the_farm(self, farm: Farm, nature: Nature, words: str):
        update = tell(farm, farm.publish("2", nature))["vault/2"]

        assert (update.phase, update.verdict) == ("refused", "refused")
        assert words in update.reason
        assert farm.switches == []

    @pytest.mark.long
    def test_its_files_are_removed_when_a_newer_release_is_carried_in_its_place(self, farm: Farm):
        tell(farm, farm.publish("2", Nature(starts=False)))
        assert farm.slots.has("vault", tree_of("2"))

        tell(farm, farm.publish("3"), of="vault/3")

        assert not farm.slots.has("vault", tree_of("2"))

    def test_it_is_not_tried_again_after_a_restart(self, farm: Farm):
        tell(farm, farm.publish("2", Nature(starts=False)))
        orders = len(farm.orders)

        async def story(updates: Updates) -> None:
            await asyncio.sleep(600.0)
            assert [item.phase for item in updates.updates().items] == ["refused"]

        live(farm, story)

        assert len(farm.orders) == orders

    def test_its_files_are_not_tried_under_another_name(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        tell(farm, farm.publish("2", Nature(starts=False)))
        files, orders = signed_world.built("2"), len(farm.orders)
        again = msgspec.structs.replace(files.release, version="3")
        monkeypatch.setattr(signed_world, "built", lambda *_, **__: replace(files, release=again))

        update = tell(farm, farm.publish("3"))["vault/3"]

        assert (update.phase, len(farm.orders)) == ("refused", orders)
        assert update.reason.startswith("the same files as vault/2")

    @pytest.mark.long
    def test_a_way_back_that_is_not_open_refuses_it(self, farm: Farm):
        farm.natures[farm.own] = Nature(hides_at_scan=1)
        update = tell(farm, farm.publish("2"))["vault/2"]
        assert update.phase == "refused"
        assert update.reason.startswith("the way back is not open: 1 of")
        assert farm.switches == []

    def test_a_release_with_files_it_may_not_have_is_refused_unstaged(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(signed_world, "SOURCE", (*signed_world.SOURCE, ("node/supervisor/keys.py", False, b"")))
        update = tell(farm, farm.publish("2"))["vault/2"]
        assert update.phase == "refused"
        assert "may not contain 'node/supervisor/keys.py'" in update.reason
        assert not farm.slots.has("vault", update.tree_hash)


def withdrawing(farm: Farm) -> bytes:
    """The next head, which lists no release of the pods any more."""
    farm.signed.head = farm.signed.change("vault", lambda signed: signed.targets.clear())
    return encode(farm.signed.head)


class TestSeveralReleases:
    @pytest.mark.long
    def test_the_newest_is_tried_and_the_others_set_aside(self, farm: Farm):
        heads = [farm.publish(version) for version in ("2", "3", "4")]

        items = tell(farm, heads[-1])

        assert {name: item.phase for name, item in items.items()} == {
            "vault/2": "not_proven", "vault/3": "not_proven", "vault/4": "confirmed"
        }  # fmt: skip
        assert {order.tree_hash for order in farm.orders} == {farm.own, tree_of("4")}

    @pytest.mark.long
    def test_one_that_comes_during_a_trial_waits_for_its_end(self, farm: Farm):
        first, second = farm.publish("2"), farm.publish("3")

        async def story(updates: Updates) -> None:
            await updates.offered(first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(second, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")
            assert updates.updates().items[0].release == "vault/3"
            await wait_until(updates, lambda items: items["vault/3"].phase == "confirmed")

        live(farm, story)

        assert farm.switches == [tree_of("2"), tree_of("3")]

    @pytest.mark.long
    def test_one_that_nobody_has_for_long_is_taken_into_use_once_somebody_has_it(self, farm: Farm):
        head = farm.publish("2")
        kept, farm.chunks = farm.chunks, {}

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await asyncio.sleep(20 * LIMITS.fetch_s)
            farm.chunks = kept
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

    @pytest.mark.long
    def test_one_that_makes_way_while_it_waits_ends_no_trial_of_another(self, farm: Farm):
        first, second, third = (farm.publish(version) for version in ("2", "3", "4"))

        async def story(updates: Updates) -> None:
            await updates.offered(first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(second, SENDER)
            await updates.offered(third, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].phase == "not_proven")
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")
            assert updates._records["vault/2"].way.voids == 0
            await wait_until(updates, lambda items: items["vault/4"].phase == "confirmed")

        live(farm, story)

        assert farm.switches == [tree_of("2"), tree_of("4")]

    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["on_trial", "rehearsing", "promoting", "probation"])
    def test_one_that_is_withdrawn_while_it_waits_leaves_another_on_its_way(self, farm: Farm, phase: str):
        first, second = farm.publish("2"), farm.publish("3")
        farm.signed.head = farm.signed.change("vault", lambda signed: signed.targets.pop("vault/3"))
        withdrawn = encode(farm.signed.head)

        async def story(updates: Updates) -> None:
            await updates.offered(first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            await updates.offered(second, SENDER)
            await updates.offered(withdrawn, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].verdict != "")
            found = {name: record.way for name, record in updates._records.items()}
            assert (found["vault/2"].phase, found["vault/3"].phase) == ("confirmed", "refused")
            assert found["vault/2"].voids == 0

        live(farm, story)

        assert farm.switches == [tree_of("2")]

    @pytest.mark.long
    def test_an_older_one_is_never_gone_back_to(self, farm: Farm):
        farm.publish("2", Nature(starts=False))
        tell(farm, farm.publish("3"), of="vault/3")
        phases = {name: item.phase for name, item in tell(farm).items()}
        assert phases == {"vault/2": "not_proven", "vault/3": "confirmed"}

    def test_an_older_one_than_the_one_in_use_is_not_even_tried(self, farm: Farm):
        farm.slots.point("vault", tree_of("3"), 0.0)
        farm.publish("2")
        items = tell(farm, farm.publish("3"))
        assert {name: (item.phase, item.reason) for name, item in items.items()} == {
            "vault/2": ("not_proven", "vault/3 came first"), "vault/3": ("confirmed", "already in use")
        }  # fmt: skip

    @pytest.mark.long
    def test_a_release_of_the_files_in_use_is_known_as_such(self, farm: Farm):
        tell(farm, farm.publish("2"))
        farm.slots.point("vault", tree_of("3"), 0.0)
        item = tell(farm, farm.publish("3"))["vault/3"]
        assert (item.phase, item.reason) == ("confirmed", "already in use")

    @pytest.mark.long
    def test_files_of_a_withdrawn_release_are_tried_under_another_name(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        head, withdrawn = farm.publish("2"), withdrawing(farm)

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(withdrawn, SENDER)

        live(farm, story)
        files = signed_world.built("2")
        again = msgspec.structs.replace(files.release, version="3")
        monkeypatch.setattr(signed_world, "built", lambda *_, **__: replace(files, release=again))
        found = tell(farm, farm.publish("3"), of="vault/3")

        assert (found["vault/2"].phase, found["vault/3"].phase) == ("refused", "confirmed")

    def test_a_release_that_is_withdrawn_while_it_is_taken_up_stays_withdrawn(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        head, withdrawn = farm.publish("2"), withdrawing(farm)
        looks, looked = allowed.capabilities_of, asyncio.Event()

        async def slow(slots: Slots, tree_hash: str) -> Capabilities:
            found = await looks(slots, tree_hash)
            if not farm.hold and not looked.is_set():
                looked.set()
                await asyncio.sleep(5.0)
            return found

        monkeypatch.setattr(driver, "capabilities_of", slow)

        async def story(updates: Updates) -> None:
            farm.hold = "a pause"
            await updates.offered(head, SENDER)
            await asyncio.sleep(40.0)
            farm.hold = ""
            await looked.wait()
            assert (await updates.offered(withdrawn, SENDER)).outcome == "accepted"
            await asyncio.sleep(300.0)
            assert updates.updates().items[0].phase == "refused"

        live(farm, story)

    def test_a_withdrawn_release_is_stopped_on_its_trial(self, farm: Farm):
        head, withdrawn = farm.publish("2"), withdrawing(farm)

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await asyncio.sleep(10.0)
            assert (await updates.offered(withdrawn, SENDER)).outcome == "accepted"
            item = updates.updates().items[0]
            assert (item.phase, item.reason) == ("refused", "the pods withdrew it")
            assert farm.left_running == 0

        live(farm, story)
