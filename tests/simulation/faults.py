"""What goes wrong, as data: a plan of faults is drawn from a seed before the world starts.

``Atlas`` limits it to what the network promises to survive: of a chunk's holders no more are lost, within the time that
a repair takes, than all but one.  It counts by the promise and not by the copies that are really there: a network that
repairs nothing loses its chunks here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.vault.core.close_group import CLOSE_GROUP_SUBNETS
from tests.simulation.network import LineOptions


@dataclass(frozen=True, slots=True)
class Kill:
    """The process dies, the computer does not."""

    host: int
    for_s: float


@dataclass(frozen=True, slots=True)
class PowerCut:
    """The power fails inside the disk's change number ``change`` from now (0: at once)."""

    host: int
    change: int
    for_s: float


@dataclass(frozen=True, slots=True)
class CutAtStart:
    """The power fails, comes back, and fails again inside the disk's change number ``change`` of the start."""

    host: int
    change: int
    for_s: float


@dataclass(frozen=True, slots=True)
class Wipe:
    """The farmer puts in a new, empty disk."""

    host: int
    for_s: float


@dataclass(frozen=True, slots=True)
class Vanish:
    """A farm is gone for good, without a word."""

    host: int


@dataclass(frozen=True, slots=True)
class Depart:
    """A farm leaves in order, for good, after handing over its chunks."""

    host: int
    handover_s: float


@dataclass(frozen=True, slots=True)
class Join:
    """A new farm."""


@dataclass(frozen=True, slots=True)
class Rot:
    """Bits flip in some chunks on the disk."""

    host: int
    chunks: int


@dataclass(frozen=True, slots=True)
class BadSectors:
    """Some chunks on the disk cannot be read any more, until they are written anew."""

    host: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Misdirect:
    """One of the next writes lands on another chunk."""

    host: int
    write: int


@dataclass(frozen=True, slots=True)
class Unplug:
    host: int
    for_s: float


@dataclass(frozen=True, slots=True)
class Full:
    """Something else has filled the disk, but for ``spare_bytes``: what is larger than what is left of them fails."""

    host: int
    spare_bytes: int
    for_s: float


@dataclass(frozen=True, slots=True)
class DiskErrors:
    """So many calls fail with EIO: changes, and reads of chunks."""

    host: int
    count: int


@dataclass(frozen=True, slots=True)
class Divide:
    """A share of all vaults and the others do not hear each other."""

    share: float
    for_s: float


@dataclass(frozen=True, slots=True)
class OneWay:
    """``target`` does not hear ``source``."""

    source: int
    target: int
    for_s: float


@dataclass(frozen=True, slots=True)
class Lines:
    """All lines are bad: slow, lossy, breaking, repeating."""

    options: LineOptions
    for_s: float


@dataclass(frozen=True, slots=True)
class Silence:
    """So many beats were lost that a living neighbour counts as silent."""

    host: int


@dataclass(frozen=True, slots=True)
class Shrink:
    """The farmer lends less, down to ``share`` of what is used; and after a while as much as before."""

    host: int
    share: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """The calendar jumps."""

    host: int
    by_s: float


@dataclass(frozen=True, slots=True)
class Reboot:
    """The router before a farm forgets through which ports its vault can be dialled."""

    host: int


