"""Finding the vaults nearest to an address: ask the nearest known ones for nearer ones until none is left to ask.

                 answered: nearer records join the candidates
    candidates ------------------------------------------------> the close group of all who live has answered -> done
                 failed or three seconds silent: out                or ASKED_MAX have been asked
                 no room, where room is wanted: passed over

Source: Maymounkov and Mazieres, "Kademlia" (2002), section 2.3; the end is our close group instead of a fixed k.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, REACH_SUBNETS, close_group
from node.vault.core.desk import Asked, Desk
from node.vault.core.identity import PeerRecord, check_record, distance, own_subnet
from node.vault.core.messages import Answer, FindVaults, Vaults
from node.vault.core.routing_table import age_of
from node.vault.errors import Misdated, PeerError

PARALLEL: Final = 3
CANDIDATES_MAX: Final = 200
ASKED_MAX: Final = 100  # then whoever has answered must do: liars can invent nearer vaults without end
DEAD_NAMED_MAX: Final = 4  # a peer that names more silent ones than that is not believed any more
START_PEERS: Final = 20
LOOKUP_TIMEOUT_S: Final = 3.0


class _State(Enum):
    NEW = auto()
    ASKED = auto()
    ANSWERED = auto()


@dataclass(slots=True)
class Candidate:
    """A vault that may belong to the close group.  Until it has answered, its subnet is what it claims."""

    record: PeerRecord
    position: int
    subnet: str
    named_by: bytes = b""  # the vault id of the peer that named it; empty for a peer of the own table
    state: _State = _State.NEW
    is_full: bool = False

    @property
    def vault_id(self) -> bytes:
        return self.record.vault_id


class Lookup:
    """One lookup.  ``found`` is called once, with the members of the close group that live, nearest first.

    ``without``: vault ids that are passed over, as if they did not exist.  ``is_for_room``: so are those who say that
    they would not take the chunk, up to REACH_SUBNETS from it.  ``subnets``: of how many different ones the group is.

    Invariant: who is ASKED has a question on its way, and until ``found`` is called somebody is.  Each question ends,
    and there are ASKED_MAX of them at most: so does every look-up.
    """

    def __init__(
        self, target: bytes, found: Callable[[Desk, list[Candidate]], None], *, without: Collection[bytes] = (),
        is_for_room: bool = False, subnets: int = CLOSE_GROUP_SUBNETS,
    ) -> None:  # fmt: skip
        self._target = target
        self._is_for_room = is_for_room
        self._subnets = subnets
        self._without = frozenset(without)
        self._found = found
        self._candidates: dict[bytes, Candidate] = {}
        self._dead: dict[bytes, tuple[int, float]] = {}  # the age of the record under which a vault was silent
        self._dead_named: Counter[bytes] = Counter()
        self._asked_count = 0
        self._is_done = False

    @property
    def full(self) -> set[bytes]:
        """The vault ids of those that were passed over because they have no room."""
        return {vault_id for vault_id, candidate in self._candidates.items() if candidate.is_full}

    @property
    def living(self) -> list[Candidate]:
        """Of those who have answered so far the close group, nearest first."""
        return self._group(each for each in self._candidates.values() if each.state is _State.ANSWERED)

    def begin(self, desk: Desk) -> None:
        for peer in desk.table.nearest(self._target, START_PEERS):
            if peer.vault_id in self._without:
                continue
            self._candidates[peer.vault_id] = Candidate(peer.record, peer.position, peer.subnet)
        self._go_on(desk)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        candidate = self._candidates.get(asked.peer.vault_id)
        if not isinstance(message, Vaults) or desk.double.is_shown(desk.record, message.records, desk.now):
            # The key tells the run: it may show another record of itself than the one that it was asked under.
            if candidate is not None and candidate.record.transport_key == asked.peer.transport_key:
                self._drop(candidate.vault_id, age_of(candidate.record))
            self._go_on(desk)
            return
        if candidate is not None:
            candidate.state = _State.ANSWERED
            candidate.subnet = asked.subnet
            candidate.is_full = self._is_for_room and message.is_full
        for record in message.records:
            self._consider(desk, asked, record)
        self._go_on(desk)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        candidate, age = self._candidates.get(asked.peer.vault_id), age_of(asked.peer)
        if candidate is None or age >= age_of(candidate.record):  # else a newer one was named meanwhile, and is asked
            self._drop(asked.peer.vault_id, age)
        self._go_on(desk)

    def _drop(self, vault_id: bytes, age: tuple[int, float]) -> None:
        """The vault does not help under the record of this age, nor under an older one."""
        candidate = self._candidates.pop(vault_id, None)
        self._dead[vault_id] = max(age, self._dead.get(vault_id, age))
        if candidate is not None and candidate.named_by:
            self._dead_named[candidate.named_by] += 1
            if self._dead_named[candidate.named_by] >= DEAD_NAMED_MAX:
                self._disbelieve(candidate.named_by)

    def _disbelieve(self, vault_id: bytes) -> None:
        """Forget whom else this peer named: each silent one costs seconds, and naming them costs nothing."""
        self._candidates = {
            key: candidate
            for key, candidate in self._candidates.items()
            if candidate.named_by != vault_id or candidate.state is not _State.NEW
        }

    def _consider(self, desk: Desk, asked: Asked, record: PeerRecord) -> None:
        vault_id = record.vault_id
        known = desk.table.get(vault_id)
        if not self._is_news(known.record if known is not None else record) or not record.addresses:
            return
        if vault_id == desk.record.vault_id or vault_id in self._without or desk.is_shunned(vault_id):
            return
        if self._dead_named.get(asked.peer.vault_id, 0) >= DEAD_NAMED_MAX or not self._has_room(record.position):
            return
        if known is not None:
            self._candidates[vault_id] = Candidate(known.record, known.position, known.subnet)
            return
        try:
            check_record(record, desk.now.utc_s)
        except Misdated:
            return  # it may hold by the clock of who names it, and its maker chose how narrowly
        except PeerError as error:
            desk.blame(asked.peer, error.code)
            return
        subnet = desk.table.stands_in(own_subnet(record.addresses))
        self._candidates[vault_id] = Candidate(record, record.position, subnet, asked.peer.vault_id)

    def _is_news(self, record: PeerRecord) -> bool:
        """Whether the vault was not named yet, or only by an older record: a former run of it answers nobody."""
        candidate = self._candidates.get(record.vault_id)
        if candidate is not None:
            return candidate.state is not _State.ANSWERED and age_of(record) > age_of(candidate.record)
        return record.vault_id not in self._dead or age_of(record) > self._dead[record.vault_id]

    def _has_room(self, position: int) -> bool:
        """Whether there is room for a candidate at ``position``; the farthest one that was not asked makes it."""
        if len(self._candidates) < CANDIDATES_MAX:
            return True
        unasked = (candidate for candidate in self._candidates.values() if candidate.state is _State.NEW)
        farthest = max(unasked, key=lambda candidate: distance(candidate.position, self._target), default=None)
        if farthest is None or distance(farthest.position, self._target) <= distance(position, self._target):
            return False
        del self._candidates[farthest.record.vault_id]
        return True

    def _go_on(self, desk: Desk) -> None:
        if self._is_done:
            return
        group = self._group(self._candidates.values())
        waiting = [candidate.state for candidate in self._candidates.values()].count(_State.ASKED)
        is_wide = self._subnets > CLOSE_GROUP_SUBNETS or bool(self.full)
        for candidate in group:
            if candidate.state is _State.NEW and waiting < PARALLEL and self._asked_count < ASKED_MAX:
                candidate.state = _State.ASKED
                waiting += 1
                self._asked_count += 1
                desk.ask(self, candidate.record, FindVaults(self._target, is_wide), LOOKUP_TIMEOUT_S)
        if self._asked_count >= ASKED_MAX and not waiting:
            group = self.living
        if all(candidate.state is _State.ANSWERED for candidate in group):
            self._is_done = True
            group.sort(key=lambda candidate: distance(candidate.position, self._target))
            self._found(desk, group)

    def _group(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        if not self._is_for_room:
            return close_group(candidates, self._target, self._subnets)
        in_reach = close_group(candidates, self._target, REACH_SUBNETS)
        return close_group([each for each in in_reach if not each.is_full], self._target, self._subnets)
