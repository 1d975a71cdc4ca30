"""What candidate, control and the vault in use can see from inside is the same: all that real children find."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from node.sandbox.report import SandboxReport
from node.supervisor import keys
from node.supervisor.assigning import Assigning
from node.supervisor.bootstrap import Bootstrap
from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.supervisor.ports import Slot
from node.supervisor.supervisor import Supervisor
from node.supervisor.twins import Twin
from node.supervisor.updating import twin_bytes
from node.trial.profile import PRACTICE
from node.update.files.slots import Slots
from node.update.files.trees import read_vault_layer
from node.update.ports import TwinOrder
from node.update.trials.folders import TrialFolders
from node.update.trials.order import TrialOrder
from node.update.trials.run import TrialRun
from node.update.trials.state import TrialFile
from node.vault import WIRE_VERSIONS, control
from node.vault.share.tree import manifest_of
from tests import virtual_time
from tests.child_world import nothing_to_hold
from tests.integration.stand_in import ANSWER_S, make_slot
from tests.twin_world import CANDIDATE, CONTROL, UTC_S, World, trial_folders, utc_s

TREES = ("c" * 64, "d" * 64)
STARTS = 120
APART = {"serial", "configuration", "frames"}  # compared by themselves

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

def listen():
    port = configured.bind.rpartition(":")[2]
    address = "127.0.1.1:" + ("4001" if port == "0" else port)
    say(control.Listening(identity.encode_record(
        identity.make_record(signer, certificate, (address,), time.time()))))

say(control.Hello((2, 1), WIRE, os.path.basename(sys.path[0])))
configured = heard()
signer = identity.Signer(configured.transport_seed)
certificate = identity.decode_certificate(configured.certificate, time.time())
is_up = not configured.is_standby
if is_up:
    listen()
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
    "serial": certificate.serial,
}
while (content := read()) is not None:
    frames.append(content)
    command = control.decode_order(content)
    if isinstance(command, control.GetChunk):
        seen["frames"] = [[len(content), type(control.decode_order(content)).__name__] for content in frames]
        say(control.Content(command.id, json.dumps(seen).encode()))
    elif isinstance(command, control.Activate):
        is_up = True
        listen()
        say(control.Done(command.id))
    elif not is_up:
        say(control.Failed(command.id, "control.standby", ""))
    elif isinstance(command, control.GetState):
        say(control.State(command.id, 0, configured.quota_bytes, 0, 0, 0, {}))
    else:
        say(control.Done(command.id))
        if isinstance(command, control.Drain):
            break
""".replace("WIRE", str(WIRE_VERSIONS))


class InUse:
    """The farm's own vault, as far as twins are told of it."""

    record = b"its record"
    run = SimpleNamespace(report=SandboxReport("partial"))  # so twins may be started whatever this system can do


class Chance:
    """Entropy that decides as it is told whether a twin stands by at first, see ``UpdateHost``."""

    def __init__(self, *, stands_by_first: bool) -> None:
        self._bit = 0 if stands_by_first else 1

    def __call__(self, count: int) -> bytes:
        return bytes([self._bit]) if count == 1 else os.urandom(count)


class Asked(Protocol):
    async def ask(self, make: Callable[[int], control.Command], timeout_s: float) -> control.Report: ...


async def told_by(vault: Asked, *, is_up: bool = True) -> dict[str, Any]:
    """What it found; once it is up, not before it was told all that it is told, and was asked how it is."""
    async with asyncio.timeout(ANSWER_S):
        while True:
            answer = await vault.ask(lambda number: control.GetChunk(number, bytes(32)), ANSWER_S)
            assert isinstance(answer, control.Content)
            seen: dict[str, Any] = json.loads(answer.content)
            if not is_up or [kind for _, kind in course(seen)][-2:] == ["SetQuota", "GetState"]:
                return seen
            await asyncio.sleep(0.05)


def course(seen: dict[str, Any]) -> list[tuple[int, str]]:
    """What it was told until it was asked how it is, of a kind each once in a row; without what these tests ask."""
    frames = [(size, kind) for size, kind in seen["frames"] if kind != "GetChunk"]
    told: list[tuple[int, str]] = []
    for size, kind in frames:
        if not told or kind != told[-1][1]:
            told.append((size, kind))
        if [kind for _, kind in told[-2:]] == ["SetQuota", "GetState"]:
            break
    return told


