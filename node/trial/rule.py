"""The decision rule for one metric: evidence that may be looked at after every block.

A block gives one number in margin units: z = 0 is as good as the twin, z = 1 exactly at the margin.  Two
running products weigh the blocks: ``ok`` grows while the candidate is shown to be better than the margin,
``bad`` while it is shown to be worse.  For independent blocks ``ok`` is a non-negative supermartingale when
the candidate is at least one margin worse, so it ever reaches 1/alpha with a chance of at most alpha,
whatever the time at which one looks (Ville's inequality).  That is why a random end is free.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

CLIP: Final = 3.0  # z is kept within 1 - CLIP to 1 + CLIP: symmetric about the margin, so that it biases nothing
BET_MAX: Final = 0.9 / CLIP  # every factor stays >= 0.1: no single block can bankrupt or decide
PRIOR_BLOCKS: Final = 4.0  # pseudo-blocks before the first one: no jump at the start
PRIOR_MEAN: Final = 0.5
PRIOR_VARIANCE: Final = 1.0
PRIOR_CORRELATION: Final = 0.3
CORRELATION_MAX: Final = 0.8

SHOWN_BLOCKS_MIN: Final = 5  # no interval is shown before
SHOWN_TIGHTEST: Final = 40.0  # blocks at which the shown interval is tightest
SHOWN_ALPHA: Final = 0.05


class Metric(msgspec.Struct):
    """What is known about one metric: sums over its blocks, and the two products.

    ``mean`` and ``m2`` are Welford's running mean and sum of squared deviations of the clipped z, ``c1`` the
    sum of products of neighbouring deviations.
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    c1: float = 0.0
    prev: float | None = None
    ok: float = 1.0
    bad: float = 1.0

    def add(self, z: float) -> None:
        """Weigh one more block.  The bets use earlier blocks only, as the mathematics demands."""
        assert not math.isnan(z), "a block without a value is left out, not added"
        z = 1.0 + max(-CLIP, min(CLIP, z - 1.0))
        mean = (self.n * self.mean + PRIOR_BLOCKS * PRIOR_MEAN) / (self.n + PRIOR_BLOCKS)
        variance, long_run_variance = self._variances()

        gap = max(0.0, 1.0 - mean)
        bet = min(BET_MAX, gap / (long_run_variance + gap * gap))
        # The exponential corrects for blocks that resemble their neighbours: measured, not a theorem.
        self.ok *= (1.0 + bet * (1.0 - z)) * math.exp(-bet * bet * (long_run_variance - variance) / 2.0)
        bet = min(BET_MAX, 1.0 / (variance + 1.0))
        self.bad = max(1.0, self.bad) * (1.0 + bet * (z - 1.0))

        if self.prev is not None:
            self.c1 += (z - self.mean) * (self.prev - self.mean)
        self.prev = z
        deviation = z - self.mean
        self.n += 1
        self.mean += deviation / self.n
        self.m2 += deviation * (z - self.mean)

    def interval(self) -> tuple[float, float]:
        """Where the true mean of z lies, at 95 %, whenever one looks.  For showing; it never decides.

        A two-sided normal mixture, unbounded before SHOWN_BLOCKS_MIN blocks.
        Source: Waudby-Smith et al., arXiv 2103.06476, in the form that GrowthBook uses.
        """
        if self.n < SHOWN_BLOCKS_MIN:
            return -math.inf, math.inf
        level = -2.0 * math.log(SHOWN_ALPHA)
        rho2 = (level + math.log(level + 1.0)) / SHOWN_TIGHTEST
        spread = self.n * rho2 + 1.0
        variance = self.m2 / self.n
        half_width = math.sqrt(
            variance * 2.0 * spread / (self.n * self.n * rho2) * math.log(math.sqrt(spread) / SHOWN_ALPHA)
        )
        return self.mean - half_width, self.mean + half_width

    def variance_of_mean(self) -> float:
        """How well ``mean`` is known, if neighbouring blocks resemble each other as they did so far."""
        assert self.n > 0, "nothing is known yet"
        return self._variances()[1] / self.n

    def _variances(self) -> tuple[float, float]:
        """Of one block, and in the long run, in which one side may drift slowly.  With the prior."""
        squares = self.m2 + PRIOR_BLOCKS * PRIOR_VARIANCE
        variance = squares / (self.n + PRIOR_BLOCKS)
        prior_products = PRIOR_BLOCKS * PRIOR_VARIANCE * PRIOR_CORRELATION
        correlation = max(0.0, min(CORRELATION_MAX, (self.c1 + prior_products) / squares))
        return variance, variance * (1.0 + correlation) / (1.0 - correlation)

    def deviation(self) -> float:
        """Standard deviation of z over the blocks; 0 before the second one."""
        return math.sqrt(self.m2 / (self.n - 1)) if self.n >= 2 else 0.0


class Gauge(msgspec.Struct):
    """A metric together with its values in their natural unit, unclipped: for sentences, never for decisions.

    ``metric`` weighs all that was seen: it proves, and holds back.  ``certain`` weighs what strangers cannot have made
    of it, once they may have made some; only that may refuse.
    """

    metric: Metric = msgspec.field(default_factory=Metric)
    certain: Metric | None = None  # the same as ``metric``
    total: float = 0.0
    rise: float = 0.0  # sum since ``bad`` last was at its floor: since the candidate became worse, if it did
    rise_n: int = 0

    def add(self, x: float, margin: float, certain: float | None = None) -> None:
        """Weigh a block.  ``certain``: what of ``x`` strangers cannot have made; all of it by default."""
        assert margin > 0.0, margin
        surely = x if certain is None else certain
        assert surely <= x, (surely, x)
        if self.refusing.bad <= 1.0:
            self.rise, self.rise_n = 0.0, 0
        self.rise += surely
        self.rise_n += 1
        self.total += x
        if self.certain is None and surely < x:
            self.certain = msgspec.structs.replace(self.metric)
        if self.certain is not None:
            self.certain.add(surely / margin)
        self.metric.add(x / margin)

    @property
    def refusing(self) -> Metric:
        """What an alarm may be raised for."""
        return self.metric if self.certain is None else self.certain

    @property
    def mean(self) -> float | None:
        return self.total / self.metric.n if self.metric.n else None

    @property
    def mean_of_rise(self) -> float:
        """What the alarm saw: the mean since the metric began to be worse than its margin."""
        return self.rise / self.rise_n if self.rise_n else 0.0
