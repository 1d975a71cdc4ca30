"""What all tests spare, and that nothing is spared where somebody asks for that."""

from __future__ import annotations

import os

import pytest

from node.trust.hybrid import HybridKey
from tests.conftest import UNSPARING, flush_nothing, remembering


def test_flushes_and_repeated_verifications_are_spared_unless_somebody_asks_for_all(pytestconfig: pytest.Config):
    is_spared = not pytestconfig.getoption(UNSPARING)
    assert (os.fsync is flush_nothing) == is_spared
    assert (HybridKey.verify_signature.__module__ == remembering.__module__) == is_spared
