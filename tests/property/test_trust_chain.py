"""Whatever pods, thieves and liars say in whatever order: a chain never goes back, never weakens, and halts for good.

A story is a list of steps in a network that may split into branches.  Each step makes one head, and one farm is shown
it; what must hold is checked after every step.
"""

from __future__ import annotations

import contextlib
import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.pod.parties import Party
from node.pod.statements import heartbeat
from node.pod.writing import sign
from node.trust.chain import Chain, carried
from node.trust.equivocation import Conflict, check_proof
from node.trust.errors import Equivocation, TrustError
from node.trust.head import Head, decode, encode
from node.trust.metadata import Root, Snapshot, Targets, Timestamp, is_signed, read
from node.trust.policy import PODS_FIELD, high_threshold, majority, resolved_conflict
from tests.signed_world import NOW, Change, World, all_of, drop_pod, noted, resolving, unchanged
from tests.unit.test_trust_more_proofs import proof_of

BRANCHES: Final = 2
# On each branch other pods sign; pod-3 signs on both.
SIGNERS: Final = ((0, 1, 2), (2, 3, 4))

ANOTHER: Final = proof_of(World(), (0, 1, 3), (2, 3, 4))  # pod-4 signed both of two other statements

STEPS: Final = (
    *("release", "heartbeat", "snapshot", "root", "own root", "replay", "forged", "stolen"),
    *("weak root", "weak role", "resolve", "resolve elsewhere", "keep culprit", "drop only", "told", "told lies"),
    *("rename culprit", "respell culprit", "told another"),
)
STORIES: Final = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, BRANCHES - 1)), max_size=12)


def resolved_by(world: World, identity: str, *, keeps: bool = False, later: Change = unchanged) -> Head:
    """Pods go on from this branch: pod-3 makes place (or does not), numbers past all others, one left out.

    ``later`` is what else the root changes.
    """
    gone = world.pods[2]
    stay = [pod for pod in world.pods if pod is not gone]
    change = unchanged if keeps else drop_pod(gone)
    before = world.head
    world.head = world.change("targets", change, stay)
    skip = all_of(lambda s: setattr(s, "version", s.version + 9), lambda s: s.targets.clear())
    world.head = world.change("vault", skip, stay)
    world.head = world.with_snapshot(lambda s: setattr(s, "version", s.version + 9), by=stay)
    world.head = world.with_timestamp(lambda s: setattr(s, "version", s.version + 9), by=stay[:1])
    root = all_of(change, resolving(identity) if identity else unchanged, later)
    head = world.with_root(root, by=world.pods)
    world.head = before
    return head


def returning(gone: Party, separator: str = "") -> Change:
    """A change by which a root takes a pod's key in again, as another pod's and perhaps written in another way."""

    def change(root: Any) -> None:
        key = copy.deepcopy(gone.signer.public_key)
        first, rest = key.keyval["public"][:2], key.keyval["public"][2:]
        key.keyid, key.keyval["public"] = "ab" * 32, first + separator + rest
        for role in root.roles:
            root.add_key(key, role)
        root.unrecognized_fields[PODS_FIELD][key.keyid] = "other"

    return change


