"""Small facts that must survive a power cut, one typed JSON file each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from node.api import texts
from node.supervisor.errors import StateError
from node.vault.storage.filesystem import write_durably

FILE_BYTES_MAX: Final = 4 << 20

T = TypeVar("T", bound=msgspec.Struct)


def no_room() -> bool:
    """Where nothing is held back on the disk."""
    return False


def replace_file(path: Path, content: bytes, make_room: Callable[[], bool]) -> None:
    """Replace a small file so that it survives a power cut; on a full disk once more after ``make_room``.  Blocking.

    Raises:
        OSError: It could not be written; the file is as it was.
    """
    try:
        write_durably(path, content)
    except OSError as error:
        if error.errno not in texts.DISK_FULL or not make_room():
            raise
        write_durably(path, content)


class StateFile(Generic[T]):
    """One value of type ``T`` on disk: whole, or not there yet."""

    def __init__(self, path: Path, kind: type[T], make_room: Callable[[], bool] = no_room) -> None:
        """``make_room`` lets go of room on a full disk, and says whether there was any.  It blocks."""
        self._path = path
        self._kind = kind
        self._make_room = make_room

    def load(self) -> T | None:
        """Return the value last saved, or ``None`` if there is none yet.  Blocking.

        Raises:
            StateError: The file cannot be read, or is no ``T``.
        """
        try:
            with self._path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
            if len(content) > FILE_BYTES_MAX:
                raise StateError(texts.damaged(self._path, f"it is longer than {FILE_BYTES_MAX} bytes"))
            return msgspec.json.decode(content, type=self._kind)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(texts.unusable(self._path, error)) from error
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise StateError(texts.damaged(self._path, str(error))) from error

    def save(self, value: T) -> None:
        """Replace the value; once this returns it survives a power cut.  Blocking.

        Raises:
            StateError: It could not be written; the file is as it was.
        """
        try:
            replace_file(self._path, msgspec.json.encode(value), self._make_room)
        except OSError as error:
            raise StateError(texts.unusable(self._path, error)) from error


class Serial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The serial of the newest certificate that was ever issued for the vault id."""

    serial: int
