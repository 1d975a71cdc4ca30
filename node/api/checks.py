"""What was looked at end to end, and what it means: a tick, three dots or a cross, a sentence, and the one thing to do.

A tick is for what was really seen within PROMISE_S; what was seen before is not known any more.  A cross is for what
is known to be wrong, never for what is merely not known.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Final, Literal

from node.api import check_texts as texts
from node.api.schema import Check, CheckName, CheckResult, Reach
from node.api.told import NOTHING, Told
from node.vault.looks import Looks

PROMISE_S: Final = 600.0
GRAIN_S: Final = 60.0  # of the times told, so that a check that goes on well is news only once a minute
CLOCK_OFF_S: Final = 300.0  # half of what others put up with
CLOCK_SUBNETS_MIN: Final = 3  # before this computer's clock is blamed
FAILED_SUBNETS_MIN: Final = 2  # one auditor may lie, and one piece that was lost comes back by itself
ALONE_S: Final = 30.0  # after so long without a neighbour something is wrong
ROUTER_S: Final = 600.0  # in which a router that lets others in would have shown it
NOBODY_S: Final = 3600.0  # so long nobody came, although many could
NOBODY_SUBNETS_MIN: Final = 5

DiskFault = Literal["", "gone", "refused", "altered", "silent"]


@dataclass(frozen=True, slots=True)
class DiskLook:
    """What came of writing a file where the chunks lie.

    ``gone``: their folder is not there.  ``refused``: for ``reason``.  ``altered``: something else came back.
    ``silent``: nothing has come of it yet, and too long ago.
    """

    age_s: float
    fault: DiskFault = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the checks are made of, as it is at one moment."""

    now_s: float  # UTC
    disk: DiskLook | None  # None: not looked at yet
    store_fault: Told | None  # why the vault's store takes nothing, a sentence with its advice
    looks: Looks | None  # with ages as of now; None: the version in use tells nothing of the kind, or none runs
    up_s: float  # how long the vault has been reachable
    peer_count: int
    chunk_count: int
    is_practice: bool
    port: str = ""  # of this computer, at which others would come in
    is_announced: bool = False  # the vault names the address at which others see it
    is_public: bool = False  # it names one of the internet
    ahead_subnets: int = 0  # in which vaults answer that speak no version of this one's
    is_doubled: bool = False  # another computer runs with this home's key


def checks(evidence: Evidence) -> tuple[Check, ...]:
    """Always all of them, in the same order."""
    return _disk(evidence), _clock(evidence), _reach(evidence), _exchange(evidence), _audit(evidence)


def reach(evidence: Evidence) -> Reach:
    """As the check says; with the time of the last contact, however old it is, and with what might make it better."""
    check, looks = _reach(evidence), evidence.looks
    hint = Told(check.advice, check.advised)
    if check.said == texts.REACH_ROUTER.said:
        hint = texts.REACH_ROUTER_HINT
    elif check.said == texts.REACH_INTRODUCED.said and evidence.port:
        hint = texts.reach_introduced_hint(evidence.port)
    ages_s = (looks.outside_age_s, looks.nearby_age_s if evidence.is_practice else None) if looks else ()
    age_s = min((age_s for age_s in ages_s if age_s is not None), default=None)
    states: dict[CheckResult, Literal["open", "closed", "unknown"]] = {"ok": "open", "bad": "closed", "wait": "unknown"}
    return Reach(
        states[check.result],
        check.sentence,
        _at(evidence, age_s),
        hint.sentence,
        said=check.said,
        advised=hint.said,
    )


def clock_off_s(evidence: Evidence) -> tuple[float, int, int] | None:
    """How far others' clocks are ahead of the own one, how many subnets say so, and of how many; None: nobody says.

    The median of those that differ by more than CLOCK_OFF_S when they are the most, else 0.
    """
    clocks = [clock for clock in (evidence.looks.clocks if evidence.looks else ()) if clock.age_s <= PROMISE_S]
    if not clocks:
        return None
    # Of a span that holds 0 nothing is known but that it does not contradict.
    off = [max(clock.low_s, 0.0) + min(clock.high_s, 0.0) for clock in clocks]
    for differing in ([o for o in off if o > CLOCK_OFF_S], [o for o in off if o < -CLOCK_OFF_S]):
        if 2 * len(differing) > len(clocks):
            return statistics.median(differing), len(differing), len(clocks)
    return 0.0, sum(abs(o) <= CLOCK_OFF_S for o in off), len(clocks)


def _disk(evidence: Evidence) -> Check:
    look = evidence.disk
    if look is None:
        return _check(evidence, "disk", "wait", texts.DISK_NOT_LOOKED)
    match look.fault:
        case "gone":
            return _check(evidence, "disk", "bad", texts.DISK_GONE, look.age_s, texts.DISK_GONE_ADVICE)
        case "refused":
            advice = texts.disk_refused_advice(look.reason)
            return _check(evidence, "disk", "bad", texts.disk_refused(look.reason), look.age_s, advice)
        case "altered":
            return _check(evidence, "disk", "bad", texts.DISK_ALTERED, look.age_s, texts.DISK_ALTERED_ADVICE)
        case "silent":
            return _check(evidence, "disk", "bad", texts.DISK_SILENT, look.age_s, texts.DISK_SILENT_ADVICE)
    if evidence.store_fault is not None:
        return _check(evidence, "disk", "bad", evidence.store_fault, look.age_s)
    if look.age_s > PROMISE_S:
        return _check(evidence, "disk", "wait", texts.disk_looked(look.age_s), look.age_s)
    return _check(evidence, "disk", "ok", texts.DISK_WORKS, look.age_s)


