"""What a trial has to say: its progress, its verdict, and the reasons in plain words with numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from node.trial.peers import Hold
from node.trial.profile import MetricName

Outcome = Literal["promote", "refuse", "keep", "void"]

MISSING_SHOWN_MAX: Final = 3  # a reason stays short
WHAT_CHARACTERS_MAX: Final = 80  # of a text from outside in a reason

_WORSE: Final[dict[MetricName, str]] = {
    "p50": "slower: requests take {factor} times as long (at most {limit} allowed)",
    "tail": "slower: its late requests lengthen the mean by {percent} % (at most {percent_limit} % allowed)",
    "cpu": "needs {factor} times the processor time (at most {limit} allowed)",
    "mem": "needs {factor} times the memory (at most {limit} allowed)",
    "leak": "memory keeps growing: {percent} % above its earlier level (at most {percent_limit} % allowed)",
    "bytes": "sends {factor} times the bytes (at most {limit} allowed)",
    "fail": "fails more often: {percent} % more of its requests than its twin (at most {percent_limit} % allowed)",
}
_NAMES: Final[dict[MetricName, str]] = {
    "p50": "request time",
    "tail": "slowest requests",
    "cpu": "processor time",
    "mem": "memory",
    "leak": "growth of memory",
    "bytes": "bytes sent",
    "fail": "failed requests",
}


@dataclass(frozen=True, slots=True)
class MetricProgress:
    """One metric as a factor: 1.02 is 2 % more of it than the twin.

    For ``tail`` it is how much the late requests lengthen the (geometric) mean, for ``fail`` 1.02 is 2 % of all
    requests more that fail.  ``low`` and ``high`` are None until there are enough blocks.
    """

    name: MetricName
    estimate: float | None
    low: float | None
    high: float | None
    limit: float
    is_proven: bool
    is_alarming: bool


@dataclass(frozen=True, slots=True)
class Noise:
    """How one metric scattered: mean and standard deviation of z (in margins) over ``n`` blocks."""

    name: MetricName
    n: int
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Progress:
    """What a running or finished trial has found so far.

    ``seconds`` are those in which both twins were up; ``neighbours_needed`` is 0 in too small a network.
    """

    seconds: float
    blocks: int
    pairs: int
    verified_reads: int
    lost: int
    wrong: int
    restarts: int
    neighbours_rated: int
    neighbours_needed: int
    metrics: tuple[MetricProgress, ...]
    noise: tuple[Noise, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a trial, once.  ``evidence`` is all that was found; ``reason`` is for a person."""

    outcome: Outcome
    reason: str
    evidence: Progress

    @property
    def blocks(self) -> int:
        return self.evidence.blocks

    @property
    def pairs(self) -> int:
        return self.evidence.pairs

    @property
    def verified_reads(self) -> int:
        return self.evidence.verified_reads

    @property
    def neighbours_rated(self) -> int:
        return self.evidence.neighbours_rated

    @property
    def noise(self) -> tuple[Noise, ...]:
        return self.evidence.noise


def factor(x: float) -> float:
    """A metric's value in its natural unit as a factor for people."""
    return math.exp(x)


def worse(name: MetricName, x: float, margin: float) -> str:
    percent, percent_limit = (x, margin) if name == "fail" else (math.expm1(x), math.expm1(margin))
    return _WORSE[name].format(
        factor=_number(factor(x)),
        limit=_number(factor(margin)),
        percent=_number(100 * percent),
        percent_limit=_number(100 * percent_limit),
    )


def lost(count: int, stored: int) -> str:
    return f"lost {count} of {stored:,} stored pieces" if stored >= count else f"lost {_counted(count, 'stored piece')}"


def wrong(count: int, reads: int) -> str:
    return f"gave wrong bytes in {count} of {max(count, reads):,} reads"


def crashed(exit_code: int) -> str:
    return f"crashed ({_how(exit_code)}) while its twin went on"


def unwilling(exit_code: int) -> str:
    return f"did not end by itself when it was told to ({_how(exit_code)}), as its twin did"


def gone() -> str:
    return "was not up any more at the end, as its twin was"


def hung(asks: int, seconds: float) -> str:
    return f"stopped answering: {asks} requests in {span(seconds)} that its twin answered"


def absent(seconds: float) -> str:
    return f"was not up within {span(seconds)} while its twin was"


def violated(what: str) -> str:
    return f"broke the protocol: {_cut(what)}"


def denied(what: str) -> str:
    return f"tried what it may not do: {_cut(what)}"


def proven_by_neighbours(count: int) -> str:
    return f"gave wrong answers under its own signature, as {_counted(count, 'neighbour')} proved"


def keeps_news(misses: int, seconds: float) -> str:
    return f"does not pass on news from the developers, as its twin did {misses} times in {span(seconds)}"


def news_unseen() -> str:
    return "it was not seen to pass on news from the developers"


def news_kept_lately() -> str:
    return "lately it did not pass on news from the developers"


def promoted(evidence: Progress, *, is_proven: bool = True) -> str:
    by = f"rated by {_counted(evidence.neighbours_rated, 'neighbour')}"
    if not evidence.neighbours_needed:
        by = "not rated by neighbours"
    reads = f"{evidence.verified_reads:,} reads checked"
    seen = (
        "as good as the current version" if is_proven else "urgent, and not seen to be worse than the current version"
    )
    return f"{seen} in {evidence.blocks} comparisons, {reads}, {by}"


def both_failed(kind: str) -> str:
    return f"the computer is to blame: its twin showed the same fault ({kind}) at the same time"


def excused_too_often(count: int) -> str:
    return f"the computer is to blame: {count} crashes fell together with its own faults"


def not_up(seconds: float) -> str:
    return f"could not be compared: the twins were not both up for {span(seconds)}"


def not_proven(seconds: float, missing: list[str]) -> str:
    return f"not proven within {span(seconds)}: {', '.join(missing[:MISSING_SHOWN_MAX])}"


def disagreed(hold: Hold) -> str:
    saw = "they see it slower than the current version" if hold == "slower" else "most of them report faults"
    return f"neighbours disagree: {saw}"


def too_few(have: int, need: int, what: str) -> str:
    return f"{have:,} of {need:,} {what}"


def worse_to_vaults(candidate: int, control: int) -> str:
    return f"it gave another vault {candidate:,} right answers where its twin gave {control:,}"


def gave_away(candidate: int, control: int) -> str:
    return f"it gave away {candidate:,} stored pieces where its twin gave {control:,}"


def unproven(names: list[MetricName]) -> str:
    return f"{' and '.join(_NAMES[name] for name in names)} still undecided"


def suspected(name: MetricName) -> str:
    return f"{_NAMES[name]} lately worse"


def drifted(name: MetricName, x: float, margin: float) -> str:
    """``x`` is what has come together since the best version of the last year."""
    return f"{worse(name, x, margin)}, beside the best version of the last year"


def span(seconds: float) -> str:
    """A time for people, in the unit in which it is at least two."""
    for unit_s, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 10 * 60 and seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.0f} s"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _how(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _cut(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable if len(printable) <= WHAT_CHARACTERS_MAX else printable[: WHAT_CHARACTERS_MAX - 1] + "…"
