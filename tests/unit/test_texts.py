"""Sentences for people: sizes, and what the vault says of a chunk that was not stored."""

from __future__ import annotations

import pytest

from node.api.texts import refusal, size
from node.vault import control
from tests.vault_world import World


@pytest.mark.parametrize(
    ("count_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_940, "9.9 kB"), (9_960, "10 kB"), (999_499, "999 kB"),
     (999_500, "1.0 MB"), (64 << 20, "67 MB"), (1 << 50, "1.1 PB"), (10**18, "1000 PB")],
)  # fmt: skip
def test_sizes_are_short(count_bytes: int, text: str):
    assert size(count_bytes) == text


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("0 holders took the chunk, 3 are needed (6 x resource.quota)", "The network is full."),
        ("1 holders took the chunk, 3 are needed (2 x resource.quota, 2 x peer.unreachable)", "The network is full."),
        ("0 holders took the chunk, 3 are needed (2 x share, 1 x resource.quota)", "The network is full."),
        (
            "1 holders took the chunk, 3 are needed (3 x peer.unreachable, 1 x resource.quota)",
            "Too few computers can be reached: 1 of at least 3 could take a part of it.",
        ),
        (
            "2 holders took the chunk, 3 are needed",
            "Too few computers can be reached: 2 of at least 3 could take a part of it.",
        ),
        ("words of another version (6 x resource.quota)", "Too few computers can be reached."),
        ("", "Too few computers can be reached."),
    ],
)
def test_a_chunk_that_too_few_took_is_told_without_the_words_of_developers(message: str, said: str):
    assert refusal("peer.unreachable", message) == said


def refused(world: World, by: int) -> str:
    """What a person is told when vault ``by`` of ``world`` is to store a chunk, and cannot."""
    actor = list(world.actors.values())[by]
    failed = world.command(actor, lambda number: control.PutChunk(number, b"a chunk"))
    assert isinstance(failed, control.Failed)
    return refusal(failed.code, failed.message)


def test_the_words_of_the_vault_itself_are_understood():
    full = World()
    full.grow(6, quota_bytes=1)
    assert refused(full, 0) == "The network is full."

    dying = World()
    actors = dying.grow(6)
    for actor in actors[1:]:
        actor.is_dead = True
    said = refused(dying, 0)
    assert said == "Too few computers can be reached: 1 of at least 3 could take a part of it."
