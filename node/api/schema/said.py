"""A sentence as data, for those who say it in another language."""

from __future__ import annotations

import msgspec


class Said(msgspec.Struct, frozen=True):
    """What a sentence says: ``code`` names it for good, ``values`` are what stands in it, with their units last.

    Values are as rough as they are told.  Whoever does not know a code shows the sentence itself.
    """

    code: str
    values: dict[str, int | str] = {}
