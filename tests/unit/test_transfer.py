"""Chunks on their way: what goes wrong together comes out once, and whoever waits is told why."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

from node.api.client import ApiError
from node.api.schema import StoredChunk
from node.api.shares.errors import NotStored
from node.api.shares.texts import waits
from node.api.shares.transfer import PATIENCE_S, PAUSES_S, TURNS_MAX, Courier, Flight
from node.vault.share.tree import address_of
from tests.virtual_time import run

CHUNK = b"a chunk"
FEW = ApiError("peer.unreachable", "Too few computers can be reached.")
NO_TURN = ApiError("vault.busy", "Others are before this one.")


class Node:
    """Takes ``answer_s`` for each answer; fails ``failures`` times before it stores."""

    def __init__(self, failures: int = 0, answer_s: float = 0.0, no_turns: int = 0) -> None:
        self.failures = failures
        self.no_turns = no_turns
        self.answer_s = answer_s
        self.address = address_of(CHUNK)

    async def put_chunk(self, _content: bytes) -> StoredChunk:
        await asyncio.sleep(self.answer_s)
        if self.no_turns:
            self.no_turns -= 1
            raise NO_TURN
        if self.failures:
            self.failures -= 1
            raise FEW
        return StoredChunk(self.address.hex(), 5)

    async def get_chunk(self, address: str) -> bytes:
        raise NotImplementedError


def told(node: Node) -> list[tuple[float, str]]:
    """When something was told while a chunk was stored, and what."""
    found: list[tuple[float, str]] = []

    async def store() -> None:
        loop = asyncio.get_running_loop()
        await Courier(node, lambda why: found.append((loop.time(), why))).store(CHUNK)
        await asyncio.sleep(60.0)  # nothing more comes once it is stored

    run(store())
    return found


class TestWaiting:
    def test_a_chunk_that_is_stored_soon_is_not_spoken_of(self):
        assert told(Node(answer_s=PATIENCE_S - 0.1)) == []
        assert told(Node(failures=3)) == []

    def test_a_chunk_without_an_answer_is_told_once_a_few_seconds_are_over(self):
        assert told(Node(answer_s=20.0)) == [(PATIENCE_S, "")]

    def test_a_chunk_that_is_tried_again_is_told_with_the_reason(self):
        first, *later = told(Node(failures=6))
        assert first == (PATIENCE_S, str(FEW))
        assert [why for _, why in later] == [str(FEW)] * 2

    def test_in_the_end_it_fails_and_nothing_more_is_told(self):
        with pytest.raises(NotStored, match="Too few computers"):
            told(Node(failures=len(PAUSES_S) + 1))

    def test_a_chunk_that_had_no_turn_is_asked_for_again_and_that_was_no_try(self):
        _, *later = told(Node(no_turns=TURNS_MAX, failures=len(PAUSES_S)))
        assert {why for _, why in later} == {str(NO_TURN), str(FEW)}

    def test_a_chunk_that_never_has_a_turn_fails_in_the_end(self):
        with pytest.raises(NotStored, match="Others are before"):
            told(Node(no_turns=TURNS_MAX + 1))

    def test_a_node_that_stored_something_else_has_not_stored_it(self):
        node = Node()
        node.address = address_of(b"something else")
        with pytest.raises(NotStored, match="something else"):
            told(node)

    def test_it_is_said_in_words(self):
        assert waits(str(FEW)) == "Too few computers can be reached. Trying again."
        assert waits("") == "The network has not answered for a part yet; still waiting."


class TestFlight:
    def test_eight_are_under_way_at_once(self):
        at_once = most = 0

        async def carry() -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(1.0)
            at_once -= 1

        async def fly() -> None:
            flight = Flight()
            for _ in range(40):
                await flight.add(carry())
            await flight.land()

        run(fly())
        assert (most, at_once) == (8, 0)

    def test_chunks_that_fail_together_are_one_error_and_no_noise(self):
        noise: list[dict[str, Any]] = []

        async def fail(number: int) -> None:
            raise NotStored(str(number))

        async def fly() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
            flight = Flight()
            for number in range(5):
                await flight.add(fail(number))
            with pytest.raises(NotStored):
                await flight.land()
            await flight.abort()
            del flight
            gc.collect()

        work: Coroutine[Any, Any, None] = fly()
        asyncio.run(work)
        assert noise == []
