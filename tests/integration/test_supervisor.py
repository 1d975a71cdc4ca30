"""A whole node: supervisor, real vault processes, local API; two of them, so that they have somebody to talk to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import random
import shutil
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest

import node
from node.api import schema
from node.api.client import ApiError, Client
from node.api.server import ApiServer
from node.supervisor import keys, lending, space, whereabouts
from node.supervisor.errors import RequestRefused, SettingsError, SwitchFailed, VaultUnavailable
from node.supervisor.home import Home
from node.supervisor.supervisor import Supervisor
from node.trust.capabilities import TODAY, Capabilities
from node.update.files.slots import Slots
from node.update.files.trees import read_vault_layer
from node.vault import control
from node.vault.core.identity import PeerRecord
from node.vault.share.tree import manifest_of
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import RealFileSystem
from tests.child_world import nothing_to_hold

QUOTA = 64 << 20
GENESIS = b"no root of any network"  # so updates wait, which is said, and the vault goes on
PACE = control.Pace(audit_s=1.0, ping_s=1.0, refresh_s=1.0)


def make(folder: Path, number: int, contacts: tuple[bytes, ...] = ()) -> Home:
    bind = f"127.0.{number}.1:0"
    return Home.make(
        folder, kind="practice", root=GENESIS, bind=bind, quota_bytes=QUOTA, contacts=contacts, pace=PACE
    )  # fmt: skip


@contextlib.asynccontextmanager
async def running(home: Home) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1))
    task = asyncio.create_task(supervisor.run(nothing_to_hold))
    try:
        yield supervisor
    finally:
        supervisor.stop(0.0)
        await task


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; whoever calls has a time limit."""
    while not is_so():
        await asyncio.sleep(0.05)


def play(folder: Path, story: Callable[[Supervisor, Supervisor], Awaitable[None]]) -> None:
    """Let ``story`` happen to a node and its only neighbour."""

    async def main() -> None:
        async with asyncio.timeout(120), running(make(folder / "a", 1)) as first:
            await wait_until(lambda: first.vault.is_listening)
            async with running(make(folder / "b", 2, (first.vault.record,))) as second:
                await wait_until(lambda: first.status().peer_count == second.status().peer_count == 1)
                # Each is made before the other one is reachable, so the first learns of its contact only now.
                first.home.marker = msgspec.structs.replace(first.home.marker, contacts=(second.vault.record,))
                await story(first, second)

    asyncio.run(main())


