"""The releases and the liars that a network of farms is played with, table by table."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from node.trial.waves import DAY_S, HOUR_S, ORDINARY, URGENT, Plan
from tests.farms.model import Release
from tests.farms.network import Scenario

GOOD: Final = Release()
UPTIME_BOMB: Final = Release(bad_at_uptime_s=7 * DAY_S)
PROMOTION_BOMB: Final = Release(bad_after_promotion_s=3 * DAY_S)
HALF_SEEN: Final = Release(wrong=0.01, missed=0.6)

RELEASES: Final[dict[str, Release]] = {
    "equal": GOOD,
    "10 % faster": Release(p50=0.9),
    "10 % slower": Release(p50=1.1),
    "25 % slower tail": Release(tail=1.25),
    "10 % more processor time": Release(cpu=1.1),
    "leaks 0.25 %/h": Release(leak_per_h=0.0025),
    "2 % more failures": Release(fail=0.02),
    "0.1 % wrong bytes": Release(wrong=0.001),
    "0.02 % wrong bytes": Release(wrong=0.0002),
    "loses 0.5 % at a restart": Release(lost=0.005),
    "crashes every 48 h": Release(crashes_per_h=1 / 48),
    "1 % wrong bytes, 20 % of trials blind": Release(wrong=0.01, missed=0.2),
    "1 % wrong bytes, 60 % of trials blind": HALF_SEEN,
    "bad after 12 h of uptime": Release(bad_at_uptime_s=12 * HOUR_S),
    "bad after 36 h of uptime": Release(bad_at_uptime_s=36 * HOUR_S),
    "bad after 72 h of uptime": Release(bad_at_uptime_s=72 * HOUR_S),
    "bad after 7 d of uptime": UPTIME_BOMB,
    "bad after 20 d of uptime": Release(bad_at_uptime_s=20 * DAY_S),
    "bad 1 h after promotion": Release(bad_after_promotion_s=HOUR_S),
    "bad 3 d after promotion": PROMOTION_BOMB,
    "bad on day 3": Release(bad_on_day_s=3 * DAY_S),
    "bad on day 20": Release(bad_on_day_s=20 * DAY_S),
}

LIES: Final[tuple[tuple[str, float], ...]] = (("20 %", 0.20), ("33 %", 0.33), ("45 %", 0.45))
BOUNDS_S: Final[dict[str, float]] = {
    "none": 0.0, "3 d": 3 * DAY_S, "7 d": 7 * DAY_S, "14 d": 14 * DAY_S, "30 d": 30 * DAY_S, "for ever": math.inf,
}  # fmt: skip
URGENT_BOUNDS_S: Final[dict[str, float]] = {
    "none": 0.0, "1 d": DAY_S, "2 d": 2 * DAY_S, "5 d": 5 * DAY_S, "14 d": 14 * DAY_S,
}  # fmt: skip
RECALL_S: Final = 5 * DAY_S  # quick developers
QUICK_RECALL_S: Final = 12 * HOUR_S  # those who wait for it, as who signs an urgent release may
LATE_RECALL_S: Final = 20 * DAY_S


def releases(plan: Plan) -> dict[str, Scenario]:
    """Every release among honest farms."""
    return {name: Scenario(release, plan=plan, recall_s=RECALL_S) for name, release in RELEASES.items()}


def rollouts(plan: Plan) -> dict[str, Scenario]:
    """What the waves are worth, and how quick the developers are: the same all at once, recalled sooner, or never."""
    found = {}
    for name in ("equal", "bad after 7 d of uptime", "bad 3 d after promotion", "bad on day 20"):
        played = Scenario(RELEASES[name], plan=plan, recall_s=RECALL_S)
        found[f"{name}; all at once"] = replace(played, is_all_at_once=True)
    for name in ("bad after 12 h of uptime", "bad 1 h after promotion", "bad 3 d after promotion"):
        found[f"{name}; recalled after 12 h"] = Scenario(RELEASES[name], plan=plan, recall_s=QUICK_RECALL_S)
    for name in ("bad after 7 d of uptime", "bad 3 d after promotion"):
        found[f"{name}; never recalled"] = Scenario(RELEASES[name], plan=plan)
    return found


def liars(plan: Plan) -> dict[str, Scenario]:
    found = {f"equal, {name} lie against": Scenario(GOOD, liars=share, plan=plan) for name, share in LIES}
    found["equal, 45 % lie against, reaffirmed 3 d after the first halt"] = Scenario(
        GOOD, liars=0.45, plan=plan, reaffirm_s=3 * DAY_S
    )
    for name in ("1 % wrong bytes, 60 % of trials blind", "bad after 7 d of uptime", "bad 3 d after promotion"):
        for told, share in LIES:
            lied = Scenario(RELEASES[name], liars=share, side="for", plan=plan, recall_s=RECALL_S)
            found[f"{name}, {told} lie for"] = lied
    return found


def armies(plan: Plan) -> dict[str, Scenario]:
    """300 identities in as many subnets, against a good release and for a bad one."""
    late = Scenario(GOOD, plan=plan, sybils=300)
    bad = replace(late, release=PROMOTION_BOMB, side="for", recall_s=RECALL_S)
    return {
        "equal, army against it made after seeing it": late,
        "equal, army against it made 8 days before": replace(late, sybil_age_s=8 * DAY_S),
        "equal, army against it made after it, if no age were asked for": replace(
            late, plan=replace(plan, age_s_min=-DAY_S)
        ),
        "bad 3 d after promotion, army for it made after seeing it": bad,
        "bad 3 d after promotion, army for it made 8 days before": replace(bad, sybil_age_s=8 * DAY_S),
    }


def complete() -> dict[str, Scenario]:
    """All of that, for ordinary and for urgent releases."""
    return {
        f"{kind}: {name}": scenario
        for kind, plan in (("ordinary", ORDINARY), ("urgent", URGENT))
        for rows in (releases, rollouts, liars, armies)
        for name, scenario in rows(plan).items()
    }


def halts() -> dict[str, Scenario]:
    """How long a halt by votes may last: good releases that liars stop, bad ones that slow developers recall."""
    small = Scenario(GOOD, farms=500, book=300, days=200.0)
    bad = replace(small, release=PROMOTION_BOMB)
    lied = replace(bad, liars=0.33, side="for")
    rows = {
        "equal, 33 % lie against": replace(small, liars=0.33),
        "equal, 45 % lie against": replace(small, liars=0.45),
        "bad 3 d after promotion, recalled 20 d after the first fails": replace(bad, recall_s=LATE_RECALL_S),
        "the same, 33 % lie for": replace(lied, recall_s=LATE_RECALL_S),
        "the same, 33 % lie for, recalled after 5 d": replace(lied, recall_s=RECALL_S),
    }
    found = {
        f"halt {bound}: {name}": replace(row, plan=replace(ORDINARY, halt_s=bound_s))
        for bound, bound_s in BOUNDS_S.items()
        for name, row in rows.items()
    }
    return found | _urgent_halts()


def _urgent_halts() -> dict[str, Scenario]:
    """The same for urgent ones: what a recall in five days is late for, and what goes bad at once."""
    blind = Scenario(HALF_SEEN, recall_s=RECALL_S)
    turned = replace(blind, release=RELEASES["bad 1 h after promotion"])
    rows = {
        "equal, 45 % lie against": Scenario(GOOD, liars=0.45),
        "1 % wrong bytes, 60 % of trials blind": blind,
        "the same, 33 % lie for": replace(blind, liars=0.33, side="for"),
        "the same, 45 % lie for": replace(blind, liars=0.45, side="for"),
        "bad 1 h after promotion": turned,
        "the same, 20 % lie for": replace(turned, liars=0.20, side="for"),
    }
    return {
        f"urgent, halt {bound}: {name}": replace(row, plan=replace(URGENT, halt_s=bound_s))
        for bound, bound_s in URGENT_BOUNDS_S.items()
        for name, row in rows.items()
    }


def books() -> dict[str, Scenario]:
    """What depends on how many others a farm has met."""
    found = {}
    for book in (30, 100, 300, 1000):
        for name, release in (("equal", GOOD), ("bad 3 d after promotion", PROMOTION_BOMB)):
            found[f"{book} met: {name}"] = Scenario(release, book=book, recall_s=LATE_RECALL_S)
    return found


TABLES: Final = {"complete": complete, "halts": halts, "books": books}
