"""How a version is shut off, told honestly: what it could do beside what it does, and why it is no better."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from gui.stories.checks import Proof
from gui.stories.home import tell
from gui.texts import app as texts
from gui.texts import welcome as welcome_texts
from gui.texts.sandbox import say_shut_off
from node.api.schema import SandboxLevel
from node.sandbox import container, windows
from node.sandbox.report import UNTRIED, Facts, Outcome, SandboxReport, confront, rate, uncontained
from tests.gui.samples import NOW, live, real

LACKING = (
    "memory limit", "capabilities", "end with the supervisor", "no new privileges", "Landlock", "seccomp", "limits",
    "sandbox-exec",
)  # fmt: skip
NOTHING_HOLDS = Facts(
    landlock_abi=0, files=False, scopes=False, tcp=False, udp=False, seccomp=False, memory_bytes=None, is_root=True,
    has_capabilities=True, is_tried=True,
    missing=(*(f"{what}: Function not implemented" for what in LACKING), "memory: there is no limit to it"),
)  # fmt: skip
DONE, NOT_DONE = Outcome("files", "it", is_allowed=True, detail=""), Outcome("work", "it", is_allowed=False, detail="")
BROKEN_OUT = confront(SandboxReport("full"), (DONE, NOT_DONE))
GIVEN = (
    UNTRIED, *rate(NOTHING_HOLDS).reasons, *BROKEN_OUT.reasons, *uncontained().reasons,
    "there is a self-test for Linux only", "the self-test did not run: it said nothing",
    windows.OPEN_ON_WINDOWS, "the clipboard stays open to it", container.TCP_STAYS_OPEN, container.STORE_STAYS_OPEN,
    *container.free("it could not", SandboxReport("none")).reasons,
)  # fmt: skip


def held(**changes: object) -> Proof:
    return tell(live(msgspec.structs.replace(real(), **changes)), NOW).held


@pytest.mark.parametrize("level", get_args(SandboxLevel))
def test_the_first_page_and_updates_say_the_same_of_the_files_of_a_person(level: SandboxLevel):
    assert welcome_texts.NEVER[0].startswith("It reads none of your files; Updates says how firmly")
    assert held(sandbox=level).why.startswith("It reads none of ")


def test_one_that_nobody_tried_on_such_a_system_is_said_to_be_untried_and_says_why():
    proof = held(sandbox="partial", is_sandbox_tried=False, sandbox_reasons=(UNTRIED, "no limit"))

    assert (proof.mark, proof.text) == ("note", "Partly shut off, never tried on this system")
    assert proof.why == f"{texts.SHUT_OFF_MEANS['partial']} This has never been tried on this system. No limit."


@pytest.mark.parametrize("reason", GIVEN)
def test_each_reason_why_it_is_no_better_has_its_words_in_the_app(reason: str):
    assert say_shut_off(reason).endswith(".")


def test_one_of_another_version_is_shown_in_its_own_words():
    assert say_shut_off("it has a back door") == ""
    assert held(sandbox="partial", sandbox_reasons=("it has a back door",)).why.endswith(" It has a back door.")
