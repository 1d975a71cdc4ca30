"""What halts a chain, and when a halted one may go on: the statements of a head against those that are held."""

from __future__ import annotations

from datetime import datetime

from node.trust.equivocation import OF_THE_ROOT, Conflict, Known, Provable, check_proof, halves_in, prove
from node.trust.errors import Equivocation, TrustError
from node.trust.metadata import Root, public_halves, read
from node.trust.policy import is_foundation_over
from node.trust.roots import Climb, has_left, is_resolved
from node.trust.state import State, contradictions


def check_consistent(state: State, held: State, climbed: Climb, newest: bytes, known: Known) -> None:
    """Check that no statement of a head contradicts the one that is held.

    Args:
        state: Of the head.
        held: What is known.
        climbed: The roots of the head.
        newest: The file of the newest root that was known before.
        known: The network with the roots of the head.

    Raises:
        Equivocation: One does; with a proof, if one root or one targets file allowed both.
    """
    errors = [
        Equivocation(role, new.signed.version, before.content, new.content, proof, climbed.files)
        for role, before, new in contradictions(state, held)
        for proof in [_proof(role, before, new, state=state, held=held, climbed=climbed, newest=newest, known=known)]
    ]
    if errors:
        raise next((error for error in errors if error.proof), errors[0])


def is_over(conflict: Conflict, climbed: Climb, state: State, now: datetime) -> bool:
    """Whether a chain that the conflict halted may go on under these roots, with these statements."""
    root, targets = climbed.trusted.root.signed, state.targets.signed
    if not is_resolved(climbed, conflict) and not has_left(root, targets, conflict, now):
        return False
    # Founders still stand in the targets after their date.
    is_past_date = conflict.role == "foundation" and is_foundation_over(root, now)
    return is_past_date or public_halves(targets).isdisjoint(halves_in(conflict))


def _proof(
    role: str, before: Provable, new: Provable, state: State, held: State, climbed: Climb, newest: bytes, known: Known
) -> bytes:
    """The proof that two statements contradict each other, judged by the newest roots and targets; else b""."""
    for judge in (read(newest, Root), climbed.trusted.root):
        for targets in (None,) if role in OF_THE_ROOT else (state.targets, held.targets):
            proof = prove(role, before, new, judge, targets)
            try:
                check_proof(proof, known)
            except TrustError:
                continue
            return proof
    return b""
