"""What the doctor finds."""

from __future__ import annotations

from typing import Literal

import msgspec

from node.api.schema.said import Said

FindingName = Literal["python", "system", "sandbox", "keyring", "home", "disk", "port", "api", "node"]
FindingResult = Literal["ok", "lacking", "bad", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.  ``lacking``: it works without, but less well.  ``bad``: it does not work so."""

    name: FindingName
    result: FindingResult
    sentence: str  # for a person
    advice: str = ""  # what a person can do; "" if there is nothing, or no need
    said: tuple[Said, ...] = ()  # the sentence as data; empty where it has no code


class Examination(msgspec.Struct, frozen=True):
    """All that was looked at.  ``sentence``: the most important of it.

    ``free_bytes``: of the disk on which the home lies or would lie; None: it did not say.  ``has_network``: whether the
    program was made for a network, so that a home can be made without the file of one.
    """

    sentence: str
    findings: tuple[Finding, ...]
    free_bytes: int | None = None
    has_network: bool = False
