"""Vaults of a trial as real processes: what is believed of them, and whose fault it is when they do not start."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.sandbox import linux
from node.supervisor import no_memory
from node.supervisor.keys import RunKey
from node.supervisor.ports import Assignment, Slot
from node.supervisor.tending import Order
from node.supervisor.twins import Care, Twin, twin_key
from node.trust.capabilities import TODAY, Capabilities
from node.update.errors import HostFailed, TwinFailed
from node.update.ports import TwinOrder
from node.vault import WIRE_VERSIONS, control
from node.vault.core.identity import Signer, decode_certificate, decode_record, encode_record, make_record
from tests.integration.stand_in import ANSWER_S, make_slot

NOW_S = 1_800_000_000.0
UNTENDED = Care(list, lambda key: key, lambda: NOW_S, lambda _: ())  # told nothing but what every vault is asked
CAN_SHUT_OFF = sys.platform == "linux" and linux.landlock_abi() >= linux.ABI_MIN
LISTEN = "hello(); say(control.Listening({record!r})); read()"


def key_of(seed: bytes) -> RunKey:
    return twin_key(seed, os.urandom, NOW_S)


def record_of(key: RunKey) -> bytes:
    certificate = decode_certificate(key.certificate, NOW_S)
    return encode_record(make_record(Signer(key.seed), certificate, ("127.0.0.1:4001",), NOW_S))


def start(
    folder: Path,
    body: str,
    key: RunKey,
    data: Path | None = None,
    *,
    is_standby: bool = False,
    capabilities: Capabilities = TODAY,
    up: Callable[[Twin], object] = lambda _: None,
    ended: Callable[[Twin], object] = lambda _: None,
) -> bytes:
    """Start a twin that runs ``body``; return its record once it listens, and end it."""

    async def scene() -> bytes:
        slot = Slot("ab" * 32, make_slot(folder / "slot", body), None, capabilities)
        order = TwinOrder(
            tree_hash=slot.tree_hash, data=data or folder / "data", seed=bytes(32), quota_bytes=1 << 20,
            is_standby=is_standby,
        )  # fmt: skip
        assignment = Assignment(bytes(32), "127.0.0.1:0", 1 << 20, (), b"", control.Pace(), is_standby)
        try:
            twin = await Twin.start(order, slot, key, assignment, folder / "log", UNTENDED, must_shut_off=CAN_SHUT_OFF)
            if is_standby:
                await twin.activate()
            up(twin)
            twin.kill()
            await twin.exited
            ended(twin)
        finally:
            async with asyncio.timeout(ANSWER_S):
                await _all_over()
        return twin.record

    return asyncio.run(scene())


async def _all_over() -> None:
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait({task for task in others if task is not None})


def test_a_twin_that_gives_its_own_record_is_up(tmp_path: Path):
    key = key_of(bytes(32))
    assert start(tmp_path, LISTEN.format(record=record_of(key)), key) == record_of(key)


def test_a_twin_that_gives_the_record_of_the_other_is_ended(tmp_path: Path):
    others = record_of(key_of(bytes([1]) * 32))
    with pytest.raises(TwinFailed, match="a record that is not its own"):
        start(tmp_path, LISTEN.format(record=others), key_of(bytes(32)))


@pytest.mark.parametrize(
    "changes", [{"signature": b""}, {"addresses": ("nowhere",)}, {"issued_s": NOW_S + 1e6}, {"issued_s": float("nan")}]
)
def test_a_twin_that_gives_a_record_by_which_nobody_can_ask_it_is_ended(tmp_path: Path, changes: dict[str, Any]):
    """Else the prober would be blamed for it, and the trial void."""
    key = key_of(bytes(32))
    changed = msgspec.structs.replace(decode_record(record_of(key), NOW_S), **changes)
    if "signature" not in changes:
        changed = make_record(Signer(key.seed), changed.certificate, changed.addresses, changed.issued_s)
    with pytest.raises(TwinFailed, match="its record is none"):
        start(tmp_path, LISTEN.format(record=encode_record(changed)), key)


FAR_OFF = "say(control.Hello({control}, {wire}, 'ab' * 32)); order(); say(control.Listening({record!r})); read()"


@pytest.mark.parametrize(("control", "wire"), [((1,), (99, 98)), ((99,), WIRE_VERSIONS)])
def test_a_twin_with_which_this_program_cannot_speak_is_to_blame_for_nothing(
    tmp_path: Path, control: tuple[int, ...], wire: tuple[int, ...]
):
    key = key_of(bytes(32))
    with pytest.raises(HostFailed, match="this program is too old, or too new"):
        start(tmp_path, FAR_OFF.format(control=control, wire=wire, record=record_of(key)), key)


def test_a_twin_that_only_stands_by_need_not_speak_with_others_as_this_program_does(tmp_path: Path):
    body = "say(control.Hello((1,), (99,), 'ab' * 32)); order(); say(control.Failed(order().id, 'x', 'up')); read()"
    with pytest.raises(TwinFailed, match=r"^up$"):
        start(tmp_path, body, key_of(bytes(32)), is_standby=True)


def test_a_twin_that_ends_is_said_to_have_ended(tmp_path: Path):
    body = "hello(); print('no cleverness left', file=sys.stderr); sys.exit(3)"
    with pytest.raises(TwinFailed, match="it ended with code 3: no cleverness left"):
        start(tmp_path, body, key_of(bytes(32)))


def test_a_twin_that_ends_while_the_memory_of_the_computer_runs_out_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kills = itertools.count()
    monkeypatch.setattr(no_memory, "kills", lambda: next(kills))
    with pytest.raises(HostFailed, match="run out of memory"):
        start(tmp_path, "hello(); os.kill(os.getpid(), 9)", key_of(bytes(32)))


@pytest.mark.parametrize(("kills", "was_starved"), [((0, 0), False), ((0, 1), True), ((2, 2), False)])
def test_a_twin_that_is_killed_is_starved_only_if_the_memory_of_the_computer_has_run_out_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: tuple[int, int], was_starved: bool
):
    counted = iter(kills)
    monkeypatch.setattr(no_memory, "kills", lambda: next(counted))
    key, found = key_of(bytes(32)), []
    body = LISTEN.format(record=record_of(key)) + "\nwhile True: read()"
    start(tmp_path, body, key, ended=lambda twin: found.append(twin.was_starved))

    assert found == [was_starved]


def test_a_twin_that_went_on_long_after_somebody_was_ended_for_want_of_memory_was_not_starved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Else whatever ends another program once would excuse it for the rest of its run."""
    counted, key, found = [0], key_of(bytes(32)), []
    monkeypatch.setattr(no_memory, "kills", lambda: counted[0])
    body = LISTEN.format(record=record_of(key)) + "\nwhile True: read()"

    def goes_on(twin: Twin) -> None:
        counted[0] = 1
        for _ in range(2):
            twin.usage()

    start(tmp_path, body, key, up=goes_on, ended=lambda twin: found.append(twin.was_starved))

    assert found == [False]


