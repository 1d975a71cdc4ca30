"""The power fails at every file operation of an update's whole way; after it a farm is as if nothing had been.

Each disk that may be left is put down and switched on again.  Then the version that starts is whole, every acknowledged
chunk is there, the release is where it was, and its way ends as it would have ended.  Others are told no second word on
it, and the next release will be compared with the same versions.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.trial.book import Acquaintance, Book
from node.trial.notes import State, decode_note, follows
from node.trust.head import encode
from node.update.driver import Updates
from node.update.trials.drift import distances_of
from node.vault.storage.filesystem import UNFINISHED
from tests import twin_world
from tests.crashes.farm import (
    ESTIMATES,
    NEIGHBOUR,
    OWN,
    Farm,
    Said,
    is_decided,
    pretended_trials,
    watched,
    words_of,
)
from tests.crashes.platter import Disk, put_down
from tests.signed_world import World
from tests.unit.test_trust_recall import recalls
from tests.update_world import tree_of

RELEASE = "vault/2"
DISKS_MIN = 50  # different ones, of each way: else nothing was seen


@dataclass(frozen=True)
class Way:
    """One way of a release: what happens on it, and how it ends."""

    end: str
    options: dict[str, Any]
    word: State = "pass"  # that others have of it in the end
    is_recalled: bool = False
    is_withdrawn: bool = False  # as soon as it is on trial
    is_late: bool = False  # it is looked at from the moment on at which the release was confirmed


WAYS = {
    "confirmed": Way("confirmed", {}),
    "failing in probation": Way("rolled_back", {"is_bad": True}, "fail"),
    "not taking over": Way("rolled_back", {"switch_fails": lambda tree: tree == tree_of("2")}, "fail"),
    "taking over too late at first": Way("confirmed", {"late_switches": 1}),
    "failing in the watch": Way("rolled_back", {"is_bad": True, "fails_in": "confirmed"}, "fail", is_late=True),
    "refused by its trial": Way("refused", {"outcome": "refuse"}, "fail"),
    "not proven": Way("not_proven", {"outcome": "keep"}, "not_proven"),
    "withdrawn on trial": Way("refused", {}, "void", is_withdrawn=True),
    "recalled": Way("recalled", {}, is_recalled=True, is_late=True),
}


def heads_of(way: Way, signed: World) -> list[bytes]:
    heads = [encode(signed.release("2"))]
    if way.is_recalled:
        signed.head = signed.change("vault", recalls(RELEASE))
        heads.append(encode(signed.head))
    if way.is_withdrawn:
        heads.append(encode(signed.change("vault", lambda vault: vault.targets.clear())))
    return heads


def before_it(folder: Path, way: Way, signed: World, heads: list[bytes]) -> Farm:
    """A farm that has come as far as where this way begins."""
    farm = Farm(folder=folder, signed=signed, **way.options)
    farm.found()
    if way.is_late:
        farm.is_bad = False
        farm.live(heads[0], until=is_decided)
        farm.is_bad = way.options.get("is_bad", False)
        farm.switch_on()
    if way.is_withdrawn:
        farm.live(heads[0], until=is_on_trial)
        farm.switch_on()
    return farm


def lived(folder: Path, way: Way, signed: World, heads: list[bytes]) -> tuple[Farm, dict[Disk, list[Said]]]:
    """The whole way without a power cut; every disk that one would have left, with what must hold of it."""
    farm = before_it(folder, way, signed, heads)
    platter = watched(farm, RELEASE)
    with platter.watched():
        farm.live(heads[-1], until=lambda updates: ends_as(updates, way.end))
    return farm, platter.moments


def is_on_trial(updates: Updates) -> bool:
    return [item.phase for item in updates.updates().items] == ["on_trial"]


def ends_as(updates: Updates, end: str) -> bool:
    return is_decided(updates) and updates.updates().items[0].phase == end


def goes_on(disk: Disk, said: list[Said], folder: Path, way: Way, signed: World, heads: list[bytes]) -> None:
    farm = found(disk, folder, way, signed)
    phase, promised = start(farm, said, way)
    farm.live(*heads, until=lambda updates: ends_as(updates, way.end))
    ended_well(farm, way, promised)
    for each in said:
        if phase in each.phases:
            check_words((*each.words, *words_of(farm)), way.word)


def cut_again(
    disk: Disk, said: list[Said], folder: Path, way: Way, signed: World, heads: list[bytes]
) -> dict[Disk, list[Said]]:
    """Go on from that disk; every disk that a second cut would have left, with what must hold of it."""
    farm = found(disk, folder, way, signed)
    phase = phase_of(farm)
    farm.saving.kept = farm.saving.coming = {RELEASE: phase}
    platter = watched(farm, RELEASE)
    with platter.watched():
        start(farm, said, way)
        farm.live(*heads, until=lambda updates: ends_as(updates, way.end))
    before = [each for each in said if phase in each.phases]
    return {
        left: [
            Said(first.acknowledged | then.acknowledged, then.phases, (*first.words, *then.words))
            for first in before
            for then in found_then
        ]
        for left, found_then in platter.moments.items()
    }


def found(disk: Disk, folder: Path, way: Way, signed: World) -> Farm:
    put_down(disk, folder)
    return Farm(folder=folder, signed=signed, **way.options)


def phase_of(farm: Farm) -> str:
    """Where the release is, as it is written down; "" if nothing is known of it."""
    records = {record.release.name: record for record in farm.store.load().records}
    return records[RELEASE].way.phase if RELEASE in records else ""


def start(farm: Farm, said: list[Said], way: Way) -> tuple[str, frozenset[bytes]]:
    """Switch on what a power cut has left, and look whether it is as it should be; where that is, what is promised."""
    phase = phase_of(farm)
    assert any(phase in each.phases for each in said), (phase, said)
    assert len(met(farm)) <= 1

    chosen = farm.switch_on()
    assert farm.vault is not None
    assert chosen in (tree_of(OWN), tree_of("2"))
    promised = frozenset[bytes]().union(*(each.acknowledged for each in said if phase in each.phases))
    is_harmed = way.options.get("is_bad", False) and chosen == tree_of("2")
    assert is_harmed or promised <= set(farm.vault.addresses())
    return phase, promised


def ended_well(farm: Farm, way: Way, promised: frozenset[bytes] = frozenset()) -> None:
    """As if nothing had been: what is in use, what is stored and known, and that nothing is left over."""
    in_use = tree_of("2") if way.end == "confirmed" else tree_of(OWN)
    assert farm.slots.current("vault") == in_use
    farm.slots.verify("vault", in_use)
    assert farm.vault is not None
    assert promised | set(farm.acknowledged) <= set(farm.vault.addresses())
    assert list((farm.folder / "trial").glob("*")) == []
    assert list(farm.folder.glob(f"**/state/**/*{UNFINISHED}")) == []
    assert way.end == "confirmed" or farm.kept_names() == []
    distances = distances_of(in_use, farm.store.load().records, twin_world.UTC_S)
    assert distances == ((ESTIMATES,) if way.end == "confirmed" else ())
    assert [each.vault_id for each in met(farm)] == [NEIGHBOUR.vault_id]


def met(farm: Farm) -> tuple[Acquaintance, ...]:
    """Whom the book names.  Raises what a torn one would."""
    file = farm.folder / "state" / "book"
    return tuple(Book.load(file.read_bytes())) if file.exists() else ()


def check_words(contents: tuple[bytes, ...], last: State) -> None:
    """Each word that others were given follows from the one before; the last is that."""
    told = [decode_note(content) for content, _ in itertools.groupby(contents)]
    assert all(follows(before.state, after.state) for before, after in itertools.pairwise(told)), told
    assert told[-1].state == last


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
        chosen = list(moments.items())[::every]
        for number, (disk, said) in enumerate(chosen):
            with told_of(f"disk {number * every}", disk):
                goes_on(disk, said, folder, way, signed, heads)
    return len(chosen), len(moments)


def play_twice(name: str, folder: Path, every: int, second: int = 1) -> tuple[int, int]:
    """Cut the way off at each ``every``-th disk, and going on from it at each ``second``-th; return as ``play``.

    Raises:
        AssertionError: One of them does not go on as if nothing had been; a note says which.
    """
    way, signed = WAYS[name], World()
    heads = heads_of(way, signed)
    played = of = 0
    with pretended_trials():
        _, moments = lived(folder, way, signed, heads)
        for number, (disk, said) in enumerate(list(moments.items())[::every]):
            with told_of(f"disk {number * every}", disk):
                then = cut_again(disk, said, folder, way, signed, heads)
            of += len(then)
            for again, (disk_again, said_again) in list(enumerate(then.items()))[number % second :: second]:
                with told_of(f"disk {again} after disk {number * every}", disk_again):
                    goes_on(disk_again, said_again, folder, way, signed, heads)
                played += 1
    return played, of


@contextlib.contextmanager
def told_of(what: str, disk: Disk) -> Iterator[None]:
    """Let a failure say which disk it was."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"{what}: {[(path, len(content or b'')) for path, _, content in disk]}")
        raise
