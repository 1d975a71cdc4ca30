"""The folder of a network: the keys of its pods and founders, its genesis root, what it has published.

    root.json                    the genesis root: what farms are given to trust
    pods/<name>/key.json         0600, one folder per pod, to be carried to that pod and nowhere else
    founders/<name>/key.json     likewise
    metadata/<version>.<role>.json, metadata/timestamp.json

The timestamp names the snapshot's version and the snapshot all others, so replacing the timestamp publishes everything
at once; what it does not name was never published.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from node.pod.errors import PodError
from node.pod.statements import Party, first_head, heartbeat
from node.trust.chain import Chain, Verified
from node.trust.errors import TrustError
from node.trust.head import ROOT_BYTES_MAX, TARGETS_BYTES_MAX, Head, encode
from node.trust.metadata import Root, Snapshot, Statement, Targets, Timestamp, read
from node.trust.policy import FOUNDERS_THRESHOLD_MIN, THRESHOLD_MIN
from node.vault.storage.filesystem import write_durably

POD_NAMES: Final = ("ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "willow")
FOUNDERS_MAX: Final = 9
KEY_FORMAT: Final = 1
KEY_BYTES_MAX: Final = 4_096
SEED_BYTES: Final = 32


class KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``key.json`` says; seed and public key in hex."""

    format: int
    kind: str
    name: str
    seed: str
    public: str


def found(folder: Path, pods: int = 5, foundation: int = 3, *, now: datetime | None = None) -> None:
    """Found a network in a new folder.  Blocking.

    Args:
        folder: Absent or empty; it appears whole or not at all.
        pods: How many groups of developers sign.
        foundation: How many founders; 0 for a network without a foundation.
        now: When; by default this moment.

    Raises:
        PodError: The numbers are not possible, or the folder cannot be used.
    """
    if not THRESHOLD_MIN <= pods <= len(POD_NAMES):
        raise PodError(f"a network has {THRESHOLD_MIN} to {len(POD_NAMES)} pods, not {pods}")
    if foundation and not FOUNDERS_THRESHOLD_MIN <= foundation <= FOUNDERS_MAX:
        raise PodError(f"a network has no founders, or {FOUNDERS_THRESHOLD_MIN} to {FOUNDERS_MAX}, not {foundation}")
    groups = {
        "pods": [_new_party(name) for name in POD_NAMES[:pods]],
        "founders": [_new_party(f"founder-{number + 1}") for number in range(foundation)],
    }
    parties = {group: [party for party, _ in members] for group, members in groups.items()}
    genesis, head = first_head(parties["pods"], parties["founders"], now or utc_now())
    making = start_folder(folder)
    try:
        write_durably(making / "root.json", genesis)
        for group, members in groups.items():
            for party, seed in members:
                _write_key(making / group / party.name / "key.json", party, seed)
        keep(making, head)
        finish_folder(making, folder)
    except OSError as error:
        raise PodError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def make_key(file: Path, name: str) -> str:
    """Make a new key in the new file ``file``, 0600; return its public half in hex.

    Raises:
        PodError: The file exists or cannot be written.
    """
    party, seed = _new_party(name)
    try:
        _write_key(file, party, seed)
    except FileExistsError as error:
        raise PodError(f"{file} exists; a key is never overwritten") from error
    except OSError as error:
        raise PodError(f"{file} cannot be written: {error.strerror}") from error
    return str(party.signer.public_key.keyval["public"])


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
    file = folder / known[name] / name / "key.json"
    try:
        key = msgspec.json.decode(read_file(file, KEY_BYTES_MAX), type=KeyFile)
        seed = bytes.fromhex(key.seed)
    except (msgspec.DecodeError, ValueError) as error:
        raise PodError(f"{file} is no key") from error
    if key.format != KEY_FORMAT or key.kind != "ed25519" or len(seed) != SEED_BYTES:
        raise PodError(f"{file} is a key of another kind")
    return Party.from_seed(name, seed)


def genesis(folder: Path) -> bytes:
    """The genesis root.

    Raises:
        PodError: The folder holds no network.
    """
    if not (folder / "root.json").is_file():
        raise PodError(f"{folder} holds no network; 'perennial pod init-network {folder}' makes one")
    return read_file(folder / "root.json", ROOT_BYTES_MAX)


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
        listed = {
            name.removesuffix(".json"): read_file(metadata / f"{file.version}.{name}", TARGETS_BYTES_MAX)
            for name, file in sorted(meta.items())
        }
        targets = listed.pop("targets")
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
        found[hashlib.sha256(content).digest()] = content
    return found


def current_head(folder: Path) -> bytes:
    """What the network has published, as vaults carry it.

    Raises:
        PodError: The folder holds no network, or a damaged one.
    """
    return encode(current(folder))


def newest_root(folder: Path, head: Head) -> Statement[Root]:
    """The root that is in force for ``head``.

    Raises:
        PodError: It is damaged.
    """
    try:
        return read(roots(folder)[head.roots[-1]] if head.roots else genesis(folder), Root)
    except TrustError as error:
        raise PodError(f"the root of {folder} is damaged: {error}") from error


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


def read_file(file: Path, limit: int) -> bytes:
    """The content of a file.

    Raises:
        PodError: It cannot be read, or is over ``limit`` bytes.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(limit + 1)
    except OSError as error:
        raise PodError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > limit:
        raise PodError(f"{file} is over {limit} bytes")
    return content


def start_folder(folder: Path) -> Path:
    """A fresh private folder beside ``folder``, to be filled and then put in its place.

    Raises:
        PodError: ``folder`` is in use already, or nothing can be made beside it.
    """
    making = folder.with_name(f".{folder.name}.making-{os.getpid()}")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PodError(f"{folder} exists and is not an empty folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir(mode=0o700)
    except OSError as error:
        raise PodError(f"{folder} cannot be made: {error.strerror}") from error
    return making


def finish_folder(making: Path, folder: Path) -> None:
    """Put the filled folder in its place.  Raises OSError."""
    if folder.exists():
        folder.rmdir()  # empty, or this fails and nothing is lost
    making.rename(folder)


def _new_party(name: str) -> tuple[Party, bytes]:
    seed = os.urandom(SEED_BYTES)
    return Party.from_seed(name, seed), seed


def _write_key(file: Path, party: Party, seed: bytes) -> None:
    key = KeyFile(KEY_FORMAT, "ed25519", party.name, seed.hex(), party.signer.public_key.keyval["public"])
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(msgspec.json.format(msgspec.json.encode(key)) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(file.parent.name for file in folder.glob("*/key.json"))
    except OSError as error:
        raise PodError(f"{folder} cannot be read: {error.strerror}") from error
