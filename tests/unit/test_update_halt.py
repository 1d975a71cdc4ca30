"""When the developers' signatures contradict each other, a farm takes up nothing new, says so, and goes on serving."""

from __future__ import annotations

import asyncio
import copy
import errno
import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from node.api.schema import DeveloperNews
from node.pod.statements import heartbeat
from node.trust.chain import Chain, carried
from node.trust.equivocation import check_proof, proofs_in
from node.trust.errors import Equivocation, MalformedMetadata, MissingRoots, NotEnoughSignatures
from node.trust.head import ROOT_BYTES_MAX, Head, decode, encode
from node.update import heads
from node.update.driver import Updates
from node.update.events import Event, Rehearsed
from node.update.heads import verify_head
from node.update.jobs import Job, Letter
from node.update.reasons import WITHDRAWN
from node.update.trials.rehearsal import TrialResult
from tests import signed_world, twin_world, virtual_time
from tests.signed_world import DAY, NOW, World, add_pod, all_of, drop_pod, party, resolving, unchanged
from tests.twin_world import utc_s
from tests.update_world import SENDER, Farm, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


@dataclass
class Split:
    """A farm and two heads for it, each with another release in the same place; pod-3 signed both."""

    farm: Farm
    first: bytes
    second: bytes

    @property
    def halted(self) -> Chain:
        """The chain of a farm that has met both."""
        chain = Chain.start(self.farm.signed.genesis).verify(self.first, NOW).chain
        with pytest.raises(Equivocation) as found:
            chain.verify(self.second, NOW)
        return chain.halted_by(found.value.proof, NOW)

    def resolved(self) -> bytes:
        """What the pods publish afterwards: without pod-3, both releases withdrawn, numbered past both."""
        world, identity = self.farm.signed, check_proof(self.halted.proof, self.halted).identity
        gone = world.pods.pop(2)
        world.head = world.change("targets", drop_pod(gone))
        past_both = all_of(lambda s: setattr(s, "version", s.version + 1), lambda s: s.targets.clear())
        world.head = world.change("vault", past_both)
        world.head = world.with_root(all_of(drop_pod(gone), resolving(identity)), by=[*world.pods, gone])
        self.farm.chunks |= world.roots
        return encode(world.head)


@pytest.fixture
def split(farm: Farm) -> Split:
    elsewhere = copy.deepcopy(farm.signed)
    second = encode(elsewhere.release("0.2.0", by=elsewhere.pods[2:]))
    return Split(farm, farm.publish("2"), second)


def developers(updates: Updates) -> DeveloperNews:
    told = updates.updates().developers
    assert told is not None
    return told


def phases(updates: Updates) -> list[str]:
    return [item.phase for item in updates.updates().items]


