"""Who counts as a neighbour when it is asked which vaults hold a chunk.

    in the table and relied on ------------------------------> member
    no more --> still a member for repair_delay_s --> no more    (it came back in time: it has returned)
    started anew, and back before anybody missed it: it has returned, too
    said goodbye -----------------------------------> no more

A table that changes is taken up once it has settled: while it fills it says little about who is near.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from node.vault.core.close_group import Place
from node.vault.core.desk import Desk
from node.vault.core.identity import PeerRecord

ABSENT_MAX: Final = 1_000
GOODBYES_KEPT: Final = 1_000
SETTLE_S: Final = 5.0
SETTLE_S_MAX: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Absence:
    place: Place
    until_s: float
    added_count: int


class Presence:
    """Invariant: neighbours that are away for a short while count as members, so that nothing moves for a restart."""

    def __init__(self, repair_delay_s: float) -> None:
        self.members: dict[bytes, Place] = {}  # as they were taken up last
        self.places: list[Place] = []  # theirs and, first, the own vault's, by distance from it
        self.returned: dict[bytes, int] = {}  # who was away for a short while, since which count of added chunks
        self._repair_delay_s = repair_delay_s
        self._versions = (-1, -1, "")
        self._present: dict[bytes, Place] = {}
        self._runs: dict[bytes, bytes] = {}  # the transport keys of those who are present
        self._absent: dict[bytes, _Absence] = {}
        self._gone: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()
        self._changed_at_s = math.inf  # when the first change that was not taken up yet was seen
        self._take_at_s = math.inf

    def due_s(self, desk: Desk) -> float:
        if self._versions != _versions(desk):
            return 0.0
        due_s = self._take_at_s
        for absence in self._absent.values():
            due_s = min(due_s, absence.until_s)
        return due_s

    def tick(self, desk: Desk) -> bool:
        """Look who is there; return whether members were taken up anew."""
        self._notice(desk)
        if desk.now.monotonic_s < self._take_at_s:
            return False
        self._changed_at_s = self._take_at_s = math.inf
        absent = {vault_id: absence.place for vault_id, absence in self._absent.items()}
        self.members = {**self._present, **absent}
        own = desk.own_place
        self.places = sorted([own, *self.members.values()], key=lambda place: place.position ^ own.position)
        return True

    def changed(self, desk: Desk) -> None:
        """Something has changed that shall be taken up soon."""
        now_s = desk.now.monotonic_s
        self._changed_at_s = min(self._changed_at_s, now_s)
        latest_s = self._changed_at_s + SETTLE_S_MAX
        self._take_at_s = min(now_s + SETTLE_S, latest_s) if desk.is_counted else latest_s

    def goodbye(self, desk: Desk, peer: PeerRecord) -> None:
        """The peer leaves for good: its chunks are others' from now on, and this run of it is no neighbour again."""
        self._gone[peer.vault_id, peer.transport_key] = None
        if len(self._gone) > GOODBYES_KEPT:
            self._gone.popitem(last=False)
        desk.table.remove(peer.vault_id)
        self._present.pop(peer.vault_id, None)
        self._absent.pop(peer.vault_id, None)
        self.changed(desk)

    def has_left(self, peer: PeerRecord) -> bool:
        return (peer.vault_id, peer.transport_key) in self._gone

    def _notice(self, desk: Desk) -> None:
        """Compare the table with what it was."""
        now_s = desk.now.monotonic_s
        if self._versions != _versions(desk):
            self._versions = _versions(desk)
            relied_on = list(desk.reliance.peers())
            present = {peer.vault_id: peer.place for peer in relied_on}
            runs = {peer.vault_id: peer.record.transport_key for peer in relied_on}
            for vault_id, key in runs.items():
                if self._runs.get(vault_id, key) != key:
                    self.returned.setdefault(vault_id, desk.added_count)
            until_s = now_s + self._repair_delay_s
            for vault_id, place in self._present.items():
                if vault_id not in present:
                    self._absent[vault_id] = _Absence(place, until_s, desk.added_count)
            for vault_id in [vault_id for vault_id in self._absent if vault_id in present]:
                absence = self._absent.pop(vault_id)
                self.returned[vault_id] = min(absence.added_count, self.returned.get(vault_id, absence.added_count))
            self._present, self._runs = present, runs
            self.changed(desk)
        late = [vault_id for vault_id, absence in self._absent.items() if absence.until_s <= now_s]
        late += list(self._absent)[: max(0, len(self._absent) - ABSENT_MAX)]
        for vault_id in late:
            self._absent.pop(vault_id, None)
            self._take_at_s = now_s


def _versions(desk: Desk) -> tuple[int, int, str]:
    return desk.table.version, desk.reliance.version, desk.own_place.subnet
