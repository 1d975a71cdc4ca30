"""A day is one story: where it broke off, nothing is known of what would have come."""

from __future__ import annotations

import pytest

BROKEN = pytest.StashKey[str]()


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if item.parent is not None and call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        item.parent.stash.setdefault(BROKEN, item.name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.parent is not None and (name := item.parent.stash.get(BROKEN, "")):
        pytest.skip(f"the day broke off in {name}")
