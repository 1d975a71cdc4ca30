"""The table of what was played: what a figure means, and that no run is played twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from node.trial.waves import ORDINARY, URGENT
from tests.farms import __main__ as command
from tests.farms.model import Release
from tests.farms.network import Outcome, Scenario
from tests.farms.results import Results, row_of
from tests.farms.scenarios import complete

GOOD = Scenario(Release())
ENDED = Outcome(
    farms=200, promoted=150, hurt=30, past_the_way_back=0, refused=20, kept=20, halted=0, waiting=10,
    promoted_days=3.0, promoted_90_days=5.0, halted_day=None, sybils_counted=0.0,
)  # fmt: skip


def test_what_a_worse_release_gets_is_a_false_promotion_and_what_a_good_one_does_not_get_a_false_refusal():
    good = row_of("good", GOOD, [ENDED])
    bad = row_of("bad", replace(GOOD, release=Release(bad_after_promotion_s=1.0)), [ENDED])

    assert (good.false_promotions_percent, good.false_refusals_percent) == (None, 25.0)
    assert (bad.false_promotions_percent, bad.false_refusals_percent) == (75.0, None)


def test_a_row_is_the_median_of_its_runs_and_the_largest_of_what_was_hurt():
    row = row_of("three", GOOD, [ENDED, replace(ENDED, hurt=2, promoted_days=None), replace(ENDED, hurt=90)])

    assert (row.runs, row.hurt, row.hurt_max, row.promoted_days) == (3, 30, 90, 3.0)


def test_a_run_counts_in_the_next_process_whatever_ended_the_last_one(tmp_path):
    file = tmp_path / "results"
    Results(file, "code").add("a", GOOD, 1, ENDED)
    with file.open("ab") as torn:
        torn.write(b'{"name":"b","se')
    Results(file, "code").add("c", GOOD, 1, ENDED)

    found = Results(file, "code")
    assert [found.found(name, GOOD, 1) for name in ("a", "b", "c")] == [ENDED, None, ENDED]


def test_a_run_of_another_seed_or_scenario_or_by_other_code_does_not_count(tmp_path):
    file = tmp_path / "results"
    Results(file, "code").add("a", GOOD, 1, ENDED)

    assert Results(file, "code").found("a", GOOD, 2) is None
    assert Results(file, "code").found("a", replace(GOOD, farms=500), 1) is None
    assert Results(file, "other code").found("a", GOOD, 1) is None


def test_everything_is_played_for_ordinary_and_for_urgent_releases():
    rows = complete()
    names = {
        kind: [name.removeprefix(kind) for name in rows if name.startswith(kind)] for kind in ("ordinary: ", "urgent: ")
    }

    assert names["ordinary: "] == names["urgent: "]
    assert {rows[f"{kind}equal"].plan for kind in names} == {ORDINARY, URGENT}
    for share in (0.2, 0.33, 0.45):
        assert {row.side for row in rows.values() if row.liars == share} == {"for", "against"}


def test_the_command_prints_rows_as_json_and_plays_none_twice(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    words = ["--farms", "20", "--only", "urgent: equal", "--json", "--results", str(tmp_path / "results")]
    monkeypatch.setattr(command, "run", lambda scenario, _seed: replace(ENDED, farms=scenario.farms))
    assert command.main(words) == 0
    first = json.loads(capsys.readouterr().out)

    monkeypatch.delattr(command, "run")
    assert command.main(words) == 0

    assert json.loads(capsys.readouterr().out) == first
    assert first[0]["scenario"] == "urgent: equal"
    assert first[0]["farms"] == 20
