"""A home's network is chosen once, when it is made, by a file whose fingerprint a person brings."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node.api.schema import KeyPlace
from node.cli.tray import perennial
from node.keys import keyring as keyring_module
from node.supervisor import settings
from node.supervisor.errors import HomeError, KeyUnavailable
from node.supervisor.genesis import Wanted, fingerprint, open_or_make, read_network, shipped_network
from node.supervisor.home import Home
from node.trust.head import ROOT_BYTES_MAX
from tests.signed_world import World
from tests.unit.test_pod_keys import FakeKeyring, LockedKeyring

ROOT = World().genesis
TOLD = fingerprint(ROOT)


@pytest.fixture(autouse=True)
def a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_module, "system_keyring", FakeKeyring)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "network.json"
    made.write_bytes(ROOT)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_fingerprint_is_the_hash_of_the_file_in_groups_that_can_be_read_out():
    assert TOLD.replace(" ", "") == hashlib.sha256(ROOT).hexdigest()
    assert [len(group) for group in TOLD.split()] == [8] * 8


@pytest.mark.parametrize("told", [TOLD, TOLD.replace(" ", ""), TOLD.upper(), f"  {TOLD}\n"])
def test_the_right_one_makes_a_real_home_of_that_network(file: Path, folder: Path, told: str):
    home = open_or_make(folder, read_network(file, told))

    assert (home.marker.kind, home.root, home.is_practice) == ("real", ROOT, False)


@pytest.mark.parametrize("told", ["", TOLD[:-1], TOLD[:-1] + "g", TOLD + "0", hashlib.sha256(b"").hexdigest()])
def test_any_other_makes_nothing(file: Path, folder: Path, told: str):
    with pytest.raises(HomeError, match="the file of another network than the fingerprint says; nothing was made"):
        open_or_make(folder, read_network(file, told))
    assert not folder.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        ROOT[:-20],
        ROOT.replace(b'"threshold":4', b'"threshold":1'),
        b"[" * 100_000,
        b"x" * (ROOT_BYTES_MAX + 9),
    ],
)
def test_a_file_that_is_no_genesis_root_makes_nothing(file: Path, folder: Path, content: bytes):
    file.write_bytes(content)

    with pytest.raises(HomeError, match="is not the file of a network"):
        open_or_make(folder, read_network(file, fingerprint(content)))
    assert not folder.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"signed": {}, "signatures": []}', "it is no root"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"signed": "\xff"}', "it is not UTF-8"),
        (b"{", "it is no JSON"),
        (b" " * (ROOT_BYTES_MAX + 9), f"it is over {ROOT_BYTES_MAX} bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_plain_words(file: Path, folder: Path, content: bytes, why: str):
    file.write_bytes(content)

    with pytest.raises(HomeError, match=rf"{why}\.$"):
        open_or_make(folder, read_network(file, TOLD))


def test_without_a_place_for_its_key_no_home_is_made(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keyring_module, "system_keyring", LockedKeyring)

    with pytest.raises(KeyUnavailable, match="the collection is locked"):
        open_or_make(folder, read_network(file, TOLD))
    assert not folder.exists()


def test_without_a_keyring_no_other_place_is_taken_in_silence_and_the_others_are_named(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keyring_module, "system_keyring", LockedKeyring)

    said = run_with(file, folder)

    assert said.exit_code == 1
    assert "--keys passphrase" in said.stderr
    assert "--keys unprotected" in said.stderr
    assert not folder.exists()


@pytest.mark.parametrize("place", ["passphrase", "unprotected"])
def test_a_person_may_choose_another_place_for_the_key_and_it_is_remembered(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, place: KeyPlace
):
    monkeypatch.setattr(keyring_module, "system_keyring", LockedKeyring)

    open_or_make(folder, ROOT, Wanted(place))

    assert Home.open(folder).key_place == place
    said = run_with(file, folder, "--keys", "keyring")
    assert (said.exit_code, f"keeps its key as '{place}'" in said.stderr) == (1, True)


def test_a_passphrase_that_nobody_is_there_to_give_is_asked_for_in_one_sentence(file: Path, folder: Path):
    open_or_make(folder, ROOT, Wanted("passphrase"))

    said = run_with(file, folder)

    assert (said.exit_code, "give it on standard input" in said.stderr) == (1, True)


def run_with(file: Path, folder: Path, *options: str) -> Result:
    """What ``perennial run`` says to it."""
    words = ["run", "--home", str(folder), "--network", str(file), "--fingerprint", TOLD, *options]
    return CliRunner().invoke(perennial, words, input="")


def test_a_file_that_is_not_there_is_said(folder: Path, tmp_path: Path):
    with pytest.raises(HomeError, match="nowhere"):
        open_or_make(folder, read_network(tmp_path / "nowhere", TOLD))


def test_a_home_that_is_there_is_used_again_and_never_changes_its_network(file: Path, folder: Path, tmp_path: Path):
    made = open_or_make(folder, read_network(file, TOLD))
    other = World(pods=World().pods[::-1]).genesis
    (tmp_path / "other.json").write_bytes(other)

    assert open_or_make(folder, read_network(file, TOLD)).marker == made.marker
    with pytest.raises(HomeError, match="a home never changes its network"):
        open_or_make(folder, read_network(tmp_path / "other.json", fingerprint(other)))
    assert Home.open(folder).root == ROOT


def test_the_network_that_the_program_was_made_for_needs_no_fingerprint(file: Path, tmp_path: Path):
    assert shipped_network(file) == ROOT
    with pytest.raises(HomeError, match="made for no network"):
        shipped_network(tmp_path / "root.json")
    (tmp_path / "root.json").write_bytes(ROOT[:-1])
    with pytest.raises(HomeError, match="is not the file of a network"):
        shipped_network(tmp_path / "root.json")


def test_joining_makes_a_home_of_that_network_with_the_limit_that_was_asked_for(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("node.cli.run.shipped_network", lambda: shipped_network(file))
    words = ["run", "--home", str(folder), "--join", "--quota", "64MB", "--keys", "passphrase"]

    said = CliRunner().invoke(perennial, words, input="")

    made = Home.open(folder)
    assert (said.exit_code, made.root) == (1, ROOT)
    assert settings.load(made.settings_file)[0].quota_bytes == 64_000_000


def test_joining_a_program_that_was_made_for_no_network_makes_nothing(folder: Path):
    said = CliRunner().invoke(perennial, ["run", "--home", str(folder), "--join"])

    assert (said.exit_code, "made for no network" in said.stderr) == (1, True)
    assert not folder.exists()


def test_two_networks_at_once_are_wrong_usage(file: Path, folder: Path):
    assert run_with(file, folder, "--join").exit_code == 2
    assert not folder.exists()


def test_a_folder_with_other_files_is_left_alone(file: Path, folder: Path):
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")

    with pytest.raises(HomeError, match="holds other files"):
        open_or_make(folder, read_network(file, TOLD))
    assert [entry.name for entry in folder.iterdir()] == ["letter.txt"]


class TestCommand:
    def run(self, folder: Path, file: Path, *words: str, typed: str = "") -> Result:
        return CliRunner().invoke(
            perennial, ["run", "--home", str(folder), "--network", str(file), *words], input=typed
        )

    def test_a_wrong_fingerprint_is_a_stated_failure(self, file: Path, folder: Path):
        ended = self.run(folder, file, "--fingerprint", "0" * 64)

        assert ended.exit_code == 1
        assert "another network than the fingerprint says" in ended.output
        assert not folder.exists()

    def test_without_one_it_is_asked_for_and_the_file_s_own_is_not_shown(self, file: Path, folder: Path):
        ended = self.run(folder, file, typed="0000\n")

        assert "as its people told you" in ended.output
        assert TOLD[:8] not in ended.output
        assert not folder.exists()

    @pytest.mark.parametrize("words", [(), ("--json",)])
    def test_where_nobody_is_there_to_type_it_that_is_said(self, file: Path, folder: Path, words: tuple[str, ...]):
        ended = self.run(folder, file, *words)

        assert ended.exit_code == 1
        assert ("nothing was done" in ended.stdout, '"unanswered"' in ended.stdout) == (bool(words), bool(words))
        assert ("nothing was done" in ended.stderr) is not bool(words)
        assert not folder.exists()
