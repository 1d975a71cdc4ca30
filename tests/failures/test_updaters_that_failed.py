"""How updaters of others have failed, played again here: each test bears the number of its row in the handbook."""

from __future__ import annotations

import asyncio
import os
from functools import partial

import pytest

from node.api.schema import StoredChunk
from node.supervisor.errors import SwitchFailed
from node.supervisor.keys import Keys
from node.supervisor.vault_child import VaultChild
from node.trust.head import encode
from node.update.driver import Updates
from node.vault import control
from node.vault.core.carrying import CARRIED_BYTES_MAX, Carried
from tests import child_world, update_world
from tests.attacks.stage import Farm as WholeFarm
from tests.attacks.stage import Run as StageRun
from tests.attacks.stage import Stage, tree_of
from tests.attacks.test_attacks_on_time import JUDGED_S, knows
from tests.signed_world import add_pod, all_of, drop_pod, party, unchanged
from tests.twin_world import Nature
from tests.update_world import SENDER, Farm, live, tell, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


def test_row_1_news_come_in_by_hand_when_the_vault_in_use_has_become_deaf_to_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """Freenet 0.2.120 could not read tags, so it saw no fix for itself (2026): some 1,080 nodes needed a person."""

    async def story() -> None:
        honest, farm = await stage.add(5), await stage.farm()
        with monkeypatch.context() as deaf:
            deaf.setattr(farm.supervisor, "head_seen", lambda _seen: None)
            head = stage.release("2")
            await stage.publish(honest, head)
            await asyncio.sleep(JUDGED_S)
            assert farm.releases == {}
            assert (await farm.supervisor.offer_head(head)).outcome == "accepted"
            await stage.until(lambda: farm.in_use == tree_of("2"))

    stage.play(story)


@pytest.mark.parametrize("nature", [Nature(names_news=False), Nature(serves_news=False)])
def test_row_1_a_version_that_is_deaf_to_news_or_keeps_them_is_refused_by_its_trial(farm: Farm, nature: Nature):
    """The same nodes (2026) had taken up the deaf version because nobody had asked it for news before."""
    head = farm.publish("2", nature)

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "refused")

    live(farm, story)

    assert "does not pass on news from the developers" in tell(farm)["vault/2"].reason
    assert farm.switches == []


class EndsWithOne(child_world.FakeRun):
    """A vault that ends with code 1 when it is asked to end."""

    async def drain(self, handover_s: float = 0.0) -> None:
        self.end(1)


def test_row_2_a_stop_that_ends_with_code_1_is_no_failure(monkeypatch: pytest.MonkeyPatch):
    """Freenet's nodes ended with code 1 when they were asked to; that counted as a crash in probation (2026)."""
    monkeypatch.setattr(child_world, "FakeRun", EndsWithOne)

    world = child_world.play(child_world.nothing)

    assert [run.exited.result() for run in world.runs] == [1]
    assert world.failures == []


def test_row_2_switching_the_computer_off_again_and_again_in_probation_fails_no_release(farm: Farm):
    """The other half of Freenet's mistake (2026): people who switch off their computers say nothing of a release."""
    head = farm.publish("2")

    async def begin(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "probation")

    async def look(updates: Updates) -> None:
        await asyncio.sleep(5.0)
        assert updates.updates().items[0].phase == "probation"

    live(farm, begin)
    for _ in range(4):
        live(farm, look)

    assert tell(farm)["vault/2"].phase == "confirmed"
    assert farm.switches == [tree_of("2")]


def test_row_3_an_island_of_old_versions_hears_of_the_news_from_the_first_stranger_that_comes(stage: Stage):
    """Old Freenet nodes met only each other, and never heard that there was a newer version (2025)."""

    async def story() -> None:
        island, farm = await stage.add(5), await stage.farm()
        await knows(stage, farm, island, stage.release("1"))
        await stage.until(lambda: farm.in_use == tree_of("1"))
        head = stage.release("2")
        await asyncio.sleep(3600.0)  # nobody says anything new, and nobody forgets to listen
        (stranger,) = await stage.add(1)
        await stage.publish([stranger], head)
        await stage.until(lambda: farm.head == head, JUDGED_S)
        await stage.publish(island, head)
        await stage.until(lambda: farm.in_use == tree_of("2"))

    stage.play(story)


class EndsWhenItShallServe(StageRun):
    """Stands by as it should, and is gone, with code 0, when it is to take over."""

    async def ask(self, make, timeout_s: float = 5.0):
        if isinstance(make(0), control.Activate):
            self.exited.set_result(0)
        return await super().ask(make, timeout_s)


