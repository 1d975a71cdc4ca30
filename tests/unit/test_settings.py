"""Settings: ranges, durable, and never ignored in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.api.told import NOTHING
from node.supervisor import state as state_module
from node.supervisor.errors import SettingsError
from node.supervisor.settings import (
    PRACTICE,
    QUOTA_BYTES_DEFAULT,
    QUOTA_BYTES_MAX,
    QUOTA_BYTES_MIN,
    RATE_BYTES_PER_S_MIN,
    UPLOAD_BYTES_PER_S_DEFAULT,
    Settings,
    checked,
    defaults,
    load,
    save,
)


@pytest.fixture
def path(tmp_path: Path):
    return tmp_path / "settings.json"


def test_what_was_saved_is_loaded(path: Path):
    save(path, Settings(quota_bytes=100_000_000))
    assert load(path) == (Settings(quota_bytes=100_000_000), NOTHING)


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
        b'{"version":1,"hours":[1]}',
        b'{"version":2,"hours":[]}',
        b'{"version":2,"notifications":"loud"}',
        b'{"version":0}',
        b"\xff\xfe\x00",
        b"[" * 5000,
        b" " * 100_000,
    ],
)
def test_a_bad_file_is_kept_aside_and_named_and_the_defaults_hold(path: Path, content: bytes):
    path.write_bytes(content)

    loaded, trouble = load(path)

    assert loaded.quota_bytes == QUOTA_BYTES_DEFAULT
    assert "settings.json" in trouble.sentence
    assert "21 GB" in trouble.sentence
    assert path.with_name("settings.json.bad").read_bytes() == content
    assert not path.exists()


def test_settings_of_a_newer_version_are_kept_aside_and_said_to_be_newer(path: Path):
    path.write_bytes(b'{"version":3,"quota_bytes":100000000,"colour":"green"}')
    assert "newer version 3" in load(path)[1].sentence
    assert path.with_name("settings.json.bad").exists()


def test_missing_settings_are_said_to_be_missing(path: Path):
    assert "is missing" in load(path)[1].sentence


def test_settings_that_cannot_be_opened_are_said_to_be_unreadable(path: Path):
    path.mkdir()
    assert "cannot be read" in load(path)[1].sentence


def test_after_saving_again_all_is_well(path: Path):
    path.write_bytes(b"{")
    load(path)
    save(path, Settings(quota_bytes=100_000_000))
    assert load(path) == (Settings(quota_bytes=100_000_000), NOTHING)


def test_a_full_disk_is_one_sentence(path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, content: bytes):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state_module, "write_durably", full)
    with pytest.raises(SettingsError, match=r"could not be saved .*: No space left on device"):
        save(path, Settings())


def test_the_file_says_its_version(path: Path):
    save(path, Settings())
    assert msgspec.json.decode(path.read_bytes())["version"] == 2


def test_settings_of_version_1_are_read_and_what_they_do_not_say_is_as_in_a_new_home(path: Path):
    path.write_text('{"version": 1, "quota_bytes": 100000000, "local_discovery": false}')
    expected = msgspec.structs.replace(PRACTICE, quota_bytes=100_000_000, local_discovery=False)
    assert load(path, PRACTICE) == (expected, NOTHING)
    assert load(path)[0].upload_bytes_per_s == UPLOAD_BYTES_PER_S_DEFAULT
    assert path.exists()


def test_a_real_home_sends_gently_and_a_practice_home_as_it_can():
    assert defaults(is_practice=False).upload_bytes_per_s == UPLOAD_BYTES_PER_S_DEFAULT
    assert defaults(is_practice=True).upload_bytes_per_s == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"upload_bytes_per_s": RATE_BYTES_PER_S_MIN - 1}, "between 200 kB and 10 GB a second"),
        ({"download_bytes_per_s": -1}, "between 200 kB"),
        ({"hours": ()}, "at least one"),
        ({"hours": (3, 2)}, "in order"),
        ({"hours": (1, 1)}, "each once"),
        ({"hours": (24,)}, "0 to 23"),
        ({"api_port": 80}, "between 1024 and 65535"),
    ],
)
def test_what_is_out_of_its_range_is_refused_in_one_sentence(changed: dict[str, Any], said: str):
    with pytest.raises(SettingsError, match=said):
        checked(msgspec.structs.replace(Settings(), **changed))


@pytest.mark.parametrize("changed", [{"upload_bytes_per_s": RATE_BYTES_PER_S_MIN}, {"hours": (0, 23)}, {"api_port": 0}])
def test_what_is_in_its_range_is_kept(path: Path, changed: dict[str, Any]):
    wanted = msgspec.structs.replace(Settings(), **changed)
    save(path, wanted)
    assert load(path) == (wanted, NOTHING)


def test_whoever_does_not_want_to_be_found_stays_so(path: Path):
    save(path, Settings(local_discovery=False))
    assert not load(path)[0].local_discovery
