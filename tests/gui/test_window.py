"""The window holds no page that nobody wanted yet, and a page that comes later shows what the others show."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from gui.story import tell
from gui.window import PAGES
from tests.gui.gallery import window
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
