"""What neighbours hold against the farm's own vault counts only as far as that very run, or a later one, signed it."""

from __future__ import annotations

import pytest

from node.update.trials.observations import Neighbour, proofs_against
from node.vault.core.codec import encode
from node.vault.core.identity import Signer, certify
from node.vault.core.messages import Evidence, SignedAnswer
from node.vault.core.proofs import HELD, NOT_HELD, sign_answer, sign_receipt
from node.vault.core.ranking import Ledger

UTC_S = 1_800_000_000.0
FARM, STRANGER = Signer(b"f" * 32), Signer(b"s" * 32)
ADDRESS, OTHER, NONCE = b"\1" * 32, b"\2" * 32, bytes(32)


def run_of(serial: int, farm: Signer = FARM) -> tuple[Signer, Evidence]:
    """The key of a run, and a piece of evidence without its answer."""
    key = Signer(serial.to_bytes(32, "big"))
    certificate = certify(farm, key.public_key, serial=serial, now_s=UTC_S)
    return key, Evidence(certificate, SignedAnswer("", b"", b"", b"", 0.0))


def wrong_bytes(serial: int, farm: Signer = FARM) -> Evidence:
    key, blank = run_of(serial, farm)
    return Evidence(blank.certificate, sign_answer(key, HELD, ADDRESS, OTHER, NONCE, UTC_S))


def broken_promise(serial: int) -> Evidence:
    key, blank = run_of(serial)
    receipt = sign_receipt(key, ADDRESS, 10, UTC_S - 60.0)
    return Evidence(blank.certificate, sign_answer(key, NOT_HELD, ADDRESS, b"", NONCE, UTC_S), receipt)


def right_answer(serial: int) -> Evidence:
    key, blank = run_of(serial)
    return Evidence(blank.certificate, sign_answer(key, HELD, ADDRESS, ADDRESS, NONCE, UTC_S))


def neighbour(number: int, evidence: Evidence | None, about: Signer = FARM) -> Neighbour:
    vault, key = Signer(bytes([number]) * 32), Signer(bytes([number, 1]) * 16)
    ledger = Ledger()
    ledger.blame(about.public_key, UTC_S, encode(evidence) if evidence else b"", is_data_fault=True)
    certificate = certify(vault, key.public_key, serial=1, now_s=UTC_S)
    return Neighbour(f"10.0.{number}.0/24", 1e6, ledger.table(key, certificate, now_s=UTC_S, utc_s=UTC_S))


def proofs(*neighbours: Neighbour, serial_min: int = 5) -> int:
    return proofs_against(FARM.public_key, serial_min, neighbours, utc_s=UTC_S)


@pytest.mark.parametrize("evidence", [wrong_bytes(5), wrong_bytes(6), broken_promise(5)])
def test_a_wrong_answer_and_a_broken_promise_of_this_run_or_a_later_one_are_proofs(evidence: Evidence) -> None:
    assert proofs(neighbour(1, evidence)) == 1


@pytest.mark.parametrize("evidence", [wrong_bytes(4), broken_promise(4)])
def test_what_an_earlier_run_signed_is_none(evidence: Evidence) -> None:
    assert proofs(neighbour(1, evidence)) == 0


@pytest.mark.parametrize("evidence", [None, right_answer(5), wrong_bytes(5, STRANGER)])
def test_a_claim_is_none_nor_a_right_answer_nor_what_somebody_else_signed(evidence: Evidence | None) -> None:
    assert proofs(neighbour(1, evidence)) == 0


def test_what_is_proven_of_others_says_nothing_of_this_one() -> None:
    assert proofs(neighbour(1, wrong_bytes(5, STRANGER), about=STRANGER)) == 0


def test_a_table_that_is_none_is_passed_over() -> None:
    junk = Neighbour("10.0.9.0/24", 1.0, b"junk")
    assert proofs(junk, neighbour(1, wrong_bytes(5)), neighbour(2, wrong_bytes(5))) == 2
