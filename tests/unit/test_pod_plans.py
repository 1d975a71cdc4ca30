"""What pods can do together: release, recall, exchange a pod, end the foundation earlier."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from node.pod import network
from node.pod.build import build_tree
from node.pod.describe import URGENT, describe
from node.pod.errors import PodError
from node.pod.finish import finish
from node.pod.invitation import Invitation
from node.pod.known import KnownNetwork
from node.pod.network import published
from node.pod.parties import Party
from node.pod.plans import Plan, Reaffirming, Recalling, Releasing, Rotating
from node.pod.signing_file import begin
from node.pod.statements import first_head
from node.trust.chain import Verified
from node.trust.errors import NotEnoughSignatures
from node.trust.head import encode
from node.trust.metadata import Root, Targets, read, time_text
from node.trust.policy import foundation_until, is_hybrid, pod_names
from node.trust.release import FLOOR_FIELD, floor_of, recalled_in
from tests.pod_world import PodWorld, member, releasing, signed
from tests.signed_world import DAY, NOW, built, party

FOUR = ("ash", "birch", "cedar", "elm")
TWO_FOUNDERS = ("founder-1", "founder-2")


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


def says_of(world: PodWorld, plan: Plan) -> list[str]:
    return describe(begin(plan, published(world.net), NOW))


def farm(world: PodWorld) -> Verified:
    """What a farm sees that knows the network's beginning only."""
    return network.check(world.net, network.current_head(world.net), NOW)


def vault_of(world: PodWorld) -> Targets:
    return read(published(world.net).head.delegated["vault"], Targets).signed


def root_of(world: PodWorld) -> Root:
    return published(world.net).root.signed


class TestReleasing:
    def test_three_pods_release(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), "ash", "cedar", "fir")

        [release] = farm(world).releases
        assert (release.name, release.signers) == ("vault/0.1.1", ("ash", "cedar", "fir"))

    def test_two_do_not(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="vault by 1 more"):
            world.do(releasing("0.1.1"), "ash", "cedar")
        assert farm(world).releases == ()

    def test_a_release_of_the_foundation_takes_two_founders_and_three_pods(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="foundation by 1 more"):
            world.do(releasing("0.1.1", "foundation"), "ash", "birch", "cedar", "founder-1")

        world.do(releasing("0.1.1", "foundation"), "ash", "birch", "cedar", *TWO_FOUNDERS)
        assert [release.signers for release in farm(world).releases] == [TWO_FOUNDERS]

    @pytest.mark.parametrize("floor", [1, 2])
    def test_a_release_raises_the_floor_up_to_itself(self, world: PodWorld, floor: int) -> None:
        world.do(releasing("0.1.1"), *FOUR)
        world.do(releasing("0.1.2", floor=floor), *FOUR)

        assert floor_of(vault_of(world)) == floor

    def test_but_not_above_itself(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="the floor 2 is above the release itself, which is number 1"):
            world.draft(releasing("0.1.1", floor=2))

    def test_a_release_without_a_floor_leaves_it_where_it_is(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1", floor=1), *FOUR)
        world.do(releasing("0.1.2"), *FOUR)

        assert vault_of(world).unrecognized_fields[FLOOR_FIELD] == 1


class TestUrgentReleases:
    def test_four_pods_release_it_and_three_do_not(self, world: PodWorld) -> None:
        made = built("0.1.1", is_urgent=True)
        with pytest.raises(PodError, match="vault by 1 more"):
            world.do(Releasing(made.release, made.manifest), *FOUR[:3])

        world.do(Releasing(made.release, made.manifest), *FOUR)
        assert [release.is_urgent for release in farm(world).releases] == [True]

    def test_who_signs_is_told(self, world: PodWorld) -> None:
        made = built("0.1.1", is_urgent=True)
        assert URGENT in says_of(world, Releasing(made.release, made.manifest))
        assert URGENT not in says_of(world, releasing("0.1.1"))

    def test_the_next_release_takes_three_again(self, world: PodWorld) -> None:
        made = built("0.1.1", is_urgent=True)
        world.do(Releasing(made.release, made.manifest), *FOUR)
        world.do(releasing("0.1.2"), *FOUR[:3])
        assert farm(world).releases[0].name == "vault/0.1.2"

    def test_the_foundation_can_build_none(self, tmp_path: Path) -> None:
        with pytest.raises(PodError, match="only pods"):
            build_tree(tmp_path, "0.1.1", role="foundation", is_urgent=True)


class TestReaffirming:
    def test_four_pods_stand_by_a_release_and_three_do_not(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), *FOUR[:3])
        with pytest.raises(PodError, match="vault by 1 more"):
            world.do(Reaffirming("vault/0.1.1"), *FOUR[:3])
        assert not farm(world).releases[0].is_reaffirmed

        world.do(Reaffirming("vault/0.1.1"), *FOUR)
        assert farm(world).releases[0].is_reaffirmed

    def test_who_signs_is_told_for_whom_it_is(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), *FOUR)
        told = " ".join(says_of(world, Reaffirming("vault/0.1.1")))
        assert "It reaffirms vault/0.1.1" in told
        assert "takes it unproven after all others" in told

    def test_what_is_not_released_cannot_be_stood_by(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="is not released"):
            world.draft(Reaffirming("vault/0.1.1"))

    def test_the_next_release_and_a_recall_take_three_again(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), *FOUR)
        world.do(Reaffirming("vault/0.1.1"), *FOUR)
        world.do(releasing("0.1.2"), *FOUR[:3])
        assert not any(release.is_reaffirmed for release in farm(world).releases)

        world.do(Reaffirming("vault/0.1.2"), *FOUR)
        world.do(Recalling("vault/0.1.1"), *FOUR[:3])
        assert not any(release.is_reaffirmed for release in farm(world).releases)


