"""What a runtime is made of: the lock files, and what of each package becomes part."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.pod.errors import PodError
from node.pod.runtime import contents
from node.pod.runtime.making import DEBIAN_LOCK, WHEEL_LOCK
from node.pod.runtime.pins import Pin, as_requirements, read_debian, read_wheels

ROOT = Path(__file__).resolve().parents[2]
ONE, TWO = "1" * 64, "2" * 64


class TestTheLockFilesOfThisCheckout:
    def test_pin_each_debian_package_of_a_runtime_and_no_other(self):
        pins = read_debian((ROOT / DEBIAN_LOCK).read_text(encoding="utf-8"))

        assert [pin.name for pin in pins] == list(contents.DEBIAN_PACKAGES)

    def test_pin_everything_that_the_app_needs_on_linux_and_nothing_of_windows(self):
        names = {
            pin.name for pin in read_wheels((ROOT / WHEEL_LOCK).read_text(encoding="utf-8"), contents.PYTHON, "linux")
        }

        assert {"pyside6-essentials", "iroh", "jeepney", "importlib-metadata"} <= names
        assert "pywin32-ctypes" not in names

    def test_hold_no_address(self):
        assert "://" not in (ROOT / DEBIAN_LOCK).read_text(encoding="utf-8")


class TestALockFile:
    def test_gives_for_each_package_its_version_and_hashes(self):
        text = f"# said\nlibffi8 3.4.4-1 sha256:{ONE}\nlibtiff6 1:4.5~rc+deb12u1 sha256:{TWO}\n"

        assert read_debian(text) == [Pin("libffi8", "3.4.4-1", (ONE,)), Pin("libtiff6", "1:4.5~rc+deb12u1", (TWO,))]

    @pytest.mark.parametrize(
        "line",
        [
            f"libffi8 sha256:{ONE}",
            "libffi8 3.4.4-1",
            "libffi8 3.4.4-1 sha256:12",
            f"libffi8 3.4.4-1 sha256:{ONE} more",
            f"--option 3 sha256:{ONE}",
            f"lib/../ffi 3 sha256:{ONE}",
        ],
    )
    def test_with_a_line_that_pins_nothing_is_refused(self, line: str):
        with pytest.raises(PodError, match="pins no Debian package"):
            read_debian(line)

    @pytest.mark.parametrize(
        ("marker", "python", "system", "is_meant"),
        [
            ("", "3.11", "linux", True),
            (' ; python_version < "3.12"', "3.11", "linux", True),
            (' ; python_version < "3.12"', "3.13", "linux", False),
            (' ; python_version < "3.9"', "3.11", "linux", False),
            (' ; sys_platform == "win32"', "3.11", "linux", False),
            (' ; sys_platform == "win32"', "3.11", "win32", True),
            (' ; sys_platform != "darwin"', "3.11", "linux", True),
            (' ; python_version < "3.12" and sys_platform == "win32"', "3.11", "linux", False),
        ],
    )
    def test_names_wheels_for_some_pythons_and_systems_only(
        self, marker: str, python: str, system: str, is_meant: bool
    ):
        text = f"# said\none==1.0{marker} \\\n    --hash=sha256:{ONE} \\\n    --hash=sha256:{TWO}\n"

        assert read_wheels(text, python, system) == ([Pin("one", "1.0", (ONE, TWO))] if is_meant else [])

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("one==1.0\n", "pins no wheel"),
            (f"one>=1.0 --hash=sha256:{ONE}\n", "pins no wheel"),
            (f"one==1.0 --hash=md5:{ONE}\n", "pins no wheel"),
            (f'one==1.0 ; os_name == "nt" --hash=sha256:{ONE}\n', "not understood"),
        ],
    )
    def test_that_pins_a_wheel_loosely_is_refused(self, text: str, said: str):
        with pytest.raises(PodError, match=said):
            read_wheels(text, "3.11", "linux")

    def test_goes_to_pip_with_all_hashes_and_without_conditions(self):
        assert list(as_requirements([Pin("one", "1.0", (ONE, TWO))])) == [
            f"one==1.0 --hash=sha256:{ONE} --hash=sha256:{TWO}\n"
        ]


class TestOfAPackage:
    @pytest.mark.parametrize(
        ("package", "path", "placed"),
        [
            ("python3.11-minimal", "usr/bin/python3.11", "bin/python3"),
            ("libpython3.11-stdlib", "usr/lib/python3.11/asyncio/tasks.py", "lib/python3.11/asyncio/tasks.py"),
            ("libpython3.11-stdlib", "usr/lib/python3.11/unittest/mock.py", None),
            ("libpython3.11-stdlib", "usr/lib/python3.11/lib-dynload/_bz2.cpython-311-x86_64-linux-gnu.so", None),
            ("libpython3.11-stdlib", "etc/python3.11/sitecustomize.py", None),
            ("libffi8", "usr/lib/x86_64-linux-gnu/libffi.so.8", "lib/libffi.so.8"),
            ("libffi8", "usr/lib/x86_64-linux-gnu/libffi.so.8.1.2", None),
            ("libffi8", "usr/share/doc/libffi8/copyright", "licences/libffi8/copyright"),
            ("libxcb-util1", "usr/lib/x86_64-linux-gnu/libxcb-util.so.1", f"{contents.QT_LIBRARIES}/libxcb-util.so.1"),
            ("base-files", "usr/share/common-licenses/LGPL-3", "licences/LGPL-3"),
            ("base-files", "etc/debian_version", None),
            ("patchelf", "usr/bin/patchelf", None),
        ],
    )
    def test_of_debian_only_what_is_used_becomes_part(self, package: str, path: str, placed: str | None):
        assert contents.place_debian(package, path) == placed

    @pytest.mark.parametrize(
        ("distribution", "path", "placed"),
        [
            ("iroh", "iroh/libiroh_ffi.so", "iroh/libiroh_ffi.so"),
            ("iroh", "iroh/__init__.pyi", None),
            ("tuf", "tuf/tests/test_api.py", None),
            ("setuptools", "setuptools/__init__.py", None),
            ("keyring", "keyring-25.7.0.dist-info/entry_points.txt", "keyring-25.7.0.dist-info/entry_points.txt"),
            ("keyring", "keyring-25.7.0.dist-info/METADATA", "keyring-25.7.0.dist-info/METADATA"),
            ("keyring", "keyring-25.7.0.dist-info/RECORD", None),
            ("keyring", "keyring-25.7.0.data/scripts/keyring", None),
            ("zstandard", "zstandard/_cffi.cpython-311-x86_64-linux-gnu.so", None),
            ("pyside6-essentials", "PySide6/Qt/lib/libQt6Core.so.6", "PySide6/Qt/lib/libQt6Core.so.6"),
            ("pyside6-essentials", "PySide6/Qt/lib/libQt6Quick.so.6", None),
            ("pyside6-essentials", "PySide6/Qt/plugins/platformthemes/libqgtk3.so", None),
            ("pyside6-essentials", "PySide6/designer", None),
        ],
    )
    def test_of_wheels_all_becomes_part_but_what_is_for_others(self, distribution: str, path: str, placed: str | None):
        assert contents.place_wheel(distribution, path) == (placed and f"{contents.WHEELS}/{placed}")

    def test_a_licence_is_kept_wherever_the_wheel_has_it(self):
        assert contents.place_wheel("rich", "rich-15.0.0.dist-info/licenses/LICENSE") == "licences/rich/LICENSE"
        assert contents.place_wheel("ifaddr", "ifaddr-0.2.0.dist-info/LICENSE.txt") == "licences/ifaddr/LICENSE.txt"
