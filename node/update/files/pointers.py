"""The file that says which slot of a layer is in use, ``slots/pointers.json``, read and written.

Only where there is no such file nothing is in use.  A file that the disk refuses to show for a moment says nothing, and
no more does one that is gone with its whole folder, as when the disk was pulled out: who took that for "nothing is in
use" would leave a release that is in order, and remove the slots that run.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from node.trust.layers import Layer
from node.vault.storage.filesystem import write_durably

POINTERS: Final = "pointers.json"
POINTERS_BYTES_MAX: Final = 1 << 16
LOOKS: Final = 3  # before it counts as lost, at a start
LOOK_PAUSE_S: Final = 1.0

log = logging.getLogger(__name__)


class Pointer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which slot of a layer is in use since when (UTC), and which one was before it ("" for none)."""

    current: str
    previous: str
    since_s: float


class PointersDamaged(OSError):
    """The file is there, and does not say what is in use."""


class Pointers:
    """The file in one folder of slots.  Everything blocks."""

    def __init__(self, root: Path) -> None:
        self._path = root / POINTERS

    def read(self) -> dict[Layer, Pointer]:
        """What is pointed to; nothing before the first time.

        Raises:
            PointersDamaged: There is something else in the file.
            OSError: It cannot be read now.
        """
        try:
            content = self._content()
            return {} if content is None else msgspec.json.decode(content, type=dict[Layer, Pointer])
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise PointersDamaged(errno.EINVAL, "what is in use is not readable", str(self._path)) from error

    def read_at_start(self, pause: Callable[[float], None]) -> dict[Layer, Pointer]:
        """What is pointed to; nothing if that is lost: a file that cannot be read must not keep the vault away.

        ``pause`` lets so many seconds pass.

        Raises:
            FileNotFoundError: The whole folder is gone.
        """
        for look in range(LOOKS):
            try:
                return self.read()
            except PointersDamaged:
                break
            except FileNotFoundError:
                raise
            except OSError as error:
                log.warning("what is in use cannot be read reason=%s", error)
                if look < LOOKS - 1:
                    pause(LOOK_PAUSE_S)
        log.warning("what was in use is lost")
        return {}

    def read_to_change(self) -> dict[Layer, Pointer]:
        """What is pointed to; nothing where the file says nothing readable: it is about to be written anew.

        Raises:
            OSError: It cannot be read now.
        """
        try:
            return self.read()
        except PointersDamaged:
            return {}

    def _content(self) -> bytes | None:
        """None where there is no such file in a folder that is there; a disk may come back between the two looks."""
        for is_last in (False, True):
            try:
                with self._path.open("rb") as file:
                    return file.read(POINTERS_BYTES_MAX)
            except FileNotFoundError:
                if is_last:
                    return None
                self._path.parent.stat()
        return None

    def write(self, pointers: Mapping[Layer, Pointer]) -> None:
        """Let the layers point there; once this returns, it survives a power cut.

        Raises:
            OSError: The file is as it was.
        """
        write_durably(self._path, msgspec.json.encode(pointers))
