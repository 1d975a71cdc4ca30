"""What pods declare for a release: what its source is found to need, what they are told, and how many must sign."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.pod.build import Built, build, build_tree, derive_of, load
from node.pod.capabilities import fill, listed, read_declared
from node.pod.describe import describe_changes
from node.pod.errors import PodError
from node.pod.files import pretty
from node.pod.kept import keep_release
from node.pod.needs import Needs, derive
from node.pod.network import published
from node.pod.plans import Releasing
from node.pod.sign import rebuild
from node.pod.signing_file import begin
from node.trust.capabilities import TODAY, Capabilities, as_declared
from tests.architecture.sources import ROOT
from tests.pod_world import PodWorld
from tests.signed_world import DAY, NOW

WITH_TCP = replace(TODAY, tcp=True)
WITH_MORE = replace(TODAY, tcp=True, memory_bytes=2 << 30, open_files=2_048)


def needs_of(text: str, name: str = "a.py") -> Needs:
    return derive([(name, text.encode())])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (folder / name).write_text("import asyncio\n")
    return folder


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


class TestDerived:
    @pytest.mark.parametrize(
        ("text", "modules"),
        [
            ("import os, msgspec", ("msgspec",)),
            ("import iroh.net as net", ("iroh",)),
            ("from zeroconf.asyncio import AsyncZeroconf", ("zeroconf",)),
            ("def late():\n    import cryptography", ("cryptography",)),
            ("from node.vault import core\nfrom . import x\nfrom .y import z\nimport asyncio", ()),
            ("not python at all", ()),
        ],
    )
    def test_installed_modules_are_found_wherever_they_are_imported(self, text: str, modules: tuple[str, ...]) -> None:
        assert needs_of(text).modules == modules

    @pytest.mark.parametrize(
        ("text", "udp", "tcp"),
        [
            ("import asyncio", False, False),
            ("import socket", True, False),
            ("import iroh", True, False),
            ("loop.create_datagram_endpoint(f)", True, False),
            ("from asyncio import open_connection", False, False),
            ("asyncio.open_connection('a', 1)", False, True),
            ("open_connection('a', 1)", False, True),
            ("get_loop().create_server(f)", False, True),
        ],
    )
    def test_the_network_is_found(self, text: str, udp: bool, tcp: bool) -> None:
        assert (needs_of(text).udp, needs_of(text).tcp) == (udp, tcp)

    @pytest.mark.parametrize(
        "text",
        [
            "import subprocess",
            "from multiprocessing import Process",
            "import os\nos.system('x')",
            "import os\nos.execv('x', [])",
            "from os import fork",
            "import os\nos.posix_spawn('x')",
            "asyncio.create_subprocess_exec('x')",
            "import keyring",
            "import SecretStorage",
            "import cffi",
        ],
    )
    def test_what_no_release_may_do_is_refused(self, source: Path, text: str) -> None:
        (source / "evil.py").write_text(text)

        with pytest.raises(PodError, match=r"does what no vault release may ever do: node/vault/evil\.py:\d"):
            build_tree(source, "1")

    @pytest.mark.parametrize(
        "text",
        ["eval('1')", "exec(x)", "__import__('os')", "compile(x)", "import ctypes", "from importlib import y", "("],
    )
    def test_what_only_a_person_can_judge_is_listed(self, text: str) -> None:
        [place] = needs_of(f"\n{text}").to_read
        assert place.startswith("a.py")

    def test_ordinary_code_is_neither(self) -> None:
        needs = needs_of("import re, platform, os\nre.compile('x')\nplatform.system()\nos.path.join('a')\nx.fork()")
        assert needs == Needs()

    def test_files_that_are_no_python_are_passed_over(self) -> None:
        assert needs_of("import subprocess", "notes.txt") == Needs()

    def test_todays_vault_needs_exactly_what_todays_may_do(self) -> None:
        needs = derive_of(build_tree(ROOT, "1"))

        assert fill(needs) == TODAY
        assert needs.frozen == ()
        assert [place.partition(":")[0] for place in needs.to_read] == ["node/vault/transport/iroh_bytes.py"]


class TestDeclared:
    def test_a_release_declares_no_more_than_its_source_needs(self, source: Path, tmp_path: Path) -> None:
        (source / "net.py").write_text("import socket, msgspec\n")

        built = build(source, tmp_path / "out", "1")

        assert built.release.capabilities == replace(TODAY, modules=("msgspec",))
        assert load(tmp_path / "out") == built

    def test_pods_may_declare_more(self, source: Path) -> None:
        assert build_tree(source, "1", capabilities=WITH_TCP).release.capabilities == WITH_TCP

    @pytest.mark.parametrize(
        ("text", "declared", "missing"),
        [
            ("import msgspec", replace(TODAY, modules=()), "module msgspec"),
            ("import socket", replace(TODAY, udp=False), "udp"),
            ("open_connection('a', 1)", TODAY, "tcp"),
        ],
    )
    def test_what_it_needs_and_does_not_declare_is_refused_at_every_step(
        self, source: Path, tmp_path: Path, text: str, declared: Capabilities, missing: str
    ) -> None:
        (source / "net.py").write_text(text)
        refused = f"vault/1 needs what it does not declare: {missing}"
        with pytest.raises(PodError, match=refused):
            build_tree(source, "1", capabilities=declared)

        built = build(source, tmp_path / "out", "1")
        less = msgspec.structs.replace(built.release, capabilities=declared)
        with pytest.raises(PodError, match=refused):
            rebuild(Releasing(less, built.manifest), source)
        (tmp_path / "out" / "release.json").write_bytes(pretty(less))
        with pytest.raises(PodError, match=refused):
            load(tmp_path / "out")

    def test_it_is_read_from_a_file_that_a_person_wrote(self, tmp_path: Path) -> None:
        file = tmp_path / "capabilities.json"
        file.write_text(json.dumps(as_declared(WITH_TCP)))
        assert read_declared(file) == WITH_TCP

        for content in (b"", b"{", b"[]", b'{"udp": 1}', b"\xff", b'{"subprocess": true}', b"[" * 70_000):
            file.write_bytes(content)
            with pytest.raises(PodError):
                read_declared(file)

    def test_the_modules_in_it_stand_in_any_order_and_each_once(self, tmp_path: Path) -> None:
        file = tmp_path / "capabilities.json"
        file.write_text(json.dumps(as_declared(TODAY) | {"modules": ["msgspec", "iroh"]}))
        assert read_declared(file).modules == ("iroh", "msgspec")

        file.write_text(json.dumps(as_declared(TODAY) | {"modules": ["msgspec", "msgspec"]}))
        with pytest.raises(PodError, match="twice"):
            read_declared(file)

    def test_it_is_told_in_one_line(self) -> None:
        told = listed(Capabilities(memory_bytes=1 << 30, file_bytes=4, open_files=5, udp=True))
        assert told == "memory_bytes 1,073,741,824; file_bytes 4; open_files 5; udp; modules none"


class TestSigning:
    def release(
        self, world: PodWorld, source: Path, version: str, capabilities: Capabilities, days: int = 0
    ) -> tuple[Built, list[str], dict[str, int]]:
        """What pods are told of a release, and how many signatures each statement needs; then it is published."""
        (source / "__init__.py").write_text(f"VERSION = {version!r}\n")
        built = build_tree(source, version, capabilities=capabilities)
        plan, now = Releasing(built.release, built.manifest), NOW + days * DAY
        proposal = begin(plan, published(world.net), now)
        told = describe_changes(proposal, built, world.net)
        needs = {count.role: count.need for count in proposal.counts()}
        world.do(plan, "ash", "birch", "cedar", "elm", now=now)
        keep_release(world.net, built)
        return built, told, needs

    def test_one_that_gains_nothing_is_signed_as_ever(self, world: PodWorld, source: Path) -> None:
        _, told, needs = self.release(world, source, "1", TODAY)

        assert needs == {"vault": 3, "snapshot": 3, "timestamp": 1}
        assert told[-2:] == [
            "No release is an anchor yet. Against what any release may do:",
            "  capabilities gained: none",
        ]

    def test_a_small_gain_needs_one_more_and_says_what_it_means(self, world: PodWorld, source: Path) -> None:
        _, told, needs = self.release(world, source, "1", WITH_TCP)

        assert needs == {"vault": 4, "snapshot": 3, "timestamp": 1}
        assert told[-3:] == [
            "  capabilities gained: tcp",
            "So 4 must sign the statement that lists it, and farms try it out 2 times as long as others.",
            "Nothing more can be gained for 60 days after it.",
        ]

    def test_small_steps_are_shown_against_the_anchor_and_become_one(self, world: PodWorld, source: Path) -> None:
        self.release(world, source, "1", WITH_TCP)

        _, told, needs = self.release(world, source, "2", WITH_MORE, days=60)

        assert needs == {"vault": 3, "targets": 4, "snapshot": 3, "timestamp": 1}
        assert (
            "  capabilities gained: memory_bytes: 2147483648 instead of 1073741824; open_files: 2048 instead of 1024"
            in told
        )
        assert "; tcp" in told[-3]
        assert told[-2] == "So it becomes the new anchor. Farms try it out 4 times as long as others."

        _, told, needs = self.release(world, source, "3", WITH_MORE, days=61)
        assert needs == {"vault": 3, "snapshot": 3, "timestamp": 1}
        assert "Against the anchor, vault/2:" in told
        assert told[-1] == "  capabilities gained: none"

    def test_three_signatures_do_not_finish_a_gain(self, world: PodWorld, source: Path) -> None:
        built = build_tree(source, "1", capabilities=WITH_TCP)

        with pytest.raises(PodError, match="vault by 1 more"):
            world.do(Releasing(built.release, built.manifest), "ash", "birch", "cedar")

    def test_a_second_gain_within_sixty_days_is_not_drafted(self, world: PodWorld, source: Path) -> None:
        self.release(world, source, "1", WITH_TCP)

        with pytest.raises(PodError, match="at most once in 60 days"):
            self.release(world, source, "2", WITH_MORE, days=59)

    def test_nor_is_one_of_the_foundation(self, world: PodWorld, source: Path) -> None:
        built = build_tree(source, "1", role="foundation", capabilities=WITH_TCP)

        with pytest.raises(PodError, match="only pods can allow that"):
            begin(Releasing(built.release, built.manifest), published(world.net), NOW)

    def test_places_that_only_a_person_can_judge_are_named(self, world: PodWorld, source: Path) -> None:
        (source / "late.py").write_text("import ctypes\neval('1')\n")

        _, told, _ = self.release(world, source, "1", TODAY)

        assert told[-1] == (
            "Only a person can judge these places: node/vault/late.py:1: ctypes; node/vault/late.py:2: eval"
        )
