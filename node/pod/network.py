"""The folder of a network: its genesis root and what it has published.  Every pod has a copy of it.

    root.json                    the genesis root: what farms are given to trust
    metadata/<version>.<role>.json, metadata/timestamp.json
    releases/<role>/<version>/   what was released, as ``build.py`` wrote it, to compare the next one with
    signed/                      what pods have signed, see ``signed_files.py``; what counts here lies beside the folder
    pods/<name>/key.json         in practice networks only, and likewise founders/: keys that lie open (0600)

The timestamp names the snapshot's version and the snapshot all others, so replacing the timestamp publishes everything
at once; what it does not name was never published.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from node.pod import keys
from node.pod.errors import PodError
from node.pod.files import finish_folder, read_file, start_folder
from node.pod.founding import check_numbers
from node.pod.known import KnownNetwork
from node.pod.parties import Party
from node.pod.statements import delegated_in, first_head, heartbeat
from node.trust.chain import Chain, Verified
from node.trust.errors import TrustError
from node.trust.head import ROOT_BYTES_MAX, TARGETS_BYTES_MAX, Head, encode
from node.trust.metadata import Root, Snapshot, Targets, Timestamp, read
from node.vault.share.tree import address_of
from node.vault.storage.filesystem import write_durably

ROOT: Final = "root.json"
POD_NAMES: Final = ("ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "willow")


def published(folder: Path) -> KnownNetwork:
    """What the folder of a network holds, verified.

    Raises:
        PodError: It holds no network, or a damaged one.
    """
    found = KnownNetwork(genesis(folder), tuple(roots(folder).values()), current(folder))
    try:
        found.verified()
    except TrustError as error:
        raise PodError(f"{folder} holds what no farm would accept: {error}") from error
    return found


def found(folder: Path, pods: int = 5, foundation: int = 3, *, now: datetime | None = None) -> None:
    """Found a practice network in a new folder, with all keys in it.  Blocking.

    Args:
        folder: Absent or empty; it appears whole or not at all.
        pods: How many groups of developers sign.
        foundation: How many founders; 0 for a network without a foundation.
        now: When; by default this moment.

    Raises:
        PodError: The numbers are not possible, or the folder cannot be used.
    """
    check_numbers(pods, foundation)
    names = {"pods": POD_NAMES[:pods], "founders": [f"founder-{number + 1}" for number in range(foundation)]}
    making = start_folder(folder)
    try:
        parties = {
            group: [keys.make_for_practice(making / group / name / "key.json", name, os.urandom) for name in members]
            for group, members in names.items()
        }
        genesis, head = first_head(parties["pods"], parties["founders"], now or utc_now())
        write_durably(making / ROOT, genesis)
        keep(making, head)
        finish_folder(making, folder)
    except OSError as error:
        raise PodError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def pod_names(folder: Path) -> list[str]:
    """The pods whose keys lie in the folder, sorted."""
    return _names_in(folder / "pods")


def founder_names(folder: Path) -> list[str]:
    """The founders whose keys lie in the folder, sorted."""
    return _names_in(folder / "founders")


def party(folder: Path, name: str) -> Party:
    """A pod or founder with its key.

    Raises:
        PodError: There is none of that name here, or its key cannot be used.
    """
    known = dict.fromkeys(pod_names(folder), "pods") | dict.fromkeys(founder_names(folder), "founders")
    if name not in known:
        raise PodError(f"no key of {name!r} lies in {folder}; there are {', '.join(known) or 'none at all'}")
    return keys.load(str(folder / known[name] / name / "key.json"), _no_passphrase)


def genesis(folder: Path) -> bytes:
    """The genesis root.

    Raises:
        PodError: The folder holds no network.
    """
    if not (folder / ROOT).is_file():
        raise PodError(f"{folder} holds no network")
    return read_file(folder / ROOT, ROOT_BYTES_MAX)


def current(folder: Path) -> Head:
    """What the network has published.

    Raises:
        PodError: The folder holds no network, or a damaged one.
    """
    genesis(folder)
    metadata = folder / "metadata"
    try:
        timestamp = read_file(metadata / "timestamp.json", TARGETS_BYTES_MAX)
        version = read(timestamp, Timestamp).signed.snapshot_meta.version
        snapshot = read_file(metadata / f"{version}.snapshot.json", TARGETS_BYTES_MAX)
        meta = read(snapshot, Snapshot).signed.meta
        targets = read_file(metadata / f"{meta['targets.json'].version}.targets.json", TARGETS_BYTES_MAX)
        # A snapshot goes on listing roles that are no longer delegated.
        listed = {
            role: read_file(metadata / f"{meta[f'{role}.json'].version}.{role}.json", TARGETS_BYTES_MAX)
            for role in delegated_in(read(targets, Targets).signed)
        }
    except (TrustError, KeyError) as error:
        raise PodError(f"{metadata} is damaged: {error}") from error
    return Head(tuple(roots(folder)), timestamp, snapshot, targets, listed)


def roots(folder: Path) -> dict[bytes, bytes]:
    """The published successors of the genesis root by address, oldest first: they travel as chunks beside the head.

    Raises:
        PodError: One cannot be read.
    """
    found: dict[bytes, bytes] = {}
    while (next_root := folder / "metadata" / f"{len(found) + 2}.root.json").is_file():
        content = read_file(next_root, ROOT_BYTES_MAX)
        found[address_of(content)] = content
    return found


def current_head(folder: Path) -> bytes:
    """What the network has published, as vaults carry it.

    Raises:
        PodError: The folder holds no network, or a damaged one.
    """
    return encode(current(folder))


def check(folder: Path, head: bytes, now: datetime | None = None) -> Verified:
    """Verify a head as a farm would that has seen nothing but the genesis root.

    Raises:
        TrustError: A farm would refuse it.
        PodError: The folder holds no network.
    """
    return Chain.start(genesis(folder)).verify(head, now or utc_now(), roots(folder))


def keep(folder: Path, head: Head, new_roots: Iterable[bytes] = ()) -> None:
    """Write down that ``head`` is published, with the files of its roots that do not lie here yet.

    Blocking; a power cut leaves the old state or the new one.
    """
    metadata = folder / "metadata"
    metadata.mkdir(exist_ok=True)
    files = {f"{read(root, Root).signed.version}.root.json": root for root in new_roots}
    for role, content in {"targets": head.targets, **head.delegated}.items():
        files[f"{read(content, Targets).signed.version}.{role}.json"] = content
    files[f"{read(head.snapshot, Snapshot).signed.version}.snapshot.json"] = head.snapshot
    for name, content in files.items():
        if not (metadata / name).is_file() or (metadata / name).read_bytes() != content:
            write_durably(metadata / name, content)
    write_durably(metadata / "timestamp.json", head.timestamp)  # last: this is what publishes


def beat(folder: Path, pod: str, now: datetime | None = None) -> bytes:
    """Re-sign the timestamp by one pod, keep it, and return the head to be passed on.

    Raises:
        PodError: There is no such pod, or no network.
    """
    head = heartbeat(current(folder), party(folder, pod), now or utc_now())
    keep(folder, head)
    return encode(head)


def utc_now() -> datetime:
    """This moment, to the second: the pods' tools are the edge where time comes from."""
    return datetime.now(UTC).replace(microsecond=0)


def _no_passphrase() -> str:
    raise PodError("the keys of a practice network lie open; this one asks for a passphrase")


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(file.parent.name for file in folder.glob("*/key.json"))
    except OSError as error:
        raise PodError(f"{folder} cannot be read: {error.strerror}") from error
