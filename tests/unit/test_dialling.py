"""Dialling a peer that may stand behind a router: whoever is there first is taken, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from node.vault.transport.dialling import DOOR_S, LEFT_S, Diallings
from tests.virtual_time import run

CONNECTION: Any = "a connection"
SESSION: Any = "a session that the peer has made"


class Line:
    """A peer that answers ``after_s``, or fails then."""

    def __init__(self, after_s: float, error: Exception | None = None) -> None:
        self.after_s, self.error = after_s, error
        self.asked_for = 0
        self.is_given_up = False
        self.came: asyncio.Future[Any]

    async def dial(self) -> Any:
        try:
            await asyncio.sleep(self.after_s)
        except asyncio.CancelledError:
            self.is_given_up = True
            raise
        if self.error is not None:
            raise self.error
        return CONNECTION

    def unanswered(self) -> None:
        self.asked_for += 1

    async def connected(self) -> Any:
        self.came = asyncio.get_running_loop().create_future()
        return await Diallings().first(self.dial(), self.came, self.unanswered)


def play(line: Line, story: Callable[[asyncio.Task[Any]], Awaitable[Any]]) -> Any:
    async def playing() -> Any:
        return await story(asyncio.create_task(line.connected()))

    return run(playing())


async def wait(dialling: asyncio.Task[Any]) -> Any:
    return await dialling


def test_who_answers_soon_is_connected_and_nobody_is_asked():
    line = Line(DOOR_S / 2)
    assert play(line, wait) == CONNECTION
    assert line.asked_for == 0


def test_who_answers_late_is_asked_for_once():
    line = Line(4 * DOOR_S)
    assert play(line, wait) == CONNECTION
    assert line.asked_for == 1


def test_who_comes_by_himself_is_taken_and_the_dialling_goes_on_for_a_while():
    line = Line(1000.0)

    async def story(dialling: asyncio.Task[Any]) -> Any:
        await asyncio.sleep(2 * DOOR_S)
        line.came.set_result(SESSION)
        came = await dialling
        await asyncio.sleep(LEFT_S - 0.1)
        was_given_up = line.is_given_up
        await asyncio.sleep(0.2)
        return came, was_given_up, line.is_given_up

    assert play(line, story) == (SESSION, False, True)


def test_two_that_dial_each_other_at_once_do_not_both_give_up():
    line = Line(DOOR_S / 2)

    async def story(dialling: asyncio.Task[Any]) -> Any:
        await asyncio.sleep(0)
        line.came.set_result(SESSION)
        return await dialling

    assert play(line, story) == CONNECTION


def test_who_comes_just_when_the_dialling_fails_is_taken():
    line = Line(2 * DOOR_S, OSError("nobody"))

    async def story(dialling: asyncio.Task[Any]) -> Any:
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(2 * DOOR_S, line.came.set_result, SESSION)
        return await dialling

    assert play(line, story) == SESSION


def test_a_dialling_that_fails_fails():
    line = Line(2 * DOOR_S, OSError("nobody"))
    with pytest.raises(OSError, match="nobody"):
        play(line, wait)


def test_who_gives_up_leaves_nothing_behind():
    line = Line(1000.0)

    async def story(dialling: asyncio.Task[Any]) -> Any:
        await asyncio.sleep(2 * DOOR_S)
        dialling.cancel()
        await asyncio.wait((dialling,))
        return dialling.cancelled(), line.came.cancelled(), line.is_given_up

    assert play(line, story) == (True, True, True)
