"""What a practice network says of its farms' decisions."""

from __future__ import annotations

import pytest

from node.api.schema import MetricView, TrialView, Update
from node.practice.outcome import FarmOutcome, from_update, noise_of, refused_unstaged, release_outcome

TRIAL = TrialView(
    "vault/0.1.1", "0.1.1", "confirmed", 0.0, 20, 800, 690, 0, 0, 0, 7, 4,
    (MetricView("p50", 1.0, 0.9, 1.1, 1.35, True, False, 0.321), MetricView("mem", 1.0, None, None, 1.25, True, False)),
)  # fmt: skip


def update(verdict, phase="confirmed", reason="as good as the current version"):
    return Update(
        "vault/0.1.1", "0.1.1", "a" * 64, phase, verdict, reason, ("ash",), 0.0, 60.0, 5279, {"on_trial": 50.0}, TRIAL
    )


def farms(*verdicts: str, reason="lost 1 of 20 stored pieces", is_as_expected=True):
    return tuple(
        FarmOutcome(f"farm {number}", verdict, "", reason, is_as_expected, 10.0 * number, {}, 0)
        for number, verdict in enumerate(verdicts, 1)
    )


def sentence(expected, outcomes):
    return release_outcome("this", "vault/0.1.1", "a" * 64, expected, outcomes).sentence


class TestSentences:
    def test_all_agree(self):
        assert sentence("promoted", farms("promoted", "promoted")) == "“this” was promoted by all 2 farms within 20 s."

    def test_one_farm_is_not_called_all_of_them(self):
        assert sentence("promoted", farms("promoted")) == "“this” was promoted by the farm within 10 s."

    def test_a_refusal_gives_one_farms_reason_as_that_farms(self):
        said = sentence("refused", farms("refused", "refused"))
        assert said.endswith("within 20 s. Farm 1 says: “lost 1 of 20 stored pieces”.")

    def test_what_was_thrown_away_unstaged(self):
        outcomes = (refused_unstaged("farm 1", "signed by 2 pods, 3 are needed", 0.5),)
        assert (
            sentence("not staged", outcomes) == "“this” was thrown away by the farm before anything of it was fetched."
        )

    def test_farms_that_disagree_are_named(self):
        said = sentence("promoted", farms("promoted", ""))
        assert said == "“this” was decided differently (farm 1: promoted, farm 2: undecided)."

    def test_nobody_decided(self):
        assert sentence("promoted", farms("", "")) == "“this” was not decided in time by any farm."


class TestExpectations:
    @pytest.mark.parametrize(
        ("verdict", "expected", "is_right"),
        [
            ("promoted", "promoted", True), ("refused", "promoted", False), ("refused", "refused", True),
            ("not proven", "refused", False), ("rolled back", "refused", False), ("promoted", "not staged", False),
            ("rolled back", "any", True), ("", "any", False),
        ],
    )  # fmt: skip
    def test_a_verdict_is_held_against_what_was_expected(self, verdict, expected, is_right):
        assert from_update("farm 1", update(verdict), expected, 60.0).is_as_expected is is_right

    @pytest.mark.parametrize(("expected", "is_right"), [("promoted", False), ("refused", False), ("not staged", True)])
    def test_a_release_that_was_never_heard_of(self, expected, is_right):
        assert from_update("farm 1", None, expected, None).is_as_expected is is_right

    def test_one_wrong_farm_makes_the_release_wrong(self):
        right, wrong = farms("promoted"), farms("refused", is_as_expected=False)
        assert release_outcome("this", "", "", "promoted", right + right).is_as_expected
        assert not release_outcome("this", "", "", "promoted", right + wrong).is_as_expected


class TestEvidence:
    def test_the_trials_evidence_comes_along(self):
        outcome = from_update("farm 1", update("promoted"), "promoted", 60.0)
        assert (outcome.blocks, outcome.pairs, outcome.verified_reads, outcome.peers_rated) == (20, 800, 690, 7)
        assert (outcome.bytes_fetched, outcome.seconds) == (5279, {"on_trial": 50.0})

    def test_noise_is_the_mean_over_all_farms_that_measured(self):
        first = from_update("farm 1", update("promoted"), "promoted", 60.0)
        assert first.noise == {"p50": 0.321}
        release = release_outcome("good", "", "", "promoted", (first, first))
        assert noise_of((release,), "good") == {"p50": 0.321}
        assert noise_of((release,), "slow") == {}
