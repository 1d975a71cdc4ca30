"""What is lent of the disk: the disk as it is when a person sets the limit, not as it was a minute ago."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.api.schema import LEFT_BYTES, SettingsPatch
from node.supervisor import lending as lending_module
from node.supervisor import space, state
from node.supervisor.errors import SettingsError
from node.supervisor.home import Home
from node.supervisor.lending import LOOK_EACH, Lending
from node.supervisor.login import DesktopEntry, LoginStart
from node.update.files.kept import Kept
from node.vault.storage.filesystem import write_durably
from node.vault.storage.quota import RESERVE_BYTES
from tests import virtual_time

MB = 1 << 20
GB = 1 << 30


class Disk:
    """Stands in for the disk of the home, which may be taken for another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total = self.free = 100 * GB
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=self.total, free=self.free))


def play(
    folder: Path, story: Callable[[Lending, list[int]], Awaitable[None]], used_bytes: int = 0,
    login: LoginStart | None = None,
) -> None:  # fmt: skip
    """Let ``story`` happen to what is lent of a new home, with a limit of 10 GiB."""
    home = Home.make(folder / "home", kind="practice", root=b"genesis", bind="127.0.0.1:0", quota_bytes=10 * GB)

    async def main() -> None:
        told: list[int] = []

        async def tell(share_bytes: int) -> None:
            told.append(share_bytes)

        await story(Lending(home, tell, lambda: used_bytes, login), told)

    asyncio.run(main())


def test_free_room_is_told_in_round_figures_and_never_more_than_there_is():
    told = [space.Disk(0, total_bytes, free_bytes, "").told_free_bytes for total_bytes, free_bytes in (
        (10**12, 5_399_999_999), (10**12, 5_400_000_000), (10**12, 99), (0, 0),
    )]  # fmt: skip

    assert told == [5_300_000_000, 5_400_000_000, 0, None]


def test_what_people_are_told_stays_theirs_is_what_a_vault_leaves_to_them():
    assert LEFT_BYTES == RESERVE_BYTES


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


def test_a_limit_that_is_not_changed_is_not_compared_with_a_disk_that_is_smaller_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    disk = Disk(monkeypatch)

    async def story(lending: Lending, told: list[int]) -> None:
        disk.total = 5 * GB
        await lending.change(SettingsPatch(notifications="never"))
        assert (lending.settings.notifications, lending.settings.quota_bytes) == ("never", 10 * GB)

    play(tmp_path, story)


def test_on_a_full_disk_the_limit_is_lowered_with_the_room_that_is_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    Disk(monkeypatch)
    write = write_durably

    async def story(lending: Lending, told: list[int]) -> None:
        def full_but_for_the_ballast(path: Path, content: bytes) -> None:
            if lending.ballast.path.exists():
                raise OSError(errno.ENOSPC, "No space left on device")
            write(path, content)

        monkeypatch.setattr(state, "write_durably", full_but_for_the_ballast)
        await lending.change(SettingsPatch(quota_bytes=5 * GB))
        assert lending.settings.quota_bytes == 5 * GB

    play(tmp_path, story)


def test_a_change_is_answered_before_what_is_kept_for_the_way_back_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    Disk(monkeypatch)
    looks: list[Kept] = []

    def look(kept: Kept) -> int:
        looks.append(kept)
        return 0

    async def story(lending: Lending, told: list[int]) -> None:
        before, share_bytes = len(looks), lending.share_bytes
        await lending.change(SettingsPatch(quota_bytes=5 * GB))
        assert (len(looks) - before, told) == (0, [share_bytes - 5 * GB])
        await lending.measure()
        assert len(looks) - before == 1

    monkeypatch.setattr(Kept, "alone_bytes", look)
    play(tmp_path, story, used_bytes=5 * GB)


def test_a_change_of_anything_but_the_limit_makes_nobody_look_at_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    Disk(monkeypatch)

    async def story(lending: Lending, told: list[int]) -> None:
        await lending.measure()  # at a start it is looked at once
        monkeypatch.setattr(Kept, "alone_bytes", lambda _: pytest.fail("looked at"))
        await lending.change(SettingsPatch(notifications="never"))
        await lending.measure()

    play(tmp_path, story)


