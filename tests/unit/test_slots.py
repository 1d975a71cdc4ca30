"""Versions on disk: staged as a whole or not at all, found out when damaged, never lost by a power cut."""

from __future__ import annotations

import errno
import hashlib
import json
import marshal
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import node
from node.sandbox.spec import SandboxSpec
from node.trust.capabilities import TODAY, Capabilities
from node.update.errors import SlotDamaged, StageFailed
from node.update.files import bytecode, trees
from node.update.files.pointers import LOOK_PAUSE_S, LOOKS, POINTERS, Pointer, PointersDamaged
from node.update.files.programs import PROGRAMS
from node.update.files.slots import Slots
from node.vault.share.tree import Manifest, manifest_of, tree_hash_of
from node.vault.storage.filesystem import RealFileSystem
from tests.refused import RefusedReads

FILES = [
    ("node/__init__.py", False, b"# the map\n"),
    ("node/vault/__init__.py", False, b"X = 1\n"),
    ("node/vault/__main__.py", False, b"from node.vault import X\nprint(X)\n"),
    ("node/vault/tool.sh", True, b"#!/bin/sh\n"),
]


def tree(files: list[tuple[str, bool, bytes]]) -> tuple[Manifest, Callable[[str], bytes], str]:
    manifest, _ = manifest_of(files)
    contents = {hashlib.sha256(content).hexdigest(): content for _, _, content in files}
    return manifest, contents.__getitem__, tree_hash_of(manifest)


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    return Slots(tmp_path / "slots")


def stage(slots: Slots, files: list[tuple[str, bool, bytes]] = FILES) -> str:
    manifest, read, name = tree(files)
    assert slots.stage("vault", manifest, read) == slots.path("vault", name)
    return name


def spoil(path: Path, content: bytes | None) -> None:
    """Write into a read-only place, as a failing disk would."""
    for folder in (path.parent, path.parent.parent):
        folder.chmod(0o700)
    if path.exists():
        path.chmod(0o600)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
        path.chmod(0o444)
    for folder in (path.parent, path.parent.parent):
        folder.chmod(0o555)