@dataclass
class Story:
    """Some branches of one network, all heads that were ever made, and the chain of one farm."""

    branches: list[World]
    chain: Chain
    made: list[bytes] = field(default_factory=list)
    count: int = 0

    @property
    def roots(self) -> dict[bytes, bytes]:
        return {address: root for world in self.branches for address, root in world.roots.items()}

    @property
    def conflict(self) -> Conflict | None:
        return check_proof(self.chain.proof, self.chain) if self.chain.proof else None

    def head(self, step: str, branch: int) -> bytes:
        """The head that a step shows to the farm."""
        world, self.count = self.branches[branch], self.count + 1
        by = [world.pods[number] for number in SIGNERS[branch] if number < len(world.pods)]
        identity = self.conflict.identity if self.conflict else "0" * 64
        match step:
            case "release":
                return encode(world.release(f"{branch}.{self.count}", by=by))
            case "heartbeat":
                world.head = heartbeat(world.head, by[0], NOW)
            case "snapshot":
                world.head = world.with_snapshot(unchanged, by=by)
            case "root":
                world.head = world.with_root(unchanged)
            case "own root":
                world.head = world.with_root(noted(str(branch)))
            case "replay":
                return self.made[self.count * 7 % len(self.made)] if self.made else encode(world.head)
            case "forged":
                return encode(copy.deepcopy(world).release(f"{branch}.{self.count}", by=by[:2]))
            case "stolen":  # a valid statement of one role in the place of another
                return encode(with_vault(world, read(world.head.delegated["app"], Targets).content))
            case "weak root":
                return encode(world.with_root(lambda signed: setattr(signed.roles["root"], "threshold", 2)))
            case "weak role":
                return encode(world.change("targets", lambda s: setattr(s.delegations.roles["vault"], "threshold", 1)))
            case "resolve":
                return encode(resolved_by(world, identity))
            case "resolve elsewhere":
                return encode(resolved_by(world, "f" * 64))
            case "keep culprit":
                return encode(resolved_by(world, identity, keeps=True))
            case "drop only":
                return encode(resolved_by(world, ""))
            case "rename culprit":
                return encode(resolved_by(world, identity, later=returning(world.pods[2])))
            case "respell culprit":
                return encode(resolved_by(world, identity, later=returning(world.pods[2], " ")))
            case "told":
                return self.warning(branch)
            case "told another":
                return encode(msgspec.structs.replace(world.head, proof=ANOTHER))
            case _:
                return encode(msgspec.structs.replace(world.head, proof=bytes([self.count]) * 40))
        return encode(world.head)

    def warning(self, branch: int) -> bytes:
        """What a farm carries that has seen the other branch first and then this one."""
        other = Chain.start(self.chain.genesis)
        for world in (self.branches[1 - branch], self.branches[branch]):
            with contextlib.suppress(TrustError):
                other = shown(other, encode(world.head), self.roots)
        return carried(other) or encode(self.branches[branch].head)

    def tell(self, step: str, branch: int) -> None:
        content = self.head(step, branch)
        self.made.append(content)
        before = self.chain
        with contextlib.suppress(TrustError):
            self.chain = shown(self.chain, content, self.roots)
        check(before, self.chain)


def with_vault(world: World, content: bytes) -> Head:
    vault = copy.deepcopy(read(content, Targets).metadata)
    vault.signed.version = read(world.head.delegated["vault"], Targets).signed.version + 1
    vault.signatures.clear()
    return world.joined({"vault": sign(vault, world.pods)})


def shown(chain: Chain, content: bytes, roots: dict[bytes, bytes]) -> Chain:
    """The chain of a farm after it was shown a head, as its driver goes on."""
    try:
        return chain.verify(content, NOW, roots).chain
    except Equivocation as error:
        return chain.halted_by(error.proof, NOW, error.roots) if error.proof else chain


def versions(chain: Chain) -> dict[str, int]:
    """The version of every statement that the chain holds, roots and timestamp too."""
    found = {"root": len(chain.roots) + 1}
    if chain.head:
        head = decode(chain.head)
        kinds: dict[str, tuple[bytes, Any]] = {
            "timestamp": (head.timestamp, Timestamp),
            "snapshot": (head.snapshot, Snapshot),
            "targets": (head.targets, Targets),
            **{role: (content, Targets) for role, content in head.delegated.items()},
        }
        found |= {role: read(content, kind).signed.version for role, (content, kind) in kinds.items()}
    return found


def newest_root(chain: Chain) -> Root:
    content = chain.root(len(chain.roots) + 1)
    assert content is not None
    return read(content, Root).signed


def check(before: Chain, after: Chain) -> None:
    """What must hold after each step."""
    check_never_back(before, after)
    check_never_weaker(after)
    check_halted(before, after)
    assert Chain.load(after.dump()) == after


