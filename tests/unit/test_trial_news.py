"""Whether a candidate passes on the developers' news: when it is refused, and when nothing is held against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.trial import PRACTICE, REAL, HostFault, NewsAsked, Resumed, Started, Trial, VaultExited, VaultStarted
from node.trial.profile import URGENT
from tests.trial_world import ON_ITS_OWN, World, running

BOTH, NEITHER, ONLY_CANDIDATE, ONLY_CONTROL = (True, True), (False, False), (True, False), (False, True)


def ask(world: World, *answers: tuple[bool, bool], every_s: float = 4.0) -> World:
    """Ask both for the newest head, again and again; who passed it on is said of the candidate first."""
    for candidate, control in answers:
        world.now_s += every_s
        world.tell(NewsAsked(world.now_s, candidate, control))
    return world


def start(profile: object = ON_ITS_OWN) -> World:
    world = World(profile=profile)  # type: ignore[arg-type]
    world.tell(Started(world.now_s, 50.0))
    return world


class TestAVeto:
    def test_a_candidate_that_does_not_pass_on_news_which_its_twin_passes_on_is_refused(self):
        world = ask(start(), *[ONLY_CONTROL] * 6)
        assert world.outcome == "refuse"
        assert world.reason == ("does not pass on news from the developers, as its twin did 6 times in 20 s")

    def test_neither_a_few_misses_nor_a_short_time_are_enough(self):
        assert ask(start(), *[ONLY_CONTROL] * 5, every_s=9.0).outcome == "open"
        assert ask(start(), *[ONLY_CONTROL] * 20, every_s=0.5).outcome == "open"

    def test_news_that_it_passes_on_once_end_the_count(self):
        world = ask(start(), *[ONLY_CONTROL] * 5, BOTH, *[ONLY_CONTROL] * 5)
        assert world.outcome == "open"

    def test_misses_from_before_a_restart_do_not_count(self):
        world = ask(start(), *[ONLY_CONTROL] * 5)
        world.tell(VaultExited(world.now_s, "candidate", 0, is_intended=True), VaultStarted(world.now_s, "candidate"))
        assert ask(world, *[ONLY_CONTROL] * 5).outcome == "open"

    def test_the_computers_own_fault_does_not_excuse_it(self):
        world = ask(start(), *[ONLY_CONTROL] * 5)
        world.tell(HostFault(world.now_s, "the disk is full"))
        assert ask(world, ONLY_CONTROL).outcome == "refuse"

    def test_a_power_cut_between_two_misses_begins_the_count_anew(self):
        world = ask(start(), *[ONLY_CONTROL] * 5)
        world.trial = Trial.load(world.trial.dump())
        world.tell(Resumed(0.0), *(VaultStarted(1.0, twin) for twin in ("candidate", "control")))
        world.now_s = 1.0
        assert ask(world, *[ONLY_CONTROL] * 5).outcome == "open"
        assert ask(world, ONLY_CONTROL).outcome == "refuse"

    @pytest.mark.parametrize("profile", [REAL, URGENT])
    def test_at_home_it_takes_hours_so_that_a_peer_may_be_slow_to_tell(self, profile: object):
        world = ask(start(profile), *[ONLY_CONTROL] * 144, every_s=50.0)
        assert world.outcome == "open"
        assert ask(world, ONLY_CONTROL, every_s=50.0).reason.endswith("145 times in 2 h")


class TestAControlThatDoesNotEither:
    def test_the_candidate_is_never_refused_for_it(self):
        world = ask(start(), *[NEITHER] * 40, every_s=1.0)
        assert world.outcome == "open"

    def test_what_neither_does_is_no_miss_and_forgives_none(self):
        world = ask(start(), *[ONLY_CONTROL, NEITHER] * 5)
        assert (world.outcome, world.trial.news.misses) == ("open", 5)
        assert ask(world, ONLY_CONTROL).outcome == "refuse"

    def test_the_last_minute_of_the_block_is_void_as_nobody_knows_what_else_was_wrong(self):
        world = running()
        assert world.trial.comparison.block.pairs > 0
        ask(world, NEITHER, every_s=0.0)
        assert world.trial.comparison.block.pairs == 0

    @pytest.mark.parametrize("answers", [BOTH, ONLY_CANDIDATE, ONLY_CONTROL])
    def test_else_the_block_goes_on(self, answers: tuple[bool, bool]):
        world = running()
        pairs = world.trial.comparison.block.pairs
        ask(world, answers, every_s=0.0)
        assert world.trial.comparison.block.pairs == pairs > 0

    def test_a_version_that_passes_on_news_may_replace_one_that_does_not(self):
        world = World(passes_news=ONLY_CANDIDATE).start().rate().go_on(PRACTICE.trial_s_max)
        assert world.outcome == "promote"

    def test_two_versions_that_do_not_are_never_proven_equal(self):
        world = World(passes_news=NEITHER).start().rate().go_on(PRACTICE.trial_s_max + 1.0)
        assert world.outcome == "keep"


class TestAPromotion:
    def test_needs_news_that_the_candidate_was_seen_to_pass_on(self):
        world = World(profile=replace(ON_ITS_OWN, news_min=10_000)).start().rate().go_on(PRACTICE.trial_s_max + 1.0)
        assert world.outcome == "keep"
        assert "it was not seen to pass on news from the developers" in world.reason

    def test_does_not_come_while_news_are_missed(self):
        world = running(30.0)
        world.passes_news = ONLY_CONTROL
        assert world.go_on(200.0).outcome == "refuse"
        assert "does not pass on news" in world.reason

    def test_misses_at_the_end_of_the_time_are_said(self):
        profile = replace(ON_ITS_OWN, news_s=1e6)
        world = World(profile=profile, passes_news=ONLY_CONTROL).start().rate().go_on(PRACTICE.trial_s_max + 1.0)
        assert world.outcome == "keep"
        assert "lately it did not pass on news from the developers" in world.reason

    def test_of_all_that_is_missing_news_are_said_first(self):
        world = World(passes_news=ONLY_CONTROL, profile=replace(ON_ITS_OWN, news_s=1e6, blocks_min=999, reads_min=9999))
        world.start().go_on(PRACTICE.trial_s_max + 1.0)
        assert world.reason.startswith("not proven within 280 s: lately it did not pass on news from the developers, ")


def test_answers_while_a_twin_is_down_say_nothing():
    world = start()
    world.tell(VaultExited(world.now_s, "candidate", 0, is_intended=True))
    assert ask(world, *[ONLY_CONTROL] * 20, every_s=1.0).trial.news.misses == 0
