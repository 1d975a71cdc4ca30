"""What is lent of the disk: the disk as it is when a person sets the limit, not as it was a minute ago."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.api.schema import SettingsPatch
from node.supervisor.errors import SettingsError
from node.supervisor.home import Home
from node.supervisor.lending import Lending

GB = 1 << 30


class Disk:
    """Stands in for the disk of the home, which may be taken for another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total = self.free = 100 * GB
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=self.total, free=self.free))


def play(folder: Path, story: Callable[[Lending, list[int]], Awaitable[None]]) -> None:
    """Let ``story`` happen to what is lent of a new home, with a limit of 10 GiB."""
    home = Home.make(folder / "home", kind="practice", root=b"genesis", bind="127.0.0.1:0", quota_bytes=10 * GB)

    async def main() -> None:
        told: list[int] = []

        async def tell(share_bytes: int) -> None:
            told.append(share_bytes)

        await story(Lending(home, tell), told)

    asyncio.run(main())


def test_a_limit_is_compared_with_the_disk_as_it_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    disk = Disk(monkeypatch)

    async def story(lending: Lending, told: list[int]) -> None:
        disk.total = 20 * GB
        with pytest.raises(SettingsError, match="larger than the disk, which holds 21 GB"):
            await lending.change(SettingsPatch(quota_bytes=50 * GB))
        assert (lending.settings.quota_bytes, told) == (10 * GB, [])
        disk.total = 200 * GB
        await lending.change(SettingsPatch(quota_bytes=150 * GB))
        assert lending.settings.quota_bytes == 150 * GB

    play(tmp_path, story)


def test_what_the_home_takes_now_is_not_the_vaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Disk(monkeypatch)

    async def story(lending: Lending, told: list[int]) -> None:
        before = lending.share_bytes
        (tmp_path / "home" / "logs" / "vault.log").write_bytes(bytes(3 << 20))
        await lending.change(SettingsPatch(quota_bytes=10 * GB))
        assert told == [lending.share_bytes] == [before - (3 << 20)]
        (tmp_path / "home" / "logs" / "vault.log").unlink()
        await lending.measure()
        assert told[1:] == [before]

    play(tmp_path, story)


def test_how_much_is_free_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    disk = Disk(monkeypatch)

    async def story(lending: Lending, told: list[int]) -> None:
        disk.free = GB - 1
        await lending.measure()
        assert lending.disk.free_bytes == GB - 1
        assert told == []

    play(tmp_path, story)
