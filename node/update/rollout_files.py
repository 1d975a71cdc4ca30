"""What is kept of rollouts: two files, each replaced as a whole.

    state/book      whom the vault has met
    state/rollouts  how each rollout stands, and the own notes of the last year

What of them cannot be read begins anew: it only delays.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import msgspec

from node.trial.book import BOOK_BYTES_MAX, Book, UnreadableBook
from node.trial.notes import Numbers, State
from node.trial.waves import STATE_BYTES_MAX
from node.vault.storage.filesystem import write_durably

ROLLOUTS_MAX: Final = 4  # the newest ones
KEPT_BYTES_MAX: Final = ROLLOUTS_MAX * STATE_BYTES_MAX + (1 << 20)

log = logging.getLogger(__name__)


class KeptNote(msgspec.Struct, frozen=True):
    release: bytes
    state: State
    content: bytes
    begun_s: float  # UTC, of the trial
    numbers: Numbers  # of the trial, to be told with the verdict


class KeptRollout(msgspec.Struct, frozen=True):
    """``rollout`` is what ``Rollout.dump`` gave; ``network_size``: for how many vaults its shares were taken."""

    name: str
    rollout: bytes
    network_size: int


class Kept(msgspec.Struct, frozen=True):
    notes: tuple[KeptNote, ...] = ()
    rollouts: tuple[KeptRollout, ...] = ()


class RolloutFiles:
    """Both files of one home.  Everything blocks."""

    def __init__(self, folder: Path) -> None:
        self._book = folder / "book"
        self._rollouts = folder / "rollouts"

    def load(self) -> tuple[Book, Kept]:
        return self._load_book(), self._load_kept()

    def save(self, book: bytes, kept: Kept) -> None:
        """Once this returns, both survive a power cut.  ``book`` is what ``Book.dump`` gave.

        Raises:
            OSError: Each is as it was, or new.
        """
        write_durably(self._rollouts, msgspec.msgpack.encode(kept))
        write_durably(self._book, book)

    def _load_book(self) -> Book:
        content = _read(self._book, BOOK_BYTES_MAX)
        try:
            return Book.load(content) if content else Book()
        except UnreadableBook as error:
            log.warning("the book begins anew reason=%s", error)
            return Book()

    def _load_kept(self) -> Kept:
        content = _read(self._rollouts, KEPT_BYTES_MAX)
        try:
            return msgspec.msgpack.decode(content, type=Kept) if content else Kept()
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            log.warning("the rollouts begin anew reason=%s", error)
            return Kept()


def _read(path: Path, bytes_max: int) -> bytes:
    """What the file holds; b"" if there is none, or it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        log.warning("%s not read reason=%s", path.name, error)
        return b""
    return content if len(content) <= bytes_max else b""
