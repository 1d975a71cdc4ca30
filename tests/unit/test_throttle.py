"""The line as the farmer limits it: so many bytes a second, everybody in turn, and what is small goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from node.vault.core.sparing import PAUSED_PART, own_bytes_per_s
from node.vault.transport.throttle import BORROWED_S, BURST_S, ROUNDS_KEPT, SMALL_BYTES, SMALL_PART, Throttle
from tests.virtual_time import run

RATE = 100_000
PIECE = 20_000


def play(story: Callable[[Throttle], Awaitable[None]]) -> None:
    async def main() -> None:
        throttle = Throttle()
        throttle.set(RATE)
        await story(throttle)
        throttle.close()

    run(main())


async def take(throttle: Throttle, subnet: str, size_bytes: int) -> None:
    """A frame that passes as a whole."""
    await throttle.take(throttle.frame(subnet, size_bytes), size_bytes)


async def send(throttle: Throttle, subnet: str, count: int, passed: list[tuple[float, str, int]]) -> None:
    """``count`` frames of one peer, each of one piece, one after the other."""
    for _ in range(count):
        await take(throttle, subnet, PIECE)
        passed.append((asyncio.get_running_loop().time(), subnet, PIECE))


async def send_frame(throttle: Throttle, subnet: str, pieces: int, ended: list[tuple[float, str]]) -> None:
    frame = throttle.frame(subnet, pieces * PIECE)
    for _ in range(pieces):
        await throttle.take(frame, PIECE)
    ended.append((asyncio.get_running_loop().time(), subnet))


def test_no_more_passes_than_the_limit_and_one_burst_however_many_send_at_once():
    async def story(throttle: Throttle) -> None:
        passed: list[tuple[float, str, int]] = []
        await asyncio.gather(*(send(throttle, f"10.0.{n}", 20, passed) for n in range(5)))
        begin_s, end_s = passed[0][0], passed[-1][0]
        assert end_s - begin_s > (100 * PIECE - RATE * BURST_S - 2 * PIECE) / RATE
        for at_s, _, _ in passed:
            soon = sum(size for then_s, _, size in passed if at_s <= then_s < at_s + 2.0)
            assert soon <= RATE * (2.0 + BURST_S) + 2 * PIECE

    play(story)


def test_frames_pass_one_after_the_other_in_the_order_in_which_they_were_begun():
    """Side by side all would be there only at the end, and too late for everybody."""

    async def story(throttle: Throttle) -> None:
        ended: list[tuple[float, str]] = []
        await asyncio.gather(*(send_frame(throttle, f"10.0.{n}", 10, ended) for n in range(5)))
        assert [subnet for _, subnet in ended] == [f"10.0.{n}" for n in range(5)]
        for n, (at_s, _) in enumerate(ended):
            assert at_s < ((n + 1) * 10 * PIECE) / RATE

    play(story)


def test_of_each_subnet_one_frame_passes_before_a_second_one_of_any():
    async def story(throttle: Throttle) -> None:
        ended: list[tuple[float, str]] = []
        crowd = [asyncio.create_task(send_frame(throttle, "10.0.1", 4, ended)) for _ in range(10)]
        await asyncio.sleep(0)
        others = [asyncio.create_task(send_frame(throttle, f"10.0.{n}", 4, ended)) for n in (2, 3)]
        await asyncio.gather(*crowd, *others)
        assert [subnet for _, subnet in ended[:4]] == ["10.0.1", "10.0.2", "10.0.3", "10.0.1"]

    play(story)


def test_a_subnet_that_has_sent_much_on_an_idle_line_stands_behind_nobody_for_it():
    async def story(throttle: Throttle) -> None:
        ended: list[tuple[float, str]] = []
        for _ in range(50):
            await send_frame(throttle, "10.0.1", 1, [])
            await asyncio.sleep(1.0)
        crowd = [asyncio.create_task(send_frame(throttle, "10.0.2", 4, ended)) for _ in range(10)]
        await asyncio.sleep(0.1)
        await send_frame(throttle, "10.0.1", 4, ended)
        assert len(ended) <= 3
        await asyncio.gather(*crowd)

    play(story)


def test_a_frame_whose_peer_takes_nothing_holds_nobody_up():
    async def story(throttle: Throttle) -> None:
        await throttle.take(throttle.frame("10.0.1", 100 * PIECE), PIECE)
        began_s = asyncio.get_running_loop().time()
        assert throttle.wait_s("10.0.2", 4 * PIECE) < 5 * PIECE / RATE
        await send_frame(throttle, "10.0.2", 4, [])
        assert asyncio.get_running_loop().time() - began_s < 5 * PIECE / RATE

    play(story)


def test_how_long_a_frame_would_take_is_told_by_what_stands_before_it_and_by_nothing_else():
    async def story(throttle: Throttle) -> None:
        crowd = [asyncio.create_task(send_frame(throttle, "10.0.1", 10, [])) for _ in range(10)]
        await asyncio.sleep(0.5)
        told_s, began_s = throttle.wait_s("10.0.2", 10 * PIECE), asyncio.get_running_loop().time()
        behind_s = throttle.wait_s("10.0.1", 10 * PIECE)
        await send_frame(throttle, "10.0.2", 10, [])
        took_s = asyncio.get_running_loop().time() - began_s
        assert abs(told_s - took_s) < 2 * PIECE / RATE
        assert behind_s > 5 * told_s > 0.0
        for task in crowd:
            task.cancel()

    play(story)


def test_whoever_has_little_to_send_waits_for_one_piece_of_each_other_one_and_no_more():
    async def story(throttle: Throttle) -> None:
        passed: list[tuple[float, str, int]] = []
        crowd = [asyncio.create_task(send(throttle, "10.0.1", 10, passed)) for _ in range(10)]
        await asyncio.sleep(1.0)
        before = len(passed)
        await send(throttle, "10.0.2", 1, passed)
        assert len(passed) - before <= 3
        for task in crowd:
            task.cancel()

    play(story)


def test_what_is_small_goes_at_once_until_a_second_of_the_limit_is_borrowed():
    async def story(throttle: Throttle) -> None:
        loop = asyncio.get_running_loop()
        began_s, count = loop.time(), int(BORROWED_S * RATE / SMALL_BYTES)
        for _ in range(count):
            await take(throttle, "10.0.1", SMALL_BYTES)
        assert loop.time() == began_s
        await take(throttle, "10.0.1", SMALL_BYTES)
        await take(throttle, "10.0.1", SMALL_BYTES)
        assert loop.time() > began_s + 0.9

    play(story)


def test_many_small_ones_leave_half_of_the_line_to_all_others():
    async def story(throttle: Throttle) -> None:
        passed: list[tuple[float, str, int]] = []

        async def chatter() -> None:
            while True:
                await take(throttle, "10.0.1", SMALL_BYTES)
                await asyncio.sleep(0.001)

        crowd = [asyncio.create_task(chatter()) for _ in range(20)]
        await send(throttle, "10.0.2", 20, passed)
        turns_s = 20 * (PIECE + SMALL_BYTES) / (SMALL_PART * RATE)  # what is small has its turns beside that, too
        assert asyncio.get_running_loop().time() < BORROWED_S / SMALL_PART + turns_s
        begin_s = asyncio.get_running_loop().time()
        await take(throttle, "10.0.3", SMALL_BYTES)
        assert asyncio.get_running_loop().time() - begin_s < 0.2
        for task in crowd:
            task.cancel()

    play(story)


def test_signs_of_life_are_counted_and_never_wait():
    async def story(throttle: Throttle) -> None:
        throttle.count(RATE)
        began_s = asyncio.get_running_loop().time()
        await take(throttle, "10.0.1", PIECE)
        assert asyncio.get_running_loop().time() - began_s > 0.7

    play(story)


def test_however_much_did_not_wait_the_line_is_free_again_a_second_after_it():
    async def story(throttle: Throttle) -> None:
        for _ in range(100):
            throttle.count(RATE)
        begin_s = asyncio.get_running_loop().time()
        await take(throttle, "10.0.1", PIECE)
        assert asyncio.get_running_loop().time() - begin_s <= BORROWED_S + 0.1

    play(story)


def test_what_does_not_wait_shortens_no_other_debt():
    async def story(throttle: Throttle) -> None:
        await take(throttle, "10.0.1", 10 * RATE)
        throttle.count(1)
        await take(throttle, "10.0.1", PIECE)
        assert asyncio.get_running_loop().time() > 9.0

    play(story)


def test_what_passed_without_a_limit_is_no_debt_to_one_that_comes_later():
    async def story(throttle: Throttle) -> None:
        throttle.set(0)
        throttle.count(100 * RATE)
        await take(throttle, "10.0.1", 100 * RATE)
        throttle.set(RATE)
        await take(throttle, "10.0.1", PIECE)
        assert asyncio.get_running_loop().time() < 0.1

    play(story)


def test_a_limit_that_is_lifted_lets_all_pass_who_wait():
    async def story(throttle: Throttle) -> None:
        throttle.count(100 * RATE)
        waiting = [asyncio.create_task(take(throttle, "10.0.1", PIECE)) for _ in range(5)]
        await asyncio.sleep(0.1)
        began_s = asyncio.get_running_loop().time()
        throttle.set(0)
        await asyncio.gather(*waiting)
        assert asyncio.get_running_loop().time() == began_s
        assert throttle.piece_bytes == 0

    play(story)


def test_what_was_cancelled_takes_nothing():
    async def story(throttle: Throttle) -> None:
        throttle.count(RATE)
        waiting = [asyncio.create_task(take(throttle, "10.0.1", RATE)) for _ in range(50)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        began_s = asyncio.get_running_loop().time()
        await take(throttle, "10.0.1", PIECE)
        assert asyncio.get_running_loop().time() - began_s < 1.1

    play(story)


def test_who_gave_up_waiting_is_forgotten_at_once():
    async def story(throttle: Throttle) -> None:
        throttle.count(RATE)
        busy = asyncio.create_task(send_frame(throttle, "10.0.2", 1_000, []))
        for _ in range(100):
            waiting = [asyncio.create_task(take(throttle, "10.0.1", PIECE)) for _ in range(16)]
            await asyncio.sleep(0.01)
            for task in waiting:
                task.cancel()
        await asyncio.sleep(0)
        assert len(throttle._waiting) == 1
        busy.cancel()

    play(story)


def test_however_many_subnets_were_met_only_so_many_are_remembered():
    async def story(throttle: Throttle) -> None:
        for n in range(3 * ROUNDS_KEPT):
            throttle.frame(f"10.{n}", PIECE)
        assert len(throttle._rounds) == ROUNDS_KEPT

    play(story)


def test_what_the_vault_does_by_itself_leaves_half_of_a_limit_and_nearly_all_of_a_pause():
    assert own_bytes_per_s(1 << 20, 0, is_taking=True) > 1 << 20
    assert own_bytes_per_s(1 << 20, 200_000, is_taking=True) == 100_000
    assert own_bytes_per_s(1 << 20, 0, is_taking=False) == (1 << 20) / PAUSED_PART
    assert own_bytes_per_s(1 << 20, 1_000, is_taking=False) == 500
