"""What the vault's parts share: their way to ask, to read the store, to report, and to keep the books.

The desk performs nothing.  It collects effects, and remembers which part waits for which answer.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from node.vault import control
from node.vault.core.ahead import Ahead, Came
from node.vault.core.carrying import Carried
from node.vault.core.close_group import REACH_SUBNETS, Place, is_in_group
from node.vault.core.double import Double
from node.vault.core.events import (
    Ask,
    AskNewer,
    CheckStore,
    Effect,
    Now,
    ReadChunk,
    RemoveChunk,
    Reply,
    Send,
    Tell,
    Watch,
    Withdraw,
    WriteChunk,
)
from node.vault.core.fresh import Fresh
from node.vault.core.fullness import Fullness
from node.vault.core.held import Held
from node.vault.core.identity import PeerRecord, Signer
from node.vault.core.limits import RequestLimits, StorageShares
from node.vault.core.messages import TAKERS_MAX, Answer, NotHeld, Ping, Pong, Request, Takers
from node.vault.core.ranking import Ledger
from node.vault.core.reliance import Reliance
from node.vault.core.room import Room
from node.vault.core.routing_table import Peer, RoutingTable
from node.vault.errors import BadSignature, Misdated
from node.vault.ports import Entropy, Random

ASK_TIMEOUT_S: Final = 5.0
TRANSFER_TIMEOUT_S: Final = 10.0  # of a question that carries a chunk, or is answered by one
NONCE_BYTES: Final = 16
VANISHED_KEPT: Final = 100_000  # chunks that vanished while the disk is still being counted
DATA_FAULTS: Final = ("peer.failed_audit", "peer.lost_chunk", "peer.chunk_mismatch")
TAKERS_KEPT: Final = 10_000  # addresses of chunks that others took over
FORGOTTEN_KEPT: Final = 100_000  # further ones, of which only that is remembered


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way: to whom, what, and since when; ``subnet``: from where the answer really came."""

    peer: PeerRecord
    message: Request
    at_s: float
    subnet: str = ""


class Asker(Protocol):
    """A part of the vault that has asked a peer something."""

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None: ...

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None: ...


class Reader(Protocol):
    """A part of the vault that waits for the store.  ``content`` is None when it has no whole chunk.

    With a ``code`` the store could not tell: nothing may be concluded from it.
    """

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None: ...


class Writer(Protocol):
    """A part of the vault that waits for a durable write.  ``code`` is empty on success."""

    def written(self, desk: Desk, address: bytes, length: int, code: str) -> None: ...


class Remover(Protocol):
    """A part of the vault that waits for a chunk to be gone.  With a ``code`` it may still be there."""

    def removed(self, desk: Desk, address: bytes, length: int, code: str) -> None: ...


