"""Pictures of the app in every state on a real desktop, in both looks, to leaf through.

    .venv/bin/python -m tests.desktop.pictures FOLDER

Behind the app sits a node that only talks (tests/gui/fake_node.py), so that every state can be called up: all that a
day at a real desktop (test_a_day.py) does not come by.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt

from gui.stories.home import Sign, tell
from gui.widgets.signs import TONES
from tests.desktop.farmer import Farmer
from tests.desktop.person import Person
from tests.desktop.session import Bar, Session, session, wait
from tests.gui.samples import NOW, Sample, samples

APP: Final = (sys.executable, "-m", "gui")
FAKE: Final = (sys.executable, "-m", "tests.gui.fake_node")
END_S_MAX: Final = 10.0
CLOSER: Final = 4  # so many times as large are the pictures of the tray


class Node:
    """The node that only talks."""

    def __init__(self, desk: Session, home: Path) -> None:
        self._process = subprocess.Popen(
            [*FAKE, str(home)], env=desk.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready\n"

    def say(self, name: str) -> None:
        assert self._process.stdin is not None
        print(name, file=self._process.stdin, flush=True)
        assert self._answer() == f"done {name}\n"

    def end(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=END_S_MAX)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def shoot_all(folder: Path, look: Bar) -> None:
    with session(bar=look) as desk:
        person, farmer = Person(desk, folder), Farmer(desk, desk.folder / "farm")
        node = Node(desk, farmer.home)
        farmer.start("--look", look, command=APP)
        person.sees("Home")
        shown: set[str] = set()
        for sample in samples():
            if sample.seen.status is None or sample.seen.link != "connected":
                continue
            node.say(sample.name)
            sign = tell(sample.seen, NOW).sign
            shoot(person, sample, look)
            if sign not in shown and sample.seen.status.is_practice:  # where no sign stands for long
                shown.add(sign)
                shoot_tray(person, sign, look)
        node.end()
        person.keys("ctrl+1")
        person.sees("It does not run.")
        person.shoot(f"gone-{look}", person.window())
        farmer.end()
        person.reader.close()


def shoot(person: Person, sample: Sample, look: str) -> None:
    person.keys(f"ctrl+{sample.page + 1}")
    person.rests()
    person.shoot(f"{sample.name}-{look}", person.window())


def shoot_tray(person: Person, sign: Sign, look: str) -> None:
    """Its icon, and its menu."""
    name = f"tray-{sign}-{look}"
    wait(lambda: person.tray_tone() == TONES[sign], f"{sign} in the tray")
    icon = person.picture().copy(person.tray_place())
    icon.scaled(icon.size() * CLOSER, mode=Qt.TransformationMode.FastTransformation).save(
        str(person.folder / f"{name}.png")
    )
    person.open_tray()
    person.shoot(f"{name}-menu")
    person.keys("Escape")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.desktop.pictures", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    looks: tuple[Bar, ...] = ("light", "dark")
    for look in looks:
        shoot_all(folder, look)


if __name__ == "__main__":
    main()
