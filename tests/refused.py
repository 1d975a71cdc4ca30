"""A disk that will not have one file read."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest


class RefusedReads:
    """Refuses the next ``times`` openings of files of that name, as when no descriptor is left."""

    def __init__(self, patch: pytest.MonkeyPatch, name: str, number: int = errno.EMFILE) -> None:
        self.times = 0
        self._name = name
        self._number = number
        self._open = Path.open
        patch.setattr(Path, "open", lambda path, *args, **named: self._opened(path, args, named))

    def _opened(self, path: Path, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if path.name == self._name and self.times > 0:
            self.times -= 1
            raise OSError(self._number, os.strerror(self._number), str(path))
        return self._open(path, *args, **named)
