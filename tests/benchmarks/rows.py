"""One figure that has been asked for, and whether it is reached.  A benchmark's ``measure()`` returns some of them."""

from __future__ import annotations

from dataclasses import dataclass, field

Detail = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Row:
    """``limit`` is for readers ("<= 6 x"); ``is_met`` says what became of it.  A figure that is only printed is met."""

    what: str
    figure: float
    limit: str
    is_met: bool
    detail: Detail = field(default_factory=dict)


def at_most(what: str, figure: float, limit: float, unit: str, detail: Detail) -> Row:
    return Row(what, round(figure, 4), f"<= {limit:g} {unit}".rstrip(), figure <= limit, detail)


def at_least(what: str, figure: float, limit: float, unit: str, detail: Detail) -> Row:
    return Row(what, round(figure, 4), f">= {limit:g} {unit}".rstrip(), figure >= limit, detail)


def printed(what: str, figure: float, unit: str, detail: Detail) -> Row:
    return Row(what, round(figure, 4), f"printed, {unit}", is_met=True, detail=detail)
