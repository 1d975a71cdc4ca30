"""Heads that no farm may follow, brought by peers: thrown away, with the reason, and good news still come."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.pod.writing import sign
from node.trust.equivocation import prove
from node.trust.head import Head, decode, encode
from node.trust.metadata import Root, Targets, read, time_text
from node.trust.policy import UNTIL_FIELD
from tests import signed_world
from tests.attacks.stage import Farm, Peer, Stage, takes_up, tree_of
from tests.signed_world import DAY, World, drop_pod, following, noted, party, unchanged
from tests.unit.test_trust_policy import alias, set_threshold
from tests.unit.test_trust_recall import recalls

JUDGED_S = 120.0
AFTERWARDS_S = 30.0
Forge = Callable[[World], Head]


async def besieged(stage: Stage) -> tuple[Farm, list[Peer], list[Peer]]:
    """A farm that knows what honest peers carry, those peers, and three others that will lie."""
    honest, farm = await stage.add(5), await stage.farm()
    await stage.publish(honest, encode(stage.signed.head))
    await stage.until(lambda: farm.head != b"", JUDGED_S)
    return farm, honest, await stage.add(3)


def confirmed(world: World, head: bytes) -> Head:
    """The head under a timestamp that one pod has signed."""
    return world.with_timestamp(unchanged, decode(head))


def expect_repelled(stage: Stage, forge: Forge, reason: str, *, is_blamed: bool) -> None:
    """Whatever ``forge`` makes of the network's statements is thrown away, and honest news come through."""

    async def story() -> None:
        farm, honest, liars = await besieged(stage)
        known, in_use, forger = farm.head, farm.in_use, copy.deepcopy(stage.signed)
        forged = encode(forge(forger))
        stage.files |= forger.roots
        await stage.publish(liars, forged)
        await stage.until(lambda: bool(farm.refused), JUDGED_S)
        await asyncio.sleep(AFTERWARDS_S)
        assert reason in farm.refused[0]
        assert (farm.head, farm.in_use, farm.releases) == (known, in_use, {})
        assert farm.state == "current"
        assert any(farm.blames(liar) for liar in liars) == is_blamed
        assert not any(farm.blames(peer) for peer in honest)
        await takes_up(stage, farm, honest, "2")

    stage.play(story)


class TestThresholds:
    @pytest.mark.long
    @pytest.mark.parametrize("count", [1, 2])
    def test_a_release_that_too_few_pods_signed(self, stage: Stage, count: int):
        expect_repelled(
            stage,
            lambda world: decode(stage.release("bad", world, by=world.pods[:count])),
            f"signed by {count} pod{'s' if count > 1 else ''}, 3 are needed",
            is_blamed=True,
        )

    @pytest.mark.long
    def test_a_release_that_two_pods_signed_under_a_snapshot_of_three(self, stage: Stage):
        def forge(world: World) -> Head:
            head = decode(stage.release("bad", world))
            statement = read(head.delegated["vault"], Targets).metadata
            del statement.signatures[world.pods[2].keyid]
            return msgspec.structs.replace(head, delegated={**head.delegated, "vault": statement.to_bytes()})

        expect_repelled(stage, forge, "vault: signed by 2 pods, 3 are needed", is_blamed=True)

    @pytest.mark.long
    def test_a_release_of_strangers(self, stage: Stage):
        expect_repelled(
            stage,
            lambda world: confirmed(world, stage.release("bad", world, by=[party(n) for n in (21, 22, 23)])),
            "snapshot: signed by 0 pods, 3 are needed",
            is_blamed=True,
        )

    @pytest.mark.long
    def test_a_release_that_founders_signed_without_the_pods(self, stage: Stage):
        expect_repelled(
            stage,
            lambda world: confirmed(world, stage.release("bad", world, by=world.founders, role="foundation")),
            "snapshot: signed by 0 pods, 3 are needed",
            is_blamed=True,
        )

    @pytest.mark.long
    def test_one_key_under_two_ids_is_one_signature(self, stage: Stage):
        """Two pods sign, and one of them twice: under a second id that a careless ceremony gave a vote."""

        def forge(world: World) -> Head:
            second = alias(world.pods[0])

            def rename(targets: Any) -> None:
                targets.delegations.keys[second.keyid] = second
                targets.delegations.roles["vault"].keyids.append(second.keyid)

            world.head = world.change("targets", rename)
            head = decode(stage.release("bad", world))
            statement = read(head.delegated["vault"], Targets).metadata
            twice = statement.signatures.pop(world.pods[2].keyid)
            twice.keyid, twice.signature = second.keyid, statement.signatures[world.pods[0].keyid].signature
            statement.signatures[second.keyid] = twice
            return msgspec.structs.replace(head, delegated={**head.delegated, "vault": statement.to_bytes()})

        expect_repelled(stage, forge, "one key under two ids", is_blamed=False)

    @pytest.mark.long
    @pytest.mark.parametrize("role", ["root", "targets", "snapshot"])
    def test_a_root_that_lowers_a_threshold(self, stage: Stage, role: str):
        floor = 2 if role == "snapshot" else 3
        expect_repelled(
            stage,
            lambda world: world.with_root(set_threshold(role, floor)),
            f"{role} would need {floor} signatures only",
            is_blamed=False,
        )


