"""Trust: what verifying a head costs, how small heads and proofs are, and how fast a proof halts everyone.

Verifying is work of one processor and nothing else, so processor time is what counts here: other programs on this
machine make it no longer.  The detail tells the time on the wall too.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from node.trust.chain import Chain, Verified
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation
from node.trust.head import Head, encode
from node.trust.release import SEQUENCE_FIELD
from tests.benchmarks.rows import Row, at_most, figures_of, printed, tell
from tests.benchmarks.spread import ROUNDS_MAX, Network
from tests.signed_world import NOW, World, noted, unchanged

COLD_MS_MAX: Final = 50
CATCH_UP_S_MAX: Final = 2
ROOTS: Final = 300
TIMESTAMP_BYTES_MAX: Final = 1 << 10
HEAD_BYTES_MAX: Final = 60 << 10
PROOF_BYTES_MAX: Final = 4 << 10
PROOF_MS_MAX: Final = 5
ROUNDS_ASKED: Final = 10
RUNS: Final = 15
VAULTS: Final = 1_000
SEEDS: Final = 5
ROLES: Final = ("root", "targets", "vault", "app", "foundation", "snapshot")
RELEASES: Final = (1, 10, 100)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seeds", type=int, default=SEEDS, help="networks in which the spread is played")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    parts = (_cold_verification, _catching_up, _sizes, _proofs, lambda: _spread(arguments.seeds))
    return figures_of([tell(row) for part in parts for row in part()])


def _cold_verification() -> list[Row]:
    """A farm that knows the genesis root only is shown a head that lists so many releases."""
    rows = []
    for count in RELEASES:
        world = _with_releases(count)
        content = encode(world.head)
        assert len(_verify_from_the_genesis_root(world, content).releases) == count

        cpu_ms, detail = _timed(partial(_verify_from_the_genesis_root, world, content))
        detail["head_bytes"] = len(content)
        rows.append(at_most(f"cold verification of a head of {count} releases", cpu_ms, COLD_MS_MAX, "ms", detail))
    return rows


def _verify_from_the_genesis_root(world: World, content: bytes) -> Verified:
    return Chain.start(world.genesis).verify(content, NOW)


def _catching_up() -> list[Row]:
    world = _with_roots(ROOTS)
    content, roots = encode(world.head), dict(world.roots)
    chain = Chain.start(world.genesis)
    held = chain.verify(content, NOW, roots).chain
    kept = held.dump()

    cpu_ms, detail = _timed(lambda: chain.verify(content, NOW, roots), runs=5)
    detail["root_bytes"] = sum(map(len, roots.values()))
    load_ms, load_detail = _timed(lambda: Chain.load(kept), runs=5)
    again_ms, again_detail = _timed(lambda: held.verify(content, NOW))
    return [
        at_most(f"catching up over {ROOTS} root versions", cpu_ms / 1e3, CATCH_UP_S_MAX, "s", detail),
        printed(f"reading a kept chain of {ROOTS} roots at a start", load_ms / 1e3, "s", load_detail),
        printed(f"verifying one more head on {ROOTS} known roots", again_ms, "ms", again_detail),
    ]


def _sizes() -> list[Row]:
    world = _with_releases(max(RELEASES))
    for _ in range(ROOTS):
        world.head = world.with_root(unchanged)
    head, files = encode(world.head), {"targets": len(world.head.targets), "snapshot": len(world.head.snapshot)}
    files |= {role: len(content) for role, content in world.head.delegated.items()}
    what = f"a head of {max(RELEASES)} releases under {ROOTS + 1} roots, Ed25519, 5 pods"
    return [
        at_most("a timestamp", len(world.head.timestamp), TIMESTAMP_BYTES_MAX, "bytes", {}),
        at_most(what, len(head), HEAD_BYTES_MAX, "bytes", dict(files)),
    ]


def _proofs() -> list[Row]:
    """Two statements of each role, signed by all who may; the longest proof and the slowest check count."""
    sizes: dict[str, float | str] = {}
    times: dict[str, float | str] = {}
    for role in ROLES:
        chain, proof = _caught(_with_releases(5), role)  # as many as the pods' tools list
        sizes[role] = len(proof)
        times[role] = round(_timed(partial(check_proof, proof, chain), runs=40)[0], 3)
    full_chain, full = _caught(_with_releases(max(RELEASES)), "vault")
    check_proof(full, full_chain)
    longest, slowest = max(map(float, sizes.values())), max(map(float, times.values()))
    return [
        at_most("an equivocation proof, the longest of all roles", longest, PROOF_BYTES_MAX, "bytes", sizes),
        at_most("checking an equivocation proof, the slowest of all roles", slowest, PROOF_MS_MAX, "ms", times),
        printed(f"a proof of two statements of {max(RELEASES)} releases each", len(full), "bytes", {}),
    ]


def _spread(seeds: int) -> list[Row]:
    rows = []
    for liars, victims, is_asked in ((0.3, 1, True), (0.3, 50, True), (0.0, 1, False), (0.6, 1, False)):
        runs = [Network(VAULTS, liars, victims, seed).run() for seed in range(seeds)]
        rounds = [run.rounds if run.rounds is not None else ROUNDS_MAX + 1 for run in runs]
        what = f"rounds until all honest of {VAULTS} vaults halt, {victims} misled, {liars:.0%} silent liars"
        eclipsed = sum(run.eclipsed for run in runs)
        detail: dict[str, float | str] = {
            "runs": seeds, "median": statistics.median(rounds), "honest_without_an_honest_peer": eclipsed,
            "messages_per_vault": round(statistics.mean(run.messages / run.honest for run in runs), 1),
        }  # fmt: skip
        worst = max(rounds)
        rows.append(at_most(what, worst, ROUNDS_ASKED, "", detail) if is_asked else printed(what, worst, "", detail))
    return rows


def _with_releases(count: int) -> World:
    """A network whose newest head lists so many releases at once."""
    world = World()
    world.release("0.0.0", by=world.pods[:4])

    def list_more(signed: Any) -> None:
        first = signed.targets["vault/0.0.0"]
        for number in range(1, count):
            more = copy.deepcopy(first)
            more.path = f"vault/0.0.{number}"
            more.custom.update(version=f"0.0.{number}", tree=f"{number:064x}", sequence=number + 1)
            signed.targets[more.path] = more
        signed.unrecognized_fields[SEQUENCE_FIELD] = count

    world.head = world.change("vault", list_more, by=world.pods[:4])
    return world


def _with_roots(count: int) -> World:
    world = World()
    for _ in range(count):
        world.head = world.with_root(unchanged)
    return world


def _caught(world: World, role: str) -> tuple[Chain, bytes]:
    """A chain, and the proof that it finds in a head whose statement of the role is another one."""
    first, second = (_saying(world, role, text) for text in ("one", "other"))
    chain = world.verify(first).chain
    try:
        world.verify(second, chain=chain)
    except Equivocation as error:
        return chain, error.proof
    raise AssertionError("two statements of one version were not told apart")


def _saying(world: World, role: str, text: str) -> Head:
    if role == "root":
        return world.with_root(noted(text))
    return world.with_snapshot(noted(text)) if role == "snapshot" else world.change(role, noted(text))


def _timed(work: Callable[[], object], runs: int = RUNS) -> tuple[float, dict[str, float | str]]:
    """Median processor time in ms, and what else was measured."""
    cpu_ms, wall_ms = [], []
    for _ in range(runs):
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        work()
        cpu_ms.append((time.process_time() - started_cpu_s) * 1e3)
        wall_ms.append((time.perf_counter() - started_s) * 1e3)
    return statistics.median(cpu_ms), {
        "runs": runs,
        "slowest_ms": round(max(cpu_ms), 2),
        "wall_ms": round(statistics.median(wall_ms), 2),
    }
