"""How signed words and trials of others have failed, played again: each test bears the number of its row."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.pod import network
from node.pod.build import build
from node.pod.errors import PodError
from node.pod.sign import sign
from node.trust.errors import TrustError
from node.trust.head import encode
from node.trust.metadata import Root, read, time_text
from node.trust.policy import UNTIL_FIELD
from node.update.driver import Updates
from node.update.reasons import UNSEEN
from node.vault import control
from node.vault.core.ranking import DATA_FAULTS_MAX, SHUN_S
from tests import signed_world, vault_world
from tests.attacks.stage import Stage, tree_of
from tests.attacks.test_attacks_on_time import JUDGED_S, knows
from tests.signed_world import DAY, NOW
from tests.twin_world import Nature
from tests.update_world import SENDER, Farm, live, tell, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")

TABLE = "node/vault/table.py"  # what other systems would push to everyone as mere data


def test_row_10_a_table_is_tried_out_like_any_code_and_one_that_ends_the_vault_is_left_without_help(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
):
    """A content file of CrowdStrike went to all computers at once, and none of them could start any more (2024)."""
    monkeypatch.setattr(signed_world, "SOURCE", (*signed_world.SOURCE, (TABLE, False, b"FIELDS = 21\n")))
    head = farm.publish("2")

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
        farm.witnesses = 0  # whoever cannot start reaches nobody
        for _ in range(3):
            updates.vault_failed("read field 21 of 20")
        await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")

    live(farm, story)
    assert {order.tree_hash for order in farm.orders} == {farm.own, farm.switches[0]}
    assert farm.slots.current("vault") == farm.own


def test_row_12_a_release_of_one_builder_that_was_taken_over_gets_no_second_signature(tmp_path: Path):
    """SolarWinds signed what a computer had built that was not its own any more (2020)."""
    net, source, theirs = tmp_path / "net", tmp_path / "source", tmp_path / "theirs"
    network.found(net, now=NOW)
    source.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (source / name).write_text(f"# {name}\n")
    shutil.copytree(source, theirs)
    (theirs / "__main__.py").write_text("# __main__.py\nimport backdoor\n")
    build(theirs, tmp_path / "release", "0.1.1")
    sign(tmp_path / "release", net, "ash", now=NOW)
    build(source, tmp_path / "rebuilt", "0.1.1")
    shutil.copy(tmp_path / "release" / "signing.json", tmp_path / "rebuilt" / "signing.json")

    with pytest.raises(PodError, match="not one of vault/"):
        sign(tmp_path / "rebuilt", net, "birch", now=NOW)


def test_row_13_a_release_is_refused_for_the_processor_time_that_gave_xz_away(farm: Farm):
    """The back door in xz had passed every review; it was found because logging in took longer (2024)."""
    update = tell(farm, farm.publish("2", Nature(cpu_share=0.2)))["vault/2"]

    assert update.phase == "refused"
    assert "processor" in update.reason
    assert farm.switches == []


def test_row_14_a_release_for_one_farm_alone_is_not_tried_and_halts_all_as_soon_as_anybody_sees_both(stage: Stage):
    """For six months Notepad++ gave chosen people another update than everybody else (2025)."""

    async def story() -> None:
        aimed = copy.deepcopy(stage.signed)
        honest, farm = await stage.add(5), await stage.farm()
        liars, own = await stage.add(2), farm.in_use
        await stage.publish(liars, stage.release("aimed", aimed))
        await stage.until(lambda: "vault/aimed" in farm.releases, JUDGED_S)
        assert (farm.releases["vault/aimed"].phase, farm.releases["vault/aimed"].reason) == ("announced", UNSEEN)
        await stage.publish(honest, stage.release("1"))
        await stage.until(lambda: farm.state == "halted", 10 * JUDGED_S)
        assert farm.in_use == own

    stage.play(story)


def test_row_15_a_faster_release_that_answers_the_same_questions_otherwise_is_refused(farm: Farm):
    """Bitcoin 0.8 was faster, and took what older nodes refused: the chain split, and people had to go back (2013)."""
    update = tell(farm, farm.publish("2", Nature(latency_s=0.002, loses_every=20)))["vault/2"]

    assert update.phase == "refused"
    assert "lost" in update.reason
    candidate = next(vault for vault in farm.vaults if vault.order.tree_hash != farm.own)
    control_twin = next(vault for vault in farm.vaults if vault.order.tree_hash == farm.own)
    assert abs(candidate.reads - control_twin.reads) <= 1
    assert set(candidate.store) <= set(control_twin.store)


def test_row_17_a_home_that_slept_for_three_years_serves_what_it_has_and_follows(stage: Stage):
    """New replicas of the Internet Computer did not understand data that old ones had kept (2024)."""
    chunk = b"a chunk of three years ago"
    address = hashlib.sha256(chunk).digest()

    async def story() -> None:
        honest, farm = await stage.add(5), await stage.farm()
        await knows(stage, farm, honest, stage.release("1"))
        await stage.until(lambda: farm.in_use == tree_of("1"))
        await farm.supervisor.put_chunk(chunk)
        await farm.switch_off()
        await stage.let_pass((3 * 365 * DAY).total_seconds())
        await farm.switch_on()
        kept = await farm.body.ask(lambda number: control.GetChunk(number, address))
        assert isinstance(kept, control.Content)
        assert (kept.content, farm.in_use) == (chunk, tree_of("1"))
        signed, until = stage.signed, stage.now() + 300 * DAY
        signed.head = signed.with_root(lambda root: setattr(root, "expires", until))
        for role in ("targets", "vault", "app"):
            signed.head = signed.change(role, lambda said: setattr(said, "expires", until), now=stage.now())
        signed.head = signed.with_snapshot(lambda said: setattr(said, "expires", until), now=stage.now())
        await stage.publish(honest, stage.release("2"))
        await stage.until(lambda: farm.in_use == tree_of("2"))

    stage.play(story)


def test_row_17_no_vote_is_needed_to_go_back(farm: Farm):
    """The Internet Computer's subnet stood still until people had voted to go back: two hours (2024)."""
    head = farm.publish("2")
    seconds: list[float] = []

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
        farm.witnesses, begun_s = 0, asyncio.get_running_loop().time()
        farm.reporters.clear()
        for _ in range(3):
            updates.vault_failed("what was kept cannot be read")
        await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")
        seconds.append(asyncio.get_running_loop().time() - begun_s)

    live(farm, story)
    assert farm.slots.current("vault") == farm.own
    assert seconds[0] < 10.0


