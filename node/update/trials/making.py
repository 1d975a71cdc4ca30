"""The two sides of a trial before anything of them runs: drawn anew, or as they were when it was cut off."""

from __future__ import annotations

import asyncio
from typing import Final

from node.trial.events import Twin
from node.update.errors import StateUnreadable
from node.update.trials.identities import draw_identities
from node.update.trials.order import TrialOrder
from node.update.trials.sides import Side
from node.update.trials.state import TWINS, KeptTrial
from node.vault.ports import Entropy, Random

EVEN: Final = 0.5


async def drawn_sides(order: TrialOrder, network_size: int, random: Random, entropy: Entropy) -> dict[Twin, Side]:
    """New twins, next to each other in a network of about so many vaults.

    Raises:
        OSError: The data folders could not be made.
    """
    seeds = await asyncio.to_thread(draw_identities, entropy, network_size)
    # Whose folder is made first is drawn too: from the numbers of its files a twin can tell.
    names = TWINS if random.random() < EVEN else TWINS[::-1]
    sides: dict[Twin, Side] = {}
    for name, seed in zip(names, seeds, strict=True):
        data = await asyncio.to_thread(order.folders.make, entropy)
        sides[name] = Side(name, _tree_hash(order, name), data, seed)
    return sides


async def kept_sides(order: TrialOrder, kept: KeptTrial) -> dict[Twin, Side]:
    """The twins of a trial that was cut off.

    Raises:
        StateUnreadable: What a twin had stored is gone.
    """
    sides: dict[Twin, Side] = {}
    for name in TWINS:
        twin = kept.twins[name]
        data = order.folders.at(twin.folder)
        if not await asyncio.to_thread(data.is_dir):
            raise StateUnreadable("what a twin of the trial had stored is gone")
        sides[name] = Side(name, _tree_hash(order, name), data, twin.seed)
    return sides


def _tree_hash(order: TrialOrder, name: Twin) -> str:
    return order.candidate if name == "candidate" else order.control
