"""What happens to a vault, and what it wants done.

Events are past tense and carry the time; effects are imperative and data only.  ``driver`` turns the
world into events and performs the effects.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.vault import control
from node.vault.core.identity import Introduction, PeerRecord
from node.vault.core.messages import Answer, Request


@dataclass(frozen=True, slots=True)
class Now:
    """``monotonic_s`` for durations, ``utc_s`` for whatever is signed or shown."""

    monotonic_s: float
    utc_s: float


@dataclass(frozen=True, slots=True)
class Started:
    """The port is bound and the store is open.

    ``held``: size in bytes by address.  Unless ``is_counted`` it is not all that the disk holds, and
    ``used_bytes`` bounds the whole from above; Counted follows, once or more.
    """

    now: Now
    addresses: tuple[str, ...]
    held: dict[bytes, int]
    used_bytes: int | None = None  # None: what is held adds up to
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Counted:
    """More chunks that were found on the disk, size by address.  With ``is_counted`` these are the last ones."""

    now: Now
    held: dict[bytes, int]
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Ticked:
    now: Now


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A peer asks; ``request_id`` names the request in the Reply.  ``is_here``: it runs on this computer."""

    now: Now
    request_id: int
    peer: PeerRecord
    subnet: str
    message: Request
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class AnswerReceived:
    """``peer``: the record that the answering session has proven; who was asked may have been known by less."""

    now: Now
    ask_id: int
    subnet: str
    message: Answer
    peer: PeerRecord


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

    @property
    def is_absent(self) -> bool:
        """Whether no whole chunk lies there, for sure."""
        return self.content is None and not self.code


@dataclass(frozen=True, slots=True)
class ChunkRemoved:
    """``code`` is empty when the chunk is gone for good, else why it may still be there."""

    now: Now
    token: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class StoreChecked:
    """Whether the store could take a chunk now: ``code`` is empty, or says why not."""

    now: Now
    code: str


@dataclass(frozen=True, slots=True)
class PeerSilent:
    """A watched peer gives no sign of life any more."""

    now: Now
    peer: PeerRecord


@dataclass(frozen=True, slots=True)
class PeerGreeted:
    """A session was made, and the peer said which head it carries (its digest, b"" for none)."""

    now: Now
    peer: PeerRecord
    head: bytes


@dataclass(frozen=True, slots=True)
class DialUnanswered:
    """Nobody has answered yet where the peer says that it is.  The dialling goes on."""

    now: Now
    peer: PeerRecord


@dataclass(frozen=True, slots=True)
class NewerMet:
    """A vault that speaks no version in common carries the head of this digest; ``peer`` stands in for its record."""

    now: Now
    peer: PeerRecord
    subnet: str
    head: bytes


@dataclass(frozen=True, slots=True)
class NewerAnswered:
    """``content`` is empty if it was not there, None if nobody has answered."""

    now: Now
    ask_id: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class SeenAt:
    """``addresses``: where the vault can be dialled, with that of its router, at which others see it."""

    now: Now
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VaultFound:
    """The local network or an invitation names a vault."""

    now: Now
    introduction: Introduction


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
    | ChunkRemoved
    | Counted
    | StoreChecked
    | PeerSilent
    | PeerGreeted
    | DialUnanswered
    | NewerMet
    | NewerAnswered
    | SeenAt
    | VaultFound
    | CommandReceived
    | PeerMisbehaved
)


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a request to a peer.  AnswerReceived or AskFailed follows, once, unless it is withdrawn."""

    ask_id: int
    peer: PeerRecord
    message: Request
    timeout_s: float


@dataclass(frozen=True, slots=True)
class AskNewer:
    """Put a question of ``late`` to a vault that speaks no version in common.  NewerAnswered follows, once."""

    ask_id: int
    peer: PeerRecord
    kind: int
    subject: bytes
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Nobody waits for the answer to this Ask any more: let the peer's line be free of it."""

    ask_id: int


@dataclass(frozen=True, slots=True)
class Send:
    """Put a request to the first ``most`` of these with whom a connection stands.  Nobody waits for the answers."""

    peers: tuple[PeerRecord, ...]
    message: Request
    most: int


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
class RemoveChunk:
    """ChunkRemoved follows."""

    token: int
    address: bytes


@dataclass(frozen=True, slots=True)
class CheckStore:
    """StoreChecked follows."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Exchange signs of life with exactly these peers from now on; PeerSilent tells of one that gives none."""

    peers: tuple[PeerRecord, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """Report to the supervisor."""

    report: control.Report


Effect = Ask | AskNewer | Withdraw | Send | Reply | WriteChunk | ReadChunk | RemoveChunk | CheckStore | Watch | Tell
