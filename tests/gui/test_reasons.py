"""Why a release was taken, refused or kept waiting: each reason that the node can give has its words in the app."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gui.texts.plain import plain
from gui.texts.reason import say_reason
from gui.texts.release import as_sentence, in_use_reason
from node.api import pauses
from node.rehearsal import seen
from node.trial import verdict
from node.trial.profile import MetricName
from node.update import app_jobs, apps, loneliness, noted, reasons, records, watching
from node.update.trials import overuse

METRICS: tuple[MetricName, ...] = ("p50", "tail", "cpu", "mem", "leak", "bytes", "fail")
NAMES = [verdict.unproven([one]) for one in METRICS]


JARGON = ("node", "peer", "shard", "promot", "daemon", "hash", "sacrificial", "rank", "chunk", "vault", "twin", "pod",
          "slot")  # fmt: skip


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
    verdict.not_proven(90.0, [verdict.too_few(0, 100, "pieces to read")]),
    reasons.UNSEEN, reasons.NO_TRIAL, reasons.NO_WAY_BACK, reasons.RECALLED, reasons.WITHDRAWN, reasons.OUT_OF_MEMORY,
    reasons.TOO_FAR_APART, reasons.TOO_SLOW,
    noted.TOO_EARLY, noted.HALTED, records.NOT_PROVEN, records.NOT_HELD,
    verdict.unwilling(1), verdict.unwilling(-9), verdict.proven_by_neighbours(1), verdict.proven_by_neighbours(3),
    verdict.keeps_news(4, 3000.0), verdict.gone(), verdict.lost(1, 0), verdict.lost(3, 0), verdict.excused_too_often(3),
    verdict.not_proven(90.0, [verdict.news_unseen(), verdict.worse_to_vaults(1204, 1300)]),
    verdict.not_proven(90.0, [verdict.news_kept_lately(), verdict.gave_away(1204, 3)]),
    loneliness.FINDS_NOBODY, records.GAINS_IN_PLACE,
    pauses.no_trial(), watching.DAMAGED, watching.LITTERED, "already in use",
    apps.LEFT, apps.UNSETTLED, app_jobs.NOT_STARTED,
    seen.ASTRAY, seen.NEVER, seen.UNTRIED, seen.STAYED,
]  # fmt: skip


@pytest.mark.parametrize("reason", GIVEN)
def test_each_reason_is_known_and_says_what_the_node_says(reason: str):
    said = say_reason(reason)

    assert said.endswith(f"{plain(reason)[1:]}.")
    assert as_sentence(reason) == said


@pytest.mark.parametrize("reason", GIVEN)
def test_no_reason_is_told_in_a_word_that_one_must_have_learnt(reason: str):
    said = say_reason(reason).lower()

    for word in JARGON:
        assert word not in said, word


def test_no_german_reason_is_told_in_a_word_that_one_must_have_learnt():
    catalogue = ET.parse(Path(__file__).parents[2] / "resources/translations/perennial_de.ts")
    said = [
        " ".join(message.find("translation").itertext()).lower()  # type: ignore[union-attr]
        for context in catalogue.iter("context")
        if context.findtext("name") in ("reasons", "whys")
        for message in context.iter("message")
    ]

    assert said
    for word in (*JARGON, "vault", "knoten", "prüfsumme", "rang "):
        assert not any(word in one for one in said), word


NESTED = {
    "it failed 3 times in probation: it ended with code 3":
        "It failed 3 times soon after it took over. It ended with code 3.",
    "it failed 3 times in short succession: it did not answer for 30 seconds":
        "It failed 3 times in short succession. It did not answer for 30 seconds.",
    "it started too late 40 times in a row: it was not reachable within 30 seconds":
        "It started too late 40 times in a row. It was not reachable within 30 seconds.",
    "it did not take over: it was not reachable within 9 seconds":
        "It did not take over. It was not reachable within 9 seconds.",
    "it did not take over: slot 12ab34cd does not hold the files that it is named by":
        "It did not take over. Its files on this disk are damaged.",
    "what slot 12ab34cd may do cannot be read: No such file": "Its files on this disk are damaged.",
    "it could not be fetched: nobody has it": "It could not be fetched. Nobody has it.",
    f"no trial could be held: {reasons.NO_TRIAL}":
        "No trial could be held. Nothing can be tried out on this computer, because it cannot shut a version off.",
    "no trial could be held: the prober failed 3 times": "No trial could be held. What compares them failed 3 times.",
    overuse.CONTROL_KEPT_BUSY: "The current version kept the new one beside it busy.",
    noted.NOT_YET: "Its turn has not come here yet.",
    f"vault/0.1.2{reasons.GOES_FIRST}": "Version 0.1.2 has its turn first.",
    f"app/0.1.3{reasons.CAME_FIRST}": "Version 0.1.3 came first.",
    reasons.DOUBTED: "The version in use could not read pieces that are there and whole.",
    overuse.KEPT_BUSY: "It kept the version in use busy.",
    overuse.TOOK_MEMORY: "It took the memory that the version in use lacked.",
    verdict.both_failed("crash"):
        "The computer is to blame: the version in use showed the same fault at the same time.",
    "the way back could not be shown: it is full": "The way back could not be shown. It is full.",
    f"it did not pass its self-test: {verdict.lost(1, 0)}":
        "It did not pass its self-test. It lost 1 piece that it had taken in.",
    "the way back is not open: 3 of 1,204 chunks missing, 0 damaged":
        "The way back is not open: 3 of 1,204 pieces missing, 0 damaged.",
    "the current version did not start beside it: it is full":
        "The current version did not start beside it. It is full.",
    "it did not start while its twin did: it ended with code -9":
        "It did not start while the version in use did. It was killed.",
    f"taken without a proof, as an exception, because {records.NOT_PROVEN}":
        "Taken without a proof, as an exception. Full trials could not prove it here.",
    "it failed 3 times in probation: it ended with code 3; then its files were damaged":
        "It failed 3 times soon after it took over. It ended with code 3. Then: Its files were damaged.",
    "it is full; it begins anew": "It is full. It begins anew.",
    verdict.not_proven(90.0, [verdict.drifted("p50", 0.6, 0.3), verdict.too_few(1, 3, "restarts")]):
        "Not proven within 90 s: It is slower: requests take 1.82 times as long (at most 1.35 allowed), beside the best"
        " version of the last year, 1 of 3 restarts.",
}  # fmt: skip


@pytest.mark.parametrize(("reason", "told"), NESTED.items())
def test_a_reason_within_a_reason_is_told_as_well(reason: str, told: str):
    assert say_reason(reason) == told


def test_no_reason_of_a_trial_was_left_out():
    written = Path(__file__).read_text(encoding="utf-8")
    given = {item.attr for item in ast.walk(ast.parse(written)) if isinstance(item, ast.Attribute)}
    own = {name for name, one in vars(verdict).items() if inspect.isfunction(one)}
    own = {name for name in own if getattr(verdict, name).__module__ == verdict.__name__}
    said = {name for name in own if inspect.signature(getattr(verdict, name)).return_annotation == "str"}
    assert {name for name in said if not name.startswith("_")} - {"factor", "span"} <= given


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
