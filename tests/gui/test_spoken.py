"""What screen readers are told of the controls that are painted by hand, and what they can do to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.gallery import dispose
from tests.gui.test_look import shown
from tests.gui.test_resources import BY_NAME, GB


@pytest.fixture(autouse=True)
def someone_listens() -> Iterator[None]:
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


def spoken(control: QWidget) -> QAccessibleInterface:
    found = QAccessible.queryAccessibleInterface(control)
    assert isinstance(found, QAccessibleInterface)
    return found


def test_a_slider_tells_its_value_in_words_and_is_moved_by_what_screen_readers_do(desk: QApplication):
    one = shown(BY_NAME["lent"])
    moved: list[int] = []
    slider = one.resources.space.slider
    slider._on_move = moved.append
    found, actions = spoken(slider), spoken(slider).actionInterface()

    assert (found.role(), found.text(QAccessible.Text.Name)) == (QAccessible.Role.Slider, "Disk space to lend")
    assert found.text(QAccessible.Text.Value) == "670 GB"
    assert found.valueInterface() is None  # it would tell the number of the step
    assert spoken(one.resources.upload.slider).text(QAccessible.Text.Value) == "at most 500 kB per second"

    for action in (actions.increaseAction(), actions.decreaseAction(), actions.decreaseAction()):
        assert action in actions.actionNames()
        actions.doAction(action)
    one.resources.cards[0].setEnabled(False)
    actions.doAction(actions.decreaseAction())

    assert moved == [675 * GB, 670 * GB, 665 * GB]
    dispose(one)


def test_each_hour_is_told_and_turned_by_what_screen_readers_do(desk: QApplication, qtbot: QtBot):
    one = shown(BY_NAME["lent"])
    chosen: list[tuple[int, ...]] = []
    strip = one.resources.day
    strip._on_choose = chosen.append
    strip.show_hours((0, 1), 12.0, "Helps from 0:00 to 2:00.")
    group = spoken(strip)
    hours = [group.child(i) for i in range(group.childCount())]

    assert (group.role(), group.text(QAccessible.Text.Name)) == (QAccessible.Role.Grouping, "Hours of the day")
    assert [hour.text(QAccessible.Text.Name) for hour in hours[:2]] == ["0:00 to 1:00", "1:00 to 2:00"]
    assert {hour.role() for hour in hours} == {QAccessible.Role.CheckBox}
    assert [i for i, hour in enumerate(hours) if hour.state().checked] == [0, 1]
    assert group.rect().contains(hours[23].rect())

    for i in (1, 23):
        hours[i].actionInterface().doAction(QAccessibleActionInterface.toggleAction())

    assert chosen == [(0,), (0, 23)]
    assert [i for i, hour in enumerate(hours) if hour.state().checked] == [0, 23]
    strip.setFocus()
    qtbot.keyClick(one.focusWidget(), Qt.Key.Key_Left)
    assert one.focusWidget() is strip.boxes[22]
    dispose(one)
