"""Shares, as the local API takes and gives them."""

from __future__ import annotations

import msgspec


class StoredShare(msgspec.Struct, frozen=True):
    """A file that lies in the network as a public share.  ``holders_least``: in how many vaults each part is."""

    address: str
    name: str
    length_bytes: int
    chunks: int
    holders_least: int
