"""A plain TUF client on ``node.trust``: roots, timestamp, snapshot and targets as files of a server, kept one by one.

Whatever decides here is what ships: ``TrustedSet`` verifies, ``read`` reads strictly, and the limits are those of
``head.py``.  Of the policy of Perennial nothing is asked: other repositories know nothing of it.  What only such a
client needs is here: keeping files between runs, names of files on a server, and searching delegations.

Source: TUF specification 1.0, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tuf.api.exceptions import EqualVersionNumberError, LengthOrHashMismatchError
from tuf.api.metadata import TargetFile  # type: ignore[attr-defined]  # documented there, not listed for type checkers

from node.trust.errors import MalformedMetadata, TrustError
from node.trust.head import ROOT_BYTES_MAX, ROOTS_MAX, SNAPSHOT_BYTES_MAX, TARGETS_BYTES_MAX, TIMESTAMP_BYTES_MAX
from node.trust.metadata import MetaFile, Snapshot, Targets, Timestamp, TrustedSet, read
from tests.conformance.edges import ClientError, Folder, Site

TARGET_BYTES_MAX: Final = 64 << 20  # held in memory
ROLES_MAX: Final = 32  # that are looked through for one target


class KeptSet(TrustedSet):
    """A trusted set that also takes what was verified in an earlier run.

    Such a timestamp or snapshot may have expired or have a successor: then it is refused, and what comes later must
    not be older all the same.
    """

    @property
    def timestamp(self) -> Timestamp:
        timestamp: Timestamp = self._set.timestamp
        return timestamp

    @property
    def snapshot(self) -> Snapshot:
        snapshot: Snapshot = self._set.snapshot
        return snapshot

    def add_newer_timestamp(self, content: bytes) -> bool:
        """Take the timestamp, unless it is of the version that is held already; whether it was taken."""
        try:
            self.add_timestamp(content)
        except TrustError as error:
            if isinstance(error.__cause__, EqualVersionNumberError):
                return False
            raise
        return True

    def add_kept_snapshot(self, content: bytes) -> None:
        """Take a snapshot of an earlier run: the timestamp may list the hash of its successor by now."""
        new = read(content, Snapshot)
        self._guarded("snapshot", new, lambda: self._set.update_snapshot(content, trusted=True))


def start(root: Path, kept: Folder, now: datetime) -> None:
    """Begin to trust a root, once.

    Raises:
        TrustError: It is no root that is signed by itself.
        ClientError: There is one already, or a file cannot be read or written.
    """
    content = Folder(root.parent).read(root.name, ROOT_BYTES_MAX)
    if content is None:
        raise ClientError(f"{root} does not exist, or is over {ROOT_BYTES_MAX} bytes")
    if kept.read("root.json", ROOT_BYTES_MAX) is not None:
        raise ClientError("there is a trusted root already")
    KeptSet(content, now)
    kept.write("root.json", content)


class Client:
    """The files of one repository, verified in the order of the workflow; whatever was verified is kept at once.

    All methods block, and raise TrustError when a file is refused and ClientError when it cannot be had or kept.
    """

    def __init__(self, kept: Folder, site: Site, now: datetime) -> None:
        root = kept.read("root.json", ROOT_BYTES_MAX)
        if root is None:
            raise ClientError("there is no trusted root; begin with init")
        self._kept = kept
        self._site = site
        self._trusted = KeptSet(root, now)
        self._targets: dict[tuple[str, str], Targets] = {}  # role and who delegated to it -> what it says

    def refresh(self) -> None:
        """Bring root, timestamp, snapshot and targets up to date; call it once, before anything else."""
        self._follow_roots()
        self._refresh_timestamp()
        self._refresh_snapshot()
        self._targets_of("targets", "root")

    def download(self, path: str, site: Site, folder: Folder) -> None:
        """Fetch a target, unless the folder has it already."""
        target = self._find(path)
        name = quote(path, safe="")
        if target.length > TARGET_BYTES_MAX:
            raise ClientError(f"{path} is over {TARGET_BYTES_MAX} bytes")
        held = folder.read(name, target.length)
        if held is not None and _is_same(held, target):
            return
        content = site.must_get(self._remote_name(target), target.length)
        if not _is_same(content, target):
            raise ClientError(f"{path} is not what was signed: its length or hash is another one")
        folder.write(name, content)

    def _follow_roots(self) -> None:
        for _ in range(ROOTS_MAX):
            content = self._site.get(f"{self._trusted.root.signed.version + 1}.root.json", ROOT_BYTES_MAX)
            if content is None:
                return
            self._trusted.add_root(content)
            self._kept.write("root.json", content)

    def _refresh_timestamp(self) -> None:
        # A kept one that no longer verifies binds nothing: so a root ends what a thief of the key has signed.
        self._takes("timestamp", TIMESTAMP_BYTES_MAX, self._trusted.add_timestamp)
        content = self._site.must_get("timestamp.json", TIMESTAMP_BYTES_MAX)
        if self._trusted.add_newer_timestamp(content):
            self._kept.write("timestamp.json", content)

    def _refresh_snapshot(self) -> None:
        if not self._takes("snapshot", SNAPSHOT_BYTES_MAX, self._trusted.add_kept_snapshot):
            content = self._listed("snapshot", self._trusted.timestamp.snapshot_meta, SNAPSHOT_BYTES_MAX)
            self._trusted.add_snapshot(content)
            self._kept.write("snapshot.json", content)

    def _targets_of(self, role: str, delegator: str) -> Targets:
        """What a role says, once it was verified for this very delegator."""
        if (role, delegator) in self._targets:
            return self._targets[role, delegator]

        def take(content: bytes) -> None:
            self._targets[role, delegator] = self._trusted.add_targets(content, role, delegator).signed

        meta = self._trusted.snapshot.meta.get(f"{role}.json")
        if meta is None:
            raise MalformedMetadata(f"the snapshot does not list {role}")
        if not self._takes(role, TARGETS_BYTES_MAX, take):
            content = self._listed(role, meta, TARGETS_BYTES_MAX)
            take(content)
            self._kept.write(_file_of(role), content)
        return self._targets[role, delegator]

    def _takes(self, role: str, limit: int, take: Callable[[bytes], Any]) -> bool:
        """Whether the kept file of a role is still the one that belongs here; what is not, is fetched anew."""
        content = self._kept.read(_file_of(role), limit)
        if content is not None:
            with suppress(TrustError):
                take(content)
                return True
        return False

    def _listed(self, role: str, meta: MetaFile, limit: int) -> bytes:
        """Fetch the file that another one lists."""
        version = f"{meta.version}." if self._trusted.root.signed.consistent_snapshot else ""
        return self._site.must_get(version + _file_of(role), min(limit, meta.length or limit))

    def _find(self, path: str) -> TargetFile:
        """Search the delegations in their order and depth first; nothing is looked for behind a terminating one."""
        waiting = [("targets", "root")]
        seen: set[str] = set()
        while waiting and len(seen) < ROLES_MAX:
            role, delegator = waiting.pop()
            if role in seen:
                continue
            targets = self._targets_of(role, delegator)
            if path in targets.targets:
                return targets.targets[path]
            seen.add(role)
            roles = list(targets.delegations.get_roles_for_target(path)) if targets.delegations else []
            last = next((index for index, (_, is_terminating) in enumerate(roles) if is_terminating), None)
            if last is not None:
                waiting.clear()
                roles = roles[: last + 1]
            waiting += [(delegated, role) for delegated, _ in reversed(roles)]
        raise ClientError(f"no role that may sign {path} lists it")

    def _remote_name(self, target: TargetFile) -> str:
        if not self._trusted.root.signed.consistent_snapshot:
            return target.path
        folder, slash, name = target.path.rpartition("/")
        return f"{folder}{slash}{next(iter(target.hashes.values()))}.{name}"


def _file_of(role: str) -> str:
    """The name of a role's file: whatever a role is called, it stays inside its folder."""
    return f"{quote(role, safe='')}.json"


def _is_same(content: bytes, target: TargetFile) -> bool:
    try:
        target.verify_length_and_hashes(content)
    except LengthOrHashMismatchError:
        return False
    return True
