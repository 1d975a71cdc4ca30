"""The control channel of a real vault process, frame by frame: what comes out, in which order, and how it ends."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.sandbox.spec import SandboxSpec, environment
from node.supervisor.ports import Slot
from node.vault import control
from node.vault.core.identity import Signer, certify, encode_certificate

CHUNK = b"a chunk"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vault-") as made:
        for name in ("incoming", "chunks"):
            (Path(made) / name).mkdir()
        yield Path(made)


def configure(*, is_standby: bool = False) -> bytes:
    seed = os.urandom(32)
    certificate = certify(Signer(os.urandom(32)), Signer(seed).public_key, serial=1, now_s=time.time())
    return control.encode(
        control.Configure(
            control_version=1,
            network=bytes(32),
            transport_seed=seed,
            certificate=encode_certificate(certificate),
            bind="127.0.179.1:0",
            quota_bytes=1 << 26,
            is_standby=is_standby,
        )
    )


def say(folder: Path, slot: Slot, *frames: bytes) -> tuple[list[Any], subprocess.CompletedProcess[bytes]]:
    """Say everything at once and hang up; return what the vault reported, and how it ended."""
    spec = SandboxSpec(slot=slot.path, data=folder, module="node.vault", pycache=slot.pycache)
    ended = subprocess.run(
        spec.start_command(),
        input=b"".join(frames),
        capture_output=True,
        cwd=folder,
        env=environment(),
        timeout=60,
        check=False,
    )
    return [control.decode_report(content) for content in control.Frames().feed(ended.stdout)], ended


def test_an_order_that_comes_before_the_vault_listens_is_carried_out_once_it_does(folder, slot):
    reports, ended = say(folder, slot, configure(), control.encode(control.PutChunk(1, CHUNK)))
    assert [type(report) for report in reports] == [control.Hello, control.Listening, control.Stored]
    assert ended.returncode == 0


def test_a_standby_vault_says_that_it_listens_and_only_then_that_it_has_taken_over(folder, slot):
    reports, ended = say(folder, slot, configure(is_standby=True), control.encode(control.Activate(1)))
    assert [type(report) for report in reports] == [control.Hello, control.Listening, control.Done]
    assert ended.returncode == 0


@pytest.mark.parametrize(
    "bad",
    [
        b"\x00\x00\x00\x03abc",
        control.encode(control.RenewCertificate(1, b"garbage")),
        control.encode(control.Hello((1,), (1,), "")),
        configure(),
    ],
)
def test_a_contract_broken_later_ends_the_vault_with_a_stated_reason_too(folder, slot, bad):
    _, ended = say(folder, slot, configure(), bad)
    assert ended.returncode == 1
    assert b"the vault ends:" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("is_standby", [False, True])
def test_a_disk_that_does_not_tell_is_a_failed_scan_and_not_the_end(folder, slot, is_standby):
    address = hashlib.sha256(CHUNK).hexdigest()
    (folder / "chunks" / address).mkdir()  # a folder cannot be opened as a chunk
    reports, ended = say(folder, slot, configure(is_standby=is_standby), control.encode(control.Scan(1)))
    assert isinstance(reports[-1], control.Scanned | control.Failed)
    assert ended.returncode == 0
