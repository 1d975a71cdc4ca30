"""What a farm says of its trial of one release to whoever asks: a note, signed by the vault id.

An enrolment is the note with the state ``on_trial``; the verdict takes its place later, and a fault that shows only
after the promotion takes the place of that.  A note binds its author to the one wave that the commitment in its
certificate leads to (``membership``).  It tells nothing that would show the private duration while it is a secret,
nor anything that would tell one home from another: days, dozens and powers of two instead of exact numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from node.trial.membership import (
    DIGEST_BYTES,
    REVEAL_BYTES,
    BadReveal,
    Role,
    check_reveal,
    position,
    reveal,
)
from node.trial.profile import METRICS
from node.trial.stored import decoded
from node.trial.verdict import MetricProgress, Progress
from node.vault.core.identity import KEY_BYTES, SIGNATURE_BYTES, verify
from node.vault.errors import BadSignature, MalformedMessage
from node.vault.noting import NOTE_BYTES_MAX

State = Literal["on_trial", "pass", "fail", "not_proven", "void"]
Platform = Literal["linux", "windows", "macos", "other"]

NOTE_VERSION: Final = 1
RULE_VERSION: Final = 1  # of the rule that gave the verdict: notes of another one are counted all the same
REASON_BYTES_MAX: Final = 120
DAY_MAX: Final = 100_000  # since 1970
TRIAL_DAYS_MAX: Final = 1_000
COUNT_MAX: Final = 1 << 30
DAY_S: Final = 86_400.0
BLOCKS_BUCKET: Final = 12  # a day of them

Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Hash = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
Shown = Annotated[float, Meta(ge=-1e6, le=1e6)]


class MetricNote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One metric as a factor of the current version's, as in ``MetricProgress``."""

    estimate: Shown | None
    low: Shown | None
    high: Shown | None
    is_proven: bool
    is_alarming: bool


