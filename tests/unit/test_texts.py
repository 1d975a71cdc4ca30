"""The sentence of the status: true, and the most pressing thing first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.api.schema import Handover, Space
from node.api.texts import Health, left, size, status_sentence

GOOD = Health(
    silent_s=1.0, failures=0, failure="", disk_trouble="", settings_trouble="", other_trouble="",
    space=Space(12_000_000, 100_000_000, 30), up_s=100.0, peer_count=7, trial_of="", version="0.1.0",
)  # fmt: skip


def test_when_all_is_well_it_says_so_with_numbers():
    assert status_sentence(GOOD) == ("fine", "All is well: 12 MB of 100 MB in use, connected to 7 vaults.")


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"disk_trouble": "No space left on device"}, "problem", "nothing new is stored: No space left on device."),
        ({"failures": 2, "failure": "it ended with code 3"}, "problem", "does not keep running (it ended with code 3)"),
        ({"silent_s": None}, "starting", "is starting"),
        ({"silent_s": None, "failures": 1, "failure": "it ended"}, "starting", "is started again (it ended)."),
        ({"silent_s": 21.0}, "problem", "has not answered for 21 seconds"),
        ({"settings_trouble": "settings.json is missing."}, "attention", "settings.json is missing."),
        ({"other_trouble": "Updates have stopped."}, "attention", "Updates have stopped."),
        ({"space": Space(101, 100, 1)}, "attention", "over the limit"),
        ({"peer_count": 0}, "attention", "has reached no other vault"),
        ({"peer_count": 0, "up_s": 3.0}, "starting", "looks for other vaults"),
        ({"trial_of": "0.1.1"}, "trial", "Version 0.1.1 is being tried out; version 0.1.0 keeps your chunks."),
        ({"store_trouble": "storage"}, "problem", "The disk with the chunks is not there"),
        ({"store_trouble": "resource.quota"}, "problem", "The disk is full"),
        ({"store_trouble": "resource.quota", "space": Space(99, 100, 1)}, "fine", "99 B of 100 B"),
        (
            {"handover": Handover(12, 28), "space": Space(132, 100, 40)},
            "attention",
            "Shrinking 132 B -> 100 B: 12 of 40 chunks handed over.",
        ),
        ({"leave_s": 20.0}, "attention", "stopped: handing over its chunks, at most 20 s."),
        ({"leave_s": 20.0, "handover": Handover(12, 28)}, "attention", "handing over 12 of 40 chunks, at most 20 s."),
        ({"leave_s": 0.0}, "attention", "Perennial is being stopped."),
        ({"peer_count": 1}, "fine", "connected to 1 vault."),
    ],
)
def test_whatever_is_wrong_is_named(change: dict[str, object], state: str, words: str):
    found, sentence = status_sentence(replace(GOOD, **change))  # type: ignore[arg-type]
    assert found == state
    assert words in sentence
    assert sentence.endswith(".")


def test_a_disk_that_cannot_be_written_presses_more_than_a_vault_that_ended():
    worse = replace(GOOD, disk_trouble="read-only", failures=5, silent_s=None)
    assert "disk" in status_sentence(worse)[1]


@pytest.mark.parametrize(
    ("count_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_940, "9.9 kB"), (9_960, "10 kB"), (999_499, "999 kB"),
     (999_500, "1.0 MB"), (64 << 20, "67 MB"), (1 << 50, "1.1 PB"), (10**18, "1000 PB")],
)  # fmt: skip
def test_sizes_are_short(count_bytes: int, text: str):
    assert size(count_bytes) == text


def test_whoever_leaves_is_told_what_was_reached():
    assert "40 of 40 chunks handed over; nothing waits" in left(Handover(40, 0))
    assert "12 of 40 chunks handed over; the rest is copied" in left(Handover(12, 28))
