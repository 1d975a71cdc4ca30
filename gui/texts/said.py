"""What the node says, as the app says it: by its code, and where that is not known in the node's own words.  Pure."""

from __future__ import annotations

from gui.texts.node import say
from gui.texts.plain import plain
from node.api.schema import Check, Said, Status


def in_words(sentence: str, said: tuple[Said, ...]) -> str:
    """The sentence in the app's language; in everyday English where a part of it has no text here."""
    parts = [say(one) for one in said]
    known = [part for part in parts if part is not None]
    return " ".join(known) if known and len(known) == len(parts) else plain(sentence)


def status_in_words(status: Status) -> str:
    return in_words(status.sentence, status.said)


def without_advice(status: Status, check: Check | None) -> str:
    """What the node says of itself, without the advice of the check that it may end with."""
    if check is None or not check.advice:
        return status_in_words(status)
    said = status.said
    if check.advised and said[-len(check.advised) :] == check.advised:
        said = said[: -len(check.advised)]
    return in_words(status.sentence.removesuffix(check.advice).rstrip(), said)
