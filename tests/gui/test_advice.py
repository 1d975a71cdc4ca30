"""An advice stands with the sentence that it belongs to, and once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gui.stories.home import HomeStory, tell
from node.api import check_texts
from node.api.health import status_sentence
from node.api.schema import Check, CheckName, Handover, Space
from node.api.told import Told
from tests.gui.samples import NOW, checks, live, real
from tests.unit.test_health import GB, GOOD


def bad(name: CheckName, sentence: Told, advice: Told) -> Check:
    return Check(name, "bad", sentence.sentence, None, advice.sentence, sentence.said, advice.said)


NOBODY = bad("reach", check_texts.reach_nobody(86_400.0), check_texts.reach_nobody_advice("4433"))
ALONE = bad("exchange", check_texts.EXCHANGE_ALONE, check_texts.EXCHANGE_ADVICE)
DOUBLED = bad("exchange", check_texts.EXCHANGE_ALONE, check_texts.EXCHANGE_DOUBLED_ADVICE)
GONE = bad("disk", check_texts.DISK_GONE, check_texts.DISK_GONE_ADVICE)
OPEN_PORT = "Let UDP port 4433 through the firewalls of this computer and of your router."
NOBODY_CAME = "Nobody on the internet has come by himself for 24 hours or more."
FULL = Space(132 * GB, 100 * GB, 1204)


def home(check: Check, **health: object) -> HomeStory:
    """What Home says where the node finds this check bad, and whatever else."""
    looked = checks(check)
    state, told = status_sentence(replace(GOOD, checks=looked, **health))  # type: ignore[arg-type]
    return tell(live(real(state, told.sentence, said=told.said, checks=looked)), NOW).home


@pytest.mark.parametrize(
    "health",
    [
        {"store_trouble": "resource.disk", "free_bytes": GB},
        {"handover": Handover(3, 9), "space": FULL},
        {"space": FULL},
        {"is_doubled": True},
    ],
    ids=["full", "shrinking", "over", "doubled"],
)
def test_the_advice_for_something_else_does_not_stand_under_the_nodes_sentence(health: dict[str, object]):
    told = home(NOBODY, **health)

    assert OPEN_PORT not in told.lead
    assert told.checks.remarks == (f"{NOBODY_CAME} {OPEN_PORT}",)


def test_the_advice_for_what_the_nodes_sentence_is_about_stands_under_it_and_nowhere_else():
    told = home(NOBODY)

    assert told.lead == f"{NOBODY_CAME}\n{OPEN_PORT}"
    assert told.checks.remarks == ()


@pytest.mark.parametrize(
    ("check", "health", "advice", "remark"),
    [
        (ALONE, {"peer_count": 0}, "Look whether this computer is connected to the internet.",
         "No other computer answers."),
        (GONE, {"store_trouble": "storage.gone"}, "Plug it back in.", "The disk with the pieces is not there."),
    ],
    ids=["alone", "gone"],
)  # fmt: skip
def test_so_does_the_advice_of_the_check_that_has_found_what_the_node_says_in_other_words(
    check: Check, health: dict[str, object], advice: str, remark: str
):
    told = home(check, **health)

    assert told.lead.endswith(f"\n{advice}")
    assert told.checks.remarks == (remark,)


def test_of_two_computers_with_one_key_it_is_said_once_what_to_do_and_help_says_more():
    told = home(DOUBLED, is_doubled=True, peer_count=0)

    assert told.lead == (
        "Another computer runs with the key of this one, and others count only one of the two. End the other one: type"
        " perennial leave in a terminal there, or delete its copy of the folder."
    )
    assert told.checks.remarks == ("No other computer answers.",)
    assert told.action == "help"
