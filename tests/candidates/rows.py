"""A row of the matrix: a release, how it must end, and whether it did."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from node.practice.releases import Change
from tests.homes import Release

# "anything": the rule cannot see it at this size, or it is not for the rule to see; nothing outside may be touched.
Ending = Literal["promoted", "not promoted", "anything"]

# What a trial says that ran out of time.  What it names after that is what it did not find out.
UNDECIDED: Final = "not proven within"


@dataclass(frozen=True, slots=True)
class Row:
    """A release as source: passages of this very vault replaced.

    ``reasons``: one of them stands in what each farm found out; empty where the farm need not say why.  ``unseen``: why
    no trial of this size can be relied on to see it.  ``is_attempt``: it reaches for what the sandbox keeps from it,
    and logs what came of it.  ``watched_s``: for so long after it was taken over it may still be taken back.
    """

    name: str
    does: str
    changes: tuple[Change, ...]
    ending: Ending
    reasons: tuple[str, ...] = ()
    unseen: str = ""
    is_attempt: bool = False
    watched_s: float = 0.0

    @property
    def is_harmless(self) -> bool:
        """Whether a farm that took it over is as good as before, for whatever is played next."""
        return self.is_attempt or self.ending == "promoted"


@dataclass(frozen=True, slots=True)
class ModelledRow:
    """A release as a model, tried by the rule with the numbers of a real farm.  It must be refused."""

    name: str
    does: str
    release: Release
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class End:
    """How it ended at one farm.  ``verdict`` is empty while it is not decided."""

    farm: str
    verdict: str
    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Traces:
    """What attempts left behind: how often one was refused, what succeeded, files where none may be."""

    refused: int = 0
    succeeded: tuple[str, ...] = ()
    planted: tuple[str, ...] = ()


def complaints(row: Row | ModelledRow, ends: Sequence[End], traces: Traces) -> list[str]:
    """What did not end as it should; empty when all did."""
    ending = row.ending if isinstance(row, Row) else "not promoted"
    found = [complaint for end in ends if (complaint := _about(end, ending, row.reasons))]
    found += [f"it succeeded: {what}" for what in traces.succeeded]
    found += [f"it wrote {what}" for what in traces.planted]
    if isinstance(row, Row) and row.is_attempt and not traces.refused:
        found.append("it attempted nothing")
    return found


def digest(row: Row | ModelledRow) -> str:
    """A short name of all that the row says: what was found of another row of this name says nothing of this one."""
    return hashlib.sha256(repr(row).encode()).hexdigest()[:16]


def _about(end: End, ending: Ending, reasons: tuple[str, ...]) -> str:
    said = f"{end.farm}: {end.verdict or 'undecided'} ({end.reason})"
    if not end.verdict:
        return said
    is_promoted = end.verdict == "promoted"
    if (ending == "promoted" and not is_promoted) or (ending == "not promoted" and is_promoted):
        return said
    is_decided = not end.reason.startswith(UNDECIDED)
    is_reason_known = not reasons or (is_decided and any(reason in end.reason for reason in reasons))
    return "" if is_reason_known else f"{said}, which is no reason of its"
