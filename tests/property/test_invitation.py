"""Invitations: what was written is read, and whatever else is refused with a sentence."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.supervisor.errors import InvitationError
from node.supervisor.invitation import (
    ADDRESSES_EACH_MAX,
    CHARACTERS_MAX,
    PREFIX,
    VAULTS_MAX,
    _checksum,
    decode_invitation,
    encode_invitation,
)
from node.vault.core.identity import Introduction

NETWORK, OTHER = bytes(range(32)), bytes(32)
ports = st.integers(1, 65_535)
v4 = st.builds("{}.{}.{}.{}:{}".format, st.integers(1, 126), *[st.integers(0, 255)] * 3, ports)
v6 = st.builds("[2001:db8::{:x}]:{}".format, st.integers(1, 0xFFFF), ports)
vaults = st.builds(
    Introduction, st.binary(min_size=32, max_size=32), st.lists(v4 | v6, min_size=1, max_size=3).map(tuple)
)
lists = st.lists(vaults, min_size=1, max_size=VAULTS_MAX)
ONE = Introduction(bytes(32), ("192.168.1.7:4001",))


def code_of(text: str, network: bytes = NETWORK) -> str:
    with pytest.raises(InvitationError) as caught:
        decode_invitation(text, network)
    assert str(caught.value).endswith(".")
    return str(caught.value)


@given(lists)
def test_whoever_is_named_is_read_again(introductions: list[Introduction]):
    text = encode_invitation(NETWORK, introductions)
    assert decode_invitation(text, NETWORK) == tuple(introductions)
    assert len(text) <= CHARACTERS_MAX


@given(lists, st.integers(1, 40))
def test_small_letters_and_line_breaks_do_not_matter(introductions: list[Introduction], width: int):
    text = encode_invitation(NETWORK, introductions).lower()
    broken = "\n".join(text[start : start + width] for start in range(0, len(text), width))
    if len(broken) <= CHARACTERS_MAX:
        assert decode_invitation(f" {broken}\n"[:CHARACTERS_MAX], NETWORK) == tuple(introductions)


@given(lists, st.data())
def test_one_wrong_letter_is_a_typo_and_never_another_network(introductions: list[Introduction], data: st.DataObject):
    text = encode_invitation(NETWORK, introductions)
    place = data.draw(st.integers(len(PREFIX), len(text) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").filter(lambda one: one != text[place]))
    assert "mistyped" in code_of(text[:place] + letter + text[place + 1 :])


@given(st.text(max_size=700))
def test_whatever_is_typed_is_refused_with_a_sentence(text: str):
    code_of(text)


@given(st.binary(max_size=250))
def test_whatever_fits_the_checksum_is_read_or_refused(rest: bytes):
    body = NETWORK[:8] + rest
    text = PREFIX + base64.b32encode(body + _checksum(body)).decode().rstrip("=")
    try:
        found = decode_invitation(text, NETWORK)
    except InvitationError:
        return
    assert 1 <= len(found) <= VAULTS_MAX
    assert all(1 <= len(vault.addresses) <= ADDRESSES_EACH_MAX for vault in found)


def test_each_fault_has_its_own_sentence():
    text = encode_invitation(NETWORK, [ONE])

    assert "another network" in code_of(text, OTHER)
    assert "newer version" in code_of(text.replace("-1-", "-2-"))
    assert "older version" in code_of(text.replace("-1-", "-0-"))
    assert "mistyped" in code_of(text[:-1])
    assert f"starts with {PREFIX}" in code_of("hello")
    assert "too long" in code_of("A" * (CHARACTERS_MAX + 1))


def test_an_invitation_fits_the_small_alphabet_of_a_qr_code_and_two_lines():
    text = encode_invitation(NETWORK, [ONE])
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
    assert len(text) < 100


def test_what_only_this_computer_could_dial_is_left_out():
    vault = Introduction(bytes(32), ("127.0.0.1:1", "[fe80::1]:1", "10.0.0.1:1"))
    assert decode_invitation(encode_invitation(NETWORK, [vault]), NETWORK)[0].addresses == ("10.0.0.1:1",)


def test_of_too_many_addresses_none_of_the_internet_is_left_out_for_a_local_one():
    many = (*(f"192.168.{number}.1:4433" for number in range(5)), "77.1.2.3:4433")
    (named,) = decode_invitation(encode_invitation(NETWORK, [Introduction(bytes(32), many)]), NETWORK)
    assert named.addresses == ("192.168.0.1:4433", "192.168.1.1:4433", "77.1.2.3:4433")


def test_a_practice_vault_has_nothing_but_loopback_and_says_it():
    vault = Introduction(bytes(32), ("127.0.3.1:1",))
    assert decode_invitation(encode_invitation(NETWORK, [vault]), NETWORK) == (vault,)
