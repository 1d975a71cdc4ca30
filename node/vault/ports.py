"""What the vault needs of the machine, as protocols: time, chance, secrets, a disk, a network.

The edges in ``storage`` and ``transport`` fulfil them on a real machine, a simulator in tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from node.vault.core.identity import PeerRecord
    from node.vault.looks import Looks

BESIDE: Final = "work beside requests"  # a counter of the network, in the work of ``node.vault.load``


class Clock(Protocol):
    """Two clocks: one that only goes forward, and the calendar."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        ...

    def utc_s(self) -> float:
        """Seconds since 1970 in UTC; may jump."""
        ...


class Random(Protocol):
    """Chance for decisions.  ``random.Random`` fulfils it."""

    def random(self) -> float: ...

    def randrange(self, stop: int, /) -> int: ...

    def randbytes(self, n: int, /) -> bytes: ...

    def shuffle(self, x: list[Any], /) -> None: ...


Entropy = Callable[[int], bytes]  # unpredictable bytes for keys and nonces: ``os.urandom``


class FileSystem(Protocol):
    """What the stores need of a disk.  Paths are relative to one folder and written with ``/``.

    Every call blocks and may raise ``OSError``.
    """

    def list(self, directory: str) -> list[str]:
        """Names in ``directory``, sorted."""
        ...

    def read(self, path: str) -> bytes: ...

    def size_bytes(self, path: str) -> int: ...

    def write(self, path: str, content: bytes) -> None:
        """Make the new file ``path``; not durable before ``fsync``."""
        ...

    def fsync(self, path: str) -> None: ...

    def replace(self, source: str, target: str) -> None: ...

    def fsync_directory(self, directory: str) -> None: ...

    def remove(self, path: str) -> None: ...


class Handler(Protocol):
    """Answers a peer.  ``is_here``: it runs on this computer."""

    async def __call__(self, peer: PeerRecord, subnet: str, content: bytes, /, *, is_here: bool) -> bytes: ...


class Answered(NamedTuple):
    """An answer's bytes, the subnet (/24 or /48) from which the peer is really seen, the record it has proven."""

    content: bytes
    subnet: str
    peer: PeerRecord


class Network(Protocol):
    """Requests to peers.  All calls are safe to cancel."""

    @property
    def counters(self) -> Counter[str]:
        """What was refused or broke off before a request was whole, by name; and ``BESIDE``."""
        ...

    async def request(self, peer: PeerRecord, content: bytes, timeout_s: float) -> Answered:
        """Send one request, wait for its answer.

        Raises:
            Unreachable: No answer within ``timeout_s``, or the connection broke.
            PeerError: The peer is not who the record says, or of another network.  A record with an empty vault id
                says nothing of who it is.
        """
        ...

    async def ask_newer(self, peer: PeerRecord, kind: int, subject: bytes, timeout_s: float) -> bytes:
        """Put a question of ``core.late`` to a vault that speaks no version in common; b"" if it is not there.

        Raises:
            PeerError: Nobody has answered within ``timeout_s``.
        """
        ...

    async def send(self, peers: Sequence[PeerRecord], content: bytes, most: int) -> None:
        """Arrange a meeting by the first ``most`` of these with whom a connection stands; what they answer is dropped.

        Nobody is dialled, and no failure is told.
        """
        ...

    def looks(self, looks: Looks) -> Looks:
        """``looks`` with what only the network itself can see: who came in, whose time is another, how much flowed."""
        ...

    def watch(self, peers: Sequence[PeerRecord], silent: Callable[[PeerRecord], None]) -> None:
        """Exchange signs of life with exactly these peers; ``silent`` is called once for each that stops giving them.

        Does not block.  Who never had a session counts as silent too.
        """
        ...

    async def close(self) -> None: ...
