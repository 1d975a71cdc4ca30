"""The folder of a network: its keys, its genesis root, what it has published."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from node.pod import network
from node.pod.errors import PodError
from node.trust.chain import Chain
from node.trust.metadata import Root, read
from node.trust.policy import is_hybrid, pod_names
from tests.signed_world import DAY, NOW


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network.found(tmp_path / "net", now=NOW)
    return tmp_path / "net"


class TestFounding:
    def test_a_farm_accepts_the_first_head_of_a_new_network(self, folder: Path) -> None:
        verified = network.check(folder, network.current_head(folder), NOW)

        assert verified.releases == ()
        assert verified.chain.network == Chain.start((folder / "root.json").read_bytes()).network

    def test_every_key_is_in_a_file_of_its_own_that_only_its_owner_can_read(self, folder: Path) -> None:
        keys = sorted(folder.glob("*/*/key.json"))

        assert len(keys) == 8
        assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
        assert {stat.S_IMODE(key.parent.stat().st_mode) for key in keys} == {0o700}
        assert len({json.loads(key.read_bytes())["secret"] for key in keys}) == 8

    def test_no_secret_is_in_what_is_published(self, folder: Path) -> None:
        published = (folder / "root.json").read_bytes() + network.current_head(folder)

        keys = list(folder.glob("*/*/key.json"))
        assert keys
        for key in keys:
            assert json.loads(key.read_bytes())["secret"].encode() not in published

    def test_a_key_that_lies_open_says_that_it_is_for_practice(self, folder: Path) -> None:
        assert "practice" in json.loads((folder / "pods" / "ash" / "key.json").read_bytes())["kind"]

    def test_nobody_signs_its_roots_with_an_ed25519_key_alone(self, folder: Path) -> None:
        assert is_hybrid(read(network.genesis(folder), Root).signed)

    @pytest.mark.parametrize("pods", [3, 4, 7, 12])
    def test_networks_of_other_sizes_are_sound_too(self, tmp_path: Path, pods: int) -> None:
        network.found(tmp_path / "net", pods, foundation=0, now=NOW)

        assert network.check(tmp_path / "net", network.current_head(tmp_path / "net"), NOW).is_newer
        assert len(network.pod_names(tmp_path / "net")) == pods

    @pytest.mark.parametrize(("pods", "foundation"), [(2, 3), (13, 3), (5, 1), (5, 10), (5, -1)])
    def test_impossible_numbers_are_refused_and_leave_nothing(self, tmp_path: Path, pods: int, foundation: int) -> None:
        with pytest.raises(PodError):
            network.found(tmp_path / "net", pods, foundation)

        assert list(tmp_path.iterdir()) == []

    def test_a_folder_in_use_is_left_alone(self, folder: Path) -> None:
        before = (folder / "root.json").read_bytes()

        with pytest.raises(PodError, match="not an empty folder"):
            network.found(folder)
        assert (folder / "root.json").read_bytes() == before

    def test_an_empty_folder_may_be_used(self, tmp_path: Path) -> None:
        (tmp_path / "net").mkdir()

        network.found(tmp_path / "net")

        assert [entry.name for entry in tmp_path.iterdir()] == ["net"]

    def test_a_file_in_the_way_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(PodError, match="file"):
            network.found(tmp_path / "file" / "net")


class TestKeys:
    def test_a_key_comes_back_as_the_same_party(self, folder: Path) -> None:
        names = pod_names(read(network.genesis(folder), Root).signed)

        assert names[network.party(folder, "ash").keyid] == "ash"

    @pytest.mark.parametrize("name", ["nobody", "", "..", "../pods/ash", "ash/"])
    def test_a_name_without_a_key_is_refused(self, folder: Path, name: str) -> None:
        with pytest.raises(PodError, match="no key of"):
            network.party(folder, name)

    @pytest.mark.parametrize("content", [b"", b"{}", b"[" * 4_000, b"x" * 5_000, b'{"format":1}'])
    def test_a_damaged_key_is_refused(self, folder: Path, content: bytes) -> None:
        (folder / "pods" / "ash" / "key.json").write_bytes(content)

        with pytest.raises(PodError):
            network.party(folder, "ash")

    @pytest.mark.parametrize(("field", "value"), [("secret", "zz"), ("secret", "ab"), ("kind", "rsa"), ("format", 1)])
    def test_a_key_of_another_kind_is_refused(self, folder: Path, field: str, value: str | int) -> None:
        file = folder / "pods" / "ash" / "key.json"
        file.write_text(json.dumps(json.loads(file.read_bytes()) | {field: value}))

        with pytest.raises(PodError):
            network.party(folder, "ash")


class TestPublished:
    def test_a_heartbeat_is_kept_and_newer(self, folder: Path) -> None:
        chain = network.check(folder, network.current_head(folder), NOW).chain

        verified = chain.verify(network.beat(folder, "fir", NOW + DAY), NOW + DAY)

        assert verified.is_newer
        assert verified.digest == network.check(folder, network.current_head(folder), NOW + DAY).digest

    def test_what_the_timestamp_does_not_name_was_never_published(self, folder: Path) -> None:
        before = network.current(folder)
        (folder / "metadata" / "2.vault.json").write_bytes(b"half writt")
        (folder / "metadata" / "2.snapshot.json").write_bytes(b"")

        assert network.current(folder) == before

    @pytest.mark.parametrize("name", ["timestamp.json", "1.snapshot.json", "1.vault.json", "1.targets.json"])
    def test_a_missing_file_is_named(self, folder: Path, name: str) -> None:
        (folder / "metadata" / name).unlink()

        with pytest.raises(PodError, match=name):
            network.current(folder)

    def test_a_damaged_file_is_said_to_be_damaged(self, folder: Path) -> None:
        (folder / "metadata" / "timestamp.json").write_bytes(b"{}")

        with pytest.raises(PodError, match="damaged"):
            network.current(folder)

    def test_a_folder_without_a_network_is_no_network(self, tmp_path: Path) -> None:
        for folder in (tmp_path, tmp_path / "absent"):
            with pytest.raises(PodError, match="holds no network"):
                network.current_head(folder)
