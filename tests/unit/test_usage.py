"""What a process holds of the memory, whatever the kernel makes of it meanwhile."""

from __future__ import annotations

import mmap
import os

from node.sandbox.usage import held_bytes, usage_of

STATUS = """\
Name:\tpython
VmRSS:\t   52576 kB
RssAnon:\t   23352 kB
RssFile:\t   29224 kB
RssShmem:\t       4 kB
VmSwap:\t       0 kB
Threads:\t7
"""
WRITTEN_BYTES = 64 << 20


def test_pages_of_files_do_not_count_for_they_come_and_go():
    dropped = STATUS.replace("29224 kB", "    8 kB").replace("52576 kB", "23364 kB")
    assert held_bytes(STATUS) == held_bytes(dropped) == (23352 + 4) * 1024


def test_what_was_swapped_out_counts_as_before():
    assert held_bytes(STATUS.replace("23352 kB", "3352 kB").replace("VmSwap:\t       0", "VmSwap:\t   20000")) == (
        held_bytes(STATUS)
    )


def test_a_kernel_that_tells_no_kinds_apart_is_believed_the_sum():
    assert held_bytes("Name:\tpython\nVmRSS:\t   52576 kB\n") == 52576 * 1024


def test_one_that_has_ended_holds_nothing():
    assert held_bytes("Name:\tpython\nState:\tZ (zombie)\n") == 0


def test_memory_that_is_written_to_counts():
    before = usage_of(os.getpid())
    # Of the kernel: what earlier tests have given back would be had again without a change.
    with mmap.mmap(-1, WRITTEN_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as written:
        written[:: mmap.PAGESIZE] = b"x" * (WRITTEN_BYTES // mmap.PAGESIZE)
        after = usage_of(os.getpid())

        assert abs(after.rss_bytes - before.rss_bytes - len(written)) < WRITTEN_BYTES / 4
