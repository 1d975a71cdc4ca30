"""Where the failures of others are played again: on one farm, or on the stage of the attacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.conftest import stage
from tests.update_world import Farm

__all__ = ["farm", "stage"]


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)
