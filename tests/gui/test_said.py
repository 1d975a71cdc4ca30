"""What the node says is said by the app in its own words, for every sentence that has a code."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from gui.checks_story import tell_checks
from gui.network_story import NetworkSeen, tell_network
from gui.node_texts import say
from gui.notifications import Told as Remembered
from gui.notifications import wanted
from gui.plain import plain
from gui.said import in_words, status_in_words, without_advice
from gui.story import tell
from installers.translate import ROOT
from node.api import check_texts, health, program_texts
from node.api.schema import Check, Handover, Reach, Said, Space, Updates
from node.api.told import Told
from node.trust.freshness import Freshness
from node.update import developers
from tests.gui.network_samples import NETWORKS
from tests.gui.samples import NEXT, NOW, NOW_S, live, status, update
from tests.unit.test_health import GB, GOOD

VALUES: dict[str, object] = {"why": "it is full", "port": "4433"}
SECONDS = (61.0, 8000.0, 200_000.0, 90_000_000.0)


def of_checks() -> list[Told]:
    """Everything that the checks can say, of one and of many."""
    found = [thing for thing in vars(check_texts).values() if isinstance(thing, Told)]
    for function in vars(check_texts).values():
        is_own = inspect.isfunction(function) and function.__module__ == check_texts.__name__
        if not is_own or inspect.signature(function).return_annotation != "Told":
            continue
        for seconds in SECONDS:
            for number in (1, 3):
                given = {
                    name: VALUES.get(name, number if of.annotation == "int" else seconds)
                    for name, of in inspect.signature(function).parameters.items()
                }
                found.append(function(**given))
                if "ahead_s" in given:
                    found.append(function(**{**given, "ahead_s": -seconds}))
    return found


def of_the_status() -> list[Told]:
    full = Space(110_000_000, 100_000_000, 30)
    changes: tuple[dict[str, object], ...] = (
        {}, {"peer_count": 1}, {"trial_of": "0.2.0"}, {"disk_trouble": "it is full"},
        {"failures": 2, "failure": "it ended"}, {"failures": 1, "failure": "it ended", "silent_s": None},
        {"silent_s": None}, {"silent_s": 33.0}, {"store_trouble": "storage.gone"}, {"store_trouble": "resource.disk"},
        {"store_trouble": "resource.disk", "free_bytes": GB}, {"space": full}, {"peer_count": 0},
        {"peer_count": 0, "has_met": False}, {"peer_count": 0, "has_met": False, "up_s": 1.0},
        {"handover": Handover(1, 2), "space": full}, {"handover": Handover(0, 1), "space": full},
        {"leave_s": 9.0}, {"leave_s": 9.0, "handover": Handover(2, 5)}, {"leave_s": 0.0},
    )  # fmt: skip
    return [health.status_sentence(replace(GOOD, **change))[1] for change in changes]  # type: ignore[arg-type]


def of_the_developers() -> list[Told]:
    now = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)

    def news(age: timedelta, expires: timedelta, expiring: str = "timestamp", halted: datetime | None = None) -> Told:
        one = developers.news(Freshness(now - age, now + expires, expiring), halted, now)
        return Told(one.sentence, one.said)

    day = timedelta(days=1)
    unheard = developers.news(None, None, now)
    kept = msgspec.structs.replace(update("0.1.1", NEXT, "confirmed"), is_recalled=True)
    return [
        developers.trouble(Updates((kept,), ()), NEXT),
        Told(unheard.sentence, unheard.said),
        *(news(age * day, day) for age in (0, 1, 2)),
        *(news(age * day, -day) for age in (1, 40)),
        news(40 * day, -day, "snapshot"),
        news(day, day, halted=now),
    ]


def of_programs() -> list[Told]:
    found = [thing for thing in vars(program_texts).values() if isinstance(thing, Told) and thing.said]
    return [*found, *(tell("0.2.0") for tell in program_texts.REASONS.values())]


EVERYTHING = [*of_checks(), *of_the_status(), *of_the_developers(), *of_programs()]


def test_every_sentence_of_the_node_is_said_in_everyday_words():
    for told in EVERYTHING:
        assert len(told.said) == 1, told
        assert say(told.said[0]) == plain(told.sentence), told


def test_no_code_of_the_node_was_left_out():
    codes = set()
    for path in (ROOT / "node").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "from node.api.told import" in text:
            codes |= codes_in(text)
    assert codes == {one.code for told in EVERYTHING for one in told.said}


def codes_in(text: str) -> set[str]:
    """All codes that are named; the clock has two sides."""
    found = set()
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "told":
            named = ast.unparse(call.args[0]).removeprefix("f").strip("'")
            found |= {named.replace("{side}", side) for side in ("behind", "ahead")}
    return found


def test_what_is_told_changes_only_with_its_words():
    for seconds in (601.0, 8000.0, 200_000.0):
        assert check_texts.disk_looked(seconds) == check_texts.disk_looked(seconds + 1)


class TestACodeThatIsNotKnown:
    @pytest.mark.parametrize(
        "said",
        [
            Said("disk.evaporated"),
            Said("disk.looked"),
            Said("disk.looked", {"age_s": "long"}),
            Said("developers.halted", {"since_s": 10**18}),
            Said("clock.behind", {"others": "few", "off_s": 600}),
        ],
        ids=lambda said: f"{said.code}-{said.values}",
    )
    def test_leaves_the_sentence_as_the_node_says_it(self, said: Said):
        assert in_words("The vault has evaporated.", (said,)) == "Perennial has evaporated."

    def test_so_does_one_beside_another_that_is_known(self):
        both = (Said("disk.works"), Said("disk.evaporated"))
        assert in_words("It works. It is gone.", both) == "It works. It is gone."


class TestWhereItIsShown:
    """The sentence is one of a later node; what is shown comes from its code, which is known."""

    GONE = Check("disk", "bad", "XX.", NOW_S, "YY.", said=(Said("disk.gone"),), advised=(Said("disk.plug_in"),))
    BROKEN = msgspec.structs.replace(
        status(state="problem", sentence="XX. YY.", is_practice=False),
        checks=(GONE,),
        said=(Said("disk.gone"), Said("disk.plug_in")),
    )

    def test_on_home(self):
        home = tell(live(self.BROKEN), NOW).home

        assert (home.headline, home.lead) == ("The disk with the pieces is not there.", "Plug it back in.")
        assert without_advice(self.BROKEN, self.GONE) == home.headline
        assert status_in_words(self.BROKEN) == f"{home.headline} {home.lead}"

    def test_in_the_proof(self):
        told = tell_checks(self.BROKEN, NOW)

        assert told.proofs[0].why == "The disk with the pieces is not there."
        assert told.remarks == ()  # the headline has said it

    def test_in_a_notification(self):
        note = wanted(live(self.BROKEN), NOW_S, Remembered(first_s=1.0))

        assert note is not None
        assert (note.title, note.body[:17]) == ("The disk with the pieces is not there", "Plug it back in. ")

    def test_on_the_network_page(self):
        reach = Reach(
            "closed", "XX.", None, "YY.", said=(Said("reach.router"),), advised=(Said("reach.switch_on_ipv6"),)
        )
        view = NETWORKS["small"].view
        assert view is not None

        fact = tell_network(
            NetworkSeen(msgspec.structs.replace(view, reach=reach), None, NOW_S, is_live=True), NOW
        ).facts[0]

        assert fact.text.startswith("Your router lets nobody in")
        assert fact.under.startswith("It helps all the same")


def test_what_stops_updates_is_told_once_and_by_its_code():
    halted = developers.news(None, datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))

    found = developers.trouble(Updates((), (), halted), NEXT)

    assert health.status_sentence(replace(GOOD, other_trouble=found)) == ("attention", found)
    assert found.said[0].code == "developers.halted"
    assert developers.trouble(Updates((), (), halted), NEXT, "Updates wait.") == Told("Updates wait.")
