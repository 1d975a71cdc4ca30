"""Puts everyday words for those of the node that one must have learnt.  Pure.

The local API stays exact: what the node says goes through here only on its way to the screen.
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"The vault\b", "Perennial"),
        (r"\bnew vault version\b", "new version"),
        (r"\b([Oo]ther|[Aa]nother|[Nn]o other|[Tt]his) vault(s?)\b", r"\1 computer\2"),
        (r"\bfarm(s?)\b", r"computer\1"),
        (r"\b(\d+) vault(s?)\b", r"\1 computer\2"),
        (r"\bvault release\b", "release"),
        (r"\bversion of the vault\b", "version"),
        (r"\bstored piece(s?)\b", r"piece\1 that it had taken in"),
        (r"\bits twin\b", "the version in use"),
        (r"\bthe twins were not both up\b", "the two versions did not both run"),
        (r" \((?:exit code|signal) \d+\)", ""),
        (r"\bended with code -9\b", "was killed"),
        (r"\bended with code -\d+\b", "was stopped from outside"),
        (r"\bin probation\b", "soon after it took over"),
        (r"\b(?:[Pp]ods|developers)\b", "makers"),
        (r"\bDevelopers\b", "Makers"),
        (r"\bbroke the protocol\b", "broke the rules"),
        (r"\bchunk(s?)\b", r"piece\1"),
    )
)


def plain(said: str) -> str:
    """What the node says, in everyday words."""
    for pattern, word in _PLAIN:
        said = pattern.sub(word, said)
    return said
