"""Errors of trust: one root, one branch for each reason to refuse a head or a release.

``code`` is stable: it goes into logs and the local API.  The message is one sentence that a person may read.
"""

from __future__ import annotations

from typing import Final

MESSAGE_CHARACTERS_MAX: Final = 300


class TrustError(Exception):
    """A head, a release or the kept chain failed a check.  Refuse it; what runs goes on running.

    The message is short and printable whatever it quotes: it is kept and shown, and strangers write heads.
    """

    code = "trust"

    def __init__(self, message: str) -> None:
        super().__init__("".join(c if c.isprintable() else "?" for c in message[:MESSAGE_CHARACTERS_MAX]))


class MalformedMetadata(TrustError):
    """Bytes that are no head, files over their limit, or files that do not belong together.  Blame the sender."""

    code = "trust.malformed"


class NotEnoughSignatures(TrustError):
    """Fewer parties signed than the role needs.  Blame the sender: nobody could have verified this."""

    code = "trust.signatures"

    def __init__(self, have: int, need: int, role: str = "release") -> None:
        noun = ("founder" if role == "foundation" else "pod") + ("" if have == 1 else "s")
        super().__init__(f"{role}: signed by {have} {noun}, {need} are needed")
        self.have = have
        self.need = need
        self.role = role


class ExpiredMetadata(TrustError):
    """Signed, but no longer valid.  Nobody is to blame; updates wait for a fresh signature or a right clock."""

    code = "trust.expired"


class Rollback(TrustError):
    """Older than what was verified before.  An honest peer may lag behind, so this alone is no reason for blame."""

    code = "trust.rollback"


class PolicyViolation(TrustError):
    """Signed by enough parties and still not allowed."""

    code = "trust.policy"


class Equivocation(PolicyViolation):
    """Two validly signed statements of one role and version that say different things.

    ``first`` (known before) and ``second`` are the two files: together they prove it to anyone.  For every role but
    ``timestamp``, which one pod may sign alone, the proof means that several pods signed both.
    """

    code = "trust.equivocation"

    def __init__(self, role: str, version: int, first: bytes, second: bytes) -> None:
        super().__init__(f"{role} version {version} exists with two different contents, both validly signed")
        self.role = role
        self.version = version
        self.first = first
        self.second = second
