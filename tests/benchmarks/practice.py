"""The practice network: verdicts over many seeds, noise, bytes of a small release, and the cost of idling."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.practice.network import PracticeNetwork, practice_folder
from node.practice.profile import PracticeProfile
from node.vault.control import Pace

RUN_S_MAX = 1800
IDLE_SETTLE_S = 20.0
IDLE_S = 40.0


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seeds", type=int, default=10, help="how many runs, with seeds 1, 2, ...")
    command.add_argument("--releases", default="good,slow,lossy,crashing,forged")
    command.add_argument("--results", type=Path, help="keep each run in this file and skip those already in it")
    command.add_argument("--no-idle", action="store_true", help="leave the idle figures out")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    kept = _load(arguments.results)
    for seed in range(1, arguments.seeds + 1):
        if str(seed) not in kept:
            kept[str(seed)] = _run(seed, arguments.releases)
            print(_line(seed, kept[str(seed)]), file=sys.stderr, flush=True)
            if arguments.results:
                arguments.results.write_text(json.dumps(kept))
    runs = [kept[str(seed)] for seed in range(1, arguments.seeds + 1)]
    return {
        "runs": [_summary(run) for run in runs],
        "wrong_outcomes": sum(not release["is_as_expected"] for run in runs for release in run["releases"]),
        "good_decided_after_s": _spread(_of(runs, "good", "decided_after_s")),
        "peers_rated_at_least": min((farm["peers_rated"] for farm in _tried(runs)), default=None),
        "noise_sd_z": _noise(runs),
        "profile": runs[0]["profile"] if runs else None,
        "one_changed_file": _one_changed_file(runs),
        "idle": None if arguments.no_idle else asyncio.run(_idle()),
    }


def show(figures: dict[str, Any]) -> None:
    for run in figures["runs"]:
        print(run["line"])
    for name in ("wrong_outcomes", "good_decided_after_s", "peers_rated_at_least", "noise_sd_z", "one_changed_file"):
        print(f"{name}: {figures[name]}")
    print(f"idle: {json.dumps(figures['idle'], indent=1)}")


def _run(seed: int, releases: str) -> dict[str, Any]:
    """One whole practice network in processes of its own."""
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "node.cli", "practice", "--json", "--seed", str(seed), "--releases", releases],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=RUN_S_MAX, check=False,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(ended.stdout)
    if "releases" not in result:
        raise SystemExit(f"seed {seed} did not run: {result}")
    return result


def _summary(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "seed": run["seed"],
        "is_as_expected": run["is_as_expected"],
        "stood_after_s": run["stood_after_s"],
        "seconds": run["seconds"],
        "traffic": run["traffic"],
        "line": _line(run["seed"], run),
        "releases": {
            release["name"]: [
                {key: farm[key] for key in ("verdict", "decided_after_s", "reason", "blocks", "pairs", "peers_rated")}
                for farm in release["farms"]
            ]
            for release in run["releases"]
        },
    }


def _line(seed: int, run: dict[str, Any]) -> str:
    parts = []
    for release in run["releases"]:
        slowest = max((farm["decided_after_s"] or 0.0) for farm in release["farms"])
        verdicts = "/".join(sorted({farm["verdict"] or "undecided" for farm in release["farms"]}))
        parts.append(f"{release['name']}: {verdicts} in {slowest:.0f} s")
    return f"seed {seed}: {'right' if run['is_as_expected'] else 'WRONG'}; " + "; ".join(parts)


def _of(runs: list[dict[str, Any]], name: str, key: str) -> list[float]:
    farms = [
        farm for run in runs for release in run["releases"] if release["name"] == name for farm in release["farms"]
    ]
    return [farm[key] for farm in farms if farm[key] is not None]


def _tried(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The farms' promotions: what no release reaches without neighbours."""
    return [
        farm
        for run in runs
        for release in run["releases"]
        for farm in release["farms"]
        if farm["verdict"] == "promoted"
    ]


def _noise(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Standard deviation of z by metric over all trials of equal code."""
    trials = [
        farm["noise"]
        for run in runs
        for release in run["releases"]
        if release["name"] == "good"
        for farm in release["farms"]
        if farm["noise"]
    ]
    names = sorted({name for trial in trials for name in trial})
    return {name: _spread([trial[name] for trial in trials if name in trial]) for name in names}


def _one_changed_file(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The release "good" differs from the version in use in one file."""
    return {"bytes_fetched": _spread(_of(runs, "good", "bytes_fetched"))}


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {
        "min": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "max": round(max(values), 3),
        "n": len(values),
    }


async def _idle() -> dict[str, Any]:
    """Nine vaults and one supervisor at the pace of a real home, with nothing to do."""
    profile = PracticeProfile(vaults=9, farms=1, pace=Pace())
    with practice_folder(None, is_kept=False) as folder:
        return await _idle_in(folder, profile)


async def _idle_in(folder: Path, profile: PracticeProfile) -> dict[str, Any]:
    async with PracticeNetwork(folder, profile) as network:
        await network.wait_until_it_stands()
        await asyncio.sleep(IDLE_SETTLE_S)
        processes = {
            "vault": [psutil.Process(vault.pid) for vault in network.plain],
            "supervisor": [psutil.Process(farm.pid) for farm in network.farms],
        }
        started_s = time.monotonic()
        before = {name: [_cpu_s(p.pid) for p in group] for name, group in processes.items()}
        await asyncio.sleep(IDLE_S)
        seconds = time.monotonic() - started_s
        return {
            name: {
                "cpu_percent_of_a_core": _spread(
                    [100 * (_cpu_s(p.pid) - b) / seconds for p, b in zip(group, before[name], strict=True)]
                ),
                "resident_mb": _spread([p.memory_info().rss / 1e6 for p in group]),
            }
            for name, group in processes.items()
        }


def _cpu_s(pid: int) -> float:
    """Processor time of another process, to the nanosecond (Linux: the clock of a process has the id ~pid << 3 | 2)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def _load(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {}
    kept: dict[str, Any] = json.loads(file.read_text())
    return kept