class TestRecalling:
    def test_three_pods_recall_and_the_release_before_is_the_newest_again(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), *FOUR)
        world.do(releasing("0.1.2"), *FOUR)
        chain = farm(world).chain

        world.do(Recalling("vault/0.1.2"), "ash", "birch", "fir")

        verified = chain.verify(network.current_head(world.net), NOW, network.roots(world.net))
        assert [release.name for release in verified.releases] == ["vault/0.1.1"]
        assert verified.is_news
        assert recalled_in(vault_of(world)) == ("vault/0.1.2",)

    def test_two_pods_recall_nothing(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), *FOUR)

        with pytest.raises(PodError, match="vault by 1 more"):
            world.do(Recalling("vault/0.1.1"), "ash", "birch")

    def test_a_recalled_version_is_never_released_again(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), *FOUR)
        world.do(Recalling("vault/0.1.1"), *FOUR)

        with pytest.raises(PodError, match="was released before"):
            world.draft(releasing("0.1.1"))
        with pytest.raises(PodError, match="was recalled before"):
            world.draft(Recalling("vault/0.1.1"))

    def test_the_pods_recall_what_the_foundation_released(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1", "foundation"), *FOUR, *TWO_FOUNDERS)
        world.do(Recalling("foundation/0.1.1"), "ash", "birch", "fir")

        assert recalled_in(vault_of(world)) == ("foundation/0.1.1",)

    def test_a_recall_keeps_the_others_and_all_that_the_statement_says(self, world: PodWorld) -> None:
        for version in ("0.1.1", "0.1.2", "0.1.3"):
            world.do(releasing(version, floor=1), *FOUR)
        world.do(Recalling("vault/0.1.2"), *FOUR)
        world.do(Recalling("vault/0.1.3"), *FOUR)

        assert list(vault_of(world).targets) == ["vault/0.1.1"]
        assert recalled_in(vault_of(world)) == ("vault/0.1.2", "vault/0.1.3")
        assert floor_of(vault_of(world)) == 1


class TestRotating:
    def swap(self, leave: str = "fir", join: str = "maple") -> Rotating:
        return Rotating(leave, Invitation.of(member(join)))

    def test_a_pod_takes_the_place_of_another_and_farms_follow(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), "ash", "birch", "fir")
        chain = farm(world).chain

        world.do(self.swap(), *FOUR)

        verified = chain.verify(network.current_head(world.net), NOW, network.roots(world.net))
        assert sorted(pod_names(root_of(world)).values()) == [*FOUR, "maple"]
        assert [release.name for release in verified.releases] == ["vault/0.1.1"]

    def test_the_new_pod_counts_from_then_on_and_the_old_one_no_more(self, world: PodWorld) -> None:
        world.do(self.swap(), *FOUR)

        world.do(releasing("0.1.1"), "ash", "birch", "maple")

        assert farm(world).releases[0].signers == ("ash", "birch", "maple")
        with pytest.raises(PodError, match="neither a pod nor a founder"):
            signed(begin(releasing("0.1.2"), published(world.net), NOW), "fir")

    def test_the_old_pods_must_agree_whoever_the_new_ones_are(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="root, for the one before by 1 more"):
            world.do(self.swap(), "ash", "birch", "cedar", "maple")

    def test_the_new_pods_must_agree_too(self, world: PodWorld) -> None:
        """The leaving pod helps to meet the old threshold, and not the new one."""
        with pytest.raises(PodError, match=r"root by 1 more \(signed by ash, birch, cedar\)"):
            world.do(self.swap(), "ash", "birch", "cedar", "fir")

    def test_farms_refuse_a_rotation_that_too_few_signed(self, world: PodWorld) -> None:
        proposal = signed(begin(self.swap(), published(world.net), NOW), "ash", "birch", "cedar", "maple")

        with pytest.raises(NotEnoughSignatures, match="root: signed by 3 pods, 4 are needed"):
            farm(world).chain.verify(encode(proposal.head()), NOW, proposal.outcome().chunks())

    def test_a_pod_renews_its_own_keys(self, world: PodWorld) -> None:
        renewed = Party.from_secret("fir", bytes(range(96)))
        plan = Rotating("fir", Invitation.of(renewed))

        world.do(plan, *FOUR)

        assert pod_names(root_of(world))[renewed.keyid] == "fir"
        assert member("fir").keyid not in root_of(world).keys

    @pytest.mark.parametrize(
        ("plan", "sentence"),
        [
            (Rotating("fir"), "name both, or none"),
            (Rotating("", Invitation.of(member("maple"))), "name both, or none"),
            (Rotating("oak", Invitation.of(member("maple"))), "there is no pod 'oak'"),
            (Rotating("fir", Invitation.of(member("ash"))), "part of this network already"),
            (Rotating("fir", Invitation.of(member("fir"))), "part of this network already"),
            (Rotating("fir", Invitation.of(member("founder-1"))), "no farm would accept this"),
            (Rotating("fir", Invitation.of(Party.from_secret("ash", bytes(range(96))))), "no farm would accept this"),
            (Rotating(foundation_until="2099-01-01T00:00:00Z"), "only be moved to an earlier one"),
            (Rotating(foundation_until="tomorrow"), "no date"),
        ],
        ids=range(9),
    )
    def test_what_is_not_possible_is_not_drafted(self, world: PodWorld, plan: Plan, sentence: str) -> None:
        with pytest.raises(PodError, match=sentence):
            world.draft(plan)

    def test_every_date_is_renewed_and_nothing_else_is_changed(self, world: PodWorld) -> None:
        world.do(releasing("0.1.1"), *FOUR)
        before = published(world.net)

        world.do(Rotating(), *FOUR, now=NOW + 300 * DAY)

        later = published(world.net)
        later.check_fresh(NOW + 340 * DAY)
        assert root_of(world).keys == before.root.signed.keys
        assert vault_of(world).targets == read(before.head.delegated["vault"], Targets).signed.targets
        assert root_of(world).expires - NOW == timedelta(days=300 + 3 * 365)

    def test_without_it_a_network_ends_after_a_year(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="no farm would accept this: targets"):
            world.do(releasing("0.1.1"), *FOUR, now=NOW + 366 * DAY)

        world.do(Rotating(), *FOUR, now=NOW + 366 * DAY)
        world.do(releasing("0.1.1"), *FOUR, now=NOW + 366 * DAY)

    def test_the_foundation_ends_earlier_when_pods_and_founders_say_so(self, world: PodWorld) -> None:
        plan = Rotating(foundation_until=time_text(NOW + 30 * DAY))
        with pytest.raises(PodError, match="foundation by 2 more"):
            world.do(plan, *FOUR)

        world.do(plan, *FOUR, *TWO_FOUNDERS)

        assert foundation_until(root_of(world)) == NOW + 30 * DAY
        with pytest.raises(PodError, match="only be moved to an earlier one"):
            world.draft(Rotating(foundation_until=time_text(NOW + 31 * DAY)))

    def test_a_network_whose_roots_are_signed_with_ed25519_alone_gets_hybrid_keys_pod_by_pod(
        self, tmp_path: Path
    ) -> None:
        pods, founders = (
            [party(number) for number in range(1, 6)],
            [party(number, f"f-{number}") for number in (11, 12)],
        )
        genesis, head = first_head(pods, founders, NOW)
        known = KnownNetwork(genesis, (), head)
        for old, name in zip(list(pods), ("a", "b", "c", "d", "e"), strict=True):
            plan = Rotating(old.name, Invitation.of(member(name)))
            proposal = begin(plan, known, NOW)
            pods = [*(pod for pod in pods if pod.name != old.name), member(name)]
            for pod in [old, *pods]:
                proposal = proposal.signed_by(pod)
            assert proposal.is_complete
            known = proposal.outcome()
            known.check_fresh(NOW)

        assert is_hybrid(known.root.signed)


def test_what_was_finished_is_not_finished_again(world: PodWorld) -> None:
    file = world.file(signed(begin(releasing("0.1.1"), published(world.net), NOW), *FOUR))
    finish(file, world.net, NOW)
    before = network.current_head(world.net)

    with pytest.raises(PodError, match="is finished already"):
        finish(file, world.net, NOW)
    assert network.current_head(world.net) == before