class TestStaging:
    def test_a_staged_slot_holds_the_files_and_can_be_verified(self, slots: Slots):
        name = stage(slots)

        path = slots.verify("vault", name)

        assert {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()} == {
            name: content for name, _, content in FILES
        }

    def test_nothing_in_a_slot_can_be_written(self, slots: Slots):
        path = slots.path("vault", stage(slots))

        modes = {stat.S_IMODE(entry.stat().st_mode) for entry in path.rglob("*") if entry.name != "tool.sh"}

        assert modes == {0o444, 0o555}
        assert stat.S_IMODE((path / "node/vault/tool.sh").stat().st_mode) == 0o555
        assert stat.S_IMODE(path.stat().st_mode) == 0o555

    def test_staging_again_reads_nothing_and_changes_nothing(self, slots: Slots):
        name = stage(slots)
        before = slots.path("vault", name).stat().st_ino
        manifest, _, _ = tree(FILES)

        slots.stage("vault", manifest, lambda _: pytest.fail("read again"))

        assert slots.path("vault", name).stat().st_ino == before

    def test_staging_repairs_a_damaged_slot(self, slots: Slots):
        name = stage(slots)
        spoil(slots.path("vault", name) / "node/vault/__init__.py", b"X = 2\n")

        stage(slots)

        slots.verify("vault", name)

    def test_wrong_bytes_are_refused_and_leave_nothing_behind(self, slots: Slots, tmp_path: Path):
        manifest, _, name = tree(FILES)

        with pytest.raises(SlotDamaged):
            slots.stage("vault", manifest, lambda _: b"something else")

        assert not slots.has("vault", name)
        assert list((tmp_path / "slots/vault").iterdir()) == []

    def test_a_disk_that_keeps_other_bytes_than_it_was_given_makes_no_slot(
        self, slots: Slots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        class LyingDisk(RealFileSystem):
            def write(self, path: str, content: bytes) -> None:
                super().write(path, content.replace(b"X = 1", b"X = 7"))

        monkeypatch.setattr(trees, "RealFileSystem", LyingDisk)

        with pytest.raises(SlotDamaged):
            stage(slots)

        assert list((tmp_path / "slots/vault").iterdir()) == []

    @pytest.mark.parametrize("survives", range(5))
    def test_a_disk_that_fills_up_leaves_nothing_behind(
        self, slots: Slots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survives: int
    ):
        class FullDisk(RealFileSystem):
            written = 0

            def write(self, path: str, content: bytes) -> None:
                if FullDisk.written == survives:
                    super().write(path, content[:1])
                    raise OSError(errno.ENOSPC, "No space left on device")
                FullDisk.written += 1
                super().write(path, content)

            def fsync_directory(self, directory: str) -> None:
                if FullDisk.written == survives:
                    raise OSError(errno.ENOSPC, "No space left on device")
                super().fsync_directory(directory)

        monkeypatch.setattr(trees, "RealFileSystem", FullDisk)

        with pytest.raises(StageFailed, match="No space left"):
            stage(slots)

        assert list((tmp_path / "slots/vault").iterdir()) == []

    def test_every_file_is_flushed_before_the_slot_has_its_name(self, slots: Slots, monkeypatch: pytest.MonkeyPatch):
        flushed = []

        class Watched(RealFileSystem):
            def fsync(self, path: str) -> None:
                flushed.append(path)
                assert not slots.has("vault", tree(FILES)[2])
                super().fsync(path)

            def fsync_directory(self, directory: str) -> None:
                flushed.append("folder")
                super().fsync_directory(directory)

        monkeypatch.setattr(trees, "RealFileSystem", Watched)

        stage(slots)

        assert flushed == [*(name for name, _, _ in FILES), "folder", "folder", "folder"]

    def test_what_a_power_cut_left_is_removed_at_the_next_start(self, slots: Slots, tmp_path: Path):
        manifest, read, name = tree(FILES)
        unfinished = tmp_path / "slots/vault" / f".unfinished-{name}"
        unfinished.parent.mkdir()
        trees.write_tree(unfinished, manifest, read)

        Slots(tmp_path / "slots")

        assert not unfinished.exists()

    def test_a_slot_larger_than_the_limit_is_not_staged(self, slots: Slots, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("node.update.files.slots.TREE_BYTES_MAX", {"vault": 10})
        with pytest.raises(StageFailed):
            stage(slots)


class TestWhatAVersionMayDo:
    LESS = replace(TODAY, memory_bytes=1 << 28, udp=False, modules=("msgspec",))

    def test_it_is_kept_beside_the_slot_and_never_in_its_tree(self, slots: Slots, tmp_path: Path):
        manifest, read, name = tree(FILES)
        path = slots.stage("vault", manifest, read, self.LESS)

        assert Slots(tmp_path / "slots").capabilities("vault", name) == self.LESS
        assert slots.verify("vault", name) == path
        assert {file.name for file in path.parent.iterdir()} == {name, f"{name}.json"}

    def test_files_that_came_with_the_program_may_do_what_any_vault_may(self, slots: Slots):
        assert slots.capabilities("vault", slots.fill_from_checkout()) == TODAY

    def test_so_may_a_slot_of_which_nothing_was_kept(self, slots: Slots):
        name = stage(slots)
        slots.path("vault", name).with_name(f"{name}.json").unlink()

        assert slots.capabilities("vault", name) == TODAY

    @pytest.mark.parametrize("other", [LESS, replace(TODAY, tcp=True)])
    def test_the_same_files_may_do_what_the_release_declares_that_is_tried_out(self, slots: Slots, other: Capabilities):
        manifest, read, name = tree(FILES)
        slots.stage("vault", manifest, read, other)
        slots.stage("vault", manifest, read, TODAY)

        assert slots.capabilities("vault", name) == TODAY

    @pytest.mark.parametrize("is_current", [True, False])
    def test_those_in_use_and_before_gain_nothing_by_another_release(self, slots: Slots, is_current: bool):
        manifest, read, name = tree(FILES)
        slots.stage("vault", manifest, read, self.LESS)
        slots.point("vault", name, 1.0)
        if not is_current:
            slots.point("vault", slots.fill_from_checkout(), 2.0)
        slots.stage("vault", manifest, read, replace(TODAY, tcp=True))

        assert slots.capabilities("vault", name) == self.LESS

    def test_those_in_use_with_more_are_not_taken_for_a_release_that_declares_less(self, slots: Slots):
        manifest, read, name = tree(FILES)
        slots.stage("vault", manifest, read, replace(TODAY, tcp=True))
        slots.point("vault", name, 1.0)

        with pytest.raises(StageFailed, match="may do more there"):
            slots.stage("vault", manifest, read, TODAY)
        assert slots.capabilities("vault", name) == replace(TODAY, tcp=True)

    @pytest.mark.parametrize("content", [b"", b"{}", b"{", b'{"subprocess": true}', b"\xff", b"[" * 70_000])
    def test_a_slot_is_damaged_if_what_it_may_do_cannot_be_read(self, slots: Slots, content: bytes):
        name = stage(slots)
        slots.path("vault", name).with_name(f"{name}.json").write_bytes(content)

        with pytest.raises(SlotDamaged, match="may do cannot be read"):
            slots.verify("vault", name)
        stage(slots)
        assert slots.capabilities("vault", name) == TODAY

    def test_it_goes_with_the_slot(self, slots: Slots):
        stage(slots)
        slots.remove_unused()

        assert list((slots.path("vault", "0" * 64)).parent.iterdir()) == []


class TestVerifying:
    @pytest.mark.parametrize(
        ("file", "content"),
        [
            ("node/vault/__init__.py", b"X = 3\n"),
            ("node/vault/__init__.py", None),
            ("node/vault/more.py", b""),
            ("node/vault/__pycache__.py", b"X"),
        ],
    )
    def test_a_changed_missing_or_additional_file_is_found(self, slots: Slots, file: str, content: bytes | None):
        name = stage(slots)
        spoil(slots.path("vault", name) / file, content)

        with pytest.raises(SlotDamaged):
            slots.verify("vault", name)

    def test_one_flipped_bit_is_found(self, slots: Slots):
        name = stage(slots)
        file = slots.path("vault", name) / "node/__init__.py"
        content = bytearray(file.read_bytes())
        content[3] ^= 0x20
        spoil(file, bytes(content))

        with pytest.raises(SlotDamaged):
            slots.verify("vault", name)

    def test_a_link_a_pipe_and_an_empty_folder_are_found(self, slots: Slots, tmp_path: Path):
        for number, make in enumerate(
            [
                lambda path: path.symlink_to("/etc/passwd"),
                os.mkfifo,
                lambda path: path.mkdir(),
                lambda path: path.symlink_to("/"),
            ]
        ):
            other = Slots(tmp_path / str(number))
            name = stage(other)
            folder = other.path("vault", name) / "node"
            folder.chmod(0o700)
            make(folder / "email")
            with pytest.raises(SlotDamaged):
                other.verify("vault", name)

    def test_a_file_that_became_executable_is_found(self, slots: Slots):
        name = stage(slots)
        (slots.path("vault", name) / "node/__init__.py").chmod(0o555)
        with pytest.raises(SlotDamaged):
            slots.verify("vault", name)

    def test_a_slot_that_is_not_there_is_damaged(self, slots: Slots):
        with pytest.raises(SlotDamaged):
            slots.verify("vault", "0" * 64)


class TestWhatIsThere:
    def test_files_are_found_by_what_they_hold(self, slots: Slots):
        name = stage(slots)
        found = slots.files("vault", {len(content) for _, _, content in FILES})
        assert found[hashlib.sha256(b"X = 1\n").hexdigest()] == slots.path("vault", name) / "node/vault/__init__.py"
        assert len(found) == len(FILES)

    def test_no_file_of_another_length_is_even_looked_at(self, slots: Slots):
        stage(slots)
        assert set(slots.files("vault", {len(b"X = 1\n")})) == {hashlib.sha256(b"X = 1\n").hexdigest()}

    def test_a_rotten_file_is_not_taken_for_the_one_it_was(self, slots: Slots):
        name = stage(slots)
        spoil(slots.path("vault", name) / "node/vault/__init__.py", b"rotten")
        assert hashlib.sha256(b"X = 1\n").hexdigest() not in slots.files("vault", {len(b"X = 1\n")})

    def test_unused_slots_go_and_the_current_the_previous_and_the_kept_stay(self, slots: Slots, tmp_path: Path):
        names = [stage(slots, [*FILES, ("node/vault/n.py", False, b"%d" % n)]) for n in range(5)]
        for name in names:
            slots.pycache("vault", name)
        slots.point("vault", names[0], 1.0)
        slots.point("vault", names[1], 2.0)

        slots.remove_unused(keep=[names[2]])

        assert [slots.has("vault", name) for name in names] == [True, True, True, False, False]
        assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == sorted(
            entry for name in names[:3] for entry in (name, f"{name}.json")
        )

    @pytest.mark.parametrize("name", [POINTERS, PROGRAMS])
    def test_nothing_goes_while_it_cannot_be_read_what_is_in_use(
        self, slots: Slots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ):
        used = stage(slots)
        slots.point("vault", used, 1.0)
        RefusedReads(monkeypatch, name).times = 1
        with pytest.raises(OSError, match="open files"):
            slots.remove_unused()
        (tmp_path / "slots" / name).write_bytes(b"{")
        with pytest.raises(OSError, match="not readable"):
            slots.remove_unused()
        assert slots.has("vault", used)


class TestThePointer:
    def test_it_remembers_the_version_before(self, slots: Slots, tmp_path: Path):
        assert slots.current("vault") is None
        slots.point("vault", "a" * 64, 1.0)
        slots.point("vault", "b" * 64, 2.0)

        again = Slots(tmp_path / "slots")

        assert again.pointer("vault") == Pointer("b" * 64, "a" * 64, 2.0)
        assert (again.current("vault"), again.previous("vault")) == ("b" * 64, "a" * 64)

    def test_repeating_it_changes_nothing(self, slots: Slots):
        slots.point("vault", "a" * 64, 1.0)
        slots.point("vault", "b" * 64, 2.0)
        slots.point("vault", "b" * 64, 3.0)
        assert slots.pointer("vault") == Pointer("b" * 64, "a" * 64, 2.0)

    def test_after_going_back_nobody_falls_back_to_the_version_that_failed(self, slots: Slots):
        slots.point("vault", "a" * 64, 1.0)
        slots.point("vault", "b" * 64, 2.0)
        slots.point_back("vault", "a" * 64, 3.0)
        assert (slots.current("vault"), slots.previous("vault")) == ("a" * 64, None)

    def test_that_it_cannot_be_read_does_not_mean_that_nothing_is_in_use(
        self, slots: Slots, monkeypatch: pytest.MonkeyPatch
    ):
        slots.point("vault", "a" * 64, 1.0)
        slots.point("vault", "b" * 64, 2.0)
        refused = RefusedReads(monkeypatch, POINTERS)
        for change in (slots.point, slots.point_back):
            refused.times = 1
            with pytest.raises(OSError, match="open files"):
                change("vault", "c" * 64, 3.0)
        refused.times = 1
        with pytest.raises(OSError, match="open files"):
            slots.current("vault")
        assert slots.pointer("vault") == Pointer("b" * 64, "a" * 64, 2.0)

    def test_nor_does_a_folder_that_is_gone_with_its_disk(self, slots: Slots, tmp_path: Path):
        name, pauses = stage(slots), list[float]()
        slots.point("vault", name, 1.0)
        (tmp_path / "slots").rename(tmp_path / "pulled")
        for look in (slots.current, slots.previous, lambda layer: slots.choose(layer, 2.0, pauses.append)):
            with pytest.raises(FileNotFoundError):
                look("vault")
        (tmp_path / "pulled").rename(tmp_path / "slots")
        assert (slots.choose("vault", 3.0), pauses) == (name, [])

    def test_nor_that_something_else_is_in_the_file_and_the_next_one_is_pointed_to_all_the_same(
        self, slots: Slots, tmp_path: Path
    ):
        slots.point("vault", "a" * 64, 1.0)
        (tmp_path / "slots/pointers.json").write_bytes(b'{"vault":')
        with pytest.raises(PointersDamaged):
            slots.current("vault")
        slots.point_back("vault", "b" * 64, 2.0)
        assert slots.pointer("vault") == Pointer("b" * 64, "", 2.0)


class TestChoosingWhatToStart:
    def test_the_current_one_if_it_is_whole(self, slots: Slots):
        name = stage(slots)
        slots.point("vault", name, 1.0)
        assert slots.choose("vault", 2.0) == name
        assert slots.pointer("vault") == Pointer(name, "", 1.0)

    def test_else_the_one_before(self, slots: Slots):
        before, name = stage(slots), stage(slots, FILES[:3])
        slots.point("vault", before, 1.0)
        slots.point("vault", name, 2.0)
        spoil(slots.path("vault", name) / "node/__init__.py", b"rotten")

        assert slots.choose("vault", 3.0) == before
        assert (slots.current("vault"), slots.previous("vault")) == (before, None)

    def test_else_the_files_that_came_with_the_program(self, slots: Slots):
        slots.point("vault", "a" * 64, 1.0)
        assert slots.choose("vault", 2.0) == slots.fill_from_checkout() == slots.current("vault")

    @pytest.mark.parametrize("times", [LOOKS - 1, LOOKS])
    def test_a_pointer_that_the_disk_does_not_show_is_looked_at_again_before_it_counts_as_lost(
        self, slots: Slots, monkeypatch: pytest.MonkeyPatch, times: int
    ):
        name, pauses = stage(slots), list[float]()
        slots.point("vault", name, 1.0)
        RefusedReads(monkeypatch, POINTERS, errno.EIO).times = times

        assert slots.choose("vault", 2.0, pauses.append) == (name if times < LOOKS else slots.fill_from_checkout())
        assert pauses == [LOOK_PAUSE_S] * (LOOKS - 1)
        assert slots.current("vault") == (name if times < LOOKS else slots.fill_from_checkout())

    def test_what_is_in_it_and_is_no_pointer_is_lost_at_once(self, slots: Slots, tmp_path: Path):
        slots.point("vault", stage(slots), 1.0)
        (tmp_path / "slots/pointers.json").write_bytes(b'{"vault":')
        assert slots.choose("vault", 2.0) == slots.fill_from_checkout() == slots.current("vault")

    def test_the_programs_own_files_are_those_of_the_vault_layer(self, slots: Slots):
        path = slots.path("vault", slots.fill_from_checkout())
        package = Path(node.__file__).parent
        files = [file.relative_to(path / "node").as_posix() for file in path.rglob("*") if file.is_file()]

        assert {"__init__.py", "vault/__init__.py", "vault/control.py"} <= set(files)
        assert all(file == "__init__.py" or file.startswith("vault/") for file in files)
        assert all((package / file).read_bytes() == (path / "node" / file).read_bytes() for file in files)
        assert not any("__pycache__" in file for file in files)


class TestByteCode:
    def run(self, slots: Slots, name: str) -> subprocess.CompletedProcess[str]:
        slot, prefix = slots.path("vault", name), slots.pycache("vault", name)
        spec = SandboxSpec(slot=slot, data=slot, module="node.vault", pycache=prefix)
        return subprocess.run(spec.start_command(), capture_output=True, text=True, check=True, timeout=60)

    def test_a_vault_takes_it_from_where_we_put_it_and_writes_none(self, slots: Slots, monkeypatch: pytest.MonkeyPatch):
        name = stage(slots)
        prefix = slots.pycache("vault", name)
        before = sorted(prefix.rglob("*"))
        assert self.run(slots, name).stdout == "1\n"
        assert sorted(prefix.rglob("*")) == before
        slots.verify("vault", name)

        kept = prefix / "node/vault/__init__.pyc"
        spoil(kept, kept.read_bytes()[:16] + marshal.dumps(compile("X = 3", "another", "exec")))
        monkeypatch.setattr(bytecode, "is_whole", lambda _: True)  # only so it shows which one is taken

        assert self.run(slots, name).stdout == "3\n"

    def test_its_paths_are_no_longer_than_those_of_the_slot(self, slots: Slots):
        """On Windows a path has 259 characters at most, and a slot's own has well over a hundred."""
        prefix = slots.pycache("vault", stage(slots))
        files = {path.relative_to(prefix).as_posix() for path in prefix.rglob("*.pyc")}
        assert files == {"node/__init__.pyc", "node/vault/__init__.pyc", "node/vault/__main__.pyc"}

    def test_that_was_laid_out_otherwise_by_a_version_before_is_made_anew(self, slots: Slots):
        name = stage(slots)
        prefix = slots.pycache("vault", name)
        record = bytecode.record_of(prefix)
        said = json.loads(record.read_bytes())
        del said["layout"]
        spoil(record, json.dumps(said).encode())
        assert not bytecode.is_whole(prefix)

        assert slots.pycache("vault", name) == prefix

        assert bytecode.is_whole(prefix)

    @pytest.mark.parametrize("cut", [0, 7, 16, 40])
    def test_that_is_cut_short_is_passed_over(self, slots: Slots, monkeypatch: pytest.MonkeyPatch, cut: int):
        name = stage(slots)
        kept = slots.pycache("vault", name) / "node/vault/__init__.pyc"
        spoil(kept, kept.read_bytes()[:cut])
        monkeypatch.setattr(bytecode, "is_whole", lambda _: True)
        assert self.run(slots, name).stdout == "1\n"

    def test_it_is_checked_against_its_source(self, slots: Slots):
        name = stage(slots)
        slots.pycache("vault", name)
        spoil(slots.path("vault", name) / "node/vault/__init__.py", b"X = 2\n")
        assert self.run(slots, name).stdout == "2\n"

    @pytest.mark.long
    @pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
    def test_a_text_that_takes_the_compiler_too_much_memory_is_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(bytecode, "COMPILE_BYTES_MAX", 100 << 20)
        (tmp_path / "slot").mkdir()
        (tmp_path / "slot" / "greedy.py").write_text(f"x = [{'0,' * (1 << 19)}]")
        (tmp_path / "slot" / "modest.py").write_text("x = 0")

        bytecode.prepare(tmp_path / "slot", tmp_path / "cache")

        assert [path.name.partition(".")[0] for path in (tmp_path / "cache").rglob("*.pyc")] == ["modest"]
        assert bytecode.is_whole(tmp_path / "cache")

    def test_damaged_or_additional_byte_code_is_made_anew(self, slots: Slots):
        name = stage(slots)
        prefix = slots.pycache("vault", name)
        file = next(path for path in prefix.rglob("*.pyc") if path.name.startswith("__init__"))
        good = file.read_bytes()
        spoil(file, good[:-1] + bytes([good[-1] ^ 1]))
        spoil(file.with_name("more.pyc"), b"")
        assert not bytecode.is_whole(prefix)

        assert slots.pycache("vault", name) == prefix

        assert file.read_bytes() == good
        assert not file.with_name("more.pyc").exists()

    def test_a_text_that_does_not_compile_is_left_out(self, slots: Slots):
        name = stage(
            slots, [*FILES, ("node/vault/bad.py", False, b"def ("), ("node/vault/deep.py", False, b"(" * 5000)]
        )
        names = {path.name.split(".")[0] for path in slots.pycache("vault", name).rglob("*.pyc")}
        assert names == {"__init__", "__main__"}

    def test_there_is_none_for_a_slot_that_is_not_there(self, slots: Slots):
        with pytest.raises(SlotDamaged):
            slots.pycache("vault", "0" * 64)


def test_one_that_is_just_being_staged_is_not_taken_for_unused(slots: Slots):
    staged, unused = (slots.path("vault", digit * 64).with_name(f".unfinished-{digit * 64}") for digit in "12")
    for folder in (staged, unused):
        folder.mkdir(parents=True)

    slots.remove_unused(keep=["1" * 64])

    assert (staged.is_dir(), unused.is_dir()) == (True, False)


class TestObjectsOnTheirWay:
    ONE, OTHER = "1" * 64, "2" * 64

    def test_they_are_kept_until_they_are_let_go(self, slots: Slots, tmp_path: Path):
        slots.objects.of(self.ONE).keep(b"chunk")
        address = hashlib.sha256(b"chunk").digest()

        assert Slots(tmp_path / "slots").objects.of(self.ONE).get(address) == b"chunk"
        slots.objects.let_go(self.ONE)
        assert slots.objects.of(self.ONE).get(address) is None

    def test_those_of_another_slot_stay(self, slots: Slots):
        for tree_hash in (self.ONE, self.OTHER):
            slots.objects.of(tree_hash).keep(b"chunk")

        slots.objects.let_go(self.ONE)

        assert slots.objects.of(self.OTHER).get(hashlib.sha256(b"chunk").digest()) == b"chunk"

    def test_of_those_that_nobody_needs_nothing_is_left_nor_of_what_lay_there_before_each_slot_had_its_own(
        self, slots: Slots, tmp_path: Path
    ):
        for tree_hash in (self.ONE, self.OTHER):
            slots.objects.of(tree_hash).keep(b"chunk")
        (tmp_path / "slots/objects/0123").write_bytes(b"chunk")

        slots.remove_unused(keep=[self.OTHER])

        assert [path.name for path in (tmp_path / "slots/objects").iterdir()] == [self.OTHER]

    def test_a_rotten_one_is_not_there(self, slots: Slots, tmp_path: Path):
        slots.objects.of(self.ONE).keep(b"chunk")
        address = hashlib.sha256(b"chunk").digest()
        (tmp_path / "slots/objects" / self.ONE / address.hex()).write_bytes(b"chunK")
        assert slots.objects.of(self.ONE).get(address) is None


class TestDoingLess:
    """A version in use that may do less from its next start on."""

    LESS = replace(TODAY, memory_bytes=TODAY.memory_bytes // 2)
    LEAST = replace(TODAY, udp=False)

    @pytest.fixture
    def in_use(self, slots: Slots) -> str:
        manifest, content_of, tree_hash = tree(FILES)
        slots.stage("vault", manifest, content_of)
        slots.lessen("vault", tree_hash, self.LESS)
        return tree_hash

    def test_once_it_has_started_so_it_stays(self, slots: Slots, in_use: str):
        slots.starts("vault", in_use)
        slots.has_started("vault", in_use)

        slots.starts("vault", in_use)

        assert slots.capabilities("vault", in_use) == self.LESS

    def test_if_it_does_not_come_to_serve_its_next_start_has_what_it_had_before(self, slots: Slots, in_use: str):
        slots.starts("vault", in_use)
        assert slots.capabilities("vault", in_use) == self.LESS

        slots.starts("vault", in_use)

        assert slots.capabilities("vault", in_use) == TODAY

    def test_what_it_cannot_do_without_is_not_taken_from_it_again(self, slots: Slots, in_use: str):
        slots.starts("vault", in_use)
        slots.starts("vault", in_use)

        slots.lessen("vault", in_use, self.LESS)
        assert slots.capabilities("vault", in_use) == TODAY
        slots.lessen("vault", in_use, self.LEAST)
        assert slots.capabilities("vault", in_use) == self.LEAST

    def test_two_steps_without_a_start_between_them_are_gone_back_from_together(self, slots: Slots, in_use: str):
        least = replace(self.LESS, udp=False)
        slots.lessen("vault", in_use, least)
        slots.starts("vault", in_use)

        slots.starts("vault", in_use)

        assert slots.capabilities("vault", in_use) == TODAY

    def test_a_damaged_note_of_it_leaves_what_is_kept(self, slots: Slots, in_use: str, tmp_path: Path):
        (note,) = (tmp_path / "slots" / "vault").glob("*.less.json")
        note.write_bytes(b"\xff")

        slots.starts("vault", in_use)
        slots.starts("vault", in_use)

        assert slots.capabilities("vault", in_use) == self.LESS
