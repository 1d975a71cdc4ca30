"""Pictures of the pages that ask for more than the feed brings: Network, Help, Details."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtWidgets import QApplication

from gui.handbook import DECISIONS
from gui.stories.details import DetailsSeen, tell_details
from gui.stories.home import Seen, tell
from gui.stories.network import tell_network
from gui.widgets.basics import Page
from gui.window import Window
from node.api.schema import Event, Settings, Updates
from tests.gui import gallery
from tests.gui.network_samples import NETWORKS
from tests.gui.samples import EARLY, NEXT, NOW, NOW_S, live, status, update

CHAPTERS = ("farmer.md", "threat-model.md", "failures-of-others.md", "pods.md", DECISIONS)
LOG = tuple(f"2026-11-22T14:0{i // 10}:1{i % 10}Z INFO node.supervisor.vault_child vault said {i}" for i in range(40))
REASONS = ("Landlock is older than version 4, so UDP cannot be shut off", "the user is root")
REAL = msgspec.structs.replace(
    status(is_practice=False, chunks=1204), key_place="unprotected", sandbox_reasons=REASONS, is_sandbox_tried=False
)
EVENTS = (
    Event(1412, NOW_S - 40, "status", REAL),
    Event(1413, NOW_S - 39, "updates", Updates((update("0.1.1", NEXT, "on_trial"),), ())),
    Event(1414, NOW_S - 2, "trial", EARLY),
)


def shoot_pages(app: QApplication, folder: Path, look: str) -> None:
    for name, heard in NETWORKS.items():
        one = _window(live(REAL))
        one.network.show_story(tell_network(heard, NOW))
        one.go(one.pages.indexOf(one.network))
        _shoot(app, one, folder / f"network-{name}-{look}.png", whole=one.network)
    for chapter in CHAPTERS:
        one = _window(live(REAL))
        one.show_help()
        one.show()
        one.help.go(chapter)
        _shoot(app, one, folder / f"help-{chapter.strip('/').removesuffix('.md')}-{look}.png")
    for name, seen in (("running", live(REAL)), ("gone", Seen("lost", NOW_S - 60, REAL))):
        one = _window(seen)
        one.show_details()
        own = DetailsSeen(Settings(1, api_port=4712), LOG)
        one.details.show_story(tell_details(seen, own, EVENTS, "/home/ada/.local/share/perennial", NOW))
        _shoot(app, one, folder / f"details-{name}-{look}.png", whole=one.details)


def _window(seen: Seen) -> Window:
    one = gallery.window()
    story = tell(seen, NOW)
    one.show_main()
    one.show_story(story, story.sign)
    return one


def _shoot(app: QApplication, one: Window, path: Path, whole: Page | None = None) -> None:
    gallery.shoot(app, one, path, whole=whole)
    gallery.dispose(one)
