"""Reads arbitrary bytes as a story: what peers, disk, clock and supervisor do to one vault.

Every message goes through the real codec, most of them as a proper one with a few bytes changed, so that the story
gets past the decoder often enough to reach every handler.  After each step the vault must still keep its limits.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Final

from node.vault import control
from node.vault.core import codec
from node.vault.core.events import (
    AnswerReceived,
    Ask,
    AskFailed,
    CheckStore,
    ChunkRead,
    ChunkRemoved,
    ChunkWritten,
    CommandReceived,
    Counted,
    Effect,
    Event,
    Now,
    PeerMisbehaved,
    PeerSilent,
    ReadChunk,
    RemoveChunk,
    Reply,
    RequestReceived,
    Started,
    StoreChecked,
    Tell,
    Ticked,
    VaultFound,
    WriteChunk,
)
from node.vault.core.identity import Introduction, PeerRecord, Signer, certify, make_record
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Chunk,
    FetchHead,
    FetchRanks,
    FindVaults,
    Get,
    GetNote,
    HeadContent,
    HeldReceipt,
    Leaving,
    NoteContent,
    NotHeld,
    Ping,
    Pong,
    Put,
    Ranks,
    Refused,
    Request,
    Stored,
    Vaults,
)
from node.vault.core.proofs import AUDITED, HELD, NOT_HELD, audit_digest, sign_answer, sign_receipt
from node.vault.core.ranking import Ledger
from node.vault.core.vault import Vault, VaultConfig
from node.vault.errors import MalformedMessage
from node.vault.noting import AskNote, OwnNote, SetNotes
from node.vault.rating import FetchRankTables

UTC_S: Final = 1_700_000_000.0
PEERS: Final = 12
CHUNKS: Final = tuple(bytes([number]) * (100 + number) for number in range(8))
ADDRESSES: Final = tuple(hashlib.sha256(content).digest() for content in CHUNKS)
QUOTA_BYTES: Final = 1_000
STEPS_MAX: Final = 400
EFFECTS_MAX: Final = 2_000  # of one step
WAITS_S: Final = (0.0, 0.1, 1.0, 3.0, 20.0, 90.0, 700.0, 7_200.0, 100_000.0, 700_000.0)
CODES: Final = ("", "", "", "resource.quota", "storage", "peer.unreachable", "peer.malformed")
LENGTH_MAX: Final = 64  # of a stretch of raw bytes in the story


class _Bytes:
    """The story as it is read; after its end everything is zero."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._content)

    def number(self, below: int) -> int:
        """One byte as a choice."""
        self._at += 1
        return self._content[self._at - 1] % below if self._at <= len(self._content) else 0

    def take(self, count: int) -> bytes:
        self._at += count
        return self._content[self._at - count : self._at]


class _Peer:
    def __init__(self, number: int, seed: random.Random) -> None:
        owner, self.signer = Signer(seed.randbytes(32)), Signer(seed.randbytes(32))
        certificate = certify(
            owner, self.signer.public_key, serial=1, now_s=UTC_S, commitment=seed.randbytes(32) * (number % 2)
        )
        # Two of them share a subnet, and the last one is a client that nobody can ask.
        addresses = (f"10.0.{number // 2}.{number + 1}:4000",) if number < PEERS - 1 else ()
        self.record = make_record(self.signer, certificate, addresses, UTC_S)
        self.subnet = f"10.0.{number // 2}.0/24"


def _make_peers() -> tuple[_Peer, ...]:
    seed = random.Random(7)
    return tuple(_Peer(number, seed) for number in range(PEERS))


_PEERS: Final = _make_peers()


