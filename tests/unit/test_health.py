"""The sentence of the status: true, and the most pressing thing first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.api.health import Health, left, status_sentence
from node.api.schema import Handover, NodeState, Space
from node.api.told import NOTHING, Told

GB = 10**9
GOOD = Health(
    silent_s=1.0, failures=0, failure="", disk_trouble="", settings_trouble=NOTHING, other_trouble=NOTHING,
    space=Space(12_000_000, 100_000_000, 30), free_bytes=50 * GB, reserve_bytes=GB, up_s=100.0, peer_count=7,
    has_met=True, trial_of="", version="0.1.0",
)  # fmt: skip


def how_it_stands(health: Health) -> tuple[NodeState, str]:
    state, told = status_sentence(health)
    return state, told.sentence


def test_when_all_is_well_it_says_so_with_numbers():
    assert how_it_stands(GOOD) == ("fine", "All is well: 12 MB of 100 MB in use, connected to 7 vaults.")


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"disk_trouble": "No space left on device"}, "problem", "nothing new is stored: No space left on device."),
        ({"failures": 2, "failure": "it ended with code 3"}, "problem", "does not keep running (it ended with code 3)"),
        ({"silent_s": None}, "starting", "is starting"),
        ({"silent_s": None, "failures": 1, "failure": "it ended"}, "starting", "is started again (it ended)."),
        ({"silent_s": 21.0}, "problem", "has not answered for 21 seconds"),
        ({"settings_trouble": Told("settings.json is missing.")}, "attention", "settings.json is missing."),
        ({"other_trouble": Told("Updates have stopped.")}, "attention", "Updates have stopped."),
        (
            {"space": Space(70_012_000, 70_000_000, 1)},
            "attention",
            "12 kB more than the 70 MB that you lend are in use, so nothing new is stored.",
        ),
        ({"peer_count": 0, "has_met": False}, "attention", "has reached no other vault yet"),
        ({"peer_count": 0, "has_met": False, "up_s": 3.0}, "starting", "looks for other vaults"),
        ({"peer_count": 0}, "attention", "no other vault can be reached at the moment"),
        ({"peer_count": 0, "ahead_subnets": 3}, "attention", "the others run a version that it cannot speak with"),
        ({"peer_count": 0, "up_s": 3.0}, "attention", "no other vault can be reached at the moment"),
        ({"trial_of": "0.1.1"}, "trial", "Version 0.1.1 is being tried out; version 0.1.0 keeps your chunks."),
        ({"store_trouble": "storage"}, "problem", "The disk with the chunks is not there"),
        (
            {"store_trouble": "resource.quota", "free_bytes": 900_000_000},
            "problem",
            "only 900 MB of the disk are free, and Perennial leaves its last 1.0 GB to you; make room on it.",
        ),
        ({"store_trouble": "resource.quota"}, "problem", "The disk takes nothing more, so nothing new is stored"),
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
    found, sentence = how_it_stands(replace(GOOD, **change))  # type: ignore[arg-type]
    assert found == state
    assert words in sentence
    assert sentence.endswith(".")


def test_a_disk_that_cannot_be_written_presses_more_than_a_vault_that_ended():
    worse = replace(GOOD, disk_trouble="read-only", failures=5, silent_s=None)
    assert "disk" in how_it_stands(worse)[1]


def test_a_pause_is_said_before_what_needs_nobody_and_after_what_does():
    paused = replace(GOOD, pause="Paused: on battery.", trial_of="2", peer_count=0)
    assert how_it_stands(paused) == ("paused", "Paused: on battery.")
    for trouble in ({"disk_trouble": "broken"}, {"silent_s": None}, {"other_trouble": Told("Updates have stopped.")}):
        assert how_it_stands(replace(paused, **trouble))[0] != "paused"


@pytest.mark.parametrize(
    "past",
    [
        {"failures": 1, "failure": "it ended"},  # and runs again
        {"handover": Handover(40, 0)},  # all of it
        {"space": Space(99_999_999, 100_000_000, 30), "store_trouble": "resource.quota"},  # as full as it may be
    ],
)
def test_what_is_past_or_as_it_should_be_is_no_trouble(past: dict[str, object]):
    assert how_it_stands(replace(GOOD, **past))[0] == "fine"  # type: ignore[arg-type]


def test_what_the_disk_keeps_for_the_person_is_named_only_where_that_is_why():
    full = replace(GOOD, store_trouble="resource.quota")
    for free_bytes, words in ((GB, "only 1.0 GB of the disk are free"), (2 * GB, "The disk takes nothing more")):
        assert words in how_it_stands(replace(full, free_bytes=free_bytes))[1]


def test_the_figures_of_a_hand_over_are_told_as_data_too():
    _, told = status_sentence(replace(GOOD, handover=Handover(12, 28), space=Space(132, 100, 40)))
    assert told.said[0].values == {"used_bytes": 132, "quota_bytes": 100, "done": 12, "chunks": 40}


def test_whoever_leaves_is_told_what_was_reached():
    assert left(Handover(40, 0), are_others_there=True).endswith(
        "40 of 40 chunks handed over; nothing waits for this computer."
    )
    assert "12 of 40 chunks handed over; the rest is copied from other holders" in left(
        Handover(12, 28), are_others_there=True
    )


def test_whoever_leaves_alone_is_not_told_that_others_copy_the_rest():
    said = left(Handover(0, 40), are_others_there=False)
    assert "0 of 40 chunks handed over; no other vault can be reached, so the rest waits here" in said
    assert "copied" not in said
