"""A day of a farmer at a real desktop, from the first start to the end, in this order.

Nothing is pretended but the person: X server, session bus, panel, notifications and keyring are those of a desktop, app
and nodes are started as a person starts them, and the trial is that of a practice network.  The pictures stay.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import secretstorage

from gui.texts import app as texts
from gui.texts import notification as notification_texts
from gui.texts import resources as resources_texts
from gui.widgets.signs import TONES
from installers import debian
from tests.desktop.farmer import HASTY, LONG_AGO, PERENNIAL, Farmer
from tests.desktop.person import Person
from tests.desktop.session import PASSWORD, ROOT, Session, session, wait
from tests.practice_run import PracticeRun

TRUTH_S_MAX = 2.0  # so soon the window tells that a node has gone, and that it is back
SOON_S = 2.0  # for a person, at once
QUIET_S = 2.5  # in which a notification would have come
TRIAL_S_MAX = 90.0
TAKEN_OVER_S_MAX = 240.0
SHRUNK_S_MAX = 150.0  # two rounds: in the first the others may be about to be switched themselves
RUNS = ("Disk works", "Pause")  # is to be read on Home while its node runs
PICTURES = ROOT / "build" / "desktop"  # of the last day
PAGES = ("home", "updates", "resources", "network", "help")
GB = 10**9

FILM_COLOUR = "#202028"
FILM = f"""
from PySide6.QtWidgets import QApplication, QWidget
app = QApplication([])
window = QWidget()
window.setStyleSheet("background: {FILM_COLOUR}")
window.showFullScreen()
app.exec()
"""
MISSING = [package.name for package in debian.missing(("desktop",))]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no X server"),
    pytest.mark.skipif(
        bool(MISSING) and os.environ.get("CI") != "true",
        reason=f"no desktop to try it on: {', '.join(MISSING)} missing",
    ),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def desk() -> Iterator[Session]:
    with session() as desk:
        yield desk


@pytest.fixture(scope="module")
def person(desk: Session, request: pytest.FixtureRequest) -> Iterator[Person]:
    begun_s = time.monotonic()
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    person = Person(desk, PICTURES)
    yield person
    person.reader.close()
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    assert reporter is not None
    reporter.write_line(f"\na day at a real desktop: {time.monotonic() - begun_s:.0f} s, pictures in {person.folder}")


@pytest.fixture(scope="module")
def farmer(desk: Session) -> Iterator[Farmer]:
    """Who lends a part of the own disk, in a network of a few pods."""
    farmer = Farmer(desk, desk.folder / "farm")
    yield farmer
    farmer.end()


@pytest.fixture(scope="module")
def onlooker(desk: Session, practice: PracticeRun) -> Iterator[Farmer]:
    """Who looks at the first farm of the practice network."""
    farmer = Farmer(desk, practice.farms[0])
    yield farmer
    farmer.end()


def lock_keyring(desk: Session) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", desk.bus)
        connection = secretstorage.dbus_init()
    secretstorage.get_default_collection(connection).lock()
    connection.close()


def stays(is_so: Callable[[], bool], seconds: float) -> bool:
    """Whether something stays so for so long."""
    until_s = time.monotonic() + seconds
    while is_so():
        if time.monotonic() > until_s:
            return True
    return False


def leaf_through(person: Person, look: str) -> None:
    """Take a picture of every page."""
    for number, page in enumerate(PAGES, 1):
        person.keys(f"ctrl+{number}")
        person.rests()
        person.shoot(f"{page}-{look}", person.window())
    person.click("Details")
    person.rests()
    person.shoot(f"details-{look}", person.window())


@pytest.mark.usefixtures("practice")  # which grows meanwhile
def test_a_first_start_leads_into_a_network_and_tells_nothing(person: Person, farmer: Farmer):
    network = farmer.desk.folder / "network"
    founded = json.loads(farmer.desk.run(*PERENNIAL, "pod", "init-network", str(network), "--json"))

    farmer.start()
    person.click("Go on")
    person.shoot("first-run-choice", person.window())
    person.click("Choose a file…")
    person.sees("The file of the network", program="Perennial")
    person.type(str(network / "root.json"))
    person.keys("Return")
    person.sees("root.json")
    person.click("Fingerprint", "text")
    person.type(founded["network"])
    person.click("Join the network")
    person.sees("Step 3 of 3", seconds=60)
    person.shoot("first-run-arrival", person.window())
    person.click("Done")

    person.sees(*RUNS)
    assert farmer.status().key_place == "keyring"
    assert not [*farmer.home.glob("state/vault_id*")]
    assert farmer.notifications() == []


def test_quitting_is_asked_once_and_leaves_nothing_running(person: Person, farmer: Farmer):
    person.choose("Quit")
    person.sees(texts.QUIT_UNTIL_LOGIN)
    person.shoot("quit", person.window())
    person.click("Quit", "push button")

    assert farmer.ended() == 0
    assert farmer.supervisor() is None
    wait(lambda: not any(str(farmer.home) in words for words in farmer.desk.processes().values()), "its end")
    assert "portal" not in (farmer.desk.folder / "log/app").read_text()  # which this desktop does not have


def test_a_release_is_seen_being_tried_out(person: Person, onlooker: Farmer):
    onlooker.start("--look", "light", command=(sys.executable, "-m", "gui"))
    person.sees("Practice network")
    person.keys("ctrl+2")
    title = person.sees_like(
        lambda name: name.endswith("is being tried out") and "Version" in name, "a trial", seconds=TRIAL_S_MAX
    )
    assert title == "Version 0.1.1 is being tried out"
    wait(lambda: person.tray_tone() == TONES["trial"], "the sign of a trial in the tray")
    assert person.tray_lines()[0] == "Practice: everything is fine, trying 0.1.1"
    leaf_through(person, "light")
    person.choose(texts.QUIT_WINDOW_ONLY)
    assert onlooker.ended() == 0


def test_the_tray_pauses_it_and_lets_it_go_on(person: Person, farmer: Farmer):
    farmer.start()
    person.sees(*RUNS)
    person.choose(texts.PAUSE, texts.PAUSE_LASTS["until-resumed"])
    person.sees(texts.PAUSED_BY_YOU, seconds=SOON_S)
    wait(lambda: person.tray_tone() == TONES["paused"], "the sign of a pause in the tray")
    assert farmer.status().state == "paused"
    person.shoot("paused", person.window())

    person.choose(texts.RESUME)
    person.sees("Pause", seconds=SOON_S)
    assert farmer.status().state != "paused"


def test_a_disk_limit_that_is_moved_is_the_nodes_own(person: Person, farmer: Farmer):
    person.choose("Settings")
    person.sees(resources_texts.LEAD)
    before = farmer.settings().quota_bytes
    person.click("Disk space to lend", "slider")  # its middle
    wait(lambda: farmer.settings().quota_bytes != before, "another limit")

    limit = farmer.settings().quota_bytes
    assert limit > 2 * before
    person.sees(f"{limit / GB:.0f} GB")
    assert farmer.status().space.quota_bytes == limit


def test_a_node_that_is_killed_is_told_within_two_seconds_and_so_is_its_return(person: Person, farmer: Farmer):
    limit = farmer.settings().quota_bytes
    person.keys("ctrl+1")
    person.sees(*RUNS)

    farmer.kill_supervisor()
    assert person.sees(texts.NOT_RUNNING, f"It was killed. {texts.TRIES_AGAIN}", texts.START) < TRUTH_S_MAX + SOON_S
    wait(lambda: person.tray_tone() == TONES["problem"], "the sign of a problem in the tray")
    person.shoot("killed", person.window())
    person.click(texts.START)
    assert person.sees(texts.STARTING) < SOON_S
    person.sees(*RUNS)

    assert farmer.settings().quota_bytes == limit


def test_a_locked_keyring_is_asked_for_and_the_window_tells_that_it_waits(person: Person, farmer: Farmer):
    lock_keyring(farmer.desk)
    farmer.kill_supervisor()
    person.click(texts.START)

    person.sees("Authentication required", program="gcr-prompter")
    person.sees(texts.STARTING_LONG)
    person.shoot("keyring-locked")
    person.click("", "password text", program="gcr-prompter")
    person.type(PASSWORD.decode())
    person.keys("Return")
    person.sees(*RUNS)


def test_a_disk_that_is_pulled_is_told_with_the_one_thing_to_do(person: Person, farmer: Farmer):
    away = farmer.home.with_name("away")
    farmer.home.rename(away)
    person.sees(texts.HOME_MISSING, texts.HOME_MISSING_LEAD)
    assert person.find(texts.START) is None
    wait(lambda: person.tray_tone() == TONES["attention"], "the sign of what needs a person in the tray")
    person.shoot("disk-missing", person.window())

    away.rename(farmer.home)
    person.sees(*RUNS)


def test_a_closed_window_comes_back_by_a_second_start(person: Person, farmer: Farmer):
    person.keys("alt+F4")
    wait(lambda: not person.windows(), "the end of the window")
    assert person.tray_tone()

    assert farmer.start_again() == 0
    wait(person.windows, "the window", SOON_S)


def test_trouble_is_told_but_not_at_the_first_start_nor_over_a_full_screen(person: Person, farmer: Farmer):
    farmer.end()
    farmer.remember_first_start(0.0)
    farmer.start(command=HASTY)
    person.sees(*RUNS)
    farmer.kill_supervisor()
    person.sees(texts.NOT_RUNNING)
    assert stays(lambda: not farmer.has_notification(), QUIET_S)

    farmer.end()
    farmer.remember_first_start(LONG_AGO)
    farmer.start(command=HASTY)
    person.sees(*RUNS)
    person.keys("alt+F4")
    film = farmer.desk.start(sys.executable, "-c", FILM, log="film")
    wait(lambda: person.picture().pixelColor(5, 5).name() == FILM_COLOUR, "a film in full screen")
    farmer.kill_supervisor()
    assert stays(lambda: not farmer.has_notification(), QUIET_S)

    film.terminate()
    film.wait()
    wait(farmer.has_notification, "a notification", QUIET_S)
    person.shoot("notification")
    farmer.desk.run("dunstctl", "action")
    wait(person.windows, "the window", SOON_S)
    assert farmer.notifications() == [notification_texts.NOT_RUNNING]


def test_without_a_tray_closing_makes_it_small_and_says_so_once(person: Person, farmer: Farmer):
    farmer.end()
    farmer.desk.end("xfce4-panel")
    farmer.start()
    person.sees(*RUNS)
    person.keys("alt+F4")
    person.sees(texts.NO_TRAY_YES)
    person.shoot("no-tray")
    person.click(texts.NO_TRAY_YES)
    wait(lambda: not person.windows(), "a small window")

    assert farmer.start_again() == 0
    wait(person.windows, "the window", SOON_S)
    person.keys("alt+F4")
    wait(lambda: not person.windows(), "a small window")
    assert person.find(texts.NO_TRAY_YES) is None
    farmer.end()


def test_the_release_took_over_by_itself(person: Person, onlooker: Farmer):
    onlooker.start("--look", "dark", command=(sys.executable, "-m", "gui"))
    person.sees("Practice network")
    person.keys("ctrl+2")
    person.sees("You are using 0.1.1", seconds=TAKEN_OVER_S_MAX)
    leaf_through(person, "dark")


def test_the_least_limit_that_can_be_chosen_holds(person: Person, onlooker: Farmer):
    person.keys("ctrl+3")
    person.click("Disk space to lend", "slider")
    person.keys("Home")
    wait(lambda: onlooker.settings().quota_bytes == 20_000_000, "the least limit")
    wait(lambda: onlooker.used_bytes() <= 20_000_000, "no more than the limit", SHRUNK_S_MAX)
    onlooker.end()


def test_nothing_is_left_running(desk: Session, farmer: Farmer):
    """But the desktop itself, and what its bus has started."""
    farmer.end()

    wait(lambda: not [words for words in desk.processes().values() if "python" in words], "the end of everything")
