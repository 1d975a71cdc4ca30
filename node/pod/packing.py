"""The files of an app or a runtime as the chunks in which they travel.

What a release before holds too is taken from there: packing anew takes minutes for a runtime, and with another
version of zstd would give other chunks, which every farm's close groups would have to store once more.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from node.trust.packed import pack
from node.vault.share.tree import Manifest, TreeFile, address_of, decode_manifest, encode_manifest, split

if TYPE_CHECKING:
    from node.pod.build import Built
    from node.pod.sources import SourceFile

Packed = tuple[TreeFile, dict[bytes, bytes]]


def packed_manifest_of(
    files: Iterable[SourceFile], before: Sequence[Built] = ()
) -> tuple[Manifest, dict[bytes, bytes]]:
    """The manifest of these files and their chunks by address.  Takes all processors, for as long as it takes.

    Raises:
        MalformedMessage: A path is not allowed, appears twice, or a limit is exceeded.
    """
    known = {file.sha256: (file, built) for built in reversed(before) for file in built.files}

    def packed(source: SourceFile) -> Packed:
        path, is_executable, content = source
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 in known:
            file, built = known[sha256]
            chunks = {address: built.objects[address] for address in file.chunks}
            return TreeFile(path, is_executable, sha256, len(content), file.chunks), chunks
        parts = [pack(piece) for piece in split(content)]
        addresses = tuple(address_of(part) for part in parts)
        chunks = dict(zip(addresses, parts, strict=True))
        return TreeFile(path, is_executable, sha256, len(content), addresses), chunks

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # zstd lets others run while it works
        done = list(pool.map(packed, files))
    manifest = Manifest(tuple(sorted((file for file, _ in done), key=lambda file: file.path)))
    objects = {address: chunk for _, chunks in done for address, chunk in chunks.items()}
    return decode_manifest(encode_manifest(manifest)), objects  # reading it checks it
