"""A release is tried and taken into use only while others show the same head; and everyone can have it of this farm."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from node.trust.head import encode
from node.update import carrying
from node.update.carrying import carried_files
from node.update.driver import TICK_S, WITNESS_S, Updates
from node.update.files.fetching import fetch_release
from node.update.reasons import UNSEEN
from node.vault.share.tree import address_of
from tests import signed_world
from tests.layer_world import Network, Workshop, signed
from tests.signed_world import unchanged
from tests.twin_world import Nature
from tests.update_world import LIMITS, SENDER, Farm, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


class TestWitnesses:
    @pytest.mark.long
    def test_a_head_that_nobody_else_shows_leads_to_no_trial_until_somebody_does(self, farm: Farm):
        head = farm.publish("2")
        farm.witnesses = 2

        async def story(updates: Updates) -> None:
            assert (await updates.offered(head, SENDER)).outcome == "accepted"
            await asyncio.sleep(3600.0)
            (item,) = updates.updates().items
            assert (item.phase, item.reason) == ("announced", UNSEEN)
            farm.witnesses = 3
            await wait_until(updates, lambda items: items["vault/2"].phase != "announced", 2 * WITNESS_S)
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

    @pytest.mark.long
    def test_one_that_nobody_shows_any_more_at_the_end_of_its_trial_waits_for_them_and_needs_no_second_trial(
        self, farm: Farm
    ):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            farm.witnesses = 0
            await wait_until(updates, lambda items: items["vault/2"].reason == UNSEEN)
            await asyncio.sleep(5 * LIMITS.rehearsal_s)
            (item,) = updates.updates().items
            assert (item.phase, farm.switches) == ("rehearsing", [])
            farm.witnesses = 3
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation", 2 * TICK_S)

        live(farm, story)
        assert farm.switches == [tree_of("2")]

    @pytest.mark.long
    def test_the_power_that_fails_before_they_are_met_again_takes_no_trial(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rehearsing")

        async def after_it(updates: Updates) -> None:
            await wait_until(updates, lambda items: items["vault/2"].reason == UNSEEN)
            farm.witnesses = 3
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)
        farm.witnesses = 0
        live(farm, after_it)
        (record,) = farm.store.load().records
        assert record.way.trials == 1

    @pytest.mark.long
    def test_what_serves_already_is_not_touched_when_they_are_gone(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            farm.witnesses = 0
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)


class TestWhatIsCarried:
    def parts(self, version: str) -> set[bytes]:
        built = signed_world.built(version)
        return {*built.objects, bytes.fromhex(built.release.manifest)}

    @pytest.mark.long
    def test_one_that_is_tried_out_before_the_newest_is_carried_for_those_whose_turn_comes_later(self, farm: Farm):
        first, second = farm.publish("2"), farm.publish("3")

        async def story(updates: Updates) -> None:
            await updates.offered(first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(second, SENDER)
            await asyncio.sleep(TICK_S + 1.0)

        live(farm, story)

        assert set(farm.files) == self.parts("2")

    @pytest.mark.long
    def test_it_is_every_root_and_each_release_that_is_here_the_newest_first(self, farm: Farm):
        tell(farm, farm.publish("2"))
        farm.signed.head = farm.signed.with_root(unchanged)
        farm.chunks |= farm.signed.roots

        tell(farm, encode(farm.signed.head), farm.publish("3"))

        assert set(farm.files) == self.parts("3") | self.parts("2") | set(farm.signed.roots)
        assert set([*farm.files][: len(self.parts("3"))]) == self.parts("3")

    def test_a_release_that_failed_here_is_carried_for_others_all_the_same(self, farm: Farm):
        found = tell(farm, farm.publish("2", Nature(loses_every=5)))

        assert found["vault/2"].phase == "refused"
        assert set(farm.files) == self.parts("2")

    def test_the_newest_app_is_carried_from_when_it_is_here(self, farm: Farm, tmp_path: Path):
        built = Workshop(tmp_path).app("0.1.1")
        head = encode(farm.signed.release("", farm.signed.pods[:4], role="app", release=built.release))

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda _items: farm.carried != [])
            assert farm.files == {}
            await fetch_release(signed(built), farm.slots, Network(built).get_chunk)
            await asyncio.sleep(TICK_S + 1.0)

        live(farm, story)

        assert set(farm.files) == {*built.objects, address_of(built.manifest)}

    def test_a_release_that_failed_here_is_carried_after_a_restart_too(self, farm: Farm):
        tell(farm, farm.publish("2", Nature(loses_every=5)))

        async def story(_updates: Updates) -> None:
            await asyncio.sleep(TICK_S + 1.0)

        live(farm, story)

        assert set(farm.files) == self.parts("2")

    @pytest.mark.long
    def test_it_is_given_anew_after_a_restart(self, farm: Farm):
        tell(farm, farm.publish("2"))
        farm.files = {}

        live(farm, lambda _updates: asyncio.sleep(5.0))

        assert set(farm.files) == self.parts("2")

    @pytest.mark.long
    def test_files_that_are_damaged_here_are_not_handed_on(self, farm: Farm):
        tell(farm, farm.publish("2"))
        file = farm.slots.path("vault", tree_of("2")) / "node" / "vault" / "version.py"
        file.chmod(0o644)
        file.write_text("rotten")
        farm.files = {}

        live(farm, lambda _updates: asyncio.sleep(5.0))

        assert farm.files == {}

    @pytest.mark.long
    def test_a_release_that_was_cut_in_another_way_than_signed_is_not_carried(self, farm: Farm):
        tell(farm, farm.publish("2"))
        (release,) = farm.signed.verify().releases

        assert set(carried_files([release], [], farm.slots)) == self.parts("2")
        assert carried_files([replace(release, manifest=bytes(32))], [], farm.slots) == {}

    def test_no_more_is_carried_than_every_vault_takes(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(carrying, "CARRIED_BYTES_MAX", 5)

        assert list(carried_files([], [b"old", b"newer", b"ad"], farm.slots).values()) == [b"old", b"ad"]
