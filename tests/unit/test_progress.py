"""How far a put or get is, as a person sees it: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from node.cli.bar import Bar, Painted
from node.cli.sharing import LINE_S, Lines

WHY = "The network is full."


def test_below_the_bar_stands_why_it_waits_until_it_moves():
    def shown() -> str:
        console = Console(file=io.StringIO(), width=80)
        with console.capture() as capture:
            console.print(*bar.get_renderables())
        return capture.get()

    bar = Bar(console=Console(file=io.StringIO()))
    painted = Painted(bar)
    painted.begin("garden", 3, 1000)
    assert "garden" in shown()
    painted.waits(WHY)
    assert "The network is full. Trying again." in shown()
    painted.moved(500)
    assert "The network is full." not in shown()
    assert "50%" in shown()


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    now_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    lines = Lines()
    lines.begin("garden", 3, 1000)
    lines.waits(WHY)
    now_s += LINE_S
    lines.waits(WHY)
    lines.waits("")
    now_s += LINE_S
    lines.moved(500)
    assert capsys.readouterr().err.splitlines() == [
        "garden: 3 files, 1.0 kB",
        "The network is full. Trying again.",
        "500 B of 1.0 kB",
    ]