def look_around(folder: Path, *, is_standby: bool, stands_by_first: bool = False) -> tuple[dict[str, Any], ...]:
    """What a candidate and a control, started as in a trial, find around them."""
    home = Home.make(folder / "home", kind="practice", root=b"{}", bind="127.0.1.1:0", quota_bytes=1 << 30)
    slots = {tree_hash: Slot(tree_hash, make_slot(home.slots / "vault" / tree_hash, SPY), None) for tree_hash in TREES}
    in_use: Any = InUse()
    chance = Chance(stands_by_first=stands_by_first)
    assigning = Assigning(home, Bootstrap(home), lambda: True)
    host = UpdateHost(home, in_use, slots.__getitem__, chance, time.time, assigning)

    async def start(tree_hash: str) -> Twin:
        order = TwinOrder(
            tree_hash=tree_hash, data=home.vaults / os.urandom(8).hex(), seed=os.urandom(32),
            quota_bytes=1 << 20, is_standby=is_standby,
        )  # fmt: skip
        return await host.start_twin(order)

    async def scene() -> tuple[dict[str, Any], ...]:
        twins = [await start(tree_hash) for tree_hash in TREES]
        try:
            told = [await told_by(twin, is_up=not is_standby) for twin in twins]
        finally:
            for twin in twins:
                twin.kill()
                await twin.exited
        assert twins[0]._run.report == twins[1]._run.report
        return tuple(told)

    return asyncio.run(scene())


def shape(found: object) -> str:
    """What was found, with every drawn name and every version's hash replaced by its length."""
    return re.sub(r"[0-9a-f]{16,}", lambda name: f"<{len(name[0])}>", json.dumps(found, sort_keys=True))


def assert_same(first: dict[str, Any], second: dict[str, Any], *, but_for: set[str]) -> None:
    """Both found the same; ``but_for`` names what of their configuration may differ."""
    assert first["folder"] != second["folder"]
    for what in (first.keys() | second.keys()) - APART:
        assert shape(first[what]) == shape(second[what]), what
    one, other = first["configuration"], second["configuration"]
    assert one.keys() == other.keys()
    assert {what for what in one if one[what] != other[what]} <= but_for


@pytest.mark.parametrize(("is_standby", "stands_by_first"), [(False, False), (False, True), (True, True)])
def test_two_children_find_the_same_around_them_but_for_drawn_names(
    tmp_path: Path, is_standby: bool, stands_by_first: bool
):
    first, second = look_around(tmp_path, is_standby=is_standby, stands_by_first=stands_by_first)

    assert_same(first, second, but_for={"bind"})
    assert course(first) == course(second)


def test_what_they_find_holds_no_word_of_the_trial(tmp_path: Path):
    for seen in look_around(tmp_path, is_standby=False):
        told = json.dumps({what: seen[what] for what in ("arguments", "environment", "folder", "frames")})
        assert not re.search("candidate|control|sacrific|twin|probe|trial", told.replace(str(tmp_path), ""))
        assert seen["frames"][0][1] == "Configure"


def stage(slots: Slots, folder: Path) -> str:
    files = read_vault_layer(folder / "node")
    contents = {hashlib.sha256(content).hexdigest(): content for _, _, content in files}
    return slots.stage("vault", manifest_of(files)[0], contents.__getitem__).name


