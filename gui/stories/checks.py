"""What was looked at, told as the proof on Home.  Pure: no Qt, no clock.

A tick is a promise for ``TICK_S_MAX``: after it nobody knows, and three dots say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gui.stories.evidence import Mark
from gui.texts import app as texts
from gui.texts.said import in_words, status_in_words
from node.api.schema import Check, CheckName, Status

TICK_S_MAX: Final = 600.0
_ALIKE: Final = {"disk.refused", "home.refused"}  # what the check says, and what the node says of it
# Which check has found what the node's own sentence says in other words, by the beginning of its code.
_FOUND_BY: Final[tuple[tuple[str, CheckName], ...]] = (
    ("home.refused", "disk"), ("store.gone", "disk"), ("alone.", "exchange"),
)  # fmt: skip
_DOUBLED: Final = {"exchange.end_other", "vault.doubled"}  # an advice, and the node's sentence that gives it itself
_NAMES: Final[tuple[CheckName, ...]] = ("disk", "clock", "reach", "exchange", "audit")


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that was looked at: its mark, a few words, and the whole sentence of the node."""

    mark: Mark
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class ChecksStory:
    """``remarks``: what is to be said of what is not as it should be.  ``looked``: how old the oldest tick is."""

    proofs: tuple[Proof, ...]
    remarks: tuple[str, ...]
    looked: str


def tell_checks(status: Status | None, now: datetime) -> ChecksStory:
    """Tell what was looked at; ``status`` is None when nothing can be known now."""
    if status is None or not status.checks:
        proofs = tuple(Proof("wait", texts.CHECKS[name, "wait"]) for name in _NAMES)
        return ChecksStory(proofs, (), texts.NOT_LOOKED)
    is_trouble = status.state == "problem"
    is_starting = status.state == "starting"  # then nothing is known yet, and that is no news
    named = trouble(status)
    proofs = tuple(_proof(check, now, is_trouble=is_trouble) for check in status.checks)
    remarks = tuple(
        proof.why if check is named else f"{proof.why} {_advice(check, status)}".rstrip()
        for check, proof in zip(status.checks, proofs, strict=True)
        if check.result != "ok" and proof.why and not _is_told(check, proof.why, status) and not is_starting
    )
    return ChecksStory(proofs, remarks, _looked(status.checks, now))


def trouble(status: Status) -> Check | None:
    """The check that has found what the node's own sentence is about; None where that is about something else."""
    bad = [check for check in status.checks if check.result == "bad"]
    for check in bad:
        if check.sentence in status.sentence:
            return check
    if not status.said:  # it may be about any of them
        return bad[0] if bad else None
    code = status.said[0].code
    found_by = {name for prefix, name in _FOUND_BY if code.startswith(prefix)}
    return next((check for check in bad if check.name in found_by), None)


def _advice(check: Check, status: Status) -> str:
    """What to do about a check that the node's own sentence is not about; "" if nothing, or if it need not be done."""
    codes = {one.code for one in check.advised} | {one.code for one in status.said}
    if check.result != "bad" or status.state not in ("attention", "problem") or codes >= _DOUBLED:
        return ""
    return in_words(check.advice, check.advised)


def _proof(check: Check, now: datetime, *, is_trouble: bool) -> Proof:
    result = "wait" if check.result == "ok" and not _is_fresh(check, now) else check.result
    mark: Mark = "ok" if result == "ok" else "wait"
    if result == "bad":
        is_nobodys = check.name == "reach" and not check.advice  # then nobody here could change it
        mark = "note" if is_nobodys else "fault" if is_trouble else "bad"
    return Proof(mark, texts.CHECKS[check.name, result], in_words(check.sentence, check.said))


def _is_told(check: Check, why: str, status: Status) -> bool:
    """Whether the node's own sentence says it already, be it in other words."""
    codes = {one.code for one in check.said} | {one.code for one in status.said}
    return why in status_in_words(status) or codes >= _ALIKE


def _is_fresh(check: Check, now: datetime) -> bool:
    return check.looked_s is not None and now.timestamp() - check.looked_s <= TICK_S_MAX


def _looked(checks: tuple[Check, ...], now: datetime) -> str:
    ages = [now.timestamp() - (check.looked_s or 0.0) for check in checks if check.result == "ok"]
    fresh = [age for age in ages if age <= TICK_S_MAX]
    if fresh:
        return texts.looked_ago(max(fresh))
    known = [check.looked_s for check in checks if check.looked_s is not None]
    return texts.last_look(texts.at(max(known), now)) if known else texts.NOT_LOOKED
