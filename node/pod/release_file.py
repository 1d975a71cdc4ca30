"""What ``release.json`` says of a built release."""

from __future__ import annotations

from typing import Annotated

import msgspec

from node.trust.capabilities import TODAY, Capabilities
from node.trust.layers import Layer, name_of
from node.vault.share.tree import CHUNK_BYTES_MAX, MANIFEST_BYTES_MAX


class ReleaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``release.json`` says of a built release.

    ``role`` is who releases it: ``vault``, ``foundation`` or ``app``.  ``floor`` is the number of the release below
    which no recall may lead from then on; 0 leaves the floor where it is.  ``capabilities`` is what a vault may do.
    ``platform`` is a runtime's; ``runtimes`` are the trees that an app needs, by platform.  ``deltas``: the tree that
    one begins with -> address in hex and length of its first chunk.
    """

    format: int
    role: str
    layer: Layer
    version: str
    tree: str
    notes: str
    manifest: str  # its address in hex
    manifest_length: Annotated[int, msgspec.Meta(ge=1, le=MANIFEST_BYTES_MAX)]
    floor: int = 0
    capabilities: Capabilities = TODAY
    is_urgent: bool = False
    platform: str = ""
    runtimes: dict[str, str] = {}
    deltas: dict[str, tuple[str, Annotated[int, msgspec.Meta(ge=1, le=CHUNK_BYTES_MAX)]]] = {}

    @property
    def name(self) -> str:
        return name_of("runtime" if self.layer == "runtime" else self.role, self.version, self.platform)
