"""Releases carried through on one farm: real chain, real slots, pretended network and vaults, virtual time."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import errno
import hashlib
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec
import pytest

from node.api.schema import HeadAnswer, Update
from node.supervisor.errors import SwitchFailed
from node.trial.events import Twin
from node.trial.profile import PRACTICE, PRACTICE_URGENT
from node.trial.waves import WITHOUT_WAVES, Plan
from node.trust.capabilities import TODAY, Capabilities
from node.trust.chain import Chain
from node.trust.head import encode
from node.trust.layers import Layer
from node.update import judging
from node.update.driver import Updates
from node.update.errors import StateUnreadable
from node.update.events import PRACTICE as PRACTICE_LIMITS
from node.update.files.kept import KEPT, Kept
from node.update.files.links import LinkingFileSystem
from node.update.files.slots import Slots
from node.update.jobs import Means
from node.update.records import GAINS_IN_PLACE
from node.update.rollouts import Rollouts
from node.update.store import Saved, Store
from node.update.trials import keeping
from node.update.trials.rehearsal import TrialResult
from node.update.trials.state import KeptTrial, TrialFile
from node.vault.share.tree import Manifest
from tests import note_world, signed_world, twin_world, virtual_time
from tests.twin_world import Nature, trial_folders

pytestmark = pytest.mark.usefixtures("cheap_signing")

PROFILE = replace(PRACTICE, reads_min=200, restarts_min=0)
URGENT = replace(PRACTICE_URGENT, reads_min=60, restarts_min=0)
LIMITS = replace(PRACTICE_LIMITS, probation_s=60.0)
SENDER = b"s" * 32
DONE = ("confirmed", "refused", "not_proven", "rolled_back")


class PowerCut(BaseException):
    """The computer is off: nothing after this was done."""


class Power:
    """Fails at the n-th write of all that must survive it, right after the write; nothing is written after that."""

    def __init__(self) -> None:
        self.writes_left = 10**9

    @property
    def is_out(self) -> bool:
        return self.writes_left <= 0

    @contextlib.contextmanager
    def for_a_write(self) -> Iterator[None]:
        if self.is_out:
            raise PowerCut
        yield
        self.writes_left -= 1
        if self.is_out:
            raise PowerCut


class CutTrialFile(TrialFile):
    power: Power

    def save(self, kept: KeptTrial, news: Iterable[tuple[Twin, bytes]]) -> None:
        with self.power.for_a_write():
            super().save(kept, news)


class CutStore(Store):
    power: Power

    def __init__(self, folder: Path, power: Power) -> None:
        super().__init__(folder)
        self.power = power
        self.running = CutTrialFile(folder / "trial")
        self.running.power = power

    def save(self, saved: Saved) -> None:
        with self.power.for_a_write():
            super().save(saved)

    def save_chain(self, chain: Chain) -> None:
        with self.power.for_a_write():
            super().save_chain(chain)

    def save_result(self, tree_hash: str, result: TrialResult) -> None:
        with self.power.for_a_write():
            super().save_result(tree_hash, result)


class CutSlots(Slots):
    power: Power

    def stage(
        self, layer: Layer, manifest: Manifest, read: Callable[[str], bytes | Path], capabilities: Capabilities = TODAY
    ) -> Path:
        with self.power.for_a_write():
            return super().stage(layer, manifest, read, capabilities)

    def point(self, layer: Layer, tree_hash: str, now_s: float) -> None:
        with self.power.for_a_write():
            super().point(layer, tree_hash, now_s)

    def point_back(self, layer: Layer, tree_hash: str, now_s: float) -> None:
        with self.power.for_a_write():
            super().point_back(layer, tree_hash, now_s)


@dataclass
class Farm(twin_world.World):
    """What surrounds the updates of one farm; fulfils ``Host``.  It survives power cuts, its processes do not."""

    folder: Path = Path()
    natures: dict[str, Nature] = field(default_factory=lambda: collections.defaultdict(Nature))
    signed: signed_world.World = field(default_factory=signed_world.World)
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    switches: list[str] = field(default_factory=list)
    insisted: list[str] = field(default_factory=list)
    pointed_at: list[str | None] = field(default_factory=list)  # at each switch
    switch_fails: Callable[[str], bool] = lambda _: False
    carried: list[bytes] = field(default_factory=list)
    blamed: list[tuple[bytes, bytes]] = field(default_factory=list)
    alike: list[tuple[bytes, bytes]] = field(default_factory=list)
    files: dict[bytes, bytes] = field(default_factory=dict)  # that the vault serves because the head names them
    witnesses: int = 3
    quota_bytes: int = 1 << 20
    rolled_out: set[str] = field(default_factory=set)  # releases of which the last wave is over
    notes: note_world.Notes = field(default_factory=note_world.Notes)
    plan: Plan = WITHOUT_WAVES
    changes: int = 0
    hold: str = ""  # why nothing may be tried out, if the farmer has a pause
    kept_at_switch: list[str] = field(default_factory=list)

    def kept_names(self) -> list[str]:
        return sorted(path.name for path in (self.folder / KEPT).glob("*/*"))

    def __post_init__(self) -> None:
        self.power = Power()
        self.store = CutStore(self.folder / "state", self.power)
        self.kept = Kept(LinkingFileSystem(self.folder), "vault")
        self.slots = Slots(self.folder / "slots")
        self.own = self.slots.fill_from_checkout()
        self.slots.point("vault", self.own, 0.0)

    # Host.

    async def get_chunk(self, address: bytes) -> bytes:
        await asyncio.sleep(0.05)
        return self.chunks[address]

    async def carry_head(self, head: bytes) -> None:
        self.carried.append(head)

    async def carry_files(self, files: Mapping[bytes, bytes]) -> None:
        self.files = dict(files)

    def head_subnets(self) -> int:
        return self.witnesses

    async def refuse_head(self, digest: bytes, sender: bytes) -> None:
        self.blamed.append((digest, sender))

    async def know_head(self, digest: bytes, sender: bytes) -> None:
        self.alike.append((digest, sender))

    async def switch(self, tree_hash: str, *, is_insisted: bool = False) -> None:
        self.switches.append(tree_hash)
        self.kept_at_switch = self.kept_names()
        self.kept.before_run(tree_hash)
        self.insisted += [tree_hash] * is_insisted
        self.pointed_at.append(self.slots.current("vault"))
        await asyncio.sleep(1.0)
        self.last_serial += 1
        if self.switch_fails(tree_hash):
            self.kept.before_run(self.own)
            raise SwitchFailed("the port is in use")

    # What the tests do with it.

    def publish(
        self,
        version: str,
        nature: Nature | None = None,
        pods: int = 3,
        capabilities: Capabilities = TODAY,
        *,
        is_urgent: bool = False,
    ) -> bytes:
        """A signed head with one more release, whose files are in the network."""
        built = signed_world.built(version)
        self.chunks |= built.objects | {hashlib.sha256(built.manifest).digest(): built.manifest}
        if nature is not None:
            self.natures[built.release.tree] = nature
        by = self.signed.pods[:pods]
        return encode(self.signed.release(version, by=by, capabilities=capabilities, is_urgent=is_urgent))

    def rollouts(self) -> Rollouts:
        return note_world.rollouts_of(self.folder / "state", self.notes, twin_world.utc_s, plan=self.plan)

    def open(self) -> Updates:
        def changed() -> None:
            self.changes += 1

        slots = CutSlots(self.folder / "slots")
        slots.power = self.power
        means = Means(
            host=self, slots=slots, store=self.store, kept=self.kept, trials=trial_folders(self.folder),
            profile=PROFILE, urgent=URGENT, rollouts=self.rollouts(), quota_bytes=lambda: self.quota_bytes,
            random=self.random,
            entropy=random.Random(2).randbytes, utc_s=twin_world.utc_s, on_change=changed,
            is_rolled_out=lambda record: record.release.name in self.rolled_out, hold=lambda: self.hold,
        )  # fmt: skip
        return Updates.open(self.signed.genesis, means, LIMITS)


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


async def wait_until(updates: Updates, is_so: Callable[[dict[str, Update]], bool], limit_s: float = 3600.0) -> None:
    async with asyncio.timeout(limit_s):
        while not is_so({item.release: item for item in updates.updates().items}):
            await asyncio.sleep(0.1)


def live(farm: Farm, story: Callable[[Updates], Awaitable[None]], updates: Updates | None = None) -> Updates:
    """Run the updates of ``farm`` while ``story`` happens; then stop them, and look for what is left running."""

    async def main() -> Updates:
        opened = updates or farm.open()
        running = asyncio.create_task(opened.run())
        try:
            await story(opened)
            assert not running.done(), running
        finally:
            running.cancel()
            await asyncio.wait({running})
            assert farm.left_running == 0
        return opened

    return virtual_time.run(main())


def tell(farm: Farm, *heads: bytes, until_phase: tuple[str, ...] = DONE, of: str = "") -> dict[str, Update]:
    """Offer the heads, and wait until every release (or the one named) is decided; the history."""
    found: dict[str, Update] = {}

    async def story(updates: Updates) -> None:
        for head in heads:
            assert (await updates.offered(head, SENDER)).outcome == "accepted"
        await wait_until(
            updates,
            lambda items: bool(items) and all(i.phase in until_phase for i in items.values() if of in ("", i.release)),
        )
        await asyncio.sleep(1.0)  # for what is done after the end
        found.update({item.release: item for item in updates.updates().items})

    live(farm, story)
    return found


def same_files(farm: Farm, version: str, name: str, capabilities: Capabilities, pods: int = 3) -> bytes:
    """A signed head with one more release, of the very files of ``version``."""
    release = msgspec.structs.replace(signed_world.built(version).release, version=name, capabilities=capabilities)
    return encode(farm.signed.release(name, by=farm.signed.pods[:pods], release=release))


def tree_of(version: str) -> str:
    return signed_world.built(version).release.tree


class TestAGoodRelease:
    def test_it_is_fetched_tried_rehearsed_and_taken_into_use(self, farm: Farm):
        update = tell(farm, farm.publish("2"))["vault/2"]

        assert (update.phase, update.verdict) == ("confirmed", "promoted")
        assert farm.switches == [tree_of("2")]
        assert farm.slots.current("vault") == tree_of("2")
        assert farm.slots.previous("vault") == farm.own
        assert "neighbours" in update.reason

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


class TestWhatAReleaseMayDo:
    @pytest.mark.parametrize(
        ("capabilities", "factor"),
        [
            (replace(TODAY, modules=()), 1),
            (replace(TODAY, tcp=True), 2),
            (replace(TODAY, tcp=True, memory_bytes=2 << 30, open_files=2_048), 4),
        ],
    )
    def test_who_gains_more_is_tried_out_for_longer_and_kept_with_what_was_signed(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch, capabilities: Capabilities, factor: int
    ):
        # The way's own limit is longer than the trial, but not four times as long.
        monkeypatch.setitem(globals(), "LIMITS", replace(LIMITS, trial_s=100.0))

        update = tell(farm, farm.publish("2", pods=4, capabilities=capabilities))["vault/2"]

        assert update.phase == "confirmed"
        assert PROFILE.trial_s_min * factor <= update.seconds["on_trial"] < PROFILE.trial_s_min * factor * 2
        assert farm.slots.capabilities("vault", tree_of("2")) == capabilities
        assert farm.slots.capabilities("vault", farm.own) == TODAY

    def test_a_release_right_after_the_anchor_is_tried_out_for_as_long_where_the_anchor_was_never_used(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(globals(), "LIMITS", replace(LIMITS, trial_s=100.0))
        much = replace(TODAY, tcp=True, memory_bytes=2 << 30, open_files=2_048)
        heads = [farm.publish("2", pods=4, capabilities=much), farm.publish("3", capabilities=much)]

        found = tell(farm, *heads)

        assert (found["vault/2"].phase, found["vault/3"].phase) == ("not_proven", "confirmed")
        assert found["vault/3"].seconds["on_trial"] >= PROFILE.trial_s_min * 4
        assert tell(farm, farm.publish("4", capabilities=much))["vault/4"].seconds["on_trial"] < PROFILE.trial_s_min * 2

    def test_the_files_in_use_may_do_less_from_their_next_start_on_if_their_newest_release_declares_less(
        self, farm: Farm
    ):
        tell(farm, farm.publish("2", capabilities=replace(TODAY, memory_bytes=1 << 29)))
        less = replace(TODAY, memory_bytes=1 << 28, modules=("msgspec",))

        found = tell(farm, same_files(farm, "2", "2.1", less))

        assert (found["vault/2.1"].phase, found["vault/2.1"].reason) == ("confirmed", "already in use")
        assert "on_trial" not in found["vault/2.1"].seconds
        assert Slots(farm.folder / "slots").capabilities("vault", tree_of("2")) == less
        assert farm.switches == [tree_of("2")]

    def test_the_files_in_use_gain_nothing_by_another_release_of_them(self, farm: Farm):
        tell(farm, farm.publish("2"))

        found = tell(farm, same_files(farm, "2", "2.1", replace(TODAY, tcp=True), pods=4))

        assert (found["vault/2.1"].phase, found["vault/2.1"].reason) == ("not_proven", GAINS_IN_PLACE)
        assert farm.slots.capabilities("vault", tree_of("2")) == TODAY

    def test_they_may_do_less_also_if_they_took_over_while_that_release_waited(self, farm: Farm):
        less = replace(TODAY, memory_bytes=1 << 28)
        seen: list[tuple[str, str, str]] = []

        async def story(updates: Updates) -> None:
            await updates.offered(farm.publish("2"), SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(same_files(farm, "2", "2.1", less), SENDER)
            await wait_until(updates, lambda items: all(item.phase in DONE for item in items.values()))
            seen.extend((item.release, item.phase, item.reason) for item in updates.updates().items)

        live(farm, story)

        assert ("vault/2.1", "confirmed", "already in use") in seen
        assert farm.slots.capabilities("vault", tree_of("2")) == less
        assert farm.switches == [tree_of("2")]

    def test_it_is_known_after_a_power_cut_before_the_trial(self, farm: Farm):
        asked = replace(TODAY, tcp=True)
        tell(farm, farm.publish("2", pods=4, capabilities=asked), until_phase=("on_trial",))

        update = tell(farm)["vault/2"]

        assert update.phase == "confirmed"
        assert update.seconds["on_trial"] >= PROFILE.trial_s_min * 2
        assert Slots(farm.folder / "slots").capabilities("vault", tree_of("2")) == asked


class TestABadRelease:
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


class TestHeads:
    def offer(self, farm: Farm, *heads: bytes, sender: bytes = SENDER) -> list[HeadAnswer]:
        answers = []

        async def story(updates: Updates) -> None:
            answers.extend([await updates.offered(head, sender) for head in heads])
            self.updates = updates.updates()
            self.head = updates.head

        live(farm, story)
        return answers

    def test_a_forged_head_is_refused_remembered_and_blamed_and_nothing_is_staged(self, farm: Farm):
        forged = farm.publish("2", pods=2)

        answers = self.offer(farm, forged, forged)

        assert [answer.outcome for answer in answers] == ["refused", "refused"]
        assert "signed by 2 pods, 3 are needed" in answers[1].reason
        assert [head.digest for head in self.updates.refused_heads] == [hashlib.sha256(forged).hexdigest()]
        assert self.updates.items == ()
        assert farm.blamed == [(hashlib.sha256(forged).digest(), SENDER)] * 2
        assert (farm.carried, self.head) == ([], b"")

    def test_garbage_is_refused_and_a_person_is_not_blamed(self, farm: Farm):
        answers = self.offer(farm, b"", b"garbage", b"\x00" * 1000, sender=b"")
        assert {answer.outcome for answer in answers} == {"refused"}
        assert farm.blamed == []

    def test_refused_heads_are_remembered_over_a_restart_and_not_without_limit(self, farm: Farm, monkeypatch):
        monkeypatch.setattr(judging, "REFUSED_HEADS_MAX", 3)
        self.offer(farm, *(b"garbage %d" % n for n in range(5)))
        self.offer(farm)
        assert [head.digest for head in self.updates.refused_heads] == [
            hashlib.sha256(b"garbage %d" % n).hexdigest() for n in (4, 3, 2)
        ]

    def test_a_known_and_an_older_head_are_no_news_and_nobodys_fault(self, farm: Farm):
        older, newer = farm.publish("2"), farm.publish("3")
        answers = self.offer(farm, newer, newer, older)
        assert [answer.outcome for answer in answers] == ["accepted", "known", "outdated"]
        assert (self.updates.refused_heads, farm.blamed, farm.carried) == ((), [], [newer])

    def test_the_chain_is_on_disk_before_anything_is_done(self, farm: Farm):
        head = farm.publish("2")

        class Broken(Exception):
            pass

        def fail(_saved: Saved) -> None:
            raise Broken

        async def main() -> None:
            updates = farm.open()
            patch.setattr(farm.store, "save", fail)
            with pytest.raises(Broken):
                await updates.offered(head, SENDER)

        with pytest.MonkeyPatch.context() as patch:
            virtual_time.run(main())

        assert tell(farm)["vault/2"].phase == "confirmed"  # learnt from the chain at the next start

    def test_a_full_disk_refuses_the_head_for_now(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        def full(_chain: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        head = farm.publish("2")
        with monkeypatch.context() as patch:
            patch.setattr(farm.store, "save_chain", full)
            assert self.offer(farm, head) == [HeadAnswer("refused", "it could not be kept: No space left on device")]
        assert self.offer(farm, head) == [HeadAnswer("accepted", "")]

    def test_heads_that_are_refused_cannot_fill_the_history_until_it_is_too_long_to_be_read(self, farm: Farm):
        async def story(updates: Updates) -> None:
            for number in range(100):
                junk = msgspec.msgpack.encode({f"\x1b]0;{number}" + "x" * 500_000: 1})
                assert (await updates.offered(junk, SENDER)).outcome == "refused"

        live(farm, story)

        refused = farm.store.load().refused
        assert len(refused) == judging.REFUSED_HEADS_MAX
        assert all(head.reason.isprintable() and len(head.reason) < 500 for head in refused)

    def test_a_damaged_state_is_never_guessed_at(self, farm: Farm):
        for name in ("chain", "updates.json"):
            path = farm.folder / "state" / name
            path.write_bytes(b"{")
            with pytest.raises(StateUnreadable):
                farm.open()
            path.unlink()


class TestSeveralReleases:
    def test_the_newest_is_tried_and_the_others_set_aside(self, farm: Farm):
        heads = [farm.publish(version) for version in ("2", "3", "4")]

        items = tell(farm, heads[-1])

        assert {name: item.phase for name, item in items.items()} == {
            "vault/2": "not_proven", "vault/3": "not_proven", "vault/4": "confirmed"
        }  # fmt: skip
        assert {order.tree_hash for order in farm.orders} == {farm.own, tree_of("4")}

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

    def test_an_older_one_is_never_gone_back_to(self, farm: Farm):
        tell(farm, farm.publish("2", Nature(starts=False)), farm.publish("3"), of="vault/3")
        phases = {name: item.phase for name, item in tell(farm).items()}
        assert phases == {"vault/2": "not_proven", "vault/3": "confirmed"}

    def test_an_older_one_than_the_one_in_use_is_not_even_tried(self, farm: Farm):
        farm.slots.point("vault", tree_of("3"), 0.0)
        farm.publish("2")
        items = tell(farm, farm.publish("3"))
        assert {name: (item.phase, item.reason) for name, item in items.items()} == {
            "vault/2": ("not_proven", "vault/3 came first"), "vault/3": ("confirmed", "already in use")
        }  # fmt: skip

    def test_a_release_of_the_files_in_use_is_known_as_such(self, farm: Farm):
        tell(farm, farm.publish("2"))
        farm.slots.point("vault", tree_of("3"), 0.0)
        item = tell(farm, farm.publish("3"))["vault/3"]
        assert (item.phase, item.reason) == ("confirmed", "already in use")

    def test_a_withdrawn_release_is_stopped_on_its_trial(self, farm: Farm):
        head = farm.publish("2")

        def recall(signed) -> None:
            signed.targets.clear()

        recalled = encode(farm.signed.change("vault", recall))

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await asyncio.sleep(10.0)
            assert (await updates.offered(recalled, SENDER)).outcome == "accepted"
            item = updates.updates().items[0]
            assert (item.phase, item.reason) == ("refused", "the pods withdrew it")
            assert farm.left_running == 0

        live(farm, story)


class TestTheWayBack:
    def test_a_version_that_fails_three_times_in_probation_is_left(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            for _ in range(3):
                updates.vault_failed("exit code 1")
            await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")
            item = updates.updates().items[0]
            assert (item.verdict, item.reason) == ("rolled back", "it failed 3 times in probation: exit code 1")

        live(farm, story)

        assert farm.switches == [tree_of("2"), farm.own]
        assert (farm.slots.current("vault"), farm.slots.previous("vault")) == (farm.own, None)

    def test_two_failures_do_not_end_it(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            updates.vault_failed("long before")
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            updates.vault_failed("exit code 1")
            updates.vault_failed("exit code 1")
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

    def test_a_version_that_does_not_take_over_is_left(self, farm: Farm):
        farm.switch_fails = lambda tree: tree == tree_of("2")
        update = tell(farm, farm.publish("2"))["vault/2"]
        assert (update.phase, update.reason) == ("rolled_back", "it did not take over: the port is in use")
        assert farm.slots.current("vault") == farm.own

    def test_a_way_back_that_fails_is_tried_again_and_left_to_the_pointer(self, farm: Farm):
        farm.switch_fails = lambda _: True
        update = tell(farm, farm.publish("2"))["vault/2"]
        assert update.phase == "rolled_back"
        assert farm.slots.current("vault") == farm.own
        assert farm.switches == [tree_of("2"), farm.own, farm.own, farm.own]

    def test_from_the_first_step_back_nobody_starts_the_version_that_failed(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
            for _ in range(3):
                updates.vault_failed("exit code 1")
            await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")

        live(farm, story)
        assert (farm.switches, farm.pointed_at) == ([tree_of("2"), farm.own], [farm.own, farm.own])

    def test_a_slot_that_rots_before_its_trial_is_not_held_against_the_release(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "staged")
            file = farm.slots.path("vault", tree_of("2")) / "node/vault/__init__.py"
            file.chmod(0o600)
            file.write_bytes(b"rot")
            await wait_until(updates, lambda items: items["vault/2"].phase in DONE)
            item = updates.updates().items[0]
            assert (item.phase, "no trial could be held" in item.reason) == ("not_proven", True)

        live(farm, story)
        assert farm.orders == []

    def test_a_slot_that_rots_before_the_switch_is_never_started(self, farm: Farm):
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            file = farm.slots.path("vault", tree_of("2")) / "node/vault/__init__.py"
            file.chmod(0o600)
            file.write_bytes(b"rot")
            await wait_until(updates, lambda items: items["vault/2"].phase in DONE)
            assert updates.updates().items[0].phase == "rolled_back"

        live(farm, story)
        assert tree_of("2") not in farm.switches


class TestTheStoreThatIsKept:
    CHUNK = "c" * 64

    @pytest.fixture
    def store(self, farm: Farm) -> Path:
        store = farm.folder / "vault" / "chunks"
        store.mkdir(parents=True)
        (farm.folder / "vault" / "incoming").mkdir()
        (store / self.CHUNK).write_bytes(b"a chunk")
        return store

    def test_it_is_kept_before_the_switch_and_until_the_way_back_is_closed(self, farm: Farm, store: Path):
        heads = [farm.publish("2"), farm.publish("3", Nature(starts=False)), farm.publish("4", Nature(starts=False))]

        def is_decided(name: str, items: dict[str, Update]) -> bool:
            return name in items and items[name].phase in DONE

        async def story(updates: Updates) -> None:
            for number, pause_s, kept in ((0, 0.0, 1), (1, 0.0, 1), (2, PROFILE.way_back_s, 0)):
                await asyncio.sleep(pause_s)
                await updates.offered(heads[number], SENDER)
                await wait_until(updates, partial(is_decided, f"vault/{number + 2}"))
                await asyncio.sleep(1.0)  # for what is done after the end
                assert len(farm.kept_names()) == kept, number

        live(farm, story)
        assert (farm.switches, farm.kept_at_switch) == ([tree_of("2")], [self.CHUNK])
        assert [path.name for path in store.iterdir()] == [self.CHUNK]

    def test_after_the_way_back_nothing_of_it_is_left(self, farm: Farm, store: Path):
        farm.switch_fails = lambda tree: tree == tree_of("2")
        assert tell(farm, farm.publish("2"))["vault/2"].phase == "rolled_back"
        assert (farm.kept_at_switch, farm.kept_names()) == ([self.CHUNK], [])


class TestPowerCuts:
    def cut_after(self, farm: Farm, writes: int, head: bytes) -> bool:
        """Live until the n-th write of the state; whether the power failed at all."""
        farm.power.writes_left = writes

        async def main() -> None:
            updates = farm.open()
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(updates.run())
                await updates.offered(head, SENDER)
                await wait_until(
                    updates,
                    lambda items: farm.power.is_out or all(item.phase in DONE for item in items.values()),
                )
                running.cancel()

        with contextlib.suppress(PowerCut, BaseExceptionGroup):
            virtual_time.run(main())
        try:
            return farm.power.is_out
        finally:
            farm.power.writes_left = 10**9
            for process in farm.processes:  # off is off
                if not process.exited.done():
                    process.exited.cancel()

    @pytest.mark.parametrize(
        ("nature", "switches", "end", "cuts_least"),
        [
            (Nature(), True, "confirmed", 4),
            (Nature(loses_every=20), True, "refused", 2),
            (Nature(), False, "rolled_back", 4),
        ],
    )
    def test_after_a_cut_at_any_write_it_ends_the_same(
        self, tmp_path: Path, nature: Nature, switches: bool, end: str, cuts_least: int, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(keeping, "KEEP_S", 15.0)  # so that a trial is written a few times, not dozens
        cuts = 0
        # One write in four, with whole trials between them; every file operation is cut in ``tests/crashes``.
        for writes in range(1, 100, 4):
            farm = Farm(folder=tmp_path / str(writes))
            farm.switch_fails = lambda tree: not switches and tree == tree_of("2")
            head = farm.publish("2", nature)
            if not self.cut_after(farm, writes, head):
                break
            cuts += 1

            update = tell(farm)["vault/2"]

            assert update.phase == end, (writes, update.reason)
            assert farm.slots.current("vault") == (tree_of("2") if end == "confirmed" else farm.own)
            assert farm.switches.count(tree_of("2")) <= (0 if end == "refused" else 2)
            assert farm.switches.count(tree_of("2")) >= (0 if end == "refused" else 1)
            assert list((farm.folder / "trial").iterdir()) == []
        assert cuts >= cuts_least

    def test_nothing_is_done_before_its_state_is_kept(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        head, save, is_full = farm.publish("2"), farm.store.save, False

        def refusing(saved: Saved) -> None:
            if is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            save(saved)

        async def story(updates: Updates) -> None:
            nonlocal is_full
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "staged")
            is_full = True
            await asyncio.sleep(300.0)
            assert farm.orders == []
            is_full = False
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        monkeypatch.setattr(farm.store, "save", refusing)
        live(farm, story)

    def test_what_a_trial_left_is_found_again_for_the_rehearsal(self, farm: Farm):
        head = farm.publish("2")

        async def first(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "rehearsing")

        live(farm, first)
        trials = sum(order.tree_hash == tree_of("2") for order in farm.orders)
        assert tell(farm)["vault/2"].phase == "confirmed"
        assert sum(order.tree_hash == tree_of("2") for order in farm.orders) == trials

    def test_a_version_in_probation_whose_files_rotted_is_left(self, farm: Farm):
        head = farm.publish("2")

        async def first(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "probation")

        live(farm, first)
        file = farm.slots.path("vault", tree_of("2")) / "node/vault/__init__.py"
        file.chmod(0o600)
        file.write_bytes(b"rot")
        assert farm.slots.choose("vault", 0.0) == farm.own  # as the supervisor does at its start

        update = tell(farm)["vault/2"]

        assert (update.phase, update.reason) == ("rolled_back", "its files were damaged")

    def test_a_version_whose_files_are_damaged_in_probation_is_never_called_confirmed(self, farm: Farm):
        head = farm.publish("2")
        ended: list[Update] = []

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: [item.phase for item in items.values()] == ["probation"])
            farm.slots.point_back("vault", farm.own, 0.0)  # as whoever starts the vault does, on finding it damaged
            await wait_until(updates, lambda items: all(item.phase in DONE for item in items.values()))
            ended.extend(updates.updates().items)

        live(farm, story)

        assert [(item.phase, item.reason) for item in ended] == [("rolled_back", "its files were damaged")]
