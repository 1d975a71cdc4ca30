"""What is said in each state: one true sentence, its sign, and no tick for what was not looked at."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from gui.stories.checks import TICK_S_MAX, tell_checks
from gui.stories.evidence import tell_evidence
from gui.stories.home import Seen, Silence, Story, tell
from gui.stories.releases import Stop
from gui.texts import app as texts
from gui.texts import release as release_texts
from gui.texts import resources as resources_texts
from gui.texts.app import at
from node.api import texts as node_texts
from node.api.schema import LEFT_BYTES, Check, CheckResult, Phase, ProgramLeft, Said, Space, Updates
from tests.gui.samples import (
    EARLY,
    FRESH,
    LATE,
    LOSSY,
    LOSSY_TRIAL,
    NEXT,
    NOW,
    NOW_S,
    PROMOTED,
    SLOW,
    SLOW_TRIAL,
    TOO_SLOW,
    live,
    real,
    samples,
    status,
    update,
)

BY_NAME = {sample.name: sample.seen for sample in samples()}


def story(name: str) -> Story:
    return tell(BY_NAME[name], NOW)


@pytest.mark.parametrize(
    ("name", "sign", "headline", "line"),
    [
        ("connecting", "starting", "Starting up.", "Starting up"),
        ("starting", "starting", "Starting up.", "Practice: starting up"),
        ("fine", "fine", "Everything is fine.", "Practice: everything is fine"),
        ("fine-real", "fine", "Everything is fine.", "Everything is fine"),
        ("trial", "trial", "Everything is fine.", "Practice: everything is fine, trying 0.1.1"),
        ("paused", "paused", "Paused: on battery.", "Practice: paused: on battery"),
        (
            "attention",
            "attention",
            "Perennial runs, but it has reached no other computer yet.",
            "Practice: Perennial runs, but it has reached no other computer yet",
        ),
        ("problem", "problem", "Something is wrong.", "Practice: something is wrong"),
        ("lost", "problem", "It does not run.", "Practice: it does not run"),
        ("missing", "attention", "The folder of Perennial is not there.", "The folder of Perennial is not there"),
        ("never", "problem", "It does not run.", "It does not run"),
    ],
)
def test_every_state_has_its_sentence_and_its_sign(name: str, sign: str, headline: str, line: str):
    told = story(name)

    assert (told.sign, told.home.headline, told.tray_line) == (sign, headline, line)


def test_a_sentence_too_long_for_a_headline_is_told_under_it_and_whole():
    said = BY_NAME["problem"].status

    assert said is not None
    assert story("problem").home.lead == said.sentence


def test_nothing_is_ticked_that_was_not_looked_at():
    for name in ("connecting", "lost", "never"):
        assert {proof.mark for proof in story(name).home.checks.proofs} == {"wait"}, name
        assert story(name).held.mark == "wait"


def test_a_weak_sandbox_is_said_and_not_ticked():
    proof = story("fine-real").held

    assert (proof.mark, proof.text) == ("note", "Partly shut off")


def test_when_it_is_gone_the_time_of_the_last_word_is_told():
    told = story("lost")

    assert "no answer since 14:05:26" in told.home.lead
    assert told.home.checks.looked == "As it was when last heard, at 14:05:26"


@pytest.mark.parametrize("phase", ["announced", "on_trial", "promoting"])
def test_when_it_is_gone_no_version_is_said_to_be_on_its_way_now(phase: Phase):
    live_now = live(status(), (update("0.1.1", NEXT, phase),), EARLY)
    gone = replace(live_now, link="lost")

    told, after = tell(live_now, NOW).releases, tell(gone, NOW).releases

    assert after.title == told.title
    assert after.lead == f"As it was when last heard, at {at(gone.heard_s, NOW, with_seconds=True)}."
    assert not told.lead.startswith("As it was")


def test_practice_is_said_to_be_practice_and_a_real_network_is_not():
    assert story("fine").is_practice
    assert "on this computer" in story("fine").home.lead
    assert not story("fine-real").is_practice
    assert story("fine-real").home.lead == (
        "Your computer is helping to keep 1,204 pieces of other people's data safe."
    )


def test_the_start_is_offered_only_when_nothing_answers():
    assert tell(BY_NAME["lost"], NOW, offer="start").home.action == "start"
    assert tell(BY_NAME["fine"], NOW, offer="start").home.action is None


@pytest.mark.parametrize(
    ("code", "page"),
    [
        ("settings.bad", "resources"),
        ("store.full", "resources"),
        ("space.over", "resources"),
        ("reach.nobody", "network"),
        ("alone.never", "network"),
        ("alone.cut_off", "network"),
        ("developers.halted", "updates"),
        ("updates.disk", "updates"),
        ("updates.unread", "help"),
        ("updates.stopped", None),
        ("clock.behind", None),
    ],
)
def test_what_is_wrong_leads_to_the_page_where_more_stands_of_it_and_else_nowhere(code: str, page: str | None):
    wrong = msgspec.structs.replace(status("attention", "Something."), said=(Said(code),))

    assert tell(live(wrong), NOW).home.action == page
    assert bool(tell(live(wrong), NOW).home.action_text) == (page is not None)
    assert tell(live(msgspec.structs.replace(wrong, state="fine")), NOW).home.action is None


def test_when_the_folder_is_missing_it_is_said_what_to_do_be_it_unplugged_or_gone_and_no_start_that_would_fail():
    told = tell(BY_NAME["missing"], NOW, offer="start", trouble="It was killed.")

    assert told.home.lead == (
        "If it lies on a disk that can be unplugged, plug that back in. If it is gone for good, quit Perennial and"
        " start it again to begin anew."
    )
    assert told.home.action is None


def test_the_folder_of_a_practice_network_that_ended_is_no_missing_disk():
    gone = replace(BY_NAME["lost"], is_home_missing=True)

    assert tell(gone, NOW, offer="grow").home.headline == "It does not run."
    assert tell(gone, NOW, offer="grow").home.action == "grow"
    assert tell(Seen("lost", is_home_missing=True), NOW, has_practice_ended=True).home.headline == (
        "The practice network has ended."
    )


@pytest.mark.parametrize(("silence", "lead"), [("short", texts.STARTING_LEAD), ("long", texts.STARTING_LONG)])
def test_what_was_just_started_is_starting_and_no_longer_gone(silence: Silence, lead: str):
    told = tell(BY_NAME["lost"], NOW, offer="start", trouble="It was killed.", silence=silence)

    assert (told.sign, told.home.headline, told.home.lead) == ("starting", "Starting up.", lead)
    assert told.home.action is None  # a second start would end the first
    assert tell(BY_NAME["fine"], NOW, silence=silence).home.headline == "Everything is fine."


def test_the_end_of_the_practice_network_is_told_as_such():
    told = tell(BY_NAME["lost"], NOW, offer="grow", has_practice_ended=True)

    assert told.home.headline == "The practice network has ended."
    assert told.home.action_text == "Grow a new practice network"


def test_the_last_words_of_a_node_that_did_not_start_are_told():
    assert tell(Seen("lost"), NOW, trouble="The disk is full.").home.lead == "The disk is full."


def test_that_it_is_tried_again_by_itself_is_said_with_them_where_it_is_so():
    told = tell(Seen("lost"), NOW, offer="start", trouble="The disk is full.", tries_again=True)

    assert told.home.lead == (
        "The disk is full. It is tried again by itself, after five minutes and then more and more rarely."
    )


def test_the_bed_shows_the_space_in_use():
    bed = story("fine").home.bed

    assert (bed.left, bed.right) == ("12 MB of 256 MB in use", "244 MB still free to lend")
    assert bed.used_ratio == pytest.approx(12.4 / 256)


@pytest.mark.parametrize("name", ["needs-you", "disk", "paused-broken"])
def test_of_a_disk_that_is_gone_or_takes_nothing_no_room_is_said_to_be_free_to_lend(name: str):
    bed = story(name).home.bed

    assert (bed.left, bed.right) == ("412 GB of 670 GB in use", "")


def test_no_more_of_the_bed_is_free_to_lend_than_the_disk_has():
    full = live(real(space=Space(90 * 10**9, 670 * 10**9, 9, free_bytes=LEFT_BYTES + 2 * 10**9)))
    fuller = live(real(space=Space(90 * 10**9, 670 * 10**9, 9, free_bytes=LEFT_BYTES - 1)))

    assert tell(full, NOW).home.bed.right == "2.0 GB still free to lend"
    assert tell(fuller, NOW).home.bed.right == "0 bytes still free to lend"


@pytest.mark.parametrize(
    ("phase", "title", "stage", "word"),
    [
        ("announced", "Version 0.1.1 was announced", 0, "Checked"),
        ("fetching", "Version 0.1.1 is being fetched", 0, "Being fetched"),
        ("staged", "Version 0.1.1 waits for its trial", 0, "Checked"),
        ("on_trial", "Version 0.1.1 is being tried out", 1, "Being tried out"),
        ("rehearsing", "The way back from 0.1.1 is rehearsed", 1, "Rehearsing"),
        ("promoting", "Version 0.1.1 is taking over", 2, "Taking over"),
        ("probation", "Version 0.1.1 took over", 2, "In use"),
    ],
)
def test_every_phase_on_the_way_has_its_title_and_stop(phase: str, title: str, stage: int, word: str):
    told = story(phase).releases

    assert told.title == title
    assert told.way is not None
    assert (told.way.stage, told.way.stops[stage].word, told.way.outcome) == (stage, word, "open")


def test_an_announced_release_says_why_it_waits():
    seen = BY_NAME["announced"]
    assert seen.updates is not None
    (first, *others) = seen.updates.items
    waiting = msgspec.structs.replace(first, reason="too few neighbours have shown the developers' newest word yet")
    seen = replace(seen, updates=msgspec.structs.replace(seen.updates, items=(waiting, *others)))

    assert tell(seen, NOW).releases.lead == "It waits. Too few neighbours have shown the makers' newest word yet."


def test_a_version_whose_files_were_in_use_already_is_not_praised_for_a_trial():
    seen = BY_NAME["confirmed"]
    assert seen.updates is not None
    (decided,) = (item for item in seen.updates.items if item.phase == "confirmed")
    others = (item for item in seen.updates.items if item is not decided)
    untried = msgspec.structs.replace(decided, seconds={}, reason="already in use")
    seen = replace(seen, updates=msgspec.structs.replace(seen.updates, items=(*others, untried)))

    assert tell(seen, NOW).releases.lead.startswith(f"Version {decided.version} has the very files that were in use")


@pytest.mark.parametrize(
    ("name", "outcome", "stage", "lead"),
    [
        ("confirmed", "in_use", 2, "It did well in its trial and took over at 14:02."),
        (
            "refused-slow",
            "thrown_away",
            1,
            "Version 0.1.2 was thrown away. It is slower: requests take 1.82 times as long",
        ),
        ("not-proven", "not_proven", 1, "Version 0.1.4 could not prove itself"),
        ("rolled-back", "taken_back", 2, "Version 0.1.1 took over and did not do well"),
        ("recalled", "taken_back", 2, "The makers recalled version 0.1.1. The one before came back by itself."),
        ("recalled-stays", "in_use", 2, "The makers recalled version 0.1.1, and no version from before may take"),
    ],
)
def test_every_end_of_a_release_is_told(name: str, outcome: str, stage: int, lead: str):
    told = story(name).releases

    assert told.way is not None
    assert (told.way.outcome, told.way.stage) == (outcome, stage)
    assert told.lead.startswith(lead)
    assert told.title.startswith("You are using")


def test_a_version_in_use_says_until_when_it_is_watched():
    watched = msgspec.structs.replace(update("0.1.1", NEXT, "confirmed", PROMOTED), watched_until_s=NOW_S + 30 * 86_400)
    one = tell(live(status(version="0.1.1", tree_hash=NEXT), (watched,)), NOW).releases
    below = update("0.1.2", SLOW, "refused", TOO_SLOW, ago_s=10.0)
    two = tell(live(status(version="0.1.1", tree_hash=NEXT), (below, watched)), NOW).releases

    assert one.way is not None
    assert one.way.stops[2].under == "watched until 22 Dec 14:05"
    assert two.history[-1].details.endswith("Watched until 22 Dec 14:05.")


def test_a_version_that_took_too_long_to_take_over_says_when_that_is_tried_again():
    waiting = msgspec.structs.replace(update("0.1.1", NEXT, "rehearsing", PROMOTED), again_s=NOW_S + 3600)
    told = tell(live(status(), (waiting,)), NOW).releases

    assert told.title == "Version 0.1.1 waits to take over"
    assert told.lead == (
        "Taking over took too long; your computer may have been busy. It is tried again at 15:05."
        " Until then the version you use goes on."
    )
    assert told.way is not None
    assert told.way.stage == 1  # for it is not taking over
    assert told.way.stops[1:] == (Stop("Tried out", "for 62 seconds"), Stop("Takes over later", "now: 0.1.0"))


def test_a_version_that_is_left_in_the_watch_says_so():
    told = tell(live(status(), (update("0.1.1", NEXT, "returning", "wrong bytes"),)), NOW).releases

    assert told.title == "Version 0.1.1 is being taken back"
    assert told.lead == "It did not do well while it was watched. The version before it takes over again."
    assert told.way is not None
    assert (told.way.stops[2].word, told.way.outcome) == ("Going back", "open")


def test_an_exception_is_told_as_one_and_never_as_a_trial_that_went_well():
    why = "full trials could not prove it here"
    reason = f"taken without a proof, as an exception, because {why}"
    taken = msgspec.structs.replace(update("0.1.1", NEXT, "confirmed", reason), exception=why)
    tested = msgspec.structs.replace(update("0.1.1", NEXT, "rehearsing"), exception=why)
    in_use = status(version="0.1.1", tree_hash=NEXT)

    assert tell(live(in_use, (taken,)), NOW).releases.lead.startswith(
        "It took over at 14:04 without a proof, as an exception. Full trials could not prove it here."
    )
    assert tell(live(status(), (tested,)), NOW).releases.lead.startswith("It could not be proven here.")
    later = update("0.1.2", SLOW, "refused", TOO_SLOW, ago_s=10.0)
    assert "as an exception" in tell(live(in_use, (later, taken)), NOW).releases.history[-1].reason


def test_an_urgent_release_is_called_urgent():
    urgent = msgspec.structs.replace(update("0.1.1", NEXT, "confirmed", PROMOTED), is_urgent=True)
    later = update("0.1.2", SLOW, "refused", TOO_SLOW, ago_s=10.0)
    told = tell(live(status(version="0.1.1", tree_hash=NEXT), (later, urgent)), NOW)

    assert "Urgent: its trial is short." in told.releases.history[-1].details


def test_what_is_in_use_though_it_was_recalled_is_told_whatever_was_decided_since():
    stays = msgspec.structs.replace(update("0.1.1", NEXT, "confirmed", ago_s=90.0), is_recalled=True)
    later = update("0.1.2", "a" * 64, "recalled", "the developers recalled it")
    in_use = status("attention", version="0.1.1", tree_hash=NEXT)

    lead = tell(live(in_use, (later, stays)), NOW).releases.lead

    assert lead.startswith("The makers recalled version 0.1.1, and no version from before may take its place.")


def test_a_trial_that_has_just_begun_claims_nothing():
    evidence = tell(live(status("trial"), (update("0.1.1", NEXT, "on_trial"),), FRESH), NOW).releases.evidence

    assert evidence is not None
    assert {evidence.data.mark, evidence.votes.mark, evidence.speed.mark} == {"wait"}
    assert evidence.speed_range is None


def test_the_evidence_is_told_with_its_figures():
    early = tell(live(status("trial"), (update("0.1.1", NEXT, "on_trial"),), EARLY), NOW).releases.evidence
    late = tell(live(status("trial"), (update("0.1.1", NEXT, "on_trial"),), LATE), NOW).releases.evidence

    assert early is not None
    assert late is not None
    assert (early.votes.figure, early.votes.verdict) == ("1 neighbour has rated it", "At least 4 are needed")
    assert (early.speed.figure, early.speed.mark) == ("Probably between 49 % slower and 26 % faster", "wait")
    assert (late.data.figure, late.data.verdict) == ("1,284 pieces checked", "None lost, none wrong")
    assert (late.votes.mark, late.speed.verdict) == ("ok", "Proven good enough")


def test_slower_lies_left_of_faster_and_the_limit_left_of_the_same():
    evidence = tell(live(status(), (update("0.1.2", SLOW, "refused"),), SLOW_TRIAL), NOW).releases.evidence

    assert evidence is not None
    assert evidence.speed_range is not None
    assert evidence.speed_range.low < evidence.speed_range.best < evidence.speed_range.high
    assert evidence.speed_range.high < evidence.speed_range.limit < 0
    assert (evidence.speed.mark, evidence.speed.verdict) == ("fault", "Slower than allowed")


def test_a_lost_piece_is_a_fault_whatever_else_is_fine():
    evidence = tell(live(status(), (update("0.1.3", LOSSY, "refused"),), LOSSY_TRIAL), NOW).releases.evidence

    assert evidence is not None
    assert (evidence.data.mark, evidence.data.verdict, evidence.faults) == ("fault", "3 lost", 3)


def test_the_evidence_of_another_release_is_not_shown():
    seen = live(status(), (update("0.1.2", SLOW, "on_trial"),), LATE)

    assert tell(seen, NOW).releases.evidence is None


def test_the_release_on_trial_is_told_rather_than_one_that_waits():
    waiting, tried = update("0.1.2", SLOW, "staged"), update("0.1.1", NEXT, "on_trial")

    assert tell(live(status("trial"), (waiting, tried), EARLY), NOW).releases.title.startswith("Version 0.1.1")


def test_the_history_tells_each_release_with_its_reason_newest_first():
    rows = story("refused-lossy").releases.history

    assert [(row.version, row.kind, row.when) for row in rows] == [
        ("An offer", "turned_away", "14:05"),
        ("0.1.3", "thrown_away", "14:04"),
        ("0.1.2", "thrown_away", "14:03"),
        ("0.1.1", "in_use", "since 14:02"),
    ]
    assert rows[0].reason == "2 makers have signed it, 3 must. Nothing of it was fetched."
    assert rows[2].reason == f"It is {TOO_SLOW}."
    assert rows[3].reason == f"It is {PROMOTED.replace('the current version', 'the version before it')}."
    assert rows[3].details == "Signed by alder, birch and cedar. 12 kB fetched."


def test_the_history_tells_which_version_of_perennial_itself_was_left_in_the_words_of_the_app():
    left = ProgramLeft(NOW_S, "0.2.0", "e" * 64, "", "XX.", (Said("program.failed", {"version": "0.2.0"}),))
    updates = Updates((update("0.1.1", NEXT, "confirmed", PROMOTED),), (), left_programs=(left,))

    row = tell(replace(live(status()), updates=updates), NOW).releases.history[0]

    assert (row.kind, row.version, row.verdict) == ("taken_back", "0.2.0", "Taken back")
    assert row.reason == "Version 0.2.0 of Perennial itself has failed to start."


def test_a_version_that_was_in_use_before_took_over_and_is_not_said_to_be_in_use():
    one = update("0.1.1", NEXT, "confirmed", PROMOTED)
    two = update("0.1.2", SLOW, "confirmed", PROMOTED, ago_s=10)

    rows = tell(live(status(version="0.1.2", tree_hash=SLOW), (two, one)), NOW).releases.history

    assert [(row.version, row.kind) for row in rows] == [("0.1.2", "in_use"), ("0.1.1", "took_over")]


def test_which_version_the_computer_began_with_is_not_said_while_what_was_kept_cannot_be_read():
    unread = node_texts.updates_wait("it is damaged")
    updates = Updates((), (), trouble=unread.sentence, trouble_said=unread.said)

    assert tell(replace(live(status()), updates=updates), NOW).releases.history == ()


def test_the_version_that_came_with_the_computer_is_in_the_history():
    rows = story("idle").releases.history

    assert [(row.version, row.kind) for row in rows] == [("0.1.0", "in_use")]
    assert rows[0].reason == "The version that this computer began with."


@pytest.mark.parametrize(
    ("low", "high", "estimate", "words"),
    [
        (0.96, 1.03, 1.0, "Probably between 3 % slower and 4 % faster"),
        (1.005, 1.006, 1.0055, "Probably 0.5 to 0.6 % slower"),
        (1.0, 1.0, 1.0, "Probably the same"),
        (0.97, 1.0, 0.98, "Probably up to 3 % faster"),
        (1.62, 2.04, 1.82, "Probably between 2.0 times as slow and 62 % slower"),
        (3.32, 3.32, 10.3, "Probably at least 3.3 times as slow"),
        (2.0, 1e9, 1e6, "Probably between far slower and 2.0 times as slow"),
    ],
)
def test_a_range_of_speed_is_told_as_people_say_it(low: float, high: float, estimate: float, words: str):
    assert release_texts.speed(low, high, estimate) == words


def test_a_new_version_is_not_said_to_be_shut_off_where_it_is_not():
    for sandbox, words in (("full", "shut off from your files"), ("none", "cannot be shut off")):
        one = msgspec.structs.replace(status("trial"), sandbox=sandbox)
        assert words in tell(live(one, (update("0.1.1", NEXT, "on_trial"),)), NOW).releases.lead


def test_no_number_makes_the_telling_fail():
    odd = EARLY.__class__(
        release="vault/0.1.1",
        version="0.1.1",
        phase="on_trial",
        started_s=0.0,
        blocks=0,
        pairs=0,
        verified_reads=0,
        lost=0,
        wrong=10**9,
        restarts=0,
        neighbours_rated=0,
        neighbours_needed=0,
        metrics=tuple(
            EARLY.metrics[0].__class__(name, value, value, value, 1.0, is_proven=False, is_alarming=False)
            for name, value in (("p50", float("inf")), ("tail", 0.0), ("cpu", 1e300), ("new", 1.0), ("mem", None))
        ),
    )

    told = tell(live(status("trial"), (update("0.1.1", NEXT, "on_trial"),), odd), NOW)

    assert told.releases.evidence is not None
    assert told.releases.evidence.votes.verdict == "So small a network needs no ratings"
    assert tell(Seen("connected", NOW_S, status(), Updates((), ()), odd), NOW).releases.evidence is None


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (11_640, "12 kB"), (1_234_000, "1.2 MB"), (10**12, "1.0 TB")],
)
def test_sizes_are_told_as_people_say_them(size: int, words: str):
    assert texts.amount(size) == words


def test_no_word_that_one_must_have_learnt_is_in_the_texts():
    said = " ".join(
        str(value).lower()
        for module in (texts, release_texts, resources_texts)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str | tuple | dict)
    )

    for word in ("node", "peer", "shard", "promot", "daemon", "hash", "sacrificial", "rank", "chunk", "vault", "!"):
        assert word not in said, word


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("crashed (exit code 1) while its twin went on", "It crashed while the version in use went on."),
        ("lost 1 of 22 stored pieces", "It lost 1 of 22 pieces that it had taken in."),
        (
            "it failed 3 times in probation: it ended with code -9",
            "It failed 3 times soon after it took over. It was killed.",
        ),
        ("the pods withdrew it", "The makers withdrew it."),
        ("the developers recalled it", "The makers recalled it."),
        (
            "could not be compared: the twins were not both up for 90 s",
            "Could not be compared: the two versions did not both run for 90 s.",
        ),
    ],
)
def test_a_reason_of_the_node_is_shown_in_everyday_words(said: str, shown: str):
    assert release_texts.as_sentence(said) == shown


def test_an_offer_that_is_not_in_order_keeps_the_exact_reason_in_small():
    shown, small = release_texts.turned_away("the head does not carry exactly the delegated roles")

    assert shown == "Its papers are not in order. Nothing of it was fetched."
    assert small == "the head does not carry exactly the delegated roles"


def test_a_node_that_is_started_again_is_not_said_to_be_empty_or_unguarded():
    seen = live(
        msgspec.structs.replace(
            status("starting", "The vault is started again (it ended with code -9)."),
            sandbox="none",
            space=Space(1_200_000, 1 << 30, 0),
        )
    )
    told = tell(seen, NOW)
    home = told.home

    assert home.lead == "Perennial is started again (it was killed)."
    assert home.bed.left == "How much space is in use is not known yet"
    assert {proof.mark for proof in home.checks.proofs} == {told.held.mark} == {"wait"}


def test_when_nobody_had_rated_it_at_the_end_no_more_is_expected():
    votes = tell_evidence(msgspec.structs.replace(LOSSY_TRIAL, neighbours_rated=0), is_open=False).votes

    assert (votes.figure, votes.verdict) == ("Nobody had rated it yet", "To take over it needed 4")


@pytest.mark.parametrize(
    ("result", "looked_s", "mark"),
    [
        ("ok", NOW_S - TICK_S_MAX, "ok"),
        ("ok", NOW_S - TICK_S_MAX - 1, "wait"),
        ("ok", None, "wait"),
        ("bad", NOW_S - TICK_S_MAX - 1, "bad"),
    ],
)
def test_a_tick_is_a_promise_for_ten_minutes_and_a_cross_stands(result: CheckResult, looked_s: float | None, mark: str):
    looked = msgspec.structs.replace(status(), checks=(Check("disk", result, "The disk works.", looked_s),))
    assert tell_checks(looked, NOW).proofs[0].mark == mark
