"""What the doctor finds."""

from __future__ import annotations

from typing import Literal

import msgspec

FindingName = Literal["python", "system", "sandbox", "keyring", "home", "disk", "port", "api", "node"]
FindingResult = Literal["ok", "lacking", "bad", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.  ``lacking``: it works without, but less well.  ``bad``: it does not work so."""

    name: FindingName
    result: FindingResult
    sentence: str  # for a person
    advice: str = ""  # what a person can do; "" if there is nothing, or no need


class Examination(msgspec.Struct, frozen=True):
    """All that was looked at.  ``sentence``: the most important of it."""

    sentence: str
    findings: tuple[Finding, ...]
