"""A release from a tree of source files."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

import node
from node.pod.build import build, build_tree, compare, load
from node.pod.errors import PodError
from node.vault.share.tree import decode_manifest, tree_hash


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What node/vault holds."""
    folder = tmp_path / "source"
    (folder / "core").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py", "core/__init__.py", "core/ranking.py", "core/notes.txt"):
        (folder / name).write_text(f"# {name}\n")
    return folder


def as_checkout(source: Path, folder: Path) -> Path:
    shutil.copytree(source, folder / "node" / "vault")
    (folder / "node" / "__init__.py").write_bytes(Path(str(node.__file__)).read_bytes())
    (folder / "node" / "update").mkdir()
    (folder / "node" / "update" / "driver.py").write_text("# not of this layer\n")
    (folder / "README.md").write_text("not of this layer\n")
    return folder


class TestBuild:
    def test_the_tree_hash_is_that_of_the_files_below_node_vault(self, source: Path) -> None:
        built = build_tree(source, "0.1.1")

        files = {f"node/vault/{path.relative_to(source)}": path for path in source.rglob("*") if path.is_file()}
        files["node/__init__.py"] = Path(str(node.__file__))
        expected = tree_hash((name, False, hashlib.sha256(p.read_bytes()).hexdigest()) for name, p in files.items())
        assert built.release.tree == expected

    def test_the_same_files_give_the_same_bytes_from_a_checkout_and_from_a_bare_folder(
        self, source: Path, tmp_path: Path
    ) -> None:
        checkout = as_checkout(source, tmp_path / "checkout")

        build(source, tmp_path / "a", "0.1.1", "notes")
        os.utime(source / "__init__.py", (0, 0))
        build(checkout, tmp_path / "b", "0.1.1", "notes")

        files = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*")}
        assert files == {path.relative_to(tmp_path / "b") for path in (tmp_path / "b").rglob("*")}
        for file in files:
            if (tmp_path / "a" / file).is_file():
                assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()

    def test_byte_code_is_left_out(self, source: Path) -> None:
        before = build_tree(source, "0.1.1")
        (source / "core" / "__pycache__").mkdir()
        (source / "core" / "__pycache__" / "ranking.cpython-311.pyc").write_bytes(b"x")
        (source / "old.pyc").write_bytes(b"x")

        assert build_tree(source, "0.1.1") == before

    def test_one_changed_file_changes_only_its_own_object(self, source: Path) -> None:
        before = build_tree(source, "0.1.1")
        (source / "core" / "ranking.py").write_text("# faster\n")

        after = build_tree(source, "0.1.2")

        assert len(set(after.objects) - set(before.objects)) == 1
        assert after.release.tree != before.release.tree

    def test_the_executable_bit_is_part_of_the_tree(self, source: Path) -> None:
        before = build_tree(source, "0.1.1").release.tree
        (source / "core" / "ranking.py").chmod(0o755)

        assert build_tree(source, "0.1.1").release.tree != before

    def test_a_release_comes_back_from_its_folder(self, source: Path, tmp_path: Path) -> None:
        built = build(source, tmp_path / "out", "0.1.1")

        assert load(tmp_path / "out") == built

    def test_this_checkout_can_be_released(self) -> None:
        built = build_tree(Path(str(node.__file__)).parent.parent, "0.0.1")

        paths = [file.path for file in decode_manifest(built.manifest).files]
        assert "node/__init__.py" in paths
        assert "node/vault/control.py" in paths


