"""Twins that take more than their own: of the disk, of memory, or of each other's time.

Both lie next to each other in the network, and each knows where the other one is.  A candidate that keeps its twin busy
makes it slow, and looks fast beside it.  Who asks a vault most is told by the vault itself, and that word is unsigned:
what the control says of the candidate leaves it not proven, and what the candidate says of the control makes the trial
void.  Nothing is refused for it: a version in use that lies could stop its successors for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from node.trial.events import Denied, Event, Twin
from node.trial.verdict import Outcome
from node.update.errors import TwinFailed
from node.update.files.trees import sizes_below
from node.update.ports import TwinVault, Usage
from node.update.trials.sides import Side, Twins
from node.vault import control
from node.vault.core.desk import PLACE_BYTES

SPARE_BYTES: Final = 16 << 20  # beside its quota, for what is on its way
STATE_S: Final = 5.0
# A vault asks the one next to it a few times a minute, besides some proofs of every chunk after either was restarted.
# Ten requests a second take about a hundredth of a processor.
BUSY_PER_S: Final = 10.0
BUSY_PER_CHUNK: Final = 4.0
BUSY_SHARE: Final = 0.5  # of all that its twin was asked meanwhile
GLUTTON: Final = 2.0  # who takes so many times the memory of its twin is what the memory has run out for
TOOK_MEMORY: Final = "it took the memory that its twin lacked"
KEPT_BUSY: Final = "it kept its twin busy"
CONTROL_KEPT_BUSY: Final = "the current version kept the twin beside it busy"


class Overuse:
    """Looks at both twins of one trial and tells the trial what it finds."""

    def __init__(
        self, twins: Twins, quota_bytes: int, step: Callable[[Event], None], now_s: Callable[[], float]
    ) -> None:
        self._twins = twins
        self._quota_bytes = quota_bytes
        self._step = step
        self._now_s = now_s
        self._looked: dict[Twin, tuple[TwinVault, float]] = {}  # the run that was asked last, and when
        self._is_glutton = False

    def sampled(self, candidate: Usage, control: Usage) -> None:
        """What both took at the same moment."""
        self._is_glutton = candidate.rss_bytes >= GLUTTON * control.rss_bytes

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
            if await asyncio.to_thread(is_too_much, side.data, self._quota_bytes):
                self._step(Denied(self._now_s(), side.name, "it took more of the disk than it was given"))
                if side.vault is not None:
                    side.vault.kill()

    async def look(self) -> tuple[Outcome, str] | None:
        """How and why the trial has to end at once, because one keeps the other busy; None if neither does.

        A twin says what it was asked since the last look; one of an older version says nothing of that.
        """
        is_busy = {side.name: await self._is_kept_busy(side) for side in self._twins.shuffled()}
        if is_busy["control"]:
            return "keep", KEPT_BUSY
        return ("void", CONTROL_KEPT_BUSY) if is_busy["candidate"] else None

    async def _is_kept_busy(self, side: Side) -> bool:
        """Whether it says that its twin does that to it."""
        vault = side.vault
        if vault is None:
            return False
        try:
            state = await vault.ask(control.GetState, STATE_S)
        except TwinFailed:
            return False  # that it does not answer is found out in other ways
        last, self._looked[side.name] = self._looked.get(side.name), (vault, self._now_s())
        if last is None or last[0] is not vault or not isinstance(state, control.State) or state.load is None:
            return False
        (other,) = (one for one in self._twins.sides.values() if one is not side)
        load, seconds = state.load, self._now_s() - last[1]
        enough = BUSY_PER_S * seconds + BUSY_PER_CHUNK * state.chunk_count
        return load.by == other.vault_id and load.most > max(enough, BUSY_SHARE * load.all)


def is_too_much(data: Path, quota_bytes: int) -> bool:
    """Whether there lies more in a twin's folder than any that keeps to its quota has there.  Blocking.

    A file takes a place of the disk however short it is, and a folder does, too.  A vault has as many places as make up
    its quota, so it may take that twice.  That also ends the look: there may be millions of files.
    """
    in_bytes = on_disk_bytes = 0
    for entry_bytes in sizes_below(data):
        in_bytes += entry_bytes or 0
        on_disk_bytes += max(PLACE_BYTES, entry_bytes or 0)
        if in_bytes >= quota_bytes + SPARE_BYTES or on_disk_bytes >= 2 * quota_bytes + SPARE_BYTES:
            return True
    return False
