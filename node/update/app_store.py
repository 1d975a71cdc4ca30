"""What must survive a power cut of the app's updates.

state/apps.json    each release's way, and the program that was in use before it
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from node.update.errors import StateUnreadable
from node.update.files.programs import INSTALLED, Program
from node.update.store import FILE_BYTES_MAX, Record
from node.vault.storage.filesystem import write_durably

FORMAT: Final = 1
FILE: Final = "apps.json"


class AppRecord(msgspec.Struct, frozen=True):
    """One release of the app and its way here.  ``program`` is what it becomes, ``before`` what was in use then."""

    record: Record
    program: Program = INSTALLED
    before: Program = INSTALLED


class _Saved(msgspec.Struct, frozen=True):
    format: int
    records: tuple[AppRecord, ...]


class AppStore:
    """One small file, replaced as a whole.  Everything blocks."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE

    def load(self) -> tuple[AppRecord, ...]:
        """Raises StateUnreadable when it is damaged or of a newer format."""
        try:
            with self._path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
            saved = msgspec.json.decode(content, type=_Saved)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StateUnreadable(f"{FILE} cannot be read: {error.strerror or error}") from error
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise StateUnreadable(f"the history of the app's updates cannot be read: {error}") from error
        if saved.format != FORMAT:
            raise StateUnreadable(f"the history of the app's updates has format {saved.format}")
        return saved.records

    def save(self, records: tuple[AppRecord, ...]) -> None:
        """Raises OSError; then it is as it was."""
        write_durably(self._path, msgspec.json.encode(_Saved(FORMAT, records)))
