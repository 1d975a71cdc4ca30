"""How fast releases may follow each other, so that farms come to the end of one before the next is there."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from node.api.texts import count
from node.pod.errors import PodError
from node.pod.files import read_file
from node.pod.kept import Listed, listed_in
from node.pod.network import current
from node.pod.release_file import ReleaseFile
from node.trust.errors import TrustError
from node.trust.head import TARGETS_BYTES_MAX
from node.trust.layers import ROLES, role_of
from node.trust.metadata import Snapshot, Targets, read, signed_time
from node.trust.policy import SIGNED_AT_FIELD
from node.trust.release import URGENT_FIELD

# In the simulation nine in ten farms use an ordinary release after 26.6 days; the handbook's page for pods has more.
PACE_DAYS: Final = 30
TOO_SOON: Final = (
    "It comes {days} after {last}, and many farms need {pace} days and more for a release. They go on with {last}"
    " first, and of what comes meanwhile they take up the newest alone. Is it there because {last} is bad? Then recall"
    " {last}."
)


def warning(release: ReleaseFile, network_folder: Path, at: datetime) -> list[str]:
    """What to say to who drafts or signs ``release`` ``at`` a time when farms are not through with the one before.

    Nothing for an urgent release, or after one, as those take days; nor for a runtime, which no farm takes by itself.
    How old the one before is, the statements in the folder tell; without them nothing is said.  Blocking.

    Raises:
        PodError: The folder holds no network, or a damaged one.
    """
    if release.is_urgent or release.layer == "runtime":
        return []
    head = current(network_folder)
    statements = [read(head.delegated[role], Targets).signed for role in ROLES if role in head.delegated]
    listed = [(one, statement) for statement in statements for one in listed_in(statement)]
    alike = [(one, statement) for one, statement in listed if one.layer == release.layer and one.name != release.name]
    last, statement = max(alike, key=lambda found: found[0].sequence, default=(None, None))
    if last is None or statement is None or URGENT_FIELD in statement.targets[last.name].custom:
        return []
    since = released_at(network_folder, last)
    if since is None or (days := (at - since).days) >= PACE_DAYS:
        return []
    return [TOO_SOON.format(days=count(days, "day"), last=last.name, pace=PACE_DAYS)]


def released_at(network_folder: Path, listed: Listed) -> datetime | None:
    """When a release was first listed, as far as the folder of the network tells; None if it tells nothing.

    Blocking.
    """
    role, metadata = role_of(listed.name), network_folder / "metadata"
    statements, snapshots = _kept(metadata, role, Targets), _kept(metadata, "snapshot", Snapshot)
    first = min((one.version for one in statements if listed.name in one.targets), default=None)
    name = f"{role}.json"
    listing = [one for one in snapshots if first is not None and name in one.meta and one.meta[name].version >= first]
    times = [time for one in listing if (time := signed_time(one, SIGNED_AT_FIELD)) is not None]
    return min(times, default=None)


T = TypeVar("T", Targets, Snapshot)


def _kept(metadata: Path, role: str, kind: type[T]) -> list[T]:
    """All statements of a role that lie in the folder and can be read."""
    found: list[T] = []
    for file in sorted(metadata.glob(f"[0-9]*.{role}.json")):
        with contextlib.suppress(TrustError, PodError):
            found.append(read(read_file(file, TARGETS_BYTES_MAX), kind).signed)
    return found
