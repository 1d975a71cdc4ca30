"""The home: the one folder in which everything of a node lies.

    home.json       the marker: kind, format, network, where to bind, whom to contact first
    root.json       the genesis root of the network; never replaced
    settings.json   what the farmer set
    api.sock        the local API
    api.json        its port and the token for it, where it is served over TCP
    lock            held by the running supervisor
    state/          small facts that must survive a power cut
    slots/          versions of the layers, read-only
    vaults/         the data of each vault in a folder of a random name: the own one's, and those of twins
    kept/           chunks as they were before the version in use, for the way back
    prober/         the folder of a running prober; greeter/ of one that only looks whether others can be reached
    app/            the program's own copy that these run from
    rehearsal/      where a later app is being tried out
    logs/           what the vault and the supervisor wrote
    cache/          byte code of the vaults' slots; that of programs lies in slots/cache/

Nothing is changed in a folder without the marker, and nothing without it is ever deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, Self

import msgspec

from node.api import door, texts
from node.api.schema import KeyPlace
from node.supervisor import fit_disk, settings, store_place
from node.supervisor.errors import HomeError, HomeInUse, HomeUnfinished, StateError
from node.supervisor.locking import try_lock
from node.update.files.kept import KEPT
from node.update.files.trees import remove_tree
from node.vault.control import CONTACTS_MAX, Pace
from node.vault.core.identity import RECORD_BYTES_MAX
from node.vault.storage.filesystem import CHUNKS, INCOMING, remove_unfinished, write_durably

FORMAT: Final = 1
MARKER: Final = "home.json"
MAKING: Final = "home.json.making"  # stands while a home is made; a home left so by a power cut may be made again
LOCK: Final = "lock"
SOCKET: Final = "api.sock"
MARKER_BYTES_MAX: Final = 1 << 20
ROOT_BYTES_MAX: Final = 1 << 20
FOLDER_MODE: Final = 0o700

Kind = Literal["real", "practice"]

log = logging.getLogger(__name__)


class Marker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``home.json`` says.

    ``network`` is the SHA-256 of the genesis root in hex; under ``name``, which is drawn, the keyring holds the
    home's key, so that the folder may be moved, and from it follows what the vault's data folder is called.
    """

    format: int
    kind: Kind
    name: str
    network: str
    bind: str  # "address:port", port 0 for any
    contacts: tuple[bytes, ...] = ()  # encoded PeerRecords
    pace: Pace = Pace()
    key_place: KeyPlace = "keyring"  # of a real home; chosen by a person when it is made