class Numbers(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the trial found, in buckets: whole days, dozens of blocks, powers of two of pairs and reads."""

    started_day: Annotated[int, Meta(ge=0, le=DAY_MAX)]  # since 1970, UTC
    days: Annotated[int, Meta(ge=0, le=TRIAL_DAYS_MAX)] = 0
    blocks: Count = 0
    pairs: Count = 0
    verified_reads: Count = 0
    restarts: Count = 0
    lost: Count = 0
    wrong: Count = 0
    subnets_rated: Count = 0
    metrics: Annotated[tuple[MetricNote, ...], Meta(max_length=len(METRICS))] = ()  # in the order of METRICS


class Note(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One farm's word about one release.  Who said it is known from where it was asked for."""

    version: int
    digest: Hash  # of the release
    baseline: Hash  # digest of what it was compared with
    role: Role
    sequence: Annotated[int, Meta(ge=1)]
    reveal: Annotated[bytes, Meta(min_length=REVEAL_BYTES, max_length=REVEAL_BYTES)]
    state: State
    reason: str
    platform: Platform
    rule_version: Annotated[int, Meta(ge=0, le=COUNT_MAX)]
    numbers: Numbers
    signature: Annotated[bytes, Meta(max_length=SIGNATURE_BYTES)] = b""

    @property
    def position(self) -> float:
        """Where its author stands in the rollout; to be believed only after ``check_note``."""
        return position(self.reveal, self.digest)


@dataclass(frozen=True, slots=True)
class Subject:
    """The release that notes are about: the address of its signed manifest, the role that released it, its number."""

    digest: bytes
    role: Role
    sequence: int


def make_note(
    subject: Subject, state: State, numbers: Numbers, sign: Callable[[bytes], bytes], *,
    vault_id: bytes, seed: bytes, baseline: bytes, platform: Platform, reason: str = "",
) -> Note:  # fmt: skip
    """This farm's note about the release, signed.  ``sign`` signs with the key of ``vault_id``."""
    revealed = reveal(seed, subject.role, subject.sequence)
    blank = Note(
        version=NOTE_VERSION, digest=subject.digest, baseline=baseline, role=subject.role, sequence=subject.sequence,
        reveal=revealed, state=state, reason=_cut(reason), platform=platform, rule_version=RULE_VERSION,
        numbers=numbers,
    )  # fmt: skip
    return msgspec.structs.replace(blank, signature=sign(_signed_part(vault_id, blank)))


def numbers_of(progress: Progress, started_s: float) -> Numbers:
    """A trial's numbers as a note may tell them.  ``started_s``: when it began (UTC)."""
    return Numbers(
        started_day=_bounded(started_s / DAY_S, DAY_MAX),
        days=_bounded(progress.seconds / DAY_S, TRIAL_DAYS_MAX),
        blocks=progress.blocks // BLOCKS_BUCKET * BLOCKS_BUCKET,
        pairs=_power_of_two(progress.pairs),
        verified_reads=_power_of_two(progress.verified_reads),
        restarts=progress.restarts,
        lost=progress.lost,
        wrong=progress.wrong,
        subnets_rated=progress.neighbours_rated,
        metrics=tuple(_metric_note(metric) for metric in progress.metrics),
    )


def follows(before: State, after: State) -> bool:
    """Whether one author's note may take the place of its earlier one: nobody has two verdicts.

    A trial that was void, or proved nothing, may be held again; a pass may turn into a fail, and a fail stays.
    """
    match before:
        case "on_trial" | "void" | "not_proven":
            return after != before
        case "pass":
            return after == "fail"
        case "fail":
            return False


def encode_note(note: Note) -> bytes:
    content = msgspec.msgpack.encode(note)
    assert len(content) <= NOTE_BYTES_MAX, len(content)
    return content


def decode_note(content: bytes) -> Note:
    """Read a note from untrusted bytes.  Whose it is, is not checked: ``check_note`` does that.

    Raises:
        MalformedMessage: Not a note, of another version, or outside its limits.
    """
    note = decoded(content, Note, NOTE_BYTES_MAX, MalformedMessage, "note")
    if note.version != NOTE_VERSION:
        raise MalformedMessage(f"a note of version {note.version}")
    if len(note.reason.encode()) > REASON_BYTES_MAX or not note.reason.isprintable():
        raise MalformedMessage("a note with a reason that cannot be shown")
    return note


def check_note(note: Note, vault_id: bytes, subject: Subject, committed: bytes) -> None:
    """Check that this vault signed the note, about this release, under the commitment that it is known by.

    Costs up to CHAIN_LENGTH hashes and a signature.

    Raises:
        MalformedMessage: It is about another release, or its reveal does not lead to the commitment.
        BadSignature: The vault did not sign it.
    """
    if (note.digest, note.role, note.sequence) != (subject.digest, subject.role, subject.sequence):
        raise MalformedMessage("a note about another release")
    if len(vault_id) != KEY_BYTES:
        raise BadSignature(f"a vault id of {len(vault_id)} bytes")
    verify(vault_id, note.signature, _signed_part(vault_id, msgspec.structs.replace(note, signature=b"")))
    try:
        check_reveal(committed, note.reveal, note.role, note.sequence)
    except BadReveal as error:
        raise MalformedMessage(f"a note without its place: {error}") from error


def _signed_part(vault_id: bytes, blank: Note) -> bytes:
    return b"perennial/1 note\0" + vault_id + msgspec.msgpack.encode(blank)


def _metric_note(metric: MetricProgress) -> MetricNote:
    return MetricNote(
        _rounded(metric.estimate), _rounded(metric.low), _rounded(metric.high), metric.is_proven, metric.is_alarming
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(min(1e6, max(-1e6, value)), 3)


def _power_of_two(count: int) -> int:
    """The power of two that the count has reached."""
    return min(COUNT_MAX, 1 << (count.bit_length() - 1)) if count > 0 else 0


def _bounded(days: float, limit: int) -> int:
    return int(min(limit, max(0.0, days)))


def _cut(reason: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in reason)
    return printable.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
