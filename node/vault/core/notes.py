"""What farms say of releases, as far as a vault has to do with it: it carries questions and answers, unread.

met in a live session --> pending, a few of each subnet --> Met: told to the supervisor in batches
SetNotes ---------------> answers to GetNote
AskNote ----------------> the peer itself, looked for by its position if it is not in the table --> NoteSeen
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final, assert_never

from node.vault import control
from node.vault.core.desk import Asked, Desk
from node.vault.core.identity import PeerRecord, position_of
from node.vault.core.lookup import Candidate, Lookup
from node.vault.core.messages import Answer, GetNote, NoteContent, Refused
from node.vault.noting import MET_MAX, AskNote, Met, MetVault, NoteSeen, NotingCommand, SetNotes

GATHER_S: Final = 1.0  # from the first of a batch until it is told
MET_PAUSE_S: Final = 60.0  # between two batches; between the first ones less, as whoever has just started meets many
MET_AGAIN_S: Final = 6 * 3600.0  # after so long a vault is told of once more
TOLD_KEPT: Final = 4_096
PENDING_PER_SUBNET: Final = 2  # of one batch: identities are free


class Acquaintances:
    """Invariant: at most MET_MAX wait to be told; the same vault is told once in MET_AGAIN_S while it is remembered."""

    def __init__(self) -> None:
        self._pending: dict[bytes, MetVault] = {}
        self._subnets: Counter[str] = Counter()  # of the pending
        self._told: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()  # commitment and when, oldest first
        self._next_s = 0.0  # no batch before this
        self._pause_s = GATHER_S

    def met(self, desk: Desk, peer: PeerRecord, subnet: str) -> None:
        """A vault has just used a live session with this one."""
        vault_id, commitment, now_s = peer.vault_id, peer.certificate.commitment, desk.now.monotonic_s
        told = self._told.get(vault_id)
        if told is not None and told[0] == commitment and now_s - told[1] < MET_AGAIN_S:
            return
        is_crowded = self._subnets[subnet] >= PENDING_PER_SUBNET
        if vault_id in self._pending or len(self._pending) >= MET_MAX or is_crowded:
            return  # when it is met the next time it may fit
        if not self._pending:
            desk.call_in(max(GATHER_S, self._next_s - now_s), self._tell)
        self._pending[vault_id] = MetVault(vault_id, subnet, commitment)
        self._subnets[subnet] += 1

    def _tell(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        desk.tell(Met(tuple(self._pending.values())))
        for vault_id, vault in self._pending.items():
            self._told[vault_id] = vault.commitment, now_s
            self._told.move_to_end(vault_id)
        while len(self._told) > TOLD_KEPT:
            self._told.popitem(last=False)
        self._pending.clear()
        self._subnets.clear()
        self._pause_s = min(2 * self._pause_s, MET_PAUSE_S)
        self._next_s = now_s + self._pause_s


def take_order(desk: Desk, command: NotingCommand) -> None:
    """Answer peers with these notes from now on, or ask one of them for its own."""
    match command:
        case SetNotes():
            desk.notes = {note.release: note.content for note in command.notes}
            desk.tell(control.Done(command.id))
        case AskNote():
            NoteQuestion(command).begin(desk)
        case _:
            assert_never(command)


class NoteQuestion:
    """One vault is asked what its farm says of a release."""

    def __init__(self, command: AskNote) -> None:
        self._command = command

    def begin(self, desk: Desk) -> None:
        known = desk.table.get(self._command.vault_id)
        if known is not None:
            self._ask(desk, known.record)
        else:  # under another transport key by now, it is found where it stands all the same
            Lookup(position_of(self._command.vault_id).to_bytes(32, "big"), self._found).begin(desk)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        if isinstance(message, NoteContent):
            desk.tell(NoteSeen(self._command.id, message.content, asked.subnet))
        elif isinstance(message, Refused):
            self.unanswered(desk, asked, "peer.refused")
        else:
            desk.blame(asked.peer, "peer.malformed")
            self.unanswered(desk, asked, "peer.malformed")

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        desk.tell(control.Failed(self._command.id, code, "the vault did not say what its farm thinks"))

    def _found(self, desk: Desk, group: list[Candidate]) -> None:
        records = [candidate.record for candidate in group if candidate.vault_id == self._command.vault_id]
        if records:
            self._ask(desk, records[0])
        else:
            desk.tell(control.Failed(self._command.id, "peer.not_found", "the vault cannot be found now"))

    def _ask(self, desk: Desk, record: PeerRecord) -> None:
        desk.ask(self, record, GetNote(self._command.release))
