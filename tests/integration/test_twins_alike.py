"""What candidate and control can see from inside is the same: everything that two real children find, compared."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.supervisor.ports import Slot
from node.supervisor.twins import Twin
from node.trial.profile import PRACTICE
from node.update.ports import TwinOrder
from node.update.trial_run import TrialOrder, TrialRun
from node.update.trial_state import TrialFile
from node.vault import control
from tests import virtual_time
from tests.integration.stand_in import ANSWER_S, make_slot
from tests.twin_world import CANDIDATE, CONTROL, UTC_S, World, utc_s

TREES = ("c" * 64, "d" * 64)
STARTS = 120

# A vault that looks at everything around it, and tells it when it is asked for a chunk.
SPY = """
import json, time
from node.vault.core import identity

frames = []
def heard():
    content = read()
    frames.append(content)
    return control.decode_order(content)

def kind(number):
    try:
        return os.readlink(f"/proc/self/fd/{number}").split(":")[0]
    except OSError as error:
        return error.strerror

def attempt(look):
    try:
        return look()
    except (OSError, ValueError) as error:
        return str(error.strerror if isinstance(error, OSError) else error)

say(control.Hello((2, 1), (1,), os.path.basename(sys.path[0])))
configured = heard()
signer = identity.Signer(configured.transport_seed)
certificate = identity.decode_certificate(configured.certificate, time.time())
if not configured.is_standby:
    say(control.Listening(identity.encode_record(
        identity.make_record(signer, certificate, ("127.0.1.1:4001",), time.time()))))
import resource
limits = {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}
seen = {
    "arguments": sys.orig_argv[1:],
    "flags": list(sys.flags),
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "own files": sorted(os.listdir(".")),
    "folder above": attempt(lambda: sorted(os.listdir(".."))),
    "import path": sys.path,
    "byte code": sys.pycache_prefix,
    "descriptors": {n: kind(n) for n in range(64) if attempt(lambda: os.fstat(n).st_mode) != "Bad file descriptor"},
    "limits": limits,
    "users": [os.getuid(), os.geteuid(), os.getgid(), os.getgroups()],
    "niceness": os.getpriority(os.PRIO_PROCESS, 0),
    "processors": sorted(os.sched_getaffinity(0)),
    "scheduling": os.sched_getscheduler(0),
    "mask": os.umask(0o077),
    "is session leader": os.getsid(0) == os.getpid(),
    "group is parent's": os.getpgid(0) == os.getpgid(os.getppid()),
    "status": attempt(lambda: [
        line for line in open("/proc/self/status").read().splitlines()
        if line.split(":")[0] in ("Seccomp", "NoNewPrivs", "CapEff", "CapBnd", "SigBlk", "SigIgn", "Groups")]),
    "network": len(configured.network),
    "configuration": {
        name: (len(value) if isinstance(value, bytes) else str(value))
        for name, value in ((name, getattr(configured, name)) for name in configured.__struct_fields__)},
    "certificate": [certificate.expires_s > time.time(), len(configured.certificate)],
}
while (content := read()) is not None:
    frames.append(content)
    command = control.decode_order(content)
    if isinstance(command, control.GetChunk):
        seen["frames"] = [[len(content), type(control.decode_order(content)).__name__] for content in frames]
        say(control.Content(command.id, json.dumps(seen).encode()))
    else:
        say(control.Failed(command.id, "control.standby", ""))
"""


class InUse:
    """The farm's own vault, as far as twins are told of it."""

    record = b"its record"


