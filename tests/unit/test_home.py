"""A home: what is one, what is none, whose it is, and that nothing else is ever touched."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from node.api.door import SOCKET_PATH_BYTES_MAX
from node.rehearsal import reading
from node.supervisor import home as home_module
from node.supervisor import state as state_module
from node.supervisor import store_place
from node.supervisor.app_host import WORK
from node.supervisor.errors import HomeError, HomeInUse, SettingsError
from node.supervisor.home import Home, Kind
from node.vault.control import Pace
from node.vault.storage.filesystem import RealFileSystem

QUOTA = 64 << 20


def make(path: Path, *, kind: Kind = "practice", root: bytes = b"genesis", quota: int = QUOTA, **others: Any):
    return Home.make(path, kind=kind, root=root, bind="127.0.1.1:0", quota_bytes=quota, **others)


def old_layout(path: Path) -> None:
    """A home whose chunks lie as they did when it was made."""
    home = make(path)
    (home.vault / "chunks" / "one").write_bytes(b"a chunk")
    home.vault.rename(path / "vault")
    home.vaults.rmdir()
    (path / "trial" / "twin").mkdir(parents=True)


def everything_below(path: Path):
    return {str(p.relative_to(path)): p.read_bytes() if p.is_file() else None for p in path.rglob("*")}


class TestMaking:
    def test_what_was_made_can_be_opened_with_all_that_it_was_given(self, tmp_path: Path):
        make(tmp_path / "home", contacts=(b"one", b"two"), pace=Pace(audit_s=3.0))

        opened = Home.open(tmp_path / "home")

        assert opened.is_practice
        assert opened.root == b"genesis"
        assert opened.marker.contacts == (b"one", b"two")
        assert opened.marker.bind == "127.0.1.1:0"
        assert opened.marker.pace == Pace(audit_s=3.0)
        assert len(opened.network) == 32

    def test_nobody_else_may_look_in(self, tmp_path: Path):
        made = make(tmp_path / "home")
        for folder in (made.path, made.state, made.slots, made.vaults, made.vault, made.logs):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_an_empty_folder_will_do(self, tmp_path: Path):
        (tmp_path / "home").mkdir(mode=0o755)
        make(tmp_path / "home")
        assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700

    def test_a_folder_with_other_files_is_refused_and_left_alone(self, tmp_path: Path):
        (tmp_path / "thesis.txt").write_text("years of work")
        before = everything_below(tmp_path)

        with pytest.raises(HomeError, match="is not a Perennial home"):
            make(tmp_path)

        assert everything_below(tmp_path) == before

    def test_a_home_is_not_made_twice(self, tmp_path: Path):
        make(tmp_path)
        with pytest.raises(HomeError, match="is a Perennial home already"):
            make(tmp_path, root=b"another genesis")
        assert Home.open(tmp_path).root == b"genesis"

    def test_a_limit_out_of_range_leaves_no_trace(self, tmp_path: Path):
        with pytest.raises(SettingsError, match="between"):
            make(tmp_path / "home", quota=1)
        assert not (tmp_path / "home").exists()

    @pytest.mark.parametrize("name", ["line\nend", "bell\a"])
    def test_a_path_with_control_characters_is_refused_in_one_readable_sentence(self, tmp_path: Path, name: str):
        with pytest.raises(HomeError, match="choose another folder") as refused:
            make(tmp_path / name)
        assert str(refused.value).isprintable()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a path is text")
    def test_a_path_that_is_no_text_is_refused(self, tmp_path: Path):
        with pytest.raises(HomeError, match="choose another folder") as refused:
            make(Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xe4ume")))
        str(refused.value).encode()

    @pytest.mark.parametrize("writes", range(4))
    def test_cut_short_anywhere_it_is_no_home_and_can_be_made_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
    ):
        left = [writes]

        def dying(path: Path, content: bytes):
            if not left[0]:
                raise OSError(28, "No space left on device")
            left[0] -= 1
            path.write_bytes(content)

        monkeypatch.setattr(home_module, "write_durably", dying)
        monkeypatch.setattr(state_module, "write_durably", dying)
        with pytest.raises((HomeError, SettingsError), match="No space left on device"):
            make(tmp_path)
        with pytest.raises(HomeError):
            Home.open(tmp_path)
        monkeypatch.undo()

        assert make(tmp_path).root == b"genesis"


class TestOpening:
    def test_a_folder_that_is_not_there_is_no_home(self, tmp_path: Path):
        with pytest.raises(HomeError, match="There is no Perennial home at"):
            Home.open(tmp_path / "nowhere")
        assert not (tmp_path / "nowhere").exists()

    def test_a_folder_without_the_marker_is_refused_and_left_alone(self, tmp_path: Path):
        (tmp_path / "settings.json").write_text("{}")
        with pytest.raises(HomeError, match="is not a Perennial home"):
            Home.open(tmp_path)
        assert everything_below(tmp_path) == {"settings.json": b"{}"}

    def test_a_file_is_no_home(self, tmp_path: Path):
        (tmp_path / "file").write_text("")
        with pytest.raises(HomeError, match="is not a folder"):
            Home.open(tmp_path / "file")

    def test_a_loop_of_links_is_no_home(self, tmp_path: Path):
        (tmp_path / "link").symlink_to(tmp_path / "link")
        with pytest.raises(HomeError):
            Home.open(tmp_path / "link")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owner of this kind")
    def test_another_users_home_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        make(tmp_path)
        monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
        with pytest.raises(HomeError, match="belongs to another user"):
            Home.open(tmp_path)

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b"\xff\xfe", b"[" * 5000])
    def test_a_damaged_marker_is_named(self, tmp_path: Path, content: bytes):
        make(tmp_path)
        (tmp_path / "home.json").write_bytes(content)
        with pytest.raises(HomeError, match=r"home\.json is damaged"):
            Home.open(tmp_path)

    def test_a_home_of_a_newer_version_is_refused(self, tmp_path: Path):
        make(tmp_path)
        (tmp_path / "home.json").write_bytes(b'{"format": 2, "what": "nobody knows yet"}')
        with pytest.raises(HomeError, match="newer version"):
            Home.open(tmp_path)

    def test_another_genesis_root_is_refused(self, tmp_path: Path):
        make(tmp_path)
        (tmp_path / "root.json").write_bytes(b"another genesis")
        with pytest.raises(HomeError, match="not the genesis root"):
            Home.open(tmp_path)

    def test_a_path_too_long_for_the_socket_is_one_clear_sentence(self, tmp_path: Path):
        path = tmp_path / ("x" * (SOCKET_PATH_BYTES_MAX + 1 - len(os.fsencode(tmp_path)) - len("//api.sock")))
        with pytest.raises(HomeError, match="too long for a home: at most 91 bytes"):
            make(path, kind="real")
        short = path.with_name(path.name[1:])
        make(short, kind="real")
        short.rename(path)
        with pytest.raises(HomeError, match="too long for a home: at most 91 bytes"):
            Home.open(path)

    @pytest.mark.skipif(sys.platform != "linux", reason="nowhere else are programs rehearsed")
    def test_in_every_home_there_is_room_for_a_rehearsal_within_a_rehearsal(self, tmp_path: Path):
        longest = tmp_path / ("x" * (SOCKET_PATH_BYTES_MAX - len(os.fsencode(tmp_path)) - len("//api.sock")))
        home = make(longest, kind="real")
        network = home.path / WORK / "net"
        network.mkdir(parents=True)
        farm = make(network / "farm-1")
        (farm.path / WORK).mkdir()

        copied = reading.copy(farm, farm.path / WORK / "copy")

        assert Home.open(copied.path).network == home.network


class TestTheFolderOfTheVault:
    def test_its_name_is_drawn_and_stays(self, tmp_path: Path):
        first, second = make(tmp_path / "first"), make(tmp_path / "second")
        assert all(re.fullmatch("[0-9a-f]{16}", home.vault.name) for home in (first, second))
        assert first.vault.name != second.vault.name
        (tmp_path / "first").rename(tmp_path / "moved")
        assert Home.open(tmp_path / "moved").vault == tmp_path / "moved" / "vaults" / first.vault.name

    def test_it_is_not_the_name_under_which_the_key_is_kept(self, tmp_path: Path):
        home = make(tmp_path)
        assert home.marker.name not in home.vault.name

    def test_a_store_of_the_old_layout_moves_there_once_with_all_its_chunks(self, tmp_path: Path):
        old_layout(tmp_path)

        for _ in range(2):
            home = Home.open(tmp_path)
            assert (home.vault / "chunks" / "one").read_bytes() == b"a chunk"
            assert not (tmp_path / "vault").exists()
            assert not (tmp_path / "trial").exists()

    def test_a_store_of_that_name_is_left_alone_where_there_is_one_of_the_new_layout(self, tmp_path: Path):
        home = make(tmp_path)
        (home.vault / "chunks" / "new").write_bytes(b"a newer chunk")
        (tmp_path / "vault").mkdir()
        (tmp_path / "vault" / "mine").write_bytes(b"no chunk of ours")

        home = Home.open(tmp_path)

        assert (tmp_path / "vault" / "mine").exists()
        assert (home.vault / "chunks" / "new").exists()

    @pytest.mark.parametrize("step", ["fsync_directory", "rename", "remove_tree"])
    def test_a_move_that_was_cut_off_is_ended_at_the_next_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ):
        def cut(*_: object, **__: object) -> None:
            raise OSError("the power went")

        old_layout(tmp_path)
        where = {"fsync_directory": RealFileSystem, "rename": Path}.get(step, store_place)
        monkeypatch.setattr(where, step, cut)
        with pytest.raises(HomeError):
            Home.open(tmp_path)
        monkeypatch.undo()

        assert (Home.open(tmp_path).vault / "chunks" / "one").read_bytes() == b"a chunk"

    def test_two_processes_that_move_it_at_once_do_no_harm(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        old_layout(tmp_path)
        rename = Path.rename

        def later(self: Path, target: Path) -> Path:
            rename(self, target)
            return rename(self, target)  # as one that has looked before the other one moved it

        monkeypatch.setattr(Path, "rename", later)
        assert (Home.open(tmp_path).vault / "chunks" / "one").read_bytes() == b"a chunk"

    def test_what_power_cuts_left_half_written_is_removed_and_nothing_else(self, tmp_path: Path):
        home = make(tmp_path)
        (home.state / "trial").mkdir()
        kept = (home.state / "serial.json", home.state / "trial" / "run.bin", home.state / "x.unfinished")
        left = [folder / ".name.0.unfinished" for folder in (home.path, home.state, home.state / "trial")]
        for file in (*kept, *left):
            file.write_bytes(b"half")

        home.remove_leftovers()

        assert [file.exists() for file in left] == [False] * 3
        assert all(file.exists() for file in (*kept, home.settings_file, home.path / "home.json"))

    def test_what_cannot_be_removed_stops_nothing(self, tmp_path: Path):
        home = make(tmp_path)
        stuck, behind = home.state / ".name.0.unfinished", home.state / ".name.1.unfinished"
        stuck.mkdir()
        behind.write_bytes(b"half")

        home.remove_leftovers()

        assert (stuck.is_dir(), behind.exists()) == (True, False)


class TestLock:
    def test_a_second_instance_is_told_who_runs(self, tmp_path: Path):
        home = make(tmp_path)
        with home.lock(), pytest.raises(HomeInUse, match=rf"already runs on .* \(process {os.getpid()}\)"):
            home.lock()

    def test_the_end_of_a_process_frees_the_home(self, tmp_path: Path):
        home = make(tmp_path)
        code = (
            f"from node.supervisor.home import Lock; from pathlib import Path; Lock(Path({str(tmp_path / 'lock')!r}))"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
        with home.lock():
            assert (tmp_path / "lock").read_text().strip() == str(os.getpid())

    def test_once_released_it_can_be_taken_again(self, tmp_path: Path):
        home = make(tmp_path)
        home.lock().release()
        with home.lock(), pytest.raises(HomeInUse):
            home.lock()

    def test_a_disk_that_takes_no_lock_is_said_to_be_so_and_not_that_a_node_runs(self, tmp_path: Path):
        home = make(tmp_path)
        (tmp_path / "lock").mkdir()

        with pytest.raises(HomeError, match=r"lock cannot be used: ") as found:
            home.lock()

        assert not isinstance(found.value, HomeInUse)

    @pytest.mark.skipif(sys.platform == "win32", reason="locks by other means")
    def test_neither_is_a_file_system_that_knows_no_locks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        import fcntl

        home = make(tmp_path)

        def none_left(*_: object) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", none_left)
        with pytest.raises(HomeError, match=r"lock cannot be used: ") as found:
            home.lock()

        assert not isinstance(found.value, HomeInUse)


class TestDeleting:
    def test_all_of_it_goes_read_only_slots_included(self, tmp_path: Path):
        home = make(tmp_path / "home")
        slot = home.slots / "vault" / ("a" * 64)
        slot.mkdir(parents=True)
        (slot / "file.py").write_text("pass")
        (slot / "file.py").chmod(0o444)
        slot.chmod(0o555)
        (home.state / "link").symlink_to(tmp_path)

        home.delete(home.lock())

        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_itself_may_not_go_is_emptied(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        home = make(tmp_path / "home")
        monkeypatch.setattr(Path, "rmdir", mounted)

        home.delete(home.lock())

        assert list(home.path.iterdir()) == []

    def test_without_the_marker_nothing_is_deleted(self, tmp_path: Path):
        home = make(tmp_path)
        (tmp_path / "home.json").unlink()

        with home.lock() as lock:
            before = everything_below(tmp_path)
            with pytest.raises(HomeError):
                home.delete(lock)

        assert everything_below(tmp_path) == before


def mounted(path: Path) -> None:
    """What becomes of ``rmdir`` where another disk hangs."""
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
