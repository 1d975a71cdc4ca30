"""Details: exact words, the log's end, and a file to give away; and what the app asks the node for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from gui.closer import CloserLook
from gui.log_tail import BYTES_MAX, LINES_MAX, LOG, tail
from gui.stories.details import EVENTS_MAX, DetailsSeen, DetailsStory, tell_details
from gui.stories.home import Seen, tell
from gui.stories.network import NetworkSeen, NetworkStory, tell_network
from gui.texts import details as details_texts
from gui.texts import help as help_texts
from node.api.client import ApiError, NotRunning
from node.api.schema import Event, NetworkView, ProgramInUse, Settings, Updates
from tests.gui.conftest import dress
from tests.gui.gallery import dispose, window
from tests.gui.helper import on_loop, wait_until
from tests.gui.network_samples import LARGE
from tests.gui.samples import EARLY, NEXT, NOW, NOW_S, live, status, update
from tests.gui.test_look import faults, settled

REAL = msgspec.structs.replace(
    status(is_practice=False), key_place="unprotected", sandbox_reasons=("the user is root",), is_sandbox_tried=False
)
EVENTS = tuple(
    Event(number, NOW_S, kind, data)  # type: ignore[arg-type]
    for number, (kind, data) in enumerate(
        (("status", REAL), ("updates", Updates((update("0.1.1", NEXT, "on_trial"),), ())), ("trial", EARLY),
         ("settings", Settings(1)), ("trial", None)),
        1412,
    )
)  # fmt: skip


def told(seen: Seen | None = None, own: DetailsSeen | None = None, events: tuple[Event, ...] = ()) -> DetailsStory:
    return tell_details(seen or live(REAL), own or DetailsSeen(), events, "/home/ada/perennial", NOW)


class TestWhatIsSaid:
    def test_it_is_exact(self):
        facts = dict(told().facts)

        assert facts["Version"] == "0.1.0, in use since 13:50"
        assert facts["Tree hash"] == "0" * 64
        assert facts["Vault id"] == "a1b2c3d4… (the first 8 of 64 digits)"
        assert facts["Peers"] == "13 vaults in 7 subnets"
        assert facts["Home"] == "/home/ada/perennial"

    def test_it_says_which_program_it_is_that_of_a_checkout_excepted(self):
        assert details_texts.PROGRAM not in dict(told().facts)
        for app, shown in (("", "0.2.0; as installed"), ("e" * 64, f"0.2.0; {'e' * 64}")):
            running = msgspec.structs.replace(REAL, program=ProgramInUse("0.2.0", app))
            assert dict(told(live(running)).facts)[details_texts.PROGRAM] == shown

    def test_a_key_that_nothing_protects_is_said_to_be_unprotected(self):
        assert dict(told().facts)["Private key"].startswith("Unprotected")
        assert dict(told(live(status())).facts)["Private key"].startswith("Unprotected")
        kept = msgspec.structs.replace(REAL, key_place="keyring")
        assert "nprotected" not in dict(told(live(kept)).facts)["Private key"]

    def test_the_sandbox_is_told_with_all_its_reasons(self):
        assert dict(told().facts)["Sandbox"] == "partial; never tried on such a system; the user is root"

    def test_when_nothing_answers_nothing_old_is_shown_as_if_it_were_now(self):
        story = told(Seen("lost", NOW_S, REAL))

        assert story.lead == details_texts.NOT_HEARD
        assert story.facts == (("Home", "/home/ada/perennial"),)

    def test_events_are_told_newest_first_and_only_the_last_of_them(self):
        lines = told(events=EVENTS).events.splitlines()

        assert lines[0] == "#1416  14:05:30  trial  none"
        assert lines[2] == "#1414  14:05:30  trial  vault/0.1.1 on_trial, 3 blocks, 45 pairs"
        assert lines[3] == "#1413  14:05:30  updates  vault/0.1.1 on_trial"
        many = tuple(Event(i, NOW_S, "trial", None) for i in range(10_000))
        assert len(told(events=many).events.splitlines()) == EVENTS_MAX

    def test_where_programs_can_ask_is_told_with_the_port_only_when_it_is_open(self):
        closed, opened = told().commands, told(own=DetailsSeen(Settings(1, api_port=4712))).commands

        assert "curl --unix-socket '/home/ada/perennial/api.sock' http://perennial/metrics" in closed
        assert "127.0.0.1" not in closed
        assert "http://127.0.0.1:4712/v1/status" in opened
        assert "/home/ada/perennial/api.json" in opened


class TestTheLog:
    def test_of_a_long_one_only_the_last_whole_lines_are_read(self, tmp_path: Path):
        lines = [f"{i:06d} " + "x" * 60 for i in range(50_000)]
        (tmp_path / "log").write_text("\n".join(lines) + "\n")

        found = tail(tmp_path / "log")

        assert found == tuple(lines[-LINES_MAX:])
        (tmp_path / "log").write_text("y" * (BYTES_MAX * 2) + "\nlast\n")
        assert tail(tmp_path / "log") == ("last",)

    def test_one_that_is_not_there_has_no_lines_and_one_that_cannot_be_read_says_why(self, tmp_path: Path):
        assert tail(tmp_path / "log") == ()
        with pytest.raises(OSError, match="directory"):
            tail(tmp_path)

    def test_nothing_in_it_moves_or_colours_a_line(self, tmp_path: Path):
        (tmp_path / "log").write_bytes(b"a\x1b[31mb\xff\x00c\n")

        assert tail(tmp_path / "log") == ("a\N{REPLACEMENT CHARACTER}[31mb" + "\N{REPLACEMENT CHARACTER}" * 2 + "c",)


class FakeClient:
    """The part of a node that these pages ask."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.file: bytes | Exception = b"what is so\n"
        self.is_there = True
        self.is_made = asyncio.Event()  # the file
        self.is_made.set()

    async def network(self) -> NetworkView:
        self._hear("network")
        return LARGE

    async def settings(self) -> Settings:
        self._hear("settings")
        return Settings(1, api_port=4712)

    async def diagnostics(self) -> bytes:
        if isinstance(self.file, Exception):
            raise self.file
        self._hear("diagnostics")
        await self.is_made.wait()
        return self.file

    def _hear(self, what: str) -> None:
        if not self.is_there:
            raise NotRunning
        self.asked.append(what)

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def looking(home: Path, node: FakeClient) -> AsyncIterator[tuple[CloserLook, Any]]:
    jobs: list[asyncio.Task[None]] = []

    def spawn(job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        jobs.append(asyncio.create_task(job))
        return jobs[-1]

    one = window()
    one.show_main()
    closer = CloserLook(
        one, connect=lambda _: node, spawn=spawn, now=lambda: NOW, wrote=tuple,  # type: ignore[arg-type, return-value]
    )  # fmt: skip
    closer.attach(home)
    one.show()
    try:
        yield closer, one
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)
        one.hide()
        one.deleteLater()


