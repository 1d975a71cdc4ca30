"""One figure that has been asked for, and whether it is reached.  A benchmark's ``measure()`` returns some of them."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from typing import Any

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


def line(row: Row) -> str:
    return f"{'ok' if row.is_met else 'MISSED':6}  {row.figure:>12g}  {row.limit:22}  {row.what}"


def tell(row: Row) -> Row:
    """Say at once, beside the output, what one row came to."""
    print(line(row), file=sys.stderr, flush=True)
    return row


def figures_of(rows: list[Row]) -> dict[str, Any]:
    return {"rows": [asdict(row) for row in rows], "is_met": all(row.is_met for row in rows)}


def show(figures: dict[str, Any]) -> None:
    """Print what ``figures_of`` made."""
    for row in figures["rows"]:
        print(line(Row(**row)))
        print("    " + ", ".join(f"{name} {value}" for name, value in row["detail"].items()))
