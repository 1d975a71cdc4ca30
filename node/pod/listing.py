"""What a role lists: its last releases, and with every app the runtimes on which it runs."""

from __future__ import annotations

from typing import Any, Final

from tuf.api.metadata import TargetFile  # type: ignore[attr-defined]  # documented there, not listed for type checkers

from node.pod.errors import PodError
from node.pod.release_file import ReleaseFile
from node.trust.capabilities import CAPABILITIES_FIELD, TODAY, as_declared
from node.trust.metadata import Targets
from node.trust.release import (
    DELTAS_FIELD,
    FLOOR_FIELD,
    PLATFORM_FIELD,
    REAFFIRMED_FIELD,
    RUNTIMES_FIELD,
    SEQUENCE_FIELD,
    URGENT_FIELD,
    floor_of,
    recalled_in,
)

RELEASES_KEPT: Final = 5  # of one layer, listed in one statement; older ones stay in the chain of statements


def list_release(targets: Targets, release: ReleaseFile, sequence: int) -> None:
    """Let a statement list one more release, under this number, and what is too old no longer.

    Raises:
        PodError: It cannot be listed.
    """
    if release.name in targets.targets or release.name in recalled_in(targets):
        raise PodError(f"{release.name} was released before; choose another version")
    if release.floor > sequence:
        raise PodError(f"the floor {release.floor} is above the release itself, which is number {sequence}")
    hashes = {"sha256": release.manifest}
    target = TargetFile(release.manifest_length, hashes, release.name, {"custom": _described(release, sequence)})
    listed = {**targets.targets, release.name: target}
    for platform, tree in sorted(release.runtimes.items()):
        if not any(_runtime(one) == (platform, tree) for one in listed.values()):
            raise PodError(f"{release.name} needs a runtime for {platform} that is not released; release that first")
    targets.targets = _kept(listed)
    targets.unrecognized_fields[SEQUENCE_FIELD] = sequence
    targets.unrecognized_fields.pop(REAFFIRMED_FIELD, None)  # farms look at the newest only, and fewer can sign without
    if release.floor > floor_of(targets):
        targets.unrecognized_fields[FLOOR_FIELD] = release.floor


def drop_without_runtime(targets: Targets) -> None:
    """List no app any more of which a runtime is not listed: no farm would accept it."""
    there = {_runtime(target) for target in targets.targets.values()}
    targets.targets = {
        name: target
        for name, target in targets.targets.items()
        if there.issuperset(target.custom.get(RUNTIMES_FIELD, {}).items())
    }


def _kept(listed: dict[str, Any]) -> dict[str, Any]:
    """The last releases in their order; of runtimes those that a listed app needs, and the last of each platform.

    A runtime is released before the app that needs it.
    """
    newest = sorted(listed.items(), key=lambda item: -item[1].custom["sequence"])
    runtimes = [(name, target) for name, target in newest if target.custom["layer"] == "runtime"]
    others = [(name, target) for name, target in newest if target.custom["layer"] != "runtime"][:RELEASES_KEPT]
    needed = {pair for _, target in others for pair in target.custom.get(RUNTIMES_FIELD, {}).items()}
    kept, platforms = list(others), set[str]()
    for name, target in runtimes:
        platform, _ = pair = _runtime(target)
        if pair in needed or platform not in platforms:
            kept.append((name, target))
        platforms.add(platform)
    return dict(sorted(kept, key=lambda item: item[1].custom["sequence"]))


def _runtime(target: Any) -> tuple[str, str]:
    """Platform and tree of a listed runtime; of anything else a pair that no app can need."""
    return target.custom.get(PLATFORM_FIELD, ""), target.custom["tree"]


def _described(release: ReleaseFile, sequence: int) -> dict[str, Any]:
    """What the statement says of it.  Heads travel with every handshake: what says nothing new is left out."""
    custom: dict[str, Any] = {
        "layer": release.layer,
        "version": release.version,
        "tree": release.tree,
        "notes": release.notes,
        "sequence": sequence,
    }
    if release.capabilities != TODAY:
        custom[CAPABILITIES_FIELD] = as_declared(release.capabilities)
    if release.is_urgent:
        custom[URGENT_FIELD] = True
    if release.platform:
        custom[PLATFORM_FIELD] = release.platform
    if release.runtimes:
        custom[RUNTIMES_FIELD] = dict(release.runtimes)
    if release.deltas:
        custom[DELTAS_FIELD] = {tree: list(offer) for tree, offer in release.deltas.items()}
    return custom