@pytest.mark.parametrize("last", ["read(); sys.exit(4)", "say(control.Done(order().id)); sys.exit(4)"])
def test_a_twin_that_ends_when_it_shall_take_up_work_is_said_to_have_ended(tmp_path: Path, last: str):
    body = f"hello(); say(control.Failed(order().id, 'control.standby', '')); {last}"
    with pytest.raises(TwinFailed, match="it ended with code 4"):
        start(tmp_path, body, key_of(bytes(32)), is_standby=True)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="containment is tried out on Linux only")
@pytest.mark.parametrize("udp", [False, True])
def test_a_twin_gets_what_was_signed_for_its_slot_and_no_more(tmp_path: Path, udp: bool):
    body = """
hello()
import resource, socket
try:
    sent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
except PermissionError:
    sent = 0
try:
    taken = len(bytearray(400 << 20))
except MemoryError:
    taken = 0
say(control.Failed(order().id, "x", f"sent {sent}, took {taken}")); read()
"""
    asked = replace(TODAY, udp=udp, memory_bytes=300 << 20 if udp else 1 << 30)
    with pytest.raises(TwinFailed, match=f"^sent {int(udp)}, took {0 if udp else 400 << 20}$"):
        start(tmp_path, body, key_of(bytes(32)), is_standby=True, capabilities=asked)


def test_what_a_twin_says_reaches_no_terminal_as_an_order(tmp_path: Path):
    body = "hello(); say(control.Failed(order().id, 'x', 'fine \\x1b]0;owned\\x07\\n')); read()"
    with pytest.raises(TwinFailed, match=r"^fine [?]]0;owned[?][?]$"):
        start(tmp_path, body, key_of(bytes(32)), is_standby=True)


def test_a_head_that_a_twin_hands_up_is_compared_and_it_is_told_what_comes_of_it(tmp_path: Path):
    body = """
hello()
say(control.Listening({record!r}))
say(control.HeadSeen(b"news", bytes(32)))
while not isinstance(given := order(), control.SetHead):
    say(control.Done(given.id))
sys.exit(given.content == b"newest")
"""
    key = key_of(bytes(32))
    brought: list[bytes] = []

    def bring(head: bytes) -> list[Order]:
        brought.append(head)
        return [lambda number: control.SetHead(number, b"newest")]

    async def scene() -> int:
        slot = Slot("ab" * 32, make_slot(tmp_path / "slot", body.format(record=record_of(key))), None)
        order = TwinOrder(tree_hash=slot.tree_hash, data=tmp_path / "data", seed=bytes(32), quota_bytes=1 << 20)
        assignment = Assignment(bytes(32), "127.0.0.1:0", 1 << 20, (), b"", control.Pace(), is_standby=False)
        twin = await Twin.start(
            order, slot, key, assignment, tmp_path / "log", replace(UNTENDED, brought=bring), must_shut_off=CAN_SHUT_OFF
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                return await twin.exited
        finally:
            twin.kill()
            await twin.exited

    assert asyncio.run(scene()) == 1
    assert brought == [b"news"]


def test_a_folder_that_cannot_be_made_is_this_machines_fault(tmp_path: Path):
    (tmp_path / "data").write_bytes(b"in the way")
    with pytest.raises(HostFailed):
        start(tmp_path, "hello()", key_of(bytes(32)))


def test_a_launcher_that_fails_is_this_machines_fault(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "chunks").mkdir()
    (tmp_path / "data" / "incoming").symlink_to(tmp_path)
    with pytest.raises(HostFailed, match="is a link"):
        start(tmp_path, "hello()", key_of(bytes(32)))
