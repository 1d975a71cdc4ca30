"""No pod signs two roots that could both become complete, although no number of a root can be left out."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from node.pod.errors import PodError
from node.pod.finish import finish
from node.pod.memory import check_consistent
from node.pod.network import published
from node.pod.plans import Rotating
from node.pod.signed_files import FOLDER, Remembered, own_folder
from node.pod.signing_file import AGE_MAX, AHEAD_MAX, begin, check_time, encode_file, open_file
from node.trust.metadata import Root, read, time_text
from tests.pod_world import PodWorld, member, releasing
from tests.signed_world import DAY, NOW
from tests.unit.test_pod_memory import THREE, drafted_by, hand_over, published_vault
from tests.unit.test_pod_resolve import invited

HOUR = timedelta(hours=1)
LATER = NOW + DAY
LAST = NOW + AGE_MAX + AHEAD_MAX  # when somebody may still sign what was drafted at NOW


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


class TestRoots:
    """A root's number cannot be left out."""

    def drafts(self, world: PodWorld) -> tuple[Path, Path]:
        """A rotation that ash and birch have signed, and a later one by cedar, who knows of it."""
        first = drafted_by(world, "ash", Rotating("fir", invited("maple")[0]))
        world.sign(first, "ash", "birch")
        for name in ("ash", "birch"):
            hand_over(world, name, "cedar")
        return first, drafted_by(world, "cedar", Rotating("fir", invited("oak")[0]), LATER)

    @pytest.mark.long
    def test_a_second_rotation_is_signed_first_by_those_who_have_not_signed_the_other(self, world: PodWorld) -> None:
        _, second = self.drafts(world)
        refusal = "ash has signed another root in this place.*or let 3 others sign this first, or wait until 2026-12-22"
        for other in ("cedar", "elm", "fir"):
            with pytest.raises(PodError, match=refusal):
                world.sign(second, "ash", now=LATER)
            world.sign(second, other, now=LATER)

        world.sign(second, "ash", "birch", now=LATER)

        finish(second, world.net, LATER)

    def test_signatures_of_others_who_may_not_sign_the_earlier_one_do_not_count(self, world: PodWorld) -> None:
        _, second = self.drafts(world)
        world.sign(second, "cedar", "oak", now=LATER)

        with pytest.raises(PodError, match="ash has signed another root"):
            world.sign(second, "ash", now=LATER)

    def test_nobody_goes_back_to_an_earlier_one(self, world: PodWorld) -> None:
        first, second = self.drafts(world)
        world.sign(second, "cedar", now=LATER)

        with pytest.raises(PodError, match="cedar has signed another"):
            world.sign(first, "cedar", now=LATER)

    def test_one_that_is_too_old_to_be_signed_stands_in_nobodys_way(self, world: PodWorld) -> None:
        self.drafts(world)
        for moment, is_allowed in ((LAST, False), (LAST + timedelta(seconds=1), True)):
            second = drafted_by(world, "ash", Rotating("fir", invited("oak")[0]), moment)
            if is_allowed:
                world.sign(second, "ash", now=moment)
            else:
                with pytest.raises(PodError, match="ash has signed another root"):
                    world.sign(second, "ash", now=moment)

    def test_one_pod_that_signs_both_brings_no_second_one_about(self, world: PodWorld) -> None:
        first = drafted_by(world, "fir", Rotating())
        world.sign(first, *THREE)
        hand_over(world, "ash", "fir")
        second = drafted_by(world, "fir", Rotating(), NOW + HOUR)
        both = [open_file(file, published(world.net)).signed_by(member("fir")) for file in (first, second)]
        assert both[0].is_complete
        second.write_bytes(encode_file(both[1]))
        world.sign(second, "elm", now=NOW + HOUR)

        for name in THREE:
            with pytest.raises(PodError, match=f"{name} has signed another root"):
                world.sign(second, name, now=NOW + HOUR)

    def test_one_that_is_dated_back_is_too_old_no_sooner(self, world: PodWorld) -> None:
        first = drafted_by(world, "fir", Rotating(), NOW - timedelta(days=29, hours=23))
        world.sign(first, *THREE, "elm")
        hand_over(world, "ash", "fir")

        for moment, is_allowed in ((NOW + 3 * HOUR, False), (LAST, False), (LAST + timedelta(seconds=1), True)):
            second = drafted_by(world, "fir", Rotating(), moment)
            if is_allowed:
                world.sign(second, "ash", now=moment)
            else:
                with pytest.raises(PodError, match=f"ash has signed another root.*or wait until {time_text(LAST)}"):
                    world.sign(second, "ash", now=moment)

    def test_when_it_was_signed_is_asked_of_nobody_else(self, world: PodWorld) -> None:
        world.sign(drafted_by(world, "fir", Rotating()), "ash")
        home = world.home_of("ash")
        for file in (home / FOLDER).glob("*.root.*"):
            told = json.loads(file.read_bytes()) | {"signed_at": "2020-01-01T00:00:00Z"}
            file.write_text(json.dumps(told | {"drafted_at": "2020-01-01T00:00:00Z"}))
        shutil.rmtree(own_folder(home))

        with pytest.raises(PodError, match="ash has signed another root"):
            world.sign(drafted_by(world, "ash", Rotating(), NOW + HOUR), "ash", now=NOW + HOUR)

    def test_one_that_was_given_up_delays_no_release(self, world: PodWorld) -> None:
        self.drafts(world)

        file = drafted_by(world, "cedar", releasing("0.1.1"))
        world.sign(file, *THREE)
        finish(file, world.net, NOW)

        assert published_vault(world).version == 4

    def test_whoever_draws_up_a_rotation_without_knowing_is_told_so_before_others_sign(self, world: PodWorld) -> None:
        self.drafts(world)
        ignorant = drafted_by(world, "elm", Rotating("fir", invited("oak")[0]), LATER)

        with pytest.raises(PodError, match="give the folder 'signed' of your network to whoever drafts this anew"):
            world.sign(ignorant, "ash", now=LATER)

    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("back", [timedelta(), timedelta(days=29)])
    @pytest.mark.parametrize("dishonest", ["", "fir"])
    def test_whatever_the_order_no_two_roots_become_complete(
        self, world: PodWorld, seed: int, back: timedelta, dishonest: str
    ) -> None:
        random, known, now = Random(seed), published(world.net), NOW + 4 * HOUR
        drafts = [begin(Rotating(), known, NOW - back + number * HOUR) for number in range(3)]
        roots = [replace(draft, statements={"root": draft.statements["root"]}) for draft in drafts]
        memories: dict[str, list[Remembered]] = {name: [] for name in world.pods}
        for _ in range(40):
            now += HOUR  # less than two days in all: nobody signs for so long what another pod holds back
            name, number = random.choice(world.pods), random.randrange(3)
            signed = roots[number].signed_by(member(name))
            with contextlib.suppress(PodError):
                if name != dishonest:
                    check_time(signed, now)
                    check_consistent(signed, member(name), memories[name], now)
                root = read(signed.statements["root"].to_bytes(), Root)
                keyid = member(name).root_signer.public_key.keyid
                memories[name].append(Remembered(keyid, "root", signed.at, root, now))
                roots[number] = signed

        assert sum(root.counts()[0].missing == 0 for root in roots) <= 1
