"""Who signs is told until when all of it holds, and which pod may be gone, while something can be done about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.pod.dates import ends
from node.pod.describe import describe
from node.pod.network import current, keep, published
from node.pod.plans import Beating, Rotating
from node.pod.signing_file import begin
from node.pod.silent import silent
from node.pod.statements import heartbeat
from tests.pod_world import PodWorld, member, releasing
from tests.signed_world import DAY, NOW
from tests.unit.test_pod_resolve import invited

FOUR = ("ash", "birch", "cedar", "elm")


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


def said(world: PodWorld, days: int) -> list[str]:
    return describe(begin(Beating(), published(world.net), NOW + days * DAY))


class TestDates:
    def test_every_draft_names_what_ends_first_and_when(self, world: PodWorld) -> None:
        world.do(releasing("0.1.0"), *FOUR, now=NOW + 30 * DAY)

        assert said(world, 60)[-1] == (
            "What the pods signed as targets ends on 2027-11-22, in 305 days: from then on no farm takes up anything,"
            " not even a recall or a sign of life, before a rotation."
        )

    def test_a_sign_of_life_holds_no_longer_than_all_else(self, world: PodWorld) -> None:
        assert "is still the newest, until 2027-01-06, and nothing else" in said(world, 0)[1]
        assert "is still the newest, until 2027-11-22, and nothing else" in said(world, 350)[1]

    def test_three_months_before_the_end_whoever_signs_anything_is_told_to_rotate(self, world: PodWorld) -> None:
        warned = "Rotate now, while you can: it takes 4 of 5 pods."

        assert (said(world, 270)[-1] == warned, said(world, 280)[-1]) == (False, warned)

    def test_after_the_end_it_says_that_nothing_else_helps(self, world: PodWorld) -> None:
        assert "ended on 2027-11-22: no farm takes up anything" in said(world, 366)[-2]

    def test_a_rotation_is_told_by_what_holds_after_it(self, world: PodWorld) -> None:
        lines = describe(begin(Rotating(), published(world.net), NOW + 350 * DAY))

        assert "ends on 2028-11-06, in 365 days" in lines[-1]

    def test_the_word_on_the_app_alone_may_end_earlier(self, world: PodWorld) -> None:
        known = published(world.net)
        later = begin(Rotating(), known, NOW + 100 * DAY).outcome()
        later.head.delegated["app"] = known.head.delegated["app"]

        lines = ends(later, NOW + 100 * DAY)

        assert "signed as app ends on 2027-11-22, in 265 days: from then on no farm takes up an app" in lines[1]


class TestSilentPods:
    def test_one_that_has_signed_nothing_for_longer_than_half_a_year_is_named(self, world: PodWorld) -> None:
        world.do(releasing("0.1.0"), *FOUR, now=NOW + 150 * DAY)

        assert silent(world.net, published(world.net), NOW + 200 * DAY) == []
        (line,) = silent(world.net, published(world.net), NOW + 201 * DAY)
        assert line == (
            "fir has signed nothing that lies here for 201 days. If it is gone, let another take its place with"
            " 'rotate' at once: with 2 of 5 pods gone, nobody ever can."
        )

    def test_a_heartbeat_shows_that_it_is_there(self, world: PodWorld) -> None:
        keep(world.net, heartbeat(current(world.net), member("fir"), NOW + 150 * DAY))

        assert [line.split()[0] for line in silent(world.net, published(world.net), NOW + 201 * DAY)] == [*FOUR]

    def test_one_that_came_lately_has_been_silent_since_it_came(self, world: PodWorld) -> None:
        world.do(Rotating("fir", invited("maple")[0]), *FOUR, now=NOW + 150 * DAY)

        assert silent(world.net, published(world.net), NOW + 300 * DAY) == []
        assert silent(world.net, published(world.net), NOW + 351 * DAY)[-1].startswith("maple")

    def test_files_that_are_none_count_for_nothing(self, world: PodWorld) -> None:
        metadata = world.net / "metadata"
        (metadata / "77.snapshot.json").write_text("{}")
        (metadata / "x.snapshot.json").write_text("{}")
        (metadata / "78.snapshot.json").symlink_to(metadata / "nowhere")

        assert len(silent(world.net, published(world.net), NOW + 201 * DAY)) == 5
