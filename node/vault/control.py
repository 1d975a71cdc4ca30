"""The contract between the supervisor and a child: what is said on the control channel, and its framing.

The channel is the child's standard input and output.  A frame is a length (4 bytes, big endian) and
that many bytes of MessagePack.  The child speaks first:

    child  Hello       versions, tree hash of the files it was loaded from
    parent Configure   keys, certificate, quota, contacts, pace
    child  Listening   its own signed record, once the port is bound (a standby vault: only after Activate)

After that the parent sends commands, each answered once under its ``id`` by ``Done``, ``Failed`` or the answer named at
the command; the child reports what happens by itself.  The app slot holds its own copy: both agree on a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from node.vault.errors import ControlError
from node.vault.limiting import Limits, SetLimits
from node.vault.load import Load
from node.vault.looks import Age, GetNeighbours, Looks, Neighbours
from node.vault.noting import AskNote, Met, NotingCommand, NotingReport, SetNotes
from node.vault.rating import FetchRankTables, RankTables

FRAME_BYTES_MAX: Final = 2 << 20
LENGTH_BYTES: Final = 4
HEAD_BYTES_MAX: Final = 1 << 20
CONTACTS_MAX: Final = 64
SCANNED_MAX: Final = 60_000  # addresses of 34 bytes in one frame
NEWER_SINCE: Final = 7  # the control version from which on a State tells that the own vault id runs elsewhere
KEPT_CONTACTS_MAX: Final = 32  # that a vault names, to be kept for its next start


class _Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a vault does by itself what nobody asked it for; seconds between two of a kind."""

    audit_s: float = 60.0
    ping_s: float = 60.0
    refresh_s: float = 300.0  # looking for neighbours
    beat_s: float = 1.35  # looks at what close neighbours sent; who sends nothing for three of them is gone
    scrub_s: float = 14 * 24 * 3600.0  # in which every own chunk is read and checked once: 100,000 at 87 kB a second
    sweep_s: float = 24 * 3600.0  # in which every held chunk's close group is looked at once
    repair_delay_s: float = 60.0  # how long a neighbour may be away before others take over its chunks
    repair_bytes_per_s: int = 1 << 20  # for copies that nobody asked for: the farmer's line stays usable


# From the child.


class Hello(_Message, frozen=True):
    """The first frame.  ``tree_hash`` is that of the files from which the child was really loaded."""

    control_versions: tuple[int, ...]
    wire_versions: tuple[int, ...]
    tree_hash: str


class Listening(_Message, frozen=True):
    """The vault is reachable.  ``record`` is its PeerRecord, encoded, to find it by; a new one is said again."""

    record: bytes


class HeadSeen(_Message, frozen=True):
    """A peer offers a head (signed update metadata) that this vault does not carry; unread."""

    content: bytes
    sender: bytes  # vault id
    subnet: str = ""  # from which the sender is really seen


class Done(_Message, frozen=True):
    id: int


class Failed(_Message, frozen=True):
    """The command ``id`` was not carried out; ``code`` is one of ``node.vault.errors``."""

    id: int
    code: str
    message: str


class Stored(_Message, frozen=True):
    """The chunk is held: one signed receipt of each holder."""

    id: int
    address: bytes
    receipts: tuple[bytes, ...]


class Content(_Message, frozen=True):
    id: int
    content: bytes


class Asked(_Message, frozen=True):
    """What a vault answered, encoded as ``core.codec`` does; unchecked."""

    id: int
    answer: bytes


class Scanned(_Message, frozen=True):
    """The addresses of all whole chunks in the store, and of those whose bytes no longer fit their address."""

    id: int
    held: tuple[bytes, ...]
    corrupt: tuple[bytes, ...]