@pytest.mark.parametrize("was_on", [False, True])
def test_settings_that_cannot_be_kept_change_nothing_of_the_start_at_login_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, was_on: bool
):
    login = DesktopEntry(tmp_path, "ab", (sys.executable, "/home"))
    login.set(was_on)

    async def story(lending: Lending, told: list[int]) -> None:
        monkeypatch.setattr(state, "write_durably", full)
        with pytest.raises(SettingsError, match="could not be saved"):
            await lending.change(SettingsPatch(starts_at_login=not was_on))
        assert (login.is_on(), lending.shown().starts_at_login) == (was_on, was_on)
        monkeypatch.undo()
        await lending.change(SettingsPatch(starts_at_login=not was_on))
        assert (login.is_on(), lending.shown().starts_at_login) == (not was_on, not was_on)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    play(tmp_path, story, login=login)


def test_what_starts_at_login_is_this_home_wherever_it_lay_before(tmp_path: Path):
    DesktopEntry(tmp_path, "ab", (sys.executable, "--home", "/old")).set(True)

    async def story(lending: Lending, told: list[int]) -> None:
        assert lending.shown().starts_at_login
        assert "/new" in (tmp_path / "autostart/perennial-ab.desktop").read_text()

    play(tmp_path, story, login=DesktopEntry(tmp_path, "ab", (sys.executable, "--home", "/new")))


def test_after_a_change_the_disk_is_measured_soon_and_then_at_its_usual_pace(tmp_path: Path):
    measured: list[float] = []

    async def settled() -> None:
        await asyncio.sleep(0.0)

    async def story() -> None:
        loop = asyncio.get_running_loop()
        lending = Lending(home, lambda _: settled(), lambda: 0, DesktopEntry(tmp_path, "ab", (sys.executable, "/home")))
        measuring = asyncio.create_task(
            lending.keep_measuring(settled, lambda: measured.append(loop.time()), lambda: None)
        )
        await asyncio.sleep(70.0)
        await lending.change(SettingsPatch(quota_bytes=5 * GB))
        await asyncio.sleep(230.0)
        measuring.cancel()

    home = Home.make(tmp_path / "home", kind="practice", root=b"genesis", bind="127.0.0.1:0", quota_bytes=10 * GB)
    virtual_time.run(story())

    assert [round(at_s - measured[0]) for at_s in measured] == [0, 60, 85, 115, 175, 235, 295]


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


def test_what_twins_take_is_not_the_vaults_and_what_the_vault_takes_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Disk(monkeypatch)

    async def story(lending: Lending, told: list[int]) -> None:
        before, own = lending.share_bytes, Home.open(tmp_path / "home").vault
        (own / "chunks" / "one").write_bytes(bytes(5 << 20))
        await lending.measure()
        assert told == []
        (own.parent / "twin").mkdir()
        (own.parent / "twin" / "chunk").write_bytes(bytes(3 << 20))
        await lending.measure()
        assert told == [before - (3 << 20)]

    play(tmp_path, story)


