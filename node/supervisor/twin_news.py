"""What a twin of a trial has heard of the developers' news: it is told to carry those alone that it has handed up.

    a peer names a head -> the twin fetches it and hands it up -> it is, or says the same as, the newest that this
                           node has verified itself -> the twin is told to carry that one, and names it to others

So it goes with the vault in use, but that nothing which a twin hands up is read: it is only compared.  A version that
does not hear of news is never given them, and so passes none on when the prober asks for them.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

BROUGHT_MAX: Final = 64  # heads that a twin has handed up, known by their digests


class Hearing:
    """One twin over all its runs.  ``head`` is what it was told to carry, and is given at its next start."""

    def __init__(self) -> None:
        self.head = b""
        self._brought: OrderedDict[bytes, None] = OrderedDict()

    def brings(self, content: bytes) -> None:
        """It hands up a head, which may not be the newest yet: this node may still be verifying that one."""
        digest = hashlib.sha256(content).digest()
        self._brought[digest] = None
        self._brought.move_to_end(digest)
        if len(self._brought) > BROUGHT_MAX:
            self._brought.popitem(last=False)

    def takes(self, newest: bytes, alike: Iterable[bytes]) -> bool:
        """Whether it is to be told to carry ``newest`` now, once: it has handed that one up, or one that says the same.

        ``alike`` are the digests of those.
        """
        if newest == self.head or self._brought.keys().isdisjoint((hashlib.sha256(newest).digest(), *alike)):
            return False
        self.head = newest
        return True