class Home:
    """A folder that is proven to be a Perennial home of ours: marked, owned by us, closed to others."""

    def __init__(self, path: Path, marker: Marker, root: bytes) -> None:
        self.path = path
        self.marker = marker
        self.root = root  # genesis root, as bytes
        self.settings_file = path / "settings.json"
        self.socket = path / SOCKET
        self.state = path / "state"
        self.slots = path / "slots"
        self.vaults = path / "vaults"
        self.vault = self.vaults / store_place.vault_folder(marker.name)
        self.kept = path / KEPT
        self.logs = path / "logs"

    @property
    def network(self) -> bytes:
        """The network's name: SHA-256 of the genesis root, 32 bytes."""
        return bytes.fromhex(self.marker.network)

    @property
    def is_practice(self) -> bool:
        return self.marker.kind == "practice"

    @property
    def key_place(self) -> KeyPlace:
        """Where the farm's private key is kept."""
        return "unprotected" if self.is_practice else self.marker.key_place

    @classmethod
    def read(cls, folder: Path) -> Home:
        """Check that ``folder`` is a home; nothing is changed.  Blocking.

        Raises:
            HomeUnfinished: Its making was cut off, and it can be made again.
            HomeError: It is no home, not ours, or damaged; the message says which.
        """
        path = _checked(folder)
        if not (path / MARKER).is_file():
            if not path.exists() or not any(path.iterdir()):
                raise HomeError(texts.no_home(path))
            raise HomeUnfinished(texts.unfinished_home(path)) if _may_make(path) else HomeError(texts.not_a_home(path))
        marker = _read_marker(path)
        _check_length(path, marker.kind)
        root = _read(path / "root.json", ROOT_BYTES_MAX)
        if hashlib.sha256(root).hexdigest() != marker.network:
            raise HomeError(texts.root_replaced(path / "root.json"))
        return cls(path, marker, root)

    @classmethod
    def open(cls, folder: Path) -> Home:
        """Check that ``folder`` is a home and make its folders.  Blocking.

        Raises:
            HomeError: As ``read``, or the folders cannot be made.
        """
        home = cls.read(folder)
        with _sentence(home.path):
            home.path.chmod(FOLDER_MODE)
            store_place.take_over(home.path, home.vaults, home.vault)
            for made in (
                home.state,
                home.slots,
                home.vaults,
                home.vault,
                home.vault / INCOMING,
                home.vault / CHUNKS,
                home.logs,
            ):
                made.mkdir(mode=FOLDER_MODE, exist_ok=True)
        return home

    @classmethod
    def make(
        cls,
        folder: Path,
        *,
        kind: Kind,
        root: bytes,
        bind: str,
        quota_bytes: int,
        contacts: tuple[bytes, ...] = (),
        pace: Pace | None = None,
        key_place: KeyPlace = "keyring",
    ) -> Home:
        """Make a home in a folder that is empty or not there yet.  Blocking.

        This is the only moment at which a home accepts a genesis root.  Cut short at any point, it leaves
        nothing that ``open`` would take for a home, and it can be made again.

        Raises:
            HomeError: The folder is in use for something else, cannot be written, or lies on a disk that is not fit.
            SettingsError: ``quota_bytes`` is out of range.
        """
        assert len(root) <= ROOT_BYTES_MAX, len(root)
        assert len(contacts) <= CONTACTS_MAX, len(contacts)
        chosen = settings.checked(
            msgspec.structs.replace(settings.defaults(is_practice=kind == "practice"), quota_bytes=quota_bytes)
        )
        path = _checked(folder)
        if any(unicodedata.category(character) == "Cc" for character in str(path)):  # no line end in an Exec line
            raise HomeError(texts.odd_path(path))
        _check_length(path, kind)
        with _sentence(path):
            path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            if (path / MARKER).exists():
                raise HomeError(texts.already_a_home(path))
            if not _may_make(path):
                raise HomeError(texts.not_a_home(path))
            path.chmod(FOLDER_MODE)
            name = os.urandom(8).hex()
            network = hashlib.sha256(root).hexdigest()
            marker = Marker(
                format=FORMAT, kind=kind, name=name, network=network, bind=bind, contacts=contacts,
                pace=pace or Pace(), key_place=key_place,
            )  # fmt: skip
            write_durably(path / MAKING, b"")
            if not fit_disk.is_fit(path, path / SOCKET):
                (path / MAKING).unlink()
                raise HomeError(texts.unfit_disk(path))
            write_durably(path / "root.json", root)
            settings.save(path / "settings.json", chosen)
            write_durably(path / MARKER, msgspec.json.encode(marker))
            (path / MAKING).unlink()
        return cls.open(path)

    def last_record(self) -> bytes:
        """The record of the vault's last run; only a hint, so that whatever is wrong with it does not matter."""
        try:
            with (self.state / "record").open("rb") as file:
                return file.read(RECORD_BYTES_MAX)
        except OSError:
            return b""

    def keep_record(self, record: bytes) -> None:
        """Keep it for ``last_record``.  Raises StateError."""
        path = self.state / "record"
        try:
            write_durably(path, record)
        except OSError as error:
            raise StateError(texts.unusable(path, error)) from error

    def lock(self, inherited: int | None = None) -> Lock:
        """Take the home for this process, or go on with what the program before has taken.

        The lock ends with the process, however it ends.

        Raises:
            HomeInUse: Another process has it.
            HomeError: The disk lets nobody take it.
        """
        return Lock(self.path / LOCK, inherited)

    def remove_leftovers(self) -> None:
        """Remove what power cuts left of small files that were being replaced; what cannot be removed does no harm.

        Blocking.  Call it only with the lock held, before anything is written.
        """
        try:
            for folder in (self.path, self.state, *(entry for entry in self.state.iterdir() if entry.is_dir())):
                remove_unfinished(folder)
        except OSError as error:
            log.warning("leftovers of a power cut not removed reason=%s", error)

    def delete(self, lock: Lock) -> None:
        """Remove the home and all in it; the marker goes last, so that a broken-off removal can be repeated.

        Blocking.  ``lock`` is the held one of this home.  It is released shortly before the end, for Windows removes no
        file that is open; what is left then opens as no home.  The empty folder stays where the system keeps it: as
        the root of a disk, or in a folder of somebody else.

        Raises:
            HomeError: The marker is gone, or something could not be removed.
        """
        _read_marker(self.path)
        with _sentence(self.path):
            for entry in sorted(self.path.iterdir()):
                if entry.name not in {MARKER, LOCK}:
                    remove_tree(entry)
            lock.release()
            (self.path / LOCK).unlink(missing_ok=True)
            (self.path / MARKER).unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()


