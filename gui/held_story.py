"""How the running version is shut off from the person's files, told honestly.  Pure: no Qt, no clock."""

from __future__ import annotations

from typing import Final

from gui import texts
from gui.checks_story import Proof
from gui.release_story import Mark
from node.api.schema import SandboxLevel, Status

UNPROVEN: Final = ("starting", "problem")  # states in which a node's figures may be old ones
_MARKS: Final[dict[SandboxLevel, Mark]] = {"full": "ok", "partial": "note", "none": "bad"}


def tell_held(status: Status | None) -> Proof:
    """Tell it; ``status`` is None when nothing can be known now."""
    if status is None or (status.sandbox == "none" and status.state in UNPROVEN):
        return Proof("wait", texts.SHUT_OFF_UNKNOWN)  # perhaps only because nothing runs that could be shut off
    text = texts.SHUT_OFF[status.sandbox]
    if status.sandbox == "partial" and not status.is_sandbox_tried:
        text = texts.SHUT_OFF_UNTRIED
    return Proof(_MARKS[status.sandbox], text, "; ".join(status.sandbox_reasons))
