"""The matrix of bad candidates itself: its changes fit the source, and no end passes that is not as it should be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import node
from node.pod.build import build_tree
from node.practice.releases import Change, PracticeError
from node.trial.verdict import not_proven, unproven
from node.trust.capabilities import TODAY
from tests.candidates import modelled
from tests.candidates.__main__ import main
from tests.candidates.attempts import ATTEMPTS, PLANTED, REFUSED, SUCCEEDED, traces
from tests.candidates.catalogue import BAD, GOOD, ROWS, UNSEEN, write_source
from tests.candidates.modelled import MODELLED
from tests.candidates.results import Results, line_of, source_hash, table
from tests.candidates.rows import End, ModelledRow, Row, Traces, complaints

VERSION = "0.1.0.1"
IMPORT_S_MAX = 120
IMPORT_ALL = """
import importlib, sys
sys.dont_write_bytecode = True
for root in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "node"]:
        del sys.modules[name]
    sys.path.insert(0, root)
    for name in ("__main__", "transport.endpoint", "transport.discovery"):
        module = importlib.import_module(f"node.vault.{name}")
        assert module.__file__.startswith(root), module.__file__
    sys.path.remove(root)
"""

ROOT = Path(node.__file__).parent.parent
LOOSELY = (
    "--allow-untyped-defs", "--allow-untyped-calls", "--no-warn-unused-ignores",
    "--disable-error-code", "union-attr", "--disable-error-code", "misc",
)  # fmt: skip

BADLY = Row("bad", "is bad", (), "not promoted", ("slower",))
WELL = Row("good", "is good", (), "promoted", ("as good as",))
REACHING = Row("reaching", "reaches", (), "anything", is_attempt=True)
NOTHING_LEFT = Traces()


def refused(reason: str = "slower: requests take 3 times as long") -> End:
    return End("farm 1", "refused", reason)


def promoted() -> End:
    return End("farm 2", "promoted", "as good as the current version in 20 comparisons")


class TestTheCatalogue:
    def test_no_two_rows_have_one_name(self):
        names = [row.name for row in (*ROWS, *MODELLED)]
        assert len(set(names)) == len(names)
        assert not any({",", " "} & set(name) for name in names)

    @pytest.mark.long
    def test_every_change_fits_the_source_and_what_comes_of_it_can_be_loaded(self, tmp_path):
        roots = []
        for row in ROWS:
            root = tmp_path / row.name
            write_source(row, root / "node" / "vault", VERSION)
            shutil.copyfile(Path(node.__file__), root / "node" / "__init__.py")
            roots.append(str(root))
        ended = subprocess.run(
            [sys.executable, "-I", "-c", IMPORT_ALL, *roots], capture_output=True, text=True, timeout=IMPORT_S_MAX,
            check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr

    @pytest.mark.long
    def test_every_change_calls_what_it_calls_as_the_source_has_it_today(self, tmp_path):
        files = []
        for row in ROWS:
            write_source(row, tmp_path / row.name, VERSION)
            for number, file in enumerate(sorted({change.file for change in row.changes})):
                module = tmp_path / f"row_{row.name.replace('-', '_')}_{number}.py"
                shutil.copyfile(tmp_path / row.name / file, module)
                files.append(str(module))
        ended = subprocess.run(
            [sys.executable, "-m", "mypy", *LOOSELY, *files], cwd=ROOT, capture_output=True, text=True,
            timeout=IMPORT_S_MAX, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout

    @pytest.mark.long
    def test_every_row_is_another_tree_that_asks_for_no_more_than_the_current_one(self, tmp_path):
        trees = set()
        for row in ROWS:
            built = build_tree(write_source(row, tmp_path / row.name, VERSION), VERSION)
            assert built.release.capabilities == TODAY, row.name
            trees.add(built.release.tree)
        assert len(trees) == len(ROWS)

    def test_a_passage_that_is_gone_is_an_error(self, tmp_path):
        gone = replace(BADLY, changes=(Change("driver.py", "was here before", "is not"),))
        with pytest.raises(PracticeError, match=r"not in driver\.py exactly once"):
            write_source(gone, tmp_path / "gone", VERSION)

    def test_every_bad_one_must_not_be_promoted_and_every_good_one_must(self):
        assert {row.ending for row in BAD} == {"not promoted"}
        assert {row.ending for row in GOOD} == {"promoted"}
        assert all(row.unseen and row.ending == "anything" for row in UNSEEN)
        assert all(row.is_attempt for row in ATTEMPTS)

    def test_only_what_does_no_harm_in_use_leaves_a_network_in_which_others_can_be_played(self):
        assert not any(row.is_harmless for row in (*BAD, *UNSEEN))
        assert all(row.is_harmless for row in (*ATTEMPTS, *GOOD))

    @pytest.mark.parametrize("row", MODELLED, ids=lambda row: row.name)
    def test_what_practice_cannot_see_is_refused_at_the_size_of_a_real_trial(self, row):
        assert complaints(row, [modelled.play(row, 1)], NOTHING_LEFT) == []


class TestTheEnd:
    def test_a_bad_one_that_is_refused_for_what_it_does_ended_as_it_should(self):
        assert complaints(BADLY, [refused(), refused()], NOTHING_LEFT) == []

    def test_a_bad_one_that_one_farm_promoted_did_not(self):
        (said,) = complaints(BADLY, [refused(), promoted()], NOTHING_LEFT)
        assert said.startswith("farm 2: promoted")

    def test_nor_one_that_is_refused_for_something_else(self):
        (said,) = complaints(BADLY, [refused("lost 1 of 3 stored pieces")], NOTHING_LEFT)
        assert said.endswith("which is no reason of its")

    def test_nor_one_of_which_the_trial_only_did_not_find_out_what_it_was_to_find(self):
        undecided = not_proven(280, [unproven(["leak"])])
        leaking = replace(BADLY, reasons=("memory",))
        assert complaints(leaking, [End("farm 1", "not proven", undecided)], NOTHING_LEFT) != []

    def test_nor_one_that_is_not_decided(self):
        assert complaints(BADLY, [End("farm 1", "", "")], NOTHING_LEFT) != []
        assert complaints(REACHING, [End("farm 1", "", "")], Traces(refused=1)) != []

    def test_a_good_one_must_be_promoted_by_every_farm(self):
        assert complaints(WELL, [promoted(), promoted()], NOTHING_LEFT) == []
        assert len(complaints(WELL, [promoted(), refused()], NOTHING_LEFT)) == 1

    def test_an_attempt_may_be_promoted_but_must_have_come_to_nothing(self):
        assert complaints(REACHING, [promoted(), refused()], Traces(refused=2)) == []
        assert complaints(REACHING, [refused()], Traces(refused=2, succeeded=("reaching 1",))) != []
        assert complaints(REACHING, [refused()], Traces(refused=2, planted=("planted",))) != []

    def test_an_attempt_that_was_never_made_shows_nothing(self):
        assert complaints(REACHING, [refused()], NOTHING_LEFT) == ["it attempted nothing"]


class TestTheCommand:
    def call(self, file: Path, *words: str) -> int:
        return main(["--seeds", "2", "--results", str(file), "--only", MODELLED[0].name, *words])

    def test_what_was_played_is_not_played_again(self, tmp_path, monkeypatch, capsys):
        played: list[int] = []

        def play(_row: ModelledRow, seed: int) -> End:
            played.append(seed)
            return refused("processor time")

        monkeypatch.setattr(modelled, "play", play)
        assert self.call(tmp_path / "results") == self.call(tmp_path / "results") == 0
        assert played == [1, 2]
        assert capsys.readouterr().out.endswith(f"2/2  {MODELLED[0].name}: refused\n")

    def test_a_bad_one_that_was_promoted_is_a_failure(self, tmp_path, monkeypatch):
        monkeypatch.setattr(modelled, "play", lambda _row, _seed: promoted())
        assert self.call(tmp_path / "results") == 1

    def test_a_row_that_is_not_there_is_said_so(self, tmp_path, capsys):
        with pytest.raises(SystemExit):
            main(["--results", str(tmp_path / "results"), "--only", "nothing-of-that-name"])
        assert "no row is called nothing-of-that-name" in capsys.readouterr().err


class TestTraces:
    def test_are_read_from_the_logs_of_the_twins_and_of_the_farms_own_vault(self, tmp_path):
        logs = tmp_path / "farm-1" / "logs"
        logs.mkdir(parents=True)
        (logs / "twins.log").write_text(f"Z W x reaching 0 {REFUSED}: no\nZ W x other 0 {SUCCEEDED}\n")
        (logs / "vault.log").write_text(f"Z W x reaching 1 {SUCCEEDED}\n")
        (tmp_path / PLANTED).write_bytes(b"x")
        found = traces(REACHING, [tmp_path / "farm-1"])
        assert found == Traces(1, (f"Z W x reaching 1 {SUCCEEDED}",), (str(tmp_path / PLANTED),))

    def test_of_a_row_that_attempts_nothing_are_none(self, tmp_path):
        (tmp_path / PLANTED).write_bytes(b"x")
        assert traces(BADLY, [tmp_path / "farm-1"]) == NOTHING_LEFT


class TestResults:
    def add(self, file: Path, source: str = "a", row: Row = BADLY, *said: str) -> None:
        line = line_of(row, 1, source, (refused(),), list(said), 1.0)
        Results(file, source, is_any_source=False).add(line)

    def test_what_was_played_is_known_after_a_new_start(self, tmp_path):
        self.add(tmp_path / "results")
        again = Results(tmp_path / "results", "a", is_any_source=False)
        found = again.found(BADLY, 1)
        assert found is not None
        assert found.ends == (refused(),)
        assert again.found(BADLY, 2) is None

    def test_what_was_found_of_other_source_counts_only_if_it_is_asked_for(self, tmp_path):
        self.add(tmp_path / "results", "a")
        assert Results(tmp_path / "results", "b", is_any_source=False).found(BADLY, 1) is None
        assert Results(tmp_path / "results", "b", is_any_source=True).found(BADLY, 1) is not None

    def test_what_was_found_of_another_change_of_that_name_never_counts(self, tmp_path):
        self.add(tmp_path / "results")
        other = replace(BADLY, changes=(Change("driver.py", "a", "b"),))
        assert Results(tmp_path / "results", "a", is_any_source=True).found(other, 1) is None

    def test_a_line_that_was_torn_off_costs_no_other(self, tmp_path):
        file = tmp_path / "results"
        self.add(file)
        file.write_bytes(file.read_bytes() + b'{"row": "go')
        self.add(file, "a", WELL)
        results = Results(file, "a", is_any_source=False)
        assert results.found(BADLY, 1) is not None
        assert results.found(WELL, 1) is not None

    def test_the_newest_line_counts(self, tmp_path):
        self.add(tmp_path / "results", "a", BADLY, "a complaint")
        self.add(tmp_path / "results", "a", BADLY)
        found = Results(tmp_path / "results", "a", is_any_source=False).found(BADLY, 1)
        assert found is not None
        assert found.complaints == ()

    def test_the_table_tells_how_many_ended_as_they_should_and_what_did_not(self, tmp_path):
        self.add(tmp_path / "results", "a", BADLY, "farm 2: promoted ()")
        results = Results(tmp_path / "results", "a", is_any_source=False)
        assert table([BADLY, WELL], results, range(1, 3)) == [
            "0/1  bad: refused",
            "      seed 1: farm 2: promoted ()",
            "0/0  good: not played",
        ]

    def test_another_byte_of_source_is_another_source(self, tmp_path):
        (tmp_path / "a.py").write_text("x = 1")
        before = source_hash(tmp_path)
        (tmp_path / "a.py").write_text("x = 2")
        after = source_hash(tmp_path)
        (tmp_path / "b.py").write_text("")
        assert len({before, after, source_hash(tmp_path)}) == 3
