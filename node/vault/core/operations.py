"""What the supervisor may ask of the network: store a chunk, fetch a chunk, ask one vault by name, collect rank tables.

Each operation is started by a command and answers it exactly once, whatever the peers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from node.vault import control
from node.vault.core.ahead import Search
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, HOLDERS_MIN, Place, close_group, in_turns
from node.vault.core.codec import encode
from node.vault.core.desk import TRANSFER_TIMEOUT_S, Asked, Desk
from node.vault.core.fetch import Fetch
from node.vault.core.identity import PeerRecord, decode_record
from node.vault.core.lookup import Candidate, Lookup
from node.vault.core.messages import Answer, Audit, FetchRanks, Get, HeldReceipt, Put, Ranks, Refused, Stored
from node.vault.core.proofs import check_receipt, sign_receipt
from node.vault.core.proving import REFUSALS
from node.vault.core.ranking import is_of
from node.vault.core.routing_table import Peer
from node.vault.errors import BadSignature, PeerError
from node.vault.rating import COLLECTING_S, FetchRankTables, NeighbourTable, RankTables

REFUSALS_NAMED: Final = 3  # codes in a sentence
ROUNDS_MAX: Final = 3  # of asking for receipts: who does not sign is passed over in the next one
AGAIN_S: Final = 240.0  # half of what who asked waits; with no limit on the line all rounds take a minute at most
TABLES_BYTES_MAX: Final = 1 << 20
TABLES_PEERS_MAX: Final = 100
# Of those who share chunks with a vault all but one in twenty are among the nearest of so many subnets.
AROUND_SUBNETS: Final = 12
AROUND_S: Final = 10.0  # then who was found must do: liars can name vaults that are silent

KeepReceipt = Callable[[PeerRecord, HeldReceipt], None]


class PutOperation:
    """Look up the close group, give every member the chunk, answer with the receipts.

    those who say that they have no room are passed over before the chunk is sent
    all sign ---------------------------------------------> stored
    some do not: the next nearest in their place, again --> stored once all sign, or at the end of the rounds by
                                                            HOLDERS_MIN subnets; else failed

    Holders are counted by subnets, never by identities.  The own vault keeps a copy when it belongs to the group.
    ``known_subnets``: how many the network has as far as this vault ever heard.  A network of fewer than HOLDERS_MIN
    asks for all of them; one whose vaults cannot be reached at the moment stores nothing.
    """

    def __init__(
        self, command: control.PutChunk, address: bytes, keep_receipt: KeepReceipt, *, known_subnets: int
    ) -> None:
        self._command = command
        self._address = address
        self._keep_receipt = keep_receipt
        self._receipts: dict[bytes, bytes] = {}  # by vault id
        self._subnets: set[str] = set()  # of those who signed
        self._declined: dict[bytes, None] = {}  # vault ids of those who did not
        self._refusals: Counter[str] = Counter()
        self._full: set[bytes] = set()  # vault ids of those who were passed over
        self._declined_before = 0  # how many had not signed before this round
        self._waiting = 0
        self._wanted = min(HOLDERS_MIN, max(1, known_subnets))
        self._rounds = 0
        self._again_until_s = 0.0

    def begin(self, desk: Desk) -> None:
        self._again_until_s = desk.now.monotonic_s + AGAIN_S
        if desk.trouble or not desk.takes(self._address, len(self._command.content)):
            self._decline(desk.record.vault_id, desk.trouble or "resource.quota")
        self._look_up(desk)

    def _look_up(self, desk: Desk) -> None:
        self._rounds += 1
        self._declined_before = len(self._declined)
        without = (*self._declined, *desk.reliance.left_out)
        self._lookup = Lookup(self._address, self._found, without=without, is_for_room=True)
        self._lookup.begin(desk)

    def _found(self, desk: Desk, near: list[Candidate]) -> None:
        self._full |= self._lookup.full
        del self._lookup  # it knows this one: together they would keep the chunk until the collector of cycles comes
        own = [desk.own_place] if desk.record.vault_id not in self._declined else []
        # With the own vault in it, the farthest of those found may no longer belong to the group.
        group: list[Candidate | Place] = close_group([*own, *near], self._address)
        new = [member for member in group if member.vault_id not in self._receipts]
        self._waiting = len(new)
        for member in new:
            if isinstance(member, Candidate):
                desk.ask(self, member.record, Put(self._address, self._command.content), TRANSFER_TIMEOUT_S)
        if desk.own_place in new:
            desk.write_chunk(self, self._address, self._command.content)
        elif not new:
            self._finish(desk)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        match message:
            case Stored(receipt):
                try:
                    check_receipt(receipt, asked.peer.transport_key, self._address, desk.now.utc_s)
                except BadSignature as error:
                    desk.blame_for(asked.peer, error)
                    self._decline(asked.peer.vault_id, error.code)
                else:
                    held = HeldReceipt(asked.peer.certificate, receipt)
                    self._keep_receipt(asked.peer, held)
                    self._sign(asked.peer.vault_id, asked.subnet, held)
            case Refused(code):
                desk.counters["put refused"] += 1
                self._decline(asked.peer.vault_id, code if code in REFUSALS else "refused")
            case _:
                desk.blame(asked.peer, "peer.malformed")
                self._decline(asked.peer.vault_id, "peer.malformed")
        self._one_done(desk)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._decline(asked.peer.vault_id, code)
        self._one_done(desk)

    def written(self, desk: Desk, address: bytes, length: int, code: str) -> None:
        code = code or ("busy" if desk.is_leaving else "")
        if not code:
            receipt = sign_receipt(desk.signer, address, length, desk.now.utc_s)
            held = HeldReceipt(desk.record.certificate, receipt)
            self._sign(desk.record.vault_id, desk.own_place.subnet, held)
        else:
            self._decline(desk.record.vault_id, code)
        self._one_done(desk)

    def _sign(self, vault_id: bytes, subnet: str, receipt: HeldReceipt) -> None:
        self._receipts[vault_id] = encode(receipt)
        self._subnets.add(subnet)

    def _decline(self, vault_id: bytes, code: str) -> None:
        self._declined[vault_id] = None
        self._refusals[code] += 1

    def _one_done(self, desk: Desk) -> None:
        self._waiting -= 1
        if self._waiting:
            return
        is_again = self._rounds < ROUNDS_MAX and desk.now.monotonic_s < self._again_until_s
        has_declined = len(self._declined) > self._declined_before
        if len(self._subnets) < CLOSE_GROUP_SUBNETS and has_declined and is_again:
            desk.counters["put again"] += 1
            self._look_up(desk)
        else:
            self._finish(desk)

    def _finish(self, desk: Desk) -> None:
        if len(self._subnets) >= self._wanted:
            desk.tell(control.Stored(self._command.id, self._address, tuple(self._receipts.values())))
        else:
            refusals = self._refusals + Counter({"resource.quota": len(self._full)})
            why = ", ".join(f"{count} x {code}" for code, count in refusals.most_common(REFUSALS_NAMED))
            taken = f"{len(self._subnets)} holders took the chunk, {self._wanted} are needed"
            message = f"{taken} ({why})" if why else taken
            desk.tell(control.Failed(self._command.id, "peer.unreachable", message))


class GetOperation:
    """Own store -> peers, one after the other; what a head names, then also of vaults with no version in common."""

    def __init__(self, command: control.GetChunk) -> None:
        self._command = command
        self._fetch = Fetch(command.address, self._fetched, is_carried=command.is_carried)
        self._search = Search(command.address, self._found)

    def begin(self, desk: Desk) -> None:
        carried = desk.carried.get(self._command.address)
        if carried is not None:
            self._fetched(desk, carried)
        elif desk.may_hold(self._command.address):
            desk.read_chunk(self, self._command.address)
        else:
            self._fetch.begin(desk)

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None:
        if content is not None:
            desk.tell(control.Content(self._command.id, content))
        else:
            self._fetch.begin(desk)

    def _fetched(self, desk: Desk, content: bytes | None) -> None:
        if content is None and self._command.is_carried:
            self._search.begin(desk)
        else:
            self._found(desk, content)

    def _found(self, desk: Desk, content: bytes | None) -> None:
        if content is not None:
            desk.tell(control.Content(self._command.id, content))
        else:
            message = f"none of {self._fetch.asked_count + self._search.asked_count} vaults has the chunk"
            desk.tell(control.Failed(self._command.id, "peer.not_found", message))


class AskOperation:
    """One question to one vault, which the supervisor draws and judges: this vault only brings it."""

    def __init__(self, command: control.AskVault) -> None:
        self._command = command

    def begin(self, desk: Desk) -> None:
        command = self._command
        try:
            record = decode_record(command.record, desk.now.utc_s)
        except PeerError as error:
            desk.tell(control.Failed(command.id, error.code, str(error)))
            return
        question = Audit if command.is_audit else Get
        desk.ask(self, record, question(command.address, command.nonce))

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        desk.tell(control.Asked(self._command.id, encode(message)))

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        desk.tell(control.Failed(self._command.id, code, "the vault gave no answer"))


class RankCollection:
    """Ask those around some addresses, then the known peers, what each thinks of all its peers; answer with the tables.

    around: look up each address --> who has answered there, of AROUND_SUBNETS subnets, when all are looked up or
                                     AROUND_S are over --.
            the known peers, as there is room for them --+--> asked for their tables --> answered, by COLLECTING_S at
                                                              the latest with what has come

    Who is looked up stands in the own table seldom, as it may be anywhere; that it was met only now is said of it.
    Each table must be that of the peer that answers.  Whoever handed on another's would have its word counted in a
    wrong subnet: those of many in the one of a liar, as one voice, or those of one in many.
    """

    def __init__(self, command: FetchRankTables) -> None:
        self._command = command
        self._tables: list[NeighbourTable] = []
        self._lookups = [Lookup(address, self._found, subnets=AROUND_SUBNETS) for address in command.around]
        self._looking = len(self._lookups)
        self._is_asking = False
        self._is_over = False
        self._waiting = 0

    def begin(self, desk: Desk) -> None:
        # No table is late while our own line is waited for, so a few large ones could keep all others from being told.
        desk.call_in(COLLECTING_S, self._tell)
        for lookup in self._lookups:
            lookup.begin(desk)
        if self._lookups:
            desk.call_in(AROUND_S, self._ask)
        else:
            self._ask(desk)

    def _found(self, desk: Desk, _group: list[Candidate]) -> None:
        self._looking -= 1
        if not self._looking:
            self._ask(desk)

    def _ask(self, desk: Desk) -> None:
        if self._is_asking:
            return
        self._is_asking = True
        around = {one.vault_id: one for lookup in self._lookups for one in lookup.living}
        peers = [peer for peer in desk.table if peer.vault_id not in around]
        desk.random.shuffle(peers)
        chosen: list[Candidate | Peer] = [*in_turns(around.values()), *in_turns(peers)]
        del chosen[TABLES_PEERS_MAX:]
        self._waiting = len(chosen)
        for one in chosen:
            desk.ask(self, one.record, FetchRanks())
        if not chosen:
            self._tell(desk)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        is_heard = not desk.is_shunned(asked.peer.vault_id)
        if is_heard and isinstance(message, Ranks) and is_of(message.table, asked.peer):
            peer = desk.table.get(asked.peer.vault_id)
            known_s = 0.0 if peer is None else desk.now.monotonic_s - peer.met_s
            self._tables.append(NeighbourTable(asked.subnet, known_s, message.table))
        self._one_done(desk)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._one_done(desk)

    def _one_done(self, desk: Desk) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self._tell(desk)

    def _tell(self, desk: Desk) -> None:
        if self._is_over:
            return
        self._is_over = True
        desk.withdraw(self)
        desk.tell(RankTables(self._command.id, tuple(self._smallest()), desk.table.network_size))
        self._tables.clear()

    def _smallest(self) -> Iterator[NeighbourTable]:
        """As many as one answer can carry, the smallest first: a bloated table must not crowd others out."""
        size_bytes = 0
        for given in sorted(self._tables, key=lambda given: len(given.table)):
            size_bytes += len(given.table)
            if size_bytes <= TABLES_BYTES_MAX:
                yield given
