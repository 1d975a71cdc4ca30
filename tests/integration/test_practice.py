"""The practice network as a person runs it: ``perennial practice``, whole, with real processes.

Releases that are bad in other ways than these are those of ``python -m tests.candidates``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import node.vault
from node.pod.build import build_tree
from node.practice.releases import RELEASES, copy_source
from node.vault.share.tree import address_of, decode_manifest
from tests.practice_run import FARMS, PERENNIAL, RUN_S_MAX, PracticeRun

NEXT = ".".join([*node.vault.__version__.split(".")[:2], str(int(node.vault.__version__.split(".")[2]) + 1)])


def practise(*arguments: str) -> tuple[int, Any, str]:
    """Run the command; return its exit code, what it printed as JSON, and what it said."""
    ended = subprocess.run(
        [*PERENNIAL, "practice", "--json", *arguments], capture_output=True, text=True, timeout=RUN_S_MAX, check=False
    )
    return ended.returncode, json.loads(ended.stdout or "null"), ended.stderr


def farms_of(result: Any, release: str) -> list[Any]:
    return [farm for one in result["releases"] if one["name"] == release for farm in one["farms"]]


class TestReleases:
    @pytest.mark.timeout(300)
    def test_the_good_one_takes_over_and_one_that_too_few_signed_does_not(self, practice: PracticeRun, tmp_path: Path):
        result = practice.result

        assert result["is_as_expected"], result
        assert [farm["verdict"] for farm in farms_of(result, "good")] == ["promoted"] * FARMS
        assert all("signed by 2 pods, 3 are needed" in farm["reason"] for farm in farms_of(result, "forged"))
        assert all(farm["phase"] == "not staged" for farm in farms_of(result, "forged"))
        assert min(farm["peers_rated"] for farm in farms_of(result, "good")) >= 4
        assert {farm["restarts"] for farm in farms_of(result, "good")} == {1}
        assert len({release["tree_hash"] for release in result["releases"]}) == 2
        assert {len(release["tree_hash"]) for release in result["releases"]} == {64}
        assert result["traffic"]["wrong_bytes"] == 0
        assert result["profile"]["trial"]["reporters_min"] == 4
        # It differs in one file, so its manifest and that file are all that is fetched.
        source = copy_source(tmp_path / "source", version=NEXT, change=None)
        built = build_tree(source, NEXT)
        version_file = address_of((source / "__init__.py").read_bytes())
        changed = [file for file in decode_manifest(built.manifest).files if version_file in file.chunks]
        assert [file.path for file in changed] == ["node/vault/__init__.py"]
        wanted_bytes = len(built.manifest) + changed[0].length
        assert {farm["bytes_fetched"] for farm in farms_of(result, "good")} == {wanted_bytes}


class TestBadInput:
    def refused(self, *arguments: str) -> tuple[int, str]:
        code, answer, said = practise(*arguments)
        return code, answer["message"] if answer else said.strip().splitlines()[-1]

    def test_unknown_arguments(self):
        assert self.refused("--frobnicate") == (2, "No such option '--frobnicate'.")
        assert self.refused("--releases", "nonsense")[0] == 2
        assert self.refused("--vaults", "3")[0] == 2
        assert self.refused("--farms", "7", "--vaults", "8") == (2, "7 farms need at least 9 vaults.")

    def test_a_candidate_that_is_not_there_or_empty(self, tmp_path):
        missing = tmp_path / "missing"
        assert self.refused("--candidate", str(missing)) == (1, f"{missing} cannot be read: No such file or directory")
        assert self.refused("--candidate", str(tmp_path)) == (1, f"{tmp_path} is empty")

    @pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root reads everything")
    def test_a_candidate_that_cannot_be_read(self, tmp_path):
        tmp_path.chmod(0)
        assert self.refused("--candidate", str(tmp_path))[0] == 1

    def test_a_candidate_that_does_not_import(self, tmp_path):
        (tmp_path / "__init__.py").write_text("")
        (tmp_path / "__main__.py").write_text("import nothing_of_that_name\n")
        code, message = self.refused("--candidate", str(tmp_path))
        assert code == 1
        assert message == f"{tmp_path} does not start: ModuleNotFoundError: No module named 'nothing_of_that_name'"

    def test_a_folder_of_something_else_is_left_alone(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("years of work")
        code, message = self.refused("--home", str(tmp_path))
        assert (code, message) == (1, f"{tmp_path} is not empty and no practice network's folder")
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
    def test_a_folder_of_someone_else(self, tmp_path):
        os.chown(tmp_path, 65534, 65534)
        assert self.refused("--home", str(tmp_path)) == (1, f"{tmp_path} belongs to someone else")

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mount") is None,
        reason="a small disk needs the right to mount one",
    )
    def test_a_full_disk_leaves_nothing_behind(self, tmp_path):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(tmp_path)], check=False)
        if mounted.returncode != 0:
            pytest.skip("this machine does not let us mount a small disk")
        try:
            code, message = self.refused("--home", str(tmp_path / "net"))
            assert code == 1
            assert "No space left on device" in message
            assert list(Path(tmp_path).iterdir()) == []
        finally:
            subprocess.run(["umount", str(tmp_path)], check=True)


def test_every_change_of_a_bad_release_is_in_the_source(tmp_path):
    for name, release in RELEASES.items():
        source = copy_source(tmp_path / name, version=NEXT, change=release.change)
        assert f'__version__ = "{NEXT}"' in (source / "__init__.py").read_text()
        if release.change is not None:
            assert release.change.new in (source / release.change.file).read_text()