def _clock(evidence: Evidence) -> Check:
    found = clock_off_s(evidence)
    if found is None or evidence.looks is None:
        return _check(evidence, "clock", "wait", texts.CLOCK_UNKNOWN)
    age_s = min(clock.age_s for clock in evidence.looks.clocks)
    off_s, agreeing, asked = found
    if off_s and agreeing >= CLOCK_SUBNETS_MIN:
        return _check(evidence, "clock", "bad", texts.clock_wrong(off_s, agreeing), age_s, texts.CLOCK_ADVICE)
    if off_s:
        return _check(evidence, "clock", "wait", texts.clock_differs(off_s), age_s)
    if 2 * agreeing <= asked:
        return _check(evidence, "clock", "wait", texts.CLOCK_DISPUTED, age_s)
    return _check(evidence, "clock", "ok", texts.clock_right(agreeing), age_s)


def _reach(evidence: Evidence) -> Check:
    looks = evidence.looks
    if looks is None:
        return _check(evidence, "reach", "wait", texts.REACH_UNKNOWN)
    outside_s, nearby_s = looks.outside_age_s, looks.nearby_age_s
    if outside_s is not None and outside_s <= PROMISE_S:
        return _check(evidence, "reach", "ok", texts.REACH_OPEN, outside_s)
    if evidence.is_practice:
        if nearby_s is not None and nearby_s <= PROMISE_S:
            return _check(evidence, "reach", "ok", texts.REACH_PRACTICE, nearby_s)
        return _check(evidence, "reach", "wait", texts.REACH_PRACTICE_UNKNOWN, nearby_s)
    is_quiet = outside_s is None or outside_s > NOBODY_S
    is_behind = is_quiet and bool(looks.seen_at) and not looks.is_seen_own
    if is_behind and evidence.is_announced:
        return _check(evidence, "reach", "ok", texts.REACH_ANNOUNCED, outside_s)
    if is_behind and evidence.up_s > ROUTER_S:
        return _check(evidence, "reach", "bad", texts.REACH_ROUTER, outside_s)
    if is_quiet and looks.outside_subnets >= NOBODY_SUBNETS_MIN and evidence.up_s > NOBODY_S:
        if evidence.is_announced:  # a firewall that lets in only what answers is opened by a dialling, as a router is
            return _check(evidence, "reach", "ok", texts.REACH_INTRODUCED, outside_s)
        if not evidence.is_public:  # a router that shows it at another address to each: there is no port to be opened
            return _check(evidence, "reach", "bad", texts.REACH_ROUTER, outside_s)
        advice = texts.reach_nobody_advice(evidence.port) if evidence.port else NOTHING
        return _check(evidence, "reach", "bad", texts.reach_nobody(NOBODY_S), outside_s, advice)
    if outside_s is not None:
        return _check(evidence, "reach", "wait", texts.reach_last(outside_s), outside_s)
    if nearby_s is not None and nearby_s <= PROMISE_S:
        return _check(evidence, "reach", "wait", texts.REACH_NEARBY)
    return _check(evidence, "reach", "wait", texts.REACH_UNKNOWN)


def _exchange(evidence: Evidence) -> Check:
    looks = evidence.looks
    if looks is None:
        return _check(evidence, "exchange", "wait", texts.EXCHANGE_UNKNOWN)
    age_s = looks.answer_age_s
    advice = texts.EXCHANGE_DOUBLED_ADVICE if evidence.is_doubled else texts.EXCHANGE_ADVICE
    if evidence.peer_count == 0 and evidence.ahead_subnets:
        return _check(evidence, "exchange", "bad", texts.EXCHANGE_BEHIND, age_s, texts.EXCHANGE_BEHIND_ADVICE)
    if evidence.peer_count == 0 and evidence.up_s > ALONE_S:
        return _check(evidence, "exchange", "bad", texts.EXCHANGE_ALONE, age_s, advice)
    if age_s is not None and age_s <= PROMISE_S:
        return _check(evidence, "exchange", "ok", texts.EXCHANGE_WORKS, age_s)
    if evidence.up_s > PROMISE_S:
        silent = texts.exchange_fails(evidence.up_s if age_s is None else age_s)
        return _check(evidence, "exchange", "bad", silent, age_s, advice)
    return _check(evidence, "exchange", "wait", texts.EXCHANGE_UNKNOWN, age_s)


def _audit(evidence: Evidence) -> Check:
    looks = evidence.looks
    if looks is None:
        return _check(evidence, "audit", "wait", texts.AUDIT_UNKNOWN)
    age_s = looks.passed_age_s
    if looks.failed >= max(FAILED_SUBNETS_MIN, looks.passed):
        return _check(evidence, "audit", "bad", texts.audit_failed(looks.failed), age_s, texts.AUDIT_ADVICE)
    if age_s is not None and age_s <= PROMISE_S and (not looks.failed or looks.passed > looks.failed):
        return _check(evidence, "audit", "ok", texts.AUDIT_PASSED, age_s)
    if looks.failed:
        return _check(evidence, "audit", "wait", texts.AUDIT_DOUBTED, age_s)
    if not evidence.chunk_count:
        return _check(evidence, "audit", "wait", texts.AUDIT_NOTHING, age_s)
    return _check(evidence, "audit", "wait", texts.AUDIT_UNKNOWN if age_s is None else texts.audit_last(age_s), age_s)


def _check(
    evidence: Evidence,
    name: CheckName,
    result: CheckResult,
    found: Told,
    age_s: float | None = None,
    advice: Told = NOTHING,
) -> Check:
    at_s = _at(evidence, age_s)
    return Check(name, result, found.sentence, at_s, advice.sentence, said=found.said, advised=advice.said)


def _at(evidence: Evidence, age_s: float | None) -> float | None:
    return None if age_s is None else math.floor((evidence.now_s - age_s) / GRAIN_S) * GRAIN_S