class Story:
    """One vault, and what has happened to it so far."""

    def __init__(self, content: bytes) -> None:
        self._bytes = _Bytes(content)
        self._now = Now(0.0, UTC_S)
        self._asks: list[Ask] = []
        self._pending: list[Callable[[], Event]] = []  # what the disk will say
        self._command_id = 0
        self.events = 0  # that the vault was told
        seed = random.Random(len(content))
        owner, self._signer = Signer(seed.randbytes(32)), Signer(seed.randbytes(32))
        certificate = certify(owner, self._signer.public_key, serial=1, now_s=UTC_S)
        config = VaultConfig(
            self._signer,
            PeerRecord(certificate, (), UTC_S),
            QUOTA_BYTES,
            tuple(peer.record for peer in _PEERS[:3]),
            b"",
            control.Pace(),
        )
        self._vault = Vault(config, seed, seed.randbytes)

    def tell(self) -> None:
        """Play the whole story.  Whatever a vault raises goes through."""
        self._feed(Started(self._now, ("10.0.200.1:4000",), {ADDRESSES[0]: len(CHUNKS[0])}, 100, is_counted=False))
        for peer in _PEERS:
            self._feed(RequestReceived(self._now, 0, peer.record, peer.subnet, Ping(b"")))
        turns = (
            self._request,
            self._request,
            self._answer,
            self._answer,
            self._answer,
            self._fail,
            self._disk,
            self._disk,
            self._wait,
            self._order,
            self._other,
        )
        for _ in range(STEPS_MAX):
            if not self._bytes:
                return
            turns[self._bytes.number(len(turns))]()

    def _feed(self, event: Event) -> None:
        self.events += 1
        effects = self._vault.step(event)
        assert len(effects) <= EFFECTS_MAX, f"{len(effects)} effects of one {type(event).__name__}"
        assert self._vault.due_s == self._vault.due_s, "no time is due"
        for effect in effects:
            self._remember(effect)

    def _remember(self, effect: Effect) -> None:
        match effect:
            case Ask():
                assert len(codec.encode(effect.message)) <= codec.MESSAGE_BYTES_MAX
                self._asks.append(effect)
            case Reply(_, message):
                codec.decode_answer(codec.encode(message))  # the own answers keep the limits of the wire
            case WriteChunk(token, _, _):
                self._pending.append(lambda: ChunkWritten(self._now, token, self._code()))
            case RemoveChunk(token, _):
                self._pending.append(lambda: ChunkRemoved(self._now, token, self._code()))
            case ReadChunk(token, address):
                self._pending.append(lambda: self._read(token, address))
            case CheckStore():
                self._pending.append(lambda: StoreChecked(self._now, self._code()))
            case Tell(report):
                control.encode(report)

    def _read(self, token: int, address: bytes) -> ChunkRead:
        known = address in ADDRESSES and self._bytes.number(4)
        return ChunkRead(self._now, token, CHUNKS[ADDRESSES.index(address)] if known else None, self._code())

    def _code(self) -> str:
        return CODES[self._bytes.number(len(CODES))]

    def _peer(self) -> _Peer:
        return _PEERS[self._bytes.number(PEERS)]

    def _address(self) -> bytes:
        return ADDRESSES[self._bytes.number(len(ADDRESSES))]

    def _changed(self, content: bytes) -> bytes:
        """Most messages stay as they are; the others get a few foreign bytes."""
        changed = bytearray(content)
        for _ in range(max(0, self._bytes.number(6) - 3)):
            changed[int.from_bytes(self._bytes.take(2), "big") % len(changed)] = self._bytes.number(256)
        return bytes(changed)

    def _request(self) -> None:
        peer, address, nonce = self._peer(), self._address(), bytes(16)
        content = CHUNKS[ADDRESSES.index(address)]
        requests: tuple[Request, ...] = (
            Ping(address),
            FindVaults(address),
            FindVaults(address, is_wide=True),
            Put(address, content),
            Put(address, content),
            Get(address, nonce),
            Audit(address, nonce),
            FetchHead(address),
            FetchRanks(),
            GetNote(address),
            Leaving(),
        )
        which = self._bytes.number(len(requests) + 1)
        raw = codec.encode(requests[which]) if which < len(requests) else self._bytes.take(LENGTH_MAX)
        try:
            message = codec.decode_request(self._changed(raw) if raw else raw)
        except MalformedMessage as error:
            self._feed(PeerMisbehaved(self._now, peer.record, error.code))
        else:
            self._feed(RequestReceived(self._now, 1, peer.record, peer.subnet, message))

    def _answer(self) -> None:
        if not self._asks:
            return
        ask = self._asks.pop(self._bytes.number(len(self._asks)))
        peer = next((each for each in _PEERS if each.record.transport_key == ask.peer.transport_key), self._peer())
        try:
            message = codec.decode_answer(self._changed(codec.encode(self._likely_answer(ask.message, peer))))
        except MalformedMessage as error:
            self._feed(AskFailed(self._now, ask.ask_id, error.code))
        else:
            self._feed(AnswerReceived(self._now, ask.ask_id, peer.subnet, message, peer.record))

    def _likely_answer(self, asked: Request, peer: _Peer) -> Answer:
        """What an honest or a lying peer might say to this."""
        utc_s, address = self._now.utc_s, getattr(asked, "address", ADDRESSES[0])
        content = CHUNKS[ADDRESSES.index(address)] if address in ADDRESSES else b"?"
        receipt = sign_receipt(peer.signer, address, len(content), utc_s)
        nonce = getattr(asked, "nonce", bytes(16))
        held = (HeldReceipt(peer.record.certificate, receipt),)
        digest = audit_digest(nonce, peer.signer.public_key, content)
        answers: tuple[Answer, ...] = (
            Pong(address),
            Vaults(tuple(other.record for other in _PEERS)),
            Stored(receipt),
            Chunk(content, sign_answer(peer.signer, HELD, address, address, nonce, utc_s)),
            Audited(sign_answer(peer.signer, AUDITED, address, digest, nonce, utc_s), receipt),
            NotHeld(sign_answer(peer.signer, NOT_HELD, address, b"", nonce, utc_s)),
            NotHeld(sign_answer(peer.signer, NOT_HELD, address, b"", nonce, utc_s), held, is_full=True),
            HeadContent(content),
            Ranks(Ledger().table(peer.signer, peer.record.certificate, now_s=0.0, utc_s=utc_s)),
            NoteContent(content),
            Refused("busy"),
        )
        fitting = {
            "Ping": 0, "FindVaults": 1, "Put": 2, "Get": 3, "Audit": 4, "FetchHead": 7, "FetchRanks": 8, "GetNote": 9,
            "Leaving": 0,
        }  # fmt: skip
        which = self._bytes.number(2 * len(answers))
        return answers[which] if which < len(answers) else answers[fitting[type(asked).__name__]]

    def _fail(self) -> None:
        if self._asks:
            ask = self._asks.pop(self._bytes.number(len(self._asks)))
            self._feed(AskFailed(self._now, ask.ask_id, self._code() or "peer.unreachable"))

    def _disk(self) -> None:
        if self._pending:
            self._feed(self._pending.pop(self._bytes.number(len(self._pending)))())

    def _wait(self) -> None:
        wait_s = WAITS_S[self._bytes.number(len(WAITS_S))]
        self._now = Now(self._now.monotonic_s + wait_s, self._now.utc_s + wait_s)
        self._feed(Ticked(self._now))

    def _order(self) -> None:
        self._command_id += 1
        number, address = self._command_id, self._address()
        head = self._bytes.take(8)
        orders: tuple[control.Command, ...] = (
            control.PutChunk(number, CHUNKS[ADDRESSES.index(address)]),
            control.PutChunk(number, b""),
            control.GetChunk(number, address),
            control.GetChunk(number, head),
            FetchRankTables(number, (address,)),
            control.GetState(number),
            control.GetContacts(number),
            control.Introduce(number, (head,)),
            control.SetHead(number, head),
            control.RefuseHead(number, hashlib.sha256(head).digest(), self._peer().record.vault_id),
            control.KnowHead(number, hashlib.sha256(head).digest(), self._peer().record.vault_id),
            SetNotes(number, (OwnNote(address, head),)),
            AskNote(number, self._peer().record.vault_id, address),
            AskNote(number, address, address),
            control.SetQuota(number, 50 * self._bytes.number(40)),
            control.Drain(number, 10.0),
        )
        # Draining is the end of most stories, so it is chosen seldom.
        which = self._bytes.number(4 * len(orders))
        self._feed(CommandReceived(self._now, orders[which % (len(orders) - (which < 3 * len(orders)))]))

    def _other(self) -> None:
        peer, address = self._peer(), self._address()
        others: tuple[Event, ...] = (
            PeerSilent(self._now, peer.record),
            VaultFound(self._now, Introduction(peer.record.transport_key, ("10.0.9.9:1",))),
            StoreChecked(self._now, self._code()),
            Counted(self._now, {address: 100}, is_counted=False),
            Counted(self._now, {}, is_counted=True),
            ChunkWritten(self._now, self._bytes.number(256), ""),
            ChunkRead(self._now, self._bytes.number(256), None),
            AskFailed(self._now, self._bytes.number(256), "peer.unreachable"),
        )
        self._feed(others[self._bytes.number(len(others))])
