"""A pod that numbers what it signs as high as it can hinders nobody for longer than it stays."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from node.pod.errors import PodError
from node.pod.finish import finish
from node.pod.known import KnownNetwork
from node.pod.memory import remember, remembered
from node.pod.network import keep, published
from node.pod.plans import Beating, Plan, Rotating
from node.pod.sign import begin_here
from node.pod.signed_files import FOLDER
from node.pod.signing_file import begin
from node.pod.writing import RELEASES_LEFT_OUT, highest_number, sign, timestamp
from node.trust.chain import Chain
from node.trust.head import encode
from node.trust.metadata import VERSION_MAX, Snapshot, Timestamp, read
from node.trust.release import highest_sequence
from tests.pod_world import PodWorld, member, releasing
from tests.signed_world import DAY, NOW
from tests.unit.test_pod_resolve import invited

HONEST = ("ash", "birch", "cedar", "elm")
LEAVING = Rotating("fir", invited("maple")[0])


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


def numbered_by_fir(known: KnownNetwork, number: int) -> KnownNetwork:
    stamp = sign(timestamp(NOW, number, read(known.head.snapshot, Snapshot).metadata), [member("fir")])
    return known.stamped(stamp.to_bytes())


def spoil(folder: Path, number: int = VERSION_MAX) -> None:
    """Let the folder hold fir's word, as after a copy of fir's folder over it."""
    keep(folder, numbered_by_fir(published(folder), number).head)


def number_of(folder: Path) -> int:
    return read(published(folder).head.timestamp, Timestamp).signed.version


class TestTimestamps:
    def test_a_rotation_without_the_one_who_numbered_the_last_too_high_is_signed_and_followed(
        self, world: PodWorld
    ) -> None:
        before = published(world.net)
        for folder in (world.net, *(world.home_of(name) for name in HONEST)):
            spoil(folder)

        file = world.file(begin_here(LEAVING, world.net, NOW))
        world.sign(file, *HONEST)
        finish(file, world.net, NOW)

        after = published(world.net)
        held = Chain.start(before.genesis).verify(encode(before.head), NOW).chain
        believing = replace(held, head=encode(numbered_by_fir(before, VERSION_MAX).head))
        for farm in (Chain.start(before.genesis), held, believing):
            assert farm.verify(encode(after.head), NOW, after.chunks()).is_newer
        assert number_of(world.net) == highest_number(NOW)

    def test_after_it_everything_goes_on(self, world: PodWorld) -> None:
        self.test_a_rotation_without_the_one_who_numbered_the_last_too_high_is_signed_and_followed(world)
        for name in HONEST:
            shutil.rmtree(world.home_of(name))

        for plan, names in ((Beating(), ("ash",)), (releasing("0.1.1"), HONEST[:3])):
            file = world.file(begin_here(plan, world.net, NOW + DAY))
            world.sign(file, *names, now=NOW + DAY)
            finish(file, world.net, NOW + DAY)

        assert number_of(world.net) == highest_number(NOW) + 2

    def test_it_is_also_signed_where_the_folder_holds_nothing_of_the_kind_and_leaves_nothing_of_it_there(
        self, world: PodWorld
    ) -> None:
        spoil(world.net)
        file = world.file(begin(LEAVING, published(world.net), NOW))
        for name in HONEST:
            shutil.copytree(world.net, world.home_of(name), dirs_exist_ok=True)
        shutil.rmtree(world.home_of("birch"))
        clean = PodWorld(world.folder / "clean")
        shutil.copytree(clean.net, world.home_of("birch"), dirs_exist_ok=True)

        world.sign(file, *HONEST)
        assert number_of(world.home_of("birch")) == 1
        finish(file, world.net, NOW)

    @pytest.mark.parametrize("plan", [Beating(), releasing("0.1.1"), Rotating("elm", invited("maple")[0])])
    def test_nobody_builds_on_such_a_number_and_is_told_whose_it_is(self, world: PodWorld, plan: Plan) -> None:
        spoil(world.net, VERSION_MAX - 3)

        with pytest.raises(PodError, match=r"fir numbered the last sign of life so high .* let fir leave"):
            begin_here(plan, world.net, NOW)

    def test_nobody_takes_it_over_from_a_signing_file(self, world: PodWorld) -> None:
        far = NOW + 8_000 * DAY * 365 / 2  # a date by which such a number would be an ordinary one
        high = numbered_by_fir(published(world.net), highest_number(far))
        file = world.file(begin(Beating(), high, far).signed_by(member("fir")))

        with pytest.raises(PodError, match=r"nobody signs what is .* in the future"):
            world.sign(file, "ash")
        with pytest.raises(PodError, match="numbered so high that nothing could follow it"):
            finish(file, world.home_of("ash"), NOW)
        assert number_of(world.home_of("ash")) == 1

    def test_what_is_a_day_ahead_is_followed(self, world: PodWorld) -> None:
        spoil(world.net, highest_number(NOW + DAY) - 1)

        file = world.file(begin_here(Beating(), world.net, NOW))
        world.sign(file, "ash")
        finish(file, world.net, NOW)
        assert number_of(world.net) == highest_number(NOW + DAY)


class TestSignedEntries:
    def handed_over(self, world: PodWorld, number: int, sequence: int) -> None:
        """Fir signs a statement of its own, and ash copies fir's folder over its own one."""
        proposal = begin(releasing("0.1.1"), published(world.net), NOW)
        vault = proposal.statements["vault"].signed
        vault.version = number
        vault.unrecognized_fields["x-sequence"] = sequence
        for target in vault.targets.values():
            target.unrecognized_fields["custom"]["sequence"] = sequence
        theirs = world.home_of("fir")
        network_folder = theirs / FOLDER
        network_folder.mkdir()

        remember(theirs, proposal.signed_by(member("fir")), member("fir"), NOW)
        shutil.copytree(theirs, world.home_of("ash"), dirs_exist_ok=True)
        assert number in {memory.statement.signed.version for memory in remembered(world.home_of("ash"))}

    @pytest.mark.parametrize("plan", [releasing("0.1.3"), LEAVING])
    @pytest.mark.parametrize(("number", "sequence"), [(VERSION_MAX - 5, 1), (2, VERSION_MAX - 5)])
    def test_a_number_that_nobody_honest_signs_hinders_no_draft(
        self, world: PodWorld, plan: Plan, number: int, sequence: int
    ) -> None:
        self.handed_over(world, number, sequence)

        world.sign(world.file(begin_here(plan, world.home_of("ash"), NOW)), *HONEST)

    @pytest.mark.parametrize("sequence", [highest_number(NOW), 2 + RELEASES_LEFT_OUT])
    def test_no_pod_alone_makes_the_pods_skip_more_numbers_of_releases_than_a_vote_has_links(
        self, world: PodWorld, sequence: int
    ) -> None:
        world.do(releasing("0.1.0"), *HONEST)
        self.handed_over(world, 3, sequence)

        proposal = begin_here(releasing("0.1.2"), world.home_of("ash"), NOW)

        assert highest_sequence("vault", proposal.statements["vault"].signed) == 2

    def test_what_was_drafted_after_the_highest_that_counts_can_be_given_up_too(self, world: PodWorld) -> None:
        self.handed_over(world, highest_number(NOW), 1)
        world.sign(world.file(begin_here(releasing("0.1.2"), world.home_of("ash"), NOW)), *HONEST)

        later = NOW + DAY
        world.sign(world.file(begin_here(releasing("0.1.3"), world.home_of("ash"), later)), *HONEST, now=later)
