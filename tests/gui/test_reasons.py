"""Why a release was taken, refused or kept waiting: each reason that the node can give has its words in the app."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gui.plain import plain
from gui.reason_texts import say_reason
from gui.release_texts import as_sentence, in_use_reason
from node.api import pauses
from node.trial import verdict
from node.trial.profile import MetricName
from node.update import lifecycle, noted, records, watching

METRICS: tuple[MetricName, ...] = ("p50", "tail", "cpu", "mem", "leak", "bytes", "fail")
NAMES = [verdict.unproven([one]) for one in METRICS]


@dataclass(frozen=True, slots=True)
class Seen:
    """As much of a trial's progress as its verdict speaks of."""

    neighbours_rated: int
    neighbours_needed: int
    verified_reads: int = 1284
    blocks: int = 21


PROMOTED = [verdict.promoted(Seen(6, 4)), verdict.promoted(Seen(0, 0))]  # type: ignore[arg-type]
GIVEN = [
    *PROMOTED,
    *(verdict.worse(name, 0.6, 0.3) for name in METRICS),
    verdict.lost(3, 2400), verdict.wrong(2, 1284), verdict.crashed(1), verdict.crashed(-9),
    *(verdict.hung(12, seconds) for seconds in (90.0, 3000.0, 30_000.0, 700_000.0)),
    verdict.absent(90.0), verdict.violated("a frame that is too long"), verdict.denied("to open a file"),
    verdict.not_up(90.0), verdict.disagreed("slower"), verdict.disagreed("faults"),
    *(verdict.not_proven(700_000.0, [lacking]) for lacking in NAMES),
    verdict.not_proven(90.0, [verdict.too_few(2, 4, what) for what in ("comparisons", "checked reads", "restarts")]),
    verdict.not_proven(90.0, [verdict.too_few(2, 4, "neighbours rated it"), verdict.suspected("mem")]),
    lifecycle.UNSEEN, lifecycle.NO_TRIAL, lifecycle.NO_WAY_BACK, "the developers recalled it", "the pods withdrew it",
    noted.NOT_YET, noted.TOO_EARLY, noted.HALTED, records.NOT_PROVEN,
    pauses.no_trial(), watching.DAMAGED, "already in use",
]  # fmt: skip


@pytest.mark.parametrize("reason", GIVEN)
def test_each_reason_is_known_and_says_what_the_node_says(reason: str):
    said = say_reason(reason)

    assert said.endswith(f"{plain(reason)[1:]}.")
    assert as_sentence(reason) == said


@pytest.mark.parametrize("reason", PROMOTED)
def test_what_took_over_is_told_as_what_was_better_than_the_one_before(reason: str):
    assert "the version before it" in say_reason(reason.replace("the current version", "the version before it"))
    assert in_use_reason(reason).startswith("It is as good as the version before it in 21 comparisons")


def test_a_reason_of_another_version_is_shown_in_its_own_words():
    assert say_reason("it bored its neighbours") == ""
    assert as_sentence("it bored its neighbours") == "It bored its neighbours."


def test_what_a_release_lacked_is_shown_also_where_it_has_no_words_here():
    assert (
        say_reason("not proven within 90 s: 1 of 3 restarts, no wit")
        == "Not proven within 90 s: 1 of 3 restarts, no wit."
    )
