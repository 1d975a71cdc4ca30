"""The first run: nothing is made by accident, nothing that is secret is kept, and what fails can be tried again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from gui import children, feed, keeper
from gui.app import App
from gui.pages.welcome import ARRIVAL, CHOICE, PROMISES
from gui.stories.first_run import Choice, Found, found, making, tell_choice
from gui.stories.home import tell
from gui.texts import resources as resources_texts
from gui.texts import welcome as welcome_texts
from gui.tray import Tray, TrayWishes
from node.api.schema import LEFT_BYTES, Examination, KeyPlace, Settings
from node.keys.sealed import unseal
from node.supervisor import settings
from node.supervisor.genesis import fingerprint
from node.supervisor.home import Home
from tests.gui.fake_node import FakeNode
from tests.gui.fake_run import FREE_BYTES, NO_KEYRING, examination, fake_doctor, fake_run, given
from tests.gui.gallery import dispose, nothing, window
from tests.gui.gallery_welcome import choose_all
from tests.gui.helper import on_loop, running, said, wait_until
from tests.gui.samples import NOW, live, paused, real
from tests.gui.test_look import settled
from tests.signed_world import World

FINGERPRINT = "0123abcd" * 8
PASSPHRASE = "correct horse battery"
EASY = found(examination())
HARD = found(examination(has_network=False, has_keyring=False))
ALL = Choice(network="/net.json", fingerprint=FINGERPRINT, passphrase=PASSPHRASE, repeated=PASSPHRASE)


def first_run(
    desk: QApplication, home: Path, seen: Examination, node: Callable[[Path], tuple[str, ...]] = fake_run
) -> AbstractAsyncContextManager[App]:
    """The app on a computer on which the doctor has found this."""
    return running(desk, home, home.parent / "tray.ini", node_command=node, doctor_command=lambda _: fake_doctor(seen))


async def at_choice(app: App) -> None:
    """Go on to where is chosen, and wait until the computer was looked at."""
    app.window.welcome.main.click()
    await wait_until(lambda: app.window.welcome.choice.hindrance != welcome_texts.LOOKING)


class TestWhatIsChosen:
    def test_a_tenth_of_what_is_free_is_lent_unless_the_slider_was_moved(self):
        story = tell_choice(EASY, Choice())

        assert abs(story.quota_bytes - FREE_BYTES / 10) <= story.space.values[1] - story.space.values[0]
        assert tell_choice(EASY, Choice(quota_bytes=250 * 10**9)).leaves == "leaves you 420 GB"
        assert making(EASY, Choice(quota_bytes=250 * 10**9))[0][-4:] == ("--quota", "250000000000", "--keys", "keyring")

    def test_the_last_bytes_of_the_disk_stay_the_persons_own_and_are_said_to(self):
        story = tell_choice(replace(EASY, free_bytes=LEFT_BYTES + 200_000_000), Choice(quota_bytes=200_000_000))

        assert (story.hindrance, story.has_room, story.leaves) == ("", True, "leaves you 1.1 GB")
        assert story.space.values[-1] == 200_000_000

    def test_where_the_program_carries_a_network_and_the_keyring_answers_nothing_else_is_asked(self):
        story = tell_choice(EASY, Choice())

        assert (story.hindrance, story.asks_for_network, story.asks_for_key) == ("", False, False)
        assert making(EASY, Choice()) == (("--join", "--quota", str(story.quota_bytes), "--keys", "keyring"), "")

    @pytest.mark.parametrize(
        ("lacking", "hindrance"),
        [
            ({"network": ""}, welcome_texts.CHOOSE_FILE),
            ({"fingerprint": ""}, welcome_texts.TYPE_FINGERPRINT),
            ({"fingerprint": FINGERPRINT[:-1]}, "A fingerprint has 64 digits and letters; so far there are 63."),
            ({"fingerprint": "g" * 64}, welcome_texts.NO_FINGERPRINT),
            ({"passphrase": "short", "repeated": "short"}, welcome_texts.too_short(5, 12)),
            ({"repeated": PASSPHRASE[:-1]}, welcome_texts.NOT_THE_SAME),
        ],
    )
    def test_as_long_as_something_is_lacking_it_is_said_and_nothing_can_be_made(
        self, lacking: dict[str, str], hindrance: str
    ):
        choice = replace(ALL, **lacking)  # type: ignore[arg-type]

        assert tell_choice(HARD, choice).hindrance == hindrance
        with pytest.raises(AssertionError):
            making(HARD, choice)

    @pytest.mark.parametrize("free_bytes", [None, 1_000_000, LEFT_BYTES + 19_000_000])
    def test_without_room_nothing_can_be_made(self, free_bytes: int | None):
        story = tell_choice(replace(EASY, free_bytes=free_bytes), Choice())
        assert (story.hindrance != "", story.can_look_again, story.has_room) == (True, True, False)
        assert tell_choice(replace(EASY, trouble="It is no home."), Choice()).hindrance == "It is no home."
        assert tell_choice(None, ALL).hindrance == welcome_texts.LOOKING

    def test_the_passphrase_goes_by_standard_input_and_is_in_no_word_that_others_can_read(self):
        words, line = making(HARD, ALL)

        assert words[:4] == ("--network", "/net.json", "--fingerprint", FINGERPRINT)
        assert (words[-2:], line) == (("--keys", "passphrase"), PASSPHRASE)
        assert PASSPHRASE not in " ".join(words)
        assert PASSPHRASE not in repr(ALL)

    def test_an_unprotected_key_takes_no_passphrase_along_that_was_typed_before(self):
        words, line = making(HARD, replace(ALL, key_place="unprotected"))

        assert (words[-2:], line) == (("--keys", "unprotected"), "")

    def test_spaces_and_capitals_of_a_fingerprint_do_not_matter(self):
        typed = " ".join([FINGERPRINT[:32].upper(), FINGERPRINT[32:]])
        assert making(HARD, replace(ALL, fingerprint=typed))[0][3] == FINGERPRINT


class TestTheThreePages:
    def test_from_the_promises_to_home_with_the_choice_that_was_made(
        self, desk: QApplication, qtbot: QtBot, tmp_path: Path
    ):
        home = tmp_path / "home"

        async def play() -> None:
            async with first_run(desk, home, examination(has_network=False, has_keyring=False)) as app:
                welcome, choice = app.window.welcome, app.window.welcome.choice
                await at_choice(app)
                assert (choice.keyring.text(), choice.fingerprint.text()) == (NO_KEYRING, "")
                assert not welcome.main.isEnabled()
                choice.take_network("/nets/net.json")
                assert choice.fingerprint.text() == ""
                qtbot.keyClicks(choice.fingerprint, FINGERPRINT)
                for field in (choice.passphrase, choice.repeated):
                    assert field.echoMode() == QLineEdit.EchoMode.Password
                    qtbot.keyClicks(field, PASSPHRASE)
                assert welcome.main.isEnabled()
                qtbot.mouseClick(welcome.main, Qt.MouseButton.LeftButton)
                assert welcome.said.text() == welcome_texts.STARTING
                assert not welcome.main.isEnabled()
                await wait_until(lambda: welcome.pages.currentIndex() == ARRIVAL, 15)
                assert (choice.passphrase.text(), choice.repeated.text()) == ("", "")
                await wait_until(welcome.arrival.login.switch.isChecked)
                await wait_until(lambda: app._feed._seen.settings.starts_at_login)  # type: ignore[union-attr]
                assert welcome.arrival.others.text() == "13 other computers found so far."
                qtbot.mouseClick(welcome.main, Qt.MouseButton.LeftButton)
                assert not app.window.is_welcome
                await wait_until(lambda: said(app)[2] == "Everything is fine.")

        on_loop(desk, play())

        [start] = given(home)
        assert start["line"] == PASSPHRASE
        assert start["words"][:4] == ["--network", "/nets/net.json", "--fingerprint", FINGERPRINT]

    def test_what_fails_is_said_changes_nothing_and_can_be_tried_again(self, desk: QApplication, tmp_path: Path):
        home = tmp_path / "home"
        (tmp_path / "refusal").write_text("The folder cannot be written.")

        async def play() -> None:
            async with first_run(desk, home, examination()) as app:
                welcome = app.window.welcome
                await at_choice(app)
                welcome.choice.space.slider.setValue(40)
                welcome.choice.passphrase.setText(PASSPHRASE)  # of which nothing may be left once it was handed on
                lent_bytes = welcome.choice.choice().quota_bytes
                welcome.main.click()
                await wait_until(lambda: "The folder cannot be written." in welcome.said.text(), 15)
                assert welcome.said.text().startswith(welcome_texts.NOT_STARTED)
                assert (app.window.is_welcome, home.exists()) == (True, False)
                assert welcome.choice.choice() == Choice(quota_bytes=lent_bytes)
                await wait_until(welcome.main.isEnabled)
                welcome.main.click()
                await wait_until(lambda: len(given(home)) == 2 and welcome.main.isEnabled(), 15)

        on_loop(desk, play())

        one, other = given(home)
        assert one == other

    def test_until_the_main_button_of_the_second_page_nothing_is_started(self, desk: QApplication, tmp_path: Path):
        home = tmp_path / "home"

        async def play() -> None:
            async with first_run(desk, home, examination()) as app:
                await at_choice(app)
                app.window.welcome.back.click()
                assert app.window.welcome.pages.currentIndex() == PROMISES
                assert not app.window.welcome.back.isVisible()
                await at_choice(app)
                assert app.window.welcome.pages.currentIndex() == CHOICE

        on_loop(desk, play())

        assert (given(home), home.exists()) == ([], False)

    def test_a_home_that_was_made_but_does_not_run_is_shown_as_one(self, desk: QApplication, tmp_path: Path):
        home = tmp_path / "home"
        (tmp_path / "refusal").write_text("The keyring refused.")
        home.mkdir()

        def node(at: Path) -> tuple[str, ...]:
            (at / "home.json").write_text("{}")
            return fake_run(at)

        async def play() -> None:
            async with first_run(desk, home, examination(), node) as app:
                await at_choice(app)
                app.window.welcome.main.click()
                await wait_until(lambda: not app.window.is_welcome, 15)
                assert app._keeper.trouble() == "The keyring refused."

        on_loop(desk, play())

    def test_quitting_while_it_starts_leaves_nothing_behind(self, desk: QApplication, tmp_path: Path):
        silent = (
            sys.executable,
            "-c",
            f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)",
        )

        async def play() -> None:
            async with first_run(desk, tmp_path / "home", examination(), lambda _: silent) as app:
                await at_choice(app)
                app.window.welcome.main.click()
                await wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()), 10)

        on_loop(desk, play())

        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)

    def test_a_look_that_fails_is_said_and_can_be_repeated(self, desk: QApplication, tmp_path: Path):
        async def play() -> None:
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                await at_choice(app)
                assert app.window.welcome.said.text() == "It was asked for and is not there."
                assert app.window.welcome.choice.again.isVisible()
                assert not app.window.welcome.main.isEnabled()

        on_loop(desk, play())

    def test_an_invitation_is_taken_or_why_not_is_said(self, desk: QApplication, tmp_path: Path):
        node = FakeNode(tmp_path / "home")

        async def play() -> None:
            await node.start()
            node.say(live(real()))
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                app._beginning.show()
                row = app.window.welcome.arrival.invitation
                row.take.click()
                assert row.said.text() == welcome_texts.NO_INVITATION
                row.field.setText(" PERENNIAL-1-ABC ")
                row.take.click()
                await wait_until(lambda: "tries to meet 2 computers" in row.said.text())
                assert (node.wishes, row.field.text()) == (["PERENNIAL-1-ABC"], "")
                node.refuses = "This is no invitation: one starts with PERENNIAL-1-."
                row.field.setText("hello")
                row.take.click()
                await wait_until(lambda: row.said.text() == node.refuses)
                assert row.field.text() == "hello"
            await node.stop()

        on_loop(desk, play())

    def test_enter_goes_on_from_the_first_page(self, desk: QApplication):
        one = window()
        one.show_welcome()

        assert one.focusWidget() is one.welcome.main

    def test_while_the_computer_is_looked_at_no_other_button_takes_the_keyboard_and_then_enter_joins(
        self, desk: QApplication
    ):
        one = window()
        one.show_welcome()
        settled(one)

        one.welcome.main.click()
        assert one.focusWidget() is None
        one.welcome.choice.show_found(found(examination()))

        assert one.focusWidget() is one.welcome.main
        dispose(one)

    def test_a_page_is_a_stop_of_the_keyboard_only_where_there_is_something_to_scroll(self, desk: QApplication):
        one = window()
        choose_all(one)

        assert settled(one, (900, 560)).welcome.choice.focusPolicy() == Qt.FocusPolicy.TabFocus
        assert settled(one, (900, 1900)).welcome.choice.focusPolicy() == Qt.FocusPolicy.NoFocus
        dispose(one)

    def test_by_keyboard_everything_is_reached_in_the_order_in_which_it_is_read(self, desk: QApplication):
        one = window()
        choose_all(one)
        settled(one)
        choice, welcome = one.welcome.choice, one.welcome
        start = choice.space.slider
        reached: list[QWidget] = [start]

        while (following := next_in(one, reached[-1])) is not start:
            reached.append(following)

        assert [at for at in reached if at not in (choice, choice.viewport())] == [
            choice.space.slider, choice.choose, choice.fingerprint, choice.behind, choice.passphrase, choice.repeated,
            choice.again, welcome.back,
        ]  # fmt: skip
        dispose(one)

    @pytest.mark.parametrize(
        ("system", "icon", "place"),
        [
            ("linux", QRect(700, 4, 22, 22), "top"),
            ("win32", QRect(700, 590, 22, 22), "bottom"),
            ("win32", QRect(), "bottom"),
            ("darwin", QRect(), "top"),
            ("linux", QRect(), "bar"),  # most desktops there do not say where they put it
            ("linux", None, "none"),
        ],
    )
    def test_where_it_lives_is_said_as_far_as_the_desktop_tells_it(
        self, desk: QApplication, monkeypatch: pytest.MonkeyPatch, system: str, icon: QRect | None, place: str
    ):
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(Tray, "is_available", icon is not None)
        tray = Tray(TrayWishes(nothing, nothing, nothing, nothing, nothing))
        monkeypatch.setattr(tray.icon, "geometry", lambda: icon)

        assert tray.place == place


def next_in(one: QWidget, at: QWidget) -> QWidget:
    """Where the tabulator leads from there."""
    at.setFocus()
    QTest.keyClick(at, Qt.Key.Key_Tab)
    found = one.focusWidget()
    assert found is not None
    return found


def test_where_the_disk_of_the_home_is_not_there_at_login_nobody_begins_anew_and_it_starts_when_it_is(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed, "FIRST_S", 0.0)
    monkeypatch.setattr(keeper, "LOOK_S", 0.01)
    home, starts = tmp_path / "home", tmp_path / "starts"
    node = (sys.executable, "-S", "-c", f"open({str(starts)!r}, 'a').write('.'); raise SystemExit('It is not there.')")

    async def play() -> None:
        async with running(desk, home, tmp_path / "tray.ini", node_command=lambda _: node, is_hidden=True) as app:
            await wait_until(lambda: said(app)[2] == "The folder of Perennial is not there.", 15)
            assert (said(app)[0], app.window.is_welcome) == ("attention", False)
            await wait_until(lambda: starts.read_text() == ".", 15)
            jobs = len(app._jobs)
            app._act("start")  # whoever asks for it meanwhile is told the same, and waits no second time
            await wait_until(lambda: starts.read_text() == "..", 15)
            await wait_until(lambda: len(app._jobs) == jobs, 15)
            home.mkdir()
            (home / "home.json").write_text("{}")
            await wait_until(lambda: starts.read_text() == "...", 15)

    on_loop(desk, play())


class TestAKeyBehindAPassphrase:
    def test_it_is_asked_for_at_a_later_start_until_it_opens_the_key_and_then_kept_nowhere(
        self, desk: QApplication, qtbot: QtBot, tmp_path: Path
    ):
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")
        (tmp_path / "passphrase").write_text(PASSPHRASE)

        async def play() -> None:
            async with running(desk, home, tmp_path / "tray.ini", node_command=fake_run, is_hidden=True) as app:
                page = app.window.passphrase
                await wait_until(page.isVisible, 15)
                assert said(app)[:2] == ("attention", welcome_texts.WANTED)
                assert page.field.echoMode() == QLineEdit.EchoMode.Password
                assert (page.said.text(), page.repeated.isVisible(), page.start.isEnabled()) == ("", False, False)
                qtbot.keyClicks(page.field, "another one altogether")
                qtbot.keyClick(page.field, Qt.Key.Key_Return)
                assert (page.field.text(), page.said.text()) == ("", welcome_texts.OPENING)
                await wait_until(lambda: page.said.text() == welcome_texts.WRONG, 15)
                assert page.field.isEnabled()
                qtbot.keyClicks(page.field, PASSPHRASE)
                qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
                await wait_until(lambda: said(app)[2] == "Everything is fine.", 15)
                assert (page.isVisible(), page.field.text()) == (False, "")

        on_loop(desk, play())

        assert [start["line"] for start in given(home)] == ["", "another one altogether", PASSPHRASE]

    def test_that_it_will_be_asked_for_is_said_where_the_start_at_login_is_chosen(self):
        asks = msgspec.structs.replace(real(), key_place="passphrase")
        starts = Settings(670 * 10**9, starts_at_login=True)

        truths = [tell(replace(live(status), settings=starts), NOW).resources.login.truth for status in (asks, real())]

        assert truths == [welcome_texts.ASKS_AT_LOGIN, resources_texts.STARTS]

    def test_a_new_one_is_typed_twice(self, desk: QApplication, qtbot: QtBot, tmp_path: Path):
        async def play() -> None:
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                page = app.window.passphrase
                page.ask(is_new=True, is_again=False)
                qtbot.keyClicks(page.field, PASSPHRASE)
                assert (page.start.isEnabled(), page.said.text()) == (False, welcome_texts.NOT_THE_SAME)
                qtbot.keyClicks(page.repeated, PASSPHRASE)
                assert (page.start.isEnabled(), page.said.text()) == (True, "")

        on_loop(desk, play())

    def test_the_real_node_makes_its_home_with_all_that_was_chosen(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        home, net, root = tmp_path / "home", tmp_path / "net.json", World().genesis
        net.write_bytes(root)
        seen = examination(has_network=False, has_keyring=False, free_bytes=5 * 10**9)

        async def play() -> None:
            async with first_run(desk, home, seen, children.node_command) as app:
                choice = app.window.welcome.choice
                await at_choice(app)
                choice.take_network(str(net))
                choice.fingerprint.setText(fingerprint(root))
                for field in (choice.passphrase, choice.repeated):
                    field.setText(PASSPHRASE)
                app.window.welcome.main.click()
                await wait_until(lambda: app.window.welcome.pages.currentIndex() == ARRIVAL, 25)
                await wait_until(lambda: any((tmp_path / "config").rglob("perennial-*")), 10)

        on_loop(desk, play())

        made = Home.open(home)
        assert (made.root, made.key_place) == (root, "passphrase")
        assert settings.load(made.settings_file)[0].quota_bytes == 500_000_000
        assert unseal((made.state / "vault_id.sealed").read_bytes(), PASSPHRASE)[0] == made.marker.name


class TestAnUnprotectedKey:
    def test_it_is_said_on_home_ever_after_and_not_of_a_protected_one(self):
        kept = live(msgspec.structs.replace(real(), key_place="unprotected"))

        checks = tell(kept, NOW).home.checks

        assert (checks.proofs[-1].mark, checks.proofs[-1].text) == ("note", welcome_texts.UNPROTECTED)
        assert welcome_texts.UNPROTECTED_WHY in checks.remarks
        assert all(proof.text != welcome_texts.UNPROTECTED for proof in tell(live(real()), NOW).home.checks.proofs)

    @pytest.mark.parametrize("is_unprotected", [True, False])
    def test_it_is_said_while_it_is_paused_too(self, desk: QApplication, is_unprotected: bool):
        place: KeyPlace = "unprotected" if is_unprotected else "keyring"
        one, story = window(), tell(live(real("paused", pauses=(paused("battery"),), key_place=place)), NOW)
        one.show_main()
        one.show_story(story, story.sign)
        settled(one)

        assert one.home.reasons.isVisible()
        assert one.home.checks.isVisible() == is_unprotected
        dispose(one)


def test_what_cannot_be_known_of_a_doctor_that_failed_makes_nothing():
    failed = Found(None, has_network=False, keyring="", trouble="It ended with code 1.")
    assert tell_choice(failed, ALL).hindrance == "It ended with code 1."
