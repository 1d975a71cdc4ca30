"""The first run: what was found on this computer and what a person chose, told for its pages.  Pure: no Qt, no disk.

Nothing is made before everything that must be chosen is chosen, and a fingerprint is only ever what a person typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from gui.stories.home import Seen, Sign, Story
from gui.stories.resources import SPACE_BYTES_MIN, Scale, SwitchStory, left, lendable, space_scale
from gui.texts import welcome as words
from gui.texts.said import in_words
from node.api.schema import (
    PASSPHRASE_CHARACTERS_MIN,
    Examination,
    KeyPlace,
    Space,
)

SHARE_OF_FREE: Final = 10  # a tenth of what is free is a good start
_FINGERPRINT: Final = re.compile("[0-9a-f]{64}")
_HEX: Final = re.compile("[0-9a-f]*")

Place = Literal["top", "bottom", "bar", "none"]  # where the tray is; "bar": somewhere; "none": there is none


@dataclass(frozen=True, slots=True)
class Found:
    """What a home that is made here would find.  ``trouble``: why none can be made; ``keyring``: why it is no use."""

    free_bytes: int | None
    has_network: bool
    keyring: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has chosen so far.  ``quota_bytes``: 0 until the slider was moved; ``network``: the file's path."""

    quota_bytes: int = 0
    network: str = ""
    fingerprint: str = ""
    key_place: KeyPlace = "passphrase"  # it counts only where the keyring is no use
    passphrase: str = field(default="", repr=False)
    repeated: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ChoiceStory:
    """``hindrance``: what is still to be done before anything can be made, else "".

    ``can_look_again``: another look at the computer could find it otherwise.
    """

    hindrance: str
    is_looking: bool
    can_look_again: bool
    has_room: bool
    space: Scale
    quota_bytes: int
    free: str
    leaves: str
    asks_for_network: bool
    network: str
    asks_for_key: bool
    keyring: str
    key_means: str
    asks_for_passphrase: bool


@dataclass(frozen=True, slots=True)
class ArrivalStory:
    """The last page: how it stands, how many others were found, and whether it starts by itself."""

    sign: Sign
    sentence: str
    others: str
    login: SwitchStory
    refused: str


def found(examined: Examination) -> Found:
    of = {finding.name: finding for finding in examined.findings}
    home, keyring = of.get("home"), of.get("keyring")
    return Found(
        examined.free_bytes,
        examined.has_network,
        "" if keyring is None or keyring.result == "ok" else in_words(keyring.sentence, keyring.said),
        in_words(home.sentence, home.said) if home is not None and home.result == "bad" else "",
    )


def tell_choice(seen: Found | None, choice: Choice) -> ChoiceStory:
    """Tell it; ``seen`` is None while nothing is known yet."""
    free_bytes = (seen.free_bytes if seen else None) or 0
    scale = space_scale(SPACE_BYTES_MIN, Space(0, SPACE_BYTES_MIN, 0, free_bytes))
    quota = choice.quota_bytes or scale.values[scale.place(free_bytes // SHARE_OF_FREE)]
    asks_for_network = seen is not None and not seen.has_network
    asks_for_key = seen is not None and bool(seen.keyring)
    return ChoiceStory(
        hindrance=_hindrance(seen, choice),
        is_looking=seen is None,
        can_look_again=seen is not None and (bool(_trouble(seen)) or asks_for_key),
        has_room=lendable(free_bytes) >= SPACE_BYTES_MIN,
        space=scale,
        quota_bytes=quota,
        free=words.free(free_bytes) if free_bytes else "",
        leaves=words.leaves(left(free_bytes, quota)) if free_bytes else "",
        asks_for_network=asks_for_network,
        network=words.SHIPPED if not asks_for_network else choice.network or words.NO_FILE,
        asks_for_key=asks_for_key,
        keyring=seen.keyring if seen else "",
        key_means=words.KEY_MEANS.get(choice.key_place, ""),
        asks_for_passphrase=asks_for_key and choice.key_place == "passphrase",
    )


def making(seen: Found, choice: Choice) -> tuple[tuple[str, ...], str]:
    """With which words the node makes its home, and the line that it is given on standard input."""
    assert not _hindrance(seen, choice)
    network = ("--join",) if seen.has_network else ("--network", choice.network, "--fingerprint", _digits(choice))
    place: KeyPlace = choice.key_place if seen.keyring else "keyring"
    quota = tell_choice(seen, choice).quota_bytes
    return (*network, "--quota", str(quota), "--keys", place), choice.passphrase if place == "passphrase" else ""


def passphrase_trouble(passphrase: str, repeated: str) -> str:
    """What is wrong with a new passphrase, or ""."""
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        return words.too_short(len(passphrase), PASSPHRASE_CHARACTERS_MIN)
    return words.NOT_THE_SAME if passphrase != repeated else ""


def tell_arrival(story: Story, sign: Sign, seen: Seen) -> ArrivalStory:
    resources, status = story.resources, seen.status if seen.link == "connected" else None
    login = resources.login
    return ArrivalStory(
        sign=sign,
        sentence=story.home.headline,
        others=words.found_so_far(status.peer_count) if status is not None else words.NOT_KNOWN_YET,
        login=SwitchStory(login.is_on, login.truth, login.can_change and not resources.hindrance),
        refused=resources.refused.sentence if "starts_at_login" in resources.refused.fields else "",
    )


def _hindrance(seen: Found | None, choice: Choice) -> str:
    if seen is None:
        return words.LOOKING
    if trouble := _trouble(seen):
        return trouble
    if not seen.has_network:
        if not choice.network:
            return words.CHOOSE_FILE
        if trouble := _fingerprint_trouble(_digits(choice)):
            return trouble
    if seen.keyring and choice.key_place == "passphrase":
        return passphrase_trouble(choice.passphrase, choice.repeated)
    return ""


def _trouble(seen: Found) -> str:
    """Why no home can be made on this computer as it is now, whatever is chosen."""
    if seen.trouble:
        return seen.trouble
    if seen.free_bytes is None:
        return words.FREE_UNKNOWN
    return words.TOO_FULL if lendable(seen.free_bytes) < SPACE_BYTES_MIN else ""


def _fingerprint_trouble(digits: str) -> str:
    if not digits:
        return words.TYPE_FINGERPRINT
    if not _HEX.fullmatch(digits):
        return words.NO_FINGERPRINT
    return "" if _FINGERPRINT.fullmatch(digits) else words.fingerprint_length(len(digits), 64)


def _digits(choice: Choice) -> str:
    return "".join(choice.fingerprint.split()).lower()
