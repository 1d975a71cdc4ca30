"""How much room there is."""

from __future__ import annotations

from node.vault.storage.quota import RESERVE_BYTES, room


def test_the_room_is_what_is_left_of_the_quota() -> None:
    assert room(quota_bytes=100, used_bytes=30, free_bytes=RESERVE_BYTES + 1000) == 70


def test_the_disks_last_bytes_are_never_used() -> None:
    assert room(quota_bytes=100, used_bytes=30, free_bytes=RESERVE_BYTES + 5) == 5
    assert room(quota_bytes=100, used_bytes=30, free_bytes=RESERVE_BYTES - 5) == 0


def test_there_is_no_room_after_the_quota_was_lowered_below_what_is_used() -> None:
    assert room(quota_bytes=10, used_bytes=30, free_bytes=RESERVE_BYTES + 1000) == 0
