"""The look at a finished runtime finds what it looks for: each planted fault is told."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import msgspec
import pytest

from node.pod.runtime import contents
from node.pod.runtime.making import SOURCES, Binary, Package, Sources
from tests.installed.looking import lacking, sources_of, strangers, two_of_a_kind


def binary(*needed: str, runpath: str = "", rpath: str = "", name: str = "") -> bytes:
    """The least ELF file with a dynamic section."""
    texts, entries = b"\0", []
    for tag, text in [*((1, one) for one in needed), (14, name), (15, rpath), (29, runpath)]:
        if text:
            entries.append((tag, len(texts)))
            texts += text.encode() + b"\0"
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in [*entries, (5, 0x1000), (0, 0)])
    begin = 64 + 2 * 56
    header = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 4, begin, 0x1000, 0, len(texts), len(texts), 1)
    table = struct.pack("<IIQQQQQQ", 2, 4, begin + len(texts), 0, 0, len(dynamic), len(dynamic), 8)
    return header + load + table + texts + dynamic


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """A small one that is right."""
    files = {
        contents.INTERPRETER: binary("libc.so.6", rpath="$ORIGIN/../lib"),
        "lib/module.so": binary("libffi.so.8", "libc.so.6"),
        "lib/libffi.so.8": binary("libc.so.6", name="libffi.so.8"),
        "lib/qt/plugin.so": binary("libQt.so.6", runpath="$ORIGIN/lib"),
        "lib/qt/lib/libQt.so.6": binary("libstdc++.so.6", runpath="$ORIGIN"),
    }
    listed = {}
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
        listed[path] = Binary("debian/all", hashlib.sha256(content).hexdigest())
    sources = Sources(1, contents.PLATFORM, {"debian/all": Package("1", "0" * 64)}, listed)
    (tmp_path / SOURCES).write_bytes(msgspec.json.encode(sources))
    return tmp_path


def offences(runtime: Path) -> list[str]:
    return [*strangers(runtime, sources_of(runtime)), *lacking(runtime), *two_of_a_kind(runtime)]


class TestARuntime:
    def test_that_is_right_is_right(self, runtime: Path):
        assert offences(runtime) == []

    def test_with_a_binary_of_no_package_is_told(self, runtime: Path):
        (runtime / "lib" / "libhost.so.1").write_bytes(binary("libc.so.6"))

        assert offences(runtime) == ["lib/libhost.so.1 comes from nowhere"]

    def test_with_other_bytes_than_were_packed_is_told(self, runtime: Path):
        (runtime / "lib" / "libffi.so.8").write_bytes(binary("libm.so.6", name="libffi.so.8"))

        assert offences(runtime) == ["lib/libffi.so.8 is not what was in debian/all"]

    @pytest.mark.parametrize(
        ("path", "content", "said"),
        [
            ("lib/module.so", binary("libssl.so.3"), "lib/module.so needs libssl.so.3"),
            ("lib/qt/plugin.so", binary("libffi.so.8", runpath="$ORIGIN/lib"), "needs libffi.so.8"),
            ("lib/module.so", binary("libc.so.6", runpath="/usr/lib"), "looks for libraries in /usr/lib"),
            ("lib/module.so", binary("libc.so.6", runpath="$ORIGIN/../.."), "looks for libraries in .."),
        ],
    )
    def test_that_needs_what_not_every_host_has_is_told(self, runtime: Path, path: str, content: bytes, said: str):
        (runtime / path).write_bytes(content)

        assert any(said in one for one in lacking(runtime))

    @pytest.mark.parametrize(("path", "name"), [("lib/libz.so.1", ""), ("lib/other.so", "libz.so.1")])
    def test_that_brings_a_library_of_the_host_is_told(self, runtime: Path, path: str, name: str):
        (runtime / path).write_bytes(binary("libc.so.6", name=name))

        assert f"{path} is the host's" in offences(runtime)
