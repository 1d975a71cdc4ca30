"""Why it is paused, what was looked at, and the way of a person's wish to the node and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import changes
from gui.app import App
from gui.stories.checks import tell_checks
from gui.stories.home import tell
from gui.stories.pause import tell_pause
from gui.texts import app as texts
from node.api.client import ApiError, Client
from node.api.schema import CheckName, PauseLasts, PauseReason, Phase, Said, Settings, SettingsPatch, Status
from node.api.told import Told
from tests.gui.fake_node import FakeNode, Refused
from tests.gui.gallery import dispose
from tests.gui.helper import on_loop, running, said, wait_until
from tests.gui.samples import NEXT, NOW, NOW_S, Sample, check, checks, live, paused, real, samples, update
from tests.gui.test_look import shown

BY_NAME: dict[str, Sample] = {sample.name: sample for sample in samples()}
AN_HOUR = 3600


class Direct(Client):
    """The client, but for the wishes: these go to the node without a server between."""

    def __init__(self, node: FakeNode, home: Path) -> None:
        super().__init__(home)
        self._node = node

    async def pause(self, lasts: PauseLasts) -> Status:
        return await _asked(self._node.pause(lasts))

    async def resume(self) -> Status:
        return await _asked(self._node.resume())

    async def patch_settings(self, patch: SettingsPatch) -> Settings:
        try:
            return await self._node.patch_settings(patch)
        except Refused as error:
            raise ApiError(error.code, error.told) from error


async def _asked(answer: object) -> Status:
    try:
        return await answer  # type: ignore[misc,no-any-return]
    except Refused as error:
        raise ApiError(error.code, error.told) from error


@asynccontextmanager
async def living(desk: QApplication, folder: Path) -> AsyncIterator[tuple[App, FakeNode]]:
    """The app and a node that is fine."""
    node = FakeNode(folder / "home")
    node.say(BY_NAME["fine-real"].seen)
    await node.start()
    async with running(desk, folder / "home", folder / "tray.ini", connect=partial(Direct, node)) as app:
        await wait_until(lambda: said(app)[0] == "fine")
        yield app, node
    await node.stop()


# What was looked at.


def test_each_tick_is_of_something_that_was_looked_at():
    told = tell_checks(real(), NOW)

    assert [(proof.mark, proof.text) for proof in told.proofs] == [
        ("ok", "Disk works"),
        ("ok", "Clock is right"),
        ("ok", "Others reach you"),
        ("ok", "Others answer"),
        ("ok", "Pieces proved"),
    ]
    assert told.looked == "Last look: 2 minutes ago"


def test_a_tick_that_is_older_than_its_promise_is_none():
    early, late = (tell_checks(real(), NOW + timedelta(seconds=after_s)) for after_s in (469, 471))

    assert {proof.mark for proof in early.proofs} == {"ok"}
    assert {proof.mark for proof in late.proofs} == {"wait"}
    assert late.proofs[0].text == "Disk not known"
    assert late.looked == "Last look: 14:03"


def test_a_look_that_was_never_had_is_no_tick_whatever_is_said_of_it():
    never = msgspec.structs.replace(check("reach"), looked_s=None)

    assert tell_checks(real(checks=checks(never)), NOW).proofs[2].mark == "wait"


def test_the_oldest_tick_says_how_old_the_look_is():
    fresh = tuple(msgspec.structs.replace(check(name), looked_s=NOW_S - 2) for name in ("disk", "clock"))

    assert tell_checks(real(checks=checks(*fresh)), NOW).looked == "Last look: 2 minutes ago"
    assert tell_checks(real(checks=fresh), NOW).looked == texts.LOOKED_NOW


def test_what_is_not_as_it_should_be_says_why_and_only_once():
    told = tell_checks(BY_NAME["disk"].seen.status, NOW)

    assert [proof.mark for proof in told.proofs] == ["fault", "fault", "wait", "ok", "ok"]
    assert told.remarks == (
        (
            "The clock of this computer is 2 years behind those of 9 other computers."
            " Set the clock, best by letting the computer take its time from the network."
        ),
        "Nobody has come in from outside yet.",
    )


def test_that_nobody_comes_in_is_said_without_alarm_where_nobody_could_change_it():
    closed = check("reach", "bad", "Your router lets nobody in.")
    home = tell(live(real(checks=checks(closed))), NOW).home

    assert (home.headline, home.note) == ("Everything is fine.", "There is nothing you need to do.")
    assert (home.checks.proofs[2].mark, home.checks.proofs[2].text) == ("note", "Not reached")
    assert home.checks.remarks == ("Your router lets nobody in.",)


def test_while_it_starts_nothing_is_known_yet_and_no_more_is_said_of_that():
    assert tell_checks(BY_NAME["starting"].seen.status, NOW).remarks == ()


@pytest.mark.parametrize(
    ("name", "headline", "lead"),
    [
        ("needs-you", "The disk with the pieces is missing.", "Plug it back in; then everything goes on by itself."),
        ("clock", "The clock is wrong.", "The clock of this computer is 2 years behind those of 9 other computers."),
    ],
)
def test_what_is_wrong_is_the_headline_and_the_one_thing_to_do_stands_under_it(name: str, headline: str, lead: str):
    home = tell(BY_NAME[name].seen, NOW).home

    assert (home.headline, home.lead.split("\n")[0]) == (headline, lead)
    assert home.lead.split("\n")[-1].startswith(("Plug it back in", "Set the clock"))
    assert home.lead.count("Set the clock") <= 1  # the node's own sentence ends with it


@pytest.mark.parametrize("name", ["disk", "clock", "reach", "exchange", "audit"])
def test_of_two_things_that_are_wrong_the_advice_is_that_of_the_sentence(name: CheckName):
    wrong = tuple(
        msgspec.structs.replace(check(one), result="bad", sentence=f"{one} is off.", advice=f"Mend {one}.")
        for one in ("disk", "clock", "reach", "exchange", "audit")
    )

    assert tell(live(real("attention", f"{name} is off.", checks=wrong)), NOW).home.lead == f"Mend {name}."


# Why it is paused.


@pytest.mark.parametrize(
    ("name", "headline", "lead", "after"),
    [
        ("paused-asked", "Paused by you.", "It goes on by itself at 15:00.", ""),
        ("paused-until-resumed", "Paused by you.", "It goes on when you say so.", ""),
        ("paused-battery", "Paused: on battery.", "It goes on by itself.", "It goes on a few minutes after that."),
        (
            "paused-two",
            "Paused: on battery and outside your hours.",
            "It goes on by itself.",
            "It goes on at most a few minutes after both have ended.",
        ),
    ],
)
def test_a_pause_says_why_and_what_ends_it(name: str, headline: str, lead: str, after: str):
    home = tell(BY_NAME[name].seen, NOW).home

    assert (home.headline, home.pause.after, home.pause.control) == (headline, after, "resume")
    assert home.lead == f"{lead} Until then, pieces kept here can still be read."


@pytest.mark.parametrize(
    ("reason", "ends"),
    [
        (paused("asked", NOW_S + AN_HOUR), "ends at 15:05"),
        (paused("asked", NOW_S + 16 * AN_HOUR), "ends tomorrow at 06:05"),
        (paused("asked"), "ends when you say so"),
        (paused("battery"), "ends when you plug in"),
        (paused("metered"), "ends with another connection"),
        (paused("hours", NOW_S + 2 * AN_HOUR), "ends at 16:05"),
        (paused("hours"), "ends with the next of your hours"),
    ],
)
def test_each_reason_says_what_ends_it(reason: PauseReason, ends: str):
    assert tell_pause(real("paused", pauses=(reason,)), NOW).reasons[0].ends == ends


def test_hours_end_at_once_and_no_wait_is_told():
    assert tell_pause(real("paused", pauses=(paused("hours", NOW_S + AN_HOUR),)), NOW).after == ""


def test_many_reasons_are_counted_in_the_headline_and_all_listed():
    reasons = (paused("battery"), paused("metered"), paused("hours"))

    told = tell_pause(real("paused", pauses=reasons), NOW)

    assert told.headline == "Paused for 3 reasons."
    assert [reason.kind for reason in told.reasons] == ["battery", "metered", "hours"]


def test_trouble_is_told_although_it_is_paused_and_both_are_shown(desk: QApplication):
    one = shown(BY_NAME["paused-broken"])

    assert one.home.headline.text() == "Something is wrong."
    assert one.home.reasons.isVisible()
    assert one.home.checks.isVisible()
    assert one.home.side.text() == "Go on now"
    dispose(one)


def test_while_nothing_answers_no_pause_is_offered():
    assert tell(BY_NAME["lost"].seen, NOW).home.pause.control == "none"
    assert tell(replace(BY_NAME["paused-two"].seen, link="lost"), NOW).home.pause.reasons == ()


# The way of a wish.


@pytest.mark.parametrize("phase", ["announced", "fetching", "staged", "on_trial"])
def test_an_urgent_version_that_a_pause_holds_back_is_named_beside_it(phase: Phase):
    paused = BY_NAME["paused-until-resumed"].seen.status
    assert paused is not None
    urgent, usual = (
        msgspec.structs.replace(update("0.1.1", NEXT, phase), is_urgent=is_urgent) for is_urgent in (True, False)
    )

    said = tell(live(paused, (urgent,)), NOW).home.note

    assert said.startswith("Version 0.1.1, which its makers call urgent") == (phase != "on_trial")
    assert tell(live(paused, (usual,)), NOW).home.note == ""
    assert tell(live(real(), (urgent,)), NOW).home.note == texts.NOTHING_TO_DO


@pytest.mark.parametrize("place", ["tray", "home"])
def test_a_pause_that_is_asked_for_is_shown_at_once_and_ends_when_it_is_said(
    desk: QApplication, qtbot: QtBot, tmp_path: Path, place: str
):
    async def play() -> list[object]:
        async with living(desk, tmp_path) as (app, node):
            menu = app.tray.pause if place == "tray" else app.window.home.pause_menu
            menu.actions()[2].trigger()
            await wait_until(lambda: said(app) == ("paused", "Paused by you", "Paused by you."), 2.0)
            assert app.window.home.reasons.isVisible()
            assert not app.window.home.checks.isVisible()
            if place == "tray":
                app.tray.resume.trigger()
            else:
                qtbot.mouseClick(app.window.home.side, Qt.MouseButton.LeftButton)
            await wait_until(lambda: said(app)[0] == "fine", 2.0)
            assert app.window.home.side.text() == "Pause"
            return node.wishes

    assert on_loop(desk, play()) == ["until-resumed", "resume"]


def test_a_wish_that_is_refused_is_said_in_the_words_of_the_node(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        async with living(desk, tmp_path) as (app, node):
            node.refuses = "Nothing can be paused while the vault leaves."
            app.window.hide()
            app.tray.pause.actions()[0].trigger()
            await wait_until(app.window.home.refusal.isVisible)
            assert app.window.home.refusal.text() == "Nothing can be paused while the vault leaves."
            assert app.window.isVisible()  # else it would have been said to nobody
            node.refuses = Told("XX.", (Said("vault.unavailable"),))  # a later node says it otherwise
            app.tray.pause.actions()[0].trigger()
            await wait_until(lambda: app.window.home.refusal.text().startswith("Perennial is not running at the mom"))
            node.refuses = ""
            app.tray.pause.actions()[0].trigger()
            await wait_until(lambda: said(app)[0] == "paused")
            assert not app.window.home.refusal.isVisible()

    on_loop(desk, play())


def test_why_a_wish_came_to_nothing_is_said_for_a_while_and_not_for_ever(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(changes, "WORD_S", 0.5)

    async def play() -> None:
        async with living(desk, tmp_path) as (app, node):
            node.refuses = "Nothing can be paused while the vault leaves."
            app.tray.pause.actions()[0].trigger()
            await wait_until(app.window.home.refusal.isVisible)
            await wait_until(lambda: not app.window.home.refusal.isVisible())
            app._changes.change(SettingsPatch(quota_bytes=1))
            await wait_until(lambda: bool(app.story().resources.refused.sentence))
            await wait_until(lambda: not app.story().resources.refused.sentence)

    on_loop(desk, play())


def test_the_trays_settings_are_the_page_of_what_is_lent(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        async with living(desk, tmp_path) as (app, _):
            app.window.hide()
            app.tray.settings.trigger()
            assert app.window.isVisible()
            assert app.window.pages.currentWidget() is app.window.resources

    on_loop(desk, play())


def test_ticks_grow_old_on_the_screen_although_nobody_says_anything(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.app.AGAIN_S", 0.05)

    async def play() -> None:
        async with living(desk, tmp_path) as (app, _):
            told: list[object] = []
            monkeypatch.setattr(app.window, "show_story", lambda *story: told.append(story))
            await wait_until(lambda: len(told) > 2, 1.0)

    on_loop(desk, play())
