"""Which pods have signed nothing for long: one that is gone must be replaced while the others still can."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from node.api.texts import count
from node.pod.errors import PodError
from node.pod.files import read_file
from node.pod.known import KnownNetwork
from node.pod.writing import ROOT_DAYS
from node.trust.errors import TrustError
from node.trust.head import TARGETS_BYTES_MAX
from node.trust.metadata import Root, Snapshot, Timestamp, read
from node.trust.policy import confirmed_at, high_threshold, pod_names, signed_at

NAME: Final = re.compile(r"([1-9]\d{0,15})\.snapshot\.json")
SNAPSHOTS_MAX: Final = 500  # that are looked at, the newest first: a folder may come from anyone
SILENT: Final = timedelta(days=200)  # more than half a year: the last rotation went by without it


def silent(network_folder: Path, known: KnownNetwork, at: datetime) -> list[str]:
    """What to say of pods that have signed no state of the network for long, as far as its folder tells.  Blocking.

    Everything but a heartbeat comes with a snapshot, and every pod that signs anything then signs the snapshot too.
    """
    names = pod_names(known.root.signed)
    last = {keyid: _since(keyid, known) for keyid in names}
    for keyid, moment in (*_signed(network_folder, known.root.signed), *_beaten(known)):
        last[keyid] = max(last[keyid], moment)
    pods, most = len(names), len(names) - high_threshold(len(names))
    return [
        f"{names[keyid]} has signed nothing that lies here for {count((at - moment).days, 'day')}. If it is gone,"
        f" let another take its place with 'rotate' at once: with {most + 1} of {pods} pods gone, nobody ever can."
        for keyid, moment in sorted(last.items(), key=lambda found: names[found[0]])
        if at - moment > SILENT
    ]


def _since(keyid: str, known: KnownNetwork) -> datetime:
    """When the root was drafted that made this key one of a pod."""
    roots = [read(content, Root).signed for content in (known.genesis, *known.roots)]
    first = next(root for root in roots if keyid in pod_names(root))
    drafted_at: datetime = first.expires - timedelta(days=ROOT_DAYS)
    return drafted_at


def _signed(network_folder: Path, root: Root) -> list[tuple[str, datetime]]:
    """Key and time of every signature of today's pods on a snapshot that the folder keeps."""
    files = (network_folder / "metadata").glob("*.snapshot.json")
    numbers = [int(match[1]) for file in files if (match := NAME.fullmatch(file.name))]
    found: list[tuple[str, datetime]] = []
    for number in sorted(numbers, reverse=True)[:SNAPSHOTS_MAX]:
        file = network_folder / "metadata" / f"{number}.snapshot.json"
        with contextlib.suppress(TrustError, PodError):
            snapshot = read(read_file(file, TARGETS_BYTES_MAX), Snapshot)
            result = root.get_verification_result("snapshot", snapshot.signed_bytes, snapshot.metadata.signatures)
            found += [(keyid, signed_at(snapshot.signed)) for keyid in result.signed]
    return found


def _beaten(known: KnownNetwork) -> list[tuple[str, datetime]]:
    """Key and time of the last heartbeat."""
    stamp, root = read(known.head.timestamp, Timestamp), known.root.signed
    moment = confirmed_at(stamp.signed)
    result = root.get_verification_result("timestamp", stamp.signed_bytes, stamp.metadata.signatures)
    return [(keyid, moment) for keyid in result.signed if moment is not None]
