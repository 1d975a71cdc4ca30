"""The numbers of a trial: how long, how much evidence, how much worse a release may be.

All profiles share one rule: ``REAL`` for a farm at home, ``PRACTICE`` for a network on one computer, where hours
become seconds, and for both what an urgent release gets.  The constants of the rule itself (bets, clipping, priors)
are in ``rule`` and the same for all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

MetricName = Literal["p50", "tail", "cpu", "mem", "leak", "bytes", "fail"]
METRICS: Final[tuple[MetricName, ...]] = ("p50", "tail", "cpu", "mem", "leak", "bytes", "fail")
ALARM_ONLY: Final[MetricName] = "leak"  # a trend: it can refuse a release, but nothing is to be proven about it
TAIL_SHARE: Final = 0.10  # the share of requests that ``tail`` looks at: those slower than the 90 % quantile

_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S


@dataclass(frozen=True, slots=True)
class Margins:
    """By how much the candidate may be worse than its twin, in the natural unit of each metric."""

    p50: float  # ln of the ratio of request times
    tail: float  # mean excess of ln(request time) above the control's 90 % quantile, candidate minus control
    cpu: float  # ln of the ratio of processor time
    mem: float  # ln of the ratio of memory
    leak: float  # ln of that ratio against its earlier mean
    bytes: float  # ln of the ratio of bytes on the wire
    fail: float  # failed share of requests, candidate minus control

    def by_name(self) -> dict[MetricName, float]:
        return {
            "p50": self.p50,
            "tail": self.tail,
            "cpu": self.cpu,
            "mem": self.mem,
            "leak": self.leak,
            "bytes": self.bytes,
            "fail": self.fail,
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """All numbers of a trial.  ``_s`` are seconds, ``_share`` are parts of 1, ``_min`` and ``_max`` are limits."""

    name: Literal["real", "urgent", "practice", "practice urgent"]
    margins: Margins

    # A block: one comparison.  It lasts until both twins were up for block_s and enough pairs were taken.
    block_s: float
    pairs_per_block_min: int
    warmup_s: float  # after both twins joined: pairs count for safety, not for blocks

    # The private duration is trial_s_min plus an exponential time of mean trial_s_mean.
    trial_s_min: float
    trial_s_mean: float
    trial_s_max: float  # in which the computer is awake

    # Minimum evidence for a promotion.
    blocks_min: int
    reads_min: int
    restarts_min: int
    reporters_min: int  # subnets that rated both twins

    # Neighbours' reports.
    reporter_age_s_min: float  # how much older than the release's announcement a reporter's identity must be
    peer_margin: float  # ln of a ratio: slower than this for every choice of liars holds a promotion
    reporters_s: float = 96 * _HOUR_S  # after so long a trial waits for them no more: whoever says nothing delays it
    liar_share_max: float = 0.40
    fault_share_max: float = 0.50  # more alleging subnets than this hold a promotion

    # A computer that is on for an hour a day needs a year for trial_s_max, and nothing else is tried out meanwhile.  So
    # long as this most that are on for four hours a day have come to a promotion, or to the end of their time.
    calendar_s_max: float = 100 * _DAY_S

    # Of data: so many chunks must lie in both twins, or all reads are of a few.  One loss in thirty is hardly missed.
    readable_min: int = 100

    # Levels of evidence.
    needs_proof: bool = True  # of every metric; else it is enough that none of them raises an alarm or a suspicion
    alpha: float = 0.01  # "not worse by a margin" is proven at 1 / alpha
    alarm: float = 1000.0  # "worse than the margin" is proven
    suspect: float = 20.0  # open suspicion: no promotion

    # What is the candidate's fault and what the computer's.
    fault_window_s: float = 120.0  # two faults this close are "at the same time"
    hang_s: float = 300.0  # answering nothing for so long, while the twin answers, is a hang
    hang_asks_min: int = 30  # requests left unanswered in that time
    start_s_max: float = 900.0  # a twin that is not up after this does not come (back)
    gap_s_max: float = 60.0  # more time than this between two events: the computer slept
    excuses_max: int = 3  # so many crashes may coincide with a fault of the computer

    # For whoever asks the twins.
    pairs_per_s_min: float = 60 / _HOUR_S  # add probes up to this rate
    lost_tries: int = 3  # a stored chunk is lost when it is not served in so many tries
    lost_retry_s: float = 600.0

    # For the developers' news.  A vault that hears of them fetches them within seconds, else within some minutes.
    news_min: int = 1  # times that the candidate was seen to pass them on
    news_misses_min: int = 6  # in a row, while the control passed them on
    news_s: float = 2 * _HOUR_S  # for so long

    # For reads by way of the own vault: so many right ones of the control, before those of the candidate are compared.
    relayed_reads_min: int = 100

    # The rollout and the way back.  Shares of the network, one after the other; () is no waves.
    wave_shares: tuple[float, ...] = (0.02, 0.18, 0.80)
    wave_first_nodes_min: int = 20
    wave_soak_s: float = 48 * _HOUR_S
    wave_silence_s: float = 10 * _DAY_S
    wave_halt_share: float = 0.40
    wave_slow_share: float = 0.15
    way_back_s: float = 30 * _DAY_S

    def duration_s(self, chance: float) -> float:
        """A private duration from a uniform random number in [0, 1): constant hazard after trial_s_min.

        Surviving so far tells a candidate nothing about the time that is left.
        """
        assert 0.0 <= chance < 1.0, chance
        return self.trial_s_min - self.trial_s_mean * math.log1p(-chance)

    def stretched(self, factor: int) -> Profile:
        """The same with a trial that lasts ``factor`` times as long."""
        assert factor >= 1, factor
        return replace(
            self,
            trial_s_min=self.trial_s_min * factor,
            trial_s_mean=self.trial_s_mean * factor,
            trial_s_max=self.trial_s_max * factor,
            calendar_s_max=self.calendar_s_max * factor,
            reporters_s=self.reporters_s * factor,
        )


REAL: Final = Profile(
    name="real",
    margins=Margins(
        p50=math.log(1.05),
        tail=TAIL_SHARE * math.log(1.15),
        cpu=math.log(1.05),
        mem=math.log(1.10),
        leak=0.03,
        bytes=math.log(1.05),
        fail=0.01,
    ),
    block_s=2 * _HOUR_S,
    pairs_per_block_min=30,
    warmup_s=0.0,  # the twin is as cold as the candidate
    trial_s_min=48 * _HOUR_S,
    trial_s_mean=48 * _HOUR_S,
    trial_s_max=336 * _HOUR_S,
    blocks_min=12,
    reads_min=3000,
    restarts_min=3,
    reporters_min=4,
    reporter_age_s_min=7 * _DAY_S,
    peer_margin=math.log(1.25),
)

# The evidence on data is that of any trial: as many checked reads and restarts, in an eighth of the time.  Of speed,
# CPU, memory and bytes six hours prove nothing; that they raise no suspicion must do.
URGENT: Final = replace(
    REAL,
    name="urgent",
    needs_proof=False,
    block_s=0.5 * _HOUR_S,
    trial_s_min=6 * _HOUR_S,
    trial_s_mean=6 * _HOUR_S,
    trial_s_max=72 * _HOUR_S,
    calendar_s_max=30 * _DAY_S,
    reporters_min=3,
    reporters_s=12 * _HOUR_S,
    pairs_per_s_min=720 / _HOUR_S,
    wave_shares=(0.10, 0.90),
    wave_soak_s=6 * _HOUR_S,
    wave_silence_s=2 * _DAY_S,
)

# Blocks of two seconds are far noisier than blocks of two hours, hence the wider margins.
PRACTICE: Final = Profile(
    name="practice",
    margins=Margins(
        p50=math.log(1.35),
        tail=TAIL_SHARE * math.log(3.0),
        cpu=math.log(1.35),
        mem=math.log(1.25),
        leak=0.10,
        bytes=math.log(1.10),
        fail=0.05,
    ),
    block_s=2.0,
    pairs_per_block_min=30,
    warmup_s=6.0,
    trial_s_min=40.0,
    trial_s_mean=10.0,
    trial_s_max=280.0,  # of the shortest trial seven times, as at home
    blocks_min=12,
    reads_min=600,
    restarts_min=1,
    reporters_min=4,
    reporters_s=560.0,  # beyond the end: all are at hand, so it always waits for them
    reporter_age_s_min=0.0,
    peer_margin=math.log(2.0),
    fault_window_s=2.0,
    hang_s=10.0,
    hang_asks_min=8,  # each of them waits for its time limit, and the trial is short
    start_s_max=60.0,
    gap_s_max=10.0,
    readable_min=30,
    pairs_per_s_min=20.0,
    lost_retry_s=0.5,
    news_s=20.0,
    relayed_reads_min=30,
    wave_shares=(),
    wave_first_nodes_min=0,
    wave_soak_s=0.0,
    wave_silence_s=0.0,
    way_back_s=300.0,
)

PRACTICE_URGENT: Final = replace(
    PRACTICE,
    name="practice urgent",
    needs_proof=False,
    block_s=1.0,
    pairs_per_block_min=15,
    warmup_s=3.0,
    trial_s_min=15.0,
    trial_s_mean=5.0,
    trial_s_max=90.0,
    reporters_s=180.0,
    reads_min=200,
    readable_min=15,
)
