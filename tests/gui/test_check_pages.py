"""Every page opened once: whoever asks hears of a page that cannot be shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from gui import check_pages
from gui.pages.resources import ResourcesPage
from gui.stories.home import Seen
from gui.stories.network import NetworkSeen
from gui.widgets.nav import Sidebar
from node.api.client import NotRunning
from tests.gui.network_samples import NETWORKS
from tests.gui.samples import NOW_S, live, status


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hear(_home: Path, _now_s: float) -> tuple[Seen, NetworkSeen]:
        return live(status()), next(iter(NETWORKS.values()))

    monkeypatch.setattr(check_pages, "_heard", hear)


def fail(*_: object) -> None:
    raise AssertionError("it cannot be shown")


@pytest.mark.usefixtures("heard")
class TestPages:
    def test_all_of_them_open(self, desk: QApplication, capsys: pytest.CaptureFixture[str]):
        assert check_pages.check_pages(desk, Path("home"), NOW_S) == 0, capsys.readouterr().err

    def test_one_that_cannot_tell_its_story_is_found(
        self, desk: QApplication, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        monkeypatch.setattr(ResourcesPage, "show_story", fail)
        assert check_pages.check_pages(desk, Path("home"), NOW_S) == 1
        assert "it cannot be shown" in capsys.readouterr().err

    def test_one_that_cannot_be_painted_is_found_although_qt_swallows_that(
        self, desk: QApplication, monkeypatch: pytest.MonkeyPatch
    ):
        before = sys.excepthook
        monkeypatch.setattr(Sidebar, "paintEvent", fail)
        assert check_pages.check_pages(desk, Path("home"), NOW_S) == 1
        assert sys.excepthook is before


def test_without_a_node_nothing_can_be_shown(desk: QApplication, monkeypatch: pytest.MonkeyPatch):
    async def hear(_home: Path, _now_s: float) -> tuple[Seen, NetworkSeen]:
        raise NotRunning("nobody answers")

    monkeypatch.setattr(check_pages, "_heard", hear)
    assert check_pages.check_pages(desk, Path("home"), NOW_S) == 1
