"""What a person learns of a conflict: from a node, from a file, in plain words and as JSON."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from node.cli.pod import pod
from node.pod import network
from node.pod.conflict import Branch, ask_branch, encode_branch, look_into, read_branch
from node.pod.describe import describe
from node.pod.describe_conflict import describe_conflict
from node.pod.errors import PodError
from node.pod.files import pretty
from node.pod.invitation import Invitation
from node.pod.network import published
from node.pod.plans import Rotating
from node.pod.signing_file import begin
from node.trust.chain import carried
from tests.pod_world import PodWorld, member, releasing
from tests.signed_world import NOW
from tests.unit.test_pod_resolve import FIRST, FOUR, SECOND, Split, invited


@pytest.fixture
def split(tmp_path: Path) -> Split:
    split = Split(PodWorld(tmp_path))
    split.one.do(releasing("0.1.0"), *FIRST)
    split.meet_again()
    split.one.do(releasing("0.1.1"), *FIRST)
    split.other.do(releasing("0.1.2"), *SECOND)
    return split


@pytest.fixture
def file(split: Split) -> Path:
    file = split.one.folder / "conflict.json"
    file.write_bytes(encode_branch(split.branch(split.other)))
    return file


def invitation(split: Split, name: str) -> Path:
    file = split.one.folder / f"{name}.json"
    file.write_bytes(pretty(Invitation.of(member(name))))
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pod, [str(argument) for argument in arguments])


class FakeNode:
    def __init__(self, content: bytes, chunks: dict[str, bytes]) -> None:
        self.content = content
        self.chunks = chunks
        self.asked: list[str] = []

    async def head(self) -> bytes:
        return self.content

    async def get_chunk(self, address: str) -> bytes:
        self.asked.append(address)
        return self.chunks[address]


class TestFromANode:
    def test_what_it_carries_with_those_roots_that_are_not_at_hand(self, tmp_path: Path) -> None:
        split = Split(PodWorld(tmp_path))
        for _ in range(2):
            split.one.do(Rotating(), *FOUR)
        split.meet_again()
        split.one.do(releasing("0.1.1"), *FIRST)
        split.other.do(releasing("0.1.2"), *SECOND)
        roots = network.roots(split.one.net)
        (first, first_file), (second, second_file) = roots.items()
        node = FakeNode(carried(split.halted(split.one)), {second.hex(): second_file})

        branch = asyncio.run(ask_branch(node, {first: first_file}))

        assert branch == split.branch(split.one)
        assert node.asked == [second.hex()]

    def test_a_node_that_is_not_halted_knows_of_none(self, split: Split) -> None:
        for content in (b"", network.current_head(split.one.net)):
            with pytest.raises(PodError, match="this node knows of no contradicting signatures"):
                asyncio.run(ask_branch(FakeNode(content, {}), {}))

    def test_a_head_that_cannot_be_read_is_one_sentence(self) -> None:
        with pytest.raises(PodError, match="the node carries a head that cannot be read"):
            asyncio.run(ask_branch(FakeNode(b"x", {}), {}))

    def test_without_a_running_node_it_is_said(self, split: Split) -> None:
        result = run("conflict", "--network", split.one.net, "--home", split.one.folder / "home")

        assert (result.exit_code, "does not run" in result.output) == (1, True)


class TestFromAFile:
    def test_it_is_the_same_that_was_written(self, split: Split, file: Path) -> None:
        assert read_branch(file) == split.branch(split.other)

    @pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 1, "kind": "perennial signing file"}', b"\xff{"])
    def test_anything_else_is_refused_in_one_sentence(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)

        with pytest.raises(PodError, match="is not a file of 'perennial pod conflict'"):
            read_branch(file)

    def test_so_is_another_kind(self, file: Path) -> None:
        file.write_bytes(file.read_bytes().replace(b"perennial conflict", b"perennial contract"))

        with pytest.raises(PodError, match="of another kind"):
            read_branch(file)

    def test_a_head_that_no_farm_would_accept_counts_for_its_proof_only(self, split: Split) -> None:
        good = split.branch(split.other)
        forged = Branch(msgspec.structs.replace(good.head, snapshot=good.head.snapshot[:-1] + b" "), good.roots)

        dispute = look_into((forged,), published(split.one.net))

        assert (dispute.names, dispute.states) == (["cedar"], ())


class TestInWords:
    def test_who_signed_what_twice_and_what_each_branch_releases(self, split: Split, file: Path) -> None:
        said = run("conflict", file, "--network", split.one.net).output

        assert "cedar signed two statements of vault that contradict each other, both number 3." in said
        assert "vault/0.1.0 (tree " in said
        told = {"One of them": "0.1.", "The other": "0.1.", "this folder": "0.1.1", "snapshot 3": "0.1.2"}
        for line, version in told.items():
            [found] = [text for text in said.splitlines() if line in text]
            assert f"vault/{version}" in found
        assert f"It is in {file}: 'perennial pod rotate --resolves {file}' drafts the way out." in said

    def test_the_same_as_json_and_into_a_file(self, split: Split, file: Path) -> None:
        out = split.one.folder / "out.json"

        told: dict[str, Any] = json.loads(
            run("conflict", file, "--network", split.one.net, "--out", out, "--json").output
        )

        assert (told["role"], told["version"], told["signed_twice"]) == ("vault", 3, ["cedar"])
        assert read_branch(out) == read_branch(file)

    def test_a_resolution_says_who_leaves_who_comes_and_which_releases_stay_listed(
        self, split: Split, file: Path
    ) -> None:
        out = split.one.folder / "resolution.json"

        said = run(
            *("rotate", "--resolves", file, "--join", invitation(split, "maple"), "--recall", "vault/0.1.2"),
            *("--network", split.one.net, "--out", out),
        ).output

        lines = said.splitlines()
        assert lines.index("cedar leaves; its keys sign nothing any more. In its place comes:") + 1 == lines.index(
            f"  maple, fingerprint {Invitation.of(member('maple')).fingerprint}"
        )
        assert "Releases that stay listed, because every branch lists them: vault/0.1.0." in lines
        assert "Releases that are listed no longer: vault/0.1.1, vault/0.1.2." in lines
        assert "It recalls, for ever: vault/0.1.2." in lines
        assert out.exists()

    def test_the_end_of_the_foundation_is_said(self, tmp_path: Path) -> None:
        split = Split(PodWorld(tmp_path))
        split.one.do(releasing("0.1.1", "foundation"), *FIRST, "founder-1", "founder-2")
        split.other.do(releasing("0.1.2", "foundation"), *SECOND, "founder-2", "founder-3")

        lines = describe(begin(split.resolving("maple"), published(split.one.net), NOW))

        assert "founder-2 signed two statements of foundation that contradict each other, both number 2." in lines
        assert "Of snapshot, too, there are two statements, number 2, signed by cedar." in lines
        assert "The foundation ends with it, because a founder signed both." in lines

    def test_of_contradicting_roots_the_pods_are_named(self, tmp_path: Path) -> None:
        split = Split(PodWorld(tmp_path))
        split.one.do(Rotating("fir", invited("oak")[0]), *FIRST, "elm")
        split.other.do(Rotating("elm", invited("pine")[0]), *FIRST, "fir")
        known = published(split.one.net)

        lines = describe_conflict(look_into((split.branch(split.one),), known), known)

        assert "ash, birch, cedar signed two statements of root that contradict each other, both number 2." in lines
        assert any("names the pods ash, birch, cedar, elm, oak." in line for line in lines)
        assert any("names the pods ash, birch, cedar, fir, pine." in line for line in lines)

    @pytest.mark.parametrize(
        ("others", "sentence"),
        [
            (("--leave", "cedar"), "who leaves to end a conflict is said by the conflict"),
            (("--foundation-until", "2026-12-24"), "who leaves to end a conflict is said by the conflict"),
        ],
    )
    def test_nothing_else_happens_with_it(
        self, split: Split, file: Path, others: tuple[str, ...], sentence: str
    ) -> None:
        result = run("rotate", "--resolves", file, *others, "--network", split.one.net, "--out", split.one.folder / "o")

        assert (result.exit_code, sentence in result.output) == (1, True)

    @pytest.mark.parametrize("others", [("--recall", "vault/0.1.1"), ("--join", "maple.json", "--join", "oak.json")])
    def test_a_plain_rotation_takes_one_pod_and_recalls_nothing(
        self, split: Split, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(split.one.folder)
        for name in ("maple", "oak"):
            invitation(split, name)

        result = run("rotate", "--leave", "fir", *others, "--network", split.one.net, "--out", "o")

        assert (result.exit_code, "to end a conflict only" in result.output) == (1, True)
