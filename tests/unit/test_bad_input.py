"""Bad input, given to the commands as a person gives it: one clear sentence, exit code 1, and nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node.cli import run as running
from node.cli.tray import perennial
from node.keys import keyring as keyring_module
from node.keys import sealed
from node.pod.conflict import encode_branch
from node.pod.files import pretty
from node.pod.invitation import Invitation
from node.pod.keys import make_in_file
from node.pod.network import published
from node.pod.plans import Recalling, Rotating
from node.pod.signing_file import BYTES_MAX, begin, encode_file
from node.supervisor.genesis import fingerprint
from node.supervisor.home import Home
from node.trust.capabilities import TODAY, as_declared
from tests.pod_world import PodWorld, member, releasing, signed
from tests.signed_world import NOW
from tests.unit.test_pod_keys import FakeKeyring, FullKeyring, LockedKeyring
from tests.unit.test_pod_resolve import FIRST, SECOND, Split

PASSPHRASE = "correct horse battery"
SENTENCE_CHARACTERS_MAX = 600

# What each kind of bad content makes of a file that was good.
SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "another kind": lambda _: b'{"format": 1, "kind": "a shopping list"}',
    "huge": lambda content: content + b" " * (BYTES_MAX + 1),
    "nested deeply": lambda _: b"[" * 100_000,
    "not UTF-8": lambda content: content.replace(b'"', b'"\xff', 1),
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "a key twice": lambda content: re.sub(rb'\{(\s*"[\w-]+")', rb"{\1: 1,\1", content, count=1),
    "a field more": lambda content: json.dumps(json.loads(content) | {"more": 1}).encode(),
}


@dataclass(frozen=True)
class Desk:
    """A pod's desk: a network, one good file of each kind, and the commands that read it."""

    folder: Path

    @property
    def commands(self) -> dict[str, tuple[str, list[str]]]:
        """Which file is read, and what is typed."""
        network, new = ["--network", str(self.folder / "net")], str(self.folder / "new")
        at = {path.stem: str(path) for path in self.folder.glob("*.json")}
        return {
            "sign": ("signing", ["pod", "sign", at["signing"], "--key", at["key"], "--yes", *network]),
            "merge": ("signing", ["pod", "merge", at["copy"], at["signing"], *network]),
            "finish": ("signing", ["pod", "finish", at["signing"], *network]),
            "show": ("key", ["pod", "show", at["key"], "--out", new]),
            "sign with": ("key", ["pod", "sign", at["signing"], "--key", at["key"], "--yes", *network]),
            "found": ("invitation", ["pod", "found", new, "--pod", at["invitation"], "--pod", at["ivy"],
                                     "--pod", at["moss"]]),
            "rotate": ("invitation", ["pod", "rotate", "--leave", "fir", "--join", at["invitation"], *network,
                                      "--out", new]),
            "conflict": ("conflict", ["pod", "conflict", at["conflict"], *network]),
            "resolve": ("conflict", ["pod", "rotate", "--resolves", at["conflict"], "--join", at["invitation"],
                                     "--out", new, *network]),
            "build": ("capabilities", ["pod", "build", str(self.folder / "source"), "--out", new, "--version", "9",
                                       "--capabilities", at["capabilities"]]),
            "run": ("root", ["run", "--home", new, "--network", at["root"], "--fingerprint", self.told]),
        }  # fmt: skip

    @property
    def told(self) -> str:
        return fingerprint((self.folder / "root.json").read_bytes())

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN)
    monkeypatch.setattr(keyring_module, "system_keyring", FakeKeyring)
    monkeypatch.setattr("node.pod.network.utc_now", lambda: NOW)


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Desk:
    shutil.copytree(made, tmp_path / "desk")
    return Desk(tmp_path / "desk")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk that is made once, because a network takes seconds."""
    tmp_path = tmp_path_factory.mktemp("desk")
    split = Split(PodWorld(tmp_path))
    split.one.do(releasing("0.1.1"), *FIRST)
    split.other.do(releasing("0.1.2"), *SECOND)
    branch, proposal = split.branch(split.other), begin(Recalling("vault/0.1.1"), published(split.one.net), NOW)
    files = {
        "signing": encode_file(signed(proposal, "birch")),
        "copy": encode_file(signed(proposal, "cedar")),
        "invitation": pretty(Invitation.of(member("maple"))),
        **{name: pretty(Invitation.of(member(name))) for name in ("ivy", "moss")},
        "conflict": encode_branch(branch),
        "capabilities": json.dumps(as_declared(TODAY)).encode(),
        "root": (split.one.net / "root.json").read_bytes(),
    }
    secret = b"".join(hashlib.sha256(f"ash {part}".encode()).digest() for part in range(3))  # as of member("ash")
    files["key"] = sealed.seal(secret, "ash", PASSPHRASE, os.urandom)
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    (tmp_path / "source").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (tmp_path / "source" / name).write_text("")
    shutil.rmtree(tmp_path / "elsewhere")
    return tmp_path


COMMANDS = ("sign", "merge", "finish", "show", "sign with", "found", "rotate", "conflict", "resolve", "build", "run")


def call(words: list[str], typed: bytes = f"{PASSPHRASE}\n".encode()) -> Result:
    return CliRunner().invoke(perennial, words, input=typed)


def check_refused(said: Result, *about: str) -> None:
    """One clear sentence, and no traceback."""
    assert said.exit_code == 1, said.output
    assert isinstance(said.exception, SystemExit)
    [sentence] = said.stderr.splitlines()
    assert len(sentence) <= SENTENCE_CHARACTERS_MAX
    assert sentence.isprintable()
    assert all(text in sentence for text in about), sentence


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_good_is_taken(desk: Desk, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So what is refused below is refused for what is wrong with it."""

    async def start(*_: Any, **__: Any) -> None: ...

    monkeypatch.setattr(running, "_run", start)
    monkeypatch.setattr(running, "_log_to", lambda _: None)
    if command == "finish":
        call(desk.commands["merge"][1])
        shutil.copy(desk.folder / "copy.json", desk.folder / "signing.json")
        call(desk.commands["sign"][1])

    said = call(desk.commands[command][1])

    assert said.exit_code == 0, said.output


