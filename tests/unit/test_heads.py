"""Heads that wait to be judged: nobody keeps those of others out, and nobody keeps the supervisor busy."""

from __future__ import annotations

import asyncio

import pytest

from node.supervisor.heads import SUBNET_CHARACTERS_MAX, SUBNETS_MAX, TURNS_KEPT, HeadQueue, rest_s
from node.vault.control import HEAD_BYTES_MAX, HeadSeen

LIAR, HONEST = "10.6.6.0/24", "10.1.1.0/24"


def seen(content: bytes, subnet: str, sender: bytes = b"s" * 32) -> HeadSeen:
    return HeadSeen(content, sender, subnet)


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
    def test_a_subnet_has_one_head_waiting_its_newest_however_many_identities_it_has(self):
        heads = HeadQueue()
        for number in range(1000):
            heads.put(seen(b"%d" % number, LIAR, number.to_bytes(32, "big")))
        heads.put(seen(b"good", HONEST))

        assert taken(heads, 2) == [seen(b"999", LIAR, (999).to_bytes(32, "big")), seen(b"good", HONEST)]
        assert is_empty(heads)

    def test_who_was_judged_longest_ago_comes_first(self):
        heads = HeadQueue()
        for number in range(5):
            heads.put(seen(b"lie %d" % number, LIAR))
            taken(heads, 1)
        heads.put(seen(b"lie", LIAR))
        heads.put(seen(b"good", HONEST))

        assert [head.subnet for head in taken(heads, 2)] == [HONEST, LIAR]

    def test_when_it_is_full_one_that_was_judged_lately_gives_way_to_one_that_never_was(self):
        heads = HeadQueue()
        liars = [str(number) for number in range(SUBNETS_MAX)]
        for liar in liars:
            heads.put(seen(b"lie", liar))
        taken(heads, SUBNETS_MAX)
        for liar in liars:
            heads.put(seen(b"another", liar))
        heads.put(seen(b"good", HONEST))

        waiting = taken(heads, SUBNETS_MAX)

        assert waiting[0] == seen(b"good", HONEST)
        assert liars[-1] not in [head.subnet for head in waiting]
        assert is_empty(heads)

    def test_when_it_is_full_of_newcomers_they_stay(self):
        heads = HeadQueue()
        for number in range(SUBNETS_MAX + 1):
            heads.put(seen(b"head", str(number)))
        assert [head.subnet for head in taken(heads, SUBNETS_MAX)] == list(map(str, range(SUBNETS_MAX)))

    def test_what_is_too_long_to_be_a_head_does_not_wait(self):
        heads = HeadQueue()
        heads.put(seen(bytes(HEAD_BYTES_MAX + 1), LIAR))
        assert is_empty(heads)

    def test_what_comes_from_no_subnet_does_not_wait_for_its_name_would_be_kept(self):
        heads = HeadQueue()
        heads.put(seen(b"head", "x" * (SUBNET_CHARACTERS_MAX + 1)))
        assert is_empty(heads)
        heads.put(seen(b"head", "ffff:ffff:ffff::/48"))
        assert len(taken(heads, 1)) == 1

    @pytest.mark.long
    def test_it_does_not_grow_with_the_subnets(self):
        heads = HeadQueue()
        for number in range(2 * TURNS_KEPT):
            heads.put(seen(b"head", str(number)))
            taken(heads, 1)
        assert len(heads._turns) == TURNS_KEPT

    def test_a_head_that_comes_while_one_waits_for_it_is_taken(self):
        async def scene() -> HeadSeen:
            heads = HeadQueue()
            waiting = asyncio.create_task(heads.get())
            await asyncio.sleep(0)
            heads.put(seen(b"good", HONEST))
            return await waiting

        assert asyncio.run(scene()) == seen(b"good", HONEST)


def test_judging_takes_a_fifth_of_the_time_at_most_and_no_rest_is_long():
    assert rest_s(0.1) == 0.4
    assert rest_s(60.0) == 30.0
