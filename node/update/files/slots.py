"""Versions on disk: one read-only tree per slot, named by its tree hash, and the pointer to the one in use.

    slots/<layer>/<tree hash>/            the files, 0444 (0555 if executable), in folders 0555
    slots/vault/<tree hash>.json          what that vault may do; without it, what any vault may
    slots/vault/<tree hash>.less.json     how the one in use comes to do less, see lessening.py; gone afterwards
    slots/<layer>/.unfinished-<hash>/     being staged; whatever is there at the next start is removed
    slots/objects/                        what was fetched for slots that are not staged yet
    slots/pointers.json                   the vault in use and the one before it, see pointers.py; apps: see programs.py
    cache/<tree hash>/...                 byte code of a vault slot, laid out as the slot is
    cache/<tree hash>.json                what that byte code must be

A slot is whole from the moment it has its name: files and folders are flushed and hashed before the rename.  Its
files are hashed again before every start, so that neither rot nor a stray write is ever run.  Runtimes share equal
files as hard links where there are such; vaults and apps are small, and rot in one of them spares the others.

Everything here blocks: call it through ``asyncio.to_thread``.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

import node
from node.trust.capabilities import TODAY, Capabilities, as_declared, cost, read_capabilities
from node.trust.errors import TrustError
from node.trust.layers import LAYERS, TREE_BYTES_MAX, Layer
from node.trust.strict import read_json
from node.update.errors import SlotDamaged, StageFailed
from node.update.files import bytecode, programs
from node.update.files.objects import AllObjects
from node.update.files.pointers import Pointer, Pointers
from node.update.files.trees import OWN_MODE, check_tree, digest_of, read_vault_layer, remove_tree, write_tree
from node.update.lessening import Lessening
from node.vault.errors import MalformedMessage
from node.vault.share.tree import Manifest, manifest_of, tree_hash_of
from node.vault.storage.filesystem import RealFileSystem, remove_unfinished, write_durably

UNFINISHED: Final = ".unfinished-"
OBJECTS: Final = "objects"
CAPABILITIES_SUFFIX: Final = ".json"
LESSENING_SUFFIX: Final = ".less.json"
CAPABILITIES_BYTES_MAX: Final = 1 << 16
# Where a release of a layer may find files that it need not fetch: an app has a copy of all of the vault.
ALIKE: Final[Mapping[Layer, tuple[Layer, ...]]] = MappingProxyType(
    {"vault": ("vault",), "app": ("app", "vault"), "runtime": ("runtime",)}
)
Installed = Mapping[Layer, tuple[str, Path]]  # the tree hash of what was installed, and where it lies
NOTHING_INSTALLED: Final[Installed] = MappingProxyType({})

log = logging.getLogger(__name__)


class Slots:
    """The slots of one home.

    Invariant: a slot that has its name holds exactly the files of that tree hash, or ``verify`` says that it does not.
    """

    def __init__(self, root: Path, cache: Path | None = None, installed: Installed = NOTHING_INSTALLED) -> None:
        """Open the slots below ``root``; remove what a power cut left half done.

        What came with the installation need not be fetched either.

        Raises:
            OSError: The folders cannot be made or read.
        """
        self._root = root.absolute()  # a relative path would name other files after a change of folder
        self._cache = (cache or root.parent / "cache").absolute()
        self._installed = installed
        self._pointers = Pointers(self._root)
        self.objects = AllObjects(self._root / OBJECTS)
        for folder in (self._root, self._cache, self._root / OBJECTS):
            folder.mkdir(mode=OWN_MODE, parents=True, exist_ok=True)
        for folder in (self._root, self._cache, self._root / OBJECTS):
            remove_unfinished(folder)
        for leftover in self._root.glob(f"*/{UNFINISHED}*"):
            remove_tree(leftover)

    def path(self, layer: Layer, tree_hash: str) -> Path:
        """Where that slot is, or would be."""
        assert len(tree_hash) == 64, tree_hash
        assert tree_hash.isalnum(), tree_hash
        return self._root / layer / tree_hash

    def has(self, layer: Layer, tree_hash: str) -> bool:
        return self.path(layer, tree_hash).is_dir()

    def at_hand(self, layer: Layer, tree_hash: str) -> Path | None:
        """Where a tree lies, in a slot or in the installation; None for nowhere.  Whether it is whole is not asked."""
        installed, path = self._installed.get(layer, ("", self._root))
        return path if installed == tree_hash else self.path(layer, tree_hash) if self.has(layer, tree_hash) else None

    def stage(
        self,
        layer: Layer,
        manifest: Manifest,
        read: Callable[[str], bytes | Path],
        capabilities: Capabilities = TODAY,
    ) -> Path:
        """Make the slot that ``manifest`` describes.

        ``read`` returns a file's content by its SHA-256 in hex, or says where a file with that content lies.

        It is there as a whole, durable and verified, or not at all.  A whole slot that another release of the same
        files has left may do from now on what this one declares, and is tried out with that; the ones in use and
        before it were tried out with what they have, and keep it.

        Raises:
            SlotDamaged: A content does not have its hash.  Nothing was left behind.
            StageFailed: The disk refused, or the files are in use with more than is declared.  Nothing was left behind.
        """
        name = tree_hash_of(manifest)
        slot = self.path(layer, name)
        if sum(file.length for file in manifest.files) > TREE_BYTES_MAX[layer]:
            raise StageFailed(f"the files are more than {TREE_BYTES_MAX[layer]} bytes")
        unfinished = slot.with_name(UNFINISHED + name)
        try:
            if slot.is_dir():
                with contextlib.suppress(SlotDamaged):
                    self.verify(layer, name)
                    self._declare(layer, name, capabilities)
                    return slot
            slot.parent.mkdir(mode=OWN_MODE, exist_ok=True)
            remove_tree(unfinished)
            write_tree(unfinished, manifest, read, is_linking=layer == "runtime")
            check_tree(unfinished, name, TREE_BYTES_MAX[layer])  # what the disk holds, not what was meant to be written
            if layer == "vault":
                self._keep_capabilities(slot, capabilities)
            remove_tree(slot)  # if it is damaged; only now, for most of its files may be what was just taken
            unfinished.replace(slot)
            RealFileSystem(slot.parent, folders=()).fsync_directory(".")
        except OSError as error:
            raise StageFailed(f"the files could not be kept: {error.strerror or error}") from error
        finally:
            remove_tree(unfinished, is_best_effort=True)
        return slot

    def _declare(self, layer: Layer, tree_hash: str, capabilities: Capabilities) -> None:
        """Let a whole slot do this and nothing else, unless it was taken into use with something else.

        Raises:
            StageFailed: It was, and may do more there.
            OSError: The disk refused.
        """
        if layer != "vault":
            return
        kept, pointer = self.capabilities(layer, tree_hash), self.pointer(layer)
        if pointer is None or tree_hash not in (pointer.current, pointer.previous):
            if kept != capabilities:
                self._keep_capabilities(self.path(layer, tree_hash), capabilities)
        elif cost(capabilities, kept):
            raise StageFailed("the same files are in use, and may do more there than this release declares")

    def lessen(self, layer: Layer, tree_hash: str, capabilities: Capabilities) -> None:
        """Let a slot do this from its next start on, if it is less than it may do now; else nothing changes.

        What it cannot do without, as a start has shown, is not taken from it again.

        Raises:
            SlotDamaged: It is not known what it may do now.
            OSError: The disk refused.
        """
        kept, slot = self.capabilities(layer, tree_hash), self.path(layer, tree_hash)
        if kept != capabilities and not cost(kept, capabilities):
            less = _encoded(capabilities)
            if self._lessening(slot).may_begin(less):
                self._lessening(slot).begin(_encoded(kept), less)
                self._keep_capabilities(slot, capabilities)

    def starts(self, layer: Layer, tree_hash: str) -> None:
        """The version in use is about to start: what an earlier start could not do without comes back.

        Raises:
            OSError: The disk refused.
        """
        slot = self.path(layer, tree_hash)
        before = self._lessening(slot).starts()
        if before:
            log.warning("a version does not start with less: it may do again what it did tree=%s", tree_hash[:8])
            write_durably(self._capabilities_file(slot), before)
            self._lessening(slot).refuse()

    def has_started(self, layer: Layer, tree_hash: str) -> None:
        """It serves, with whatever it may do now.  Raises OSError."""
        self._lessening(self.path(layer, tree_hash)).has_started()

    def verify(self, layer: Layer, tree_hash: str) -> Path:
        """Read the whole slot; return its path if it holds exactly the files that its name stands for.

        Raises:
            SlotDamaged: It does not, or it is not there, or it is not known what it may do.
        """
        slot = self.path(layer, tree_hash)
        self.capabilities(layer, tree_hash)
        try:
            check_tree(slot, tree_hash, TREE_BYTES_MAX[layer])
        except OSError as error:
            raise SlotDamaged(f"slot {tree_hash[:8]} cannot be read: {error.strerror or error}") from error
        return slot

    def capabilities(self, layer: Layer, tree_hash: str) -> Capabilities:
        """What was signed for that slot; for files that came with the program what any vault may do.

        Raises:
            SlotDamaged: It cannot be read.  Nothing is guessed: it could be more than was signed.
        """
        try:
            with self._capabilities_file(self.path(layer, tree_hash)).open("rb") as file:
                return read_capabilities(read_json(file.read(CAPABILITIES_BYTES_MAX)))
        except FileNotFoundError:
            return TODAY
        except (OSError, TrustError) as error:
            raise SlotDamaged(f"what slot {tree_hash[:8]} may do cannot be read: {error}") from error

    def files(self, layer: Layer, lengths: Collection[int]) -> dict[str, Path]:
        """SHA-256 in hex -> path, of what a release of that layer need not fetch again.

        The hashes are those of the bytes on disk now, not of what should be there.  Only files of one of ``lengths``
        are looked at, and those that are linked to each other once.
        """
        found: dict[str, Path] = {}
        seen: set[tuple[int, int]] = set()
        for tree in self._trees(layer):
            for file in sorted(tree.rglob("*")):
                if not file.is_file() or file.is_symlink():
                    continue
                status = file.stat()
                number = (status.st_dev, status.st_ino)
                if status.st_size in lengths and number not in seen:
                    seen.add(number)
                    found.setdefault(digest_of(file), file)
        return found

    def remove_unused(self, keep: Iterable[str] = ()) -> None:
        """Remove slots, and what came for some, but those in use, the ones before them, and ``keep`` (tree hashes).

        Raises:
            OSError: Which ones are in use cannot be said now, and nothing was removed; or one could not be removed.
        """
        pointers = self._pointers.read().values()
        wanted = {
            *keep,
            *(name for pointer in pointers for name in (pointer.current, pointer.previous)),
            *programs.trees(self._root),
        }
        for slot in list(self._slots(LAYERS)):
            if slot.name.removeprefix(UNFINISHED) not in wanted:  # one that is just being staged may be needed, too
                remove_tree(slot)
                self._capabilities_file(slot).unlink(missing_ok=True)
                self._lessening(slot).drop()
        for entry in self._cache.iterdir():
            if entry.name.removesuffix(bytecode.RECORD_SUFFIX) not in wanted:
                remove_tree(entry)
        self.objects.keep_only(wanted)

    # The pointer.

    def current(self, layer: Layer) -> str | None:
        """The tree hash of the version in use; ``None`` before the first one.

        Raises:
            OSError: It cannot be said now; so also the next two.
        """
        pointer = self.pointer(layer)
        return pointer.current if pointer else None

    def previous(self, layer: Layer) -> str | None:
        pointer = self.pointer(layer)
        return (pointer.previous or None) if pointer else None

    def pointer(self, layer: Layer) -> Pointer | None:
        return self._pointers.read().get(layer)

    def point(self, layer: Layer, tree_hash: str, now_s: float) -> None:
        """Make a slot the one in use; once this returns, it survives a power cut.  Repeating it is a no-op.

        Raises:
            OSError: The pointer is as it was.
        """
        pointers = self._pointers.read_to_change()
        before = pointers.get(layer)
        if before is None or before.current != tree_hash:
            self._save(pointers, layer, Pointer(tree_hash, before.current if before else "", now_s))

    def point_back(self, layer: Layer, tree_hash: str, now_s: float, previous: str = "") -> None:
        """Make a slot from before the one in use again, and ``previous`` the one before it.  Repeating it is a no-op.

        The version that is left must never be what a failing vault falls back to.

        Raises:
            OSError: The pointer is as it was.
        """
        self._point_back(self._pointers.read_to_change(), layer, tree_hash, now_s, previous)

    def choose(self, layer: Layer, now_s: float, pause: Callable[[float], None] = time.sleep) -> str:
        """The tree hash of the slot to start: the one in use, else the one before it, else this program's own files.

        Damaged slots are passed over, and the pointer follows the choice.

        Raises:
            StageFailed: None of them is there and whole, and this program's own files could not be staged.
            OSError: The pointer could not be written, and is as it was.
        """
        pointers = self._pointers.read_at_start(pause)
        pointer = pointers.get(layer)
        for name in (pointer.current, pointer.previous) if pointer else ():
            try:
                if name:
                    self.verify(layer, name)
                    self._point_back(pointers, layer, name, now_s)
                    return name
            except SlotDamaged:
                continue
        own = self.fill_from_checkout()
        self._point_back(pointers, layer, own, now_s)
        return own

    def fill_from_checkout(self, package: Path | None = None) -> str:
        """Stage the vault layer from this program's own files (or those of another ``node``); return its tree hash.

        So the version that comes with the program takes the same way as any release.

        Raises:
            StageFailed: The files could not be read or kept.
        """
        try:
            contents = read_vault_layer(package or Path(node.__file__).parent)
            manifest, _ = manifest_of(contents)
        except (OSError, MalformedMessage) as error:
            raise StageFailed(f"the program's own files could not be read: {error}") from error
        by_hash = {hashlib.sha256(content).hexdigest(): content for _, _, content in contents}
        return self.stage("vault", manifest, by_hash.__getitem__).name

    # Byte code.

    def pycache(self, layer: Layer, tree_hash: str) -> Path:
        """The folder with the byte code of a slot, prepared by us and whole; made anew if it is not.

        Raises:
            SlotDamaged: The slot is not there.
            StageFailed: The disk refused.
        """
        slot = self.path(layer, tree_hash)
        if not slot.is_dir():
            raise SlotDamaged(f"slot {tree_hash[:8]} is not there")
        prefix = self._cache / tree_hash
        try:
            if not bytecode.is_whole(prefix):
                remove_tree(prefix)
                bytecode.prepare(slot, prefix)
        except OSError as error:
            remove_tree(prefix, is_best_effort=True)
            raise StageFailed(f"the byte code could not be kept: {error.strerror or error}") from error
        return prefix

    def _keep_capabilities(self, slot: Path, capabilities: Capabilities) -> None:
        write_durably(self._capabilities_file(slot), _encoded(capabilities))

    def _lessening(self, slot: Path) -> Lessening:
        return Lessening(slot.with_name(slot.name + LESSENING_SUFFIX))

    def _capabilities_file(self, slot: Path) -> Path:
        return slot.with_name(slot.name + CAPABILITIES_SUFFIX)

    def _slots(self, layers: Iterable[Layer]) -> Iterator[Path]:
        """All slots of these layers; of what else lies in the folder nothing is ours."""
        for layer in layers:
            if (self._root / layer).is_dir():
                yield from sorted(slot for slot in (self._root / layer).iterdir() if slot.is_dir())

    def _trees(self, layer: Layer) -> Iterator[Path]:
        yield from self._slots(ALIKE[layer])
        if layer in self._installed:
            yield self._installed[layer][1]

    def _point_back(
        self, pointers: dict[Layer, Pointer], layer: Layer, tree_hash: str, now_s: float, previous: str = ""
    ) -> None:
        before = pointers.get(layer)
        if before is None or before.current != tree_hash:
            self._save(pointers, layer, Pointer(tree_hash, previous, now_s))
        elif previous and before.previous != previous:
            self._save(pointers, layer, msgspec.structs.replace(before, previous=previous))

    def _save(self, pointers: dict[Layer, Pointer], layer: Layer, pointer: Pointer) -> None:
        self.path(layer, pointer.current)  # checks the form of the hash
        self._pointers.write(pointers | {layer: pointer})


def _encoded(capabilities: Capabilities) -> bytes:
    return msgspec.json.encode(as_declared(capabilities))
