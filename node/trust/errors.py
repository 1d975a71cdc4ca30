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
        super().__init__(f"{role}: signed by {have} {noun}, {need} {'is' if need == 1 else 'are'} needed")
        self.have = have
        self.need = need
        self.role = role


class MissingRoots(TrustError):
    """The head names root files that were not at hand.  Nobody is to blame; fetch them and verify once more.

    ``addresses`` are theirs, oldest first; what stands before the first of them was found right.
    """

    code = "trust.missing_roots"

    def __init__(self, addresses: tuple[bytes, ...]) -> None:
        super().__init__(f"{len(addresses)} root file{'' if len(addresses) == 1 else 's'} could not be had")
        self.addresses = addresses


class ExpiredMetadata(TrustError):
    """Signed, but no longer valid.  Nobody is to blame; updates wait for a fresh signature or a right clock."""

    code = "trust.expired"


class NumberedAhead(TrustError):
    """Signed, and numbered so high that nothing could follow it for long.  Nobody is to blame: the clocks may differ.

    It is refused until the time for that number comes.
    """

    code = "trust.ahead"


class Rollback(TrustError):
    """Older than what was verified before.  An honest peer may lag behind, so this alone is no reason for blame."""

    code = "trust.rollback"


class PolicyViolation(TrustError):
    """Signed by enough parties and still not allowed."""

    code = "trust.policy"


class Equivocation(PolicyViolation):
    """Two validly signed statements of one role that cannot both be true.  ``first`` was known before ``second``.

    ``proof`` shows it to anyone who knows the genesis root and ``roots``, the successors of it that judge: keep it and
    halt.  It is empty when there is nothing to show: a timestamp is signed by one pod alone, and of two statements that
    no single root ever allowed nobody needs to have signed both.
    """

    code = "trust.equivocation"

    def __init__(
        self, role: str, version: int, first: bytes, second: bytes, proof: bytes = b"", roots: tuple[bytes, ...] = ()
    ) -> None:
        super().__init__(f"{role} version {version} contradicts another one that was validly signed too")
        self.role = role
        self.version = version
        self.first = first
        self.second = second
        self.proof = proof
        self.roots = roots
