"""What the driver makes of a store that fails it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from node.vault import control
from node.vault.driver import scan
from node.vault.errors import StorageError


class Store:
    """Stands for a ChunkStore whose disk has bad manners."""

    def __init__(self, held: int = 0, error: StorageError | None = None) -> None:
        self._held, self._error = held, error

    def scan(self, _after: bytes = b"", count_max: float = math.inf) -> tuple[list[bytes], list[bytes]]:
        if self._error is not None:
            raise self._error
        return [bytes(32)] * int(min(self._held, count_max)), []


@pytest.mark.parametrize(
    ("store", "code"),
    [(Store(error=StorageError("too many open files")), "storage"), (Store(control.SCANNED_MAX + 1), "resource")],
)
def test_a_scan_that_cannot_be_answered_fails_and_ends_nothing(store: Any, code):
    answer = scan(store, control.Scan(7))
    assert isinstance(answer, control.Failed)
    assert (answer.id, answer.code) == (7, code)


def test_the_longest_answer_to_a_scan_fits_into_a_frame():
    answer = scan(Store(control.SCANNED_MAX), control.Scan(7))  # type: ignore[arg-type]
    assert isinstance(answer, control.Scanned)
    assert len(control.encode(answer)) <= control.FRAME_BYTES_MAX


def test_a_store_of_more_chunks_than_that_is_named_part_by_part():
    answer = scan(Store(control.SCANNED_MAX + 1), control.Scan(7, b""))  # type: ignore[arg-type]
    assert isinstance(answer, control.Scanned)
    assert len(answer.held) == control.SCANNED_MAX