def look_around(folder: Path, *, is_standby: bool) -> tuple[dict[str, Any], ...]:
    """What a candidate and a control, started as in a trial, find around them."""
    home = Home.make(folder / "home", kind="practice", root=b"{}", bind="127.0.1.1:0", quota_bytes=1 << 30)
    slots = {tree_hash: Slot(tree_hash, make_slot(home.slots / "vault" / tree_hash, SPY), None) for tree_hash in TREES}
    host = UpdateHost(home, InUse(), slots.__getitem__, os.urandom, time.time)  # type: ignore[arg-type]

    async def start(tree_hash: str) -> Twin:
        order = TwinOrder(
            tree_hash=tree_hash, data=home.trial / "r" / os.urandom(8).hex(), seed=os.urandom(32),
            quota_bytes=1 << 20, is_standby=is_standby,
        )  # fmt: skip
        return await host.start_twin(order)

    async def scene() -> tuple[dict[str, Any], ...]:
        twins = [await start(tree_hash) for tree_hash in TREES]
        try:
            told = [await twin.ask(lambda number: control.GetChunk(number, bytes(32)), ANSWER_S) for twin in twins]
        finally:
            for twin in twins:
                twin.kill()
                await twin.exited
        assert twins[0]._run.report == twins[1]._run.report
        return tuple(json.loads(one.content) for one in told if isinstance(one, control.Content))

    return asyncio.run(scene())


def shape(found: object) -> str:
    """What was found, with every drawn name and every version's hash replaced by its length."""
    return re.sub(r"[0-9a-f]{16,}", lambda name: f"<{len(name[0])}>", json.dumps(found, sort_keys=True))


@pytest.mark.parametrize("is_standby", [False, True])
def test_two_children_find_the_same_around_them_but_for_drawn_names(tmp_path: Path, is_standby: bool):
    first, second = look_around(tmp_path, is_standby=is_standby)

    assert first["folder"] != second["folder"]
    for what in first.keys() | second.keys():
        assert shape(first[what]) == shape(second[what]), what


def test_what_they_find_holds_no_word_of_the_trial(tmp_path: Path):
    for seen in look_around(tmp_path, is_standby=False):
        told = json.dumps({what: seen[what] for what in ("arguments", "environment", "folder", "frames")})
        assert not re.search("candidate|control|sacrific|twin|probe", told.replace(str(tmp_path), ""))
        assert seen["frames"][0][1] == "Configure"


class Watched(World):
    """Notes who is started, and who is asked first, without telling."""

    def first_asked(self) -> str:
        return self.probers[0].twins[0].order.tree_hash


def beginning(folder: Path, seed: int) -> Watched:
    """The first seconds of a trial, and its first restart on purpose."""
    world = Watched()
    chance = random.Random(seed)
    order = TrialOrder(
        number=1, started_s=UTC_S, candidate=CANDIDATE, control=CONTROL, folder=folder / "trial",
        quota_bytes=1 << 20, profile=PRACTICE, announced_s=UTC_S,
    )  # fmt: skip

    async def main() -> None:
        run = TrialRun(order, world, TrialFile(folder / "state"), random=chance, entropy=chance.randbytes, utc_s=utc_s)
        running = asyncio.create_task(run.run())
        await asyncio.sleep(1.6)
        running.cancel()
        await asyncio.wait({running})

    virtual_time.run(main())
    return world


def test_over_many_starts_each_comes_first_as_often_as_the_other(tmp_path: Path):
    started, named, nearer = Counter[str](), Counter[str](), Counter[bool]()
    for seed in range(STARTS):
        world = beginning(tmp_path / str(seed), seed)
        started[world.orders[0].tree_hash] += 1
        named[world.first_asked()] += 1
        by_tree = {order.tree_hash: order for order in world.orders}
        nearer[by_tree[CANDIDATE].data.name < by_tree[CONTROL].data.name] += 1

    # Four standard deviations of a fair coin: less than one seed in ten thousand would show more.
    spread = 4 * (STARTS**0.5) / 2
    for counted in (started, named, nearer):
        assert abs(max(counted.values()) - STARTS / 2) < spread, counted


def test_the_time_between_two_starts_says_nothing_of_which_is_which(tmp_path: Path):
    gaps: dict[str, list[float]] = {CANDIDATE: [], CONTROL: []}
    for seed in range(30):
        world = beginning(tmp_path / str(seed), seed)
        first, second = world.vaults[:2]
        gaps[first.order.tree_hash].append(second.started_s - first.started_s)

    assert len({round(gap, 6) for given in gaps.values() for gap in given}) == 1
    assert all(gaps.values())
