"""A version in use that may do less from its next start on: until it has started so, the way back stays open.

It is not tried out beside itself, for it is the same files.  So the first start is its trial: if the vault does not
come to serve with less, it is started with what it had before, and is not asked to do with that little again.  A start
that the power cut off counts too: to hold a version less tightly than could be is the smaller harm.

    begin --> "new" --starts--> "tried" --has_started--> gone
                                   `--starts once more--> what was before comes back --refuse--> "refused"

Each step is one file, replaced as a whole; cut off anywhere, the next start goes on from what is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec

from node.vault.storage.filesystem import write_durably

FILE_BYTES_MAX: Final = 1 << 18


class _Kept(msgspec.Struct, frozen=True):
    """``before`` and ``less`` are capabilities as they are kept."""

    before: bytes
    less: bytes
    state: Literal["new", "tried", "refused"] = "new"


class Lessening:
    """What is known of it, in one file.  Everything blocks, shortly; what writes raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def may_begin(self, less: bytes) -> bool:
        """Whether the version was not seen to need more than that."""
        kept = self._read()
        return kept is None or kept.state != "refused" or kept.less != less

    def begin(self, before: bytes, less: bytes) -> None:
        kept = self._read()
        if kept is not None and kept.state != "refused":
            before = kept.before  # it was never seen to serve with what it has now
        self._write(_Kept(before, less))

    def starts(self) -> bytes:
        """What the version must be given back, as it did not come to serve when it was started last; else b""."""
        kept = self._read()
        if kept is not None and kept.state == "new":
            self._write(msgspec.structs.replace(kept, state="tried"))
        return kept.before if kept is not None and kept.state == "tried" else b""

    def refuse(self) -> None:
        kept = self._read()
        assert kept is not None, "nothing was begun"
        self._write(msgspec.structs.replace(kept, state="refused"))

    def has_started(self) -> None:
        kept = self._read()
        if kept is not None and kept.state == "tried":
            self.drop()

    def drop(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> _Kept | None:
        """None when there is none, or it is damaged: then what the slot may do stays as it is kept."""
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(FILE_BYTES_MAX), type=_Kept)
        except (OSError, msgspec.DecodeError, RecursionError, UnicodeError):
            return None

    def _write(self, kept: _Kept) -> None:
        write_durably(self._path, msgspec.json.encode(kept))
