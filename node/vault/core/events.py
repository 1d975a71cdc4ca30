"""What happens to a vault, and what it wants done.

Events are past tense and carry the time; effects are imperative and data only.  ``driver`` turns the
world into events and performs the effects.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.vault import control
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import Answer, Request


@dataclass(frozen=True, slots=True)
class Now:
    """``monotonic_s`` for durations, ``utc_s`` for whatever is signed or shown."""

    monotonic_s: float
    utc_s: float


@dataclass(frozen=True, slots=True)
class Started:
    """The port is bound and the store is open.  ``held``: size in bytes by address."""

    now: Now
    addresses: tuple[str, ...]
    held: dict[bytes, int]


@dataclass(frozen=True, slots=True)
class Ticked:
    now: Now


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A peer asks; ``request_id`` names the request in the Reply."""

    now: Now
    request_id: int
    peer: PeerRecord
    subnet: str
    message: Request


@dataclass(frozen=True, slots=True)
class AnswerReceived:
    now: Now
    ask_id: int
    subnet: str
    message: Answer


@dataclass(frozen=True, slots=True)
class AskFailed:
    """No usable answer: ``code`` of the PeerError, ``peer.unreachable`` when there was none at all."""

    now: Now
    ask_id: int
    code: str


@dataclass(frozen=True, slots=True)
class ChunkWritten:
    """``code`` is empty when the chunk would now survive a power cut, else why it is not stored."""

    now: Now
    token: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class ChunkRead:
    """``content`` is None when the chunk is absent or its bytes no longer fit its address.

    ``code`` is empty, or says why the store cannot tell at the moment.
    """

    now: Now
    token: int
    content: bytes | None
    code: str = ""


@dataclass(frozen=True, slots=True)
class CommandReceived:
    now: Now
    command: control.Command


@dataclass(frozen=True, slots=True)
class PeerMisbehaved:
    """A peer sent what is no request; ``code`` of the PeerError."""

    now: Now
    peer: PeerRecord
    code: str


Event = (
    Started
    | Ticked
    | RequestReceived
    | AnswerReceived
    | AskFailed
    | ChunkWritten
    | ChunkRead
    | CommandReceived
    | PeerMisbehaved
)


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a request to a peer.  AnswerReceived or AskFailed follows, once."""

    ask_id: int
    peer: PeerRecord
    message: Request
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    request_id: int
    message: Answer


@dataclass(frozen=True, slots=True)
class WriteChunk:
    """ChunkWritten follows."""

    token: int
    address: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """ChunkRead follows."""

    token: int
    address: bytes


@dataclass(frozen=True, slots=True)
class Tell:
    """Report to the supervisor."""

    report: control.Report


Effect = Ask | Reply | WriteChunk | ReadChunk | Tell
