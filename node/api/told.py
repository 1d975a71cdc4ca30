"""A sentence for a person, together with what it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from node.api.schema.said import Said


@dataclass(frozen=True, slots=True)
class Told:
    """``said`` names every sentence in it; it is empty where a part comes from elsewhere and has no name."""

    sentence: str
    said: tuple[Said, ...] = ()

    def __str__(self) -> str:
        return self.sentence

    def then(self, other: Told) -> Told:
        """Both, one after the other."""
        if not self.said or not other.said:
            return Told(f"{self.sentence} {other.sentence}".strip())
        return Told(f"{self.sentence} {other.sentence}", (*self.said, *other.said))


def told(code: str, sentence: str, **values: int | str) -> Told:
    return Told(sentence, (Said(code, values),))


NOTHING = Told("")


class ToldError(Exception):
    """An error whose message is a sentence for a person, with what that is made of where it is known."""

    def __init__(self, found: Told | str = "") -> None:
        self.told = found if isinstance(found, Told) else Told(found)
        super().__init__(self.told.sentence)
