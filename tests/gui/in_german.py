"""The whole window in German: every state on every page, then large in the smallest window, and from right to left.

``python -m tests.gui.in_german`` prints what is cut off, overlaps or stayed English, a line each.  A process of its
own, because the language of a process is chosen once.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from itertools import combinations

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["PERENNIAL_LANGUAGE"] = "de"

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialogButtonBox, QLabel, QWidget

from gui.language import let_qt_speak
from gui.stories.details import DetailsSeen, tell_details
from gui.stories.home import tell
from gui.stories.network import tell_network
from gui.texts.node import say
from gui.texts.reason import say_reason
from gui.texts.sandbox import say_shut_off
from gui.texts.why import say_why
from gui.window import Window
from tests.gui.conftest import dress
from tests.gui.gallery import window
from tests.gui.gallery_pages import EVENTS, LOG, REAL
from tests.gui.gallery_welcome import SCENES
from tests.gui.network_samples import NETWORKS
from tests.gui.samples import NOW, Sample, live, samples
from tests.gui.test_held import GIVEN as SHUT_OFF
from tests.gui.test_look import faults, settled
from tests.gui.test_reasons import GIVEN, NESTED
from tests.gui.test_said import EVERYTHING, WHYS

# The dark look has the same places as the light one, so it is not gone through.
LOOKS = (("usual", 10.5, False), ("large", 13.2, False), ("mirrored", 10.5, True))
FEW = ("fine-real", "clock", "paused-many", "trial-late", "not-proven", "lent", "shrinking", "lost")
SMALLEST = (720, 560)
ENGLISH = re.compile(r"\b(the|its|of|by|still|other)\b", re.IGNORECASE)


def overlaps(root: QWidget) -> list[str]:
    """What is written over something else, and what sticks out of the place it stands in."""
    found = []
    for parent in (root, *root.findChildren(QWidget)):
        shown = [
            child
            for child in parent.children()
            if isinstance(child, QLabel | QAbstractButton) and child.isVisibleTo(root) and child.text()
        ]
        found += [
            f"{one.text()!r} over {other.text()!r}"
            for one, other in combinations(shown, 2)
            if one.geometry().intersects(other.geometry())
        ]
        found += [f"sticks out: {one.text()!r}" for one in shown if not parent.rect().contains(one.geometry())]
    return found


def seen_in(one: Window, look: str) -> Iterator[str]:
    for sample in samples():
        if look != "usual" and sample.name not in FEW:
            continue
        yield from _told(one, sample)
    heard = ("small", "closed") if look != "usual" else NETWORKS
    for name in heard:
        one.go(one.pages.indexOf(one.network))
        one.network.show_story(tell_network(NETWORKS[name], NOW))
        yield from (f"network-{name}: {fault}" for fault in _found(one))
    one.show_details()
    one.details.show_story(tell_details(live(REAL), DetailsSeen(None, LOG), EVENTS, "/home/ada/.local/share", NOW))
    yield from (f"details: {fault}" for fault in _found(one))
    one.show_help()
    yield from (f"help: {fault}" for fault in _found(one))


def _told(one: Window, sample: Sample) -> Iterator[str]:
    story = tell(sample.seen, NOW, offer="start", refusal=sample.refusal, refused=sample.refused)
    one.show_main()
    one.go(sample.page)
    one.show_story(story, story.sign)
    yield from (f"{sample.name}: {fault}" for fault in _found(one))


def _found(one: Window) -> list[str]:
    settled(one)
    return faults(one) + overlaps(one)


def english_left() -> Iterator[str]:
    """Sentences of the node that are said as the node says them, and the buttons that come with Qt."""
    for told in EVERYTHING:
        for one in told.said:
            yield from _english(say(one), told.sentence)
    for reason in (*GIVEN, *NESTED):
        yield from _english(say_reason(reason), reason)
    for reason in SHUT_OFF:
        yield from _english(say_shut_off(reason), reason)
    for why in WHYS:
        yield from _english(say_why(why), why)
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    cancel = box.buttons()[0].text().replace("&", "")
    if cancel != "Abbrechen":
        yield f"Qt says {cancel!r}"


def _english(said: str | None, given: str) -> Iterator[str]:
    if not said or ENGLISH.search(said):
        yield f"not said in German: {given}"


def main() -> int:
    app = QApplication(["perennial"])
    let_qt_speak(app)
    found = list(english_left())
    for look, points, is_mirrored in LOOKS:
        dress(app, is_dark=False, points=points)
        app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if is_mirrored else Qt.LayoutDirection.LeftToRight)
        one = window()
        if look != "usual":
            one.resize(*SMALLEST)
        for name, show in SCENES.items():
            show(one)
            found += [f"{look} welcome-{name}: {fault}" for fault in _found(one)]
        one.show_main()
        found += [f"{look} {fault}" for fault in seen_in(one, look)]
        one.hide()
    sys.stdout.write("".join(f"{fault}\n" for fault in dict.fromkeys(found)))
    sys.stdout.flush()
    os._exit(0)  # what Qt would take down piece by piece ends with the process


if __name__ == "__main__":
    main()
