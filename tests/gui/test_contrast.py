"""High contrast: where the desktop asks for it, everything that is to be read or found is in the desktop's colours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessibilityHints, QColor, QPalette
from PySide6.QtWidgets import QApplication, QPushButton

from gui.stories.home import tell
from gui.theme import follow_theme
from gui.tokens import LIGHT, READABLE, contrast, look, use_system
from gui.widgets.nav import NavItem
from gui.window import Window
from tests.gui.conftest import dress
from tests.gui.gallery import dispose, window
from tests.gui.samples import NOW, samples
from tests.gui.test_look import PICTURE, TEXT, settled

# What the desktop says: its own pairs, none of which is ours.
NIGHT = {"Window": "#000000", "WindowText": "#FFFF00", "Base": "#000010", "Text": "#FFFFFE", "Button": "#200020",
         "ButtonText": "#00FF00", "Highlight": "#1AEBFF", "HighlightedText": "#000001"}  # fmt: skip
DAY = {"Window": "#FFFFFF", "WindowText": "#000000", "Base": "#FFFFF0", "Text": "#000001", "Button": "#F0FFFF",
       "ButtonText": "#100010", "Highlight": "#37006E", "HighlightedText": "#FFFFFE"}  # fmt: skip
PALE = {**DAY, "Highlight": "#FFE0A0", "HighlightedText": "#000000"}
GREY = "#3FF23F"


def palette(colours: dict[str, str]) -> QPalette:
    result = QPalette()
    for role, colour in colours.items():
        result.setColor(QPalette.ColorRole[role], QColor(colour))
    result.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText, QColor(GREY))
    return result


class Desktop(QAccessibilityHints):
    wanted = Qt.ContrastPreference.NoPreference

    def contrastPreference(self) -> Qt.ContrastPreference:  # noqa: N802  (Qt's name)
        return self.wanted

    def ask(self, wanted: Qt.ContrastPreference) -> None:
        self.wanted = wanted
        self.contrastPreferenceChanged.emit(wanted)


@pytest.fixture(autouse=True)
def own_look_afterwards(qapp: QApplication) -> Iterator[None]:
    yield
    dress(qapp, is_dark=False)


def shown() -> Window:
    sample = next(one for one in samples() if one.name == "trial")
    one = window()
    one.show_main()
    one.show_story(tell(sample.seen, NOW), "trial")
    return settled(one)


def corner(one: Window) -> str:
    return one.grab().toImage().pixelColor(one.width() - 6, 6).name().upper()


@pytest.mark.parametrize("colours", [NIGHT, DAY, PALE], ids=["night", "day", "pale"])
def test_text_lines_and_signs_stand_out_in_whatever_colours_the_desktop_has(
    qapp: QApplication, colours: dict[str, str]
):
    use_system(qapp, palette(colours))

    c = look()
    for ink, ground in [*TEXT, *(pair for pair in PICTURE if "soil" not in pair[0])]:
        assert contrast(getattr(c, ink), getattr(c, ground)) >= READABLE, (ink, ground)
    assert (c.paper, c.ink, c.idle) == (colours["Window"].lower(), colours["WindowText"].lower(), GREY.lower())


def test_the_accent_of_the_desktop_marks_where_the_keyboard_is_unless_nobody_would_see_it(qapp: QApplication):
    found = []
    for colours in (NIGHT, PALE):
        use_system(qapp, palette(colours))
        found.append(look().leaf)

    assert found == [NIGHT["Highlight"].lower(), PALE["WindowText"].lower()]


def test_a_desktop_that_asks_for_it_while_the_app_runs_gets_its_own_colours_and_loses_them_again(qapp: QApplication):
    dress(qapp, is_dark=False)
    desktop, one = Desktop(), shown()
    follow_theme(qapp, "system", desktop)
    settled(one)
    before = corner(one)

    desktop.ask(Qt.ContrastPreference.HighContrast)
    settled(one)
    during, made = corner(one), look()
    desktop.ask(Qt.ContrastPreference.NoPreference)
    settled(one)

    qapp.setPalette(QPalette())
    of_desktop = qapp.palette().color(QPalette.ColorRole.Window).name().upper()
    assert (before, during) == (LIGHT.paper, of_desktop)
    assert made.is_of_system
    assert corner(one) == LIGHT.paper
    dispose(one)


def test_buttons_have_the_pair_of_colours_that_the_desktop_has_for_them(qapp: QApplication):
    use_system(qapp, palette(NIGHT))
    one = QPushButton("Look again")
    one.setFixedSize(160, 40)
    one.show()
    image = one.grab().toImage()

    seen = {image.pixelColor(x, y).name().upper() for x in range(20, 140) for y in range(8, 32)}
    assert {NIGHT["Button"], NIGHT["ButtonText"]} <= seen
    assert image.pixelColor(80, 0).name().upper() == NIGHT["ButtonText"]
    dispose(one)


def test_the_chosen_page_is_told_by_an_outline_where_all_grounds_are_one(qapp: QApplication):
    use_system(qapp, palette(NIGHT))
    one = NavItem("home", "Home")
    one.setFixedSize(160, 38)
    one.setChecked(True)
    one.show()

    assert contrast(one.grab().toImage().pixelColor(80, 1).name(), NIGHT["Window"]) >= 3.0
    dispose(one)
