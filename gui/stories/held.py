"""How the running version is shut off from the person's files, told honestly.  Pure: no Qt, no clock.

The first page of all says that it reads none of these files.  That is what it does; this is what it could do.
"""

from __future__ import annotations

from typing import Final

from gui.stories.checks import Proof
from gui.stories.evidence import Mark
from gui.stories.releases import UNPROVEN
from gui.texts import app as texts
from gui.texts.sandbox import say_shut_off
from node.api.schema import SandboxLevel, Status

_MARKS: Final[dict[SandboxLevel, Mark]] = {"full": "ok", "partial": "note", "none": "bad"}


def tell_held(status: Status | None) -> Proof:
    """Tell it; ``status`` is None when nothing can be known now."""
    if status is None or (status.sandbox == "none" and status.state in UNPROVEN):
        return Proof("wait", texts.SHUT_OFF_UNKNOWN)  # perhaps only because nothing runs that could be shut off
    text = texts.SHUT_OFF[status.sandbox]
    if status.sandbox == "partial" and not status.is_sandbox_tried:
        text = texts.SHUT_OFF_UNTRIED
    return Proof(_MARKS[status.sandbox], text, " ".join((texts.SHUT_OFF_MEANS[status.sandbox], *reasons(status))))


def reasons(status: Status) -> tuple[str, ...]:
    """Why it is no better, a sentence each."""
    return tuple(say_shut_off(one) or f"{one[:1].upper()}{one[1:].rstrip('.')}." for one in status.sandbox_reasons)
