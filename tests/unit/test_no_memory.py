"""Whether the kernel has ended somebody for want of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.supervisor.no_memory import COUNTERS, kills


def test_it_is_counted_by_the_kernel(tmp_path: Path):
    counters = tmp_path / "vmstat"
    counters.write_text("nr_free_pages 12\noom_kill 3\noom_kill_else 9\n")

    assert kills(counters) == 3


@pytest.mark.parametrize("content", ["", "nr_free_pages 12\n", "oom_kill many\n"])
def test_where_it_is_not_counted_nobody_was_ended(tmp_path: Path, content: str):
    counters = tmp_path / "vmstat"
    counters.write_text(content)

    assert kills(counters) == 0
    assert kills(tmp_path / "none") == 0


@pytest.mark.skipif(not COUNTERS.exists(), reason="only Linux says so")
def test_this_kernel_counts_it():
    assert "\noom_kill " in COUNTERS.read_text()
