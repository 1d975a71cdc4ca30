"""The one file that pods exchange: a plan, what it builds on, the statements it comes to, and who signed them so far.

    JSON {"format", "kind", "network", "at", "stamped_at", "plan", "base", "roots", "passed", "statements"}

``network`` is the SHA-256 of the genesis root (empty while the network is founded), ``base`` the head that was
published when the plan was made, ``roots`` the root files that it names, ``passed`` the numbers that are left out, by
role, ``statements`` TUF files by role.  Whoever opens the file believes none of it: the base is verified against the
network that is known here, the statements are derived from the plan anew, and every signature is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from node.pod.errors import PodError
from node.pod.files import pretty, read_as
from node.pod.known import KnownNetwork
from node.pod.plans import Founding, Plan, founding_statements, root_before_fork, statements_of
from node.pod.proposal import Proposal
from node.pod.writing import NOTHING_PASSED, RELEASES_LEFT_OUT, Numbers, Passed, Statements, highest_number
from node.trust.errors import Equivocation, Rollback, TrustError
from node.trust.head import Head
from node.trust.metadata import TIME_FORMAT, Metadata, Root, Snapshot, Targets, Timestamp, read, signed_hash, time_text
from node.trust.policy import HASH_PATTERN
from node.trust.state import highest_sequence_of

FORMAT: Final = 1
KIND: Final = "perennial signing file"
BYTES_MAX: Final = 16 << 20  # some two hundred roots, one for each rotation
AHEAD_MAX: Final = timedelta(hours=1)  # how far the drafter's clock may be ahead of the signer's
AGE_MAX: Final = timedelta(days=30)  # how long a plan may wait for signatures
YEAR_MAX: Final = 9_000  # of a moment: what is drafted then has dates of its own, some years later
KINDS: Final[dict[str, Any]] = {"root": Root, "snapshot": Snapshot, "timestamp": Timestamp}  # the others are Targets


class SigningFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content.  ``stamped_at`` is the moment of the timestamp, ``at`` of everything else."""

    format: int
    kind: str
    network: str
    at: str
    stamped_at: str
    plan: Plan
    base: Head | None
    roots: tuple[bytes, ...]
    statements: dict[str, str]
    passed: dict[str, Passed] = {}


def begin(plan: Plan, published: KnownNetwork | None, now: datetime, passed: Numbers = NOTHING_PASSED) -> Proposal:
    """What ``plan`` comes to, signed by nobody; numbers that are ``passed`` are left out.

    Raises:
        PodError: The plan is not possible.
    """
    _check_passed(passed, published, now)
    statements = _derive(plan, published, now, now, passed)
    left_out = {role: numbers for role, numbers in passed.items() if role in statements}
    fork = root_before_fork(plan, published) if published else None
    return Proposal(
        plan=plan, at=now, stamped_at=now, published=published, statements=statements, passed=left_out, fork=fork,
    )  # fmt: skip


def encode_file(proposal: Proposal) -> bytes:
    """The proposal as the file that is exchanged."""
    published = proposal.published
    return pretty(
        SigningFile(
            format=FORMAT,
            kind=KIND,
            network=published.network if published else "",
            at=time_text(proposal.at),
            stamped_at=time_text(proposal.stamped_at),
            plan=proposal.plan,
            base=published.head if published else None,
            roots=published.roots if published else (),
            statements={role: metadata.to_bytes().decode() for role, metadata in proposal.statements.items()},
            passed=dict(proposal.passed),
        )
    )


def open_file(file: Path, known: KnownNetwork | None) -> Proposal:
    """Open a signing file from anyone.

    Args:
        file: Bytes from others.
        known: The network as it is known here; None if there is none yet.

    Raises:
        PodError: It is malformed, of another network, of the past, or not what its plan says.
    """
    told = read_as(file, SigningFile, BYTES_MAX, "a signing file")
    if (told.format, told.kind) != (FORMAT, KIND):
        raise PodError(f"{file} is a signing file of another kind")
    base = _base(file, told, known)
    at, stamped_at = _moment(file, told.at), _moment(file, told.stamped_at)
    _check_passed(told.passed, base, at)
    derived = _derive(told.plan, base, at, stamped_at, told.passed)
    if set(derived) != set(told.statements):
        raise PodError(f"{file} does not hold the statements that its plan comes to")
    statements: Statements = {}
    for role, expected in derived.items():
        statements[role] = _read(file, role, told.statements[role])
        if signed_hash(statements[role]) != signed_hash(expected):
            raise PodError(
                f"the {role} in {file} is not what the plan comes to: "
                "it was changed, or drafted with another version of these tools"
            )
    fork = root_before_fork(told.plan, base) if base else None
    proposal = Proposal(
        plan=told.plan, at=at, stamped_at=stamped_at, published=base, statements=statements, passed=told.passed,
        fork=fork,
    )  # fmt: skip
    proposal.check_signatures()
    return proposal


