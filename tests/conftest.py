"""What tests of many folders share."""

from __future__ import annotations

import gc
import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from typing import Final
from unittest.mock import patch

import pytest
from securesystemslib.signer import Key, Signature, SSlibKey  # type: ignore[attr-defined]

from node.trust.hybrid import HybridKey
from node.update.trials import plan
from tests.practice_run import PracticeRun, practice_run
from tests.simulation.signing import cheap_everywhere

Verify = Callable[[Key, Signature, bytes], None]
UNSPARING: Final = "--unsparing"
SHORT_BYTES: Final = 1 << 10
KINDS_OF_KEYS: tuple[type[Key], ...] = (SSlibKey, HybridKey)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        UNSPARING, action="store_true", help="flush every file to the disk, and verify every signature each time"
    )


def pytest_sessionstart() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Thousands of tests stay till the end: Python need not look through them again and again for garbage."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def remembered_verifications(pytestconfig: pytest.Config) -> Iterator[None]:
    """What a signature was found to be is found again at once.

    It follows from key, signature and content alone; and the same statements are verified tens of thousands of times.
    """
    with ExitStack() as patches:
        for key in () if pytestconfig.getoption(UNSPARING) else KINDS_OF_KEYS:
            patches.enter_context(patch.object(key, "verify_signature", remembering(key.verify_signature)))
        yield


def remembering(verify: Verify) -> Verify:
    good: set[bytes] = set()

    def verify_signature(key: Key, signature: Signature, data: bytes) -> None:
        said = hashlib.sha256(repr((key.to_dict(), key.keyid, signature.to_dict())).encode())
        said.update(data)
        digest = said.digest()
        if digest not in good:
            verify(key, signature, data)
            good.add(digest)

    return verify_signature


@pytest.fixture(scope="session", autouse=True)
def notes_of_tests_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No home of a test is noted among those of whoever runs them."""
    with patch.dict(os.environ, {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("notes"))}):
        yield


@pytest.fixture(scope="session", autouse=True)
def no_flushes(pytestconfig: pytest.Config) -> Iterator[None]:
    """What a test writes need not outlive this computer's power; where it matters, tests draw what a cut leaves."""
    with nullcontext() if pytestconfig.getoption(UNSPARING) else patch.object(os, "fsync", flush_nothing):
        yield


def flush_nothing(descriptor: int) -> None:
    """As far as ``os.fsync`` goes without a disk: OSError for what is not open."""
    os.fstat(descriptor)


@pytest.fixture
def cheap_twins() -> Iterator[None]:
    """Most of a pretended trial is signing, and making chunks: other tests look at that with real ones."""
    with cheap_everywhere(), patch.multiple(plan, CHUNK_BYTES_MAX=SHORT_BYTES, LONG_BYTES_MAX=2 * SHORT_BYTES):
        yield


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeRun]:
    """One practice network for all tests of a process that look at one."""
    with practice_run(tmp_path_factory.mktemp("practice") / "said") as run:
        yield run


@pytest.fixture
def hangup_heard() -> Iterator[None]:
    """What the test starts hears that its terminal is gone, also when the tests themselves were started with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