class TestLookingCloser:
    def test_the_node_is_asked_only_for_the_page_that_is_shown(self, desk: QApplication, tmp_path: Path):
        node = FakeClient()
        (tmp_path / "logs").mkdir()
        (tmp_path / LOG).write_text("all is well\n")

        async def play() -> None:
            async with looking(tmp_path, node) as (_, one):
                for _ in range(5):
                    await asyncio.sleep(0)
                assert node.asked == []
                one.go(one.pages.indexOf(one.network))
                await wait_until(lambda: one.network._story == network_told())
                assert node.asked == ["network", "settings"]
                one.show_details()
                await wait_until(lambda: one.details.log.toPlainText() == "all is well")
                assert node.asked == ["network", "settings", "settings"]
                assert "4712" in one.details.commands.toPlainText()

        on_loop(desk, play())

    def test_the_log_is_shown_also_when_the_node_does_not_answer(self, desk: QApplication, tmp_path: Path):
        node = FakeClient()
        node.is_there = False
        (tmp_path / "logs").mkdir()
        (tmp_path / LOG).write_text("why it ended\n")

        async def play() -> None:
            async with looking(tmp_path, node) as (_, one):
                one.show_details()
                await wait_until(lambda: one.details.log.toPlainText() == "why it ended")
                assert one.details.lead.text() == details_texts.NOT_HEARD

        on_loop(desk, play())

    def test_events_and_status_reach_the_page_while_it_is_shown(self, desk: QApplication, tmp_path: Path):
        async def play() -> None:
            async with looking(tmp_path, FakeClient()) as (closer, one):
                closer.take(EVENTS[0])
                closer.hear(live(REAL))
                assert "1412" not in one.details.events.toPlainText()
                one.show_details()
                assert "1412" in one.details.events.toPlainText()
                closer.take(EVENTS[1])
                closer.hear(replace(live(REAL), heard_s=1.0))
                assert "1413" in one.details.events.toPlainText()

        on_loop(desk, play())


