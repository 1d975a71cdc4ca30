"""What makes packages for Linux, on an installation of a few files; and what the packages' scripts do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from installers import building, debian, installation
from installers.linux import deb, making, rpm, staging
from node.vault.share.tree import tree_hash

ROOT = Path(__file__).resolve().parents[2]
TIME_S = 1_800_000_000
END_S_MAX = 60


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of one as is staged."""
    made = tmp_path / "checkout"
    for name in ("node/__init__.py", "gui/__init__.py", "installers/launcher/__main__.py", "LICENSE"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(f"# {name}\n")
    (made / "installers" / "launcher" / "perennial.sh").write_text("#!/bin/sh\n")
    (made / "node" / "__pycache__").mkdir()
    for name in ("__init__.cpython-311.pyc", "__init__.cpython-311.pyc.140181"):  # and one whose writing was cut
        (made / "node" / "__pycache__" / name).write_bytes(b"byte code")
    shutil.copytree(ROOT / "resources" / "icons", made / "resources" / "icons")
    return made


def stage(checkout: Path, folder: Path) -> staging.Staged:
    runtime = folder / "runtime"
    (runtime / "bin").mkdir(parents=True)
    (runtime / "bin" / "python3").write_bytes(b"\x7fELF" + bytes(10_000))
    (runtime / "bin" / "python3").chmod(0o755)
    return staging.stage(checkout, "0.1.0", runtime, "ab" * 32, folder / "root", TIME_S)


class TestAnInstallation:
    def test_says_what_it_is(self, checkout: Path, tmp_path: Path):
        staged = stage(checkout, tmp_path)

        installation = staged.root / "opt" / "perennial"
        said = json.loads((installation / "installed.json").read_text())
        files = [path for path in (installation / "app").rglob("*") if path.is_file()]
        entries = [
            (
                path.relative_to(installation / "app").as_posix(),
                False,
                hashlib.sha256(path.read_bytes()).hexdigest(),
            )
            for path in files
        ]
        assert (said["format"], said["version"], said["platform"]) == (1, "0.1.0", "linux-x86_64")
        assert (said["app"], said["runtime"]) == (tree_hash(entries), "ab" * 32)

    def test_holds_no_byte_code_of_the_checkout(self, checkout: Path, tmp_path: Path):
        staged = stage(checkout, tmp_path)

        assert not [path for path in staged.root.rglob("*") if path.name == "__pycache__" or path.suffix == ".pyc"]

    def test_may_be_read_by_all_and_has_one_time_whatever_the_umask(self, checkout: Path, tmp_path: Path):
        before = os.umask(0o077)
        try:
            root = stage(checkout, tmp_path).root
        finally:
            os.umask(before)

        found = [path.lstat() for path in (root, *root.rglob("*")) if not path.is_symlink()]
        assert {stat.S_IMODE(one.st_mode) for one in found} == {0o644, 0o755}
        assert {one.st_mtime for one in found} == {TIME_S}

    def test_tells_the_system_of_itself(self, checkout: Path, tmp_path: Path):
        usr = stage(checkout, tmp_path).root / "usr"

        assert str((usr / "bin" / "perennial").readlink()) == "/opt/perennial/perennial"
        described = (usr / "share" / "metainfo" / "perennial.metainfo.xml").read_text()
        assert '<release version="0.1.0" date="2027-01-15"/>' in described
        said = (usr / "share" / "doc" / "perennial" / "copyright").read_text()
        assert said.startswith("# LICENSE\n")
        assert "/opt/perennial/runtime/licences" in said  # of others, whose parts it brings
        for path in (
            "applications/perennial.desktop",
            "icons/hicolor/48x48/apps/perennial.png",
            "doc/perennial/copyright",
        ):
            assert (usr / "share" / path).is_file()


class TestADebianPackage:
    def test_has_the_same_bytes_from_another_folder_under_another_umask(self, checkout: Path, tmp_path: Path):
        packages = []
        for name, mask in (("one", 0o022), ("two", 0o077)):
            before = os.umask(mask)
            try:
                folder = tmp_path / name
                folder.mkdir()
                packages.append(deb.pack(stage(checkout, folder), folder, folder).read_bytes())
            finally:
                os.umask(before)

        assert packages[0] == packages[1]

    def test_is_one_that_dpkg_reads(self, checkout: Path, tmp_path: Path):
        package = deb.pack(stage(checkout, tmp_path), tmp_path, tmp_path)

        fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
        assert "Package: perennial\nVersion: 0.1.0\nArchitecture: amd64\n" in fields
        listed = subprocess.run(
            ["dpkg-deb", "-c", package], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert any(
            one.startswith("-rwxr-xr-x root/root") and one.endswith("./opt/perennial/perennial") for one in listed
        )
        assert any(
            one.startswith("-rw-r--r-- root/root") and one.endswith("./opt/perennial/installed.json") for one in listed
        )
        assert any(one.endswith("./usr/bin/perennial -> /opt/perennial/perennial") for one in listed)
        assert {one.split()[3] for one in listed} == {"2027-01-15"}

    def test_gives_a_sum_for_each_file(self, checkout: Path, tmp_path: Path):
        package = deb.pack(stage(checkout, tmp_path), tmp_path, tmp_path)

        subprocess.run(["dpkg-deb", "-R", package, tmp_path / "unpacked"], check=True)
        done = subprocess.run(
            ["md5sum", "--check", "--strict", "DEBIAN/md5sums"],
            cwd=tmp_path / "unpacked",
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert b"opt/perennial/runtime/bin/python3: OK" in done.stdout


def test_an_rpm_is_described_with_all_that_a_deb_has(checkout: Path, tmp_path: Path):
    described = rpm.description(stage(checkout, tmp_path))

    assert described["mtime"] == "2027-01-15T08:00:00Z"
    scripts = described["scripts"]
    assert isinstance(scripts, dict)
    assert sorted(Path(one).name for one in scripts.values()) == sorted(deb.SCRIPTS.values())
    assert len(rpm.NODE_NEEDS) + 1 == len(deb.NODE_NEEDS)  # libgcc comes with libstdc++


def test_what_a_person_types_and_the_recipes_name_the_version_that_is_built():
    version, named = installation.version(ROOT), re.compile(r"\b\d+\.\d+\.\d+(?=[_/< ]|\.exe|$|\")", re.MULTILINE)
    recipes = ("appimage/README.md", "flatpak/README.md", "flatpak/org.perennial.Perennial.json", "macos/Info.plist")
    for path in (ROOT / "README.md", *(ROOT / "installers" / name for name in recipes)):
        assert set(named.findall(path.read_text(encoding="utf-8"))) == {version}, path


class TestAfterRemoval:
    @pytest.mark.parametrize("word", ["remove", "0"])
    def test_a_home_that_is_left_is_told_and_left(self, tmp_path: Path, word: str):
        home = people(tmp_path, "ada")

        said = after_removal(tmp_path, word)

        assert f"still there: {home}" in said
        assert (home / "home.json").read_text() == "{}"

    @pytest.mark.parametrize("word", ["upgrade", "1", "purge"])
    def test_nothing_is_said_when_the_program_stays_or_is_long_gone(self, tmp_path: Path, word: str):
        people(tmp_path, "ada")

        assert after_removal(tmp_path, word) == ""

    def test_a_folder_that_is_no_home_is_not_spoken_of(self, tmp_path: Path):
        (people(tmp_path, "ada") / "home.json").unlink()

        assert after_removal(tmp_path, "remove") == ""


def people(folder: Path, name: str) -> Path:
    home = folder / "people" / name / ".local" / "share" / "perennial"
    home.mkdir(parents=True)
    (home / "home.json").write_text("{}")
    return home


def after_removal(folder: Path, word: str) -> str:
    """What the script says on a computer with these people."""
    programs = folder / "programs"
    programs.mkdir()
    lines = "".join(f"x:x:1:1:x:{one}:x\n" for one in (folder / "people").iterdir())
    (programs / "getent").write_text(f"#!/bin/sh\nprintf '%s' '{lines}'\n")
    (programs / "getent").chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    script = staging.FILES / "after-removal"
    return subprocess.run(["sh", script, word], env=environment, capture_output=True, text=True, check=True).stdout


def test_the_script_that_ends_nodes_ends_none_at_an_upgrade():
    for word in ("upgrade", "1"):
        done = subprocess.run(
            ["sh", staging.FILES / "before-removal", word], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout == ""


class TestBeforeRemoval:
    @pytest.mark.parametrize("mark", ["", " (deleted)"])
    def test_what_was_started_from_the_package_is_ended_although_a_newer_one_has_replaced_it(
        self, tmp_path: Path, mark: str
    ):
        with started_with("/opt/perennial/launcher") as running:
            said = before_removal(tmp_path, running.pid, f"/opt/perennial/runtime/bin/python3{mark}")
            assert said.startswith("Perennial runs; it is ended")
            assert running.wait(END_S_MAX) == -signal.SIGTERM

    def test_a_node_that_has_lost_its_launcher_is_ended_too(self, tmp_path: Path):
        with started_with("/opt/perennial/app", "run", "--home", "/somewhere") as running:
            said = before_removal(tmp_path, running.pid, "/opt/perennial/runtime/bin/python3")
            assert said.startswith("Perennial runs; it is ended")
            assert running.wait(END_S_MAX) == -signal.SIGTERM

    def test_a_vault_is_left_to_its_node(self, tmp_path: Path):
        with started_with("/opt/perennial/app", '{"slot": "run"}') as running:
            assert before_removal(tmp_path, running.pid, "/opt/perennial/runtime/bin/python3") == ""
            assert running.poll() is None

    def test_what_another_program_runs_goes_on(self, tmp_path: Path):
        with started_with("/opt/perennial/launcher") as running:
            assert before_removal(tmp_path, running.pid, "/usr/bin/python3") == ""
            assert running.poll() is None


@contextlib.contextmanager
def started_with(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose command line ends with these words."""
    process = subprocess.Popen(["sh", "-c", "read _", *words], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def before_removal(folder: Path, pid: int, program: str) -> str:
    """What the script says on a computer where that process alone is of that program."""
    programs = folder / "programs"
    programs.mkdir()
    answer = f"""#!/bin/sh\n[ "$1" = /proc/{pid}/exe ] && echo '{program}'\n"""
    for name, text in (("readlink", answer), ("sleep", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    script = ("sh", str(staging.FILES / "before-removal"), "remove")
    return subprocess.run(script, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_tar_that_is_packed_holds_no_owner_and_no_order_of_this_machine(checkout: Path, tmp_path: Path):
    deb.pack(stage(checkout, tmp_path), tmp_path, tmp_path)

    with tarfile.open(tmp_path / "data.tar.xz") as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "root", "root")}
    assert [member.name for member in members] == sorted(member.name for member in members)


def test_a_folder_that_is_named_from_where_a_person_is_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked, outs = list[list[str]](), list[Path]()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(debian, "provide", lambda _groups: ())
    monkeypatch.setattr(building, "Environment", lambda _root: SimpleNamespace(prepare=str, program=str))

    def run(command: list[str], **_: object) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    assert building.main("installers.linux.making", "none", ["folder", "--out", "dist"]) == 0
    monkeypatch.setattr(making, "build", lambda _kind, out, *_: outs.append(out))
    monkeypatch.chdir(ROOT)

    assert making.main(asked[0][3:]) == 0

    assert outs == [tmp_path / "dist"]