class Lock:
    """Holds a file against every other process until ``release`` or the end of this one."""

    def __init__(self, path: Path, inherited: int | None = None) -> None:
        """``inherited``: its descriptor, if the program before has taken it and handed it on.

        Raises:
            HomeInUse: Another process holds it.
            HomeError: The disk lets nobody hold it.
        """
        self._path = path
        if inherited is not None:
            self.descriptor = inherited
            return
        with _sentence(path):
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                self._take(path)
            except BaseException:
                self.release()
                raise

    def _take(self, path: Path) -> None:
        if not try_lock(self.descriptor):
            holder = os.read(self.descriptor, 20).decode(errors="replace").strip()
            raise HomeInUse(texts.home_in_use(path.parent, holder))
        os.ftruncate(self.descriptor, 0)
        os.write(self.descriptor, str(os.getpid()).encode())  # for the sentence above, in the other process

    def follow(self) -> bool:
        """Hold what stands under the name by now: another file, once the disk was plugged in again.  Whether it was.

        Blocking.  Raises what the beginning does; then what was held is held still.
        """
        with _sentence(self._path), contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self.descriptor), self._path.stat()):
                return False
        taken = Lock(self._path)
        before, self.descriptor = self.descriptor, taken.descriptor
        with contextlib.suppress(OSError):  # of a disk that is gone
            os.close(before)
        return True

    def release(self) -> None:
        """Safe to call again."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _checked(folder: Path) -> Path:
    """The folder's full path, if it could be a home: a folder if it exists, and ours."""
    with _sentence(folder):
        path = folder.expanduser().resolve()
        if any("\ud800" <= character <= "\udfff" for character in str(path)):  # bytes that are no text
            raise HomeError(texts.odd_path(path))
        if not path.exists():
            return path
        found = path.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise HomeError(texts.not_a_folder(path))
        if sys.platform != "win32" and found.st_uid != os.geteuid():
            raise HomeError(texts.not_ours(path))
        return path


def _may_make(path: Path) -> bool:
    """Whether the folder is empty, or holds what is left of a home whose making was cut off."""
    if (path / MAKING).is_file():
        return True
    return all(entry.name.startswith(f".{MAKING}.") for entry in path.iterdir())  # cut off at once


def _check_length(path: Path, kind: Kind) -> None:
    """Refuse a path at which nobody reaches the local API; a practice home may lie deep in another, for a rehearsal."""
    if kind == "practice" and door.REACHES_LONG_PATHS:
        return
    if len(os.fsencode(path / SOCKET)) > door.SOCKET_PATH_BYTES_MAX:
        raise HomeError(texts.path_too_long(path, door.SOCKET_PATH_BYTES_MAX - len(f"/{SOCKET}")))


def _read_marker(path: Path) -> Marker:
    content = _read(path / MARKER, MARKER_BYTES_MAX)
    try:
        made_in = msgspec.json.decode(content, type=_Format).format
        if made_in > FORMAT:
            raise HomeError(texts.newer_home(path))
        return msgspec.json.decode(content, type=Marker)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise HomeError(texts.damaged(path / MARKER, str(error))) from error


class _Format(msgspec.Struct):
    format: int


def _read(path: Path, bytes_max: int) -> bytes:
    with _sentence(path), path.open("rb") as file:
        content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise HomeError(texts.damaged(path, f"it is longer than {bytes_max} bytes"))
    return content


@contextlib.contextmanager
def _sentence(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one sentence about ``path``."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise HomeError(texts.unusable(path, error)) from error
