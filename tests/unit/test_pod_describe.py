"""What a person is told before signing: what will be signed, and what a release changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from node.pod.build import Built, build_tree
from node.pod.describe import describe, describe_changes
from node.pod.difference import changes, gained
from node.pod.errors import PodError
from node.pod.invitation import Invitation
from node.pod.kept import keep_release
from node.pod.network import keep, published
from node.pod.plans import Beating, Plan, Recalling, Releasing, Rotating
from node.pod.proposal import Proposal
from node.pod.sign import rebuild
from node.pod.signing_file import begin
from node.pod.statements import following_head
from node.pod.writing import Statements, next_snapshot, next_targets, next_timestamp, sign
from node.trust.capabilities import Capabilities, as_declared
from node.trust.metadata import time_text
from tests.pod_world import PodWorld, founding, member
from tests.signed_world import DAY, NOW

FOUR = ("ash", "birch", "cedar", "elm")


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (folder / name).write_text("one\ntwo\nthree\n")
    return folder


def release_of(source: Path, version: str, **others: Any) -> tuple[Built, Releasing]:
    built = build_tree(source, version, **others)
    return built, Releasing(built.release, built.manifest)


def drafted(world: PodWorld, plan: Plan) -> Proposal:
    return begin(plan, published(world.net), NOW)


def changes_of(world: PodWorld, source: Path, version: str, *checkouts: Path) -> list[str]:
    built, plan = release_of(source, version)
    return describe_changes(drafted(world, plan), built, world.net, checkouts)


class TestDifference:
    def test_files_are_added_removed_and_changed_line_by_line(self, source: Path) -> None:
        before = build_tree(source, "1")
        (source / "__main__.py").write_text("one\n2\nthree\nfour\n")
        (source / "new.py").write_text("a\nb\n")
        after = build_tree(source, "2")

        assert [str(change) for change in changes(before, after)] == [
            "changed node/vault/__main__.py: +2 -1 lines",
            "added node/vault/new.py: +2 -0 lines",
        ]
        assert [str(change) for change in changes(after, before)] == [
            "changed node/vault/__main__.py: +1 -2 lines",
            "removed node/vault/new.py: +0 -2 lines",
        ]

    def test_the_same_files_do_not_differ(self, source: Path) -> None:
        assert changes(build_tree(source, "1"), build_tree(source, "2")) == []

    def test_a_file_that_became_executable_differs_though_no_line_does(self, source: Path) -> None:
        before = build_tree(source, "1")
        (source / "__main__.py").chmod(0o755)

        assert [str(change) for change in changes(before, build_tree(source, "2"))] == [
            "changed node/vault/__main__.py: +0 -0 lines"
        ]

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x\n" * 20_001], ids=["no text", "too long"])
    def test_what_cannot_be_compared_by_lines_is_said_to_differ(self, source: Path, content: bytes) -> None:
        before = build_tree(source, "1")
        (source / "__main__.py").write_bytes(content)

        [change] = changes(before, build_tree(source, "2"))
        assert str(change) == "changed node/vault/__main__.py: not comparable by lines"

    @pytest.mark.parametrize(
        ("before", "after", "found"),
        [
            ({}, {}, []),
            ({"udp": True}, {"udp": True}, []),
            ({"udp": True}, {"udp": False}, []),
            ({"udp": False}, {"udp": True}, ["udp"]),
            ({}, {"udp": True}, ["udp"]),
            ({}, {"udp": False}, []),
            ({"memory_bytes": 5}, {"memory_bytes": 5}, []),
            ({"memory_bytes": 5}, {"memory_bytes": 4}, []),
            ({"memory_bytes": 5}, {"memory_bytes": 6}, ["memory_bytes: 6 instead of 5"]),
            ({}, {"memory_bytes": 6}, ["memory_bytes: 6 instead of 0"]),
            ({"modules": ["a"]}, {"modules": ["a", "b", "c"]}, ["modules: b", "modules: c"]),
            ({"modules": "a"}, {"modules": ["a"]}, ["modules: a"]),
            ({"modules": ["a", "b"]}, {"modules": ["a"]}, []),
            ({"kind": "a"}, {"kind": "b"}, ["kind: b"]),
            ({"memory_bytes": True}, {"memory_bytes": 1}, ["memory_bytes: 1 instead of 0"]),
        ],
    )
    def test_what_is_gained_is_named_and_what_is_lost_is_not(
        self, before: dict[str, Any], after: dict[str, Any], found: list[str]
    ) -> None:
        assert gained(before, after) == found


class TestRelease:
    def test_the_first_one_is_all_new(self, world: PodWorld, source: Path) -> None:
        lines = changes_of(world, source, "0.1.1")

        assert lines[0] == "It is the first release:"
        assert "  added node/vault/__main__.py: +3 -0 lines" in lines
        assert lines[-2:] == [
            "No release is an anchor yet. Against what any release may do:",
            "  capabilities gained: none",
        ]

    def test_a_later_one_is_compared_with_the_last(self, world: PodWorld, source: Path) -> None:
        built, plan = release_of(source, "0.1.1")
        world.do(plan, *FOUR)
        keep_release(world.net, built)
        (source / "__main__.py").write_text("one\ntwo\n")

        assert changes_of(world, source, "0.1.2") == [
            "Against the last release, vault/0.1.1:",
            "  changed node/vault/__main__.py: +0 -1 lines",
            "  capabilities gained: none",
            "No release is an anchor yet. Against what any release may do:",
            "  capabilities gained: none",
        ]

    def test_where_all_were_recalled_it_is_compared_with_the_last_of_them(self, world: PodWorld, source: Path) -> None:
        for version in ("0.1.1", "0.1.2"):
            built, plan = release_of(source, version)
            world.do(plan, *FOUR)
            keep_release(world.net, built)
        for version in ("0.1.2", "0.1.1"):
            world.do(Recalling(f"vault/{version}"), *FOUR)
        (source / "__main__.py").write_text("one\ntwo\n")

        assert changes_of(world, source, "0.1.3")[:3] == [
            "Every release before it was recalled. Against vault/0.1.2, the last of them:",
            "  changed node/vault/__main__.py: +0 -1 lines",
            "  capabilities gained: none",
        ]

    def test_a_recalled_one_is_not_the_last(self, world: PodWorld, source: Path) -> None:
        for version in ("0.1.1", "0.1.2"):
            built, plan = release_of(source, version)
            world.do(plan, *FOUR)
            keep_release(world.net, built)
        world.do(Recalling("vault/0.1.2"), *FOUR)

        assert "Against the last release, vault/0.1.1:" in changes_of(world, source, "0.1.3")

    def test_it_is_compared_with_the_anchor_too_however_small_each_step_was(
        self, world: PodWorld, source: Path
    ) -> None:
        for number in range(1, 4):
            (source / "__main__.py").write_text("new\n" * number)
            built, plan = release_of(source, f"0.1.{number}")
            world.do(plan, *FOUR)
            keep_release(world.net, built)
        name_anchor(world, "0.1.1", built.release.capabilities)
        (source / "__main__.py").write_text("new\n" * 4)

        lines = changes_of(world, source, "0.1.4")

        assert lines[1] == "  changed node/vault/__main__.py: +1 -0 lines"
        assert lines[3:5] == ["Against the anchor, vault/0.1.1:", "  changed node/vault/__main__.py: +3 -0 lines"]

    def test_nothing_is_said_of_files_that_are_not_at_hand(self, world: PodWorld, source: Path) -> None:
        world.do(release_of(source, "0.1.1")[1], *FOUR)

        with pytest.raises(PodError, match=r"the files of vault/0\.1\.1 are not at hand"):
            changes_of(world, source, "0.1.2")

    def test_a_checkout_of_the_last_release_brings_them(self, world: PodWorld, source: Path, tmp_path: Path) -> None:
        world.do(release_of(source, "0.1.1")[1], *FOUR)
        source.rename(tmp_path / "before")
        source.mkdir()
        for name in ("__init__.py", "__main__.py"):
            (source / name).write_text("one\ntwo\nthree\nfour\n")

        lines = changes_of(world, source, "0.1.2", source, tmp_path / "before")

        assert "  changed node/vault/__main__.py: +1 -0 lines" in lines

    def test_files_that_were_changed_where_they_are_kept_are_not_the_signed_ones(
        self, world: PodWorld, source: Path
    ) -> None:
        world.do(release_of(source, "0.1.1")[1], *FOUR)
        (source / "__main__.py").write_text("other\n")
        keep_release(world.net, build_tree(source, "0.1.1"))

        with pytest.raises(PodError, match="not at hand"):
            changes_of(world, source, "0.1.2")

    def test_many_files_are_counted_after_the_first_hundred(self, world: PodWorld, source: Path) -> None:
        for number in range(120):
            (source / f"{number}.py").write_text("")

        assert "  and 23 files more" in changes_of(world, source, "0.1.1")


class TestRebuild:
    def test_a_release_is_rebuilt_byte_by_byte(self, source: Path) -> None:
        built, plan = release_of(source, "0.1.1", notes="faster", floor=3)

        assert rebuild(plan, source) == built

    def test_what_the_checkout_does_not_give_is_named(self, source: Path) -> None:
        _, plan = release_of(source, "0.1.1")
        (source / "__main__.py").write_text("import backdoor\n")

        with pytest.raises(PodError, match=r"vault/0\.1\.1 is not what .* gives: node/vault/__main__\.py"):
            rebuild(plan, source)

    def test_a_manifest_that_is_not_the_releases_is_refused(self, source: Path) -> None:
        _, plan = release_of(source, "0.1.1")
        (source / "__main__.py").write_text("other\n")
        other, _ = release_of(source, "0.1.1")

        with pytest.raises(PodError, match="this signing file"):
            rebuild(Releasing(plan.release, other.manifest), source)


class TestSentences:
    def test_a_founding_names_everybody_with_a_fingerprint(self) -> None:
        text = "\n".join(describe(begin(founding(), None, NOW)))

        for name in ("ash", "fir", "founder-3"):
            assert f"{name}, fingerprint {Invitation.of(member(name)).fingerprint}" in text
        assert "3 of 5 pods sign for the vault, 4 for the app" in text
        assert "2 founders release for the vault until 2027-05-21" in text

    def test_a_release_says_its_tree_its_notes_and_a_raised_floor(self, world: PodWorld, source: Path) -> None:
        built, plan = release_of(source, "0.1.1", notes="faster\x1b[2J", floor=1)

        text = "\n".join(describe(drafted(world, plan)))

        assert f"It releases vault/0.1.1, tree hash {built.release.tree}." in text
        assert "faster\N{REPLACEMENT CHARACTER}[2J" in text
        assert "no recall leads below number 1 (the release itself) any more" in text

    def test_a_recall_says_what_is_the_newest_then(self, world: PodWorld, source: Path) -> None:
        for version in ("0.1.1", "0.1.2"):
            world.do(release_of(source, version)[1], *FOUR)

        text = "\n".join(describe(drafted(world, Recalling("vault/0.1.2"))))

        assert "recalls vault/0.1.2, for ever" in text
        assert "The newest release is then vault/0.1.1." in text

    def test_a_recall_promises_no_way_back_that_is_closed(self, world: PodWorld, source: Path) -> None:
        def said(name: str) -> str:
            return "\n".join(describe(drafted(world, Recalling(name))))

        for version in ("0.1.1", "0.1.2"):
            world.do(release_of(source, version)[1], *FOUR)
        assert "Farms that run it go back to what they ran before.\n" in said("vault/0.1.2")

        world.do(Recalling("vault/0.1.1"), *FOUR)
        assert "Where that was recalled too (vault/0.1.1), they go on with it." in said("vault/0.1.2")

        world.do(release_of(source, "0.1.3", floor=3)[1], *FOUR)
        closed = "Farms that run it go on with it: the floor is number 3, and no recall leads below that."
        assert closed in said("vault/0.1.3")
        assert closed in said("vault/0.1.2")

        world.do(release_of(source, "0.1.4")[1], *FOUR)
        assert "has a number below the floor, which is 3, or was recalled too (vault/0.1.1)" in said("vault/0.1.4")

    def test_a_rotation_says_who_leaves_and_who_comes_and_what_ends(self, world: PodWorld) -> None:
        maple = Invitation.of(member("maple"))

        text = "\n".join(describe(drafted(world, Rotating("fir", maple, time_text(NOW + DAY)))))

        assert "The pod fir leaves" in text
        assert f"maple, fingerprint {maple.fingerprint}" in text
        assert "ends at 2026-11-23T12:00:00Z, no longer at 2027-05-21T12:00:00Z" in text

    def test_a_heartbeat_says_that_it_is_nothing_else(self, world: PodWorld) -> None:
        assert "until 2027-01-06, and nothing else" in describe(drafted(world, Beating()))[1]


def name_anchor(world: PodWorld, version: str, capabilities: Capabilities) -> None:
    """Publish next targets that name an anchor."""
    known = published(world.net)
    targets = next_targets(known.head, "targets", NOW)
    targets.signed.unrecognized_fields["x-anchor"] = {"version": version, "capabilities": as_declared(capabilities)}
    snapshot = next_snapshot(known.head, {"targets": targets}, NOW)
    stamp = next_timestamp(known.head, snapshot, NOW)
    statements: Statements = {"targets": targets, "snapshot": snapshot, "timestamp": stamp}
    for metadata in statements.values():
        sign(metadata, [member(name) for name in FOUR])
    keep(world.net, following_head(known.head, statements))