class TestTwoHeads:
    def test_the_farm_halts_says_so_and_carries_the_proof(self, split: Split):
        async def story(updates: Updates) -> None:
            await updates.offered(split.first, SENDER)
            answer = await updates.offered(split.second, SENDER)
            assert (answer.outcome, "contradict each other" in answer.reason) == ("refused", True)
            told = developers(updates)
            assert told.state == "halted"
            assert told.since_s == pytest.approx(utc_s(), abs=2.0)
            assert "the developers' signatures contradict each other (since 20" in told.sentence

        live(split.farm, story)

        others = Chain.start(split.farm.signed.genesis).verify(split.farm.carried[-1], NOW)
        assert [culprit.name for culprit in check_proof(others.proof, others.chain).culprits] == ["pod-3"]
        assert split.farm.blamed == []

    def test_it_halts_too_when_only_a_root_that_it_did_not_know_allows_both(self, farm: Farm):
        elsewhere, new = copy.deepcopy(farm.signed), party(40, "new")
        swap = all_of(add_pod(new), drop_pod(elsewhere.pods[4]))
        elsewhere.head = elsewhere.with_root(swap, by=[*elsewhere.pods, new])
        elsewhere.head = elsewhere.change("targets", swap, by=elsewhere.pods[:4])
        second = encode(elsewhere.release("0.2.0", by=[*elsewhere.pods[2:4], new]))
        first = farm.publish("2")
        farm.chunks |= elsewhere.roots

        async def story(updates: Updates) -> None:
            await updates.offered(first, SENDER)
            await updates.offered(second, SENDER)
            assert developers(updates).state == "halted"

        live(farm, story)

        assert decode(farm.carried[-1]).roots == tuple(elsewhere.roots)

    @pytest.mark.long
    def test_nothing_new_is_taken_up_until_a_root_resolves_it(self, split: Split, caplog: pytest.LogCaptureFixture):
        caplog.set_level("INFO", "node.update.judging")
        beat = encode(heartbeat(split.farm.signed.head, split.farm.signed.pods[0], NOW))

        async def story(updates: Updates) -> None:
            await updates.offered(split.first, SENDER)
            await updates.offered(split.second, SENDER)
            assert (await updates.offered(beat, SENDER)).outcome == "known"
            await asyncio.sleep(60.0)
            changes = split.farm.changes
            await asyncio.sleep(3_000.0)
            assert (phases(updates), split.farm.changes) == (["announced"], changes)
            assert (await updates.offered(split.resolved(), SENDER)).outcome == "accepted"
            assert phases(updates) == ["refused"]  # both were withdrawn
            await updates.offered(split.farm.publish("3"), SENDER)
            await wait_until(updates, lambda items: "vault/3" in items and items["vault/3"].phase == "confirmed")
            assert developers(updates).state == "current"

        live(split.farm, story)

        assert split.farm.switches == [tree_of("3")]
        assert [text.partition(":")[0] for text in caplog.messages] == ["updates are halted", "updates go on"]

    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["fetching", "staged", "on_trial", "rehearsing"])
    def test_a_release_on_its_way_is_stopped_wherever_it_is_and_waits(self, split: Split, phase: str):
        async def story(updates: Updates) -> None:
            await updates.offered(split.first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            await updates.offered(split.second, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "announced")
            await asyncio.sleep(1.0)
            assert split.farm.left_running == 0
            await asyncio.sleep(3_000.0)
            assert phases(updates) == ["announced"]

        live(split.farm, story)

        assert split.farm.switches == []

    @pytest.mark.long
    def test_a_rehearsal_that_ends_in_the_moment_of_the_halt_leads_to_no_switch(
        self, split: Split, monkeypatch: pytest.MonkeyPatch
    ):
        async def story(updates: Updates) -> None:
            await updates.offered(split.first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rehearsing")
            keep = updates.judge._keep

            async def keep_and_end(chain: Chain) -> None:
                await keep(chain)
                now_s = asyncio.get_running_loop().time()
                updates._inbox.put_nowait(Letter(Rehearsed(now_s, checked=7, missing=0, corrupt=0), updates._job))

            monkeypatch.setattr(updates.judge, "_keep", keep_and_end)
            await updates.offered(split.second, SENDER)
            await asyncio.sleep(60.0)
            assert phases(updates) == ["announced"]

        live(split.farm, story)

        assert split.farm.switches == []

    @pytest.mark.long
    def test_what_is_in_use_stays_in_use(self, split: Split):
        assert tell(split.farm, split.first)["vault/2"].phase == "confirmed"

        async def story(updates: Updates) -> None:
            await updates.offered(split.second, SENDER)
            await asyncio.sleep(3_000.0)

        live(split.farm, story)

        assert split.farm.slots.current("vault") == tree_of("2")
        assert split.farm.switches == [tree_of("2")]

    def test_it_is_halted_still_after_a_restart(self, split: Split):
        async def before(updates: Updates) -> None:
            await updates.offered(split.first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(split.second, SENDER)

        async def after(updates: Updates) -> None:
            await asyncio.sleep(3_000.0)
            assert (developers(updates).state, phases(updates)) == ("halted", ["announced"])

        live(split.farm, before)
        split.farm.carried.clear()
        live(split.farm, after)

        assert decode(split.farm.carried[-1]).proof

    def test_more_heads_of_the_other_branch_fill_no_history(self, split: Split):
        async def story(updates: Updates) -> None:
            await updates.offered(split.first, SENDER)
            for _ in range(3):
                assert (await updates.offered(split.second, SENDER)).outcome == "refused"
            assert updates.updates().refused_heads == ()

        live(split.farm, story)

    def test_a_proof_that_cannot_be_kept_is_taken_up_when_it_comes_again(
        self, split: Split, monkeypatch: pytest.MonkeyPatch
    ):
        def full(_chain: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        async def story(updates: Updates) -> None:
            await updates.offered(split.first, SENDER)
            with monkeypatch.context() as patch:
                patch.setattr(split.farm.store, "save_chain", full)
                assert "could not be kept" in (await updates.offered(split.second, SENDER)).reason
                assert developers(updates).state == "current"
            await updates.offered(split.second, SENDER)
            assert developers(updates).state == "halted"

        live(split.farm, story)

    def test_a_contradiction_that_nobody_can_be_shown_is_refused_and_halts_nothing(self, farm: Farm):
        first, world = farm.publish("2"), farm.signed
        beats = [encode(heartbeat(world.head, pod, NOW + days * DAY)) for days, pod in enumerate(world.pods[:2])]

        async def story(updates: Updates) -> None:
            for known in (first, beats[0]):
                assert (await updates.offered(known, SENDER)).outcome == "accepted"
            assert (await updates.offered(beats[1], SENDER)).outcome == "refused"
            assert developers(updates).state == "current"
            assert len(updates.updates().refused_heads) == 1

        live(farm, story)


class TestAHeadWithAProof:
    def test_a_farm_that_is_told_halts_and_tells_others(self, split: Split):
        warning = carried(split.halted)

        async def story(updates: Updates) -> None:
            assert (await updates.offered(split.first, SENDER)).outcome == "accepted"
            await updates.offered(warning, SENDER)
            assert developers(updates).state == "halted"
            assert (await updates.offered(warning, SENDER)).outcome == "known"

        live(split.farm, story)

        assert split.farm.carried == [split.first, warning]

    def test_a_second_one_that_comes_while_it_is_halted_is_kept_told_and_must_be_resolved_too(self, split: Split):
        """Pod-3 signed both of the first two releases; pod-4 and pod-5 both of the second and a third one."""
        elsewhere = copy.deepcopy(split.farm.signed)
        elsewhere.head = World().head
        third = encode(elsewhere.release("0.3.0", by=[elsewhere.pods[number] for number in (0, 3, 4)]))
        chain = Chain.start(split.farm.signed.genesis).verify(split.second, NOW).chain
        with pytest.raises(Equivocation) as found:
            chain.verify(third, NOW)
        second = found.value.proof
        warning = carried(chain.halted_by(second, NOW))

        async def story(updates: Updates) -> None:
            for head in (split.first, split.second, warning):
                await updates.offered(head, SENDER)
            assert (await updates.offered(warning, SENDER)).outcome == "known"
            assert set(proofs_in(decode(split.farm.carried[-1]).proof)) == {split.halted.proof, second}

        async def later(updates: Updates) -> None:
            assert (await updates.offered(split.resolved(), SENDER)).outcome == "known"
            assert developers(updates).state == "halted"

        live(split.farm, story)
        live(split.farm, later)

        assert set(proofs_in(decode(split.farm.carried[-1]).proof)) == {split.halted.proof, second}
        assert split.farm.blamed == []

    def test_one_that_has_seen_no_head_yet_halts_too(self, split: Split):
        async def story(updates: Updates) -> None:
            await updates.offered(carried(split.halted), SENDER)
            assert (developers(updates).state, developers(updates).signed_s) == ("halted", None)

        live(split.farm, story)

        assert decode(split.farm.carried[-1]).proof == split.halted.proof

    def test_a_false_proof_is_held_against_its_sender(self, split: Split):
        forged = encode(msgspec.structs.replace(decode(split.first), proof=b"forged"))

        async def story(updates: Updates) -> None:
            assert (await updates.offered(forged, SENDER)).outcome == "refused"
            assert developers(updates).state == "current"

        live(split.farm, story)

        assert split.farm.blamed == [(hashlib.sha256(forged).digest(), SENDER)]


class TestExpiry:
    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["announced", "on_trial"])
    def test_after_a_long_silence_nothing_is_taken_up_until_a_heartbeat_comes(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch, phase: str
    ):
        first, silence, passed_s = farm.publish("2"), 46 * DAY, [0.0]
        monkeypatch.setattr(twin_world, "utc_s", lambda: utc_s() + passed_s[0])
        beat = encode(heartbeat(farm.signed.head, farm.signed.pods[0], NOW + silence))

        async def story(updates: Updates) -> None:
            await updates.offered(first, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == phase)
            passed_s[0] = silence.total_seconds()
            await asyncio.sleep(3_000.0)
            assert (developers(updates).state, phases(updates)) == ("expired", ["announced"])
            assert farm.left_running == 0
            assert (await updates.offered(beat, SENDER)).outcome == "accepted"
            assert developers(updates).state == "current"
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

    @pytest.mark.long
    def test_what_came_to_its_end_just_then_is_begun_anew_and_not_waited_for_until_its_limit(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        """As when a clock is wrong for a moment, or a heartbeat comes right after the word before it has expired."""
        passed_s, hold_trial, next_turn = [0.0], Job._hold_trial, Updates._next_turn
        monkeypatch.setattr(twin_world, "utc_s", lambda: utc_s() + passed_s[0])
        held: list[Event] = []

        async def trial(job: Job) -> Event:
            held.append(await hold_trial(job))
            passed_s[0] = (46 * DAY).total_seconds() if len(held) == 1 else 0.0
            return held[-1]

        async def turn(updates: Updates) -> None:
            passed_s[0] = 0.0
            await next_turn(updates)

        monkeypatch.setattr(Job, "_hold_trial", trial)
        monkeypatch.setattr(Updates, "_next_turn", turn)

        async def story(updates: Updates) -> None:
            await updates.offered(farm.publish("2"), SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")
            way = updates._records["vault/2"].way
            assert (len(held), way.trials, way.voids) == (2, 2, 0)

        live(farm, story)


class TestTheFoundationsDate:
    def announced(self, farm: Farm) -> bytes:
        """A head that lists a release of the foundation, signed when its date was ten days off."""
        built = signed_world.built("2", role="foundation")
        farm.chunks |= built.objects | {hashlib.sha256(built.manifest).digest(): built.manifest}
        farm.signed.release("2", role="foundation", release=built.release)
        head = farm.signed.change("foundation", lambda signed: setattr(signed, "expires", NOW + 10 * DAY))
        return encode(head)

    @pytest.mark.long
    @pytest.mark.parametrize("phase", ["announced", "staged", "on_trial", "rehearsing", "probation"])
    def test_once_it_has_passed_nothing_that_the_foundation_released_comes_into_use(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch, phase: str
    ):
        head, passed_s = self.announced(farm), [0.0]
        monkeypatch.setattr(twin_world, "utc_s", lambda: utc_s() + passed_s[0])

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["foundation/2"].phase == phase)
            passed_s[0] = (10 * DAY).total_seconds()
            await asyncio.sleep(60.0)
            (item,) = updates.updates().items
            assert (item.phase, item.reason) == ("rolled_back" if phase == "probation" else "refused", WITHDRAWN)
            assert developers(updates).state == "current"

        live(farm, story)
        assert farm.slots.current("vault") == farm.own

    @pytest.mark.long
    def test_what_was_found_good_just_before_it_does_not_come_into_use_just_after_it(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        head, passed_s, rehearse = self.announced(farm), [0.0], Job._rehearse_with
        monkeypatch.setattr(twin_world, "utc_s", lambda: utc_s() + passed_s[0])

        async def rehearsed(job: Job, result: TrialResult) -> Event:
            event = await rehearse(job, result)
            passed_s[0] = (10 * DAY).total_seconds()
            return event

        monkeypatch.setattr(Job, "_rehearse_with", rehearsed)
        assert tell(farm, head)["foundation/2"].phase == "refused"
        assert farm.switches == []


class TestRootsFromTheNetwork:
    def test_a_farm_fetches_the_roots_of_a_head_and_never_again(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        world = farm.signed
        for _ in range(20):
            world.head = world.with_root(unchanged)
        asked: list[bytes] = []

        async def get_chunk(address: bytes) -> bytes:
            asked.append(address)
            return world.roots[address]

        monkeypatch.setattr(farm, "get_chunk", get_chunk)

        async def story(updates: Updates) -> None:
            assert (await updates.offered(encode(world.head), SENDER)).outcome == "accepted"
            beat = encode(heartbeat(world.head, world.pods[0], NOW))
            assert (await updates.offered(beat, SENDER)).outcome == "accepted"

        live(farm, story)

        assert sorted(asked) == sorted(world.head.roots)

    def test_roots_that_cannot_be_had_are_nobodys_fault_and_the_head_may_come_again(self, farm: Farm):
        world = farm.signed
        head = encode(world.with_root(unchanged))

        async def story(updates: Updates) -> None:
            answer = await updates.offered(head, SENDER)
            assert (answer.outcome, answer.reason) == ("refused", "1 root file could not be had")
            assert (updates.updates().refused_heads, farm.blamed) == ((), [])
            farm.chunks |= world.roots
            assert (await updates.offered(head, SENDER)).outcome == "accepted"

        live(farm, story)

    def test_who_names_a_thousand_roots_that_are_none_costs_one_file(self):
        world = World()
        junk = [bytes([number % 256]) * 1000 + number.to_bytes(2, "big") for number in range(1000)]
        named = {hashlib.sha256(content).digest(): content for content in junk}
        head = encode(Head(tuple(named), b"", b"", b"", {}))
        asked: list[bytes] = []

        async def get_chunk(address: bytes) -> bytes:
            asked.append(address)
            return named[address]

        with pytest.raises(MalformedMetadata, match="root"):
            virtual_time.run(verify_head(world.chain, head, NOW, get_chunk))
        assert len(asked) == 1

    def test_after_some_good_roots_a_bad_one_costs_no_more_than_twice_as_many(self):
        world = World()
        for _ in range(9):
            world.head = world.with_root(unchanged)
        bad = world.with_root(unchanged, by=world.pods[:2])
        for _ in range(40):
            bad = world.with_root(unchanged, head=bad)
        asked: list[bytes] = []

        async def get_chunk(address: bytes) -> bytes:
            asked.append(address)
            return world.roots[address]

        with pytest.raises(NotEnoughSignatures):
            virtual_time.run(verify_head(world.chain, encode(bad), NOW, get_chunk))
        assert len(asked) <= 20

    def test_what_stands_behind_a_root_that_cannot_be_had_is_not_asked_for(self):
        world = World()
        for _ in range(3):
            world.head = world.with_root(unchanged)
        contents = [b"junk %d" % number for number in range(100)]
        junk = {hashlib.sha256(content).digest(): content for content in contents}
        head = encode(msgspec.structs.replace(world.head, roots=(*world.head.roots, b"absent" * 5 + b"!!", *junk)))
        asked: list[bytes] = []

        async def get_chunk(address: bytes) -> bytes:
            asked.append(address)
            return {**world.roots, **junk}[address]  # whatever is raised means that nobody has it

        with pytest.raises(MissingRoots):
            virtual_time.run(verify_head(world.chain, head, NOW, get_chunk))
        assert len(asked) <= 2 * 4

    def test_wrong_bytes_are_no_root(self):
        world = World()
        head = encode(world.with_root(unchanged))

        async def get_chunk(_address: bytes) -> bytes:
            return b"another file"

        with pytest.raises(MissingRoots):
            virtual_time.run(verify_head(world.chain, head, NOW, get_chunk))

    def test_a_root_over_its_limit_is_the_fault_of_who_named_it(self):
        large = b" " * (ROOT_BYTES_MAX + 1)
        head = encode(Head((hashlib.sha256(large).digest(),), b"", b"", b"", {}))

        async def get_chunk(_address: bytes) -> bytes:
            return large

        with pytest.raises(MalformedMetadata):
            virtual_time.run(verify_head(World().chain, head, NOW, get_chunk))

    def test_a_root_that_never_comes_is_not_waited_for(self):
        world = World()
        head = encode(world.with_root(unchanged))

        async def get_chunk(_address: bytes) -> bytes:
            await asyncio.sleep(10_000.0)
            raise AssertionError

        async def main() -> float:
            started_s = asyncio.get_running_loop().time()
            with pytest.raises(MissingRoots):
                await verify_head(world.chain, head, NOW, get_chunk)
            return asyncio.get_running_loop().time() - started_s

        assert virtual_time.run(main()) == pytest.approx(heads.ROOT_S_MAX)
