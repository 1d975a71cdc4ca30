"""The releases that a pod keeps in the folder of its network, so that it can say what the next one changes.

None of it is trusted: a release counts as the one that was signed only if its files have the signed tree hash.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.pod.build import Built, build_tree, load, write
from node.pod.errors import PodError
from node.pod.files import read_file
from node.trust.capabilities import Capabilities, capabilities_in
from node.trust.errors import TrustError
from node.trust.head import TARGETS_BYTES_MAX, Head
from node.trust.layers import ROLE_OF, Layer, role_of
from node.trust.metadata import Targets, read
from node.trust.release import DELTAS_MAX, PLATFORM_FIELD

RELEASES: Final = "releases"


@dataclass(frozen=True, slots=True)
class Listed:
    """A release as a signed statement lists it."""

    name: str
    tree: str
    sequence: int
    capabilities: Capabilities
    layer: Layer
    platform: str = ""

    @property
    def kind(self) -> tuple[Layer, str]:
        """What it can be compared with: others of its layer, and of its platform."""
        return self.layer, self.platform


def listed_in(statement: Targets) -> list[Listed]:
    """The releases of a verified statement, newest first."""
    found = [
        Listed(
            name,
            target.custom["tree"],
            target.custom["sequence"],
            capabilities_in(target.custom),
            target.custom["layer"],
            target.custom.get(PLATFORM_FIELD, ""),
        )
        for name, target in statement.targets.items()
    ]
    return sorted(found, key=lambda release: -release.sequence)


def find_listed(folder: Path, name: str) -> Listed:
    """A release that the network published at some time, by its name.

    Raises:
        PodError: No statement in the folder lists it.
    """
    role = role_of(name)
    files = {file: int(file.name.partition(".")[0]) for file in (folder / "metadata").glob(f"[0-9]*.{role}.json")}
    for file in sorted(files, key=lambda file: -files[file]):
        with contextlib.suppress(TrustError):
            statement = read(read_file(file, TARGETS_BYTES_MAX), Targets).signed
            for release in listed_in(statement):
                if release.name == name:
                    return release
    raise PodError(f"no statement in {folder} lists {name}")


def keep_release(folder: Path, built: Built) -> None:
    """Keep a release, unless it is kept already.

    Raises:
        PodError: The folder cannot be written.
    """
    place = folder / RELEASES / built.release.name
    if not place.exists():
        write(built, place)


def kept_before(folder: Path, head: Head, layer: Layer, platform: str = "") -> list[Built]:
    """The releases of one kind that a network lists and that are kept here, the newest first: what farms have now.

    As many as there may be deltas.
    """
    statement = read(head.delegated[ROLE_OF[layer]], Targets).signed
    found: list[Built] = []
    for listed in listed_in(statement):
        if listed.kind == (layer, platform) and len(found) < DELTAS_MAX:
            with contextlib.suppress(PodError):  # whoever has that one fetches whole files
                found.append(kept_release(folder, listed))
    return found


def kept_release(folder: Path, listed: Listed, checkouts: Sequence[Path] = ()) -> Built:
    """The files of a release: those that are kept, or else what one of ``checkouts`` gives.

    Raises:
        PodError: Neither has the signed tree hash.
    """
    version = listed.name.partition("/")[2]
    with contextlib.suppress(PodError):
        built = load(folder / RELEASES / listed.name)
        if built.release.tree == listed.tree:
            return built
    for checkout in checkouts:
        built = build_tree(
            checkout, version, layer=listed.layer, role=role_of(listed.name), platform=listed.platform
        )  # fmt: skip
        if built.release.tree == listed.tree:
            return built
    raise PodError(
        f"the files of {listed.name} are not at hand, so no difference can be shown; "
        f"give a checkout of it with --before, or copy {folder.name}/{RELEASES}/{listed.name} from another pod"
    )