Fault = (
    Kill | PowerCut | CutAtStart | Wipe | Vanish | Depart | Join | Rot | BadSectors | Misdirect | Unplug | Full
    | DiskErrors | Divide | OneWay | Lines | Silence | Shrink | Step | Reboot
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timed:
    at_s: float
    fault: Fault


DOWN_S_MAX: Final = 120.0
BAD_S_MAX: Final = 60.0
STEP_S_MAX: Final = 250.0  # two calendars stay within the skew that is allowed
HANDOVER_S: Final = 60.0
SPARE_BYTES_MAX: Final = 10_000
START_CHANGES: Final = 8  # of the disk, in a start that finds something to clean up
BAD_LINES: Final = LineOptions(0.02, 0.2, loss=0.15, repeated=0.05, broken=0.02, bytes_per_s=5e5)

MAKERS: Final[dict[str, Callable[[random.Random, int], Fault]]] = {
    "kill": lambda chance, host: Kill(host, DOWN_S_MAX * chance.random()),
    "cut": lambda chance, host: PowerCut(host, 0, DOWN_S_MAX * chance.random()),
    "cut-at": lambda chance, host: PowerCut(host, 1 + chance.randrange(12), DOWN_S_MAX * chance.random()),
    "cut-start": lambda chance, host: CutAtStart(host, chance.randrange(START_CHANGES), DOWN_S_MAX * chance.random()),
    "wipe": lambda chance, host: Wipe(host, DOWN_S_MAX * chance.random()),
    "vanish": lambda _chance, host: Vanish(host),
    "depart": lambda _chance, host: Depart(host, HANDOVER_S),
    "join": lambda _chance, _host: Join(),
    "rot": lambda chance, host: Rot(host, 1 + chance.randrange(3)),
    "bad-sectors": lambda chance, host: BadSectors(host, 1 + chance.randrange(3)),
    "misdirect": lambda chance, host: Misdirect(host, 1 + chance.randrange(3)),
    "unplug": lambda chance, host: Unplug(host, BAD_S_MAX * chance.random()),
    "full": lambda chance, host: Full(host, 0, BAD_S_MAX * chance.random()),
    "nearly-full": lambda chance, host: Full(host, chance.randrange(SPARE_BYTES_MAX), BAD_S_MAX * chance.random()),
    "errors": lambda chance, host: DiskErrors(host, 1 + chance.randrange(6)),
    "divide": lambda chance, _host: Divide(0.1 + 0.4 * chance.random(), BAD_S_MAX * chance.random()),
    "one-way": lambda chance, host: OneWay(host, chance.randrange(1 << 16), BAD_S_MAX * chance.random()),
    "lines": lambda chance, _host: Lines(BAD_LINES, BAD_S_MAX * chance.random()),
    "silence": lambda _chance, host: Silence(host),
    "shrink": lambda chance, host: Shrink(host, chance.random(), BAD_S_MAX * chance.random()),
    "step": lambda chance, host: Step(host, STEP_S_MAX * (2 * chance.random() - 1)),
    "reboot": lambda _chance, host: Reboot(host),
}
CHURN: Final = ("kill", "cut", "wipe", "vanish", "depart")  # each as often as the others; joins keep the number


def draw(seed: str, kinds: tuple[str, ...], count: int, start_s: float, end_s: float) -> list[Timed]:
    """``count`` faults at any time between the two, of each kind as many; for each that is gone one that joins."""
    chance = random.Random(f"{seed}/faults")
    drawn: list[Timed] = []
    coming: list[str] = []  # drawn anew when all kinds have had their turn: which of them comes more often is chance
    for _ in range(count):
        coming = coming or chance.sample(kinds, len(kinds))
        fault = MAKERS[coming.pop()](chance, chance.randrange(1 << 16))
        drawn.append(Timed(start_s + (end_s - start_s) * chance.random(), fault))
        if isinstance(fault, (Vanish, Depart)):
            drawn.append(Timed(start_s + (end_s - start_s) * chance.random(), Join()))
    return sorted(drawn, key=lambda timed: timed.at_s)


@dataclass(slots=True)
class Atlas:
    """What may be lost.  ``holders`` counts the vaults that a chunk's group can have, ``down`` those out of reach."""

    repair_s: float
    holders: Callable[[], int]
    down: Callable[[bytes], int]
    spared: int = 0
    losses: dict[bytes, list[float]] = field(default_factory=dict)  # when a copy was lost, by address

    def acknowledged(self, address: bytes, copies: int, now_s: float) -> None:
        """A chunk that starts with fewer copies than it shall have has lost the others already."""
        self.losses.setdefault(address, []).extend([now_s] * (self._holders() - copies))

    def may_lose(self, addresses: list[bytes], now_s: float, *, is_up: bool = True) -> bool:
        """Whether one more copy of each of these may be lost; if so, it counts as lost."""
        most = self._holders() - 1
        for address in addresses:
            kept = self.losses.get(address, [])
            recent = [at_s for at_s in kept if at_s > now_s - self.repair_s]
            if recent != kept:
                self.losses[address] = recent
            if len(recent) + self.down(address) + is_up > most:
                self.spared += 1
                return False
        for address in addresses:
            self.losses.setdefault(address, []).append(now_s)
        return True

    def _holders(self) -> int:
        return min(CLOSE_GROUP_SUBNETS, self.holders())
