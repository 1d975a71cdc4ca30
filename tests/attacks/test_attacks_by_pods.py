"""What pods could do with signatures that are enough: contradict themselves, and recall to make farms go back."""

from __future__ import annotations

import asyncio
import copy
from typing import Final

import msgspec
import pytest

from node.trust.chain import Chain
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation
from node.trust.head import Head, decode, encode
from node.trust.release import FLOOR_FIELD
from node.vault.core.gossip import SEEN_S
from node.vault.core.messages import FetchHead, Request
from tests.attacks.stage import Farm, Peer, Stage, tree_of
from tests.signed_world import World, add_pod, all_of, drop_pod, noted, party, resolving, unchanged
from tests.unit.test_trust_recall import recalls, says

JUDGED_S: Final = 120.0
SPREAD_S_MAX: Final = 300.0  # within which every farm that can hear of a contradiction has halted
AFTERWARDS_S: Final = 900.0
HALTED: Final = "Updates are halted: the developers' signatures contradict each other (since 2026-11-22)"


def two_releases(stage: Stage, one: World, other: World) -> tuple[Head, Head]:
    """Another release for each half of the network, under the same number; pod-3 signed both."""
    first = decode(stage.release("one", one, by=one.pods[:3]))
    return first, decode(stage.release("other", other, by=other.pods[2:]))


def two_roots(_stage: Stage, one: World, other: World) -> tuple[Head, Head]:
    """Another root for each half."""
    return one.with_root(noted("one"), by=one.pods[:4]), other.with_root(noted("other"), by=other.pods[1:])


def identity_of(genesis: bytes, first: Head, second: Head, stage: Stage) -> str:
    """The name of the contradiction, as a pod finds it."""
    roots = {address: content for address, content in stage.files.items() if content.startswith(b"{")}
    chain = Chain.start(genesis).verify(encode(first), stage.now(), roots).chain
    with pytest.raises(Equivocation) as found:
        chain.verify(encode(second), stage.now(), roots)
    return check_proof(found.value.proof, chain).identity


class TestContradictions:
    @pytest.mark.parametrize("split", [two_releases, two_roots])
    def test_what_is_told_differently_to_two_halves_halts_all_farms(self, stage: Stage, split):
        async def story() -> None:
            signed, elsewhere = stage.signed, copy.deepcopy(stage.signed)
            first, second = split(stage, signed, elsewhere)
            stage.files |= signed.roots | elsewhere.roots
            halves = await stage.add(4), await stage.add(4)
            farms = [await stage.farm() for _ in range(2)]
            for half, head in zip(halves, (first, second), strict=True):
                await stage.publish(half, encode(head))
            await stage.until(lambda: all(farm.state == "halted" for farm in farms), SPREAD_S_MAX)
            own = farms[0].in_use
            farms.append(await stage.farm())  # it comes later, and is told at once
            await stage.until(lambda: farms[2].developers.state == "halted", SPREAD_S_MAX)
            await asyncio.sleep(AFTERWARDS_S)
            for farm in farms:
                assert farm.sentence == f"{HALTED}; your chunks are served as before."
                assert farm.in_use == own
                assert all(item.phase == "announced" for item in farm.releases.values())
                assert decode(farm.head).proof
                assert not any(farm.blames(peer) for peer in stage.peers)

        stage.play(story)

    @pytest.mark.long
    def test_a_root_without_the_pod_that_signed_twice_lets_both_halves_go_on(self, stage: Stage):
        async def story() -> None:
            signed, elsewhere = stage.signed, copy.deepcopy(stage.signed)
            first, second = two_releases(stage, signed, elsewhere)
            honest, others = await stage.add(4), await stage.add(4)
            farms = [await stage.farm() for _ in range(2)]
            await stage.publish(honest, encode(first))
            await stage.publish(others, encode(second))
            await stage.until(lambda: all(farm.state == "halted" for farm in farms), SPREAD_S_MAX)
            identity, everyone, gone = identity_of(signed.genesis, first, second, stage), signed.pods, signed.pods[2]
            signed.pods = [pod for pod in everyone if pod is not gone]
            signed.head = signed.change("targets", drop_pod(gone))
            past_both = all_of(lambda s: setattr(s, "version", s.version + 1), lambda s: s.targets.clear())
            signed.head = signed.change("vault", past_both)
            named = copy.deepcopy(signed)
            kept = named.with_root(resolving(identity), by=everyone)
            signed.head = signed.with_root(all_of(drop_pod(gone), resolving(identity)), by=everyone)
            stage.files |= named.roots | signed.roots
            await stage.publish(honest, encode(kept))  # it names the contradiction, and keeps who made it
            await asyncio.sleep(AFTERWARDS_S)
            assert [farm.state for farm in farms] == ["halted"] * 2
            await stage.publish((*honest, *others), stage.release("mended"))
            await stage.until(lambda: all(farm.in_use == tree_of("mended") for farm in farms))
            assert [farm.state for farm in farms] == ["current"] * 2

        stage.play(story)


