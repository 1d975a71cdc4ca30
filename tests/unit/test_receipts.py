"""Which receipts are kept of those that peers have signed: enough that whoever loses chunks is convicted of some."""

from __future__ import annotations

import random

import pytest

from node.vault.core.identity import Certificate
from node.vault.core.messages import HeldReceipt, Receipt
from node.vault.core.proofs import LEASE_S
from node.vault.core.receipts import RECEIPTS_KEPT, Receipts

CHANCE = random.Random(1)
OTHERS = [CHANCE.randbytes(32) for _ in range(4)]  # holders of each chunk
CERTIFICATE = Certificate(bytes(32), bytes(32), 1, 0.0, 0.0)
DAY_S = 24 * 3600.0


def chunks(count: int) -> list[bytes]:
    return [CHANCE.randbytes(32) for _ in range(count)]


def signed(address: bytes, at_s: float = 0.0) -> HeldReceipt:
    return HeldReceipt(CERTIFICATE, Receipt(address, 1, at_s, LEASE_S))


def renew(kept: Receipts, addresses: list[bytes], at_s: float = 0.0) -> None:
    """A round of the sweep."""
    for address in addresses:
        for vault_id in OTHERS:
            kept.keep(vault_id, signed(address, at_s))


def share(kept: Receipts, addresses: list[bytes]) -> float:
    found = sum(kept.get(vault_id, address) is not None for address in addresses for vault_id in OTHERS)
    return found / (len(OTHERS) * len(addresses))


def test_when_the_next_round_comes_by_an_eighth_of_the_promises_for_twenty_thousand_chunks_is_still_there():
    kept, addresses = Receipts(CHANCE.randbytes), chunks(20_000)
    renew(kept, addresses)
    begun = addresses[: len(addresses) // 2]
    renew(kept, begun, DAY_S)
    for part in (begun, addresses[len(begun) :]):
        assert 0.1 < share(kept, part) <= 0.13


def test_all_are_kept_while_there_is_room_and_never_more_than_that():
    kept, addresses = Receipts(CHANCE.randbytes), chunks(RECEIPTS_KEPT)
    renew(kept, addresses[: RECEIPTS_KEPT // 4])
    assert share(kept, addresses[: RECEIPTS_KEPT // 4]) == 1.0
    for address in addresses:
        kept.keep(OTHERS[0], signed(address))
        assert len(kept) <= RECEIPTS_KEPT
    assert len(kept) > RECEIPTS_KEPT // 2


def test_of_a_chunk_all_are_kept_or_none_so_that_what_one_holder_learns_is_of_no_use_to_another():
    kept, addresses = Receipts(CHANCE.randbytes), chunks(5_000)
    renew(kept, addresses)
    assert {sum(kept.get(one, address) is not None for one in OTHERS) for address in addresses} == {0, 4}


@pytest.mark.long
def test_which_part_is_kept_is_another_one_for_each_vault():
    first, second, addresses = Receipts(CHANCE.randbytes), Receipts(CHANCE.randbytes), chunks(20_000)
    renew(first, addresses)
    renew(second, addresses)
    both = [address for address in addresses if first.get(OTHERS[0], address) and second.get(OTHERS[0], address)]
    assert 0.005 < len(both) / len(addresses) < 0.025


def test_what_nobody_renews_is_forgotten_when_its_time_is_over_and_makes_room_for_more_again():
    kept, addresses = Receipts(CHANCE.randbytes), chunks(20_000)
    renew(kept, addresses)
    few = addresses[:1_000]
    renew(kept, few, LEASE_S / 2)
    for minute in range(5):
        kept.tick(LEASE_S + 60.0 * minute)
    assert share(kept, addresses[1_000:]) == 0.0
    assert 0.0 < share(kept, few) < 0.2
    renew(kept, few, LEASE_S + DAY_S)
    assert share(kept, few) == 1.0
