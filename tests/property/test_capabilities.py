"""Whatever pods and thieves of keys sign: nothing may do much more than what the high threshold allowed.

A story is a list of steps in one network.  In each step some pods sign something, honestly or not; one farm sees every
head, and another one sees that head alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.pod.errors import PodError
from node.trust.anchor import ANCHOR_FIELD, GROWN_FIELD, GROWTH_WINDOW, SMALL_COST_MAX, Reach
from node.trust.capabilities import TODAY, Capabilities, as_declared, cost, read_capabilities
from node.trust.chain import Chain, Verified
from node.trust.errors import TrustError
from node.trust.head import decode
from node.trust.metadata import Targets, read, time_text
from node.trust.policy import high_threshold
from node.trust.state import read_state
from tests.signed_world import DAY, NOW, Change, World

KINDS: Final = ("release", "by founders", "declare", "declare early", "anchor", "anchor elsewhere")
CAPABILITIES: Final = st.builds(
    Capabilities,
    memory_bytes=st.sampled_from([1 << 28, 1 << 30, 2 << 30]),
    file_bytes=st.sampled_from([4 << 20, 8 << 20]),
    open_files=st.just(1_024),
    udp=st.booleans(),
    tcp=st.booleans(),
    modules=st.sampled_from([(), TODAY.modules, (*TODAY.modules[:3], "psutil", "zeroconf"), ("numpy",)]),
)
# Kind, what is asked for, how many pods sign, how many days after the step before.
Step = tuple[str, Capabilities, int, int]
STEPS: Final = st.tuples(st.sampled_from(KINDS), CAPABILITIES, st.integers(3, 5), st.sampled_from([0, 1, 59, 60, 90]))


def says(field_name: str, value: Any) -> Change:
    return lambda signed: signed.unrecognized_fields.update({field_name: value})


@dataclass
class Story:
    world: World = field(default_factory=World)
    now: datetime = NOW
    count: int = 0
    approved: list[Capabilities] = field(default_factory=lambda: [TODAY])  # by the high threshold, published or not
    gained_at: datetime | None = None
    seen: Counter[str] = field(default_factory=Counter)

    def tell(self, step: Step) -> None:
        world, before = self.world, self.world.head
        self.now += step[3] * DAY
        self.count += 1
        try:
            self.sign(*step[:3])
            if step[2] >= high_threshold(5):
                self.approved += anchors_of(world)
            verified = world.verify(now=self.now)
            alone = world.verify(chain=Chain.start(world.genesis), now=self.now)
        except (PodError, TrustError):
            world.head = before  # the next ones build on what was accepted
            return
        assert alone.releases == verified.releases
        self.check(verified)
        world.chain = verified.chain

    def sign(self, kind: str, capabilities: Capabilities, signers: int) -> None:
        world, by, version = self.world, self.world.pods[:signers], f"{self.count}"
        if kind in {"release", "by founders"}:
            role = "vault" if kind == "release" else "foundation"
            world.release(version, by=by, now=self.now, role=role, capabilities=capabilities)
            return
        world.release(version, by=by, now=self.now)
        declared = as_declared(capabilities)
        if kind in {"declare", "declare early"}:

            def ask(signed: Any) -> None:
                signed.targets[f"vault/{version}"].custom["capabilities"] = declared

            world.head = world.change("vault", ask, by=by, now=self.now)
        else:
            role = "targets" if kind == "anchor" else "vault"
            anchor = {"version": f"{self.count + 1}", "capabilities": declared}
            world.head = world.change(role, says(ANCHOR_FIELD, anchor), by=by, now=self.now)
        grown_at = self.now - 61 * DAY if kind == "declare early" else self.now
        world.head = world.change("vault", says(GROWN_FIELD, time_text(grown_at)), by=by, now=self.now)

    def check(self, verified: Verified) -> None:
        """What must hold of every head that a farm follows."""
        for release in verified.releases:
            price = min(cost(approved, release.capabilities) for approved in self.approved)
            has_more_signers = release.name.startswith("vault/") and len(release.signers) >= high_threshold(5)
            assert price <= (SMALL_COST_MAX if has_more_signers else 0), release
            assert release.trial_factor > 1 or price == 0, release
            self.seen[f"{release.trial_factor} times as long"] += 1
        if not self.world.chain.head:
            return
        held, new = reach_of(self.world.chain), reach_of(verified.chain)
        if cost(held.capabilities, new.capabilities):
            assert new.grown_at is not None
            assert held.signed_at <= new.grown_at <= self.now
            assert self.gained_at is None or new.grown_at - self.gained_at >= GROWTH_WINDOW
            self.gained_at = new.grown_at
            self.seen["gain"] += 1


def anchors_of(world: World) -> list[Capabilities]:
    """What the targets of the world's head name as the anchor, if anything."""
    said = read(world.head.targets, Targets).signed.unrecognized_fields.get(ANCHOR_FIELD)
    return [] if said is None else [read_capabilities(said["capabilities"])]


def reach_of(chain: Chain) -> Reach:
    return read_state(decode(chain.head)).reach()


def play(steps: list[Step]) -> Story:
    story = Story()
    for step in [("release", TODAY, 3, 0), *steps]:
        story.tell(step)
    return story


WITH_TCP: Final = replace(TODAY, tcp=True)
WITH_MEMORY: Final = replace(WITH_TCP, memory_bytes=2 << 30)
WITH_ALL: Final = replace(WITH_MEMORY, file_bytes=8 << 20, modules=(*TODAY.modules[:3], "psutil", "zeroconf"))


@pytest.mark.long
@settings(deadline=None, max_examples=30)
@given(st.lists(STEPS, max_size=6))
@example([("declare", WITH_ALL, 5, 60), ("declare", WITH_TCP, 3, 60)])
@example([("anchor elsewhere", WITH_ALL, 3, 60), ("declare", WITH_ALL, 3, 60)])
@example([("declare", WITH_TCP, 4, 60), ("declare", WITH_MEMORY, 4, 59)])
@example([("declare early", WITH_TCP, 4, 60), ("declare", WITH_MEMORY, 4, 1)])
@example([("anchor", WITH_TCP, 4, 60), ("declare", WITH_ALL, 5, 60)])
@example([("anchor", WITH_ALL, 3, 0), ("release", WITH_ALL, 3, 0)])
def test_no_story_ends_with_more_than_the_high_threshold_allowed(steps: list[Step]) -> None:
    play(steps)


def test_the_stories_are_not_idle() -> None:
    """Gains of each size are really accepted, so that the checks see them."""
    story = play([("release", WITH_TCP, 4, 0), ("release", WITH_ALL, 4, 60), ("release", WITH_ALL, 3, 0)])

    assert {name for name, count in story.seen.items() if count} >= {
        "gain", "1 times as long", "2 times as long", "4 times as long",
    }  # fmt: skip
    assert story.seen["gain"] == 2
