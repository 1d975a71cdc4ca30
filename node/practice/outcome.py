"""What came of a practice run: per release and farm the verdict with its evidence, and one sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.api.schema import TrialView, Update
from node.practice.releases import Expectation


@dataclass(frozen=True, slots=True)
class FarmOutcome:
    """What one farm decided.  ``verdict`` is empty when it had not decided in time."""

    farm: str
    verdict: str
    phase: str
    reason: str
    is_as_expected: bool
    decided_after_s: float | None  # since the release was published
    seconds: dict[str, float]  # in each phase
    bytes_fetched: int
    blocks: int = 0
    pairs: int = 0
    verified_reads: int = 0
    peers_rated: int = 0
    restarts: int = 0  # of both twins, on purpose, with their whole stores read after it
    noise: dict[str, float] | None = None  # standard deviation of z by metric, in margins


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """What all farms decided about one release."""

    name: str
    release: str
    tree_hash: str
    expected: Expectation
    is_as_expected: bool
    farms: tuple[FarmOutcome, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class TrafficOutcome:
    """What the people of the network saw meanwhile."""

    puts: int
    gets: int
    failed_puts: int
    failed_gets: int
    wrong_bytes: int


def from_update(farm: str, update: Update | None, expected: Expectation, decided_after_s: float | None) -> FarmOutcome:
    """What a farm's history says about the release; None when it never heard of it."""
    if update is None:
        is_expected = expected in ("not staged", "any")
        return FarmOutcome(
            farm=farm, verdict="", phase="unknown", reason="never announced", is_as_expected=is_expected,
            decided_after_s=None, seconds={}, bytes_fetched=0,
        )  # fmt: skip
    fits = {
        "promoted": update.verdict == "promoted",
        "refused": update.verdict == "refused",
        "not staged": False,
        "any": update.verdict != "",
    }
    outcome = FarmOutcome(
        farm=farm, verdict=update.verdict, phase=update.phase, reason=update.reason, is_as_expected=fits[expected],
        decided_after_s=decided_after_s, seconds=update.seconds, bytes_fetched=update.bytes_fetched,
    )  # fmt: skip
    return outcome if update.trial is None else _with_evidence(outcome, update.trial)


def refused_unstaged(farm: str, reason: str, decided_after_s: float) -> FarmOutcome:
    """The farm threw the release's metadata away before it fetched anything."""
    return FarmOutcome(
        farm=farm, verdict="refused", phase="not staged", reason=reason, is_as_expected=True,
        decided_after_s=decided_after_s, seconds={}, bytes_fetched=0,
    )  # fmt: skip


def release_outcome(
    name: str, release: str, tree_hash: str, expected: Expectation, farms: tuple[FarmOutcome, ...]
) -> ReleaseOutcome:
    """Sum up what the farms decided."""
    is_expected = all(farm.is_as_expected for farm in farms)
    sentence = _sentence(name, expected, farms, is_expected=is_expected)
    return ReleaseOutcome(
        name=name, release=release, tree_hash=tree_hash, expected=expected, is_as_expected=is_expected, farms=farms,
        sentence=sentence,
    )  # fmt: skip


def noise_of(releases: tuple[ReleaseOutcome, ...], name: str) -> dict[str, float]:
    """The mean standard deviation of z by metric over all farms that tried the release ``name``.

    For equal code against equal code this is the noise that the margins must stand.
    """
    measured = [f.noise for r in releases if r.name == name for f in r.farms if f.noise]
    names = sorted({metric for noise in measured for metric in noise})
    return {metric: round(sum(noise.get(metric, 0.0) for noise in measured) / len(measured), 3) for metric in names}


def _with_evidence(outcome: FarmOutcome, trial: TrialView) -> FarmOutcome:
    noise = {metric.name: round(metric.noise, 3) for metric in trial.metrics if metric.noise is not None}
    return replace(
        outcome, blocks=trial.blocks, pairs=trial.pairs, verified_reads=trial.verified_reads,
        peers_rated=trial.neighbours_rated, restarts=trial.restarts, noise=noise or None,
    )  # fmt: skip


def _sentence(name: str, expected: Expectation, farms: tuple[FarmOutcome, ...], *, is_expected: bool) -> str:
    everyone = f"all {len(farms)} farms" if len(farms) > 1 else "the farm"
    verdicts = sorted({farm.verdict or "undecided" for farm in farms})
    if expected == "not staged" and is_expected:
        return f"“{name}” was thrown away by {everyone} before anything of it was fetched."
    if len(verdicts) == 1:
        slowest = max((farm.decided_after_s or 0.0 for farm in farms), default=0.0)
        tail = f" within {slowest:.0f} s" if slowest else ""
        reason = farms[0].reason if verdicts[0] == "refused" else ""
        said = f"“{name}” was {verdicts[0]} by {everyone}{tail}" if verdicts[0] != "undecided" else (
            f"“{name}” was not decided in time by any farm"
        )  # fmt: skip
        return f"{said}. {farms[0].farm.capitalize()} says: “{reason}”." if reason else f"{said}."
    listed = ", ".join(f"{farm.farm}: {farm.verdict or 'undecided'}" for farm in farms)
    return f"“{name}” was decided differently ({listed})."
