"""What a running trial must know after a power cut.

    state/trial/run.bin        SHA-256 of the rest, then the trial, who the twins are, what is still due: replaced as a
                               whole, after the pages
    state/trial/chunks-NN.bin  pages of what the twins acknowledged: 1 byte for the twin, 32 bytes of address, each;
                               2 in place of a twin is a chunk that one of them has handed over

Pages only grow, and ``run.bin`` says how much of them counts, with its hash: what a power cut left beyond that is of
no interest.  The identities of the twins and the private duration are in it, so nobody but the owner may read it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import msgspec

from node.trial.events import Twin
from node.update.errors import StateUnreadable
from node.update.trials.observations import ACKNOWLEDGED_MAX
from node.update.trials.restarts import Restart
from node.vault.core.identity import KEY_BYTES
from node.vault.storage.filesystem import RealFileSystem, remove_unfinished, write_durably

FORMAT: Final = 2
FORMATS: Final = (1, FORMAT)  # that can be read; 1 has nothing that was handed over
DIGEST_BYTES: Final = 32
RUN_BYTES_MAX: Final = 200_000
TWINS: Final[tuple[Twin, Twin]] = ("candidate", "control")
Log = Twin | Literal["handed over"]
LOGS: Final[tuple[Log, ...]] = (*TWINS, "handed over")  # by the first byte of a record
FOLDER_NAME: Final = re.compile("[0-9a-f]{1,64}")
ADDRESS_BYTES: Final = 32
RECORD_BYTES: Final = 1 + ADDRESS_BYTES
PAGE_RECORDS: Final = 1_000
PAGE_BYTES: Final = PAGE_RECORDS * RECORD_BYTES
RECORDS_MAX: Final = 2 * len(TWINS) * ACKNOWLEDGED_MAX  # each chunk may be handed over
PAGES_MAX: Final = -(-RECORDS_MAX // PAGE_RECORDS)

Acknowledged = dict[Twin, dict[bytes, None]]


class KeptTwin(msgspec.Struct, frozen=True, array_like=True):
    """``folder`` is the name of its data folder."""

    tree_hash: str
    folder: str
    seed: bytes


class KeptTrial(msgspec.Struct, frozen=True):
    """``trial`` is what ``Trial.dump`` gave.  ``number`` tells this trial of a release from its earlier ones.

    ``network_size``: for about how many vaults its chunks are drawn; 0 where that was not kept.
    ``are_ends_judged``: both twins were seen to end, or not to, after its verdict; ``unwilling`` is what was found.
    """

    number: int
    started_s: float  # UTC
    quota_bytes: int
    trial: bytes
    twins: dict[Twin, KeptTwin]
    restarts: tuple[Restart, ...]
    are_ends_judged: bool = False
    unwilling: str = ""
    network_size: int = 0


class _Run(msgspec.Struct, frozen=True):
    format: int
    kept: KeptTrial
    records: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A trial that was cut off, as far as it was kept."""

    kept: KeptTrial
    acknowledged: Acknowledged
    handed_over: dict[bytes, None] = field(default_factory=dict)


