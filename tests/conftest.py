"""What tests of many folders share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from unittest.mock import patch

import pytest
from securesystemslib.signer import Key, Signature, SSlibKey  # type: ignore[attr-defined]

from node.trust.hybrid import HybridKey
from tests.practice_run import PracticeRun, practice_run
from tests.simulation.signing import cheap_everywhere

Verify = Callable[[Key, Signature, bytes], None]
KINDS_OF_KEYS: tuple[type[Key], ...] = (SSlibKey, HybridKey)


@pytest.fixture(scope="session", autouse=True)
def remembered_verifications() -> Iterator[None]:
    """What a signature was found to be is found again at once.

    It follows from key, signature and content alone; and the same statements are verified tens of thousands of times.
    """
    with ExitStack() as patches:
        for key in KINDS_OF_KEYS:
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


@pytest.fixture
def cheap_signing() -> Iterator[None]:
    """Vaults that are pretended sign cheaply: most of a pretended trial was signing, which other tests look at."""
    with cheap_everywhere():
        yield


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeRun]:
    """One practice network for all tests of a process that look at one."""
    with practice_run(tmp_path_factory.mktemp("practice") / "said") as run:
        yield run
