"""The stage on which every attack takes place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import twin_world
from tests.attacks.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cheap_twins: None) -> Stage:
    made = Stage(tmp_path)
    monkeypatch.setattr(twin_world, "utc_s", made.utc_s)  # neighbours and farms have one calendar
    return made
