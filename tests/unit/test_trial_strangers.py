"""What strangers do to one twin refuses no release: it may hold a promotion back, and a lie about it gains nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import msgspec
import pytest

from node.trial import REAL, Ask, NewsAsked, Pair, PairMeasured, Started, Trial, Usage, UsageSampled, Verdict
from node.trial.evidence import Block
from node.trial.profile import URGENT, Profile
from node.trial.rule import Gauge
from tests.trial_world import GOOD, told

MINUTE_S = 60.0
HOUR = 60
FULL = told("refused")
SLOW = replace(GOOD, latency_s=GOOD.latency_s * 1.2)


@dataclass(frozen=True)
class Day:
    """What a farm sees each minute of its trial."""

    candidate_put: Ask = GOOD
    candidate_get: Ask = GOOD
    is_filled: bool = False
    cpu: float = 1.0  # of the twin's
    memory: float = 1.0
    asked_more: float = 0.0  # short requests a second, or as much work, beside what both get
    held_more_bytes: int = 0
    own_cpu_ns: int = 1_200_000_000  # in a minute: two hundredths of a processor
    own_asks: int = 180


def play(day: Day, hours: int = 13 * 24, profile: Profile = REAL) -> tuple[Trial, Verdict | None]:
    trial, now_s, cpu_ns = Trial(profile=profile), 1000.0, 0
    trial.step(Started(now_s, 100 * 3600.0))
    trial.step(NewsAsked(now_s, candidate=True, control=True))
    for minute in range(1, hours * HOUR):
        now_s += MINUTE_S - 1.0
        is_put = minute % 4 == 0
        ask = day.candidate_put if is_put else day.candidate_get
        pair = Pair(now_s, "put" if is_put else "get", minute.to_bytes(32, "big"), ask, GOOD, is_filled=day.is_filled)
        verdict = trial.step(PairMeasured(now_s, pair))
        if verdict is None:
            cpu_ns += day.own_cpu_ns
            asked = day.own_asks * minute
            ours = Usage(
                round(cpu_ns * day.cpu), round(50_000_000 * day.memory), asked + round(60 * minute * day.asked_more),
                10_000_000 + day.held_more_bytes,
            )  # fmt: skip
            verdict = trial.step(UsageSampled(now_s, ours, Usage(cpu_ns, 50_000_000, asked, 10_000_000)))
        if verdict is not None:
            return trial, verdict
    return trial, None


BY_STRANGERS = [
    Day(candidate_put=FULL, is_filled=True),
    Day(cpu=1.12, asked_more=9 * 0.9),  # whole chunks: few, and dear
    Day(cpu=1.22, asked_more=9 * 0.05, own_cpu_ns=180_000_000, own_asks=72),  # the same, where it is quiet
    Day(cpu=1.22, asked_more=2 * 0.1, own_cpu_ns=180_000_000, own_asks=72),  # who connects every ten seconds
    Day(cpu=20.0, asked_more=400.0, candidate_get=SLOW, candidate_put=SLOW, memory=1.5),
    Day(candidate_put=told("failed"), asked_more=400.0),  # nothing in time
    Day(memory=1.3, cpu=1.3, held_more_bytes=64 << 20),
]


@pytest.mark.long
@pytest.mark.parametrize("day", BY_STRANGERS)
def test_what_strangers_can_do_to_one_twin_refuses_no_release(day: Day):
    assert play(day)[1] is None


@pytest.mark.parametrize("profile", [REAL, URGENT])
@pytest.mark.parametrize("day", BY_STRANGERS[:3])
def test_but_nothing_is_proven_by_it_either_for_the_candidate_may_lie(day: Day, profile: Profile):
    trial, _ = play(day, hours=48, profile=profile)
    assert any("lately worse" in words for words in trial.comparison.missing(profile))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (Day(candidate_put=FULL), "fails more often"),
        (Day(candidate_get=FULL, is_filled=True), "fails more often"),
        (Day(candidate_put=SLOW, candidate_get=SLOW, asked_more=0.5), "slower"),
        (Day(cpu=1.12), "processor time"),
        (Day(cpu=1.5, asked_more=0.1), "processor time"),  # more than they can have cost
        (Day(memory=1.3, held_more_bytes=1 << 20), "memory"),
    ],
)
def test_what_it_does_of_its_own_refuses_it_as_ever(day: Day, words: str):
    verdict = play(day)[1]
    assert verdict is not None
    assert (verdict.outcome, words in verdict.reason) == ("refuse", True)


def test_by_chance_one_is_asked_more_and_that_excuses_nothing():
    block = Block(pairs=30)
    block.add_usage(Usage(0, 1, asked=0), Usage(0, 1, asked=0))
    block.add_usage(Usage(400_000_000, 1, asked=130), Usage(200_000_000, 1, asked=100))

    assert block.certain({"cpu": math.log(2), "fail": 0.0})["cpu"] == math.log(2)


def test_after_strangers_have_left_it_alone_what_they_did_refuses_nothing_later():
    gauge = Gauge()
    for _ in range(40):
        gauge.add(1.0, 0.1, 0.0)
    for _ in range(8):
        gauge.add(1.0, 0.1)

    assert gauge.metric.bad > 1e9
    assert gauge.refusing.bad < REAL.alarm
    assert gauge.mean_of_rise == pytest.approx(1.0)  # only of the blocks that speak against it


def test_where_strangers_do_nothing_both_weigh_the_same():
    apart, together = Gauge(), Gauge()
    for z in (0.2, -0.4, 1.5, 0.0, 0.7, -9.0, 9.0, 0.3):
        apart.add(z, 1.0, z)
        together.add(z, 1.0)

    assert apart == together
    assert apart.refusing.bad == pytest.approx(1.501, rel=1e-9)


def test_a_trial_that_was_kept_before_this_was_known_goes_on():
    trial, _ = play(Day(), hours=5)
    kept = msgspec.msgpack.decode(trial.dump())
    for gauge in kept["comparison"]["gauges"].values():
        del gauge["certain"]
    for twin in ("candidate", "control"):
        for name in ("refused_when_filled", "asked", "counted", "held_bytes_max"):
            del kept["comparison"]["block"][twin][name]

    loaded = Trial.load(msgspec.msgpack.encode(kept))

    assert loaded.comparison.gauges == trial.comparison.gauges
    assert math.isfinite(loaded.comparison.block.seconds)
