"""Heads that wait to be judged: nobody keeps those of others out, and nobody keeps the supervisor busy."""

from __future__ import annotations

import asyncio

from node.supervisor.heads import SENDERS_MAX, TURNS_KEPT, HeadQueue, rest_s
from node.vault.control import HEAD_BYTES_MAX, HeadSeen

LIAR, HONEST = b"l" * 32, b"h" * 32


def taken(heads: HeadQueue, count: int) -> list[HeadSeen]:
    async def take() -> list[HeadSeen]:
        async with asyncio.timeout(1.0):
            return [await heads.get() for _ in range(count)]

    return asyncio.run(take())


def is_empty(heads: HeadQueue) -> bool:
    try:
        taken(heads, 1)
    except TimeoutError:
        return True
    return False


class TestHeadQueue:
    def test_a_sender_has_one_head_waiting_its_newest(self):
        heads = HeadQueue()
        for number in range(1000):
            heads.put(HeadSeen(b"%d" % number, LIAR))
        heads.put(HeadSeen(b"good", HONEST))

        assert taken(heads, 2) == [HeadSeen(b"999", LIAR), HeadSeen(b"good", HONEST)]
        assert is_empty(heads)

    def test_who_was_judged_longest_ago_comes_first(self):
        heads = HeadQueue()
        for number in range(5):
            heads.put(HeadSeen(b"lie %d" % number, LIAR))
            taken(heads, 1)
        heads.put(HeadSeen(b"lie", LIAR))
        heads.put(HeadSeen(b"good", HONEST))

        assert [seen.sender for seen in taken(heads, 2)] == [HONEST, LIAR]

    def test_when_it_is_full_one_that_was_judged_lately_gives_way_to_one_that_never_was(self):
        heads = HeadQueue()
        liars = [bytes([number]) * 32 for number in range(SENDERS_MAX)]
        for liar in liars:
            heads.put(HeadSeen(b"lie", liar))
        taken(heads, SENDERS_MAX)
        for liar in liars:
            heads.put(HeadSeen(b"another", liar))
        heads.put(HeadSeen(b"good", HONEST))

        waiting = taken(heads, SENDERS_MAX)

        assert waiting[0] == HeadSeen(b"good", HONEST)
        assert liars[-1] not in [seen.sender for seen in waiting]
        assert is_empty(heads)

    def test_when_it_is_full_of_newcomers_they_stay(self):
        heads = HeadQueue()
        for number in range(SENDERS_MAX + 1):
            heads.put(HeadSeen(b"head", bytes([number]) * 32))
        assert [seen.sender[0] for seen in taken(heads, SENDERS_MAX)] == list(range(SENDERS_MAX))

    def test_what_is_too_long_to_be_a_head_does_not_wait(self):
        heads = HeadQueue()
        heads.put(HeadSeen(bytes(HEAD_BYTES_MAX + 1), LIAR))
        assert is_empty(heads)

    def test_it_does_not_grow_with_the_senders(self):
        heads = HeadQueue()
        for number in range(2 * TURNS_KEPT):
            heads.put(HeadSeen(b"head", number.to_bytes(32, "big")))
            taken(heads, 1)
        assert len(heads._turns) == TURNS_KEPT

    def test_a_head_that_comes_while_one_waits_for_it_is_taken(self):
        async def scene() -> HeadSeen:
            heads = HeadQueue()
            waiting = asyncio.create_task(heads.get())
            await asyncio.sleep(0)
            heads.put(HeadSeen(b"good", HONEST))
            return await waiting

        assert asyncio.run(scene()) == HeadSeen(b"good", HONEST)


def test_judging_takes_a_fifth_of_the_time_at_most_and_no_rest_is_long():
    assert rest_s(0.1) == 0.4
    assert rest_s(60.0) == 30.0
