"""A contact of long ago: no longer valid, but where it was, the same vault may still be."""

from __future__ import annotations

import pytest

from node.vault.__main__ import _old_contact
from node.vault.core.identity import Signer, certify, encode_record, make_record

LONG_AGO_S = 1_000_000.0


def record(*addresses: str) -> bytes:
    transport = Signer(bytes(range(32)))
    certificate = certify(Signer(bytes(32)), transport.public_key, serial=1, now_s=LONG_AGO_S)
    return encode_record(make_record(transport, certificate, addresses, LONG_AGO_S))


def test_an_expired_record_still_says_whom_to_dial_and_where():
    found = _old_contact(record("10.0.0.1:4001"))
    assert found is not None
    assert (found.transport_key, found.addresses) == (Signer(bytes(range(32))).public_key, ("10.0.0.1:4001",))
    assert found.vault_id == b""  # who it is shows when it is met


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", bytes(5000), record(), record("224.0.0.1:1"), record("10.0.0.1:0")]
)
def test_what_nobody_could_dial_is_left_out(content: bytes):
    assert _old_contact(content) is None