class State(_Message, frozen=True, omit_defaults=True):
    """Figures of the moment.  ``counters`` counts what was refused, dropped or failed, by name, and ``load.WORK``.

    ``subnet_count`` is of other subnets than the own one.  ``trouble`` is the code of what keeps the store from
    taking chunks, empty when nothing does.  ``repairs`` counts the copies that wait to be proven or made.
    ``head_subnets`` is of other subnets that carry the same head, or carried it when this vault did until a while ago.
    ``is_counted``: whether every chunk on the disk is known by now; until then the figures are upper bounds.
    ``load``: since the last State; it is told from version 3 on, ``looks`` from version 4 on.
    ``newer_age_s``: since it was seen that the own vault id runs elsewhere, under a newer certificate (version 7).
    """

    id: int
    used_bytes: int
    quota_bytes: int
    chunk_count: int
    peer_count: int
    subnet_count: int
    counters: dict[str, int]
    trouble: str = ""
    repairs: int = 0
    is_counted: bool = True
    head_subnets: int = 0
    load: Load | None = None
    looks: Looks | None = None
    newer_age_s: Age = None


class Contacts(_Message, frozen=True):
    """Encoded PeerRecords of peers worth trying at the next start, of as many subnets as possible, best first."""

    id: int
    records: tuple[bytes, ...]


class HandedOver(_Message, frozen=True):
    """``done`` chunks are proven to be held by enough others, ``left`` are not yet.

    By itself while a vault drains or shrinks, at most once a second, and at its end (``is_over``).
    """

    done: int
    left: int
    is_over: bool


# From the parent.


class Configure(_Message, frozen=True, omit_defaults=True):
    """The answer to Hello.  The child's working directory is its data directory."""

    control_version: int
    network: bytes  # SHA-256 of the genesis root, 32 bytes
    transport_seed: bytes  # Ed25519 seed of the transport key, 32 bytes
    certificate: bytes  # encoded core.identity.Certificate
    bind: str  # "address:port", port 0 for any
    quota_bytes: int
    contacts: tuple[bytes, ...] = ()  # encoded PeerRecords
    head: bytes = b""
    pace: Pace = Pace()
    is_standby: bool = False  # open the store, bind nothing until Activate
    introductions: tuple[bytes, ...] = ()  # encoded core.identity.Introductions: from invitations
    is_discovering: bool = False  # look for vaults on the local network, and be found there
    limits: Limits | None = None  # None: none, or a vault that speaks no version 4


class Activate(_Message, frozen=True):
    """A standby vault: bind and take up work.  Listening follows, then Done."""

    id: int


class PutChunk(_Message, frozen=True):
    """Store a chunk in its close group.  Answer: Stored."""

    id: int
    content: bytes


class GetChunk(_Message, frozen=True):
    """Fetch a chunk from whoever holds it.  Answer: Content, checked against ``address``.

    ``is_carried``: a head names it, so any vault may have it.
    """

    id: int
    address: bytes
    is_carried: bool = False


class AskVault(_Message, frozen=True):
    """Ask the vault of this encoded PeerRecord about a chunk, as any vault may.  Answer: Asked; Failed without any.

    The parent draws the nonce and checks the answer.
    """

    id: int
    record: bytes
    address: bytes
    nonce: bytes
    is_audit: bool


class Scan(_Message, frozen=True, omit_defaults=True):
    """Read every chunk in the store.  Answer: Scanned; Failed when the disk does not say, or over SCANNED_MAX.

    With ``after`` (version 5): of those beyond it the first SCANNED_MAX; if as many are named, there may be more.
    """

    id: int
    after: bytes | None = None


class GetContacts(_Message, frozen=True):
    """Answer: Contacts."""

    id: int


class Introduce(_Message, frozen=True):
    """Try to meet these vaults: encoded core.identity.Introductions, as from an invitation."""

    id: int
    introductions: tuple[bytes, ...]


class GetState(_Message, frozen=True):
    """Answer: State."""

    id: int


class SetHead(_Message, frozen=True):
    """The head to carry and to offer to peers from now on; it was verified by the parent."""

    id: int
    content: bytes