class TestPlaces:
    @pytest.mark.long
    def test_founders_release_in_the_pods_name(self, stage: Stage):
        def forge(world: World) -> Head:
            world.head = decode(stage.release("bad", world, role="foundation"))

            def rename(signed: Any) -> None:
                signed.targets["vault/bad"] = signed.targets.pop("foundation/bad")

            return world.change("foundation", rename)

        expect_repelled(stage, forge, "foundation lists 'vault/bad', which is not its own", is_blamed=False)

    @pytest.mark.long
    def test_pods_release_for_the_app_as_if_it_were_for_the_vault(self, stage: Stage):
        def forge(world: World) -> Head:
            world.head = decode(stage.release("bad", world))

            def rename(signed: Any) -> None:
                signed.targets["app/bad"] = signed.targets.pop("vault/bad")

            return world.change("vault", rename)

        expect_repelled(stage, forge, "vault lists 'app/bad', which is not its own", is_blamed=False)

    @pytest.mark.long
    @pytest.mark.parametrize("path", ["node/update/driver.py", "gui/app.py", "node/vault/quick.so"])
    def test_a_release_for_the_vault_with_a_file_from_elsewhere(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, path: str
    ):
        """Validly signed, so the head is followed; the release is refused before a file of it is put anywhere."""
        made = signed_world.built
        extra = ((path, False, b"print('power')\n"),)

        async def story() -> None:
            farm, honest, _ = await besieged(stage)
            own = farm.in_use
            with monkeypatch.context() as patch:
                patch.setattr(signed_world, "built", lambda version, **rest: made(version, extra, **rest))
                head, tree = stage.release("bad"), tree_of("bad")
            await stage.publish(honest, head)
            await stage.until(lambda: "vault/bad" in farm.releases and farm.releases["vault/bad"].phase == "refused")
            assert f"may not contain '{path}'" in farm.releases["vault/bad"].reason
            assert (farm.in_use, farm.supervisor.slots.has("vault", tree)) == (own, False)
            await takes_up(stage, farm, honest, "2")

        stage.play(story)


class TestTheFoundation:
    @pytest.mark.long
    def test_it_prolongs_itself(self, stage: Stage):
        expect_repelled(
            stage,
            lambda world: world.change("foundation", lambda s: setattr(s, "expires", stage.now() + 400 * DAY)),
            "outlives its date",
            is_blamed=False,
        )

    @pytest.mark.long
    def test_a_root_prolongs_it(self, stage: Stage):
        later = time_text(stage.now() + 400 * DAY)
        expect_repelled(
            stage,
            lambda world: world.with_root(lambda root: root.unrecognized_fields.update({UNTIL_FIELD: later})),
            "the foundation's time may only shrink",
            is_blamed=False,
        )

    @pytest.mark.long
    def test_it_releases_after_its_sunset(self, stage: Stage):
        """Pods put a statement into their snapshot that founders have signed after the date."""

        async def story() -> None:
            farm, _, liars = await besieged(stage)
            await stage.let_pass((200 * DAY).total_seconds())
            forger, own = copy.deepcopy(stage.signed), farm.in_use
            forged = stage.release("bad", forger, role="foundation")
            await stage.publish(liars, forged)
            longer = stage.now() + DAY
            prolonged = forger.change("foundation", lambda s: setattr(s, "expires", longer), now=stage.now())
            await asyncio.sleep(JUDGED_S)
            assert farm.releases == {}
            await stage.publish(liars, encode(prolonged))
            await stage.until(lambda: bool(farm.refused), JUDGED_S)
            assert "outlives its date" in farm.refused[0]
            assert (farm.releases, farm.in_use) == ({}, own)

        stage.play(story)


