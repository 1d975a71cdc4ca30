"""What the node says is said by the app in its own words, for every sentence that has a code."""

from __future__ import annotations

import ast
import errno
import inspect
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gui.stories.checks import tell_checks
from gui.stories.home import tell
from gui.stories.network import NetworkSeen, tell_network
from gui.stories.notifications import Told as Remembered
from gui.stories.notifications import wanted
from gui.texts import why as why_texts
from gui.texts.node import say
from gui.texts.plain import plain
from gui.texts.said import in_words, status_in_words, without_advice
from gui.texts.why import say_why
from installers.translate import ROOT
from node.api import (
    check_texts,
    doctor_texts,
    health,
    invitation_texts,
    program_texts,
    request_texts,
    texts,
    wishes,
)  # fmt: skip
from node.api.schema import Check, Handover, Reach, Said, Space, Updates
from node.api.told import Told
from node.keys import bare, sealed
from node.trust.freshness import Freshness
from node.update import developers
from tests.gui.network_samples import NETWORKS
from tests.gui.samples import NEXT, NOW, NOW_S, live, status, update
from tests.unit.test_health import GB, GOOD

VALUES: dict[str, object] = {"why": "it is full", "port": "4433"}
REFUSING = (invitation_texts, request_texts, texts, wishes, doctor_texts)
# Said otherwise on purpose: without words of the command line, and without such as one must have learnt.
OTHERWISE = {
    "home.root_replaced", "key.gone", "key.other_home", "key.other_places", "network.none_shipped", "port.in_use",
    "settings.quota_range", "updates.unread", "vault.doubled", "vault.too_old", "api.token", "api.host", "api.origin",
}  # fmt: skip
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


def of_refusals() -> list[Told]:
    """Everything that is refused with a code, and why the node does not start."""
    found = []
    for module in REFUSING:
        for function in vars(module).values():
            if not inspect.isfunction(function) or function.__module__ != module.__name__:
                continue
            signature = inspect.signature(function)
            if signature.return_annotation != "Told":
                continue
            for number in (1, 3):
                given = {
                    name: number if name == "vaults" else some(of.annotation, number)
                    for name, of in signature.parameters.items()
                }
                found.append(function(**given))
    return found


def some(annotation: str, number: int) -> object:
    """A value of a type that a sentence is made of."""
    values: dict[str, object] = {
        "Path": Path("/home/ada/perennial"), "int": number * GB, "float": float(number), "bool": number == 1,
        "str": "4433" if number == 1 else "it is full", "Told": texts.no_keyring(), "port": 4433,
        "OSError": OSError(errno.ENOSPC, "it is full"), "BaseException": OSError(errno.ENOSPC, "it is full"),
    }  # fmt: skip
    return values[annotation]