class TrialFile:
    """The kept state of one trial at a time.  Everything but ``unkept`` blocks; one call at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = folder / "run.bin"
        self._begin({}, b"")

    def _begin(self, taken: dict[Log, int], records: bytes) -> None:
        self._taken = {log: taken.get(log, 0) for log in LOGS}
        self._records = len(records) // RECORD_BYTES
        self._page = records[self._records // PAGE_RECORDS * PAGE_BYTES :]
        self._digest = hashlib.sha256(records)

    @property
    def is_there(self) -> bool:
        """Whether anything was kept."""
        return self._run.exists()

    def unkept(
        self, acknowledged: Mapping[Twin, Mapping[bytes, None]], handed_over: Iterable[bytes] = ()
    ) -> tuple[tuple[Log, bytes], ...]:
        """What came to either since the last ``save``.  Call it in the loop that changes them."""
        all_of = (*(acknowledged[twin] for twin in TWINS), handed_over)
        return tuple(
            (log, one) for log, those in zip(LOGS, all_of, strict=True) for one in islice(those, self._taken[log], None)
        )

    def save(self, kept: KeptTrial, news: Iterable[tuple[Log, bytes]]) -> None:
        """Replace what is kept; ``news`` is what ``unkept`` gave.  Once this returns, it survives a power cut.

        Raises:
            OSError: What was kept before still holds; so does the next ``unkept``.
        """
        taken, records, page, digest = dict(self._taken), self._records, self._page, self._digest.copy()
        RealFileSystem(self._folder.parent, folders=(self._folder.name,))
        for log, address in news:
            taken[log] += 1
            if len(address) != ADDRESS_BYTES:
                continue  # no chunk has such an address, and no scan would find it
            record = bytes([LOGS.index(log)]) + address
            digest.update(record)
            page += record
            records += 1
            if len(page) == PAGE_BYTES:
                write_durably(self._page_path(records // PAGE_RECORDS - 1), page)
                page = b""
        if page and records != self._records:
            write_durably(self._page_path(records // PAGE_RECORDS), page)
        content = msgspec.msgpack.encode(_Run(FORMAT, kept, records, digest.digest()))
        assert len(content) + DIGEST_BYTES <= RUN_BYTES_MAX, len(content)
        write_durably(self._run, hashlib.sha256(content).digest() + content)
        self._taken, self._records, self._page, self._digest = taken, records, page, digest

    def load(self) -> Cut | None:
        """What was kept of a trial, to go on with and to ``save`` on top of; None if nothing was.

        Raises:
            StateUnreadable: It is damaged, of another format, or cannot be read.
        """
        try:
            content = _read(self._run, RUN_BYTES_MAX)
            if content is None:
                return None
            remove_unfinished(self._folder)
            if hashlib.sha256(content[DIGEST_BYTES:]).digest() != content[:DIGEST_BYTES]:
                raise StateUnreadable("what was kept of the trial is damaged")
            run = msgspec.msgpack.decode(content[DIGEST_BYTES:], type=_Run)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise StateUnreadable(f"what was kept of the trial is damaged: {error}") from error
        except OSError as error:
            raise StateUnreadable(f"what was kept of the trial cannot be read: {error.strerror or error}") from error
        if run.format not in FORMATS or not 0 <= run.records <= RECORDS_MAX or set(run.kept.twins) != set(TWINS):
            raise StateUnreadable("what was kept of the trial is of another format")
        twins = run.kept.twins.values()
        if any(len(twin.seed) != KEY_BYTES or not FOLDER_NAME.fullmatch(twin.folder) for twin in twins):
            raise StateUnreadable("what was kept of the trial is damaged: no such twin")
        records = self._read_records(run.records)
        if hashlib.sha256(records).digest() != run.digest:
            raise StateUnreadable("what was kept of the trial is damaged: other chunks than were acknowledged")
        found: dict[Log, dict[bytes, None]] = {log: {} for log in LOGS}
        for at in range(0, len(records), RECORD_BYTES):
            found[LOGS[records[at]]][records[at + 1 : at + RECORD_BYTES]] = None
        self._begin({log: len(found[log]) for log in LOGS}, records)
        return Cut(run.kept, {twin: found[twin] for twin in TWINS}, found["handed over"])

    def drop(self) -> None:
        """Forget what is kept: no trial goes on from here.

        Raises:
            OSError: It could not be removed.
        """
        if self._run.exists():
            filesystem = RealFileSystem(self._folder, folders=())
            filesystem.remove(self._run.name)
            filesystem.fsync_directory(".")  # before the pages: without it they count for nothing
        for number in range(PAGES_MAX):
            self._page_path(number).unlink(missing_ok=True)
        self._begin({}, b"")

    def _read_records(self, count: int) -> bytes:
        numbers = range(-(-count // PAGE_RECORDS))
        try:
            pages = [_read(self._page_path(number), PAGE_BYTES) or b"" for number in numbers]
        except OSError as error:
            raise StateUnreadable(f"what was kept of the trial cannot be read: {error.strerror or error}") from error
        return b"".join(pages)[: count * RECORD_BYTES]

    def _page_path(self, number: int) -> Path:
        assert 0 <= number < PAGES_MAX, number
        return self._folder / f"chunks-{number:02}.bin"


def _read(path: Path, bytes_max: int) -> bytes | None:
    """The content of a file, None if it is not there; at most a little more than ``bytes_max`` of it is read."""
    try:
        with path.open("rb") as file:
            return file.read(bytes_max + 1)
    except FileNotFoundError:
        return None