@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_spoilt_is_named_in_one_sentence_and_nothing_changes(
    desk: Desk, command: str, what: str
) -> None:
    name, words = desk.commands[command]
    file = desk.folder / f"{name}.json"
    file.write_bytes(SPOILT[what](file.read_bytes()))
    before = desk.files()

    said = call(words)

    check_refused(said, file.name)
    assert desk.files() == before


class TestKeys:
    @pytest.mark.long
    def test_a_wrong_passphrase_signs_nothing(self, desk: Desk) -> None:
        before = desk.files()

        check_refused(call(desk.commands["sign"][1], b"another one altogether\n"), "the passphrase does not open")
        assert desk.files() == before

    def test_the_key_of_a_stranger_signs_nothing(self, desk: Desk) -> None:
        (desk.folder / "key.json").unlink()
        make_in_file(desk.folder / "key.json", "ash", PASSPHRASE, os.urandom)
        before = desk.files()

        check_refused(call(desk.commands["sign"][1]), "ash", "neither a pod nor a founder")
        assert desk.files() == before

    @pytest.mark.parametrize("bytes_count", [0, 32, 97])
    def test_a_key_of_another_kind_signs_nothing(self, desk: Desk, bytes_count: int) -> None:
        content = sealed.seal(bytes(bytes_count), "ash", PASSPHRASE, os.urandom)
        (desk.folder / "key.json").write_bytes(content)
        before = desk.files()

        check_refused(call(desk.commands["sign"][1]), "key.json is a key of another kind")
        assert desk.files() == before

    @pytest.mark.parametrize(
        ("backend", "why"), [(FullKeyring, "no room is left"), (LockedKeyring, "the collection is locked")]
    )
    def test_a_full_or_locked_keyring_makes_no_pods_key_and_no_farm(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, backend: type[FakeKeyring], why: str
    ) -> None:
        kept = backend()
        monkeypatch.setattr(keyring_module, "system_keyring", lambda: kept)
        before = desk.files()

        check_refused(call(["pod", "keygen", "ash"]), why)

        assert (kept.kept, desk.files()) == ({}, before)

    @pytest.mark.parametrize(
        ("backend", "why"), [(FullKeyring, "no room is left"), (LockedKeyring, "the collection is locked")]
    )
    def test_where_it_cannot_be_kept_no_farm_runs_and_none_is_half_made(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, backend: type[FakeKeyring], why: str
    ) -> None:
        kept = backend()
        monkeypatch.setattr(keyring_module, "system_keyring", lambda: kept)
        monkeypatch.setattr(running, "_log_to", lambda _: None)
        home = Home.make(desk.folder / "home", kind="real", root=b"genesis", bind="127.0.9.1:0", quota_bytes=64 << 20)
        before = desk.files()

        check_refused(call(["run", "--home", str(home.path)]), why)

        changed = {path.name for path, content in desk.files().items() if before.get(path) != content}
        assert (kept.kept, changed) == ({}, {"lock"})


class TestASigningFileOfAnotherNetwork:
    @pytest.mark.parametrize("command", ["sign", "merge", "finish"])
    def test_is_refused_by_whatever_reads_it(self, desk: Desk, command: str) -> None:
        other = PodWorld(desk.folder / "elsewhere", pods=("ash", "birch", "cedar", "elm", "oak"))
        proposal = begin(Rotating(), published(other.net), NOW)
        (desk.folder / "signing.json").write_bytes(encode_file(signed(proposal, "birch")))
        before = desk.files()

        check_refused(call(desk.commands[command][1]), "another network")
        assert desk.files() == before