class TestWhatBelongsTogether:
    @pytest.mark.long
    def test_statements_of_two_heads_mixed(self, stage: Stage):
        def forge(world: World) -> Head:
            before = copy.deepcopy(world)
            other = decode(stage.release("other", before))
            return msgspec.structs.replace(decode(stage.release("bad", world)), delegated=other.delegated)

        expect_repelled(stage, forge, "vault is not the one that belongs to this head", is_blamed=True)

    @pytest.mark.long
    def test_an_old_snapshot_under_a_new_timestamp(self, stage: Stage):
        def forge(world: World) -> Head:
            old = world.head
            return msgspec.structs.replace(decode(stage.release("bad", world)), snapshot=old.snapshot)

        expect_repelled(stage, forge, "snapshot is not of the version that belongs here", is_blamed=True)


class TestRemovedPods:
    @pytest.mark.long
    def test_a_release_with_the_signature_of_a_pod_that_was_removed(self, stage: Stage):
        gone = stage.signed.pods[4]
        stage.signed.head = stage.signed.change("targets", drop_pod(gone), by=stage.signed.pods[:4])
        stage.signed.head = stage.signed.with_root(drop_pod(gone))
        stage.files |= stage.signed.roots

        expect_repelled(
            stage,
            lambda world: decode(stage.release("bad", world, by=[world.pods[0], world.pods[1], gone])),
            "snapshot: signed by 2 pods, 3 are needed",
            is_blamed=True,
        )

    @pytest.mark.long
    def test_a_root_that_too_few_pods_signed(self, stage: Stage):
        expect_repelled(
            stage,
            lambda world: world.with_root(drop_pod(world.pods[4]), by=world.pods[2:]),
            "root: signed by 3 pods, 4 are needed",
            is_blamed=True,
        )


class TestFalseAlarms:
    @pytest.mark.long
    def test_a_proof_with_too_few_signatures_halts_nothing(self, stage: Stage):
        """One statement is the pods'; the other one was never enough to be accepted."""

        def forge(world: World) -> Head:
            before = world.head
            first, other = (read(world.change("vault", noted(text)).delegated["vault"], Targets) for text in "ab")
            del other.metadata.signatures[world.pods[0].keyid]
            for pod in world.pods[3:]:
                del other.metadata.signatures[pod.keyid]
            second = read(other.metadata.to_bytes(), Targets)
            judge, targets = read(world.genesis, Root), read(before.targets, Targets)
            return msgspec.structs.replace(before, proof=prove("vault", first, second, judge, targets))

        expect_repelled(stage, forge, "vault: signed by 2 pods, 3 are needed", is_blamed=True)

    @pytest.mark.long
    def test_two_pods_recall_what_runs(self, stage: Stage):
        async def story() -> None:
            farm, honest, liars = await besieged(stage)
            await takes_up(stage, farm, honest, "1")
            forger = copy.deepcopy(stage.signed)
            statement = following(read(forger.head.delegated["vault"], Targets).metadata)
            recalls("vault/1")(statement.signed)
            sign(statement, forger.pods[:2])
            await stage.publish(liars, encode(forger.joined({"vault": statement}, stage.now())))
            await stage.until(lambda: bool(farm.refused), JUDGED_S)
            await asyncio.sleep(AFTERWARDS_S)
            assert "vault: signed by 2 pods, 3 are needed" in farm.refused[0]
            assert (farm.in_use, farm.releases["vault/1"].is_recalled) == (tree_of("1"), False)
            assert any(farm.blames(liar) for liar in liars)

        stage.play(story)
