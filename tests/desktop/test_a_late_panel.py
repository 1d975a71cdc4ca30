"""A panel that comes up after the app, as at a login, and one that starts anew: the icon is in it, and works."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from gui.texts import app as texts
from installers import debian
from tests.desktop.farmer import Farmer
from tests.desktop.person import Person
from tests.desktop.pictures import APP, Node
from tests.desktop.session import begin_panel, session, wait

MISSING = [package.name for package in debian.missing(("desktop",))]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no X server"),
    pytest.mark.skipif(
        bool(MISSING) and os.environ.get("CI") != "true",
        reason=f"no desktop to try it on: {', '.join(MISSING)} missing",
    ),
    pytest.mark.timeout(120),
]


@pytest.mark.long
def test_an_app_that_was_there_before_the_panel_has_its_icon_in_it_and_in_the_one_after_it(tmp_path: Path):
    with ExitStack() as stack:
        desk = stack.enter_context(session(panel="none"))
        person, farmer = Person(desk, tmp_path), Farmer(desk, desk.folder / "farm")
        stack.callback(person.reader.close)
        node = Node(desk, farmer.home)
        stack.callback(node.end)
        node.say("fine-real")
        farmer.start(command=APP)
        stack.callback(farmer.end)
        person.sees("Everything is fine.")

        for _ in range(2):
            begin_panel(stack, desk)
            wait(lambda: texts.OPEN in person.tray_lines(), "the icon in the panel")
            person.keys("alt+F4")
            wait(lambda: not person.windows(), "the end of the window")
            person.choose(texts.OPEN)
            wait(person.windows, "the window")
            person.sees("Everything is fine.")
            desk.end("xfce4-panel")