class TestFilesThatAreNoChunks:
    """A vault writes files beside its chunks, where it may write at all."""

    def litter(self, folder: Path, size_bytes: int) -> None:
        own = Home.open(folder / "home").vault
        for name in ("incoming/0", "incoming/deep/er/1", "incoming/tally"):
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            with (own / name).open("wb") as file:
                file.truncate(size_bytes)
        (own / "incoming" / "link").symlink_to(folder / "of somebody")
        (folder / "of somebody").write_bytes(b"else")

    def names(self, folder: Path) -> set[str]:
        return {entry.name for entry in (Home.open(folder / "home").vault / "incoming").iterdir()}

    def play(self, folder: Path, size_bytes: int) -> tuple[list[str], set[str]]:
        """What is said while they lie there, and which are left when the next vault is about to run."""
        said: list[str] = []

        async def settled() -> None:
            self.litter(folder, size_bytes)

        async def story(lending: Lending, told: list[int]) -> None:
            seen = asyncio.Event()
            measuring = asyncio.create_task(lending.keep_measuring(settled, seen.set, lambda: said.append("littered")))
            await seen.wait()
            measuring.cancel()
            await asyncio.wait({measuring})
            await lending.see_to_store("0" * 64)

        play(folder, story)
        assert (folder / "of somebody").read_bytes() == b"else"
        return said, self.names(folder)

    def test_what_a_vault_is_writing_at_the_moment_is_left_to_it(self, tmp_path: Path):
        assert self.play(tmp_path, 8 << 20) == ([], {"0", "deep", "tally", "link"})

    def test_a_vault_that_fills_the_disk_with_them_is_ended_and_they_are_removed(self, tmp_path: Path):
        assert self.play(tmp_path, space.LITTER_BYTES_MAX // 2 + 1) == (["littered"], set())

    def test_many_empty_files_are_as_bad_as_few_large_ones(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(space, "LITTER_BYTES_MAX", 20 * space.BLOCK_BYTES)
        home = Home.make(tmp_path / "home", kind="practice", root=b"genesis", bind="127.0.0.1:0", quota_bytes=10 * GB)
        for number in range(21):
            assert not space.measure(home).is_littered
            (home.vault / "incoming" / f"{number}").touch()

        assert space.measure(home).is_littered

    def test_a_tally_is_no_litter_and_stays(self, tmp_path: Path):
        own = Home.make(
            tmp_path / "home", kind="practice", root=b"genesis", bind="127.0.0.1:0", quota_bytes=10 * GB
        ).vault  # fmt: skip
        (own / "incoming" / "tally").write_bytes(b"tally")
        (own / "incoming" / "large").write_bytes(bytes(100))

        space.remove_litter(Home.open(tmp_path / "home"))

        assert self.names(tmp_path) == {"tally"}

    def test_no_more_of_them_are_looked_at_than_show_that_it_is_too_much(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(space, "LITTER_BYTES_MAX", 20 * space.BLOCK_BYTES)
        home = Home.make(tmp_path / "home", kind="practice", root=b"genesis", bind="127.0.0.1:0", quota_bytes=10 * GB)
        for number in range(1_000):
            (home.vault / "incoming" / f"{number}").touch()

        assert space.measure(home).litter_bytes == 21 * space.BLOCK_BYTES

    def test_what_lies_elsewhere_on_the_disk_to_which_the_vaults_folder_leads_is_somebodys(self, tmp_path: Path):
        home = Home.make(tmp_path / "home", kind="practice", root=b"genesis", bind="127.0.0.1:0", quota_bytes=10 * GB)
        shutil.move(home.vault, tmp_path / "disk")
        home.vault.symlink_to(tmp_path / "disk")
        (tmp_path / "disk" / "photos").mkdir()
        with (tmp_path / "disk" / "photos" / "one").open("wb") as file:
            file.truncate(2 * space.LITTER_BYTES_MAX)

        assert not space.measure(home).is_littered
        space.remove_litter(home)
        assert (tmp_path / "disk" / "photos" / "one").exists()

    def test_what_cannot_be_removed_is_not_the_fault_of_who_runs_next(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(_: Path) -> None:
            raise OSError(errno.EBUSY, "another program has it open")

        async def story(lending: Lending, told: list[int]) -> None:
            self.litter(tmp_path, space.LITTER_BYTES_MAX)
            await lending.measure()
            monkeypatch.setattr(space, "remove_tree", refuse)
            await lending.see_to_store("0" * 64)
            await lending.measure()
            assert not lending.disk.is_littered
            await lending.change(SettingsPatch())
            assert not lending.disk.is_littered
            monkeypatch.undo()
            await lending.see_to_store("0" * 64)
            assert self.names(tmp_path) == set()

        play(tmp_path, story)

    def test_who_has_taken_over_while_it_was_measured_is_not_ended_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        said: list[str] = []

        async def settled() -> None:
            self.litter(tmp_path, space.LITTER_BYTES_MAX)

        async def story(lending: Lending, told: list[int]) -> None:
            seen = asyncio.Event()

            async def taken_over(**_: bool) -> None:
                monkeypatch.undo()
                await lending.see_to_store("0" * 64)

            monkeypatch.setattr(lending, "_share_out", taken_over)
            measuring = asyncio.create_task(lending.keep_measuring(settled, seen.set, lambda: said.append("littered")))
            await seen.wait()
            measuring.cancel()

        play(tmp_path, story)
        assert said == []

    def test_such_a_disk_is_not_at_fault_when_the_vault_fails(self):
        full = space.Disk(0, 1 << 40, 0, "it is full")
        littered = space.Disk(0, 1 << 40, 0, "it is full", space.LITTER_BYTES_MAX + 1)

        assert [full.is_at_fault, littered.is_at_fault] == [True, False]


def test_how_much_is_free_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    disk = Disk(monkeypatch)

    async def story(lending: Lending, told: list[int]) -> None:
        disk.free = GB - 1
        await lending.measure()
        assert lending.disk.free_bytes == GB - 1
        assert told == []

    play(tmp_path, story)


class TestWhatIsKeptForTheWayBack:
    """A chunk of 1 MiB that a new version has removed."""

    def lose(self, folder: Path, lending: Lending) -> None:
        content = bytes(MB)
        chunk = Home.open(folder / "home").vault / "chunks" / hashlib.sha256(content).hexdigest()
        chunk.write_bytes(content)
        lending.kept.keep("1" * 64)
        lending.kept.before_run("1" * 64)
        chunk.unlink()

    def store(self, folder: Path, size_bytes: int) -> None:
        """As much as many chunks take, in one file without content."""
        with (Home.open(folder / "home").vault / "chunks" / ("d" * 64)).open("wb") as file:
            file.truncate(size_bytes)

    def test_it_counts_against_the_limit_until_it_is_given_back(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            before, rest_bytes = lending.share_bytes, lending.rest_bytes
            self.lose(tmp_path, lending)
            for _ in range(LOOK_EACH):
                await lending.measure()
            assert (told, lending.rest_bytes - rest_bytes) == ([before - MB], MB)
            await lending.see_to_store("0" * 64)
            assert told[1:] == [before]

        play(tmp_path, story)

    def test_while_the_store_has_it_too_it_counts_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            chunk = Home.open(tmp_path / "home").vault / "chunks" / ("c" * 64)
            chunk.write_bytes(bytes(MB))
            lending.kept.keep("1" * 64)
            for _ in range(LOOK_EACH):
                await lending.measure()
            assert told == []

        play(tmp_path, story)

    def test_it_is_given_up_for_chunks_in_use(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        Disk(monkeypatch)
        used_bytes = 10 * GB - (640 << 20)

        async def story(lending: Lending, told: list[int]) -> None:
            self.lose(tmp_path, lending)
            self.store(tmp_path, used_bytes)
            for _ in range(LOOK_EACH):
                await lending.measure()
            assert (told, lending.kept.alone_bytes()) == ([], 0)

        play(tmp_path, story, used_bytes)

    def test_it_is_not_given_up_for_what_the_vault_only_says_that_it_uses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            self.lose(tmp_path, lending)
            for _ in range(LOOK_EACH):
                await lending.measure()
            assert lending.kept.alone_bytes() == MB

        play(tmp_path, story, used_bytes=10 * GB)

    def test_it_is_given_up_when_a_person_lowers_the_limit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            self.lose(tmp_path, lending)
            for _ in range(LOOK_EACH):
                await lending.measure()
            self.store(tmp_path, 5 * GB)
            before = len(told)
            await lending.change(SettingsPatch(quota_bytes=5 * GB))
            assert lending.kept.alone_bytes() == MB
            await lending.measure()
            assert lending.kept.alone_bytes() == 0
            assert len(told) == before + 1  # no chunk in use is given away for what goes anyway

        play(tmp_path, story, used_bytes=5 * GB)

    def test_what_the_vault_gives_away_after_that_is_found_at_the_next_measurement(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            await lending.change(SettingsPatch(quota_bytes=5 * GB))
            self.lose(tmp_path, lending)
            self.store(tmp_path, 5 * GB)
            await lending.measure()
            assert lending.kept.alone_bytes() == 0

        play(tmp_path, story, used_bytes=5 * GB)

    def test_it_is_given_up_before_the_disk_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        disk = Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            self.lose(tmp_path, lending)
            for _ in range(LOOK_EACH):
                await lending.measure()
            disk.free = 1 * GB
            await lending.measure()
            assert lending.kept.alone_bytes() == 0

        play(tmp_path, story)

    def test_it_is_not_given_up_for_what_the_vault_has_littered(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        disk = Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            self.lose(tmp_path, lending)
            for _ in range(LOOK_EACH):
                await lending.measure()
            with (Home.open(tmp_path / "home").vault / "incoming" / "0").open("wb") as file:
                file.truncate(2 * space.LITTER_BYTES_MAX)
            disk.free = 0
            await lending.measure()
            assert lending.kept.alone_bytes() == MB

        play(tmp_path, story)


class TestHowOftenWhatIsKeptIsLookedAt:
    """Each look lists every chunk, and a large farm has millions."""

    @pytest.fixture
    def looks(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Grows with each look, which finds that 1 MiB is kept alone."""
        made: list[int] = []
        monkeypatch.setattr(Kept, "alone_bytes", lambda _: made.append(1) or MB)  # type: ignore[func-returns-value]
        return made

    def test_once_a_day_and_not_before_the_node_can_be_reached(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[int]
    ):
        Disk(monkeypatch)
        monkeypatch.setattr(lending_module, "LOOK_DAILY", 3 * LOOK_EACH)

        async def story(lending: Lending, told: list[int]) -> None:
            counts = [len(looks)]
            for _ in range(6 * LOOK_EACH + 1):
                await lending.measure()
                counts.append(len(looks))
            assert counts == [0] + [1] * 3 * LOOK_EACH + [2] * 3 * LOOK_EACH + [3]

        play(tmp_path, story)

    def test_soon_where_more_of_the_disk_goes_than_the_vault_says_that_it_takes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[int]
    ):
        disk = Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            await lending.measure()
            disk.free -= 10 * GB // lending_module.MISSING_PARTS + MB
            await lending.measure()
            assert len(looks) == 1
            for _ in range(2 * LOOK_EACH):
                await lending.measure()
            assert len(looks) == 2

        play(tmp_path, story)

    def test_soon_where_less_goes_but_the_disk_is_nearly_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[int]
    ):
        disk = Disk(monkeypatch)
        disk.free = 2 * RESERVE_BYTES

        async def story(lending: Lending, told: list[int]) -> None:
            await lending.measure()
            disk.free -= 1
            for _ in range(2 * LOOK_EACH):
                await lending.measure()
            assert len(looks) == 2

        play(tmp_path, story)

    def test_not_in_the_gap_in_which_chunks_are_given_back_and_none_is_given_away_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[int]
    ):
        Disk(monkeypatch)
        monkeypatch.setattr(Kept, "before_run", lambda *_: 7)

        async def story(lending: Lending, told: list[int]) -> None:
            before = lending.share_bytes
            await lending.measure()
            await lending.see_to_store("0" * 64)
            assert (len(looks), told) == (1, [before - MB, before])
            await lending.measure()
            assert (len(looks), told[2:]) == (2, [before - MB])

        play(tmp_path, story)

    def test_what_a_look_finds_that_a_return_has_overtaken_is_not_believed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        Disk(monkeypatch)
        monkeypatch.setattr(Kept, "before_run", lambda *_: 7)

        async def story(lending: Lending, told: list[int]) -> None:
            loop = asyncio.get_running_loop()

            def look(_: Kept) -> int:
                asyncio.run_coroutine_threadsafe(lending.see_to_store("0" * 64), loop).result()
                return MB

            monkeypatch.setattr(Kept, "alone_bytes", look)
            await lending.measure()
            assert told == []

        play(tmp_path, story)

    def test_once_an_hour_where_the_vault_says_that_it_needs_more_room_than_it_does(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[int]
    ):
        Disk(monkeypatch)

        async def story(lending: Lending, told: list[int]) -> None:
            for _ in range(lending_module.VAIN_LOOKS_EACH + 2):
                await lending.measure()
            assert len(looks) == 2

        play(tmp_path, story, used_bytes=10 * GB)
