"""The steps by which packages become a runtime, each on something small.  The whole is ``tests.installed``."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from node.pod.errors import PodError
from node.pod.runtime import fetching
from node.pod.runtime.compiled import compile_all
from node.pod.runtime.elf import Dynamic, read_dynamic
from node.pod.runtime.making import make
from node.pod.runtime.packed import debian_files, wheel_files
from node.pod.runtime.pins import Pin
from tests.unit.test_runtime_looking import binary

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "X = {'b', 'a', 'c'}\ndef f(x):\n    return x in {'one', 'two', 'three', 'four'}\n"


def tree_with_source(folder: Path) -> Path:
    """A tree whose interpreter is the one that runs here."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "bin" / "python3").chmod(0o755)
    (folder / "lib" / "inner").mkdir(parents=True)
    for name in ("a.py", "inner/__init__.py", "inner/b.py"):
        (folder / "lib" / name).write_text(SOURCE)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class TestByteCode:
    def test_is_the_same_in_another_folder_under_another_umask_and_another_hash_seed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        one, two = tree_with_source(tmp_path / "one"), tree_with_source(tmp_path / "another" / "place")

        monkeypatch.setenv("PYTHONHASHSEED", "1")
        compile_all(one)
        monkeypatch.setenv("PYTHONHASHSEED", "2")
        before = os.umask(0o077)
        try:
            os.utime(two / "lib" / "a.py", (1, 1))
            compile_all(two)
        finally:
            os.umask(before)

        assert files_of(one / "lib") == files_of(two / "lib")

    def test_stands_where_its_source_stood(self, tmp_path: Path):
        tree = tree_with_source(tmp_path / "tree")

        compile_all(tree)

        assert sorted(files_of(tree / "lib")) == ["a.pyc", "inner/__init__.pyc", "inner/b.pyc"]
        code = "import sys; sys.path[:0] = [sys.argv[1]]; import a, inner.b; print(a.f('two'), inner.b.X)"
        done = subprocess.run(
            [sys.executable, "-I", "-c", code, tree / "lib"], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("True {")

    def test_source_that_does_not_compile_is_a_stated_failure(self, tmp_path: Path):
        tree = tree_with_source(tmp_path / "tree")
        (tree / "lib" / "a.py").write_text("def f(:\n")

        with pytest.raises(PodError, match="does not compile"):
            compile_all(tree)


class TestABinary:
    def test_says_which_libraries_it_needs_and_where_it_looks_for_them(self):
        found = read_dynamic(binary("libone.so.1", "libtwo.so.2", rpath="$ORIGIN/../lib", name="libthree.so.3"))
        assert found == Dynamic(("libone.so.1", "libtwo.so.2"), "libthree.so.3", "$ORIGIN/../lib", "")
        assert read_dynamic(binary(runpath="$ORIGIN")) == Dynamic(runpath="$ORIGIN")

    def test_of_this_machine_is_read(self):
        assert "libc.so.6" in read_dynamic(Path(sys.executable).resolve().read_bytes()).needed

    @pytest.mark.parametrize("length", [0, 4, 63, 200, 5_000])
    def test_that_is_cut_off_is_refused(self, length: int):
        content = Path(sys.executable).resolve().read_bytes()[:length]

        with pytest.raises(ValueError, match="ELF"):
            read_dynamic(content)


def debian_package(folder: Path) -> Path:
    """A package with a library of two names."""
    library = folder / "root" / "usr" / "lib"
    library.mkdir(parents=True)
    (library / "libone.so.1.2.3").write_bytes(b"library")
    (library / "libone.so.1").symlink_to("libone.so.1.2.3")
    (library / "libgone.so").symlink_to("/elsewhere/libgone.so")
    (folder / "root" / "DEBIAN").mkdir()
    (folder / "root" / "DEBIAN" / "control").write_text(
        "Package: one\nVersion: 1\nArchitecture: amd64\nMaintainer: none\nDescription: none\n"
    )
    package = folder / "one_1_amd64.deb"
    subprocess.run(["dpkg-deb", "-b", "-Zgzip", folder / "root", package], check=True, capture_output=True)
    return package


class TestAPackage:
    def test_of_debian_gives_its_files_and_what_its_links_lead_to(self, tmp_path: Path):
        assert dict(debian_files(debian_package(tmp_path))) == {
            "usr/lib/libone.so.1.2.3": b"library",
            "usr/lib/libone.so.1": b"library",
        }

    def test_that_is_damaged_is_a_stated_failure(self, tmp_path: Path):
        for name in ("a.deb", "a.whl"):
            (tmp_path / name).write_bytes(b"!<arch>\nnothing")

        with pytest.raises(PodError, match=r"a\.deb cannot be unpacked"):
            list(debian_files(tmp_path / "a.deb"))
        with pytest.raises(PodError, match=r"a\.whl cannot be unpacked"):
            list(wheel_files(tmp_path / "a.whl"))

    def test_with_other_bytes_than_it_is_pinned_to_is_refused(self, tmp_path: Path):
        debian_package(tmp_path)

        with pytest.raises(PodError, match=r"one_1_amd64\.deb has other bytes than it is pinned to"):
            fetching.debian_packages([Pin("one", "1", ("0" * 64,))], tmp_path)

    def test_comes_into_its_folder_also_where_that_is_named_from_here(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        content = b"of a wheel"

        def fetch(command: list[str], *, cwd: Path, **_: object) -> subprocess.CompletedProcess[bytes]:
            target = tmp_path / cwd / command[command.index("--dest") + 1]
            target.mkdir(parents=True, exist_ok=True)
            (target / "one-1-py3-none-any.whl").write_bytes(content)
            return subprocess.CompletedProcess(command, 0, b"")

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(subprocess, "run", fetch)
        here = Path("packages")
        here.mkdir()

        found = fetching.wheels([Pin("one", "1", (hashlib.sha256(content).hexdigest(),))], here)

        assert found == {"one": here / "one-1-py3-none-any.whl"}

    def test_that_was_fetched_before_is_not_fetched_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("PATH", "/nonexistent")
        with zipfile.ZipFile(tmp_path / "one-1-py3-none-any.whl", "w") as archive:
            archive.writestr("one/__init__.py", "")
        digest = fetching._hash_of(tmp_path / "one-1-py3-none-any.whl")

        assert fetching.wheels([Pin("one", "1", (digest,))], tmp_path) == {"one": tmp_path / "one-1-py3-none-any.whl"}


class TestARuntime:
    def test_for_another_platform_is_not_made(self, tmp_path: Path):
        with pytest.raises(PodError, match="no runtime can be made for 'amiga'"):
            make(ROOT, "amiga", tmp_path / "packages", tmp_path / "out")

    def test_is_not_made_of_other_packages_than_are_pinned(self, tmp_path: Path):
        (tmp_path / "installers" / "linux").mkdir(parents=True)
        (tmp_path / "installers" / "requirements.txt").write_text("")
        (tmp_path / "installers" / "linux" / "runtime-packages.txt").write_text(f"libffi8 1 sha256:{'0' * 64}\n")

        with pytest.raises(PodError, match="pins other packages"):
            make(tmp_path, "linux-x86_64", tmp_path / "packages", tmp_path / "out")

    def test_that_cannot_be_made_leaves_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("PATH", "/nonexistent")

        with pytest.raises(PodError, match="cannot fetch packages"):
            make(ROOT, "linux-x86_64", tmp_path / "packages", tmp_path / "out")

        assert [path.name for path in tmp_path.iterdir()] == ["packages"]