class TestTheDiagnosticsFile:
    @pytest.mark.parametrize(("content", "ending"), [(b"what is so\n", "txt"), (b"PK\x03\x04...", "zip")])
    def test_it_is_saved_where_the_person_says(self, desk: QApplication, tmp_path: Path, content: bytes, ending: str):
        async def play() -> None:
            node = FakeClient()
            node.file = content
            async with looking(tmp_path, node) as (closer, one):
                one.show_details()
                one.details.save.click()
                await wait_until(lambda: closer.dialog is not None)
                assert closer.dialog is not None
                assert closer.dialog.selectedFiles()[0].endswith(f"perennial-diagnostics-2026-11-22.{ending}")
                closer.dialog.fileSelected.emit(str(tmp_path / "file"))
                closer.dialog.close()
                await wait_until(lambda: one.details.said.text() == details_texts.SAVED)
                assert closer.dialog is None

        on_loop(desk, play())

        assert (tmp_path / "file").read_bytes() == content

    def test_while_it_is_put_together_the_button_says_so_and_a_second_press_asks_for_no_second_one(
        self, desk: QApplication, tmp_path: Path
    ):
        async def play() -> None:
            node = FakeClient()
            node.is_made.clear()
            async with looking(tmp_path, node) as (closer, one):
                one.show_help()
                one.help.save.click()
                assert one.help.save.text() == help_texts.SAVING
                one.show_details()
                assert one.details.save.text() == help_texts.SAVING
                one.details.save.click()
                await wait_until(lambda: "diagnostics" in node.asked)
                node.is_made.set()
                await wait_until(lambda: closer.dialog is not None)
                assert node.asked.count("diagnostics") == 1
                assert (one.help.save.text(), one.details.save.text()) == (help_texts.SAVE, help_texts.SAVE)
                assert closer.dialog is not None
                closer.dialog.close()

        on_loop(desk, play())

    def test_a_node_that_makes_none_hides_the_buttons(self, desk: QApplication, tmp_path: Path):
        async def play() -> None:
            node = FakeClient()
            node.file = ApiError("api.path", "There is nothing at /v1/diagnostics.")
            async with looking(tmp_path, node) as (closer, one):
                one.show_help()
                one.help.save.click()
                await wait_until(lambda: one.help.said.text() == details_texts.NO_DIAGNOSTICS)  # where it was asked for
                assert one.help.said.isVisibleTo(one.help)
                assert one.details.said.text() == details_texts.NO_DIAGNOSTICS
                assert closer.dialog is None
                assert not one.help.save.isVisibleTo(one.help)
                assert not one.details.save.isVisibleTo(one.details)

        on_loop(desk, play())

    @pytest.mark.parametrize("error", [NotRunning("It does not run."), ApiError("internal", "Something went wrong.")])
    def test_what_failed_is_said_and_can_be_tried_again(self, desk: QApplication, tmp_path: Path, error: Exception):
        async def play() -> None:
            node = FakeClient()
            node.file = error
            async with looking(tmp_path, node) as (closer, one):
                one.show_details()
                one.details.save.click()
                await wait_until(lambda: one.details.said.text() == details_texts.not_saved(str(error)))
                node.file = b"x"
                one.details.save.click()
                await wait_until(lambda: closer.dialog is not None)
                assert closer.dialog is not None
                closer.dialog.fileSelected.emit(str(tmp_path / "no folder" / "file"))
                closer.dialog.close()
                await wait_until(lambda: "No such file" in one.details.said.text())

        on_loop(desk, play())


def network_told() -> NetworkStory:
    return tell_network(NetworkSeen(LARGE, Settings(1, api_port=4712), NOW_S, is_live=True), NOW)


@pytest.mark.parametrize("points", [10.5, 14.0])
def test_nothing_is_cut_off_and_everything_has_a_name(qapp: QApplication, points: float):
    dress(qapp, is_dark=points > 12, points=points)
    one = window()
    story = tell(live(REAL), NOW)
    one.show_main()
    one.show_story(story, story.sign)
    one.show_details()
    one.details.show_story(told(events=EVENTS))
    settled(one, (720, 560))

    assert faults(one) == []
    dispose(one)
    dress(qapp, is_dark=False)


def test_the_keyboard_goes_from_the_top_to_the_bottom_and_out_of_every_text(desk: QApplication):
    one = window()
    one.show_main()
    one.show_details()
    settled(one)
    reached = [one.focusWidget()]
    for _ in range(4):
        one.focusNextChild()
        reached.append(one.focusWidget())

    page = one.details
    assert reached == [page.back, page.save, page.events, page.log, page.commands]
    assert page.log.tabChangesFocus()
    dispose(one)
