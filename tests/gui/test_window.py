"""The window holds no page that nobody wanted yet, and a page that comes later shows what the others show."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gui.stories.home import tell
from gui.widgets.signs import StateSign
from gui.window import PAGES, Window
from tests.gui.conftest import dress
from tests.gui.gallery import dispose, window
from tests.gui.samples import NOW, samples

TRYING = next(sample.seen for sample in samples() if sample.name == "trial-late")


def test_an_app_that_stays_in_the_tray_has_made_no_page_but_home(desk: QApplication):
    one, story = window(), tell(TRYING, NOW)

    one.show_story(story, story.sign)

    assert set(PAGES) & set(vars(one)) == {"home"}


def test_a_page_shows_from_its_first_moment_what_was_told_before(desk: QApplication):
    one, story, made = window(), tell(TRYING, NOW), list[str]()
    one.made.connect(made.append)
    one.show_story(story, story.sign)

    one.go(PAGES.index("updates"))

    assert one.updates.title.text() == story.releases.title
    assert (one.pages.currentWidget(), one.pages.count(), made) == (one.updates, len(PAGES), ["updates"])


def test_a_button_that_goes_leaves_the_keyboard_to_nobody_rather_than_to_a_page_that_nobody_has_chosen(
    desk: QApplication,
):
    one, told = window(), {sample.name: sample.seen for sample in samples()}
    gone, starting = tell(told["lost"], NOW, offer="start"), tell(told["connecting"], NOW)
    one.show_story(gone, gone.sign)
    one.show_main()
    one.show()
    one.home.button.setFocus()

    one.show_story(starting, starting.sign)

    assert one.focusWidget() is None
    dispose(one)


def test_turning_to_another_page_takes_the_keyboard_from_what_is_no_longer_shown(desk: QApplication):
    one, story = window(), tell(TRYING, NOW)
    one.show_story(story, story.sign)
    one.show_main()
    one.go(PAGES.index("resources"))
    one.show()
    one.resources.space.slider.setFocus()

    one.go(PAGES.index("home"))

    assert one.focusWidget() is None
    dispose(one)


def test_a_window_that_was_as_large_as_the_screen_is_so_when_it_comes_back(desk: QApplication):
    one = window()
    one.showMaximized()
    one.showMinimized()

    one.bring_up()

    assert one.isVisible()
    assert one.isMaximized()
    assert not one.isMinimized()
    dispose(one)


@pytest.mark.parametrize("points", [10.5, 13.0])
def test_with_its_frame_the_window_is_never_larger_than_a_small_screen(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, points: float
):
    title_bar, edge = 37, 4  # of a desktop with large ones
    monkeypatch.setattr(Window, "screen", lambda _: SmallScreen())
    dress(qapp, is_dark=False, points=points)
    one = window()
    dress(qapp, is_dark=False)

    assert one.width() + 2 * edge <= SmallScreen.size.width()
    assert one.height() + title_bar <= SmallScreen.size.height()
    assert 500 < one.minimumHeight() <= one.height()
    dispose(one)


class SmallScreen:
    """That of a netbook."""

    size = QSize(1024, 600)

    def availableGeometry(self) -> QRect:  # noqa: N802  (Qt's name)
        return QRect(QPoint(0, 0), self.size)


def test_the_sign_grows_with_the_type_beside_it(qapp: QApplication):
    sides = []
    for points in (10.5, 21.0):
        dress(qapp, is_dark=False, points=points)
        one = StateSign("fine")
        image = one.grab().toImage()
        right = max(x for x in range(image.width()) for y in range(image.height()) if covers(image, x, y))
        sides.append((one.width(), right / image.width()))
        dispose(one)
    dress(qapp, is_dark=False)

    (small, small_right), (large, large_right) = sides
    assert large == 2 * small
    assert abs(small_right - large_right) < 0.1  # it fills its place


def covers(image: QImage, x: int, y: int) -> bool:
    return image.pixelColor(x, y).name() != image.pixelColor(0, 0).name()
