"""How the version in use compares with those of the last year, from the history of releases (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from node.trial.ratchet import Estimates, Step, distances
from node.update.store import Record


def distances_of(in_use: str, records: Iterable[Record], utc_s: float) -> tuple[Estimates, ...]:
    """The version in use beside each one that it came from, as their trials saw them; newest first.

    What was rolled back or recalled is no step: nothing that is in use came from it.  Nor is a release of files that
    were in use already: it replaced nothing, and must not hide what they replaced.
    """
    steps = [
        Step(record.way.tree_hash, record.way.baseline, record.decided_s, record.estimates)
        for record in records
        if record.way.phase == "confirmed" and record.way.baseline and record.decided_s is not None
    ]
    return distances(in_use, steps, utc_s)
