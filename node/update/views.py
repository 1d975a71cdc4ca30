"""What the local API tells of updates (pure)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from node.api.schema import MetricView, Phase, RolloutView, TrialView, Update
from node.trial.verdict import Progress
from node.trust.release import Release
from node.update.events import Limits
from node.update.lifecycle import Lifecycle
from node.update.store import Record

MINUTE_S: Final = 60.0


def trial_view(release: Release, phase: Phase, started_s: float, progress: Progress) -> TrialView:
    """What a trial has found so far; nothing in it tells how long it will last."""
    noise = {one.name: one.sd for one in progress.noise if one.n > 1}
    metrics = tuple(
        MetricView(
            name=m.name,
            estimate=m.estimate,
            low=m.low,
            high=m.high,
            limit=m.limit,
            is_proven=m.is_proven,
            is_alarming=m.is_alarming,
            noise=noise.get(m.name),
        )
        for m in progress.metrics
    )
    return TrialView(
        release=release.name,
        version=release.version,
        phase=phase,
        started_s=started_s,
        blocks=progress.blocks,
        pairs=progress.pairs,
        verified_reads=progress.verified_reads,
        lost=progress.lost,
        wrong=progress.wrong,
        restarts=progress.restarts,
        neighbours_rated=progress.neighbours_rated,
        neighbours_needed=progress.neighbours_needed,
        metrics=metrics,
    )


def update_view(record: Record, now_s: float, utc_s: float, limits: Limits, rollout: RolloutView | None) -> Update:
    """One release, its times as of now (``now_s`` of the lifecycle's clock)."""
    way = record.way
    seconds = dict(way.seconds)
    if not way.is_over:
        seconds[way.phase] = seconds.get(way.phase, 0.0) + max(0.0, now_s - way.since_s)
    return Update(
        release=record.release.name,
        version=record.release.version,
        tree_hash=record.release.tree_hash,
        phase=way.phase,
        verdict=way.verdict,
        reason=way.reason,
        signers=record.release.signers,
        announced_s=record.announced_s,
        decided_s=record.decided_s,
        bytes_fetched=record.bytes_fetched,
        seconds=seconds,
        trial=with_phase(record.trial, way.phase),
        is_recalled=way.is_recalled,
        watched_until_s=_watched_until_s(way, now_s, utc_s, limits),
        again_s=_again_s(way, now_s, utc_s, limits),
        exception=way.exception,
        is_urgent=record.release.is_urgent,
        rollout=rollout,
        notes=record.release.notes,
    )


def _watched_until_s(way: Lifecycle, now_s: float, utc_s: float, limits: Limits) -> float | None:
    """When the watch ends if the node runs until then, to the minute: what is told shall not change all the time."""
    if way.watch is None:
        return None
    return _to_the_minute(utc_s + max(0.0, way.watch.left_s(limits) - max(0.0, now_s - way.since_s)))


def _again_s(way: Lifecycle, now_s: float, utc_s: float, limits: Limits) -> float | None:
    """When a take-over that took too long is tried again, as above."""
    return _to_the_minute(utc_s + max(0.0, way.due_s(limits) - now_s)) if way.is_waiting else None


def _to_the_minute(at_s: float) -> float:
    return math.ceil(at_s / MINUTE_S) * MINUTE_S


def with_phase(view: TrialView | None, phase: Phase) -> TrialView | None:
    """The view of a trial of which the phase has moved on."""
    return None if view is None else msgspec.structs.replace(view, phase=phase)


def newest_trial(updates: Iterable[Update]) -> TrialView | None:
    """The trial that started last."""
    trials = [update.trial for update in updates if update.trial is not None]
    return max(trials, key=lambda trial: trial.started_s, default=None)