def beside_the_own(folder: Path, *, is_switched: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the vault in use, just started or just switched to, and a twin of the same version find around them."""
    home = Home.make(folder / "home", kind="practice", root=b"no root", bind="127.0.1.1:0", quota_bytes=1 << 30)
    slots, folders = Slots(home.slots), TrialFolders(home.vault, home.state / "folders.json")
    before, after = (stage(slots, make_slot(folder / name, f"{SPY}# {name}\n")) for name in ("before", "after"))
    slots.point("vault", before, 0.0)

    async def scene() -> tuple[dict[str, Any], dict[str, Any]]:
        chance = Chance(stands_by_first=is_switched)
        supervisor = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1), entropy=chance)
        running = asyncio.create_task(supervisor.run(nothing_to_hold))
        try:
            async with asyncio.timeout(ANSWER_S):
                while not supervisor.vault.is_listening:
                    await asyncio.sleep(0.05)
            if is_switched:
                await supervisor.vault.switch(after)
            own = await told_by(supervisor.vault)
            order = TwinOrder(
                tree_hash=supervisor.vault.tree_hash, data=folders.make(os.urandom), seed=os.urandom(32),
                quota_bytes=twin_bytes(1 << 30, 1 << 30),
            )  # fmt: skip
            twin = await supervisor.host.start_twin(order)
            try:
                assert supervisor.vault.run is not None
                assert twin._run.report == supervisor.vault.run.report
                return own, await told_by(twin)
            finally:
                twin.kill()
                await twin.exited
        finally:
            supervisor.stop(0.0)
            await running

    return asyncio.run(scene())


@pytest.mark.long
@pytest.mark.parametrize("is_switched", [False, True])
def test_a_twin_finds_the_same_and_is_told_the_same_as_the_vault_in_use(tmp_path: Path, is_switched: bool):
    own, twin = beside_the_own(tmp_path, is_switched=is_switched)

    assert_same(own, twin, but_for={"bind", "contacts", "quota_bytes"})
    assert own["configuration"]["is_standby"] == twin["configuration"]["is_standby"] == str(is_switched)
    assert len(course(own)) > 3
    assert [kind for _, kind in course(own)] == [kind for _, kind in course(twin)]
    assert course(own)[1:] == course(twin)[1:]  # as long, too; the first one, Configure, holds the contacts


@pytest.mark.long
def test_what_differs_between_a_twin_and_the_vault_in_use_has_the_same_form(tmp_path: Path):
    own, twin = beside_the_own(tmp_path, is_switched=True)

    for seen in (own, twin):
        host, _, port = seen["configuration"]["bind"].rpartition(":")
        assert (host, port != "0") == ("127.0.1.1", True)
        assert int(seen["configuration"]["quota_bytes"]) % (1 << 20) == 0
        assert re.fullmatch("[0-9a-f]{16}", Path(seen["folder"]).name)
    assert Path(own["folder"]).parent == Path(twin["folder"]).parent
    assert abs(own["serial"] - twin["serial"]) < 60_000  # milliseconds of the calendar


class Watched(World):
    """Notes who is started, and who is asked first, without telling."""

    def first_asked(self) -> str:
        return self.probers[0].twins[0].order.tree_hash


def beginning(folder: Path, seed: int) -> Watched:
    """The first seconds of a trial, and its first restart on purpose."""
    world = Watched()
    chance = random.Random(seed)
    order = TrialOrder(
        number=1, started_s=UTC_S, candidate=CANDIDATE, control=CONTROL, folders=trial_folders(folder),
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


@pytest.mark.long
def test_over_many_starts_each_comes_first_as_often_as_the_other(tmp_path: Path):
    started, named, nearer, older = Counter[str](), Counter[str](), Counter[bool](), Counter[bool]()
    for seed in range(STARTS):
        world = beginning(tmp_path / str(seed), seed)
        started[world.orders[0].tree_hash] += 1
        named[world.first_asked()] += 1
        by_tree = {order.tree_hash: order for order in world.orders}
        nearer[by_tree[CANDIDATE].data.name < by_tree[CONTROL].data.name] += 1
        made = json.loads((tmp_path / str(seed) / "folders.json").read_bytes())
        older[made.index(by_tree[CANDIDATE].data.name) < made.index(by_tree[CONTROL].data.name)] += 1

    # Four standard deviations of a fair coin: less than one seed in ten thousand would show more.
    spread = 4 * (STARTS**0.5) / 2
    for counted in (started, named, nearer, older):
        assert abs(max(counted.values()) - STARTS / 2) < spread, counted


def test_the_time_between_two_starts_says_nothing_of_which_is_which(tmp_path: Path):
    gaps: dict[str, list[float]] = {CANDIDATE: [], CONTROL: []}
    for seed in range(30):
        world = beginning(tmp_path / str(seed), seed)
        first, second = world.vaults[:2]
        gaps[first.order.tree_hash].append(second.started_s - first.started_s)

    assert len({round(gap, 6) for given in gaps.values() for gap in given}) == 1
    assert all(gaps.values())
