"""A signing file that enough have signed becomes what the network has published."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from node.pod.conflict import check_resolved_by
from node.pod.errors import PodError
from node.pod.files import write_new
from node.pod.known import KnownNetwork
from node.pod.network import ROOT, keep, published
from node.pod.plans import Founding, Resolving
from node.pod.proposal import Proposal
from node.pod.signing_file import is_finished, open_file
from node.pod.writing import is_too_high
from node.trust.errors import TrustError
from node.trust.metadata import Timestamp, read


def finish(file: Path, network_folder: Path, now: datetime) -> Proposal:
    """Take over what the file signs into the network's folder.  Blocking.

    A founding makes the network in the folder; no key gets into it.  The signatures that its genesis root carries by
    then belong to it for ever, because the network is named by the hash of that file: so one pod finishes, and
    all others get a copy of the folder.

    Raises:
        PodError: Not enough have signed, or no farm would accept it; the folder is as it was.
    """
    known = published(network_folder) if (network_folder / ROOT).exists() else None
    if known is not None and is_finished(file, known):
        raise PodError(f"{file} is finished already: {network_folder} says what it signed")
    proposal = open_file(file, known)
    if isinstance(proposal.plan, Founding) and known is not None:
        raise PodError(f"{network_folder} holds a network already")
    check_not_late(proposal, known)
    missing = [
        f"{count.role} by {count.missing} more (signed by {', '.join(count.signers) or 'no one'})"
        for count in proposal.counts()
        if count.missing
    ]
    if missing:
        raise PodError(f"{file} is not signed by enough yet: {'; '.join(missing)}")
    finished = proposal.outcome()
    if is_too_high(read(finished.head.timestamp, Timestamp).signed.version, now):
        raise PodError("no farm would accept this: its timestamp is numbered so high that nothing could follow it")
    try:
        if known is not None:
            known.check_followed_by(finished)
            if isinstance(proposal.plan, Resolving):
                check_resolved_by(proposal.plan.branches, known, finished)
        finished.check_fresh(now)
    except TrustError as error:
        raise PodError(f"no farm would accept this: {error}") from error
    _write(network_folder, finished, is_new=known is None)
    return proposal


def check_not_late(proposal: Proposal, known: KnownNetwork | None) -> None:
    """Check that no heartbeat went out since the timestamp was signed.

    Raises:
        PodError: One did.
    """
    if known is not None and proposal.published is not None and known.outstamps(proposal.published):
        raise PodError("a heartbeat went out since this was signed; let one pod sign it again")


def _write(folder: Path, finished: KnownNetwork, *, is_new: bool) -> None:
    try:
        if is_new:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep(folder, finished.head, finished.roots)
    except OSError as error:
        raise PodError(f"{folder} cannot be written: {error.strerror}") from error
    if is_new:
        write_new(folder / ROOT, finished.genesis)  # last: only this makes the folder a network
