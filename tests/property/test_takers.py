"""Whatever the clocks and leases: who gives a chunk up when the rule allows it is never convicted for that."""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from node.vault.core.audit import Auditor
from node.vault.core.handover import signers
from node.vault.core.messages import Evidence, Takers
from node.vault.core.proofs import LEASE_S, LEASE_S_MIN, NOT_HELD, sign_answer, sign_receipt, takers_digest
from node.vault.core.proving import Line, Proof, Proven
from tests.unit.test_takers import is_convicted, renewed, taken
from tests.unit.test_vault_attacks import ADDRESS, CHUNK, NONCE, peers
from tests.vault_world import START_S, World

ACCUSED, *OTHERS = peers(4)
NOW_S = 3_600.0


@settings(deadline=None)
@given(
    ahead_s=st.floats(-900.0, 900.0),
    lease_s=st.floats(LEASE_S_MIN, 2 * LEASE_S) | st.floats(LEASE_S - 900.0, LEASE_S + 900.0),
    promised_s=st.floats(NOW_S - LEASE_S + 2.0, NOW_S),
    part=st.floats(0.0, 1.0, exclude_max=True),
)
@example(ahead_s=-630.0, lease_s=2 * LEASE_S, promised_s=NOW_S, part=0.0)
def test_receipts_that_count_at_the_hand_over_acquit_until_the_last_promise_has_ended(
    ahead_s: float, lease_s: float, promised_s: float, part: float
) -> None:
    takers = tuple(taken(peer, START_S + NOW_S + ahead_s, lease_s=lease_s) for peer in OTHERS)
    assume(count_at_the_hand_over(takers) == len(takers))

    first_s, end_s = max(NOW_S, promised_s), promised_s + LEASE_S
    answered_s = START_S + min(first_s + part * (end_s - first_s), end_s - 1.0)
    receipt = sign_receipt(ACCUSED.signer, ADDRESS, len(CHUNK), START_S + promised_s)
    answer = sign_answer(ACCUSED.signer, NOT_HELD, ADDRESS, takers_digest(takers), NONCE, answered_s)
    evidence = Evidence(ACCUSED.certificate, answer, receipt, takers)

    assert not is_convicted(renewed(evidence, ACCUSED), ACCUSED)
    assert is_convicted(renewed(accused_alone(evidence), ACCUSED), ACCUSED)


def count_at_the_hand_over(takers: Takers) -> int:
    world = World()
    desk = world.add(1).vault._desk
    world.now_s = NOW_S
    desk.now = world.now()
    proof = Proof(
        ADDRESS, [], line=Line(1), auditor=Auditor(bytes), beyond=lambda _desk, _proof: [],
        finished=lambda _desk, _proof: None,
    )  # fmt: skip
    proof.proven = {taker.certificate.vault_id: Proven("", taker) for taker in takers}
    return len(signers(desk, proof))


def accused_alone(evidence: Evidence) -> Evidence:
    """The same denial without anybody named: it shows that the promise did bind."""
    said = evidence.answer
    answer = sign_answer(ACCUSED.signer, NOT_HELD, ADDRESS, b"", NONCE, said.at_s)
    return Evidence(ACCUSED.certificate, answer, evidence.receipt)