class TestRefusedSources:
    def test_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(PodError, match="does not exist"):
            build_tree(tmp_path / "absent", "1")

    def test_a_file_instead_of_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(PodError, match="is no folder"):
            build_tree(tmp_path / "file", "1")

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()

        with pytest.raises(PodError, match="holds no files"):
            build_tree(tmp_path / "empty", "1")

    @pytest.mark.parametrize("missing", ["__init__.py", "__main__.py"])
    def test_a_folder_that_is_not_what_node_vault_holds(self, source: Path, missing: str) -> None:
        (source / missing).unlink()

        with pytest.raises(PodError, match=f"holds no {missing}"):
            build_tree(source, "1")

    @pytest.mark.parametrize("target", ["__init__.py", "core", "/etc", "nowhere"])
    def test_a_link(self, source: Path, target: str) -> None:
        (source / "link").symlink_to(target)

        with pytest.raises(PodError, match="link is a link"):
            build_tree(source, "1")

    def test_a_pipe(self, source: Path) -> None:
        os.mkfifo(source / "pipe")

        with pytest.raises(PodError, match="neither a file nor a folder"):
            build_tree(source, "1")

    def test_a_file_that_cannot_be_read(self, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = Path.open

        def refusing(path: Path, mode: str = "r") -> object:
            if path.name == "ranking.py":
                raise PermissionError(13, "Permission denied")
            return real(path, mode)

        monkeypatch.setattr(Path, "open", refusing)  # root may read everything, so the mode cannot show it

        with pytest.raises(PodError, match=r"ranking\.py cannot be read: Permission denied"):
            build_tree(source, "1")

    @pytest.mark.parametrize("name", ["fast.so", "a\nb.py", "café.py", "a:b.py", "dot."])
    def test_a_file_that_no_vault_release_may_contain(self, source: Path, name: str) -> None:
        (source / name).write_text("")

        with pytest.raises(PodError):
            build_tree(source, "1")

    def test_a_checkout_without_node_init(self, source: Path, tmp_path: Path) -> None:
        checkout = as_checkout(source, tmp_path / "checkout")
        (checkout / "node" / "__init__.py").unlink()

        with pytest.raises(PodError, match=r"__init__\.py cannot be read"):
            build_tree(checkout, "1")

    def test_too_many_bytes(self, source: Path) -> None:
        with (source / "big.bin").open("wb") as file:
            file.truncate(65 << 20)

        with pytest.raises(PodError, match="64 MiB"):
            build_tree(source, "1")

    @pytest.mark.parametrize("version", ["", "../1", "a b", "1/2", "x" * 65, "1\n"])
    def test_what_is_no_version(self, source: Path, version: str) -> None:
        with pytest.raises(PodError, match="is no version"):
            build_tree(source, version)

    def test_nothing_half_built_is_left(self, source: Path, tmp_path: Path) -> None:
        (source / "__main__.py").unlink()

        with pytest.raises(PodError):
            build(source, tmp_path / "out", "1")
        assert [entry.name for entry in tmp_path.iterdir()] == ["source"]

    def test_a_folder_in_use_is_left_alone(self, source: Path, tmp_path: Path) -> None:
        with pytest.raises(PodError, match="not an empty folder"):
            build(source, source, "1")
        assert tmp_path.exists()


class TestDamage:
    def test_a_folder_without_a_release(self, tmp_path: Path) -> None:
        with pytest.raises(PodError, match="holds no release"):
            load(tmp_path)

    @pytest.mark.parametrize("name", ["manifest", "release.json"])
    @pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80"])
    def test_a_damaged_file(self, source: Path, tmp_path: Path, name: str, content: bytes) -> None:
        build(source, tmp_path / "out", "1")
        (tmp_path / "out" / name).write_bytes(content)

        with pytest.raises(PodError):
            load(tmp_path / "out")

    def test_an_object_with_other_bytes(self, source: Path, tmp_path: Path) -> None:
        build(source, tmp_path / "out", "1")
        min((tmp_path / "out" / "objects").iterdir()).write_bytes(b"other")

        with pytest.raises(PodError, match="other bytes"):
            load(tmp_path / "out")

    def test_a_missing_object(self, source: Path, tmp_path: Path) -> None:
        build(source, tmp_path / "out", "1")
        min((tmp_path / "out" / "objects").iterdir()).unlink()

        with pytest.raises(PodError, match="cannot be read"):
            load(tmp_path / "out")

    def test_a_release_file_that_tells_of_other_files(self, source: Path, tmp_path: Path) -> None:
        build(source, tmp_path / "out", "1")
        (source / "core" / "ranking.py").write_text("# other\n")
        build(source, tmp_path / "other", "1")
        shutil.copy(tmp_path / "other" / "release.json", tmp_path / "out" / "release.json")

        with pytest.raises(PodError):
            load(tmp_path / "out")


class TestCompare:
    def test_a_release_is_what_its_checkout_gives(self, source: Path, tmp_path: Path) -> None:
        built = build_tree(source, "1")

        assert compare(built, as_checkout(source, tmp_path / "checkout")) == []

    def test_every_difference_is_named(self, source: Path) -> None:
        built = build_tree(source, "1")
        (source / "core" / "ranking.py").write_text("# other\n")
        (source / "core" / "notes.txt").unlink()
        (source / "new.py").write_text("")
        (source / "__main__.py").chmod(0o755)

        assert compare(built, source) == [
            "node/vault/__main__.py",
            "node/vault/core/notes.txt",
            "node/vault/core/ranking.py",
            "node/vault/new.py",
        ]
