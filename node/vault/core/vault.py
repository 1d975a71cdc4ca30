"""The vault: every event in, every effect out.

``Vault.step`` is the only way in.  It does no I/O, reads no clock and draws no chance of its own, so the same
events always give the same effects.

    RequestReceived -> serving, knowing, rendezvous --> Reply, WriteChunk, ReadChunk
    Ticked ----------> audits, pings, looking around -> Ask
    CommandReceived -> operations, orders, notes -----> Ask ... Tell
    AnswerReceived, AskFailed, ChunkRead, ChunkWritten go to the part that waits for them (``desk``)
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final, assert_never

from node.vault import control
from node.vault.core.audit import Auditor
from node.vault.core.desk import Asked, Desk
from node.vault.core.events import (
    AnswerReceived,
    AskFailed,
    ChunkRead,
    ChunkRemoved,
    ChunkWritten,
    CommandReceived,
    Counted,
    DialUnanswered,
    Effect,
    Event,
    NewerAnswered,
    NewerMet,
    PeerGreeted,
    PeerMisbehaved,
    PeerSilent,
    RequestReceived,
    SeenAt,
    Started,
    StoreChecked,
    Ticked,
    VaultFound,
)
from node.vault.core.gossip import HeadCarrier
from node.vault.core.handover import LeavingForGood, Shrinking
from node.vault.core.identity import PeerRecord, Signer, encode_record
from node.vault.core.knowing import know, refuse_older
from node.vault.core.lookout import Lookout
from node.vault.core.messages import (
    CHUNK_BYTES_MAX,
    Arrange,
    Audit,
    Get,
    Leaving,
    Meet,
    Pong,
    Put,
    Refused,
)
from node.vault.core.neighbourhood import Neighbourhood, stand_at
from node.vault.core.notes import take_order
from node.vault.core.operations import AskOperation, GetOperation, PutOperation, RankCollection
from node.vault.core.orders import carry_files, hear_judged, introduce_all, renew
from node.vault.core.outlook import neighbours
from node.vault.core.proving import Line
from node.vault.core.rendezvous import Rendezvous
from node.vault.core.replication import Replicator
from node.vault.core.restore import Restorer
from node.vault.core.scrub import Scrub, StoreCare
from node.vault.core.serving import Serving, Storing
from node.vault.core.sparing import own_bytes_per_s
from node.vault.limiting import NO_LIMITS, Limits, SetLimits
from node.vault.looks import GetNeighbours
from node.vault.noting import AskNote, SetNotes
from node.vault.ports import Entropy, Random
from node.vault.rating import FetchRankTables

UNREACHABLE: Final = "peer.unreachable"
MALFORMED: Final = "control"
ADDRESS_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """What one run of a vault is given.  ``record`` has no addresses yet: they come with Started."""

    signer: Signer
    record: PeerRecord
    quota_bytes: int
    contacts: tuple[PeerRecord, ...]
    head: bytes
    pace: control.Pace
    limits: Limits = NO_LIMITS


class Vault:
    """One vault run.  Until Started it answers nothing."""

    def __init__(self, config: VaultConfig, random: Random, entropy: Entropy) -> None:
        self._config = config
        self._desk = Desk(config.record, config.signer, random, entropy, config.quota_bytes)
        self._auditor = Auditor(entropy)
        self._carrier = HeadCarrier(config.head)
        self._is_started = False
        self._is_leaving = False
        self._neighbourhood = Neighbourhood(config.contacts, config.pace, self._carrier)
        self._restorer = Restorer(config.pace.repair_bytes_per_s)
        self._line = Line(config.pace.repair_bytes_per_s)
        self._replicator = Replicator(config.pace, self._line, self._auditor)
        self._shrinking = Shrinking(self._line, self._auditor)
        self._leaving: LeavingForGood | None = None
        self._scrub = Scrub(config.pace.scrub_s)
        self._store_care = StoreCare()
        self._lookout = Lookout(config.pace.audit_s)
        self._rendezvous = Rendezvous()
        self._audit_at_s = 0.0
        self._keep_to(config.limits)

    @property
    def record(self) -> PeerRecord:
        """The own record, with addresses once started."""
        return self._desk.record

    @property
    def head_digest(self) -> bytes:
        """Of the head that is carried; b"" for none."""
        return self._carrier.digest

    @property
    def due_s(self) -> float:
        """When, by the monotonic clock, the next Ticked is wanted; earlier ones do no harm."""
        desk = self._desk
        if self._leaving is not None:
            return min(self._leaving.due_s(desk), desk.alarm_s)
        own_store_s = min(self._scrub.due_s(desk), self._restorer.due_s, self._store_care.due_s(desk))
        copies_s = min(self._replicator.due_s(desk), self._shrinking.due_s(desk))
        looks_s = min(self._audit_at_s, self._lookout.due_s)
        return min(looks_s, self._neighbourhood.due_s(desk), own_store_s, copies_s, desk.alarm_s)

    def step(self, event: Event) -> list[Effect]:
        """Take one event, return what shall happen, in order."""
        self._desk.now = event.now
        self._desk.seen_from = ""
        if isinstance(event, (RequestReceived, AnswerReceived)):
            self._desk.seen_from = self._desk.table.stands_in(event.subnet)
        match event:
            case Started():
                self._start(event)
            case Ticked():
                self._tick()
            case RequestReceived():
                self._request(event)
            case AnswerReceived():
                self._answer(event)
            case AskFailed():
                self._failure(event)
            case ChunkWritten():
                self._chunk_written(event)
            case ChunkRead():
                self._chunk_read(event)
            case Counted():
                self._desk.add_held(event.held, is_counted=event.is_counted)
            case ChunkRemoved():
                self._desk.finish_remove(event.token, event.code)
            case StoreChecked():
                self._store_care.checked(self._desk, event.code)
            case PeerSilent():
                self._neighbourhood.silent(self._desk, event.peer)
            case PeerGreeted() if not self._desk.table.has_newer(event.peer):
                self._carrier.heard(self._desk, event.peer, event.head)
            case NewerMet():
                self._desk.ahead.met(self._desk, self._carrier, event.peer, event.subnet, event.head)
            case NewerAnswered():
                self._desk.answered_ahead(event.ask_id, event.content)
            case DialUnanswered():
                self._rendezvous.unanswered_dial(self._desk, event.peer)
            case SeenAt():
                self._seen_at(event)
            case VaultFound():
                self._neighbourhood.introduce(self._desk, event.introduction)
            case CommandReceived():
                self._command(event.command)
            case PeerMisbehaved() if not self._desk.table.has_newer(event.peer):
                self._desk.blame(event.peer, event.code)
            case PeerGreeted() | PeerMisbehaved():
                self._desk.counters["replaced key"] += 1  # what is done under it is not the vault's fault any more
            case _:
                assert_never(event)
        return self._desk.take_effects()

    def _start(self, event: Started) -> None:
        desk = self._desk
        self._is_started = True
        stand_at(desk, event.addresses)
        desk.held.update(event.held)
        desk.used_bytes = sum(event.held.values()) if event.used_bytes is None else event.used_bytes
        desk.is_counted = event.is_counted
        desk.tell(control.Listening(encode_record(desk.record)))
        self._neighbourhood.start(desk)
        self._scrub.start(desk)
        self._lookout.start(desk)
        # Not all vaults that start together shall work at the same moments for ever.
        self._audit_at_s = event.now.monotonic_s + self._config.pace.audit_s * desk.random.random()

    def _seen_at(self, event: SeenAt) -> None:
        """Say so from now on: those who are connected learn it by a new greeting, the supervisor at once."""
        stand_at(self._desk, event.addresses)
        self._desk.tell(control.Listening(encode_record(self._desk.record)))

    def _tick(self) -> None:
        self._desk.ring()
        if self._leaving is not None:
            self._leaving.tick(self._desk)
            self._is_leaving = self._leaving.is_over
        if not self._is_started or self._is_leaving or self._leaving is not None:
            return
        desk, pace, now_s = self._desk, self._config.pace, self._desk.now.monotonic_s
        self._neighbourhood.tick(desk)
        self._store_care.tick(desk)
        self._restorer.tick(desk)
        self._scrub.tick(desk)
        self._replicator.tick(desk)
        self._shrinking.tick(desk)
        self._lookout.tick(desk)
        if now_s >= self._audit_at_s:
            self._audit_at_s = now_s + pace.audit_s
            self._auditor.tick(desk)

    def _request(self, event: RequestReceived) -> None:
        desk, message = self._desk, event.message
        if not self._is_started or self._is_leaving:
            desk.reply(event.request_id, Refused("busy"))
            return
        if not desk.limits.admits(event.peer.vault_id, event.subnet, event.now.monotonic_s):
            desk.counters["request over limit"] += 1
            desk.reply(event.request_id, Refused("busy"))
            return
        if desk.table.has_newer(event.peer):
            desk.counters["replaced key"] += 1
            desk.reply(event.request_id, refuse_older(desk, event))
            return
        if not self._replicator.has_left(event.peer):
            self._neighbourhood.met(desk, event.peer, event.subnet)
        match message:
            case Put() if self._leaving is not None:
                desk.reply(event.request_id, Refused("busy"))
            case Put() | Get() | Audit() if not desk.limits.begin(event.request_id, event.subnet):
                desk.reply(event.request_id, Refused("busy"))
            case Put():
                Storing(event.request_id, desk.seen_from, is_here=event.is_here).begin(desk, event.peer, message)
            case Get() | Audit():
                self._lookout.asked_for(desk, event.peer, message)
                Serving(event.request_id, event.peer, message).begin(desk)
            case Arrange():
                desk.reply(event.request_id, self._rendezvous.arrange(desk, event, message))
            case Meet():
                desk.reply(event.request_id, self._rendezvous.meet(desk, event, message))
            case Leaving():
                if message.is_for_good:
                    self._replicator.goodbye(desk, event.peer)
                desk.table.remove(event.peer.vault_id)
                desk.reply(event.request_id, Pong(b""))
            case _:
                desk.reply(event.request_id, know(desk, self._carrier, event, message))

    def _answer(self, event: AnswerReceived) -> None:
        waiting = self._desk.finish_ask(event.ask_id)
        if waiting is None:
            return
        asker, asked = waiting
        peer, seen_from = event.peer, self._desk.seen_from
        if not self._replicator.has_left(peer):
            was_helped = self._rendezvous.has_helped(peer.transport_key)
            self._neighbourhood.answered(self._desk, peer, event.subnet, was_helped=was_helped)
        if asked.peer.vault_id and asked.peer.vault_id != peer.vault_id:
            # One transport key, certified by two vault ids: nobody has answered for the one that was asked.
            self._desk.blame(asked.peer, "peer.signature")
            asker.unanswered(self._desk, asked, "peer.signature")
            return
        self._desk.ledger.answered(peer.vault_id, event.now.monotonic_s, seen_from)
        self._desk.heard_whether_full(peer, event.message)
        self._lookout.heard(self._desk, asked, seen_from, event.message)
        asker.answered(self._desk, Asked(peer, asked.message, asked.at_s, seen_from), event.message)

    def _failure(self, event: AskFailed) -> None:
        waiting = self._desk.finish_ask(event.ask_id)
        if waiting is None:
            return
        asker, asked = waiting
        self._desk.counters[f"ask failed {event.code}"] += 1
        vault_id, table = asked.peer.vault_id, self._desk.table
        if not vault_id or table.is_outdated(asked.peer):
            pass  # nobody is named: a table that did would be none to others; or the vault is elsewhere by now
        elif event.code == UNREACHABLE:
            known = table.get(vault_id)
            table.failed(vault_id)
            if known is not None and table.get(vault_id) is None:
                self._neighbourhood.lost(known)
            self._desk.ledger.failed(vault_id, event.now.monotonic_s)
        else:
            self._desk.ledger.blame(vault_id, event.now.monotonic_s)
        asker.unanswered(self._desk, asked, event.code)

    def _chunk_written(self, event: ChunkWritten) -> None:
        writing = self._desk.finish_write(event.token, event.code)
        if writing is not None:
            writer, address, length = writing
            writer.written(self._desk, address, length, event.code)

    def _chunk_read(self, event: ChunkRead) -> None:
        waiting = self._desk.finish_read(event.token, is_absent=event.is_absent)
        if waiting is None:
            return
        reader, address = waiting
        if event.is_absent and address in self._desk.held:
            self._desk.counters["chunk unreadable"] += 1
            self._desk.forget(address)
            self._restorer.lost(self._desk, address)
        elif event.content is not None and not self._desk.is_counted and address not in self._desk.held:
            self._desk.add_held({address: len(event.content)})
        reader.read(self._desk, address, event.content, event.code)

    def _command(self, command: control.Command) -> None:
        desk = self._desk
        match command:
            case control.PutChunk() if not 1 <= len(command.content) <= CHUNK_BYTES_MAX:
                desk.tell(control.Failed(command.id, MALFORMED, f"a chunk has 1 to {CHUNK_BYTES_MAX} bytes"))
            case control.GetChunk() | control.AskVault() if len(command.address) != ADDRESS_BYTES:
                desk.tell(control.Failed(command.id, MALFORMED, f"an address has {ADDRESS_BYTES} bytes"))
            case control.PutChunk():
                address = hashlib.sha256(command.content).digest()
                known = self._neighbourhood.known_subnets(desk)
                PutOperation(command, address, self._auditor.keep_receipt, known_subnets=known).begin(desk)
            case control.GetChunk():
                GetOperation(command).begin(desk)
            case control.AskVault():
                AskOperation(command).begin(desk)
            case FetchRankTables():
                RankCollection(command).begin(desk)
            case control.Introduce():
                introduce_all(desk, self._neighbourhood, command)
            case control.GetContacts() | GetNeighbours() | control.GetState():
                desk.tell(self._figures(command))
            case control.SetHead():
                self._carrier.carry(desk, command.content)
                desk.tell(control.Done(command.id))
            case control.CarryObject() | control.DropObjects():
                carry_files(desk, command)
            case control.RefuseHead() | control.KnowHead():
                hear_judged(desk, self._carrier, command)
            case control.SetQuota():
                desk.quota_bytes = command.quota_bytes
                desk.tell(control.Done(command.id))
            case SetLimits():
                self._keep_to(command.limits)
                desk.tell(control.Done(command.id))
            case control.RenewCertificate():
                renew(desk, command)
            case SetNotes() | AskNote():
                take_order(desk, command)
            case control.Scan() | control.Activate():
                raise AssertionError(f"{type(command).__name__} is the driver's")
            case control.Drain():
                self._drain(command.handover_s)
            case _:
                assert_never(command)

    def _drain(self, handover_s: float) -> None:
        desk, is_for_good = self._desk, handover_s > 0
        for peer in desk.table:
            desk.ask(self._carrier, peer.record, Leaving(is_for_good), timeout_s=1.0)
        self._replicator.stop()
        if is_for_good:
            desk.is_leaving = True
            self._leaving = LeavingForGood(desk, self._line, self._auditor, handover_s)
        else:
            self._is_leaving = True

    def _keep_to(self, limits: Limits) -> None:
        wanted, is_taking = self._config.pace.repair_bytes_per_s, limits.is_taking
        self._desk.is_taking, self._desk.download_bytes_per_s = is_taking, limits.download_bytes_per_s or math.inf
        self._line.keep_to(limits)
        self._restorer.bytes_per_s_max = own_bytes_per_s(wanted, limits.download_bytes_per_s, is_taking=is_taking)

    def _figures(self, command: control.GetContacts | GetNeighbours | control.GetState) -> control.Report:
        desk = self._desk
        match command:
            case control.GetContacts():
                return control.Contacts(command.id, self._neighbourhood.contacts(desk))
            case GetNeighbours():
                return neighbours(desk, self._neighbourhood.former, command.id)
        subnets = {peer.subnet for peer in desk.table} - {desk.own_place.subnet}
        return control.State(
            id=command.id, used_bytes=desk.used_bytes, quota_bytes=desk.quota_bytes, chunk_count=len(desk.held),
            peer_count=len(desk.table), subnet_count=len(subnets), counters=dict(desk.counters), trouble=desk.trouble,
            repairs=len(self._restorer) + len(self._replicator), is_counted=desk.is_counted,
            head_subnets=self._carrier.witnesses(desk), looks=self._lookout.looks(desk),
            newer_age_s=desk.double.age_s(desk.now),
        )  # fmt: skip
