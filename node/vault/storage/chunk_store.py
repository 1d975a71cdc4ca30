"""Content-addressed chunks on disk, safe against power cuts.

    incoming/<n> --write, fsync--> whole --rename--> chunks/<address> --fsync both folders--> acknowledged

A chunk is named by the SHA-256 of its content; hence it is absent, whole, or provably corrupt, and no index can
disagree with the disk.  What a cut leaves in ``incoming/`` was never acknowledged and is removed at start.
"""

from __future__ import annotations

import errno
import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from node.vault.errors import ChunkCorrupt, QuotaExceeded, StorageError
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of
from node.vault.storage.filesystem import CHUNKS, INCOMING
from node.vault.storage.quota import Disk, room

ADDRESS_BYTES: Final = 32
BUSY_S_MAX: Final = 60.0  # how long one call waits for another one that writes or removes the same chunk
NAMES_TRIED_MAX: Final = 1_000  # names taken by another process that writes to the same folder

_CHUNK_NAME: Final = re.compile("[0-9a-f]{64}")
_DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_UNREADABLE: Final = (errno.EIO, errno.EFBIG, errno.ELOOP)  # of this file, not of the machine as a whole


class ChunkStore:
    """Keep immutable chunks, at most ``quota_bytes`` of them.

    Invariant: ``used_bytes`` is never less than what all chunks in ``chunks/`` and all that are being written
    take.  All methods block, and several threads may call them.

    Only one store may write to a folder.  One that is made with ``is_standby`` reads while another process still
    writes; ``take_over`` makes it the writer.

    Raises:
        StorageError: The folders cannot be listed or cleaned.
    """

    def __init__(self, filesystem: Disk, quota_bytes: int, *, is_standby: bool = False) -> None:
        assert quota_bytes >= 0, quota_bytes
        self._filesystem = filesystem
        self._quota_bytes = quota_bytes
        self._is_standby = is_standby
        self._numbers = itertools.count()
        self._doubtful: set[bytes] = set()  # in chunks/, but neither proven durable nor removable
        self._changed = threading.Condition()  # guards all that follows
        self._busy: set[bytes] = set()  # addresses that a thread is writing or removing
        self._used_bytes = 0
        self._chunk_count = 0
        if is_standby:
            self._count()
        else:
            self.take_over()

    @property
    def quota_bytes(self) -> int:
        return self._quota_bytes

    @property
    def used_bytes(self) -> int:
        return self._used_bytes

    @property
    def chunk_count(self) -> int:
        return self._chunk_count

    def take_over(self) -> None:
        """Become the folder's only writer: remove what others left half done, count what is there.

        Contents are not read.

        Raises:
            StorageError: The folders cannot be listed or cleaned.
        """
        try:
            for name in self._filesystem.list(INCOMING):
                self._filesystem.remove(f"{INCOMING}/{name}")
            # A process that died between rename and fsync leaves chunks that only a flush makes durable.
            self._filesystem.fsync_directory(CHUNKS)
            self._filesystem.fsync_directory(INCOMING)
        except OSError as error:
            raise StorageError(f"cannot clean up: {error}") from error
        self._count()
        self._is_standby = False

    def set_quota(self, quota_bytes: int) -> None:
        """Allow so many bytes from now on; what is already stored stays, even if it is more."""
        assert quota_bytes >= 0, quota_bytes
        self._quota_bytes = quota_bytes

    def room(self) -> int:
        """Bytes that may still be stored.

        Raises:
            StorageError: The disk does not say how full it is.
        """
        free_bytes = self._free_bytes()
        return room(quota_bytes=self._quota_bytes, used_bytes=self._used_bytes, free_bytes=free_bytes)

    def put(self, content: bytes) -> bytes:
        """Store ``content``, 1 to CHUNK_BYTES_MAX bytes; return its address once it would survive a power cut.

        Storing a chunk again costs no room; a corrupt one is replaced.  A thread that was started finishes,
        even if whoever waits for it is cancelled.

        Raises:
            QuotaExceeded: Neither quota nor disk have room for it; nothing changed.
            StorageError: The disk refused; nothing was acknowledged and a retry is safe.

        Source: write, fsync, rename, fsync the folder, as restic's local backend does.  The second folder is
        flushed for disks without a journal (exFAT): an old name that came back in ``incoming/`` would share
        its blocks with the chunk, and the next start would free them.
        """
        assert 1 <= len(content) <= CHUNK_BYTES_MAX, len(content)
        assert not self._is_standby
        address = address_of(content)
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
            return None
        except OSError as error:
            kind = ChunkCorrupt if error.errno in _UNREADABLE else StorageError
            raise kind(f"cannot read chunk {address.hex()[:8]}: {error}") from error
        if address_of(content) != address:  # the twin of the hash taken in put()
            raise ChunkCorrupt(f"chunk {address.hex()[:8]} is corrupt on disk")
        return content

    def has(self, address: bytes) -> bool:
        """Whether the chunk is here; its content is not read.

        Raises:
            StorageError: The disk does not say.
        """
        return self._size_bytes(address) is not None

    def remove(self, address: bytes) -> None:
        """Remove the chunk; once this returns, it does not come back after a power cut.  Absent is as good.

        Raises:
            StorageError: The disk refused; the chunk may be there, whole, or gone.  A retry is safe.
        """
        assert not self._is_standby
        with self._only_one(address):
            old_bytes = self._size_bytes(address)
            try:
                if old_bytes is not None:
                    self._filesystem.remove(_path(address))
                    self._account(-old_bytes, -1)
                    self._doubtful.discard(address)
                self._filesystem.fsync_directory(CHUNKS)
            except OSError as error:
                raise StorageError(f"cannot remove chunk {address.hex()[:8]}: {error}") from error

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

    def sizes(self) -> dict[bytes, int]:
        """The bytes that each chunk takes, by address, ascending; contents are not read.

        Raises:
            StorageError: The folder cannot be listed, or the disk does not say.
        """
        sizes = {address: self._size_bytes(address) for address in self.addresses()}
        return {address: size for address, size in sizes.items() if size is not None}

    def inventory(self) -> Iterator[dict[bytes, int]]:
        """The sizes of all chunks by address, in batches; contents are not read.  Each step blocks.

        Raises:
            StorageError: The folder cannot be listed, or the disk does not say.
        """
        yield self.sizes()

    def check(self) -> None:
        """Find out whether a chunk could be stored now.

        Raises:
            QuotaExceeded: Neither quota nor disk have room for one.
            StorageError: The disk refuses.
        """
        if self.room() < CHUNK_BYTES_MAX:
            raise QuotaExceeded("there is no room for a chunk")

    def scan(self) -> tuple[list[bytes], list[bytes]]:
        """Read every chunk; return the addresses of the whole ones and of the corrupt ones, ascending.

        Raises:
            StorageError: The machine, not a chunk, is in the way (too many open files, no permission): who asks
                for evidence must not take that for lost chunks.
        """
        held: list[bytes] = []
        corrupt: list[bytes] = []
        for address in self.addresses():
            try:
                content = self._filesystem.read(_path(address))
            except FileNotFoundError:
                continue  # removed since it was listed
            except OSError as error:
                if error.errno not in _UNREADABLE:
                    raise StorageError(f"cannot read chunk {address.hex()[:8]}: {error}") from error
                corrupt.append(address)
                continue
            (held if address_of(content) == address else corrupt).append(address)
        return held, corrupt

    def _count(self) -> None:
        used_bytes = chunk_count = 0
        for address in self.addresses():
            size = self._size_bytes(address)
            if size is not None:  # else another process has just removed it
                used_bytes += size
                chunk_count += 1
        with self._changed:
            self._used_bytes, self._chunk_count = used_bytes, chunk_count

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
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"cannot look for chunk {address.hex()[:8]}: {error}") from error

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
        self._reserve(len(content))
        at = ""  # where the content lies at the moment
        try:
            at = self._write_incoming(content)
            self._filesystem.fsync(at)  # content before name: no name may ever lead to half a chunk
            self._filesystem.replace(at, _path(address))
            at = _path(address)
            self._account(-(old_bytes or 0), 1 if old_bytes is None else 0)
            self._filesystem.fsync_directory(CHUNKS)
            self._filesystem.fsync_directory(INCOMING)
        except OSError as error:
            self._undo(address, at, len(content))
            if error.errno in _DISK_FULL:
                raise QuotaExceeded(f"the disk is full: {error}") from error
            raise StorageError(f"cannot store chunk {address.hex()[:8]}: {error}") from error
        self._doubtful.discard(address)

    def _write_incoming(self, content: bytes) -> str:
        """Write ``content`` to a file of its own; return its path, or leave nothing behind."""
        for number in itertools.islice(self._numbers, NAMES_TRIED_MAX):
            path = f"{INCOMING}/{number}"
            try:
                self._filesystem.write(path, content)
            except FileExistsError:
                continue  # of a process that wrote here before and still does
            except OSError:
                self._is_removed(path)
                raise
            return path
        raise FileExistsError(errno.EEXIST, "no free name", INCOMING)

    def _undo(self, address: bytes, at: str, length: int) -> None:
        """After a failure: leave neither file nor account of it, as far as the disk still obeys."""
        is_chunk = at == _path(address)
        if not at or self._is_removed(at):
            self._account(-length, -1 if is_chunk else 0)
        elif is_chunk:
            self._doubtful.add(address)  # a later put() must not take it for stored

    def _is_removed(self, path: str) -> bool:
        try:
            self._filesystem.remove(path)
        except FileNotFoundError:
            return True
        except OSError:
            return False  # the caller is told of the first failure; the next start removes what is left
        return True

    def _reserve(self, length: int) -> None:
        # Asked before the lock is taken: no thread shall wait for another one's system call.  The disk's reserve may
        # so be short by what is being written at the moment; the quota is exact.
        free_bytes = self._free_bytes()
        with self._changed:
            left = room(quota_bytes=self._quota_bytes, used_bytes=self._used_bytes, free_bytes=free_bytes)
            if length > left:
                raise QuotaExceeded(f"a chunk of {length} bytes is over the room of {left}")
            self._used_bytes += length

    def _account(self, more_bytes: int, more_chunks: int) -> None:
        with self._changed:
            # A file may have shrunk since it was counted, by rot or by another hand.
            self._used_bytes = max(0, self._used_bytes + more_bytes)
            self._chunk_count += more_chunks


def _path(address: bytes) -> str:
    assert len(address) == ADDRESS_BYTES, len(address)
    return f"{CHUNKS}/{address.hex()}"
