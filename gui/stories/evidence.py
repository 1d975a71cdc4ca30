"""What was seen of a release while it was tried out, told for the Updates page.  Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gui.texts import release as words
from node.api.schema import MetricView, TrialView

Mark = Literal["ok", "wait", "note", "bad", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its figure in words, and a verdict with its mark."""

    figure: str
    mark: Mark
    verdict: str


@dataclass(frozen=True, slots=True)
class Range:
    """What is probable for the speed, in per cent; negative is slower."""

    low: float
    best: float
    high: float
    limit: float
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Also:
    name: str
    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    title: str
    data: Finding
    blocks: int
    faults: int
    votes: Finding
    rated: int
    needed: int
    speed: Finding
    speed_range: Range | None
    also: tuple[Also, ...]
    is_open: bool


def tell_evidence(trial: TrialView, *, is_open: bool) -> Evidence:
    faults = trial.lost + trial.wrong
    if faults:
        data = Finding(words.asked_for(trial.verified_reads), "fault", words.lost_and_wrong(trial.lost, trial.wrong))
    elif trial.verified_reads:
        data = Finding(words.asked_for(trial.verified_reads), "ok", words.NONE_LOST)
    else:
        asked = words.NOTHING_ASKED if is_open else words.NOTHING_WAS_ASKED
        data = Finding(asked, "wait", words.STILL_MEASURING if is_open else words.NOT_MEASURED)
    is_enough = trial.neighbours_rated >= trial.neighbours_needed > 0
    lacking = words.TOO_SMALL_TO_RATE
    if trial.neighbours_needed:
        lacking = words.at_least(trial.neighbours_needed, is_open=is_open)
    votes = Finding(
        words.rated(trial.neighbours_rated, is_open=is_open),
        "ok" if is_enough else "wait",
        words.ENOUGH_RATED if is_enough else lacking,
    )
    by_name = {metric.name: metric for metric in trial.metrics}
    speed = by_name.pop("p50", None)
    return Evidence(
        title=words.SEEN_SO_FAR if is_open else words.seen_of(trial.version),
        data=data,
        blocks=trial.blocks,
        faults=faults,
        votes=votes,
        rated=trial.neighbours_rated,
        needed=trial.neighbours_needed,
        speed=_speed(speed, is_open=is_open),
        speed_range=_range(speed),
        also=tuple(_also(metric, is_open=is_open) for metric in by_name.values() if metric.name in words.METRICS),
        is_open=is_open,
    )


def _has_range(metric: MetricView) -> bool:
    return metric.low is not None and metric.high is not None and math.isfinite(metric.low + metric.high)


def _mark(metric: MetricView) -> Mark:
    if metric.is_alarming:
        return "fault"
    # Of a trend nothing is ever proven: that it raises no alarm is all there is to say.
    is_good = _has_range(metric) if metric.name == "leak" else metric.is_proven
    return "ok" if is_good else "wait"


def _speed(metric: MetricView | None, *, is_open: bool) -> Finding:
    open_word = words.STILL_MEASURING if is_open else words.NOT_GOOD_ENOUGH
    if metric is None or metric.estimate is None:
        return Finding(words.NOTHING_MEASURED if is_open else words.NOT_MEASURED, "wait", open_word)
    figure = words.first_guess(metric.estimate, is_open=is_open)
    if metric.low is not None and metric.high is not None and _has_range(metric):
        figure = words.speed(metric.low, metric.high, metric.estimate)
    verdict = {"fault": words.TOO_SLOW, "ok": words.PROVEN}.get(_mark(metric), open_word)
    return Finding(figure, _mark(metric), verdict)


def _range(metric: MetricView | None) -> Range | None:
    if metric is None or metric.low is None or metric.high is None or not _has_range(metric):
        return None
    best = metric.estimate if metric.estimate is not None else (metric.low * metric.high) ** 0.5
    low, best, high, limit = ((1 - factor) * 100 for factor in (metric.high, best, metric.low, metric.limit))
    return Range(low, best, high, limit, is_proven=metric.is_proven)


def _also(metric: MetricView, *, is_open: bool) -> Also:
    name, more, less = words.METRICS[metric.name]
    text = words.STILL_MEASURING if is_open else words.NOT_MEASURED
    if metric.low is not None and metric.high is not None and _has_range(metric):
        text = words.between(metric.low, metric.high, more, less)
    return Also(name, _mark(metric), text)
