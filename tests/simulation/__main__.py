"""``python -m tests.simulation --seeds A..B --vaults N --hours H``: one line for each seed, one to repeat each failure.

Every seed is played twice, in processes of their own with different hash seeds; when their fingerprints differ, chance
has come from somewhere else than the seed, and that is a failure too.

A long run:  ``python -m tests.simulation --seeds 1..1 --vaults 1000 --hours 24 --churn 30 --real-pace --resume FILE``
plays 24 segments of an hour and writes FILE after each; started again it goes on after the last one that is in FILE.
It takes one seed and plays it once: what it finds are failures of the network, not chance from elsewhere.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import platform
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from node.vault import control
from tests.simulation.faults import CHURN, MAKERS
from tests.simulation.signing import cheap_signatures
from tests.simulation.world import CONVERGE_S, QUICK, REPAIR_S, Left, Outcome, Scenario, World

HASH_SEEDS: Final = ("1", "77")
REAL_SIGNATURES_MAX: Final = 50  # vaults
RUN_S_MAX: Final = 12 * 3600
# Most of what a world makes is there to stay; by Python's own thresholds it would all be looked at time and again.
COLLECTED_AT: Final = (100_000, 20, 100)
FAULTS_PER_HOUR: Final = 100  # unless --faults or --churn says otherwise
CHUNKS_PER_HOUR: Final = 200
PACKED_LEVEL: Final = 15
PACKED_WINDOW_LOG: Final = 27  # 128 MiB: the same chunk lies on many disks, far from each other in the file
REAL_REPAIR_S: Final = 1_200.0
REAL_CONVERGE_S: Final = 1_800.0


class Kept(msgspec.Struct, array_like=True):
    """The file of a long run."""

    segments: int
    left: Left | None
    lines: list[str]
    failures: list[str]


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    options.add_argument("--seeds", default="1..1", help="A..B, both played")
    options.add_argument("--vaults", type=int, default=12)
    options.add_argument("--hours", type=float, default=0.1)
    options.add_argument("--kinds", default=",".join(MAKERS), help="of faults")
    options.add_argument("--faults", type=int, help="how many in all")
    options.add_argument("--chunks", type=int, help="that are put")
    options.add_argument("--churn", type=float, help="percent of the vaults per hour; no other faults")
    options.add_argument("--nats", action="store_true", help="put vaults behind NATs of several kinds")
    options.add_argument("--real-pace", action="store_true", help="the pace of a real home instead of a quick one")
    options.add_argument("--once", action="store_true", help="play in this process, once, and print JSON")
    options.add_argument("--resume", type=Path, help="play one seed once, in segments kept in this file")
    return options


def scenario_of(arguments: argparse.Namespace, seed: int, *, segment: int = 0, hours: float | None = None) -> Scenario:
    hours = arguments.hours if hours is None else hours
    is_churn = arguments.churn is not None
    count = round(arguments.vaults * arguments.churn / 100 * hours) if is_churn else round(FAULTS_PER_HOUR * hours)
    is_real = arguments.real_pace
    return Scenario(
        seed, arguments.vaults, hours,
        round(CHUNKS_PER_HOUR * hours) if arguments.chunks is None else arguments.chunks,
        count if arguments.faults is None else arguments.faults,
        CHURN if is_churn else tuple(arguments.kinds.split(",")),
        control.Pace() if is_real else QUICK,
        REAL_REPAIR_S if is_real else REPAIR_S,
        REAL_CONVERGE_S if is_real else CONVERGE_S,
        is_cheap=arguments.vaults > REAL_SIGNATURES_MAX, has_nats=arguments.nats, segment=segment,
    )  # fmt: skip


def play(scenario: Scenario, left: Left | None = None) -> Outcome:
    with cheap_signatures() if scenario.is_cheap else nullcontext():
        return World(scenario, left=left).play()


def line_of(outcome: Outcome, seconds: float) -> str:
    counts = outcome.counts
    state = "well" if not outcome.failures else "FAILED"
    return (
        f"seed {outcome.scenario.seed}{f' hour {outcome.scenario.segment + 1}' if outcome.scenario.segment else ''}: "
        f"{state}; {outcome.fingerprint}; {counts['puts']} chunks, {counts['gets']} gets, "
        f"{counts['messages']} messages; converged after {outcome.converged_after_s:.0f} s; "
        f"{outcome.virtual_s:.0f} s in {seconds:.1f} s of CPU = {outcome.virtual_s / max(seconds, 1e-9):.0f} x"
    )


def repeat_line(arguments: argparse.Namespace, seed: int) -> str:
    """The one line that repeats a run."""
    words = ["python -m tests.simulation", f"--seeds {seed}..{seed}"]
    words += [f"--vaults {arguments.vaults}", f"--hours {arguments.hours:g}"]
    if arguments.kinds != ",".join(MAKERS):
        words.append(f"--kinds {arguments.kinds}")
    for name in ("faults", "chunks", "churn"):
        if getattr(arguments, name) is not None:
            words.append(f"--{name} {getattr(arguments, name):g}")
    words += ["--nats"] * arguments.nats + ["--real-pace"] * arguments.real_pace
    return f"repeat it at {_commit()}, Python {platform.python_version()}: {' '.join(words)}"


def play_twice(arguments: argparse.Namespace, seed: int, words: list[str]) -> bool:
    """Whether the seed plays well, and alike under both hash seeds."""
    command = [sys.executable, "-m", "tests.simulation", *words, "--seeds", f"{seed}..{seed}", "--once"]
    children = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
        )
        for hash_seed in HASH_SEEDS
    ]  # fmt: skip
    results: list[dict[str, Any]] = []
    for child in children:
        told, errors = child.communicate(timeout=RUN_S_MAX)
        why = f"it did not run to its end: {(errors.strip().splitlines() or ['?'])[-1]}"
        results.append(json.loads(told) if child.returncode == 0 else {"failures": [why]})
    failures = results[0]["failures"]
    if not failures and results[0]["fingerprint"] != results[1].get("fingerprint"):
        failures = [f"two hash seeds give two fingerprints: {[r.get('fingerprint') for r in results]}"]
    print(results[0].get("line", f"seed {seed}: FAILED"), flush=True)
    for failure in failures:
        print(f"    {failure}")
    if failures:
        print(f"    {repeat_line(arguments, seed)}", flush=True)
    return not failures


def play_on(arguments: argparse.Namespace, seed: int) -> bool:
    """Play the segments that are still missing in the file."""
    file: Path = arguments.resume
    kept = _unpacked(file.read_bytes()) if file.exists() else Kept(0, None, [], [])
    for line in kept.lines:
        print(line)
    while kept.segments < arguments.hours:
        hours = min(1.0, arguments.hours - kept.segments)
        begun_s = time.process_time()
        outcome = play(scenario_of(arguments, seed, segment=kept.segments, hours=hours), kept.left)
        line = line_of(outcome, time.process_time() - begun_s)
        kept = Kept(kept.segments + 1, outcome.left, [*kept.lines, line], kept.failures + outcome.failures)
        unfinished = file.with_name(file.name + ".unfinished")
        unfinished.write_bytes(_packed(kept))
        unfinished.replace(file)
        print(line, *outcome.failures, sep="\n    ", flush=True)
        del outcome
        gc.collect()  # by the thresholds of a run the whole world of this hour would stay for hours
    if kept.failures:
        print(f"    {repeat_line(arguments, seed)} --resume FILE")
    return not kept.failures


def _packed(kept: Kept) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(PACKED_LEVEL, window_log=PACKED_WINDOW_LOG)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(msgspec.msgpack.encode(kept))


def _unpacked(content: bytes) -> Kept:
    return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(content), type=Kept)


def _commit() -> str:
    ended = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return ended.stdout.strip() or "an unknown commit"


def main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    first, _, last = arguments.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    if arguments.resume is not None:
        if len(seeds) != 1:
            parser().error("--resume plays one seed, as --seeds 1..1")
        return 0 if play_on(arguments, seeds[0]) else 1
    if arguments.once:
        begun_s = time.process_time()
        outcome = play(scenario_of(arguments, seeds[0]))
        line = line_of(outcome, time.process_time() - begun_s)
        told = {"fingerprint": outcome.fingerprint, "failures": outcome.failures, "line": line}
        print(json.dumps(told | {"counts": outcome.counts, "most": outcome.most}))
        return 0
    bad = [seed for seed in seeds if not play_twice(arguments, seed, words)]
    return 1 if bad else 0


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.ERROR)
    gc.set_threshold(*COLLECTED_AT)
    sys.exit(main(sys.argv[1:]))
