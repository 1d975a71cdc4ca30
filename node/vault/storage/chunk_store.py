"""Content-addressed chunks on disk, safe against power cuts.

    incoming/<n> --write, fsync--> whole --rename--> chunks/<address> --fsync both folders--> acknowledged

A chunk is named by the SHA-256 of its content; hence it is absent, whole, or provably corrupt, and no index can
disagree with the disk.  What a cut leaves in ``incoming/`` was never acknowledged and is removed at start.  Only how
much there is stands in an index (``tally``), which ``inventory`` corrects.

Flushes are not shared between puts: journals do that, and where they do it was slower (2026-11-24, ext4, 8 at once).
"""

from __future__ import annotations

import errno
import logging
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Final

from node.vault.errors import ChunkCorrupt, QuotaExceeded, StorageError
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of
from node.vault.storage.account import Account
from node.vault.storage.filesystem import CHUNKS, INCOMING
from node.vault.storage.incoming import Incoming
from node.vault.storage.quota import RESERVE_BYTES, Disk
from node.vault.storage.tally import TALLY

ADDRESS_BYTES: Final = 32
BUSY_S_MAX: Final = 60.0  # how long one call waits for another one that writes or removes the same chunk
BATCH_CHUNKS: Final = 1_000  # looked at in one step of the inventory: some milliseconds
BATCHES_AT_START: Final = 20  # counted without a tally before the store can be used: a second, or ten on a slow disk

_CHUNK_NAME: Final = re.compile("[0-9a-f]{64}")
_DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
# Of this file, not of the machine as a whole.  A folder in its place is somebody's: neither counted nor touched.
_UNREADABLE: Final = (errno.EIO, errno.EFBIG, errno.ELOOP, errno.EISDIR)

logger = logging.getLogger(__name__)


