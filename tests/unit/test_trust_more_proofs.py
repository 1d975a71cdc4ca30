"""Proofs that come while a chain is halted are kept too, and the same end is reached in whatever order it is told."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec
import pytest

from node.trust import equivocation
from node.trust.chain import Chain, carried
from node.trust.equivocation import PROOFS_MAX, joined, proofs_in
from node.trust.errors import Equivocation, MalformedMetadata, TrustError
from node.trust.head import PROOF_BYTES_MAX, Head, decode, encode
from tests.signed_world import DAY, NOW, World, add_pod, all_of, drop_pod, noted, party, resolving
from tests.split_world import meet, told

CHAINS_MAX = 100  # that a story may lead to; else it never ends


def proof_of(start: World, one: Sequence[int], other: Sequence[int], text: str = "") -> bytes:
    """What proves that two next statements of vault exist, signed by these pods."""
    worlds = [copy.deepcopy(start) for _ in range(2)]
    for world, numbers, side in zip(worlds, (one, other), ("one", "other"), strict=True):
        world.head = world.change("vault", noted(side + text), by=[world.pods[number] for number in numbers])
    worlds[0].accept()
    return meet(worlds[0].chain, worlds[1])


class Twice:
    """A network in which pod-3 signed two statements that contradict each other, and pod-5 two others."""

    def __init__(self) -> None:
        self.world = World()
        self.chain = self.world.accept().chain
        self.first = proof_of(self.world, (0, 1, 2), (2, 3, 4))
        self.second = proof_of(self.world, (0, 1, 4), (2, 3, 4), "again")

    @property
    def halted(self) -> Chain:
        return self.chain.halted_by(self.first, NOW).halted_by(self.second, NOW + DAY)

    def without(self, *numbers: int, names: str = "") -> Head:
        """What the pods publish to go on: strangers in the place of these, numbered past all."""
        return going_on(self.world, *numbers, names=names).head


def going_on(before: World, *numbers: int, names: str = "") -> World:
    world = copy.deepcopy(before)
    gone = [pod for pod in world.pods if pod.name in {f"pod-{number + 1}" for number in numbers}]
    new = [party(80 + number, f"new-{number}") for number in numbers]
    swap = all_of(*map(add_pod, new), *map(drop_pod, gone))
    name = [resolving(names)] if names else []
    world.head = world.with_root(all_of(swap, *name), by=[*world.pods, *new])
    world.pods = [pod for pod in world.pods if pod not in gone] + new
    world.head = world.change("targets", swap)
    for role in ("vault", "app"):
        world.head = world.change(role, lambda signed: setattr(signed, "version", signed.version + 5))
    before.roots |= world.roots
    return world


@pytest.fixture(scope="module")
def twice() -> Twice:
    return Twice()


def culprits(chain: Chain) -> list[list[str]]:
    return [[culprit.name for culprit in conflict.culprits] for conflict in chain.conflicts]


class TestASecondProof:
    def test_is_kept_beside_the_first_and_since_when_it_is_halted_stays(self, twice: Twice) -> None:
        assert twice.halted.proofs == (twice.first, twice.second)
        assert culprits(twice.halted) == [["pod-3"], ["pod-5"]]
        assert twice.halted.halted_at == NOW

    def test_is_the_same_after_it_was_kept(self, twice: Twice) -> None:
        assert Chain.load(twice.halted.dump()) == twice.halted

    def test_a_chain_that_was_kept_before_there_could_be_a_second_one_is_read(self, twice: Twice) -> None:
        kept = msgspec.msgpack.decode(twice.chain.halted_by(twice.first, NOW).dump())

        assert "more" not in kept
        assert Chain.load(msgspec.msgpack.encode(kept)).proofs == (twice.first,)

    @pytest.mark.parametrize("count", [1, PROOFS_MAX])
    def test_damaged_on_disk_it_is_no_chain(self, twice: Twice, count: int) -> None:
        bad = b"x" if count == 1 else twice.second
        for chain in (replace(twice.halted, more=(bad,) * count), replace(twice.chain, more=(twice.second,))):
            with pytest.raises(MalformedMetadata):
                Chain.load(chain.dump())

    def test_shows_nothing_more_if_it_shows_only_who_is_known_already(self, twice: Twice) -> None:
        same = proof_of(twice.world, (0, 1, 2), (2, 3, 4), "once more")

        for again in (twice.first, twice.second, same):
            assert twice.halted.halted_by(again, NOW) == twice.halted

    def test_of_the_same_conflict_is_kept_if_it_shows_more_who_signed_both(self, twice: Twice) -> None:
        richer = proof_of(twice.world, (0, 1, 2, 3), (1, 2, 3, 4))

        halted = twice.chain.halted_by(twice.first, NOW).halted_by(richer, NOW)

        assert len({conflict.identity for conflict in halted.conflicts}) == 1
        assert culprits(halted) == [["pod-3"], ["pod-2", "pod-3", "pod-4"]]

    def test_by_those_who_have_left_is_not_kept(self, twice: Twice) -> None:
        chain = twice.world.verify(twice.without(4), chain=twice.chain).chain.halted_by(twice.first, NOW)

        assert chain.halted_by(twice.second, NOW).proofs == (twice.first,)

    def test_no_more_than_a_few_are_kept(self, twice: Twice, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("node.trust.chain.PROOFS_MAX", 1)

        assert twice.halted.proofs == (twice.first,)


class TestTheEndOfBoth:
    def test_a_root_that_ends_one_of_them_ends_nothing(self, twice: Twice) -> None:
        named = twice.halted.conflicts[0].identity
        for head in (twice.without(2), twice.without(4), twice.without(2, names=named)):
            assert twice.world.verify(head, chain=twice.halted).chain == twice.halted

    @pytest.mark.parametrize("is_named", [False, True])
    def test_a_root_without_anybody_who_signed_twice_ends_both(self, twice: Twice, is_named: bool) -> None:
        name = twice.halted.conflicts[0].identity if is_named else ""

        chain = twice.world.verify(twice.without(2, 4, names=name), chain=Chain.load(twice.halted.dump())).chain

        assert (chain.proofs, chain.more, chain.halted_at) == ((), (), None)
        assert chain.resolved == ((name,) if is_named else ())

    def test_who_went_on_after_the_first_alone_is_halted_by_the_second(self, twice: Twice) -> None:
        only_first = twice.chain.halted_by(twice.first, NOW)
        went_on = twice.world.verify(twice.without(2), chain=only_first).chain
        assert went_on.proofs == ()

        verified = told(went_on, twice.halted, twice.world)

        assert verified.chain.proofs == (twice.second,)
        assert verified.chain.head == went_on.head


class TestTellingOthersOfBoth:
    def test_both_travel_in_one_head_and_who_is_told_keeps_both(self, twice: Twice) -> None:
        for chain in (twice.chain, Chain.start(twice.world.genesis), twice.chain.halted_by(twice.second, NOW)):
            verified = told(chain, twice.halted, twice.world)

            assert set(verified.chain.proofs) == {twice.first, twice.second}
            assert verified.proof == decode(carried(twice.halted)).proof
            assert not verified.is_newer

    def test_who_keeps_the_same_ones_carries_the_same_bytes(self, twice: Twice) -> None:
        other = twice.chain.halted_by(twice.second, NOW).halted_by(twice.first, NOW)

        assert other.proofs != twice.halted.proofs
        assert carried(other) == carried(twice.halted)

    def test_a_second_one_that_is_no_proof_is_held_against_the_sender_and_nothing_is_kept(self, twice: Twice) -> None:
        for bad in (b"x", twice.second[:-1], twice.second * PROOFS_MAX):
            head = msgspec.structs.replace(twice.world.head, proof=twice.first + bad)

            with pytest.raises(MalformedMetadata):
                twice.world.verify(head, chain=twice.chain)

    def test_as_many_travel_as_fit_the_shortest_first_and_all_are_kept(
        self, twice: Twice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        halted = twice.halted
        with monkeypatch.context() as small:
            small.setattr(equivocation, "PROOF_BYTES_MAX", len(twice.first) + len(twice.second) - 1)
            content = carried(halted)

        assert proofs_in(decode(content).proof) == (min(halted.proofs, key=len),)

    def test_the_longest_proof_alone_always_fits(self) -> None:
        assert len(joined([bytes(PROOF_BYTES_MAX), bytes(PROOF_BYTES_MAX)])) == PROOF_BYTES_MAX

    def test_one_under_a_root_that_is_not_at_hand_does_not_hide_one_that_can_be_judged(self, twice: Twice) -> None:
        later = copy.deepcopy(twice.world)
        later.chain = twice.world.verify(twice.without(4), chain=twice.chain).chain
        later.head, later.pods = decode(later.chain.head), [*twice.world.pods[:4], party(84, "new-4")]
        second = proof_of(later, (0, 1, 4), (2, 3, 4))
        halted = later.chain.halted_by(twice.first, NOW).halted_by(second, NOW)
        behind = Chain.start(twice.world.genesis)

        first = behind.verify(carried(halted), NOW).chain  # the root has not come yet
        then = first.verify(carried(halted), NOW, twice.world.roots).chain

        assert first.proofs == (twice.first,)
        assert then.proofs == halted.proofs
        assert then.roots == halted.roots
        assert Chain.load(then.dump()) == then


class TestTheSameEnd:
    """Farms are told of the same things in every order and as often as you like; who comes late is told at last."""

    @pytest.mark.parametrize("is_named", [False, True])
    def test_of_a_conflict_that_is_over_whether_or_not_it_was_named(self, twice: Twice, is_named: bool) -> None:
        """Where no root names it, nobody keeps the proof: who is shown it later must not be halted for good."""
        end = twice.without(2, names=twice.halted.conflicts[0].identity if is_named else "")
        halted = carried(twice.chain.halted_by(twice.first, NOW))
        knows_nothing = carried(Chain.start(twice.world.genesis).halted_by(twice.first, NOW))
        both = encode(msgspec.structs.replace(end, proof=twice.first))

        for chain in reached(twice.world, [knows_nothing, halted, encode(twice.world.head), encode(end), both]):
            last = after(twice.world, [encode(end), halted], chain)

            assert (last.proofs, last.head, last.roots) == ((), encode(end), (twice.world.newest_root(end),))

    def test_of_two_conflicts_while_one_of_them_is_not_over(self, twice: Twice) -> None:
        partly = going_on(twice.world, 2)
        one, both, end = encode(partly.head), carried(twice.halted), encode(going_on(partly, 4).head)
        steps = [both, one, *(carried(twice.chain.halted_by(proof, NOW)) for proof in (twice.first, twice.second))]

        for chain in reached(partly, steps):
            last = after(partly, [both, one], chain)
            over = after(partly, [end], last)

            assert twice.second in last.proofs
            assert (over.proofs, over.head) == ((), end)

    def test_of_two_more_roots_by_those_who_were_dropped_for_two_others(self) -> None:
        """The root that resolves one fork names that one alone; a third root by the same pods is over with it."""
        forks = [World() for _ in range(3)]
        for number, fork in enumerate(forks):
            fork.head = fork.with_root(noted(str(number)), by=fork.pods[:4])
            fork.accept()
        one = forks[0]
        one.roots |= forks[1].roots | forks[2].roots
        warnings = [carried(one.chain.halted_by(meet(one.chain, other), NOW)) for other in forks[1:]]
        first, [named] = encode(one.head), one.chain.verify(warnings[0], NOW).chain.conflicts
        gone, new = one.pods[:4], [party(70 + number, f"new-{number}") for number in range(4)]
        swap = all_of(*map(add_pod, new), *map(drop_pod, gone))
        one.head = one.with_root(all_of(swap, resolving(named.identity)), by=[*one.pods, *new])
        one.pods = [one.pods[4], *new]
        for role in ("targets", "vault", "app"):
            one.head = one.change(role, swap if role == "targets" else noted("new"))
        end = encode(one.head)

        for chain in reached(one, [*warnings, end], one.chain.verify(first, NOW).chain):
            last = after(one, [end, *warnings], chain)

            assert (last.proofs, last.head) == ((), end)


def reached(world: World, heads: Sequence[bytes], start: Chain | None = None) -> set[Chain]:
    """Every chain that a farm can come to that is shown these heads, in whatever order and how often ever."""
    found: set[Chain] = set()
    new = {start or Chain.start(world.genesis)}
    while new:
        found |= new
        new = {after(world, [head], chain) for chain in new for head in heads} - found
        assert len(found) < CHAINS_MAX
    return found


def after(world: World, heads: Iterable[bytes], chain: Chain) -> Chain:
    """The chain of a farm that is shown these, one after the other, as its driver goes on."""
    for head in heads:
        try:
            chain = chain.verify(head, NOW, world.roots).chain
        except Equivocation as error:
            chain = chain.halted_by(error.proof, NOW, error.roots) if error.proof else chain
        except TrustError:
            continue
    return chain
