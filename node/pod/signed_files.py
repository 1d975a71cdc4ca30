"""The files in which it stands what pods have signed.

    network.signed/<number>.<role>.<hash>.json    beside the folder of the network: what was signed with that folder
    network/signed/<number>.<role>.<hash>.json    copies of it, and what others gave

    JSON {"format", "key", "role", "drafted_at", "statement", "signed_at"}

An entry is a statement with one signature, the id of the key that made it, when the statement was drafted, and when it
was signed by the clock of this computer.  The hash is of statement and key, so two entries of one name say the same,
but for the times: those are believed where this computer wrote them.

The folder of the network is handed over, and other pods' folders are copied over it.  So whatever lies in it may come
from anyone and may have taken the place of something else: it counts as far as its signature is right.  What a pod must
never forget lies beside it, where no copy of a folder gets to.

Once it all lay in the folder, as ``<number>.<role>.<half a hash>.<half a key>.json``, in format 1: without a signature
and the time of it.  Where nothing lies beside the folder yet, that is what was signed with it; later it counts for
nothing.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from node.pod.errors import PodError
from node.pod.files import finish_folder, pretty, read_as, read_file, replace, start_folder
from node.pod.signing_file import KINDS, YEAR_MAX
from node.trust.equivocation import Provable
from node.trust.errors import TrustError
from node.trust.head import ROOT_BYTES_MAX
from node.trust.layers import ROLES
from node.trust.metadata import TIME_FORMAT, Targets, read, time_text
from node.trust.release import highest_sequence
from node.vault.storage.filesystem import RealFileSystem

FOLDER: Final = "signed"
OWN_SUFFIX: Final = ".signed"
FORMAT: Final = 2
FORMAT_UNSIGNED: Final = 1
UNSIGNED_NAME: Final = re.compile(r"\d+\.\w+\.[0-9a-f]{16}\.[0-9a-f]{16}\.json")
ENTRY_BYTES_MAX: Final = 2 * ROOT_BYTES_MAX  # a root inside a JSON string, with what is said of it
ENTRIES_MAX: Final = 10_000


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    format: int
    key: str
    role: str
    drafted_at: str
    statement: str
    signed_at: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A statement that somebody has signed with the key ``keyid``.

    It carries that signature alone, or none if old tools kept it.
    ``signed_at`` is when, by this computer's clock; None if this computer did not write it down.
    """

    keyid: str
    role: str
    drafted_at: datetime
    statement: Provable
    signed_at: datetime | None

    @property
    def name(self) -> str:
        """The name of its file."""
        said = hashlib.sha256(f"{self.statement.signed_hash} {self.keyid}".encode()).hexdigest()
        return f"{self.statement.signed.version}.{self.role}.{said}.json"


def own_folder(network_folder: Path) -> Path:
    """Where it stands what was signed with the folder of a network; maybe there is none yet."""
    folder = network_folder.resolve()
    return folder.with_name(folder.name + OWN_SUFFIX)


def own(network_folder: Path) -> list[Remembered]:
    """What was signed with this folder.

    Raises:
        PodError: It cannot be read.  Then nothing is signed: what contradicts what is not known any more.
    """
    folder = own_folder(network_folder)
    if folder.exists():
        files = _files(folder)
        if len(files) > ENTRIES_MAX:
            raise PodError(f"{folder} holds over {ENTRIES_MAX} files")
        return [_read(file, FORMAT) for file in files]
    files = [file for file in _given(network_folder) if UNSIGNED_NAME.fullmatch(file.name)]
    return [_read(file, FORMAT_UNSIGNED) for file in files]


def given(network_folder: Path) -> list[Remembered]:
    """What lies in the folder itself, from anyone: no signature was checked.  What cannot be read is passed over.

    Raises:
        PodError: There is too much of it.
    """
    found = []
    for file in _given(network_folder):
        try:
            found.append(_read(file, FORMAT_UNSIGNED if UNSIGNED_NAME.fullmatch(file.name) else FORMAT))
        except PodError:  # whoever handed the folder over may have put anything in it
            continue
    return found


