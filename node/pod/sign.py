"""One pod (or founder) signs: what a signing file asks, after having rebuilt what it releases.

The first steps read and check, so that a person can be told what will be signed; only ``keep_signed`` writes, but for
copies of what was signed before.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from node.pod.build import Built, build_tree, check, compare, load
from node.pod.errors import PodError
from node.pod.files import finish_folder, replace, start_folder, write_new
from node.pod.kept import keep_release
from node.pod.memory import check_consistent, passed_by, remember, remembered, remembered_by
from node.pod.network import keep, party, published, utc_now
from node.pod.parties import Party
from node.pod.plans import Plan, Releasing
from node.pod.proposal import Proposal
from node.pod.signed_files import hand_on
from node.pod.signing_file import begin, check_time, encode_file, open_file
from node.pod.writing import is_too_high
from node.trust.metadata import Timestamp, read

SIGNING: Final = "signing.json"  # in the folder of a release
SHOWN_MAX: Final = 10  # differing files named in a sentence


@dataclass(frozen=True, slots=True)
class Signed:
    """How far a release is: who signed the statement that lists it, and the snapshot, which only pods sign."""

    release: str
    signers: tuple[str, ...]
    need: int
    snapshot_signers: tuple[str, ...]
    snapshot_need: int

    @property
    def is_complete(self) -> bool:
        return len(self.signers) >= self.need and len(self.snapshot_signers) >= self.snapshot_need


def draft(built: Built, network_folder: Path) -> dict[str, bytes]:
    """The signing file of a release, by the name that it has in the release's folder.

    Raises:
        PodError: The network cannot release this.
    """
    return {SIGNING: encode_file(begin_here(Releasing(built.release, built.manifest), network_folder, utc_now()))}


def begin_here(plan: Plan, network_folder: Path, now: datetime) -> Proposal:
    """What ``plan`` comes to in the network of a folder, signed by nobody; it leaves out what is known to be signed.

    Raises:
        PodError: The plan is not possible.
    """
    known = published(network_folder)
    return begin(plan, known, now, passed_by(remembered(network_folder), known.head, now))


def write_founding(folder: Path, name: str, proposal: Proposal) -> None:
    """Make the new folder of a network to be, with its signing file in it.

    Raises:
        PodError: It is in use, or cannot be made.
    """
    making = start_folder(folder)
    try:
        (making / name).write_bytes(encode_file(proposal))
        finish_folder(making, folder)
    except OSError as error:
        raise PodError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def open_to_sign(file: Path, network_folder: Path | None, now: datetime) -> Proposal:
    """A signing file as it can be signed now: checked, and its timestamp made anew if a heartbeat went out meanwhile.

    So it is, too, where it builds on nothing newer than a heartbeat that is numbered too high: nobody takes that over.

    Raises:
        PodError: It cannot be signed.
    """
    known = published(network_folder) if network_folder else None
    proposal = open_file(file, known)
    check_time(proposal, now)
    base = proposal.published
    if known is not None and base is not None:
        is_bad = is_too_high(read(base.head.timestamp, Timestamp).signed.version, now) and base.outstamps(known)
        if is_bad or known.outstamps(base):
            proposal = proposal.restamped(known, now)
    return proposal


def rebuild(plan: Releasing, checkout: Path) -> Built:
    """Build the release anew from a checkout.

    Raises:
        PodError: The checkout gives something else, or needs what the release does not declare, or cannot be read.
    """
    told = plan.release
    there = Built(told, plan.manifest, {})
    check(Path("this signing file"), there)
    differing = compare(there, checkout)
    if differing:
        more = f" and {len(differing) - SHOWN_MAX} more" if len(differing) > SHOWN_MAX else ""
        raise PodError(f"{told.name} is not what {checkout} gives: {', '.join(differing[:SHOWN_MAX])}{more}")
    rebuilt = build_tree(
        checkout, told.version, told.notes, told.layer, role=told.role, floor=told.floor,
        capabilities=told.capabilities, is_urgent=told.is_urgent, platform=told.platform, runtimes=told.runtimes,
    )  # fmt: skip
    same = rebuilt.release
    if told.layer != "vault":  # how its chunks are packed, and which deltas lead to it, binds no farm: the tree does
        same = msgspec.structs.replace(
            same, manifest=told.manifest, manifest_length=told.manifest_length, deltas=told.deltas
        )
    assert same == told, "the same files make the same release"
    return rebuilt


def signed_as(signer: Party, proposal: Proposal, network_folder: Path | None, now: datetime) -> Proposal:
    """The proposal with the signatures of a pod or founder that has signed nothing which contradicts it.

    Raises:
        PodError: It may not sign this, or has signed something else in the same place.
    """
    signed = proposal.signed_by(signer)
    if network_folder is not None and proposal.published is not None:
        hand_on(network_folder)  # whoever is refused gives what was signed before to who drafts
        check_consistent(signed, signer, remembered_by(network_folder, signer), now)
    return signed


def keep_signed(
    file: Path,
    proposal: Proposal,
    network_folder: Path | None,
    rebuilt: Built | None,
    signer: Party,
    now: datetime,
) -> None:
    """Write the proposal that ``signer`` signed into its file, and what was learned into the network's folder.

    That it was signed is kept first: no signature leaves which could be forgotten.

    Raises:
        PodError: Something cannot be written; signing again is safe.
    """
    if network_folder is not None and proposal.published is not None:
        if rebuilt is not None:
            keep_release(network_folder, rebuilt)
        try:
            keep(network_folder, proposal.published.head, proposal.published.roots)
        except OSError as error:
            raise PodError(f"{network_folder} cannot be written: {error.strerror}") from error
        remember(network_folder, proposal, signer, now)
    replace(file, encode_file(proposal))


def sign(release_folder: Path, network_folder: Path, pod: str, *, now: datetime | None = None) -> Signed:
    """Add the signatures of one pod of a practice network to a release that was built here.  Blocking.

    The first one drafts the signing file.  Signing twice changes nothing.

    Raises:
        PodError: The release, the network or the draft is damaged, or ``pod`` may not sign.
    """
    built, moment = load(release_folder), now or utc_now()
    file = release_folder / SIGNING
    if file.exists():
        proposal = open_to_sign(file, network_folder, moment)
        check_is_of(proposal, built)
    else:
        proposal = begin_here(Releasing(built.release, built.manifest), network_folder, moment)
    signer = party(network_folder, pod)
    signed = signed_as(signer, proposal, network_folder, moment)
    if not file.exists():
        write_new(file, encode_file(proposal))
    keep_signed(file, signed, network_folder, built, signer, moment)
    return progress(signed, built)


def check_is_of(proposal: Proposal, built: Built) -> None:
    """Check that the proposal releases exactly what was built.

    Raises:
        PodError: It does not.
    """
    if proposal.plan != Releasing(built.release, built.manifest):
        raise PodError(f"the draft is not one of {built.release.name} with these files; remove it and sign again")


def progress(proposal: Proposal, built: Built) -> Signed:
    """How many have signed a release, and how many are needed."""
    counts = {count.role: count for count in proposal.counts()}
    statement, snapshot = counts[built.release.role], counts["snapshot"]
    return Signed(built.release.name, statement.signers, statement.need, snapshot.signers, snapshot.need)
