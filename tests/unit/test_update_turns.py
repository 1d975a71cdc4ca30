"""Releases that come faster than a rollout: the one that is under way goes through first, and then the newest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node.api.schema import Update
from node.trial.waves import ORDINARY
from node.update.driver import Updates
from node.update.noted import NOT_YET
from tests.unit.test_trust_recall import recalls
from tests.unit.test_update_recall import next_head
from tests.unit.test_update_rollout import stand
from tests.update_world import SENDER, Farm, live, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")
FIRST = "vault/2 has its turn first"
# Three waves, of which nearly every farm is in the last one.
WAVES = replace(ORDINARY, shares=(0.01, 0.01, 0.98), first_nodes_min=0, silence_s=900.0)


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path, plan=WAVES)


def told(updates: Updates) -> dict[str, tuple[str, str]]:
    return {item.release: (item.phase, item.reason) for item in updates.updates().items}


async def waiting_for_its_wave(updates: Updates, head: bytes) -> None:
    await updates.offered(head, SENDER)
    await wait_until(updates, lambda items: items["vault/2"].reason == NOT_YET)


def all_are(phase: str, *names: str) -> Callable[[dict[str, Update]], bool]:
    return lambda items: all(items[name].phase == phase for name in names)


class TestAReleaseOfWhichTheRolloutIsUnderWay:
    @pytest.mark.long
    def test_it_goes_through_before_a_newer_one(self, farm: Farm):
        first, second = farm.publish("2"), farm.publish("3")

        async def story(updates: Updates) -> None:
            await waiting_for_its_wave(updates, first)
            await updates.offered(second, SENDER)
            await wait_until(updates, lambda items: items["vault/3"].reason == FIRST)
            assert told(updates)["vault/2"] == ("announced", NOT_YET)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            assert told(updates)["vault/3"] == ("announced", FIRST)
            await wait_until(updates, all_are("confirmed", "vault/2", "vault/3"), 3 * 3600.0)

        live(farm, story)
        assert farm.switches == [tree_of("2"), tree_of("3")]

    @pytest.mark.long
    def test_of_all_that_wait_behind_it_the_newest_is_next(self, farm: Farm):
        heads = [farm.publish(version) for version in ("2", "3", "4", "5")]

        async def story(updates: Updates) -> None:
            await waiting_for_its_wave(updates, heads[0])
            for head in heads[1:]:
                await updates.offered(head, SENDER)
            await wait_until(updates, all_are("confirmed", "vault/2", "vault/5"), 3 * 3600.0)
            assert {told(updates)[name][0] for name in ("vault/3", "vault/4")} == {"not_proven"}

        live(farm, story)
        assert farm.switches == [tree_of("2"), tree_of("5")]

    @pytest.mark.long
    def test_it_goes_through_although_so_many_newer_ones_are_listed_that_it_is_not_any_more(self, farm: Farm):
        heads = [farm.publish(str(version)) for version in range(2, 9)]

        async def story(updates: Updates) -> None:
            await waiting_for_its_wave(updates, heads[0])
            await updates.offered(heads[-1], SENDER)
            await wait_until(updates, lambda items: items["vault/8"].reason == FIRST)
            assert "vault/2" not in {release.name for release in updates.judge.newest}
            await wait_until(updates, all_are("confirmed", "vault/2", "vault/8"), 3 * 3600.0)

        live(farm, story)

    @pytest.mark.long
    def test_it_has_its_turn_still_after_a_restart(self, farm: Farm):
        first, second = farm.publish("2"), farm.publish("3")

        async def before(updates: Updates) -> None:
            await waiting_for_its_wave(updates, first)
            await updates._means.rollouts._save()

        async def after(updates: Updates) -> None:
            await updates.offered(second, SENDER)
            await wait_until(updates, all_are("confirmed", "vault/2", "vault/3"), 3 * 3600.0)

        live(farm, before)
        live(farm, after)

    def test_it_is_set_aside_once_votes_have_halted_it(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        first, second = farm.publish("2"), farm.publish("3")

        async def story(updates: Updates) -> None:
            await waiting_for_its_wave(updates, first)
            stand(monkeypatch, may_begin=False, may_promote=False, halted_s=3600.0)
            await updates.offered(second, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "not_proven")
            assert told(updates)["vault/2"][1] == "vault/3 came first"

        live(farm, story)

    @pytest.mark.long
    def test_it_is_set_aside_when_nobody_has_its_files_long_after_its_wave_was_opened(self, farm: Farm):
        farm.plan = replace(WAVES, report_s_min=600.0, soak_s=300.0)
        first, files = farm.publish("2"), dict(farm.chunks)
        second = farm.publish("3")
        farm.chunks = {address: content for address, content in farm.chunks.items() if address not in files}

        async def story(updates: Updates) -> None:
            await waiting_for_its_wave(updates, first)
            await updates.offered(second, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "fetching", 2 * 900.0 + 60.0)
            await wait_until(updates, lambda items: items["vault/2"].phase == "not_proven", 900.0 + 60.0)

        live(farm, story)

    def test_an_urgent_one_comes_before_it(self, farm: Farm):
        first, urgent = farm.publish("2"), farm.publish("3", pods=4, is_urgent=True)

        async def story(updates: Updates) -> None:
            await waiting_for_its_wave(updates, first)
            await updates.offered(urgent, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "not_proven")

        live(farm, story)

    def test_once_it_is_recalled_the_newer_one_has_its_turn(self, farm: Farm):
        heads = [farm.publish(version) for version in ("2", "3")]

        async def story(updates: Updates) -> None:
            await waiting_for_its_wave(updates, heads[0])
            await updates.offered(heads[1], SENDER)
            await wait_until(updates, lambda items: items["vault/3"].reason == FIRST)
            await updates.offered(next_head(farm, recalls("vault/2")), SENDER)
            await wait_until(updates, lambda items: items["vault/3"].reason == NOT_YET)
            assert told(updates)["vault/2"][0] == "refused"

        live(farm, story)


def test_a_farm_that_comes_late_takes_the_newest_alone(farm: Farm):
    heads = [farm.publish(version) for version in ("2", "3", "4")]

    async def story(updates: Updates) -> None:
        await updates.offered(heads[-1], SENDER)
        await wait_until(updates, lambda items: items["vault/4"].reason == NOT_YET)
        assert {told(updates)[name][0] for name in ("vault/2", "vault/3")} == {"not_proven"}

    live(farm, story)
