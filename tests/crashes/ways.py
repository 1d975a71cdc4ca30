"""The power fails at every file operation of an update's whole way; after it a farm is as if nothing had been.

Each disk that may be left is put down and switched on again.  Then the version that starts is whole, every acknowledged
chunk is there, the release is where it was, and its way ends as it would have ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.trust.head import encode
from node.update.driver import Updates
from tests.crashes.farm import OWN, Farm, Said, is_decided, pretended_trials, watched
from tests.crashes.platter import Disk, put_down
from tests.signed_world import World
from tests.unit.test_trust_recall import recalls
from tests.unit.test_update_driver import tree_of

RELEASE = "vault/2"
DISKS_MIN = 50  # different ones, of each way: else nothing was seen


@dataclass(frozen=True)
class Way:
    """One way of a release: what happens on it, and how it ends."""

    end: str
    options: dict[str, Any]
    is_recalled: bool = False
    is_late: bool = False  # it is looked at from the moment on at which the release was confirmed


WAYS = {
    "confirmed": Way("confirmed", {}),
    "failing in probation": Way("rolled_back", {"is_bad": True}),
    "not taking over": Way("rolled_back", {"switch_fails": lambda tree: tree == tree_of("2")}),
    "failing in the watch": Way("rolled_back", {"is_bad": True, "fails_in": "confirmed"}, is_late=True),
    "recalled": Way("recalled", {}, is_recalled=True, is_late=True),
}


def heads_of(way: Way, signed: World) -> list[bytes]:
    heads = [encode(signed.release("2"))]
    if way.is_recalled:
        signed.head = signed.change("vault", recalls(RELEASE))
        heads.append(encode(signed.head))
    return heads


def lived(folder: Path, way: Way, signed: World, heads: list[bytes]) -> tuple[Farm, dict[Disk, list[Said]]]:
    """The whole way without a power cut; every disk that one would have left, with what must hold of it."""
    farm = Farm(folder=folder, signed=signed, **way.options)
    farm.found()
    if way.is_late:
        farm.is_bad = False
        farm.live(heads[0], until=is_decided)
        farm.is_bad = way.options.get("is_bad", False)
        farm.switch_on()
    platter = watched(farm, RELEASE)
    with platter.watched():
        farm.live(heads[-1], until=lambda updates: ends_as(updates, way.end))
    return farm, platter.moments


def ends_as(updates: Updates, end: str) -> bool:
    return is_decided(updates) and updates.updates().items[0].phase == end


def goes_on(disk: Disk, said: list[Said], folder: Path, way: Way, signed: World, heads: list[bytes]) -> None:
    put_down(disk, folder)
    farm = Farm(folder=folder, signed=signed, **way.options)
    records = {record.release.name: record for record in farm.store.load().records}
    phase = records[RELEASE].way.phase if RELEASE in records else ""
    assert any(phase in each.phases for each in said), (phase, said)

    chosen = farm.switch_on()
    assert farm.vault is not None
    assert chosen in (tree_of(OWN), tree_of("2"))
    promised = frozenset[bytes]().union(*(each.acknowledged for each in said if phase in each.phases))
    is_harmed = way.options.get("is_bad", False) and chosen == tree_of("2")
    assert is_harmed or promised <= set(farm.vault.addresses())

    farm.live(*heads, until=lambda updates: ends_as(updates, way.end))
    in_use = tree_of("2") if way.end == "confirmed" else tree_of(OWN)
    assert farm.slots.current("vault") == in_use
    farm.slots.verify("vault", in_use)
    assert promised | set(farm.acknowledged) <= set(farm.vault.addresses())
    assert list((folder / "trial").glob("*")) == []
    assert way.end == "confirmed" or farm.kept_names() == []


def play(name: str, folder: Path, every: int) -> tuple[int, int]:
    """Play the way, and on from each ``every``-th disk that a cut would have left; return how many, of how many.

    Raises:
        AssertionError: One of them does not go on as if nothing had been; a note says which.
    """
    way, signed = WAYS[name], World()
    heads = heads_of(way, signed)
    with pretended_trials():
        farm, moments = lived(folder, way, signed, heads)
        assert farm.slots.current("vault") == tree_of("2" if way.end == "confirmed" else OWN)
        assert len(moments) > DISKS_MIN
        chosen = list(enumerate(moments.items()))[::every]
        for number, (disk, said) in chosen:
            try:
                goes_on(disk, said, folder, way, signed, heads)
            except BaseException as error:
                error.add_note(f"disk {number}: {[(path, len(content or b'')) for path, _, content in disk]}")
                raise
    return len(chosen), len(moments)
