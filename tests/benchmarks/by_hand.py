"""The steps that make a chunk durable, by hand and with nothing around them: what a store is measured against."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

Put = Callable[[bytes, bytes], object]


def by_hand(at: Path) -> Put:
    """Write, flush, rename, flush the directory.  Whatever is told of the content is not looked at."""
    for folder in ("incoming", "chunks"):
        (at / folder).mkdir(parents=True)
    numbers = itertools.count()

    def put(content: bytes, _: bytes) -> None:
        number = next(numbers)
        source = f"{at}/incoming/{number}"
        descriptor = os.open(source, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(source, f"{at}/chunks/{number}")  # noqa: PTH104 - the bare steps
        descriptor = os.open(f"{at}/chunks", os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    return put


def hashed(put: Put) -> Callable[[bytes], object]:
    """The same for who does not know the address yet."""
    return lambda content: put(content, hashlib.sha256(content).digest())
