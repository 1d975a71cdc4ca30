"""Each check: a tick for what was seen lately, a cross for what is known to be wrong, three dots for all else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.api.check_texts import span
from node.api.checks import ALONE_S, CLOCK_OFF_S, NOBODY_S, PROMISE_S, ROUTER_S, DiskLook, Evidence, checks, reach
from node.api.schema import Check, CheckName, CheckResult, Handover
from node.api.texts import disk_low
from node.api.told import Told
from node.vault.looks import ClockSeen, Looks
from tests.unit.test_health import GOOD, how_it_stands

YEAR_S = 365.25 * 86_400.0
RIGHT = ClockSeen(2.0, 2.0, 30.0)
SEEN = Looks(
    answer_age_s=20.0, outside_age_s=100.0, nearby_age_s=None, passed_age_s=60.0, passed=3, failed=0,
    clocks=(RIGHT,) * 4, seen_at="93.184.216.34", is_seen_own=True, outside_subnets=7,
)  # fmt: skip
WELL = Evidence(
    now_s=1_800_000_090.0, disk=DiskLook(10.0), store_fault=None, looks=SEEN, up_s=7200.0, peer_count=7, chunk_count=30,
    is_practice=False, port="4433", is_public=True,
)  # fmt: skip


def the(name: CheckName, evidence: Evidence) -> Check:
    return next(check for check in checks(evidence) if check.name == name)


def seen(**changes: object) -> Evidence:
    return replace(WELL, looks=_replaced(changes))


def _replaced(changes: dict[str, object]) -> Looks:
    return Looks(**{name: getattr(SEEN, name) for name in SEEN.__struct_fields__} | changes)


def behind(seconds: float, count: int, right: int = 0) -> tuple[ClockSeen, ...]:
    return (ClockSeen(seconds, seconds, 30.0),) * count + (RIGHT,) * right


def test_where_all_was_looked_at_lately_all_have_a_tick_and_the_time_of_the_look_by_the_minute():
    found = checks(WELL)
    assert [(check.name, check.result) for check in found] == [
        (name, "ok") for name in ("disk", "clock", "reach", "exchange", "audit")
    ]
    assert all(check.looked_s is not None and check.looked_s % 60 == 0 for check in found)
    assert all(check.looked_s == 1_800_000_060.0 for check in found if check.name in ("disk", "exchange", "clock"))
    assert not any(check.advice for check in found)


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("disk", replace(WELL, disk=DiskLook(PROMISE_S + 1.0))),
        ("clock", seen(clocks=(ClockSeen(2.0, 2.0, PROMISE_S + 1.0),) * 4)),
        ("reach", seen(outside_age_s=PROMISE_S + 1.0)),
        ("exchange", replace(seen(answer_age_s=None), up_s=PROMISE_S - 1.0)),
        ("audit", seen(passed_age_s=PROMISE_S + 1.0, passed=0)),
    ],
)
def test_a_tick_that_is_older_than_its_promise_is_not_known_any_more(name: CheckName, old: Evidence):
    assert the(name, old).result == "wait"


def test_a_vault_that_tells_nothing_of_the_kind_is_not_blamed_for_it():
    found = checks(replace(WELL, looks=None))
    assert {check.result for check in found if check.name != "disk"} == {"wait"}


@pytest.mark.parametrize(
    ("evidence", "result", "words"),
    [
        # Disk.
        (replace(WELL, disk=None), "wait", "has not been looked at yet"),
        (replace(WELL, disk=DiskLook(1.0, "gone")), "bad", "is not there. Plug it back in."),
        (replace(WELL, disk=DiskLook(1.0, "refused", "Read-only file system")), "bad", "written: Read-only file sys"),
        (
            replace(WELL, disk=DiskLook(1.0, "refused", "Read-only file system")),
            "bad",
            "Look whether the disk is full,",
        ),
        (replace(WELL, disk=DiskLook(1.0, "refused", "it is full")), "bad", "written: it is full. Make room on it."),
        (replace(WELL, disk=DiskLook(1.0, "refused", disk_low(900_000))), "bad", "900 kB are free. Make room on it."),
        (replace(WELL, disk=DiskLook(1.0, "refused", disk_low(0))), "bad", "only 0 B are free. Make room on it."),
        (replace(WELL, disk=DiskLook(1.0, "altered")), "bad", "gives back something else"),
        (replace(WELL, disk=DiskLook(40.0, "silent")), "bad", "does not answer any more"),
        (replace(WELL, store_fault=Told("Nothing new is stored.")), "bad", "Nothing new is stored."),
    ],
)
def test_the_disk(evidence: Evidence, result: CheckResult, words: str):
    check = the("disk", evidence)
    assert (check.result, words in f"{check.sentence} {check.advice}") == (result, True)


@pytest.mark.parametrize(
    ("clocks", "result", "words"),
    [
        (behind(2 * YEAR_S, 3), "bad", "about 2 years behind; so say 3 other computers."),
        (behind(-3 * 3600.0, 4, right=2), "bad", "about 3 hours ahead; so say 4 other computers."),
        ((ClockSeen(2 * YEAR_S, 2 * YEAR_S + 86_400.0, 9.0),) * 3, "bad", "about 2 years behind"),
        ((ClockSeen(-9e9, -2 * YEAR_S, 9.0),) * 3, "bad", "about 2 years ahead"),
        (behind(2 * YEAR_S, 2), "wait", "which of them is wrong is not known"),
        (behind(2 * YEAR_S, 3, right=4), "ok", "agrees with 4 other computers"),
        (behind(2 * YEAR_S, 3, right=3), "wait", "contradict each other"),
        (behind(1e6, 2) + behind(-1e6, 2) + (RIGHT,), "wait", "contradict each other"),
        (behind(CLOCK_OFF_S - 1.0, 3), "ok", "agrees with 3 other computers"),
        (behind(CLOCK_OFF_S + 1.0, 3), "bad", "about 5 minutes behind"),
        ((ClockSeen(-50_000.0, 30_000.0, 9.0), RIGHT), "ok", "agrees with 2 other computers"),
        ((RIGHT,), "ok", "agrees with another computer."),
        ((), "wait", "no other computer was heard lately"),
    ],
)
def test_the_clock_is_blamed_by_several_subnets_that_agree(
    clocks: tuple[ClockSeen, ...], result: CheckResult, words: str
):
    check = the("clock", seen(clocks=clocks))
    assert (check.result, words in check.sentence) == (result, True), check.sentence


@pytest.mark.parametrize(
    ("evidence", "result", "state", "words"),
    [
        (WELL, "ok", "open", "Others on the internet reach this computer"),
        (seen(is_seen_own=False), "ok", "open", "Others on the internet reach this computer"),
        (seen(outside_age_s=None, is_seen_own=False), "bad", "closed", "Your router lets nobody in"),
        (replace(seen(outside_age_s=None, is_seen_own=False), up_s=ROUTER_S - 1.0), "wait", "unknown", "not known yet"),
        (seen(outside_age_s=None), "bad", "closed", "Nobody on the internet has come by himself for"),
        (seen(outside_age_s=None, outside_subnets=4), "wait", "unknown", "not known yet"),
        (seen(outside_age_s=NOBODY_S + 1.0), "bad", "closed", "Nobody on the internet has come by himself for"),
        (seen(outside_age_s=NOBODY_S + 1.0, is_seen_own=False), "bad", "closed", "Your router lets nobody in"),
        (
            replace(seen(outside_age_s=None, is_seen_own=False), is_announced=True),
            "ok",
            "open",
            "Others can reach this computer through your router",
        ),
        (replace(seen(outside_age_s=None), is_announced=True), "ok", "open", "a third one has introduced them"),
        (replace(seen(outside_age_s=None), is_announced=True, up_s=NOBODY_S - 1.0), "wait", "unknown", "not known yet"),
        (replace(seen(outside_age_s=None, seen_at="", is_seen_own=False), is_public=False), "bad", "closed", "router"),
        (seen(outside_age_s=None, seen_at="", is_seen_own=False), "bad", "closed", "Nobody on the internet has come"),
        (seen(outside_age_s=None, seen_at="", is_seen_own=False, outside_subnets=4), "wait", "unknown", "not known"),
        (seen(outside_age_s=None, seen_at="", outside_subnets=0, nearby_age_s=601.0), "wait", "unknown", "known yet"),
        (replace(seen(outside_age_s=None), up_s=NOBODY_S - 1.0), "wait", "unknown", "not known yet"),
        (seen(outside_age_s=1800.0, is_seen_own=False), "wait", "unknown", "was 30 minutes ago"),
        (seen(outside_age_s=None, seen_at="", outside_subnets=0, nearby_age_s=9.0), "wait", "unknown", "your own netw"),
    ],
)
def test_whether_others_can_come_in(evidence: Evidence, result: CheckResult, state: str, words: str):
    check = the("reach", evidence)
    assert (check.result, words in check.sentence) == (result, True), check.sentence
    assert reach(evidence).state == state


def test_who_can_do_something_about_a_closed_door_is_told_what_and_at_which_port():
    assert "UDP port 4433" in the("reach", seen(outside_age_s=None)).advice


def test_behind_a_router_there_is_a_hint_and_nothing_that_must_be_done():
    evidence = seen(outside_age_s=None, is_seen_own=False)

    hint = reach(evidence).advice

    assert the("reach", evidence).advice == ""
    assert "If your provider offers IPv6" in hint
    assert "port" not in hint  # one that no other would hear of


def test_with_an_address_of_the_internet_behind_a_firewall_there_is_a_hint_at_which_port_others_could_come():
    evidence = replace(seen(outside_age_s=None), is_announced=True)

    assert the("reach", evidence).advice == ""
    assert "UDP port 4433" in reach(evidence).advice
    assert reach(replace(evidence, port="")).advice == ""


def test_where_no_two_others_agree_on_an_address_and_there_is_no_other_nothing_is_to_be_done():
    evidence = replace(seen(outside_age_s=None, seen_at="", is_seen_own=False), is_public=False)

    assert the("reach", evidence).advice == ""
    assert "If your provider offers IPv6" in reach(evidence).advice


def test_a_practice_network_is_never_taken_for_the_internet():
    at_home = replace(seen(outside_age_s=None, nearby_age_s=5.0, seen_at="", outside_subnets=0), is_practice=True)
    found = the("reach", at_home)
    assert (found.result, "nobody comes from the internet" in found.sentence) == ("ok", True)
    assert the("reach", replace(at_home, looks=Looks())).result == "wait"
    assert the("reach", replace(at_home, looks=Looks(nearby_age_s=PROMISE_S + 1.0))).result == "wait"


@pytest.mark.parametrize(
    ("evidence", "result", "words"),
    [
        (replace(seen(answer_age_s=None), peer_count=0), "bad", "No other computer answers."),
        (replace(seen(answer_age_s=20.0), peer_count=0), "bad", "No other computer answers."),
        (
            replace(seen(answer_age_s=None), peer_count=0, ahead_subnets=3),
            "bad",
            "a version that this one cannot speak",
        ),
        (replace(seen(answer_age_s=None), peer_count=0, up_s=ALONE_S), "wait", "checked lately"),
        (seen(answer_age_s=720.0), "bad", "For 12 minutes no other computer has given an answer that is right."),
        (seen(answer_age_s=None), "bad", "For 2 hours no other"),
    ],
)
def test_an_exchange_that_fails(evidence: Evidence, result: CheckResult, words: str):
    check = the("exchange", evidence)
    assert (check.result, words in check.sentence) == (result, True), check.sentence


@pytest.mark.parametrize(
    ("evidence", "result", "words"),
    [
        (seen(passed=0, failed=2), "bad", "2 other computers asked for a proof of a piece that should be kept here"),
        (seen(passed=3, failed=3), "bad", "3 other computers asked"),
        (seen(passed=3, failed=2), "ok", "was satisfied"),
        (seen(passed=0, failed=1), "wait", "others are still to say"),
        (seen(passed=0, failed=0), "ok", "was satisfied"),
        (seen(passed_age_s=None, passed=0), "wait", "Nobody has asked"),
        (replace(seen(passed_age_s=None, passed=0), chunk_count=0), "wait", "Nothing is kept here yet"),
    ],
)
def test_a_proof_that_this_computer_gave(evidence: Evidence, result: CheckResult, words: str):
    check = the("audit", evidence)
    assert (check.result, words in check.sentence) == (result, True), check.sentence


class TestTheSentence:
    def bad(self, *names: CheckName) -> tuple[Check, ...]:
        return tuple(
            Check(name, "bad" if name in names else "ok", f"The {name} is bad.", 1.0, "Do this.")
            for name in ("disk", "clock", "reach", "exchange", "audit")
        )

    @pytest.mark.parametrize("name", ["disk", "clock", "reach", "exchange", "audit"])
    @pytest.mark.parametrize("trial_of", ["", "0.2.0"])
    def test_nothing_is_fine_and_nothing_is_tried_out_while_a_check_is_bad(self, name: CheckName, trial_of: str):
        state, sentence = how_it_stands(replace(GOOD, checks=self.bad(name), trial_of=trial_of))
        assert (state, sentence) == ("problem" if name == "disk" else "attention", f"The {name} is bad. Do this.")

    def test_a_router_that_lets_nobody_in_is_no_reason_to_worry_whoever_can_do_nothing_about_it(self):
        closed = checks(seen(outside_age_s=None, is_seen_own=False))

        assert [check.name for check in closed if check.result == "bad"] == ["reach"]
        assert how_it_stands(replace(GOOD, checks=closed))[0] == "fine"
        assert how_it_stands(replace(GOOD, checks=closed, trial_of="0.2.0"))[0] == "trial"

    def test_a_firewall_that_can_be_opened_is_one_thing_to_do(self):
        state, sentence = how_it_stands(replace(GOOD, checks=checks(seen(outside_age_s=None))))

        assert (state, "Let UDP port 4433 through" in sentence) == ("attention", True)

    def test_what_waits_is_no_reason_to_worry_anybody(self):
        waiting = tuple(Check(check.name, "wait", check.sentence, None) for check in self.bad())
        assert how_it_stands(replace(GOOD, checks=waiting))[0] == "fine"

    def test_the_most_pressing_is_said_first(self):
        order: list[CheckName] = ["disk", "clock", "audit", "exchange", "reach"]
        said = [how_it_stands(replace(GOOD, checks=self.bad(*order[k:])))[1] for k in range(len(order))]
        assert said == [f"The {name} is bad. Do this." for name in order]

    def test_a_wrong_clock_is_named_as_the_reason_why_nobody_is_reached(self):
        lonely = replace(GOOD, peer_count=0, checks=self.bad("clock", "exchange"))
        assert how_it_stands(lonely)[1].startswith("The clock is bad.")
        assert "no other vault" in how_it_stands(replace(lonely, checks=self.bad("exchange")))[1]

    def test_a_shrinking_that_goes_on_is_told_before_what_only_others_could_change(self):
        shrinking = replace(GOOD, handover=Handover(1, 2), checks=self.bad("reach", "exchange"))
        assert how_it_stands(shrinking)[1].startswith("Shrinking")


def test_spans_are_as_rough_as_a_person_says_them():
    said = [span(seconds) for seconds in (1.0, 300.0, 5400.0, 7200.0, 86_400.0, 10 * 86_400.0, 2 * YEAR_S)]
    assert said == ["1 minute", "5 minutes", "90 minutes", "2 hours", "24 hours", "10 days", "2 years"]
