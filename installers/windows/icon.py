"""An icon in Windows' format, made of PNG pictures.  Pure.

    0   0 u16, 1 u16 (an icon), count u16
    6   for each picture: width u8, height u8 (0 stands for 256), 0 u8, 0 u8, 1 u16 (planes), 32 u16 (bits a pixel),
        length u32, offset u32
    ..  the pictures, as they are

Source: "ICO file format" of Windows Vista and later, which reads PNG pictures in it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

PNG: Final = b"\x89PNG\r\n\x1a\n"
SIDE_MAX: Final = 256
COUNT_MAX: Final = 16
_HEAD: Final = struct.Struct("<HHH")
_ENTRY: Final = struct.Struct("<BBBBHHII")


def icon(pictures: Sequence[bytes]) -> bytes:
    """The icon that shows, at each size, the picture of that size.

    Raises:
        ValueError: A picture is no square PNG of at most SIDE_MAX pixels, or there are none or too many of them.
    """
    if not 1 <= len(pictures) <= COUNT_MAX:
        raise ValueError(f"{len(pictures)} pictures make no icon")
    entries, offset = [], _HEAD.size + _ENTRY.size * len(pictures)
    for picture in pictures:
        side = _side(picture) % SIDE_MAX
        entries.append(_ENTRY.pack(side, side, 0, 0, 1, 32, len(picture), offset))
        offset += len(picture)
    return b"".join([_HEAD.pack(0, 1, len(pictures)), *entries, *pictures])


def _side(picture: bytes) -> int:
    if not picture.startswith(PNG) or picture[12:16] != b"IHDR" or len(picture) < 24:
        raise ValueError("a picture is no PNG")
    width, height = struct.unpack_from(">II", picture, 16)
    if width != height or not 1 <= width <= SIDE_MAX:
        raise ValueError(f"a picture of {width} x {height} pixels fits no icon")
    return int(width)
