"""Twins that take more than their own: of the disk, of memory, or of each other's time; and what others take of theirs.

Both lie next to each other in the network, and each knows where the other one is.  A candidate that keeps its twin busy
makes it slow, and looks fast beside it.  Who asks a vault most is told by the vault itself, and that word is unsigned:
what the control says of the candidate leaves it not proven, and what the candidate says of the control makes the trial
void.  Nothing is refused for it: a version in use that lies could stop its successors for ever.

So it is with strangers, who may ask one of both more, or fill it: the trial is told of it, and refuses nothing for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from node.trial.events import Denied, Event, PairMeasured, Twin, UsageSampled
from node.trial.evidence import COUNTER_MAX
from node.trial.evidence import Usage as Used
from node.trial.verdict import Outcome
from node.update.errors import TwinFailed
from node.update.files.trees import sizes_below
from node.update.ports import TwinVault, Usage
from node.update.trials.sides import Side, Twins
from node.vault import control
from node.vault.core.limits import LAST_ROOM
from node.vault.core.messages import CHUNK_BYTES_MAX
from node.vault.core.room import PLACE_BYTES, Room
from node.vault.load import WORK

SPARE_BYTES: Final = 16 << 20  # beside its quota, for what is on its way
STATE_S: Final = 5.0
LOOK_S_MIN: Final = 10.0  # of what one twin asks the other a shorter time says too little, and so does a shorter block
# A vault asks the one next to it a few times a minute, besides some proofs of every chunk after either was restarted.
# Ten requests a second take about a hundredth of a processor.
BUSY_PER_S: Final = 10.0
BUSY_PER_CHUNK: Final = 4.0
BUSY_SHARE: Final = 0.5  # of all that its twin was asked meanwhile
GLUTTON: Final = 2.0  # who takes so many times the memory of its twin is what the memory has run out for
TOOK_MEMORY: Final = "it took the memory that its twin lacked"
KEPT_BUSY: Final = "it kept its twin busy"
CONTROL_KEPT_BUSY: Final = "the current version kept the twin beside it busy"


@dataclass(slots=True)
class _Told:
    """What one twin said of how much it is asked: in the whole trial, and by its twin since the last look.

    ``asked``: in requests of the shortest kind, see ``node.vault.load``; ``work``: the same of its run so far.
    """

    asked: int = 0
    work: int = 0
    chunks: int = 0
    vault: TwinVault | None = None  # the run that said so last
    since_s: float = 0.0
    lately: int = 0
    by_twin: int = 0

    def begin(self, now_s: float) -> None:
        self.since_s, self.lately, self.by_twin = now_s, 0, 0


@dataclass(slots=True)
class Stock:
    """What lies in a twin's folder.  A file takes a place of the disk however short it is, and a folder does, too.

    Of one that has too much not all is counted.
    """

    quota_bytes: int
    in_bytes: int = 0
    on_disk_bytes: int = 0
    count: int = 0

    @property
    def is_too_much(self) -> bool:
        """Whether it is more than any vault that keeps to its quota has there.

        One has as many places as make up its quota, so it may take that twice.
        """
        is_long = self.in_bytes >= self.quota_bytes + SPARE_BYTES
        return is_long or self.on_disk_bytes >= 2 * self.quota_bytes + SPARE_BYTES

    @property
    def is_short_of_room(self) -> bool:
        """Whether a vault has come to the last of its room, of which it gives everyone next to nothing."""
        room = Room(self.quota_bytes, self.in_bytes, self.count)
        return room.left_bytes < room.others_bytes // LAST_ROOM + CHUNK_BYTES_MAX


class Overuse:
    """Looks at both twins of one trial and tells the trial what it finds."""

    def __init__(
        self, twins: Twins, quota_bytes: int, step: Callable[[Event], None], now_s: Callable[[], float]
    ) -> None:
        self._twins = twins
        self._quota_bytes = quota_bytes
        self._step = step
        self._now_s = now_s
        self._told: dict[Twin, _Told] = {"candidate": _Told(), "control": _Told()}
        self._stocks: dict[Twin, Stock] = {"candidate": Stock(quota_bytes), "control": Stock(quota_bytes)}
        self._is_glutton = False

    def sampled(self, candidate: Usage, control: Usage) -> UsageSampled:
        """What both took at the same moment, as the trial is told it, with what both were asked and hold."""
        self._is_glutton = candidate.rss_bytes >= GLUTTON * control.rss_bytes
        return UsageSampled(self._now_s(), self._used("candidate", candidate), self._used("control", control))

    def _used(self, name: Twin, usage: Usage) -> Used:
        return Used(usage.cpu_ns, usage.rss_bytes, self._told[name].asked, self._stocks[name].on_disk_bytes)

    def beside(self, event: Event) -> Event:
        """The same, with whether others have filled the candidate, by what lies in its folder."""
        ours, theirs = self._stocks["candidate"], self._stocks["control"]
        has_more = ours.on_disk_bytes - theirs.on_disk_bytes > self._quota_bytes // LAST_ROOM
        if not isinstance(event, PairMeasured) or not (ours.is_short_of_room or has_more):
            return event
        return replace(event, pair=replace(event.pair, is_filled=True))

    def was_starved(self, name: Twin, vault: TwinVault) -> bool:
        """Whether a vault that has ended was ended for want of memory, and the candidate had not taken that.

        Else its trials would be void, one after the other, and in the end it could be taken without a proof.  What it
        took is held against it, whichever of both had to end for it.
        """
        if vault.was_starved and self._is_glutton and name == "control":
            self._step(Denied(self._now_s(), "candidate", TOOK_MEMORY))
        return vault.was_starved and not self._is_glutton

    async def weigh(self) -> None:
        """End a twin that takes more of the disk than it was given; its sandbox limits each file, not their number."""
        for side in self._twins.shuffled():
            self._stocks[side.name] = found = await asyncio.to_thread(stock_of, side.data, self._quota_bytes)
            if found.is_too_much:
                self._step(Denied(self._now_s(), side.name, "it took more of the disk than it was given"))
                if side.vault is not None:
                    side.vault.kill()

    async def hear(self) -> None:
        """Ask both how much they are asked.

        A twin says what came since it was asked this before; one of an older version says nothing of that.
        """
        await asyncio.gather(*(self._hear(side) for side in self._twins.shuffled()))

    async def _hear(self, side: Side) -> None:
        vault = side.vault
        if vault is None:
            return
        try:
            state = await vault.ask(control.GetState, STATE_S)
        except TwinFailed:
            return  # that it does not answer is found out in other ways
        if not isinstance(state, control.State) or state.load is None:
            return
        told, load = self._told[side.name], state.load
        before = told.work if told.vault is vault else 0
        told.work = max(before, min(COUNTER_MAX, state.counters.get(WORK, 0)))
        more = told.work - before if WORK in state.counters else max(0, load.all)  # of an older version
        told.asked, told.chunks = min(COUNTER_MAX, told.asked + more), state.chunk_count
        if told.vault is not vault:
            told.vault = vault
            told.begin(self._now_s())
            return
        (other,) = (one for one in self._twins.sides.values() if one is not side)
        told.lately += load.all
        told.by_twin += load.most if load.by == other.vault_id else 0

    async def look(self) -> tuple[Outcome, str] | None:
        """How and why the trial has to end at once, because one keeps the other busy; None if neither does."""
        await self.hear()
        is_busy = {side.name: self._is_kept_busy(side) for side in self._twins.shuffled()}
        if is_busy["control"]:
            return "keep", KEPT_BUSY
        return ("void", CONTROL_KEPT_BUSY) if is_busy["candidate"] else None

    def _is_kept_busy(self, side: Side) -> bool:
        """Whether it says that its twin did that to it since the last look."""
        told, now_s = self._told[side.name], self._now_s()
        seconds = now_s - told.since_s
        if side.vault is None or told.vault is not side.vault or seconds < LOOK_S_MIN / 2:
            return False
        enough = BUSY_PER_S * seconds + BUSY_PER_CHUNK * told.chunks
        is_busy = told.by_twin > max(enough, BUSY_SHARE * told.lately)
        told.begin(now_s)
        return is_busy


def stock_of(data: Path, quota_bytes: int) -> Stock:
    """What lies in a twin's folder.  Blocking.  The look ends when it is too much: there may be millions of files."""
    found = Stock(quota_bytes)
    for entry_bytes in sizes_below(data):
        found.in_bytes += entry_bytes or 0
        found.on_disk_bytes += max(PLACE_BYTES, entry_bytes or 0)
        found.count += entry_bytes is not None
        if found.is_too_much:
            break
    return found