def is_finished(file: Path, known: KnownNetwork) -> bool:
    """Whether the network says exactly what the file signs, as after ``finish``; nothing else of the file is checked.

    Raises:
        PodError: It is no signing file.
    """
    told, head = read_as(file, SigningFile, BYTES_MAX, "a signing file"), known.head
    if isinstance(told.plan, Founding) or not told.statements:
        return False
    files = {"root": known.root.content, "targets": head.targets, "snapshot": head.snapshot, **head.delegated}
    files["timestamp"] = head.timestamp
    if not set(told.statements) <= set(files):
        return False
    published = {role: read(files[role], KINDS.get(role, Targets)).signed_hash for role in told.statements}
    return {role: signed_hash(_read(file, role, text)) for role, text in told.statements.items()} == published


def check_time(proposal: Proposal, now: datetime) -> None:
    """Check that the plan was made a short while ago: farms take its time for the time at which pods signed.

    Raises:
        PodError: It was not, or this computer's clock is wrong.
    """
    for moment in (proposal.at, proposal.stamped_at):
        if not now - AGE_MAX <= moment <= now + AHEAD_MAX:
            raise PodError(
                f"this was drafted at {time_text(moment)} and it is {time_text(now)} now; "
                f"nobody signs what is over {AGE_MAX.days} days old or in the future"
            )


def merge(proposals: Sequence[Proposal]) -> Proposal:
    """One proposal with the signatures of all; the order does not matter.

    Raises:
        PodError: They are not all of the same plan.
    """
    first = proposals[0]
    if any(other.identity() != first.identity() for other in proposals):
        raise PodError("these are not copies of one signing file: they would sign different things")
    # The timestamp alone may have been made anew in some of the copies, after a heartbeat; the latest one counts.
    latest = max(proposals, key=lambda p: (p.statements["timestamp"].signed.version, p.stamped_at))
    merged = latest.with_signatures_of(latest)
    for other in proposals:
        merged = merged.with_signatures_of(other)
    return merged


def _derive(
    plan: Plan, published: KnownNetwork | None, at: datetime, stamped_at: datetime, passed: Numbers
) -> Statements:
    if isinstance(plan, Founding):
        return founding_statements(plan, at)
    if published is None:
        raise PodError("only a founding needs no network; say in which folder the network lies")
    return statements_of(plan, published, at, stamped_at, passed)


def _check_passed(passed: Numbers, published: KnownNetwork | None, at: datetime) -> None:
    """Check that no more is left out than could have been signed, so that a network does not run out of numbers."""
    most = highest_number(at)
    for role, left_out in passed.items():
        if published is None or role in ("root", "timestamp"):
            raise PodError(f"no number of {role[:40]!r} can be left out")
        head = published.head
        content = {"snapshot": head.snapshot, "targets": head.targets, **head.delegated}.get(role)
        if content is None:
            raise PodError(f"there is no {role[:40]!r} of which numbers could be left out")
        held, most_releases = read(content, KINDS.get(role, Targets)).signed.version, highest_sequence_of(head)
        most_releases += RELEASES_LEFT_OUT
        if not held <= left_out.number <= most or not 0 <= left_out.sequence <= most_releases:
            raise PodError(f"the numbers of {role} that are left out are too many")
        if role != "snapshot" and not HASH_PATTERN.fullmatch(left_out.previous):
            raise PodError(f"the next {role} does not name a predecessor")


def _base(file: Path, told: SigningFile, known: KnownNetwork | None) -> KnownNetwork | None:
    """The published head that the file builds on, verified against what is known here."""
    if isinstance(told.plan, Founding):
        if told.base is not None or told.network:
            raise PodError(f"{file} founds a network and is one of a network already")
        return None
    if known is None or told.base is None:
        raise PodError(f"{file} is of the network {told.network[:16]}…; say in which folder that network lies")
    if told.network != known.network:
        raise PodError(f"{file} is of another network: {told.network[:16]}…, and this one is {known.network[:16]}…")
    base = KnownNetwork(known.genesis, told.roots, told.base)
    try:
        if known.outstamps(base):
            return known.stamped(told.base.timestamp)
        known.check_followed_by(base)
    except Rollback as error:
        raise PodError(f"the network published something since {file} was drafted; it must be drafted again") from error
    except Equivocation as error:
        raise PodError(f"{file} builds on something else than what this network published: {error}") from error
    except TrustError as error:
        raise PodError(f"{file} builds on what no farm would accept: {error}") from error
    return base


def _read(file: Path, role: str, content: str) -> Metadata[Any]:
    try:
        return read(content.encode(), KINDS.get(role, Targets)).metadata
    except (TrustError, UnicodeError) as error:
        raise PodError(f"the {role} in {file} is damaged: {error}") from error


def _moment(file: Path, text: str) -> datetime:
    try:
        moment = datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise PodError(f"{file} does not say when it was drafted") from error
    if moment.year > YEAR_MAX:
        raise PodError(f"{file} does not say when it was drafted: there is no year {moment.year} yet")
    return moment