class CarryObject(_Message, frozen=True):
    """A file that the head names: a root, or a part of the newest release.  Serve it to whoever asks."""

    id: int
    content: bytes


class DropObjects(_Message, frozen=True):
    """Of the files that were carried so far only those with these addresses are still wanted."""

    id: int
    keep: tuple[bytes, ...]


class RefuseHead(_Message, frozen=True):
    """The head with this digest is bad: do not hand it up again for a day, and hold it against ``sender``."""

    id: int
    digest: bytes
    sender: bytes


class KnowHead(_Message, frozen=True):
    """The head with this digest says the same as the one that is carried, as others can be made of any head."""

    id: int
    digest: bytes
    sender: bytes


class SetQuota(_Message, frozen=True):
    """Keep at most so many bytes.  What is over it is handed over and then removed; HandedOver tells how far."""

    id: int
    quota_bytes: int


class RenewCertificate(_Message, frozen=True):
    id: int
    certificate: bytes


class Drain(_Message, frozen=True):
    """Accept nothing new, finish what runs, tell the peers, close.  Done is the last frame; then the child exits.

    With ``handover_s`` as many chunks as can be in that time are given to others first; HandedOver tells how far.
    """

    id: int
    handover_s: float = 0.0


Report = (
    Hello | Listening | HeadSeen | Done | Failed | Stored | Content | Asked | RankTables | Scanned | State | Contacts
    | HandedOver | NotingReport | Neighbours
)  # fmt: skip
Command = (
    Activate | PutChunk | GetChunk | AskVault | FetchRankTables | Scan | GetContacts | Introduce | GetState | SetHead
    | CarryObject | DropObjects | RefuseHead | KnowHead | SetQuota | SetLimits | RenewCertificate | NotingCommand
    | GetNeighbours | Drain
)  # fmt: skip
Order = Configure | Command

# The control version that has each message; version 1 has all others.  Nobody is sent what it does not know.
SINCE_VERSION: Final[Mapping[type, int]] = {
    AskVault: 2, SetNotes: 2, AskNote: 2, Met: 2, GetNeighbours: 4, Neighbours: 4, SetLimits: 4,
}  # fmt: skip


def encode(message: Report | Order) -> bytes:
    """One frame, length included.

    Raises:
        ControlError: The message is longer than FRAME_BYTES_MAX.
    """
    content = msgspec.msgpack.encode(message)
    if len(content) > FRAME_BYTES_MAX:
        raise ControlError(f"a frame of {len(content)} bytes is over {FRAME_BYTES_MAX}")
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def decode_report(content: bytes) -> Report:
    """Read a frame's content from a child.

    Raises:
        ControlError: It is no report.
    """
    try:
        return cast("Report", _report_decoder.decode(content))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ControlError(f"not a control message: {error}") from error


def decode_order(content: bytes) -> Order:
    """Read a frame's content from the parent.

    Raises:
        ControlError: It is no order.
    """
    try:
        return cast("Order", _order_decoder.decode(content))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ControlError(f"not a control message: {error}") from error


class Frames:
    """Cuts a stream of bytes into the contents of its frames; holds at most one ``unfinished`` frame."""

    def __init__(self) -> None:
        self.unfinished = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """Take what was read; return the contents that are complete now.  Raises ControlError for one too long."""
        self.unfinished += received
        contents = []
        while len(self.unfinished) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self.unfinished[:LENGTH_BYTES], "big")
            if end > LENGTH_BYTES + FRAME_BYTES_MAX:
                raise ControlError(f"a frame of {end} bytes is over {FRAME_BYTES_MAX}")
            if len(self.unfinished) < end:
                break
            contents.append(bytes(self.unfinished[LENGTH_BYTES:end]))
            del self.unfinished[:end]
        return contents


_report_decoder: Final = msgspec.msgpack.Decoder(Report)
_order_decoder: Final = msgspec.msgpack.Decoder(Order)
