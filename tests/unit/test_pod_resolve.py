"""The way out of a conflict: a rotation without those who signed twice, which farms on every branch follow."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from node.pod import network
from node.pod.conflict import Branch, check_resolved_by, look_into
from node.pod.errors import PodError
from node.pod.finish import finish
from node.pod.invitation import Invitation
from node.pod.memory import check_consistent
from node.pod.network import published
from node.pod.parties import SEED_BYTES, Party
from node.pod.plans import Plan, Recalling, Releasing, Resolving, Rotating
from node.pod.resolution import LEFT_OUT
from node.pod.signed_files import Remembered
from node.pod.signing_file import begin, encode_file, open_file
from node.pod.statements import heartbeat
from node.pod.writing import RELEASES_LEFT_OUT
from node.trial.membership import CHAIN_LENGTH
from node.trust.anchor import GROWN_FIELD, anchor_in
from node.trust.capabilities import TODAY
from node.trust.chain import Chain, carried
from node.trust.equivocation import prove
from node.trust.errors import Equivocation
from node.trust.head import decode
from node.trust.metadata import Root, Targets, Timestamp, read, time_text
from node.trust.policy import pod_names, resolved_conflict
from node.trust.release import floor_of, highest_sequence, recalled_in
from node.trust.state import read_state
from tests.pod_world import PodWorld, member, releasing, signed
from tests.signed_world import DAY, NOW, built

FOUR = ("ash", "birch", "elm", "fir")
FIRST = ("ash", "birch", "cedar")
SECOND = ("cedar", "elm", "fir")
NEW_PODS = ("maple", "rowan", "willow")


def invited(*names: str) -> tuple[Invitation, ...]:
    return tuple(Invitation.of(member(name)) for name in names)


@dataclass
class Split:
    """A network in two folders.  ``one`` and ``other`` are the same until something else is done in each."""

    one: PodWorld
    other: PodWorld = field(init=False)

    def __post_init__(self) -> None:
        self.other = PodWorld(self.one.folder / "elsewhere")
        self.meet_again()

    def meet_again(self) -> None:
        """Let the other folder be a copy of the one: what was published so far is common to both branches."""
        shutil.rmtree(self.other.net, ignore_errors=True)
        shutil.copytree(self.one.net, self.other.net)

    def halted(self, world: PodWorld) -> Chain:
        """The chain of a farm that holds the branch of ``world`` and has met the other one."""
        chain, foreign = (known(one) for one in (world, self.one if world is self.other else self.other))
        roots = {**network.roots(self.one.net), **network.roots(self.other.net)}
        with pytest.raises(Equivocation) as found:
            chain.verify(foreign.head, NOW, {**roots, **given(foreign)})
        assert found.value.proof
        return chain.halted_by(found.value.proof, NOW, found.value.roots)

    def branch(self, world: PodWorld) -> Branch:
        return branch_of(self.halted(world))

    def resolving(self, *join: str, recall: tuple[str, ...] = ()) -> Resolving:
        return Resolving((self.branch(self.one), self.branch(self.other)), invited(*join), recall)

    def follow(self) -> list[Chain]:
        """What farms of both branches, halted or not told yet, and a newcomer make of what ``one`` has published."""
        head, roots = network.current_head(self.one.net), network.roots(self.one.net)
        farms = [self.before[0], self.before[1], Chain.start(network.genesis(self.one.net)), *self.before_halt]
        return [farm.verify(head, NOW, roots).chain for farm in farms]

    def resolve(self, plan: Plan, *names: str) -> None:
        self.before = [self.halted(self.one), self.halted(self.other)]
        self.before_halt = [known(self.one)]
        self.one.do(plan, *names)


def known(world: PodWorld) -> Chain:
    return published(world.net).verified().chain


def given(chain: Chain) -> dict[bytes, bytes]:
    return dict(zip(decode(chain.head).roots, chain.roots, strict=False))


def branch_of(chain: Chain) -> Branch:
    return Branch(decode(carried(chain)), chain.roots)


def vault_of(world: PodWorld) -> Targets:
    return read(published(world.net).head.delegated["vault"], Targets).signed


@pytest.fixture
def split(tmp_path: Path) -> Split:
    """One release that all know, and then another one on each branch; cedar signed both."""
    split = Split(PodWorld(tmp_path))
    split.one.do(releasing("0.1.0", floor=1), *FIRST)
    split.meet_again()
    split.one.do(releasing("0.1.1"), *FIRST)
    split.other.do(releasing("0.1.2"), *SECOND)
    return split


class TestResolving:
    @pytest.mark.long
    def test_farms_on_both_branches_and_newcomers_go_on(self, split: Split) -> None:
        split.resolve(split.resolving("maple"), *FOUR, "maple")

        for chain in split.follow():
            assert (chain.proof, chain.head) == (b"", network.current_head(split.one.net))
        assert sorted(pod_names(published(split.one.net).root.signed).values()) == [*FOUR, "maple"]

    @pytest.mark.long
    def test_and_take_the_next_release(self, split: Split) -> None:
        split.resolve(split.resolving("maple"), *FOUR, "maple")
        chains = split.follow()

        split.one.do(releasing("0.1.3"), "ash", "elm", "maple")

        head, roots = network.current_head(split.one.net), network.roots(split.one.net)
        newest = [chain.verify(head, NOW, roots).releases[0].name for chain in chains]
        assert newest == ["vault/0.1.3"] * len(chains)

    @pytest.mark.long
    def test_the_culprit_can_sign_its_own_leaving_and_nothing_after_it(self, split: Split) -> None:
        split.resolve(split.resolving("maple"), "ash", "birch", "cedar", "elm", "maple")

        with pytest.raises(PodError, match="neither a pod nor a founder"):
            signed(begin(releasing("0.1.3"), published(split.one.net), NOW), "cedar")

    @pytest.mark.long
    def test_one_branch_and_the_proof_are_enough_where_nobody_can_bring_the_other(self, split: Split) -> None:
        plan = Resolving((split.branch(split.one),), invited("maple"))
        for version in ("0.1.4", "0.1.5"):
            split.other.do(releasing(version), *SECOND)  # and went on, which nobody here knows

        split.one.do(plan, *FOUR, "maple")

        ahead = known(split.other).halted_by(plan.branches[0].head.proof, NOW)
        head, roots = network.current_head(split.one.net), network.roots(split.one.net)
        assert ahead.verify(head, NOW, roots).chain.proof == b""

    @pytest.mark.long
    def test_only_what_all_branches_list_stays_listed_and_floors_and_numbers_are_the_highest(
        self, split: Split
    ) -> None:
        split.other.do(releasing("0.1.4", floor=2), *SECOND)

        split.resolve(split.resolving("maple"), *FOUR, "maple")

        vault = vault_of(split.one)
        assert (list(vault.targets), recalled_in(vault), floor_of(vault)) == (["vault/0.1.0"], (), 2)
        assert vault.version > LEFT_OUT
        assert all(not chain.proof for chain in split.follow())

    @pytest.mark.long
    def test_few_numbers_of_releases_are_left_out_because_each_costs_every_farm_a_link_of_its_chain(
        self, split: Split
    ) -> None:
        split.resolve(split.resolving("maple"), *FOUR, "maple")

        assert highest_sequence("vault", vault_of(split.one)) == 2 + RELEASES_LEFT_OUT
        assert CHAIN_LENGTH >= 50 * RELEASES_LEFT_OUT

    @pytest.mark.long
    def test_what_either_branch_recalled_stays_recalled(self, split: Split) -> None:
        split.other.do(Recalling("vault/0.1.0"), *SECOND)

        split.resolve(split.resolving("maple"), *FOUR, "maple")

        assert (recalled_in(vault_of(split.one)), vault_of(split.one).targets) == (("vault/0.1.0",), {})
        assert all(not chain.proof for chain in split.follow())

    @pytest.mark.long
    def test_a_release_of_either_branch_can_be_recalled_in_the_same_step(self, split: Split) -> None:
        split.resolve(split.resolving("maple", recall=("vault/0.1.2",)), *FOUR, "maple")

        assert recalled_in(vault_of(split.one)) == ("vault/0.1.2",)
        assert all(not chain.proof for chain in split.follow())

    def test_a_release_of_no_branch_cannot(self, split: Split) -> None:
        with pytest.raises(PodError, match=r"vault/9 is released on no branch; released are vault/0\.1\.0, vault/0"):
            split.one.draft(split.resolving("maple", recall=("vault/9",)))

    @pytest.mark.long
    def test_a_heartbeat_meanwhile_makes_the_timestamp_anew_and_past_all_branches(self, split: Split) -> None:
        file = split.one.file(signed(begin(split.resolving("maple"), published(split.one.net), NOW), *FOUR, "maple"))
        network.keep(split.one.net, heartbeat(network.current(split.one.net), member("ash"), NOW))
        with pytest.raises(PodError, match="a heartbeat went out"):
            finish(file, split.one.net, NOW)

        split.one.sign(file, "ash")
        finish(file, split.one.net, NOW)

        stamp = read(published(split.one.net).head.timestamp, Timestamp).signed
        assert stamp.version > LEFT_OUT


class TestManyCulprits:
    def test_several_leave_and_as_many_come(self, tmp_path: Path) -> None:
        split = Split(PodWorld(tmp_path))
        split.one.do(releasing("0.1.1"), "ash", "birch", "cedar")
        split.other.do(releasing("0.1.2"), "ash", "cedar", "fir")
        plan = split.resolving("maple", "oak")

        split.resolve(plan, "ash", "birch", "cedar", "elm", "fir", "maple", "oak")

        names = pod_names(published(split.one.net).root.signed)
        assert sorted(names.values()) == ["birch", "elm", "fir", "maple", "oak"]
        assert all(not chain.proof for chain in split.follow())

    @pytest.mark.parametrize("join", [(), ("maple", "oak")])
    def test_neither_fewer_nor_more(self, split: Split, join: tuple[str, ...]) -> None:
        with pytest.raises(PodError, match=f"cedar signed twice: 1 must join in their place, not {len(join)}"):
            split.one.draft(split.resolving(*join))

    @pytest.mark.long
    def test_all_culprits_of_all_proofs_leave(self, split: Split) -> None:
        """Two farms may hold other copies of one statement, signed by others."""
        richer = Split(PodWorld(split.one.folder / "richer"))
        richer.one.do(releasing("0.1.0", floor=1), *FIRST)
        richer.meet_again()
        richer.one.do(releasing("0.1.1"), *FIRST, "elm")
        richer.other.do(releasing("0.1.2"), *SECOND)
        plan = Resolving((split.branch(split.one), richer.branch(richer.one)), invited("maple", "oak"))

        split.one.do(plan, "ash", "birch", "cedar", "fir", "elm", "maple", "oak")

        head, roots = network.current_head(split.one.net), network.roots(split.one.net)
        halted = known(split.other).halted_by(plan.branches[1].head.proof, NOW)
        assert sorted(pod_names(published(split.one.net).root.signed).values()) == [
            "ash", "birch", "fir", "maple", "oak"
        ]  # fmt: skip
        assert halted.verify(head, NOW, roots).chain.proof == b""

    @pytest.mark.long
    def test_farms_that_were_halted_twice_go_on_once_those_of_both_proofs_have_left(self, split: Split) -> None:
        third = Split(PodWorld(split.one.folder / "third"))
        third.one.do(releasing("0.1.0", floor=1), *FIRST)
        third.meet_again()
        third.one.do(releasing("0.1.3"), "ash", "birch", "fir")
        third.other.do(releasing("0.1.2"), *SECOND)
        second = third.halted(third.one).proof
        halted = [split.halted(world).halted_by(second, NOW) for world in (split.one, split.other)]
        branches = tuple(map(branch_of, halted))
        assert [len(chain.proofs) for chain in halted] == [2, 2]
        with pytest.raises(PodError, match="cedar, fir signed twice: 2 must join in their place, not 1"):
            split.one.draft(Resolving(branches, invited("maple")))

        split.one.do(Resolving(branches, invited("maple", "oak")), *FOUR, "maple", "oak")

        head, roots = network.current_head(split.one.net), network.roots(split.one.net)
        assert [chain.verify(head, NOW, roots).chain.proofs for chain in halted] == [(), ()]


class TestFoundation:
    @pytest.fixture
    def split(self, tmp_path: Path) -> Split:
        """The founders contradict each other; founder-2 and three pods signed both, the snapshots too."""
        split = Split(PodWorld(tmp_path))
        split.one.do(releasing("0.1.1", "foundation"), *FIRST, "founder-1", "founder-2")
        split.other.do(releasing("0.1.2", "foundation"), *SECOND, "founder-2", "founder-3")
        return split

    def test_a_founder_who_signed_twice_ends_the_foundation(self, split: Split) -> None:
        split.resolve(split.resolving("maple", recall=("foundation/0.1.2",)), *FOUR, "maple")

        head = published(split.one.net).head
        assert sorted(head.delegated) == ["app", "vault"]
        assert recalled_in(vault_of(split.one)) == ("foundation/0.1.2",)
        assert all(not chain.proof for chain in split.follow())
        split.one.do(releasing("0.1.3"), *FOUR)
        assert [release.name for release in published(split.one.net).verified().releases] == ["vault/0.1.3"]

    @pytest.mark.long
    def test_the_pods_who_signed_two_snapshots_for_it_leave_too_and_can_halt_nobody_again(self, split: Split) -> None:
        held, foreign = (read_state(published(world.net).head) for world in (split.one, split.other))
        judge = published(split.one.net).root
        snapshots = prove("snapshot", held.snapshot, foreign.snapshot, judge, None)
        assert known(split.one).halted_by(snapshots, NOW).proof

        with pytest.raises(PodError, match="cedar signed twice: 1 must join"):
            split.one.draft(split.resolving())
        split.resolve(split.resolving("maple"), *FOUR, "maple")

        for chain in split.follow():
            assert chain.halted_by(snapshots, NOW) == chain


class TestNotTheirConflict:
    @pytest.mark.long
    def test_founders_sign_anew_where_the_branches_differ_in_the_foundation(self, tmp_path: Path) -> None:
        split = Split(PodWorld(tmp_path))
        split.other.do(releasing("0.1.0", "foundation"), *SECOND, "founder-1", "founder-2")
        split.one.do(releasing("0.1.1"), *FIRST)
        plan = split.resolving("maple")
        with pytest.raises(PodError, match="foundation by 2 more"):
            split.one.do(plan, *FOUR, "maple")

        split.resolve(plan, *FOUR, "maple", "founder-1", "founder-3")

        assert all(not chain.proof for chain in split.follow())


class TestWhatVaultsMayDo:
    @pytest.mark.long
    @pytest.mark.parametrize("is_grown_on_the_base", [False, True])
    def test_no_branch_sees_it_grow(self, tmp_path: Path, *, is_grown_on_the_base: bool) -> None:
        """One branch made a release the anchor that may do much more; the other knows nothing of it."""
        split = Split(PodWorld(tmp_path))
        split.one.do(releasing("0.1.0"), *FIRST)
        split.meet_again()
        much = built("0.1.2", capabilities=replace(TODAY, tcp=True, memory_bytes=2 << 30, open_files=2_048))
        grown, other = (split.one, split.other) if is_grown_on_the_base else (split.other, split.one)
        grown.do(Releasing(much.release, much.manifest), "birch", *SECOND)
        other.do(releasing("0.1.1"), *FIRST)
        assert anchor_in(read(published(grown.net).head.targets, Targets).signed).version == "0.1.2"

        split.resolve(split.resolving("maple", "oak"), "ash", "birch", "elm", "fir", "maple", "oak")

        assert all(not chain.proof for chain in split.follow())
        assert list(vault_of(split.one).targets) == ["vault/0.1.0"]
        assert anchor_in(read(published(split.one.net).head.targets, Targets).signed).version == ""
        assert vault_of(split.one).unrecognized_fields[GROWN_FIELD] == time_text(NOW)


class TestForkedRoots:
    @pytest.fixture
    def split(self, tmp_path: Path) -> Split:
        """Two rotations in one place: ash, birch and cedar signed both."""
        split = Split(PodWorld(tmp_path))
        split.one.do(Rotating("fir", invited("oak")[0]), *FIRST, "elm")
        split.other.do(Rotating("elm", invited("pine")[0]), *FIRST, "fir")
        return split

    @pytest.mark.long
    def test_farms_on_both_branches_and_newcomers_go_on(self, split: Split) -> None:
        split.resolve(split.resolving(*NEW_PODS), *FIRST, "elm", "oak", *NEW_PODS)

        names = pod_names(published(split.one.net).root.signed)
        assert sorted(names.values()) == ["elm", "maple", "oak", "rowan", "willow"]
        assert all(not chain.proof for chain in split.follow())

    @pytest.mark.long
    def test_the_last_root_before_both_must_allow_it(self, split: Split) -> None:
        split.one.do(Rotating("elm", invited("larch")[0]), *FIRST, "oak")
        plan = split.resolving(*NEW_PODS)
        with pytest.raises(PodError, match="root, for the last one before both branches by 1 more"):
            split.one.do(plan, *NEW_PODS, *FIRST, "oak", "larch")

        split.resolve(plan, *NEW_PODS, *FIRST, "oak", "larch", "elm")
        assert all(not chain.proof for chain in split.follow())

    def test_who_remembers_the_root_of_the_other_branch_signs_what_resolves_it_and_nothing_else(
        self, split: Split
    ) -> None:
        ash, root = member("ash"), published(split.other.net).root
        memory = Remembered(ash.root_signer.public_key.keyid, "root", NOW, root, NOW)
        resolution, other = (begin(p, published(split.one.net), NOW) for p in (split.resolving(*NEW_PODS), Rotating()))

        check_consistent(resolution.signed_by(ash), ash, [memory], NOW)
        with pytest.raises(PodError, match="ash has signed another root"):
            check_consistent(other.signed_by(ash), ash, [memory], NOW)

    @pytest.mark.long
    def test_it_begins_on_the_branch_with_more_roots(self, split: Split) -> None:
        for days in (1, 2):
            split.other.do(Rotating(), *FIRST, "fir", now=NOW + days * DAY)

        with pytest.raises(PodError, match="roots up to number 4 that the network's folder does not know"):
            split.one.draft(split.resolving(*NEW_PODS))


class TestRefusedWhenDrafted:
    def test_a_culprit_does_not_come_back_under_another_name(self, split: Split) -> None:
        secret = b"".join(
            [bytes([1]) * SEED_BYTES, bytes([2]) * SEED_BYTES, bytes([3]) * SEED_BYTES]
        )  # of a stranger who brings one key of cedar's
        stranger, cedar = Party.from_secret("maple", secret), member("cedar")
        invitation = Invitation.of(Party("maple", cedar.signer, stranger.root_signer))

        with pytest.raises(PodError, match="is part of this network already"):
            split.one.draft(Resolving((split.branch(split.one),), (invitation,)))

    @pytest.mark.long
    def test_a_culprit_who_left_does_not_come_back_either(self, split: Split) -> None:
        proof = split.branch(split.one)
        split.one.do(Rotating("cedar", invited("oak")[0]), *FOUR, "oak")
        back = Rotating("fir", invited("cedar")[0])

        with pytest.raises(PodError, match=r"no pod that is still there signed twice: 0 must join"):
            split.one.draft(Resolving((proof,), (back.join,)))  # type: ignore[arg-type]  # it has one
        split.one.do(back, "ash", "birch", "elm", "oak")
        split.one.do(Resolving((proof,), invited("pine")), "ash", "birch", "elm", "oak", "pine")
        assert "cedar" not in pod_names(published(split.one.net).root.signed).values()

    def test_nor_does_one_that_left_before_in_the_place_of_another(self, tmp_path: Path) -> None:
        split = Split(PodWorld(tmp_path))
        split.one.do(releasing("0.1.1"), "ash", "birch", "cedar")
        split.other.do(releasing("0.1.2"), "ash", "cedar", "fir")
        proof = split.branch(split.one)
        split.one.do(Rotating("cedar", invited("oak")[0]), *FOUR, "oak")

        with pytest.raises(PodError, match=r"a key of who signed twice \(ash, cedar\) would be among the new ones"):
            split.one.draft(Resolving((proof,), invited("cedar")))
        split.one.draft(Resolving((proof,), invited("maple")))

    def test_what_leaves_farms_halted_is_not_finished(self, split: Split) -> None:
        branches, before = (split.branch(split.one),), published(split.one.net)
        split.one.do(Rotating("fir", invited("maple")[0]), "ash", "birch", "cedar", "elm", "maple")

        with pytest.raises(PodError, match="farms would stay halted"):
            check_resolved_by(branches, before, published(split.one.net))

    def test_what_names_another_conflict_is_not_signed(self, split: Split) -> None:
        proposal = begin(split.resolving("maple"), published(split.one.net), NOW)
        assert (
            resolved_conflict(proposal.statements["root"].signed)
            == look_into((split.branch(split.one),), published(split.one.net)).identity
        )
        file = split.one.folder / "changed.json"
        identity = resolved_conflict(proposal.statements["root"].signed).encode()
        file.write_bytes(encode_file(proposal).replace(identity, b"ab" * 32))

        with pytest.raises(PodError, match=r"the root in .* is not what the plan comes to"):
            open_file(file, published(split.one.net))

    def test_different_conflicts_are_resolved_one_after_the_other(self, split: Split, tmp_path: Path) -> None:
        another = Split(PodWorld(tmp_path / "another"))
        another.one.do(releasing("0.2.1"), *FIRST)
        another.other.do(releasing("0.2.2"), *SECOND)
        plan = Resolving((split.branch(split.one), another.branch(another.one)), invited("maple"))

        with pytest.raises(PodError, match="these show different conflicts; resolve one after the other"):
            split.one.draft(plan)

    def test_what_proves_nothing_here_is_refused(self, split: Split) -> None:
        good = split.branch(split.one)
        foreign = PodWorld(split.one.folder / "foreign", pods=("a", "b", "c", "d", "e"), founders=())
        bare = Branch(msgspec.structs.replace(good.head, proof=b""), good.roots)
        damaged = Branch(msgspec.structs.replace(good.head, proof=good.head.proof[:-1]), good.roots)

        for world, branches, sentence in (
            (split.one, (), "not 0"),
            (split.one, (bare,), "there is no proof in it"),
            (split.one, (damaged,), "it proves nothing in this network"),
            (foreign, (good,), "it proves nothing in this network"),
        ):
            with pytest.raises(PodError, match=sentence):
                world.draft(Resolving(branches, invited("maple")))

    def test_what_is_resolved_is_not_resolved_again(self, split: Split) -> None:
        plan = split.resolving("maple")
        split.one.do(plan, *FOUR, "maple")

        with pytest.raises(PodError, match="this conflict has been resolved"):
            split.one.draft(Resolving(plan.branches, invited("oak")))

    def test_too_few_signatures_resolve_nothing(self, split: Split) -> None:
        with pytest.raises(PodError, match="root, for the one before by 1 more"):
            split.one.do(split.resolving("maple"), "ash", "birch", "elm", "maple")


def test_a_root_of_a_branch_that_is_ahead_is_asked_for(split: Split) -> None:
    split.other.do(Rotating("ash", invited("oak")[0]), "birch", *SECOND)

    ahead = known(split.other).halted_by(split.halted(split.one).proof, NOW)

    with pytest.raises(PodError, match="roots up to number 2 that the network's folder does not know"):
        split.one.draft(Resolving((branch_of(ahead),), invited("maple")))


def test_a_plain_rotation_that_leaves_who_signed_twice_ends_nothing(split: Split) -> None:
    halted = split.halted(split.one)
    split.one.do(Rotating("fir", invited("maple")[0]), "ash", "birch", "cedar", "elm", "maple")

    verified = halted.verify(network.current_head(split.one.net), NOW, network.roots(split.one.net))

    assert verified.chain == halted
    assert isinstance(published(split.one.net).root.signed, Root)


def test_a_plain_rotation_that_leads_who_signed_twice_out_lets_farms_of_its_branch_go_on(split: Split) -> None:
    halted = split.halted(split.one)
    split.one.do(Rotating("cedar", invited("maple")[0]), *FOUR, "maple")

    verified = halted.verify(network.current_head(split.one.net), NOW, network.roots(split.one.net))

    assert not verified.chain.proof
