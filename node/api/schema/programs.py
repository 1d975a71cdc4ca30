"""Which program runs, that is the app and its runtime, and which ones were left."""

from __future__ import annotations

import msgspec

from node.api.schema.said import Said


class ProgramInUse(msgspec.Struct, frozen=True):
    """What this node itself is: an app and the runtime it runs on, by their tree hashes; "" for the installed one."""

    version: str
    app: str = ""
    runtime: str = ""


class ProgramLeft(msgspec.Struct, frozen=True):
    """A program that did not start, or not well, and was left for another one.

    ``sentence`` is meant for a person.  ``version`` is "" where it is not known which one that was.
    """

    at_s: float
    version: str
    app: str
    to: str  # the app that runs instead; "" for the installed one
    sentence: str
    said: tuple[Said, ...] = ()  # the sentence as data
