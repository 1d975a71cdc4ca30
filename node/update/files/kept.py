"""The store as it was before a version ran: what that version removes of it comes back with the way back.

    kept/<number>-<tree hash>/<address>   hard links to the chunks that lay in the store before that version ran
    kept/<number>-<tree hash>.settled     nothing of it has to be given back

              keep              that version is to run: what came since is kept too
    nothing --------> settled -----------------------------------------------------> open
       ^               |   ^                                                           |
       '---- drop -----'   '------ one from before is to run: it is given back --------'

A link takes no room while the store has the chunk too.  What stands here alone counts against the farmer's limit, and
is given up, the oldest first, when the limit needs it.  The folder lies outside of what any vault can see.

Where a file system has no hard links nothing is kept (decision 0040).
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Final, Protocol

from node.update.files.differences import only_in
from node.update.files.links import Found
from node.vault.ports import FileSystem
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of
from node.vault.storage import tally
from node.vault.storage.filesystem import CHUNKS, INCOMING
from node.vault.storage.tally import TALLY, Extent

KEPT: Final = "kept"
SETTLED: Final = ".settled"
GENERATIONS_MAX: Final = 4  # more ways back in a row than any node should need
STEP_NAMES: Final = 2_000  # listed at once
REMOVED_AT_ONCE: Final = 100_000  # names; then the rest is listed
HASHED_BYTES_MAX: Final = 256 << 20  # read again on the way back; of what is beyond only the size is looked at

_CHUNK_NAME: Final = re.compile("[0-9a-f]{64}")
_GENERATION: Final = re.compile("([0-9]{6,12})-([0-9a-f]{64})")

log = logging.getLogger(__name__)


class LinkingDisk(FileSystem, Protocol):
    """What is needed of the home's disk.  Every call blocks and may raise ``OSError``."""

    def list_in_steps(self, directory: str, names_max: int) -> Iterator[Sequence[str]]: ...

    def numbers_in_steps(self, directory: str, names_max: int) -> Iterator[Collection[tuple[str, int]]]: ...

    def look(self, path: str) -> Found: ...

    def link(self, source: str, target: str) -> None: ...

    def make_folder(self, path: str) -> None: ...

    def remove_folder(self, path: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Generation:
    """What was kept before the version ``tree_hash`` was taken into use; one for each time that it was."""

    number: int
    tree_hash: str

    @property
    def folder(self) -> str:
        return f"{KEPT}/{self.number:06d}-{self.tree_hash}"

    @property
    def mark(self) -> str:
        return self.folder + SETTLED


class Kept:
    """What is kept of one home's store.  Everything blocks; several threads may call it; nothing raises for the disk.

    Invariant: a chunk that was acknowledged before a version ran is in the store or here, until it is dropped or given
    up, or a version from before removes it.
    """

    def __init__(self, disk: LinkingDisk, data: str) -> None:
        """``data`` is the data folder of the vault in use, as seen from the home."""
        self._disk = disk
        self._store = f"{data}/{CHUNKS}"
        self._incoming = f"{data}/{INCOMING}"
        self._tally = f"{data}/{TALLY}"
        self._lock = threading.Lock()  # held while links are made, or removed for good

    def keep(self, tree_hash: str) -> None:
        """Keep what the store holds now, as far as the disk can, before that version is taken into use.

        Called again it goes on where it was cut off.  The vault in use may go on meanwhile: what it stores after this
        is kept by ``before_run``.
        """
        with self._lock, _told("the store could not be kept"):
            generations = self._generations()
            own = generations[-1] if generations else None
            if own is None or own.tree_hash != tree_hash:  # an older one is of an earlier time that it was in use
                for oldest in generations[: max(0, len(generations) + 1 - GENERATIONS_MAX)]:
                    self._remove(oldest)
                own = self._begin(generations[-1].number + 1 if generations else 1, tree_hash)
            self._thin(own)
            self._fill(own)

    def before_run(self, tree_hash: str) -> int:
        """See to the store while no vault is at it, before that version runs; return how many chunks came back.

        If versions ran that were taken into use after it, what they removed is given back.  If the store is kept
        because of it, what was stored since is kept too.
        """
        given = 0
        with self._lock, _told("what is kept of the store could not be looked after"):
            generations = self._generations()
            for later in reversed(generations[self._ran_at(generations, tree_hash) + 1 :]):
                given += self._give_back(later)
            own = _newest_at(generations, tree_hash)
            if own >= 0:
                self._unsettle(generations[own])
                self._fill(generations[own])
        if given:
            log.info("chunks were given back count=%d to tree=%s", given, tree_hash[:8])
        return given

    def drop(self, in_use: str, on_the_way: Collection[str], *, is_for_good: bool) -> None:
        """Remove what no way back needs: that of versions which did not run, or of which all was given back.

        If the version in use is there ``is_for_good``, also what was kept before it ran, and earlier.  What was kept
        because of those that are still ``on_the_way`` stays.
        """
        with self._lock, _told("what was kept of the store could not be removed"):
            generations = self._generations()
            own = _newest_at(generations, in_use)
            for at, each in enumerate(generations):
                is_done = is_for_good if at <= own else self._is_settled(each)
                if is_done and each.tree_hash not in on_the_way:
                    self._remove(each)

    def alone_bytes(self) -> int:
        """What stands here alone: so much of the disk would be free without it.  It lists each chunk that is kept."""
        with _told("what is kept of the store could not be measured"):
            return sum(found.size_bytes for found, _ in self._alone())
        return 0

    def give_up(self, size_bytes: int) -> int:
        """Free so many bytes at least, if there are so many, the oldest first; return how many it were."""
        freed = 0
        with self._lock, _told("what is kept of the store could not be given up"):
            for found, paths in self._alone():
                if freed >= size_bytes:
                    break
                for path in paths:
                    self._disk.remove(path)
                freed += found.size_bytes
        if freed:
            log.warning("the way back lost chunks to the disk limit bytes=%d", freed)
        return freed

    # One generation.

    def _begin(self, number: int, tree_hash: str) -> Generation:
        """A new one, of which nothing has to be given back yet: that version has not run."""
        new = Generation(number, tree_hash)
        self._disk.make_folder(KEPT)
        self._disk.fsync_directory(".")
        self._settle(new)
        return new

    def _fill(self, generation: Generation) -> None:
        """Link what the store has and the generation has not; durable once this returns.

        The first time in the store's own order, so that most disks list both in one order.
        """
        is_begun = any(self._names(generation.folder))
        parts: Iterable[Iterable[str]] = (
            self._only_in(self._store, generation.folder) if is_begun else self._names(self._store)
        )
        new = filter(_CHUNK_NAME.fullmatch, chain.from_iterable(parts))
        first = next(new, None)
        if first is None:
            return
        self._disk.make_folder(generation.folder)
        self._disk.fsync_directory(KEPT)
        try:
            for name in chain((first,), new):  # removed since it was listed, or listed twice
                with contextlib.suppress(FileNotFoundError, FileExistsError):
                    self._disk.link(f"{self._store}/{name}", f"{generation.folder}/{name}")
        finally:  # the disk may take no more names, or none at all: what is here already stays
            self._disk.fsync_directory(generation.folder)

    def _thin(self, generation: Generation) -> None:
        """Let go of what the version in use has removed since this was kept, if it is for nobody to give it back."""
        if not self._is_settled(generation):
            return
        has_thinned = False
        for name in chain.from_iterable(self._only_in(generation.folder, self._store)):
            self._disk.remove(f"{generation.folder}/{name}")
            has_thinned = True
        if has_thinned:
            self._disk.fsync_directory(generation.folder)

    def _unsettle(self, generation: Generation) -> None:
        """Note that this version runs from now on: what it removes has to be given back."""
        with contextlib.suppress(FileNotFoundError):
            self._disk.remove(generation.mark)
            self._disk.fsync_directory(KEPT)

    def _settle(self, generation: Generation) -> None:
        self._disk.write(generation.mark, b"")
        self._disk.fsync(generation.mark)
        self._disk.fsync_directory(KEPT)

    def _is_settled(self, generation: Generation) -> bool:
        try:
            self._disk.look(generation.mark)
        except FileNotFoundError:
            return False
        return True

    def _ran_at(self, generations: Sequence[Generation], tree_hash: str) -> int:
        """Where that version ran last.

        What is kept only for its being taken into use once more does not count yet: it may as well be gone back to.
        """
        of_it = [each for each in generations if each.tree_hash == tree_hash]
        ran = [each for each in of_it if not self._is_settled(each)]
        newest = (ran or of_it)[-1:]
        return generations.index(newest[0]) if newest else -1

    def _give_back(self, generation: Generation) -> int:
        """Link what the store lacks of the generation, or holds another file for; return how many chunks that were."""
        if self._is_settled(generation):
            return 0
        giving = _Giving()
        for part in self._numbered_only_in(generation.folder, self._store):
            self._give_part_back(generation, sorted(name for name, _ in part), giving)
        if not giving.failures:
            self._settle(generation)
        return giving.given

    def _give_part_back(self, generation: Generation, lost: Sequence[str], giving: _Giving) -> None:
        sizes: dict[str, int] = {}
        for name in lost:
            with giving.noted(name):
                sizes[name] = self._disk.look(f"{generation.folder}/{name}").size_bytes
        sizes = {name: size_bytes for name, size_bytes in sizes.items() if 1 <= size_bytes <= CHUNK_BYTES_MAX}
        if not sizes:
            return
        self._raise_tally(Extent(sum(sizes.values()), len(sizes)))
        for name, size_bytes in sizes.items():
            giving.hash_bytes -= size_bytes
            with giving.noted(name):
                if giving.hash_bytes < 0 or self._is_whole(generation, name):
                    self._put_back(generation, name)
                    giving.given += 1
        self._disk.fsync_directory(self._store)

    def _is_whole(self, generation: Generation, name: str) -> bool:
        return address_of(self._disk.read(f"{generation.folder}/{name}")).hex() == name

    def _put_back(self, generation: Generation, name: str) -> None:
        source, target = f"{generation.folder}/{name}", f"{self._store}/{name}"
        try:
            self._disk.link(source, target)
        except FileExistsError:
            self._disk.remove(target)
            self._disk.link(source, target)

    def _raise_tally(self, more: Extent) -> None:
        """Let the tally cover what is about to be given back: the next vault listens before it has counted anew.

        One that cannot be read or written is taken away: it must not be too small.
        """
        old = tally.load(self._disk, self._tally)
        if old is not None:
            raised = Extent(old.used_bytes + more.used_bytes, old.chunk_count + more.chunk_count)
            with contextlib.suppress(OSError):
                tally.save(self._disk, raised, self._tally)
                return
        with contextlib.suppress(FileNotFoundError):
            self._disk.remove(self._tally)
        self._disk.fsync_directory(self._incoming)

    def _remove(self, generation: Generation) -> None:
        """Remove a generation; its mark goes last, so that what a power cut leaves of it is not given back."""
        has_removed = False
        while names := self._some_names(generation.folder):
            for name in names:
                self._disk.remove(f"{generation.folder}/{name}")
            has_removed = True
        if has_removed:
            self._disk.fsync_directory(generation.folder)
        self._disk.remove_folder(generation.folder)
        self._disk.fsync_directory(KEPT)
        with contextlib.suppress(FileNotFoundError):
            self._disk.remove(generation.mark)
            self._disk.fsync_directory(KEPT)

    # What there is.

    def _generations(self) -> list[Generation]:
        """The oldest first; also one of which only the mark is left."""
        found = {
            Generation(int(match[1]), match[2])
            for name in chain.from_iterable(self._names(KEPT))
            if (match := _GENERATION.fullmatch(name.removesuffix(SETTLED)))
        }
        return sorted(found, key=lambda each: each.number)

    def _alone(self) -> Iterator[tuple[Found, list[str]]]:
        """Each file that stands nowhere but here, with its names, the oldest first.

        Only what does not stand in the store under the same name is looked at.
        """
        folders = [generation.folder for generation in self._generations()]
        for folder in folders:
            for name, _ in chain.from_iterable(self._numbered_only_in(folder, self._store)):
                with contextlib.suppress(FileNotFoundError):  # given up since it was listed
                    found = self._disk.look(f"{folder}/{name}")
                    in_folders = [folder] if found.links == 1 else self._folders_with(found.number, name, folders)
                    if in_folders[0] == folder and len(in_folders) >= found.links:
                        yield found, [f"{each}/{name}" for each in in_folders]

    def _folders_with(self, number: int, name: str, folders: Iterable[str]) -> list[str]:
        """Those in which the file of this number stands under this name."""
        return [folder for folder in folders if self._number(f"{folder}/{name}") == number]

    def _number(self, path: str) -> int | None:
        try:
            return self._disk.look(path).number
        except FileNotFoundError:
            return None

    def _names(self, folder: str) -> Iterator[Sequence[str]]:
        with contextlib.suppress(FileNotFoundError):
            yield from self._disk.list_in_steps(folder, STEP_NAMES)

    def _some_names(self, folder: str) -> list[str]:
        """A folder must not change while it is read."""
        return list(islice(chain.from_iterable(self._names(folder)), REMOVED_AT_ONCE))

    def _numbers(self, folder: str) -> Iterator[Collection[tuple[str, int]]]:
        with contextlib.suppress(FileNotFoundError):
            yield from self._disk.numbers_in_steps(folder, STEP_NAMES)

    def _only_in(self, folder: str, other: str) -> Iterator[set[str]]:
        return only_in(partial(self._names, folder), partial(self._names, other), str)

    def _numbered_only_in(self, folder: str, other: str) -> Iterator[set[tuple[str, int]]]:
        """The names for which no name of the same file stands in the ``other`` folder, each with the file's number."""
        return only_in(partial(self._numbers, folder), partial(self._numbers, other), lambda entry: entry[0])


@dataclass(slots=True)
class _Giving:
    """How far the way back is with giving back."""

    given: int = 0
    failures: int = 0
    hash_bytes: int = field(default_factory=lambda: HASHED_BYTES_MAX)  # that may still be read again

    @contextlib.contextmanager
    def noted(self, name: str) -> Iterator[None]:
        """One chunk that the disk refuses keeps no other away."""
        try:
            yield
        except OSError as error:
            log.warning("a chunk could not be given back chunk=%s reason=%s", name[:8], error)
            self.failures += 1


def _newest_at(generations: Sequence[Generation], tree_hash: str) -> int:
    return max((at for at, each in enumerate(generations) if each.tree_hash == tree_hash), default=-1)


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Log what the disk refuses: whoever called can do nothing about it, and the next call tries again."""
    try:
        yield
    except OSError as error:
        log.warning("%s reason=%s", what, error)