class Desk:
    """The state that the parts of one vault share; ``now`` is the time of the event at hand."""

    def __init__(self, record: PeerRecord, signer: Signer, random: Random, entropy: Entropy, quota_bytes: int) -> None:
        self.record = record
        self.signer = signer
        self.random = random
        self.entropy = entropy
        self.quota_bytes = quota_bytes
        self.now = Now(0.0, 0.0)
        self.seen_from = ""  # in which subnet whoever the event at hand comes from counts as a holder
        self.table = RoutingTable(record.vault_id)
        self.carried = Carried()
        self.ahead = Ahead()
        self.notes: dict[bytes, bytes] = {}  # the farm's own, by the digest of the release
        self.ledger = Ledger(lambda vault_id: self.table.get(vault_id) is not None)
        self.reliance = Reliance(self.table)
        self.fullness = Fullness()
        self.fresh = Fresh()
        self.double = Double()
        self.limits = RequestLimits()
        self.download_bytes_per_s = math.inf  # the farmer's limit
        self.shares = StorageShares()
        self.counters: Counter[str] = Counter()
        self.held = Held()
        self.broken = Held()  # what lies there of chunks that are not whole: it takes room all the same
        self.going: set[bytes] = set()  # chunks that are being handed over: nobody may count on the copies here
        self.is_leaving = False  # for good: then all of them are
        self.added_count = 0  # of chunks that came into ``held`` so far
        self.is_counted = False  # whether ``held`` is all that the disk holds
        self.used_bytes = 0
        self.trouble = ""  # the code of what keeps the store from taking chunks
        self.checked_s: float | None = None  # when an answer was last checked and fitted
        self.is_taking = True  # new chunks: not while the farmer wants a pause
        self.takers: OrderedDict[bytes, Takers] = OrderedDict()
        self.forgotten: OrderedDict[bytes, None] = OrderedDict()  # whose takers cannot be named any more
        self.own_place = Place(record.vault_id, record.position, "")
        self._effects: list[Effect] = []
        self._vanished: set[bytes] = set()  # a count that began earlier may still list them
        self._asked: dict[int, tuple[Asker, Asked]] = {}
        self._asked_ahead: dict[int, Came] = {}
        self._reading: dict[int, tuple[Reader, bytes]] = {}
        self._stale: set[int] = set()  # of these: what they read was written anew since they began
        self._writing: dict[int, tuple[Writer, bytes, int]] = {}
        self._removing: dict[int, tuple[Remover | None, bytes, int]] = {}
        self._delayed: list[tuple[int, bytes, bytes]] = []  # writes of chunks that are being removed
        self._alarms: list[tuple[float, int, Callable[[Desk], None]]] = []
        self._next = 1

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def ask(self, asker: Asker, peer: PeerRecord, message: Request, timeout_s: float = ASK_TIMEOUT_S) -> None:
        ask_id = self._number()
        self._asked[ask_id] = (asker, Asked(peer, message, self.now.monotonic_s))
        self._effects.append(Ask(ask_id, peer, message, timeout_s))

    def ask_ahead(self, came: Came, peer: PeerRecord, kind: int, subject: bytes, timeout_s: float) -> None:
        """Put a question of ``late`` to a vault that speaks no version in common."""
        ask_id = self._number()
        self._asked_ahead[ask_id] = came
        self._effects.append(AskNewer(ask_id, peer, kind, subject, timeout_s))

    def answered_ahead(self, ask_id: int, content: bytes | None) -> None:
        self._asked_ahead.pop(ask_id)(self, content)

    def withdraw(self, asker: Asker) -> None:
        """Nobody waits any more for what it has asked."""
        for ask_id in [ask_id for ask_id, (one, _) in self._asked.items() if one is asker]:
            del self._asked[ask_id]
            self._effects.append(Withdraw(ask_id))

    def call_in(self, delay_s: float, action: Callable[[Desk], None]) -> None:
        """Do it at the first tick after that long; whoever asks for it bounds how many wait."""
        heapq.heappush(self._alarms, (self.now.monotonic_s + delay_s, self._number(), action))

    @property
    def alarm_s(self) -> float:
        """When ``ring`` is wanted next."""
        return self._alarms[0][0] if self._alarms else math.inf

    def ring(self) -> None:
        """Do what was asked for by now."""
        while self._alarms and self._alarms[0][0] <= self.now.monotonic_s:
            heapq.heappop(self._alarms)[2](self)

    def reply(self, request_id: int, message: Answer) -> None:
        self.limits.end(request_id)
        self._effects.append(Reply(request_id, message))

    def tell(self, report: control.Report) -> None:
        self._effects.append(Tell(report))

    def do(self, effect: Send | Watch | CheckStore) -> None:
        self._effects.append(effect)

    def read_chunk(self, reader: Reader, address: bytes) -> None:
        token = self._number()
        self._reading[token] = (reader, address)
        self._effects.append(ReadChunk(token, address))

    def write_chunk(self, writer: Writer, address: bytes, content: bytes) -> None:
        """Room is taken at once, so that several writes on their way cannot exceed the quota together."""
        self.remove_chunk(None, address, is_broken=True)  # the store has no room for both
        token = self._number()
        self._writing[token] = (writer, address, len(content))
        self.used_bytes += len(content)
        if any(address == removed for _, removed, _ in self._removing.values()):
            self._delayed.append((token, address, content))
        else:
            self._effects.append(WriteChunk(token, address, content))

    def remove_chunk(self, remover: Remover | None, address: bytes, *, is_broken: bool = False) -> bool:
        """Give a chunk up; return whether it can be done now.  It counts as used until it is really gone."""
        chunks = self.broken if is_broken else self.held
        if address not in chunks or any(address == written for _, written, _ in self._writing.values()):
            return False
        token = self._number()
        self._removing[token] = (remover, address, chunks.pop(address))
        self._has_vanished(address)
        self._effects.append(RemoveChunk(token, address))
        return True

    @property
    def settled_bytes(self) -> int:
        """What will be used when all writes and removals on their way are done; a chunk on its way does not count."""
        moving = sum(length for _, _, length in (*self._writing.values(), *self._removing.values()))
        return self.used_bytes - moving

    def asked_for(self, kind: type[Request]) -> int:
        """How many such questions are on their way."""
        return sum(isinstance(asked.message, kind) for _, asked in self._asked.values())

    def finish_ask(self, ask_id: int) -> tuple[Asker, Asked] | None:
        return self._asked.pop(ask_id, None)

    def finish_read(self, token: int, *, is_absent: bool) -> tuple[Reader, bytes] | None:
        """Who waits for it; nobody yet where no whole chunk was read, and one was written meanwhile."""
        waiting = self._reading.pop(token, None)
        if waiting is not None and is_absent and token in self._stale:
            self.read_chunk(*waiting)
            return None
        return waiting

    def finish_write(self, token: int, code: str) -> tuple[Writer, bytes, int] | None:
        waiting = self._writing.pop(token, None)
        if waiting is not None:
            _, address, length = waiting
            if code:
                self.used_bytes -= length
            else:
                self.used_bytes -= self.held.get(address, 0) + self.broken.pop(address, 0)  # it may have been short
                self._vanished.discard(address)
                self.going.discard(address)  # a receipt for it follows
                self.forgotten.pop(address, None)
                self.add_held({address: length})
                self._stale = {one for one, (_, read) in self._reading.items() if read == address or one in self._stale}
            if is_trouble(code):
                self.trouble = code
        return waiting

    def finish_remove(self, token: int, code: str) -> None:
        waiting = self._removing.pop(token, None)
        if waiting is None:
            return
        remover, address, length = waiting
        if code:
            self._vanished.discard(address)
            self.add_held({address: length})
            self.trouble = code if is_trouble(code) else self.trouble
        else:
            self.used_bytes -= length
        for write in [write for write in self._delayed if write[1] == address]:
            self._delayed.remove(write)
            self._effects.append(WriteChunk(*write))
        if remover is not None:
            remover.removed(self, address, length, code)

    def add_held(self, found: dict[bytes, int], *, is_counted: bool = False) -> None:
        """These lie on the disk too; with ``is_counted`` they are the last ones that were not known yet."""
        found = {address: length for address, length in found.items() if address not in self._vanished}
        self.added_count += len(found)
        self.held.update(found)
        if is_counted:
            self.is_counted = True
            self._vanished.clear()
            moving = (*self._writing.values(), *self._removing.values())
            lying_bytes = self.held.sum_bytes + self.broken.sum_bytes
            self.used_bytes = lying_bytes + sum(length for _, _, length in moving)

    def may_hold(self, address: bytes) -> bool:
        """Whether the disk has to be asked; a chunk that was not counted yet may lie there all the same."""
        return address in self.held or not self.is_counted

    def forget(self, address: bytes) -> None:
        """No whole chunk lies there any more; what does is removed when room is needed, or the chunk comes again."""
        self.broken[address] = self.held.pop(address)
        self._has_vanished(address)

    def is_full_for(self, address: bytes) -> bool:
        """Whether to say that this chunk need not be sent; a small one may find room all the same."""
        return self.is_full and address not in self.held

    @property
    def is_full(self) -> bool:
        return bool(self.trouble) or not self.is_taking or self.room.is_full

    def heard_whether_full(self, peer: PeerRecord, message: Request | Answer) -> None:
        """The peer has just said this; it may tell that it has no room.  Strangers hold nothing, and are many.

        That one has room again says nothing of where the chunks are that it did not take.
        """
        if isinstance(message, (Ping, Pong, NotHeld)) and message.is_full and self.table.get(peer.vault_id) is not None:
            self.fullness.said(peer.vault_id, self.now.monotonic_s)

    @property
    def room(self) -> Room:
        files = len(self.held) + len(self.broken) + len(self._writing)
        return Room(self.quota_bytes, self.used_bytes, files)

    def has_room(self, address: bytes, length: int, *, is_here: bool = False) -> bool:
        """Whether this chunk may be written; one that is held, or in pieces, takes no more than it did."""
        instead_bytes = self.broken.get(address, 0)
        return address in self.held or self.room.fits(length, instead_bytes=instead_bytes, is_here=is_here)

    def takes(self, address: bytes, length: int, *, is_here: bool = False) -> bool:
        """Whether a peer, or a person, may give this chunk.  ``is_here``: the peer runs on this computer."""
        return (self.is_taking or address in self.held) and self.has_room(address, length, is_here=is_here)

    def _has_vanished(self, address: bytes) -> None:
        if not self.is_counted and len(self._vanished) < VANISHED_KEPT:
            self._vanished.add(address)

    def nonce(self) -> bytes:
        return self.entropy(NONCE_BYTES)

    def blame(self, peer: PeerRecord, code: str, evidence: bytes = b"") -> None:
        """Hold a broken rule against a peer."""
        self.counters[f"blamed {code}"] += 1
        known, is_data_fault = self.table.get(peer.vault_id), code in DATA_FAULTS
        subnet = self.seen_from if known is None else known.subnet
        self.ledger.blame(peer.vault_id, self.now.monotonic_s, evidence, is_data_fault=is_data_fault, subnet=subnet)
        if self.is_shunned(peer.vault_id):
            self.table.remove(peer.vault_id)

    def blame_for(self, peer: PeerRecord, error: BadSignature) -> None:
        """What a peer signed does not fit: its fault, unless it is only the time, as one of two clocks is wrong."""
        if isinstance(error, Misdated):
            self.counters["answer misdated"] += 1
        else:
            self.blame(peer, error.code)

    def is_shunned(self, vault_id: bytes) -> bool:
        """Whether this vault has caught the peer so often that it looks for another holder in its place."""
        return self.ledger.is_shunned(vault_id, self.now.monotonic_s)

    def checked(self) -> None:
        """An answer to a fresh question was checked: what the peer signed, or the bytes that it gave, fit."""
        self.checked_s = self.now.monotonic_s

    def proved(self, peer: PeerRecord) -> None:
        """The peer has just proven that it holds a chunk."""
        self.checked()
        self.reliance.proved(peer.vault_id, self.now.monotonic_s)

    def not_proved(self, peer: PeerRecord, address: bytes) -> None:
        """The peer was asked to prove that it holds the chunk, and did not, for whatever reason."""
        self.counters["peer left out"] += self.reliance.failed(peer.vault_id, address, self.now.monotonic_s)

    def remember_takers(self, address: bytes, takers: Takers) -> None:
        """Others have signed for a chunk which this vault has promised to keep, and no longer does."""
        self.takers[address] = takers[:TAKERS_MAX]
        self.takers.move_to_end(address)
        self.forgotten.pop(address, None)
        while len(self.takers) > TAKERS_KEPT:
            self.forgotten[self.takers.popitem(last=False)[0]] = None
        while len(self.forgotten) > FORGOTTEN_KEPT:
            self.forgotten.popitem(last=False)

    def is_mine(self, address: bytes) -> bool:
        """Whether the own vault may hold ``address``, as far as it knows its neighbours."""
        return is_in_group(self.own_place, self.places(), int.from_bytes(address, "big"), REACH_SUBNETS)

    def nearer(self, address: bytes) -> int:
        """How many of whom it relies on are nearer to ``address`` than the own vault."""
        target = int.from_bytes(address, "big")
        limit = self.own_place.position ^ target
        return sum(peer.place.position ^ target < limit for peer in self.reliance.peers())

    def places(self, besides: Peer | None = None) -> list[Place]:
        """The own vault's, those of whom it relies on, and that of ``besides`` in any case."""
        peers = list(self.reliance.peers())
        if besides is not None and self.reliance.is_left_out(besides.vault_id):
            peers.append(besides)
        return [self.own_place, *(peer.place for peer in peers)]

    def _number(self) -> int:
        self._next += 1
        return self._next


def is_trouble(code: str) -> bool:
    """Whether a store that says so takes no chunks at all for now."""
    return code.startswith(("resource", "storage")) and code != "storage.corrupt"
