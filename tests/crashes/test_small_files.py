"""The power fails while a small file of a home is replaced, or the disk is full: it holds what it held, or the new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from node.api import schema
from node.api.told import NOTHING
from node.supervisor import settings
from node.supervisor.errors import HomeError, SettingsError, StateError
from node.supervisor.home import Home
from node.supervisor.keys import Keys, RunKey
from node.supervisor.lending import Lending
from node.supervisor.settings import Settings
from node.supervisor.state import Serial, StateFile
from node.vault.core.identity import decode_certificate
from node.vault.storage.filesystem import UNFINISHED, write_durably
from tests.crashes.full import FullDisk
from tests.crashes.platter import Platter, put_down

pytestmark = pytest.mark.usefixtures("cheap_twins")

LIMITS = [(16 << 20) + step for step in range(3)]
ROOT = b"the root of a network"


def made(folder: Path) -> Home:
    return Home.make(folder, kind="practice", root=ROOT, bind="127.0.1.1:0", quota_bytes=LIMITS[0])


def keys_of(home: Home) -> Keys:
    return Keys(b"s" * 32, StateFile(home.state / "serial.json", Serial), lambda count: b"t" * count)


def serial_of(run: RunKey) -> int:
    return decode_certificate(run.certificate, 0.0).serial


@dataclass
class Seen:
    """What was told to be kept last, and what just is being written."""

    kept: int | bytes
    coming: int | bytes

    def change(self, value: int | bytes, write: Callable[[], object]) -> None:
        self.coming = value
        write()
        self.kept = value


def leftovers(home: Home) -> list[Path]:
    return list(home.path.rglob(f"*{UNFINISHED}"))


def every_disk(home: Home, seen: Seen, story: Callable[[], None]) -> Iterator[tuple[int | bytes, ...]]:
    """Put down each disk that a cut of the story may leave; give what the file may hold there, one after the other."""
    platter = Platter(home.path, lambda: (seen.kept, seen.coming))
    with platter.watched():
        story()
    assert len(platter.moments) > 2 * len(LIMITS)
    for disk, said in platter.moments.items():
        put_down(disk, home.path)
        yield tuple(value for pair in said for value in pair)


class TestPowerCuts:
    def test_the_settings_are_those_from_before_or_the_new_ones_and_never_the_defaults(self, tmp_path: Path):
        home = made(tmp_path / "home")
        seen = Seen(LIMITS[0], LIMITS[0])

        def story() -> None:
            for limit in LIMITS:
                seen.change(limit, partial(settings.save, home.settings_file, Settings(quota_bytes=limit)))

        for may_be in every_disk(home, seen, story):
            again = Home.open(home.path)
            again.remove_leftovers()
            found, trouble = settings.load(again.settings_file)
            assert (found.quota_bytes in may_be, trouble) == (True, NOTHING)
            assert leftovers(again) == []
            settings.save(again.settings_file, Settings(quota_bytes=LIMITS[2]))
            assert settings.load(again.settings_file)[0].quota_bytes == LIMITS[2]

    def test_the_record_is_the_one_from_before_or_the_new_one(self, tmp_path: Path):
        home = made(tmp_path / "home")
        seen = Seen(b"", b"")

        def story() -> None:
            for record in (b"one" * 99, b"another" * 99, b"third" * 99):
                seen.change(record, partial(write_durably, home.state / "record", record))

        for may_be in every_disk(home, seen, story):
            again = Home.open(home.path)
            again.remove_leftovers()
            assert again.last_record() in may_be
            assert leftovers(again) == []

    def test_no_certificate_is_ever_given_out_under_a_serial_that_was_used(self, tmp_path: Path):
        home = made(tmp_path / "home")
        seen, keys = Seen(0, 0), keys_of(home)

        def story() -> None:
            for _ in LIMITS:
                seen.kept = seen.coming = serial_of(keys.new_run(0.0))

        for issued in every_disk(home, seen, story):
            assert serial_of(keys_of(Home.open(home.path)).new_run(0.0)) > max(
                each for each in issued if isinstance(each, int)
            )

    def test_a_home_that_was_being_made_is_whole_or_is_made_again(self, tmp_path: Path):
        folder = tmp_path / "home"
        folder.mkdir()
        platter = Platter(folder, lambda: None)
        with platter.watched():
            made(folder)

        whole = 0
        for disk in platter.moments:
            put_down(disk, folder)
            try:
                home = Home.open(folder)
                whole += 1
            except HomeError:
                home = made(folder)
            home.remove_leftovers()
            found, trouble = settings.load(home.settings_file)
            assert (home.root, found.quota_bytes, trouble) == (ROOT, LIMITS[0], NOTHING)
            assert leftovers(home) == []
        assert 0 < whole < len(platter.moments)


class TestAFullDisk:
    @pytest.mark.parametrize("full_at", range(1, 6))
    def test_settings_that_it_refuses_are_as_they_were_and_can_be_set_when_there_is_room(
        self, tmp_path: Path, full_at: int
    ):
        home = made(tmp_path / "home")
        disk = FullDisk(home.path, full_at, folders=("",))

        async def told(_share_bytes: int) -> None: ...

        async def main() -> None:
            lending = Lending(home, told, lambda: 0)
            patch = schema.SettingsPatch(quota_bytes=LIMITS[1])
            with disk.watched():
                for _ in range(2):
                    with pytest.raises(SettingsError, match=r"could not be saved in .*: No space left on device"):
                        await lending.change(patch)
                    assert lending.settings.quota_bytes == settings.load(home.settings_file)[0].quota_bytes
                disk.make_room()
                await lending.change(patch)
            found, trouble = settings.load(home.settings_file)
            assert (found.quota_bytes, trouble) == (LIMITS[1], NOTHING)

        asyncio.run(main())
        assert leftovers(home) == []

    @pytest.mark.parametrize("full_at", range(1, 6))
    def test_no_certificate_is_given_out_that_could_not_be_counted(self, tmp_path: Path, full_at: int):
        home = made(tmp_path / "home")
        keys, disk = keys_of(home), FullDisk(home.path, full_at)
        before = serial_of(keys.new_run(0.0))
        with disk.watched():
            with pytest.raises(StateError, match="No space left on device"):
                keys.new_run(0.0)
            disk.make_room()
            after = serial_of(keys.new_run(0.0))

        assert after > before
        assert leftovers(home) == []
        kept = StateFile(home.state / "serial.json", Serial).load()
        assert kept is not None
        assert kept.serial == after