def stolen_proof(stage: Stage) -> bytes:
    """Two releases in one place, by thieves of the keys of three pods that signed in the first days."""
    one, other = World(), World()
    held = Chain.start(one.genesis).verify(encode(one.release("thieves-1", by=one.pods[:3])), stage.now()).chain
    with pytest.raises(Equivocation) as found:
        held.verify(encode(other.release("thieves-2", by=other.pods[:3])), stage.now())
    return found.value.proof


def leave(stage: Stage, count: int) -> None:
    """So many pods make place for new ones, as any pods may."""
    signed = stage.signed
    gone, new = signed.pods[:count], [party(60 + number, f"new-{number}") for number in range(count)]
    swap = all_of(*map(add_pod, new), *map(drop_pod, gone))
    signed.head = signed.with_root(swap, by=[*signed.pods, *new])
    signed.pods = [*new, *signed.pods[count:]]
    for role in ("targets", "vault", "app"):
        signed.head = signed.change(role, swap if role == "targets" else unchanged, now=stage.now())
    stage.files |= signed.roots


class Counted:
    """How often peers were asked for what they carry."""

    def __init__(self, peers: list[Peer]) -> None:
        self.count = 0
        for peer in peers:
            peer.body.lie = self._count

    def _count(self, asked: Request, honest: bytes) -> bytes:
        self.count += isinstance(asked, FetchHead)
        return honest


class TestKeysOfThoseWhoLeft:
    """Three pods left, their keys were stolen later, and thieves sign two releases in one place, as of old."""

    @pytest.mark.long
    def test_they_halt_nobody_who_knows_that_these_pods_left(self, stage: Stage):
        async def story() -> None:
            honest, farm = await stage.add(5), await stage.farm()
            leave(stage, 3)
            await stage.publish(honest, encode(stage.signed.head))
            await stage.until(lambda: farm.head == encode(stage.signed.head), JUDGED_S)
            proof, liars = stolen_proof(stage), await stage.add(5)
            asked = Counted(liars)
            for head in (stage.signed.head, World().head):  # on the newest word, and on the first one
                await stage.publish(liars, encode(msgspec.structs.replace(head, proof=proof)))
                await asyncio.sleep(AFTERWARDS_S)
                assert (farm.state, farm.refused) == ("current", [])
            assert 0 < asked.count <= 2 * (len(stage.peers) + 1) * (AFTERWARDS_S / SEEN_S + 1)  # by every vault
            assert farm.head == encode(stage.signed.head)
            assert not any(farm.blames(peer) for peer in stage.peers)
            await stage.publish(honest, stage.release("2"))
            await stage.until(lambda: farm.in_use == tree_of("2"))

        stage.play(story)

    @pytest.mark.long
    @pytest.mark.parametrize("knows_first_word", [False, True])
    def test_a_farm_that_is_behind_halts_only_until_it_learns_that_they_left(
        self, stage: Stage, knows_first_word: bool
    ):
        async def story() -> None:
            liars = await stage.add(4)
            if knows_first_word:
                await stage.publish(liars, encode(World().head))
            farm, told = await stage.farm(), encode(msgspec.structs.replace(World().head, proof=stolen_proof(stage)))
            await asyncio.sleep(JUDGED_S)
            await stage.publish(liars, told)
            await stage.until(lambda: farm.state == "halted", SPREAD_S_MAX)
            leave(stage, 3)
            honest = await stage.add(4)
            await stage.publish(honest, stage.release("2", by=stage.signed.pods[:3]))
            await stage.until(lambda: farm.state == "current", SPREAD_S_MAX)
            await stage.until(lambda: farm.in_use == tree_of("2"))
            await asyncio.sleep(AFTERWARDS_S)
            assert (farm.state, decode(farm.head).proof) == ("current", b"")
            assert not any(farm.blames(peer) for peer in stage.peers)

        stage.play(story)

    @pytest.mark.long
    def test_while_one_of_them_stays_they_halt_everybody(self, stage: Stage):
        async def story() -> None:
            honest, farm = await stage.add(5), await stage.farm()
            leave(stage, 2)
            await stage.publish(honest, encode(stage.signed.head))
            await stage.until(lambda: farm.head == encode(stage.signed.head), JUDGED_S)
            liars = await stage.add(2)
            await stage.publish(liars, encode(msgspec.structs.replace(World().head, proof=stolen_proof(stage))))
            await stage.until(lambda: farm.state == "halted", SPREAD_S_MAX)

        stage.play(story)