def check_never_back(before: Chain, after: Chain) -> None:
    old, new = versions(before), versions(after)
    if before.head and not is_signed("timestamp", read(decode(before.head).timestamp, Timestamp), newest_root(after)):
        del old["timestamp"]  # its signer was dropped, so it binds nothing any more
    assert all(new[role] >= version for role, version in old.items()), (old, new)
    assert after.clock_floor >= before.clock_floor


def check_never_weaker(after: Chain) -> None:
    root = newest_root(after)
    for role, floor in (("root", high_threshold), ("targets", high_threshold), ("snapshot", majority)):
        given_role = root.roles[role]
        assert given_role.threshold >= floor(len(given_role.keyids))
    if after.head:
        delegations = read(decode(after.head).targets, Targets).signed.delegations
        assert delegations is not None
        assert delegations.roles is not None
        vault = delegations.roles["vault"]
        assert vault.threshold >= majority(len(vault.keyids))


def check_halted(before: Chain, after: Chain) -> None:
    if not before.proof:
        return
    if after.proof:
        assert after.proofs[: len(before.proofs)] == before.proofs
        assert after.head == before.head
        return
    later = [read(content, Root).signed for content in after.roots if content not in before.roots]
    assert later
    keys = {bytes.fromhex(key.keyval["public"]) for key in newest_root(after).keys.values()}
    for conflict in before.conflicts:
        assert not keys & {bytes.fromhex(half) for culprit in conflict.culprits for half in culprit.public}
        is_named = any(resolved_conflict(root) == conflict.identity for root in later)
        assert is_named or conflict.role != "root"
        assert (conflict.identity in after.resolved[len(before.resolved) :]) is is_named


def play(steps: list[tuple[str, int]]) -> Story:
    world = World()
    story = Story([world, *(copy.deepcopy(world) for _ in range(BRANCHES - 1))], Chain.start(world.genesis))
    for step, branch in steps:
        story.tell(step, branch)
    return story


@pytest.mark.long
@settings(deadline=None, max_examples=40)
@given(STORIES)
@example([("root", 0), ("heartbeat", 1)])  # a newer timestamp under older roots
@example([("release", 0), ("snapshot", 0), ("replay", 0)])
@example([("release", 0), ("release", 1), ("rename culprit", 0)])
@example([("release", 0), ("release", 1), ("respell culprit", 0)])
@example([("release", 0), ("release", 1), ("drop only", 0), ("keep culprit", 1), ("resolve", 0), ("release", 0)])
def test_no_story_makes_a_chain_go_back_weaken_or_go_on_while_a_culprit_holds_a_key(
    steps: list[tuple[str, int]],
) -> None:
    play(steps)


@pytest.mark.long
@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(["release", "heartbeat", "snapshot", "root"]), max_size=5), STORIES)
def test_no_story_lets_a_halted_chain_go_on_while_a_culprit_holds_a_key(
    first: list[str], rest: list[tuple[str, int]]
) -> None:
    split = [("release", 0), *((step, 0) for step in first), ("release", 1)]
    story = play(split[:-1])
    assert not story.chain.proof
    story.tell(*split[-1])

    for step, branch in rest:
        story.tell(step, branch)


@pytest.mark.long
def test_the_stories_are_not_idle() -> None:
    """The good ending of each kind of step is really reached, so that the checks see all of it."""
    reached: Counter[str] = Counter()
    split = [("release", 0), ("release", 1)]
    endings = ("resolve", "resolve elsewhere", "keep culprit", "drop only", "release", "told lies")
    for ending in (*endings, "rename culprit", "respell culprit"):
        for branch in range(BRANCHES):
            reached[ending] += play([*split, (ending, branch)]).chain.proof == b""

    assert +reached == Counter({"resolve": 2, "resolve elsewhere": 2, "drop only": 2})
    assert play(split).chain.proof
    another = [*split, ("told another", 0)]
    assert [len(play([*another, *more]).chain.proofs) for more in ([], [("resolve", 0)], [("drop only", 0)])] == [2] * 3
    assert play([("release", 0), ("own root", 0), ("own root", 1)]).chain.proof
    assert len(play([("release", 0), ("root", 0), ("weak root", 0)]).chain.roots) == 1
