"""Settings: ranges, durable, and never ignored in silence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from node.supervisor import settings as settings_module
from node.supervisor.errors import SettingsError
from node.supervisor.settings import QUOTA_BYTES_DEFAULT, QUOTA_BYTES_MAX, QUOTA_BYTES_MIN, Settings, load, save


@pytest.fixture
def path(tmp_path: Path):
    return tmp_path / "settings.json"


def test_what_was_saved_is_loaded(path: Path):
    save(path, Settings(quota_bytes=100_000_000))
    assert load(path) == (Settings(quota_bytes=100_000_000), "")


@pytest.mark.parametrize("quota_bytes", [QUOTA_BYTES_MIN, QUOTA_BYTES_MAX])
def test_the_ends_of_the_range_are_allowed(path: Path, quota_bytes: int):
    save(path, Settings(quota_bytes=quota_bytes))
    assert load(path)[0].quota_bytes == quota_bytes


@pytest.mark.parametrize("quota_bytes", [QUOTA_BYTES_MIN - 1, QUOTA_BYTES_MAX + 1, 0, -1])
def test_a_limit_out_of_range_is_refused_and_nothing_changes(path: Path, quota_bytes: int):
    save(path, Settings(quota_bytes=100_000_000))
    with pytest.raises(SettingsError, match=r"between 17 MB and 1\.1 PB"):
        save(path, Settings(quota_bytes=quota_bytes))
    assert load(path)[0].quota_bytes == 100_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"version":1,"quota_bytes":1000',
        b'{"version":1,"quota_bytes":1}',
        b'{"version":1,"quota_bytes":"much"}',
        b'{"version":1,"unheard_of":1}',
        b"\xff\xfe\x00",
        b"[" * 5000,
        b" " * 100_000,
    ],
)
def test_a_bad_file_is_kept_aside_and_named_and_the_defaults_hold(path: Path, content: bytes):
    path.write_bytes(content)

    loaded, trouble = load(path)

    assert loaded.quota_bytes == QUOTA_BYTES_DEFAULT
    assert "settings.json" in trouble
    assert "21 GB" in trouble
    assert path.with_name("settings.json.bad").read_bytes() == content
    assert not path.exists()


def test_settings_of_a_newer_version_are_kept_aside_and_said_to_be_newer(path: Path):
    path.write_bytes(b'{"version":2,"quota_bytes":100000000,"colour":"green"}')
    assert "newer version 2" in load(path)[1]
    assert path.with_name("settings.json.bad").exists()


def test_missing_settings_are_said_to_be_missing(path: Path):
    assert "is missing" in load(path)[1]


def test_settings_that_cannot_be_opened_are_said_to_be_unreadable(path: Path):
    path.mkdir()
    assert "cannot be read" in load(path)[1]


def test_after_saving_again_all_is_well(path: Path):
    path.write_bytes(b"{")
    load(path)
    save(path, Settings(quota_bytes=100_000_000))
    assert load(path) == (Settings(quota_bytes=100_000_000), "")


def test_a_full_disk_is_one_sentence(path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, content: bytes):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(settings_module, "write_durably", full)
    with pytest.raises(SettingsError, match=r"could not be saved .*: No space left on device"):
        save(path, Settings())


def test_the_file_says_its_version(path: Path):
    save(path, Settings())
    assert msgspec.json.decode(path.read_bytes())["version"] == 1


def test_settings_of_an_older_version_still_open_and_vaults_are_looked_for(path: Path):
    path.write_text('{"version": 1, "quota_bytes": 100000000}')
    assert load(path) == (Settings(quota_bytes=100_000_000, local_discovery=True), "")


def test_whoever_does_not_want_to_be_found_stays_so(path: Path):
    save(path, Settings(local_discovery=False))
    assert not load(path)[0].local_discovery
