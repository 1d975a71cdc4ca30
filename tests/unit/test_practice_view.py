"""What a practice run shows of its farms where no picture can be drawn."""

from __future__ import annotations

import asyncio
import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from node.api.schema import Phase
from node.practice.view import View
from tests.gui.samples import trial


class Farm:
    """A farm whose trial is in the given phase; None: it tries nothing out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.phase: Phase | None = None
        self.client: Any = self

    async def status(self) -> None:
        return None

    async def trial(self) -> Any:
        return trial("0.1.2", self.phase) if self.phase is not None else None


def lines_of(*phases: Phase | None, is_terminal: bool = False) -> list[str]:
    """All that is written while one of two farms goes through the phases."""
    written, farm = io.StringIO(), Farm("farm 1")
    network: Any = SimpleNamespace(plain=(), farms=(farm, Farm("farm 2")))
    view = View(network, Console(file=written, force_terminal=is_terminal))
    for farm.phase in phases:
        asyncio.run(view.look())
    return written.getvalue().splitlines()


class TestWithoutATerminal:
    def test_each_step_on_the_way_is_told_once(self):
        told = lines_of(None, "on_trial", "on_trial", "rehearsing", "promoting", "probation", "probation")

        assert told == [
            "farm 1: 0.1.2 on trial",
            "farm 1: 0.1.2 rehearsing",
            "farm 1: 0.1.2 taking over",
            "farm 1: 0.1.2 took over, watched",
        ]

    @pytest.mark.parametrize("phase", ["confirmed", "refused", "not_proven", "rolled_back"])
    def test_what_was_decided_is_not_told_twice(self, phase: Phase):
        assert lines_of(phase) == []


def test_in_a_terminal_the_picture_shows_it():
    assert lines_of("on_trial", is_terminal=True) == []
