"""What a binary needs: the dynamic section of a 64-bit little-endian ELF file.

    0   magic 7f 45 4c 46, class 2, data 1          program header: type u32, flags u32, offset u64, address u64,
    32  offset of the program headers   u64         .               address u64, size in the file u64, ...
    54  size and count of them          u16 u16     dynamic entry:  tag i64, value u64

Source: System V ABI, "Program Loading and Dynamic Linking".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"\x7fELF"
_START: Final = b"\x7fELF\x02\x01"
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRINGS, _NAME, _RPATH, _RUNPATH = 1, 5, 14, 15, 29
_ENTRIES_MAX: Final = 4_096
_TEXT_MAX: Final = 4_096  # bytes


@dataclass(frozen=True, slots=True)
class Dynamic:
    """``needed`` in the order in which the loader takes them; ``rpath`` and ``runpath`` with $ORIGIN as written."""

    needed: tuple[str, ...] = ()
    name: str = ""
    rpath: str = ""
    runpath: str = ""


def is_elf(content: bytes) -> bool:
    return content.startswith(MAGIC)


def read_dynamic(content: bytes) -> Dynamic:
    """The dynamic section of a binary; an empty one if it has none.

    Raises:
        ValueError: It is no such binary, or damaged.
    """
    if not content.startswith(_START):
        raise ValueError("no 64-bit little-endian ELF file")
    try:
        return _read(content)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"a damaged ELF file: {error}") from error


def _read(content: bytes) -> Dynamic:
    (offset,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    headers = [struct.unpack_from("<IIQQQQ", content, offset + number * size) for number in range(count)]
    loads = [(address, start, length) for kind, _, start, address, _, length in headers if kind == _LOAD]
    dynamic = next(((start, length) for kind, _, start, _, _, length in headers if kind == _DYNAMIC), None)
    if dynamic is None:
        return Dynamic()
    entries: list[tuple[int, int]] = []
    for number in range(min(dynamic[1] // 16, _ENTRIES_MAX)):
        entry = struct.unpack_from("<qQ", content, dynamic[0] + number * 16)
        if entry[0] == 0:
            break
        entries.append(entry)
    strings = _offset_of(dict(entries).get(_STRINGS, 0), loads)

    def texts(tag: int) -> tuple[str, ...]:
        return tuple(_text(content, strings + value) for found, value in entries if found == tag)

    return Dynamic(texts(_NEEDED), "".join(texts(_NAME)), "".join(texts(_RPATH)), "".join(texts(_RUNPATH)))


def _offset_of(address: int, loads: list[tuple[int, int, int]]) -> int:
    for begin, start, length in loads:
        if begin <= address < begin + length:
            return start + address - begin
    raise ValueError("a damaged ELF file: its texts lie nowhere")


def _text(content: bytes, start: int) -> str:
    end = content.find(b"\0", start, start + _TEXT_MAX)
    if end < 0:
        raise ValueError("a damaged ELF file: a text without an end")
    return content[start:end].decode()