def test_row_19_slow_and_silent_vaults_are_not_shunned_whatever_others_say_and_liars_only_for_an_hour():
    """Nodes of Autonomi that were overloaded were shunned by all at once, which loaded the others even more (2024)."""
    world = vault_world.World()
    actors = world.grow(8)
    judge, slow, liar = actors[0], actors[1], actors[2]
    for other in actors[3:]:
        for _ in range(10 * DATA_FAULTS_MAX):  # what they say of it in their tables
            other.vault._desk.ledger.blame(slow.vault_id, world.now_s, is_data_fault=True)
    for _ in range(100 * DATA_FAULTS_MAX):
        judge.vault._desk.ledger.failed(slow.vault_id, world.now_s)
    for _ in range(DATA_FAULTS_MAX):
        judge.vault._desk.blame(liar.vault.record, "peer.failed_audit")
    world.pass_time(60.0)

    assert not judge.vault._desk.is_shunned(slow.vault_id)
    assert judge.vault._desk.table.get(slow.vault_id) is not None
    assert judge.vault._desk.is_shunned(liar.vault_id)
    assert not judge.vault._desk.ledger.is_shunned(liar.vault_id, world.now_s + SHUN_S)


def test_row_20_two_years_after_the_last_word_of_the_developers_a_farm_starts_and_serves(stage: Stage):
    """On one day in May every add-on of Firefox was off, because a certificate had expired (2019)."""
    chunk = b"somebody's chunk"
    address = hashlib.sha256(chunk).digest()

    async def story() -> None:
        others, farm = await stage.add(5), await stage.farm()
        await knows(stage, farm, others, encode(stage.signed.head))
        await farm.supervisor.put_chunk(chunk)
        await farm.switch_off()
        await stage.let_pass((730 * DAY).total_seconds())
        await farm.switch_on()
        await stage.until(lambda: farm.state == "expired", JUDGED_S)
        await stage.until(lambda: len(farm.body.core._desk.table) > 0, JUDGED_S)
        for vault in (farm.body, others[0].body):
            kept = await vault.ask(lambda number: control.GetChunk(number, address))
            assert isinstance(kept, control.Content), kept

    stage.play(story)


def test_row_21_all_pods_and_founders_together_cannot_prolong_the_foundation():
    """Bitcoin's alert key was given away, and could not be taken back for years (2012 to 2018)."""
    world = signed_world.World()
    world.accept()
    until = datetime.fromisoformat(read(world.genesis, Root).signed.unrecognized_fields[UNTIL_FIELD])
    later = time_text(until + 400 * DAY)

    prolonged = world.with_root(
        lambda root: root.unrecognized_fields.update({UNTIL_FIELD: later}), by=[*world.pods, *world.founders]
    )

    with pytest.raises(TrustError, match="the foundation's time may only shrink"):
        world.verify(prolonged)
    statement = world.change("foundation", lambda signed: setattr(signed, "expires", until.astimezone(UTC) + DAY))
    with pytest.raises(TrustError, match="outlives its date"):
        world.verify(statement)


def test_row_23_one_honest_peer_outweighs_all_who_keep_showing_the_old_word(stage: Stage):
    """Whoever surrounds a site of ZeroNet that few carry can keep its readers on an old version of it (2021)."""

    async def story() -> None:
        liars, farm = await stage.add(9), await stage.farm()
        old = stage.release("1")
        await knows(stage, farm, liars, old)
        await stage.until(lambda: farm.in_use == tree_of("1"))
        head = stage.release("2")
        honest = await stage.add(1)
        await knows(stage, farm, honest, head)
        await stage.publish(liars, old)
        await asyncio.sleep(JUDGED_S)
        assert farm.head == head
        assert "vault/2" in farm.releases

    stage.play(story)