def keep_own(network_folder: Path, memories: Sequence[Remembered], now: datetime) -> None:
    """Write down what was signed with this folder, where no other folder is ever copied to; it is on the disk then.

    What is there already stays as it is.  Of what does not say when it was signed, that is ``now``.

    Raises:
        PodError: It cannot be written.
    """
    folder = own_folder(network_folder)
    if not folder.exists():
        _begin(folder, own(network_folder), now)
    _write(folder, memories, now)


def hand_on(network_folder: Path) -> None:
    """Put copies of what was signed with this folder into it, for others, also where theirs took the place of one.

    Raises:
        PodError: They cannot be written.
    """
    source, target = own_folder(network_folder), network_folder / FOLDER
    if not source.exists():
        return
    try:
        if target.is_symlink():
            raise PodError(f"{target} leads elsewhere; remove it")
        target.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise PodError(f"{target} cannot be made: {error.strerror}") from error
    for file in _files(source):
        content, copy = read_file(file, ENTRY_BYTES_MAX), target / file.name
        if not copy.is_file() or copy.stat().st_size != len(content) or copy.read_bytes() != content:
            replace(copy, content)


def _begin(folder: Path, unsigned: Sequence[Remembered], now: datetime) -> None:
    """Make the folder, with all that was remembered without signatures in it: half of that would pass for the whole."""
    making = start_folder(folder)
    try:
        _write(making, unsigned, now)
        finish_folder(making, folder)
        RealFileSystem(folder.parent, folders=()).fsync_directory(".")
    except OSError as error:
        raise PodError(f"{folder} cannot be made: {error.strerror}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _write(folder: Path, memories: Sequence[Remembered], now: datetime) -> None:
    for memory in memories:
        if (folder / memory.name).exists():
            continue
        entry = _Entry(
            format=FORMAT,
            key=memory.keyid,
            role=memory.role,
            drafted_at=time_text(memory.drafted_at),
            statement=memory.statement.metadata.to_bytes().decode(),
            signed_at=time_text(memory.signed_at or now),
        )
        replace(folder / memory.name, pretty(entry))


def _given(network_folder: Path) -> list[Path]:
    files = _files(network_folder / FOLDER)
    if len(files) > ENTRIES_MAX:
        raise PodError(
            f"{network_folder / FOLDER} holds over {ENTRIES_MAX} files; "
            f"remove that folder: what was signed here stands in {own_folder(network_folder)} too"
        )
    return files


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def _read(file: Path, form: int) -> Remembered:
    """An entry that is what it says to be; whether its signature is right is not asked.

    Raises:
        PodError: It is none.
    """
    entry = read_as(file, _Entry, ENTRY_BYTES_MAX, "what a pod has signed")
    try:
        if entry.format != form:
            raise PodError(f"{file} has a format that these tools do not know")
        statement = read(entry.statement.encode(), KINDS.get(entry.role, Targets))
        if entry.role in ROLES:
            highest_sequence(entry.role, statement.signed)
        found = Remembered(
            keyid=entry.key,
            role=entry.role,
            drafted_at=_moment(file, entry.drafted_at),
            statement=statement,
            signed_at=None if form == FORMAT_UNSIGNED else _moment(file, entry.signed_at),
        )
    except (TrustError, UnicodeError, ValueError) as error:
        raise PodError(f"{file} is damaged: {error}") from error
    if form == FORMAT and (file.name != found.name or not set(statement.metadata.signatures) <= {entry.key}):
        raise PodError(f"{file} is damaged: it does not hold what its name says")
    return found


def _moment(file: Path, text: str) -> datetime:
    """Raises PodError or ValueError."""
    moment = datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)
    if moment.year > YEAR_MAX:
        raise PodError(f"{file} is damaged: nothing is drafted in the year {moment.year}")
    return moment