def test_row_4_the_version_from_before_serves_again_if_the_new_one_is_gone_with_code_0_at_the_handover(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """ant-node ended with code 0 to be replaced, and no new process came: 14 hours down (2025)."""
    usual = WholeFarm.start

    async def start(farm: WholeFarm, slot, key, assignment, on_report):
        run = await usual(farm, slot, key, assignment, on_report)
        is_new = slot.tree_hash == tree_of("2")
        return EndsWhenItShallServe(run.body, key, is_standby=assignment.is_standby) if is_new else run

    monkeypatch.setattr(WholeFarm, "start", start)

    async def story() -> None:
        honest, farm = await stage.add(5), await stage.farm()
        own, stored = farm.in_use, await farm.supervisor.put_chunk(b"a chunk")
        await knows(stage, farm, honest, stage.release("2"))
        await stage.until(lambda: farm.releases["vault/2"].phase == "rolled_back")
        await stage.until(lambda: farm.supervisor.vault.is_listening)
        assert farm.in_use == own
        assert isinstance(stored, StoredChunk)
        assert await farm.supervisor.get_chunk(bytes.fromhex(stored.address)) == b"a chunk"

    stage.play(story)


def test_row_5_whoever_missed_four_releases_takes_the_newest_in_one_go_and_no_trial_comes_near_its_store(farm: Farm):
    """Storj nodes that had skipped versions, or had a newer version's tables, did not start again (2021 to 2026)."""
    store = farm.folder / "vault" / "chunks"
    store.mkdir(parents=True)
    tell(farm, farm.publish("1"))
    heads = [farm.publish(version) for version in ("2", "3", "4", "5", "6")]

    found = tell(farm, heads[-1])

    assert [found[f"vault/{number}"].phase for number in range(2, 7)] == ["not_proven"] * 4 + ["confirmed"]
    assert farm.switches == [tree_of("1"), tree_of("6")]
    assert farm.slots.previous("vault") == tree_of("1")
    assert all(order.data.is_relative_to(farm.folder / "trial") for order in farm.orders)


def test_row_6_whoever_slept_while_every_pod_was_replaced_follows_the_new_ones(stage: Stage):
    """Hyphanet's change of its signing key broke the way by which late nodes were to be updated (2016 and later)."""
    signed = stage.signed

    async def story() -> None:
        first, honest, farm = list(signed.pods), await stage.add(5), await stage.farm()
        await knows(stage, farm, honest, encode(signed.head))
        await farm.switch_off()
        for number, gone in enumerate(first):
            new, others = party(50 + number, f"new-{number}"), [pod for pod in signed.pods if pod is not gone]
            swap = all_of(add_pod(new), drop_pod(gone))
            signed.head = signed.with_root(swap, by=[*signed.pods, new])
            signed.pods[number] = new
            signed.head = signed.change("targets", swap, by=others, now=stage.now())
            for role in signed.head.delegated:
                if role != "foundation":
                    signed.head = signed.change(role, unchanged, now=stage.now())
        head = stage.release("2")
        await stage.publish(honest, head)
        await farm.switch_on()
        await stage.until(lambda: farm.head == head, JUDGED_S)
        await stage.until(lambda: farm.in_use == tree_of("2"))
        assert not set(signed.pods) & set(first)

    stage.play(story)


def test_row_7_a_version_whose_data_the_one_in_use_cannot_read_is_refused_once_and_not_tried_again(farm: Farm):
    """IPFS Desktop met a repository newer than itself, found no way back, and updated itself in a circle (2021)."""
    farm.natures[farm.own] = Nature(hides_at_scan=1_000_000)

    update = tell(farm, farm.publish("2"))["vault/2"]

    assert update.phase == "refused"
    assert update.reason.startswith("the way back is not open: ")
    orders = len(farm.orders)
    assert tell(farm)["vault/2"].phase == "refused"
    assert (len(farm.orders), farm.switches) == (orders, [])


async def never_ends(farm: Farm, own: str, tree_hash: str, *, is_insisted: bool = False) -> None:
    farm.switches.append(tree_hash)
    if tree_hash != own:
        await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("is_slow", [True, False])
def test_row_16_when_neither_version_takes_over_the_old_one_is_insisted_on(
    farm: Farm, is_slow: bool, monkeypatch: pytest.MonkeyPatch
):
    """Parachains stopped when an upgrade was half done, or took longer than a block may (Kusama, 2022 to 2024)."""
    tries: list[str] = []

    async def fails(tree_hash: str, *, is_insisted: bool = False) -> None:
        tries.append(tree_hash)
        farm.insisted += [tree_hash] * is_insisted
        if not is_insisted:
            raise SwitchFailed("neither old nor new can produce")

    monkeypatch.setattr(farm, "switch", partial(never_ends, farm, farm.own) if is_slow else fails)

    update = tell(farm, farm.publish("2"))["vault/2"]

    assert (update.phase, farm.slots.current("vault")) == ("rolled_back", farm.own)
    if is_slow:
        assert update.reason == "it did not take over in time"
        limits = update_world.LIMITS
        assert update.seconds["promoting"] <= limits.switch_tries_max * (limits.switch_s + 5.0)
    else:
        assert (tries, farm.insisted) == ([tree_of("2")] + [farm.own] * 3, [farm.own])


class WithRealKeys(child_world.World):
    def keys(self) -> Keys:
        return Keys(bytes(32), self, os.urandom)  # type: ignore[arg-type]  # load and save


def test_row_18_no_two_processes_ever_have_one_key_and_no_process_has_the_farms(farm: Farm):
    """Validators of Evmos ran an upgrade in two processes with one key, signed twice, and lost their seats (2022)."""

    async def story(vault: VaultChild, _world: child_world.World) -> None:
        await vault.switch(child_world.NEW)
        await vault.switch(child_world.OLD)

    world = child_world.play(story, WithRealKeys())
    tell(farm, farm.publish("2"))

    of_runs, of_twins = [run.key.seed for run in world.runs], [order.seed for order in farm.orders]
    assert (len(of_runs), len(of_twins)) == (3, 3)  # two twins, and one for the rehearsal
    assert len({*of_runs, *of_twins}) == 6
    assert bytes(32) not in {*of_runs, *of_twins}  # the farm's own, in this world


def test_row_22_what_a_vault_gives_away_for_updates_has_an_end():
    """Windows gave updates away to strangers without having asked, and without a limit (2015)."""
    carried = Carried()
    taken = sum(carried.take(bytes([number]) * (1 << 20)) for number in range(40))
    assert taken << 20 == CARRIED_BYTES_MAX
