"""What the Updates page says of releases that come in another way than the usual one, and of all there have been."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QApplication, QLabel

from gui.pages.updates import ROWS_AT_FIRST
from gui.stories.home import tell
from gui.stories.releases import HISTORY_MAX, NOTES_CHARACTERS_MAX, ReleaseStory
from gui.stories.rollouts import Notice
from gui.texts import release as words
from gui.texts.plain import plain
from node.api.schema import NodeState, Phase, Said
from tests.gui.gallery import dispose, window
from tests.gui.release_samples import CURRENT, HALTED, excepted, rollout, told, with_rollout
from tests.gui.samples import BASE, EARLY, LOSSY, NEXT, NOW, NOW_S, live, samples, status, update

BY_NAME = {sample.name: sample.seen for sample in samples()}
ANNOUNCED = update("0.1.1", NEXT, "announced")


def releases(name: str) -> ReleaseStory:
    return tell(BY_NAME[name], NOW).releases


class TestWhoseTurnItIs:
    def test_while_others_have_their_turn_it_is_said_which_group_this_computer_is_in(self):
        assert releases("in-turns").turn == (
            "Computers take turns, so that a fault meets a few first: group 1 of 3 has its turn now, this computer is"
            " in group 2. Of 14 other computers that tried it out, 14 found it good and 0 bad."
        )

    @pytest.mark.parametrize("name", ["in-turns", "held-up"])
    def test_nor_are_its_files_said_to_be_fetched_next(self, name: str):
        assert releases(name).lead == "It carries the signatures it needs."

    def test_they_are_once_its_turn_has_come(self):
        ours = with_rollout(ANNOUNCED, rollout(own=1))

        assert tell(live(status(), (ours,)), NOW).releases.lead.endswith("Its files are fetched next.")

    def test_a_fault_that_others_found_is_told_with_what_follows_from_it(self):
        assert releases("held-up").turn.startswith("Others found fault with it, so it waits here for at most 18 hours")
        assert releases("held-up").turn.endswith(
            "10 found it good and 4 bad. Because of that its trial here lasts twice as long."
        )

    def test_when_it_has_come_that_is_all_that_is_said(self):
        alone = with_rollout(ANNOUNCED, rollout(own=1, heard=0))
        small = with_rollout(ANNOUNCED, rollout(own=1, waves=1, heard=0))

        assert tell(live(status(), (alone,)), NOW).releases.turn == "It is this computer's turn."
        assert tell(live(status(), (small,)), NOW).releases.turn == "Every computer may try it out now."

    def test_nothing_is_said_of_others_while_none_of_them_has_found_anything(self):
        busy = replace(rollout(own=1, waves=1, heard=0), enrolled=2, passed=0, failed=0)

        turn = tell(live(status(), (with_rollout(ANNOUNCED, busy),)), NOW).releases.turn

        assert turn == "Every computer may try it out now."

    def test_an_urgent_one_is_said_to_be_tried_out_for_hours(self):
        assert releases("urgent").turn.startswith("Its makers call it urgent, so it is tried out for hours")
        unheard = msgspec.structs.replace(ANNOUNCED, is_urgent=True)
        assert "urgent" in tell(live(status(), (unheard,)), NOW).releases.turn

    def test_one_that_has_its_turn_is_told_before_a_newer_one_that_waits_behind_it(self):
        first = with_rollout(ANNOUNCED, rollout(own=1, heard=0))
        behind = update("0.1.2", "2" * 64, "announced", "vault/0.1.1 has its turn first")

        story = tell(live(status(), (behind, first)), NOW).releases

        assert "0.1.1" in story.title
        assert story.turn == "It is this computer's turn. Version 0.1.2 has its turn after it."
        assert tell(live(status(), (behind,)), NOW).releases.lead.endswith("Version 0.1.1 has its turn first.")

    def test_once_it_took_over_turns_are_no_news(self):
        taken = with_rollout(update("0.1.1", NEXT, "confirmed"), rollout(), is_urgent=True)

        assert tell(live(status(version="0.1.1", tree_hash=NEXT), (taken,)), NOW).releases.turn == ""


class TestAnException:
    def test_a_version_taken_without_a_trial_is_not_shown_as_tried_out(self):
        story = releases("excepted")

        assert story.way is not None
        assert (story.way.stops[1].word, story.way.stops[1].under) == ("Not tried out", "as an exception")
        assert "without a proof, as an exception" in story.lead

    def test_nor_is_one_with_the_very_files_that_were_in_use(self):
        untried = msgspec.structs.replace(update("0.1.1", NEXT, "confirmed", "already in use"), seconds={})
        story = tell(live(status(version="0.1.1", tree_hash=NEXT), (untried,)), NOW).releases

        assert story.way is not None
        assert (story.way.stops[1].word, story.way.stops[1].under) == ("Not tried out", "the same files")


class TestAComputerThatCanTryNothingOut:
    OPEN = msgspec.structs.replace(status(version="0.1.1", tree_hash=NEXT), sandbox="none")

    def test_promises_no_trial_of_a_version_to_come(self):
        took_over = update("0.1.1", NEXT, "confirmed", "as good as before")

        for items in ((), (took_over,), (excepted(took_over),)):
            assert tell(live(self.OPEN, items), NOW).releases.lead.endswith(
                "No newer version is known. As nothing can be tried out on this computer, one is taken only when all"
                " others have had their turn and its makers have confirmed it once more."
            )

    @pytest.mark.parametrize("state", ["starting", "problem"])
    def test_is_not_taken_for_one_before_anything_runs_there(self, state: NodeState):
        unknown = replace(self.OPEN, state=state)

        assert tell(live(unknown), NOW).releases.lead.endswith("it is first tried out beside this one.")

    @pytest.mark.parametrize(("exception", "under"), [("", ""), ("no trial can be held", "as an exception")])
    def test_nor_one_of_a_version_that_waits(self, exception: str, under: str):
        waiting = replace(update("0.1.2", LOSSY, "announced"), exception=exception)

        story = tell(live(self.OPEN, (waiting,)), NOW).releases

        assert story.way is not None
        assert (story.way.stops[1].word, story.way.stops[1].under) == ("Not tried out", under)
        assert story.lead == "It carries the signatures it needs."
        assert words.step(2, "Not tried out", under) == f"2 of 3: Not tried out{', ' if under else ''}{under}"


class TestItsMakers:
    def test_that_they_contradict_each_other_is_told_above_all_else(self, desk: QApplication):
        assert releases("makers-disagree").notice == Notice(
            "Updates are halted: the makers' signatures contradict each other (since 2026-11-20); your pieces are"
            " served as before.",
            is_grave=True,
        )
        one = window()
        story = tell(BY_NAME["makers-disagree"], NOW)
        one.show_story(story, story.sign)
        assert one.updates.notice.isVisibleTo(one.updates)
        dispose(one)

    def test_before_that_it_is_told_why_this_computer_takes_none_up(self, desk: QApplication):
        heard = BY_NAME["makers-disagree"]
        assert heard.updates is not None
        said = (Said("updates.disk", {"why": "it is full"}),)
        one, stopped = window(), replace(heard.updates, trouble="XX.", trouble_said=said)
        story = tell(dataclasses.replace(heard, updates=stopped), NOW)

        one.show_story(story, story.sign)

        assert one.updates.notice.isVisibleTo(one.updates)
        said_so = "Updates wait for the disk: it is full. As soon as it takes something again they go on by themselves."
        assert story.releases.notice == Notice(said_so, is_grave=True)
        dispose(one)

    def test_when_they_spoke_last_is_a_quiet_line(self, desk: QApplication):
        one = window()
        for name, is_grave in (("many", False), ("makers-disagree", True)):
            story = tell(BY_NAME[name], NOW)
            one.show_story(story, story.sign)
            assert one.updates.notice.isVisibleTo(one.updates) == is_grave
            assert one.updates._last_news.text() == ("" if is_grave else "Last news from the makers: yesterday.")
        dispose(one)

    def test_a_node_that_does_not_know_says_nothing(self):
        assert releases("idle").notice is None


class TestWhileAllUpdatesAreHeldUp:
    STOPPED = (Said("updates.stopped"),)

    @pytest.mark.parametrize("code", ["updates.stopped", "updates.disk"])
    @pytest.mark.parametrize("phase", ["announced", "fetching", "staged", "on_trial"])
    def test_nothing_is_promised_of_the_one_on_its_way(self, phase: Phase, code: str):
        one = with_rollout(update("0.1.1", NEXT, phase), rollout(own=1))
        seen = live(status(), (one,))
        assert seen.updates is not None
        held_up = replace(seen.updates, trouble="XX.", trouble_said=(Said(code, {"why": "it is full"}),))

        story = tell(dataclasses.replace(seen, updates=held_up), NOW).releases

        assert (story.lead, story.turn) == ("", "")

    def test_nor_of_one_to_come(self):
        took_over = update("0.1.1", NEXT, "confirmed", "as good as before", ago_s=60.0)

        for items in ((), (took_over,), (excepted(took_over),)):
            story = tell(told(status(version="0.1.1", tree_hash=NEXT), items, HALTED, NOW_S), NOW).releases

            assert "No newer version" not in story.lead

    @pytest.mark.parametrize(
        ("phase", "title", "last"),
        [
            ("fetching", "Version 0.1.1 was announced", "In use"),
            ("on_trial", "Version 0.1.1 waits for its trial", "In use"),
            ("rehearsing", "Version 0.1.1 waits to take over", "Takes over later"),  # its trial is behind it
        ],
    )
    def test_once_they_have_stopped_nothing_is_said_to_be_going_on(self, phase: Phase, title: str, last: str):
        seen = live(status("attention"), (update("0.1.1", NEXT, phase),), EARLY)
        assert seen.updates is not None
        stopped = replace(seen.updates, trouble="XX.", trouble_said=self.STOPPED)

        story = tell(dataclasses.replace(seen, updates=stopped), NOW)

        assert story.releases.title == title
        assert story.releases.way is not None
        assert [stop.word for stop in story.releases.way.stops] == ["Checked", "Tried out", last]
        assert story.home.seedling == ""
        assert "0.1.1" not in story.version_line


class TestWhatIsNew:
    def test_it_is_told_of_the_one_that_comes_and_in_the_history_of_the_others(self):
        assert releases("urgent").notes.startswith("Answers come faster when a neighbour is slow. Also: less memory")
        assert releases("excepted").notes == ""
        assert releases("excepted").history[0].notes.startswith("Answers come faster")

    def test_text_of_strangers_is_one_line_and_not_too_long(self):
        long = msgspec.structs.replace(ANNOUNCED, notes="a\n\n\tb " + "c" * 4000)
        notes = tell(live(status(), (long,)), NOW).releases.notes

        assert notes.startswith("a b cc")
        assert len(notes) == NOTES_CHARACTERS_MAX
        assert notes.endswith("…")


class TestTheHistory:
    @pytest.mark.parametrize(
        ("phase", "verdict", "reason"),
        [
            ("refused", "Thrown away", "It lost 3 of 540 pieces that it had taken in."),
            ("not_proven", "Not proven", "Not proven within 280 s."),
            ("rolled_back", "Taken back", "It failed 3 times soon after it took over."),
            ("recalled", "Recalled", "The makers recalled it."),
        ],
    )
    def test_every_end_has_its_verdict_its_reason_its_signers_and_what_it_cost(
        self, phase: str, verdict: str, reason: str
    ):
        said = {
            "refused": "lost 3 of 540 stored pieces", "not_proven": "not proven within 280 s",
            "rolled_back": "it failed 3 times in probation", "recalled": "the developers recalled it",
        }[phase]  # fmt: skip
        (row, _) = tell(live(status(), (update("0.1.3", LOSSY, phase, said),)), NOW).releases.history  # type: ignore[arg-type]

        assert (row.verdict, row.reason) == (verdict, reason)
        assert row.details == "Signed by alder, birch and cedar. 12 kB fetched."

    def test_of_many_the_newest_are_shown_and_all_of_them_when_asked_for(self, desk: QApplication):
        one = window()
        story = tell(BY_NAME["many"], NOW)
        one.show_story(story, story.sign)

        def shown() -> int:
            labels = [label for label in one.updates._history.findChildren(QLabel) if label.isVisibleTo(one.updates)]
            return sum(label.text() in {"In use", "Thrown away", "Not proven", "Taken back"} for label in labels)

        assert shown() == ROWS_AT_FIRST
        assert one.updates.all.text() == "Show all 31"
        one.updates.all.click()
        assert shown() == 31
        assert not one.updates.all.isVisibleTo(one.updates)
        dispose(one)

    def test_it_ends_somewhere(self):
        many = tuple(
            update(f"0.0.{i}", f"{i:064x}", "refused", "slow", ago_s=60.0 + i) for i in range(1, HISTORY_MAX + 50)
        )
        history = tell(told(status(tree_hash=BASE), many, CURRENT, NOW_S), NOW).releases.history

        assert len(history) == HISTORY_MAX + 1  # and the version that it began with


def test_an_exception_is_told_in_plain_words():
    reason = excepted(update("0.1.1", NEXT, "confirmed")).reason

    assert (
        plain(reason) == "taken without a proof, as an exception, because no version can be shut off on this computer"
    )
    assert plain("Of 3 other farms one found it bad; this vault waits.") == (
        "Of 3 other computers one found it bad; this computer waits."
    )
