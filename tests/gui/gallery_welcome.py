"""Pictures of the first run and of the question for a passphrase."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtWidgets import QApplication

from gui.stories.first_run import Place, found, tell_arrival
from gui.stories.home import Seen, tell
from gui.stories.resources import Refusal
from gui.widgets.basics import Page
from gui.window import Window
from node.api.schema import Settings
from tests.gui import gallery
from tests.gui.fake_run import examination
from tests.gui.samples import NOW, live, real

HOME: Final = "/home/ada/.local/share/perennial"
STARTS: Final = Settings(670 * 10**9, starts_at_login=True)
ALONE: Final = msgspec.structs.replace(real("attention", "No other computer was found yet."), peer_count=0)


def promise(one: Window) -> None:
    one.show_welcome()


def grow(one: Window) -> None:
    one.show_welcome()
    one.welcome.show_growing()


def fail_to_grow(one: Window) -> None:
    one.show_welcome()
    one.welcome.show_failure("The practice network did not start. The port 4711 on 127.0.3.1 is in use.")


def look(one: Window) -> None:
    one.show_welcome()
    one.welcome.go(1)
    one.welcome.choice.show_home(HOME)
    one.welcome.choice.show_found(None)


def choose_easily(one: Window) -> None:
    look(one)
    one.welcome.choice.show_found(found(examination()))


def choose_all(one: Window) -> None:
    look(one)
    one.welcome.choice.show_found(found(examination(has_network=False, has_keyring=False)))
    one.welcome.choice.take_network("/home/ada/Downloads/network.json")
    one.welcome.choice.fingerprint.setText("0123abcd 0123")
    one.welcome.choice.passphrase.setText("correct horse battery")


def leave_unprotected(one: Window) -> None:
    choose_all(one)
    one.welcome.choice.unprotected.setChecked(True)
    one.welcome.choice.fingerprint.setText("0123abcd" * 8)


def find_no_room(one: Window) -> None:
    look(one)
    one.welcome.choice.show_found(found(examination(free_bytes=1_000_000)))


def start(one: Window) -> None:
    choose_easily(one)
    one.welcome.show_starting()


def fail_to_start(one: Window) -> None:
    choose_easily(one)
    one.welcome.show_failure(
        "It did not start, and nothing is lost. network.json is the file of another network than the fingerprint says;"
        " nothing was made. Ask where both come from."
    )


def arrive(place: Place, seen: Seen, *, refused: str = "") -> Callable[[Window], None]:
    def show(one: Window) -> None:
        one.show_welcome()
        one.welcome.show_arrival(place)
        story = tell(seen, NOW, refused=Refusal(refused, frozenset({"starts_at_login"})) if refused else None)
        one.welcome.arrival.show_story(tell_arrival(story, story.sign, seen))

    return show


def be_invited(one: Window) -> None:
    arrive("bottom", Seen("connected", NOW.timestamp(), ALONE, settings=STARTS), refused="The system refused it.")(one)
    one.welcome.arrival.invitation.field.setText("hello")
    one.welcome.arrival.invitation.say("This is no invitation: one starts with PERENNIAL-1-.", is_taken=False)


def ask(*, is_new: bool, is_again: bool) -> Callable[[Window], None]:
    def show(one: Window) -> None:
        one.passphrase.ask(is_new=is_new, is_again=is_again)
        one.show_passphrase()

    return show


SCENES: Final[dict[str, Callable[[Window], None]]] = {
    "promises": promise,
    "growing": grow,
    "not-grown": fail_to_grow,
    "looking": look,
    "choice": choose_easily,
    "choice-all": choose_all,
    "choice-unprotected": leave_unprotected,
    "choice-no-room": find_no_room,
    "starting": start,
    "not-started": fail_to_start,
    "arrival": arrive("top", Seen("connected", NOW.timestamp(), real(), settings=STARTS)),
    "arrival-bar": arrive("bar", Seen("connected", NOW.timestamp(), real(), settings=STARTS)),
    "arrival-no-tray": arrive("none", Seen("connecting")),
    "arrival-invited": be_invited,
    "passphrase": ask(is_new=False, is_again=False),
    "passphrase-wrong": ask(is_new=False, is_again=True),
    "passphrase-new": ask(is_new=True, is_again=False),
}


def shown_page(one: Window) -> Page | None:
    """The page of the first run that scrolls, if one is shown."""
    page = one.welcome.pages.currentWidget()
    return page if one.is_welcome and isinstance(page, Page) else None


def shoot_welcome(app: QApplication, folder: Path, look_name: str) -> None:
    for name, show in SCENES.items():
        one = gallery.window()
        show(one)
        gallery.shoot(app, one, folder / f"welcome-{name}-{look_name}.png")
        if name == "choice-all":
            gallery.shoot(app, one, folder / f"welcome-{name}-whole-{look_name}.png", whole=shown_page(one))
        gallery.dispose(one)
    one = gallery.window()
    story = tell(live(msgspec.structs.replace(real(), key_place="unprotected")), NOW)
    one.show_main()
    one.show_story(story, story.sign)
    gallery.shoot(app, one, folder / f"home-unprotected-{look_name}.png")
    gallery.dispose(one)
