"""The comparison of the twins: blocks one after the other, each weighed by the rule in every metric."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from node.trial import verdict as says
from node.trial.evidence import Block, History, Mark, Pair, Usage
from node.trial.profile import ALARM_ONLY, METRICS, MetricName, Profile
from node.trial.ratchet import Estimate, Estimates, worst
from node.trial.rule import Gauge
from node.trial.verdict import MetricProgress, Noise

TOUCHED_S: Final = 60.0  # before a cut, in which whatever ends the node, or the computer, may have disturbed the twins

# When all requests are slow, or all memory is more, that is said rather than its consequence.
PLAINER: Final[dict[MetricName, MetricName]] = {"tail": "p50", "leak": "mem"}


class Comparison(msgspec.Struct):
    """What all closed blocks say, and the open block.  ``pairs`` are those of closed blocks.

    At home a block takes longer than most computers are on in one go, so it goes on after they were off or slept.
    """

    gauges: dict[MetricName, Gauge] = msgspec.field(default_factory=lambda: {name: Gauge() for name in METRICS})
    block: Block = msgspec.field(default_factory=Block)
    history: History = msgspec.field(default_factory=History)
    blocks: int = 0
    pairs: int = 0

    sound: Mark | None = None  # up to which the open block is certainly undisturbed
    latest: Mark | None = None  # what may become that
    is_cut: bool = False  # and no pair was told since: the next one may have been asked before it

    def add(self, pair: Pair) -> None:
        if not self.is_cut:
            self.block.add(pair)
        self.is_cut = False

    def add_usage(self, candidate: Usage, control: Usage) -> None:
        self.block.add_usage(candidate, control)

    def pass_time(self, seconds: float) -> None:
        self.block.seconds += seconds
        if self.latest is None:
            self.latest = self.block.mark()
        elif self._is_sound(self.latest):
            self.sound, self.latest = self.latest, self.block.mark()

    def begin_runs(self) -> None:
        """A twin came or went: what both have used is counted anew from the next sample."""
        self.block.begin_runs()

    def cut(self) -> None:
        """Nothing is compared for a while: the open block goes on afterwards, without its last TOUCHED_S."""
        if self.latest is not None and self._is_sound(self.latest):
            self.sound = self.latest
        self.block = Block() if self.sound is None else self.block.back_to(self.sound)
        self.latest, self.is_cut = None, True

    def _is_sound(self, mark: Mark) -> bool:
        return self.block.seconds - mark.seconds >= TOUCHED_S

    def disturb(self, *, is_brief: bool) -> None:
        """Something other than the twins disturbed the open block: it is void, or what came last if that was brief.

        What is brief may come again and again.  Were a whole block void each time, none would ever be complete beside
        a version in use that ends every hour, and no release could take its place.
        """
        if is_brief:
            self.cut()
        else:
            self._open(Block())

    def _open(self, block: Block) -> None:
        self.block, self.sound, self.latest = block, None, None

    def is_block_complete(self, profile: Profile) -> bool:
        return self.block.seconds >= profile.block_s and self.block.pairs >= profile.pairs_per_block_min

    def close_block(self, profile: Profile) -> None:
        assert self.is_block_complete(profile)
        self.blocks += 1
        self.pairs += self.block.pairs
        margins = profile.margins.by_name()
        found = self.block.measure(self.history)
        certain = self.block.certain(found)
        for name, x in found.items():
            self.gauges[name].add(x, margins[name], certain[name])
        self._open(self.block.next())

    def alarm(self, profile: Profile) -> str | None:
        """The sentence of the worst metric that is proven to be worse than its margin, whatever strangers did."""
        bad = {name: gauge.refusing.bad for name, gauge in self.gauges.items()}
        worst = max(METRICS, key=lambda name: bad[name])
        if bad[worst] < profile.alarm:
            return None
        plainer = PLAINER.get(worst, worst)
        named = plainer if bad[plainer] >= profile.suspect else worst
        return says.worse(named, self.gauges[named].mean_of_rise, profile.margins.by_name()[named])

    def missing(self, profile: Profile) -> list[str]:
        """What the metrics still lack for a promotion, in words; empty when every one is proven and calm.

        Where no proof is needed, calm is enough.
        """
        provable = [name for name in METRICS if name != ALARM_ONLY] if profile.needs_proof else []
        unproven = [name for name in provable if not self._is_proven(name, profile)]
        words = [says.unproven(unproven)] if unproven else []
        return words + [says.suspected(name) for name in METRICS if self._is_suspect(name, profile)]

    def estimates(self) -> Estimates:
        """By how much the candidate is worse than its twin, in the metrics that can be proven."""
        measured = {name: gauge.metric for name, gauge in self.gauges.items() if name != ALARM_ONLY and gauge.metric.n}
        return {name: Estimate(metric.mean, metric.variance_of_mean()) for name, metric in measured.items()}

    def drifted(self, distances: tuple[Estimates, ...], profile: Profile) -> list[str]:
        """In what the candidate is proven to be worse than some version of the last year by more than a margin."""
        margins = profile.margins.by_name()
        found = worst(self.estimates(), distances, profile.alpha)
        return [says.drifted(name, mean * margins[name], margins[name]) for name, mean in found.items()]

    def metric_progress(self, profile: Profile) -> tuple[MetricProgress, ...]:
        return tuple(self._progress_of(name, profile) for name in METRICS)

    def noise(self) -> tuple[Noise, ...]:
        return tuple(
            Noise(name, gauge.metric.n, gauge.metric.mean, gauge.metric.deviation())
            for name, gauge in self.gauges.items()
        )

    def _is_proven(self, name: MetricName, profile: Profile) -> bool:
        return self.gauges[name].metric.ok >= 1.0 / profile.alpha

    def _is_suspect(self, name: MetricName, profile: Profile) -> bool:
        return self.gauges[name].metric.bad >= profile.suspect

    def _progress_of(self, name: MetricName, profile: Profile) -> MetricProgress:
        gauge, margin = self.gauges[name], profile.margins.by_name()[name]
        low, high = gauge.metric.interval()
        is_suspect = self._is_suspect(name, profile)
        is_calm = gauge.metric.n > 0 and not is_suspect
        return MetricProgress(
            name=name,
            estimate=None if gauge.mean is None else says.factor(gauge.mean),
            low=says.factor(margin * low) if math.isfinite(low) else None,
            high=says.factor(margin * high) if math.isfinite(high) else None,
            limit=says.factor(margin),
            is_proven=is_calm if name == ALARM_ONLY else self._is_proven(name, profile),
            is_alarming=is_suspect,
        )