class ChunkStore:
    """Keep immutable chunks, at most ``quota_bytes`` of them.

    Invariant: ``used_bytes`` is never less than what all chunks in ``chunks/`` and all that are being written take,
    or, in a large store without a tally, the quota; it is exact once ``is_counted``.  All methods block, and several
    threads may call them.

    Only one store may write to a folder.  One that is made with ``is_standby`` reads while another process still
    writes; ``take_over`` makes it the writer.

    Raises:
        StorageError: The folders cannot be listed or cleaned.
    """

    def __init__(self, filesystem: Disk, quota_bytes: int, *, is_standby: bool = False) -> None:
        assert quota_bytes >= 0, quota_bytes
        self._filesystem = filesystem
        self._account = Account(filesystem, quota_bytes)
        self._is_standby = is_standby
        self._incoming = Incoming(filesystem)
        self._doubtful: set[bytes] = set()  # in chunks/, but neither proven durable nor removable
        self._changed = threading.Condition()  # guards what follows
        self._busy: set[bytes] = set()  # addresses that a thread is writing or removing
        if is_standby:
            self._assess()
        else:
            self.take_over()

    @property
    def quota_bytes(self) -> int:
        return self._account.quota_bytes

    @property
    def used_bytes(self) -> int:
        return self._account.used_bytes

    @property
    def chunk_count(self) -> int:
        return self._account.chunk_count

    @property
    def is_counted(self) -> bool:
        """Whether an inventory has come to its end; before, the figures are an upper bound."""
        return self._account.is_counted

    def take_over(self) -> None:
        """Become the folder's only writer: remove what others left half done.

        The chunks are listed only if there is no tally of them; of many, the rest is left to ``inventory``.

        Raises:
            StorageError: The folders cannot be listed or cleaned.
        """
        try:
            self._incoming.clean()
            # A process that died between rename and fsync leaves chunks that only a flush makes durable.
            self._filesystem.fsync_directory(CHUNKS)
            self._filesystem.fsync_directory(INCOMING)
        except OSError as error:
            raise StorageError(f"cannot clean up: {error}") from error
        self._is_standby = False
        self._assess()
        if not self._account.is_marked:
            try:
                self._account.renew()
            except OSError as error:  # what lies there can still be read; a put tries again, and tells
                logger.warning("the tally cannot be written: %s", error)

    def close(self) -> None:
        """Leave an exact tally behind, once no put is running.  One that cannot be written is as true as before."""
        assert not self._is_standby
        try:
            self._require_disk()
            self._account.close()
        except (StorageError, OSError) as error:
            logger.warning("the tally is not exact: %s", error)

    def set_quota(self, quota_bytes: int) -> None:
        """Allow so many bytes from now on; what is already stored stays, even if it is more."""
        assert quota_bytes >= 0, quota_bytes
        self._account.quota_bytes = quota_bytes

    def room(self) -> int:
        """Bytes that may still be stored.

        Raises:
            StorageError: The disk does not say how full it is.
        """
        return self._account.room(self._free_bytes())

    def put(self, content: bytes, address: bytes | None = None) -> bytes:
        """Store ``content``, 1 to CHUNK_BYTES_MAX bytes; return its address once it would survive a power cut.

        ``address`` is for a caller that has just hashed the content: to hash it again took a fifth of the time of 8
        puts at once (2026-11-24, 2 cores).  A wrong one makes a chunk that ``get`` calls corrupt, never wrong bytes.
        Storing a chunk again costs no room; a corrupt one is replaced.  A thread that was started finishes,
        even if whoever waits for it is cancelled.

        Raises:
            QuotaExceeded: Neither quota nor disk have room for it; nothing changed.
            ChunkCorrupt: What stands in its place is no file, or one that is lost; others can be stored.
            StorageError: The disk refused; nothing was acknowledged and a retry is safe.

        Source: write, fsync, rename, fsync the folder, as restic's local backend does.  The second folder is
        flushed for disks without a journal (exFAT): an old name that came back in ``incoming/`` would share
        its blocks with the chunk, and the next start would free them.
        """
        assert 1 <= len(content) <= CHUNK_BYTES_MAX, len(content)
        assert not self._is_standby
        address = address or address_of(content)
        with self._only_one(address):
            old_bytes = self._size_bytes(address)
            if old_bytes != len(content) or not self._is_kept(address, content):
                self._store(address, content, old_bytes)
        return address

    def get(self, address: bytes) -> bytes | None:
        """The chunk, or ``None`` if it is not here.

        Raises:
            ChunkCorrupt: Its bytes are lost; doubtful ones are never returned.
            StorageError: It cannot be read at the moment.
        """
        try:
            content = self._filesystem.read(_path(address))
        except FileNotFoundError:
            self._require_disk()
            return None
        except OSError as error:
            kind = ChunkCorrupt if self._is_of_the_file(error) else StorageError
            raise kind(f"cannot read chunk {address.hex()[:8]}: {error}") from error
        if address_of(content) != address:  # the twin of the hash taken in put()
            raise ChunkCorrupt(f"chunk {address.hex()[:8]} is corrupt on disk")
        return content

    def remove(self, address: bytes) -> None:
        """Remove the chunk; once this returns, it does not come back after a power cut.  Absent is as good.

        Raises:
            StorageError: The disk refused; the chunk may be there, whole, or gone.  A retry is safe.
        """
        assert not self._is_standby
        with self._only_one(address):
            old_bytes = self._size_bytes(address)
            self._account.begin(address, old_bytes)
            try:
                if old_bytes is not None:
                    self._filesystem.remove(_path(address))
            except OSError as error:
                self._account.leave(address)
                raise StorageError(f"cannot remove chunk {address.hex()[:8]}: {error}") from error
            self._account.remove(address)
            self._doubtful.discard(address)
            try:
                self._filesystem.fsync_directory(CHUNKS)
            except OSError as error:
                raise StorageError(f"cannot remove chunk {address.hex()[:8]} for good: {error}") from error
            self._account.settle(address)

    def addresses(self) -> list[bytes]:
        """The addresses of all chunks that are here, ascending; contents are not read.

        Raises:
            StorageError: The folder cannot be listed.
        """
        try:
            names = self._filesystem.list(CHUNKS)
        except OSError as error:
            raise StorageError(f"cannot list the chunks: {error}") from error
        return [bytes.fromhex(name) for name in names if _CHUNK_NAME.fullmatch(name)]

    def inventory(self) -> Iterator[dict[bytes, int]]:
        """The sizes of all chunks by address, in batches; contents are not read.  Each step blocks, shortly.

        What is put or removed meanwhile may be in it or not.  At its end the figures are exact.

        Raises:
            StorageError: The folder cannot be listed, or the disk does not say.
        """
        census = self._account.start_census()
        try:
            for names in self._filesystem.list_in_steps(CHUNKS, BATCH_CHUNKS):
                batch: dict[bytes, int] = {}
                for address in map(bytes.fromhex, filter(_CHUNK_NAME.fullmatch, names)):
                    with suppress(ChunkCorrupt):  # nobody can tell what it takes
                        size = self._size_bytes(address)
                        if size is not None and self._account.count(census, address, size):
                            batch[address] = size
                yield batch
        except OSError as error:
            raise StorageError(f"cannot list the chunks: {error}") from error
        self._require_disk()
        self._account.end_census(census)
        if not self._is_standby:
            self._account.follow()

    def check(self) -> None:
        """Find out whether the disk takes chunks now, by really writing a small file; the quota is not asked.

        Who holds nearly as much as it may must be able to replace what is corrupt, and take what is small.  Where the
        account leaves no room for a chunk it is counted anew: other programs remove files too, and tell nobody.

        Raises:
            QuotaExceeded: The disk has no room for a chunk.
            StorageError: The disk refuses, or is not there.
        """
        self._require_disk()
        try:
            self._incoming.probe()
        except OSError as error:
            raise _refusal("the disk takes nothing", error) from error
        if self._free_bytes() - RESERVE_BYTES < CHUNK_BYTES_MAX:
            raise QuotaExceeded("the disk has no room for a chunk")
        if self.is_counted and self.room() < CHUNK_BYTES_MAX:
            for _ in self.inventory():
                pass

    def scan(self, after: bytes = b"", count_max: float = math.inf) -> tuple[list[bytes], list[bytes]]:
        """Read chunks beyond ``after`` until so many were found; the addresses of whole and corrupt ones, ascending.

        Raises:
            StorageError: The machine, not a chunk, is in the way (too many open files, no permission): who asks
                for evidence must not take that for lost chunks.
        """
        held: list[bytes] = []
        corrupt: list[bytes] = []
        for address in self.addresses():
            if address <= after:
                continue
            if len(held) + len(corrupt) >= count_max:
                break
            try:
                content = self._filesystem.read(_path(address))
            except FileNotFoundError:
                self._require_disk()
                continue  # removed since it was listed
            except OSError as error:
                if not self._is_of_the_file(error):
                    raise StorageError(f"cannot read chunk {address.hex()[:8]}: {error}") from error
                corrupt.append(address)
                continue
            (held if address_of(content) == address else corrupt).append(address)
        self._require_disk()
        return held, corrupt

    def _assess(self) -> None:
        for _ in islice(self.inventory(), 0 if self._account.load() else BATCHES_AT_START):
            pass

    def _require_disk(self) -> None:
        """Make sure that this is still the store's own disk: one that was unplugged is no disk without chunks.

        The tally is the mark: an empty folder where the disk was has none, whereas numbers of devices and files may
        be others when the disk is back.
        """
        try:
            if self._account.is_marked:
                self._filesystem.size_bytes(TALLY)
            else:
                self._filesystem.list(INCOMING)
        except OSError as error:
            raise StorageError(f"the disk is not there: {error}") from error

    def _is_of_the_file(self, error: OSError) -> bool:
        """Whether only this file cannot be read.  A disk that died says EIO of each, and takes no new one either."""
        if error.errno == errno.EIO:
            try:
                self._incoming.probe()
            except OSError as refused:
                return refused.errno in _DISK_FULL
        return error.errno in _UNREADABLE

    @contextmanager
    def _only_one(self, address: bytes) -> Iterator[None]:
        """Let one thread at a time change this chunk, so that none acknowledges what another has not flushed."""
        with self._changed:
            if not self._changed.wait_for(lambda: address not in self._busy, BUSY_S_MAX):
                raise StorageError(f"chunk {address.hex()[:8]} is busy for more than {BUSY_S_MAX:.0f} s")
            self._busy.add(address)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(address)
                self._changed.notify_all()

    def _size_bytes(self, address: bytes) -> int | None:
        try:
            return self._filesystem.size_bytes(_path(address))
        except (FileNotFoundError, IsADirectoryError):
            self._require_disk()
            return None
        except OSError as error:
            kind = ChunkCorrupt if self._is_of_the_file(error) else StorageError
            raise kind(f"cannot look for chunk {address.hex()[:8]}: {error}") from error

    def _free_bytes(self) -> int:
        try:
            return self._filesystem.free_bytes()
        except OSError as error:
            raise StorageError(f"cannot tell the free space: {error}") from error

    def _is_kept(self, address: bytes, content: bytes) -> bool:
        """Whether exactly ``content`` lies there and survives a power cut."""
        if address in self._doubtful:
            return False
        try:
            return self._filesystem.read(_path(address)) == content
        except OSError:
            return False  # writing it anew heals it, or fails and tells

    def _store(self, address: bytes, content: bytes, old_bytes: int | None) -> None:
        what = f"cannot store chunk {address.hex()[:8]}"
        # Asked before any lock is taken: no thread shall wait for another one's system call.  The disk's reserve may
        # so be short by what is being written at the moment; the quota is exact.
        free_bytes = self._free_bytes()
        try:
            self._account.reserve(address, len(content), old_bytes, free_bytes)
        except OSError as error:
            raise _refusal(what, error) from error
        at = ""  # where the content lies at the moment
        try:
            at = self._incoming.write(content)
            self._filesystem.fsync(at)  # content before name: no name may ever lead to half a chunk
            self._filesystem.replace(at, _path(address))
            at = _path(address)
            self._filesystem.fsync_directory(CHUNKS)
            self._filesystem.fsync_directory(INCOMING)
        except OSError as error:
            self._undo(address, at, len(content), old_bytes)
            raise _refusal(what, error) from error
        self._account.store(address, len(content), is_durable=True)
        self._doubtful.discard(address)

    def _undo(self, address: bytes, at: str, length: int, old_bytes: int | None) -> None:
        """After a failure: leave neither file nor account of it, as far as the disk still obeys."""
        is_chunk = at == _path(address)
        has_replaced = is_chunk and old_bytes is not None  # one that may have been acknowledged; this is as good
        if not has_replaced and (not at or self._incoming.is_removed(at)):
            self._account.remove(address, length) if is_chunk else self._account.release(address, length)
        elif is_chunk:
            self._account.store(address, length, is_durable=False)
            self._doubtful.add(address)  # a later put() must not take it for stored
        else:
            self._account.leave(address)


def _refusal(what: str, error: OSError) -> QuotaExceeded | StorageError:
    if error.errno in _DISK_FULL:
        return QuotaExceeded(f"{what}, the disk is full: {error}")
    return (ChunkCorrupt if error.errno == errno.EISDIR else StorageError)(f"{what}: {error}")


def _path(address: bytes) -> str:
    assert len(address) == ADDRESS_BYTES, len(address)
    return f"{CHUNKS}/{address.hex()}"
