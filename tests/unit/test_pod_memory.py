"""No pod signs two statements that contradict each other; a draft that was given up locks nobody out."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from node.pod import network
from node.pod.errors import PodError
from node.pod.finish import finish
from node.pod.memory import passed_by, remembered
from node.pod.network import published
from node.pod.plans import Plan
from node.pod.sign import begin_here
from node.pod.signed_files import FOLDER, own_folder
from node.pod.signing_file import begin, open_file
from node.pod.statements import heartbeat
from node.pod.writing import RELEASES_LEFT_OUT, Passed, highest_number
from node.trust.chain import Chain
from node.trust.head import encode
from node.trust.metadata import Targets, read
from tests.pod_world import PodWorld, member, releasing
from tests.signed_world import NOW

THREE = ("ash", "birch", "cedar")
OTHERS = ("cedar", "elm", "fir")


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


def drafted_by(world: PodWorld, name: str, plan: Plan, now: datetime = NOW) -> Path:
    """A signing file that a pod drafts at home, with what it remembers."""
    return world.file(begin_here(plan, world.home_of(name), now))


def hand_over(world: PodWorld, giver: str, taker: str) -> None:
    shutil.copytree(world.home_of(giver) / FOLDER, world.home_of(taker) / FOLDER, dirs_exist_ok=True)


class TestSigning:
    def test_a_pod_signs_one_statement_in_each_place(self, world: PodWorld) -> None:
        first, second = (world.draft(releasing(version)) for version in ("0.1.1", "0.1.2"))
        world.sign(first, "ash")

        with pytest.raises(
            PodError, match="ash has signed another statement of vault in this place, drafted at 2026-11-22T12:00"
        ):
            world.sign(second, "ash")

    def test_the_refused_file_is_as_it_was_and_others_may_sign_it(self, world: PodWorld) -> None:
        first, second = (world.draft(releasing(version)) for version in ("0.1.1", "0.1.2"))
        world.sign(first, "ash")
        before = second.read_bytes()
        with pytest.raises(PodError):
            world.sign(second, "ash")
        assert second.read_bytes() == before

        world.sign(second, "birch")

    def test_the_same_file_is_signed_as_often_as_one_likes(self, world: PodWorld) -> None:
        file = world.draft(releasing("0.1.1"))

        world.sign(file, "ash")
        once = file.read_bytes()
        world.sign(file, "ash")

        assert file.read_bytes() == once

    def test_it_is_remembered_before_the_signature_leaves(
        self, world: PodWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def power_cut(*_: object) -> None:
            raise SystemExit

        file = world.draft(releasing("0.1.1"))
        monkeypatch.setattr("node.pod.sign.replace", power_cut)

        with pytest.raises(SystemExit):
            world.sign(file, "ash")
        assert {memory.role for memory in remembered(world.home_of("ash"))} == {"vault", "snapshot"}

    def test_a_founder_is_held_to_it_too(self, world: PodWorld) -> None:
        first, second = (world.draft(releasing(version, "foundation")) for version in ("0.1.1", "0.1.2"))
        world.sign(first, "founder-1")

        with pytest.raises(PodError, match="founder-1 has signed another statement of foundation in this place"):
            world.sign(second, "founder-1")

    def test_what_follows_what_was_finished_is_signed(self, world: PodWorld) -> None:
        for version in ("0.1.1", "0.1.2"):
            file = drafted_by(world, "ash", releasing(version))
            world.sign(file, *THREE)
            for name in THREE:
                finish(file, world.home_of(name), NOW)

        for name in THREE:
            listed = read(published(world.home_of(name)).head.delegated["vault"], Targets).signed.targets
            assert set(listed) == {"vault/0.1.1", "vault/0.1.2"}

    def test_a_copy_of_another_folder_over_ones_own_forgets_nothing(self, world: PodWorld) -> None:
        first, second = (world.draft(releasing(version)) for version in ("0.1.1", "0.1.2"))
        world.sign(first, "ash")
        world.sign(second, "birch")
        shutil.copytree(world.home_of("birch"), world.home_of("ash"), dirs_exist_ok=True)

        with pytest.raises(PodError, match="ash has signed another statement of vault"):
            world.sign(second, "ash")
        assert {memory.keyid for memory in remembered(world.home_of("ash"))} == {
            member("ash").keyid,
            member("birch").keyid,
        }

    @pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 1}', b"\xff"])
    def test_nothing_is_signed_where_the_memory_is_damaged(self, world: PodWorld, content: bytes) -> None:
        file = world.draft(releasing("0.1.1"))
        world.sign(file, "ash")
        damaged = next(own_folder(world.home_of("ash")).glob("*vault*"))
        damaged.write_bytes(content)

        with pytest.raises(PodError, match="is not what a pod has signed"):
            world.sign(file, "ash")

    @pytest.mark.parametrize(
        ("field", "value", "why"),
        [
            ("format", 3, "has a format that these tools do not know"),
            ("statement", "{}", "is damaged"),
            ("drafted_at", "soon", "is damaged"),
            ("signed_at", "soon", "is damaged"),
            ("key", "ab" * 32, "is damaged: it does not hold what its name says"),
        ],
    )
    def test_nor_where_it_says_what_cannot_be_understood(
        self, world: PodWorld, field: str, value: Any, why: str
    ) -> None:
        file = world.draft(releasing("0.1.1"))
        world.sign(file, "ash")
        entry = next(own_folder(world.home_of("ash")).glob("*vault*"))
        entry.write_text(json.dumps(json.loads(entry.read_bytes()) | {field: value}))

        with pytest.raises(PodError, match=why):
            world.sign(file, "ash")

    def test_nor_where_it_holds_more_than_is_ever_signed(
        self, world: PodWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = world.draft(releasing("0.1.1"))
        world.sign(file, "ash")
        monkeypatch.setattr("node.pod.signed_files.ENTRIES_MAX", 1)

        with pytest.raises(PodError, match="holds over 1 files"):
            world.sign(file, "ash")


class TestGivenUp:
    def test_the_next_draft_leaves_the_number_out_and_is_signed_by_the_same_pods(self, world: PodWorld) -> None:
        given_up = drafted_by(world, "ash", releasing("0.1.1"))
        world.sign(given_up, "ash")

        file = drafted_by(world, "ash", releasing("0.1.2"))
        world.sign(file, *THREE)
        finish(file, world.net, NOW)

        assert published_vault(world).version == 4

    def test_even_if_it_was_complete_and_somebody_publishes_it_no_farm_halts(self, world: PodWorld) -> None:
        given_up = drafted_by(world, "ash", releasing("0.1.1"))
        world.sign(given_up, *THREE)
        leaked = Chain.start(network.genesis(world.net)).verify(
            encode(open_file(given_up, published(world.net)).head()), NOW
        )
        file = drafted_by(world, "ash", releasing("0.1.2"))
        world.sign(file, *THREE)
        finish(file, world.net, NOW)

        beaten = heartbeat(published(world.net).head, member("ash"), NOW)  # both timestamps have one number
        verified = leaked.chain.verify(encode(beaten), NOW)

        assert verified.is_newer
        assert [(release.name, release.sequence) for release in verified.releases] == [("vault/0.1.2", 2)]

    def test_who_drafts_without_knowing_of_it_is_told_by_whoever_signed(self, world: PodWorld) -> None:
        world.sign(drafted_by(world, "birch", releasing("0.1.1")), "birch")
        ignorant = drafted_by(world, "ash", releasing("0.1.2"))
        with pytest.raises(PodError, match="give the folder 'signed' of your network to whoever drafts this anew"):
            world.sign(ignorant, "birch")

        hand_over(world, "birch", "ash")
        file = drafted_by(world, "ash", releasing("0.1.2"))
        world.sign(file, *THREE)
        finish(file, world.net, NOW)

    def test_several_that_were_given_up_by_different_pods_are_all_left_out(self, world: PodWorld) -> None:
        world.sign(drafted_by(world, "ash", releasing("0.1.1")), "ash")
        world.sign(drafted_by(world, "birch", releasing("0.1.2")), "birch")
        world.sign(drafted_by(world, "birch", releasing("0.1.3")), "birch")
        for name in ("ash", "birch"):
            hand_over(world, name, "cedar")

        file = drafted_by(world, "cedar", releasing("0.1.4"))
        world.sign(file, *THREE)
        finish(file, world.net, NOW)

        assert published_vault(world).version == 6

    def test_when_others_published_another_one_in_its_place_one_number_is_left_out(self, world: PodWorld) -> None:
        world.sign(drafted_by(world, "ash", releasing("0.1.1")), "ash")
        overtaking = world.draft(releasing("0.1.2"))
        world.sign(overtaking, *OTHERS)
        for folder in (world.net, world.home_of("ash")):
            finish(overtaking, folder, NOW)

        file = drafted_by(world, "ash", releasing("0.1.3"))
        world.sign(file, "ash", *OTHERS[:2])
        finish(file, world.net, NOW)

        assert published_vault(world).version == 4

    def test_once_that_is_published_too_the_numbers_are_the_usual_ones(self, world: PodWorld) -> None:
        self.test_when_others_published_another_one_in_its_place_one_number_is_left_out(world)
        shutil.copytree(world.home_of("ash") / FOLDER, world.net / FOLDER)

        assert passed_by(remembered(world.net), published(world.net).head, NOW) == {}

    @pytest.mark.parametrize(
        ("role", "passed"),
        [
            ("vault", Passed(highest_number(NOW) + 1, "ab" * 32)),
            ("vault", Passed(0, "ab" * 32)),
            ("vault", Passed(2, "ab" * 32, RELEASES_LEFT_OUT + 1)),
            ("vault", Passed(2, "ab" * 32, -1)),
            ("vault", Passed(2, "x")),
            ("root", Passed(2, "ab" * 32)),
            ("timestamp", Passed(2, "")),
            ("other", Passed(2, "ab" * 32)),
        ],
    )
    def test_nobody_makes_a_network_run_out_of_numbers(self, world: PodWorld, role: str, passed: Passed) -> None:
        with pytest.raises(PodError):
            begin(releasing("0.1.1"), published(world.net), NOW, {role: passed})

    def test_what_a_file_leaves_out_is_part_of_what_is_derived_anew(self, world: PodWorld) -> None:
        world.sign(drafted_by(world, "ash", releasing("0.1.1")), "ash")
        file = drafted_by(world, "ash", releasing("0.1.2"))
        content = file.read_bytes()
        assert b'"number": 2' in content
        file.write_bytes(content.replace(b'"number": 2', b'"number": 3'))

        with pytest.raises(PodError, match="is not what the plan comes to"):
            open_file(file, published(world.net))


def test_a_memory_from_the_end_of_time_is_damaged(world: PodWorld) -> None:
    world.sign(drafted_by(world, "ash", releasing("0.1.1")), "ash")
    for entry in own_folder(world.home_of("ash")).iterdir():
        entry.write_bytes(entry.read_bytes().replace(b"2026-11-22", b"9999-12-31", 1))

    with pytest.raises(PodError, match="is damaged: nothing is drafted in the year 9999"):
        remembered(world.home_of("ash"))


def published_vault(world: PodWorld) -> Targets:
    return read(published(world.net).head.delegated["vault"], Targets).signed