def of_the_status() -> list[Told]:
    full = Space(110_000_000, 100_000_000, 30)
    changes: tuple[dict[str, object], ...] = (
        {}, {"peer_count": 1}, {"trial_of": "0.2.0"}, {"disk_trouble": "it is full"},
        {"failures": 2, "failure": "it ended"}, {"failures": 1, "failure": "it ended", "silent_s": None},
        {"silent_s": None}, {"silent_s": 33.0}, {"store_trouble": "storage.gone"}, {"store_trouble": "resource.disk"},
        {"store_trouble": "resource.disk", "free_bytes": GB}, {"space": full}, {"peer_count": 0},
        {"peer_count": 0, "ahead_subnets": 3},
        {"peer_count": 0, "has_met": False}, {"peer_count": 0, "has_met": False, "up_s": 1.0},
        {"handover": Handover(1, 2), "space": full}, {"handover": Handover(0, 1), "space": full},
        {"is_doubled": True}, {"leave_s": 9.0}, {"leave_s": 9.0, "handover": Handover(2, 5)}, {"leave_s": 0.0},
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


AT_THE_DOOR = [request_texts.refused_at_door(code) for code in ("api.token", "api.origin", "api.host")]
EVERYTHING = [*of_checks(), *of_the_status(), *of_the_developers(), *of_refusals(), *of_programs(), *AT_THE_DOOR]


# Reasons that stand within sentences; the first ones are what this system says.
WHYS = [
    *map(os.strerror, (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOENT, errno.EISDIR,
                       errno.ENOTDIR, errno.EDQUOT, errno.ENOSYS, errno.EADDRINUSE)),
    "vault/0.2.0: a file was lost meanwhile: x", "chunk 0a1b2c3d could not be had in 8 tries",
    "vault/0.2.0: 99 bytes are over 9", "it has ended", "it answered too slowly",
    texts.disk_refuses(OSError(errno.ENOSPC, "")), texts.disk_refuses(OSError(errno.ENOSPC, ""), has_room=True),
    texts.disk_low(2_000_000), wishes.settings_newer(3),
    wishes.no_version(-1), "longer than 65536 bytes", "it is longer than 65536 bytes", "it is over 65536 bytes",
    "a key has 32 bytes", bare.DAMAGED, sealed.DAMAGED, texts.vault_ended(3, ""), texts.vault_ended(3, "Bad luck."),
    texts.vault_ended(-9, ""), texts.vault_ended(-15, ""), texts.vault_silent(30), texts.vault_not_listening(30),
    texts.slot_mismatch("a" * 64, "b" * 64), texts.no_common_control((1, 2)), texts.not_its_record(),
    texts.not_hello("State"), texts.no_common_wire((1, 2)),
]  # fmt: skip


def test_every_sentence_of_the_node_is_said_in_everyday_words():
    for told in EVERYTHING:
        said = " ".join(say(one) or "" for one in told.said)
        is_otherwise = any(one.code in OTHERWISE for one in told.said)
        assert said.endswith(".") if is_otherwise else said == plain(told.sentence), told


def test_what_is_damaged_of_the_updates_is_left_to_the_log():
    unread = texts.updates_wait("the history of updates cannot be read: JSON is malformed: invalid character (byte 0)")

    assert in_words(unread.sentence, unread.said) == (
        "Updates wait, because what was kept of them cannot be read; your pieces are served as before."
        " Whoever helps you needs the diagnostics file, which Help saves."
    )


@pytest.mark.parametrize(
    ("told", "to_do"),
    [
        (texts.updates_stopped(), "Quit it and start it again, and they go on."),
        (texts.updates_wait("it is damaged"), "Whoever helps you needs the diagnostics file, which Help saves."),
        (texts.broken_answer(), "Quit Perennial and start it again."),
    ],
)
def test_what_does_not_end_by_itself_is_told_with_what_to_do(told: Told, to_do: str):
    assert in_words(told.sentence, told.said).endswith(f". {to_do}")


def test_no_code_of_the_node_was_left_out():
    codes = set()
    for path in (ROOT / "node").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "from node.api.told import" in text:
            codes |= codes_in(text)
    assert codes == {one.code for told in EVERYTHING for one in told.said}
    assert codes >= OTHERWISE


def codes_in(text: str) -> set[str]:
    """All codes that are named; the clock has two sides."""
    found = set()
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "told":
            named = ast.unparse(call.args[0]).removeprefix("f").strip("'")
            found |= {named.replace("{side}", side) for side in ("behind", "ahead")}
    return found


@pytest.mark.parametrize("why", WHYS)
def test_each_reason_within_a_sentence_has_its_words_in_the_app(why: str):
    assert any(re.fullmatch(pattern, why) for pattern in why_texts.TEXTS)


def test_what_a_system_says_itself_is_shown_as_it_is():
    assert say_why("the moon is full of vaults") == "the moon is full of vaults"


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

    def test_and_only_once_where_the_node_says_it_in_other_words(self):
        refused = Check("disk", "bad", "XX.", NOW_S, "YY.", said=(Said("disk.refused", {"why": "it is full"}),))
        said = (Said("home.refused", {"why": "it is full"}),)

        assert tell_checks(msgspec.structs.replace(self.BROKEN, checks=(refused,), said=said), NOW).remarks == ()
        assert tell_checks(msgspec.structs.replace(self.BROKEN, checks=(self.GONE,), said=said), NOW).remarks == (
            "The disk with the pieces is not there.",
        )

    def test_in_a_notification(self):
        (note,) = wanted(live(self.BROKEN), NOW_S, Remembered(first_s=1.0))

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
    stopped = developers.stopped(Updates((), (), halted), Told("Updates wait."))
    assert developers.trouble(stopped, NEXT) == Told("Updates wait.")