class TestRecallAsRollback:
    """A recall must not be a way to make farms run an old release with a known hole."""

    async def recalled(self, stage: Stage, *versions: str, floor: int = 0) -> Farm:
        """A farm that has run these, one after the other, when the last one is recalled."""
        honest, farm = await stage.add(5), await stage.farm()
        for version in versions:
            await stage.publish(honest, stage.release(version))
            await stage.until(lambda version=version: farm.in_use == tree_of(version))  # type: ignore[misc]
            name = f"vault/{version}"
            await stage.until(lambda name=name: farm.releases[name].phase == "confirmed")  # type: ignore[misc]
        floored = says(FLOOR_FIELD, floor) if floor else noted("no floor")
        change = all_of(recalls(f"vault/{versions[-1]}"), floored)
        stage.signed.head = stage.signed.change("vault", change, by=stage.signed.pods[:3], now=stage.now())
        await stage.publish(honest, encode(stage.signed.head))
        await stage.until(lambda: farm.releases[f"vault/{versions[-1]}"].is_recalled, JUDGED_S)
        await asyncio.sleep(JUDGED_S)
        return farm

    @pytest.mark.long
    def test_it_leads_to_what_the_farm_ran_before_and_not_to_what_it_never_ran(self, stage: Stage):
        async def story() -> None:
            stage.release("hole")  # released before the farm joined, and never run by it
            farm = await self.recalled(stage, "2", "3")
            assert farm.in_use == tree_of("2")
            assert farm.releases["vault/3"].phase == "recalled"
            assert "hole" not in {item.version for item in farm.releases.values() if item.phase == "confirmed"}

        stage.play(story)

    @pytest.mark.long
    def test_it_leads_nowhere_below_the_floor(self, stage: Stage):
        async def story() -> None:
            farm = await self.recalled(stage, "1", "2", floor=2)
            assert farm.in_use == tree_of("2")
            assert farm.sentence.startswith("The developers have recalled version 2, and no version from before may")

        stage.play(story)

    @pytest.mark.long
    def test_an_old_release_does_not_come_back_under_its_old_number(self, stage: Stage):
        async def story() -> None:
            farm = await self.recalled(stage, "1", "2")
            known, forger = farm.head, copy.deepcopy(stage.signed)
            past = World()
            past.release("hole", now=stage.now())
            hole: dict[str, object] = {}
            past.change("vault", lambda signed: hole.update(signed.targets))
            forged = forger.change("vault", lambda signed: setattr(signed, "targets", hole), now=stage.now())
            await stage.publish(await stage.add(3), encode(forged))
            await stage.until(lambda: bool(farm.refused), JUDGED_S)
            assert farm.refused == ["vault/hole is new and yet numbered 1, not over 2"]
            assert (farm.head, farm.in_use) == (known, tree_of("1"))

        stage.play(story)