def changed_slot(
    slots: Slots, folder: Path, addition: str, file: str = "__main__.py", capabilities: Capabilities = TODAY
) -> str:
    """Stage this program's vault layer with a few lines more at the end of one file; return its tree hash."""
    package = folder / "changed"
    shutil.copytree(Path(node.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    changed = package / "vault" / file
    main = 'if __name__ == "__main__":'
    changed.write_text(changed.read_text().replace(main, f"{addition}\n{main}"))
    files = read_vault_layer(package)
    by_hash = {hashlib.sha256(content).hexdigest(): content for _, _, content in files}
    return slots.stage("vault", manifest_of(files)[0], by_hash.__getitem__, capabilities).name


def addresses(record: bytes) -> tuple[str, ...]:
    return msgspec.msgpack.decode(record, type=PeerRecord).addresses


def test_a_node_says_the_truth_about_itself(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        status = first.status()
        assert status.state == "attention"
        assert "Updates wait" in status.sentence
        assert status.is_practice
        assert (status.peer_count, status.subnet_count) == (1, 1)
        assert status.in_use is not None
        assert status.in_use.tree_hash == first.slots.current("vault")
        assert status.farm == first.keys.vault_id.hex()[:8]
        assert first.vault.run is not None
        report = first.vault.run.report
        assert (status.sandbox, status.sandbox_reasons) == (report.level, report.reasons)
        if report.seccomp:
            held = Path(f"/proc/{first.vault.run.pid}/status").read_text(encoding="ascii")
            assert {"NoNewPrivs:\t1", "Seccomp:\t2"} <= set(held.splitlines())
        await wait_until(lambda: first.status().space.used_bytes > 100_000)  # slot and byte code count
        assert stat.S_IMODE((first.home.state / "vault_id.key").stat().st_mode) == 0o600
        assert (first.home.state / "record").read_bytes() == first.vault.record

    play(tmp_path, story)


def test_why_no_updates_are_taken_up_is_said_with_them(tmp_path: Path):
    async def play() -> tuple[schema.Updates, schema.Updates]:
        home = make(tmp_path / "home", 1)
        one = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1))
        unread = one.updates()
        one._updates = SimpleNamespace(updates=lambda: schema.Updates((), (), trouble="The disk."))  # type: ignore[assignment]
        await one._keep_updating()  # what stands in for them cannot run
        return unread, one.updates()

    unread, stopped = asyncio.run(play())

    assert [said.code for said in unread.trouble_said] == ["updates.unread"]
    assert unread.trouble.startswith("Updates wait, because what was kept of them cannot be read")
    assert [said.code for said in stopped.trouble_said] == ["updates.stopped"]


def test_a_chunk_stored_with_one_node_is_served_by_the_network(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        with contextlib.suppress(RequestRefused):  # two vaults may be too few for all the receipts
            await first.put_chunk(b"a chunk")
        await wait_until(lambda: first.status().space.chunk_count + second.status().space.chunk_count > 0)
        address = hashlib.sha256(b"a chunk").digest()
        for asked in (first, second):
            answer = await asked.vault.ask(lambda number: control.GetChunk(number, address), 20.0)
            assert isinstance(answer, control.Content)
            assert answer.content == b"a chunk"

    play(tmp_path, story)


def test_a_vault_that_is_killed_comes_back_at_the_same_address(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        assert first.vault.run is not None
        before, record = first.vault.run.pid, first.vault.record
        os.kill(before, signal.SIGKILL)
        await wait_until(lambda: first.vault.record != record)
        await wait_until(lambda: first.status().peer_count == 1)
        assert first.vault.run.pid != before
        assert addresses(first.vault.record) == addresses(record)

    play(tmp_path, story)


def test_another_version_takes_over_identity_address_and_data(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        with contextlib.suppress(RequestRefused):
            await first.put_chunk(b"a chunk")
        await wait_until(lambda: first.status().space.chunk_count > 0)
        other = changed_slot(first.slots, tmp_path, "# a harmless remark")
        before, vault_id = first.vault.record, first.keys.vault_id

        await first.vault.switch(other)

        assert first.vault.tree_hash == other
        await wait_until(lambda: first.status().space.chunk_count > 0)
        after = msgspec.msgpack.decode(first.vault.record, type=PeerRecord)
        assert after.vault_id == vault_id
        assert after.addresses == addresses(before)
        assert after.transport_key != msgspec.msgpack.decode(before, type=PeerRecord).transport_key

    play(tmp_path, story)


def test_a_node_starts_its_vault_anew_where_the_computer_has_moved_and_keeps_the_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place, seen = ["192.168.1.5"], list[str]()

    def look() -> dict[str, list[SimpleNamespace]]:
        seen.append(place[0])
        return {"eth0": [SimpleNamespace(family=socket.AF_INET, address=place[0])]}

    monkeypatch.setattr(psutil, "net_if_addrs", look)
    monkeypatch.setattr(whereabouts, "LOOK_S", 0.05)
    home = Home.make(
        tmp_path / "a", kind="practice", root=GENESIS, bind="0.0.0.0:0", quota_bytes=QUOTA, contacts=(), pace=PACE
    )  # fmt: skip

    def port(supervisor: Supervisor) -> set[str]:
        return {address.rpartition(":")[2] for address in addresses(supervisor.vault.record) if "[" not in address}

    async def main() -> None:
        async with asyncio.timeout(60), running(home) as supervisor:
            await wait_until(lambda: supervisor.vault.is_listening and bool(seen))
            before, bound = supervisor.vault.run, port(supervisor)
            place[0] = "10.0.0.7"
            await wait_until(lambda: supervisor.vault.run is not before and supervisor.vault.is_listening)
            assert port(supervisor) == bound
            assert supervisor.vault.failures == 0

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="containment is tried out on Linux only")
def test_a_version_runs_with_what_was_signed_for_it_again_and_again(tmp_path: Path):
    asked = replace(TODAY, memory_bytes=700 << 20, open_files=500)

    def limits_of(supervisor: Supervisor) -> tuple[int, int]:
        assert supervisor.vault.run is not None
        process = psutil.Process(supervisor.vault.run.pid)
        return process.rlimit(psutil.RLIMIT_AS)[1], process.rlimit(psutil.RLIMIT_NOFILE)[1]

    async def story(first: Supervisor, second: Supervisor) -> None:
        assert limits_of(first) == (TODAY.memory_bytes, TODAY.open_files)
        other = changed_slot(first.slots, tmp_path, "# a harmless remark", capabilities=asked)

        await first.vault.switch(other)
        assert limits_of(first) == (asked.memory_bytes, asked.open_files)

        assert first.vault.run is not None
        before = first.vault.run.pid
        first.vault.run.kill()
        await wait_until(lambda: first.vault.run is not None and first.vault.run.pid != before)
        await wait_until(lambda: first.vault.is_listening)
        assert limits_of(first) == (asked.memory_bytes, asked.open_files)

    play(tmp_path, story)


FORGETFUL = """\
_remembering = Process._work


async def _forget(self, order, orders, store, activation):
    for address in store.addresses():
        store.remove(address)
    await _remembering(self, order, orders, store, activation)


Process._work = _forget
"""


def test_chunks_that_a_version_removes_are_there_again_when_the_one_before_it_comes_back(tmp_path: Path):
    home = make(tmp_path / "a", 1)
    store = ChunkStore(RealFileSystem(home.vault), QUOTA)
    addresses = sorted(store.put(bytes([number]) * 1000) for number in range(20))
    store.close()

    async def main() -> None:
        async with asyncio.timeout(120), running(home) as supervisor:
            await wait_until(lambda: supervisor.status().space.chunk_count == 20)
            before, other = supervisor.vault.tree_hash, changed_slot(supervisor.slots, tmp_path, FORGETFUL)
            await asyncio.to_thread(supervisor._lending.kept.keep, other)
            await supervisor.vault.switch(other)
            await wait_until(lambda: supervisor.vault.state is not None)
            assert supervisor.status().space.chunk_count == 0
            assert supervisor._lending.kept.alone_bytes() == 20_000

            await supervisor.vault.switch(before)
            await wait_until(lambda: supervisor.vault.state is not None)
            assert supervisor.status().space.chunk_count == 20
            assert supervisor._lending.kept.alone_bytes() == 0

    asyncio.run(main())
    assert ChunkStore(RealFileSystem(home.vault), QUOTA).scan() == (addresses, [])


LITTERING = """\
_working = Process._work


async def _litter(self, order, orders, store, activation):
    for number in range(100):
        with open(f"incoming/of its own {number}", "wb") as file:
            file.truncate(1 << 20)
    await _working(self, order, orders, store, activation)


Process._work = _litter
"""


def test_a_version_that_fills_the_disk_is_ended_and_what_it_wrote_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lending, "MEASURE_S", 0.2)

    async def story(first: Supervisor, second: Supervisor) -> None:
        incoming = first.home.vault / "incoming"
        before = first.vault.tree_hash
        await first.vault.switch(changed_slot(first.slots, tmp_path, LITTERING))

        await wait_until(lambda: first.vault.failures > 0)
        assert first.vault.failure == "it filled the disk with files of its own"
        await first.vault.switch(before)
        await wait_until(lambda: first.status().peer_count == 1)
        assert not list(incoming.glob("of*"))

    play(tmp_path, story)


@pytest.mark.parametrize(
    "addition",
    [
        "raise SystemExit(7)",
        "Process._stand_by = lambda *_: (_ for _ in ()).throw(OSError('the store cannot be opened'))",
        "Process._work = lambda *_: (_ for _ in ()).throw(OSError('the port cannot be bound'))",
    ],
    ids=["does not start", "cannot stand by", "cannot take over"],
)
def test_a_version_that_cannot_take_over_leaves_the_old_one_running(tmp_path: Path, addition: str):
    async def story(first: Supervisor, second: Supervisor) -> None:
        before = first.vault.tree_hash
        other = changed_slot(first.slots, tmp_path, addition)

        with pytest.raises(SwitchFailed):
            await first.vault.switch(other)

        await wait_until(lambda: first.vault.is_listening)
        assert first.vault.tree_hash == before
        await wait_until(lambda: first.status().peer_count == 1)

    play(tmp_path, story)


def test_a_vault_that_lies_about_its_files_is_refused(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        other = changed_slot(first.slots, tmp_path, "loaded_tree_hash = lambda: 'ab' * 32")
        with pytest.raises(SwitchFailed, match="it says that it was loaded from abababab"):
            await first.vault.switch(other)

    play(tmp_path, story)


def test_a_damaged_slot_is_never_started_and_the_shipped_version_runs_instead(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        shipped = first.vault.tree_hash
        other = changed_slot(first.slots, tmp_path, "# a harmless remark")
        await first.vault.switch(other)
        first.slots.point("vault", other, 1.0)
        victim = first.slots.path("vault", other) / "node" / "vault" / "driver.py"
        victim.chmod(0o644)
        victim.write_text("raise SystemExit('never')")
        assert first.vault.run is not None
        first.vault.run.kill()
        await wait_until(lambda: first.vault.tree_hash == shipped and first.vault.is_listening)
        assert first.slots.current("vault") == shipped

    play(tmp_path, story)


def test_the_disk_limit_reaches_the_vault_and_survives(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        await first.patch_settings(schema.SettingsPatch(quota_bytes=32 << 20))
        state = await first.vault.ask(control.GetState)
        assert isinstance(state, control.State)
        assert 0 < state.quota_bytes < 32 << 20  # what the rest of the home takes is not the vault's
        with pytest.raises(SettingsError, match="between"):
            await first.patch_settings(schema.SettingsPatch(quota_bytes=1))
        with pytest.raises(SettingsError, match="larger than the disk"):
            await first.patch_settings(schema.SettingsPatch(quota_bytes=1 << 50))
        assert first.settings().quota_bytes == 32 << 20

    play(tmp_path, story)
    assert b"33554432" in (tmp_path / "a" / "settings.json").read_bytes()


def test_a_home_that_cannot_be_written_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def story(first: Supervisor, second: Supervisor) -> None:
        def full(path: Path) -> None:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

        monkeypatch.setattr("node.supervisor.space._probe", full)
        first._lending.disk = space.measure(first.home)
        assert first.status().state == "problem"
        assert first.status().sentence == "The disk cannot be written, so nothing new is stored: it is full."

    play(tmp_path, story)


def test_what_the_vault_is_asked_while_it_starts_is_refused(tmp_path: Path):
    async def main() -> None:
        home = make(tmp_path, 1)
        supervisor = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1))
        with pytest.raises(VaultUnavailable):
            await supervisor.put_chunk(b"a chunk")
        assert supervisor.status().state == "starting"

    asyncio.run(main())


def test_the_command_runs_a_node_until_it_is_told_to_stop(tmp_path: Path):
    home = make(tmp_path, 1)

    async def main() -> tuple[bytes, int]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "node.cli", "run", "--json", "--home", str(home.path),
            stdout=asyncio.subprocess.PIPE, cwd=Path(node.__file__).parents[1],
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
            async with Client(home.path) as client:
                assert (await client.status()).farm
                with pytest.raises(ApiError, match="Updates wait"):
                    await client.offer_head(b"head")
            process.terminate()
            return line, await process.wait()

    line, code = asyncio.run(main())
    assert code == 0
    said = msgspec.json.decode(line)
    assert said["home"] == str(home.path)
    assert len(said["vault_id"]) == 64
    assert not home.socket.exists()


def test_events_tell_every_change_through_the_socket(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        api = ApiServer(first, first.home.socket)
        await api.start()
        async with Client(first.home.path) as client:
            events = client.events((await client.status()).last_event)
            await client.patch_settings(schema.SettingsPatch(quota_bytes=40 << 20))
            told = [await anext(events)]
            while not (isinstance(told[-1], schema.Event) and isinstance(told[-1].data, schema.Settings)):
                told.append(await anext(events))
            assert told[-1].data == schema.Settings(40 << 20)
        await api.stop()

    play(tmp_path, story)


def test_a_version_that_cannot_serve_with_less_is_given_back_what_it_had(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        in_use, record = first.vault.tree_hash, first.vault.record
        first.slots.lessen("vault", in_use, replace(TODAY, udp=False))
        assert first.vault.run is not None
        os.kill(first.vault.run.pid, signal.SIGKILL)

        await wait_until(lambda: first.vault.record != record)
        await wait_until(lambda: first.status().peer_count == 1)

        assert first.slots.capabilities("vault", in_use) == TODAY

    play(tmp_path, story)
