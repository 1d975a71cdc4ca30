"""The part of the control contract that is about ranks: what other vaults say of each other, carried unread.

A vault knows those around its own position.  Twins on trial stand elsewhere: whoever shares chunks with them, and so
can say anything of them, is found by looking there.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

AROUND_SINCE: Final = 6  # the control version from which on others than the known ones are asked, and the size is told
AROUND_MAX: Final = 4  # addresses in one command
COLLECTING_S: Final = 45.0  # after the command: then what has come is told, however little

Address = Annotated[bytes, Meta(min_length=32, max_length=32)]


class _Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class NeighbourTable(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One peer's encoded, signed ``core.ranking.RankTable``, and what this vault itself knows of that peer."""

    subnet: str  # from which it is really seen
    known_s: float  # since this vault first met it; 0 for one that it met only now
    table: bytes


class RankTables(_Message, frozen=True):
    """``network_size``: about how many vaults the network has, this one included; 0: not told (version 6)."""

    id: int
    tables: tuple[NeighbourTable, ...]
    network_size: Annotated[int, Meta(ge=0)] = 0


class FetchRankTables(_Message, frozen=True):
    """Ask every known peer for its rank table.  Answer: RankTables, within COLLECTING_S.

    Before them those that stand around the addresses ``around`` (version 6), whom this vault looks up for it.
    """

    id: int
    around: Annotated[tuple[Address, ...], Meta(max_length=AROUND_MAX)] = ()


def command_of(command: FetchRankTables, version: int) -> FetchRankTables:
    """The command as the control ``version`` has it."""
    return command if version >= AROUND_SINCE else FetchRankTables(command.id)


def report_of(report: RankTables, version: int) -> RankTables:
    """The report as the control ``version`` has it."""
    return report if version >= AROUND_SINCE else RankTables(report.id, report.tables)
